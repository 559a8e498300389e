//! A grid without what only its readers need.

use crate::{
    alert::find_outage,
    grid::{Column, Grid, Row},
    infra::{ComponentKind, ComponentVersion},
};

use super::{
    GroupResults, StoredRun, View, build_alert, for_each_row, shown_runs, sort_rows, transitions,
    versions_of,
};

/// The grid that [`super::tabulate`] builds, without what cells say, links, headers, problems and counts:
/// what a tab's status and summary follow from, at a small part of the cost. Rows, their statuses, alerts
/// and order are the same. A column has its versions only where an alert began or had its last pass, and
/// transitions are those of the newest `seams` columns, with nothing counted.
pub fn sketch(results: &GroupResults, view: &View<'_>, seams: usize) -> Grid {
    let kept: Vec<bool> = results
        .tests
        .iter()
        .map(|test| (view.keep)(&test.name))
        .collect();
    let runs = shown_runs(results, &kept);
    let mut columns: Vec<Column> = runs
        .iter()
        .map(|run| Column {
            build: run.build.clone(),
            label: run.label.clone(),
            started_ms: run.started_ms,
            finished_ms: run.finished_ms,
            ..Column::default()
        })
        .collect();
    let mut rows = Vec::with_capacity(results.tests.len());
    for_each_row(results, &runs, &kept, |ordinal, statuses| {
        let outage = find_outage(statuses.iter(), view.thresholds);
        if let Some(outage) = &outage {
            for column in [Some(outage.first_fail), outage.latest_pass]
                .into_iter()
                .flatten()
            {
                describe(&mut columns[column], runs[column]);
            }
        }
        rows.push(Row {
            name: results.tests[ordinal].name.clone(),
            id: results.tests[ordinal].id.clone(),
            statuses,
            cells: Vec::new(),
            alert: outage.map(|outage| build_alert(ordinal as u32, &outage, &runs, view)),
        });
    });
    sort_rows(&mut rows);
    let mut transitions = transitions(&runs[..reach(&runs, seams)], view);
    transitions.retain(|transition| (transition.column as usize) < seams);
    Grid {
        version: String::new(),
        total_columns: columns.len() as u32,
        columns,
        rows,
        transitions,
        recent: view.recent,
        failures_to_alert: view.thresholds.failures_to_open,
    }
}

/// Gives a column its versions, once.
fn describe(column: &mut Column, run: &StoredRun) {
    if column.infra.is_empty() && column.product.is_empty() {
        column.infra = versions_of(run, ComponentKind::Infra);
        column.product = versions_of(run, ComponentKind::Product);
    }
}

/// How many of the newest runs decide about the seams of the newest `seams` columns: so many that each of
/// their components is known once more behind them.
fn reach(runs: &[&StoredRun], seams: usize) -> usize {
    let seams = seams.min(runs.len());
    let name = |version: &'_ ComponentVersion| (version.kind, version.component.clone());
    let mut wanted: Vec<_> = runs[..seams]
        .iter()
        .flat_map(|run| run.versions())
        .map(name)
        .collect();
    wanted.sort();
    wanted.dedup();
    for (column, run) in runs.iter().enumerate().skip(seams) {
        if wanted.is_empty() {
            return column;
        }
        for version in run.versions() {
            if version.single().is_some() {
                wanted.retain(|(kind, component)| {
                    (*kind, component) != (version.kind, &version.component)
                });
            }
        }
    }
    runs.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tabulate::{
        tabulate,
        tests::{results, run},
    };

    proptest! {
        #[test]
        fn a_sketch_is_the_grid_with_less(
            columns in prop::collection::vec("[PFKR.]{4}", 0..12),
            versions in prop::collection::vec("[ab*]", 12),
            seams in 0usize..14,
            kept in 0usize..3,
        ) {
            let runs = columns.iter().enumerate().map(|(at, letters)| {
                let (infra, product) = (&versions[at], &versions[at * 5 % 12]);
                let infra = infra.replace('*', "");
                run(columns.len() - at, letters, &infra, product)
            });
            let results = results(4, runs.collect());
            let view = View { keep: &|row| !row.ends_with(&kept.to_string()), ..View::default() };
            let (whole, sketch) = (tabulate(&results, &view), sketch(&results, &view, seams));
            let bare = |grid: &Grid| -> Vec<_> {
                let columns = grid.columns.iter();
                columns.map(|column| (column.build.clone(), column.started_ms)).collect()
            };
            prop_assert_eq!(bare(&sketch), bare(&whole));
            prop_assert_eq!(sketch.rows.len(), whole.rows.len());
            for (few, all) in sketch.rows.iter().zip(&whole.rows) {
                prop_assert_eq!((&few.name, &few.statuses, &few.alert), (&all.name, &all.statuses, &all.alert));
                let ends = all.alert.iter().flat_map(|alert| {
                    [Some(&alert.first_fail_build), alert.pass_build.as_ref()].into_iter().flatten()
                });
                for build in ends {
                    let column = whole.column_of(build).expect("a column");
                    prop_assert_eq!(&sketch.columns[column].infra, &whole.columns[column].infra);
                    prop_assert_eq!(&sketch.columns[column].product, &whole.columns[column].product);
                }
            }
            let places = |grid: &Grid| -> Vec<_> {
                let newest = grid.transitions.iter().filter(|at| (at.column as usize) < seams);
                newest.map(|at| (at.column, at.kind, at.from.clone(), at.to.clone())).collect()
            };
            prop_assert_eq!(places(&sketch), places(&whole));
        }
    }
}
