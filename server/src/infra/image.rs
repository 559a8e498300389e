//! Image references, and the commit in their tags.

use std::sync::LazyLock;

use regex::Regex;

use crate::settings::ImageSource;

/// An image reference taken apart: `registry/path/name[:tag][@digest]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageRef<'a> {
    /// Without tag and digest.
    pub name: &'a str,
    /// Empty when there is none.
    pub tag: &'a str,
    /// `sha256:…`; empty when there is none.
    pub digest: &'a str,
}

/// The day of the build, whatever `git describe` says of the commit, the commit, and a variant.
static TAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^v\d{8}-(?:.+-g)?([0-9a-f]{7,40})(?:-.+)?$").ok());

impl<'a> ImageRef<'a> {
    /// Takes `image` apart.
    pub fn parse(image: &'a str) -> Self {
        let (rest, digest) = image.split_once('@').unwrap_or((image, ""));
        // A colon before the last slash belongs to the registry's port.
        let path = rest.rfind('/').map_or(0, |slash| slash + 1);
        match rest[path..].find(':') {
            Some(colon) => Self {
                name: &rest[..path + colon],
                tag: &rest[path + colon + 1..],
                digest,
            },
            None => Self {
                name: rest,
                tag: "",
                digest,
            },
        }
    }

    /// The commit from which the image was built, where the tag is of the form
    /// `vYYYYMMDD-<commit>[-<variant>]` or `vYYYYMMDD-<tag>-<n>-g<commit>[-<variant>]`.
    pub fn commit(&self) -> Option<&'a str> {
        let captures = TAG.as_ref()?.captures(self.tag)?;
        captures.get(1).map(|commit| commit.as_str())
    }
}

/// Why it is not known what an image was built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum UnknownOrigin {
    /// Neither tag nor digest: whatever was built last.
    #[error("it has no tag, which means the newest build")]
    NoTag,
    /// A digest, and nothing that tells what has it.
    #[error("it is named by its digest alone")]
    DigestOnly,
    /// A tag that moves from build to build.
    #[error("its tag moves from build to build")]
    Moving,
    /// A version: which commit it is, only the repository's own tags tell.
    #[error("its tag is a version, not a commit")]
    Version,
    /// A tag of no known form.
    #[error("its tag is of no known form")]
    Odd,
    /// A commit of a repository that no setting names.
    #[error("its tag names a commit, but nothing says of which repository")]
    NoSource,
}

/// The repository (`org/name`) and the commit that an image was built from, as its tag and the settings
/// tell.
pub fn origin<'a>(
    image: &ImageRef<'a>,
    sources: &'a [ImageSource],
) -> Result<(&'a str, &'a str), UnknownOrigin> {
    let Some(commit) = image.commit() else {
        return Err(unknown(image));
    };
    sources
        .iter()
        .find(|source| {
            let mut patterns = source.images.iter();
            patterns.any(|pattern| matches(pattern, image.name))
        })
        .map(|source| (source.repo.as_str(), commit))
        .ok_or(UnknownOrigin::NoSource)
}

/// Why a reference without a commit in its tag tells nothing.
fn unknown(image: &ImageRef<'_>) -> UnknownOrigin {
    /// Words of tags that are put on every new build.
    const MOVING: [&str; 7] = [
        "latest", "nightly", "stable", "edge", "main", "master", "canary",
    ];
    let tag = image.tag;
    let first = tag.split(['-', '_']).next().unwrap_or_default();
    let version = tag.strip_prefix('v').unwrap_or(tag);
    match (tag, image.digest) {
        ("", "") => UnknownOrigin::NoTag,
        ("", _) => UnknownOrigin::DigestOnly,
        _ if MOVING.contains(&first) => UnknownOrigin::Moving,
        _ if version.starts_with(|first: char| first.is_ascii_digit()) => UnknownOrigin::Version,
        // A word without any number: a variant of whatever was built last.
        _ if !tag.contains(|letter: char| letter.is_ascii_digit()) => UnknownOrigin::Moving,
        _ => UnknownOrigin::Odd,
    }
}

/// Whether `name` matches `pattern`, in which `*` stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_three_parts() {
        for (image, name, tag, digest) in [
            (
                "gcr.io/k8s-testimages/kubekins-e2e:v1",
                "gcr.io/k8s-testimages/kubekins-e2e",
                "v1",
                "",
            ),
            ("localhost:5000/a/b", "localhost:5000/a/b", "", ""),
            (
                "localhost:5000/a/b:c@sha256:d",
                "localhost:5000/a/b",
                "c",
                "sha256:d",
            ),
            ("a@sha256:d", "a", "", "sha256:d"),
            ("ci-operator:latest", "ci-operator", "latest", ""),
            ("", "", "", ""),
        ] {
            assert_eq!(
                ImageRef::parse(image),
                ImageRef { name, tag, digest },
                "{image}"
            );
        }
    }

    #[test]
    fn tags_name_a_commit() {
        for (tag, commit) in [
            ("v20251202-7619858115-master", Some("7619858115")),
            ("v20221208-8898931a7f", Some("8898931a7f")),
            ("v20200101-v1.2.3-45-gabcdef0", Some("abcdef0")),
            ("v20200101-v1.2.3-45-gabcdef0-1.34", Some("abcdef0")),
            ("v20190326-v0.0.1-1234567", None),
            ("v20190621-abcdef", None),
            ("v2019062-abcdef01", None),
            ("v20190621-ABCDEF01", None),
            ("20190621-abcdef01", None),
            ("latest", None),
            ("", None),
        ] {
            let image = format!("gcr.io/x/y:{tag}");
            assert_eq!(ImageRef::parse(&image).commit(), commit, "{tag}");
        }
    }

    #[test]
    fn an_origin_is_told_or_its_lack_explained() {
        let sources = [ImageSource {
            images: vec!["*/k8s-staging-test-infra/*".into()],
            repo: "kubernetes/test-infra".into(),
        }];
        let ours = "gcr.io/k8s-staging-test-infra/kubekins-e2e";
        for (image, expected) in [
            (
                format!("{ours}:v20260810-7619858115-master"),
                Ok(("kubernetes/test-infra", "7619858115")),
            ),
            (format!("{ours}:latest-master"), Err(UnknownOrigin::Moving)),
            (format!("{ours}@sha256:ab"), Err(UnknownOrigin::DigestOnly)),
            (ours.to_owned(), Err(UnknownOrigin::NoTag)),
            (
                "gcr.io/other/x:v20260810-7619858115".to_owned(),
                Err(UnknownOrigin::NoSource),
            ),
            ("golang:1.26".to_owned(), Err(UnknownOrigin::Version)),
            ("x/kpromo:v4.5.1-0".to_owned(), Err(UnknownOrigin::Version)),
            ("ruby:slim".to_owned(), Err(UnknownOrigin::Moving)),
            ("x/y:go1.26-trixie".to_owned(), Err(UnknownOrigin::Odd)),
        ] {
            assert_eq!(
                origin(&ImageRef::parse(&image), &sources),
                expected,
                "{image}"
            );
        }
    }

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name, expected) in [
            (
                "*/k8s-testimages/*",
                "gcr.io/k8s-testimages/kubekins-e2e",
                true,
            ),
            (
                "*/k8s-staging-test-infra/*",
                "us.pkg.dev/k8s-staging-test-infra/images/x",
                true,
            ),
            ("*/k8s-testimages/*", "gcr.io/k8s-testimages", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*b", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
