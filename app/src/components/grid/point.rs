//! What a pointer points at.

use leptos::{prelude::*, wasm_bindgen::JsCast, web_sys};
use model::status::Status;

use crate::{
    browser,
    components::grid::state::GridState,
    grid::{header::facts, hover::Target, window::ROW_HEIGHT},
};

/// The element at or above an event's target that matches.
pub(super) fn closest(event: &web_sys::MouseEvent, selector: &str) -> Option<web_sys::Element> {
    event
        .target()?
        .dyn_into::<web_sys::Element>()
        .ok()?
        .closest(selector)
        .ok()?
}

pub(super) fn number(element: &web_sys::Element, attribute: &str) -> Option<usize> {
    element.get_attribute(attribute)?.parse().ok()
}

/// What an event points at.
pub(super) fn pointed(
    event: &web_sys::MouseEvent,
    state: GridState,
    body: Option<web_sys::HtmlDivElement>,
) -> Option<Target> {
    if let Some(handle) = closest(event, ".seam") {
        return Some(Target::Seam {
            column: number(&handle, "data-column")?,
            component: handle.get_attribute("data-component"),
        });
    }
    if let Some(line) = closest(event, ".seam-line") {
        return Some(Target::Seam {
            column: number(&line, "data-column")?,
            component: None,
        });
    }
    if let Some(group) = closest(event, ".group") {
        let index = number(&closest(event, ".head__row")?, "data-fact")?;
        let fact = facts(&state.grid.get_untracked()).into_iter().nth(index)?;
        return Some(Target::Header {
            fact,
            column: number(&group, "data-column")?,
        });
    }
    if closest(event, ".row__name").is_some() {
        return None;
    }
    closest(event, ".grid__body")?;
    let (position, column) = cell_under(event, state, &body?)?;
    Some(Target::Cell { position, column })
}

/// The cell under a pointer: position and column. Only cells that say something count.
pub(super) fn cell_under(
    event: &web_sys::MouseEvent,
    state: GridState,
    body: &web_sys::HtmlDivElement,
) -> Option<(usize, usize)> {
    let names = body.query_selector(".row__name").ok()??.client_width();
    let (x, y) = browser::point_in(body, event.client_x(), event.client_y());
    let x = x - f64::from(names);
    if x < 0.0 || y < 0.0 {
        return None;
    }
    let column = (x / f64::from(state.cell_width.get_untracked())) as usize;
    let position = (y / f64::from(ROW_HEIGHT)) as usize;
    let (grid, lines) = (state.grid.get_untracked(), state.lines.get_untracked());
    let status = lines.row_at(&grid, position)?.statuses.get(column)?;
    (status != Status::NoResult).then_some((position, column))
}

/// The column that lies under or above a pointer; `None` beside the grid and over the names.
pub(super) fn column_under(
    event: &web_sys::MouseEvent,
    state: GridState,
    area: &web_sys::HtmlDivElement,
) -> Option<usize> {
    let (x, _) = browser::point_in(area, event.client_x(), event.client_y());
    let x = x as i32 - names_width(area);
    let column =
        (x >= 0).then(|| x + area.scroll_left())? / state.cell_width.get_untracked() as i32;
    let column = usize::try_from(column).ok()?;
    (column < state.size.get_untracked().1).then_some(column)
}

/// How wide the names are that stay at the left.
pub(super) fn names_width(area: &web_sys::HtmlDivElement) -> i32 {
    let label = area.query_selector(".head__label").ok().flatten();
    label.map_or(0, |label| label.client_width())
}
