//! What a repository declares a component to be, by the commits that moved it.

use crate::infra::same_version;

/// A commit that moved a component everywhere in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin<'a> {
    /// What the component was before.
    pub from: &'a str,
    /// What it is since.
    pub to: &'a str,
}

/// So many commits must go on from each other.
const FEWEST: usize = 2;

/// Which of the commits that moved a component tell what is declared since: the newest that each moved it from
/// what the one before had moved it to. Then there is one place that pins it, or all are moved together. `pins`
/// are oldest first; `None` stands for a commit that moved it in several ways at once. Where fewer than two go
/// on from each other nothing is told: a part of the configuration may have another version, and a diff does
/// not show what it leaves alone.
pub fn declared_by<'a, 'b>(pins: &'b [Option<Pin<'a>>]) -> &'b [Option<Pin<'a>>] {
    let follows = |before: &Option<Pin<'_>>, after: &Option<Pin<'_>>| {
        before.is_some_and(|before| after.is_some_and(|after| same_version(before.to, after.from)))
    };
    let breaks = pins
        .windows(2)
        .rposition(|pair| !follows(&pair[0], &pair[1]));
    let told = &pins[breaks.map_or(0, |at| at + 1)..];
    if told.len() < FEWEST { &[] } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_from_each_other_tells() {
        // `ab` moves it from a to b, `*` in several ways.
        for (moves, told) in [
            (&[][..], 0),
            (&["ab"], 0),
            (&["ab", "bc"], 2),
            (&["ab", "bc", "cb", "bd"], 4),
            // One place of several, or a commit that is not known.
            (&["ab", "cd"], 0),
            (&["ab", "cd", "de"], 2),
            (&["ab", "bc", "ac"], 0),
            (&["ab", "*", "bc", "cd"], 2),
            (&["ab", "bc", "*"], 0),
        ] {
            let pins: Vec<Option<Pin<'_>>> = moves
                .iter()
                .map(|way| {
                    (*way != "*").then(|| Pin {
                        from: &way[..1],
                        to: &way[1..],
                    })
                })
                .collect();
            let found = declared_by(&pins);
            assert_eq!(found, &pins[pins.len() - told..], "{moves:?}");
        }
    }
}
