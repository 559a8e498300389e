//! Real files of real builds, and hostile ones.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use model::{
    config::{ColumnHeader, TestGroup},
    infra::{ComponentKind, ComponentVersion, Source, same_version},
    run::{Cell, Run},
    status::Status,
};
use proptest::prelude::*;
use seamgrid::{
    prow::{
        BuildFile, BuildFiles, ParseOptions, junit::read_junit, layout, overall::OUTSIDE_OF_TESTS,
        parse_build,
    },
    settings::{ComponentSettings, InfraSettings, VersionRule},
};

use crate::shared::shared;

const NOW_MS: i64 = 1_800_000_000_000;

/// A build of the job `job` with these files.
fn build(files: &[(&str, &[u8])]) -> BuildFiles {
    BuildFiles {
        bucket_path: "bucket/logs/job/12".into(),
        job: "job".into(),
        build: "12".into(),
        files: files
            .iter()
            .map(|(name, content)| BuildFile {
                name: (*name).into(),
                content: Ok(Bytes::copy_from_slice(content)),
            })
            .collect(),
    }
}

fn components() -> Vec<ComponentSettings> {
    InfraSettings::default().components
}

/// Reads a build in a group, long after it ended.
fn parse_in(group: &TestGroup, files: &BuildFiles) -> Run {
    parse_at(group, files, NOW_MS)
}

fn parse_at(group: &TestGroup, files: &BuildFiles, now_ms: i64) -> Run {
    let components = components();
    let options = ParseOptions {
        group,
        components: &components,
        several_prefixes: false,
        now_ms,
        stop_ms: 0,
    };
    let run = parse_build(files, &options);
    assert_eq!(run, parse_build(files, &options), "reading twice differs");
    check_bounds(&run);
    run
}

fn parse(files: &[(&str, &[u8])]) -> Run {
    parse_in(&TestGroup::default(), &build(files))
}

/// What holds of every run, whatever was in the files.
fn check_bounds(run: &Run) {
    let mut names: Vec<&str> = run
        .results
        .iter()
        .map(|result| result.name.as_str())
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "names are unique");
    for result in &run.results {
        assert!(result.name.len() <= 1100, "{} bytes", result.name.len());
        assert!(result.cell.message.chars().count() <= 143);
        let printable = |text: &str| {
            text.chars()
                .all(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        };
        assert!(printable(&result.cell.message) && !result.name.contains(char::is_control));
    }
    for version in &run.versions {
        assert_eq!(version.version.is_none(), version.source == Source::Unknown);
    }
}

fn cell<'a>(run: &'a Run, name: &str) -> &'a Cell {
    run.results
        .iter()
        .find(|result| result.name == name)
        .map_or_else(
            || panic!("no row {name:?} among {:#?}", run.results),
            |result| &result.cell,
        )
}

fn version<'a>(run: &'a Run, component: &str) -> &'a ComponentVersion {
    run.versions
        .iter()
        .find(|version| version.component == component)
        .unwrap_or_else(|| panic!("no {component} among {:#?}", run.versions))
}

fn says(cell: &Cell) -> (Status, &str, &str) {
    (cell.status, &cell.icon, &cell.message)
}

/// All files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Cases and problems of one JUnit file.
fn count_cases(content: &[u8]) -> (usize, Vec<String>) {
    let mut cases = 0;
    let outcome = read_junit(content, &mut |case| {
        assert!(case.name.len() <= 1024);
        cases += 1;
        true
    });
    (cases, outcome.problems)
}

/// Files whose number of cases differs from the manifest's, which counts every `testcase` element.
const OTHER_COUNTS: [(&str, usize, &str); 2] = [
    // The root is `fake-root`, which says that the document is something else.
    (
        "_literals/joshdk-go-junit/02_parse_test.xml",
        0,
        "not JUnit",
    ),
    // Two of them are tests inside of a test, which are no results of their own.
    ("lukejpreston-xunit-viewer/data_test.xml", 17, ""),
];

