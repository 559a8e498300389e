//! Commits as answers tell them.

use std::sync::Arc;

use model::{
    history::{Between, bump::Bump, commit_in},
    wire::infra::{BumpLine, CommitLine, UpstreamCommit},
};

use super::{
    histories::{Histories, Known},
    time,
};
use crate::read::Reader;

/// How many changed files a commit lists.
const FILES: usize = 40;
/// How many commits behind a bump are listed.
const UPSTREAM: usize = 40;
/// How many moved things a commit lists.
const BUMPS: usize = 20;

/// The page of a commit.
pub(in crate::read) fn commit_url(repo: &str, sha: &str) -> String {
    format!("https://github.com/{repo}/commit/{sha}")
}

/// A commit in short.
pub(super) fn upstream(known: &Known, index: u32) -> UpstreamCommit {
    let commit = known.commit(index);
    UpstreamCommit {
        sha: commit.sha.to_string(),
        subject: commit.title.to_string(),
        time: time(commit.at_ms),
        url: commit_url(&known.name, &commit.sha),
    }
}

/// A component with the commits between which it moves.
type Way<'a> = (Option<&'a str>, Option<String>, Option<String>);

impl Reader {
    /// A commit with what it takes back and what it moves. Whom it can reach is not said yet.
    pub(super) fn commit_line(
        &self,
        histories: &Histories,
        known: &Arc<Known>,
        index: u32,
    ) -> CommitLine {
        let commit = known.commit(index);
        CommitLine {
            repo: known.name.clone(),
            sha: commit.sha.to_string(),
            subject: commit.title.to_string(),
            author: commit.author.to_string(),
            time: time(commit.at_ms),
            pull: commit.pull,
            url: commit_url(&known.name, &commit.sha),
            files_count: commit.file_count,
            files: known
                .history
                .files(commit)
                .take(FILES)
                .map(str::to_owned)
                .collect(),
            reverts: commit.reverts.as_deref().cloned(),
            reverted_by: known
                .reverted
                .get(&index)
                .map(|&by| known.commit(by).sha.to_string()),
            bumps: self.bump_lines(histories, &commit.bumps),
            reach: model::reach::Reach::Unknown,
            can_reach: None,
        }
    }

    /// What a commit moves: images of one component that move between the same commits as one.
    fn bump_lines(&self, histories: &Histories, bumps: &[Bump]) -> Vec<BumpLine> {
        let digits = |version: &'_ Option<String>| -> Option<String> {
            version.as_deref().and_then(commit_in).map(str::to_owned)
        };
        let mut folded: Vec<(Way<'_>, Bump, u32)> = Vec::new();
        for bump in bumps {
            let version = bump.to.as_deref().or(bump.from.as_deref());
            let component = histories.owner(&self.components, &bump.what, version);
            let way = (component, digits(&bump.from), digits(&bump.to));
            let same = |known: &&mut (Way<'_>, Bump, u32)| {
                way.0.is_some() && way.2.is_some() && known.0 == way
            };
            match folded.iter_mut().find(same) {
                Some((_, first, images)) => {
                    first.files = first.files.max(bump.files);
                    *images += 1;
                }
                None => folded.push((way, bump.clone(), 1)),
            }
        }
        folded
            .into_iter()
            .take(BUMPS)
            .map(|((component, ..), bump, images)| {
                self.bump_line(histories, component, &bump, images)
            })
            .collect()
    }

    fn bump_line(
        &self,
        histories: &Histories,
        component: Option<&str>,
        bump: &Bump,
        images: u32,
    ) -> BumpLine {
        let mut line = BumpLine {
            bump: bump.clone(),
            images,
            component: component.map(str::to_owned),
            backward: false,
            upstream_count: None,
            upstream: Vec::new(),
        };
        let known = component
            .and_then(|name| self.components.iter().find(|known| known.name == name))
            .and_then(|component| histories.of(&component.repo));
        let ends = bump
            .from
            .as_deref()
            .and_then(commit_in)
            .zip(bump.to.as_deref().and_then(commit_in));
        if let (Some(known), Some((from, to))) = (known, ends)
            && let (Some(from), Some(to)) = (known.find(from), known.find(to))
        {
            let commits = match known.history.between(from, to) {
                Between::Forward(commits) => commits,
                Between::Backward(commits) => {
                    line.backward = true;
                    commits
                }
                Between::Same | Between::Apart { .. } => return line,
            };
            line.upstream_count = Some(commits.len() as u32);
            line.upstream = commits
                .into_iter()
                .take(UPSTREAM)
                .map(|index| upstream(known, index))
                .collect();
        }
        line
    }
}
