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

/// In which zone times are written, and a choice of it in the footer.
const ZONE: &str = include_str!("zone.js");

/// What changes, for what listens without the program.
const EVENTS: &str = include_str!("events.js");

/// A tab as a list, and in its grid's place where a screen is too narrow for that.
const LIST: &str = include_str!("list.js");

/// Issues that people link to rows.
const BUGS: &str = include_str!("bugs.js");

/// What is said while the server or its database is gone.
const OUTAGE: &str = include_str!("outage.js");

/// `/` goes to what the page filters by, or else to the search; `?` opens the legend.
const KEYS: &str = "addEventListener('keydown',e=>{\
    if(e.ctrlKey||e.metaKey||e.altKey||e.target.closest('input,textarea,select'))return;\
    const q=s=>document.querySelector(s),f=q('main [type=search]')||q('[type=search]'),l=q('.legend');\
    if(e.key==='/'&&f){e.preventDefault();f.focus()}\
    if(e.key==='?'&&l){l.open=true;l.scrollIntoView()}})";

/// Whoever comes back to a tab finds its grid as far scrolled as it was left.
const SCROLL: &str = "{const g=()=>document.querySelector('.grid'),k='grid '+location.pathname;\
    addEventListener('pagehide',()=>{const e=g();if(e)try{sessionStorage[k]=e.scrollLeft+' '+e.scrollTop}catch{}});\
    addEventListener('DOMContentLoaded',()=>{const e=g(),n=performance.getEntriesByType('navigation')[0];\
    if(e&&n&&n.type!=='navigate')try{const[l,t]=(sessionStorage[k]||'0 0').split(' ');e.scrollTo(+l,+t)}catch{}})}";

/// What is printed says where it is from and when.
const PRINTED: &str = "addEventListener('beforeprint',()=>{const t=document.querySelector('.top');\
    if(t)t.dataset.printed=location.href+' · '+zoneText(Date.now())})";

/// How much changed since the reader last looked.
const LOOKED: &str = include_str!("looked.js");

/// What stands in every `<head>`.
pub(crate) fn head(assets: &Assets) -> impl IntoView + use<> {
    let style = assets
        .style
        .clone()
        .map(|style| view! { <link rel="stylesheet" href=style /> });
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <script inner_html=THEME></script>
        <script inner_html=KEYS></script>
        <script inner_html=SCROLL></script>
        <script inner_html=ZONE></script>
        <script inner_html=PRINTED></script>
        <script inner_html=EVENTS></script>
        <script inner_html=LIST></script>
        <script inner_html=BUGS></script>
        <script inner_html=OUTAGE></script>
        <script type="module" inner_html=LOOKED></script>
        <link rel="icon" href=MARK />
        {style}
    }
}

/// The whole document. `state` names the published state from which it is drawn, or an older one: see
/// [`crate::live`]. `outage` is said on top of the page; it stands behind all else, where the browser's
/// program does not look for it.
pub fn shell(assets: &Assets, state: String, outage: Option<String>) -> impl IntoView + use<> {
    let outage = outage.map(|said| {
        view! {
            <p class="outage" role="alert" data-testid="outage">
                {said}
            </p>
        }
    });
    // What the server drew is painted first, and comes to life then.
    let start = assets.script.as_ref().zip(assets.wasm.as_ref()).map(|(script, wasm)| {
        let code = format!(
            "import init,{{hydrate}} from {script:?};const ready=init({{module_or_path:{wasm:?}}});\
             if(!document.hidden)await new Promise(r=>requestAnimationFrame(()=>setTimeout(r)));\
             await ready;hydrate();"
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
    view! {
        <!DOCTYPE html>
        <html lang="en" data-state=state>
            <head>
                {head(assets)} {start}
                <MetaTags />
            </head>
            <body>
                <App />
                {outage}
            </body>
        </html>
    }
}
