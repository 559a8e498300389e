//! The walk over the recent columns that tells passing from flaky (specification 4.5, step 5), and the
//! newest green column.

use super::metrics::IgnoredStatuses;
use crate::{
    grid::{Grid, Row},
    status::Status,
};

/// What the walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// A finished column that counts, or one that still ran beside it, has a cell that did not pass;
    /// the newest such column.
    Flaky(usize),
    /// So many finished columns passed and none did not.
    Passing(u32),
    /// No finished column has a result.
    Nothing,
}

/// Walks over the newest columns until `grid.recent` finished ones were seen. A column that still runs
/// does not count as one of them, but what has failed in it already takes effect at the next finished
/// column. A column with an ignored status counts and says nothing.
pub(super) fn walk(grid: &Grid, rows: &[&Row], ignored: IgnoredStatuses) -> Walk {
    let mut cells: Vec<_> = rows.iter().map(|row| row.statuses.iter()).collect();
    let mut recent = grid.recent;
    let (mut flaky, mut passed) = (None, 0);
    for column in 0..grid.columns.len() {
        if recent == 0 {
            break;
        }
        let (mut running, mut skipped, mut found) = (false, false, false);
        for cell in &mut cells {
            match cell.next().unwrap_or_default() {
                Status::Running => running = true,
                status if ignored.contains(status) => skipped = true,
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
        if skipped {
            recent -= 1;
            flaky = None;
            continue;
        }
        if let Some(column) = flaky {
            return Walk::Flaky(column);
        }
        if found {
            passed += 1;
            recent -= 1;
        }
    }
    if passed > 0 {
        Walk::Passing(passed)
    } else {
        Walk::Nothing
    }
}

/// The newest column with a pass and nothing else; running counts against it.
pub(super) fn latest_green(grid: &Grid, rows: &[&Row]) -> Option<usize> {
    let width = grid.columns.len();
    let (mut passed, mut spoiled) = (vec![false; width], vec![false; width]);
    for row in rows {
        let mut start = 0;
        for &(status, count) in row.statuses.runs() {
            let end = (start + count as usize).min(width);
            match status.coalesce(false) {
                Status::NoResult => {}
                Status::Pass => passed[start..end].fill(true),
                _ => spoiled[start..end].fill(true),
            }
            start = end;
        }
    }
    (0..width).find(|&column| passed[column] && !spoiled[column])
}
