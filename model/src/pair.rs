//! Two columns of a grid beside each other: which rows changed their state, and which headers differ.

use serde::{Deserialize, Serialize};

use crate::{
    grid::{Grid, Row},
    status::{Class, Status},
};

/// How a row's state in the newer of two columns differs from that in the older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RowChange {
    /// It passed or was flaky, and failed.
    Broke,
    /// It failed, and passed.
    Fixed,
    /// It passed or failed, and was flaky.
    TurnedFlaky,
    /// It was flaky, and passed.
    Settled,
}

impl RowChange {
    /// In the order of what people look for.
    pub const ALL: [Self; 4] = [Self::Broke, Self::TurnedFlaky, Self::Fixed, Self::Settled];

    /// How the states differ; `None` when they do not, or one of them says neither pass nor fail.
    pub const fn of(older: Status, newer: Status) -> Option<Self> {
        match (older.class(), newer.class()) {
            (Class::Passing | Class::Flaky, Class::Failing) => Some(Self::Broke),
            (Class::Failing, Class::Passing) => Some(Self::Fixed),
            (Class::Passing | Class::Failing, Class::Flaky) => Some(Self::TurnedFlaky),
            (Class::Flaky, Class::Passing) => Some(Self::Settled),
            _ => None,
        }
    }

    /// In words, as a title.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Broke => "Broke",
            Self::Fixed => "Fixed",
            Self::TurnedFlaky => "Turned flaky",
            Self::Settled => "No longer flaky",
        }
    }
}

/// A row whose state differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChangedRow {
    /// As shown.
    pub name: String,
    /// Identity.
    pub id: String,
    /// How.
    pub change: RowChange,
    /// What the older cell says.
    #[cfg_attr(feature = "schema", schema(value_type = u8))]
    pub from: Status,
    /// What the newer cell says.
    #[cfg_attr(feature = "schema", schema(value_type = u8))]
    pub to: Status,
    /// Why, as the newer cell says it, else the older; empty for nothing.
    pub message: String,
}

/// A configured header whose value differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HeaderMove {
    /// As configured.
    pub name: String,
    /// The older column's value; absent when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The newer column's value; absent when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What two columns say of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PairRows {
    /// Rows whose state differs, in the grid's order.
    pub changed: Vec<ChangedRow>,
    /// Rows that passed, failed or were flaky in both columns.
    pub both: u32,
    /// Rows of which only the newer column says so.
    pub only_newer: u32,
    /// Rows of which only the older column says so.
    pub only_older: u32,
}

/// What the columns `older` and `newer` (indexes) of `grid` say of its rows.
pub fn compare_rows(grid: &Grid, older: usize, newer: usize) -> PairRows {
    let mut found = PairRows::default();
    for row in &grid.rows {
        let at = |column| row.statuses.get(column).unwrap_or_default();
        let (from, to) = (at(older), at(newer));
        match (says(from), says(to)) {
            (true, true) => found.both += 1,
            (true, false) => found.only_older += 1,
            (false, true) => found.only_newer += 1,
            (false, false) => {}
        }
        if let Some(change) = RowChange::of(from, to) {
            found.changed.push(ChangedRow {
                name: row.name.clone(),
                id: row.id.clone(),
                change,
                from,
                to,
                message: [newer, older]
                    .into_iter()
                    .find_map(|column| message(row, column))
                    .unwrap_or_default()
                    .to_owned(),
            });
        }
    }
    found
}

const fn says(status: Status) -> bool {
    matches!(
        status.class(),
        Class::Passing | Class::Failing | Class::Flaky
    )
}

fn message(row: &Row, column: usize) -> Option<&str> {
    let message = row.cell(column as u32)?.message.as_str();
    (!message.is_empty()).then_some(message)
}

