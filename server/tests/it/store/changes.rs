//! When statuses of tabs changed.

use model::summary::TabStatus;
use seamgrid::store::{CHANGES_KEPT, SeenStatus, Store};

use super::test_store;

fn seen(dashboard: &str, tab: &str, status: TabStatus, at_ms: i64) -> SeenStatus {
    SeenStatus {
        dashboard: dashboard.into(),
        tab: tab.into(),
        status,
        reason: format!("{} because <b>", status.word()),
        build: at_ms.to_string(),
        at_ms,
    }
}

#[tokio::test]
async fn a_change_is_recorded_once_with_what_it_was_before() {
    let test = test_store().await;
    let store = &test.store;
    let first = [
        seen("Board", "one", TabStatus::Passing, 1),
        seen("Board", "two", TabStatus::Flaky, 1),
    ];
    assert_eq!(store.save_statuses(&first).await.expect("saved"), 0);
    assert_eq!(
        store
            .load_status_changes(&["Board"], 9)
            .await
            .expect("read"),
        [],
        "what is seen for the first time has not changed"
    );
    // Names match after normalising, and another process may see the same.
    let failing = [seen("BOARD", "One", TabStatus::Failing, 2)];
    assert_eq!(store.save_statuses(&failing).await.expect("saved"), 1);
    assert_eq!(store.save_statuses(&failing).await.expect("saved"), 0);
    let passing = [
        seen("Board", "one", TabStatus::Passing, 3),
        seen("Board", "two", TabStatus::Flaky, 3),
    ];
    assert_eq!(store.save_statuses(&passing).await.expect("saved"), 1);

    let changes = store
        .load_status_changes(&["board"], 9)
        .await
        .expect("read");
    let found: Vec<_> = changes
        .iter()
        .map(|change| (change.tab.as_str(), change.from, change.to, change.at_ms))
        .collect();
    assert_eq!(
        found,
        [
            ("one", TabStatus::Failing, TabStatus::Passing, 3),
            ("One", TabStatus::Passing, TabStatus::Failing, 2),
        ]
    );
    assert_eq!(changes[1].reason, "FAILING because <b>");
    assert_eq!(changes[1].build, "2");
    let statuses = store.load_statuses().await.expect("read");
    assert_eq!(
        statuses[&("board".to_owned(), "one".to_owned())],
        TabStatus::Passing
    );
    assert_eq!(statuses.len(), 2);
}

#[tokio::test]
async fn dashboards_are_read_together_and_apart() {
    let test = test_store().await;
    let store = &test.store;
    for (at_ms, status) in [
        (1, TabStatus::Passing),
        (2, TabStatus::Stale),
        (3, TabStatus::Broken),
    ] {
        let both = [
            seen("a 1", "t", status, at_ms),
            seen("b 2", "t", status, at_ms),
        ];
        store.save_statuses(&both).await.expect("saved");
    }
    let both = store
        .load_status_changes(&["a 1", "b 2"], 3)
        .await
        .expect("read");
    assert_eq!(both.len(), 3);
    assert!(both.windows(2).all(|pair| pair[0].id > pair[1].id));
    let one = store.load_status_changes(&["b-2"], 9).await.expect("read");
    assert!(one.len() == 2 && one.iter().all(|change| change.dashboard == "b 2"));
    let none = store.load_status_changes(&["c"], 9).await.expect("read");
    assert_eq!(none, []);

    // On all dashboards, from a moment on, and of those no more than the newest few.
    let since = async |since_ms, limit| {
        let changes = store.load_status_changes_since(since_ms, limit).await;
        let changes = changes.expect("read").into_iter();
        changes
            .map(|change| (change.dashboard, change.at_ms))
            .collect::<Vec<_>>()
    };
    let change = |dashboard: &str, at_ms| (dashboard.to_owned(), at_ms);
    assert_eq!(since(3, 9).await, [change("b 2", 3), change("a 1", 3)]);
    assert_eq!(since(0, 9).await.len(), 4);
    assert_eq!(since(0, 3).await.len(), 3);
    assert_eq!(since(4, 9).await, []);
}

#[tokio::test]
async fn only_the_newest_changes_of_a_dashboard_are_kept() {
    let test = test_store().await;
    let store = &test.store;
    let last = i64::from(CHANGES_KEPT) + 10;
    let turns: Vec<SeenStatus> = (0..=last)
        .map(|turn| {
            let status = if turn % 2 == 0 {
                TabStatus::Passing
            } else {
                TabStatus::Flaky
            };
            seen("busy", "tab", status, turn)
        })
        .collect();
    let quiet = |status, at_ms| [seen("quiet", "tab", status, at_ms)];
    store
        .save_statuses(&quiet(TabStatus::Passing, 1))
        .await
        .expect("saved");
    store
        .save_statuses(&quiet(TabStatus::Stale, 2))
        .await
        .expect("saved");
    assert_eq!(
        store.save_statuses(&turns).await.expect("saved"),
        last as u64
    );
    let kept = store
        .load_status_changes(&["busy"], u32::MAX)
        .await
        .expect("read");
    assert_eq!(kept.len(), CHANGES_KEPT as usize);
    assert_eq!(kept[0].at_ms, last);
    let others = store
        .load_status_changes(&["quiet"], 9)
        .await
        .expect("read");
    assert_eq!(others.len(), 1);
}

/// What only several writers on one server can get wrong.
mod postgres {
    use std::time::Duration;

    use sqlx::{Connection as _, PgConnection};

    use super::*;
    use crate::store::postgres::schema;

    #[tokio::test]
    async fn processes_that_see_the_same_change_record_it_once() {
        let Some((url, _schema)) = schema().await else {
            return;
        };
        let store = Store::open(&url).await.expect("a database");
        let tabs = ["one", "two", "three"];
        let all = |status, at_ms| tabs.map(|tab| seen("board", tab, status, at_ms));
        let passing = all(TabStatus::Passing, 1);
        store.save_statuses(&passing).await.expect("saved");
        // Nobody can write while all of them look.
        let mut raw = PgConnection::connect(&url).await.expect("the server");
        sqlx::raw_sql("BEGIN; SELECT status FROM tab_status FOR UPDATE")
            .execute(&mut raw)
            .await
            .expect("locked");
        let mut writers = Vec::new();
        for at_ms in 2..6 {
            let store = Store::open(&url).await.expect("the same");
            let mut failing = all(TabStatus::Failing, at_ms);
            // In whatever order each sees them.
            failing.rotate_left(at_ms as usize % tabs.len());
            writers.push(tokio::spawn(async move {
                store.save_statuses(&failing).await.expect("saved")
            }));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        sqlx::raw_sql("COMMIT")
            .execute(&mut raw)
            .await
            .expect("let go");
        let mut recorded = 0;
        for writer in writers {
            recorded += writer.await.expect("it did not panic");
        }
        assert_eq!(recorded, 3);
        let changes = store.load_status_changes(&["board"], 99).await;
        let changes = changes.expect("read");
        assert_eq!(changes.len(), 3, "{changes:#?}");
        for change in changes {
            assert_eq!(
                (change.from, change.to),
                (TabStatus::Passing, TabStatus::Failing)
            );
        }
    }
}
