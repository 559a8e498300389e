//! Which rows a tab shows, by regular expressions over their names.

use model::query::TabQuery;
use regex::{Regex, RegexBuilder};

/// A row filter's compiled size; a larger one is taken for an attack or a mistake.
const FILTER_BYTES: usize = 1 << 20;

/// The row filters of `base_options`: every include must match, no exclude may.
#[derive(Clone, Debug, Default)]
pub struct RowFilter {
    include: Vec<Regex>,
    exclude: Vec<Regex>,
}

impl PartialEq for RowFilter {
    fn eq(&self, other: &Self) -> bool {
        let texts = |filter: &Self| -> Vec<(bool, String)> {
            let include = filter.include.iter().map(|regex| (true, regex.to_string()));
            let exclude = filter
                .exclude
                .iter()
                .map(|regex| (false, regex.to_string()));
            include.chain(exclude).collect()
        };
        texts(self) == texts(other)
    }
}

/// A row filter that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The filter as it was given.
    pub pattern: String,
    /// What is wrong with it.
    pub why: String,
}

/// Compiles a row filter. TestGrid has RE2, which is nearly the same dialect; both take time linear in
/// the text, so that a bound on the compiled size bounds the work.
pub fn compile_filter(pattern: &str) -> Result<Regex, FilterError> {
    RegexBuilder::new(pattern)
        .size_limit(FILTER_BYTES)
        .dfa_size_limit(FILTER_BYTES)
        .build()
        .map_err(|error| {
            let why = if matches!(error, regex::Error::CompiledTooBig(_)) {
                "it is too costly".to_owned()
            } else {
                let error = error.to_string();
                let why = error.lines().last().unwrap_or_default();
                let why = why.trim_start_matches("error: ");
                format!("it is not a regular expression: {why}")
            };
            FilterError {
                pattern: pattern.to_owned(),
                why,
            }
        })
}

impl RowFilter {
    /// Reads the filters of a query string of view options; the error names the one that is wrong.
    pub fn parse(base_options: &str) -> Result<Self, String> {
        let compile = |patterns: Vec<String>| -> Result<Vec<Regex>, String> {
            patterns
                .into_iter()
                .map(|pattern| {
                    compile_filter(&pattern).map_err(|FilterError { pattern, why }| {
                        format!(
                            "the row filter \"{pattern}\" of the tab's base_options cannot be used: {why}"
                        )
                    })
                })
                .collect()
        };
        let query = TabQuery::parse(base_options);
        Ok(Self {
            include: compile(query.include)?,
            exclude: compile(query.exclude)?,
        })
    }

    /// Whether a row of this name is shown.
    pub fn keeps(&self, row: &str) -> bool {
        self.include.iter().all(|filter| filter.is_match(row))
            && !self.exclude.iter().any(|filter| filter.is_match(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_filters_are_read_from_the_options() {
        let filter = RowFilter::parse(
            "include-filter-by-regex=%5Ea&include-filter-by-regex=b&exclude-filter-by-regex=c%24&width=5",
        )
        .expect("it is right");
        for (row, kept) in [("ab", true), ("a", false), ("ba", false), ("abc", false)] {
            assert_eq!(filter.keeps(row), kept, "{row}");
        }
        let error = RowFilter::parse("exclude-filter-by-regex=(").expect_err("it is wrong");
        assert!(
            error.contains("\"(\"") && error.contains("unclosed group"),
            "{error}"
        );
    }
}
