//! The jobs of a repository at one commit, and what the next commit makes of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use model::impact::{ChangeLabel, Definition, Globals, Job, JobChange, compare_jobs, touches};

use super::{
    git::{ChangedCommit, FileReader, GitError},
    job_file::{JobFile, each, parse_all},
    rules,
};
use crate::settings::{JobConfigurationSettings, ReachRule};

/// The jobs at one commit.
#[derive(Debug)]
pub(super) struct JobTree {
    settings: JobConfigurationSettings,
    /// Job files and Prow's own configuration, by path.
    files: BTreeMap<String, Arc<JobFile>>,
    globals: Globals,
}

/// A file on one side of a commit; `None` where it is not there.
type Side = Option<Arc<JobFile>>;

/// A file, or what is wrong with it.
type ReadFile = Result<JobFile, String>;

/// What a commit makes of the jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// By job name; each with at least one label.
    pub changes: BTreeMap<String, JobChange>,
    /// Names of the jobs that run an image whose folder changed, whatever its tag: they have the commit once
    /// they run an image that was built of it.
    pub built: BTreeSet<String>,
    /// The jobs whose ProwJobs look different from now on: name and what the hash of one of its
    /// definitions now is. All definitions of such a name are here.
    pub runs: Vec<(String, u64)>,
    /// Files that cannot be read, with what is wrong.
    pub flaw: Option<String>,
}

impl JobTree {
    /// Without any job.
    pub(super) fn new(settings: &JobConfigurationSettings) -> Self {
        Self {
            settings: settings.clone(),
            files: BTreeMap::new(),
            globals: Globals::default(),
        }
    }

    /// Whether a path holds jobs or Prow's configuration.
    fn is_definition(&self, path: &str) -> bool {
        // Prow takes no other.
        let yaml = matches!(extension(path), "yaml" | "yml");
        let below = |folder: &String| {
            path == folder
                || path
                    .strip_prefix(folder.trim_end_matches('/'))
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        (yaml && self.settings.jobs.iter().any(below)) || self.settings.prow.iter().any(below)
    }

    /// The folders and files that hold definitions.
    pub(super) fn roots(settings: &JobConfigurationSettings) -> Vec<String> {
        settings
            .jobs
            .iter()
            .chain(&settings.prow)
            .map(|path| path.trim_end_matches('/').to_owned())
            .collect()
    }

    /// Every job there is with its effective definition.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (&Job, Definition)> {
        self.files.values().flat_map(|file| file.jobs())
    }

    /// Names of the jobs that a rule is about.
    pub(super) fn matching(&self, rule: &ReachRule) -> BTreeSet<&str> {
        self.jobs()
            .filter(|(job, _)| rules::covers(rule, job, &self.globals))
            .map(|(job, _)| job.key.name.as_str())
            .collect()
    }

