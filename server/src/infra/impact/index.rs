//! Making the map: following the lines of the repositories, commit by commit.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use model::impact::JobChange;

use super::{
    CommitImpact, Edge, ImpactMap, Known, Lag, Line, Names, PresentJobs,
    git::{ChangedCommit, GitError, Repository},
    jobs::{JobTree, Step},
    rules,
};
use crate::settings::{InfraSettings, JobConfigurationSettings, ReachRule};

const DAY_MS: i64 = 24 * 3_600_000;

/// Why nothing is known of what the first commit that is read changed.
pub(super) const FIRST: &str =
    "it is the oldest commit that was read, so what was before it is not known";

/// The map in the making: what is known so far, and the jobs at the newest commit.
#[derive(Debug)]
pub struct Indexer {
    configuration: JobConfigurationSettings,
    rules: Vec<ReachRule>,
    names: Names,
    present: PresentJobs,
    lines: HashMap<String, Vec<Arc<CommitImpact>>>,
    /// At the newest commit of the repository that configures the jobs.
    tree: Option<JobTree>,
    stop: Arc<AtomicBool>,
}

/// What one look at a repository found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// The commits that are new, oldest first.
    pub commits: Vec<Arc<CommitImpact>>,
    /// Whether what was known of the repository is void: it is read for the first time, or its line
    /// does not go on from where it was.
    pub anew: bool,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
}

impl Indexer {
    /// Nothing is known yet.
    pub fn new(settings: &InfraSettings) -> Self {
        Self {
            configuration: settings.job_configuration.clone(),
            rules: settings.reach.clone(),
            names: Names::default(),
            present: PresentJobs::default(),
            lines: HashMap::new(),
            tree: None,
            stop: Arc::default(),
        }
    }

    /// Reading ends with an error soon after this is set.
    pub fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    fn check_stop(&self) -> Result<(), GitError> {
        if self.stop.load(Ordering::Acquire) {
            Err(GitError::Stopped)
        } else {
            Ok(())
        }
    }

    /// The repositories that can be in the map: the one that configures the jobs first.
    pub fn repositories(&self) -> Vec<&str> {
        let mut repositories = vec![self.configuration.repo.as_str()];
        for rule in &self.rules {
            if !repositories.contains(&rule.repo.as_str()) {
                repositories.push(&rule.repo);
            }
        }
        repositories
    }

    /// The names of jobs and their numbers.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The jobs at the newest commit.
    pub const fn present(&self) -> &PresentJobs {
        &self.present
    }

    /// How many commits of a repository are known.
    pub fn commit_count(&self, repo: &str) -> usize {
        self.lines.get(repo).map_or(0, Vec::len)
    }

    /// Takes over what was known before, in the place of all that is known.
    pub fn restore(&mut self, known: Known) {
        self.tree = None;
        self.names = known.names;
        self.present = known.present;
        self.lines = known.lines;
    }

    /// Follows the line of `repo`, which is at `path`, to its tip. On an error nothing has changed.
    pub fn update(&mut self, repo: &str, path: &Path, now_ms: i64) -> Result<Indexed, GitError> {
        let repository = Repository::open(path);
        let configures = repo == self.configuration.repo;
        let branch = self.configuration.branch.as_deref().filter(|_| configures);
        let tip = repository.tip(branch)?;
        let known = self.lines.get(repo).and_then(|line| line.last());
        if let Some(last) = known.map(|last| last.sha.clone())
            && let Some(commits) = following(&repository, &last, &tip)?
        {
            return if configures {
                self.follow(&repository, &last, commits)
            } else {
                Ok(self.follow_rules(repo, &commits))
            };
        }
        let since = now_ms - i64::from(self.configuration.days) * DAY_MS;
        let base = repository.commit_at(&tip, since)?;
        let commits = repository.commits_after(base.as_deref(), &tip)?;
        let mut indexed = if configures {
            self.begin(&repository, base.as_deref(), commits)?
        } else {
            self.lines.remove(repo);
            self.follow_rules(repo, &commits)
        };
        indexed.anew = true;
        Ok(indexed)
    }

    /// Follows the line of the repository that configures the jobs from its first commit on.
    fn begin(
        &mut self,
        repository: &Repository,
        base: Option<&str>,
        commits: Vec<ChangedCommit>,
    ) -> Result<Indexed, GitError> {
        let mut tree = JobTree::new(&self.configuration);
        let mut line = Vec::new();
        let mut indexed = Indexed::default();
        let mut files = repository.reader()?;
        if let Some(base) = base {
            let listed = repository.files(base, &JobTree::roots(&self.configuration))?;
            if let Some(flaw) = tree.load(listed, &mut files)? {
                indexed.problems.push(format!("at {base}: {flaw}"));
            }
            let mut runs: Vec<(u32, u64)> = tree
                .jobs()
                .map(|(job, definition)| (self.names.number(&job.key.name), definition.run))
                .collect();
            runs.sort_unstable();
            runs.dedup();
            line.push(Arc::new(CommitImpact {
                sha: base.to_owned(),
                at_ms: repository.time(base)?,
                flaw: Some(FIRST.to_owned()),
                runs,
                ..CommitImpact::default()
            }));
        }
        for commit in commits {
            self.check_stop()?;
            let step = tree.apply(&commit, &mut files)?;
            line.push(Arc::new(self.commit(
                &self.configuration.repo.clone(),
                &commit,
                step,
            )));
        }
        indexed.problems.extend(flaws(&line));
        indexed.commits.clone_from(&line);
        self.lines.insert(self.configuration.repo.clone(), line);
        self.keep(tree);
        Ok(indexed)
    }

