//! Bare git repositories, written through `git fast-import`: a commit's id follows from its content
//! alone, so that the same history has the same commits everywhere.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::SimulateError;

/// A commit as git knows it: 40 hexadecimal digits.
pub(super) type Sha = String;

/// A commit to be written.
pub(super) struct NewCommit<'a> {
    /// `refs/heads/master`.
    pub reference: &'a str,
    /// Author's and committer's time.
    pub at_ms: i64,
    /// Name and address.
    pub author: (&'a str, &'a str),
    /// The whole message.
    pub message: &'a str,
    /// First parent first; none for the first commit of a repository.
    pub parents: &'a [&'a str],
    /// Paths and contents of the changed files. A merge lists what it brings in.
    pub files: &'a [(String, String)],
}

/// A repository that is being written.
pub(super) struct Repository {
    path: PathBuf,
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The number of each commit so far: the import takes a commit's id as a parent only from
    /// earlier imports.
    marks: HashMap<Sha, usize>,
}

/// `git` with nothing of the user's or the machine's configuration.
fn git(arguments: &[&OsStr]) -> Command {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("LC_ALL", "C")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_OBJECT_DIRECTORY")
        .env_remove("GIT_TEMPLATE_DIR")
        .env_remove("GIT_DEFAULT_HASH");
    command
}

fn start_error(error: &io::Error) -> SimulateError {
    if error.kind() == io::ErrorKind::NotFound {
        SimulateError::NoGit
    } else {
        SimulateError::Git(format!("git does not start: {error}"))
    }
}

impl Repository {
    /// Makes an empty bare repository whose default branch is `branch`.
    pub(super) fn create(path: &Path, branch: &str) -> Result<Self, SimulateError> {
        fs::create_dir_all(path).map_err(|error| SimulateError::write(path, error))?;
        let branch = format!("--initial-branch={branch}");
        let made = git(&[
            "init".as_ref(),
            "--quiet".as_ref(),
            "--bare".as_ref(),
            // No sample hooks.
            "--template=".as_ref(),
            branch.as_ref(),
            path.as_os_str(),
        ])
        .output()
        .map_err(|error| start_error(&error))?;
        if !made.status.success() {
            return Err(SimulateError::Git(format!(
                "git cannot make the repository {}: {}",
                path.display(),
                String::from_utf8_lossy(&made.stderr).trim()
            )));
        }
        let mut child = git(&[
            // One pack whatever the number of objects.
            "-c".as_ref(),
            "fastimport.unpackLimit=0".as_ref(),
            "-C".as_ref(),
            path.as_os_str(),
            "fast-import".as_ref(),
            "--quiet".as_ref(),
            "--done".as_ref(),
            "--date-format=raw".as_ref(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| start_error(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(SimulateError::Git("git has no pipes".into()));
        };
        Ok(Self {
            path: path.to_owned(),
            child,
            input: BufWriter::new(input),
            output: BufReader::new(output),
            marks: HashMap::new(),
        })
    }

    /// Writes one commit and answers its id.
    pub(super) fn commit(&mut self, commit: &NewCommit<'_>) -> Result<Sha, SimulateError> {
        let mark = self.marks.len() + 1;
        let asked = self.send(commit, mark);
        let mut answer = String::new();
        let read = asked.and_then(|()| self.output.read_line(&mut answer));
        let sha = answer.trim_end();
        if read.is_err() || sha.len() != 40 {
            return Err(self.failed(&format!("commit {:?} was not taken", commit.message)));
        }
        self.marks.insert(sha.to_owned(), mark);
        Ok(sha.to_owned())
    }

    fn send(&mut self, commit: &NewCommit<'_>, mark: usize) -> io::Result<()> {
        let (name, address) = commit.author;
        let seconds = commit.at_ms / 1000;
        let input = &mut self.input;
        writeln!(input, "commit {}\nmark :{}", commit.reference, mark)?;
        for role in ["author", "committer"] {
            writeln!(input, "{role} {name} <{address}> {seconds} +0000")?;
        }
        write_block(input, commit.message)?;
        for (index, parent) in commit.parents.iter().enumerate() {
            let role = if index == 0 { "from" } else { "merge" };
            let known = self.marks.get(*parent).copied().unwrap_or_default();
            writeln!(input, "{role} :{known}")?;
        }
        for (path, content) in commit.files {
            writeln!(input, "M 100644 inline {path}")?;
            write_block(input, content)?;
        }
        writeln!(input, "\nget-mark :{mark}")?;
        input.flush()
    }

    /// Points `reference` at a commit.
    pub(super) fn set(&mut self, reference: &str, sha: &str) -> Result<(), SimulateError> {
        let mark = self.marks.get(sha).copied().unwrap_or_default();
        writeln!(self.input, "reset {reference}\nfrom :{mark}\n")
            .map_err(|_| self.failed(&format!("reference {reference} was not taken")))
    }

    /// Ends the import; afterwards the repository can be read.
    pub(super) fn finish(mut self) -> Result<(), SimulateError> {
        let told = writeln!(self.input, "done").and_then(|()| self.input.flush());
        let ended = self.child.wait();
        match (told, ended) {
            (Ok(()), Ok(status)) if status.success() => Ok(()),
            _ => Err(self.failed("the import did not end well")),
        }
    }

    /// The error of an import that stopped, with git's own words.
    fn failed(&mut self, what: &str) -> SimulateError {
        // Whoever still runs is not needed any more, and its words end only with it.
        let _ = self.child.kill();
        let mut words = String::new();
        if let Some(errors) = &mut self.child.stderr {
            let _ = errors.read_to_string(&mut words);
        }
        let words = words.lines().next().unwrap_or_default();
        SimulateError::Git(format!(
            "git fast-import into {}: {what}: {words}",
            self.path.display()
        ))
    }
}

fn write_block(output: &mut impl Write, content: &str) -> io::Result<()> {
    writeln!(output, "data {}\n{content}", content.len())
}
