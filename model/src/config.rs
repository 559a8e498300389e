//! What is shown: test groups, dashboards and their tabs, dashboard groups, with TestGrid's fields.
//!
//! A field that is not set is `None`, so that an explicit zero can override a default; the rule that
//! fills it is beside its accessor.

use serde::{Deserialize, Serialize};

/// A whole configuration, after defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// Streams of builds.
    pub test_groups: Vec<TestGroup>,
    /// In the order of the files.
    pub dashboards: Vec<Dashboard>,
    /// In the order of the files.
    pub dashboard_groups: Vec<DashboardGroup>,
}

/// One stream of builds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestGroup {
    /// Identity.
    pub name: String,
    /// `bucket/path`; several separated by commas.
    pub gcs_prefix: String,
    /// How far back results are read and kept.
    pub days_of_results: Option<u32>,
    /// How many columns count as recent.
    pub num_columns_recent: Option<u32>,
    /// Failures that open an alert.
    pub num_failures_to_alert: Option<u32>,
    /// Passes that close it.
    pub num_passes_to_disable_alert: Option<u32>,
    /// Extra values shown per column.
    pub column_header: Vec<ColumnHeader>,
    /// How row names are made; `None` means the test's own name.
    pub test_name_config: Option<TestNameConfig>,
    /// Short texts drawn instead of the icon, by JUnit property; the first that applies wins.
    pub test_annotations: Vec<TestAnnotation>,
    /// The metric whose value becomes the icon; empty for none.
    pub short_text_metric: String,
    /// A key of the build's metadata that is shown instead of the build id; empty for none.
    pub build_override_configuration_value: String,
    /// A pattern over the start that is shown instead of the build id; empty for none.
    pub build_override_strftime: String,
    /// Drop results that only say that a test was skipped.
    pub ignore_skip: bool,
    /// The JUnit property kept per cell; empty for none.
    pub user_property: String,
    /// Tests of one name in one build become rows `[1]`, `[2]`, … instead of one merged cell.
    pub disable_merged_status: bool,
    /// No row says how the build's pod fared.
    pub disable_prowjob_analysis: bool,
}

/// How row names are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestNameConfig {
    /// What stands for each `%s` of the format, in order.
    pub name_elements: Vec<NameElement>,
    /// A format with `%s` per element.
    pub name_format: String,
}

/// One part of a row name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NameElement {
    /// ResultStore only.
    pub labels: String,
    /// `Tests name`, `Job name`, or a key that is looked up.
    pub target_config: String,
    /// ResultStore only.
    pub build_target: bool,
    /// ResultStore only.
    pub tags: String,
    /// A key that is looked up, where `target_config` is empty.
    pub test_property: String,
}

/// A short text for tests that have a property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestAnnotation {
    /// What is drawn, at most five characters.
    pub short_text: String,
    /// The JUnit property that a test must have.
    pub property_name: String,
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

/// An ordered list of tabs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dashboard {
    /// Identity.
    pub name: String,
    /// In the order shown.
    pub dashboard_tab: Vec<DashboardTab>,
    /// For people.
    pub description: String,
}

/// A view on one test group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DashboardTab {
    /// Unique within its dashboard.
    pub name: String,
    /// The group it shows.
    pub test_group_name: String,
    /// A query string of view options; its row filters are applied by the server.
    pub base_options: String,
    /// How many columns count as recent; overrides the group's.
    pub num_columns_recent: Option<u32>,
    /// For people.
    pub description: String,
    /// Where a cell leads.
    pub open_test_template: LinkTemplate,
    /// Where the job's history is.
    pub results_url_template: LinkTemplate,
    /// Compare two columns.
    pub code_search_url_template: LinkTemplate,
}

/// A link with tokens such as `<changelist>` (specification 6.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkTemplate {
    /// The address, with tokens.
    pub url: String,
    /// Query parameters, with tokens.
    pub options: Vec<LinkOption>,
    /// What the link is called.
    pub name: String,
}

/// One query parameter of a [`LinkTemplate`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkOption {
    /// Its name.
    pub key: String,
    /// Its value, with tokens.
    pub value: String,
}

/// A list of dashboards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DashboardGroup {
    /// Identity.
    pub name: String,
    /// In the order shown.
    pub dashboard_names: Vec<String>,
    /// For people.
    pub description: String,
}

impl TestGroup {
    /// The prefixes of [`TestGroup::gcs_prefix`], each `bucket/path` without slashes at its ends.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.gcs_prefix
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

/// How many columns count as recent for a tab (specification 4.2): the first that is not zero of the
/// tab's, the group's and 5.
pub fn columns_recent(tab: &DashboardTab, group: &TestGroup) -> u32 {
    [tab.num_columns_recent, group.num_columns_recent]
        .into_iter()
        .flatten()
        .find(|&columns| columns > 0)
        .unwrap_or(5)
}
