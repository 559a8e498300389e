//! TestGrid's messages from what is published.

use std::{borrow::Cow, collections::BTreeMap};

use app::paths;
use chrono::DateTime;
use model::{
    alert::Alert,
    config::{self, TestGroup},
    flakiness::Trend,
    grid::{Column, Grid, Row as GridRow},
    name::normalize,
    wire,
};

use super::answers::{
    AlertInfo, AlertOptions, Cells, DashboardSummary, DashboardTab, FailingTest, FailureStats,
    FailuresSummary, FlakyTest, GcsConfig, Header, Headers, HealthinessStats, HealthinessSummary,
    LinkOption, LinkTemplate, OwnId, Resource, ResultSource, ResultStoreConfig, Row, Rows,
    TabSummary,
};
use crate::{
    http::testgrid::{header_names, header_values},
    read::{DashboardEntry, Snapshot, TabEntry, TabView},
};

/// A name as a link has it: normalised, or encoded when nothing would be left of it.
fn link_name(name: &str) -> String {
    let normal = normalize(name);
    if normal.is_empty() {
        paths::segment(name)
    } else {
        normal
    }
}

pub(super) fn dashboard(entry: &DashboardEntry, with_group: bool) -> Resource {
    Resource {
        link: format!("/dashboards/{}", link_name(&entry.name)),
        name: entry.name.clone(),
        dashboard_group_name: entry
            .group
            .clone()
            .filter(|_| with_group)
            .unwrap_or_default(),
    }
}

pub(super) fn dashboard_group(name: &str) -> Resource {
    Resource {
        link: format!("/dashboard-groups/{}", link_name(name)),
        name: name.to_owned(),
        dashboard_group_name: String::new(),
    }
}

pub(super) fn tab(entry: &TabEntry) -> Resource {
    Resource {
        link: format!(
            "/dashboards/{}/tabs/{}",
            link_name(&entry.dashboard),
            link_name(&entry.tab.name)
        ),
        name: entry.tab.name.clone(),
        dashboard_group_name: String::new(),
    }
}

pub(super) fn tab_config(entry: &TabEntry) -> DashboardTab {
    let tab = &entry.tab;
    let named = |template: &config::LinkTemplate, name: &str| {
        let mut template = link_template(template)?;
        if template.name.is_empty() {
            name.clone_into(&mut template.name);
        }
        Some(template)
    };
    let about = config::LinkTemplate {
        url: tab.about_dashboard_url.clone(),
        ..config::LinkTemplate::default()
    };
    DashboardTab {
        name: tab.name.clone(),
        test_group_name: tab.test_group_name.clone(),
        description: tab.description.clone(),
        result_source: result_source(&entry.group),
        tab_menu_templates: [
            named(&tab.results_url_template, &tab.results_text),
            named(&about, "About this dashboard"),
        ]
        .into_iter()
        .flatten()
        .collect(),
        cell_menu_templates: [
            named(&tab.open_test_template, "Open test"),
            named(&tab.file_bug_template, "File a bug"),
            named(&tab.attach_bug_template, "Attach to bug"),
            named(&tab.context_menu_template, ""),
        ]
        .into_iter()
        .flatten()
        .collect(),
        column_diff_templates: [named(&tab.code_search_url_template, "Search for changes")]
            .into_iter()
            .chain(tab.column_diff_link_templates.iter().map(link_template))
            .flatten()
            .collect(),
        alert_options: tab.alert_options.as_ref().map(alert_options),
        base_options: tab.base_options.clone(),
        display_local_time: tab.display_local_time == Some(true),
        tabular_names_regex: tab.tabular_names_regex.clone(),
    }
}

fn link_template(template: &config::LinkTemplate) -> Option<LinkTemplate> {
    (!template.url.is_empty()).then(|| LinkTemplate {
        url: template.url.clone(),
        options: template
            .options
            .iter()
            .map(|option| LinkOption {
                key: option.key.clone(),
                value: option.value.clone(),
            })
            .collect(),
        name: template.name.clone(),
    })
}

