//! Every change of every component, in time order, with what happened around it.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use model::{
    attribution::Verdict,
    infra::ComponentKind,
    trail::{Across, Trail},
    wire::{
        NamedLink,
        infra::{Alarm, ComponentLine, Direction as Way, InfraChange, InfraFeed, TabName},
    },
};

use super::{
    Component,
    alarms::{component_alarms, is_current},
    breaking,
    changes::{Arrival, Change, SKIPPED_MS, find_changes},
    drift,
    histories::{Histories, Moving},
    lines::upstream,
    order::Versions,
    suspicion::{Inquiry, Sight, Told},
    time,
    verdict::{Judged, Seen, judge_all},
    weather::{self, build_weather},
};
use crate::read::{Reader, What, published::Published};

/// How many changes of one component the feed has.
const CHANGES: usize = 300;
/// A commit that landed longer before the first run than this did not bring the change.
const BROUGHT_MS: i64 = 14 * 24 * 3_600_000;

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
        let mut total = 0;
        let clusters: Vec<&str> = self.clusters.iter().map(String::as_str).collect();
        let mut inquiry = Inquiry::new(&published, &clusters);
        for known in &self.components {
            let component = Component {
                name: known.name.clone(),
                kind: ComponentKind::Infra,
                repo: known.repo.clone(),
            };
            let versions = Versions::new(&published, &component, histories.of(&component.repo));
            let of = component_alarms(&published, &histories, &component, &versions);
            let mut found = find_changes(&published, &component, &versions);
            total += found.len() as u32;
            found.sort_by_key(|change| Reverse(change.began_ms()));
            found.truncate(CHANGES);
            let judged: Vec<Vec<Judged>> = (found.iter())
                .map(|change| judge_change(change, &published, &component.name))
                .collect();
            for (change, judged) in found.iter().zip(&judged) {
                let seen = change.arrivals.iter().zip(judged);
                inquiry.add(&component.name, seen.map(|(it, judged)| it.sight(judged)));
            }
            changes.extend(tell(
                found.into_iter().zip(judged),
                &published,
                &histories,
                &component,
                &versions,
                &of,
            ));
            alarms.extend(of);
        }
        for (index, suspected) in inquiry.suspected() {
            changes[index].suspected = Some(suspected);
        }
        changes.sort_by_key(|change| Reverse(change.first));
        alarms.sort_by_key(|alarm| Reverse(alarm.time));
        InfraFeed {
            changes,
            total,
            alarms,
            declared: self.all_declared(&published, &histories, (self.clock)()),
            weather: build_weather(&published, &clusters, (self.clock)()),
            components: self
                .components
                .iter()
                .map(|component| component_line(&histories, &component.name, &component.repo))
                .collect(),
        }
    }

    /// The lines that concern tabs, and the weather, each of which leads to more.
    pub(in crate::read) fn overview_notes(&self) -> Vec<NamedLink> {
        let feed = self.infra_feed();
        let notes = notes(&feed, (self.clock)()).map(|(note, _)| note);
        notes.chain(weather::note(&feed.weather)).collect()
    }

    /// What of that concerns a tab.
    pub(in crate::read) fn tab_notes(&self, dashboard: &str, tab: &str) -> Vec<NamedLink> {
        let feed = self.infra_feed();
        let named = |known: &TabName| known.dashboard == dashboard && known.tab == tab;
        notes(&feed, (self.clock)())
            .filter(|(_, tabs)| tabs.iter().any(named))
            .map(|(note, _)| note)
            .collect()
    }

    /// Tells those who listen what is another in the feed than it was. What stands above tabs concerns more
    /// pages than can be named.
    pub(super) fn tell_feed(&self, before: &InfraFeed, now: &InfraFeed) {
        let now_ms = (self.clock)();
        if !notes(before, now_ms).eq(notes(now, now_ms)) {
            self.changes.tell_worked_out(What::All);
        } else if before != now {
            self.changes.tell_worked_out(What::Infra);
        }
    }

    /// The alarms that are still to be told, newest first.
    pub fn current_alarms(&self) -> Vec<Alarm> {
        let now_ms = (self.clock)();
        let feed = self.infra_feed();
        let current = feed.alarms.iter().filter(|alarm| is_current(alarm, now_ms));
        current.cloned().collect()
    }
}

/// What stands above the tabs that it concerns: roll-backs that did not hold, newest first, what broke most
/// and still does, what drifts.
fn notes(feed: &InfraFeed, now_ms: i64) -> impl Iterator<Item = (NamedLink, &[TabName])> {
    let alarms = feed
        .alarms
        .iter()
        .filter(move |alarm| is_current(alarm, now_ms))
        .map(|alarm| (alarm_link(alarm), &alarm.all_tabs[..]));
    let broke = breaking::worst(&feed.changes)
        .map(|(change, suspected)| (breaking::note((change, suspected)), &suspected.all_tabs[..]));
    let drifts = (feed.declared.iter())
        .filter_map(|declared| Some((drift::note(declared)?, &declared.all_tabs[..])));
    alarms.chain(broke).chain(drifts)
}

