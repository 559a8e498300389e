//! The histories of the repositories, in memory: read from the database when somebody has written there.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use model::{
    history::{Commit, History, Resolved, commit_in},
    wire::ComponentRef,
};

use crate::{
    read::{PublishError, Reader, What, search::CommitTexts},
    store::RepositoryId,
};

/// All repositories that are mirrored.
#[derive(Debug, Default)]
pub(in crate::read) struct Histories {
    repositories: Vec<Arc<Known>>,
    /// By component, what moves it: oldest first.
    moves: HashMap<String, Vec<Moving>>,
}

/// A commit that moves a component from one version to another.
#[derive(Clone, Debug)]
pub(super) struct Moving {
    pub(super) known: Arc<Known>,
    pub(super) index: u32,
    /// Which of the things that the commit moves.
    bump: usize,
}

impl Moving {
    pub(super) fn commit(&self) -> &Commit {
        self.known.commit(self.index)
    }

    /// What moves.
    pub(super) fn what(&self) -> &str {
        &self.commit().bumps[self.bump].what
    }

    /// From where to where.
    pub(super) fn way(&self) -> (&str, &str) {
        let bump = &self.commit().bumps[self.bump];
        (
            bump.from.as_deref().unwrap_or_default(),
            bump.to.as_deref().unwrap_or_default(),
        )
    }
}

/// What is known of one repository.
#[derive(Clone, Debug)]
pub(in crate::read) struct Known {
    id: RepositoryId,
    /// `org/name`.
    pub(in crate::read) name: String,
    version: i64,
    newest: i64,
    pub(in crate::read) history: History,
    /// What its commits are called, to be searched.
    pub(in crate::read) texts: CommitTexts,
    /// When it was last fetched, in milliseconds since 1970; 0 for never. Renewed in place: nothing else
    /// changes when a fetch finds nothing new.
    fetched_ms: Arc<AtomicI64>,
    /// What is wrong with it; empty when nothing is.
    pub(super) problem: String,
    /// Commits that move something by their diff, oldest first.
    bumping: Vec<u32>,
    /// By commit, the one that takes it back.
    pub(super) reverted: HashMap<u32, u32>,
}

impl Histories {
    /// The repository of this name.
    pub(super) fn of(&self, repo: &str) -> Option<&Arc<Known>> {
        self.repositories.iter().find(|known| known.name == repo)
    }

    fn new(repositories: Vec<Arc<Known>>, components: &[ComponentRef]) -> Self {
        let mut histories = Self {
            repositories,
            moves: HashMap::new(),
        };
        let mut moves: HashMap<String, Vec<Moving>> = HashMap::new();
        for known in &histories.repositories {
            for &index in &known.bumping {
                for (bump, of) in known.commit(index).bumps.iter().enumerate() {
                    let (Some(from), Some(to)) = (of.from.as_deref(), of.to.as_deref()) else {
                        continue;
                    };
                    let owner = histories
                        .owner(components, &of.what, Some(to))
                        .or_else(|| histories.owner(components, &of.what, Some(from)));
                    if let Some(owner) = owner {
                        moves.entry(owner.to_owned()).or_default().push(Moving {
                            known: known.clone(),
                            index,
                            bump,
                        });
                    }
                }
            }
        }
        for of in moves.values_mut() {
            of.sort_by_key(|moving| moving.commit().at_ms);
        }
        histories.moves = moves;
        histories
    }

    /// What moves a component, oldest first.
    pub(super) fn moves_of(&self, component: &str) -> &[Moving] {
        self.moves.get(component).map_or(&[], |moves| moves)
    }

    /// The component that an image belongs to: the one in whose repository the commit of its tag is, else
    /// the one that is called as a part of its name.
    pub(super) fn owner<'a>(
        &self,
        components: &'a [ComponentRef],
        what: &str,
        version: Option<&str>,
    ) -> Option<&'a str> {
        let digits = version.and_then(commit_in);
        let found = digits.and_then(|digits| {
            components.iter().find(|component| {
                self.of(&component.repo)
                    .is_some_and(|known| known.find(digits).is_some())
            })
        });
        let named = || {
            components.iter().find(|component| {
                what.split(['/', ' '])
                    .any(|part| part.eq_ignore_ascii_case(&component.name))
            })
        };
        found
            .or_else(named)
            .map(|component| component.name.as_str())
    }

    /// All of them, by name.
    pub(in crate::read) fn all(&self) -> impl Iterator<Item = &Arc<Known>> {
        self.repositories.iter()
    }
}

impl Known {
    /// The commit that a version names.
    pub(super) fn find(&self, version: &str) -> Option<u32> {
        match self.history.resolve(version) {
            Resolved::One(index) => Some(index),
            Resolved::Ambiguous(_) | Resolved::Unknown => None,
        }
    }

