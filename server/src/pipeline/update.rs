//! One look at one test group.

use std::{
    collections::HashSet,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, future, stream};
use model::{freshness::next_watch_ms, name::natural_cmp, retention::DAY_MS, run::Run};
use tokio::sync::mpsc;

use super::{
    FailureKind, GroupReport, Pipeline, Progress, Publish, Target, UpdateError,
    discover::{Build, NOWHERE, Stored, Window, joined},
    merge::merge_runs,
};
use crate::{
    bucket::{BucketError, ReadFolder},
    prow::{self, BuildFile, BuildFiles, ParseOptions, layout},
    store::{GroupConfig, KnownBuild, Outcome, Watch},
};

/// How far back builds are read again when the configuration changed: TestGrid's rule.
const AGAIN_DAYS: i64 = 7;
/// How long one listing or one build may take before the group is given up for this look, so that a
/// bucket that hangs does not hold a place for ever.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a listing may take in which something still comes.
const LISTING: Duration = Duration::from_mins(15);
/// Builds of one group that are in work at once.
const AHEAD: usize = 8;
/// Runs that wait to be stored.
const WAITING: usize = 16;
/// Runs, and results, stored in one transaction at most.
const BATCH: usize = 32;
const BATCH_RESULTS: usize = 50_000;

/// What the builds of one group are read with.
struct Reading {
    target: Target,
    several_prefixes: bool,
    now_ms: i64,
    stop_ms: i64,
}

/// Waits for the bucket, but not for ever.
pub(super) async fn within<T>(
    path: &str,
    answer: impl Future<Output = Result<T, BucketError>>,
) -> Result<T, UpdateError> {
    in_time(path, PATIENCE, answer).await
}

/// As [`within`], for a listing: one of a million names comes in a thousand pages, each of which has its own
/// time.
pub(super) async fn within_listing<T>(
    path: &str,
    answer: impl Future<Output = Result<T, BucketError>>,
) -> Result<T, UpdateError> {
    in_time(path, LISTING, answer).await
}

async fn in_time<T>(
    path: &str,
    patience: Duration,
    answer: impl Future<Output = Result<T, BucketError>>,
) -> Result<T, UpdateError> {
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(UpdateError::Silent {
            path: path.to_owned(),
            secs: patience.as_secs(),
        }),
    }
}

/// A run as it was read, and how its files looked.
type Read = (Run, u64);

impl<P: Publish> Pipeline<P> {
    /// Brings one group up to date, reading at most `limit` builds, and records how it went. When
    /// somebody asked for it, builds that may just have changed are looked at though it is not time yet.
    /// Once `stop` is set, it ends with what it holds.
    pub(super) async fn update_group(
        &self,
        target: &Target,
        is_asked: bool,
        limit: usize,
        stop: &AtomicBool,
        progress: &dyn Progress,
    ) -> GroupReport {
        let mut report = GroupReport {
            group: target.group.name.clone(),
            ..GroupReport::default()
        };
        let mut newest_ms = None;
        let result = self
            .try_update(
                target,
                (is_asked, limit),
                stop,
                progress,
                &mut report,
                &mut newest_ms,
            )
            .await;
        if report.saved.changed() {
            self.store.announce().await;
            self.publish.group_changed(&target.group.name).await;
        }
        report.failure = result.as_ref().err().map(UpdateError::kind);
        report.error = result.err().map(|error| error.to_string());
        let at_ms = (self.clock)();
        report.lag_ms = newest_ms.map(|newest_ms: i64| (at_ms - newest_ms).max(0));
        let outcome = Outcome {
            at_ms,
            error: report.error.clone(),
            lag_ms: report.lag_ms,
        };
        if let Err(error) = self.store.save_outcome(target.id, &outcome).await {
            report.failure.get_or_insert(FailureKind::Database);
            report.error.get_or_insert_with(|| error.to_string());
        }
        if let Some(error) = &report.error {
            tracing::warn!(
                group.name = report.group,
                error,
                "{}: {error}",
                report.group
            );
        }
        if report.saved.changed() {
            tracing::info!(
                group.name = report.group,
                builds.new = report.saved.inserted,
                builds.changed = report.saved.updated,
                lag_ms = report.lag_ms,
                "{}: {} new builds, {} changed",
                report.group,
                report.saved.inserted,
                report.saved.updated
            );
        }
        report
    }

