//! Object stores by URL: where a test group's `gcs_prefix` is, what folders it has, what a build's
//! folder holds.
//!
//! Knows nothing of builds' meaning: callers say which files they want. A store's addresses are
//! `bucket/path` texts, as in a configuration, without a scheme and without slashes at the ends.
//!
//! Two kinds of place answer the same questions. Everything remote goes through the `object_store`
//! crate ([`Bucket::from_store`]). A local folder is read with the file system's own calls, a whole
//! build at a time on one thread ([`lanes`]): `LocalFileSystem` takes a thread hop per call, hides
//! dangling links, and cannot name files such as `a#1`.

mod contents;
mod folder;
mod http;
mod lanes;
mod objects;
mod remote;

use std::{path::PathBuf, sync::Arc};

use object_store::ObjectStore;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

pub use self::contents::{Limits, ReadFile, ReadFolder, Wanted};
use self::{
    contents::{Contents, Found, kibibytes, too_long},
    lanes::Lanes,
    remote::Remote,
};
use crate::settings::BucketSettings;

/// A pointer object is one path.
const POINTER_BYTES: u64 = 4096;

/// Why a bucket did not answer. What is wrong with one build or one file is not an error but part
/// of what was read.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The settings name buckets that cannot be.
    #[error("{}", .0.join("\n"))]
    Settings(Vec<String>),
    /// No bucket of the settings is a prefix of this path.
    #[error("no bucket of the settings holds `{path}`")]
    Unknown {
        /// As `bucket/path`.
        path: String,
    },
    /// The bucket as a whole, or a folder that is to be listed, does not answer.
    #[error("the bucket `{bucket}` at {url} cannot be read: {reason}")]
    Unreachable {
        /// Its prefix in the settings.
        bucket: String,
        /// Where it is.
        url: String,
        /// What the system or the store said.
        reason: String,
    },
}

/// All buckets of the settings.
#[derive(Clone, Debug)]
pub struct Buckets {
    /// Longest prefix first.
    by_prefix: Arc<[Bucket]>,
    limits: Limits,
    /// One permit per KiB of file content in memory.
    budget: Arc<Semaphore>,
}

/// One bucket of the settings.
#[derive(Clone, Debug)]
pub struct Bucket {
    prefix: String,
    url: String,
    place: Place,
    /// Where its folders are read, and what was read is parsed.
    lanes: Lanes,
    /// How many groups of it are looked at at once; `None` for as many as the settings leave it.
    parallel: Option<usize>,
}

#[derive(Clone, Debug)]
enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// Any object store; the path stands in place of the bucket's prefix.
    Objects(Remote, object_store::path::Path),
}

/// What is directly below a path. Names only, without slashes, in no particular order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Children {
    /// Names of sub-folders.
    pub folders: Vec<String>,
    /// Names of objects.
    pub objects: Vec<String>,
}

impl Buckets {
    /// Makes stores of the settings. A folder that does not exist is an error only when it is read,
    /// so that one bad bucket does not stop the others.
    ///
    /// # Errors
    /// Every URL that cannot be used, one sentence each.
    pub fn from_settings(settings: &[BucketSettings]) -> Result<Self, BucketError> {
        let mut buckets = Vec::new();
        let mut problems = Vec::new();
        for bucket in settings {
            match Bucket::from_settings(bucket) {
                Ok(made) => buckets.push(Bucket {
                    parallel: bucket.parallel,
                    ..made
                }),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self::new(buckets, Limits::default()))
        } else {
            Err(BucketError::Settings(problems))
        }
    }

