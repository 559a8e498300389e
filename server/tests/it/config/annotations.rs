//! From Prow jobs' annotations to groups and tabs.

use seamgrid::testgrid::{LoadOptions, Loaded, load as load_with};

use super::{DEFAULTS, group, load, problems, tabs, tree};

const BOARDS: &str = "\
test_groups: []
dashboards:
- name: board-a
- name: board-b
";

/// Loads jobs beside defaults and the two dashboards; problems that are about dashboards without tabs
/// are left out.
fn jobs(text: &str) -> (Loaded, Vec<String>) {
    let files = [
        ("testgrids/default.yaml", DEFAULTS),
        ("testgrids/boards.yaml", BOARDS),
        ("jobs/jobs.yaml", text),
    ];
    let found = problems(&files)
        .into_iter()
        .filter(|problem| !problem.ends_with("has no tab"))
        .collect();
    (load(&files), found)
}

#[test]
fn a_periodic_becomes_a_group_and_its_tabs() {
    let (loaded, problems) = jobs(
        "\
periodics:
- name: ci-job
  interval: 2h
  cluster: build
  extra_refs:
  - {org: kubernetes, repo: kubernetes, base_ref: master}
  annotations:
    testgrid-dashboards: board-a, board-b
    testgrid-tab-name: The job
    testgrid-alert-email: 'a@b,c@d'
    testgrid-alert-stale-results-hours: 24
    testgrid-num-failures-to-alert: '0'
    testgrid-num-columns-recent: '30'
    testgrid-days-of-results: '60'
    testgrid-in-cell-metric: coverage
    testgrid-disable-prowjob-analysis: 'true'
    testgrid-broken-column-threshold: '0.5'
    testgrid-base-options: sort-by-name=
    description: What it does
    unrelated.io/x: y
  spec: {containers: [{args: [1, 2]}]}
",
    );
    assert_eq!(problems, Vec::<String>::new());
    let group = group(&loaded.configuration, "ci-job");
    assert_eq!(group.gcs_prefix, "kubernetes-ci-logs/logs/ci-job");
    assert_eq!(group.days_of_results, Some(60));
    assert_eq!(group.num_columns_recent, Some(30));
    // A zero is a choice too.
    assert_eq!(group.num_failures_to_alert, Some(0));
    assert_eq!(group.short_text_metric, "coverage");
    assert_eq!(group.disable_prowjob_analysis, Some(true));
    assert_eq!(group.column_header[0].configuration_value, "Commit");
    let first = &tabs(&loaded.configuration, "board-a")[0];
    assert_eq!(first.name, "The job");
    assert_eq!(first.test_group_name, "ci-job");
    assert_eq!(
        first.open_test_template.url,
        "https://prow.k8s.io/view/gs/<gcs_prefix>/<changelist>"
    );
    assert_eq!(
        first.code_search_url_template.url,
        "https://github.com/kubernetes/kubernetes/compare/<start-custom-0>...<end-custom-0>"
    );
    assert_eq!(
        first.open_bug_template.url,
        "https://github.com/kubernetes/kubernetes/issues/"
    );
    assert_eq!(first.base_options, "sort-by-name=");
    assert_eq!(first.broken_column_threshold, Some(0.5));
    assert_eq!(first.results_text, "See these results on Prow");
    assert_eq!(
        first.description,
        "prowjob_name: ci-job\nprowjob_description: What it does"
    );
    let alerts = first.alert_options.clone().expect("alert options");
    assert_eq!(alerts.alert_mail_to_addresses, "a@b,c@d");
    assert_eq!(alerts.alert_stale_results_hours, Some(24));
    assert_eq!(alerts.num_failures_to_alert, Some(0));
    let second = &tabs(&loaded.configuration, "board-b")[0];
    let alerts = second.alert_options.clone().expect("alert options");
    assert_eq!(alerts.alert_mail_to_addresses, "");
    assert_eq!(alerts.alert_stale_results_hours, Some(24));
}

