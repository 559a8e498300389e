//! A group's results seen through a tab.

use super::*;
use crate::infra::Source;
use proptest::prelude::*;

fn status(letter: char) -> Status {
    match letter {
        'P' => Status::Pass,
        'F' => Status::Fail,
        'K' => Status::Flaky,
        'R' => Status::Running,
        _ => Status::NoResult,
    }
}

/// A run with one letter per test, and versions of `infra` and `org/product`.
pub(super) fn run(build: usize, letters: &str, infra: &str, product: &str) -> StoredRun {
    let version = |component: &str, kind, version: &str| ComponentVersion {
        component: component.into(),
        kind,
        version: Some(version.repeat(8)),
        source: Source::CloneRecord,
        evidence: None,
    };
    StoredRun {
        build: build.to_string(),
        started_ms: build as i64 * 1000,
        statuses: letters.chars().map(status).collect(),
        versions: Some(
            vec![
                version("infra", ComponentKind::Infra, infra),
                version("org/product", ComponentKind::Product, product),
            ]
            .into(),
        ),
        ..StoredRun::default()
    }
}

pub(super) fn results(tests: usize, runs: Vec<StoredRun>) -> GroupResults {
    GroupResults {
        tests: (0..tests)
            .map(|index| Test {
                name: format!("test {index}"),
                id: format!("test {index}"),
            })
            .collect(),
        runs: runs.into_iter().map(Arc::new).collect(),
    }
}

fn grid(results: &GroupResults, keep: &dyn Fn(&str) -> bool) -> Grid {
    tabulate(
        results,
        &View {
            keep,
            thresholds: Thresholds {
                failures_to_open: 2,
                passes_to_close: 1,
            },
            column_url: &|run| format!("/{}", run.build),
            cell_url: &|_, id| id.to_owned(),
            compare_url: &|component, _, from, to| Some(format!("{component}:{from}..{to}")),
            ..View::default()
        },
    )
}

#[test]
fn seams_know_what_broke_across_them() {
    let results = results(
        3,
        vec![
            run(5, "PFP", "b", "d"),
            run(4, "PFF", "b", "d"),
            run(3, "PF.", "b", "c"),
            run(2, "PPF", "a", "c"),
            run(1, "PPF", "a", "c"),
        ],
    );
    let grid = grid(&results, &|_| true);
    let seams: Vec<_> = grid
        .transitions
        .iter()
        .map(|seam| (seam.column, seam.component.as_str(), seam.broke, seam.fixed))
        .collect();
    assert_eq!(seams, [(1, "org/product", 0, 0), (2, "infra", 1, 0)]);
    let infra = &grid.transitions[1];
    assert_eq!((infra.build.as_str(), infra.certain), ("3", true));
    assert_eq!(infra.from.as_deref(), Some("aaaaaaaa"));
    assert_eq!(infra.to, "bbbbbbbb");
    assert_eq!(
        infra.compare_url.as_deref(),
        Some("infra:aaaaaaaa..bbbbbbbb")
    );

    let alerts: Vec<_> = grid
        .rows
        .iter()
        .filter_map(|row| Some((row.name.as_str(), row.alert.as_ref()?.fail_count)))
        .collect();
    assert_eq!(alerts, [("test 1", 3)]);
    assert_eq!(grid.columns[0].headers["org/product"], "dddddddd");
    assert_eq!(grid.columns[0].url, "/5");
}

