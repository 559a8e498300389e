//! `/{dashboard}/summary` and `/{dashboard}/table`.

mod clients;
mod options;
mod recorded;

use app::paths::segment;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::{GCE, MASTER, World};

fn table(query: &str) -> String {
    format!(
        "/{}/table?tab={}&dashboard={}{query}",
        segment(MASTER),
        segment(GCE),
        segment(MASTER)
    )
}

#[tokio::test]
async fn a_summary_has_an_entry_per_tab() {
    let world = World::new().await;
    let path = format!("/{}/summary", segment(MASTER));
    insta::assert_json_snapshot!("summary", world.json(&path).await);
    world.check_tag(&path).await;
}

#[tokio::test]
async fn a_table_has_every_key_of_testgrid() {
    let world = World::new().await;
    insta::assert_json_snapshot!("table", world.json(&table("")).await);
}

#[tokio::test]
async fn tables_can_be_kept_compressed_and_read_by_any_page() {
    let world = World::new().await;
    for query in ["", "&width=10&grid=old", "&show-stale-tests="] {
        let path = table(query);
        world.check_tag(&path).await;
        world.check_codings(&path).await;
        let reply = world.get(&path).await;
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(reply.json()["cached"], true, "{query}");
    }
    assert_eq!(world.json(&table("&sort-by-name=")).await["cached"], false);
}

#[tokio::test]
async fn what_cannot_be_answered_is_said_in_one_line() {
    let world = World::new().await;
    let too_costly = format!("&include-filter-by-regex={}", segment("(a{500}){500}"));
    let too_many = "&exclude-filter-by-regex=a".repeat(40);
    for (path, status, words) in [
        (
            table("&include-filter-by-regex=("),
            StatusCode::BAD_REQUEST,
            "include-filter-by-regex=\"(\" cannot be used: it is not a regular expression: unclosed group",
        ),
        (
            table("&exclude-filter-by-regex=%5B"),
            StatusCode::BAD_REQUEST,
            "exclude-filter-by-regex=\"[\" cannot be used: it is not a regular expression",
        ),
        (
            table("&group-by-regex-mask=%2A"),
            StatusCode::BAD_REQUEST,
            "group-by-regex-mask=\"*\" cannot be used",
        ),
        (
            table(&too_costly),
            StatusCode::BAD_REQUEST,
            "it is too costly",
        ),
        (
            table(&too_many),
            StatusCode::BAD_REQUEST,
            "40 regular expressions are too many",
        ),
        (
            table("&exclude-non-failed-tests=x"),
            StatusCode::BAD_REQUEST,
            "exclude-non-failed-tests is a whole number, not \"x\"",
        ),
        (
            table("&graph-metrics=nothing"),
            StatusCode::BAD_REQUEST,
            "the tab has no metric \"nothing\"; it has test-duration-minutes",
        ),
        (
            format!("/{}/table", segment(MASTER)),
            StatusCode::BAD_REQUEST,
            "which tab?",
        ),
        (
            format!("/{}/table?tab=gc", segment("sig-release-1.9-blocking")),
            StatusCode::NOT_FOUND,
            "dashboard \"sig-release-1.9-blocking\" has no tab \"gc\"; the nearest is \"gce\"",
        ),
        (
            "/sig-nod/summary".to_owned(),
            StatusCode::NOT_FOUND,
            "there is no dashboard \"sig-nod\"; the nearest is \"sig-node\"",
        ),
    ] {
        let reply = world.get(&path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert!(reply.text().contains(words), "{path}: {}", reply.text());
        assert_eq!(reply.text().lines().count(), 1, "{path}");
        assert_eq!(
            reply.header(header::CONTENT_TYPE),
            "text/plain; charset=utf-8"
        );
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
    }
}

#[tokio::test]
async fn a_tab_without_results_is_a_stale_table() {
    let world = World::new().await;
    let table = world
        .json("/sig-release-master-informing/table?tab=never")
        .await;
    assert_eq!(table["overall-status"], 5);
    assert_eq!(table["alerts"], "Warning: Test results are stale.");
    assert_eq!(table["tests"], json!([]));
    assert_eq!(
        table["column-header-names"],
        json!(["Date", "Time", "Build Number"])
    );
}

#[tokio::test]
async fn old_pages_are_where_they_were() {
    let world = World::new().await;
    for path in [
        format!("/{}", segment(MASTER)),
        format!("/d/{}", segment(MASTER)),
        // A tab of this name on a dashboard of this name is still a page.
        format!("/d/{}/{}", segment(MASTER), segment(GCE)),
    ] {
        let reply = world.get(&path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert!(
            reply.header(header::CONTENT_TYPE).starts_with("text/html"),
            "{path}"
        );
    }
}

/// The names of a table's rows.
fn names(table: &Value) -> Vec<&str> {
    table["tests"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|test| test["name"].as_str().expect("a name"))
        .collect()
}
