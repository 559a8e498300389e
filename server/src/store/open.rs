//! Opening, migrating and closing.

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions as _, SqlSafeStr as _, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{PostgresStore, Store, StoreError, error::Failure, reading, row::Dictionaries};

/// What a database URL looks like.
const FORMS: &str = "write sqlite://path/to/seamgrid.db or postgres://user:password@host/database";

/// How long a connection waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a caller waits for a connection: longer than a whole import of a large group takes.
const ACQUIRE_TIMEOUT: Duration = Duration::from_mins(1);

/// How often a database is tried that cannot be reached.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// After how many tries that is said again.
const TRIES_PER_WORD: u32 = 30;

/// Readers at the same time.
const READERS: u32 = 4;

/// The migrations in order: (version, name, SQL). Append only.
const SQLITE_MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "results",
        include_str!("../../../migrations/sqlite/0001_results.sql"),
    ),
    (
        2,
        "changes",
        include_str!("../../../migrations/sqlite/0002_changes.sql"),
    ),
    (
        3,
        "history",
        include_str!("../../../migrations/sqlite/0003_history.sql"),
    ),
    (
        4,
        "impact",
        include_str!("../../../migrations/sqlite/0004_impact.sql"),
    ),
    (
        5,
        "sources",
        include_str!("../../../migrations/sqlite/0005_sources.sql"),
    ),
    (
        6,
        "revisions",
        include_str!("../../../migrations/sqlite/0006_revisions.sql"),
    ),
    (
        7,
        "search",
        include_str!("../../../migrations/sqlite/0007_search.sql"),
    ),
    (
        8,
        "bugs",
        include_str!("../../../migrations/sqlite/0008_bugs.sql"),
    ),
    (
        9,
        "daily",
        include_str!("../../../migrations/sqlite/0009_daily.sql"),
    ),
    (
        10,
        "watched",
        include_str!("../../../migrations/sqlite/0010_watched.sql"),
    ),
    (
        11,
        "specifications",
        include_str!("../../../migrations/sqlite/0011_specifications.sql"),
    ),
    (
        13,
        "renamed",
        include_str!("../../../migrations/sqlite/0013_renamed.sql"),
    ),
];

/// An SQLite file: one connection that writes, several that read.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    database: Arc<str>,
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) dictionaries: Dictionaries,
}

impl SqliteStore {
    /// The failure as an error that names this database.
    pub(super) fn name(&self, failure: Failure) -> StoreError {
        failure.of(&self.database, known_version(SQLITE_MIGRATIONS))
    }
}

/// The newest of these migrations.
pub(super) fn known_version(migrations: &[(i64, &str, &str)]) -> i64 {
    migrations.last().map_or(0, |&(version, ..)| version)
}

pub(super) fn migrator(migrations: &[(i64, &'static str, &'static str)]) -> Migrator {
    Migrator::with_migrations(
        migrations
            .iter()
            .map(|&(version, name, sql)| {
                let transactional = false;
                Migration::new(
                    version,
                    name.into(),
                    MigrationType::Simple,
                    sql.into_sql_str(),
                    transactional,
                )
            })
            .collect(),
    )
}

impl Store {
    /// The dictionaries that are kept for writing.
    pub(super) const fn dictionaries(&self) -> &Dictionaries {
        match self {
            Self::Sqlite(sqlite) => &sqlite.dictionaries,
            Self::Postgres(postgres) => &postgres.dictionaries,
        }
    }

