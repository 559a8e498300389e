//! Which builds of a group are to be read.
//!
//! A prefix is listed whole, names only, and what is stored is subtracted. That costs one listing a
//! look, as listing from a mark would, and finds a build whose folder appears late among older
//! ones, which a mark would pass by for ever.
//!
//! Builds older than the group keeps are not read. Build ids grow with time, so where that age
//! begins is searched by halving, reading `started.json` of a few builds; the place is remembered
//! while the process lives, since the window only moves forward.

use std::collections::{HashMap, HashSet};

use model::name::natural_cmp;

use super::{Pipeline, Publish, UpdateError, update::within};
use crate::{
    bucket::{BucketError, Buckets},
    prow::layout,
    store::KnownBuild,
};

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

/// The window of time that a group keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Builds that began before are not read.
    pub(super) stop_ms: i64,
    /// Stored builds that began since then are read again, because the configuration changed.
    pub(super) again_ms: Option<i64>,
}

impl Place {
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
    /// The builds of `prefixes` that are to be read, oldest first. Builds of several prefixes that
    /// have the same id are neighbours.
    pub(super) async fn find_builds(
        &self,
        prefixes: &[&str],
        known: &[KnownBuild],
        window: Window,
    ) -> Result<Vec<Build>, UpdateError> {
        let stored: HashMap<&str, &KnownBuild> = known
            .iter()
            .map(|build| (build.build.as_str(), build))
            .collect();
        // The oldest stored build of the window: whatever is newer by its id is in the window too.
        // With several prefixes it cannot be told which one the stored build came from.
        let oldest = (prefixes.len() == 1)
            .then(|| {
                known
                    .iter()
                    .filter(|build| build.started_ms >= window.stop_ms)
                    .map(|build| build.build.as_str())
                    .min_by(|a, b| natural_cmp(a, b))
            })
            .flatten();
        let mut builds = Vec::new();
        for prefix in prefixes {
            let listed = self.list_builds(prefix).await?;
            let (mut fresh, again): (Vec<Build>, Vec<Build>) = listed
                .into_iter()
                .partition(|build| !stored.contains_key(build.id.as_str()));
            builds.extend(again.into_iter().filter(|build| {
                stored
                    .get(build.id.as_str())
                    .is_some_and(|known| is_read_again(known, window))
            }));
            fresh.sort_by(|a, b| natural_cmp(&a.id, &b.id));
            if let Some(floor) = self.floor(prefix) {
                fresh.retain(|build| natural_cmp(&build.id, &floor).is_gt());
            }
            let old = oldest.map_or(fresh.len(), |oldest| {
                fresh.partition_point(|build| natural_cmp(&build.id, oldest).is_lt())
            });
            let begin = self.find_begin(&fresh[..old], window.stop_ms).await?;
            if let Some(newest_old) = begin.checked_sub(1).and_then(|index| fresh.get(index)) {
                self.raise_floor(prefix, &newest_old.id);
            }
            builds.extend(fresh.into_iter().skip(begin));
        }
        builds.sort_by(|a, b| natural_cmp(&a.id, &b.id).then_with(|| a.job.cmp(&b.job)));
        Ok(builds)
    }

    /// All builds of one prefix, in no particular order.
    async fn list_builds(&self, prefix: &str) -> Result<Vec<Build>, UpdateError> {
        let children = within(prefix, self.buckets.list_children(prefix)).await?;
        let job = layout::prefix_job(prefix);
        let folders: HashSet<&str> = children.folders.iter().map(String::as_str).collect();
        let objects = children.objects.iter().filter_map(|name| {
            let (id, place) = match layout::pointer_build(name) {
                Some(id) => (id, Place::Pointer(layout::pointer_path(prefix, id))),
                // A file where the folder of a build should be: its column will say so.
                None => (
                    name.as_str(),
                    Place::Folder(layout::build_folder(prefix, name)),
                ),
            };
            // Whatever else lies around is not a build.
            (is_number(id) && !folders.contains(id)).then_some((id, place))
        });
        Ok(children
            .folders
            .iter()
            .map(|name| {
                (
                    name.as_str(),
                    Place::Folder(layout::build_folder(prefix, name)),
                )
            })
            .chain(objects)
            .map(|(id, place)| Build {
                id: id.to_owned(),
                job: job.to_owned(),
                place,
            })
            .collect())
    }

    /// The index of the first of `builds`, oldest first, that began at `stop_ms` or later.
    async fn find_begin(&self, builds: &[Build], stop_ms: i64) -> Result<usize, UpdateError> {
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
                match self.read_start(build).await? {
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
        let path = match &build.place {
            Place::Folder(path) | Place::Pointer(path) => path,
        };
        let content = within(path, read).await?.and_then(|file| file.content.ok());
        Ok(content
            .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
            .and_then(|started| started.get("timestamp")?.as_f64())
            .filter(|&seconds| seconds > 0.0)
            .map(|seconds| (seconds * 1000.0) as i64))
    }
}

/// Whether a stored build that is still in the bucket is to be read again: while it is unfinished,
/// and when the configuration changed. What began before the window stays as it is; 0 is a build of
/// which no file tells when it began.
fn is_read_again(known: &KnownBuild, window: Window) -> bool {
    let again = window
        .again_ms
        .is_some_and(|again_ms| known.started_ms >= again_ms);
    again || (known.open && (known.started_ms >= window.stop_ms || known.started_ms == 0))
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
