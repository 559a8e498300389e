//! Which tabs have another status than was last recorded: what feeds tell.
//!
//! A change is noted where a state is published, by new results or by the clock, and saved when that
//! round of publishing is over, so that publishing thousands of tabs costs few transactions.

use std::{
    collections::HashMap,
    sync::{MutexGuard, PoisonError},
};

use model::summary::TabStatus;

use super::{PublishError, Reader, catalog::key, tab::TabState};
use crate::store::{SeenStatus, StatusChange};

/// What is recorded, and what is still to be.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By what the names of dashboard and tab are compared by; `None` before it was first read.
    recorded: Option<HashMap<(String, String), TabStatus>>,
    pending: Vec<SeenStatus>,
}

impl Reader {
    /// Notes the status of a tab that is published now.
    pub(super) fn note_status(&self, state: &TabState, now_ms: i64) {
        let summary = &state.summary;
        let name = (key(&summary.dashboard), key(&summary.tab));
        let mut seen = self.seen();
        let known = seen.recorded.as_ref().and_then(|known| known.get(&name));
        if known == Some(&summary.status) {
            return;
        }
        if let Some(recorded) = &mut seen.recorded {
            recorded.insert(name, summary.status);
        }
        seen.pending.push(SeenStatus {
            dashboard: summary.dashboard.clone(),
            tab: summary.tab.clone(),
            status: summary.status,
            reason: summary.reason.clone(),
            build: summary
                .strip
                .first()
                .map(|column| column.build.clone())
                .unwrap_or_default(),
            at_ms: now_ms,
        });
    }

    /// Reads what is recorded, once: before that every tab that is published counts as changed, which
    /// costs a look into the database and no more.
    pub(super) async fn read_statuses(&self) -> Result<(), PublishError> {
        if self.seen().recorded.is_some() {
            return Ok(());
        }
        let recorded = self.store.load_statuses().await?;
        self.seen().recorded.get_or_insert(recorded);
        Ok(())
    }

    /// Saves what was noted. What cannot be saved is logged and tried again with the next.
    pub async fn save_statuses(&self) {
        let pending = std::mem::take(&mut self.seen().pending);
        if pending.is_empty() {
            return;
        }
        match self.store.save_statuses(&pending).await {
            Ok(_) => self.lately.note_recorded(),
            Err(error) => {
                tracing::error!(%error, "cannot record changed statuses: {error}");
                let mut seen = self.seen();
                let newer = std::mem::replace(&mut seen.pending, pending);
                seen.pending.extend(newer);
            }
        }
    }

    /// The newest `limit` changes of status on these dashboards together, newest first.
    pub async fn status_changes(
        &self,
        dashboards: &[&str],
        limit: u32,
    ) -> Result<Vec<StatusChange>, PublishError> {
        Ok(self.store.load_status_changes(dashboards, limit).await?)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
