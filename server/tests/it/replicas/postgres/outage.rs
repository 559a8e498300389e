//! The database is not there, at first or for a while.

use super::*;

/// Whether a page says that the database is silent, and since when: the script that says so later is in all
/// of them.
fn says_silent(page: &str) -> bool {
    let mut after = page.split("The database gives no answer since ").skip(1);
    after.any(|time| time.starts_with(|first: char| first.is_ascii_digit()))
}

#[tokio::test]
async fn at_the_start_it_is_waited_for() {
    let Some((url, _schema)) = schema().await else {
        return;
    };
    let world = World::at(url).await;
    let proxy = Proxy::before(&world.url).await;
    proxy.set(Network::Broken);
    let serves = world.start(&proxy.url, &["serve"]).await;
    let updates = world.start(&proxy.url, &["update"]).await;
    serves.answers("/healthz", 200).await;
    let (status, said) = serves.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(
        said.contains("the database cannot be reached yet"),
        "{said}"
    );
    assert_eq!(serves.get("/").await.0, 503);
    for process in [&serves, &updates] {
        until("it says for what it waits", async || {
            let said = process.said();
            said.contains("the database postgres://127.0.0.1:") && said.contains("waiting for it")
        })
        .await;
    }
    proxy.set(Network::Open);
    serves.answers("/readyz", 200).await;
    until("all is read", async || world.stored().await == TOTAL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_the_last_snapshot_is_shown_and_no_accepted_upload_is_lost() {
    let Some((url, _schema)) = schema().await else {
        return;
    };
    let world = World::at(url).await;
    let proxy = Proxy::before(&world.url).await;
    let token = world.token().await;
    let serves = world.start(&proxy.url, &["serve"]).await;
    until("all is shown", async || {
        shown(&serves).await == [BUILDS as usize; GROUPS]
    })
    .await;
    let tab = paths::tab(DASHBOARD, &job(0));
    let pages = [
        paths::HOME,
        "/dashboards",
        &paths::dashboard(DASHBOARD),
        &tab,
    ];
    for page in pages {
        let (status, text) = serves.get(page).await;
        assert_eq!(status, 200, "{page}");
        assert!(!says_silent(&text), "{page}");
    }

    // Uploads go on all the while; each is accepted or refused.
    let mut accepted = Vec::new();
    let mut refused = 0;
    let readers = Readers::of(&[&serves]);
    for (network, uploads) in [
        (Network::Open, 5),
        (Network::Silent, 2),
        (Network::Broken, 2),
        (Network::Open, 5),
    ] {
        proxy.set(network);
        for _ in 0..uploads {
            let build = accepted.len() + refused + 1;
            let (status, said) = upload(&serves, &token, build).await;
            match status {
                200 | 201 => accepted.push(build.to_string()),
                503 => {
                    let sentence = "the database does not answer; nothing is stored, try again";
                    assert!(said.contains(sentence), "{said}");
                    refused += 1;
                }
                _ => panic!("{status} {said}"),
            }
        }
        if network == Network::Broken {
            assert_eq!(serves.get("/readyz").await.0, 503);
            assert_eq!(serves.get("/healthz").await.0, 200);
            until("pages that are open hear of it", async || {
                let (status, text) = serves.get("/api/v2/health").await;
                assert_eq!(status, 200, "{text}");
                text.contains("database_silent_since")
            })
            .await;
            for page in pages {
                until(&format!("{page} says so"), async || {
                    let (status, text) = serves.get(page).await;
                    assert_eq!(status, 200, "{page}");
                    says_silent(&text)
                })
                .await;
            }
            assert_eq!(
                shown(&serves).await[1..],
                [BUILDS as usize; GROUPS - 1],
                "the last snapshot is shown"
            );
        }
    }
    readers.end().await;
    until("it says that it is over", async || {
        serves
            .said()
            .contains("the database answers again; what changed is shown")
    })
    .await;
    let said = serves.said();
    let looks = said.matches("cannot see what changed").count();
    assert_eq!(looks, 1, "once, not with every look: {said}");
    assert!(
        accepted.len() >= 5 && refused >= 1,
        "{accepted:?} {refused}"
    );
    let groups = world.store.load_groups().await.expect("groups");
    let group = groups.iter().find(|group| group.name == job(0));
    let group = group.expect("the group").id;
    for build in &accepted {
        let run = world.store.load_run(group, build).await.expect("readable");
        assert!(run.is_some(), "the upload of build {build} was accepted");
    }
    serves.answers("/readyz", 200).await;
    until("pages say it no longer", async || {
        let (_, text) = serves.get(&tab).await;
        !says_silent(&text)
    })
    .await;
}
