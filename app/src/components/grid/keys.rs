//! Where keys lead.

use leptos::{html::Div, prelude::*, wasm_bindgen::JsCast, web_sys};
use model::infra::ComponentKind;

use crate::{
    browser,
    components::{
        grid::{
            Change,
            point::names_width,
            pointer::{compare, open_menu, open_seam, set_width},
            state::GridState,
        },
        panel::tell_about,
    },
    grid::{
        cells::link,
        window::{ROW_HEIGHT, next_width, scroll_to},
    },
};

/// What a key does in the grid.
pub(super) fn press(
    event: &web_sys::KeyboardEvent,
    state: GridState,
    change: Change,
    area: NodeRef<Div>,
) {
    let from_handle = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.matches("button").unwrap_or(false));
    if is_browsers(event) {
        return;
    }
    match event.key().as_str() {
        "Escape" => {
            state.doing().hover.set(None);
            state.doing().chosen.set(None);
            state.doing().menu.set(None);
            let query = state.query.get_untracked();
            if query.seam.is_some() || query.pair().is_some() || query.about.is_some() {
                change.run((query.anywhere(), false));
            }
        }
        key @ ("+" | "=" | "-") => {
            let width = next_width(state.cell_width.get_untracked(), key != "-");
            set_width(state, change, width);
        }
        key @ ("ArrowLeft" | "ArrowRight") if from_handle => {
            event.prevent_default();
            step_handle(&area, if key == "ArrowLeft" { -1 } else { 1 });
        }
        _ if from_handle => {}
        key if fold(key, state, change) => event.prevent_default(),
        "m" | "ContextMenu" => {
            let frame = area
                .get_untracked()
                .and_then(|area| area.query_selector(".cursor").ok().flatten());
            let cell = state.cursor.get_untracked();
            let cell = cell.filter(|cell| state.row_at(cell.0).is_some());
            if let (Some(cell), Some(frame)) = (cell, frame) {
                event.prevent_default();
                let (x, y) = browser::point_in(&frame, 0, 0);
                open_menu(state, cell, -x as i32, -y as i32 + ROW_HEIGHT as i32);
            }
        }
        "c" => {
            let pair = state.marked_untracked().or_else(|| {
                let (_, column) = state.cursor.get_untracked()?;
                Some((column, column + 1))
            });
            if let Some(pair) = pair {
                compare(state, change, pair);
            }
        }
        "s" => {
            if let Some((_, column)) = state.cursor.get_untracked() {
                open_seam(state, change, column);
            }
        }
        "Enter" if event.shift_key() => {
            let cell = state.cursor.get_untracked();
            if let Some(row) = cell.and_then(|(position, _)| state.row_id(position)) {
                event.prevent_default();
                tell_about(state, change, row);
            }
        }
        "Enter" => follow(state, event.ctrl_key() || event.meta_key()),
        key => {
            if let Some(cell) = step(key, state) {
                event.prevent_default();
                if event.shift_key() && key.starts_with("Arrow") {
                    let from = state.doing().chosen.get_untracked().map(|(from, _)| from);
                    let from = from.or(state.cursor.get_untracked().map(|(_, at)| at));
                    state
                        .doing()
                        .chosen
                        .set(Some((from.unwrap_or(cell.1), cell.1)));
                }
                state.cursor.set(Some(cell));
                state.doing().spoken.set(true);
                if let Some(area) = area.get_untracked() {
                    reveal(&area, cell, state);
                }
            }
        }
    }
}

/// Whether the browser has a use of its own for the key: it prints, copies, goes back, makes all of the page
/// larger. What is typed with a key for third characters is only a character.
fn is_browsers(event: &web_sys::KeyboardEvent) -> bool {
    let key = event.key();
    let third = event.get_modifier_state("AltGraph");
    let is_named = key.chars().nth(1).is_some();
    let command = event.meta_key() || (event.ctrl_key() && !third) || (event.alt_key() && is_named);
    command && key != "Enter"
}

/// Goes from one handle of a seam to the next: the tab key stops at one alone.
fn step_handle(area: &NodeRef<Div>, by: i32) {
    if let Some(area) = area.get_untracked() {
        browser::step_focus(&area, ".seam", by);
    }
}

/// Opens and closes the group whose head is the current line; answers whether the key did so.
fn fold(key: &str, state: GridState, change: Change) -> bool {
    let Some((position, column)) = state.cursor.get_untracked() else {
        return false;
    };
    let Some(open) = state.is_open(position) else {
        return false;
    };
    let toggles = match key {
        "Enter" | " " => true,
        "ArrowRight" => !open && column == 0,
        "ArrowLeft" => open && column == 0,
        _ => false,
    };
    if toggles {
        state.toggle(position, change);
    }
    toggles
}

