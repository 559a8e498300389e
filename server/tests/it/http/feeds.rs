//! Feeds of status changes.

use app::paths;
use axum::http::{Method, StatusCode, header};
use model::{run::Cell, status::Status};
use quick_xml::{Reader, events::Event};

use super::{GCE, MASTER, NEW_PRODUCT, World, run};

/// The texts of an element wherever it occurs in a document, in order.
fn texts(xml: &str, element: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let (mut texts, mut within) = (Vec::new(), false);
    loop {
        match reader.read_event().expect("it is XML") {
            Event::Start(start) => {
                within = start.name().as_ref() == element;
                if within {
                    texts.push(String::new());
                }
            }
            Event::Text(text) if within => {
                texts.last_mut().expect("an element began").push_str(&text);
            }
            Event::GeneralRef(reference) if within => {
                texts
                    .last_mut()
                    .expect("an element began")
                    .push_str(&format!("&{};", &*reference));
            }
            Event::End(_) => within = false,
            Event::Eof => return texts,
            _ => {}
        }
    }
}

/// A world in which `nodes join` passed again.
pub(super) async fn world() -> World {
    let world = World::new().await;
    for number in 7..=12 {
        let results = [
            "nodes join",
            "kubelet restarts",
            "kubelet starts",
            "ci-gce.Overall",
        ]
        .map(|name| (name, Cell::plain(Status::Pass)));
        let run = run(number, None, NEW_PRODUCT, results.to_vec());
        world.publish_run(run).await;
    }
    world
}

#[tokio::test]
async fn a_feed_tells_what_changed_and_why() {
    let world = world().await;
    let path = paths::feed_of_dashboard(MASTER);
    let reply = world.get(&path).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        reply.header(header::CONTENT_TYPE),
        "application/atom+xml; charset=utf-8"
    );
    assert_eq!(reply.header(header::CACHE_CONTROL), "max-age=60");
    let titles = texts(reply.text(), "title");
    assert_eq!(titles[0], format!("{MASTER}: changes of status"));
    let turns: Vec<&str> = titles
        .iter()
        .filter(|title| title.contains(GCE))
        .map(|title| title.rsplit(": ").next().expect("a title has parts"))
        .collect();
    assert_eq!(turns, ["FLAKY → PASSING", "FAILING → FLAKY"]);
    let summaries = texts(reply.text(), "summary");
    assert!(
        summaries
            .iter()
            .any(|it| it.starts_with("PASSING because all results")
                && it.contains("Newest build: ")
                && it.contains(MASTER)),
        "{summaries:?}"
    );
    assert!(reply.text().contains(&paths::tab(MASTER, GCE)));
    let (ids, times) = (texts(reply.text(), "id"), texts(reply.text(), "updated"));
    assert_eq!(ids.len(), titles.len());
    assert_eq!(times.len(), titles.len());
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());

    // The same again, and nothing for who has it.
    let again = world.get(&path).await;
    assert_eq!(again.body, reply.body);
    let headers = [("if-none-match", reply.header(header::ETAG))];
    let kept = world.send(Method::GET, &path, &headers).await;
    assert_eq!(kept.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_release_branch_has_a_feed_of_its_dashboards() {
    let world = world().await;
    let reply = world.get(&paths::feed_of_release("1.9")).await;
    let titles = texts(reply.text(), "title");
    assert_eq!(titles[0], "1.9: changes of status");
    assert_eq!(titles.len(), 3, "{titles:?}");
    let master = world.get(&paths::feed_of_release("master")).await;
    assert!(texts(master.text(), "title").len() > titles.len());
    // Nothing ever changed here.
    let quiet = world.get(&paths::feed_of_release("1.10")).await;
    assert_eq!(texts(quiet.text(), "updated"), ["1970-01-01T00:00:00Z"]);
}

#[tokio::test]
async fn a_restart_tells_nothing_twice() {
    let world = world().await;
    let before = world.get(&paths::feed_of_dashboard(MASTER)).await;
    let reader = seamgrid::read::Reader::new(
        world.store.clone(),
        seamgrid::read::Catalog::new(&world.configuration, &[]),
        &super::settings(0),
    );
    let reader = std::sync::Arc::new(reader.expect("the pattern is right"));
    reader.publish_all().await.expect("all is published");
    let router = seamgrid::http::router(reader);
    let path = paths::feed_of_dashboard(MASTER);
    let after = super::send(&router, Method::GET, &path, &[]).await;
    assert_eq!(after.body, before.body);
}

#[tokio::test]
async fn an_unknown_feed_is_said() {
    let world = World::new().await;
    let reply = world.get(&paths::feed_of_dashboard("sig-nod")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(
        reply.text(),
        "there is no dashboard \"sig-nod\"; the nearest is \"sig-node\"\n"
    );
    let reply = world.get(&paths::feed_of_release("2.0")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(
        reply.text(),
        "there is no release branch \"2.0\"; there are master, 1.10, 1.9\n"
    );
}
