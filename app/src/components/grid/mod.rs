//! The grid. Row names and header stay in sight; of rows and columns only those in sight are drawn;
//! cells and header groups are drawn as text by [`crate::grid`].

pub mod head;
mod keys;
pub mod menu;
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
        menu::Menu,
        point::{cell_under, closest, column_under, names_width, number, pointed},
        state::{GridState, Hover},
        tooltip::Tooltip,
    },
    grid::{
        cells::{link, row_html},
        hover::{Target, cell_sentence, row_sentence},
        seams::{marks_html, seams},
        window::{ROW_HEIGHT, Viewport, fitting_width, next_width, scroll_kept},
    },
    text::{count, visible},
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
                if view.left == 0 && state.doing().unseen.get_untracked() > 0 {
                    state.doing().unseen.set(0);
                }
            }
        }
    };
    Effect::new(move |_| {
        // Opening a panel changes the size, too, and a page that is navigated to has none at first.
        if let Some(area) = area.get() {
            browser::watch_size(&area, measure);
        }
    });
    // Whoever looks at older columns goes on looking at them; at the left edge the newest slide in.
    Effect::new(move |_| {
        let (count, moved) = state.renewals.get();
        let Some(area) = area.get_untracked().filter(|_| moved > 0) else {
            return;
        };
        if area.scroll_left() > 0 {
            let by = moved as i32 * state.cell_width.get_untracked() as i32;
            area.set_scroll_left(area.scroll_left() + by);
            state.doing().unseen.update(|unseen| *unseen += moved);
        } else {
            // Another value each time, or it would slide once only.
            let _ = area.set_attribute("data-slide", if count % 2 == 0 { "even" } else { "odd" });
        }
    });
    // Other widths leave the column under the eye where it is: the current one, else the one in the middle.
    // One that was dragged over comes to the left edge.
    let dragged_to = StoredValue::new(None::<usize>);
    Effect::new(move |old: Option<u32>| {
        let new = state.cell_width.get();
        let Some(area) = area
            .get_untracked()
            .filter(|_| old.is_some_and(|old| old != new))
        else {
            return new;
        };
        let old = old.unwrap_or(new);
        let view = state.view.get_untracked();
        let room = view.width.saturating_sub(names_width(&area) as u32);
        let current = state
            .cursor
            .get_untracked()
            .and_then(|(_, column)| (column as u32 * old).checked_sub(view.left))
            .filter(|&at| at < room);
        let at = match current {
            Some(at) => at,
            None if view.left == 0 => 0,
            None => room / 2,
        };
        let left = match dragged_to.get_value() {
            Some(column) => column as u32 * new,
            None => scroll_kept(view.left, at, old, new),
        };
        dragged_to.set_value(None);
        // The area has its new size by then.
        request_animation_frame(move || area.set_scroll_left(left as i32));
        new
    });
    // What a link points at comes into sight once all rows are there.
    let aim = Memo::new(move |_| {
        let ready = state.whole.get() && state.clock.is_running();
        let aim = state
            .query
            .with(|query| (query.row.clone(), query.column.clone()));
        ready.then_some(aim)
    });
    Effect::new(move |_| {
        let Some(aim) = aim.get() else { return };
        let Some(cell) = state.aimed(aim) else { return };
        state.cursor.set(Some(cell));
        // The area has its new size by then.
        request_animation_frame(move || {
            if let Some(area) = area.get_untracked() {
                reveal(&area, cell, state);
            }
        });
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
            state.doing().hover.set(None);
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
        state.doing().hover.set(target.map(|target| Hover {
            target,
            x: event.client_x(),
            y: event.client_y(),
        }));
    };
    let choose = move |column: usize| {
        // Of two that are chosen the one that is farther away stays.
        let stays = state.marked_untracked().map(|(newer, older)| {
            if column.abs_diff(newer) > column.abs_diff(older) {
                newer
            } else {
                older
            }
        });
        compare(state, change, (stays.unwrap_or(column), column));
    };
    // Where the button went down on the header, and whether on the bars.
    let drag = StoredValue::new(None::<(usize, bool)>);
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
            let bars = closest(&event, "[data-kind=failures]").is_some();
            drag.set_value(column_of(&event).map(|column| (column, bars)));
        }
    };
    let set_width = move |width: u32| {
        let query = state.query.get_untracked();
        let width = Some(width);
        change.run((TabQuery { width, ..query }, true));
    };
    let open_menu = move |cell: (usize, usize), x: i32, y: i32| {
        state.doing().hover.set(None);
        state.cursor.set(Some(cell));
        state.doing().menu.set(Some((cell.0, cell.1, x, y)));
    };
    let cell_of = move |event: &web_sys::MouseEvent| {
        let body = body.get_untracked()?;
        closest(event, ".row__cells")?;
        cell_under(event, state, &body)
    };
    // A right click, and on many devices a long touch.
    let on_menu = move |event: web_sys::MouseEvent| {
        if let Some(cell) = cell_of(&event) {
            event.prevent_default();
            open_menu(cell, event.client_x(), event.client_y());
        }
    };
    let on_up = move |event: web_sys::PointerEvent| {
        let Some((from, bars)) = drag.get_value() else {
            return;
        };
        drag.set_value(None);
        let Some(to) = column_of(&event) else {
            state.doing().chosen.set(None);
            return;
        };
        if !bars {
            if from != to {
                compare(state, change, (from, to));
            }
            return;
        }
        state.doing().chosen.set(None);
        let Some(area) = area.get_untracked() else {
            return;
        };
        if from == to {
            // To the first row that failed there.
            let failed = |position: &usize| {
                let row = state.row_at(*position);
                state.grid.with_untracked(|grid| {
                    row.and_then(|row| grid.rows.get(row)?.statuses.get(to))
                        .is_some_and(model::status::Status::is_failing)
                })
            };
            let rows = state.size.get_untracked().0;
            let cell = ((0..rows).find(failed).unwrap_or_default(), to);
            state.cursor.set(Some(cell));
            reveal(&area, cell, state);
            browser::focus(&area);
        } else {
            let room = (area.client_width() - names_width(&area)).max(0) as u32;
            let (first, last) = (from.min(to), from.max(to));
            let width = fitting_width(room, (last - first + 1) as u32);
            dragged_to.set_value(Some(first));
            set_width(width);
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
                state.doing().hover.set(None);
                state.doing().chosen.set(None);
                state.doing().menu.set(None);
                let query = state.query.get_untracked();
                if query.seam.is_some() || query.pair().is_some() {
                    change.run((query.anywhere(), false));
                }
            }
            "m" | "ContextMenu" if !from_handle => {
                let frame = area
                    .get_untracked()
                    .and_then(|area| area.query_selector(".cursor").ok().flatten());
                if let (Some(cell), Some(frame)) = (state.cursor.get_untracked(), frame) {
                    event.prevent_default();
                    let (x, y) = browser::point_in(&frame, 0, 0);
                    open_menu(cell, -x as i32, -y as i32 + ROW_HEIGHT as i32);
                }
            }
            key @ ("+" | "=" | "-") => {
                set_width(next_width(state.cell_width.get_untracked(), key != "-"));
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
                        let from = state.doing().chosen.get_untracked().map(|(from, _)| from);
                        let from = from.or(state.cursor.get_untracked().map(|(_, at)| at));
                        state
                            .doing()
                            .chosen
                            .set(Some((from.unwrap_or(cell.1), cell.1)));
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
            data-tiny=move || (state.cell_width.get() < 8).then_some("")
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
                if let (Some((from, _)), Some(to)) = (drag.get_value(), column_of(&event)) {
                    state.doing().chosen.set(Some((from, to)));
                } else {
                    point(&event);
                }
            }
            on:pointerleave=move |_| {
                state.doing().hover.set(None);
                if drag.get_value().is_some() {
                    drag.set_value(None);
                    state.doing().chosen.set(None);
                }
            }
            on:pointerdown=move |event| {
                state.doing().menu.set(None);
                on_down(event);
            }
            on:contextmenu=on_menu
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
            <Note state area />
        </div>
        <Tooltip state />
        <Menu state change area />
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
            state.doing().chosen.set(None);
            state.doing().hover.set(None);
            change.run((query, false));
        }
        None => state.doing().chosen.set(Some(pair)),
    }
}

/// What is being chosen.
#[component]
fn Note(state: GridState, area: NodeRef<Div>) -> impl IntoView {
    let text = move || {
        let Some((from, to)) = state.doing().chosen.get() else {
            return state.astray();
        };
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
