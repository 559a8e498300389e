//! A tab at a glance.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::NamedLink;
use crate::{
    flakiness::TestHealth,
    summary::{Metrics, Moved, Reason, TabStatus},
};

/// One tab at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabSummary {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The tab's status.
    pub status: TabStatus,
    /// Why, as one sentence: `FAILING because …`.
    pub reason: String,
    /// Why, as data.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub why: Reason,
    /// TestGrid's status line: `Tab stats: …`.
    pub message: String,
    /// TestGrid's text about stale data; absent when the data is not stale.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub alert: String,
    /// Counts over the recent columns.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub metrics: Metrics,
    /// How flaky its tests are; absent when the tab does not ask for that.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<TabHealth>,
    /// The last runs, newest first.
    pub strip: Vec<StripColumn>,
    /// The worst rows with an alert, most failures first; at most five.
    pub failing: Vec<FailingRow>,
    /// All rows with an alert.
    pub failing_count: u32,
    /// All rows that count.
    pub row_count: u32,
    /// The newest build in which everything passed.
    pub latest_green: Option<String>,
    /// What TestGrid names that build by, often a commit; absent without one.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_green_id: Option<String>,
    /// When the newest run began.
    #[serde(default, deserialize_with = "super::moment::read_known")]
    pub last_run: Option<DateTime<Utc>>,
    /// When the stored results last changed.
    #[serde(default, deserialize_with = "super::moment::read_known")]
    pub last_update: Option<DateTime<Utc>>,
    /// The same for the same job on every release branch; absent outside of `GET /api/v2/releases`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub job: String,
    /// What people say of it; absent in `GET /api/v2/releases`.
    #[serde(default, skip_serializing_if = "TabAbout::is_empty")]
    pub about: TabAbout,
}

/// What the configuration says of a tab for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct TabAbout {
    /// What the tab is for; may have lines.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The addresses that alerts are mailed to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// The job's history first, then its configuration, then what else there is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<NamedLink>,
}

impl TabAbout {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.description.is_empty() && self.owners.is_empty() && self.links.is_empty()
    }
}

/// How flaky a tab's tests are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabHealth {
    /// Runs that began from here count.
    pub start: DateTime<Utc>,
    /// To here.
    pub end: DateTime<Utc>,
    /// Tests that passed or failed in between.
    pub test_count: u32,
    /// Of those, the ones that are flaky at all.
    pub flaky_count: u32,
    /// The mean over all of them, in percent.
    pub average_flakiness: f32,
    /// The mean of the interval before; absent when no test passed or failed in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_flakiness: Option<f32>,
    /// The flakiest; at most five.
    pub worst: Vec<TestHealth>,
}

/// One run in a tab's strip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StripColumn {
    /// The build id.
    pub build: String,
    /// When it began.
    #[serde(deserialize_with = "super::moment::read")]
    pub started: DateTime<Utc>,
    /// The worst of its cells.
    pub state: ColumnState,
    /// Cells that failed.
    pub failed: u32,
    /// Cells with any result.
    pub filled: u32,
    /// An infra component changed between this run and the one before.
    pub infra_seam: bool,
    /// A product repository changed between this run and the one before.
    pub product_seam: bool,
}

/// What a whole column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ColumnState {
    /// No cell has a result.
    Blank,
    /// Every result passed.
    Passed,
    /// Nothing failed, something is flaky.
    Flaky,
    /// Something failed.
    Failed,
    /// Still running.
    Running,
    /// Neither passed nor failed.
    Unknown,
}

/// A row with an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FailingRow {
    /// The row's name.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// Failures since it last passed.
    pub fail_count: u32,
    /// When the first failing build began.
    #[serde(deserialize_with = "super::moment::read")]
    pub since: DateTime<Utc>,
    /// That build.
    pub first_fail_build: String,
    /// The newest failing build.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub latest_fail_build: String,
    /// When the last passing build began.
    #[serde(default, deserialize_with = "super::moment::read_known")]
    pub last_pass: Option<DateTime<Utc>>,
    /// That build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pass_build: Option<String>,
    /// What moved from the last pass to the first failure, with links that compare; absent when no pass
    /// is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// What it says.
    pub message: String,
    /// The issues that people linked to the row, the newest first; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bugs: Vec<NamedLink>,
}
