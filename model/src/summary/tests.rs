//! The rules of a tab's status together.

mod failing;

use super::*;
use crate::{
    alert::{Thresholds, find_outage},
    grid::{Column, VersionOf},
    infra::{ComponentKind, Source},
};
use proptest::prelude::*;

fn grid(rows: &[&str], recent: u32) -> Grid {
    let width = rows.first().map_or(0, |row| row.len());
    Grid {
        columns: (0..width)
            .map(|index| Column {
                build: index.to_string(),
                started_ms: 1_000_000 - index as i64,
                ..Column::default()
            })
            .collect(),
        rows: rows
            .iter()
            .enumerate()
            .map(|(index, letters)| Row {
                name: format!("row {index}"),
                statuses: letters
                    .chars()
                    .map(|letter| match letter {
                        'P' => Status::Pass,
                        'S' => Status::PassWithSkips,
                        'B' => Status::BuildPassed,
                        'F' => Status::Fail,
                        'K' => Status::Flaky,
                        'R' => Status::Running,
                        'U' => Status::Unknown,
                        'C' => Status::Cancel,
                        _ => Status::NoResult,
                    })
                    .collect(),
                ..Row::default()
            })
            .collect(),
        recent,
        ..Grid::default()
    }
}

#[test]
fn statuses_and_latest_green_follow_the_worked_examples() {
    for (rows, recent, status, green) in [
        (vec!["PPPPP"], 5, TabStatus::Passing, Some(0)),
        (vec!["PPFPP"], 5, TabStatus::Flaky, Some(0)),
        (vec!["PPPPPF"], 5, TabStatus::Passing, Some(0)),
        (vec!["RFPPP"], 3, TabStatus::Flaky, Some(2)),
        (vec!["RPPPP", "RFPPP"], 3, TabStatus::Flaky, Some(2)),
        (vec!["R....", "FPPPP"], 3, TabStatus::Flaky, Some(1)),
        (vec!["RPPPP", "FPPPP"], 3, TabStatus::Flaky, Some(1)),
        (vec![".....", "....."], 5, TabStatus::Unknown, None),
        (vec![".P.P.P"], 3, TabStatus::Passing, Some(1)),
        (vec!["PKPP"], 4, TabStatus::Flaky, Some(0)),
        (vec!["UPPP"], 3, TabStatus::Flaky, Some(1)),
        (vec!["CCCC"], 3, TabStatus::Flaky, None),
        (vec!["SSBP"], 4, TabStatus::Passing, Some(0)),
        (vec!["RRRR"], 3, TabStatus::Unknown, None),
        (vec!["R..PP", ".P..P"], 2, TabStatus::Passing, Some(1)),
    ] {
        let summary = summary(&rows, recent, Options::default());
        assert_eq!(
            (summary.status, summary.latest_green),
            (status, green),
            "{rows:?}"
        );
    }
}

fn summary(rows: &[&str], recent: u32, options: Options) -> Summary {
    summarize(&grid(rows, recent), options, Some(0), &|_, _, _, _| None, 0)
}

#[test]
fn metrics_follow_the_worked_examples() {
    for (rows, recent, threshold, expected, broken) in [
        (vec!["PPFPP", "PPPPP"], 5, 0.0, (4, 5, 9, 10), false),
        (vec!["PFFPP", "PFPPP"], 5, 0.4, (3, 5, 7, 10), true),
        (vec!["KPPPP"], 5, 0.5, (4, 5, 4, 5), false),
        (vec!["RPPPP", "FPPPP"], 5, 0.5, (4, 5, 8, 9), true),
        (vec![".....", "PPP.."], 5, 0.0, (3, 3, 3, 3), false),
        (vec!["UUPP", "FPPP"], 4, 0.5, (3, 4, 5, 8), false),
        (vec!["UUPP", "FPPP"], 4, 0.49, (3, 4, 5, 8), true),
    ] {
        let options = Options {
            broken_column_threshold: threshold,
            ..Options::default()
        };
        let metrics = summary(&rows, recent, options).metrics;
        assert_eq!(
            (
                metrics.passing_columns,
                metrics.completed_columns,
                metrics.passing_cells,
                metrics.filled_cells
            ),
            expected,
            "{rows:?}"
        );
        assert_eq!(metrics.broken, broken, "{rows:?}");
    }
}

