//! What is read again, and what is not.

use super::*;

#[tokio::test]
async fn reading_twice_changes_nothing() {
    let world = World::new().await;
    for hours in 1..=30 {
        let failed: &[&str] = if hours % 7 == 0 { &["beta"] } else { &[] };
        whole(&world.build("job", &id(hours)), hours, failed);
    }
    let first = world.update("job").await;
    assert_eq!((first.groups, first.builds), (1, 30));
    assert_eq!(first.saved, saved(30, 0, 0));
    assert_eq!(first.problems, 0);
    let content = world.content("job").await;
    let runs = world.runs("job").await;
    assert_eq!(status(find(&runs, &id(7)), "beta"), Some(Status::Fail));
    assert_eq!(status(find(&runs, &id(7)), "alpha"), Some(Status::Pass));
    let stored = world.stored("job").await;
    assert_eq!(stored.mark, Some(id(1)));
    assert_eq!(stored.update.success_ms, Some(NOW_MS));

    let second = world.update("job").await;
    assert_eq!((second.builds, second.saved), (0, Saved::default()));
    assert_eq!(world.content("job").await, content);
}

#[tokio::test]
async fn columns_are_in_the_order_of_time() {
    let world = World::new().await;
    // Old small counters, which do not sort as text, and a build that does not say when it began.
    for (build, hours) in [("8", 5), ("9", 4), ("11", 2), ("100", 1)] {
        whole(&world.build("job", build), hours, &[]);
    }
    write(&world.build("job", "10"), "finished.json", "{}");
    world.update("job").await;
    let runs = world.runs("job").await;
    let builds: Vec<&str> = runs.iter().map(|run| run.build.as_str()).collect();
    assert_eq!(builds, ["8", "9", "10", "11", "100"]);
    assert!(runs.is_sorted_by_key(|run| run.started_ms), "{runs:#?}");
    assert_eq!(world.stored("job").await.mark.as_deref(), Some("100"));
}

#[tokio::test]
async fn an_unfinished_build_is_read_again_alone() {
    let world = World::new().await;
    for hours in [5, 4, 2, 1] {
        whole(&world.build("job", &id(hours)), hours, &[]);
    }
    let unfinished = world.build("job", &id(3));
    start(&unfinished, NOW_MS - 3 * HOUR_MS);
    world.update("job").await;
    assert!(find(&world.runs("job").await, &id(3)).open);

    // Nothing new: only the unfinished one is looked at, and its files are as they were.
    let again = world.update("job").await;
    assert_eq!((again.builds, again.saved), (0, Saved::default()));

    finish(&unfinished, NOW_MS - HOUR_MS, &["gamma"]);
    let finished = world.update("job").await;
    assert_eq!((finished.builds, finished.saved), (1, saved(0, 1, 0)));
    let run = find(&world.runs("job").await, &id(3)).clone();
    assert!(!run.open);
    assert_eq!(status(&run, "gamma"), Some(Status::Fail));
    assert_eq!(world.update("job").await.builds, 0);
}

#[tokio::test]
async fn a_stuck_build_causes_no_others_to_be_read() {
    let world = World::new().await;
    // A build may take a day without a word.
    start(&world.build("job", &id(20)), NOW_MS - 20 * HOUR_MS);
    for hours in 1..=9 {
        whole(&world.build("job", &id(hours)), hours, &[]);
    }
    assert_eq!(world.update("job").await.builds, 10);
    for _ in 0..3 {
        assert_eq!(world.update("job").await.builds, 0);
    }
    // Once it is older than what is kept, nobody waits for it any more, and it stays as it was.
    let before = world.content("job").await;
    let pipeline = world
        .pipeline(&[group("job")])
        .with_clock(|| NOW_MS + 30 * 24 * HOUR_MS);
    assert_eq!(update_groups(&pipeline, None, &Unwatched).await.builds, 0);
    assert_eq!(world.content("job").await, before);
    // A day after its start it is given up, which is one more reading and then none.
    let pipeline = world
        .pipeline(&[group("job")])
        .with_clock(|| NOW_MS + 5 * HOUR_MS);
    let given_up = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!((given_up.builds, given_up.saved), (1, saved(0, 1, 0)));
    assert_eq!(update_groups(&pipeline, None, &Unwatched).await.builds, 0);
}

