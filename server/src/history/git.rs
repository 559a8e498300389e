//! The program `git`, run on one mirror. Its arguments never pass a shell, and nothing that comes from
//! outside stands where git expects an option.

use std::{
    ffi::OsStr,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// How long one command may take. The first fetch of a large repository is the longest.
const DEADLINE: Duration = Duration::from_hours(1);
/// How seldom a running command is looked at.
const WATCH: Duration = Duration::from_millis(20);
/// How much of what git complains is kept, in bytes.
const WORDS: usize = 600;

/// Why a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no such program.
    #[error("the program git is not installed; repositories are mirrored with it")]
    Missing,
    /// It does not start, or its pipes break.
    #[error("git does not run: {0}")]
    Io(#[from] io::Error),
    /// It ended with an error.
    #[error("git {command}: {words}")]
    Failed {
        /// Which command.
        command: String,
        /// What it said, on one line.
        words: String,
    },
    /// It took too long.
    #[error("git {0} took longer than an hour")]
    Late(String),
    /// We are about to stop.
    #[error("stopped")]
    Stopped,
    /// An answer has another form than git documents.
    #[error("git {0} answered what cannot be understood")]
    Odd(&'static str),
}

/// Runs git on one bare repository.
#[derive(Clone, Debug)]
pub(super) struct Git {
    folder: PathBuf,
    stop: Arc<AtomicBool>,
}

/// A command that runs. Dropping it ends it.
pub(super) struct Running {
    command: String,
    errors: Option<std::thread::JoinHandle<String>>,
    /// How it ended; one message.
    ended: mpsc::Receiver<Ended>,
    /// Disconnected when nobody waits for the command any more.
    #[expect(clippy::disallowed_types, reason = "a thread of its own receives")]
    _wanted: mpsc::Sender<()>,
    /// What it is told; closed by dropping it.
    pub(super) input: Option<ChildStdin>,
    /// What it answers.
    pub(super) output: Option<ChildStdout>,
}

/// How a command ended.
enum Ended {
    Itself(ExitStatus),
    Late,
    Stopped,
    Lost(io::Error),
}

impl Git {
    /// Git in `folder`. Every command ends soon after `stop` is set.
    pub(super) fn new(folder: &Path, stop: Arc<AtomicBool>) -> Self {
        Self {
            folder: folder.to_owned(),
            stop,
        }
    }

    /// Starts a command in the repository.
    pub(super) fn start(&self, arguments: &[&OsStr]) -> Result<Running, GitError> {
        let mut all: Vec<&OsStr> = vec!["-C".as_ref(), self.folder.as_os_str()];
        all.extend_from_slice(arguments);
        self.start_anywhere(&all)
    }

    /// Starts a command outside of the repository.
    fn start_anywhere(&self, arguments: &[&OsStr]) -> Result<Running, GitError> {
        if self.stop.load(Ordering::Acquire) {
            return Err(GitError::Stopped);
        }
        let mut command = Command::new("git");
        for setting in [
            // No hooks, no other programs than those that carry the usual addresses.
            "core.hooksPath=/dev/null",
            "protocol.ext.allow=never",
            "gc.auto=0",
            "maintenance.auto=false",
            "core.quotePath=false",
            "log.showSignature=false",
            "http.lowSpeedLimit=1000",
            "http.lowSpeedTime=60",
        ] {
            command.arg("-c").arg(setting);
        }
        command
            .args(arguments)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for variable in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_TEMPLATE_DIR",
            "GIT_NAMESPACE",
            "GIT_EXTERNAL_DIFF",
        ] {
            command.env_remove(variable);
        }
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => GitError::Missing,
            _ => GitError::Io(error),
        })?;
        let input = child.stdin.take();
        let output = child.stdout.take();
        let errors = child.stderr.take().map(keep_words);
        let (wanted, unwanted) = mpsc::channel();
        let (told, ended) = mpsc::channel();
        let stop = self.stop.clone();
        std::thread::spawn(move || {
            // Nobody listens when nobody wants to know.
            told.send(watch(child, &stop, &unwanted)).ok();
        });
        Ok(Running {
            command: arguments
                .iter()
                .filter_map(|argument| argument.to_str())
                .find(|argument| !argument.starts_with('-') && !argument.contains('/'))
                .unwrap_or_default()
                .to_owned(),
            errors,
            ended,
            _wanted: wanted,
            input,
            output,
        })
    }

    /// Runs a command and answers its output; `input` is what it is told.
    pub(super) fn run(&self, arguments: &[&OsStr], input: &[u8]) -> Result<Vec<u8>, GitError> {
        finish(self.start(arguments)?, input)
    }

    /// Makes the repository, bare and empty, unless it is there.
    pub(super) fn create(&self) -> Result<(), GitError> {
        if self.folder.join("HEAD").exists() {
            return Ok(());
        }
        if let Some(parent) = self.folder.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let arguments: [&OsStr; 6] = [
            "init".as_ref(),
            "--quiet".as_ref(),
            "--bare".as_ref(),
            "--template=".as_ref(),
            "--".as_ref(),
            self.folder.as_os_str(),
        ];
        finish(self.start_anywhere(&arguments)?, b"").map(drop)
    }
}

