//! Rows that stand together under one head: by the folders of their names, by their targets, by what a
//! pattern finds in them, or by being equal but for a mask. The pages and TestGrid's `table` answer ask
//! the same rules.

use std::mem;

use crate::{
    grid::{CellDetail, Row},
    query::GroupBy,
    status::Status,
};

/// So deep groups go at most; what would lie deeper stands in the deepest.
const DEEPEST: usize = 24;

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

/// What regular expressions find in names. Which these are is the caller's: a page has the browser's, the
/// server its own.
pub trait Patterns {
    /// All that `pattern` finds in `name`, one after the other; nothing empty.
    fn find_all(&self, pattern: &str, name: &str) -> Vec<String>;
    /// `name` with `*` for whatever `pattern` finds in it.
    fn mask(&self, pattern: &str, name: &str) -> String;
}

/// The groups that `row` is in, the outermost first: without what is its own. Of what a pattern finds, that is
/// the last where the name ends with it: `\[sig-[a-z-]+\]` groups by what it finds, and `[^.]+` by all but the
/// end.
pub fn path(row: &Row, by: &GroupBy, patterns: &dyn Patterns) -> Vec<String> {
    let mut parts = match by {
        GroupBy::Directory => row.name.split('/').map(str::to_owned).collect(),
        GroupBy::Hierarchy(pattern) => patterns.find_all(pattern, &row.name),
        GroupBy::Target => return vec![row.target().to_owned()],
        GroupBy::Mask(pattern) => return vec![patterns.mask(pattern, &row.name)],
    };
    if parts.last().is_some_and(|last| row.name.ends_with(last)) {
        parts.pop();
    }
    parts.truncate(DEEPEST);
    parts
}

/// Groups `rows` by their [`path`]s. Rows and groups stand where their first row stood. A group of one row
/// is that row, and a group whose only member is a group takes it in.
pub fn group_by_path<'p>(rows: &[u32], path: &dyn Fn(u32) -> &'p [String]) -> Vec<Node> {
    group_below(rows, 0, path)
}

fn group_below<'p>(rows: &[u32], depth: usize, path: &dyn Fn(u32) -> &'p [String]) -> Vec<Node> {
    // What has a part here is gathered by it, in the place of its first row.
    let mut places: Vec<(Option<&str>, Vec<u32>)> = Vec::new();
    // The places by their parts, sorted.
    let mut known: Vec<usize> = Vec::new();
    for &row in rows {
        let part = path(row).get(depth).map(String::as_str);
        if part.is_some() {
            match known.binary_search_by_key(&part, |&place| places[place].0) {
                Ok(at) => {
                    places[known[at]].1.push(row);
                    continue;
                }
                Err(at) => known.insert(at, places.len()),
            }
        }
        places.push((part, vec![row]));
    }
    let node = |(part, rows): (Option<&str>, Vec<u32>)| match (part, rows.as_slice()) {
        (Some(part), [_, _, ..]) => {
            let mut members = group_below(&rows, depth + 1, path);
            let mut name = part.to_owned();
            if let [Node::Group(inner)] = members.as_mut_slice() {
                name = format!("{name}/{}", inner.name);
                members = mem::take(&mut inner.members);
            }
            Node::Group(Group { name, members })
        }
        // There is one.
        _ => Node::Row(rows[0]),
    };
    places.into_iter().map(node).collect()
}

/// The path of the group `name` in the group of the path `around`, which is empty for none.
pub fn path_within(around: &str, name: &str) -> String {
    if around.is_empty() {
        name.to_owned()
    } else {
        format!("{around}/{name}")
    }
}

/// Where a name's own part begins, after what the group of the path `around` already says; 0 when the name
/// does not begin with that.
pub fn own_part(name: &str, around: &str) -> usize {
    match name.strip_prefix(around) {
        Some(rest) if !around.is_empty() && rest.len() > 1 => {
            name.len() - rest.trim_start_matches(['/', '.', ':', ' ']).len()
        }
        _ => 0,
    }
}

