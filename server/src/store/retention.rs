//! Runs that are too old to be kept.

use super::{GroupId, Store, StoreError, reading, writing};

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

    /// How many runs [`Store::delete_runs`] would find.
    pub async fn count_runs(&self, group: GroupId, before_ms: i64) -> Result<u64, StoreError> {
        let count: i64 = reading!(self, tx => {
            sqlx::query_scalar(
                "SELECT COUNT(*) FROM run WHERE group_id = $1 AND started_ms > 0 \
                 AND started_ms < $2 AND NOT open AND recorded_ms IS NULL",
            )
            .bind(group.0)
            .bind(before_ms)
            .fetch_one(&mut *tx)
            .await?
        })?;
        Ok(count.unsigned_abs())
    }

    /// Deletes the `most` oldest runs of a group that began before `before_ms`, in one transaction, and
    /// answers how many there were. Runs that may still change stay, so do recordings, which cannot be
    /// read again, and so do runs of which nothing says when they began: their age is not known.
    pub async fn delete_runs(
        &self,
        group: GroupId,
        before_ms: i64,
        most: u32,
    ) -> Result<u64, StoreError> {
        let deleted: Vec<i64> = writing!(self, tx => {
            sqlx::query_scalar(
                "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE group_id = $1 \
                 AND started_ms > 0 AND started_ms < $2 AND NOT open AND recorded_ms IS NULL \
                 ORDER BY started_ms LIMIT $3) RETURNING id",
            )
            .bind(group.0)
            .bind(before_ms)
            .bind(i64::from(most))
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(deleted.len() as u64)
    }
}
