//! What there is to show: dashboards, their tabs and the groups behind them, found by name.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use super::filter::RowFilter;
use crate::store::ImportedTab;
use model::{
    alert::Thresholds,
    config::{Configuration, Dashboard, DashboardTab, Notification, TestGroup, columns_recent},
    name::{natural_cmp, normalize},
    summary::{Customization, Options, StaleRule},
    wire::WireError,
};

/// TestGrid's default for groups that do not say.
const FAILURES_TO_ALERT: u32 = 3;
/// The same for the passes that close an alert.
const PASSES_TO_CLOSE: u32 = 1;
/// How many names an unknown one is answered with.
const NEAREST: usize = 3;

/// What a name is compared by: its ASCII letters and digits, or all of it when it has none.
pub(super) fn key(name: &str) -> String {
    let normalized = normalize(name);
    if normalized.is_empty() {
        name.to_owned()
    } else {
        normalized
    }
}

/// The configuration joined with what was imported. A name that two things share after normalising
/// belongs to the first.
#[derive(Debug, Default)]
pub struct Catalog {
    /// By name, in natural order.
    dashboards: Vec<DashboardEntry>,
    by_name: HashMap<String, usize>,
    /// In the order of the configuration.
    groups: Vec<GroupEntry>,
    groups_by_name: HashMap<String, usize>,
    /// All tabs, dashboard by dashboard.
    tabs: Vec<Arc<TabEntry>>,
    /// The groups of jobs that are copied for every release branch, by name.
    forked: HashSet<String>,
    /// The keys of the configured groups that are read from a bucket.
    sources: HashSet<String>,
    /// Indexes into `tabs`, by the key of the group's name.
    by_group: HashMap<String, Vec<usize>>,
}

/// One dashboard.
#[derive(Debug)]
pub struct DashboardEntry {
    /// As configured.
    pub name: String,
    /// The dashboard group that lists it.
    pub group: Option<String>,
    /// For people.
    pub description: String,
    /// Shown above every tab.
    pub notifications: Vec<Notification>,
    /// The tab opened first; empty for the summary.
    pub default_tab: String,
    /// Do not mark failing tabs.
    pub downplay_failing_tabs: bool,
    /// Mark the columns of today.
    pub highlight_today: bool,
    /// Indexes of its tabs, in the order of the configuration.
    pub tabs: Vec<usize>,
    by_name: HashMap<String, usize>,
}

/// One dashboard group.
#[derive(Debug)]
pub struct GroupEntry {
    /// As configured.
    pub name: String,
    /// For people.
    pub description: String,
    /// Indexes of its dashboards, in the order of the configuration.
    pub dashboards: Vec<usize>,
}

/// One tab with all that its grid depends on beside the results.
#[derive(Debug, PartialEq)]
pub struct TabEntry {
    /// The dashboard's name.
    pub dashboard: String,
    /// As configured.
    pub tab: DashboardTab,
    /// The group it shows. One that no configuration names stands with its name alone.
    pub group: Arc<TestGroup>,
    /// Which rows it shows, or why that cannot be said.
    pub filter: Result<RowFilter, String>,
    /// When rows raise alerts.
    pub thresholds: Thresholds,
    /// How many columns count as recent.
    pub recent: u32,
    /// What else decides about the tab's status. When a tab without configured hours is stale, whoever
    /// publishes it says.
    pub options: Options,
    /// The header whose value TestGrid names a build by, when it does not use the build id.
    pub id_header: Option<String>,
    /// Whether the configuration says how long results are kept; a recording is shown whole.
    pub configured: bool,
    /// When the recording was made, for a tab that is nothing else: its status is that of then.
    pub recorded_ms: Option<i64>,
    /// Of the configuration of the tab and its group.
    pub hash: u64,
}