/// Where a key leads from the current cell.
pub(super) fn step(key: &str, state: GridState) -> Option<(usize, usize)> {
    let (rows, columns) = state.size.get_untracked();
    let (last_row, last_column) = (rows.checked_sub(1)?, columns.checked_sub(1)?);
    let view = state.view.get_untracked();
    let Some((row, column)) = state.cursor.get_untracked() else {
        // The first in sight.
        let row = (view.top.div_ceil(ROW_HEIGHT) as usize).min(last_row);
        let column = view.left.div_ceil(state.cell_width.get_untracked()) as usize;
        let column = column.min(last_column);
        return match key {
            "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" => Some((row, column)),
            "]" | "}" => Some((row, seam_beside(state, key, |at| at >= column, usize::min)?)),
            "n" => Some((failing_beside(state, row..rows)?, column)),
            _ => None,
        };
    };
    let page = (view.height / ROW_HEIGHT).max(2) as usize - 1;
    Some(match key {
        "ArrowUp" => (row.saturating_sub(1), column),
        "ArrowDown" => ((row + 1).min(last_row), column),
        // From the first cell to the head of the group.
        "ArrowLeft" if column == 0 => (state.lines.get_untracked().parent(row)?, column),
        "ArrowLeft" => (row, column - 1),
        "ArrowRight" => (row, (column + 1).min(last_column)),
        "PageUp" => (row.saturating_sub(page), column),
        "PageDown" => ((row + page).min(last_row), column),
        "Home" => (row, 0),
        "End" => (row, last_column),
        "[" | "{" => (row, seam_beside(state, key, |at| at < column, usize::max)?),
        "]" | "}" => (row, seam_beside(state, key, |at| at > column, usize::min)?),
        "n" => (failing_beside(state, row + 1..rows)?, column),
        "p" => (failing_beside(state, (0..row).rev())?, column),
        _ => return None,
    })
}

/// The column of the seam that `nearest` chooses of those for which `beside` holds. Braces want one of the
/// infrastructure: the product may change with every build.
fn seam_beside(
    state: GridState,
    key: &str,
    beside: impl Fn(usize) -> bool,
    nearest: fn(usize, usize) -> usize,
) -> Option<usize> {
    let any = matches!(key, "[" | "]");
    let grid = state.grid.get_untracked();
    let seams = grid.transitions.iter();
    let seams = seams.filter(|seam| any || seam.kind == ComponentKind::Infra);
    let columns = seams.map(|seam| seam.column as usize);
    columns.filter(|&column| beside(column)).reduce(nearest)
}

/// The first of these positions whose row has an alert, or whose group, which is closed, has such a row.
fn failing_beside(state: GridState, mut positions: impl Iterator<Item = usize>) -> Option<usize> {
    let (grid, lines) = (state.grid.get_untracked(), state.lines.get_untracked());
    positions.find(|&position| match lines.head_at(position) {
        Some(head) => !head.open && head.failing(&grid) > 0,
        None => lines
            .row_at(&grid, position)
            .is_some_and(|row| row.alert.is_some()),
    })
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
    // The head of its group may lie over the first line.
    let over = i32::from(state.lines.get_untracked().grouped) * ROW_HEIGHT as i32;
    let width = state.cell_width.get_untracked() as i32;
    let (left, top) = (column as i32 * width, row as i32 * ROW_HEIGHT as i32);
    // The edge at which a seam would be is in sight, too.
    let room_x = area.client_width() - names - 2 * width;
    let room_y = area.client_height() - header - over - ROW_HEIGHT as i32;
    area.set_scroll_left(scroll_to(area.scroll_left(), left, room_x, width));
    area.set_scroll_top(scroll_to(
        area.scroll_top(),
        top - over,
        room_y,
        ROW_HEIGHT as i32,
    ));
    // The area itself may reach below the window.
    let (_, above) = browser::point_in(area, 0, 0);
    let below = header + top - area.scroll_top() + 2 * ROW_HEIGHT as i32;
    if f64::from(below) - above > browser::window_height() {
        area.scroll_into_view_with_bool(false);
    }
}

/// Opens the current cell's build, here or in a tab of its own.
pub(super) fn follow(state: GridState, aside: bool) {
    let (grid, lines) = (state.grid.get_untracked(), state.lines.get_untracked());
    let target = state.cursor.get_untracked().and_then(|(position, column)| {
        let row = lines.row_at(&grid, position)?;
        link(row, &grid.columns, column).map(str::to_owned)
    });
    if let Some(target) = target {
        browser::open(&target, aside);
    }
}
