//! What a build becomes, rule by rule.

use super::*;

#[test]
fn unfinished_builds_stay_open_until_their_deadline() {
    let group = TestGroup::default();
    for (files, now_ms, open, overall, pod) in [
        (
            &[("started.json", START)][..],
            START_MS,
            true,
            (Status::Running, "R", "Build still running..."),
            None,
        ),
        (
            &[("started.json", START)],
            START_MS + 24 * HOUR_MS + 1,
            false,
            (Status::Fail, "T", "Build did not complete within 24 hours"),
            Some(Status::PassWithSkips),
        ),
        (
            &[("started.json", START), ("finished.json", PASSED)],
            END_MS + HOUR_MS,
            true,
            (Status::Pass, "", ""),
            Some(Status::Running),
        ),
        (
            &[("started.json", START), ("finished.json", PASSED)],
            END_MS + HOUR_MS + 1,
            false,
            (Status::Pass, "", ""),
            Some(Status::PassWithSkips),
        ),
        (
            &[
                ("started.json", START),
                ("finished.json", PASSED),
                (
                    "podinfo.json",
                    b"{\"pod\":{\"status\":{\"phase\":\"Succeeded\"}}}",
                ),
            ],
            END_MS,
            false,
            (Status::Pass, "", ""),
            Some(Status::Pass),
        ),
        (
            &[
                ("started.json", b"{\"timestamp\":0}"),
                ("artifacts/junit.xml", JUNIT),
            ],
            START_MS,
            true,
            (Status::Running, "R", "Start timestamp for this job is 0."),
            None,
        ),
        (
            &[],
            START_MS,
            true,
            (Status::Running, "R", "Start timestamp for this job is 0."),
            None,
        ),
    ] {
        let run = parse_at(&group, &build(files), now_ms);
        assert_eq!(run.open, open, "{files:?}");
        assert_eq!(says(cell(&run, "job.Overall")), overall);
        let row = run.results.iter().find(|result| result.name == "job.Pod");
        assert_eq!(row.map(|row| row.cell.status), pod);
    }
}

#[test]
fn ancient_builds_have_a_column_and_nothing_else() {
    let components = components();
    let options = ParseOptions {
        group: &TestGroup::default(),
        components: &components,
        several_prefixes: false,
        now_ms: NOW_MS,
        stop_ms: START_MS + 1000,
    };
    let run = parse_build(
        &build(&[("started.json", START), ("artifacts/junit.xml", JUNIT)]),
        &options,
    );
    assert_eq!(run.results.len(), 1);
    assert_eq!(
        says(cell(&run, "job.Overall")),
        (
            Status::Unknown,
            "",
            "build too old; started 1700000000 before 1700000001)"
        )
    );
    assert!(!run.open);
}

#[test]
fn several_prefixes_say_their_job() {
    let components = components();
    let options = ParseOptions {
        group: &TestGroup::default(),
        components: &components,
        several_prefixes: true,
        now_ms: NOW_MS,
        stop_ms: 0,
    };
    let files = [
        ("started.json", START),
        ("finished.json", PASSED),
        ("artifacts/junit.xml", JUNIT),
    ];
    let run = parse_build(&build(&files), &options);
    for row in ["job.t", "job.Overall", "job.Pod", "Overall", "Pod"] {
        assert!(cell(&run, row).status.is_passing(), "{row}");
    }
    assert_eq!(cell(&run, "job.t").cell_id, "job/12");
    assert_eq!(run.results.len(), 5);
}

#[test]
fn inner_suites_come_first() {
    let junit = b"<testsuites><testsuite name='a'><testcase name='1'><failure message='own'/></testcase>
        <testsuite><testcase name='1'><failure message='inner'/></testcase></testsuite></testsuite></testsuites>";
    let group = TestGroup {
        disable_merged_status: Some(true),
        ..TestGroup::default()
    };
    let run = parse_in(
        &group,
        &build(&[("started.json", START), ("junit.xml", junit)]),
    );
    assert_eq!(cell(&run, "a.1").message, "inner");
    assert_eq!(cell(&run, "a.1 [1]").message, "own");
}

#[test]
fn headers_and_labels_follow_the_group() {
    let group = TestGroup {
        column_header: ["Commit", "node_os_image", "infra-commit"]
            .map(|configuration_value| ColumnHeader {
                configuration_value: configuration_value.into(),
                ..ColumnHeader::default()
            })
            .into(),
        build_override_configuration_value: "infra-commit".into(),
        ..TestGroup::default()
    };
    let started = example("started.16.json");
    let mut end: serde_json::Value =
        serde_json::from_slice(&example("finished.13.json")).expect("JSON");
    end["metadata"] = serde_json::from_slice(&example("finished-metadata.01.json")).expect("JSON");
    let end = serde_json::to_vec(&end).expect("JSON");
    let run = parse_in(
        &group,
        &build(&[("started.json", &started), ("finished.json", &end)]),
    );
    let values: Vec<&str> = run
        .headers
        .iter()
        .map(|header| header.value.as_str())
        .collect();
    assert_eq!(values, ["5feab0aa1", "cos-81-12871-59-0", "2a9a0f868"]);
    assert_eq!(run.label, "2a9a0f868");
    assert_eq!(run.build, "12");
}

#[test]
fn rules_that_are_switched_off_find_nothing() {
    let components = [ComponentSettings {
        name: "prow".into(),
        repo: "kubernetes-sigs/prow".into(),
        git: None,
        from: vec![VersionRule::UtilityImageTag(false)],
    }];
    let prowjob = fs::read(shared(
        "data/prow-builds/openshift-sippy/prowjob.presubmit.origin-27600.json",
    ))
    .expect("a ProwJob");
    let options = ParseOptions {
        group: &TestGroup::default(),
        components: &components,
        several_prefixes: false,
        now_ms: NOW_MS,
        stop_ms: 0,
    };
    let run = parse_build(&build(&[("prowjob.json", &prowjob)]), &options);
    assert_eq!(version(&run, "prow").version, None);
}
