//! Whether the process lives, and whether it can answer.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::error::ApiError;
use crate::read::Reader;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// Everything else, before there is a database.
pub(super) async fn no_database() -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::RETRY_AFTER, "5"),
    ];
    let why = "the database cannot be reached yet\n";
    (StatusCode::SERVICE_UNAVAILABLE, headers, why).into_response()
}

/// `GET /readyz`: the database is reachable and the first snapshot is published.
pub(super) async fn readyz(State(reader): State<Arc<Reader>>) -> Result<Response, ApiError> {
    reader.ready().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], "ready\n").into_response())
}
