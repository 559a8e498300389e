//! The snapshot as it changes, and the server that holds it.

use std::sync::Arc;

use app::paths;
use axum::http::{Method, StatusCode};
use model::{query::TabQuery, run::Cell, status::Status};
use seamgrid::{
    http,
    read::{Catalog, Reader},
    serve::{Listening, Server},
    settings::Settings,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    GCE, MASTER, NEW_INFRA, NEW_PRODUCT, World, configuration, dashboard, open, run,
    running::Running, send, tab,
};

#[tokio::test]
async fn a_changed_group_is_published_anew() {
    let world = World::new().await;
    let path = paths::api_tab(MASTER, GCE);
    let (before, grid) = (world.json(&path).await, world.grid("").await);
    let changed = run(
        7,
        Some(NEW_INFRA),
        NEW_PRODUCT,
        vec![("nodes join", Cell::plain(Status::Pass))],
    );
    world.store_run(changed).await;
    assert_eq!(world.json(&path).await, before, "not published yet");
    world
        .reader
        .publish_group("ci-gce")
        .await
        .expect("it is published");
    let after = world.json(&path).await;
    assert_eq!(before["summary"]["status"], "FAILING");
    assert_eq!(after["summary"]["status"], "FLAKY");
    assert_eq!(after["column_count"], 7);
    let newer = world.grid("").await;
    assert_ne!(newer.version, grid.version);
    assert_eq!(after["grid_version"], newer.version);

    // What another process wrote is found, and what nobody changed is left alone.
    let changed = run(
        8,
        None,
        NEW_PRODUCT,
        vec![("new row", Cell::plain(Status::Pass))],
    );
    world.store_run(changed).await;
    world
        .reader
        .publish_changed()
        .await
        .expect("it is published");
    assert_eq!(world.grid("").await.columns.len(), 8);
}

#[tokio::test]
async fn a_changed_catalog_keeps_what_stays() {
    let world = World::new().await;
    let mut configuration = world.configuration.clone();
    configuration
        .dashboards
        .retain(|board| board.name != "sig-node");
    configuration
        .dashboards
        .push(dashboard("new", vec![tab("kubelet", "ci-gce", "")]));
    let before = world.json(&paths::api_dashboard(MASTER)).await;
    world
        .reader
        .publish_catalog(Catalog::new(&configuration, &[]));
    assert_eq!(world.json(&paths::api_dashboard(MASTER)).await, before);
    let gone = world.get(&paths::api_dashboard("sig-node")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let page = world.json(&paths::api_tab("new", "kubelet")).await;
    assert_eq!(page["summary"]["status"], "FAILING", "read when asked for");
}

#[tokio::test]
async fn the_rows_of_a_tab_are_also_a_part_of_a_page() {
    let world = World::new().await;
    let list = |html: &str| {
        let begin = html.find("data-testid=\"rows-list\"").expect("a list");
        let end = begin + html[begin..].find("</ul>").expect("its end");
        html[begin..end].to_owned()
    };
    for query in ["", "include-filter-by-regex=nodes"] {
        let path = paths::rows(MASTER, GCE, query);
        let whole = world.get(&path).await;
        let joint = if query.is_empty() { '?' } else { '&' };
        let part = world.get(&format!("{path}{joint}part=")).await;
        assert_eq!(
            (whole.status, part.status),
            (StatusCode::OK, StatusCode::OK)
        );
        let (whole, part) = (whole.text(), part.text());
        assert_eq!(list(whole), list(part));
        assert!(
            list(part).contains(&format!("data-address=\"{path}\"")),
            "{part}"
        );
        assert!(whole.contains("<html") && !part.contains("<html"), "{part}");
        assert!(!part.contains("<form"), "{part}");
    }
    let missing = world
        .get(&format!("{}?part=", paths::rows(MASTER, "nothing", "")))
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.error().0, "not_found");
}

#[tokio::test]
async fn a_row_is_also_a_part_of_a_page_whether_it_fails_or_not() {
    let world = World::new().await;
    let rows = world.grid("").await.rows;
    assert!(rows.iter().any(|row| row.alert.is_some()));
    assert!(rows.iter().any(|row| row.alert.is_none()));
    let tab = paths::tab(MASTER, GCE);
    for row in rows {
        let part = world.get(&paths::row_part(&tab, &row.id)).await;
        assert_eq!(part.status, StatusCode::OK, "{}", row.name);
        let part = part.text();
        assert!(part.contains("data-testid=\"bug-form\""), "{part}");
        assert!(!part.contains("<html"), "{part}");
    }
}

