//! How likely runs are if a cause hit them, and if none did.

use super::{BEFORE, Course, RUNS, Seen, Word};

/// Failures and passes that are expected of a group that is hit, before anything is seen.
const HIT: (f64, f64) = (0.5, 0.5);
/// How many runs' worth the other groups say of how often a group fails by itself.
const OTHERS: f64 = 4.0;
/// Failures and runs that are expected of all groups, before anything is seen.
const USUAL: (f64, f64) = (0.5, 10.0);
/// How much likelier it is that a failure goes on by a cause than that it does by itself: that is so in every
/// second run.
const REPEATED: f64 = 1.5;

/// What is expected of runs.
pub(super) struct Chances {
    /// Failures and passes that are expected of a group by itself, before it was seen.
    alone: (f64, f64),
    /// Of groups of which no run failed: by how many came before, and after.
    quiet: Vec<Word>,
}

impl Chances {
    /// By how often the runs of all groups fail.
    pub(super) fn new(courses: &[Course]) -> Self {
        let mut seen = USUAL;
        for course in courses {
            seen.0 += course.fresh() as f64;
            seen.1 += course.since.len() as f64;
        }
        let rate = seen.0 / seen.1;
        let mut chances = Self {
            alone: (OTHERS * rate, OTHERS * (1.0 - rate)),
            quiet: Vec::new(),
        };
        chances.quiet = (0..=BEFORE)
            .flat_map(|before| (0..=RUNS).map(move |after| (before, after)))
            .map(|(before, after)| {
                let seen = Seen {
                    before: (0, before),
                    after: (0, after),
                    repeats: 0,
                };
                Word::new(chances.delta(seen), 0.0)
            })
            .collect();
        chances
    }

    /// How much better a cause explains the runs than that there was none, as a logarithm; at most 0 where
    /// they do not go worse than before.
    pub(super) fn delta(
        &self,
        Seen {
            before,
            after,
            repeats,
        }: Seen,
    ) -> f64 {
        if before.1 == 0 || after.1 == 0 {
            return 0.0;
        }
        let known = (
            self.alone.0 + before.0 as f64,
            self.alone.1 + (before.1 - before.0) as f64,
        );
        let delta = chance(HIT, after) - chance(known, after);
        if after.0 * before.1 > before.0 * after.1 {
            delta + repeats as f64 * REPEATED.ln()
        } else {
            delta.min(0.0)
        }
    }

    /// What a group says of which no run failed.
    pub(super) fn quiet(&self, before: usize, after: usize) -> Word {
        self.quiet[before.min(BEFORE) * (RUNS + 1) + after.min(RUNS)]
    }
}

/// The logarithm of what a beta prior of failures and passes expects of runs, as `(bad, runs)`, in their order.
fn chance((fails, passes): (f64, f64), (bad, runs): (usize, usize)) -> f64 {
    let rise =
        |from: f64, count: usize| -> f64 { (0..count).map(|at| (from + at as f64).ln()).sum() };
    rise(fails, bad) + rise(passes, runs - bad) - rise(fails + passes, runs)
}
