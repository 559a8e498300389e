//! The lines of the grid: its rows, and where they are grouped, above them the heads of their groups.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use model::{
    grid::{Grid, Row},
    group::{Node, Patterns, group_by_path, merge_rows, own_part, path, path_within},
    query::{GroupBy, TabQuery},
};

use crate::grid::window::ROW_HEIGHT;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The head of the group that it is in, as an index into [`Lines::heads`].
    pub around: Option<u32>,
    /// How many groups are around it.
    pub depth: u32,
    /// What it shows.
    pub what: What,
}

/// What a line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A row of the grid, by its index.
    Row(u32),
    /// The head of a group, as an index into [`Lines::heads`].
    Head(u32),
}

/// The head of a group.
#[derive(Debug, Default)]
pub struct Head {
    /// Its name after those of the groups around it.
    pub path: String,
    /// Where in that its own name begins.
    pub own: usize,
    /// The rows in it, at whatever depth.
    pub rows: Vec<u32>,
    /// Whether its members have lines.
    pub open: bool,
    /// Another number where anything of the above is another.
    pub key: u64,
    /// See [`Head::row`].
    merged: OnceLock<Row>,
}

impl Head {
    /// One row for all of its rows; made when it is wanted.
    pub fn row(&self, grid: &Grid) -> &Row {
        self.merged
            .get_or_init(|| merge_rows(&self.path, self.members(grid)))
    }

    /// How many of its rows have an alert.
    pub fn failing(&self, grid: &Grid) -> usize {
        self.members(grid).filter(|row| row.alert.is_some()).count()
    }

    fn members<'a>(&'a self, grid: &'a Grid) -> impl Iterator<Item = &'a Row> + Clone {
        let rows = self.rows.iter();
        rows.filter_map(|&row| grid.rows.get(row as usize))
    }
}

/// All lines, from the top.
#[derive(Debug, Default)]
pub struct Lines {
    /// In order.
    pub lines: Vec<Line>,
    /// The heads of all groups that have a line.
    pub heads: Vec<Head>,
    /// Whether rows are grouped at all.
    pub grouped: bool,
    paths: Option<Paths>,
}

/// The groups that each row of a grid is in: the same however rows are filtered and sorted.
#[derive(Clone, Debug)]
struct Paths {
    by: GroupBy,
    grid: Arc<Grid>,
    of_rows: Arc<Vec<Vec<String>>>,
}

impl Lines {
    /// A line for each row.
    pub fn plain(rows: &[u32]) -> Self {
        let line = |&row| Line {
            around: None,
            depth: 0,
            what: What::Row(row),
        };
        Self {
            lines: rows.iter().map(line).collect(),
            ..Self::default()
        }
    }

    /// The lines of those rows of `grid` that are shown, in order, under `query`, grouped by what stands beside
    /// it. Of groups that are closed, those have their members' lines that hold the row at which a link points.
    pub fn of(
        grid: &Arc<Grid>,
        rows: &[u32],
        (query, by): (&TabQuery, Option<&GroupBy>),
        old: Option<&Self>,
        patterns: &dyn Patterns,
    ) -> Self {
        let Some(by) = by else {
            return Self::plain(rows);
        };
        let wanted = query.row.as_deref();
        let aimed = rows.iter().copied().find(|&row| {
            let row = grid.rows.get(row as usize);
            row.is_some_and(|row| Some(&*row.id) == wanted || Some(&*row.name) == wanted)
        });
        let is_open = |path: &str, rows: &[u32]| {
            query.is_open(path) || aimed.is_some_and(|row| rows.contains(&row))
        };
        Self::new(grid, rows, by, old, patterns, &is_open)
    }

    /// The lines of those rows of `grid` that are shown, in order, grouped; `old` are the lines that there
    /// were. See [`Lines::grouped`].
    pub fn new(
        grid: &Arc<Grid>,
        rows: &[u32],
        by: &GroupBy,
        old: Option<&Self>,
        patterns: &dyn Patterns,
        is_open: &dyn Fn(&str, &[u32]) -> bool,
    ) -> Self {
        let known = old.and_then(|old| old.paths.as_ref());
        let known = known.filter(|known| known.by == *by && Arc::ptr_eq(&known.grid, grid));
        let paths = known.cloned().unwrap_or_else(|| {
            let rows = grid.rows.iter();
            Paths {
                by: by.clone(),
                grid: Arc::clone(grid),
                of_rows: Arc::new(rows.map(|row| path(row, by, patterns)).collect()),
            }
        });
        let nodes = group_by_path(rows, &|row| paths.of_rows[row as usize].as_slice());
        Self {
            paths: Some(paths),
            ..Self::grouped(&nodes, is_open)
        }
    }

    /// The lines of grouped rows; `is_open` says of a group, by its path and its rows, whether its members
    /// have lines.
    pub fn grouped(nodes: &[Node], is_open: &dyn Fn(&str, &[u32]) -> bool) -> Self {
        let mut lines = Self {
            grouped: true,
            ..Self::default()
        };
        lines.add(nodes, None, 0, is_open);
        lines
    }

