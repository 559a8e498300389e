//! Issues that people link to rows: by whom, where they are seen, what is kept.

use app::paths;
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use model::{
    config::{AutoBugOptions, Configuration, LinkTemplate, TestNameConfig, TestNameElement},
    tabulate::Test,
};
use seamgrid::settings::PushSettings;
use serde_json::{Value, json};

use super::{Reply, World, configuration, open, time};

const ISSUE: &str = "https://github.com/acme/shop/issues/7";

async fn world() -> (World, String) {
    let mut configuration = configuration();
    configuration.dashboards[0].dashboard_tab[0].open_bug_template = LinkTemplate {
        url: "https://github.com/acme/shop/issues/".into(),
        ..LinkTemplate::default()
    };
    configuration.test_groups[0].auto_bug_options = Some(AutoBugOptions {
        hotlist_ids: vec![12, 34],
        ..AutoBugOptions::default()
    });
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let store = open(folder.path()).await;
    std::fs::create_dir(folder.path().join("bucket")).expect("a bucket");
    let world = World::over(folder, store, PushSettings::default(), configuration).await;
    let token = world.token("airflow-*", "").await;
    for build in 40..44 {
        let description = json!({
            "build": build.to_string(),
            "started": time(&format!("{}:00", build - 30)),
            "finished": time(&format!("{}:30", build - 30)),
            "tests": [
                {"name": "pkg/divides by zero", "status": if build == 40 { "passed" } else { "failed" }},
                {"name": "adds", "status": "passed"},
            ],
        });
        let reply = world.upload(&token, "airflow-nightly", &description).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    }
    (world, token)
}

impl World {
    async fn bug(&self, method: &str, path: &str, token: &str, body: &Value) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.to_string()));
        self.answer(request.expect("the request is right")).await
    }

    async fn text(&self, path: &str) -> String {
        use tower::ServiceExt as _;
        let request = Request::builder().uri(path).body(Body::empty());
        let request = request.expect("the request is right");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("it answers");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        String::from_utf8(body.expect("whole").to_vec()).expect("text")
    }
}

