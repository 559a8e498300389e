//! The impact map: which commit of the infrastructure can reach which job, and by what.
//!
//! One repository configures the jobs. Along its first-parent line each commit's effective job
//! definitions are compared with those before it; only the files that a commit changed are read. What
//! else reaches jobs (services that run beside them, other repositories) is what `infra.reach` of the
//! settings says.
//!
//! A commit that is not in the map, or whose files could not be read, is unknown, which is never the
//! same as that it cannot reach a job.

mod git;
mod index;
mod job_file;
mod jobs;
mod keep;
mod rules;
mod spec;
mod window;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use model::{
    impact::{ChangeLabel, Effect, Labels, ProwJobMark},
    reach::{Configured, Impact, Reach, Reached, Way},
};

pub use git::GitError;
pub use index::{Indexed, Indexer};
pub use keep::{ImpactError, ImpactKeeper, SharedMap};
pub use spec::hash_prowjob;
pub use window::{ConfigWindow, Lag};

use serde::{Deserialize, Serialize};

use crate::settings::ReachRule;

/// What is known of the commits of all repositories.
#[derive(Debug, Default)]
pub struct ImpactMap {
    /// Names of all jobs that ever were in the map.
    jobs: Names,
    present: PresentJobs,
    lines: HashMap<String, Line>,
    rules: Vec<ReachRule>,
    /// `org/name` of the repository that configures the jobs; empty for none.
    configures: String,
    /// How soon and how late a merge of that repository is in force.
    lag: Lag,
}

/// What can be known without reading a repository: what was kept of earlier readings.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Of jobs.
    pub names: Names,
    /// At the newest commit of the repository that configures them.
    pub present: PresentJobs,
    /// By repository; oldest first.
    pub lines: HashMap<String, Vec<Arc<CommitImpact>>>,
}

/// The jobs there are at the newest commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentJobs {
    /// How many names there are.
    pub present: u32,
    /// For each rule of the settings the numbers of the jobs that it is about, in order.
    pub rules: Vec<Vec<u32>>,
}

/// Names and their numbers.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<Arc<str>>,
    index: HashMap<Arc<str>, u32>,
}

impl Names {
    /// The number of a name, which is the next one when it is new.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.index.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.index.insert(name, number);
        number
    }

    /// The number of a name that is known.
    pub fn get(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    /// The name of a number; empty when there is none.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A repository's first-parent line, as far back as it was read.
#[derive(Clone, Debug, Default)]
struct Line {
    /// Oldest first.
    commits: Vec<Arc<CommitImpact>>,
    /// Whole commits and their places, in the order of the commits' names.
    by_sha: Vec<(Box<str>, u32)>,
}

/// What one commit reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitImpact {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// When it was committed, which for a merge is when it was merged.
    pub at_ms: i64,
    /// Why some of its files are not known; `None` when all are.
    pub flaw: Option<String>,
    /// By job, each at most once, in order.
    pub edges: Vec<Edge>,
    /// The jobs that run an image whose folder it changed, whatever its tag; in order. They have the commit
    /// once they run an image that was built of it.
    pub built: Vec<u32>,
    /// What edges say in words; the first is empty.
    pub details: Vec<String>,
    /// Indexes of the rules that are about paths it changed.
    pub rules: Vec<u16>,
    /// The jobs whose ProwJobs look different from here on, with the hash of each of their definitions.
    pub runs: Vec<(u32, u64)>,
}

/// A commit changes a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The job's number.
    pub job: u32,
    /// By what; never empty.
    pub labels: Labels,
    /// Index into [`CommitImpact::details`].
    pub detail: u16,
}

impl Line {
    fn new(commits: Vec<Arc<CommitImpact>>) -> Self {
        let mut by_sha: Vec<(Box<str>, u32)> = commits
            .iter()
            .enumerate()
            .map(|(index, commit)| (commit.sha.as_str().into(), index as u32))
            .collect();
        by_sha.sort_unstable();
        Self { commits, by_sha }
    }

    /// The commit that `sha`, whole or abbreviated, names alone.
    fn find(&self, sha: &str) -> Option<&CommitImpact> {
        let at = self.by_sha.partition_point(|(known, _)| **known < *sha);
        let (known, index) = self.by_sha.get(at)?;
        let next = self.by_sha.get(at + 1);
        let alone = next.is_none_or(|(next, _)| !next.starts_with(sha));
        (sha.len() >= 7 && known.starts_with(sha) && alone)
            .then(|| self.commits[*index as usize].as_ref())
    }
}

