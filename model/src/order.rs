//! Which rows of a grid a view shows, in which order, and how many it does not show and why. The pages
//! and TestGrid's `table` answer ask the same rules.

use std::cmp::{Ordering, Reverse};

use crate::{
    grid::{Grid, Row},
    name::natural_cmp,
    query::{Sort, TabQuery},
    status::{Class, Status},
};

/// The rows of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowOrder {
    /// Indexes into the grid's rows.
    pub rows: Vec<u32>,
    /// How many were left out because they have no recent result.
    pub stale: usize,
    /// How many were left out by a filter of names.
    pub filtered: usize,
    /// How many pass those and were left out because none of their results failed.
    pub unfailed: usize,
}

/// Whether a name (second) matches a pattern (first). Which regular expressions these are is the
/// caller's: a page has the browser's, the server its own.
pub type Matches<'a> = &'a dyn Fn(&str, &str) -> bool;

/// Whether the first screen needs the whole grid, or can be drawn from its first rows alone.
pub fn needs_all(query: &TabQuery) -> bool {
    !query.include.is_empty()
        || !query.exclude.is_empty()
        || query.only_failed.is_some()
        || query.sort != Sort::Default
        || query.group.is_some()
}

/// The rows of `grid` under `query`. Stale rows are counted among those that pass the filters.
/// `mean_ms` says of each row of the grid how long it takes on average; where it says nothing, rows come
/// last when they are sorted by it.
pub fn order(
    grid: &Grid,
    query: &TabQuery,
    mean_ms: &[Option<u32>],
    matches: Matches<'_>,
) -> RowOrder {
    let mut order = RowOrder::default();
    for (index, row) in grid.rows.iter().enumerate() {
        if !passes(row, query, matches) {
            order.filtered += 1;
        } else if !query
            .only_failed
            .is_none_or(|within| has_failed(row, within))
        {
            order.unfailed += 1;
        } else if !query.show_stale && row.is_stale(grid.recent) {
            order.stale += 1;
        } else {
            order.rows.push(index as u32);
        }
    }
    let row = |index: u32| &grid.rows[index as usize];
    let mean = |index: u32| mean_ms.get(index as usize).copied().flatten();
    let key: &dyn Fn(u32) -> u32 = match query.sort {
        Sort::Default => return order,
        Sort::Name => {
            arrange(&mut order.rows, &|a, b| {
                natural_cmp(&row(a).name, &row(b).name)
            });
            return order;
        }
        Sort::Failures => &|index| failures(row(index)),
        Sort::Flakiness => &|index| flips(row(index)),
        Sort::Duration => &|index| mean(index).unwrap_or_default(),
    };
    let mut keys = vec![0; grid.rows.len()];
    for &index in &order.rows {
        keys[index as usize] = key(index);
    }
    let key = |index: u32| Reverse(keys[index as usize]);
    arrange(&mut order.rows, &|a, b| key(a).cmp(&key(b)));
    order
}

/// Sorts `items` by what `compare` says of two of them; equal ones stay as they stand. The compiler writes
/// sorting out for every type and every comparison, four kilobytes each: pages use this one.
pub fn sorted<T>(items: Vec<T>, compare: &dyn Fn(&T, &T) -> Ordering) -> Vec<T> {
    let mut places: Vec<u32> = (0..items.len() as u32).collect();
    arrange(&mut places, &|a, b| {
        compare(&items[a as usize], &items[b as usize])
    });
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    let take = |place: u32| items[place as usize].take();
    places.into_iter().filter_map(take).collect()
}

/// Sorts places, as [`sorted`] does.
#[inline(never)]
fn arrange(places: &mut [u32], compare: &dyn Fn(u32, u32) -> Ordering) {
    places.sort_by(|&a, &b| compare(a, b));
}

fn passes(row: &Row, query: &TabQuery, matches: Matches<'_>) -> bool {
    let matched = |pattern: &String| matches(pattern, &row.name);
    query.include.iter().all(matched) && !query.exclude.iter().any(matched)
}

