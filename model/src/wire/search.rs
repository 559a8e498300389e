//! Search, and one test across all tabs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    grid::VersionOf,
    summary::TabStatus,
    wire::{ColumnState, DashboardRef},
};

/// What a search found, by kind: `GET /api/v2/search?q=…`. Each list is best first and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Found {
    /// What was searched for instead, because nothing holds the words as they were written; absent when
    /// something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<String>,
    /// Dashboards.
    pub dashboards: Vec<DashboardRef>,
    /// Tabs.
    pub tabs: Vec<TabRef>,
    /// Tests.
    pub tests: Vec<TestRef>,
    /// There are more tests than these.
    pub more_tests: bool,
    /// Builds whose id begins so, newest first.
    pub builds: Vec<BuildRef>,
    /// Commits of the mirrored repositories: those whose digits begin so, then the newest that are called
    /// so.
    pub commits: Vec<CommitRef>,
    /// Issues that are linked to rows, by their address or title, newest first.
    pub bugs: Vec<BugRef>,
}

impl Found {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.dashboards.is_empty()
            && self.tabs.is_empty()
            && self.tests.is_empty()
            && self.builds.is_empty()
            && self.commits.is_empty()
            && self.bugs.is_empty()
    }
}

/// A tab in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabRef {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The tab's status.
    pub status: TabStatus,
}

/// A test in a list: `GET /api/v2/tests?q=…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TestRef {
    /// Its name.
    pub name: String,
    /// How many test groups run it.
    pub group_count: u32,
    /// How many tabs show those groups.
    pub tab_count: u32,
}

/// A build in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BuildRef {
    /// The build id.
    pub build: String,
    /// The test group that it is a run of.
    pub test_group: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// A tab that shows it: dashboard and tab; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tab: Option<TabRef>,
}

/// A commit in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CommitRef {
    /// Its repository, `org/name`.
    pub repo: String,
    /// The component whose versions are commits of that repository: its name, or the repository.
    pub component: String,
    /// All its digits.
    pub sha: String,
    /// The first parent, all its digits; absent for a root and where the history begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Its first line; of a merge the title of what it brought.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// When it landed.
    pub time: DateTime<Utc>,
    /// Its page.
    pub url: String,
}

/// An issue in a list, with a row that it is linked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BugRef {
    /// Its address: a web page.
    pub url: String,
    /// What people call it.
    pub text: String,
    /// The identity of the row.
    pub row: String,
    /// A tab that shows the row's test group; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tab: Option<TabRef>,
}

/// One test across all tabs: `GET /api/v2/tests/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TestPage {
    /// Its name.
    pub name: String,
    /// The tabs that show it: those of release branches first, newest branch first; then by name.
    pub tabs: Vec<TestOnTab>,
    /// How many further tabs of groups that run the test are left out.
    pub left_out: u32,
}

/// One test on one tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TestOnTab {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The release branch of the dashboard; empty for others.
    pub branch: String,
    /// Failures in a row, when that is enough for an alert; else 0.
    pub fail_count: u32,
    /// The build in which the alert began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_fail_build: Option<String>,
    /// The runs of the tab, newest first; at most sixty.
    pub runs: Vec<TestRun>,
}

/// One test in one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TestRun {
    /// The build id.
    pub build: String,
    /// When the build began.
    pub started: DateTime<Utc>,
    /// What the test's cell says.
    pub state: ColumnState,
    /// What it says in words; absent when nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Every infra component, in the order of the configuration; `version` is null when unknown.
    pub infra: Vec<VersionOf>,
    /// Every product repository of the tab, by name.
    pub product: Vec<VersionOf>,
}
