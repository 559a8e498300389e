//! Where results come from, and how fresh they are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::paths;
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use model::{
    freshness::{age, behind_since_ms},
    wire::{
        BrokenBuild, Health, Items, LeaseState, NamedLink, ReplicaState, SourceChanged,
        SourceHealth, SourcePage, SourceState, Sources, UploadRevision, WireError, time,
    },
};

use super::{PublishError, Reader, TabEntry, catalog::key, changes::What};
use crate::{
    clock::now_ms,
    store::{QueueState, Queued, StoreError},
};

/// For how many builds it is told what could not be read.
const BROKEN: u32 = 100;
/// How long the database may be silent before readers are told.
const SILENCE_MS: i64 = 10_000;
/// How long it may take to tell how it stands with the sources.
const ANSWER: Duration = Duration::from_secs(5);

/// What was last known of all sources.
#[derive(Debug)]
pub(super) struct KnownSources {
    poll_secs: u64,
    begun_ms: i64,
    now: ArcSwap<Known>,
    /// Since when the database is silent.
    silent_ms: Mutex<Option<i64>>,
}

#[derive(Debug, Default)]
struct Known {
    sources: Sources,
    /// Indexes into the items.
    by_group: HashMap<String, usize>,
}

impl KnownSources {
    pub(super) fn new(poll_secs: u64) -> Self {
        Self {
            poll_secs,
            begun_ms: now_ms(),
            now: ArcSwap::default(),
            silent_ms: Mutex::default(),
        }
    }

    fn silent_ms(&self) -> Option<i64> {
        *self
            .silent_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn set_silent_ms(&self, silent_ms: Option<i64>) -> Option<i64> {
        let mut known = self
            .silent_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut known, silent_ms)
    }
}

impl Known {
    fn find(&self, group: &str) -> Option<&SourceState> {
        let &index = self.by_group.get(&key(group))?;
        self.sources.items.get(index)
    }
}

/// A time, and how long ago that is.
fn since(time: DateTime<Utc>) -> String {
    let age = age(now_ms() - time.timestamp_millis());
    format!("{}, {age} ago", time.format("%-d %b %Y %H:%M UTC"))
}

/// How it stands with all sources at `now_ms`, from the queue as it is stored. Groups that the configuration
/// does not name any more, or not yet, stand in the queue too; they are no sources here.
fn build_sources(
    queue: QueueState,
    is_source: impl Fn(&str) -> bool,
    poll_secs: u64,
    begun_ms: i64,
    now_ms: i64,
) -> Sources {
    let QueueState {
        at_ms,
        groups: mut queue,
        replicas,
    } = queue;
    queue.retain(|queued| is_source(&queued.name));
    let poll_ms = poll_secs as i64 * 1000;
    let is_held = |queued: &Queued| {
        queued
            .lease
            .as_ref()
            .is_some_and(|&(_, until_ms)| until_ms > at_ms)
    };
    let mut waiting: Vec<&Queued> = queue
        .iter()
        .filter(|queued| queued.due_ms <= at_ms && !is_held(queued))
        .collect();
    waiting.sort_by_key(|queued| {
        (
            queued.pushed_ms.is_none(),
            queued.pushed_ms.unwrap_or(queued.due_ms),
            queued.group,
        )
    });
    let positions: HashMap<_, u32> = waiting
        .iter()
        .zip(1..)
        .map(|(queued, position)| (queued.group, position))
        .collect();
    let replicas = replicas
        .into_iter()
        .map(|replica| {
            let mut leases: Vec<LeaseState> = queue
                .iter()
                .filter_map(|queued| {
                    let (owner, until_ms) = queued.lease.as_ref()?;
                    (*owner == replica.name).then(|| LeaseState {
                        group: queued.name.clone(),
                        until: time(*until_ms),
                    })
                })
                .collect();
            leases.sort_by(|a, b| a.group.cmp(&b.group));
            ReplicaState {
                name: replica.name,
                started: time(replica.started_ms),
                seen: time(replica.seen_ms),
                leases,
            }
        })
        .collect();
    let mut items: Vec<SourceState> = queue
        .into_iter()
        .map(|queued| {
            let update = &queued.update;
            let behind = behind_since_ms(update.success_ms, begun_ms, poll_ms, now_ms).is_some();
            let health = match (behind, &update.error, update.success_ms) {
                (true, ..) => SourceHealth::Behind,
                (_, Some(_), _) => SourceHealth::Failing,
                (.., None) => SourceHealth::Waiting,
                (.., Some(_)) => SourceHealth::Fresh,
            };
            SourceState {
                health,
                last_success: update.success_ms.map(time),
                last_attempt: update.attempt_ms.map(time),
                lag_ms: update.lag_ms,
                next_poll: time(queued.due_ms),
                last_error: update.error.clone(),
                failures: queued.failures,
                queue_position: positions.get(&queued.group).copied(),
                pushed: queued.pushed_ms.is_some(),
                remaining: queued.remaining,
                replica: is_held(&queued)
                    .then(|| queued.lease.as_ref().map(|(owner, _)| owner.clone()))
                    .flatten(),
                group: queued.name,
            }
        })
        .collect();
    items.sort_by(|a, b| a.health.cmp(&b.health).then_with(|| a.group.cmp(&b.group)));
    Sources {
        items,
        next: None,
        replicas,
        poll_secs,
        unreachable_since: None,
    }
}

