//! The web server: every route in one list, and what surrounds them all.

mod answer;
mod assets;
mod badge;
mod changes;
mod error;
mod events;
mod extract;
mod feed;
mod graphs;
mod health;
mod infra;
mod legacy;
pub mod openapi;
pub mod pages;
mod paging;
mod push;
mod query;
mod rows;
mod search;
mod server_pages;
mod sources;
mod tab;
mod testgrid;
mod v1;
mod v2;

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
    trace::TraceLayer,
};
use tracing::Span;

use self::error::ApiError;
use crate::{intake::Intake, read::Reader};

/// How long a request may take before the client is told to come back.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How much longer a request may take that sends something: an upload comes as fast as its sender's line.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(10);

/// The routes of a server that has no database yet: it lives, and is not ready.
pub fn waiting() -> Router {
    surround(health::without_database().merge(assets::assets_router()))
}

/// All routes over this snapshot, with a place to bring things to.
pub fn router_with(reader: Arc<Reader>, intake: Arc<Intake>) -> Router {
    router(reader).layer(Extension(intake))
}

/// All routes over this snapshot. Nothing can be sent to it.
pub fn router(reader: Arc<Reader>) -> Router {
    let v2 = v2::routes()
        .into_iter()
        .fold(Router::new(), |v2, (path, handlers)| {
            v2.route(path, handlers)
        })
        .method_not_allowed_fallback(wrong_method);
    let v1 = v1::routes(&reader).layer(middleware::from_fn(testgrid::plain_errors));
    let api = Router::new()
        .nest("/v1", v1)
        .nest("/v2", v2)
        // Or the pages would take it for an old link to a dashboard of that name.
        .route("/", any(unknown_path))
        .fallback(unknown_path);
    let testgrid = legacy::routes()
        .merge(query::routes())
        .merge(feed::routes())
        .merge(infra::feeds())
        .layer(middleware::from_fn(testgrid::plain_errors));
    // What other sites' pages may read.
    let open = Router::new().nest("/api", api).merge(testgrid).layer(
        ServiceBuilder::new()
            .layer(SetResponseHeaderLayer::overriding(
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            ))
            .layer(SetResponseHeaderLayer::overriding(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("etag"),
            )),
    );
    let routes = Router::new()
        .merge(open)
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(changes::pages())
        .merge(search::pages())
        .merge(graphs::pages())
        .merge(rows::pages())
        .merge(sources::pages())
        .merge(tab::pages())
        .merge(infra::pages())
        .with_state(reader.clone())
        .merge(pages::pages_router(reader).layer(middleware::from_fn(graphs::go_on)));
    surround(routes)
}

/// What every request passes, outermost first. One stack, because a router boxes every layer it is given
/// by itself, once per request.
fn surround(routes: Router) -> Router {
    routes.layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
            .layer(PropagateRequestIdLayer::x_request_id())
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(request_span)
                    .on_request(())
                    .on_response(log_response)
                    .on_failure(()),
            )
            .layer(middleware::from_fn(error::explain))
            .layer(CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| {
                let text = panic
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_default();
                ApiError::Internal(format!("a handler panicked: {text}")).into_response()
            }))
            .layer(middleware::from_fn(limit_time))
            .layer(SetResponseHeaderLayer::if_not_present(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ))
            .layer(CompressionLayer::new()),
    )
}

/// A path that no route has.
async fn unknown_path(request: Request) -> ApiError {
    let path = request
        .extensions()
        .get::<axum::extract::OriginalUri>()
        .map_or_else(
            || request.uri().path().to_owned(),
            |uri| uri.path().to_owned(),
        );
    ApiError::NotFound(format!("there is nothing at {path}"))
}

async fn wrong_method(method: Method) -> ApiError {
    ApiError::MethodNotAllowed(method)
}

/// Answers 503 when a request takes too long.
async fn limit_time(request: Request, next: Next) -> Response {
    let limit = if request.method() == Method::POST {
        UPLOAD_TIMEOUT
    } else {
        TIMEOUT
    };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::Unavailable(format!(
            "the answer took longer than {} seconds; try again",
            limit.as_secs()
        ))
        .into_response(),
    }
}

/// The template of the route, so that logs do not grow with the number of names. What happens in a request
/// carries it at every level but for probes, which ask every few seconds.
fn request_span(request: &Request) -> Span {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    let id = request
        .headers()
        .get(HeaderName::from_static("x-request-id"))
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    if matches!(route, "/healthz" | "/readyz") {
        tracing::debug_span!("request", http.method = %request.method(), http.route = route)
    } else {
        tracing::info_span!(
            "request",
            http.method = %request.method(),
            http.route = route,
            http.path = request.uri().path(),
            request.id = id,
        )
    }
}

/// One line per answer. What went wrong is logged where it is known; that somebody asked is nothing new.
fn log_response(response: &Response, latency: Duration, _span: &Span) {
    let status = response.status().as_u16();
    let latency_us = latency.as_micros() as u64;
    tracing::debug!(http.status = status, latency_us, "answered {status}");
}
