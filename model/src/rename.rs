//! Rows that go on under another name.

use std::{collections::HashMap, sync::Arc};

use crate::{
    rle::Runs,
    status::Status,
    tabulate::{GroupResults, StoredRun},
};

/// Gives all results of a test to the name that it has in the newest run that knows it, so that its row
/// keeps its history when what it is called changes. Tests are the same when their identities are; when
/// some run has results under two names of one identity, they are two tests after all, and stay apart.
///
/// TestGrid knows a row by its name alone: there a new name begins a new row.
#[must_use]
pub fn join_renamed(mut results: GroupResults) -> GroupResults {
    let joined = find_renamed(&results);
    if joined.is_empty() {
        return results;
    }
    for run in &mut results.runs {
        if let Some(moved) = move_results(run, &joined) {
            *run = Arc::new(moved);
        }
    }
    results
}

/// The ordinals of older names, each with the ordinal of the newest.
fn find_renamed(results: &GroupResults) -> HashMap<u32, u32> {
    if results.tests.iter().all(|test| test.id == test.name) {
        return HashMap::new();
    }
    let mut by_id: HashMap<&str, Vec<u32>> = HashMap::with_capacity(results.tests.len());
    for (ordinal, test) in results.tests.iter().enumerate() {
        by_id.entry(&test.id).or_default().push(ordinal as u32);
    }
    by_id.retain(|_, ordinals| ordinals.len() > 1);
    if by_id.is_empty() {
        return HashMap::new();
    }
    let mut newest: HashMap<&str, u32> = HashMap::new();
    for run in &results.runs {
        let statuses: Vec<Status> = run.statuses.iter().collect();
        by_id.retain(|id, ordinals| {
            let mut known = ordinals.iter().copied().filter(|&ordinal| {
                let status = statuses.get(ordinal as usize);
                status.is_some_and(|&status| status != Status::NoResult)
            });
            if let Some(ordinal) = known.next() {
                newest.entry(id).or_insert(ordinal);
            }
            known.next().is_none()
        });
    }
    by_id
        .into_iter()
        .filter_map(|(id, ordinals)| Some((*newest.get(id)?, ordinals)))
        .flat_map(|(newest, ordinals)| {
            ordinals
                .into_iter()
                .filter(move |&ordinal| ordinal != newest)
                .map(move |ordinal| (ordinal, newest))
        })
        .collect()
}

/// The run with its results under the newest names; `None` when it has none under an older one.
fn move_results(run: &StoredRun, joined: &HashMap<u32, u32>) -> Option<StoredRun> {
    let mut statuses: Vec<Status> = run.statuses.iter().collect();
    let mut moved = false;
    for (&from, &to) in joined {
        let Some(status) = statuses
            .get_mut(from as usize)
            .filter(|status| **status != Status::NoResult)
            .map(std::mem::take)
        else {
            continue;
        };
        let to = to as usize;
        if statuses.len() <= to {
            statuses.resize(to + 1, Status::NoResult);
        }
        statuses[to] = status;
        moved = true;
    }
    if !moved {
        return None;
    }
    let mut run = run.clone();
    run.statuses = statuses.into_iter().collect::<Runs<Status>>();
    for detail in &mut run.details {
        detail.test = *joined.get(&detail.test).unwrap_or(&detail.test);
    }
    run.details.sort_by_key(|detail| detail.test);
    Some(run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabulate::{StoredDetail, Test, View, tabulate};
    use proptest::prelude::*;

    fn results(tests: &[(&str, &str)], runs: &[&str]) -> GroupResults {
        GroupResults {
            tests: tests
                .iter()
                .map(|(name, id)| Test {
                    name: (*name).to_owned(),
                    id: (*id).to_owned(),
                })
                .collect(),
            runs: runs
                .iter()
                .enumerate()
                .map(|(index, letters)| {
                    Arc::new(StoredRun {
                        build: index.to_string(),
                        statuses: letters
                            .chars()
                            .map(|letter| match letter {
                                'P' => Status::Pass,
                                'F' => Status::Fail,
                                _ => Status::NoResult,
                            })
                            .collect(),
                        details: letters
                            .char_indices()
                            .filter(|&(_, letter)| letter == 'F')
                            .map(|(test, _)| StoredDetail {
                                test: test as u32,
                                message: format!("run {index}"),
                                ..StoredDetail::default()
                            })
                            .collect(),
                        ..StoredRun::default()
                    })
                })
                .collect(),
        }
    }

    /// Name, cells and alert of a row.
    type Seen = (String, String, Option<(u32, String)>);

    fn rows(results: &GroupResults) -> Vec<Seen> {
        let mut rows: Vec<_> = tabulate(results, &View::default())
            .rows
            .into_iter()
            .map(|row| {
                let letters = row.statuses.iter().map(|status| match status {
                    Status::Pass => 'P',
                    Status::Fail => 'F',
                    _ => '.',
                });
                let alert = row.alert.map(|alert| (alert.fail_count, alert.message));
                (row.name, letters.collect(), alert)
            })
            .collect();
        rows.sort();
        rows
    }

    #[test]
    fn a_row_keeps_its_history_under_a_new_name() {
        let renamed = results(
            &[("old", "test"), ("other", "other"), ("new", "test")],
            &[".PF", ".PF", "FP", "PP"],
        );
        let apart = rows(&renamed);
        assert_eq!(apart.len(), 3, "{apart:?}");
        let joined = join_renamed(renamed.clone());
        assert_eq!(
            rows(&joined),
            [
                (
                    "new".to_owned(),
                    "FFFP".to_owned(),
                    Some((3, "run 0".to_owned()))
                ),
                ("other".to_owned(), "PPPP".to_owned(), None),
            ]
        );
        assert_eq!(join_renamed(joined.clone()), joined);
        // Back to the old name: that one is newest then.
        let back = results(&[("old", "test"), ("new", "test")], &["P", ".P", "P"]);
        let back = rows(&join_renamed(back));
        assert_eq!(back, [("old".to_owned(), "PPP".to_owned(), None)]);
    }

    #[test]
    fn two_names_in_one_run_are_two_tests() {
        let both = results(&[("a", "test"), ("b", "test")], &["PP", "P", ".P"]);
        assert_eq!(join_renamed(both.clone()), both);
    }

    proptest! {
        #[test]
        fn no_result_is_lost(
            runs in prop::collection::vec("[PF.]{4}", 1..6),
            ids in prop::collection::vec(0usize..4, 4),
        ) {
            let names = ["a", "b", "c", "d"];
            let tests: Vec<(&str, &str)> = (0..4).map(|at| (names[at], names[ids[at]])).collect();
            let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
            let before = results(&tests, &runs);
            let after = join_renamed(before.clone());
            for (before, after) in before.runs.iter().zip(&after.runs) {
                let count = |run: &StoredRun| {
                    run.statuses.iter().filter(|status| *status != Status::NoResult).count()
                };
                prop_assert_eq!(count(before), count(after));
                prop_assert_eq!(before.details.len(), after.details.len());
            }
        }
    }
}
