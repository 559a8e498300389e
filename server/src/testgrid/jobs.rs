//! Prow jobs: only what TestGrid's annotations need; everything else in a job is skipped.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    decode::{Decode, Problems},
    document::Place,
    yaml::{Kind, Node},
};

/// When a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum JobKind {
    /// By the clock.
    Periodic,
    /// After a merge.
    Postsubmit,
    /// Before a merge.
    Presubmit,
}

impl JobKind {
    /// As Prow calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Periodic => "periodic",
            Self::Postsubmit => "postsubmit",
            Self::Presubmit => "presubmit",
        }
    }
}

/// One job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// When it runs.
    pub kind: JobKind,
    /// Identity, though several branches may share one name.
    pub name: String,
    /// Where it begins.
    pub place: Place,
    /// `org/name` of the repository it tests, or of its first extra reference; empty when it has none.
    pub repo: String,
    /// Texts and lines by key.
    pub annotations: BTreeMap<String, (String, u32)>,
    /// The build cluster; empty for the default one.
    pub cluster: String,
    /// Its own bucket, if it names one.
    pub bucket: Option<String>,
    /// The folder in that bucket, if it names one.
    pub path_prefix: Option<String>,
}

/// Reads the jobs of a document.
pub(super) fn parse(document: &Node, problems: &mut Problems<'_>, jobs: &mut Vec<Job>) {
    if let Some(periodics) = document.get("periodics") {
        parse_list(periodics, JobKind::Periodic, "", problems, jobs);
    }
    for kind in [JobKind::Postsubmit, JobKind::Presubmit] {
        let key = match kind {
            JobKind::Presubmit => "presubmits",
            _ => "postsubmits",
        };
        let Some(node) = document.get(key) else {
            continue;
        };
        match &node.kind {
            Kind::Mapping(repos) => {
                for repo in repos {
                    parse_list(&repo.value, kind, &repo.key, problems, jobs);
                }
            }
            // A repository's own job file names no repository.
            Kind::Sequence(_) => parse_list(node, kind, "", problems, jobs),
            Kind::Scalar { .. } => problems.expected(key, "lists of jobs by repository", node),
        }
    }
}

fn parse_list(
    node: &Node,
    kind: JobKind,
    repo: &str,
    problems: &mut Problems<'_>,
    jobs: &mut Vec<Job>,
) {
    if node.is_null() {
        return;
    }
    if !matches!(node.kind, Kind::Sequence(_)) {
        problems.expected(&format!("the {}s", kind.name()), "a list of jobs", node);
        return;
    }
    for node in node.items() {
        if let Some(job) = parse_job(node, kind, repo, problems) {
            jobs.push(job);
        }
    }
}

fn parse_job(node: &Node, kind: JobKind, repo: &str, problems: &mut Problems<'_>) -> Option<Job> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        problems.expected(&format!("a {}", kind.name()), "a mapping", node);
        return None;
    }
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
    let name = text("name");
    if name.is_empty() {
        problems.add(node.line, format!("a {} without a name", kind.name()));
        return None;
    }
    let annotations = node
        .get("annotations")
        .and_then(|node| Decode::decode(node, "annotation", problems))
        .unwrap_or_default();
    let storage = node
        .get("decoration_config")
        .and_then(|decoration| decoration.get("gcs_configuration"));
    let storage_text = |key: &str| storage?.get(key)?.text().map(str::to_owned);
    Some(Job {
        kind,
        name: name.to_owned(),
        place: Place {
            file: Arc::clone(problems.file),
            line: node.line,
        },
        repo: if repo.is_empty() {
            first_extra_ref(node).unwrap_or_default()
        } else {
            repo_name(repo)
        },
        annotations,
        cluster: text("cluster").to_owned(),
        bucket: storage_text("bucket"),
        path_prefix: storage_text("path_prefix"),
    })
}

fn first_extra_ref(job: &Node) -> Option<String> {
    let reference = job.get("extra_refs")?.items().first()?;
    let org = reference.get("org")?.text()?;
    let repo = reference.get("repo")?.text()?;
    Some(repo_name(&format!("{org}/{repo}")))
}

/// `org/name`: Gerrit's organisations are addresses.
fn repo_name(repo: &str) -> String {
    repo.trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_matches('/')
        .to_owned()
}