#[test]
fn an_alert_is_the_whole_record() {
    let mut runs = vec![
        run(4, "F", "a", "c"),
        run(3, "F", "a", "c"),
        run(2, "P", "a", "c"),
        run(1, "P", "a", "c"),
    ];
    for (index, run) in runs.iter_mut().enumerate() {
        run.path = format!("bucket/logs/job/{}", run.build);
        run.label = format!("v{}", run.build);
        run.emails = vec![format!("{}@example.org", run.build)];
        run.headers = vec![Header {
            name: "Commit".into(),
            value: format!("commit{}", index / 2),
        }];
        run.details = vec![StoredDetail {
            test: 0,
            icon: "F".into(),
            message: format!("message {}", run.build),
            cell_id: format!("job/{}", run.build),
            user_property: "somebody".into(),
        }];
    }
    runs[0].details[0].cell_id = "other/77".into();
    let results = results(1, runs);
    let view = View {
        thresholds: Thresholds {
            failures_to_open: 2,
            passes_to_close: 1,
        },
        id_from_header: true,
        user_property: "owner",
        broken_column_threshold: 0.5,
        ..View::default()
    };
    let grid = tabulate(&results, &view);
    let alert = grid.rows[0].alert.clone().expect("an alert");
    assert_eq!(
        alert,
        Alert {
            fail_count: 2,
            first_fail_build: "3".into(),
            first_fail_id: "commit0".into(),
            first_fail_ms: 3000,
            first_fail_cell: "job/3".into(),
            latest_fail_build: "4".into(),
            latest_fail_id: "commit0".into(),
            latest_fail_ms: 4000,
            latest_fail_cell: "other/77".into(),
            pass_build: Some("2".into()),
            pass_id: Some("commit1".into()),
            pass_ms: Some(2000),
            message: "message 4".into(),
            properties: [("owner".to_owned(), "somebody".to_owned())].into(),
            custom_column_headers: [("Commit".to_owned(), "commit0".to_owned())].into(),
            email_addresses: vec!["3@example.org".into()],
            hotlist_ids: Vec::new(),
        }
    );
    // A cell that only repeats its column's build says so by silence.
    let ids: Vec<&str> = grid.rows[0]
        .cells
        .iter()
        .map(|cell| cell.cell_id.as_str())
        .collect();
    assert_eq!(ids, ["other/77", "", "", ""]);
    assert_eq!(grid.columns[0].testgrid_id(Some("Commit")), "commit0");
    let stats = grid.columns[0].stats.expect("a threshold is set");
    assert_eq!((stats.fail_count, stats.broken), (1, true));

    let view = View {
        id_from_header: false,
        ..view
    };
    let grid = tabulate(&results, &view);
    let alert = grid.rows[0].alert.as_ref().expect("an alert");
    assert_eq!(alert.first_fail_id, "v3");
    assert_eq!(grid.columns[0].testgrid_id(None), "v4");
}

#[test]
fn a_filter_drops_the_columns_that_it_empties() {
    let results = results(
        2,
        vec![
            run(3, "PP", "a", "c"),
            run(2, ".P", "a", "c"),
            run(1, "PP", "a", "c"),
        ],
    );
    let builds = |keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        grid(&results, keep)
            .columns
            .into_iter()
            .map(|column| column.build)
            .collect()
    };
    assert_eq!(builds(&|_| true), ["3", "2", "1"]);
    assert_eq!(builds(&|name| name == "test 0"), ["3", "1"]);
    assert_eq!(builds(&|_| false), ["3"]);
}

#[test]
fn rows_stand_in_the_default_order() {
    let results = results(
        6,
        vec![
            run(3, "PPKF.F", "a", "c"),
            run(2, "PFKFPP", "a", "c"),
            run(1, "PPPPPP", "a", "c"),
        ],
    );
    let names: Vec<_> = grid(&results, &|_| true)
        .rows
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(
        names,
        ["test 3", "test 5", "test 2", "test 1", "test 0", "test 4"]
    );
}

proptest! {
    #[test]
    fn every_row_has_every_column(
        runs in prop::collection::vec("[PFKR.]{0,6}", 1..8),
        start in 0usize..9,
        count in 0usize..9,
    ) {
        let stored = runs
            .iter()
            .enumerate()
            .map(|(index, letters)| run(runs.len() - index, letters, "a", "c"))
            .collect();
        let results = results(6, stored);
        let grid = grid(&results, &|_| true);
        for row in &grid.rows {
            prop_assert_eq!(row.statuses.len(), grid.columns.len());
            let ordinal: usize = row.name[5..].parse().expect("a number");
            for (column, letters) in runs.iter().enumerate() {
                let expected = letters.chars().nth(ordinal).map_or(Status::NoResult, status);
                prop_assert_eq!(row.statuses.get(column), Some(expected));
            }
        }
        let slice = grid.slice(start, count);
        prop_assert!(slice.rows.iter().all(|row| row.statuses.len() == slice.columns.len()));
        let json = serde_json::to_string(&grid).expect("a grid is JSON");
        let back: Grid = serde_json::from_str(&json).expect("its own JSON");
        prop_assert_eq!(back, grid);
    }
}
