//! Every change of every component, in time order, with what happened around it.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use model::{
    infra::ComponentKind,
    trail::{Step, is_worse},
    transition::TurnKind,
    wire::{
        NamedLink,
        infra::{Alarm, ComponentLine, Direction as Way, InfraChange, InfraFeed, TabName},
    },
};

use super::{
    Component,
    alarms::is_current,
    drift,
    histories::{Histories, Known},
    lines::upstream,
    order::Versions,
    time,
};
use crate::read::{Reader, published::Published};

/// How many changes the feed has.
const CHANGES: usize = 500;
/// Tabs that skipped a version see the same change as those that did not, when they see it within this
/// time of the first.
const SKIPPED_MS: i64 = 3 * 24 * 3_600_000;

/// One tab that saw a component come to a version.
struct Arrival {
    at_ms: i64,
    tab: usize,
    build: String,
    broke: u32,
    fixed: u32,
    worse: bool,
}

/// A change as several tabs saw it.
struct Change {
    from: String,
    to: String,
    /// Oldest first.
    arrivals: Vec<Arrival>,
}

impl Reader {
    /// The feed of all components.
    pub fn infra_feed(&self) -> Arc<InfraFeed> {
        self.cached_feed(|| self.make_feed())
    }

    fn make_feed(&self) -> InfraFeed {
        let published = self.published.load_full();
        let histories = self.infra.histories.load_full();
        let mut changes = Vec::new();
        let mut alarms = Vec::new();
        for known in &self.components {
            let component = Component {
                name: known.name.clone(),
                kind: ComponentKind::Infra,
                repo: known.repo.clone(),
            };
            let versions = Versions::new(&published, &component, histories.of(&component.repo));
            let of = self.component_alarms(&published, &histories, &component, &versions);
            changes
                .extend(self.component_changes(&published, &histories, &component, &versions, &of));
            alarms.extend(of);
        }
        changes.sort_by_key(|change| Reverse(change.first));
        alarms.sort_by_key(|alarm| Reverse(alarm.time));
        let total = changes.len() as u32;
        changes.truncate(CHANGES);
        InfraFeed {
            changes,
            total,
            alarms,
            declared: self.all_declared(&published, &histories, (self.clock)()),
            weather: super::weather::build_weather(&published, (self.clock)()),
            components: self
                .components
                .iter()
                .map(|component| component_line(&histories, &component.name, &component.repo))
                .collect(),
        }
    }

    fn component_changes(
        &self,
        published: &Published,
        histories: &Histories,
        component: &Component,
        versions: &Versions,
        alarms: &[Alarm],
    ) -> Vec<InfraChange> {
        let mut changes = Vec::new();
        for change in fold(gather(published, component, versions), versions) {
            let (Some(first), Some(last)) = (change.arrivals.first(), change.arrivals.last())
            else {
                continue;
            };
            let way = versions.direction(&change.from, &change.to);
            let range = versions.range(&change.from, &change.to);
            // A commit that moves something exactly so; else the newest before the first run that moves it
            // a part of the way.
            let candidates = self.brought_by(histories, component, versions, &range);
            let landed = |known: &Known, index: u32| known.commit(index).at_ms;
            let exact = candidates.iter().find(|(known, index)| {
                landed(known, *index) <= last.at_ms
                    && known.commit(*index).bumps.iter().any(|bump| {
                        let ends = bump.from.as_deref().zip(bump.to.as_deref());
                        ends.is_some_and(|(from, to)| range.is_whole(from, to))
                    })
            });
            let brought = exact
                .or_else(|| {
                    let before =
                        |(known, index): &&(Arc<Known>, u32)| landed(known, *index) <= first.at_ms;
                    candidates.iter().find(before)
                })
                .cloned();
            let commits = versions
                .between(&change.from, &change.to)
                .as_deref()
                .and_then(|between| match between {
                    model::history::Between::Forward(commits)
                    | model::history::Between::Backward(commits) => Some(commits.len() as u32),
                    _ => None,
                });
            let subject = versions
                .known
                .as_ref()
                .and_then(|known| Some(known.commit(known.find(&change.to)?).title.to_string()));
            let groups: BTreeSet<usize> = change.arrivals.iter().map(|it| it.tab).collect();
            let count = |of: fn(&Arrival) -> u32| change.arrivals.iter().map(of).sum::<u32>();
            let brought_line = brought
                .as_ref()
                .map(|(known, index)| upstream(known, *index));
            let undoes = alarms
                .iter()
                .find(|alarm| {
                    alarm.to == change.to
                        && if let (Some(undone), Some(brought)) = (&alarm.undone, &brought_line) {
                            undone.sha == brought.sha
                        } else {
                            let apart = first.at_ms - alarm.time.timestamp_millis();
                            (0..SKIPPED_MS).contains(&apart)
                        }
                })
                .cloned();
            changes.push(InfraChange {
                component: component.name.clone(),
                backward: way.is_backward(),
                commits: commits.filter(|_| !matches!(way, Way::Unknown)),
                subject: subject.unwrap_or_default(),
                first: time(first.at_ms),
                first_tab: published.tab_name(first.tab),
                first_build: first.build.clone(),
                last: time(last.at_ms),
                last_tab: published.tab_name(last.tab),
                last_build: last.build.clone(),
                seen: groups.len() as u32,
                broke: count(|it| u32::from(it.broke > 0 || it.worse)),
                fixed: count(|it| u32::from(it.fixed > 0)),
                rows_broke: count(|it| it.broke),
                rows_fixed: count(|it| it.fixed),
                reverts: brought
                    .as_ref()
                    .and_then(|(known, index)| known.commit(*index).reverts.as_deref().cloned()),
                brought_by: brought_line,
                undoes,
                from: change.from,
                to: change.to,
            });
        }
        changes
    }

