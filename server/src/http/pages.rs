//! The pages, drawn by `app` from the published snapshot.

use std::sync::LazyLock;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, request::Parts},
};
use leptos::prelude::{LeptosOptions, provide_context, use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list};

use app::{
    App,
    api::{Reader, SetStatus},
    content::Subject,
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
    let document = move || {
        let path = use_context::<Parts>().map(|parts| parts.uri.path().to_owned());
        // A tab says it above its grid, and goes on saying it as long as it is so.
        let is_tab = path.is_some_and(|path| matches!(Subject::of(&path), Subject::Tab(..)));
        let outage = if is_tab { None } else { state.outage() };
        shell(assets, state.state(), outage)
    };
    let not_found = leptos_axum::render_app_async_with_context(context.clone(), document.clone());
    Router::new()
        .leptos_routes_with_context(&options, ROUTES.clone(), context, document)
        .fallback(move |request: Request<Body>| not_found(request))
        .with_state(options)
        .merge(assets_router())
}
