//! What the parts of the grid share.

use std::{ops::Range, sync::Arc};

use leptos::prelude::*;
use model::{
    grid::Grid,
    order::{RowOrder, needs_all, order},
    query::{GroupBy, Sort, TabQuery},
    wire::{Durations, TabPage},
};

use crate::{
    browser,
    components::clock::Clock,
    grid::{
        hover::Target,
        lines::Lines,
        names::{Names, is_explosive},
        window::{ROW_HEIGHT, Viewport, cell_width, column_window, row_window, seen_columns},
    },
    paths,
};

/// What the parts of the grid share. Positions are indexes into the lines, columns indexes into the grid.
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
    /// The lines that they are drawn in, among them the heads of groups.
    pub lines: Memo<Arc<Lines>>,
    /// How many lines and columns the scroll area has room for.
    pub size: Memo<(usize, usize)>,
    /// What the scroll area shows.
    pub view: RwSignal<Viewport>,
    /// What the names of the rows have in common.
    pub names: Memo<Names>,
    /// The width of a column in pixels.
    pub cell_width: Memo<u32>,
    /// The positions to draw.
    pub rows: Memo<Range<usize>>,
    /// The columns to draw.
    pub columns: Memo<Range<usize>>,
    /// The current cell: position and column.
    pub cursor: RwSignal<Option<(usize, usize)>>,
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
    /// The cell whose menu is open, as the ids of its row and its build, and where: from the left and the
    /// top of the window, in pixels.
    pub menu: RwSignal<Option<(String, String, i32, i32)>>,
    /// What is pointed at.
    pub hover: RwSignal<Option<Hover>>,
    /// Whether the current cell is told to those who listen: it is not where a pointer made it so.
    pub spoken: RwSignal<bool>,
    /// How often the grid was renewed while it was looked at, by how many columns the last time moved the
    /// others to the right, and by how many lines the first one in sight down.
    pub renewals: RwSignal<(u32, usize, i32)>,
    /// How long rows take, once the reader wants them sorted by it.
    pub durations: RwSignal<Durations>,
    /// How long the cell that is pointed at took, in words.
    pub took: RwSignal<String>,
    /// Whose turn it is to draw other columns: see [`GridState::columns_in_turn`].
    pub turns: [RwSignal<usize>; TURNS],
    /// How many columns have come at the left that have not been in sight.
    pub unseen: RwSignal<usize>,
}

