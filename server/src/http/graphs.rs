//! Numbers of a tab's rows over its runs: the page, and the same as data.

use std::{collections::HashMap, sync::Arc};

use app::{
    paths,
    server_pages::metrics::{DURATION, metrics_page},
};
use axum::{
    Router,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, Uri},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use model::{
    query::TabQuery,
    wire::{Durations, MetricColumn, MetricRow, MetricsPage, RowMetric, WireError, time},
};

use super::{
    answer::{Answer, json},
    error::ApiError,
    extract::{NamedTab, Path},
    legacy::{load_metrics, patterns::ordered},
    openapi::{Misunderstood, NotModified, Unknown},
    server_pages,
};
use crate::read::{Reader, state, values_by_column};

/// How many rows one answer has.
const ROWS: usize = 24;

/// The page.
pub(super) fn pages() -> Router<Arc<Reader>> {
    Router::new().route("/d/{dashboard}/{tab}/metrics", get(show_metrics))
}

/// A tab's page with `graph-metrics` goes on to the charts, with all its options.
pub(super) async fn go_on(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default();
    let is_tab = uri.path().matches('/').count() == 3;
    if is_tab
        && let Some((dashboard, tab)) = paths::tab_of(uri.path())
        && !TabQuery::parse(query).graph_metrics.is_empty()
    {
        return Redirect::to(&paths::metrics(&dashboard, &tab, query)).into_response();
    }
    next.run(request).await
}

async fn show_metrics(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path((dashboard, tab)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = TabQuery::parse(&query.unwrap_or_default());
    let found = find(&reader, &dashboard, &tab, &query).await;
    let page = found.map(|page| metrics_page(page, query));
    server_pages::answer(&uri, page.map_err(WireError::from))
}

/// The numbers of a tab's rows.
#[utoipa::path(
    get,
    path = "/api/v2/dashboards/{dashboard}/tabs/{tab}/metrics",
    params(
        NamedTab,
        ("graph-metrics" = Option<Vec<String>>, Query, description = "Which metrics; `test-duration-minutes` when absent. The options of the tab's page that choose and sort rows are understood too"),
    ),
    responses(
        (status = 200, description = "The values of the first rows that have any", body = MetricsPage),
        NotModified,
        Misunderstood,
        Unknown,
    )
)]
pub(super) async fn find_metrics(
    State(reader): State<Arc<Reader>>,
    Path(NamedTab { dashboard, tab }): Path<NamedTab>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let query = TabQuery::parse(&query.unwrap_or_default());
    json(&headers, &find(&reader, &dashboard, &tab, &query).await?)
}

/// How long a tab's rows take.
#[utoipa::path(
    get,
    path = "/api/v2/dashboards/{dashboard}/tabs/{tab}/durations",
    params(NamedTab),
    responses(
        (status = 200, description = "How long each row of the grid takes on average", body = Durations),
        NotModified,
        Unknown,
    )
)]
pub(super) async fn find_durations(
    State(reader): State<Arc<Reader>>,
    Path(NamedTab { dashboard, tab }): Path<NamedTab>,
    headers: HeaderMap,
) -> Answer {
    let view = reader.tab_view(&dashboard, &tab).await?;
    let durations = Durations {
        version: view.grid.grid.version.clone(),
        mean_ms: reader.mean_durations(&view).await?,
    };
    json(&headers, &durations)
}

async fn find(
    reader: &Reader,
    dashboard: &str,
    tab: &str,
    query: &TabQuery,
) -> Result<MetricsPage, ApiError> {
    let view = reader.tab_view(dashboard, tab).await?;
    let names = reader.metric_names(&view).await?;
    let mut query = query.clone();
    if query.graph_metrics.is_empty() {
        query.graph_metrics.push(DURATION.to_owned());
    }
    let loaded = load_metrics(reader, &view, &query).await?;
    let mean_ms = reader.durations_for(&view, &query).await?;
    let task = move || {
        let grid = &view.grid.grid;
        let order = ordered(grid, &query, &mean_ms)?;
        let by_name: Vec<(&str, HashMap<_, _>)> = loaded
            .iter()
            .map(|(name, values)| (name.as_str(), values.by_name()))
            .collect();
        let mut row_count = 0;
        let mut rows = Vec::new();
        for &index in &order.rows {
            let row = &grid.rows[index as usize];
            let metrics: Vec<RowMetric> = by_name
                .iter()
                .filter_map(|(name, values)| {
                    Some(RowMetric {
                        name: (*name).to_owned(),
                        values: values_by_column(grid, row, values)?,
                    })
                })
                .filter(|metric| !metric.values.is_empty())
                .collect();
            if metrics.is_empty() {
                continue;
            }
            row_count += 1;
            if rows.len() < ROWS {
                rows.push(MetricRow {
                    name: row.name.clone(),
                    id: row.id.clone(),
                    states: row.statuses.iter().map(state).collect(),
                    metrics,
                });
            }
        }
        Ok(MetricsPage {
            dashboard: view.entry.dashboard.clone(),
            tab: view.entry.tab.name.clone(),
            names,
            shown: query.graph_metrics,
            columns: grid
                .columns
                .iter()
                .map(|column| MetricColumn {
                    build: column.build.clone(),
                    started: time(column.started_ms),
                })
                .collect(),
            transitions: grid.transitions.clone(),
            rows,
            row_count,
        })
    };
    tokio::task::spawn_blocking(task)
        .await
        .map_err(|error| ApiError::Internal(format!("charts were not made: {error}")))?
}
