//! What is below a build's folder: files that are there, and files that were read; within limits.

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// What is read at most, so that no build can take all memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all wanted files of one build, and of all builds in memory at once.
    pub total_bytes: u64,
    /// Wanted files of one build.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total_bytes: 256_000_000,
            files: 10_000,
        }
    }
}

/// One file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFile {
    /// Relative to the folder, parts separated by `/`; `.` for the folder itself.
    pub name: String,
    /// Its bytes, or one sentence why they could not be read.
    pub content: Result<Bytes, String>,
}

/// The wanted files of a folder, by name. The memory they take is given back when this is dropped.
#[derive(Debug)]
pub struct ReadFolder {
    /// Sorted by name.
    pub files: Vec<ReadFile>,
    /// How the files looked when they were listed; see [`super::Buckets::stamp_folder`].
    pub stamp: u64,
    memory: Option<OwnedSemaphorePermit>,
}

/// Whether a file of a folder is wanted, and how many bytes are read of it at most; a longer file is
/// not read at all.
pub type Wanted = fn(&str) -> Option<u64>;

/// A file that is there, and how to get it later.
#[derive(Debug)]
pub(super) struct Found<P> {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// At most so many bytes are read.
    pub(super) cap: u64,
    /// Another whenever its content may be another.
    pub(super) tag: u64,
    pub(super) place: P,
}

/// What a look into a folder found.
#[derive(Debug)]
pub(super) struct Contents<P> {
    pub(super) found: Vec<Found<P>>,
    /// Files of which it is already known that they cannot be read.
    pub(super) unreadable: Vec<ReadFile>,
    /// How all of it looked; 0 before it is kept within limits.
    pub(super) stamp: u64,
}

impl<P> Contents<P> {
    /// A folder that says only what is wrong with it.
    pub(super) fn broken(reason: String) -> Self {
        Self {
            found: Vec::new(),
            unreadable: vec![ReadFile {
                name: ".".into(),
                content: Err(reason),
            }],
            stamp: 0,
        }
    }

    /// A hash of how all of it looks.
    pub(super) fn stamp(&self) -> u64 {
        let mut parts: Vec<(&str, u64, u64)> = self
            .found
            .iter()
            .map(|found| (found.name.as_str(), found.bytes, found.tag))
            .chain(self.unreadable.iter().map(|file| {
                let why = file.content.as_ref().err().map_or("", String::as_str);
                (file.name.as_str(), u64::MAX, xxh3_64(why.as_bytes()))
            }))
            .collect();
        parts.sort_unstable();
        let mut hash = Xxh3::new();
        for (name, bytes, tag) in parts {
            hash.update(name.as_bytes());
            // No name holds it.
            hash.update(&[0]);
            hash.update(&bytes.to_le_bytes());
            hash.update(&tag.to_le_bytes());
        }
        hash.digest()
    }

    /// Leaves out what is too large or too much, saying so.
    pub(super) fn within(mut self, limits: Limits) -> Self {
        self.stamp = self.stamp();
        self.found.sort_by(|a, b| a.name.cmp(&b.name));
        let count = self.found.len();
        if count > limits.files {
            self.found.truncate(limits.files);
            self.unreadable.push(ReadFile {
                name: ".".into(),
                content: Err(format!(
                    "the build has {count} result files; only the first {} are read",
                    limits.files
                )),
            });
        }
        let mut total = 0;
        let mut kept = Vec::with_capacity(self.found.len());
        for file in self.found {
            let reason = if file.bytes > file.cap {
                too_long(file.bytes, file.cap)
            } else if total + file.bytes > limits.total_bytes {
                format!(
                    "the build's result files are together longer than {} bytes, and this one is beyond that",
                    limits.total_bytes
                )
            } else {
                total += file.bytes;
                kept.push(file);
                continue;
            };
            self.unreadable.push(ReadFile {
                name: file.name,
                content: Err(reason),
            });
        }
        self.found = kept;
        self
    }

    /// The memory that reading takes, in KiB; at least 1.
    pub(super) fn permits(&self) -> u32 {
        let bytes: u64 = self.found.iter().map(|file| file.bytes).sum();
        kibibytes(bytes).max(1)
    }
}

impl ReadFolder {
    pub(super) fn new(mut files: Vec<ReadFile>, stamp: u64) -> Self {
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            files,
            stamp,
            memory: None,
        }
    }

    pub(super) fn holding(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.memory = Some(permit);
        self
    }
}

pub(super) fn too_long(bytes: u64, cap: u64) -> String {
    format!("it is {bytes} bytes long; at most {cap} are read")
}

/// Whole KiB, rounded down, so that a build as large as the limit still fits the budget.
pub(super) fn kibibytes(bytes: u64) -> u32 {
    u32::try_from(bytes / 1024).unwrap_or(u32::MAX >> 4)
}
