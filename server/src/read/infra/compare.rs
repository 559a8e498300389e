//! What lies between two versions, and what happened across it on every tab.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use model::{
    history::Between,
    reach::{Impact, Way},
    trail::Span,
    transition::compare_url,
    wire::{
        WireError,
        infra::{CommitLine, CompareCounts, Comparison, TabAcross, TabName},
    },
};
use serde::Deserialize;

use super::{
    Component,
    across::{count, find_across},
    ends::{bare, sentence},
    histories::{Histories, Known},
    order::{Range, Versions},
};
use crate::read::{Reader, published::Published};

/// How many commits are listed.
const COMMITS: usize = 1_000;
/// How many tabs are listed.
const TABS: usize = 500;
/// How many commits that brought the change are listed.
const BROUGHT: usize = 20;

/// What is to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CompareQuery {
    /// The component's name, or `org/name` of a product.
    pub component: String,
    /// The version to start from.
    pub from: String,
    /// The version to end at.
    pub to: String,
    /// The dashboard of the tab whose job is looked at.
    pub dashboard: Option<String>,
    /// That tab.
    pub tab: Option<String>,
    /// Instead of a component: the older of two builds of the tab.
    pub older: Option<String>,
    /// The newer of them.
    pub newer: Option<String>,
    /// The two builds as a part of a page that is there.
    pub part: Option<String>,
}

impl Reader {
    /// What lies between two versions of a component.
    pub fn compare(&self, query: &CompareQuery) -> Result<Comparison, WireError> {
        for (name, value) in [
            ("component", &query.component),
            ("from", &query.from),
            ("to", &query.to),
        ] {
            if value.trim().is_empty() {
                return Err(WireError {
                    code: "bad_request".to_owned(),
                    message: format!(
                        "{name} is missing: /compare takes component, from and to, such as \
                         ?component=test-infra&from=1a2b3c4&to=5d6e7f8"
                    ),
                });
            }
        }
        let said =
            |value: &Option<String>| value.as_deref().is_some_and(|it| !it.trim().is_empty());
        let missing = match (said(&query.dashboard), said(&query.tab)) {
            (true, false) => Some(["tab", "dashboard"]),
            (false, true) => Some(["dashboard", "tab"]),
            _ => None,
        };
        if let Some([missing, other]) = missing {
            return Err(WireError {
                code: "bad_request".to_owned(),
                message: format!(
                    "{missing} is missing: {other} alone names no tab, and /compare takes both or neither"
                ),
            });
        }
        let published = self.published.load_full();
        let component = self.find_component(&published, query.component.trim())?;
        let tab = match (&query.dashboard, &query.tab) {
            (Some(dashboard), Some(tab)) if said(&query.tab) => {
                Some(published.catalog.tab(dashboard, tab)?)
            }
            _ => None,
        };
        let histories = self.infra.histories.load_full();
        let known = histories.of(&component.repo);
        let versions = Versions::new(&published, &component, known);
        let [from, to] = [&query.from, &query.to].map(|typed| versions.typed(typed));
        let (from, to) = (from.as_str(), to.as_str());
        let range = versions.range(from, to);
        let direction = versions.direction(from, to);

        let mut across = find_across(&published, &component, &range);
        across.sort_by_key(|tab| Reverse((tab.verdict, tab.exact, tab.broke, tab.bad, tab.fixed)));
        let counts = count(&published, &component, &across);
        let jobs = jobs_of(&published, &component, tab, &across);

        let impact = self.impact();
        let reached = |mut line: CommitLine| {
            judge(
                &mut line,
                impact.as_deref().map(|it| &**it as &dyn Impact),
                &jobs,
            );
            line
        };
        let lines = |commits: &[u32]| -> Vec<CommitLine> {
            let Some(known) = known else {
                return Vec::new();
            };
            commits
                .iter()
                .take(COMMITS)
                .map(|&index| reached(self.commit_line(&histories, known, index)))
                .collect()
        };
        let between = versions.between(from, to);
        let (commits, lost): (&[u32], &[u32]) = match between.as_deref() {
            Some(Between::Forward(commits) | Between::Backward(commits)) => (commits, &[]),
            Some(Between::Apart { gained, lost, .. }) => (gained, lost),
            Some(Between::Same) | None => (&[], &[]),
        };
        let from_end = self.endpoint(&histories, &component, &versions, from);
        let to_end = self.endpoint(&histories, &component, &versions, to);
        let mut notes = Vec::new();
        notes.extend(
            [&from_end, &to_end]
                .into_iter()
                .filter_map(|end| end.problem.clone()),
        );
        notes.dedup();
        match known {
            None if component.repo.is_empty() => {
                notes.push(format!("{} has no repository, so there are no commits between.", component.name));
            }
            None => notes.push(format!(
                "{} is not mirrored, so what landed between is not known: the settings can name its `git`.",
                component.repo
            )),
            Some(known) if !known.problem.is_empty() => notes.push(format!("{}.", known.problem)),
            Some(_) => {}
        }
        if commits.len() > COMMITS {
            notes.push(format!(
                "Only the newest {COMMITS} of {} commits are listed.",
                commits.len()
            ));
        }
        if across.len() > TABS {
            notes.push(format!(
                "Only the worst {TABS} of {} tabs are listed.",
                across.len()
            ));
        }
        across.truncate(TABS);
        let sentence = sentence(&component, from, to, direction, commits.len(), lost.len());
        Ok(Comparison {
            sentence,
            counts: CompareCounts {
                commits: commits.len() as u32,
                ..counts
            },
            commits: lines(commits),
            lost: lines(lost),
            brought_by: brought_by(&histories, &component, &range)
                .into_iter()
                .map(|(known, index)| reached(self.commit_line(&histories, &known, index)))
                .collect(),
            from: from_end,
            to: to_end,
            direction,
            notes,
            tabs: across,
            url: compare_url(
                &component.repo,
                &bare(&versions, from),
                &bare(&versions, to),
            ),
            tab: tab.map(|tab| published.tab_name(tab)),
            repo: Some(component.repo.clone()).filter(|repo| !repo.is_empty()),
            component: component.name,
            kind: component.kind,
        })
    }
}

