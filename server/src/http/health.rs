//! Whether the process lives, and whether it can answer; and all that it answers before it can.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::DateTime;
use model::wire::{Health, WireError};
use serde::Deserialize;

use super::{answer::json, error::ApiError, extract::Query, server_pages};
use crate::{clock::now_ms, read::Reader};

/// What everything else is told before there is a database.
const NO_DATABASE: &str = "the database cannot be reached yet";
/// How often the page that says so asks again by itself where no script does, in seconds.
const AGAIN_SECS: HeaderValue = HeaderValue::from_static("15");

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// What a probe may leave out.
#[derive(Debug, Deserialize)]
pub(super) struct ReadyQuery {
    exclude: Option<String>,
}

/// `GET /readyz`: the database is reachable and the first snapshot is published. With `?exclude=database` the
/// snapshot alone counts: it goes on being shown while the database is away.
pub(super) async fn readyz(
    State(reader): State<Arc<Reader>>,
    Query(query): Query<ReadyQuery>,
) -> Result<Response, ApiError> {
    match query.exclude.as_deref() {
        None => reader.ready().await?,
        Some("database") => reader.check_published()?,
        Some(other) => {
            return Err(ApiError::BadRequest(format!(
                "\"{other}\" cannot be excluded; only \"database\" can"
            )));
        }
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], "ready\n").into_response())
}

/// The routes of a server that has no database yet: it lives, and is not ready. Pages say so, and appear when
/// they can.
pub(super) fn without_database() -> Router {
    let since = DateTime::from_timestamp_millis(now_ms());
    let health = move |headers: HeaderMap| async move {
        let database_silent_since = since;
        json(
            &headers,
            &Health {
                database_silent_since,
            },
        )
    };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/api/v2/health", get(health))
        .fallback(no_database)
}

async fn no_database(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    let is_page =
        method.is_safe() && path != "/readyz" && path != "/api" && !path.starts_with("/api/");
    if !is_page {
        return ApiError::Unavailable(NO_DATABASE.to_owned()).into_response();
    }
    let error = WireError {
        code: "unavailable".to_owned(),
        message: format!("Seamgrid waits for its database: {NO_DATABASE}."),
    };
    let mut response = server_pages::answer(&uri, Err(error));
    response.headers_mut().insert(header::REFRESH, AGAIN_SECS);
    response
}
