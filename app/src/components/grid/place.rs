//! Where things are in the grid: which columns are compared, what a link points at, what lies at a
//! position.

use std::time::Duration;

use leptos::prelude::*;
use model::query::{Sort, TabQuery};

use crate::{
    api,
    components::grid::{
        Change,
        state::{GridState, Hover},
    },
    grid::{hover::Target, lines::What},
    paths,
    text::visible,
};

/// How long a pointer rests on a cell until the server is asked how long it took.
const REST: Duration = Duration::from_millis(150);

impl GridState {
    /// The columns that are compared or being chosen for it, newer first; the same twice while the other
    /// is not chosen yet.
    pub fn marked(self) -> Option<(usize, usize)> {
        let chosen = self.doing().chosen.get().or_else(|| {
            let (query, grid) = (self.query.read(), self.grid.read());
            let (older, newer) = query.pair()?;
            Some((grid.column_of(older)?, grid.column_of(newer)?))
        })?;
        Some((chosen.0.min(chosen.1), chosen.0.max(chosen.1)))
    }

    /// The same where nothing follows it.
    pub fn marked_untracked(self) -> Option<(usize, usize)> {
        untrack(|| self.marked())
    }

    /// The options that show what differs between two columns.
    pub fn compared(self, (a, b): (usize, usize)) -> Option<TabQuery> {
        let grid = self.grid.get_untracked();
        let build = |column: usize| Some(grid.columns.get(column)?.build.clone());
        let query = TabQuery {
            older: Some(build(a.max(b))?),
            newer: Some(build(a.min(b))?),
            ..self.query.get_untracked().anywhere()
        };
        (a != b).then_some(query)
    }

    /// The cell that a link points at by row and column: in the current column or row where it names only
    /// one. `None` when it names nothing that is shown.
    pub fn aimed(self, (row, column): (Option<String>, Option<String>)) -> Option<(usize, usize)> {
        if row.is_none() && column.is_none() {
            return None;
        }
        let (at_row, at_column) = self.cursor.get_untracked().unwrap_or_default();
        let position = match row {
            Some(row) => self.position_of(&row)?,
            None => at_row,
        };
        let column = match column {
            Some(build) => self.grid.get_untracked().column_of(&build)?,
            None => at_column,
        };
        Some((position, column))
    }

    /// The position of a row by its identity or its name.
    fn position_of(self, row: &str) -> Option<usize> {
        let (grid, lines) = (self.grid.get(), self.lines.get());
        lines.lines.iter().position(|line| match line.what {
            What::Row(index) => (grid.rows.get(index as usize))
                .is_some_and(|known| known.id == row || known.name == row),
            What::Head(_) => false,
        })
    }

    /// Why what a link points at is not in sight.
    pub fn astray(self) -> Option<String> {
        if !self.whole.get() || !self.clock.is_running() {
            return None;
        }
        let (query, grid) = (self.query.get(), self.grid.get());
        let row = query.row.filter(|row| self.position_of(row).is_none());
        if let Some(row) = row {
            let known = grid.rows.iter().any(|it| it.id == row || it.name == row);
            let why = if known {
                "is hidden: by a filter, or because it is stale"
            } else {
                "is not in this tab (any more)"
            };
            return Some(format!("The row {} {why}", visible(&row)));
        }
        let gone = query
            .column
            .filter(|build| grid.column_of(build).is_none())?;
        Some(format!(
            "Build {} is not in this tab (any more)",
            visible(&gone)
        ))
    }

    /// The grid's row at a position; none where a group begins.
    pub fn row_at(self, position: usize) -> Option<usize> {
        match self.lines.get().lines.get(position)?.what {
            What::Row(row) => Some(row as usize),
            What::Head(_) => None,
        }
    }

    /// Whether the group that begins at a position is open; `None` where none begins.
    pub fn is_open(self, position: usize) -> Option<bool> {
        Some(self.lines.get().head_at(position)?.open)
    }

    /// Opens the group that begins at a position, or closes it.
    pub fn toggle(self, position: usize, change: Change) {
        let lines = self.lines.get_untracked();
        let Some(head) = lines.head_at(position) else {
            return;
        };
        let mut query = self.query.get_untracked();
        query.set_open(&head.path, !head.open);
        // What a link points at would open its groups again.
        if head.open && query.row.is_some() {
            (query.row, query.column) = (None, None);
        }
        self.doing().hover.set(None);
        change.run((query, true));
    }

    /// Points at something, or at nothing any more. How long a cell took is asked of the server when it
    /// rests under the pointer.
    pub fn point_at(self, hover: Option<Hover>) {
        let doing = self.doing();
        let target = hover.as_ref().map(|hover| hover.target.clone());
        let old = doing.hover.get_untracked().map(|hover| hover.target);
        doing.hover.set(hover);
        if target == old {
            return;
        }
        let Some(Target::Cell { position, column }) = target else {
            return;
        };
        let Some(row) = untrack(|| self.row_at(position)) else {
            return;
        };
        doing.took.set("…".to_owned());
        let is_still = move || {
            let hover = doing.hover.try_get_untracked().flatten();
            hover.map(|hover| hover.target) == Some(Target::Cell { position, column })
        };
        let ask = move || {
            let grid = self.grid.try_get_untracked();
            let path = grid.filter(|_| is_still()).and_then(|grid| {
                let (row, build) = (&grid.rows.get(row)?.id, &grid.columns.get(column)?.build);
                Some(paths::duration_part(&self.path.get_value(), row, build))
            });
            let Some(path) = path else { return };
            leptos::task::spawn_local(async move {
                let told = api::part(path).await;
                if is_still() {
                    // What cannot be had is not complained of: the card says enough without it.
                    doing
                        .took
                        .set(told.unwrap_or_else(|_| "unknown".to_owned()));
                }
            });
        };
        set_timeout(ask, REST);
    }

    /// How many rows are shown, those in closed groups among them; until all are there, how many there are.
    pub fn rows_shown(self) -> usize {
        if self.lines.get().grouped {
            self.order.read().rows.len()
        } else {
            self.size.get().0
        }
    }

    /// Why rows are not sorted as they should be: nobody knows yet, or ever, how long they take.
    pub fn unsorted(self) -> Option<String> {
        if self.query.read().sort != Sort::Duration {
            return None;
        }
        let known = self.doing().durations.read();
        if known.version != self.grid.read().version {
            Some("Asking how long rows take".to_owned())
        } else if known.mean_ms.iter().all(Option::is_none) {
            Some("No row says how long it takes".to_owned())
        } else {
            None
        }
    }

    /// The identity of the row at a position; none where a group begins, and of a name that is too long for
    /// an address.
    pub fn row_id(self, position: usize) -> Option<String> {
        let row = self.row_at(position)?;
        let id = self.grid.get_untracked().rows.get(row)?.id.clone();
        (id.len() * 3 < paths::LONGEST).then_some(id)
    }
}
