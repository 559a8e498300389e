//! `started.json`: when the build began and from what.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::json::{or_default, ordered_texts, seconds};

/// The file. Every key may be missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Started {
    /// When the build began, in seconds since 1970; `None` where the file does not say.
    #[serde(deserialize_with = "seconds")]
    pub timestamp: Option<i64>,
    /// The number of the pull request; the older flavour repeats the main entry of `repos` here.
    #[serde(deserialize_with = "text_or_number")]
    pub pull: String,
    /// `org/repo` → [`RepoEntry`], in the order of the file.
    #[serde(deserialize_with = "ordered_texts")]
    pub repos: Vec<(String, String)>,
    /// What was checked out of the main repository.
    #[serde(rename = "repo-commit", deserialize_with = "or_default")]
    pub repo_commit: String,
    /// The same in newer builds; in older ones the product's version.
    #[serde(rename = "repo-version", deserialize_with = "or_default")]
    pub repo_version: String,
    /// The product's version.
    #[serde(rename = "job-version", deserialize_with = "or_default")]
    pub job_version: String,
    /// The product's version in the oldest builds. TestGrid does not read it.
    #[serde(deserialize_with = "or_default")]
    pub version: String,
    /// Anything; `uploader` is `crier` when the job did not write the file itself.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Map<String, Value>,
}

/// A text, or a number as text; empty for anything else.
fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

/// One value of `repos`: `base_ref[:base_sha][,pull:sha[:ref]]*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepoEntry<'a> {
    /// The branch.
    pub base_ref: &'a str,
    /// What the branch was at; empty when the entry does not say.
    pub base_sha: &'a str,
    /// What the first pull request was at; empty when there is none.
    pub pull_sha: &'a str,
}

impl<'a> RepoEntry<'a> {
    /// Takes `entry` apart.
    pub fn parse(entry: &'a str) -> Self {
        let mut parts = entry.split(',').map(str::trim);
        let base = parts.next().unwrap_or_default();
        let (base_ref, base_sha) = base.split_once(':').unwrap_or((base, ""));
        let pull_sha = parts
            .next()
            .and_then(|pull| pull.split(':').nth(1))
            .unwrap_or_default();
        Self {
            base_ref,
            base_sha,
            pull_sha,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_a_branch_a_base_and_pulls() {
        for (entry, base_ref, base_sha, pull_sha) in [
            ("master", "master", "", ""),
            ("master:abc", "master", "abc", ""),
            ("master:abc,12:def", "master", "abc", "def"),
            ("master:abc,12:def:refs/x,13:eee", "master", "abc", "def"),
            ("master,12:def", "master", "", "def"),
            ("", "", "", ""),
        ] {
            let expected = RepoEntry {
                base_ref,
                base_sha,
                pull_sha,
            };
            assert_eq!(RepoEntry::parse(entry), expected, "{entry}");
        }
    }
}