    /// These buckets with these limits.
    pub fn new(mut buckets: Vec<Bucket>, limits: Limits) -> Self {
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.prefix.len()));
        Self {
            by_prefix: buckets.into(),
            limits,
            budget: Arc::new(Semaphore::new(kibibytes(limits.total_bytes).max(1) as usize)),
        }
    }

    /// How many buckets there are.
    pub fn len(&self) -> usize {
        self.by_prefix.len()
    }

    /// Whether there is no bucket.
    pub fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }

    /// How many groups of the bucket of this prefix are looked at at once, where the settings say.
    pub fn parallel(&self, prefix: &str) -> Option<usize> {
        let bucket = self
            .by_prefix
            .iter()
            .find(|bucket| bucket.prefix == prefix)?;
        bucket.parallel
    }

    /// The bucket that holds `path`, by longest prefix, and what remains of the path.
    ///
    /// # Errors
    /// When no bucket's prefix begins the path.
    pub fn resolve<'a>(&self, path: &'a str) -> Result<(&Bucket, &'a str), BucketError> {
        let path = path.trim_matches('/');
        self.by_prefix
            .iter()
            .find_map(|bucket| {
                let rest = path.strip_prefix(bucket.prefix.as_str())?;
                (rest.is_empty() || rest.starts_with('/') || bucket.prefix.is_empty())
                    .then_some((bucket, rest.trim_start_matches('/')))
            })
            .ok_or_else(|| BucketError::Unknown { path: path.into() })
    }

    /// What is directly below `path`; a path that does not exist holds nothing.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub async fn list_children(&self, path: &str) -> Result<Children, BucketError> {
        self.list_children_after(path, None, |_| true).await
    }

    /// As [`Buckets::list_children`], of names only that come after `after` as texts, where the store can
    /// begin there; others may be among them. Of objects only those are kept whose name is `wanted`: of a
    /// million that lie around no more is in memory than a page of the store's.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub async fn list_children_after(
        &self,
        path: &str,
        after: Option<&str>,
        wanted: fn(&str) -> bool,
    ) -> Result<Children, BucketError> {
        let (bucket, rest) = self.resolve(path)?;
        match &bucket.place {
            Place::Folder(root) => {
                let (root, rest) = (root.clone(), rest.to_owned());
                bucket
                    .lanes
                    .run(move || folder::list_children(&root, &rest, wanted))
                    .await
            }
            Place::Objects(store, root) => {
                objects::list_children(store, root, rest, after, wanted).await
            }
        }
        .map_err(|reason| bucket.unreachable(reason))
    }

    /// One file of at most `cap` bytes, or `None` when there is none.
    ///
    /// # Errors
    /// When the bucket cannot be read; what is wrong with the file alone is in its content.
    pub async fn read_file(&self, path: &str, cap: u64) -> Result<Option<ReadFile>, BucketError> {
        let (bucket, rest) = self.resolve(path)?;
        match &bucket.place {
            Place::Folder(root) => {
                let (root, rest) = (root.clone(), rest.to_owned());
                bucket
                    .lanes
                    .run(move || folder::read_file(&root, &rest, cap))
                    .await
            }
            Place::Objects(store, root) => objects::read_file(&store.store, root, rest, cap).await,
        }
        .map_err(|reason| bucket.unreachable(reason))
    }

    /// What the pointer object at `path` says: its `link` metadata, or its text where the store
    /// keeps no metadata, as Prow writes both alike. `None` when there is no such object.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub async fn read_pointer(&self, path: &str) -> Result<Option<String>, BucketError> {
        let (bucket, rest) = self.resolve(path)?;
        let link = match &bucket.place {
            Place::Folder(_) => None,
            Place::Objects(store, root) => objects::read_link(&store.store, root, rest)
                .await
                .map_err(|reason| bucket.unreachable(reason))?,
        };
        if link.is_some() {
            return Ok(link);
        }
        let file = self.read_file(path, POINTER_BYTES).await?;
        Ok(file
            .and_then(|file| file.content.ok())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The files below `path` whose relative name is `wanted`, by name. Waits while the files of
    /// other builds take all the memory that may be used.
    ///
    /// A folder that is not there, is a file, or cannot be listed gives one file `.` that says so.
    ///
    /// # Errors
    /// When the bucket as a whole cannot be read.
    pub async fn read_folder(&self, path: &str, wanted: Wanted) -> Result<ReadFolder, BucketError> {
        self.with_folder(path, wanted, |folder| folder).await
    }

    /// How the wanted files of a folder look, without reading them: a hash of their names, sizes and tags.
    /// It costs one listing. What was wrong with the folder is part of it.
    ///
    /// # Errors
    /// When the bucket as a whole cannot be read.
    pub async fn stamp_folder(&self, path: &str, wanted: Wanted) -> Result<u64, BucketError> {
        let (bucket, rest) = self.resolve(path)?;
        match &bucket.place {
            Place::Folder(root) => {
                let (root, rest) = (root.clone(), rest.to_owned());
                bucket
                    .lanes
                    .run(move || Ok(folder::find_files(&root, &rest, wanted)?.stamp()))
                    .await
            }
            Place::Objects(store, root) => objects::find_files(&store.store, root, rest, wanted)
                .await
                .map(|contents| contents.stamp()),
        }
        .map_err(|reason| bucket.unreachable(reason))
    }

    /// Reads a folder as [`Buckets::read_folder`] does and makes something of it with `then`, on the
    /// same thread where the bucket is a folder: going to another thread and back costs as much as
    /// reading a small build. `then` may compute for as long as it likes.
    ///
    /// # Errors
    /// When the bucket as a whole cannot be read; `then` is not called.
    pub async fn with_folder<T: Send + 'static>(
        &self,
        path: &str,
        wanted: Wanted,
        then: impl FnOnce(ReadFolder) -> T + Send + 'static,
    ) -> Result<T, BucketError> {
        let (bucket, rest) = self.resolve(path)?;
        let limits = self.limits;
        match &bucket.place {
            Place::Folder(root) => {
                let (root, rest) = (root.clone(), rest.to_owned());
                let budget = Arc::clone(&self.budget);
                // Nearly always there is memory at once, and one hop to a blocking thread does all.
                let found = bucket
                    .lanes
                    .run(move || {
                        let contents = folder::find_files(&root, &rest, wanted)?.within(limits);
                        Ok(match budget.try_acquire_many_owned(contents.permits()) {
                            Ok(permit) => Ok(then(folder::read_files(contents).holding(permit))),
                            Err(_) => Err((contents, then)),
                        })
                    })
                    .await;
                match found {
                    Ok(Ok(made)) => Ok(made),
                    Ok(Err((contents, then))) => {
                        let permit = self.memory(contents.permits()).await;
                        bucket
                            .lanes
                            .run(move || {
                                let read = folder::read_files(contents);
                                Ok(then(match permit {
                                    Some(permit) => read.holding(permit),
                                    None => read,
                                }))
                            })
                            .await
                    }
                    Err(reason) => Err(reason),
                }
            }
            Place::Objects(store, root) => {
                match objects::find_files(&store.store, root, rest, wanted).await {
                    Ok(contents) => {
                        let contents = contents.within(limits);
                        let permit = self.memory(contents.permits()).await;
                        match objects::read_files(&store.store, contents).await {
                            Ok(read) => {
                                let read = match permit {
                                    Some(permit) => read.holding(permit),
                                    None => read,
                                };
                                Ok(bucket.lanes.run(move || then(read)).await)
                            }
                            Err(reason) => Err(reason),
                        }
                    }
                    Err(reason) => Err(reason),
                }
            }
        }
        .map_err(|reason| bucket.unreachable(reason))
    }

    /// Waits for memory. `None` never happens while the buckets live: the semaphore is not closed.
    async fn memory(&self, permits: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.budget)
            .acquire_many_owned(permits)
            .await
            .ok()
    }
}

