//! `GET /{dashboard}/table?tab=…`: the form of a tab's grid that TestGrid's own page reads.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use model::{
    alert::Alert,
    config::{LinkTemplate, Notification},
    grid::{Grid, Row},
    link::{Tokens, expand},
    name::normalize,
    status::Status,
    summary::TabStatus,
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    clusters::{Cluster, clusters},
    packed::{Packed, Statuses},
    rows::{Shown, Wanted},
};
use crate::{
    http::testgrid::{header_names, header_values},
    read::{TabEntry, TabView},
};

/// Stands between the two parts of a column's id.
const SEPARATOR: char = '\u{e000}';

/// The keys in TestGrid's order.
#[expect(clippy::struct_excessive_bools, reason = "the answer has them")]
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Table<'a> {
    test_group_name: String,
    query: &'a str,
    status: String,
    phase_timer: PhaseTimer,
    cached: bool,
    summary: &'static str,
    bugs: BTreeMap<&'a str, Bug<'a>>,
    changelists: Vec<&'a str>,
    #[serde(rename = "column_ids")]
    column_ids: Vec<String>,
    custom_columns: Vec<Vec<&'a str>>,
    column_header_names: Vec<String>,
    groups: Vec<&'a str>,
    metrics: &'a [String],
    tests: Vec<Test<'a>>,
    #[serde(rename = "row_ids")]
    row_ids: Vec<&'a str>,
    timestamps: Vec<i64>,
    clusters: Vec<Cluster<'a>>,
    #[serde(rename = "test_id_map")]
    test_id_map: (),
    #[serde(rename = "idMap")]
    id_map: Empty,
    test_metadata: Empty,
    stale_test_threshold: u32,
    num_stale_tests: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<&'static str>,
    add_tabular_names_option: bool,
    show_tabular_names: bool,
    description: &'a str,
    bug_component: i32,
    code_search_path: &'a str,
    open_test_template: Template<'a>,
    file_bug_template: Template<'a>,
    attach_bug_template: Template<'a>,
    results_url_template: Template<'a>,
    code_search_url_template: Template<'a>,
    about_dashboard_url: &'a str,
    open_bug_template: Template<'a>,
    context_menu_template: Template<'a>,
    column_diff_link_templates: Option<Vec<Template<'a>>>,
    results_text: &'a str,
    latest_green: &'static str,
    triage_enabled: bool,
    notifications: Vec<&'a Notification>,
    overall_status: u8,
}

#[derive(Serialize)]
struct PhaseTimer {
    phases: [&'static str; 1],
    delta: [f64; 1],
    total: f64,
}

/// `{}`
#[derive(Serialize)]
struct Empty {}

/// What is known of an issue that is linked to a row. Of TestGrid only the key is known: what its rows name
/// the issue by.
#[derive(Serialize)]
struct Bug<'a> {
    title: &'a str,
    url: &'a str,
}

#[expect(clippy::struct_field_names, reason = "TestGrid's names")]
#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    #[serde(rename = "original-name")]
    original_name: &'a str,
    alert: Option<RowAlert<'a>>,
    linked_bugs: Vec<&'a str>,
    messages: Packed<'a>,
    short_texts: Packed<'a>,
    statuses: Statuses<'a>,
    target: &'a str,
    user_property: Option<Packed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    graphs: Vec<Graph<'a>>,
    #[serde(
        rename = "tabular-name-groups",
        skip_serializing_if = "Option::is_none"
    )]
    tabular_name_groups: Option<&'a [String]>,
    /// The group that the row is in or stands for.
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    test_ids: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    short_test_ids: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tests: Vec<Test<'a>>,
}

/// One metric of a row: a value per column, newest first, null where the cell has none.
#[derive(Serialize)]
struct Graph<'a> {
    metric: [&'a str; 1],
    values: &'a [Option<f64>],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RowAlert<'a> {
    fail_cl: &'a str,
    fail_count: u32,
    fail_time: i64,
    text: String,
    message: &'a str,
    link_text: String,
    link: String,
    url_text: &'static str,
    test_id: &'a str,
    pass_cl: &'a str,
    pass_count: u32,
    pass_time: i64,
    code_search_path: &'a str,
    test_name: &'a str,
    properties: Option<&'a BTreeMap<String, String>>,
    #[serde(rename = "hotlist_ids")]
    hotlist_ids: Option<&'a [String]>,
}

/// A link template with its options as an object.
#[derive(Serialize)]
struct Template<'a> {
    url: &'a str,
    name: &'a str,
    options: Options<'a>,
}

struct Options<'a>(&'a LinkTemplate);

impl Serialize for Options<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A key that occurs twice would make the object ambiguous: its first value counts.
        let mut map = serializer.serialize_map(None)?;
        for (index, option) in self.0.options.iter().enumerate() {
            let before = &self.0.options[..index];
            if before.iter().all(|earlier| earlier.key != option.key) {
                map.serialize_entry(&option.key, &option.value)?;
            }
        }
        map.end()
    }
}

impl<'a> From<&'a LinkTemplate> for Template<'a> {
    fn from(template: &'a LinkTemplate) -> Self {
        Self {
            url: &template.url,
            name: &template.name,
            options: Options(template),
        }
    }
}

