//! One test's numbers: how it fared day by day, how long it took and what else it measured in each run.
//! Of a run only what concerns the test is decoded.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::retention::{DAY_MS, Tally, day_of, told_from_day};

use super::{
    GroupId, Store, StoreError,
    code::{decode_details, millis_at, status_at},
    reading,
    retention::in_day,
    row::{from_json, in_run},
    tallies::{decode_marks, decode_tallies, mark_of},
};

/// One test's numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestNumbers {
    /// How it fared on each day on which it passed or failed, oldest first: days since 1970. Deleted runs
    /// count, runs that are under way do not.
    pub days: Vec<(i64, Tally)>,
    /// How long it took in each run that says so, in seconds, by build.
    pub seconds: HashMap<String, f64>,
    /// What else it measured, by name, then by build.
    pub metrics: BTreeMap<String, HashMap<String, f64>>,
}

/// What is read of a run: id, build, start, open, statuses, durations, details.
type NumbersRow = (i64, String, i64, bool, Vec<u8>, Vec<u8>, Vec<u8>);

impl Store {
    /// The numbers of the test that `group` calls `name`, and of those known by the identity `id`, which
    /// are the same test under the names that it had before. Days are told for a year before `now_ms`, or
    /// before the newest run when that is longer ago; numbers of runs that began at `since_ms` or later.
    pub async fn load_test_numbers(
        &self,
        group: GroupId,
        name: &str,
        id: &str,
        since_ms: i64,
        now_ms: i64,
    ) -> Result<TestNumbers, StoreError> {
        reading!(self, tx => {
            // What the test is called now comes first.
            let ordinals: Vec<i64> = sqlx::query_scalar(
                "SELECT ordinal FROM test WHERE group_id = $1 AND \
                 (name = $2 OR COALESCE(id, name) = $3) \
                 ORDER BY CASE WHEN name = $2 THEN 0 ELSE 1 END, ordinal DESC",
            )
            .bind(group.0)
            .bind(name)
            .bind(id)
            .fetch_all(&mut *tx)
            .await?;
            let ordinals: Vec<u32> = ordinals.into_iter().map(|ordinal| ordinal as u32).collect();
            let newest_ms: Option<i64> =
                sqlx::query_scalar("SELECT MAX(started_ms) FROM run WHERE group_id = $1")
                    .bind(group.0)
                    .fetch_one(&mut *tx)
                    .await?;
            let from_day = told_from_day(newest_ms.unwrap_or(now_ms), now_ms);
            let days: Vec<(i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
                "SELECT day, builds, tallies FROM daily WHERE group_id = $1 ORDER BY day",
            )
            .bind(group.0)
            .fetch_all(&mut *tx)
            .await?;
            let runs: Vec<NumbersRow> = sqlx::query_as(
                "SELECT id, build, started_ms, open, statuses, durations, details FROM run \
                 WHERE group_id = $1 AND started_ms >= $2",
            )
            .bind(group.0)
            .bind(since_ms.min(from_day * DAY_MS))
            .fetch_all(&mut *tx)
            .await?;

            let mut counted = HashSet::new();
            let mut tallies: BTreeMap<i64, Tally> = BTreeMap::new();
            for (day, marks, bytes) in days {
                counted.extend(decode_marks(&marks).map_err(in_day(day, "builds"))?);
                let of_all = decode_tallies(&bytes).map_err(in_day(day, "tallies"))?;
                for tally in ordinals.iter().filter_map(|&test| of_all.get(test as usize)) {
                    *tallies.entry(day).or_default() += *tally;
                }
            }
            let mut numbers = TestNumbers::default();
            for (id, build, started_ms, open, statuses, durations, details) in runs {
                let mut tally = Tally::default();
                let mut millis = None;
                for &test in &ordinals {
                    let of_test = millis_at(&durations, test).map_err(in_run(id, "durations"))?;
                    millis = millis.or(of_test);
                    let status = status_at(&statuses, test).map_err(in_run(id, "statuses"))?;
                    tally.count(status, of_test);
                }
                if !open && started_ms > 0 && !counted.contains(&mark_of(&build)) {
                    *tallies.entry(day_of(started_ms)).or_default() += tally;
                }
                if started_ms < since_ms {
                    continue;
                }
                for detail in decode_details(&details).map_err(in_run(id, "details"))? {
                    if detail.metrics.is_empty() || !ordinals.contains(&detail.test) {
                        continue;
                    }
                    let values: Vec<(String, f64)> =
                        from_json(detail.metrics).map_err(in_run(id, "details"))?;
                    for (name, value) in values {
                        let of_metric = numbers.metrics.entry(name).or_default();
                        of_metric.entry(build.clone()).or_insert(value);
                    }
                }
                if let Some(millis) = millis {
                    numbers.seconds.insert(build, millis as f64 / 1000.0);
                }
            }
            numbers.days = tallies
                .into_iter()
                .filter(|&(day, tally)| day >= from_day && tally.runs() > 0)
                .collect();
            numbers
        })
    }
}