    async fn try_update(
        &self,
        target: &Target,
        (is_asked, limit): (bool, usize),
        stop: &AtomicBool,
        progress: &dyn Progress,
        report: &mut GroupReport,
        newest_ms: &mut Option<i64>,
    ) -> Result<(), UpdateError> {
        let group = &target.group;
        let now_ms = (self.clock)();
        let days = group.days_kept(self.days_of_results);
        let stop_ms = now_ms - i64::from(days) * DAY_MS;
        let stored = Stored {
            builds: self.store.load_builds(target.id).await?,
            watched: self.store.load_watched(target.id).await?,
        };
        let stored_hash = self.store.load_config_hash(target.id).await?;
        let is_claimed = self.claims.claims(target.id, &stored_hash, &target.hash);
        let is_changed = is_claimed && !stored.builds.is_empty();
        let prefixes: Vec<&str> = group.prefixes().collect();
        let window = Window {
            now_ms,
            stop_ms,
            again_ms: is_changed.then_some((now_ms - AGAIN_DAYS * DAY_MS).max(stop_ms)),
        };
        let found = self
            .find_builds(&prefixes, &stored, window, is_asked)
            .await?;
        let mut builds = found.builds;
        self.store
            .save_looks(target.id, &found.same, &found.settled)
            .await?;
        let mut starts = Starts::new(&stored.builds);
        let watched = stored.watched;
        let old: HashSet<String> = stored.builds.into_iter().map(|build| build.build).collect();
        // A look that may not read all new builds reads the oldest of them and leaves the unfinished
        // ones for later. What a changed configuration asks for is noted as done only when all of
        // it is, so it is not done in parts.
        let new = builds
            .iter()
            .filter(|build| !old.contains(&build.id))
            .count();
        if new > limit && !is_changed {
            builds.retain(|build| !old.contains(&build.id));
            builds.truncate(limit);
            report.left = new - limit;
        }
        progress.found(&group.name, builds.len());

        let reading = Arc::new(Reading {
            target: target.clone(),
            several_prefixes: prefixes.len() > 1,
            now_ms,
            stop_ms,
        });
        let (sender, mut receiver) = mpsc::channel::<Read>(WAITING);
        // Builds of several prefixes with the same id are one column.
        let same: Vec<Vec<Build>> = builds
            .chunk_by(|a, b| a.id == b.id)
            .map(<[Build]>::to_vec)
            .collect();
        let read = async move {
            let mut runs = stream::iter(same)
                .take_while(|_| future::ready(!stop.load(Ordering::Relaxed)))
                .map(|builds| self.read_builds(&reading, builds))
                .buffered(AHEAD);
            while let Some(run) = runs.next().await {
                // The other side is gone only when it failed, and says so itself.
                if sender.send(run?).await.is_err() {
                    break;
                }
            }
            Ok::<_, UpdateError>(())
        };
        let write = async {
            let mut batch: Vec<Run> = Vec::with_capacity(BATCH);
            let mut watches: Vec<(String, Watch)> = Vec::new();
            loop {
                // A transaction costs as much as several runs in it, so wait for a batch that is
                // worth one, or for the end.
                let mut results = 0;
                while batch.len() < BATCH && results < BATCH_RESULTS {
                    let Some((run, stamp)) = receiver.recv().await else {
                        break;
                    };
                    results += run.results.len();
                    let before = watched.get(&run.build);
                    watches.extend(
                        watch(&run, stamp, before, now_ms).map(|it| (run.build.clone(), it)),
                    );
                    batch.push(run);
                }
                if batch.is_empty() {
                    break;
                }
                for run in &mut batch {
                    starts.settle(run);
                    report.problems += run.problems.len();
                    if !old.contains(&run.build) {
                        let at_ms = run.finished_ms.unwrap_or(run.started_ms);
                        *newest_ms = (*newest_ms).max(Some(at_ms));
                    }
                }
                for runs in of_bounded_size(&batch) {
                    let here: Vec<(String, Watch)> = watches
                        .extract_if(.., |(build, _)| runs.iter().any(|run| run.build == *build))
                        .collect();
                    let saved = self
                        .store
                        .save_watched_runs(target.id, runs, &here, &target.hash, (self.clock)())
                        .await?;
                    report.saved += saved;
                    report.builds += runs.len();
                    progress.stored(&group.name, runs.len());
                    for run in runs {
                        tracing::debug!(
                            group.name = group.name,
                            build = run.build,
                            results.count = run.results.len(),
                            problems.count = run.problems.len(),
                            "{}: build {} read, {} results, {} problems",
                            group.name,
                            run.build,
                            run.results.len(),
                            run.problems.len()
                        );
                    }
                }
                batch.clear();
            }
            // Otherwise a full channel would keep the reading side waiting.
            drop(receiver);
            Ok::<_, UpdateError>(())
        };
        let (read, written) = future::join(read, write).await;
        written?;
        read?;
        if stop.load(Ordering::Relaxed) || report.left > 0 {
            return Ok(());
        }
        if is_claimed {
            self.store
                .sync_groups(&[GroupConfig {
                    name: group.name.clone(),
                    config_hash: target.hash.clone(),
                }])
                .await?;
        }
        self.claims.settle(target.id);
        Ok(())
    }

