//! One job file, parsed, with what its jobs use of the repository itself.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use model::impact::{Definition, Job, path_in};

use crate::{
    infra::image::ImageRef,
    testgrid::definitions::{Definitions, parse_definitions},
};

/// One job file.
#[derive(Debug)]
pub(super) struct JobFile {
    pub(super) content: Arc<Content>,
    /// As many as it has jobs.
    pub(super) definitions: Vec<Definition>,
}

/// What a file says, whatever is global.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) found: Definitions,
    /// Paths of the repository itself that jobs name, with the index of the job.
    pub(super) scripts: Vec<(String, usize)>,
    /// Indexes of the jobs that run inside the repository.
    pub(super) inside: Vec<usize>,
    /// The images that jobs run.
    pub(super) images: Vec<RunImage>,
}

/// An image that a job runs.
#[derive(Debug)]
pub(super) struct RunImage {
    /// The last part of its name.
    pub(super) name: String,
    /// The index of the job.
    pub(super) job: usize,
    /// Whether its tag tells no commit: then the job takes whatever was last built of it.
    pub(super) floats: bool,
}

impl JobFile {
    pub(super) fn jobs(&self) -> impl Iterator<Item = (&Job, Definition)> {
        let jobs = self.content.found.jobs.iter();
        jobs.zip(self.definitions.iter().copied())
    }

    pub(super) fn name(&self, job: usize) -> &str {
        &self.content.found.jobs[job].key.name
    }
}

impl Content {
    /// Finds which jobs name which of the files and images of `repo` itself.
    fn new(found: Definitions, repo: &str) -> Self {
        let (mut scripts, mut inside, mut images) = (Vec::new(), Vec::new(), Vec::new());
        for (index, job) in found.jobs.iter().enumerate() {
            let runs_inside = job.repos.first().is_some_and(|first| first == repo);
            if runs_inside {
                inside.push(index);
            }
            for word in &job.words {
                if let Some(path) = path_in(word, repo, runs_inside) {
                    scripts.push((path.to_owned(), index));
                }
            }
            for image in &job.images {
                let image = ImageRef::parse(image);
                let last = image.name.rsplit('/').next().unwrap_or(image.name);
                images.push(RunImage {
                    name: last.to_owned(),
                    job: index,
                    floats: image.commit().is_none() && image.digest.is_empty(),
                });
            }
        }
        Self {
            found,
            scripts,
            inside,
            images,
        }
    }

    /// Whether it says nothing of jobs.
    pub(super) fn is_other(&self) -> bool {
        self.found.jobs.is_empty() && self.found.presets.is_empty() && self.found.prow.is_none()
    }
}

/// A file as it is read: its path, and its text if it is there and is one.
pub(super) type Text = (String, Option<String>);

/// What a file says, or what is wrong with it, without its path.
type Parsed = Result<Content, String>;

fn parse(text: Option<&str>, repo: &str) -> Parsed {
    let Some(text) = text else {
        return Err(" is not there, or is no text".to_owned());
    };
    let found = parse_definitions(text);
    match &found.flaw {
        Some((line, flaw)) => Err(format!(":{line}: {flaw}")),
        None => Ok(Content::new(found, repo)),
    }
}

/// Parses texts on every core while further ones are read; answers in their order. Ends with the first text
/// that cannot be read.
pub(super) fn parse_all<E>(
    texts: impl ExactSizeIterator<Item = Result<Text, E>>,
    repo: &str,
) -> Result<Vec<(String, Parsed)>, E> {
    // A thread costs about what a small file does.
    if texts.len() < 4 {
        return texts
            .map(|read| read.map(|(path, text)| (path, parse(text.as_deref(), repo))))
            .collect();
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = mpsc::channel::<(usize, Text)>();
    let receiver = Mutex::new(receiver);
    let next = || {
        receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv()
    };
    let mut parsed: Vec<(usize, (String, Parsed))> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(texts.len()))
            .map(|_| {
                scope.spawn(|| {
                    let mut parsed = Vec::new();
                    while let Ok((index, (path, text))) = next() {
                        parsed.push((index, (path, parse(text.as_deref(), repo))));
                    }
                    parsed
                })
            })
            .collect();
        let read = texts.enumerate().try_for_each(|(index, read)| {
            // Nobody goes away before the end.
            sender.send((index, read?)).ok();
            Ok(())
        });
        drop(sender);
        let parsed = workers.into_iter().flat_map(|worker| match worker.join() {
            Ok(parsed) => parsed,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let parsed = parsed.collect();
        read.map(|()| parsed)
    })?;
    parsed.sort_unstable_by_key(|(index, _)| *index);
    Ok(parsed.into_iter().map(|(_, file)| file).collect())
}

/// The jobs of some files.
pub(super) fn each(files: &[Arc<JobFile>]) -> impl Iterator<Item = (&Job, Definition)> {
    files.iter().flat_map(|file| file.jobs())
}
