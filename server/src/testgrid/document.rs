//! One file's documents: what kind each is, and its parts with their places.

use std::{path::Path, sync::Arc};

use model::config::{Dashboard, DashboardGroup, DashboardTab, TestGroup};

use super::{
    ConfigProblem,
    decode::{Message, Problems, SetKey, decode_items, decode_message},
    jobs::{self, Job},
    prow_config::ProwConfig,
    yaml::{self, Kind, Node},
};

/// Where something was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// From 1.
    pub line: u32,
}

impl Place {
    /// A problem at this place.
    pub(super) fn problem(&self, message: impl Into<String>) -> ConfigProblem {
        ConfigProblem {
            file: self.file.to_path_buf(),
            line: self.line,
            message: message.into(),
        }
    }
}

/// Something configured, with where it and its fields stand.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    /// What it says.
    pub value: T,
    /// Where it begins.
    pub place: Place,
    /// The keys that are set, with their lines in the same file.
    pub set: Vec<SetKey>,
}

impl<T: Message> Placed<T> {
    /// Reads a mapping.
    fn decode(node: &Node, problems: &mut Problems<'_>) -> Self {
        let (value, set) = decode_message(node, problems, |_, _| false);
        Self {
            value,
            place: Place {
                file: Arc::clone(problems.file),
                line: node.line,
            },
            set,
        }
    }

    /// Whether a key is set.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.set.iter().any(|(set, _)| *set == key)
    }

    /// Where a key is set, or else the whole begins.
    pub(super) fn place_of(&self, key: &str) -> Place {
        let line = self
            .set
            .iter()
            .find(|(set, _)| *set == key)
            .map_or(self.place.line, |(_, line)| *line);
        Place {
            line,
            ..self.place.clone()
        }
    }
}

/// A dashboard, its tabs beside it.
#[derive(Clone, Debug)]
pub(super) struct PlacedDashboard {
    /// Without tabs.
    pub dashboard: Placed<Dashboard>,
    /// In the order shown.
    pub tabs: Vec<Placed<DashboardTab>>,
}

/// What groups and tabs take for what they leave unset.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    /// For test groups.
    pub group: Placed<TestGroup>,
    /// For tabs.
    pub tab: Placed<DashboardTab>,
}

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Streams of builds.
    pub groups: Vec<Placed<TestGroup>>,
    /// With their tabs.
    pub dashboards: Vec<PlacedDashboard>,
    /// Lists of dashboards.
    pub dashboard_groups: Vec<Placed<DashboardGroup>>,
    /// At most one per file.
    pub defaults: Option<Defaults>,
    /// Prow jobs of all kinds.
    pub jobs: Vec<Job>,
    /// What Prow says about all jobs.
    pub prow: Option<ProwConfig>,
    /// Holds TestGrid configuration.
    pub is_testgrid: bool,
    /// Holds Prow jobs or Prow configuration.
    pub is_prow: bool,
    /// Documents that are neither: their line and first key.
    pub others: Vec<(u32, Option<String>)>,
    /// What is wrong.
    pub problems: Vec<ConfigProblem>,
}

/// The keys by which TestGrid's documents are known.
const TESTGRID_KEYS: [&str; 5] = [
    "test_groups",
    "dashboards",
    "dashboard_groups",
    "default_test_group",
    "default_dashboard_tab",
];

/// The keys by which Prow's job files are known; `prow_ignored` holds anchors.
const JOB_KEYS: [&str; 5] = [
    "periodics",
    "postsubmits",
    "presubmits",
    "presets",
    "prow_ignored",
];

/// Keys that only Prow's own configuration has.
const PROW_KEYS: [&str; 5] = ["plank", "sinker", "deck", "prowjob_namespace", "tide"];

/// Reads one file. What cannot be read becomes a problem.
pub(super) fn parse(file: &Arc<Path>, text: &str) -> Contents {
    let mut contents = Contents::default();
    let (documents, flaws) = yaml::parse(text);
    let mut list = Vec::new();
    let mut problems = Problems {
        file,
        list: &mut list,
    };
    for flaw in flaws {
        problems.add(flaw.line, flaw.message);
    }
    for document in &documents {
        contents.add(document, &mut problems);
    }
    contents.problems = list;
    contents
}

