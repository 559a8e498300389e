//! The grid. Row names and header stay in sight; of rows and columns only those in sight are drawn;
//! cells and header groups are drawn as text by [`crate::grid`].

pub mod head;
pub mod state;
pub mod tooltip;

use leptos::{html::Div, prelude::*, wasm_bindgen::JsCast, web_sys};
use model::query::TabQuery;

use crate::{
    browser,
    components::grid::{
        head::Head,
        state::{GridState, Hover},
        tooltip::Tooltip,
    },
    grid::{
        cells::{link, row_html},
        hover::{Target, cell_sentence, row_sentence},
        seams::seams,
        window::{ROW_HEIGHT, Viewport},
    },
    text::visible,
};

/// How a part of the grid asks for other options: the new ones, and whether they take the place of
/// the old in the history.
pub type Change = Callback<(TabQuery, bool)>;

/// The grid.
#[component]
pub fn GridView(
    /// What is shown.
    state: GridState,
    /// Asks for other options.
    change: Change,
) -> impl IntoView {
    let area = NodeRef::<Div>::new();
    let body = NodeRef::<Div>::new();
    let measure = move || {
        if let Some(area) = area.get_untracked() {
            let view = Viewport {
                top: area.scroll_top().max(0) as u32,
                left: area.scroll_left().max(0) as u32,
                height: area.client_height().max(0) as u32,
                width: area.client_width().max(0) as u32,
            };
            if state.view.get_untracked() != view {
                state.view.set(view);
            }
        }
    };
    Effect::new(move |_| {
        // Opening a panel changes the size, too, and a page that is navigated to has none at first.
        if let Some(area) = area.get() {
            browser::watch_size(&area, measure);
        }
    });
    // Whoever looks at older columns goes on looking at them; at the left edge the newest are shown.
    Effect::new(move |_| {
        let (_, moved) = state.renewals.get();
        if let Some(area) = area.get_untracked()
            && area.scroll_left() > 0
        {
            let by = moved as i32 * state.cell_width.get_untracked() as i32;
            area.set_scroll_left(area.scroll_left() + by);
        }
    });
    // One measurement a frame, however many events come.
    let waiting = StoredValue::new(false);
    let on_scroll = move |_| {
        if !waiting.get_value() {
            waiting.set_value(true);
            request_animation_frame(move || {
                waiting.set_value(false);
                measure();
            });
        }
    };

    let open_seam = move |column: usize| {
        if let Some(build) = state
            .grid
            .with_untracked(|grid| grid.columns.get(column).map(|column| column.build.clone()))
        {
            let query = state.query.get_untracked();
            let seam = (query.seam.as_deref() != Some(build.as_str())).then_some(build);
            state.hover.set(None);
            change.run((TabQuery { seam, ..query }, false));
        }
    };
    provide_context(OpenSeam(Callback::new(open_seam)));

    let point = move |event: &web_sys::MouseEvent| {
        let target = pointed(event, state, body.get_untracked());
        if let Some(Target::Cell { .. }) = &target {
            let at = body
                .get_untracked()
                .and_then(|body| cell_under(event, state, &body));
            state.cursor.set(at);
        }
        state.hover.set(target.map(|target| Hover {
            target,
            x: event.client_x(),
            y: event.client_y(),
        }));
    };
    let on_click = move |event: web_sys::MouseEvent| {
        if let Some(line) = closest(&event, ".seam-line") {
            if let Some(column) = number(&line, "data-column") {
                open_seam(column);
            }
        } else if closest(&event, "span.cell").is_some() {
            // A run of equal cells is no link: which build is meant depends on the place.
            follow(
                state,
                event.ctrl_key() || event.meta_key() || event.shift_key(),
            );
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let from_handle = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|element| element.matches("button").unwrap_or(false));
        match event.key().as_str() {
            "Escape" => {
                state.hover.set(None);
                let query = state.query.get_untracked();
                if query.seam.is_some() {
                    change.run((
                        TabQuery {
                            seam: None,
                            ..query
                        },
                        false,
                    ));
                }
            }
            "Enter" if !from_handle && event.shift_key() => open_row(state),
            "Enter" if !from_handle => follow(state, event.ctrl_key() || event.meta_key()),
            key if !from_handle => {
                if let Some(cell) = step(key, state) {
                    event.prevent_default();
                    state.cursor.set(Some(cell));
                    if let Some(area) = area.get_untracked() {
                        reveal(&area, cell, state);
                    }
                }
            }
            _ => {}
        }
    };

    let shown = move || {
        let order = state.order.get();
        state
            .rows
            .get()
            .filter_map(|position| Some((position, *order.rows.get(position)? as usize)))
            // A renewed grid may have other rows in the same places.
            .map(|(position, row)| (position, row, state.renewals.get().0))
            .collect::<Vec<_>>()
    };
    let lines = move || state.grid.with(|grid| seams(grid, &state.columns.get()));
    view! {
        <div
            class="grid"
            data-testid="grid"
            data-whole=move || if state.whole.get() { "true" } else { "false" }
            data-narrow=move || (state.cell_width.get() < 16).then_some("")
            role="group"
            aria-label="Results: one row per test, one column per build, newest build first"
            tabindex="0"
            node_ref=area
            style=move || {
                let (rows, columns) = state.size.get();
                format!(
                    "--cell-width:{}px;--columns:{columns};--rows:{rows}",
                    state.cell_width.get(),
                )
            }
            on:scroll=on_scroll
            on:pointermove=move |event| point(&event)
            on:pointerleave=move |_| state.hover.set(None)
            on:click=on_click
            on:keydown=on_key
        >
            <div class="grid__canvas">
                <Head state />
                <div class="grid__body" node_ref=body>
                    <For each=shown key=|shown| *shown let((position, row, _))>
                        <RowView state position row />
                    </For>
                    <Cursor state />
                    <div class="grid__lines" aria-hidden="true">
                        <For
                            each=lines
                            key=|seam| (seam.column, seam.kind, seam.certain, seam.build.clone())
                            let(seam)
                        >
                            <div
                                class="seam-line"
                                data-testid="seam-line"
                                data-kind=seam.kind.word()
                                data-certain=if seam.certain { "true" } else { "false" }
                                data-column=seam.column
                                data-build=seam.build.clone()
                                data-open=move || {
                                    state
                                        .query
                                        .with(|query| {
                                            query.seam.as_deref() == Some(seam.build.as_str())
                                        })
                                        .then_some("")
                                }
                                style=format!("--edge:{}", seam.column + 1)
                            ></div>
                        </For>
                    </div>
                </div>
            </div>
            <Empty state />
        </div>
        <Tooltip state />
        <p class="unseen" aria-live="polite">
            {move || {
                let (position, column) = state.cursor.get()?;
                let row = state.row_at(position)?;
                Some(state.grid.with(|grid| cell_sentence(grid, row, column)))
            }}
        </p>
    }
}

