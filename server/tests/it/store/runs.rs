//! Saving, merging and loading runs.

use std::sync::Arc;

use model::{
    job_spec::{Facet, JobSpec, SpecFact},
    run::{Header, Run},
    status::Status,
    tabulate::Test,
};
use seamgrid::store::{GroupId, Inconsistency, RecordedRun, Saved, StoreError};

use super::{full_run, result, sqlite_store, test_store, versions};

const SAVED: Saved = Saved {
    inserted: 0,
    updated: 0,
    unchanged: 0,
};

fn recorded(run: Run) -> [RecordedRun; 1] {
    [RecordedRun { run, rank: 0 }]
}

#[tokio::test]
async fn a_run_comes_back_whole() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let run = full_run("100", 1_700_000_000_000);
    let saved = store
        .save_runs(group, std::slice::from_ref(&run), 1)
        .await
        .expect("saved");
    assert_eq!(
        saved,
        Saved {
            inserted: 1,
            ..SAVED
        }
    );
    let loaded = store.load_run(group, "100").await.expect("loaded");
    assert_eq!(loaded, Some(run));
    assert_eq!(store.load_run(group, "101").await.expect("loaded"), None);
}

#[tokio::test]
async fn saving_the_same_again_writes_nothing() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let mut runs = vec![full_run("100", 1_000), full_run("101", 2_000)];
    store.save_runs(group, &runs, 5).await.expect("saved");
    let logged = test.logged();
    // In another order of results too: they have none.
    runs[0].results.reverse();
    let saved = store.save_runs(group, &runs, 9).await.expect("saved");
    assert_eq!(
        saved,
        Saved {
            unchanged: 2,
            ..SAVED
        }
    );
    assert_eq!(test.logged(), logged);
    let groups = store.load_groups().await.expect("groups");
    assert_eq!(groups[0].modified_ms, Some(5));
}

#[tokio::test]
async fn a_changed_run_replaces_its_cells() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    store
        .save_runs(group, &[full_run("100", 1_000)], 1)
        .await
        .expect("saved");
    let mut changed = full_run("100", 1_000);
    changed.open = true;
    changed.results = vec![
        result("TestC", Status::Pass),
        result("TestA", Status::Flaky),
    ];
    let saved = store
        .save_runs(group, std::slice::from_ref(&changed), 2)
        .await
        .expect("saved");
    assert_eq!(
        saved,
        Saved {
            updated: 1,
            ..SAVED
        }
    );
    let results = store.load_results(group, None).await.expect("results");
    let names: Vec<&str> = results
        .tests
        .iter()
        .map(|test| test.name.as_str())
        .collect();
    assert_eq!(names, ["Overall", "TestA", "TestB", "TestC"]);
    let run = &results.runs[0];
    assert_eq!(
        run.statuses.iter().collect::<Vec<_>>(),
        [
            Status::NoResult,
            Status::Flaky,
            Status::NoResult,
            Status::Pass
        ]
    );
    assert_eq!(run.details, []);
    assert!(run.open);
}

#[tokio::test]
async fn results_are_newest_first_and_share_vectors() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let runs = [
        full_run("9", 2_000),
        full_run("100", 3_000),
        full_run("10", 2_000),
        Run {
            versions: versions("abcdef0"),
            ..full_run("8", 1_000)
        },
        Run {
            versions: Vec::new(),
            ..full_run("7", 500)
        },
    ];
    store.save_runs(group, &runs, 1).await.expect("saved");
    let results = store.load_results(group, None).await.expect("results");
    let builds: Vec<&str> = results.runs.iter().map(|run| run.build.as_str()).collect();
    assert_eq!(builds, ["100", "10", "9", "8", "7"]);
    let vector = |index: usize| results.runs[index].versions.clone();
    let first = vector(0).expect("a vector");
    assert!(Arc::ptr_eq(&first, &vector(2).expect("a vector")));
    assert_eq!(first.as_ref(), versions("0123456789"));
    assert_eq!(vector(3).expect("a vector").as_ref(), versions("abcdef0"));
    assert_eq!(vector(4), None);
    let detail = &results.runs[0].details[0];
    assert_eq!((detail.test, detail.icon.as_str()), (0, "F"));
    assert_eq!(detail.message, "It broke: <script>\u{202e}\0");
    assert_eq!(detail.cell_id, "job/100");
    assert_eq!(detail.user_property, "zone-a");
    assert_eq!(results.runs[0].headers[0].value, "abc");
    assert_eq!(results.runs[0].problems.len(), 1);

    let recent = store
        .load_results(group, Some(2_000))
        .await
        .expect("results");
    assert_eq!(recent.runs.len(), 3);
    assert_eq!(recent.tests, results.tests);
    let none = store
        .load_results(GroupId(99), None)
        .await
        .expect("results");
    assert_eq!((none.tests.len(), none.runs.len()), (0, 0));
}