    fn add(
        &mut self,
        nodes: &[Node],
        around: Option<u32>,
        depth: u32,
        is_open: &dyn Fn(&str, &[u32]) -> bool,
    ) {
        for node in nodes {
            let what = match node {
                Node::Row(row) => What::Row(*row),
                Node::Group(_) => What::Head(self.heads.len() as u32),
            };
            self.lines.push(Line {
                around,
                depth,
                what,
            });
            if let Node::Group(group) = node {
                let outer = around.map_or("", |head| self.heads[head as usize].path.as_str());
                let path = path_within(outer, &group.name);
                let rows = group.rows();
                let open = is_open(&path, &rows);
                let this = self.heads.len() as u32;
                self.heads.push(Head {
                    own: path.len() - group.name.len(),
                    key: key(&path, &rows, open),
                    path,
                    rows,
                    open,
                    merged: OnceLock::new(),
                });
                if open {
                    self.add(&group.members, Some(this), depth + 1, is_open);
                }
            }
        }
    }

    /// The head at a position.
    pub fn head_at(&self, position: usize) -> Option<&Head> {
        match self.lines.get(position)?.what {
            What::Head(head) => self.heads.get(head as usize),
            What::Row(_) => None,
        }
    }

    /// The row at a position: of the grid, or what stands for a group.
    pub fn row_at<'a>(&'a self, grid: &'a Grid, position: usize) -> Option<&'a Row> {
        match self.lines.get(position)?.what {
            What::Row(row) => grid.rows.get(row as usize),
            What::Head(head) => Some(self.heads.get(head as usize)?.row(grid)),
        }
    }

    /// The position of the head around a line.
    pub fn parent(&self, position: usize) -> Option<usize> {
        let head = What::Head(self.lines.get(position)?.around?);
        self.lines[..position]
            .iter()
            .rposition(|line| line.what == head)
    }

    /// Another number where the lines at `positions`, or the groups around them, are others.
    pub fn key(&self, positions: Range<usize>) -> u64 {
        // The last block is rarely full.
        let end = positions.end.min(self.lines.len());
        let lines = self.lines.get(positions.start..end).unwrap_or_default();
        lines.iter().fold(u64::from(self.grouped), |key, line| {
            let (row, head) = match line.what {
                What::Head(head) => (0, Some(head)),
                What::Row(row) => (u64::from(row) + 1, line.around),
            };
            let head = head.and_then(|head| self.heads.get(head as usize));
            mix(mix(key, row), head.map_or(0, |head| head.key))
        })
    }

    /// The position of the head of the group whose rows come first when so many pixels are scrolled away,
    /// where the head itself is not whole in sight.
    pub fn around(&self, top: u32) -> Option<usize> {
        let first = (top / ROW_HEIGHT) as usize;
        if self.head_at(first).is_some() {
            (!top.is_multiple_of(ROW_HEIGHT)).then_some(first)
        } else {
            self.parent(first)
        }
    }

    /// Where the row's own part of a name begins, after what the groups around it say.
    pub fn own_part(&self, line: Line, name: &str) -> usize {
        let head = line.around.and_then(|head| self.heads.get(head as usize));
        head.map_or(0, |head| own_part(name, &head.path))
    }
}

fn mix(key: u64, more: u64) -> u64 {
    (key ^ more).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
}

fn key(path: &str, rows: &[u32], open: bool) -> u64 {
    let key = path.bytes().map(u64::from).fold(u64::from(open), mix);
    rows.iter().map(|&row| u64::from(row)).fold(key, mix)
}

#[cfg(test)]
mod tests {
    use model::{alert::Alert, group::Group, status::Status};

    use super::*;

    fn group(name: &str, members: Vec<Node>) -> Node {
        Node::Group(Group {
            name: name.into(),
            members,
        })
    }

    fn nodes() -> Vec<Node> {
        vec![
            group(
                "pkg",
                vec![group("a", vec![Node::Row(0), Node::Row(2)]), Node::Row(1)],
            ),
            Node::Row(3),
        ]
    }

    /// The lines as text: the name of a head, the index of a row, indented.
    fn text(lines: &Lines) -> Vec<String> {
        let line = |line: &Line| {
            let what = match line.what {
                What::Row(row) => row.to_string(),
                What::Head(head) => {
                    let head = &lines.heads[head as usize];
                    head.path[head.own..].to_owned()
                }
            };
            format!("{}{what}", "  ".repeat(line.depth as usize))
        };
        lines.lines.iter().map(line).collect()
    }

    #[test]
    fn open_groups_show_their_members() {
        for (open, expected) in [
            (&[][..], &["pkg", "3"][..]),
            (&["pkg"], &["pkg", "  a", "  1", "3"]),
            (
                &["pkg", "pkg/a"],
                &["pkg", "  a", "    0", "    2", "  1", "3"],
            ),
            (&["pkg/a"], &["pkg", "3"]),
        ] {
            let lines = Lines::grouped(&nodes(), &|path, _| open.contains(&path));
            assert_eq!(text(&lines), expected);
        }
        assert_eq!(text(&Lines::plain(&[2, 0])), ["2", "0"]);
    }

