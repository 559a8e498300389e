//! How runs went, and whether they go worse than before.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{ComponentTrail, Crossing, Movement, Passage, Trail};
use crate::{
    attribution::{Fared, Faring},
    grid::Grid,
    status::Status,
};

/// How one run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Nothing failed.
    Passed,
    /// Tests failed.
    Failed,
    /// It failed, and no test did: before them, outside of them, or by taking too long.
    Outside,
    /// It runs, or nothing is known of it.
    Open,
}

impl RunOutcome {
    /// Whether it ended and did not pass.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Outside)
    }

    /// Whether it ended.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Open)
    }
}

/// The row that says how a build as a whole went.
const OVERALL: &str = "Overall";
/// The row that says whether its pod ran.
const POD: &str = "Pod";

/// How many runs before a change are compared with those after it.
pub const BEFORE: usize = 20;

impl Trail {
    /// How runs went before these crossings and after them: `((bad, runs) before, (bad, runs) after)`. After
    /// one are the runs of the version that it leads to, before it up to [`BEFORE`] of the version that it
    /// leaves. Runs that have not ended do not count.
    pub fn outcomes(
        &self,
        component: &ComponentTrail,
        crossings: &[Crossing<'_>],
    ) -> ((u32, u32), (u32, u32)) {
        let count = |columns: &mut dyn Iterator<Item = u32>, most: usize| {
            columns
                .filter_map(|column| self.columns.get(column as usize))
                .filter(|passage| passage.outcome.is_over())
                .take(most)
                .fold((0, 0), |(bad, runs), passage| {
                    (bad + u32::from(passage.outcome.is_bad()), runs + 1)
                })
        };
        let mut before = (0, 0);
        let mut after = (0, 0);
        for crossing in crossings {
            let found = count(
                &mut (crossing.newest()..=crossing.newer()).rev(),
                usize::MAX,
            );
            after = (after.0 + found.0, after.1 + found.1);
            let left = crossing.older();
            let mut spans = component.spans.iter();
            if let Some(span) = spans.find(|span| span.newest <= left && left <= span.oldest) {
                let found = count(&mut (left..=span.oldest), BEFORE);
                before = (before.0 + found.0, before.1 + found.1);
            }
        }
        (before, after)
    }

    /// How runs fared before these crossings and after them, by failures that began there.
    ///
    /// After one count the runs of the version that it leads to, with a failure that began with that version:
    /// what failed before it goes on by itself. Before it count up to [`BEFORE`] runs of whatever other
    /// version, each with a failure that began in it: what goes on failing tells of one cause, not of a rate.
    pub fn faring(&self, crossings: &[Crossing<'_>]) -> Faring {
        self.fare(crossings, |crossing| crossing.newest()..=crossing.newer())
    }

    /// As [`Trail::faring`], after counting only the first runs of the version, as long as every other product is
    /// as it was before: no product can be why these failed.
    pub fn faring_alone(&self, component: &ComponentTrail, crossings: &[Crossing<'_>]) -> Faring {
        self.fare(crossings, |crossing| {
            let products =
                |column| self.products_moved(component, crossing.older(), column) == Movement::Same;
            let columns = crossing.newest()..=crossing.newer();
            let alone = columns.rev().take_while(|&column| products(column)).count();
            crossing.newer() + 1 - alone as u32..=crossing.newer()
        })
    }

    fn fare(
        &self,
        crossings: &[Crossing<'_>],
        after: impl Fn(&Crossing<'_>) -> RangeInclusive<u32>,
    ) -> Faring {
        let add = |fared: &mut Fared, passage: &Passage, since: u32| {
            let own = passage.failing_since.is_some_and(|at| at <= since);
            match passage.outcome {
                RunOutcome::Failed if own => fared.failed += 1,
                RunOutcome::Outside if own => fared.outside += 1,
                _ => fared.passed += 1,
            }
        };
        let over = |column: &u32| {
            let passage = self.columns.get(*column as usize);
            passage.is_some_and(|passage| passage.outcome.is_over())
        };
        let mut found = Faring::default();
        for crossing in crossings {
            for column in after(crossing).filter(over) {
                let first = crossing.older().saturating_sub(1);
                add(&mut found.after, &self.columns[column as usize], first);
            }
            // Runs of a version that is looked at belong to the other side.
            let other = |column: &u32| !crossings.iter().any(|it| it.arrived_in(*column));
            let earlier = crossing.older()..self.columns.len() as u32;
            for column in earlier.filter(other).filter(over).take(BEFORE) {
                add(&mut found.before, &self.columns[column as usize], column);
            }
        }
        found
    }
}

/// How much better two rates of failure explain what was seen than one does, as a logarithm: above 0 they
/// differ, above [`WORSE`] it is worth telling. `(bad, runs)` before and after. Infra-signal specification
/// 4.3: beta prior 0.3, 0.5, tempered by 0.7 because failures come in streaks.
pub fn evidence(before: (u32, u32), after: (u32, u32)) -> f64 {
    const FAILS: f64 = 0.3;
    const PASSES: f64 = 0.5;
    const TEMPER: f64 = 0.7;
    // The logarithm of what the prior expects of so many failures in so many runs.
    let chance = |(bad, runs): (u32, u32)| -> f64 {
        let sum =
            |count: u32, begin: f64| (0..count).map(|k| (begin + f64::from(k)).ln()).sum::<f64>();
        sum(bad, FAILS) + sum(runs.saturating_sub(bad), PASSES) - sum(runs, FAILS + PASSES)
    };
    let both = (before.0 + after.0, before.1 + after.1);
    TEMPER * (chance(before) + chance(after) - chance(both))
}

/// Evidence from which on a tab counts as failing more often than before: the logarithm of 7/3. Of the tabs
/// that see a change three of ten are hit by it, so the odds against it are seven to three at first.
pub const WORSE: f64 = 0.847_297_860_387_203_6;

/// Whether runs fail more often after a change than before: by more than chance makes likely.
pub fn is_worse(before: (u32, u32), after: (u32, u32)) -> bool {
    let more = u64::from(after.0) * u64::from(before.1) > u64::from(before.0) * u64::from(after.1);
    before.1 > 0 && more && evidence(before, after) > WORSE
}

/// How each run went.
pub(super) fn outcomes(grid: &Grid) -> Vec<RunOutcome> {
    // The worst that each column says, in this order: nothing, passed, failed as a whole, a test failed,
    // still running.
    let mut seen = vec![0u8; grid.columns.len()];
    for row in &grid.rows {
        let whole = is_whole(&row.name);
        let mut column = 0;
        for &(status, count) in row.statuses.runs() {
            let end = (column + count as usize).min(seen.len());
            let says = match status {
                Status::NoResult => 0,
                Status::Running => 4,
                _ if !status.is_failing() => 1,
                _ if whole => 2,
                _ => 3,
            };
            for seen in &mut seen[column..end] {
                *seen = says.max(*seen);
            }
            column = end;
        }
    }
    seen.into_iter()
        .map(|seen| match seen {
            1 => RunOutcome::Passed,
            2 => RunOutcome::Outside,
            3 => RunOutcome::Failed,
            _ => RunOutcome::Open,
        })
        .collect()
}

/// Whether a row says how the whole build went, and not one of its tests: `Overall`, `Pod`, and the same
/// behind the name of a job, where a group has several.
pub(super) fn is_whole(row: &str) -> bool {
    [OVERALL, POD].iter().any(|whole| {
        row == *whole
            || row
                .strip_suffix(whole)
                .is_some_and(|job| job.ends_with('.'))
    })
}
