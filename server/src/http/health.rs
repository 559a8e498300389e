//! Whether the process lives, and whether it can answer.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::error::ApiError;
use crate::read::Reader;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// `GET /readyz`: the database is reachable and the first snapshot is published.
pub(super) async fn readyz(State(reader): State<Arc<Reader>>) -> Result<Response, ApiError> {
    reader.ready().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], "ready\n").into_response())
}
