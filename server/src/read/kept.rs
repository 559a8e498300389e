//! Results of groups as they were last read, so that one more run costs reading one run.
//!
//! What a group's tabs follow from is kept in memory, bounded by bytes, least recently used first out: the
//! groups with the most runs stay. What had to go is kept compressed, in as many bytes again. Of a kept
//! group only what was written since is read; of any other everything is. All ways give the same.

use std::{
    collections::{HashMap, HashSet},
    mem::{size_of, size_of_val},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::tabulate::{GroupResults, StoredDetail, StoredRun, Test};

use super::packed::Packed;
use crate::store::{GroupId, ResultChanges, ResultsAt, Store, StoreError};

/// Which part of a group's runs is wanted: those of so many milliseconds, or all.
pub(super) type Span = Option<i64>;

/// See the module.
#[derive(Debug)]
pub(super) struct KeptResults {
    groups: Mutex<Groups>,
    limit: usize,
    packed_limit: usize,
}

#[derive(Debug, Default)]
struct Groups {
    by_id: HashMap<GroupId, Kept>,
    bytes: usize,
    /// Those that had to go at least once, as they were then; each with when it was last used.
    packed: HashMap<GroupId, (Arc<Packed>, u64)>,
    packed_bytes: usize,
    clock: u64,
}

/// What is kept of a group.
enum Found {
    Whole(Kept),
    Packed(Arc<Packed>),
}

#[derive(Clone, Debug)]
struct Kept {
    span: Span,
    /// Runs that began before the span, too, as long as the newest run is old itself: see [`cut`].
    at: ResultsAt,
    bytes: usize,
    used: u64,
}

impl KeptResults {
    /// Keeps results of about so many bytes, and of so many more compressed.
    pub(super) fn new(limit: usize, packed_limit: usize) -> Self {
        Self {
            groups: Mutex::default(),
            limit,
            packed_limit,
        }
    }

    /// The group's runs as they were stored at `revision` or later, of `span` before `now_ms`; of a group
    /// whose runs are all older, those of the span before the newest. What is kept of that revision needs
    /// no database.
    pub(super) async fn load(
        &self,
        store: &Store,
        (group, revision): (GroupId, i64),
        span: Span,
        now_ms: i64,
    ) -> Result<GroupResults, StoreError> {
        let kept = match self.get(group, span).await {
            Some(kept) if kept.at.revision >= revision => Some(kept),
            Some(mut kept) => {
                let (since, tests) = (kept.at.revision, kept.at.results.tests.len());
                let changes = store.load_changes(group, since, tests).await?;
                changes.map(|changes| {
                    kept.add(changes);
                    kept
                })
            }
            None => None,
        };
        let kept = match kept {
            Some(kept) => kept,
            None => Kept::new(span, store.load_window(group, span, now_ms).await?),
        };
        let mut results = kept.at.results.clone();
        let gone = self.put(group, kept, now_ms);
        self.pack(gone).await;
        cut(&mut results.runs, span, now_ms);
        Ok(results)
    }

    async fn get(&self, group: GroupId, span: Span) -> Option<Kept> {
        match self.find(group, span)? {
            Found::Whole(kept) => Some(kept),
            Found::Packed(packed) => {
                let unpack = move || packed.unpack();
                let at = tokio::task::spawn_blocking(unpack).await.ok()?.ok()?;
                Some(Kept::new(span, at))
            }
        }
    }

    fn find(&self, group: GroupId, span: Span) -> Option<Found> {
        let mut groups = self.groups();
        if let Some(kept) = groups.by_id.get(&group) {
            return (kept.span == span).then(|| Found::Whole(kept.clone()));
        }
        groups.clock += 1;
        let clock = groups.clock;
        let (packed, used) = groups.packed.get_mut(&group)?;
        *used = clock;
        (packed.span == span).then(|| Found::Packed(packed.clone()))
    }

    /// Keeps what was read, unless something newer is here. Answers what had to go and is not packed.
    fn put(&self, group: GroupId, mut kept: Kept, now_ms: i64) -> Vec<(GroupId, Kept)> {
        kept.forget_old(now_ms);
        let mut gone = Vec::new();
        let mut groups = self.groups();
        groups.clock += 1;
        kept.used = groups.clock;
        let newer = |known: &Kept| known.span == kept.span && known.at.revision > kept.at.revision;
        if groups.by_id.get(&group).is_some_and(newer) {
            return gone;
        }
        groups.bytes += kept.bytes;
        if let Some(old) = groups.by_id.insert(group, kept) {
            groups.bytes -= old.bytes;
        }
        while groups.bytes > self.limit {
            let oldest = groups.by_id.iter().min_by_key(|(_, kept)| kept.used);
            let Some((id, old)) = oldest
                .map(|(&id, _)| id)
                .and_then(|id| groups.by_id.remove_entry(&id))
            else {
                break;
            };
            groups.bytes -= old.bytes;
            let is_packed = groups.packed.get(&id).is_some_and(|(packed, _)| {
                (packed.span, packed.revision) == (old.span, old.at.revision)
            });
            if !is_packed {
                gone.push((id, old));
            }
        }
        gone
    }

    /// Keeps these compressed.
    async fn pack(&self, gone: Vec<(GroupId, Kept)>) {
        for (group, kept) in gone {
            let packed =
                tokio::task::spawn_blocking(move || Packed::new(kept.span, &kept.at)).await;
            // What cannot be packed is read whole the next time.
            if let Ok(Ok(packed)) = packed {
                self.put_packed(group, packed);
            }
        }
    }

    fn put_packed(&self, group: GroupId, packed: Packed) {
        let mut groups = self.groups();
        groups.clock += 1;
        let clock = groups.clock;
        let newer = |known: &Packed| known.span == packed.span && known.revision > packed.revision;
        if groups
            .packed
            .get(&group)
            .is_some_and(|(known, _)| newer(known))
        {
            return;
        }
        groups.packed_bytes += packed.bytes();
        if let Some((old, _)) = groups.packed.insert(group, (Arc::new(packed), clock)) {
            groups.packed_bytes -= old.bytes();
        }
        while groups.packed_bytes > self.packed_limit {
            let oldest = groups.packed.iter().min_by_key(|(_, (_, used))| *used);
            let Some((old, _)) = oldest
                .map(|(&id, _)| id)
                .and_then(|id| groups.packed.remove(&id))
            else {
                break;
            };
            groups.packed_bytes -= old.bytes();
        }
    }

    /// A panic elsewhere leaves at worst a wrong sum of bytes.
    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn new(span: Span, at: ResultsAt) -> Self {
        let tests = at.results.tests.iter().map(test_bytes);
        let runs = at.results.runs.iter().map(|run| run_bytes(run));
        Self {
            span,
            bytes: size_of::<Self>() + tests.chain(runs).sum::<usize>(),
            at,
            used: 0,
        }
    }

    /// Takes in what was written since.
    fn add(&mut self, changes: ResultChanges) {
        let ResultsAt { revision, results } = &mut self.at;
        *revision = changes.revision;
        if !changes.tests.is_empty() {
            self.bytes += changes.tests.iter().map(test_bytes).sum::<usize>();
            results.tests = results.tests.iter().cloned().chain(changes.tests).collect();
        }
        if changes.runs.is_empty() {
            return;
        }
        let changed: HashSet<&str> = changes.runs.iter().map(|run| run.build.as_str()).collect();
        let bytes = &mut self.bytes;
        results.runs.retain(|run| {
            let stays = !changed.contains(run.build.as_str());
            if !stays {
                *bytes -= run_bytes(run);
            }
            stays
        });
        for run in changes.runs {
            let at = results
                .runs
                .partition_point(|known| known.newest_first(&run).is_lt());
            self.bytes += run_bytes(&run);
            results.runs.insert(at, run);
        }
    }

    /// Forgets runs that no tab will show again, whatever comes.
    fn forget_old(&mut self, now_ms: i64) {
        let runs = &mut self.at.results.runs;
        let (Some(span), Some(newest)) = (self.span, runs.first()) else {
            return;
        };
        let since_ms = newest.started_ms.min(now_ms).saturating_sub(span);
        let shown = runs.partition_point(|run| run.started_ms >= since_ms);
        for run in runs.drain(shown..) {
            self.bytes -= run_bytes(&run);
        }
    }
}

/// Drops the runs that tabs do not show: those that began before the span. A job that stopped keeps its
/// last results, those of the span before its newest run, and is stale.
fn cut(runs: &mut Vec<Arc<StoredRun>>, span: Span, now_ms: i64) {
    let (Some(span), Some(newest)) = (span, runs.first()) else {
        return;
    };
    let mut since_ms = now_ms.saturating_sub(span);
    if newest.started_ms < since_ms {
        since_ms = newest.started_ms.saturating_sub(span);
    }
    runs.truncate(runs.partition_point(|run| run.started_ms >= since_ms));
}

/// About how much memory a test takes.
fn test_bytes(test: &Test) -> usize {
    size_of::<Test>() + test.name.len() + test.id.len()
}

/// About how much memory a run takes; versions are shared.
fn run_bytes(run: &StoredRun) -> usize {
    let texts = [&run.build, &run.label, &run.path].map(String::len);
    let headers = run
        .headers
        .iter()
        .map(|header| 48 + header.name.len() + header.value.len());
    let details = run.details.iter().map(|detail| {
        let texts = [
            &detail.icon,
            &detail.message,
            &detail.cell_id,
            &detail.user_property,
        ];
        size_of::<StoredDetail>() + texts.map(String::len).into_iter().sum::<usize>()
    });
    size_of::<StoredRun>()
        + size_of_val(run.statuses.runs())
        + texts.into_iter().sum::<usize>()
        + headers.chain(details).sum::<usize>()
}
