//! The API over a store that was filled by hand: shapes, conditional requests, codings, limits, names.

mod events;
mod ticking;

use std::{io::Read as _, sync::Arc};

use app::paths;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use model::{
    config::{Configuration, Dashboard, DashboardGroup, DashboardTab, LinkTemplate, TestGroup},
    grid::Grid,
    infra::{ComponentKind, ComponentVersion, Source},
    run::{Cell, Header, Problem, Run, TestResult},
    status::Status,
};
use seamgrid::{
    http,
    read::{Catalog, Reader},
    serve::Server,
    settings::{RuleSettings, Settings},
    store::{GroupConfig, GroupId, Store},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};
use tower::ServiceExt as _;

/// 2026-03-01 00:00 UTC.
const START_MS: i64 = 1_772_323_200_000;
const HOUR_MS: i64 = 3_600_000;

const OLD_INFRA: &str = "1111111111111111111111111111111111111111";
const NEW_INFRA: &str = "2222222222222222222222222222222222222222";
const OLD_PRODUCT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW_PRODUCT: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

const MASTER: &str = "sig-release-master-blocking";
const GCE: &str = "gce, cos/serial 100% – v1";

/// A server's insides with a store of its own.
struct World {
    router: Router,
    reader: Arc<Reader>,
    store: Store,
    configuration: Configuration,
    group: GroupId,
    /// Holds the database.
    folder: TempDir,
}

/// An answer, read whole.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the answer is JSON")
    }

    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header is text"))
    }

    fn error(&self) -> (String, String) {
        let error = &self.json()["error"];
        let text = |field: &str| error[field].as_str().expect("an error has it").to_owned();
        (text("code"), text("message"))
    }
}

fn cell(status: Status, icon: &str, message: &str) -> Cell {
    Cell {
        icon: icon.into(),
        message: message.into(),
        ..Cell::plain(status)
    }
}

/// Build `number`, with what produced it and its results.
fn run(number: i64, infra: Option<&str>, product: &str, results: Vec<(&str, Cell)>) -> Run {
    Run {
        build: number.to_string(),
        path: format!("logs-bucket/logs/ci-gce/{number}"),
        started_ms: START_MS + number * HOUR_MS,
        finished_ms: Some(START_MS + number * HOUR_MS + 600_000),
        results: results
            .into_iter()
            .map(|(name, cell)| TestResult {
                name: name.into(),
                cell,
            })
            .collect(),
        headers: vec![Header {
            name: "Commit".into(),
            value: product.into(),
        }],
        versions: vec![
            infra.map_or_else(
                || ComponentVersion::unknown("test-infra", ComponentKind::Infra),
                |infra| ComponentVersion {
                    component: "test-infra".into(),
                    kind: ComponentKind::Infra,
                    version: Some(infra.into()),
                    source: Source::CloneRecord,
                    evidence: None,
                },
            ),
            ComponentVersion {
                component: "kubernetes/kubernetes".into(),
                kind: ComponentKind::Product,
                version: Some(product.into()),
                source: Source::StartedRepo,
                evidence: None,
            },
        ],
        ..Run::default()
    }
}

/// Six builds: the infra changes at build 4 and a row breaks there, the product at build 5.
fn runs() -> Vec<Run> {
    let passed = || Cell::plain(Status::Pass);
    let failed = || cell(Status::Fail, "F", "no <b>node</b> \u{202e}left");
    (1..=6)
        .map(|number| {
            let infra = if number < 4 { OLD_INFRA } else { NEW_INFRA };
            let product = if number < 5 { OLD_PRODUCT } else { NEW_PRODUCT };
            let mut results = vec![("ci-gce.Overall", passed()), ("kubelet starts", passed())];
            results.push(if number < 4 {
                ("nodes join", passed())
            } else {
                ("nodes join", failed())
            });
            if number == 3 {
                results.push(("kubelet restarts", cell(Status::Flaky, "1/2", "")));
            } else if number != 2 {
                results.push(("kubelet restarts", passed()));
            }
            let mut run = run(number, Some(infra), product, results);
            if number == 6 {
                run.problems = vec![Problem::new("artifacts/junit_01.xml", "it ends too early")];
            }
            run
        })
        .collect()
}

