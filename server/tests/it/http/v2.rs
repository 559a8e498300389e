//! `/api/v2`: shapes, conditional requests, codings, limits.

use app::paths;
use axum::http::{Method, StatusCode, header};
use model::grid::Grid;
use serde_json::Value;

use super::{GCE, MASTER, World};

#[tokio::test]
async fn releases_are_listed_by_branch_with_the_worst_tab_first() {
    let world = World::new().await;
    insta::assert_json_snapshot!("releases", world.json(paths::API_RELEASES).await);
}

#[tokio::test]
async fn dashboards_say_their_worst_tab() {
    let world = World::new().await;
    insta::assert_json_snapshot!("dashboards", world.json(paths::API_DASHBOARDS).await);
}

#[tokio::test]
async fn a_dashboard_group_has_its_dashboards_in_order() {
    let world = World::new().await;
    let page = world.json(&paths::api_group("SIG release")).await;
    assert_eq!(page["name"], "sig-release");
    assert_eq!(page["description"], "What blocks a release.");
    let dashboards = page["dashboards"].as_array().expect("a list");
    assert_eq!(dashboards[0]["name"], MASTER);
    assert_eq!(dashboards[1]["name"], "sig-release-1.9-blocking");
    let counts = dashboards[0]["counts"].as_array().expect("a list");
    let tabs: u64 = counts.iter().filter_map(|one| one["count"].as_u64()).sum();
    assert_eq!(tabs, 3);
    let reply = world.get(&paths::api_group("sig-releese")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(
        reply.error(),
        (
            "not_found".to_owned(),
            "there is no dashboard group \"sig-releese\"; the nearest is \"sig-release\""
                .to_owned()
        )
    );
}

#[tokio::test]
async fn the_same_job_is_known_on_every_branch() {
    let world = World::new().await;
    let releases = world.json(paths::API_RELEASES).await;
    let job = |branch: usize| &releases["items"][branch]["tiers"][0]["tabs"];
    let of = |tabs: &Value, name: &str| {
        tabs.as_array()
            .expect("a list")
            .iter()
            .find(|tab| tab["tab"] == name)
            .map(|tab| tab["job"].clone())
            .expect("the tab is there")
    };
    let last = releases["items"].as_array().expect("a list").len() - 1;
    assert_eq!(of(job(0), GCE), of(job(last), "gce"), "one test group");
    assert_eq!(of(job(0), GCE), of(job(0), "wrong"), "two views of one job");
    let page = world.json(&paths::api_tab(MASTER, GCE)).await;
    assert_eq!(page["group"], "sig-release");
    assert_eq!(
        page["siblings"],
        serde_json::json!([{
            "branch": "1.9",
            "dashboard": "sig-release-1.9-blocking",
            "tab": "gce",
            "status": page["summary"]["status"],
        }])
    );
    let elsewhere = world.json(&paths::api_tab("sig-node", "kubelet")).await;
    assert_eq!(elsewhere.get("siblings"), None);
}

#[tokio::test]
async fn a_dashboard_has_its_tabs_in_order() {
    let world = World::new().await;
    let path = paths::api_dashboard("sig-node");
    insta::assert_json_snapshot!("dashboard", world.json(&path).await);
}

/// Versions name what a grid is made of, every field of its configuration among it.
const SOME_VERSION: &str = "16 digits";

#[tokio::test]
async fn a_tab_says_what_its_page_needs() {
    let world = World::new().await;
    let mut tab = world.json(&paths::api_tab(MASTER, GCE)).await;
    let grid = world.json(&paths::api_grid(MASTER, GCE)).await;
    assert_eq!(tab["grid_version"], grid["version"]);
    tab["grid_version"] = SOME_VERSION.into();
    insta::assert_json_snapshot!("tab", tab);
}

#[tokio::test]
async fn a_grid_shows_both_seams() {
    let world = World::new().await;
    let mut grid = world.json(&paths::api_grid(MASTER, GCE)).await;
    let version = grid["version"].as_str().expect("a version");
    assert_eq!(version.len(), 16, "{version}");
    grid["version"] = SOME_VERSION.into();
    insta::assert_json_snapshot!("grid", grid);
}

#[tokio::test]
async fn row_filters_of_the_options_hide_rows_and_empty_columns_only() {
    let world = World::new().await;
    let grid = world.json(&paths::api_grid(MASTER, "kubelet")).await;
    let names: Vec<&Value> = grid["rows"]
        .as_array()
        .expect("rows are a list")
        .iter()
        .map(|row| &row["name"])
        .collect();
    assert_eq!(names, ["kubelet restarts", "kubelet starts"]);
    assert_eq!(grid["columns"].as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn a_wrong_row_filter_is_said_and_hides_all_rows() {
    let world = World::new().await;
    let page = world.json(&paths::api_tab(MASTER, "wrong")).await;
    assert_eq!(page["summary"]["status"], "UNKNOWN");
    assert_eq!(
        page["summary"]["reason"],
        "UNKNOWN because the row filter \"(\" of the tab's base_options cannot be used: it is not a regular expression: unclosed group"
    );
    let grid = world.json(&paths::api_grid(MASTER, "wrong")).await;
    assert_eq!(grid["rows"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn infra_components_come_from_the_settings() {
    let world = World::new().await;
    let components = world.json("/api/v2/infra/components").await;
    assert_eq!(
        components,
        serde_json::json!({"items": [
            {"name": "test-infra", "repo": "kubernetes/test-infra"},
            {"name": "prow", "repo": "kubernetes-sigs/prow"},
        ]})
    );
}

/// One path of each kind of read.
fn reads() -> [String; 7] {
    [
        paths::API_RELEASES.to_owned(),
        paths::API_DASHBOARDS.to_owned(),
        paths::api_dashboard(MASTER),
        paths::api_tab(MASTER, GCE),
        paths::api_grid(MASTER, GCE),
        format!("{}?columns=2", paths::api_grid(MASTER, GCE)),
        "/api/v2/infra/components".to_owned(),
    ]
}

#[tokio::test]
async fn a_known_answer_is_not_sent_again() {
    let world = World::new().await;
    for path in reads() {
        world.check_tag(&path).await;
    }
    let grid = world.get(&paths::api_grid(MASTER, GCE)).await;
    let version = grid.json()["version"].as_str().map(ToOwned::to_owned);
    assert_eq!(
        version.map(|version| format!("W/\"{version}\"")).as_deref(),
        Some(grid.header(header::ETAG))
    );
}

#[tokio::test]
async fn head_says_what_get_says_without_the_body() {
    let world = World::new().await;
    for path in reads() {
        let get = world.get(&path).await;
        let head = world.send(Method::HEAD, &path, &[]).await;
        assert_eq!(head.status, StatusCode::OK, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in [header::ETAG, header::CONTENT_TYPE, header::CACHE_CONTROL] {
            assert_eq!(head.header(&name), get.header(&name), "{path}");
        }
    }
}

#[tokio::test]
async fn answers_are_compressed_as_the_client_likes() {
    let world = World::new().await;
    let dashboards = paths::api_dashboard(MASTER);
    let sliced = format!("{}?columns=5", paths::api_grid(MASTER, GCE));
    for path in [dashboards, paths::api_grid(MASTER, GCE), sliced] {
        world.check_codings(&path).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_named_with_what_is_near() {
    let world = World::new().await;
    for (path, message) in [
        (
            paths::api_dashboard("sig-nod"),
            "there is no dashboard \"sig-nod\"; the nearest is \"sig-node\"",
        ),
        (paths::api_dashboard("zzz"), "there is no dashboard \"zzz\""),
        (
            paths::api_tab("sig-node", "kubelets"),
            "dashboard \"sig-node\" has no tab \"kubelets\"; the nearest is \"kubelet\"",
        ),
        (
            paths::api_grid("sig-node", "x/y"),
            "dashboard \"sig-node\" has no tab \"x/y\"",
        ),
        (
            format!("{}?before=99", paths::api_grid("sig-node", "kubelet")),
            "the tab has no build \"99\"",
        ),
        (
            "/api/v2/nothing".to_owned(),
            "there is nothing at /api/v2/nothing",
        ),
        ("/api/v2/".to_owned(), "there is nothing at /api/v2/"),
        ("/api/v7/x".to_owned(), "there is nothing at /api/v7/x"),
        ("/api".to_owned(), "there is nothing at /api"),
    ] {
        let reply = world.get(&path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            reply.error(),
            ("not_found".into(), message.into()),
            "{path}"
        );
        assert_eq!(
            reply.header(header::CONTENT_TYPE),
            "application/json",
            "{path}"
        );
        assert_eq!(
            reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN),
            "*",
            "{path}"
        );
        assert!(!reply.header("x-request-id").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_said() {
    let world = World::new().await;
    let grid = paths::api_grid(MASTER, GCE);
    for (path, words) in [
        (format!("{grid}?columns=x"), "columns"),
        (format!("{grid}?rows=-1"), "rows"),
        (
            "/api/v2/dashboards?limit=0".to_owned(),
            "limit must be at least 1",
        ),
        (
            "/api/v2/dashboards?after=nobody".to_owned(),
            "after names nothing in this list: \"nobody\"",
        ),
        (
            "/api/v2/dashboards/%FF".to_owned(),
            "the path cannot be read",
        ),
    ] {
        let reply = world.get(&path).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        let (code, message) = reply.error();
        assert_eq!(code, "bad_request", "{path}");
        assert!(message.contains(words), "{path}: {message}");
    }
    let posted = world.send(Method::POST, paths::API_RELEASES, &[]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(posted.error().0, "method_not_allowed");
    assert_eq!(posted.header(header::ALLOW), "GET,HEAD");
}

#[tokio::test]
async fn pages_of_a_list_make_the_whole() {
    let world = World::new().await;
    for list in [
        paths::API_DASHBOARDS,
        paths::API_RELEASES,
        "/api/v2/infra/components",
    ] {
        let whole = world.json(list).await;
        assert_eq!(whole.get("next"), None);
        let mut items = Vec::new();
        let mut path = format!("{list}?limit=2");
        // Each page has an item, so this ends.
        while items.len() < 100 {
            let page = world.json(&path).await;
            let part = page["items"].as_array().expect("items are a list");
            assert!((1..=2).contains(&part.len()), "{path}");
            items.extend(part.iter().cloned());
            let Some(next) = page.get("next").and_then(Value::as_str) else {
                break;
            };
            path = format!("{list}?limit=2&after={}", paths::segment(next));
        }
        assert_eq!(Value::Array(items), whole["items"], "{list}");
    }
}

#[tokio::test]
async fn slices_line_up() {
    let world = World::new().await;
    let whole = world.grid("").await;
    assert_eq!(whole.columns.len(), 6);
    let mut columns = Vec::new();
    let mut query = "?columns=4".to_owned();
    for _ in 0..2 {
        let slice = world.grid(&query).await;
        assert_eq!(slice.total_columns, 6);
        assert_eq!(slice.version, whole.version);
        assert_eq!(slice, whole.slice(columns.len(), 4));
        columns.extend(slice.columns);
        let last = columns.last().map(|column| column.build.clone());
        query = format!("?columns=4&before={}", last.expect("a slice has columns"));
    }
    assert_eq!(columns, whole.columns);
    assert_eq!(world.grid("?columns=100&rows=100").await, whole);
    let top = world.grid("?rows=1").await;
    assert_eq!(top.rows, whole.rows[..1]);
    assert_eq!(top.columns, whole.columns);
    // Nothing is older than the oldest.
    assert_eq!(world.grid("?before=1").await.columns, []);
}

#[tokio::test]
async fn the_interface_is_described() {
    let world = World::new().await;
    let path = "/api/v2/openapi.json";
    insta::assert_json_snapshot!("openapi", world.json(path).await);
    world.check_tag(path).await;
    world.check_codings(path).await;
}

/// What the browser does with an answer before it draws anything.
fn read_back<T: serde::de::DeserializeOwned + serde::Serialize>(answer: &Value) -> Value {
    let typed: T = serde_json::from_value(answer.clone()).expect("its own JSON");
    serde_json::to_value(&typed).expect("JSON")
}

#[tokio::test]
async fn every_answer_can_be_read_back() {
    use model::wire::{DashboardPage, DashboardRef, Items, Release, TabPage};
    let server = World::new().await;
    let releases = server.json(paths::API_RELEASES).await;
    assert_eq!(read_back::<Items<Release>>(&releases), releases);
    let dashboards = server.json(paths::API_DASHBOARDS).await;
    assert_eq!(read_back::<Items<DashboardRef>>(&dashboards), dashboards);
    for path in reads() {
        let answer = server.json(&path).await;
        let back = match path.rsplit('/').next() {
            _ if answer.get("tabs").is_some_and(|tabs| tabs[0].is_object()) => {
                read_back::<DashboardPage>(&answer)
            }
            _ if answer.get("test_group").is_some() => read_back::<TabPage>(&answer),
            _ if answer.get("rows").is_some() => read_back::<Grid>(&answer),
            _ => continue,
        };
        assert_eq!(back, answer, "{path}");
    }
}