#[test]
fn every_junit_file_is_read_or_is_a_problem() {
    let root = shared("data/junit");
    let manifest = fs::read_to_string(root.join("MANIFEST.tsv")).expect("the manifest");
    let mut checked = 0;
    let mut rescued = 0;
    let mut wrong = Vec::new();
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (file, expected, features) = (fields[0], fields[5], fields[6]);
        let content = fs::read(root.join(file)).expect("a file of the manifest");
        let (cases, problems) = count_cases(&content);
        checked += 1;
        let run = parse(&[
            ("started.json", b"{\"timestamp\":1700000000}"),
            (
                "finished.json",
                b"{\"timestamp\":1700000100,\"passed\":true}",
            ),
            ("artifacts/junit_01.xml", &content),
        ]);
        assert_eq!(run.problems.is_empty(), problems.is_empty(), "{file}");
        let passed = cell(&run, "job.Overall").status == Status::Pass;
        assert_eq!(passed, problems.is_empty(), "{file}");
        let other = OTHER_COUNTS.iter().find(|(name, ..)| *name == file);
        if file.starts_with("_not-junit/") {
            assert_eq!(cases, 0, "{file} is not JUnit");
            assert!(problems[0].starts_with("not JUnit"), "{file}: {problems:?}");
        } else if features.split(';').any(|it| it == "malformed-xml") {
            // Where the meaning is clear the cases count; else there is a problem.
            rescued += usize::from(cases > 0);
        } else if let Some((_, cases_here, problem)) = other {
            assert_eq!(cases, *cases_here, "{file}");
            assert!(
                problems
                    .first()
                    .map_or("", String::as_str)
                    .starts_with(problem)
            );
        } else if cases.to_string() != expected || !problems.is_empty() {
            wrong.push(format!(
                "{file}: {cases} cases, not {expected}; {problems:?}"
            ));
        }
    }
    assert!(checked > 700, "only {checked} files");
    assert!(rescued > 30, "only {rescued} malformed files gave cases");
    assert_eq!(wrong, [""; 0]);
}

/// Every place where a file of a build is read.
const EVERYWHERE: [&str; 7] = [
    layout::STARTED,
    layout::FINISHED,
    layout::PODINFO,
    layout::PROWJOB,
    layout::CLONE_RECORDS,
    layout::METADATA,
    "artifacts/junit_01.xml",
];

#[test]
fn every_file_of_real_builds_is_read_or_is_a_problem() {
    let mut read = 0;
    for path in files_below(&shared("data/prow-builds")) {
        let content = fs::read(&path).expect("a file");
        let name = path
            .file_name()
            .expect("a file has a name")
            .to_string_lossy();
        let names: &[&str] = if !name.contains(".json") && !name.ends_with(".xml") {
            // Whatever it is, it must do no harm in any place.
            &EVERYWHERE
        } else if name.starts_with("started") {
            &[layout::STARTED]
        } else if name.starts_with("finished-metadata") {
            &[layout::METADATA]
        } else if name.starts_with("finished") {
            &[layout::FINISHED]
        } else if name.starts_with("prowjob") {
            &[layout::PROWJOB]
        } else if name.ends_with(".xml") {
            &["artifacts/junit.xml"]
        } else {
            &EVERYWHERE
        };
        for place in names {
            let run = parse(&[(place, &content)]);
            assert!(!run.results.is_empty(), "{name} as {place}");
            if names.len() == 1 {
                assert!(
                    run.problems.iter().all(|problem| problem.file != *place
                        || problem.message.starts_with("the file does not say when")),
                    "{name}: {:?}",
                    run.problems
                );
                read += 1;
            }
        }
    }
    assert!(read >= 40, "only {read} files");
}

/// One of the JSON objects of the upstream tests and documents.
fn example(name: &str) -> Vec<u8> {
    let folder = shared("data/prow-builds/started-finished-jobspec-examples");
    fs::read(folder.join(name)).expect("an example")
}

/// A build of two examples, with `metadata` put where the old bootstrap put it.
fn flavour(started: &str, finished: &str, metadata: Option<&str>) -> Run {
    let mut end: serde_json::Value = serde_json::from_slice(&example(finished)).expect("JSON");
    if let Some(metadata) = metadata {
        end["metadata"] = serde_json::from_slice(&example(metadata)).expect("JSON");
    }
    let end = serde_json::to_vec(&end).expect("JSON");
    parse(&[("started.json", &example(started)), ("finished.json", &end)])
}

