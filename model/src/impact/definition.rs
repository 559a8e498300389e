//! The effective definition of a job, facet by facet.

use std::{collections::HashMap, sync::Arc};

use xxhash_rust::xxh3::xxh3_64;

use super::{
    job::{Job, PRESET_LABEL, PodHashes, except, only, sum},
    reach::{ChangeLabel, Labels},
    tree::{Tree, canonical_duration, canonical_quantity},
};

/// The facets in which two definitions are compared.
const FACETS: [ChangeLabel; 10] = [
    ChangeLabel::Image,
    ChangeLabel::Cluster,
    ChangeLabel::Environment,
    ChangeLabel::UtilityImage,
    ChangeLabel::Preset,
    ChangeLabel::Clone,
    ChangeLabel::Resources,
    ChangeLabel::Timeout,
    ChangeLabel::Setting,
    ChangeLabel::Trigger,
];

/// A job's effective definition: a hash per facet. Equal exactly when the definitions mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Definition {
    facets: [u64; FACETS.len()],
    /// The hash of what a ProwJob of it asks for, as [`run_hash`] finds it in one.
    pub run: u64,
}

impl Definition {
    /// In what two definitions differ.
    pub fn difference(&self, other: &Self) -> Labels {
        FACETS
            .into_iter()
            .zip(self.facets.iter().zip(&other.facets))
            .filter(|(_, (a, b))| a != b)
            .map(|(label, _)| label)
            .collect()
    }
}

/// Environment, volumes and mounts for all jobs with certain labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// All of them must match; none match every job.
    labels: Vec<(String, String)>,
    hash: u64,
    environment: u64,
    volumes: u64,
    mounts: u64,
}

impl Preset {
    /// Digests one entry of `presets`.
    pub fn digest(tree: &Tree) -> Self {
        Self {
            labels: tree
                .get("labels")
                .map(Tree::entries)
                .unwrap_or_default()
                .iter()
                .map(|(key, value)| (key.clone(), value.text().to_owned()))
                .collect(),
            hash: tree.hash(),
            environment: sum(tree.items_of("env")),
            volumes: sum(tree.items_of("volumes")),
            mounts: sum(tree.items_of("volumeMounts")),
        }
    }

    fn covers(&self, job: &Job) -> bool {
        self.labels.iter().all(|label| job.labels.contains(label))
    }
}

/// Decoration settings for the jobs of some repositories and clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecorationDefault {
    /// `*` or empty for all, an organisation, or `org/name`.
    pub repo: String,
    /// `*` or empty for all.
    pub cluster: String,
    /// The settings.
    pub config: Tree,
}

impl DecorationDefault {
    fn covers(&self, job: &Job) -> bool {
        let repo = job.repos.first().map_or("", String::as_str);
        let of_repo = matches!(self.repo.as_str(), "" | "*")
            || repo == self.repo
            || repo
                .strip_prefix(self.repo.as_str())
                .is_some_and(|rest| rest.starts_with('/'));
        of_repo && (matches!(self.cluster.as_str(), "" | "*") || self.cluster == job.cluster)
    }
}

/// What one document of Prow's configuration says about all jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProwSettings {
    /// Whether jobs are decorated that do not say.
    pub decorate_all: bool,
    /// In the order in which they apply: a later one overrides an earlier one.
    pub decoration: Vec<DecorationDefault>,
}

impl ProwSettings {
    /// Digests a document that has `plank`.
    pub fn digest(tree: &Tree) -> Self {
        let empty = Tree::default();
        let plank = tree.get("plank").unwrap_or(&empty);
        // The older form: a mapping by repository, of which the most particular wins.
        let mut decoration: Vec<DecorationDefault> = plank
            .get("default_decoration_configs")
            .map(Tree::entries)
            .unwrap_or_default()
            .iter()
            .map(|(repo, config)| DecorationDefault {
                repo: repo.clone(),
                cluster: String::new(),
                config: config.clone(),
            })
            .collect();
        decoration.sort_by_key(|default| match default.repo.as_str() {
            "" | "*" => 0,
            repo => 1 + usize::from(repo.contains('/')),
        });
        decoration.extend(
            plank
                .items_of("default_decoration_config_entries")
                .iter()
                .map(|entry| DecorationDefault {
                    repo: entry.text_of("repo").to_owned(),
                    cluster: entry.text_of("cluster").to_owned(),
                    config: entry.get("config").cloned().unwrap_or_default(),
                }),
        );
        Self {
            decorate_all: tree.text_of("decorate_all_jobs") == "true"
                || plank.text_of("decorate_all_jobs") == "true",
            decoration,
        }
    }
}

