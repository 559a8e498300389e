//! Writing runs.

use std::collections::HashMap;

use model::{name::natural_cmp, run::Run, tabulate::Test};
use sqlx::QueryBuilder;

use super::{
    GroupId, Store, StoreError, Watch,
    error::Failure,
    groups::mixed_hash,
    row::{Dictionary, Encoded, LOAD_ROW_BY_ID, RunRow, decode_row},
    writing,
};

/// What a save did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Runs that were not stored before.
    pub inserted: u64,
    /// Runs that were stored with other content.
    pub updated: u64,
    /// Runs that were stored just so.
    pub unchanged: u64,
}

impl Saved {
    /// Whether anything was written.
    pub const fn changed(self) -> bool {
        self.inserted + self.updated > 0
    }
}

impl std::ops::AddAssign for Saved {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
    }
}

/// One run of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordedRun {
    /// The run.
    pub run: Run,
    /// Its place among runs that began in the same millisecond: higher is newer. Equal ranks are
    /// ordered by build id.
    pub rank: i64,
}

/// Whether runs that were read with the configuration of `config_hash` are to be noted beside the `stored`
/// one: not twice, and not where there is none yet.
fn is_of_another(stored: &str, config_hash: &str) -> bool {
    !(stored.is_empty() || stored == config_hash || stored.ends_with('+'))
}

/// What happens to a run that is stored already.
#[derive(Clone, Copy)]
enum Mode<'a> {
    /// The new one takes its place; it was read with the configuration of this hash, where that matters.
    Replace { config_hash: Option<&'a str> },
    /// The two become one; `recorded_ms` says how new the new one is.
    Merge { recorded_ms: i64 },
}

/// Runs per statement: every statement is a trip to the connection's thread and back.
const ROWS: usize = 32;

/// Rows per statement when many are inserted: few sizes, so that the statements stay prepared.
const BATCHES: [usize; 4] = [256, 32, 4, 1];

/// What several runs share: how it is found by its hashes, and how what is missing is added so that its
/// numbers come back.
struct Shared {
    find: &'static str,
    add: &'static str,
    or_find: &'static str,
}

/// Infra vectors, then job specifications. None is ever deleted or changed.
const SHARED: [Shared; 2] = [
    Shared {
        find: "SELECT hash, id FROM infra_vector WHERE hash IN (",
        add: "INSERT INTO infra_vector (hash, versions) ",
        or_find: " ON CONFLICT (hash) DO UPDATE SET versions = excluded.versions RETURNING hash, id",
    },
    Shared {
        find: "SELECT hash, id FROM job_spec WHERE hash IN (",
        add: "INSERT INTO job_spec (hash, spec) ",
        or_find: " ON CONFLICT (hash) DO UPDATE SET spec = excluded.spec RETURNING hash, id",
    },
];

/// What these runs share of one kind, each once. All groups take them in one order, so that no two wait
/// for each other.
fn shared_parts<'a>(
    runs: &'a [(RunRow, Encoded)],
    part: impl Fn(&'a Encoded) -> Option<&'a (Vec<u8>, String)>,
) -> Vec<&'a (Vec<u8>, String)> {
    let mut parts: Vec<_> = runs
        .iter()
        .filter_map(|(_, encoded)| part(encoded))
        .collect();
    parts.sort();
    parts.dedup();
    parts
}

/// `rows` in parts whose lengths are among [`BATCHES`].
fn batches<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = BATCHES.into_iter().find(|&size| size <= rows.len())?;
        let (batch, rest) = rows.split_at(size);
        rows = rest;
        Some(batch)
    })
}

impl Store {
    /// Stores `runs` of `group` in one transaction. A run that is stored just so costs no write; one
    /// that is stored with other content is replaced. New test names get the next ordinals of the
    /// group's dictionary. Of several runs of the same build the last counts. Saving several runs at
    /// once is much cheaper than one by one.
    pub async fn save_runs(
        &self,
        group: GroupId,
        runs: &[Run],
        now_ms: i64,
    ) -> Result<Saved, StoreError> {
        let runs: Vec<(&Run, i64)> = runs.iter().map(|run| (run, 0)).collect();
        self.write_runs(
            group,
            &runs,
            &[],
            Mode::Replace { config_hash: None },
            now_ms,
        )
        .await
    }

    /// As [`Store::save_runs`], and keeps in the same transaction how the files of those builds looked that
    /// may still change. `config_hash` is of the configuration that they were read with: where it is not that
    /// of the group by now, the group's becomes its [`mixed_hash`].
    pub async fn save_watched_runs(
        &self,
        group: GroupId,
        runs: &[Run],
        watched: &[(String, Watch)],
        config_hash: &str,
        now_ms: i64,
    ) -> Result<Saved, StoreError> {
        let runs: Vec<(&Run, i64)> = runs.iter().map(|run| (run, 0)).collect();
        let config_hash = Some(config_hash);
        self.write_runs(group, &runs, watched, Mode::Replace { config_hash }, now_ms)
            .await
    }

