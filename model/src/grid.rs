//! A grid as the API answers it and the page draws it: columns newest first, rows run-length coded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    alert::Alert,
    infra::{ComponentVersion, Source, single_version},
    rle::Runs,
    run::Problem,
    status::{Class, Status},
    summary::ColumnStats,
    transition::Transition,
};

/// The grid of one tab, or a slice of its columns. In every row the lengths of `statuses` sum to the
/// number of columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Grid {
    /// A hash of the content; changes exactly when the rest does.
    pub version: String,
    /// All columns that the tab has; `columns` may be a slice.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub total_columns: u32,
    /// Newest first.
    pub columns: Vec<Column>,
    /// In TestGrid's default order (specification 5.2).
    pub rows: Vec<Row>,
    /// Newest first; `column` is an index into `columns`.
    pub transitions: Vec<Transition>,
    /// How many recent columns decide about the tab's status.
    pub recent: u32,
    /// How many failures in a row open an alert; 0 means never.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub failures_to_alert: u32,
}

/// One build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Column {
    /// The build id.
    pub build: String,
    /// What is shown instead of the build id, where the test group says so; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Milliseconds since 1970.
    pub started_ms: i64,
    /// Milliseconds since 1970; absent while it runs.
    pub finished_ms: Option<i64>,
    /// Configured headers and product repositories (`org/repo`), by name. A repository of which
    /// nothing is known is absent.
    pub headers: BTreeMap<String, String>,
    /// Every configured infra component, in the order of the configuration; `version` is null when
    /// unknown.
    pub infra: Vec<VersionOf>,
    /// Every product repository of the tab, by name; `version` is null when unknown.
    pub product: Vec<VersionOf>,
    /// The build's page; empty when there is none.
    pub url: String,
    /// What was wrong with the build's files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Whom the build itself wants to tell.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Counts of its cells, where the tab says what share of failures breaks a column.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<ColumnStats>,
}

impl Column {
    /// What TestGrid names the build by (see [`crate::tabulate::testgrid_id`]); `first_header` is the
    /// name of the group's first configured header when that is where the name comes from.
    pub fn testgrid_id(&self, first_header: Option<&str>) -> &str {
        match first_header.and_then(|name| self.headers.get(name)) {
            Some(value) => value,
            None if self.label.is_empty() => &self.build,
            None => &self.label,
        }
    }
}

/// A component's version in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VersionOf {
    /// The component's name.
    pub component: String,
    /// Null when unknown.
    pub version: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// The evidence as it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl VersionOf {
    /// See [`ComponentVersion::single`].
    pub fn single(&self) -> Option<&str> {
        self.version.as_deref().and_then(single_version)
    }
}

impl From<&ComponentVersion> for VersionOf {
    fn from(from: &ComponentVersion) -> Self {
        Self {
            component: from.component.clone(),
            version: from.version.clone(),
            source: from.source,
            evidence: from.evidence.clone(),
        }
    }
}

/// One test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Row {
    /// The row's name as shown.
    pub name: String,
    /// The row's identity, stable when the shown name changes.
    pub id: String,
    /// `[[status, count], …]`, newest first; statuses have TestGrid's numbers.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<(u8, u32)>))]
    pub statuses: Runs<Status>,
    /// Only cells that say more than their status, by column.
    pub cells: Vec<CellDetail>,
    /// The open alert.
    pub alert: Option<Alert>,
}

/// What a cell says beyond its status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CellDetail {
    /// Index into the grid's columns.
    pub column: u32,
    /// Drawn in the cell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where the cell leads, when not to its column's page.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// See [`crate::run::Cell::cell_id`].
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cell_id: String,
    /// See [`crate::run::Cell::user_property`].
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_property: String,
}

impl Row {
    /// The detail of the cell in `column`, if it has one.
    pub fn cell(&self, column: u32) -> Option<&CellDetail> {
        self.cells
            .binary_search_by_key(&column, |cell| cell.column)
            .ok()
            .map(|index| &self.cells[index])
    }

    /// What the row belongs to: its identity, up to the mark that TestGrid puts before the method of a test.
    pub fn target(&self) -> &str {
        let id = if self.id.is_empty() {
            &self.name
        } else {
            &self.id
        };
        let mut marks = id.char_indices().filter(|(_, letter)| *letter == '@');
        let mark = marks.find(|&(at, _)| id[at..].starts_with("@TESTGRID@"));
        mark.map_or(id, |(at, _)| &id[..at])
    }

