//! What deploys declare against what runs show, from the report to the pages.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use model::{
    config::{Configuration, Dashboard, DashboardTab, TestGroup},
    infra::{ComponentKind, ComponentVersion, Source},
    run::{Cell, Run, TestResult},
    status::Status,
};
use seamgrid::{
    bucket::Buckets,
    http,
    intake::{Intake, token},
    pipeline::Pipeline,
    read::{Catalog, Reader, What},
    settings::{PushSettings, Settings, parse_settings},
    store::{NewToken, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;
use tower::ServiceExt as _;

/// 20 November 2026, 11:00 UTC.
const NOW_MS: i64 = 1_795_172_400_000;
const MINUTE_MS: i64 = 60_000;
/// What is told at once is there within this time, however busy the machine.
const SOON: Duration = Duration::from_secs(20);
const GOOD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const BAD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

const SETTINGS: &str = "
infra:
  components:
  - {name: boskos, repo: kubernetes-sigs/boskos, from: [{metadata: boskos-commit}]}
  - {name: janitor, from: [{deploys: 'prod*'}]}
";

fn now() -> i64 {
    NOW_MS
}

fn hours_ago(hours: i64) -> i64 {
    NOW_MS - hours * 60 * MINUTE_MS
}

struct World {
    router: Router,
    reader: Arc<Reader>,
    store: Store,
    token: String,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with(None).await
    }

    /// With a dashboard more.
    async fn with(beside: Option<Dashboard>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("s.db").display());
        let store = Store::open(&url).await.expect("a database");
        let settings: Settings =
            parse_settings(SETTINGS, "seamgrid.yaml".as_ref(), folder.path()).expect("right");
        let names = ["ci-a", "ci-b"];
        let configuration = Configuration {
            test_groups: names
                .map(|name| TestGroup {
                    name: name.into(),
                    ..TestGroup::default()
                })
                .into(),
            dashboards: vec![Dashboard {
                name: "sig-release-master-blocking".into(),
                dashboard_tab: names
                    .map(|name| DashboardTab {
                        name: name.into(),
                        test_group_name: name.into(),
                        ..DashboardTab::default()
                    })
                    .into(),
                ..Dashboard::default()
            }]
            .into_iter()
            .chain(beside)
            .collect(),
            ..Configuration::default()
        };
        let catalog = Catalog::new(&configuration, &[]);
        let reader = Reader::new(store.clone(), catalog, &settings).expect("a good pattern");
        let reader = Arc::new(reader.with_clock(now));
        let pipeline = Arc::new(Pipeline::new(
            store.clone(),
            Buckets::from_settings(&settings.buckets).expect("no buckets"),
            &configuration,
            &settings,
            reader.clone(),
        ));
        let intake =
            Intake::new(store.clone(), pipeline, &PushSettings::default()).expect("settings");
        let (token, hash) = token::new_token().expect("random numbers");
        let kept = NewToken {
            name: "deployer",
            hash: &hash,
            group_pattern: "",
            component_pattern: "*",
            created_ms: 1,
            created_by: "a test",
            expires_ms: None,
        };
        store.add_token(&kept).await.expect("a token");
        Self {
            router: http::router_with(reader.clone(), Arc::new(intake)),
            reader,
            store,
            token,
            _folder: folder,
        }
    }

    /// A run of a group that began so many hours ago and took ten minutes.
    async fn run(&self, group: &str, hours: i64, boskos: &str) {
        let id = self.store.add_group(group).await.expect("a group");
        let boskos = ComponentVersion {
            version: Some(boskos.into()),
            source: Source::Metadata,
            ..ComponentVersion::unknown("boskos", ComponentKind::Infra)
        };
        let run = Run {
            build: (10_000 - hours).to_string(),
            started_ms: hours_ago(hours),
            finished_ms: Some(hours_ago(hours) + 10 * MINUTE_MS),
            results: vec![TestResult {
                name: "Overall".into(),
                cell: Cell::plain(Status::Pass),
            }],
            versions: vec![boskos],
            ..Run::default()
        };
        self.store
            .save_runs(id, &[run], NOW_MS)
            .await
            .expect("saved");
    }

    async fn deploy(&self, component: &str, version: &str, environment: &str, at_ms: i64) {
        let time = chrono::DateTime::from_timestamp_millis(at_ms).expect("a time");
        let body = json!({"component": component, "version": version, "environment": environment,
                          "time": time, "source": "https://ci.example/1"});
        let request = Request::post("/api/v2/deploys")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Body::from(body.to_string()))
            .expect("a request");
        let (status, answer) = self.answer(request).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }

    async fn answer(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 24)
            .await
            .expect("whole");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn get(&self, path: &str) -> String {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (status, body) = self.answer(request).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn drift(&self) -> Value {
        self.reader.publish_changed().await.expect("published");
        serde_json::from_str(&self.get("/api/v2/infra/drift").await).expect("JSON")
    }

    /// The versions of a component in a tab, newest first, with their sources and the tab's seams.
    async fn versions(&self, component: &str) -> (Vec<(Value, Value)>, String) {
        let path = "/api/v2/dashboards/sig-release-master-blocking/tabs/ci-a/grid";
        let grid: Value = serde_json::from_str(&self.get(path).await).expect("JSON");
        let columns = grid["columns"].as_array().expect("columns");
        let versions = columns.iter().map(|column| {
            let infra = column["infra"].as_array().expect("infra");
            let mut of = infra.iter().filter(|known| known["component"] == component);
            let of = of.next().expect("it is a component");
            (of["version"].clone(), of["source"].clone())
        });
        let seams = grid["transitions"].as_array().expect("seams").iter();
        let seams = seams.filter(|seam| seam["component"] == component);
        let certain: Vec<String> = seams.map(|seam| seam["certain"].to_string()).collect();
        (versions.collect(), certain.join(" "))
    }
}