/// How a handle in the header opens its seam.
#[derive(Clone, Copy)]
pub struct OpenSeam(Callback<usize>);

#[component]
fn RowView(state: GridState, position: usize, row: usize) -> impl IntoView {
    let (name, alert) = state.grid.with_untracked(|grid| {
        grid.rows
            .get(row)
            .map(|row| (row.name.clone(), row.alert.clone()))
            .unwrap_or_default()
    });
    let full = visible(&name);
    let short = move || {
        state
            .shared
            .with(|shared| match name.strip_prefix(shared.as_str()) {
                Some(rest) if !shared.is_empty() => format!("…{}", visible(rest)),
                _ => visible(&name),
            })
    };
    let marker = alert.map(|alert| {
        let text = format!(
            "failed {} times since build {}",
            alert.fail_count,
            visible(&alert.first_fail_build)
        );
        view! {
            <span class="row__alert" title=text>
                <span aria-hidden="true">"✗"</span>
                {alert.fail_count}
            </span>
        }
    });
    view! {
        <div
            class="row"
            data-row=position
            style=format!("top:{}px", position * ROW_HEIGHT as usize)
        >
            <div class="row__name" title=full>
                {marker}
                <a class="row__link" href=state.row_path(row) rel="external" tabindex="-1">
                    <bdi>{short}</bdi>
                </a>
                <span class="unseen">
                    {move || state.grid.with(|grid| row_sentence(grid, row))}
                </span>
            </div>
            <div
                class="row__cells"
                inner_html=move || {
                    let (window, width) = (state.columns.get(), state.cell_width.get());
                    state
                        .grid
                        .with(|grid| {
                            grid.rows
                                .get(row)
                                .map(|row| row_html(row, &grid.columns, window, width))
                                .unwrap_or_default()
                        })
                }
            ></div>
        </div>
    }
}

/// The frame around the current cell, an element of its own that carries what the cell is. Pointers go
/// through it.
#[component]
fn Cursor(state: GridState) -> impl IntoView {
    move || {
        let (position, column) = state.cursor.get()?;
        let row = state.row_at(position)?;
        state.grid.with(|grid| {
            let (row, at) = (grid.rows.get(row)?, grid.columns.get(column)?);
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
        })
    }
}

/// Why there is nothing to see.
#[component]
fn Empty(state: GridState) -> impl IntoView {
    let text = move || {
        let order = state.order.get();
        let (rows, columns) = state
            .grid
            .with(|grid| (grid.rows.len(), grid.columns.len()));
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

/// The element at or above an event's target that matches.
fn closest(event: &web_sys::MouseEvent, selector: &str) -> Option<web_sys::Element> {
    event
        .target()?
        .dyn_into::<web_sys::Element>()
        .ok()?
        .closest(selector)
        .ok()?
}

fn number(element: &web_sys::Element, attribute: &str) -> Option<usize> {
    element.get_attribute(attribute)?.parse().ok()
}

/// What an event points at.
fn pointed(
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
        let fact = state
            .grid
            .with_untracked(|grid| crate::grid::header::facts(grid).into_iter().nth(index))?;
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
    Some(Target::Cell {
        row: state.row_at(position)?,
        column,
    })
}

/// The cell under a pointer: position and column. Only cells that say something count.
fn cell_under(
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
    let row = state.row_at(position)?;
    let filled = state.grid.with_untracked(|grid| {
        grid.rows
            .get(row)
            .and_then(|row| row.statuses.get(column))
            .is_some_and(|status| status != model::status::Status::NoResult)
    });
    filled.then_some((position, column))
}

/// Where a key leads from the current cell.
fn step(key: &str, state: GridState) -> Option<(usize, usize)> {
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
fn open_row(state: GridState) {
    let path = state
        .cursor
        .get_untracked()
        .and_then(|(position, _)| state.row_path(state.row_at(position)?));
    if let Some(path) = path {
        browser::open(&path, false);
    }
}

/// Scrolls so that a cell is in sight, beside the names and below the header.
fn reveal(area: &web_sys::HtmlDivElement, (row, column): (usize, usize), state: GridState) {
    let measure = |selector: &str| area.query_selector(selector).ok().flatten();
    let names = measure(".head__label").map_or(0, |label| label.client_width());
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
fn follow(state: GridState, aside: bool) {
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
