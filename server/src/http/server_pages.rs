//! Answers with pages that the server draws alone; what they show is in `app::server_pages`.

use app::server_pages::{ServerPage, document, part};
use axum::{
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use model::wire::WireError;

use super::{
    assets::assets,
    error::{ApiError, RETRY_SECS},
};
use crate::clock::now_ms;

/// HTML that nobody keeps, because ages in it are told from now.
const HTML_NOW: [(header::HeaderName, HeaderValue); 2] = [
    (
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// The page at `uri` as an answer.
pub(super) fn answer(uri: &Uri, page: Result<ServerPage, WireError>) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let (status, html) = document(assets(), path, now_ms(), page.map_err(explained));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, HTML_NOW, html).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, RETRY_SECS);
    }
    response
}

/// The same page as a part of one that is in a browser already; what goes wrong is told as the API does.
pub(super) fn answer_part(uri: &Uri, page: Result<ServerPage, WireError>) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match page {
        Ok(page) => (HTML_NOW, part(path, now_ms(), page)).into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Says no more of our own faults than a reader can use; the log has the rest.
fn explained(error: WireError) -> WireError {
    if error.code != "internal" {
        return error;
    }
    tracing::error!(%error, "cannot draw a page: {error}");
    WireError {
        message: "Something went wrong on the server; its log says what.".to_owned(),
        ..error
    }
}