#[tokio::test]
async fn runs_that_show_another_version_than_declared_drift() {
    let world = World::new().await;
    for group in ["ci-a", "ci-b"] {
        for hours in [30, 20, 10, 2] {
            world.run(group, hours, GOOD).await;
        }
    }
    assert_eq!(world.drift().await["items"], json!([]));
    let page = world.get("/infra").await;
    assert!(!page.contains("data-testid=\"infra-declared\""));

    // Declared just now: nothing can be said yet, but what is declared is told.
    world
        .deploy("boskos", BAD, "prod", NOW_MS - 20 * MINUTE_MS)
        .await;
    assert_eq!(world.drift().await["items"], json!([]));
    let page = world.get("/infra/boskos").await;
    assert!(page.contains("data-drifts=\"false\""), "{page}");

    // Declared for long: by its tag, where runs name the commit.
    let tag = format!("v20261119-{}", &BAD[..10]);
    world.deploy("boskos", &tag, "prod", hours_ago(25)).await;
    world.reader.publish_changed().await.expect("published");
    let mut listener = world.reader.listen().expect("it does not stop yet");
    let found = world.drift().await;
    // Every tab that is open may have a line more above it.
    listener.next().await.expect("the listening begins");
    let told = timeout(SOON, listener.next())
        .await
        .expect("it is told soon");
    assert_eq!(told.map(|change| change.what), Some(What::All));
    let [drift] = &found["items"].as_array().expect("items")[..] else {
        panic!("one drifts: {found}");
    };
    assert_eq!(drift["component"], "boskos");
    assert_eq!(drift["tab_count"], 2);
    assert_eq!(drift["differing"][0]["version"], GOOD);
    assert_eq!(drift["lag_secs"], 3600);
    assert_eq!(drift["lag_deploys"], 0);
    assert_eq!(drift["since"], "2026-11-19T15:00:00Z");
    let sentence = drift["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.contains("2 of 2 tabs run aaaaaaaaaa"),
        "{sentence}"
    );
    let tab = app::paths::tab("sig-release-master-blocking", "ci-a");
    for path in ["/", "/api/v2/releases", &tab] {
        let page = world.get(path).await;
        assert!(
            page.contains("boskos is declared to be bbbbbbbbbb"),
            "{path}"
        );
    }
    for path in ["/infra", "/infra/boskos"] {
        let page = world.get(path).await;
        assert!(page.contains("data-drifts=\"true\""), "{path}: {page}");
    }

    // One tab got it in the end.
    world.run("ci-b", 1, BAD).await;
    let found = world.drift().await;
    assert_eq!(found["items"][0]["tab_count"], 1, "{found}");
    assert_eq!(found["items"][0]["agreeing"], 1);
    // What is declared anywhere is no drift.
    world.deploy("boskos", GOOD, "staging", hours_ago(26)).await;
    assert_eq!(world.drift().await["items"], json!([]));
}

