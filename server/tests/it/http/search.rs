//! Search, and one test across all tabs: as pages and as data.

use app::paths;
use axum::http::StatusCode;
use model::{
    grid::Grid,
    retention::DAY_MS,
    run::{Cell, Run, TestResult},
    status::Status,
    wire::{ColumnState, Durations, Found, Items, MetricsPage, RowPage, TestPage, TestRef},
};

use super::{GCE, MASTER, START_MS, World};

/// A world whose names can be searched.
async fn searched() -> World {
    let world = World::new().await;
    world.reader.renew_search().await.expect("names are read");
    world
}

async fn read<T: serde::de::DeserializeOwned>(world: &World, path: &str) -> T {
    serde_json::from_value(world.json(path).await).expect("the answer has this shape")
}

async fn found(world: &World, query: &str) -> Found {
    read(
        world,
        &format!("{}?q={}", paths::API_SEARCH, paths::segment(query)),
    )
    .await
}

#[tokio::test]
async fn each_kind_is_found_by_parts_of_its_name() {
    let world = searched().await;
    let names = |found: &Found| {
        let tabs = found.tabs.iter().map(|tab| tab.tab.clone());
        let tests = found.tests.iter().map(|test| test.name.clone());
        tabs.chain(tests).collect::<Vec<_>>()
    };
    let kubelet = found(&world, "KUBElet").await;
    assert_eq!(
        names(&kubelet),
        ["kubelet", "kubelet", "kubelet starts", "kubelet restarts"]
    );
    assert_eq!(kubelet.tests[0].group_count, 1);
    assert_eq!(kubelet.tests[0].tab_count, 5);
    assert_eq!(kubelet.corrected, None);
    assert_eq!(
        names(&found(&world, "starts kubelet").await),
        ["kubelet starts", "kubelet restarts"]
    );
    assert_eq!(
        found(&world, "master blocking").await.dashboards[0].name,
        MASTER
    );
    let slip = found(&world, "kubblet").await;
    assert_eq!(slip.corrected.as_deref(), Some("kubelet"));
    assert_eq!(names(&slip), names(&kubelet));
    assert!(found(&world, "zebra").await.is_empty());
    assert!(found(&world, "  ").await.is_empty());
}

#[tokio::test]
async fn builds_are_found_by_the_beginning_of_their_id() {
    let world = searched().await;
    let build = |id: &str, hour: i64| Run {
        build: id.into(),
        started_ms: START_MS + hour * 3_600_000,
        results: vec![TestResult {
            name: "new in 1790".into(),
            cell: Cell::plain(Status::Pass),
        }],
        ..Run::default()
    };
    let builds = [
        build("1790000001", 50),
        build("1790000002", 51),
        build("1800", 52),
    ];
    world
        .store
        .save_runs(world.group, &builds, START_MS + 60 * 3_600_000)
        .await
        .expect("runs are stored");
    let found_builds = found(&world, "1790").await;
    let ids: Vec<&str> = found_builds
        .builds
        .iter()
        .map(|one| one.build.as_str())
        .collect();
    assert_eq!(ids, ["1790000002", "1790000001"]);
    let shown = found_builds.builds[0].tab.as_ref().expect("a tab shows it");
    assert_eq!(
        (shown.dashboard.as_str(), shown.tab.as_str()),
        (MASTER, GCE)
    );
    assert!(found_builds.tests.is_empty(), "its name was not read yet");
    world.reader.renew_search().await.expect("names are read");
    assert_eq!(found(&world, "1790").await.tests[0].name, "new in 1790");
    assert!(
        found(&world, "17").await.builds.is_empty(),
        "too short to say anything"
    );
}

#[tokio::test]
async fn tests_are_listed() {
    let world = searched().await;
    let path = format!("{}?q=kubelet&limit=1", paths::API_TESTS);
    let listed: Items<TestRef> = read(&world, &path).await;
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].name, "kubelet starts");
    let whole: Items<TestRef> = read(&world, &format!("{}?q=s", paths::API_TESTS)).await;
    assert_eq!((whole.items.len() > 2, whole.next), (true, None));
    let mut names = Vec::new();
    let mut path = format!("{}?q=s&limit=2", paths::API_TESTS);
    // Each part has a test, so this ends.
    while names.len() < whole.items.len() {
        let part: Items<TestRef> = read(&world, &path).await;
        names.extend(part.items);
        let Some(next) = part.next else { break };
        let after = paths::segment(&next);
        path = format!("{}?q=s&limit=2&after={after}", paths::API_TESTS);
    }
    assert_eq!(names, whole.items);
    for limit in ["0", "1001", "many"] {
        let path = format!("{}?q=kubelet&limit={limit}", paths::API_TESTS);
        assert_eq!(
            world.get(&path).await.status,
            StatusCode::BAD_REQUEST,
            "{limit}"
        );
    }
    world.check_tag(&path).await;
}

