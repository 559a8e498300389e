//! TestGrid's rules, by vectors.

use std::path::Path;

use seamgrid::conformance::{Problem, evaluate};

use crate::shared::shared;

fn evaluate_shared(name: &str) -> seamgrid::conformance::Outcome {
    let bytes = std::fs::read(shared(&format!("conformance/{name}"))).expect("a file of vectors");
    evaluate(&bytes)
}

#[test]
fn the_worked_examples_and_the_random_vectors_pass() {
    for (name, vectors) in [("worked-examples.json", 60), ("random.json", 900)] {
        let outcome = evaluate_shared(name);
        let failed: Vec<String> = outcome.mismatches.iter().map(ToString::to_string).collect();
        assert!(failed.is_empty(), "{name}: {}", failed.join("\n"));
        assert_eq!(outcome.passed, vectors, "{name}");
    }
}

#[test]
fn a_wrong_vector_fails_and_says_how() {
    let outcome = evaluate(
        br#"{
            "alert": [
                {"series": "FFFP", "open": 3, "close": 1, "want": null},
                {"series": "FFFP", "open": 3, "close": 1, "want": {"count": 3, "pass_col": 2}},
                {"series": "FFP", "open": 3, "close": 1, "want": {"count": 2}},
                {"series": "FFP", "open": 3, "close": 1, "want": null}
            ],
            "status": [
                {"rows": ["PPF"], "recent": 3, "want": "PASS", "latest_green": "1"},
                {"rows": [["PASS", "TIMED_OUT"]], "recent": 1, "want": {"status": "PASS"}}
            ],
            "metrics": [
                {"rows": ["PF"], "recent": 2, "threshold": 0.5, "broken": false,
                 "want": {"passingCols": 1, "completedCols": 2, "passingCells": 1, "filledCells": 2}}
            ],
            "flip": [{"series": "pfpfp", "want": 40.1}, {"series": "pfpfp", "want": 40}]
        }"#,
    );
    assert_eq!(outcome.passed, 3);
    let said: Vec<String> = outcome.mismatches.iter().map(ToString::to_string).collect();
    let expected = [
        r#"alert 0: alert: wanted null, got {"count":3"#,
        "alert 1: pass_col: wanted 2, got 3; input ",
        r#"alert 2: alert: wanted {"count":2}, got null"#,
        "flip 0: want: wanted 40.1, got 40.0",
        "metrics 0: broken: wanted false, got true",
        r#"status 0: latest_green: wanted "1", got "0", status: wanted "PASS", got "FLAKY""#,
    ];
    for wanted in expected {
        assert!(
            said.iter().any(|line| line.starts_with(wanted)),
            "{wanted} is not in {said:#?}"
        );
    }
}

#[test]
fn what_is_not_known_is_a_failure() {
    for (text, why) in [
        ("", "the file is not JSON: "),
        ("[]", "the file is no JSON object of areas"),
        ("{}", "the file has no vectors"),
        (r#"{"flip": []}"#, "the file has no vectors"),
        (
            r#"{"alerts": []}"#,
            "there is no area of this name; the areas are alert, status, metrics, flip",
        ),
        (r#"{"flip": {}}"#, "an area must be a list of vectors"),
        (r#"{"flip": [1]}"#, "the vector is malformed: "),
        (
            r#"{"flip": [{"series": "x", "want": 0}]}"#,
            "\"x\" is none of the results p, f and k",
        ),
        (
            r#"{"flip": [{"series": "p", "want": 0, "more": 1}]}"#,
            "the vector is malformed: unknown field `more`",
        ),
        (
            r#"{"alert": [{"series": "F", "open": 1, "close": 1}]}"#,
            "the vector is malformed: it has no field `want`",
        ),
        (
            r#"{"alert": [{"series": "Z", "open": 1, "close": 1, "want": null}]}"#,
            "\"Z\" is neither the name nor the letter of a status",
        ),
        (
            r#"{"alert": [{"series": "F", "open": 1, "close": 1, "want": {"colour": 1}}]}"#,
            "the vector is malformed: there is no field `colour`",
        ),
        (
            r#"{"status": [{"rows": ["P"], "recent": 1, "want": {"broken": false}}]}"#,
            "the vector is malformed: it does not say status",
        ),
    ] {
        let outcome = evaluate(text.as_bytes());
        assert_eq!((outcome.passed, outcome.mismatches.len()), (0, 1), "{text}");
        match &outcome.mismatches[0].problem {
            Problem::Malformed(said) => assert!(said.starts_with(why), "{text}: {said}"),
            Problem::Differs { .. } => panic!("{text} was evaluated"),
        }
    }
}

#[test]
fn the_command_counts_and_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("wrong.json"),
        r#"{"flip": [{"series": "p", "want": 1}]}"#,
    )
    .expect("written");
    let vectors = shared("conformance/random.json");
    let run = |files: &[&Path]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_seamgrid"))
            .current_dir(folder.path())
            .arg("conformance")
            .args(files)
            .output()
            .expect("the program starts");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("text"),
        )
    };
    assert_eq!(
        run(&[&vectors]),
        (Some(0), "900 passed, 0 failed\n".to_owned())
    );
    let (code, said) = run(&[&vectors, Path::new("wrong.json"), Path::new("none.json")]);
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[0],
        r#"wrong.json: flip 0: want: wanted 1.0, got 0.0; input {"series":"p","want":1}"#
    );
    assert!(lines[1].starts_with("none.json: the file cannot be read: "));
    assert_eq!(lines[2], "900 passed, 2 failed");
}
