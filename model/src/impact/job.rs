//! One job's own settings, digested so that its effective definition follows from them and from what
//! is global without looking at the configuration again.

use xxhash_rust::xxh3::xxh3_64;

use super::{
    script::path_words,
    tree::{Tree, canonical_quantity},
};

/// When a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobKind {
    /// By the clock.
    Periodic,
    /// After a merge.
    Postsubmit,
    /// Before a merge.
    Presubmit,
}

/// What tells one job from another. Several jobs may share a name, one for some branches each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobKey {
    /// When it runs.
    pub kind: JobKind,
    /// `org/name` of the repository it belongs to; empty for periodic jobs.
    pub repo: String,
    /// Its name, which is its test group's.
    pub name: String,
    /// The patterns of branches it is for, in order.
    pub branches: Vec<String>,
}

/// One job's own settings, digested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What tells it from others.
    pub key: JobKey,
    /// Labels and their values.
    pub labels: Vec<(String, String)>,
    /// The build cluster.
    pub cluster: String,
    /// Image references of all containers, in order.
    pub images: Vec<String>,
    /// `org/name` of every repository that is cloned; the one it runs in comes first.
    pub repos: Vec<String>,
    /// Words of its commands, arguments and environment that may be paths.
    pub words: Vec<String>,
    /// All its commands, arguments and environment, for searching.
    pub script: String,
    /// Whether pods are decorated, where it says so.
    pub decorate: Option<bool>,
    /// Its own decoration settings.
    pub decoration: Tree,
    pub(super) own: OwnHashes,
    pub(super) pod: PodHashes,
}

/// Hashes of those facets that nothing global has a part in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnHashes {
    pub image: u64,
    pub environment: u64,
    pub clone: u64,
    pub resources: u64,
    pub setting: u64,
    pub trigger: u64,
    pub deadline: u64,
}

/// Hashes of the pod as it is asked for. Environment, volumes and mounts are sums over their entries,
/// so that a preset's can be added in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PodHashes {
    pub rest: u64,
    pub environment: u64,
    pub volumes: u64,
    pub mounts: u64,
    pub clone: u64,
    pub containers: usize,
}

/// Keys that say when a job runs and what of its outcome is told.
const TRIGGERS: &[&str] = &[
    "interval",
    "minimum_interval",
    "cron",
    "always_run",
    "run_if_changed",
    "skip_if_only_changed",
    "skip_run_on_fork",
    "branches",
    "skip_branches",
    "optional",
    "skip_report",
    "trigger",
    "rerun_command",
    "rerun_auth_config",
    "context",
    "max_concurrency",
    "job_queue_name",
    "run_before_merge",
    "tags",
    "run_after_success",
];

/// Keys that say what is cloned.
const CLONES: &[&str] = &[
    "extra_refs",
    "path_alias",
    "clone_uri",
    "clone_depth",
    "skip_submodules",
    "skip_fetch_head",
];

/// Keys that only people read.
const SILENT: &[&str] = &["annotations", "description", "name"];

/// The beginning of labels that choose presets.
pub(super) const PRESET_LABEL: &str = "preset-";

