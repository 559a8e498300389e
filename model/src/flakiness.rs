//! How flaky a test is by its results alone, and a tab's report of it (specification 4.7).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::{grid::Grid, status::Status};

const DAY_MS: i64 = 24 * 3_600_000;
/// The days of one interval when the tab does not say.
const DAYS: u32 = 7;
/// So many failures in a row are an outage, not flakiness.
const OUTAGE: usize = 3;

/// One result in a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// It passed and failed in the same run.
    Flaky,
}

/// The share of `series` (newest first) in percent at which a passing test turns to failing. A run of
/// three or more failures is an outage and is left out whole; a flaky result is a turn of its own. 0
/// for a series of which nothing is left.
pub fn flip_percent(series: &[Outcome]) -> f32 {
    let (mut flips, mut considered) = (0_u32, 0_u32);
    let mut last_passing = true;
    let mut rest = series;
    while let Some(&outcome) = rest.first() {
        let fails = rest
            .iter()
            .take_while(|&&outcome| outcome == Outcome::Fail)
            .count();
        if fails >= OUTAGE {
            rest = &rest[fails..];
            continue;
        }
        considered += 1;
        match outcome {
            Outcome::Pass => last_passing = true,
            Outcome::Flaky => {
                flips += 1;
                last_passing = true;
            }
            Outcome::Fail => {
                flips += u32::from(last_passing);
                last_passing = false;
            }
        }
        rest = &rest[1..];
    }
    percent(flips, considered)
}

/// The share of failures among the runs that passed or failed, in percent; 0 without any.
pub fn naive_percent(passed: u32, failed: u32) -> f32 {
    percent(failed, passed + failed)
}

fn percent(part: u32, whole: u32) -> f32 {
    if whole == 0 {
        0.0
    } else {
        100.0 * part as f32 / whole as f32
    }
}

/// How flaky a tab's tests were in one interval, and in the one before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Where the interval begins, in milliseconds since 1970; runs that began then count.
    pub start_ms: i64,
    /// Where it ends; runs that began then count.
    pub end_ms: i64,
    /// Every test that passed or failed in the interval, the flakiest first, then by name.
    pub tests: Vec<TestHealth>,
    /// The mean over the tests; 0 without any.
    pub average_flakiness: f32,
    /// The mean of the interval before; `None` when no test passed or failed in it.
    pub previous_flakiness: Option<f32>,
}

/// How flaky one test was in an interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TestHealth {
    /// The row's name.
    pub name: String,
    /// Runs that passed, failed or were flaky, and not because of the infrastructure.
    pub total_non_infra_runs: u32,
    /// Of those, the ones that passed.
    pub passed_non_infra_runs: u32,
    /// Of those, the ones that failed.
    pub failed_non_infra_runs: u32,
    /// Runs that failed because of the infrastructure: their message is one word.
    pub failed_infra_runs: u32,
    /// All runs with a result.
    pub total_runs_with_infra: u32,
    /// Of the first, the flaky ones.
    pub other_runs: u32,
    /// In percent, by turns ([`flip_percent`]).
    pub flakiness: f32,
    /// In percent, the plain share of failures ([`naive_percent`]).
    pub failed_percent: f32,
    /// Compared with the interval before.
    pub change: Trend,
    /// [`TestHealth::flakiness`] in the interval before; `None` when the test was not in it.
    pub previous_flakiness: Option<f32>,
    /// Infrastructure failures by their message.
    pub infra_failures: BTreeMap<String, u32>,
}

/// How a test's flakiness changed; TestGrid's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// 0: the test is new.
    #[default]
    Unknown,
    /// 1
    NoChange,
    /// 2: flakier than before.
    Up,
    /// 3: less flaky than before.
    Down,
}

impl Trend {
    /// TestGrid's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::NoChange => 1,
            Self::Up => 2,
            Self::Down => 3,
        }
    }

    fn between(before: Option<f32>, now: f32) -> Self {
        match before {
            None => Self::Unknown,
            Some(before) if now < before => Self::Down,
            Some(before) if now > before => Self::Up,
            Some(_) => Self::NoChange,
        }
    }
}