fn result_source(group: &TestGroup) -> Option<ResultSource> {
    let configured = group.result_source.clone().unwrap_or_default();
    let gcs = configured
        .gcs_config
        .map(|gcs| GcsConfig {
            gcs_prefix: gcs.gcs_prefix,
            pubsub_project: gcs.pubsub_project,
            pubsub_subscription: gcs.pubsub_subscription,
        })
        .or_else(|| {
            (!group.gcs_prefix.is_empty()).then(|| GcsConfig {
                gcs_prefix: group.gcs_prefix.clone(),
                pubsub_project: String::new(),
                pubsub_subscription: String::new(),
            })
        });
    let resultstore = configured
        .resultstore_config
        .map(|store| ResultStoreConfig {
            project: store.project,
            query: store.query,
        });
    (gcs.is_some() || resultstore.is_some()).then_some(ResultSource {
        gcs_config: gcs,
        resultstore_config: resultstore,
    })
}

fn alert_options(options: &config::AlertOptions) -> AlertOptions {
    AlertOptions {
        alert_stale_results_hours: options.alert_stale_results_hours.unwrap_or(0),
        num_failures_to_alert: options.num_failures_to_alert.unwrap_or(0),
        alert_mail_to_addresses: options.alert_mail_to_addresses.clone(),
        num_passes_to_disable_alert: options.num_passes_to_disable_alert.unwrap_or(0),
        subject: options.subject.clone(),
        debug_url: options.debug_url.clone(),
        debug_message: options.debug_message.clone(),
        wait_minutes_between_emails: options.wait_minutes_between_emails.unwrap_or(0),
        alert_mail_failure_message: options.alert_mail_failure_message.clone(),
    }
}

/// The lists that filed bugs are put on, as the configuration of the group names them: `12,34`.
pub(super) fn hotlist_ids(group: &TestGroup) -> String {
    let options = group.auto_bug_options.as_ref();
    let ids = options.map_or(&[][..], |options| &options.hotlist_ids);
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(",")
}

pub(super) fn headers<'a>(
    entry: &'a TabEntry,
    grid: &'a Grid,
    hotlist_ids: &'a str,
) -> Headers<'a> {
    let names = header_names(&entry.group);
    Headers {
        headers: grid
            .columns
            .iter()
            .map(|column| Header {
                build: column.testgrid_id(None),
                // A label can be shared; the build id cannot.
                name: if column.label.is_empty() {
                    ""
                } else {
                    &column.build
                },
                started: DateTime::from_timestamp_millis(column.started_ms)
                    .filter(|_| column.started_ms != 0),
                extra: header_values(column, &names).collect(),
                hotlist_ids,
            })
            .collect(),
    }
}

/// How TestGrid names the cells of a row that have no id of their own: `<job>/<build>` in groups of
/// several jobs, the build id where something else names the column, else not at all.
#[derive(Debug)]
pub(super) struct ColumnIds<'a> {
    columns: &'a [Column],
    kind: IdKind<'a>,
}

#[derive(Debug)]
enum IdKind<'a> {
    None,
    Build,
    Job(&'a str),
}

impl OwnId for ColumnIds<'_> {
    fn own_id(&self, column: u32) -> Cow<'_, str> {
        let build = self
            .columns
            .get(column as usize)
            .map_or("", |column| column.build.as_str());
        match self.kind {
            IdKind::None => "".into(),
            IdKind::Build => build.into(),
            IdKind::Job(job) => format!("{job}/{build}").into(),
        }
    }
}

/// One for each row of the grid: rows of several jobs begin with their job's name.
pub(super) fn cell_ids<'a>(entry: &'a TabEntry, grid: &'a Grid) -> Vec<ColumnIds<'a>> {
    let jobs: Vec<&str> = entry.group.jobs().collect();
    grid.rows
        .iter()
        .map(|row| ColumnIds {
            columns: &grid.columns,
            kind: if !entry.group.build_override_strftime.is_empty() {
                IdKind::Build
            } else if jobs.len() > 1 {
                jobs.iter()
                    .find(|job| {
                        row.name
                            .strip_prefix(**job)
                            .is_some_and(|rest| rest.starts_with('.'))
                    })
                    .map_or(IdKind::None, |job| IdKind::Job(job))
            } else {
                IdKind::None
            },
        })
        .collect()
}