#[tokio::test]
async fn a_linked_issue_is_seen_wherever_the_row_is() {
    let (world, token) = world().await;
    let row = "pkg/divides by zero";
    let path = paths::api_bugs("airflow-nightly", row);
    let rows = || world.get("/api/v1/dashboards/uploads/tabs/nightly/rows");
    assert!(!rows().await.body.to_string().contains("issues"));

    let mut heard = world.reader.listen().expect("it does not stop yet");
    heard.next().await.expect("the beginning");
    let bug = json!({"url": format!(" {ISSUE} "), "title": "Division is hard"});
    let reply = world.bug("POST", &path, &token, &bug).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    assert_eq!(reply.body["url"], ISSUE);
    assert_eq!(reply.body["is_new"], true);
    heard.next().await.expect("the tab's pages are told");
    let again = world.bug("POST", &path, &token, &bug).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    let other = json!({"url": "https://tracker.example/browse/SHOP-3"});
    let reply = world.bug("POST", &path, &token, &other).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);

    // Our own answers and pages, at once.
    let reply = world.get(&paths::api_row("uploads", "nightly", row)).await;
    assert_eq!(reply.body["bugs"][0]["text"], "SHOP-3");
    assert_eq!(reply.body["bugs"][1]["text"], "Division is hard");
    assert_eq!(reply.body["bugs"][1]["by"], "airflow");
    let tab = world.get(&paths::api_tab("uploads", "nightly")).await;
    let failing = &tab.body["summary"]["failing"];
    let failing = failing.as_array().expect("rows").iter();
    let failing = failing
        .filter(|failing| failing["id"] == row)
        .collect::<Vec<_>>();
    assert_eq!(failing[0]["bugs"][1]["url"], ISSUE);
    let page = world.text(&paths::row("uploads", "nightly", row)).await;
    assert!(
        page.contains("Division is hard") && page.contains(&path),
        "{page}"
    );

    // By its number, by its title, by the key of another tracker.
    for (query, text) in [
        ("7", "Division is hard"),
        ("hard%20divis", "Division is hard"),
        ("shop-3", "SHOP-3"),
    ] {
        let found = world.get(&format!("/api/v2/search?q={query}")).await;
        let bugs = found.body["bugs"].as_array().expect("issues").clone();
        assert!(
            bugs.iter()
                .any(|bug| bug["text"] == text && bug["row"] == row),
            "{query}: {bugs:?}"
        );
    }

    // TestGrid's answers.
    let rows = rows().await;
    let of_row = |rows: &Value, key: &str, name: &str| {
        rows[key]
            .as_array()
            .and_then(|rows| rows.iter().find(|known| known["name"] == name).cloned())
            .expect("the row")
    };
    let expected = json!(["https://tracker.example/browse/SHOP-3", "7"]);
    assert_eq!(of_row(&rows.body, "rows", row)["issues"], expected);
    assert_eq!(of_row(&rows.body, "rows", "adds").get("issues"), None);
    let table = world.get("/uploads/table?tab=nightly").await;
    assert_eq!(of_row(&table.body, "tests", row)["linked_bugs"], expected);
    assert_eq!(
        of_row(&table.body, "tests", "adds")["linked_bugs"],
        json!([])
    );
    let known = json!({
        "7": {"title": "Division is hard", "url": ISSUE},
        "https://tracker.example/browse/SHOP-3": {
            "title": "SHOP-3", "url": "https://tracker.example/browse/SHOP-3",
        },
    });
    assert_eq!(table.body["bugs"], known);
    let others = format!(
        "{}&include-filter-by-regex=adds",
        "/uploads/table?tab=nightly"
    );
    assert_eq!(world.get(&others).await.body["bugs"], json!({}));
    let summary = world.get("/uploads/summary").await;
    let tests = summary.body["nightly"]["tests"]
        .as_array()
        .expect("tests")
        .clone();
    let test = tests
        .iter()
        .find(|test| test["test_name"] == row)
        .expect("the row");
    assert_eq!(test["linked_bugs"], expected);
    let headers = world
        .get("/api/v1/dashboards/uploads/tabs/nightly/headers")
        .await;
    assert_eq!(headers.body["headers"][0]["hotlist_ids"], "12,34");

    // Gone again, everywhere.
    let gone = format!("{path}?url={}", paths::segment(ISSUE));
    let reply = world.bug("DELETE", &gone, &token, &Value::Null).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    let reply = world.bug("DELETE", &gone, &token, &Value::Null).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(
        reply.message(),
        format!("the row \"{row}\" of \"airflow-nightly\" has no issue {ISSUE}")
    );
    let reply = world
        .get("/api/v1/dashboards/uploads/tabs/nightly/rows")
        .await;
    assert_eq!(
        of_row(&reply.body, "rows", row)["issues"],
        json!(["https://tracker.example/browse/SHOP-3"])
    );

    let audit = world.store.load_audit(3).await.expect("the audit");
    let told: Vec<(&str, &str, &str)> = audit
        .iter()
        .map(|entry| {
            (
                entry.action.as_str(),
                entry.subject.as_str(),
                entry.detail.as_str(),
            )
        })
        .collect();
    let subject = format!("airflow-nightly/{row}");
    assert_eq!(
        told,
        [
            ("bug.unlink", subject.as_str(), ISSUE),
            (
                "bug.link",
                &subject,
                "https://tracker.example/browse/SHOP-3"
            ),
            ("bug.link", &subject, ISSUE),
        ]
    );
    assert!(audit.iter().all(|entry| entry.who == "token 1 (airflow)"));
}

#[tokio::test]
async fn who_may_not_link_or_links_nonsense_is_told_why() {
    let (world, token) = world().await;
    let other = world.token("ci-*", "").await;
    let path = paths::api_bugs("airflow-nightly", "adds");
    let good = json!({"url": ISSUE});
    for (path, token, body, status, message) in [
        (
            path.as_str(),
            "seamgrid_x",
            &good,
            401,
            "there is no such token",
        ),
        (
            &path,
            &other,
            &good,
            403,
            "the token \"airflow\" may not write the test group \"airflow-nightly\"; it may write \"ci-*\"",
        ),
        (
            &path,
            &token,
            &json!({"url": "javascript:alert(1)"}),
            400,
            "`url` must begin with http:// or https:// and name a host, not \"javascript:alert(1)\"",
        ),
        (
            &path,
            &token,
            &json!({"url": ISSUE, "title": "x".repeat(301)}),
            400,
            "`title` is longer than 300 bytes",
        ),
        (
            &path,
            &token,
            &json!({"address": ISSUE}),
            400,
            "the issue cannot be read: unknown field `address`, expected `url` or `title` at line 1 column 10",
        ),
        (
            &paths::api_bugs("airflow-nightly", "nothing"),
            &token,
            &good,
            404,
            "the test group \"airflow-nightly\" has no row \"nothing\"",
        ),
        (
            &paths::api_bugs("airflow-nightli", "adds"),
            &token,
            &good,
            404,
            "no tab shows a test group \"airflow-nightli\"; the nearest is \"airflow-nightly\"",
        ),
    ] {
        let reply = world.bug("POST", path, token, body).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
        assert_eq!(reply.message(), message);
    }
    assert_eq!(world.store.load_bugs().await.expect("issues"), []);
}

