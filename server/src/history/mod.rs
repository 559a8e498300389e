//! What landed in the repositories of the infrastructure and of the products: a bare mirror of each
//! beside the database, fetched in the background, and its commits in the database.
//!
//! Whether commits must be read is decided by what is stored: the branches as they were when all their
//! commits were saved. So what is cut off anywhere is made good by the next look, and a mirror may be
//! deleted at any time. A repository that cannot be reached keeps what is known of it and says why.

mod git;
mod mirror;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use git::GitError;
use mirror::Mirror;
use model::history::NewCommit;
use tokio::sync::mpsc;

use crate::{
    clock::now_ms,
    settings::Settings,
    store::{Store, StoreError, StoredRepository},
};

/// How many batches of commits may wait for the database.
const AHEAD: usize = 2;

/// A repository that is mirrored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `org/name`.
    pub name: String,
    /// A path, or an address that git understands.
    pub git: String,
    /// Whether it belongs to the infrastructure: then it is read which images its commits move.
    pub infra: bool,
}

/// The mirrors of all repositories that the settings name.
#[derive(Debug)]
pub struct Mirrors {
    store: Store,
    repositories: Vec<Repository>,
    folder: PathBuf,
    stop: Arc<AtomicBool>,
}

/// What one look at a repository did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// `org/name`.
    pub repository: String,
    /// Commits that are new in the database.
    pub commits: u64,
    /// Whether anything is other than before.
    pub changed: bool,
    /// What is wrong, as one sentence.
    pub problem: Option<String>,
}

/// Why a look ended early.
#[derive(Debug, thiserror::Error)]
enum HistoryError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the work on it was lost")]
    Lost,
}

/// The repositories that the settings name, each once: those of the infrastructure first.
pub fn repositories(settings: &Settings) -> Vec<Repository> {
    let mut repositories: Vec<Repository> = Vec::new();
    let infra = settings
        .infra
        .components
        .iter()
        .filter_map(|component| Some((&component.repo, component.git.as_ref()?, true)));
    let others = settings
        .repositories
        .iter()
        .map(|other| (&other.repo, &other.git, false));
    for (name, git, infra) in infra.chain(others) {
        if !repositories.iter().any(|known| known.name == *name) {
            repositories.push(Repository {
                name: name.clone(),
                git: git.clone(),
                infra,
            });
        }
    }
    repositories
}

/// Where mirrors are kept: what the settings say, else a folder beside the database, named after it.
pub fn mirror_folder(settings: &Settings, store: &Store) -> PathBuf {
    settings.update.mirrors.clone().unwrap_or_else(|| {
        // A server's is in the working directory.
        let database = match store {
            Store::Sqlite(_) => Path::new(store.database()),
            Store::Postgres(_) => Path::new("seamgrid"),
        };
        let name = database.file_stem().unwrap_or("seamgrid".as_ref());
        let mut name = name.to_owned();
        name.push(".mirrors");
        database.with_file_name(name)
    })
}

/// The mirror of a repository below the folder of mirrors.
pub fn mirror_path(folder: &Path, repository: &str) -> PathBuf {
    // Names are checked when the settings are read; a slash parts, and nothing leads out.
    let safe: String = repository
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.') {
                letter
            } else {
                '+'
            }
        })
        .collect();
    folder.join(format!("{}.git", safe.trim_start_matches('.')))
}

impl Mirrors {
    /// Mirrors of what the settings name. Nothing is fetched yet.
    pub fn new(store: Store, settings: &Settings) -> Self {
        Self {
            folder: mirror_folder(settings, &store),
            repositories: repositories(settings),
            store,
            stop: Arc::default(),
        }
    }

    /// Whether there is nothing to mirror.
    pub fn is_empty(&self) -> bool {
        self.repositories.is_empty()
    }

