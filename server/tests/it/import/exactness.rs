//! Every cell, header, icon and message of a real recording comes back through the grid.
//!
//! A row without any result has no cell to come back: such a row stays in the group's dictionary
//! and is not in the grid, which shows a row only once it has a result. None of the recorded tables
//! at hand has one; `odd` makes one.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use model::{
    grid::{CellDetail, Grid},
    name::normalize,
    rle::Runs,
    status::Status,
};
use seamgrid::store::{Saved, Store, StoredGroup};
use serde::Deserialize;

use super::{import_quietly, whole_grid};
use crate::{shared::shared, store::test_store};

const RECORDINGS: &str = "data/testgrid-captures/openshift-sippy-historical";

/// A recorded table, read apart from the importer.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Recorded {
    test_group_name: String,
    query: String,
    changelists: Vec<String>,
    timestamps: Vec<i64>,
    custom_columns: Vec<Vec<String>>,
    column_header_names: Vec<String>,
    tests: Vec<RecordedRow>,
}

#[derive(Deserialize)]
struct RecordedRow {
    name: String,
    messages: Vec<String>,
    short_texts: Vec<String>,
    statuses: Vec<RecordedStatus>,
}

#[derive(Deserialize)]
struct RecordedStatus {
    count: u32,
    value: u64,
}

/// How much was compared.
#[derive(Debug, Default, PartialEq, Eq)]
struct Compared {
    tables: usize,
    cells: usize,
    texts: usize,
    headers: usize,
}

/// Compares the grid with the recording, part by part.
fn compare(table: &Recorded, grid: &Grid, compared: &mut Compared) {
    let builds: Vec<&str> = grid
        .columns
        .iter()
        .map(|column| column.build.as_str())
        .collect();
    assert_eq!(builds, table.changelists);
    for (index, column) in grid.columns.iter().enumerate() {
        assert_eq!(column.started_ms, table.timestamps[index]);
        let mut headers: Vec<(&str, &str)> = table.column_header_names[3..]
            .iter()
            .zip(&table.custom_columns)
            .map(|(name, values)| (name.as_str(), values[index].as_str()))
            .collect();
        headers.sort_unstable();
        let found: Vec<(&str, &str)> = column
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(found, headers);
        compared.headers += headers.len();
        assert_eq!(
            column.infra.len(),
            usize::from(headers.iter().any(|(name, _)| name.contains("Infra")))
        );
        for version in &column.infra {
            // Empty and `missing` alone are recorded, and neither is a version.
            assert_eq!(
                (version.component.as_str(), &version.version),
                ("test-infra", &None)
            );
        }
    }

    let rows: HashMap<&str, &model::grid::Row> = grid
        .rows
        .iter()
        .map(|row| (row.name.as_str(), row))
        .collect();
    assert_eq!(rows.len(), grid.rows.len(), "names are unique");
    let mut shown = 0;
    for recorded in &table.tests {
        let mut statuses = Runs::new();
        let mut cells = Vec::new();
        let mut packed = 0;
        for run in &recorded.statuses {
            let status = Status::from_number(run.value).expect("a status");
            let start = statuses.len() as u32;
            statuses.push_run(status, run.count);
            if status == Status::NoResult {
                continue;
            }
            for column in start..start + run.count {
                let cell = CellDetail {
                    column,
                    icon: recorded.short_texts[packed].clone(),
                    message: recorded.messages[packed].clone(),
                    ..CellDetail::default()
                };
                packed += 1;
                if !(cell.icon.is_empty() && cell.message.is_empty()) {
                    cells.push(cell);
                }
            }
        }
        assert_eq!(packed, recorded.messages.len());
        let Some(row) = rows.get(recorded.name.as_str()) else {
            assert_eq!(packed, 0, "{} is not in the grid", recorded.name);
            continue;
        };
        shown += 1;
        assert_eq!(row.statuses, statuses, "{}", recorded.name);
        assert_eq!(row.cells, cells, "{}", recorded.name);
        compared.cells += packed;
        compared.texts += cells.len();
    }
    assert_eq!(shown, grid.rows.len(), "no row comes from nowhere");
    compared.tables += 1;
}

/// The `.json` files below `folder` that are tables.
fn tables_below(folder: &Path) -> Vec<PathBuf> {
    let mut tables: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("a readable folder").into_path())
        .filter(|path| {
            path.parent()
                .is_some_and(|folder| folder.ends_with("tables"))
        })
        .collect();
    tables.sort();
    tables
}

