//! Which rows are shown, in which order, and how many are not and why.

use model::{
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
    /// How many were left out by a filter.
    pub filtered: usize,
}

/// Whether a name matches a pattern; the browser's regular expressions in the page.
pub type Matches<'a> = &'a dyn Fn(&str, &str) -> bool;

/// Whether the first screen can be drawn from the first rows alone, or needs the whole grid.
pub fn needs_all(query: &TabQuery) -> bool {
    !query.include.is_empty()
        || !query.exclude.is_empty()
        || query.only_failed.is_some()
        || query.sort != Sort::Default
}

/// The rows of `grid` under `query`. Stale rows are counted among those that pass the filters.
pub fn order(grid: &Grid, query: &TabQuery, matches: Matches<'_>) -> RowOrder {
    let mut order = RowOrder::default();
    for (index, row) in grid.rows.iter().enumerate() {
        if !passes(row, query, matches) {
            order.filtered += 1;
        } else if !query.show_stale && row.is_stale(grid.recent) {
            order.stale += 1;
        } else {
            order.rows.push(index as u32);
        }
    }
    let row = |index: &u32| &grid.rows[*index as usize];
    match query.sort {
        Sort::Default => {}
        Sort::Name => order
            .rows
            .sort_by(|a, b| natural_cmp(&row(a).name, &row(b).name)),
        Sort::Failures => order
            .rows
            .sort_by_cached_key(|index| std::cmp::Reverse(failures(row(index)))),
        Sort::Flakiness => order
            .rows
            .sort_by_cached_key(|index| std::cmp::Reverse(flips(row(index)))),
    }
    order
}

fn passes(row: &Row, query: &TabQuery, matches: Matches<'_>) -> bool {
    let failed = |columns: Option<u32>| {
        let mut position = 0;
        row.statuses.runs().iter().any(|&(status, count)| {
            let at = position;
            position += count;
            status.is_failing() && columns.is_none_or(|columns| at < columns)
        })
    };
    query.only_failed.is_none_or(failed)
        && query
            .include
            .iter()
            .all(|pattern| matches(pattern, &row.name))
        && !query
            .exclude
            .iter()
            .any(|pattern| matches(pattern, &row.name))
}

/// Cells that failed.
pub fn failures(row: &Row) -> u32 {
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

/// The beginning that most row names share, such as the name of their suite: it is drawn as an
/// ellipsis, so that names begin where they differ. Empty when fewer than two thirds of the rows share
/// one of some length. It ends after a space, a dot or a slash.
pub fn shared_beginning(grid: &Grid) -> &str {
    const SHORTEST: usize = 8;
    let enough = (grid.rows.len() * 2).div_ceil(3).max(3);
    let mut names: Vec<&str> = grid.rows.iter().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    let Some(&middle) = names.get(names.len() / 2) else {
        return "";
    };
    let mut shared = "";
    for (at, letter) in middle.char_indices().take(200) {
        let end = at + letter.len_utf8();
        if end < SHORTEST || !matches!(letter, ' ' | '.' | '/') {
            continue;
        }
        let beginning = &middle[..end];
        // Names are sorted, so that those which begin alike are neighbours.
        let first = names.partition_point(|name| *name < beginning);
        let count = names[first..].partition_point(|name| name.starts_with(beginning));
        if count < enough {
            break;
        }
        shared = beginning;
    }
    shared
}

/// What a person typed into the filter box, as the pattern that goes into the URL: `/re/` is a regular
/// expression, anything else is looked for as it stands.
pub fn pattern_of(typed: &str) -> String {
    if let Some(pattern) = typed
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
        && !pattern.is_empty()
    {
        return pattern.to_owned();
    }
    let mut pattern = String::with_capacity(typed.len());
    for letter in typed.chars() {
        if SPECIAL.contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// The characters that mean something in a regular expression.
const SPECIAL: &str = r"\^$.|?*+()[]{}";

/// The pattern as it is shown in the filter box: the inverse of [`pattern_of`].
pub fn typed_of(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            match letters.next() {
                Some(next) if SPECIAL.contains(next) => plain.push(next),
                _ => return format!("/{pattern}/"),
            }
        } else if SPECIAL.contains(letter) {
            return format!("/{pattern}/");
        } else {
            plain.push(letter);
        }
    }
    if pattern_of(&plain) == pattern {
        plain
    } else {
        format!("/{pattern}/")
    }
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

    fn names(query: &str) -> (Vec<String>, usize, usize) {
        let grid = grid();
        let order = order(&grid, &TabQuery::parse(query), &|pattern, name| {
            name.contains(pattern)
        });
        let names = order
            .rows
            .iter()
            .map(|&index| grid.rows[index as usize].name.clone())
            .collect();
        (names, order.stale, order.filtered)
    }

    #[test]
    fn rows_are_chosen_and_sorted() {
        for (query, expected, stale, filtered) in [
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
            ("include-filter-by-regex=b", vec!["b10"], 1, 2),
            ("exclude-filter-by-regex=b", vec!["a", "c"], 0, 2),
            ("exclude-non-failed-tests=", vec!["b10", "a"], 0, 2),
            ("exclude-non-failed-tests=1", vec!["b10"], 0, 3),
        ] {
            let (names, stale_now, filtered_now) = names(query);
            assert_eq!(names, expected, "{query}");
            assert_eq!((stale_now, filtered_now), (stale, filtered), "{query}");
        }
    }

    #[test]
    fn names_begin_where_they_differ() {
        let grid = |names: &[&str]| Grid {
            rows: names
                .iter()
                .map(|name| Row {
                    name: (*name).into(),
                    ..Row::default()
                })
                .collect(),
            ..Grid::default()
        };
        for (names, shared) in [
            (
                &[
                    "Overall",
                    "Kubernetes e2e a",
                    "Kubernetes e2e b",
                    "Kubernetes e2e c",
                ][..],
                "Kubernetes e2e ",
            ),
            (&["k8s.io/a/b", "k8s.io/a/c", "k8s.io/a/d"], "k8s.io/a/"),
            (&["a b", "a c", "a d"], ""),
            (&["Kubernetes a", "Kubernetes b"], ""),
            (&["alpha one", "beta two", "gamma three"], ""),
            (&[], ""),
        ] {
            assert_eq!(shared_beginning(&grid(names)), shared, "{names:?}");
        }
    }

    #[test]
    fn filters_round_trip() {
        for typed in [
            "",
            "Conformance",
            "a.b",
            "[sig-network] Services",
            "/^a|b$/",
            "//",
            "/",
            "\\",
        ] {
            assert_eq!(typed_of(&pattern_of(typed)), typed);
        }
        assert_eq!(pattern_of("a.b"), r"a\.b");
        assert_eq!(typed_of("^operator"), "/^operator/");
        assert_eq!(typed_of(r"\d"), r"/\d/");
    }
}
