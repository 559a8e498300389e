//! Test groups: which there are, what is known of their builds, how their updates went.

use std::collections::HashMap;

use model::{name::normalize, run::Problem};

use super::{
    GroupId, Store, StoreError,
    error::{Failure, Inconsistency},
    reading, writing,
};

/// A test group as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// Its name. Names that normalise alike are the same group.
    pub name: String,
    /// A hash of everything that decides how its builds are read.
    pub config_hash: String,
}

/// A test group as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    /// Its number.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// As last given to [`Store::sync_groups`]; empty for a group that was only imported. See
    /// [`mixed_hash`].
    pub config_hash: String,
    /// When its stored results last changed; `None` before the first.
    pub modified_ms: Option<i64>,
    /// The newest build id known, in natural order.
    pub mark: Option<String>,
    /// Builds that may still change, in natural order.
    pub open_builds: Vec<OpenBuild>,
    /// How many runs are stored.
    pub run_count: u64,
    /// How its updates went.
    pub update: UpdateState,
}

/// A build that must be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBuild {
    /// The build id.
    pub build: String,
    /// `bucket/path/to/build`.
    pub path: String,
}

/// A stored build, without its results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBuild {
    /// The build id.
    pub build: String,
    /// When it began, in milliseconds since 1970; 0 when no file tells.
    pub started_ms: i64,
    /// Whether it may still change.
    pub open: bool,
}

/// How one look at a group's builds went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// When it ended, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why it failed, as one sentence; `None` when it succeeded.
    pub error: Option<String>,
    /// How long the newest build had been waiting to be shown, in milliseconds; `None` when there
    /// was nothing new.
    pub lag_ms: Option<i64>,
}

/// What the outcomes so far add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateState {
    /// When the last look ended.
    pub attempt_ms: Option<i64>,
    /// When the last successful look ended.
    pub success_ms: Option<i64>,
    /// The lag that was last measured.
    pub lag_ms: Option<i64>,
    /// When the last failed look ended; `None` when none failed since the last success.
    pub error_ms: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// What two names of the same group have in common: the normalised name, or the name itself when
/// nothing of it would be left.
pub(super) fn key_of(name: &str) -> String {
    let key = normalize(name);
    if key.is_empty() { name.to_owned() } else { key }
}

/// What the hash of a group's configuration becomes when a process of another configuration writes runs of
/// it: they are to be read again by a process that has this one.
pub fn mixed_hash(config_hash: &str) -> String {
    format!("{config_hash}+")
}

