//! Where versions change between neighbouring columns, and which rows broke or recovered there.

use serde::{Deserialize, Serialize};

use crate::{
    alert::Thresholds,
    infra::{ComponentKind, ComponentVersion, Source, same_version},
    rle::Runs,
    status::Status,
};

/// A component's version differs between a column and an older one. Drawn as a seam at the older
/// edge of `column`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Transition {
    /// Index of the newer of the two columns.
    pub column: u32,
    /// The build id of that column.
    pub build: String,
    /// The component's name.
    pub component: String,
    /// Infra or product.
    pub kind: ComponentKind,
    /// The older version; null when unknown.
    pub from: Option<String>,
    /// The newer version.
    pub to: String,
    /// Where the newer version was read.
    pub source: Source,
    /// False when columns of unknown version lie between, so that the change may be older than this
    /// seam, or when the two versions were read from sources that need not agree.
    pub certain: bool,
    /// A page that shows the difference; null when the component has no repository.
    pub compare_url: Option<String>,
    /// Rows that broke across the seam.
    pub broke: u32,
    /// Rows that recovered across it.
    pub fixed: u32,
}

/// One change in a component's series of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// Index of the newest column that has the older version.
    pub older: usize,
    /// Index of the oldest column after it that has the newer version.
    pub newer: usize,
    /// The older version.
    pub from: &'a str,
    /// The newer version.
    pub to: &'a str,
    /// Where the newer version was read.
    pub source: Source,
    /// See [`Transition::certain`].
    pub certain: bool,
}

/// The changes in a component's versions, newest first. `versions` has one entry per column, newest
/// first; `None` where the column knows nothing of the component.
///
/// Unknown between two equal versions is no change; between two different ones it is an uncertain
/// change, found at the newer. A column merged from several builds counts as unknown. The first
/// known version is no change: nothing says that it differs from what came before.
pub fn find_changes<'a>(
    versions: impl DoubleEndedIterator<Item = Option<&'a ComponentVersion>> + ExactSizeIterator,
) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    let mut last: Option<(usize, &str, Source)> = None;
    for (column, version) in versions.enumerate().rev() {
        let Some((version, source)) =
            version.and_then(|known| Some((known.single()?, known.source)))
        else {
            continue;
        };
        if let Some((older, from, from_source)) = last
            && !same_version(from, version)
        {
            changes.push(Change {
                older,
                newer: column,
                from,
                to: version,
                source,
                certain: older == column + 1 && comparable(from_source, source),
            });
        }
        last = Some((column, version, source));
    }
    changes.reverse();
    changes
}

/// Whether versions read from these two sources name the same fact. What was checked out is one
/// fact, however it is recorded; the commit at which an image was built is another.
pub(crate) fn comparable(a: Source, b: Source) -> bool {
    let checked_out = |source| {
        matches!(
            source,
            Source::Metadata | Source::CloneRecord | Source::StartedRepo | Source::Declared
        )
    };
    // What no run shows may be wrong by itself.
    (a == b && a.is_observed()) || (checked_out(a) && checked_out(b))
}

/// What happened to one row somewhere between two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Passing to failing, or failing to passing.
    pub kind: TurnKind,
    /// Index of the newer cell that shows it.
    pub newer: usize,
    /// Index of the older cell that shows the state before.
    pub older: usize,
}

/// Which way a row turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnKind {
    /// It passed before and fails since.
    Broke,
    /// It failed before and passes since.
    Fixed,
}

impl Turn {
    /// Whether the turn may have happened at the seam at the older edge of `column`.
    pub const fn crosses(&self, column: usize) -> bool {
        self.newer <= column && column < self.older
    }
}

/// The turns of one row, newest first. A streak of failures counts when it has reached the alert
/// threshold or is still open at the newest result, so that a flake is no turn; blank, running and
/// unknown cells belong to no streak; a flaky cell beside a streak hides where it turned.
pub fn find_turns(statuses: &Runs<Status>, thresholds: Thresholds) -> Vec<Turn> {
    let enough = thresholds.failures_to_open.max(1);
    let mut turns = Vec::new();
    // The newest result seen so far, and the streak of failures that is being walked.
    let mut newer: Option<(Status, usize)> = None;
    let mut streak: Option<Streak> = None;
    let mut position = 0;
    for &(status, count) in statuses.runs() {
        let (first, last) = (position, position + count as usize - 1);
        position = last + 1;
        match status.coalesce(true) {
            Status::Fail => {
                let open = streak.get_or_insert(Streak {
                    newest: first,
                    oldest: last,
                    count: 0,
                    ended_by: newer,
                });
                open.oldest = last;
                open.count += count;
                newer = Some((Status::Fail, last));
            }
            older @ (Status::Pass | Status::Flaky) => {
                if let Some(ended) = streak.take() {
                    ended.turns(Some((older, first)), enough, &mut turns);
                }
                newer = Some((older, last));
            }
            _ => {}
        }
    }
    if let Some(ended) = streak {
        ended.turns(None, enough, &mut turns);
    }
    turns
}

/// An unbroken series of failures.
struct Streak {
    newest: usize,
    oldest: usize,
    count: u32,
    /// The result that came after it; `None` while it is open.
    ended_by: Option<(Status, usize)>,
}

