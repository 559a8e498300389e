//! What `/api/v1` answers: TestGrid's messages as its own server writes them in JSON. Names are
//! snake_case, zero values are left out, times are RFC 3339, statuses of tabs are words. This is the one
//! home of that encoding.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::{DateTime, Utc};
use model::{rle::Runs, status::Status};
use serde::{Serialize, Serializer, ser::SerializeSeq as _};

/// Leaves out what the protocol calls a zero value.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A thing with the path under which more of it is found.
#[derive(Debug, Serialize)]
pub(super) struct Resource {
    pub(super) name: String,
    pub(super) link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) dashboard_group_name: String,
}

/// `GET /dashboards` and `GET /dashboard-groups/{group}`
#[derive(Debug, Serialize)]
pub(super) struct Dashboards {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dashboards: Vec<Resource>,
}

/// `GET /dashboard-groups`
#[derive(Debug, Serialize)]
pub(super) struct DashboardGroups {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dashboard_groups: Vec<Resource>,
}

/// `GET /dashboards/{dashboard}/tabs`
#[derive(Debug, Serialize)]
pub(super) struct DashboardTabs {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dashboard_tabs: Vec<Resource>,
}

/// `GET /dashboards/{dashboard}`
#[derive(Debug, Serialize)]
pub(super) struct Dashboard {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notifications: Vec<Notification>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) default_tab: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) suppress_failing_tabs: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) highlight_today: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Notification {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) summary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) context_link: String,
}

/// `GET /dashboards/{dashboard}/tabs/{tab}`
#[derive(Debug, Serialize)]
pub(super) struct DashboardTab {
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) test_group_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_source: Option<ResultSource>,
    /// Links of the tab as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tab_menu_templates: Vec<LinkTemplate>,
    /// Links of one cell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cell_menu_templates: Vec<LinkTemplate>,
    /// Links that compare two columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) column_diff_templates: Vec<LinkTemplate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alert_options: Option<AlertOptions>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) base_options: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) display_local_time: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) tabular_names_regex: String,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct ResultSource {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gcs_config: Option<GcsConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resultstore_config: Option<ResultStoreConfig>,
}

#[derive(Debug, Serialize)]
pub(super) struct GcsConfig {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) gcs_prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) pubsub_project: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) pubsub_subscription: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ResultStoreConfig {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) project: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) query: String,
}

#[derive(Debug, Serialize)]
pub(super) struct LinkTemplate {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) options: Vec<LinkOption>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct LinkOption {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AlertOptions {
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) alert_stale_results_hours: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) num_failures_to_alert: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) alert_mail_to_addresses: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) num_passes_to_disable_alert: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) subject: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) debug_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) debug_message: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) wait_minutes_between_emails: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) alert_mail_failure_message: String,
}

/// `GET /dashboards/{dashboard}/tabs/{tab}/headers`, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Headers<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<Header<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Header<'a> {
    pub(super) build: &'a str,
    /// Tells columns of the same `build` apart.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started: Option<DateTime<Utc>>,
    /// One value per configured header.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) extra: Vec<&'a str>,
    /// The lists that filed bugs are put on, as the group says, with commas between.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) hotlist_ids: &'a str,
}

/// `GET /dashboards/{dashboard}/tabs/{tab}/rows`, in the grid's order.
#[derive(Debug, Serialize)]
pub(super) struct Rows<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rows: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) cells: Cells<'a>,
    /// Numbers where the tab says how issues open, else addresses; the greatest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) issues: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alert: Option<AlertInfo<'a>>,
}

/// One cell per column, blank ones as `{}`; written one by one, because a grid has millions.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    pub(super) statuses: &'a Runs<Status>,
    /// What cells say beyond their status, by column.
    pub(super) details: &'a [model::grid::CellDetail],
    /// The id of a cell that has none of its own, by column.
    pub(super) own_id: &'a dyn OwnId,
}

/// The id of a cell that its column says.
pub(super) trait OwnId: std::fmt::Debug {
    /// By the cell's column.
    fn own_id(&self, column: u32) -> Cow<'_, str>;
}

