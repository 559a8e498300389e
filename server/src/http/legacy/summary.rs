//! `GET /{dashboard}/summary`: one entry per tab, keyed by its name, in the order of the configuration.

use model::{
    alert::AlertedRow,
    link::encode_path,
    summary::TabStatus,
    wire::{self},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::read::{DashboardEntry, Snapshot, TabEntry};

/// TestGrid's text where no column is green.
const NO_GREENS: &str = "no recent greens";

/// The whole answer.
pub(super) struct Summary(Vec<(String, Tab)>);

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, tab) in &self.0 {
            map.serialize_entry(name, tab)?;
        }
        map.end()
    }
}

/// One tab. Times are milliseconds since 1970 but for `last_update_timestamp`, which is in seconds; 0 for
/// none.
#[derive(Serialize)]
struct Tab {
    alert: String,
    last_run_timestamp: i64,
    last_update_timestamp: i64,
    latest_green: String,
    overall_status: &'static str,
    overall_status_icon: &'static str,
    status: String,
    tests: Vec<Test>,
    dashboard_name: String,
    healthiness: Healthiness,
    #[serde(skip_serializing_if = "String::is_empty")]
    bug_url: String,
}

/// A row with an alert.
#[derive(Serialize)]
struct Test {
    display_name: String,
    test_name: String,
    fail_count: u32,
    fail_timestamp: i64,
    pass_timestamp: i64,
    build_link: &'static str,
    build_url_text: &'static str,
    build_link_text: &'static str,
    failure_message: String,
    linked_bugs: [String; 0],
    fail_test_link: String,
}

/// As TestGrid says it of tabs without an analysis. A whole number, because ci-reporter reads nothing
/// else here.
#[derive(Serialize)]
struct Healthiness {
    tests: [(); 0],
    #[serde(rename = "previousFlakiness")]
    previous_flakiness: i32,
}

/// The answer for a dashboard.
pub(super) fn build(snapshot: &Snapshot, dashboard: &DashboardEntry) -> Summary {
    let tabs = snapshot.catalog().tabs();
    Summary(
        dashboard
            .tabs
            .iter()
            .map(|&index| {
                let tab = build_tab(
                    &tabs[index],
                    snapshot.summary(index),
                    &snapshot.alerts(index),
                );
                (tabs[index].tab.name.clone(), tab)
            })
            .collect(),
    )
}

fn build_tab(entry: &TabEntry, summary: wire::TabSummary, alerts: &[AlertedRow]) -> Tab {
    let (word, icon) = word_and_icon(summary.status);
    Tab {
        alert: summary.alert,
        last_run_timestamp: summary.last_run.map_or(0, |time| time.timestamp_millis()),
        last_update_timestamp: summary.last_update.map_or(0, |time| time.timestamp()),
        latest_green: summary
            .latest_green_id
            .or(summary.latest_green)
            .unwrap_or_else(|| NO_GREENS.to_owned()),
        overall_status: word,
        overall_status_icon: icon,
        status: summary.message,
        tests: alerts.iter().map(build_test).collect(),
        dashboard_name: summary.dashboard,
        healthiness: Healthiness {
            tests: [],
            previous_flakiness: -1,
        },
        bug_url: entry.tab.open_bug_template.url.clone(),
    }
}

fn build_test(row: &AlertedRow) -> Test {
    let alert = &row.alert;
    Test {
        display_name: row.name.clone(),
        test_name: row.id.clone(),
        fail_count: alert.fail_count,
        fail_timestamp: alert.first_fail_ms,
        pass_timestamp: alert.pass_ms.unwrap_or(0),
        build_link: "",
        build_url_text: "",
        build_link_text: "",
        failure_message: alert.message.clone(),
        linked_bugs: [],
        fail_test_link: format!(
            "{} {}",
            encode_path(&alert.first_fail_cell),
            encode_path(&row.id)
        ),
    }
}

/// TestGrid's word for a tab's status and the name of its icon in Google's Material font. A status that is
/// not known is empty here, as clients know it.
const fn word_and_icon(status: TabStatus) -> (&'static str, &'static str) {
    let icon = match status {
        TabStatus::Unknown => return ("", ""),
        TabStatus::Passing => "done",
        TabStatus::Flaky => "remove_circle_outline",
        TabStatus::Failing => "warning",
        TabStatus::Stale => "error_outline",
        TabStatus::Broken => "broken_image",
        TabStatus::Pending => "schedule",
        TabStatus::Acceptable => "add_circle_outline",
    };
    (status.word(), icon)
}
