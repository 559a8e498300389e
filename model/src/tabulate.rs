//! The results of a test group, seen through a tab: `(results, view) → Grid`.

mod sketch;

use std::{cmp::Ordering, collections::BTreeSet, ops::Range, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Outage, Thresholds, find_outage},
    grid::{CellDetail, Column, Grid, Row, VersionOf},
    infra::{ComponentKind, ComponentVersion, InfraVector},
    name::natural_cmp,
    rle::Runs,
    run::{Header, Problem},
    status::{Class, Status},
    summary::column_stats,
    transition::{Transition, TurnKind, find_changes, find_turns},
};

pub use self::sketch::sketch;

/// All that is stored of one test group, in the form in which it is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupResults {
    /// The group's test dictionary; a test's ordinal is its index.
    pub tests: Arc<[Test]>,
    /// In the order of [`StoredRun::newest_first`].
    pub runs: Vec<Arc<StoredRun>>,
}

/// One entry of a group's test dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// As shown.
    pub name: String,
    /// Identity; the name unless the source says otherwise.
    pub id: String,
}

/// One run in the form in which it is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredRun {
    /// The build id.
    pub build: String,
    /// See [`crate::run::Run::label`].
    pub label: String,
    /// `bucket/path/to/build`; empty when there is no folder.
    pub path: String,
    /// Milliseconds since 1970.
    pub started_ms: i64,
    /// Milliseconds since 1970.
    pub finished_ms: Option<i64>,
    /// Whether the build may still change.
    pub open: bool,
    /// One status per test ordinal; tests past the end have no result.
    pub statuses: Runs<Status>,
    /// What cells say beyond their status, by test ordinal.
    pub details: Vec<StoredDetail>,
    /// Configured headers, in the order of the configuration.
    pub headers: Vec<Header>,
    /// What produced the run.
    pub versions: Option<InfraVector>,
    /// What was wrong with its files.
    pub problems: Vec<Problem>,
    /// Whom the build itself wants to tell.
    pub emails: Vec<String>,
    /// Orders the runs that began in the same millisecond, higher first; equal ranks by build id.
    pub rank: i64,
    /// Names the content: runs of one group with the same hash are the same. 0 for a run that was never
    /// stored.
    pub hash: u64,
}

/// What one cell says beyond its status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDetail {
    /// The test's ordinal.
    pub test: u32,
    /// See [`crate::run::Cell::icon`].
    pub icon: String,
    /// See [`crate::run::Cell::message`].
    pub message: String,
    /// See [`crate::run::Cell::cell_id`].
    pub cell_id: String,
    /// See [`crate::run::Cell::user_property`].
    pub user_property: String,
}

impl StoredRun {
    /// The order of a group's runs, newest first: by start, then by rank, then by build id in natural
    /// order.
    pub fn newest_first(&self, other: &Self) -> Ordering {
        (other.started_ms.cmp(&self.started_ms))
            .then_with(|| other.rank.cmp(&self.rank))
            .then_with(|| natural_cmp(&other.build, &self.build))
    }

    /// What produced it: infra components in the order of the configuration, then products by name; empty
    /// when nothing is known.
    pub fn versions(&self) -> &[ComponentVersion] {
        self.versions.as_deref().unwrap_or_default()
    }
}

/// A page that compares two versions of a component, given its name, kind, older and newer version;
/// `None` when it has no repository.
pub type CompareUrl<'a> = dyn Fn(&str, ComponentKind, &str, &str) -> Option<String> + 'a;

/// How a tab looks at its group.
pub struct View<'a> {
    /// Whether a row of this name is shown.
    pub keep: &'a dyn Fn(&str) -> bool,
    /// When rows raise alerts.
    pub thresholds: Thresholds,
    /// How many columns count as recent.
    pub recent: u32,
    /// Share of failing cells above which a column is broken; with 0 columns have no counts.
    pub broken_column_threshold: f32,
    /// Whether TestGrid names a build by its first header's value, as it does for groups that use the
    /// Kubernetes client or read a bucket; else by the column's label, else by the build id.
    pub id_from_header: bool,
    /// The name of the property whose value cells carry; empty for none.
    pub user_property: &'a str,
    /// The page of a build; empty when there is none.
    pub column_url: &'a dyn Fn(&StoredRun) -> String,
    /// The page of a cell whose id is not empty.
    pub cell_url: &'a dyn Fn(&StoredRun, &str) -> String,
    /// A page that compares two versions.
    pub compare_url: &'a CompareUrl<'a>,
}

