//! Which builds of a group are to be read.
//!
//! A prefix is listed from where the group's days begin, names only, and what is stored is subtracted. That
//! costs one listing a look, as listing from a mark would, and finds a build whose folder appears late among
//! older ones, which a mark would pass by for ever. Where ids do not sort as texts, all of it is listed.
//!
//! Builds that may still change are watched: those that have not finished, and those that finished or changed
//! within a day. Their files are listed, ever less often ([`next_watch_ms`]), and read when the list is
//! another than when they were read. Whoever asks for the group, by hand or by a notification, has those of
//! the last hour looked at at once.
//!
//! Builds older than the group keeps are not read. Build ids grow with time, so where that age
//! begins is searched by halving, reading `started.json` of a few builds; the place is remembered
//! while the process lives, since the window only moves forward.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::{freshness::next_watch_ms, name::natural_cmp};

use super::{
    Pipeline, Publish, UpdateError,
    update::{wanted, within, within_listing},
};
use crate::{
    bucket::{BucketError, Buckets},
    prow::layout,
    store::{KnownBuild, Watch},
};

/// How much earlier than its job a build's id may have been made.
const QUEUED_MS: i64 = 2 * 24 * 3_600_000;
/// Builds whose files are listed at once.
const LISTED_AT_ONCE: usize = 8;
/// Finished builds that ended or changed so long ago wait for their time even when somebody asks.
const ASKED_MS: i64 = 3_600_000;

/// Builds without a start that are passed over in search of one that has it.
const UNDATED: usize = 16;

/// A build that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Build {
    /// Its id.
    pub(super) id: String,
    /// The last part of the prefix it was found under.
    pub(super) job: String,
    /// Where its files are.
    pub(super) place: Place,
}

/// Where a build's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `bucket/path/to/build`.
    Folder(String),
    /// A pointer object, `bucket/pr-logs/directory/job/build.txt`, names the folder.
    Pointer(String),
}

/// What is stored of a group's builds.
#[derive(Debug)]
pub(super) struct Stored {
    /// All of them.
    pub(super) builds: Vec<KnownBuild>,
    /// Those that may still change, by id.
    pub(super) watched: HashMap<String, Watch>,
}

/// What a look at a bucket found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The builds that are to be read, oldest first. Builds of several prefixes that have the same id are
    /// neighbours.
    pub(super) builds: Vec<Build>,
    /// Builds whose files are as they were, and when they are to be listed again.
    pub(super) same: Vec<(String, i64)>,
    /// Builds of which nothing more is expected.
    pub(super) settled: Vec<String>,
}

/// The window of time that a group keeps.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "a unit is part of a name")]
pub(super) struct Window {
    /// The present, in milliseconds since 1970.
    pub(super) now_ms: i64,
    /// Builds that began before are not read.
    pub(super) stop_ms: i64,
    /// Stored builds that began since then are read again, because the configuration changed.
    pub(super) again_ms: Option<i64>,
}

impl Place {
    /// What is asked for first.
    fn path(&self) -> &str {
        match self {
            Self::Folder(path) | Self::Pointer(path) => path,
        }
    }

    /// The folder, or a sentence why there is none.
    pub(super) async fn folder(
        &self,
        buckets: &Buckets,
    ) -> Result<Result<String, String>, BucketError> {
        match self {
            Self::Folder(path) => Ok(Ok(path.clone())),
            Self::Pointer(path) => {
                let text = buckets.read_pointer(path).await?.unwrap_or_default();
                let Some(target) = layout::pointer_target(&text) else {
                    return Ok(Err(format!("the pointer `{path}` does not name a folder")));
                };
                // Where a pointer leads is content, not configuration: it cannot stop a group.
                Ok(match buckets.resolve(target) {
                    Ok(_) => Ok(target.to_owned()),
                    Err(error) => Err(format!("the pointer `{path}` leads elsewhere: {error}")),
                })
            }
        }
    }
}

