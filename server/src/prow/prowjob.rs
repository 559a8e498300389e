//! `prowjob.json`: the job as Prow was asked to run it.

use serde::Deserialize;

use super::json::{or_default, ordered_texts};

/// The object. Only what Seamgrid uses; every key may be missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ProwJob {
    /// Name and labels.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// What was asked for.
    #[serde(deserialize_with = "or_default")]
    pub spec: Spec,
    /// How far it came.
    #[serde(deserialize_with = "or_default")]
    pub status: Status,
}

/// `metadata` of a Kubernetes object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// RFC 3339.
    #[serde(rename = "creationTimestamp", deserialize_with = "or_default")]
    pub creation_timestamp: String,
    /// In the order of the file.
    #[serde(deserialize_with = "ordered_texts")]
    pub labels: Vec<(String, String)>,
}

/// `spec`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// `periodic`, `presubmit`, `postsubmit` or `batch`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// The job's name.
    #[serde(deserialize_with = "or_default")]
    pub job: String,
    /// The build cluster.
    #[serde(deserialize_with = "or_default")]
    pub cluster: String,
    /// The main repository; periodic jobs have none.
    #[serde(deserialize_with = "or_default")]
    pub refs: Option<Refs>,
    /// Further repositories.
    #[serde(deserialize_with = "or_default")]
    pub extra_refs: Vec<Refs>,
    /// What runs.
    #[serde(deserialize_with = "or_default")]
    pub pod_spec: PodSpec,
    /// What runs around it.
    #[serde(deserialize_with = "or_default")]
    pub decoration_config: DecorationConfig,
}

/// One repository and what of it is wanted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Refs {
    /// `kubernetes`.
    #[serde(deserialize_with = "or_default")]
    pub org: String,
    /// `test-infra`.
    #[serde(deserialize_with = "or_default")]
    pub repo: String,
    /// The branch.
    #[serde(deserialize_with = "or_default")]
    pub base_ref: String,
    /// What the branch was at; empty when it is whatever it is.
    #[serde(deserialize_with = "or_default")]
    pub base_sha: String,
    /// Merged into it.
    #[serde(deserialize_with = "or_default")]
    pub pulls: Vec<Pull>,
    /// Whether the repository only helps and is never the main one.
    #[serde(deserialize_with = "or_default")]
    pub auxiliary: bool,
}

/// One pull request.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Pull {
    /// What it was at.
    #[serde(deserialize_with = "or_default")]
    pub sha: String,
}

/// What runs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodSpec {
    /// The job's own containers; in a running pod the sidecar too.
    #[serde(deserialize_with = "or_default")]
    pub containers: Vec<Container>,
    /// What runs before them.
    #[serde(rename = "initContainers", deserialize_with = "or_default")]
    pub init_containers: Vec<Container>,
}

/// One container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Unique within its pod; may be empty in a spec.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The image reference.
    #[serde(deserialize_with = "or_default")]
    pub image: String,
}

/// What runs around a job.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DecorationConfig {
    /// `clonerefs`, `initupload`, `entrypoint`, `sidecar` → image reference.
    #[serde(deserialize_with = "ordered_texts")]
    pub utility_images: Vec<(String, String)>,
}

/// How far the job came.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// RFC 3339.
    #[serde(rename = "startTime", deserialize_with = "or_default")]
    pub start_time: String,
    /// `triggered`, `pending`, `success`, `failure`, `aborted`, `error`.
    #[serde(deserialize_with = "or_default")]
    pub state: String,
}

impl Refs {
    /// `org/repo`; `None` when either is missing.
    pub fn full_name(&self) -> Option<String> {
        (!self.org.is_empty() && !self.repo.is_empty()).then(|| {
            format!(
                "{}/{}",
                self.org.trim_start_matches("https://github.com/"),
                self.repo
            )
        })
    }

    /// What was asked for, as text: the first pull request's commit, else the base's, else empty.
    pub fn sha(&self) -> &str {
        self.pulls
            .iter()
            .map(|pull| pull.sha.as_str())
            .find(|sha| !sha.is_empty())
            .unwrap_or(&self.base_sha)
    }
}

impl ProwJob {
    /// The refs that name the main repository: the job's own, else the first further one that is
    /// not auxiliary.
    pub fn main_refs(&self) -> Option<&Refs> {
        self.spec
            .refs
            .as_ref()
            .filter(|refs| refs.full_name().is_some())
            .or_else(|| self.spec.extra_refs.iter().find(|refs| !refs.auxiliary))
    }
}