impl Default for View<'_> {
    /// Every row, TestGrid's defaults for alerts and the recent window of Kubernetes, no links.
    fn default() -> Self {
        Self {
            keep: &|_| true,
            thresholds: Thresholds {
                failures_to_open: 3,
                passes_to_close: 1,
            },
            recent: 10,
            broken_column_threshold: 0.0,
            id_from_header: false,
            user_property: "",
            column_url: &|_| String::new(),
            cell_url: &|_, _| String::new(),
            compare_url: &|_, _, _, _| None,
        }
    }
}

/// What TestGrid names a build by: in alerts, and as the newest green one. With `from_header` the
/// value of the first configured header when there is one, which may be empty while the build runs;
/// else the column's label, else the build id.
pub fn testgrid_id(run: &StoredRun, from_header: bool) -> &str {
    match run.headers.first() {
        Some(first) if from_header => &first.value,
        _ if run.label.is_empty() => &run.build,
        _ => &run.label,
    }
}

/// Builds a tab's grid. Rows without any result are dropped, and so are columns that the row filter
/// left empty (the newest stays when all are). `version` is left empty: who publishes the grid
/// names it.
pub fn tabulate(results: &GroupResults, view: &View<'_>) -> Grid {
    let kept: Vec<bool> = results
        .tests
        .iter()
        .map(|test| (view.keep)(&test.name))
        .collect();
    let runs = shown_runs(results, &kept);

    let mut rows = transpose(results, &runs, &kept, view);
    let mut columns: Vec<Column> = columns(&runs, view);
    if view.broken_column_threshold > 0.0 {
        let stats = column_stats(&rows, columns.len(), view.broken_column_threshold);
        for (column, stats) in columns.iter_mut().zip(stats) {
            column.stats = Some(stats);
        }
    }
    sort_rows(&mut rows);
    let mut transitions = transitions(&runs, view);
    count_turns(&mut transitions, &rows, view.thresholds);
    Grid {
        version: String::new(),
        total_columns: columns.len() as u32,
        columns,
        rows,
        transitions,
        recent: view.recent,
        failures_to_alert: view.thresholds.failures_to_open,
    }
}

/// The record of the outage of the row with this ordinal.
fn build_alert(ordinal: u32, outage: &Outage, runs: &[&StoredRun], view: &View<'_>) -> Alert {
    let id = |column: usize| testgrid_id(runs[column], view.id_from_header).to_owned();
    let detail = |column: usize| {
        let details = &runs[column].details;
        details
            .binary_search_by_key(&ordinal, |detail| detail.test)
            .ok()
            .map(|index| &details[index])
    };
    let cell_id = |column: usize| {
        detail(column)
            .map(|cell| cell.cell_id.clone())
            .unwrap_or_default()
    };
    let (first, latest) = (outage.first_fail, outage.latest_fail);
    let newest = detail(latest);
    let property = newest
        .map(|cell| cell.user_property.clone())
        .filter(|value| !value.is_empty() && !view.user_property.is_empty())
        .map(|value| (view.user_property.to_owned(), value));
    Alert {
        fail_count: outage.fail_count,
        first_fail_build: runs[first].build.clone(),
        first_fail_id: id(first),
        first_fail_ms: runs[first].started_ms,
        first_fail_cell: cell_id(first),
        latest_fail_build: runs[latest].build.clone(),
        latest_fail_id: id(latest),
        latest_fail_ms: runs[latest].started_ms,
        latest_fail_cell: cell_id(latest),
        pass_build: outage.latest_pass.map(|pass| runs[pass].build.clone()),
        pass_id: outage.latest_pass.map(id),
        pass_ms: outage.latest_pass.map(|pass| runs[pass].started_ms),
        message: newest.map(|cell| cell.message.clone()).unwrap_or_default(),
        properties: property.into_iter().collect(),
        custom_column_headers: runs[outage.last_visited]
            .headers
            .iter()
            .map(|header| (header.name.clone(), header.value.clone()))
            .collect(),
        email_addresses: runs[first].emails.clone(),
        hotlist_ids: Vec::new(),
    }
}

/// The runs that have a column: all, unless the row filter hides every cell of some.
fn shown_runs<'a>(results: &'a GroupResults, kept: &[bool]) -> Vec<&'a StoredRun> {
    let runs: Vec<&StoredRun> = results.runs.iter().map(Arc::as_ref).collect();
    if kept.iter().all(|&kept| kept) {
        return runs;
    }
    let shown: Vec<&StoredRun> = runs
        .iter()
        .copied()
        .filter(|run| {
            run.open
                || run
                    .statuses
                    .iter()
                    .zip(kept)
                    .any(|(status, &kept)| kept && status != Status::NoResult)
        })
        .collect();
    if shown.is_empty() {
        runs.into_iter().take(1).collect()
    } else {
        shown
    }
}