fn tab(name: &str, group: &str, base_options: &str) -> DashboardTab {
    DashboardTab {
        name: name.into(),
        test_group_name: group.into(),
        base_options: base_options.into(),
        open_test_template: LinkTemplate {
            url: "https://prow.example.org/view/gs/<gcs_prefix>/<changelist>".into(),
            ..LinkTemplate::default()
        },
        results_url_template: LinkTemplate {
            url: "https://prow.example.org/job-history/<gcs_prefix>".into(),
            ..LinkTemplate::default()
        },
        ..DashboardTab::default()
    }
}

fn dashboard(name: &str, tabs: Vec<DashboardTab>) -> Dashboard {
    Dashboard {
        name: name.into(),
        dashboard_tab: tabs,
        description: format!("About {name}"),
        ..Dashboard::default()
    }
}

fn configuration() -> Configuration {
    Configuration {
        test_groups: vec![
            TestGroup {
                name: "ci-gce".into(),
                gcs_prefix: "logs-bucket/logs/ci-gce".into(),
                days_of_results: Some(14),
                ..TestGroup::default()
            },
            TestGroup {
                name: "ci-never-ran".into(),
                gcs_prefix: "logs-bucket/logs/ci-never-ran".into(),
                ..TestGroup::default()
            },
        ],
        dashboards: vec![
            dashboard(
                MASTER,
                vec![
                    tab("kubelet", "ci-gce", "include-filter-by-regex=%5Ekubelet"),
                    tab(GCE, "ci-gce", ""),
                    tab("wrong", "ci-gce", "exclude-filter-by-regex=%28"),
                ],
            ),
            dashboard(
                "sig-release-master-informing",
                vec![tab("never", "ci-never-ran", "")],
            ),
            dashboard("sig-release-1.9-blocking", vec![tab("gce", "ci-gce", "")]),
            dashboard("sig-release-1.10-informing", Vec::new()),
            dashboard("sig-node", vec![tab("kubelet", "ci-gce", "width=10")]),
        ],
        dashboard_groups: vec![DashboardGroup {
            name: "sig-release".into(),
            dashboard_names: vec![MASTER.into(), "sig-release-1.9-blocking".into()],
            description: "What blocks a release.".into(),
        }],
    }
}

/// The default settings but for when a tab is stale: its runs are always old.
fn settings(stale_intervals: u32) -> Settings {
    Settings {
        rules: RuleSettings {
            stale_intervals,
            ..RuleSettings::default()
        },
        ..Settings::default()
    }
}

impl World {
    async fn new() -> Self {
        Self::with(configuration()).await
    }

    /// A world of this configuration, in which nothing goes stale, whose group `ci-gce` has [`runs`]; all of it published.
    async fn with(configuration: Configuration) -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let store = open(&folder).await;
        let groups = [GroupConfig {
            name: "ci-gce".into(),
            config_hash: "1".into(),
        }];
        let groups = store.sync_groups(&groups).await.expect("groups are stored");
        let group = groups[0].id;
        let modified_ms = START_MS + 7 * HOUR_MS;
        store
            .save_runs(group, &runs(), modified_ms)
            .await
            .expect("runs are stored");
        let catalog = Catalog::new(&configuration, &[]);
        let reader = Reader::new(store.clone(), catalog, &settings(0));
        let reader = Arc::new(reader.expect("the pattern is right"));
        reader.publish_all().await.expect("all is published");
        Self {
            router: http::router(reader.clone()),
            reader,
            store,
            configuration,
            group,
            folder,
        }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        send(&self.router, method, path, headers).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[]).await
    }

    /// The JSON of an answer that must be right.
    async fn json(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        let text = String::from_utf8_lossy(&reply.body);
        assert_eq!(reply.status, StatusCode::OK, "{path}: {text}");
        reply.json()
    }

    async fn grid(&self, query: &str) -> Grid {
        let path = format!("{}{query}", paths::api_grid(MASTER, GCE));
        serde_json::from_value(self.json(&path).await).expect("it is a grid")
    }
}

async fn open(folder: &TempDir) -> Store {
    let file = folder.path().join("seamgrid.db");
    Store::open(&format!("sqlite://{}", file.display()))
        .await
        .expect("a database can be made")
}

async fn send(router: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).expect("the request is right");
    let response = router
        .clone()
        .oneshot(request)
        .await
        .expect("a router always answers");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("the body is whole");
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: body.into(),
    }
}

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

#[tokio::test]
async fn a_tab_says_what_its_page_needs() {
    let world = World::new().await;
    let path = paths::api_tab(MASTER, GCE);
    insta::assert_json_snapshot!("tab", world.json(&path).await);
}

