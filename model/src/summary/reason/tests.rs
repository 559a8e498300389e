//! The sentences.

use super::*;
use crate::summary::{Movement, MovementState, Movements};

fn build(id: &str) -> BuildRef {
    BuildRef {
        build: id.to_owned(),
        started: DateTime::from_timestamp(1_700_000_000, 0).expect("a time"),
    }
}

fn row(name: &str, count: u32) -> ReasonRow {
    ReasonRow {
        name: name.to_owned(),
        id: name.to_owned(),
        count,
    }
}

fn failing() -> Reason {
    Reason {
        rule: Rule::RowsAlert,
        rows: vec![row("a", 7), row("b", 3)],
        row_count: 2,
        counted_rows: 40,
        failures_to_alert: 3,
        since: Some(build("17")),
        since_rows: 2,
        last_pass: Some(build("16")),
        moved: Some(Moved {
            infra: Movements {
                state: MovementState::Unchanged,
                same: 2,
                ..Movements::default()
            },
            product: Movements {
                state: MovementState::Changed,
                changes: vec![Movement {
                    component: "o/r".into(),
                    from: "a1b2c3d4e5f6a1b2".into(),
                    to: "b2c3d4e5f6a1b2c3".into(),
                    certain: true,
                    compare_url: None,
                }],
                ..Movements::default()
            },
        }),
        ..Reason::default()
    }
}

#[test]
fn a_failing_tab_says_since_when_and_what_moved() {
    let mut reason = failing();
    assert_eq!(
        reason.sentence(),
        "FAILING because 2 rows failed 3+ times since build 17 \
         (infra unchanged, product a1b2c3d4e5..b2c3d4e5f6)"
    );
    reason.rows = vec![row("a", 4)];
    (reason.row_count, reason.since_rows) = (1, 1);
    reason.moved = None;
    reason.last_pass = None;
    reason.overall = Some(OverallRow {
        name: "job.Overall".into(),
        id: "job.Overall".into(),
        latest: Status::Pass,
        ..OverallRow::default()
    });
    assert_eq!(
        reason.sentence(),
        "FAILING because 1 row, a, failed 4 times since build 17 \
         (no pass before it in the data); job.Overall itself passes"
    );
    (reason.row_count, reason.since_rows) = (9, 9);
    if let Some(overall) = &mut reason.overall {
        overall.alert = true;
    }
    assert_eq!(
        reason.sentence(),
        "FAILING because 9 rows failed 3+ times since build 17 \
         (no pass before it in the data); job.Overall is one of them"
    );
}

#[test]
fn a_failing_tab_says_how_many_rows_began_together() {
    const MOVED: &str = "(infra unchanged, product a1b2c3d4e5..b2c3d4e5f6)";
    for (since_rows, row_count, words) in [
        (2, 2, "2 rows failed 3+ times since"),
        (4, 4, "4 rows failed 3+ times since"),
        (3, 4, "4 rows failed 3+ times, 3 of them since"),
        (1, 4, "4 rows failed 3+ times, 1 of them since"),
        (1, 2, "2 rows failed 3+ times, 1 of them since"),
        // Nobody counted.
        (0, 4, "4 rows failed 3+ times since"),
    ] {
        let mut reason = Reason {
            row_count,
            since_rows,
            ..failing()
        };
        assert_eq!(
            reason.sentence(),
            format!("FAILING because {words} build 17 {MOVED}")
        );
        reason.overall = Some(OverallRow {
            name: "live.Overall".into(),
            alert: true,
            ..OverallRow::default()
        });
        assert_eq!(
            reason.sentence(),
            format!("FAILING because {words} build 17 {MOVED}; live.Overall is one of them")
        );
        let json = serde_json::to_value(&reason).expect("a reason is JSON");
        let written = (since_rows > 0).then(|| since_rows.into());
        assert_eq!(json.get("since_rows"), written.as_ref());
    }
}

#[test]
fn every_rule_has_its_sentence() {
    let hour = 3_600_000;
    let long = format!(
        "FLAKY because 1 row, {}…, did not pass in build 5, but none has failed 3 times in a row",
        "é".repeat(100)
    );
    let base = Reason {
        rows: vec![row("é".repeat(200).as_str(), 1)],
        row_count: 1,
        failures_to_alert: 3,
        since: Some(build("5")),
        ..Reason::default()
    };
    let with = |rule| Reason {
        rule,
        ..base.clone()
    };
    for (reason, sentence) in [
        (
            with(Rule::Unread),
            "UNKNOWN because its results are still being read",
        ),
        (Reason::unreadable("it rains"), "UNKNOWN because it rains"),
        (
            with(Rule::NothingStored),
            "STALE because no results are stored",
        ),
        (
            with(Rule::NoFinishedRun),
            "UNKNOWN because no finished run has a result",
        ),
        (
            Reason {
                percent: Some(66.666),
                limit_percent: Some(50.0),
                ..with(Rule::BrokenColumn)
            },
            "BROKEN because 66.7% of the results of build 5 failed, more than 50.0%",
        ),
        (
            Reason {
                age_ms: Some(50 * hour),
                limit_ms: Some(24 * hour),
                ..with(Rule::NotChanged)
            },
            "STALE because its results have not changed for 2 d 2 h, longer than the 1 d that \
             the tab allows",
        ),
        (
            Reason {
                age_ms: Some(4 * hour + 60_000),
                limit_ms: Some(3 * hour),
                interval_ms: Some(hour),
                ..with(Rule::NoNewColumn)
            },
            "STALE because the newest run, build 5, began 4 h 1 min ago, longer than 3 h for a \
             job that runs every 1 h",
        ),
        (
            Reason {
                runs: Some(2),
                of_runs: Some(5),
                ..with(Rule::TooFewRuns)
            },
            "PENDING because only 2 runs count of the 5 recent runs that the tab asks for",
        ),
        (
            Reason {
                runs: Some(1),
                of_runs: Some(8),
                percent: Some(12.5),
                limit_percent: Some(20.0),
                ..with(Rule::AcceptableFlakiness)
            },
            "ACCEPTABLE because 1 of 8 recent runs did not pass: 12.5%, within the accepted 20.0%",
        ),
        (with(Rule::NotPassed), long.as_str()),
        (
            Reason {
                runs: Some(10),
                ..with(Rule::AllPassed)
            },
            "PASSING because all results of the last 10 finished runs passed",
        ),
    ] {
        assert_eq!(reason.sentence(), sentence);
        assert_eq!(
            reason.sentence().split(' ').next(),
            Some(reason.status().word())
        );
        let json = serde_json::to_string(&reason).expect("a reason is JSON");
        let back: Reason = serde_json::from_str(&json).expect("its own JSON");
        assert_eq!(back, reason);
    }
}
