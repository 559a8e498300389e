//! What a group says about its tests beside their results: notices, annotations, owners, bugs.

use serde::{Deserialize, Serialize};

/// A notice shown above tabs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notification {
    /// What it says; never empty in a valid configuration.
    pub summary: String,
    /// Where to read more; empty for nowhere.
    pub context_link: String,
}

/// A property whose presence is shown as a cell's icon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestAnnotation {
    /// The icon: 1 to 5 characters.
    pub short_text: String,
    /// The property looked for.
    pub property_name: String,
}

/// Owners of the tests that match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TestMetadataOption {
    /// Matched against the test's name.
    pub test_name_regex: String,
    /// A bug tracker's component.
    pub bug_component: Option<i32>,
    /// Whom to assign.
    pub owner: String,
    /// Whom to copy.
    pub cc: Vec<String>,
    /// Matched against the failure's message.
    pub message_regex: String,
}

/// A name and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyValue {
    /// The name.
    pub key: String,
    /// The value.
    pub value: String,
}

/// How bugs are filed automatically. Kept as configured; nothing here files bugs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoBugOptions {
    /// A bug tracker's component, in the newer form.
    pub beta_autobug_component: Option<i32>,
    /// Close what was filed when the test passes again.
    pub auto_close: Option<bool>,
    /// Lists that filed bugs are put on.
    pub hotlist_ids: Vec<i64>,
    /// 0 for the tracker's own, 1 to 5 for P0 to P4.
    pub priority: Option<u32>,
    /// Further lists, by number or label.
    pub hotlist_ids_from_source: Vec<HotlistSource>,
    /// One bug per test instead of one per run.
    pub file_individual: Option<bool>,
    /// One bug per test however often it breaks.
    pub singleton_autobug: Option<bool>,
    /// More failures than this become one bug.
    pub max_allowed_individual_bugs: Option<u32>,
    /// File for the row of the whole job too.
    pub file_overall: Option<bool>,
    /// Where that one bug goes.
    pub default_test_metadata: Option<DefaultTestMetadata>,
    /// Ask the test metadata service.
    pub advanced_test_metadata: Option<bool>,
}

/// One list that filed bugs are put on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HotlistSource {
    /// Its number.
    pub value: Option<i64>,
    /// Or the beginning of a label.
    pub label: String,
}

/// Where a bug about many tests goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DefaultTestMetadata {
    /// A bug tracker's component.
    pub bug_component: Option<i32>,
    /// Whom to assign.
    pub owner: String,
    /// Whom to copy.
    pub cc: String,
}

/// How bugs of a test are found. TestGrid does not publish its fields: the key is accepted, whatever
/// it holds, and means nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueGatherOptions {}
