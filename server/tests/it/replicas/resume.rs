//! A backfill that is killed, and begun again.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_not_read_again() {
    let world = World::new().await;
    let read_of = |reads: &std::collections::HashMap<String, usize>, job: &str, build: &str| {
        let path = format!("ci-bucket/logs/{job}/{build}/finished.json");
        reads.get(&path).copied().unwrap_or(0)
    };
    for part in [TOTAL / 5, TOTAL / 2] {
        world.front.slow_down(SLOW);
        let mut update = world.start(&world.url, &["update", "--once"]).await;
        until("a part is read", async || world.stored().await >= part).await;
        update.kill();
        let stored = world.stored().await;
        assert!(stored < TOTAL, "it was killed in the middle");
        assert!(
            update.said().contains(" test groups, "),
            "it says in lines how far it is: {}",
            update.said()
        );

        // Whatever was under way when it died may be read once more, and nothing else.
        let builds = content(&world.store).await;
        let before = world.front.reads();
        world.front.slow_down(Duration::ZERO);
        let mut again = world.start(&world.url, &["update", "--once"]).await;
        until("more is read", async || world.stored().await > stored + 50).await;
        again.kill();
        let after = world.front.reads();
        for (job, builds) in &builds {
            for build in builds.keys() {
                assert_eq!(
                    read_of(&after, job, build),
                    read_of(&before, job, build),
                    "{job}/{build} is stored and was read again"
                );
            }
        }
    }
    let last = world.start(&world.url, &["update", "--once"]).await;
    until("all is read", async || world.stored().await == TOTAL).await;
    until("it says so", async || {
        last.said()
            .contains(&format!("{GROUPS} of {GROUPS} test groups"))
    })
    .await;
    let reads = world.front.reads();
    let builds = content(&world.store).await;
    let most = builds
        .iter()
        .flat_map(|(job, builds)| builds.keys().map(|build| read_of(&reads, job, build)))
        .max();
    assert!(most.is_some_and(|most| most <= 5), "{most:?}");
    let expected = undisturbed(world.folder.path(), &world.front).await;
    assert!(builds == expected, "as if nothing had happened");
}