#[tokio::test]
async fn the_list_of_rows_has_the_groups_of_the_grid() {
    let world = World::new().await;
    let all = "group-by-hierarchy-pattern=.&expand-groups=";
    let rows = world.grid("").await.rows.len();
    let list = async |query: &str| {
        let page = world.get(&paths::rows(MASTER, GCE, query)).await;
        let count = |what: &str| {
            page.text()
                .matches(&format!("data-testid=\"{what}\""))
                .count()
        };
        (
            count("group-line"),
            count("row-line"),
            page.text().to_owned(),
        )
    };
    let (heads, lines, plain) = list("").await;
    assert_eq!((heads, lines), (0, rows), "{plain}");
    let (heads, lines, open) = list(all).await;
    assert!(heads > 0 && lines == rows, "{open}");
    assert!(open.contains(&format!("{rows} rows in groups")), "{open}");
    let (closed, lines, page) = list("group-by-hierarchy-pattern=.").await;
    assert!(closed > 0 && closed <= heads && lines < rows, "{page}");
    assert!(
        page.contains("toggle-group=") && page.contains("aria-expanded=\"false\""),
        "{page}"
    );
    // A link to a row opens the groups around it.
    for row in world.grid("").await.rows {
        let aimed = TabQuery {
            row: Some(row.id.clone()),
            ..TabQuery::parse("group-by-hierarchy-pattern=.")
        };
        let (_, _, page) = list(&aimed.to_query_string()).await;
        assert!(
            page.contains(&format!("data-row-id=\"{}\"", row.id)),
            "{page}"
        );
    }
    let wrong = world
        .get(&paths::rows(MASTER, GCE, "group-by-regex-mask=("))
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(
        wrong.text().contains("group-by-regex-mask"),
        "{}",
        wrong.text()
    );
}

#[tokio::test]
async fn a_page_can_ask_whether_the_database_is_there() {
    let world = World::new().await;
    let health = world.json("/api/v2/health").await;
    assert_eq!(health, serde_json::json!({}));
}

#[tokio::test]
async fn ready_means_published() {
    let folder = TempDir::new().expect("a folder can be made");
    let store = open(&folder).await;
    let catalog = Catalog::new(&configuration(), &[]);
    let reader = Reader::new(store, catalog, &Settings::default()).expect("the pattern is right");
    let reader = Arc::new(reader);
    let router = http::router(reader.clone());
    let get = async |path: &str| send(&router, Method::GET, path, &[]).await;
    assert_eq!(get("/healthz").await.status, StatusCode::OK);
    let early = get("/readyz").await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(early.error().0, "unavailable");
    let shown = get("/readyz?exclude=database").await;
    assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE);
    // A tab can be looked at all the same.
    let page = get(&paths::api_dashboard("sig-node")).await.json();
    assert_eq!(
        page["tabs"][0]["reason"],
        "UNKNOWN because its results are still being read"
    );
    reader.publish_all().await.expect("all is published");
    assert_eq!(get("/readyz").await.status, StatusCode::OK);
    let excluded = async |what: &str| get(&format!("/readyz?exclude={what}")).await.status;
    assert_eq!(excluded("database").await, StatusCode::OK);
    assert_eq!(excluded("bucket").await, StatusCode::BAD_REQUEST);
    let page = get(&paths::api_dashboard("sig-node")).await.json();
    assert_eq!(
        page["tabs"][0]["reason"],
        "STALE because no results are stored"
    );
}

#[tokio::test]
async fn a_server_lives_and_is_not_ready_before_it_has_a_database() {
    let listening = Listening::on("127.0.0.1:0").await.expect("port 0 is free");
    let address = listening.address();
    let get = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let sent = stream.write_all(request.as_bytes()).await;
        sent.expect("the request is sent");
        let mut reply = String::new();
        let read = stream.read_to_string(&mut reply).await;
        read.expect("the answer is text");
        reply
    };
    let World { store, folder, .. } = World::new().await;
    let before = async {
        assert!(get("/healthz").await.starts_with("HTTP/1.1 200 OK\r\n"));
        for (path, kind, words) in [
            (
                "/readyz",
                "application/json",
                "{\"error\":{\"code\":\"unavailable\"",
            ),
            (
                "/readyz?exclude=database",
                "application/json",
                "unavailable",
            ),
            ("/api/v2/dashboards", "application/json", "unavailable"),
            // People see a page, which a script has appear when it can.
            ("/", "text/html; charset=utf-8", "data-code=\"unavailable\""),
            (
                "/status",
                "text/html; charset=utf-8",
                "Seamgrid waits for its database",
            ),
        ] {
            let reply = get(path).await;
            assert!(reply.starts_with("HTTP/1.1 503 "), "{reply}");
            assert!(
                reply.contains("the database cannot be reached yet"),
                "{reply}"
            );
            for part in [
                &format!("content-type: {kind}\r\n"),
                "retry-after: 5\r\n",
                words,
            ] {
                assert!(reply.contains(part), "{path}, {part}: {reply}");
            }
        }
        let health = get("/api/v2/health").await;
        assert!(health.contains("database_silent_since"), "{health}");
        store
    };
    let store = listening.wait_for(before).await.expect("it has an end");
    let server = Server::at(listening, store, Settings::default(), configuration());
    let server = server.await.expect("the address is still ours");
    let server = Running::run(server);
    let reply = get(&paths::api_dashboard(MASTER)).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    server.stop().await;
    drop(folder);
}

#[tokio::test]
async fn a_server_answers_over_tcp_until_it_is_told_to_stop() {
    let World { store, folder, .. } = World::new().await;
    let server = Running::of(store).await;
    let mut stream = server.connect().await;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        paths::api_grid(MASTER, GCE),
        server.address
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the request is sent");
    let mut reply = String::new();
    stream
        .read_to_string(&mut reply)
        .await
        .expect("the answer is text");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(reply.contains("\"component\":\"test-infra\""), "{reply}");
    let address = server.address;
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    drop(folder);
}
