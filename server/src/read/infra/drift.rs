//! What deploys, and the commits that pin components, say of them, against what runs show.

use std::{cmp::Reverse, collections::HashMap};

use model::{
    deploy::{Deploy, in_force},
    drift::{Lag, Sighting, differs, drifts_since, usual_lag},
    history::commit_in,
    infra::{ComponentKind, short_version},
    trail::{ComponentTrail, Trail},
    wire::{
        NamedLink,
        drift::{Declared, DeployLine, RunningLine},
        infra::TabName,
    },
};

use super::{Component, histories::Histories, order::Versions, pins::pins, time};
use crate::read::{PublishError, Reader, What, published::Published};

/// How many tabs are named.
const TABS: usize = 20;
/// A tab without a run since then tells nothing of the present.
const RECENT_MS: i64 = 3 * 24 * 3_600_000;

/// All deploys that were reported.
#[derive(Debug, Default)]
pub(in crate::read) struct Deploys {
    /// By component, oldest first.
    by_component: HashMap<String, Vec<Deploy>>,
    /// How many there are.
    count: i64,
}

impl Deploys {
    /// Those of one component, oldest first.
    pub(in crate::read) fn of(&self, component: &str) -> &[Deploy] {
        self.by_component
            .get(component)
            .map_or(&[], |deploys| deploys)
    }
}

impl Reader {
    /// Reads the deploys when some were reported; then runs may have other versions, too.
    pub(in crate::read) async fn publish_deploys(&self) -> Result<(), PublishError> {
        let count = self.store.count_deploys().await?;
        if count == self.infra.deploys.load().count {
            return Ok(());
        }
        let mut by_component: HashMap<String, Vec<Deploy>> = HashMap::new();
        for mut deploy in self.store.load_deploys().await? {
            // As runs name it.
            if let Some(commit) = commit_in(&deploy.version) {
                deploy.version = String::from(commit);
            }
            by_component
                .entry(deploy.component.clone())
                .or_default()
                .push(deploy);
        }
        let deploys = Deploys {
            by_component,
            count,
        };
        self.infra.deploys.store(deploys.into());
        self.changes.tell(What::All);
        if !self.declares.is_empty() {
            self.publish_all_again();
        }
        Ok(())
    }

    /// Every component of which deploys were reported, or of which a mirrored repository tells what it
    /// declares it to be: those that drift first, then by name. A report is nearer to what runs than a commit.
    pub(super) fn all_declared(
        &self,
        published: &Published,
        histories: &Histories,
        now_ms: i64,
    ) -> Vec<Declared> {
        let deploys = self.infra.deploys.load();
        let reported = deploys.by_component.iter().map(|(name, of)| {
            let configured = self.components.iter().find(|known| known.name == *name);
            let repo = configured.map(|known| known.repo.clone());
            (name, repo.unwrap_or_default(), of.clone(), Word::Report)
        });
        let pinned = self
            .components
            .iter()
            .filter(|known| !deploys.by_component.contains_key(&known.name))
            .map(|known| {
                let of = pins(histories, &known.name);
                (&known.name, known.repo.clone(), of, Word::Commit)
            });
        let mut all: Vec<Declared> = reported
            .chain(pinned)
            .filter(|(_, _, of, _)| !of.is_empty())
            .filter_map(|(name, repo, of, word)| {
                let component = Component {
                    name: name.clone(),
                    kind: ComponentKind::Infra,
                    repo,
                };
                let known = histories.of(&component.repo);
                let versions = Versions::new(published, &component, known);
                let declared = declared(published, &component, &versions, (&of, word), now_ms);
                // What no run shows by itself cannot be compared with what a commit says.
                let shown = declared.agreeing + declared.before + declared.tab_count > 0;
                (word == Word::Report || shown).then_some(declared)
            })
            .collect();
        all.sort_by(|a, b| (!a.drifts(), &a.component).cmp(&(!b.drifts(), &b.component)));
        all
    }

    /// The components that drift.
    pub fn drifting(&self) -> Vec<Declared> {
        let feed = self.infra_feed();
        let drifting = feed.declared.iter().filter(|declared| declared.drifts());
        drifting.cloned().collect()
    }
}

/// What is to be told of a component that drifts, as a line that leads to more.
pub(super) fn note(declared: &Declared) -> Option<NamedLink> {
    declared.drifts().then(|| NamedLink {
        text: declared.sentence.clone(),
        url: format!(
            "{}#declared",
            app::paths::infra_component(&declared.component)
        ),
    })
}

/// Who says what a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// Whoever deployed it.
    Report,
    /// The repository that pins it.
    Commit,
}