impl Job {
    /// Digests the settings of one job, the mapping `tree`, which belongs to `repo` (`org/name`; empty
    /// for periodic jobs). `None` when it has no name.
    pub fn digest(kind: JobKind, repo: &str, tree: &Tree) -> Option<Self> {
        let name = tree.text_of("name");
        if name.is_empty() {
            return None;
        }
        let empty = Tree::default();
        let spec = tree.get("spec").unwrap_or(&empty);
        let labels: Vec<(String, String)> = tree
            .get("labels")
            .map(Tree::entries)
            .unwrap_or_default()
            .iter()
            .map(|(key, value)| (key.clone(), value.text().to_owned()))
            .collect();
        let pick = |keys: &[&str]| {
            let chosen = tree.entries().iter();
            Tree::Map(
                chosen
                    .filter(|(key, _)| keys.contains(&key.as_str()))
                    .cloned()
                    .collect(),
            )
        };
        let mut script = String::new();
        for container in containers(spec) {
            push_script(container, &mut script);
        }
        let mut repos: Vec<String> = (!repo.is_empty())
            .then(|| repo.to_owned())
            .into_iter()
            .collect();
        for reference in tree.items_of("extra_refs") {
            let name = format!("{}/{}", reference.text_of("org"), reference.text_of("repo"));
            if !repos.contains(&name) {
                repos.push(name);
            }
        }
        let cluster = match tree.text_of("cluster") {
            "" => "default",
            cluster => cluster,
        };
        Some(Self {
            key: JobKey {
                kind,
                repo: repo.to_owned(),
                name: name.to_owned(),
                branches: tree
                    .items_of("branches")
                    .iter()
                    .map(|branch| branch.text().to_owned())
                    .collect(),
            },
            cluster: cluster.to_owned(),
            images: containers(spec)
                .map(|container| container.text_of("image").to_owned())
                .filter(|image| !image.is_empty())
                .collect(),
            repos,
            words: path_words(&script),
            script,
            decorate: match tree.text_of("decorate") {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            decoration: tree.get("decoration_config").cloned().unwrap_or_default(),
            own: OwnHashes {
                image: each(spec, |container| {
                    Tree::Text(container.text_of("image").to_owned())
                })
                .hash(),
                environment: each(spec, |container| {
                    only(
                        container,
                        &["command", "args", "env", "envFrom", "workingDir"],
                    )
                })
                .hash(),
                clone: pick(CLONES).hash(),
                resources: each(spec, |container| only(container, &["resources"]))
                    .hash_with(&canonical_quantity),
                setting: setting(tree, spec, &labels).hash(),
                trigger: pick(TRIGGERS).hash(),
                deadline: only(spec, &["activeDeadlineSeconds"]).hash(),
            },
            pod: PodHashes::of(spec, tree.items_of("extra_refs")),
            labels,
        })
    }
}

/// What has no facet of its own.
fn setting(tree: &Tree, spec: &Tree, labels: &[(String, String)]) -> Tree {
    const ELSEWHERE: &[&str] = &["spec", "labels", "cluster", "decorate", "decoration_config"];
    const OF_CONTAINER: &[&str] = &[
        "image",
        "command",
        "args",
        "env",
        "envFrom",
        "workingDir",
        "resources",
    ];
    let mut rest: Vec<(String, Tree)> = tree
        .entries()
        .iter()
        .filter(|(key, _)| {
            let key = key.as_str();
            !(SILENT.contains(&key)
                || ELSEWHERE.contains(&key)
                || TRIGGERS.contains(&key)
                || CLONES.contains(&key))
        })
        .cloned()
        .collect();
    let labels: Vec<(String, Tree)> = labels
        .iter()
        .filter(|(key, _)| !key.starts_with(PRESET_LABEL))
        .map(|(key, value)| (key.clone(), Tree::Text(value.clone())))
        .collect();
    rest.push(("labels".to_owned(), Tree::Map(labels)));
    rest.push((
        "containers".to_owned(),
        each(spec, |container| except(container, OF_CONTAINER)),
    ));
    rest.push((
        "pod".to_owned(),
        except(
            spec,
            &["containers", "initContainers", "activeDeadlineSeconds"],
        ),
    ));
    Tree::Map(rest)
}

/// The containers of a pod, those that run first at the end.
fn containers(spec: &Tree) -> impl Iterator<Item = &Tree> {
    ["containers", "initContainers"]
        .into_iter()
        .flat_map(|key| spec.items_of(key))
}

/// A list with something of each container. Names keep init containers apart.
fn each(spec: &Tree, of: impl Fn(&Tree) -> Tree) -> Tree {
    Tree::Map(
        ["containers", "initContainers"]
            .into_iter()
            .map(|key| {
                let items: Vec<Tree> = spec.items_of(key).iter().map(&of).collect();
                (key.to_owned(), Tree::List(items))
            })
            .collect(),
    )
}

pub(super) fn only(tree: &Tree, keys: &[&str]) -> Tree {
    let entries = tree.entries().iter();
    Tree::Map(
        entries
            .filter(|(key, _)| keys.contains(&key.as_str()))
            .cloned()
            .collect(),
    )
}

pub(super) fn except(tree: &Tree, keys: &[&str]) -> Tree {
    let entries = tree.entries().iter();
    Tree::Map(
        entries
            .filter(|(key, _)| !keys.contains(&key.as_str()))
            .cloned()
            .collect(),
    )
}

fn push_script(container: &Tree, script: &mut String) {
    let command = ["command", "args"]
        .into_iter()
        .flat_map(|key| container.items_of(key))
        .map(Tree::text);
    let environment = container
        .items_of("env")
        .iter()
        .flat_map(|entry| [entry.text_of("name"), entry.text_of("value")]);
    for text in command.chain(environment) {
        script.push_str(text);
        script.push('\n');
    }
}

/// The sum of the hashes of some entries, which is the same in any order.
pub(super) fn sum(entries: &[Tree]) -> u64 {
    entries
        .iter()
        .fold(0, |sum, entry| sum.wrapping_add(entry.hash()))
}

impl PodHashes {
    /// The hashes of a pod as it is asked for, and of what is cloned beside the main repository.
    pub(super) fn of(spec: &Tree, extra_refs: &[Tree]) -> Self {
        // What a run fills in: the commits, and the pull requests.
        const OF_A_RUN: &[&str] = &["base_sha", "base_link", "pulls", "repo_link", "author"];
        let mut pod = Self::default();
        let mut rest = String::new();
        for container in containers(spec) {
            pod.containers += 1;
            pod.environment = pod.environment.wrapping_add(sum(container.items_of("env")));
            pod.mounts = pod
                .mounts
                .wrapping_add(sum(container.items_of("volumeMounts")));
            let plain = except(container, &["env", "volumeMounts", "resources", "name"]);
            let resources = only(container, &["resources"]).hash_with(&canonical_quantity);
            rest.push_str(&format!("{:x}-{resources:x}-", plain.hash()));
        }
        let plain = except(spec, &["containers", "initContainers", "volumes"]);
        rest.push_str(&format!("{:x}", plain.hash()));
        pod.rest = xxh3_64(rest.as_bytes());
        pod.volumes = sum(spec.items_of("volumes"));
        let refs: Vec<Tree> = extra_refs
            .iter()
            .map(|reference| except(reference, OF_A_RUN))
            .collect();
        pod.clone = Tree::List(refs).hash();
        pod
    }
}
