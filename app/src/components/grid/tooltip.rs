//! What is pointed at, in words.

use leptos::prelude::*;

use crate::{
    browser,
    components::grid::state::{GridState, Hover},
    grid::{
        card::card_html,
        cells::link,
        hover::{Target, tell, tell_cell},
    },
};

/// What is pointed at, in words.
#[component]
pub fn Tooltip(
    /// What is shown.
    state: GridState,
) -> impl IntoView {
    move || {
        let Hover { target, x, y } = state.doing().hover.get()?;
        let (zone, now) = (state.clock.zone.get(), state.clock.now.get());
        let grid = state.grid.get();
        let html = match target {
            Target::Cell { position, column } => {
                let lines = state.lines.get();
                let members = lines.head_at(position).map(|head| head.rows.len());
                let row = lines.row_at(&grid, position)?;
                let told = tell_cell(&grid, row, members, column, zone, now)?;
                // What a group took nobody asks.
                let took = members.is_none().then(|| state.doing().took.get());
                let leads = link(row, &grid.columns, column).is_some();
                let hint = if leads { "Click to open the build" } else { "" };
                card_html(&told, took.as_deref(), hint)
            }
            Target::Seam { .. } => {
                let told = tell(&grid, &target, zone, now)?;
                card_html(&told, None, "Click for what broke and what was fixed here")
            }
            Target::Header { .. } => card_html(&tell(&grid, &target, zone, now)?, None, ""),
        };
        // Below the pointer, or above it in the lower part of the window.
        let place = if f64::from(y) > browser::window_height() * 0.6 {
            format!("bottom:calc(100vh - {}px)", y - 12)
        } else {
            format!("top:{}px", y + 18)
        };
        Some(view! {
            <div
                class="tooltip"
                data-testid="cell-tooltip"
                role="tooltip"
                style=format!("left:min({}px, calc(100vw - 26rem));{place}", x + 14)
                inner_html=html
            ></div>
        })
    }
}
