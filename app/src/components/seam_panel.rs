//! What happened at a seam.

use leptos::prelude::*;
use model::{grid::Column, query::TabQuery, transition::Transition};

use crate::{
    browser,
    components::{
        clock::Time,
        grid::{Change, state::GridState},
        panel::Panel,
    },
    grid::{
        names::pattern_of,
        report::{Report, TurnedRow, report},
        seams::is_certain,
    },
    paths,
    text::{count, safe_url, visible, visible_message},
};

/// How many rows of each kind the panel lists before it is asked for more.
const FIRST: usize = 50;

/// What happened at the seam at the older edge of a build's column.
#[component]
pub fn SeamPanel(
    /// The build.
    newer: String,
    /// What is shown.
    state: GridState,
    /// Asks for other options.
    change: Change,
    /// The dashboard's name.
    dashboard: String,
    /// The tab's name.
    tab: String,
) -> impl IntoView {
    let close = Callback::new(move |()| {
        let query = state.query.get_untracked();
        change.run((
            TabQuery {
                seam: None,
                ..query
            },
            false,
        ));
    });
    let names = StoredValue::new((dashboard, tab));
    let title = format!("Seam at build {}", visible(&newer));
    // Rows below the first screen may have turned, too: until all are there, nothing is counted.
    let found = Memo::new(move |_| {
        state
            .whole
            .get()
            .then(|| state.grid.with(|grid| report(grid, &newer)))
    });
    view! {
        <Panel title name="seam-panel" close>
            {move || match found.get() {
                None => view! { <p class="loading">"Loading all rows…"</p> }.into_any(),
                Some(None) => {
                    view! { <p class="empty">"The data has no such build (any more)."</p> }
                        .into_any()
                }
                Some(Some(report)) => {
                    let (dashboard, tab) = names.get_value();
                    view! { <ReportView report state change dashboard tab /> }.into_any()
                }
            }}
        </Panel>
    }
}

#[component]
fn ReportView(
    report: Report,
    state: GridState,
    change: Change,
    dashboard: String,
    tab: String,
) -> impl IntoView {
    let verdict = report.verdict();
    let builds = report.older.as_ref().map(|older| {
        view! {
            <a
                class="button"
                href=paths::compare_builds(&dashboard, &tab, &older.build, &report.newer.build)
                rel="external"
            >
                "Both builds"
            </a>
        }
    });
    let copied = RwSignal::new("");
    let shown: RwSignal<Option<String>> = RwSignal::new(None);
    let markdown = {
        let report = report.clone();
        move || report.markdown(&dashboard, &tab, &browser::address())
    };
    let copy_markdown = {
        let markdown = markdown.clone();
        move |_| {
            let text = markdown();
            if browser::copy(&text) {
                copied.set("Copied as Markdown");
            } else {
                copied.set("The browser allows no copying here; take it from below");
                shown.set(Some(text));
            }
        }
    };
    let copy_link = move |_| {
        let text = browser::address();
        if browser::copy(&text) {
            copied.set("Link copied");
        } else {
            shown.set(Some(text));
        }
    };
    let unchanged = report
        .unchanged
        .iter()
        .map(|(component, words)| {
            view! {
                <li class="panel__unchanged">
                    <bdi>{visible(component)}</bdi>
                    ": "
                    {*words}
                </li>
            }
        })
        .collect_view();
    let older = match report.older.clone() {
        Some(column) => view! { <BuildLine column /> }.into_any(),
        None => "the end of the data".into_any(),
    };
    view! {
        <p class="panel__between">
            <span class="panel__side">"before"</span>
            {older}
            <span class="panel__side">"after"</span>
            <BuildLine column=report.newer.clone() />
        </p>
        <p class="panel__verdict" data-testid="seam-verdict">
            {verdict}
        </p>
        <p class="panel__tools">
            <button
                type="button"
                class="button"
                data-testid="copy-markdown"
                on:click=copy_markdown
            >
                "Copy as Markdown"
            </button>
            <button type="button" class="button" on:click=copy_link>
                "Copy link"
            </button>
            {builds}
            <span role="status">{move || copied.get()}</span>
        </p>
        {move || {
            shown
                .get()
                .map(|text| {
                    view! {
                        <textarea class="panel__text" readonly rows="8" aria-label="To copy">
                            {text}
                        </textarea>
                    }
                })
        }}
        <section>
            <h3>"Infrastructure"</h3>
            <ul class="panel__changes">
                {report
                    .infra
                    .into_iter()
                    .map(|change| view! { <ChangeLine change /> })
                    .collect_view()}
                {unchanged}
            </ul>
        </section>
        <section>
            <h3>"Product"</h3>
            {report
                .product
                .is_empty()
                .then(|| view! { <p class="panel__none">"No known movement"</p> })}
            <ul class="panel__changes">
                {report
                    .product
                    .into_iter()
                    .map(|change| view! { <ChangeLine change /> })
                    .collect_view()}
            </ul>
        </section>
        <TurnedRows rows=report.broke broke=true state change />
        <TurnedRows rows=report.fixed broke=false state change />
    }
}

