//! Processes that look at the same groups at the same time do nothing twice.

use seamgrid::pipeline::run_forever;
use tokio::sync::watch;

use super::*;

const HOUR_MS: i64 = 3_600_000;
/// A lease that ends only with its owner, however busy the machine.
const PATIENT_SECS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_ends_by_itself_works_beside_one_that_goes_on() {
    let world = World::new().await;
    world.set_lease(PATIENT_SECS);
    world.front.slow_down(SLOW);
    let goes_on = world.start(&world.url, &["update"]).await;
    until("it is in the middle", async || {
        world.stored().await > TOTAL / 8
    })
    .await;
    let mut once = world.start(&world.url, &["update", "--once"]).await;
    until("both are reading", async || {
        world.replicas().await.len() == 2
    })
    .await;
    world.front.slow_down(Duration::ZERO);
    assert!(once.ended().await, "{}", once.said());
    assert_eq!(world.stored().await, TOTAL, "all is read when it ends");
    assert_eq!(reads_of_builds(&world.front), (1, 1));
    until("it has resigned", async || {
        world.replicas().await.len() == 1
    })
    .await;

    // Who only shows knows of each group when it was read.
    drop(goes_on);
    let shows = world.start(&world.url, &["serve", "--no-update"]).await;
    shows.answers("/readyz", 200).await;
    let (status, text) = shows.get("/api/v2/sources").await;
    assert_eq!(status, 200);
    let sources: Value = serde_json::from_str(&text).expect("JSON");
    let items = sources["items"].as_array().expect("a list");
    assert_eq!(items.len(), GROUPS);
    for item in items {
        assert!(item["last_success"].is_string(), "{item}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_differ_do_no_harm() {
    let world = World::new().await;
    world.front.slow_down(SLOW);
    let early = pipeline(&world.store, &world.front).with_clock(|| now_ms() - HOUR_MS);
    let late = pipeline(&world.store, &world.front).with_clock(|| now_ms() + HOUR_MS);
    let (stop, stopped) = watch::channel(false);
    let told = || {
        let mut stopped = stopped.clone();
        async move { drop(stopped.wait_for(|&it| it).await) }
    };
    let journey = async {
        until("both are reading", async || {
            world.replicas().await.len() == 2
        })
        .await;
        until("all is read", async || world.stored().await == TOTAL).await;
        stop.send(true).expect("they run");
    };
    tokio::join!(
        run_forever(&early, &Unwatched, told()),
        run_forever(&late, &Unwatched, told()),
        journey,
    );
    assert_eq!(reads_of_builds(&world.front), (1, 1));
}
