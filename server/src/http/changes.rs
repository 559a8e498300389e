//! What changed since a moment: the page, and the same as data.

use std::sync::Arc;

use app::{paths, server_pages::changes::changes_page};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::get,
};
use chrono::DateTime;
use model::wire::{ChangesSince, ErrorBody, WireError};
use serde::Deserialize;

use super::{
    answer::{Answer, json},
    error::ApiError,
    extract::Query,
    openapi::NotModified,
    server_pages,
};
use crate::{clock::now_ms, read::Reader};

/// How far back without a word about it: a day, in milliseconds.
const USUAL_MS: i64 = 24 * 3_600_000;

/// Since when.
#[derive(Debug, Deserialize)]
pub(super) struct Since {
    since: Option<String>,
    /// `count` for the count alone.
    only: Option<String>,
}

impl Since {
    /// In milliseconds since 1970.
    fn ms(&self) -> Result<i64, WireError> {
        let Some(text) = self
            .since
            .as_deref()
            .map(str::trim)
            .filter(|it| !it.is_empty())
        else {
            return Ok(now_ms().saturating_sub(USUAL_MS));
        };
        if let Ok(ms) = text.parse() {
            return Ok(ms);
        }
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) => Ok(time.timestamp_millis()),
            Err(_) => Err(WireError {
                code: "bad_request".to_owned(),
                message: format!(
                    "since is \"{text}\", which is neither a time such as 2026-11-20T14:00:00Z nor \
                     milliseconds since 1970"
                ),
            }),
        }
    }
}

/// The page.
pub(super) fn pages() -> Router<Arc<Reader>> {
    Router::new().route(paths::CHANGES, get(show_changes))
}

async fn show_changes(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Query(since): Query<Since>,
) -> Response {
    let found = match since.ms() {
        Ok(since_ms) => reader.changes_since(since_ms).await,
        Err(error) => Err(error),
    };
    let asked = since.since.is_some();
    server_pages::answer(
        &uri,
        found.map(|found| changes_page(found, asked, now_ms())),
    )
}

/// What changed since a moment.
#[utoipa::path(
    get,
    path = "/api/v2/changes",
    params(
        ("since" = Option<String>, Query, description = "RFC 3339, or milliseconds since 1970; a day ago when absent"),
        ("only" = Option<String>, Query, description = "`count` leaves the lists empty"),
    ),
    responses(
        (status = 200, description = "Statuses of tabs that turned, rows that began to fail and infra components that changed: on release branches, or everywhere where there are none", body = ChangesSince),
        NotModified,
        (status = 400, description = "`since` is no time, or `only` is not known", body = ErrorBody),
    )
)]
pub(super) async fn find_changes_since(
    State(reader): State<Arc<Reader>>,
    Query(since): Query<Since>,
    headers: HeaderMap,
) -> Answer {
    let mut found = reader.changes_since(since.ms()?).await?;
    match since.only.as_deref() {
        None => {}
        Some("count") => {
            found.turns.clear();
            found.failing.clear();
            found.infra.clear();
        }
        Some(other) => {
            return Err(ApiError::BadRequest(format!(
                "only is \"{other}\"; there is \"count\""
            )));
        }
    }
    json(&headers, &found)
}
