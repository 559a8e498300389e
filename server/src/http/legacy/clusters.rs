//! Failures that are equal, with their cells: what TestGrid's page lists as clustered failures.

use std::collections::BTreeMap;

use model::{grid::Row, status::Status};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// Cells that failed alike.
#[derive(Serialize)]
pub(super) struct Cluster<'a> {
    test_status: Status,
    /// Always empty: see [`clusters`].
    message: &'static str,
    /// How many cells.
    area: usize,
    test_results: Rows<'a>,
}

/// Per row the columns, as indexes into the grid, not packed.
struct Rows<'a>(Vec<(&'a str, Vec<u32>)>);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, columns) in &self.0 {
            map.serialize_entry(name, columns)?;
        }
        map.end()
    }
}

/// The clusters of `rows`, the largest first. As in TestGrid's recorded answers, cells cluster by their
/// status, and only those that failed without a message.
pub(super) fn clusters<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Cluster<'a>> {
    let mut found: BTreeMap<u8, Cluster<'a>> = BTreeMap::new();
    for row in rows {
        let mut column = 0u32;
        for &(status, count) in row.statuses.runs() {
            let end = column + count;
            if status.is_failing() {
                let silent: Vec<u32> = (column..end)
                    .filter(|&column| row.cell(column).is_none_or(|cell| cell.message.is_empty()))
                    .collect();
                if !silent.is_empty() {
                    let cluster = found.entry(status.number()).or_insert_with(|| Cluster {
                        test_status: status,
                        message: "",
                        area: 0,
                        test_results: Rows(Vec::new()),
                    });
                    cluster.area += silent.len();
                    match cluster.test_results.0.last_mut() {
                        Some((name, columns)) if *name == row.name => columns.extend(silent),
                        _ => cluster.test_results.0.push((&row.name, silent)),
                    }
                }
            }
            column = end;
        }
    }
    let mut clusters: Vec<Cluster<'a>> = found.into_values().collect();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.area));
    clusters
}
