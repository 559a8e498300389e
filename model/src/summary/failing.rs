//! The rows with an alert, each with what moved between its last pass and its first failure.

use std::{cmp::Reverse, collections::HashMap};

use super::{Moved, counted_rows, movement::moved_between, reason::OverallRow};
use crate::{
    alert::{Alert, AlertedRow},
    grid::{Grid, Row},
    status::{Class, Status},
    tabulate::CompareUrl,
    wire::{FailingRow, time},
};

/// The rows that count and have an alert: most failures first, then in the grid's order.
pub(super) fn worst_first<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<(&'a Row, &'a Alert)> {
    let mut failing: Vec<_> = rows
        .filter_map(|row| Some((row, row.alert.as_ref()?)))
        .collect();
    failing.sort_by_key(|(_, alert)| Reverse(alert.fail_count));
    failing
}

/// The alerts of the rows that count: most failures first, then in the grid's order.
pub fn alerted_rows(grid: &Grid) -> Vec<AlertedRow> {
    worst_first(counted_rows(grid))
        .into_iter()
        .map(|(row, alert)| AlertedRow {
            name: row.name.clone(),
            id: row.id.clone(),
            alert: alert.clone(),
        })
        .collect()
}

/// The worst `most` rows with an alert, for a summary.
pub fn failing_rows(grid: &Grid, most: usize, compare_url: &CompareUrl<'_>) -> Vec<FailingRow> {
    worst_first(counted_rows(grid))
        .into_iter()
        .take(most)
        .map(|(row, alert)| FailingRow {
            name: row.name.clone(),
            id: row.id.clone(),
            fail_count: alert.fail_count,
            since: time(alert.first_fail_ms),
            first_fail_build: alert.first_fail_build.clone(),
            latest_fail_build: alert.latest_fail_build.clone(),
            last_pass: alert.pass_ms.map(time),
            last_pass_build: alert.pass_build.clone(),
            moved: moved_since_pass(grid, alert, compare_url),
            message: alert.message.clone(),
            bugs: Vec::new(),
        })
        .collect()
}

/// What moved from the last pass before an alert to its first failure; `None` when no pass is known.
pub(super) fn moved_since_pass(
    grid: &Grid,
    alert: &Alert,
    compare_url: &CompareUrl<'_>,
) -> Option<Moved> {
    let older = grid.column_of(alert.pass_build.as_deref()?)?;
    let newer = grid.column_of(&alert.first_fail_build)?;
    Some(moved_between(
        &grid.columns[older],
        &grid.columns[newer],
        compare_url,
    ))
}

/// The alert that tells since when the tab fails and what moved before: one of those that began together,
/// at the build where most did; of several such builds at the oldest. Of these the one whose last pass is
/// nearest, because it says most about what happened between. A job's own result, which fails for
/// whatever else goes wrong, is left out unless no other row has an alert. `None` without any.
pub(super) fn telling_alert<'a>(grid: &Grid, failing: &[(&Row, &'a Alert)]) -> Option<&'a Alert> {
    let is_overall = is_overall_of(grid);
    let (overall, others): (Vec<_>, Vec<_>) = failing
        .iter()
        .copied()
        .partition(|(row, _)| is_overall(row));
    let telling = if others.is_empty() { overall } else { others };
    let mut began: HashMap<&str, u32> = HashMap::new();
    for (_, alert) in &telling {
        *began.entry(&alert.first_fail_build).or_default() += 1;
    }
    telling.iter().map(|(_, alert)| *alert).min_by_key(|alert| {
        let together = began.get(alert.first_fail_build.as_str());
        (
            Reverse(together),
            alert.first_fail_ms,
            Reverse(alert.pass_ms),
        )
    })
}

/// Whether a row of this grid says how a job itself ended: the one named `Overall` alone, else those
/// named `<job>.Overall`, of which groups of several jobs have several.
fn is_overall_of(grid: &Grid) -> impl Fn(&Row) -> bool + use<> {
    let alone = grid.rows.iter().any(|row| row.name == "Overall");
    move |row| {
        if alone {
            row.name == "Overall"
        } else {
            row.name.ends_with(".Overall")
        }
    }
}

/// The row that says how the job itself ended; of several, as groups of several jobs have them, the
/// one named `Overall` alone, else the worst.
pub(super) fn overall_row(grid: &Grid) -> Option<OverallRow> {
    let of_row = |row: &Row| OverallRow {
        name: row.name.clone(),
        id: row.id.clone(),
        alert: row.alert.is_some(),
        fail_count: row.alert.as_ref().map_or(0, |alert| alert.fail_count),
        latest: row
            .statuses
            .runs()
            .iter()
            .map(|&(status, _)| status)
            .find(|&status| status.class() != Class::Blank && status != Status::Running)
            .unwrap_or_default(),
    };
    let is_overall = is_overall_of(grid);
    grid.rows
        .iter()
        .filter(|row| is_overall(row))
        .map(of_row)
        .reduce(|worst, row| {
            if (row.alert, row.latest.severity()) > (worst.alert, worst.latest.severity()) {
                row
            } else {
                worst
            }
        })
}
