//! What TestGrid itself said of recorded tabs, against what our rules say of the same tables: order of
//! rows, alerts, status, status line and latest green.
//!
//! The tabs' configuration is the one in the recorded configuration tree where it has the tab. Most of
//! these tabs have gone from it since; every tab of the OpenShift release dashboards that it still has
//! hides the same rows, so the others are taken to have hidden them too. Groups have TestGrid's
//! defaults: 3 failures to alert, 1 pass to clear, 10 recent columns. Staleness is TestGrid's rule, and
//! the clock is that of the recording.
//!
//! The recordings are from 2020 and 2021, when the answers came from an older program than the one
//! whose rules these are. The differences that are systematic, and what the comparison does about them:
//!
//! | difference | recordings | what is done |
//! |---|---|---|
//! | Times of alerts are 1,000 times too large in some answers. | early 2021 | brought back to size |
//! | A row without a recent result has no alert. | 2020 | alerts of such rows are not counted as ours alone; from 2021 on they are |
//! | Of a row that also has flaky results, an alert counts only the failures since the last flaky one. | autumn 2020 | nothing: about one alert in a hundred |
//! | A flaky cell keeps its column from passing in the status line. | autumn 2020 | the line is made so for recordings of 2020 |
//! | A run that began after the tab was summarised is in the table: the two answers were fetched minutes apart. | all | such columns are left out for the summary |
//! | A row that failed stays failed, for the latest green column, until an older pass: a column in which it is blank is not green. So an aborted build, or one from before a test that fails, is no green; for us it is (specification 4.6). | all | blank cells are read so |
//! | A recorded green may name builds that all have a failure or a flake in their own table, among the rows that the recorded status and line count: one that was found before the table begins, and kept. | 15 tabs of all years | counted apart: the table cannot tell |
//! | Tabs without any column were stale, which takes configured hours; the tree has none, and the tables warn of stale results. | until summer 2020 | a table that warns has hours |
//!
//! What remains of latest green are 15 tabs. Eleven have a green recorded, for builds that all have one
//! name, where by the table a row had stayed failed: found before that failure and kept, if it is like the
//! others. Three have a green column and none recorded, one an older one; nothing in their tables says why.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{
    alert::Alert,
    config::Configuration,
    grid::Grid,
    name::normalize,
    rle::Runs,
    run::Header,
    status::{Class, Status},
    summary::{Metrics, Options, StaleRule, Summary, TabStatus, counted_rows, message, summarize},
    tabulate::{GroupResults, StoredRun, Test, View, tabulate},
};
use seamgrid::{
    read::RowFilter,
    testgrid::{LoadOptions, load},
};
use serde::Deserialize;

use crate::shared::shared;

const RECORDINGS: &str = "data/testgrid-captures/openshift-sippy-historical";
const CONFIGURATION: &str = "data/testgrid-configs/kubernetes-test-infra/config/testgrids";
/// The beginning of 2021, in milliseconds since 1970.
const YEAR_2021_MS: i64 = 1_609_459_200_000;
/// September 2020: from then on a tab without columns was not stale.
const AUTUMN_2020_MS: i64 = 1_598_918_400_000;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RecordedTable {
    changelists: Vec<String>,
    timestamps: Vec<i64>,
    custom_columns: Vec<Vec<String>>,
    stale_test_threshold: u32,
    tests: Vec<RecordedRow>,
    /// A warning about stale results.
    #[serde(default)]
    alerts: String,
}

#[derive(Deserialize)]
struct RecordedRow {
    name: String,
    statuses: Vec<RecordedStatus>,
    alert: Option<RecordedAlert>,
}

