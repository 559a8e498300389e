//! TestGrid and Prow configuration, on small trees and on the real ones.

mod annotations;
mod real;
mod rules;

use model::config::{Configuration, DashboardTab, TestGroup};
use seamgrid::testgrid::{CheckReport, LoadOptions, Loaded, check_config, load_configuration};
use tempfile::TempDir;

/// A folder with these files, by their paths below it.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

fn load(files: &[(&str, &str)]) -> Loaded {
    let folder = tree(files);
    load_configuration(&[folder.path().to_path_buf()], &[])
}

/// The problems of a tree as `path:line: message`, paths below the tree.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tree(files);
    let report = check_config(&[folder.path().to_path_buf()]);
    below(&report, folder.path())
}

fn below(report: &CheckReport, folder: &std::path::Path) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    report
        .problems
        .iter()
        .map(|problem| problem.to_string().replace(&prefix, ""))
        .collect()
}

fn group<'a>(configuration: &'a Configuration, name: &str) -> &'a TestGroup {
    configuration
        .test_groups
        .iter()
        .find(|group| group.name == name)
        .expect("the group")
}

fn tabs<'a>(configuration: &'a Configuration, dashboard: &str) -> &'a [DashboardTab] {
    configuration
        .dashboards
        .iter()
        .find(|found| found.name == dashboard)
        .map(|found| found.dashboard_tab.as_slice())
        .expect("the dashboard")
}

const DEFAULTS: &str = "\
default_test_group:
  days_of_results: 15
  num_columns_recent: 10
  num_failures_to_alert: 3
  ignore_skip: true
  column_header:
  - configuration_value: Commit
default_dashboard_tab:
  num_columns_recent: 10
  results_text: See these results on Prow
  base_options: width=20
  open_test_template:
    url: https://prow.k8s.io/view/gs/<gcs_prefix>/<changelist>
  attach_bug_template:
    url: # empty
    options: # empty
  alert_options:
    alert_stale_results_hours: 24
    num_failures_to_alert: 2
";

#[test]
fn defaults_fill_only_what_is_unset() {
    let loaded = load(&[
        ("default.yaml", DEFAULTS),
        (
            "a/config.yaml",
            "\
test_groups:
- name: group-a
  gcs_prefix: b/logs/a
- name: group-b
  gcs_prefix: b/logs/b
  days_of_results: 3
  num_failures_to_alert: 0
  ignore_skip: false
  column_header: []
  is_external: false
  use_kubernetes_client: null
dashboards:
- name: board-a
  dashboard_tab:
  - name: tab-a
    test_group_name: group-a
  - name: tab-b
    test_group_name: group-b
    results_text: ''
    base_options: ~
    open_test_template: {}
    alert_options:
      alert_mail_to_addresses: a@b
",
        ),
    ]);
    assert_eq!(loaded.problems, []);
    let a = group(&loaded.configuration, "group-a");
    assert_eq!(a.days_of_results, Some(15));
    assert_eq!(a.num_failures_to_alert, Some(3));
    assert_eq!(a.ignore_skip, Some(true));
    assert_eq!(a.column_header[0].configuration_value, "Commit");
    assert_eq!(a.use_kubernetes_client, Some(true));
    assert_eq!(a.is_external, Some(true));
    let b = group(&loaded.configuration, "group-b");
    assert_eq!(b.days_of_results, Some(3));
    assert_eq!(b.num_failures_to_alert, Some(0));
    assert_eq!(b.ignore_skip, Some(false));
    assert_eq!(b.column_header, []);
    assert_eq!(b.use_kubernetes_client, Some(true));
    assert_eq!(b.is_external, Some(false));
    let [tab_a, tab_b] = tabs(&loaded.configuration, "board-a") else {
        panic!("two tabs");
    };
    assert_eq!(tab_a.results_text, "See these results on Prow");
    assert!(tab_a.open_test_template.url.ends_with("<changelist>"));
    let alerts = tab_a.alert_options.clone().expect("default alert options");
    assert_eq!(alerts.num_failures_to_alert, Some(2));
    assert_eq!(tab_b.results_text, "");
    assert_eq!(tab_b.base_options, "width=20");
    assert_eq!(tab_b.open_test_template.url, "");
    // Alert options count as one.
    let alerts = tab_b.alert_options.clone().expect("own alert options");
    assert_eq!(alerts.alert_mail_to_addresses, "a@b");
    assert_eq!(alerts.num_failures_to_alert, None);
    assert_eq!(alerts.alert_stale_results_hours, None);
}

