//! What the infrastructure did: what lies between two versions, what happened around each change, which
//! roll-backs did not hold, how many runs failed outside of their tests. All of it from the histories
//! and from what is published of each tab; no grid is looked at.

mod across;
mod alarms;
mod breaking;
mod builds;
mod changes;
mod compare;
mod drift;
mod ends;
mod feed;
mod histories;
mod lines;
mod order;
mod pins;
mod suspicion;
mod verdict;
mod versions;
mod weather;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, TryLockError},
    time::{Duration, Instant},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use model::{
    infra::ComponentKind,
    reach::Impact,
    trail::Trail,
    wire::{
        WireError,
        infra::{InfraFeed, TabName},
        time,
    },
};

pub use self::compare::CompareQuery;
pub(super) use self::{drift::Deploys, histories::Histories, lines::commit_url};
use super::{Reader, catalog::not_found, published::Published, tab::TabState};

/// What the reader keeps of the infrastructure beside each tab's trail.
#[derive(Default)]
pub(super) struct Infra {
    /// What landed in the repositories.
    pub(super) histories: ArcSwap<Histories>,
    /// Which jobs a commit can reach, when somebody has worked that out.
    pub(super) impact: ArcSwapOption<Box<dyn Impact>>,
    /// What deploys were reported.
    pub(super) deploys: ArcSwap<Deploys>,
    /// `None` until it was first asked for.
    feed: ArcSwapOption<MadeFeed>,
    /// Held by whoever makes the feed.
    making: Mutex<()>,
}

impl std::fmt::Debug for Infra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Infra").finish_non_exhaustive()
    }
}

/// A component that can be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Component {
    name: String,
    kind: ComponentKind,
    /// `org/name`.
    repo: String,
}

impl Reader {
    pub(super) fn impact(&self) -> Option<Arc<Box<dyn Impact>>> {
        self.infra.impact.load_full()
    }

    /// The component of this name: an infra component of the settings, or a repository under test.
    fn find_component(&self, published: &Published, name: &str) -> Result<Component, WireError> {
        let infra = |known: &&model::wire::ComponentRef| {
            known.name == name || super::key(&known.name) == super::key(name)
        };
        if let Some(known) = self.components.iter().find(infra) {
            return Ok(Component {
                name: known.name.clone(),
                kind: ComponentKind::Infra,
                repo: known.repo.clone(),
            });
        }
        let products = products(published);
        let mirrored = self.infra.histories.load();
        if products.contains(name) || mirrored.of(name).is_some() {
            return Ok(Component {
                name: name.to_owned(),
                kind: ComponentKind::Product,
                repo: name.to_owned(),
            });
        }
        let names = (self.components.iter().map(|known| known.name.as_str()))
            .chain(products.iter().map(String::as_str));
        Err(not_found(
            format!("there is no component \"{name}\""),
            name,
            names,
        ))
    }

    /// The names of what can be asked about: the infra components of the settings in their order, then the
    /// products that runs name.
    pub fn component_names(&self) -> Vec<String> {
        let infra = self.components.iter().map(|known| known.name.clone());
        let products = products(&self.published.load());
        infra.chain(products).collect()
    }

    /// The feed of what changed, made anew only when something has changed since. One caller makes it, and
    /// one that takes long to make rests ten times as long: meanwhile others get the one before. So whoever
    /// asks as soon as a tab has changed may get one that does not know of it yet; what is another in it is
    /// told when it is made.
    fn cached_feed(&self, make: impl FnOnce() -> InfraFeed) -> Arc<InfraFeed> {
        let basis = self.changes.basis();
        let fresh = |known: Option<&MadeFeed>| {
            let known = known.filter(|known| known.basis == basis || known.rests());
            known.map(|known| known.feed.clone())
        };
        if let Some(feed) = fresh(self.infra.feed.load().as_deref()) {
            return feed;
        }
        let making = match self.infra.making.try_lock() {
            Err(TryLockError::WouldBlock) => {
                if let Some(known) = self.infra.feed.load().as_deref() {
                    return known.feed.clone();
                }
                let making = self.infra.making.lock();
                making.unwrap_or_else(PoisonError::into_inner)
            }
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Ok(making) => making,
        };
        // Whoever waited finds it made.
        if let Some(feed) = fresh(self.infra.feed.load().as_deref()) {
            return feed;
        }
        let began = Instant::now();
        let feed = Arc::new(make());
        let before = self.infra.feed.swap(Some(Arc::new(MadeFeed {
            basis,
            feed: feed.clone(),
            made: Instant::now(),
            cost: began.elapsed(),
        })));
        drop(making);
        if let Some(before) = before {
            self.tell_feed(&before.feed, &feed);
        }
        feed
    }
}

/// The repositories under test that runs name.
fn products(published: &Published) -> BTreeSet<String> {
    let mut products = BTreeSet::new();
    for trail in published.groups().filter_map(|group| group.trail) {
        for component in &trail.components {
            if component.kind == ComponentKind::Product && !products.contains(&*component.component)
            {
                products.insert(component.component.to_string());
            }
        }
    }
    products
}

/// The feed as it was made.
#[derive(Debug)]
struct MadeFeed {
    /// From which count of changes it was made.
    basis: u64,
    feed: Arc<InfraFeed>,
    made: Instant,
    /// How long that took.
    cost: Duration,
}

impl MadeFeed {
    /// What is made in less time is always made anew.
    const CHEAP: Duration = Duration::from_millis(200);

    /// Whether it is too early to make it anew, though something has changed.
    fn rests(&self) -> bool {
        self.cost > Self::CHEAP && self.made.elapsed() < self.cost * 10
    }
}

/// A test group with the tab that stands for it.
pub(super) struct Group<'a> {
    /// The index of the tab.
    pub(super) tab: usize,
    /// The indexes of the other tabs that show it.
    pub(super) others: &'a [usize],
    /// What it saw; `None` until its results were looked at.
    pub(super) trail: Option<Arc<Trail>>,
}

impl Published {
    /// Every test group that has a tab, in the order of the catalog.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        self.standing.iter().map(|tabs| {
            let (&tab, others) = tabs.split_first().unwrap_or((&0, &[]));
            Group {
                tab,
                others,
                trail: self.trail(tab),
            }
        })
    }

    /// What a tab saw; `None` until its results were looked at.
    pub(super) fn trail(&self, tab: usize) -> Option<Arc<Trail>> {
        let state = self.tabs[tab].load();
        let state: Option<&TabState> = state.as_ref().as_ref();
        state.map(|state| state.trail.clone())
    }

    pub(super) fn tab_name(&self, tab: usize) -> TabName {
        let entry = &self.catalog.tabs()[tab];
        TabName {
            dashboard: entry.dashboard.clone(),
            tab: entry.tab.name.clone(),
        }
    }

    /// The names of all tabs that show the test group of a tab.
    pub(super) fn names_beside(&self, tab: usize) -> impl Iterator<Item = TabName> {
        let tabs = self.beside(tab).into_iter();
        tabs.map(|tab| self.tab_name(tab))
    }

    /// The name of the job that a tab shows: the last part of where its builds are.
    fn job(&self, tab: usize) -> &str {
        let group = &self.catalog.tabs()[tab].group;
        group
            .prefixes()
            .next()
            .and_then(|prefix| prefix.rsplit('/').next())
            .unwrap_or(&group.name)
    }
}
