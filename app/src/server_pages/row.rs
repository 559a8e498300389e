//! One row of a tab in depth: its alert and why, how flaky it is, its numbers over time with the seams,
//! what its last failures said, and the same test on other tabs.

use leptos::prelude::*;
use model::{
    bug::{LONGEST_TITLE, LONGEST_URL},
    infra::ComponentKind,
    wire::{ColumnState, RowCounts, RowMetric, RowPage, StripColumn, TestPage},
};

use super::{
    ServerPage,
    chart::number,
    days::days_view,
    metrics::{Run, chart_key, metric_chart, metric_name},
    tab_crumbs,
    test::{BY_DAY, aligned},
};
use crate::{
    components::{
        clock::{Age, Time},
        failing_rows::FailingRows,
        strip::Strip,
    },
    paths,
    text::{count, safe_url, visible, visible_message},
};

/// How many failures are listed.
const FAILURES: usize = 10;
/// How many runs the strip has.
const STRIP: usize = 60;

/// The page of a row.
pub fn row_page(page: RowPage) -> ServerPage {
    let title = format!("{} · {}", visible(&page.name), visible(&page.tab));
    ServerPage::new(title, move || {
        view! {
            <div class="page row-page" data-testid="row-page">
                {tab_crumbs(&page.dashboard, &page.tab, paths::tab(&page.dashboard, &page.tab))}
                <h1>
                    <bdi>{visible(&page.name)}</bdi>
                </h1>
                {told(&page)}
            </div>
        }
    })
}

/// The same without what a page has around it, for the panel beside the grid.
pub fn row_part(page: RowPage) -> ServerPage {
    ServerPage::new(String::new(), move || {
        let path = paths::row(&page.dashboard, &page.tab, &page.id);
        view! {
            <div class="row-page">
                <p class="panel__tools">
                    <a class="button" href=path>
                        "On a page of its own"
                    </a>
                </p>
                {told(&page)}
            </div>
        }
    })
}

fn told(page: &RowPage) -> impl IntoView + use<> {
    let alert = page.failing.clone().map_or_else(
        || view! { <p class="empty">"No alert."</p> }.into_any(),
        |row| {
            view! {
                <FailingRows
                    rows=vec![row]
                    hidden=0
                    path=paths::tab(&page.dashboard, &page.tab)
                />
            }
            .into_any()
        },
    );
    let charts = page
        .metrics
        .iter()
        .filter(|metric| !metric.values.is_empty())
        .map(|metric| metric_view(page, metric))
        .collect_view();
    let elsewhere = (!page.elsewhere.is_empty()).then(|| {
        let others = TestPage {
            name: page.id.clone(),
            tabs: page.elsewhere.clone(),
            left_out: 0,
        };
        view! {
            <h2>"The same test elsewhere"</h2>
            <p class="test__said">
                <a href=paths::test(&page.id)>"All tabs and how they line up"</a>
            </p>
            {aligned(&others, None)}
            <details class="row-page__by-day">
                <summary>"The same by day"</summary>
                {aligned(&others, Some(BY_DAY))}
            </details>
        }
    });
    view! {
        <p class="row-page__strip">
            <Strip runs=strip(page) most=STRIP />
        </p>
        <p class="test__said" data-testid="row-counts">
            {counts_text(page.counts)}
        </p>
        <h2>"Alert"</h2>
        {alert}
        {bugs_view(page)}
        {charts}
        {(!page.metrics.is_empty()).then(chart_key)}
        {days_view(&page.days)}
        {failures(page)}
        {elsewhere}
    }
}

