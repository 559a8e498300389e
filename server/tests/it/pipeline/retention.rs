//! What is too old is forgotten, and nothing else.

use model::{config::TestGroup, run::Run};
use seamgrid::pipeline::prune;

use crate::database;

const DAY_MS: i64 = 24 * 3_600_000;
const NOW_MS: i64 = 1_000 * DAY_MS;

fn group(name: &str, days: Option<u32>) -> TestGroup {
    TestGroup {
        name: name.into(),
        days_of_results: days,
        ..TestGroup::default()
    }
}

/// Runs that began so many days ago.
fn runs(days: &[i64]) -> Vec<Run> {
    days.iter()
        .map(|day| Run {
            build: format!("{day}"),
            started_ms: NOW_MS - day * DAY_MS,
            finished_ms: Some(NOW_MS - day * DAY_MS + 1),
            ..Run::default()
        })
        .collect()
}

#[tokio::test]
async fn runs_older_than_their_groups_days_are_deleted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = database::open(&folder.path().join("seamgrid.db")).await;
    let groups = [
        group("young", Some(5)),
        group("default", None),
        group("stopped", Some(5)),
        group("never ran", Some(5)),
    ];
    for (name, days) in [
        ("young", &[1, 4, 6, 30][..]),
        ("default", &[1, 9, 11]),
        ("stopped", &[40, 44, 46, 400]),
        ("not configured", &[900]),
    ] {
        let id = store.add_group(name).await.expect("a group");
        let mut runs = runs(days);
        if name == "young" {
            // Nothing says how old it is; forgotten, it would be found and read again.
            runs.push(Run {
                build: "no start".into(),
                ..Run::default()
            });
            // What may still change is not forgotten, however old.
            runs.push(Run {
                build: "open".into(),
                started_ms: NOW_MS - 300 * DAY_MS,
                open: true,
                ..Run::default()
            });
        }
        store.save_runs(id, &runs, NOW_MS).await.expect("saved");
    }
    let told = |pruned: Vec<seamgrid::pipeline::Pruned>| -> Vec<(String, u64)> {
        let counts = pruned.into_iter().map(|one| (one.group, one.runs));
        counts.collect()
    };
    let expected =
        [("young", 2), ("default", 1), ("stopped", 2)].map(|(name, runs)| (name.to_owned(), runs));
    for (dry_run, expected) in [(true, &expected[..]), (false, &expected), (false, &[])] {
        let pruned = prune(&store, &groups, 10, NOW_MS, dry_run).await;
        assert_eq!(told(pruned.expect("pruned")), expected);
    }
    let left = |name: &'static str| {
        let store = store.clone();
        async move {
            let id = store.add_group(name).await.expect("it is there");
            let results = store.load_results(id, None).await.expect("results");
            let builds = results.runs.iter().map(|run| run.build.clone());
            builds.collect::<Vec<_>>()
        }
    };
    assert_eq!(left("young").await, ["1", "4", "open", "no start"]);
    assert_eq!(left("default").await, ["1", "9"]);
    assert_eq!(left("stopped").await, ["40", "44"]);
    assert_eq!(left("not configured").await, ["900"]);
}

#[tokio::test]
async fn days_are_told_for_a_year() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = database::open(&folder.path().join("seamgrid.db")).await;
    let groups = [group("job", Some(5))];
    let id = store.add_group("job").await.expect("a group");
    // One of them is too old for its day to be told at all.
    let runs_of_now = runs(&[1, 20, 380]);
    let saved = store.save_runs(id, &runs_of_now, NOW_MS).await;
    saved.expect("saved");
    let told = async |now_ms, dry_run| {
        let pruned = prune(&store, &groups, 10, now_ms, dry_run).await;
        let pruned = pruned.expect("pruned").into_iter();
        pruned.map(|one| (one.runs, one.days)).collect::<Vec<_>>()
    };
    assert_eq!(told(NOW_MS, false).await, [(2, 0)]);
    let later_ms = NOW_MS + 360 * DAY_MS;
    let later = Run {
        build: "later".into(),
        started_ms: later_ms,
        ..Run::default()
    };
    let saved = store.save_runs(id, &[later], later_ms).await;
    saved.expect("saved");
    for (dry_run, expected) in [(true, &[(1, 1)][..]), (false, &[(1, 1)]), (false, &[])] {
        assert_eq!(told(later_ms, dry_run).await, expected);
    }
}
