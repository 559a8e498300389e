//! One build as Seamgrid knows it: column, results, versions, problems.

use serde::{Deserialize, Serialize};

use crate::{infra::ComponentVersion, job_spec::JobSpec, status::Status};

/// One build, read from its files or uploaded. Reading the same files twice gives the same run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The build id, unique within its test group.
    pub build: String,
    /// What its column shows instead of the build id, where the test group says so; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The build's folder as `bucket/path/to/build`, without a scheme; empty when there is none.
    pub path: String,
    /// When the build began, in milliseconds since 1970. Where `started.json` does not say, the
    /// best other evidence; 0 when no file tells.
    pub started_ms: i64,
    /// When it ended; `None` while it runs or when it never said.
    pub finished_ms: Option<i64>,
    /// Whether the build may still change and must be read again.
    pub open: bool,
    /// One result per test name, in no particular order; names are unique.
    pub results: Vec<TestResult>,
    /// The configured headers, in the order of the configuration.
    pub headers: Vec<Header>,
    /// Infra components in the order of the configuration, then product repositories by name.
    pub versions: Vec<ComponentVersion>,
    /// What its job was asked to do; `None` when no file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<JobSpec>,
    /// What was wrong with the build's files.
    pub problems: Vec<Problem>,
    /// Whom the build itself wants to tell (`metadata["EmailAddresses"]`).
    pub emails: Vec<String>,
    /// Rows that are shown under another name than their test's own, which is then their identity:
    /// (row, test). No row is there twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<(String, String)>,
}

/// A configured value of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// As configured: `Commit`.
    pub name: String,
    /// The value; TestGrid's `missing` where the build does not say, empty while it runs.
    pub value: String,
}

/// One test in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// The row name (specification 3.7).
    pub name: String,
    /// What the row shows.
    pub cell: Cell,
}

/// One test in one run, without the name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// What happened.
    pub status: Status,
    /// At most a few characters drawn in the cell: `F`, `1/2`, a metric. Empty for none.
    pub icon: String,
    /// Why, at most 140 bytes and a mark. Empty for none.
    pub message: String,
    /// The cell's own link target or `<job>/<build>` id; empty when the column's build is meant.
    pub cell_id: String,
    /// The value of the group's `user_property`; empty for none.
    pub user_property: String,
    /// How long the test took, in seconds; `None` when it does not say.
    pub seconds: Option<f32>,
    /// Further numbers: numeric JUnit properties, by name.
    pub metrics: Vec<(String, f64)>,
}

impl Cell {
    /// A cell that says only its status.
    pub fn plain(status: Status) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Whether the status says all there is, so that no row of its own need be stored.
    pub fn is_plain(&self) -> bool {
        self.icon.is_empty()
            && self.message.is_empty()
            && self.cell_id.is_empty()
            && self.user_property.is_empty()
            && self.metrics.is_empty()
    }
}

/// Something wrong with one file of a build. The other files still count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The file, relative to the build's folder: `artifacts/junit_01.xml`; `.` for the folder itself.
    pub file: String,
    /// One sentence.
    pub message: String,
}

impl Problem {
    /// A problem with `file`.
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            message: message.into(),
        }
    }
}