#[tokio::test]
async fn one_test_is_told_on_every_tab() {
    let world = searched().await;
    let page: TestPage = read(&world, &paths::api_test("nodes join")).await;
    let tabs: Vec<(&str, &str)> = page
        .tabs
        .iter()
        .map(|tab| (tab.branch.as_str(), tab.tab.as_str()))
        .collect();
    // Tabs that filter it out do not show it.
    assert_eq!(tabs, [("master", GCE), ("1.9", "gce"), ("", "kubelet")]);
    let tab = &page.tabs[0];
    assert_eq!(tab.fail_count, 3);
    assert_eq!(tab.first_fail_build.as_deref(), Some("4"));
    let states: Vec<ColumnState> = tab.runs.iter().map(|run| run.state).collect();
    assert_eq!(states[..3], [ColumnState::Failed; 3]);
    assert_eq!(states[3..], [ColumnState::Passed; 3]);
    assert!(tab.runs[0].message.contains("no <b>node</b>"));
    assert_eq!(tab.runs[0].infra[0].component, "test-infra");
    let reply = world.get(&paths::api_test("nodes joint")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.error().1, "no test is called \"nodes joint\"");
}

#[tokio::test]
async fn pages_are_whole_without_scripts() {
    let world = searched().await;
    let page = world.get(&format!("{}?q=kubelet", paths::TESTS)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    let text = page.text();
    assert!(text.starts_with("<!DOCTYPE html>"), "{text}");
    assert!(
        text.contains("<title>Search: kubelet · Seamgrid</title>"),
        "{text}"
    );
    for kind in ["tabs", "tests"] {
        assert!(text.contains(&format!("data-kind=\"{kind}\"")), "{kind}");
    }
    assert!(text.contains(&format!("href=\"{}\"", paths::test("kubelet starts"))));
    let hostile = world
        .get(&format!(
            "{}?q=%3Cscript%3Ealert(1)%3C/script%3E",
            paths::TESTS
        ))
        .await;
    assert!(!hostile.text().contains("<script>alert"));
    assert!(hostile.text().contains("Nothing is called"));

    let page = world.get(&paths::test("nodes join")).await;
    let text = page.text();
    assert!(text.contains("3 of 3 tabs failing now"), "{text}");
    // One heading per version, newest first.
    let newer = text.find("data-version=\"2222").expect("the newer version");
    let older = text.find("data-version=\"1111").expect("the older version");
    assert!(newer < older);
    let by_day = world
        .get(&format!("{}?by=day", paths::test("nodes join")))
        .await;
    assert!(!by_day.text().contains("data-version=\"2222"));
    let missing = world.get(&paths::test("no such test")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.text().contains("no test is called"));
}

#[tokio::test]
async fn a_row_is_told_in_depth() {
    let world = searched().await;
    let page: RowPage = read(&world, &paths::api_row(MASTER, GCE, "nodes join")).await;
    assert_eq!((page.dashboard.as_str(), page.tab.as_str()), (MASTER, GCE));
    let counts = page.counts;
    assert_eq!(
        (counts.runs, counts.passed, counts.failed, counts.flaky),
        (6, 3, 3, 0)
    );
    assert!(
        counts.flips_percent.abs() < f32::EPSILON,
        "an outage is no flakiness"
    );
    let failing = page.failing.expect("it has an alert");
    assert_eq!(
        (failing.fail_count, failing.first_fail_build.as_str()),
        (3, "4")
    );
    let moved = failing.moved.expect("it passed before");
    assert_eq!(moved.infra.changes[0].component, "test-infra");
    assert!(page.transitions.iter().any(|seam| seam.build == "4"));
    assert_eq!(page.runs.len(), 6);
    assert_eq!(page.runs[0].status, Status::Fail);
    assert!(page.runs[0].url.starts_with("https://prow.example.org/"));
    let elsewhere: Vec<&str> = page
        .elsewhere
        .iter()
        .map(|tab| tab.branch.as_str())
        .collect();
    assert_eq!(elsewhere, ["1.9", ""]);

    let shown = world.get(&paths::row(MASTER, GCE, "nodes join")).await;
    assert_eq!(shown.status, StatusCode::OK);
    let text = shown.text();
    for expected in [
        "6 runs: 3 passed, 3 failed, 0 flaky",
        "data-testid=\"failing-row\"",
        "no &lt;b&gt;node&lt;/b&gt; ‹U+202E›left",
        "data-testid=\"test-on-tab\"",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    let missing = world.get(&paths::api_row(MASTER, GCE, "nodes part")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.error().1.contains("has no row \"nodes part\""));
}

#[tokio::test]
async fn a_row_is_told_by_day_beyond_its_runs() {
    let world = searched().await;
    let path = paths::api_row(MASTER, GCE, "nodes join");
    let page: RowPage = read(&world, &path).await;
    let known: u32 = page.days.iter().map(|day| day.runs).sum();
    assert_eq!(known, page.counts.runs);
    let failed: u32 = page.days.iter().map(|day| day.failed).sum();
    assert_eq!(failed, page.counts.failed);

    let mut old = super::run(
        0,
        None,
        "p",
        vec![("nodes join", Cell::plain(Status::Flaky))],
    );
    old.build = "old".into();
    old.started_ms -= 40 * DAY_MS;
    old.results[0].cell.seconds = Some(90.0);
    let before_ms = old.started_ms + 1;
    let saved = world.store.save_runs(world.group, &[old], 1).await;
    saved.expect("saved");
    let deleted = world.store.delete_runs(world.group, before_ms, 0, 9).await;
    assert_eq!(deleted.expect("deleted"), 1);
    let page: RowPage = read(&world, &path).await;
    assert_eq!(page.counts.runs, known, "the run is gone");
    let oldest = page.days.last().expect("a day");
    assert_eq!(
        (oldest.runs, oldest.flaky, oldest.seconds),
        (1, 1, Some(90.0))
    );
    assert!(page.days.is_sorted_by(|a, b| a.day > b.day));
    let shown = world.get(&paths::row(MASTER, GCE, "nodes join")).await;
    let text = shown.text();
    assert!(text.contains("data-testid=\"row-days\""), "{text}");
    assert!(text.contains(&format!("<td>{}<", oldest.day)), "{text}");
}

/// A world in which two tests of a newer build took their time, one of which also measured something.
async fn measured() -> World {
    let world = World::new().await;
    let result = |name: &str, seconds: f32, metrics: &[(&str, f64)]| TestResult {
        name: name.into(),
        cell: Cell {
            seconds: Some(seconds),
            metrics: metrics
                .iter()
                .map(|&(name, value)| (name.to_owned(), value))
                .collect(),
            ..Cell::plain(Status::Pass)
        },
    };
    let run = Run {
        build: "90".into(),
        started_ms: START_MS + 70 * 3_600_000,
        results: vec![
            result("kubelet starts", 90.0, &[]),
            result("nodes join", 30.0, &[("nodes", 5000.0)]),
        ],
        ..Run::default()
    };
    world
        .store
        .save_runs(world.group, &[run], START_MS + 80 * 3_600_000)
        .await
        .expect("a run is stored");
    world.reader.publish_changed().await.expect("published");
    world
}

#[tokio::test]
async fn rows_say_how_long_they_take_on_average() {
    let world = measured().await;
    let run = |build: &str, seconds: f32| Run {
        build: build.into(),
        started_ms: START_MS + 71 * 3_600_000,
        results: vec![TestResult {
            name: "kubelet starts".into(),
            cell: Cell {
                seconds: Some(seconds),
                ..Cell::plain(Status::Pass)
            },
        }],
        ..Run::default()
    };
    world
        .store
        .save_runs(world.group, &[run("91", 30.5)], START_MS + 80 * 3_600_000)
        .await
        .expect("a run is stored");
    world.reader.publish_changed().await.expect("published");
    let address = paths::api_durations(MASTER, GCE);
    let told: Durations = read(&world, &address).await;
    let grid: Grid = read(&world, &paths::api_grid(MASTER, GCE)).await;
    assert_eq!(told.version, grid.version);
    assert_eq!(told.mean_ms.len(), grid.rows.len());
    for (row, mean) in grid.rows.iter().zip(told.mean_ms) {
        let expected = match row.name.as_str() {
            "kubelet starts" => Some(60_250),
            "nodes join" => Some(30_000),
            _ => None,
        };
        assert_eq!(mean, expected, "{}", row.name);
    }
    world.check_tag(&address).await;
    let sorted: MetricsPage = read(
        &world,
        &format!("{}?sort-by-duration=", paths::api_metrics(MASTER, GCE)),
    )
    .await;
    let names: Vec<&str> = sorted.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["kubelet starts", "nodes join"]);

    // One cell's on its card, as a part of a page.
    let tab = paths::tab(MASTER, GCE);
    for (row, said) in [("kubelet starts", "30 s"), ("nodes join", "not told")] {
        let part = world.get(&paths::duration_part(&tab, row, "91")).await;
        assert_eq!((part.status, part.text()), (StatusCode::OK, said));
    }
    let missing = world.get(&paths::duration_part(&tab, "no", "91")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_numbers_of_a_tab_are_drawn() {
    let world = measured().await;
    let address = paths::api_metrics(MASTER, GCE);
    let page: MetricsPage = read(&world, &format!("{address}?sort-by-name=")).await;
    assert_eq!(page.names, ["test-duration-minutes", "nodes"]);
    assert_eq!(page.shown, ["test-duration-minutes"]);
    assert_eq!(page.columns[0].build, "90");
    assert_eq!((page.rows.len(), page.row_count), (2, 2));
    let row = &page.rows[0];
    assert_eq!(row.name, "kubelet starts");
    assert_eq!(row.states[0], ColumnState::Passed);
    assert_eq!(row.states.len(), page.columns.len());
    assert_eq!(row.metrics[0].values, [(0, 1.5)]);
    let only: MetricsPage = read(
        &world,
        &format!("{address}?graph-metrics=nodes&include-filter-by-regex=join"),
    )
    .await;
    assert_eq!(only.rows[0].metrics[0].values, [(0, 5000.0)]);
    assert_eq!(only.row_count, 1);
    world.check_tag(&address).await;

    // TestGrid's option, on a tab's page and in an old link's way, leads to the charts.
    let option = "graph-metrics=nodes&width=30";
    let page = format!("{}?{option}", paths::tab(MASTER, GCE));
    let answer = world.get(&page).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let charts = paths::metrics(MASTER, GCE, option);
    assert_eq!(answer.header("location"), charts);
    let shown = world.get(&charts).await;
    assert_eq!(shown.status, StatusCode::OK);
    let text = shown.text();
    for expected in [
        "nodes of nodes join, newest run at the left",
        "data-testid=\"chart\"",
        "5000 passed",
        "As a table",
        "name=\"width\" value=\"30\"",
        "1 row with values.",
        &paths::row(MASTER, GCE, "nodes join"),
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }

    for (path, status, message) in [
        (
            paths::metrics(MASTER, GCE, "graph-metrics=speed"),
            StatusCode::BAD_REQUEST,
            "the tab has no metric \"speed\"; it has test-duration-minutes, nodes",
        ),
        (
            paths::metrics(MASTER, GCE, "include-filter-by-regex=%28"),
            StatusCode::BAD_REQUEST,
            "include-filter-by-regex=\"(\" cannot be used",
        ),
        (
            paths::metrics(MASTER, "none", ""),
            StatusCode::NOT_FOUND,
            "none",
        ),
    ] {
        let reply = world.get(&path).await;
        assert_eq!(reply.status, status, "{path}");
        assert!(
            reply.text().contains(message),
            "{message} in {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn the_rows_of_a_tab_are_listed_for_small_screens() {
    let world = World::new().await;
    let reply = world.get(&paths::rows(MASTER, GCE, "")).await;
    assert_eq!(reply.status, StatusCode::OK);
    let text = reply.text();
    let place = |name: &str| {
        let link = format!("href=\"{}\"", paths::row(MASTER, GCE, name));
        text.find(&link)
            .unwrap_or_else(|| panic!("{link} in {text}"))
    };
    assert!(
        place("nodes join") < place("kubelet starts"),
        "those that fail come first"
    );
    assert!(text.contains("3 failures since it passed"));
    assert!(text.contains("data-testid=\"rows-list\""));

    // The options of the grid hold, and those that the tab is configured with.
    let filtered = world
        .get(&paths::rows(
            MASTER,
            GCE,
            "include-filter-by-regex=kubelet%20starts",
        ))
        .await;
    let said = "1 row · 3 hidden by filters";
    assert!(filtered.text().contains(said), "{}", filtered.text());
    assert!(!filtered.text().contains("3 failures since it passed"));
    let wrong = world
        .get(&paths::rows(MASTER, GCE, "include-filter-by-regex=%28"))
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let missing = world.get(&paths::rows(MASTER, "none", "")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}