    /// The run of a build; `builds` is more than one where several prefixes have the same id.
    async fn read_builds(
        &self,
        reading: &Arc<Reading>,
        builds: Vec<Build>,
    ) -> Result<Read, UpdateError> {
        let list_all_values = &reading.target.group.column_header;
        let mut whole: Option<Run> = None;
        let mut stamps = 0;
        for build in builds {
            let (run, stamp) = self.read_build(reading, build).await?;
            stamps = joined(stamps, stamp);
            whole = Some(match whole {
                None => run,
                Some(first) => merge_runs(first, run, list_all_values),
            });
        }
        Ok((whole.unwrap_or_default(), stamps))
    }

    async fn read_build(&self, reading: &Arc<Reading>, build: Build) -> Result<Read, UpdateError> {
        // Never closed while the pipeline lives.
        let _place = self.reads.acquire().await.ok();
        let nothing = BuildFiles {
            job: build.job,
            build: build.id,
            ..BuildFiles::default()
        };
        let place = build.place;
        let read = async {
            let path = match place.folder(&self.buckets).await? {
                Ok(path) => path,
                Err(reason) => {
                    let files = BuildFiles {
                        files: vec![unreadable(&reason)],
                        ..nothing.clone()
                    };
                    return Ok((parse(&files, reading, &self.components), NOWHERE));
                }
            };
            let work = {
                let reading = Arc::clone(reading);
                let components = Arc::clone(&self.components);
                let mut files = BuildFiles {
                    bucket_path: path.clone(),
                    ..nothing.clone()
                };
                move |folder: ReadFolder| {
                    files.files = folder
                        .files
                        .iter()
                        .map(|file| BuildFile {
                            name: file.name.clone(),
                            content: file.content.clone(),
                        })
                        .collect();
                    // The folder's share of memory is free again only when the files are.
                    (parse_safely(&files, &reading, &components), folder.stamp)
                }
            };
            self.buckets.with_folder(&path, wanted, work).await
        };
        within(&nothing.build, read).await
    }
}

/// As [`parse`], and where that panics, a run that says so: one build that Seamgrid does not bear
/// must not keep it from the others.
fn parse_safely(
    files: &BuildFiles,
    reading: &Reading,
    components: &[crate::settings::ComponentSettings],
) -> Run {
    let parsed = panic::catch_unwind(AssertUnwindSafe(|| parse(files, reading, components)));
    parsed.unwrap_or_else(|_| {
        let name = &reading.target.group.name;
        tracing::error!("{name}: build {} could not be parsed", files.build);
        let nothing = BuildFiles {
            files: vec![unreadable(
                "its files could not be parsed because of a mistake in Seamgrid; please report it",
            )],
            ..files.clone()
        };
        parse(&nothing, reading, components)
    })
}

