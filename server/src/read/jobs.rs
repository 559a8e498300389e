//! The same job on several release branches.

use std::collections::HashMap;

use model::{
    logical_job::{Version, branch_version, logical_job, names_of_forked},
    name::natural_cmp,
};
use regex::Regex;

use super::{
    catalog::Catalog,
    releases::{branch_of, newest_first},
};

/// Which tabs of release dashboards show the same job.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    jobs: Vec<Job>,
    /// Indexes into `jobs`, by the index of the tab.
    by_tab: HashMap<usize, usize>,
}

/// One job with its tabs.
#[derive(Debug)]
struct Job {
    /// Unique among jobs.
    name: String,
    /// `(branch, index of the tab)`, newest branch first.
    tabs: Vec<(String, usize)>,
}

/// What two tabs of one job have in common. The names of tabs, of groups and of originals are never taken
/// for each other.
#[derive(PartialEq, Eq, Hash)]
enum Sign {
    /// The job that is copied for every release branch.
    Forked(String),
    /// What the tab's name says without its branch.
    Tab(String),
    /// What the group's name says without its branch.
    Group(String),
}

/// The job copied for every release branch that `group` on `branch` is or is a copy of.
fn forked(catalog: &Catalog, branch: &str, group: &str) -> Option<String> {
    if catalog.is_forked(group) {
        return Some(group.to_owned());
    }
    names_of_forked(group, branch_version(branch)?)
        .into_iter()
        .find(|name| catalog.is_forked(name))
}

impl Jobs {
    /// The jobs of the catalog's release dashboards. Two tabs show the same job when one's is annotated to
    /// be copied for every release branch and the other's is called as a copy of it; else when their names
    /// say so without their branches, or else when the names of their test groups do.
    pub(super) fn new(catalog: &Catalog, pattern: &Regex) -> Self {
        let mut dashboards: Vec<_> = catalog
            .dashboards()
            .iter()
            .filter_map(|entry| Some((branch_of(pattern, &entry.name)?, entry)))
            .collect();
        dashboards.sort_by(|(a, one), (b, other)| {
            newest_first(a, b).then_with(|| natural_cmp(&one.name, &other.name))
        });
        let trunk: Option<Version> = dashboards
            .iter()
            .filter_map(|(branch, _)| branch_version(branch))
            .max()
            .map(|(major, minor)| (major, minor + 1));
        let mut found = Self::default();
        let mut known: HashMap<Sign, usize> = HashMap::new();
        for (branch, entry) in dashboards {
            for &index in &entry.tabs {
                let tab = &catalog.tabs()[index];
                let name = logical_job(&tab.tab.name, branch, trunk);
                let mut signs = vec![
                    Sign::Tab(name.clone()),
                    Sign::Group(logical_job(&tab.group.name, branch, trunk)),
                ];
                if let Some(original) = forked(catalog, branch, &tab.group.name) {
                    signs.insert(0, Sign::Forked(original));
                }
                let job = signs.iter().find_map(|sign| known.get(sign)).copied();
                let job = job.unwrap_or_else(|| {
                    found.jobs.push(Job {
                        name,
                        tabs: Vec::new(),
                    });
                    found.jobs.len() - 1
                });
                found.jobs[job].tabs.push((branch.to_owned(), index));
                found.by_tab.insert(index, job);
                for sign in signs {
                    known.entry(sign).or_insert(job);
                }
            }
        }
        found
    }

    /// The name of the job that a tab shows; `None` for a tab of no release dashboard.
    pub(super) fn name(&self, tab: usize) -> Option<&str> {
        Some(&self.job(tab)?.name)
    }

    /// The tabs that show the same job on other branches, newest branch first: branch and index.
    pub(super) fn siblings(&self, tab: usize) -> impl Iterator<Item = (&str, usize)> {
        let tabs = self.job(tab).map_or(&[][..], |job| job.tabs.as_slice());
        let own = tabs
            .iter()
            .find(|&&(_, index)| index == tab)
            .map_or("", |(branch, _)| branch.as_str());
        tabs.iter()
            .map(|(branch, index)| (branch.as_str(), *index))
            .filter(move |(branch, _)| *branch != own)
    }

    fn job(&self, tab: usize) -> Option<&Job> {
        Some(&self.jobs[*self.by_tab.get(&tab)?])
    }
}

#[cfg(test)]
mod tests {
    use model::config::{Configuration, Dashboard, DashboardTab};

    use super::*;
    use crate::settings::ReleaseSettings;

    #[test]
    fn the_same_job_is_found_on_every_branch() {
        let dashboard = |name: &str, tabs: &[(&str, &str)]| Dashboard {
            name: name.into(),
            dashboard_tab: tabs
                .iter()
                .map(|&(tab, group)| DashboardTab {
                    name: tab.into(),
                    test_group_name: group.into(),
                    ..DashboardTab::default()
                })
                .collect(),
            ..Dashboard::default()
        };
        let configuration = Configuration {
            dashboards: vec![
                dashboard(
                    "sig-release-1.36-blocking",
                    &[
                        ("verify-1.36", "v-stable1"),
                        ("unit", "ci-unit-1-36"),
                        ("soak", "ci-gce-soak-1-36"),
                    ],
                ),
                dashboard("sig-release-1.36-informing", &[("kind-1.36", "kind-1-36")]),
                dashboard(
                    "sig-release-master-blocking",
                    &[
                        ("verify-master", "v"),
                        ("the unit tests", "ci-unit"),
                        ("kind-master", "kind"),
                        ("alone", "alone"),
                        ("soak", "ci-soak"),
                        ("a week of load", "ci-gce-soak-master"),
                    ],
                ),
                dashboard("sig-node", &[("kind-master", "kind")]),
            ],
            forked_jobs: vec!["ci-gce-soak-master".into()],
            ..Configuration::default()
        };
        let catalog = Catalog::new(&configuration, &[]);
        let pattern = Regex::new(&ReleaseSettings::default().dashboard_pattern)
            .expect("the default pattern is right");
        let jobs = Jobs::new(&catalog, &pattern);
        let of = |dashboard: &str, tab: &str| {
            let index = catalog.tab(dashboard, tab).expect("it is configured");
            let siblings: Vec<String> = jobs
                .siblings(index)
                .map(|(branch, tab)| format!("{branch} {}", catalog.tabs()[tab].tab.name))
                .collect();
            (jobs.name(index).unwrap_or("none").to_owned(), siblings)
        };
        let master = "sig-release-master-blocking";
        for (dashboard, tab, job, siblings) in [
            (master, "verify-master", "verify", &["1.36 verify-1.36"][..]),
            (master, "the unit tests", "the-unit-tests", &["1.36 unit"]),
            (master, "kind-master", "kind", &["1.36 kind-1.36"]),
            (master, "alone", "alone", &[]),
            // The copy is that of the job which is annotated, whatever its tab is called.
            (master, "a week of load", "a-week-of-load", &["1.36 soak"]),
            (master, "soak", "soak", &[]),
            ("sig-node", "kind-master", "none", &[]),
            (
                "sig-release-1.36-blocking",
                "unit",
                "the-unit-tests",
                &["master the unit tests"],
            ),
        ] {
            let expected: Vec<String> = siblings.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(of(dashboard, tab), (job.to_owned(), expected), "{tab}");
        }
    }
}
