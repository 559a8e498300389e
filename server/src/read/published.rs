//! One catalog with the state of each of its tabs.

use arc_swap::ArcSwap;
use model::{
    summary::TabStatus,
    wire::{DashboardRef, StatusCount, TabSummary},
};
use regex::Regex;

use super::{
    about::build_about,
    catalog::{Catalog, DashboardEntry},
    jobs::Jobs,
    releases::branch_of,
    tab::{TabState, unread},
};

/// One catalog with the state of each of its tabs.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) catalog: Catalog,
    pub(super) jobs: Jobs,
    /// One per tab of the catalog; `None` until its group's results were looked at.
    pub(super) tabs: Vec<ArcSwap<Option<TabState>>>,
    /// The release branch of each tab.
    pub(super) branches: Vec<Option<String>>,
    /// The tabs of each test group; first the one that stands for it: of a release branch, if one is.
    pub(super) standing: Vec<Vec<usize>>,
}

impl Published {
    pub(super) fn new(catalog: Catalog, releases: &Regex) -> Self {
        let tabs = catalog
            .tabs()
            .iter()
            .map(|_| ArcSwap::from_pointee(None))
            .collect();
        let branches: Vec<Option<String>> = catalog
            .tabs()
            .iter()
            .map(|entry| branch_of(releases, &entry.dashboard).map(str::to_owned))
            .collect();
        let mut standing: Vec<Vec<usize>> = catalog
            .groups()
            .map(|group| {
                let mut tabs = catalog.tabs_of(group).to_vec();
                tabs.sort_by_key(|&tab| (branches[tab].is_none(), tab));
                tabs
            })
            .collect();
        standing.sort_unstable();
        Self {
            jobs: Jobs::new(&catalog, releases),
            catalog,
            tabs,
            branches,
            standing,
        }
    }

    pub(super) fn summary(&self, index: usize) -> TabSummary {
        match &**self.tabs[index].load() {
            Some(state) => state.summary.clone(),
            None => unread(&self.catalog.tabs()[index]),
        }
    }

    /// The tab at a glance, with what people say of it.
    pub(super) fn described(&self, index: usize) -> TabSummary {
        TabSummary {
            about: build_about(&self.catalog.tabs()[index]),
            ..self.summary(index)
        }
    }

    pub(super) fn tab_status(&self, index: usize) -> TabStatus {
        self.tabs[index]
            .load()
            .as_ref()
            .as_ref()
            .map_or(TabStatus::Unknown, |state| state.summary.status)
    }

    /// The tabs of the test group that this one stands for, itself first; only itself where it stands for none.
    pub(super) fn beside(&self, tab: usize) -> Vec<usize> {
        // Sorted, and no tab is in two.
        let found = self
            .standing
            .binary_search_by_key(&Some(&tab), |tabs| tabs.first());
        found.map_or_else(|_| vec![tab], |at| self.standing[at].clone())
    }

    pub(super) fn status(&self, dashboard: &DashboardEntry) -> TabStatus {
        TabStatus::worst(dashboard.tabs.iter().map(|&index| self.tab_status(index)))
    }

    /// A dashboard as lists have it.
    pub(super) fn reference(&self, entry: &DashboardEntry) -> DashboardRef {
        let mut counts: Vec<StatusCount> = Vec::new();
        for &index in &entry.tabs {
            let status = self.tab_status(index);
            match counts.iter_mut().find(|known| known.status == status) {
                Some(known) => known.count += 1,
                None => counts.push(StatusCount { status, count: 1 }),
            }
        }
        counts.sort_by_key(|known| std::cmp::Reverse(known.status.severity()));
        DashboardRef {
            name: entry.name.clone(),
            group: entry.group.clone(),
            tab_count: entry.tabs.len() as u32,
            status: self.status(entry),
            counts,
        }
    }

    /// The tabs of a release dashboard, each with its job.
    pub(super) fn with_jobs(&self, dashboard: &DashboardEntry) -> Vec<TabSummary> {
        dashboard
            .tabs
            .iter()
            .map(|&index| TabSummary {
                job: self.jobs.name(index).unwrap_or_default().to_owned(),
                ..self.summary(index)
            })
            .collect()
    }
}
