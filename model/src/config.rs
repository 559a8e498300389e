//! What is shown: test groups, dashboards and their tabs, dashboard groups, with TestGrid's fields
//! under TestGrid's names.
//!
//! A number, switch or choice that is not set is `None`, so that an explicit zero can override a
//! default; an unset text or list is empty. The rule that answers for an unset field is beside its
//! accessor.

mod notes;
mod source;
mod tab;

use serde::{Deserialize, Serialize};

pub use notes::{
    AutoBugOptions, DefaultTestMetadata, HotlistSource, IssueGatherOptions, KeyValue, Notification,
    TestAnnotation, TestMetadataOption,
};
pub use source::{
    Comparison, GcsConfig, Operator, ResultSource, ResultStoreConfig, Rule, RuleSet,
    TestNameConfig, TestNameElement, TestResultComparison,
};
pub use tab::{
    AlertOptions, Dashboard, DashboardGroup, DashboardTab, FlakinessAlertOptions,
    HealthAnalysisOptions, IgnoredTestStatus, LinkOption, LinkTemplate, StatusCustomizationOptions,
};

/// A whole configuration, after defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// Streams of builds.
    pub test_groups: Vec<TestGroup>,
    /// In the order of the files.
    pub dashboards: Vec<Dashboard>,
    /// In the order of the files.
    pub dashboard_groups: Vec<DashboardGroup>,
    /// The jobs whose annotations ask for a copy on every release branch, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forked_jobs: Vec<String>,
}

/// One stream of builds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestGroup {
    /// Identity.
    pub name: String,
    /// `bucket/path`; several separated by commas. Empty when [`TestGroup::result_source`] says it.
    pub gcs_prefix: String,
    /// How far back results are read and kept.
    pub days_of_results: Option<u32>,
    /// Hide runs that have not finished.
    pub ignore_pending: Option<bool>,
    /// Hide builds without a test result (ResultStore only).
    pub ignore_built: Option<bool>,
    /// How the names of tests that stand for a target come about (ResultStore only).
    pub tests_name_policy: Option<TestsNamePolicy>,
    /// Tests whose name holds one of these are left out (ResultStore only).
    pub ignore_test_substring: Vec<String>,
    /// Extra values shown per column.
    pub column_header: Vec<ColumnHeader>,
    /// What makes two invocations one column (ResultStore only).
    pub fallback_grouping: Option<FallbackGrouping>,
    /// Hours without a result after which the group is stale; the tab's value is what counts.
    pub alert_stale_results_hours: Option<u32>,
    /// Failures that open an alert; zero means no alerts.
    pub num_failures_to_alert: Option<u32>,
    /// A bug tracker's component.
    pub bug_component: Option<i32>,
    /// Where code search looks.
    pub code_search_path: String,
    /// How many columns count as recent.
    pub num_columns_recent: Option<u32>,
    /// Read owners from test metadata.
    pub use_test_metadata: Option<bool>,
    /// Addresses separated by commas; moved to the tab's alert options.
    pub alert_mail_to_addresses: String,
    /// Subject of alert mail; moved to the tab's alert options.
    pub alert_mail_subject: String,
    /// A link in alert mail; moved to the tab's alert options.
    pub alert_mail_debug_url: String,
    /// The text of alert mail; moved to the tab's alert options.
    pub alert_mail_failure_message: String,
    /// Minutes between two mails about one failure; moved to the tab's alert options.
    pub min_elapsed_minutes_between_mails: Option<u32>,
    /// Show flaky tabs as flaky.
    pub enable_flaky_status: Option<bool>,
    /// Deprecated name: "latest green" and alert build ids are the first column header instead of the
    /// build id.
    pub use_kubernetes_client: Option<bool>,
    /// Shown to the public.
    pub is_external: Option<bool>,
    /// How row names are put together.
    pub test_name_config: Option<TestNameConfig>,
    /// Shown above the group's tabs.
    pub notifications: Vec<Notification>,
    /// What makes invocations one column (ResultStore only).
    pub primary_grouping: Option<PrimaryGrouping>,
    /// Rows for test methods (ResultStore only).
    pub enable_test_methods: Option<bool>,
    /// Properties whose presence is shown as a cell's icon.
    pub test_annotations: Vec<TestAnnotation>,
    /// Most test methods of one test (ResultStore only).
    pub max_test_methods_per_test: Option<u32>,
    /// Owners of tests by pattern.
    pub test_metadata_options: Vec<TestMetadataOption>,
    /// Which tags become part of a row's name.
    pub test_tag_pattern: String,
    /// Filing bugs automatically.
    pub auto_bug_options: Option<AutoBugOptions>,
    /// Hours after which a running build is considered dead.
    pub max_test_runtime_hours: Option<u32>,
    /// Passes that close an alert.
    pub num_passes_to_disable_alert: Option<u32>,
    /// Join bugs of a whole group.
    pub link_bugs_by_group: Option<bool>,
    /// Properties that a test method must have.
    pub test_method_properties: Vec<KeyValue>,
    /// Find bugs that name a test.
    pub gather_bugs: Option<bool>,
    /// The metric whose value becomes the icon of a cell; empty for none.
    pub short_text_metric: String,
    /// Join bugs by test method.
    pub link_bugs_by_test_methods: Option<bool>,
    /// The metadata key whose value replaces the build id as a column's name.
    pub build_override_configuration_value: String,
    /// Only test methods that match (ResultStore only).
    pub test_method_match_regex: String,
    /// Keep the package in method names.
    pub use_full_method_names: Option<bool>,
    /// The key for [`FallbackGrouping::ConfigurationValue`].
    pub fallback_grouping_configuration_value: String,
    /// Where results come from when `gcs_prefix` does not say it.
    pub result_source: Option<ResultSource>,
    /// Rules that replace a cell's status by what its properties say.
    pub custom_evaluator_rule_set: Option<RuleSet>,
    /// Read the finished grid instead of builds.
    pub read_state_from_storage: Option<bool>,
    /// When columns merge, keep the newest value of a test instead of `[n]` rows.
    pub ignore_old_results: Option<bool>,
    /// Leave out skipped tests.
    pub ignore_skip: Option<bool>,
    /// A time format that replaces the build id as a column's name.
    pub build_override_strftime: String,
    /// The property that names the person shown in a cell.
    pub user_property: String,
    /// When columns merge, `[n]` rows instead of a flaky cell.
    pub disable_merged_status: Option<bool>,
    /// No test method that matches (ResultStore only).
    pub test_method_unmatch_regex: String,
    /// No row for the state of the job's pod.
    pub disable_prowjob_analysis: Option<bool>,
    /// How bugs of a test are found.
    pub issue_gather_options: Option<IssueGatherOptions>,
}

