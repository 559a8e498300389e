//! What one tab saw: which version of each component its runs had, and where its rows turned. Small
//! enough to be kept of every tab, so that thousands can be asked at once what a change did.

use serde::{Deserialize, Serialize};

use crate::{
    alert::Thresholds,
    grid::{Column, Grid, Row, VersionOf},
    infra::{ComponentKind, Source, same_version},
    status::Status,
    transition::{TurnKind, comparable, find_turns},
};

/// What a tab saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// Newest first.
    pub columns: Vec<Passage>,
    /// Infra before product, each in the order of the columns.
    pub components: Vec<ComponentTrail>,
    /// By row, newest first.
    pub turns: Vec<RowTurn>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The build id.
    pub build: Box<str>,
    /// When it began, in milliseconds since 1970.
    pub started_ms: i64,
    /// How it went.
    pub outcome: RunOutcome,
    /// Its page; empty when there is none.
    pub url: Box<str>,
}

/// How one run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Nothing failed.
    Passed,
    /// Tests failed.
    Failed,
    /// It failed, and no test did: before them, outside of them, or by taking too long.
    Outside,
    /// It runs, or nothing is known of it.
    Open,
}

impl RunOutcome {
    /// Whether it ended and did not pass.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Outside)
    }

    /// Whether it ended.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Open)
    }
}

/// The versions of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentTrail {
    /// Its name.
    pub component: Box<str>,
    /// Infra or product.
    pub kind: ComponentKind,
    /// Newest first; neighbours differ.
    pub spans: Vec<Span>,
}

/// Columns of one version. Columns between that know nothing belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The version, as its newest column says it.
    pub version: Box<str>,
    /// Its newest column.
    pub newest: u32,
    /// Its oldest column.
    pub oldest: u32,
    /// Where the newest column's was read.
    newest_source: Source,
    /// Where the oldest column's was read.
    oldest_source: Source,
}

/// A change of a component's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The version before.
    pub from: &'a str,
    /// The version after.
    pub to: &'a str,
    /// The newest column with the version before.
    pub older: u32,
    /// The oldest column with the version after.
    pub newer: u32,
    /// See [`crate::transition::Transition::certain`].
    pub certain: bool,
}

/// A row that turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowTurn {
    /// The row's name.
    pub row: Box<str>,
    /// Broke or fixed.
    pub kind: TurnKind,
    /// The newer column that shows it.
    pub newer: u32,
    /// The older column that shows the state before.
    pub older: u32,
}

/// The row that says how a build as a whole went.
const OVERALL: &str = "Overall";
/// The row that says whether its pod ran.
const POD: &str = "Pod";

