//! Drift: a component is said to have one version, and runs go on showing another for longer than deploys
//! of it usually take.

mod pinned;

pub use pinned::{Pin, declared_by};

use crate::{
    deploy::{Deploy, in_force},
    infra::same_version,
};

/// A version that a run was seen with: observed in its files or said by whoever uploaded it, never inferred
/// or declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting<'a> {
    /// When the run began, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it had.
    pub version: &'a str,
}

/// How long a deploy takes until runs show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// In milliseconds; a difference that lasts longer is drift.
    pub ms: i64,
    /// How many past deploys it follows from; 0 when it is the default.
    pub deploys: u32,
}

/// The lag of a component of which fewer than [`FEWEST`] deploys are known: an hour.
pub const DEFAULT_LAG_MS: i64 = 60 * 60_000;
/// How many deploys tell a usual lag.
pub const FEWEST: usize = 3;
/// How many deploys are looked at, the newest.
const MOST: usize = 10;
/// Shorter than that is no lag: clocks differ, and runs begin before they are scheduled.
const LEAST_LAG_MS: i64 = 10 * 60_000;

/// How long runs may show something else than what is declared: twice the upper median of what the last ten
/// deploys took, at least ten minutes; an hour where fewer than three are known. `deploys` are of one
/// component, `sightings` of all runs; both oldest first.
///
/// A deploy took until the last run that showed something else, of those before the next deploy and before a
/// run that showed it. A deploy that no run showed tells nothing, nor does one after which runs went on
/// differing.
pub fn usual_lag(deploys: &[Deploy], sightings: &[Sighting<'_>]) -> Lag {
    let mut took: Vec<i64> = Vec::new();
    for (index, deploy) in deploys.iter().enumerate().rev() {
        let until_ms = deploys.get(index + 1).map_or(i64::MAX, |next| next.at_ms);
        let from = sightings.partition_point(|seen| seen.at_ms < deploy.at_ms);
        let to = sightings.partition_point(|seen| seen.at_ms < until_ms);
        let seen = &sightings[from..to.max(from)];
        let Some(shown) = seen
            .iter()
            .rposition(|seen| same_version(seen.version, &deploy.version))
        else {
            continue;
        };
        let agrees = |seen: &Sighting<'_>| {
            in_force(&deploys[..=index], seen.at_ms, seen.at_ms)
                .iter()
                .any(|deploy| same_version(seen.version, &deploy.version))
        };
        if !seen[shown..].iter().all(agrees) {
            continue;
        }
        let last = seen[..shown].iter().rfind(|seen| !agrees(seen));
        took.push(last.map_or(0, |last| last.at_ms - deploy.at_ms));
        if took.len() == MOST {
            break;
        }
    }
    if took.len() < FEWEST {
        return Lag {
            ms: DEFAULT_LAG_MS,
            deploys: 0,
        };
    }
    took.sort_unstable();
    Lag {
        ms: (2 * took[took.len() / 2]).max(LEAST_LAG_MS),
        deploys: took.len() as u32,
    }
}

/// Whether a run had something else than was declared anywhere at any time within the lag before it began.
/// `None` where nothing had been declared for so long.
pub fn differs(deploys: &[Deploy], seen: &Sighting<'_>, lag_ms: i64) -> Option<bool> {
    let from_ms = seen.at_ms.saturating_sub(lag_ms);
    let declared = in_force(deploys, from_ms, seen.at_ms);
    declared.first().filter(|first| first.at_ms <= from_ms)?;
    Some(
        declared
            .iter()
            .all(|deploy| !same_version(seen.version, &deploy.version)),
    )
}

/// Since when a tab drifts: the first run of those up to its newest that all differ. `sightings` are of one
/// tab, oldest first. `None` when its newest run does not differ, or nothing can be said.
pub fn drifts_since(deploys: &[Deploy], sightings: &[Sighting<'_>], lag_ms: i64) -> Option<i64> {
    sightings
        .iter()
        .rev()
        .take_while(|seen| differs(deploys, seen, lag_ms) == Some(true))
        .last()
        .map(|first| first.at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    /// `a10` is version a at minute 10.
    fn sightings(said: &'static str) -> Vec<Sighting<'static>> {
        said.split_whitespace()
            .map(|said| Sighting {
                version: &said[..1],
                at_ms: said[1..].parse::<i64>().expect("minutes") * MINUTE,
            })
            .collect()
    }

    /// The same, of deploys; `a10/staging` is in staging.
    fn deploys(said: &'static str) -> Vec<Deploy> {
        said.split_whitespace()
            .map(|said| {
                let (said, environment) = said.split_once('/').unwrap_or((said, ""));
                Deploy {
                    version: said[..1].to_owned(),
                    at_ms: said[1..].parse::<i64>().expect("minutes") * MINUTE,
                    environment: environment.to_owned(),
                    ..Deploy::default()
                }
            })
            .collect()
    }

    #[test]
    fn the_usual_lag_follows_the_table() {
        let default = (DEFAULT_LAG_MS / MINUTE, 0);
        for (said, seen, lag) in [
            ("", "", default),
            ("a0 b100", "a10 b110", default),
            // At once: never less than ten minutes.
            ("a0 b100 c200", "a1 b101 c201", (10, 3)),
            // None, 20, 40 and 30 minutes: twice the upper median.
            (
                "a0 b100 c200 d300",
                "a1 a120 b130 b240 c250 c330 d340",
                (60, 4),
            ),
            // One that no run showed, and one after which runs differed, tell nothing.
            ("a0 b100 c200 d300", "a1 a120 a220 c230 c330 d340", (40, 3)),
            ("a0 b100 c200 d300", "a1 a120 b130 c230 x250 d340", (10, 3)),
            // What is declared elsewhere is no lag.
            (
                "a0/p a0/s b100/s b150/p c200/s",
                "a1 a120 b130 b160 b220 c230",
                (10, 4),
            ),
        ] {
            let found = usual_lag(&deploys(said), &sightings(seen));
            assert_eq!((found.ms / MINUTE, found.deploys), lag, "{said} / {seen}");
        }
    }

    #[test]
    fn drift_follows_the_table() {
        for (said, seen, since) in [
            ("", "a10", None),
            // Not long enough, then long enough.
            ("b100", "a90 a130", None),
            ("b100", "a90 a130 a160 a200", Some(160)),
            // It came in the end.
            ("b100", "a160 a200 b210", None),
            // Runs left what is declared, by whatever hand.
            ("b100", "b110 b170 a180 a240", Some(180)),
            // The one before counts for as long as a deploy may take.
            ("a0 b100", "a130", None),
            ("a0 b100", "a170", Some(170)),
            ("a0 b100", "c130", Some(130)),
            // Declared somewhere is declared.
            ("a0/p b0/s", "a100 b110 a120", None),
            ("a0/p b0/s", "c100 c110", Some(100)),
            // Nothing was said yet for long enough.
            ("b100", "a101 a140", None),
        ] {
            let found = drifts_since(&deploys(said), &sightings(seen), 60 * MINUTE);
            assert_eq!(found.map(|at| at / MINUTE), since, "{said} / {seen}");
        }
    }
}
