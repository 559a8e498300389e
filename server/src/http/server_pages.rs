//! Answers with pages that the server draws alone; what they show is in `app::server_pages`.

use app::server_pages::{ServerPage, document};
use axum::{
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use model::wire::WireError;

use super::assets::assets;
use crate::clock::now_ms;

/// The page at `uri` as an answer. Ages are told from now, so nobody keeps it.
pub(super) fn answer(uri: &Uri, page: Result<ServerPage, WireError>) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let (status, html) = document(assets(), path, now_ms(), page.map_err(explained));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (status, headers, html).into_response()
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
