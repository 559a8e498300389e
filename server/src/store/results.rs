//! Reading results.

use std::{collections::HashMap, sync::Arc};

use model::{
    infra::InfraVector,
    run::{Cell, Run, TestResult},
    status::Status,
    tabulate::{GroupResults, StoredDetail, StoredRun, Test},
};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::{
    GroupId, Store, StoreError,
    code::{decode_details, decode_statuses},
    error::{Failure, Inconsistency},
    reading,
    row::{LOAD_ROW_BY_BUILD, decode_row, from_json, in_run},
};

/// A row of `run` as [`Store::load_results`] reads it.
type ResultRow = (
    i64,
    String,
    String,
    String,
    i64,
    Option<i64>,
    bool,
    i64,
    Vec<u8>,
    Vec<u8>,
    Option<i64>,
    String,
    String,
    String,
);

/// A row of `test`.
type TestRow = (i64, String, Option<String>);

/// The columns of a [`ResultRow`].
macro_rules! result_rows {
    () => {
        "SELECT id, build, label, path, started_ms, finished_ms, open, rank, statuses, details, \
         vector_id, headers, problems, emails FROM run WHERE group_id = $1 AND "
    };
}

/// What was read of a group, and which of its revisions that is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultsAt {
    /// The revision; what was written since has a higher one.
    pub revision: i64,
    /// The results.
    pub results: GroupResults,
}

/// What was written to a group since it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultChanges {
    /// The revision that it has become.
    pub revision: i64,
    /// Tests that the dictionary did not have, in the order of their ordinals.
    pub tests: Vec<Test>,
    /// Runs that are new or other than before, in no particular order.
    pub runs: Vec<Arc<StoredRun>>,
}

impl Store {
    /// The results of `group`: its whole dictionary and its runs, of those only the ones that began
    /// at `since_ms` or later when that is given. Runs with the same infra vector share it. A group
    /// that is not stored has no tests and no runs.
    pub async fn load_results(
        &self,
        group: GroupId,
        since_ms: Option<i64>,
    ) -> Result<GroupResults, StoreError> {
        let since_ms = since_ms.unwrap_or(i64::MIN);
        let at = self.load_from(group, |_| since_ms).await?;
        Ok(at.results)
    }