/// Compares every table below `folder`, which has been imported, with what is stored.
async fn compare_all(store: &Store, folder: &Path, compared: &mut Compared) {
    let groups: HashMap<String, StoredGroup> = store
        .load_groups()
        .await
        .expect("groups")
        .into_iter()
        .map(|group| (normalize(&group.name), group))
        .collect();
    for path in tables_below(folder) {
        let bytes = fs::read(&path).expect("a recording");
        let table: Recorded = serde_json::from_slice(&bytes).expect("a recorded table");
        let group = &groups[&table.test_group_name];
        assert_eq!(
            Some(group.name.as_str()),
            table.query.rsplit('/').next(),
            "the job's own spelling"
        );
        let results = store.load_results(group.id, None).await.expect("results");
        let names: Vec<&str> = table.tests.iter().map(|row| row.name.as_str()).collect();
        let stored: Vec<&str> = results
            .tests
            .iter()
            .map(|test| test.name.as_str())
            .collect();
        assert_eq!(stored, names, "rows without a result too");
        compare(&table, &whole_grid(&results), compared);
        for run in &results.runs {
            assert_eq!(run.path, format!("{}/{}", table.query, run.build));
        }
    }
}

#[tokio::test]
async fn the_samples_come_back_and_repeating_changes_nothing() {
    let test = test_store().await;
    let samples = shared(RECORDINGS).join("samples");
    let report = import_quietly(&test.store, std::slice::from_ref(&samples)).await;
    assert_eq!(report.problems, []);
    assert_eq!(report.summaries, 12);
    assert_eq!(report.tables as usize, tables_below(&samples).len());
    assert_eq!(report.groups, report.tables);
    let mut compared = Compared::default();
    compare_all(&test.store, &samples, &mut compared).await;
    assert_eq!(compared.cells as u64, report.cells);
    assert_eq!(compared.tables as u64, report.tables);
    assert!(compared.texts > 100, "{compared:?}");

    let tabs = test.store.load_imported_tabs().await.expect("tabs");
    assert_eq!(tabs.len() as u64, report.tables);
    for tab in &tabs {
        // As the summary beside the tables spells it.
        assert!(tab.dashboard.starts_with("redhat-openshift-ocp-release-"));
        assert!(tab.position < 1_000, "every sample is in its summary");
        assert_eq!(tab.tab.test_group_name, tab.group.name);
        assert!(
            tab.tab
                .open_test_template
                .url
                .ends_with("/<gcs_prefix>/<changelist>")
        );
        assert_eq!(tab.tab.num_columns_recent, Some(10));
    }

    let logged = test.logged();
    let again = import_quietly(&test.store, &[samples]).await;
    assert!(!again.changed());
    assert_eq!(
        again.runs,
        Saved {
            unchanged: report.runs.inserted,
            ..Saved::default()
        }
    );
    assert_eq!(test.logged(), logged, "nothing is written");
    assert_eq!(again.cells, report.cells);
}

/// Unpacks the archive of one release into `folder`.
pub(crate) fn unpack(archive: &Path, folder: &Path) {
    let file = fs::File::open(archive).expect("an archive");
    let mut decoder = zstd::Decoder::new(file).expect("a zstd archive");
    decoder.window_log_max(27).expect("a long window");
    tar::Archive::new(decoder)
        .unpack(folder)
        .expect("a tar archive");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_table_comes_back() {
    let mut compared = Compared::default();
    let mut tabs = 0;
    for release in ["4.4GA", "4.5GA", "4.6GA", "4.7GA", "4.8GA", "4.9GA"] {
        let archive = shared(&format!("{RECORDINGS}/{release}.tar.zst"));
        // One release at a time: unpacked, all take half a gigabyte.
        let test = test_store().await;
        let folder = test.folder.path().join("recordings");
        unpack(&archive, &folder);
        let report = import_quietly(&test.store, std::slice::from_ref(&folder)).await;
        assert_eq!(report.problems, []);
        tabs += report.tabs_changed;
        compare_all(&test.store, &folder, &mut compared).await;
    }
    assert_eq!(tabs, 470);
    assert_eq!(compared.tables, 470);
    // As many as an independent count of the recordings found.
    assert_eq!(compared.cells, 18_873_770);
}
