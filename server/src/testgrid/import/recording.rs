//! One recorded answer: a dashboard's tabs, or a tab's grid, from which runs are made.

use model::{
    config::{ColumnHeader, DashboardTab, TestGroup},
    infra::{ComponentKind, ComponentVersion, Source},
    name::normalize,
    rle::Runs,
    run::{Cell, Header, Run, TestResult},
    status::Status,
    tabulate::Test,
};

use super::json::{RawSummary, RawTable};
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
    pub(super) group: String,
    pub(super) query: String,
    pub(super) recent: Option<u32>,
    pub(super) header_names: Vec<String>,
    /// The tab's links and texts as configuration would have them; its name and group are empty.
    pub(super) tab: DashboardTab,
    /// Newest first.
    pub(super) columns: Vec<TableColumn>,
    pub(super) rows: Vec<TableRow>,
    /// What is odd about it, one sentence each; the rest is imported.
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct TableColumn {
    pub(super) build: String,
    pub(super) started_ms: i64,
    pub(super) rank: i64,
    pub(super) headers: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct TableRow {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) statuses: Runs<Status>,
    /// By column; only cells that say more than their status.
    pub(super) cells: Vec<TableCell>,
}

#[derive(Clone, Debug)]
pub(super) struct TableCell {
    pub(super) column: u32,
    pub(super) icon: String,
    pub(super) message: String,
    pub(super) user_property: String,
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
pub(super) fn to_ms(number: i64) -> i64 {
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
            // As every group that comes from configuration files.
            use_kubernetes_client: Some(true),
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
            ..self.tab.clone()
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
