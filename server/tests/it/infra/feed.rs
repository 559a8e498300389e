//! What the feed tells: roll-backs that were undone, the weather, commits that configured runs.

use std::collections::BTreeMap;

use app::api::Read as _;
use axum::http::StatusCode;
use model::{infra::Source, undone::UndoneKind};
use seamgrid::simulate::{Incident, truth::BuildResult};

use super::world::{HOST, NOW_MS, World, boskos, image_bump, now};

#[tokio::test]
async fn a_roll_back_that_was_undone_alarms() {
    let world = boskos().await;
    let feed = world.reader.infra_feed();
    let incident = world.incident();
    let [alarm] = &feed.alarms[..] else {
        panic!("there is one: {:#?}", feed.alarms);
    };
    assert_eq!(alarm.kind, UndoneKind::BroughtBack);
    assert_eq!(alarm.component, "boskos");
    assert_eq!(Some(&alarm.abandoned), incident.bad_version.as_ref());
    assert_eq!(Some(&alarm.good), incident.good_version.as_ref());
    let sha = |commit: &Option<model::wire::infra::UpstreamCommit>| {
        commit.as_ref().map(|commit| commit.sha.clone())
    };
    assert_eq!(sha(&alarm.undone), incident.periods[1].began_with);
    assert_eq!(
        Some(&alarm.rollback.sha),
        incident.periods[0].ended_with.as_ref()
    );
    assert_eq!(sha(&alarm.ended), incident.periods[1].ended_with);
    let undoing: Vec<_> = feed
        .changes
        .iter()
        .filter(|it| it.undoes.is_some())
        .collect();
    assert_eq!(undoing.len(), 1, "{undoing:#?}");
    assert_eq!(undoing[0].to, alarm.abandoned);

    // It stands on the overview, on the feed and on the tabs that it concerns.
    let notes = world.reader.releases().expect("releases").notes;
    assert!(
        notes.iter().any(|note| note.text == alarm.sentence),
        "{notes:?}"
    );
    let (_, api) = world.page("/api/v2/releases").await;
    assert!(api.contains("is back after"), "no alarm");
    for path in ["/", "/infra", "/infra/boskos"] {
        let (status, html) = world.page(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(html.contains("was rolled back from"), "{path}");
    }
    let tab = alarm.tabs.first().expect("a tab had it since");
    let (_, html) = world.page(&app::paths::tab(&tab.dashboard, &tab.tab)).await;
    assert!(html.contains("was rolled back from"));
    let (_, atom) = world.page("/feeds/infra").await;
    assert!(atom.contains("undone-roll-back"), "{atom}");
    // Readers of feeds need whole addresses.
    let (links, whole) = ("href=\"", format!("href=\"http://{HOST}/"));
    assert_eq!(
        atom.matches(links).count(),
        atom.matches(&whole).count(),
        "{atom}"
    );
    assert!(atom.matches(&whole).count() > 2 && atom.contains("<published>"));

    let quiet = image_bump().await.reader.infra_feed();
    assert!(quiet.alarms.is_empty(), "{:#?}", quiet.alarms);
}

/// The runs of four jobs are enough for the overview to name the change, and what it leads to names the commit.
#[tokio::test]
async fn the_overview_names_a_change_as_soon_as_it_has_broken_some() {
    let world = World::changed(Incident::Boskos, 3, now, |out, truth| {
        let firsts = truth.jobs.iter().filter_map(|job| {
            let hit = job.builds.iter().filter(|build| build.hit_by_incident);
            hit.filter_map(|build| build.finished_ms).min()
        });
        let mut firsts: Vec<i64> = firsts.collect();
        firsts.sort_unstable();
        let until_ms = firsts[3];
        for build in truth.jobs.iter().flat_map(|job| &job.builds) {
            if build.finished_ms.is_none_or(|ms| ms > until_ms) {
                std::fs::remove_dir_all(out.join("bucket").join(&build.path)).expect("a build");
            }
        }
    })
    .await;
    let incident = world.incident();
    let notes = world.reader.releases().expect("releases").notes;
    let good = incident.good_version.as_deref().expect("a version");
    let bad = incident.bad_version.as_deref().expect("a version");
    let said = format!("boskos {} → {} probably broke 4 ", &good[..10], &bad[..10]);
    let note = notes.iter().find(|note| note.text.starts_with(&said));
    let note = note.unwrap_or_else(|| panic!("{said} in {notes:?}"));
    assert!(note.text.contains("release branches since"), "{note:?}");
    let (status, html) = world.page(&note.url).await;
    assert_eq!(status, StatusCode::OK);
    let began = incident.periods[0].began_with.as_deref().expect("a commit");
    assert!(html.contains(&began[..10]), "{began}");
    // The tabs that show it say so, too, and no others.
    let feed = world.reader.infra_feed();
    let change = feed.changes.iter().find(|it| it.to == bad);
    let suspected = change.and_then(|it| it.suspected.as_ref());
    let suspected = suspected.expect("it is named");
    assert!(suspected.groups == 4 && suspected.now == 4);
    for job in &world.truth.jobs {
        for (dashboard, tab) in &job.tabs {
            let page = world.reader.tab(dashboard, tab).await.expect("a tab");
            let broken =
                (suspected.all_tabs.iter()).any(|it| (&it.dashboard, &it.tab) == (dashboard, tab));
            let told = page.notes.iter().any(|it| it.url == note.url);
            assert_eq!(told, broken, "{tab}");
            assert!(!broken || incident.jobs.contains(&job.name), "{tab}");
        }
    }
}

#[tokio::test]
async fn the_configuring_commit_is_inferred_and_never_shown_as_read() {
    let (mut runs, mut inferred, mut right) = (0, 0, 0);
    for world in [boskos().await, image_bump().await] {
        for job in &world.truth.jobs {
            let Some((dashboard, tab)) = job.tabs.first() else {
                continue;
            };
            let view = world.reader.tab_view(dashboard, tab).await.expect("a tab");
            let grid = &view.grid.grid;
            for column in &grid.columns {
                let build = job.builds.iter().find(|build| build.build == column.build);
                let build = build.expect("the simulation wrote it");
                let version = column.infra.iter().find(|it| it.component == "job-config");
                let version = version.expect("it is configured");
                runs += 1;
                match &version.version {
                    None => assert_eq!(version.source, Source::Unknown),
                    Some(commit) => {
                        assert_eq!(version.source, Source::Inferred);
                        // Of the time before the history nothing is known to compare with.
                        if let Some(truth) = &build.configured_by {
                            inferred += 1;
                            right += usize::from(commit == truth);
                        }
                    }
                }
            }
            let seams = grid.transitions.iter();
            let mut seams = seams.filter(|seam| seam.component == "job-config");
            assert!(seams.all(|seam| !seam.certain), "{}", job.name);
        }
    }
    eprintln!(
        "of {runs} runs the configuring commit is inferred and known for {inferred}, {right} right"
    );
    assert!(inferred * 2 > runs, "{inferred} of {runs}");
    assert!(right * 100 >= inferred * 97, "{right} of {inferred}");
    let page = boskos().await.page("/infra/job-config").await;
    assert_eq!(page.0, StatusCode::OK);
}

#[tokio::test]
async fn the_weather_is_told_per_cluster_with_its_runs() {
    const DAY_MS: i64 = 24 * 3_600_000;
    /// Soon after the outage.
    fn after() -> i64 {
        NOW_MS - 30 * 3_600_000
    }
    let world = World::at(Incident::Outage, 3, after).await;
    let until_ms = world.incident().periods[0].to_ms;
    assert!(
        (until_ms..until_ms + DAY_MS / 2).contains(&after()),
        "{until_ms}"
    );
    let weather = &world.reader.infra_feed().weather;
    // By the truth, of those that show it: (now, failed, before).
    let mut expected: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    let cluster = world.incident().culprit.as_str();
    for job in &world.truth.jobs {
        for build in &job.builds {
            let (Some(version), false) = (
                build.versions["cluster"].as_ref(),
                build.result == BuildResult::Running,
            ) else {
                continue;
            };
            let counts = expected.entry(&version.commit).or_default();
            let age_ms = after() - build.started_ms;
            if age_ms <= DAY_MS {
                counts.0 += 1;
                counts.1 += u32::from(build.hit_by_incident);
            } else {
                counts.2 += 1;
            }
        }
    }
    assert!(expected.len() > 1, "{expected:?}");
    for line in &weather.clusters {
        assert_eq!(line.component, "cluster");
        let (now, hit, before) = expected[line.version.as_str()];
        // Runs whose ProwJob is lost belong to the cluster of their neighbours; those that never said how
        // they ended have not.
        let near = |counted: u32, truth: u32| counted.abs_diff(truth) <= 2;
        assert!(
            near(line.runs, now) && near(line.runs_before, before),
            "{line:?} {expected:?}"
        );
        assert!(line.outside + 2 >= hit, "{line:?}: {hit} were hit");
    }
    // Those of no cluster are counted.
    let inside: u32 = weather.clusters.iter().map(|line| line.runs).sum();
    assert_eq!(inside + weather.without_cluster, weather.all.runs);
    let worst = weather.clusters.first().expect("a cluster");
    assert_eq!(worst.version, cluster);
    assert!(worst.worse, "{worst:?}");
    let others = weather.clusters.iter().skip(1);
    assert!(
        others.clone().all(|line| !line.worse),
        "{:?}",
        weather.clusters
    );
    // Each run that failed so can be looked at.
    assert_eq!(weather.runs.len() as u32, weather.all.outside.min(50));
    assert!(weather.runs.iter().all(|run| !run.url.is_empty()));
    assert!(weather.runs.iter().any(|run| run.cluster == cluster));
    for path in ["/infra", "/"] {
        let (_, html) = world.page(path).await;
        assert!(html.contains(cluster), "{path}");
    }
}