pub(super) fn rows<'a>(view: &'a TabView, ids: &'a [ColumnIds<'a>]) -> Rows<'a> {
    let open_bug_url = &view.entry.tab.open_bug_template.url;
    let grid = &view.grid.grid;
    Rows {
        rows: grid
            .rows
            .iter()
            .zip(ids)
            .map(|(row, ids)| build_row(row, ids, view.bugs.testgrid_ids(&row.id, open_bug_url)))
            .collect(),
    }
}

fn build_row<'a>(row: &'a GridRow, ids: &'a ColumnIds<'a>, issues: Vec<&'a str>) -> Row<'a> {
    Row {
        name: &row.name,
        cells: Cells {
            statuses: &row.statuses,
            details: &row.cells,
            own_id: ids,
        },
        issues,
        alert: row.alert.as_ref().map(alert_info),
    }
}

fn alert_info(alert: &Alert) -> AlertInfo<'_> {
    AlertInfo {
        fail_count: alert.fail_count,
        fail_build_id: &alert.first_fail_id,
        fail_time: DateTime::from_timestamp_millis(alert.first_fail_ms),
        fail_test_id: &alert.first_fail_cell,
        pass_build_id: alert.pass_id.as_deref().unwrap_or_default(),
        pass_time: alert.pass_ms.and_then(DateTime::from_timestamp_millis),
        failure_message: &alert.message,
        latest_fail_build_id: &alert.latest_fail_id,
        properties: &alert.properties,
        hotlist_ids: &alert.hotlist_ids,
        latest_fail_test_id: &alert.latest_fail_cell,
        email_addresses: &alert.email_addresses,
        custom_column_headers: &alert.custom_column_headers,
    }
}

pub(super) fn tab_summary(summary: wire::TabSummary) -> TabSummary {
    TabSummary {
        dashboard_name: summary.dashboard,
        tab_name: summary.tab,
        overall_status: summary.status.word(),
        detailed_status_message: summary.message,
        last_run_timestamp: summary.last_run,
        last_update_timestamp: summary.last_update,
        latest_passing_build: summary
            .latest_green_id
            .or(summary.latest_green)
            .unwrap_or_default(),
        failures_summary: (summary.failing_count > 0).then(|| FailuresSummary {
            top_failing_tests: summary
                .failing
                .into_iter()
                .map(|row| FailingTest {
                    display_name: row.name,
                    fail_count: row.fail_count,
                    pass_timestamp: row.last_pass,
                    fail_timestamp: row.since,
                })
                .collect(),
            failure_stats: FailureStats {
                num_failing_tests: summary.failing_count,
            },
        }),
        healthiness_summary: summary.health.map(healthiness),
    }
}

fn healthiness(health: wire::TabHealth) -> HealthinessSummary {
    HealthinessSummary {
        top_flaky_tests: health
            .worst
            .into_iter()
            .filter(|test| test.flakiness > 0.0)
            .map(|test| FlakyTest {
                display_name: test.name,
                flakiness: test.flakiness,
                change: match test.change {
                    Trend::Unknown => None,
                    Trend::NoChange => Some("NO_CHANGE"),
                    Trend::Up => Some("UP"),
                    Trend::Down => Some("DOWN"),
                },
            })
            .collect(),
        healthiness_stats: HealthinessStats {
            start: health.start,
            end: health.end,
            num_flaky_tests: health.flaky_count,
            average_flakiness: health.average_flakiness,
            previous_flakiness: health.previous_flakiness.unwrap_or(-1.0),
        },
    }
}

pub(super) fn dashboard_summary(snapshot: &Snapshot, entry: &DashboardEntry) -> DashboardSummary {
    let mut tab_status_count = BTreeMap::new();
    for &tab in &entry.tabs {
        *tab_status_count
            .entry(snapshot.status(tab).word())
            .or_insert(0) += 1;
    }
    DashboardSummary {
        name: entry.name.clone(),
        overall_status: snapshot.dashboard_status(entry).word(),
        tab_status_count,
    }
}
