//! How many runs fail before or outside of their tests: a sign of the infrastructure that needs no
//! version to be known.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use model::{
    infra::ComponentKind,
    trail::{ComponentTrail, Passage, RunOutcome, Trail, is_worse},
    wire::{
        NamedLink,
        infra::{Weather, WeatherLine, WeatherRun},
    },
};

use super::{Component, order::Versions, time};
use crate::read::published::Published;

const HOUR_MS: i64 = 3_600_000;
/// What counts as now.
const NOW_MS: i64 = 24 * HOUR_MS;
/// What it is compared with: the two weeks before.
const BEFORE_MS: i64 = 14 * 24 * HOUR_MS;
/// How many runs are listed.
const RUNS: usize = 50;
/// How many lines of each kind are listed.
const LINES: usize = 40;

/// The weather at `now_ms`. Of each version in use lately it is told how its runs do; the versions of
/// `clusters` are build clusters.
pub(super) fn build_weather(published: &Published, clusters: &[&str], now_ms: i64) -> Weather {
    let mut weather = Weather::default();
    let mut lines: BTreeMap<String, HashMap<String, WeatherLine>> = BTreeMap::new();
    let mut runs: Vec<(i64, usize, u32)> = Vec::new();
    let mut versions: HashMap<String, Versions> = HashMap::new();
    for group in published.groups() {
        let Some(trail) = group.trail else { continue };
        // Newest first: what is too old ends it.
        let recent = trail
            .columns
            .partition_point(|passage| now_ms - passage.started_ms <= NOW_MS + BEFORE_MS);
        let columns = &trail.columns[..recent];
        for (column, passage) in (0..).zip(columns) {
            add(&mut weather.all, passage, now_ms);
            let is_now = now_ms - passage.started_ms <= NOW_MS;
            if passage.outcome == RunOutcome::Outside && is_now {
                runs.push((passage.started_ms, group.tab, column));
            }
            let counts = is_now && passage.outcome.is_over() && !clusters.is_empty();
            if counts && cluster_of(&trail, clusters, column).is_empty() {
                weather.without_cluster += 1;
            }
        }
        let infra = trail
            .components
            .iter()
            .filter(|it| it.kind == ComponentKind::Infra);
        for component in infra {
            for span in &component.spans {
                let (newest, end) = (span.newest as usize, span.oldest as usize + 1);
                let Some(columns) = columns.get(newest..end.min(columns.len())) else {
                    break;
                };
                let mut of = WeatherLine::default();
                for passage in columns {
                    add(&mut of, passage, now_ms);
                }
                if of.runs + of.runs_before == 0 {
                    continue;
                }
                let name = &*component.component;
                let versions = versions
                    .entry(name.to_owned())
                    .or_insert_with(|| versions_of(published, name));
                let lines = lines.entry(name.to_owned()).or_default();
                join(
                    lines
                        .entry(versions.name(&span.version).to_owned())
                        .or_default(),
                    &of,
                );
            }
        }
    }
    judge(&mut weather.all);
    for (component, versions) in lines {
        let of = versions
            .into_iter()
            .filter(|(_, line)| line.runs > 0)
            .map(|(version, line)| WeatherLine {
                component: component.clone(),
                version,
                ..line
            });
        if clusters.contains(&component.as_str()) {
            weather.clusters.extend(of);
        } else {
            weather.versions.extend(of);
        }
    }
    for lines in [&mut weather.clusters, &mut weather.versions] {
        lines.iter_mut().for_each(judge);
        lines.sort_by(|a, b| {
            let key = |line: &WeatherLine| {
                let share = line.outside * 10_000 / line.runs.max(1);
                Reverse((line.worse, share, line.runs))
            };
            (key(a), &a.component, &a.version).cmp(&(key(b), &b.component, &b.version))
        });
        lines.truncate(LINES);
    }
    runs.sort_by_key(|&(began_ms, ..)| Reverse(began_ms));
    weather.runs = runs
        .into_iter()
        .take(RUNS)
        .filter_map(|(began_ms, tab, column)| {
            let trail = published.trail(tab)?;
            let passage = trail.columns.get(column as usize)?;
            Some(WeatherRun {
                tab: published.tab_name(tab),
                build: passage.build.to_string(),
                time: time(began_ms),
                url: passage.url.to_string(),
                cluster: cluster_of(&trail, clusters, column),
            })
        })
        .collect();
    weather
}

/// The versions of an infra component by what runs call them: abbreviations of one are the same.
fn versions_of(published: &Published, name: &str) -> Versions {
    let component = Component {
        name: name.to_owned(),
        kind: ComponentKind::Infra,
        repo: String::new(),
    };
    Versions::new(published, &component, None)
}

/// The cluster of a run; empty when nothing tells it.
fn cluster_of(trail: &Trail, clusters: &[&str], column: u32) -> String {
    clusters
        .iter()
        .filter_map(|name| trail.component(name))
        .find_map(|component: &ComponentTrail| component.at(column))
        .unwrap_or_default()
        .to_owned()
}

/// Takes in a run that ended.
fn add(line: &mut WeatherLine, passage: &Passage, now_ms: i64) {
    if !passage.outcome.is_over() {
        return;
    }
    let outside = u32::from(passage.outcome == RunOutcome::Outside);
    if now_ms - passage.started_ms <= NOW_MS {
        line.runs += 1;
        line.outside += outside;
    } else {
        line.runs_before += 1;
        line.outside_before += outside;
    }
}

fn join(line: &mut WeatherLine, other: &WeatherLine) {
    line.runs += other.runs;
    line.outside += other.outside;
    line.runs_before += other.runs_before;
    line.outside_before += other.outside_before;
}

fn judge(line: &mut WeatherLine) {
    line.worse = is_worse(
        (line.outside_before, line.runs_before),
        (line.outside, line.runs),
    );
}

/// The weather as one line; `None` when no run ended lately. The cluster that does worst is named where
/// it does worse than before.
pub(super) fn note(weather: &Weather) -> Option<NamedLink> {
    let all = &weather.all;
    let worst = weather.clusters.iter().find(|line| line.worse);
    let worst = worst.map_or_else(String::new, |line| {
        format!(
            " On {} it is {} of {} ({}), before {}.",
            line.version,
            line.outside,
            line.runs,
            percent(line.outside, line.runs),
            percent(line.outside_before, line.runs_before),
        )
    });
    (all.runs > 0).then(|| NamedLink {
        text: format!(
            "Infra weather: {} of {} runs ({}) failed outside of their tests in the last day; {} in the two weeks before.{worst}",
            all.outside,
            all.runs,
            percent(all.outside, all.runs),
            percent(all.outside_before, all.runs_before),
        ),
        url: format!("{}#weather", app::paths::INFRA),
    })
}

fn percent(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "no runs".to_owned();
    }
    format!("{:.1} %", f64::from(part) * 100.0 / f64::from(whole))
}
