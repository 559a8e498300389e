//! What breaks, and what goes on all the same.

use super::*;

#[tokio::test]
async fn killed_anywhere_ends_the_same() {
    const BUILDS: i64 = 200;
    let world = World::new().await;
    // Several transactions' worth.
    for hours in 1..=BUILDS {
        let failed: &[&str] = if hours % 5 == 0 { &["alpha"] } else { &[] };
        whole(&world.build("job", &id(hours)), hours, failed);
    }
    start(&world.build("job", &id(0)), NOW_MS);
    world.update("job").await;
    let expected = world.content("job").await;

    let mut world = world;
    for batches in 1..=3 {
        world = world
            .with_empty_database(&format!("killed-{batches}.db"))
            .await;
        let mut kills = 0;
        // Each attempt stores something, so they come to an end.
        for _ in 0..=BUILDS {
            let killer = Killer {
                left: AtomicUsize::new(batches),
                killed: Notify::new(),
            };
            // Who comes next waits for the end of the lease.
            let mut settings = world.settings();
            settings.update.lease_secs = 1;
            let pipeline = world.with(&settings, &[group("job")], Unpublished);
            let done = tokio::select! {
                biased;
                () = killer.killed.notified() => false,
                _ = update_groups(&pipeline, None, &killer) => true,
            };
            if done {
                break;
            }
            kills += 1;
            // What is stored so far is the oldest part, without a gap.
            let runs = world.runs("job").await;
            let newest = runs.len() as i64;
            assert!(newest > 0 || kills == 1);
            for (index, run) in runs.iter().enumerate() {
                assert_eq!(run.build, id(BUILDS - index as i64));
            }
        }
        assert!(kills > 0, "nothing was cut off");
        world.update("job").await;
        assert_eq!(world.content("job").await, expected);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_build_is_in_its_column() {
    let world = World::new().await;
    let build = |hours| world.build("job", &id(hours));
    whole(&build(9), 9, &[]);
    // Half-written.
    start(&build(8), NOW_MS - 8 * HOUR_MS);
    write(&build(8), "finished.json", "{\"timestamp\": 17723");
    // Empty.
    start(&build(7), NOW_MS - 7 * HOUR_MS);
    write(&build(7), "finished.json", "");
    // The folder is a file.
    write(&world.bucket().join("logs/job"), &id(6), "not a folder");
    // A folder where a file should be, and a link that leads nowhere.
    whole(&build(5), 5, &[]);
    fs::create_dir(build(5).join("prowjob.json")).expect("a folder");
    symlink("nowhere", build(5).join("artifacts/junit_02.xml")).expect("a link");
    // Broken XML beside good.
    whole(&build(4), 4, &["beta"]);
    write(&build(4), "artifacts/junit_02.xml", "<testsuite><testcase");
    // An empty folder.
    fs::create_dir(build(3)).expect("a folder");
    write(&world.bucket().join("logs/job"), "latest-build.txt", "9");
    whole(&build(1), 1, &[]);

    let report = world.update("job").await;
    assert_eq!(report.builds, 8);
    let runs = world.runs("job").await;
    assert_eq!(runs.len(), 8);
    assert!(runs.is_sorted_by_key(|run| run.started_ms), "{runs:#?}");
    let problems = |hours| -> Vec<(String, String)> {
        find(&runs, &id(hours))
            .problems
            .iter()
            .map(|problem| (problem.file.clone(), problem.message.clone()))
            .collect()
    };
    for (hours, file, words) in [
        (8, "finished.json", ""),
        (7, "finished.json", "empty"),
        (6, ".", "is a file, not a folder"),
        (5, "prowjob.json", "a folder, not a file"),
        (5, "artifacts/junit_02.xml", "a link that leads nowhere"),
        (4, "artifacts/junit_02.xml", ""),
    ] {
        let found = problems(hours);
        assert!(
            found
                .iter()
                .any(|(name, message)| name == file && message.contains(words)),
            "{hours} hours ago, {file}: {found:?}"
        );
    }
    // The other files of a build still count, and so do the other builds.
    assert_eq!(status(find(&runs, &id(5)), "alpha"), Some(Status::Pass));
    assert_eq!(status(find(&runs, &id(4)), "beta"), Some(Status::Fail));
    assert!(problems(1).is_empty() && problems(9).is_empty());
    assert_eq!(
        report.problems,
        runs.iter().map(|run| run.problems.len()).sum::<usize>()
    );
}

#[tokio::test]
async fn a_broken_group_does_not_stop_the_others() {
    let world = World::new().await;
    whole(&world.build("a", &id(1)), 1, &[]);
    whole(&world.build("c", &id(1)), 1, &[]);
    let missing = TestGroup {
        name: "b".into(),
        gcs_prefix: "gone/logs/b".into(),
        ..TestGroup::default()
    };
    let unknown = TestGroup {
        name: "d".into(),
        gcs_prefix: "elsewhere/logs/d".into(),
        ..TestGroup::default()
    };
    let nothing = group("empty");
    let groups = [group("a"), missing, group("c"), unknown, nothing];
    let published = Published::default();
    let pipeline = world.publishing(&groups, &published);
    let report = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!((report.groups, report.builds), (5, 2));
    let gone = format!(
        "the bucket `gone` at file://{} cannot be read: the folder does not exist",
        world.dir.path().join("gone").display()
    );
    let errors: Vec<(&str, &str)> = report
        .errors
        .iter()
        .map(|error| (error.group.as_str(), error.message.as_str()))
        .collect();
    assert_eq!(
        errors,
        [
            ("b", gone.as_str()),
            ("d", "no bucket of the settings holds `elsewhere/logs/d`"),
        ]
    );
    assert_eq!(published.take(), ["a", "c"]);
    // The error is kept with the group until it goes well again.
    assert_eq!(world.stored("b").await.update.error, Some(gone));
    assert_eq!(world.stored("a").await.update.error, None);
    assert_eq!(world.stored("empty").await.update.error, None);

    let folder = world.dir.path().join("gone/logs/b").join(id(2));
    whole(&folder, 2, &[]);
    let named = ["B".to_owned(), "nobody".to_owned()];
    let report = update_groups(&pipeline, Some(&named), &Unwatched).await;
    assert_eq!((report.groups, report.builds), (1, 1));
    assert_eq!(report.errors.len(), 1);
    assert_eq!(report.errors[0].group, "nobody");
    assert_eq!(world.stored("b").await.update.error, None);
    // Nobody is told of groups that did not change.
    assert_eq!(published.take(), ["b"]);
}

#[tokio::test]
async fn a_database_that_is_gone_is_one_error() {
    let world = World::new().await;
    whole(&world.build("a", &id(1)), 1, &[]);
    let pipeline = world.pipeline(&[group("a"), group("b")]);
    world.store.clone().close().await;
    let report = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!(
        (report.groups, report.builds, report.errors.len()),
        (0, 0, 1)
    );
    let message = &report.errors[0].message;
    assert!(message.contains(world.store.database()), "{message}");
}
