//! Serves the pages over a made-up installation, to look at them:
//! `cargo run --example preview -- 127.0.0.1:8090`.

#[path = "../tests/it/fixture/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod fixture;

use std::sync::Arc;

use app::api::{GridSlice, Reader};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use model::wire::{ErrorBody, WireError};
use serde::Serialize;

fn answer<T: Serialize>(result: Result<T, WireError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => (StatusCode::NOT_FOUND, Json(ErrorBody { error })).into_response(),
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8090".into());
    let plain = std::env::args().nth(2).is_some_and(|word| word == "plain");
    let reader: Reader = if plain {
        Arc::new(fixture::Fixture::without_releases())
    } else {
        Arc::new(fixture::Fixture::new(true))
    };
    let api = Router::new()
        .route(
            "/api/v2/releases",
            get(async |State(reader): State<Reader>| answer(reader.releases())),
        )
        .route(
            "/api/v2/dashboards",
            get(async |State(reader): State<Reader>| answer(reader.dashboards())),
        )
        .route(
            "/api/v2/dashboards/{dashboard}",
            get(
                async |State(reader): State<Reader>, Path(dashboard): Path<String>| {
                    answer(reader.dashboard(&dashboard))
                },
            ),
        )
        .route(
            "/api/v2/dashboards/{dashboard}/tabs/{tab}",
            get(
                async |State(reader): State<Reader>,
                       Path((dashboard, tab)): Path<(String, String)>| {
                    answer(reader.tab(&dashboard, &tab).await)
                },
            ),
        )
        .route(
            "/api/v2/dashboards/{dashboard}/tabs/{tab}/grid",
            get(
                async |State(reader): State<Reader>,
                       Path((dashboard, tab)): Path<(String, String)>| {
                    answer(reader.grid(&dashboard, &tab, GridSlice::default()).await)
                },
            ),
        )
        .with_state(reader.clone());
    let router = seamgrid::http::pages::pages_router(reader).merge(api);
    axum::serve(tokio::net::TcpListener::bind(&address).await?, router).await
}
