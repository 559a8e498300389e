//! TestGrid's JSON as its own page reads it: `/{dashboard}/summary` and `/{dashboard}/table`, which is what
//! most programs read too. Names match after normalising; errors are one line of text.

mod clusters;
mod packed;
pub(super) mod patterns;
mod rows;
mod summary;
mod table;

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::HeaderMap,
    routing::get,
};
use model::{config::Notification, query::TabQuery};

use self::{
    rows::Wanted,
    table::{Served, build, write},
};
use super::{
    answer::{Answer, accepted_coding, json, versioned},
    error::ApiError,
    extract::Path,
    wrong_method,
};
use crate::read::{Encoded, Form, MetricValues, Reader, TabView};

/// The options that change nothing in the answer: what is asked for, and how a page draws it.
const WITHOUT_EFFECT: [&str; 4] = ["tab", "dashboard", "grid", "width"];

/// The routes at the root.
pub(super) fn routes() -> Router<Arc<Reader>> {
    Router::new()
        .route("/{dashboard}/summary", get(find_summary))
        .route("/{dashboard}/table", get(find_table))
        .method_not_allowed_fallback(wrong_method)
}

async fn find_summary(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let entry = snapshot.catalog().dashboard(&dashboard)?;
    json(&headers, &summary::build(&snapshot, entry))
}

async fn find_table(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let started = Instant::now();
    let query = TabQuery::parse(&query.unwrap_or_default());
    let tab = tab_of(&query)?;
    check(&query)?;
    let view = reader.tab_view(&dashboard, &tab).await?;
    let snapshot = reader.snapshot();
    let notifications = snapshot
        .catalog()
        .dashboard(&dashboard)?
        .notifications
        .clone();
    let Some(name) = kept_form(&query) else {
        let metrics = load_metrics(&reader, &view, &query).await?;
        let names = reader.metric_names(&view).await?;
        let mean_ms = reader.durations_for(&view, &query).await?;
        let work = Work {
            view,
            query,
            notifications,
            names,
            metrics,
            mean_ms,
            started: Some(started),
        };
        let body = Encoded::new(work.encode().await?);
        let coding = accepted_coding(&headers);
        let bytes = body.body(coding).await;
        return Ok(versioned(&headers, &body.version, coding, || bytes));
    };
    // The status can change by the clock alone, the notifications with the configuration, linked issues
    // by who links them.
    let content = serde_json::to_vec(&(view.status, &notifications, view.bugs.content()))
        .map(|bytes| xxhash_rust::xxh3::xxh3_64(&bytes))
        .map_err(|error| ApiError::Internal(format!("a status cannot be written: {error}")))?;
    let encoded = reader
        .form(&view, Form { name, content }, async {
            let names = reader.metric_names(&view).await?;
            let work = Work {
                view: view.clone(),
                query,
                notifications,
                names,
                metrics: Vec::new(),
                mean_ms: Vec::new(),
                started: None,
            };
            work.encode().await
        })
        .await?;
    let coding = accepted_coding(&headers);
    let body = encoded.body(coding).await;
    Ok(versioned(&headers, &encoded.version, coding, || body))
}

/// The tab that is asked for.
fn tab_of(query: &TabQuery) -> Result<String, ApiError> {
    query
        .other
        .iter()
        .find(|(key, value)| key == "tab" && !value.is_empty())
        .map(|(_, value)| value.clone())
        .ok_or_else(|| ApiError::BadRequest("which tab? Say ?tab=NAME".to_owned()))
}

/// Refuses options whose value does not fit.
fn check(query: &TabQuery) -> Result<(), ApiError> {
    for (key, value) in &query.other {
        if matches!(key.as_str(), "exclude-non-failed-tests" | "width") && !value.is_empty() {
            return Err(ApiError::BadRequest(format!(
                "{key} is a whole number, not \"{value}\""
            )));
        }
    }
    Ok(())
}

/// The name under which an answer is kept; `None` for one that few will ask for again.
fn kept_form(query: &TabQuery) -> Option<&'static str> {
    let without = |show_stale| TabQuery {
        show_stale,
        width: query.width,
        other: query.other.clone(),
        ..TabQuery::default()
    };
    let plain = query
        .other
        .iter()
        .all(|(key, _)| WITHOUT_EFFECT.contains(&key.as_str()));
    if !plain {
        None
    } else if *query == without(false) {
        Some("table")
    } else if *query == without(true) {
        Some("table with stale rows")
    } else {
        None
    }
}

/// The values of the metrics that are asked for.
pub(super) async fn load_metrics(
    reader: &Reader,
    view: &TabView,
    query: &TabQuery,
) -> Result<Vec<(String, MetricValues)>, ApiError> {
    /// Each is read from the database.
    const MOST: usize = 8;
    if query.graph_metrics.len() > MOST {
        return Err(ApiError::BadRequest(format!(
            "{} metrics are too many for one request; {MOST} are possible",
            query.graph_metrics.len()
        )));
    }
    let mut metrics = Vec::with_capacity(query.graph_metrics.len());
    for name in &query.graph_metrics {
        let Some(values) = reader.metric(view, name).await? else {
            let known = reader.metric_names(view).await?;
            return Err(ApiError::BadRequest(format!(
                "the tab has no metric \"{name}\"; it has {}",
                known.join(", ")
            )));
        };
        metrics.push((name.clone(), values));
    }
    Ok(metrics)
}

/// One table to write, apart from the request.
struct Work {
    view: TabView,
    query: TabQuery,
    notifications: Vec<Notification>,
    names: Vec<String>,
    metrics: Vec<(String, MetricValues)>,
    /// See [`Reader::mean_durations`].
    mean_ms: Vec<Option<u32>>,
    /// When the request came, for an answer that is its alone.
    started: Option<Instant>,
}

impl Work {
    async fn encode(self) -> Result<Vec<u8>, ApiError> {
        tokio::task::spawn_blocking(move || {
            let entry = &*self.view.entry;
            let wanted = Wanted::choose(
                entry,
                &self.view.grid.grid,
                &self.query,
                &self.metrics,
                &self.mean_ms,
            )?;
            let served = self
                .started
                .map_or(Served::Kept, |started| Served::Now(started.elapsed()));
            let table = build(
                &self.view,
                &wanted,
                &self.notifications,
                &self.names,
                served,
            );
            write(&table)
                .map_err(|error| ApiError::Internal(format!("a table cannot be written: {error}")))
        })
        .await
        .map_err(|error| ApiError::Internal(format!("a table was not written: {error}")))?
    }
}