impl Contents {
    fn add(&mut self, document: &Node, problems: &mut Problems<'_>) {
        if document.is_null() {
            return;
        }
        let Kind::Mapping(entries) = &document.kind else {
            self.others.push((document.line, None));
            return;
        };
        let has = |keys: &[&str]| {
            entries
                .iter()
                .any(|entry| keys.contains(&entry.key.as_str()))
        };
        let (testgrid, jobs, prow) = (has(&TESTGRID_KEYS), has(&JOB_KEYS), has(&PROW_KEYS));
        self.is_testgrid |= testgrid;
        self.is_prow |= jobs || prow;
        if !(testgrid || jobs || prow) {
            let first = entries.first();
            let line = first.map_or(document.line, |entry| entry.line);
            self.others
                .push((line, first.map(|entry| entry.key.clone())));
            return;
        }
        if jobs {
            jobs::parse(document, problems, &mut self.jobs);
        }
        if prow {
            self.prow = Some(ProwConfig::parse(document, problems));
        }
        if !testgrid {
            return;
        }
        let mut defaults: (Option<&Node>, Option<&Node>) = (None, None);
        for entry in entries {
            let key = entry.key.as_str();
            let value = &entry.value;
            match key {
                "test_groups" => {
                    for node in decode_items(value, key, problems) {
                        self.groups.push(Placed::decode(node, problems));
                    }
                }
                "dashboards" => {
                    for node in decode_items(value, key, problems) {
                        self.dashboards.push(decode_dashboard(node, problems));
                    }
                }
                "dashboard_groups" => {
                    for node in decode_items(value, key, problems) {
                        self.dashboard_groups.push(Placed::decode(node, problems));
                    }
                }
                "default_test_group" => defaults.0 = Some(value),
                "default_dashboard_tab" => defaults.1 = Some(value),
                _ if JOB_KEYS.contains(&key) || prow => {}
                _ => problems.add(
                    entry.line,
                    format!("unknown key `{key}` in a TestGrid configuration"),
                ),
            }
        }
        self.add_defaults(defaults, problems);
    }

    fn add_defaults(
        &mut self,
        (group, tab): (Option<&Node>, Option<&Node>),
        problems: &mut Problems<'_>,
    ) {
        let Some(line) = group.or(tab).map(|node| node.line) else {
            return;
        };
        for (node, key) in [
            (group, "default_test_group"),
            (tab, "default_dashboard_tab"),
        ] {
            if node.is_none_or(Node::is_null) {
                problems.add(
                    line,
                    format!("defaults need both halves, and `{key}` is missing"),
                );
            }
        }
        if self.defaults.is_some() {
            problems.add(line, "this file has defaults already; the first count");
            return;
        }
        let nothing = Node {
            line,
            kind: Kind::Mapping(Vec::new()),
        };
        let or_nothing = |node: Option<&Node>| {
            node.filter(|node| !node.is_null())
                .unwrap_or(&nothing)
                .clone()
        };
        self.defaults = Some(Defaults {
            group: Placed::decode(&or_nothing(group), problems),
            tab: Placed::decode(&or_nothing(tab), problems),
        });
    }
}

fn decode_dashboard(node: &Node, problems: &mut Problems<'_>) -> PlacedDashboard {
    let mut tabs = Vec::new();
    let (value, set) = decode_message(node, problems, |entry, problems| {
        let is_tabs = entry.key == "dashboard_tab";
        if is_tabs {
            for tab in decode_items(&entry.value, &entry.key, problems) {
                tabs.push(Placed::decode(tab, problems));
            }
        }
        is_tabs
    });
    let place = Place {
        file: Arc::clone(problems.file),
        line: node.line,
    };
    PlacedDashboard {
        dashboard: Placed { value, place, set },
        tabs,
    }
}
