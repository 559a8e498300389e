//! What the parts of the grid share.

use std::{ops::Range, sync::Arc};

use leptos::prelude::*;
use model::{
    grid::Grid,
    order::{RowOrder, needs_all, order},
    query::TabQuery,
    wire::TabPage,
};

use crate::{
    browser,
    components::clock::Clock,
    grid::{
        hover::Target,
        names::{is_explosive, shared_beginning},
        window::{Viewport, cell_width, column_window, row_window},
    },
    paths,
    text::visible,
};

/// What the parts of the grid share. Positions are indexes into the shown rows, columns indexes into
/// the grid.
#[derive(Clone, Copy)]
pub struct GridState {
    /// The path of the tab's page.
    pub path: StoredValue<String>,
    /// All of the grid, or its first screen until the rest has come.
    pub grid: RwSignal<Arc<Grid>>,
    /// Whether it is all of it.
    pub whole: RwSignal<bool>,
    /// The view options.
    pub query: Memo<TabQuery>,
    /// Which rows are shown, in which order.
    pub order: Memo<RowOrder>,
    /// How many rows and columns the scroll area has room for.
    pub size: Memo<(usize, usize)>,
    /// What the scroll area shows.
    pub view: RwSignal<Viewport>,
    /// The beginning that most row names share.
    pub shared: Memo<String>,
    /// The width of a column in pixels.
    pub cell_width: Memo<u32>,
    /// The positions to draw.
    pub rows: Memo<Range<usize>>,
    /// The columns to draw.
    pub columns: Memo<Range<usize>>,
    /// The current cell: position and column.
    pub cursor: RwSignal<Option<(usize, usize)>>,
    /// How often the grid was renewed while it was looked at, and by how many columns the last time moved
    /// the others to the right.
    pub renewals: RwSignal<(u32, usize)>,
    /// What the reader is doing.
    doing: StoredValue<Doing>,
    /// Times.
    pub clock: Clock,
}

/// What the reader is doing just now; nothing of it is in the address.
#[derive(Clone, Copy)]
pub struct Doing {
    /// The two columns that are being chosen to be compared: where it began and where it is.
    pub chosen: RwSignal<Option<(usize, usize)>>,
    /// The cell whose menu is open, as position and column, and where: from the left and the top of the
    /// window, in pixels.
    pub menu: RwSignal<Option<(usize, usize, i32, i32)>>,
    /// What is pointed at.
    pub hover: RwSignal<Option<Hover>>,
    /// How many columns have come at the left that have not been in sight.
    pub unseen: RwSignal<usize>,
}

/// What is pointed at, and where it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Hover {
    /// What.
    pub target: Target,
    /// From the left of the window, in pixels.
    pub x: i32,
    /// From the top of the window, in pixels.
    pub y: i32,
}

/// The first pattern of the options that cannot be used, and why.
pub fn unusable(query: &TabQuery) -> Option<(&str, &'static str)> {
    query
        .include
        .iter()
        .chain(&query.exclude)
        .find_map(|pattern| {
            if !browser::is_pattern(pattern) {
                Some((pattern.as_str(), "is no regular expression"))
            } else if is_explosive(pattern) {
                Some((pattern.as_str(), "could take for ever"))
            } else {
                None
            }
        })
}

impl GridState {
    /// The state of a grid of which `grid` is all or the first screen.
    pub fn new(grid: Arc<Grid>, page: &TabPage, query: Memo<TabQuery>, clock: Clock) -> Self {
        let whole = grid.rows.len() >= page.row_count as usize
            && grid.columns.len() >= page.column_count as usize;
        let (all_rows, all_columns) = (page.row_count as usize, page.column_count as usize);
        let grid = RwSignal::new(grid);
        let whole = RwSignal::new(whole);
        let view = RwSignal::new(Viewport::default());
        // A pattern that cannot be used leaves the rows that the last good one chose.
        let sound = Memo::new(move |old: Option<&TabQuery>| {
            let query = query.get().anywhere();
            if unusable(&query).is_none() {
                return query;
            }
            let (include, exclude) = old
                .map(|old| (old.include.clone(), old.exclude.clone()))
                .unwrap_or_default();
            TabQuery {
                include,
                exclude,
                ..query
            }
        });
        let order = Memo::new(move |_| {
            let query = sound.get();
            // Until the page is alive and the grid complete, both sides draw the same: nothing.
            if needs_all(&query) && !(whole.get() && clock.is_running()) {
                return RowOrder::default();
            }
            grid.with(|grid| order(grid, &query, &browser::matches))
        });
        let size = Memo::new(move |_| {
            let columns = grid.with(|grid| grid.columns.len());
            let rows = order.with(|order| order.rows.len());
            if whole.get() {
                (rows, columns)
            } else {
                (rows.max(all_rows), columns.max(all_columns))
            }
        });
        let shared = Memo::new(move |_| grid.with(|grid| shared_beginning(grid).to_owned()));
        let cell_width = Memo::new(move |_| query.with(|query| cell_width(query.width)));
        let rows = Memo::new(move |_| row_window(view.get(), order.with(|order| order.rows.len())));
        let columns = Memo::new(move |_| {
            column_window(
                view.get(),
                cell_width.get(),
                grid.with(|grid| grid.columns.len()),
            )
        });
        Self {
            path: StoredValue::new(paths::tab(&page.summary.dashboard, &page.summary.tab)),
            grid,
            whole,
            query,
            order,
            size,
            view,
            shared,
            cell_width,
            rows,
            columns,
            cursor: RwSignal::new(None),
            renewals: RwSignal::new((0, 0)),
            doing: StoredValue::new(Doing {
                chosen: RwSignal::new(None),
                menu: RwSignal::new(None),
                hover: RwSignal::new(None),
                unseen: RwSignal::new(0),
            }),
            clock,
        }
    }