#[test]
fn each_flavour_tells_its_versions() {
    // The expected values are what a person finds in the files: what the infra was at, and what of
    // the product was really checked out or built.
    let bootstrap_ci = flavour(
        "started.16.json",
        "finished.13.json",
        Some("finished-metadata.02.json"),
    );
    let bootstrap_pull = flavour(
        "started.15.json",
        "finished.12.json",
        Some("finished-metadata.01.json"),
    );
    let bootstrap_pull_whole = flavour("started.05.json", "finished.12.json", None);
    let bootstrap_document = flavour("started.05.json", "finished.04.json", None);
    let pod_ci = flavour("started.13.json", "finished.11.json", None);
    let pod_pull = flavour("started.14.json", "finished.05.json", None);
    let pod_pull_old = flavour("started.06.json", "finished.05.json", None);
    for (name, run, infra, product) in [
        (
            "bootstrap CI",
            bootstrap_ci,
            Some("5f39b744b"),
            "5feab0aa1e592ab413b461bc3ad08a6b74a427b4",
        ),
        (
            "bootstrap PR",
            bootstrap_pull,
            Some("2a9a0f868"),
            "06ea384605f172",
        ),
        (
            "bootstrap PR without metadata",
            bootstrap_pull_whole,
            None,
            "06ea384605f172",
        ),
        (
            "bootstrap PR with everything",
            bootstrap_document,
            Some("1b7fbb373"),
            "e825f0a86103a6de00ebd20e158274c4fa625a34",
        ),
        (
            "pod-utils CI",
            pod_ci,
            None,
            "5a529aa3a0dd3a050c5302329681e871ef6c162e",
        ),
        (
            "pod-utils PR",
            pod_pull,
            None,
            "30f64c5b1fc57a3beb1476f9beb29280166954d1",
        ),
        (
            "pod-utils PR of 2020",
            pod_pull_old,
            None,
            "30f64c5b1fc57a3beb1476f9beb29280166954d1",
        ),
    ] {
        let found = version(&run, "test-infra");
        assert_eq!(found.version.as_deref(), infra, "{name}");
        assert_eq!(
            found.source,
            if infra.is_some() {
                Source::Metadata
            } else {
                Source::Unknown
            }
        );
        let found = version(&run, "kubernetes/kubernetes");
        assert_eq!(found.kind, ComponentKind::Product);
        assert_eq!(found.version.as_deref(), Some(product), "{name}: {found:?}");
        // A second product with the same commit under another name would be a seam too many.
        for other in &run.versions {
            let same = other
                .version
                .as_deref()
                .is_some_and(|version| same_version(version, product));
            assert_eq!(
                same,
                other.component == "kubernetes/kubernetes",
                "{name}: {other:?}"
            );
        }
        assert!(cell(&run, "job.Overall").status == Status::Pass, "{name}");
    }
}

#[test]
fn real_files_of_other_projects_tell_their_versions() {
    let read = |path: &str| fs::read(shared("data/prow-builds").join(path)).expect("a file");
    let kubevirt = parse(&[
        ("started.json", &read("kubevirt-ci-health/started.json")),
        ("finished.json", &read("kubevirt-ci-health/finished.json")),
    ]);
    let found = version(&kubevirt, "kubevirt/kubevirt");
    assert_eq!(
        found.version.as_deref(),
        Some("75a3c2bfa9bff7405117fad5186a8ca41627e5ee")
    );
    assert_eq!(
        says(cell(&kubevirt, "job.Overall")),
        (Status::Fail, "F", OUTSIDE_OF_TESTS)
    );

    let capz = parse(&[
        (
            "started.json",
            &read("willie-yao-prow-ai-dashboard/capz/started.json"),
        ),
        (
            "finished.json",
            &read("willie-yao-prow-ai-dashboard/capz/finished.json"),
        ),
        (
            "artifacts/junit.e2e_suite.1.xml",
            &read("willie-yao-prow-ai-dashboard/capz/junit.xml"),
        ),
    ]);
    let found = version(&capz, "kubernetes-sigs/cluster-api-provider-azure");
    assert_eq!(
        found.version.as_deref(),
        Some("5ad29c78143e5eee269088d91946ca2056615950")
    );
    assert_eq!(capz.started_ms, 1_773_843_080_000);
    assert_eq!(capz.finished_ms, Some(1_773_850_751_000));
    assert_eq!(cell(&capz, "job.Overall").message, "");

    // No started.json: the ProwJob tells when it began, what was asked for and with which utilities.
    let origin = parse(&[(
        "prowjob.json",
        &read("openshift-sippy/prowjob.presubmit.origin-27600.json"),
    )]);
    let found = version(&origin, "openshift/origin");
    assert_eq!(
        found.version.as_deref(),
        Some("8a6e6fbfe958de6b89b98559ca0e59530865c636")
    );
    assert_eq!(found.source, Source::ProwJob);
    let found = version(&origin, "prow");
    assert_eq!(found.version.as_deref(), Some("8898931a7f"));
    assert_eq!(found.source, Source::UtilityImageTag);
    assert_eq!(
        found.evidence.as_deref(),
        Some("gcr.io/k8s-prow/clonerefs:v20221208-8898931a7f")
    );
    assert!((origin.started_ms - 1_670_867_889_000).abs() < 60_000);
}