#[tokio::test]
async fn another_process_shows_what_was_linked_and_a_rebuild_keeps_it() {
    let (world, token) = world().await;
    let path = paths::api_bugs("airflow-nightly", "adds");
    let reply = world
        .bug("POST", &path, &token, &json!({"url": ISSUE}))
        .await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    // As another process does every few seconds, whose memory has nothing yet.
    let World { folder, store, .. } = world;
    let later = World::over(folder, store, PushSettings::default(), configuration()).await;
    let address = paths::api_row("uploads", "nightly", "adds");
    assert_eq!(
        later.get(&address).await.body["bugs"][0]["text"],
        "acme/shop#7"
    );
    later
        .store
        .remove_bug("Airflow Nightly", "adds", ISSUE, 5, "somebody")
        .await
        .expect("removed");
    later.reader.publish_changed().await.expect("published");
    assert_eq!(later.get(&address).await.body.get("bugs"), None);
}

/// The configuration whose group calls its rows so.
fn naming(format: &str) -> Configuration {
    let mut configuration = configuration();
    configuration.test_groups[0].test_name_config = Some(TestNameConfig {
        name_format: format.into(),
        name_elements: vec![TestNameElement {
            target_config: "Tests name".into(),
            ..TestNameElement::default()
        }],
    });
    configuration
}

async fn upload(world: &World, token: &str, build: u32, test: &str) {
    let description = json!({
        "build": build.to_string(),
        "started": time(&format!("{}:00", build - 30)),
        "finished": time(&format!("{}:30", build - 30)),
        "tests": [{"name": test, "status": "passed"}],
    });
    let reply = world.upload(token, "airflow-nightly", &description).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
}

#[tokio::test]
async fn a_renamed_row_keeps_its_issues() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let store = open(folder.path()).await;
    std::fs::create_dir(folder.path().join("bucket")).expect("a bucket");
    let push = PushSettings::default;
    let world = World::over(folder, store, push(), naming("%s (old)")).await;
    let token = world.token("airflow-*", "").await;
    upload(&world, &token, 40, "adds").await;
    let link = async |world: &World, row: &str, url: &str| {
        let path = paths::api_bugs("airflow-nightly", row);
        let body = json!({"url": url});
        let reply = world.bug("POST", &path, &token, &body).await;
        assert!(reply.status.is_success(), "{}", reply.body);
        reply
    };
    link(&world, "adds (old)", ISSUE).await;

    // The format of the names changes: the row goes on under its new name, and is found by the old one.
    let World { folder, store, .. } = world;
    let world = World::over(folder, store, push(), naming("%s (new)")).await;
    upload(&world, &token, 41, "adds").await;
    let row = async |world: &World, name: &str| {
        let path = paths::api_row("uploads", "nightly", name);
        world.get(&path).await.body
    };
    let found = row(&world, "adds (old)").await;
    assert_eq!(found["name"], "adds (new)");
    assert_eq!(found["counts"]["runs"], 2);
    assert_eq!(found["bugs"][0]["url"], ISSUE);
    assert_eq!(row(&world, "adds (new)").await, found);
    assert_eq!(
        link(&world, "adds (old)", ISSUE).await.body["is_new"],
        false
    );

    // What it is known by is learnt later, as from a recording that knows it.
    let group = world
        .store
        .add_group("airflow-nightly")
        .await
        .expect("the group");
    let known = ["adds (old)", "adds (new)"].map(|name| Test {
        name: name.into(),
        id: "//pkg:adds".into(),
    });
    assert!(world.store.save_tests(group, &known).await.expect("saved"));
    world.reader.publish_changed().await.expect("published");
    let found = row(&world, "//pkg:adds").await;
    assert_eq!(found["name"], "adds (new)");
    assert_eq!(found["bugs"][0]["url"], ISSUE);

    // Linked once more under that, it is shown once, and taken off as a whole.
    link(&world, "//pkg:adds", ISSUE).await;
    let found = row(&world, "adds (new)").await;
    assert_eq!(found["bugs"].as_array().map(Vec::len), Some(1));
    let path = paths::api_bugs("airflow-nightly", "adds (new)");
    let gone = format!("{path}?url={}", paths::segment(ISSUE));
    let reply = world.bug("DELETE", &gone, &token, &Value::Null).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    assert_eq!(row(&world, "adds (new)").await.get("bugs"), None);
    assert_eq!(world.store.load_bugs().await.expect("issues"), []);
}
