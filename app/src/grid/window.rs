//! Which rows and columns are in sight. Windows move in steps, so that scrolling by a pixel draws
//! nothing, and they reach past the edges, so that a little scrolling shows no gap.

use std::ops::Range;

use crate::grid::block::BLOCK;

/// The height of a row in pixels; `--row-height` in the style says the same.
pub const ROW_HEIGHT: u32 = 22;
/// The width of a column in pixels when nobody chose one.
pub const CELL_WIDTH: u32 = 36;
/// The narrowest column that can be chosen.
pub const NARROWEST: u32 = 4;
/// The widest column that can be chosen.
pub const WIDEST: u32 = 200;
/// The rows and columns of the first screen, which the server draws.
pub const FIRST_ROWS: u32 = 40;
/// See [`FIRST_ROWS`].
pub const FIRST_COLUMNS: u32 = 60;

const ROW_STEP: usize = BLOCK;
const ROW_MARGIN: usize = 12;
const COLUMN_STEP: usize = 32;
const COLUMN_MARGIN: usize = 32;

/// What the scroll area shows, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewport {
    /// How far it is scrolled down.
    pub top: u32,
    /// How far it is scrolled to the right.
    pub left: u32,
    /// Its height.
    pub height: u32,
    /// Its width.
    pub width: u32,
}

impl Default for Viewport {
    /// A screen's worth: what the server draws and what the browser draws before it has measured.
    fn default() -> Self {
        Self {
            top: 0,
            left: 0,
            height: 640,
            width: 1_200,
        }
    }
}

/// The width of a column, from the `width` option.
pub fn cell_width(option: Option<u32>) -> u32 {
    option.unwrap_or(CELL_WIDTH).clamp(NARROWEST, WIDEST)
}

/// The widths that keys and buttons step through.
pub const WIDTHS: [u32; 9] = [4, 6, 10, 14, 20, 28, CELL_WIDTH, 52, 72];

/// The next of [`WIDTHS`]; the same at the end.
pub fn next_width(width: u32, wider: bool) -> u32 {
    let next = if wider {
        WIDTHS.into_iter().find(|&next| next > width)
    } else {
        WIDTHS.into_iter().rfind(|&next| next < width)
    };
    next.unwrap_or(width)
}

/// The width at which `columns` take `room` pixels, as far as there is one.
pub fn fitting_width(room: u32, columns: u32) -> u32 {
    (room / columns.max(1)).clamp(NARROWEST, 72)
}

/// How far to scroll to the right so that what lies `at` pixels from the edge stays there while the width of
/// columns goes from `old` to `new`.
pub fn scroll_kept(left: u32, at: u32, old: u32, new: u32) -> u32 {
    let middle = f64::from(left + at) / f64::from(old.max(1)) * f64::from(new);
    (middle - f64::from(at)).max(0.0) as u32
}

/// How far to scroll so that what lies `at` pixels from the beginning is among the `room` that are in sight.
/// What is at most two steps of `step` away is followed to the edge; what is farther comes to the middle, with
/// what lies around it.
pub fn scroll_to(now: i32, at: i32, room: i32, step: i32) -> i32 {
    let nearest = now.max((at - room).min(at)).min(at);
    if now.abs_diff(nearest) <= step.unsigned_abs() * 2 {
        nearest
    } else {
        at - room / 2
    }
}

/// The rows to draw out of `rows`.
pub fn row_window(view: Viewport, rows: usize) -> Range<usize> {
    steps(
        view.top / ROW_HEIGHT,
        (view.top + view.height).div_ceil(ROW_HEIGHT),
        ROW_STEP,
        ROW_MARGIN,
        rows,
    )
}

/// The columns in sight, some of which may not be there; what lies behind the names among them.
pub fn seen_columns(view: Viewport, cell_width: u32) -> Range<usize> {
    let end = (view.left + view.width).div_ceil(cell_width);
    (view.left / cell_width) as usize..end as usize
}

/// The columns to draw out of `columns`.
pub fn column_window(view: Viewport, cell_width: u32, columns: usize) -> Range<usize> {
    steps(
        view.left / cell_width,
        (view.left + view.width).div_ceil(cell_width),
        COLUMN_STEP,
        COLUMN_MARGIN,
        columns,
    )
}

fn steps(first: u32, end: u32, step: usize, margin: usize, count: usize) -> Range<usize> {
    let first = (first as usize).saturating_sub(margin) / step * step;
    let end = (end as usize + margin).div_ceil(step) * step;
    first.min(count)..end.min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_away_comes_to_the_middle() {
        for (now, at, expected) in [
            (0, 0, 0),
            (0, 100, 0),
            (0, 110, 10),
            (0, 140, 40),
            (0, 141, 91),
            (500, 490, 490),
            (500, 0, -50),
            (500, 700, 650),
        ] {
            assert_eq!(scroll_to(now, at, 100, 20), expected, "{now} {at}");
        }
        // Where there is no room at all.
        assert_eq!(scroll_to(90, 100, -10, 20), 100);
    }

    #[test]
    fn windows_cover_what_is_in_sight() {
        for top in (0..120_000).step_by(777) {
            let view = Viewport {
                top,
                left: top,
                ..Viewport::default()
            };
            let rows = row_window(view, 5_000);
            assert!(rows.start * ROW_HEIGHT as usize <= top as usize || rows.start == 5_000);
            assert!(
                rows.end * ROW_HEIGHT as usize >= (top + view.height) as usize || rows.end == 5_000
            );
            assert!(rows.len() <= 80, "{}", rows.len());
            let columns = column_window(view, 36, 1_000);
            let seen = seen_columns(view, 36);
            assert!(columns.start <= seen.start.min(1_000));
            assert!(columns.end >= seen.end.min(1_000));
            assert!(columns.end <= 1_000 && columns.len() <= 160);
        }
    }

    #[test]
    fn small_scrolling_moves_nothing() {
        let at = |top| {
            let view = Viewport {
                top,
                ..Viewport::default()
            };
            row_window(view, 5_000)
        };
        assert_eq!(at(22_000), at(22_010));
        assert_eq!(row_window(Viewport::default(), 3), 0..3);
        assert_eq!(row_window(Viewport::default(), 0), 0..0);
    }

    #[test]
    fn widths_step_and_fit() {
        assert_eq!((next_width(36, true), next_width(36, false)), (52, 28));
        assert_eq!((next_width(4, false), next_width(200, true)), (4, 200));
        assert_eq!((next_width(25, true), next_width(200, false)), (28, 72));
        assert_eq!(
            (
                fitting_width(1000, 20),
                fitting_width(1000, 5000),
                fitting_width(9, 0)
            ),
            (50, 4, 9)
        );
        // Column 100 stays where it is.
        assert_eq!(scroll_kept(3_000, 600, 36, 4), 0);
        assert_eq!(scroll_kept(3_000, 600, 36, 72), 6_600);
        assert_eq!(scroll_kept(0, 0, 36, 72), 0);
    }

    #[test]
    fn widths_are_bounded() {
        assert_eq!(cell_width(None), CELL_WIDTH);
        assert_eq!(cell_width(Some(0)), NARROWEST);
        assert_eq!(cell_width(Some(u32::MAX)), WIDEST);
    }
}
