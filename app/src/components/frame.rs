//! What stands on every page: navigation above, version and API below.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{browser, paths};

/// A page in its frame.
#[component]
pub fn Frame(
    /// The page.
    children: Children,
) -> impl IntoView {
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to content"
        </a>
        <header class="top">
            <A href=paths::HOME attr:class="top__brand">
                <span class="top__mark" aria-hidden="true"></span>
                "Seamgrid"
            </A>
            <nav class="top__nav" aria-label="Main">
                <A href=paths::HOME exact=true>
                    "Overview"
                </A>
                <A href=paths::DASHBOARDS>"Dashboards"</A>
                <a href=paths::INFRA rel="external">
                    "Infrastructure"
                </a>
                // How much changed is added by `looked.js`, as an attribute: the view has none of it.
                <a href=paths::CHANGES rel="external" data-looked="">
                    "Changes"
                </a>
            </nav>
            <form class="top__search" action=paths::TESTS role="search">
                <input
                    class="field"
                    type="search"
                    name="q"
                    placeholder="Search"
                    aria-label="Search everything"
                    aria-keyshortcuts="/"
                    autocomplete="off"
                />
            </form>
            <button
                type="button"
                class="top__theme"
                title="Switch between light and dark"
                aria-label="Switch between light and dark"
                on:click=|_| browser::toggle_theme()
            >
                <span aria-hidden="true">"◐"</span>
            </button>
        </header>
        <main id="main" class="main" tabindex="-1">
            {children()}
        </main>
        <footer class="bottom">
            <span>"Seamgrid " {env!("CARGO_PKG_VERSION")}</span>
            <a href=paths::STATUS rel="external">
                "Status"
            </a>
            <a href=paths::API_RELEASES rel="external">
                "API"
            </a>
            <span class="bottom__note">"Hover over a time for UTC."</span>
        </footer>
    }
}
