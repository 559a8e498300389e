//! The status of a tab: what its colour means and why (specification 4.2, 4.4 to 4.6).
//!
//! Whatever does not depend on the time is found once, when the results change: [`Evidence`]. The
//! status at a time follows from it without the grid, so that a tab goes stale though nothing happens.

mod failing;
mod message;
mod metrics;
mod movement;
mod reason;
mod staleness;
mod status;
mod turn;
mod walk;

use crate::{
    alert::Alert,
    grid::{Grid, Row},
    status::Status,
    tabulate::CompareUrl,
    wire::time,
};

use self::walk::Walk;
pub use self::{
    failing::{alerted_rows, failing_rows},
    message::{message, stale_text},
    metrics::{ColumnStats, Customization, IgnoredStatuses, Metrics, column_stats, is_broken},
    movement::{Moved, Movement, MovementState, Movements, moved_between},
    reason::{BuildRef, OverallRow, Reason, ReasonRow, Rule},
    staleness::{Freshness, Stale, StaleRule, observed_interval_ms},
    status::TabStatus,
    turn::{StatusTurn, TurnedTo},
};

const MINUTE_MS: i64 = 60_000;
/// How many rows a reason names.
const NAMED: usize = 5;

/// What the rules of a tab's status depend on beside the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Share of failing cells above which a column is broken; 0 switches the rule off.
    pub broken_column_threshold: f32,
    /// When the tab is stale.
    pub stale: StaleRule,
    /// What the tab's `status_customization_options` say.
    pub customization: Customization,
}

/// A tab's status with its evidence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The status.
    pub status: TabStatus,
    /// Why.
    pub reason: Reason,
    /// TestGrid's status line.
    pub message: String,
    /// TestGrid's text about stale data; empty when it is not.
    pub alert: String,
    /// Index of the newest column in which everything passed.
    pub latest_green: Option<usize>,
    /// Counts over the recent columns.
    pub metrics: Metrics,
    /// Rows with an alert, among those that count.
    pub failing_rows: u32,
    /// Rows that count.
    pub counted_rows: u32,
}

/// All that decides about a tab's status but the time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Counts over the recent columns.
    pub metrics: Metrics,
    /// Index of the newest column in which everything passed.
    pub latest_green: Option<usize>,
    /// Rows with an alert, among those that count.
    pub failing_rows: u32,
    /// Rows that count.
    pub counted_rows: u32,
    /// What decides whether the tab is stale.
    pub freshness: Freshness,
    /// Why the tab has the status that it has as long as it is not stale.
    settled: Reason,
    /// The newest build.
    newest: Option<BuildRef>,
    options: Options,
}

/// The rows that count: those with a recent result that are not test methods (specification 4.2).
pub fn counted_rows(grid: &Grid) -> impl Iterator<Item = &Row> {
    grid.rows.iter().filter(|row| {
        !row.is_stale(grid.recent)
            && !row.name.contains("@TESTGRID@")
            && !row.id.contains("@TESTGRID@")
    })
}

/// The status at `now_ms` of the tab whose grid this is. `modified_ms` is when the stored results last
/// changed; `None` when there are none.
pub fn summarize(
    grid: &Grid,
    options: Options,
    modified_ms: Option<i64>,
    compare_url: &CompareUrl<'_>,
    now_ms: i64,
) -> Summary {
    Evidence::of(grid, options, modified_ms, compare_url).summary(now_ms)
}

impl Evidence {
    /// Looks at a grid. `modified_ms` is when the stored results last changed; `None` when there are
    /// none.
    pub fn of(
        grid: &Grid,
        options: Options,
        modified_ms: Option<i64>,
        compare_url: &CompareUrl<'_>,
    ) -> Self {
        let rows: Vec<&Row> = counted_rows(grid).collect();
        Self::of_rows(grid, &rows, options, modified_ms, compare_url)
    }

