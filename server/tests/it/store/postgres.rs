//! What only a PostgreSQL server can get wrong. Without one these tests say so; in CI it must be there.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::future::join_all;
use model::{run::Run, status::Status};
use seamgrid::store::{Store, StoreError};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::{full_run, result, sqlite_store};
use crate::database::{server, url_for};

/// The URL of an empty schema, with the folder that it stands for.
pub(crate) async fn schema() -> Option<(String, TempDir)> {
    if server().is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "SEAMGRID_TEST_DATABASE is not set, and in CI it must be"
        );
        eprintln!(
            "left out: SEAMGRID_TEST_DATABASE names no server; `cargo xtask test` starts one"
        );
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = url_for(&folder.path().join("seamgrid.db")).await;
    Some((url, folder))
}

async fn refusal(url: &str) -> (StoreError, String) {
    let error = Store::open(url).await.expect_err("it cannot be used");
    let sentence = error.to_string();
    (error, sentence)
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    // Nobody listens on a port that was just free.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let url = format!("postgres://user:secret@{address}/results");
    let (error, sentence) = refusal(&url).await;
    assert!(
        matches!(error, StoreError::Unreachable { .. }),
        "{sentence}"
    );
    let start = format!("the database postgres://{address}/results cannot be reached: ");
    assert!(sentence.starts_with(&start), "{sentence}");
    let (error, sentence) = refusal("postgres://user:secret@host/db?sslmode=sideways").await;
    assert!(matches!(error, StoreError::Url { .. }), "{sentence}");
    assert!(!sentence.contains("secret"), "{sentence}");
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    let Some(url) = server() else {
        schema().await;
        return;
    };
    let (before, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let (before, _) = before.rsplit_once('/').expect("a database");
    let (error, sentence) = refusal(&format!("{before}/no_such_database?{parameters}")).await;
    assert!(matches!(error, StoreError::Open { .. }), "{sentence}");
    assert!(sentence.contains("no_such_database"), "{sentence}");
}

#[tokio::test]
async fn a_schema_of_another_program_and_one_of_a_newer_version() {
    let Some((url, _folder)) = schema().await else {
        return;
    };
    let mut raw = PgConnection::connect(&url).await.expect("the server");
    sqlx::raw_sql("CREATE TABLE run (letter TEXT)")
        .execute(&mut raw)
        .await
        .expect("a table");
    let (error, sentence) = refusal(&url).await;
    assert!(
        matches!(error, StoreError::NotADatabase { .. }),
        "{sentence}"
    );
    sqlx::raw_sql("DROP TABLE run")
        .execute(&mut raw)
        .await
        .expect("dropped");
    Store::open(&url)
        .await
        .expect("a new database")
        .close()
        .await;
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, '\\x00', 0)",
    )
    .execute(&mut raw)
    .await
    .expect("inserted");
    let (error, sentence) = refusal(&url).await;
    assert!(
        matches!(error, StoreError::Newer { version: 9999, .. }),
        "{sentence}"
    );
}

#[tokio::test]
async fn replicas_that_begin_together_make_one_schema() {
    let Some((url, _folder)) = schema().await else {
        return;
    };
    let opened = join_all((0..5).map(|_| Store::open(&url))).await;
    for store in opened {
        store.expect("a database").ready().await.expect("ready");
    }
}

#[tokio::test]
async fn writers_of_one_group_leave_nothing_out() {
    let Some((url, _folder)) = schema().await else {
        return;
    };
    let stores = [
        Store::open(&url).await.expect("a database"),
        Store::open(&url).await.expect("the same"),
        Store::open(&url).await.expect("the same"),
    ];
    let group = stores[0].add_group("job").await.expect("a group");
    // Every writer knows tests that the others do not, and some that they do.
    let run = |writer: usize, number: usize| -> Run {
        let mut run = full_run(&format!("{writer}{number:02}"), 1_000 + number as i64);
        for test in 0..30 {
            let name = format!("test {}", test * (writer + 1) + number);
            run.results.push(result(&name, Status::Pass));
        }
        run
    };
    let write = stores.iter().enumerate().map(|(writer, store)| async move {
        for number in 0..10 {
            let saved = store
                .save_runs(group, &[run(writer, number)], number as i64)
                .await;
            saved.expect("saved");
        }
    });
    join_all(write).await;
    let results = stores[0].load_results(group, None).await.expect("results");
    assert_eq!(results.runs.len(), 30);
    let names: HashSet<&str> = results
        .tests
        .iter()
        .map(|test| test.name.as_str())
        .collect();
    assert_eq!(names.len(), results.tests.len(), "no name has two ordinals");
    for (writer, store) in stores.iter().enumerate() {
        for number in 0..10 {
            let mut wanted = run(writer, number);
            let stored = store.load_run(group, &wanted.build).await.expect("loaded");
            let mut stored = stored.expect("a run");
            for run in [&mut wanted, &mut stored] {
                run.results.sort_by(|a, b| a.name.cmp(&b.name));
                run.results.dedup_by(|a, b| a.name == b.name);
            }
            assert_eq!(stored, wanted);
        }
    }
}

/// The columns of every table, without their types, which the engines call otherwise.
type Schema = BTreeMap<String, BTreeSet<String>>;

#[tokio::test]
async fn both_engines_have_the_same_tables() {
    let Some((url, _folder)) = schema().await else {
        return;
    };
    Store::open(&url).await.expect("a database").close().await;
    let mut raw = PgConnection::connect(&url).await.expect("the server");
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, is_nullable::text \
         FROM information_schema.columns WHERE table_schema = current_schema()",
    )
    .fetch_all(&mut raw)
    .await
    .expect("columns");
    let mut of_server = Schema::new();
    for (table, column, nullable) in rows {
        let column = format!(
            "{column} {}",
            if nullable == "YES" {
                "NULL"
            } else {
                "NOT NULL"
            }
        );
        of_server.entry(table).or_default().insert(column);
    }
    of_server.remove("_sqlx_migrations");

    let sqlite = sqlite_store().await;
    let mut raw = sqlite.raw().await;
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_master WHERE type = 'table' \
         AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut raw)
    .await
    .expect("tables");
    let mut of_file = Schema::new();
    for (table,) in tables {
        let columns: Vec<(String, bool, bool)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT name, \"notnull\", pk > 0 FROM pragma_table_info('{table}')"
        )))
        .fetch_all(&mut raw)
        .await
        .expect("columns");
        let columns = columns.into_iter().map(|(name, not_null, key)| {
            format!(
                "{name} {}",
                if not_null || key { "NOT NULL" } else { "NULL" }
            )
        });
        of_file.insert(table, columns.collect());
    }
    assert_eq!(of_server, of_file, "every migration is in both folders");
}
