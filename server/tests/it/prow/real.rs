//! Real files of real builds.

use super::*;

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
