//! What differs between two builds of a tab.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TabName;
use crate::{
    infra::ComponentKind,
    job_spec::SpecChange,
    pair::{HeaderMove, PairRows},
    trail::MoveGlyph,
    wire::NamedLink,
};

/// What differs between two builds of a tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BuildsCompared {
    /// The tab.
    pub tab: TabName,
    /// The older build.
    pub older: String,
    /// When it began.
    pub older_time: DateTime<Utc>,
    /// The newer build.
    pub newer: String,
    /// When it began.
    pub newer_time: DateTime<Utc>,
    /// What moved.
    pub glyph: MoveGlyph,
    /// Every component of the tab, infra first.
    pub components: Vec<ComponentMove>,
    /// The configured headers that differ, by name.
    pub headers: Vec<HeaderMove>,
    /// What the tab's own templates compare them with.
    pub links: Vec<NamedLink>,
    /// What the two builds say of the rows.
    pub rows: PairRows,
    /// What their jobs were asked to do.
    pub spec: SpecsCompared,
}

/// What the jobs of two builds were asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SpecsCompared {
    /// Whether it is known of the older build.
    pub older_known: bool,
    /// Whether it is known of the newer build.
    pub newer_known: bool,
    /// What differs, where both are known.
    pub changes: Vec<SpecChange>,
}

/// One component in two builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ComponentMove {
    /// Its name.
    pub component: String,
    /// Infra or product.
    pub kind: ComponentKind,
    /// The older build's version; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The newer build's version; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether both are known and the same.
    pub same: bool,
}
