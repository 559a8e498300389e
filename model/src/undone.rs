//! Roll-backs, and whether they held: what was abandoned must not come back unnoticed.

use serde::{Deserialize, Serialize};

/// A change of a component, as a commit made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move<C> {
    /// Where it came from; handed back.
    pub by: C,
    /// When it landed, in milliseconds since 1970.
    pub at_ms: i64,
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// Whether the commit says that it takes something back.
    pub reverts: bool,
}

/// How a roll-back ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UndoneKind {
    /// The abandoned version is there again.
    BroughtBack,
    /// Another version is there than the one that was rolled back to.
    MovedAway,
}

/// A roll-back that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone<C> {
    /// How.
    pub kind: UndoneKind,
    /// The roll-back: from the abandoned version to the one that was to stay.
    pub rollback: Move<C>,
    /// What undid it.
    pub undone: Move<C>,
    /// What ended that: the next move after it, unless it stands.
    pub ended: Option<Move<C>>,
}

/// For how long after a roll-back a move away from it is told.
pub const WATCHED_MS: i64 = 14 * 24 * 3_600_000;

/// The roll-backs of one component that did not hold, newest first. `moves` are oldest first; `same`
/// says whether two versions are one.
///
/// A roll-back is a move whose commit says that it takes something back. The version that it leaves is
/// abandoned. The first later move to that version undoes the roll-back, whenever it comes; the first
/// move to any other version within [`WATCHED_MS`] moves away from it. A move that itself is a roll-back
/// is a decision and undoes nothing, unless it goes to what was abandoned.
pub fn find_undone<C: Clone>(
    moves: &[Move<C>],
    same: &dyn Fn(&str, &str) -> bool,
) -> Vec<Undone<C>> {
    let mut found = Vec::new();
    for (index, rollback) in moves.iter().enumerate() {
        if !rollback.reverts || same(&rollback.from, &rollback.to) {
            continue;
        }
        let later = || {
            moves
                .iter()
                .enumerate()
                .skip(index + 1)
                .filter(|(_, next)| !same(&next.from, &next.to))
        };
        // The next roll-back from the same version begins to watch anew.
        let until = later()
            .find(|(_, next)| next.reverts && same(&next.from, &rollback.from))
            .map_or(moves.len(), |(at, _)| at);
        let back = later()
            .take_while(|&(at, _)| at < until)
            .find(|(_, next)| same(&next.to, &rollback.from));
        let away = || {
            later().take_while(|&(at, _)| at < until).find(|(_, next)| {
                !next.reverts
                    && same(&next.from, &rollback.to)
                    && next.at_ms - rollback.at_ms <= WATCHED_MS
            })
        };
        let (kind, (at, undone)) = match (back, away()) {
            (Some(back), _) => (UndoneKind::BroughtBack, back),
            (None, Some(away)) => (UndoneKind::MovedAway, away),
            (None, None) => continue,
        };
        found.push(Undone {
            kind,
            rollback: rollback.clone(),
            undone: undone.clone(),
            ended: moves
                .iter()
                .skip(at + 1)
                .find(|next| same(&next.from, &undone.to) && !same(&next.to, &undone.to))
                .cloned(),
        });
    }
    found.sort_by_key(|undone| std::cmp::Reverse(undone.undone.at_ms));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    /// Moves as `from to` letters at hours, `!` for one that says that it reverts.
    fn undone(moves: &[(i64, &str)]) -> Vec<(UndoneKind, i64, Option<i64>)> {
        let moves: Vec<Move<i64>> = moves
            .iter()
            .map(|&(hour, text)| Move {
                by: hour,
                at_ms: hour * HOUR,
                from: text[..1].into(),
                to: text[1..2].into(),
                reverts: text.ends_with('!'),
            })
            .collect();
        find_undone(&moves, &|a, b| a == b)
            .into_iter()
            .map(|undone| {
                (
                    undone.kind,
                    undone.undone.by,
                    undone.ended.map(|ended| ended.by),
                )
            })
            .collect()
    }

    #[test]
    fn roll_backs_follow_the_table() {
        use UndoneKind::{BroughtBack, MovedAway};
        let day = 24;
        for (name, moves, expected) in [
            ("nothing", vec![], vec![]),
            ("a bump", vec![(0, "ab")], vec![]),
            (
                "a roll-back that holds",
                vec![(0, "ab"), (5, "ba!")],
                vec![],
            ),
            (
                "Boskos in October 2019",
                vec![(0, "gb"), (24, "bg!"), (42, "gb"), (47, "bg!")],
                vec![(BroughtBack, 42, Some(47))],
            ),
            (
                "still undone",
                vec![(0, "gb"), (24, "bg!"), (42, "gb")],
                vec![(BroughtBack, 42, None)],
            ),
            (
                "undone twice",
                vec![(0, "gb"), (1, "bg!"), (2, "gb"), (3, "bg!"), (4, "gb")],
                vec![(BroughtBack, 4, None), (BroughtBack, 2, Some(3))],
            ),
            (
                "the next version",
                vec![(0, "gb"), (1, "bg!"), (2, "gc")],
                vec![(MovedAway, 2, None)],
            ),
            (
                "the next version much later",
                vec![(0, "gb"), (1, "bg!"), (15 * day + 2, "gc")],
                vec![],
            ),
            (
                "by a detour",
                vec![(0, "gb"), (1, "bg!"), (2, "gc"), (3, "cb")],
                vec![(BroughtBack, 3, None)],
            ),
            (
                "the abandoned one much later",
                vec![(0, "gb"), (1, "bg!"), (60 * day, "gb")],
                vec![(BroughtBack, 60 * day, None)],
            ),
            (
                "further back on purpose",
                vec![(0, "gb"), (1, "bg!"), (2, "gf!")],
                vec![],
            ),
            (
                "a revert that moves nothing",
                vec![(0, "gg!"), (1, "gb")],
                vec![],
            ),
        ] {
            assert_eq!(undone(&moves), expected, "{name}");
        }
    }
}