/// Commits that moved the component a part of this way, newest first.
fn brought_by(
    histories: &Histories,
    component: &Component,
    range: &Range<'_>,
) -> Vec<(Arc<Known>, u32)> {
    let mut found: Vec<(Arc<Known>, u32)> = Vec::new();
    for moving in histories.moves_of(&component.name).iter().rev() {
        let (from, to) = moving.way();
        let is_it = |(known, index): &(Arc<Known>, u32)| {
            *index == moving.index && Arc::ptr_eq(known, &moving.known)
        };
        if range.touches(from, to) && !found.last().is_some_and(is_it) {
            found.push((moving.known.clone(), moving.index));
            if found.len() == BROUGHT {
                break;
            }
        }
    }
    found
}

/// The jobs that commits are looked at for: the tab's, else those of the tabs that broke, else those
/// of all that saw the change. With each, by what the component's versions come to it.
fn jobs_of(
    published: &Published,
    component: &Component,
    tab: Option<usize>,
    across: &[TabAcross],
) -> Vec<(String, Way)> {
    let job = |tab: usize| {
        let trail = published.trail(tab);
        let of = trail
            .as_deref()
            .and_then(|it| it.component(&component.name));
        let built = of.is_some_and(|of| of.spans.iter().any(Span::is_of_own_image));
        let by = if built { Way::Build } else { Way::Merge };
        (published.job(tab).to_owned(), by)
    };
    if let Some(tab) = tab {
        return vec![job(tab)];
    }
    let any_broke = across.iter().any(TabAcross::is_hit);
    let names: BTreeSet<TabName> = across
        .iter()
        .filter(|tab| !any_broke || tab.is_hit())
        .map(|tab| TabName {
            dashboard: tab.dashboard.clone(),
            tab: tab.tab.clone(),
        })
        .collect();
    names
        .iter()
        .filter_map(|name| published.catalog.tab(&name.dashboard, &name.tab).ok())
        .map(job)
        .collect()
}

/// Says how a commit can reach the jobs: the closest of all ways. Where no run had any version of the range,
/// how it can reach any job that there is.
fn judge(line: &mut CommitLine, impact: Option<&dyn Impact>, jobs: &[(String, Way)]) {
    let Some(impact) = impact else {
        return;
    };
    let built = jobs.iter().any(|(_, by)| *by == Way::Build);
    let by = if built { Way::Build } else { Way::Merge };
    line.can_reach = impact.reached(&line.repo, &line.sha, by);
    line.reach = jobs
        .iter()
        .map(|(job, by)| impact.reach(&line.repo, &line.sha, job, *by))
        .min()
        .unwrap_or_else(|| impact.reach_any(&line.repo, &line.sha, by));
}