/// One row for several, as the head of their group. Per column its status is what TestGrid makes of one test
/// that ran several times in one build: flaky when some pass and some fail, else the most severe. Where not
/// all of them passed, its cell's icon is `passing/all` and its message the first one's that failed.
pub fn merge_rows<'a>(name: &str, rows: impl Iterator<Item = &'a Row> + Clone) -> Row {
    let width = rows.clone().map(|row| row.statuses.len()).max();
    let width = width.unwrap_or_default();
    // How many rows have which status in a column. Where a run begins a count begins, and where it ends it
    // ends: the sums come last.
    let mut changes = vec![[0_i32; Status::ALL.len()]; width + 1];
    let mut messages: Vec<&str> = vec![""; width];
    for row in rows {
        let mut column = 0;
        for &(status, count) in row.statuses.runs() {
            let end = column + count as usize;
            let which = usize::from(status.number());
            changes[column][which] += 1;
            changes[end][which] -= 1;
            if status.is_failing() {
                let first = row
                    .cells
                    .partition_point(|cell| (cell.column as usize) < column);
                for cell in &row.cells[first..] {
                    match messages[..end].get_mut(cell.column as usize) {
                        Some(message) if message.is_empty() => *message = &cell.message,
                        Some(_) => {}
                        None => break,
                    }
                }
            }
            column = end;
        }
    }
    let mut merged = Row {
        name: name.to_owned(),
        id: name.to_owned(),
        ..Row::default()
    };
    let mut counts = [0_i32; Status::ALL.len()];
    for (column, (changes, message)) in changes.iter().zip(messages).enumerate() {
        for (count, change) in counts.iter_mut().zip(changes) {
            *count += change;
        }
        let (status, passed, all) = merge_counts(&counts);
        merged.statuses.push(status);
        if passed < all {
            merged.cells.push(CellDetail {
                column: column as u32,
                icon: format!("{passed}/{all}"),
                message: message.to_owned(),
                ..CellDetail::default()
            });
        }
    }
    merged
}

