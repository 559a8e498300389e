//! Builds that change after they were read.

use super::*;

/// The group of `job` as it is configured now, so long after the present of these tests.
async fn update_at(world: &World, group: TestGroup, clock: fn() -> i64) -> Report {
    let pipeline = world.pipeline(&[group]).with_clock(clock);
    let report = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!(report.errors, []);
    report
}

fn minutes_later() -> i64 {
    NOW_MS + 10 * 60_000
}

fn hours_later() -> i64 {
    NOW_MS + 20 * HOUR_MS
}

fn days_later() -> i64 {
    NOW_MS + 50 * HOUR_MS
}

fn junit(tests: &[&str]) -> String {
    let cases = tests
        .iter()
        .map(|test| format!("<testcase name=\"{test}\"/>"));
    format!("<testsuite>{}</testsuite>", cases.collect::<String>())
}

#[tokio::test]
async fn files_that_come_late_or_are_rewritten_are_noticed_for_a_day() {
    let world = World::new().await;
    for hours in 0..=9 {
        whole(&world.build("job", &id(hours + 1)), hours + 1, &[]);
    }
    let build = world.build("job", &id(1));
    assert_eq!(world.update("job").await.builds, 10);
    assert_eq!(world.update("job").await.builds, 0);

    // A file that came late, and then the same file with another content of the same length.
    write(&build, "artifacts/junit_late.xml", junit(&["late"]));
    let report = update_at(&world, group("job"), minutes_later).await;
    assert_eq!((report.builds, report.saved), (1, saved(0, 1, 0)));
    let runs = world.runs("job").await;
    assert_eq!(status(find(&runs, &id(1)), "late"), Some(Status::Pass));
    write(&build, "artifacts/junit_late.xml", junit(&["tale"]));
    let report = update_at(&world, group("job"), minutes_later).await;
    assert_eq!((report.builds, report.saved), (1, saved(0, 1, 0)));
    let runs = world.runs("job").await;
    assert_eq!(status(find(&runs, &id(1)), "tale"), Some(Status::Pass));
    assert_eq!(status(find(&runs, &id(1)), "late"), None);

    // A file that tells nothing of results is none of it.
    write(&build, "build-log.txt", "more");
    assert_eq!(
        update_at(&world, group("job"), minutes_later).await.builds,
        0
    );
    // Something is written again just as it was: it is read, and nothing changes.
    write(&build, "artifacts/junit_late.xml", junit(&["tale"]));
    let report = update_at(&world, group("job"), hours_later).await;
    assert_eq!((report.builds, report.saved), (1, saved(0, 0, 1)));
    // A day after the last change nobody looks any more.
    assert_eq!(update_at(&world, group("job"), days_later).await.builds, 0);
    write(&build, "artifacts/junit_late.xml", junit(&["lost"]));
    assert_eq!(update_at(&world, group("job"), days_later).await.builds, 0);
}

#[tokio::test]
async fn a_build_of_two_prefixes_is_read_again_whole() {
    let world = World::new().await;
    for job in ["one", "two"] {
        whole(&world.build(job, &id(1)), 1, &[]);
    }
    let both = TestGroup {
        name: "both".into(),
        gcs_prefix: "ci/logs/one,ci/logs/two".into(),
        ..TestGroup::default()
    };
    assert_eq!(update_at(&world, both.clone(), now).await.builds, 1);
    assert_eq!(update_at(&world, both.clone(), now).await.builds, 0);
    let second = world.build("two", &id(1));
    write(&second, "artifacts/junit_late.xml", junit(&["late"]));
    let report = update_at(&world, both.clone(), minutes_later).await;
    assert_eq!((report.builds, report.saved), (1, saved(0, 1, 0)));
    let runs = world.runs("both").await;
    let run = find(&runs, &id(1));
    assert_eq!(status(run, "two.late"), Some(Status::Pass));
    assert_eq!(status(run, "one.alpha"), Some(Status::Pass));
    assert_eq!(update_at(&world, both, minutes_later).await.builds, 0);
}

#[tokio::test]
async fn what_decides_only_how_results_are_shown_reads_nothing_again() {
    let world = World::new().await;
    for days in 1..=5 {
        whole(&world.build("job", &id(days * 24)), days * 24, &[]);
    }
    assert_eq!(world.update("job").await.builds, 5);
    let shown = TestGroup {
        num_failures_to_alert: Some(7),
        num_columns_recent: Some(3),
        alert_stale_results_hours: Some(4),
        alert_mail_to_addresses: "somebody@example.com".into(),
        days_of_results: Some(30),
        ..group("job")
    };
    assert_eq!(update_at(&world, shown.clone(), now).await.builds, 0);
    // The same group, the others stay: what its rows are called is another matter.
    whole(&world.build("other", &id(1)), 1, &[]);
    assert_eq!(world.update("other").await.builds, 1);
    let read = TestGroup {
        ignore_skip: Some(true),
        ..shown
    };
    let pipeline = world.pipeline(&[read, group("other")]);
    assert_eq!(update_groups(&pipeline, None, &Unwatched).await.builds, 5);
}

#[tokio::test]
async fn a_build_of_the_future_is_kept() {
    let world = World::new().await;
    // The clock of who wrote it was three hours ahead.
    whole(&world.build("job", &id(-3)), -3, &["beta"]);
    whole(&world.build("job", &id(1)), 1, &[]);
    assert_eq!(world.update("job").await.builds, 2);
    assert_eq!(world.update("job").await.builds, 0);
    let runs = world.runs("job").await;
    assert_eq!(status(find(&runs, &id(-3)), "beta"), Some(Status::Fail));
    let lag_ms = world.stored("job").await.update.lag_ms;
    assert!(lag_ms.is_some_and(|lag_ms| lag_ms >= 0), "{lag_ms:?}");
}

/// Two processes whose clocks differ by more than a lease look at the same group at once.
#[tokio::test]
async fn two_that_read_the_same_store_it_once() {
    let world = World::new().await;
    for hours in 1..=40 {
        whole(&world.build("job", &id(hours)), hours, &["alpha"]);
    }
    let ahead = world
        .pipeline(&[group("job")])
        .with_clock(|| NOW_MS + HOUR_MS / 2);
    let behind = world.pipeline(&[group("job")]);
    let (first, second) = tokio::join!(
        update_groups(&ahead, None, &Unwatched),
        update_groups(&behind, None, &Unwatched)
    );
    assert_eq!((first.errors, second.errors), (vec![], vec![]));
    assert_eq!(first.saved.inserted + second.saved.inserted, 40);
    let twice = world.runs("job").await;
    let alone = world.with_empty_database("alone.db").await;
    alone.update("job").await;
    assert_eq!(twice.len(), 40);
    assert_eq!(twice, alone.runs("job").await);
}
