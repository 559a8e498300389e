//! The rows of a tab as a list.

use std::sync::Arc;

use app::{
    api::Read as _,
    server_pages::rows::{RowLine, RowsPage, rows_page, rows_part},
};
use axum::{
    Router,
    extract::{RawQuery, State},
    http::Uri,
    response::Response,
    routing::get,
};
use model::{
    grid::{Grid, Row},
    infra::ComponentKind,
    query::TabQuery,
    wire::{ColumnState, StripColumn, WireError, time},
};

use super::{error::ApiError, extract::Path, legacy::patterns::ordered, server_pages};
use crate::read::{Reader, state};

/// How many rows the list has.
const ROWS: usize = 200;
/// How many runs of each.
const RUNS: usize = 20;
/// At the end of a query: the page is wanted as a part of one that is there.
const PART: &str = "part=";

/// The page.
pub(super) fn pages() -> Router<Arc<Reader>> {
    Router::new().route("/d/{dashboard}/{tab}/rows", get(show_rows))
}

async fn show_rows(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path((dashboard, tab)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let (asked, part) = match query.strip_suffix(PART) {
        Some(rest) => (rest.trim_end_matches('&'), true),
        None => (query.as_str(), false),
    };
    let page = find(&reader, &dashboard, &tab, asked).await;
    let page = page.map_err(WireError::from);
    if part {
        server_pages::answer_part(&uri, page.map(|(page, query)| rows_part(page, query)))
    } else {
        server_pages::answer(&uri, page.map(|(page, query)| rows_page(page, query)))
    }
}

/// The rows, and the options that chose them: those of the address, or else the tab's own.
async fn find(
    reader: &Reader,
    dashboard: &str,
    tab: &str,
    query: &str,
) -> Result<(RowsPage, TabQuery), ApiError> {
    // Read before the data, it is never newer than they.
    let state = reader.state();
    let view = reader.tab_view(dashboard, tab).await?;
    let snapshot = reader.snapshot();
    let summary = snapshot.summary(snapshot.catalog().tab(dashboard, tab)?);
    let query = TabQuery::parse(if query.is_empty() {
        &view.entry.tab.base_options
    } else {
        query
    });
    let mean_ms = reader.durations_for(&view, &query).await?;
    let task = move || {
        let grid = &view.grid.grid;
        let order = ordered(grid, &query, &mean_ms)?;
        let rows = order.rows.iter().take(ROWS);
        let page = RowsPage {
            dashboard: summary.dashboard,
            tab: summary.tab,
            status: summary.status,
            reason: summary.reason,
            rows: rows
                .map(|&index| line(grid, &grid.rows[index as usize]))
                .collect(),
            row_count: order.rows.len(),
            filtered: order.filtered,
            stale: order.stale,
            state,
        };
        Ok((page, query))
    };
    tokio::task::spawn_blocking(task)
        .await
        .map_err(|error| ApiError::Internal(format!("a list was not made: {error}")))?
}

fn line(grid: &Grid, row: &Row) -> RowLine {
    let alert = row.alert.as_ref();
    RowLine {
        name: row.name.clone(),
        id: row.id.clone(),
        fail_count: alert.map_or(0, |alert| alert.fail_count),
        message: alert.map_or_else(String::new, |alert| alert.message.clone()),
        strip: strip(grid, row),
    }
}

/// The newest runs of a row, each as a bar.
fn strip(grid: &Grid, row: &Row) -> Vec<StripColumn> {
    let seam = |column: usize, kind: ComponentKind| {
        grid.transitions
            .iter()
            // Newest first: the rest lies further back.
            .take_while(|at| at.column as usize <= column)
            .any(|at| at.column as usize == column && at.kind == kind)
    };
    row.statuses
        .iter()
        .zip(&grid.columns)
        .take(RUNS)
        .enumerate()
        .map(|(index, (status, column))| {
            let state = state(status);
            StripColumn {
                build: column.build.clone(),
                started: time(column.started_ms),
                state,
                failed: u32::from(state == ColumnState::Failed),
                filled: u32::from(state != ColumnState::Blank),
                infra_seam: seam(index, ComponentKind::Infra),
                product_seam: seam(index, ComponentKind::Product),
            }
        })
        .collect()
}