#[test]
fn which_jobs_have_a_group() {
    let job = |kind: &str, annotations: &str| {
        let annotations = format!("{{{annotations}}}");
        match kind {
            "periodics" => format!("periodics: [{{name: the-job, annotations: {annotations}}}]\n"),
            _ => format!("{kind}: {{org/repo: [{{name: the-job, annotations: {annotations}}}]}}\n"),
        }
    };
    let create = "testgrid-create-test-group: 'true'";
    let forbid = "testgrid-create-test-group: 'false'";
    let board = "testgrid-dashboards: board-a";
    for (kind, annotations, groups, expected) in [
        ("periodics", "", 1, Some("no tab shows the test group")),
        ("postsubmits", "", 1, Some("no tab shows the test group")),
        ("presubmits", "", 0, None),
        ("presubmits", create, 1, Some("no tab shows the test group")),
        ("presubmits", board, 1, None),
        ("periodics", forbid, 0, None),
        (
            "presubmits",
            "testgrid-tab-name: x",
            0,
            Some("has `testgrid-tab-name` but no test group"),
        ),
        (
            "presubmits",
            "testgrid-days-of-results: '3'",
            0,
            Some("has `testgrid-days-of-results` but no test group"),
        ),
        (
            "periodics",
            "testgrid-create-test-group: 'false', testgrid-dashboards: board-a",
            0,
            Some("has `testgrid-dashboards` but no test group"),
        ),
    ] {
        let (loaded, found) = jobs(&job(kind, annotations));
        assert_eq!(
            loaded.configuration.test_groups.len(),
            groups,
            "{kind} {annotations}"
        );
        let found: Vec<_> = found
            .into_iter()
            .filter(|problem| !problem.ends_with("no test group is configured"))
            .collect();
        match expected {
            None => assert_eq!(found, Vec::<String>::new(), "{kind} {annotations}"),
            Some(expected) => {
                assert_eq!(found.len(), 1, "{kind} {annotations} {found:?}");
                assert!(found[0].starts_with("jobs/jobs.yaml:1: "), "{found:?}");
                assert!(found[0].contains(expected), "{found:?}");
            }
        }
    }
}

#[test]
fn presubmits_keep_more_columns_and_have_their_own_folder() {
    let (loaded, problems) = jobs(
        "\
presubmits:
  kubernetes/test-infra:
  - name: pull-a
    annotations: {testgrid-dashboards: board-a}
  - name: pull-b
    annotations: {testgrid-dashboards: board-a, testgrid-num-columns-recent: '3'}
  https://gerrit.example.com/x:
  - name: pull-c
    annotations: {testgrid-dashboards: board-b}
",
    );
    assert_eq!(problems, Vec::<String>::new());
    let a = group(&loaded.configuration, "pull-a");
    assert_eq!(a.gcs_prefix, "kubernetes-ci-logs/pr-logs/directory/pull-a");
    assert_eq!(a.num_columns_recent, Some(20));
    let b = group(&loaded.configuration, "pull-b");
    assert_eq!(b.num_columns_recent, Some(3));
    let tab = &tabs(&loaded.configuration, "board-b")[0];
    assert_eq!(
        tab.open_bug_template.url,
        "https://gerrit.example.com/x/issues/"
    );
}

