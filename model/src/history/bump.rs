//! Commits that move a component to another version, by what they say.

use serde::{Deserialize, Serialize};

use super::title;
use crate::infra::is_commit;

/// One component that a commit moves, as its message or its changes name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Bump {
    /// As named: `Prow`, `kubekins-e2e`, or an image without its tag.
    pub what: String,
    /// The version before, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version after, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// In how many files; 0 where only the message says it.
    #[serde(default)]
    pub files: u32,
}

/// The words of one that a message names at most.
const NAME_WORDS: usize = 3;
/// How many things one message names at most.
const MOST: usize = 12;

/// What the commit says that it bumps; empty when it is no bump. `Bumping Prow and Boskos`, `Update prow
/// to v20190723-abcdef0, and other images as necessary.`, `Bump kubekins from A to B`.
pub fn find_bumps(subject: &str, body: &str) -> Vec<Bump> {
    let title = title(subject, body).trim();
    bumps_of(title)
        .or_else(|| bumps_of(title.split_once(": ")?.1.trim_start()))
        .unwrap_or_default()
}

fn bumps_of(text: &str) -> Option<Vec<Bump>> {
    let lower = text.to_ascii_lowercase();
    let (verb, sure) = [
        ("bumping ", true),
        ("bump ", true),
        ("updating ", false),
        ("update ", false),
        ("upgrade ", false),
    ]
    .into_iter()
    .find(|(verb, _)| lower.starts_with(verb))?;
    let rest = text[verb.len()..].trim();
    let mut bumps: Vec<Bump> = Vec::new();
    for part in parts(rest) {
        let (name, from, to) = versions(part);
        if from.is_none() && to.is_none() && !sure && bumps.is_empty() {
            return None;
        }
        let Some(what) = name.and_then(component) else {
            // What follows a first thing is said beside it.
            if bumps.is_empty() {
                return None;
            }
            continue;
        };
        if bumps.len() < MOST && !bumps.iter().any(|known| known.what == what) {
            bumps.push(Bump {
                what,
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
                files: 0,
            });
        }
    }
    // `Bump kubekins and krte from A to B`: the versions stand behind the last.
    if let Some((from, to)) = bumps
        .last()
        .filter(|last| last.to.is_some())
        .map(|last| (last.from.clone(), last.to.clone()))
    {
        let first = bumps
            .iter()
            .rposition(|bump| bump.to.is_some() && bump != &bumps[bumps.len() - 1]);
        for bump in &mut bumps[first.map_or(0, |first| first + 1)..] {
            bump.from.clone_from(&from);
            bump.to.clone_from(&to);
        }
    }
    // Things without a version: only what is plainly a list of components.
    (!bumps.is_empty()).then_some(bumps)
}

/// The things that a text lists.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(" and ")
        .flat_map(|part| part.split(", "))
        .map(|part| part.trim().trim_end_matches('.').trim_start_matches("and "))
        .filter(|part| !part.is_empty())
}

/// `(name, from, to)` of `kubekins from A to B`, `prow to B`, `to registry/image:tag`, `prow`. No name
/// where `to` or `from` is followed by no version.
fn versions(part: &str) -> (Option<&str>, Option<&str>, Option<&str>) {
    let word = |text: &'_ str| text.split_whitespace().next().map(str::len);
    if let Some(image) = part.strip_prefix("to ") {
        let image = &image[..word(image).unwrap_or(0)];
        return match image.rsplit_once(':') {
            Some((name, tag)) if version(tag).is_some() => {
                (name.rsplit('/').next(), None, version(tag))
            }
            _ => (None, None, None),
        };
    }
    let Some((name, rest)) = part.split_once(" to ") else {
        return (Some(part), None, None);
    };
    let to = version(&rest[..word(rest).unwrap_or(0)]);
    if to.is_none() {
        return (None, None, None);
    }
    match name.split_once(" from ") {
        Some((name, from)) => (Some(name), version(from.trim()), to),
        None => (Some(name), None, to),
    }
}