/// The report of a tab over the `days` that end now (unset or 0: seven), compared with as many days
/// before. All rows count but test methods, also those without a recent result.
pub fn analyze_health(grid: &Grid, days: Option<u32>, now_ms: i64) -> Health {
    let days = days.filter(|&days| days > 0).unwrap_or(DAYS);
    let span_ms = i64::from(days) * DAY_MS;
    let start_ms = now_ms.saturating_sub(span_ms);
    let mut tests = analyze_interval(grid, start_ms, now_ms);
    let before = analyze_interval(grid, start_ms.saturating_sub(span_ms), start_ms);
    let previous: HashMap<&str, f32> = before
        .iter()
        .map(|test| (test.name.as_str(), test.flakiness))
        .collect();
    for test in &mut tests {
        test.previous_flakiness = previous.get(test.name.as_str()).copied();
        test.change = Trend::between(test.previous_flakiness, test.flakiness);
    }
    tests.sort_by(|a, b| (b.flakiness.total_cmp(&a.flakiness)).then_with(|| a.name.cmp(&b.name)));
    Health {
        start_ms,
        end_ms: now_ms,
        average_flakiness: average(&tests).unwrap_or(0.0),
        previous_flakiness: average(&before),
        tests,
    }
}

fn average(tests: &[TestHealth]) -> Option<f32> {
    let sum: f32 = tests.iter().map(|test| test.flakiness).sum();
    (!tests.is_empty()).then(|| sum / tests.len() as f32)
}

/// The tests that passed or failed in columns that began from `start_ms` to `end_ms`, both included.
fn analyze_interval(grid: &Grid, start_ms: i64, end_ms: i64) -> Vec<TestHealth> {
    let within: Vec<bool> = grid
        .columns
        .iter()
        .map(|column| (start_ms..=end_ms).contains(&column.started_ms))
        .collect();
    if !within.contains(&true) {
        return Vec::new();
    }
    let rows = || {
        grid.rows
            .iter()
            .filter(|row| !row.name.contains("@TESTGRID@"))
    };
    // A column in which every row failed says nothing about any of them.
    let mut all_failed = vec![rows().nth(1).is_some(); within.len()];
    for row in rows() {
        let mut start = 0;
        for &(status, length) in row.statuses.runs() {
            let end = (start + length as usize).min(within.len());
            if !matches!(status.coalesce(false), Status::NoResult | Status::Fail) {
                all_failed[start..end].fill(false);
            }
            start = end;
        }
    }
    rows()
        .filter_map(|row| {
            let mut test = TestHealth {
                name: row.name.clone(),
                ..TestHealth::default()
            };
            let mut series = Vec::new();
            for (column, status) in row.statuses.iter().enumerate().take(within.len()) {
                if !within[column] {
                    continue;
                }
                match status.coalesce(false) {
                    Status::Pass => {
                        test.passed_non_infra_runs += 1;
                        series.push(Outcome::Pass);
                    }
                    Status::Flaky => {
                        test.other_runs += 1;
                        series.push(Outcome::Flaky);
                    }
                    Status::Fail => {
                        let message = row
                            .cell(column as u32)
                            .map_or("", |cell| cell.message.as_str());
                        if is_infra_failure(message) {
                            test.failed_infra_runs += 1;
                            *test.infra_failures.entry(message.to_owned()).or_default() += 1;
                        } else {
                            test.failed_non_infra_runs += 1;
                            if !all_failed[column] {
                                series.push(Outcome::Fail);
                            }
                        }
                    }
                    _ => {}
                }
            }
            let (passed, failed) = (test.passed_non_infra_runs, test.failed_non_infra_runs);
            if passed + failed == 0 {
                return None;
            }
            test.total_non_infra_runs = passed + failed + test.other_runs;
            test.total_runs_with_infra = test.total_non_infra_runs + test.failed_infra_runs;
            test.flakiness = flip_percent(&series);
            test.failed_percent = naive_percent(passed, failed);
            Some(test)
        })
        .collect()
}