/// Per test one row over all columns, in the order of the dictionary; rows without results dropped.
fn transpose(
    results: &GroupResults,
    runs: &[&StoredRun],
    kept: &[bool],
    view: &View<'_>,
) -> Vec<Row> {
    let mut cells: Vec<Vec<CellDetail>> = vec![Vec::new(); results.tests.len()];
    for (column, run) in runs.iter().enumerate() {
        for detail in &run.details {
            let url = if detail.cell_id.is_empty() {
                String::new()
            } else {
                (view.cell_url)(run, &detail.cell_id)
            };
            let cell_id = if is_own_cell(run, &detail.cell_id) {
                ""
            } else {
                &detail.cell_id
            };
            let says_more = [
                detail.icon.as_str(),
                &detail.message,
                &detail.user_property,
                cell_id,
                &url,
            ]
            .into_iter()
            .any(|text| !text.is_empty());
            if let Some(row) = cells.get_mut(detail.test as usize)
                && says_more
            {
                row.push(CellDetail {
                    column: column as u32,
                    icon: detail.icon.clone(),
                    message: detail.message.clone(),
                    url,
                    cell_id: cell_id.to_owned(),
                    user_property: detail.user_property.clone(),
                });
            }
        }
    }
    let mut rows = Vec::new();
    for_each_row(results, runs, kept, |ordinal, statuses| {
        let alert = find_outage(statuses.iter(), view.thresholds)
            .map(|outage| build_alert(ordinal as u32, &outage, runs, view));
        rows.push(Row {
            name: results.tests[ordinal].name.clone(),
            id: results.tests[ordinal].id.clone(),
            statuses,
            cells: std::mem::take(&mut cells[ordinal]),
            alert,
        });
    });
    rows
}

/// Calls `see` with the ordinal and the statuses of every kept test that has a result.
fn for_each_row(
    results: &GroupResults,
    runs: &[&StoredRun],
    kept: &[bool],
    mut see: impl FnMut(usize, Runs<Status>),
) {
    let mut series = Series::new(results.tests.len());
    for (column, run) in runs.iter().enumerate() {
        series.push_column(column as u32, &run.statuses);
    }
    for (ordinal, statuses) in series.finish(runs.len() as u32).into_iter().enumerate() {
        if kept[ordinal] && !matches!(statuses.runs(), [] | [(Status::NoResult, _)]) {
            see(ordinal, statuses);
        }
    }
}

/// Rows while columns are added to them. Neighbouring columns are nearly equal, so what costs is
/// finding the few rows that change: whole blocks of equal cells are passed over at once.
struct Series {
    /// Per row what is behind its newest change, newest first.
    done: Vec<Runs<Status>>,
    /// Per row the status that it goes on with.
    current: Vec<Status>,
    /// Per row the column with which that status began.
    since: Vec<u32>,
}

impl Series {
    /// So many rows that are blank before the first column.
    fn new(rows: usize) -> Self {
        Self {
            done: vec![Runs::new(); rows],
            current: vec![Status::NoResult; rows],
            since: vec![0; rows],
        }
    }

    /// Adds a column: `statuses` by row, blank past the end.
    fn push_column(&mut self, column: u32, statuses: &Runs<Status>) {
        let rows = self.current.len();
        let mut row = 0;
        for &(status, count) in statuses.runs() {
            let next = (row + count as usize).min(rows);
            self.set(column, row..next, status);
            row = next;
        }
        self.set(column, row..rows, Status::NoResult);
    }

    fn set(&mut self, column: u32, rows: Range<usize>, status: Status) {
        /// As many bytes as a processor compares in a few instructions.
        const BLOCK: usize = 64;
        let mut start = rows.start;
        while start < rows.end {
            let end = (start + BLOCK).min(rows.end);
            let block = &self.current[start..end];
            // Without a way out in the middle, so that the comparison is one of vectors.
            let differing = block.iter().filter(|&&current| current != status).count();
            if differing > 0 {
                for row in start..end {
                    let before = self.current[row];
                    if before != status {
                        self.done[row].push_run(before, column - self.since[row]);
                        self.since[row] = column;
                        self.current[row] = status;
                    }
                }
            }
            start = end;
        }
    }

    /// The rows, each of `columns` columns.
    fn finish(mut self, columns: u32) -> Vec<Runs<Status>> {
        for ((done, &status), &since) in self.done.iter_mut().zip(&self.current).zip(&self.since) {
            done.push_run(status, columns - since);
        }
        self.done
    }
}

