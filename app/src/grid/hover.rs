//! What is told when something in the grid is pointed at.

use model::{
    grid::{Grid, Row},
    infra::{ComponentKind, Source},
    status::{Class, Status},
};

use crate::{
    grid::{
        failures::column_counts,
        header::{Fact, groups, version_of},
        seams::{is_certain, version_text},
    },
    text::{visible, visible_message},
    time::{Zone, age_text},
};

/// What is pointed at. Columns are indexes into the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One cell.
    Cell {
        /// Its line, from the top.
        position: usize,
        /// The column.
        column: usize,
    },
    /// A group of the header.
    Header {
        /// Its row.
        fact: Fact,
        /// Any of its columns.
        column: usize,
    },
    /// A seam: all of it, or one component's part.
    Seam {
        /// The newer column.
        column: usize,
        /// The component; all when `None`.
        component: Option<String>,
    },
}

/// A title, facts as (name, value), and a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What it is.
    pub title: String,
    /// What is known of it.
    pub facts: Vec<(String, String)>,
    /// What it says itself; may have lines.
    pub message: String,
}

/// A moment in full, and how long ago that was.
fn when(ms: i64, zone: Zone, now_ms: Option<i64>) -> String {
    let full = zone.moment(ms).full_text();
    match now_ms {
        Some(now) => format!("{full} {} ({})", zone.word(false), age_text(ms, now)),
        None => format!("{full} {}", zone.word(false)),
    }
}

/// What to tell about a cell of `row`, which may stand for a group of so many; `None` when the grid has no
/// such column.
pub fn tell_cell(
    grid: &Grid,
    row: &Row,
    members: Option<usize>,
    column: usize,
    zone: Zone,
    now_ms: Option<i64>,
) -> Option<Told> {
    let at = grid.columns.get(column)?;
    let status = row.statuses.get(column).unwrap_or_default();
    let detail = row.cell(column as u32);
    let mut facts = vec![
        ("Status".into(), status.word().into()),
        ("Build".into(), visible(&at.build)),
        ("Began".into(), when(at.started_ms, zone, now_ms)),
    ];
    if let Some(members) = members {
        // Where all passed the cell says nothing more.
        let passed = detail.map_or_else(
            || "all that have a result".to_owned(),
            |cell| cell.icon.replace('/', " of "),
        );
        facts.insert(1, ("Passed".into(), passed));
        facts.push(("Rows".into(), members.to_string()));
    }
    let named = |name: &str| at.product.iter().any(|version| version.component == *name);
    for (name, value) in &at.headers {
        if !named(name) {
            facts.push((visible(name), visible(value)));
        }
    }
    for version in at.product.iter().chain(&at.infra) {
        let value = version_text(version.version.as_deref());
        facts.push((visible(&version.component), value));
    }
    facts.push(("History".into(), history(row, column, grid, zone)));
    Some(Told {
        title: visible(&row.name),
        facts,
        message: detail
            .map(|detail| visible_message(&detail.message))
            .unwrap_or_default(),
    })
}

