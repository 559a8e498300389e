//! The cells of one row as HTML: one element per run of equal cells that plainly passed, one per cell
//! that did not. Nothing is drawn for blank cells. Written as text, because the browser parses a row
//! faster than a program builds it.

use std::{fmt::Write as _, ops::Range};

use model::{
    grid::{Column, Row},
    status::{Class, Status},
};

use crate::text::{escape, safe_url, visible};

/// Narrower than this, a cell has no room for its sign.
const ROOM_FOR_SIGN: u32 = 9;

/// The most letters of a sign.
const LONGEST_SIGN: usize = 8;

/// How wide a letter of a sign is in pixels, nearly.
const LETTER: usize = 7;

/// The cells of `row` in the columns `window`, each at its place in pixels from the first column.
/// Every element carries `data-status` and `data-build`; an element over several columns the build of
/// the newest and their number in `data-count`.
pub fn row_html(row: &Row, columns: &[Column], window: Range<usize>, cell_width: u32) -> String {
    let mut html = String::new();
    let mut position = 0;
    let end = window.end.min(columns.len());
    for &(status, count) in row.statuses.runs() {
        let next = position + count as usize;
        let (from, to) = (position.max(window.start), next.min(end));
        position = next;
        if from < to {
            match status.class() {
                Class::Blank => {}
                Class::Passing if plain(status) => {
                    run_html(&mut html, row, columns, from..to, status, cell_width);
                }
                _ => {
                    for column in from..to {
                        cell_html(&mut html, row, columns, column, status, cell_width);
                    }
                }
            }
        }
        if position >= end {
            break;
        }
    }
    html
}

/// Whether the status has no sign of its own.
const fn plain(status: Status) -> bool {
    matches!(status, Status::Pass | Status::BuildPassed)
}

/// Passing cells, cut where one of them has an icon.
fn run_html(
    html: &mut String,
    row: &Row,
    columns: &[Column],
    range: Range<usize>,
    status: Status,
    cell_width: u32,
) {
    let first = row
        .cells
        .partition_point(|cell| (cell.column as usize) < range.start);
    let mut from = range.start;
    for cell in &row.cells[first..] {
        let column = cell.column as usize;
        if column >= range.end {
            break;
        }
        if cell.icon.is_empty() {
            continue;
        }
        plain_run_html(html, columns, from..column, status, cell_width);
        cell_html(html, row, columns, column, status, cell_width);
        from = column + 1;
    }
    plain_run_html(html, columns, from..range.end, status, cell_width);
}