#[component]
fn BuildLine(column: Column) -> impl IntoView {
    let name = visible(&column.build);
    let name = match safe_url(&column.url) {
        Some(url) => view! {
            <a href=url.to_owned() rel="external">
                <bdi>{name}</bdi>
            </a>
        }
        .into_any(),
        None => view! { <bdi>{name}</bdi> }.into_any(),
    };
    view! {
        <span class="panel__build">{name} " " <Time ms=column.started_ms /></span>
    }
}

#[component]
fn ChangeLine(change: Transition) -> impl IntoView {
    let certain = is_certain(&change);
    let kind = match change.kind {
        model::infra::ComponentKind::Infra => "infra",
        model::infra::ComponentKind::Product => "product",
    };
    let version = |version: Option<&str>| {
        let full = visible(version.unwrap_or("unknown"));
        view! {
            <code title=full>
                <bdi>{crate::grid::report::version_text(version)}</bdi>
            </code>
        }
    };
    view! {
        <li
            class="change"
            data-testid="seam-change"
            data-kind=kind
            data-component=change.component.clone()
            data-from=change.from.clone().unwrap_or_default()
            data-to=change.to.clone()
        >
            <bdi class="change__name">{visible(&change.component)}</bdi>
            <span class="change__versions">
                {version(change.from.as_deref())} <span aria-label="to">" → "</span>
                {version(Some(&change.to))}
            </span>
            {change
                .from
                .as_deref()
                .map(|from| {
                    view! {
                        <a
                            class="change__compare"
                            href=paths::compare(&change.component, from, &change.to)
                            rel="external"
                        >
                            "compare"
                        </a>
                    }
                })}
            <span class="change__source">
                "read from "{change.source.words()}
                {(!certain)
                    .then_some("; uncertain: the change may be older, builds of unknown version lie before it")}
            </span>
        </li>
    }
}

#[component]
fn TurnedRows(
    rows: Vec<TurnedRow>,
    broke: bool,
    state: GridState,
    change: Change,
) -> impl IntoView {
    let total = rows.len();
    let most = RwSignal::new(FIRST);
    let (title, test, sign) = if broke {
        ("Broke", "broke-row", "✗")
    } else {
        ("Fixed", "fixed-row", "✓")
    };
    let rows = StoredValue::new(rows);
    let each =
        move || rows.with_value(|rows| rows.iter().take(most.get()).cloned().collect::<Vec<_>>());
    view! {
        <section class="turned" data-broke=broke.then_some("")>
            <h3>
                {title} " " <span class="turned__count">{count(total, "row", "rows")}</span>
            </h3>
            {(total == 0)
                .then(|| {
                    view! {
                        <p class="panel__none">
                            {if broke {
                                "No row passed before and fails since."
                            } else {
                                "No row failed before and passes since."
                            }}
                        </p>
                    }
                })}
            <ul class="turned__rows">
                <For each=each key=|row| row.row let(row)>
                    <li class="turned__row" data-testid=test data-row-name=row.name.clone()>
                        <span class="turned__sign" aria-hidden="true">
                            {sign}
                        </span>
                        <button
                            type="button"
                            class="turned__name"
                            title="Show only this row"
                            on:click={
                                let name = row.name.clone();
                                move |_| {
                                    let query = state.query.get_untracked();
                                    change
                                        .run((
                                            TabQuery {
                                                include: vec![pattern_of(&name)],
                                                ..query
                                            },
                                            false,
                                        ));
                                }
                            }
                        >
                            <bdi>{visible(&row.name)}</bdi>
                        </button>
                        {(row.edges > 1)
                            .then(|| {
                                view! {
                                    <span class="turned__note">
                                        {format!(
                                            "no result between: one of {} edges",
                                            row.edges,
                                        )}
                                    </span>
                                }
                            })}
                        {(!row.message.is_empty())
                            .then(|| {
                                view! {
                                    <span class="turned__message">
                                        <bdi>{visible_message(&row.message)}</bdi>
                                    </span>
                                }
                            })}
                    </li>
                </For>
            </ul>
            {move || {
                (total > most.get())
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button"
                                on:click=move |_| most.set(total)
                            >
                                {format!("Show all {total}")}
                            </button>
                        }
                    })
            }}
        </section>
    }
}