    /// As [`Evidence::of`], with the rows that count as they are given.
    pub fn of_rows(
        grid: &Grid,
        rows: &[&Row],
        options: Options,
        modified_ms: Option<i64>,
        compare_url: &CompareUrl<'_>,
    ) -> Self {
        let Options {
            broken_column_threshold,
            customization,
            ..
        } = options;
        let counted = metrics::count(grid, rows, broken_column_threshold, customization.ignored);
        let failing = failing::worst_first(rows.iter().copied());
        let metrics = counted.metrics;
        let mut settled = if let Some((column, fails, filled)) = counted.broken {
            broken(grid, rows, column, fails as f32 / filled as f32, options)
        } else if !failing.is_empty() {
            alerting(grid, &failing, compare_url)
        } else if customization.min_acceptable_runs > metrics.valid_columns() {
            Reason {
                rule: Rule::TooFewRuns,
                runs: Some(metrics.valid_columns()),
                of_runs: Some(customization.min_acceptable_runs),
                ..Reason::default()
            }
        } else {
            walked(grid, rows, &metrics, customization)
        };
        settled.counted_rows = rows.len() as u32;
        settled.failures_to_alert = grid.failures_to_alert;
        settled.overall = failing::overall_row(grid);
        Self {
            metrics,
            latest_green: walk::latest_green(grid, rows),
            failing_rows: failing.len() as u32,
            counted_rows: rows.len() as u32,
            freshness: Freshness {
                modified_ms,
                newest_ms: grid
                    .columns
                    .first()
                    .map(|column| column.started_ms)
                    .filter(|&start| start > 0),
                has_rows: !rows.is_empty(),
                interval_ms: observed_interval_ms(&grid.columns),
            },
            settled,
            newest: (!grid.columns.is_empty()).then(|| build_ref(grid, 0)),
            options,
        }
    }

    /// How the tab is stale at `now_ms`, when that is what its status says.
    pub fn stale(&self, now_ms: i64) -> Option<Stale> {
        let stale = self.options.stale.apply(self.freshness, now_ms)?;
        (self.settled.rule != Rule::BrokenColumn).then_some(stale)
    }

    /// The tab's status at `now_ms`, and why.
    pub fn reason(&self, now_ms: i64) -> Reason {
        let Some(stale) = self.stale(now_ms) else {
            return self.settled.clone();
        };
        let (rule, since_ms, limit_ms) = match stale {
            Stale::NothingStored => (Rule::NothingStored, None, None),
            Stale::NothingCompleted => (Rule::NothingCompleted, None, None),
            Stale::NotChanged { since_ms, limit_ms } => {
                (Rule::NotChanged, Some(since_ms), Some(limit_ms))
            }
            Stale::NoNewColumn { since_ms, limit_ms } => {
                (Rule::NoNewColumn, Some(since_ms), Some(limit_ms))
            }
        };
        Reason {
            rule,
            counted_rows: self.counted_rows,
            failures_to_alert: self.settled.failures_to_alert,
            since: self.newest.clone(),
            age_ms: since_ms.map(|since_ms| (now_ms - since_ms) / MINUTE_MS * MINUTE_MS),
            limit_ms,
            interval_ms: self
                .freshness
                .interval_ms
                .filter(|_| self.options.stale.hours.is_none() && limit_ms.is_some()),
            overall: self.settled.overall.clone(),
            ..Reason::default()
        }
    }

    /// Everything that is said of the tab at `now_ms`.
    pub fn summary(&self, now_ms: i64) -> Summary {
        let reason = self.reason(now_ms);
        let status = reason.status();
        Summary {
            status,
            reason,
            message: message(
                &self.metrics,
                status,
                self.options.customization.max_acceptable_flakiness,
            ),
            alert: self
                .stale(now_ms)
                .map(|stale| stale_text(stale, now_ms))
                .unwrap_or_default(),
            latest_green: self.latest_green,
            metrics: self.metrics,
            failing_rows: self.failing_rows,
            counted_rows: self.counted_rows,
        }
    }
}

fn build_ref(grid: &Grid, column: usize) -> BuildRef {
    BuildRef {
        build: grid.columns[column].build.clone(),
        started: time(grid.columns[column].started_ms),
    }
}

