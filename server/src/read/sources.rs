//! Where results come from, and how fresh they are.

use chrono::DateTime;
use model::wire::{Items, UploadRevision, WireError};

use super::{PublishError, Reader};

impl Reader {
    /// All uploads of a build, the one that counts first.
    ///
    /// # Errors
    /// When no such build was uploaded, or the database does not answer.
    pub async fn revisions(
        &self,
        group: &str,
        build: &str,
    ) -> Result<Items<UploadRevision>, WireError> {
        let mut revisions = Vec::new();
        let known = self.store.load_group_modified(group).await;
        if let Some(known) = known.map_err(PublishError::from)? {
            let loaded = self.store.load_revisions(known.id, build).await;
            revisions = loaded.map_err(PublishError::from)?;
        }
        if revisions.is_empty() {
            return Err(WireError {
                code: "not_found".to_owned(),
                message: format!("no build \"{build}\" of a test group \"{group}\" was uploaded"),
            });
        }
        let items: Vec<UploadRevision> = revisions
            .into_iter()
            .rev()
            .map(|one| UploadRevision {
                revision: one.revision as u32,
                received: DateTime::from_timestamp_millis(one.received_ms).unwrap_or_default(),
                uploader: one.uploader,
                running: one.running,
                bytes: one.bytes,
            })
            .collect();
        Ok(items.into())
    }
}
