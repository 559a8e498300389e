//! Roll-backs that did not hold: by what commits move, and by what runs have had since.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use model::{
    history::commit_in,
    infra::short_version,
    undone::{Move, Undone, UndoneKind, find_undone},
    wire::infra::{Alarm, TabName},
};

use super::{
    Component,
    histories::{Histories, Known},
    lines::upstream,
    order::Versions,
    time,
};
use crate::read::published::Published;

/// How many tabs an alarm names.
const TABS: usize = 20;
/// How long the news of a roll-back that was undone is told after that ended.
pub(super) const RECENT_MS: i64 = 7 * 24 * 3_600_000;
/// Within this time of its commit a version is deployed everywhere.
const DEPLOYED_MS: i64 = 6 * 3_600_000;

/// Where a move comes from.
#[derive(Clone)]
enum By {
    Commit(Arc<Known>, u32),
    /// Runs alone show it.
    Runs,
}

/// The roll-backs of one component that did not hold, newest first.
pub(super) fn component_alarms(
    published: &Published,
    histories: &Histories,
    component: &Component,
    versions: &Versions,
) -> Vec<Alarm> {
    // Per image: each is rolled back and bumped on its own.
    let mut by_image: BTreeMap<&str, Vec<Move<By>>> = BTreeMap::new();
    for moving in histories.moves_of(&component.name) {
        let (from, to) = moving.way();
        by_image.entry(moving.what()).or_default().push(Move {
            by: By::Commit(moving.known.clone(), moving.index),
            at_ms: moving.commit().at_ms,
            from: versions.name_of(commit_in(from).unwrap_or(from)),
            to: versions.name_of(commit_in(to).unwrap_or(to)),
            reverts: moving.commit().reverts.is_some(),
        });
    }
    let mut found: Vec<Undone<By>> = Vec::new();
    for moves in by_image.values_mut() {
        moves.sort_by_key(|it| it.at_ms);
        // Variants of an image move in one commit.
        moves.dedup_by(|a, b| a.at_ms == b.at_ms && a.from == b.from && a.to == b.to);
        add_runs(published, component, versions, moves);
        for undone in find_undone(moves, &|a, b| a == b) {
            let known = found.iter().any(|known| {
                known.undone.at_ms == undone.undone.at_ms
                    && known.rollback.at_ms == undone.rollback.at_ms
                    && known.undone.to == undone.undone.to
            });
            if !known {
                found.push(undone);
            }
        }
    }
    found.sort_by_key(|undone| Reverse(undone.undone.at_ms));
    found
        .iter()
        .filter_map(|undone| alarm(published, component, versions, undone))
        .collect()
}

/// Adds what only runs show: that an abandoned version came back after its roll-back, though no
/// commit brought it.
fn add_runs(
    published: &Published,
    component: &Component,
    versions: &Versions,
    moves: &mut Vec<Move<By>>,
) {
    let rollbacks: Vec<(i64, String, String)> = moves
        .iter()
        .filter(|it| it.reverts && it.from != it.to)
        .map(|it| (it.at_ms, it.from.clone(), it.to.clone()))
        .collect();
    for (at_ms, abandoned, good) in rollbacks {
        let brought = moves
            .iter()
            .any(|it| it.at_ms > at_ms && it.to == abandoned);
        if brought {
            continue;
        }
        let first = arrivals(published, component, versions, &abandoned)
            .into_iter()
            .filter(|&began_ms| began_ms > at_ms + DEPLOYED_MS)
            .min();
        if let Some(began_ms) = first {
            moves.push(Move {
                by: By::Runs,
                at_ms: began_ms,
                from: good,
                to: abandoned,
                reverts: false,
            });
        }
    }
    moves.sort_by_key(|it| it.at_ms);
}