#[expect(clippy::struct_field_names, reason = "TestGrid's names")]
#[derive(Serialize)]
struct Cell<'a> {
    #[serde(skip_serializing_if = "is_no_result")]
    result: Status,
    #[serde(skip_serializing_if = "str::is_empty")]
    cell_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    icon: &'a str,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_no_result(status: &Status) -> bool {
    *status == Status::NoResult
}

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cells = serializer.serialize_seq(None)?;
        let mut details = self.details.iter().peekable();
        let mut column = 0u32;
        for &(status, count) in self.statuses.runs() {
            let end = column + count;
            while column < end {
                let detail = details.next_if(|detail| detail.column == column);
                let blank = status == Status::NoResult;
                let own = if blank {
                    Cow::Borrowed("")
                } else {
                    self.own_id.own_id(column)
                };
                let text = |text: fn(&model::grid::CellDetail) -> &str| {
                    detail.filter(|_| !blank).map_or("", text)
                };
                let said = text(|detail| &detail.cell_id);
                cells.serialize_element(&Cell {
                    result: status,
                    cell_id: if said.is_empty() { &own } else { said },
                    message: text(|detail| &detail.message),
                    icon: text(|detail| &detail.icon),
                })?;
                column += 1;
            }
        }
        cells.end()
    }
}

/// The alert of a row.
#[derive(Debug, Serialize)]
pub(super) struct AlertInfo<'a> {
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) fail_count: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) fail_build_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fail_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) fail_test_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) pass_build_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pass_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) failure_message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) latest_fail_build_id: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) hotlist_ids: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) latest_fail_test_id: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) email_addresses: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) custom_column_headers: &'a BTreeMap<String, String>,
}

/// `GET /dashboards/{dashboard}/tab-summaries`
#[derive(Debug, Serialize)]
pub(super) struct TabSummaries {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tab_summaries: Vec<TabSummary>,
}

/// `GET /dashboards/{dashboard}/tab-summaries/{tab}`
#[derive(Debug, Serialize)]
pub(super) struct OneTabSummary {
    pub(super) tab_summary: TabSummary,
}

#[derive(Debug, Serialize)]
pub(super) struct TabSummary {
    pub(super) dashboard_name: String,
    pub(super) tab_name: String,
    /// `UNKNOWN` is said, which TestGrid leaves out.
    pub(super) overall_status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) detailed_status_message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_run_timestamp: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_update_timestamp: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) latest_passing_build: String,
    /// Absent when no row has an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failures_summary: Option<FailuresSummary>,
    /// Absent when the tab asks for no analysis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) healthiness_summary: Option<HealthinessSummary>,
}

#[derive(Debug, Serialize)]
pub(super) struct HealthinessSummary {
    /// At most five, the flakiest first; only those that are flaky at all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) top_flaky_tests: Vec<FlakyTest>,
    pub(super) healthiness_stats: HealthinessStats,
}

#[derive(Debug, Serialize)]
pub(super) struct FlakyTest {
    pub(super) display_name: String,
    /// In percent.
    pub(super) flakiness: f32,
    /// Absent when the test is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct HealthinessStats {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) num_flaky_tests: u32,
    #[serde(skip_serializing_if = "is_none_flaky")]
    pub(super) average_flakiness: f32,
    /// -1 when it is not known.
    #[serde(skip_serializing_if = "is_none_flaky")]
    pub(super) previous_flakiness: f32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over references"
)]
fn is_none_flaky(percent: &f32) -> bool {
    percent.abs() < f32::EPSILON
}

#[derive(Debug, Serialize)]
pub(super) struct FailuresSummary {
    /// At most five, most failures first.
    pub(super) top_failing_tests: Vec<FailingTest>,
    pub(super) failure_stats: FailureStats,
}

#[derive(Debug, Serialize)]
pub(super) struct FailingTest {
    pub(super) display_name: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) fail_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pass_timestamp: Option<DateTime<Utc>>,
    pub(super) fail_timestamp: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
pub(super) struct FailureStats {
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) num_failing_tests: u32,
}

/// `GET /dashboards/{dashboard}/summary`
#[derive(Debug, Serialize)]
pub(super) struct OneDashboardSummary {
    pub(super) dashboard_summary: DashboardSummary,
}

/// `GET /dashboard-groups/{group}/dashboard-summaries`
#[derive(Debug, Serialize)]
pub(super) struct DashboardSummaries {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dashboard_summaries: Vec<DashboardSummary>,
}

#[derive(Debug, Serialize)]
pub(super) struct DashboardSummary {
    pub(super) name: String,
    pub(super) overall_status: &'static str,
    /// How many tabs have which status; only those that occur.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tab_status_count: BTreeMap<&'static str, u32>,
}
