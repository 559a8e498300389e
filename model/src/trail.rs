//! What one tab saw: which version of each component its runs had, and where its rows turned. Small
//! enough to be kept of every tab, so that thousands can be asked at once what a change did.

mod beginning;
mod component;
mod crossing;
mod glyph;
mod outcome;

use crate::{
    alert::Thresholds,
    attribution::Faring,
    grid::Grid,
    infra::{ComponentKind, ComponentVersion},
    suspect::{Course, RUNS},
    transition::{TurnKind, find_turns},
};

use beginning::find_beginnings;
pub use component::{Across, ComponentTrail, Span, Step};
pub use crossing::Crossing;
pub use glyph::{MoveGlyph, Movement};
pub use outcome::{BEFORE, RunOutcome, WORSE, evidence, is_worse};
use outcome::{is_whole, outcomes};

/// What a tab saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Newest first.
    pub columns: Vec<Passage>,
    /// Infra before product, each in the order of the columns.
    pub components: Vec<ComponentTrail>,
    /// By row, newest first.
    pub turns: Vec<RowTurn>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The build id.
    pub build: Box<str>,
    /// When it began, in milliseconds since 1970.
    pub started_ms: i64,
    /// How it went.
    pub outcome: RunOutcome,
    /// Where it failed: the column in which the newest of its failures began. Failures that began before a
    /// change are not the change's.
    pub failing_since: Option<u32>,
    /// Its page, where it failed outside of its tests; empty otherwise, and when there is none.
    pub url: Box<str>,
}

/// A row that turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowTurn {
    /// The row's name.
    pub row: Box<str>,
    /// Broke or fixed.
    pub kind: TurnKind,
    /// The newer column that shows it.
    pub newer: u32,
    /// The older column that shows the state before.
    pub older: u32,
    /// Whether the failures reached the alert threshold or are still going on; others count only where
    /// they begin and end with a version.
    pub alerting: bool,
}

/// Every streak of failures turns a row, however short.
const EVERY: Thresholds = Thresholds {
    failures_to_open: 1,
    passes_to_close: 1,
};

/// Fewer failures than the threshold tell something when they are exactly the runs of a version; so many
/// at least.
const SHORTEST: u32 = 2;

