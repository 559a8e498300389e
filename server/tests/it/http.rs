//! HTTP over a store that was filled by hand.

mod badges;
mod changes;
mod events;
mod feeds;
mod legacy;
mod names;
mod running;
mod search;
mod serving;
mod ticking;
mod v1;
mod v2;

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
    settings::{RuleSettings, Settings},
    store::{GroupConfig, GroupId, Store},
};
use serde_json::Value;
use tempfile::TempDir;
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

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the answer is text")
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
        ..Configuration::default()
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

    /// Stores a run of the group as it ends, an hour after it began.
    async fn store_run(&self, run: Run) {
        let modified_ms = run.started_ms + HOUR_MS;
        self.store
            .save_runs(self.group, &[run], modified_ms)
            .await
            .expect("the run is stored");
    }

    /// Stores a run of the group, and publishes it.
    async fn publish_run(&self, run: Run) {
        self.store_run(run).await;
        self.reader
            .publish_group("ci-gce")
            .await
            .expect("it is published");
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

    /// That an answer carries a tag, and is not sent to who has it.
    async fn check_tag(&self, path: &str) {
        let first = self.get(path).await;
        assert_eq!(first.status, StatusCode::OK, "{path}");
        let tag = first.header(header::ETAG);
        assert!(tag.starts_with("W/\""), "{path}: {tag}");
        assert!(!first.header(header::CACHE_CONTROL).is_empty(), "{path}");
        let headers = [("if-none-match", tag)];
        let again = self.send(Method::GET, path, &headers).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(again.header(header::ETAG), tag, "{path}");
        assert!(again.body.is_empty(), "{path}");
        let headers = [("if-none-match", "W/\"0\"")];
        let other = self.send(Method::GET, path, &headers).await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
        assert_eq!(other.body, first.body, "{path}");
    }

    /// That an answer is compressed as the client likes, and the same whatever it likes.
    async fn check_codings(&self, path: &str) {
        let plain = self.get(path).await;
        assert_eq!(plain.header(header::CONTENT_ENCODING), "", "{path}");
        for (accepted, coding) in [("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0", "")] {
            let headers = [("accept-encoding", accepted)];
            let reply = self.send(Method::GET, path, &headers).await;
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