impl Streak {
    /// Appends the turns at both ends, newest first. `before` is the result before the streak.
    fn turns(&self, before: Option<(Status, usize)>, enough: u32, turns: &mut Vec<Turn>) {
        if self.count < enough && self.ended_by.is_some() {
            return;
        }
        if let Some((Status::Pass, newer)) = self.ended_by {
            turns.push(Turn {
                kind: TurnKind::Fixed,
                newer,
                older: self.newest,
            });
        }
        if let Some((Status::Pass, older)) = before {
            turns.push(Turn {
                kind: TurnKind::Broke,
                newer: self.oldest,
                older,
            });
        }
    }
}

/// A page that compares two versions of a repository on GitHub; `None` unless both are commits or
/// tags of `repo`, which is `org/name`.
pub fn compare_url(repo: &str, from: &str, to: &str) -> Option<String> {
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/')
            })
    };
    (repo.contains('/') && plain(repo) && plain(from) && plain(to))
        .then(|| format!("https://github.com/{repo}/compare/{from}...{to}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One letter per column, newest first: `a`–`f` a version, `?` unknown, `*` merged, `A`–`F` the
    /// same version read from an image tag.
    fn versions(letters: &str) -> Vec<Option<ComponentVersion>> {
        letters
            .chars()
            .map(|letter| match letter {
                '?' => None,
                '-' => Some(ComponentVersion::unknown("infra", ComponentKind::Infra)),
                _ => Some(ComponentVersion {
                    component: "infra".into(),
                    kind: ComponentKind::Infra,
                    version: Some(match letter {
                        '*' => "*".into(),
                        _ => letter.to_ascii_lowercase().to_string().repeat(9),
                    }),
                    source: if letter.is_ascii_uppercase() {
                        Source::ImageTag
                    } else {
                        Source::CloneRecord
                    },
                    evidence: None,
                }),
            })
            .collect()
    }

    fn changes(letters: &str) -> Vec<(usize, String, bool)> {
        let versions = versions(letters);
        find_changes(versions.iter().map(Option::as_ref))
            .into_iter()
            .map(|change| {
                (
                    change.newer,
                    format!("{}{}", &change.from[..1], &change.to[..1]),
                    change.certain,
                )
            })
            .collect()
    }

    #[test]
    fn changes_follow_the_table() {
        let none: [(usize, &str, bool); 0] = [];
        for (letters, expected) in [
            ("", none.to_vec()),
            ("a", none.to_vec()),
            ("aaa", none.to_vec()),
            ("baa", vec![(0, "ab", true)]),
            ("bba", vec![(1, "ab", true)]),
            ("a?a", none.to_vec()),
            ("a-a", none.to_vec()),
            ("b?a", vec![(0, "ab", false)]),
            ("b*a", vec![(0, "ab", false)]),
            ("?ba", vec![(1, "ab", true)]),
            ("ba?", vec![(0, "ab", true)]),
            ("a??", none.to_vec()),
            ("aba", vec![(0, "ba", true), (1, "ab", true)]),
            ("Ba", vec![(0, "ab", false)]),
            ("BA", vec![(0, "ab", true)]),
            ("Aa", none.to_vec()),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(column, pair, certain)| (column, pair.to_owned(), certain))
                .collect();
            assert_eq!(changes(letters), expected, "{letters}");
        }
    }

    fn turns(letters: &str, open: u32) -> Vec<(TurnKind, usize, usize)> {
        let statuses = letters
            .chars()
            .map(|letter| match letter {
                'P' => Status::Pass,
                'F' => Status::Fail,
                'K' => Status::Flaky,
                'R' => Status::Running,
                'U' => Status::Unknown,
                _ => Status::NoResult,
            })
            .collect();
        find_turns(
            &statuses,
            Thresholds {
                failures_to_open: open,
                passes_to_close: 1,
            },
        )
        .into_iter()
        .map(|turn| (turn.kind, turn.newer, turn.older))
        .collect()
    }

    #[test]
    fn turns_follow_the_table() {
        use TurnKind::{Broke, Fixed};
        for (letters, expected) in [
            ("PPPP", vec![]),
            ("FFFP", vec![(Broke, 2, 3)]),
            ("FPPP", vec![(Broke, 0, 1)]),
            ("PFPP", vec![]),
            ("PFFFP", vec![(Fixed, 0, 1), (Broke, 3, 4)]),
            ("PFFPP", vec![]),
            ("F.RFF..P", vec![(Broke, 4, 7)]),
            ("P..FFF", vec![(Fixed, 0, 3)]),
            ("FFFK", vec![]),
            ("FFFUP", vec![(Broke, 2, 4)]),
            ("KFFFP", vec![(Broke, 3, 4)]),
            ("FFF", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(turns(letters, 3), expected, "{letters}");
        }
    }

    #[test]
    fn compare_urls_are_plain() {
        assert_eq!(
            compare_url("kubernetes/test-infra", "761985", "772233").as_deref(),
            Some("https://github.com/kubernetes/test-infra/compare/761985...772233")
        );
        assert_eq!(compare_url("kubernetes", "a", "b"), None);
        assert_eq!(compare_url("a/b", "javascript:alert(1)", "b"), None);
        assert_eq!(compare_url("a/b", "", "b"), None);
    }

    proptest! {
        #[test]
        fn unknown_columns_invent_nothing(letters in "[ab]{0,12}", at in 0usize..12) {
            let mut with: Vec<char> = letters.chars().collect();
            with.insert(at.min(with.len()), '?');
            let with: String = with.into_iter().collect();
            prop_assert_eq!(changes(&with).len(), changes(&letters).len());
        }

        #[test]
        fn turns_alternate(letters in "[PFKRU.]{0,30}") {
            let found = turns(&letters, 2);
            prop_assert!(found.iter().all(|&(_, newer, older)| newer < older));
            prop_assert!(found.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        }
    }
}
