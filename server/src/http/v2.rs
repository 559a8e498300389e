//! `/api/v2`: our own answers. Each handler asks the published snapshot and says nothing of its own.

use std::sync::Arc;

use app::api::{GridSlice, Read as _};
use axum::{
    extract::State,
    http::HeaderMap,
    routing::{MethodRouter, get, post},
};
use model::{
    grid::Grid,
    wire::{ComponentRef, DashboardPage, DashboardRef, GroupPage, Items, Release, TabPage},
};

use super::{
    answer::{Answer, accepted_coding, json, versioned},
    changes,
    error::ApiError,
    events::list_events,
    extract::{NamedTab, Path, Query},
    graphs, infra,
    openapi::{self, Misunderstood, NotModified, Unknown},
    paging::{Page, page},
    push::{link_bug, list_revisions, notify_gcs, report_deploy, unlink_bug, upload_run},
    search, sources,
};
use crate::read::Reader;

/// The routes below `/api/v2`, each with its path. Every one is described in [`super::openapi`].
pub(super) fn routes() -> Vec<(&'static str, MethodRouter<Arc<Reader>>)> {
    vec![
        ("/releases", get(list_releases)),
        ("/dashboards", get(list_dashboards)),
        ("/dashboard-groups/{group}", get(find_dashboard_group)),
        ("/dashboards/{dashboard}", get(find_dashboard)),
        ("/dashboards/{dashboard}/tabs/{tab}", get(find_tab)),
        ("/dashboards/{dashboard}/tabs/{tab}/grid", get(find_grid)),
        (
            "/dashboards/{dashboard}/tabs/{tab}/metrics",
            get(graphs::find_metrics),
        ),
        (
            "/dashboards/{dashboard}/tabs/{tab}/durations",
            get(graphs::find_durations),
        ),
        ("/events", get(list_events)),
        ("/groups/{group}/runs", post(upload_run)),
        (
            "/groups/{group}/runs/{build}/revisions",
            get(list_revisions),
        ),
        (
            "/groups/{group}/rows/{row}/bugs",
            post(link_bug).delete(unlink_bug),
        ),
        ("/notify/gcs", post(notify_gcs)),
        ("/deploys", post(report_deploy)),
        ("/health", get(sources::find_health)),
        ("/sources", get(sources::list_sources)),
        ("/sources/{group}", get(sources::find_source)),
        ("/infra/components", get(list_components)),
        (
            "/dashboards/{dashboard}/tabs/{tab}/rows/{row}",
            get(search::find_row),
        ),
        (
            "/infra/components/{component}/versions",
            get(infra::list_versions),
        ),
        (
            "/infra/components/{component}/versions/{version}",
            get(infra::find_version),
        ),
        ("/infra/changes", get(infra::find_changes)),
        ("/infra/alarms", get(infra::list_alarms)),
        ("/infra/drift", get(infra::list_drift)),
        ("/changes", get(changes::find_changes_since)),
        ("/compare", get(infra::find_comparison)),
        ("/search", get(search::find_all)),
        ("/tests", get(search::find_tests)),
        ("/tests/{name}", get(search::find_test)),
        ("/openapi.json", get(find_openapi)),
    ]
}

/// Release branches.
#[utoipa::path(
    get,
    path = "/api/v2/releases",
    params(
        Page,
    ),
    responses(
        (status = 200, description = "Release branches, master first, then newest first", body = Items<Release>),
        NotModified,
        Misunderstood,
    )
)]
pub(super) async fn list_releases(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let releases = reader.releases()?;
    let mut wanted = page(releases.items, &wanted, |release| {
        release.branch.as_str().into()
    })?;
    wanted.notes = releases.notes;
    json(&headers, &wanted)
}

/// All dashboards.
#[utoipa::path(
    get,
    path = "/api/v2/dashboards",
    params(
        Page,
    ),
    responses(
        (status = 200, description = "All dashboards, by name", body = Items<DashboardRef>),
        NotModified,
        Misunderstood,
    )
)]
pub(super) async fn list_dashboards(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let dashboards = reader.dashboards()?.items;
    json(
        &headers,
        &page(dashboards, &wanted, |dashboard| {
            dashboard.name.as_str().into()
        })?,
    )
}

