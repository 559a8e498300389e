//! `/q/…` and `/r/…`: TestGrid's smaller addresses, which stand in many README files.

use std::sync::Arc;

use app::paths;
use axum::{
    Router,
    extract::{OriginalUri, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse as _, Redirect},
    routing::get,
};
use model::{
    config::{DashboardTab, TestGroup},
    query::TabQuery,
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    answer::{Answer, json, typed},
    badge::{escape, shield, svg},
    error::ApiError,
    extract::Path,
    testgrid::check_scope,
    wrong_method,
};
use crate::read::{Reader, Snapshot};

/// How long badges and the widget may be kept, in seconds.
const MAX_AGE: u32 = 60;

/// The routes at the root.
pub(super) fn routes() -> Router<Arc<Reader>> {
    Router::new()
        .route("/q/list", get(list))
        .route("/q/config/{dashboard}/{tab}", get(find_config))
        .route("/q/summary/{dashboard}", get(widget))
        .route("/q/summary/{dashboard}/{tab}", get(tab_page))
        .route(
            "/q/summary/{dashboard}/{tab}/tests_status",
            get(tests_status),
        )
        .route("/r/{bucket}/{*rest}", get(other_configuration))
        .method_not_allowed_fallback(wrong_method)
}

/// Dashboards with the names of their tabs, both in the order of the configuration.
struct List<'a>(&'a Snapshot);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let catalog = self.0.catalog();
        let mut map = serializer.serialize_map(Some(catalog.dashboards().len()))?;
        for dashboard in catalog.dashboards() {
            let tabs: Vec<&str> = dashboard
                .tabs
                .iter()
                .map(|&index| catalog.tabs()[index].tab.name.as_str())
                .collect();
            map.serialize_entry(&dashboard.name, &tabs)?;
        }
        map.end()
    }
}

async fn list(State(reader): State<Arc<Reader>>, headers: HeaderMap) -> Answer {
    json(&headers, &List(&reader.snapshot()))
}

/// A tab's configuration, after defaults.
#[derive(Serialize)]
struct Config<'a> {
    dashboard_tab: &'a DashboardTab,
    test_group: &'a TestGroup,
}

async fn find_config(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let index = snapshot.catalog().tab(&dashboard, &tab)?;
    let entry = &snapshot.catalog().tabs()[index];
    let config = Config {
        dashboard_tab: &entry.tab,
        test_group: &entry.group,
    };
    json(&headers, &config)
}

/// A dashboard's tabs with their statuses, to be shown in a frame.
async fn widget(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let catalog = snapshot.catalog();
    let entry = catalog.dashboard(&dashboard)?;
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title>\
         <style>body{{font:14px sans-serif;margin:8px}}td{{padding:2px 8px 2px 0}}</style>\
         <h1 style=\"font-size:16px\"><a href=\"{page}\" target=\"_top\">{name}</a>: {status}</h1><table>",
        name = escape(&entry.name),
        page = escape(&paths::dashboard(&entry.name)),
        status = snapshot.dashboard_status(entry).word(),
    );
    for &index in &entry.tabs {
        let summary = snapshot.summary(index);
        html += &format!(
            "<tr><td>{glyph} {status}</td><td><a href=\"{page}\" target=\"_top\">{name}</a></td>\
             <td>{message}</td></tr>",
            glyph = summary.status.glyph(),
            status = summary.status.word(),
            page = escape(&paths::tab(&entry.name, &summary.tab)),
            name = escape(&summary.tab),
            message = escape(&summary.message),
        );
    }
    html += "</table></html>\n";
    Ok(typed(
        &headers,
        "text/html; charset=utf-8",
        Some(MAX_AGE),
        html,
    ))
}

async fn tab_page(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
) -> Answer {
    let snapshot = reader.snapshot();
    let index = snapshot.catalog().tab(&dashboard, &tab)?;
    let entry = &snapshot.catalog().tabs()[index];
    Ok(Redirect::temporary(&paths::tab(&entry.dashboard, &entry.tab.name)).into_response())
}

/// A tab's badge: `style=svg` or none for the picture, `style=shields` for shields.io, and
/// `label=tests` for the word instead of the tab's name.
async fn tests_status(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let index = snapshot.catalog().tab(&dashboard, &tab)?;
    let status = snapshot.status(index);
    let options = TabQuery::parse(&query.unwrap_or_default()).other;
    let option = |name: &str| {
        options
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let name = &snapshot.catalog().tabs()[index].tab.name;
    let label = option("label").unwrap_or(name);
    match option("style").unwrap_or("svg") {
        "svg" => Ok(typed(
            &headers,
            "image/svg+xml",
            Some(MAX_AGE),
            svg(label, status),
        )),
        "shields" => {
            let body = serde_json::to_vec(&shield(label, status, MAX_AGE)).map_err(|error| {
                ApiError::Internal(format!("a badge cannot be written: {error}"))
            })?;
            Ok(typed(&headers, "application/json", Some(MAX_AGE), body))
        }
        other => Err(ApiError::BadRequest(format!(
            "there is no style \"{other}\"; there are svg and shields"
        ))),
    }
}

/// TestGrid shows the configuration of another bucket under `/r/{bucket}/`; here there is one.
async fn other_configuration(
    State(reader): State<Arc<Reader>>,
    Path((bucket, _)): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
) -> Answer {
    let scope = format!("scope=gs://{}", paths::segment(&bucket));
    check_scope(Some(&scope), reader.scope())?;
    let rest = uri
        .path_and_query()
        .map_or("", axum::http::uri::PathAndQuery::as_str)
        .trim_start_matches("/r/");
    let rest = rest.split_once('/').map_or("", |(_, rest)| rest);
    // One slash alone: two would name another host.
    Ok(Redirect::temporary(&format!("/{}", rest.trim_start_matches('/'))).into_response())
}
