//! Why a tab has its status: as data, and as one sentence made of the data alone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Moved, TabStatus, movement::is_zero};
use crate::status::Status;

/// Why a tab has its status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Reason {
    /// The rule that decided.
    pub rule: Rule,
    /// The rows that make the status, worst first; at most five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<ReasonRow>,
    /// All rows that make the status.
    pub row_count: u32,
    /// All rows that count.
    pub counted_rows: u32,
    /// How many failures in a row open an alert; 0 when rows raise none.
    pub failures_to_alert: u32,
    /// For [`Rule::AllPassed`] the finished runs that passed; for [`Rule::TooFewRuns`] those that
    /// count; for [`Rule::AcceptableFlakiness`] those that did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// For [`Rule::TooFewRuns`] how many the tab asks for; for [`Rule::AcceptableFlakiness`] how many
    /// count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_runs: Option<u32>,
    /// A share in percent: of the failed cells ([`Rule::BrokenColumn`]), of the runs that did not pass
    /// ([`Rule::AcceptableFlakiness`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<f32>,
    /// What that share is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_percent: Option<f32>,
    /// The build since which it is so: the first failure of the rows that began to fail together, the
    /// newest run with a cell that did not pass, the broken run, the newest run of a stale tab. Where rows
    /// with an alert began at several builds it is the one where most did, a job's own result not counted
    /// unless nothing else has an alert; of several with as many the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<BuildRef>,
    /// For [`Rule::RowsAlert`] how many of [`Reason::row_count`] began to fail at [`Reason::since`], a job's
    /// own result among them if it did; 0 (absent in JSON) where the rule is another.
    #[serde(skip_serializing_if = "is_zero")]
    pub since_rows: u32,
    /// The last pass before [`Reason::since`], of a row that fails since then; absent when the data
    /// has none or a flake hides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_pass: Option<BuildRef>,
    /// What moved from the last pass to [`Reason::since`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// How old the data is, in milliseconds cut down to whole minutes, when that makes the tab stale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<i64>,
    /// From which age it is stale, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<i64>,
    /// The job's own interval in milliseconds, when the limit is a multiple of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<i64>,
    /// The job's own result, apart from the rows: a tab may fail for one row while `Overall` is green.
    /// Absent when the tab shows no such row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overall: Option<OverallRow>,
    /// What is wrong, for [`Rule::Unreadable`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The rules that decide about a tab's status, first match wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Its results have not been looked at yet.
    #[default]
    Unread,
    /// Its configuration cannot be applied; [`Reason::detail`] says why.
    Unreadable,
    /// More of a recent column's cells failed than the tab allows.
    BrokenColumn,
    /// Nothing was ever stored.
    NothingStored,
    /// No column, or no row that counts.
    NothingCompleted,
    /// The results have not changed for too long.
    NotChanged,
    /// The newest run is too old.
    NoNewColumn,
    /// Rows have alerts.
    RowsAlert,
    /// Fewer runs count than the tab asks for.
    TooFewRuns,
    /// Not all runs passed, but as many as the tab accepts.
    AcceptableFlakiness,
    /// A recent result is no pass, but no row has an alert.
    NotPassed,
    /// All recent results passed.
    AllPassed,
    /// No finished run has a result.
    NoFinishedRun,
}

/// A build and when it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BuildRef {
    /// The build id.
    pub build: String,
    /// When it began.
    pub started: DateTime<Utc>,
}

/// A row that makes a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReasonRow {
    /// As shown.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// Its failures since it last passed; where no alert decides, its results among the recent columns
    /// that are no pass.
    pub count: u32,
}

/// A job's own result as a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OverallRow {
    /// As shown: `Overall`, `<job>.Overall`.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// Whether it has an alert.
    pub alert: bool,
    /// Failures since it last passed, when it has an alert; else 0.
    pub fail_count: u32,
    /// Its newest finished result, as TestGrid's number.
    #[cfg_attr(feature = "schema", schema(value_type = u8))]
    pub latest: Status,
}

impl Rule {
    /// The status that the rule decides for.
    pub const fn status(self) -> TabStatus {
        match self {
            Self::Unread | Self::Unreadable | Self::NoFinishedRun => TabStatus::Unknown,
            Self::BrokenColumn => TabStatus::Broken,
            Self::NothingStored | Self::NothingCompleted | Self::NotChanged | Self::NoNewColumn => {
                TabStatus::Stale
            }
            Self::RowsAlert => TabStatus::Failing,
            Self::TooFewRuns => TabStatus::Pending,
            Self::AcceptableFlakiness => TabStatus::Acceptable,
            Self::NotPassed => TabStatus::Flaky,
            Self::AllPassed => TabStatus::Passing,
        }
    }
}

