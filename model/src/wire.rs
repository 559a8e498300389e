//! What `/api/v2` answers and the pages draw, beside [`crate::grid::Grid`]. Times are RFC 3339.
//!
//! What a page does not draw, a browser does not read: the code that would is a good part of what it
//! has to load.

mod cell;
pub mod drift;
pub mod infra;
mod row;
mod search;
mod since;

pub use cell::CellPage;
pub use row::{
    Durations, LinkedBug, MetricColumn, MetricRow, MetricsPage, RowCounts, RowDay, RowMetric, RowPage, RowRun,
};
pub use search::{
    BugRef, BuildRef, CommitRef, Found, TabRef, TestOnTab, TestPage, TestRef, TestRun,
};
pub use since::{BeganToFail, ChangesSince, FailingSince, TabTurn};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    flakiness::TestHealth,
    run::Problem,
    summary::{Metrics, Moved, Reason, TabStatus},
};

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
    pub last_run: Option<DateTime<Utc>>,
    /// When the stored results last changed.
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

/// A link with what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NamedLink {
    /// What it says.
    pub text: String,
    /// Where it leads: a web page.
    pub url: String,
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
    pub since: DateTime<Utc>,
    /// That build.
    pub first_fail_build: String,
    /// The newest failing build.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub latest_fail_build: String,
    /// When the last passing build began.
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

/// Where results come from, and how fresh they are: `GET /api/v2/sources`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sources {
    /// The test groups that are read from buckets: what is behind first, then what fails, then by name.
    pub items: Vec<SourceState>,
    /// Where the next part of the list begins, for `?after=`; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The processes that read them, by name.
    pub replicas: Vec<ReplicaState>,
    /// Seconds between two looks at a group.
    pub poll_secs: u64,
    /// Since when the database gives no answer; absent while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable_since: Option<DateTime<Utc>>,
}

/// How it stands with the server itself: `GET /api/v2/health`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Health {
    /// Since when the database gives no answer; absent while it does. What is answered meanwhile was read
    /// before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_silent_since: Option<DateTime<Utc>>,
}

/// How it stands with the source of one test group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceHealth {
    /// It could not be read for longer than three looks should take.
    Behind,
    /// The last look failed.
    Failing,
    /// Nobody has looked yet.
    Waiting,
    /// The last look succeeded, not long ago.
    Fresh,
}

impl SourceHealth {
    /// All of them, worst first.
    pub const ALL: [Self; 4] = [Self::Behind, Self::Failing, Self::Waiting, Self::Fresh];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Failing => "failing",
            Self::Waiting => "waiting",
            Self::Fresh => "fresh",
        }
    }
}

/// The source of one test group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceState {
    /// The test group.
    pub group: String,
    /// How it stands with it.
    pub health: SourceHealth,
    /// When the last successful look ended.
    pub last_success: Option<DateTime<Utc>>,
    /// When the last look ended.
    pub last_attempt: Option<DateTime<Utc>>,
    /// How long the newest build had waited from its end until it was stored, when last measured.
    pub lag_ms: Option<i64>,
    /// When it is looked at next.
    pub next_poll: DateTime<Utc>,
    /// Why the last look failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Looks that failed in a row.
    pub failures: u32,
    /// Its place among the groups that wait for their turn now, from 1; absent when it does not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u32>,
    /// Whether somebody asked for it, so that it goes first.
    pub pushed: bool,
    /// Builds that are known but not read yet.
    pub remaining: u64,
    /// The process that is looking at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
}

/// A process that looks at groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReplicaState {
    /// Its name.
    pub name: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it last said that it lives.
    pub seen: DateTime<Utc>,
    /// The groups that it is looking at, by name.
    pub leases: Vec<LeaseState>,
}

/// A group that a process is looking at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LeaseState {
    /// The group.
    pub group: String,
    /// When another process may take it over.
    pub until: DateTime<Utc>,
}

/// One source, with what could not be read of its builds: `GET /api/v2/sources/{group}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourcePage {
    /// The source.
    pub source: SourceState,
    /// The newest builds of which something could not be read, newest first; at most a hundred.
    pub builds: Vec<BrokenBuild>,
}

/// A build of which something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BrokenBuild {
    /// The build id.
    pub build: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// What could not be read, and why.
    pub problems: Vec<Problem>,
}

/// It stands otherwise with a source than before: the event `source` of `GET /api/v2/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceChanged {
    /// The test group.
    pub group: String,
    /// How it stands with it.
    pub health: SourceHealth,
    /// When the last successful look ended.
    pub last_success: Option<DateTime<Utc>>,
    /// How long the newest build had waited, when last measured.
    pub lag_ms: Option<i64>,
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
