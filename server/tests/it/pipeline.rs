//! From a bucket in a folder to the database: what is read, what is read again, what is left alone.

mod again;
mod broken;
mod forever;
mod places;
mod retention;
mod watched;

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

use crate::database::open;

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
            parallel: None,
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
        self.with(&self.settings(), groups, publish)
    }

    fn with<P: Publish>(
        &self,
        settings: &Settings,
        groups: &[TestGroup],
        publish: P,
    ) -> Pipeline<P> {
        let configuration = Configuration {
            test_groups: groups.to_vec(),
            ..Configuration::default()
        };
        Pipeline::new(
            self.store.clone(),
            Buckets::from_settings(&settings.buckets).expect("good URLs"),
            &configuration,
            settings,
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
