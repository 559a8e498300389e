//! How the commits of a repository follow each other.

use std::{collections::HashMap, sync::Arc};

use super::{
    bump::{Bump, find_bumps},
    pull_request,
    revert::{Revert, find_revert},
    title,
};

/// A commit to be added to a history. Its first parent is added before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCommit {
    /// All its digits.
    pub sha: String,
    /// The first parent; empty for a root.
    pub parent: String,
    /// When it landed: the committer's time, in milliseconds since 1970.
    pub at_ms: i64,
    /// The author's name.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
    /// The rest, cut short.
    pub body: String,
    /// Changed files, against the first parent; may be cut short.
    pub files: Vec<String>,
    /// How many files were changed.
    pub file_count: u32,
    /// Images that it moves, by its diff.
    pub moves: Vec<Bump>,
}

/// A commit of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// All its digits.
    pub sha: Box<str>,
    /// The index of the first parent; `None` for a root and where the history begins.
    pub parent: Option<u32>,
    /// How many commits come before it on its line.
    pub depth: u32,
    /// When it landed, in milliseconds since 1970.
    pub at_ms: i64,
    /// The author's name.
    pub author: Arc<str>,
    /// What people call it: see [`title`].
    pub title: Box<str>,
    /// The pull request that brought it.
    pub pull: Option<u64>,
    /// Changed files, as indexes of paths; may be cut short.
    files: Box<[u32]>,
    /// How many files were changed.
    pub file_count: u32,
    /// What it takes back.
    pub reverts: Option<Box<Revert>>,
    /// What it moves: by its diff where that was read, else by its message.
    pub bumps: Box<[Bump]>,
    /// Whether `bumps` comes from the diff.
    pub observed: bool,
}

/// The commits on the first-parent lines of a repository. Paths and authors are kept once.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Parents before children.
    commits: Vec<Commit>,
    /// Indexes of `commits`, by their digits.
    sorted: Vec<u32>,
    paths: Vec<Box<str>>,
    path_ids: HashMap<Box<str>, u32>,
    authors: HashMap<Box<str>, Arc<str>>,
    /// `(name, digits)`, as the repository had them when it was last looked at.
    pub branches: Vec<(String, String)>,
    /// The same of tags.
    pub tags: Vec<(String, String)>,
}

/// What a version names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// This commit.
    One(u32),
    /// More than one commit begins with these digits; so many.
    Ambiguous(usize),
    /// None that is known.
    Unknown,
}

/// How two commits of a history lie to each other. Commits are indexes, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Between {
    /// They are the same.
    Same,
    /// The second comes after the first: what landed after the first, up to and with the second.
    Forward(Vec<u32>),
    /// The second comes before the first: what going there takes away, with the first.
    Backward(Vec<u32>),
    /// They are on lines that part: what only the second has, and what only the first has.
    Apart {
        /// The newest commit that both have; `None` where none is known.
        base: Option<u32>,
        /// What the second has beyond it.
        gained: Vec<u32>,
        /// What the first has beyond it.
        lost: Vec<u32>,
    },
}

impl History {
    /// All commits, parents before children.
    pub fn commits(&self) -> &[Commit] {
        &self.commits
    }

    /// The commit of this index.
    pub fn commit(&self, index: u32) -> &Commit {
        &self.commits[index as usize]
    }

    /// The changed files of a commit; may be cut short.
    pub fn files<'a>(&'a self, commit: &'a Commit) -> impl Iterator<Item = &'a str> {
        commit.files.iter().map(|&path| &*self.paths[path as usize])
    }

    /// Adds commits, parents first. Those that are there already stay as they are.
    pub fn extend(&mut self, new: impl IntoIterator<Item = NewCommit>) {
        let mut added: HashMap<Box<str>, u32> = HashMap::new();
        for commit in new {
            if added.contains_key(commit.sha.as_str()) || self.index_of(&commit.sha).is_some() {
                continue;
            }
            let parent = (!commit.parent.is_empty())
                .then(|| {
                    added
                        .get(commit.parent.as_str())
                        .copied()
                        .or_else(|| self.index_of(&commit.parent))
                })
                .flatten();
            let index = self.commits.len() as u32;
            added.insert(commit.sha.as_str().into(), index);
            let depth = parent.map_or(0, |parent| self.commit(parent).depth + 1);
            let files = commit.files.iter().map(|path| self.path(path)).collect();
            let author = self.author(&commit.author);
            let observed = !commit.moves.is_empty();
            self.commits.push(Commit {
                parent,
                depth,
                at_ms: commit.at_ms,
                author,
                title: title(&commit.subject, &commit.body).into(),
                pull: pull_request(&commit.subject),
                files,
                file_count: commit.file_count,
                reverts: find_revert(&commit.subject, &commit.body).map(Box::new),
                bumps: if observed {
                    commit.moves.into()
                } else {
                    find_bumps(&commit.subject, &commit.body).into()
                },
                observed,
                sha: commit.sha.into(),
            });
        }
        if !added.is_empty() {
            self.sorted = (0..self.commits.len() as u32).collect();
            let commits = &self.commits;
            self.sorted
                .sort_unstable_by(|&a, &b| commits[a as usize].sha.cmp(&commits[b as usize].sha));
        }
    }

    fn path(&mut self, path: &str) -> u32 {
        if let Some(&known) = self.path_ids.get(path) {
            return known;
        }
        let id = self.paths.len() as u32;
        self.paths.push(path.into());
        self.path_ids.insert(path.into(), id);
        id
    }

