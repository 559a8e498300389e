//! What a page is about and what it is drawn from. One type for all pages, so that the machinery that
//! loads, hydrates and renews a page is in the wasm once.

use std::sync::Arc;

use model::{
    grid::Grid,
    summary::TabStatus,
    wire::{
        DashboardPage, DashboardRef, GroupPage, Items, NamedLink, Release, TabPage, TabSummary,
        WireError,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    api::{self, GridSlice},
    components::headline::{headline, is_failing},
    grid::window::{FIRST_COLUMNS, FIRST_ROWS},
    live::News,
    paths,
    text::visible,
};

/// How many runs a strip of the overview shows.
pub const STRIP: usize = 20;

/// What a page is about, as its address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All release branches, or all dashboards where there are none.
    Overview,
    /// All dashboards.
    Dashboards,
    /// A dashboard group, by name.
    Group(String),
    /// A dashboard, by name.
    Dashboard(String),
    /// A tab, by the names of its dashboard and itself.
    Tab(String, String),
    /// The dashboard of an address of TestGrid's.
    OldLink(String),
}

impl Subject {
    /// The subject of a path. Every path has one; whether it exists is another question.
    pub fn of(path: &str) -> Self {
        if let Some((dashboard, tab)) = paths::tab_of(path) {
            Self::Tab(dashboard, tab)
        } else if let Some(dashboard) = paths::dashboard_of(path) {
            Self::Dashboard(dashboard)
        } else if let Some(group) = paths::group_of(path) {
            Self::Group(group)
        } else if path == paths::DASHBOARDS {
            Self::Dashboards
        } else {
            match path.trim_matches('/') {
                "" => Self::Overview,
                name => Self::OldLink(paths::name(name)),
            }
        }
    }
}

/// What a page is drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// Release branches, at least one, and what must be known of all of them.
    Releases(Vec<Release>, Vec<NamedLink>),
    /// All dashboards, and whether that is the overview.
    Dashboards(Vec<DashboardRef>, bool),
    /// A dashboard group.
    Group(GroupPage),
    /// A dashboard.
    Dashboard(DashboardPage),
    /// A tab with the first screen of its grid.
    Tab(Box<TabPage>, Arc<Grid>),
    /// The name of the dashboard to which an old link leads.
    OldLink(String),
}

impl Content {
    /// Asks for what a page is drawn from.
    pub async fn load(subject: Subject) -> Result<Self, WireError> {
        Ok(match subject {
            Subject::Overview => {
                let Items {
                    items: mut releases,
                    notes,
                    ..
                } = api::releases().await?;
                if releases.is_empty() {
                    return Ok(Self::Dashboards(api::dashboards().await?.items, true));
                }
                // What is not drawn need not cross the wire a second time, as the page's data.
                for tab in releases
                    .iter_mut()
                    .flat_map(|release| &mut release.tiers)
                    .flat_map(|tier| &mut tier.tabs)
                {
                    tab.strip.truncate(STRIP);
                    tab.failing.clear();
                }
                Self::Releases(releases, notes)
            }
            Subject::Dashboards => Self::Dashboards(api::dashboards().await?.items, false),
            Subject::Group(group) => Self::Group(api::dashboard_group(group).await?),
            Subject::Dashboard(dashboard) => Self::Dashboard(api::dashboard(dashboard).await?),
            Subject::Tab(dashboard, tab) => {
                let first = GridSlice {
                    columns: Some(FIRST_COLUMNS),
                    before: None,
                    rows: Some(FIRST_ROWS),
                };
                let (page, grid) = api::tab_with_grid(dashboard, tab, first).await?;
                Self::Tab(Box::new(page), grid)
            }
            Subject::OldLink(dashboard) => Self::OldLink(api::dashboard(dashboard).await?.name),
        })
    }

    /// Whether the page is drawn anew, in place, when something that concerns it changes. A tab renews
    /// itself, to keep what its reader has done to the grid.
    pub const fn is_renewed(&self) -> bool {
        matches!(
            self,
            Self::Releases(..) | Self::Dashboards(..) | Self::Group(_) | Self::Dashboard(_)
        )
    }

    /// Whether a change can be seen on the page.
    pub fn shows(&self, news: &News) -> bool {
        let News::Tab(changed) = news else {
            return matches!(self, Self::Releases(..));
        };
        match self {
            Self::Releases(releases, _) => {
                tabs(releases).any(|tab| tab.dashboard == changed.dashboard)
            }
            Self::Group(group) => group
                .dashboards
                .iter()
                .any(|one| one.name == changed.dashboard),
            Self::Dashboard(page) => page.name == changed.dashboard,
            Self::Dashboards(..) => true,
            Self::Tab(..) | Self::OldLink(_) => false,
        }
    }

    /// The page's title, without the name of the program.
    pub fn title(&self) -> String {
        match self {
            Self::Releases(..) | Self::Dashboards(_, true) => "Overview".to_owned(),
            Self::Dashboards(_, false) => "Dashboards".to_owned(),
            Self::Group(page) => visible(&page.name),
            Self::Dashboard(page) => visible(&page.name),
            Self::Tab(page, _) => visible(&page.summary.tab),
            Self::OldLink(name) => visible(name),
        }
    }

    /// How many tabs of the page fail (of a tab: how many rows), and the worst status on it.
    pub fn headline(&self) -> (usize, TabStatus) {
        match self {
            Self::Releases(releases, _) => headline(tabs(releases).map(|tab| tab.status)),
            Self::Group(page) => (failing_tabs(&page.dashboards), page.status),
            Self::Dashboard(page) => headline(page.tabs.iter().map(|tab| tab.status)),
            Self::Tab(page, _) => tab_headline(page),
            Self::Dashboards(all, _) => (
                failing_tabs(all),
                TabStatus::worst(all.iter().map(|one| one.status)),
            ),
            Self::OldLink(_) => (0, TabStatus::Unknown),
        }
    }
}

/// How many rows of a tab have an alert, and its status.
pub const fn tab_headline(page: &TabPage) -> (usize, TabStatus) {
    (page.summary.failing_count as usize, page.summary.status)
}

/// All tabs of all branches.
pub fn tabs(releases: &[Release]) -> impl Iterator<Item = &TabSummary> {
    releases
        .iter()
        .flat_map(|release| &release.tiers)
        .flat_map(|tier| &tier.tabs)
}

fn failing_tabs(dashboards: &[DashboardRef]) -> usize {
    dashboards
        .iter()
        .flat_map(|one| &one.counts)
        .filter(|known| is_failing(known.status))
        .map(|known| known.count as usize)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_a_subject() {
        for (path, subject) in [
            ("/", Subject::Overview),
            ("", Subject::Overview),
            ("/dashboards", Subject::Dashboards),
            ("/g/a%2Fb", Subject::Group("a/b".into())),
            ("/d/a%2Fb", Subject::Dashboard("a/b".into())),
            ("/d/a/b%252F", Subject::Tab("a".into(), "b%2F".into())),
            ("/sig-a", Subject::OldLink("sig-a".into())),
        ] {
            assert_eq!(Subject::of(path), subject, "{path}");
        }
    }
}
