//! What reaches jobs: where they are configured, what else they use, where their images are built.

use model::impact::ChangeLabel;
use serde::{Deserialize, Serialize};

/// The repository that configures the jobs. It is read where a component or an entry of `repositories`
/// says where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobConfigurationSettings {
    /// `org/name`.
    pub repo: String,
    /// The branch in force; the default branch when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Folders or files with jobs and presets.
    pub jobs: Vec<String>,
    /// Folders or files with Prow's own configuration.
    pub prow: Vec<String>,
    /// The folder with a folder per image that is built there; absent for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<String>,
    /// How far back commits are read, in days.
    pub days: u32,
    /// How soon after a merge the configuration is in force at the earliest, in seconds.
    pub least_lag_secs: u32,
    /// How late after a merge it is in force at the latest, in seconds.
    pub most_lag_secs: u32,
}

impl Default for JobConfigurationSettings {
    fn default() -> Self {
        Self {
            repo: "kubernetes/test-infra".into(),
            branch: None,
            jobs: vec!["config/jobs".into()],
            prow: vec!["config/prow/config.yaml".into()],
            images: Some("images".into()),
            days: 90,
            least_lag_secs: 0,
            most_lag_secs: 1800,
        }
    }
}

/// Paths of a repository reach jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachRule {
    /// `org/name`.
    pub repo: String,
    /// Patterns of paths, in which `*` is any text; one must match.
    pub paths: Vec<String>,
    /// What the paths are part of, for people.
    pub component: String,
    /// Which jobs it reaches; one must match, and none means all jobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobMatch>,
    /// By what it reaches them, where they run it themselves. Absent where it is a service that runs
    /// beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ChangeLabel>,
}

/// Which jobs. Everything that is said must match; of a list one entry, in which `*` is any text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobMatch {
    /// Patterns of names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Patterns of build clusters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// Patterns of labels' keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Patterns of images, without tag and digest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Patterns of `org/name` of repositories that the job clones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repos: Vec<String>,
    /// Texts that stand in commands, arguments or environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Whether Prow's utility images decorate it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decorated: Option<bool>,
}

/// Where some images are built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSource {
    /// Patterns of images, without tag and digest, in which `*` is any text.
    pub images: Vec<String>,
    /// `org/name` of the repository whose commits their tags name.
    pub repo: String,
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

const BOSKOS: &str = "kubernetes-sigs/boskos";
const PROW: &str = "kubernetes-sigs/prow";
const TEST_INFRA: &str = "kubernetes/test-infra";

/// What reaches the jobs of Kubernetes beside their definitions.
pub(super) fn default_rules() -> Vec<ReachRule> {
    let leasing = vec![
        JobMatch {
            labels: texts(&["preset-*boskos*"]),
            ..JobMatch::default()
        },
        JobMatch {
            words: texts(&["boskos"]),
            ..JobMatch::default()
        },
    ];
    let rule = |repo: &str, paths: &[&str], component: &str| ReachRule {
        repo: repo.to_owned(),
        paths: texts(paths),
        component: component.to_owned(),
        jobs: Vec::new(),
        by: None,
    };
    vec![
        ReachRule {
            jobs: leasing.clone(),
            ..rule(TEST_INFRA, &["config/prow/cluster/*boskos*"], "boskos")
        },
        ReachRule {
            jobs: leasing,
            ..rule(BOSKOS, &["*"], "boskos")
        },
        // What starts pods, watches them and tells of them.
        rule(
            TEST_INFRA,
            &[
                "config/prow/cluster/prow_controller_manager*",
                "config/prow/cluster/prow-controller-manager*",
                "config/prow/cluster/crier*",
                "config/prow/cluster/ghproxy*",
                "config/prow/cluster/hook*",
                "config/prow/cluster/horologium*",
                "config/prow/cluster/sinker*",
            ],
            "prow",
        ),
        ReachRule {
            jobs: vec![JobMatch {
                decorated: Some(true),
                ..JobMatch::default()
            }],
            by: Some(ChangeLabel::UtilityImage),
            ..rule(
                PROW,
                &[
                    "cmd/clonerefs/*",
                    "cmd/entrypoint/*",
                    "cmd/initupload/*",
                    "cmd/sidecar/*",
                    "pkg/clonerefs/*",
                    "pkg/entrypoint/*",
                    "pkg/initupload/*",
                    "pkg/sidecar/*",
                    "pkg/gcsupload/*",
                    "pkg/pod-utils/*",
                    "pkg/io/*",
                    "go.mod",
                ],
                "prow",
            )
        },
        rule(
            PROW,
            &[
                "cmd/crier/*",
                "cmd/hook/*",
                "cmd/horologium/*",
                "cmd/prow-controller-manager/*",
                "cmd/sinker/*",
                "pkg/apis/*",
                "pkg/config/*",
                "pkg/crier/*",
                "pkg/kube/*",
                "pkg/pjutil/*",
                "pkg/plank/*",
                "pkg/scheduler/*",
                "pkg/trigger/*",
            ],
            "prow",
        ),
    ]
}

/// Where the images of Kubernetes' jobs are built.
pub(super) fn default_images() -> Vec<ImageSource> {
    let source = |images: &[&str], repo: &str| ImageSource {
        images: texts(images),
        repo: repo.to_owned(),
    };
    vec![
        source(
            &["*/k8s-testimages/*", "*/k8s-staging-test-infra/*"],
            TEST_INFRA,
        ),
        source(&["*/k8s-infra-prow/*", "*/k8s-prow/*"], PROW),
        source(&["*/k8s-staging-boskos/*"], BOSKOS),
        source(
            &["*/k8s-staging-slack-infra/*"],
            "kubernetes-sigs/slack-infra",
        ),
        source(&["*/k8s-staging-apisnoop/*"], "cncf/apisnoop"),
        source(&["*/infra-tools/octodns"], "kubernetes/k8s.io"),
    ]
}
