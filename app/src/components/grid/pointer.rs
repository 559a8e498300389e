//! What a pointer does: it points, opens, chooses columns, drags over the header, touches long.

use std::time::Duration;

use leptos::{html::Div, leptos_dom::helpers::TimeoutHandle, prelude::*, web_sys};
use model::{query::TabQuery, status::Status};

use crate::{
    browser,
    components::{
        grid::{
            Change, OpenSeam,
            keys::{follow, reveal},
            point::{cell_under, closest, column_under, names_width, number, pointed},
            state::{GridState, Hover},
        },
        panel::tell_about,
    },
    grid::{hover::Target, window::fitting_width},
};

/// How long a touch is until it is a long one. Not every device tells of it by itself.
const LONG: Duration = Duration::from_millis(500);

/// How far a finger may move on the way, in pixels.
const STILL: i32 = 10;

/// How wide the grid must be for a panel to open beside it, in pixels.
const ROOM_FOR_PANEL: i32 = 500;

/// What the pointer is doing.
#[derive(Clone, Copy)]
pub(super) struct Pointer {
    state: GridState,
    change: Change,
    area: NodeRef<Div>,
    body: NodeRef<Div>,
    begun: StoredValue<Begun>,
}

/// What was begun with a pointer and goes on.
#[derive(Clone, Copy, Default)]
struct Begun {
    /// Where the button went down on the header, and whether on the bars.
    drag: Option<(usize, bool)>,
    /// What ends as a long touch, and where it began.
    touch: Option<(TimeoutHandle, i32, i32)>,
    /// Whether the touch has been a long one: the click at its end is none.
    was_long: bool,
    /// The first of the columns that were dragged over to see them wider.
    dragged_to: Option<usize>,
}

impl Pointer {
    pub(super) fn new(
        state: GridState,
        change: Change,
        area: NodeRef<Div>,
        body: NodeRef<Div>,
    ) -> Self {
        Self {
            state,
            change,
            area,
            body,
            begun: StoredValue::default(),
        }
    }

    fn begin(self, change: impl FnOnce(&mut Begun)) {
        let mut begun = self.begun.get_value();
        change(&mut begun);
        self.begun.set_value(begun);
    }

    /// The first of the columns that were dragged over since it was last asked.
    pub(super) fn take_dragged_to(self) -> Option<usize> {
        let dragged_to = self.begun.get_value().dragged_to;
        self.begin(|begun| begun.dragged_to = None);
        dragged_to
    }

    fn column_of(self, event: &web_sys::MouseEvent) -> Option<usize> {
        let area = self.area.get_untracked()?;
        column_under(event, self.state, &area)
    }

    /// The cell of a row, not of a group, that is pointed at.
    fn cell_of(self, event: &web_sys::MouseEvent) -> Option<(usize, usize)> {
        let body = self.body.get_untracked()?;
        closest(event, ".row__cells")?;
        let cell = cell_under(event, self.state, &body)?;
        self.state.row_at(cell.0).map(|_| cell)
    }

    pub(super) fn down(self, event: &web_sys::PointerEvent) {
        self.state.doing().menu.set(None);
        self.begin(|begun| begun.was_long = false);
        if event.pointer_type() == "touch" {
            self.begin_touch(event);
        } else if event.button() == 0
            && !event.shift_key()
            && closest(event, ".head__cells").is_some()
            && closest(event, ".seam").is_none()
        {
            let bars = closest(event, "[data-kind=failures]").is_some();
            let drag = self.column_of(event).map(|column| (column, bars));
            self.begin(|begun| begun.drag = drag);
        }
    }

    fn begin_touch(self, event: &web_sys::PointerEvent) {
        self.end_touch();
        let Some(cell) = self.cell_of(event) else {
            return;
        };
        let (x, y) = (event.client_x(), event.client_y());
        let open = move || {
            self.begin(|begun| (begun.touch, begun.was_long) = (None, true));
            open_menu(self.state, cell, x, y);
        };
        let timer = set_timeout_with_handle(open, LONG).ok();
        self.begin(|begun| begun.touch = timer.map(|timer| (timer, x, y)));
    }

    /// It is not going to be a long touch.
    pub(super) fn end_touch(self) {
        if let Some((timer, ..)) = self.begun.get_value().touch {
            timer.clear();
            self.begin(|begun| begun.touch = None);
        }
    }

    pub(super) fn moved(self, event: &web_sys::PointerEvent) {
        let (state, begun) = (self.state, self.begun.get_value());
        if let (Some((from, _)), Some(to)) = (begun.drag, self.column_of(event)) {
            state.doing().chosen.set(Some((from, to)));
            return;
        }
        if let Some((_, x, y)) = begun.touch
            && (event.client_x() - x)
                .abs()
                .max((event.client_y() - y).abs())
                > STILL
        {
            self.end_touch();
        }
        if begun.was_long {
            return;
        }
        let target = pointed(event, state, self.body.get_untracked());
        if let Some(Target::Cell { position, column }) = &target {
            state.doing().spoken.set(false);
            state.cursor.set(Some((*position, *column)));
        }
        state.point_at(target.map(|target| Hover {
            target,
            x: event.client_x(),
            y: event.client_y(),
        }));
    }

    pub(super) fn left(self) {
        self.end_touch();
        self.state.doing().hover.set(None);
        if self.begun.get_value().drag.is_some() {
            self.begin(|begun| begun.drag = None);
            self.state.doing().chosen.set(None);
        }
    }