#[test]
fn wrong_annotations_are_told_at_their_line() {
    let (loaded, problems) = jobs(
        "\
periodics:
- name: ci-job
  annotations:
    testgrid-dashboards: board-a, board-z
    testgrid-description: typo
    test-grid-alert-email: a@b
    testgrid-nonsense: x
    testgrid-days-of-results: many
    testgrid-num-failures-to-alert: '-1'
    testgrid-disable-prowjob-analysis: perhaps
    testgrid-alert-email: nobody
- annotations: {}
- name: [a]
",
    );
    assert_eq!(
        problems,
        [
            "jobs/jobs.yaml:4: the job \"ci-job\" wants to be on the dashboard \"board-z\", which is not configured",
            "jobs/jobs.yaml:5: unknown annotation `testgrid-description` of the job \"ci-job\"; it is called `description`",
            "jobs/jobs.yaml:6: unknown annotation `test-grid-alert-email` of the job \"ci-job\"; it is called `testgrid-alert-email`",
            "jobs/jobs.yaml:7: unknown annotation `testgrid-nonsense` of the job \"ci-job\"",
            "jobs/jobs.yaml:8: the annotation `testgrid-days-of-results` must be a whole number of at least 0, not \"many\"",
            "jobs/jobs.yaml:9: the annotation `testgrid-num-failures-to-alert` must be a whole number of at least 0, not \"-1\"",
            "jobs/jobs.yaml:10: the annotation `testgrid-disable-prowjob-analysis` must be true or false, not \"perhaps\"",
            "jobs/jobs.yaml:11: dashboard tab \"ci-job\": \"nobody\" is not a mail address",
            "jobs/jobs.yaml:12: a periodic without a name",
            "jobs/jobs.yaml:13: a periodic without a name",
        ]
    );
    assert_eq!(tabs(&loaded.configuration, "board-a").len(), 1);
}

#[test]
fn a_job_may_add_tabs_to_a_configured_group() {
    let files = |create: &str| {
        format!(
            "\
default_test_group: {{days_of_results: 1, num_columns_recent: 1}}
default_dashboard_tab: {{}}
test_groups:
- {{name: ci-job, gcs_prefix: elsewhere/logs/ci-job}}
dashboards:
- {{name: board-a}}
periodics:
- name: ci-job
  annotations: {{testgrid-dashboards: board-a, testgrid-days-of-results: '9'{create}}}
"
        )
    };
    let loaded = load(&[("c.yaml", &files(""))]);
    assert_eq!(loaded.problems, []);
    let group = group(&loaded.configuration, "ci-job");
    assert_eq!(group.gcs_prefix, "elsewhere/logs/ci-job");
    assert_eq!(group.days_of_results, Some(9));
    let found = problems(&[("c.yaml", &files(", testgrid-create-test-group: 'true'"))]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("c.yaml:9: the test group \"ci-job\""),
        "{found:?}"
    );
}

#[test]
fn groups_and_tabs_come_in_the_order_of_jobs() {
    let (loaded, _) = jobs(
        "\
presubmits:
  org/b: [{name: pull-a, annotations: {testgrid-dashboards: board-a}}]
  org/a: [{name: pull-z, annotations: {testgrid-dashboards: board-a}}]
postsubmits:
  org/a: [{name: post-a, annotations: {testgrid-dashboards: board-a}}]
periodics:
- {name: ci-z, annotations: {testgrid-dashboards: board-a}, extra_refs: [{org: a, repo: a}]}
- {name: ci-a, annotations: {testgrid-dashboards: board-a}, extra_refs: [{org: z, repo: z}]}
",
    );
    let names: Vec<&str> = tabs(&loaded.configuration, "board-a")
        .iter()
        .map(|tab| tab.name.as_str())
        .collect();
    assert_eq!(names, ["ci-a", "ci-z", "post-a", "pull-z", "pull-a"]);
}

