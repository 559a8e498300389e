//! What produced a run: one version per infra component and per product repository, each with
//! where it was read. A guess is never shown as a fact: what is not known is `None`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Whether a component is tested or does the testing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComponentKind {
    /// Test infrastructure: job images, utility images, cloned tooling.
    Infra,
    /// A repository under test.
    Product,
}

/// Where a version was read. The rules are tried in the configured order and the first that
/// yields wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A key of `finished.json`'s `metadata`, or of the job's own `metadata.json`.
    Metadata,
    /// `clone-records.json`: the commit that was checked out.
    CloneRecord,
    /// `started.json`: its `repos`, or what it says was checked out of the main repository.
    StartedRepo,
    /// What the ProwJob was asked to check out, and where it was to run.
    ProwJob,
    /// The tag of an image that the job ran.
    ImageTag,
    /// The tag of a utility image that decorated the job.
    UtilityImageTag,
    /// The digest of an image whose tag tells no commit.
    ImageDigest,
    /// Concluded from when changes merged and what the run asked for; never read anywhere.
    Inferred,
    /// A header of a recorded TestGrid answer.
    Header,
    /// Said by whoever uploaded the run.
    Declared,
    /// Said by whoever reported that the component was deployed; no run shows it.
    Deploy,
    /// Nothing in the run says it.
    Unknown,
}

impl Source {
    /// Whether it is the tag of an image.
    pub const fn is_image_tag(self) -> bool {
        matches!(self, Self::ImageTag | Self::UtilityImageTag)
    }

    /// Whether the run itself shows it: neither concluded nor told by somebody else.
    pub const fn is_observed(self) -> bool {
        !matches!(self, Self::Inferred | Self::Deploy | Self::Unknown)
    }

    /// The words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Metadata => "the job's metadata",
            Self::CloneRecord => "the clone record",
            Self::StartedRepo => "started.json",
            Self::ProwJob => "the ProwJob",
            Self::ImageTag => "the image tag",
            Self::UtilityImageTag => "the utility image tag",
            Self::ImageDigest => "the image digest",
            Self::Inferred => "inference, not observation",
            Self::Header => "the recorded header",
            Self::Declared => "the upload",
            Self::Deploy => "a reported deploy, not the run",
            Self::Unknown => "nothing in the build",
        }
    }
}

/// The version of one component in one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ComponentVersion {
    /// The component's name: as configured for infra (`test-infra`), `org/repo` for a product.
    pub component: String,
    /// Infra or product.
    pub kind: ComponentKind,
    /// A commit, tag or other version; `None` when nothing in the run says it. A column merged
    /// from several builds may say `*` or `a||b`.
    pub version: Option<String>,
    /// Where it was read; [`Source::Unknown`] exactly when `version` is `None`.
    pub source: Source,
    /// The evidence as it stood: the whole image reference, the whole `repos` entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl ComponentVersion {
    /// A component of which nothing is known.
    pub fn unknown(component: impl Into<String>, kind: ComponentKind) -> Self {
        Self {
            component: component.into(),
            kind,
            version: None,
            source: Source::Unknown,
            evidence: None,
        }
    }

    /// The version when it names exactly one thing: known, and not merged from several builds.
    pub fn single(&self) -> Option<&str> {
        self.version.as_deref().and_then(single_version)
    }
}

/// `version` when it names one thing: not empty, and not merged from several builds.
pub(crate) fn single_version(version: &str) -> Option<&str> {
    (!version.is_empty() && version != "*" && !version.contains("||")).then_some(version)
}

/// All versions that produced one run: infra components first, in the order of the configuration,
/// then product repositories by name. Shared between the runs that have the same one.
pub type InfraVector = Arc<[ComponentVersion]>;

/// The shortest abbreviation of a commit that counts as naming it.
const SHORTEST_ABBREVIATION: usize = 7;

/// Whether two versions name the same thing. Commits may be abbreviated to different lengths: a
/// clone record has 40 digits where an image tag has 10.
pub fn same_version(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() >= SHORTEST_ABBREVIATION
        && is_commit(short)
        && is_commit(long)
        && long.starts_with(short)
}

/// Whether `text` looks like a commit: lower-case hexadecimal digits only, at least seven.
pub fn is_commit(text: &str) -> bool {
    (SHORTEST_ABBREVIATION..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A version as short as people write it: a commit's first ten digits, those of a digest behind its name,
/// anything else whole.
pub fn short_version(version: &str) -> &str {
    const DIGITS: usize = 10;
    let digits = version.strip_prefix("sha256:").unwrap_or(version);
    if is_commit(digits) {
        let end = version.len() - digits.len() + DIGITS;
        version.get(..end).unwrap_or(version)
    } else {
        version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_digests_are_short() {
        let digits = "761985811504b3d94eac8ff5de3add6cb34d1f53aaaabbbbccccddddeeeeffff";
        assert_eq!(short_version(digits), "7619858115");
        assert_eq!(short_version("7619858"), "7619858");
        let digest = format!("sha256:{digits}");
        assert_eq!(short_version(&digest), "sha256:7619858115");
        assert_eq!(short_version("sha256:7619858"), "sha256:7619858");
        for whole in [
            "v20240101-761985811504",
            "sha256:",
            "sha512:7619858115aaaaaa",
            "master",
        ] {
            assert_eq!(short_version(whole), whole);
        }
    }

    #[test]
    fn abbreviations_name_the_same_commit() {
        let full = "761985811504b3d94eac8ff5de3add6cb34d1f53";
        for (a, b, same) in [
            (full, full, true),
            ("7619858115", full, true),
            (full, "7619858", true),
            ("761985", full, false),
            ("7619858116", full, false),
            ("v20240101", "v20240101-2", false),
            ("v1.2", "v1.2", true),
            ("master", "master2", false),
        ] {
            assert_eq!(same_version(a, b), same, "{a} and {b}");
            assert_eq!(same_version(b, a), same, "{b} and {a}");
        }
    }

    #[test]
    fn only_commits_are_shortened() {
        assert_eq!(
            short_version("761985811504b3d94eac8ff5de3add6cb34d1f53"),
            "7619858115"
        );
        assert_eq!(short_version("v20240101-abc"), "v20240101-abc");
        assert_eq!(short_version("é"), "é");
    }
}
