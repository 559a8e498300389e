//! What published clients read, read as they read it: the field names, the types and the arithmetic.

use std::collections::HashMap;

use app::paths::segment;
use axum::http::StatusCode;
use regex::Regex;
use serde::Deserialize;

use crate::http::{GCE, MASTER, World};

/// A dashboard's entry as ci-reporter of kubernetes/release has it: every number is a whole one, or the
/// whole report fails.
#[derive(Deserialize)]
struct Value {
    alert: String,
    last_run_timestamp: i64,
    last_update_timestamp: i64,
    latest_green: String,
    overall_status: String,
    overall_status_icon: String,
    status: String,
    tests: Vec<FailingTest>,
    dashboard_name: String,
    healthiness: Healthiness,
    #[serde(default)]
    bug_url: String,
}

#[derive(Deserialize)]
struct Healthiness {
    tests: Vec<serde_json::Value>,
    #[serde(rename = "previousFlakiness")]
    previous_flakiness: i64,
}

#[derive(Deserialize)]
struct FailingTest {
    display_name: String,
    test_name: String,
    fail_count: i64,
    fail_timestamp: i64,
    pass_timestamp: i64,
    build_link: String,
    build_url_text: String,
    build_link_text: String,
    failure_message: String,
    linked_bugs: Vec<serde_json::Value>,
    fail_test_link: String,
}

#[tokio::test]
async fn ci_reporter_can_report() {
    let world = World::new().await;
    let reply = world.get(&format!("/{}/summary", segment(MASTER))).await;
    assert_eq!(reply.status, StatusCode::OK);
    let jobs: HashMap<String, Value> =
        serde_json::from_slice(&reply.body).expect("every field has its type");
    assert_eq!(jobs.len(), 3);
    // How it counts passes of runs.
    let runs = Regex::new(r"(?P<passes>\d{1,2})\sof\s(?P<runs>\d{1,2})").expect("a pattern");
    let job = &jobs[GCE];
    let found = runs
        .captures(&job.status)
        .expect("the line has two numbers");
    assert_eq!((&found["passes"], &found["runs"]), ("2", "5"));
    assert_eq!(job.overall_status, "FAILING");
    assert_eq!(job.overall_status_icon, "warning");
    assert_eq!(job.dashboard_name, MASTER);
    assert_eq!(job.alert, "");
    assert_eq!(job.latest_green, "2");
    assert_eq!(job.bug_url, "");
    assert!(job.last_run_timestamp > 100_000_000_000, "milliseconds");
    assert!(job.last_update_timestamp < 100_000_000_000, "seconds");
    assert_eq!(job.healthiness.previous_flakiness, -1);
    assert!(job.healthiness.tests.is_empty());
    let [test] = job.tests.as_slice() else {
        panic!("one row has an alert");
    };
    assert_eq!(test.display_name, "nodes join");
    assert_eq!(test.test_name, "nodes join");
    assert_eq!(test.fail_count, 3);
    assert!(test.fail_timestamp > test.pass_timestamp && test.pass_timestamp > 0);
    assert_eq!(test.fail_test_link, " nodes%20join");
    assert!(test.failure_message.starts_with("no <b>node</b>"));
    assert!(test.linked_bugs.is_empty());
    for empty in [
        &test.build_link,
        &test.build_url_text,
        &test.build_link_text,
    ] {
        assert_eq!(empty, "");
    }
    // A tab of unknown status is none of its words, and counts as stale there.
    assert_eq!(jobs["wrong"].overall_status, "");
}

/// A tab as signalhound has it.
#[expect(clippy::struct_field_names, reason = "the answer's names")]
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct TestGroup {
    test_group_name: String,
    query: String,
    status: String,
    changelists: Vec<String>,
    #[serde(rename = "column_ids")]
    column_ids: Vec<String>,
    custom_columns: Vec<Vec<String>>,
    column_header_names: Vec<String>,
    groups: Vec<String>,
    tests: Vec<Test>,
    #[serde(rename = "row_ids")]
    row_ids: Vec<String>,
    timestamps: Vec<i64>,
    stale_test_threshold: i64,
    num_stale_tests: i64,
    description: String,
    overall_status: i64,
}

#[derive(Deserialize)]
struct Test {
    name: String,
    #[serde(rename = "original-name")]
    original_name: String,
    messages: Vec<String>,
    short_texts: Vec<String>,
    statuses: Vec<Statuses>,
    target: String,
}

#[derive(Deserialize)]
struct Statuses {
    count: i64,
    value: i64,
}

#[tokio::test]
async fn signalhound_can_enumerate() {
    let world = World::new().await;
    // It replaces spaces and nothing else.
    let path = format!("/{MASTER}/table?tab={GCE}&exclude-non-failed-tests=&dashboard={MASTER}")
        .replace(' ', "%20")
        .replace('–', "%E2%80%93")
        .replace("100%%20", "100%25%20");
    let reply = world.get(&path).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let group: TestGroup = serde_json::from_slice(&reply.body).expect("every field has its type");
    assert_eq!(group.test_group_name, "cigce");
    assert!(group.status.starts_with("Served "));
    assert_eq!(group.overall_status, 3);
    assert_eq!((group.stale_test_threshold, group.num_stale_tests), (5, 0));
    assert_eq!(
        group.column_header_names[..3],
        ["Date", "Time", "Build Number"]
    );
    assert_eq!(
        group.custom_columns.len() + 3,
        group.column_header_names.len()
    );
    assert_eq!(group.changelists.len(), group.timestamps.len());
    assert_eq!(group.column_ids.len(), group.timestamps.len());
    assert_eq!(group.groups.len(), group.timestamps.len());
    assert_eq!(group.description, "");
    let [test] = group.tests.as_slice() else {
        panic!("one row failed");
    };
    assert_eq!(group.row_ids, [test.original_name.as_str()]);
    assert_eq!(
        (test.name.as_str(), test.target.as_str()),
        ("nodes join", "nodes join")
    );
    let columns: i64 = test.statuses.iter().map(|run| run.count).sum();
    assert_eq!(columns as usize, group.timestamps.len());
    assert_eq!(test.statuses[0].value, 12);
    // Its walk over the packed texts: the place of a text is taken for the place of a column.
    let first = test
        .short_texts
        .iter()
        .position(|text| !text.is_empty())
        .expect("a failure has an icon");
    assert!(test.messages.len() == test.short_texts.len());
    assert!(test.short_texts.len() <= group.timestamps.len());
    assert!(test.messages[first].starts_with("no <b>node</b>"));
    assert_eq!(
        format!(
            "https://prow.k8s.io/view/gs/{}/{}",
            group.query, group.changelists[first]
        ),
        "https://prow.k8s.io/view/gs/logs-bucket/logs/ci-gce/6"
    );
}
