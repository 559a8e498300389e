//! Where keys lead.

use leptos::{prelude::*, web_sys};

use crate::{
    browser,
    components::grid::{point::names_width, state::GridState},
    grid::{cells::link, window::ROW_HEIGHT},
};

/// Where a key leads from the current cell.
pub(super) fn step(key: &str, state: GridState) -> Option<(usize, usize)> {
    let (rows, columns) = state.size.get_untracked();
    let (last_row, last_column) = (rows.checked_sub(1)?, columns.checked_sub(1)?);
    let Some((row, column)) = state.cursor.get_untracked() else {
        return match key {
            "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" => Some((0, 0)),
            "]" => Some((0, seam_beside(state, |_| true, usize::min)?)),
            "n" => Some((failing_beside(state, 0..rows)?, 0)),
            _ => None,
        };
    };
    let page = (state.view.get_untracked().height / ROW_HEIGHT).max(2) as usize - 1;
    Some(match key {
        "ArrowUp" => (row.saturating_sub(1), column),
        "ArrowDown" => ((row + 1).min(last_row), column),
        "ArrowLeft" => (row, column.saturating_sub(1)),
        "ArrowRight" => (row, (column + 1).min(last_column)),
        "PageUp" => (row.saturating_sub(page), column),
        "PageDown" => ((row + page).min(last_row), column),
        "Home" => (row, 0),
        "End" => (row, last_column),
        "[" => (row, seam_beside(state, |at| at < column, usize::max)?),
        "]" => (row, seam_beside(state, |at| at > column, usize::min)?),
        "n" => (failing_beside(state, row + 1..rows)?, column),
        "p" => (failing_beside(state, (0..row).rev())?, column),
        _ => return None,
    })
}

/// The column of the seam that `nearest` chooses of those for which `beside` holds.
fn seam_beside(
    state: GridState,
    beside: impl Fn(usize) -> bool,
    nearest: fn(usize, usize) -> usize,
) -> Option<usize> {
    state.grid.with_untracked(|grid| {
        let columns = grid.transitions.iter().map(|seam| seam.column as usize);
        columns.filter(|&column| beside(column)).reduce(nearest)
    })
}

/// The first of these positions whose row has an alert.
fn failing_beside(state: GridState, mut positions: impl Iterator<Item = usize>) -> Option<usize> {
    state.grid.with_untracked(|grid| {
        positions.find(|&position| {
            let row = state.row_at(position).and_then(|row| grid.rows.get(row));
            row.is_some_and(|row| row.alert.is_some())
        })
    })
}

/// Opens the page of the current cell's row.
pub(super) fn open_row(state: GridState) {
    let path = state
        .cursor
        .get_untracked()
        .and_then(|(position, _)| state.row_path(state.row_at(position)?));
    if let Some(path) = path {
        browser::open(&path, false);
    }
}

/// Scrolls so that a cell is in sight, beside the names and below the header.
pub(super) fn reveal(
    area: &web_sys::HtmlDivElement,
    (row, column): (usize, usize),
    state: GridState,
) {
    let measure = |selector: &str| area.query_selector(selector).ok().flatten();
    let names = names_width(area);
    let header = measure(".head").map_or(0, |header| header.client_height());
    let width = state.cell_width.get_untracked() as i32;
    let (left, top) = (column as i32 * width, row as i32 * ROW_HEIGHT as i32);
    let room_x = area.client_width() - names - width;
    let room_y = area.client_height() - header - ROW_HEIGHT as i32;
    let between = |at: i32, low: i32, high: i32| at.max(low.min(high)).min(high);
    area.set_scroll_left(between(area.scroll_left(), left - room_x, left));
    area.set_scroll_top(between(area.scroll_top(), top - room_y, top));
}

/// Opens the current cell's build, here or in a tab of its own.
pub(super) fn follow(state: GridState, aside: bool) {
    let target = state.cursor.get_untracked().and_then(|(position, column)| {
        let row = state.row_at(position)?;
        state.grid.with_untracked(|grid| {
            link(grid.rows.get(row)?, &grid.columns, column).map(str::to_owned)
        })
    });
    if let Some(target) = target {
        browser::open(&target, aside);
    }
}
