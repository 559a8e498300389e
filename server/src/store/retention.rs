//! Runs that are too old to be kept, and how tests fared in them.
//!
//! A run is counted into its day in the transaction that deletes it, and the build's mark is noted there.
//! So at every moment a build counts once: in the day that has its mark, or else by its run. That holds
//! wherever deleting is cut off, and when a build whose run is gone is read again.

use std::collections::{BTreeMap, HashSet};

use model::{
    retention::{Tally, day_of},
    status::Status,
};
use sqlx::QueryBuilder;

use super::{
    GroupId, Store, StoreError,
    code::{decode_statuses, millis},
    error::{Failure, Inconsistency},
    reading,
    row::in_run,
    tallies::{decode_marks, decode_tallies, encode_marks, encode_tallies, mark_of},
    writing,
};

/// The end of a statement on the runs of group `$1` that began before `$2` and may be deleted.
macro_rules! old_runs {
    () => {
        "FROM run WHERE group_id = $1 AND started_ms > 0 AND started_ms < $2 AND NOT open \
         AND recorded_ms IS NULL"
    };
}

/// A deleted row of `run`: id, build, start, statuses, durations.
type DeletedRow = (i64, String, i64, Vec<u8>, Vec<u8>);

/// A day of a group.
#[derive(Debug, Default)]
struct Day {
    marks: Vec<u64>,
    tallies: Vec<Tally>,
    is_changed: bool,
}

impl Store {
    /// When the group's newest run began, in milliseconds since 1970; `None` without runs.
    pub async fn newest_run_ms(&self, group: GroupId) -> Result<Option<i64>, StoreError> {
        reading!(self, tx => {
            sqlx::query_scalar("SELECT MAX(started_ms) FROM run WHERE group_id = $1")
                .bind(group.0)
                .fetch_one(&mut *tx)
                .await?
        })
    }

    /// When the run of a build began, in milliseconds since 1970; `None` when it is not stored.
    pub async fn run_start_ms(
        &self,
        group: GroupId,
        build: &str,
    ) -> Result<Option<i64>, StoreError> {
        reading!(self, tx => {
            sqlx::query_scalar("SELECT started_ms FROM run WHERE group_id = $1 AND build = $2")
                .bind(group.0)
                .bind(build)
                .fetch_optional(&mut *tx)
                .await?
        })
    }

    /// How many runs [`Store::delete_runs`] would find.
    pub async fn count_runs(&self, group: GroupId, before_ms: i64) -> Result<u64, StoreError> {
        let count: i64 = reading!(self, tx => {
            sqlx::query_scalar(concat!("SELECT COUNT(*) ", old_runs!()))
                .bind(group.0)
                .bind(before_ms)
                .fetch_one(&mut *tx)
                .await?
        })?;
        Ok(count.unsigned_abs())
    }

