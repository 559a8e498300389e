//! A bucket on any object store.

use std::sync::Arc;

use bytes::BytesMut;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    Attribute, Error, GetOptions, GetResult, ListResult, ObjectMeta, ObjectStore, ObjectStoreExt,
    list::PaginatedListOptions, path::Path,
};

use xxhash_rust::xxh3::xxh3_64;

use super::{
    Children, Contents, Found, ReadFile, ReadFolder, Wanted,
    remote::{Remote, one_line},
    too_long,
};

/// Files of one build that are fetched at once.
const FETCHES: usize = 8;
/// Where the target of a pointer object is kept, by who wrote it.
const LINKS: [&str; 2] = ["x-goog-meta-link", "link"];

fn locate(root: &Path, path: &str) -> Result<Path, String> {
    let whole = format!("{root}/{path}");
    Path::parse(whole.trim_matches('/')).map_err(|error| format!("`{path}`: {error}"))
}

pub(super) async fn list_children(
    remote: &Remote,
    root: &Path,
    path: &str,
    after: Option<&str>,
    wanted: fn(&str) -> bool,
) -> Result<Children, String> {
    let folder = locate(root, path)?;
    let mut children = Children::default();
    let mut keep = |listed: ListResult| {
        let name = |location: &Path| location.filename().map(str::to_owned);
        let folders = listed.common_prefixes.iter().filter_map(name);
        children.folders.extend(folders);
        let objects = listed.objects.iter();
        let objects = objects.filter_map(|object| name(&object.location));
        children.objects.extend(objects.filter(|name| wanted(name)));
    };
    let of_store = |error: Error| format!("`{path}`: {}", one_line(&error));
    let Some(pages) = &remote.pages else {
        match remote.store.list_with_delimiter(Some(&folder)).await {
            Ok(listed) => keep(listed),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(of_store(error)),
        }
        return Ok(children);
    };
    let prefix = match folder.as_ref() {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let mut page_token = None;
    loop {
        let options = PaginatedListOptions {
            offset: after.map(|after| format!("{prefix}{after}")),
            delimiter: Some("/".into()),
            page_token: page_token.take(),
            ..PaginatedListOptions::default()
        };
        match pages.list_page(&prefix, options).await {
            Ok(page) => {
                keep(page.result);
                page_token = page.page_token;
            }
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(of_store(error)),
        }
        if page_token.is_none() {
            return Ok(children);
        }
    }
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
        stamp: 0,
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
                        tag: tag(&object),
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
    Ok(ReadFolder::new(files, contents.stamp))
}

/// What the store says of an object's content: its tag, or else when it was written.
fn tag(object: &ObjectMeta) -> u64 {
    match &object.e_tag {
        Some(tag) => xxh3_64(tag.as_bytes()),
        None => object.last_modified.timestamp_micros().cast_unsigned(),
    }
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
