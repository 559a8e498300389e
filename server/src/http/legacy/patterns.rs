//! The regular expressions of a request, compiled once and with a bound on what they may cost.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use app::grid::lines::Lines;
use model::{
    grid::Grid,
    group,
    order::{RowOrder, order},
    query::{GroupBy, TabQuery},
};
use regex::Regex;

use crate::{
    http::error::ApiError,
    read::{FilterError, compile_filter},
};

/// How many regular expressions a request may have.
const MOST: usize = 32;
/// How long they may take together over all rows.
const BUDGET: Duration = Duration::from_secs(2);

/// The rows of `grid` under the options of a request.
pub(in crate::http) fn ordered(
    grid: &Grid,
    query: &TabQuery,
    mean_ms: &[Option<u32>],
) -> Result<RowOrder, ApiError> {
    let patterns = Patterns::compile(query)?;
    let order = patterns.order(grid, query, mean_ms);
    patterns.finish()?;
    Ok(order)
}

/// The rows of `grid` under the options of a request, and the lines in which a page of the tab shows them.
pub(in crate::http) fn lines(
    grid: &Arc<Grid>,
    query: &TabQuery,
    mean_ms: &[Option<u32>],
) -> Result<(RowOrder, Lines), ApiError> {
    let patterns = Patterns::compile(query)?;
    let order = patterns.order(grid, query, mean_ms);
    let lines = Lines::of(
        grid,
        &order.rows,
        (query, query.group.as_ref()),
        None,
        &patterns,
    );
    patterns.finish()?;
    Ok((order, lines))
}

/// See the module.
pub(super) struct Patterns {
    compiled: HashMap<String, Regex>,
    /// Whether the time is over.
    is_over: Box<dyn Fn() -> bool + Send>,
    late: Cell<bool>,
}

impl Patterns {
    /// Those of `query`; the error names the one that cannot be used.
    pub(super) fn compile(query: &TabQuery) -> Result<Self, ApiError> {
        let deadline = Instant::now() + BUDGET;
        Self::compile_until(query, move || Instant::now() > deadline)
    }

    fn compile_until(
        query: &TabQuery,
        is_over: impl Fn() -> bool + Send + 'static,
    ) -> Result<Self, ApiError> {
        let group = match &query.group {
            Some(GroupBy::Hierarchy(pattern)) => Some(("group-by-hierarchy-pattern", pattern)),
            Some(GroupBy::Mask(pattern)) => Some(("group-by-regex-mask", pattern)),
            Some(GroupBy::Directory | GroupBy::Target) | None => None,
        };
        let include = query
            .include
            .iter()
            .map(|it| ("include-filter-by-regex", it));
        let exclude = query
            .exclude
            .iter()
            .map(|it| ("exclude-filter-by-regex", it));
        let all: Vec<_> = include.chain(exclude).chain(group).collect();
        if all.len() > MOST {
            return Err(ApiError::BadRequest(format!(
                "{} regular expressions are too many for one request; {MOST} are possible",
                all.len()
            )));
        }
        let mut compiled = HashMap::new();
        for (key, pattern) in all {
            let regex = compile_filter(pattern).map_err(|FilterError { pattern, why }| {
                ApiError::BadRequest(format!("{key}=\"{pattern}\" cannot be used: {why}"))
            })?;
            compiled.insert(pattern.clone(), regex);
        }
        Ok(Self {
            compiled,
            is_over: Box::new(is_over),
            late: Cell::new(false),
        })
    }

    /// The rows of `grid` under `query`.
    pub(super) fn order(&self, grid: &Grid, query: &TabQuery, mean_ms: &[Option<u32>]) -> RowOrder {
        order(grid, query, mean_ms, &|pattern, name| {
            self.matches(pattern, name)
        })
    }

    /// Whether `name` matches a pattern of the query. Once the time is over, nothing does.
    pub(super) fn matches(&self, pattern: &str, name: &str) -> bool {
        if self.late.get() || (self.is_over)() {
            self.late.set(true);
            return false;
        }
        self.compiled
            .get(pattern)
            .is_some_and(|regex| regex.is_match(name))
    }

    /// Whether all that was asked could be answered.
    pub(super) fn finish(&self) -> Result<(), ApiError> {
        if self.late.get() {
            return Err(ApiError::BadRequest(format!(
                "the regular expressions are too costly: they take longer than {} seconds over the rows of this tab",
                BUDGET.as_secs()
            )));
        }
        Ok(())
    }
}

impl group::Patterns for Patterns {
    fn find_all(&self, pattern: &str, name: &str) -> Vec<String> {
        if !self.matches(pattern, name) {
            return Vec::new();
        }
        self.compiled.get(pattern).map_or_else(Vec::new, |regex| {
            regex
                .find_iter(name)
                .map(|found| found.as_str().to_owned())
                .filter(|found| !found.is_empty())
                .collect()
        })
    }

    fn mask(&self, pattern: &str, name: &str) -> String {
        match self.compiled.get(pattern) {
            Some(regex) if self.matches(pattern, name) => regex.replace_all(name, "*").into_owned(),
            _ => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use model::group::Patterns as _;

    use super::*;

    #[test]
    fn once_the_time_is_over_nothing_matches_and_the_request_fails() {
        let query = TabQuery::parse("include-filter-by-regex=a&group-by-regex-mask=%5Cd");
        let asked = AtomicU32::new(0);
        // Time for three questions.
        let over = move || asked.fetch_add(1, Ordering::Relaxed) >= 3;
        let patterns = Patterns::compile_until(&query, over).expect("they are right");
        assert!(patterns.matches("a", "bar"));
        assert!(!patterns.matches("a", "foo"));
        assert_eq!(patterns.mask("\\d", "a1"), "a*");
        assert!(patterns.finish().is_ok());
        assert!(!patterns.matches("a", "bar"));
        assert_eq!(patterns.mask("\\d", "a1"), "a1");
        assert_eq!(patterns.find_all("\\d", "a1"), Vec::<String>::new());
        match patterns.finish() {
            Err(ApiError::BadRequest(why)) => assert!(why.contains("too costly"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
