//! Workers that go on until they are told to stop.

use super::*;

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
