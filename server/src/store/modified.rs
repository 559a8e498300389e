//! When the results of groups last changed, and nothing else: asked often.

use super::{GroupId, Store, StoreError, groups::key_of, reading};

/// A test group as far as its content is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupModified {
    /// Its key.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// When its stored results last changed, in milliseconds since 1970; `None` without results.
    pub modified_ms: Option<i64>,
    /// Counts the writes of its results.
    pub revision: i64,
}

type ModifiedRow = (i64, String, Option<i64>, i64);

impl From<ModifiedRow> for GroupModified {
    fn from((id, name, modified_ms, revision): ModifiedRow) -> Self {
        Self {
            id: GroupId(id),
            name,
            modified_ms,
            revision,
        }
    }
}

impl Store {
    /// Every group, in no particular order.
    pub async fn load_modified(&self) -> Result<Vec<GroupModified>, StoreError> {
        let rows: Vec<ModifiedRow> = reading!(self, tx => {
            sqlx::query_as("SELECT id, name, modified_ms, revision FROM test_group")
                .fetch_all(&mut *tx)
                .await?
        })?;
        Ok(rows.into_iter().map(GroupModified::from).collect())
    }

    /// Numbers that are others whenever the results of some group changed, a deploy was reported or an issue
    /// linked to a row or taken off it: how many groups there are, and how often and when each changed, summed
    /// up with how many deploys there are and how far the audit goes, which holds every such word of people.
    pub async fn load_stamp(&self) -> Result<(i64, i64), StoreError> {
        reading!(self, tx => {
            sqlx::query_as(
                "SELECT COUNT(*), \
                 CAST(COALESCE(SUM(modified_ms), 0) + COALESCE(SUM(revision), 0) \
                 + (SELECT COUNT(*) FROM deploy) \
                 + (SELECT COALESCE(MAX(id), 0) FROM audit) AS BIGINT) \
                 FROM test_group",
            )
                .fetch_one(&mut *tx)
                .await?
        })
    }

    /// The group of this name; names match after normalising.
    pub async fn load_group_modified(
        &self,
        name: &str,
    ) -> Result<Option<GroupModified>, StoreError> {
        let row: Option<ModifiedRow> = reading!(self, tx => {
            sqlx::query_as("SELECT id, name, modified_ms, revision FROM test_group WHERE key = $1")
                .bind(key_of(name))
                .fetch_optional(&mut *tx)
                .await?
        })?;
        Ok(row.map(GroupModified::from))
    }
}
