//! The alert of one row: its current run of failures has reached the threshold
//! (specification 4.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::status::Status;

/// When a row raises and clears an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Failures that open an alert; 0 means never.
    pub failures_to_open: u32,
    /// Passes that close it; 0 counts as 1.
    pub passes_to_close: u32,
}

/// Where an outage lies in its row. Columns are indexes into the grid, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// All failures of the outage; may exceed the unbroken streak.
    pub fail_count: u32,
    /// The newest failure.
    pub latest_fail: usize,
    /// The oldest failure.
    pub first_fail: usize,
    /// The newest pass before the outage; `None` when a flake hides it or the data ends.
    pub latest_pass: Option<usize>,
    /// The oldest column that the rule looked at in full; its headers go into the alert.
    pub last_visited: usize,
}

/// An alert as the API shows it: TestGrid's record, with every build named twice. A `…_build` is the
/// build id, unique in its group; a `…_id` is what TestGrid names that build by (see
/// [`crate::tabulate::View::id_from_header`]), often a commit that several builds share. Times are
/// milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Alert {
    /// All failures of the outage; may exceed the unbroken streak.
    pub fail_count: u32,
    /// The build of the oldest failure.
    pub first_fail_build: String,
    /// TestGrid's `fail_build_id`.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub first_fail_id: String,
    /// When that build began.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub first_fail_ms: i64,
    /// The oldest failing cell's own id, TestGrid's `fail_test_id`; empty when the build says it.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first_fail_cell: String,
    /// The build of the newest failure.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub latest_fail_build: String,
    /// TestGrid's `latest_fail_build_id`.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub latest_fail_id: String,
    /// When that build began.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub latest_fail_ms: i64,
    /// The newest failing cell's own id, TestGrid's `latest_fail_test_id`; empty when the build says
    /// it.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub latest_fail_cell: String,
    /// The newest pass before the outage, when one is known.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub pass_build: Option<String>,
    /// TestGrid's `pass_build_id`.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub pass_id: Option<String>,
    /// When that build began.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub pass_ms: Option<i64>,
    /// The message of the newest failure.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    pub message: String,
    /// The group's `user_property` with its value in the newest failing cell, if it has one.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// The configured headers of the oldest column that the rule looked at in full, by name.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_column_headers: BTreeMap<String, String>,
    /// Whom the oldest failing build itself wants to tell.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub email_addresses: Vec<String>,
    /// Part of TestGrid's record; nothing that Seamgrid reads says any.
    #[cfg_attr(target_family = "wasm", serde(skip_deserializing))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hotlist_ids: Vec<String>,
}

/// A row with its alert, apart from the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertedRow {
    /// The row's name as shown.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// Its alert.
    pub alert: Alert,
}

