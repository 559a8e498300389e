//! The view options of a tab, as they stand in its URL, under TestGrid's names.

use std::fmt::Write as _;

/// What a person has set on a tab's page. Parsing never fails: unknown keys are kept, so that a link
/// made for a newer page loses nothing on an older one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TabQuery {
    /// Rows must match each of these.
    pub include: Vec<String>,
    /// Rows must match none of these.
    pub exclude: Vec<String>,
    /// Only rows with a failure: in the last N columns, or anywhere when N is `None`.
    pub only_failed: Option<Option<u32>>,
    /// Show rows without a recent result.
    pub show_stale: bool,
    /// The order of the rows.
    pub sort: Sort,
    /// Which rows stand together under one head.
    pub group: Option<GroupBy>,
    /// Show the rows of groups too, not their heads alone.
    pub expand_groups: bool,
    /// The groups, by their paths, for which the opposite of that holds.
    pub toggled_groups: Vec<String>,
    /// The metrics drawn per row, by name.
    pub graph_metrics: Vec<String>,
    /// Cell width in pixels.
    pub width: Option<u32>,
    /// The seam whose panel is open: the build id of the newer of its two columns.
    pub seam: Option<String>,
    /// The older of two columns that are compared, by its build id.
    pub older: Option<String>,
    /// The newer of them; one alone is compared with nothing.
    pub newer: Option<String>,
    /// The row whose panel is open, by its identity or its name.
    pub about: Option<String>,
    /// The row that a link points at: its identity or its name.
    pub row: Option<String>,
    /// The column that a link points at, by its build id.
    pub column: Option<String>,
    /// Keys that this version does not know, with their values, in order.
    pub other: Vec<(String, String)>,
}

/// The order of a grid's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// TestGrid's: newest failures first.
    #[default]
    Default,
    /// More failures first.
    Failures,
    /// More turns between pass and fail first.
    Flakiness,
    /// By name, in natural order.
    Name,
    /// Those that took longest on average first; those that do not say last.
    Duration,
}

/// What makes rows a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// The folders of their names: the parts before the last slash.
    Directory,
    /// The target that they belong to ([`crate::grid::Row::target`]).
    Target,
    /// What a regular expression finds in their names, one after the other, is the path.
    Hierarchy(String),
    /// Their names are equal but for what a regular expression finds in them.
    Mask(String),
}

