//! The infrastructure: what lies between two versions, the feed of changes, versions; as pages, as data
//! and as an Atom feed.

use std::sync::Arc;

use app::{
    api::Read as _,
    paths,
    server_pages::{
        compare::{CompareForm, builds_page, builds_part, compare_form_page, compare_page},
        infra::{infra_page, version_page},
    },
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::get,
};
use chrono::SecondsFormat;
use model::{
    infra::short_version,
    wire::{
        ErrorBody, Items, WireError,
        drift::Declared,
        infra::{Alarm, Comparison, InfraChange, InfraFeed, VersionLine, VersionPage},
    },
};

use super::{
    answer::{Answer, json, typed},
    error::ApiError,
    extract::{Path, Query, origin},
    feed::{Entry, write_feed},
    openapi::{Misunderstood, NotModified},
    paging::{Page, page},
    server_pages,
};
use crate::read::{CompareQuery, Reader};

/// How many changes the Atom feed tells.
const ENTRIES: usize = 100;
/// How long it may be kept, in seconds.
const MAX_AGE: u32 = 60;

/// The pages.
pub(super) fn pages() -> Router<Arc<Reader>> {
    Router::new()
        .route(paths::COMPARE, get(show_comparison))
        .route(paths::INFRA, get(show_feed))
        .route("/infra/{component}", get(show_component))
        .route("/infra/{component}/{version}", get(show_version))
}

/// The Atom feed.
pub(super) fn feeds() -> Router<Arc<Reader>> {
    Router::new().route(paths::FEED_OF_INFRA, get(feed_of_infra))
}

async fn show_comparison(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Query(query): Query<CompareQuery>,
    headers: HeaderMap,
) -> Response {
    let builds = query.older.as_deref().zip(query.newer.as_deref());
    let tab = query.dashboard.as_deref().zip(query.tab.as_deref());
    if let (Some((older, newer)), Some((dashboard, tab)), "") =
        (builds, tab, query.component.as_str())
    {
        let state = reader.state();
        let found = reader.compare_builds(dashboard, tab, [older, newer]).await;
        return if query.part.is_some() {
            server_pages::answer_part(&uri, found.map(builds_part))
        } else {
            let page = found.map(|found| builds_page(found).renewed_after(state));
            server_pages::answer(&uri, page)
        };
    }
    if query == CompareQuery::default() {
        let form = in_background(move || Ok(compare_form(&reader, None))).await;
        return server_pages::answer(&uri, form.map(compare_form_page));
    }
    let state = reader.state();
    let found = in_background(move || reader.compare(&query)).await;
    let origin = origin(&headers);
    let page = found.map(|found| compare_page(found, origin).renewed_after(state));
    server_pages::answer(&uri, page)
}

async fn show_feed(State(reader): State<Arc<Reader>>, uri: Uri) -> Response {
    let state = reader.state();
    let found = in_background(move || {
        let feed = reader.infra_feed();
        Ok((feed, compare_form(&reader, None)))
    })
    .await;
    let page = found.map(|(feed, form)| infra_page(&feed, form).renewed_after(state));
    server_pages::answer(&uri, page)
}

/// What two versions can be asked of; `chosen` is one of its components.
fn compare_form(reader: &Reader, chosen: Option<String>) -> CompareForm {
    let versions = chosen.as_deref().map(|name| reader.infra_versions(name));
    CompareForm {
        components: reader.component_names(),
        versions: versions.and_then(Result::ok).unwrap_or_default(),
        chosen,
    }
}

async fn show_component(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path(component): Path<String>,
) -> Response {
    let state = reader.state();
    let found = in_background(move || {
        let feed = reader.infra_feed();
        let known = feed.components.iter().find(|it| it.name == component);
        if let Some(known) = known {
            let form = compare_form(&reader, Some(known.name.clone()));
            return Ok((feed.clone(), form));
        }
        if feed.components.is_empty() {
            return Err(WireError {
                code: "not_found".to_owned(),
                message: format!("there is no infra component \"{component}\": none is configured"),
            });
        }
        let names: Vec<&str> = feed.components.iter().map(|it| it.name.as_str()).collect();
        Err(WireError {
            code: "not_found".to_owned(),
            message: format!(
                "there is no infra component \"{component}\"; there are {}",
                names.join(", ")
            ),
        })
    })
    .await;
    let page = found.map(|(feed, form)| infra_page(&feed, form).renewed_after(state));
    server_pages::answer(&uri, page)
}

async fn show_version(
    State(reader): State<Arc<Reader>>,
    uri: Uri,
    Path((component, version)): Path<(String, String)>,
) -> Response {
    let state = reader.state();
    let found = in_background(move || reader.infra_version(&component, &version)).await;
    let page = found.map(|found| version_page(found).renewed_after(state));
    server_pages::answer(&uri, page)
}

/// What lies between two versions.
#[utoipa::path(
    get,
    path = "/api/v2/compare",
    params(
        ("component" = String, Query, description = "An infra component's name, or `org/name` of a product"),
        ("from" = String, Query, description = "The version to start from: a commit, in full or abbreviated, the tag of an image, a tag or branch of the repository"),
        ("to" = String, Query, description = "The version to end at"),
        ("dashboard" = Option<String>, Query, description = "With `tab`: the tab whose job the commits are looked at for"),
        ("tab" = Option<String>, Query, description = "See `dashboard`"),
    ),
    responses(
        (status = 200, description = "Commits between, newest first; tabs that saw the change, worst first. A version that is not known is said so in its end, and what can be told is", body = Comparison),
        NotModified,
        (status = 400, description = "A parameter is missing", body = ErrorBody),
        (status = 404, description = "There is no such component, dashboard or tab; the message names what is near", body = ErrorBody),
    )
)]
pub(super) async fn find_comparison(
    State(reader): State<Arc<Reader>>,
    Query(query): Query<CompareQuery>,
    headers: HeaderMap,
) -> Answer {
    let comparison = in_background(move || reader.compare(&query)).await?;
    json(&headers, &comparison)
}