/// Whether a cell's id only repeats what its column says: the build, or `<job>/<build>` of the
/// folder that the run was read from.
fn is_own_cell(run: &StoredRun, cell_id: &str) -> bool {
    cell_id == run.build
        || cell_id
            .strip_suffix(&run.build)
            .and_then(|job| job.strip_suffix('/'))
            .is_some_and(|job| {
                let mut folders = run.path.trim_end_matches('/').rsplit('/');
                folders.next() == Some(&run.build) && folders.next() == Some(job)
            })
}

fn versions_of(run: &StoredRun, kind: ComponentKind) -> Vec<VersionOf> {
    run.versions()
        .iter()
        .filter(|version| version.kind == kind)
        .map(VersionOf::from)
        .collect()
}

fn columns(runs: &[&StoredRun], view: &View<'_>) -> Vec<Column> {
    runs.iter()
        .map(|run| {
            let product = versions_of(run, ComponentKind::Product);
            Column {
                build: run.build.clone(),
                label: run.label.clone(),
                started_ms: run.started_ms,
                finished_ms: run.finished_ms,
                headers: product
                    .iter()
                    .filter_map(|product| {
                        Some((product.component.clone(), product.version.clone()?))
                    })
                    .chain(
                        run.headers
                            .iter()
                            .map(|header| (header.name.clone(), header.value.clone())),
                    )
                    .collect(),
                infra: versions_of(run, ComponentKind::Infra),
                product,
                url: (view.column_url)(run),
                problems: run.problems.clone(),
                emails: run.emails.clone(),
                stats: None,
            }
        })
        .collect()
}

/// TestGrid's default order: rows whose first failing or flaky cell is newest come first, then
/// failing before flaky, then the longer such run, then by name (specification 5.2).
fn sort_rows(rows: &mut [Row]) {
    rows.sort_by_cached_key(|row| {
        let mut position = 0u32;
        let bad = row.statuses.runs().iter().find_map(|&(status, count)| {
            let at = position;
            position += count;
            match status.class() {
                Class::Failing => Some((at, 0u8, u32::MAX - count)),
                Class::Flaky => Some((at, 1, u32::MAX - count)),
                _ => None,
            }
        });
        (
            bad.unwrap_or((u32::MAX, 2, 0)),
            NaturalKey(row.name.clone()),
        )
    });
}

/// A name that sorts in natural order.
#[derive(PartialEq, Eq)]
struct NaturalKey(String);

impl Ord for NaturalKey {
    fn cmp(&self, other: &Self) -> Ordering {
        natural_cmp(&self.0, &other.0)
    }
}

impl PartialOrd for NaturalKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The transitions of every component that occurs in `runs`, newest first, infra before product; what
/// broke and was fixed is not counted yet.
fn transitions(runs: &[&StoredRun], view: &View<'_>) -> Vec<Transition> {
    let components: BTreeSet<(ComponentKind, &str)> = runs
        .iter()
        .flat_map(|run| run.versions())
        .map(|version| (version.kind, version.component.as_str()))
        .collect();
    let mut transitions = Vec::new();
    for (kind, component) in components {
        let series = runs.iter().map(|run| {
            run.versions()
                .iter()
                .find(|version| version.kind == kind && version.component == component)
        });
        transitions.extend(find_changes(series).into_iter().map(|change| Transition {
            column: change.newer as u32,
            build: runs[change.newer].build.clone(),
            component: component.to_owned(),
            kind,
            from: Some(change.from.to_owned()),
            to: change.to.to_owned(),
            source: change.source,
            certain: change.certain,
            compare_url: (view.compare_url)(component, kind, change.from, change.to),
            broke: 0,
            fixed: 0,
        }));
    }
    transitions
        .sort_by(|a, b| (a.column, a.kind, &a.component).cmp(&(b.column, b.kind, &b.component)));
    transitions
}

/// Counts the rows that broke and that were fixed across each transition.
fn count_turns(transitions: &mut [Transition], rows: &[Row], thresholds: Thresholds) {
    for row in rows {
        for turn in find_turns(&row.statuses, thresholds) {
            let first = transitions.partition_point(|at| (at.column as usize) < turn.newer);
            for transition in transitions[first..]
                .iter_mut()
                .take_while(|transition| turn.crosses(transition.column as usize))
            {
                match turn.kind {
                    TurnKind::Broke => transition.broke += 1,
                    TurnKind::Fixed => transition.fixed += 1,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
