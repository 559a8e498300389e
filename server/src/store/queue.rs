//! Whose turn it is: when each group is to be looked at, who is looking, which replicas there are.
//!
//! A group belongs to whoever's conditional UPDATE came first, until the lease ends. Nothing here
//! depends on locks that a database keeps beside its rows.

use super::{GroupId, Store, StoreError, groups::UpdateState, reading, writing};

/// A group's place in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// When it is to be looked at, in milliseconds since 1970.
    pub due_ms: i64,
    /// Since when somebody waits for it; `None` for nobody.
    pub pushed_ms: Option<i64>,
    /// Looks that failed in a row.
    pub failures: u32,
    /// Builds that the last look left for the next.
    pub remaining: u64,
    /// The replica that is looking, and until when it may.
    pub lease: Option<(String, i64)>,
    /// How its looks went.
    pub update: UpdateState,
}

/// A process that looks at groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Its name, by which it holds leases.
    pub name: String,
    /// When it began, in milliseconds since 1970.
    pub started_ms: i64,
    /// When it last said that it lives.
    pub seen_ms: i64,
}

/// What becomes of a group after a look.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// When the look began: a push since then keeps the group due.
    pub claimed_ms: i64,
    /// When to look again.
    pub due_ms: i64,
    /// Looks that failed in a row.
    pub failures: u32,
    /// Builds that were left for the next look.
    pub remaining: u64,
}

