//! Search and tests: the pages, and the same as data.

use std::sync::Arc;

use app::server_pages::{
    row::{row_page, row_part},
    search::search_page,
    test::test_page,
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::get,
};
use model::wire::{ErrorBody, Found, Items, RowPage, TestPage, TestRef, WireError};
use serde::Deserialize;

use super::{
    answer::{Answer, json},
    error::ApiError,
    extract::{Path, Query},
    openapi::{Misunderstood, NotModified},
    paging::{Page, page},
    server_pages,
};
use crate::read::Reader;

/// The most tests that one search answers.
const MOST_TESTS: usize = 1_000;
/// How many it answers when the client does not say.
const SOME_TESTS: usize = 50;

/// The pages.
pub(super) fn pages() -> Router<Arc<Reader>> {
    Router::new()
        .route("/tests", get(show_found))
        .route("/tests/{name}", get(show_test))
        .route("/d/{dashboard}/{tab}/rows/{row}", get(show_row))
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    /// Words; all of them must be in a name.
    q: String,
    /// At most so many.
    limit: Option<usize>,
    /// Begin after the test of this name.
    after: Option<String>,
}

/// How a test's runs are lined up.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lines {
    by: Option<String>,
}

#[derive(Deserialize)]
struct Shown {
    /// Asked for by the panel of a tab: without a document around it.
    part: Option<String>,
}

async fn show_found(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Query(search): Query<Search>,
) -> Response {
    let found = reader.search(&search.q).await;
    let page = found.map(|found| search_page(&search.q, found));
    server_pages::answer(&uri, page.map_err(WireError::from))
}

async fn show_test(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path(name): Path<String>,
    Query(lines): Query<Lines>,
) -> Response {
    let found = reader.test(&name).await;
    server_pages::answer(&uri, found.map(|found| test_page(found, lines.by)))
}

async fn show_row(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path((dashboard, tab, row)): Path<(String, String, String)>,
    Query(shown): Query<Shown>,
) -> Response {
    let found = reader.row(&dashboard, &tab, &row).await;
    if shown.part.is_some() {
        server_pages::answer_part(&uri, found.map(row_part))
    } else {
        server_pages::answer(&uri, found.map(row_page))
    }
}

/// One row of a tab in depth.
#[utoipa::path(
    get,
    path = "/api/v2/dashboards/{dashboard}/tabs/{tab}/rows/{row}",
    params(
        ("dashboard" = String, Path, description = "The dashboard's name; names match after normalising"),
        ("tab" = String, Path, description = "The tab's name; names match after normalising"),
        ("row" = String, Path, description = "The row's identity or its name"),
    ),
    responses(
        (status = 200, description = "The row: its alert, its runs, its numbers, the same test elsewhere", body = RowPage),
        NotModified,
        (status = 404, description = "There is no such row", body = ErrorBody),
    )
)]
pub(super) async fn find_row(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab, row)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.row(&dashboard, &tab, &row).await?)
}

/// Everything whose name holds the words.
#[utoipa::path(
    get,
    path = "/api/v2/search",
    params(("q" = String, Query, description = "Words; all of them must be in a name, in any order and case")),
    responses(
        (status = 200, description = "What was found, by kind, best first", body = Found),
        NotModified,
    )
)]
pub(super) async fn find_all(
    State(reader): State<Arc<Reader>>,
    Query(search): Query<Search>,
    headers: HeaderMap,
) -> Answer {
    json(
        &headers,
        &reader.search(&search.q).await.map_err(WireError::from)?,
    )
}

/// The tests whose names hold the words.
#[utoipa::path(
    get,
    path = "/api/v2/tests",
    params(
        ("q" = String, Query, description = "Words; all of them must be in a name, in any order and case"),
        ("limit" = Option<u32>, Query, description = "At most so many; 50 when absent", minimum = 1, maximum = 1000),
        ("after" = Option<String>, Query, description = "Begin after the test of this name, as the page before said in `next`; of the best 1,000"),
    ),
    responses(
        (status = 200, description = "The tests, best first", body = Items<TestRef>),
        NotModified,
        Misunderstood,
    )
)]
pub(super) async fn find_tests(
    State(reader): State<Arc<Reader>>,
    Query(search): Query<Search>,
    headers: HeaderMap,
) -> Answer {
    let limit = search.limit.unwrap_or(SOME_TESTS);
    if !(1..=MOST_TESTS).contains(&limit) {
        return Err(ApiError::BadRequest(format!(
            "limit must be between 1 and {MOST_TESTS}"
        )));
    }
    let reach = match search.after {
        None => limit + 1,
        Some(_) => MOST_TESTS,
    };
    let (tests, _) = reader
        .find_tests(&search.q, reach)
        .await
        .map_err(WireError::from)?;
    let wanted = Page {
        limit: Some(limit),
        after: search.after,
    };
    json(
        &headers,
        &page(tests, &wanted, |test| test.name.as_str().into())?,
    )
}

/// One test on every tab that shows it.
#[utoipa::path(
    get,
    path = "/api/v2/tests/{name}",
    params(("name" = String, Path, description = "The test's whole name")),
    responses(
        (status = 200, description = "The test's runs on every tab, those of release branches first", body = TestPage),
        NotModified,
        (status = 404, description = "No test is called so", body = ErrorBody),
    )
)]
pub(super) async fn find_test(
    State(reader): State<Arc<Reader>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.test(&name).await?)
}
