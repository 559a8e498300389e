//! What deploys say of a component, against what its runs show.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::infra::TabName;

/// A component of which deploys were reported: `GET /api/v2/infra/drift` lists those that drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Declared {
    /// The component's name.
    pub component: String,
    /// What is in force, newest first: one per environment.
    pub deploys: Vec<DeployLine>,
    /// What the newest runs of tabs show that is not declared anywhere, most tabs first.
    pub differing: Vec<RunningLine>,
    /// Tabs whose newest run shows what is declared.
    pub agreeing: u32,
    /// Tabs whose newest run shows what was declared when it began and is no longer.
    #[serde(default)]
    pub before: u32,
    /// When the first of the tabs that drift began to; absent while none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// The tabs that drift: the first of them, by name.
    pub tabs: Vec<TabName>,
    /// All of them, by name.
    #[serde(skip)]
    pub all_tabs: Vec<TabName>,
    /// How many tabs drift.
    pub tab_count: u32,
    /// For how long runs may differ, in seconds.
    pub lag_secs: u64,
    /// From how many past deploys that follows; 0 when it is the default.
    pub lag_deploys: u32,
    /// All of it as one sentence.
    pub sentence: String,
}

impl Declared {
    /// Whether runs show another version for longer than deploys usually take.
    pub const fn drifts(&self) -> bool {
        self.since.is_some()
    }
}

/// A deploy that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeployLine {
    /// What it is.
    pub version: String,
    /// Where; empty where there is only one place.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// Since when.
    pub time: DateTime<Utc>,
    /// Who told it.
    pub reporter: String,
    /// Where it is told, normally an address; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// A version that runs show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunningLine {
    /// The version.
    pub version: String,
    /// Tabs whose newest run of the last days has it.
    pub tabs: u32,
    /// When the newest of these runs began.
    pub last: DateTime<Utc>,
}
