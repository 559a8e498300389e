//! The published snapshot: what REST and pages alike answer from.
//!
//! A page request never waits for a bucket and seldom for the database. The catalog and every tab's
//! summary are in memory, each swapped whole when its group's results change; grids are built from
//! the stored results when somebody looks, and kept while there is room.

mod about;
mod bugs;
mod cache;
mod catalog;
mod cell;
mod changes;
mod filter;
mod history;
mod infer;
mod infra;
mod jobs;
mod kept;
mod links;
mod metrics;
mod packed;
mod pages;
mod publish;
mod published;
mod releases;
mod row;
mod search;
mod since;
mod snapshot;
mod sources;
mod tab;
mod tick;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use model::wire::{ComponentRef, WireError};
use regex::Regex;

pub use self::{
    bugs::{RowBugs, RowRef},
    cache::{Coding, Encoded, Form, PublishedGrid},
    catalog::{Catalog, DashboardEntry, GroupEntry, TabEntry},
    changes::{Change, Listener, What},
    filter::{FilterError, RowFilter, compile_filter},
    infra::CompareQuery,
    metrics::MetricValues,
    publish::PublishError,
    row::values_by_column,
    search::state,
    snapshot::{Snapshot, TabView},
    tick::Turned,
};
use self::{
    cache::GridCache,
    catalog::key,
    changes::Changes,
    history::Seen,
    kept::KeptResults,
    published::Published,
    sources::KnownSources,
    tab::{Repositories, build_grid},
};
use crate::{
    clock::now_ms,
    settings::{RuleSettings, Settings, VersionRule},
    store::{GroupId, GroupModified, Store},
};

/// How much memory the grids that somebody looked at may take.
const CACHE_BYTES: usize = 512 << 20;
/// How much memory the results of groups that were read lately may take.
const KEPT_BYTES: usize = 256 << 20;
/// How much more the results of all other groups may take, compressed: some ten thousand groups.
const PACKED_BYTES: usize = 128 << 20;
/// How long a database may take to say that it is there.
const PROBE: Duration = Duration::from_secs(2);

/// The snapshot and the way to renew it.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    published: ArcSwap<Published>,
    groups: Mutex<HashMap<String, Arc<GroupState>>>,
    cache: GridCache,
    kept: KeptResults,
    seen: Mutex<Seen>,
    repositories: Arc<Repositories>,
    components: Vec<ComponentRef>,
    releases: Regex,
    scope: String,
    days_of_results: u32,
    rules: RuleSettings,
    ready: AtomicBool,
    changes: Changes,
    known_sources: KnownSources,
    /// When the snapshot was last compared with the database; 0 for never.
    compared_ms: AtomicI64,
    infra: infra::Infra,
    web: cell::WebAddresses,
    search: search::Search,
    bugs: bugs::KnownBugs,
    lately: since::Lately,
    clock: fn() -> i64,
    /// Whether a component's version is inferred from the history of the job configuration.
    infers: bool,
    /// The components whose versions are build clusters.
    clusters: Vec<String>,
    /// The components whose version deploys tell where runs do not.
    declares: Vec<infer::DeclaredComponent>,
}

/// What the reader knows of one test group.
#[derive(Debug, Default)]
struct GroupState {
    /// Counts how often its results were published; names their content in the cache.
    content: AtomicU64,
    /// Held while its results are loaded and published, so that older never replaces newer.
    publishing: tokio::sync::Mutex<()>,
    stored: Mutex<Option<Stored>>,
}

/// A group as it was in the store when its results were last published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stored {
    id: GroupId,
    modified_ms: Option<i64>,
    revision: i64,
}

impl From<&GroupModified> for Stored {
    fn from(group: &GroupModified) -> Self {
        Self {
            id: group.id,
            modified_ms: group.modified_ms,
            revision: group.revision,
        }
    }
}

impl Reader {
    /// A reader with nothing published yet: [`Reader::publish_all`] does that.
    pub fn new(store: Store, catalog: Catalog, settings: &Settings) -> Result<Self, regex::Error> {
        let components = &settings.infra.components;
        let releases = Regex::new(&settings.releases.dashboard_pattern)?;
        Ok(Self {
            store,
            published: ArcSwap::from_pointee(Published::new(catalog, &releases)),
            groups: Mutex::default(),
            cache: GridCache::new(CACHE_BYTES),
            kept: KeptResults::new(KEPT_BYTES, PACKED_BYTES),
            seen: Mutex::default(),
            repositories: Arc::new(
                components
                    .iter()
                    .map(|component| (component.name.clone(), component.repo.clone()))
                    .collect(),
            ),
            components: components
                .iter()
                .map(|component| ComponentRef {
                    name: component.name.clone(),
                    repo: component.repo.clone(),
                })
                .collect(),
            releases,
            scope: settings.testgrid.scope.clone(),
            days_of_results: settings.update.days_of_results,
            rules: settings.rules,
            ready: AtomicBool::new(false),
            changes: Changes::new(),
            known_sources: KnownSources::new(settings.update.poll_secs),
            compared_ms: AtomicI64::new(0),
            infra: infra::Infra::default(),
            web: cell::WebAddresses::new(&settings.buckets),
            search: search::Search::default(),
            bugs: bugs::KnownBugs::default(),
            lately: since::Lately::default(),
            clock: now_ms,
            clusters: components
                .iter()
                .filter(|component| component.from.contains(&VersionRule::Cluster(true)))
                .map(|component| component.name.clone())
                .collect(),
            declares: infer::declared_components(settings),
            infers: components.iter().any(|component| {
                let rule = VersionRule::JobConfiguration(true);
                component.from.contains(&rule)
            }),
        })
    }