impl Reason {
    /// A tab whose configuration cannot be applied; `detail` is the rest of a sentence that begins
    /// with "because".
    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self {
            rule: Rule::Unreadable,
            detail: detail.into(),
            ..Self::default()
        }
    }

    /// The status that it is the reason of.
    pub const fn status(&self) -> TabStatus {
        self.rule.status()
    }

    /// One sentence without a full stop: `FAILING because 2 rows failed 3+ times since build
    /// 17 (infra unchanged, product a1b2c3d4e5..b2c3d4e5f6)`; where not all began there, `4 rows failed 5+
    /// times, 3 of them since build 17 (…)`.
    pub fn sentence(&self) -> String {
        format!("{} because {}", self.status().word(), self.because())
    }

    fn because(&self) -> String {
        match self.rule {
            Rule::Unread => "its results are still being read".to_owned(),
            Rule::Unreadable => self.detail.clone(),
            Rule::NothingStored => "no results are stored".to_owned(),
            Rule::NothingCompleted => "no run has a result in any row that counts".to_owned(),
            Rule::NoFinishedRun => "no finished run has a result".to_owned(),
            Rule::BrokenColumn => format!(
                "{:.1}% of the results of {} failed, more than {:.1}%",
                self.percent.unwrap_or_default(),
                self.since_build(),
                self.limit_percent.unwrap_or_default(),
            ),
            Rule::NotChanged => format!("its results have not changed for {}", self.too_long()),
            Rule::NoNewColumn => format!(
                "the newest run, {}, began {}",
                self.since_build(),
                self.too_long()
            ),
            Rule::RowsAlert => self.rows_alert(),
            Rule::TooFewRuns => format!(
                "only {} of the {} recent runs that the tab asks for",
                match self.runs.unwrap_or_default() {
                    1 => "1 run counts".to_owned(),
                    runs => format!("{runs} runs count"),
                },
                self.of_runs.unwrap_or_default(),
            ),
            Rule::AcceptableFlakiness => format!(
                "{} of {} recent runs did not pass: {:.1}%, within the accepted {:.1}%",
                self.runs.unwrap_or_default(),
                self.of_runs.unwrap_or_default(),
                self.percent.unwrap_or_default(),
                self.limit_percent.unwrap_or_default(),
            ),
            Rule::NotPassed => format!(
                "{} did not pass in {}, but none {}{}",
                self.rows_words(),
                self.since_build(),
                match self.failures_to_alert {
                    0 => "of this tab's rows can raise an alert".to_owned(),
                    1 => "failed and has not passed since".to_owned(),
                    failures => format!("has failed {failures} times in a row"),
                },
                self.overall_words(),
            ),
            Rule::AllPassed => match self.runs.unwrap_or_default() {
                1 => "all results of the last finished run passed".to_owned(),
                runs => format!("all results of the last {runs} finished runs passed"),
            },
        }
    }

    fn rows_alert(&self) -> String {
        let counts = self.rows.iter().map(|row| row.count);
        let (least, most) = (
            counts.clone().min().unwrap_or(self.failures_to_alert),
            counts.max().unwrap_or(self.failures_to_alert),
        );
        // Rows that are not named fail no more often than the last one that is.
        let (least, more) = if (self.rows.len() as u32) < self.row_count {
            (self.failures_to_alert.min(least), "+")
        } else if least < most {
            (least, "+")
        } else {
            (least, "")
        };
        // Not "the last runs": flaky ones may stand between and behind the failures.
        let often = match (least, more) {
            (1, "") => "once".to_owned(),
            _ => format!("{least}{more} times"),
        };
        let moved = match (&self.moved, &self.last_pass) {
            (Some(moved), Some(_)) => moved.words(),
            _ => "no pass before it in the data".to_owned(),
        };
        // What moved is told of the rows that began there alone.
        let began = match self.since_rows {
            0 => String::new(),
            all if all == self.row_count => String::new(),
            rows => format!(", {rows} of them"),
        };
        format!(
            "{} failed {often}{began} since {} ({moved}){}",
            self.rows_words(),
            self.since_build(),
            self.overall_words(),
        )
    }

    /// How many rows; one alone by its name, which may be of any length.
    fn rows_words(&self) -> String {
        match (self.row_count, self.rows.first()) {
            (1, Some(row)) => format!("1 row, {},", clip(&row.name)),
            (1, None) => "1 row".to_owned(),
            (rows, _) => format!("{rows} rows"),
        }
    }

    fn since_build(&self) -> String {
        match &self.since {
            Some(since) => format!("build {}", since.build),
            None => "a build".to_owned(),
        }
    }

    /// Whether the job itself fails, when that is not all there is.
    fn overall_words(&self) -> String {
        let Some(overall) = &self.overall else {
            return String::new();
        };
        let name = clip(&overall.name);
        if self.row_count == 1 && self.rows.iter().any(|row| row.id == overall.id) {
            ": it is the job itself".to_owned()
        } else if overall.alert {
            format!("; {name} is one of them")
        } else if overall.latest.is_failing() {
            format!("; {name} failed last, without an alert")
        } else if overall.latest.is_passing() {
            format!("; {name} itself passes")
        } else {
            String::new()
        }
    }

    fn too_long(&self) -> String {
        let age = duration_words(self.age_ms.unwrap_or_default());
        let limit = duration_words(self.limit_ms.unwrap_or_default());
        let ago = if self.rule == Rule::NoNewColumn {
            " ago"
        } else {
            ""
        };
        match self.interval_ms {
            None => format!("{age}{ago}, longer than the {limit} that the tab allows"),
            Some(interval_ms) => format!(
                "{age}{ago}, longer than {limit} for a job that runs every {}",
                duration_words(interval_ms)
            ),
        }
    }
}

/// A name short enough for a sentence.
fn clip(name: &str) -> String {
    const MOST: usize = 100;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// A duration in the two largest units that it has: `3 d 4 h`, `2 h 5 min`, `20 s`.
fn duration_words(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let two = |large: i64, of: &str, small: i64, unit: &str| {
        if small == 0 {
            format!("{large} {of}")
        } else {
            format!("{large} {of} {small} {unit}")
        }
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two(hours, "h", minutes, "min"),
        (days, hours, _) => two(days, "d", hours, "h"),
    }
}

#[cfg(test)]
mod tests;