#[tokio::test]
async fn of_several_runs_of_a_build_the_last_counts() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let last = Run {
        results: vec![result("TestB", Status::Pass)],
        ..full_run("100", 2_000)
    };
    let saved = store
        .save_runs(group, &[full_run("100", 1_000), last.clone()], 1)
        .await
        .expect("saved");
    assert_eq!(
        saved,
        Saved {
            inserted: 1,
            ..SAVED
        }
    );
    assert_eq!(
        store.load_run(group, "100").await.expect("loaded"),
        Some(last)
    );
}

#[tokio::test]
async fn recordings_add_up_and_the_newer_counts() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let older = Run {
        results: vec![
            result("TestA", Status::Running),
            result("TestB", Status::Fail),
        ],
        headers: vec![Header {
            name: "Commit".into(),
            value: "old".into(),
        }],
        versions: Vec::new(),
        ..full_run("100", 1_000)
    };
    let newer = Run {
        results: vec![result("TestA", Status::Pass), result("TestC", Status::Pass)],
        ..full_run("100", 1_000)
    };
    let merged = Run {
        results: vec![
            result("TestA", Status::Pass),
            result("TestB", Status::Fail),
            result("TestC", Status::Pass),
        ],
        ..newer.clone()
    };
    for order in [[&older, &newer], [&newer, &older]] {
        let group = store
            .add_group(&format!(
                "group {}",
                order[0].results.len() + order[0].headers.len()
            ))
            .await
            .expect("a group");
        for _ in 0..2 {
            for run in order {
                let recorded_ms = if run == &older { 10 } else { 20 };
                store
                    .merge_runs(group, &recorded(run.clone()), recorded_ms, 1)
                    .await
                    .expect("merged");
            }
        }
        let mut loaded = store
            .load_run(group, "100")
            .await
            .expect("loaded")
            .expect("a run");
        loaded.results.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(loaded, merged);
        let again = store
            .merge_runs(group, &recorded(older.clone()), 10, 1)
            .await
            .expect("merged");
        assert_eq!(
            again,
            Saved {
                unchanged: 1,
                ..SAVED
            }
        );
    }

    // What was read from the build's own files counts more than any recording.
    store
        .save_runs(group, std::slice::from_ref(&newer), 1)
        .await
        .expect("saved");
    store
        .merge_runs(group, &recorded(older.clone()), 99, 1)
        .await
        .expect("merged");
    let mut loaded = store
        .load_run(group, "100")
        .await
        .expect("loaded")
        .expect("a run");
    loaded.results.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(loaded, merged);
}

#[tokio::test]
async fn tests_without_results_keep_their_place() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let tests = [
        Test {
            name: "Blank".into(),
            id: "pkg.Blank".into(),
        },
        Test {
            name: "TestA".into(),
            id: "TestA".into(),
        },
    ];
    assert!(store.save_tests(group, &tests).await.expect("saved"));
    assert!(!store.save_tests(group, &tests).await.expect("saved"));
    store
        .save_runs(group, &[full_run("100", 1_000)], 1)
        .await
        .expect("saved");
    let results = store.load_results(group, None).await.expect("results");
    assert_eq!(results.tests[..2], tests);
    assert_eq!(results.tests.len(), 4);
    let renamed = Test {
        id: "other".into(),
        ..tests[1].clone()
    };
    assert!(
        store
            .save_tests(group, std::slice::from_ref(&renamed))
            .await
            .expect("saved")
    );
    let results = store.load_results(group, None).await.expect("results");
    assert_eq!(results.tests[1], renamed);
}

#[tokio::test]
async fn a_test_is_known_by_its_own_name() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let run = |build: &str, row: &str| Run {
        build: build.into(),
        results: vec![result(row, Status::Pass), result("plain", Status::Pass)],
        ids: vec![(row.into(), "test".into())],
        ..Run::default()
    };
    for (build, row) in [("1", "test [old]"), ("2", "test [new]")] {
        store
            .save_runs(group, &[run(build, row)], 1)
            .await
            .expect("saved");
    }
    let results = store.load_results(group, None).await.expect("results");
    let tests: Vec<(&str, &str)> = results
        .tests
        .iter()
        .map(|test| (test.name.as_str(), test.id.as_str()))
        .collect();
    assert_eq!(
        tests,
        [
            ("test [old]", "test"),
            ("plain", "plain"),
            ("test [new]", "test")
        ]
    );
    let joined = model::rename::join_renamed(results);
    let rows = model::tabulate::tabulate(&joined, &model::tabulate::View::default()).rows;
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["plain", "test [new]"]);
    assert_eq!(rows[1].statuses.runs(), [(Status::Pass, 2)]);
}

#[tokio::test]
async fn many_rows_are_written_in_batches() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let runs: Vec<Run> = (0..20)
        .map(|build| {
            let mut run = full_run(&build.to_string(), build);
            for number in 0..331 {
                let mut test = result(&format!("Test {number}"), Status::Fail);
                test.cell.message = format!("message {number} of {build}");
                run.results.push(test);
            }
            run
        })
        .collect();
    store.save_runs(group, &runs, 1).await.expect("saved");
    for run in runs {
        let loaded = store.load_run(group, &run.build).await.expect("loaded");
        assert_eq!(loaded, Some(run));
    }
}

