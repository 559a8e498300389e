//! What is sent to the server: by whom it may be, what is kept of it, when it is seen.

mod bugs;
pub(crate) mod notices;
mod sources;
mod uploads;

use std::{path::Path, sync::Arc};

use app::paths;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use model::{
    config::{Configuration, Dashboard, DashboardTab, TestGroup},
    grid::Grid,
    status::Status,
};
use seamgrid::{
    bucket::Buckets,
    http,
    intake::{Intake, token},
    pipeline::{Pipeline, prune},
    read::{Catalog, Reader},
    settings::{BucketSettings, PushSettings, Settings},
    store::{NewToken, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A server's insides that takes things in.
struct World {
    router: Router,
    reader: Arc<Reader>,
    pipeline: Arc<Pipeline<Arc<Reader>>>,
    store: Store,
    folder: TempDir,
}

/// An answer, read whole.
struct Reply {
    status: StatusCode,
    body: Value,
}

impl Reply {
    fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

fn configuration() -> Configuration {
    let group = |name: &str, gcs_prefix: &str| TestGroup {
        name: name.into(),
        gcs_prefix: gcs_prefix.into(),
        ..TestGroup::default()
    };
    let tab = |name: &str, group: &str| DashboardTab {
        name: name.into(),
        test_group_name: group.into(),
        ..DashboardTab::default()
    };
    Configuration {
        test_groups: vec![
            group("airflow-nightly", ""),
            group("other", ""),
            group("ci-job", "ci/logs/job"),
            group("pull-job", "ci/pr-logs/directory/pull-job"),
        ],
        dashboards: vec![Dashboard {
            name: "uploads".into(),
            dashboard_tab: vec![
                tab("nightly", "airflow-nightly"),
                tab("job", "ci-job"),
                tab("pull", "pull-job"),
            ],
            ..Dashboard::default()
        }],
        ..Configuration::default()
    }
}

/// A time of the day before yesterday, `10:00`: by the clock that uploads and days of results are held
/// against.
fn time(at: &str) -> String {
    const DAY_MS: i64 = 86_400_000;
    let day_ms = seamgrid::clock::now_ms() - 2 * DAY_MS;
    let day = chrono::DateTime::from_timestamp_millis(day_ms).expect("a time");
    format!("{}T{at}:00Z", day.format("%Y-%m-%d"))
}

async fn open(folder: &Path) -> Store {
    let file = folder.join("seamgrid.db");
    Store::open(&format!("sqlite://{}", file.display()))
        .await
        .expect("a database can be made")
}

impl World {
    async fn new() -> Self {
        Self::with(PushSettings::default()).await
    }

    async fn with(push: PushSettings) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("bucket")).expect("a bucket");
        let store = open(folder.path()).await;
        Self::over(folder, store, push, configuration()).await
    }

    async fn over(
        folder: TempDir,
        store: Store,
        push: PushSettings,
        configuration: Configuration,
    ) -> Self {
        let settings = Settings {
            push,
            buckets: vec![BucketSettings {
                prefix: "ci".into(),
                url: format!("file://{}", folder.path().join("bucket").display()),
                credentials: None,
                endpoint: None,
                parallel: None,
            }],
            ..Settings::default()
        };
        let catalog = Catalog::new(&configuration, &[]);
        let reader = Arc::new(
            Reader::new(store.clone(), catalog, &settings).expect("the default pattern is good"),
        );
        reader.publish_all().await.expect("published");
        let pipeline = Arc::new(Pipeline::new(
            store.clone(),
            Buckets::from_settings(&settings.buckets).expect("a good URL"),
            &configuration,
            &settings,
            reader.clone(),
        ));
        let intake = Intake::new(store.clone(), pipeline.clone(), &settings.push)
            .expect("the settings are good");
        Self {
            router: http::router_with(reader.clone(), Arc::new(intake)),
            reader,
            pipeline,
            store,
            folder,
        }
    }

    async fn token(&self, groups: &str, components: &str) -> String {
        self.token_until(groups, components, None).await.0
    }

    async fn token_until(
        &self,
        groups: &str,
        components: &str,
        expires_ms: Option<i64>,
    ) -> (String, i64) {
        let (token, hash) = token::new_token().expect("random numbers");
        let id = self
            .store
            .add_token(&NewToken {
                name: "airflow",
                hash: &hash,
                group_pattern: groups,
                component_pattern: components,
                created_ms: 1,
                created_by: "a test",
                expires_ms,
            })
            .await
            .expect("a token");
        (token, id)
    }

    async fn send(
        &self,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(body.into()).expect("the request is right");
        self.answer(request).await
    }

    async fn get(&self, path: &str) -> Reply {
        let request = Request::builder().uri(path).body(Body::empty());
        self.answer(request.expect("the request is right")).await
    }

    async fn answer(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await;
        let response = response.expect("a router always answers");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await;
        Reply {
            status,
            body: serde_json::from_slice(&body.expect("the body is whole")).unwrap_or_default(),
        }
    }

    async fn upload(&self, token: &str, group: &str, description: &Value) -> Reply {
        self.send(
            &format!("/api/v2/groups/{group}/runs"),
            &[
                (header::AUTHORIZATION, &format!("Bearer {token}")),
                (header::CONTENT_TYPE, "application/json"),
            ],
            description.to_string(),
        )
        .await
    }

    async fn form(&self, token: &str, path: &str, parts: &[(&str, &str, &str)]) -> Reply {
        let mut body = String::new();
        for (name, file, content) in parts {
            let file = match *file {
                "" => String::new(),
                file => format!("; filename=\"{file}\""),
            };
            body.push_str(&format!(
                "--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
            ));
        }
        body.push_str("--xyz--\r\n");
        self.send(
            path,
            &[
                (header::AUTHORIZATION, &format!("Bearer {token}")),
                (header::CONTENT_TYPE, "multipart/form-data; boundary=xyz"),
            ],
            body,
        )
        .await
    }

    async fn grid(&self, tab: &str) -> Grid {
        let reply = self.get(&paths::api_grid("uploads", tab)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        serde_json::from_value(reply.body).expect("a grid")
    }

    async fn stored_runs(&self) -> u64 {
        let groups = self.store.load_groups().await.expect("groups");
        groups.iter().map(|group| group.run_count).sum()
    }
}

#[tokio::test]
async fn who_may_not_is_told_why() {
    let world = World::new().await;
    let (token, id) = world.token_until("airflow-*", "", None).await;
    let (expired, _) = world.token_until("*", "*", Some(2)).await;
    let (revoked, revoked_id) = world.token_until("*", "*", None).await;
    let name = world.store.revoke_token(revoked_id, 3, "a test").await;
    assert_eq!(name.expect("revoked").as_deref(), Some("airflow"));
    let run = json!({"build": "1"});
    for (token, group, status, words) in [
        (
            "nonsense",
            "airflow-nightly",
            StatusCode::UNAUTHORIZED,
            "no such token",
        ),
        (
            &expired,
            "airflow-nightly",
            StatusCode::UNAUTHORIZED,
            "expired",
        ),
        (
            &revoked,
            "airflow-nightly",
            StatusCode::UNAUTHORIZED,
            "revoked",
        ),
        (
            &token,
            "other",
            StatusCode::FORBIDDEN,
            "may not write the test group \"other\"",
        ),
        (
            &token,
            "airflow-daily",
            StatusCode::NOT_FOUND,
            "\"airflow-daily\"",
        ),
    ] {
        let reply = world.upload(token, group, &run).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        assert!(reply.message().contains(words), "{}", reply.message());
    }
    let reply = world
        .send("/api/v2/groups/airflow-nightly/runs", &[], "{}")
        .await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let plain = [
        (header::AUTHORIZATION, format!("Bearer {token}")),
        (header::CONTENT_TYPE, "text/plain".to_owned()),
    ];
    let plain: Vec<_> = plain
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str()))
        .collect();
    let reply = world
        .send("/api/v2/groups/airflow-nightly/runs", &plain, "x")
        .await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.message().contains("text/plain"));
    assert_eq!(world.stored_runs().await, 0);
    let used = world.store.load_tokens().await.expect("tokens");
    assert_eq!(used[0].id, id);
}

#[tokio::test]
async fn deploys_are_kept_once() {
    let world = World::new().await;
    let token = world.token("x", "boskos*").await;
    let report = async |body: Value| {
        world
            .send(
                "/api/v2/deploys",
                &[(header::AUTHORIZATION, &format!("Bearer {token}"))],
                body.to_string(),
            )
            .await
    };
    let deploy = json!({"component": "boskos", "version": "v20190619-abc", "environment": "prod",
                        "time": "2026-11-19T10:00:00Z", "source": "https://ci.example/1"});
    let reply = report(deploy.clone()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    assert_eq!(reply.body["reporter"], "airflow");
    assert_eq!(report(deploy).await.status, StatusCode::OK);
    for (body, status) in [
        (
            json!({"component": "prow", "version": "1"}),
            StatusCode::FORBIDDEN,
        ),
        (
            json!({"component": "boskos", "version": " "}),
            StatusCode::BAD_REQUEST,
        ),
        (json!({"component": "boskos"}), StatusCode::BAD_REQUEST),
        (
            json!({"component": "boskos", "version": "1", "when": 3}),
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let reply = report(body).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    let kept = world.store.load_deploys().await.expect("deploys");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].version, "v20190619-abc");
}
