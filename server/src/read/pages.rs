//! What pages and `/api/v2` ask for, from the published snapshot.

use std::sync::Arc;

use app::api::{Answer, GridSlice, Read};
use model::{
    grid::Grid,
    summary::TabStatus,
    wire::{DashboardPage, DashboardRef, GroupPage, Items, Release, Sibling, TabPage, WireError},
};

use super::{Reader, links, releases};

impl Read for Reader {
    fn state(&self) -> String {
        self.changes.state()
    }

    fn outage(&self) -> Option<String> {
        self.database_silence()
    }

    fn releases(&self) -> Result<Items<Release>, WireError> {
        let published = self.published.load();
        let names = published
            .catalog
            .dashboards()
            .iter()
            .map(|entry| entry.name.as_str());
        let releases = releases::build_releases(&self.releases, names, |name| {
            published
                .catalog
                .dashboard(name)
                .map(|entry| published.with_jobs(entry))
                .unwrap_or_default()
        });
        Ok(Items {
            notes: self.overview_notes(),
            ..releases.into()
        })
    }

    fn dashboards(&self) -> Result<Items<DashboardRef>, WireError> {
        let published = self.published.load();
        let dashboards: Vec<DashboardRef> = published
            .catalog
            .dashboards()
            .iter()
            .map(|entry| published.reference(entry))
            .collect();
        Ok(dashboards.into())
    }

    fn dashboard(&self, dashboard: &str) -> Result<DashboardPage, WireError> {
        let published = self.published.load();
        let entry = published.catalog.dashboard(dashboard)?;
        Ok(DashboardPage {
            name: entry.name.clone(),
            group: entry.group.clone(),
            description: entry.description.clone(),
            status: published.status(entry),
            tabs: entry
                .tabs
                .iter()
                .map(|&index| published.described(index))
                .collect(),
        })
    }

    fn dashboard_group(&self, group: &str) -> Result<GroupPage, WireError> {
        let published = self.published.load();
        let entry = published.catalog.dashboard_group(group)?;
        let dashboards: Vec<DashboardRef> = entry
            .dashboards
            .iter()
            .map(|&index| published.reference(&published.catalog.dashboards()[index]))
            .collect();
        Ok(GroupPage {
            name: entry.name.clone(),
            description: entry.description.clone(),
            status: TabStatus::worst(dashboards.iter().map(|one| one.status)),
            dashboards,
        })
    }

    fn tab<'a>(&'a self, dashboard: &'a str, tab: &'a str) -> Answer<'a, TabPage> {
        Box::pin(async move {
            let (published, index) = self.find(dashboard, tab)?;
            let entry = &published.catalog.tabs()[index];
            if published.tabs[index].load().is_none() {
                self.publish_group(&entry.group.name).await?;
            }
            let board = published.catalog.dashboard(dashboard)?;
            let state = published.tabs[index].load();
            let counts = state.as_ref().as_ref();
            Ok(TabPage {
                summary: published.described(index),
                group: board.group.clone(),
                siblings: published
                    .jobs
                    .siblings(index)
                    .map(|(branch, index)| {
                        let entry = &published.catalog.tabs()[index];
                        Sibling {
                            branch: branch.to_owned(),
                            dashboard: entry.dashboard.clone(),
                            tab: entry.tab.name.clone(),
                            status: published.tab_status(index),
                        }
                    })
                    .collect(),
                notes: self
                    .behind(entry)
                    .into_iter()
                    .chain(self.tab_notes(&entry.dashboard, &entry.tab.name))
                    .collect(),
                test_group: entry.tab.test_group_name.clone(),
                description: entry.tab.description.clone(),
                results_url: links::results_url(entry),
                base_options: entry.tab.base_options.clone(),
                tabs: board
                    .tabs
                    .iter()
                    .map(|&tab| published.catalog.tabs()[tab].tab.name.clone())
                    .collect(),
                grid_version: counts
                    .map(|state| state.grid_version.clone())
                    .unwrap_or_default(),
                column_count: counts.map_or(0, |state| state.column_count),
                row_count: counts.map_or(0, |state| state.row_count),
            })
        })
    }

    fn grid<'a>(
        &'a self,
        dashboard: &'a str,
        tab: &'a str,
        slice: GridSlice,
    ) -> Answer<'a, Arc<Grid>> {
        Box::pin(async move {
            let whole = self.published_grid(dashboard, tab).await?.grid.clone();
            cut(whole, &slice)
        })
    }
}

/// The wanted part of a grid; the grid itself when that is all of it.
fn cut(whole: Arc<Grid>, slice: &GridSlice) -> Result<Arc<Grid>, WireError> {
    let start = match &slice.before {
        None => 0,
        Some(build) => {
            let at = whole.column_of(build).ok_or_else(|| WireError {
                code: "not_found".to_owned(),
                message: format!("the tab has no build \"{build}\""),
            })?;
            at + 1
        }
    };
    let columns = slice.columns.map_or(usize::MAX, |columns| columns as usize);
    let rows = slice.rows.map_or(usize::MAX, |rows| rows as usize);
    if start == 0 && columns >= whole.columns.len() && rows >= whole.rows.len() {
        return Ok(whole);
    }
    Ok(Arc::new(whole.slice_rows(start, columns, rows)))
}