/// The columns of `test_group`, in the order of the schema.
type GroupRow = (
    i64,
    String,
    String,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

impl Store {
    /// Makes sure that each of `groups` is stored, under its present name and configuration.
    /// Answers in the order of `groups`. Groups that are not named keep their results.
    pub async fn sync_groups(
        &self,
        groups: &[GroupConfig],
    ) -> Result<Vec<StoredGroup>, StoreError> {
        writing!(self, tx => {
            let stored: Vec<(String, String, String)> =
                sqlx::query_as("SELECT key, name, config_hash FROM test_group")
                    .fetch_all(&mut *tx)
                    .await?;
            let stored: HashMap<String, (String, String)> = stored
                .into_iter()
                .map(|(key, name, hash)| (key, (name, hash)))
                .collect();
            for group in groups {
                let key = key_of(&group.name);
                let unchanged = stored.get(&key).is_some_and(|(name, hash)| {
                    *name == group.name && *hash == group.config_hash
                });
                if !unchanged {
                    sqlx::query(
                        "INSERT INTO test_group (key, name, config_hash) VALUES ($1, $2, $3) \
                         ON CONFLICT (key) DO UPDATE \
                         SET name = excluded.name, config_hash = excluded.config_hash",
                    )
                    .bind(key)
                    .bind(group.name.as_str())
                    .bind(group.config_hash.as_str())
                    .execute(&mut *tx)
                    .await?;
                }
            }
        })?;
        let by_key: HashMap<String, StoredGroup> = self
            .load_groups()
            .await?
            .into_iter()
            .map(|group| (key_of(&group.name), group))
            .collect();
        Ok(groups
            .iter()
            .filter_map(|group| by_key.get(&key_of(&group.name)).cloned())
            .collect())
    }

    /// The number of the group called `name`, which is stored if it is not yet; its configuration
    /// stays what it is.
    pub async fn add_group(&self, name: &str) -> Result<GroupId, StoreError> {
        let key = key_of(name);
        writing!(self, tx => {
            let known: Option<(i64,)> = sqlx::query_as("SELECT id FROM test_group WHERE key = $1")
                .bind(key.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            if let Some((id,)) = known {
                GroupId(id)
            } else {
                let (id,): (i64,) = sqlx::query_as(
                    "INSERT INTO test_group (key, name, config_hash) VALUES ($1, $2, '') \
                     ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id",
                )
                .bind(key)
                .bind(name)
                .fetch_one(&mut *tx)
                .await?;
                GroupId(id)
            }
        })
    }

    /// All test groups, in no particular order.
    pub async fn load_groups(&self) -> Result<Vec<StoredGroup>, StoreError> {
        let (groups, counts, open) = reading!(self, tx => {
            let groups: Vec<GroupRow> = sqlx::query_as(
                "SELECT id, name, config_hash, modified_ms, mark, \
                 attempt_ms, success_ms, lag_ms, error_ms, error FROM test_group",
            )
            .fetch_all(&mut *tx)
            .await?;
            let counts: Vec<(i64, i64)> =
                sqlx::query_as("SELECT group_id, COUNT(*) FROM run GROUP BY group_id")
                    .fetch_all(&mut *tx)
                    .await?;
            let open: Vec<(i64, String, String)> =
                sqlx::query_as("SELECT group_id, build, path FROM run WHERE open")
                    .fetch_all(&mut *tx)
                    .await?;
            (groups, counts, open)
        })?;
        let counts: HashMap<i64, i64> = counts.into_iter().collect();
        let mut builds: HashMap<i64, Vec<OpenBuild>> = HashMap::new();
        for (group, build, path) in open {
            builds
                .entry(group)
                .or_default()
                .push(OpenBuild { build, path });
        }
        Ok(groups
            .into_iter()
            .map(
                |(
                    id,
                    name,
                    config_hash,
                    modified_ms,
                    mark,
                    attempt_ms,
                    success_ms,
                    lag_ms,
                    error_ms,
                    error,
                )| {
                    let mut open_builds = builds.remove(&id).unwrap_or_default();
                    open_builds.sort_by(|a, b| model::name::natural_cmp(&a.build, &b.build));
                    StoredGroup {
                        id: GroupId(id),
                        name,
                        config_hash,
                        modified_ms,
                        mark,
                        open_builds,
                        run_count: counts.get(&id).map_or(0, |&count| count as u64),
                        update: UpdateState {
                            attempt_ms,
                            success_ms,
                            lag_ms,
                            error_ms,
                            error,
                        },
                    }
                },
            )
            .collect())
    }

    /// The hash of the configuration that the stored runs of `group` were read with; see [`mixed_hash`].
    pub async fn load_config_hash(&self, group: GroupId) -> Result<String, StoreError> {
        reading!(self, tx => {
            let found: Option<(String,)> =
                sqlx::query_as("SELECT config_hash FROM test_group WHERE id = $1")
                    .bind(group.0)
                    .fetch_optional(&mut *tx)
                    .await?;
            let Some((config_hash,)) = found else {
                return Err(Failure::UnknownGroup(group.0));
            };
            config_hash
        })
    }

    /// The stored builds of `group`, in no particular order.
    pub async fn load_builds(&self, group: GroupId) -> Result<Vec<KnownBuild>, StoreError> {
        let builds: Vec<(String, i64, bool)> = reading!(self, tx => {
            sqlx::query_as("SELECT build, started_ms, open FROM run WHERE group_id = $1")
                .bind(group.0)
                .fetch_all(&mut *tx)
                .await?
        })?;
        Ok(builds
            .into_iter()
            .map(|(build, started_ms, open)| KnownBuild {
                build,
                started_ms,
                open,
            })
            .collect())
    }

    /// The newest `limit` builds of `group` of which something could not be read, newest first, each with
    /// when it began.
    pub async fn load_broken_builds(
        &self,
        group: GroupId,
        limit: u32,
    ) -> Result<Vec<(KnownBuild, Vec<Problem>)>, StoreError> {
        reading!(self, tx => {
            let rows: Vec<(i64, String, i64, bool, String)> = sqlx::query_as(
                "SELECT id, build, started_ms, open, problems FROM run \
                 WHERE group_id = $1 AND problems <> '[]' \
                 ORDER BY started_ms DESC, rank DESC, build DESC LIMIT $2",
            )
            .bind(group.0)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
            let mut builds = Vec::with_capacity(rows.len());
            for (id, build, started_ms, open, problems) in rows {
                let problems = serde_json::from_str(&problems).map_err(|error| {
                    Failure::from(Inconsistency {
                        table: "run",
                        column: "problems",
                        row: id,
                        reason: error.to_string(),
                    })
                })?;
                let known = KnownBuild {
                    build,
                    started_ms,
                    open,
                };
                builds.push((known, problems));
            }
            builds
        })
    }

    /// Records how a look at a group's builds went. A success clears the last error; a failure
    /// keeps when the last success was.
    pub async fn save_outcome(&self, group: GroupId, outcome: &Outcome) -> Result<(), StoreError> {
        let sql = if outcome.error.is_none() {
            "UPDATE test_group SET attempt_ms = $2, success_ms = $2, \
             lag_ms = COALESCE($3, lag_ms), error_ms = NULL, error = NULL WHERE id = $1"
        } else {
            "UPDATE test_group SET attempt_ms = $2, \
             lag_ms = COALESCE($3, lag_ms), error_ms = $2, error = $4 WHERE id = $1"
        };
        writing!(self, tx => {
            let query = sqlx::query(sql)
                .bind(group.0)
                .bind(outcome.at_ms)
                .bind(outcome.lag_ms);
            let query = match &outcome.error {
                Some(error) => query.bind(error.as_str()),
                None => query,
            };
            if query.execute(&mut *tx).await?.rows_affected() == 0 {
                Err(Failure::UnknownGroup(group.0))?;
            }
        })
    }
}
