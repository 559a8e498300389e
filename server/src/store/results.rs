//! Reading results.

use std::{collections::HashMap, sync::Arc};

use model::{
    infra::InfraVector,
    name::natural_cmp,
    run::{Cell, Run, TestResult},
    status::Status,
    tabulate::{GroupResults, StoredDetail, StoredRun, Test},
};

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
        reading!(self, tx => {
            let tests: Vec<(i64, String, Option<String>)> = sqlx::query_as(
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
            let runs: Vec<ResultRow> = sqlx::query_as(
                "SELECT id, build, label, path, started_ms, finished_ms, open, rank, statuses, details, \
                 vector_id, headers, problems, emails FROM run WHERE group_id = $1 AND started_ms >= $2",
            )
            .bind(group.0)
            .bind(since_ms)
            .fetch_all(&mut *tx)
            .await?;
            build_results(tests, vectors, runs)?
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

/// The model's form of a group's rows.
fn build_results(
    tests: Vec<(i64, String, Option<String>)>,
    vectors: Vec<(i64, String)>,
    runs: Vec<ResultRow>,
) -> Result<GroupResults, Failure> {
    let mut dictionary = Vec::with_capacity(tests.len());
    for (index, (ordinal, name, id)) in tests.into_iter().enumerate() {
        if ordinal != index as i64 {
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
        let statuses = decode_statuses(&statuses).map_err(in_run(id, "statuses"))?;
        if statuses.len() > dictionary.len() {
            return Err(Failure::Inconsistent(in_run(id, "statuses")(format!(
                "{} statuses for the group's {} tests",
                statuses.len(),
                dictionary.len()
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
            && last.test as usize >= dictionary.len()
        {
            return Err(Failure::Inconsistent(in_run(id, "details")(format!(
                "{} is not an ordinal of the group's {} tests",
                last.test,
                dictionary.len()
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
        };
        built.push((rank, run));
    }
    built.sort_by(|(rank_a, a), (rank_b, b)| {
        (b.started_ms.cmp(&a.started_ms))
            .then(rank_b.cmp(rank_a))
            .then_with(|| natural_cmp(&b.build, &a.build))
    });
    Ok(GroupResults {
        tests: dictionary.into(),
        runs: built.into_iter().map(|(_, run)| Arc::new(run)).collect(),
    })
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