/// Whether some cell failed, of the newest `within` columns or at all.
fn has_failed(row: &Row, within: Option<u32>) -> bool {
    let mut position = 0;
    row.statuses.runs().iter().any(|&(status, count)| {
        let at = position;
        position += count;
        status.is_failing() && within.is_none_or(|columns| at < columns)
    })
}

/// Cells that failed.
fn failures(row: &Row) -> u32 {
    row.statuses
        .runs()
        .iter()
        .filter(|(status, _)| status.is_failing())
        .map(|&(_, count)| count)
        .sum()
}

/// Turns between pass and fail; a flaky cell is two.
fn flips(row: &Row) -> u32 {
    let mut last: Option<Status> = None;
    let mut flips = 0;
    for &(status, count) in row.statuses.runs() {
        match status.class() {
            Class::Flaky => flips += 2 * count,
            Class::Passing | Class::Failing => {
                let now = status.coalesce(true);
                flips += u32::from(last.is_some_and(|last| last != now));
                last = Some(now);
            }
            Class::Blank | Class::Other => {}
        }
    }
    flips
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let row = |name: &str, letters: &str| Row {
            name: name.into(),
            statuses: letters
                .chars()
                .map(|letter| match letter {
                    'P' => Status::Pass,
                    'F' => Status::Fail,
                    'K' => Status::Flaky,
                    _ => Status::NoResult,
                })
                .collect(),
            ..Row::default()
        };
        Grid {
            rows: vec![
                row("b10", "FPPP"),
                row("a", "PFFP"),
                row("b9", "...P"),
                row("c", "PPPK"),
            ],
            recent: 2,
            ..Grid::default()
        }
    }

    fn names(query: &str) -> (Vec<String>, RowOrder) {
        let grid = grid();
        let mean_ms = [Some(5), None, Some(900), Some(20)];
        let order = order(
            &grid,
            &TabQuery::parse(query),
            &mean_ms,
            &|pattern, name| name.contains(pattern),
        );
        let names = order
            .rows
            .iter()
            .map(|&index| grid.rows[index as usize].name.clone())
            .collect();
        (names, order)
    }

    #[test]
    fn rows_are_chosen_and_sorted() {
        for (query, expected, stale, hidden) in [
            ("", vec!["b10", "a", "c"], 1, 0),
            ("show-stale-tests=", vec!["b10", "a", "b9", "c"], 0, 0),
            (
                "show-stale-tests=&sort-by-name=",
                vec!["a", "b9", "b10", "c"],
                0,
                0,
            ),
            ("sort-by-failures=", vec!["a", "b10", "c"], 1, 0),
            ("sort-by-flakiness=", vec!["a", "c", "b10"], 1, 0),
            (
                "show-stale-tests=&sort-by-duration=",
                vec!["b9", "c", "b10", "a"],
                0,
                0,
            ),
            ("include-filter-by-regex=b", vec!["b10"], 1, 2),
            ("exclude-filter-by-regex=b", vec!["a", "c"], 0, 2),
            ("exclude-non-failed-tests=", vec!["b10", "a"], 0, 2),
            ("exclude-non-failed-tests=1", vec!["b10"], 0, 3),
        ] {
            let (names, found) = names(query);
            assert_eq!(names, expected, "{query}");
            let counts = (found.stale, found.filtered + found.unfailed);
            assert_eq!(counts, (stale, hidden), "{query}");
        }
        let (_, found) = names("include-filter-by-regex=b&exclude-non-failed-tests=");
        assert_eq!((found.filtered, found.unfailed, found.stale), (2, 1, 0));
    }

    #[test]
    fn equal_items_stay_as_they_stand() {
        let items = vec![(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e')];
        assert_eq!(
            sorted(items, &|a, b| a.0.cmp(&b.0)),
            [(0, 'd'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c')]
        );
        assert!(sorted(Vec::<u8>::new(), &|a, b| a.cmp(b)).is_empty());
    }
}
