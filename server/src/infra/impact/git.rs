//! Reading a git repository's first-parent line with what each commit changed, and files by their id.
//! Through the `git` command, without a shell; nothing is fetched and nothing is written.

use std::{
    ffi::OsString,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A file larger than this is not read; it stands for nothing.
const LARGEST_FILE: u64 = 16 << 20;
/// Said in the place of git, which stopped without a word.
const SILENT: &str = "git stopped";
/// The longest field of git's answers that is believed: a path.
const LONGEST_FIELD: usize = 1 << 20;

/// Why a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program is missing.
    #[error("git is needed to read {0}, and is not installed")]
    NoGit(PathBuf),
    /// It says so.
    #[error("cannot read the repository {}: {why}", path.display())]
    Refused {
        /// The repository.
        path: PathBuf,
        /// What git says, its first line.
        why: String,
    },
    /// Its answer breaks off or is not understood.
    #[error("cannot read the repository {}: {source}", path.display())]
    Broken {
        /// The repository.
        path: PathBuf,
        /// How.
        source: io::Error,
    },
}

/// A repository that is there already: bare, or with its files.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    path: PathBuf,
    folder: PathBuf,
}

/// One commit of a first-parent line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChangedCommit {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// Of its first parent; empty for the first commit.
    pub parent: String,
    /// When it was committed, which for a merge is when it was merged.
    pub at_ms: i64,
    /// What it changed against its first parent.
    pub changes: Vec<FileChange>,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileChange {
    /// From the root of the repository.
    pub path: String,
    /// The id of the new content; `None` when the file is gone or is none any more.
    pub blob: Option<String>,
}

impl Repository {
    /// The repository at `path`.
    pub(super) fn open(path: &Path) -> Self {
        let inner = path.join(".git");
        let folder = if inner.exists() {
            inner
        } else {
            path.to_owned()
        };
        Self {
            path: path.to_owned(),
            folder,
        }
    }

    /// `git` on this repository, with nothing of the user's or the machine's configuration.
    fn git(&self, arguments: &[&str]) -> Command {
        let mut folder = OsString::from("--git-dir=");
        folder.push(&self.folder);
        let mut command = Command::new("git");
        command
            .arg(folder)
            .args(["-c", "core.quotePath=false"])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_OBJECT_DIRECTORY")
            .env_remove("GIT_ALTERNATE_OBJECT_DIRECTORIES")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn start_error(&self, error: io::Error) -> GitError {
        if error.kind() == io::ErrorKind::NotFound {
            GitError::NoGit(self.path.clone())
        } else {
            self.broken(error)
        }
    }

    fn broken(&self, source: io::Error) -> GitError {
        GitError::Broken {
            path: self.path.clone(),
            source,
        }
    }

    /// What git prints, as bytes.
    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self
            .git(arguments)
            .output()
            .map_err(|error| self.start_error(error))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let why = words.lines().next().unwrap_or(SILENT).to_owned();
        Err(GitError::Refused {
            path: self.path.clone(),
            why,
        })
    }