/// The changes of a component as they are told.
fn tell(
    found: impl Iterator<Item = (Change, Vec<Judged>)>,
    published: &Published,
    histories: &Histories,
    component: &Component,
    versions: &Versions,
    alarms: &[Alarm],
) -> Vec<InfraChange> {
    let moves: Vec<NamedMove<'_>> = histories
        .moves_of(&component.name)
        .iter()
        .map(|moving| {
            let (from, to) = moving.way();
            NamedMove {
                moving,
                from: versions.name_of(from),
                to: versions.name_of(to),
            }
        })
        .collect();
    let mut changes = Vec::new();
    for (change, judged) in found {
        let (Some(first), Some(last)) = (change.arrivals.first(), change.arrivals.last()) else {
            continue;
        };
        let way = versions.direction(&change.from, &change.to);
        let brought = bringing(&change, &moves, versions, (first.at_ms, last.at_ms));
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
        let count = |of: fn(&Across) -> u32| change.arrivals.iter().map(|it| of(&it.across)).sum();
        let broke: Vec<(&Arrival, Sight)> = (change.arrivals.iter().zip(&judged))
            .filter(|(_, judged)| judged.verdict == Verdict::Broke)
            .map(|(arrival, judged)| (arrival, arrival.sight(judged)))
            .collect();
        let told = Told::new(broke.iter().map(|it| it.1), published);
        let brought_line = brought.map(|moving| upstream(&moving.known, moving.index));
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
            broke: broke.len() as u32,
            branches_broke: told.branches,
            broke_infra_only: told.infra_only,
            broke_now: told.now,
            perhaps: judged
                .iter()
                .filter(|it| it.verdict == Verdict::Perhaps)
                .count() as u32,
            suspected: None,
            fixed: count(|it| u32::from(it.fixed > 0)),
            rows_broke: broke.iter().map(|it| it.0.across.broke).sum(),
            rows_fixed: count(|it| it.fixed),
            reverts: brought.and_then(|moving| moving.commit().reverts.as_deref().cloned()),
            brought_by: brought_line,
            undoes,
            from: change.from,
            to: change.to,
        });
    }
    changes
}

/// What is said of each tab that saw a change.
fn judge_change(change: &Change, published: &Published, component: &str) -> Vec<Judged> {
    let trails: Vec<Option<Arc<Trail>>> = change
        .arrivals
        .iter()
        .map(|it| published.trail(it.tab))
        .collect();
    let (places, seen): (Vec<usize>, Vec<Seen<'_>>) = change
        .arrivals
        .iter()
        .zip(&trails)
        .enumerate()
        .filter_map(|(place, (it, trail))| {
            let trail = trail.as_deref()?;
            let of = trail.component(component)?;
            let seen = Seen {
                trail,
                crossings: of.single_crossings().nth(it.step).into_iter().collect(),
                branch: published.branches[it.tab].as_deref(),
                faring: it.across.faring,
                product_came: it.across.product_came,
                names_product: trail.names_product(of),
                alone: it.across.alone,
                rows_broke: it.across.broke > 0,
            };
            Some((place, seen))
        })
        .unzip();
    let mut judged = vec![Judged::default(); change.arrivals.len()];
    for (place, found) in places.into_iter().zip(judge_all(&seen)) {
        judged[place] = found;
    }
    judged
}

/// A move, by the names that runs have for its versions.
struct NamedMove<'a> {
    moving: &'a Moving,
    from: String,
    to: String,
}

/// The commit that brought a change to runs that began between: one that moves something exactly so; else
/// the newest before the first run that moves it a part of the way. `moves` are oldest first.
fn bringing<'a>(
    change: &Change,
    moves: &[NamedMove<'a>],
    versions: &Versions,
    (first_ms, last_ms): (i64, i64),
) -> Option<&'a Moving> {
    let landed = |it: &NamedMove<'_>| it.moving.commit().at_ms;
    let begin = moves.partition_point(|it| landed(it) < first_ms - BROUGHT_MS);
    let end = moves.partition_point(|it| landed(it) <= last_ms);
    let near = moves.get(begin..end).unwrap_or_default();
    let (from, to) = (versions.name(&change.from), versions.name(&change.to));
    let exact = near.iter().rfind(|it| it.from == from && it.to == to);
    let found = exact.or_else(|| {
        let range = versions.range(&change.from, &change.to);
        near.iter()
            .rfind(|it| landed(it) <= first_ms && range.touches(&it.from, &it.to))
    });
    found.map(|it| it.moving)
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
