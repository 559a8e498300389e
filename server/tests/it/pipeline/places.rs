//! Where builds lie.

use super::*;

#[tokio::test]
async fn presubmits_are_found_by_their_pointers() {
    let world = World::new().await;
    let directory = world.bucket().join("pr-logs/directory/pull-job");
    for hours in [1, 2] {
        let folder = format!("pr-logs/pull/org_repo/7{hours}/pull-job/{}", id(hours));
        whole(&world.bucket().join(&folder), hours, &[]);
        write(
            &directory,
            &format!("{}.txt", id(hours)),
            format!("gs://ci/{folder}\n"),
        );
    }
    write(&directory, "latest-build.txt", id(1));
    write(&directory, &format!("{}.txt", id(3)), "gs://other/x/y");
    write(&directory, &format!("{}.txt", id(4)), "");
    // Long ago.
    let folder = format!("pr-logs/pull/org_repo/6/pull-job/{}", id(900));
    whole(&world.bucket().join(&folder), 900, &[]);
    write(
        &directory,
        &format!("{}.txt", id(900)),
        format!("gs://ci/{folder}"),
    );

    let group = TestGroup {
        name: "presubmit".into(),
        gcs_prefix: "ci/pr-logs/directory/pull-job".into(),
        ..TestGroup::default()
    };
    let pipeline = world.pipeline(&[group]);
    let report = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!((report.errors.len(), report.builds), (0, 4));
    let runs = world.runs("presubmit").await;
    let run = find(&runs, &id(2));
    assert_eq!(
        run.path,
        format!("ci/pr-logs/pull/org_repo/72/pull-job/{}", id(2))
    );
    assert_eq!(status(run, "alpha"), Some(Status::Pass));
    for (hours, words) in [(3, "leads elsewhere"), (4, "does not name a folder")] {
        let problems = &find(&runs, &id(hours)).problems;
        assert!(
            problems
                .iter()
                .any(|problem| problem.message.contains(words)),
            "{problems:?}"
        );
    }
}

#[tokio::test]
async fn several_prefixes_are_one_group() {
    let world = World::new().await;
    whole(&world.build("one", &id(2)), 2, &["beta"]);
    whole(&world.build("two", &id(2)), 3, &[]);
    whole(&world.build("two", &id(1)), 1, &[]);
    let group = TestGroup {
        name: "both".into(),
        gcs_prefix: "ci/logs/one, ci/logs/two".into(),
        column_header: vec![ColumnHeader {
            configuration_value: "Commit".into(),
            ..ColumnHeader::default()
        }],
        ..TestGroup::default()
    };
    let pipeline = world.pipeline(&[group]);
    let report = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!((report.errors.len(), report.builds), (0, 2));
    let runs = world.runs("both").await;
    let run = find(&runs, &id(2));
    assert_eq!(run.started_ms, NOW_MS - 3 * HOUR_MS);
    assert_eq!(status(run, "one.beta"), Some(Status::Fail));
    assert_eq!(status(run, "two.beta"), Some(Status::Pass));
    assert_eq!(run.headers[0].value, "012345678");
    assert_eq!(update_groups(&pipeline, None, &Unwatched).await.builds, 0);
}

#[tokio::test]
async fn a_simulated_world_arrives_whole() {
    let dir = TempDir::new().expect("a temporary folder");
    let out = dir.path().join("world");
    let simulated = simulate(&SimulateOptions {
        out: out.clone(),
        seed: 7,
        days: 3,
        scale: Scale::Small,
        incident: Incident::None,
        end_ms: Some(NOW_MS),
    })
    .expect("a world");
    let settings = load_settings(Some(&out.join("seamgrid.yaml"))).expect("good settings");
    let loaded = load_configuration(&settings.testgrid.config, &settings.testgrid.prow_jobs);
    let store = open(&dir.path().join("results.db")).await;
    let buckets = Buckets::from_settings(&settings.buckets).expect("good URLs");
    let pipeline = Pipeline::new(
        store.clone(),
        buckets,
        &loaded.configuration,
        &settings,
        Unpublished,
    )
    .with_clock(now);
    let report = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!(report.errors, []);
    assert_eq!(report.builds, simulated.builds);
    assert_eq!(report.saved, saved(simulated.builds as u64, 0, 0));

    let world = World { dir, store };
    let mut wrong = Vec::new();
    for job in &simulated.truth.jobs {
        let runs = world.runs(&job.name).await;
        let builds: Vec<&str> = runs.iter().map(|run| run.build.as_str()).collect();
        let expected: Vec<&str> = job
            .builds
            .iter()
            .map(|truth| truth.build.as_str())
            .collect();
        assert_eq!(builds, expected, "{}", job.name);
        for (run, truth) in runs.iter().zip(&job.builds) {
            let name = format!("{} {}", job.name, run.build);
            assert_eq!(run.path, truth.path, "{name}");
            assert_eq!(run.started_ms, truth.started_ms, "{name}");
            assert_eq!(run.finished_ms, truth.finished_ms, "{name}");
            if truth.damage.is_empty() && !run.problems.is_empty() {
                wrong.push(format!("{name}: {:?}", run.problems));
            }
            for (component, expected) in &truth.versions {
                let found = run
                    .versions
                    .iter()
                    .find(|version| version.component == *component)
                    .and_then(|version| version.version.as_deref());
                let is_right = match (found, expected) {
                    (None, None) => true,
                    (Some(found), Some(expected)) => same_version(found, &expected.commit),
                    _ => false,
                };
                if !is_right {
                    wrong.push(format!(
                        "{name}: {component} is {found:?}, not {expected:?}"
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );

    // Again: only what is not finished, and it is as it was.
    let again = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!((again.saved.inserted, again.saved.updated), (0, 0));
    assert!(again.builds < report.builds / 4, "{again:?}");
}
