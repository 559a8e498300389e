//! Since when a failing tab fails, and what moved before.

use super::*;

#[test]
fn a_failing_tab_says_what_moved() {
    let mut grid = alerting_grid(&["FFFP", "FFPP", "PPPP"], 4, 2);
    grid.rows[2].name = "job.Overall".into();
    let version = |component: &str, version: &str| VersionOf {
        component: component.into(),
        version: Some(version.into()),
        source: Source::CloneRecord,
        evidence: None,
    };
    for (index, column) in grid.columns.iter_mut().enumerate() {
        column.infra = vec![version("test-infra", "1111111111")];
        let product = if index < 3 {
            "bbbbbbbbbbbb"
        } else {
            "aaaaaaaaaaaa"
        };
        column.product = vec![version("o/r", product)];
    }
    let link = |component: &str, _: ComponentKind, from: &str, to: &str| {
        Some(format!("{component}:{from}...{to}"))
    };
    let found = summarize(&grid, Options::default(), Some(0), &link, 0);
    assert_eq!(
        found.reason.sentence(),
        "FAILING because 2 rows failed 2+ times, 1 of them since build 2 (infra unchanged, product \
         aaaaaaaaaa..bbbbbbbbbb); job.Overall itself passes"
    );
    assert_eq!((found.failing_rows, found.counted_rows), (2, 3));
    let rows = failing_rows(&grid, 1, &link);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].fail_count, rows[0].last_pass_build.as_deref()),
        (3, Some("3"))
    );
    let moved = rows[0].moved.as_ref().expect("a pass is known");
    assert_eq!(moved.infra.state, MovementState::Unchanged);
    assert_eq!(
        moved.product.changes[0].compare_url.as_deref(),
        Some("o/r:aaaaaaaaaaaa...bbbbbbbbbbbb")
    );
    // A version that is not known at one end may have moved.
    grid.columns[3].infra.clear();
    let found = summarize(&grid, Options::default(), Some(0), &link, 0);
    let infra = &found.reason.moved.as_ref().expect("a pass is known").infra;
    assert_eq!(infra.state, MovementState::Unknown);
    assert_eq!(infra.unknown, ["test-infra"]);
}

#[test]
fn a_failing_tab_says_since_when_most_of_its_rows_fail() {
    // Newest first; the columns are builds 0 to 7. A row is a name and its results.
    for (rows, since, since_rows, last_pass) in [
        // All began together, and of one the last pass is nearer.
        (&["a FFFPPPPP", "b FFF.PPPP"][..], "2", 2, Some("3")),
        (&["a FFF.PPPP", "b FFFPPPPP"], "2", 2, Some("3")),
        // Most did; one has failed for longer.
        (
            &["a FFFFFFPP", "b FFFPPPPP", "c FFFPPPPP"],
            "2",
            2,
            Some("3"),
        ),
        // As many: the one that began first, though the other's last pass is nearer.
        (&["a FFFPPPPP", "b FFFF.PPP"], "3", 1, Some("5")),
        (
            &["a FFPPPPPP", "b FFPPPPPP", "c FFFFPPPP", "d FFFFPPPP"],
            "3",
            2,
            Some("4"),
        ),
        // How the job ended has reasons of its own.
        (
            &["Overall FFFFFFFP", "a FFFPPPPP", "b FFFPPPPP", "c FFFPPPPP"],
            "2",
            3,
            Some("3"),
        ),
        (&["live.Overall FFFFFFFP", "a FFFPPPPP"], "2", 1, Some("3")),
        // It is counted where it began at the same build, but does not choose.
        (&["live.Overall FFFPPPPP", "a FFF.PPPP"], "2", 2, Some("4")),
        (
            &["live.Overall FFFPPPPP", "a FFFPPPPP", "b FFFFPPPP"],
            "3",
            1,
            Some("4"),
        ),
        // A group of several jobs has several.
        (
            &[
                "x.Overall FFFFFPPP",
                "y.Overall FFFFFPPP",
                "z.Overall PPPPPPPP",
                "a FFFPPPPP",
            ],
            "2",
            1,
            Some("3"),
        ),
        // Where one is named `Overall` alone, the others are rows as any.
        (
            &["Overall PPPPPPPP", "x.Overall FFFFFPPP", "a FFFPPPPP"],
            "4",
            1,
            Some("5"),
        ),
        // Nothing else fails.
        (&["live.Overall FFFFPPPP", "a PPPPPPPP"], "3", 1, Some("4")),
        (
            &["x.Overall FFFFPPPP", "y.Overall FFPPPPPP"],
            "3",
            1,
            Some("4"),
        ),
        // The data has no pass.
        (&["a FFFFFFFF", "b FFFFFFFF", "c FFPPPPPP"], "7", 2, None),
    ] {
        let (names, letters): (Vec<&str>, Vec<&str>) = rows
            .iter()
            .map(|row| row.split_once(' ').expect("a name"))
            .unzip();
        let mut grid = alerting_grid(&letters, 8, 2);
        for (row, name) in grid.rows.iter_mut().zip(names) {
            row.name = name.into();
            row.id = name.into();
        }
        let found = summarize(&grid, Options::default(), Some(0), &no_link, 0).reason;
        assert_eq!(
            (
                found.since.as_ref().map(|build| build.build.as_str()),
                found.since_rows,
                found.last_pass.as_ref().map(|build| build.build.as_str()),
                found.moved.is_some()
            ),
            (Some(since), since_rows, last_pass, last_pass.is_some()),
            "{rows:?}"
        );
    }
}

