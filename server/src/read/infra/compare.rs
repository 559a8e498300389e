//! What lies between two versions, and what happened across it on every tab.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use model::{
    history::{Between, Resolved},
    infra::{ComponentKind, same_version, short_version},
    reach::{Impact, Reach},
    trail::{MoveGlyph, Step, Trail, is_worse},
    transition::{TurnKind, compare_url},
    wire::{
        WireError,
        infra::{
            CommitLine, CompareCounts, Comparison, Direction, Endpoint, ProductMove, TabAcross,
            TabName,
        },
    },
};
use serde::Deserialize;

use super::{
    Component, Group,
    histories::{Histories, Known},
    order::{Range, Versions},
    time,
};
use crate::{
    clock::now_ms,
    read::{Reader, published::Published},
};

/// How many commits are listed.
const COMMITS: usize = 1_000;
/// How many tabs are listed.
const TABS: usize = 500;
/// How many rows of each kind a tab lists.
const ROWS: usize = 30;
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
        let published = self.published.load_full();
        let component = self.find_component(&published, query.component.trim())?;
        let tab = match (&query.dashboard, &query.tab) {
            (Some(dashboard), Some(tab)) => Some(published.catalog.tab(dashboard, tab)?),
            _ => None,
        };
        let histories = self.infra.histories.load_full();
        let known = histories.of(&component.repo);
        let versions = Versions::new(&published, &component, known);
        let (from, to) = (query.from.trim(), query.to.trim());
        let range = versions.range(from, to);
        let direction = versions.direction(from, to);

        let mut across = find_across(&published, &component, &range);
        across.sort_by_key(|tab| Reverse((tab.is_hit(), tab.exact, tab.broke, tab.bad, tab.fixed)));
        let counts = count(&published, &component, &across);
        let jobs = jobs_of(&published, tab, &across);

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
            brought_by: self
                .brought_by(&histories, &component, &versions, &range)
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
            repo: Some(component.repo.clone()),
            component: component.name,
            kind: component.kind,
        })
    }

    fn endpoint(
        &self,
        histories: &Histories,
        component: &Component,
        versions: &Versions,
        version: &str,
    ) -> Endpoint {
        let seen = versions.seen(version);
        let known = histories.of(&component.repo);
        let (commit, problem) = match known {
            None => (None, None),
            Some(known) => match known.history.resolve(version) {
                Resolved::One(index) => {
                    let line = self.commit_line(histories, known, index);
                    let problem = (known.history.branches_with(index).next().is_none()).then(|| {
                        format!(
                            "{} is on no branch of {} any more: its branch was rewritten or deleted.",
                            short_version(version),
                            known.name
                        )
                    });
                    (Some(line), problem)
                }
                Resolved::Ambiguous(count) => (
                    None,
                    Some(format!(
                        "“{version}” begins the names of {count} commits of {}: give more digits.",
                        known.name
                    )),
                ),
                Resolved::Unknown => (None, Some(unknown(histories, known, version))),
            },
        };
        Endpoint {
            version: version.to_owned(),
            commit,
            problem,
            first_seen: seen.map(|seen| time(seen.first_ms)),
            last_seen: seen.map(|seen| time(seen.last_ms)),
        }
    }

    /// Commits that moved the component a part of this way, newest first.
    pub(super) fn brought_by(
        &self,
        histories: &Histories,
        component: &Component,
        versions: &Versions,
        range: &Range<'_>,
    ) -> Vec<(Arc<Known>, u32)> {
        let mut found = Vec::new();
        for known in histories.all() {
            for &index in &known.bumping {
                let moves = known.commit(index).bumps.iter().any(|bump| {
                    let (Some(from), Some(to)) = (bump.from.as_deref(), bump.to.as_deref()) else {
                        return false;
                    };
                    if versions.find(from).is_none() && versions.find(to).is_none() {
                        let owner = self.component_of(histories, &bump.what, Some(to));
                        if owner != Some(component.name.as_str()) {
                            return false;
                        }
                    }
                    range.touches(from, to)
                });
                if moves {
                    found.push((known.clone(), index));
                }
            }
        }
        found.sort_by_key(|(known, index)| Reverse(known.commit(*index).at_ms));
        found.truncate(BROUGHT);
        found
    }
}

