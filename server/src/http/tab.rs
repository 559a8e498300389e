//! Pages and parts of pages about one tab that the server draws alone.

use std::sync::Arc;

use app::{
    paths,
    server_pages::{
        cell::{cell_page, cell_part, duration_part},
        seam::{Seam, seam_page, seam_part},
    },
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::get,
};
use model::wire::infra::TabName;
use serde::Deserialize;

use super::{
    extract::{Path, Query, origin},
    server_pages,
};
use crate::read::Reader;

/// The pages.
pub(super) fn pages() -> Router<Arc<Reader>> {
    Router::new()
        .route("/d/{dashboard}/{tab}/seams/{build}", get(show_seam))
        .route("/d/{dashboard}/{tab}/cells/{build}", get(show_cell))
}

/// What is wanted of a tab.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// The row of a cell, by its identity or its name.
    row: String,
    /// Present for a part of a page that is there: `duration` is how long a cell took, anything else all.
    part: Option<String>,
}

async fn show_seam(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path((dashboard, tab, build)): Path<(String, String, String)>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let found = reader.tab_view(&dashboard, &tab).await.and_then(|view| {
        let tab = TabName {
            dashboard: view.entry.dashboard.clone(),
            tab: view.entry.tab.name.clone(),
        };
        Seam::find(tab, &view.grid.grid, &build)
    });
    if wanted.part.is_some() {
        server_pages::answer_part(&uri, found.map(seam_part))
    } else {
        server_pages::answer(&uri, found.map(seam_page))
    }
}

async fn show_cell(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path((dashboard, tab, build)): Path<(String, String, String)>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let page = origin(&headers) + &paths::tab(&dashboard, &tab);
    let found = reader
        .cell(&dashboard, &tab, &wanted.row, &build, &page)
        .await;
    match wanted.part.as_deref() {
        None => server_pages::answer(&uri, found.map(cell_page)),
        Some("duration") => server_pages::answer_part(&uri, found.map(|cell| duration_part(&cell))),
        Some(_) => server_pages::answer_part(&uri, found.map(cell_part)),
    }
}
