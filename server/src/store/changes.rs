//! When the statuses of tabs changed.

use std::collections::{BTreeSet, HashMap};

use model::summary::TabStatus;

use super::{
    Store, StoreError,
    error::{Failure, Inconsistency},
    groups::key_of,
    reading, writing,
};

/// How many changes of a dashboard are kept.
pub const CHANGES_KEPT: u32 = 1_000;

/// The status of a tab as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenStatus {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// What it is.
    pub status: TabStatus,
    /// Why, as one sentence.
    pub reason: String,
    /// The newest build; empty without one.
    pub build: String,
    /// When it was seen, in milliseconds since 1970.
    pub at_ms: i64,
}

/// One change of a tab's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// Orders the changes of a database.
    pub id: i64,
    /// The dashboard's name then.
    pub dashboard: String,
    /// The tab's name then.
    pub tab: String,
    /// When it was seen, in milliseconds since 1970.
    pub at_ms: i64,
    /// What it was.
    pub from: TabStatus,
    /// What it became.
    pub to: TabStatus,
    /// Why, as one sentence.
    pub reason: String,
    /// The newest build then; empty without one.
    pub build: String,
}

/// A row of `status_change`.
type ChangeRow = (i64, String, String, i64, String, String, String, String);

impl Store {
    /// Records the statuses that are not those last recorded of their tabs; answers how many changed.
    /// A tab that is seen for the first time has not changed. Of each dashboard the newest
    /// [`CHANGES_KEPT`] changes are kept.
    pub async fn save_statuses(&self, seen: &[SeenStatus]) -> Result<u64, StoreError> {
        if seen.is_empty() {
            return Ok(0);
        }
        // All processes see the same at about the same time, and take the tabs in one order, so that no two
        // wait for each other.
        let mut turns: Vec<(usize, String, String)> = seen
            .iter()
            .enumerate()
            .map(|(index, tab)| (index, key_of(&tab.dashboard), key_of(&tab.tab)))
            .collect();
        turns.sort_by(|one, other| (&one.1, &one.2, one.0).cmp(&(&other.1, &other.2, other.0)));
        writing!(self, tx => {
            let mut changes: Vec<(usize, &str, String)> = Vec::new();
            for (index, dashboard_key, tab_key) in &turns {
                let word = seen[*index].status.word();
                // Whoever was first decides: it goes on from what is recorded by then.
                loop {
                    let known: Option<(String,)> = sqlx::query_as(
                        "SELECT status FROM tab_status WHERE dashboard_key = $1 AND tab_key = $2",
                    )
                    .bind(dashboard_key.as_str())
                    .bind(tab_key.as_str())
                    .fetch_optional(&mut *tx)
                    .await?;
                    let from = match known {
                        Some((from,)) if from == word => break,
                        Some((from,)) => from,
                        None => {
                            let added = sqlx::query(
                                "INSERT INTO tab_status (dashboard_key, tab_key, status) \
                                 VALUES ($1, $2, $3) ON CONFLICT (dashboard_key, tab_key) DO NOTHING",
                            )
                            .bind(dashboard_key.as_str())
                            .bind(tab_key.as_str())
                            .bind(word)
                            .execute(&mut *tx)
                            .await?;
                            if added.rows_affected() > 0 {
                                break;
                            }
                            continue;
                        }
                    };
                    let turned = sqlx::query(
                        "UPDATE tab_status SET status = $3 \
                         WHERE dashboard_key = $1 AND tab_key = $2 AND status = $4",
                    )
                    .bind(dashboard_key.as_str())
                    .bind(tab_key.as_str())
                    .bind(word)
                    .bind(from.as_str())
                    .execute(&mut *tx)
                    .await?;
                    if turned.rows_affected() > 0 {
                        changes.push((*index, dashboard_key, from));
                        break;
                    }
                }
            }
            changes.sort_by_key(|&(index, ..)| index);
            let mut dashboards = BTreeSet::new();
            for (index, dashboard_key, from) in &changes {
                let tab = &seen[*index];
                sqlx::query(
                    "INSERT INTO status_change (dashboard_key, dashboard, tab, at_ms, from_status, \
                     to_status, reason, build) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(*dashboard_key)
                .bind(tab.dashboard.as_str())
                .bind(tab.tab.as_str())
                .bind(tab.at_ms)
                .bind(from.as_str())
                .bind(tab.status.word())
                .bind(tab.reason.as_str())
                .bind(tab.build.as_str())
                .execute(&mut *tx)
                .await?;
                dashboards.insert(*dashboard_key);
            }
            for dashboard in dashboards {
                sqlx::query(
                    "DELETE FROM status_change WHERE dashboard_key = $1 AND id <= \
                     (SELECT id FROM status_change WHERE dashboard_key = $1 \
                      ORDER BY id DESC LIMIT 1 OFFSET $2)",
                )
                .bind(dashboard)
                .bind(i64::from(CHANGES_KEPT))
                .execute(&mut *tx)
                .await?;
            }
            changes.len() as u64
        })
    }

    /// The status last recorded of each tab, by what the names of its dashboard and itself are compared
    /// by.
    pub async fn load_statuses(&self) -> Result<HashMap<(String, String), TabStatus>, StoreError> {
        reading!(self, tx => {
            let rows: Vec<(String, String, String)> =
                sqlx::query_as("SELECT dashboard_key, tab_key, status FROM tab_status")
                    .fetch_all(&mut *tx)
                    .await?;
            let mut statuses = HashMap::with_capacity(rows.len());
            for (dashboard, tab, word) in rows {
                let status = status_of(&word, "tab_status", "status", 0)?;
                statuses.insert((dashboard, tab), status);
            }
            statuses
        })
    }

    /// The newest `limit` changes of these dashboards together, newest first.
    pub async fn load_status_changes(
        &self,
        dashboards: &[&str],
        limit: u32,
    ) -> Result<Vec<StatusChange>, StoreError> {
        reading!(self, tx => {
            let mut changes = Vec::new();
            for dashboard in dashboards {
                let rows: Vec<ChangeRow> = sqlx::query_as(
                    "SELECT id, dashboard, tab, at_ms, from_status, to_status, reason, build \
                     FROM status_change WHERE dashboard_key = $1 ORDER BY id DESC LIMIT $2",
                )
                .bind(key_of(dashboard))
                .bind(i64::from(limit))
                .fetch_all(&mut *tx)
                .await?;
                for row in rows {
                    changes.push(change_of(row)?);
                }
            }
            changes.sort_by_key(|change| std::cmp::Reverse(change.id));
            changes.truncate(limit as usize);
            changes
        })
    }

    /// The changes on all dashboards since this moment, in milliseconds since 1970, newest first: those
    /// among the newest `limit` of all.
    pub async fn load_status_changes_since(
        &self,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<StatusChange>, StoreError> {
        reading!(self, tx => {
            let rows: Vec<ChangeRow> = sqlx::query_as(
                "SELECT id, dashboard, tab, at_ms, from_status, to_status, reason, build \
                 FROM (SELECT * FROM status_change ORDER BY id DESC LIMIT $2) AS newest \
                 WHERE at_ms >= $1 ORDER BY id DESC",
            )
            .bind(since_ms)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
            rows.into_iter().map(change_of).collect::<Result<_, _>>()?
        })
    }
}

fn change_of(row: ChangeRow) -> Result<StatusChange, Failure> {
    let (id, dashboard, tab, at_ms, from, to, reason, build) = row;
    Ok(StatusChange {
        id,
        dashboard,
        tab,
        at_ms,
        from: status_of(&from, "status_change", "from_status", id)?,
        to: status_of(&to, "status_change", "to_status", id)?,
        reason,
        build,
    })
}

/// The status of this word.
fn status_of(
    word: &str,
    table: &'static str,
    column: &'static str,
    row: i64,
) -> Result<TabStatus, Failure> {
    TabStatus::from_word(word).ok_or_else(|| {
        Failure::from(Inconsistency {
            table,
            column,
            row,
            reason: format!("\"{word}\" is no status of a tab"),
        })
    })
}
