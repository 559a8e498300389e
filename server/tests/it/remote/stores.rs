//! What stores ask of us, what they refuse, and how much of them is in memory; those of S3 and Azure as the
//! program reaches them.

use std::{
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use super::*;

#[tokio::test]
async fn a_store_that_asks_to_wait_is_not_asked_before() {
    for (status, retry_after, least) in [(429, "2", 2000), (503, "1", 1000), (429, "", 0)] {
        let front = Front::start(builds(), false).await;
        front.ask_to_wait(retry_after);
        front.fail("2/artifacts/junit_1.xml", Fault::Status(status), 1);
        let world = World::new().await;
        let begun = Instant::now();
        let report = world
            .update(bucket(&front, "anonymous".into()), "job")
            .await;
        assert_eq!(report.errors, [], "{status}");
        assert_eq!((report.saved.inserted, report.problems), (2, 0), "{status}");
        assert_eq!(front.failed(), 1);
        assert!(begun.elapsed() >= Duration::from_millis(least), "{status}");
        let reads = front.reads()["ci-bucket/logs/job/2/artifacts/junit_1.xml"];
        assert_eq!(reads, 2, "it was asked once more, and not before");
    }
    // Who asks for more than a look has time for has failed for now.
    let front = Front::start(builds(), false).await;
    front.ask_to_wait("3600");
    front.fail("?list", Fault::Status(429), 1);
    let world = World::new().await;
    let report = world
        .update(bucket(&front, "anonymous".into()), "job")
        .await;
    assert_eq!(report.errors, [], "tried again in its own time");
}

#[tokio::test]
async fn a_token_that_is_not_known_any_more_is_renewed_on_the_way() {
    let front = Front::start(builds(), true).await;
    let world = World::new().await;
    let key = world.key(&front.token_uri());
    let settings = Settings {
        buckets: vec![bucket(&front, format!("file: {}", key.display()))],
        ..Settings::default()
    };
    let buckets = Buckets::from_settings(&settings.buckets).expect("good settings");
    buckets.list_children("ci/logs/job").await.expect("listed");
    assert_eq!(front.tokens(), 1);
    for tokens in 2..4 {
        front.forget_tokens();
        let children = buckets.list_children("ci/logs/job").await;
        assert_eq!(children.expect("listed").folders.len(), 2);
        assert_eq!(front.tokens(), tokens);
    }
    front.forget_tokens();
    front.refuse_tokens();
    let error = buckets.list_children("ci/logs/job").await;
    let said = error.expect_err("nobody gives a token").to_string();
    assert!(
        said.contains("401") && said.contains("gs://ci-bucket"),
        "{said}"
    );
}

/// Runs `seamgrid update --once` on a bucket at `url`, as a user with these variables would.
async fn update_once(front: &Front, url: &str, variables: &[(&str, &str)]) -> (Output, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let testgrid = json!({
        "test_groups": [{"name": "job", "gcs_prefix": "ci/logs/job", "days_of_results": 30_000,
                         "num_columns_recent": 10}],
        "dashboards": [{"name": "stores", "dashboard_tab": [
            {"name": "job", "test_group_name": "job"}]}],
    });
    let settings = json!({
        "testgrid": {"config": ["testgrid.yaml"], "prow_jobs": []},
        "buckets": [{"prefix": "ci", "url": url, "endpoint": front.address()}],
        "infra": {"components": []},
    });
    for (name, content) in [("testgrid.yaml", testgrid), ("seamgrid.yaml", settings)] {
        std::fs::write(folder.path().join(name), content.to_string()).expect("written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_seamgrid"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["SEAMGRID_", "AWS_", "AZURE_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder.path())
        .args(["update", "--once", "--metrics-listen", "off"])
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("it did not panic").expect("it starts");
    (output, folder)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn buckets_of_s3_and_azure_are_read_with_signed_requests() {
    // The key is of the form that Azure wants: base64.
    const AWS: &[(&str, &str)] = &[
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "c2VjcmV0"),
        ("AWS_REGION", "eu-central-1"),
    ];
    const AZURE: &[(&str, &str)] = &[
        ("AZURE_STORAGE_ACCOUNT_NAME", "accountofci"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0"),
    ];
    for (url, variables, signature) in [
        (
            "s3://ci-bucket",
            AWS,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/",
        ),
        ("az://ci-bucket", AZURE, "SharedKey accountofci:"),
    ] {
        let front = Front::start(builds(), false).await;
        let (output, folder) = update_once(&front, url, variables).await;
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{url}: {complained}");
        assert!(said.contains("2 builds read, 2 new runs"), "{url}: {said}");
        assert!(said.contains("; 0 problems"), "{url}: {said}");
        let credentials = front.credentials();
        assert!(
            credentials.iter().all(|said| said.starts_with(signature)),
            "{url}: {credentials:?}"
        );
        assert!(!complained.contains("c2VjcmV0"), "{url}: {complained}");
        let reads = front.reads();
        assert!(reads.keys().any(|path| path.ends_with("junit_1.xml")));
        assert!(!reads.keys().any(|path| path.ends_with("build-log.txt")));
        drop(folder);

        // Who is refused, and a bucket that is not there.
        for (status, word) in [(403, "403"), (404, "404")] {
            let front = Front::start(builds(), false).await;
            front.fail("?list", Fault::Status(status), usize::MAX);
            let (output, _folder) = update_once(&front, url, variables).await;
            assert_eq!(output.status.code(), Some(1), "{url} {status}");
            let complained = text(&output.stderr);
            let expected = format!("the bucket `ci` at {url} cannot be read: `logs/job`: ");
            assert!(complained.contains(&expected), "{complained}");
            assert!(complained.contains(word), "{complained}");
            assert!(!complained.contains("c2VjcmV0"), "{complained}");
        }
    }
}

#[tokio::test]
async fn old_builds_are_not_listed_again_and_again() {
    const DAY: i64 = 24 * 3600;
    let build = |objects: &mut Objects, id: String, begun: i64| {
        for (name, content) in [
            ("started.json", json!({ "timestamp": begun })),
            (
                "finished.json",
                json!({"timestamp": begun + 600, "passed": true}),
            ),
        ] {
            objects.put(&format!("logs/job/{id}/{name}"), content.to_string());
        }
    };
    let snowflake = |begun: i64| ((begun * 1000 - 1_288_834_974_657) << 22).to_string();
    let mut objects = Objects::default();
    for days in [1, 2, 14, 100, 101, 102, 103, 104] {
        let begun = NOW_MS / 1000 - days * DAY;
        build(&mut objects, snowflake(begun), begun);
    }
    let front = Front::start(objects, false).await;
    let world = World::new().await;
    for (builds, folders) in [(3, 8), (0, 3)] {
        let report = world
            .update(bucket(&front, "anonymous".into()), "job")
            .await;
        assert_eq!((report.errors, report.builds), (vec![], builds));
        assert_eq!(front.folders(), folders);
    }
    // One that appears late among those that are kept is found nevertheless.
    let begun = NOW_MS / 1000 - 10 * DAY;
    front.change(|objects| build(objects, snowflake(begun), begun));
    let report = world
        .update(bucket(&front, "anonymous".into()), "job")
        .await;
    assert_eq!((report.errors, report.builds), (vec![], 1));

    // Small numbers sort otherwise as texts: 9, 10, 100.
    let mut objects = Objects::default();
    for (number, days) in [(9, 100), (10, 3), (100, 1)] {
        build(&mut objects, number.to_string(), NOW_MS / 1000 - days * DAY);
    }
    let front = Front::start(objects, false).await;
    let world = World::new().await;
    for builds in [2, 0] {
        let report = world
            .update(bucket(&front, "anonymous".into()), "job")
            .await;
        assert_eq!((report.errors, report.builds), (vec![], builds));
        assert_eq!(front.folders(), 3);
    }
}

#[tokio::test]
async fn a_million_objects_that_lie_around_take_no_memory() {
    const OBJECTS: usize = 200_000;
    let front = Front::start(builds(), false).await;
    front.flood(OBJECTS);
    let buckets = Buckets::from_settings(&[bucket(&front, "anonymous".into())]);
    let buckets = buckets.expect("good settings");
    let wanted = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let before = front.asked().len();
    let children = buckets
        .list_children_after("ci/logs/job", None, wanted)
        .await
        .expect("listed");
    assert_eq!(
        front.asked().len() - before,
        OBJECTS / 1000 + 1,
        "page by page"
    );
    assert_eq!((children.folders.len(), children.objects.len()), (2, 0));
    let names = children.folders.capacity() + children.objects.capacity();
    assert!(names < 100, "nothing is kept of what nobody wants: {names}");
    // Builds are found among them.
    let world = World::new().await;
    front.flood(3000);
    let report = world
        .update(bucket(&front, "anonymous".into()), "job")
        .await;
    assert_eq!((report.errors, report.saved.inserted), (vec![], 2));
}

#[tokio::test]
async fn a_store_that_is_slow_delays_no_other() {
    let front = Front::start(builds(), false).await;
    front.slow_down(Duration::from_hours(1));
    let world = World::new().await;
    let folder = world.folder.path().join("bucket/logs/good");
    let settings = Settings {
        buckets: vec![
            bucket(&front, "anonymous".into()),
            BucketSettings {
                prefix: "near".into(),
                url: format!("file://{}", world.folder.path().join("bucket").display()),
                credentials: None,
                endpoint: None,
                parallel: None,
            },
        ],
        update: seamgrid::settings::UpdateSettings {
            poll_secs: 1,
            parallel: 4,
            ..seamgrid::settings::UpdateSettings::default()
        },
        ..Settings::default()
    };
    let slow = (0..8).map(|number| TestGroup {
        name: format!("slow-{number}"),
        gcs_prefix: format!("ci/logs/slow-{number}"),
        ..TestGroup::default()
    });
    let good = TestGroup {
        name: "good".into(),
        gcs_prefix: "near/logs/good".into(),
        ..TestGroup::default()
    };
    let configuration = Configuration {
        test_groups: slow.chain([good]).collect(),
        ..Configuration::default()
    };
    let pipeline = Pipeline::new(
        world.store.clone(),
        Buckets::from_settings(&settings.buckets).expect("good settings"),
        &configuration,
        &settings,
        Unpublished,
    )
    .with_clock(now);
    let looked = async {
        for build in 1..=3 {
            let folder = folder.join(build.to_string());
            std::fs::create_dir_all(&folder).expect("a folder");
            let begun = NOW_MS / 1000 - 600 + build;
            let started = json!({ "timestamp": begun }).to_string();
            std::fs::write(folder.join("started.json"), started).expect("written");
            let begun = Instant::now();
            loop {
                let groups = world.store.load_groups().await.expect("groups");
                let good = groups.iter().find(|group| group.name == "good");
                if good.is_some_and(|good| good.run_count == build as u64) {
                    break;
                }
                assert!(begun.elapsed() < Duration::from_secs(20), "{groups:?}");
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
    };
    // The slow looks hang in the hour that their store takes; nobody waits for them.
    tokio::select! {
        () = seamgrid::pipeline::run_forever(&pipeline, &Unwatched, std::future::pending()) => {}
        () = looked => {}
    }
    let asked = front.asked().len();
    assert!(
        (1..=3).contains(&asked),
        "{asked} of four places were theirs"
    );
}
