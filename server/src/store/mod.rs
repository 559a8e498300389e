//! All SQL of Seamgrid.
//!
//! Results are stored once per test group; tabs are views on them. A run is one row: its statuses
//! are one run-length coded array over the group's test dictionary, so a build of 300 passing
//! tests takes some ten bytes beside its headers. What cells say beyond their status, about one in a
//! hundred does, lies in one value beside it. The schema is drawn at the head of the first migration.
//!
//! There is one SQL text for every engine: placeholders are `$N`, times and numbers are BIGINT,
//! new keys come back through `RETURNING`, conflicts are resolved by `ON CONFLICT … DO UPDATE`, and
//! only the queue asks the database for the time ([`Store::clock`]). [`Store`] has one arm per engine, and the macros
//! `reading!` and `writing!` compile one body for each arm. No advisory locks, no extensions: what keeps
//! several writers of one group apart is its row in `test_group` ([`Store::lock_group`]).
//!
//! Reading is one transaction, so what a caller gets is one state of the database. Writing is one
//! transaction per call: killed at any moment, the database holds all of a call or nothing of it.

mod bugs;
mod changes;
mod code;
mod error;
mod groups;
mod history;
mod impact;
mod imported;
mod job_specs;
mod metrics;
mod modified;
mod names;
mod news;
mod numbers;
mod open;
mod postgres;
mod queue;
mod results;
mod retention;
mod row;
mod runs;
mod tallies;
mod tokens;
mod uploads;
mod watch;

pub use bugs::StoredBug;
pub use changes::{CHANGES_KEPT, SeenStatus, StatusChange};
pub use error::{Inconsistency, StoreError};
pub use groups::{
    GroupConfig, KnownBuild, OpenBuild, Outcome, StoredGroup, UpdateState, mixed_hash,
};
pub use history::{RepositoryId, StoredRef, StoredRepository};
pub use impact::{LineTip, LineUpdate};
pub use imported::ImportedTab;
pub use metrics::StoredMetric;
pub use modified::GroupModified;
pub use names::FoundBuild;
pub use news::News;
pub use numbers::TestNumbers;
pub use open::SqliteStore;
pub use postgres::PostgresStore;
pub use queue::{Claimed, QueueState, Queued, Release, Replica, Turn};
pub use results::{ResultChanges, ResultsAt};
pub use runs::{RecordedRun, Saved};
pub use tokens::{AuditEntry, NewToken, StoredToken};
pub use uploads::{NewUpload, Revision, UploadGroup};
pub use watch::Watch;

/// A test group's number in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub i64);

/// The database. Clones share its connections.
#[derive(Clone, Debug)]
pub enum Store {
    /// A file beside us.
    Sqlite(SqliteStore),
    /// A PostgreSQL server, or one that speaks as it does.
    Postgres(PostgresStore),
}

/// Runs one body in a read transaction on whichever engine there is, on the heap: a body for each engine
/// makes a large future. In the body `$tx` is the
/// transaction and `?` takes [`error::Failure`]s; its value is the answer.
macro_rules! reading {
    ($store:expr, $tx:ident => $body:expr) => {
        match $store {
            $crate::store::Store::Sqlite(sqlite) => {
                let work = async {
                    let mut $tx = sqlite.readers.begin().await?;
                    let answer = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::error::Failure>(answer)
                };
                Box::pin(work).await.map_err(|failure| sqlite.name(failure))
            }
            $crate::store::Store::Postgres(postgres) => {
                let work = async {
                    let mut $tx = postgres
                        .pool
                        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                        .await?;
                    let answer = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::error::Failure>(answer)
                };
                postgres.in_time(Box::pin(work)).await
            }
        }
    };
}

/// Runs one body in a write transaction on whichever engine there is; see `reading!`. An error
/// leaves the database as it was.
macro_rules! writing {
    ($store:expr, $tx:ident => $body:expr) => {
        match $store {
            $crate::store::Store::Sqlite(sqlite) => {
                let work = async {
                    // At once for writing: a transaction that begins by reading would fail, not
                    // wait, when another process writes meanwhile.
                    let mut $tx = sqlite.writer.begin_with("BEGIN IMMEDIATE").await?;
                    let answer = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::error::Failure>(answer)
                };
                Box::pin(work).await.map_err(|failure| sqlite.name(failure))
            }
            $crate::store::Store::Postgres(postgres) => {
                let work = async {
                    let mut $tx = postgres.pool.begin().await?;
                    let answer = $body;
                    $tx.commit().await?;
                    Ok::<_, $crate::store::error::Failure>(answer)
                };
                postgres.in_time(Box::pin(work)).await
            }
        }
    };
}

use {reading, writing};
