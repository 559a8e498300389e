//! The status of a tab: what its colour means and why (specification 4.2, 4.4 to 4.6).

use serde::{Deserialize, Serialize};

use crate::{
    grid::{Grid, Row},
    status::Status,
};

/// The status of a tab, and of a dashboard as the worst of its tabs. In JSON TestGrid's words;
/// unknown is said, not left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TabStatus {
    /// Nothing can be said.
    #[default]
    Unknown,
    /// All recent results passed.
    Passing,
    /// Flakiness within what the tab accepts.
    Acceptable,
    /// Too few runs to say.
    Pending,
    /// Something failed recently, but no row has an alert.
    Flaky,
    /// At least one row has an alert.
    Failing,
    /// The data is too old to say.
    Stale,
    /// A recent run failed almost everywhere.
    Broken,
}

impl TabStatus {
    /// TestGrid's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Passing => "PASSING",
            Self::Acceptable => "ACCEPTABLE",
            Self::Pending => "PENDING",
            Self::Flaky => "FLAKY",
            Self::Failing => "FAILING",
            Self::Stale => "STALE",
            Self::Broken => "BROKEN",
        }
    }

    /// A sign that does not need colour.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Passing => "✓",
            Self::Acceptable => "≈",
            Self::Pending => "…",
            Self::Flaky => "~",
            Self::Failing => "✗",
            Self::Stale => "◷",
            Self::Broken => "⊘",
        }
    }

    /// How bad it is: the order in which a dashboard takes the worst of its tabs (4.5). Unknown is
    /// least, as in TestGrid: a tab without data does not hide the others.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Passing => 1,
            Self::Acceptable => 2,
            Self::Pending => 3,
            Self::Flaky => 4,
            Self::Failing => 5,
            Self::Stale => 6,
            Self::Broken => 7,
        }
    }

    /// The status of a dashboard.
    pub fn worst(tabs: impl IntoIterator<Item = Self>) -> Self {
        tabs.into_iter()
            .max_by_key(|status| status.severity())
            .unwrap_or_default()
    }
}

/// What the rules of a tab's status depend on beside the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Share of failing cells above which a column is broken; 0 switches the rule off.
    pub broken_column_threshold: f32,
    /// After how many hours without change the tab is stale; 0 means never.
    pub stale_hours: u32,
}

/// Counts over the recent columns (specification 4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Columns with any result.
    pub completed_columns: u32,
    /// Columns with a pass and no failure.
    pub passing_columns: u32,
    /// Cells with a result.
    pub filled_cells: u32,
    /// Cells that passed.
    pub passing_cells: u32,
    /// Some column's share of failures exceeds the threshold.
    pub broken: bool,
}

/// A tab's status with its evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The status.
    pub status: TabStatus,
    /// Why, as one sentence.
    pub reason: String,
    /// TestGrid's status line.
    pub message: String,
    /// Index of the newest column in which everything passed.
    pub latest_green: Option<usize>,
    /// Counts over the recent columns.
    pub metrics: Metrics,
    /// Rows with an alert, among those that count.
    pub failing_rows: u32,
    /// Rows that count.
    pub counted_rows: u32,
}

/// The rows that count: those with a recent result that are not test methods (specification 4.2).
pub fn counted_rows(grid: &Grid) -> impl Iterator<Item = &Row> {
    grid.rows.iter().filter(|row| {
        !row.is_stale(grid.recent)
            && !row.name.contains("@TESTGRID@")
            && !row.id.contains("@TESTGRID@")
    })
}

/// The status of the tab whose grid this is. `modified_ms` is when the stored results last changed.
pub fn summarize(grid: &Grid, options: Options, modified_ms: Option<i64>, now_ms: i64) -> Summary {
    let rows: Vec<&Row> = counted_rows(grid).collect();
    let metrics = metrics(grid, &rows, options.broken_column_threshold);
    let stale = stale_text(grid, &rows, options.stale_hours, modified_ms, now_ms);
    let failing: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| row.alert.is_some())
        .collect();
    let (status, reason) = if metrics.broken {
        let share = options.broken_column_threshold * 100.0;
        (
            TabStatus::Broken,
            format!("a recent run failed in more than {share:.0}% of its cells"),
        )
    } else if let Some(text) = stale {
        (TabStatus::Stale, text)
    } else if !failing.is_empty() {
        (
            TabStatus::Failing,
            failing_reason(&failing, rows.len(), grid.failures_to_alert),
        )
    } else {
        walk(grid, &rows)
    };
    Summary {
        status,
        reason,
        message: message(metrics),
        latest_green: latest_green(grid, &rows),
        metrics,
        failing_rows: failing.len() as u32,
        counted_rows: rows.len() as u32,
    }
}

fn failing_reason(failing: &[&Row], all: usize, threshold: u32) -> String {
    let rows = match failing {
        [row] => format!("1 of {all} rows, {},", row.name),
        _ => format!("{} of {all} rows", failing.len()),
    };
    let since = failing
        .iter()
        .filter_map(|row| row.alert.as_ref())
        .min_by_key(|alert| alert.first_fail_ms)
        .map(|alert| format!(", first in build {}", alert.first_fail_build))
        .unwrap_or_default();
    format!("{rows} failed {threshold} or more times in a row{since}")
}

/// The cells of one column, by class.
#[derive(Clone, Copy, Default)]
struct Counts {
    passes: u32,
    fails: u32,
    others: u32,
}