/// What to tell about `target`; `None` when the grid has no such thing, and of a cell: see [`tell_cell`].
pub fn tell(grid: &Grid, target: &Target, zone: Zone, now_ms: Option<i64>) -> Option<Told> {
    let when = |ms: i64| when(ms, zone, now_ms);
    match target {
        Target::Cell { .. } => None,
        Target::Header { fact, column } => {
            if *fact == Fact::Failures {
                let (at, count) = (
                    grid.columns.get(*column)?,
                    column_counts(grid).get(*column).copied()?,
                );
                return Some(Told {
                    title: format!("{} of {} cells failed", count.failed, count.filled),
                    facts: vec![
                        (
                            "Others".into(),
                            format!(
                                "{} flaky, {} passed, {} running",
                                count.flaky, count.passed, count.running
                            ),
                        ),
                        ("Build".into(), visible(&at.build)),
                        ("Began".into(), when(at.started_ms)),
                    ],
                    message: String::new(),
                });
            }
            let group = groups(grid, fact, zone, *column..*column + 1)
                .into_iter()
                .find(|group| group.columns.contains(column))?;
            let newest = grid.columns.get(group.columns.start)?;
            let oldest = grid.columns.get(group.columns.end - 1)?;
            let mut told = Told {
                title: match fact {
                    Fact::Date | Fact::Time | Fact::Build => {
                        format!("Build {}", visible(&newest.build))
                    }
                    _ => fact.label(zone),
                },
                ..Told::default()
            };
            let mut add = |name: &str, value: String| told.facts.push((name.to_owned(), value));
            match fact {
                Fact::Header(_) => add(
                    "Value",
                    visible(group.value.as_deref().unwrap_or("unknown")),
                ),
                Fact::Version { kind, component } => {
                    add(
                        "Version",
                        visible(group.value.as_deref().unwrap_or("unknown")),
                    );
                    if let Some(version) = version_of(newest, *kind, component) {
                        if version.source != Source::Unknown {
                            add("Read from", version.source.words().to_owned());
                        }
                        if let Some(evidence) = &version.evidence {
                            add("Evidence", visible(evidence));
                        }
                    } else {
                        add("Read from", Source::Unknown.words().to_owned());
                    }
                    // The transition into this group lies at its oldest column.
                    if let Some(change) = grid.transitions.iter().find(|transition| {
                        transition.column as usize == group.columns.end - 1
                            && transition.component == *component
                            && transition.kind == *kind
                    }) {
                        add(
                            "Before",
                            visible(change.from.as_deref().unwrap_or("unknown")),
                        );
                    }
                }
                Fact::Date => told.title = zone.moment(newest.started_ms).day_text(),
                Fact::Time | Fact::Build | Fact::Failures => {}
            }
            if !newest.label.is_empty() && matches!(fact, Fact::Time | Fact::Build) {
                told.facts.push(("Named".into(), visible(&newest.label)));
            }
            if group.columns.len() == 1 {
                told.facts.push(("Began".into(), when(newest.started_ms)));
                if let Some(finished) = newest.finished_ms {
                    told.facts.push(("Ended".into(), when(finished)));
                }
            } else {
                told.facts
                    .push(("Builds".into(), group.columns.len().to_string()));
                told.facts.push(("First".into(), when(oldest.started_ms)));
                told.facts.push(("Last".into(), when(newest.started_ms)));
            }
            if matches!(fact, Fact::Build | Fact::Time) {
                told.message = newest
                    .problems
                    .iter()
                    .map(|problem| {
                        format!(
                            "{}: {}",
                            visible(&problem.file),
                            visible_message(&problem.message)
                        )
                    })
                    .collect::<Vec<_>>()
                    .join("\n");
            }
            Some(told)
        }
        Target::Seam { column, component } => {
            let at = grid.columns.get(*column)?;
            let changes: Vec<_> = grid
                .transitions
                .iter()
                .filter(|change| {
                    change.column as usize == *column
                        && component
                            .as_ref()
                            .is_none_or(|component| change.component == *component)
                })
                .collect();
            let first = changes.first()?;
            let mut told = Told {
                title: match (changes.len(), first.kind) {
                    (1, ComponentKind::Infra) => {
                        format!("{} changed (infrastructure)", visible(&first.component))
                    }
                    (1, ComponentKind::Product) => {
                        format!("{} changed (product)", visible(&first.component))
                    }
                    (count, _) => format!("{count} components changed"),
                },
                ..Told::default()
            };
            for change in &changes {
                let prefix = if changes.len() == 1 {
                    String::new()
                } else {
                    format!("{} ", visible(&change.component))
                };
                let from = visible(change.from.as_deref().unwrap_or("unknown"));
                told.facts.push((format!("{prefix}from"), from));
                told.facts
                    .push((format!("{prefix}to"), visible(&change.to)));
                told.facts
                    .push((format!("{prefix}read from"), change.source.words().into()));
            }
            told.facts.push(("First seen".into(), when(at.started_ms)));
            told.facts.push((
                "Rows".into(),
                format!("{} broke, {} fixed", first.broke, first.fixed),
            ));
            if !changes.iter().all(|change| is_certain(change)) {
                told.message = String::from(
                    "Uncertain: the change may be older than this seam, because the versions of \
                     the builds before it are not known or were read elsewhere.",
                );
            }
            Some(told)
        }
    }
}

/// One sentence for a screen reader.
pub fn cell_sentence(grid: &Grid, row: &Row, column: usize) -> String {
    let Some(at) = grid.columns.get(column) else {
        return String::new();
    };
    let status = row.statuses.get(column).unwrap_or_default();
    let message = row
        .cell(column as u32)
        .map(|detail| visible_message(&detail.message))
        .unwrap_or_default();
    format!(
        "{}, build {}: {} {message}",
        visible(&row.name),
        visible(&at.build),
        status.word()
    )
}

/// A row's history in one line, with the streak of failures that the cell in `column` belongs to.
fn history(row: &Row, column: usize, grid: &Grid, zone: Zone) -> String {
    let mut text = counts_text(row);
    if let Some((since, before)) = row.failing_since(column)
        && let Some(first) = grid.columns.get(since)
    {
        text.push_str(if before {
            "; failing since "
        } else {
            "; failing at least since "
        });
        text.push_str(&zone.moment(first.started_ms).full_text());
        text.push_str(", build ");
        text.push_str(&visible(&first.build));
    }
    text
}

