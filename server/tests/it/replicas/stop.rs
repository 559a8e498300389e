//! Processes that are told to stop while a bucket says nothing.

use std::time::Instant;

use seamgrid::serve::GRACE;
use tokio::net::TcpListener;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_bucket_does_not_keep_a_process_that_is_told_to_stop() {
    let world = World::new().await;
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = silent.local_addr().expect("an address");
    let file = world.folder.path().join("seamgrid.yaml");
    let settings = std::fs::read_to_string(&file).expect("the settings");
    let settings = settings.replace(&world.front.address(), &format!("http://{address}"));
    std::fs::write(&file, settings).expect("written");
    world.set_lease(60);

    let arguments = &["update"];
    let once = world.start(&world.url, arguments);
    let (mut patient, mut hasty) = tokio::join!(once, world.start(&world.url, arguments));
    until("both wait for the bucket", async || {
        let mut held = 0;
        for replica in world.replicas().await {
            held += usize::from(world.held_by(&replica).await > 0);
        }
        held == 2
    })
    .await;
    let begun = Instant::now();
    patient.tell_to_stop();
    hasty.tell_to_stop();
    // Two signals of a kind at a time are one.
    tokio::time::sleep(Duration::from_secs(1)).await;
    hasty.tell_to_stop();
    assert!(!hasty.ended().await, "its work was broken off");
    assert!(begun.elapsed() < GRACE / 2, "told twice, it ends at once");
    assert!(patient.ended().await, "{}", patient.said());
    let took = begun.elapsed();
    assert!(took < GRACE * 2, "it took {took:?}");
    let said = patient.said();
    assert!(said.contains("stopped"), "{said}");
    // What it held is given back at once; the other's leases end by themselves.
    assert_eq!(world.replicas().await.len(), 1);
}