impl TabQuery {
    /// Reads decoded `(key, value)` pairs. A value that does not fit its key makes the pair unknown.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut query = Self::default();
        for (key, value) in pairs {
            let number = value.parse::<u32>();
            match (key, number) {
                ("include-filter-by-regex", _) => query.include.push(value.to_owned()),
                ("exclude-filter-by-regex", _) => query.exclude.push(value.to_owned()),
                ("exclude-non-failed-tests", _) if value.is_empty() => {
                    query.only_failed = Some(None);
                }
                ("exclude-non-failed-tests", Ok(columns)) => {
                    query.only_failed = Some(Some(columns));
                }
                ("show-stale-tests", _) => query.show_stale = true,
                ("sort-by-failures", _) => query.sort = Sort::Failures,
                ("sort-by-flakiness", _) => query.sort = Sort::Flakiness,
                ("sort-by-name", _) => query.sort = Sort::Name,
                ("sort-by-duration", _) => query.sort = Sort::Duration,
                ("group-by-directory", _) => query.group = Some(GroupBy::Directory),
                ("group-by-target", _) => query.group = Some(GroupBy::Target),
                ("group-by-hierarchy-pattern", _) if !value.is_empty() => {
                    query.group = Some(GroupBy::Hierarchy(value.to_owned()));
                }
                ("group-by-regex-mask", _) if !value.is_empty() => {
                    query.group = Some(GroupBy::Mask(value.to_owned()));
                }
                ("expand-groups", _) => query.expand_groups = true,
                ("toggle-group", _) if !value.is_empty() => {
                    query.toggled_groups.push(value.to_owned());
                }
                ("graph-metrics", _) if !value.is_empty() => {
                    query.graph_metrics.push(value.to_owned());
                }
                ("width", Ok(width)) => query.width = Some(width),
                ("seam" | "older" | "newer" | "about" | "row" | "column", _)
                    if !value.is_empty() =>
                {
                    let place = match key {
                        "seam" => &mut query.seam,
                        "older" => &mut query.older,
                        "newer" => &mut query.newer,
                        "about" => &mut query.about,
                        "row" => &mut query.row,
                        _ => &mut query.column,
                    };
                    *place = Some(value.to_owned());
                }
                _ => query.other.push((key.to_owned(), value.to_owned())),
            }
        }
        query
    }

    /// Reads a query string, with or without its question mark.
    pub fn parse(query: &str) -> Self {
        let pairs: Vec<(String, String)> = query
            .trim_start_matches('?')
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(key), decode(value))
            })
            .collect();
        Self::from_pairs(
            pairs
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        )
    }

    /// The same options without a place: no panel is open, and nothing is pointed at.
    #[must_use]
    pub fn anywhere(&self) -> Self {
        Self {
            seam: None,
            older: None,
            newer: None,
            about: None,
            row: None,
            column: None,
            ..self.clone()
        }
    }

    /// The same place in other options.
    #[must_use]
    pub fn at_place_of(self, place: &Self) -> Self {
        Self {
            seam: place.seam.clone(),
            older: place.older.clone(),
            newer: place.newer.clone(),
            about: place.about.clone(),
            row: place.row.clone(),
            column: place.column.clone(),
            ..self
        }
    }

    /// Whether the group of this path is open.
    pub fn is_open(&self, group: &str) -> bool {
        self.expand_groups != self.toggled_groups.iter().any(|toggled| toggled == group)
    }

    /// Opens or closes the group of this path.
    pub fn set_open(&mut self, group: &str, open: bool) {
        self.toggled_groups.retain(|toggled| toggled != group);
        if open != self.expand_groups {
            self.toggled_groups.push(group.to_owned());
        }
    }

    /// The two columns that are compared, older first.
    pub fn pair(&self) -> Option<(&str, &str)> {
        self.older.as_deref().zip(self.newer.as_deref())
    }

    /// The query string, without a question mark; empty for the default view.
    pub fn to_query_string(&self) -> String {
        let mut text = String::new();
        let mut add = |key: &str, value: &str| {
            let separator = if text.is_empty() { "" } else { "&" };
            let _ = write!(text, "{separator}{}={}", encode(key), encode(value));
        };
        for filter in &self.include {
            add("include-filter-by-regex", filter);
        }
        for filter in &self.exclude {
            add("exclude-filter-by-regex", filter);
        }
        if let Some(columns) = self.only_failed {
            let columns = columns
                .map(|columns| columns.to_string())
                .unwrap_or_default();
            add("exclude-non-failed-tests", &columns);
        }
        if self.show_stale {
            add("show-stale-tests", "");
        }
        match self.sort {
            Sort::Default => {}
            Sort::Failures => add("sort-by-failures", ""),
            Sort::Flakiness => add("sort-by-flakiness", ""),
            Sort::Name => add("sort-by-name", ""),
            Sort::Duration => add("sort-by-duration", ""),
        }
        match &self.group {
            None => {}
            Some(GroupBy::Directory) => add("group-by-directory", ""),
            Some(GroupBy::Target) => add("group-by-target", ""),
            Some(GroupBy::Hierarchy(pattern)) => add("group-by-hierarchy-pattern", pattern),
            Some(GroupBy::Mask(pattern)) => add("group-by-regex-mask", pattern),
        }
        if self.expand_groups {
            add("expand-groups", "");
        }
        for group in &self.toggled_groups {
            add("toggle-group", group);
        }
        for metric in &self.graph_metrics {
            add("graph-metrics", metric);
        }
        if let Some(width) = self.width {
            add("width", &width.to_string());
        }
        for (key, value) in [
            ("seam", &self.seam),
            ("older", &self.older),
            ("newer", &self.newer),
            ("about", &self.about),
            ("row", &self.row),
            ("column", &self.column),
        ] {
            if let Some(value) = value {
                add(key, value);
            }
        }
        for (key, value) in &self.other {
            add(key, value);
        }
        text
    }
}

