//! The report of `seamgrid check-config`.

use std::{fmt, path::PathBuf};

use model::config::Configuration;

use super::{ConfigProblem, LoadOptions, load};

/// Every problem, and how much is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// By file and line.
    pub problems: Vec<ConfigProblem>,
    /// What was understood.
    pub counts: Counts,
}

/// How much is configured; of entities with the same name one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Streams of builds.
    pub test_groups: usize,
    /// On all dashboards.
    pub tabs: usize,
    /// With or without tabs.
    pub dashboards: usize,
    /// Lists of dashboards.
    pub dashboard_groups: usize,
}

/// Reads TestGrid YAML trees, Prow job trees, mixtures of them, or single files, and checks the whole.
pub fn check_config(paths: &[PathBuf]) -> CheckReport {
    check_config_with(paths, &LoadOptions::default())
}

/// The same, as the settings have it read.
pub fn check_config_with(paths: &[PathBuf], options: &LoadOptions) -> CheckReport {
    let loaded = load(paths, options);
    CheckReport {
        problems: loaded.problems,
        counts: Counts::of(&loaded.configuration),
    }
}

impl CheckReport {
    /// Whether there is no problem at all.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Counts {
    /// Counts a configuration.
    pub fn of(configuration: &Configuration) -> Self {
        Self {
            test_groups: configuration.test_groups.len(),
            tabs: configuration
                .dashboards
                .iter()
                .map(|dashboard| dashboard.dashboard_tab.len())
                .sum(),
            dashboards: configuration.dashboards.len(),
            dashboard_groups: configuration.dashboard_groups.len(),
        }
    }
}

/// One line per problem, then one line per count.
impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        write!(f, "{}", self.counts)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "test groups: {}", self.test_groups)?;
        writeln!(f, "tabs: {}", self.tabs)?;
        writeln!(f, "dashboards: {}", self.dashboards)?;
        writeln!(f, "dashboard groups: {}", self.dashboard_groups)
    }
}
