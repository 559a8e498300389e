//! Simulated worlds: the commit that is to blame must be in the map, and most others must not.

use std::collections::BTreeSet;

use model::impact::Effect;
use seamgrid::{
    infra::impact::{ImpactMap, Indexer},
    settings::{Settings, load_settings},
    simulate::{Incident, Scale, SimulateOptions, simulate, truth::Truth},
};
use tempfile::TempDir;

const REPO: &str = "kubernetes/test-infra";
/// 20 November 2026, 11:00 UTC.
const END_MS: i64 = 1_795_172_400_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

struct World {
    _folder: TempDir,
    truth: Truth,
    map: ImpactMap,
}

fn world(seed: u64, days: u32, incident: Incident) -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let simulated = simulate(&SimulateOptions {
        out: folder.path().to_owned(),
        seed,
        days,
        scale: Scale::Small,
        incident,
        end_ms: Some(END_MS),
    })
    .expect("a world");
    let settings: Settings =
        load_settings(Some(&folder.path().join("seamgrid.yaml"))).expect("right");
    let mut indexer = Indexer::new(&settings.infra);
    for (repo, path) in &simulated.truth.repositories {
        if indexer.repositories().contains(&repo.as_str()) {
            let path = folder.path().join(path);
            let indexed = indexer.update(repo, &path, END_MS).expect("it can be read");
            assert_eq!(indexed.problems, [] as [String; 0]);
        }
    }
    World {
        map: indexer.map(),
        truth: simulated.truth,
        _folder: folder,
    }
}

#[test]
fn the_culprit_is_in_the_map_and_few_others_are() {
    let (mut found, mut pairs, mut incidents, mut whole) = (0, 0, 0, 0);
    let (mut listed, mut merged, mut windows, mut none) = (0_usize, 0_usize, 0_usize, 0_usize);
    for seed in 1..=3 {
        for incident in [Incident::Boskos, Incident::ImageBump] {
            let world = world(seed, 12, incident);
            let (truth, map) = (&world.truth, &world.map);
            let story = truth.incident.as_ref().expect("there is one");
            for period in &story.periods {
                let culprit = period.began_with.as_ref().expect("a commit began it");
                let hit: BTreeSet<&str> = story.jobs.iter().map(String::as_str).collect();
                assert!(!hit.is_empty());
                let edges = hit
                    .iter()
                    .filter(|job| {
                        matches!(
                            map.effect(REPO, culprit, job),
                            Effect::Own { .. } | Effect::Service { .. }
                        )
                    })
                    .count();
                incidents += 1;
                whole += usize::from(edges == hit.len());
                found += edges;
                pairs += hit.len();
            }
            let releases = truth.jobs.iter().filter(|job| {
                job.tabs
                    .iter()
                    .any(|(name, _)| name.starts_with("sig-release-"))
            });
            for job in releases {
                let mut from = truth.begin_ms;
                while from + DAY_MS <= truth.end_ms {
                    let window = (from, from + DAY_MS);
                    let all = map
                        .commits(REPO)
                        .filter(|commit| commit.at_ms > window.0 && commit.at_ms <= window.1)
                        .count();
                    let reaching = map.commits_reaching(REPO, &job.name, window).len();
                    listed += reaching;
                    merged += all;
                    windows += 1;
                    none += usize::from(reaching == 0);
                    from += 6 * HOUR_MS;
                }
            }
        }
    }
    let recall = found as f64 / pairs as f64;
    let share = listed as f64 / merged as f64;
    println!(
        "planted incidents: {whole} of {incidents} whole, edges of the culprit {found} of {pairs} ({:.1} %)",
        100.0 * recall
    );
    println!(
        "windows of 24 hours of release tabs: {windows}; merges {:.2}, listed {:.2} ({:.1} %), none in {:.0} %",
        merged as f64 / windows as f64,
        listed as f64 / windows as f64,
        100.0 * share,
        100.0 * none as f64 / windows as f64
    );
    assert!(recall >= 0.95, "{recall}");
    assert!(whole * 100 >= incidents * 95, "{whole} of {incidents}");
    assert!(share <= 0.2, "{share}");
}