impl<P: Publish> Pipeline<P> {
    /// The builds of `prefixes` that are to be read, and those that were looked at and are as they were.
    pub(super) async fn find_builds(
        &self,
        prefixes: &[&str],
        stored: &Stored,
        window: Window,
        is_asked: bool,
    ) -> Result<Found, UpdateError> {
        let known: HashMap<&str, &KnownBuild> = stored
            .builds
            .iter()
            .map(|build| (build.build.as_str(), build))
            .collect();
        // The oldest stored build of the window: whatever is newer by its id is in the window too.
        // With several prefixes it cannot be told which one the stored build came from.
        let oldest = (prefixes.len() == 1)
            .then(|| {
                stored
                    .builds
                    .iter()
                    .filter(|build| build.started_ms >= window.stop_ms)
                    .map(|build| build.build.as_str())
                    .min_by(|a, b| natural_cmp(a, b))
            })
            .flatten();
        let after = list_from(&stored.builds, window.stop_ms);
        let mut found = Found::default();
        let mut looked_at: Vec<Build> = Vec::new();
        for prefix in prefixes {
            let floor = self.floor(prefix);
            let mut fresh = Vec::new();
            for listed in self.list_builds(prefix, after.as_deref()).await? {
                if let Some(known) = known.get(listed.id.as_str()) {
                    match due(known, stored.watched.get(&listed.id), window, is_asked) {
                        Due::Read => found.builds.push(listed.at(prefix)),
                        Due::Look => looked_at.push(listed.at(prefix)),
                        Due::Not => {}
                    }
                } else if !floor
                    .as_ref()
                    .is_some_and(|floor| natural_cmp(&listed.id, floor).is_le())
                {
                    fresh.push(listed);
                }
            }
            fresh.sort_by(|a, b| natural_cmp(&a.id, &b.id));
            let old = oldest.map_or(fresh.len(), |oldest| {
                fresh.partition_point(|build| natural_cmp(&build.id, oldest).is_lt())
            });
            let begin = self
                .find_begin(prefix, &fresh[..old], window.stop_ms)
                .await?;
            if let Some(newest_old) = begin.checked_sub(1).and_then(|index| fresh.get(index)) {
                self.raise_floor(prefix, &newest_old.id);
            }
            let fresh = fresh.into_iter().skip(begin);
            found.builds.extend(fresh.map(|listed| listed.at(prefix)));
        }
        let is_past = |watch: &Watch| watch.since_ms < window.stop_ms;
        let past = stored.watched.iter().filter(|(_, watch)| is_past(watch));
        found.settled.extend(past.map(|(build, _)| build.clone()));
        self.look_at(looked_at, &known, &stored.watched, window, &mut found)
            .await?;
        let by_age =
            |a: &Build, b: &Build| natural_cmp(&a.id, &b.id).then_with(|| a.job.cmp(&b.job));
        found.builds.sort_by(by_age);
        Ok(found)
    }

    /// Lists the files of builds that were read before: those whose files are others are to be read.
    async fn look_at(
        &self,
        mut builds: Vec<Build>,
        known: &HashMap<&str, &KnownBuild>,
        watched: &HashMap<String, Watch>,
        window: Window,
        found: &mut Found,
    ) -> Result<(), UpdateError> {
        builds.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| a.job.cmp(&b.job)));
        let same_id = builds.chunk_by(|a, b| a.id == b.id).map(<[Build]>::to_vec);
        let stamped: Vec<(Vec<Build>, u64)> = stream::iter(same_id)
            .map(|builds| async move {
                let mut stamp = 0;
                for build in &builds {
                    stamp = joined(stamp, self.stamp(build).await?);
                }
                Ok::<_, UpdateError>((builds, stamp))
            })
            .buffer_unordered(LISTED_AT_ONCE)
            .try_collect()
            .await?;
        for (builds, stamp) in stamped {
            let Some(build) = builds.first() else {
                continue;
            };
            let (Some(watch), Some(known)) = (watched.get(&build.id), known.get(build.id.as_str()))
            else {
                continue;
            };
            if watch.stamp != stamp {
                found.builds.extend(builds);
                continue;
            }
            match next_watch_ms(known.open, watch.since_ms, window.now_ms) {
                Some(next_ms) => found.same.push((build.id.clone(), next_ms)),
                None => found.settled.push(build.id.clone()),
            }
        }
        Ok(())
    }

    /// How the files of a build look.
    async fn stamp(&self, build: &Build) -> Result<u64, UpdateError> {
        // Never closed while the pipeline lives.
        let _place = self.reads.acquire().await.ok();
        let look = async {
            match build.place.folder(&self.buckets).await? {
                Ok(folder) => self.buckets.stamp_folder(&folder, wanted).await,
                Err(_) => Ok(NOWHERE),
            }
        };
        within(build.place.path(), look).await
    }

    /// All builds of one prefix, in no particular order: of ids that sort as texts only those after
    /// `after`, as far as the store can begin there.
    async fn list_builds(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<Listed>, UpdateError> {
        let listing = self
            .buckets
            .list_children_after(prefix, after, is_build_object);
        let children = within_listing(prefix, listing).await?;
        let mut objects: HashMap<String, Kind> = children
            .objects
            .iter()
            .map(|name| match layout::pointer_build(name) {
                Some(id) => (id.to_owned(), Kind::Pointer),
                // A file where the folder of a build should be: its column will say so.
                None => (name.clone(), Kind::Folder),
            })
            .collect();
        let mut listed = Vec::with_capacity(children.folders.len() + objects.len());
        for id in children.folders {
            objects.remove(&id);
            let kind = Kind::Folder;
            listed.push(Listed { id, kind });
        }
        listed.extend(objects.into_iter().map(|(id, kind)| Listed { id, kind }));
        Ok(listed)
    }

    /// The index of the first of `builds`, oldest first, that began at `stop_ms` or later.
    async fn find_begin(
        &self,
        prefix: &str,
        builds: &[Listed],
        stop_ms: i64,
    ) -> Result<usize, UpdateError> {
        let (mut low, mut high) = (0, builds.len());
        // The newest decides most often: nothing or everything is too old.
        let mut probe = high.saturating_sub(1);
        while low < high {
            let mut old_at = None;
            for (index, build) in builds
                .iter()
                .enumerate()
                .take(high)
                .skip(probe)
                .take(UNDATED)
            {
                match self.read_start(&build.clone().at(prefix)).await? {
                    Some(started_ms) if started_ms < stop_ms => {
                        old_at = Some(index);
                        break;
                    }
                    Some(_) => break,
                    None => {}
                }
            }
            match old_at {
                Some(index) => low = index + 1,
                None => high = probe,
            }
            probe = low + (high - low) / 2;
        }
        Ok(low)
    }

    /// When a build began, in milliseconds since 1970, when its `started.json` says.
    async fn read_start(&self, build: &Build) -> Result<Option<i64>, UpdateError> {
        let read = async {
            let Ok(folder) = build.place.folder(&self.buckets).await? else {
                return Ok(None);
            };
            let started = format!("{folder}/{}", layout::STARTED);
            self.buckets.read_file(&started, layout::JSON_CAP).await
        };
        let content = within(build.place.path(), read)
            .await?
            .and_then(|file| file.content.ok());
        Ok(content
            .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
            .and_then(|started| started.get("timestamp")?.as_f64())
            .filter(|&seconds| seconds > 0.0)
            .map(|seconds| (seconds * 1000.0) as i64))
    }
}

