//! From a bucket in a folder to the database: what is read, what is read again, what is left alone.

use std::{
    fs,
    future::Future,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use model::{
    config::{ColumnHeader, Configuration, TestGroup},
    infra::same_version,
    name::natural_cmp,
    run::Run,
    status::Status,
};
use seamgrid::{
    bucket::Buckets,
    pipeline::{
        GroupReport, Pipeline, Progress, Publish, Report, Unpublished, progress::Unwatched,
        run_forever, update_groups,
    },
    settings::{BucketSettings, Settings, load_settings},
    simulate::{Incident, Scale, SimulateOptions, simulate},
    store::{Saved, Store, StoredGroup},
    testgrid::load_configuration,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Notify;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// 2026-03-01T00:00:00Z.
const NOW_MS: i64 = 1_772_323_200_000;
/// What build ids count from.
const ID_EPOCH_MS: i64 = 1_288_834_974_657;

fn now() -> i64 {
    NOW_MS
}

/// The build id that Prow gives to a build made so many hours before now.
fn id(hours_ago: i64) -> String {
    ((NOW_MS - hours_ago * HOUR_MS - ID_EPOCH_MS) << 22).to_string()
}

/// A bucket in a folder and an empty database.
struct World {
    dir: TempDir,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        fs::create_dir(dir.path().join("bucket")).expect("a bucket");
        let store = open(&dir.path().join("results.db")).await;
        Self { dir, store }
    }

    /// The same bucket, and an empty database of another name.
    async fn with_empty_database(self, name: &str) -> Self {
        let store = open(&self.dir.path().join(name)).await;
        Self { store, ..self }
    }

    fn bucket(&self) -> PathBuf {
        self.dir.path().join("bucket")
    }

    fn build(&self, job: &str, build: &str) -> PathBuf {
        self.bucket().join("logs").join(job).join(build)
    }

    /// The settings: one bucket that is there and one that is not.
    fn settings(&self) -> Settings {
        let bucket = |prefix: &str, folder: PathBuf| BucketSettings {
            prefix: prefix.into(),
            url: format!("file://{}", folder.display()),
            credentials: None,
            endpoint: None,
        };
        Settings {
            buckets: vec![
                bucket("ci", self.bucket()),
                bucket("gone", self.dir.path().join("gone")),
            ],
            ..Settings::default()
        }
    }

    fn pipeline(&self, groups: &[TestGroup]) -> Pipeline {
        self.publishing(groups, Unpublished)
    }

    fn publishing<P: Publish>(&self, groups: &[TestGroup], publish: P) -> Pipeline<P> {
        let settings = self.settings();
        let configuration = Configuration {
            test_groups: groups.to_vec(),
            ..Configuration::default()
        };
        Pipeline::new(
            self.store.clone(),
            Buckets::from_settings(&settings.buckets).expect("good URLs"),
            &configuration,
            &settings,
            publish,
        )
        .with_clock(now)
    }

    /// Brings the group of `job` up to date with a pipeline that remembers nothing.
    async fn update(&self, job: &str) -> Report {
        let report = update_groups(&self.pipeline(&[group(job)]), None, &Unwatched).await;
        assert_eq!(report.errors, []);
        report
    }

    async fn stored(&self, group: &str) -> StoredGroup {
        let groups = self.store.load_groups().await.expect("groups");
        groups
            .into_iter()
            .find(|stored| stored.name == group)
            .expect("a stored group")
    }

    /// All runs of a group, oldest id first.
    async fn runs(&self, group: &str) -> Vec<Run> {
        let stored = self.stored(group).await;
        let mut builds = self.store.load_builds(stored.id).await.expect("builds");
        builds.sort_by(|a, b| natural_cmp(&a.build, &b.build));
        let mut runs = Vec::new();
        for build in builds {
            let run = self.store.load_run(stored.id, &build.build).await;
            runs.push(run.expect("a readable run").expect("a stored run"));
        }
        runs
    }

    /// Everything that is stored of a group's results.
    async fn content(&self, group: &str) -> String {
        let stored = self.stored(group).await;
        let results = self.store.load_results(stored.id, None).await;
        format!(
            "{:#?}\n{:#?}\n{:?} {}",
            results.expect("results"),
            self.runs(group).await,
            stored.mark,
            stored.run_count
        )
    }
}

async fn open(database: &Path) -> Store {
    Store::open(&format!("sqlite://{}", database.display()))
        .await
        .expect("a new database")
}

/// A group that reads one job and is named like it.
fn group(job: &str) -> TestGroup {
    TestGroup {
        name: job.into(),
        gcs_prefix: format!("ci/logs/{job}"),
        ..TestGroup::default()
    }
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a new folder");
    fs::write(file, content).expect("a new file");
}

fn start(folder: &Path, started_ms: i64) {
    let started = json!({
        "timestamp": started_ms / 1000,
        "repos": {"kubernetes/kubernetes": "master:0123456789012345678901234567890123456789"},
        "repo-commit": "0123456789012345678901234567890123456789",
    });
    write(folder, "started.json", started.to_string());
}

fn finish(folder: &Path, finished_ms: i64, failed: &[&str]) {
    let cases = ["alpha", "beta", "gamma"].map(|name| {
        let inside = if failed.contains(&name) {
            "<failure message=\"it broke\"/>"
        } else {
            ""
        };
        format!("<testcase name=\"{name}\" time=\"1.5\">{inside}</testcase>")
    });
    write(
        folder,
        "artifacts/junit_01.xml",
        format!("<testsuite>{}</testsuite>", cases.concat()),
    );
    let passed = failed.is_empty();
    let finished = json!({
        "timestamp": finished_ms / 1000,
        "passed": passed,
        "result": if passed { "SUCCESS" } else { "FAILURE" },
    });
    write(folder, "finished.json", finished.to_string());
    let pod = json!({"pod": {"metadata": {"name": "pod"}, "status": {"phase": "Succeeded"}}});
    write(folder, "podinfo.json", pod.to_string());
}

/// A whole build that ran half an hour, so many hours ago.
fn whole(folder: &Path, hours_ago: i64, failed: &[&str]) {
    let started_ms = NOW_MS - hours_ago * HOUR_MS;
    start(folder, started_ms);
    finish(folder, started_ms + HOUR_MS / 2, failed);
}

fn saved(inserted: u64, updated: u64, unchanged: u64) -> Saved {
    Saved {
        inserted,
        updated,
        unchanged,
    }
}

fn find<'a>(runs: &'a [Run], build: &str) -> &'a Run {
    runs.iter()
        .find(|run| run.build == build)
        .unwrap_or_else(|| panic!("build {build} is not stored"))
}

