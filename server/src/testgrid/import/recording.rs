//! The JSON of one recorded answer, checked and made small.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use model::{
    config::{ColumnHeader, DashboardTab, LinkOption, LinkTemplate, TestGroup},
    infra::{ComponentKind, ComponentVersion, Source},
    name::{natural_cmp, normalize},
    rle::Runs,
    run::{Cell, Header, Run, TestResult},
    status::Status,
    tabulate::Test,
};
use serde::{Deserialize, Deserializer, de};

use crate::store::RecordedRun;

/// The component that a recorded infra header is a version of.
const INFRA_COMPONENT: &str = "test-infra";

/// What TestGrid shows where a build does not say a header's value.
const MISSING: &str = "missing";

/// Numbers above are milliseconds since 1970, others seconds: recordings have both.
const MOST_SECONDS: i64 = 100_000_000_000;

/// One recorded answer.
#[derive(Clone, Debug)]
pub enum Recording {
    /// A tab's grid.
    Table(Box<Table>),
    /// A dashboard's tabs.
    Summary(Summary),
}

/// Why a file is not a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Ends too early.
    #[error("the file is cut off: {0}")]
    CutOff(serde_json::Error),
    /// Another format.
    #[error("the file is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// Something else in JSON.
    #[error("the file is JSON, but neither a recorded table nor a recorded summary{0}")]
    OtherShape(String),
    /// The parts of a table contradict each other.
    #[error("the recorded table contradicts itself: {0}")]
    Contradiction(String),
}

/// What a recorded summary says of its dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// In the recorded order.
    pub tabs: Vec<SummaryTab>,
}

/// One tab of a recorded summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryTab {
    /// Its name.
    pub name: String,
    /// Its dashboard's name; empty when the recording does not say.
    pub dashboard: String,
    /// When TestGrid had last updated it, in milliseconds since 1970.
    pub updated_ms: Option<i64>,
}

/// A recorded grid, checked: every list is as long as it should be.
#[derive(Clone, Debug, Default)]
pub struct Table {
    group: String,
    query: String,
    description: String,
    recent: Option<u32>,
    header_names: Vec<String>,
    open_test: LinkTemplate,
    results_url: LinkTemplate,
    code_search_url: LinkTemplate,
    /// Newest first.
    columns: Vec<TableColumn>,
    rows: Vec<TableRow>,
    /// What is odd about it, one sentence each; the rest is imported.
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Debug)]
struct TableColumn {
    build: String,
    started_ms: i64,
    rank: i64,
    headers: Vec<String>,
}

#[derive(Clone, Debug)]
struct TableRow {
    name: String,
    id: String,
    statuses: Runs<Status>,
    /// By column; only cells that say more than their status.
    cells: Vec<TableCell>,
}

#[derive(Clone, Debug)]
struct TableCell {
    column: u32,
    icon: String,
    message: String,
    user_property: String,
}

