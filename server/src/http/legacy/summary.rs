//! `GET /{dashboard}/summary`: one entry per tab, keyed by its name, in the order of the configuration.

use std::collections::BTreeMap;

use model::{
    alert::AlertedRow,
    flakiness::{Health, TestHealth, Trend},
    link::encode_path,
    summary::TabStatus,
    wire::{self},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::read::{DashboardEntry, RowBugs, Snapshot, TabEntry};

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
#[expect(clippy::struct_field_names, reason = "TestGrid's names")]
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
    linked_bugs: Vec<String>,
    fail_test_link: String,
}

/// How flaky the tab's tests are. The numbers over all tests are whole, because ci-reporter reads nothing
/// else here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Healthiness {
    /// In seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    tests: Vec<Flakiness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    average_flakiness: Option<i32>,
    /// -1 when it is not known.
    previous_flakiness: i32,
}

#[expect(clippy::struct_field_names, reason = "TestGrid's names")]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Flakiness {
    display_name: String,
    total_non_infra_runs: u32,
    passed_non_infra_runs: u32,
    failed_non_infra_runs: u32,
    failed_infra_runs: u32,
    total_runs_with_infra: u32,
    other_runs: u32,
    flakiness: f32,
    change_from_last_interval: u8,
    previous_flakiness: f32,
    infra_failures: BTreeMap<String, u32>,
}

impl Healthiness {
    /// As TestGrid says it of tabs that ask for no analysis.
    const fn none() -> Self {
        Self {
            start: None,
            end: None,
            tests: Vec::new(),
            average_flakiness: None,
            previous_flakiness: -1,
        }
    }

    fn of(health: &Health) -> Self {
        Self {
            start: Some(health.start_ms / 1000),
            end: Some(health.end_ms / 1000),
            tests: health.tests.iter().map(Flakiness::of).collect(),
            average_flakiness: Some(health.average_flakiness.round() as i32),
            previous_flakiness: health
                .previous_flakiness
                .map_or(-1, |percent| percent.round() as i32),
        }
    }
}

impl Flakiness {
    fn of(test: &TestHealth) -> Self {
        Self {
            display_name: test.name.clone(),
            total_non_infra_runs: test.total_non_infra_runs,
            passed_non_infra_runs: test.passed_non_infra_runs,
            failed_non_infra_runs: test.failed_non_infra_runs,
            failed_infra_runs: test.failed_infra_runs,
            total_runs_with_infra: test.total_runs_with_infra,
            other_runs: test.other_runs,
            flakiness: test.flakiness,
            change_from_last_interval: match test.change {
                Trend::Unknown => 0,
                Trend::NoChange => 1,
                Trend::Up => 2,
                Trend::Down => 3,
            },
            previous_flakiness: test.previous_flakiness.unwrap_or(-1.0),
            infra_failures: test.infra_failures.clone(),
        }
    }
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
                    &snapshot.bugs(index),
                    snapshot.health(index).as_deref(),
                );
                (tabs[index].tab.name.clone(), tab)
            })
            .collect(),
    )
}

fn build_tab(
    entry: &TabEntry,
    summary: wire::TabSummary,
    alerts: &[AlertedRow],
    bugs: &RowBugs,
    health: Option<&Health>,
) -> Tab {
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
        tests: alerts
            .iter()
            .map(|row| {
                let ids = bugs.testgrid_ids(&row.id, &entry.tab.open_bug_template.url);
                build_test(row, ids.into_iter().map(str::to_owned).collect())
            })
            .collect(),
        dashboard_name: summary.dashboard,
        healthiness: health.map_or(Healthiness::none(), Healthiness::of),
        bug_url: entry.tab.open_bug_template.url.clone(),
    }
}

fn build_test(row: &AlertedRow, linked_bugs: Vec<String>) -> Test {
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
        linked_bugs,
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
