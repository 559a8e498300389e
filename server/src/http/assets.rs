//! The files that the browser needs, embedded into the program: content-hashed, so they may be cached
//! for ever, and compressed when the site was built.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use app::shell::Assets;

/// The folder that `cargo xtask build` writes; empty in a program built without it. In a debug build
/// the files are read from the folder when they are asked for.
#[derive(RustEmbed)]
#[folder = "$SEAMGRID_SITE"]
#[allow_missing = true]
struct Site;

/// Where the files are served.
const PREFIX: &str = "/assets";

/// The compressed siblings of a file, best first: coding and suffix.
const CODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// `GET /assets/{file}`
pub(super) fn assets_router() -> Router {
    Router::new().route(&format!("{PREFIX}/{{*file}}"), get(asset))
}

/// The addresses of the files, as the site's manifest has them; none without a site.
pub(super) fn assets() -> &'static Assets {
    static ASSETS: LazyLock<Assets> = LazyLock::new(find_assets);
    &ASSETS
}

fn find_assets() -> Assets {
    let Some(manifest) = Site::get("manifest.json") else {
        return Assets::default();
    };
    let names: serde_json::Map<String, serde_json::Value> = match serde_json::from_slice(
        &manifest.data,
    ) {
        Ok(names) => names,
        Err(error) => {
            tracing::error!(%error, "the site's manifest.json cannot be read: pages have no scripts");
            return Assets::default();
        }
    };
    let address = |key: &str| {
        let name = names.get(key)?.as_str()?;
        Some(format!("{PREFIX}/{name}"))
    };
    Assets {
        script: address("app.js"),
        wasm: address("app.wasm"),
        style: address("style.css"),
    }
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_inner = file == "manifest.json" || CODINGS.iter().any(|(_, end)| file.ends_with(end));
    if is_inner || Site::get(&file).is_none() {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    }
    let found = CODINGS
        .into_iter()
        .filter(|(coding, _)| accepts(accepted, coding))
        .find_map(|(coding, end)| Some((Some(coding), Site::get(&format!("{file}{end}"))?)))
        .or_else(|| Some((None, Site::get(&file)?)));
    match found {
        Some((coding, content)) => answer(&file, coding, content),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(file: &str, coding: Option<&'static str>, content: EmbeddedFile) -> Response {
    let kind = match file.rsplit_once('.').map(|(_, end)| end) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    let mut response = content.data.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// Whether an `Accept-Encoding` names this coding and does not refuse it with `q=0`.
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts.any(|part| {
                part.strip_prefix("q=").is_some_and(|quality| {
                    quality.parse::<f32>().is_ok_and(|quality| quality <= 0.0)
                })
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_chosen_by_name() {
        for (header, coding, accepted) in [
            ("gzip, deflate, br", "br", true),
            ("gzip;q=1.0, br;q=0", "br", false),
            ("br;q=0.5", "br", true),
            ("brotli", "br", false),
            ("GZIP", "gzip", true),
            ("", "gzip", false),
        ] {
            assert_eq!(accepts(header, coding), accepted, "{header}");
        }
    }
}
