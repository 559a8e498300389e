//! The body of an upload, from the wire to files on disk and from there to what is kept.

use std::{collections::HashSet, path::PathBuf};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tempfile::TempDir;
use tokio::{
    fs::File,
    io::{AsyncWriteExt as _, BufWriter},
};

use super::IntakeError;
use crate::prow::{
    BuildFile,
    upload::{Upload, place_of},
};

/// Files of one upload.
const FILES: usize = 1000;
/// The part of a form that describes the run.
const DESCRIPTION: &str = "metadata";

/// What was sent.
pub(super) struct Staged {
    pub(super) description: Upload,
    pub(super) files: Vec<BuildFile>,
}

/// A folder into which an upload is written as it comes.
struct Stage {
    folder: TempDir,
    /// Bytes that may still come.
    left: u64,
    max_bytes: u64,
}

impl Stage {
    fn new(max_bytes: u64) -> Result<Self, IntakeError> {
        let folder = tempfile::tempdir().map_err(|error| {
            IntakeError::Unavailable(format!("there is no place for an upload: {error}"))
        })?;
        Ok(Self {
            folder,
            left: max_bytes,
            max_bytes,
        })
    }

    /// Writes one file as it comes.
    async fn write<E: std::fmt::Display>(
        &mut self,
        number: usize,
        mut chunks: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<PathBuf, IntakeError> {
        let broken = |error: std::io::Error| {
            IntakeError::Unavailable(format!("an upload cannot be written down: {error}"))
        };
        let path = self.folder.path().join(number.to_string());
        let mut file = BufWriter::new(File::create(&path).await.map_err(broken)?);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk
                .map_err(|error| IntakeError::Bad(format!("the upload broke off: {error}")))?;
            self.left = self
                .left
                .checked_sub(chunk.len() as u64)
                .ok_or(IntakeError::TooLarge(self.max_bytes))?;
            file.write_all(&chunk).await.map_err(broken)?;
        }
        file.flush().await.map_err(broken)?;
        Ok(path)
    }
}

async fn read(path: &PathBuf) -> Result<Bytes, IntakeError> {
    let content = tokio::fs::read(path).await.map_err(|error| {
        IntakeError::Unavailable(format!("an upload cannot be read back: {error}"))
    })?;
    Ok(content.into())
}

/// Takes the body of an upload: a description as JSON, or a form with the description as `metadata`
/// and any number of JUnit files and files of Prow. `build` is the build id where the description has
/// none.
pub(super) async fn receive<S, E>(
    content_type: &str,
    build: Option<&str>,
    body: S,
    max_bytes: u64,
) -> Result<Staged, IntakeError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let mut stage = Stage::new(max_bytes)?;
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        // The second is what `curl --data` says of whatever it sends.
        "application/json" | "application/x-www-form-urlencoded" => {
            let path = stage.write(0, body).await?;
            let description = describe(Some(&read(&path).await?), build)?;
            Ok(Staged {
                description,
                files: Vec::new(),
            })
        }
        "multipart/form-data" => {
            let boundary = multer::parse_boundary(content_type)
                .map_err(|error| IntakeError::Bad(format!("the form cannot be read: {error}")))?;
            receive_form(&mut stage, multer::Multipart::new(body, boundary), build).await
        }
        "" => Err(IntakeError::Bad(
            "the upload has no Content-Type; send application/json or multipart/form-data".into(),
        )),
        other => Err(IntakeError::Bad(format!(
            "an upload of type {other:?} is not understood; send application/json or multipart/form-data"
        ))),
    }
}

async fn receive_form(
    stage: &mut Stage,
    mut form: multer::Multipart<'_>,
    build: Option<&str>,
) -> Result<Staged, IntakeError> {
    let wrong =
        |error: multer::Error| IntakeError::Bad(format!("the form cannot be read: {error}"));
    let mut description = None;
    let mut places: HashSet<String> = HashSet::new();
    let mut parts = Vec::new();
    let mut number = 0;
    while let Some(field) = form.next_field().await.map_err(wrong)? {
        number += 1;
        if number > FILES {
            return Err(IntakeError::Bad(format!(
                "an upload has at most {FILES} files"
            )));
        }
        if field.name() == Some(DESCRIPTION) {
            let path = stage.write(number, field).await?;
            description = Some(read(&path).await?);
            continue;
        }
        let name = field
            .file_name()
            .or(field.name())
            .unwrap_or_default()
            .to_owned();
        let place = place_of(&name).ok_or_else(|| {
            IntakeError::Bad(format!(
                "the file {name:?} is neither a JUnit file nor one of Prow's; the description of the run \
                 belongs into the part `{DESCRIPTION}`"
            ))
        })?;
        // Runners call their files alike and put them into folders, which forms do not tell.
        let place = if places.contains(&place) {
            let base = place.rsplit('/').next().unwrap_or(&place);
            format!("artifacts/{number}/{base}")
        } else {
            place
        };
        places.insert(place.clone());
        parts.push((place, stage.write(number, field).await?));
    }
    let description = describe(description.as_ref(), build)?;
    let mut files = Vec::with_capacity(parts.len());
    for (name, path) in parts {
        files.push(BuildFile {
            name,
            content: Ok(read(&path).await?),
        });
    }
    Ok(Staged { description, files })
}

/// The description; the build id may be said outside of it.
fn describe(text: Option<&Bytes>, build: Option<&str>) -> Result<Upload, IntakeError> {
    let Some(build) = build.filter(|build| !build.is_empty()) else {
        let text = text.ok_or_else(|| {
            IntakeError::Bad(format!(
                "the form has no part `{DESCRIPTION}` that describes the run"
            ))
        })?;
        return Upload::parse(text).map_err(IntakeError::Bad);
    };
    let mut value = match text {
        None => serde_json::json!({}),
        Some(text) => serde_json::from_slice(text).map_err(|error| {
            IntakeError::Bad(format!(
                "the description of the run cannot be read: {error}"
            ))
        })?,
    };
    if let Some(fields) = value.as_object_mut() {
        let said = fields.entry("build").or_insert_with(|| build.into());
        if said != build {
            return Err(IntakeError::Bad(format!(
                "the address says build {build:?} and the description says {said}"
            )));
        }
    }
    Upload::parse(value.to_string().as_bytes()).map_err(IntakeError::Bad)
}