const HOUR_MS: i64 = 3_600_000;

/// A grid whose rows raise alerts.
fn alerting_grid(rows: &[&str], recent: u32, open: u32) -> Grid {
    let mut grid = grid(rows, recent);
    grid.failures_to_alert = open;
    let thresholds = Thresholds {
        failures_to_open: open,
        passes_to_close: 1,
    };
    for row in &mut grid.rows {
        row.alert = find_outage(row.statuses.iter(), thresholds).map(|outage| {
            let column = |index: usize| &grid.columns[index];
            Alert {
                fail_count: outage.fail_count,
                first_fail_build: column(outage.first_fail).build.clone(),
                first_fail_ms: column(outage.first_fail).started_ms,
                latest_fail_build: column(outage.latest_fail).build.clone(),
                pass_build: outage.latest_pass.map(|pass| column(pass).build.clone()),
                pass_ms: outage.latest_pass.map(|pass| column(pass).started_ms),
                ..Alert::default()
            }
        });
    }
    grid
}

fn no_link(_: &str, _: ComponentKind, _: &str, _: &str) -> Option<String> {
    None
}

#[test]
fn the_order_of_the_rules_is_testgrids() {
    let customization = Customization {
        min_acceptable_runs: 9,
        ..Customization::default()
    };
    let stale = StaleRule {
        hours: Some(1),
        intervals: 0,
    };
    let all = Options {
        broken_column_threshold: 0.5,
        stale,
        customization,
    };
    let grid = alerting_grid(&["FFFP", "FFPP"], 4, 2);
    let status = |options, now_ms| summarize(&grid, options, Some(0), &no_link, now_ms).status;
    let late = 2 * HOUR_MS;
    assert_eq!(status(all, late), TabStatus::Broken);
    let unbroken = Options {
        broken_column_threshold: 0.0,
        ..all
    };
    assert_eq!(status(unbroken, late), TabStatus::Stale);
    assert_eq!(status(unbroken, 0), TabStatus::Failing);
    let grid = alerting_grid(&["FPFP", "PPPP"], 4, 2);
    let status = |options| summarize(&grid, options, Some(0), &no_link, 0).status;
    assert_eq!(status(unbroken), TabStatus::Pending);
    assert_eq!(
        status(Options {
            customization: Customization::default(),
            ..unbroken
        }),
        TabStatus::Flaky
    );
}

#[test]
fn flakiness_may_be_acceptable() {
    let with = |max_acceptable_flakiness| Options {
        customization: Customization {
            max_acceptable_flakiness,
            ..Customization::default()
        },
        ..Options::default()
    };
    let rows = ["PFPPP", "PPPPP"];
    for (max, status) in [
        (20.0, TabStatus::Acceptable),
        (19.9, TabStatus::Flaky),
        (0.0, TabStatus::Flaky),
    ] {
        let found = summary(&rows, 5, with(max));
        assert_eq!(found.status, status, "{max}");
        assert_eq!(
            found.message.ends_with("acceptable level of 20.0%."),
            status == TabStatus::Acceptable
        );
    }
    // A flaky cell makes a tab flaky though its column passes, so that nothing is too much.
    let status = summary(&["PKPPP", "PPPPP"], 5, with(0.1)).status;
    assert_eq!(status, TabStatus::Acceptable);
}

#[test]
fn columns_with_an_ignored_status_say_nothing() {
    let options = Options {
        customization: Customization {
            ignored: [Status::Cancel, Status::Unknown].into_iter().collect(),
            min_acceptable_runs: 3,
            ..Customization::default()
        },
        ..Options::default()
    };
    let rows = ["PCPPP", "PFPPP"];
    let found = summary(&rows, 5, options);
    assert_eq!(found.status, TabStatus::Passing);
    assert_eq!(
        (
            found.metrics.ignored_columns,
            found.metrics.passing_columns,
            found.metrics.completed_columns
        ),
        (1, 4, 5)
    );
    assert!(
        found.message.ends_with("cells). 1 columns ignored"),
        "{}",
        found.message
    );
    // The window gets no longer for it: of three columns one is ignored, and two are too few.
    let found = summary(&rows, 3, options);
    assert_eq!(found.status, TabStatus::Pending);
    assert!(found.message.ends_with("\nStatus info: Not enough runs"));
    assert_eq!(
        summary(&rows, 5, Options::default()).status,
        TabStatus::Flaky
    );
}

