//! Cells of one name → one row or several.

use std::collections::{BTreeMap, HashSet};

use model::{
    run::{Cell, TestResult},
    status::Status,
};

use super::cells::runs_passed;
use crate::name_index::NameIndex;

/// How many rows tests of one name get before the rest share one.
const DUPLICATES_CAP: usize = 20;

/// The rows of one build while they are gathered: cells by name, in the order in which they came.
#[derive(Debug, Default)]
pub struct Rows {
    /// The first cell of each name.
    first: Vec<TestResult>,
    /// Places in `first`.
    index: NameIndex,
    /// All further cells by place in `first`; names are seldom repeated.
    further: BTreeMap<usize, Vec<Cell>>,
}

impl Rows {
    /// Makes room for so many more rows.
    pub fn reserve(&mut self, count: usize) {
        self.first.reserve(count);
        self.index.reserve(count, |at| &self.first[at].name);
    }

    /// Adds a cell.
    pub fn push(&mut self, row: TestResult) {
        let first = &self.first;
        let at = self
            .index
            .find_or_add(&row.name, first.len(), |at| &first[at].name);
        match at {
            Some(at) => self.further.entry(at).or_default().push(row.cell),
            None => self.first.push(row),
        }
    }

    /// Adds a cell before all others of its name.
    pub fn push_first(&mut self, row: TestResult) {
        if let Some(at) = self.index.find(&row.name, |at| &self.first[at].name) {
            let second = std::mem::replace(&mut self.first[at].cell, row.cell);
            self.further.entry(at).or_default().insert(0, second);
        } else {
            self.push(row);
        }
    }

    /// One result per name. Cells of one name are merged into one, or with `split` numbered.
    pub fn finish(self, split: bool) -> Vec<TestResult> {
        let Self {
            first, mut further, ..
        } = self;
        if further.is_empty() {
            return first;
        }
        let mut taken: HashSet<String> = if split {
            first.iter().map(|row| row.name.clone()).collect()
        } else {
            HashSet::new()
        };
        let mut results = Vec::with_capacity(first.len());
        for (at, TestResult { name, cell }) in first.into_iter().enumerate() {
            let rest = further.remove(&at).unwrap_or_default();
            if rest.is_empty() || split {
                results.push(TestResult {
                    name: name.clone(),
                    cell,
                });
            } else {
                let cell = merge(cell, &rest);
                results.push(TestResult { name, cell });
                continue;
            }
            for (number, cell) in (1..).zip(rest) {
                let overflow = number >= DUPLICATES_CAP;
                let (name, cell) = if overflow {
                    (format!("{name} [overflow]"), overflow_cell())
                } else {
                    (format!("{name} [{number}]"), cell)
                };
                // A test that is really called so keeps its row.
                if taken.insert(name.clone()) {
                    results.push(TestResult { name, cell });
                }
                if overflow {
                    break;
                }
            }
        }
        results
    }
}

/// What stands for all further tests of one name.
fn overflow_cell() -> Cell {
    Cell {
        icon: "...".into(),
        message: "Too many duplicately named rows".into(),
        ..Cell::plain(Status::Fail)
    }
}