    /// As [`Store::load_results`], of the runs that began at most `span_ms` before `now_ms` or before the
    /// newest run, whichever is earlier; all of them without a span.
    pub async fn load_window(
        &self,
        group: GroupId,
        span_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<ResultsAt, StoreError> {
        self.load_from(group, |newest_ms| {
            span_ms.map_or(i64::MIN, |span_ms| {
                newest_ms.min(now_ms).saturating_sub(span_ms)
            })
        })
        .await
    }

    /// `since_ms` tells from when on, given when the newest run began.
    async fn load_from(
        &self,
        group: GroupId,
        since_ms: impl Fn(i64) -> i64,
    ) -> Result<ResultsAt, StoreError> {
        reading!(self, tx => {
            let state: Option<(i64, Option<i64>)> = sqlx::query_as(
                "SELECT revision, (SELECT MAX(started_ms) FROM run WHERE group_id = $1) \
                 FROM test_group WHERE id = $1",
            )
            .bind(group.0)
            .fetch_optional(&mut *tx)
            .await?;
            let (revision, newest_ms) = state.unwrap_or_default();
            let since_ms = since_ms(newest_ms.unwrap_or_default());
            let tests: Vec<TestRow> = sqlx::query_as(
                "SELECT ordinal, name, id FROM test WHERE group_id = $1 ORDER BY ordinal",
            )
            .bind(group.0)
            .fetch_all(&mut *tx)
            .await?;
            let vectors: Vec<(i64, String)> = sqlx::query_as(
                "SELECT id, versions FROM infra_vector WHERE id IN \
                 (SELECT vector_id FROM run WHERE group_id = $1 AND started_ms >= $2)",
            )
            .bind(group.0)
            .bind(since_ms)
            .fetch_all(&mut *tx)
            .await?;
            let runs: Vec<ResultRow> =
                sqlx::query_as(concat!(result_rows!(), "started_ms >= $2"))
                    .bind(group.0)
                    .bind(since_ms)
                    .fetch_all(&mut *tx)
                    .await?;
            let tests = build_tests(tests, 0)?;
            let mut runs = build_runs(tests.len(), vectors, runs)?;
            runs.sort_by(|a, b| a.newest_first(b));
            ResultsAt {
                revision,
                results: GroupResults {
                    tests: tests.into(),
                    runs,
                },
            }
        })
    }

    /// What was written to `group` since its revision `since`, when the dictionary had `known_tests`;
    /// `None` when that cannot be told, and all must be read.
    pub async fn load_changes(
        &self,
        group: GroupId,
        since: i64,
        known_tests: usize,
    ) -> Result<Option<ResultChanges>, StoreError> {
        reading!(self, tx => {
            let state: Option<(i64, i64)> =
                sqlx::query_as("SELECT revision, rewritten FROM test_group WHERE id = $1")
                    .bind(group.0)
                    .fetch_optional(&mut *tx)
                    .await?;
            match state {
                Some((revision, rewritten)) if rewritten <= since && since <= revision => {
                    let tests: Vec<TestRow> = sqlx::query_as(
                        "SELECT ordinal, name, id FROM test WHERE group_id = $1 AND ordinal >= $2 \
                         ORDER BY ordinal",
                    )
                    .bind(group.0)
                    .bind(known_tests as i64)
                    .fetch_all(&mut *tx)
                    .await?;
                    let vectors: Vec<(i64, String)> = sqlx::query_as(
                        "SELECT id, versions FROM infra_vector WHERE id IN \
                         (SELECT vector_id FROM run WHERE group_id = $1 AND revision > $2)",
                    )
                    .bind(group.0)
                    .bind(since)
                    .fetch_all(&mut *tx)
                    .await?;
                    let runs: Vec<ResultRow> =
                        sqlx::query_as(concat!(result_rows!(), "revision > $2"))
                            .bind(group.0)
                            .bind(since)
                            .fetch_all(&mut *tx)
                            .await?;
                    let tests = build_tests(tests, known_tests)?;
                    let runs = build_runs(known_tests + tests.len(), vectors, runs)?;
                    Some(ResultChanges {
                        revision,
                        tests,
                        runs,
                    })
                }
                _ => None,
            }
        })
    }

    /// One run with everything that is stored of it, `None` when there is none. Results are in the
    /// order of the dictionary; blank ones are left out.
    pub async fn load_run(&self, group: GroupId, build: &str) -> Result<Option<Run>, StoreError> {
        reading!(self, tx => {
            let row = sqlx::query_as(LOAD_ROW_BY_BUILD)
            .bind(group.0)
            .bind(build)
            .fetch_optional(&mut *tx)
            .await?;
            let tests: Vec<(i64, String, Option<String>)> =
                sqlx::query_as("SELECT ordinal, name, id FROM test WHERE group_id = $1")
                    .bind(group.0)
                    .fetch_all(&mut *tx)
                    .await?;
            match row {
                None => None,
                Some(row) => Some(build_run(row, tests)?),
            }
        })
    }
}

/// The part of a dictionary that begins with the ordinal `first`.
fn build_tests(tests: Vec<TestRow>, first: usize) -> Result<Vec<Test>, Failure> {
    let mut dictionary = Vec::with_capacity(tests.len());
    for (index, (ordinal, name, id)) in tests.into_iter().enumerate() {
        if ordinal != (first + index) as i64 {
            return Err(Failure::Inconsistent(Inconsistency {
                table: "test",
                column: "ordinal",
                row: ordinal,
                reason: format!("the ordinal before it is not {}", ordinal - 1),
            }));
        }
        dictionary.push(Test {
            id: id.unwrap_or_else(|| name.clone()),
            name,
        });
    }
    Ok(dictionary)
}

/// The model's form of runs over a dictionary of so many tests.
fn build_runs(
    test_count: usize,
    vectors: Vec<(i64, String)>,
    runs: Vec<ResultRow>,
) -> Result<Vec<Arc<StoredRun>>, Failure> {
    let mut hasher = Xxh3Default::new();
    let mut hashes: HashMap<i64, u64> = HashMap::with_capacity(vectors.len());
    for (id, json) in &vectors {
        hashes.insert(*id, xxh3_64(json.as_bytes()));
    }
    let vectors = vectors
        .into_iter()
        .map(|(id, json)| match from_json(&json) {
            Ok(versions) => Ok((id, versions)),
            Err(reason) => Err(Inconsistency {
                table: "infra_vector",
                column: "versions",
                row: id,
                reason,
            }),
        })
        .collect::<Result<HashMap<i64, InfraVector>, _>>()?;

    let mut built = Vec::with_capacity(runs.len());
    for (
        id,
        build,
        label,
        path,
        started_ms,
        finished_ms,
        open,
        rank,
        statuses,
        details,
        vector,
        headers,
        problems,
        emails,
    ) in runs
    {
        let vector_hash = vector.and_then(|id| hashes.get(&id).copied());
        hasher.reset();
        for text in [&build, &label, &path, &headers, &problems, &emails] {
            hasher.update(&text.len().to_le_bytes());
            hasher.update(text.as_bytes());
        }
        for bytes in [&statuses, &details] {
            hasher.update(&bytes.len().to_le_bytes());
            hasher.update(bytes);
        }
        for number in [started_ms, finished_ms.unwrap_or(-1), rank, i64::from(open)] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&vector_hash.unwrap_or_default().to_le_bytes());

        let statuses = decode_statuses(&statuses).map_err(in_run(id, "statuses"))?;
        if statuses.len() > test_count {
            return Err(Failure::Inconsistent(in_run(id, "statuses")(format!(
                "{} statuses for the group's {} tests",
                statuses.len(),
                test_count
            ))));
        }
        let details: Vec<StoredDetail> = decode_details(&details)
            .map_err(in_run(id, "details"))?
            .into_iter()
            .map(|detail| StoredDetail {
                test: detail.test,
                icon: detail.icon.to_owned(),
                message: detail.message.to_owned(),
                cell_id: detail.cell_id.to_owned(),
                user_property: detail.user_property.to_owned(),
            })
            .collect();
        if let Some(last) = details.last()
            && last.test as usize >= test_count
        {
            return Err(Failure::Inconsistent(in_run(id, "details")(format!(
                "{} is not an ordinal of the group's {} tests",
                last.test, test_count
            ))));
        }
        let run = StoredRun {
            build,
            label,
            path,
            started_ms,
            finished_ms,
            open,
            statuses,
            details,
            headers: from_json(&headers).map_err(in_run(id, "headers"))?,
            versions: vector.and_then(|id| vectors.get(&id).cloned()),
            problems: from_json(&problems).map_err(in_run(id, "problems"))?,
            emails: from_json(&emails).map_err(in_run(id, "emails"))?,
            rank,
            hash: hasher.digest(),
        };
        built.push(Arc::new(run));
    }
    Ok(built)
}

