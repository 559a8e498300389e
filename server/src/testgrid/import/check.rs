//! From an answer as it is recorded to a table whose every list is as long as it should be.

use std::collections::{HashMap, HashSet};

use model::{
    config::{DashboardTab, LinkOption, LinkTemplate},
    name::natural_cmp,
    rle::Runs,
    status::Status,
};

use super::{
    json::{InOrder, Number, RawOptions, RawRow, RawTable, RawTemplate, Text},
    recording::{RecordingError, Table, TableCell, TableColumn, TableRow, to_ms},
};

fn contradiction<T>(sentence: String) -> Result<T, RecordingError> {
    Err(RecordingError::Contradiction(sentence))
}

impl RawTable<'_> {
    pub(super) const fn is_table(&self) -> bool {
        self.test_group_name.is_some()
            && (self.tests.is_some() || self.timestamps.is_some() || self.changelists.is_some())
    }

    pub(super) fn check(self) -> Result<Table, RecordingError> {
        let group = self.test_group_name.unwrap_or_default().into_owned();
        if group.is_empty() {
            return contradiction("it names no test group".into());
        }
        let timestamps = self.timestamps.unwrap_or_default();
        let changelists = self.changelists.unwrap_or_default();
        let width = timestamps.len();
        if changelists.len() != width {
            return contradiction(format!(
                "{width} timestamps, but {} changelists",
                changelists.len()
            ));
        }
        let custom_columns: Vec<_> = self
            .custom_columns
            .unwrap_or_default()
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect();
        let header_names = header_names(self.column_header_names.as_deref(), custom_columns.len())?;
        for (name, values) in header_names.iter().zip(&custom_columns) {
            if values.len() != width && !values.is_empty() {
                return contradiction(format!(
                    "{width} columns, but {} values of the header “{name}”",
                    values.len()
                ));
            }
        }
        let builds = unique_builds(&changelists, &timestamps);
        let ranks = ranks(&builds, &timestamps);
        let columns = builds
            .into_iter()
            .zip(&timestamps)
            .zip(ranks)
            .enumerate()
            .map(|(index, ((build, timestamp), rank))| TableColumn {
                build,
                started_ms: to_ms(timestamp.0),
                rank,
                headers: custom_columns
                    .iter()
                    .map(|values| {
                        let value = values.get(index);
                        value.map_or(String::new(), |value| value.0.to_string())
                    })
                    .collect(),
            })
            .collect();

        let mut notes = Vec::new();
        let mut rows = Vec::new();
        let mut names = UniqueNames::default();
        for raw in self.tests.unwrap_or_default() {
            let (name, id) = names.take(&raw);
            let row = raw.check(name, id, width, &mut notes)?;
            rows.push(row);
        }
        Ok(Table {
            group,
            query: self.query.unwrap_or_default().into_owned(),
            recent: self
                .stale_test_threshold
                .and_then(|number| u32::try_from(number.0).ok())
                .filter(|&recent| recent > 0),
            header_names,
            tab: DashboardTab {
                description: self.description.unwrap_or_default().into_owned(),
                open_test_template: template(self.open_test_template),
                results_url_template: template(self.results_url_template),
                code_search_url_template: template(self.code_search_url_template),
                file_bug_template: template(self.file_bug_template),
                attach_bug_template: template(self.attach_bug_template),
                open_bug_template: template(self.open_bug_template),
                context_menu_template: template(self.context_menu_template),
                column_diff_link_templates: self
                    .column_diff_link_templates
                    .unwrap_or_default()
                    .into_iter()
                    .map(|raw| template(Some(raw)))
                    .collect(),
                code_search_path: self.code_search_path.unwrap_or_default().into_owned(),
                about_dashboard_url: self.about_dashboard_url.unwrap_or_default().into_owned(),
                results_text: self.results_text.unwrap_or_default().into_owned(),
                bug_component: self
                    .bug_component
                    .and_then(|number| i32::try_from(number.0).ok())
                    .filter(|&component| component != 0),
                ..DashboardTab::default()
            },
            columns,
            rows,
            notes,
        })
    }
}

impl RawRow<'_> {
    fn check(
        self,
        name: String,
        id: String,
        width: usize,
        notes: &mut Vec<String>,
    ) -> Result<TableRow, RecordingError> {
        let total: u64 = (self.statuses.iter().flatten())
            .map(|run| u64::from(run.count))
            .sum();
        if total != width as u64 && self.statuses.is_some() {
            return contradiction(format!(
                "{width} columns, but {total} statuses in the row “{name}”"
            ));
        }
        let mut statuses = Runs::new();
        for run in self.statuses.iter().flatten() {
            let Ok(status) = Status::from_number(run.value) else {
                return contradiction(format!(
                    "the row “{name}” has the status {}; the numbers are 0 to 15",
                    run.value
                ));
            };
            statuses.push_run(status, run.count);
        }
        let filled: usize = (statuses.runs().iter())
            .filter(|(status, _)| *status != Status::NoResult)
            .map(|&(_, count)| count as usize)
            .sum();
        let messages = self.messages.unwrap_or_default();
        let icons = self.short_texts.unwrap_or_default();
        for (what, length) in [("messages", messages.len()), ("short texts", icons.len())] {
            // Without a single text the list may be left out.
            if length != filled && length != 0 {
                return contradiction(format!(
                    "{filled} cells that are not blank, but {length} {what} in the row “{name}”"
                ));
            }
        }
        let properties = packed_properties(self.user_property.as_ref(), filled);
        let properties = properties.unwrap_or_else(|| {
            notes.push(format!(
                "the user properties of the row “{name}” are not one text per cell and were left out"
            ));
            Vec::new()
        });

        let mut cells = Vec::new();
        let (mut column, mut packed) = (0u32, 0usize);
        for &(status, count) in statuses.runs() {
            if status != Status::NoResult {
                for offset in 0..count {
                    let text = |list: &[Text<'_>]| {
                        let text = list.get(packed);
                        text.map_or(String::new(), |text| text.0.to_string())
                    };
                    let cell = TableCell {
                        column: column + offset,
                        icon: text(&icons),
                        message: text(&messages),
                        user_property: properties
                            .get(packed)
                            .map_or(String::new(), |property| (*property).to_owned()),
                    };
                    packed += 1;
                    let says = !cell.icon.is_empty()
                        || !cell.message.is_empty()
                        || !cell.user_property.is_empty();
                    if says {
                        cells.push(cell);
                    }
                }
            }
            column += count;
        }
        Ok(TableRow {
            name,
            id,
            statuses,
            cells,
        })
    }
}

