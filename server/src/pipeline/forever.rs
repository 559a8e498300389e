//! Looking at every group again and again, together with other processes.
//!
//! The queue is in the database: when each group is to be looked at, and who is looking. So a process
//! that ends leaves its work to the others, a push is seen by all of them, and each group is looked at
//! by one process at a time. It is asked once a second, and at once when this process pushed a group.

use std::{
    collections::{HashMap, VecDeque},
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use model::name::normalize;
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    GroupReport, Pipeline, Progress, Publish, Target, retention::keep_retention, turn::RENEWALS,
};
use crate::{
    prow::layout,
    store::{GroupId, StoreError, Turn},
};

/// Builds that one group may read before the others have their turn again.
const TURN: usize = 500;
/// How often the queue is asked for what other processes put into it.
pub(super) const ASK: Duration = Duration::from_secs(1);
/// How long the queue may take to answer: then it is asked anew, on another connection.
const ANSWER: Duration = Duration::from_secs(10);
/// How many waiting groups are taken from the queue at a time.
const AHEAD: usize = 256;
/// How often uploads are looked at that are not made runs of, or were under way.
const UPLOADS: Duration = Duration::from_mins(1);
/// Replicas that have been silent for so long are forgotten.
const FORGET_MS: i64 = 600_000;

/// What this process knows of the queue.
struct Queue {
    targets: HashMap<GroupId, Target>,
    /// Groups that were waiting when the queue was last asked, in their order.
    waiting: VecDeque<GroupId>,
    /// When the queue is to be asked again at the latest.
    ask_at: Instant,
    /// Places taken, by bucket.
    taken: HashMap<String, usize>,
    /// The groups that this process is looking at.
    held: Vec<GroupId>,
}

impl<P: Publish> Pipeline<P> {
    /// Asks that these groups be looked at before all others, by whichever process; unknown ones are
    /// left out. Answers how many there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn push<'a>(
        &self,
        groups: impl IntoIterator<Item = &'a str>,
    ) -> Result<u64, StoreError> {
        let names: Vec<String> = groups
            .into_iter()
            .filter_map(|name| self.find_group(name))
            .filter(|group| group.prefixes().next().is_some())
            .map(|group| normalize(&group.name))
            .collect();
        let ids: Vec<GroupId> = self
            .find_targets(
                self.groups
                    .iter()
                    .filter(|group| names.contains(&normalize(&group.name))),
            )
            .await?
            .into_iter()
            .map(|target| target.id)
            .collect();
        let pushed = self.store.push_groups(&ids).await?;
        self.wake.notify_one();
        Ok(pushed)
    }

    /// The groups to whose builds an object belongs, `bucket/path`, when it tells something new of one.
    pub fn groups_of_object(&self, object: &str) -> Vec<String> {
        let prefixes = layout::prefixes_of_object(object);
        self.groups
            .iter()
            .filter(|group| {
                group
                    .prefixes()
                    .any(|prefix| prefixes.contains(prefix.trim_matches('/')))
            })
            .map(|group| group.name.clone())
            .collect()
    }

    /// The buckets of the settings that a group is read from; an unknown one is a bucket of its own.
    fn buckets_of(&self, target: &Target) -> Vec<String> {
        let mut buckets: Vec<String> = target
            .group
            .prefixes()
            .map(|prefix| {
                self.buckets
                    .resolve(prefix)
                    .map_or_else(|_| String::new(), |(bucket, _)| bucket.prefix().to_owned())
            })
            .collect();
        buckets.sort_unstable();
        buckets.dedup();
        buckets
    }

    /// How many groups of one bucket are looked at at once. Where there are several buckets, none may
    /// take all places: one that hangs would hold up the others.
    fn places(&self, bucket: &str) -> usize {
        let most = if self.buckets.len() > 1 {
            (self.parallel * 3 / 4).max(1)
        } else {
            self.parallel
        };
        self.buckets.parallel(bucket).unwrap_or(most)
    }

    /// Finds the groups and gives each a place in the queue. Those whose configuration changed are due
    /// at once, behind those that wait already.
    async fn join_queue(&self) -> Result<HashMap<GroupId, Target>, StoreError> {
        let targets = self.find_targets(&self.groups).await?;
        let all: Vec<GroupId> = targets.iter().map(|target| target.id).collect();
        self.store.enqueue(&all).await?;
        let changed: Vec<GroupId> = targets
            .iter()
            .filter(|target| target.stored_hash != target.hash)
            .map(|target| target.id)
            .collect();
        self.store.make_due(&changed).await?;
        self.claims.begin(changed);
        self.store.forget_replicas(FORGET_MS).await?;
        Ok(targets
            .into_iter()
            .map(|target| (target.id, target))
            .collect())
    }
}