/// How long the answer took, and whether it will be sent again as it is.
#[derive(Clone, Copy)]
pub(super) enum Served {
    /// Made for one request.
    Now(Duration),
    /// Kept for all who ask the same.
    Kept,
}

/// The answer for a tab: its grid under the options of the request. `notifications` are the dashboard's.
pub(super) fn build<'a>(
    view: &'a TabView,
    wanted: &'a Wanted<'a>,
    notifications: &'a [Notification],
    metrics: &'a [String],
    served: Served,
) -> Table<'a> {
    let entry = &*view.entry;
    let (tab, group, grid) = (&entry.tab, &*entry.group, &*view.grid.grid);
    let names = header_names(group);
    let has_columns = !grid.columns.is_empty();
    let seconds = match served {
        Served::Now(took) => took.as_secs_f64(),
        Served::Kept => 0.0,
    };
    let filled: u64 = wanted.rows().map(filled_cells).sum();
    Table {
        test_group_name: normalize(&group.name),
        query: group.bucket_prefix(),
        status: match served {
            Served::Now(_) => format!("Served {filled} results in {seconds:.2} seconds"),
            Served::Kept => format!("Served from cache in {seconds:.2} seconds"),
        },
        phase_timer: PhaseTimer {
            phases: [match served {
                Served::Now(_) => "table creation",
                Served::Kept => "cache read",
            }],
            delta: [seconds],
            total: seconds,
        },
        cached: matches!(served, Served::Kept),
        summary: "",
        bugs: bugs(view, wanted),
        changelists: grid.columns.iter().map(|it| it.build.as_str()).collect(),
        column_ids: grid
            .columns
            .iter()
            .map(|column| {
                let name = if column.label.is_empty() {
                    ""
                } else {
                    &column.build
                };
                format!("{name}{SEPARATOR}{}", column.testgrid_id(None))
            })
            .collect(),
        custom_columns: if has_columns {
            let values: Vec<Vec<&str>> = grid
                .columns
                .iter()
                .map(|column| header_values(column, &names).collect())
                .collect();
            (0..names.len())
                .map(|header| values.iter().map(|column| column[header]).collect())
                .collect()
        } else {
            Vec::new()
        },
        column_header_names: ["Date", "Time", "Build Number"]
            .into_iter()
            .map(str::to_owned)
            .chain(
                names
                    .iter()
                    .filter(|_| has_columns)
                    .map(|name| display_case(name)),
            )
            .collect(),
        // One per column: what merged builds into one, of which the recorded answers say nothing.
        groups: vec![""; grid.columns.len()],
        metrics: if has_columns { metrics } else { &[] },
        tests: wanted
            .shown
            .iter()
            .map(|shown| build_test(view, shown))
            .collect(),
        row_ids: wanted.shown.iter().map(Shown::name).collect(),
        timestamps: grid.columns.iter().map(|it| it.started_ms).collect(),
        clusters: clusters(wanted.rows()),
        test_id_map: (),
        id_map: Empty {},
        test_metadata: Empty {},
        stale_test_threshold: grid.recent,
        num_stale_tests: wanted.stale,
        alerts: (!has_columns).then_some("Warning: Test results are stale."),
        add_tabular_names_option: !tab.tabular_names_regex.is_empty(),
        show_tabular_names: false,
        description: &tab.description,
        bug_component: tab.bug_component.or(group.bug_component).unwrap_or(0),
        code_search_path: first_of(&tab.code_search_path, &group.code_search_path),
        open_test_template: Template::from(&tab.open_test_template),
        file_bug_template: Template::from(&tab.file_bug_template),
        attach_bug_template: Template::from(&tab.attach_bug_template),
        results_url_template: Template::from(&tab.results_url_template),
        code_search_url_template: Template::from(&tab.code_search_url_template),
        about_dashboard_url: &tab.about_dashboard_url,
        open_bug_template: Template::from(&tab.open_bug_template),
        context_menu_template: Template::from(&tab.context_menu_template),
        column_diff_link_templates: (!tab.column_diff_link_templates.is_empty()).then(|| {
            tab.column_diff_link_templates
                .iter()
                .map(Template::from)
                .collect()
        }),
        results_text: &tab.results_text,
        // The recorded answers never say it here; the summary does.
        latest_green: "",
        triage_enabled: false,
        notifications: notifications.iter().chain(&group.notifications).collect(),
        overall_status: overall_status(view.status, has_columns, wanted),
    }
}

fn first_of<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.is_empty() { other } else { one }
}

fn filled_cells(row: &Row) -> u64 {
    row.statuses
        .runs()
        .iter()
        .filter(|(status, _)| *status != Status::NoResult)
        .map(|&(_, count)| u64::from(count))
        .sum()
}

