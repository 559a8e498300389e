//! The frame around the current cell.

use leptos::prelude::*;

use crate::{
    components::grid::state::GridState,
    grid::{cells::link, window::ROW_HEIGHT},
    text::visible,
};

/// The frame around the current cell, an element of its own that carries what the cell is. Pointers go
/// through it.
#[component]
pub fn Cursor(
    /// What is shown.
    state: GridState,
) -> impl IntoView {
    move || {
        let (position, column) = state.cursor.get()?;
        let (grid, lines) = (state.grid.get(), state.lines.get());
        let (row, at) = (lines.row_at(&grid, position)?, grid.columns.get(column)?);
        let status = row.statuses.get(column).unwrap_or_default();
        Some(view! {
            <div
                class="cursor"
                data-testid="current-cell"
                data-status=status.name()
                data-build=at.build.clone()
                data-row-name=visible(&row.name)
                data-href=link(row, &grid.columns, column).map(str::to_owned)
                aria-hidden="true"
                style=format!(
                    "--column:{column};top:{}px",
                    position * ROW_HEIGHT as usize,
                )
            ></div>
        })
    }
}
