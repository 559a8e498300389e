//! Builds that may still change in the bucket, and how their files looked when they were read.

use std::collections::HashMap;

use super::{GroupId, Store, StoreError, reading, writing};

/// How a build's files looked when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// A hash of its files as they were listed: names, sizes, tags.
    pub stamp: u64,
    /// Since when nothing about it has changed, in milliseconds since 1970: its beginning while it has
    /// not finished, else its end, or when it was found changed.
    pub since_ms: i64,
    /// When its files are to be listed again.
    pub next_ms: i64,
    /// When it is to be read again though its files are the same; `None` for never.
    pub deadline_ms: Option<i64>,
}

/// A row of `watched_build`.
type WatchRow = (String, i64, i64, i64, Option<i64>);

impl Store {
    /// The builds of a group that may still change, by id.
    pub async fn load_watched(&self, group: GroupId) -> Result<HashMap<String, Watch>, StoreError> {
        let rows: Vec<WatchRow> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT build, stamp, since_ms, next_ms, deadline_ms FROM watched_build \
                 WHERE group_id = $1",
            )
            .bind(group.0)
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows
            .into_iter()
            .map(|(build, stamp, since_ms, next_ms, deadline_ms)| {
                let watch = Watch {
                    stamp: stamp.cast_unsigned(),
                    since_ms,
                    next_ms,
                    deadline_ms,
                };
                (build, watch)
            })
            .collect())
    }

    /// Notes when builds whose files were found as before are to be looked at again, and forgets those of
    /// which nothing more is expected.
    pub async fn save_looks(
        &self,
        group: GroupId,
        next_ms: &[(String, i64)],
        settled: &[String],
    ) -> Result<(), StoreError> {
        if next_ms.is_empty() && settled.is_empty() {
            return Ok(());
        }
        writing!(self, tx => {
            for (build, next_ms) in next_ms {
                sqlx::query(
                    "UPDATE watched_build SET next_ms = $3 WHERE group_id = $1 AND build = $2",
                )
                .bind(group.0)
                .bind(build)
                .bind(next_ms)
                .execute(&mut *tx)
                .await?;
            }
            for build in settled {
                sqlx::query("DELETE FROM watched_build WHERE group_id = $1 AND build = $2")
                    .bind(group.0)
                    .bind(build)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }
}
