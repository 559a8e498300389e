//! How soon the overview names the change that broke many tabs, and how often another, in worlds that are read
//! as they happen.
//!
//! Worlds of the default size, on which the rule was not looked at (`SEAMGRID_SEEDS=5-8`), for two days on either
//! side of the change:
//!
//! | | boskos | image bump | product | outage | none |
//! |---|---|---|---|---|---|
//! | minutes from the change until it is named | 180, 360, 300, 150 | 60, 90, 60, 90 | | | |
//! | until runs of three jobs that it hit had ended | 204, 250, 222, 99 | 49, 48, 51, 68 | | | |
//! | by a count of three groups that broke | 240, 450, 330, 150 | | | | |
//! | looks of 184 at which another change is named | 14 (by a count of three: 130) | 17 | 22 | 3 | 11 |
//!
//! What cannot be told: a change before anything that it hits has ended. Jobs that lease from Boskos run every
//! three to twenty-four hours and take an hour, and more than half of their first runs pass. Changes that came
//! in the same runs are named beside it.

use std::{
    collections::BTreeSet,
    env, fs,
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
};

use app::api::Read as _;
use model::{infra::same_version, wire::infra::InfraChange};
use seamgrid::simulate::{Incident, Scale, truth::BuildTruth};

use super::{
    agreement::seeds,
    world::{NOW_MS, Which, World},
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The time at which the world is looked at; one test uses it.
static MOMENT: AtomicI64 = AtomicI64::new(NOW_MS);

fn moment() -> i64 {
    MOMENT.load(Ordering::Relaxed)
}

/// How far a build has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begun,
    Whole,
}

fn stage(build: &BuildTruth, at_ms: i64) -> Option<Stage> {
    match build.finished_ms {
        Some(ended_ms) if ended_ms <= at_ms => Some(Stage::Whole),
        // What never ends tells no more than at its beginning.
        None if build.started_ms <= at_ms => Some(Stage::Whole),
        _ if build.started_ms <= at_ms => Some(Stage::Begun),
        _ => None,
    }
}

/// Where builds wait for their time.
const LATER: &str = "later";

/// Takes all builds out of the bucket.
fn hold_back<'a>(out: &Path, builds: impl Iterator<Item = &'a BuildTruth>) {
    for build in builds {
        let later = out.join(LATER).join(&build.path);
        fs::create_dir_all(later.parent().expect("a folder")).expect("a folder");
        fs::rename(out.join("bucket").join(&build.path), later).expect("a build");
    }
}

/// Puts into the bucket what there is of a build from now on.
fn put(out: &Path, build: &BuildTruth, stage: Stage) {
    let (from, to) = (
        out.join(LATER).join(&build.path),
        out.join("bucket").join(&build.path),
    );
    match stage {
        Stage::Begun => {
            fs::create_dir_all(&to).expect("a folder");
            for name in ["started.json", "prowjob.json", "clone-records.json"] {
                if from.join(name).exists() {
                    fs::copy(from.join(name), to.join(name)).expect("a file");
                }
            }
        }
        Stage::Whole => {
            if to.exists() {
                fs::remove_dir_all(&to).expect("a folder");
            }
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::rename(from, to).expect("a build");
        }
    }
}

/// Whether a change is the one to blame, or the one that brought it.
fn is_culprit(world: &World, change: &InfraChange) -> bool {
    let Some(incident) = &world.truth.incident else {
        return false;
    };
    let bad = incident.bad_version.as_deref();
    let brought = |commit: &Option<String>| {
        (commit.as_deref()).is_some_and(|commit| same_version(commit, &change.to))
    };
    (change.component == incident.culprit && bad.is_some_and(|bad| same_version(bad, &change.to)))
        || (change.component == "job-config"
            && incident.periods.iter().any(|it| brought(&it.began_with)))
}

/// What was named over time in some worlds.
#[derive(Debug, Default)]
struct Named {
    /// By world that has a culprit: minutes from the change until it was named; `None` where it was not in
    /// the time that was looked at.
    after_mins: Vec<Option<i64>>,
    /// By the same: minutes from the change until runs of three jobs that it hit had ended.
    third_mins: Vec<i64>,
    /// How often a world was looked at.
    looks: usize,
    /// How often of those a change was named that is not to blame.
    wrong_looks: usize,
}