/// One cell for several of one name; TestGrid's rule. `rest` is not empty.
fn merge(first: Cell, rest: &[Cell]) -> Cell {
    let all = || std::iter::once(&first).chain(rest);
    let count = rest.len() + 1;
    let passing = all().filter(|cell| cell.status.is_passing()).count();
    let failing = all().filter(|cell| cell.status.is_failing()).count();
    // The last of equally severe ones wins, as `max_by_key` has it.
    let worst = all().max_by_key(|cell| cell.status.severity());
    let status = if passing > 0 && failing > 0 {
        Status::Flaky
    } else {
        worst.map_or(first.status, |cell| cell.status)
    };
    let telling = |wanted: fn(Status) -> bool| {
        all()
            .filter(|cell| wanted(cell.status) && !cell.message.is_empty())
            .max_by_key(|cell| cell.status.severity())
    };
    let icon = format!("{passing}/{count}");
    let why = telling(|status| status.is_failing() || status == Status::Flaky)
        .or_else(|| telling(Status::is_passing))
        .map_or("", |cell| cell.message.as_str());
    let message = runs_passed(&icon, why);
    let times: Vec<f32> = all().filter_map(|cell| cell.seconds).collect();
    let seconds = (!times.is_empty()).then(|| times.iter().sum::<f32>() / times.len() as f32);
    let mut metrics: Vec<(String, f64)> = Vec::new();
    for (name, _) in all().flat_map(|cell| &cell.metrics) {
        if metrics.iter().any(|(known, _)| known == name) {
            continue;
        }
        let values: Vec<f64> = all()
            .flat_map(|cell| &cell.metrics)
            .filter(|(other, _)| other == name)
            .map(|&(_, value)| value)
            .collect();
        metrics.push((
            name.clone(),
            values.iter().sum::<f64>() / values.len() as f64,
        ));
    }
    Cell {
        status,
        icon,
        message,
        seconds,
        metrics,
        ..first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, cell: Cell) -> TestResult {
        TestResult {
            name: name.into(),
            cell,
        }
    }

    fn told(status: Status, message: &str) -> Cell {
        Cell {
            message: message.into(),
            ..Cell::plain(status)
        }
    }

    #[test]
    fn cells_of_one_name_merge() {
        for (cells, status, icon, message) in [
            (
                vec![told(Status::Pass, ""), told(Status::Fail, "f")],
                Status::Flaky,
                "1/2",
                "1/2 runs passed: f",
            ),
            (
                vec![told(Status::Pass, ""), told(Status::Pass, "")],
                Status::Pass,
                "2/2",
                "2/2 runs passed",
            ),
            (
                vec![
                    told(Status::Fail, "a"),
                    told(Status::Fail, "b"),
                    told(Status::TimedOut, "c"),
                ],
                Status::Fail,
                "0/3",
                "0/3 runs passed: b",
            ),
            (
                vec![told(Status::Fail, ""), told(Status::TimedOut, "c")],
                Status::Fail,
                "0/2",
                "0/2 runs passed: c",
            ),
            (
                vec![told(Status::PassWithSkips, "s"), told(Status::Pass, "p")],
                Status::PassWithSkips,
                "2/2",
                "2/2 runs passed: s",
            ),
            (
                vec![told(Status::Running, "r"), told(Status::Pass, "")],
                Status::Running,
                "1/2",
                "1/2 runs passed",
            ),
        ] {
            let mut rows = Rows::default();
            for cell in cells {
                rows.push(row("t", cell));
            }
            let results = rows.finish(false);
            assert_eq!(results.len(), 1);
            let cell = &results[0].cell;
            assert_eq!(
                (cell.status, cell.icon.as_str(), cell.message.as_str()),
                (status, icon, message)
            );
        }
    }

    #[test]
    fn merged_numbers_are_means() {
        let cell = |seconds, value| Cell {
            seconds,
            metrics: vec![("m".into(), value)],
            ..Cell::plain(Status::Pass)
        };
        let merged = merge(
            cell(Some(1.0), 1.0),
            &[cell(None, 2.0), cell(Some(3.0), 6.0)],
        );
        assert_eq!(merged.seconds, Some(2.0));
        assert_eq!(merged.metrics, [("m".to_owned(), 3.0)]);
    }

    #[test]
    fn the_twenty_first_of_a_name_overflows() {
        for (count, rows_expected) in [(2, 2), (20, 20), (21, 21), (500, 21)] {
            let mut rows = Rows::default();
            for number in 0..count {
                rows.push(row("t", told(Status::Pass, &number.to_string())));
            }
            rows.push(row("t [1]", told(Status::Fail, "really called so")));
            let results = rows.finish(true);
            // One of the numbered names is taken by a test of that very name.
            assert_eq!(results.len(), rows_expected);
            let overflow = results.iter().find(|result| result.name == "t [overflow]");
            assert_eq!(overflow.is_some(), count > 20);
            if let Some(overflow) = overflow {
                assert_eq!(overflow.cell.status, Status::Fail);
                assert_eq!(overflow.cell.icon, "...");
            }
        }
    }

    #[test]
    fn synthetic_cells_come_first() {
        let mut rows = Rows::default();
        rows.push(row("job.Overall", told(Status::Pass, "")));
        rows.push_first(row("job.Overall", told(Status::Fail, "late")));
        let results = rows.finish(true);
        assert_eq!(results[0].cell.status, Status::Fail);
        assert_eq!(results[1].name, "job.Overall [1]");
    }
}
