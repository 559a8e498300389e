//! One bare mirror: fetching it, and reading its commits.

use std::{
    collections::HashMap,
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use model::history::{NewCommit, bump::Bump, diff::ImageMoves};

use super::git::{Git, GitError};
use crate::store::StoredRef;

/// The longest subject that is kept, in bytes.
const SUBJECT: usize = 400;
/// How much of the rest of a message is kept, in bytes.
const BODY: usize = 4_000;
/// How many changed files of one commit are kept by name.
const FILES: usize = 1_000;
/// How far back diffs are read for moved images, before the newest commit.
const MOVES_SECS: i64 = 120 * 24 * 3600;
/// The longest line of a diff that is looked at, in bytes.
const LINE: u64 = 64 << 10;
/// Commits that are handed over at once.
const BATCH: usize = 2_000;

/// A mirror on disk.
pub(super) struct Mirror {
    git: Git,
}

/// What a mirror has.
pub(super) struct Refs {
    /// Branches and tags, by name; tags of other things than commits are left out.
    pub refs: Vec<StoredRef>,
    /// When the newest commit of a branch landed, in seconds since 1970.
    pub newest_secs: i64,
}

impl Mirror {
    pub(super) fn new(folder: &Path, stop: Arc<AtomicBool>) -> Self {
        Self {
            git: Git::new(folder, stop),
        }
    }

    /// Makes the mirror when it is not there, and brings its branches and tags up to date with `from`, a
    /// path or an address.
    pub(super) fn fetch(&self, from: &str) -> Result<(), GitError> {
        self.git.create()?;
        self.git
            .run(
                &[
                    "fetch".as_ref(),
                    "--quiet".as_ref(),
                    "--prune".as_ref(),
                    "--force".as_ref(),
                    "--no-tags".as_ref(),
                    "--no-recurse-submodules".as_ref(),
                    "--no-write-fetch-head".as_ref(),
                    "--update-shallow".as_ref(),
                    "--".as_ref(),
                    from.as_ref(),
                    "+refs/heads/*:refs/heads/*".as_ref(),
                    "+refs/tags/*:refs/tags/*".as_ref(),
                ],
                b"",
            )
            .map(drop)
    }

    /// Its branches and tags.
    pub(super) fn refs(&self) -> Result<Refs, GitError> {
        let format = "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(committerdate:unix)";
        let answer = self.git.run(
            &[
                "for-each-ref".as_ref(),
                format.as_ref(),
                "refs/heads".as_ref(),
                "refs/tags".as_ref(),
            ],
            b"",
        )?;
        let answer = String::from_utf8_lossy(&answer);
        let mut found = Refs {
            refs: Vec::new(),
            newest_secs: 0,
        };
        for line in answer.lines() {
            let parts: Vec<&str> = line.split('\0').collect();
            let [name, kind, sha, peeled_kind, peeled, secs] = parts[..] else {
                return Err(GitError::Odd("for-each-ref"));
            };
            let commit = match (kind, peeled_kind) {
                ("commit", _) => sha,
                ("tag", "commit") => peeled,
                _ => continue,
            };
            if name.starts_with("refs/heads/") {
                found.newest_secs = found.newest_secs.max(secs.parse().unwrap_or(0));
            }
            found.refs.push((name.to_owned(), commit.to_owned()));
        }
        Ok(found)
    }

    /// Whether its history is cut off.
    pub(super) fn is_shallow(&self) -> Result<bool, GitError> {
        let answer = self.git.run(
            &["rev-parse".as_ref(), "--is-shallow-repository".as_ref()],
            b"",
        )?;
        Ok(answer.starts_with(b"true"))
    }

    /// Those of `shas` that the mirror has.
    fn known<'a>(&self, shas: impl Iterator<Item = &'a str>) -> Result<Vec<&'a str>, GitError> {
        let shas: Vec<&str> = shas.collect();
        let mut known = Vec::new();
        let mut running = self
            .git
            .start(&["cat-file".as_ref(), "--batch-check".as_ref()])?;
        let (Some(mut input), Some(output)) = (running.input.take(), running.output.take()) else {
            return Err(GitError::Odd("cat-file"));
        };
        let mut output = BufReader::new(output);
        let mut line = String::new();
        for sha in shas {
            writeln!(input, "{sha}")?;
            line.clear();
            output.read_line(&mut line)?;
            if line.contains(" commit ") {
                known.push(sha);
            }
        }
        drop(input);
        drop(output);
        running.end()?;
        Ok(known)
    }

    /// Reads the first-parent commits of all branches that are not on those lines of `old`, parents
    /// first, and hands them over in batches; `take` answers whether it wants more. With `moves` the
    /// diffs of the newest are read, too.
    pub(super) fn read(
        &self,
        refs: &Refs,
        old: &[StoredRef],
        moves: bool,
        mut take: impl FnMut(Vec<NewCommit>) -> bool,
    ) -> Result<(), GitError> {
        let branch = |(name, sha): &'_ StoredRef| -> Option<String> {
            name.starts_with("refs/heads/").then(|| sha.clone())
        };
        let heads: Vec<String> = refs.refs.iter().filter_map(branch).collect();
        let before: Vec<String> = old.iter().filter_map(branch).collect();
        let before = self.known(before.iter().map(String::as_str))?;
        let mut walk = String::new();
        for head in &heads {
            walk.push_str(head);
            walk.push('\n');
        }
        for head in before {
            walk.push('^');
            walk.push_str(head);
            walk.push('\n');
        }
        let moves = if moves {
            self.read_moves(&walk, refs.newest_secs - MOVES_SECS)?
        } else {
            HashMap::new()
        };
        self.read_commits(&walk, moves, &mut take)
    }

    fn log(&self, walk: &str, more: &[&OsStr]) -> Result<super::git::Running, GitError> {
        let mut arguments: Vec<&OsStr> = [
            "log",
            "--stdin",
            "--reverse",
            "--topo-order",
            "--first-parent",
            "--exclude-first-parent-only",
            "--diff-merges=first-parent",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-notes",
            "--no-mailmap",
        ]
        .into_iter()
        .map(OsStr::new)
        .collect();
        arguments.extend_from_slice(more);
        let mut running = self.git.start(&arguments)?;
        if let Some(mut input) = running.input.take() {
            // It reads all of it before it answers.
            input.write_all(walk.as_bytes())?;
        }
        Ok(running)
    }

    fn read_commits(
        &self,
        walk: &str,
        mut moves: HashMap<String, Vec<Bump>>,
        take: &mut impl FnMut(Vec<NewCommit>) -> bool,
    ) -> Result<(), GitError> {
        let mut log = self.log(
            walk,
            &[
                "-z".as_ref(),
                "--name-only".as_ref(),
                "--format=%H %P".as_ref(),
            ],
        )?;
        let mut cat = self.git.start(&["cat-file".as_ref(), "--batch".as_ref()])?;
        let (Some(log_output), Some(mut ask), Some(answers)) =
            (log.output.take(), cat.input.take(), cat.output.take())
        else {
            return Err(GitError::Odd("log"));
        };
        let mut tokens = BufReader::with_capacity(1 << 16, log_output);
        let mut answers = BufReader::with_capacity(1 << 16, answers);
        let mut batch: Vec<NewCommit> = Vec::with_capacity(BATCH);
        let mut current: Option<NewCommit> = None;
        let mut token = Vec::new();
        // A commit is `H P…`, its files follow. A file cannot bear the name of a commit that contains
        // it, and parents come first: no path is taken for a commit.
        loop {
            token.clear();
            let ended = tokens.read_until(0, &mut token)? == 0;
            if token.last() == Some(&0) {
                token.pop();
            }
            let head = if ended { None } else { parse_head(&token) };
            if ended || head.is_some() {
                if let Some(commit) = current.take() {
                    batch.push(commit);
                }
                if (ended && !batch.is_empty() || batch.len() >= BATCH)
                    && !take(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))
                {
                    return Err(GitError::Stopped);
                }
            }
            if ended {
                break;
            }
            match (head, &mut current) {
                (Some((sha, parent)), _) => {
                    let mut commit = NewCommit {
                        moves: moves.remove(&sha).unwrap_or_default(),
                        sha,
                        parent,
                        ..NewCommit::default()
                    };
                    writeln!(ask, "{}", commit.sha)?;
                    ask.flush()?;
                    let object = read_object(&mut answers)?;
                    parse_commit(&object, &mut commit);
                    current = Some(commit);
                }
                (None, Some(commit)) => {
                    let path = token.strip_prefix(b"\n").unwrap_or(&token);
                    if !path.is_empty() {
                        commit.file_count += 1;
                        if commit.files.len() < FILES {
                            commit
                                .files
                                .push(String::from_utf8_lossy(path).into_owned());
                        }
                    }
                }
                (None, None) => return Err(GitError::Odd("log")),
            }
        }
        drop(ask);
        drop(tokens);
        drop(answers);
        cat.end()?;
        log.end()
    }

    /// The images that commits since `since_secs` move, by commit.
    fn read_moves(
        &self,
        walk: &str,
        since_secs: i64,
    ) -> Result<HashMap<String, Vec<Bump>>, GitError> {
        let since = format!("--since=@{}", since_secs.max(1));
        let mut log = self.log(
            walk,
            &[
                since.as_ref(),
                "--patch".as_ref(),
                "--unified=0".as_ref(),
                "--format=commit %H".as_ref(),
                "--".as_ref(),
                "*.yaml".as_ref(),
                "*.yml".as_ref(),
                "*.json".as_ref(),
            ],
        )?;
        let Some(output) = log.output.take() else {
            return Err(GitError::Odd("log"));
        };
        let mut lines = BufReader::with_capacity(1 << 16, output);
        let mut found = HashMap::new();
        let mut current: Option<(String, ImageMoves)> = None;
        let mut end = |current: Option<(String, ImageMoves)>| {
            if let Some((sha, moves)) = current {
                let moves = moves.finish();
                if !moves.is_empty() {
                    found.insert(sha, moves);
                }
            }
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if line.last() != Some(&b'\n') {
                // The rest of an endless line says nothing.
                skip_line(&mut lines)?;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            // Lines of a diff begin with a sign or a word of git's own, never with this one.
            if let Some(sha) = text.strip_prefix("commit ") {
                end(current.replace((sha.to_owned(), ImageMoves::default())));
            } else if let Some((_, moves)) = &mut current {
                moves.push(text);
            }
        }
        end(current);
        drop(lines);
        log.end()?;
        Ok(found)
    }
}