#[test]
fn a_whole_real_folder_gives_its_tests() {
    let folder = shared("data/prow-builds/gubernator-kubernetes-e2e-gce-5043/5043");
    let files = BuildFiles {
        bucket_path: "kubernetes-jenkins/logs/kubernetes-e2e-gce/5043".into(),
        job: "kubernetes-e2e-gce".into(),
        build: "5043".into(),
        files: files_below(&folder)
            .into_iter()
            .map(|path| BuildFile {
                name: path
                    .strip_prefix(&folder)
                    .expect("below the folder")
                    .to_string_lossy()
                    .into_owned(),
                content: Ok(fs::read(&path).expect("a file").into()),
            })
            .collect(),
    };
    let group = TestGroup {
        disable_merged_status: Some(true),
        ..TestGroup::default()
    };
    let run = parse_in(&group, &files);
    // The suite says 194 tests; its file has 274, of which 85 were skipped without a word, as Ginkgo
    // writes what it was told not to run. Those have no cell.
    let content = fs::read(folder.join("artifacts/junit_01.xml")).expect("the JUnit file");
    assert_eq!(count_cases(&content), (274, Vec::new()));
    let tests = run
        .results
        .iter()
        .filter(|result| !result.name.starts_with("kubernetes-e2e-gce."))
        .collect::<Vec<_>>();
    assert_eq!(tests.len(), 274 - 85);
    let failed = tests
        .iter()
        .filter(|result| result.cell.status == Status::Fail)
        .collect::<Vec<_>>();
    assert_eq!(failed.len(), 7);
    assert!(
        failed
            .iter()
            .all(|result| result.cell.icon == "F" && !result.cell.message.is_empty())
    );
    // Jenkins did not say "passed".
    assert_eq!(
        says(cell(&run, "kubernetes-e2e-gce.Overall")),
        (Status::Pass, "E", "finished.json missing \"passed\": true")
    );
    assert_eq!(
        cell(&run, "kubernetes-e2e-gce.Pod").status,
        Status::PassWithSkips
    );
    assert_eq!(
        version(&run, "version").version.as_deref(),
        Some("31de62216dea22")
    );
    assert_eq!(version(&run, "test-infra").version, None);
    assert!(!run.open && run.problems.is_empty(), "{:?}", run.problems);
}

