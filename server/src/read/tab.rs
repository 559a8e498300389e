//! One tab's grid and summary from its group's results: pure but for the clock it is given.

use std::{collections::HashMap, sync::Arc};

use model::{
    alert::AlertedRow,
    flakiness::{Health, analyze_health},
    grid::Grid,
    infra::ComponentKind,
    status::{Class, Status},
    summary::{Evidence, Metrics, Reason, TabStatus, alerted_rows, failing_rows},
    tabulate::{GroupResults, StoredRun, View, sketch, tabulate, testgrid_id},
    trail::Trail,
    transition::compare_url,
    wire::{ColumnState, StripColumn, TabAbout, TabHealth, TabSummary, time},
};

use xxhash_rust::xxh3::Xxh3Default;

use super::{cache::PublishedGrid, catalog::TabEntry, links};
use crate::clock::full_minute;

/// How many of the newest columns a tab's strip shows.
const STRIP: usize = 20;
/// How many failing rows, and how many flaky tests, a summary names.
const FAILING_NAMED: usize = 5;

/// What is published of one tab beside its grid.
#[derive(Clone, Debug)]
pub(super) struct TabState {
    /// The tab at a glance.
    pub summary: TabSummary,
    /// Every row with an alert among those that count, most failures first.
    pub alerted: Arc<[AlertedRow]>,
    /// What the status follows from at any time; `None` when it does not depend on the time, because
    /// the tab's configuration cannot be applied, or the tab is a recording.
    pub evidence: Option<Arc<Evidence>>,
    /// What it saw of every component, and where its rows turned.
    pub trail: Arc<Trail>,
    /// How flaky its tests are, when the tab asks for that.
    pub health: Option<Arc<Health>>,
    /// The version of its grid.
    pub grid_version: String,
    /// Columns of the whole grid.
    pub column_count: u32,
    /// Rows of the whole grid.
    pub row_count: u32,
}

impl TabState {
    /// Whether nobody who looks can tell the two apart.
    pub(super) fn shows_as(&self, other: &Self) -> bool {
        self.grid_version == other.grid_version && self.summary == other.summary
    }
}

/// The repository of each infra component, for links: `org/name` by the component's name.
pub(super) type Repositories = HashMap<String, String>;

/// Looks at a group's results through a tab. A wrong row filter hides every row, and the tab's
/// summary says why: rows that should be hidden are never shown.
pub(super) fn build_grid(
    entry: &TabEntry,
    results: &GroupResults,
    repositories: &Repositories,
) -> Result<PublishedGrid, serde_json::Error> {
    let mut grid = look(entry, repositories, |view| tabulate(results, view));
    grid.version = grid_version(entry, results, repositories, &grid);
    PublishedGrid::new(grid)
}