#[tokio::test]
async fn every_tab_that_drifts_says_so() {
    /// More than lists name.
    const TABS: usize = 30;
    let names: Vec<String> = (0..TABS).map(|tab| format!("tab {tab:02}")).collect();
    let dashboard_tab = names.iter().map(|name| DashboardTab {
        name: name.clone(),
        test_group_name: "ci-a".into(),
        ..DashboardTab::default()
    });
    let world = World::with(Some(Dashboard {
        name: "beside".into(),
        dashboard_tab: dashboard_tab.collect(),
        ..Dashboard::default()
    }))
    .await;
    for hours in [30, 2] {
        world.run("ci-a", hours, GOOD).await;
        world.run("ci-b", hours, BAD).await;
    }
    world.deploy("boskos", BAD, "prod", hours_ago(25)).await;
    let found = world.drift().await;
    let drift = &found["items"][0];
    assert_eq!(drift["tab_count"], TABS + 1, "{found}");
    assert_eq!(drift["differing"][0]["tabs"], TABS + 1);
    assert_eq!(drift["tabs"].as_array().map(Vec::len), Some(20));
    assert!(drift.get("all_tabs").is_none());
    let said = "boskos is declared to be bbbbbbbbbb";
    for name in &names {
        let page = world.get(&app::paths::tab("beside", name)).await;
        assert!(page.contains(said), "{name}");
    }
    let other = app::paths::tab("sig-release-master-blocking", "ci-b");
    assert!(!world.get(&other).await.contains(said));
}

#[tokio::test]
async fn a_newest_run_that_is_older_than_what_is_declared_does_not_agree() {
    let world = World::new().await;
    for group in ["ci-a", "ci-b"] {
        world.run(group, 20, GOOD).await;
    }
    world.deploy("boskos", GOOD, "prod", hours_ago(25)).await;
    world.deploy("boskos", BAD, "prod", hours_ago(10)).await;
    world.run("ci-b", 2, BAD).await;
    assert_eq!(world.drift().await["items"], json!([]));
    let feed: Value =
        serde_json::from_str(&world.get("/api/v2/infra/changes").await).expect("JSON");
    let declared = &feed["declared"][0];
    assert_eq!(
        (&declared["agreeing"], &declared["before"]),
        (&json!(1), &json!(1))
    );
    let sentence = declared["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("of 1 of 2 tabs have it"), "{sentence}");
    let page = world.get("/infra/boskos").await;
    assert!(page.contains("what is declared, in 1 tab"), "{page}");
    assert!(
        page.contains("declared before, in 1 tab without a run since"),
        "{page}"
    );
}

#[tokio::test]
async fn a_service_that_no_run_shows_has_the_version_that_was_declared() {
    let world = World::new().await;
    for hours in [30, 20, 10, 2] {
        world.run("ci-a", hours, GOOD).await;
    }
    world.reader.publish_changed().await.expect("published");
    world
        .deploy("janitor", "1.0", "prod-eu", hours_ago(24))
        .await;
    // During a run, and in an environment that is not asked for.
    world
        .deploy("janitor", "1.1", "prod-eu", hours_ago(10) + MINUTE_MS)
        .await;
    world
        .deploy("janitor", "2.0", "staging", hours_ago(29))
        .await;
    let before = world
        .get("/api/v2/dashboards/sig-release-master-blocking/tabs/ci-a/grid")
        .await;
    world.reader.publish_changed().await.expect("published");
    let after = world
        .get("/api/v2/dashboards/sig-release-master-blocking/tabs/ci-a/grid")
        .await;
    let version =
        |grid: &str| serde_json::from_str::<Value>(grid).expect("JSON")["version"].clone();
    assert_ne!(
        version(&before),
        version(&after),
        "another grid has another name"
    );
    let (versions, certain) = world.versions("janitor").await;
    assert_eq!(
        versions,
        [
            (json!("1.1"), json!("deploy")),
            (Value::Null, json!("unknown")),
            (json!("1.0"), json!("deploy")),
            (Value::Null, json!("unknown")),
        ]
    );
    assert_eq!(certain, "false", "never as if runs had shown it");
    assert_eq!(world.drift().await["items"], json!([]), "no run can differ");
    let page = world.get("/infra/janitor").await;
    assert!(
        page.contains("No run of the last days shows what it is"),
        "{page}"
    );
    assert!(!page.contains("as declared, as far as runs show"), "{page}");
    assert!(
        page.contains("1 component is declared, and no run of the last days shows"),
        "{page}"
    );
    // A service that the settings do not know is told, too.
    world.deploy("crier", "7", "", hours_ago(3)).await;
    world.reader.publish_changed().await.expect("published");
    assert!(
        world
            .get("/infra")
            .await
            .contains("data-component=\"crier\"")
    );
}

#[tokio::test]
async fn abbreviations_of_one_version_are_one_line_of_the_weather() {
    let world = World::new().await;
    for (hours, version) in [(20, GOOD), (10, &GOOD[..10]), (6, &GOOD[..9]), (2, BAD)] {
        world.run("ci-a", hours, version).await;
    }
    world.reader.publish_changed().await.expect("published");
    let weather = &world.reader.infra_feed().weather;
    let mut lines: Vec<(&str, u32)> = (weather.versions.iter())
        .map(|line| (line.version.as_str(), line.runs))
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, [(GOOD, 3), (BAD, 1)]);
    // No component tells where runs were.
    assert_eq!(weather.without_cluster, 0);
}
