//! How runs went, and whether they go worse than before.

use serde::{Deserialize, Serialize};

use super::{ComponentTrail, Span, Step, Trail};
use crate::{grid::Grid, status::Status};

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
    /// How runs went before these steps and after them: `((bad, runs) before, (bad, runs) after)`. After a
    /// step are the runs of the version that it brings, before it up to [`BEFORE`] of the version that it
    /// ends. Runs that have not ended do not count.
    pub fn outcomes(
        &self,
        component: &ComponentTrail,
        steps: &[Step<'_>],
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
        for step in steps {
            let span = |column: u32| {
                component
                    .spans
                    .iter()
                    .find(|span| span.newest <= column && column <= span.oldest)
            };
            if let Some(span) = span(step.newer) {
                let found = count(&mut (span.newest..=step.newer).rev(), usize::MAX);
                after = (after.0 + found.0, after.1 + found.1);
            }
            if let Some(span) = span(step.older) {
                let found = count(&mut (step.older..=span.oldest), BEFORE);
                before = (before.0 + found.0, before.1 + found.1);
            }
        }
        (before, after)
    }
}

impl Trail {
    /// Whether the versions that these steps bring made runs fail more often, by more than chance makes
    /// likely.
    ///
    /// After a step count the runs of its version that have a failure which began with that version: what
    /// failed before it goes on by itself. Before it count up to [`BEFORE`] runs of whatever version, each
    /// with a failure that began in it: what goes on failing tells of one cause, not of a rate.
    pub fn is_worse_across(&self, component: &ComponentTrail, steps: &[Step<'_>]) -> bool {
        let count = |columns: &mut dyn Iterator<Item = u32>, since: &dyn Fn(u32) -> u32| {
            columns
                .filter_map(|column| Some((column, self.columns.get(column as usize)?)))
                .filter(|(_, passage)| passage.outcome.is_over())
                .fold((0, 0), |(bad, runs), (column, passage)| {
                    let own = passage.failing_since.is_some_and(|at| at <= since(column));
                    (bad + u32::from(own), runs + 1)
                })
        };
        let end = self.columns.len() as u32;
        let (mut before, mut after) = ((0, 0), (0, 0));
        for step in steps {
            let span = component.spans.iter();
            let Some(span) = span.clone().find(|span| span.oldest == step.newer) else {
                continue;
            };
            let found = count(&mut (span.newest..=step.newer), &|_| step.newer);
            after = (after.0 + found.0, after.1 + found.1);
            // Runs of a version that is looked at belong to the other side.
            let others = |column: &u32| {
                !steps.iter().any(|step| {
                    let at = |span: &&Span| span.oldest == step.newer;
                    let span = component.spans.iter().find(at);
                    span.is_some_and(|span| (span.newest..=span.oldest).contains(column))
                })
            };
            let over = |column: &u32| self.columns[*column as usize].outcome.is_over();
            let mut earlier = (step.older..end).filter(others).filter(over).take(BEFORE);
            let found = count(&mut earlier, &|column| column);
            before = (before.0 + found.0, before.1 + found.1);
        }
        is_worse(before, after)
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
