//! One row of a tab in depth.

use std::{collections::HashMap, hash::BuildHasher};

use model::{
    flakiness::{Outcome, flip_percent},
    grid::{Grid, Row},
    retention::DAY_MS,
    status::Class,
    summary::failing_rows,
    wire::{RowCounts, RowDay, RowMetric, RowPage, RowRun, TestOnTab, WireError, time},
};

use super::{PublishError, Reader, TabView, metrics::DURATION, search::state, tab::compare};
use crate::{settings::IdentityRule, store::TestNumbers};

impl Reader {
    /// A row of a tab, by its identity, its name, or a name that it had. A row that the tab does not have is a `not_found`
    /// error.
    pub async fn row(&self, dashboard: &str, tab: &str, row: &str) -> Result<RowPage, WireError> {
        let view = self.tab_view(dashboard, tab).await?;
        let grid = &view.grid.grid;
        let found = self.row_of(&view, row).await?.ok_or_else(|| WireError {
            code: "not_found".to_owned(),
            message: format!("the tab \"{}\" has no row \"{row}\"", view.entry.tab.name),
        })?;
        let numbers = self.numbers(&view, found).await?;
        let compare_url = |component: &str, kind, from: &str, to: &str| {
            compare(&self.repositories, component, kind, from, to)
        };
        Ok(RowPage {
            dashboard: view.entry.dashboard.clone(),
            tab: view.entry.tab.name.clone(),
            name: found.name.clone(),
            id: found.id.clone(),
            test_group: view.entry.group.name.clone(),
            bugs: view.bugs.of(&found.id).to_vec(),
            failing: found.alert.as_ref().and_then(|_| {
                failing_rows(grid, usize::MAX, &compare_url)
                    .into_iter()
                    .find(|failing| failing.id == found.id)
            }),
            counts: counts(found),
            runs: runs(grid, found),
            transitions: grid.transitions.clone(),
            metrics: metrics(grid, &numbers),
            days: days(&numbers),
            elsewhere: self
                .elsewhere(&found.id, &view.entry.dashboard, &view.entry.tab.name)
                .await,
        })
    }

    /// The row of this identity, of this name, or else the one that was called so before it was renamed.
    pub(super) async fn row_of<'a>(
        &self,
        view: &'a TabView,
        row: &str,
    ) -> Result<Option<&'a Row>, WireError> {
        let grid = &view.grid.grid;
        if let found @ Some(_) = find(grid, row) {
            return Ok(found);
        }
        let Some(stored) = self.group(&view.entry.group.name).stored() else {
            return Ok(None);
        };
        let id = self.store.load_test_id(stored.id, row).await;
        let id = id.map_err(PublishError::from)?;
        Ok(id.and_then(|id| find(grid, &id)))
    }

    /// The numbers of a row; none of a group that is not stored.
    async fn numbers(&self, view: &TabView, row: &Row) -> Result<TestNumbers, WireError> {
        let Some(stored) = self.group(&view.entry.group.name).stored() else {
            return Ok(TestNumbers::default());
        };
        let id = match self.rules.row_identity {
            IdentityRule::Id => &row.id,
            IdentityRule::Name => &row.name,
        };
        let columns = view.grid.grid.columns.iter();
        let since_ms = columns.map(|column| column.started_ms).min();
        let numbers = self.store.load_test_numbers(
            stored.id,
            &row.name,
            id,
            since_ms.unwrap_or(i64::MAX),
            (self.clock)(),
        );
        Ok(numbers.await.map_err(PublishError::from)?)
    }

    /// The same test on other tabs; none as long as names have not been read.
    async fn elsewhere(&self, id: &str, dashboard: &str, tab: &str) -> Vec<TestOnTab> {
        let Ok(page) = self.test(id).await else {
            return Vec::new();
        };
        let mut tabs = page.tabs;
        tabs.retain(|other| (other.dashboard.as_str(), other.tab.as_str()) != (dashboard, tab));
        tabs
    }
}

/// The row of this identity, or else of this name.
pub(super) fn find<'a>(grid: &'a Grid, row: &str) -> Option<&'a Row> {
    let named = || grid.rows.iter().find(|known| known.name == row);
    grid.rows
        .iter()
        .find(|known| known.id == row)
        .or_else(named)
}

/// The values of a row among those of all tests, by column; `None` when it has none of this metric.
pub fn values_by_column<S: BuildHasher>(
    grid: &Grid,
    row: &Row,
    by_name: &HashMap<&str, HashMap<&str, f64, S>, S>,
) -> Option<Vec<(u32, f64)>> {
    // Durations and properties are stored under the test's identity.
    let by_build = by_name
        .get(row.id.as_str())
        .or_else(|| by_name.get(row.name.as_str()))?;
    let columns = grid.columns.iter().enumerate();
    let values =
        columns.filter_map(|(column, at)| Some((column as u32, *by_build.get(at.build.as_str())?)));
    Some(values.collect())
}

/// How long it took first, then the others by name.
fn metrics(grid: &Grid, numbers: &TestNumbers) -> Vec<RowMetric> {
    let by_column = |name: &str, values: &HashMap<String, f64>, scale: f64| RowMetric {
        name: name.to_owned(),
        values: (0u32..)
            .zip(&grid.columns)
            .filter_map(|(column, at)| Some((column, values.get(&at.build)? * scale)))
            .collect(),
    };
    let minutes = by_column(DURATION, &numbers.seconds, 1.0 / 60.0);
    let others = numbers.metrics.iter();
    std::iter::once(minutes)
        .chain(others.map(|(name, values)| by_column(name, values, 1.0)))
        .filter(|metric| !metric.values.is_empty())
        .collect()
}

fn days(numbers: &TestNumbers) -> Vec<RowDay> {
    let days = numbers.days.iter().rev();
    days.map(|&(day, tally)| RowDay {
        day: time(day * DAY_MS).date_naive(),
        runs: tally.runs(),
        passed: tally.passed,
        flaky: tally.flaky,
        failed: tally.failed,
        seconds: tally.mean_secs(),
    })
    .collect()
}

fn counts(row: &Row) -> RowCounts {
    let mut counts = RowCounts::default();
    let mut series = Vec::new();
    for status in row.statuses.iter() {
        let (count, outcome) = match status.class() {
            Class::Passing => (&mut counts.passed, Outcome::Pass),
            Class::Flaky => (&mut counts.flaky, Outcome::Flaky),
            Class::Failing => (&mut counts.failed, Outcome::Fail),
            Class::Blank | Class::Other => continue,
        };
        *count += 1;
        series.push(outcome);
    }
    counts.runs = series.len() as u32;
    counts.flips_percent = flip_percent(&series);
    counts
}

fn runs(grid: &Grid, row: &Row) -> Vec<RowRun> {
    let mut runs: Vec<RowRun> = row
        .statuses
        .iter()
        .zip(&grid.columns)
        .map(|(status, column)| RowRun {
            build: column.build.clone(),
            started: time(column.started_ms),
            status,
            state: state(status),
            message: String::new(),
            url: column.url.clone(),
        })
        .collect();
    for cell in &row.cells {
        if let Some(run) = runs.get_mut(cell.column as usize) {
            run.message.clone_from(&cell.message);
            if !cell.url.is_empty() {
                run.url.clone_from(&cell.url);
            }
        }
    }
    runs
}
