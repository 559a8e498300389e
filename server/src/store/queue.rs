//! Whose turn it is: when each group is to be looked at, who is looking, which replicas there are.
//!
//! A group belongs to whoever's conditional UPDATE came first, until the lease ends. Nothing here
//! depends on locks that a database keeps beside its rows.
//!
//! All times of the queue are the database's ([`Store::clock`]), and callers say how long something lasts,
//! never when: the clocks of the processes that share it may differ by as much as they like.

use super::{GroupId, Store, StoreError, groups::UpdateState, reading, writing};

/// The queue as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueState {
    /// When it was read, by the clock of the queue.
    pub at_ms: i64,
    /// All groups, in no particular order.
    pub groups: Vec<Queued>,
    /// The processes, by name.
    pub replicas: Vec<Replica>,
}

/// Which groups may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Those whose time has come.
    Due,
    /// Whichever nobody is looking at.
    Any,
}

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

/// A group on which a lease was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// When it was taken.
    pub at_ms: i64,
    /// Looks that failed in a row before.
    pub failures: u32,
    /// Whether somebody waits for it.
    pub pushed: bool,
}

/// What becomes of a group after a look.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// When the lease was taken, as [`Claimed::at_ms`] says: a push since then keeps the group due.
    pub claimed_ms: i64,
    /// After how many milliseconds to look again.
    pub wait_ms: i64,
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
    pub async fn enqueue(&self, groups: &[GroupId]) -> Result<(), StoreError> {
        writing!(self, tx => {
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
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
    pub async fn push_groups(&self, groups: &[GroupId]) -> Result<u64, StoreError> {
        writing!(self, tx => {
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
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
    pub async fn make_due(&self, groups: &[GroupId]) -> Result<(), StoreError> {
        writing!(self, tx => {
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
            for group in groups {
                sqlx::query("UPDATE update_state SET due_ms = $2 WHERE group_id = $1 AND due_ms > $2")
                    .bind(group.0)
                    .bind(now_ms)
                    .execute(&mut *tx)
                    .await?;
            }
        })
    }

    /// All groups that wait for their turn and that nobody looks at, those first that were pushed, then the
    /// ones that have waited longest; and in how many milliseconds the next of the others is due. Groups that
    /// no configuration names any more wait for ever, so whoever asks takes only those that it knows.
    pub async fn load_due(&self) -> Result<(Vec<GroupId>, Option<i64>), StoreError> {
        reading!(self, tx => {
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
            let rows: Vec<(i64,)> = sqlx::query_as(
                "SELECT group_id FROM update_state WHERE due_ms <= $1 \
                 AND (lease_ms IS NULL OR lease_ms <= $1) \
                 ORDER BY CASE WHEN pushed_ms IS NULL THEN 1 ELSE 0 END, \
                 COALESCE(pushed_ms, due_ms), group_id",
            )
            .bind(now_ms)
            .fetch_all(&mut *tx)
            .await?;
            let (next,): (Option<i64>,) =
                sqlx::query_as("SELECT MIN(due_ms) FROM update_state WHERE due_ms > $1")
                    .bind(now_ms)
                    .fetch_one(&mut *tx)
                    .await?;
            let groups = rows.into_iter().map(|(id,)| GroupId(id)).collect();
            (groups, next.map(|next_ms| next_ms - now_ms))
        })
    }

    /// Takes a lease of so many milliseconds on each of `groups` whose `turn` it is and that nobody holds;
    /// answers those.
    pub async fn claim(
        &self,
        groups: &[GroupId],
        owner: &str,
        turn: Turn,
        lease_ms: i64,
    ) -> Result<Vec<(GroupId, Claimed)>, StoreError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        writing!(self, tx => {
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
            let mut claimed = Vec::new();
            for &group in groups {
                let won: Option<(i64, Option<i64>)> = sqlx::query_as(
                    "UPDATE update_state SET owner = $2, lease_ms = $4 WHERE group_id = $1 \
                     AND (due_ms <= $3 OR $5) AND (lease_ms IS NULL OR lease_ms <= $3) \
                     RETURNING failures, pushed_ms",
                )
                .bind(group.0)
                .bind(owner)
                .bind(now_ms)
                .bind(now_ms + lease_ms)
                .bind(turn == Turn::Any)
                .fetch_optional(&mut *tx)
                .await?;
                claimed.extend(won.map(|(failures, pushed_ms)| {
                    let claimed = Claimed {
                        at_ms: now_ms,
                        failures: failures as u32,
                        pushed: pushed_ms.is_some(),
                    };
                    (group, claimed)
                }));
            }
            claimed
        })
    }

    /// Says that `owner` lives, and prolongs its leases on the groups that it is looking at by so many
    /// milliseconds from now. Other leases of its are given back: it does not know that it has them, because
    /// the answer that told so was lost, or it could not give them back when their looks ended.
    pub async fn renew(
        &self,
        owner: &str,
        held: &[GroupId],
        lease_ms: i64,
    ) -> Result<(), StoreError> {
        writing!(self, tx => {
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
            let leases: Vec<(i64,)> =
                sqlx::query_as("SELECT group_id FROM update_state WHERE owner = $1")
                    .bind(owner)
                    .fetch_all(&mut *tx)
                    .await?;
            for (group,) in leases {
                let until_ms = held.contains(&GroupId(group)).then_some(now_ms + lease_ms);
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
                "INSERT INTO replica (name, started_ms, seen_ms) VALUES ($1, $2, $2) \
                 ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms",
            )
            .bind(owner)
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
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
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
            .bind(now_ms.saturating_add(release.wait_ms))
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

    /// Forgets replicas that have not said for so many milliseconds that they live.
    pub async fn forget_replicas(&self, silent_ms: i64) -> Result<(), StoreError> {
        writing!(self, tx => {
            let (now_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
            sqlx::query("DELETE FROM replica WHERE seen_ms < $1")
                .bind(now_ms - silent_ms)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// The whole queue, with how the looks went.
    pub async fn load_queue(&self) -> Result<QueueState, StoreError> {
        reading!(self, tx => {
            let (at_ms,): (i64,) = sqlx::query_as(self.clock()).fetch_one(&mut *tx).await?;
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
            QueueState {
                at_ms,
                groups: queue.into_iter().map(Queued::from).collect(),
                replicas,
            }
        })
    }
}
