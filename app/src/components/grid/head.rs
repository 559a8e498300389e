//! The header rows, with a handle for each transition in the row of its component.

use leptos::{html::Div, prelude::*};
use model::{infra::ComponentKind, transition::Transition};

use crate::{
    components::grid::{
        Marks, OpenSeam,
        state::{GridState, Hover},
    },
    grid::{
        failures::{ColumnCount, column_counts, failures_html},
        header::{Fact, facts, row_html},
        hover::Target,
        seams::{change_text, is_certain, of_component, seams},
        window::ROW_HEIGHT,
    },
    text::visible,
};

/// The header rows.
#[component]
pub fn Head(
    /// What is shown.
    state: GridState,
    /// What scrolls.
    area: NodeRef<Div>,
) -> impl IntoView {
    let rows = move || {
        let facts = facts(&state.grid.get());
        facts.into_iter().enumerate().collect::<Vec<_>>()
    };
    // A part of the rows would give wrong numbers.
    let counts = Memo::new(move |_| {
        if state.whole.get() {
            column_counts(&state.grid.get())
        } else {
            Vec::new()
        }
    });
    let lines = move || seams(&state.grid.get(), &state.columns.get());
    let stop = Memo::new(move |_| {
        let (grid, columns) = (state.grid.get(), state.columns.get());
        facts(&grid).into_iter().find_map(|fact| match fact {
            Fact::Version { kind, component } => {
                let first = of_component(&grid, kind, &component, &columns)
                    .into_iter()
                    .next();
                first.map(|change| (component, change.build))
            }
            _ => None,
        })
    });
    let around = Memo::new(move |_| state.lines.read().around(state.view.read().top));
    let around = move || {
        let (lines, position) = (state.lines.get(), around.get()?);
        let path = visible(&lines.head_at(position)?.path);
        let back = move |_| {
            if let Some(area) = area.get_untracked() {
                area.set_scroll_top((position * ROW_HEIGHT as usize) as i32);
            }
        };
        Some(view! {
            <div class="head__around" aria-hidden="true">
                <button type="button" tabindex="-1" data-testid="group-around" on:click=back>
                    <bdi>{path}</bdi>
                </button>
            </div>
        })
    };
    view! {
        <div class="head" data-testid="grid-header">
            {around}
            <For each=rows key=|row| row.clone() let((index, fact))>
                <HeadRow state counts stop index fact />
            </For>
            <Marks state />
            <div class="grid__lines" aria-hidden="true">
                <For
                    each=lines
                    key=|seam| (seam.column, seam.kind, seam.certain, seam.build.clone())
                    let(seam)
                >
                    <div
                        class="seam-line"
                        data-kind=seam.kind.word()
                        data-certain=if seam.certain { "true" } else { "false" }
                        data-column=seam.column
                        data-open=move || {
                            let open = &state.query.read().seam;
                            (open.as_ref() == Some(&seam.build)).then_some("")
                        }
                        style=format!("--edge:{}", seam.column + 1)
                    ></div>
                </For>
            </div>
        </div>
    }
}

#[component]
fn HeadRow(
    state: GridState,
    counts: Memo<Vec<ColumnCount>>,
    stop: Memo<Option<(String, String)>>,
    index: usize,
    fact: Fact,
) -> impl IntoView {
    let handles = match &fact {
        Fact::Version { kind, component } => {
            let (kind, component) = (*kind, component.clone());
            let each =
                move || of_component(&state.grid.get(), kind, &component, &state.columns.get());
            Some(view! {
                <For
                    each=each
                    key=|change| (change.column, change.build.clone(), change.to.clone())
                    let(change)
                >
                    <Handle state stop change />
                </For>
            })
        }
        _ => None,
    };
    let (shown, label) = (fact.clone(), fact.clone());
    view! {
        <div class="head__row" data-fact=index data-kind=fact.kind_word()>
            <div class="head__label">
                <bdi>{move || label.label(state.clock.zone.get())}</bdi>
            </div>
            <div class="head__cells">
                <div
                    class="head__groups"
                    inner_html=move || {
                        let window = state.columns_in_turn(index);
                        let width = state.cell_width.get();
                        let zone = state.clock.zone.get();
                        if shown == Fact::Failures {
                            failures_html(&counts.read(), window, width)
                        } else {
                            row_html(&state.grid.get(), &shown, zone, window, width)
                        }
                    }
                ></div>
                {handles}
            </div>
        </div>
    }
}

/// One transition, as a button at its edge. Of all of them the tab key stops at `stop` (component and build)
/// alone; from there arrow keys go on.
#[component]
fn Handle(
    state: GridState,
    stop: Memo<Option<(String, String)>>,
    change: Transition,
) -> impl IntoView {
    let column = change.column as usize;
    let kind = match change.kind {
        ComponentKind::Infra => "infra",
        ComponentKind::Product => "product",
    };
    let certain = is_certain(&change);
    let label = format!(
        "{}{}, at build {}",
        change_text(&change),
        if certain { "" } else { ", uncertain" },
        visible(&change.build)
    );
    let component = change.component.clone();
    let build = change.build.clone();
    let name = (component.clone(), build.clone());
    let open = use_context::<OpenSeam>();
    view! {
        <button
            type="button"
            class="seam"
            data-testid="seam"
            data-kind=kind
            data-status=if certain { "certain" } else { "uncertain" }
            data-column=column
            data-build=change.build.clone()
            data-component=change.component.clone()
            data-from=change.from.clone().unwrap_or_default()
            data-to=change.to.clone()
            aria-label=label
            aria-expanded=move || {
                let open = &state.query.read().seam;
                if open.as_ref() == Some(&build) { "true" } else { "false" }
            }
            tabindex=move || if stop.read().as_ref() == Some(&name) { "0" } else { "-1" }
            style=format!("--edge:{}", column + 1)
            on:click=move |_| {
                if let Some(OpenSeam(open)) = open {
                    open.run(column);
                }
            }
            on:focus:target=move |event| {
                let place = event.target();
                let (x, y) = crate::browser::point_in(&place, 0, 0);
                state
                    .doing()
                    .hover
                    .set(
                        Some(Hover {
                            target: Target::Seam {
                                column,
                                component: Some(component.clone()),
                            },
                            x: -x as i32,
                            y: -y as i32 + 16,
                        }),
                    );
            }
            on:blur=move |_| state.doing().hover.set(None)
        ></button>
    }
}
