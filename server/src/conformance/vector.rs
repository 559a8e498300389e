//! One vector of each area: reading it, and the answer to it.

use std::sync::Arc;

use model::{
    alert::Thresholds,
    flakiness::{Outcome, flip_percent},
    grid::{Grid, Row},
    status::Status,
    summary::{Customization, Evidence, Options, TabStatus},
    tabulate::{GroupResults, StoredDetail, StoredRun, Test, View, tabulate},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Difference;

/// The clock of all vectors.
const NOW_MS: i64 = 1_700_000_000_000;
const HOUR_MS: i64 = 3_600_000;
/// How far two numbers may be apart.
const TOLERANCE: f64 = 1e-6;

/// Percents are written with four decimals.
const ROUNDING: f64 = 1e4;

/// The areas that are known.
pub(super) const AREAS: [&str; 4] = ["alert", "status", "metrics", "flip"];

/// The fields that differ, or why the vector cannot be evaluated.
type Answer = Result<Vec<Difference>, String>;

/// What evaluates the vectors of an area; `None` when there is no such area.
pub(super) fn evaluator(area: &str) -> Option<fn(&Value) -> Answer> {
    match area {
        "alert" => Some(alert),
        "status" => Some(status),
        "metrics" => Some(metrics),
        "flip" => Some(flip),
        _ => None,
    }
}

/// A row's cells, newest first.
#[derive(Deserialize)]
#[serde(untagged)]
enum Series {
    /// One letter per cell.
    Letters(String),
    /// A name or a letter per cell.
    Names(Vec<String>),
}

impl Series {
    fn statuses(&self) -> Result<Vec<Status>, String> {
        let cell = |text: &str| {
            Status::from_name(text)
                .or_else(|| letter(text))
                .ok_or_else(|| format!("\"{text}\" is neither the name nor the letter of a status"))
        };
        match self {
            Self::Letters(letters) => letters
                .chars()
                .map(|letter| cell(letter.encode_utf8(&mut [0; 4])))
                .collect(),
            Self::Names(names) => names.iter().map(|name| cell(name)).collect(),
        }
    }
}

fn letter(text: &str) -> Option<Status> {
    Some(match text {
        "." => Status::NoResult,
        "P" => Status::Pass,
        "S" => Status::PassWithSkips,
        "B" => Status::BuildPassed,
        "F" => Status::Fail,
        "T" => Status::TimedOut,
        "X" => Status::ToolFail,
        "K" => Status::Flaky,
        "R" => Status::Running,
        "U" => Status::Unknown,
        "C" => Status::Cancel,
        _ => return None,
    })
}

fn read<'de, T: Deserialize<'de>>(input: &'de Value) -> Result<T, String> {
    T::deserialize(input).map_err(|error| format!("the vector is malformed: {error}"))
}

/// `want` may be null, but not absent.
fn wanted(input: &Value) -> Result<&Value, String> {
    input
        .get("want")
        .ok_or_else(|| "the vector is malformed: it has no field `want`".to_owned())
}

/// The results of a group with one test per row; columns are named by their index and an hour apart.
fn results(rows: &[Vec<Status>]) -> GroupResults {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut packed = vec![0_u32; rows.len()];
    let runs = (0..width)
        .map(|column| {
            let statuses = rows
                .iter()
                .map(|row| row.get(column).copied().unwrap_or_default());
            let details = statuses
                .clone()
                .enumerate()
                .filter(|(_, status)| *status != Status::NoResult)
                .map(|(test, _)| {
                    let index = packed[test];
                    packed[test] += 1;
                    StoredDetail {
                        test: test as u32,
                        message: format!("m{index}"),
                        cell_id: format!("c{index}"),
                        ..StoredDetail::default()
                    }
                })
                .collect();
            Arc::new(StoredRun {
                build: column.to_string(),
                started_ms: NOW_MS - column as i64 * HOUR_MS,
                statuses: statuses.collect(),
                details,
                ..StoredRun::default()
            })
        })
        .collect();
    GroupResults {
        tests: (0..rows.len())
            .map(|row| Test {
                name: format!("row {row}"),
                id: format!("row {row}"),
            })
            .collect(),
        runs,
    }
}

fn grid(rows: &[Vec<Status>], thresholds: Thresholds, recent: u32) -> Grid {
    tabulate(
        &results(rows),
        &View {
            thresholds,
            recent,
            ..View::default()
        },
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertVector {
    series: Series,
    open: u32,
    close: u32,
    #[serde(rename = "want")]
    _want: Value,
}

fn alert(input: &Value) -> Answer {
    let wanted = wanted(input)?;
    let vector: AlertVector = read(input)?;
    let thresholds = Thresholds {
        failures_to_open: vector.open,
        passes_to_close: vector.close,
    };
    let grid = grid(&[vector.series.statuses()?], thresholds, 10);
    let column = |build: &str| build.parse::<u32>().ok();
    let alert = grid.rows.first().and_then(|row| row.alert.as_ref());
    let got = alert.map(|alert| {
        json!({
            "count": alert.fail_count,
            "message": alert.message,
            "first_cell": alert.first_fail_cell,
            "latest_cell": alert.latest_fail_cell,
            "first_col": column(&alert.first_fail_build),
            "latest_col": column(&alert.latest_fail_build),
            "pass_col": alert.pass_build.as_deref().and_then(column),
        })
    });
    match (wanted, got) {
        (Value::Null, None) => Ok(Vec::new()),
        (Value::Object(fields), Some(Value::Object(got))) => compare(fields, &got, |name| name),
        (Value::Null | Value::Object(_), got) => Ok(vec![Difference {
            field: "alert".to_owned(),
            wanted: wanted.clone(),
            got: got.unwrap_or_default(),
        }]),
        _ => Err("the vector is malformed: `want` must be null or an object".to_owned()),
    }
}

/// The form of `status` and `metrics`: what is wanted stands in `want`, beside it, or in both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TabVector {
    rows: Vec<Series>,
    recent: u32,
    #[serde(default)]
    threshold: f32,
    #[serde(default)]
    latest_green: Option<Value>,
    #[serde(default)]
    broken: Option<Value>,
    #[serde(default)]
    message: Option<Value>,
    #[serde(rename = "want")]
    _want: Value,
}

fn status(input: &Value) -> Answer {
    tab(input, &["status"])
}

fn metrics(input: &Value) -> Answer {
    tab(
        input,
        &[
            "passing_columns",
            "completed_columns",
            "passing_cells",
            "filled_cells",
        ],
    )
}

/// Compares what is said of a whole tab; `needed` are the fields that a vector of its area must have.
fn tab(input: &Value, needed: &[&str]) -> Answer {
    let wanted = wanted(input)?;
    let vector: TabVector = read(input)?;
    let mut fields = match wanted {
        Value::String(status) => Map::from_iter([("status".to_owned(), json!(status))]),
        Value::Object(fields) => fields.clone(),
        _ => return Err("the vector is malformed: `want` must be a text or an object".to_owned()),
    };
    let beside = [
        ("latest_green", vector.latest_green),
        ("broken", vector.broken),
        ("message", vector.message),
    ];
    for (name, value) in beside {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    }
    for name in needed {
        if !fields.keys().any(|field| canonical(field) == *name) {
            return Err(format!("the vector is malformed: it does not say {name}"));
        }
    }

    let rows = vector
        .rows
        .iter()
        .map(Series::statuses)
        .collect::<Result<Vec<_>, String>>()?;
    // The vectors are about tabs without alerts.
    let no_alerts = Thresholds {
        failures_to_open: 0,
        passes_to_close: 1,
    };
    let grid = grid(&rows, no_alerts, vector.recent);
    let options = Options {
        broken_column_threshold: vector.threshold,
        customization: Customization::default(),
        ..Options::default()
    };
    // They say what rows make of a status, whichever rows count.
    let rows: Vec<&Row> = grid.rows.iter().collect();
    let compare_url = |_: &str, _, _: &str, _: &str| None;
    let evidence = Evidence::of_rows(&grid, &rows, options, Some(NOW_MS), &compare_url);
    let summary = evidence.summary(NOW_MS);
    let green = summary
        .latest_green
        .map_or("no recent greens", |column| &grid.columns[column].build);
    let got = json!({
        "status": status_name(summary.status),
        "latest_green": green,
        "broken": summary.metrics.broken,
        "message": summary.message,
        "passing_columns": summary.metrics.passing_columns,
        "completed_columns": summary.metrics.completed_columns,
        "ignored_columns": summary.metrics.ignored_columns,
        "passing_cells": summary.metrics.passing_cells,
        "filled_cells": summary.metrics.filled_cells,
    });
    match got {
        Value::Object(got) => compare(&fields, &got, canonical),
        _ => Ok(Vec::new()),
    }
}

/// TestGrid's name of a tab's status in its protocol.
const fn status_name(status: TabStatus) -> &'static str {
    match status {
        TabStatus::Passing => "PASS",
        TabStatus::Failing => "FAIL",
        other => other.word(),
    }
}

/// Vectors name counts in two ways.
fn canonical(field: &str) -> &str {
    match field {
        "passingCols" | "passing_cols" => "passing_columns",
        "completedCols" | "completed_cols" => "completed_columns",
        "ignoredCols" | "ignored_cols" => "ignored_columns",
        "passingCells" => "passing_cells",
        "filledCells" => "filled_cells",
        "latestGreen" => "latest_green",
        other => other,
    }
}

/// The fields of `wanted` that are others in `got`, which has them under the names that `name` gives.
fn compare(
    wanted: &Map<String, Value>,
    got: &Map<String, Value>,
    name: fn(&str) -> &str,
) -> Answer {
    let mut differences = Vec::new();
    for (field, wanted) in wanted {
        let Some(got) = got.get(name(field)) else {
            return Err(format!(
                "the vector is malformed: there is no field `{field}`"
            ));
        };
        if !same(wanted, got) {
            differences.push(Difference {
                field: field.clone(),
                wanted: wanted.clone(),
                got: got.clone(),
            });
        }
    }
    Ok(differences)
}

fn same(wanted: &Value, got: &Value) -> bool {
    match (wanted.as_f64(), got.as_f64()) {
        (Some(wanted), Some(got)) => (wanted - got).abs() <= TOLERANCE,
        _ => wanted == got,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlipVector {
    series: String,
    want: f64,
}

fn flip(input: &Value) -> Answer {
    let vector: FlipVector = read(input)?;
    let series = vector
        .series
        .chars()
        .map(|letter| match letter {
            'p' => Ok(Outcome::Pass),
            'f' => Ok(Outcome::Fail),
            'k' => Ok(Outcome::Flaky),
            other => Err(format!("\"{other}\" is none of the results p, f and k")),
        })
        .collect::<Result<Vec<_>, String>>()?;
    let got = flip_percent(&series);
    // Percents in vectors are rounded, and ours has the digits of 32 bits.
    let rounded = (f64::from(got) * ROUNDING).round() / ROUNDING;
    let (wanted, got) = (json!(vector.want), json!(got));
    Ok(if same(&wanted, &got) || same(&wanted, &json!(rounded)) {
        Vec::new()
    } else {
        vec![Difference {
            field: "want".to_owned(),
            wanted,
            got,
        }]
    })
}
