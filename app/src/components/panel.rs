//! The panel beside the grid, and the parts of pages that the server draws into it.

use leptos::{
    html::{Aside, Div},
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys,
};

use crate::{api, browser, components::clock::use_clock, text::visible_message};

/// A panel beside the grid. It takes the focus when it opens; Escape closes it.
#[component]
pub fn Panel(
    /// Its title.
    title: String,
    /// Its name for tests and scripts.
    name: &'static str,
    /// Closes it.
    close: Callback<()>,
    /// What it says.
    children: Children,
) -> impl IntoView {
    let label = title.clone();
    let panel = NodeRef::<Aside>::new();
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            browser::focus(&panel);
        }
    });
    view! {
        <aside
            class="panel"
            data-testid=name
            aria-label=label
            tabindex="-1"
            node_ref=panel
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    close.run(());
                }
            }
        >
            <header class="panel__head">
                <h2>
                    <bdi>{title}</bdi>
                </h2>
                <button
                    type="button"
                    class="panel__close"
                    aria-label="Close the panel"
                    data-testid=format!("{}-close", name.trim_end_matches("-panel"))
                    on:click=move |_| close.run(())
                >
                    <span aria-hidden="true">"×"</span>
                </button>
            </header>
            {children()}
        </aside>
    }
}

/// What the server draws at an address, fetched whenever that changes. Until the new is there, the old
/// stays.
#[component]
pub fn Part(
    /// The address.
    #[prop(into)]
    path: Signal<String>,
    /// Told with every element that is clicked, or lies around it; whether it did something with it.
    on_click: Callback<web_sys::Element, bool>,
) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let html = RwSignal::new(Ok("<p class=\"loading\">Loading…</p>".to_owned()));
    let clock = use_clock();
    Effect::new(move |_| {
        let path = path.get();
        leptos::task::spawn_local(async move {
            html.try_set(api::part(path).await);
        });
    });
    Effect::new(move |_| {
        html.track();
        let zone = clock.zone.get();
        if let Some(place) = place.get() {
            browser::write_times(&place, |ms| zone.text(ms));
        }
    });
    view! {
        <div
            node_ref=place
            on:click=move |event| {
                let element = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
                if element.is_some_and(|element| on_click.run(element)) {
                    event.prevent_default();
                }
            }
            inner_html=move || {
                html.get()
                    .unwrap_or_else(|error| {
                        let mut text = "<p role=\"alert\" class=\"empty\">".to_owned();
                        crate::text::escape(&mut text, &visible_message(&error.message));
                        text + "</p>"
                    })
            }
        ></div>
    }
}