/// A version as the forge takes it: its commit where it is known.
fn bare(versions: &Versions, version: &str) -> String {
    let name = versions.name_of(version);
    model::history::commit_in(&name).unwrap_or(&name).to_owned()
}

/// Why a version is not known.
fn unknown(histories: &Histories, known: &Known, version: &str) -> String {
    if let Some(other) = histories
        .all()
        .find(|other| other.name != known.name && other.find(version).is_some())
    {
        return format!(
            "“{version}” is not a commit of {}, but of {}.",
            known.name, other.name
        );
    }
    match known.fetched_ms() {
        None => format!("{} has not been fetched yet.", known.name),
        Some(at_ms) => {
            let minutes = (now_ms() - at_ms).max(0) / 60_000;
            let age = match minutes {
                0 => "less than a minute".to_owned(),
                1 => "a minute".to_owned(),
                2..120 => format!("{minutes} minutes"),
                _ => format!("{} hours", minutes / 60),
            };
            format!(
                "“{version}” is in no mirror: it may be newer than the last fetch of {} ({age} ago), or on no branch.",
                known.name
            )
        }
    }
}

fn sentence(
    component: &Component,
    from: &str,
    to: &str,
    direction: Direction,
    commits: usize,
    lost: usize,
) -> String {
    let plural = |count: usize| {
        if count == 1 {
            "1 commit".to_owned()
        } else {
            format!("{count} commits")
        }
    };
    let (from, to) = (short_version(from), short_version(to));
    let repo = &component.repo;
    match direction {
        Direction::Same => format!("{from} and {to} are the same version."),
        Direction::Forward => format!("{to} is {} after {from} in {repo}.", plural(commits)),
        Direction::Backward => format!(
            "{to} is older than {from}: going there takes away {} of {repo}.",
            plural(commits)
        ),
        Direction::Apart => format!(
            "{from} and {to} are on lines of {repo} that part: {} only in {to}, {} only in {from}.",
            plural(commits),
            plural(lost)
        ),
        Direction::SeenLater => {
            format!("Runs had {from} before {to}; what landed between is not known.")
        }
        Direction::SeenEarlier => format!(
            "Runs had {to} before {from}, so this goes back; what lies between is not known."
        ),
        Direction::Unknown => format!("How {from} and {to} lie to each other is not known."),
    }
}

/// Every test group whose tab saw a part of the way.
fn find_across(published: &Published, component: &Component, range: &Range<'_>) -> Vec<TabAcross> {
    published
        .groups()
        .filter_map(|group| {
            let trail = group.trail.clone()?;
            across(published, component, range, &group, &trail)
        })
        .collect()
}

