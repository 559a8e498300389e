//! Keeping the map up to date: what was read before comes from the database, what is new from the
//! mirrors.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use model::{
    impact::ProwJobMark,
    reach::{Configured, Impact, Reach, Reached, Way},
};
use xxhash_rust::xxh3::xxh3_64;

use super::{GitError, ImpactMap, Indexed, Indexer};
use crate::{
    clock::now_ms,
    history::mirror_path,
    settings::Settings,
    store::{LineTip, LineUpdate, Store, StoreError},
};

/// How often it is looked whether a repository was fetched.
const FOLLOW: Duration = Duration::from_secs(5);
/// In the place of the version of a repository that could not be read: it is tried again, but seldom.
const FAILED: i64 = -1;
/// How often it is looked whether another process has kept something, in looks.
const LOOKS: u32 = 12;

/// Counts the ways in which definitions were hashed and changes kept; what was kept in another way is
/// read anew.
const FORM: u32 = 2;

/// Why the map was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum ImpactError {
    /// The mirror cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was lost, by a panic or at the end of the process.
    #[error("the work on the impact map was lost")]
    Lost,
}

/// A map that is shared.
#[derive(Clone, Debug)]
pub struct SharedMap(pub Arc<ImpactMap>);

impl Impact for SharedMap {
    fn reach(&self, repo: &str, sha: &str, job: &str, by: Way) -> Reach {
        self.0.reach(repo, sha, job, by)
    }

    fn reached(&self, repo: &str, sha: &str, by: Way) -> Option<Reached> {
        self.0.reached(repo, sha, by)
    }

    fn reach_any(&self, repo: &str, sha: &str, by: Way) -> Reach {
        self.0.reach_any(repo, sha, by)
    }

    fn configured(&self, job: &str, mark: &ProwJobMark) -> Option<Configured> {
        self.0.configured(job, mark)
    }
}

/// The map, and what makes it.
#[derive(Debug)]
pub struct ImpactKeeper {
    store: Store,
    /// Taken while a repository is read; one at a time.
    indexer: tokio::sync::Mutex<Arc<Mutex<Indexer>>>,
    repositories: Vec<String>,
    settings: String,
    map: ArcSwap<ImpactMap>,
    /// Ends what is being read when this is dropped.
    stop: Arc<AtomicBool>,
}

impl Drop for ImpactKeeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

impl ImpactKeeper {
    /// A map of nothing: [`ImpactKeeper::restore`] and [`ImpactKeeper::update`] fill it.
    pub fn new(store: Store, settings: &Settings) -> Self {
        let infra = &settings.infra;
        let indexer = Indexer::new(infra);
        // Plain structures, which can always be written.
        let said = serde_json::to_string(&(&infra.job_configuration, &infra.reach));
        Self {
            store,
            stop: indexer.stop(),
            repositories: indexer
                .repositories()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            indexer: tokio::sync::Mutex::new(Arc::new(Mutex::new(indexer))),
            settings: format!(
                "{FORM}-{:016x}",
                xxh3_64(said.unwrap_or_default().as_bytes())
            ),
            map: ArcSwap::default(),
        }
    }

    /// The map as it is now.
    pub fn map(&self) -> Arc<ImpactMap> {
        self.map.load_full()
    }

    /// The repositories (`org/name`) that can be in the map.
    pub fn repositories(&self) -> &[String] {
        &self.repositories
    }

    /// Takes over what an earlier process, or another one, has kept.
    pub async fn restore(&self) -> Result<(), StoreError> {
        let known = self.store.load_impact(&self.settings).await?;
        let indexer = self.indexer.lock().await;
        let mut indexer = indexer.lock().unwrap_or_else(PoisonError::into_inner);
        indexer.restore(known);
        self.map.store(Arc::new(indexer.map()));
        Ok(())
    }

    /// Follows the lines of all repositories whose mirror below `mirrors` is there. Answers what is wrong,
    /// one sentence each.
    pub async fn update_all(&self, mirrors: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        for repo in &self.repositories {
            let path = mirror_path(mirrors, repo);
            if path.exists() {
                problems.extend(self.look(repo, path).await);
            }
        }
        problems
    }

