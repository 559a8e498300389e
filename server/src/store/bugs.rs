//! Issues that people linked to rows.

use super::{GroupId, Store, StoreError, groups::key_of, reading, tokens::audit, writing};

/// An issue that is linked to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBug {
    /// The test group: its name, or its normalised name as it is read back.
    pub group: String,
    /// The row's identity: as it was when the issue was linked, or as it is now, as it is read back.
    pub row_id: String,
    /// What the row was called when the issue was linked.
    pub row_name: String,
    /// Its address.
    pub url: String,
    /// Its title; empty for none.
    pub title: String,
    /// When it was linked, in milliseconds since 1970.
    pub added_ms: i64,
    /// The name of the token that linked it.
    pub added_by: String,
}

type BugRow = (String, String, String, String, String, i64, String);

impl From<BugRow> for StoredBug {
    fn from((group, row_id, row_name, url, title, added_ms, added_by): BugRow) -> Self {
        Self {
            group,
            row_id,
            row_name,
            url,
            title,
            added_ms,
            added_by,
        }
    }
}

impl Store {
    /// Links an issue to a row; one that is linked already is left as it was. Answers whether it is new,
    /// and says so in the audit.
    pub async fn add_bug(&self, bug: &StoredBug, who: &str) -> Result<bool, StoreError> {
        writing!(self, tx => {
            let added = sqlx::query(
                "INSERT INTO bug (group_key, row_id, row_name, url, title, added_ms, added_by) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) \
                 ON CONFLICT (group_key, row_id, url) DO NOTHING",
            )
            .bind(key_of(&bug.group))
            .bind(bug.row_id.as_str())
            .bind(bug.row_name.as_str())
            .bind(bug.url.as_str())
            .bind(bug.title.as_str())
            .bind(bug.added_ms)
            .bind(bug.added_by.as_str())
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0;
            if added {
                let subject = format!("{}/{}", bug.group, bug.row_id);
                audit!(tx, bug.added_ms, who, "bug.link", subject, bug.url.as_str());
            }
            added
        })
    }

    /// Takes an issue off a row again, under whatever identity it was linked. Answers whether it was there,
    /// and says so in the audit.
    pub async fn remove_bug(
        &self,
        group: &str,
        row_id: &str,
        url: &str,
        at_ms: i64,
        who: &str,
    ) -> Result<bool, StoreError> {
        writing!(self, tx => {
            let removed = sqlx::query(
                "DELETE FROM bug WHERE group_key = $1 AND url = $3 AND (row_id = $2 OR row_name IN ( \
                 SELECT test.name FROM test JOIN test_group ON test_group.id = test.group_id \
                 WHERE test_group.key = $1 AND test.id = $2))",
            )
            .bind(key_of(group))
            .bind(row_id)
            .bind(url)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0;
            if removed {
                audit!(tx, at_ms, who, "bug.unlink", format!("{group}/{row_id}"), url);
            }
            removed
        })
    }

    /// All linked issues, newest first, each with the identity that the row has by now.
    pub async fn load_bugs(&self) -> Result<Vec<StoredBug>, StoreError> {
        let rows: Vec<BugRow> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT bug.group_key, COALESCE(test.id, test.name, bug.row_id), bug.row_name, bug.url, \
                 bug.title, bug.added_ms, bug.added_by FROM bug \
                 LEFT JOIN test_group ON test_group.key = bug.group_key \
                 LEFT JOIN test ON test.group_id = test_group.id AND test.name = bug.row_name \
                 ORDER BY bug.added_ms DESC, bug.id DESC",
            )
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows.into_iter().map(StoredBug::from).collect())
    }

    /// The identity of the test that is or was called so in a group; `None` when none was.
    pub async fn load_test_id(
        &self,
        group: GroupId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let found: Option<(String,)> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT COALESCE(id, name) FROM test WHERE group_id = $1 AND name = $2",
            )
            .bind(group.0)
            .bind(name)
            .fetch_optional(&mut *tx)
            .await?
        })?;
        Ok(found.map(|(id,)| id))
    }
}