impl Reader {
    /// Looks how it stands with the sources, and tells what has changed: a source that stands otherwise,
    /// or that was read with something new, and the tabs that say now that they are old, or no longer.
    ///
    /// # Errors
    /// When the database does not answer. What was known stays, and readers are told after a while.
    pub async fn refresh_sources(&self) -> Result<(), StoreError> {
        let now_ms = now_ms();
        let known = &self.known_sources;
        let loaded = self.store.within(ANSWER, self.store.load_queue()).await;
        let queue = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                let since_ms = known.silent_ms().unwrap_or(now_ms);
                known.set_silent_ms(Some(since_ms));
                let old = known.now.load();
                let silent_for = self::now_ms() - since_ms;
                if old.sources.unreachable_since.is_none() && silent_for >= SILENCE_MS {
                    let sources = Sources {
                        unreachable_since: Some(time(since_ms)),
                        ..old.sources.clone()
                    };
                    self.put_sources(sources);
                    self.changes.tell(What::All);
                }
                return Err(error);
            }
        };
        known.set_silent_ms(None);
        let published = self.published.load_full();
        let is_source = |group: &str| published.catalog.is_source(group);
        let new = build_sources(queue, is_source, known.poll_secs, known.begun_ms, now_ms);
        let old = self.put_sources(new);
        if old.sources.unreachable_since.is_some() {
            self.changes.tell(What::All);
        }
        let new = known.now.load_full();
        for source in &new.sources.items {
            let before = old.find(&source.group);
            let is_same = before.is_some_and(|before| {
                (before.health, before.lag_ms) == (source.health, source.lag_ms)
            });
            if is_same || (before.is_none() && source.health == SourceHealth::Waiting) {
                continue;
            }
            self.changes.tell(What::Source(SourceChanged {
                group: source.group.clone(),
                health: source.health,
                last_success: source.last_success,
                lag_ms: source.lag_ms,
            }));
            let was_behind = before.is_some_and(|before| before.health == SourceHealth::Behind);
            if was_behind != (source.health == SourceHealth::Behind) {
                self.tell_tabs_of(&source.group);
            }
        }
        Ok(())
    }

    fn put_sources(&self, sources: Sources) -> Arc<Known> {
        let by_group = sources
            .items
            .iter()
            .enumerate()
            .map(|(index, source)| (key(&source.group), index))
            .collect();
        self.known_sources
            .now
            .swap(Arc::new(Known { sources, by_group }))
    }

    /// Tells that the pages of a group's tabs are others, though their grids are not.
    fn tell_tabs_of(&self, group: &str) {
        let published = self.published.load_full();
        for &index in published.catalog.tabs_of(group) {
            self.tell_tab(
                &published.catalog.tabs()[index],
                &published.tabs[index],
                None,
            );
        }
    }

    /// How it stands with all sources, as of the last look.
    pub fn sources(&self) -> Sources {
        self.known_sources.now.load().sources.clone()
    }

    /// How many sources stand how, in the order of [`SourceHealth::ALL`]; how many wait for their turn;
    /// and how many each replica holds.
    pub fn source_counts(&self) -> ([usize; 4], usize, Vec<(String, usize)>) {
        let known = self.known_sources.now.load();
        let items = &known.sources.items;
        let counts = SourceHealth::ALL.map(|health| {
            items
                .iter()
                .filter(|source| source.health == health)
                .count()
        });
        let waiting = items
            .iter()
            .filter(|source| source.queue_position.is_some())
            .count();
        let leases = known
            .sources
            .replicas
            .iter()
            .map(|replica| (replica.name.clone(), replica.leases.len()))
            .collect();
        (counts, waiting, leases)
    }

    /// One source, with what could not be read of its builds.
    ///
    /// # Errors
    /// When there is no such source, or the database does not answer.
    pub async fn source(&self, group: &str) -> Result<SourcePage, WireError> {
        let source = self.known_sources.now.load().find(group).cloned();
        let source = source.ok_or_else(|| WireError {
            code: "not_found".to_owned(),
            message: format!("no test group \"{group}\" is read from a bucket"),
        })?;
        let known = self.store.load_group_modified(group).await;
        let mut builds = Vec::new();
        if let Some(known) = known.map_err(PublishError::from)? {
            let broken = self.store.load_broken_builds(known.id, BROKEN).await;
            builds = broken.map_err(PublishError::from)?;
        }
        Ok(SourcePage {
            source,
            builds: builds
                .into_iter()
                .map(|(known, problems)| BrokenBuild {
                    build: known.build,
                    started: time(known.started_ms),
                    problems,
                })
                .collect(),
        })
    }

    /// How it stands with the server itself.
    pub fn health(&self) -> Health {
        Health {
            database_silent_since: self.known_sources.now.load().sources.unreachable_since,
        }
    }

    /// What is said when the database has been silent for a while; everything shown is from before.
    pub(super) fn database_silence(&self) -> Option<String> {
        let silent = self.known_sources.now.load().sources.unreachable_since?;
        Some(format!(
            "The database gives no answer since {}; these are the last results that were read.",
            since(silent)
        ))
    }

    /// What a tab says above its grid when its results may be old, with the page that tells more.
    pub(super) fn behind(&self, entry: &TabEntry) -> Option<NamedLink> {
        let known = self.known_sources.now.load();
        let source = known.find(&entry.group.name)?;
        if source.health != SourceHealth::Behind || entry.recorded_ms.is_some() {
            return None;
        }
        let read = match source.last_success {
            Some(time) => format!("The results were last read at {}", since(time)),
            None => "The results have not been read yet".to_owned(),
        };
        Some(NamedLink {
            text: match &source.last_error {
                Some(error) => format!("{read}: {error}."),
                None => format!("{read}."),
            },
            url: paths::source(&source.group),
        })
    }

    /// All uploads of a build, the one that counts first.
    ///
    /// # Errors
    /// When no such build was uploaded, or the database does not answer.
    pub async fn revisions(
        &self,
        group: &str,
        build: &str,
    ) -> Result<Items<UploadRevision>, WireError> {
        let mut revisions = Vec::new();
        let known = self.store.load_group_modified(group).await;
        if let Some(known) = known.map_err(PublishError::from)? {
            let loaded = self.store.load_revisions(known.id, build).await;
            revisions = loaded.map_err(PublishError::from)?;
        }
        if revisions.is_empty() {
            return Err(WireError {
                code: "not_found".to_owned(),
                message: format!("no build \"{build}\" of a test group \"{group}\" was uploaded"),
            });
        }
        let items: Vec<UploadRevision> = revisions
            .into_iter()
            .rev()
            .map(|one| UploadRevision {
                revision: one.revision as u32,
                received: time(one.received_ms),
                uploader: one.uploader,
                running: one.running,
                bytes: one.bytes,
            })
            .collect();
        Ok(items.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{GroupId, Replica, UpdateState};

    const NOW_MS: i64 = 1_772_323_200_000;
    const MINUTE_MS: i64 = 60_000;

    fn queued(id: i64, due_ms: i64, success_ms: Option<i64>) -> Queued {
        Queued {
            group: GroupId(id),
            name: format!("g{id}"),
            due_ms,
            pushed_ms: None,
            failures: 0,
            remaining: 0,
            lease: None,
            update: UpdateState {
                attempt_ms: success_ms,
                success_ms,
                ..UpdateState::default()
            },
        }
    }

    #[test]
    fn what_stands_worst_comes_first_and_pushed_groups_go_first() {
        let fresh = Some(NOW_MS - MINUTE_MS);
        let mut failing = queued(1, NOW_MS + 5, fresh);
        failing.update.error = Some("no".into());
        let mut pushed = queued(2, NOW_MS, fresh);
        pushed.pushed_ms = Some(NOW_MS);
        let mut held = queued(3, NOW_MS - 9, fresh);
        held.lease = Some(("r".into(), NOW_MS + 9));
        let mut abandoned = queued(4, NOW_MS - 5, fresh);
        abandoned.lease = Some(("dead".into(), NOW_MS - 1));
        let behind = queued(5, NOW_MS - 7, Some(NOW_MS - 60 * MINUTE_MS));
        let never = queued(6, NOW_MS - 1, None);
        let replica = Replica {
            name: "r".into(),
            started_ms: 1,
            seen_ms: NOW_MS,
        };
        let queue = QueueState {
            at_ms: NOW_MS,
            groups: vec![failing, pushed, held, abandoned, behind, never],
            replicas: vec![replica],
        };
        let sources = build_sources(queue, |_| true, 300, NOW_MS - MINUTE_MS, NOW_MS);
        let seen: Vec<_> = sources
            .items
            .iter()
            .map(|one| (one.group.as_str(), one.health.word(), one.queue_position))
            .collect();
        assert_eq!(
            seen,
            [
                ("g5", "behind", Some(2)),
                ("g1", "failing", None),
                ("g6", "waiting", Some(4)),
                ("g2", "fresh", Some(1)),
                ("g3", "fresh", None),
                ("g4", "fresh", Some(3)),
            ]
        );
        assert_eq!(sources.replicas[0].leases.len(), 1);
        assert_eq!(sources.replicas[0].leases[0].group, "g3");
    }
}