impl ImpactMap {
    /// How the commit `sha` of `repo` (`org/name`) reaches the job of this name.
    pub fn effect(&self, repo: &str, sha: &str, job: &str) -> Effect {
        let unknown = |reason: String| Effect::Unknown { reason };
        let Some(line) = self.lines.get(repo) else {
            return unknown(format!("nothing says which jobs use {repo}"));
        };
        let Some(commit) = line.find(sha) else {
            return unknown(format!(
                "the commit is not on the line of {repo} that was read"
            ));
        };
        let Some(job) = self.jobs.get(job) else {
            return unknown("the job is not in the configuration that was read".to_owned());
        };
        let edge = commit
            .edges
            .binary_search_by_key(&job, |edge| edge.job)
            .ok()
            .map(|at| commit.edges[at]);
        let mut labels = edge.map_or(Labels::NONE, |edge| edge.labels);
        let mut components: Vec<String> = Vec::new();
        for &rule in &commit.rules {
            if self.rule_covers(rule, job)
                && let Some(rule) = self.rules.get(usize::from(rule))
            {
                match rules::label_of(rule) {
                    Some(label) => labels.insert(label),
                    None if components.contains(&rule.component) => {}
                    None => components.push(rule.component.clone()),
                }
            }
        }
        let detail = edge
            .and_then(|edge| commit.details.get(usize::from(edge.detail)))
            .map_or("", String::as_str);
        match (Effect::by(labels, detail), &commit.flaw) {
            (Effect::Cannot, Some(flaw)) => {
                unknown(format!("the configuration at the commit is broken: {flaw}"))
            }
            (Effect::Cannot, None) if !components.is_empty() => Effect::Service { components },
            (effect, _) => effect,
        }
    }

    /// Whether the job runs an image whose folder the commit changed, whatever its tag.
    fn is_built_for(&self, repo: &str, sha: &str, job: &str) -> bool {
        let commit = self.lines.get(repo).and_then(|line| line.find(sha));
        let job = self.jobs.get(job);
        let found = commit
            .zip(job)
            .map(|(commit, job)| commit.built.binary_search(&job).is_ok());
        found == Some(true)
    }

    fn rule_covers(&self, rule: u16, job: u32) -> bool {
        self.present
            .rules
            .get(usize::from(rule))
            .is_some_and(|jobs| jobs.binary_search(&job).is_ok())
    }

    /// Names of the jobs that a commit reaches with how, by name; those that it cannot reach are left
    /// out. `None` where the commit is not in the map.
    pub fn jobs_reached(&self, repo: &str, sha: &str) -> Option<Vec<(&str, Effect)>> {
        let commit = self.lines.get(repo)?.find(sha)?;
        let mut jobs: BTreeSet<u32> = commit.edges.iter().map(|edge| edge.job).collect();
        for &rule in &commit.rules {
            jobs.extend(
                self.present
                    .rules
                    .get(usize::from(rule))
                    .into_iter()
                    .flatten(),
            );
        }
        let mut reached: Vec<(&str, Effect)> = jobs
            .into_iter()
            .map(|job| self.jobs.name(job))
            .map(|job| (job, self.effect(repo, &commit.sha, job)))
            .collect();
        reached.sort_unstable_by_key(|(job, _)| *job);
        Some(reached)
    }

    /// Of the commits of `repo` that landed after `from_ms` and until `to_ms` those that can reach the
    /// job, or of which that is not known; oldest first.
    pub fn commits_reaching(
        &self,
        repo: &str,
        job: &str,
        (from_ms, to_ms): (i64, i64),
    ) -> Vec<(&CommitImpact, Effect)> {
        self.commits(repo)
            .filter(|commit| commit.at_ms > from_ms && commit.at_ms <= to_ms)
            .map(|commit| (commit, self.effect(repo, &commit.sha, job)))
            .filter(|(_, effect)| *effect != Effect::Cannot)
            .collect()
    }

