//! In which run the failures of each run began.

use std::collections::HashMap;

use super::{Passage, RowTurn};
use crate::{grid::Grid, rle::Runs, status::Status, transition::TurnKind};

/// A row all of whose failures at one of its ends have nothing on the other side.
struct Loose {
    /// Its newest column that fails so.
    newest: u32,
    /// Its oldest.
    oldest: u32,
}

/// Says of each run that failed in which column the newest of its failures began. `turns` are by row, newest
/// first.
///
/// A row that fails from its first result on began there; unless, since the run before, as many rows are gone
/// that failed to their last: then these go on under other names.
pub(super) fn find_beginnings(columns: &mut [Passage], turns: &[RowTurn], grid: &Grid) {
    for (at, turn) in turns.iter().enumerate() {
        if turn.kind != TurnKind::Broke {
            continue;
        }
        // Newest first: what ended the failures stands before what began them.
        let ended = at.checked_sub(1).and_then(|at| turns.get(at));
        let end = ended
            .filter(|ended| ended.kind == TurnKind::Fixed && ended.row == turn.row)
            .map_or(0, |ended| ended.older);
        note(columns, end, turn.newer, turn.newer);
    }
    let (born, gone) = find_loose(columns, grid);
    let mut left: HashMap<u32, usize> = HashMap::new();
    for row in born {
        let before = (row.oldest as usize + 1..columns.len())
            .find(|&column| columns[column].outcome.is_over());
        let Some(before) = before else { continue };
        let rows = gone.get(&(before as u32)).map_or(&[][..], |rows| rows);
        let taken = left.entry(before as u32).or_insert(0);
        let began = rows.get(*taken).copied();
        *taken += usize::from(began.is_some());
        note(columns, row.newest, row.oldest, began.unwrap_or(row.oldest));
    }
    for (column, passage) in (0..).zip(columns) {
        if passage.outcome.is_bad() && passage.failing_since.is_none() {
            passage.failing_since = Some(column);
        }
    }
}

fn note(columns: &mut [Passage], newest: u32, oldest: u32, began: u32) {
    let failing = columns
        .get_mut(newest as usize..=oldest as usize)
        .unwrap_or_default();
    for passage in failing.iter_mut().filter(|it| it.outcome.is_bad()) {
        let known = passage.failing_since.get_or_insert(began);
        *known = began.min(*known);
    }
}

/// Rows that fail from their first result on; and, by the column of their last result, where the last
/// failures of rows began that failed to their last.
fn find_loose(columns: &[Passage], grid: &Grid) -> (Vec<Loose>, HashMap<u32, Vec<u32>>) {
    let newest_over = columns
        .iter()
        .position(|passage| passage.outcome.is_over())
        .unwrap_or(columns.len()) as u32;
    let mut born = Vec::new();
    let mut gone: HashMap<u32, Vec<u32>> = HashMap::new();
    for row in &grid.rows {
        let Some((newest, oldest)) = ends(&row.statuses) else {
            continue;
        };
        if let Some(newest) = oldest {
            born.push(newest);
        }
        if let Some(newest) = newest.filter(|newest| newest.newest > newest_over) {
            gone.entry(newest.newest).or_default().push(newest.oldest);
        }
    }
    (born, gone)
}

/// The unbroken failures that a row ends with and begins with, as far as it does.
fn ends(statuses: &Runs<Status>) -> Option<(Option<Loose>, Option<Loose>)> {
    let mut known = Vec::with_capacity(statuses.runs().len());
    let mut column = 0;
    for &(status, count) in statuses.runs() {
        if !matches!(status, Status::NoResult | Status::Running | Status::Unknown) {
            known.push((status.is_failing(), column, column + count - 1));
        }
        column += count;
    }
    let loose =
        |&(failing, newest, oldest): &(bool, u32, u32)| failing.then_some(Loose { newest, oldest });
    Some((loose(known.first()?), loose(known.last()?)))
}
