//! The stream of changes.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures::StreamExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::{running::Running, *};

/// What is told at once is there within this time, however busy the machine.
const SOON: Duration = Duration::from_secs(20);

/// An open stream of changes.
struct Events(BodyDataStream);

/// One event as it was sent: its name, its id and its data.
#[derive(Debug, PartialEq)]
struct Told {
    event: String,
    id: String,
    data: Value,
}

async fn listen(world: &World) -> Events {
    let request = Request::get(paths::API_EVENTS)
        .header(header::ACCEPT_ENCODING, "gzip, br")
        .body(Body::empty())
        .expect("the request is right");
    let response = world
        .router
        .clone()
        .oneshot(request)
        .await
        .expect("a router always answers");
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers();
    assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(headers["x-accel-buffering"], "no");
    assert!(!headers.contains_key(header::CONTENT_ENCODING));
    Events(response.into_body().into_data_stream())
}

impl Events {
    /// The next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Told> {
        let bytes = timeout(SOON, self.0.next())
            .await
            .expect("an event comes soon")?
            .expect("the stream is whole");
        let text = String::from_utf8(bytes.to_vec()).expect("events are text");
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_else(|| panic!("no {name} in {text}"))
                .trim()
                .to_owned()
        };
        Some(Told {
            event: field("event:"),
            id: field("id:"),
            data: serde_json::from_str(&field("data:")).expect("data are JSON"),
        })
    }
}

#[tokio::test]
async fn a_changed_group_tells_each_of_its_tabs() {
    let world = World::new().await;
    let mut events = listen(&world).await;
    let first = events.next().await.expect("a stream begins");
    assert_eq!(first.event, "state");
    let mut again = listen(&world).await;
    assert_eq!(again.next().await.as_ref(), Some(&first), "nothing changed");

    let changed = run(
        7,
        Some(NEW_INFRA),
        NEW_PRODUCT,
        vec![("nodes join", Cell::plain(Status::Pass))],
    );
    world.publish_run(changed).await;
    let mut told = Vec::new();
    for _ in 0..5 {
        let event = events.next().await.expect("the stream goes on");
        assert_eq!(event.event, "tab");
        assert_ne!(event.id, first.id);
        let text = |field: &str| event.data[field].as_str().expect("it is there").to_owned();
        let page = world
            .json(&paths::api_tab(&text("dashboard"), &text("tab")))
            .await;
        assert_eq!(page["grid_version"], text("version"));
        told.push((text("dashboard"), text("tab")));
    }
    told.sort();
    let expected = [
        ("sig-node", "kubelet"),
        ("sig-release-1.9-blocking", "gce"),
        (MASTER, GCE),
        (MASTER, "kubelet"),
        (MASTER, "wrong"),
    ];
    assert_eq!(
        told,
        expected.map(|(dashboard, tab)| (dashboard.to_owned(), tab.to_owned()))
    );

    // The same results again change nothing: the next that is told is the new catalog.
    world
        .reader
        .publish_group("ci-gce")
        .await
        .expect("it is published");
    world
        .reader
        .publish_catalog(Catalog::new(&world.configuration, &[]));
    let next = events.next().await.expect("the stream goes on");
    assert_eq!(next.event, "reload");
    let mut late = listen(&world).await;
    assert_eq!(late.next().await.map(|state| state.id), Some(next.id));
}

/// What is told of the infrastructure is worked out after the tabs that changed were told: whoever asked at
/// once was answered with what was known before, and is told when there is more.
#[tokio::test]
async fn what_is_told_of_the_infrastructure_is_told_when_it_is_worked_out() {
    let world = World::new().await;
    let before = world.reader.infra_feed();
    let mut events = listen(&world).await;
    let first = events.next().await.expect("a stream begins");
    let changed = run(
        7,
        Some("3333333333333333333333333333333333333333"),
        NEW_PRODUCT,
        vec![("nodes join", Cell::plain(Status::Pass))],
    );
    world.publish_run(changed).await;
    for _ in 0..5 {
        let event = events.next().await.expect("the stream goes on");
        assert_eq!(event.event, "tab");
    }
    let feed = world.reader.infra_feed();
    assert_ne!(feed, before, "there is a version more");
    let told = events.next().await.expect("the stream goes on");
    assert_eq!(told.event, "infra");
    assert_ne!(told.id, first.id);
    let mut late = listen(&world).await;
    assert_eq!(late.next().await.map(|state| state.id), Some(told.id));

    // It is not worked out again for what was told of itself, and the same again is not told.
    assert!(Arc::ptr_eq(&world.reader.infra_feed(), &feed));
    world
        .reader
        .publish_catalog(Catalog::new(&world.configuration, &[]));
    assert_eq!(world.reader.infra_feed(), feed);
    world
        .reader
        .publish_catalog(Catalog::new(&world.configuration, &[]));
    for _ in 0..2 {
        let next = events.next().await.expect("the stream goes on");
        assert_eq!(next.event, "reload", "a new catalog");
    }
}

#[tokio::test]
async fn listening_ends_with_the_server_and_does_not_hold_it() {
    let World { store, folder, .. } = World::new().await;
    let server = Running::of(store).await;
    let mut stream = server.connect().await;
    let path = paths::API_EVENTS;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the request is sent");
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    while !heard.contains("event: state") {
        let length = timeout(SOON, stream.read(&mut buffer))
            .await
            .expect("the stream begins soon")
            .expect("it can be read");
        assert_ne!(length, 0, "it ended early: {heard}");
        heard += std::str::from_utf8(&buffer[..length]).expect("events are text");
    }
    server.stop().await;
    let mut rest = Vec::new();
    stream
        .read_to_end(&mut rest)
        .await
        .expect("the stream ends in order");
    assert!(rest.ends_with(b"0\r\n\r\n"), "the last chunk was sent");
    drop(folder);
}
