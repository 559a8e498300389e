//! `/api/v2`: our own answers. Each handler asks the published snapshot and says nothing of its own.

use std::sync::Arc;

use app::api::{GridSlice, Read as _};
use axum::{
    extract::{
        FromRequestParts, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, request::Parts},
    response::Response,
};
use model::wire::Items;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    answer::{accepted_coding, json, versioned},
    error::ApiError,
};
use crate::read::Reader;

type Answer = Result<Response, ApiError>;

/// Path parameters, each decoded once; a path that is no text is a bad request.
pub(super) struct Path<T>(T);

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found: Result<_, PathRejection> =
            axum::extract::Path::<T>::from_request_parts(parts, state).await;
        Ok(Self(found?.0))
    }
}

/// Query parameters; unknown ones are ignored, a value that does not fit is a bad request.
pub(super) struct Query<T>(T);

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found: Result<_, QueryRejection> =
            axum::extract::Query::<T>::from_request_parts(parts, state).await;
        Ok(Self(found?.0))
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    /// At most so many; all when absent.
    limit: Option<usize>,
    /// Begin after the item of this name, as the page before said in `next`.
    after: Option<String>,
}

/// The wanted part of `items`, whose keys are unique.
fn page<T>(items: Vec<T>, wanted: &Page, key: impl Fn(&T) -> &str) -> Result<Items<T>, ApiError> {
    let limit = match wanted.limit {
        None => usize::MAX,
        Some(0) => return Err(ApiError::BadRequest("limit must be at least 1".to_owned())),
        Some(limit) => limit,
    };
    let start = match &wanted.after {
        None => 0,
        Some(after) => items
            .iter()
            .position(|item| key(item) == after)
            .map(|index| index + 1)
            .ok_or_else(|| {
                ApiError::BadRequest(format!("after names nothing in this list: \"{after}\""))
            })?,
    };
    let more = items.len() > start.saturating_add(limit);
    let items: Vec<T> = items.into_iter().skip(start).take(limit).collect();
    let next = items
        .last()
        .filter(|_| more)
        .map(|item| key(item).to_owned());
    Ok(Items { items, next })
}

/// `GET /api/v2/releases`
pub(super) async fn list_releases(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let releases = reader.releases()?.items;
    json(
        &headers,
        &page(releases, &wanted, |release| &release.branch)?,
    )
}

/// `GET /api/v2/dashboards`
pub(super) async fn list_dashboards(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let dashboards = reader.dashboards()?.items;
    json(
        &headers,
        &page(dashboards, &wanted, |dashboard| &dashboard.name)?,
    )
}

/// `GET /api/v2/dashboards/{dashboard}`
pub(super) async fn find_dashboard(
    State(reader): State<Arc<Reader>>,
    Path(dashboard): Path<String>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.dashboard(&dashboard)?)
}

/// `GET /api/v2/dashboard-groups/{group}`
pub(super) async fn find_dashboard_group(
    State(reader): State<Arc<Reader>>,
    Path(group): Path<String>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.dashboard_group(&group)?)
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}`
pub(super) async fn find_tab(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    json(&headers, &reader.tab(&dashboard, &tab).await?)
}

/// `GET /api/v2/dashboards/{dashboard}/tabs/{tab}/grid?columns=N&before=BUILD&rows=N`
pub(super) async fn find_grid(
    State(reader): State<Arc<Reader>>,
    Path((dashboard, tab)): Path<(String, String)>,
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

/// `GET /api/v2/infra/components`
pub(super) async fn list_components(
    State(reader): State<Arc<Reader>>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let components = reader.components();
    json(
        &headers,
        &page(components, &wanted, |component| &component.name)?,
    )
}