    /// The oldest column of the streak of failures that reaches `column`, and whether some result lies before
    /// it; `None` when the cell there did not fail. Only a pass or a flake ends a streak.
    pub fn failing_since(&self, column: usize) -> Option<(usize, bool)> {
        let mut since = None;
        let mut position = 0;
        for &(status, count) in self.statuses.runs() {
            let (first, end) = (position, position + count as usize);
            position = end;
            if end <= column {
                continue;
            }
            match status.class() {
                Class::Failing => since = Some(end - 1),
                _ if first <= column => return None,
                Class::Passing | Class::Flaky => return since.map(|since| (since, true)),
                Class::Blank | Class::Other => {}
            }
        }
        since.map(|since| (since, false))
    }

    /// Whether the row has no result in the newest `recent` columns (specification 4.2).
    pub fn is_stale(&self, recent: u32) -> bool {
        match self.statuses.runs().first() {
            None => true,
            Some(&(status, count)) => status == Status::NoResult && count >= recent,
        }
    }
}

impl Grid {
    /// The index of the column of `build`.
    pub fn column_of(&self, build: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.build == build)
    }

    /// `count` columns from index `start`, with everything that belongs to them. Rows stay even
    /// when the slice leaves them blank, so that slices of one grid line up.
    #[must_use]
    pub fn slice(&self, start: usize, count: usize) -> Self {
        self.slice_rows(start, count, usize::MAX)
    }

    /// As [`Grid::slice`], with at most `rows` rows from the top.
    #[must_use]
    pub fn slice_rows(&self, start: usize, count: usize, rows: usize) -> Self {
        let end = start.saturating_add(count).min(self.columns.len());
        let start = start.min(end);
        let within = |column: u32| (start..end).contains(&(column as usize));
        let offset = start as u32;
        Self {
            version: self.version.clone(),
            total_columns: self.total_columns,
            columns: self.columns[start..end].to_vec(),
            rows: self
                .rows
                .iter()
                .take(rows)
                .map(|row| Row {
                    name: row.name.clone(),
                    id: row.id.clone(),
                    statuses: row.statuses.slice(start, end - start),
                    cells: row
                        .cells
                        .iter()
                        .filter(|cell| within(cell.column))
                        .map(|cell| CellDetail {
                            column: cell.column - offset,
                            ..cell.clone()
                        })
                        .collect(),
                    alert: row.alert.clone(),
                })
                .collect(),
            transitions: self
                .transitions
                .iter()
                .filter(|transition| within(transition.column))
                .map(|transition| Transition {
                    column: transition.column - offset,
                    ..transition.clone()
                })
                .collect(),
            recent: self.recent,
            failures_to_alert: self.failures_to_alert,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streak_of_failures_begins_somewhere() {
        let row = |letters: &str| Row {
            statuses: letters
                .chars()
                .map(|letter| match letter {
                    'P' => Status::Pass,
                    'F' => Status::Fail,
                    'K' => Status::Flaky,
                    'R' => Status::Running,
                    _ => Status::NoResult,
                })
                .collect(),
            ..Row::default()
        };
        for (letters, column, since) in [
            ("FFP", 0, Some((1, true))),
            ("PFFPF", 1, Some((2, true))),
            ("PFFPF", 4, Some((4, false))),
            ("F.FRP", 0, Some((2, true))),
            ("F.F..", 2, Some((2, false))),
            ("FFK", 0, Some((1, true))),
            ("FPF", 1, None),
            ("F.P", 1, None),
            ("F", 3, None),
            ("", 0, None),
        ] {
            assert_eq!(
                row(letters).failing_since(column),
                since,
                "{letters} {column}"
            );
        }
    }

    #[test]
    fn a_slice_lines_up() {
        let grid = Grid {
            total_columns: 4,
            columns: ["4", "3", "2", "1"]
                .map(|build| Column {
                    build: build.into(),
                    ..Column::default()
                })
                .into(),
            rows: vec![Row {
                name: "test".into(),
                statuses: [Status::Pass, Status::Fail, Status::Fail, Status::Pass]
                    .into_iter()
                    .collect(),
                cells: vec![
                    CellDetail {
                        column: 1,
                        icon: "F".into(),
                        ..CellDetail::default()
                    },
                    CellDetail {
                        column: 3,
                        icon: "x".into(),
                        ..CellDetail::default()
                    },
                ],
                ..Row::default()
            }],
            ..Grid::default()
        };
        let slice = grid.slice(1, 2);
        assert_eq!(slice.columns.len(), 2);
        assert_eq!(slice.total_columns, 4);
        assert_eq!(slice.rows[0].statuses.runs(), [(Status::Fail, 2)]);
        assert_eq!(
            slice.rows[0].cell(0).map(|cell| cell.icon.as_str()),
            Some("F")
        );
        assert_eq!(slice.rows[0].cells.len(), 1);
        assert_eq!(grid.slice(9, 9).columns.len(), 0);
        assert_eq!(grid.slice(0, usize::MAX), grid);
        assert_eq!(grid.slice_rows(0, 4, 0).rows, []);
    }
}
