//! Buckets of Google over HTTP on loopback: how we prove who we are, what is tried again, what is said of
//! what cannot be read; and the same builds through a real emulator of the storage as from a folder.

mod emulator;
pub(crate) mod front;

use std::path::{Path, PathBuf};

use model::config::{Configuration, TestGroup};
use seamgrid::{
    bucket::Buckets,
    pipeline::{Pipeline, Report, Unpublished, progress::Unwatched, update_groups},
    settings::{BucketSettings, Settings},
    store::Store,
};
use serde_json::json;
use tempfile::TempDir;

use self::front::{Fault, Front, Objects};

/// 2026-03-01T00:00:00Z.
const NOW_MS: i64 = 1_772_323_200_000;

fn now() -> i64 {
    NOW_MS
}

/// A database, and what else a test writes.
struct World {
    folder: TempDir,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("seamgrid.db");
        let store = Store::open(&format!("sqlite://{}", file.display())).await;
        Self {
            folder,
            store: store.expect("a new database"),
        }
    }

    /// The key of a service account whose tokens come from `token_uri`.
    fn key(&self, token_uri: &str) -> PathBuf {
        let pem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keys/signer.pem");
        let key = json!({
            "type": "service_account",
            "project_id": "p",
            "private_key": std::fs::read_to_string(pem).expect("the key of the tests"),
            "client_email": front::EMAIL,
            "token_uri": token_uri,
        });
        let file = self.folder.path().join("key.json");
        std::fs::write(&file, key.to_string()).expect("written");
        file
    }

    async fn update(&self, bucket: BucketSettings, job: &str) -> Report {
        let settings = Settings {
            buckets: vec![bucket],
            ..Settings::default()
        };
        let configuration = Configuration {
            test_groups: vec![TestGroup {
                name: job.into(),
                gcs_prefix: format!("ci/logs/{job}"),
                ..TestGroup::default()
            }],
            ..Configuration::default()
        };
        let pipeline = Pipeline::new(
            self.store.clone(),
            Buckets::from_settings(&settings.buckets).expect("good settings"),
            &configuration,
            &settings,
            Unpublished,
        )
        .with_clock(now);
        update_groups(&pipeline, None, &Unwatched).await
    }

    /// All that is stored of a job's results.
    async fn content(&self, job: &str) -> String {
        let groups = self.store.load_groups().await.expect("groups");
        let group = groups
            .iter()
            .find(|group| group.name == job)
            .expect("the group");
        let mut text = String::new();
        let mut builds = self.store.load_builds(group.id).await.expect("builds");
        builds.sort_by(|a, b| a.build.cmp(&b.build));
        for build in builds {
            let run = self.store.load_run(group.id, &build.build).await;
            text.push_str(&format!("{:#?}\n", run.expect("readable").expect("stored")));
        }
        text
    }
}

fn bucket(front: &Front, credentials: String) -> BucketSettings {
    BucketSettings {
        prefix: "ci".into(),
        url: "gs://ci-bucket".into(),
        credentials: Some(credentials),
        endpoint: Some(front.address()),
        parallel: None,
    }
}

fn builds() -> Objects {
    let seconds = NOW_MS / 1000;
    let mut objects = Objects::default();
    for (build, ago) in [("1", 7200), ("2", 3600)] {
        let begun = seconds - ago;
        for (name, content) in [
            ("started.json", json!({"timestamp": begun}).to_string()),
            (
                "finished.json",
                json!({"timestamp": begun + 600, "passed": true}).to_string(),
            ),
            (
                "artifacts/junit_1.xml",
                "<testsuite><testcase name='alpha'/></testsuite>".to_owned(),
            ),
            ("build-log.txt", "x".repeat(1000)),
        ] {
            objects.put(&format!("logs/job/{build}/{name}"), content);
        }
    }
    objects
}