impl Trail {
    /// What the tab of this grid saw.
    pub fn of(grid: &Grid, thresholds: Thresholds) -> Self {
        let turns = grid
            .rows
            .iter()
            .flat_map(|row| {
                find_turns(&row.statuses, thresholds)
                    .into_iter()
                    .map(|turn| RowTurn {
                        row: row.name.as_str().into(),
                        kind: turn.kind,
                        newer: turn.newer as u32,
                        older: turn.older as u32,
                    })
            })
            .collect();
        let outcomes = outcomes(grid);
        let columns = grid
            .columns
            .iter()
            .zip(outcomes)
            .map(|(column, outcome)| Passage {
                build: column.build.as_str().into(),
                started_ms: column.started_ms,
                outcome,
                url: column.url.as_str().into(),
            })
            .collect();
        let mut components = Vec::new();
        for kind in [ComponentKind::Infra, ComponentKind::Product] {
            let of_kind = |column: &'_ Column| -> usize {
                match kind {
                    ComponentKind::Infra => column.infra.len(),
                    ComponentKind::Product => column.product.len(),
                }
            };
            let mut names: Vec<&str> = Vec::new();
            for column in grid.columns.iter().filter(|column| of_kind(column) > 0) {
                for version in versions(column, kind) {
                    if !names.contains(&version.component.as_str()) {
                        names.push(&version.component);
                    }
                }
            }
            components.extend(names.into_iter().map(|name| ComponentTrail {
                component: name.into(),
                kind,
                spans: spans(grid, kind, name),
            }));
        }
        Self {
            columns,
            components,
            turns,
        }
    }

    /// The trail of a component; `None` where the tab has none of it.
    pub fn component(&self, name: &str) -> Option<&ComponentTrail> {
        self.components
            .iter()
            .find(|component| &*component.component == name)
    }

    /// When a column began, in milliseconds since 1970.
    pub fn started_ms(&self, column: u32) -> i64 {
        self.columns
            .get(column as usize)
            .map_or(0, |passage| passage.started_ms)
    }

    /// The rows that turned this way across any of these steps, each once, in the grid's order.
    pub fn turned<'a>(&'a self, kind: TurnKind, steps: &[Step<'_>]) -> Vec<&'a RowTurn> {
        let mut found: Vec<&RowTurn> = Vec::new();
        for turn in self.turns.iter().filter(|turn| turn.kind == kind) {
            let crosses = steps
                .iter()
                .any(|step| turn.newer <= step.newer && step.newer < turn.older);
            if crosses && found.last().is_none_or(|last| last.row != turn.row) {
                found.push(turn);
            }
        }
        found
    }

    /// What the components of one kind did between two columns: whether any is known to differ, and
    /// whether all are known.
    pub fn moved(&self, kind: ComponentKind, older: u32, newer: u32) -> Movement {
        let mut known = false;
        let mut open = false;
        for component in self.components.iter().filter(|it| it.kind == kind) {
            match (component.at(older), component.at(newer)) {
                (Some(before), Some(after)) if same_version(before, after) => known = true,
                (Some(_), Some(_)) => return Movement::Moved,
                _ => open = true,
            }
        }
        if known && !open {
            Movement::Same
        } else {
            Movement::Unknown
        }
    }

    /// The four-way glyph between two columns.
    pub fn glyph(&self, older: u32, newer: u32) -> MoveGlyph {
        MoveGlyph::of(
            self.moved(ComponentKind::Infra, older, newer),
            self.moved(ComponentKind::Product, older, newer),
        )
    }
}

impl ComponentTrail {
    /// The version in a column, or what its neighbours agree on.
    pub fn at(&self, column: u32) -> Option<&str> {
        self.spans
            .iter()
            .find(|span| span.newest <= column && column <= span.oldest)
            .map(|span| &*span.version)
    }

    /// The changes, newest first.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.spans.windows(2).map(|pair| {
            let (newer, older) = (&pair[0], &pair[1]);
            Step {
                from: &older.version,
                to: &newer.version,
                older: older.newest,
                newer: newer.oldest,
                certain: older.newest == newer.oldest + 1
                    && comparable(older.newest_source, newer.oldest_source),
            }
        })
    }
}

/// Whether anything of one kind moved between two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Something is known to differ.
    Moved,
    /// All is known, and nothing differs.
    Same,
    /// Nothing can be said.
    Unknown,
}

/// What moved between two columns, as one of four signs, or that it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MoveGlyph {
    /// Infrastructure moved, and no product did.
    Infra,
    /// A product moved, and no infrastructure did.
    Product,
    /// Both moved.
    Both,
    /// Neither moved: what differs is chance.
    Neither,
    /// One of them is not known.
    Unknown,
}

impl MoveGlyph {
    const fn of(infra: Movement, product: Movement) -> Self {
        match (infra, product) {
            (Movement::Moved, Movement::Moved) => Self::Both,
            (Movement::Moved, Movement::Same) => Self::Infra,
            (Movement::Same, Movement::Moved) => Self::Product,
            (Movement::Same, Movement::Same) => Self::Neither,
            _ => Self::Unknown,
        }
    }

    /// One character.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Infra => "◆",
            Self::Product => "●",
            Self::Both => "◈",
            Self::Neither => "○",
            Self::Unknown => "?",
        }
    }

    /// What the sign says.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Infra => "only infrastructure changed",
            Self::Product => "only the product changed",
            Self::Both => "infrastructure and product changed",
            Self::Neither => "neither changed",
            Self::Unknown => "not known what changed",
        }
    }
}

const fn versions(column: &Column, kind: ComponentKind) -> &Vec<VersionOf> {
    match kind {
        ComponentKind::Infra => &column.infra,
        ComponentKind::Product => &column.product,
    }
}

