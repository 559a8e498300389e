//! What `/api/v2` answers about the infrastructure: versions, what lies between two of them, and what
//! happened around it.

mod across;
mod builds;

pub use across::{CompareCounts, ProductMove, TabAcross};
pub use builds::{BuildsCompared, ComponentMove, SpecsCompared};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    history::{bump::Bump, revert::Revert},
    infra::ComponentKind,
    reach::{Reach, Reached},
    undone::UndoneKind,
    wire::drift::Declared,
};

/// What lies between two versions of a component: `GET /api/v2/compare`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// The component's name.
    pub component: String,
    /// Infra or product.
    pub kind: ComponentKind,
    /// Its repository, `org/name`; absent when none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    /// The version to start from.
    pub from: Endpoint,
    /// The version to end at.
    pub to: Endpoint,
    /// How the two lie to each other.
    pub direction: Direction,
    /// The same as one sentence.
    pub sentence: String,
    /// What keeps the answer from being complete; one sentence each.
    pub notes: Vec<String>,
    /// What landed between, newest first: with `to`, without `from`. Going backwards, what is taken
    /// away: with `from`, without `to`.
    pub commits: Vec<CommitLine>,
    /// Where the two are on lines that part: what only `from` has, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<CommitLine>,
    /// Commits of other repositories, or of this one, that moved something from a version in the range to
    /// another: what brought the change to the runs.
    pub brought_by: Vec<CommitLine>,
    /// Tabs that saw the change: those where rows broke first, most of them first.
    pub tabs: Vec<TabAcross>,
    /// How many of all that there is.
    pub counts: CompareCounts,
    /// The same on the forge; absent when the component has no repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The tab whose job the commits are looked at for; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tab: Option<TabName>,
}

/// One end of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Endpoint {
    /// As asked for.
    pub version: String,
    /// The commit that it names; absent when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitLine>,
    /// Why it is not known; absent when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// When a run first had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<DateTime<Utc>>,
    /// When a run last had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<DateTime<Utc>>,
}

/// How two versions lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The same version.
    Same,
    /// The second is newer.
    Forward,
    /// The second is older.
    Backward,
    /// They are on lines that part.
    Apart,
    /// By when runs first had them, because the history does not tell: the second is newer.
    SeenLater,
    /// The same, the other way.
    SeenEarlier,
    /// Nothing tells.
    Unknown,
}

impl Direction {
    /// Whether going this way takes away what was there.
    pub const fn is_backward(self) -> bool {
        matches!(self, Self::Backward | Self::SeenEarlier)
    }
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CommitLine {
    /// Its repository, `org/name`.
    pub repo: String,
    /// All its digits.
    pub sha: String,
    /// Its first line; of a merge the title of what it brought.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it landed.
    pub time: DateTime<Utc>,
    /// The pull request that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// Its page.
    pub url: String,
    /// How many files it changes.
    pub files_count: u32,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<Revert>,
    /// The commit that takes it back; all its digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverted_by: Option<String>,
    /// What it moves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bumps: Vec<BumpLine>,
    /// How it can reach the tab that is looked at; without one, the tabs whose rows broke, else all that
    /// saw the change.
    pub reach: Reach,
    /// The jobs that it can reach; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_reach: Option<Reached>,
}

/// Something that a commit moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BumpLine {
    /// What, from where to where.
    #[serde(flatten)]
    pub bump: Bump,
    /// How many images move so together; `bump` names the first.
    #[serde(default)]
    pub images: u32,
    /// The component that this is a part of; absent when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Whether it goes to an older version.
    #[serde(default)]
    pub backward: bool,
    /// How many commits lie between; absent when the history does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_count: Option<u32>,
    /// The newest of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream: Vec<UpstreamCommit>,
}

/// A commit behind a bump.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UpstreamCommit {
    /// All its digits.
    pub sha: String,
    /// Its first line.
    pub subject: String,
    /// When it landed.
    pub time: DateTime<Utc>,
    /// Its page.
    pub url: String,
}

/// A tab by the names of its dashboard and itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabName {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
}

/// A version of a component: `GET /api/v2/infra/components/{component}/versions`, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VersionLine {
    /// As runs say it.
    pub version: String,
    /// The commit that it names; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<UpstreamCommit>,
    /// When a run first had it.
    pub first_seen: DateTime<Utc>,
    /// When a run last had it.
    pub last_seen: DateTime<Utc>,
    /// Runs that had it.
    pub runs: u32,
    /// Test groups whose runs had it.
    pub groups: u32,
    /// Tabs that show those.
    pub tabs: u32,
    /// Tabs whose newest run of known version has it.
    pub tabs_now: u32,
}

/// One change of a component in the feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct InfraChange {
    /// The component's name.
    pub component: String,
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// Whether it goes to an older version.
    pub backward: bool,
    /// How many commits lie between; absent when the history does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits: Option<u32>,
    /// What the new version is called; empty when the history does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// When the first run had it.
    pub first: DateTime<Utc>,
    /// The tab of that run.
    pub first_tab: TabName,
    /// That run.
    pub first_build: String,
    /// When the last test group saw the change.
    pub last: DateTime<Utc>,
    /// The tab of that run.
    pub last_tab: TabName,
    /// That run.
    pub last_build: String,
    /// Test groups that saw it.
    pub seen: u32,
    /// Those that it broke.
    pub broke: u32,
    /// Those that fail since where something else explains that as well; none of those that broke.
    #[serde(default)]
    pub perhaps: u32,
    /// Release branches on which it broke something.
    #[serde(default)]
    pub branches_broke: u32,
    /// Of those that it broke, the ones in which the failures began while no product changed.
    #[serde(default)]
    pub broke_infra_only: u32,
    /// Of those that it broke, the ones whose newest run of known version still has it.
    #[serde(default)]
    pub broke_now: u32,
    /// Present where it is likely behind failures that began together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspected: Option<Suspected>,
    /// Those in which rows recovered across it.
    pub fixed: u32,
    /// Rows that broke.
    pub rows_broke: u32,
    /// Rows that recovered.
    pub rows_fixed: u32,
    /// The commit that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought_by: Option<UpstreamCommit>,
    /// What that commit takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<Revert>,
    /// Set where it undid a roll-back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Alarm>,
}

