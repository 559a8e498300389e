//! The header of a grid: one row per fact of a column, equal neighbours merged into one wide cell.

use std::{fmt::Write as _, ops::Range};

use model::{
    grid::{Column, Grid, VersionOf},
    infra::{ComponentKind, same_version, short_version},
    order::sorted,
};

use crate::{
    text::{escape, visible},
    time::Zone,
};

/// What one header row shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The day on which the build began.
    Date,
    /// The time at which it began.
    Time,
    /// The build id.
    Build,
    /// How many cells of the build failed.
    Failures,
    /// A configured header.
    Header(String),
    /// The version of a component.
    Version {
        /// Product or infra.
        kind: ComponentKind,
        /// Its name.
        component: String,
    },
}

impl Fact {
    /// What stands at the left of the row.
    pub fn label(&self, zone: Zone) -> String {
        match self {
            Self::Date => "Date".to_owned(),
            Self::Time => format!("Time ({})", zone.word(true)),
            Self::Build => "Build".to_owned(),
            Self::Failures => "Failed and flaky cells".to_owned(),
            Self::Header(name) => visible(name),
            Self::Version { component, .. } => visible(component),
        }
    }

    /// `product` and `infra` for versions, `failures`, else nothing: how the row is told apart.
    pub const fn kind_word(&self) -> &'static str {
        match self {
            Self::Version {
                kind: ComponentKind::Product,
                ..
            } => "product",
            Self::Version {
                kind: ComponentKind::Infra,
                ..
            } => "infra",
            Self::Failures => "failures",
            _ => "",
        }
    }
}

/// The header rows of a grid from the top: date, time, build, configured headers, products, infra
/// components, and last, next to the cells, how many of them failed.
pub fn facts(grid: &Grid) -> Vec<Fact> {
    let mut facts = vec![Fact::Date, Fact::Time, Fact::Build];
    let (mut headers, mut products, mut infra) = (Vec::new(), Vec::new(), Vec::new());
    for column in &grid.columns {
        for (found, versions) in [
            (&mut products, &column.product),
            (&mut infra, &column.infra),
        ] {
            for version in versions {
                if !found.contains(&version.component) {
                    found.push(version.component.clone());
                }
            }
        }
        for name in column.headers.keys() {
            if !headers.contains(name) {
                headers.push(name.clone());
            }
        }
    }
    headers.retain(|name| !products.contains(name) && !infra.contains(name));
    facts.extend(headers.into_iter().map(Fact::Header));
    for (kind, components) in [
        (ComponentKind::Product, products),
        (ComponentKind::Infra, infra),
    ] {
        facts.extend(
            components
                .into_iter()
                .map(|component| Fact::Version { kind, component }),
        );
    }
    facts.push(Fact::Failures);
    facts
}

/// The version of a component in a column.
pub fn version_of<'a>(
    column: &'a Column,
    kind: ComponentKind,
    component: &str,
) -> Option<&'a VersionOf> {
    let versions = match kind {
        ComponentKind::Infra => &column.infra,
        ComponentKind::Product => &column.product,
    };
    versions
        .iter()
        .find(|version| version.component == component)
}

/// Neighbouring columns with the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The columns.
    pub columns: Range<usize>,
    /// What they share; `None` when it is not known.
    pub value: Option<String>,
}

/// The groups of one header row that touch `window`, each in its whole width.
pub fn groups(grid: &Grid, fact: &Fact, zone: Zone, window: Range<usize>) -> Vec<Group> {
    let value = |column: &Column| -> Option<String> {
        match fact {
            Fact::Date => Some(zone.moment(column.started_ms).short_day_text()),
            Fact::Time => Some(zone.moment(column.started_ms).clock_text()),
            Fact::Build if column.label.is_empty() => Some(column.build.clone()),
            Fact::Build => Some(column.label.clone()),
            Fact::Failures => Some(String::new()),
            Fact::Header(name) => column.headers.get(name).cloned(),
            Fact::Version { kind, component } => {
                version_of(column, *kind, component)?.version.clone()
            }
        }
    };
    let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => match fact {
            Fact::Version { .. } => same_version(a, b),
            // Two builds in the same minute, and two builds of the same id, are two columns.
            Fact::Time | Fact::Build | Fact::Failures => false,
            _ => a == b,
        },
        _ => false,
    };
    let mut groups: Vec<Group> = Vec::new();
    for (index, column) in grid.columns.iter().enumerate() {
        let value = value(column);
        match groups.last_mut() {
            Some(group) if same(&group.value, &value) => {
                group.columns.end = index + 1;
                // A commit in full says more than its abbreviation.
                if value.as_ref().map(String::len) > group.value.as_ref().map(String::len) {
                    group.value = value;
                }
            }
            _ => {
                if index >= window.end {
                    break;
                }
                groups.push(Group {
                    columns: index..index + 1,
                    value,
                });
            }
        }
    }
    groups.retain(|group| group.columns.end > window.start);
    groups
}