    /// The statement with which a write transaction takes a group (`$1`) for itself, where several can
    /// be under way at once. It stands alone, first: what the next statement sees is what those before
    /// have left.
    pub(super) const fn lock_group(&self) -> Option<&'static str> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(_) => Some("SELECT id FROM test_group WHERE id = $1 FOR UPDATE"),
        }
    }

    /// The statement that tells the time in milliseconds since 1970 by the one clock that all processes on
    /// the database share: the server's, and on a file, which is shared by processes of one machine, the
    /// machine's. There is no portable word for it.
    pub(super) const fn clock(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => {
                "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"
            }
            Self::Postgres(_) => {
                "SELECT CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 AS BIGINT)"
            }
        }
    }

    /// Opens the database at `url` and brings its schema up to date; an SQLite file that is not
    /// there is created, its folder is not.
    ///
    /// `sqlite://path` and `sqlite:path` are relative to the working directory, `sqlite:///path` is
    /// absolute. `postgres://user:password@host:port/database` is a PostgreSQL server's.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_waiting(url, BUSY_TIMEOUT).await
    }

    /// Like [`Store::open`], and waits for at most `busy_timeout` whenever another process holds the
    /// database.
    pub async fn open_waiting(url: &str, busy_timeout: Duration) -> Result<Self, StoreError> {
        let reject = |reason: String| StoreError::Url {
            url: without_password(url),
            reason,
        };
        match url.split_once(':') {
            Some(("sqlite", _)) => {}
            Some(("postgres" | "postgresql", _)) => {
                return PostgresStore::open(url).await.map(Self::Postgres);
            }
            Some((scheme, _)) => {
                return Err(reject(format!("“{scheme}” is not supported; {FORMS}")));
            }
            None => return Err(reject(format!("it has no scheme; {FORMS}"))),
        }
        let options =
            SqliteConnectOptions::from_str(url).map_err(|error| reject(error.to_string()))?;
        let path = options.get_filename().to_path_buf();
        if path.as_os_str().is_empty() {
            return Err(reject("it names no file".into()));
        }
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(reject(
                "a database in memory cannot be shared between connections; name a file".into(),
            ));
        }
        let options = options.busy_timeout(busy_timeout);
        open_sqlite(path.display().to_string(), options)
            .await
            .map(Self::Sqlite)
    }

    /// Finishes what is being written and closes all connections. Clones must not be used after.
    pub async fn close(self) {
        match self {
            Self::Sqlite(sqlite) => {
                sqlite.readers.close().await;
                sqlite.writer.close().await;
            }
            Self::Postgres(postgres) => postgres.pool.close().await,
        }
    }

    /// As [`Store::open`], and waits as long as it takes until the database can be reached; says so once a
    /// minute.
    pub async fn open_patiently(url: &str) -> Result<Self, StoreError> {
        let mut tries = 0u32;
        loop {
            match Self::open(url).await {
                Err(error @ StoreError::Unreachable { .. }) => {
                    if tries.is_multiple_of(TRIES_PER_WORD) {
                        tracing::warn!(%error, "{error}; waiting for it");
                    }
                    tries += 1;
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                opened => {
                    if tries > 0 && opened.is_ok() {
                        tracing::info!("the database can be reached");
                    }
                    return opened;
                }
            }
        }
    }

    /// Waits for an answer of this database for as long as `most`, and not for longer: when it cannot be
    /// reached, each question waits for a connection. What was not answered may have been done.
    pub async fn within<T>(
        &self,
        most: Duration,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = tokio::time::timeout(most, answer).await;
        answer.unwrap_or_else(|_| Err(StoreError::silent(self.database(), most)))
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), StoreError> {
        reading!(self, tx => {
            let (_one,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM test_group WHERE id = 0")
                .fetch_one(&mut *tx)
                .await?;
        })
    }

    /// The database for people: its path, or its address without credentials.
    pub fn database(&self) -> &str {
        match self {
            Self::Sqlite(sqlite) => &sqlite.database,
            Self::Postgres(postgres) => &postgres.database,
        }
    }
}

async fn open_sqlite(
    database: String,
    options: SqliteConnectOptions,
) -> Result<SqliteStore, StoreError> {
    let known = known_version(SQLITE_MIGRATIONS);
    let options = options
        .disable_statement_logging()
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With a write-ahead log a power cut may lose the newest transactions, never consistency;
        // what is lost is read again from the bucket.
        .synchronous(SqliteSynchronous::Normal)
        // 64 MiB of pages per connection.
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory");
    let pool = |most| {
        SqlitePoolOptions::new()
            .max_connections(most)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_lifetime(None)
            .idle_timeout(None)
            .test_before_acquire(false)
    };
    let open = async {
        let writer = pool(1).connect_with(options.clone()).await?;
        let mut connection = writer.acquire().await?;
        let (ours, others): (i64, i64) = sqlx::query_as(
            "SELECT COALESCE(SUM(name = '_sqlx_migrations'), 0), \
             COALESCE(SUM(name <> '_sqlx_migrations'), 0) \
             FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )
        .fetch_one(&mut *connection)
        .await?;
        if ours == 0 && others > 0 {
            return Err(Failure::Foreign);
        }
        migrator(SQLITE_MIGRATIONS)
            .run_direct(None, &mut *connection, false)
            .await?;
        drop(connection);
        // A database that cannot be written is refused now, not at the first save.
        let mut probe = writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE test_group SET name = name WHERE id = 0")
            .execute(&mut *probe)
            .await?;
        probe.rollback().await?;
        let readers = pool(READERS)
            .min_connections(1)
            .connect_with(options.clone().pragma("query_only", "on"))
            .await?;
        Ok::<_, Failure>((writer, readers))
    };
    let (writer, readers) = open.await.map_err(|failure| failure.of(&database, known))?;
    Ok(SqliteStore {
        database: database.into(),
        writer,
        readers,
        dictionaries: Dictionaries::default(),
    })
}

/// `url` as it may be shown: what stands between `//` and `@` is cut.
pub(super) fn without_password(url: &str) -> String {
    match (url.find("//"), url.rfind('@')) {
        (Some(start), Some(end)) if start + 2 <= end => {
            format!("{}…{}", &url[..start + 2], &url[end..])
        }
        _ => url.to_owned(),
    }
}