    /// The roll-backs that did not hold and are still to be told, newest first, and the weather, each as
    /// a line that leads to more.
    pub(in crate::read) fn overview_notes(&self) -> Vec<NamedLink> {
        let feed = self.infra_feed();
        let now_ms = (self.clock)();
        let mut notes: Vec<NamedLink> = feed
            .alarms
            .iter()
            .filter(|alarm| is_current(alarm, now_ms))
            .map(alarm_link)
            .collect();
        notes.extend(feed.declared.iter().filter_map(drift::note));
        notes.extend(super::weather::note(&feed.weather));
        notes
    }

    /// What of that concerns a tab.
    pub(in crate::read) fn tab_notes(&self, dashboard: &str, tab: &str) -> Vec<NamedLink> {
        let feed = self.infra_feed();
        let now_ms = (self.clock)();
        let named = |tabs: &[TabName]| {
            tabs.iter()
                .any(|known| known.dashboard == dashboard && known.tab == tab)
        };
        let alarms = feed
            .alarms
            .iter()
            .filter(|alarm| is_current(alarm, now_ms) && named(&alarm.tabs))
            .map(alarm_link);
        let drifts = feed
            .declared
            .iter()
            .filter(|declared| named(&declared.tabs));
        alarms.chain(drifts.filter_map(drift::note)).collect()
    }

    /// The alarms that are still to be told, newest first.
    pub fn current_alarms(&self) -> Vec<Alarm> {
        let now_ms = (self.clock)();
        let feed = self.infra_feed();
        let current = feed.alarms.iter().filter(|alarm| is_current(alarm, now_ms));
        current.cloned().collect()
    }
}

fn alarm_link(alarm: &Alarm) -> NamedLink {
    NamedLink {
        text: alarm.sentence.clone(),
        url: app::paths::compare(&alarm.component, &alarm.good, &alarm.to),
    }
}

pub(super) fn component_line(histories: &Histories, name: &str, repo: &str) -> ComponentLine {
    let known = histories.of(repo);
    ComponentLine {
        name: name.to_owned(),
        repo: repo.to_owned(),
        commits: known.map(|known| known.history.commits().len() as u32),
        fetched: known.and_then(|known| known.fetched_ms()).map(time),
        problem: known.map(|known| known.problem.clone()).unwrap_or_default(),
    }
}

/// Every arrival of every tab, by where it came from and how often the tab had gone that way before.
fn gather(
    published: &Published,
    component: &Component,
    versions: &Versions,
) -> HashMap<(String, String, usize), Vec<Arrival>> {
    let mut found: HashMap<(String, String, usize), Vec<Arrival>> = HashMap::new();
    for group in published.groups() {
        let Some(trail) = group.trail else { continue };
        let Some(of) = trail.component(&component.name) else {
            continue;
        };
        let steps: Vec<Step<'_>> = of.steps().collect();
        let mut gone: HashMap<(&str, &str), usize> = HashMap::new();
        for step in steps.iter().rev() {
            let (from, to) = (versions.name(step.from), versions.name(step.to));
            if from == to {
                continue;
            }
            let times = gone.entry((from, to)).or_insert(0);
            let key = (from.to_owned(), to.to_owned(), *times);
            *times += 1;
            let one = std::slice::from_ref(step);
            let (before, after) = trail.outcomes(of, one);
            found.entry(key).or_default().push(Arrival {
                at_ms: trail.started_ms(step.newer),
                tab: group.tab,
                build: trail.columns[step.newer as usize].build.to_string(),
                broke: trail.turned(of, TurnKind::Broke, one).len() as u32,
                fixed: trail.turned(of, TurnKind::Fixed, one).len() as u32,
                worse: is_worse(before, after),
            });
        }
    }
    found
}

/// The changes: tabs that skipped a version on their way are put with those that saw most of them come to
/// the same.
fn fold(
    gathered: HashMap<(String, String, usize), Vec<Arrival>>,
    versions: &Versions,
) -> Vec<Change> {
    let mut by_to: HashMap<String, Vec<Change>> = HashMap::new();
    for ((from, to, _), mut arrivals) in gathered {
        arrivals.sort_by_key(|it| (it.at_ms, it.tab));
        by_to
            .entry(to.clone())
            .or_default()
            .push(Change { from, to, arrivals });
    }
    let mut all = Vec::new();
    for mut changes in by_to.into_values() {
        let began = |change: &Change| change.arrivals.first().map_or(0, |it| it.at_ms);
        changes.sort_by_key(|change| {
            (
                Reverse(change.arrivals.len()),
                began(change),
                change.from.clone(),
            )
        });
        let mut kept: Vec<Change> = Vec::new();
        for change in changes {
            let backward = versions.direction(&change.from, &change.to).is_backward();
            let host = kept.iter_mut().find(|host| {
                host.from != change.from
                    && versions.direction(&host.from, &host.to).is_backward() == backward
                    && (began(&change) - began(host)).abs() <= SKIPPED_MS
            });
            match host {
                Some(host) => {
                    host.arrivals.extend(change.arrivals);
                    host.arrivals.sort_by_key(|it| (it.at_ms, it.tab));
                }
                None => kept.push(change),
            }
        }
        all.append(&mut kept);
    }
    all
}
