//! `clone-records.json`: what was checked out, one record per repository.

use serde::Deserialize;

use super::{json::or_default, prowjob::Refs};

/// The file.
pub type CloneRecords = Vec<CloneRecord>;

/// One repository.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CloneRecord {
    /// What was asked for.
    #[serde(deserialize_with = "or_default")]
    pub refs: Refs,
    /// Whether it could not be checked out.
    #[serde(deserialize_with = "or_default")]
    pub failed: bool,
    /// The commit that was checked out, after merging the pull requests; empty when none was.
    #[serde(deserialize_with = "or_default")]
    pub final_sha: String,
}