/// Why a change is likely behind failures that began together: what all test groups show, weighed against
/// whatever else may have happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Suspected {
    /// How likely it is that it, or what came in the same runs, is the cause; from 0.5 to 1.
    pub likelihood: f64,
    /// Test groups that show it.
    pub groups: u32,
    /// Release branches that these are of.
    pub branches: u32,
    /// Those of them in which the failures began while no product changed.
    pub infra_only: u32,
    /// Those of them whose newest run of known version still has it.
    pub now: u32,
    /// A tab of each.
    pub tabs: Vec<TabName>,
    /// All their tabs.
    #[serde(skip)]
    pub all_tabs: Vec<TabName>,
}

/// A roll-back that did not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Alarm {
    /// The component's name.
    pub component: String,
    /// How it was undone.
    pub kind: UndoneKind,
    /// The version that was abandoned.
    pub abandoned: String,
    /// The version that it was rolled back to.
    pub good: String,
    /// The version that undid it.
    pub to: String,
    /// The commit that rolled back.
    pub rollback: UpstreamCommit,
    /// The commit that undid it; absent when only runs show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<UpstreamCommit>,
    /// When it was undone.
    pub time: DateTime<Utc>,
    /// The commit that ended that; absent while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<UpstreamCommit>,
    /// Tabs whose runs have had the version since, by name; the first of them.
    pub tabs: Vec<TabName>,
    /// All of them, by name.
    #[serde(skip)]
    pub all_tabs: Vec<TabName>,
    /// How many tabs.
    pub tab_count: u32,
    /// All of it as one sentence.
    pub sentence: String,
}

/// How many runs failed before or outside of their tests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Weather {
    /// Over all runs.
    pub all: WeatherLine,
    /// Per build cluster, worst first: the versions of the components that tell it.
    pub clusters: Vec<WeatherLine>,
    /// Runs that ended in the last 24 hours and are in none of these, because nothing tells their cluster; 0
    /// where no component tells clusters.
    #[serde(default)]
    pub without_cluster: u32,
    /// Per other component and version in use lately, worst first.
    pub versions: Vec<WeatherLine>,
    /// The newest runs that failed so in the last 24 hours.
    pub runs: Vec<WeatherRun>,
}

/// The weather of some runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WeatherLine {
    /// The component; empty for all runs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// Its version; empty for all runs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Runs that ended in the last 24 hours.
    pub runs: u32,
    /// Those that failed, and no test did.
    pub outside: u32,
    /// Runs that ended in the two weeks before.
    pub runs_before: u32,
    /// Those that failed, and no test did.
    pub outside_before: u32,
    /// Whether more of them do so now than before, by more than chance makes likely.
    pub worse: bool,
}

/// A run that failed before or outside of its tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WeatherRun {
    /// Its tab.
    pub tab: TabName,
    /// The build id.
    pub build: String,
    /// When it began.
    pub time: DateTime<Utc>,
    /// Its page; empty when there is none.
    pub url: String,
    /// The build cluster; empty when nothing tells it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
}

/// What the feed of infra changes shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct InfraFeed {
    /// Newest first.
    pub changes: Vec<InfraChange>,
    /// How many there are in all.
    pub total: u32,
    /// Roll-backs that did not hold, newest first.
    pub alarms: Vec<Alarm>,
    /// What deploys say of components, against what runs show: those that drift first.
    pub declared: Vec<Declared>,
    /// How many runs fail before or outside of their tests.
    pub weather: Weather,
    /// The components, each with what is known of its repository.
    pub components: Vec<ComponentLine>,
}

/// A component, with what is known of its repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ComponentLine {
    /// Its name.
    pub name: String,
    /// `org/name`.
    pub repo: String,
    /// How many commits of it are known; absent when it is not mirrored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits: Option<u32>,
    /// When it was last fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<DateTime<Utc>>,
    /// What is wrong with its mirror; empty when nothing is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
}

/// One version of a component, with what it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VersionPage {
    /// The component's name.
    pub component: String,
    /// The version at a glance.
    pub line: VersionLine,
    /// The commit; absent when the history does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitLine>,
    /// The version that most runs had before it; absent when it is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The tabs that have or had it: worst change first.
    pub tabs: Vec<TabUnder>,
    /// Roll-backs that it undid or that left it.
    pub alarms: Vec<Alarm>,
}

/// How a tab fares under a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabUnder {
    /// The tab.
    #[serde(flatten)]
    pub tab: TabName,
    /// When it first had the version.
    pub since: DateTime<Utc>,
    /// That run.
    pub build: String,
    /// Whether its newest run of known version has it.
    pub now: bool,
    /// Runs with it that ended.
    pub runs: u32,
    /// Those of them that failed.
    pub bad: u32,
    /// Up to twenty runs right before it that ended.
    pub runs_before: u32,
    /// Those of them that failed.
    pub bad_before: u32,
}
