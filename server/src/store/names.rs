//! The names of tests and builds, for searching.

use super::{GroupId, Store, StoreError, reading};

/// A stored build by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBuild {
    /// The build id.
    pub build: String,
    /// The test group's name.
    pub group: String,
    /// When it began, in milliseconds since 1970; 0 when no file tells.
    pub started_ms: i64,
}

impl Store {
    /// The names in a group's dictionary from this ordinal on, in its order.
    pub async fn load_test_names(
        &self,
        group: GroupId,
        from: u32,
    ) -> Result<Vec<String>, StoreError> {
        reading!(self, tx => {
            sqlx::query_scalar(
                "SELECT name FROM test WHERE group_id = $1 AND ordinal >= $2 ORDER BY ordinal",
            )
            .bind(group.0)
            .bind(i64::from(from))
            .fetch_all(&mut *tx)
            .await?
        })
    }

    /// The newest `limit` builds whose id begins with `prefix`, which is not empty; newest first.
    pub async fn find_builds(
        &self,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<FoundBuild>, StoreError> {
        // What begins so lies between the prefix and the prefix with the greatest character after it.
        let end = format!("{prefix}{}", char::MAX);
        let rows: Vec<(String, String, i64)> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT run.build, test_group.name, run.started_ms FROM run \
                 JOIN test_group ON test_group.id = run.group_id \
                 WHERE run.build >= $1 AND run.build < $2 \
                 ORDER BY run.started_ms DESC, run.build, test_group.name LIMIT $3",
            )
            .bind(prefix)
            .bind(end.as_str())
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows
            .into_iter()
            .map(|(build, group, started_ms)| FoundBuild {
                build,
                group,
                started_ms,
            })
            .collect())
    }
}
