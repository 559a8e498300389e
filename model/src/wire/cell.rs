//! One cell of a tab, with what can be done from there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    grid::VersionOf,
    status::Status,
    wire::{NamedLink, infra::TabName},
};

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CellPage {
    /// The tab.
    pub tab: TabName,
    /// The row's name.
    pub row: String,
    /// The row's identity.
    pub row_id: String,
    /// The build id.
    pub build: String,
    /// When the build began.
    pub started: DateTime<Utc>,
    /// What happened.
    #[cfg_attr(feature = "schema", schema(value_type = u8))]
    pub status: Status,
    /// Why; empty when it does not say.
    pub message: String,
    /// How long the test took, in seconds; absent when it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f32>,
    /// Every version of the build, infra first.
    pub versions: Vec<VersionOf>,
    /// The build from which on the row has not passed, for a cell that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Whether that is the oldest result there is, so that it may have begun before.
    pub since_is_oldest: bool,
    /// Where it leads: the build's page first, then its files, then what the tab's templates offer.
    pub links: Vec<NamedLink>,
}