fn across(
    published: &Published,
    component: &Component,
    range: &Range<'_>,
    group: &Group<'_>,
    trail: &Trail,
) -> Option<TabAcross> {
    let of = trail.component(&component.name)?;
    let steps: Vec<Step<'_>> = of
        .steps()
        .filter(|step| range.touches(step.from, step.to))
        .collect();
    let (newest, oldest) = (steps.first()?, steps.last()?);
    let broke = trail.turned(of, TurnKind::Broke, &steps);
    let fixed = trail.turned(of, TurnKind::Fixed, &steps);
    let (before, after) = trail.outcomes(of, &steps);
    let glyph = steps
        .iter()
        .map(|step| trail.glyph(step.older, step.newer))
        .reduce(|a, b| if a == b { a } else { MoveGlyph::Both })
        .unwrap_or(MoveGlyph::Unknown);
    let entry = &published.catalog.tabs()[group.tab];
    let build = |column: u32| trail.columns[column as usize].build.to_string();
    let rows = |turned: &[&model::trail::RowTurn]| -> Vec<String> {
        turned
            .iter()
            .take(ROWS)
            .map(|turn| turn.row.to_string())
            .collect()
    };
    Some(TabAcross {
        dashboard: entry.dashboard.clone(),
        tab: entry.tab.name.clone(),
        branch: published.branches[group.tab].clone(),
        job: entry.group.name.clone(),
        also: group
            .others
            .iter()
            .map(|&tab| published.tab_name(tab))
            .collect(),
        seams: steps.len() as u32,
        build: build(newest.newer),
        time: time(trail.started_ms(newest.newer)),
        before: build(oldest.older),
        from: oldest.from.to_owned(),
        to: newest.to.to_owned(),
        certain: steps.iter().all(|step| step.certain),
        exact: steps.iter().all(|step| range.is_whole(step.from, step.to)),
        broke: broke.len() as u32,
        fixed: fixed.len() as u32,
        worse: is_worse(before, after),
        runs: after.1,
        bad: after.0,
        runs_before: before.1,
        bad_before: before.0,
        broke_rows: rows(&broke),
        fixed_rows: rows(&fixed),
        glyph,
        product: products(trail, component, &steps),
    })
}

/// The products that moved across these seams; of several the one way from the oldest to the newest.
fn products(trail: &Trail, component: &Component, steps: &[Step<'_>]) -> Vec<ProductMove> {
    let mut moves: Vec<ProductMove> = Vec::new();
    let others = trail
        .components
        .iter()
        .filter(|it| it.kind == ComponentKind::Product && *it.component != *component.name);
    for product in others {
        for step in steps {
            let (Some(from), Some(to)) = (product.at(step.older), product.at(step.newer)) else {
                continue;
            };
            if same_version(from, to) {
                continue;
            }
            match moves
                .iter_mut()
                .find(|known| known.repo == *product.component)
            {
                // Newest step first: this one is older.
                Some(known) => from.clone_into(&mut known.from),
                None => moves.push(ProductMove {
                    repo: product.component.to_string(),
                    from: from.to_owned(),
                    to: to.to_owned(),
                }),
            }
        }
    }
    moves
}

fn count(published: &Published, component: &Component, tabs: &[TabAcross]) -> CompareCounts {
    let have = published
        .groups()
        .filter_map(|group| group.trail)
        .filter(|trail| {
            trail
                .component(&component.name)
                .is_some_and(|it| !it.spans.is_empty())
        })
        .count();
    let mut counts = CompareCounts {
        seen: tabs.len() as u32,
        have: have as u32,
        ..CompareCounts::default()
    };
    let mut branches = BTreeSet::new();
    for tab in tabs {
        counts.broke += u32::from(tab.is_hit());
        counts.fixed += u32::from(tab.fixed > 0);
        counts.rows_broke += tab.broke;
        counts.rows_fixed += tab.fixed;
        counts.broke_infra_only += u32::from(tab.is_hit() && tab.glyph == MoveGlyph::Infra);
        if tab.is_hit() {
            branches.extend(tab.branch.as_deref());
        }
    }
    counts.branches_broke = branches.len() as u32;
    counts
}

/// The jobs that commits are looked at for: the tab's, else those of the tabs that broke, else those
/// of all that saw the change.
fn jobs_of(published: &Published, tab: Option<usize>, across: &[TabAcross]) -> Vec<String> {
    if let Some(tab) = tab {
        return vec![published.job(tab).to_owned()];
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
        .map(|tab| published.job(tab).to_owned())
        .collect()
}

/// Says how a commit can reach the jobs: the closest of all ways.
fn judge(line: &mut CommitLine, impact: Option<&dyn Impact>, jobs: &[String]) {
    let Some(impact) = impact else {
        return;
    };
    line.can_reach = impact.reached(&line.repo, &line.sha);
    line.reach = jobs
        .iter()
        .map(|job| impact.reach(&line.repo, &line.sha, job))
        .min()
        .unwrap_or(Reach::Unknown);
}