/// One header row as HTML; see [`crate::grid::cells`] for why it is text. Every element says its
/// columns in `data-column` and `data-count`.
pub fn row_html(
    grid: &Grid,
    fact: &Fact,
    zone: Zone,
    window: Range<usize>,
    cell_width: u32,
) -> String {
    let mut html = String::new();
    let edges = infra_edges(grid);
    for group in groups(grid, fact, zone, window.clone()) {
        let width = group.columns.len() * cell_width as usize;
        let _ = write!(
            html,
            r#"<span class="group" data-column="{}" data-count="{}" style="left:{}px;width:{width}px""#,
            group.columns.start,
            group.columns.len(),
            group.columns.start * cell_width as usize,
        );
        if let (Fact::Build, Some(column)) = (fact, grid.columns.get(group.columns.start))
            && !column.problems.is_empty()
        {
            html.push_str(r#" data-problem="""#);
        }
        let room = match fact {
            Fact::Version { .. } => {
                let text = group.value.as_deref().map_or("unknown", short_version);
                let wanted = (text.chars().count() * DIGIT + 2 * BESIDE_SEAM) as u32;
                let wanted = wanted.div_ceil(cell_width.max(1)) as usize;
                room(&group.columns, &window, &edges, wanted)
            }
            _ => group.columns.clone(),
        };
        let room_width = room.len() * cell_width as usize;
        let text = match &group.value {
            None => {
                html.push_str(r#" data-unknown="""#);
                if room_width < ROOM_FOR_WORD {
                    "?"
                } else {
                    "unknown"
                }
                .to_owned()
            }
            Some(value) => match fact {
                Fact::Version { .. } => beginning(&visible(short_version(value)), room_width),
                Fact::Header(_) => beginning(&visible(value), width),
                Fact::Build => tail(&visible(value), width),
                _ => visible(value),
            },
        };
        if let Fact::Version { component, .. } = fact {
            html.push_str(r#" data-component=""#);
            escape(&mut html, component);
            html.push_str(r#"" data-version=""#);
            escape(&mut html, group.value.as_deref().unwrap_or_default());
            html.push('"');
        }
        html.push('>');
        if width >= ROOM_FOR_TEXT {
            let _ = write!(
                html,
                r#"<span class="group__room" style="left:{}px;width:{room_width}px"><span class="group__text">"#,
                (room.start - group.columns.start) * cell_width as usize,
            );
            escape(&mut html, &text);
            html.push_str("</span></span>");
        }
        html.push_str("</span>");
    }
    html
}

/// The columns at whose older edge some infra component changed, ascending: there a bold line crosses all
/// header rows.
fn infra_edges(grid: &Grid) -> Vec<usize> {
    let edges: Vec<usize> = grid
        .transitions
        .iter()
        .filter(|transition| transition.kind == ComponentKind::Infra)
        .map(|transition| transition.column as usize)
        .collect();
    let mut edges = sorted(edges, &|a, b| a.cmp(b));
    edges.dedup();
    edges
}

/// The first stretch of `columns` within `window` that no line crosses and that has the `wanted` columns, else
/// the widest of them, the first of several: where text can be read. All of `columns` when none of them is
/// in the window.
fn room(
    columns: &Range<usize>,
    window: &Range<usize>,
    edges: &[usize],
    wanted: usize,
) -> Range<usize> {
    let seen = columns.start.max(window.start)..columns.end.min(window.end);
    let mut widest = seen.start..seen.start;
    let mut start = seen.start;
    let within = edges.partition_point(|&edge| edge < seen.start);
    let ends = edges[within..]
        .iter()
        .map(|&edge| edge + 1)
        .take_while(|&end| end < seen.end)
        .chain([seen.end]);
    for end in ends {
        if end.saturating_sub(start) > widest.len() {
            widest = start..end;
        }
        if widest.len() >= wanted {
            break;
        }
        start = end;
    }
    if widest.is_empty() {
        columns.clone()
    } else {
        widest
    }
}

/// Narrower than this in pixels, a group has no text.
const ROOM_FOR_TEXT: usize = 20;

/// Narrower than this in pixels, `unknown` is a question mark.
const ROOM_FOR_WORD: usize = 58;

/// How wide a digit is in pixels, at most.
pub(super) const DIGIT: usize = 7;

/// The beginning of a version, as much as fits between the seams at both edges. So little that it tells
/// nothing is left out.
fn beginning(text: &str, width: usize) -> String {
    const LEAST: usize = 3;
    let room = width.saturating_sub(2 * BESIDE_SEAM) / DIGIT;
    let length = text.chars().count();
    if room < length.min(LEAST) {
        return String::new();
    }
    text.chars().take(room).collect()
}

/// How far text keeps from the edge of a group of versions, where a seam may be: as in the style sheet.
const BESIDE_SEAM: usize = 7;

/// The end of a build id, as much as fits: builds of one job differ in their last digits.
fn tail(text: &str, width: usize) -> String {
    let length = text.chars().count();
    let room = width.saturating_sub(4) / DIGIT;
    if length <= room {
        return text.to_owned();
    }
    text.chars().skip(length - room.min(length)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::infra::Source;

    /// One letter per column, newest first: a version, or `?`.
    fn grid(infra: &str) -> Grid {
        Grid {
            columns: infra
                .chars()
                .enumerate()
                .map(|(index, letter)| Column {
                    build: format!("100{index}"),
                    started_ms: -(index as i64) * 3_600_000 + 86_400_000 * 2,
                    headers: [("Commit".to_owned(), "same".to_owned())].into(),
                    infra: vec![VersionOf {
                        component: "test-infra".into(),
                        version: (letter != '?').then(|| letter.to_string().repeat(12)),
                        source: Source::ImageTag,
                        evidence: None,
                    }],
                    ..Column::default()
                })
                .collect(),
            ..Grid::default()
        }
    }

    fn infra() -> Fact {
        Fact::Version {
            kind: ComponentKind::Infra,
            component: "test-infra".into(),
        }
    }

    fn ranges(letters: &str, window: Range<usize>) -> Vec<(usize, usize, Option<char>)> {
        groups(&grid(letters), &infra(), Zone::Utc, window)
            .into_iter()
            .map(|group| {
                let letter = group.value.and_then(|value| value.chars().next());
                (group.columns.start, group.columns.end, letter)
            })
            .collect()
    }

    #[test]
    fn equal_neighbours_are_one_cell() {
        let (a, b) = (Some('a'), Some('b'));
        assert_eq!(ranges("aab", 0..3), [(0, 2, a), (2, 3, b)]);
        assert_eq!(ranges("abb", 0..3), [(0, 1, a), (1, 3, b)]);
        assert_eq!(ranges("a??a", 0..4), [(0, 1, a), (1, 3, None), (3, 4, a)]);
        assert_eq!(ranges("", 0..0), []);
        assert_eq!(ranges("aabbaa", 2..3), [(2, 4, b)]);
        assert_eq!(ranges("aaaa", 1..2), [(0, 4, a)]);
    }

    #[test]
    fn infra_and_failures_stand_next_to_the_cells() {
        assert_eq!(
            facts(&grid("a")),
            [
                Fact::Date,
                Fact::Time,
                Fact::Build,
                Fact::Header("Commit".into()),
                infra(),
                Fact::Failures,
            ]
        );
    }

    #[test]
    fn unknown_is_said() {
        let html = row_html(&grid("?a"), &infra(), Zone::Utc, 0..2, 84);
        assert!(html.contains(r#"data-unknown="""#) && html.contains(">unknown<"));
        assert!(html.contains(">aaaaaaaaaa<"), "{html}");
    }

    #[test]
    fn a_build_is_called_by_its_label() {
        let mut grid = grid("aa");
        grid.columns[0].label = "v1.36.0".into();
        let html = row_html(&grid, &Fact::Build, Zone::Utc, 0..2, 60);
        assert!(
            html.contains(">v1.36.0<") && html.contains(">1001<"),
            "{html}"
        );
    }

    #[test]
    fn versions_stand_where_no_seam_crosses() {
        let all = 0..100;
        for (columns, window, edges, found) in [
            (2..8, &all, &[][..], 2..8),
            (2..8, &all, &[1, 7], 2..8),
            (2..8, &all, &[2, 4], 5..8),
            (2..8, &all, &[4], 2..5),
            (2..8, &(6..100), &[4], 6..8),
            (2..8, &(20..100), &[4], 2..8),
            (2..4, &all, &[2], 2..3),
        ] {
            assert_eq!(room(&columns, window, edges, 9), found, "{edges:?}");
        }
        // The first that is wide enough is nearest to where one looks.
        assert_eq!(room(&(0..60), &all, &[1, 9], 5), 2..10);
        assert_eq!(room(&(0..60), &all, &[1, 9], 2), 0..2);
    }

    #[test]
    fn versions_end_before_the_seam() {
        assert_eq!(beginning("a1b2c3d4e5", 84), "a1b2c3d4e5");
        assert_eq!(beginning("a1b2c3d4e5", 36), "a1b");
        assert_eq!(beginning("a1b2c3d4e5", 30), "");
        assert_eq!(beginning("v1", 28), "v1");
    }

    #[test]
    fn builds_show_their_last_digits() {
        assert_eq!(tail("1988765432109876543", 36), "6543");
        assert_eq!(tail("42", 36), "42");
    }
}