#[test]
fn a_tab_goes_stale_though_nothing_happens() {
    let options = Options {
        stale: StaleRule {
            hours: None,
            intervals: 3,
        },
        ..Options::default()
    };
    let mut grid = grid(&["PPPP"], 4);
    for (index, column) in grid.columns.iter_mut().enumerate() {
        column.started_ms = (100 - index as i64) * HOUR_MS;
    }
    let evidence = Evidence::of(&grid, options, Some(100 * HOUR_MS), &no_link);
    for (hours, status) in [
        (100, TabStatus::Passing),
        (103, TabStatus::Passing),
        (104, TabStatus::Stale),
    ] {
        assert_eq!(evidence.summary(hours * HOUR_MS).status, status, "{hours}");
    }
    let found = evidence.summary(104 * HOUR_MS + 90_000);
    assert_eq!(
        found.reason.sentence(),
        "STALE because its results have not changed for 4 h 1 min, longer than 3 h for a job that \
         runs every 1 h"
    );
    assert_eq!(
        found.alert,
        "data has not changed since 1970-01-05 04:00:00 +0000 UTC (4h0m0s old)"
    );
    // Nothing else is forgotten.
    assert_eq!(found.latest_green, Some(0));
    assert_eq!(found.metrics.passing_columns, 4);
}

#[test]
fn rows_that_do_not_count_make_no_status() {
    let mut grid = alerting_grid(&["..FFFP", "PPPPPP"], 2, 3);
    assert!(grid.rows[0].alert.is_some());
    let status = |grid: &Grid| summarize(grid, Options::default(), Some(0), &no_link, 0).status;
    assert_eq!(status(&grid), TabStatus::Passing);
    grid.recent = 3;
    assert_eq!(status(&grid), TabStatus::Failing);
    grid.rows[0].name.push_str("@TESTGRID@method");
    assert_eq!(status(&grid), TabStatus::Passing);
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(
        mut rows in prop::collection::vec("[PFKRU.]{6}", 1..6),
    ) {
        let status = |rows: &[String]| {
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            summary(&rows, 4, Options::default()).status
        };
        let before = status(&rows);
        rows.reverse();
        prop_assert_eq!(status(&rows), before);
    }

    #[test]
    fn a_tab_fails_exactly_when_a_row_that_counts_has_an_alert(
        rows in prop::collection::vec("[PFKRU.]{8}", 1..6),
        recent in 1u32..8,
        open in 0u32..4,
    ) {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let grid = alerting_grid(&rows, recent, open);
        let found = summarize(&grid, Options::default(), Some(0), &no_link, 0);
        let alerted = counted_rows(&grid).any(|row| row.alert.is_some());
        prop_assert_eq!(found.status == TabStatus::Failing, alerted);
        prop_assert_eq!(found.reason.status(), found.status);
        prop_assert_eq!(alerted_rows(&grid).len(), found.failing_rows as usize);
        let sentence = found.reason.sentence();
        prop_assert!(sentence.starts_with(found.status.word()), "{}", sentence);
    }

    #[test]
    fn a_column_that_has_not_finished_changes_no_alert(
        rows in prop::collection::vec("[PFKRU.]{6}", 1..4),
        front in "[R.]{1,2}",
    ) {
        let plain: Vec<&str> = rows.iter().map(String::as_str).collect();
        let longer: Vec<String> = rows.iter().map(|row| format!("{front}{row}")).collect();
        let longer: Vec<&str> = longer.iter().map(String::as_str).collect();
        let alerts = |rows: &[&str]| -> Vec<bool> {
            let grid = alerting_grid(rows, 10, 2);
            grid.rows.iter().map(|row| row.alert.is_some()).collect()
        };
        prop_assert_eq!(alerts(&plain), alerts(&longer));
    }
}
