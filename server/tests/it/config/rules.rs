//! TestGrid's validation rules, each with what it accepts and what it rejects.

use super::problems;

/// A configuration without a problem.
pub(super) const GOOD: &str = "\
test_groups:
- name: group-a
  days_of_results: 14
  num_columns_recent: 10
  gcs_prefix: b/logs/a
dashboards:
- name: board-a
  dashboard_tab:
  - name: tab-a
    test_group_name: group-a
";

/// What is inserted where, and the problem: none, or its line and a part of its message.
type Case = (&'static str, &'static str, Option<(u32, &'static str)>);

/// The line of the group, the tab or the end after which a case's lines are inserted.
fn insert(place: &str, lines: &str) -> String {
    let (marker, indent) = match place {
        "group" => ("  num_columns_recent: 10\n", "  "),
        "tab" => ("    test_group_name: group-a\n", "    "),
        _ => return format!("{GOOD}{lines}\n"),
    };
    let indented = format!("{indent}{}\n", lines.replace('\n', &format!("\n{indent}")));
    GOOD.replace(marker, &format!("{marker}{indented}"))
}

fn check(cases: &[Case]) {
    for (place, lines, expected) in cases {
        let text = insert(place, lines);
        let found = problems(&[("c.yaml", &text)]);
        match expected {
            None => assert_eq!(found, Vec::<String>::new(), "{text}"),
            Some((line, message)) => {
                assert_eq!(found.len(), 1, "{text}{found:#?}");
                assert!(
                    found[0].starts_with(&format!("c.yaml:{line}: ")),
                    "{text}{found:?}"
                );
                assert!(found[0].contains(message), "{text}{found:?}");
            }
        }
    }
}

/// Replaces a part of the good configuration.
fn replaced(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    problems(&[("c.yaml", &GOOD.replace(from, to))])
}

#[test]
fn something_must_be_configured() {
    let only = |text: &str| {
        let found = problems(&[("c.yaml", text)]);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    assert!(only("dashboards: [{name: x}]").ends_with(":1: no test group is configured"));
    assert!(only("test_groups: [{name: x}]").ends_with(":1: no dashboard is configured"));
    assert!(only("").ends_with(":1: no test group is configured"));
}

#[test]
fn names_are_legal_and_unique() {
    for (from, to, expected) in [
        ("tab-a", "Tab (a), b/c – d|e@f", &[][..]),
        (
            "tab-a",
            "'tab: a'",
            &["c.yaml:9: dashboard tab: the name \"tab: a\" holds ':'"],
        ),
        (
            "tab-a",
            "x-",
            &["c.yaml:9: dashboard tab: the name \"x-\" has 1 letters"],
        ),
        (
            "tab-a",
            "Summary",
            &["c.yaml:9: dashboard tab: the name \"Summary\" begins with"],
        ),
        ("tab-a", "my summary", &[]),
        (
            "tab-a",
            "''",
            &["c.yaml:9: dashboard tab: the name is empty"],
        ),
        (
            "board-a",
            "Dash-Board",
            &["c.yaml:7: dashboard: the name \"Dash-Board\" begins with"],
        ),
        (
            "board-a",
            "alerters",
            &["c.yaml:7: dashboard: the name \"alerters\" begins with"],
        ),
        (
            "group-a",
            "bugs-a",
            &["c.yaml:2: test group: the name \"bugs-a\" begins with"],
        ),
    ] {
        let found = replaced(from, to);
        assert_eq!(found.len(), expected.len(), "{to}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found} {expected}");
        }
    }
    check(&[
        (
            "end",
            "- name: Board A\n  dashboard_tab: [{name: tab-a, test_group_name: group-a}]",
            Some((
                11,
                "duplicate name: the dashboard \"Board A\" is already the name of a dashboard as \"board-a\"",
            )),
        ),
        (
            "end",
            "- name: board-b\n  dashboard_tab: [{name: tab-a, test_group_name: group-a}]",
            None,
        ),
        (
            "end",
            "  - {name: TAB.A, test_group_name: group-a}",
            Some((11, "duplicate name: the dashboard tab \"TAB.A\"")),
        ),
        (
            "end",
            "dashboard_groups: [{name: board-a, dashboard_names: [board-a]}]",
            Some((
                11,
                "duplicate name: the dashboard group \"board-a\" is already the name of a dashboard",
            )),
        ),
        (
            "end",
            "dashboard_groups:\n- {name: all, dashboard_names: [board-a]}\n- {name: ALL, dashboard_names: []}",
            Some((13, "duplicate name: the dashboard group \"ALL\"")),
        ),
    ]);
    let twice = GOOD.replace(
        "dashboards:",
        "- {name: group_a, gcs_prefix: b/x, days_of_results: 1, num_columns_recent: 1}\ndashboards:",
    );
    let found = problems(&[("c.yaml", &twice)]);
    assert!(
        found[0].starts_with("c.yaml:6: duplicate name: the test group \"group_a\""),
        "{found:?}"
    );
}

#[test]
fn what_is_named_exists_and_what_exists_is_shown() {
    check(&[
        (
            "end",
            "- name: board-b\n  dashboard_tab: []",
            Some((11, "the dashboard \"board-b\" has no tab")),
        ),
        (
            "end",
            "  - {name: tab-b, test_group_name: group-b}",
            Some((11, "the test group \"group-b\", which is not configured")),
        ),
        (
            "end",
            "  - {name: tab-b}",
            Some((11, "needs a `test_group_name`")),
        ),
        ("end", "  - {name: tab-b, test_group_name: group-a}", None),
        (
            "end",
            "dashboard_groups: [{name: all, dashboard_names: [board-a]}]",
            None,
        ),
        (
            "end",
            "dashboard_groups: [{name: all, dashboard_names: [board-a, board-b]}]",
            Some((
                11,
                "the dashboard group \"all\" lists the dashboard \"board-b\", which is not configured",
            )),
        ),
        (
            "end",
            "dashboard_groups:\n- {name: one, dashboard_names: [board-a]}\n- {name: two, dashboard_names: [board-a]}",
            Some((
                13,
                "the dashboard \"board-a\" is in the dashboard group \"one\" and again in \"two\"",
            )),
        ),
    ]);
    let unshown = GOOD.replace(
        "dashboards:",
        "- {name: group-b, gcs_prefix: b/x, days_of_results: 1, num_columns_recent: 1}\ndashboards:",
    );
    assert_eq!(
        problems(&[("c.yaml", &unshown)]),
        ["c.yaml:6: no tab shows the test group \"group-b\""]
    );
}

#[test]
fn tabs_keep_to_their_rules() {
    check(&[
        ("tab", r"tabular_names_regex: '(?P<a>\w+)-(?P<b>\w+)'", None),
        (
            "tab",
            "tabular_names_regex: '(?P<a>'",
            Some((11, "not a regular expression")),
        ),
        (
            "tab",
            "tabular_names_regex: 'abc'",
            Some((11, "needs a group that captures")),
        ),
        (
            "tab",
            "tabular_names_regex: '(?P<a>x)(y)'",
            Some((11, "needs a name")),
        ),
        (
            "tab",
            "alert_options: {alert_mail_to_addresses: 'a@b, c@d'}",
            None,
        ),
        (
            "tab",
            "alert_options: {alert_mail_to_addresses: 'a@b,c'}",
            Some((11, "\"c\" is not a mail address")),
        ),
        (
            "tab",
            "alert_options: {alert_mail_to_addresses: 'a@b@c'}",
            Some((11, "\"a@b@c\" is not a mail address")),
        ),
        (
            "tab",
            "alert_options: {alert_mail_to_addresses: '@b'}",
            Some((11, "\"@b\" is not a mail address")),
        ),
        (
            "tab",
            "alert_options: {alert_mail_to_addresses: 'a@b,'}",
            Some((11, "\"\" is not a mail address")),
        ),
        (
            "tab",
            "status_customization_options: {max_acceptable_flakiness: 100, ignored_test_statuses: [CANCEL, 2]}",
            None,
        ),
        (
            "tab",
            "status_customization_options: {max_acceptable_flakiness: 100.5}",
            Some((11, "it must be 0 to 100")),
        ),
        (
            "tab",
            "status_customization_options: {max_acceptable_flakiness: .nan}",
            Some((11, "must be")),
        ),
        ("tab", "broken_column_threshold: 0.5", None),
        (
            "tab",
            "column_diff_link_templates: [{name: infra, url: 'https://x', options: [{key: a, value: b}]}]",
            None,
        ),
        (
            "tab",
            "health_analysis_options: {enable: true, days_of_analysis: 7}",
            None,
        ),
    ]);
}

#[test]
fn groups_keep_to_their_rules() {
    check(&[
        ("group", "alert_mail_to_addresses: a@b", None),
        (
            "group",
            "alert_mail_to_addresses: a",
            Some((5, "\"a\" is not a mail address")),
        ),
        ("group", "test_method_match_regex: 'a+'", None),
        (
            "group",
            "test_method_match_regex: '('",
            Some((5, "`test_method_match_regex` is not a regular expression")),
        ),
        (
            "group",
            "test_metadata_options: [{message_regex: a, owner: x}]",
            None,
        ),
        (
            "group",
            "test_metadata_options: [{owner: x}]",
            Some((5, "needs a `test_name_regex` or a `message_regex`")),
        ),
        (
            "group",
            "test_metadata_options: [{test_name_regex: '['}]",
            Some((5, "`test_name_regex` is not a regular expression")),
        ),
        (
            "group",
            "notifications: [{summary: moved, context_link: 'https://x'}]",
            None,
        ),
        (
            "group",
            "notifications: [{context_link: 'https://x'}]",
            Some((5, "needs a `summary`")),
        ),
        (
            "group",
            "test_annotations: [{short_text: ünïcö, property_name: p}]",
            None,
        ),
        (
            "group",
            "test_annotations: [{short_text: toolong, property_name: p}]",
            Some((5, "has 7 characters")),
        ),
        (
            "group",
            "test_annotations: [{short_text: '', property_name: p}]",
            Some((5, "has 0 characters")),
        ),
        (
            "group",
            "test_annotations: [{short_text: a}]",
            Some((5, "needs a `property_name`")),
        ),
        (
            "group",
            "fallback_grouping: FALLBACK_GROUPING_CONFIGURATION_VALUE\nfallback_grouping_configuration_value: x",
            None,
        ),
        (
            "group",
            "fallback_grouping: 5",
            Some((5, "need each other")),
        ),
        (
            "group",
            "fallback_grouping_configuration_value: x",
            Some((2, "need each other")),
        ),
        ("group", "fallback_grouping: DATE", None),
        (
            "group",
            "column_header: [{configuration_value: Commit, list_all_values: true}, {label: x}, {property: y}]",
            None,
        ),
        (
            "group",
            "column_header: [{}]",
            Some((5, "a column header needs")),
        ),
        (
            "group",
            "column_header: [{configuration_value: a, label: b}]",
            Some((5, "excludes `label` and `property`")),
        ),
        (
            "group",
            "column_header: [{configuration_value: a, property: b}]",
            Some((5, "excludes `label` and `property`")),
        ),
        (
            "group",
            "column_header: [{property: a, label: b}]",
            Some((5, "`property` excludes `label`")),
        ),
        (
            "group",
            "test_name_config: {name_elements: [{target_config: Tests name}, {target_config: Context}], name_format: '%s [%-5.2s]'}",
            None,
        ),
        (
            "group",
            "test_name_config: {name_format: '%s'}",
            Some((5, "needs `name_elements`")),
        ),
        (
            "group",
            "test_name_config: {name_elements: [{target_config: a}]}",
            Some((5, "needs a `name_format`")),
        ),
        (
            "group",
            "test_name_config: {name_elements: [{target_config: a}], name_format: '%s %s'}",
            Some((5, "has 2 `%` for 1")),
        ),
        (
            "group",
            "test_name_config: {name_elements: [{target_config: a}], name_format: '%d'}",
            Some((5, "takes no text")),
        ),
        (
            "group",
            "test_name_config: {name_elements: [{labels: a}, {labels: b}], name_format: '%%'}",
            Some((5, "takes no text")),
        ),
        (
            "group",
            "custom_evaluator_rule_set: {rules: [{computed_status: FLAKY, test_result_comparisons: [{property_key: a, comparison: {op: OP_EQ, string_value: b}}]}]}",
            None,
        ),
        (
            "group",
            "custom_evaluator_rule_set: {rules: [{computed_status: FINE}]}",
            Some((5, "computed_status must be a status")),
        ),
    ]);
}

#[test]
fn limits_are_more_than_zero() {
    for (from, to, expected) in [
        (
            "days_of_results: 14",
            "days_of_results: 0",
            "c.yaml:3: test group \"group-a\": `days_of_results` must be more than 0",
        ),
        (
            "num_columns_recent: 10",
            "num_columns_recent: 0",
            "c.yaml:4: test group \"group-a\": `num_columns_recent` must be more than 0",
        ),
        (
            "days_of_results: 14",
            "is_external: true",
            "c.yaml:2: test group \"group-a\": `days_of_results` is set neither here nor by a default",
        ),
    ] {
        assert_eq!(replaced(from, to), [expected]);
    }
}

#[test]
fn a_group_has_one_source() {
    const PREFIX: &str = "  gcs_prefix: b/logs/a\n";
    const NONE: &str = "needs a `gcs_prefix` or a `result_source`; where its runs are uploaded, say so in \
                        `push.groups` of the settings";
    for (to, expected) in [
        ("", &[NONE][..]),
        ("  gcs_prefix: ''\n", &[NONE]),
        (
            "  result_source: {gcs_config: {gcs_prefix: b/logs/a}}\n",
            &[],
        ),
        (
            "  result_source: {gcs_config: {gcs_prefix: b, pubsub_project: p, pubsub_subscription: s}}\n",
            &[],
        ),
        (
            "  result_source: {gcs_config: {gcs_prefix: b, pubsub_project: p}}\n",
            &["need each other"],
        ),
        (
            "  result_source: {gcs_config: {}}\n",
            &["`gcs_config` needs a `gcs_prefix`"],
        ),
        (
            "  result_source: {}\n",
            &["needs a `gcs_config` or a `resultstore_config`"],
        ),
        ("  result_source: {resultstore_config: {project: p}}\n", &[]),
        (
            "  result_source: {resultstore_config: {project: p, query: 'target:\"x\"'}}\n",
            &[],
        ),
        (
            "  result_source: {resultstore_config: {project: p, query: 'target:x'}}\n",
            &["is not of the form"],
        ),
        (
            "  result_source: {resultstore_config: {query: ''}}\n",
            &["needs a `project`"],
        ),
        (
            "  result_source: {gcs_config: {gcs_prefix: b}, resultstore_config: {project: p}}\n",
            &["exclude each other"],
        ),
        (
            "  gcs_prefix: b\n  result_source: {gcs_config: {gcs_prefix: b}}\n",
            &["`gcs_prefix` and `result_source` exclude each other"],
        ),
        (
            "  use_kubernetes_client: true\n  result_source: {gcs_config: {gcs_prefix: b}}\n",
            &["`use_kubernetes_client` and `result_source` exclude each other"],
        ),
    ] {
        let found = replaced(PREFIX, to);
        assert_eq!(found.len(), expected.len(), "{to}{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} {expected}");
        }
    }
}