/// TestGrid's number for the tab's status. In its recorded tables it is that of the rows in the answer:
/// failing with any alert, stale without columns, else the tab's.
fn overall_status(status: TabStatus, has_columns: bool, wanted: &Wanted<'_>) -> u8 {
    if !has_columns {
        return 5;
    }
    if status != TabStatus::Broken && wanted.rows().any(|row| row.alert.is_some()) {
        return 3;
    }
    match status {
        TabStatus::Unknown => 1,
        TabStatus::Passing => 2,
        TabStatus::Failing => 3,
        TabStatus::Flaky => 4,
        TabStatus::Stale => 5,
        TabStatus::Broken => 6,
        TabStatus::Pending => 7,
        TabStatus::Acceptable => 8,
    }
}

/// `infra-commit` as `Infra-Commit`: every word of letters, digits and underscores begins large.
fn display_case(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    let mut within = false;
    for letter in name.chars() {
        if within {
            shown.push(letter);
        } else {
            shown.extend(letter.to_uppercase());
        }
        within = letter.is_alphanumeric() || letter == '_' || letter == '\'';
    }
    shown
}

/// The issues of all rows of the answer.
fn bugs<'a>(view: &'a TabView, wanted: &'a Wanted<'a>) -> BTreeMap<&'a str, Bug<'a>> {
    let open_at = &view.entry.tab.open_bug_template.url;
    let of_rows = wanted
        .rows()
        .flat_map(|row| view.bugs.by_testgrid_id(&row.id, open_at));
    of_rows
        .map(|(id, bug)| {
            let (title, url) = (bug.text.as_str(), bug.url.as_str());
            (id, Bug { title, url })
        })
        .collect()
}

fn build_test<'a>(view: &'a TabView, shown: &'a Shown<'a>) -> Test<'a> {
    let (entry, grid) = (&*view.entry, &view.grid.grid);
    let row: &Row = &shown.row;
    Test {
        name: shown.short_name(),
        original_name: shown.name(),
        alert: row
            .alert
            .as_ref()
            .map(|alert| build_alert(entry, grid, row, alert)),
        linked_bugs: view
            .bugs
            .testgrid_ids(&row.id, &entry.tab.open_bug_template.url),
        messages: Packed::messages(row),
        short_texts: Packed::icons(row),
        statuses: Statuses(&row.statuses),
        target: &row.id,
        user_property: (!entry.group.user_property.is_empty())
            .then(|| Packed::user_properties(row)),
        graphs: shown
            .graphs
            .iter()
            .map(|(metric, values)| Graph {
                metric: [metric],
                values,
            })
            .collect(),
        tabular_name_groups: shown.tabular.as_deref(),
        group: &shown.group,
        test_ids: shown.members.iter().map(Shown::name).collect(),
        short_test_ids: shown.members.iter().map(Shown::short_name).collect(),
        tests: shown
            .members
            .iter()
            .map(|member| build_test(view, member))
            .collect(),
    }
}

fn build_alert<'a>(
    entry: &'a TabEntry,
    grid: &Grid,
    row: &'a Row,
    alert: &'a Alert,
) -> RowAlert<'a> {
    let pass = alert.pass_id.as_deref().unwrap_or_default();
    RowAlert {
        fail_cl: &alert.first_fail_id,
        fail_count: alert.fail_count,
        fail_time: alert.first_fail_ms,
        text: format!("Alert: {} failures", alert.fail_count),
        message: &alert.message,
        link_text: format!("(Between {pass} and {})", alert.first_fail_id),
        link: compare_link(entry, grid, alert).unwrap_or_default(),
        url_text: "Changes",
        test_id: &alert.first_fail_cell,
        pass_cl: pass,
        pass_count: 0,
        pass_time: alert.pass_ms.unwrap_or(0),
        code_search_path: first_of(&entry.group.code_search_path, &entry.tab.code_search_path),
        test_name: &row.name,
        properties: (!alert.properties.is_empty()).then_some(&alert.properties),
        hotlist_ids: (!alert.hotlist_ids.is_empty()).then_some(&alert.hotlist_ids),
    }
}

/// The page that compares the last pass with the first failure, when TestGrid's names of the two differ.
fn compare_link(entry: &TabEntry, grid: &Grid, alert: &Alert) -> Option<String> {
    let pass = alert.pass_id.as_deref().filter(|pass| !pass.is_empty())?;
    if alert.first_fail_id.is_empty() || pass == alert.first_fail_id {
        return None;
    }
    let names = header_names(&entry.group);
    let ends = |build: &str| -> Option<Vec<String>> {
        let column = &grid.columns[grid.column_of(build)?];
        Some(header_values(column, &names).map(str::to_owned).collect())
    };
    let pass_build = alert.pass_build.as_deref()?;
    let (older, newer) = (ends(pass_build)?, ends(&alert.first_fail_build)?);
    let tokens = Tokens::new()
        .with("environment", entry.tab.name.as_str())
        .with("cs-path", entry.tab.code_search_path.as_str())
        .with_comparison(
            (pass_build, older.as_slice()),
            (alert.first_fail_build.as_str(), newer.as_slice()),
        );
    expand(&entry.tab.code_search_url_template, &tokens)
}

/// The bytes of a table.
pub(super) fn write(table: &Table<'_>) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(table)
}

/// A row, borrowed from the grid or made for a group.
pub(super) type AnyRow<'a> = Cow<'a, Row>;