    /// What the reader is doing.
    pub fn doing(self) -> Doing {
        self.doing.get_value()
    }

    /// Takes all of the grid.
    pub fn complete(self, grid: Arc<Grid>) {
        self.grid.set(grid);
        self.whole.set(true);
    }

    /// Takes a newer grid in the place of the one that is shown. The current cell stays on its build and
    /// its row. Does nothing when the page has been left.
    pub fn renew(self, new: Arc<Grid>) {
        let Some(old) = self.grid.try_get_untracked() else {
            return;
        };
        let moved = old
            .columns
            .iter()
            .enumerate()
            .find_map(|(was, column)| Some((was, new.column_of(&column.build)?)))
            .map_or(0, |(was, is)| is.saturating_sub(was));
        let current = self.cursor.get_untracked().and_then(|(position, column)| {
            let row = &old.rows.get(self.row_at(position)?)?.id;
            Some((row, new.column_of(&old.columns.get(column)?.build)?))
        });
        self.doing().hover.set(None);
        self.doing().menu.set(None);
        self.doing().chosen.update(|chosen| {
            *chosen = chosen.map(|(from, to)| (from + moved, to + moved));
        });
        self.cursor.set(None);
        self.grid.set(new.clone());
        self.whole.set(true);
        self.renewals
            .update(|(count, by)| (*count, *by) = (*count + 1, moved));
        if let Some((id, column)) = current {
            let position = self.order.with_untracked(|order| {
                order
                    .rows
                    .iter()
                    .position(|&row| new.rows.get(row as usize).is_some_and(|row| row.id == *id))
            });
            self.cursor.set(position.map(|position| (position, column)));
        }
    }

    /// The columns that are compared or being chosen for it, newer first; the same twice while the other
    /// is not chosen yet.
    pub fn marked(self) -> Option<(usize, usize)> {
        let chosen = self.doing().chosen.get().or_else(|| {
            self.query.with(|query| {
                let (older, newer) = query.pair()?;
                self.grid
                    .with(|grid| Some((grid.column_of(older)?, grid.column_of(newer)?)))
            })
        })?;
        Some((chosen.0.min(chosen.1), chosen.0.max(chosen.1)))
    }

    /// The same where nothing follows it.
    pub fn marked_untracked(self) -> Option<(usize, usize)> {
        untrack(|| self.marked())
    }

    /// The options that show what differs between two columns.
    pub fn compared(self, (a, b): (usize, usize)) -> Option<TabQuery> {
        let build = |column: usize| {
            self.grid
                .with_untracked(|grid| Some(grid.columns.get(column)?.build.clone()))
        };
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
            Some(build) => self.grid.with_untracked(|grid| grid.column_of(&build))?,
            None => at_column,
        };
        Some((position, column))
    }

    /// The position of a row by its identity or its name.
    fn position_of(self, row: &str) -> Option<usize> {
        self.grid.with(|grid| {
            let at = |index: &u32| &grid.rows[*index as usize];
            self.order.with(|order| {
                let mut rows = order.rows.iter();
                rows.position(|index| at(index).id == row || at(index).name == row)
            })
        })
    }

    /// Why what a link points at is not in sight.
    pub fn astray(self) -> Option<String> {
        if !self.whole.get() || !self.clock.is_running() {
            return None;
        }
        let (row, column) = self
            .query
            .with(|query| (query.row.clone(), query.column.clone()));
        let row = row.filter(|row| self.position_of(row).is_none());
        self.grid.with(|grid| {
            if let Some(row) = row {
                let known = grid.rows.iter().any(|it| it.id == row || it.name == row);
                let why = if known {
                    "is hidden: by a filter, or because it is stale"
                } else {
                    "is not in this tab (any more)"
                };
                return Some(format!("The row {} {why}", visible(&row)));
            }
            let gone = column.filter(|build| grid.column_of(build).is_none())?;
            Some(format!(
                "Build {} is not in this tab (any more)",
                visible(&gone)
            ))
        })
    }

    /// The grid's row at a position.
    pub fn row_at(self, position: usize) -> Option<usize> {
        self.order
            .with(|order| order.rows.get(position).map(|&row| row as usize))
    }
    /// The page of a row of the grid; none for one whose name is too long for an address.
    pub fn row_path(self, row: usize) -> Option<String> {
        let path = self.grid.with_untracked(|grid| {
            let id = &grid.rows.get(row)?.id;
            self.path
                .with_value(|path| Some(paths::row_of_tab(path, id)))
        })?;
        (path.len() < paths::LONGEST).then_some(path)
    }
}
