//! `/api/v1`: TestGrid's own REST interface, so that its clients can be pointed here. Two things differ on
//! purpose: tabs keep the order of the configuration, and a status that is not known is said.

mod answers;
mod build;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    middleware::{self, Next},
    routing::get,
};

use self::answers::{
    Dashboard, DashboardGroups, DashboardSummaries, DashboardTabs, Dashboards, Notification,
    OneDashboardSummary, OneTabSummary, TabSummaries,
};
use super::{
    answer::{Answer, accepted_coding, json, versioned},
    error::ApiError,
    extract::Path,
    testgrid::one_scope,
    unknown_path, wrong_method,
};
use crate::read::{Form, Reader, TabView};

/// The routes below `/api/v1`.
pub(super) fn routes(reader: &Reader) -> Router<Arc<Reader>> {
    let scope = reader.scope().to_owned();
    Router::new()
        .route("/dashboards", get(list_dashboards))
        .route("/dashboard-groups", get(list_groups))
        .route("/dashboard-groups/{group}", get(find_group))
        .route(
            "/dashboard-groups/{group}/dashboard-summaries",
            get(list_dashboard_summaries),
        )
        .route("/dashboards/{dashboard}", get(find_dashboard))
        .route("/dashboards/{dashboard}/tabs", get(list_tabs))
        .route("/dashboards/{dashboard}/tabs/{tab}", get(find_tab))
        .route(
            "/dashboards/{dashboard}/tabs/{tab}/headers",
            get(list_headers),
        )
        .route("/dashboards/{dashboard}/tabs/{tab}/rows", get(list_rows))
        .route(
            "/dashboards/{dashboard}/tab-summaries",
            get(list_tab_summaries),
        )
        .route(
            "/dashboards/{dashboard}/tab-summaries/{tab}",
            get(find_tab_summary),
        )
        .route(
            "/dashboards/{dashboard}/summary",
            get(find_dashboard_summary),
        )
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            one_scope(scope.clone(), request, next)
        }))
}

async fn list_dashboards(State(reader): State<Arc<Reader>>, headers: HeaderMap) -> Answer {
    let snapshot = reader.snapshot();
    let mut dashboards: Vec<_> = snapshot
        .catalog()
        .dashboards()
        .iter()
        .map(|entry| build::dashboard(entry, true))
        .collect();
    dashboards.sort_by(|a, b| a.name.cmp(&b.name));
    json(&headers, &Dashboards { dashboards })
}

async fn list_groups(State(reader): State<Arc<Reader>>, headers: HeaderMap) -> Answer {
    let snapshot = reader.snapshot();
    let mut dashboard_groups: Vec<_> = snapshot
        .catalog()
        .dashboard_groups()
        .iter()
        .map(|group| build::dashboard_group(&group.name))
        .collect();
    dashboard_groups.sort_by(|a, b| a.name.cmp(&b.name));
    json(&headers, &DashboardGroups { dashboard_groups })
}

async fn find_group(
    State(reader): State<Arc<Reader>>,
    Path(group): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let catalog = snapshot.catalog();
    let dashboards = catalog
        .dashboard_group(&group)?
        .dashboards
        .iter()
        .map(|&index| build::dashboard(&catalog.dashboards()[index], false))
        .collect();
    json(&headers, &Dashboards { dashboards })
}

async fn list_dashboard_summaries(
    State(reader): State<Arc<Reader>>,
    Path(group): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let catalog = snapshot.catalog();
    let dashboard_summaries = catalog
        .dashboard_group(&group)?
        .dashboards
        .iter()
        .map(|&index| build::dashboard_summary(&snapshot, &catalog.dashboards()[index]))
        .collect();
    json(
        &headers,
        &DashboardSummaries {
            dashboard_summaries,
        },
    )
}

async fn find_dashboard(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let entry = snapshot.catalog().dashboard(&dashboard)?;
    json(
        &headers,
        &Dashboard {
            notifications: entry
                .notifications
                .iter()
                .map(|notification| Notification {
                    summary: notification.summary.clone(),
                    context_link: notification.context_link.clone(),
                })
                .collect(),
            default_tab: entry.default_tab.clone(),
            suppress_failing_tabs: entry.downplay_failing_tabs,
            highlight_today: entry.highlight_today,
        },
    )
}

async fn list_tabs(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let catalog = snapshot.catalog();
    let dashboard_tabs = catalog
        .dashboard(&dashboard)?
        .tabs
        .iter()
        .map(|&index| build::tab(&catalog.tabs()[index]))
        .collect();
    json(&headers, &DashboardTabs { dashboard_tabs })
}

async fn find_tab(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let catalog = snapshot.catalog();
    let index = catalog.tab(&dashboard, &tab)?;
    json(&headers, &build::tab_config(&catalog.tabs()[index]))
}

async fn list_headers(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let view = reader.tab_view(&dashboard, &tab).await?;
    let form = Form {
        name: "v1 headers",
        content: 0,
    };
    send(&reader, &view, &headers, form, |view| {
        let hotlist_ids = build::hotlist_ids(&view.entry.group);
        serde_json::to_vec(&build::headers(&view.entry, &view.grid.grid, &hotlist_ids))
    })
    .await
}

async fn list_rows(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let view = reader.tab_view(&dashboard, &tab).await?;
    let form = Form {
        name: "v1 rows",
        content: view.bugs.content(),
    };
    send(&reader, &view, &headers, form, |view| {
        let ids = build::cell_ids(&view.entry, &view.grid.grid);
        serde_json::to_vec(&build::rows(view, &ids))
    })
    .await
}

/// Sends a form of a grid that is written once per version of it.
async fn send(
    reader: &Reader,
    view: &TabView,
    request: &HeaderMap,
    form: Form,
    write: fn(&TabView) -> serde_json::Result<Vec<u8>>,
) -> Answer {
    let name = form.name;
    let encoded = reader
        .form(view, form, async {
            let view = view.clone();
            tokio::task::spawn_blocking(move || write(&view))
                .await
                .map_err(|error| ApiError::Internal(format!("{name} were not written: {error}")))?
                .map_err(|error| ApiError::Internal(format!("{name} cannot be written: {error}")))
        })
        .await?;
    let coding = accepted_coding(request);
    let body = encoded.body(coding).await;
    Ok(versioned(request, &encoded.version, coding, || body))
}

async fn list_tab_summaries(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let tab_summaries = snapshot
        .catalog()
        .dashboard(&dashboard)?
        .tabs
        .iter()
        .map(|&index| build::tab_summary(snapshot.summary(index)))
        .collect();
    json(&headers, &TabSummaries { tab_summaries })
}

async fn find_tab_summary(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let index = snapshot.catalog().tab(&dashboard, &tab)?;
    let tab_summary = build::tab_summary(snapshot.summary(index));
    json(&headers, &OneTabSummary { tab_summary })
}

async fn find_dashboard_summary(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let snapshot = reader.snapshot();
    let entry = snapshot.catalog().dashboard(&dashboard)?;
    let dashboard_summary = build::dashboard_summary(&snapshot, entry);
    json(&headers, &OneDashboardSummary { dashboard_summary })
}
