//! Uploads: what is accepted, what it replaces, and what is refused.

use super::*;

fn status(grid: &Grid, row: &str) -> Vec<Status> {
    let row = grid.rows.iter().find(|known| known.name == row);
    row.map(|row| row.statuses.iter().collect())
        .unwrap_or_default()
}

const JUNIT: &str = "<testsuite><testcase name='adds' time='1.5'/>\
     <testcase name='divides'><failure message='by zero'/></testcase></testsuite>";

#[tokio::test]
async fn an_uploaded_run_is_seen_at_once() {
    let world = World::new().await;
    let token = world.token("airflow-*", "").await;
    let description = json!({
        "build": "41",
        "started": time("10:00"),
        "finished": time("10:30"),
        "url": "https://airflow.example/runs/41",
        "product": {"acme/shop": "1111111111111111111111111111111111111111"},
        "infra": {"test-infra": "v20261119-0123456789"},
        "tests": [
            {"name": "adds", "status": "passed", "seconds": 1.5},
            {"name": "divides", "status": "failed", "message": "by zero"},
        ],
    });
    let mut heard = world.reader.listen().expect("it does not stop yet");
    heard.next().await.expect("the beginning");
    let first = world.upload(&token, "airflow-nightly", &description).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!(first.body["revision"], 1);
    assert_eq!(first.body["is_new"], true);
    assert_eq!(
        first.body["pages"],
        json!([paths::tab("uploads", "nightly")])
    );
    let change = heard.next().await.expect("the change is told");
    assert_eq!(first.body["state"], change.state);

    let grid = world.grid("nightly").await;
    assert_eq!(grid.columns.len(), 1);
    let column = &grid.columns[0];
    assert_eq!(column.build, "41");
    assert_eq!(column.url, "https://airflow.example/runs/41");
    assert_eq!(
        column.infra[0].version.as_deref(),
        Some("v20261119-0123456789")
    );
    assert_eq!(status(&grid, "divides"), [Status::Fail]);
    assert_eq!(status(&grid, "airflow-nightly.Overall"), [Status::Fail]);

    // Again, written otherwise, is the same.
    let again = world.upload(&token, "Airflow_Nightly", &description).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    assert_eq!(again.body["is_new"], false);
    assert_eq!(world.grid("nightly").await.version, grid.version);

    // Every write says who and when.
    let audit = world.store.load_audit(10).await.expect("the audit");
    assert_eq!(audit.len(), 2, "{audit:?}");
    assert_eq!(audit[0].action, "upload.accept");
    assert_eq!(audit[0].subject, "airflow-nightly/41");
    assert_eq!(audit[0].who, "token 1 (airflow)");
    assert!(audit[0].at_ms > 1_700_000_000_000);
    let used = world.store.load_tokens().await.expect("tokens");
    assert!(used[0].used_ms.is_some());
}

#[tokio::test]
async fn the_newest_of_different_uploads_counts_and_both_are_seen() {
    let world = World::new().await;
    let token = world.token("*", "*").await;
    let run = |build: &str, passed: bool| {
        json!({"build": build, "started": time("10:00"),
               "finished": time("10:30"), "passed": passed})
    };
    for (passed, revision) in [(true, 1), (false, 2), (true, 3)] {
        let reply = world
            .upload(&token, "airflow-nightly", &run("7", passed))
            .await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        assert_eq!(reply.body["revision"], revision);
    }
    let grid = world.grid("nightly").await;
    assert_eq!(grid.columns.len(), 1);
    assert_eq!(status(&grid, "airflow-nightly.Overall"), [Status::Pass]);
    let problem = &grid.columns[0].problems[0].message;
    assert!(problem.contains("uploaded 3 times"), "{problem}");
    let reply = world
        .get("/api/v2/groups/airflow-nightly/runs/7/revisions")
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    let items = reply.body["items"].as_array().expect("a list");
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["revision"], 3, "newest first");
    assert_eq!(items[0]["uploader"], "airflow");
    let unknown = world
        .get("/api/v2/groups/airflow-nightly/runs/8/revisions")
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    // A run that was under way and has ended contradicts nothing.
    let begun = json!({"build": "8", "started": time("11:00"), "running": true});
    world.upload(&token, "airflow-nightly", &begun).await;
    let grid = world.grid("nightly").await;
    assert_eq!(
        status(&grid, "airflow-nightly.Overall")[0],
        Status::Fail,
        "over a day without a word"
    );
    world
        .upload(&token, "airflow-nightly", &run("8", true))
        .await;
    let grid = world.grid("nightly").await;
    let column = grid.columns.iter().find(|column| column.build == "8");
    assert_eq!(column.expect("build 8").problems, []);
}

