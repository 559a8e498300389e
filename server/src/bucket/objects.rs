//! A bucket on any object store.

use std::sync::Arc;

use bytes::BytesMut;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    Attribute, Error, GetOptions, GetResult, ObjectStore, ObjectStoreExt, path::Path,
};

use super::{Children, Contents, Found, ReadFile, ReadFolder, Wanted, remote::one_line, too_long};

/// Files of one build that are fetched at once.
const FETCHES: usize = 8;
/// Where the target of a pointer object is kept, by who wrote it.
const LINKS: [&str; 2] = ["x-goog-meta-link", "link"];

fn locate(root: &Path, path: &str) -> Result<Path, String> {
    let whole = format!("{root}/{path}");
    Path::parse(whole.trim_matches('/')).map_err(|error| format!("`{path}`: {error}"))
}

pub(super) async fn list_children(
    store: &Arc<dyn ObjectStore>,
    root: &Path,
    path: &str,
) -> Result<Children, String> {
    let folder = locate(root, path)?;
    let listed = match store.list_with_delimiter(Some(&folder)).await {
        Ok(listed) => listed,
        Err(Error::NotFound { .. }) => return Ok(Children::default()),
        Err(error) => return Err(format!("`{path}`: {}", one_line(&error))),
    };
    let name = |location: &Path| location.filename().map(str::to_owned);
    Ok(Children {
        folders: listed.common_prefixes.iter().filter_map(name).collect(),
        objects: listed
            .objects
            .iter()
            .filter_map(|object| name(&object.location))
            .collect(),
    })
}

pub(super) async fn read_file(
    store: &Arc<dyn ObjectStore>,
    root: &Path,
    path: &str,
    cap: u64,
) -> Result<Option<ReadFile>, String> {
    let location = locate(root, path)?;
    let content = match store.get(&location).await {
        Ok(result) => read(result, cap).await?,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => Err(of_file(error)?),
    };
    Ok(Some(ReadFile {
        name: path.to_owned(),
        content,
    }))
}

/// The `link` metadata of an object.
pub(super) async fn read_link(
    store: &Arc<dyn ObjectStore>,
    root: &Path,
    path: &str,
) -> Result<Option<String>, String> {
    let location = locate(root, path)?;
    let head = GetOptions {
        head: true,
        ..GetOptions::default()
    };
    match store.get_opts(&location, head).await {
        Ok(result) => Ok(LINKS.into_iter().find_map(|key| {
            result
                .attributes
                .get(&Attribute::Metadata(key.into()))
                .map(|link| link.trim().to_owned())
        })),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => of_file(error).map(|_| None),
    }
}

pub(super) async fn find_files(
    store: &Arc<dyn ObjectStore>,
    root: &Path,
    path: &str,
    wanted: Wanted,
) -> Result<Contents<Path>, String> {
    let folder = locate(root, path)?;
    let below = format!("{folder}/");
    let mut contents = Contents {
        found: Vec::new(),
        unreadable: Vec::new(),
    };
    let mut any = false;
    let mut listing = store.list(Some(&folder));
    loop {
        match listing.try_next().await {
            Ok(Some(object)) => {
                any = true;
                let Some(name) = object.location.as_ref().strip_prefix(&below) else {
                    continue;
                };
                if let Some(cap) = wanted(name) {
                    contents.found.push(Found {
                        name: name.to_owned(),
                        bytes: object.size,
                        cap,
                        place: object.location,
                    });
                }
            }
            Ok(None) | Err(Error::NotFound { .. }) => break,
            Err(error) => return Err(format!("`{path}`: {}", one_line(&error))),
        }
    }
    if !any {
        // Where no object lies below a path, there is no folder.
        return Ok(Contents::broken(match store.head(&folder).await {
            Ok(_) => format!("`{path}` is a file, not a folder"),
            Err(Error::NotFound { .. }) => format!("there is no folder `{path}`"),
            Err(error) => of_file(error)?,
        }));
    }
    Ok(contents)
}

pub(super) async fn read_files(
    store: &Arc<dyn ObjectStore>,
    contents: Contents<Path>,
) -> Result<ReadFolder, String> {
    let mut files: Vec<ReadFile> = stream::iter(contents.found)
        .map(
            |Found {
                 name, cap, place, ..
             }| async move {
                let content = match store.get(&place).await {
                    Ok(result) => read(result, cap).await?,
                    Err(error) => Err(of_file(error)?),
                };
                Ok::<_, String>(ReadFile { name, content })
            },
        )
        .buffer_unordered(FETCHES)
        .try_collect()
        .await?;
    files.extend(contents.unreadable);
    Ok(ReadFolder::new(files))
}

/// An object's bytes; the outer error is the store's, the inner one the object's.
async fn read(result: GetResult, cap: u64) -> Result<Result<bytes::Bytes, String>, String> {
    let size = result.meta.size;
    if size > cap {
        return Ok(Err(too_long(size, cap)));
    }
    let mut bytes = BytesMut::with_capacity(size as usize);
    let mut stream = result.into_stream();
    loop {
        match stream.try_next().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(Ok(bytes.freeze())),
            Err(error) => return of_file(error).map(Err),
        }
        if bytes.len() as u64 > cap {
            return Ok(Err(too_long(bytes.len() as u64, cap)));
        }
    }
}

/// Tells what concerns one file (`Ok`, a sentence) from what concerns the whole store (`Err`).
fn of_file(error: Error) -> Result<String, String> {
    match error {
        Error::Generic { .. } | Error::Unauthenticated { .. } | Error::JoinError { .. } => {
            Err(one_line(&error))
        }
        Error::NotFound { .. } => Ok("it vanished while the build was read".into()),
        error => Ok(format!("it cannot be read: {}", one_line(&error))),
    }
}
