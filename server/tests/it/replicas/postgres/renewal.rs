//! Leases that are prolonged while others are taken.

use super::*;

/// What a renewal begins with.
const RENEWAL: &str = "FROM update_state WHERE owner = ";
/// Looks begin by taking leases or by saying that the process lives, as it happens.
const TIMES: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_during_a_renewal_is_kept() {
    let Some((url, _schema)) = schema().await else {
        return;
    };
    let world = World::at(url).await;
    world.front.slow_down(STOPPED);
    let proxy = Proxy::before(&world.url).await;
    proxy.set(Network::Late(RENEWAL));
    for _ in 0..TIMES {
        let behind = Store::open(&proxy.url).await.expect("the same database");
        let pipeline = pipeline(&behind, &world.front);
        let begun = async {
            until("it says that it lives", async || {
                world.replicas().await.len() == 1
            })
            .await;
            let name = world.newcomer(&BTreeSet::new()).await;
            until("every group is taken", async || {
                world.held_by(&name).await == GROUPS
            })
            .await;
        };
        tokio::select! {
            _ = update_groups(&pipeline, None, &Unwatched) => panic!("nothing can be read"),
            () = begun => {}
        }
        pipeline.resign().await;
    }
}
