//! Recorded TestGrid answers as history: `table` and `summary` JSON, as `testgrid.k8s.io` answers
//! them, become test groups, runs, results and headers.
//!
//! A recording does not say which tab it shows; its place does: `<dashboard>/tables/<tab>.json`
//! beside `<dashboard>/summary.json`, whose spelling of the names counts where it has them.
//! Recordings of the same group add up: every run has the union of the rows, and of two values of
//! one cell the newer recording's counts, so importing twice, or in another order, changes nothing.

mod check;
mod json;
mod recording;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::{StreamExt as _, stream};
use model::name::normalize;

use crate::store::{ImportedTab, Saved, Store, StoreError};

pub use recording::{Recording, RecordingError, Summary, SummaryTab, parse_recording};

/// How many files are parsed at the same time. The database has one writer, and parsing is faster.
const PARALLEL: usize = 2;

/// Cells that are handed to the store at once. Bounds the memory that one import takes: the cells
/// of a recording take a hundred times more room apart than run-length coded.
const CELLS_AT_ONCE: usize = 200_000;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Tables read.
    pub tables: u64,
    /// Summaries read.
    pub summaries: u64,
    /// Tabs that the summaries name and of which no table was given: nothing of them is stored.
    pub tabs_without_table: u64,
    /// Test groups that the tables belong to.
    pub groups: u64,
    /// Tabs that were new or changed.
    pub tabs_changed: u64,
    /// Runs.
    pub runs: Saved,
    /// Cells that are not blank.
    pub cells: u64,
    /// What was wrong with which file; the other files were imported.
    pub problems: Vec<ImportProblem>,
}

impl ImportReport {
    /// Whether anything was written.
    pub const fn changed(&self) -> bool {
        self.tabs_changed > 0 || self.runs.changed()
    }
}

/// Something wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// The file or folder.
    pub path: PathBuf,
    /// One sentence.
    pub message: String,
}

impl std::fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.message)
    }
}

/// How far an import is.
#[derive(Clone, Copy, Debug)]
pub struct ImportProgress<'a> {
    /// Files done.
    pub done: usize,
    /// All files.
    pub total: usize,
    /// The file that was just done.
    pub path: &'a Path,
}

/// Imports every recorded table and summary among `paths`: files, or folders, of which every
/// `.json` file below them is taken. What is wrong with a file becomes a problem of the report, and
/// the others go on; only a database that fails is an error. What is stored already is kept.
pub async fn import(
    store: &Store,
    paths: &[PathBuf],
    now_ms: i64,
    progress: &(dyn Fn(ImportProgress<'_>) + Send + Sync),
) -> Result<ImportReport, StoreError> {
    let mut report = ImportReport::default();
    let files = find_files(paths, &mut report.problems);
    let total = files.len();
    // Summaries first: they say how dashboards and tabs are spelt and when they were recorded.
    let (summaries, tables): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|path| path.file_stem().is_some_and(|stem| stem == "summary"));

    let mut names = Names::default();
    let mut groups = BTreeSet::new();
    let mut done = 0;
    let mut parsed = stream::iter(summaries.into_iter().chain(tables))
        .map(|path| async {
            let task = {
                let path = path.clone();
                tokio::task::spawn_blocking(move || read_recording(&path))
            };
            (path, task.await)
        })
        .buffered(PARALLEL);
    while let Some((path, parsed)) = parsed.next().await {
        let parsed = parsed.unwrap_or_else(|error| Err(format!("it could not be read: {error}")));
        match parsed {
            Ok(Recording::Summary(summary)) => {
                report.summaries += 1;
                names.add(&path, summary);
            }
            Ok(Recording::Table(table)) => {
                report.tables += 1;
                report.cells += table.cells();
                for message in &table.notes {
                    report.problems.push(ImportProblem {
                        path: path.clone(),
                        message: message.clone(),
                    });
                }
                let group = store.add_group(&table.group_name()).await?;
                groups.insert(group);
                let tab = names.tab_of(&path, &table);
                report.tabs_changed += u64::from(store.save_imported_tab(group, &tab).await?);
                store.save_tests(group, &table.tests()).await?;
                let mut columns = table.into_columns();
                loop {
                    let runs = columns.next_runs(CELLS_AT_ONCE);
                    if runs.is_empty() {
                        break;
                    }
                    report.runs += store
                        .merge_runs(group, &runs, tab.recorded_ms, now_ms)
                        .await?;
                }
            }
            Err(message) => report.problems.push(ImportProblem {
                path: path.clone(),
                message,
            }),
        }
        done += 1;
        progress(ImportProgress {
            done,
            total,
            path: &path,
        });
    }
    report.groups = groups.len() as u64;
    report.tabs_without_table = names.unused();
    report.problems.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(report)
}

/// The files among `paths`, in order, each once.
fn find_files(paths: &[PathBuf], problems: &mut Vec<ImportProblem>) -> Vec<PathBuf> {
    let mut files = BTreeSet::new();
    for path in paths {
        let mut problem = |path: &Path, message: String| {
            problems.push(ImportProblem {
                path: path.to_owned(),
                message,
            });
        };
        let is_folder = match std::fs::metadata(path) {
            Ok(metadata) => metadata.is_dir(),
            Err(error) => {
                problem(path, format!("it cannot be read: {error}"));
                continue;
            }
        };
        if !is_folder {
            files.insert(path.clone());
            continue;
        }
        let mut found = false;
        for entry in walkdir::WalkDir::new(path) {
            match entry {
                Ok(entry) => {
                    let is_json = entry
                        .path()
                        .extension()
                        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
                    if entry.file_type().is_file() && is_json {
                        found = true;
                        files.insert(entry.into_path());
                    }
                }
                Err(error) => {
                    let at = error.path().unwrap_or(path).to_owned();
                    problem(&at, format!("it cannot be read: {error}"));
                }
            }
        }
        if !found {
            problem(path, "the folder has no .json file".into());
        }
    }
    files.into_iter().collect()
}

fn read_recording(path: &Path) -> Result<Recording, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    parse_recording(&bytes).map_err(|error| error.to_string())
}

