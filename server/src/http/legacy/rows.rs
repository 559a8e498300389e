//! The rows of a table under the options of a request: chosen, sorted, grouped.

use std::{borrow::Cow, collections::HashMap};

use model::{
    grid::{Grid, Row},
    group::{Node, group_by_path, merge_rows, own_part, path, path_within},
    query::TabQuery,
};

use super::{patterns::Patterns, table::AnyRow};
use crate::{
    http::error::ApiError,
    read::{FilterError, MetricValues, TabEntry, compile_filter},
};

/// The rows of an answer.
pub(super) struct Wanted<'a> {
    /// In order.
    pub(super) shown: Vec<Shown<'a>>,
    /// Indexes of the rows of the grid that are in the answer, however they are grouped.
    chosen: Vec<&'a Row>,
    /// How many rows pass the filters without a recent result, whether they are shown or not.
    pub(super) stale: usize,
}

/// One row of an answer.
pub(super) struct Shown<'a> {
    /// Of the grid, or the head of a group.
    pub(super) row: AnyRow<'a>,
    /// Where its short name begins: after the names of the groups around it.
    short: usize,
    /// The group it is in or stands for; empty for none.
    pub(super) group: String,
    /// The rows of a group whose head this is, unless they stand below it.
    pub(super) members: Vec<Shown<'a>>,
    /// The metrics asked for: name and a value per column.
    pub(super) graphs: Vec<(String, Vec<Option<f64>>)>,
    /// The parts of its name, where the tab says how to split it.
    pub(super) tabular: Option<Vec<String>>,
}

impl Shown<'_> {
    /// As the grid has it.
    pub(super) fn name(&self) -> &str {
        &self.row.name
    }

    /// Without what the groups around it say.
    pub(super) fn short_name(&self) -> &str {
        self.row.name.get(self.short..).unwrap_or(&self.row.name)
    }
}

impl<'a> Wanted<'a> {
    /// The rows of the grid that are in the answer, in order, grouped or not.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a Row> {
        self.chosen.iter().copied()
    }

    /// Chooses, sorts and groups the rows of `grid`.
    pub(super) fn choose(
        entry: &TabEntry,
        grid: &'a Grid,
        query: &TabQuery,
        metrics: &[(String, MetricValues)],
        mean_ms: &[Option<u32>],
    ) -> Result<Self, ApiError> {
        let patterns = Patterns::compile(query)?;
        let order = patterns.order(grid, query, mean_ms);
        patterns.finish()?;
        let row = |index: u32| &grid.rows[index as usize];
        let stale = order.stale
            + order
                .rows
                .iter()
                .filter(|&&index| row(index).is_stale(grid.recent))
                .count();

        let nodes = match &query.group {
            None => order.rows.iter().map(|&index| Node::Row(index)).collect(),
            Some(by) => {
                let paths: Vec<_> = (grid.rows.iter())
                    .map(|row| path(row, by, &patterns))
                    .collect();
                group_by_path(&order.rows, &|index| &paths[index as usize])
            }
        };
        patterns.finish()?;

        let builder = Builder {
            grid,
            tabular: tabular_names(entry)?,
            expand: query.expand_groups,
            metrics: metrics
                .iter()
                .map(|(name, values)| (name.as_str(), values.by_name()))
                .collect(),
        };
        let mut shown = Vec::with_capacity(nodes.len());
        for node in nodes {
            builder.add(node, "", &mut shown);
        }
        Ok(Self {
            shown,
            chosen: order.rows.iter().map(|&index| row(index)).collect(),
            stale,
        })
    }
}

/// How the tab splits row names; `None` when it does not.
fn tabular_names(entry: &TabEntry) -> Result<Option<regex::Regex>, ApiError> {
    let pattern = &entry.tab.tabular_names_regex;
    if pattern.is_empty() {
        return Ok(None);
    }
    compile_filter(pattern)
        .map(Some)
        .map_err(|FilterError { pattern, why }| {
            ApiError::BadRequest(format!(
                "the tab's tabular_names_regex \"{pattern}\" cannot be used: {why}"
            ))
        })
}

/// The values of a metric by test, then by build.
type ByTest<'m> = HashMap<&'m str, HashMap<&'m str, f64>>;

struct Builder<'a, 'm> {
    grid: &'a Grid,
    tabular: Option<regex::Regex>,
    expand: bool,
    metrics: Vec<(&'m str, ByTest<'m>)>,
}

impl<'a> Builder<'a, '_> {
    /// Adds a row, or the head of a group with its members. `around` is the path of the groups around.
    fn add(&self, node: Node, around: &str, shown: &mut Vec<Shown<'a>>) {
        match node {
            Node::Row(index) => {
                let row = &self.grid.rows[index as usize];
                shown.push(self.row(Cow::Borrowed(row), around, around.to_owned()));
            }
            Node::Group(group) => {
                let rows = group.rows();
                let rows = rows.iter().map(|&index| &self.grid.rows[index as usize]);
                let path = path_within(around, &group.name);
                let head = merge_rows(&path, rows);
                let mut head = self.row(Cow::Owned(head), around, path.clone());
                let mut members = Vec::with_capacity(group.members.len());
                for member in group.members {
                    self.add(member, &path, &mut members);
                }
                if self.expand {
                    shown.push(head);
                    shown.append(&mut members);
                } else {
                    head.members = members;
                    shown.push(head);
                }
            }
        }
    }

    fn row(&self, row: AnyRow<'a>, around: &str, group: String) -> Shown<'a> {
        let short = own_part(&row.name, around);
        let graphs = self
            .metrics
            .iter()
            .filter_map(|(metric, values)| {
                let values = values.get(row.name.as_str())?;
                let columns = self.grid.columns.iter();
                let values = columns
                    .map(|column| values.get(column.build.as_str()).copied())
                    .collect();
                Some(((*metric).to_owned(), values))
            })
            .collect();
        let tabular = self.tabular.as_ref().map(|regex| {
            regex.captures(&row.name).map_or_else(Vec::new, |found| {
                found
                    .iter()
                    .skip(1)
                    .map(|part| part.map_or("", |part| part.as_str()).to_owned())
                    .collect()
            })
        });
        Shown {
            row,
            short,
            group,
            members: Vec::new(),
            graphs,
            tabular,
        }
    }
}