#[tokio::test]
async fn a_grid_shows_both_seams() {
    let world = World::new().await;
    insta::assert_json_snapshot!("grid", world.json(&paths::api_grid(MASTER, GCE)).await);
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
        "UNKNOWN because the row filter \"(\" of the tab's base_options is not a regular expression: unclosed group"
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
        let first = world.get(&path).await;
        let tag = first.header(header::ETAG);
        assert!(tag.starts_with("W/\""), "{path}: {tag}");
        let headers = [("if-none-match", tag)];
        let again = world.send(Method::GET, &path, &headers).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(again.header(header::ETAG), tag, "{path}");
        assert!(again.body.is_empty(), "{path}");
        let headers = [("if-none-match", "W/\"0\"")];
        let other = world.send(Method::GET, &path, &headers).await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
        assert_eq!(other.body, first.body, "{path}");
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
        let plain = world.get(&path).await;
        assert_eq!(plain.header(header::CONTENT_ENCODING), "", "{path}");
        for (accepted, coding) in [("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0", "")] {
            let headers = [("accept-encoding", accepted)];
            let reply = world.send(Method::GET, &path, &headers).await;
            let place = format!("{path} {accepted}");
            assert_eq!(reply.header(header::CONTENT_ENCODING), coding, "{place}");
            assert_eq!(reply.header(header::ETAG), plain.header(header::ETAG));
            assert!(
                reply
                    .header(header::VARY)
                    .to_ascii_lowercase()
                    .contains("accept-encoding"),
                "{place}"
            );
            let mut body = Vec::new();
            match coding {
                "gzip" => {
                    flate2::read::GzDecoder::new(&reply.body[..])
                        .read_to_end(&mut body)
                        .expect("it is gzip");
                }
                "br" => {
                    brotli::BrotliDecompress(&mut &reply.body[..], &mut body)
                        .expect("it is brotli");
                }
                _ => body.clone_from(&reply.body),
            }
            assert_eq!(body, plain.body, "{place}");
        }
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
async fn names_of_every_kind_round_trip() {
    let names = [
        "sig-network-kind, loadbalancer",
        "a–b — c",
        "slash/and%2Fencoded?query#fragment&more=1+1",
        "100%",
        "..",
        "<script>alert('x')</script>\u{202e}",
        "日本語",
        "ünïcödé",
    ];
    let tabs = |prefix: &str| {
        names
            .iter()
            .map(|name| tab(&format!("{prefix}{name}"), "ci-gce", ""))
            .collect()
    };
    let world = World::with(Configuration {
        test_groups: configuration().test_groups,
        dashboards: names.iter().map(|name| dashboard(name, tabs(""))).collect(),
        ..Configuration::default()
    })
    .await;
    for board in names {
        let page = world.json(&paths::api_dashboard(board)).await;
        assert_eq!(page["name"], board);
        for name in names {
            let page = world.json(&paths::api_tab(board, name)).await;
            assert_eq!(page["summary"]["dashboard"], board);
            assert_eq!(page["summary"]["tab"], name);
            let grid = world.json(&paths::api_grid(board, name)).await;
            assert_eq!(grid["total_columns"], 6);
        }
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
    world
        .store
        .save_runs(world.group, &[changed], START_MS + 8 * HOUR_MS)
        .await
        .expect("the run is stored");
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
    world
        .store
        .save_runs(world.group, &[changed], START_MS + 9 * HOUR_MS)
        .await
        .expect("the run is stored");
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
    // A tab can be looked at all the same.
    let page = get(&paths::api_dashboard("sig-node")).await.json();
    assert_eq!(
        page["tabs"][0]["reason"],
        "UNKNOWN because its results are still being read"
    );
    reader.publish_all().await.expect("all is published");
    assert_eq!(get("/readyz").await.status, StatusCode::OK);
    let page = get(&paths::api_dashboard("sig-node")).await.json();
    assert_eq!(
        page["tabs"][0]["reason"],
        "STALE because no results are stored"
    );
}

#[tokio::test]
async fn a_server_answers_over_tcp_until_it_is_told_to_stop() {
    let World { store, folder, .. } = World::new().await;
    let server = Server::bind("127.0.0.1:0", store, Settings::default(), configuration())
        .await
        .expect("port 0 is always free");
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(false, async {
        drop(stopped.await);
    }));
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n",
        paths::api_grid(MASTER, GCE)
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
    stop.send(()).expect("it still runs");
    running
        .await
        .expect("it does not panic")
        .expect("it stops in order");
    assert!(TcpStream::connect(address).await.is_err());
    drop(folder);
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
