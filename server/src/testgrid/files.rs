//! The files below the paths, read and parsed on every core.

use std::{
    collections::HashSet,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use walkdir::WalkDir;

use super::{
    ConfigProblem,
    document::{self, Contents},
};

/// The largest file that is read.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// One file that was found.
pub(super) struct Source {
    /// As found below its root.
    pub file: Arc<Path>,
    /// Which of the paths it lies below.
    pub root: usize,
    /// Folders between its root and itself.
    pub depth: usize,
    /// What it says.
    pub contents: Contents,
}

struct Found {
    file: Arc<Path>,
    root: usize,
    depth: usize,
}

/// Reads every YAML file below the paths, and every path that is a file, in the order of the paths and
/// within one by name. A file that several paths reach is read once.
pub(super) fn read(paths: &[PathBuf], problems: &mut Vec<ConfigProblem>) -> Vec<Source> {
    let found = find(paths, problems);
    let mut contents = parse_all(&found);
    let mut sources: Vec<Source> = Vec::with_capacity(found.len());
    for (found, contents) in found.into_iter().zip(contents.drain(..)) {
        let mut contents = contents.unwrap_or_default();
        problems.append(&mut contents.problems);
        sources.push(Source {
            file: found.file,
            root: found.root,
            depth: found.depth,
            contents,
        });
    }
    report_others(paths, &sources, problems);
    sources
}

fn find(paths: &[PathBuf], problems: &mut Vec<ConfigProblem>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for (root, path) in paths.iter().enumerate() {
        let walk = WalkDir::new(path).follow_links(true).sort_by_file_name();
        // Mounted configuration keeps its older versions in folders that begin with two dots.
        let entries = walk
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_older_version(entry.path()));
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let place = error.path().unwrap_or(path).to_path_buf();
                    problems.push(whole_file(place, &sentence(&error)));
                    continue;
                }
            };
            if !entry.file_type().is_file() || (entry.depth() > 0 && !is_yaml(entry.path())) {
                continue;
            }
            let unique = entry
                .path()
                .canonicalize()
                .unwrap_or_else(|_| entry.path().to_path_buf());
            if seen.insert(unique) {
                found.push(Found {
                    depth: entry.depth(),
                    file: entry.into_path().into(),
                    root,
                });
            }
        }
    }
    found
}

fn is_older_version(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b".."))
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn whole_file(file: PathBuf, message: &str) -> ConfigProblem {
    ConfigProblem {
        file,
        line: 1,
        message: message.to_owned(),
    }
}

fn sentence(error: &walkdir::Error) -> String {
    match error.io_error() {
        Some(error) => cannot_be_read(error),
        None => "cannot be read: the links form a loop".to_owned(),
    }
}

fn cannot_be_read(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// Parses the files on every core; answers in their order.
fn parse_all(found: &[Found]) -> Vec<Option<Contents>> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Contents>>> = found.iter().map(|_| Mutex::new(None)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(found.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(file), Some(slot)) = (found.get(index), slots.get(index)) else {
                        break;
                    };
                    let contents = parse_file(&file.file);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(contents);
                }
            });
        }
    });
    slots
        .into_iter()
        .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

fn parse_file(file: &Arc<Path>) -> Contents {
    match read_text(file) {
        Ok(text) => document::parse(file, &text),
        Err(problem) => Contents {
            problems: vec![problem],
            ..Contents::default()
        },
    }
}

fn read_text(file: &Arc<Path>) -> Result<String, ConfigProblem> {
    let problem = |message: &str| whole_file(file.to_path_buf(), message);
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| open.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| problem(&cannot_be_read(&error)))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(problem(&format!(
            "larger than {} MiB, which no configuration is",
            MAX_FILE_BYTES >> 20
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|&byte| byte == b'\n').count();
        ConfigProblem {
            line: line as u32,
            ..problem("not UTF-8 text")
        }
    })
}

/// Documents that are neither TestGrid's nor Prow's are a problem where only configuration should be:
/// in a file that was named itself, in a folder with TestGrid configuration, and anywhere in a tree
/// without Prow jobs. Trees of Prow jobs hold files of other kinds, which Prow ignores too.
fn report_others(paths: &[PathBuf], sources: &[Source], problems: &mut Vec<ConfigProblem>) {
    let testgrid_folders: HashSet<&Path> = sources
        .iter()
        .filter(|source| source.contents.is_testgrid)
        .filter_map(|source| source.file.parent())
        .collect();
    let mut prow_roots = vec![false; paths.len()];
    for source in sources {
        prow_roots[source.root] |= source.contents.is_prow;
    }
    for source in sources {
        let folder = source.file.parent();
        let expected = source.depth == 0
            || !prow_roots[source.root]
            || folder.is_some_and(|folder| testgrid_folders.contains(folder));
        if !expected {
            continue;
        }
        for (line, key) in &source.contents.others {
            let found = key.as_ref().map_or_else(
                || "it is not a mapping".to_owned(),
                |key| format!("its first key is `{key}`"),
            );
            problems.push(ConfigProblem {
                file: source.file.to_path_buf(),
                line: *line,
                message: format!("neither TestGrid configuration nor Prow jobs: {found}"),
            });
        }
    }
}
