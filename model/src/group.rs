//! Rows that stand together under one head: by the folders of their names, by what a pattern finds in
//! them, or by being equal but for a mask.

use crate::{
    grid::{CellDetail, Row},
    rle::Runs,
    status::Status,
};

/// One row of a grouped view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A row, by its index.
    Row(u32),
    /// Rows with something in common.
    Group(Group),
}

/// Rows with something in common; at least two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common beyond the group around them: `pkg/kubelet`.
    pub name: String,
    /// In the order in which the rows came.
    pub members: Vec<Node>,
}

impl Group {
    /// The rows in it, at whatever depth, in order.
    pub fn rows(&self) -> Vec<u32> {
        let mut rows = Vec::new();
        collect(&self.members, &mut rows);
        rows
    }
}

fn collect(nodes: &[Node], rows: &mut Vec<u32>) {
    for node in nodes {
        match node {
            Node::Row(row) => rows.push(*row),
            Node::Group(group) => collect(&group.members, rows),
        }
    }
}

/// Groups `rows` by their paths, whose last part is the row's own and is left out. Rows and groups stand
/// where their first row stood. A group of one row is that row, and a group whose only member is a group
/// takes it in.
pub fn group_by_path(rows: &[u32], path: impl Fn(u32) -> Vec<String>) -> Vec<Node> {
    let mut roots = Vec::new();
    for &row in rows {
        let mut parts = path(row);
        parts.pop();
        insert(&mut roots, &parts, row);
    }
    roots.into_iter().map(simplify).collect()
}

/// Groups `rows` whose keys are equal; the key is the group's name.
pub fn group_by_key(rows: &[u32], key: impl Fn(u32) -> String) -> Vec<Node> {
    group_by_path(rows, |row| vec![key(row), String::new()])
}

fn insert(nodes: &mut Vec<Node>, path: &[String], row: u32) {
    let Some((first, rest)) = path.split_first() else {
        nodes.push(Node::Row(row));
        return;
    };
    let known = nodes.iter_mut().find_map(|node| match node {
        Node::Group(group) if group.name == *first => Some(group),
        _ => None,
    });
    if let Some(group) = known {
        insert(&mut group.members, rest, row);
        return;
    }
    let mut members = Vec::new();
    insert(&mut members, rest, row);
    nodes.push(Node::Group(Group {
        name: first.clone(),
        members,
    }));
}

fn simplify(node: Node) -> Node {
    let Node::Group(group) = node else {
        return node;
    };
    let mut members: Vec<Node> = group.members.into_iter().map(simplify).collect();
    if members.len() > 1 {
        return Node::Group(Group {
            name: group.name,
            members,
        });
    }
    match members.pop() {
        Some(Node::Group(inner)) => Node::Group(Group {
            name: format!("{}/{}", group.name, inner.name),
            members: inner.members,
        }),
        Some(row) => row,
        // A group is made for a row, so it is never empty.
        None => Node::Group(Group {
            name: group.name,
            members,
        }),
    }
}

/// One row's statuses for several: per column what TestGrid makes of one test that ran several times in
/// one build. Flaky when some pass and some fail, else the most severe.
pub fn merge_statuses<'a>(rows: impl IntoIterator<Item = &'a Runs<Status>>) -> Runs<Status> {
    let mut columns: Vec<Merged> = Vec::new();
    for statuses in rows {
        let mut column = 0;
        for &(status, count) in statuses.runs() {
            let end = column + count as usize;
            if columns.len() < end {
                columns.resize(end, Merged::default());
            }
            if status != Status::NoResult {
                for merged in &mut columns[column..end] {
                    merged.add(status);
                }
            }
            column = end;
        }
    }
    columns.into_iter().map(Merged::status).collect()
}