impl Trail {
    /// What the tab of this grid saw; a sketch of the grid will do. `versions` are those of a column, `url`
    /// is its page: asked only where the run failed outside of its tests.
    pub fn new<'a>(
        grid: &Grid,
        thresholds: Thresholds,
        versions: impl Fn(usize) -> &'a [ComponentVersion],
        url: impl Fn(usize) -> String,
    ) -> Self {
        let turns = grid
            .rows
            .iter()
            .flat_map(|row| {
                let alerting = find_turns(&row.statuses, thresholds);
                find_turns(&row.statuses, EVERY)
                    .into_iter()
                    .map(move |turn| RowTurn {
                        row: row.name.as_str().into(),
                        kind: turn.kind,
                        newer: turn.newer as u32,
                        older: turn.older as u32,
                        alerting: alerting.contains(&turn),
                    })
            })
            .collect();
        let outcomes = outcomes(grid);
        let columns = grid
            .columns
            .iter()
            .zip(outcomes)
            .enumerate()
            .map(|(index, (column, outcome))| Passage {
                build: column.build.as_str().into(),
                started_ms: column.started_ms,
                outcome,
                failing_since: None,
                url: match outcome {
                    RunOutcome::Outside => url(index).into(),
                    _ => Box::default(),
                },
            })
            .collect();
        let series: Vec<&[ComponentVersion]> = (0..grid.columns.len()).map(versions).collect();
        let mut components: Vec<ComponentTrail> = Vec::new();
        for (column, versions) in (0..).zip(series) {
            for (place, version) in versions.iter().enumerate() {
                // Mostly every run names the same components in the same order.
                let is_it = |it: &ComponentTrail| {
                    it.kind == version.kind && *it.component == *version.component
                };
                let at = if components.get(place).is_some_and(is_it) {
                    place
                } else {
                    components.iter().position(is_it).unwrap_or_else(|| {
                        components.push(ComponentTrail {
                            component: version.component.as_str().into(),
                            kind: version.kind,
                            spans: Vec::new(),
                            across: Vec::new(),
                        });
                        components.len() - 1
                    })
                };
                components[at].push(column, version);
            }
        }
        components.sort_by_key(|component| component.kind);
        let mut trail = Self {
            columns,
            components,
            turns,
        };
        trail.look_across(grid);
        trail
    }

    /// Finds out what happened across each step of the infrastructure: asked for again and again of every
    /// tab, and another only when the trail is.
    fn look_across(&mut self, grid: &Grid) {
        find_beginnings(&mut self.columns, &self.turns, grid);
        let across: Vec<Vec<Across>> = self
            .components
            .iter()
            .map(|component| self.across(component))
            .collect();
        for (component, across) in self.components.iter_mut().zip(across) {
            component.across = across;
        }
    }

    fn across(&self, component: &ComponentTrail) -> Vec<Across> {
        let look = |crossing: Crossing<'_>| {
            let one = std::slice::from_ref(&crossing);
            let turned = |kind| self.turned(component, kind, one).len() as u32;
            let product_came = self.product_came(component, one);
            Across {
                broke: turned(TurnKind::Broke),
                fixed: turned(TurnKind::Fixed),
                faring: self.faring(one),
                product_came,
                alone: if product_came {
                    self.faring_alone(component, one)
                } else {
                    Faring::default()
                },
            }
        };
        match component.kind {
            ComponentKind::Infra => component.single_crossings().map(look).collect(),
            ComponentKind::Product => Vec::new(),
        }
    }

    /// The trail of a component; `None` where the tab has none of it.
    pub fn component(&self, name: &str) -> Option<&ComponentTrail> {
        self.components
            .iter()
            .find(|component| &*component.component == name)
    }

    /// How its newest runs went, and the column of each.
    pub fn course(&self) -> (Course, Vec<u32>) {
        let mut columns: Vec<u32> = (0..self.columns.len() as u32)
            .filter(|&column| self.columns[column as usize].outcome.is_over())
            .take(RUNS)
            .collect();
        columns.reverse();
        let mut course = Course::default();
        for &column in &columns {
            let passage = &self.columns[column as usize];
            course.started_ms.push(passage.started_ms);
            let since = passage.failing_since.filter(|_| passage.outcome.is_bad());
            course
                .since
                .push(since.map(|since| columns.partition_point(|&it| it > since)));
        }
        (course, columns)
    }

    /// When a column began, in milliseconds since 1970.
    pub fn started_ms(&self, column: u32) -> i64 {
        self.columns
            .get(column as usize)
            .map_or(0, |passage| passage.started_ms)
    }

    /// The rows that turned this way across any of these crossings of a component and differ between its
    /// ends, each once, in the grid's order. Failures that stay below the alert threshold
    /// count where they begin with one of its versions and end with it: then there were no more runs that
    /// could fail.
    pub fn turned<'a>(
        &'a self,
        component: &ComponentTrail,
        kind: TurnKind,
        crossings: &[Crossing<'_>],
    ) -> Vec<&'a RowTurn> {
        let mut found: Vec<&RowTurn> = Vec::new();
        for (at, turn) in self.turns.iter().enumerate() {
            if turn.kind != kind || found.last().is_some_and(|last| last.row == turn.row) {
                continue;
            }
            // Newest first: what came after it stands before it.
            let other = |at: Option<usize>| {
                let other = at.and_then(|at| self.turns.get(at));
                other.filter(|other| other.row == turn.row && other.kind != kind)
            };
            let (after, before) = (other(at.checked_sub(1)), other(Some(at + 1)));
            let crossed = crossings.iter().any(|crossing| {
                let mut steps = crossing.steps().iter();
                steps.any(|step| turn.crosses(step.newer))
                    && after.is_none_or(|after| after.newer < crossing.newer())
                    && before.is_none_or(|before| before.newer >= crossing.older())
            });
            if crossed && (turn.alerting || self.is_version(component, at)) {
                found.push(turn);
            }
        }
        found
    }

    /// The rows that turned this way anywhere between two columns, each once, in the grid's order.
    pub fn turned_between(&self, kind: TurnKind, older: u32, newer: u32) -> Vec<&RowTurn> {
        let mut found: Vec<&RowTurn> = Vec::new();
        for turn in &self.turns {
            let between = turn.newer < older && newer < turn.older;
            if turn.kind == kind
                && turn.alerting
                && between
                && found.last().is_none_or(|last| last.row != turn.row)
            {
                found.push(turn);
            }
        }
        found
    }

    /// Whether the failures at one end of which this turn is are exactly the runs of one version.
    fn is_version(&self, component: &ComponentTrail, at: usize) -> bool {
        let turn = &self.turns[at];
        // Newest first: what ended the failures stands before what began them.
        let (began, ended) = match turn.kind {
            TurnKind::Broke => (
                Some(turn),
                at.checked_sub(1).and_then(|at| self.turns.get(at)),
            ),
            TurnKind::Fixed => (self.turns.get(at + 1), Some(turn)),
        };
        let (Some(began), Some(ended)) = (began, ended) else {
            return false;
        };
        // That each run failed as a whole says nothing where it was another test each time.
        let outside = || {
            let first = self.columns.get(began.newer as usize);
            first.is_some_and(|passage| passage.outcome == RunOutcome::Outside)
        };
        began.row == ended.row
            && (!is_whole(&began.row) || outside())
            && began.kind == TurnKind::Broke
            && ended.kind == TurnKind::Fixed
            && began.newer + 1 >= ended.older + SHORTEST
            && component.steps().any(|step| began.crosses(step.newer))
            && component.steps().any(|step| ended.crosses(step.newer))
    }
}

impl RowTurn {
    /// Whether it may have happened at the older edge of `column`.
    const fn crosses(&self, column: u32) -> bool {
        self.newer <= column && column < self.older
    }
}

#[cfg(test)]
mod tests;