fn status(run: &Run, test: &str) -> Option<Status> {
    run.results
        .iter()
        .find(|result| result.name == test)
        .map(|result| result.cell.status)
}

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

    // Nothing new: only the unfinished one is looked at, and it is as it was.
    let again = world.update("job").await;
    assert_eq!((again.builds, again.saved), (1, saved(0, 0, 1)));

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
        assert_eq!(world.update("job").await.builds, 1);
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

/// Ends an update after so many transactions.
struct Killer {
    left: AtomicUsize,
    killed: Notify,
}

impl Progress for Killer {
    fn stored(&self, _group: &str, _builds: usize) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.killed.notify_one();
        }
    }
}

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
            let pipeline = world.pipeline(&[group("job")]);
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

/// Remembers who was published.
#[derive(Default)]
struct Published {
    groups: Mutex<Vec<String>>,
    changed: Notify,
}

impl Publish for &Published {
    async fn group_changed(&self, group: &str) {
        let mut groups = self.groups.lock().expect("no panic while locked");
        groups.push(group.to_owned());
        self.changed.notify_one();
    }
}

impl Published {
    fn take(&self) -> Vec<String> {
        let mut groups = std::mem::take(&mut *self.groups.lock().expect("no panic while locked"));
        groups.sort();
        groups
    }
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
    assert!(report.errors[0].message.contains("results.db"));
}

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
async fn a_changed_configuration_reads_a_week_again() {
    let world = World::new().await;
    for days in 1..=10 {
        whole(&world.build("job", &id(days * 24)), days * 24, &[]);
    }
    world.update("job").await;
    let changed = TestGroup {
        column_header: vec![ColumnHeader {
            configuration_value: "Commit".into(),
            ..ColumnHeader::default()
        }],
        ..group("job")
    };
    let killer = Killer {
        left: AtomicUsize::new(1),
        killed: Notify::new(),
    };
    // Cut off, it begins anew: the change is noted only when all has been read.
    let pipeline = world.pipeline(&[changed]);
    tokio::select! {
        biased;
        () = killer.killed.notified() => {}
        _ = update_groups(&pipeline, None, &killer) => {}
    }
    let report = update_groups(&pipeline, None, &Unwatched).await;
    assert_eq!(report.builds, 7);
    let runs = world.runs("job").await;
    for days in 1..=10 {
        let headers = find(&runs, &id(days * 24)).headers.len();
        assert_eq!(headers, usize::from(days <= 7), "{days} days ago");
    }
    assert_eq!(update_groups(&pipeline, None, &Unwatched).await.builds, 0);
}

/// Counts what is finished.
#[derive(Default)]
struct Looks {
    looks: AtomicUsize,
    errors: AtomicUsize,
}

impl Progress for Looks {
    fn finished(&self, report: &GroupReport) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        if report.error.is_some() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn it_goes_on_until_it_is_told_to_stop() {
    let world = World::new().await;
    whole(&world.build("job", &id(5)), 5, &[]);
    let missing = TestGroup {
        name: "missing".into(),
        gcs_prefix: "gone/logs/b".into(),
        ..TestGroup::default()
    };
    let published = Published::default();
    let looks = Looks::default();
    let mut settings = world.settings();
    settings.update.poll_secs = 0;
    let configuration = Configuration {
        test_groups: vec![missing, group("job")],
        ..Configuration::default()
    };
    let pipeline = Pipeline::new(
        world.store.clone(),
        Buckets::from_settings(&settings.buckets).expect("good URLs"),
        &configuration,
        &settings,
        &published,
    )
    .with_clock(now);
    let journey = async {
        published.changed.notified().await;
        // A build that comes later is found without asking.
        start(&world.build("job", &id(1)), NOW_MS - HOUR_MS);
        published.changed.notified().await;
        finish(&world.build("job", &id(1)), NOW_MS, &["alpha"]);
        published.changed.notified().await;
    };
    run_forever(&pipeline, &looks, journey).await;
    let runs = world.runs("job").await;
    assert_eq!(runs.len(), 2);
    assert_eq!(world.stored("job").await.update.error, None);
    assert!(looks.looks.load(Ordering::Relaxed) >= 3);
    assert!(looks.errors.load(Ordering::Relaxed) >= 1);
    // Whatever it held is written: the next update finds at most what came after.
    assert_eq!(world.update("job").await.errors, []);
}

#[tokio::test]
async fn shutting_down_at_once_is_fine() {
    let world = World::new().await;
    let pipeline = world.pipeline(&[]);
    run_forever(&pipeline, &Unwatched, ready()).await;
    let pipeline = world.pipeline(&[group("job")]);
    run_forever(&pipeline, &Unwatched, ready()).await;
    assert_eq!(world.stored("job").await.run_count, 0);
}

fn ready() -> impl Future<Output = ()> {
    std::future::ready(())
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