    /// Brings every repository up to date, one after the other.
    pub async fn update(&self) -> Vec<Fetched> {
        let mut all = Vec::new();
        for repository in &self.repositories {
            all.push(self.update_one(repository).await);
        }
        all
    }

    async fn update_one(&self, repository: &Repository) -> Fetched {
        let mut fetched = Fetched {
            repository: repository.name.clone(),
            ..Fetched::default()
        };
        let stored = match self.store.repository(&repository.name).await {
            Ok(stored) => stored,
            Err(error) => {
                fetched.problem = Some(error.to_string());
                return fetched;
            }
        };
        match self.look(repository, &stored).await {
            Ok((commits, changed)) => {
                fetched.commits = commits;
                fetched.changed = changed;
            }
            Err(HistoryError::Git(GitError::Stopped)) => {}
            Err(error) => {
                let problem = format!("{} cannot be fetched: {error}", repository.name);
                if stored.problem != problem {
                    fetched.changed = true;
                    self.store
                        .save_fetch(stored.id, None, None, &problem)
                        .await
                        .ok();
                }
                fetched.problem = Some(problem);
            }
        }
        fetched
    }

    /// Fetches and reads what is new; answers how many commits are, and whether anything changed.
    async fn look(
        &self,
        repository: &Repository,
        stored: &StoredRepository,
    ) -> Result<(u64, bool), HistoryError> {
        let old = self.store.load_refs(stored.id).await?;
        let path = mirror_path(&self.folder, &repository.name);
        let (sender, mut batches) = mpsc::channel::<Vec<NewCommit>>(AHEAD);
        let work = {
            let (repository, stop, old) = (repository.clone(), self.stop.clone(), old.clone());
            move || {
                let mirror = Mirror::new(&path, stop);
                mirror.fetch(&repository.git)?;
                let refs = mirror.refs()?;
                if refs.refs != old {
                    mirror.read(&refs, &old, repository.infra, |batch| {
                        sender.blocking_send(batch).is_ok()
                    })?;
                }
                Ok::<_, GitError>((refs, mirror.is_shallow()?))
            }
        };
        let reading = tokio::task::spawn_blocking(work);
        let mut commits = 0;
        while let Some(batch) = batches.recv().await {
            commits += self.store.save_commits(stored.id, &batch).await?;
        }
        let (refs, shallow) = reading.await.map_err(|_| HistoryError::Lost)??;
        let problem = if shallow {
            format!(
                "the source of {} is a shallow clone: what landed before its oldest commits is not known",
                repository.name
            )
        } else {
            String::new()
        };
        let changed = refs.refs != old || problem != stored.problem || stored.fetched_ms.is_none();
        let now = Some(now_ms());
        if changed {
            self.store
                .save_fetch(stored.id, Some(&refs.refs), now, &problem)
                .await?;
        } else {
            self.store.note_fetch(stored.id, now_ms()).await?;
        }
        Ok((commits, changed))
    }

    /// Keeps all mirrors up to date until `shutdown` is ready: each `every`. Who reads sees by the
    /// database that something is new.
    pub async fn run_forever(&self, every: Duration, shutdown: impl Future<Output = ()>) {
        if self.is_empty() {
            return;
        }
        let forever = async {
            loop {
                for fetched in self.update().await {
                    log(&fetched);
                }
                tokio::time::sleep(every).await;
            }
        };
        tokio::select! {
            () = forever => {}
            () = shutdown => self.stop.store(true, Ordering::Release),
        }
    }
}

impl Drop for Mirrors {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

fn log(fetched: &Fetched) {
    let repository = &fetched.repository;
    match &fetched.problem {
        Some(problem) => {
            tracing::warn!(repository.name = repository, %problem, "{problem}");
        }
        None if fetched.commits > 0 => tracing::info!(
            repository.name = repository,
            commits.count = fetched.commits,
            "{} new commits of {repository}",
            fetched.commits
        ),
        None => tracing::debug!(repository.name = repository, "nothing new in {repository}"),
    }
}