#[derive(Deserialize)]
struct RecordedStatus {
    count: u32,
    value: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RecordedAlert {
    fail_count: u32,
    fail_time: i64,
    pass_time: i64,
}

#[derive(Deserialize)]
struct RecordedTab {
    overall_status: String,
    status: String,
    latest_green: String,
    last_run_timestamp: i64,
    last_update_timestamp: i64,
}

/// A recorded time in milliseconds; they are seconds, milliseconds or microseconds.
fn to_ms(time: i64) -> i64 {
    match time {
        ..100_000_000_000 => time * 1000,
        100_000_000_000..100_000_000_000_000 => time,
        _ => time / 1000,
    }
}

impl RecordedTable {
    fn results(&self) -> GroupResults {
        let mut runs: Vec<StoredRun> = self
            .changelists
            .iter()
            .enumerate()
            .map(|(column, build)| StoredRun {
                build: build.clone(),
                started_ms: self.timestamps[column],
                headers: self
                    .custom_columns
                    .iter()
                    .enumerate()
                    .map(|(header, values)| Header {
                        name: format!("header {header}"),
                        value: values[column].clone(),
                    })
                    .collect(),
                ..StoredRun::default()
            })
            .collect();
        for (ordinal, row) in self.tests.iter().enumerate() {
            let mut column = 0;
            for run in &row.statuses {
                let status = Status::from_number(run.value).expect("a status");
                for stored in &mut runs[column..column + run.count as usize] {
                    if status != Status::NoResult {
                        let known = stored.statuses.len();
                        pad(&mut stored.statuses, ordinal - known);
                        stored.statuses.push(status);
                    }
                }
                column += run.count as usize;
            }
            assert_eq!(column, runs.len(), "{}", row.name);
        }
        GroupResults {
            tests: self
                .tests
                .iter()
                .map(|row| Test {
                    name: row.name.clone(),
                    id: row.name.clone(),
                })
                .collect(),
            runs: runs.into_iter().map(Arc::new).collect(),
        }
    }
}

fn pad(statuses: &mut Runs<Status>, count: usize) {
    statuses.push_run(Status::NoResult, count as u32);
}

/// Which rows each tab hides, by the configuration that is left of it.
struct Filters {
    own: HashMap<(String, String), String>,
    /// What all tabs of the release dashboards have.
    release: String,
}

impl Filters {
    fn load() -> Self {
        let tree = shared(CONFIGURATION);
        let paths = [tree.join("default.yaml"), tree.join("openshift")];
        let configuration: Configuration = load(&paths, &LoadOptions::default()).configuration;
        let tabs = || {
            configuration.dashboards.iter().flat_map(|dashboard| {
                dashboard
                    .dashboard_tab
                    .iter()
                    .map(move |tab| (dashboard, tab))
            })
        };
        let release: HashSet<&str> = tabs()
            .filter(|(dashboard, _)| dashboard.name.starts_with("redhat-openshift-ocp-release-"))
            .map(|(_, tab)| tab.base_options.as_str())
            .collect();
        let release: Vec<&str> = release.into_iter().collect();
        let [release] = release[..] else {
            panic!("the release tabs do not all hide the same rows: {release:?}");
        };
        Self {
            own: tabs()
                .map(|(dashboard, tab)| {
                    let names = (normalize(&dashboard.name), normalize(&tab.name));
                    (names, tab.base_options.clone())
                })
                .collect(),
            release: release.to_owned(),
        }
    }

    fn of(&self, dashboard: &str, tab: &str) -> RowFilter {
        let names = (normalize(dashboard), normalize(tab));
        let options = self.own.get(&names).unwrap_or(&self.release);
        RowFilter::parse(options).expect("recorded filters are right")
    }
}

/// So many of so many are equal.
#[derive(Clone, Copy, Default)]
struct Share {
    equal: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, equal: bool) {
        self.equal += usize::from(equal);
        self.all += 1;
    }

    fn percent(self) -> f64 {
        100.0 * self.equal as f64 / self.all as f64
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} ({:.2} %)",
            self.equal,
            self.all,
            self.percent()
        )
    }
}

#[derive(Default)]
struct Figures {
    tables: usize,
    order: Share,
    /// Rows with a recorded alert.
    alerts: Share,
    /// Rows without a recorded alert: the ones that have none with us either.
    silent: Share,
    status: Share,
    line: Share,
    /// Of the tabs whose table can tell it.
    green: Share,
    /// All three of a tab whose table can tell them.
    tabs: Share,
    /// As they stand, without regard for what the older program did otherwise.
    line_as_it_is: Share,
    green_as_it_is: Share,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tables; order {}; alerts {}; rows without {}; status {}; line {} (as it is {}); \
             latest green {} (as it is {}); all three {}",
            self.tables,
            self.order,
            self.alerts,
            self.silent,
            self.status,
            self.line,
            self.line_as_it_is,
            self.green,
            self.green_as_it_is,
            self.tabs,
        )
    }
}