    #[test]
    fn groups_that_hold_a_row_can_be_opened_for_it() {
        let lines = Lines::grouped(&nodes(), &|_, rows| rows.contains(&2));
        assert_eq!(text(&lines).len(), 6);
        let at = |position| lines.parent(position);
        assert_eq!(
            [at(0), at(1), at(3), at(4), at(5), at(9)],
            [None, Some(0), Some(1), Some(0), None, None]
        );
        assert_eq!(lines.own_part(lines.lines[2], "pkg/a/one"), 6);
        assert_eq!(lines.own_part(lines.lines[5], "pkg/a/one"), 0);
    }

    #[test]
    fn rows_have_the_head_of_their_group_above_them() {
        // pkg, a, 0, 2, 1, 3.
        let lines = Lines::grouped(&nodes(), &|_, _| true);
        for (top, expected) in [
            (0, None),
            (1, Some(0)),
            (22, None),
            (23, Some(1)),
            (44, Some(1)),
            (87, Some(1)),
            (88, Some(0)),
            (110, None),
            (9_999, None),
        ] {
            assert_eq!(lines.around(top), expected, "{top}");
        }
        assert_eq!(Lines::plain(&[2, 0]).around(30), None);
    }

    #[test]
    fn a_line_is_drawn_anew_when_its_group_is_another() {
        let lines = |open: bool, last: u32| {
            let nodes = [group("pkg", vec![Node::Row(0), Node::Row(last)])];
            Lines::grouped(&nodes, &|_, _| open)
        };
        let head = |lines: &Lines| lines.key(0..1);
        let one = head(&lines(true, 1));
        assert_eq!(one, head(&lines(true, 1)));
        assert_ne!(one, head(&lines(false, 1)));
        assert_ne!(one, head(&lines(true, 2)));
        let member = |lines: &Lines| lines.key(1..3);
        assert_ne!(member(&lines(true, 1)), member(&lines(true, 2)));
        let plain = |rows: &[u32]| Lines::plain(rows).key(0..2);
        assert_ne!(plain(&[0, 1]), plain(&[1, 0]));
        assert_ne!(plain(&[0, 1]), plain(&[0]));
        let wide = |rows: &[u32]| Lines::plain(rows).key(0..8);
        assert_ne!(wide(&[0, 1]), wide(&[1]));
        assert_eq!(Lines::plain(&[0]).key(5..9), Lines::plain(&[]).key(0..2));
    }

    #[test]
    fn filtering_finds_nothing_anew() {
        struct Once;
        impl Patterns for Once {
            fn find_all(&self, _: &str, name: &str) -> Vec<String> {
                name.split('.').map(str::to_owned).collect()
            }
            fn mask(&self, _: &str, name: &str) -> String {
                name.to_owned()
            }
        }
        struct Never;
        impl Patterns for Never {
            fn find_all(&self, _: &str, name: &str) -> Vec<String> {
                panic!("{name} is known")
            }
            fn mask(&self, _: &str, name: &str) -> String {
                panic!("{name} is known")
            }
        }
        let row = |name: &str| Row {
            name: name.into(),
            ..Row::default()
        };
        let grid = Arc::new(Grid {
            rows: vec![row("a.one"), row("a.two"), row("b")],
            ..Grid::default()
        });
        let by = GroupBy::Hierarchy("[^.]+".into());
        let all = Lines::new(&grid, &[0, 1, 2], &by, None, &Once, &|_, _| false);
        assert_eq!(text(&all), ["a", "2"]);
        let fewer = Lines::new(&grid, &[2, 0], &by, Some(&all), &Never, &|_, _| false);
        assert_eq!(text(&fewer), ["2", "0"]);
    }

    #[test]
    fn a_head_stands_for_its_rows() {
        let row = |status: Status, alert: bool| Row {
            statuses: [status].into_iter().collect(),
            alert: alert.then(Alert::default),
            ..Row::default()
        };
        let grid = Grid {
            rows: vec![
                row(Status::Fail, true),
                row(Status::Pass, false),
                row(Status::Fail, true),
                row(Status::Pass, false),
            ],
            ..Grid::default()
        };
        let lines = Lines::grouped(&nodes(), &|_, _| false);
        let head = lines.head_at(0).unwrap();
        assert_eq!((head.rows.len(), head.failing(&grid)), (3, 2));
        let merged = lines.row_at(&grid, 0).unwrap();
        assert_eq!(merged.statuses.get(0), Some(Status::Flaky));
        assert_eq!(merged.cell(0).unwrap().icon, "1/3");
        assert_eq!(lines.row_at(&grid, 1), grid.rows.get(3));
        assert!(lines.head_at(1).is_none() && lines.row_at(&grid, 2).is_none());
    }
}