/// What so many cells of each status, by its number, come to: one status, how many passed, and how many have
/// a result.
fn merge_counts(counts: &[i32; Status::ALL.len()]) -> (Status, i32, i32) {
    let (mut passed, mut failed, mut all) = (0, 0, 0);
    let mut worst = Status::NoResult;
    for (status, &count) in Status::ALL.into_iter().zip(counts) {
        if count == 0 || status == Status::NoResult {
            continue;
        }
        all += count;
        if status.is_passing() {
            passed += count;
        } else if status.is_failing() {
            failed += count;
        }
        if status.severity() > worst.severity() {
            worst = status;
        }
    }
    if passed > 0 && failed > 0 {
        worst = Status::Flaky;
    }
    (worst, passed, all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rle::Runs;

    fn group(name: &str, members: Vec<Node>) -> Node {
        Node::Group(Group {
            name: name.into(),
            members,
        })
    }

    /// Words are found, digits masked.
    struct Words;

    impl Patterns for Words {
        fn find_all(&self, _: &str, name: &str) -> Vec<String> {
            name.split_whitespace().map(str::to_owned).collect()
        }

        fn mask(&self, _: &str, name: &str) -> String {
            name.replace(|letter: char| letter.is_ascii_digit(), "*")
        }
    }

    fn named(name: &str) -> Row {
        Row {
            name: name.into(),
            id: name.into(),
            ..Row::default()
        }
    }

    fn grouped(rows: &[u32], names: &[&str], by: &GroupBy) -> Vec<Node> {
        let paths: Vec<_> = names
            .iter()
            .map(|name| path(&named(name), by, &Words))
            .collect();
        group_by_path(rows, &|row| &paths[row as usize])
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
        let nodes = grouped(&rows, &names, &GroupBy::Directory);
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
        assert_eq!(grouped(&[], &names, &GroupBy::Directory), []);
        assert_eq!(grouped(&[4], &names, &GroupBy::Directory), [Node::Row(4)]);
    }

    #[test]
    fn rows_are_grouped_by_what_patterns_find() {
        let names = ["a 1", "b", "a 2"];
        let mask = GroupBy::Mask("[0-9]".into());
        assert_eq!(
            grouped(&[2, 1, 0], &names, &mask),
            [group("a *", vec![Node::Row(2), Node::Row(0)]), Node::Row(1)]
        );
        let words = GroupBy::Hierarchy("[a-z0-9]+".into());
        assert_eq!(
            grouped(&[0, 1, 2], &names, &words),
            [group("a", vec![Node::Row(0), Node::Row(2)]), Node::Row(1)]
        );
        // What does not end the names is no row's own.
        let names = ["a 1. ", "b 1. ", "a 1. "];
        assert_eq!(
            grouped(&[0, 1, 2], &names, &words),
            [
                group("a/1.", vec![Node::Row(0), Node::Row(2)]),
                Node::Row(1)
            ]
        );
    }

    #[test]
    fn methods_of_one_target_are_a_group() {
        let names = ["//pkg:test@TESTGRID@one", "//pkg:other", "//pkg:test"];
        assert_eq!(
            grouped(&[0, 1, 2], &names, &GroupBy::Target),
            [
                group("//pkg:test", vec![Node::Row(0), Node::Row(2)]),
                Node::Row(1)
            ]
        );
    }

    #[test]
    fn names_are_short_within_their_group() {
        for (name, around, own) in [
            ("pkg/a/one", "pkg/a", "one"),
            ("suite. [it] works", "suite", "[it] works"),
            ("pkg/a", "pkg/a", "pkg/a"),
            ("other", "pkg", "other"),
            ("pkg", "", "pkg"),
        ] {
            assert_eq!(&name[own_part(name, around)..], own, "{name} in {around}");
        }
        assert_eq!(path_within("", "a"), "a");
        assert_eq!(path_within("a", "b"), "a/b");
    }

    fn row(letters: &str) -> Row {
        Row {
            statuses: letters.chars().map(status).collect::<Runs<Status>>(),
            ..Row::default()
        }
    }

    fn status(letter: char) -> Status {
        match letter {
            'P' => Status::Pass,
            'S' => Status::PassWithSkips,
            'F' => Status::Fail,
            'R' => Status::Running,
            _ => Status::NoResult,
        }
    }

    #[test]
    fn a_group_is_flaky_where_some_pass_and_some_fail() {
        let merged = merge_rows("pkg", [&row("PP.F."), &row("FS.R.")].into_iter());
        let statuses: Vec<Status> = merged.statuses.iter().collect();
        assert_eq!(
            statuses,
            [
                Status::Flaky,
                Status::PassWithSkips,
                Status::NoResult,
                Status::Fail,
                Status::NoResult
            ]
        );
        assert_eq!(merge_rows("none", [].into_iter()).statuses, Runs::new());
    }

    #[test]
    fn the_head_of_a_group_counts_what_passed() {
        let said = |letters: &str, message: &str| Row {
            cells: vec![CellDetail {
                column: 1,
                message: message.into(),
                ..CellDetail::default()
            }],
            ..row(letters)
        };
        let (one, two) = (said("PF.", "no"), said("PP.", "all is well"));
        let head = merge_rows("pkg", [&two, &one].into_iter());
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

    proptest! {
        #[test]
        fn every_row_is_in_one_group_once_and_groups_have_two(
            names in prop::collection::vec("[ab]{0,2}(/[ab]){0,3}", 0..20),
            by in prop::sample::select(vec![GroupBy::Directory, GroupBy::Target]),
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let rows: Vec<u32> = (0..names.len() as u32).collect();
            let nodes = grouped(&rows, &names, &by);
            let mut found = Vec::new();
            collect(&nodes, &mut found);
            found.sort_unstable();
            prop_assert_eq!(found, rows);
            let mut rest: Vec<&Node> = nodes.iter().collect();
            while let Some(node) = rest.pop() {
                if let Node::Group(group) = node {
                    prop_assert!(group.rows().len() >= 2);
                    let alone = matches!(group.members.as_slice(), [Node::Group(_)]);
                    prop_assert!(!alone, "{:?}", group);
                    rest.extend(&group.members);
                }
            }
        }

        #[test]
        fn a_merged_column_is_what_its_cells_come_to(
            rows in prop::collection::vec("[PSFR.]{6}", 1..6),
        ) {
            let rows: Vec<Row> = rows.iter().map(|letters| row(letters)).collect();
            let merged = merge_rows("all", rows.iter());
            for column in 0..6 {
                let cells: Vec<Status> =
                    rows.iter().filter_map(|row| row.statuses.get(column)).collect();
                let (passed, failed) = (
                    cells.iter().any(|status| status.is_passing()),
                    cells.iter().any(|status| status.is_failing()),
                );
                let worst = cells.iter().copied().max_by_key(|status| status.severity());
                let expected = if passed && failed { Some(Status::Flaky) } else { worst };
                prop_assert_eq!(merged.statuses.get(column), expected);
                let filled = cells.iter().filter(|&&status| status != Status::NoResult).count();
                let passing = cells.iter().filter(|status| status.is_passing()).count();
                let icon = merged.cell(column as u32).map(|cell| cell.icon.clone());
                let expected = (passing < filled).then(|| format!("{passing}/{filled}"));
                prop_assert_eq!(icon, expected);
            }
        }
    }
}
