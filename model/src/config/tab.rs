//! Dashboards, their tabs, and what a tab says about links, alerts and analysis.

use serde::{Deserialize, Serialize};

use super::{AutoBugOptions, Notification};

/// An ordered list of tabs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dashboard {
    /// Identity.
    pub name: String,
    /// In the order shown.
    pub dashboard_tab: Vec<DashboardTab>,
    /// Shown above every tab.
    pub notifications: Vec<Notification>,
    /// The tab opened first; empty for the summary.
    pub default_tab: String,
    /// Deprecated: the opposite of `downplay_failing_tabs`.
    pub highlight_failing_tabs: Option<bool>,
    /// Mark the columns of today.
    pub highlight_today: Option<bool>,
    /// Do not mark failing tabs.
    pub downplay_failing_tabs: Option<bool>,
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
    /// A bug tracker's component.
    pub bug_component: Option<i32>,
    /// Where code search looks; overrides the group's.
    pub code_search_path: String,
    /// How many columns count as recent; overrides the group's.
    pub num_columns_recent: Option<u32>,
    /// A query string of view options; its row filters are applied by the server.
    pub base_options: String,
    /// Where a cell leads.
    pub open_test_template: LinkTemplate,
    /// Where a new bug is filed.
    pub file_bug_template: LinkTemplate,
    /// Where a result is added to a bug.
    pub attach_bug_template: LinkTemplate,
    /// What the link to [`DashboardTab::results_url_template`] says.
    pub results_text: String,
    /// Where the job's history is.
    pub results_url_template: LinkTemplate,
    /// Compare two columns.
    pub code_search_url_template: LinkTemplate,
    /// For people.
    pub description: String,
    /// A regular expression whose named groups split a row's name into columns; empty for none.
    pub tabular_names_regex: String,
    /// When to alert and whom; unset is not the same as set and empty, because defaults fill it whole.
    pub alert_options: Option<AlertOptions>,
    /// Where the dashboard is described.
    pub about_dashboard_url: String,
    /// The beginning of a link to a bug.
    pub open_bug_template: LinkTemplate,
    /// File bugs for new alerts.
    pub auto_file_bugs: Option<bool>,
    /// Show times in the reader's zone.
    pub display_local_time: Option<bool>,
    /// A further item of a cell's menu.
    pub context_menu_template: LinkTemplate,
    /// The share of failed rows, 0 to 1, from which a column is broken; unset or 0 for never.
    pub broken_column_threshold: Option<f32>,
    /// How bugs are filed automatically.
    pub beta_autobug_options: Option<AutoBugOptions>,
    /// Reports about flakiness.
    pub health_analysis_options: Option<HealthAnalysisOptions>,
    /// Alerts about flakiness.
    pub flakiness_alert_options: Option<FlakinessAlertOptions>,
    /// Further comparisons of two columns, each with a name.
    pub column_diff_link_templates: Vec<LinkTemplate>,
    /// What counts for the tab's status.
    pub status_customization_options: Option<StatusCustomizationOptions>,
}

/// When to alert and whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertOptions {
    /// Hours without a result after which the tab is stale; unset or 0 for never.
    pub alert_stale_results_hours: Option<u32>,
    /// Failures that open an alert; the group's value is the one that alerts use.
    pub num_failures_to_alert: Option<u32>,
    /// Addresses separated by commas.
    pub alert_mail_to_addresses: String,
    /// Passes that close an alert; the group's value is the one that alerts use.
    pub num_passes_to_disable_alert: Option<u32>,
    /// The mail's subject.
    pub subject: String,
    /// Where to get help with this alert.
    pub debug_url: String,
    /// What the link to [`AlertOptions::debug_url`] says.
    pub debug_message: String,
    /// Minutes between two mails about one failure; unset or 0 for one mail.
    pub wait_minutes_between_emails: Option<u32>,
    /// The mail's text.
    pub alert_mail_failure_message: String,
}

/// Alerts about flakiness.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlakinessAlertOptions {
    /// In percent, 0 to 100; unset or 0 for never.
    pub minimum_flakiness_to_alert: Option<f32>,
    /// Addresses separated by commas.
    pub alert_mail_to_addresses: String,
    /// The mail's subject.
    pub subject: String,
    /// Minutes between two mails.
    pub wait_minutes_between_emails: Option<u32>,
    /// The mail's text.
    pub alert_mail_failure_message: String,
}

/// Reports about flakiness.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthAnalysisOptions {
    /// Make them.
    pub enable: Option<bool>,
    /// Days of one interval; the one before it is compared.
    pub days_of_analysis: Option<u32>,
    /// When to mail, as a cron expression.
    pub email_schedule: String,
    /// Addresses separated by commas.
    pub email_recipients: String,
    /// What matches in a test's name names its member of a group; empty for no groups.
    pub grouping_regex: String,
}

/// What counts for a tab's status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusCustomizationOptions {
    /// In percent, 0 to 100: below it, flaky columns are acceptable.
    pub max_acceptable_flakiness: Option<f32>,
    /// Cells with these do not count.
    pub ignored_test_statuses: Vec<IgnoredTestStatus>,
    /// Fewer runs than this say nothing.
    pub min_acceptable_runs: Option<u32>,
}

/// A status that need not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IgnoredTestStatus {
    /// 0
    Unspecified,
    /// 1
    CategorizedAbort,
    /// 2
    Unknown,
    /// 3
    Cancel,
    /// 4
    Blocked,
}

/// A link with tokens such as `<changelist>`; see [`crate::link`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkTemplate {
    /// The address, with tokens; empty for no link.
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
    /// Its name, with tokens.
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
