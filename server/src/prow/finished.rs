//! `finished.json`: when and how the build ended, and what the job says of itself.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::json::{or_default, seconds};

/// The file. Every key may be missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Finished {
    /// When the build ended, in seconds since 1970; `None` means that it has not.
    #[serde(deserialize_with = "seconds")]
    pub timestamp: Option<i64>,
    /// Whether it passed.
    pub passed: Option<bool>,
    /// How it ended in older builds: `SUCCESS`, `FAILURE`, `ABORTED`, `ERROR`.
    #[serde(deserialize_with = "or_default")]
    pub result: String,
    /// The product's version.
    #[serde(rename = "job-version", deserialize_with = "or_default")]
    pub job_version: String,
    /// The product's version or the main repository's commit.
    #[serde(rename = "repo-version", deserialize_with = "or_default")]
    pub repo_version: String,
    /// The product's version in the oldest builds. TestGrid does not read it.
    #[serde(deserialize_with = "or_default")]
    pub version: String,
    /// What the job says: only texts are headers.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Map<String, Value>,
}

impl Finished {
    /// A text of the metadata; `None` when the key is missing or its value is no text.
    pub fn metadata_text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).and_then(Value::as_str)
    }

    /// Whom the build wants to tell.
    pub fn emails(&self) -> Vec<String> {
        self.metadata
            .get("EmailAddresses")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }
}