fn finish(mut running: Running, input: &[u8]) -> Result<Vec<u8>, GitError> {
    let mut answer = Vec::new();
    if let Some(mut pipe) = running.input.take() {
        // What it is told is short enough for a pipe, or it reads all of it first.
        io::Write::write_all(&mut pipe, input).ok();
    }
    if let Some(output) = &mut running.output {
        output.read_to_end(&mut answer)?;
    }
    running.end()?;
    Ok(answer)
}

/// Waits for the end of a command, and ends it when it takes too long, when we stop, or when nobody wants
/// it any more.
fn watch(mut child: Child, stop: &AtomicBool, unwanted: &mpsc::Receiver<()>) -> Ended {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ended::Itself(status),
            Ok(None) => {}
            Err(error) => return Ended::Lost(error),
        }
        let late = begun.elapsed() > DEADLINE;
        let gone = unwanted.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Disconnected);
        pause = (pause * 2).min(WATCH);
        if late || gone || stop.load(Ordering::Acquire) {
            child.kill().ok();
            child.wait().ok();
            return if late { Ended::Late } else { Ended::Stopped };
        }
    }
}

impl Running {
    /// Waits for its end.
    pub(super) fn end(mut self) -> Result<(), GitError> {
        self.input.take();
        self.output.take();
        let ended = self.ended.recv().unwrap_or(Ended::Stopped);
        let words = self
            .errors
            .take()
            .and_then(|errors| errors.join().ok())
            .unwrap_or_default();
        match ended {
            Ended::Itself(status) if status.success() => Ok(()),
            Ended::Itself(status) => Err(GitError::Failed {
                command: self.command.clone(),
                words: if words.is_empty() {
                    format!("ended with {status}")
                } else {
                    words
                },
            }),
            Ended::Late => Err(GitError::Late(self.command.clone())),
            Ended::Stopped => Err(GitError::Stopped),
            Ended::Lost(error) => Err(GitError::Io(error)),
        }
    }
}

/// Reads what a command complains, and keeps the beginning, on one line.
fn keep_words(mut errors: ChildStderr) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(read) = errors.read(&mut buffer) {
            if read == 0 {
                break;
            }
            let room = WORDS.saturating_sub(kept.len()).min(read);
            kept.extend_from_slice(&buffer[..room]);
        }
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| line.trim_start_matches("fatal: ").trim_end_matches('.'))
            // What git advises whoever types its commands.
            .take_while(|line| !line.starts_with("Please make sure"))
            .collect();
        without_password(&lines.join("; "))
    })
}

/// `text` with what stands between `//` and `@` of an address cut out.
pub(super) fn without_password(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after
            .find(|letter: char| letter == '/' || letter == '\'' || letter.is_whitespace())
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(credentials) => &after[credentials + 1..],
            None => after,
        };
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_passwords() {
        for (text, clean) in [
            ("plain", "plain"),
            ("https://a.example/b", "https://a.example/b"),
            (
                "https://me:secret@a.example/b c@d",
                "https://a.example/b c@d",
            ),
            (
                "cannot read 'ssh://git@a.example/b' and https://x:y@b.example",
                "cannot read 'ssh://a.example/b' and https://b.example",
            ),
        ] {
            assert_eq!(without_password(text), clean);
        }
    }
}