/// Looks through the tab with `build`.
fn look<T>(entry: &TabEntry, repositories: &Repositories, build: impl FnOnce(&View<'_>) -> T) -> T {
    let keep = |row: &str| entry.filter.as_ref().is_ok_and(|filter| filter.keeps(row));
    build(&View {
        keep: &keep,
        thresholds: entry.thresholds,
        recent: entry.recent,
        column_url: &|run| links::column_url(entry, run),
        cell_url: &|run, cell_id| links::cell_url(entry, run, cell_id),
        compare_url: &|component, kind, from, to| compare(repositories, component, kind, from, to),
        broken_column_threshold: entry.options.broken_column_threshold,
        id_from_header: entry.id_header.is_some(),
        user_property: &entry.group.user_property,
    })
}

/// Goes up with every change of what a grid is made of the same results.
const GRID_FORM: u32 = 1;

/// Names a grid by all that it is made of: the configuration, the shown runs and the rows. So its sketch
/// has the same name, and neither has to be written out.
fn grid_version(
    entry: &TabEntry,
    results: &GroupResults,
    repositories: &Repositories,
    grid: &Grid,
) -> String {
    let mut hasher = Xxh3Default::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(&GRID_FORM.to_le_bytes());
    hasher.update(&entry.hash.to_le_bytes());
    let mut repositories: Vec<_> = repositories.iter().collect();
    repositories.sort_unstable();
    for (component, repository) in repositories {
        hash_text(&mut hasher, component);
        hash_text(&mut hasher, repository);
    }
    let mut runs = results.runs.iter();
    for column in &grid.columns {
        if let Some(run) = runs.find(|run| run.build == column.build) {
            hasher.update(&run.hash.to_le_bytes());
        }
    }
    for row in &grid.rows {
        hash_text(&mut hasher, &row.name);
        hash_text(&mut hasher, &row.id);
        for &(status, count) in row.statuses.runs() {
            hasher.update(&[status.number()]);
            hasher.update(&count.to_le_bytes());
        }
    }
    format!("{:016x}", hasher.digest())
}

fn hash_text(hasher: &mut Xxh3Default, text: &str) {
    hasher.update(&text.len().to_le_bytes());
    hasher.update(text.as_bytes());
}

/// The page that compares two versions of a component; `None` when it has no repository.
pub(super) fn compare(
    repositories: &Repositories,
    component: &str,
    kind: ComponentKind,
    from: &str,
    to: &str,
) -> Option<String> {
    let repository = match kind {
        ComponentKind::Infra => repositories.get(component).map(String::as_str),
        ComponentKind::Product => Some(component),
    };
    compare_url(repository?, from, to)
}

/// What is published of a tab beside its grid. A tab without configured hours is stale after
/// `stale_intervals` of the job's own. `modified_ms` is when the stored results last changed; `None`
/// when there are none. A recording is looked at with the clock of when it was made.
pub(super) fn build_state(
    entry: &TabEntry,
    results: &GroupResults,
    repositories: &Repositories,
    stale_intervals: u32,
    modified_ms: Option<i64>,
    now_ms: i64,
) -> TabState {
    let (modified_ms, now_ms) = match entry.recorded_ms {
        Some(recorded_ms) => (modified_ms.and(Some(recorded_ms)), recorded_ms),
        None => (modified_ms, now_ms),
    };
    let health_options = entry
        .tab
        .health_analysis_options
        .as_ref()
        .filter(|options| options.enable == Some(true));
    // Health looks at what cells say.
    let grid = look(entry, repositories, |view| match health_options {
        Some(_) => tabulate(results, view),
        None => sketch(results, view, STRIP),
    });
    let grid = &grid;
    let mut options = entry.options;
    options.stale.intervals = stale_intervals;
    let compare_url = |component: &str, kind, from: &str, to: &str| {
        compare(repositories, component, kind, from, to)
    };
    let evidence = Evidence::of(grid, options, modified_ms, &compare_url);
    let health =
        health_options.map(|options| analyze_health(grid, options.days_of_analysis, now_ms));
    // As all processes say it until the next full minute.
    let looked_ms = entry.recorded_ms.unwrap_or_else(|| full_minute(now_ms));
    let found = evidence.summary(looked_ms);
    let green = found.latest_green.map(|column| &grid.columns[column]);
    let mut summary = TabSummary {
        dashboard: entry.dashboard.clone(),
        tab: entry.tab.name.clone(),
        status: found.status,
        reason: found.reason.sentence(),
        why: found.reason,
        message: found.message,
        alert: found.alert,
        metrics: found.metrics,
        health: health.as_ref().map(tab_health),
        strip: strip(grid),
        failing: failing_rows(grid, FAILING_NAMED, &compare_url),
        failing_count: found.failing_rows,
        row_count: found.counted_rows,
        latest_green: green.map(|column| column.build.clone()),
        latest_green_id: green
            .and_then(|column| results.runs.iter().find(|run| run.build == column.build))
            .map(|run| testgrid_id(run, entry.id_header.is_some()).to_owned()),
        last_run: grid.columns.first().map(|column| time(column.started_ms)),
        last_update: modified_ms.map(time),
        job: String::new(),
        about: TabAbout::default(),
    };
    if let Err(why) = &entry.filter {
        set_reason(&mut summary, Reason::unreadable(why.as_str()));
    }
    TabState {
        summary,
        alerted: alerted_rows(grid).into(),
        trail: Arc::new(build_trail(entry, results, grid)),
        evidence: (entry.filter.is_ok() && entry.recorded_ms.is_none()).then(|| Arc::new(evidence)),
        health: health.map(Arc::new),
        grid_version: grid_version(entry, results, repositories, grid),
        column_count: grid.columns.len() as u32,
        row_count: grid.rows.len() as u32,
    }
}

/// What the tab saw. Its columns are some of the runs, in the same order.
fn build_trail(entry: &TabEntry, results: &GroupResults, grid: &Grid) -> Trail {
    let mut runs = results.runs.iter();
    let shown: Vec<&StoredRun> = grid
        .columns
        .iter()
        .filter_map(|column| runs.find(|run| run.build == column.build).map(Arc::as_ref))
        .collect();
    Trail::new(
        grid,
        entry.thresholds,
        |column| shown.get(column).map_or(&[], |run| run.versions()),
        |column| {
            shown
                .get(column)
                .map(|run| links::column_url(entry, run))
                .unwrap_or_default()
        },
    )
}

impl TabState {
    /// The state at `now_ms`, when it is another by the clock alone.
    pub(super) fn at(&self, now_ms: i64) -> Option<Self> {
        let evidence = self.evidence.as_ref()?;
        if evidence.stale(now_ms).is_none() && self.summary.status != TabStatus::Stale {
            return None;
        }
        let found = evidence.summary(now_ms);
        if found.reason == self.summary.why {
            return None;
        }
        let mut state = self.clone();
        state.summary.message = found.message;
        state.summary.alert = found.alert;
        set_reason(&mut state.summary, found.reason);
        Some(state)
    }
}

/// The worst of a tab's tests, with what they all come to.
fn tab_health(health: &Health) -> TabHealth {
    let flaky = health.tests.iter().filter(|test| test.flakiness > 0.0);
    TabHealth {
        start: time(health.start_ms),
        end: time(health.end_ms),
        test_count: health.tests.len() as u32,
        flaky_count: flaky.clone().count() as u32,
        average_flakiness: health.average_flakiness,
        previous_flakiness: health.previous_flakiness,
        worst: flaky.take(FAILING_NAMED).cloned().collect(),
    }
}

fn set_reason(summary: &mut TabSummary, reason: Reason) {
    summary.status = reason.status();
    summary.reason = reason.sentence();
    summary.why = reason;
}

/// What is shown of a tab whose results have not been looked at yet.
pub(super) fn unread(entry: &TabEntry) -> TabSummary {
    let why = Reason::default();
    TabSummary {
        dashboard: entry.dashboard.clone(),
        tab: entry.tab.name.clone(),
        status: TabStatus::Unknown,
        reason: why.sentence(),
        why,
        message: String::new(),
        alert: String::new(),
        metrics: Metrics::default(),
        health: None,
        strip: Vec::new(),
        failing: Vec::new(),
        failing_count: 0,
        row_count: 0,
        latest_green: None,
        latest_green_id: None,
        last_run: None,
        last_update: None,
        job: String::new(),
        about: TabAbout::default(),
    }
}

/// The newest columns, each as one cell.
fn strip(grid: &Grid) -> Vec<StripColumn> {
    let width = grid.columns.len().min(STRIP);
    let mut counts = vec![Counts::default(); width];
    for row in &grid.rows {
        let mut column = 0;
        for &(status, length) in row.statuses.runs() {
            let end = (column + length as usize).min(width);
            for counts in &mut counts[column..end] {
                counts.add(status);
            }
            column = end;
            if column == width {
                break;
            }
        }
    }
    let mut strip: Vec<StripColumn> = grid
        .columns
        .iter()
        .zip(counts)
        .map(|(column, counts)| StripColumn {
            build: column.build.clone(),
            started: time(column.started_ms),
            state: counts.state(),
            failed: counts.failed,
            filled: counts.filled,
            infra_seam: false,
            product_seam: false,
        })
        .collect();
    for transition in &grid.transitions {
        let Some(column) = strip.get_mut(transition.column as usize) else {
            // Newest first: the rest lies further back.
            break;
        };
        match transition.kind {
            ComponentKind::Infra => column.infra_seam = true,
            ComponentKind::Product => column.product_seam = true,
        }
    }
    strip
}

/// The cells of one column.
#[derive(Clone, Copy, Default)]
struct Counts {
    filled: u32,
    failed: u32,
    flaky: u32,
    running: u32,
    other: u32,
}

impl Counts {
    fn add(&mut self, status: Status) {
        self.filled += u32::from(status != Status::NoResult);
        match status.class() {
            Class::Blank | Class::Passing => {}
            Class::Failing => self.failed += 1,
            Class::Flaky => self.flaky += 1,
            Class::Other if status == Status::Running => self.running += 1,
            Class::Other => self.other += 1,
        }
    }

    /// The worst of them.
    const fn state(&self) -> ColumnState {
        if self.failed > 0 {
            ColumnState::Failed
        } else if self.flaky > 0 {
            ColumnState::Flaky
        } else if self.running > 0 {
            ColumnState::Running
        } else if self.other > 0 {
            ColumnState::Unknown
        } else if self.filled > 0 {
            ColumnState::Passed
        } else {
            ColumnState::Blank
        }
    }
}
