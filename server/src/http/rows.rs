//! The rows of a tab as a list.

use std::sync::Arc;

use app::{
    api::Read as _,
    grid::lines::{Lines, What},
    pages::tab::effective,
    server_pages::rows::{GroupLine, LineOf, ListLine, RowLine, RowsPage, rows_page, rows_part},
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

use super::{error::ApiError, extract::Path, legacy::patterns::lines, server_pages};
use crate::read::{Reader, state};

/// How many lines the list has.
const LINES: usize = 200;
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
    let query = effective(query, &view.entry.tab.base_options);
    let mean_ms = reader.durations_for(&view, &query).await?;
    let task = move || {
        let grid = &view.grid.grid;
        let (order, lines) = lines(grid, &query, &mean_ms)?;
        let line = |position: usize| line(grid, &lines, position);
        let page = RowsPage {
            dashboard: summary.dashboard,
            tab: summary.tab,
            status: summary.status,
            reason: summary.reason,
            lines: (0..LINES).map_while(line).collect(),
            line_count: lines.lines.len(),
            row_count: order.rows.len(),
            filtered: order.filtered,
            stale: order.stale,
            state,
            base_options: view.entry.tab.base_options.clone(),
        };
        Ok((page, query))
    };
    tokio::task::spawn_blocking(task)
        .await
        .map_err(|error| ApiError::Internal(format!("a list was not made: {error}")))?
}

/// The line at a position; `None` behind the last.
fn line(grid: &Grid, lines: &Lines, position: usize) -> Option<ListLine> {
    let line = *lines.lines.get(position)?;
    let row = lines.row_at(grid, position)?;
    let what = match line.what {
        What::Row(_) => LineOf::Row(row_line(grid, row, lines.own_part(line, &row.name))),
        What::Head(_) => {
            let head = lines.head_at(position)?;
            LineOf::Head(GroupLine {
                path: head.path.clone(),
                own: head.own,
                rows: head.rows.len(),
                failing: head.failing(grid),
                open: head.open,
                strip: strip(grid, row),
            })
        }
    };
    Some(ListLine {
        depth: line.depth,
        what,
    })
}

fn row_line(grid: &Grid, row: &Row, own: usize) -> RowLine {
    let alert = row.alert.as_ref();
    RowLine {
        name: row.name.clone(),
        own,
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