#[tokio::test]
async fn a_late_folder_is_found_and_old_ones_are_left() {
    let world = World::new().await;
    for hours in [1, 2, 4, 5] {
        whole(&world.build("job", &id(hours)), hours, &[]);
    }
    // Older than the fifteen days that are kept, one of them without a start.
    for days in 16..=40 {
        whole(&world.build("job", &id(days * 24)), days * 24, &[]);
    }
    write(&world.build("job", &id(17 * 24 + 1)), "finished.json", "{}");
    let pipeline = world.pipeline(&[group("job")]);
    assert_eq!(update_groups(&pipeline, None, &Unwatched).await.builds, 4);
    assert_eq!(world.stored("job").await.run_count, 4);

    // Among the stored ones, and older than all of them but still kept.
    whole(&world.build("job", &id(3)), 3, &[]);
    whole(&world.build("job", &id(14 * 24)), 14 * 24, &[]);
    let late = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!((late.builds, late.saved), (2, saved(2, 0, 0)));
    // A process that remembers nothing of this comes to the same.
    assert_eq!(world.update("job").await.builds, 0);
    assert_eq!(world.stored("job").await.mark, Some(id(1)));
}

#[tokio::test]
async fn a_changed_configuration_reads_a_week_again() {
    let world = World::new().await;
    for days in 1..=10 {
        whole(&world.build("job", &id(days * 24)), days * 24, &[]);
    }
    world.update("job").await;
    // Cut off, it begins anew: the change is noted only when all has been read. Where everything answers at
    // once it may be done before it can be cut off: then with another change.
    let mut cut_off = None;
    for header in ["Commit", "branch", "node_os_image", "revision", "version"] {
        let changed = TestGroup {
            column_header: vec![ColumnHeader {
                configuration_value: header.into(),
                ..ColumnHeader::default()
            }],
            ..group("job")
        };
        let killer = Killer {
            left: AtomicUsize::new(1),
            killed: Notify::new(),
        };
        let pipeline = world.pipeline(&[changed]);
        tokio::select! {
            biased;
            () = killer.killed.notified() => {}
            _ = update_groups(&pipeline, None, &killer) => {}
        }
        let report = update_groups(&pipeline, None, &Unwatched).await;
        if report.builds > 0 {
            cut_off = Some((pipeline, report.builds));
            break;
        }
    }
    let (pipeline, again) = cut_off.expect("one update in five can be cut off");
    assert_eq!(again, 7);
    let runs = world.runs("job").await;
    for days in 1..=10 {
        let headers = find(&runs, &id(days * 24)).headers.len();
        assert_eq!(headers, usize::from(days <= 7), "{days} days ago");
    }
    assert_eq!(update_groups(&pipeline, None, &Unwatched).await.builds, 0);
}

#[tokio::test]
async fn two_configurations_at_a_time_come_to_an_end() {
    let world = World::new().await;
    let with_header = |header: &str| TestGroup {
        column_header: vec![ColumnHeader {
            configuration_value: header.into(),
            ..ColumnHeader::default()
        }],
        ..group("job")
    };
    for hours in [6, 5, 4] {
        whole(&world.build("job", &id(hours)), hours, &[]);
    }
    let old = world.pipeline(&[group("job")]);
    let read = async |pipeline: &Pipeline| {
        let report = update_groups(pipeline, None, &Unwatched).await;
        assert_eq!(report.errors, []);
        (report.builds, report.saved)
    };
    assert_eq!(read(&old).await, (3, saved(3, 0, 0)));
    let new = world.pipeline(&[with_header("Commit")]);
    assert_eq!(read(&new).await, (3, saved(0, 3, 0)));
    // The old process goes on for a while, and reads none of that again.
    let nothing = (0, Saved::default());
    assert_eq!(read(&old).await, nothing);
    whole(&world.build("job", &id(3)), 3, &[]);
    assert_eq!(read(&old).await, (1, saved(1, 0, 0)));
    assert_eq!(read(&old).await, nothing);
    // What it read is read again by the new one, once.
    assert_eq!(read(&new).await, (4, saved(0, 1, 3)));
    for _ in 0..3 {
        assert_eq!(read(&old).await, nothing);
        assert_eq!(read(&new).await, nothing);
    }
    whole(&world.build("job", &id(2)), 2, &[]);
    assert_eq!(read(&new).await, (1, saved(1, 0, 0)));
    assert_eq!(read(&old).await, nothing);

    // The last that it does, and the new one begins again.
    whole(&world.build("job", &id(1)), 1, &[]);
    assert_eq!(read(&old).await, (1, saved(1, 0, 0)));
    drop((old, new));
    let new = world.pipeline(&[with_header("Commit")]);
    assert_eq!(read(&new).await, (6, saved(0, 1, 5)));
    assert_eq!(read(&new).await, nothing);
    let runs = world.runs("job").await;
    assert_eq!(runs.len(), 6);
    assert!(runs.iter().all(|run| run.headers.len() == 1), "{runs:#?}");

    // Whoever begins last has the last word, be it with what was before.
    let back = world.pipeline(&[group("job")]);
    assert_eq!(read(&back).await, (6, saved(0, 6, 0)));
    assert_eq!(read(&new).await, nothing);
}