#[test]
fn a_zero_may_be_as_good_as_nothing() {
    let folder = tree(&[
        ("default.yaml", DEFAULTS),
        (
            "a.yaml",
            "\
test_groups:
- name: group-a
  gcs_prefix: b/logs/a
  days_of_results: 0
  num_failures_to_alert: 0
  num_columns_recent: 4
  ignore_skip: false
  column_header: []
  is_external: false
dashboards:
- name: board-a
  dashboard_tab:
  - name: tab-a
    test_group_name: group-a
    num_columns_recent: 0
    results_text: ''
",
        ),
    ]);
    let paths = [folder.path().to_path_buf()];
    let as_testgrid = LoadOptions {
        zero_is_unset: true,
        ..LoadOptions::default()
    };
    let loaded = seamgrid::testgrid::load(&paths, &as_testgrid);
    let a = group(&loaded.configuration, "group-a");
    assert_eq!(a.days_of_results, Some(15));
    assert_eq!(a.num_failures_to_alert, Some(3));
    assert_eq!(a.num_columns_recent, Some(4));
    assert_eq!(a.ignore_skip, Some(true));
    assert_eq!(a.column_header[0].configuration_value, "Commit");
    assert_eq!(a.is_external, Some(true));
    let tab = &tabs(&loaded.configuration, "board-a")[0];
    assert_eq!(tab.num_columns_recent, Some(10));
    assert_eq!(tab.results_text, "See these results on Prow");

    let loaded = seamgrid::testgrid::load(&paths, &LoadOptions::default());
    let a = group(&loaded.configuration, "group-a");
    assert_eq!(
        (a.num_failures_to_alert, a.ignore_skip),
        (Some(0), Some(false))
    );
}

#[test]
fn the_nearest_defaults_count_and_are_not_inherited() {
    let near = "{default_test_group: {days_of_results: 7, num_columns_recent: 7}, default_dashboard_tab: {}}";
    let configuration = |letter: &str| {
        format!(
            "test_groups: [{{name: group-{letter}, gcs_prefix: b/{letter}}}]\n\
             dashboards: [{{name: board-{letter}, dashboard_tab: \
             [{{name: tab-{letter}, test_group_name: group-{letter}}}]}}]\n"
        )
    };
    let own = format!(
        "default_test_group: {{days_of_results: 5, num_columns_recent: 5}}\n\
         default_dashboard_tab: {{results_text: mine}}\n{}",
        configuration("d")
    );
    let loaded = load(&[
        ("default.yaml", DEFAULTS),
        ("top.yaml", &configuration("a")),
        ("x/default.yaml", near),
        ("x/near.yaml", &configuration("b")),
        ("x/y/below.yml", &configuration("c")),
        ("x/own.yaml", &own),
    ]);
    assert_eq!(loaded.problems, []);
    let days = |name: &str| group(&loaded.configuration, name).days_of_results;
    assert_eq!(days("group-a"), Some(15));
    assert_eq!(days("group-b"), Some(7));
    assert_eq!(days("group-c"), Some(15));
    assert_eq!(days("group-d"), Some(5));
    assert_eq!(
        tabs(&loaded.configuration, "board-d")[0].results_text,
        "mine"
    );
    assert_eq!(tabs(&loaded.configuration, "board-b")[0].results_text, "");
}