    fn author(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.authors.get(name) {
            return known.clone();
        }
        let author: Arc<str> = name.into();
        self.authors.insert(name.into(), author.clone());
        author
    }

    /// The commit with exactly these digits.
    pub fn index_of(&self, sha: &str) -> Option<u32> {
        self.sorted
            .binary_search_by(|&index| (*self.commit(index).sha).cmp(sha))
            .ok()
            .map(|at| self.sorted[at])
    }

    /// The commit that a version names: its digits, at least seven of them, or those within a tag of an
    /// image; else a tag or branch of the repository.
    pub fn resolve(&self, version: &str) -> Resolved {
        let digits = commit_in(version);
        if let Some(digits) = digits {
            match self.beginning(digits) {
                [] => {}
                // All its digits can name only one.
                [one] => return Resolved::One(*one),
                several => return Resolved::Ambiguous(several.len()),
            }
        }
        self.tags
            .iter()
            .chain(&self.branches)
            .find(|(name, _)| name == version)
            .and_then(|(_, sha)| self.index_of(sha))
            .map_or(Resolved::Unknown, Resolved::One)
    }

    /// The commit that somebody's words name: as [`History::resolve`], but four digits are enough, capitals
    /// are as good, and a whole image reference says its tag.
    pub fn resolve_typed(&self, typed: &str) -> Resolved {
        let version = typed_version(typed);
        let found = self.resolve(version);
        if found != Resolved::Unknown {
            return found;
        }
        let lower = version.to_ascii_lowercase();
        if !is_beginning(&lower) {
            return self.resolve(&lower);
        }
        match self.beginning(&lower) {
            [] => Resolved::Unknown,
            [one] => Resolved::One(*one),
            several => Resolved::Ambiguous(several.len()),
        }
    }

    /// The commits whose digits begin so, in lower case; in the order of their digits.
    pub fn beginning(&self, digits: &str) -> &[u32] {
        let from = |index: &u32| *self.commit(*index).sha < *digits;
        let sorted = &self.sorted[self.sorted.partition_point(from)..];
        let begins = |index: &u32| self.commit(*index).sha.starts_with(digits);
        &sorted[..sorted.partition_point(begins)]
    }

    /// How `to` lies to `from`.
    pub fn between(&self, from: u32, to: u32) -> Between {
        if from == to {
            return Between::Same;
        }
        let (mut gained, mut lost) = (Vec::new(), Vec::new());
        let (mut left, mut right) = (Some(from), Some(to));
        let base = loop {
            let (Some(a), Some(b)) = (left, right) else {
                // One line ended: the rest of the other is its own.
                while let Some(index) = left {
                    lost.push(index);
                    left = self.commit(index).parent;
                }
                while let Some(index) = right {
                    gained.push(index);
                    right = self.commit(index).parent;
                }
                break None;
            };
            if a == b {
                break Some(a);
            }
            // The deeper one steps back; at the same depth both do.
            let (deep_a, deep_b) = (self.commit(a).depth, self.commit(b).depth);
            if deep_a >= deep_b {
                lost.push(a);
                left = self.commit(a).parent;
            }
            if deep_b >= deep_a {
                gained.push(b);
                right = self.commit(b).parent;
            }
        };
        match (base, gained.is_empty(), lost.is_empty()) {
            (Some(_), false, true) => Between::Forward(gained),
            (Some(_), true, false) => Between::Backward(lost),
            _ => Between::Apart { base, gained, lost },
        }
    }

    /// Whether `ancestor` is `index` or comes before it on its line.
    pub fn contains(&self, index: u32, ancestor: u32) -> bool {
        let depth = self.commit(ancestor).depth;
        let mut at = Some(index);
        while let Some(here) = at {
            if here == ancestor {
                return true;
            }
            if self.commit(here).depth <= depth {
                return false;
            }
            at = self.commit(here).parent;
        }
        false
    }

    /// The branches that have the commit on their line.
    pub fn branches_with(&self, index: u32) -> impl Iterator<Item = &str> {
        self.branches.iter().filter_map(move |(name, head)| {
            let head = self.index_of(head)?;
            self.contains(head, index).then_some(name.as_str())
        })
    }
}

/// The version in what somebody typed: the tag of a whole image reference, else all of it.
pub fn typed_version(typed: &str) -> &str {
    let typed = typed.trim();
    match typed.rsplit_once(':') {
        // A digest is a version as it stands.
        Some((name, tag)) if !name.ends_with("sha256") && !tag.contains('/') => tag,
        _ => typed,
    }
}

/// Whether these can be the first digits of a commit, in lower case, as people type them: at least four.
pub fn is_beginning(digits: &str) -> bool {
    const LEAST: usize = 4;
    (LEAST..=64).contains(&digits.len())
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The digits of a commit in a version: the version itself, or what an image's tag says:
/// `7619858115` of `v20260810-7619858115-master`.
pub fn commit_in(version: &str) -> Option<&str> {
    if crate::infra::is_commit(version) {
        return Some(version);
    }
    let rest = version.strip_prefix('v')?;
    let (day, rest) = rest.split_once('-')?;
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    rest.split('-').find_map(|part| {
        // `git describe` puts a `g` before the commit.
        let part = part.strip_prefix('g').unwrap_or(part);
        crate::infra::is_commit(part).then_some(part)
    })
}

#[cfg(test)]
mod tests;