/// Whether a failure is the infrastructure's by its message: one word of ASCII letters, digits and
/// underscores.
fn is_infra_failure(message: &str) -> bool {
    !message.is_empty()
        && message
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{CellDetail, Column, Row};
    use proptest::prelude::*;

    fn series(letters: &str) -> Vec<Outcome> {
        letters
            .chars()
            .map(|letter| match letter {
                'p' => Outcome::Pass,
                'f' => Outcome::Fail,
                _ => Outcome::Flaky,
            })
            .collect()
    }

    #[test]
    fn flips_follow_the_worked_examples() {
        for (letters, wanted) in [
            ("", 0.0),
            ("ppppp", 0.0),
            ("pfpfp", 40.0),
            ("fffpp", 0.0),
            ("ffpp", 25.0),
            ("pfffp", 0.0),
            ("fff", 0.0),
            ("kkp", 66.666_67),
            ("fpf", 66.666_67),
            ("ffffk", 100.0),
            ("pffp", 25.0),
            ("fkf", 100.0),
        ] {
            let found = flip_percent(&series(letters));
            assert!((found - wanted).abs() < 1e-4, "{letters}: {found}");
        }
    }

    const NOW: i64 = 1_700_000_000_000;

    /// One column per day, newest first, beginning an hour ago.
    fn grid(rows: &[(&str, &str)]) -> Grid {
        let width = rows.first().map_or(0, |(_, letters)| letters.len());
        Grid {
            columns: (0..width)
                .map(|day| Column {
                    started_ms: NOW - day as i64 * DAY_MS - 3_600_000,
                    ..Column::default()
                })
                .collect(),
            rows: rows
                .iter()
                .map(|(name, letters)| Row {
                    name: (*name).to_owned(),
                    statuses: letters
                        .chars()
                        .map(|letter| match letter {
                            'P' => Status::Pass,
                            'F' | 'I' => Status::Fail,
                            'K' => Status::Flaky,
                            'R' => Status::Running,
                            _ => Status::NoResult,
                        })
                        .collect(),
                    cells: letters
                        .char_indices()
                        .filter(|&(_, letter)| letter == 'I')
                        .map(|(column, _)| CellDetail {
                            column: column as u32,
                            message: "scheduler_lost".to_owned(),
                            ..CellDetail::default()
                        })
                        .collect(),
                    ..Row::default()
                })
                .collect(),
            ..Grid::default()
        }
    }

    #[test]
    fn a_report_compares_two_intervals() {
        let grid = grid(&[
            ("up", "PFPPPPPFPP"),
            ("down", "PPPPPPPFPFPP"),
            ("new", "PFP......"),
            ("infra", "PIPPPPPPPP"),
            ("running", "R........."),
            ("method@TESTGRID@x", "FPFPFPFPFP"),
        ]);
        let health = analyze_health(&grid, None, NOW);
        assert_eq!((health.start_ms, health.end_ms), (NOW - 7 * DAY_MS, NOW));
        let found: Vec<_> = health
            .tests
            .iter()
            .map(|test| (test.name.as_str(), test.change))
            .collect();
        assert_eq!(
            found,
            [
                ("new", Trend::Unknown),
                ("up", Trend::Down),
                ("down", Trend::Down),
                ("infra", Trend::NoChange),
            ]
        );
        let infra = &health.tests[3];
        assert_eq!(
            (infra.failed_infra_runs, infra.failed_non_infra_runs),
            (1, 0)
        );
        assert_eq!(infra.infra_failures["scheduler_lost"], 1);
        assert_eq!(
            (infra.total_non_infra_runs, infra.total_runs_with_infra),
            (6, 7)
        );
        let up = &health.tests[1];
        assert!((up.flakiness - 100.0 / 7.0).abs() < 1e-4);
        assert!((up.previous_flakiness.expect("it was there") - 100.0 / 3.0).abs() < 1e-4);
        assert!((up.failed_percent - 100.0 / 7.0).abs() < 1e-4);
        assert!(health.previous_flakiness.is_some());
    }

    #[test]
    fn a_column_in_which_everything_failed_says_nothing() {
        let both = grid(&[("a", "PFP"), ("b", "PFP")]);
        let health = analyze_health(&both, None, NOW);
        assert!(health.tests.iter().all(|test| test.flakiness == 0.0));
        assert!(
            health
                .tests
                .iter()
                .all(|test| test.failed_non_infra_runs == 1)
        );
        assert_eq!(health.previous_flakiness, None);
        // A row alone has nothing to be compared with.
        let alone = grid(&[("a", "PFP")]);
        assert!(analyze_health(&alone, None, NOW).average_flakiness > 33.0);
    }

    proptest! {
        #[test]
        fn flips_are_percents(letters in "[pfk]{0,40}") {
            let found = flip_percent(&series(&letters));
            prop_assert!((0.0..=100.0).contains(&found));
            // Outages alone are no flakiness.
            if !letters.contains('k') && !letters.contains("pf") && !letters.starts_with('f') {
                prop_assert!(found.abs() < f32::EPSILON);
            }
        }
    }
}