    /// Goes to the next commit, and says what it makes of the jobs. Only what it changed is read. A
    /// file that cannot be read any more keeps standing for what it was, and the step says so.
    pub(super) fn apply(
        &mut self,
        commit: &ChangedCommit,
        files: &mut FileReader,
    ) -> Result<Step, GitError> {
        let mut step = Step::default();
        let mut changed: Vec<(String, Side, Side)> = Vec::new();
        let mut others: Vec<&str> = Vec::new();
        let mut wanted: Vec<(String, String)> = Vec::new();
        for change in &commit.changes {
            if !self.is_definition(&change.path) {
                others.push(&change.path);
            } else if let Some(blob) = &change.blob {
                wanted.push((change.path.clone(), blob.clone()));
            } else if let Some(old) = self.files.remove(&change.path) {
                changed.push((change.path.clone(), Some(old), None));
            }
        }
        for (path, read) in self.read(wanted, files)? {
            match read {
                Ok(file) => {
                    if file.content.is_other() {
                        // Nothing of jobs, but perhaps what one runs.
                        let same = commit.changes.iter().find(|change| change.path == path);
                        others.extend(same.map(|change| change.path.as_str()));
                    }
                    let new = Arc::new(file);
                    let old = self.files.insert(path.clone(), Arc::clone(&new));
                    changed.push((path, old, Some(new)));
                }
                Err(flaw) => {
                    step.flaw.get_or_insert(flaw);
                }
            }
        }
        // What other files bring is asked of the jobs that were there already.
        for name in self.reached_by(&others) {
            let change = step.changes.entry(name).or_default();
            change.labels.insert(ChangeLabel::Script);
        }
        for (name, floats) in self.rebuilt_by(&others) {
            if floats {
                let change = step.changes.entry(name.clone()).or_default();
                change.labels.insert(ChangeLabel::Image);
            }
            step.built.insert(name);
        }
        if changed.is_empty() {
            return Ok(step);
        }
        let is_global = |file: &Side| {
            file.as_ref().is_some_and(|file| {
                !file.content.found.presets.is_empty() || file.content.found.prow.is_some()
            })
        };
        let same_globals = |old: &Side, new: &Side| match (old, new) {
            (Some(old), Some(new)) => {
                old.content.found.presets == new.content.found.presets
                    && old.content.found.prow == new.content.found.prow
            }
            (old, new) => !is_global(old) && !is_global(new),
        };
        let global = !changed.iter().all(|(_, old, new)| same_globals(old, new));
        let compared: Vec<(Side, Side)> = if global {
            let mut before: BTreeMap<String, Side> = self
                .files
                .iter()
                .map(|(path, file)| (path.clone(), Some(Arc::clone(file))))
                .collect();
            for (path, old, _) in changed {
                before.insert(path, old);
            }
            self.redefine();
            before
                .into_iter()
                .map(|(path, old)| (old, self.files.get(&path).cloned()))
                .collect()
        } else {
            changed
                .into_iter()
                .map(|(_, old, new)| (old, new))
                .collect()
        };
        let side = |files: Vec<Option<&Arc<JobFile>>>| -> Vec<Arc<JobFile>> {
            files.into_iter().flatten().cloned().collect()
        };
        let old = side(compared.iter().map(|(old, _)| old.as_ref()).collect());
        let new = side(compared.iter().map(|(_, new)| new.as_ref()).collect());
        for (name, change) in compare_jobs(each(&old), each(&new)) {
            let known = step.changes.entry(name.to_owned()).or_default();
            known.labels = known.labels.union(change.labels);
            known.detail = change.detail;
        }
        step.runs = self.changed_runs(&old, &new);
        Ok(step)
    }

    /// Begins with the files of a tree: path and id.
    pub(super) fn load(
        &mut self,
        tree: Vec<(String, String)>,
        files: &mut FileReader,
    ) -> Result<Option<String>, GitError> {
        let mut flaw = None;
        let wanted = tree
            .into_iter()
            .filter(|(path, _)| self.is_definition(path))
            .collect();
        for (path, read) in self.read(wanted, files)? {
            match read {
                Ok(file) => {
                    self.files.insert(path, Arc::new(file));
                }
                Err(wrong) => {
                    flaw.get_or_insert(wrong);
                }
            }
        }
        self.redefine();
        Ok(flaw)
    }

    /// Reads files (path and id), their jobs defined with what is global now.
    fn read(
        &mut self,
        wanted: Vec<(String, String)>,
        files: &mut FileReader,
    ) -> Result<Vec<(String, ReadFile)>, GitError> {
        let texts = wanted
            .into_iter()
            .map(|(path, blob)| files.read(&blob).map(|text| (path, text)));
        Ok(parse_all(texts, &self.settings.repo)?
            .into_iter()
            .map(|(path, content)| {
                let file = content
                    .map(|content| JobFile {
                        definitions: content
                            .found
                            .jobs
                            .iter()
                            .map(|job| self.globals.define(job))
                            .collect(),
                        content: Arc::new(content),
                    })
                    .map_err(|flaw| format!("{path}{flaw}"));
                (path, file)
            })
            .collect())
    }