/// How the names of tests that stand for a target come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TestsNamePolicy {
    /// 0
    Unspecified,
    /// 1: the target's name alone.
    Ignore,
    /// 2: the test's name alone.
    Replace,
    /// 3: both.
    Append,
}

/// What makes two invocations one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FallbackGrouping {
    /// 0
    None,
    /// 1
    Date,
    /// 2
    Labels,
    /// 3
    Id,
    /// 4
    Build,
    /// 5: the value of [`TestGroup::fallback_grouping_configuration_value`].
    ConfigurationValue,
}

/// What makes invocations one column before the fallback is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PrimaryGrouping {
    /// 0
    None,
    /// 1
    Build,
}

/// An extra value shown per column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ColumnHeader {
    /// A key of the build's metadata, or `Commit`.
    pub configuration_value: String,
    /// ResultStore only.
    pub label: String,
    /// ResultStore only.
    pub property: String,
    /// Join the values of merged builds instead of `*`.
    pub list_all_values: bool,
}

impl ColumnHeader {
    /// What the header is called: the first of its three ways to name a value that is not empty.
    pub fn name(&self) -> &str {
        [&self.configuration_value, &self.label, &self.property]
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("", String::as_str)
    }
}

impl TestGroup {
    /// For how many days its runs are kept; `default` holds where it does not say.
    pub fn days_kept(&self, default: u32) -> u32 {
        self.days_of_results
            .filter(|&days| days > 0)
            .unwrap_or(default)
    }

    /// `bucket/path`, several separated by commas: the group's own field, or its bucket source's.
    pub fn bucket_prefix(&self) -> &str {
        match &self.result_source {
            Some(source) if self.gcs_prefix.is_empty() => source
                .gcs_config
                .as_ref()
                .map_or("", |gcs| gcs.gcs_prefix.as_str()),
            _ => &self.gcs_prefix,
        }
    }

    /// The prefixes of [`TestGroup::bucket_prefix`], each `bucket/path` without slashes at its ends.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.bucket_prefix()
            .split(',')
            .map(|prefix| prefix.trim().trim_matches('/'))
            .filter(|prefix| !prefix.is_empty())
    }

    /// The prefixes' last parts: the jobs.
    pub fn jobs(&self) -> impl Iterator<Item = &str> {
        self.prefixes()
            .map(|prefix| prefix.rsplit('/').next().unwrap_or(prefix))
    }
}

/// How many columns count as recent for a tab (TestGrid's rule for the recent window): the first that
/// is not zero of the tab's, the group's and 5.
pub fn columns_recent(tab: &DashboardTab, group: &TestGroup) -> u32 {
    [tab.num_columns_recent, group.num_columns_recent]
        .into_iter()
        .flatten()
        .find(|&columns| columns > 0)
        .unwrap_or(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_come_from_the_group_or_its_source() {
        let mut group = TestGroup {
            gcs_prefix: "a/logs/x/, /b/logs/y".into(),
            ..TestGroup::default()
        };
        assert_eq!(
            group.prefixes().collect::<Vec<_>>(),
            ["a/logs/x", "b/logs/y"]
        );
        assert_eq!(group.jobs().collect::<Vec<_>>(), ["x", "y"]);
        group.gcs_prefix.clear();
        assert_eq!(group.prefixes().count(), 0);
        group.result_source = Some(ResultSource {
            gcs_config: Some(GcsConfig {
                gcs_prefix: "c/logs/z".into(),
                ..GcsConfig::default()
            }),
            resultstore_config: None,
        });
        assert_eq!(group.jobs().collect::<Vec<_>>(), ["z"]);
    }

    #[test]
    fn the_first_recent_window_that_is_not_zero_counts() {
        for (tab, group, recent) in [
            (Some(3), Some(10), 3),
            (Some(0), Some(10), 10),
            (None, Some(10), 10),
            (None, Some(0), 5),
            (None, None, 5),
        ] {
            let tab = DashboardTab {
                num_columns_recent: tab,
                ..DashboardTab::default()
            };
            let group = TestGroup {
                num_columns_recent: group,
                ..TestGroup::default()
            };
            assert_eq!(columns_recent(&tab, &group), recent);
        }
    }
}