/// `text` when it looks like a version: `v20190723-abcdef0`, `1.2.3`, `v5`, a commit.
pub fn version(text: &str) -> Option<&str> {
    let text = text.trim_matches(['`', '"', '\'', '.', ',', ':', ';', '(', ')']);
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+'));
    if text.is_empty() || !plain {
        return None;
    }
    let digits = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let numbered = digits.starts_with(|letter: char| letter.is_ascii_digit())
        && (digits.len() < text.len() || digits.contains('.'));
    (numbered || is_commit(text) && text.bytes().any(|byte| byte.is_ascii_digit())).then_some(text)
}

/// A component's name without what is said of its kind: `k8s-testimages` of `k8s-testimages images`;
/// `None` when it is a sentence.
fn component(name: &str) -> Option<String> {
    let mut name = name.trim().trim_matches('`');
    for kind in [" images", " image", " GCR", " AR", " version", " versions"] {
        name = name.strip_suffix(kind).unwrap_or(name);
    }
    let name = name
        .strip_prefix("the ")
        .unwrap_or(name)
        .trim_matches(['`', '"']);
    let words = name.split_whitespace().count();
    (words > 0 && words <= NAME_WORDS && name.len() <= 120).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bumps(subject: &str) -> Vec<String> {
        find_bumps(subject, "")
            .into_iter()
            .map(|bump| match (bump.from, bump.to) {
                (Some(from), Some(to)) => format!("{} {from}→{to}", bump.what),
                (None, Some(to)) => format!("{} →{to}", bump.what),
                _ => bump.what,
            })
            .collect()
    }

    #[test]
    fn bumps_follow_the_table() {
        for (subject, expected) in [
            ("Bumping Prow", vec!["Prow"]),
            ("Bumping Prow and Boskos", vec!["Prow", "Boskos"]),
            (
                "Bumping k8s-testimages images and k8s-staging-test-infra GCR images and k8s-staging-test-infra AR images and k8s-staging-apisnoop-apisnoop",
                vec![
                    "k8s-testimages",
                    "k8s-staging-test-infra",
                    "k8s-staging-apisnoop-apisnoop",
                ],
            ),
            (
                "Update prow to v20190723-bd06229, and other images as necessary.",
                vec!["prow →v20190723-bd06229"],
            ),
            (
                "Update Prow from v20260801-0123456789 to v20260802-abcdef0123, and other images as necessary",
                vec!["Prow v20260801-0123456789→v20260802-abcdef0123"],
            ),
            (
                "Bump kubekins and krte from v20260801-0123456789 to v20260802-abcdef0123",
                vec![
                    "kubekins v20260801-0123456789→v20260802-abcdef0123",
                    "krte v20260801-0123456789→v20260802-abcdef0123",
                ],
            ),
            (
                "Update Prow to v20200101-aaaaaaa, Boskos to v20200102-bbbbbbb and K8s-Test-Images as needed",
                vec!["Prow →v20200101-aaaaaaa", "Boskos →v20200102-bbbbbbb"],
            ),
            (
                "Bump to gcr.io/k8s-testimages/kubekins-e2e:v20180730-8b7ab3104-master",
                vec!["kubekins-e2e →v20180730-8b7ab3104-master"],
            ),
            (
                "chore(deps): bump github.com/go-git/go-git/v5 from 5.12.0 to 5.13.0",
                vec!["github.com/go-git/go-git/v5 5.12.0→5.13.0"],
            ),
            ("Bump kpromo to v4.0.5-0", vec!["kpromo →v4.0.5-0"]),
            ("Update kubekins to Go 1.23.4", vec![]),
            ("Bump CAPZ load test interval back up to 24h", vec![]),
            (
                "bump gce node size to e2-standard-4 for dra test worker node",
                vec![],
            ),
            (
                "integration-race: bump timeout from 40 to 60 minutes",
                vec![],
            ),
            (
                "Update OpenShift testgrid definitions by auto-testgrid-generator job",
                vec![],
            ),
            ("Update AMIs", vec![]),
            ("Fix the bump", vec![]),
            ("Bump ", vec![]),
        ] {
            let mut found = bumps(subject);
            if subject.contains("as needed") {
                found.truncate(2);
            }
            assert_eq!(found, expected, "{subject}");
        }
    }

    #[test]
    fn a_merge_says_it_below_its_subject() {
        let found = find_bumps(
            "Merge pull request #9 from k8s-infra-ci-robot/autobump",
            "\nBumping Prow\n",
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "Prow");
    }
}