/// Counters over the newest columns, by position: running and blank columns are inside the window.
fn metrics(grid: &Grid, rows: &[&Row], broken_threshold: f32) -> Metrics {
    let window = grid.columns.len().min(grid.recent as usize);
    let mut columns = vec![Counts::default(); window];
    for row in rows {
        for (column, status) in columns.iter_mut().zip(row.statuses.iter()) {
            match status.coalesce(true) {
                Status::NoResult => {}
                Status::Pass => column.passes += 1,
                Status::Fail => column.fails += 1,
                _ => column.others += 1,
            }
        }
    }
    let mut metrics = Metrics::default();
    for column in columns {
        let filled = column.passes + column.fails + column.others;
        metrics.filled_cells += filled;
        metrics.passing_cells += column.passes;
        metrics.completed_columns += u32::from(filled > 0);
        metrics.passing_columns += u32::from(column.fails == 0 && column.passes > 0);
        // Both sides in 32 bits, as TestGrid has them, or exact ties flip.
        metrics.broken |= broken_threshold > 0.0
            && column.passes + column.fails > 0
            && column.fails as f32 / filled as f32 > broken_threshold;
    }
    metrics
}

fn message(metrics: Metrics) -> String {
    if metrics.filled_cells == 0 {
        return "no completed results".to_owned();
    }
    let percent = |part: u32, whole: u32| {
        if whole == 0 {
            0.0
        } else {
            100.0 * f64::from(part) / f64::from(whole)
        }
    };
    format!(
        "Tab stats: {} of {} ({:.1}%) recent columns passed ({} of {} or {:.1}% cells)",
        metrics.passing_columns,
        metrics.completed_columns,
        percent(metrics.passing_columns, metrics.completed_columns),
        metrics.passing_cells,
        metrics.filled_cells,
        percent(metrics.passing_cells, metrics.filled_cells),
    )
}

fn stale_text(
    grid: &Grid,
    rows: &[&Row],
    hours: u32,
    modified_ms: Option<i64>,
    now_ms: i64,
) -> Option<String> {
    const HOUR_MS: i64 = 3_600_000;
    let Some(modified_ms) = modified_ms else {
        return Some("no stored results".to_owned());
    };
    if hours == 0 {
        return None;
    }
    let newest = grid
        .columns
        .first()
        .map(|column| column.started_ms)
        .filter(|&start| start > 0);
    let (Some(newest), false) = (newest, rows.is_empty()) else {
        return Some("no completed results".to_owned());
    };
    let limit = i64::from(hours) * HOUR_MS;
    let age = |since: i64| {
        let quarters = (now_ms - since) / (HOUR_MS / 4);
        format!("{} h {} min", quarters / 4, quarters % 4 * 15)
    };
    if now_ms - modified_ms > limit {
        Some(format!("the data has not changed for {}", age(modified_ms)))
    } else if now_ms - newest > limit {
        Some(format!("the latest run began {} ago", age(newest)))
    } else {
        None
    }
}

/// Passing, flaky or unknown: the walk over the recent columns (specification 4.5, step 5).
fn walk(grid: &Grid, rows: &[&Row]) -> (TabStatus, String) {
    let mut cells: Vec<_> = rows.iter().map(|row| row.statuses.iter()).collect();
    let mut recent = grid.recent;
    let (mut flaky, mut passing, mut seen) = (None, false, 0u32);
    for column in &grid.columns {
        if recent == 0 {
            break;
        }
        let (mut running, mut found) = (false, false);
        for cell in &mut cells {
            match cell.next().unwrap_or_default() {
                Status::Running => running = true,
                status => match status.coalesce(false) {
                    Status::NoResult => {}
                    Status::Pass => found = true,
                    _ => flaky = flaky.or(Some(column)),
                },
            }
        }
        if running {
            continue;
        }
        if let Some(bad) = flaky {
            let reason = format!(
                "a test did not pass in build {}, but none has failed {} times in a row",
                bad.build, grid.failures_to_alert
            );
            return (TabStatus::Flaky, reason);
        }
        if found {
            passing = true;
            recent -= 1;
            seen += 1;
        }
    }
    if passing {
        let runs = if seen == 1 { "run" } else { "runs" };
        (
            TabStatus::Passing,
            format!("all results of the last {seen} finished {runs} passed"),
        )
    } else {
        (
            TabStatus::Unknown,
            "no finished run has a result".to_owned(),
        )
    }
}

/// The newest column with a pass and nothing else (running counts against it).
fn latest_green(grid: &Grid, rows: &[&Row]) -> Option<usize> {
    let mut cells: Vec<_> = rows.iter().map(|row| row.statuses.iter()).collect();
    (0..grid.columns.len()).find(|_| {
        let (mut passes, mut others) = (0, 0);
        for cell in &mut cells {
            match cell.next().unwrap_or_default().coalesce(false) {
                Status::NoResult => {}
                Status::Pass => passes += 1,
                _ => others += 1,
            }
        }
        passes > 0 && others == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Column;
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
            let summary = summarize(&grid(&rows, recent), Options::default(), Some(0), 0);
            assert_eq!(
                (summary.status, summary.latest_green),
                (status, green),
                "{rows:?}"
            );
        }
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
                stale_hours: 0,
            };
            let metrics = summarize(&grid(&rows, recent), options, Some(0), 0).metrics;
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

    #[test]
    fn a_dashboard_takes_the_worst() {
        assert_eq!(TabStatus::worst([]), TabStatus::Unknown);
        assert_eq!(
            TabStatus::worst([TabStatus::Passing, TabStatus::Stale, TabStatus::Failing]),
            TabStatus::Stale
        );
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(
            mut rows in prop::collection::vec("[PFKRU.]{6}", 1..6),
        ) {
            let status = |rows: &[String]| {
                let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
                summarize(&grid(&rows, 4), Options::default(), Some(0), 0).status
            };
            let before = status(&rows);
            rows.reverse();
            prop_assert_eq!(status(&rows), before);
        }
    }
}