    /// Asks `clock` for the time, in milliseconds since 1970.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> i64) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps the results of groups in about so much memory, and in so much more compressed, in bytes each.
    #[must_use]
    pub fn with_memory(mut self, kept: usize, packed: usize) -> Self {
        self.kept = KeptResults::new(kept, packed);
        self
    }

    /// Replaces the catalog. Tabs that stay the same keep what is published of them; the others are
    /// read when their group is next published, or when somebody looks.
    pub fn publish_catalog(&self, catalog: Catalog) {
        let old = self.published.load();
        let new = Published::new(catalog, &self.releases);
        for (entry, state) in new.catalog.tabs().iter().zip(&new.tabs) {
            if let Ok(index) = old.catalog.tab(&entry.dashboard, &entry.tab.name)
                && **entry == *old.catalog.tabs()[index]
            {
                state.store(old.tabs[index].load_full());
            }
        }
        self.published.store(Arc::new(new));
        self.changes.tell(What::All);
    }

    /// Begins to listen for changes; `None` when the process is about to stop.
    pub fn listen(&self) -> Option<Listener> {
        self.changes.listen()
    }

    /// Ends every listening, so that the connections on which changes are told can end.
    pub fn end_listening(&self) {
        self.changes.end();
    }

    /// A tab's whole grid, from the cache or built now.
    pub async fn published_grid(
        &self,
        dashboard: &str,
        tab: &str,
    ) -> Result<Arc<PublishedGrid>, WireError> {
        Ok(self.tab_view(dashboard, tab).await?.grid)
    }

    /// A tab with its configuration, its status and its whole grid, from the cache or built now.
    pub async fn tab_view(&self, dashboard: &str, tab: &str) -> Result<TabView, WireError> {
        let (published, index) = self.find(dashboard, tab)?;
        let entry = published.catalog.tabs()[index].clone();
        if published.tabs[index].load().is_none() {
            self.publish_group(&entry.group.name).await?;
        }
        let group = self.group(&entry.group.name);
        let content = group.content.load(Ordering::Acquire);
        let build = async {
            let results = self.load(&entry, group.stored()).await?;
            let repositories = self.repositories.clone();
            let name = entry.group.name.clone();
            let task = {
                let entry = entry.clone();
                move || {
                    let grid = build_grid(&entry, &results, &repositories);
                    // Giving so many small strings back takes a while; nobody need wait for it.
                    (grid, results)
                }
            };
            match tokio::task::spawn_blocking(task).await {
                Ok((grid, results)) => {
                    tokio::task::spawn_blocking(move || drop(results));
                    grid.map(Arc::new).map_err(|source| PublishError::Write {
                        group: name,
                        source,
                    })
                }
                Err(_) => Err(PublishError::Lost(name)),
            }
        };
        let grid = self
            .cache
            .get_or_build(&cache_key(&entry), content, build)
            .await?;
        Ok(TabView {
            status: published.tab_status(index),
            bugs: self.bugs_of(&entry.group.name),
            entry,
            grid,
        })
    }

    /// A tab's grid in another form than its own; `write` makes the bytes from the view when they are
    /// not there. They are kept with the grid, and counted with it.
    pub async fn form<E: From<WireError>>(
        &self,
        view: &TabView,
        form: Form,
        write: impl Future<Output = Result<Vec<u8>, E>>,
    ) -> Result<Arc<Encoded>, E> {
        let encoded = view.grid.form(form, write).await?;
        self.cache.weigh(&cache_key(&view.entry), &view.grid);
        Ok(encoded)
    }

    /// What clients of TestGrid's API call the configuration that is shown.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The dashboard and the name of each tab that shows this group, in the order of the configuration.
    pub fn tabs_of_group(&self, group: &str) -> Vec<(String, String)> {
        let published = self.published.load();
        let tabs = published.catalog.tabs();
        published
            .catalog
            .tabs_of(group)
            .iter()
            .map(|&index| (tabs[index].dashboard.clone(), tabs[index].tab.name.clone()))
            .collect()
    }

    /// The infra components, in the order of the settings.
    pub fn components(&self) -> Vec<ComponentRef> {
        self.components.clone()
    }

    /// Whether answers can be given: the database is reachable and the first snapshot is published.
    pub async fn ready(&self) -> Result<(), WireError> {
        self.check_published()?;
        let ready = self.store.within(PROBE, self.store.ready()).await;
        ready.map_err(|error| unavailable(error.to_string()))
    }

    /// Whether the first snapshot is published: from then on there is something to show.
    pub fn check_published(&self) -> Result<(), WireError> {
        if self.ready.load(Ordering::Acquire) {
            return Ok(());
        }
        let why = "the first snapshot is still being published";
        Err(unavailable(why.to_owned()))
    }

    fn find(&self, dashboard: &str, tab: &str) -> Result<(Arc<Published>, usize), WireError> {
        let published = self.published.load_full();
        let index = published.catalog.tab(dashboard, tab)?;
        Ok((published, index))
    }

    fn group(&self, name: &str) -> Arc<GroupState> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        match groups.entry(key(name)) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(vacant) => vacant.insert(Arc::default()).clone(),
        }
    }
}

impl GroupState {
    fn stored(&self) -> Option<Stored> {
        *self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_stored(&self, stored: Option<Stored>) {
        *self.stored.lock().unwrap_or_else(PoisonError::into_inner) = stored;
    }
}

fn unavailable(message: String) -> WireError {
    WireError {
        code: "unavailable".to_owned(),
        message,
    }
}

/// Under which a tab's grid is cached: names as shown hold no NUL.
fn cache_key(entry: &TabEntry) -> String {
    format!("{}\0{}", entry.dashboard, entry.tab.name)
}

#[cfg(test)]
mod tests;