fn parse(
    files: &BuildFiles,
    reading: &Reading,
    components: &[crate::settings::ComponentSettings],
) -> Run {
    prow::parse_build(
        files,
        &ParseOptions {
            group: &reading.target.group,
            components,
            several_prefixes: reading.several_prefixes,
            now_ms: reading.now_ms,
            stop_ms: reading.stop_ms,
        },
    )
}

pub(super) fn wanted(name: &str) -> Option<u64> {
    layout::is_wanted(name).then(|| layout::size_cap(name))
}

pub(super) fn unreadable(reason: &str) -> BuildFile {
    BuildFile {
        name: ".".into(),
        content: Err(reason.to_owned()),
    }
}

/// How a build is watched that was just read, `None` when nothing more is expected of it. One that was
/// watched `before` and is read again has changed now, unless it was read for another reason.
fn watch(run: &Run, stamp: u64, before: Option<&Watch>, now_ms: i64) -> Option<Watch> {
    let begun_ms = if run.started_ms > 0 {
        run.started_ms
    } else {
        now_ms
    };
    let since_ms = match before {
        _ if run.open => begun_ms,
        Some(before) if before.stamp != stamp => now_ms,
        Some(before) if before.deadline_ms.is_none() => before.since_ms,
        _ => run.finished_ms.unwrap_or(begun_ms),
    };
    let next_ms = next_watch_ms(run.open, since_ms, now_ms);
    // One that was watched is noted once more, so that its deadline is gone.
    if next_ms.is_none() && before.is_none() {
        return None;
    }
    let deadline_ms = prow::overall::deadline_ms(run.started_ms, run.finished_ms);
    Some(Watch {
        stamp,
        since_ms,
        next_ms: next_ms.unwrap_or(now_ms),
        deadline_ms: (run.open && run.started_ms > 0).then_some(deadline_ms),
    })
}

/// When the builds of a group began, so that one that does not say stands beside its neighbours.
struct Starts {
    /// By build id in natural order.
    starts: Vec<(String, i64)>,
}

impl Starts {
    fn new(known: &[KnownBuild]) -> Self {
        let mut starts: Vec<_> = known
            .iter()
            .filter(|known| known.started_ms > 0)
            .map(|known| (known.build.clone(), known.started_ms))
            .collect();
        starts.sort_by(|a, b| natural_cmp(&a.0, &b.0));
        Self { starts }
    }

    /// A run that does not say when it began gets the next older build's start and a millisecond;
    /// without an older one it keeps 0 until there is. TestGrid places such columns in the same way.
    fn settle(&mut self, run: &mut Run) {
        let (Ok(at) | Err(at)) = self
            .starts
            .binary_search_by(|(build, _)| natural_cmp(build, &run.build));
        if run.started_ms == 0
            && let Some((_, older_ms)) = at.checked_sub(1).and_then(|older| self.starts.get(older))
        {
            run.started_ms = older_ms + 1;
        }
        if run.started_ms > 0 {
            match self.starts.get_mut(at) {
                Some((build, started_ms)) if *build == run.build => *started_ms = run.started_ms,
                _ => self.starts.insert(at, (run.build.clone(), run.started_ms)),
            }
        }
    }
}

/// Cuts runs into transactions of a bounded number of results, at least one run each.
fn of_bounded_size(runs: &[Run]) -> impl Iterator<Item = &[Run]> {
    let mut rest = runs;
    std::iter::from_fn(move || {
        let mut results = 0;
        let count = rest
            .iter()
            .take_while(|run| {
                let fits = results == 0 || results + run.results.len() <= BATCH_RESULTS;
                results += run.results.len();
                fits
            })
            .count();
        let (part, others) = rest.split_at(count);
        rest = others;
        (!part.is_empty()).then_some(part)
    })
}
