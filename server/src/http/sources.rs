//! Where results come from, and how fresh they are: the page, and the same as data.

use std::sync::Arc;

use app::{
    paths,
    server_pages::status::{source_page, status_page},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::get,
};
use model::wire::{ErrorBody, Health, SourcePage, Sources};

use super::{
    answer::{Answer, json},
    extract::{Path, Query},
    openapi::{Misunderstood, NotModified},
    paging::{Page, page},
    server_pages,
};
use crate::{clock::now_ms, read::Reader};

/// The pages.
pub(super) fn pages() -> Router<Arc<Reader>> {
    Router::new()
        .route(paths::STATUS, get(show_sources))
        .route(&format!("{}/{{group}}", paths::STATUS), get(show_source))
}

async fn show_sources(State(reader): State<Arc<Reader>>, uri: Uri) -> Response {
    server_pages::answer(&uri, Ok(status_page(reader.sources(), now_ms())))
}

async fn show_source(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path(group): Path<String>,
) -> Response {
    let found = reader.source(&group).await;
    server_pages::answer(&uri, found.map(|found| source_page(found, now_ms())))
}

/// All sources.
#[utoipa::path(
    get,
    path = "/api/v2/sources",
    params(Page),
    responses(
        (status = 200, description = "The sources of all test groups that are read from buckets, and the processes that read them", body = Sources),
        NotModified,
        Misunderstood,
    )
)]
pub(super) async fn list_sources(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let mut sources = reader.sources();
    let part = page(sources.items, &wanted, |source| {
        source.group.as_str().into()
    })?;
    (sources.items, sources.next) = (part.items, part.next);
    json(&headers, &sources)
}

/// Whether what is answered is of now.
#[utoipa::path(
    get,
    path = "/api/v2/health",
    responses(
        (status = 200, description = "Since when the database gives no answer, if it gives none. Nothing is asked for this: pages look often", body = Health),
        (status = 304, description = "The client has it already"),
    )
)]
pub(super) async fn find_health(State(reader): State<Arc<Reader>>, headers: HeaderMap) -> Answer {
    json(&headers, &reader.health())
}

/// One source.
#[utoipa::path(
    get,
    path = "/api/v2/sources/{group}",
    params(
        ("group" = String, Path, description = "A test group. Names match by their letters and digits"),
    ),
    responses(
        (status = 200, description = "The source, with what could not be read of its builds", body = SourcePage),
        NotModified,
        (status = 404, description = "No such group is read from a bucket", body = ErrorBody),
    )
)]
pub(super) async fn find_source(
    State(reader): State<Arc<Reader>>,
    Path(group): Path<String>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.source(&group).await?)
}
