//! Real configurations of several communities.

use std::path::PathBuf;

use proptest::prelude::*;
use seamgrid::testgrid::{CheckReport, check_config};

use super::{below, tree};
use crate::shared::shared;

/// Checks paths below one community's tree; the problems are relative to the tree.
fn check(tree: &str, paths: &[&str]) -> (CheckReport, Vec<String>) {
    let root = shared(&format!("data/testgrid-configs/{tree}"));
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let report = check_config(&paths);
    let problems = below(&report, &root);
    (report, problems)
}

fn counts(report: &CheckReport) -> [usize; 4] {
    let counts = report.counts;
    [
        counts.test_groups,
        counts.tabs,
        counts.dashboards,
        counts.dashboard_groups,
    ]
}

#[test]
fn kubernetes_is_counted_exactly_and_its_mistakes_are_told() {
    let (report, problems) = check(
        "kubernetes-test-infra",
        &["config/testgrids", "config/jobs"],
    );
    assert_eq!(counts(&report), [5815, 8260, 462, 42]);
    let (empty, rest): (Vec<&String>, Vec<&String>) = problems
        .iter()
        .partition(|problem| problem.contains("has no tab"));
    // The generated file with their jobs is not among the recordings.
    assert_eq!(empty.len(), 6, "{empty:#?}");
    assert!(
        empty
            .iter()
            .all(|problem| problem.contains("the dashboard \"kops-"))
    );
    let typos = |name: &str| {
        let annotation = format!("unknown annotation `{name}`");
        rest.iter()
            .filter(|problem| problem.contains(&annotation))
            .count()
    };
    assert_eq!(typos("testgrid-description"), 10);
    assert_eq!(typos("test-grid-alert-email"), 1);
    assert_eq!(rest.len(), 11, "{rest:#?}");
    assert_eq!(
        rest[0],
        "config/jobs/kubernetes/sig-arch/conformance-gate.yaml:8: unknown annotation `test-grid-alert-email` of the job \"apisnoop-conformance-gate\"; it is called `testgrid-alert-email`"
    );
}

#[test]
fn a_tree_that_mixes_everything_says_the_same() {
    let (report, _) = check("kubernetes-test-infra", &["config"]);
    assert_eq!(counts(&report), [5815, 8260, 462, 42]);
}

#[test]
fn other_communities_load() {
    for (tree, paths, counted, expected) in [
        (
            "GoogleCloudPlatform-oss-test-infra",
            &["testgrid", "prow/prowjobs"][..],
            [140, 140, 16, 3],
            &[][..],
        ),
        (
            "knative-infra",
            &["config/prow/k8s-testgrid", "prow/jobs"],
            [226, 226, 42, 2],
            &[
                "testgrid-common-settings.yaml:35: unknown key `num_failures_to_alert` in a dashboard tab",
                "testgrid-common-settings.yaml:36: unknown key `num_passes_to_disable_alert` in a dashboard tab",
                "peribolos.yaml:219: the key `decoration_config` stands already at line 216; the last one counts",
                "peribolos.yaml:270: the key `decoration_config` stands already at line 267; the last one counts",
            ],
        ),
        (
            "kubevirt-project-infra",
            &["github"],
            [150, 150, 16, 1],
            &[],
        ),
        (
            "istio-test-infra",
            &["testgrid", "prow/gcp/cluster"],
            [873, 873, 93, 6],
            &[],
        ),
    ] {
        let (report, problems) = check(tree, paths);
        assert_eq!(counts(&report), counted, "{tree} {problems:#?}");
        assert_eq!(problems.len(), expected.len(), "{tree} {problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.ends_with(expected), "{tree} {problem} {expected}");
        }
    }
}

#[test]
fn old_monoliths_load_and_their_mistakes_have_lines() {
    let history = "kubernetes-test-infra-history";
    let (report, problems) = check(history, &["at-2019-01-01/testgrid/config.yaml"]);
    assert_eq!(report.counts.tabs, 1346);
    assert_eq!(report.counts.dashboards, 135);
    assert!(
        problems.contains(
            &"at-2019-01-01/testgrid/config.yaml:5819: unknown key `alert_stale_results_hours` in a dashboard tab"
                .to_owned()
        ),
        "{problems:#?}"
    );
    let (_, problems) = check(
        history,
        &["last-version/config/testgrids/kubevirt/default.yaml"],
    );
    assert!(
        problems
            .iter()
            .any(|problem| problem.contains("`default_test_group` is missing")),
        "{problems:#?}"
    );
}

#[test]
fn every_file_alone_loads_or_tells_why() {
    let root = shared("data/testgrid-configs");
    let mut files = 0;
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.expect("a readable tree");
        let is_yaml = entry.path().extension().is_some_and(|name| name == "yaml");
        if !is_yaml {
            continue;
        }
        files += 1;
        let report = check_config(&[entry.path().to_path_buf()]);
        let lines = std::fs::read_to_string(entry.path())
            .expect("text")
            .lines()
            .count() as u32;
        for problem in &report.problems {
            assert_eq!(problem.file, entry.path());
            assert!((1..=lines.max(1)).contains(&problem.line), "{problem}");
            assert!(!problem.message.contains('\n'), "{problem}");
        }
    }
    assert!(files > 1_000, "{files}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = tree(&[("a.yaml", "")]);
        std::fs::write(folder.path().join("a.yaml"), &bytes).expect("a file");
        let report = check_config(&[folder.path().to_path_buf()]);
        prop_assert!(!report.is_clean());
    }

    /// A real configuration with one line replaced.
    #[test]
    fn damaged_configurations_never_panic(line in 0usize..40, with in "[-a-z:{}\\[\\]&*!|>'\" #0-9]{0,20}") {
        let damaged: Vec<&str> = super::DEFAULTS
            .lines()
            .chain(super::rules::GOOD.lines())
            .enumerate()
            .map(|(index, text)| if index == line { with.as_str() } else { text })
            .collect();
        let folder = tree(&[("a.yaml", &damaged.join("\n"))]);
        let report = check_config(&[folder.path().to_path_buf()]);
        for problem in &report.problems {
            prop_assert!(problem.line >= 1 && !problem.message.is_empty());
        }
    }
}