    /// When it was last fetched, in milliseconds since 1970; `None` for never.
    pub(super) fn fetched_ms(&self) -> Option<i64> {
        Some(self.fetched_ms.load(Ordering::Relaxed)).filter(|&at| at > 0)
    }

    pub(super) fn commit(&self, index: u32) -> &Commit {
        self.history.commit(index)
    }

    /// Finds out what follows from the commits together.
    fn connect(&mut self) {
        self.bumping = (0..)
            .zip(self.history.commits())
            .filter(|(_, commit)| commit.observed)
            .map(|(index, _)| index)
            .collect();
        self.bumping
            .sort_by_key(|&index| self.history.commit(index).at_ms);
        self.reverted = find_reverted(&self.history);
        self.texts = CommitTexts::new(&self.history);
    }
}

/// By commit, the one that takes it back: found by its digits, by its pull request, by what it is called,
/// or by moving back what the other moved.
fn find_reverted(history: &History) -> HashMap<u32, u32> {
    let mut by_pull: HashMap<u64, u32> = HashMap::new();
    let mut by_title: HashMap<&str, u32> = HashMap::new();
    // (what, from, to) → the newest that moved it so.
    let mut by_move: HashMap<(&str, &str, &str), u32> = HashMap::new();
    let mut reverted = HashMap::new();
    for (index, commit) in (0..).zip(history.commits()) {
        if let Some(revert) = &commit.reverts {
            let moved_back = || {
                commit.bumps.iter().find_map(|bump| {
                    let (from, to) = (bump.from.as_deref()?, bump.to.as_deref()?);
                    by_move.get(&(bump.what.as_str(), to, from)).copied()
                })
            };
            let target = revert
                .commit
                .as_deref()
                .and_then(|sha| match history.resolve(sha) {
                    Resolved::One(found) if found < index => Some(found),
                    _ => None,
                })
                .or_else(|| by_pull.get(&revert.pull?).copied())
                .or_else(|| by_title.get(revert.subject.as_deref()?).copied())
                .or_else(moved_back);
            if let Some(target) = target {
                reverted.insert(target, index);
            }
        }
        if let Some(pull) = commit.pull {
            by_pull.insert(pull, index);
        }
        by_title.insert(&commit.title, index);
        for bump in &commit.bumps {
            if let (Some(from), Some(to)) = (bump.from.as_deref(), bump.to.as_deref()) {
                by_move.insert((&bump.what, from, to), index);
            }
        }
    }
    reverted
}

impl Reader {
    /// Reads what is new of the repositories; tells that everything may be other than before when
    /// something is.
    pub async fn publish_histories(&self) -> Result<(), PublishError> {
        let stored = self.store.load_repositories().await?;
        let old = self.infra.histories.load_full();
        let mut repositories = Vec::with_capacity(stored.len());
        let mut changed = stored.len() != old.repositories.len();
        for now in stored {
            let before = old.of(&now.name).filter(|known| known.id == now.id);
            if let Some(before) = before
                && before.version == now.version
            {
                let fetched_ms = now.fetched_ms.unwrap_or(0);
                before.fetched_ms.store(fetched_ms, Ordering::Relaxed);
                repositories.push(before.clone());
                continue;
            }
            changed = true;
            let after = before.map_or(0, |known| known.newest);
            let (commits, newest) = self.store.load_commits(now.id, after).await?;
            let refs = self.store.load_refs(now.id).await?;
            let history = before
                .map(|known| known.history.clone())
                .unwrap_or_default();
            let name = now.name.clone();
            let known = tokio::task::spawn_blocking(move || {
                let mut known = Known {
                    id: now.id,
                    name: now.name,
                    version: now.version,
                    newest,
                    history,
                    texts: CommitTexts::default(),
                    fetched_ms: Arc::new(AtomicI64::new(now.fetched_ms.unwrap_or(0))),
                    problem: now.problem,
                    bumping: Vec::new(),
                    reverted: HashMap::new(),
                };
                known.history.extend(commits);
                let of_kind = |kind: &str| -> Vec<(String, String)> {
                    let named = |(name, sha): &(String, String)| {
                        Some((name.strip_prefix(kind)?.to_owned(), sha.clone()))
                    };
                    refs.iter().filter_map(named).collect()
                };
                known.history.branches = of_kind("refs/heads/");
                known.history.tags = of_kind("refs/tags/");
                known.connect();
                known
            })
            .await
            .map_err(|_| PublishError::Lost(name))?;
            repositories.push(Arc::new(known));
        }
        if changed {
            self.infra
                .histories
                .store(Arc::new(Histories::new(repositories, &self.components)));
            self.changes.tell(What::All);
        }
        Ok(())
    }
}
