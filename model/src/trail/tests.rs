use super::*;
use crate::{
    attribution::Fared,
    grid::{Column, Row},
    infra::{ComponentKind, Source},
    status::Status,
};
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
    let all: Vec<Crossing<'_>> = infra.single_crossings().collect();
    let names = |kind, crossings: &[Crossing<'_>]| -> Vec<String> {
        let turned = trail.turned(infra, kind, crossings);
        turned.iter().map(|turn| turn.row.to_string()).collect()
    };
    assert_eq!(all.len(), 2);
    assert_eq!(names(TurnKind::Broke, &all), ["gap"]);
    assert_eq!(names(TurnKind::Fixed, &all), ["fixed"]);
    assert_eq!(names(TurnKind::Broke, &all[..1]), Vec::<String>::new());
}

#[test]
fn what_came_and_went_within_a_range_is_no_difference() {
    for (row, broke, fixed) in [
        ("PPFFFPPPP", false, false),
        ("FFFFFPPPP", true, false),
        ("FPFFFPPPP", false, false),
        ("PPPPPFFFF", false, true),
        ("FFFPPFFFF", false, false),
        // Between two runs of one version: no change of a version did that.
        ("FFFFFFPPP", false, false),
        ("PPPPPPPPP", false, false),
    ] {
        let trail = trail("fedccbbaa", "aaaaaaaaa", &[("row", row)]);
        let infra = trail.component("infra").expect("it is there");
        // From a to e; f came later.
        let range = infra.crossings(|step| step.to < "f");
        assert_eq!(range.len(), 1);
        let turned = |kind| !trail.turned(infra, kind, &range).is_empty();
        assert_eq!(turned(TurnKind::Broke), broke, "{row}");
        assert_eq!(turned(TurnKind::Fixed), fixed, "{row}");
    }
}

#[test]
fn steps_apart_are_ways_of_their_own() {
    let trail = trail("babcbaa", "aaaaaaa", &[]);
    let infra = trail.component("infra").expect("it is there");
    let forward = infra.crossings(|step| step.from < step.to);
    let ends: Vec<(u32, u32)> = forward.iter().map(|it| (it.newer(), it.older())).collect();
    assert_eq!(ends, [(0, 1), (3, 5)]);
    assert_eq!(forward[1].steps().len(), 2);
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
        let crossings = infra.crossings(|step| step.to.starts_with('b'));
        let broke = trail.turned(infra, TurnKind::Broke, &crossings);
        assert_eq!(!broke.is_empty(), counts, "{versions} {row}");
    }
}

#[test]
fn runs_before_and_after_are_counted() {
    let rows = [("test", "PFFPPPFP.P")];
    let trail = trail("ccbbbaaaaa", "aaaaaaaaaa", &rows);
    let infra = trail.component("infra").expect("it is there");
    let single: Vec<Crossing<'_>> = infra.single_crossings().collect();
    assert_eq!(trail.outcomes(infra, &single[..1]), ((1, 3), (1, 2)));
    assert_eq!(trail.outcomes(infra, &single[1..]), ((1, 4), (1, 3)));
    assert_eq!(trail.outcomes(infra, &single), ((2, 7), (2, 5)));
    // As one way only its ends count.
    let whole = infra.crossings(|_| true);
    assert_eq!(trail.outcomes(infra, &whole), ((1, 4), (1, 2)));
}

