//! One job file, parsed, with what its jobs use of the repository itself.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

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
    /// The last part of images whose tag tells no commit, with the index of the job.
    pub(super) floating: Vec<(String, usize)>,
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
        let (mut scripts, mut inside, mut floating) = (Vec::new(), Vec::new(), Vec::new());
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
                if image.commit().is_none() && image.digest.is_empty() {
                    let last = image.name.rsplit('/').next().unwrap_or(image.name);
                    floating.push((last.to_owned(), index));
                }
            }
        }
        Self {
            found,
            scripts,
            inside,
            floating,
        }
    }

    /// Whether it says nothing of jobs.
    pub(super) fn is_other(&self) -> bool {
        self.found.jobs.is_empty() && self.found.presets.is_empty() && self.found.prow.is_none()
    }
}

/// Parses texts on every core; answers in their order, a flaw without the path.
pub(super) fn parse_all(
    texts: &[(String, Option<String>)],
    repo: &str,
) -> Vec<Result<Content, String>> {
    let parse = |(_, text): &(String, Option<String>)| {
        let Some(text) = text else {
            return Err(" is not there, or is no text".to_owned());
        };
        let found = parse_definitions(text);
        match &found.flaw {
            Some((line, flaw)) => Err(format!(":{line}: {flaw}")),
            None => Ok(Content::new(found, repo)),
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // A thread costs about what a small file does.
    if threads == 1 || texts.len() < 4 {
        return texts.iter().map(parse).collect();
    }
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<Content, String>>>> =
        texts.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(texts.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(text), Some(slot)) = (texts.get(index), slots.get(index)) else {
                        break;
                    };
                    let parsed = parse(text);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(parsed);
                }
            });
        }
    });
    slots
        .into_iter()
        .map(|slot| {
            let parsed = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            parsed.unwrap_or_else(|| Err(" was not read".to_owned()))
        })
        .collect()
}

/// The jobs of some files.
pub(super) fn each(files: &[Arc<JobFile>]) -> impl Iterator<Item = (&Job, Definition)> {
    files.iter().flat_map(|file| file.jobs())
}
