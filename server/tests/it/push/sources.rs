//! How it stands with the sources, as it is told.

use std::time::{Duration, Instant};

use seamgrid::{
    pipeline,
    store::{Claimed, GroupConfig, GroupId, Release, Turn},
};
use tokio::sync::oneshot;

use super::*;

/// Reads everything that is due, then ends.
async fn read_all(world: &World) {
    let (stop, stopped) = oneshot::channel::<()>();
    let looked = async {
        let begun = Instant::now();
        loop {
            let queue = world.store.load_queue().await.expect("the queue").groups;
            let mut jobs = queue.iter().filter(|one| one.name.ends_with("-job"));
            if jobs.clone().count() == 2
                && jobs.all(|one| one.update.attempt_ms.is_some() && one.lease.is_none())
            {
                break;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{queue:?}");
            tokio::task::yield_now().await;
        }
        stop.send(()).expect("it runs");
    };
    let watched = pipeline::progress::Unwatched;
    let stopped = async { drop(stopped.await) };
    tokio::join!(
        pipeline::run_forever(&world.pipeline, &watched, stopped),
        looked
    );
}

#[tokio::test]
async fn sources_say_how_they_stand() {
    let world = World::new().await;
    let build = world.folder.path().join("bucket/logs/job/12");
    std::fs::create_dir_all(&build).expect("a folder");
    std::fs::write(build.join("started.json"), "{\"timestamp\": 1").expect("written");
    let mut heard = world.reader.listen().expect("it does not stop yet");
    heard.next().await.expect("the beginning");
    world.reader.refresh_sources().await.expect("refreshed");
    assert_eq!(world.get("/api/v2/sources").await.body["items"], json!([]));

    read_all(&world).await;
    world.reader.refresh_sources().await.expect("refreshed");
    let sources = world.get("/api/v2/sources").await;
    assert_eq!(sources.status, StatusCode::OK);
    let items = sources.body["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2, "{}", sources.body);
    for item in items {
        assert_eq!(item["health"], "fresh", "{item}");
        assert!(
            item["last_success"].is_string() && item["next_poll"].is_string(),
            "{item}"
        );
    }
    assert_eq!(items[0]["group"], "ci-job");
    let mut told = Vec::new();
    while told.len() < 2 {
        let change = tokio::time::timeout(Duration::from_secs(20), heard.next()).await;
        if let seamgrid::read::What::Source(source) =
            change.expect("in time").expect("a change").what
        {
            told.push(source.group);
        }
    }
    told.sort_unstable();
    assert_eq!(told, ["ci-job", "pull-job"]);

    // What could not be read of a build is told with its source.
    let source = world.get("/api/v2/sources/ci-job").await;
    assert_eq!(source.status, StatusCode::OK, "{}", source.body);
    assert_eq!(source.body["builds"][0]["build"], "12");
    assert_eq!(
        source.body["builds"][0]["problems"][0]["file"],
        "started.json"
    );
    let missing = world.get("/api/v2/sources/airflow-nightly").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    for page in ["/status", "/status/ci-job"] {
        let reply = world.get(page).await;
        assert_eq!(reply.status, StatusCode::OK, "{page}");
    }
    let tab = world.get(&paths::api_tab("uploads", "job")).await;
    assert_eq!(tab.body["notes"], Value::Null);
}

#[tokio::test]
async fn a_tab_whose_source_is_behind_says_so() {
    let world = World::new().await;
    read_all(&world).await;
    // An hour ago, when the bucket went away.
    let hour_ago = seamgrid::clock::now_ms() - 3_600_000;
    let groups = world.store.load_groups().await.expect("groups");
    let group = groups
        .iter()
        .find(|group| group.name == "ci-job")
        .expect("ci-job");
    for error in [None, Some("the bucket `ci` is gone".to_owned())] {
        let outcome = seamgrid::store::Outcome {
            at_ms: hour_ago,
            error,
            lag_ms: None,
        };
        world
            .store
            .save_outcome(group.id, &outcome)
            .await
            .expect("saved");
    }
    world.reader.refresh_sources().await.expect("refreshed");
    let tab = world.get(&paths::api_tab("uploads", "job")).await;
    let said = tab.body["notes"][0]["text"].as_str().unwrap_or_default();
    assert!(
        said.contains("60 min ago: the bucket `ci` is gone."),
        "{said}"
    );
    let other = world.get(&paths::api_tab("uploads", "pull")).await;
    assert_eq!(other.body["notes"], Value::Null);
    let sources = world.get("/api/v2/sources").await;
    assert_eq!(sources.body["items"][0]["health"], "behind");
    assert_eq!(sources.body["items"][0]["group"], "ci-job");
}

/// Two processes look at the same groups; one is killed in the middle. The other takes over.
#[tokio::test]
async fn leases_pass_on_when_their_owner_is_gone() {
    let world = World::new().await;
    read_all(&world).await;
    let groups = world.store.load_groups().await.expect("groups");
    let ids: Vec<_> = groups
        .iter()
        .filter(|group| group.name.ends_with("-job"))
        .map(|group| group.id)
        .collect();
    let store = &world.store;
    store.push_groups(&ids).await.expect("pushed");
    let (due, _) = store.load_due().await.expect("due");
    assert_eq!(due.len(), 2);
    let claim = async |owner: &str, wanted: &[GroupId], turn, lease_ms| {
        let claimed = store.claim(wanted, owner, turn, lease_ms).await;
        claimed.expect("claimed")
    };
    let ids_of = |claimed: &[(GroupId, _)]| claimed.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    // One whose lease ends at once, as if it had been taken long ago; and one that lasts.
    let first = claim("a", &ids[..1], Turn::Due, 0).await;
    assert_eq!(ids_of(&first), ids[..1]);
    let second = claim("b", &ids[1..], Turn::Due, 0).await;
    assert_eq!(ids_of(&second), ids[1..]);
    store.renew("b", &ids[1..], 60_000).await.expect("renewed");
    // Nobody else gets the one while its lease lasts, though it be his turn or not, and everybody the other.
    for turn in [Turn::Due, Turn::Any] {
        assert_eq!(ids_of(&claim("c", &ids[1..], turn, 60_000).await), []);
    }
    assert_eq!(ids_of(&claim("c", &ids, Turn::Due, 60_000).await), ids[..1]);
    // Who comes back late gives back nothing that another has now.
    let release = |(_, claimed): &(GroupId, Claimed)| Release {
        claimed_ms: claimed.at_ms,
        wait_ms: 300_000,
        failures: 0,
        remaining: 0,
    };
    let late = release(&first[0]);
    store.release(ids[0], "a", late).await.expect("released");
    let held = async |id: GroupId| {
        let queue = store.load_queue().await.expect("the queue").groups;
        queue.into_iter().find(|one| one.group == id)
    };
    let owner = held(ids[0]).await.and_then(|one| one.lease);
    assert_eq!(owner.map(|(owner, _)| owner).as_deref(), Some("c"));
    // A push during the look keeps the group due.
    while world.store.load_queue().await.expect("the queue").at_ms <= second[0].1.at_ms {
        tokio::task::yield_now().await;
    }
    store.push_groups(&ids[1..]).await.expect("pushed");
    let pushed = release(&second[0]);
    store.release(ids[1], "b", pushed).await.expect("released");
    let (due, _) = store.load_due().await.expect("due");
    assert_eq!(due, ids[1..]);
    // When nobody waits it is looked at again after a while, or by who asks for it alone.
    let third = claim("b", &ids[1..], Turn::Due, 60_000).await;
    let done = release(&third[0]);
    store.release(ids[1], "b", done).await.expect("released");
    let (due, next_ms) = store.load_due().await.expect("due");
    assert_eq!(due, []);
    let next_ms = next_ms.expect("another is due later");
    assert!((1..=300_000).contains(&next_ms), "{next_ms}");
    assert_eq!(ids_of(&claim("d", &ids[1..], Turn::Due, 1).await), []);
    assert_eq!(ids_of(&claim("d", &ids[1..], Turn::Any, 1).await), ids[1..]);
}

/// Of groups that the configuration names no more nothing is told, and though more of them are due than a
/// process takes at a time, and for longer, the others have their turn.
#[tokio::test]
async fn groups_that_are_gone_hold_up_nobody() {
    let world = World::new().await;
    let gone: Vec<_> = (0..300)
        .map(|number| GroupConfig {
            name: format!("gone-{number}"),
            config_hash: String::new(),
        })
        .collect();
    let gone = world.store.sync_groups(&gone).await.expect("groups");
    let ids: Vec<_> = gone.iter().map(|group| group.id).collect();
    world.store.push_groups(&ids).await.expect("pushed");
    read_all(&world).await;
    world.reader.refresh_sources().await.expect("refreshed");
    let sources = world.get("/api/v2/sources").await;
    let items = sources.body["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2, "{}", sources.body);
    assert!(items.iter().all(|item| item["health"] == "fresh"));
    let reply = world.get("/api/v2/sources/gone-1").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(world.reader.source_counts().1, 0, "none waits");
}

/// A server that only shows tells of what was read by a process that has ended.
#[tokio::test]
async fn what_was_read_once_is_told_by_who_only_shows() {
    let world = World::new().await;
    let watched = pipeline::progress::Unwatched;
    for _ in 0..2 {
        let report = pipeline::update_groups(&world.pipeline, None, &watched).await;
        assert_eq!(report.errors, []);
        assert_eq!(report.groups, 2);
    }
    world.reader.refresh_sources().await.expect("refreshed");
    let sources = world.get("/api/v2/sources").await;
    let items = sources.body["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2, "{}", sources.body);
    for item in items {
        assert_eq!(item["health"], "fresh", "{item}");
        assert_eq!(item["queue_position"], Value::Null, "{item}");
        assert_eq!(item["replica"], Value::Null, "{item}");
    }
    assert_eq!(sources.body["replicas"], json!([]));

    // One group that cannot be read says so too, and its turn comes sooner.
    let bucket = world.folder.path().join("bucket");
    std::fs::rename(&bucket, world.folder.path().join("gone")).expect("renamed");
    let names = ["ci-job".to_owned()];
    let report = pipeline::update_groups(&world.pipeline, Some(&names), &watched).await;
    assert_eq!(report.errors.len(), 1);
    world.reader.refresh_sources().await.expect("refreshed");
    let sources = world.get("/api/v2/sources").await;
    assert_eq!(sources.body["items"][0]["group"], "ci-job");
    assert_eq!(sources.body["items"][0]["health"], "failing");
    assert_eq!(sources.body["items"][0]["failures"], 1);
}
