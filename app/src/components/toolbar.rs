//! The view options of a tab.

use leptos::prelude::*;
use model::query::{Sort, TabQuery};

use crate::{
    browser,
    components::{
        choice::{Choice, options_html},
        grid::{
            Change,
            state::{GridState, unusable},
        },
        grouping::Grouping,
        tool::{Named, tool},
    },
    grid::{
        names::{pattern_of, typed_of},
        window::next_width,
    },
    text::{count, visible},
};

/// The orders that can be chosen, with the value in the list and the words for it.
const SORTS: [(Sort, &str, &str); 5] = [
    (Sort::Default, "", "newest failures first"),
    (Sort::Failures, "failures", "most failures first"),
    (Sort::Flakiness, "flakiness", "most flaky first"),
    (Sort::Name, "name", "by name"),
    (Sort::Duration, "duration", "longest on average first"),
];

/// In how many of the newest columns a row must have failed to be shown, as can be chosen.
const WITHIN: [u32; 5] = [1, 3, 5, 10, 20];

/// The view options of a tab.
#[component]
pub fn Toolbar(
    /// What is shown.
    state: GridState,
    /// Asks for other options.
    change: Change,
) -> impl IntoView {
    let query = state.query;
    let set = move |replace: bool, edit: &dyn Fn(&mut TabQuery)| {
        let mut query = query.get_untracked();
        edit(&mut query);
        change.run((query, replace));
    };
    // What is chosen can be gone back from; what is done step by step, letter by letter, would be in the way.
    let edit = move |edit: &dyn Fn(&mut TabQuery)| set(false, edit);
    let typed = move || {
        let typed = query.read().include.first().map(|text| typed_of(text));
        typed.unwrap_or_default()
    };
    let wrong = Memo::new(move |_| {
        let query = query.read();
        let wrong = unusable(&query)
            .map(|(pattern, why)| format!("“{}” {why}: the last one stays", visible(pattern)));
        wrong
            .or_else(|| state.unsorted())
            .filter(|_| state.clock.is_running())
    });
    let chips = move || {
        let query = query.read();
        let further = query.include.iter().skip(1);
        let further = further.map(|pattern| (true, pattern.clone()));
        further
            .chain(query.exclude.iter().map(|pattern| (false, pattern.clone())))
            .collect::<Vec<_>>()
    };
    let sorts = Signal::derive(move || {
        let chosen = query.read().sort;
        let chosen = SORTS.iter().find(|(sort, ..)| *sort == chosen);
        let options = SORTS.map(|(_, value, words)| (value.to_owned(), words.to_owned()));
        options_html(&options, chosen.map_or("", |(_, value, _)| value))
    });
    let sort = Callback::new(move |value: String| {
        let sort = SORTS.iter().find(|(_, known, _)| *known == value);
        let sort = sort.map_or(Sort::Default, |(sort, ..)| *sort);
        edit(&move |query| query.sort = sort);
    });
    let failed = Signal::derive(move || {
        let chosen = query.read().only_failed;
        let mut options = vec![
            (String::new(), "all".to_owned()),
            ("ever".to_owned(), "that failed".to_owned()),
        ];
        // A link may ask for any number.
        let asked = chosen.flatten().filter(|asked| !WITHIN.contains(asked));
        options.extend(WITHIN.into_iter().chain(asked).map(|within| {
            let builds = count(within as usize, "build", "builds");
            (
                within.to_string(),
                format!("that failed in the last {builds}"),
            )
        }));
        let chosen = match chosen {
            None => String::new(),
            Some(None) => "ever".to_owned(),
            Some(Some(within)) => within.to_string(),
        };
        options_html(&options, &chosen)
    });
    let only = Callback::new(move |value: String| {
        let only = (!value.is_empty()).then(|| value.parse().ok());
        edit(&move |query| query.only_failed = only);
    });
    let zoom = move |wider: bool, sign: &str, label: &'static str| {
        let named = Named {
            name: if wider { "wider" } else { "narrower" },
            label,
            title: label,
        };
        tool("button", named, sign.to_owned(), move || {
            let width = next_width(state.cell_width.get_untracked(), wider);
            set(true, &move |query| query.width = Some(width));
        })
    };
    // What is hidden, by what, and how to see it.
    let hidden = move |name: &'static str, what: &str, number: usize, lift: fn(&mut TabQuery)| {
        let named = Named {
            name,
            ..Named::default()
        };
        let press = move || {
            edit(&|query| lift(query));
            browser::focus_grid();
        };
        (number > 0).then(|| tool("chip", named, format!("{number} {what}: show"), press))
    };
    let remove = move |(include, pattern): (bool, String)| {
        let text = format!(
            "{}: {} ×",
            if include { "with" } else { "without" },
            visible(&pattern)
        );
        let label = format!("Remove the filter {text}");
        let named = Named {
            label: &label,
            ..Named::default()
        };
        let press = move || {
            edit(&|query| {
                let list = if include {
                    &mut query.include
                } else {
                    &mut query.exclude
                };
                list.retain(|known| *known != pattern);
            });
            browser::focus_grid();
        };
        tool("chip", named, text, press)
    };
    // What is typed chooses rows; one press, and it chooses those that are left out.
    let exclude = move || {
        let typed = query.read().include.first().cloned()?;
        let named = Named {
            name: "exclude",
            title: "Hide the rows that match, and show all others",
            ..Named::default()
        };
        let press = move || {
            edit(&|query| {
                query.include.retain(|known| *known != typed);
                if !query.exclude.contains(&typed) {
                    query.exclude.push(typed.clone());
                }
            });
            browser::focus_grid();
        };
        Some(tool("chip", named, "Hide these instead".to_owned(), press))
    };
    let stale = move || {
        let stale = state.order.read().stale;
        let shown = query.read().show_stale;
        let text = if shown {
            "Stale rows shown: hide".to_owned()
        } else {
            format!("{} hidden: show", count(stale, "stale row", "stale rows"))
        };
        let named = Named {
            name: "stale-chip",
            title: "A row is stale when it has no result in the recent columns",
            ..Named::default()
        };
        let press = move || edit(&move |query| query.show_stale = !shown);
        (stale > 0 || shown).then(|| tool("chip", named, text, press))
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
                    aria-invalid=move || if wrong.get().is_some() { "true" } else { "false" }
                    on:input:target=move |event| {
                        let typed = event.target().value();
                        set(
                            true,
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
            <Choice label="Sort" name="sort" options=sorts choose=sort />
            <span class="toolbar__item" role="group" aria-label="Width of the columns">
                "Columns "
                {zoom(false, "−", "Narrower columns (-)")}
                {zoom(true, "+", "Wider columns (+)")}
            </span>
            <Choice label="Rows" name="only-failed" options=failed choose=only />
            <Grouping state change />
            {exclude}
            {move || chips().into_iter().map(remove).collect_view()}
            {move || {
                let number = state.order.read().filtered;
                hidden(
                    "filtered-chip",
                    "hidden by the filter",
                    number,
                    |query| {
                        query.include.clear();
                        query.exclude.clear();
                    },
                )
            }}
            {move || {
                let number = state.order.read().unfailed;
                hidden("unfailed-chip", "hidden that did not fail", number, |query| query.only_failed = None)
            }}
            {stale}
            <span class="toolbar__count" role="status">
                {move || {
                    let columns = state.size.get().1;
                    let rows = state.rows_shown();
                    let text = format!(
                        "{} × {}",
                        count(rows, "row", "rows"),
                        count(columns, "build", "builds"),
                    );
                    match wrong.get() {
                        Some(wrong) => format!("{wrong}; {text}"),
                        None => text,
                    }
                }}
            </span>
        </div>
    }
}
