//! The grid. Row names and header stay in sight; of rows and columns only those in sight are drawn;
//! cells and header groups are drawn as text by [`crate::grid`].

pub mod head;
mod keys;
mod point;
pub mod state;
pub mod tooltip;

use leptos::{html::Div, prelude::*, wasm_bindgen::JsCast, web_sys};
use model::query::TabQuery;

use crate::{
    browser,
    components::grid::{
        head::Head,
        keys::{follow, open_row, reveal, step},
        point::{cell_under, closest, column_under, number, pointed},
        state::{GridState, Hover},
        tooltip::Tooltip,
    },
    grid::{
        cells::{link, row_html},
        hover::{Target, cell_sentence, row_sentence},
        seams::{marks_html, seams},
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
    let choose = move |column: usize| {
        // Of two that are chosen the one that is farther away stays.
        let stays = state.marked().map(|(newer, older)| {
            if column.abs_diff(newer) > column.abs_diff(older) {
                newer
            } else {
                older
            }
        });
        compare(state, change, (stays.unwrap_or(column), column));
    };
    // Where the button went down on the header.
    let drag = StoredValue::new(None::<usize>);
    let column_of = move |event: &web_sys::MouseEvent| {
        area.get_untracked()
            .and_then(|area| column_under(event, state, &area))
    };
    let on_down = move |event: web_sys::PointerEvent| {
        if event.button() == 0
            && event.pointer_type() != "touch"
            && !event.shift_key()
            && closest(&event, ".head__cells").is_some()
            && closest(&event, ".seam").is_none()
        {
            event.prevent_default();
            drag.set_value(column_of(&event));
        }
    };
    let on_up = move |event: web_sys::PointerEvent| {
        if let Some(from) = drag.get_value() {
            drag.set_value(None);
            if let Some(to) = column_of(&event).filter(|to| *to != from) {
                compare(state, change, (from, to));
            }
        }
    };
    let on_click = move |event: web_sys::MouseEvent| {
        if event.shift_key() {
            if let Some(column) = column_of(&event) {
                event.prevent_default();
                choose(column);
            }
        } else if let Some(line) = closest(&event, ".seam-line") {
            if let Some(column) = number(&line, "data-column") {
                open_seam(column);
            }
        } else if closest(&event, "span.cell").is_some() {
            // A run of equal cells is no link: which build is meant depends on the place.
            follow(state, event.ctrl_key() || event.meta_key());
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
                state.chosen.set(None);
                let query = state.query.get_untracked();
                if query.seam.is_some() || query.pair().is_some() {
                    change.run((query.anywhere(), false));
                }
            }
            "c" if !from_handle => {
                let pair = state.marked_untracked().or_else(|| {
                    let (_, column) = state.cursor.get_untracked()?;
                    Some((column, column + 1))
                });
                if let Some(pair) = pair {
                    compare(state, change, pair);
                }
            }
            "Enter" if !from_handle && event.shift_key() => open_row(state),
            "Enter" if !from_handle => follow(state, event.ctrl_key() || event.meta_key()),
            key if !from_handle => {
                if let Some(cell) = step(key, state) {
                    event.prevent_default();
                    if event.shift_key() && key.starts_with("Arrow") {
                        let from = state.chosen.get_untracked().map(|(from, _)| from);
                        let from = from.or(state.cursor.get_untracked().map(|(_, at)| at));
                        state.chosen.set(Some((from.unwrap_or(cell.1), cell.1)));
                    }
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
            on:pointermove=move |event| {
                if let (Some(from), Some(to)) = (drag.get_value(), column_of(&event)) {
                    state.chosen.set(Some((from, to)));
                } else {
                    point(&event);
                }
            }
            on:pointerleave=move |_| {
                state.hover.set(None);
                if drag.get_value().is_some() {
                    drag.set_value(None);
                    state.chosen.set(None);
                }
            }
            on:pointerdown=on_down
            on:pointerup=on_up
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
                    <Marks state />
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
            <Note state />
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

/// Opens what differs between two columns; one alone is marked and waits for another.
fn compare(state: GridState, change: Change, pair: (usize, usize)) {
    match state.compared(pair) {
        Some(query) => {
            state.chosen.set(None);
            state.hover.set(None);
            change.run((query, false));
        }
        None => state.chosen.set(Some(pair)),
    }
}

/// What is being chosen.
#[component]
fn Note(state: GridState) -> impl IntoView {
    let text = move || {
        let (from, to) = state.chosen.get()?;
        let build = |column: usize| {
            state.grid.with(|grid| {
                let build = grid
                    .columns
                    .get(column)
                    .map(|column| visible(&column.build));
                build.unwrap_or_default()
            })
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
    view! {
        <p class="grid__note" role="status" data-testid="grid-note">
            {text}
        </p>
    }
}

/// The bands over columns that are compared or chosen for it.
#[component]
pub(super) fn Marks(state: GridState) -> impl IntoView {
    view! {
        <div
            class="grid__lines"
            aria-hidden="true"
            inner_html=move || {
                let (newer, older) = state.marked()?;
                Some(marks_html(newer, older))
            }
        ></div>
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
