//! `seamgrid.yaml`: where the configuration and the buckets are, what counts as infrastructure.

mod check;
mod load;
mod reach;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use load::{DEFAULT_FILE, SettingsError, SettingsProblem, load_settings, parse_settings};
pub use reach::{ImageSource, JobConfigurationSettings, JobMatch, ReachRule};
use serde::{Deserialize, Serialize};

/// The whole file. Every part has a default, which suits the Kubernetes layout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What to show.
    pub testgrid: TestgridSettings,
    /// Where `gcs_prefix` is looked up; the longest matching prefix wins.
    pub buckets: Vec<BucketSettings>,
    /// How dashboards belong to release branches.
    pub releases: ReleaseSettings,
    /// What counts as infrastructure.
    pub infra: InfraSettings,
    /// Further repositories to mirror: those of the products.
    pub repositories: Vec<RepositorySettings>,
    /// How results are kept fresh.
    pub update: UpdateSettings,
    /// What may be sent to the server.
    pub push: PushSettings,
    /// Where the rules differ from TestGrid's on purpose.
    pub rules: RuleSettings,
}

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TestgridSettings {
    /// TestGrid YAML trees; relative paths are relative to the settings file.
    pub config: Vec<PathBuf>,
    /// Prow job trees, whose annotations make tabs.
    pub prow_jobs: Vec<PathBuf>,
    /// What clients of TestGrid's API call this configuration in `?scope=`.
    pub scope: String,
}

impl Default for TestgridSettings {
    fn default() -> Self {
        Self {
            config: vec!["config/testgrids".into()],
            prow_jobs: vec!["config/jobs".into()],
            scope: "gs://k8s-testgrid".into(),
        }
    }
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// The beginning of `gcs_prefix`: normally the bucket's name.
    pub prefix: String,
    /// Where it is: `file:///srv/ci`. Stands in place of `prefix`.
    pub url: String,
    /// `auto`, `anonymous`, or `file: path`, also as a map.
    #[serde(default, deserialize_with = "credentials")]
    pub credentials: Option<String>,
    /// A base URL to use instead of the store's own, for emulators.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// How many groups of it are looked at at once. Where there are several buckets, without it at most
    /// three quarters of `update.parallel`.
    #[serde(default)]
    pub parallel: Option<usize>,
}

/// A text, or the map `{file: path}` as `file: path`.
fn credentials<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        File { file: String },
    }
    Ok(match Option::<Form>::deserialize(deserializer)? {
        None => None,
        Some(Form::Text(text)) => Some(text),
        Some(Form::File { file }) => Some(format!("file: {file}")),
    })
}

/// How dashboards belong to release branches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReleaseSettings {
    /// A regular expression with the groups `branch` and `tier`.
    pub dashboard_pattern: String,
}

impl Default for ReleaseSettings {
    fn default() -> Self {
        Self {
            dashboard_pattern:
                r"^sig-release-(?P<branch>master|\d+\.\d+)-(?P<tier>blocking|informing)$".into(),
        }
    }
}

/// What counts as infrastructure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InfraSettings {
    /// In the order shown.
    pub components: Vec<ComponentSettings>,
    /// Where the jobs are configured.
    pub job_configuration: JobConfigurationSettings,
    /// How paths of repositories reach jobs that their definitions do not tell.
    pub reach: Vec<ReachRule>,
    /// Where images are built.
    pub images: Vec<ImageSource>,
}

/// One infra component, and how each run's version of it is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentSettings {
    /// Its name in grids.
    pub name: String,
    /// `org/name`, used in links; empty for what has none, such as a cluster.
    #[serde(default)]
    pub repo: String,
    /// Path or URL of the repository to mirror.
    #[serde(default)]
    pub git: Option<String>,
    /// Tried in order; the first that yields wins and is recorded as the source.
    pub from: Vec<VersionRule>,
}

/// One way to find the version of a component in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionRule {
    /// This key of `finished.json`'s `metadata` or of the job's `metadata.json`.
    Metadata(String),
    /// The commit of this `org/name` in `clone-records.json`.
    CloneRecord(String),
    /// The commit of this `org/name` in `started.json`'s `repos`.
    StartedRepo(String),
    /// The commit in the tag of a job image that matches one of these patterns (`*` is any text).
    ImageTag(Vec<String>),
    /// The commit in the tag of the utility images.
    UtilityImageTag(bool),
    /// The commit that last changed the job's configuration, inferred from when it merged.
    JobConfiguration(bool),
    /// The build cluster that the ProwJob was to run on.
    Cluster(bool),
    /// What reports of deploys say it was in the environments that match this pattern (`*` is any text).
    Deploys(String),
}

