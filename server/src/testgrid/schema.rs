//! The keys of TestGrid's YAML: the fields of `model::config` by their own names.

use model::{
    config::{
        AlertOptions, AutoBugOptions, ColumnHeader, Comparison, Dashboard, DashboardGroup,
        DashboardTab, DefaultTestMetadata, FallbackGrouping, FlakinessAlertOptions, GcsConfig,
        HealthAnalysisOptions, HotlistSource, IgnoredTestStatus, IssueGatherOptions, KeyValue,
        LinkOption, LinkTemplate, Notification, Operator, PrimaryGrouping, ResultSource,
        ResultStoreConfig, Rule, RuleSet, StatusCustomizationOptions, TestAnnotation, TestGroup,
        TestMetadataOption, TestNameConfig, TestNameElement, TestResultComparison, TestsNamePolicy,
    },
    status::Status,
};

use super::{
    decode::{Decode, Message, Problems, choices, decode_message, messages},
    yaml::Node,
};

messages! {
    TestGroup, "a test group" {
        name, gcs_prefix, days_of_results, ignore_pending, ignore_built, tests_name_policy,
        ignore_test_substring, column_header, fallback_grouping, alert_stale_results_hours,
        num_failures_to_alert, bug_component, code_search_path, num_columns_recent,
        use_test_metadata, alert_mail_to_addresses, alert_mail_subject, alert_mail_debug_url,
        alert_mail_failure_message, min_elapsed_minutes_between_mails, enable_flaky_status,
        use_kubernetes_client, is_external, test_name_config, notifications, primary_grouping,
        enable_test_methods, test_annotations, max_test_methods_per_test, test_metadata_options,
        test_tag_pattern, auto_bug_options, max_test_runtime_hours, num_passes_to_disable_alert,
        link_bugs_by_group, test_method_properties, gather_bugs, short_text_metric,
        link_bugs_by_test_methods, build_override_configuration_value, test_method_match_regex,
        use_full_method_names, fallback_grouping_configuration_value, result_source,
        custom_evaluator_rule_set, read_state_from_storage, ignore_old_results, ignore_skip,
        build_override_strftime, user_property, disable_merged_status, test_method_unmatch_regex,
        disable_prowjob_analysis, issue_gather_options,
    }
    ColumnHeader, "a column header" { configuration_value, label, property, list_all_values }
    // Its tabs are read one by one, with their lines.
    Dashboard, "a dashboard" {
        name, notifications, default_tab, highlight_failing_tabs, highlight_today,
        downplay_failing_tabs, description,
    }
    DashboardTab, "a dashboard tab" {
        name, test_group_name, bug_component, code_search_path, num_columns_recent, base_options,
        open_test_template, file_bug_template, attach_bug_template, results_text,
        results_url_template, code_search_url_template, description, tabular_names_regex,
        alert_options, about_dashboard_url, open_bug_template, auto_file_bugs, display_local_time,
        context_menu_template, broken_column_threshold, beta_autobug_options,
        health_analysis_options, flakiness_alert_options, column_diff_link_templates,
        status_customization_options,
    }
    DashboardGroup, "a dashboard group" { name, dashboard_names, description }
    AlertOptions, "alert_options" {
        alert_stale_results_hours, num_failures_to_alert, alert_mail_to_addresses,
        num_passes_to_disable_alert, subject, debug_url, debug_message,
        wait_minutes_between_emails, alert_mail_failure_message,
    }
    FlakinessAlertOptions, "flakiness_alert_options" {
        minimum_flakiness_to_alert, alert_mail_to_addresses, subject, wait_minutes_between_emails,
        alert_mail_failure_message,
    }
    HealthAnalysisOptions, "health_analysis_options" {
        enable, days_of_analysis, email_schedule, email_recipients, grouping_regex,
    }
    StatusCustomizationOptions, "status_customization_options" {
        max_acceptable_flakiness, ignored_test_statuses, min_acceptable_runs,
    }
    LinkTemplate, "a link template" { url, options, name }
    LinkOption, "a link option" { key, value }
    Notification, "a notification" { summary, context_link }
    TestAnnotation, "a test annotation" { short_text, property_name }
    TestMetadataOption, "a test metadata option" {
        test_name_regex, bug_component, owner, cc, message_regex,
    }
    KeyValue, "a key with its value" { key, value }
    AutoBugOptions, "auto bug options" {
        beta_autobug_component, auto_close, hotlist_ids, priority, hotlist_ids_from_source,
        file_individual, singleton_autobug, max_allowed_individual_bugs, file_overall,
        default_test_metadata, advanced_test_metadata,
    }
    HotlistSource, "a hotlist source" { value, label }
    DefaultTestMetadata, "default_test_metadata" { bug_component, owner, cc }
    ResultSource, "result_source" { gcs_config, resultstore_config }
    GcsConfig, "gcs_config" { gcs_prefix, pubsub_project, pubsub_subscription }
    ResultStoreConfig, "resultstore_config" { project, query }
    TestNameConfig, "test_name_config" { name_elements, name_format }
    TestNameElement, "a name element" { labels, target_config, build_target, tags, test_property }
    RuleSet, "custom_evaluator_rule_set" { rules }
    Rule, "a rule" { test_result_comparisons, computed_status }
    TestResultComparison, "a comparison of a result" {
        comparison, property_key, test_result_field, test_result_error_field,
    }
    Comparison, "a comparison" { op, string_value, numerical_value }
}

