//! Issues that people link to rows.

use model::bug::{check_title, check_url};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Bearer, Intake, IntakeError};
use crate::{clock::now_ms, read::RowRef, store::StoredBug};

/// An issue, as who links it says it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BugReport {
    /// Its address: a web page, `http` or `https`.
    pub url: String,
    /// What people call it; its number as the address says it when absent.
    #[serde(default)]
    pub title: String,
}

impl Intake {
    /// Links an issue to a row, which must be there; answers its address as it is kept, and whether it
    /// is new.
    ///
    /// # Errors
    /// When nothing is linked.
    pub async fn link_bug(
        &self,
        bearer: &Bearer,
        row: &RowRef,
        report: &BugReport,
    ) -> Result<(String, bool), IntakeError> {
        let group = row.group.as_str();
        bearer.may_write(group)?;
        let bad = |why: model::bug::BadBug| IntakeError::Bad(why.to_string());
        let bug = StoredBug {
            group: group.to_owned(),
            row_id: row.id.clone(),
            row_name: row.name.clone(),
            url: check_url(&report.url).map_err(bad)?.to_owned(),
            title: check_title(&report.title).map_err(bad)?.to_owned(),
            added_ms: now_ms(),
            added_by: bearer.0.name.clone(),
        };
        let is_new = self.store.add_bug(&bug, &bearer.who()).await?;
        if is_new {
            self.store.announce().await;
            tracing::info!(
                group.name = group,
                row = row.id,
                bug = bug.url,
                "{group}: {} linked to a row by {}",
                bug.url,
                bug.added_by
            );
        }
        Ok((bug.url, is_new))
    }

    /// Takes an issue off a row.
    ///
    /// # Errors
    /// When nothing is changed.
    pub async fn unlink_bug(
        &self,
        bearer: &Bearer,
        group: &str,
        row_id: &str,
        url: &str,
    ) -> Result<(), IntakeError> {
        bearer.may_write(group)?;
        let url = url.trim();
        let removed = self
            .store
            .remove_bug(group, row_id, url, now_ms(), &bearer.who())
            .await?;
        if !removed {
            return Err(IntakeError::NotFound(format!(
                "the row \"{row_id}\" of \"{group}\" has no issue {url}"
            )));
        }
        self.store.announce().await;
        tracing::info!(
            group.name = group,
            row = row_id,
            bug = url,
            "{group}: {url} taken off a row by {}",
            bearer.0.name
        );
        Ok(())
    }
}