/// In so many frames other columns are drawn, one part of the lines after the other.
pub const TURNS: usize = 4;

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
    let group = match &query.group {
        Some(GroupBy::Hierarchy(pattern) | GroupBy::Mask(pattern)) => Some(pattern),
        _ => None,
    };
    query
        .include
        .iter()
        .chain(&query.exclude)
        .chain(group)
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
        let durations = RwSignal::new(Durations::default());
        // What chooses rows, sorts and groups them. A pattern that cannot be used leaves those that the last
        // good one chose. Only a browser knows what it can use: until the page is alive nothing is tried.
        let sound = Memo::new(move |old: Option<&TabQuery>| {
            let query = TabQuery {
                width: None,
                expand_groups: false,
                toggled_groups: Vec::new(),
                ..query.get().anywhere()
            };
            if !clock.is_running() || unusable(&query).is_none() {
                return query;
            }
            let old = old.filter(|old| unusable(old).is_none());
            let old = old.cloned().unwrap_or_default();
            TabQuery {
                include: old.include,
                exclude: old.exclude,
                group: old.group,
                ..query
            }
        });
        let order = Memo::new(move |_| {
            let query = sound.read();
            // Until the page is alive and the grid complete, both sides draw the same: nothing.
            if needs_all(&query) && !(whole.get() && clock.is_running()) {
                return RowOrder::default();
            }
            let grid = grid.get();
            let mut known = Durations::default();
            if query.sort == Sort::Duration {
                known = durations.get();
            }
            // Those of another version are of other rows.
            let same = known.version == grid.version;
            let mean_ms: &[_] = if same { &known.mean_ms } else { &[] };
            order(&grid, &query, mean_ms, &browser::matches)
        });
        let lines = Memo::new_with_compare(
            move |old: Option<&Arc<Lines>>| {
                let (order, sound) = (order.read(), sound.read());
                let asked = (&*query.read(), sound.group.as_ref());
                let old = old.map(|old| &**old);
                let patterns = &browser::Patterns;
                Arc::new(Lines::of(&grid.read(), &order.rows, asked, old, patterns))
            },
            |_, _| true,
        );
        let size = Memo::new(move |_| {
            let columns = grid.read().columns.len();
            let rows = lines.read().lines.len();
            if whole.get() {
                (rows, columns)
            } else {
                (rows.max(all_rows), columns.max(all_columns))
            }
        });
        let names = Memo::new(move |_| Names::of(&grid.read()));
        let cell_width = Memo::new(move |_| cell_width(query.read().width));
        let rows = Memo::new(move |_| row_window(view.get(), lines.read().lines.len()));
        let columns = Memo::new(move |_| {
            column_window(view.get(), cell_width.get(), grid.read().columns.len())
        });
        Self {
            path: StoredValue::new(paths::tab(&page.summary.dashboard, &page.summary.tab)),
            grid,
            whole,
            query,
            order,
            lines,
            size,
            view,
            names,
            cell_width,
            rows,
            columns,
            cursor: RwSignal::new(None),
            doing: StoredValue::new(Doing {
                chosen: RwSignal::new(None),
                menu: RwSignal::new(None),
                hover: RwSignal::new(None),
                spoken: RwSignal::new(false),
                renewals: RwSignal::new((0, 0, 0)),
                durations,
                took: RwSignal::new(String::new()),
                turns: std::array::from_fn(|_| RwSignal::new(0)),
                unseen: RwSignal::new(0),
            }),
            clock,
        }
    }

    /// What the reader is doing.
    pub fn doing(self) -> Doing {
        self.doing.get_value()
    }

    /// The columns to draw in the parts of the grid whose turn is `turn`. All of it at once would take so
    /// long that scrolling stops; what comes later reaches past the edges of what is in sight.
    pub fn columns_in_turn(self, turn: usize) -> Range<usize> {
        self.doing().turns[turn % TURNS].track();
        self.columns.get_untracked()
    }

    /// Lets the parts of the grid draw the columns that `columns` has come to, in turns, unless the `old`
    /// ones leave something in sight blank.
    pub fn draw_columns(self, old: Option<Range<usize>>) -> Range<usize> {
        let new = self.columns.get();
        if let Some(old) = old.filter(|old| *old != new) {
            let seen = seen_columns(self.view.get_untracked(), self.cell_width.get_untracked());
            let seen = seen.start.min(new.end)..seen.end.min(new.end);
            let covered = old.start <= seen.start && seen.end <= old.end;
            next_turn(self.doing().turns, 0, covered);
        }
        new
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
        // A line by which it is found again.
        let named = |position: usize| {
            let lines = self.lines.get_untracked();
            let id = lines.row_at(&old, position)?.id.clone();
            Some((lines.head_at(position).is_some(), id))
        };
        let current = self.cursor.get_untracked().and_then(|(position, column)| {
            let line = named(position)?;
            Some((line, new.column_of(&old.columns.get(column)?.build)?))
        });
        let top = (self.view.get_untracked().top / ROW_HEIGHT) as usize;
        let first = Some(top).filter(|&top| top > 0).and_then(named);
        self.doing().hover.set(None);
        self.doing().chosen.update(|chosen| {
            *chosen = chosen.map(|(from, to)| (from + moved, to + moved));
        });
        self.cursor.set(None);
        self.grid.set(new.clone());
        self.whole.set(true);
        let found = |(head, id): (bool, String)| {
            let lines = self.lines.get_untracked();
            (0..lines.lines.len()).find(|&position| {
                // Heads are made when they are wanted, not to be looked through.
                if let Some(known) = lines.head_at(position) {
                    head && known.path == id
                } else {
                    let row = lines.row_at(&new, position);
                    !head && row.is_some_and(|row| row.id == id)
                }
            })
        };
        let sunk = first
            .and_then(found)
            .map_or(0, |now| now as i32 - top as i32);
        self.doing()
            .renewals
            .update(|(count, by, down)| (*count, *by, *down) = (*count + 1, moved, sunk));
        if let Some((line, column)) = current {
            let position = found(line);
            self.cursor.set(position.map(|position| (position, column)));
        }
    }
}

fn next_turn(turns: [RwSignal<usize>; TURNS], turn: usize, later: bool) {
    let Some(signal) = turns.get(turn) else {
        return;
    };
    signal.try_update(|count| *count += 1);
    let next = move || next_turn(turns, turn + 1, later);
    if later {
        request_animation_frame(next);
    } else {
        next();
    }
}