    /// Finds what is global, and defines every job with it.
    fn redefine(&mut self) {
        let presets = self
            .files
            .values()
            .flat_map(|file| file.content.found.presets.iter().cloned())
            .collect();
        let prow = self
            .files
            .values()
            .find_map(|file| file.content.found.prow.clone())
            .unwrap_or_default();
        self.globals = Globals::new(presets, prow);
        for file in self.files.values_mut() {
            let definitions: Vec<Definition> = file
                .content
                .found
                .jobs
                .iter()
                .map(|job| self.globals.define(job))
                .collect();
            if definitions != file.definitions {
                *file = Arc::new(JobFile {
                    content: Arc::clone(&file.content),
                    definitions,
                });
            }
        }
    }

    /// The jobs whose ProwJobs look different in the files `new` than in `old`, with the hashes of all
    /// their definitions, wherever those stand.
    fn changed_runs(&self, old: &[Arc<JobFile>], new: &[Arc<JobFile>]) -> Vec<(String, u64)> {
        fn runs(files: &[Arc<JobFile>]) -> BTreeMap<&str, BTreeSet<u64>> {
            let mut runs: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
            for (job, definition) in each(files) {
                let hashes = runs.entry(&job.key.name).or_default();
                hashes.insert(definition.run);
            }
            runs
        }
        let (before, after) = (runs(old), runs(new));
        let changed: HashSet<&str> = after
            .iter()
            .filter(|(name, hashes)| before.get(*name) != Some(hashes))
            .map(|(name, _)| *name)
            .collect();
        if changed.is_empty() {
            return Vec::new();
        }
        let mut all: Vec<(String, u64)> = self
            .jobs()
            .filter(|(job, _)| changed.contains(job.key.name.as_str()))
            .map(|(job, definition)| (job.key.name.clone(), definition.run))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Names of the jobs that run one of these files, or run inside the repository.
    fn reached_by(&self, paths: &[&str]) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        if paths.is_empty() {
            return reached;
        }
        let is_prose = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            matches!(name, "OWNERS" | "OWNERS_ALIASES") || extension(name) == "md"
        };
        let code: Vec<&str> = paths
            .iter()
            .copied()
            .filter(|path| !is_prose(path))
            .collect();
        if code.is_empty() {
            return reached;
        }
        let mut scripts: BTreeMap<&str, bool> = BTreeMap::new();
        for file in self.files.values() {
            let content = &file.content;
            let inside = content.inside.iter().map(|&job| file.name(job).to_owned());
            reached.extend(inside);
            for (path, job) in &content.scripts {
                let touched = scripts
                    .entry(path)
                    .or_insert_with(|| code.iter().any(|changed| touches(path, changed)));
                if *touched {
                    reached.insert(file.name(*job).to_owned());
                }
            }
        }
        reached
    }

    /// Names of the jobs that run an image whose folder changed, with whether they take whatever was last
    /// built of it.
    fn rebuilt_by(&self, paths: &[&str]) -> BTreeMap<String, bool> {
        let mut reached = BTreeMap::new();
        let Some(folder) = &self.settings.images else {
            return reached;
        };
        let built: HashSet<&str> = paths
            .iter()
            .filter_map(|path| {
                path.strip_prefix(folder.trim_end_matches('/'))?
                    .strip_prefix('/')
            })
            .filter_map(|rest| Some(rest.split_once('/')?.0))
            .collect();
        if built.is_empty() {
            return reached;
        }
        for file in self.files.values() {
            for image in &file.content.images {
                if built.contains(image.name.as_str()) {
                    *reached.entry(file.name(image.job).to_owned()).or_default() |= image.floats;
                }
            }
        }
        reached
    }
}

/// What follows the last dot of a path; empty without one.
fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}