/// A recent column has too large a share of failures.
fn broken(grid: &Grid, rows: &[&Row], column: usize, share: f32, options: Options) -> Reason {
    let failed = |row: &Row| row.statuses.get(column).is_some_and(Status::is_failing);
    let (rows, row_count) = name_rows(grid, rows.iter().copied().filter(|row| failed(row)));
    Reason {
        rule: Rule::BrokenColumn,
        rows,
        row_count,
        since: Some(build_ref(grid, column)),
        percent: Some(share * 100.0),
        limit_percent: Some(options.broken_column_threshold * 100.0),
        ..Reason::default()
    }
}

/// Rows have alerts; `failing` is worst first.
fn alerting(grid: &Grid, failing: &[(&Row, &Alert)], compare_url: &CompareUrl<'_>) -> Reason {
    let telling = failing::telling_alert(grid, failing);
    let since = telling.map(|alert| BuildRef {
        build: alert.first_fail_build.clone(),
        started: time(alert.first_fail_ms),
    });
    let began_there = failing.iter().filter(|(_, alert)| {
        telling.is_some_and(|it| it.first_fail_build == alert.first_fail_build)
    });
    let last_pass = telling.and_then(|alert| {
        Some(BuildRef {
            build: alert.pass_build.clone()?,
            started: time(alert.pass_ms?),
        })
    });
    Reason {
        rule: Rule::RowsAlert,
        rows: failing
            .iter()
            .take(NAMED)
            .map(|(row, alert)| ReasonRow {
                name: row.name.clone(),
                id: row.id.clone(),
                count: alert.fail_count,
            })
            .collect(),
        row_count: failing.len() as u32,
        since,
        since_rows: began_there.count() as u32,
        last_pass,
        moved: telling.and_then(|alert| failing::moved_since_pass(grid, alert, compare_url)),
        ..Reason::default()
    }
}

/// No row has an alert: acceptable, flaky, passing or unknown.
fn walked(grid: &Grid, rows: &[&Row], metrics: &Metrics, customization: Customization) -> Reason {
    match walk::walk(grid, rows, customization.ignored) {
        Walk::Flaky(column) => {
            let bad = |row: &Row| {
                row.statuses
                    .get(column)
                    .is_some_and(|status| is_bad(status, customization.ignored))
            };
            let (rows, row_count) = name_rows(grid, rows.iter().copied().filter(|row| bad(row)));
            let reason = Reason {
                rows,
                row_count,
                since: Some(build_ref(grid, column)),
                ..Reason::default()
            };
            if metrics.is_acceptable(customization.max_acceptable_flakiness) {
                Reason {
                    rule: Rule::AcceptableFlakiness,
                    runs: Some(
                        metrics
                            .valid_columns()
                            .saturating_sub(metrics.passing_columns),
                    ),
                    of_runs: Some(metrics.valid_columns()),
                    percent: Some(metrics.flakiness_percent()),
                    limit_percent: Some(customization.max_acceptable_flakiness),
                    ..reason
                }
            } else {
                Reason {
                    rule: Rule::NotPassed,
                    ..reason
                }
            }
        }
        Walk::Passing(runs) => Reason {
            rule: Rule::AllPassed,
            runs: Some(runs),
            ..Reason::default()
        },
        Walk::Nothing => Reason {
            rule: Rule::NoFinishedRun,
            ..Reason::default()
        },
    }
}

/// Whether a finished cell is neither blank, nor a pass, nor ignored.
fn is_bad(status: Status, ignored: IgnoredStatuses) -> bool {
    status != Status::Running
        && status != Status::NoResult
        && !status.is_passing()
        && !ignored.contains(status)
}

/// The worst of `rows` by how many of their recent results are no pass, and how many rows there are.
fn name_rows<'a>(grid: &Grid, rows: impl Iterator<Item = &'a Row>) -> (Vec<ReasonRow>, u32) {
    let mut counted: Vec<(u32, &Row)> = rows
        .map(|row| {
            let recent = row.statuses.iter().take(grid.recent as usize);
            let bad = recent.filter(|&status| is_bad(status, IgnoredStatuses::default()));
            (bad.count().max(1) as u32, row)
        })
        .collect();
    let all = counted.len() as u32;
    counted.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    let named = counted
        .into_iter()
        .take(NAMED)
        .map(|(count, row)| ReasonRow {
            name: row.name.clone(),
            id: row.id.clone(),
            count,
        })
        .collect();
    (named, all)
}

#[cfg(test)]
mod tests;