    /// Goes on where the line of that repository was.
    fn follow(
        &mut self,
        repository: &Repository,
        last: &str,
        commits: Vec<ChangedCommit>,
    ) -> Result<Indexed, GitError> {
        let mut files = repository.reader()?;
        let mut tree = if let Some(tree) = self.tree.take() {
            tree
        } else {
            let mut tree = JobTree::new(&self.configuration);
            let listed = repository.files(last, &JobTree::roots(&self.configuration))?;
            tree.load(listed, &mut files)?;
            tree
        };
        let repo = self.configuration.repo.clone();
        let mut new = Vec::new();
        for commit in &commits {
            self.check_stop()?;
            // On an error the tree is between two commits; without it the next look loads it again.
            let step = tree.apply(commit, &mut files)?;
            new.push(Arc::new(self.commit(&repo, commit, step)));
        }
        self.tree = Some(tree);
        self.lines
            .entry(repo)
            .or_default()
            .extend(new.iter().cloned());
        Ok(Indexed {
            problems: flaws(&new),
            commits: new,
            anew: false,
        })
    }

    /// Follows the line of a repository of which only rules say what it reaches.
    fn follow_rules(&mut self, repo: &str, commits: &[ChangedCommit]) -> Indexed {
        let new: Vec<Arc<CommitImpact>> = commits
            .iter()
            .map(|commit| Arc::new(self.commit(repo, commit, Step::default())))
            .collect();
        let line = self.lines.entry(repo.to_owned()).or_default();
        line.extend(new.iter().cloned());
        Indexed {
            commits: new,
            ..Indexed::default()
        }
    }

    /// What a commit reaches, in numbers.
    fn commit(&mut self, repo: &str, commit: &ChangedCommit, step: Step) -> CommitImpact {
        let mut details = vec![String::new()];
        let mut known: HashMap<String, u16> = HashMap::new();
        let mut edges: Vec<Edge> = Vec::with_capacity(step.changes.len());
        for (name, JobChange { labels, detail }) in step.changes {
            let detail = if detail.is_empty() || details.len() > usize::from(u16::MAX) {
                0
            } else {
                *known.entry(detail).or_insert_with_key(|detail| {
                    details.push(detail.clone());
                    (details.len() - 1) as u16
                })
            };
            edges.push(Edge {
                job: self.names.number(&name),
                labels,
                detail,
            });
        }
        edges.sort_unstable_by_key(|edge| edge.job);
        let mut built: Vec<u32> = step
            .built
            .iter()
            .map(|name| self.names.number(name))
            .collect();
        built.sort_unstable();
        let mut runs: Vec<(u32, u64)> = step
            .runs
            .iter()
            .map(|(name, hash)| (self.names.number(name), *hash))
            .collect();
        runs.sort_unstable();
        let touched = |rule: &ReachRule| {
            let mut paths = commit.changes.iter().map(|change| &change.path);
            rule.repo == repo && paths.any(|path| rules::matches_path(rule, path))
        };
        CommitImpact {
            sha: commit.sha.clone(),
            at_ms: commit.at_ms,
            flaw: step.flaw,
            edges,
            built,
            details,
            rules: self
                .rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| touched(rule))
                .map(|(index, _)| index as u16)
                .collect(),
            runs,
        }
    }

    /// Keeps the jobs at the newest commit, and finds which of them each rule is about.
    fn keep(&mut self, tree: JobTree) {
        let number = |name: &str| self.names.get(name);
        let sorted = |mut numbers: Vec<u32>| {
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let all = tree.jobs().filter_map(|(job, _)| number(&job.key.name));
        self.present = PresentJobs {
            present: sorted(all.collect()).len() as u32,
            rules: self
                .rules
                .iter()
                .map(|rule| sorted(tree.matching(rule).into_iter().filter_map(number).collect()))
                .collect(),
        };
        self.tree = Some(tree);
    }

    /// The map as far as it was made.
    pub fn map(&self) -> ImpactMap {
        ImpactMap {
            jobs: self.names.clone(),
            present: self.present.clone(),
            lines: self
                .lines
                .iter()
                .map(|(repo, line)| (repo.clone(), Line::new(line.clone())))
                .collect(),
            rules: self.rules.clone(),
            configures: self.configuration.repo.clone(),
            lag: Lag {
                least_ms: i64::from(self.configuration.least_lag_secs) * 1000,
                most_ms: i64::from(self.configuration.most_lag_secs) * 1000,
            },
        }
    }
}

/// The commits after `last`, if the line of `tip` goes on from there.
fn following(
    repository: &Repository,
    last: &str,
    tip: &str,
) -> Result<Option<Vec<ChangedCommit>>, GitError> {
    if last == tip {
        return Ok(Some(Vec::new()));
    }
    if !repository.has(last) {
        return Ok(None);
    }
    let commits = repository.commits_after(Some(last), tip)?;
    let goes_on = commits.first().is_some_and(|first| first.parent == last);
    Ok(goes_on.then_some(commits))
}

fn flaws(commits: &[Arc<CommitImpact>]) -> Vec<String> {
    commits
        .iter()
        .filter(|commit| commit.flaw.as_deref() != Some(FIRST))
        .filter_map(|commit| Some(format!("at {}: {}", commit.sha, commit.flaw.as_ref()?)))
        .collect()
}
