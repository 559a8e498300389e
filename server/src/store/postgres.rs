//! PostgreSQL, and what speaks its protocol.

use std::{
    str::FromStr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    StoreError,
    error::Failure,
    open::{known_version, migrator, without_password},
    row::Dictionaries,
};

/// How long a caller waits for a connection. While the server cannot be reached, every caller waits for so
/// long.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a new connection may take to come about when there is none yet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one transaction may take. A network that swallows everything breaks no connection for a
/// quarter of an hour; longer than the largest save takes.
const DEADLINE: Duration = Duration::from_mins(1);

/// Connections of one process, one of which listens: several replicas share what the server allows, 100 by
/// default.
const CONNECTIONS: u32 = 13;

/// How often, and after which pause, migrating is tried again while another process does it.
const MIGRATION_TRIES: u32 = 60;
const MIGRATION_PAUSE: Duration = Duration::from_millis(250);

/// The migrations in order: (version, name, SQL). Append only; one for each of SQLite's.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "results",
        include_str!("../../../migrations/postgres/0001_results.sql"),
    ),
    (
        2,
        "changes",
        include_str!("../../../migrations/postgres/0002_changes.sql"),
    ),
    (
        3,
        "history",
        include_str!("../../../migrations/postgres/0003_history.sql"),
    ),
    (
        4,
        "impact",
        include_str!("../../../migrations/postgres/0004_impact.sql"),
    ),
    (
        5,
        "sources",
        include_str!("../../../migrations/postgres/0005_sources.sql"),
    ),
    (
        6,
        "revisions",
        include_str!("../../../migrations/postgres/0006_revisions.sql"),
    ),
    (
        7,
        "search",
        include_str!("../../../migrations/postgres/0007_search.sql"),
    ),
    (
        8,
        "bugs",
        include_str!("../../../migrations/postgres/0008_bugs.sql"),
    ),
    (
        9,
        "daily",
        include_str!("../../../migrations/postgres/0009_daily.sql"),
    ),
    (
        10,
        "watched",
        include_str!("../../../migrations/postgres/0010_watched.sql"),
    ),
    (
        11,
        "specifications",
        include_str!("../../../migrations/postgres/0011_specifications.sql"),
    ),
    (
        13,
        "renamed",
        include_str!("../../../migrations/postgres/0013_renamed.sql"),
    ),
];

/// A PostgreSQL database: connections that both read and write.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pub(super) database: Arc<str>,
    pub(super) pool: PgPool,
    pub(super) dictionaries: Dictionaries,
    /// Whether the server passes on what one process tells the others.
    pub(super) tells: Arc<AtomicBool>,
}

impl PostgresStore {
    /// Does the work of one transaction, but does not wait for ever.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(DEADLINE, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(failure)) => Err(named(&self.database, failure)),
            Err(_) => Err(StoreError::silent(&self.database, DEADLINE)),
        }
    }

    /// Opens the database at `url` and brings its schema up to date.
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| StoreError::Url {
                url: without_password(url),
                reason: error.to_string(),
            })?
            .application_name("seamgrid")
            .disable_statement_logging();
        let database: Arc<str> = format!(
            "postgres://{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options
                .get_database()
                .unwrap_or_else(|| options.get_username()),
        )
        .into();
        let open = async {
            // The first connection is made apart: a pool would hide why there is none.
            let Ok(first) = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await else {
                return Ok(None);
            };
            first?;
            let pool = PgPoolOptions::new()
                .max_connections(CONNECTIONS)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_with(options)
                .await?;
            migrate(&pool).await?;
            Ok::<_, Failure>(Some(pool))
        };
        match open.await {
            Ok(Some(pool)) => Ok(Self {
                database,
                pool,
                dictionaries: Dictionaries::default(),
                tells: Arc::new(AtomicBool::new(true)),
            }),
            Ok(None) => Err(StoreError::silent(&database, CONNECT_TIMEOUT)),
            Err(failure) => Err(named(&database, failure)),
        }
    }
}

/// The failure as an error that names the database.
fn named(database: &str, failure: Failure) -> StoreError {
    match failure {
        // The pool itself tries again while the server refuses connections.
        Failure::Sql(sqlx::Error::PoolTimedOut) => StoreError::silent(database, ACQUIRE_TIMEOUT),
        failure => failure.of(database, known_version(MIGRATIONS)),
    }
}

/// Brings the schema up to date. Processes that begin at the same time do it at the same time: each
/// migration is a transaction that only one of them can finish, and the others look again.
async fn migrate(pool: &PgPool) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?;
    let (ours, others): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*) FILTER (WHERE table_name = '_sqlx_migrations'), \
         COUNT(*) FILTER (WHERE table_name <> '_sqlx_migrations') \
         FROM information_schema.tables WHERE table_schema = current_schema()",
    )
    .fetch_one(&mut *connection)
    .await?;
    if ours == 0 && others > 0 {
        return Err(Failure::Foreign);
    }
    let mut migrator = migrator(MIGRATIONS);
    // It would take an advisory lock, which not every server has.
    migrator.set_locking(false);
    let mut tries = 0;
    loop {
        let done = migrator.run_direct(None, &mut *connection, false).await;
        match done.map_err(Failure::from) {
            Err(Failure::Sql(error)) if is_race(&error) && tries < MIGRATION_TRIES => {
                tries += 1;
                tokio::time::sleep(MIGRATION_PAUSE).await;
            }
            done => return done,
        }
    }
}

/// Whether a statement failed because another process was making the same tables.
fn is_race(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    // Something is there twice, is being changed, or two wait for each other.
    matches!(
        code.as_deref(),
        Some("23505" | "42P07" | "42710" | "42701" | "40P01" | "40001" | "XX000")
    )
}