#[test]
fn every_problem_is_told_with_its_file_and_line() {
    let found = problems(&[
        (
            "a/default.yaml",
            "default_test_group: {days_of_results: many}\n",
        ),
        (
            "a/b.yaml",
            "\
test_groups:
- name: group-a
  gcs_prefix: b/logs/a
  days_of_result: 3
  num_columns_recent: -1
  tests_name_policy: SOMEHOW
  column_header: Commit
dashboards:
- name: board-a
  tabs: []
  dashboard_tab:
  - name: tab-a
    test_group_name: group-a
    alert_options: {alert_mail_to_address: a@b}
dashbord_groups: []
",
        ),
        ("a/c.yaml", "- a list\n"),
        ("a/d.yaml", "test_groups: [\n"),
        ("a/e.yaml", "dashbaords: []\n"),
        ("a/f.txt", "not read"),
        ("a/empty.yaml", "# nothing\n"),
    ]);
    let unfinished = found
        .iter()
        .position(|problem| problem.starts_with("a/d.yaml:"))
        .expect("the unfinished file is told");
    assert!(found[unfinished].contains("not YAML"), "{found:#?}");
    let mut rest = found;
    rest.remove(unfinished);
    assert_eq!(
        rest,
        [
            "a/b.yaml:2: test group \"group-a\": `days_of_results` and `num_columns_recent` are set neither here nor by a default",
            "a/b.yaml:4: unknown key `days_of_result` in a test group",
            "a/b.yaml:5: num_columns_recent must be a whole number of at least 0, not \"-1\"",
            "a/b.yaml:6: tests_name_policy must be one of UNSPECIFIED (0), IGNORE (1), REPLACE (2), APPEND (3), not \"SOMEHOW\"",
            "a/b.yaml:7: column_header must be a list, not \"Commit\"",
            "a/b.yaml:10: unknown key `tabs` in a dashboard",
            "a/b.yaml:14: unknown key `alert_mail_to_address` in alert_options",
            "a/b.yaml:15: unknown key `dashbord_groups` in a TestGrid configuration",
            "a/c.yaml:1: neither TestGrid configuration nor Prow jobs: it is not a mapping",
            "a/default.yaml:1: days_of_results must be a whole number of at least 0, not \"many\"",
            "a/default.yaml:1: defaults need both halves, and `default_dashboard_tab` is missing",
            "a/e.yaml:1: neither TestGrid configuration nor Prow jobs: its first key is `dashbaords`",
        ]
    );
}

#[test]
fn paths_that_cannot_be_read_are_told() {
    let folder = tree(&[("good.yaml", rules::GOOD), ("bytes/x.yaml", "")]);
    std::fs::write(folder.path().join("bytes/x.yaml"), b"a: b\nc: \xff\n").expect("a file");
    let report = check_config(&[
        folder.path().join("good.yaml"),
        folder.path().join("nowhere"),
        folder.path().join("bytes"),
        // Reached twice, read once.
        folder.path().join("bytes/../good.yaml"),
    ]);
    assert_eq!(
        below(&report, folder.path()),
        [
            "bytes/x.yaml:2: not UTF-8 text",
            "nowhere:1: there is no such file or folder",
        ]
    );
    assert_eq!(report.counts.test_groups, 1);
    assert!(!report.is_clean());
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_leaves_the_others() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = tree(&[("good.yaml", rules::GOOD), ("closed.yaml", "a: b")]);
    let closed = folder.path().join("closed.yaml");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).expect("mode");
    symlink("loop", folder.path().join("loop")).expect("a link");
    symlink("nothing", folder.path().join("dangling.yaml")).expect("a link");
    let report = check_config(&[folder.path().to_path_buf()]);
    let problems = below(&report, folder.path());
    assert!(
        problems
            .iter()
            .any(|problem| problem.starts_with("dangling.yaml:1: ")),
        "{problems:?}"
    );
    // A superuser reads it all the same, and then it is no configuration.
    assert!(
        problems
            .iter()
            .any(|problem| problem.starts_with("closed.yaml:1: ")),
        "{problems:?}"
    );
    assert_eq!(report.counts.test_groups, 1);
}

#[test]
fn the_report_ends_with_the_counts() {
    let folder = tree(&[("good.yaml", rules::GOOD)]);
    let report = check_config(&[folder.path().to_path_buf()]);
    assert!(report.is_clean());
    assert_eq!(
        report.to_string(),
        "test groups: 1\ntabs: 1\ndashboards: 1\ndashboard groups: 0\n"
    );
}

#[test]
fn the_first_of_a_name_is_kept() {
    let loaded = load(&[
        ("a.yaml", rules::GOOD),
        (
            "b.yaml",
            "\
test_groups:
- {name: Group_A, gcs_prefix: other/logs/a, days_of_results: 1, num_columns_recent: 1}
dashboards:
- name: board-a
  dashboard_tab: [{name: tab-z, test_group_name: Group_A}]
",
        ),
    ]);
    assert_eq!(loaded.problems.len(), 2, "{:?}", loaded.problems);
    assert!(
        loaded
            .problems
            .iter()
            .all(|problem| problem.message.starts_with("duplicate name: ")),
        "{:?}",
        loaded.problems
    );
    assert_eq!(loaded.configuration.test_groups.len(), 1);
    assert_eq!(
        group(&loaded.configuration, "group-a").gcs_prefix,
        "b/logs/a"
    );
    assert_eq!(tabs(&loaded.configuration, "board-a")[0].name, "tab-a");
}