impl Default for InfraSettings {
    fn default() -> Self {
        let test_infra = "kubernetes/test-infra";
        Self {
            components: vec![
                ComponentSettings {
                    name: "test-infra".into(),
                    repo: test_infra.into(),
                    git: None,
                    from: vec![
                        VersionRule::Metadata("infra-commit".into()),
                        VersionRule::CloneRecord(test_infra.into()),
                        VersionRule::StartedRepo(test_infra.into()),
                        VersionRule::ImageTag(vec![
                            "*/k8s-testimages/*".into(),
                            "*/k8s-staging-test-infra/*".into(),
                        ]),
                    ],
                },
                ComponentSettings {
                    name: "prow".into(),
                    repo: "kubernetes-sigs/prow".into(),
                    git: None,
                    from: vec![VersionRule::UtilityImageTag(true)],
                },
            ],
            job_configuration: JobConfigurationSettings::default(),
            reach: reach::default_rules(),
            images: reach::default_images(),
        }
    }
}

/// A repository to mirror that belongs to no infra component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositorySettings {
    /// `org/name`, as builds name it.
    pub repo: String,
    /// Path or URL of the repository to mirror.
    pub git: String,
}

/// How results are kept fresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateSettings {
    /// Seconds between two looks at a group.
    pub poll_secs: u64,
    /// How many groups are read at once.
    pub parallel: usize,
    /// How far back, for groups that do not say.
    pub days_of_results: u32,
    /// How many seconds the groups of a process that is gone wait for another; a process that lives
    /// prolongs its leases four times as often.
    pub lease_secs: u64,
    /// Where repositories are mirrored; absent for a folder beside the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirrors: Option<PathBuf>,
}

impl Default for UpdateSettings {
    fn default() -> Self {
        Self {
            poll_secs: 300,
            parallel: 8,
            days_of_results: 15,
            lease_secs: 20,
            mirrors: None,
        }
    }
}

/// What may be sent to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushSettings {
    /// The largest upload, in bytes.
    pub max_bytes: u64,
    /// Names of test groups whose runs are uploaded, `*` for any text: they need not say where they are read
    /// from. Any group takes uploads.
    pub groups: Vec<String>,
    /// A file with the secret that notifications of a bucket carry.
    pub secret_file: Option<PathBuf>,
    /// How tokens of notifications are verified.
    pub oidc: Option<OidcSettings>,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            groups: Vec::new(),
            secret_file: None,
            oidc: None,
        }
    }
}

/// Who signs the tokens of notifications, for whom and on whose behalf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The audience that the tokens must name.
    pub audience: String,
    /// The service accounts that may notify.
    pub emails: Vec<String>,
    /// Who signs.
    #[serde(default = "google")]
    pub issuer: String,
    /// The signer's keys as a JSON Web Key Set: a file, or an address that is asked now and then.
    pub keys: String,
}

fn google() -> String {
    "https://accounts.google.com".to_owned()
}

/// Where the rules differ from TestGrid's on purpose. Each can be set to what TestGrid does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSettings {
    /// When a tab is looked at for whether it is stale.
    pub staleness: StalenessRule,
    /// A tab that configures no `alert_stale_results_hours` is stale when its newest run began longer
    /// ago than so many of the job's own intervals. 0 for never, as TestGrid has it.
    pub stale_intervals: u32,
    /// What a zero or `false` in the configuration means where there is a default.
    pub explicit_zero: ZeroRule,
    /// What makes a row the same row.
    pub row_identity: IdentityRule,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            staleness: StalenessRule::Clock,
            stale_intervals: 3,
            explicit_zero: ZeroRule::Overrides,
            row_identity: IdentityRule::Id,
        }
    }
}

/// When a tab is looked at for whether it is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StalenessRule {
    /// Every minute, whether or not anything happens.
    Clock,
    /// When its results change, as TestGrid has it: a stopped updater makes nothing stale.
    Change,
}

/// What a zero or `false` in the configuration means where there is a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroRule {
    /// What it says.
    Overrides,
    /// Nothing, so that the default stands, as TestGrid has it.
    Unset,
}

/// What makes a row the same row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityRule {
    /// The test's own name: a row keeps its history when what it is called in the grid changes.
    Id,
    /// What it is called in the grid, as TestGrid has it.
    Name,
}