#[tokio::test]
async fn junit_files_come_as_a_form() {
    let world = World::new().await;
    let token = world.token("ci-*", "").await;
    let path = "/api/v2/groups/ci-job/runs";
    let reply = world
        .form(
            &token,
            path,
            &[
                (
                    "metadata",
                    "",
                    r#"{"build": "9", "infra": {"prow": "v20261119-abcdef012"}}"#,
                ),
                ("junit", "junit.xml", JUNIT),
                (
                    "junit",
                    "junit.xml",
                    "<testsuite><testcase name='more'/></testsuite>",
                ),
                (
                    "any",
                    "TEST-other.xml",
                    "<testsuite><testcase name='other'/></testsuite>",
                ),
            ],
        )
        .await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    let grid = world.grid("job").await;
    for (row, expected) in [
        ("adds", Status::Pass),
        ("divides", Status::Fail),
        ("more", Status::Pass),
        ("other", Status::Pass),
        ("ci-job.Overall", Status::Fail),
    ] {
        assert_eq!(status(&grid, row), [expected], "{row}");
    }
    // The address may say the build.
    let reply = world
        .form(
            &token,
            &format!("{path}?build=10"),
            &[("f", "a.xml", JUNIT)],
        )
        .await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    assert_eq!(world.stored_runs().await, 2);

    for (parts, words) in [
        (&[("junit", "junit.xml", JUNIT)][..], "no part `metadata`"),
        (
            &[
                ("metadata", "", r#"{"build": "1"}"#),
                ("x", "notes.txt", "hello"),
            ][..],
            "\"notes.txt\" is neither",
        ),
        (&[("metadata", "", "{")][..], "cannot be read"),
    ] {
        let reply = world.form(&token, path, parts).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.body);
        assert!(reply.message().contains(words), "{}", reply.message());
    }
    assert_eq!(world.stored_runs().await, 2, "nothing else is stored");
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_what_curl_sends_is_not() {
    let world = World::new().await;
    let token = world.token("*", "").await;
    let send = async |headers: &[(header::HeaderName, &str)], body: &'static str| {
        let authorization = format!("Bearer {token}");
        let mut all = vec![(header::AUTHORIZATION, authorization.as_str())];
        all.extend_from_slice(headers);
        let path = "/api/v2/groups/airflow-nightly/runs";
        world.send(path, &all, Body::from(body)).await
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    for (body, words) in [
        (r#"{"build": ".."}"#, "cannot stand in an address"),
        (
            r#"{"build": "1", "started": "9999-01-01T00:00:00Z"}"#,
            "is the clock right?",
        ),
    ] {
        let reply = send(&json, body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.body);
        assert!(reply.message().contains(words), "{}", reply.message());
    }
    let packed = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_ENCODING, "gzip"),
    ];
    let reply = send(&packed, r#"{"build": "1"}"#).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.body);
    assert!(reply.message().contains("\"gzip\""), "{}", reply.message());
    assert_eq!(world.stored_runs().await, 0);

    let form = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
    let reply = send(&form, r#"{"build": "1"}"#).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    let reply = send(&form, "build=2").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.body);
    assert!(reply.message().contains("JSON"), "{}", reply.message());
}

#[tokio::test]
async fn what_is_too_large_leaves_nothing() {
    let world = World::with(PushSettings {
        max_bytes: 2000,
        ..PushSettings::default()
    })
    .await;
    let token = world.token("*", "").await;
    let large = json!({"build": "1", "metadata": {"x": "y".repeat(3000)}});
    let reply = world.upload(&token, "airflow-nightly", &large).await;
    assert_eq!(
        reply.status,
        StatusCode::PAYLOAD_TOO_LARGE,
        "{}",
        reply.body
    );
    assert!(
        reply.message().contains("2000 bytes"),
        "{}",
        reply.message()
    );
    // Also where the length is not said beforehand.
    let chunks = (0..40).map(|_| Ok::<_, std::io::Error>("z".repeat(100)));
    let reply = world
        .send(
            "/api/v2/groups/airflow-nightly/runs",
            &[
                (header::AUTHORIZATION, &format!("Bearer {token}")),
                (header::CONTENT_TYPE, "application/json"),
            ],
            Body::from_stream(futures::stream::iter(chunks)),
        )
        .await;
    assert_eq!(
        reply.status,
        StatusCode::PAYLOAD_TOO_LARGE,
        "{}",
        reply.body
    );
    let long = "q".repeat(2500);
    let reply = world
        .form(
            &token,
            "/api/v2/groups/airflow-nightly/runs",
            &[("metadata", "", r#"{"build": "1"}"#), ("a", "a.xml", &long)],
        )
        .await;
    assert_eq!(
        reply.status,
        StatusCode::PAYLOAD_TOO_LARGE,
        "{}",
        reply.body
    );
    assert_eq!(world.stored_runs().await, 0);
    assert_eq!(world.store.load_upload_groups().await.expect("groups"), []);
}

#[tokio::test]
async fn uploads_are_read_again_when_the_configuration_changes() {
    let world = World::new().await;
    let token = world.token("*", "").await;
    let run = json!({"build": "3", "started": time("10:00"), "metadata": {"zone": "eu-1"}});
    world.upload(&token, "airflow-nightly", &run).await;
    assert_eq!(world.pipeline.catch_up().await.expect("read"), 0);
    let mut configuration = configuration();
    configuration.test_groups[0].column_header = vec![model::config::ColumnHeader {
        configuration_value: "zone".into(),
        ..model::config::ColumnHeader::default()
    }];
    let World { folder, store, .. } = world;
    let world = World::over(folder, store, PushSettings::default(), configuration).await;
    assert_eq!(world.pipeline.catch_up().await.expect("read"), 1);
    let grid = world.grid("nightly").await;
    assert_eq!(grid.columns[0].headers["zone"], "eu-1");
    assert_eq!(world.pipeline.catch_up().await.expect("read"), 0);
}

#[tokio::test]
async fn who_uploads_a_run_that_is_too_old_is_told_so() {
    let world = World::new().await;
    let token = world.token("*", "").await;
    let now = chrono::DateTime::from_timestamp_millis(seamgrid::clock::now_ms()).expect("a time");
    let upload = async |build: &str, days_ago: i64| {
        let started = now - chrono::TimeDelta::days(days_ago);
        let run = json!({"build": build, "started": started, "tests": [{"name": "t", "status": "failed"}]});
        let reply = world.upload(&token, "airflow-nightly", &run).await;
        assert!(reply.status.is_success(), "{}", reply.body);
        let note = reply.body["note"].as_str().map(str::to_owned);
        (reply.status, note)
    };
    // The newest run of a group stays, however old.
    assert_eq!(upload("1", 40).await, (StatusCode::CREATED, None));
    assert_eq!(upload("2", 30).await, (StatusCode::CREATED, None));
    assert_eq!(upload("3", 1).await, (StatusCode::CREATED, None));
    let (status, note) = upload("2", 30).await;
    assert_eq!(status, StatusCode::OK);
    let note = note.expect("by now it is too old");
    assert!(note.contains("before the 15 days for which the test group \"airflow-nightly\""));
    assert!(
        note.ends_with("only the numbers of its day are left of it"),
        "{note}"
    );
    let (_, note) = upload("4", 500).await;
    assert!(note.is_some_and(|note| note.ends_with("nothing of it is going to be kept")));
    // So it comes, and who uploads it once more is told the same.
    let groups = [TestGroup {
        name: "airflow-nightly".into(),
        ..TestGroup::default()
    }];
    let pruned = prune(&world.store, &groups, 15, now.timestamp_millis(), false).await;
    assert_eq!(pruned.expect("pruned")[0].runs, 3);
    let (status, note) = upload("2", 30).await;
    assert!(status == StatusCode::CREATED && note.is_some());
}

#[tokio::test]
async fn uploads_are_not_read_again_and_again_by_two_configurations() {
    let old = World::new().await;
    let token = old.token("*", "").await;
    let run = |build: &str| {
        json!({"build": build, "started": time("10:00"), "finished": time("11:00"),
               "metadata": {"zone": "eu-1"}})
    };
    let catch_up = async |world: &World| world.pipeline.catch_up().await.expect("read");
    old.upload(&token, "airflow-nightly", &run("3")).await;
    assert_eq!(catch_up(&old).await, 0);

    let mut configuration = configuration();
    configuration.test_groups[0].column_header = vec![model::config::ColumnHeader {
        configuration_value: "zone".into(),
        ..model::config::ColumnHeader::default()
    }];
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("bucket")).expect("a bucket");
    let new = World::over(
        folder,
        old.store.clone(),
        PushSettings::default(),
        configuration,
    )
    .await;
    assert_eq!(catch_up(&new).await, 1, "it begins");
    for _ in 0..3 {
        assert_eq!(catch_up(&old).await, 0);
        assert_eq!(catch_up(&new).await, 0);
    }
    // What the old process takes meanwhile is shown, and read again by the new one, once.
    let reply = old.upload(&token, "airflow-nightly", &run("4")).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    assert_eq!(old.stored_runs().await, 2);
    assert_eq!(catch_up(&old).await, 0);
    assert_eq!(catch_up(&new).await, 1);
    assert_eq!(catch_up(&old).await, 0);
    assert_eq!(catch_up(&new).await, 0);
    let grid = new.grid("nightly").await;
    assert_eq!(grid.columns.len(), 2);
    for column in &grid.columns {
        assert_eq!(column.headers["zone"], "eu-1", "{column:?}");
    }
}
