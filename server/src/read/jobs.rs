//! The same job on several release branches.

use std::collections::HashMap;

use model::{
    logical_job::{Version, branch_version, logical_job},
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

impl Jobs {
    /// The jobs of the catalog's release dashboards. Two tabs show the same job when their names say so
    /// without their branches, or else when the names of their test groups do.
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
        // A tab's name and a group's name are never taken for each other.
        let mut known: HashMap<(bool, String), usize> = HashMap::new();
        for (branch, entry) in dashboards {
            for &index in &entry.tabs {
                let tab = &catalog.tabs()[index];
                let of_tab = (true, logical_job(&tab.tab.name, branch, trunk));
                let of_group = (false, logical_job(&tab.group.name, branch, trunk));
                let job = known.get(&of_tab).or_else(|| known.get(&of_group)).copied();
                let job = job.unwrap_or_else(|| {
                    found.jobs.push(Job {
                        name: of_tab.1.clone(),
                        tabs: Vec::new(),
                    });
                    found.jobs.len() - 1
                });
                found.jobs[job].tabs.push((branch.to_owned(), index));
                found.by_tab.insert(index, job);
                known.entry(of_tab).or_insert(job);
                known.entry(of_group).or_insert(job);
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
                    &[("verify-1.36", "v-stable1"), ("unit", "ci-unit-1-36")],
                ),
                dashboard("sig-release-1.36-informing", &[("kind-1.36", "kind-1-36")]),
                dashboard(
                    "sig-release-master-blocking",
                    &[
                        ("verify-master", "v"),
                        ("the unit tests", "ci-unit"),
                        ("kind-master", "kind"),
                        ("alone", "alone"),
                    ],
                ),
                dashboard("sig-node", &[("kind-master", "kind")]),
            ],
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