#[tokio::test]
async fn a_service_account_reads_with_tokens_it_asked_for() {
    let front = Front::start(builds(), true).await;
    let world = World::new().await;
    let key = world.key(&front.token_uri());
    let credentials = format!("file: {}", key.display());
    let report = world
        .update(bucket(&front, credentials.clone()), "job")
        .await;
    assert_eq!(report.errors, []);
    assert_eq!(report.saved.inserted, 2);
    assert_eq!(front.tokens(), 1, "one token serves all requests");
    assert!(
        !front
            .asked()
            .iter()
            .any(|path| path.ends_with("build-log.txt"))
    );

    // Tokens that the storage does not know any more, and an account that is refused.
    front.forget_tokens();
    let report = world
        .update(bucket(&front, credentials.clone()), "job")
        .await;
    assert_eq!(report.errors, [], "a new process asks for a new token");
    front.refuse_tokens();
    let report = world
        .update(bucket(&front, credentials.clone()), "job")
        .await;
    let said = &report.errors[0].message;
    assert!(said.contains("no token was given"), "{said}");
    assert!(
        said.contains("gs://ci-bucket") && !said.contains("PRIVATE"),
        "{said}"
    );
    let report = world
        .update(bucket(&front, "anonymous".into()), "job")
        .await;
    let said = &report.errors[0].message;
    assert!(said.contains("cannot be read"), "{said}");
    std::fs::write(&key, "{}").expect("written");
    let report = world.update(bucket(&front, credentials), "job").await;
    let said = &report.errors[0].message;
    assert!(said.contains("key.json are of no use"), "{said}");
}

#[tokio::test]
async fn faults_that_pass_are_waited_out() {
    for fault in [
        Fault::Status(503),
        Fault::Status(500),
        Fault::Status(429),
        Fault::Truncated,
        Fault::HungUp,
    ] {
        for part in ["?list", "started.json", "junit_1.xml"] {
            let front = Front::start(builds(), false).await;
            front.fail(part, fault, 2);
            let world = World::new().await;
            let report = world
                .update(bucket(&front, "anonymous".into()), "job")
                .await;
            assert_eq!(report.errors, [], "{fault:?} {part}");
            assert_eq!(report.saved.inserted, 2, "{fault:?} {part}");
            assert_eq!(report.problems, 0, "{fault:?} {part}");
            assert_eq!(front.failed(), 2, "{fault:?} {part}");
        }
    }
}

#[tokio::test]
async fn faults_that_stay_are_told() {
    let front = Front::start(builds(), false).await;
    front.fail("?list", Fault::Status(403), usize::MAX);
    let world = World::new().await;
    let report = world
        .update(bucket(&front, "anonymous".into()), "job")
        .await;
    assert_eq!(report.errors.len(), 1);
    let said = &report.errors[0].message;
    assert!(
        said.starts_with("the bucket `ci` at gs://ci-bucket cannot be read: "),
        "{said}"
    );
    assert!(said.contains("403"), "{said}");
    assert!(!said.contains('\n'), "{said}");
    let groups = world.store.load_groups().await.expect("groups");
    assert_eq!(groups[0].update.error.as_ref(), Some(said));

    // A file that may not be read is said of its build, and the rest counts.
    let front = Front::start(builds(), false).await;
    front.fail("2/artifacts/junit_1.xml", Fault::Status(403), usize::MAX);
    let report = world
        .update(bucket(&front, "anonymous".into()), "job")
        .await;
    assert_eq!(report.errors, []);
    assert_eq!((report.saved.inserted, report.problems), (2, 1));

    // A bucket that is not there is misspelt more often than empty.
    let front = Front::start(builds(), false).await;
    front.fail("?list", Fault::Status(404), usize::MAX);
    let report = world
        .update(bucket(&front, "anonymous".into()), "job")
        .await;
    let said = &report.errors[0].message;
    assert!(
        said.contains("gs://ci-bucket") && said.contains("404"),
        "{said}"
    );
}

#[tokio::test]
async fn pointers_lead_by_their_metadata() {
    let mut objects = builds();
    let seconds = NOW_MS / 1000;
    let folder = "pr-logs/pull/o_r/7/pull-job/30";
    objects.put(
        &format!("{folder}/started.json"),
        json!({"timestamp": seconds - 60}).to_string(),
    );
    objects.put(
        &format!("{folder}/finished.json"),
        json!({"timestamp": seconds, "passed": true}).to_string(),
    );
    objects.link("logs/pull-job/30.txt", &format!("gs://ci/{folder}"));
    objects.put("logs/pull-job/latest-build.txt", "30".to_owned());
    let front = Front::start(objects, false).await;
    let world = World::new().await;
    let report = world
        .update(bucket(&front, "anonymous".into()), "pull-job")
        .await;
    assert_eq!(report.errors, []);
    assert_eq!(report.saved.inserted, 1);
    assert!(world.content("pull-job").await.contains(folder));
}
