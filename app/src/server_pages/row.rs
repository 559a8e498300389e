//! One row of a tab in depth: its alert and why, how flaky it is, its numbers over time with the seams,
//! what its last failures said, and the same test on other tabs.

use leptos::prelude::*;
use model::{
    infra::{ComponentKind, short_version},
    wire::{ColumnState, RowCounts, RowMetric, RowPage, RowRun, StripColumn, TestPage},
};

use super::{
    ServerPage,
    chart::{ChartSeam, Point, chart, number},
    days::days_view,
    test::aligned,
};
use crate::{
    components::{
        clock::Time,
        failing_rows::FailingRows,
        strip::{Strip, state_word},
    },
    paths,
    text::{count, safe_url, visible, visible_message},
    time::Zone,
};

/// How many failures are listed.
const FAILURES: usize = 10;
/// How many runs the strip has.
const STRIP: usize = 60;

/// The page of a row.
pub fn row_page(page: RowPage) -> ServerPage {
    let title = format!("{} · {}", visible(&page.name), visible(&page.tab));
    ServerPage::new(title, move || row_view(&page))
}

fn row_view(page: &RowPage) -> impl IntoView + use<> {
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
        }
    });
    let tab = paths::tab(&page.dashboard, &page.tab);
    view! {
        <div class="page row-page" data-testid="row-page">
            <p class="crumbs">
                <a href=paths::dashboard(&page.dashboard)>
                    <bdi>{visible(&page.dashboard)}</bdi>
                </a>
                " › "
                <a href=tab>
                    <bdi>{visible(&page.tab)}</bdi>
                </a>
            </p>
            <h1>
                <bdi>{visible(&page.name)}</bdi>
            </h1>
            <p class="row-page__strip">
                <Strip runs=strip(page) most=STRIP />
            </p>
            <p class="test__said" data-testid="row-counts">
                {counts_text(page.counts)}
            </p>
            <h2>"Alert"</h2>
            {alert}
            {charts}
            {days_view(&page.days)}
            {failures(page)}
            {elsewhere}
        </div>
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

fn date(run: &RowRun) -> String {
    format!(
        "{} UTC",
        Zone::Utc.moment(run.started.timestamp_millis()).full_text()
    )
}

fn metric_view(page: &RowPage, metric: &RowMetric) -> AnyView {
    let points: Vec<Point> = metric
        .values
        .iter()
        .filter_map(|&(column, value)| {
            let run = page.runs.get(column as usize)?;
            Some(Point {
                column: column as usize,
                value,
                state: state_word(run.state),
                title: format!(
                    "{} {}, {}, build {}",
                    number(value),
                    state_word(run.state),
                    date(run),
                    visible(&run.build)
                ),
            })
        })
        .collect();
    let seams: Vec<ChartSeam> = page
        .transitions
        .iter()
        .map(|at| ChartSeam {
            column: at.column as usize,
            kind: match at.kind {
                ComponentKind::Infra => "infra",
                ComponentKind::Product => "product",
            },
            title: format!(
                "{} {} → {}",
                visible(&at.component),
                visible(at.from.as_deref().map_or("unknown", short_version)),
                visible(short_version(&at.to))
            ),
        })
        .collect();
    let name = match metric.name.as_str() {
        "test-duration-minutes" => "Duration in minutes".to_owned(),
        name => visible(name),
    };
    let (newest, oldest) = (
        page.runs.first().map(date).unwrap_or_default(),
        page.runs.last().map(date).unwrap_or_default(),
    );
    let label = format!("{name}, newest run at the left");
    let table = points
        .iter()
        .zip(&metric.values)
        .filter_map(|(point, (_, value))| {
            let run = page.runs.get(point.column)?;
            Some(view! {
                <tr>
                    <td>{visible(&run.build)}</td>
                    <td>{date(run)}</td>
                    <td>{point.state}</td>
                    <td>{number(*value)}</td>
                </tr>
            })
        })
        .collect_view();
    view! {
        <h2>{name.clone()}</h2>
        {chart(&label, page.runs.len(), &points, &seams, &newest, &oldest)}
        <details class="chart-table">
            <summary>"As a table"</summary>
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Build"</th>
                        <th scope="col">"Began"</th>
                        <th scope="col">"Result"</th>
                        <th scope="col">{name}</th>
                    </tr>
                </thead>
                <tbody>{table}</tbody>
            </table>
        </details>
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