    /// A right click, and on many devices a long touch.
    pub(super) fn menu(self, event: &web_sys::MouseEvent) {
        if let Some(cell) = self.cell_of(event) {
            event.prevent_default();
            if !self.begun.get_value().was_long {
                self.end_touch();
                open_menu(self.state, cell, event.client_x(), event.client_y());
            }
        }
    }

    pub(super) fn up(self, event: &web_sys::PointerEvent) {
        self.end_touch();
        let Some((from, bars)) = self.begun.get_value().drag else {
            return;
        };
        let (state, change) = (self.state, self.change);
        self.begin(|begun| begun.drag = None);
        let Some(to) = self.column_of(event) else {
            state.doing().chosen.set(None);
            return;
        };
        if !bars {
            if from != to {
                compare(state, change, (from, to));
            }
            return;
        }
        state.doing().chosen.set(None);
        let Some(area) = self.area.get_untracked() else {
            return;
        };
        if from == to {
            // To the first row that failed there.
            let (grid, lines) = (state.grid.get_untracked(), state.lines.get_untracked());
            let failed = |position: &usize| {
                let row = lines.row_at(&grid, *position);
                let status = row.and_then(|row| row.statuses.get(to));
                status.is_some_and(Status::is_failing)
            };
            let mut positions = 0..lines.lines.len();
            let cell = (positions.find(failed).unwrap_or_default(), to);
            state.cursor.set(Some(cell));
            reveal(&area, cell, state);
            browser::focus(&area);
        } else {
            let room = (area.client_width() - names_width(&area)).max(0) as u32;
            let (first, last) = (from.min(to), from.max(to));
            let width = fitting_width(room, (last - first + 1) as u32);
            self.begin(|begun| begun.dragged_to = Some(first));
            set_width(state, change, width);
        }
    }

    pub(super) fn click(self, event: &web_sys::MouseEvent, open_seam: OpenSeam) {
        let state = self.state;
        if self.begun.get_value().was_long {
            self.begin(|begun| begun.was_long = false);
            event.prevent_default();
        } else if event.shift_key() {
            if let Some(column) = self.column_of(event) {
                event.prevent_default();
                self.choose(column);
            }
        } else if let Some(row) = self.row_told(event) {
            event.prevent_default();
            tell_about(state, self.change, row);
        } else if let Some(name) = closest(event, "[data-open] > .row__name") {
            let line = name.parent_element();
            if let Some(position) = line.and_then(|line| number(&line, "data-row")) {
                state.toggle(position, self.change);
            }
        } else if let Some(line) = closest(event, ".seam-line") {
            if let Some(column) = number(&line, "data-column") {
                open_seam.0.run(column);
            }
        } else if closest(event, "span.cell").is_some() {
            // A run of equal cells is no link: which build is meant depends on the place.
            follow(state, event.ctrl_key() || event.meta_key());
        }
    }

    /// The row whose name is clicked, where there is room beside the grid to tell about it. Else, and for a
    /// tab of its own, the link leads to the same as a page.
    fn row_told(self, event: &web_sys::MouseEvent) -> Option<String> {
        let line = closest(event, ".row__link")?.closest(".row").ok()??;
        let area = self.area.get_untracked()?;
        let aside = event.ctrl_key() || event.meta_key() || area.client_width() < ROOM_FOR_PANEL;
        let position = number(&line, "data-row").filter(|_| !aside)?;
        self.state.row_id(position)
    }

    fn choose(self, column: usize) {
        // Of two that are chosen the one that is farther away stays.
        let stays = self.state.marked_untracked().map(|(newer, older)| {
            if column.abs_diff(newer) > column.abs_diff(older) {
                newer
            } else {
                older
            }
        });
        compare(self.state, self.change, (stays.unwrap_or(column), column));
    }
}

/// Opens the menu of a cell at a place in the window.
pub(super) fn open_menu(state: GridState, cell: (usize, usize), x: i32, y: i32) {
    state.doing().hover.set(None);
    state.cursor.set(Some(cell));
    let grid = state.grid.get_untracked();
    let build = grid.columns.get(cell.1).map(|column| column.build.clone());
    let at = state.row_id(cell.0).zip(build);
    state
        .doing()
        .menu
        .set(at.map(|(row, build)| (row, build, x, y)));
}

/// Opens what happened at the seam of a column; closes it if it is open.
pub(super) fn open_seam(state: GridState, change: Change, column: usize) {
    let grid = state.grid.get_untracked();
    if !grid
        .transitions
        .iter()
        .any(|seam| seam.column as usize == column)
    {
        return;
    }
    if let Some(build) = grid.columns.get(column).map(|column| column.build.clone()) {
        let query = state.query.get_untracked();
        let seam = (query.seam.as_deref() != Some(build.as_str())).then_some(build);
        state.doing().hover.set(None);
        change.run((TabQuery { seam, ..query }, false));
    }
}

/// Makes columns so many pixels wide.
pub(super) fn set_width(state: GridState, change: Change, width: u32) {
    let query = state.query.get_untracked();
    let width = Some(width);
    change.run((TabQuery { width, ..query }, true));
}

/// Opens what differs between two columns; one alone is marked and waits for another.
pub(super) fn compare(state: GridState, change: Change, pair: (usize, usize)) {
    match state.compared(pair) {
        Some(query) => {
            state.doing().chosen.set(None);
            state.doing().hover.set(None);
            change.run((query, false));
        }
        None => state.doing().chosen.set(Some(pair)),
    }
}
