//! `truth.json`: what really happened in a simulated world, to compare Seamgrid's answers with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// The world's seed.
    pub seed: u64,
    /// How many days it covers.
    pub days: u32,
    /// `small`, `default`, `kubernetes`.
    pub scale: String,
    /// When the first build may begin, in milliseconds since 1970.
    pub begin_ms: i64,
    /// When the world ends: the time of its observer.
    pub end_ms: i64,
    /// The bucket's name.
    pub bucket: String,
    /// The infra components whose version builds can tell, in the order of `seamgrid.yaml`.
    pub components: Vec<String>,
    /// The git repositories by `org/name`, as paths relative to the world's folder.
    pub repositories: BTreeMap<String, String>,
    /// Every change of a running infra component, oldest first.
    pub deployments: Vec<Deployment>,
    /// By name.
    pub jobs: Vec<JobTruth>,
    /// Commits of the product that broke tests, oldest first.
    pub breakages: Vec<Breakage>,
    /// What the infrastructure or the product did to many jobs at once; null when nothing.
    pub incident: Option<IncidentTruth>,
}

/// From when on which version of a component ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `test-infra-images`, `prow`, `boskos`.
    pub component: String,
    /// The commit of the component's own repository.
    pub version: String,
    /// From when on.
    pub at_ms: i64,
    /// The commit of kubernetes/test-infra that asked for it; null for what ran before the history
    /// begins.
    pub asked_by: Option<String>,
}

/// One job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobTruth {
    /// The job's name, which is its test group's.
    pub name: String,
    /// `bucket/path`, as in the group's `gcs_prefix`.
    pub prefix: String,
    /// `master`, `1.36`.
    pub branch: String,
    /// `(dashboard, tab)`, in the order of the configuration.
    pub tabs: Vec<(String, String)>,
    /// Oldest first.
    pub builds: Vec<BuildTruth>,
}

/// One build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildTruth {
    /// The build id.
    pub build: String,
    /// The build's folder as `bucket/path`.
    pub path: String,
    /// When it began, in whole seconds.
    pub started_ms: i64,
    /// When it ended; null while it runs, and when its `finished.json` is missing.
    pub finished_ms: Option<i64>,
    /// How it ended.
    pub result: BuildResult,
    /// For every infra component what its files say about it and where; null when nothing.
    pub versions: BTreeMap<String, Option<VersionTruth>>,
    /// What was tested: repository → commit of the branch, before any pull request.
    pub product: BTreeMap<String, String>,
    /// The commit of kubernetes/test-infra that last changed what the job is, before the build was asked
    /// for; null when that was before the history begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured_by: Option<String>,
    /// Whether the incident made it fail.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hit_by_incident: bool,
    /// Indexes into [`Truth::breakages`] of the product commits that made tests fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breakages: Vec<usize>,
    /// Rows that failed, or failed at first, for no reason but chance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flakes: Vec<String>,
    /// What is wrong with its files: `malformed_junit`, `unscheduled_pod`, `missing podinfo.json`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// How a build ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildResult {
    /// Everything passed.
    Passed,
    /// Something failed.
    Failed,
    /// It has not ended.
    Running,
}

/// What a build's files say about a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionTruth {
    /// The whole commit, though the file may abbreviate it.
    pub commit: String,
    /// The best source that says it, in the words of `model::infra::Source`.
    pub source: String,
}

/// A product commit that broke tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakage {
    /// `org/name`.
    pub repo: String,
    /// The branch it landed on.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// The commit that mended it; null when it is still broken.
    pub fixed_by: Option<String>,
    /// When the commit landed.
    pub from_ms: i64,
    /// When the mend landed.
    pub to_ms: Option<i64>,
    /// The tests, as in JUnit cases.
    pub tests: Vec<String>,
    /// `job/build` of all builds in which they failed.
    pub builds: Vec<String>,
}

/// The incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentTruth {
    /// `boskos`, `image-bump`, `product`, `outage`.
    pub kind: String,
    /// What is to blame: a component, `org/name` of the product, or a cluster.
    pub culprit: String,
    /// The culprit's bad version; null when no commit is to blame.
    pub bad_version: Option<String>,
    /// The version before it.
    pub good_version: Option<String>,
    /// When it was bad, oldest first.
    pub periods: Vec<IncidentPeriod>,
    /// Names of the jobs in which builds failed through it.
    pub jobs: Vec<String>,
    /// `job/build` of those builds.
    pub builds: Vec<String>,
}

/// One time during which the bad version ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentPeriod {
    /// From when on.
    pub from_ms: i64,
    /// Until when.
    pub to_ms: i64,
    /// The commit that brought it, in the repository that deploys (kubernetes/test-infra, or the
    /// product's); null when no commit did.
    pub began_with: Option<String>,
    /// The commit that ended it.
    pub ended_with: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}