impl Catalog {
    /// Joins a configuration with what exists only because a recording was imported.
    pub fn new(configuration: &Configuration, imported: &[ImportedTab]) -> Self {
        let mut catalog = Self {
            forked: configuration.forked_jobs.iter().cloned().collect(),
            ..Self::default()
        };
        let groups: HashMap<String, Arc<TestGroup>> = imported
            .iter()
            .map(|recorded| &recorded.group)
            .chain(&configuration.test_groups)
            .map(|group| (key(&group.name), Arc::new(group.clone())))
            .collect();
        let owners: HashMap<String, &str> = configuration
            .dashboard_groups
            .iter()
            .flat_map(|group| {
                group
                    .dashboard_names
                    .iter()
                    .map(|dashboard| (key(dashboard), group.name.as_str()))
            })
            .collect();
        let configured: HashSet<String> = configuration
            .test_groups
            .iter()
            .map(|group| key(&group.name))
            .collect();
        let read = configuration
            .test_groups
            .iter()
            .filter(|group| group.prefixes().next().is_some());
        catalog.sources = read.map(|group| key(&group.name)).collect();

        let recorded_ms: HashMap<(String, String), i64> = imported
            .iter()
            .map(|recorded| {
                let tab = (key(&recorded.dashboard), key(&recorded.tab.name));
                (tab, recorded.recorded_ms)
            })
            .collect();

        let recorded = recorded_dashboards(imported);
        for dashboard in join_dashboards(configuration.dashboards.iter().chain(&recorded)) {
            let name = key(&dashboard.name);
            let mut entry = DashboardEntry {
                group: owners.get(&name).map(|&group| group.to_owned()),
                name: dashboard.name,
                description: dashboard.description,
                notifications: dashboard.notifications,
                default_tab: dashboard.default_tab,
                downplay_failing_tabs: dashboard.downplay_failing_tabs == Some(true),
                highlight_today: dashboard.highlight_today == Some(true),
                tabs: Vec::new(),
                by_name: HashMap::new(),
            };
            for tab in dashboard.dashboard_tab {
                let index = catalog.tabs.len();
                let Entry::Vacant(vacant) = entry.by_name.entry(key(&tab.name)) else {
                    continue;
                };
                vacant.insert(index);
                entry.tabs.push(index);
                let group = groups
                    .get(&key(&tab.test_group_name))
                    .cloned()
                    .unwrap_or_else(|| {
                        Arc::new(TestGroup {
                            name: tab.test_group_name.clone(),
                            ..TestGroup::default()
                        })
                    });
                let is_configured = configured.contains(&key(&tab.test_group_name));
                catalog
                    .by_group
                    .entry(key(&tab.test_group_name))
                    .or_default()
                    .push(index);
                catalog.tabs.push(Arc::new(TabEntry {
                    dashboard: entry.name.clone(),
                    filter: RowFilter::parse(&tab.base_options),
                    thresholds: Thresholds {
                        failures_to_open: group.num_failures_to_alert.unwrap_or(FAILURES_TO_ALERT),
                        passes_to_close: group
                            .num_passes_to_disable_alert
                            .unwrap_or(PASSES_TO_CLOSE),
                    },
                    recent: columns_recent(&tab, &group),
                    options: Options {
                        broken_column_threshold: tab.broken_column_threshold.unwrap_or(0.0),
                        stale: StaleRule {
                            hours: tab
                                .alert_options
                                .as_ref()
                                .and_then(|alert| alert.alert_stale_results_hours),
                            intervals: 0,
                        },
                        customization: tab
                            .status_customization_options
                            .as_ref()
                            .map(Customization::from)
                            .unwrap_or_default(),
                    },
                    id_header: id_header(&group),
                    configured: is_configured,
                    recorded_ms: recorded_ms
                        .get(&(name.clone(), key(&tab.name)))
                        .copied()
                        .filter(|_| !is_configured),
                    hash: hash_of(&tab, &group),
                    tab,
                    group,
                }));
            }
            catalog.by_name.insert(name, catalog.dashboards.len());
            catalog.dashboards.push(entry);
        }
        for group in &configuration.dashboard_groups {
            let Entry::Vacant(vacant) = catalog.groups_by_name.entry(key(&group.name)) else {
                continue;
            };
            vacant.insert(catalog.groups.len());
            let mut seen = HashSet::new();
            let dashboards = group
                .dashboard_names
                .iter()
                .filter_map(|name| catalog.by_name.get(&key(name)).copied())
                .filter(|&index| seen.insert(index))
                .collect();
            catalog.groups.push(GroupEntry {
                name: group.name.clone(),
                description: group.description.clone(),
                dashboards,
            });
        }
        catalog
    }

    /// All dashboards, by name in natural order.
    pub fn dashboards(&self) -> &[DashboardEntry] {
        &self.dashboards
    }

    /// All tabs; indexes elsewhere point into this list.
    pub fn tabs(&self) -> &[Arc<TabEntry>] {
        &self.tabs
    }

