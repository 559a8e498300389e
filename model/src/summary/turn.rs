//! What became of tabs since a moment: from all turns of their statuses the one that remains.

use std::cmp::Ordering;

use super::TabStatus;

/// One turn of a tab's status, or all of its turns since a moment taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusTurn {
    /// What it was before.
    pub before: TabStatus,
    /// What it became.
    pub after: TabStatus,
}

/// Where a turn leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TurnedTo {
    /// To something worse.
    Worse,
    /// To something better.
    Better,
    /// Away and back again.
    Back,
}

impl StatusTurn {
    /// What remains of a tab's turns, which are given newest first; `None` without any. Between two of
    /// them nothing is assumed: only the first state and the last count.
    pub fn net(newest_first: &[Self]) -> Option<Self> {
        Some(Self {
            before: newest_first.last()?.before,
            after: newest_first.first()?.after,
        })
    }

    /// Where it leads, by how bad the statuses are. A tab of which nothing is known is neither well nor
    /// ill: whatever it turns to is news of the kind that this is.
    pub fn turned_to(self) -> TurnedTo {
        match self.after.severity().cmp(&self.before.severity()) {
            Ordering::Equal => TurnedTo::Back,
            Ordering::Less => TurnedTo::Better,
            Ordering::Greater if self.after == TabStatus::Passing => TurnedTo::Better,
            Ordering::Greater => TurnedTo::Worse,
        }
    }
}

#[cfg(test)]
mod tests {
    use TabStatus::{Failing, Flaky, Passing, Stale, Unknown};

    use super::*;

    #[test]
    fn first_and_last_state_count() {
        let turn = |before, after| StatusTurn { before, after };
        assert_eq!(StatusTurn::net(&[]), None);
        for (newest_first, net, turned_to) in [
            (
                vec![turn(Passing, Failing)],
                (Passing, Failing),
                TurnedTo::Worse,
            ),
            (
                vec![turn(Flaky, Failing), turn(Passing, Flaky)],
                (Passing, Failing),
                TurnedTo::Worse,
            ),
            (
                vec![turn(Failing, Passing), turn(Passing, Failing)],
                (Passing, Passing),
                TurnedTo::Back,
            ),
            (
                vec![turn(Failing, Flaky)],
                (Failing, Flaky),
                TurnedTo::Better,
            ),
            (
                vec![turn(Unknown, Passing)],
                (Unknown, Passing),
                TurnedTo::Better,
            ),
            (
                vec![turn(Unknown, Failing)],
                (Unknown, Failing),
                TurnedTo::Worse,
            ),
            (
                vec![turn(Failing, Stale)],
                (Failing, Stale),
                TurnedTo::Worse,
            ),
        ] {
            let found = StatusTurn::net(&newest_first).expect("there are turns");
            assert_eq!((found.before, found.after), net);
            assert_eq!(found.turned_to(), turned_to, "{found:?}");
        }
    }
}
