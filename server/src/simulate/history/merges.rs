//! Pull requests and their merges, in any repository.

use std::{collections::BTreeMap, path::Path};

use super::{Era, Landed, Line, PullRun, ROBOT, SimulateError};
use crate::simulate::{
    MINUTE_MS,
    git::{NewCommit, Repository, Sha},
    random::Random,
    words::{self, Title},
};

/// A repository that is being written, with its numbers of pull requests.
pub(super) struct Writer {
    pub repository: Repository,
    number: u64,
    revisions: BTreeMap<String, u32>,
}

/// A merged pull request.
pub(super) struct Merged {
    at_ms: i64,
    number: u64,
    author: String,
    title: String,
    topic: Sha,
    topic_ms: i64,
    files: Vec<(String, String)>,
}

impl Writer {
    pub(super) fn create(path: &Path, branch: &str, number: u64) -> Result<Self, SimulateError> {
        Ok(Self {
            repository: Repository::create(path, branch)?,
            number,
            revisions: BTreeMap::new(),
        })
    }

    /// The first commit: every file that the titles touch.
    pub(super) fn root(
        &mut self,
        line: &mut Line,
        reference: &str,
        at_ms: i64,
        titles: &[Title],
    ) -> Result<(), SimulateError> {
        let mut files: Vec<(String, String)> = vec![(
            "OWNERS".into(),
            "approvers:\n- maintainers\nreviewers:\n- maintainers\n".into(),
        )];
        for title in titles {
            let paths: Vec<String> = title.paths.iter().map(|&path| path.to_owned()).collect();
            files.extend(self.revise(&paths));
        }
        let sha = self.repository.commit(&NewCommit {
            reference,
            at_ms,
            author: ROBOT,
            message: "Import the sources",
            parents: &[],
            files: &files,
        })?;
        line.0.push(Landed { at_ms, sha });
        Ok(())
    }

    /// A new revision of each file.
    fn revise(&mut self, paths: &[String]) -> Vec<(String, String)> {
        paths
            .iter()
            .map(|path| {
                let revision = self.revisions.entry(path.clone()).or_insert(0);
                *revision += 1;
                (path.clone(), words::content(path, *revision))
            })
            .collect()
    }

    /// A pull request: a commit of an author on what was the head then, merged by the robot.
    pub(super) fn merge(
        &mut self,
        line: &mut Line,
        reference: &str,
        at_ms: i64,
        change: &words::Change,
        random: &mut Random,
    ) -> Result<Merged, SimulateError> {
        let files = self.revise(&change.paths);
        let topic_ms = at_ms - random.between(40, 1800) * MINUTE_MS;
        self.merge_files(
            line,
            reference,
            (topic_ms, at_ms),
            &change.subject,
            files,
            random,
        )
    }

    pub(super) fn merge_files(
        &mut self,
        line: &mut Line,
        reference: &str,
        (topic_ms, at_ms): (i64, i64),
        subject: &str,
        files: Vec<(String, String)>,
        random: &mut Random,
    ) -> Result<Merged, SimulateError> {
        self.number += 1 + random.below(4);
        let number = self.number;
        let robot = subject.starts_with("Bump") || subject.starts_with("Update Prow");
        let (name, login) = if robot {
            ("Autobump Robot", "autobump-robot")
        } else {
            words::author(random)
        };
        let address = format!("{login}@example.com");
        // A topic begins at the head of its time, but never before the branch itself.
        let base = line.at(topic_ms).sha.clone();
        let topic_ms = topic_ms.max(line.at(topic_ms).at_ms);
        let pull = format!("refs/pull/{number}/head");
        let topic = self.repository.commit(&NewCommit {
            reference: &pull,
            at_ms: topic_ms,
            author: (name, &address),
            message: subject,
            parents: &[&base],
            files: &files,
        })?;
        let slug = words::slug(subject);
        let message = format!("Merge pull request #{number} from {login}/{slug}\n\n{subject}");
        let head = line.head().to_owned();
        let sha = self.repository.commit(&NewCommit {
            reference,
            at_ms,
            author: ROBOT,
            message: &message,
            parents: &[&head, &topic],
            files: &files,
        })?;
        line.0.push(Landed { at_ms, sha });
        Ok(Merged {
            at_ms,
            number,
            author: login.to_owned(),
            title: subject.to_owned(),
            topic,
            topic_ms,
            files,
        })
    }

    /// Tests a pull request one to three times between its first push and its merge.
    pub(super) fn test_pull(
        &mut self,
        line: &Line,
        merged: &Merged,
        random: &mut Random,
        era: &Era<'_>,
    ) -> Result<Vec<PullRun>, SimulateError> {
        let mut times: Vec<i64> = (0..random.between(1, 3))
            .map(|_| random.between(merged.topic_ms, merged.at_ms - 30 * MINUTE_MS) / 1000 * 1000)
            .filter(|&at_ms| at_ms > era.begin_ms)
            .collect();
        times.sort_unstable();
        let reference = format!("refs/pull/{}/merge", merged.number);
        let mut runs = Vec::new();
        for at_ms in times {
            let base = line.at(at_ms).sha.clone();
            let merge = self.repository.commit(&NewCommit {
                reference: &reference,
                at_ms,
                author: ROBOT,
                message: &format!("Merge {} into {base}", merged.topic),
                parents: &[&base, &merged.topic],
                files: &merged.files,
            })?;
            runs.push(PullRun {
                at_ms,
                number: merged.number,
                author: merged.author.clone(),
                title: merged.title.clone(),
                base,
                head: merged.topic.clone(),
                merge,
            });
        }
        Ok(runs)
    }
}
