//! What a commit says that it takes back.

use serde::{Deserialize, Serialize};

use super::{merged_branch, title};

/// What a commit takes back, as far as its message tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Revert {
    /// The commit, in full or abbreviated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The number of its pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// What it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The version that is gone back to, where the message names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What the commit takes back; `None` when it is no revert.
///
/// A revert says so: `Revert "…"`, `This reverts commit …`, `Reverts org/name#12`, a branch
/// `revert-12-…` as the forge makes it, or a subject that begins with `Revert` or `Roll back`. A revert
/// of a revert brings something back and is none itself.
pub fn find_revert(subject: &str, body: &str) -> Option<Revert> {
    let title = unscoped(title(subject, body));
    let mut revert = Revert::default();
    let mut says_so = false;
    if let Some(quoted) = quoted_subject(title) {
        // `Revert "Revert …"` lands again what was taken back.
        if is_twice(quoted) {
            return None;
        }
        says_so = true;
        revert.pull = super::pull_request(quoted).or(revert.pull);
        revert.subject = Some(quoted.to_owned());
    }
    for line in body.lines().take(LINES) {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("This reverts commit ") {
            let sha: String = rest
                .chars()
                .take_while(char::is_ascii_hexdigit)
                .collect::<String>()
                .to_ascii_lowercase();
            if sha.len() >= 7 {
                says_so = true;
                revert.commit.get_or_insert(sha);
            }
        } else if let Some(number) = line.strip_prefix("Reverts ").and_then(pull_reference) {
            says_so = true;
            revert.pull = Some(number);
        }
    }
    if let Some(number) = merged_branch(subject).and_then(|branch| {
        let (number, _) = branch.strip_prefix("revert-")?.split_once('-')?;
        number.parse().ok()
    }) {
        says_so = true;
        revert.pull = revert.pull.or(Some(number));
    }
    let lower = title.to_ascii_lowercase();
    let plain = VERBS.iter().find_map(|verb| {
        let rest = lower.strip_prefix(verb)?;
        rest.starts_with([' ', ':']).then(|| &title[verb.len()..])
    });
    if let Some(rest) = plain {
        says_so = true;
        if revert.subject.is_none() {
            let rest = rest.trim_start_matches([':', ' ']);
            revert.pull = revert.pull.or_else(|| hash_number(rest));
            revert.to = rest.rsplit_once(" to ").and_then(|(_, to)| {
                super::bump::version(to.split_whitespace().next().unwrap_or_default())
                    .map(str::to_owned)
            });
        }
    }
    says_so.then_some(revert)
}

/// How many lines of a message are looked at.
const LINES: usize = 200;

/// How a subject begins that takes something back.
const VERBS: [&str; 6] = [
    "revert",
    "reverting",
    "roll back",
    "rollback",
    "rolling back",
    "reverts",
];

/// `subject` without a scope: `nfd: revert …`, `[1.30] Revert …`.
fn unscoped(subject: &str) -> &str {
    let mut rest = subject.trim_start();
    if rest.starts_with('[')
        && let Some((_, after)) = rest.split_once(']')
    {
        rest = after.trim_start();
    }
    match rest.split_once(": ") {
        Some((scope, after))
            if !scope.contains(' ')
                && !scope.eq_ignore_ascii_case("revert")
                && !after.is_empty() =>
        {
            after.trim_start()
        }
        _ => rest,
    }
}

/// The subject in `Revert "…"`, whatever stands behind it.
fn quoted_subject(title: &str) -> Option<&str> {
    let rest = title
        .strip_prefix("Revert \"")
        .or_else(|| title.strip_prefix("revert \""))?;
    let end = rest.rfind('"').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|quoted| !quoted.is_empty())
}

/// Whether what is reverted is a revert that was not itself reverted.
fn is_twice(mut quoted: &str) -> bool {
    let mut twice = false;
    while let Some(inner) = quoted_subject(quoted) {
        twice = !twice;
        quoted = inner;
    }
    twice
}