impl Named {
    /// Looks every half an hour for so many hours after what happened, and every four hours for two days on
    /// either side of it.
    async fn note(&mut self, incident: Incident, seed: u64, hours: i64) {
        let which = Which {
            incident,
            seed,
            scale: Scale::Default,
        };
        let mut world = World::read(which, [moment, moment], |out, truth| {
            hold_back(out, truth.jobs.iter().flat_map(|it| &it.builds));
        })
        .await;
        let truth = world.truth.clone();
        let story = truth.incident.as_ref();
        let began_ms = story.map_or(NOW_MS - 3 * 24 * HOUR_MS, |it| it.periods[0].from_ms);
        let before = (1..=12).rev().map(|it| began_ms - it * 4 * HOUR_MS);
        let during = (0..=2 * hours).map(|it| began_ms + it * 30 * MINUTE_MS);
        let after = (hours / 4 + 1..=12).map(|it| began_ms + it * 4 * HOUR_MS);
        let out = world.path();
        let mut builds: Vec<(&BuildTruth, Option<Stage>)> = (truth.jobs.iter())
            .flat_map(|it| &it.builds)
            .map(|build| (build, None))
            .collect();
        let mut named_ms = None;
        let mut wrong = BTreeSet::new();
        for at_ms in before.chain(during).chain(after) {
            for (build, known) in &mut builds {
                let stage = stage(build, at_ms);
                if stage != *known {
                    put(&out, build, stage.expect("nothing goes away"));
                    *known = stage;
                }
            }
            MOMENT.store(at_ms, Ordering::Relaxed);
            world.update().await;
            let mut is_wrong = false;
            let hours = (at_ms - began_ms) as f64 / HOUR_MS as f64;
            for (change, text) in named(&world) {
                let tell = |what| eprintln!("{seed} {} {hours:+} h{what}: {text}", incident.name());
                if is_culprit(&world, &change) {
                    if named_ms.is_none() {
                        tell("");
                    }
                    named_ms.get_or_insert(at_ms);
                } else {
                    is_wrong = true;
                    if wrong.insert((change.component, change.to)) {
                        tell(" wrong");
                    }
                }
            }
            self.looks += 1;
            self.wrong_looks += usize::from(is_wrong);
        }
        if story.is_some_and(|it| it.bad_version.is_some() && incident != Incident::Product) {
            let mut ends: Vec<i64> = (truth.jobs.iter())
                .filter_map(|job| {
                    let hit = job.builds.iter().filter(|it| it.hit_by_incident);
                    hit.filter_map(|it| it.finished_ms).min()
                })
                .collect();
            ends.sort_unstable();
            let mins = |ms: i64| (ms - began_ms) / MINUTE_MS;
            self.third_mins.push(mins(ends[2]));
            self.after_mins.push(named_ms.map(mins));
        }
    }
}

/// The changes that the overview names, and how. A roll-back that did not hold is named for another reason.
fn named(world: &World) -> Vec<(InfraChange, String)> {
    let feed = world.reader.infra_feed();
    let mut notes = world.reader.releases().expect("releases").notes;
    notes.retain(|note| feed.alarms.iter().all(|it| it.sentence != note.text));
    let changes = feed.changes.iter().filter_map(|change| {
        let url = app::paths::compare(&change.component, &change.from, &change.to);
        let note = notes.iter().find(|it| it.url == url)?;
        Some((change.clone(), note.text.clone()))
    });
    changes.collect()
}

/// The middle one; what was never named is later than all.
fn median(mins: &[Option<i64>]) -> i64 {
    let mut mins: Vec<i64> = mins.iter().map(|it| it.unwrap_or(i64::MAX)).collect();
    mins.sort_unstable();
    mins[mins.len() / 2]
}

#[tokio::test]
async fn the_overview_names_the_change_and_no_other() {
    let (incidents, hours) = match env::var_os("SEAMGRID_SEEDS") {
        Some(_) => (&Incident::ALL[..], 12),
        None => (&[Incident::ImageBump][..], 3),
    };
    let mut of_all = Vec::new();
    for &incident in incidents {
        let mut named = Named::default();
        for seed in seeds(3..=3) {
            named.note(incident, seed, hours).await;
        }
        eprintln!("{}: {named:?}", incident.name());
        of_all.push(named);
    }
    for named in of_all {
        assert!(named.wrong_looks * 100 <= named.looks * 15, "{named:?}");
        if !named.after_mins.is_empty() {
            assert!(median(&named.after_mins) <= 300, "{named:?}");
        }
    }
}