impl Queue {
    /// Takes over who waits, in their order. Groups that are not of this process's configuration are left
    /// out here: they are never looked at, and so many of them may wait that nobody else would come in sight.
    fn wait(&mut self, waiting: Vec<GroupId>) {
        let known = waiting
            .into_iter()
            .filter(|id| self.targets.contains_key(id));
        self.waiting = known.take(AHEAD).collect();
    }

    /// The next groups to take leases on, at most `free`, each with room in its buckets. They are taken
    /// off the list.
    fn candidates<P: Publish>(&mut self, pipeline: &Pipeline<P>, free: usize) -> Vec<GroupId> {
        let mut chosen = Vec::new();
        let mut taken = self.taken.clone();
        let mut kept = VecDeque::new();
        while let Some(id) = self.waiting.pop_front() {
            if chosen.len() == free {
                kept.push_back(id);
                continue;
            }
            let Some(target) = self.targets.get(&id) else {
                continue;
            };
            let buckets = pipeline.buckets_of(target);
            let is_room = buckets
                .iter()
                .all(|bucket| taken.get(bucket).copied().unwrap_or(0) < pipeline.places(bucket));
            if is_room {
                for bucket in buckets {
                    *taken.entry(bucket).or_default() += 1;
                }
                chosen.push(id);
            } else {
                kept.push_back(id);
            }
        }
        self.waiting = kept;
        chosen
    }

    fn take(&mut self, id: GroupId, buckets: &[String]) {
        self.held.push(id);
        for bucket in buckets {
            *self.taken.entry(bucket.clone()).or_default() += 1;
        }
    }

    /// Notes that a look has ended.
    fn note(
        &mut self,
        (id, buckets, report): (GroupId, Vec<String>, GroupReport),
        progress: &dyn Progress,
    ) {
        progress.finished(&report);
        self.held.retain(|&held| held != id);
        self.give_back(&buckets);
        if self.waiting.is_empty() {
            self.ask_at = Instant::now();
        }
    }

    fn give_back(&mut self, buckets: &[String]) {
        for bucket in buckets {
            if let Some(taken) = self.taken.get_mut(bucket) {
                *taken = taken.saturating_sub(1);
            }
        }
    }
}

/// Keeps all groups up to date until `shutdown` is ready, then ends with what it holds.
///
/// Each group has its own time: it is looked at again `poll_secs` after its last look, sooner after a
/// failed one and then ever later, at once when it was pushed, and at once but behind the others when it
/// has more builds than one turn may read. So neither a large group nor a broken one delays the rest.
pub async fn run_forever<P: Publish>(
    pipeline: &Pipeline<P>,
    progress: &dyn Progress,
    shutdown: impl Future<Output = ()>,
) {
    tokio::select! {
        () = run_queue(pipeline, progress, shutdown) => {}
        () = keep_uploads(pipeline) => {}
        () = keep_retention(pipeline) => {}
    }
}