/// One dashboard.
#[utoipa::path(
    get,
    path = "/api/v2/dashboards/{dashboard}",
    params(
        ("dashboard" = String, Path, description = "Names match by their letters and digits"),
    ),
    responses(
        (status = 200, description = "A dashboard with its tabs, in the order of the configuration", body = DashboardPage),
        NotModified,
        Unknown,
    )
)]
pub(super) async fn find_dashboard(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.dashboard(&dashboard)?)
}

/// One dashboard group.
#[utoipa::path(
    get,
    path = "/api/v2/dashboard-groups/{group}",
    params(
        ("group" = String, Path, description = "Names match by their letters and digits"),
    ),
    responses(
        (status = 200, description = "A dashboard group with its dashboards, in the order of the configuration", body = GroupPage),
        NotModified,
        Unknown,
    )
)]
pub(super) async fn find_dashboard_group(
    State(reader): State<Arc<Reader>>,
    Path(group): Path<String>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.dashboard_group(&group)?)
}

/// One tab.
#[utoipa::path(
    get,
    path = "/api/v2/dashboards/{dashboard}/tabs/{tab}",
    params(NamedTab),
    responses(
        (status = 200, description = "A tab with its configuration", body = TabPage),
        NotModified,
        Unknown,
    )
)]
pub(super) async fn find_tab(
    State(reader): State<Arc<Reader>>,
    Path(NamedTab { dashboard, tab }): Path<NamedTab>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.tab(&dashboard, &tab).await?)
}

/// The grid of one tab.
#[utoipa::path(
    get,
    path = "/api/v2/dashboards/{dashboard}/tabs/{tab}/grid",
    params(
        NamedTab,
        ("columns" = Option<u32>, Query, description = "At most so many columns, the newest"),
        ("before" = Option<String>, Query, description = "Only columns older than this build"),
        ("rows" = Option<u32>, Query, description = "At most so many rows from the top"),
    ),
    responses(
        (status = 200, description = "The grid of a tab, or a part of it", body = Grid),
        NotModified,
        Misunderstood,
        Unknown,
    )
)]
pub(super) async fn find_grid(
    State(reader): State<Arc<Reader>>,
    Path(NamedTab { dashboard, tab }): Path<NamedTab>,
    Query(slice): Query<GridSlice>,
    headers: HeaderMap,
) -> Answer {
    if slice != GridSlice::default() {
        let grid = reader.grid(&dashboard, &tab, slice).await?;
        let body = serde_json::to_vec(&*grid)
            .map_err(|error| ApiError::Internal(format!("a grid cannot be written: {error}")))?;
        return Ok(versioned(&headers, &grid.version, None, || body.into()));
    }
    let grid = reader.published_grid(&dashboard, &tab).await?;
    let coding = accepted_coding(&headers);
    let body = grid.body(coding).await;
    Ok(versioned(&headers, &grid.grid.version, coding, || body))
}

/// The infra components.
#[utoipa::path(
    get,
    path = "/api/v2/infra/components",
    params(
        Page,
    ),
    responses(
        (status = 200, description = "The infra components, in the order of the settings", body = Items<ComponentRef>),
        NotModified,
        Misunderstood,
    )
)]
pub(super) async fn list_components(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let components = reader.components();
    json(
        &headers,
        &page(components, &wanted, |component| {
            component.name.as_str().into()
        })?,
    )
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/v2/openapi.json",
    responses(
        (status = 200, description = "The description of this interface", body = Object),
        NotModified,
    )
)]
pub(super) async fn find_openapi(headers: HeaderMap) -> Answer {
    let document = openapi::document().map_err(|error| {
        ApiError::Internal(format!("the description cannot be written: {error}"))
    })?;
    json(&headers, &document)
}
