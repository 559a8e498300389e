//! What `/api/v2` answers and the pages draw, beside [`crate::grid::Grid`]. Times are RFC 3339.
//!
//! What a page does not draw, a browser does not read: the code that would is a good part of what it
//! has to load.

mod cell;
pub mod drift;
pub mod infra;
mod moment;
mod row;
mod search;
mod since;
mod sources;
mod summary;

pub use cell::CellPage;
pub use row::{
    Durations, LinkedBug, MetricColumn, MetricRow, MetricsPage, RowCounts, RowDay, RowMetric,
    RowPage, RowRun,
};
pub use search::{
    BugRef, BuildRef, CommitRef, Found, TabRef, TestOnTab, TestPage, TestRef, TestRun,
};
pub use since::{BeganToFail, ChangesSince, FailingSince, TabTurn};
pub use sources::{
    BrokenBuild, Health, LeaseState, ReplicaState, SourceChanged, SourceHealth, SourcePage,
    SourceState, Sources,
};
pub use summary::{ColumnState, FailingRow, StripColumn, TabAbout, TabHealth, TabSummary};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::summary::TabStatus;

/// A time in milliseconds since 1970 as small JSON has it; one out of range becomes 1970.
pub fn time(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// A list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Items<T> {
    /// In the order that the endpoint states.
    pub items: Vec<T>,
    /// Where the next page begins, for `?after=`; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What must be known of all of it; absent when nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NamedLink>,
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Self {
        Self {
            items,
            next: None,
            notes: Vec::new(),
        }
    }
}

/// A release branch with its dashboards: `GET /api/v2/releases`, master first, then newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Release {
    /// `master`, `1.36`.
    pub branch: String,
    /// Blocking before informing.
    pub tiers: Vec<Tier>,
}

/// One dashboard of a release branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Tier {
    /// `blocking`, `informing`.
    pub tier: String,
    /// The dashboard's name.
    pub dashboard: String,
    /// Worst first, then in the order of the configuration.
    pub tabs: Vec<TabSummary>,
}

/// A link with what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NamedLink {
    /// What it says.
    pub text: String,
    /// Where it leads: a web page.
    pub url: String,
}

/// A dashboard in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DashboardRef {
    /// Its name.
    pub name: String,
    /// The group it belongs to.
    pub group: Option<String>,
    /// How many tabs it has.
    pub tab_count: u32,
    /// The worst of its tabs.
    pub status: TabStatus,
    /// How many tabs have which status, worst first; only statuses that some tab has.
    #[serde(default)]
    pub counts: Vec<StatusCount>,
}

/// How many tabs have a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StatusCount {
    /// The status.
    pub status: TabStatus,
    /// How many tabs.
    pub count: u32,
}

/// A dashboard group: `GET /api/v2/dashboard-groups/{group}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GroupPage {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: String,
    /// The worst of its dashboards.
    pub status: TabStatus,
    /// In the order of the configuration.
    pub dashboards: Vec<DashboardRef>,
}

/// A dashboard with its tabs, in the order of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DashboardPage {
    /// Its name.
    pub name: String,
    /// The group it belongs to.
    pub group: Option<String>,
    /// For people.
    pub description: String,
    /// The worst of its tabs.
    pub status: TabStatus,
    /// In the order of the configuration.
    pub tabs: Vec<TabSummary>,
}

/// One tab with its configuration: all a page needs but the grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabPage {
    /// The tab at a glance.
    pub summary: TabSummary,
    /// The dashboard group that its dashboard belongs to.
    #[serde(default)]
    pub group: Option<String>,
    /// The same job on other release branches, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub siblings: Vec<Sibling>,
    /// What must be known of it before anything else: that its source is behind, roll-backs that did not
    /// hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NamedLink>,
    /// The test group that it shows.
    pub test_group: String,
    /// For people.
    pub description: String,
    /// The job's history; empty when there is none.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub results_url: String,
    /// The query string of view options that the tab starts with.
    pub base_options: String,
    /// The names of all tabs of the dashboard, in order, to step through.
    pub tabs: Vec<String>,
    /// The version of the tab's grid.
    pub grid_version: String,
    /// All columns of the grid.
    pub column_count: u32,
    /// All rows of the grid.
    pub row_count: u32,
}

/// A tab that shows the same job on another release branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sibling {
    /// The branch.
    pub branch: String,
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The tab's status.
    pub status: TabStatus,
}

/// An infra component: `GET /api/v2/infra/components`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ComponentRef {
    /// Its name.
    pub name: String,
    /// `org/repo`, used in links.
    pub repo: String,
}

/// A tab whose summary or grid is not what it was: the event `tab` of `GET /api/v2/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabChanged {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The version of its grid now; the same as before when only the summary changed.
    pub version: String,
}

/// What a failed request answers: `{"error": {"code", "message"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct WireError {
    /// For programs: `not_found`.
    pub code: String,
    /// For people: one sentence that names the thing.
    pub message: String,
}

/// The envelope of a [`WireError`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The error.
    pub error: WireError,
}

/// What became of an uploaded run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UploadReceipt {
    /// The test group as the configuration calls it.
    pub group: String,
    /// The build id.
    pub build: String,
    /// Which of the build's uploads counts now, from 1.
    pub revision: u32,
    /// Whether this upload said anything new.
    pub is_new: bool,
    /// Why the run is not going to stay, where it began too long ago; absent when it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Paths of the pages that show the group.
    pub pages: Vec<String>,
    /// The name of the snapshot's state in which it is shown.
    pub state: String,
}

/// One of the uploads of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UploadRevision {
    /// From 1; the highest counts.
    pub revision: u32,
    /// When it was received.
    pub received: DateTime<Utc>,
    /// The name of the token it came with.
    pub uploader: String,
    /// Whether the run was still under way.
    pub running: bool,
    /// The length of what was uploaded.
    pub bytes: u64,
}

/// What was made of an issue that somebody linked to a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BugReceipt {
    /// The test group.
    pub group: String,
    /// The identity of the row.
    pub row: String,
    /// The address.
    pub url: String,
    /// Whether it was not linked before.
    pub is_new: bool,
}

/// A deploy as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeployReceipt {
    /// What changed.
    pub component: String,
    /// What it changed to.
    pub version: String,
    /// Where; empty where there is only one place.
    pub environment: String,
    /// When.
    pub time: DateTime<Utc>,
    /// Where it is told; empty for none.
    pub source: String,
    /// The name of the token that told it.
    pub reporter: String,
    /// Whether it was not known before.
    pub is_new: bool,
}
