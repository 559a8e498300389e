//! How tests fared is told by day, whether runs are still there or not, and nothing counts twice.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
};

use model::{
    retention::{DAY_MS, Tally, day_of},
    run::{Cell, Run, TestResult},
    status::Status,
};
use proptest::{prelude::*, test_runner::TestRunner};
use seamgrid::store::{GroupId, NewUpload, Store};

use super::{result, test_store};

const NOW_MS: i64 = 20_000 * DAY_MS;
/// As a group's.
const FROM_DAY: i64 = 20_000 - 365;

/// A test as whoever reads a row asks for it.
async fn days(store: &Store, group: GroupId, test: &str) -> Vec<(i64, Tally)> {
    let numbers = store.load_test_numbers(group, test, test, 0, NOW_MS).await;
    numbers.expect("numbers").days
}

/// A run that began so many hours ago.
fn run(build: u32, hours_ago: i64, tests: &[(u8, Status, Option<u16>)]) -> Run {
    let started_ms = NOW_MS - hours_ago * DAY_MS / 24;
    Run {
        build: build.to_string(),
        started_ms,
        finished_ms: Some(started_ms + 1),
        results: tests
            .iter()
            .map(|&(test, status, seconds)| TestResult {
                name: format!("Test{test}"),
                cell: Cell {
                    seconds: seconds.map(f32::from),
                    ..Cell::plain(status)
                },
            })
            .collect(),
        ..Run::default()
    }
}

/// What the days of `test` should be, by the runs themselves.
fn expected<'a>(runs: impl IntoIterator<Item = &'a Run>, test: &str) -> Vec<(i64, Tally)> {
    let mut days: BTreeMap<i64, Tally> = BTreeMap::new();
    for run in runs {
        for result in run.results.iter().filter(|result| result.name == test) {
            let millis = result.cell.seconds.map(|seconds| (seconds * 1000.0) as u64);
            let day = days.entry(day_of(run.started_ms)).or_default();
            day.count(result.cell.status, millis);
        }
    }
    days.into_iter().filter(|(_, day)| day.runs() > 0).collect()
}

