//! What Prow's own configuration says about all jobs: their bucket and the address of their pages.

use super::{
    LoadOptions,
    decode::Problems,
    jobs::Job,
    yaml::{Kind, Node},
};

/// The parts of a Prow configuration that decide where builds are.
#[derive(Clone, Debug, Default)]
pub(super) struct ProwConfig {
    /// In the order applied: a later one that matches overrides an earlier one.
    storage: Vec<Storage>,
    /// Address prefixes by `*`, organisation or `org/name`.
    job_url_prefixes: Vec<(String, String)>,
}

/// Where the builds of some jobs are.
#[derive(Clone, Debug)]
struct Storage {
    /// `*` or empty for all, an organisation, or `org/name`.
    repo: String,
    /// `*` or empty for all.
    cluster: String,
    bucket: Option<String>,
    path_prefix: Option<String>,
}

impl ProwConfig {
    /// Reads a document that has `plank`.
    pub(super) fn parse(document: &Node, problems: &mut Problems<'_>) -> Self {
        let mut config = Self::default();
        let Some(plank) = document.get("plank") else {
            return config;
        };
        if !matches!(plank.kind, Kind::Mapping(_)) {
            problems.expected("plank", "a mapping", plank);
            return config;
        }
        // The older form: a mapping by repository, of which the most particular wins.
        let by_repo = plank.get("default_decoration_configs");
        let mut entries: Vec<_> = by_repo
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .collect();
        entries.sort_by_key(|entry| specificity(&entry.key));
        for entry in entries {
            config.add_storage(&entry.key, "", &entry.value);
        }
        for entry in plank
            .get("default_decoration_config_entries")
            .map(Node::items)
            .unwrap_or_default()
        {
            let text = |key: &str| entry.get(key).and_then(Node::text).unwrap_or_default();
            if let Some(decoration) = entry.get("config") {
                config.add_storage(text("repo"), text("cluster"), decoration);
            }
        }
        for entry in plank
            .get("job_url_prefix_config")
            .map(Node::entries)
            .unwrap_or_default()
        {
            if let Some(prefix) = entry.value.text() {
                config
                    .job_url_prefixes
                    .push((entry.key.clone(), prefix.to_owned()));
            }
        }
        config
            .job_url_prefixes
            .sort_by_key(|(repo, _)| specificity(repo));
        config
    }

    fn add_storage(&mut self, repo: &str, cluster: &str, decoration: &Node) {
        let Some(storage) = decoration.get("gcs_configuration") else {
            return;
        };
        let text = |key: &str| storage.get(key).and_then(Node::text).map(str::to_owned);
        self.storage.push(Storage {
            repo: repo.to_owned(),
            cluster: cluster.to_owned(),
            bucket: text("bucket"),
            path_prefix: text("path_prefix"),
        });
    }

    /// The bucket and folder of a job, without a scheme and without a slash at either end: the job's own,
    /// Prow's, or the option's.
    pub(super) fn bucket_path(&self, job: &Job, options: &LoadOptions) -> String {
        let mut bucket = options.bucket.as_str();
        let mut path_prefix = "";
        for storage in &self.storage {
            let cluster = matches!(storage.cluster.as_str(), "" | "*")
                || storage.cluster == job.cluster
                || (job.cluster.is_empty() && storage.cluster == "default");
            if cluster && covers(&storage.repo, &job.repo) {
                bucket = storage.bucket.as_deref().unwrap_or(bucket);
                path_prefix = storage.path_prefix.as_deref().unwrap_or(path_prefix);
            }
        }
        bucket = job.bucket.as_deref().unwrap_or(bucket);
        path_prefix = job.path_prefix.as_deref().unwrap_or(path_prefix);
        let bucket = bucket.split_once("://").map_or(bucket, |(_, path)| path);
        [bucket, path_prefix]
            .into_iter()
            .map(|part| part.trim_matches('/'))
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// The beginning of the addresses of a job's builds, without a slash at its end; empty for none.
    pub(super) fn job_url_prefix<'a>(&'a self, job: &Job, options: &'a LoadOptions) -> &'a str {
        let configured = self
            .job_url_prefixes
            .iter()
            .rev()
            .find(|(repo, _)| covers(repo, &job.repo))
            .map(|(_, prefix)| prefix.as_str());
        configured
            .unwrap_or(&options.job_url_prefix)
            .trim_end_matches('/')
            .trim_end_matches("/gs")
    }
}

/// 0 for all, 1 for an organisation, 2 for a repository.
fn specificity(repo: &str) -> usize {
    match repo {
        "" | "*" => 0,
        _ => 1 + usize::from(repo.contains('/')),
    }
}

/// Whether `*`, an organisation or `org/name` covers a repository.
fn covers(pattern: &str, repo: &str) -> bool {
    match pattern {
        "" | "*" => true,
        _ if pattern == repo => true,
        _ => repo
            .strip_prefix(pattern)
            .is_some_and(|rest| rest.starts_with('/')),
    }
}
