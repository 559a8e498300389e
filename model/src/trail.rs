//! What one tab saw: which version of each component its runs had, and where its rows turned. Small
//! enough to be kept of every tab, so that thousands can be asked at once what a change did.

use serde::{Deserialize, Serialize};

use crate::{
    alert::Thresholds,
    grid::{Grid, Row},
    infra::{ComponentKind, ComponentVersion, Source, same_version},
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
    /// Its page, where it failed outside of its tests; empty otherwise, and when there is none.
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
    /// Whether the failures reached the alert threshold or are still going on; others count only where
    /// they begin and end with a version.
    pub alerting: bool,
}

/// The row that says how a build as a whole went.
const OVERALL: &str = "Overall";
/// The row that says whether its pod ran.
const POD: &str = "Pod";

/// Every streak of failures turns a row, however short.
const EVERY: Thresholds = Thresholds {
    failures_to_open: 1,
    passes_to_close: 1,
};

/// Fewer failures than the threshold tell something when they are exactly the runs of a version; so many
/// at least.
const SHORTEST: u32 = 2;

impl Trail {
    /// What the tab of this grid saw; a sketch of the grid will do. `versions` are those of a column, `url`
    /// is its page: asked only where the run failed outside of its tests.
    pub fn new<'a>(
        grid: &Grid,
        thresholds: Thresholds,
        versions: impl Fn(usize) -> &'a [ComponentVersion],
        url: impl Fn(usize) -> String,
    ) -> Self {
        let turns = grid
            .rows
            .iter()
            .flat_map(|row| {
                let alerting = find_turns(&row.statuses, thresholds);
                find_turns(&row.statuses, EVERY)
                    .into_iter()
                    .map(move |turn| RowTurn {
                        row: row.name.as_str().into(),
                        kind: turn.kind,
                        newer: turn.newer as u32,
                        older: turn.older as u32,
                        alerting: alerting.contains(&turn),
                    })
            })
            .collect();
        let outcomes = outcomes(grid);
        let columns = grid
            .columns
            .iter()
            .zip(outcomes)
            .enumerate()
            .map(|(index, (column, outcome))| Passage {
                build: column.build.as_str().into(),
                started_ms: column.started_ms,
                outcome,
                url: match outcome {
                    RunOutcome::Outside => url(index).into(),
                    _ => Box::default(),
                },
            })
            .collect();
        let series: Vec<&[ComponentVersion]> = (0..grid.columns.len()).map(versions).collect();
        let mut components: Vec<ComponentTrail> = Vec::new();
        for (column, versions) in (0..).zip(series) {
            for (place, version) in versions.iter().enumerate() {
                // Mostly every run names the same components in the same order.
                let is_it = |it: &ComponentTrail| {
                    it.kind == version.kind && *it.component == *version.component
                };
                let at = if components.get(place).is_some_and(is_it) {
                    place
                } else {
                    components.iter().position(is_it).unwrap_or_else(|| {
                        components.push(ComponentTrail {
                            component: version.component.as_str().into(),
                            kind: version.kind,
                            spans: Vec::new(),
                        });
                        components.len() - 1
                    })
                };
                components[at].push(column, version);
            }
        }
        components.sort_by_key(|component| component.kind);
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

    /// The rows that turned this way across any of these steps of a component, each once, in the grid's
    /// order. Failures that stay below the alert threshold count where they begin with one of its versions
    /// and end with it: then there were no more runs that could fail.
    pub fn turned<'a>(
        &'a self,
        component: &ComponentTrail,
        kind: TurnKind,
        steps: &[Step<'_>],
    ) -> Vec<&'a RowTurn> {
        let mut found: Vec<&RowTurn> = Vec::new();
        for (at, turn) in self.turns.iter().enumerate() {
            if turn.kind != kind || found.last().is_some_and(|last| last.row == turn.row) {
                continue;
            }
            let crossed = steps.iter().find(|step| turn.crosses(step.newer));
            if crossed.is_some_and(|_| turn.alerting || self.is_version(component, at)) {
                found.push(turn);
            }
        }
        found
    }

    /// Whether the failures at one end of which this turn is are exactly the runs of one version.
    fn is_version(&self, component: &ComponentTrail, at: usize) -> bool {
        let turn = &self.turns[at];
        // Newest first: what ended the failures stands before what began them.
        let (began, ended) = match turn.kind {
            TurnKind::Broke => (
                Some(turn),
                at.checked_sub(1).and_then(|at| self.turns.get(at)),
            ),
            TurnKind::Fixed => (self.turns.get(at + 1), Some(turn)),
        };
        let (Some(began), Some(ended)) = (began, ended) else {
            return false;
        };
        began.row == ended.row
            && began.kind == TurnKind::Broke
            && ended.kind == TurnKind::Fixed
            && began.newer + 1 >= ended.older + SHORTEST
            && component.steps().any(|step| began.crosses(step.newer))
            && component.steps().any(|step| ended.crosses(step.newer))
    }

    /// How runs went before these steps and after them: `((bad, runs) before, (bad, runs) after)`. After a
    /// step are the runs of the version that it brings, before it up to [`BEFORE`] of the version that it
    /// ends. Runs that have not ended do not count.
    pub fn outcomes(
        &self,
        component: &ComponentTrail,
        steps: &[Step<'_>],
    ) -> ((u32, u32), (u32, u32)) {
        let count = |columns: &mut dyn Iterator<Item = u32>, most: usize| {
            columns
                .filter_map(|column| self.columns.get(column as usize))
                .filter(|passage| passage.outcome.is_over())
                .take(most)
                .fold((0, 0), |(bad, runs), passage| {
                    (bad + u32::from(passage.outcome.is_bad()), runs + 1)
                })
        };
        let mut before = (0, 0);
        let mut after = (0, 0);
        for step in steps {
            let span = |column: u32| {
                component
                    .spans
                    .iter()
                    .find(|span| span.newest <= column && column <= span.oldest)
            };
            if let Some(span) = span(step.newer) {
                let found = count(&mut (span.newest..=step.newer).rev(), usize::MAX);
                after = (after.0 + found.0, after.1 + found.1);
            }
            if let Some(span) = span(step.older) {
                let found = count(&mut (step.older..=span.oldest), BEFORE);
                before = (before.0 + found.0, before.1 + found.1);
            }
        }
        (before, after)
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

/// How many runs before a change are compared with those after it.
pub const BEFORE: usize = 20;

impl RowTurn {
    /// Whether it may have happened at the older edge of `column`.
    const fn crosses(&self, column: u32) -> bool {
        self.newer <= column && column < self.older
    }
}

/// How much better two rates of failure explain what was seen than one does, as a logarithm: above 0 they
/// differ, above [`WORSE`] it is worth telling. `(bad, runs)` before and after. Infra-signal specification
/// 4.3: beta prior 0.3, 0.5, tempered by 0.7 because failures come in streaks.
pub fn evidence(before: (u32, u32), after: (u32, u32)) -> f64 {
    const FAILS: f64 = 0.3;
    const PASSES: f64 = 0.5;
    const TEMPER: f64 = 0.7;
    // The logarithm of what the prior expects of so many failures in so many runs.
    let chance = |(bad, runs): (u32, u32)| -> f64 {
        let sum =
            |count: u32, begin: f64| (0..count).map(|k| (begin + f64::from(k)).ln()).sum::<f64>();
        sum(bad, FAILS) + sum(runs.saturating_sub(bad), PASSES) - sum(runs, FAILS + PASSES)
    };
    let both = (before.0 + after.0, before.1 + after.1);
    TEMPER * (chance(before) + chance(after) - chance(both))
}

/// Evidence from which on a tab counts as failing more often than before: twice as likely as not.
pub const WORSE: f64 = std::f64::consts::LN_2;

/// Whether runs fail more often after a change than before: by more than chance makes likely.
pub fn is_worse(before: (u32, u32), after: (u32, u32)) -> bool {
    let more = u64::from(after.0) * u64::from(before.1) > u64::from(before.0) * u64::from(after.1);
    before.1 > 0 && more && evidence(before, after) > WORSE
}

impl ComponentTrail {
    /// Takes in what the next older column says.
    fn push(&mut self, column: u32, found: &ComponentVersion) {
        let Some(version) = found.single() else {
            return;
        };
        match self.spans.last_mut() {
            Some(last) if same_version(&last.version, version) => {
                last.oldest = column;
                last.oldest_source = found.source;
                // The longer name says more.
                if version.len() > last.version.len() {
                    last.version = version.into();
                }
            }
            _ => self.spans.push(Span {
                version: version.into(),
                newest: column,
                oldest: column,
                newest_source: found.source,
                oldest_source: found.source,
            }),
        }
    }

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
    use crate::grid::Column;
    use proptest::prelude::*;

    fn version(letter: char, component: &str, kind: ComponentKind) -> ComponentVersion {
        let version = match letter {
            '?' => None,
            '*' => Some("*".to_owned()),
            _ => Some(letter.to_ascii_lowercase().to_string().repeat(9)),
        };
        ComponentVersion {
            component: component.into(),
            kind,
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
    fn trail(infra: &str, product: &str, rows: &[(&str, &str)]) -> Trail {
        let versions: Vec<[ComponentVersion; 2]> = infra
            .chars()
            .zip(product.chars())
            .map(|(infra, product)| {
                [
                    version(infra, "infra", ComponentKind::Infra),
                    version(product, "org/product", ComponentKind::Product),
                ]
            })
            .collect();
        let grid = Grid {
            columns: (0..versions.len())
                .map(|index| Column {
                    build: index.to_string(),
                    started_ms: 1000 - index as i64,
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
        };
        Trail::new(
            &grid,
            THREE,
            |column| &versions[column],
            |column| format!("/{column}"),
        )
    }

    const THREE: Thresholds = Thresholds {
        failures_to_open: 3,
        passes_to_close: 1,
    };

    fn steps(letters: &str) -> Vec<(String, u32, u32, bool)> {
        let trail = trail(letters, letters, &[]);
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
            let trail = trail(infra, product, &[]);
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
        let trail = trail("cbbaa", "aaaaa", &rows);
        let infra = trail.component("infra").expect("it is there");
        let all: Vec<Step<'_>> = infra.steps().collect();
        let names = |kind, steps: &[Step<'_>]| -> Vec<String> {
            let turned = trail.turned(infra, kind, steps);
            turned.iter().map(|turn| turn.row.to_string()).collect()
        };
        assert_eq!(all.len(), 2);
        assert_eq!(names(TurnKind::Broke, &all), ["gap"]);
        assert_eq!(names(TurnKind::Fixed, &all), ["fixed"]);
        assert_eq!(names(TurnKind::Broke, &all[..1]), Vec::<String>::new());
    }

    #[test]
    fn short_failures_count_where_they_are_all_runs_of_a_version() {
        for (versions, row, counts) in [
            ("aaabbaa", "PPPFFPP", true),
            ("aaabbaa", "PPPPFPP", false),
            ("aaabbaa", "PPPFPPP", false),
            ("aaabbaa", "PPFFFPP", true),
            ("aaabaaa", "PPPFPPP", false),
            ("aaabbbb", "PPPFFPP", false),
        ] {
            let trail = trail(versions, versions, &[("row", row)]);
            let infra = trail.component("infra").expect("it is there");
            let steps: Vec<Step<'_>> = infra
                .steps()
                .filter(|step| step.to.starts_with('b'))
                .collect();
            let broke = trail.turned(infra, TurnKind::Broke, &steps);
            assert_eq!(!broke.is_empty(), counts, "{versions} {row}");
        }
    }

    #[test]
    fn runs_before_and_after_are_counted() {
        let rows = [("test", "PFFPPPFP.P")];
        let trail = trail("ccbbbaaaaa", "aaaaaaaaaa", &rows);
        let infra = trail.component("infra").expect("it is there");
        let steps: Vec<Step<'_>> = infra.steps().collect();
        assert_eq!(trail.outcomes(infra, &steps[..1]), ((1, 3), (1, 2)));
        assert_eq!(trail.outcomes(infra, &steps[1..]), ((1, 4), (1, 3)));
        assert_eq!(trail.outcomes(infra, &steps), ((2, 7), (2, 5)));
    }

    #[test]
    fn worse_is_more_than_chance() {
        for (before, after, worse) in [
            ((0, 20), (2, 2), true),
            ((0, 20), (3, 4), true),
            ((4, 20), (3, 4), true),
            ((0, 20), (1, 1), true),
            ((0, 20), (1, 5), false),
            ((2, 20), (1, 3), false),
            ((10, 20), (4, 4), false),
            ((20, 20), (5, 5), false),
            ((0, 0), (5, 5), false),
            ((5, 10), (0, 10), false),
        ] {
            let found = is_worse(before, after);
            assert_eq!(
                found,
                worse,
                "{before:?} {after:?} {}",
                evidence(before, after)
            );
        }
    }

    #[test]
    fn runs_that_fail_outside_of_their_tests_are_told_apart() {
        let rows = [("Overall", "PFFR."), ("Pod", "PPPP."), ("test", "PF.P.")];
        let trail = trail("aaaaa", "aaaaa", &rows);
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
            use crate::transition::find_changes;
            let versions: Vec<ComponentVersion> = letters
                .chars()
                .map(|letter| version(letter, "infra", ComponentKind::Infra))
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
