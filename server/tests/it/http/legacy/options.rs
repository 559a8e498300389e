//! The options of a table: which rows, in which order, in which groups.

use app::paths::segment;
use model::{
    run::{Cell, Run, TestResult},
    status::Status,
};
use serde_json::json;

use super::names;
use crate::http::{GCE, HOUR_MS, MASTER, START_MS, World};

fn result(name: &str, cell: Cell) -> TestResult {
    TestResult {
        name: name.into(),
        cell,
    }
}

/// A world whose newest build has rows in folders, with durations and a metric, and in which one row has
/// had no result for long.
async fn world() -> World {
    let world = World::new().await;
    let runs: Vec<Run> = (7..=17)
        .map(|number| {
            let fails = number == 17;
            let timed = Cell {
                seconds: Some(90.0),
                metrics: vec![("coverage".into(), 81.5)],
                ..Cell::plain(Status::Pass)
            };
            let failed = Cell {
                icon: "F".into(),
                message: "no".into(),
                ..Cell::plain(if fails { Status::Fail } else { Status::Pass })
            };
            let mut results = vec![
                result("pkg/a/one", timed.clone()),
                result("pkg/a/two", failed),
                result("pkg/b [shard 1]", Cell::plain(Status::Pass)),
                result("pkg/b [shard 2]", Cell::plain(Status::Pass)),
                result("ci-gce.Overall", Cell::plain(Status::Pass)),
            ];
            if number % 2 == 0 {
                results.push(result("flips", Cell::plain(Status::Fail)));
            } else {
                results.push(result("flips", Cell::plain(Status::Pass)));
            }
            Run {
                build: number.to_string(),
                started_ms: START_MS + number * HOUR_MS,
                finished_ms: Some(START_MS + number * HOUR_MS + 1),
                results,
                ..Run::default()
            }
        })
        .collect();
    world
        .store
        .save_runs(world.group, &runs, START_MS + 18 * HOUR_MS)
        .await
        .expect("runs are stored");
    world
        .reader
        .publish_group("ci-gce")
        .await
        .expect("it is published");
    world
}

fn table(query: &str) -> String {
    format!("/{}/table?tab={}&{query}", segment(MASTER), segment(GCE))
}

#[tokio::test]
async fn rows_are_chosen_and_sorted() {
    let world = world().await;
    // The rows of the first six builds have no result in the recent five columns.
    let stale = ["nodes join", "kubelet restarts", "kubelet starts"];
    let fresh = [
        "pkg/a/two",
        "flips",
        "ci-gce.Overall",
        "pkg/a/one",
        "pkg/b [shard 1]",
        "pkg/b [shard 2]",
    ];
    let plain = world.json(&table("")).await;
    assert_eq!(names(&plain), fresh);
    assert_eq!(plain["num-stale-tests"], 3);
    let all = world.json(&table("show-stale-tests=")).await;
    let mut expected: Vec<&str> = fresh[..2].to_vec();
    expected.extend([
        "nodes join",
        "kubelet restarts",
        "ci-gce.Overall",
        "kubelet starts",
    ]);
    expected.extend(&fresh[3..]);
    assert_eq!(names(&all), expected);
    assert_eq!(all["num-stale-tests"], stale.len());
    for (query, expected) in [
        (
            "sort-by-name=",
            vec![
                "ci-gce.Overall",
                "flips",
                "pkg/a/one",
                "pkg/a/two",
                "pkg/b [shard 1]",
                "pkg/b [shard 2]",
            ],
        ),
        (
            "sort-by-duration=&include-filter-by-regex=pkg%2Fa",
            vec!["pkg/a/one", "pkg/a/two"],
        ),
        (
            "sort-by-failures=&exclude-non-failed-tests=",
            vec!["flips", "pkg/a/two"],
        ),
        (
            "sort-by-flakiness=&exclude-non-failed-tests=",
            vec!["flips", "pkg/a/two"],
        ),
        ("exclude-non-failed-tests=1", vec!["pkg/a/two"]),
        (
            "include-filter-by-regex=pkg&include-filter-by-regex=shard",
            vec!["pkg/b [shard 1]", "pkg/b [shard 2]"],
        ),
        (
            "exclude-filter-by-regex=%5Epkg&exclude-filter-by-regex=Overall%24",
            vec!["flips"],
        ),
    ] {
        let answer = world.json(&table(query)).await;
        assert_eq!(names(&answer), expected, "{query}");
        assert_eq!(answer["row_ids"], json!(expected), "{query}");
        assert_eq!(answer["cached"], false, "{query}");
    }
    let filtered = world.json(&table("include-filter-by-regex=kubelet")).await;
    assert_eq!(
        filtered["num-stale-tests"], 2,
        "those that pass the filters"
    );
}