    /// Adds `recorded` runs of `group` to what is stored, in one transaction. Where a run is stored
    /// already, the two become one: each keeps the cells that the other lacks, and of two cells of
    /// the same test the newer recording's counts, of two recordings of the same moment the one
    /// stored first. What was read from the build's own files is
    /// always newer than a recording. `recorded_ms` says when the recording was made.
    pub async fn merge_runs(
        &self,
        group: GroupId,
        recorded: &[RecordedRun],
        recorded_ms: i64,
        now_ms: i64,
    ) -> Result<Saved, StoreError> {
        let runs: Vec<(&Run, i64)> = recorded.iter().map(|run| (&run.run, run.rank)).collect();
        self.write_runs(group, &runs, &[], Mode::Merge { recorded_ms }, now_ms)
            .await
    }

    async fn write_runs(
        &self,
        group: GroupId,
        runs: &[(&Run, i64)],
        watched: &[(String, Watch)],
        mode: Mode<'_>,
        now_ms: i64,
    ) -> Result<Saved, StoreError> {
        if runs.is_empty() {
            return Ok(Saved::default());
        }
        let last: HashMap<&str, usize> = runs
            .iter()
            .enumerate()
            .map(|(index, (run, _))| (run.build.as_str(), index))
            .collect();
        let recorded_ms = match mode {
            Mode::Replace { .. } => None,
            Mode::Merge { recorded_ms } => Some(recorded_ms),
        };
        let mut written = None;
        let saved = writing!(self, tx => {
            if let Some(lock) = self.lock_group() {
                sqlx::query(lock).bind(group.0).execute(&mut *tx).await?;
            }
            let mut saved = Saved::default();
            let state: Option<(Option<String>, Option<i64>)> = sqlx::query_as(
                "SELECT mark, (SELECT ordinal FROM test WHERE group_id = $1 \
                 ORDER BY ordinal DESC LIMIT 1) FROM test_group WHERE id = $1",
            )
            .bind(group.0)
            .fetch_optional(&mut *tx)
            .await?;
            let Some((mark, last_ordinal)) = state else {
                return Err(Failure::UnknownGroup(group.0));
            };
            let stored_tests = last_ordinal.map_or(0, |ordinal| ordinal + 1) as usize;
            let kept = self
                .dictionaries()
                .take(group)
                .filter(|kept| kept.stored() == stored_tests);
            let mut dictionary = match kept {
                Some(kept) => kept,
                None => Dictionary::new(
                    sqlx::query_as("SELECT ordinal, name FROM test WHERE group_id = $1")
                        .bind(group.0)
                        .fetch_all(&mut *tx)
                        .await?,
                ),
            };
            let runs: Vec<(&Run, i64)> = runs
                .iter()
                .enumerate()
                .filter(|(index, (run, _))| last.get(run.build.as_str()) == Some(index))
                .map(|(_, &run)| run)
                .collect();
            let mut known: HashMap<String, (i64, Vec<u8>)> = HashMap::with_capacity(runs.len());
            for part in runs.chunks(ROWS) {
                let mut query =
                    QueryBuilder::new("SELECT build, id, hash FROM run WHERE group_id = ");
                query.push_bind(group.0).push(" AND build IN (");
                let mut builds = query.separated(", ");
                for (run, _) in part {
                    builds.push_bind(run.build.as_str());
                }
                query.push(")");
                let found: Vec<(String, i64, Vec<u8>)> = query
                    .build_query_as()
                    .persistent(false)
                    .fetch_all(&mut *tx)
                    .await?;
                known.extend(found.into_iter().map(|(build, id, hash)| (build, (id, hash))));
            }

            let mut changed: Vec<(RunRow, Encoded)> = Vec::with_capacity(runs.len());
            for &(run, rank) in &runs {
                let mut row = RunRow {
                    recorded_ms,
                    rank,
                    ..RunRow::new(run, &mut dictionary)
                };
                let known = known.get(&run.build);
                if let (Mode::Merge { recorded_ms }, Some((id, _))) = (mode, known) {
                    let stored = sqlx::query_as(LOAD_ROW_BY_ID)
                        .bind(id)
                        .fetch_one(&mut *tx)
                        .await?;
                    let stored = decode_row(stored)?;
                    row = match stored.recorded_ms {
                        Some(before) if before < recorded_ms => RunRow::merge(row, stored),
                        _ => RunRow::merge(stored, row),
                    };
                }
                let encoded = row.encode();
                match known {
                    Some((_, hash)) if *hash == encoded.hash => {
                        saved.unchanged += 1;
                        continue;
                    }
                    Some(_) => saved.updated += 1,
                    None => saved.inserted += 1,
                }
                changed.push((row, encoded));
            }

            let mut numbers: [HashMap<Vec<u8>, i64>; 2] = Default::default();
            for (shared, (known, parts)) in SHARED.into_iter().zip(
                numbers.iter_mut().zip([
                    shared_parts(&changed, |encoded| encoded.vector.as_ref()),
                    shared_parts(&changed, |encoded| encoded.spec.as_ref()),
                ]),
            ) {
                for part in parts.chunks(ROWS) {
                    // Found first: adding one again would keep whoever else has a run of it waiting
                    // until this transaction ends.
                    let mut query = QueryBuilder::new(shared.find);
                    let mut hashes = query.separated(", ");
                    for (hash, _) in part {
                        hashes.push_bind(hash.as_slice());
                    }
                    query.push(")");
                    let found: Vec<(Vec<u8>, i64)> = query
                        .build_query_as()
                        .persistent(false)
                        .fetch_all(&mut *tx)
                        .await?;
                    known.extend(found);
                    let missing: Vec<_> = part
                        .iter()
                        .filter(|(hash, _)| !known.contains_key(hash))
                        .collect();
                    if missing.is_empty() {
                        continue;
                    }
                    let added: Vec<(Vec<u8>, i64)> = QueryBuilder::new(shared.add)
                        .push_values(missing, |mut row, (hash, json)| {
                            row.push_bind(hash.as_slice()).push_bind(json.as_str());
                        })
                        .push(shared.or_find)
                        .build_query_as()
                        .persistent(false)
                        .fetch_all(&mut *tx)
                        .await?;
                    known.extend(added);
                }
            }
            let [vectors, specs] = numbers;
            let revision = if saved.changed() {
                let newest = runs
                    .iter()
                    .map(|(run, _)| run.build.as_str())
                    .chain(mark.as_deref())
                    .max_by(|a, b| natural_cmp(a, b));
                let (revision,): (i64,) = sqlx::query_as(
                    "UPDATE test_group SET mark = $2, modified_ms = $3, revision = revision + 1 \
                     WHERE id = $1 RETURNING revision",
                )
                .bind(group.0)
                .bind(newest)
                .bind(now_ms)
                .fetch_one(&mut *tx)
                .await?;
                if let Mode::Replace { config_hash: Some(config_hash) } = mode {
                    let (stored,): (String,) =
                        sqlx::query_as("SELECT config_hash FROM test_group WHERE id = $1")
                            .bind(group.0)
                            .fetch_one(&mut *tx)
                            .await?;
                    if is_of_another(&stored, config_hash) {
                        sqlx::query("UPDATE test_group SET config_hash = $2 WHERE id = $1")
                            .bind(group.0)
                            .bind(mixed_hash(&stored))
                            .execute(&mut *tx)
                            .await?;
                    }
                }
                revision
            } else {
                0
            };
            for part in changed.chunks(ROWS) {
                QueryBuilder::new(
                    "INSERT INTO run (group_id, build, label, path, started_ms, finished_ms, open, \
                     recorded_ms, rank, hash, statuses, durations, details, vector_id, headers, \
                     problems, emails, revision, spec_id) ",
                )
                .push_values(part, |mut values, (row, encoded)| {
                    let number = |of: &Option<(Vec<u8>, String)>, known: &HashMap<Vec<u8>, i64>| {
                        of.as_ref().and_then(|(hash, _)| known.get(hash).copied())
                    };
                    let vector_id = number(&encoded.vector, &vectors);
                    let spec_id = number(&encoded.spec, &specs);
                    values
                        .push_bind(group.0)
                        .push_bind(row.build.as_str())
                        .push_bind(row.label.as_str())
                        .push_bind(row.path.as_str())
                        .push_bind(row.started_ms)
                        .push_bind(row.finished_ms)
                        .push_bind(row.open)
                        .push_bind(row.recorded_ms)
                        .push_bind(row.rank)
                        .push_bind(encoded.hash.as_slice())
                        .push_bind(encoded.statuses.as_slice())
                        .push_bind(encoded.durations.as_slice())
                        .push_bind(encoded.details.as_slice())
                        .push_bind(vector_id)
                        .push_bind(encoded.headers.as_str())
                        .push_bind(encoded.problems.as_str())
                        .push_bind(encoded.emails.as_str())
                        .push_bind(revision)
                        .push_bind(spec_id);
                })
                .push(
                    " ON CONFLICT (group_id, build) DO UPDATE SET \
                     label = excluded.label, path = excluded.path, \
                     started_ms = excluded.started_ms, finished_ms = excluded.finished_ms, \
                     open = excluded.open, recorded_ms = excluded.recorded_ms, rank = excluded.rank, \
                     hash = excluded.hash, statuses = excluded.statuses, \
                     durations = excluded.durations, details = excluded.details, \
                     vector_id = excluded.vector_id, headers = excluded.headers, \
                     problems = excluded.problems, emails = excluded.emails, \
                     revision = excluded.revision, \
                     spec_id = COALESCE(excluded.spec_id, run.spec_id)",
                )
                .build()
                .persistent(false)
                .execute(&mut *tx)
                .await?;
            }

            for part in watched.chunks(ROWS) {
                QueryBuilder::new(
                    "INSERT INTO watched_build (group_id, build, stamp, since_ms, next_ms, \
                     deadline_ms) ",
                )
                .push_values(part, |mut row, (build, watch)| {
                    row.push_bind(group.0)
                        .push_bind(build.as_str())
                        .push_bind(watch.stamp.cast_signed())
                        .push_bind(watch.since_ms)
                        .push_bind(watch.next_ms)
                        .push_bind(watch.deadline_ms);
                })
                .push(
                    " ON CONFLICT (group_id, build) DO UPDATE SET stamp = excluded.stamp, \
                     since_ms = excluded.since_ms, next_ms = excluded.next_ms, \
                     deadline_ms = excluded.deadline_ms",
                )
                .build()
                .persistent(false)
                .execute(&mut *tx)
                .await?;
            }

            let added: Vec<(i64, &str, Option<&str>)> = dictionary.added().collect();
            for batch in batches(&added) {
                QueryBuilder::new("INSERT INTO test (group_id, ordinal, name, id) ")
                    .push_values(batch, |mut row, &(ordinal, name, id)| {
                        row.push_bind(group.0)
                            .push_bind(ordinal)
                            .push_bind(name)
                            .push_bind(id);
                    })
                    .build()
                    .execute(&mut *tx)
                    .await?;
            }
            written = Some(dictionary);
            saved
        });
        // Only what is certainly stored is kept.
        if let (Ok(_), Some(dictionary)) = (&saved, written) {
            self.dictionaries().keep(group, dictionary);
        }
        saved
    }