const START: &[u8] = b"{\"timestamp\":1700000000}";
const START_MS: i64 = 1_700_000_000_000;
const PASSED: &[u8] = b"{\"timestamp\":1700000100,\"passed\":true}";
const END_MS: i64 = 1_700_000_100_000;
const HOUR_MS: i64 = 3_600_000;
const JUNIT: &[u8] = b"<testsuite><testcase name='t'/></testsuite>";

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
fn bad_files_do_not_lose_the_others() {
    let group = TestGroup {
        column_header: vec![ColumnHeader {
            configuration_value: "Commit".into(),
            ..ColumnHeader::default()
        }],
        disable_prowjob_analysis: Some(true),
        ..TestGroup::default()
    };
    let good = [
        ("started.json", START),
        ("finished.json", PASSED),
        ("artifacts/junit.xml", JUNIT),
    ];
    for (name, content, overall, message) in [
        (
            "finished.json",
            &b""[..],
            Status::Fail,
            "Malformed artifacts: finished.json",
        ),
        (
            "finished.json",
            b"{\"timestamp\":",
            Status::ToolFail,
            "Failed to download bucket/logs/job/12/finished.json: ",
        ),
        (
            "started.json",
            b"[]",
            Status::ToolFail,
            "Failed to download bucket/logs/job/12/started.json: ",
        ),
        (
            "artifacts/junit_2.xml",
            b"<testsuite><testcase name='kept'/><testcase name='cut'",
            Status::Fail,
            "Malformed artifacts: artifacts/junit_2.xml: ",
        ),
        (
            "artifacts/junit_2.xml",
            b"<testsuite><testcase name='kept'/></wrong>",
            Status::Fail,
            "Malformed artifacts: artifacts/junit_2.xml: ",
        ),
        (
            "artifacts/junit_2.xml",
            b"",
            Status::Fail,
            "Malformed artifacts: artifacts/junit_2.xml: the file is empty",
        ),
        (
            "podinfo.json",
            b"{\"pod\":7}",
            Status::Fail,
            "Malformed artifacts: podinfo.json: ",
        ),
        ("prowjob.json", b"{\"spec\":7}", Status::Pass, ""),
        ("clone-records.json", b"{}", Status::Pass, ""),
    ] {
        let mut files: Vec<(&str, &[u8])> = good.to_vec();
        files.retain(|(other, _)| *other != name);
        files.push((name, content));
        let run = parse_at(&group, &build(&files), END_MS);
        let row = cell(&run, "job.Overall");
        assert_eq!(row.status, overall, "{name}: {row:?}");
        assert!(row.message.starts_with(message), "{name}: {row:?}");
        assert_eq!(cell(&run, "t").status, Status::Pass, "{name}");
        if content.windows(4).any(|four| four == b"kept") {
            assert_eq!(cell(&run, "kept").status, Status::Pass);
        }
        assert_eq!(run.problems.len(), 1, "{:?}", run.problems);
        assert_eq!(run.problems[0].file, name);
        // It may have been half written.
        assert!(run.open, "{name}");
        assert!(!parse_in(&group, &build(&files)).open, "{name}");
        assert_eq!(run.headers[0].value, "missing");
    }
}