/// A row's history in one line: what its header says to those who do not see its cells.
pub fn counts_text(row: &Row) -> String {
    let (mut failed, mut flaky, mut passed, mut filled) = (0, 0, 0, 0);
    for &(status, count) in row.statuses.runs() {
        match status {
            Status::NoResult => continue,
            Status::Flaky => flaky += count,
            _ if status.is_failing() => failed += count,
            _ if status.class() == Class::Passing => passed += count,
            _ => {}
        }
        filled += count;
    }
    if failed + flaky > 0 {
        format!("failed {failed} and flaky {flaky} of {filled}")
    } else if passed == filled && filled > 1 {
        format!("all {filled} passed")
    } else {
        // What runs or was cancelled has neither passed nor failed.
        format!("{passed} of {filled} passed")
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use model::{
        grid::{CellDetail, Column, VersionOf},
        run::Problem,
        transition::Transition,
    };

    fn grid() -> Grid {
        let column = |build: &str, version: Option<&str>| Column {
            build: build.into(),
            started_ms: 1_795_174_740_000,
            infra: vec![VersionOf {
                component: "prow".into(),
                version: version.map(str::to_owned),
                source: Source::UtilityImageTag,
                evidence: Some("image:tag".into()),
            }],
            problems: vec![Problem::new("finished.json", "is not JSON")],
            ..Column::default()
        };
        Grid {
            columns: vec![
                column("3", Some("bbb")),
                column("2", Some("bbb")),
                column("1", Some("a")),
            ],
            rows: vec![Row {
                name: "test\u{202e}".into(),
                statuses: [Status::Fail, Status::Pass, Status::NoResult]
                    .into_iter()
                    .collect(),
                cells: vec![CellDetail {
                    column: 0,
                    message: "timed out".into(),
                    ..CellDetail::default()
                }],
                ..Row::default()
            }],
            transitions: vec![Transition {
                column: 1,
                build: "2".into(),
                component: "prow".into(),
                kind: ComponentKind::Infra,
                from: Some("a".into()),
                to: "bbb".into(),
                source: Source::UtilityImageTag,
                certain: false,
                compare_url: None,
                broke: 1,
                fixed: 0,
            }],
            ..Grid::default()
        }
    }

    fn value(told: &Told, name: &str) -> String {
        told.facts
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .unwrap()
    }

    #[test]
    fn a_cell_tells_row_build_time_status_and_message() {
        let grid = grid();
        let row = &grid.rows[0];
        let now = Some(1_795_174_800_000);
        let told = tell_cell(&grid, row, None, 0, Zone::Utc, now).unwrap();
        assert_eq!(told.title, "test‹U+202E›");
        assert_eq!(value(&told, "Status"), "failed");
        assert_eq!(value(&told, "Began"), "20 Nov 2026 11:39 UTC (1 min ago)");
        assert_eq!(told.message, "timed out");
        assert_eq!(value(&told, "prow"), "bbb");
        assert_eq!(
            value(&told, "History"),
            "failed 1 and flaky 0 of 2; failing since 20 Nov 2026 11:39, build 3"
        );
        assert_eq!(tell_cell(&grid, row, None, 3, Zone::Utc, None), None);
        for (statuses, expected) in [
            (
                &[Status::Fail, Status::Pass][..],
                "failed 1 and flaky 0 of 2",
            ),
            (
                &[Status::Flaky, Status::NoResult],
                "failed 0 and flaky 1 of 1",
            ),
            (&[Status::Pass, Status::PassWithSkips], "all 2 passed"),
            (&[Status::Running, Status::Pass], "1 of 2 passed"),
            (&[Status::Pass], "1 of 1 passed"),
            (&[], "0 of 0 passed"),
        ] {
            let row = Row {
                statuses: statuses.iter().copied().collect(),
                ..Row::default()
            };
            assert_eq!(counts_text(&row), expected);
        }
        assert!(cell_sentence(&grid, row, 0).ends_with("build 3: failed timed out"));
    }

    #[test]
    fn a_cell_of_a_group_tells_how_many_passed() {
        let grid = grid();
        let mut row = grid.rows[0].clone();
        row.cells[0].icon = "3/12".into();
        let told = |column| tell_cell(&grid, &row, Some(14), column, Zone::Utc, None).unwrap();
        assert_eq!(value(&told(0), "Passed"), "3 of 12");
        assert_eq!(value(&told(1), "Passed"), "all that have a result");
        assert_eq!(value(&told(1), "Rows"), "14");
    }

    #[test]
    fn a_header_tells_its_group() {
        let target = Target::Header {
            fact: Fact::Version {
                kind: ComponentKind::Infra,
                component: "prow".into(),
            },
            column: 0,
        };
        let told = tell(&grid(), &target, Zone::Utc, None).unwrap();
        assert_eq!(value(&told, "Version"), "bbb");
        assert_eq!(value(&told, "Before"), "a");
        assert_eq!(value(&told, "Builds"), "2");
        assert_eq!(value(&told, "Read from"), "the utility image tag");
        let build = Target::Header {
            fact: Fact::Build,
            column: 0,
        };
        let told = tell(&grid(), &build, Zone::Utc, None).unwrap();
        assert_eq!(told.message, "finished.json: is not JSON");
    }

    #[test]
    fn a_seam_tells_from_and_to() {
        let target = Target::Seam {
            column: 1,
            component: None,
        };
        let told = tell(&grid(), &target, Zone::Utc, None).unwrap();
        assert_eq!(told.title, "prow changed (infrastructure)");
        assert_eq!(
            (value(&told, "from"), value(&told, "to")),
            ("a".into(), "bbb".into())
        );
        assert!(told.message.starts_with("Uncertain"));
        let none = Target::Seam {
            column: 0,
            component: None,
        };
        assert_eq!(tell(&grid(), &none, Zone::Utc, None), None);
    }
}
