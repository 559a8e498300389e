//! What changed since a moment.

use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::{GCE, MASTER, START_MS, World, feeds};

const API: &str = "/api/v2/changes";

/// The turns of a tab in an answer: before, after, how often.
fn turns(answer: &Value, tab: &str) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().expect("a word").to_owned();
    let turns = answer["turns"].as_array().expect("a list").iter();
    turns
        .filter(|turn| turn["tab"] == tab && turn["dashboard"] == MASTER)
        .map(|turn| {
            let times = turn["times"].as_u64().expect("a number");
            (text(&turn["before"]), text(&turn["after"]), times)
        })
        .collect()
}

#[tokio::test]
async fn turns_of_a_tab_are_told_as_one() {
    let world = feeds::world().await;
    let all = world.json(&format!("{API}?since=0")).await;
    let net = ("FAILING".to_owned(), "PASSING".to_owned(), 2);
    assert_eq!(turns(&all, GCE), [net]);
    // A dashboard of no release branch is not what a release team looks at.
    let listed = all["turns"].as_array().expect("a list");
    assert!(
        listed.iter().all(|turn| turn["branch"] != Value::Null),
        "{all}"
    );
    assert!(all["count"].as_u64().expect("a number") >= 1, "{all}");
    world.check_tag(&format!("{API}?since=0")).await;
    let brief = world.json(&format!("{API}?since=0&only=count")).await;
    assert_eq!(brief["count"], all["count"]);
    assert_eq!(brief["turns"], Value::Array(Vec::new()));
    let reply = world.get(&format!("{API}?only=turns")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text().contains("turns"), "{}", reply.text());

    let later = world
        .json(&format!("{API}?since=2100-01-01T00:00:00Z"))
        .await;
    assert_eq!(later["count"], 0);
    assert_eq!(later["turns"], Value::Array(Vec::new()));

    let page = world.get("/changes?since=0").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("was failing"), "{}", page.text());
    let page = world.get("/changes?since=2100-01-01T00:00:00Z").await;
    assert!(
        page.text().contains("Nothing: every tab is as it was"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn rows_that_began_to_fail_are_told_though_no_status_turned() {
    let world = World::new().await;
    let all = world.json(&format!("{API}?since={START_MS}")).await;
    assert_eq!(all["turns"], Value::Array(Vec::new()));
    let failing = all["failing"].as_array().expect("a list");
    let tab = (failing.iter())
        .find(|it| it["tab"] == GCE && it["dashboard"] == MASTER)
        .expect("its rows failed");
    assert_eq!(tab["branch"], "master");
    assert_eq!(tab["status"], "FAILING");
    let names: Vec<&Value> = (tab["rows"].as_array().expect("a list").iter())
        .map(|row| &row["name"])
        .collect();
    assert!(names.iter().any(|name| *name == "nodes join"), "{names:?}");
    let (since, count) = (&tab["rows"][0]["since"], all["count"].as_u64());
    assert!(count >= Some(failing.len() as u64), "{all}");
    // Just after the first of them it is told no more.
    let first = chrono::DateTime::parse_from_rfc3339(since.as_str().expect("a time"));
    let after = first.expect("a time").timestamp_millis() + 1;
    let rest = world.json(&format!("{API}?since={after}")).await;
    let rows = |answer: &Value| -> u64 {
        let tabs = answer["failing"].as_array().expect("a list").iter();
        tabs.filter_map(|tab| tab["count"].as_u64()).sum()
    };
    assert!(rows(&rest) < rows(&all), "{rest}");
}

#[tokio::test]
async fn a_moment_that_is_none_is_refused() {
    let world = World::new().await;
    for path in [API, "/changes"] {
        let reply = world.get(&format!("{path}?since=yesterday")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(reply.text().contains("yesterday"), "{}", reply.text());
    }
    // A number that no calendar has is a moment like any other.
    for since in [i64::MIN, i64::MAX] {
        let reply = world
            .send(Method::GET, &format!("{API}?since={since}"), &[])
            .await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}
