//! TestGrid's validation rules over the whole configuration. All problems are told, except that without
//! any test group or any dashboard there is nothing else to say.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    path::PathBuf,
};

use model::name::{check_name, normalize};

use super::{
    ConfigProblem,
    assembly::Assembly,
    decode::Message,
    document::{Place, Placed, PlacedDashboard},
};
use crate::infra::image::matches;

mod group;
mod tab;

/// A broken rule: the key it is about, or nothing for the whole entity, and a sentence.
type Broken = (&'static str, String);

/// Checks everything; `paths` are named when there is nothing to check. The runs of groups whose names match
/// one of `uploaded` are uploaded.
pub(super) fn validate(
    assembly: &Assembly,
    paths: &[PathBuf],
    uploaded: &[String],
    problems: &mut Vec<ConfigProblem>,
) {
    let missing = match (assembly.groups.is_empty(), assembly.dashboards.is_empty()) {
        (true, _) => "no test group is configured",
        (_, true) => "no dashboard is configured",
        _ => "",
    };
    if !missing.is_empty() {
        problems.push(ConfigProblem {
            file: paths.first().cloned().unwrap_or_else(|| PathBuf::from(".")),
            line: 1,
            message: missing.to_owned(),
        });
        return;
    }
    names(assembly, problems);
    references(assembly, problems);
    for group in &assembly.groups {
        let name = &group.value.name;
        let is_uploaded = uploaded.iter().any(|pattern| matches(pattern, name));
        let broken = group::check(&group.value, is_uploaded);
        report(group, name, broken, problems);
    }
    for dashboard in &assembly.dashboards {
        for tab in &dashboard.tabs {
            report(tab, &tab.value.name, tab::check(&tab.value), problems);
        }
    }
}

fn report<T: Message>(
    entity: &Placed<T>,
    name: &str,
    broken: Vec<Broken>,
    problems: &mut Vec<ConfigProblem>,
) {
    for (key, message) in broken {
        let message = format!("{} {name:?}: {message}", kind(T::NAME));
        problems.push(entity.place_of(key).problem(message));
    }
}

/// `a test group` → `test group`.
fn kind(name: &'static str) -> &'static str {
    name.trim_start_matches("a ")
}

/// One name space.
#[derive(Default)]
struct Names<'a> {
    by_normalized: HashMap<String, (&'static str, &'a str, Place)>,
}

impl<'a> Names<'a> {
    /// Checks that nothing here has the name already.
    fn add<T: Message>(
        &mut self,
        entity: &'a Placed<T>,
        name: &'a str,
        problems: &mut Vec<ConfigProblem>,
    ) {
        let normalized = normalize(name);
        if normalized.is_empty() {
            return;
        }
        let place = entity.place_of("name");
        match self.by_normalized.entry(normalized) {
            Entry::Vacant(vacant) => {
                vacant.insert((kind(T::NAME), name, place));
            }
            Entry::Occupied(first) => {
                let (other, first, at) = first.get();
                let same = if *first == name {
                    String::new()
                } else {
                    format!(" as {first:?} (only letters and digits count, in either case)")
                };
                let message = format!(
                    "duplicate name: the {} {name:?} is already the name of a {other}{same} at {}:{}",
                    kind(T::NAME),
                    at.file.display(),
                    at.line
                );
                problems.push(place.problem(message));
            }
        }
    }
}

fn legal<T: Message>(entity: &Placed<T>, name: &str, problems: &mut Vec<ConfigProblem>) {
    if let Err(error) = check_name(name) {
        let message = format!("{}: {error}", kind(T::NAME));
        problems.push(entity.place_of("name").problem(message));
    }
}

/// Names are legal, and unique within their name space.
fn names(assembly: &Assembly, problems: &mut Vec<ConfigProblem>) {
    let mut groups = Names::default();
    for group in &assembly.groups {
        legal(group, &group.value.name, problems);
        groups.add(group, &group.value.name, problems);
    }
    // Dashboards and dashboard groups share the addresses of pages.
    let mut dashboards = Names::default();
    for PlacedDashboard { dashboard, tabs } in &assembly.dashboards {
        legal(dashboard, &dashboard.value.name, problems);
        dashboards.add(dashboard, &dashboard.value.name, problems);
        let mut names = Names::default();
        for tab in tabs {
            legal(tab, &tab.value.name, problems);
            names.add(tab, &tab.value.name, problems);
        }
    }
    for group in &assembly.dashboard_groups {
        legal(group, &group.value.name, problems);
        dashboards.add(group, &group.value.name, problems);
    }
}

/// What is named exists, and what exists is shown.
fn references(assembly: &Assembly, problems: &mut Vec<ConfigProblem>) {
    let groups: HashSet<&str> = assembly
        .groups
        .iter()
        .map(|group| group.value.name.as_str())
        .collect();
    let mut shown = HashSet::new();
    for PlacedDashboard { dashboard, tabs } in &assembly.dashboards {
        if tabs.is_empty() {
            let message = format!("the dashboard {:?} has no tab", dashboard.value.name);
            problems.push(dashboard.place_of("name").problem(message));
        }
        for tab in tabs {
            let group = tab.value.test_group_name.as_str();
            shown.insert(group);
            if !group.is_empty() && !groups.contains(group) {
                let message = format!(
                    "the tab {:?} of the dashboard {:?} shows the test group {group:?}, which is not \
                     configured",
                    tab.value.name, dashboard.value.name
                );
                problems.push(tab.place_of("test_group_name").problem(message));
            }
        }
    }
    for group in &assembly.groups {
        let name = group.value.name.as_str();
        if !name.is_empty() && !shown.contains(name) && !assembly.homeless.contains(name) {
            let message = format!("no tab shows the test group {name:?}");
            problems.push(group.place_of("name").problem(message));
        }
    }
    let dashboards: HashSet<&str> = assembly
        .dashboards
        .iter()
        .map(|dashboard| dashboard.dashboard.value.name.as_str())
        .collect();
    let mut grouped: HashMap<&str, &str> = HashMap::new();
    for group in &assembly.dashboard_groups {
        let place = group.place_of("dashboard_names");
        let name = group.value.name.as_str();
        for dashboard in &group.value.dashboard_names {
            if !dashboards.contains(dashboard.as_str()) {
                problems.push(place.problem(format!(
                    "the dashboard group {name:?} lists the dashboard {dashboard:?}, which is not \
                     configured"
                )));
            }
            if let Some(first) = grouped.insert(dashboard, name) {
                problems.push(place.problem(format!(
                    "the dashboard {dashboard:?} is in the dashboard group {first:?} and again in \
                     {name:?}; it can be in one only, once"
                )));
            }
        }
    }
}

/// TestGrid's rule for lists of mail addresses: between commas, exactly one `@` with something on both
/// sides. Answers the first that is not.
fn bad_address(addresses: &str) -> Option<&str> {
    if addresses.is_empty() {
        return None;
    }
    addresses.split(',').find(|address| {
        let mut parts = address.split('@');
        let (name, host, more) = (parts.next(), parts.next(), parts.next());
        name.is_none_or(str::is_empty) || host.is_none_or(str::is_empty) || more.is_some()
    })
}

/// What is wrong with a regular expression, in one line.
fn regex_flaw(pattern: &str) -> Option<String> {
    let error = regex::Regex::new(pattern).err()?;
    let text = error.to_string();
    let last = text.lines().last().unwrap_or(&text);
    Some(last.trim_start_matches("error: ").to_owned())
}
