//! Lines as HTML, several in one element: see [`crate::grid::cells`] for why it is text. With an element of
//! its own for each line most of a frame would be spent on keeping them apart.

use std::{fmt::Write as _, ops::Range};

use model::grid::Grid;

use crate::{
    grid::{
        cells::row_html,
        hover::counts_text,
        lines::{Lines, What},
        names::{Names, kept_end},
    },
    paths,
    text::{count, escape, visible},
};

/// So many lines are drawn together.
pub const BLOCK: usize = 8;

/// What lines are drawn from.
#[derive(Clone, Copy)]
pub struct Drawing<'a> {
    /// The grid.
    pub grid: &'a Grid,
    /// Its lines.
    pub lines: &'a Lines,
    /// The columns to draw.
    pub columns: &'a Range<usize>,
    /// The width of a column in pixels.
    pub cell_width: u32,
    /// What the names of the rows have in common.
    pub names: &'a Names,
    /// The path of the tab's page.
    pub path: &'a str,
}

/// The lines at `positions`. Every line says its position in `data-row`; the head of a group whether it is
/// open in `data-open`.
pub fn block_html(drawing: Drawing<'_>, positions: Range<usize>) -> String {
    let mut html = String::new();
    for position in positions {
        line_html(&mut html, drawing, position);
    }
    html
}