    /// Deletes the `most` oldest runs of a group that began before `before_ms`, with the uploads that they
    /// were made of, and counts those of `from_day` and later into their days, in one transaction. Answers
    /// how many there were. Runs that may still change stay, so do recordings, which cannot be read again,
    /// and so do runs of which nothing says when they began: their age is not known.
    pub async fn delete_runs(
        &self,
        group: GroupId,
        before_ms: i64,
        from_day: i64,
        most: u32,
    ) -> Result<u64, StoreError> {
        writing!(self, tx => {
            if let Some(lock) = self.lock_group() {
                sqlx::query(lock).bind(group.0).execute(&mut *tx).await?;
            }
            let deleted: Vec<DeletedRow> = sqlx::query_as(concat!(
                "DELETE FROM run WHERE id IN (SELECT id ",
                old_runs!(),
                " ORDER BY started_ms LIMIT $3) \
                 RETURNING id, build, started_ms, statuses, durations"
            ))
            .bind(group.0)
            .bind(before_ms)
            .bind(i64::from(most))
            .fetch_all(&mut *tx)
            .await?;
            let told: Vec<&DeletedRow> = deleted
                .iter()
                .filter(|(_, _, started_ms, ..)| day_of(*started_ms) >= from_day)
                .collect();
            if !told.is_empty() {
                // A build that is read again may begin on another day than before.
                let marks: Vec<(i64, Vec<u8>)> =
                    sqlx::query_as("SELECT day, builds FROM daily WHERE group_id = $1")
                        .bind(group.0)
                        .fetch_all(&mut *tx)
                        .await?;
                let mut days: BTreeMap<i64, Day> = BTreeMap::new();
                let mut counted = HashSet::new();
                for (day, bytes) in marks {
                    let marks: Vec<u64> = decode_marks(&bytes)
                        .map_err(in_day(day, "builds"))?
                        .collect();
                    counted.extend(marks.iter().copied());
                    days.insert(day, Day { marks, ..Day::default() });
                }
                let (first, last) = told.iter().fold((i64::MAX, i64::MIN), |(first, last), run| {
                    (first.min(day_of(run.2)), last.max(day_of(run.2)))
                });
                let stored: Vec<(i64, Vec<u8>)> = sqlx::query_as(
                    "SELECT day, tallies FROM daily WHERE group_id = $1 AND day BETWEEN $2 AND $3",
                )
                .bind(group.0)
                .bind(first)
                .bind(last)
                .fetch_all(&mut *tx)
                .await?;
                for (day, bytes) in stored {
                    days.entry(day).or_default().tallies =
                        decode_tallies(&bytes).map_err(in_day(day, "tallies"))?;
                }
                for (id, build, started_ms, statuses, durations) in told {
                    let mark = mark_of(build);
                    if counted.insert(mark) {
                        let day = days.entry(day_of(*started_ms)).or_default();
                        day.marks.push(mark);
                        day.is_changed = true;
                        count_run(&mut day.tallies, *id, statuses, durations)?;
                    }
                }
                for (day, content) in days.iter().filter(|(_, day)| day.is_changed) {
                    sqlx::query(
                        "INSERT INTO daily (group_id, day, builds, tallies) VALUES ($1, $2, $3, $4) \
                         ON CONFLICT (group_id, day) DO UPDATE SET builds = excluded.builds, \
                         tallies = excluded.tallies",
                    )
                    .bind(group.0)
                    .bind(day)
                    .bind(encode_marks(&content.marks))
                    .bind(encode_tallies(&content.tallies))
                    .execute(&mut *tx)
                    .await?;
                }
            }
            let uploaded: Option<(i64,)> =
                sqlx::query_as("SELECT group_id FROM upload_group WHERE group_id = $1")
                    .bind(group.0)
                    .fetch_optional(&mut *tx)
                    .await?;
            if uploaded.is_some() && !deleted.is_empty() {
                let mut query = QueryBuilder::new("DELETE FROM upload WHERE applied AND group_id = ");
                query.push_bind(group.0).push(" AND build IN (");
                let mut builds = query.separated(", ");
                for (_, build, ..) in &deleted {
                    builds.push_bind(build.as_str());
                }
                query.push(")");
                query.build().persistent(false).execute(&mut *tx).await?;
            }
            deleted.len() as u64
        })
    }

    /// How many days [`Store::delete_days`] would find.
    pub async fn count_days(&self, group: GroupId, before_day: i64) -> Result<u64, StoreError> {
        let count: i64 = reading!(self, tx => {
            sqlx::query_scalar("SELECT COUNT(*) FROM daily WHERE group_id = $1 AND day < $2")
                .bind(group.0)
                .bind(before_day)
                .fetch_one(&mut *tx)
                .await?
        })?;
        Ok(count.unsigned_abs())
    }

    /// Deletes what is told of the group's days before `before_day`, at most a year's at once, and answers
    /// of how many.
    pub async fn delete_days(&self, group: GroupId, before_day: i64) -> Result<u64, StoreError> {
        let deleted: Vec<i64> = writing!(self, tx => {
            sqlx::query_scalar("DELETE FROM daily WHERE group_id = $1 AND day < $2 RETURNING day")
                .bind(group.0)
                .bind(before_day)
                .fetch_all(&mut *tx)
                .await?
        })?;
        Ok(deleted.len() as u64)
    }
}

/// Counts a run's results into a day.
fn count_run(
    tallies: &mut Vec<Tally>,
    id: i64,
    statuses: &[u8],
    durations: &[u8],
) -> Result<(), Failure> {
    let statuses = decode_statuses(statuses).map_err(in_run(id, "statuses"))?;
    if tallies.len() < statuses.len() {
        tallies.resize(statuses.len(), Tally::default());
    }
    let mut millis = millis(durations);
    for (tally, status) in tallies.iter_mut().zip(statuses.iter()) {
        let millis = millis
            .next()
            .transpose()
            .map_err(in_run(id, "durations"))?
            .flatten();
        if status != Status::NoResult {
            tally.count(status, millis);
        }
    }
    Ok(())
}

/// What is wrong with a column of a day.
pub(super) fn in_day(day: i64, column: &'static str) -> impl Fn(String) -> Inconsistency {
    move |reason| Inconsistency {
        table: "daily",
        column,
        row: day,
        reason,
    }
}