fn declared(
    published: &Published,
    component: &Component,
    versions: &Versions,
    (deploys, word): (&[Deploy], Word),
    now_ms: i64,
) -> Declared {
    // Runs call a version by its longest known name.
    let deploys: Vec<Deploy> = deploys
        .iter()
        .map(|deploy| Deploy {
            version: versions.name_of(&deploy.version),
            ..deploy.clone()
        })
        .collect();
    let trails: Vec<(usize, std::sync::Arc<Trail>)> = published
        .groups()
        .filter_map(|group| Some((group.tab, group.trail?)))
        .collect();
    let by_tab: Vec<(usize, Vec<Sighting<'_>>)> = trails
        .iter()
        .filter_map(|(tab, trail)| {
            let seen = sightings(trail, trail.component(&component.name)?, word);
            Some((*tab, seen))
        })
        .collect();
    let mut seen: Vec<Sighting<'_>> = by_tab.iter().flat_map(|(_, seen)| seen).copied().collect();
    seen.sort_by_key(|seen| seen.at_ms);
    let lag = usual_lag(&deploys, &seen);

    let mut running: HashMap<&str, RunningLine> = HashMap::new();
    let (mut agreeing, mut before, mut since_ms) = (0, 0, None);
    let mut all_tabs: Vec<TabName> = Vec::new();
    for (tab, seen) in &by_tab {
        let Some(newest) = seen.last().filter(|last| now_ms - last.at_ms <= RECENT_MS) else {
            continue;
        };
        let of_group = published.beside(*tab).len() as u32;
        match differs(&deploys, newest, lag.ms) {
            // A tab that never had what commits declare is configured elsewhere.
            Some(true) if word == Word::Commit && !followed(&deploys, seen, lag) => continue,
            Some(true) => {}
            Some(false) => {
                let as_of_now = Sighting {
                    at_ms: now_ms,
                    ..*newest
                };
                match differs(&deploys, &as_of_now, lag.ms) {
                    Some(true) => before += of_group,
                    _ => agreeing += of_group,
                }
                continue;
            }
            None => continue,
        }
        let since = drifts_since(&deploys, seen, lag.ms);
        since_ms = since_ms.into_iter().chain(since).min();
        all_tabs.extend(published.names_beside(*tab));
        let name = versions.name(newest.version);
        let line = running.entry(name).or_insert_with(|| RunningLine {
            version: name.to_owned(),
            tabs: 0,
            last: time(newest.at_ms),
        });
        line.tabs += of_group;
        line.last = line.last.max(time(newest.at_ms));
    }
    all_tabs.sort();
    let tab_count = all_tabs.len() as u32;
    let mut differing: Vec<RunningLine> = running.into_values().collect();
    differing.sort_by(|a, b| (Reverse(a.tabs), &a.version).cmp(&(Reverse(b.tabs), &b.version)));
    let mut now = in_force(&deploys, now_ms, now_ms);
    now.reverse();
    Declared {
        sentence: sentence(
            &component.name,
            &now,
            &differing,
            (tab_count, agreeing, before),
            lag,
        ),
        component: component.name.clone(),
        deploys: now
            .into_iter()
            .map(|deploy| DeployLine {
                version: deploy.version.clone(),
                environment: deploy.environment.clone(),
                time: time(deploy.at_ms),
                reporter: deploy.reporter.clone(),
                source: deploy.source.clone(),
            })
            .collect(),
        differing,
        agreeing,
        before,
        since: since_ms.map(time),
        tabs: all_tabs.iter().take(TABS).cloned().collect(),
        all_tabs,
        tab_count,
        lag_secs: (lag.ms / 1000).unsigned_abs(),
        lag_deploys: lag.deploys,
    }
}

/// Whether any run of a tab had what was declared then.
fn followed(deploys: &[Deploy], seen: &[Sighting<'_>], lag: Lag) -> bool {
    seen.iter()
        .any(|seen| differs(deploys, seen, lag.ms) == Some(false))
}

/// What a tab's runs show of a component by themselves, oldest first. The image of a job is pinned for each
/// job by itself, which tells nothing of the others.
fn sightings<'a>(trail: &'a Trail, of: &'a ComponentTrail, word: Word) -> Vec<Sighting<'a>> {
    of.spans
        .iter()
        .rev()
        .filter(|span| span.is_observed())
        .filter(|span| word == Word::Report || !span.is_of_own_image())
        .flat_map(|span| {
            // What tells builds of one image apart is no part of what is deployed.
            let version = span
                .version
                .split_once('@')
                .map_or(&*span.version, |(version, _)| version);
            (span.newest..=span.oldest)
                .rev()
                .map(move |column| Sighting {
                    at_ms: trail.started_ms(column),
                    version,
                })
        })
        .collect()
}

/// `(tabs that drift, tabs that agree, tabs without a run since)`.
fn sentence(
    component: &str,
    now: &[&Deploy],
    differing: &[RunningLine],
    (tabs, agreeing, before): (u32, u32, u32),
    lag: Lag,
) -> String {
    let said: Vec<String> = now
        .iter()
        .map(|deploy| {
            let place = match deploy.environment.as_str() {
                "" => String::new(),
                environment => format!(" in {environment}"),
            };
            let at = time(deploy.at_ms).format("%-d %b %Y %H:%M UTC");
            format!("{}{place} since {at}", short_version(&deploy.version))
        })
        .collect();
    let said = format!("{component} is declared to be {}", said.join(", "));
    let of = |count: u32| match count {
        1 => "1 tab".to_owned(),
        count => format!("{count} tabs"),
    };
    let Some(worst) = differing.first() else {
        return match (agreeing, before) {
            (0, 0) => format!("{said}; no run of the last days shows what it is."),
            (_, 1..) => format!(
                "{said}, and the newest runs of {agreeing} of {} have it; the others had none since.",
                of(agreeing + before)
            ),
            (1, 0) => format!("{said}, and the newest run of the 1 tab that shows it has it."),
            (_, 0) => {
                format!("{said}, and the newest runs of all {agreeing} tabs that show it have it.")
            }
        };
    };
    let others = match differing.len() - 1 {
        0 => String::new(),
        1 => " and one other".to_owned(),
        more => format!(" and {more} others"),
    };
    let minutes = lag.ms / 60_000;
    let usual = match lag.deploys {
        0 => format!("{minutes} minutes are taken as usual until more changes are known"),
        deploys => format!("its last {deploys} changes say that {minutes} minutes are usual"),
    };
    format!(
        "{said}, but {} of {} run {}{others}; {usual}.",
        tabs,
        of(tabs + agreeing + before),
        short_version(&worst.version),
    )
}
