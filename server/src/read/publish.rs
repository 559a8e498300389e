//! Publishes what is stored: the tabs of every group whose results have changed.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use arc_swap::ArcSwap;
use futures::{StreamExt as _, stream};
use model::{
    rename::join_renamed,
    retention::DAY_MS,
    tabulate::GroupResults,
    wire::{TabChanged, WireError},
};

use super::{
    Reader, Stored,
    catalog::{TabEntry, key},
    changes::What,
    kept::Span,
    tab::{TabState, build_state},
};
use crate::{clock::now_ms, settings::IdentityRule, store::StoreError};

/// How many groups are read at the same time when all are.
const PARALLEL: usize = 4;

/// Why something could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A grid could not be written as JSON.
    #[error("the grid of a tab of {group} cannot be written: {source}")]
    Write {
        /// The test group.
        group: String,
        /// What serde says.
        source: serde_json::Error,
    },
    /// The work was lost, by a panic or at the end of the process.
    #[error("the work on {0} was lost")]
    Lost(String),
}

impl From<PublishError> for WireError {
    fn from(error: PublishError) -> Self {
        let passes = matches!(&error, PublishError::Store(error) if error.passes());
        if passes {
            tracing::warn!(%error, "a request needs the database: {error}");
            return Self {
                code: "unavailable".to_owned(),
                message: "The database gives no answer, and this is not in memory.".to_owned(),
            };
        }
        Self {
            code: "internal".to_owned(),
            message: error.to_string(),
        }
    }
}

impl Reader {
    /// Publishes every group that has a tab; the database is ready to answer from when this returns.
    /// A group that cannot be published is logged, and the others go on.
    pub async fn publish_all(&self) -> Result<(), PublishError> {
        self.publish_changed().await?;
        self.ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Publishes the groups whose stored results are not those that were last published: what another
    /// process wrote.
    pub async fn publish_changed(&self) -> Result<(), PublishError> {
        self.read_statuses().await?;
        self.publish_histories().await?;
        self.publish_bugs().await?;
        self.publish_deploys().await?;
        let stored: HashMap<String, Stored> = self
            .store
            .load_modified()
            .await?
            .into_iter()
            .map(|group| (key(&group.name), Stored::from(&group)))
            .collect();
        let published = self.published.load_full();
        let changed: Vec<&str> = published
            .catalog
            .groups()
            .filter(|&name| {
                let state = self.group(name);
                let unread = published
                    .catalog
                    .tabs_of(name)
                    .iter()
                    .any(|&index| published.tabs[index].load().is_none());
                unread || state.stored() != stored.get(&key(name)).copied()
            })
            .collect();
        stream::iter(changed)
            .for_each_concurrent(PARALLEL, async |name| {
                let stored = stored.get(&key(name)).copied();
                if let Err(error) = self.publish_stored(name, stored).await {
                    tracing::error!(group.name = name, %error, "cannot publish {name}: {error}");
                }
            })
            .await;
        self.save_statuses().await;
        self.compared_ms.store(now_ms(), Ordering::Release);
        Ok(())
    }

    /// When the snapshot was last compared with the database, in milliseconds since 1970; `None` before
    /// the first time.
    pub fn compared_ms(&self) -> Option<i64> {
        Some(self.compared_ms.load(Ordering::Acquire)).filter(|&ms| ms > 0)
    }

    /// Publishes a group after its results have changed.
    pub async fn publish_group(&self, name: &str) -> Result<(), PublishError> {
        self.read_statuses().await?;
        let stored = self
            .store
            .load_group_modified(name)
            .await?
            .as_ref()
            .map(Stored::from);
        self.publish_stored(name, stored).await?;
        self.save_statuses().await;
        Ok(())
    }

    async fn publish_stored(&self, name: &str, stored: Option<Stored>) -> Result<(), PublishError> {
        let group = self.group(name);
        let _guard = group.publishing.lock().await;
        let published = self.published.load_full();
        let indexes = published.catalog.tabs_of(name);
        let Some(first) = indexes.first() else {
            return Ok(());
        };
        let results = self.load(&published.catalog.tabs()[*first], stored).await?;
        let entries: Vec<Arc<TabEntry>> = indexes
            .iter()
            .map(|&index| published.catalog.tabs()[index].clone())
            .collect();
        let repositories = self.repositories.clone();
        let modified_ms = stored.and_then(|stored| stored.modified_ms);
        let intervals = self.rules.stale_intervals;
        let now_ms = (self.clock)();
        let bugs = self.bugs_of(name);
        let states = tokio::task::spawn_blocking(move || {
            let build = |entry: &Arc<TabEntry>| {
                let mut state = build_state(
                    entry,
                    &results,
                    &repositories,
                    intervals,
                    modified_ms,
                    now_ms,
                );
                bugs.fill(&mut state.summary);
                state
            };
            entries.iter().map(build).collect::<Vec<_>>()
        })
        .await
        .map_err(|_| PublishError::Lost(name.to_owned()))?;

        group.set_stored(stored);
        group.content.fetch_add(1, Ordering::AcqRel);
        for (&index, state) in indexes.iter().zip(states) {
            self.note_status(&state, now_ms);
            let old = published.tabs[index].swap(Arc::new(Some(state)));
            // Told last: whoever hears of it finds it.
            self.tell_tab(
                &published.catalog.tabs()[index],
                &published.tabs[index],
                old.as_ref().as_ref(),
            );
        }
        Ok(())
    }

    /// Tells that a tab's published state is not `old` any more, if so.
    pub(super) fn tell_tab(
        &self,
        entry: &TabEntry,
        slot: &ArcSwap<Option<TabState>>,
        old: Option<&TabState>,
    ) {
        let new = slot.load();
        let Some(new) = new.as_ref() else {
            return;
        };
        if old.is_some_and(|old| old.shows_as(new)) {
            return;
        }
        self.changes.tell(What::Tab(TabChanged {
            dashboard: entry.dashboard.clone(),
            tab: entry.tab.name.clone(),
            version: new.grid_version.clone(),
        }));
    }

    /// The group's results as its tabs show them: of the days that the configuration says. A job that
    /// stopped keeps its last results, and is stale.
    pub(super) async fn load(
        &self,
        entry: &TabEntry,
        stored: Option<Stored>,
    ) -> Result<GroupResults, StoreError> {
        let Some(stored) = stored else {
            return Ok(GroupResults::default());
        };
        let results = self
            .kept
            .load(
                &self.store,
                (stored.id, stored.revision),
                self.span_of(entry),
                (self.clock)(),
            )
            .await?;
        let results = self.refine(entry, results);
        Ok(match self.rules.row_identity {
            IdentityRule::Id => join_renamed(results),
            IdentityRule::Name => results,
        })
    }

    /// Over how long results are shown: the days that the group says, or else the settings. A recording
    /// is shown whole.
    fn span_of(&self, entry: &TabEntry) -> Span {
        let days = entry.group.days_kept(self.days_of_results);
        entry.configured.then(|| i64::from(days) * DAY_MS)
    }
}
