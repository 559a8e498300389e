//! The versions of a component: which there were, and how tabs fare under one.

use std::{cmp::Reverse, collections::HashMap};

use model::{
    attribution::{BROKE, likelihoods},
    trail::Crossing,
    wire::{
        WireError,
        infra::{TabUnder, VersionLine, VersionPage},
    },
};

use super::{alarms::component_alarms, lines::upstream, order::Versions, time};
use crate::read::{Reader, catalog::not_found};

/// How many tabs a version's page lists.
const TABS: usize = 500;

/// How often a version was seen.
#[derive(Clone, Copy, Default)]
struct Count {
    runs: u32,
    groups: u32,
    tabs: u32,
    tabs_now: u32,
}

impl Reader {
    /// The versions that published runs had of a component, newest first by when a run first had them.
    pub fn infra_versions(&self, component: &str) -> Result<Vec<VersionLine>, WireError> {
        let published = self.published.load_full();
        let component = self.find_component(&published, component)?;
        let histories = self.infra.histories.load_full();
        let versions = Versions::new(&published, &component, histories.of(&component.repo));
        let mut counts: HashMap<&str, Count> = HashMap::new();
        let trails: Vec<_> = published
            .groups()
            .filter_map(|group| Some((1 + group.others.len() as u32, group.trail?)))
            .collect();
        for (tabs, trail) in &trails {
            let Some(of) = trail.component(&component.name) else {
                continue;
            };
            let mut seen: HashMap<&str, u32> = HashMap::new();
            for span in &of.spans {
                *seen.entry(versions.name(&span.version)).or_default() +=
                    span.oldest - span.newest + 1;
            }
            for (name, runs) in seen {
                let count = counts.entry(name).or_default();
                count.runs += runs;
                count.groups += 1;
                count.tabs += tabs;
            }
            if let Some(newest) = of.spans.first() {
                counts
                    .entry(versions.name(&newest.version))
                    .or_default()
                    .tabs_now += tabs;
            }
        }
        let mut lines: Vec<VersionLine> = versions
            .seen
            .iter()
            .map(|(version, seen)| {
                let count = counts.get(version.as_str()).copied().unwrap_or_default();
                VersionLine {
                    commit: versions
                        .known
                        .as_ref()
                        .and_then(|known| Some(upstream(known, known.find(version)?))),
                    version: version.clone(),
                    first_seen: time(seen.first_ms),
                    last_seen: time(seen.last_ms),
                    runs: count.runs,
                    groups: count.groups,
                    tabs: count.tabs,
                    tabs_now: count.tabs_now,
                }
            })
            .collect();
        lines.sort_by(|a, b| {
            (Reverse(a.first_seen), &a.version).cmp(&(Reverse(b.first_seen), &b.version))
        });
        Ok(lines)
    }

    /// One version of a component: where it runs and what it did there.
    pub fn infra_version(&self, component: &str, version: &str) -> Result<VersionPage, WireError> {
        let lines = self.infra_versions(component)?;
        let published = self.published.load_full();
        let component = self.find_component(&published, component)?;
        let histories = self.infra.histories.load_full();
        let known = histories.of(&component.repo);
        let versions = Versions::new(&published, &component, known);
        let typed = versions.typed(version);
        // Of those that runs had, fewer digits may name one.
        let name = (versions.begun_by(&typed)).unwrap_or_else(|| versions.name_of(&typed));
        let line = lines
            .iter()
            .find(|line| line.version == name)
            .cloned()
            .ok_or_else(|| {
                not_found(
                    format!("no run had version \"{version}\" of {}", component.name),
                    version,
                    lines.iter().map(|line| line.version.as_str()),
                )
            })?;
        let mut tabs = Vec::new();
        let mut farings = Vec::new();
        let mut before: HashMap<String, u32> = HashMap::new();
        for group in published.groups() {
            let Some(trail) = group.trail else { continue };
            let Some(of) = trail.component(&component.name) else {
                continue;
            };
            let Some(first) = of
                .spans
                .iter()
                .rfind(|span| versions.name(&span.version) == name)
            else {
                continue;
            };
            let arrivals = of.crossings(|step| versions.name(step.to) == name);
            for step in arrivals.iter().flat_map(Crossing::steps) {
                *before
                    .entry(versions.name(step.from).to_owned())
                    .or_default() += 1;
            }
            let (was, is) = trail.outcomes(of, &arrivals);
            // A tab that never had another has no before.
            let is = if arrivals.is_empty() {
                let over = (first.newest..=first.oldest)
                    .map(|column| trail.columns[column as usize].outcome)
                    .filter(|outcome| outcome.is_over());
                over.fold((0, 0), |(bad, runs), outcome| {
                    (bad + u32::from(outcome.is_bad()), runs + 1)
                })
            } else {
                is
            };
            let under = TabUnder {
                tab: published.tab_name(group.tab),
                since: time(trail.started_ms(first.oldest)),
                build: trail.columns[first.oldest as usize].build.to_string(),
                now: of
                    .spans
                    .first()
                    .is_some_and(|newest| versions.name(&newest.version) == name),
                runs: is.1,
                bad: is.0,
                runs_before: was.1,
                bad_before: was.0,
            };
            farings.push(trail.faring(&arrivals));
            tabs.push(under);
        }
        let mut tabs: Vec<(f64, TabUnder)> = likelihoods(&farings).into_iter().zip(tabs).collect();
        tabs.sort_by_key(|(likelihood, tab)| {
            let rate = |bad: u32, runs: u32| i64::from(bad) * 1000 / i64::from(runs.max(1));
            let more = rate(tab.bad, tab.runs) - rate(tab.bad_before, tab.runs_before);
            (
                Reverse(*likelihood >= BROKE),
                Reverse(more),
                tab.tab.clone(),
            )
        });
        tabs.truncate(TABS);
        let alarms = component_alarms(&published, &histories, &component, &versions)
            .into_iter()
            .filter(|alarm| [&alarm.to, &alarm.abandoned, &alarm.good].contains(&&name))
            .collect();
        Ok(VersionPage {
            commit: known
                .and_then(|known| Some((known, known.find(&name)?)))
                .map(|(known, index)| self.commit_line(&histories, known, index)),
            before: before
                .into_iter()
                .max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)))
                .map(|(version, _)| version),
            component: component.name,
            line,
            tabs: tabs.into_iter().map(|(_, tab)| tab).collect(),
            alarms,
        })
    }
}