    /// The commits of a repository that are in the map, oldest first.
    pub fn commits(&self, repo: &str) -> impl DoubleEndedIterator<Item = &CommitImpact> {
        let line = self.lines.get(repo);
        line.into_iter()
            .flat_map(|line| line.commits.iter().map(AsRef::as_ref))
    }

    /// `org/name` of the repository that configures the jobs; empty when none does.
    pub fn configures(&self) -> &str {
        &self.configures
    }

    /// How many jobs there are at the newest commit.
    pub const fn job_count(&self) -> u32 {
        self.present.present
    }

    /// The name of a job by its number.
    pub fn job_name(&self, job: u32) -> &str {
        self.jobs.name(job)
    }
}

impl Impact for ImpactMap {
    fn configured(&self, job: &str, mark: &ProwJobMark) -> Option<Configured> {
        let window = self.config_window(job, mark.created_ms, mark.run, self.lag)?;
        let short = |sha: &str| sha[..sha.len().min(10)].to_owned();
        let (earliest, latest) = (short(&window.earliest), short(&window.latest));
        let range = if window.commits == 1 {
            format!("configured by {latest}")
        } else {
            format!(
                "configured by one of {} commits from {earliest} to {latest}",
                window.commits
            )
        };
        let why = if window.narrowed {
            "the only ones whose definition is the run's"
        } else {
            "by when they merged"
        };
        Some(Configured {
            version: window.defined_by,
            evidence: format!("{range}, {why}; {mark}"),
        })
    }

    fn reach(&self, repo: &str, sha: &str, job: &str, by: Way) -> Reach {
        if by == Way::Build && self.is_built_for(repo, sha, job) {
            return Reach::Own;
        }
        self.effect(repo, sha, job).reach()
    }

    fn reach_any(&self, repo: &str, sha: &str, by: Way) -> Reach {
        let commit = self.lines.get(repo).and_then(|line| line.find(sha));
        let Some((commit, reached)) = commit.zip(self.reached(repo, sha, by)) else {
            return Reach::Unknown;
        };
        match (reached.own, reached.service, &commit.flaw) {
            (1.., ..) => Reach::Own,
            (0, _, Some(_)) => Reach::Unknown,
            (0, 1.., None) => Reach::Service,
            (0, 0, None) => Reach::Cannot,
        }
    }

    fn reached(&self, repo: &str, sha: &str, by: Way) -> Option<Reached> {
        let commit = self.lines.get(repo)?.find(sha)?;
        let built: &[u32] = if by == Way::Build { &commit.built } else { &[] };
        let mut kinds = Labels::NONE;
        for edge in &commit.edges {
            kinds = kinds.union(edge.labels);
        }
        if !built.is_empty() {
            kinds.insert(ChangeLabel::Image);
        }
        let mut own: Vec<bool> = Vec::new();
        let mut service: Vec<bool> = Vec::new();
        if !commit.rules.is_empty() || !built.is_empty() {
            own.resize(self.jobs.len(), false);
            service.resize(self.jobs.len(), false);
            for job in commit
                .edges
                .iter()
                .map(|edge| edge.job)
                .chain(built.iter().copied())
            {
                own[job as usize] = true;
            }
        }
        for &number in &commit.rules {
            let (Some(rule), Some(jobs)) = (
                self.rules.get(usize::from(number)),
                self.present.rules.get(usize::from(number)),
            ) else {
                continue;
            };
            let label = rules::label_of(rule).filter(|_| !jobs.is_empty());
            if let Some(label) = label {
                kinds.insert(label);
            }
            let reached = if label.is_some() {
                &mut own
            } else {
                &mut service
            };
            for &job in jobs {
                if let Some(reached) = reached.get_mut(job as usize) {
                    *reached = true;
                }
            }
        }
        let only_service = own
            .iter()
            .zip(&service)
            .filter(|(own, service)| **service && !**own);
        Some(Reached {
            own: if own.is_empty() {
                commit.edges.len()
            } else {
                own.iter().filter(|own| **own).count()
            } as u32,
            service: only_service.count() as u32,
            jobs: self.present.present,
            labels: kinds
                .iter()
                .map(ChangeLabel::words)
                .map(str::to_owned)
                .collect(),
            flaw: commit.flaw.clone().filter(|flaw| flaw != index::FIRST),
        })
    }
}
