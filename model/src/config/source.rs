//! Where a group's results come from and how they are named and judged.

use serde::{Deserialize, Serialize};

use crate::status::Status;

/// Where results come from; exactly one in a valid configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultSource {
    /// Builds in a bucket.
    pub gcs_config: Option<GcsConfig>,
    /// Invocations in ResultStore.
    pub resultstore_config: Option<ResultStoreConfig>,
}

/// Builds in a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GcsConfig {
    /// `bucket/path`; several separated by commas.
    pub gcs_prefix: String,
    /// The project of the subscription.
    pub pubsub_project: String,
    /// The subscription that tells of new objects.
    pub pubsub_subscription: String,
}

/// Invocations in ResultStore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultStoreConfig {
    /// The project that is asked.
    pub project: String,
    /// Empty, or `target:"…"`.
    pub query: String,
}

/// How row names are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestNameConfig {
    /// What is filled in, in the order of the format.
    pub name_elements: Vec<TestNameElement>,
    /// A printf format with one conversion per element: `%s [%s]`.
    pub name_format: String,
}

/// One value of a row's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestNameElement {
    /// Labels separated by spaces (ResultStore only).
    pub labels: String,
    /// `Tests name`, `Commit`, `Context`, `Thread` or a metadata key.
    pub target_config: String,
    /// The name of the build target.
    pub build_target: bool,
    /// Tags separated by spaces (ResultStore only).
    pub tags: String,
    /// A property of the test.
    pub test_property: String,
}

/// Rules that replace a cell's status; the first that applies wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleSet {
    /// In the order tried.
    pub rules: Vec<Rule>,
}

/// One rule: it applies when every comparison matches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// What must match.
    pub test_result_comparisons: Vec<TestResultComparison>,
    /// The status that replaces the result.
    pub computed_status: Option<Status>,
}

/// One comparison, and what it looks at; exactly one of the three in a valid configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestResultComparison {
    /// How and with what.
    pub comparison: Option<Comparison>,
    /// A property; any of its values may match.
    pub property_key: String,
    /// `name`, `error_count` or `failure_count`.
    pub test_result_field: String,
    /// `exception_type`: the texts of error and failure.
    pub test_result_error_field: String,
}

/// An operator and its right side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// How to compare.
    pub op: Operator,
    /// With a text.
    pub string_value: Option<String>,
    /// With a number.
    pub numerical_value: Option<f64>,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operator {
    /// 0
    #[default]
    Unknown,
    /// 1
    Eq,
    /// 2
    Ne,
    /// 3
    Lt,
    /// 4
    Le,
    /// 5
    Gt,
    /// 6
    Ge,
    /// 7: found anywhere.
    Regex,
    /// 8: the expected text begins with the actual one.
    StartsWith,
    /// 9
    Contains,
}
