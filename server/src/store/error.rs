//! What can go wrong with the database, each as one sentence that names it.

use sqlx::{migrate::MigrateError, postgres::PgDatabaseError};

/// Why the store could not do what it was asked. `database` is the path or the address without
/// credentials.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL is not one that the store understands.
    #[error("“{url}” is not a database URL: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither opened nor created.
    #[error("the database {database} cannot be opened or created: {reason}")]
    Open {
        /// Which.
        database: String,
        /// Why.
        reason: String,
    },
    /// The server cannot be reached, or takes no connections now.
    #[error("the database {database} cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        database: String,
        /// Why.
        reason: String,
    },
    /// Another process holds it for longer than we wait.
    #[error(
        "the database {database} is locked by another process; stop that process or try again later"
    )]
    Locked {
        /// Which.
        database: String,
    },
    /// We ourselves kept it busy for too long.
    #[error("the database {database} was busy for longer than a minute")]
    Busy {
        /// Which.
        database: String,
    },
    /// It cannot be written.
    #[error("the database {database} is read-only, but Seamgrid has to write to it")]
    ReadOnly {
        /// Which.
        database: String,
    },
    /// A newer Seamgrid has changed its schema.
    #[error(
        "the database {database} was written by a newer version of Seamgrid (its schema is at version {version}, this program knows {known}); use that version, or another database"
    )]
    Newer {
        /// Which.
        database: String,
        /// The schema version found.
        version: i64,
        /// The newest that we know.
        known: i64,
    },
    /// Its schema is not the one that its version number says.
    #[error(
        "the schema of the database {database} differs from the one that this version of Seamgrid makes (migration {version}); use the version that wrote it, or another database"
    )]
    Schema {
        /// Which.
        database: String,
        /// The migration that differs.
        version: i64,
    },
    /// The file is something else.
    #[error("{database} is not a Seamgrid database: {reason}")]
    NotADatabase {
        /// Which.
        database: String,
        /// What is there instead.
        reason: String,
    },
    /// The file is damaged.
    #[error("the database {database} is damaged: {reason}")]
    Corrupt {
        /// Which.
        database: String,
        /// What the driver says.
        reason: String,
    },
    /// The disk is full.
    #[error("there is no room left for the database {database}")]
    Full {
        /// Which.
        database: String,
    },
    /// A value in the database contradicts the schema's rules.
    #[error("the database {database} is inconsistent: {inconsistency}")]
    Inconsistent {
        /// Which.
        database: String,
        /// Where and how.
        #[source]
        inconsistency: Inconsistency,
    },
    /// No such test group.
    #[error("the database {database} has no test group number {group}")]
    UnknownGroup {
        /// Which.
        database: String,
        /// The number.
        group: i64,
    },
    /// Anything else that the driver reports.
    #[error("the database {database} failed: {source}")]
    Database {
        /// Which.
        database: String,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// That the database gave no answer for so long.
    pub(super) fn silent(database: &str, waited: std::time::Duration) -> Self {
        Self::Unreachable {
            database: database.to_owned(),
            reason: format!("it gave no answer for {} seconds", waited.as_secs()),
        }
    }

    /// Whether it passes: the database is there, or was, and may answer later.
    pub const fn passes(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Locked { .. } | Self::Busy { .. } | Self::Full { .. }
        )
    }
}

/// A stored value that cannot be what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} of row {row}: {reason}")]
pub struct Inconsistency {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row's number.
    pub row: i64,
    /// What is wrong with the value.
    pub reason: String,
}

/// A failure that does not know yet in which database it happened.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(sqlx::Error),
    Migrate(MigrateError),
    Inconsistent(Inconsistency),
    UnknownGroup(i64),
    /// Tables that are not ours, and none that is.
    Foreign,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::Sql(error)
            }
            error => Self::Migrate(error),
        }
    }
}

impl From<Inconsistency> for Failure {
    fn from(inconsistency: Inconsistency) -> Self {
        Self::Inconsistent(inconsistency)
    }
}

impl Failure {
    /// The same failure, in `database`, which knows migrations up to `known`.
    pub(super) fn of(self, database: &str, known: i64) -> StoreError {
        let database = database.to_owned();
        match self {
            Self::Sql(error) => of_driver(database, error),
            Self::Migrate(error) => match error {
                MigrateError::VersionMissing(version) if version > known => StoreError::Newer {
                    database,
                    version,
                    known,
                },
                MigrateError::VersionMissing(version)
                | MigrateError::VersionMismatch(version)
                | MigrateError::Dirty(version) => StoreError::Schema { database, version },
                other => StoreError::Database {
                    database,
                    source: sqlx::Error::Migrate(Box::new(other)),
                },
            },
            Self::Inconsistent(inconsistency) => StoreError::Inconsistent {
                database,
                inconsistency,
            },
            Self::Foreign => StoreError::NotADatabase {
                database,
                reason: "it holds the tables of another program".into(),
            },
            Self::UnknownGroup(group) => StoreError::UnknownGroup { database, group },
        }
    }
}

/// As the driver says it.
fn of_driver(database: String, source: sqlx::Error) -> StoreError {
    let from_server = source
        .as_database_error()
        .is_some_and(|error| error.try_downcast_ref::<PgDatabaseError>().is_some());
    match source {
        source if from_server => of_postgres(database, source),
        sqlx::Error::PoolTimedOut => StoreError::Busy { database },
        sqlx::Error::Io(error) => StoreError::Unreachable {
            database,
            reason: error.to_string(),
        },
        source @ sqlx::Error::Tls(_) => StoreError::Open {
            reason: source.to_string(),
            database,
        },
        source => of_sqlite(database, source),
    }
}

/// PostgreSQL's codes, by their classes where they have one meaning.
fn of_postgres(database: String, source: sqlx::Error) -> StoreError {
    let code = source
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .unwrap_or_default()
        .into_owned();
    let reason = reason(&source);
    match code.as_str() {
        // It starts, stops or has no connection left.
        "57P01" | "57P02" | "57P03" | "53300" => StoreError::Unreachable { database, reason },
        // Who asks, or for what, is not known there.
        "28000" | "28P01" | "3D000" | "3F000" | "42501" => StoreError::Open { database, reason },
        "25006" => StoreError::ReadOnly { database },
        "53100" => StoreError::Full { database },
        "XX001" | "XX002" => StoreError::Corrupt { database, reason },
        "55P03" => StoreError::Locked { database },
        _ => StoreError::Database { database, source },
    }
}

/// SQLite's primary result codes; the driver gives extended ones, whose low byte they are.
fn of_sqlite(database: String, source: sqlx::Error) -> StoreError {
    const BUSY: u32 = 5;
    const LOCKED: u32 = 6;
    const READ_ONLY: u32 = 8;
    const CORRUPT: u32 = 11;
    const FULL: u32 = 13;
    const CANNOT_OPEN: u32 = 14;
    const NOT_A_DATABASE: u32 = 26;

    let code = source
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xff);
    match (code, source) {
        (Some(BUSY | LOCKED), _) => StoreError::Locked { database },
        (Some(READ_ONLY), _) => StoreError::ReadOnly { database },
        (Some(FULL), _) => StoreError::Full { database },
        (Some(CORRUPT), source) => StoreError::Corrupt {
            reason: reason(&source),
            database,
        },
        (Some(CANNOT_OPEN), source) => StoreError::Open {
            reason: reason(&source),
            database,
        },
        (Some(NOT_A_DATABASE), _) => StoreError::NotADatabase {
            reason: "the file has another format".into(),
            database,
        },
        (_, source) => StoreError::Database { database, source },
    }
}

fn reason(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