/// The versions of one component, column by column, joined.
fn spans(grid: &Grid, kind: ComponentKind, name: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (index, column) in grid.columns.iter().enumerate() {
        let found = versions(column, kind)
            .iter()
            .find(|version| version.component == name);
        let Some((version, source)) = found.and_then(|found| Some((found.single()?, found.source)))
        else {
            continue;
        };
        let index = index as u32;
        match spans.last_mut() {
            Some(last) if same_version(&last.version, version) => {
                last.oldest = index;
                last.oldest_source = source;
                // The longer name says more.
                if version.len() > last.version.len() {
                    last.version = version.into();
                }
            }
            _ => spans.push(Span {
                version: version.into(),
                newest: index,
                oldest: index,
                newest_source: source,
                oldest_source: source,
            }),
        }
    }
    spans
}

/// How each run went.
fn outcomes(grid: &Grid) -> Vec<RunOutcome> {
    #[derive(Clone, Copy, Default)]
    struct Seen {
        failed: bool,
        outside: bool,
        open: bool,
        any: bool,
    }
    let mut seen = vec![Seen::default(); grid.columns.len()];
    for row in &grid.rows {
        let whole = is_whole(row);
        let mut column = 0;
        for &(status, count) in row.statuses.runs() {
            let end = (column + count as usize).min(seen.len());
            if status != Status::NoResult {
                for seen in &mut seen[column..end] {
                    seen.any = true;
                    seen.open |= status == Status::Running;
                    if status.is_failing() {
                        if whole {
                            seen.outside = true;
                        } else {
                            seen.failed = true;
                        }
                    }
                }
            }
            column = end;
        }
    }
    seen.into_iter()
        .map(|seen| match seen {
            Seen { open: true, .. } | Seen { any: false, .. } => RunOutcome::Open,
            Seen { failed: true, .. } => RunOutcome::Failed,
            Seen { outside: true, .. } => RunOutcome::Outside,
            _ => RunOutcome::Passed,
        })
        .collect()
}

