//! What the recent columns count: cells and columns that passed (specification 4.4), and the counts
//! of one column.

use serde::{Deserialize, Serialize};

use crate::{
    config::{IgnoredTestStatus, StatusCustomizationOptions},
    grid::{Grid, Row},
    status::Status,
};

/// A tab's `status_customization_options`. Each part is off at its default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Customization {
    /// In percent: as long as no larger share of the valid columns failed to pass, a flaky tab is
    /// acceptable; 0 switches the rule off.
    pub max_acceptable_flakiness: f32,
    /// Fewer valid columns than this say nothing; 0 switches the rule off.
    pub min_acceptable_runs: u32,
    /// A column with a cell of one of these does not count.
    pub ignored: IgnoredStatuses,
}

/// A set of cell statuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IgnoredStatuses(u16);

impl IgnoredStatuses {
    /// Whether the set has this status.
    pub const fn contains(self, status: Status) -> bool {
        self.0 & (1 << status.number()) != 0
    }
}

impl FromIterator<Status> for IgnoredStatuses {
    fn from_iter<T: IntoIterator<Item = Status>>(statuses: T) -> Self {
        Self(
            statuses
                .into_iter()
                .fold(0, |set, status| set | 1 << status.number()),
        )
    }
}

impl From<&StatusCustomizationOptions> for Customization {
    fn from(options: &StatusCustomizationOptions) -> Self {
        Self {
            max_acceptable_flakiness: options.max_acceptable_flakiness.unwrap_or(0.0),
            min_acceptable_runs: options.min_acceptable_runs.unwrap_or(0),
            ignored: options
                .ignored_test_statuses
                .iter()
                .filter_map(|ignored| match ignored {
                    IgnoredTestStatus::Unspecified => None,
                    IgnoredTestStatus::CategorizedAbort => Some(Status::CategorizedAbort),
                    IgnoredTestStatus::Unknown => Some(Status::Unknown),
                    IgnoredTestStatus::Cancel => Some(Status::Cancel),
                    IgnoredTestStatus::Blocked => Some(Status::Blocked),
                })
                .collect(),
        }
    }
}

/// Counts over the recent columns of a tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Metrics {
    /// Columns with any result.
    pub completed_columns: u32,
    /// Columns with a pass and no failure that are not ignored. Flaky cells do not prevent it.
    pub passing_columns: u32,
    /// Columns with a cell whose status the tab ignores.
    pub ignored_columns: u32,
    /// Cells with a result.
    pub filled_cells: u32,
    /// Cells that passed.
    pub passing_cells: u32,
    /// Some column's share of failures exceeds the threshold.
    pub broken: bool,
}

impl Metrics {
    /// Columns that count: completed and not ignored.
    pub const fn valid_columns(&self) -> u32 {
        self.completed_columns.saturating_sub(self.ignored_columns)
    }

    /// The share of the valid columns that did not pass, in percent; not a number without any.
    pub fn flakiness_percent(&self) -> f32 {
        let valid = self.valid_columns();
        100.0 * (valid as f32 - self.passing_columns as f32) / valid as f32
    }

    /// Whether at most `max_percent` of the valid columns failed to pass.
    pub fn is_acceptable(&self, max_percent: f32) -> bool {
        max_percent > 0.0
            && 100.0 * self.passing_columns as f32 / self.valid_columns() as f32
                >= 100.0 - max_percent
    }
}

/// The cells of one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ColumnStats {
    /// Cells that failed.
    pub fail_count: u32,
    /// Cells that passed.
    pub pass_count: u32,
    /// Cells that are not blank, running ones among them.
    pub total_count: u32,
    /// Some cell is still running.
    pub pending: bool,
    /// The share of failures exceeds the tab's threshold.
    pub broken: bool,
}

/// Whether more than `threshold` of a column's cells failed. Both sides are compared in 32 bits, as
/// TestGrid has them, or exact ties flip. A threshold of 0 switches the rule off, and a column with
/// neither a pass nor a failure is never broken.
pub fn is_broken(passes: u32, fails: u32, total: u32, threshold: f32) -> bool {
    threshold > 0.0 && passes + fails > 0 && fails as f32 / total as f32 > threshold
}

/// The counts of each of `columns` columns over `rows`, newest first. Running cells count, unlike in
/// [`Metrics`].
pub fn column_stats(rows: &[Row], columns: usize, threshold: f32) -> Vec<ColumnStats> {
    let mut stats = vec![ColumnStats::default(); columns];
    for row in rows {
        let mut start = 0;
        for &(status, length) in row.statuses.runs() {
            let end = (start + length as usize).min(columns);
            let (passes, fails, filled) = match status.coalesce(false) {
                Status::NoResult => (0, 0, 0),
                Status::Pass => (1, 0, 1),
                Status::Fail => (0, 1, 1),
                _ => (0, 0, 1),
            };
            if filled > 0 {
                for column in &mut stats[start..end] {
                    column.pass_count += passes;
                    column.fail_count += fails;
                    column.total_count += filled;
                    column.pending |= status == Status::Running;
                }
            }
            start = end;
        }
    }
    for column in &mut stats {
        column.broken = is_broken(
            column.pass_count,
            column.fail_count,
            column.total_count,
            threshold,
        );
    }
    stats
}

/// The recent columns counted, and where the first broken one is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    pub(super) metrics: Metrics,
    /// The newest column whose share of failures exceeds the threshold, with its failures and its
    /// results.
    pub(super) broken: Option<(usize, u32, u32)>,
}

/// Counters over the newest columns, by position: running and blank columns are inside the window.
pub(super) fn count(
    grid: &Grid,
    rows: &[&Row],
    threshold: f32,
    ignored: IgnoredStatuses,
) -> Counted {
    #[derive(Clone, Copy, Default)]
    struct Column {
        passes: u32,
        fails: u32,
        others: u32,
        ignored: bool,
    }
    let window = grid.columns.len().min(grid.recent as usize);
    let mut columns = vec![Column::default(); window];
    for row in rows {
        for (column, status) in columns.iter_mut().zip(row.statuses.iter()) {
            column.ignored |= ignored.contains(status);
            match status.coalesce(true) {
                Status::NoResult => {}
                Status::Pass => column.passes += 1,
                Status::Fail => column.fails += 1,
                _ => column.others += 1,
            }
        }
    }
    let mut counted = Counted::default();
    let metrics = &mut counted.metrics;
    for (index, column) in columns.into_iter().enumerate() {
        let filled = column.passes + column.fails + column.others;
        metrics.filled_cells += filled;
        metrics.passing_cells += column.passes;
        metrics.completed_columns += u32::from(filled > 0);
        metrics.ignored_columns += u32::from(column.ignored);
        metrics.passing_columns +=
            u32::from(!column.ignored && column.fails == 0 && column.passes > 0);
        if is_broken(column.passes, column.fails, filled, threshold) {
            metrics.broken = true;
            counted.broken = counted.broken.or(Some((index, column.fails, filled)));
        }
    }
    counted
}
