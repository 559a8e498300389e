//! The view options of a tab.

use leptos::prelude::*;
use model::query::{Sort, TabQuery};

use crate::{
    browser,
    components::grid::{Change, state::GridState},
    grid::{
        names::{pattern_of, typed_of},
        window::{CELL_WIDTH, cell_width},
    },
    text::{count, visible},
};

/// The orders that can be chosen, with the value in the list and the words for it.
const SORTS: [(Sort, &str, &str); 4] = [
    (Sort::Default, "", "newest failures first"),
    (Sort::Failures, "failures", "most failures first"),
    (Sort::Flakiness, "flakiness", "most flaky first"),
    (Sort::Name, "name", "by name"),
];

/// The widths that can be chosen.
const WIDTHS: [(u32, &str); 4] = [
    (CELL_WIDTH, "standard"),
    (20, "compact"),
    (10, "dense"),
    (72, "wide"),
];

/// The view options of a tab.
#[component]
pub fn Toolbar(
    /// What is shown.
    state: GridState,
    /// Asks for other options.
    change: Change,
) -> impl IntoView {
    let query = state.query;
    let edit = move |edit: &dyn Fn(&mut TabQuery)| {
        let mut query = query.get_untracked();
        edit(&mut query);
        change.run((query, true));
    };
    let typed = move || {
        query.with(|query| {
            query
                .include
                .first()
                .map(|text| typed_of(text))
                .unwrap_or_default()
        })
    };
    let wrong = move || {
        state.clock.is_running()
            && query.with(|query| {
                query
                    .include
                    .iter()
                    .chain(&query.exclude)
                    .any(|pattern| !browser::is_pattern(pattern))
            })
    };
    let chips = move || {
        query.with(|query| {
            let further = query
                .include
                .iter()
                .skip(1)
                .map(|pattern| (true, pattern.clone()));
            further
                .chain(query.exclude.iter().map(|pattern| (false, pattern.clone())))
                .collect::<Vec<_>>()
        })
    };
    view! {
        <div class="toolbar" role="search">
            <label class="toolbar__item toolbar__filter">
                <span class="unseen">"Filter rows"</span>
                <input
                    type="search"
                    class="field"
                    data-testid="row-filter"
                    placeholder="Filter rows: text or /regex/"
                    spellcheck="false"
                    prop:value=typed
                    aria-invalid=move || if wrong() { "true" } else { "false" }
                    on:input:target=move |event| {
                        let typed = event.target().value();
                        edit(
                            &move |query| {
                                let rest = query.include.iter().skip(1).cloned();
                                query.include = (!typed.is_empty())
                                    .then(|| pattern_of(&typed))
                                    .into_iter()
                                    .chain(rest)
                                    .collect();
                            },
                        );
                    }
                />
            </label>
            <label class="toolbar__item">
                "Sort "
                <select
                    class="field"
                    data-testid="sort"
                    on:change:target=move |event| {
                        let value = event.target().value();
                        let sort = SORTS
                            .into_iter()
                            .find(|(_, known, _)| *known == value)
                            .map(|(sort, _, _)| sort)
                            .unwrap_or_default();
                        edit(&move |query| query.sort = sort);
                    }
                >
                    {SORTS
                        .into_iter()
                        .map(|(sort, value, words)| {
                            view! {
                                <option
                                    value=value
                                    selected=move || query.with(|query| query.sort == sort)
                                >
                                    {words}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
            <label class="toolbar__item">
                "Cells "
                <select
                    class="field"
                    data-testid="width"
                    on:change:target=move |event| {
                        let width = event.target().value().parse::<u32>().ok();
                        edit(
                            &move |query| {
                                query.width = width.filter(|&width| width != CELL_WIDTH);
                            },
                        );
                    }
                >
                    {WIDTHS
                        .into_iter()
                        .map(|(width, words)| {
                            view! {
                                <option
                                    value=width.to_string()
                                    selected=move || {
                                        query.with(|query| cell_width(query.width) == width)
                                    }
                                >
                                    {words}
                                </option>
                            }
                        })
                        .collect_view()}
                    {move || {
                        let width = state.cell_width.get();
                        (!WIDTHS.iter().any(|(known, _)| *known == width))
                            .then(|| {
                                view! {
                                    <option value=width.to_string() selected=true>
                                        {format!("{width} px")}
                                    </option>
                                }
                            })
                    }}
                </select>
            </label>
            <label class="toolbar__item toolbar__check">
                <input
                    type="checkbox"
                    data-testid="only-failed"
                    prop:checked=move || query.with(|query| query.only_failed.is_some())
                    on:change:target=move |event| {
                        let only = event.target().checked().then_some(None);
                        edit(&move |query| query.only_failed = only);
                    }
                />
                "only rows that failed"
            </label>
            <For each=chips key=|chip| chip.clone() let((include, pattern))>
                <Chip
                    text=format!("{}: {}", if include { "with" } else { "without" }, visible(&pattern))
                    remove=Callback::new(move |()| {
                        let pattern = pattern.clone();
                        edit(
                            &move |query| {
                                let list = if include {
                                    &mut query.include
                                } else {
                                    &mut query.exclude
                                };
                                list.retain(|known| *known != pattern);
                            },
                        );
                    })
                />
            </For>
            {move || {
                let stale = state.order.with(|order| order.stale);
                let shown = query.with(|query| query.show_stale);
                (stale > 0 || shown)
                    .then(|| {
                        let text = if shown {
                            "Stale rows shown: hide".to_owned()
                        } else {
                            format!("{} hidden: show", count(stale, "stale row", "stale rows"))
                        };
                        view! {
                            <button
                                type="button"
                                class="chip"
                                data-testid="stale-chip"
                                title="A row is stale when it has no result in the recent columns"
                                aria-pressed=if shown { "true" } else { "false" }
                                on:click=move |_| edit(&move |query| query.show_stale = !shown)
                            >
                                {text}
                            </button>
                        }
                    })
            }}
            <span class="toolbar__count" role="status">
                {move || {
                    let (rows, columns) = state.size.get();
                    let filtered = state.order.with(|order| order.filtered);
                    let mut text = format!(
                        "{} × {}",
                        count(rows, "row", "rows"),
                        count(columns, "build", "builds"),
                    );
                    if filtered > 0 {
                        text += &format!(", {filtered} filtered out");
                    }
                    if wrong() {
                        text += "; not a regular expression, looked for as text";
                    }
                    text
                }}
            </span>
        </div>
    }
}

#[component]
fn Chip(text: String, remove: Callback<()>) -> impl IntoView {
    let label = format!("Remove the filter {text}");
    view! {
        <button type="button" class="chip" aria-label=label on:click=move |_| remove.run(())>
            <bdi>{text}</bdi>
            <span aria-hidden="true">" ×"</span>
        </button>
    }
}