fn plain_run_html(
    html: &mut String,
    columns: &[Column],
    range: Range<usize>,
    status: Status,
    cell_width: u32,
) {
    if range.is_empty() {
        return;
    }
    let width = cell_width as usize;
    let _ = write!(
        html,
        r#"<span class="cell" data-status="{}" data-count="{}" style="left:{}px;width:{}px" data-build=""#,
        status.name(),
        range.len(),
        range.start * width,
        range.len() * width,
    );
    escape(html, &columns[range.start].build);
    html.push_str(r#""></span>"#);
}

fn cell_html(
    html: &mut String,
    row: &Row,
    columns: &[Column],
    column: usize,
    status: Status,
    cell_width: u32,
) {
    let detail = row.cell(column as u32);
    let link = link(row, columns, column);
    let tag = if link.is_some() { "a" } else { "span" };
    let _ = write!(
        html,
        r#"<{tag} class="cell" data-status="{}" style="left:{}px;width:{cell_width}px" data-build=""#,
        status.name(),
        column * cell_width as usize,
    );
    escape(html, &columns[column].build);
    html.push('"');
    if let Some(link) = link {
        html.push_str(r#" tabindex="-1" href=""#);
        escape(html, link);
        html.push('"');
    }
    html.push('>');
    if cell_width >= ROOM_FOR_SIGN {
        let icon = detail
            .map(|detail| detail.icon.as_str())
            .unwrap_or_default();
        let sign: String = visible(icon).chars().take(LONGEST_SIGN).collect();
        // What does not fit is not cut, which would say something else; nothing clips a cell, because that
        // takes longer than all else.
        let fits = sign.chars().count() * LETTER <= cell_width as usize;
        let sign = if icon.is_empty() || !fits {
            status.glyph()
        } else {
            &sign
        };
        escape(html, sign);
    }
    let _ = write!(html, "</{tag}>");
}

/// Where the cell of `row` in `column` leads: its own page or its build's.
pub fn link<'a>(row: &'a Row, columns: &'a [Column], column: usize) -> Option<&'a str> {
    row.cell(column as u32)
        .and_then(|detail| safe_url(&detail.url))
        .or_else(|| columns.get(column).and_then(|column| safe_url(&column.url)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::grid::CellDetail;

    fn row(letters: &str, cells: Vec<CellDetail>) -> (Row, Vec<Column>) {
        let columns = (0..letters.len())
            .map(|index| Column {
                build: format!("b{index}"),
                url: format!("https://ci.example/{index}"),
                ..Column::default()
            })
            .collect();
        let row = Row {
            name: "test".into(),
            statuses: letters
                .chars()
                .map(|letter| match letter {
                    'P' => Status::Pass,
                    'F' => Status::Fail,
                    'S' => Status::PassWithSkips,
                    _ => Status::NoResult,
                })
                .collect(),
            cells,
            ..Row::default()
        };
        (row, columns)
    }

    #[test]
    fn equal_cells_are_one_element() {
        let (row, columns) = row("PPPP.PP", Vec::new());
        assert_eq!(
            row_html(&row, &columns, 1..7, 10),
            concat!(
                r#"<span class="cell" data-status="PASS" data-count="3" style="left:10px;width:30px" data-build="b1"></span>"#,
                r#"<span class="cell" data-status="PASS" data-count="2" style="left:50px;width:20px" data-build="b5"></span>"#,
            )
        );
        assert_eq!(row_html(&row, &columns, 4..5, 10), "");
        assert_eq!(row_html(&row, &columns, 7..7, 10), "");
    }

    #[test]
    fn each_failure_is_a_link_of_its_own() {
        let (row, columns) = row("FFP", Vec::new());
        assert_eq!(
            row_html(&row, &columns, 0..2, 20),
            concat!(
                r#"<a class="cell" data-status="FAIL" style="left:0px;width:20px" data-build="b0" tabindex="-1" href="https://ci.example/0">F</a>"#,
                r#"<a class="cell" data-status="FAIL" style="left:20px;width:20px" data-build="b1" tabindex="-1" href="https://ci.example/1">F</a>"#,
            )
        );
        assert!(row_html(&row, &columns, 0..2, 4).contains("></a>"));
    }

    #[test]
    fn an_icon_without_room_gives_way_to_the_status() {
        let icon = CellDetail {
            column: 0,
            icon: "12/13".into(),
            ..CellDetail::default()
        };
        let (row, columns) = row("F", vec![icon]);
        assert!(row_html(&row, &columns, 0..1, 36).contains(">12/13</a>"));
        assert!(row_html(&row, &columns, 0..1, 34).contains(">F</a>"));
        assert!(row_html(&row, &columns, 0..1, 6).contains("></a>"));
    }

    #[test]
    fn icons_cut_runs_and_are_harmless() {
        let (row, columns) = row(
            "PPPP",
            vec![
                CellDetail {
                    column: 0,
                    message: "only a message".into(),
                    ..CellDetail::default()
                },
                CellDetail {
                    column: 2,
                    icon: "<b>\u{202e}".into(),
                    url: "javascript:alert(1)".into(),
                    ..CellDetail::default()
                },
            ],
        );
        let html = row_html(&row, &columns, 0..4, 80);
        assert_eq!(html.matches("data-count").count(), 2);
        assert!(html.contains("&lt;b&gt;‹U+20"), "{html}");
        assert!(html.contains("https://ci.example/2") && !html.contains("javascript"));
    }
}