#[test]
fn a_failing_tab_does_not_blame_all_rows_on_what_one_of_them_saw() {
    let mut grid = alerting_grid(&["FFFFFP", "FFFPPP", "FFFPPP", "FFFPPP"], 6, 2);
    grid.rows[0].name = "live.Overall".into();
    for (index, column) in grid.columns.iter_mut().enumerate() {
        let version = if index < 3 { "v99" } else { "v11" };
        column.infra = vec![VersionOf {
            component: "runner".into(),
            version: Some(version.into()),
            source: Source::CloneRecord,
            evidence: None,
        }];
    }
    let found = summarize(&grid, Options::default(), Some(0), &no_link, 0).reason;
    assert_eq!(
        found.sentence(),
        "FAILING because 4 rows failed 3+ times, 3 of them since build 2 (infra runner v11..v99, \
         product unknown); live.Overall is one of them"
    );
    // Where no rows alert, nothing is counted.
    for rows in [["PFPP"], ["PPPP"]] {
        assert_eq!(
            summary(&rows, 4, Options::default()).reason.since_rows,
            0,
            "{rows:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_build_is_where_more_rows_began_to_fail(
        rows in prop::collection::vec("[PFKR.]{6}", 1..8),
        overall in "[PFKR.]{6}",
    ) {
        let mut letters: Vec<&str> = rows.iter().map(String::as_str).collect();
        let reason = |grid: &Grid| summarize(grid, Options::default(), Some(0), &no_link, 0).reason;
        let grid = alerting_grid(&letters, 6, 2);
        let found = reason(&grid);
        let alerts: Vec<&Alert> = counted_rows(&grid).filter_map(|row| row.alert.as_ref()).collect();
        let began = |build: &str| {
            let began = alerts.iter().filter(|alert| alert.first_fail_build == build);
            began.count() as u32
        };
        let since = found.since.as_ref().map(|since| since.build.as_str());
        if found.rule == Rule::RowsAlert {
            prop_assert_eq!(found.since_rows, began(since.unwrap_or_default()));
            for alert in &alerts {
                prop_assert!(began(&alert.first_fail_build) <= found.since_rows);
            }
            prop_assert_eq!(
                found.sentence().contains(" of them since "),
                found.since_rows < found.row_count
            );
        } else {
            prop_assert_eq!(found.since_rows, 0);
        }
        // How the job ended does not change since when its rows fail.
        letters.push(&overall);
        let mut grid = alerting_grid(&letters, 6, 2);
        grid.rows[rows.len()].name = "job.Overall".into();
        let with = reason(&grid);
        if found.rule == Rule::RowsAlert {
            prop_assert_eq!(&with.since, &found.since);
            prop_assert_eq!(&with.last_pass, &found.last_pass);
            prop_assert_eq!(&with.moved, &found.moved);
        }
    }
}