/// The folder of the dashboard that a recording belongs to, and the name of the file in it.
fn place_of(path: &Path) -> (PathBuf, String) {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = if folder.file_name().is_some_and(|name| name == "tables") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    (folder.to_owned(), stem.into_owned())
}

fn folder_name(folder: &Path) -> String {
    folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// How the summaries spell dashboards and tabs: by folder, then by normalised tab name.
#[derive(Default)]
struct Names(HashMap<PathBuf, DashboardNames>);

#[derive(Default)]
struct DashboardNames {
    dashboard: Option<Arc<str>>,
    tabs: BTreeMap<String, TabName>,
}

struct TabName {
    name: String,
    position: u32,
    recorded_ms: Option<i64>,
    used: bool,
}

impl Names {
    fn add(&mut self, path: &Path, summary: Summary) {
        let (folder, _) = place_of(path);
        let names = self.0.entry(folder).or_default();
        for (position, tab) in summary.tabs.into_iter().enumerate() {
            if names.dashboard.is_none() && !tab.dashboard.is_empty() {
                names.dashboard = Some(tab.dashboard.into());
            }
            names.tabs.insert(
                normalize(&tab.name),
                TabName {
                    name: tab.name,
                    position: position as u32,
                    recorded_ms: tab.updated_ms,
                    used: false,
                },
            );
        }
    }

    fn tab_of(&mut self, path: &Path, table: &recording::Table) -> ImportedTab {
        let (folder, stem) = place_of(path);
        let names = self.0.get_mut(&folder);
        let dashboard = names
            .as_ref()
            .and_then(|names| names.dashboard.as_deref().map(str::to_owned))
            .unwrap_or_else(|| folder_name(&folder));
        let known = names.and_then(|names| names.tabs.get_mut(&normalize(&stem)));
        let newest_ms = table.newest_ms().unwrap_or(0);
        let (name, position, recorded_ms) = match known {
            Some(known) => {
                known.used = true;
                let recorded_ms = known.recorded_ms.unwrap_or(0).max(newest_ms);
                (known.name.clone(), known.position, recorded_ms)
            }
            // After the tabs that a summary lists.
            None => (stem, u32::MAX, newest_ms),
        };
        ImportedTab {
            dashboard,
            position,
            tab: table.tab(name),
            group: table.group(),
            recorded_ms,
        }
    }

    fn unused(&self) -> u64 {
        self.0
            .values()
            .flat_map(|names| names.tabs.values())
            .filter(|tab| !tab.used)
            .count() as u64
    }
}
