//! Words over the cells: what is being chosen, what has come, why there is nothing to see.

use leptos::{html::Div, prelude::*};

use crate::{
    components::grid::state::GridState,
    text::{count, visible},
};

/// What is being chosen.
#[component]
pub fn Note(
    /// What is shown.
    state: GridState,
    /// What scrolls.
    area: NodeRef<Div>,
) -> impl IntoView {
    let text = move || {
        let Some((from, to)) = state.doing().chosen.get() else {
            return state.astray();
        };
        let build = |column: usize| {
            let grid = state.grid.get();
            let build = grid.columns.get(column);
            build.map(|at| visible(&at.build)).unwrap_or_default()
        };
        Some(if from == to {
            format!(
                "Build {}: Shift+click another to compare the two",
                build(from)
            )
        } else {
            format!("Builds {} and {}: c compares", build(from), build(to))
        })
    };
    let newest = move |_| {
        if let Some(area) = area.get_untracked() {
            area.set_scroll_left(0);
        }
    };
    let unseen = move || {
        let unseen = state.doing().unseen.get();
        (unseen > 0).then(|| {
            view! {
                <button
                    type="button"
                    class="grid__newest"
                    data-testid="newest"
                    on:click=newest
                >
                    {count(unseen, "new build", "new builds")}
                    ": show"
                </button>
            }
        })
    };
    view! {
        <p class="grid__note" role="status" data-testid="grid-note">
            {text}
            {unseen}
        </p>
    }
}

/// Why there is nothing to see.
#[component]
pub fn Empty(
    /// What is shown.
    state: GridState,
) -> impl IntoView {
    let text = move || {
        let order = state.order.get();
        let grid = state.grid.get();
        let (rows, columns) = (grid.rows.len(), grid.columns.len());
        if !order.rows.is_empty() {
            None
        } else if columns == 0 {
            Some("No build has been read yet.")
        } else if rows == 0 {
            Some("No build has a result yet.")
        } else if !state.whole.get() || !state.clock.is_running() {
            Some("Loading rows…")
        } else if order.stale > 0 {
            Some("No row that matches has a recent result. Show stale rows to see the others.")
        } else {
            Some("No row matches the filter.")
        }
    };
    move || text().map(|text| view! { <p class="empty grid__empty">{text}</p> })
}
