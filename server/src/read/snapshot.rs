//! What is published at one moment, for answers that look at many tabs at once.

use std::sync::Arc;

use model::{alert::AlertedRow, flakiness::Health, summary::TabStatus, wire::TabSummary};

use super::{
    Catalog, DashboardEntry, Published, PublishedGrid, Reader, RowBugs, TabEntry, bugs::Bugs,
    tab::TabState,
};

/// The catalog with the state of each of its tabs, as it was when it was asked for. Tabs that are
/// published meanwhile show their newer state; the catalog stays.
#[derive(Clone, Debug)]
pub struct Snapshot(Arc<Published>, Arc<Bugs>);

/// One tab with its grid.
#[derive(Clone, Debug)]
pub struct TabView {
    /// The configuration of the tab and its group.
    pub entry: Arc<TabEntry>,
    /// The tab's status when the view was made; it can change by the clock alone.
    pub status: TabStatus,
    /// All of it.
    pub grid: Arc<PublishedGrid>,
    /// The issues that are linked to rows of the group.
    pub bugs: Arc<RowBugs>,
}

impl Reader {
    /// What is published now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.published.load_full(), self.known_bugs())
    }
}

impl Snapshot {
    /// What there is to show.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The tab at a glance, by its index in the catalog.
    pub fn summary(&self, tab: usize) -> TabSummary {
        self.0.summary(tab)
    }

    /// The tab's status, by its index in the catalog.
    pub fn status(&self, tab: usize) -> TabStatus {
        self.0.tab_status(tab)
    }

    /// The worst of a dashboard's tabs.
    pub fn dashboard_status(&self, dashboard: &DashboardEntry) -> TabStatus {
        self.0.status(dashboard)
    }

    /// The issues that are linked to rows of the tab's group, by the tab's index in the catalog.
    pub fn bugs(&self, tab: usize) -> Arc<RowBugs> {
        self.1.of(&self.0.catalog.tabs()[tab].group.name)
    }

    /// How flaky the tab's tests are, all of them; `None` when the tab does not ask for that.
    pub fn health(&self, tab: usize) -> Option<Arc<Health>> {
        let state = self.0.tabs[tab].load();
        let state: Option<&TabState> = state.as_ref().as_ref();
        state.and_then(|state| state.health.clone())
    }

    /// All rows of the tab that count and have an alert, most failures first, then in the grid's order.
    pub fn alerts(&self, tab: usize) -> Arc<[AlertedRow]> {
        let state = self.0.tabs[tab].load();
        let state: Option<&TabState> = state.as_ref().as_ref();
        state.map(|state| state.alerted.clone()).unwrap_or_default()
    }
}