/// The model's form of one run.
fn build_run(
    row: super::row::StoredRow,
    tests: Vec<(i64, String, Option<String>)>,
) -> Result<Run, Failure> {
    let id = row.0;
    let mut row = decode_row(row)?;
    let mut names: HashMap<i64, (String, Option<String>)> = tests
        .into_iter()
        .map(|(ordinal, name, id)| (ordinal, (name, id)))
        .collect();
    let (mut results, mut ids) = (Vec::new(), Vec::new());
    for (ordinal, &status) in row.statuses.iter().enumerate() {
        if status == Status::NoResult && !row.details.contains_key(&(ordinal as u32)) {
            continue;
        }
        let (name, own) = names.remove(&(ordinal as i64)).ok_or_else(|| {
            in_run(id, "statuses")(format!("{ordinal} is not an ordinal of the group's tests"))
        })?;
        if let Some(own) = own {
            ids.push((name.clone(), own));
        }
        let detail = row.details.remove(&(ordinal as u32)).unwrap_or_default();
        let metrics = if detail.metrics.is_empty() {
            Vec::new()
        } else {
            from_json(&detail.metrics).map_err(in_run(id, "details"))?
        };
        results.push(TestResult {
            name,
            cell: Cell {
                status,
                icon: detail.icon,
                message: detail.message,
                cell_id: detail.cell_id,
                user_property: detail.user_property,
                seconds: row.seconds.get(ordinal).copied().flatten(),
                metrics,
            },
        });
    }
    Ok(Run {
        // Loaded on its own where it is wanted.
        spec: None,
        build: row.build,
        label: row.label,
        path: row.path,
        started_ms: row.started_ms,
        finished_ms: row.finished_ms,
        open: row.open,
        results,
        headers: row.headers,
        versions: row.versions,
        problems: row.problems,
        emails: row.emails,
        ids,
    })
}
