//! What differs between two columns, beside the grid.

use leptos::prelude::*;
use model::query::TabQuery;

use crate::{
    components::{
        grid::{Change, state::GridState},
        panel::{Panel, Part},
    },
    paths,
};

/// What differs between two builds of the tab.
#[component]
pub fn PairPanel(
    /// The builds, older first.
    pair: (String, String),
    /// What is shown.
    state: GridState,
    /// Asks for other options.
    change: Change,
    /// The dashboard's name.
    dashboard: String,
    /// The tab's name.
    tab: String,
) -> impl IntoView {
    let close = Callback::new(move |()| {
        let query = state.query.get_untracked();
        change.run((
            TabQuery {
                older: None,
                newer: None,
                ..query
            },
            false,
        ));
    });
    let path = Signal::derive(move || {
        // A build that still runs says more with every renewal.
        state.renewals.track();
        let (older, newer) = &pair;
        paths::compare_builds_part(&dashboard, &tab, older, newer)
    });
    let show_row = Callback::new(move |element: leptos::web_sys::Element| {
        let row = element
            .closest("[data-row]")
            .ok()
            .flatten()
            .and_then(|row| row.get_attribute("data-row"));
        let found = row.is_some();
        if found {
            let query = state.query.get_untracked();
            change.run((TabQuery { row, ..query }, false));
        }
        found
    });
    view! {
        <Panel title="Two builds".to_owned() name="pair-panel" close>
            <Part path on_click=show_row />
        </Panel>
    }
}
