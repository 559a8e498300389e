//! Databases that cannot be used, each with a sentence that names it.

use std::{fs, path::Path, time::Duration};

use seamgrid::store::{Store, StoreError};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use super::{full_run, sqlite_store, url_in};

async fn refusal(url: &str) -> (StoreError, String) {
    let error = Store::open(url).await.expect_err("it cannot be used");
    let sentence = error.to_string();
    (error, sentence)
}

#[tokio::test]
async fn urls_that_are_none() {
    for (url, sentence) in [
        (
            "seamgrid.db",
            "“seamgrid.db” is not a database URL: it has no scheme; write sqlite://path/to/seamgrid.db or postgres://user:password@host/database",
        ),
        (
            "mysql://user:secret@host/db",
            "“mysql://…@host/db” is not a database URL: “mysql” is not supported; write sqlite://path/to/seamgrid.db or postgres://user:password@host/database",
        ),
        (
            "sqlite://",
            "“sqlite://” is not a database URL: it names no file",
        ),
        (
            "sqlite::memory:",
            "“sqlite::memory:” is not a database URL: a database in memory cannot be shared between connections; name a file",
        ),
    ] {
        assert_eq!(refusal(url).await.1, sentence);
    }
    let (error, sentence) = refusal("sqlite://a.db?mode=sideways").await;
    assert!(matches!(error, StoreError::Url { .. }), "{sentence}");
}

#[tokio::test]
async fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("no/such/seamgrid.db");
    let (error, sentence) = refusal(&format!("sqlite://{}", path.display())).await;
    assert!(matches!(error, StoreError::Open { .. }), "{sentence}");
    assert!(sentence.contains("no/such/seamgrid.db cannot be opened or created"));
    let (error, sentence) = refusal(&format!("sqlite://{}", folder.path().display())).await;
    assert!(matches!(error, StoreError::Open { .. }), "{sentence}");
}

#[tokio::test]
async fn another_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("seamgrid.db");
    let text = "This is a letter, not a database. ".repeat(200);
    fs::write(&path, &text).expect("written");
    let (error, sentence) = refusal(&url_in(&folder)).await;
    assert!(
        matches!(error, StoreError::NotADatabase { .. }),
        "{sentence}"
    );
    assert_eq!(fs::read_to_string(&path).expect("still there"), text);
}

#[tokio::test]
async fn a_database_of_another_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut other = SqliteConnection::connect(&format!("{}?mode=rwc", url_in(&folder)))
        .await
        .expect("a new database");
    other
        .execute("CREATE TABLE run (letter TEXT); INSERT INTO run VALUES ('dear')")
        .await
        .expect("filled");
    let (error, sentence) = refusal(&url_in(&folder)).await;
    assert!(
        matches!(error, StoreError::NotADatabase { .. }),
        "{sentence}"
    );
    let (letter,): (String,) = sqlx::query_as("SELECT letter FROM run")
        .fetch_one(&mut other)
        .await
        .expect("still there");
    assert_eq!(letter, "dear");
}

#[tokio::test]
async fn a_newer_version() {
    let test = sqlite_store().await;
    let mut raw = test.raw().await;
    raw.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, X'00', 0)",
    )
    .await
    .expect("inserted");
    let (error, sentence) = refusal(&url_in(&test.folder)).await;
    assert!(
        matches!(error, StoreError::Newer { version: 9999, .. }),
        "{sentence}"
    );
    assert!(
        sentence.contains("written by a newer version of Seamgrid"),
        "{sentence}"
    );
}

#[tokio::test]
async fn another_schema_of_the_same_version() {
    let test = sqlite_store().await;
    let mut raw = test.raw().await;
    raw.execute("UPDATE _sqlx_migrations SET checksum = X'00'")
        .await
        .expect("updated");
    let (error, sentence) = refusal(&url_in(&test.folder)).await;
    assert!(
        matches!(error, StoreError::Schema { version: 1, .. }),
        "{sentence}"
    );
}

#[tokio::test]
async fn read_only() {
    let test = sqlite_store().await;
    let group = test.store.add_group("job").await.expect("a group");
    let url = format!("{}?mode=ro", url_in(&test.folder));
    let (error, sentence) = refusal(&url).await;
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{sentence}");
    assert!(sentence.contains("seamgrid.db is read-only"), "{sentence}");
    // The one that is open is not disturbed.
    test.store
        .save_runs(group, &[full_run("1", 1)], 1)
        .await
        .expect("saved");
}

#[tokio::test]
async fn locked() {
    let test = sqlite_store().await;
    let group = test.store.add_group("job").await.expect("a group");
    test.store.clone().close().await;
    let mut other = test.raw().await;
    other.execute("BEGIN IMMEDIATE").await.expect("locked");
    let wait = Duration::from_millis(50);
    let url = url_in(&test.folder);
    let error = Store::open_waiting(&url, wait).await.expect_err("locked");
    let sentence = error.to_string();
    assert!(matches!(error, StoreError::Locked { .. }), "{sentence}");
    assert!(
        sentence.contains("seamgrid.db is locked by another process"),
        "{sentence}"
    );

    // Locked while we are at it: an error too, and it passes.
    other.execute("ROLLBACK").await.expect("unlocked");
    let store = Store::open_waiting(&url, wait).await.expect("free");
    other.execute("BEGIN IMMEDIATE").await.expect("locked");
    let error = store
        .save_runs(group, &[full_run("1", 1)], 1)
        .await
        .expect_err("locked");
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    store.ready().await.expect("reading goes on");
    other.execute("ROLLBACK").await.expect("unlocked");
    store
        .save_runs(group, &[full_run("1", 1)], 1)
        .await
        .expect("free");
}

#[tokio::test]
async fn damaged() {
    let test = sqlite_store().await;
    let group = test.store.add_group("job").await.expect("a group");
    let runs: Vec<_> = (0..50)
        .map(|build| full_run(&build.to_string(), build))
        .collect();
    test.store.save_runs(group, &runs, 1).await.expect("saved");
    test.store.clone().close().await;
    let path = test.folder.path().join("seamgrid.db");
    let mut bytes = fs::read(&path).expect("the file");
    let middle = 4096;
    bytes[middle..].fill(0xa5);
    fs::write(&path, bytes).expect("written");
    let sentence = match Store::open(&url_in(&test.folder)).await {
        Err(error) => error.to_string(),
        Ok(store) => {
            let error = store
                .load_results(group, None)
                .await
                .expect_err("a damaged page");
            error.to_string()
        }
    };
    assert!(sentence.contains("seamgrid.db is damaged"), "{sentence}");
}

#[tokio::test]
async fn ready_while_it_is_there() {
    let test = sqlite_store().await;
    test.store.ready().await.expect("ready");
    let clone = test.store.clone();
    test.store.close().await;
    assert!(clone.ready().await.is_err());
    assert!(Path::new(clone.database()).is_absolute());
}