/// The outage of a row, or `None` when the row raises no alert. `statuses` are the row's cells,
/// newest first, one per column.
///
/// Blank and running cells neither break nor extend a streak; an unknown cell neither counts nor
/// clears; a flake just before the streak hides the last pass.
pub fn find_outage(
    statuses: impl IntoIterator<Item = Status>,
    thresholds: Thresholds,
) -> Option<Outage> {
    let open = thresholds.failures_to_open;
    if open == 0 {
        return None;
    }
    let close = thresholds.passes_to_close.max(1);

    let (mut consecutive, mut total, mut passes) = (0, 0, 0);
    let (mut latest_fail, mut first_fail, mut latest_pass) = (0, 0, None);
    let mut last_visited = 0;
    for (column, status) in statuses.into_iter().enumerate() {
        match status.coalesce(true) {
            Status::NoResult => continue,
            Status::Pass => {
                passes += 1;
                if consecutive >= open {
                    latest_pass = latest_pass.or(Some(column));
                    if passes >= close {
                        break;
                    }
                } else if passes >= close {
                    return None;
                } else {
                    consecutive = 0;
                }
            }
            Status::Fail => {
                passes = 0;
                latest_pass = None;
                consecutive += 1;
                total += 1;
                if total == 1 {
                    latest_fail = column;
                }
                first_fail = column;
            }
            Status::Flaky => {
                passes = 0;
                if consecutive >= open {
                    break;
                }
                consecutive = 0;
            }
            _ => {}
        }
        last_visited = column;
    }
    (consecutive >= open).then_some(Outage {
        fail_count: total,
        latest_fail,
        first_fail,
        latest_pass,
        last_visited,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(letters: &str) -> Vec<Status> {
        letters
            .chars()
            .map(|letter| match letter {
                'P' => Status::Pass,
                'S' => Status::PassWithSkips,
                'F' => Status::Fail,
                'T' => Status::TimedOut,
                'X' => Status::ToolFail,
                'K' => Status::Flaky,
                'R' => Status::Running,
                'U' => Status::Unknown,
                '.' => Status::NoResult,
                other => panic!("no status is written {other}"),
            })
            .collect()
    }

    fn outage(letters: &str, open: u32, close: u32) -> Option<(u32, usize, usize, Option<usize>)> {
        let thresholds = Thresholds {
            failures_to_open: open,
            passes_to_close: close,
        };
        find_outage(series(letters), thresholds).map(|found| {
            (
                found.fail_count,
                found.latest_fail,
                found.first_fail,
                found.latest_pass,
            )
        })
    }

    #[test]
    fn worked_examples() {
        for (letters, open, close, expected) in [
            ("FFFP", 3, 1, Some((3, 0, 2, Some(3)))),
            ("FFP", 3, 1, None),
            ("FFF", 3, 1, Some((3, 0, 2, None))),
            ("PFFF", 3, 1, None),
            ("RFFFP", 3, 1, Some((3, 1, 3, Some(4)))),
            (".F.F.FP", 3, 1, Some((3, 1, 5, Some(6)))),
            ("FRFRFP", 3, 1, Some((3, 0, 4, Some(5)))),
            ("FFFKP", 3, 1, Some((3, 0, 2, None))),
            ("FFKFP", 3, 1, None),
            ("FFFUP", 3, 1, Some((3, 0, 2, Some(4)))),
            ("FUFUFP", 3, 1, Some((3, 0, 4, Some(5)))),
            ("FPFFFPP", 3, 2, Some((4, 0, 4, Some(5)))),
            ("FFFPFPP", 3, 2, Some((4, 0, 4, Some(5)))),
            ("PFFFPP", 3, 2, Some((3, 1, 3, Some(4)))),
            ("PPFFFP", 3, 2, None),
            ("FFFPKP", 3, 2, Some((3, 0, 2, Some(3)))),
            ("FTXFP", 4, 1, Some((4, 0, 3, Some(4)))),
            ("F", 1, 1, Some((1, 0, 0, None))),
            (".F", 1, 1, Some((1, 1, 1, None))),
            ("KF", 1, 1, Some((1, 1, 1, None))),
            ("KKK", 1, 1, None),
            ("FP", 0, 1, None),
            ("FFSP", 2, 1, Some((2, 0, 1, Some(2)))),
            ("FF.RP", 2, 1, Some((2, 0, 1, Some(4)))),
            ("FPFPFP", 2, 3, None),
            ("FFPFFPPP", 2, 3, Some((4, 0, 4, Some(5)))),
        ] {
            assert_eq!(
                outage(letters, open, close),
                expected,
                "{letters} {open} {close}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_alert_has_enough_failures(letters in "[PFKRU.]{0,30}", open in 1u32..5, close in 0u32..4) {
            if let Some((count, latest, first, pass)) = outage(&letters, open, close) {
                prop_assert!(count >= open);
                prop_assert!(latest <= first);
                prop_assert!(pass.is_none_or(|pass| pass > latest));
            }
        }

        #[test]
        fn a_blank_or_running_column_in_front_changes_nothing(
            letters in "[PFKRU.]{0,30}",
            front in "[R.]{1,3}",
        ) {
            let shifted = outage(&format!("{front}{letters}"), 3, 1);
            let by = front.len();
            let plain = outage(&letters, 3, 1).map(|(count, latest, first, pass)| {
                (count, latest + by, first + by, pass.map(|column| column + by))
            });
            prop_assert_eq!(shifted, plain);
        }
    }
}
