//! Writing runs.

use std::collections::HashMap;

use model::{name::natural_cmp, run::Run, tabulate::Test};
use sqlx::QueryBuilder;

use super::{
    GroupId, Store, StoreError,
    error::Failure,
    row::{Dictionary, RunRow, decode_row},
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

/// What happens to a run that is stored already.
#[derive(Clone, Copy)]
enum Mode {
    /// The new one takes its place.
    Replace,
    /// The two become one; `recorded_ms` says how new the new one is.
    Merge { recorded_ms: i64 },
}

/// Rows per statement when many are inserted: few sizes, so that the statements stay prepared.
const BATCHES: [usize; 4] = [256, 32, 4, 1];

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
        self.write_runs(group, &runs, Mode::Replace, now_ms).await
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
        self.write_runs(group, &runs, Mode::Merge { recorded_ms }, now_ms)
            .await
    }

    async fn write_runs(
        &self,
        group: GroupId,
        runs: &[(&Run, i64)],
        mode: Mode,
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
            Mode::Replace => None,
            Mode::Merge { recorded_ms } => Some(recorded_ms),
        };
        writing!(self, tx => {
            let mut saved = Saved::default();
            let mark: Option<(Option<String>,)> =
                sqlx::query_as("SELECT mark FROM test_group WHERE id = $1")
                    .bind(group.0)
                    .fetch_optional(&mut *tx)
                    .await?;
            let Some((mark,)) = mark else {
                return Err(Failure::UnknownGroup(group.0));
            };
            let tests: Vec<(i64, String)> =
                sqlx::query_as("SELECT ordinal, name FROM test WHERE group_id = $1")
                    .bind(group.0)
                    .fetch_all(&mut *tx)
                    .await?;
            let mut dictionary = Dictionary::new(tests);
            let mut vectors: HashMap<Vec<u8>, i64> = HashMap::new();

            for (index, &(run, rank)) in runs.iter().enumerate() {
                if last.get(run.build.as_str()) != Some(&index) {
                    continue;
                }
                let mut row = RunRow {
                    recorded_ms,
                    rank,
                    ..RunRow::new(run, &mut dictionary)
                };
                let known: Option<(i64, Vec<u8>)> =
                    sqlx::query_as("SELECT id, hash FROM run WHERE group_id = $1 AND build = $2")
                        .bind(group.0)
                        .bind(run.build.as_str())
                        .fetch_optional(&mut *tx)
                        .await?;
                if let (Mode::Merge { recorded_ms }, Some((id, _))) = (mode, &known) {
                    let stored = sqlx::query_as(
                        "SELECT r.id, r.build, r.label, r.path, r.started_ms, r.finished_ms, r.open, \
                         r.recorded_ms, r.rank, r.statuses, r.durations, r.details, v.versions, r.headers, \
                         r.problems, r.emails \
                         FROM run r LEFT JOIN infra_vector v ON v.id = r.vector_id WHERE r.id = $1",
                    )
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
                match &known {
                    Some((_, hash)) if *hash == encoded.hash => {
                        saved.unchanged += 1;
                        continue;
                    }
                    Some(_) => saved.updated += 1,
                    None => saved.inserted += 1,
                }

                let mut vector_id = None;
                if let Some((hash, versions)) = encoded.vector {
                    vector_id = vectors.get(&hash).copied();
                    if vector_id.is_none() {
                        let (id,): (i64,) = sqlx::query_as(
                            "INSERT INTO infra_vector (hash, versions) VALUES ($1, $2) \
                             ON CONFLICT (hash) DO UPDATE SET versions = excluded.versions \
                             RETURNING id",
                        )
                        .bind(hash.as_slice())
                        .bind(versions)
                        .fetch_one(&mut *tx)
                        .await?;
                        vectors.insert(hash, id);
                        vector_id = Some(id);
                    }
                }
                sqlx::query(
                    "INSERT INTO run (group_id, build, label, path, started_ms, finished_ms, open, \
                     recorded_ms, rank, hash, statuses, durations, details, vector_id, headers, \
                     problems, emails) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
                     $16, $17) \
                     ON CONFLICT (group_id, build) DO UPDATE SET \
                     label = excluded.label, path = excluded.path, \
                     started_ms = excluded.started_ms, finished_ms = excluded.finished_ms, \
                     open = excluded.open, recorded_ms = excluded.recorded_ms, rank = excluded.rank, \
                     hash = excluded.hash, statuses = excluded.statuses, \
                     durations = excluded.durations, details = excluded.details, vector_id = excluded.vector_id, \
                     headers = excluded.headers, problems = excluded.problems, \
                     emails = excluded.emails",
                )
                .bind(group.0)
                .bind(row.build)
                .bind(row.label)
                .bind(row.path)
                .bind(row.started_ms)
                .bind(row.finished_ms)
                .bind(row.open)
                .bind(row.recorded_ms)
                .bind(row.rank)
                .bind(encoded.hash)
                .bind(encoded.statuses)
                .bind(encoded.durations)
                .bind(encoded.details)
                .bind(vector_id)
                .bind(encoded.headers)
                .bind(encoded.problems)
                .bind(encoded.emails)
                .execute(&mut *tx)
                .await?;
            }

            let added: Vec<(i64, &str)> = dictionary.added().collect();
            for batch in batches(&added) {
                QueryBuilder::new("INSERT INTO test (group_id, ordinal, name) ")
                    .push_values(batch, |mut row, &(ordinal, name)| {
                        row.push_bind(group.0).push_bind(ordinal).push_bind(name);
                    })
                    .build()
                    .execute(&mut *tx)
                    .await?;
            }
            if saved.changed() {
                let newest = runs
                    .iter()
                    .map(|(run, _)| run.build.as_str())
                    .chain(mark.as_deref())
                    .max_by(|a, b| natural_cmp(a, b));
                sqlx::query("UPDATE test_group SET mark = $2, modified_ms = $3 WHERE id = $1")
                    .bind(group.0)
                    .bind(newest)
                    .bind(now_ms)
                    .execute(&mut *tx)
                    .await?;
            }
            saved
        })
    }

    /// Makes sure that the dictionary of `group` has `tests`, in one transaction: new names get the
    /// next ordinals, known ones get the id given here. Answers whether anything was written.
    pub async fn save_tests(&self, group: GroupId, tests: &[Test]) -> Result<bool, StoreError> {
        writing!(self, tx => {
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
            changed || !added.is_empty()
        })
    }
}