fn line_html(html: &mut String, drawing: Drawing<'_>, position: usize) -> Option<()> {
    let Drawing { grid, lines, .. } = drawing;
    let line = *lines.lines.get(position)?;
    let row = lines.row_at(grid, position)?;
    let head = lines.head_at(position);
    let open = head.map(|head| head.open);
    let role = |name: &str| {
        if lines.grouped {
            format!(r#" role="{name}""#)
        } else {
            String::new()
        }
    };
    let _ = write!(html, r#"<div class="row" data-row="{position}""#);
    if lines.grouped {
        let level = line.depth + 1;
        let _ = write!(
            html,
            r#" role="row" aria-level="{level}" style="--depth:{}""#,
            line.depth
        );
    }
    if let Some(open) = open {
        let _ = write!(
            html,
            r#" data-testid="group-head" data-open="{open}" aria-expanded="{open}""#
        );
    }
    let mut own = String::new();
    let has_end = match (line.what, head) {
        (_, Some(head)) => own_html(&mut own, drawing, &head.path, head.own, 0),
        (What::Row(index), None) => {
            let alike = drawing.names.alike.get(index as usize);
            let alike = alike.copied().unwrap_or_default() as usize;
            let begin = lines.own_part(line, &row.name);
            own_html(&mut own, drawing, &row.name, begin, alike)
        }
        (What::Head(_), None) => false,
    };
    let _ = write!(
        html,
        r#"><div class="row__name{}"{} title=""#,
        if has_end { " row__name--whole" } else { "" },
        role("rowheader")
    );
    let name = visible(&row.name);
    escape(html, &name);
    html.push_str(r#"">"#);
    if let Some(head) = head {
        match head.failing(grid) {
            0 => {}
            failing => {
                let words = format!("{} failing", count(failing, "row is", "rows are"));
                alert_html(html, &words, failing);
            }
        }
        let _ = write!(
            html,
            r#"<button type="button" class="row__toggle" tabindex="-1" aria-expanded="{}"><bdi>"#,
            head.open
        );
        html.push_str(&own);
        let members = count(head.rows.len(), "row", "rows");
        let _ = write!(
            html,
            r#"</bdi> <span class="row__count">{members}</span></button>"#
        );
    } else {
        if let Some(alert) = &row.alert {
            let words = format!(
                "failed {} times since build {}",
                alert.fail_count,
                visible(&alert.first_fail_build)
            );
            alert_html(html, &words, alert.fail_count as usize);
        }
        html.push_str(r#"<a class="row__link" rel="external" tabindex="-1""#);
        let path = paths::row_of_tab(drawing.path, &row.id);
        if path.len() < paths::LONGEST {
            html.push_str(r#" href=""#);
            escape(html, &path);
            html.push('"');
        }
        html.push_str("><bdi>");
        html.push_str(&own);
        html.push_str("</bdi></a>");
    }
    html.push_str(r#"<span class="unseen">"#);
    html.push_str(&counts_text(row));
    let _ = write!(
        html,
        r#"</span></div><div class="row__cells"{}>"#,
        role("gridcell")
    );
    html.push_str(&row_html(
        row,
        &grid.columns,
        drawing.columns.clone(),
        drawing.cell_width,
    ));
    html.push_str("</div></div>");
    Some(())
}

/// A name without what stands before `own`. Of the beginning that most names share an ellipsis is seen, and of
/// one that is for `alike` bytes like another, and too long, the end where they differ is (`grid.css`). Answers
/// whether there is such an end.
fn own_html(html: &mut String, drawing: Drawing<'_>, name: &str, own: usize, alike: usize) -> bool {
    if name.is_empty() {
        html.push_str("(no name)");
    }
    let mut from = own;
    let shared = drawing.names.shared.as_str();
    if own == 0 && !shared.is_empty() && name.len() > shared.len() && name.starts_with(shared) {
        from = shared.len();
        part_html(html, "row__same", shared);
    }
    let end = kept_end(name, from, alike);
    escape(html, &visible(&name[from..end]));
    if end < name.len() {
        part_html(html, "row__end", &name[end..]);
    }
    end < name.len()
}

fn part_html(html: &mut String, class: &str, part: &str) {
    let _ = write!(html, r#"<span class="{class}">"#);
    escape(html, &visible(part));
    html.push_str("</span>");
}

fn alert_html(html: &mut String, words: &str, count: usize) {
    html.push_str(r#"<span class="row__alert" title=""#);
    escape(html, words);
    let _ = write!(html, r#""><span aria-hidden="true">✗</span>{count}</span>"#);
}

#[cfg(test)]
mod tests {
    use model::{
        alert::Alert,
        grid::{Column, Row},
        group::{Group, Node},
        status::Status,
    };

    use super::*;

    fn grid() -> Grid {
        let row = |name: &str, alert: Option<Alert>| Row {
            name: name.into(),
            id: name.into(),
            statuses: [Status::Pass].into_iter().collect(),
            alert,
            ..Row::default()
        };
        let alert = Alert {
            fail_count: 3,
            first_fail_build: "\"7".into(),
            ..Alert::default()
        };
        Grid {
            columns: vec![Column::default()],
            rows: vec![
                row("suite <a>/one", Some(alert)),
                row("suite <a>/two", None),
            ],
            ..Grid::default()
        }
    }

    fn drawn(lines: &Lines, shared: &str) -> String {
        let grid = grid();
        let names = Names {
            shared: shared.to_owned(),
            ..Names::of(&grid)
        };
        let drawing = Drawing {
            grid: &grid,
            lines,
            columns: &(0..1),
            cell_width: 36,
            names: &names,
            path: &paths::tab("a", "b"),
        };
        // More than there are.
        block_html(drawing, 0..BLOCK)
    }

    #[test]
    fn a_line_has_a_name_and_cells() {
        let html = drawn(&Lines::plain(&[1, 0]), "suite ");
        assert_eq!(html.matches(r#"class="row""#).count(), 2);
        assert!(html.starts_with(r#"<div class="row" data-row="0"><div class="row__name" title="suite &lt;a&gt;/two">"#), "{html}");
        let link = paths::row("a", "b", "suite <a>/two");
        let same = r#"<span class="row__same">suite </span>"#;
        let link = format!("href=\"{link}\"><bdi>{same}&lt;a&gt;/two</bdi></a>");
        assert!(html.contains(&link), "{html}");
        assert!(
            html.contains("failed 3 times since build &quot;7"),
            "{html}"
        );
        assert!(html.contains(r#"data-status="PASS""#) && !html.contains("role="));
        assert!(drawn(&Lines::plain(&[1]), "").contains("<bdi>suite &lt;a&gt;/two</bdi>"));
    }

    #[test]
    fn a_group_says_its_name_size_and_failures() {
        let nodes = [Node::Group(Group {
            name: "suite <a>".into(),
            members: vec![Node::Row(0), Node::Row(1)],
        })];
        let closed = drawn(&Lines::grouped(&nodes, &|_, _| false), "");
        assert_eq!(closed.matches(r#"class="row""#).count(), 1);
        assert!(closed.contains(r#"aria-level="1" style="--depth:0" data-testid="group-head" data-open="false" aria-expanded="false""#), "{closed}");
        assert!(
            closed.contains("<bdi>suite &lt;a&gt;</bdi> <span class=\"row__count\">2 rows</span>"),
            "{closed}"
        );
        assert!(closed.contains("1 row is failing"), "{closed}");
        let open = drawn(&Lines::grouped(&nodes, &|_, _| true), "suite ");
        assert!(open.contains("suite </span>&lt;a&gt;</bdi>"), "{open}");
        assert_eq!(open.matches(r#"role="row""#).count(), 3);
        assert!(
            open.contains(r#"aria-level="2""#) && open.contains("<bdi>one</bdi>"),
            "{open}"
        );
    }
}