/// Reads one recorded answer.
pub fn parse_recording(bytes: &[u8]) -> Result<Recording, RecordingError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(RecordingError::Empty);
    }
    let of_syntax = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Eof => Err(RecordingError::CutOff(error)),
        serde_json::error::Category::Syntax => Err(RecordingError::NotJson(error)),
        _ => Ok(error),
    };
    let not_a_table = match serde_json::from_slice::<RawTable<'_>>(bytes) {
        Ok(raw) if raw.is_table() => return raw.check().map(Box::new).map(Recording::Table),
        Ok(_) => None,
        Err(error) => Some(of_syntax(error)?),
    };
    match serde_json::from_slice::<RawSummary>(bytes) {
        Ok(RawSummary(tabs)) if tabs.iter().any(|(_, tab)| tab.is_tab()) => {
            Ok(Recording::Summary(Summary {
                tabs: tabs
                    .into_iter()
                    .map(|(name, tab)| SummaryTab {
                        name,
                        dashboard: tab.dashboard_name.unwrap_or_default(),
                        updated_ms: tab
                            .last_update_timestamp
                            .map(|number| to_ms(number.0))
                            .filter(|&ms| ms > 0),
                    })
                    .collect(),
            }))
        }
        Ok(_) => Err(RecordingError::OtherShape(String::new())),
        Err(error) => {
            let error = of_syntax(error)?;
            // A table that has a wrong type somewhere is told what; anything else only that it is
            // something else.
            let looks_like_a_table = contains(bytes, b"\"test-group-name\"");
            Err(RecordingError::OtherShape(match not_a_table {
                Some(table) if looks_like_a_table => format!(": {table}"),
                _ if contains(bytes, b"\"overall_status\"") => format!(": {error}"),
                _ => String::new(),
            }))
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A recorded time in milliseconds.
fn to_ms(number: i64) -> i64 {
    if number.abs() > MOST_SECONDS {
        number
    } else {
        number * 1000
    }
}

impl Table {
    /// The group's name: the job's when TestGrid's normalised name comes from it, as it nearly
    /// always does.
    pub fn group_name(&self) -> String {
        let job = self.query.trim_end_matches('/').rsplit('/').next();
        match job {
            Some(job) if normalize(job) == normalize(&self.group) => job.to_owned(),
            _ => self.group.clone(),
        }
    }

    /// The group as configuration would have it.
    pub fn group(&self) -> TestGroup {
        TestGroup {
            name: self.group_name(),
            gcs_prefix: self.query.clone(),
            num_columns_recent: self.recent,
            column_header: self
                .header_names
                .iter()
                .map(|name| ColumnHeader {
                    configuration_value: name.clone(),
                    ..ColumnHeader::default()
                })
                .collect(),
            ..TestGroup::default()
        }
    }

    /// The tab as configuration would have it.
    pub fn tab(&self, name: String) -> DashboardTab {
        DashboardTab {
            name,
            test_group_name: self.group_name(),
            num_columns_recent: self.recent,
            description: self.description.clone(),
            open_test_template: self.open_test.clone(),
            results_url_template: self.results_url.clone(),
            code_search_url_template: self.code_search_url.clone(),
            ..DashboardTab::default()
        }
    }

    /// Its rows, those without any result too: in the dictionary they stay, a grid shows only rows
    /// that have a cell.
    pub fn tests(&self) -> Vec<Test> {
        self.rows
            .iter()
            .map(|row| Test {
                name: row.name.clone(),
                id: row.id.clone(),
            })
            .collect()
    }

    /// When the newest build began.
    pub fn newest_ms(&self) -> Option<i64> {
        self.columns.iter().map(|column| column.started_ms).max()
    }

    /// How many cells are not blank.
    pub fn cells(&self) -> u64 {
        self.rows
            .iter()
            .flat_map(|row| row.statuses.runs())
            .filter(|(status, _)| *status != Status::NoResult)
            .map(|&(_, count)| u64::from(count))
            .sum()
    }

    /// Its columns as runs, newest first, a few at a time.
    pub fn into_columns(self) -> Columns {
        Columns {
            next: 0,
            cursors: vec![Cursor::default(); self.rows.len()],
            table: self,
        }
    }
}

/// The columns of a table as runs. Rows are read once, side by side.
pub struct Columns {
    table: Table,
    next: usize,
    cursors: Vec<Cursor>,
}

/// How far a row has been read.
#[derive(Clone, Copy, Default)]
struct Cursor {
    run: usize,
    within: u32,
    cell: usize,
}

impl Columns {
    /// The next runs, together of about `cells` cells and at least one run; none at the end.
    pub fn next_runs(&mut self, cells: usize) -> Vec<RecordedRun> {
        let mut runs = Vec::new();
        let mut count = 0;
        while self.next < self.table.columns.len() && (runs.is_empty() || count < cells) {
            let run = self.build_run();
            count += run.run.results.len();
            runs.push(run);
        }
        runs
    }

    fn build_run(&mut self) -> RecordedRun {
        let index = self.next;
        self.next += 1;
        let mut results = Vec::new();
        for (row, cursor) in self.table.rows.iter().zip(&mut self.cursors) {
            let Some(&(status, count)) = row.statuses.runs().get(cursor.run) else {
                continue;
            };
            cursor.within += 1;
            if cursor.within == count {
                cursor.run += 1;
                cursor.within = 0;
            }
            if status == Status::NoResult {
                continue;
            }
            let mut cell = Cell::plain(status);
            if let Some(said) = row.cells.get(cursor.cell)
                && said.column as usize == index
            {
                cursor.cell += 1;
                cell.icon.clone_from(&said.icon);
                cell.message.clone_from(&said.message);
                cell.user_property.clone_from(&said.user_property);
            }
            results.push(TestResult {
                name: row.name.clone(),
                cell,
            });
        }
        let column = &self.table.columns[index];
        let headers: Vec<Header> = (self.table.header_names.iter())
            .zip(&column.headers)
            .map(|(name, value)| Header {
                name: name.clone(),
                value: value.clone(),
            })
            .collect();
        let query = self.table.query.trim_end_matches('/');
        RecordedRun {
            run: Run {
                build: column.build.clone(),
                path: if query.is_empty() {
                    String::new()
                } else {
                    format!("{query}/{}", column.build)
                },
                started_ms: column.started_ms,
                results,
                versions: infra_version(&headers).into_iter().collect(),
                headers,
                ..Run::default()
            },
            rank: column.rank,
        }
    }
}

/// The version of the infra that the headers declare; `None` when no header is about it.
fn infra_version(headers: &[Header]) -> Option<ComponentVersion> {
    let mut about = headers
        .iter()
        .filter(|header| header.name.to_ascii_lowercase().contains("infra"))
        .peekable();
    about.peek()?;
    let said = about.find(|header| !header.value.is_empty() && header.value != MISSING);
    Some(said.map_or_else(
        || ComponentVersion::unknown(INFRA_COMPONENT, ComponentKind::Infra),
        |header| ComponentVersion {
            component: INFRA_COMPONENT.into(),
            kind: ComponentKind::Infra,
            version: Some(header.value.clone()),
            source: Source::Header,
            evidence: Some(format!("{}: {}", header.name, header.value)),
        },
    ))
}

/// The answer as it is recorded; the fields that are not stored are skipped.
#[derive(Deserialize)]
struct RawTable<'a> {
    #[serde(borrow, default, rename = "test-group-name")]
    test_group_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    query: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(default, rename = "stale-test-threshold")]
    stale_test_threshold: Option<Number>,
    #[serde(borrow, default)]
    changelists: Texts<'a>,
    #[serde(borrow, default, rename = "custom-columns")]
    custom_columns: Option<Vec<Texts<'a>>>,
    #[serde(borrow, default, rename = "column-header-names")]
    column_header_names: Texts<'a>,
    #[serde(borrow, default)]
    tests: Option<Vec<RawRow<'a>>>,
    #[serde(default)]
    timestamps: Option<Vec<Number>>,
    #[serde(default, rename = "open-test-template")]
    open_test_template: Option<RawTemplate>,
    #[serde(default, rename = "results-url-template")]
    results_url_template: Option<RawTemplate>,
    #[serde(default, rename = "code-search-url-template")]
    code_search_url_template: Option<RawTemplate>,
}