#[tokio::test]
async fn rows_are_grouped_and_groups_expanded() {
    let world = world().await;
    let grouped = world
        .json(&table("group-by-directory=&include-filter-by-regex=pkg"))
        .await;
    assert_eq!(names(&grouped), ["pkg"]);
    let head = &grouped["tests"][0];
    assert_eq!(head["group"], "pkg");
    assert_eq!(
        head["test_ids"],
        json!(["pkg/a", "pkg/b [shard 1]", "pkg/b [shard 2]"])
    );
    assert_eq!(
        head["short_test_ids"],
        json!(["a", "b [shard 1]", "b [shard 2]"])
    );
    assert_eq!(head["tests"][0]["short_test_ids"], json!(["two", "one"]));
    // In the newest build one of four failed, so the group is flaky there.
    assert_eq!(head["statuses"][0], json!({"count": 1, "value": 13}));
    assert_eq!(head["short_texts"][0], "3/4");
    assert_eq!(head["messages"][0], "no");

    let expanded = world
        .json(&table(
            "group-by-directory=&expand-groups=&include-filter-by-regex=pkg/a",
        ))
        .await;
    assert_eq!(names(&expanded), ["pkg/a", "two", "one"]);
    for row in 0..3 {
        assert_eq!(expanded["tests"][row]["group"], "pkg/a");
    }
    assert_eq!(expanded["tests"][1]["original-name"], "pkg/a/two");
    assert_eq!(
        expanded["row_ids"],
        json!(["pkg/a", "pkg/a/two", "pkg/a/one"])
    );

    let masked = world
        .json(&table(&format!(
            "group-by-regex-mask={}&include-filter-by-regex=shard",
            segment(r"\d+")
        )))
        .await;
    assert_eq!(names(&masked), ["pkg/b [shard *]"]);
    let by_pattern = world
        .json(&table(&format!(
            "group-by-hierarchy-pattern={}&sort-by-name=",
            segment(r"[\w-]+")
        )))
        .await;
    assert_eq!(names(&by_pattern), ["ci-gce.Overall", "flips", "pkg"]);
    // Each test of these is a target of its own.
    let by_target = world
        .json(&table("group-by-target=&include-filter-by-regex=pkg"))
        .await;
    assert_eq!(by_target["tests"].as_array().map(Vec::len), Some(4));
    assert_eq!(by_target["tests"][0].get("test_ids"), None);
}

#[tokio::test]
async fn metrics_are_drawn_by_name() {
    let world = world().await;
    let plain = world.json(&table("")).await;
    assert_eq!(
        plain["metrics"],
        json!(["test-duration-minutes", "coverage"])
    );
    assert_eq!(plain["tests"][0].get("graphs"), None);
    let drawn = world
        .json(&table(
            "graph-metrics=test-duration-minutes&graph-metrics=coverage&include-filter-by-regex=one",
        ))
        .await;
    let graphs = drawn["tests"][0]["graphs"].as_array().expect("graphs");
    let columns = drawn["timestamps"].as_array().map_or(0, Vec::len);
    assert_eq!(columns, 17);
    for (graph, metric, value) in [
        (&graphs[0], "test-duration-minutes", 1.5),
        (&graphs[1], "coverage", 81.5),
    ] {
        assert_eq!(graph["metric"], json!([metric]));
        let values = graph["values"].as_array().expect("values");
        assert_eq!(values.len(), columns);
        assert_eq!(values[0], json!(value));
        assert_eq!(values[16], json!(null));
    }
}