    /// The names of the groups that have a tab, in no particular order.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.by_group
            .values()
            .filter_map(|tabs| tabs.first())
            .map(|&index| self.tabs[index].group.name.as_str())
    }

    /// Whether the job of this name is copied for every release branch.
    pub fn is_forked(&self, job: &str) -> bool {
        self.forked.contains(job)
    }

    /// Whether the configuration names this group and says where it is read from.
    pub fn is_source(&self, group: &str) -> bool {
        self.sources.contains(&key(group))
    }

    /// The tabs that show this group.
    pub fn tabs_of(&self, group: &str) -> &[usize] {
        self.by_group.get(&key(group)).map_or(&[], Vec::as_slice)
    }

    /// The dashboard of this name.
    pub fn dashboard(&self, name: &str) -> Result<&DashboardEntry, WireError> {
        self.by_name
            .get(&key(name))
            .map(|&index| &self.dashboards[index])
            .ok_or_else(|| {
                let names = self.dashboards.iter().map(|entry| entry.name.as_str());
                not_found(format!("there is no dashboard \"{name}\""), name, names)
            })
    }

    /// All dashboard groups, in the order of the configuration.
    pub fn dashboard_groups(&self) -> &[GroupEntry] {
        &self.groups
    }

    /// The dashboard group of this name.
    pub fn dashboard_group(&self, name: &str) -> Result<&GroupEntry, WireError> {
        self.groups_by_name
            .get(&key(name))
            .map(|&index| &self.groups[index])
            .ok_or_else(|| {
                let names = self.groups.iter().map(|entry| entry.name.as_str());
                not_found(
                    format!("there is no dashboard group \"{name}\""),
                    name,
                    names,
                )
            })
    }

    /// The index of a tab, if there is such a one. Names match after normalising.
    pub fn find(&self, dashboard: &str, tab: &str) -> Option<usize> {
        let &dashboard = self.by_name.get(&key(dashboard))?;
        self.dashboards[dashboard].by_name.get(&key(tab)).copied()
    }

    /// The index of the tab of this name.
    pub fn tab(&self, dashboard: &str, tab: &str) -> Result<usize, WireError> {
        let entry = self.dashboard(dashboard)?;
        entry.by_name.get(&key(tab)).copied().ok_or_else(|| {
            let names = entry
                .tabs
                .iter()
                .map(|&index| self.tabs[index].tab.name.as_str());
            let what = format!("dashboard \"{}\" has no tab \"{tab}\"", entry.name);
            not_found(what, tab, names)
        })
    }
}

/// A hash of the configuration of a tab and its group.
fn hash_of(tab: &DashboardTab, group: &TestGroup) -> u64 {
    // Neither can fail to be written: both are plain structs with text keys.
    let text = serde_json::to_string(&(tab, group)).unwrap_or_default();
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

/// The header whose value names a build in alerts and as the newest green one: the first, for groups
/// that use the Kubernetes client or read a bucket.
fn id_header(group: &TestGroup) -> Option<String> {
    let reads_bucket = group
        .result_source
        .as_ref()
        .is_some_and(|source| source.gcs_config.is_some());
    let header = group.column_header.first()?;
    (group.use_kubernetes_client.unwrap_or(false) || reads_bucket).then(|| header.name().to_owned())
}

/// The dashboards by name in natural order. The tabs of one that occurs again follow those of the
/// first.
fn join_dashboards<'a>(dashboards: impl Iterator<Item = &'a Dashboard>) -> Vec<Dashboard> {
    let mut joined: Vec<Dashboard> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for dashboard in dashboards {
        match known.entry(key(&dashboard.name)) {
            Entry::Occupied(at) => joined[*at.get()]
                .dashboard_tab
                .extend_from_slice(&dashboard.dashboard_tab),
            Entry::Vacant(vacant) => {
                vacant.insert(joined.len());
                joined.push(dashboard.clone());
            }
        }
    }
    joined.sort_by(|a, b| natural_cmp(&a.name, &b.name));
    joined
}

/// The dashboards of recorded tabs, each with its tabs in their recorded order.
fn recorded_dashboards(imported: &[ImportedTab]) -> Vec<Dashboard> {
    let mut sorted: Vec<&ImportedTab> = imported.iter().collect();
    sorted.sort_by_key(|recorded| (key(&recorded.dashboard), recorded.position));
    let mut dashboards: Vec<Dashboard> = Vec::new();
    for recorded in sorted {
        match dashboards.last_mut() {
            Some(last) if key(&last.name) == key(&recorded.dashboard) => {
                last.dashboard_tab.push(recorded.tab.clone());
            }
            _ => dashboards.push(Dashboard {
                name: recorded.dashboard.clone(),
                dashboard_tab: vec![recorded.tab.clone()],
                ..Dashboard::default()
            }),
        }
    }
    dashboards
}

