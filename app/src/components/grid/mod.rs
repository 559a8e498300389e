//! The grid. Row names and header stay in sight; of rows and columns only those in sight are drawn;
//! cells and header groups are drawn as text by [`crate::grid`].

pub mod cursor;
pub mod head;
mod keys;
pub mod menu;
pub mod note;
mod place;
mod point;
mod pointer;
pub mod state;
pub mod tooltip;

use std::time::Duration;

use leptos::{html::Div, prelude::*};
use model::query::TabQuery;

use crate::{
    browser,
    components::grid::{
        cursor::Cursor,
        head::Head,
        keys::{press, reveal},
        menu::Menu,
        note::{Empty, Note},
        point::names_width,
        pointer::{Pointer, open_seam},
        state::GridState,
        tooltip::Tooltip,
    },
    grid::{
        block::{BLOCK, Drawing, block_html},
        hover::cell_sentence,
        seams::{marks_html, seams},
        window::{ROW_HEIGHT, Viewport, scroll_kept},
    },
};

/// How a part of the grid asks for other options: the new ones, and whether they take the place of
/// the old in the history.
pub type Change = Callback<(TabQuery, bool)>;

/// A little longer than new columns slide.
const SLIDE: Duration = Duration::from_millis(500);

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
    let pointer = Pointer::new(state, change, area, body);
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
    Effect::new(move |old| state.draw_columns(old));
    // Whoever looks at older columns goes on looking at them; at the left edge the newest slide in.
    Effect::new(move |_| {
        let (count, moved, sunk) = state.doing().renewals.get();
        let Some(area) = area.get_untracked() else {
            return;
        };
        // Whoever has scrolled down goes on looking at the same rows.
        if sunk != 0 {
            area.set_scroll_top(area.scroll_top() + sunk * ROW_HEIGHT as i32);
        }
        if moved == 0 {
            return;
        }
        if area.scroll_left() > 0 {
            let by = moved as i32 * state.cell_width.get_untracked() as i32;
            area.set_scroll_left(area.scroll_left() + by);
            state.doing().unseen.update(|unseen| *unseen += moved);
        } else {
            // Another value each time, or it would slide once only.
            let _ = area.set_attribute("data-slide", if count % 2 == 0 { "even" } else { "odd" });
            // What is drawn later does not slide.
            let still = move || drop(area.remove_attribute("data-slide"));
            set_timeout(still, SLIDE);
        }
    });
    // Other widths leave the column under the eye where it is: the current one, else the one in the middle.
    // One that was dragged over comes to the left edge.
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
        let left = match pointer.take_dragged_to() {
            Some(column) => column as u32 * new,
            None => scroll_kept(view.left, at, old, new),
        };
        // The area has its new size by then.
        request_animation_frame(move || area.set_scroll_left(left as i32));
        new
    });
    // What a link points at comes into sight once all rows are there.
    let aim = Memo::new(move |_| {
        let ready = state.whole.get() && state.clock.is_running();
        let query = state.query.read();
        ready.then(|| (query.row.clone(), query.column.clone()))
    });
    Effect::new(move |_| {
        let Some(aim) = aim.get() else { return };
        // Whoever filters or opens groups afterwards goes where they like.
        let Some(cell) = untrack(|| state.aimed(aim)) else {
            return;
        };
        state.cursor.set(Some(cell));
        state.doing().spoken.set(true);
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

    let open = move |column| open_seam(state, change, column);
    let open_seam = OpenSeam(Callback::new(open));
    provide_context(open_seam);

    let blocks = move || {
        let (window, lines) = (state.rows.get(), state.lines.get());
        // A renewed grid may have other rows in the same places.
        let renewal = state.doing().renewals.get().0;
        let starts = (window.start..window.end).step_by(BLOCK);
        let block = |start: usize| (start, lines.key(start..start + BLOCK), renewal);
        starts.map(block).collect::<Vec<_>>()
    };
    let block = move |start: usize| {
        move || {
            let (grid, lines) = (state.grid.get(), state.lines.get_untracked());
            let drawing = Drawing {
                grid: &grid,
                lines: &lines,
                columns: &state.columns_in_turn(start / BLOCK),
                cell_width: state.cell_width.get(),
                names: &state.names.read(),
                path: &state.path.get_value(),
            };
            block_html(drawing, start..start + BLOCK)
        }
    };
    let role = move || {
        if state.lines.get().grouped {
            "treegrid"
        } else {
            "group"
        }
    };
    let lines = move || seams(&state.grid.read(), &state.columns.get());
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
                format!(
                    "--cell-width:{}px;--columns:{}",
                    state.cell_width.get(),
                    state.size.get().1,
                )
            }
            on:scroll=on_scroll
            on:pointermove=move |event| pointer.moved(&event)
            on:pointerleave=move |_| pointer.left()
            on:pointercancel=move |_| pointer.left()
            on:pointerdown=move |event| pointer.down(&event)
            on:pointerup=move |event| pointer.up(&event)
            on:contextmenu=move |event| pointer.menu(&event)
            on:click=move |event| pointer.click(&event, open_seam)
            on:keydown=move |event| press(&event, state, change, area)
        >
            <div class="grid__canvas">
                <Head state area />
                <div
                    class="grid__body"
                    node_ref=body
                    role=role
                    aria-label="Rows"
                    // Not a property that all below inherit: they would be looked at with every letter
                    // in the filter.
                    style=move || format!("height:{}px", state.size.get().0 * ROW_HEIGHT as usize)
                >
                    <For each=blocks key=|block| *block let((start, _, _))>
                        <div
                            class="grid__block"
                            style=format!("top:{}px", start * ROW_HEIGHT as usize)
                            inner_html=block(start)
                        ></div>
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
                                    let open = &state.query.read().seam;
                                    (open.as_ref() == Some(&seam.build)).then_some("")
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
                let spoken = state.doing().spoken.get();
                let (position, column) = state.cursor.get().filter(|_| spoken)?;
                let (grid, lines) = (state.grid.get(), state.lines.get());
                let said = cell_sentence(&grid, lines.row_at(&grid, position)?, column);
                Some(match lines.head_at(position) {
                    Some(head) if head.open => format!("Open group {said}"),
                    Some(_) => format!("Closed group {said}"),
                    None => said,
                })
            }}
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