#[test]
fn the_bucket_is_the_jobs_or_prows_or_the_options() {
    let jobs = "\
periodics:
- name: ci-plain
  annotations: {testgrid-dashboards: board-a}
- name: ci-own
  decoration_config: {gcs_configuration: {bucket: 's3://own', path_prefix: /sub/}}
  annotations: {testgrid-dashboards: board-a}
- name: ci-org
  extra_refs: [{org: special, repo: x}]
  annotations: {testgrid-dashboards: board-a}
- name: ci-cluster
  cluster: trusted
  annotations: {testgrid-dashboards: board-a}
";
    let prow = "\
plank:
  job_url_prefix_config:
    '*': https://prow.example.com/view/gs/
    special: https://special.example.com/view/
  default_decoration_config_entries:
  - config: {gcs_configuration: {bucket: gs://all}}
  - repo: special
    config: {gcs_configuration: {path_prefix: deep}}
  - cluster: trusted
    config: {gcs_configuration: {bucket: trusted-logs}}
deck: {}
";
    let prefixes = |files: &[(&str, &str)], options: &LoadOptions| {
        let folder = tree(files);
        let loaded = load_with(&[folder.path().to_path_buf()], options);
        ["ci-plain", "ci-own", "ci-org", "ci-cluster"]
            .map(|name| group(&loaded.configuration, name).gcs_prefix.clone())
    };
    let boards = ("boards.yaml", BOARDS);
    let options = LoadOptions {
        bucket: "other".to_owned(),
        ..LoadOptions::default()
    };
    assert_eq!(
        prefixes(&[boards, ("jobs.yaml", jobs)], &options),
        [
            "other/logs/ci-plain",
            "own/sub/logs/ci-own",
            "other/logs/ci-org",
            "other/logs/ci-cluster"
        ]
    );
    let files = [boards, ("jobs.yaml", jobs), ("prow.yaml", prow)];
    assert_eq!(
        prefixes(&files, &options),
        [
            "all/logs/ci-plain",
            "own/sub/logs/ci-own",
            "all/deep/logs/ci-org",
            "trusted-logs/logs/ci-cluster"
        ]
    );
    let loaded = load(&files);
    let open = |name: &str| {
        tabs(&loaded.configuration, "board-a")
            .iter()
            .find(|tab| tab.name == name)
            .map(|tab| tab.open_test_template.url.clone())
    };
    assert_eq!(
        open("ci-plain").as_deref(),
        Some("https://prow.example.com/view/gs/<gcs_prefix>/<changelist>")
    );
    assert_eq!(
        open("ci-org").as_deref(),
        Some("https://special.example.com/view/gs/<gcs_prefix>/<changelist>")
    );
}

#[test]
fn descriptions_say_where_the_job_is_configured() {
    let job = "\
periodics:
- name: ci-job
  annotations: {testgrid-dashboards: board-a, description: Text}
";
    let folder = tree(&[("boards.yaml", BOARDS), ("jobs/sig/a.yaml", job)]);
    let description = |options: &LoadOptions| {
        let paths = ["boards.yaml", "jobs"].map(|path| folder.path().join(path));
        let loaded = load_with(&paths, options);
        tabs(&loaded.configuration, "board-a")[0]
            .description
            .clone()
    };
    assert_eq!(
        description(&LoadOptions {
            job_config_url_prefix: Some("https://x/jobs/".to_owned()),
            ..LoadOptions::default()
        }),
        "prowjob_name: ci-job\nprowjob_config_url: https://x/jobs/sig/a.yaml\nprowjob_description: Text"
    );
    assert_eq!(
        description(&LoadOptions {
            rewrite_descriptions: false,
            ..LoadOptions::default()
        }),
        "Text"
    );
}

#[test]
fn other_files_among_prow_jobs_are_skipped() {
    let found = problems(&[
        ("testgrids/default.yaml", DEFAULTS),
        ("testgrids/boards.yaml", super::rules::GOOD),
        (
            "jobs/jobs.yaml",
            "presets: []\nperiodics: ~\npresubmits:\n  org/repo: ~\n",
        ),
        ("jobs/registry.yaml", "registry: x\n"),
        ("jobs/own.yaml", "presubmits: [{name: pull-x}]\n"),
        ("testgrids/typo.yaml", "dashbaords: []\n"),
    ]);
    assert_eq!(
        found,
        [
            "testgrids/typo.yaml:1: neither TestGrid configuration nor Prow jobs: its first key is `dashbaords`"
        ]
    );
}
