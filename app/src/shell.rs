//! The page around the pages: what stands in `<head>`, and the files that the browser needs.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::{App, components::headline::MARK};

/// The addresses of the files that the browser needs. Without them (a build without a site) the pages
/// are complete but still.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assets {
    /// The bindings.
    pub script: Option<String>,
    /// The program.
    pub wasm: Option<String>,
    /// The style sheet.
    pub style: Option<String>,
}

/// Before the first paint: the theme that the reader chose here.
const THEME: &str = "try{const t=localStorage.getItem('theme');\
    if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch{}";

/// The whole document. `state` names the published state from which it is drawn, or an older one: see
/// [`crate::live`].
pub fn shell(assets: &Assets, state: String) -> impl IntoView + use<> {
    let start = assets.script.as_ref().zip(assets.wasm.as_ref()).map(|(script, wasm)| {
        let code = format!(
            "import init,{{hydrate}} from {script:?};await init({{module_or_path:{wasm:?}}});hydrate();"
        );
        view! {
            <link rel="modulepreload" href=script.clone() />
            <link
                rel="preload"
                href=wasm.clone()
                r#as="fetch"
                r#type="application/wasm"
                crossorigin="anonymous"
            />
            <script type="module" inner_html=code></script>
        }
    });
    let style = assets
        .style
        .clone()
        .map(|style| view! { <link rel="stylesheet" href=style /> });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-state=state>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <script inner_html=THEME></script>
                <link rel="icon" href=MARK />
                {style}
                {start}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
