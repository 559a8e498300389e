//! A bare repository that is written by `git fast-import`.

use std::{
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

/// A repository in the making, with one branch, `master`.
pub(crate) struct NewRepository {
    path: PathBuf,
    child: Child,
    input: BufWriter<ChildStdin>,
}

impl NewRepository {
    pub(crate) fn create(path: &Path) -> Self {
        let made = Command::new("git")
            .args(["init", "--quiet", "--bare", "--initial-branch=master", "--"])
            .arg(path)
            .status()
            .expect("git is installed");
        assert!(made.success());
        Self::import(path)
    }

    /// Goes on with a repository that is there.
    pub(crate) fn import(path: &Path) -> Self {
        let mut child = Command::new("git")
            .arg("-C")
            .arg(path)
            .args(["fast-import", "--quiet", "--force", "--date-format=raw"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("git is installed");
        let input = child.stdin.take().expect("it has an input");
        Self {
            path: path.to_owned(),
            child,
            input: BufWriter::new(input),
        }
    }

    /// Commits files (path and content; `None` removes one) on the head of `master`, or on `from`.
    pub(crate) fn commit(
        &mut self,
        at_ms: i64,
        subject: &str,
        from: Option<&str>,
        files: &[(&str, Option<&str>)],
    ) {
        let secs = at_ms / 1000;
        let mut text = format!(
            "commit refs/heads/master\ncommitter A Person <a@example.org> {secs} +0000\ndata {}\n{subject}\n",
            subject.len()
        );
        if let Some(from) = from {
            text.push_str(&format!("from {from}\n"));
        }
        for (path, content) in files {
            match content {
                Some(content) => text.push_str(&format!(
                    "M 100644 inline {path}\ndata {}\n{content}\n",
                    content.len()
                )),
                None => text.push_str(&format!("D {path}\n")),
            }
        }
        text.push('\n');
        self.input
            .write_all(text.as_bytes())
            .expect("git takes a commit");
    }

    /// Ends the import, and answers where the repository is.
    pub(crate) fn finish(mut self) -> PathBuf {
        self.input.flush().expect("git takes all");
        drop(self.input);
        assert!(self.child.wait().expect("git ends").success());
        self.path
    }
}
