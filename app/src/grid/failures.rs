//! How many cells of each column failed: the bars above the grid.

use std::{fmt::Write as _, ops::Range};

use model::{grid::Grid, status::Status};

use super::header::DIGIT;

/// The cells of one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnCount {
    /// Cells that failed.
    pub failed: u32,
    /// Cells that passed and failed.
    pub flaky: u32,
    /// Cells that passed.
    pub passed: u32,
    /// Cells that still run.
    pub running: u32,
    /// Cells with any result.
    pub filled: u32,
}

/// The cells of each column, by the runs of equal cells.
pub fn column_counts(grid: &Grid) -> Vec<ColumnCount> {
    // Where a run begins a count begins, and where it ends it ends: the sums come last.
    let mut changes = vec![[0_i64; 5]; grid.columns.len() + 1];
    for row in &grid.rows {
        let mut column = 0;
        for &(status, length) in row.statuses.runs() {
            let end = (column + length as usize).min(grid.columns.len());
            let counted = [
                status.is_failing(),
                status == Status::Flaky,
                status.is_passing(),
                status == Status::Running,
                status != Status::NoResult,
            ];
            for (which, counts) in counted.into_iter().enumerate() {
                changes[column][which] += i64::from(counts);
                changes[end][which] -= i64::from(counts);
            }
            column = end;
        }
    }
    changes.truncate(grid.columns.len());
    let mut sums = [0; 5];
    changes
        .into_iter()
        .map(|more| {
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += more;
            }
            let [failed, flaky, passed, running, filled] = sums.map(|sum| sum as u32);
            ColumnCount {
                failed,
                flaky,
                passed,
                running,
                filled,
            }
        })
        .collect()
}

/// How many cells of each column failed or were flaky, as bars in HTML; the highest bar is the column with
/// most of both. What the bars stand on says whether something still runs, or else
/// passed. Nothing is drawn of no counts: a part of the rows would give wrong ones.
pub fn failures_html(counts: &[ColumnCount], window: Range<usize>, cell_width: u32) -> String {
    let mut html = String::new();
    let most = counts.iter().map(|count| count.failed + count.flaky).max();
    // One failure beside thousands is seen, too.
    let height = |cells: u32| match cells {
        0 => 0,
        _ => (cells * 100 / most.unwrap_or_default().max(1)).max(10),
    };
    for (column, count) in counts
        .iter()
        .enumerate()
        .take(window.end)
        .skip(window.start)
    {
        let _ = write!(
            html,
            r#"<span class="group" data-column="{column}" data-count="1" data-failed="{}" data-base="{}" style="left:{}px;width:{cell_width}px;--failed:{};--flaky:{}">"#,
            count.failed,
            match count {
                ColumnCount { running: 1.., .. } => "running",
                ColumnCount { passed: 1.., .. } => "passed",
                _ => "",
            },
            column * cell_width as usize,
            height(count.failed),
            height(count.failed + count.flaky),
        );
        let text = count.failed.to_string();
        if count.failed > 0 && text.len() * DIGIT + 4 <= cell_width as usize {
            html.push_str(&text);
        }
        html.push_str("</span>");
    }
    html
}

#[cfg(test)]
mod tests {
    use model::{
        grid::{Column, Row},
        rle::Runs,
    };

    use super::*;

    #[test]
    fn failures_are_counted_column_by_column() {
        let row = |letters: &str| Row {
            statuses: letters
                .chars()
                .map(|letter| match letter {
                    'F' => Status::Fail,
                    'T' => Status::TimedOut,
                    'P' => Status::Pass,
                    '~' => Status::Flaky,
                    _ => Status::NoResult,
                })
                .collect::<Runs<Status>>(),
            ..Row::default()
        };
        let grid = Grid {
            rows: vec![row("FFP."), row("~TP."), row(".FPP")],
            columns: vec![Column::default(); 4],
            ..Grid::default()
        };
        let counts: Vec<(u32, u32, u32)> = column_counts(&grid)
            .iter()
            .map(|count| (count.failed, count.flaky, count.filled))
            .collect();
        assert_eq!(counts, [(1, 1, 2), (3, 0, 3), (0, 0, 3), (0, 0, 1)]);
        let first = failures_html(&column_counts(&grid), 0..1, 36);
        assert!(
            first.contains("--failed:33;--flaky:66\">1</span>"),
            "{first}"
        );
        let html = failures_html(&column_counts(&grid), 1..3, 36);
        assert!(
            html.starts_with(
                r#"<span class="group" data-column="1" data-count="1" data-failed="3""#
            )
        );
        assert!(
            html.contains("--failed:100;--flaky:100\">3</span>"),
            "{html}"
        );
        assert!(html.ends_with("--failed:0;--flaky:0\"></span>"), "{html}");
        assert_eq!(failures_html(&[], 0..4, 36), "");
    }
}