    /// The commit at the tip of `branch`; without one at the tip of the default branch, which a mirror
    /// may not know: then of `main` or `master`.
    pub(super) fn tip(&self, branch: Option<&str>) -> Result<String, GitError> {
        let candidates = match branch {
            Some(branch) => vec![format!("refs/heads/{branch}")],
            None => ["HEAD", "refs/heads/main", "refs/heads/master"]
                .map(str::to_owned)
                .to_vec(),
        };
        let mut last = None;
        for candidate in candidates {
            let commit = format!("{candidate}^{{commit}}");
            match self.output(&["rev-parse", "--verify", "--quiet", &commit]) {
                Ok(sha) => return Ok(String::from_utf8_lossy(&sha).trim().to_owned()),
                Err(error @ (GitError::NoGit(_) | GitError::Broken { .. })) => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        let silent = matches!(&last, Some(GitError::Refused { why, .. }) if why == SILENT);
        match last {
            Some(error) if !silent => Err(error),
            _ => Err(GitError::Refused {
                path: self.path.clone(),
                why: branch.map_or_else(
                    || "it has neither a default branch nor main nor master".to_owned(),
                    |branch| format!("it has no branch {branch}"),
                ),
            }),
        }
    }

    /// The newest commit of the first-parent line of `tip` that was there at `at_ms`; `None` when none
    /// was.
    pub(super) fn commit_at(&self, tip: &str, at_ms: i64) -> Result<Option<String>, GitError> {
        let before = format!("--before={}", at_ms.div_euclid(1000));
        let sha = self.output(&["rev-list", "--first-parent", "-1", &before, tip, "--"])?;
        let sha = String::from_utf8_lossy(&sha).trim().to_owned();
        Ok((!sha.is_empty()).then_some(sha))
    }

    /// When a commit was committed, in milliseconds since 1970.
    pub(super) fn time(&self, sha: &str) -> Result<i64, GitError> {
        let time = self.output(&["log", "-1", "--format=%ct", sha, "--"])?;
        let secs: i64 = String::from_utf8_lossy(&time)
            .trim()
            .parse()
            .map_err(|_| self.broken(io::Error::other(format!("{sha} has no time"))))?;
        Ok(secs * 1000)
    }

    /// Whether the repository has this commit.
    pub(super) fn has(&self, sha: &str) -> bool {
        let object = format!("{sha}^{{commit}}");
        self.output(&["cat-file", "-e", &object]).is_ok()
    }

    /// The commits of the first-parent line of `tip` after `after`, oldest first; all of the line
    /// without it.
    pub(super) fn commits_after(
        &self,
        after: Option<&str>,
        tip: &str,
    ) -> Result<Vec<ChangedCommit>, GitError> {
        let range = after.map_or_else(|| tip.to_owned(), |after| format!("{after}..{tip}"));
        let mut child = self
            .git(&[
                "log",
                "-z",
                "--raw",
                "--root",
                "--no-abbrev",
                "--no-renames",
                "--first-parent",
                "--diff-merges=first-parent",
                "--reverse",
                "--format=%x01%H %ct %P",
                &range,
                "--",
            ])
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| self.start_error(error))?;
        let Some(output) = child.stdout.take() else {
            return Err(self.broken(io::Error::other("git has no output")));
        };
        let read = parse_log(BufReader::new(output));
        if read.is_err() {
            // Or it would wait for somebody to read on.
            child.kill().ok();
        }
        let ended = child.wait().map_err(|error| self.broken(error))?;
        let commits = read.map_err(|error| self.broken(error))?;
        if ended.success() {
            Ok(commits)
        } else {
            Err(GitError::Refused {
                path: self.path.clone(),
                why: format!("the commits of {range} cannot be listed"),
            })
        }
    }

    /// The files below some folders, or at some paths, at a commit: path and id.
    pub(super) fn files(
        &self,
        sha: &str,
        below: &[String],
    ) -> Result<Vec<(String, String)>, GitError> {
        let mut arguments = vec!["ls-tree", "-r", "-z", sha, "--"];
        arguments.extend(below.iter().map(String::as_str));
        let listing = self.output(&arguments)?;
        Ok(String::from_utf8_lossy(&listing)
            .split('\0')
            .filter_map(|line| {
                let (about, path) = line.split_once('\t')?;
                let mut about = about.split(' ');
                let (mode, kind, blob) = (about.next()?, about.next()?, about.next()?);
                (kind == "blob" && mode.starts_with("100"))
                    .then(|| (path.to_owned(), blob.to_owned()))
            })
            .collect())
    }

    /// Something that reads files by their id.
    pub(super) fn reader(&self) -> Result<FileReader, GitError> {
        let mut child = self
            .git(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| self.start_error(error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.broken(io::Error::other("git has no pipes")));
        };
        Ok(FileReader {
            repository: self.clone(),
            child,
            input: Some(input),
            output: BufReader::new(output),
        })
    }
}

/// The commits in what `git log -z --raw` prints.
fn parse_log(mut input: impl io::BufRead) -> io::Result<Vec<ChangedCommit>> {
    let odd = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut commits: Vec<ChangedCommit> = Vec::new();
    let mut change: Option<Option<String>> = None;
    let mut field = Vec::new();
    loop {
        field.clear();
        let read = (&mut input)
            .take(LONGEST_FIELD as u64)
            .read_until(0, &mut field)?;
        if read == 0 {
            break;
        }
        if field.pop_if(|last| *last == 0).is_none() && read == LONGEST_FIELD {
            return Err(odd("git answers with a path of more than a megabyte"));
        }
        let text = String::from_utf8_lossy(&field);
        if let Some(blob) = change.take() {
            let Some(commit) = commits.last_mut() else {
                return Err(odd("git tells of a file before any commit"));
            };
            commit.changes.push(FileChange {
                path: text.into_owned(),
                blob,
            });
            continue;
        }
        let text = text.trim_start_matches('\n');
        if let Some(header) = text.strip_prefix('\u{1}') {
            let mut words = header.split(' ');
            let (sha, at) = (words.next().unwrap_or_default(), words.next());
            let at_secs: i64 = at
                .and_then(|at| at.parse().ok())
                .ok_or_else(|| odd("git tells of a commit without a time"))?;
            commits.push(ChangedCommit {
                sha: sha.to_owned(),
                parent: words.next().unwrap_or_default().to_owned(),
                at_ms: at_secs * 1000,
                changes: Vec::new(),
            });
        } else if let Some(about) = text.strip_prefix(':') {
            let words: Vec<&str> = about.split(' ').collect();
            let [_, mode, _, blob, _] = words[..] else {
                return Err(odd("git tells of a change that is none"));
            };
            // Links and other repositories are no files.
            change = Some(mode.starts_with("100").then(|| blob.to_owned()));
        } else if !text.is_empty() {
            return Err(odd("git tells something else than commits and files"));
        }
    }
    Ok(commits)
}

/// Reads files by their id, one after the other, through one process.
#[derive(Debug)]
pub(super) struct FileReader {
    repository: Repository,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl FileReader {
    /// The content of a file; `None` when the repository does not have it (it is shallow or partial)
    /// or it is no text of a sensible size.
    pub(super) fn read(&mut self, blob: &str) -> Result<Option<String>, GitError> {
        self.ask(blob)
            .map_err(|error| self.repository.broken(error))
    }

    fn ask(&mut self, blob: &str) -> io::Result<Option<String>> {
        let Some(input) = &mut self.input else {
            return Err(io::Error::other("git was told to end"));
        };
        writeln!(input, "{blob}")?;
        input.flush()?;
        let mut header = String::new();
        self.output.read_line(&mut header)?;
        let mut words = header.trim_end().split(' ').skip(1);
        let (kind, size) = (words.next().unwrap_or_default(), words.next());
        if kind == "missing" {
            return Ok(None);
        }
        let size: u64 = size
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| io::Error::other("git ended"))?;
        if size > LARGEST_FILE || kind != "blob" {
            io::copy(&mut (&mut self.output).take(size + 1), &mut io::sink())?;
            return Ok(None);
        }
        let mut content = vec![0; size as usize + 1];
        self.output.read_exact(&mut content)?;
        content.pop();
        Ok(String::from_utf8(content).ok())
    }
}

impl Drop for FileReader {
    fn drop(&mut self) {
        // Without input it ends on its own; whatever happens, none is left behind.
        drop(self.input.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_taken_apart() {
        let log = "\u{1}aa 10 \0\n:000000 100644 00 b1 A\0x y\0\u{1}bb 20 aa cc\0\
            \n:100644 120000 b1 b2 T\0x y\0:100644 000000 b1 00 D\0:z\n\0\u{1}dd 30 bb\0";
        let commits = parse_log(log.as_bytes()).expect("it is right");
        let change = |path: &str, blob: Option<&str>| FileChange {
            path: path.to_owned(),
            blob: blob.map(str::to_owned),
        };
        assert_eq!(commits.len(), 3);
        assert_eq!(commits[0].changes, [change("x y", Some("b1"))]);
        assert_eq!(commits[1].parent, "aa");
        assert_eq!(commits[1].at_ms, 20_000);
        assert_eq!(
            commits[1].changes,
            [change("x y", None), change(":z\n", None)]
        );
        assert_eq!(commits[2].changes, []);
        for odd in ["x\0", "\u{1}aa\0", ":1 2\0", "\n:0 100644 0 b A\0x\0"] {
            assert!(parse_log(odd.as_bytes()).is_err(), "{odd:?}");
        }
    }
}