/// One row for several, as the head of their group. Where not all of them passed, its cell's icon is
/// `passing/all` and its message the first one's that failed.
pub fn merge_rows(name: &str, rows: &[&Row]) -> Row {
    let statuses = merge_statuses(rows.iter().map(|row| &row.statuses));
    let width = statuses.len();
    let mut counts = vec![(0u32, 0u32); width];
    let mut messages: Vec<Option<&str>> = vec![None; width];
    for row in rows {
        let mut column = 0;
        for &(status, count) in row.statuses.runs() {
            let end = column + count as usize;
            if status != Status::NoResult {
                for (passed, all) in &mut counts[column..end] {
                    *passed += u32::from(status.is_passing());
                    *all += 1;
                }
            }
            if status.is_failing() {
                for (column, message) in (column..end).zip(&mut messages[column..end]) {
                    let said = row.cell(column as u32).map(|cell| cell.message.as_str());
                    *message = message.or(said.filter(|said| !said.is_empty()));
                }
            }
            column = end;
        }
    }
    let cells = (counts.into_iter().zip(messages).enumerate())
        .filter(|(_, ((passed, all), _))| passed < all)
        .map(|(column, ((passed, all), message))| CellDetail {
            column: column as u32,
            icon: format!("{passed}/{all}"),
            message: message.unwrap_or_default().to_owned(),
            ..CellDetail::default()
        })
        .collect();
    Row {
        name: name.to_owned(),
        id: name.to_owned(),
        statuses,
        cells,
        alert: None,
    }
}

#[derive(Clone, Copy, Default)]
struct Merged {
    worst: Status,
    passed: bool,
    failed: bool,
}

impl Merged {
    fn add(&mut self, status: Status) {
        self.passed |= status.is_passing();
        self.failed |= status.is_failing();
        if status.severity() >= self.worst.severity() {
            self.worst = status;
        }
    }

    const fn status(self) -> Status {
        if self.passed && self.failed {
            Status::Flaky
        } else {
            self.worst
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, members: Vec<Node>) -> Node {
        Node::Group(Group {
            name: name.into(),
            members,
        })
    }

    #[test]
    fn rows_are_grouped_by_their_paths() {
        let names = [
            "a/b/x",
            "top",
            "a/b/y",
            "a/c/z",
            "alone/deep/w",
            "p/q/r/1",
            "p/q/r/2",
        ];
        let rows: Vec<u32> = (0..names.len() as u32).collect();
        let nodes = group_by_path(&rows, |row| {
            names[row as usize].split('/').map(str::to_owned).collect()
        });
        assert_eq!(
            nodes,
            [
                group(
                    "a",
                    vec![group("b", vec![Node::Row(0), Node::Row(2)]), Node::Row(3)]
                ),
                Node::Row(1),
                Node::Row(4),
                group("p/q/r", vec![Node::Row(5), Node::Row(6)]),
            ]
        );
        let Node::Group(first) = &nodes[0] else {
            panic!("the first is a group");
        };
        assert_eq!(first.rows(), [0, 2, 3]);
        assert_eq!(group_by_path(&[], |_| Vec::new()), []);
        assert_eq!(group_by_path(&[7], |_| Vec::new()), [Node::Row(7)]);
    }

    #[test]
    fn rows_are_grouped_by_a_key() {
        let names = ["a [1]", "b", "a [2]"];
        let nodes = group_by_key(&[2, 1, 0], |row| names[row as usize][..1].to_owned());
        assert_eq!(
            nodes,
            [group("a", vec![Node::Row(2), Node::Row(0)]), Node::Row(1)]
        );
    }

    #[test]
    fn a_group_is_flaky_where_some_pass_and_some_fail() {
        use Status::{Fail, Flaky, NoResult, Pass, PassWithSkips, Running};
        let row = |statuses: [Status; 5]| statuses.into_iter().collect::<Runs<Status>>();
        let merged = merge_statuses([
            &row([Pass, Pass, NoResult, Fail, NoResult]),
            &row([Fail, PassWithSkips, NoResult, Running, NoResult]),
        ]);
        assert_eq!(
            merged,
            row([Flaky, PassWithSkips, NoResult, Fail, NoResult])
        );
        assert_eq!(merge_statuses([]), Runs::new());
    }

    #[test]
    fn the_head_of_a_group_counts_what_passed() {
        use Status::{Fail, NoResult, Pass};
        let row = |statuses: [Status; 3], message: &str| Row {
            statuses: statuses.into_iter().collect(),
            cells: vec![CellDetail {
                column: 1,
                message: message.into(),
                ..CellDetail::default()
            }],
            ..Row::default()
        };
        let (one, two) = (
            row([Pass, Fail, NoResult], "no"),
            row([Pass, Pass, NoResult], ""),
        );
        let head = merge_rows("pkg", &[&two, &one]);
        assert_eq!(head.name, "pkg");
        assert_eq!(
            head.cells,
            [CellDetail {
                column: 1,
                icon: "1/2".into(),
                message: "no".into(),
                ..CellDetail::default()
            }]
        );
    }
}