/// The recorded user properties when they are none, or one text per cell that is not blank.
fn packed_properties(value: Option<&serde_json::Value>, filled: usize) -> Option<Vec<&str>> {
    match value {
        None | Some(serde_json::Value::Null) => Some(Vec::new()),
        Some(serde_json::Value::Array(list)) if list.is_empty() => Some(Vec::new()),
        Some(serde_json::Value::Array(list)) if list.len() == filled => {
            list.iter().map(serde_json::Value::as_str).collect()
        }
        Some(_) => None,
    }
}

/// The names of the custom columns: the last of the recorded names, whose first are those of the
/// fixed columns (date, time, build).
fn header_names(
    recorded: Option<&[Text<'_>]>,
    custom: usize,
) -> Result<Vec<String>, RecordingError> {
    let Some(recorded) = recorded else {
        return Ok((1..=custom)
            .map(|number| format!("Header {number}"))
            .collect());
    };
    if recorded.len() < custom {
        return contradiction(format!(
            "{custom} custom columns, but {} column header names",
            recorded.len()
        ));
    }
    let mut names: Vec<String> = Vec::with_capacity(custom);
    for Text(name) in &recorded[recorded.len() - custom..] {
        let mut unique = name.to_string();
        let mut number = 1;
        while names.contains(&unique) {
            number += 1;
            unique = format!("{name} [{number}]");
        }
        names.push(unique);
    }
    Ok(names)
}

/// A build id per column. A changelist names a build unless it is empty or occurs twice; then the
/// time of its start tells the columns apart, in every recording alike.
fn unique_builds(changelists: &[Text<'_>], timestamps: &[Number]) -> Vec<String> {
    let mut count: HashMap<&str, u32> = HashMap::new();
    for Text(changelist) in changelists {
        *count.entry(changelist).or_default() += 1;
    }
    let mut taken: HashMap<String, u32> = HashMap::new();
    changelists
        .iter()
        .zip(timestamps)
        .map(|(Text(changelist), timestamp)| {
            let build = if !changelist.is_empty() && count[changelist.as_ref()] == 1 {
                changelist.to_string()
            } else {
                format!("{changelist}@{}", to_ms(timestamp.0))
            };
            let number = taken.entry(build.clone()).or_default();
            *number += 1;
            if *number == 1 {
                build
            } else {
                format!("{build}#{number}")
            }
        })
        .collect()
}

/// A rank per column, 0 for all but neighbours that began in the same millisecond and are not in
/// the order of their build ids.
fn ranks(builds: &[String], timestamps: &[Number]) -> Vec<i64> {
    let mut ranks = vec![0; builds.len()];
    let mut start = 0;
    while start < builds.len() {
        let end = (start..builds.len())
            .find(|&index| timestamps[index].0 != timestamps[start].0)
            .unwrap_or(builds.len());
        let natural = builds[start..end]
            .windows(2)
            .all(|pair| natural_cmp(&pair[0], &pair[1]).is_ge());
        if !natural {
            for (index, rank) in ranks[start..end].iter_mut().enumerate() {
                *rank = (end - start - index) as i64;
            }
        }
        start = end;
    }
    ranks
}

/// Gives every row a name of its own.
#[derive(Default)]
struct UniqueNames(HashSet<String>);

impl UniqueNames {
    /// The row's name and identity. A name that occurs again is told apart by the row's identity,
    /// and by a number where that is the same too.
    fn take(&mut self, row: &RawRow<'_>) -> (String, String) {
        let id = row
            .original_name
            .as_deref()
            .filter(|name| !name.is_empty())
            .unwrap_or(&row.name);
        for name in [row.name.as_ref(), id] {
            if self.0.insert(name.to_owned()) {
                return (name.to_owned(), id.to_owned());
            }
        }
        let mut number = 1;
        loop {
            let name = format!("{id} [{number}]");
            if self.0.insert(name.clone()) {
                return (name.clone(), name);
            }
            number += 1;
        }
    }
}

fn template(raw: Option<RawTemplate>) -> LinkTemplate {
    let Some(raw) = raw else {
        return LinkTemplate::default();
    };
    LinkTemplate {
        url: raw.url.unwrap_or_default(),
        name: raw.name.unwrap_or_default(),
        options: match raw.options {
            None => Vec::new(),
            Some(RawOptions::List(options)) => options,
            Some(RawOptions::Object(InOrder(options))) => options
                .into_iter()
                .map(|(key, value)| LinkOption { key, value })
                .collect(),
        },
    }
}