choices! {
    TestsNamePolicy, "TESTS_NAME_" {
        "0" "UNSPECIFIED" => Self::Unspecified,
        "1" "IGNORE" => Self::Ignore,
        "2" "REPLACE" => Self::Replace,
        "3" "APPEND" => Self::Append,
    }
    FallbackGrouping, "FALLBACK_GROUPING_" {
        "0" "NONE" => Self::None,
        "1" "DATE" => Self::Date,
        "2" "LABELS" => Self::Labels,
        "3" "ID" => Self::Id,
        "4" "BUILD" => Self::Build,
        "5" "CONFIGURATION_VALUE" => Self::ConfigurationValue,
    }
    PrimaryGrouping, "PRIMARY_GROUPING_" {
        "0" "NONE" => Self::None,
        "1" "BUILD" => Self::Build,
    }
    IgnoredTestStatus, "" {
        "0" "UNSPECIFIED" => Self::Unspecified,
        "1" "CATEGORIZED_ABORT" => Self::CategorizedAbort,
        "2" "UNKNOWN" => Self::Unknown,
        "3" "CANCEL" => Self::Cancel,
        "4" "BLOCKED" => Self::Blocked,
    }
    Operator, "OP_" {
        "0" "UNKNOWN" => Self::Unknown,
        "1" "EQ" => Self::Eq,
        "2" "NE" => Self::Ne,
        "3" "LT" => Self::Lt,
        "4" "LE" => Self::Le,
        "5" "GT" => Self::Gt,
        "6" "GE" => Self::Ge,
        "7" "REGEX" => Self::Regex,
        "8" "STARTS_WITH" => Self::StartsWith,
        "9" "CONTAINS" => Self::Contains,
    }
}

impl Decode for Status {
    fn decode(node: &Node, what: &str, problems: &mut Problems<'_>) -> Option<Self> {
        let text = node.text().unwrap_or_default();
        let status = match text.parse() {
            Ok(number) => Self::from_number(number).ok(),
            Err(_) => Self::from_name(text),
        };
        if status.is_none() {
            problems.expected(what, "a status: its number 0 to 15 or its name", node);
        }
        status
    }
}

/// Its fields are not public: whatever it holds is accepted.
impl Decode for IssueGatherOptions {
    fn decode(_: &Node, _: &str, _: &mut Problems<'_>) -> Option<Self> {
        Some(Self {})
    }
}
