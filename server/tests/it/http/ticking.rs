//! Statuses that depend on the clock.

use app::api::Read as _;
use model::{config::Configuration, summary::TabStatus};
use seamgrid::{
    read::{Catalog, Reader},
    settings::StalenessRule,
    testgrid::import::import,
};

use crate::{shared::shared, store::test_store};

use super::{HOUR_MS, MASTER, START_MS, World, settings};

#[tokio::test]
async fn a_tab_goes_stale_by_the_clock_alone() {
    let world = World::new().await;
    let mut configuration = world.configuration.clone();
    for dashboard in &mut configuration.dashboards {
        for tab in &mut dashboard.dashboard_tab {
            tab.alert_options = None;
        }
    }
    let catalog = || Catalog::new(&configuration, &[]);
    let reader = Reader::new(world.store.clone(), catalog(), &settings(3));
    let reader = reader.expect("the pattern is right");
    reader.publish_all().await.expect("all is published");
    let status = |reader: &Reader| {
        let page = reader.dashboard(MASTER).expect("it is there");
        (page.tabs[0].status, page.tabs[0].reason.clone())
    };
    // Its hourly runs ended years ago.
    let (before, reason) = status(&reader);
    assert_eq!(before, TabStatus::Stale, "{reason}");
    let start = |hours: i64| START_MS + hours * HOUR_MS;
    let turned = reader.tick(start(8));
    assert!(
        turned.iter().any(|turned| turned.dashboard == MASTER),
        "{turned:?}"
    );
    assert!(turned.iter().all(|turned| turned.from == TabStatus::Stale));
    assert_ne!(status(&reader).0, TabStatus::Stale);
    assert_eq!(reader.tick(start(8)), [], "nothing has changed since");
    let turned = reader.tick(start(100));
    assert!(turned.iter().all(|turned| turned.to == TabStatus::Stale));
    let (after, reason) = status(&reader);
    assert_eq!(after, TabStatus::Stale);
    assert!(
        reason.ends_with("longer than 3 h for a job that runs every 1 h"),
        "{reason}"
    );
    assert_eq!(reader.tick(start(101)), [], "stale as before");
    assert_ne!(status(&reader).1, reason, "but older");

    // TestGrid's rule: only what happens changes a status.
    let mut original = settings(3);
    original.rules.staleness = StalenessRule::Change;
    let reader = Reader::new(world.store.clone(), catalog(), &original);
    let reader = reader.expect("the pattern is right");
    reader.publish_all().await.expect("all is published");
    assert_eq!(reader.tick(start(8)), []);
}

#[tokio::test]
async fn a_recording_has_the_status_of_when_it_was_made() {
    let test = test_store().await;
    let samples = shared("data/testgrid-captures/openshift-sippy-historical/samples/4.9GA");
    import(&test.store, &[samples], START_MS, &|_| {})
        .await
        .expect("the database works");
    let imported = test.store.load_imported_tabs().await.expect("tabs");
    assert!(!imported.is_empty());
    let catalog = Catalog::new(&Configuration::default(), &imported);
    let reader = Reader::new(test.store.clone(), catalog, &settings(3));
    let reader = reader.expect("the pattern is right");
    reader.publish_all().await.expect("all is published");
    for recorded in &imported {
        let board = reader.dashboard(&recorded.dashboard).expect("it is there");
        let tab = board
            .tabs
            .iter()
            .find(|tab| tab.tab == recorded.tab.name)
            .expect("it is there");
        assert_ne!(tab.status, TabStatus::Stale, "{}", tab.reason);
        let updated = tab.last_update.expect("it has results");
        assert_eq!(updated.timestamp_millis(), recorded.recorded_ms);
    }
    assert_eq!(reader.tick(START_MS + 1_000 * HOUR_MS), []);
}