/// Whether a row says how the whole build went, and not one of its tests: `Overall`, `Pod`, and the same
/// behind the name of a job, where a group has several.
fn is_whole(row: &Row) -> bool {
    [OVERALL, POD].iter().any(|whole| {
        row.name == **whole
            || row
                .name
                .strip_suffix(whole)
                .is_some_and(|job| job.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(letter: char, component: &str) -> VersionOf {
        let version = match letter {
            '?' => None,
            '*' => Some("*".to_owned()),
            _ => Some(letter.to_ascii_lowercase().to_string().repeat(9)),
        };
        VersionOf {
            component: component.into(),
            source: match (&version, letter.is_ascii_uppercase()) {
                (None, _) => Source::Unknown,
                (_, true) => Source::ImageTag,
                _ => Source::CloneRecord,
            },
            version,
            evidence: None,
        }
    }

    /// Columns by letters, newest first: the infra versions, the product versions, and rows.
    fn grid(infra: &str, product: &str, rows: &[(&str, &str)]) -> Grid {
        Grid {
            columns: infra
                .chars()
                .zip(product.chars())
                .enumerate()
                .map(|(index, (infra, product))| Column {
                    build: index.to_string(),
                    started_ms: 1000 - index as i64,
                    infra: vec![version(infra, "infra")],
                    product: vec![version(product, "org/product")],
                    ..Column::default()
                })
                .collect(),
            rows: rows
                .iter()
                .map(|(name, letters)| Row {
                    name: (*name).into(),
                    statuses: letters
                        .chars()
                        .map(|letter| match letter {
                            'P' => Status::Pass,
                            'F' => Status::Fail,
                            'R' => Status::Running,
                            _ => Status::NoResult,
                        })
                        .collect(),
                    ..Row::default()
                })
                .collect(),
            ..Grid::default()
        }
    }

    const THREE: Thresholds = Thresholds {
        failures_to_open: 3,
        passes_to_close: 1,
    };

    fn steps(letters: &str) -> Vec<(String, u32, u32, bool)> {
        let trail = Trail::of(&grid(letters, letters, &[]), THREE);
        trail
            .component("infra")
            .into_iter()
            .flat_map(ComponentTrail::steps)
            .map(|step| {
                let name = format!("{}{}", &step.from[..1], &step.to[..1]);
                (name, step.newer, step.older, step.certain)
            })
            .collect()
    }

    #[test]
    fn steps_follow_the_table() {
        let none: [(&str, u32, u32, bool); 0] = [];
        for (letters, expected) in [
            ("", none.to_vec()),
            ("aa", none.to_vec()),
            ("ba", vec![("ab", 0, 1, true)]),
            ("a?a", none.to_vec()),
            ("b?a", vec![("ab", 0, 2, false)]),
            ("b*a", vec![("ab", 0, 2, false)]),
            ("Ba", vec![("ab", 0, 1, false)]),
            ("?ba?", vec![("ab", 1, 2, true)]),
            ("a?ba", vec![("ba", 0, 2, false), ("ab", 2, 3, true)]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(name, newer, older, certain)| (name.to_owned(), newer, older, certain))
                .collect();
            assert_eq!(steps(letters), expected, "{letters}");
        }
    }

    #[test]
    fn glyphs_follow_the_table() {
        for (infra, product, glyph) in [
            ("ba", "aa", MoveGlyph::Infra),
            ("aa", "ba", MoveGlyph::Product),
            ("ba", "ba", MoveGlyph::Both),
            ("aa", "aa", MoveGlyph::Neither),
            ("?a", "ba", MoveGlyph::Unknown),
            ("ba", "?a", MoveGlyph::Unknown),
            ("*a", "aa", MoveGlyph::Unknown),
        ] {
            let trail = Trail::of(&grid(infra, product, &[]), THREE);
            assert_eq!(trail.glyph(1, 0), glyph, "{infra} {product}");
        }
    }

    #[test]
    fn rows_that_turned_across_several_steps_count_once() {
        let rows = [
            ("broke", "FFFFP"),
            ("flake", "PPFPP"),
            ("gap", "FFF.P"),
            ("fixed", "PFFFF"),
            ("older", "FFFFF"),
        ];
        let trail = Trail::of(&grid("cbbaa", "aaaaa", &rows), THREE);
        let infra = trail.component("infra").expect("it is there");
        let all: Vec<Step<'_>> = infra.steps().collect();
        let names = |kind, steps: &[Step<'_>]| -> Vec<String> {
            let turned = trail.turned(kind, steps);
            turned.iter().map(|turn| turn.row.to_string()).collect()
        };
        assert_eq!(all.len(), 2);
        assert_eq!(names(TurnKind::Broke, &all), ["gap"]);
        assert_eq!(names(TurnKind::Fixed, &all), ["fixed"]);
        assert_eq!(names(TurnKind::Broke, &all[..1]), Vec::<String>::new());
    }

    #[test]
    fn runs_that_fail_outside_of_their_tests_are_told_apart() {
        let rows = [("Overall", "PFFR."), ("Pod", "PPPP."), ("test", "PF.P.")];
        let trail = Trail::of(&grid("aaaaa", "aaaaa", &rows), THREE);
        let outcomes: Vec<RunOutcome> = trail.columns.iter().map(|it| it.outcome).collect();
        assert_eq!(
            outcomes,
            [
                RunOutcome::Passed,
                RunOutcome::Failed,
                RunOutcome::Outside,
                RunOutcome::Open,
                RunOutcome::Open,
            ]
        );
    }

    proptest! {
        /// A trail's steps are the transitions that a grid shows.
        #[test]
        fn steps_are_the_changes_of_the_grid(letters in "[abAB?*]{0,14}") {
            use crate::{infra::ComponentVersion, transition::find_changes};
            let versions: Vec<ComponentVersion> = letters
                .chars()
                .map(|letter| {
                    let version = version(letter, "infra");
                    ComponentVersion {
                        component: version.component,
                        kind: ComponentKind::Infra,
                        version: version.version,
                        source: version.source,
                        evidence: None,
                    }
                })
                .collect();
            let changes: Vec<(u32, u32, bool)> = find_changes(versions.iter().map(Some))
                .into_iter()
                .map(|change| (change.newer as u32, change.older as u32, change.certain))
                .collect();
            let steps: Vec<(u32, u32, bool)> = steps(&letters)
                .into_iter()
                .map(|(_, newer, older, certain)| (newer, older, certain))
                .collect();
            prop_assert_eq!(steps, changes);
        }
    }
}