#[test]
fn worse_is_more_than_chance() {
    for (before, after, worse) in [
        ((0, 20), (2, 2), true),
        ((0, 20), (3, 4), true),
        ((2, 20), (3, 4), true),
        ((4, 20), (3, 4), false),
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

/// `(bad, runs)` before and after, of failures that began there, across the newest step.
fn faring(trail: &Trail) -> ((u32, u32), (u32, u32)) {
    let infra = trail.component("infra").expect("it is there");
    let newest: Vec<Crossing<'_>> = infra.single_crossings().take(1).collect();
    let found = trail.faring(&newest);
    let pair = |fared: Fared| (fared.bad(), fared.runs());
    (pair(found.before), pair(found.after))
}

#[test]
fn what_failed_before_a_version_is_not_its_fault() {
    for (versions, first, second, before, after) in [
        // The same test goes on failing; another begins to.
        (
            "bbbbaaaaaaaa",
            "FFFFFFPPPPPP",
            "PPPPPPPPPPPP",
            (1, 8),
            (0, 4),
        ),
        (
            "bbbbaaaaaaaa",
            "FFFFFFPPPPPP",
            "FFFFPPPPPPPP",
            (1, 8),
            (4, 4),
        ),
        // What failed for long before tells of one cause, not of a rate.
        (
            "bbbaaaaaaaaa",
            "PPPFFFFPPPPP",
            "FFFPPPPPPPPP",
            (1, 9),
            (3, 3),
        ),
        // Runs of earlier versions tell of the rate, too.
        (
            "bbbacacacaca",
            "PFFPPFPFPFPP",
            "PPPPPPPPPPPP",
            (3, 9),
            (2, 3),
        ),
        (
            "bbbacacacaca",
            "PFFPPPPPPPPP",
            "PPPPPPPPPPPP",
            (0, 9),
            (2, 3),
        ),
    ] {
        let trail = trail(versions, versions, &[("one", first), ("two", second)]);
        assert_eq!(
            faring(&trail),
            (before, after),
            "{versions} {first} {second}"
        );
    }
}

#[test]
fn a_row_under_another_name_goes_on_failing() {
    for (rows, after) in [
        // Renamed with the version: what failed before fails on.
        (&[("old", "....FFPPPPPP"), ("new", "FFFF........")][..], 0),
        // One more than was there.
        (
            &[
                ("old", "....FFPPPPPP"),
                ("new", "FFFF........"),
                ("more", "FFFF........"),
            ],
            4,
        ),
        // Renamed while it passed: nothing is known of it under the new name but that it fails.
        (&[("old", "....PPPPPPPP"), ("new", "FFFF........")], 4),
        // Renamed earlier.
        (&[("old", ".....FFPPPPP"), ("new", "FFFFF.......")], 0),
        // It is there only where it fails, and that is now and then.
        (&[("other", "PPPPPPPPPPPP"), ("seldom", ".F..F...F...")], 1),
    ] {
        let trail = trail("bbbbaaaaaaaa", "aaaaaaaaaaaa", rows);
        assert_eq!(faring(&trail).1, (after, 4), "{rows:?}");
        let infra = trail.component("infra").expect("it is there");
        let all = infra.crossings(|_| true);
        for kind in [TurnKind::Broke, TurnKind::Fixed] {
            assert!(trail.turned(infra, kind, &all).is_empty(), "{rows:?}");
        }
    }
}

#[test]
fn a_product_that_came_with_the_failures_is_seen() {
    for (product, row, came) in [
        ("aaaaaa", "FFFPPP", false),
        ("bbbaaa", "FFFPPP", true),
        ("baaaaa", "FFFPPP", false),
        ("baaaaa", "FPPPPP", true),
        ("aa?aaa", "FFFPPP", false),
        ("b??aaa", "FFFPPP", true),
        ("bbbaaa", "PPPPPP", false),
    ] {
        let trail = trail("bbbaaa", product, &[("row", row)]);
        let infra = trail.component("infra").expect("it is there");
        let crossings = infra.crossings(|_| true);
        assert_eq!(
            trail.product_came(infra, &crossings),
            came,
            "{product} {row}"
        );
        let began = trail.began_to_fail(&crossings).count();
        assert_eq!(began, usize::from(row.contains('F')), "{row}");
    }
}

#[test]
fn a_product_does_not_speak_against_itself() {
    let trail = trail("aaaaaa", "bbbaaa", &[("row", "FFFPPP")]);
    let mut components = trail.components.iter();
    let product = components.find(|it| it.kind == ComponentKind::Product);
    let product = product.expect("it is there");
    assert!(!trail.product_came(product, &product.crossings(|_| true)));
}

#[test]
fn runs_before_a_product_came_are_told_apart() {
    for (product, row, alone) in [
        // All of them; those before it came; none, where it came with the version or is not known.
        ("aaaaaa", "FFFPPP", (3, 3)),
        ("bbaaaa", "FFFPPP", (1, 1)),
        ("baaaaa", "FPPPPP", (0, 2)),
        ("bbbaaa", "FFFPPP", (0, 0)),
        ("b??aaa", "FFFPPP", (0, 0)),
        // What goes away again was there.
        ("abaaaa", "FFFPPP", (1, 1)),
    ] {
        let trail = trail("bbbaaa", product, &[("row", row)]);
        let infra = trail.component("infra").expect("it is there");
        let found = trail.faring_alone(infra, &infra.crossings(|_| true));
        assert_eq!(
            (found.after.bad(), found.after.runs()),
            alone,
            "{product} {row}"
        );
        assert_eq!(found.before.runs(), 3);
    }
}

#[test]
fn runs_that_failed_each_in_another_test_are_no_failure_of_the_version() {
    let rows = [
        ("job.Overall", "PPPFFPP"),
        ("one", "PPPFPPP"),
        ("two", "PPPPFPP"),
    ];
    let tell = |rows: &[(&str, &str)]| {
        let trail = trail("aaabbaa", "aaaaaaa", rows);
        let infra = trail.component("infra").expect("it is there");
        let crossings: Vec<Crossing<'_>> = infra.single_crossings().skip(1).collect();
        trail.turned(infra, TurnKind::Broke, &crossings).len()
    };
    assert_eq!(tell(&rows), 0);
    // Where no test failed, that is all that there is.
    assert_eq!(tell(&rows[..1]), 1);
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
