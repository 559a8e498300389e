//! The changes of the feed against every deployment of the truth.

use std::{collections::BTreeSet, path::Path};

use app::api::Read as _;
use model::infra::same_version;
use seamgrid::simulate::{
    Incident,
    truth::{BuildTruth, Deployment},
};

use super::{
    agreement::seeds,
    world::{NOW_MS, World, now},
};

/// Each deployment after the first, with when the next came.
fn deployments(world: &World) -> Vec<(&Deployment, i64)> {
    let all: Vec<&Deployment> = (world.truth.deployments.iter())
        .filter(|it| it.component == "boskos")
        .collect();
    let ends = all.iter().skip(1).map(|next| next.at_ms);
    let with_ends = all.iter().copied().zip(ends.chain([i64::MAX]));
    with_ends
        .filter(|(it, _)| it.at_ms >= world.truth.begin_ms)
        .collect()
}

#[tokio::test]
async fn every_deployment_is_a_change_of_its_own() {
    let mut changes = 0;
    for seed in seeds(1..=3) {
        let world = World::at(Incident::Boskos, seed, now).await;
        let feed = world.reader.infra_feed();
        let deployments = deployments(&world);
        let mut told = vec![0; deployments.len()];
        for change in feed.changes.iter().filter(|it| it.component == "boskos") {
            let (first_ms, last_ms) = (
                change.first.timestamp_millis(),
                change.last.timestamp_millis(),
            );
            let of = deployments.iter().position(|&(deployed, until_ms)| {
                same_version(&deployed.version, &change.to)
                    && deployed.at_ms <= first_ms
                    && last_ms < until_ms
            });
            let of = of.unwrap_or_else(|| panic!("seed {seed}: several in one: {change:#?}"));
            told[of] += 1;
            changes += 1;
        }
        assert!(
            told.iter().all(|&times| times == 1),
            "seed {seed}: {told:?} of {deployments:#?}, {:#?}",
            feed.changes
        );
    }
    assert!(changes >= 4, "{changes}");
}

/// Whether a build that says its version of boskos ran so, if it is still there.
fn ran(out: &Path, build: &BuildTruth, version: &str) -> Option<bool> {
    let said = build.versions["boskos"].as_ref()?;
    let there = out.join("bucket").join(&build.path).exists();
    there.then(|| same_version(&said.commit, version))
}

/// Every tab of each test group, also where several show one, and where it never left the version between.
#[tokio::test]
async fn an_undone_roll_back_stands_on_every_tab_that_had_it_since() {
    let (mut beside, mut stayed) = (0, 0);
    for seed in seeds(1..=3) {
        let world = World::changed(Incident::Boskos, seed, now, |out, truth| {
            let incident = truth.incident.as_ref().expect("an incident");
            let bad = incident.bad_version.as_deref().expect("a bad version");
            let second = &incident.periods[1];
            // One of those that have it in the second period loses all runs of the time between.
            let again = |build: &BuildTruth| {
                ran(out, build, bad) == Some(true) && second.from_ms <= build.started_ms
            };
            let mut jobs = truth.jobs.iter();
            let job = jobs.find(|job| job.builds.iter().any(again));
            for build in &job.expect("a job has it again").builds {
                if (incident.periods[0].to_ms..second.from_ms).contains(&build.started_ms) {
                    std::fs::remove_dir_all(out.join("bucket").join(&build.path)).expect("a build");
                }
            }
        })
        .await;
        let (incident, out) = (world.incident(), world.path());
        let bad = incident.bad_version.as_deref().expect("a bad version");
        let feed = world.reader.infra_feed();
        let [alarm] = &feed.alarms[..] else {
            panic!("there is one: {:#?}", feed.alarms);
        };
        let [first, second] = &incident.periods[..] else {
            panic!("it came twice: {incident:#?}");
        };
        let mut had = 0;
        for job in &world.truth.jobs {
            let under: Vec<(i64, bool)> = (job.builds.iter())
                .filter_map(|build| Some((build.started_ms, ran(&out, build, bad)?)))
                .collect();
            let since = under.iter().filter(|it| second.from_ms <= it.0);
            let concerned = since.clone().any(|&(ms, bad)| bad && ms < second.to_ms);
            let before = under.iter().rfind(|it| it.0 < second.from_ms);
            beside += usize::from(concerned && job.tabs.len() > 1);
            stayed += usize::from(
                concerned && before.is_some_and(|&(ms, bad)| bad && first.from_ms <= ms),
            );
            for (dashboard, tab) in &job.tabs {
                had += usize::from(concerned);
                let page = world.reader.tab(dashboard, tab).await.expect("a tab");
                let told = page.notes.iter().any(|it| it.text == alarm.sentence);
                assert_eq!(told, concerned, "seed {seed}: {tab} {under:?}");
            }
        }
        assert_eq!(alarm.tab_count as usize, had, "seed {seed}");
    }
    assert!(beside > 0 && stayed > 0, "{beside} {stayed}");
}

/// What the overview says of a change, and the page of its version, by the same runs.
#[tokio::test]
async fn those_that_still_run_a_version_are_those_whose_newest_run_has_it() {
    /// In the middle of the second period.
    fn during() -> i64 {
        NOW_MS - 26 * 3_600_000
    }
    let world = World::changed(Incident::Boskos, 3, during, |out, truth| {
        let period = &truth.incident.as_ref().expect("an incident").periods[1];
        assert!(
            (period.from_ms..period.to_ms).contains(&during()),
            "{period:?}"
        );
        for build in truth.jobs.iter().flat_map(|job| &job.builds) {
            if build.started_ms > during() {
                std::fs::remove_dir_all(out.join("bucket").join(&build.path)).expect("a build");
            }
        }
    })
    .await;
    let (incident, out) = (world.incident(), world.path());
    let bad = incident.bad_version.as_deref().expect("a bad version");
    let newest = |builds: &[BuildTruth]| builds.iter().rev().find_map(|it| ran(&out, it, bad));
    let running = (world.truth.jobs.iter()).filter(|job| newest(&job.builds) == Some(true));
    let (mut groups, mut tabs) = (BTreeSet::new(), 0);
    for job in running {
        groups.extend(job.tabs.iter().map(|(_, tab)| tab.as_str()));
        tabs += job.tabs.len();
    }
    let feed = world.reader.infra_feed();
    let changes = feed.changes.iter().filter(|it| it.to == bad);
    let mut seen = 0;
    for suspected in changes.filter_map(|it| it.suspected.as_ref()) {
        let now = (suspected.tabs.iter()).filter(|it| groups.contains(it.tab.as_str()));
        assert_eq!(
            suspected.now as usize,
            now.count(),
            "{suspected:?} {groups:?}"
        );
        seen += suspected.now;
    }
    assert!(seen > 0);
    let page = world.reader.infra_version("boskos", bad).expect("a page");
    assert_eq!(page.line.tabs_now as usize, tabs);
}