#[derive(Deserialize)]
struct RawRow<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default, rename = "original-name")]
    original_name: Option<Cow<'a, str>>,
    #[serde(default)]
    statuses: Option<Vec<RawStatus>>,
    #[serde(borrow, default)]
    messages: Texts<'a>,
    #[serde(borrow, default)]
    short_texts: Texts<'a>,
    #[serde(default)]
    user_property: Option<serde_json::Value>,
}

/// A list of texts; null like a list that is absent.
type Texts<'a> = Option<Vec<Text<'a>>>;

/// A text as it stands in the file, which it borrows from unless it has escapes; null is empty. (In
/// a list, `Cow` alone would copy each.)
#[derive(Clone)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed("")))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Deserialize)]
struct RawStatus {
    count: u32,
    value: u64,
}

#[derive(Deserialize)]
struct RawTemplate {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    options: Option<RawOptions>,
}

/// An object in the recorded answers, a list in the protocol.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawOptions {
    Object(InOrder<String>),
    List(Vec<LinkOption>),
}

#[derive(Deserialize)]
struct RawTab {
    overall_status: Option<String>,
    dashboard_name: Option<String>,
    last_update_timestamp: Option<Number>,
}

impl RawTab {
    const fn is_tab(&self) -> bool {
        self.overall_status.is_some() || self.dashboard_name.is_some()
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct RawSummary(#[serde(deserialize_with = "in_order")] Vec<(String, RawTab)>);

/// The entries of an object in their order.
struct InOrder<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for InOrder<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        in_order(deserializer).map(Self)
    }
}

fn in_order<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, V)>, D::Error> {
    struct Entries<V>(std::marker::PhantomData<V>);
    impl<'de, V: Deserialize<'de>> de::Visitor<'de> for Entries<V> {
        type Value = Vec<(String, V)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    deserializer.deserialize_map(Entries(std::marker::PhantomData))
}

/// A whole number, however it is written: as an integer, with a fraction, or as text.
#[derive(Clone, Copy)]
struct Number(i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                i64::try_from(number)
                    .map(Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
                if number.abs() < 9e18 {
                    Ok(Number(number.round() as i64))
                } else {
                    Err(E::invalid_value(de::Unexpected::Float(number), &self))
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                match text.trim().parse::<i64>() {
                    Ok(number) => self.visit_i64(number),
                    Err(_) => match text.trim().parse::<f64>() {
                        Ok(number) => self.visit_f64(number),
                        Err(_) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                    },
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

fn contradiction<T>(sentence: String) -> Result<T, RecordingError> {
    Err(RecordingError::Contradiction(sentence))
}

impl RawTable<'_> {
    const fn is_table(&self) -> bool {
        self.test_group_name.is_some()
            && (self.tests.is_some() || self.timestamps.is_some() || self.changelists.is_some())
    }

    fn check(self) -> Result<Table, RecordingError> {
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
            description: self.description.unwrap_or_default().into_owned(),
            recent: self
                .stale_test_threshold
                .and_then(|number| u32::try_from(number.0).ok())
                .filter(|&recent| recent > 0),
            header_names,
            open_test: template(self.open_test_template),
            results_url: template(self.results_url_template),
            code_search_url: template(self.code_search_url_template),
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
