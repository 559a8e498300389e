//! From the files' parts to one configuration.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use model::{
    config::{Configuration, Dashboard, DashboardGroup, TestGroup},
    name::normalize,
};

use super::{
    ConfigProblem, LoadOptions,
    annotations::{self, Context, Target},
    defaults::{AllDefaults, fill_group, fill_tab},
    document::{Placed, PlacedDashboard},
    files::Source,
    prow_config::ProwConfig,
    validate,
};

/// Everything configured, with its places.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Streams of builds.
    pub groups: Vec<Placed<TestGroup>>,
    /// With their tabs.
    pub dashboards: Vec<PlacedDashboard>,
    /// Lists of dashboards.
    pub dashboard_groups: Vec<Placed<DashboardGroup>>,
    /// Groups whose missing tab has been told already.
    pub homeless: HashSet<String>,
    /// Jobs that are copied for every release branch.
    pub forked: Vec<String>,
}

/// Joins the files, fills in defaults, adds what the jobs' annotations ask for, and validates.
pub(super) fn assemble(
    paths: &[PathBuf],
    mut sources: Vec<Source>,
    options: &LoadOptions,
    problems: &mut Vec<ConfigProblem>,
) -> Configuration {
    let mut assembly = Assembly::default();
    let mut jobs = Vec::new();
    let mut prow = None;
    for source in &mut sources {
        jobs.append(&mut source.contents.jobs);
        if prow.is_none() {
            prow = source.contents.prow.take();
        }
    }
    let defaults = AllDefaults::collect(&sources);
    for source in &sources {
        let own = defaults.of(source);
        for group in &source.contents.groups {
            let mut group = group.clone();
            fill_group(&mut group, own, options.zero_is_unset);
            assembly.groups.push(group);
        }
        for dashboard in &source.contents.dashboards {
            let mut dashboard = dashboard.clone();
            for tab in &mut dashboard.tabs {
                fill_tab(tab, own, options.zero_is_unset);
            }
            assembly.dashboards.push(dashboard);
        }
        let lists = source.contents.dashboard_groups.iter().cloned();
        assembly.dashboard_groups.extend(lists);
    }
    annotations::apply(
        jobs,
        &Context {
            prow: &prow.unwrap_or_else(ProwConfig::default),
            options,
            defaults: defaults.of_jobs(),
            relative: &|file| relative(paths, file),
        },
        &mut Target {
            groups: &mut assembly.groups,
            dashboards: &mut assembly.dashboards,
            homeless: &mut assembly.homeless,
            forked: &mut assembly.forked,
        },
        problems,
    );
    validate::validate(&assembly, paths, &options.uploaded, problems);
    assembly.into_configuration()
}

/// A file's path below the first of the paths that it lies below.
fn relative(paths: &[PathBuf], file: &Path) -> String {
    paths
        .iter()
        .find_map(|path| file.strip_prefix(path).ok())
        .filter(|rest| !rest.as_os_str().is_empty())
        .unwrap_or(file)
        .display()
        .to_string()
}

impl Assembly {
    /// Without places, and of entities with the same name the first only.
    fn into_configuration(self) -> Configuration {
        let mut seen = HashSet::new();
        let test_groups = self
            .groups
            .into_iter()
            .map(|group| group.value)
            .filter(|group| is_first(&mut seen, &group.name))
            .collect();
        let mut seen = HashSet::new();
        let dashboards = self
            .dashboards
            .into_iter()
            .filter(|dashboard| is_first(&mut seen, &dashboard.dashboard.value.name))
            .map(|dashboard| {
                let mut seen = HashSet::new();
                let tabs = dashboard.tabs.into_iter().map(|tab| tab.value);
                Dashboard {
                    dashboard_tab: tabs.filter(|tab| is_first(&mut seen, &tab.name)).collect(),
                    ..dashboard.dashboard.value
                }
            })
            .collect();
        let mut seen = HashSet::new();
        let dashboard_groups = self
            .dashboard_groups
            .into_iter()
            .map(|group| group.value)
            .filter(|group| is_first(&mut seen, &group.name))
            .collect();
        Configuration {
            test_groups,
            dashboards,
            dashboard_groups,
            forked_jobs: self.forked,
        }
    }
}

/// Whether a name has not been seen; an entity without a usable name cannot be addressed, so it never is
/// the first.
fn is_first(seen: &mut HashSet<String>, name: &str) -> bool {
    let name = normalize(name);
    !name.is_empty() && seen.insert(name)
}
