//! The eight words for a tab.

use serde::{Deserialize, Serialize};

/// The status of a tab, and of a dashboard as the worst of its tabs. In JSON TestGrid's words;
/// unknown is said, not left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum TabStatus {
    /// Nothing can be said.
    #[default]
    Unknown,
    /// All recent results passed.
    Passing,
    /// Flakiness within what the tab accepts.
    Acceptable,
    /// Too few runs to say.
    Pending,
    /// Something failed recently, but no row has an alert.
    Flaky,
    /// At least one row has an alert.
    Failing,
    /// The data is too old to say.
    Stale,
    /// A recent run failed almost everywhere.
    Broken,
}

impl TabStatus {
    /// TestGrid's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Passing => "PASSING",
            Self::Acceptable => "ACCEPTABLE",
            Self::Pending => "PENDING",
            Self::Flaky => "FLAKY",
            Self::Failing => "FAILING",
            Self::Stale => "STALE",
            Self::Broken => "BROKEN",
        }
    }

    /// The status with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Unknown,
            Self::Passing,
            Self::Acceptable,
            Self::Pending,
            Self::Flaky,
            Self::Failing,
            Self::Stale,
            Self::Broken,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }

    /// A sign that does not need colour.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Passing => "✓",
            Self::Acceptable => "≈",
            Self::Pending => "…",
            Self::Flaky => "~",
            Self::Failing => "✗",
            Self::Stale => "◷",
            Self::Broken => "⊘",
        }
    }

    /// How bad it is: the order in which a dashboard takes the worst of its tabs (4.5). Unknown is
    /// least, as in TestGrid: a tab without data does not hide the others.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Passing => 1,
            Self::Acceptable => 2,
            Self::Pending => 3,
            Self::Flaky => 4,
            Self::Failing => 5,
            Self::Stale => 6,
            Self::Broken => 7,
        }
    }

    /// The status of a dashboard.
    pub fn worst(tabs: impl IntoIterator<Item = Self>) -> Self {
        tabs.into_iter()
            .max_by_key(|status| status.severity())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashboard_takes_the_worst() {
        assert_eq!(TabStatus::worst([]), TabStatus::Unknown);
        assert_eq!(
            TabStatus::worst([TabStatus::Passing, TabStatus::Stale, TabStatus::Failing]),
            TabStatus::Stale
        );
        let order = [
            TabStatus::Broken,
            TabStatus::Stale,
            TabStatus::Failing,
            TabStatus::Flaky,
            TabStatus::Pending,
            TabStatus::Acceptable,
            TabStatus::Passing,
            TabStatus::Unknown,
        ];
        for (index, worst) in order.into_iter().enumerate() {
            assert_eq!(TabStatus::from_word(worst.word()), Some(worst));
            assert_eq!(
                TabStatus::worst(order[index..].iter().rev().copied()),
                worst
            );
        }
    }
}
