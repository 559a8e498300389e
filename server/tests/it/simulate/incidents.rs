//! What goes wrong in a simulated world hits what it should.

use std::{collections::BTreeSet, process::Command};

use seamgrid::simulate::{Incident, Scale, truth::BuildResult};

use super::{World, builds, world};

#[test]
fn incidents_hit_what_they_should() {
    for incident in Incident::ALL {
        let world = world(1, 6, Scale::Small, incident);
        let truth = world.truth();
        let hit: Vec<_> = builds(truth)
            .filter(|(_, build)| build.hit_by_incident)
            .collect();
        let Some(told) = &truth.incident else {
            assert_eq!(incident, Incident::None);
            assert!(hit.is_empty());
            continue;
        };
        assert_eq!(told.kind, incident.name());
        assert_eq!(told.builds.len(), hit.len());
        assert!(hit.len() >= 4, "{incident:?} hit {} builds", hit.len());
        for (job, build) in &hit {
            let place = format!("{}/{}", job.name, build.build);
            assert_eq!(build.result, BuildResult::Failed, "{place}");
            assert!(told.jobs.contains(&job.name), "{place}");
            assert!(
                told.periods
                    .iter()
                    .any(|period| (period.from_ms - 120_000..period.to_ms + 120_000)
                        .contains(&build.started_ms)),
                "{place}"
            );
            let bad = told.bad_version.as_deref();
            // A clone tells of another commit than the one at which the bad image was built.
            if let Some(Some(version)) = build.versions.get(&told.culprit)
                && matches!(version.source.as_str(), "image_tag" | "metadata")
            {
                assert_eq!(Some(version.commit.as_str()), bad, "{place}");
            }
        }
        let branches: BTreeSet<_> = hit.iter().map(|(job, _)| job.branch.as_str()).collect();
        match incident {
            Incident::Boskos => {
                assert_eq!(branches.len(), 4);
                assert_eq!(told.periods.len(), 2);
                let apart = told.periods[1].from_ms - told.periods[0].to_ms;
                assert_eq!(apart, 18 * 3_600_000);
                let subject = subject_of(&world, told.periods[0].ended_with.as_deref());
                assert!(subject.contains("revert-boskos"), "{subject}");
            }
            Incident::ImageBump => {
                let subject = subject_of(&world, told.periods[0].began_with.as_deref());
                assert!(subject.contains("bump-kubekins"), "{subject}");
            }
            Incident::Product => assert_eq!(branches, BTreeSet::from(["master"])),
            Incident::Outage => assert_eq!(told.bad_version, None),
            Incident::None => {}
        }
    }
}

fn subject_of(world: &World, commit: Option<&str>) -> String {
    let output = Command::new("git")
        .args(["log", "-1", "--format=%s", commit.expect("a commit")])
        .current_dir(world.path().join("git/test-infra"))
        .output()
        .expect("git");
    String::from_utf8(output.stdout).expect("text")
}
