//! What changed since a moment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::infra::InfraChange;
use crate::summary::TabStatus;

/// What changed since a moment: `GET /api/v2/changes`. Of tabs those on release branches, and all where
/// there are no release branches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ChangesSince {
    /// The moment.
    pub since: DateTime<Utc>,
    /// How much there is to see: tabs that are not what they were, tabs with rows that began to fail
    /// though the tab's status is as before, and changes of infrastructure.
    pub count: u32,
    /// Tabs whose status turned: those that are worse first, then those that are better, then those that
    /// turned and came back; within each the worst first.
    pub turns: Vec<TabTurn>,
    /// Tabs in which rows began to fail, most rows first.
    pub failing: Vec<BeganToFail>,
    /// Changes of infra components that a run first saw since, newest first.
    pub infra: Vec<InfraChange>,
}

/// A tab whose status turned since a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TabTurn {
    /// Its release branch; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub branch: String,
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// What it was at the moment.
    pub before: TabStatus,
    /// What it is.
    pub after: TabStatus,
    /// How often it turned in between.
    pub times: u32,
    /// When it turned last.
    pub at: DateTime<Utc>,
    /// Why it is what it is, as one sentence.
    pub reason: String,
}

/// A tab in which rows with an alert failed first since a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BeganToFail {
    /// Its release branch; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub branch: String,
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The tab's status.
    pub status: TabStatus,
    /// How many rows.
    pub count: u32,
    /// The first of them by when they began to fail; at most five.
    pub rows: Vec<FailingSince>,
}

/// A row that began to fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FailingSince {
    /// The row's name as shown.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// When the build of its first failure began.
    pub since: DateTime<Utc>,
    /// That build.
    pub build: String,
    /// Failures since it last passed.
    pub fail_count: u32,
}
