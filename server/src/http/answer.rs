//! How an answer travels: entity tags, conditional requests, content coding.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::error::ApiError;
use crate::read::Coding;

/// What a handler answers.
pub(super) type Answer = Result<Response, ApiError>;

/// Answers are kept by browsers and proxies, but asked for again each time: a 304 is cheap.
const REVALIDATE: &str = "no-cache";

/// A small answer as JSON, with an entity tag of its content.
pub(super) fn json<T: Serialize>(request: &HeaderMap, value: &T) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(value)
        .map_err(|error| ApiError::Internal(format!("an answer cannot be written: {error}")))?;
    let version = format!("{:016x}", xxh3_64(&body));
    Ok(versioned(request, &version, None, || Bytes::from(body)))
}

/// A small answer of another type than JSON, which may be kept for `max_age` seconds.
pub(super) fn typed(
    request: &HeaderMap,
    kind: &'static str,
    max_age: Option<u32>,
    body: impl Into<Bytes>,
) -> Response {
    let body = body.into();
    let version = format!("{:016x}", xxh3_64(&body));
    let mut response = versioned(request, &version, None, || body);
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(seconds) = max_age
        && let Ok(value) = HeaderValue::from_str(&format!("max-age={seconds}"))
    {
        headers.insert(header::CACHE_CONTROL, value);
    }
    response
}

/// An answer whose content has this version; `body` is asked for only when the client does not have
/// it yet. `coding` is what the body is already compressed with.
pub(super) fn versioned(
    request: &HeaderMap,
    version: &str,
    coding: Option<Coding>,
    body: impl FnOnce() -> Bytes,
) -> Response {
    // Weak: the same content is answered in several codings.
    let tag = format!("W/\"{version}\"");
    let mut response = if is_current(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(body()));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(coding) = coding {
            headers.insert(
                header::CONTENT_ENCODING,
                HeaderValue::from_static(coding.name()),
            );
        }
        response
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Whether `If-None-Match` names this tag. Comparison is weak, as RFC 9110 wants for this header.
fn is_current(request: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || opaque(known) == tag)
}

/// The best coding that the client takes: brotli, else gzip, else none.
pub(super) fn accepted_coding(request: &HeaderMap) -> Option<Coding> {
    let mut weights = [0.0f32; 2];
    let values = request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for value in values {
        let mut parts = value.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        match name.to_ascii_lowercase().as_str() {
            "br" => weights[0] = weight,
            "gzip" | "x-gzip" => weights[1] = weight,
            _ => {}
        }
    }
    let [brotli, gzip] = weights;
    if brotli > 0.0 && brotli >= gzip {
        Some(Coding::Brotli)
    } else if gzip > 0.0 {
        Some(Coding::Gzip)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_best_accepted_coding_is_chosen() {
        for (accepted, expected) in [
            ("", None),
            ("identity", None),
            ("gzip", Some(Coding::Gzip)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("br;q=0, gzip", Some(Coding::Gzip)),
            ("br;q=0.2, gzip;q=0.8", Some(Coding::Gzip)),
            ("BR", Some(Coding::Brotli)),
            ("br;q=x", None),
        ] {
            let request = with(header::ACCEPT_ENCODING, accepted);
            assert_eq!(accepted_coding(&request), expected, "{accepted}");
        }
    }

    #[test]
    fn a_known_tag_is_current() {
        for (known, current) in [
            ("W/\"1\"", true),
            ("\"1\"", true),
            ("\"0\", W/\"1\"", true),
            ("*", true),
            ("\"2\"", false),
            ("1", false),
        ] {
            let request = with(header::IF_NONE_MATCH, known);
            assert_eq!(is_current(&request, "W/\"1\""), current, "{known}");
        }
    }
}