#[tokio::test]
async fn an_unknown_group_is_refused() {
    let test = test_store().await;
    let error = test
        .store
        .save_runs(GroupId(7), &[full_run("1", 1)], 1)
        .await
        .expect_err("no such group");
    assert!(
        matches!(error, StoreError::UnknownGroup { group: 7, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn damaged_values_are_named() {
    let test = sqlite_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    store
        .save_runs(group, &[full_run("100", 1_000)], 1)
        .await
        .expect("saved");
    let mut raw = test.raw().await;
    for (damage, repair, table, column, reason) in [
        (
            "UPDATE run SET statuses = X'63'",
            "UPDATE run SET statuses = X'0C0101010301'",
            "run",
            "statuses",
            "99 is not a status number; the numbers are 0 to 15",
        ),
        (
            "UPDATE run SET statuses = X'0109'",
            "UPDATE run SET statuses = X'0C0101010301'",
            "run",
            "statuses",
            "9 statuses for the group's 3 tests",
        ),
        (
            "UPDATE run SET headers = 'x'",
            "UPDATE run SET headers = '[]'",
            "run",
            "headers",
            "it is not the JSON expected: expected value at line 1 column 1",
        ),
        (
            "UPDATE infra_vector SET versions = '[{}]'",
            "UPDATE infra_vector SET versions = '[]'",
            "infra_vector",
            "versions",
            "it is not the JSON expected: missing field `component` at line 1 column 3",
        ),
        (
            "UPDATE run SET details = X'4D0000000000'",
            "UPDATE run SET details = X''",
            "run",
            "details",
            "77 is not an ordinal of the group's 3 tests",
        ),
        (
            "UPDATE test SET ordinal = 5 WHERE ordinal = 1",
            "UPDATE test SET ordinal = 1 WHERE ordinal = 5",
            "test",
            "ordinal",
            "the ordinal before it is not 1",
        ),
    ] {
        sqlx::query(damage).execute(&mut raw).await.expect(damage);
        let error = store
            .load_results(group, None)
            .await
            .expect_err("a damaged value");
        let StoreError::Inconsistent { inconsistency, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(
            (inconsistency.table, inconsistency.column),
            (table, column),
            "{error}"
        );
        let Inconsistency { reason: found, .. } = inconsistency;
        assert_eq!(found, reason);
        assert!(error.to_string().contains("seamgrid.db is inconsistent"));
        sqlx::query(repair).execute(&mut raw).await.expect(repair);
    }
    store.load_results(group, None).await.expect("repaired");
}

#[tokio::test]
async fn texts_that_an_engine_refuses_are_kept_as_far_as_can_be() {
    let test = test_store().await;
    let group = test.store.add_group("job").await.expect("a group");
    let mut run = full_run("1", 1);
    run.label = "a\0b".into();
    run.results.push(result("Test\0C", Status::Pass));
    // Longer than what an index may hold.
    let long = format!("Test{}", "é".repeat(5_000));
    run.results.push(result(&long, Status::Fail));
    for inserted in [1, 0] {
        let saved = test
            .store
            .save_runs(group, &[run.clone()], 1)
            .await
            .expect("saved");
        assert_eq!(saved.inserted, inserted);
    }
    let stored = test
        .store
        .load_run(group, "1")
        .await
        .expect("loaded")
        .expect("a run");
    assert_eq!(stored.label, "a\u{fffd}b");
    let names: Vec<&str> = stored
        .results
        .iter()
        .map(|result| result.name.as_str())
        .collect();
    assert_eq!(names[3..], ["Test\u{fffd}C", &long]);
}

#[tokio::test]
async fn job_specifications_are_shared_and_stay() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let spec = |image: &str| {
        let fact = SpecFact(Facet::Image, String::new(), image.into());
        Some(JobSpec::new(vec![fact]))
    };
    let runs: Vec<Run> = [
        ("1", spec("a")),
        ("2", spec("a")),
        ("3", spec("b")),
        ("4", None),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (build, spec))| Run {
        spec,
        ..full_run(build, index as i64 + 1)
    })
    .collect();
    let saved = store.save_runs(group, &runs, 1).await.expect("saved");
    assert_eq!(saved.inserted, 4);
    let saved = store.save_runs(group, &runs, 2).await.expect("saved");
    assert_eq!(saved.unchanged, 4);
    let load = async |a, b| store.load_job_specs(group, [a, b]).await.expect("loaded");
    let found = load("1", "3").await;
    assert_eq!(
        (found.get("1"), found.get("3")),
        (spec("a").as_ref(), spec("b").as_ref())
    );
    assert_eq!(load("4", "5").await.len(), 0);

    // A recording of the same build knows nothing of it.
    let recording = recorded(Run {
        spec: None,
        ..full_run("1", 1)
    });
    store
        .merge_runs(group, &recording, 5, 5)
        .await
        .expect("merged");
    assert_eq!(load("1", "2").await.len(), 2);
    let changed = [Run {
        spec: spec("c"),
        ..full_run("2", 2)
    }];
    let saved = store.save_runs(group, &changed, 3).await.expect("saved");
    assert_eq!(saved.updated, 1);
    assert_eq!(load("2", "2").await.get("2"), spec("c").as_ref());
}
