//! What a change did to the tabs that saw it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TabName;
use crate::{attribution::Verdict, trail::MoveGlyph};

impl TabAcross {
    /// Whether the change broke it.
    pub fn is_hit(&self) -> bool {
        self.verdict == Verdict::Broke
    }

    /// Whether it fails since, and something else explains that as well.
    pub fn is_perhaps(&self) -> bool {
        self.verdict == Verdict::Perhaps
    }
}

/// What a change did to one tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the answer by itself"
)]
pub struct TabAcross {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The release branch; absent when it is of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The test group that it shows.
    pub job: String,
    /// Other tabs that show the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<TabName>,
    /// How many seams of the tab lie in the range.
    pub seams: u32,
    /// The newest of them: the build at its newer side.
    pub build: String,
    /// When that build began.
    pub time: DateTime<Utc>,
    /// The oldest of them: the build at its older side.
    pub before: String,
    /// The version before the oldest.
    pub from: String,
    /// The version after the newest.
    pub to: String,
    /// Whether all of them are certain.
    pub certain: bool,
    /// Whether they lead from the one version to the other, and not a part of the way or past it.
    pub exact: bool,
    /// Rows that broke.
    pub broke: u32,
    /// Rows that recovered.
    pub fixed: u32,
    /// What the evidence of all tabs that saw the change says of this one.
    pub verdict: Verdict,
    /// How likely it is by how runs went alone that the change made it fail, between 0 and 1; 0 where nothing
    /// began to fail with it.
    pub likelihood: f64,
    /// Whether a product came with the run in which the failures began.
    pub product_came: bool,
    /// Whether its failures began while no product changed, as far as the products are known.
    #[serde(default)]
    pub infra_only: bool,
    /// Runs of the versions after the seams that ended.
    pub runs: u32,
    /// Those of them that failed.
    pub bad: u32,
    /// Up to twenty runs before each seam that ended.
    pub runs_before: u32,
    /// Those of them that failed.
    pub bad_before: u32,
    /// The first rows that broke.
    pub broke_rows: Vec<String>,
    /// The first rows that recovered.
    pub fixed_rows: Vec<String>,
    /// What moved across the seams.
    pub glyph: MoveGlyph,
    /// The products that moved at the same time.
    pub product: Vec<ProductMove>,
}

/// A product that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProductMove {
    /// `org/name`.
    pub repo: String,
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
}

/// How many there are of what a comparison lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CompareCounts {
    /// Commits between.
    pub commits: u32,
    /// Test groups that saw the change.
    pub seen: u32,
    /// Those that the change broke.
    pub broke: u32,
    /// Those that fail since where something else explains that as well; none of those that broke.
    #[serde(default)]
    pub perhaps: u32,
    /// Those in which rows recovered.
    pub fixed: u32,
    /// Rows that broke, in those that broke.
    pub rows_broke: u32,
    /// Rows that recovered.
    pub rows_fixed: u32,
    /// Of those that broke, the ones in which the failures began while no product changed.
    pub broke_infra_only: u32,
    /// Release branches on which something broke.
    pub branches_broke: u32,
    /// Test groups that have the component at all.
    pub have: u32,
}
