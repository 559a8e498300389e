//! What is shown of groups that are not whole in memory while the database is gone.

use model::run::Run;
use seamgrid::read::{Catalog, Reader};

use super::*;

const TESTS: usize = 40;

/// A reader of a dashboard with a tab for each job, each with some runs in a database of its own; and the
/// database.
async fn reader(folder: &TempDir, kept: usize, packed: usize) -> (Reader, Store) {
    let store = database::open(&folder.path().join("seamgrid.db")).await;
    let test_groups = (0..GROUPS).map(|group| TestGroup {
        name: job(group),
        ..TestGroup::default()
    });
    let tabs = (0..GROUPS).map(|group| DashboardTab {
        name: job(group),
        test_group_name: job(group),
        ..DashboardTab::default()
    });
    let configuration = Configuration {
        test_groups: test_groups.collect(),
        dashboards: vec![Dashboard {
            name: DASHBOARD.into(),
            dashboard_tab: tabs.collect(),
            ..Dashboard::default()
        }],
        ..Configuration::default()
    };
    for group in 0..GROUPS {
        let id = store.add_group(&job(group)).await.expect("a group");
        let runs: Vec<Run> = (0..10).map(run).collect();
        store.save_runs(id, &runs, now_ms()).await.expect("saved");
    }
    let catalog = Catalog::new(&configuration, &[]);
    let reader = Reader::new(store.clone(), catalog, &Settings::default());
    let reader = reader.expect("a good pattern").with_memory(kept, packed);
    reader.publish_all().await.expect("published");
    (reader, store)
}

fn run(number: i64) -> Run {
    Run {
        build: number.to_string(),
        started_ms: now_ms() - (20 - number) * 3_600_000,
        results: (0..TESTS)
            .map(|test| TestResult {
                name: format!("test {test}"),
                cell: Cell::plain(if test == 7 {
                    Status::Fail
                } else {
                    Status::Pass
                }),
            })
            .collect(),
        ..Run::default()
    }
}

#[tokio::test]
async fn every_tab_is_shown_without_the_database() {
    let folder = TempDir::new().expect("a temporary folder");
    let (reader, store) = reader(&folder, 0, 1 << 20).await;
    store.close().await;
    for group in 0..GROUPS {
        let grid = reader.published_grid(DASHBOARD, &job(group)).await;
        let grid = grid.expect("it is shown").grid.clone();
        assert_eq!((grid.columns.len(), grid.rows.len()), (10, TESTS));
    }
    assert!(reader.publish_changed().await.is_err(), "there is none");
}

#[tokio::test]
async fn memory_is_bounded() {
    let folder = TempDir::new().expect("a temporary folder");
    // Of a group some 700 bytes.
    let (reader, store) = reader(&folder, 0, 3_000).await;
    store.close().await;
    let mut shown = 0;
    for group in 0..GROUPS {
        let grid = reader.published_grid(DASHBOARD, &job(group)).await;
        shown += usize::from(grid.is_ok());
    }
    assert!((1..GROUPS).contains(&shown), "{shown}");
}
