//! Where results come from, and how fresh they are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::run::Problem;

/// Where results come from, and how fresh they are: `GET /api/v2/sources`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sources {
    /// The test groups that are read from buckets: what is behind first, then what fails, then by name.
    pub items: Vec<SourceState>,
    /// Where the next part of the list begins, for `?after=`; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The processes that read them, by name.
    pub replicas: Vec<ReplicaState>,
    /// Seconds between two looks at a group.
    pub poll_secs: u64,
    /// Since when the database gives no answer; absent while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable_since: Option<DateTime<Utc>>,
}

/// How it stands with the server itself: `GET /api/v2/health`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Health {
    /// Since when the database gives no answer; absent while it does. What is answered meanwhile was read
    /// before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_silent_since: Option<DateTime<Utc>>,
}

/// How it stands with the source of one test group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SourceHealth {
    /// It could not be read for longer than three looks should take.
    Behind,
    /// The last look failed.
    Failing,
    /// Nobody has looked yet.
    Waiting,
    /// The last look succeeded, not long ago.
    Fresh,
}

impl SourceHealth {
    /// All of them, worst first.
    pub const ALL: [Self; 4] = [Self::Behind, Self::Failing, Self::Waiting, Self::Fresh];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Failing => "failing",
            Self::Waiting => "waiting",
            Self::Fresh => "fresh",
        }
    }
}

/// The source of one test group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceState {
    /// The test group.
    pub group: String,
    /// How it stands with it.
    pub health: SourceHealth,
    /// When the last successful look ended.
    pub last_success: Option<DateTime<Utc>>,
    /// When the last look ended.
    pub last_attempt: Option<DateTime<Utc>>,
    /// How long the newest build had waited from its end until it was stored, when last measured.
    pub lag_ms: Option<i64>,
    /// When it is looked at next.
    pub next_poll: DateTime<Utc>,
    /// Why the last look failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Looks that failed in a row.
    pub failures: u32,
    /// Its place among the groups that wait for their turn now, from 1; absent when it does not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u32>,
    /// Whether somebody asked for it, so that it goes first.
    pub pushed: bool,
    /// Builds that are known but not read yet.
    pub remaining: u64,
    /// The process that is looking at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
}

/// A process that looks at groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReplicaState {
    /// Its name.
    pub name: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it last said that it lives.
    pub seen: DateTime<Utc>,
    /// The groups that it is looking at, by name.
    pub leases: Vec<LeaseState>,
}

/// A group that a process is looking at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LeaseState {
    /// The group.
    pub group: String,
    /// When another process may take it over.
    pub until: DateTime<Utc>,
}

/// One source, with what could not be read of its builds: `GET /api/v2/sources/{group}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourcePage {
    /// The source.
    pub source: SourceState,
    /// The newest builds of which something could not be read, newest first; at most a hundred.
    pub builds: Vec<BrokenBuild>,
}

/// A build of which something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BrokenBuild {
    /// The build id.
    pub build: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// What could not be read, and why.
    pub problems: Vec<Problem>,
}

/// It stands otherwise with a source than before: the event `source` of `GET /api/v2/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SourceChanged {
    /// The test group.
    pub group: String,
    /// How it stands with it.
    pub health: SourceHealth,
    /// When the last successful look ended.
    pub last_success: Option<DateTime<Utc>>,
    /// How long the newest build had waited, when last measured.
    pub lag_ms: Option<i64>,
}
