//! How many runs fail before or outside of their tests: a sign of the infrastructure that needs no
//! version to be known.

use std::{cmp::Reverse, collections::BTreeMap};

use model::{
    infra::ComponentKind,
    trail::RunOutcome,
    wire::{
        NamedLink,
        infra::{Weather, WeatherLine, WeatherRun},
    },
};

use super::time;
use crate::read::{Reader, published::Published};

const HOUR_MS: i64 = 3_600_000;
/// What counts as now.
const NOW_MS: i64 = 24 * HOUR_MS;
/// What it is compared with: the two weeks before.
const BEFORE_MS: i64 = 14 * 24 * HOUR_MS;
/// How many runs are listed.
const RUNS: usize = 50;
/// How many versions are listed.
const VERSIONS: usize = 40;

impl Reader {
    /// The weather at `now_ms`. Of each version in use lately it is told how its runs do.
    pub(super) fn weather(&self, published: &Published, now_ms: i64) -> Weather {
        let mut weather = Weather::default();
        let mut versions: BTreeMap<(String, String), WeatherLine> = BTreeMap::new();
        let mut runs: Vec<(i64, usize, u32)> = Vec::new();
        for group in published.groups() {
            let Some(trail) = group.trail else { continue };
            for (column, passage) in (0..).zip(&trail.columns) {
                let age_ms = now_ms - passage.started_ms;
                if !passage.outcome.is_over() || age_ms > NOW_MS + BEFORE_MS {
                    continue;
                }
                let outside = passage.outcome == RunOutcome::Outside;
                add(&mut weather.all, age_ms, outside);
                if outside && age_ms <= NOW_MS {
                    runs.push((passage.started_ms, group.tab, column));
                }
                let infra = trail
                    .components
                    .iter()
                    .filter(|it| it.kind == ComponentKind::Infra);
                for component in infra {
                    let Some(version) = component.at(column) else {
                        continue;
                    };
                    let key = (component.component.to_string(), version.to_owned());
                    add(versions.entry(key).or_default(), age_ms, outside);
                }
            }
        }
        weather.versions = versions
            .into_iter()
            .filter(|(_, line)| line.runs > 0)
            .map(|((component, version), line)| WeatherLine {
                component,
                version,
                ..line
            })
            .collect();
        weather
            .versions
            .sort_by_key(|line| Reverse((line.outside * 10_000 / line.runs.max(1), line.runs)));
        weather.versions.truncate(VERSIONS);
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
                })
            })
            .collect();
        weather
    }
}

fn add(line: &mut WeatherLine, age_ms: i64, outside: bool) {
    if age_ms <= NOW_MS {
        line.runs += 1;
        line.outside += u32::from(outside);
    } else {
        line.runs_before += 1;
        line.outside_before += u32::from(outside);
    }
}

/// The weather as one line; `None` when no run ended lately.
pub(super) fn note(weather: &Weather) -> Option<NamedLink> {
    let all = &weather.all;
    (all.runs > 0).then(|| NamedLink {
        text: format!(
            "Infra weather: {} of {} runs ({}) failed outside of their tests in the last day; {} in the two weeks before.",
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