/// The stamp of a build whose pointer names no folder.
pub(super) const NOWHERE: u64 = 1;

/// The stamps of two folders as one: builds of several prefixes with the same id are one run.
pub(super) const fn joined(before: u64, stamp: u64) -> u64 {
    before.rotate_left(1) ^ stamp
}

/// A build as it is listed.
#[derive(Clone, Debug)]
struct Listed {
    id: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Folder,
    Pointer,
}

impl Listed {
    fn at(self, prefix: &str) -> Build {
        let place = match self.kind {
            Kind::Folder => Place::Folder(layout::build_folder(prefix, &self.id)),
            Kind::Pointer => Place::Pointer(layout::pointer_path(prefix, &self.id)),
        };
        Build {
            id: self.id,
            job: layout::prefix_job(prefix).to_owned(),
            place,
        }
    }
}

/// What is to be done with a stored build that is still in the bucket.
enum Due {
    Read,
    Look,
    Not,
}

/// A build is read again when the configuration changed, when it is open and was never looked at, and when
/// its deadline has passed; otherwise its files are looked at when it is time, or somebody asks. What began
/// before the window stays as it is; 0 is a build of which no file tells when it began.
fn due(known: &KnownBuild, watch: Option<&Watch>, window: Window, is_asked: bool) -> Due {
    let again = window
        .again_ms
        .is_some_and(|again_ms| known.started_ms >= again_ms);
    if again {
        return Due::Read;
    }
    if known.started_ms < window.stop_ms && known.started_ms != 0 {
        return Due::Not;
    }
    let Some(watch) = watch else {
        return if known.open { Due::Read } else { Due::Not };
    };
    if watch.deadline_ms.is_some_and(|at_ms| at_ms < window.now_ms) {
        return Due::Read;
    }
    let is_young = known.open || window.now_ms - watch.since_ms < ASKED_MS;
    if watch.next_ms <= window.now_ms || (is_asked && is_young) {
        Due::Look
    } else {
        Due::Not
    }
}

/// After which id a prefix need not be listed from its beginning: where the ids of all its stored builds
/// have 19 digits, which sort by time as texts too, the first of the window.
fn list_from(known: &[KnownBuild], stop_ms: i64) -> Option<String> {
    let sort = |build: &KnownBuild| build.build.len() == 19 && is_number(&build.build);
    if known.is_empty() || !known.iter().all(sort) {
        return None;
    }
    layout::build_id_at(stop_ms - QUEUED_MS)
}

/// Whether an object directly below a prefix may be a build; whatever else lies around is none.
fn is_build_object(name: &str) -> bool {
    is_number(layout::pointer_build(name).unwrap_or(name))
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
