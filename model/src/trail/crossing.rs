//! A tab's way through a range of versions.

use super::{ComponentTrail, Movement, RowTurn, Span, Step, Trail, outcome::is_whole};
use crate::transition::TurnKind;

/// Steps that follow each other, each of them a part of what is looked at. Judged by its ends: what came and
/// went between them is no difference between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing<'a> {
    /// Newest first; never empty.
    steps: Vec<Step<'a>>,
    /// The columns of the version that it leads to.
    arrived: (u32, u32),
}

impl<'a> Crossing<'a> {
    /// The steps, newest first.
    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// The newest column before it.
    pub fn older(&self) -> u32 {
        self.steps.last().map_or(0, |step| step.older)
    }

    /// The oldest column with the version that it leads to.
    pub const fn newer(&self) -> u32 {
        self.arrived.1
    }

    /// The newest column with that version.
    pub const fn newest(&self) -> u32 {
        self.arrived.0
    }

    /// Whether a column has the version that it leads to.
    pub const fn arrived_in(&self, column: u32) -> bool {
        self.arrived.0 <= column && column <= self.arrived.1
    }
}

impl ComponentTrail {
    /// The ways along those steps that `is_part` picks, newest first: neighbouring steps are one way.
    pub fn crossings<'a>(&'a self, is_part: impl Fn(&Step<'a>) -> bool) -> Vec<Crossing<'a>> {
        let mut found: Vec<Crossing<'a>> = Vec::new();
        let mut joined = false;
        for (step, span) in self.steps().zip(&self.spans) {
            if !is_part(&step) {
                joined = false;
                continue;
            }
            match found.last_mut().filter(|_| joined) {
                Some(way) => way.steps.push(step),
                None => found.push(Crossing::of(step, span)),
            }
            joined = true;
        }
        found
    }

    /// Each step by itself, newest first.
    pub fn single_crossings(&self) -> impl Iterator<Item = Crossing<'_>> {
        self.steps()
            .zip(&self.spans)
            .map(|(step, span)| Crossing::of(step, span))
    }
}

impl<'a> Crossing<'a> {
    /// A step that leads to the version of `span`.
    fn of(step: Step<'a>, span: &Span) -> Self {
        Self {
            steps: vec![step],
            arrived: (span.newest, span.oldest),
        }
    }
}

impl Trail {
    /// The tests that passed before one of these crossings and began to fail in it or with the version that it
    /// leads to, by row. Rows that say how the whole build went are none.
    pub fn began_to_fail<'a>(
        &'a self,
        crossings: &[Crossing<'_>],
    ) -> impl Iterator<Item = &'a RowTurn> {
        self.turns.iter().filter(|turn| {
            let began = |it: &Crossing<'_>| (it.newest()..it.older()).contains(&turn.newer);
            turn.kind == TurnKind::Broke && !is_whole(&turn.row) && crossings.iter().any(began)
        })
    }

    /// Whether the tab names another product than `component`: only then can be said that none came.
    pub fn names_product(&self, component: &ComponentTrail) -> bool {
        self.products_beside(component).next().is_some()
    }

    /// Whether a product came with the run in which failures of these crossings of `component` began, or it is
    /// not known that none did. False where the tab names no other product at all.
    pub fn product_came(&self, component: &ComponentTrail, crossings: &[Crossing<'_>]) -> bool {
        self.names_product(component)
            && crossings.iter().any(|crossing| {
                (crossing.newest()..=crossing.newer())
                    .filter_map(|column| self.columns.get(column as usize)?.failing_since)
                    .filter(|&since| since < crossing.older())
                    .any(|since| {
                        self.products_moved(component, crossing.older(), since) != Movement::Same
                    })
            })
    }
}