/// The changes of all infra components.
#[utoipa::path(
    get,
    path = "/api/v2/infra/changes",
    responses(
        (status = 200, description = "Changes, newest first, with roll-backs that did not hold and the weather", body = InfraFeed),
        NotModified,
    )
)]
pub(super) async fn find_changes(State(reader): State<Arc<Reader>>, headers: HeaderMap) -> Answer {
    let feed = in_background(move || Ok(reader.infra_feed())).await?;
    json(&headers, &*feed)
}

/// Roll-backs that did not hold.
#[utoipa::path(
    get,
    path = "/api/v2/infra/alarms",
    params(Page),
    responses(
        (status = 200, description = "Roll-backs that did not hold and still stand, or ended within a week; newest first", body = Items<Alarm>),
        NotModified,
        Misunderstood,
    )
)]
pub(super) async fn list_alarms(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let alarms = in_background(move || Ok(reader.current_alarms())).await?;
    json(
        &headers,
        &page(alarms, &wanted, |alarm| {
            format!("{}@{}", alarm.component, alarm.time.timestamp_millis()).into()
        })?,
    )
}

/// Components whose runs show another version than deploys declare.
#[utoipa::path(
    get,
    path = "/api/v2/infra/drift",
    params(Page),
    responses(
        (status = 200, description = "Components whose newest runs show a version that no deploy declares, for longer than deploys usually take", body = Items<Declared>),
        NotModified,
        Misunderstood,
    )
)]
pub(super) async fn list_drift(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let drifting = in_background(move || Ok(reader.drifting())).await?;
    json(
        &headers,
        &page(drifting, &wanted, |declared| {
            declared.component.as_str().into()
        })?,
    )
}

/// The versions of a component.
#[utoipa::path(
    get,
    path = "/api/v2/infra/components/{component}/versions",
    params(
        ("component" = String, Path, description = "An infra component's name, or `org/name` of a product"),
        Page,
    ),
    responses(
        (status = 200, description = "The versions that runs had, newest first by when a run first had them", body = Items<VersionLine>),
        NotModified,
        Misunderstood,
        (status = 404, description = "There is no such component; the message names what is near", body = ErrorBody),
    )
)]
pub(super) async fn list_versions(
    State(reader): State<Arc<Reader>>,
    Path(component): Path<String>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let lines = in_background(move || reader.infra_versions(&component)).await?;
    json(
        &headers,
        &page(lines, &wanted, |line| line.version.as_str().into())?,
    )
}

/// One version of a component.
#[utoipa::path(
    get,
    path = "/api/v2/infra/components/{component}/versions/{version}",
    params(
        ("component" = String, Path, description = "An infra component's name, or `org/name` of a product"),
        ("version" = String, Path, description = "As runs say it, or abbreviated"),
    ),
    responses(
        (status = 200, description = "Where the version runs, and how tabs fare under it", body = VersionPage),
        NotModified,
        (status = 404, description = "There is no such component, or no run had this version", body = ErrorBody),
    )
)]
pub(super) async fn find_version(
    State(reader): State<Arc<Reader>>,
    Path((component, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let found = in_background(move || reader.infra_version(&component, &version)).await?;
    json(&headers, &found)
}

/// Works out what takes longer than a look at what is published, without holding up other requests.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WireError> + Send + 'static,
) -> Result<T, WireError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(WireError {
            code: "internal".to_owned(),
            message: "the work on an answer was lost".to_owned(),
        })
    })
}

async fn feed_of_infra(State(reader): State<Arc<Reader>>, headers: HeaderMap) -> Answer {
    let feed = in_background(move || Ok(reader.infra_feed())).await?;
    let entries: Vec<Entry> = feed.changes.iter().take(ENTRIES).map(entry).collect();
    let body = write_feed(
        &origin(&headers),
        "Changes of the infrastructure",
        paths::FEED_OF_INFRA,
        paths::INFRA,
        &entries,
    )
    .map_err(|error| ApiError::Internal(format!("a feed cannot be written: {error}")))?;
    Ok(typed(
        &headers,
        "application/atom+xml; charset=utf-8",
        Some(MAX_AGE),
        body,
    ))
}

fn entry(change: &InfraChange) -> Entry {
    let (from, to) = (short_version(&change.from), short_version(&change.to));
    let mut summary = format!(
        "Seen by {} test groups, first at {}. {} broke, {} also failed since, {} recovered.",
        change.seen,
        change.first.to_rfc3339_opts(SecondsFormat::Secs, true),
        change.broke,
        change.perhaps,
        change.fixed
    );
    if !change.subject.is_empty() {
        summary = format!("{}. {summary}", change.subject);
    }
    if let Some(alarm) = &change.undoes {
        summary = format!("{} {summary}", alarm.sentence);
    }
    Entry {
        id: vec![
            change.component.clone(),
            change.from.clone(),
            change.to.clone(),
            change.first.timestamp_millis().to_string(),
        ],
        title: format!("{} {from} → {to}", change.component),
        at_ms: change.first.timestamp_millis(),
        // What it did is known better with each tab that comes to it.
        updated_ms: change.last.timestamp_millis(),
        link: paths::compare(&change.component, &change.from, &change.to),
        category: if change.undoes.is_some() {
            "undone-roll-back".to_owned()
        } else {
            String::new()
        },
        summary,
    }
}