fn skip_line(lines: &mut impl std::io::BufRead) -> std::io::Result<()> {
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        lines.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// A commit and its first parent, of `H P…`.
fn parse_head(token: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(token).ok()?;
    let mut words = text.split(' ');
    let digits = |word: &str| {
        matches!(word.len(), 40 | 64)
            && word
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let sha = words.next().filter(|word| digits(word))?;
    let parent = words.next()?;
    if !(parent.is_empty() || digits(parent)) || !words.all(digits) {
        return None;
    }
    Some((sha.to_owned(), parent.to_owned()))
}

/// The next object: `digits type size`, its bytes, the end of a line.
fn read_object(answers: &mut impl std::io::BufRead) -> Result<Vec<u8>, GitError> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    let size = line
        .trim_end()
        .rsplit_once(' ')
        .filter(|(before, _)| before.ends_with(" commit"))
        .and_then(|(_, size)| size.parse::<u64>().ok())
        .ok_or(GitError::Odd("cat-file"))?;
    // Of a message of a megabyte the beginning is enough.
    let kept = size.min(64 << 10);
    let mut object = Vec::with_capacity(kept as usize);
    answers.by_ref().take(kept).read_to_end(&mut object)?;
    std::io::copy(
        &mut answers.by_ref().take(size - kept + 1),
        &mut std::io::sink(),
    )?;
    Ok(object)
}

/// What a commit object says of itself.
fn parse_commit(object: &[u8], commit: &mut NewCommit) {
    let end = object
        .windows(2)
        .position(|pair| pair == b"\n\n")
        .unwrap_or(object.len());
    let head = String::from_utf8_lossy(&object[..end]);
    for line in head.lines() {
        if let Some(author) = line.strip_prefix("author ") {
            let name = author.split(" <").next().unwrap_or(author);
            commit.author = cut(name.trim(), 200);
        } else if let Some(committer) = line.strip_prefix("committer ") {
            let mut words = committer.rsplit(' ');
            let secs = words.nth(1).and_then(|secs| secs.parse::<i64>().ok());
            commit.at_ms = secs.unwrap_or(0).saturating_mul(1000);
        }
    }
    let message = object.get(end + 2..).unwrap_or_default();
    let message = String::from_utf8_lossy(message);
    let message = message.trim();
    let (subject, body) = message.split_once('\n').unwrap_or((message, ""));
    commit.subject = cut(subject.trim(), SUBJECT);
    commit.body = cut(body.trim(), BODY);
}

/// At most `most` bytes of `text`.
fn cut(text: &str, most: usize) -> String {
    let mut text = text.replace('\0', " ");
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}