impl Figures {
    fn compare(&mut self, table: &RecordedTable, said: &RecordedTab, filter: &RowFilter) {
        self.tables += 1;
        let recorded_ms = to_ms(said.last_update_timestamp);
        let mut results = table.results();
        let view = View {
            recent: table.stale_test_threshold,
            id_from_header: true,
            ..View::default()
        };
        let whole = tabulate(&results, &view);
        let names: Vec<&str> = whole.rows.iter().map(|row| row.name.as_str()).collect();
        let recorded: Vec<&str> = table.tests.iter().map(|row| row.name.as_str()).collect();
        self.order.add(names == recorded);
        self.compare_alerts(table, &whole, recorded_ms);

        let last_run_ms = to_ms(said.last_run_timestamp);
        results
            .runs
            .retain(|run| run.started_ms / 1000 <= last_run_ms / 1000);
        let grid = tabulate(
            &results,
            &View {
                keep: &|row| filter.keeps(row),
                ..view
            },
        );
        let now_ms = recorded_ms.max(last_run_ms);
        let warned = !table.alerts.is_empty() && recorded_ms < AUTUMN_2020_MS;
        let options = Options {
            stale: StaleRule {
                hours: warned.then_some(24),
                intervals: 0,
            },
            ..Options::default()
        };
        let found = summarize(
            &grid,
            options,
            Some(recorded_ms),
            &|_, _, _, _| None,
            now_ms,
        );
        let word = match found.status {
            TabStatus::Unknown => "",
            status => status.word(),
        };
        let status = word == said.overall_status;
        let line = |text: &str| text.trim_start_matches("Tab stats: ") == said.status;
        let as_it_is = line(&found.message);
        let allowed = as_it_is || recorded_ms < YEAR_2021_MS && line(&older_line(&grid, &found));
        let id = |column: usize| {
            let run = &results.runs[column_of(&grid, &results, column)];
            model::tabulate::testgrid_id(run, true)
        };
        let green =
            |column: Option<usize>| column.map_or("no recent greens", id) == said.latest_green;
        let green_as_it_is = green(found.latest_green);
        let in_table = said.latest_green == "no recent greens"
            || spoiled(&grid)
                .into_iter()
                .enumerate()
                .any(|(column, spoiled)| !spoiled && id(column) == said.latest_green);
        self.status.add(status);
        self.line.add(allowed);
        self.line_as_it_is.add(as_it_is);
        self.green_as_it_is.add(green_as_it_is);
        if in_table {
            let green = green(older_green(&grid));
            self.green.add(green);
            self.tabs.add(status && allowed && green);
        }
    }

    fn compare_alerts(&mut self, table: &RecordedTable, grid: &Grid, recorded_ms: i64) {
        let rows: HashMap<&str, &model::grid::Row> = grid
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row))
            .collect();
        let started =
            |build: &str| grid.columns[grid.column_of(build).expect("a column")].started_ms;
        for recorded in &table.tests {
            let row = rows[recorded.name.as_str()];
            match (&recorded.alert, &row.alert) {
                (Some(wanted), got) => self.alerts.add(got.as_ref().is_some_and(|got: &Alert| {
                    got.fail_count == wanted.fail_count
                        && started(&got.first_fail_build) == to_ms(wanted.fail_time)
                        && got.pass_build.as_deref().map_or(0, started) == to_ms(wanted.pass_time)
                })),
                (None, got) => {
                    let older = recorded_ms < YEAR_2021_MS && row.is_stale(grid.recent);
                    self.silent.add(got.is_none() || older);
                }
            }
        }
    }
}

/// The index among the results' runs of a grid's column: a filter may have dropped some.
fn column_of(grid: &Grid, results: &GroupResults, column: usize) -> usize {
    let build = &grid.columns[column].build;
    results
        .runs
        .iter()
        .position(|run| run.build == *build)
        .expect("every column is a run")
}

/// Whether each column has a cell that is neither blank nor a pass, in a row that counts.
fn spoiled(grid: &Grid) -> Vec<bool> {
    let mut spoiled = vec![false; grid.columns.len()];
    for row in counted_rows(grid) {
        for (spoiled, status) in spoiled.iter_mut().zip(row.statuses.iter()) {
            *spoiled |= !matches!(status.class(), Class::Blank | Class::Passing);
        }
    }
    spoiled
}

