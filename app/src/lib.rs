//! The pages of Seamgrid: drawn on the server, hydrated in the browser.
//!
//! | where | what |
//! |---|---|
//! | [`api`] | how pages reach data |
//! | [`paths`] | every URL of ours |
//! | [`content`] | what a page is about, and what it is drawn from |
//! | [`grid`] | what the grid draws, worked out without a browser |
//! | [`components`] | the parts of pages |
//! | [`pages`] | one file per page |
//! | [`server_pages`] | the pages that the server draws alone |
//! | [`live`] | changes as they happen |
//! | [`browser`] | what only a browser can do |

// The types of views grow with the page.
#![recursion_limit = "512"]

pub mod api;
pub mod browser;
pub mod components;
pub mod content;
pub mod grid;
pub mod live;
pub mod pages;
pub mod paths;
#[cfg(feature = "ssr")]
pub mod server_pages;
pub mod shell;
pub mod text;
pub mod time;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::{
    components::{clock::Clock, frame::Frame},
    pages::{Page, not_found::NotFound},
};

/// All pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Clock::start());
    #[cfg(feature = "ssr")]
    provide_context(components::headline::IconShown::default());
    Effect::new(|_| live::start());
    view! {
        <Title formatter=document_title />
        <Router>
            <Frame>
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=Page ssr=SsrMode::Async />
                    <Route path=path!("/dashboards") view=Page ssr=SsrMode::Async />
                    <Route path=path!("/d/:dashboard") view=Page ssr=SsrMode::Async />
                    <Route path=path!("/d/:dashboard/:tab") view=Page ssr=SsrMode::Async />
                    <Route path=path!("/g/:group") view=Page ssr=SsrMode::Async />
                    <Route path=path!("/:dashboard") view=Page ssr=SsrMode::Async />
                </Routes>
            </Frame>
        </Router>
    }
}

/// The title of the document. On the server it becomes HTML, into which leptos_meta puts it as it
/// stands; in the browser it stays text.
fn document_title(title: String) -> String {
    let title = if title.is_empty() {
        "Seamgrid".to_owned()
    } else {
        format!("{title} · Seamgrid")
    };
    if cfg!(feature = "ssr") {
        let mut html = String::with_capacity(title.len());
        text::escape(&mut html, &title);
        html
    } else {
        title
    }
}

/// Takes over the page that the server drew.
#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // A page that stops says why on the console.
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    leptos::mount::hydrate_body(App);
}
