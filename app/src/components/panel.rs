//! The panel beside the grid: what happened at a seam, or what differs between two columns, as the
//! server draws it. What is fetched here other parts show too.

use std::time::Duration;

use leptos::{
    html::{Aside, Div},
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys,
};
use model::query::TabQuery;

use crate::{
    api, browser,
    components::grid::{Change, state::GridState},
    text::{escape, visible_message},
};

/// After what time that is asked for again which could not be had because the server is gone.
const AGAIN: Duration = Duration::from_secs(5);

/// What the server draws at an address, in `place`; fetched whenever the address changes or the grid is
/// renewed. Until the new is there, the old stays. `None` fetches nothing.
pub fn fetched(
    path: impl Fn() -> Option<String> + 'static,
    place: NodeRef<Div>,
    state: GridState,
) -> RwSignal<String> {
    let html = RwSignal::new("<p class=\"loading\">Loading…</p>".to_owned());
    let again = RwSignal::new(());
    Effect::new(move |begun: Option<()>| {
        state.doing().renewals.track();
        again.track();
        let Some(path) = path() else { return };
        // Nobody loses what they have written; what their form does renews it.
        let form = place.get_untracked().filter(|_| begun.is_some());
        if form
            .is_some_and(|place| matches!(place.query_selector(".bugs__more[open]"), Ok(Some(_))))
        {
            return;
        }
        leptos::task::spawn_local(async move {
            let told = api::part(path).await.unwrap_or_else(|error| {
                let is_gone = matches!(error.code.as_str(), "unreachable" | "unavailable");
                if is_gone {
                    set_timeout(
                        move || {
                            let _ = again.try_set(());
                        },
                        AGAIN,
                    );
                }
                let message = if is_gone {
                    "This cannot be read now; it appears by itself as soon as it can."
                } else {
                    &error.message
                };
                let mut text = "<p role=\"alert\" class=\"empty\">".to_owned();
                escape(&mut text, &visible_message(message));
                text
            });
            // What is the same keeps the focus that it has.
            if html.try_with_untracked(|html| *html != told) == Some(true) {
                html.try_set(told);
            }
        });
    });
    Effect::new(move |_| {
        html.track();
        state.clock.zone.track();
        if let Some(place) = place.get() {
            browser::write_times(&place);
        }
    });
    html
}

/// What a click does on what was fetched: shows the row that an element names, and the column and the
/// seam that it names beside it; copies what a button names. Answers whether it leads to another place.
pub fn on_fetched_click(event: &web_sys::MouseEvent, state: GridState, change: Change) -> bool {
    let near = |name: &str| {
        let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
        let element = target.closest(&format!("[{name}]")).ok()??;
        let value = element.get_attribute(name)?;
        Some((element, value))
    };
    if let Some((element, row)) = near("data-row") {
        event.prevent_default();
        // The router looks at every click on a link, however far it has come.
        event.stop_propagation();
        let query = state.query.get_untracked();
        let query = match element.get_attribute("data-seam") {
            seam @ Some(_) => TabQuery {
                seam,
                ..query.anywhere()
            },
            None => query,
        };
        let query = TabQuery {
            row: Some(row),
            column: element.get_attribute("data-column"),
            ..query
        };
        change.run((query, false));
        return true;
    }
    if let Some((_, row)) = near("data-about") {
        event.prevent_default();
        event.stop_propagation();
        tell_about(state, change, row);
        return true;
    }
    if near("href").is_some() {
        // What the server draws leads to pages that it draws, too.
        event.stop_propagation();
    }
    if let Some((button, source)) = near("data-copy") {
        browser::copy_from(&button, &source);
    }
    false
}

/// Opens the panel of a row.
pub fn tell_about(state: GridState, change: Change, row: String) {
    state.doing().hover.set(None);
    let query = TabQuery {
        about: Some(row),
        ..state.query.get_untracked().anywhere()
    };
    change.run((query, false));
}

/// The panel. It takes the focus when it opens; Escape closes it. What it shows is fetched anew
/// when the grid is renewed, and until the new is there, the old stays.
#[component]
pub fn Panel(
    /// What the panel shows, for people.
    title: String,
    /// The same for tests and scripts.
    name: &'static str,
    /// Where the server draws it.
    path: String,
    /// What the grid shows.
    state: GridState,
    /// Asks for other options.
    change: Change,
) -> impl IntoView {
    let (panel, place) = (NodeRef::<Aside>::new(), NodeRef::<Div>::new());
    let html = fetched(move || Some(path.clone()), place, state);
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            browser::focus(&panel);
        }
    });
    let close = move || {
        browser::focus_grid();
        change.run((state.query.get_untracked().anywhere(), false));
    };
    view! {
        <aside
            class="panel"
            data-testid=name
            aria-label=title.clone()
            tabindex="-1"
            node_ref=panel
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    close();
                }
            }
            on:click=move |event| {
                on_fetched_click(&event, state, change);
            }
        >
            <header class="panel__head">
                <h2>
                    <bdi>{title.clone()}</bdi>
                </h2>
                <button
                    type="button"
                    class="panel__close"
                    aria-label="Close the panel"
                    data-testid="panel-close"
                    on:click=move |_| close()
                >
                    <span aria-hidden="true">"×"</span>
                </button>
            </header>
            <div node_ref=place inner_html=move || html.get()></div>
        </aside>
    }
}