/// Makes good, again and again, what uploads ask for beyond their acceptance. Never ready; it may be
/// dropped at any time.
async fn keep_uploads<P: Publish>(pipeline: &Pipeline<P>) {
    // A database that does not answer says so once, not every minute.
    let mut silent = false;
    loop {
        match pipeline.catch_up().await {
            Ok(count) => {
                silent = false;
                if count > 0 {
                    tracing::info!(runs.count = count, "{count} uploaded runs read again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    tracing::error!(%error, "uploads wait for the database: {error}");
                }
            }
        }
        sleep(UPLOADS).await;
    }
}

async fn run_queue<P: Publish>(
    pipeline: &Pipeline<P>,
    progress: &dyn Progress,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let targets = loop {
        match pipeline.join_queue().await {
            Ok(targets) => break targets,
            Err(error) => tracing::error!(%error, "no update: {error}"),
        }
        tokio::select! {
            () = &mut shutdown => return,
            () = sleep(ASK) => {}
        }
    };
    progress.begun(targets.len());
    let stop = AtomicBool::new(false);
    let mut queue = Queue {
        targets,
        waiting: VecDeque::new(),
        ask_at: Instant::now(),
        taken: HashMap::new(),
        held: Vec::new(),
    };
    let mut renew_at = Instant::now();
    // A database that does not answer says so once, not every second.
    let mut silent = false;
    let mut running = FuturesUnordered::new();
    loop {
        let free = pipeline.parallel.saturating_sub(running.len());
        let asked = async {
            if renew_at <= Instant::now() {
                pipeline.renew(&queue.held).await?;
                renew_at = Instant::now() + pipeline.lease / RENEWALS;
            }
            if queue.ask_at <= Instant::now() {
                let (waiting, next_ms) = pipeline.store.load_due().await?;
                queue.wait(waiting);
                let next = next_ms.map_or(ASK, |wait_ms| Duration::from_millis(wait_ms as u64));
                queue.ask_at = Instant::now() + next.min(ASK);
            }
            let candidates = queue.candidates(pipeline, free);
            pipeline.claim(&candidates, Turn::Due).await
        };
        // The looks go on meanwhile: one of them may hold the very connection that is waited for.
        let mut ended = Vec::new();
        let claimed = {
            let mut asked = pin!(pipeline.store.within(ANSWER, asked));
            loop {
                tokio::select! {
                    claimed = &mut asked => break claimed,
                    Some(look) = running.next(), if !running.is_empty() => ended.push(look),
                }
            }
        };
        // What was not answered may have been done: a lease of which we do not know is given back with the
        // next renewal.
        match claimed {
            Ok(claimed) => {
                if std::mem::take(&mut silent) {
                    tracing::info!("the database answers again; updates go on");
                }
                for (id, won) in claimed {
                    let Some(target) = queue.targets.get(&id).cloned() else {
                        continue;
                    };
                    let buckets = pipeline.buckets_of(&target);
                    queue.take(id, &buckets);
                    let stop = &stop;
                    running.push(async move {
                        let how = (won.pushed, TURN);
                        let report = pipeline.look(&target, won, how, stop, progress).await;
                        (id, buckets, report)
                    });
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    tracing::error!(%error, "updates wait for the database: {error}");
                }
                queue.ask_at = Instant::now() + ASK;
                renew_at = renew_at.max(queue.ask_at);
            }
        }
        // Then there are free places, and nothing to wait for.
        let is_free = !ended.is_empty();
        for look in ended {
            queue.note(look, progress);
        }
        tokio::select! {
            () = &mut shutdown => break,
            Some(look) = running.next(), if !running.is_empty() => queue.note(look, progress),
            () = std::future::ready(()), if is_free => {}
            () = pipeline.wake.notified() => queue.ask_at = Instant::now(),
            () = sleep_until(queue.ask_at.min(renew_at)) => {}
        }
    }
    stop.store(true, Ordering::Relaxed);
    while let Some((_, _, report)) = running.next().await {
        progress.finished(&report);
    }
    pipeline.resign().await;
}