    /// One look at a mirror, told in the log; answers what is wrong.
    async fn look(&self, repo: &str, path: PathBuf) -> Vec<String> {
        match self.update(repo, path, now_ms()).await {
            Ok(indexed) => {
                let count = indexed.commits.len();
                if count > 0 {
                    tracing::info!(
                        repository.name = repo,
                        commits.count = count,
                        "it is known which jobs {count} new commits of {repo} reach"
                    );
                }
                for problem in &indexed.problems {
                    tracing::warn!(
                        repository.name = repo,
                        %problem,
                        "the job configuration of {repo} is broken {problem}"
                    );
                }
                Vec::new()
            }
            Err(ImpactError::Git(GitError::Stopped)) => Vec::new(),
            Err(error) => {
                let problem = format!("it is not known which jobs {repo} reaches: {error}");
                tracing::warn!(repository.name = repo, %error, "{problem}");
                vec![problem]
            }
        }
    }

    /// Keeps the map up to date without end: what was fetched to the mirrors is read, and what another
    /// process kept is taken over. Without `mirrors` only the latter. `told` gets each new map.
    pub async fn follow(&self, mirrors: Option<&Path>, told: impl Fn(SharedMap)) {
        let mut versions: HashMap<String, i64> = HashMap::new();
        let mut tips: Vec<LineTip> = Vec::new();
        let mut shown = self.map();
        for look in 0u32.. {
            if look.is_multiple_of(LOOKS) {
                match self.store.load_impact_tips(&self.settings).await {
                    Ok(now) if now != tips || look == 0 => match self.restore().await {
                        Ok(()) => tips = now,
                        Err(error) => {
                            tracing::error!(%error, "cannot read which commits reach which jobs: {error}");
                        }
                    },
                    Ok(_) => {}
                    Err(error) => {
                        tracing::error!(%error, "cannot see which commits reach which jobs: {error}");
                    }
                }
            }
            if let Some(mirrors) = mirrors
                && let Ok(repositories) = self.store.load_repositories().await
            {
                for repository in repositories {
                    let path = mirror_path(mirrors, &repository.name);
                    let known = match versions.get(&repository.name) {
                        Some(&FAILED) => !look.is_multiple_of(LOOKS),
                        known => known == Some(&repository.version),
                    };
                    let ours = self.repositories.contains(&repository.name);
                    if known || !ours || !path.exists() {
                        continue;
                    }
                    let problems = self.look(&repository.name, path).await;
                    let version = if problems.is_empty() {
                        repository.version
                    } else {
                        FAILED
                    };
                    versions.insert(repository.name, version);
                    if let Ok(now) = self.store.load_impact_tips(&self.settings).await {
                        tips = now;
                    }
                }
            }
            let map = self.map();
            if !Arc::ptr_eq(&map, &shown) {
                shown = Arc::clone(&map);
                told(SharedMap(map));
            }
            tokio::time::sleep(FOLLOW).await;
        }
    }

    /// Follows the line of `repo` in its mirror at `path`, and keeps what is new. Answers what it found;
    /// nothing when the repository cannot be in the map.
    pub async fn update(
        &self,
        repo: &str,
        path: PathBuf,
        now_ms: i64,
    ) -> Result<Indexed, ImpactError> {
        if !self.repositories.iter().any(|known| known == repo) {
            return Ok(Indexed::default());
        }
        let indexer = self.indexer.lock().await;
        let work = {
            let (indexer, repo) = (Arc::clone(&indexer), repo.to_owned());
            move || {
                let mut indexer = indexer.lock().unwrap_or_else(PoisonError::into_inner);
                let before = (indexer.names().len(), indexer.commit_count(&repo));
                let indexed = indexer.update(&repo, &path, now_ms)?;
                let changed = indexed.anew || !indexed.commits.is_empty();
                let map = changed.then(|| indexer.map());
                let kept = (indexer.names().clone(), indexer.present().clone());
                Ok::<_, GitError>((indexed, map, before, kept))
            }
        };
        let done = tokio::task::spawn_blocking(work).await;
        let (indexed, map, before, (names, present)) = done.map_err(|_| ImpactError::Lost)??;
        let Some(map) = map else {
            return Ok(indexed);
        };
        let configures = map.configures() == repo;
        self.map.store(Arc::new(map));
        let update = LineUpdate {
            repo,
            settings: &self.settings,
            anew: indexed.anew,
            names_before: before.0,
            commits_before: before.1,
            commits: &indexed.commits,
            present: configures.then_some(&present),
        };
        let saved = self.store.save_impact(&names, update).await;
        if !matches!(saved, Ok(true)) {
            // What is known is not what is kept: the next look begins with what is kept.
            drop(indexer);
            self.restore().await?;
        }
        saved?;
        Ok(indexed)
    }
}
