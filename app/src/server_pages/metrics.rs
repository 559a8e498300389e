//! Numbers beside the results, as charts over the runs of a tab: how long each row took, and what else it
//! measured. What TestGrid's `graph-metrics` asks for.

use leptos::prelude::*;
use model::{
    infra::{ComponentKind, short_version},
    query::TabQuery,
    transition::Transition,
    wire::{ColumnState, MetricRow, MetricsPage, RowMetric},
};

use super::{
    ServerPage,
    chart::{ChartSeam, Point, chart, chart_table, number},
    row_filter, tab_crumbs,
};
use crate::{
    components::{clock::Time, name_link::row_link, strip::state_word},
    paths,
    text::{count, visible},
    time::Zone,
};

/// TestGrid's name of how long a test took.
pub const DURATION: &str = "test-duration-minutes";

/// One run under a chart.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The build id.
    pub build: &'a str,
    /// When it began, in milliseconds since 1970.
    pub started_ms: i64,
    /// What the row's cell comes to.
    pub state: ColumnState,
}

impl Run<'_> {
    fn date(&self) -> String {
        format!("{} UTC", Zone::Utc.moment(self.started_ms).full_text())
    }
}

/// A metric's name for people.
pub fn metric_name(name: &str) -> String {
    match name {
        DURATION => "Duration in minutes".to_owned(),
        name => visible(name),
    }
}

/// The page of a tab's numbers, as `query` asks for them.
pub fn metrics_page(page: MetricsPage, query: TabQuery) -> ServerPage {
    let title = format!("Metrics · {}", visible(&page.tab));
    ServerPage::new(title, move || metrics_view(&page, &query))
}

fn metrics_view(page: &MetricsPage, query: &TabQuery) -> impl IntoView + use<> {
    let grid = TabQuery {
        graph_metrics: Vec::new(),
        ..query.clone()
    };
    let tab = paths::tab(&page.dashboard, &page.tab);
    let grid = paths::with_query(tab.clone(), &grid.to_query_string());
    let choices = page
        .names
        .iter()
        .map(|name| {
            let only = TabQuery {
                graph_metrics: vec![name.clone()],
                ..query.clone()
            };
            let href = paths::metrics(&page.dashboard, &page.tab, &only.to_query_string());
            let is_shown = page.shown.contains(name);
            view! {
                <a class="choices__one" href=href aria-current=is_shown.then_some("true")>
                    {metric_name(name)}
                </a>
            }
        })
        .collect_view();
    let rows = page
        .rows
        .iter()
        .map(|row| row_view(page, row))
        .collect_view();
    let said = match (page.rows.len(), page.row_count as usize) {
        (0, _) => {
            "No row has a value of it here. Another metric or filter may have some.".to_owned()
        }
        (shown, all) if shown < all => {
            format!("The first {shown} of {all} rows with values; filter to see others.")
        }
        (_, all) => format!("{} with values.", count(all, "row", "rows")),
    };
    view! {
        <div class="page metrics-page" data-testid="metrics-page">
            {tab_crumbs(&page.dashboard, &page.tab, tab.clone())}
            <h1>"Metrics"</h1>
            <p class="choices" role="group" aria-label="Which metric">
                {choices}
            </p>
            {row_filter(paths::metrics(&page.dashboard, &page.tab, ""), query)}
            <p class="test__said" data-testid="metrics-said">
                {said}
                " "
                <a href=grid>"The grid"</a>
            </p>
            {(!page.rows.is_empty()).then(chart_key)}
            {rows}
        </div>
    }
}

/// What the marks of the charts mean.
pub fn chart_key() -> impl IntoView {
    view! {
        <p class="chart-key">
            "● passed, ■ failed, ▲ flaky · lines through a chart: the infrastructure changed · ticks below: the product changed"
        </p>
    }
}

fn row_view(page: &MetricsPage, row: &MetricRow) -> AnyView {
    let runs: Vec<Run<'_>> = page
        .columns
        .iter()
        .zip(&row.states)
        .map(|(column, &state)| Run {
            build: &column.build,
            started_ms: column.started.timestamp_millis(),
            state,
        })
        .collect();
    let several = page.shown.len() > 1;
    let charts = row
        .metrics
        .iter()
        .map(|metric| {
            view! {
                {several.then(|| view! { <h3>{metric_name(&metric.name)}</h3> })}
                {metric_chart(&runs, &page.transitions, metric, &row.name)}
            }
        })
        .collect_view();
    view! {
        <section class="metrics-page__row" data-testid="metric-row">
            <h2>{row_link(&page.dashboard, &page.tab, &row.id, &row.name)}</h2>
            {charts}
        </section>
    }
    .into_any()
}

/// The values of `metric` in `runs`, newest first, with the seams between them; the same as a table
/// below. `of` is the name of the row.
pub fn metric_chart(
    runs: &[Run<'_>],
    transitions: &[Transition],
    metric: &RowMetric,
    of: &str,
) -> AnyView {
    let values: Vec<(&Run<'_>, u32, f64)> = metric
        .values
        .iter()
        .filter_map(|&(column, value)| Some((runs.get(column as usize)?, column, value)))
        .collect();
    let points: Vec<Point> = values
        .iter()
        .map(|&(run, column, value)| Point {
            column: column as usize,
            value,
            state: state_word(run.state),
            title: format!(
                "{} {}, {}, build {}",
                number(value),
                state_word(run.state),
                run.date(),
                visible(run.build)
            ),
        })
        .collect();
    let seams: Vec<ChartSeam> = transitions
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
    let name = metric_name(&metric.name);
    let end = |run: Option<&Run<'_>>| run.map(Run::date).unwrap_or_default();
    let label = format!("{name} of {}, newest run at the left", visible(of));
    let lines = values.iter().map(|&(run, _, value)| {
        [
            visible(run.build).into_any(),
            view! { <Time ms=run.started_ms /> }.into_any(),
            state_word(run.state).into_any(),
            number(value).into_any(),
        ]
    });
    let table = chart_table(&label, ["Build", "Began", "Result", name.as_str()], lines);
    view! {
        {chart(&label, runs.len(), &points, &seams, &end(runs.first()), &end(runs.last()))}
        {table}
    }
    .into_any()
}