/// An error that says what is missing and which names come nearest to it.
pub(super) fn not_found<'a>(
    what: String,
    name: &str,
    names: impl Iterator<Item = &'a str>,
) -> WireError {
    let nearest = nearest(name, names);
    let message = match nearest.as_slice() {
        [] => what,
        [only] => format!("{what}; the nearest is \"{only}\""),
        several => {
            let quoted: Vec<String> = several.iter().map(|name| format!("\"{name}\"")).collect();
            format!("{what}; the nearest are {}", quoted.join(", "))
        }
    };
    WireError {
        code: "not_found".to_owned(),
        message,
    }
}

/// The names most like `name`, best first; none that has little in common with it.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    /// Names are compared up to this length: the comparison is quadratic, and an address may be long.
    const COMPARED: usize = 200;
    let clip = |name: String| -> String { name.chars().take(COMPARED).collect() };
    let wanted = clip(key(name));
    let mut scored: Vec<(f64, &str)> = names
        .map(|candidate| {
            let normal = clip(key(candidate));
            let contained = !wanted.is_empty()
                && !normal.is_empty()
                && (normal.contains(&wanted) || wanted.contains(&normal));
            let likeness = strsim::normalized_damerau_levenshtein(&wanted, &normal);
            (
                if contained {
                    likeness.max(0.5)
                } else {
                    likeness
                },
                candidate,
            )
        })
        .filter(|&(likeness, _)| likeness >= 0.4)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| natural_cmp(a.1, b.1)));
    scored
        .into_iter()
        .take(NEAREST)
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use model::config::DashboardGroup;

    use super::*;

    fn dashboard(name: &str, tabs: &[(&str, &str)]) -> Dashboard {
        Dashboard {
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
        }
    }

    fn catalog() -> Catalog {
        let configuration = Configuration {
            test_groups: vec![TestGroup {
                name: "g".into(),
                num_failures_to_alert: Some(0),
                num_columns_recent: Some(10),
                ..TestGroup::default()
            }],
            dashboards: vec![
                dashboard("board-10", &[("one", "g")]),
                dashboard("board-9", &[("one, two/three%", "g"), ("other", "unknown")]),
            ],
            dashboard_groups: vec![DashboardGroup {
                name: "boards".into(),
                dashboard_names: vec!["Board 9".into()],
                ..DashboardGroup::default()
            }],
            ..Configuration::default()
        };
        let recorded = |position, tab: &str| ImportedTab {
            dashboard: "BOARD 9".into(),
            position,
            tab: DashboardTab {
                name: tab.into(),
                test_group_name: "x".into(),
                ..DashboardTab::default()
            },
            ..ImportedTab::default()
        };
        let imported = [recorded(1, "new"), recorded(0, "one two three")];
        Catalog::new(&configuration, &imported)
    }

    #[test]
    fn names_match_after_normalising() {
        let catalog = catalog();
        let names: Vec<&str> = catalog
            .dashboards()
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["board-9", "board-10"]);
        let board = catalog.dashboard("Board_9").expect("it is there");
        assert_eq!(board.group.as_deref(), Some("boards"));
        let tabs: Vec<&str> = board
            .tabs
            .iter()
            .map(|&index| catalog.tabs()[index].tab.name.as_str())
            .collect();
        assert_eq!(tabs, ["one, two/three%", "other", "new"]);
        let tab = catalog
            .tab("board-9", "ONE-TWO-THREE")
            .expect("it is there");
        assert_eq!(catalog.tabs()[tab].recent, 10);
        assert_eq!(catalog.tabs()[tab].thresholds.failures_to_open, 0);
        assert_eq!(catalog.tabs_of("g").len(), 2);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let catalog = catalog();
        let error = catalog.dashboard("bord-9").expect_err("it is not there");
        assert_eq!(error.code, "not_found");
        assert_eq!(
            error.message,
            "there is no dashboard \"bord-9\"; the nearest are \"board-9\", \"board-10\""
        );
        let error = catalog.tab("board-10", "zzz").expect_err("it is not there");
        assert_eq!(error.message, "dashboard \"board-10\" has no tab \"zzz\"");
    }
}
