//! `/api/v2/events`: what changes, as it changes.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::State,
    http::HeaderName,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream;
use model::wire::{ErrorBody, TabChanged};

use super::error::ApiError;
use crate::read::{Change, Reader, What};

/// What changes, as it changes: server-sent events, each with the name of the state after it as its id.
///
/// | event | data | means |
/// |---|---|---|
/// | `state` | empty object | where this connection begins: whoever knows another state reads again |
/// | `tab` | `{dashboard, tab, version}` | the tab has a new summary, and a new grid if the version is new |
/// | `source` | `{group, health, last_success, lag_ms}` | it stands otherwise with where the group's results come from |
/// | `infra` | empty object | what is told of the infrastructure is another |
/// | `reload` | empty object | anything may have changed |
// The stream ends when the server stops. The limit on a request's time ends at its headers and so
// does not concern it, and the compression leaves this type of content alone.
#[utoipa::path(
    get,
    path = "/api/v2/events",
    responses(
        (
            status = 200,
            description = "A stream; the data of `tab` is described here",
            body = TabChanged,
            content_type = "text/event-stream"
        ),
        (status = 503, description = "The server is about to stop", body = ErrorBody),
    )
)]
pub(super) async fn list_events(State(reader): State<Arc<Reader>>) -> Result<Response, ApiError> {
    let listener = reader
        .listen()
        .ok_or_else(|| ApiError::Unavailable("the server is about to stop".to_owned()))?;
    let events = stream::unfold(listener, async |mut listener| {
        let change = listener.next().await?;
        Some((Ok::<_, Infallible>(event(change)), listener))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::default());
    // A proxy that collects an answer before it passes it on would never pass on this one.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, events).into_response())
}

fn event(Change { state, what }: Change) -> Event {
    let (name, data) = match what {
        What::Begin => ("state", Ok("{}".to_owned())),
        What::All => ("reload", Ok("{}".to_owned())),
        What::Infra => ("infra", Ok("{}".to_owned())),
        What::Tab(tab) => ("tab", serde_json::to_string(&tab)),
        What::Source(source) => ("source", serde_json::to_string(&source)),
    };
    let (name, data) = match data {
        Ok(data) => (name, data),
        Err(_) => ("reload", "{}".to_owned()),
    };
    Event::default().id(state).event(name).data(data)
}