#[test]
fn files_that_cannot_be_read_are_said() {
    let mut files = build(&[("started.json", START), ("finished.json", PASSED)]);
    files.files.push(BuildFile {
        name: "artifacts/junit.xml".into(),
        content: Err("permission denied".into()),
    });
    let run = parse_in(&TestGroup::default(), &files);
    assert_eq!(
        cell(&run, "job.Overall").message,
        "Malformed artifacts: artifacts/junit.xml: permission denied"
    );
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
fn hostile_xml_is_bounded() {
    let name = "n".repeat(1_000_000);
    let mut laughs = String::from("<!DOCTYPE l [<!ENTITY l0 \"ha\">");
    for level in 1..20 {
        let before = format!("&l{};", level - 1).repeat(10);
        laughs.extend(["<!ENTITY l", &level.to_string(), " \"", &before, "\">"]);
    }
    laughs += "]><testsuite><testcase name='&l19;'><failure>&l19;</failure></testcase></testsuite>";
    let external = "<!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><testsuite><testcase name='t'><failure>&x;</failure></testcase></testsuite>";
    let deep = "<testsuite name='s'>".repeat(100_000);
    let wide = format!(
        "<testsuite name='{name}'>{}</testsuite>",
        (0..2000)
            .map(|n| format!("<testcase name='{n}'/>"))
            .collect::<Vec<_>>()
            .concat()
    );
    let long =
        format!("<testsuite><testcase name='{name}a'/><testcase name='{name}b'/></testsuite>");
    let hostile = "<testsuite><testcase name='&lt;script&gt;alert(1)&lt;/script&gt;'><failure message='a\u{1b}[31m\u{202e}b&#27;'/></testcase></testsuite>";
    for (xml, rows, problem) in [
        (&laughs, 1, "the reference &l19; stands for nothing"),
        (
            &external.to_owned(),
            1,
            "the reference &x; stands for nothing",
        ),
        (&deep, 0, "elements nest deeper"),
        (&wide, 2000, ""),
        (&long, 2, ""),
        (
            &hostile.to_owned(),
            1,
            "the reference &#27; stands for nothing",
        ),
    ] {
        let run = parse(&[("started.json", START), ("junit.xml", xml.as_bytes())]);
        let tests: Vec<_> = run
            .results
            .iter()
            .filter(|result| !result.name.starts_with("job."))
            .collect();
        assert_eq!(tests.len(), rows, "{problem}");
        let said = run
            .problems
            .first()
            .map_or("", |problem| problem.message.as_str());
        assert!(said.starts_with(problem), "{said}");
        let size: usize = tests
            .iter()
            .map(|test| test.name.len() + test.cell.message.len())
            .sum();
        assert!(size <= rows * 1300);
    }
    let run = parse(&[("started.json", START), ("junit.xml", hostile.as_bytes())]);
    let row = cell(&run, "<script>alert(1)</script>");
    assert_eq!(row.message, "a\u{fffd}[31m\u{fffd}b&#27;");
}

#[test]
fn encodings_are_followed() {
    let xml = |declared: &str| {
        format!("<?xml version=\"1.0\"{declared}?><testsuite><testcase name='é'/></testsuite>")
    };
    let wide = |text: &str, big: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let latin: Vec<u8> = xml(" encoding='ISO-8859-1'")
        .chars()
        .map(|c| c as u8)
        .collect();
    let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
    for (content, row, good) in [
        (xml("").into_bytes(), "é", true),
        (
            marked(b"\xef\xbb\xbf", xml(" encoding='UTF-8'").into_bytes()),
            "é",
            true,
        ),
        (
            marked(b"\xff\xfe", wide(&xml(" encoding='UTF-16'"), false)),
            "é",
            true,
        ),
        (
            marked(b"\xfe\xff", wide(&xml(" encoding='UTF-16'"), true)),
            "é",
            true,
        ),
        (wide(&xml(""), false), "é", true),
        (latin.clone(), "é", true),
        // It says UTF-16 in ASCII, so it is not.
        (xml(" encoding='UTF-16'").into_bytes(), "é", true),
        (xml(" encoding='klingon'").into_bytes(), "é", false),
        // Latin-1 that claims to be UTF-8.
        (
            xml("").chars().map(|c| c as u8).collect(),
            "\u{fffd}",
            false,
        ),
    ] {
        let run = parse(&[("started.json", START), ("junit.xml", &content)]);
        assert_eq!(run.problems.is_empty(), good, "{:?}", run.problems);
        assert_eq!(cell(&run, row).status, Status::Pass);
    }
    let odd = parse(&[("started.json", START), ("junit.xml", b"\xff\xfe\x00")]);
    assert_eq!(odd.problems.len(), 1);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_never_panic(content in prop::collection::vec(any::<u8>(), 0..400), which in 0usize..7) {
        let name = EVERYWHERE[which];
        let run = parse(&[("started.json", START), (name, &content)]);
        prop_assert!(!run.results.is_empty());
    }

    #[test]
    fn arbitrary_elements_never_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<testsuites>", "</testsuites>", "<testsuite name='s&amp;'>", "</testsuite>",
                "<testcase name=\"t\" time='1,5'>", "</testcase>", "<testcase/>", "<failure message='&#x41;'>",
                "</failure>", "<skipped/>", "<flakyError/>", "<rerunFailure>", "</rerunFailure>",
                "<properties>", "</properties>", "<property name='a' value='1'/>", "<property name='a'>",
                "</property>", "<![CDATA[<x>]]>", "&lt;", "&", "&nope;", "<!-- -- -->", "<?pi?>", "<!DOCTYPE a>",
                "text", "\u{0}", "é", "<x:testcase xmlns:x='y'>", "</x:testcase>", "<", "'", "<system-out>",
                "</system-out>", "<?xml version='1.0' encoding='latin1'?>", "\u{feff}",
            ]),
            0..60,
        ),
        cut in 0usize..40,
    ) {
        let xml = pieces.concat();
        let xml = &xml.as_bytes()[..xml.len().saturating_sub(cut)];
        parse(&[("started.json", START), ("artifacts/junit_01.xml", xml)]);
    }

    #[test]
    fn real_files_cut_anywhere_never_panic(at in 0usize..60_000, flip in 0usize..60_000) {
        let path = shared("data/prow-builds/gubernator-kubernetes-e2e-gce-5043/5043/artifacts/junit_01.xml");
        let mut content = fs::read(path).expect("a file");
        let whole = content.len();
        content.truncate(at);
        if let Some(byte) = content.get_mut(flip) {
            *byte ^= 0x15;
        }
        let (cases, problems) = count_cases(&content);
        prop_assert!(cases <= 274);
        prop_assert!(at >= whole || !problems.is_empty());
    }
}
