//! Simulated worlds: the commit that is to blame must be in the map, and most others must not.

use std::collections::BTreeSet;

use model::impact::Effect;
use seamgrid::{
    infra::impact::{ImpactMap, Indexer, Lag, hash_prowjob},
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
    folder: TempDir,
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
        folder,
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
    eprintln!(
        "planted incidents: {whole} of {incidents} whole, edges of the culprit {found} of {pairs} ({:.1} %)",
        100.0 * recall
    );
    eprintln!(
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

#[test]
fn runs_are_configured_by_the_commit_that_last_changed_their_job() {
    let world = world(1, 12, Incident::Boskos);
    let (truth, map) = (&world.truth, &world.map);
    let places: std::collections::HashMap<&str, usize> = map
        .commits(REPO)
        .enumerate()
        .map(|(place, commit)| (commit.sha.as_str(), place))
        .collect();
    let asked_by = |component: &str, at_ms: i64| {
        let mut deployed = truth
            .deployments
            .iter()
            .filter(|deployed| deployed.component == component && deployed.at_ms <= at_ms);
        let commit = deployed.next_back()?.asked_by.as_deref()?;
        places.get(commit).copied()
    };
    let lag = Lag {
        least_ms: 0,
        most_ms: HOUR_MS / 2,
    };
    let (mut builds, mut narrowed, mut right, mut decided) = (0, 0, 0, 0);
    for job in &truth.jobs {
        for build in &job.builds {
            let path = world
                .folder
                .path()
                .join("bucket")
                .join(&build.path)
                .join("prowjob.json");
            let Ok(bytes) = std::fs::read(path) else {
                continue;
            };
            let object: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
            let decorated = object["spec"]["decoration_config"]["utility_images"].is_object();
            let image = object["spec"]["pod_spec"]["containers"][0]["image"].as_str();
            let ours = image.is_some_and(|image| image.contains("k8s-staging-test-infra"));
            let created = object["metadata"]["creationTimestamp"]
                .as_str()
                .expect("a time");
            let created = chrono::DateTime::parse_from_rfc3339(created).expect("a time");
            let created_ms = created.timestamp_millis();
            let run = hash_prowjob(&bytes);
            let Some(window) = map.config_window(&job.name, created_ms, run, lag) else {
                continue;
            };
            builds += 1;
            narrowed += usize::from(window.narrowed);
            let expected = [
                asked_by("prow", created_ms).filter(|_| decorated),
                asked_by("test-infra-images", created_ms).filter(|_| ours),
            ];
            let Some(expected) = expected.into_iter().flatten().max() else {
                continue;
            };
            if let Some(commit) = window.defined_by {
                decided += 1;
                right += usize::from(places[commit.as_str()] == expected);
            }
        }
    }
    eprintln!(
        "{builds} builds: {narrowed} windows narrowed by the ProwJob, {right} of {decided} configured by the commit that deployed last"
    );
    assert!(builds > 100, "{builds}");
    assert!(narrowed * 100 >= builds * 90, "{narrowed} of {builds}");
    assert!(
        right * 100 >= decided * 95 && decided * 2 > builds,
        "{right} of {decided}"
    );
}