/// The configured headers whose values differ between two columns (indexes) of `grid`, by name.
/// Versions are not among them: components say more of those.
pub fn compare_headers(grid: &Grid, older: usize, newer: usize) -> Vec<HeaderMove> {
    let (Some(older), Some(newer)) = (grid.columns.get(older), grid.columns.get(newer)) else {
        return Vec::new();
    };
    let mut names: Vec<&String> = older.headers.keys().chain(newer.headers.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let is_version = |name: &str| {
        [older, newer].into_iter().any(|column| {
            let mut all = column.product.iter().chain(&column.infra);
            all.any(|version| version.component == name)
        })
    };
    names
        .into_iter()
        .filter(|name| older.headers.get(*name) != newer.headers.get(*name) && !is_version(name))
        .map(|name| HeaderMove {
            name: name.clone(),
            from: older.headers.get(name).cloned(),
            to: newer.headers.get(name).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grid::{CellDetail, Column, VersionOf},
        infra::Source,
    };

    #[test]
    fn states_differ_in_four_ways() {
        use Status::{Cancel, Fail, Flaky, NoResult, Pass, PassWithSkips, Running, TimedOut};
        for (older, newer, change) in [
            (Pass, Fail, Some(RowChange::Broke)),
            (Flaky, TimedOut, Some(RowChange::Broke)),
            (Fail, PassWithSkips, Some(RowChange::Fixed)),
            (Fail, Flaky, Some(RowChange::TurnedFlaky)),
            (Pass, Flaky, Some(RowChange::TurnedFlaky)),
            (Flaky, Pass, Some(RowChange::Settled)),
            (Pass, PassWithSkips, None),
            (Fail, TimedOut, None),
            (NoResult, Fail, None),
            (Pass, Running, None),
            (Cancel, Fail, None),
        ] {
            assert_eq!(RowChange::of(older, newer), change, "{older:?} {newer:?}");
        }
    }

    fn grid() -> Grid {
        let row = |name: &str, newer: Status, older: Status| Row {
            name: name.into(),
            id: format!("id of {name}"),
            statuses: [newer, Status::Running, older].into_iter().collect(),
            cells: vec![CellDetail {
                column: 2,
                message: "no lease".into(),
                ..CellDetail::default()
            }],
            ..Row::default()
        };
        let column = |commit: &str, cluster: Option<&str>| Column {
            headers: [("o/r", commit), ("Commit", commit)]
                .into_iter()
                .chain(cluster.map(|cluster| ("Cluster", cluster)))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            product: vec![VersionOf {
                component: "o/r".into(),
                version: Some(commit.into()),
                source: Source::CloneRecord,
                evidence: None,
            }],
            ..Column::default()
        };
        Grid {
            columns: vec![
                column("b", None),
                column("x", None),
                column("a", Some("c1")),
            ],
            rows: vec![
                row("broke", Status::Fail, Status::Pass),
                row("fixed", Status::Pass, Status::Fail),
                row("same", Status::Pass, Status::Pass),
                row("new", Status::Pass, Status::NoResult),
                row("gone", Status::Running, Status::Fail),
            ],
            ..Grid::default()
        }
    }

    #[test]
    fn rows_are_counted_and_those_that_changed_are_named() {
        let found = compare_rows(&grid(), 2, 0);
        assert_eq!((found.both, found.only_newer, found.only_older), (3, 1, 1));
        let changed: Vec<_> = found
            .changed
            .iter()
            .map(|row| (row.id.as_str(), row.change, row.message.as_str()))
            .collect();
        assert_eq!(
            changed,
            [
                ("id of broke", RowChange::Broke, "no lease"),
                ("id of fixed", RowChange::Fixed, "no lease"),
            ]
        );
        assert_eq!(compare_rows(&grid(), 0, 0).changed, []);
        assert_eq!(compare_rows(&grid(), 9, 0).both, 0);
    }

    #[test]
    fn headers_differ_where_one_has_none_too() {
        let found = compare_headers(&grid(), 2, 0);
        let names: Vec<_> = found
            .iter()
            .map(|header| (header.name.as_str(), header.to.as_deref()))
            .collect();
        assert_eq!(names, [("Cluster", None), ("Commit", Some("b"))]);
        assert_eq!(compare_headers(&grid(), 0, 0), []);
        assert_eq!(compare_headers(&grid(), 0, 9), []);
    }
}
