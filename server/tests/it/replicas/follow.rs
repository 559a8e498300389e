//! What one process writes, the others show.

use std::time::Instant;

use super::*;

const UPLOADS: usize = 5;

/// Two processes that show what is pushed, and read no bucket.
async fn two(world: &World) -> [Process; 2] {
    world.front.slow_down(Duration::from_hours(1));
    let serve = ["serve", "--no-update"];
    let processes = [
        world.start(&world.url, &serve).await,
        world.start(&world.url, &serve).await,
    ];
    for process in &processes {
        process.answers("/readyz", 200).await;
    }
    processes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_shown_by_the_process_that_did_not_take_it() {
    let world = World::new().await;
    let token = world.token().await;
    let [takes, shows] = two(&world).await;
    let mut waits = Vec::new();
    for build in 1..=UPLOADS {
        let (status, said) = upload(&takes, &token, build).await;
        assert_eq!(status, 201, "{said}");
        let begun = Instant::now();
        until("the other shows it", async || {
            shown(&shows).await[0] == build
        })
        .await;
        waits.push(begun.elapsed());
    }
    waits.sort_unstable();
    // Told on a server, looked for every second in a file; and a machine may be busy.
    let most = if database::server().is_some() { 1 } else { 3 };
    assert!(
        waits[UPLOADS / 2] < Duration::from_secs(most),
        "it took {waits:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_is_shown_by_the_process_that_did_not_take_it() {
    const ISSUE: &str = "https://tracker.example/browse/SHOP-3";

    let world = World::new().await;
    let token = world.token().await;
    let [takes, shows] = two(&world).await;
    let (status, said) = upload(&takes, &token, 1).await;
    assert_eq!(status, 201, "{said}");
    until("the other shows it", async || shown(&shows).await[0] == 1).await;

    let row = paths::api_row(DASHBOARD, &job(0), "alpha");
    let bugs = format!("{}{}", takes.address, paths::api_bugs(&job(0), "alpha"));
    let mut waits = Vec::new();
    for _ in 0..UPLOADS {
        for is_linked in [true, false] {
            let request = if is_linked {
                process::client()
                    .post(&bugs)
                    .body(json!({"url": ISSUE}).to_string())
            } else {
                process::client().delete(format!("{bugs}?url={ISSUE}"))
            };
            let answer = request.bearer_auth(&token).send().await.expect("an answer");
            assert!(answer.status().is_success(), "{answer:?}");
            let begun = Instant::now();
            until("the other shows it", async || {
                shows.get(&row).await.1.contains(ISSUE) == is_linked
            })
            .await;
            waits.push(begun.elapsed());
        }
    }
    waits.sort_unstable();
    let most = if database::server().is_some() { 1 } else { 2 };
    assert!(
        waits[UPLOADS] < Duration::from_secs(most),
        "it took {waits:?}"
    );
}