/// What is global at one commit: it has a part in every job's definition.
#[derive(Clone, Debug, Default)]
pub struct Globals {
    presets: Vec<Preset>,
    prow: ProwSettings,
    /// Merged decoration by the defaults that cover a job and the hash of its own.
    merged: HashMap<(Vec<bool>, u64), Arc<Decoration>>,
}

/// The facets of a merged decoration.
#[derive(Debug, Default)]
struct Decoration {
    utility_images: u64,
    timeout: u64,
    rest: u64,
}

impl Decoration {
    fn of(config: &Tree) -> Self {
        const TIMES: &[&str] = &["timeout", "grace_period"];
        let images = config.get("utility_images").cloned().unwrap_or_default();
        let rest = except(config, &["utility_images", "timeout", "grace_period"]);
        Self {
            utility_images: images.hash(),
            timeout: only(config, TIMES).hash_with(&canonical_duration),
            rest: rest.hash_with(&|text| canonical_quantity(&canonical_duration(text))),
        }
    }
}

impl Globals {
    /// The presets of all files in order, and Prow's own configuration.
    pub fn new(presets: Vec<Preset>, prow: ProwSettings) -> Self {
        Self {
            presets,
            prow,
            merged: HashMap::new(),
        }
    }

    /// Whether a job's pods are decorated.
    pub fn decorates(&self, job: &Job) -> bool {
        job.decorate.unwrap_or(self.prow.decorate_all)
    }

    /// The effective definition of a job.
    pub fn define(&mut self, job: &Job) -> Definition {
        let decoration = self.decoration(job);
        let mut pod = job.pod;
        let mut presets = String::new();
        for (key, value) in &job.labels {
            if key.starts_with(PRESET_LABEL) {
                presets.push_str(&format!("{}:{key}{}:{value}", key.len(), value.len()));
            }
        }
        for preset in self.presets.iter().filter(|preset| preset.covers(job)) {
            presets.push_str(&format!("-{:x}", preset.hash));
            let containers = pod.containers as u64;
            let times = |sum: u64| sum.wrapping_mul(containers);
            pod.environment = pod.environment.wrapping_add(times(preset.environment));
            pod.mounts = pod.mounts.wrapping_add(times(preset.mounts));
            pod.volumes = pod.volumes.wrapping_add(preset.volumes);
        }
        let own = &job.own;
        let decorated = u64::from(self.decorates(job));
        Definition {
            facets: [
                own.image,
                xxh3_64(job.cluster.as_bytes()),
                own.environment,
                decoration.utility_images,
                xxh3_64(presets.as_bytes()),
                own.clone,
                own.resources,
                mix(&[decoration.timeout, own.deadline]),
                mix(&[own.setting, decoration.rest, decorated]),
                own.trigger,
            ],
            run: hash_run(&job.cluster, &pod, &decoration),
        }
    }

    fn decoration(&mut self, job: &Job) -> Arc<Decoration> {
        if !self.decorates(job) {
            return Arc::default();
        }
        let defaults = &self.prow.decoration;
        let covering: Vec<bool> = defaults.iter().map(|default| default.covers(job)).collect();
        let own = job.decoration.hash();
        let merged = self
            .merged
            .entry((covering, own))
            .or_insert_with_key(|(covering, _)| {
                let mut config = Tree::default();
                for (default, _) in defaults.iter().zip(covering).filter(|(_, covers)| **covers) {
                    config.overlay(&default.config);
                }
                config.overlay(&job.decoration);
                Arc::new(Decoration::of(&config))
            });
        Arc::clone(merged)
    }
}

fn mix(hashes: &[u64]) -> u64 {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    xxh3_64(&bytes)
}

fn hash_run(cluster: &str, pod: &PodHashes, decoration: &Decoration) -> u64 {
    mix(&[
        xxh3_64(cluster.as_bytes()),
        pod.rest,
        pod.environment,
        pod.volumes,
        pod.mounts,
        pod.clone,
        decoration.utility_images,
        decoration.timeout,
        decoration.rest,
    ])
}

/// The hash of what a ProwJob asks for, from the `spec` of the object: equal to [`Definition::run`] of
/// the definition from which it was made. `None` when it asks for no pod.
pub fn run_hash(spec: &Tree) -> Option<u64> {
    let pod = spec.get("pod_spec").filter(|pod| !pod.is_empty())?;
    let hashes = PodHashes::of(pod, spec.items_of("extra_refs"));
    let decoration = spec
        .get("decoration_config")
        .map_or_else(Decoration::default, Decoration::of);
    let cluster = match spec.text_of("cluster") {
        "" => "default",
        cluster => cluster,
    };
    Some(hash_run(cluster, &hashes, &decoration))
}

#[cfg(test)]
#[path = "definition_tests.rs"]
mod tests;