/// Percent-encodes everything but unreserved characters.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Undoes percent-encoding and `+`; what is not valid stays as it stands.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let hex = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (hex, bytes[index]) {
            (Some(byte), _) => {
                decoded.push(byte);
                index += 3;
            }
            (None, b'+') => {
                decoded.push(b' ');
                index += 1;
            }
            (None, byte) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn testgrid_options_are_understood() {
        let query = TabQuery::parse(
            "?width=10&exclude-filter-by-regex=Monitor&exclude-filter-by-regex=%5Eoperator&\
             sort-by-name=&expand-groups=&group-by-hierarchy-pattern=%5B%5Cw-%5D%2B&\
             graph-metrics=test-duration-minutes&grid=old",
        );
        assert_eq!(query.width, Some(10));
        assert_eq!(query.exclude, ["Monitor", "^operator"]);
        assert_eq!(query.sort, Sort::Name);
        assert!(query.expand_groups);
        assert_eq!(query.group, Some(GroupBy::Hierarchy("[\\w-]+".into())));
        assert_eq!(query.graph_metrics, ["test-duration-minutes"]);
        assert_eq!(query.other, [("grid".to_owned(), "old".to_owned())]);
        assert_eq!(
            TabQuery::parse("group-by-directory=").group,
            Some(GroupBy::Directory)
        );
        assert_eq!(TabQuery::parse("width=wide").other.len(), 1);
        assert_eq!(
            TabQuery::parse("exclude-non-failed-tests=").only_failed,
            Some(None)
        );
        assert_eq!(
            TabQuery::parse("exclude-non-failed-tests=3").only_failed,
            Some(Some(3))
        );
    }

    #[test]
    fn groups_are_opened_and_closed_one_by_one() {
        for expanded in [false, true] {
            let mut query = TabQuery {
                expand_groups: expanded,
                ..TabQuery::default()
            };
            assert_eq!(query.is_open("a/b"), expanded);
            query.set_open("a/b", !expanded);
            query.set_open("a/b", !expanded);
            assert_eq!(query.toggled_groups, ["a/b"]);
            assert_eq!(
                (query.is_open("a/b"), query.is_open("a")),
                (!expanded, expanded)
            );
            query.set_open("a/b", expanded);
            assert_eq!(query.toggled_groups, Vec::<String>::new());
        }
    }

    fn sorts() -> impl Strategy<Value = Sort> {
        prop::sample::select(vec![
            Sort::Default,
            Sort::Failures,
            Sort::Flakiness,
            Sort::Name,
            Sort::Duration,
        ])
    }

    fn groups() -> impl Strategy<Value = Option<GroupBy>> {
        prop_oneof![
            Just(None),
            Just(Some(GroupBy::Directory)),
            Just(Some(GroupBy::Target)),
            ".{1,6}".prop_map(|pattern| Some(GroupBy::Hierarchy(pattern))),
            ".{1,6}".prop_map(|pattern| Some(GroupBy::Mask(pattern))),
        ]
    }

    proptest! {
        #[test]
        fn queries_round_trip(
            include in prop::collection::vec(".{0,8}", 0..3),
            exclude in prop::collection::vec(".{0,8}", 0..3),
            only_failed in prop::option::of(prop::option::of(0u32..50)),
            show_stale: bool,
            sort in sorts(),
            group in groups(),
            expand_groups: bool,
            toggled_groups in prop::collection::vec(".{1,6}", 0..3),
            graph_metrics in prop::collection::vec(".{1,6}", 0..3),
            width in prop::option::of(0u32..100),
            places in prop::array::uniform6(prop::option::of(".{1,8}")),
            other in prop::collection::vec(("x[a-z&=%+]{0,5}", ".{0,5}"), 0..3),
        ) {
            let [seam, older, newer, about, row, column] = places;
            let query = TabQuery {
                include, exclude, only_failed, show_stale, sort, group, expand_groups,
                toggled_groups, graph_metrics, width, seam, older, newer, about, row, column,
                other,
            };
            prop_assert_eq!(TabQuery::parse(&query.to_query_string()), query);
        }

        #[test]
        fn any_text_parses(text in ".{0,60}") {
            let query = TabQuery::parse(&text);
            prop_assert_eq!(TabQuery::parse(&query.to_query_string()), query);
        }
    }
}
