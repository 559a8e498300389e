//! What commits say of themselves, and how they follow each other.
//!
//! A repository's history is its first-parent lines: what landed on each branch, in the order in which
//! it landed. Commits of pull requests are part of the merge that brought them.

pub mod bump;
pub mod diff;
mod line;
mod newer;
pub mod revert;

pub use line::{
    Between, Commit, History, NewCommit, Resolved, commit_in, is_beginning, typed_version,
};
pub use newer::{Newer, newer_than_fetch};

/// The number of the pull request that a merge or a squashed commit names: `Merge pull request #12
/// from …`, `… (#12)`.
pub fn pull_request(subject: &str) -> Option<u64> {
    let digits = |text: &str| -> Option<u64> {
        let end = text
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse().ok().filter(|&number| number > 0)
    };
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        return digits(rest);
    }
    let squashed = subject.trim_end().strip_suffix(')')?;
    let (_, number) = squashed.rsplit_once("(#")?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits(number))?
}

/// What a commit is called by people: the title of the pull request that a merge brings, else its
/// subject.
pub fn title<'a>(subject: &'a str, body: &'a str) -> &'a str {
    if !subject.starts_with("Merge pull request #") {
        return subject;
    }
    body.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or(subject)
}

/// The branch that a merge of a pull request names: `fix-it` of `Merge pull request #1 from me/fix-it`.
pub fn merged_branch(subject: &str) -> Option<&str> {
    let rest = subject.strip_prefix("Merge pull request #")?;
    let (_, from) = rest.split_once(" from ")?;
    let (_, branch) = from.split_once('/')?;
    Some(branch.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_requests_are_numbered() {
        for (subject, number) in [
            (
                "Merge pull request #37745 from ameukam/update-agentic-ai-job",
                Some(37745),
            ),
            (
                "Bump the aws group across 1 directory with 7 updates (#512)",
                Some(512),
            ),
            ("Fix #12", None),
            ("Revert \"Fix (#12)\" (#13)", Some(13)),
            ("Merge pull request #0 from x/y", None),
            ("Merge branch 'master' into (#x)", None),
            ("(#)", None),
            ("Merge pull request #99999999999999999999999 from x/y", None),
        ] {
            assert_eq!(pull_request(subject), number, "{subject}");
        }
    }

    #[test]
    fn a_merge_is_called_by_what_it_brings() {
        let merge = "Merge pull request #1 from me/fix-it";
        assert_eq!(title(merge, "\nFix it\n\nAt last.\n"), "Fix it");
        assert_eq!(title(merge, " \n"), merge);
        assert_eq!(title("Fix it", "At last."), "Fix it");
        assert_eq!(merged_branch(merge), Some("fix-it"));
        assert_eq!(merged_branch("Fix it"), None);
        assert_eq!(
            merged_branch("Merge pull request #2 from kubernetes/revert-1-master"),
            Some("revert-1-master")
        );
    }
}
