//! One row of a tab in depth.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    status::Status,
    transition::Transition,
    wire::{ColumnState, FailingRow, TestOnTab},
};

/// One row of a tab in depth: `GET /api/v2/dashboards/{d}/tabs/{t}/rows/{row}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RowPage {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The row's name.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// The test group that the tab shows.
    pub test_group: String,
    /// The issues that people linked to it, the newest first; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bugs: Vec<LinkedBug>,
    /// Its alert; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<FailingRow>,
    /// How its runs went.
    pub counts: RowCounts,
    /// All columns of the tab, newest first.
    pub runs: Vec<RowRun>,
    /// The seams of the tab, newest first; `column` is an index into `runs`.
    pub transitions: Vec<Transition>,
    /// Numbers beside the results: how long it took first, then the others by name. Those without a value
    /// are left out.
    pub metrics: Vec<RowMetric>,
    /// How it fared on each day of the last year on which it passed or failed, newest first. Runs count that
    /// are no longer kept.
    pub days: Vec<RowDay>,
    /// The same test on other tabs, those of release branches first.
    pub elsewhere: Vec<TestOnTab>,
}

/// An issue that somebody linked to a row of a test group, and so to every tab that shows the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LinkedBug {
    /// Its address: a web page.
    pub url: String,
    /// What people call it: its title, else what its address comes to; never empty.
    pub text: String,
    /// When it was linked.
    pub added: DateTime<Utc>,
    /// The name of the token that linked it.
    pub by: String,
}

/// How the runs of a row went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RowCounts {
    /// Runs with a result that passed or failed, flaky ones among them.
    pub runs: u32,
    /// Runs that passed.
    pub passed: u32,
    /// Runs that passed and failed.
    pub flaky: u32,
    /// Runs that failed.
    pub failed: u32,
    /// Share of runs outside of outages that turned from passing to failing, in percent; see
    /// [`crate::flakiness::flip_percent`].
    pub flips_percent: f32,
}

/// A row in one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RowRun {
    /// The build id.
    pub build: String,
    /// When the build began.
    pub started: DateTime<Utc>,
    /// The cell's status, with TestGrid's number.
    #[cfg_attr(feature = "schema", schema(value_type = u8))]
    pub status: Status,
    /// What that comes to.
    pub state: ColumnState,
    /// What the cell says; absent when nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where the cell leads; absent when nowhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// One kind of number of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RowMetric {
    /// TestGrid's name of it: `test-duration-minutes`.
    pub name: String,
    /// Index into the runs, and the value; by index, ascending.
    pub values: Vec<(u32, f64)>,
}

/// How a row fared on one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RowDay {
    /// The day, UTC, on which its runs began.
    pub day: NaiveDate,
    /// Runs with a result that passed or failed, flaky ones among them.
    pub runs: u32,
    /// Runs that passed.
    pub passed: u32,
    /// Runs that passed and failed.
    pub flaky: u32,
    /// Runs that failed.
    pub failed: u32,
    /// How long it took on average, in seconds; absent when no run says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// How long the rows of a tab take: `GET /api/v2/dashboards/{d}/tabs/{t}/durations`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Durations {
    /// The version of the grid whose rows these are.
    pub version: String,
    /// Of each row of the grid the mean over its columns, in milliseconds; null where no cell says how long
    /// it took.
    pub mean_ms: Vec<Option<u32>>,
}

/// Numbers of the rows of a tab over its runs: `GET /api/v2/dashboards/{d}/tabs/{t}/metrics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MetricsPage {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// Every metric that the tab's rows can be asked for, by name.
    pub names: Vec<String>,
    /// The metrics that were asked for.
    pub shown: Vec<String>,
    /// All columns of the tab, newest first.
    pub columns: Vec<MetricColumn>,
    /// The seams of the tab, newest first; `column` is an index into `columns`.
    pub transitions: Vec<Transition>,
    /// The first rows of the grid's order that pass the filters and have a value.
    pub rows: Vec<MetricRow>,
    /// How many such rows there are.
    pub row_count: u32,
}

/// One run as numbers are drawn over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MetricColumn {
    /// The build id.
    pub build: String,
    /// When the build began.
    pub started: DateTime<Utc>,
}

/// The numbers of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MetricRow {
    /// The row's name.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// What each of its cells comes to, one per column.
    pub states: Vec<ColumnState>,
    /// Those of the metrics that it has values of.
    pub metrics: Vec<RowMetric>,
}
