//! The real merges, and what the map tells of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Instant,
};

use model::impact::{ChangeLabel, Effect};
use seamgrid::{infra::impact::Indexer, settings::InfraSettings};

use super::rebuilt::rebuild;
use crate::shared::shared;

const REPO: &str = "kubernetes/test-infra";
const DAY_MS: i64 = 24 * 3_600_000;

#[test]
fn the_map_agrees_with_the_real_merges() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("test-infra.git");
    let rebuilt = rebuild(&path);
    let now_ms = rebuilt
        .merges
        .last()
        .map_or(0, |merge| merge.merged_s * 1000);
    let mut settings = InfraSettings::default();
    settings.job_configuration.days = 400;
    let mut indexer = Indexer::new(&settings);
    let began = Instant::now();
    let indexed = indexer.update(REPO, &path, now_ms).expect("it can be read");
    let millis = began.elapsed().as_millis();
    assert_eq!(indexed.problems, [] as [String; 0]);
    assert_eq!(indexed.commits.len(), rebuilt.merges.len() + 1);
    let map = &indexer.map();
    let (mut found, mut wanted, mut surplus, mut exact) = (0, 0, 0, 0);
    let (mut harness, mut by_script) = (0, 0);
    let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
    for ((commit, merge), expected) in map
        .commits(REPO)
        .skip(1)
        .zip(&rebuilt.merges)
        .zip(&rebuilt.expected)
    {
        let own = [ChangeLabel::Image, ChangeLabel::Setting];
        let mut scripts = 0;
        let mut told: BTreeSet<String> = BTreeSet::new();
        for edge in &commit.edges {
            scripts += usize::from(edge.labels.contains(ChangeLabel::Script));
            for label in edge.labels.iter() {
                *labels.entry(label.words()).or_default() += 1;
            }
            // An image's folder changes a job that takes its newest build, and nothing of its definition.
            let definition = own.iter().any(|&label| edge.labels.contains(label));
            if definition && (edge.detail > 0 || edge.labels.contains(ChangeLabel::Setting)) {
                told.insert(map.job_name(edge.job).to_owned());
            }
        }
        harness += usize::from(!merge.harness.is_empty());
        by_script += usize::from(!merge.harness.is_empty() && scripts > 0);
        wanted += expected.len();
        found += expected.intersection(&told).count();
        surplus += told.difference(expected).count();
        exact += usize::from(*expected == told);
        if merge.global.iter().any(|global| global == "plank") {
            let reached = commit
                .edges
                .iter()
                .filter(|edge| edge.labels.contains(ChangeLabel::UtilityImage))
                .count();
            assert!(reached > 3_000, "{} reaches {reached}", merge.sha);
        }
    }
    eprintln!(
        "{} merges over {} jobs in {} ms: of {} recorded changes of jobs {} are of jobs that still exist",
        rebuilt.merges.len(),
        map.job_count(),
        millis,
        rebuilt.recorded,
        rebuilt.existing
    );
    eprintln!(
        "told {found} of {wanted}, {surplus} too many; {exact} merges exactly; of {harness} that changed files which jobs run, {by_script} reach a job by a script"
    );
    eprintln!("edges by what they are called: {labels:?}");
    assert!(found * 1000 >= wanted * 999, "{found} of {wanted}");
    assert!(surplus * 200 <= wanted, "{surplus} beyond {wanted}");
    assert!(exact * 100 >= rebuilt.merges.len() * 97, "{exact}");

    // How many merges of a day a release tab lists.
    let dashboards: BTreeMap<String, Vec<String>> = serde_json::from_str(
        &fs::read_to_string(shared("data/impact/release-dashboards.json")).expect("it is there"),
    )
    .expect("it is JSON");
    let tabs: BTreeSet<&String> = dashboards.values().flatten().collect();
    let (mut listed, mut merged, mut windows) = (0, 0, 0);
    let begin = rebuilt.merges[0].merged_s * 1000;
    let end = rebuilt
        .merges
        .last()
        .map_or(0, |merge| merge.merged_s * 1000);
    for tab in &tabs {
        let reaching: Vec<i64> = map
            .commits(REPO)
            .skip(1)
            .filter(|commit| map.effect(REPO, &commit.sha, tab) != Effect::Cannot)
            .map(|commit| commit.at_ms)
            .collect();
        let mut from = begin;
        while from + DAY_MS <= end {
            let inside = |at: i64| at > from && at <= from + DAY_MS;
            listed += reaching.iter().filter(|&&at| inside(at)).count();
            merged += rebuilt
                .merges
                .iter()
                .filter(|merge| inside(merge.merged_s * 1000))
                .count();
            windows += 1;
            from += DAY_MS;
        }
    }
    let share = f64::from(u32::try_from(listed).unwrap_or(u32::MAX))
        / f64::from(u32::try_from(merged).unwrap_or(1));
    eprintln!(
        "{} release tabs, {windows} windows of 24 hours: {listed} of {merged} merges listed ({:.1} %)",
        tabs.len(),
        100.0 * share
    );
    assert!(share <= 0.2, "{share}");
}