/// The issues that people linked to the row, and a form to link another. The form needs a token, which
/// stays in the reader's browser, so it is shown where scripts run; see `bugs.js`.
fn bugs_view(page: &RowPage) -> impl IntoView + use<> {
    let items = page
        .bugs
        .iter()
        .map(|bug| {
            let text = visible(&bug.text);
            view! {
                <li class="bug" data-testid="bug">
                    <a href=bug.url.clone() rel="external">
                        <bdi>{text.clone()}</bdi>
                    </a>
                    <span class="bug__by">
                        "linked by "<bdi>{visible(&bug.by)}</bdi>", "
                        <Age ms=bug.added.timestamp_millis() />
                    </span>
                    <button
                        type="button"
                        class="button bug__remove"
                        data-bug=bug.url.clone()
                        aria-label=format!("Unlink {text}")
                    >
                        "Unlink"
                    </button>
                </li>
            }
        })
        .collect_view();
    let part = paths::row_part(&paths::tab(&page.dashboard, &page.tab), &page.id);
    view! {
        <section class="bugs" data-testid="bugs" data-part=part>
            <h2>"Linked issues"</h2>
            <ul class="bugs__list">{items}</ul>
            {page.bugs.is_empty().then(|| view! { <p class="empty">"None yet."</p> })}
            <details class="bugs__more">
                <summary>"Link an issue"</summary>
                <form
                    class="bugs__form"
                    data-testid="bug-form"
                    data-bugs=paths::api_bugs(&page.test_group, &page.id)
                >
                    <label>
                        "Address"
                        <input
                            class="field"
                            type="url"
                            name="url"
                            required
                            placeholder="https://…"
                            maxlength=LONGEST_URL
                            autocomplete="off"
                        />
                    </label>
                    <label>
                        "Title, if its number is not enough"
                        <input class="field" name="title" maxlength=LONGEST_TITLE autocomplete="off" />
                    </label>
                    <label>
                        "Token that may write this test group"
                        <input class="field" type="password" name="token" required autocomplete="off" />
                    </label>
                    <button class="button">"Link"</button>
                </form>
                <p class="bugs__note">
                    "It is shown wherever this row of "<bdi>{visible(&page.test_group)}</bdi>
                    " is. Whoever runs this server makes tokens; yours stays in this browser tab."
                </p>
            </details>
            <p class="bugs__said" role="alert"></p>
        </section>
    }
}

/// The denominators of what is said of a row.
fn counts_text(counts: RowCounts) -> String {
    if counts.runs == 0 {
        return "No run of it has passed or failed yet.".to_owned();
    }
    format!(
        "{}: {} passed, {} failed, {} flaky. Outside of outages it turned to failing in {} % of them.",
        count(counts.runs as usize, "run", "runs"),
        counts.passed,
        counts.failed,
        counts.flaky,
        number(f64::from(counts.flips_percent)),
    )
}

fn strip(page: &RowPage) -> Vec<StripColumn> {
    let seam = |column: usize, kind: ComponentKind| {
        page.transitions
            .iter()
            .any(|at| at.column as usize == column && at.kind == kind)
    };
    page.runs
        .iter()
        .take(STRIP)
        .enumerate()
        .map(|(column, run)| StripColumn {
            build: run.build.clone(),
            started: run.started,
            state: run.state,
            failed: u32::from(run.state == ColumnState::Failed),
            filled: u32::from(run.state != ColumnState::Blank),
            infra_seam: seam(column, ComponentKind::Infra),
            product_seam: seam(column, ComponentKind::Product),
        })
        .collect()
}

/// The chart of one metric.
fn metric_view(page: &RowPage, metric: &RowMetric) -> AnyView {
    let name = metric_name(&metric.name);
    let runs: Vec<Run<'_>> = page
        .runs
        .iter()
        .map(|run| Run {
            build: &run.build,
            started_ms: run.started.timestamp_millis(),
            state: run.state,
        })
        .collect();
    view! {
        <h2>{name}</h2>
        {metric_chart(&runs, &page.transitions, metric, &page.name)}
    }
    .into_any()
}

fn failures(page: &RowPage) -> AnyView {
    let items = page
        .runs
        .iter()
        .filter(|run| matches!(run.state, ColumnState::Failed | ColumnState::Flaky))
        .take(FAILURES)
        .map(|run| {
            let build = format!("build {}", visible(&run.build));
            let link = match safe_url(&run.url) {
                Some(url) => view! {
                    <a href=url.to_owned() rel="external">
                        {build}
                    </a>
                }
                .into_any(),
                None => view! { <span>{build}</span> }.into_any(),
            };
            view! {
                <li class="failure" data-testid="failure">
                    <span class="failure__head">
                        <span class="failure__status">{run.status.name()}</span>
                        {link}
                        <Time ms=run.started.timestamp_millis() />
                    </span>
                    {(!run.message.is_empty())
                        .then(|| {
                            view! {
                                <pre class="failure__message">
                                    <bdi>{visible_message(&run.message)}</bdi>
                                </pre>
                            }
                        })}
                </li>
            }
        })
        .collect_view();
    view! {
        <h2>"Last failures"</h2>
        <ul class="failures">{items}</ul>
        {(page.counts.failed + page.counts.flaky == 0)
            .then(|| view! { <p class="empty">"None in these runs."</p> })}
    }
    .into_any()
}