/// The latest green column as it was when a failed row stayed failed where it is blank.
fn older_green(grid: &Grid) -> Option<usize> {
    let mut spoiled = spoiled(grid);
    let mut passed = vec![false; spoiled.len()];
    for row in counted_rows(grid) {
        let mut failed = false;
        for (column, status) in row.statuses.iter().enumerate() {
            match status.class() {
                Class::Failing | Class::Flaky => failed = true,
                Class::Passing => {
                    failed = false;
                    passed[column] = true;
                }
                Class::Blank | Class::Other => {}
            }
            spoiled[column] |= failed;
        }
    }
    (0..spoiled.len()).find(|&column| passed[column] && !spoiled[column])
}

/// The status line as it was when a flaky cell kept its column from passing.
fn older_line(grid: &Grid, found: &Summary) -> String {
    let window = grid.columns.len().min(grid.recent as usize);
    let (mut passed, mut bad) = (vec![false; window], vec![false; window]);
    for row in counted_rows(grid) {
        for (column, status) in row.statuses.iter().take(window).enumerate() {
            passed[column] |= status.is_passing();
            bad[column] |= matches!(status.class(), Class::Failing | Class::Flaky);
        }
    }
    let passing = passed
        .iter()
        .zip(&bad)
        .filter(|(passed, bad)| **passed && !**bad);
    let metrics = Metrics {
        passing_columns: passing.count() as u32,
        ..found.metrics
    };
    message(&metrics, found.status, 0.0)
}

/// Each recorded table of an archive, with its dashboard and tab, and its dashboard's summary.
fn for_each_table(archive: &Path, mut see: impl FnMut(&str, &str, &RecordedTable, &RecordedTab)) {
    let file = std::fs::File::open(archive).expect("an archive");
    let mut decoder = zstd::Decoder::new(file).expect("a zstd archive");
    decoder.window_log_max(27).expect("a long window");
    let folder = tempfile::tempdir().expect("a folder");
    tar::Archive::new(decoder)
        .unpack(folder.path())
        .expect("a tar archive");
    let mut summaries: Vec<PathBuf> = walkdir::WalkDir::new(folder.path())
        .into_iter()
        .map(|entry| entry.expect("a readable folder").into_path())
        .filter(|path| path.ends_with("summary.json"))
        .collect();
    summaries.sort();
    for path in summaries {
        let bytes = std::fs::read(&path).expect("a summary");
        let tabs: BTreeMap<String, RecordedTab> =
            serde_json::from_slice(&bytes).expect("a recorded summary");
        let dashboard = path.parent().expect("a folder");
        for (name, said) in &tabs {
            let table = dashboard.join("tables").join(format!("{name}.json"));
            if !table.exists() {
                continue;
            }
            let bytes = std::fs::read(&table).expect("a table");
            let table = serde_json::from_slice(&bytes).expect("a recorded table");
            let dashboard = dashboard.file_name().expect("a name").to_string_lossy();
            see(&dashboard, name, &table, said);
        }
    }
}

#[test]
fn our_rules_agree_with_what_testgrid_said() {
    let filters = Filters::load();
    let mut archives: Vec<PathBuf> = std::fs::read_dir(shared(RECORDINGS))
        .expect("the recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "zst"))
        .collect();
    archives.sort();
    let mut all = Figures::default();
    for archive in &archives {
        let mut tables = 0;
        for_each_table(archive, |dashboard, tab, table, said| {
            tables += 1;
            all.compare(table, said, &filters.of(dashboard, tab));
        });
        assert!(
            tables > 0,
            "{} has no table with a summary",
            archive.display()
        );
        let name = archive.file_name().unwrap_or_default().to_string_lossy();
        eprintln!("up to {name}: {all}");
    }
    assert!(all.tables >= 470, "{all}");
    assert_eq!(all.order.equal, all.order.all, "{all}");
    assert!(all.alerts.percent() >= 98.0, "{all}");
    // Not one in 10,000 rows is said to fail that was not said to.
    assert!(all.silent.percent() >= 99.99, "{all}");
    assert!(all.status.percent() >= 99.0, "{all}");
    assert!(all.line.percent() >= 99.0, "{all}");
    assert!(all.green.percent() >= 95.0, "{all}");
    assert!(all.green.all + 15 >= all.tables, "{all}");
    assert!(all.green_as_it_is.percent() >= 89.0, "{all}");
    assert!(all.tabs.percent() >= 95.0, "{all}");
}