impl Bucket {
    /// Its prefix in the settings, without slashes at the ends.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A bucket on any object store; `root` stands in place of `prefix`.
    pub fn from_store(
        prefix: &str,
        store: Arc<dyn ObjectStore>,
        root: object_store::path::Path,
    ) -> Self {
        Self::from_remote(prefix, Remote::new(store), root)
    }

    fn from_remote(prefix: &str, remote: Remote, root: object_store::path::Path) -> Self {
        Self {
            prefix: prefix.trim_matches('/').to_owned(),
            url: format!("{}/{root}", remote.store),
            place: Place::Objects(remote, root),
            lanes: Lanes::default(),
            parallel: None,
        }
    }

    /// A bucket that is a folder of this machine.
    pub fn from_folder(prefix: &str, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            prefix: prefix.trim_matches('/').to_owned(),
            url: format!("file://{}", folder.display()),
            place: Place::Folder(folder),
            lanes: Lanes::default(),
            parallel: None,
        }
    }

    /// The only place that knows schemes.
    fn from_settings(settings: &BucketSettings) -> Result<Self, String> {
        let BucketSettings { prefix, url, .. } = settings;
        let parsed = Url::parse(url)
            .map_err(|error| format!("the bucket `{prefix}` has the URL `{url}`: {error}"))?;
        match parsed.scheme() {
            "file" => {
                // `file:relative` would silently mean the root of the machine.
                let folder = url
                    .starts_with("file:///")
                    .then(|| parsed.to_file_path().ok())
                    .flatten()
                    .ok_or_else(|| {
                        format!(
                            "the bucket `{prefix}` has the URL `{url}`: a local bucket is named by its whole path, as in `file:///srv/ci`"
                        )
                    })?;
                let mut bucket = Self::from_folder(prefix, folder);
                bucket.url.clone_from(url);
                Ok(bucket)
            }
            scheme => {
                let opened = remote::open(settings, &parsed)
                    .map_err(|why| format!("the bucket `{prefix}` has the URL `{url}`: {why}"))?;
                let (remote, root) = opened.ok_or_else(|| {
                    format!(
                        "the bucket `{prefix}` has the URL `{url}`: the scheme `{scheme}` is not supported; use `gs://…`, `s3://…`, `az://…`, `https://…` or `file:///…`"
                    )
                })?;
                let mut bucket = Self::from_remote(prefix, remote, root);
                bucket.url.clone_from(url);
                Ok(bucket)
            }
        }
    }

    fn unreachable(&self, reason: String) -> BucketError {
        BucketError::Unreachable {
            bucket: self.prefix.clone(),
            url: self.url.clone(),
            reason,
        }
    }
}

#[cfg(test)]
mod tests;