    /// Makes sure that the dictionary of `group` has `tests`, in one transaction: new names get the
    /// next ordinals, known ones get the id given here. Answers whether anything was written.
    pub async fn save_tests(&self, group: GroupId, tests: &[Test]) -> Result<bool, StoreError> {
        writing!(self, tx => {
            if let Some(lock) = self.lock_group() {
                sqlx::query(lock).bind(group.0).execute(&mut *tx).await?;
            }
            let stored: Vec<(i64, String, Option<String>)> =
                sqlx::query_as("SELECT ordinal, name, id FROM test WHERE group_id = $1")
                    .bind(group.0)
                    .fetch_all(&mut *tx)
                    .await?;
            let next = stored.iter().map(|(ordinal, ..)| ordinal + 1).max().unwrap_or(0);
            let mut known: HashMap<String, Option<String>> = stored
                .into_iter()
                .map(|(_, name, id)| (name, id))
                .collect();
            let mut added = Vec::new();
            let mut changed = false;
            for test in tests {
                let id = (test.id != test.name).then_some(test.id.as_str());
                match known.get(&test.name) {
                    None => {
                        added.push((next + added.len() as i64, test.name.as_str(), id));
                        known.insert(test.name.clone(), id.map(str::to_owned));
                    }
                    Some(stored) if stored.as_deref() != id => {
                        changed = true;
                        sqlx::query("UPDATE test SET id = $3 WHERE group_id = $1 AND name = $2")
                            .bind(group.0)
                            .bind(test.name.as_str())
                            .bind(id)
                            .execute(&mut *tx)
                            .await?;
                    }
                    Some(_) => {}
                }
            }
            for batch in batches(&added) {
                QueryBuilder::new("INSERT INTO test (group_id, ordinal, name, id) ")
                    .push_values(batch, |mut row, &(ordinal, name, id)| {
                        row.push_bind(group.0)
                            .push_bind(ordinal)
                            .push_bind(name)
                            .push_bind(id);
                    })
                    .build()
                    .execute(&mut *tx)
                    .await?;
            }
            if changed {
                sqlx::query(
                    "UPDATE test_group SET revision = revision + 1, rewritten = revision + 1 \
                     WHERE id = $1",
                )
                .bind(group.0)
                .execute(&mut *tx)
                .await?;
            }
            changed || !added.is_empty()
        })
    }
}