/// Something that happens to a group's runs.
#[derive(Clone, Debug)]
enum Step {
    /// These of the runs are read, or read again.
    Read(Vec<prop::sample::Index>),
    /// So many runs of the oldest that are this old go, in one transaction.
    Delete { hours: i64, most: u32 },
    /// The same, by a process that ends after so many steps of its own.
    Cut { hours: i64, polls: u32 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let hours = 0i64..24 * 6;
    let step = prop_oneof![
        prop::collection::vec(any::<prop::sample::Index>(), 1..9).prop_map(Step::Read),
        (hours.clone(), 1u32..9).prop_map(|(hours, most)| Step::Delete { hours, most }),
        (hours, 0u32..30).prop_map(|(hours, polls)| Step::Cut { hours, polls }),
    ];
    prop::collection::vec(step, 1..14)
}

fn runs() -> impl Strategy<Value = Vec<Run>> {
    let status = prop::sample::select(vec![
        Status::Pass,
        Status::Fail,
        Status::Flaky,
        Status::Running,
    ]);
    let test = (0u8..4, status, prop::option::of(0u16..600));
    let of_run = (1i64..24 * 6, prop::collection::vec(test, 0..5));
    prop::collection::vec(of_run, 1..14).prop_map(|runs| {
        let runs = runs.into_iter().enumerate();
        runs.map(|(build, (hours, mut tests))| {
            tests.sort_by_key(|&(test, ..)| test);
            tests.dedup_by_key(|&mut (test, ..)| test);
            run(build as u32, hours, &tests)
        })
        .collect()
    })
}

async fn take(store: &Store, group: GroupId, step: &Step, runs: &[Run]) {
    let before_ms = |hours: i64| NOW_MS - hours * DAY_MS / 24;
    match step {
        Step::Read(chosen) => {
            let chosen: Vec<Run> = chosen.iter().map(|at| at.get(runs).clone()).collect();
            store.save_runs(group, &chosen, 1).await.expect("saved");
        }
        &Step::Delete { hours, most } => {
            let deleted = store.delete_runs(group, before_ms(hours), FROM_DAY, most);
            deleted.await.expect("deleted");
        }
        &Step::Cut { hours, polls } => {
            let mut deleting = pin!(store.delete_runs(group, before_ms(hours), FROM_DAY, 100));
            for _ in 0..polls {
                if futures::poll!(&mut deleting).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Whatever is read, read again and deleted, in whatever parts and however it is cut off: each build that
/// was ever read counts once, as the runs alone would say.
#[test]
fn every_build_counts_once_whatever_becomes_of_its_run() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let test = runtime.block_on(test_store());
    let groups = AtomicU32::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(40));
    let checked = runner.run(&(runs(), steps()), |(runs, steps)| {
        let number = groups.fetch_add(1, Ordering::Relaxed);
        runtime.block_on(async {
            let group = test.store.add_group(&format!("job {number}")).await;
            let group = group.expect("a group");
            let mut read = BTreeMap::new();
            for step in &steps {
                take(&test.store, group, step, &runs).await;
                if let Step::Read(chosen) = step {
                    let chosen = chosen.iter().map(|at| at.get(&runs));
                    read.extend(chosen.map(|run| (run.build.clone(), run)));
                }
                for name in ["Test0", "Test3"] {
                    let told = days(&test.store, group, name).await;
                    prop_assert_eq!(told, expected(read.values().copied(), name));
                }
            }
            Ok(())
        })
    });
    checked.expect("it holds");
}

#[tokio::test]
async fn a_run_that_is_read_again_counts_as_it_did() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let old = run(1, 24 * 40, &[(0, Status::Fail, Some(60))]);
    let save = async |run: &Run| {
        let saved = store.save_runs(group, std::slice::from_ref(run), 1).await;
        saved.expect("saved")
    };
    let delete = async || {
        let deleted = store.delete_runs(group, NOW_MS, FROM_DAY, 9).await;
        deleted.expect("deleted")
    };
    save(&old).await;
    let before = days(store, group, "Test0").await;
    assert_eq!(delete().await, 1);
    assert_eq!(days(store, group, "Test0").await, before);
    // It comes back with another start and another result: what was told of it stays told.
    let mut other = run(1, 24 * 38, &[(0, Status::Pass, None)]);
    save(&other).await;
    assert_eq!(days(store, group, "Test0").await, before);
    assert_eq!(delete().await, 1);
    assert_eq!(days(store, group, "Test0").await, before);
    // Of what is older than a year nothing is told.
    other.build = "2".into();
    other.started_ms = (FROM_DAY - 1) * DAY_MS;
    save(&other).await;
    assert_eq!(delete().await, 1);
    assert_eq!(days(store, group, "Test0").await, before);
    let day = before[0].0;
    assert_eq!(store.count_days(group, day).await.expect("counted"), 0);
    assert_eq!(store.count_days(group, day + 1).await.expect("counted"), 1);
    assert_eq!(store.delete_days(group, day + 1).await.expect("deleted"), 1);
    assert_eq!(days(store, group, "Test0").await, []);
}

#[tokio::test]
async fn what_is_uploaded_goes_with_its_run() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    for (build, hours_ago, is_applied) in [(1, 24 * 40, true), (2, 24 * 39, false), (3, 1, true)] {
        let name = build.to_string();
        let upload = NewUpload {
            build: &name,
            received_ms: 1,
            uploader: "laptop",
            who: "token 1 (laptop)",
            running: false,
            hash: b"hash",
            bytes: 1,
            files: b"files",
            config_hash: "c0ffee",
        };
        let (revision, _) = store.add_upload(group, &upload).await.expect("added");
        if is_applied {
            let run = run(build, hours_ago, &[]);
            store.save_runs(group, &[run], 1).await.expect("saved");
            let marked = store.mark_applied(group, &revision, "c0ffee").await;
            marked.expect("marked");
        }
    }
    let deleted = store
        .delete_runs(group, NOW_MS - 15 * DAY_MS, FROM_DAY, 9)
        .await;
    assert_eq!(deleted.expect("deleted"), 1);
    let mut left: Vec<String> = store
        .load_uploads(group)
        .await
        .expect("uploads")
        .into_iter()
        .map(|upload| upload.build)
        .collect();
    left.sort();
    // One whose run is not made yet is not forgotten.
    assert_eq!(left, ["2", "3"]);
}

#[tokio::test]
async fn numbers_of_a_test_are_those_of_all_its_names() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let mut older = run(1, 48, &[(0, Status::Pass, Some(30))]);
    older.ids = vec![("Test0".into(), "id".into())];
    older.results[0].cell.metrics = vec![("coverage".into(), 81.5)];
    let mut newer = run(
        2,
        24,
        &[(1, Status::Fail, Some(90)), (2, Status::Pass, Some(7))],
    );
    newer.ids = vec![("Test1".into(), "id".into())];
    newer.results.push(result("Other", Status::Pass));
    let saved = store.save_runs(group, &[older.clone(), newer], 1).await;
    saved.expect("saved");
    let load = async |name, id, since_ms| {
        let numbers = store.load_test_numbers(group, name, id, since_ms, NOW_MS);
        numbers.await.expect("numbers")
    };
    let numbers = load("Test1", "id", 0).await;
    let outcomes: Vec<(u32, u32)> = numbers
        .days
        .iter()
        .map(|(_, day)| (day.passed, day.failed))
        .collect();
    assert_eq!(outcomes, [(1, 0), (0, 1)]);
    assert_eq!(numbers.seconds.get("1"), Some(&30.0));
    assert_eq!(numbers.seconds.get("2"), Some(&90.0));
    assert_eq!(numbers.metrics["coverage"].get("1"), Some(&81.5));
    // By name alone it is the newer one; and runs before the columns have no numbers, only days.
    let numbers = load("Test1", "Test1", 0).await;
    assert_eq!(numbers.days.len(), 1);
    let numbers = load("Test1", "id", older.started_ms + 1).await;
    assert_eq!(numbers.days.len(), 2);
    assert!(numbers.metrics.is_empty() && numbers.seconds.len() == 1);
    let numbers = load("nothing", "nothing", 0).await;
    assert!(numbers.days.is_empty() && numbers.seconds.is_empty());
}
