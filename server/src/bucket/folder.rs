//! A bucket that is a folder of this machine. Everything here blocks.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use bytes::Bytes;

use super::{Children, Contents, Found, ReadFile, ReadFolder, Wanted, too_long};

/// How deep folders are followed; a link into one of its own parents ends here.
const DEPTH: usize = 32;
/// How many files and folders of one build are looked at.
const ENTRIES: usize = 200_000;

/// Where `path` is. Parts that lead upwards are refused: a configuration or a pointer object must
/// not reach outside the bucket.
fn locate(root: &Path, path: &str) -> Result<PathBuf, String> {
    let mut place = root.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if part == "." || part == ".." || part.contains('\0') {
            return Err(format!("`{path}` is not a path inside the bucket"));
        }
        place.push(part);
    }
    Ok(place)
}

/// Says when the bucket itself is not there, which is more than a missing folder inside it.
fn check_root(root: &Path) -> Result<(), String> {
    match fs::metadata(root) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err("it is not a folder".into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("the folder does not exist".into())
        }
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn list_children(
    root: &Path,
    path: &str,
    wanted: fn(&str) -> bool,
) -> Result<Children, String> {
    let entries = match fs::read_dir(locate(root, path)?) {
        Ok(entries) => entries,
        Err(error) => {
            check_root(root)?;
            return match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(Children::default()),
                _ => Err(format!("`{path}`: {error}")),
            };
        }
    };
    let mut children = Children::default();
    for entry in entries {
        let entry = entry.map_err(|error| format!("`{path}`: {error}"))?;
        // A name that is not Unicode could not be asked for again.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_folder = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => {
                fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir())
            }
            Ok(kind) => kind.is_dir(),
            Err(_) => false,
        };
        if is_folder {
            children.folders.push(name);
        } else if wanted(&name) {
            children.objects.push(name);
        }
    }
    Ok(children)
}

pub(super) fn read_file(root: &Path, path: &str, cap: u64) -> Result<Option<ReadFile>, String> {
    let place = locate(root, path)?;
    match read(&place, cap) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            check_root(root)?;
            Ok(None)
        }
        content => Ok(Some(ReadFile {
            name: path.to_owned(),
            content: content
                .map_err(|error| error.to_string())
                .and_then(|content| content),
        })),
    }
}

pub(super) fn find_files(
    root: &Path,
    path: &str,
    wanted: Wanted,
) -> Result<Contents<PathBuf>, String> {
    let folder = locate(root, path)?;
    let mut contents = Contents {
        found: Vec::new(),
        unreadable: Vec::new(),
        stamp: 0,
    };
    let mut ahead = vec![(folder, String::new(), 0)];
    let mut entries_left = ENTRIES;
    while let Some((folder, prefix, depth)) = ahead.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if prefix.is_empty() => {
                check_root(root)?;
                return Ok(Contents::broken(match error.kind() {
                    ErrorKind::NotFound => format!("there is no folder `{path}`"),
                    ErrorKind::NotADirectory => format!("`{path}` is a file, not a folder"),
                    _ => format!("the folder `{path}` cannot be read: {error}"),
                }));
            }
            Err(error) => {
                contents.unreadable.push(unreadable(
                    prefix.trim_end_matches('/'),
                    format!("the folder cannot be read: {error}"),
                ));
                continue;
            }
        };
        for entry in entries {
            if entries_left == 0 {
                contents.unreadable.push(unreadable(
                    ".",
                    format!("the build has more than {ENTRIES} files; the rest is not read"),
                ));
                return Ok(contents);
            }
            entries_left -= 1;
            let (entry, kind) = match entry.and_then(|entry| {
                let kind = entry.file_type()?;
                Ok((entry, kind))
            }) {
                Ok(found) => found,
                Err(error) => {
                    contents.unreadable.push(unreadable(
                        if prefix.is_empty() {
                            "."
                        } else {
                            prefix.trim_end_matches('/')
                        },
                        format!("the folder cannot be read: {error}"),
                    ));
                    continue;
                }
            };
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let cap = wanted(&name);
            let is_wanted = cap.is_some();
            // Links are rare, and what most files weigh is of no interest: ask only when needed.
            let meta = if kind.is_symlink() {
                fs::metadata(entry.path())
            } else if kind.is_dir() || is_wanted {
                entry.metadata()
            } else {
                continue;
            };
            match meta {
                Ok(meta) if meta.is_dir() => {
                    if is_wanted {
                        contents
                            .unreadable
                            .push(unreadable(&name, "it is a folder, not a file".into()));
                    }
                    if depth + 1 < DEPTH {
                        ahead.push((entry.path(), format!("{name}/"), depth + 1));
                    }
                }
                Ok(meta) if is_wanted && meta.is_file() => contents.found.push(Found {
                    name,
                    bytes: meta.len(),
                    cap: cap.unwrap_or(0),
                    tag: tag(&meta),
                    place: entry.path(),
                }),
                Ok(_) if is_wanted => contents
                    .unreadable
                    .push(unreadable(&name, "it is not a plain file".into())),
                Err(error) if is_wanted => {
                    let reason = match (kind.is_symlink(), error.kind()) {
                        (true, ErrorKind::NotFound) => "it is a link that leads nowhere".into(),
                        // Gone between the listing and the question: as if it had never been listed.
                        (false, ErrorKind::NotFound) => continue,
                        _ => format!("it cannot be read: {error}"),
                    };
                    contents.unreadable.push(unreadable(&name, reason));
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    Ok(contents)
}

pub(super) fn read_files(contents: Contents<PathBuf>) -> ReadFolder {
    let mut files = contents.unreadable;
    files.reserve(contents.found.len());
    for Found {
        name, cap, place, ..
    } in contents.found
    {
        let content = read(&place, cap)
            .map_err(|error| format!("it cannot be read: {error}"))
            .and_then(|content| content);
        files.push(ReadFile { name, content });
    }
    ReadFolder::new(files, contents.stamp)
}

/// When a file was last written, to the nanosecond; 0 where the system does not know.
fn tag(meta: &fs::Metadata) -> u64 {
    let since = meta
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as u64)
}

/// A file's bytes; the inner error says that it is too long.
fn read(place: &Path, cap: u64) -> io::Result<Result<Bytes, String>> {
    let file = File::open(place)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Ok(Err("it is a folder, not a file".into()));
    }
    if !meta.is_file() {
        return Ok(Err("it is not a plain file".into()));
    }
    if meta.len() > cap {
        return Ok(Err(too_long(meta.len(), cap)));
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    // The file may grow while it is read.
    file.take(cap + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > cap {
        return Ok(Err(too_long(bytes.len() as u64, cap)));
    }
    Ok(Ok(bytes.into()))
}

fn unreadable(name: &str, reason: String) -> ReadFile {
    ReadFile {
        name: name.to_owned(),
        content: Err(reason),
    }
}