/// A row of the queue.
type QueueRow = (
    i64,
    String,
    i64,
    Option<i64>,
    i64,
    i64,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

impl From<QueueRow> for Queued {
    fn from(row: QueueRow) -> Self {
        let (
            group,
            name,
            due_ms,
            pushed_ms,
            failures,
            remaining,
            owner,
            lease_ms,
            attempt_ms,
            success_ms,
            lag_ms,
            error_ms,
            error,
        ) = row;
        Self {
            group: GroupId(group),
            name,
            due_ms,
            pushed_ms,
            failures: failures as u32,
            remaining: remaining as u64,
            lease: owner.zip(lease_ms),
            update: UpdateState {
                attempt_ms,
                success_ms,
                lag_ms,
                error_ms,
                error,
            },
        }
    }
}

impl Store {
    /// Gives each of `groups` a place in the queue, due at once; those that have one keep it.
    pub async fn enqueue(&self, groups: &[GroupId], now_ms: i64) -> Result<(), StoreError> {
        writing!(self, tx => {
            for group in groups {
                sqlx::query(
                    "INSERT INTO update_state (group_id, due_ms, failures, remaining) \
                     VALUES ($1, $2, 0, 0) ON CONFLICT (group_id) DO NOTHING",
                )
                .bind(group.0)
                .bind(now_ms)
                .execute(&mut *tx)
                .await?;
            }
        })
    }

    /// Asks that these groups be looked at before all others; answers how many there are.
    pub async fn push_groups(&self, groups: &[GroupId], now_ms: i64) -> Result<u64, StoreError> {
        writing!(self, tx => {
            let mut pushed = 0;
            for group in groups {
                pushed += sqlx::query(
                    "INSERT INTO update_state (group_id, due_ms, pushed_ms, failures, remaining) \
                     VALUES ($1, $2, $2, 0, 0) ON CONFLICT (group_id) DO UPDATE SET \
                     due_ms = CASE WHEN update_state.due_ms < $2 THEN update_state.due_ms ELSE $2 END, \
                     pushed_ms = $2",
                )
                .bind(group.0)
                .bind(now_ms)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            }
            pushed
        })
    }

    /// Makes these groups due, behind those that are waiting already: their configuration changed.
    pub async fn make_due(&self, groups: &[GroupId], now_ms: i64) -> Result<(), StoreError> {
        writing!(self, tx => {
            for group in groups {
                sqlx::query("UPDATE update_state SET due_ms = $2 WHERE group_id = $1 AND due_ms > $2")
                    .bind(group.0)
                    .bind(now_ms)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// The groups that wait for their turn and that nobody looks at, those first that were pushed,
    /// then the ones that have waited longest; and when the next of the others is due.
    pub async fn load_due(
        &self,
        now_ms: i64,
        limit: u32,
    ) -> Result<(Vec<GroupId>, Option<i64>), StoreError> {
        reading!(self, tx => {
            let rows: Vec<(i64,)> = sqlx::query_as(
                "SELECT group_id FROM update_state WHERE due_ms <= $1 \
                 AND (lease_ms IS NULL OR lease_ms <= $1) \
                 ORDER BY CASE WHEN pushed_ms IS NULL THEN 1 ELSE 0 END, \
                 COALESCE(pushed_ms, due_ms), group_id LIMIT $2",
            )
            .bind(now_ms)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
            let (next,): (Option<i64>,) =
                sqlx::query_as("SELECT MIN(due_ms) FROM update_state WHERE due_ms > $1")
                    .bind(now_ms)
                    .fetch_one(&mut *tx)
                    .await?;
            (rows.into_iter().map(|(id,)| GroupId(id)).collect(), next)
        })
    }

    /// Takes a lease on each of `groups` that nobody holds; answers those with how often their looks
    /// failed in a row before.
    pub async fn claim(
        &self,
        groups: &[GroupId],
        owner: &str,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<(GroupId, u32)>, StoreError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        writing!(self, tx => {
            let mut claimed = Vec::new();
            for &group in groups {
                let won: Option<(i64,)> = sqlx::query_as(
                    "UPDATE update_state SET owner = $2, lease_ms = $4 WHERE group_id = $1 \
                     AND due_ms <= $3 AND (lease_ms IS NULL OR lease_ms <= $3) \
                     RETURNING failures",
                )
                .bind(group.0)
                .bind(owner)
                .bind(now_ms)
                .bind(until_ms)
                .fetch_optional(&mut *tx)
                .await?;
                claimed.extend(won.map(|(failures,)| (group, failures as u32)));
            }
            claimed
        })
    }

    /// Says that `owner` lives, and prolongs its leases on the groups that it is looking at. Other leases
    /// of its are given back: it does not know that it has them, because the answer that told so was lost,
    /// or it could not give them back when their looks ended.
    pub async fn renew(
        &self,
        owner: &str,
        held: &[GroupId],
        started_ms: i64,
        now_ms: i64,
        until_ms: i64,
    ) -> Result<(), StoreError> {
        writing!(self, tx => {
            let leases: Vec<(i64,)> =
                sqlx::query_as("SELECT group_id FROM update_state WHERE owner = $1")
                    .bind(owner)
                    .fetch_all(&mut *tx)
                    .await?;
            for (group,) in leases {
                let until_ms = held.contains(&GroupId(group)).then_some(until_ms);
                sqlx::query(
                    "UPDATE update_state SET lease_ms = $3, \
                     owner = CASE WHEN $3 IS NULL THEN NULL ELSE owner END \
                     WHERE group_id = $1 AND owner = $2",
                )
                .bind(group)
                .bind(owner)
                .bind(until_ms)
                .execute(&mut *tx)
                .await?;
            }
            sqlx::query(
                "INSERT INTO replica (name, started_ms, seen_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms",
            )
            .bind(owner)
            .bind(started_ms)
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Gives a lease back after a look. Of a group that another replica has taken over meanwhile
    /// nothing changes.
    pub async fn release(
        &self,
        group: GroupId,
        owner: &str,
        release: Release,
    ) -> Result<(), StoreError> {
        writing!(self, tx => {
            sqlx::query(
                "UPDATE update_state SET owner = NULL, lease_ms = NULL, failures = $4, \
                 remaining = $5, \
                 due_ms = CASE WHEN pushed_ms > $3 THEN due_ms ELSE $6 END, \
                 pushed_ms = CASE WHEN pushed_ms > $3 THEN pushed_ms ELSE NULL END \
                 WHERE group_id = $1 AND owner = $2",
            )
            .bind(group.0)
            .bind(owner)
            .bind(release.claimed_ms)
            .bind(i64::from(release.failures))
            .bind(release.remaining as i64)
            .bind(release.due_ms)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Gives all leases of `owner` back and forgets it: it is about to end.
    pub async fn resign(&self, owner: &str) -> Result<(), StoreError> {
        writing!(self, tx => {
            sqlx::query("UPDATE update_state SET owner = NULL, lease_ms = NULL WHERE owner = $1")
                .bind(owner)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM replica WHERE name = $1")
                .bind(owner)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Forgets replicas that have not said since `seen_ms` that they live.
    pub async fn forget_replicas(&self, seen_ms: i64) -> Result<(), StoreError> {
        writing!(self, tx => {
            sqlx::query("DELETE FROM replica WHERE seen_ms < $1")
                .bind(seen_ms)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// The whole queue, with how the looks went, in no particular order; and the replicas, by name.
    pub async fn load_queue(&self) -> Result<(Vec<Queued>, Vec<Replica>), StoreError> {
        reading!(self, tx => {
            let queue: Vec<QueueRow> = sqlx::query_as(
                "SELECT id, name, due_ms, pushed_ms, failures, remaining, owner, lease_ms, \
                 attempt_ms, success_ms, lag_ms, error_ms, error \
                 FROM update_state JOIN test_group ON id = group_id",
            )
            .fetch_all(&mut *tx)
            .await?;
            let replicas: Vec<(String, i64, i64)> =
                sqlx::query_as("SELECT name, started_ms, seen_ms FROM replica ORDER BY name")
                    .fetch_all(&mut *tx)
                    .await?;
            let replicas = replicas
                .into_iter()
                .map(|(name, started_ms, seen_ms)| Replica {
                    name,
                    started_ms,
                    seen_ms,
                })
                .collect();
            (queue.into_iter().map(Queued::from).collect(), replicas)
        })
    }
}
