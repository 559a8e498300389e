//! Databases for tests: SQLite files, or schemas of a server.
//!
//! The same tests run on both engines: without more on SQLite, and with the variable
//! `SEAMGRID_TEST_DATABASE` on the server whose URL it holds, as `cargo xtask test` does with one that it
//! starts. That database is for tests alone: every test makes a schema of its own in it.

use std::path::Path;

use seamgrid::store::Store;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use xxhash_rust::xxh3::xxh3_64;

/// The server's URL, when the tests are to run on one.
pub(crate) fn server() -> Option<String> {
    std::env::var("SEAMGRID_TEST_DATABASE").ok()
}

/// The URL of a database of one's own: the SQLite file at `path`, which need not be there, or a schema
/// that stands for it.
pub(crate) async fn url_for(path: &Path) -> String {
    match server() {
        None => format!("sqlite://{}", path.display()),
        Some(server) => {
            let schema = format!("t_{:016x}", xxh3_64(path.as_os_str().as_encoded_bytes()));
            let mut connection = PgConnection::connect(&server)
                .await
                .expect("SEAMGRID_TEST_DATABASE names a server that can be reached");
            connection
                .execute(AssertSqlSafe(format!(
                    "CREATE SCHEMA IF NOT EXISTS {schema}"
                )))
                .await
                .expect("a schema of our own");
            connection.close().await.expect("closed");
            let separator = if server.contains('?') { '&' } else { '?' };
            format!("{server}{separator}options[search_path]={schema}")
        }
    }
}

/// Opens the database that [`url_for`] names.
pub(crate) async fn open(path: &Path) -> Store {
    Store::open(&url_for(path).await)
        .await
        .expect("a new database")
}
