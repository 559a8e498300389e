//! The pages, drawn by `app` from the published snapshot.

use std::sync::LazyLock;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use leptos::prelude::{LeptosOptions, provide_context, use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list};

use app::{
    App,
    api::{Reader, SetStatus},
    shell::shell,
};

use crate::http::assets::{assets, assets_router};

/// The addresses of all pages. Found once: while Leptos looks for them, no resource of the whole process
/// loads, and a page that is being drawn then would wait for ever.
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// The pages and their files, and a page for every address that nothing else answers.
pub fn pages_router(reader: Reader) -> Router {
    let options = LeptosOptions::builder().output_name("app").build();
    let assets = assets();
    let state = reader.clone();
    let context = move || {
        provide_context(reader.clone());
        provide_context(SetStatus(std::sync::Arc::new(|status| {
            if let (Some(response), Ok(status)) = (
                use_context::<ResponseOptions>(),
                StatusCode::from_u16(status),
            ) {
                response.set_status(status);
            }
        })));
    };
    let document = move || shell(assets, state.state(), state.outage());
    let not_found = leptos_axum::render_app_async_with_context(context.clone(), document.clone());
    Router::new()
        .leptos_routes_with_context(&options, ROUTES.clone(), context, document)
        .fallback(move |request: Request<Body>| not_found(request))
        .with_state(options)
        .merge(assets_router())
}
