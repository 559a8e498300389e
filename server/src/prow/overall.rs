//! The Overall row: how the build as a whole went.

use model::{run::Cell, status::Status};

use super::{finished::Finished, text::cut_message};

/// How long a build may take without a word.
pub const BUILD_DEADLINE_MS: i64 = 24 * 3600 * 1000;
/// How long files may still arrive after a build's end.
pub const UPLOAD_DEADLINE_MS: i64 = 3600 * 1000;

/// What is said of a failure that no test shows: a strong sign of trouble with the infrastructure.
pub const OUTSIDE_OF_TESTS: &str = "Build failed outside of test results";

/// When nothing more is to be expected of a build.
pub fn deadline_ms(started_ms: i64, finished_ms: Option<i64>) -> i64 {
    match finished_ms {
        Some(finished_ms) => finished_ms.saturating_add(UPLOAD_DEADLINE_MS),
        None => started_ms.saturating_add(BUILD_DEADLINE_MS),
    }
}

/// What the Overall row says; TestGrid's rules, the first that applies. `malformed` names the files
/// that could not be used, sorted; `late` is whether the deadline has passed; `any_failed` whether
/// some test failed.
pub fn overall_cell(
    malformed: &[String],
    started_ms: i64,
    finished: Option<&Finished>,
    late: bool,
    any_failed: bool,
) -> Cell {
    let mut cell = judge(malformed, started_ms, finished, late);
    if cell.status == Status::Fail && cell.message.is_empty() && !any_failed {
        cell.icon = "F".into();
        cell.message = OUTSIDE_OF_TESTS.into();
    }
    cell
}

fn judge(malformed: &[String], started_ms: i64, finished: Option<&Finished>, late: bool) -> Cell {
    if !malformed.is_empty() {
        return Cell {
            icon: "E".into(),
            message: cut_message(
                format!("Malformed artifacts: {}", malformed.join(", ")).as_bytes(),
            ),
            ..Cell::plain(Status::Fail)
        };
    }
    let Some((finished, ended)) =
        finished.and_then(|finished| Some((finished, finished.timestamp?)))
    else {
        return if late {
            Cell {
                icon: "T".into(),
                message: "Build did not complete within 24 hours".into(),
                ..Cell::plain(Status::Fail)
            }
        } else {
            Cell {
                icon: "R".into(),
                message: "Build still running...".into(),
                ..Cell::plain(Status::Running)
            }
        };
    };
    let verdict = |passed| if passed { Status::Pass } else { Status::Fail };
    let mut cell = match (finished.passed, finished.result.as_str()) {
        (Some(passed), _) => Cell::plain(verdict(passed)),
        (None, "") => Cell::plain(Status::Fail),
        (None, result) => {
            let passed = result == "SUCCESS";
            Cell {
                icon: "E".into(),
                message: format!("finished.json missing \"passed\": {passed}"),
                ..Cell::plain(verdict(passed))
            }
        }
    };
    let took_ms = ended.saturating_mul(1000).saturating_sub(started_ms);
    if started_ms > 0 && took_ms > 0 {
        cell.seconds = Some(took_ms as f32 / 1000.0);
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_applies_decides() {
        let finished = |timestamp, passed, result: &str| Finished {
            timestamp,
            passed,
            result: result.into(),
            ..Finished::default()
        };
        let broken = ["a.xml: x".to_owned(), "b.xml: y".to_owned()];
        for (malformed, finished, late, any_failed, status, icon, message) in [
            (
                &broken[..],
                Some(finished(Some(160), Some(true), "")),
                false,
                false,
                Status::Fail,
                "E",
                "Malformed artifacts: a.xml: x, b.xml: y",
            ),
            (
                &[],
                Some(finished(Some(160), Some(true), "")),
                true,
                false,
                Status::Pass,
                "",
                "",
            ),
            (
                &[],
                Some(finished(Some(160), Some(false), "SUCCESS")),
                false,
                true,
                Status::Fail,
                "",
                "",
            ),
            (
                &[],
                Some(finished(Some(160), Some(false), "")),
                false,
                false,
                Status::Fail,
                "F",
                OUTSIDE_OF_TESTS,
            ),
            (
                &[],
                Some(finished(Some(160), None, "SUCCESS")),
                false,
                false,
                Status::Pass,
                "E",
                "finished.json missing \"passed\": true",
            ),
            (
                &[],
                Some(finished(Some(160), None, "FAILURE")),
                false,
                false,
                Status::Fail,
                "E",
                "finished.json missing \"passed\": false",
            ),
            (
                &[],
                Some(finished(Some(160), None, "")),
                false,
                true,
                Status::Fail,
                "",
                "",
            ),
            (
                &[],
                Some(finished(None, Some(true), "")),
                true,
                false,
                Status::Fail,
                "T",
                "Build did not complete within 24 hours",
            ),
            (
                &[],
                None,
                true,
                false,
                Status::Fail,
                "T",
                "Build did not complete within 24 hours",
            ),
            (
                &[],
                None,
                false,
                false,
                Status::Running,
                "R",
                "Build still running...",
            ),
        ] {
            let cell = overall_cell(malformed, 100_000, finished.as_ref(), late, any_failed);
            assert_eq!(
                (cell.status, cell.icon.as_str(), cell.message.as_str()),
                (status, icon, message)
            );
            if malformed.is_empty() && finished.is_some_and(|finished| finished.timestamp.is_some())
            {
                assert_eq!(cell.seconds, Some(60.0));
            }
        }
    }

    #[test]
    fn deadlines_are_a_day_or_an_hour() {
        assert_eq!(deadline_ms(0, None), 86_400_000);
        assert_eq!(deadline_ms(0, Some(1000)), 3_601_000);
        assert_eq!(deadline_ms(i64::MAX, None), i64::MAX);
    }
}