/// The number in `#12` or `org/name#12`.
fn pull_reference(text: &str) -> Option<u64> {
    let (name, number) = text.split_once('#')?;
    if name.contains(' ') {
        return None;
    }
    hash_number(&format!("#{number}"))
}

/// The first `#12` in a text.
fn hash_number(text: &str) -> Option<u64> {
    let at = text.find('#')?;
    let digits: String = text[at + 1..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverts_follow_the_table() {
        let sha = "9c4fcbb2f4c47ac13a86e359b0b220f31bfafdbf";
        let this = format!("This reverts commit {sha}, reversing\nchanges made to 1234567.");
        for (subject, body, expected) in [
            ("Fix the thing", "It reverts nothing.", None),
            (
                "Revert \"Skip Kuberay test in periodic dra test\"",
                "",
                Some((
                    None,
                    None,
                    Some("Skip Kuberay test in periodic dra test"),
                    None,
                )),
            ),
            (
                "Revert \"Bump it\"",
                this.as_str(),
                Some((Some(sha), None, Some("Bump it"), None)),
            ),
            (
                "Merge pull request #22 from kubernetes/revert-21-prowjobs-autobump",
                "",
                Some((None, Some(21), None, None)),
            ),
            (
                "Merge pull request #22 from kubernetes/revert-21-prowjobs-autobump",
                "Revert \"Bumping Prow\"",
                Some((None, Some(21), Some("Bumping Prow"), None)),
            ),
            ("Merge pull request #9 from cjwagner/revert", "", None),
            (
                "Merge pull request #9 from cjwagner/revert",
                "\nRevert \"Bumping Prow and Boskos\"",
                Some((None, None, Some("Bumping Prow and Boskos"), None)),
            ),
            (
                "Revert \"Merge pull request #15133 from cblecker/autobump\"",
                "",
                Some((
                    None,
                    Some(15133),
                    Some("Merge pull request #15133 from cblecker/autobump"),
                    None,
                )),
            ),
            ("Revert \"Revert \"Only run affected tests\"\"", "", None),
            (
                "Revert \"Revert \"Revert \"Only run affected tests\"\"\"",
                "",
                Some((
                    None,
                    None,
                    Some("Revert \"Revert \"Only run affected tests\"\""),
                    None,
                )),
            ),
            (
                "Revert of 29011 plus more fixups",
                "",
                Some((None, None, None, None)),
            ),
            (
                "Revert bazel to 0.5.2",
                "",
                Some((None, None, None, Some("0.5.2"))),
            ),
            (
                "Revert Boskos to v20260810-7619858115: jobs cannot lease projects",
                "",
                Some((None, None, None, Some("v20260810-7619858115"))),
            ),
            (
                "Revert Migrate CAPI release-1.12/1.11 to kubekins-e2e-v2- #37620",
                "",
                Some((None, Some(37620), None, None)),
            ),
            (
                "revert: nrc: test trigger",
                "",
                Some((None, None, None, None)),
            ),
            (
                "kops: roll back the images",
                "",
                Some((None, None, None, None)),
            ),
            ("Update a job to revert branch", "", None),
            ("Reverted proxies are tested", "", None),
            (
                "Do it",
                "Reverts kubernetes/test-infra#77",
                Some((None, Some(77), None, None)),
            ),
            ("Do it", "Reverts to what was before #77", None),
            ("Do it", "This reverts commit abc.", None),
        ] {
            let found = find_revert(subject, body);
            let expected = expected.map(
                |(commit, pull, subject, to): (Option<&str>, _, Option<&str>, Option<&str>)| {
                    Revert {
                        commit: commit.map(str::to_owned),
                        pull,
                        subject: subject.map(str::to_owned),
                        to: to.map(str::to_owned),
                    }
                },
            );
            assert_eq!(found, expected, "{subject} / {body}");
        }
    }
}