/// When test groups came to a version from another: when that run began.
fn arrivals(
    published: &Published,
    component: &Component,
    versions: &Versions,
    version: &str,
) -> Vec<i64> {
    let mut found = Vec::new();
    for group in published.groups() {
        let Some(trail) = group.trail else { continue };
        let Some(of) = trail.component(&component.name) else {
            continue;
        };
        for step in of.steps().filter(|step| versions.name(step.to) == version) {
            found.push(trail.started_ms(step.newer));
        }
    }
    found
}

/// The tabs whose runs had a version at some time from `from_ms` to before `until_ms`, also those that came
/// to it earlier; by name.
fn tabs_with(
    published: &Published,
    component: &Component,
    versions: &Versions,
    version: &str,
    (from_ms, until_ms): (i64, i64),
) -> Vec<TabName> {
    let mut found = Vec::new();
    for group in published.groups() {
        let Some(trail) = group.trail else { continue };
        let Some(of) = trail.component(&component.name) else {
            continue;
        };
        let had = of.spans.iter().any(|span| {
            versions.name(&span.version) == version
                && trail.started_ms(span.oldest) < until_ms
                && from_ms <= trail.started_ms(span.newest)
        });
        if had {
            found.extend(published.names_beside(group.tab));
        }
    }
    found.sort();
    found
}

fn alarm(
    published: &Published,
    component: &Component,
    versions: &Versions,
    undone: &Undone<By>,
) -> Option<Alarm> {
    let commit = |by: &By| match by {
        By::Commit(known, index) => Some(upstream(known, *index)),
        By::Runs => None,
    };
    let rollback = commit(&undone.rollback.by)?;
    let until_ms = undone.ended.as_ref().map_or(i64::MAX, |ended| {
        // What was running when it ended is told, too, and what began before that was deployed.
        ended.at_ms + DEPLOYED_MS
    });
    let period = (undone.undone.at_ms, until_ms);
    let all_tabs = tabs_with(published, component, versions, &undone.undone.to, period);
    let short = |version: &str| short_version(version).to_owned();
    let (name, bad) = (&component.name, short(&undone.rollback.from));
    let (good, to) = (short(&undone.rollback.to), short(&undone.undone.to));
    let hours = (undone.undone.at_ms - undone.rollback.at_ms) / 3_600_000;
    let by = commit(&undone.undone.by).map_or_else(
        || "and no commit says why".to_owned(),
        |by| format!("by “{}”", by.subject),
    );
    let what = match undone.kind {
        UndoneKind::BroughtBack => format!("{bad} is back after {hours} hours {by}"),
        UndoneKind::MovedAway => format!("{to} took the place of {good} after {hours} hours {by}"),
    };
    let end = match &undone.ended {
        Some(ended) => format!(", until {} took its place", short(&ended.to)),
        None => String::new(),
    };
    Some(Alarm {
        sentence: format!("{name} was rolled back from {bad} to {good}, but {what}{end}."),
        component: component.name.clone(),
        kind: undone.kind,
        abandoned: undone.rollback.from.clone(),
        good: undone.rollback.to.clone(),
        to: undone.undone.to.clone(),
        rollback,
        undone: commit(&undone.undone.by),
        time: time(undone.undone.at_ms),
        ended: undone.ended.as_ref().and_then(|ended| commit(&ended.by)),
        tabs: all_tabs.iter().take(TABS).cloned().collect(),
        tab_count: all_tabs.len() as u32,
        all_tabs,
    })
}

/// Whether an alarm is still to be told above everything: while it stands, and some days after it ended.
pub(super) fn is_current(alarm: &Alarm, now_ms: i64) -> bool {
    let recent = |at_ms: i64| now_ms - at_ms <= RECENT_MS;
    match (&alarm.ended, alarm.kind) {
        (Some(ended), _) => recent(ended.time.timestamp_millis()),
        (None, UndoneKind::BroughtBack) => true,
        // The next version is the usual end of a roll-back.
        (None, UndoneKind::MovedAway) => recent(alarm.time.timestamp_millis()),
    }
}
