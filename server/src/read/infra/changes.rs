//! The changes of a component: what test groups saw alike, once for all of them.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use model::{rounds::rounds, trail::Across};

use super::{Component, order::Versions, suspicion::Sight, verdict::Judged};
use crate::read::published::Published;

/// Tabs that skipped a version see the same change as those that did not, when they see it within this
/// time of the first.
pub(super) const SKIPPED_MS: i64 = 3 * 24 * 3_600_000;

/// One tab that saw a component come to a version.
pub(super) struct Arrival {
    pub(super) at_ms: i64,
    pub(super) tab: usize,
    pub(super) build: String,
    /// Which of the tab's steps it is, from the newest.
    pub(super) step: usize,
    /// Whether the tab's newest run of known version has what it came to, again or still.
    pub(super) now: bool,
    pub(super) across: Across,
}

impl Arrival {
    pub(super) fn sight(&self, judged: &Judged) -> Sight {
        Sight {
            tab: self.tab,
            step: self.step,
            infra_only: judged.infra_only,
            now: self.now,
        }
    }
}

/// A change as several tabs saw it.
pub(super) struct Change {
    pub(super) from: String,
    pub(super) to: String,
    /// Oldest first.
    pub(super) arrivals: Vec<Arrival>,
}

impl Change {
    /// When the first run saw it.
    pub(super) fn began_ms(&self) -> i64 {
        self.arrivals.first().map_or(0, |first| first.at_ms)
    }
}

/// The changes that test groups saw, in no order.
pub(super) fn find_changes(
    published: &Published,
    component: &Component,
    versions: &Versions,
) -> Vec<Change> {
    let gathered = gather(published, component, versions);
    let changes = gathered.into_iter().flat_map(|((from, to), mut arrivals)| {
        arrivals.sort_by_key(|it| (it.at_ms, it.tab));
        let seen: Vec<(usize, i64)> = arrivals.iter().map(|it| (it.tab, it.at_ms)).collect();
        let mut by_round: HashMap<_, Vec<Arrival>> = HashMap::new();
        for (arrival, round) in arrivals.into_iter().zip(rounds(&seen)) {
            by_round.entry(round).or_default().push(arrival);
        }
        by_round.into_values().map(move |arrivals| Change {
            from: from.clone(),
            to: to.clone(),
            arrivals,
        })
    });
    fold(changes, versions)
}

/// Every arrival of every test group, by where it came from and where to.
fn gather(
    published: &Published,
    component: &Component,
    versions: &Versions,
) -> HashMap<(String, String), Vec<Arrival>> {
    let mut found: HashMap<(String, String), Vec<Arrival>> = HashMap::new();
    for group in published.groups() {
        let Some(trail) = group.trail else { continue };
        let Some(of) = trail.component(&component.name) else {
            continue;
        };
        let newest = of.spans.first().map(|span| versions.name(&span.version));
        for (index, (step, across)) in of.steps().zip(&of.across).enumerate() {
            let (from, to) = (versions.name(step.from), versions.name(step.to));
            if from == to {
                continue;
            }
            let key = (from.to_owned(), to.to_owned());
            found.entry(key).or_default().push(Arrival {
                at_ms: trail.started_ms(step.newer),
                tab: group.tab,
                build: trail.columns[step.newer as usize].build.to_string(),
                step: index,
                now: newest == Some(to),
                across: *across,
            });
        }
    }
    found
}

/// Puts those that skipped a version on their way with those that saw most of them come to the same, the
/// nearest in time. Who came to it twice saw two changes.
fn fold(changes: impl Iterator<Item = Change>, versions: &Versions) -> Vec<Change> {
    let mut by_to: HashMap<String, Vec<Change>> = HashMap::new();
    for change in changes {
        by_to.entry(change.to.clone()).or_default().push(change);
    }
    let mut all = Vec::new();
    for mut changes in by_to.into_values() {
        changes.sort_by_key(|change| {
            (
                Reverse(change.arrivals.len()),
                change.began_ms(),
                change.from.clone(),
            )
        });
        let mut kept: Vec<Change> = Vec::new();
        for change in changes {
            let backward = versions.direction(&change.from, &change.to).is_backward();
            let tabs: HashSet<usize> = change.arrivals.iter().map(|it| it.tab).collect();
            let apart = |host: &Change| (change.began_ms() - host.began_ms()).abs();
            let host = kept
                .iter_mut()
                .filter(|host| {
                    host.from != change.from
                        && versions.direction(&host.from, &host.to).is_backward() == backward
                        && apart(host) <= SKIPPED_MS
                        && !host.arrivals.iter().any(|it| tabs.contains(&it.tab))
                })
                .min_by_key(|host| apart(host));
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
