//! What landed in repositories: commits, branches and tags, as mirrors told them.

use model::history::NewCommit;

use super::{
    Store, StoreError,
    error::{Failure, Inconsistency},
    reading,
    row::from_json,
    writing,
};

/// A repository's number in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryId(pub i64);

/// A repository without its commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRepository {
    /// Its number.
    pub id: RepositoryId,
    /// `org/name`.
    pub name: String,
    /// Another one whenever anything of it was written.
    pub version: i64,
    /// When it was last fetched, in milliseconds since 1970; `None` for never.
    pub fetched_ms: Option<i64>,
    /// What is wrong with it, as one sentence; empty when nothing is.
    pub problem: String,
}

/// A branch or a tag: `(refs/heads/master, digits)`.
pub type StoredRef = (String, String);

/// A row of `history_commit`.
type CommitRow = (
    i64,
    String,
    String,
    i64,
    String,
    String,
    String,
    String,
    i64,
    String,
);

impl Store {
    /// The repository of this name, added when it is not there.
    pub async fn repository(&self, name: &str) -> Result<StoredRepository, StoreError> {
        writing!(self, tx => {
            sqlx::query("INSERT INTO repository (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
                .bind(name)
                .execute(&mut *tx)
                .await?;
            let row: RepositoryRow = sqlx::query_as(
                "SELECT id, name, version, fetched_ms, problem FROM repository WHERE name = $1",
            )
            .bind(name)
            .fetch_one(&mut *tx)
            .await?;
            stored(row)
        })
    }

    /// All repositories, by name.
    pub async fn load_repositories(&self) -> Result<Vec<StoredRepository>, StoreError> {
        reading!(self, tx => {
            let rows: Vec<RepositoryRow> = sqlx::query_as(
                "SELECT id, name, version, fetched_ms, problem FROM repository ORDER BY name",
            )
            .fetch_all(&mut *tx)
            .await?;
            rows.into_iter().map(stored).collect()
        })
    }

    /// Adds commits, parents first. Those that are there already stay as they are; answers how many
    /// were not.
    pub async fn save_commits(
        &self,
        repository: RepositoryId,
        commits: &[NewCommit],
    ) -> Result<u64, StoreError> {
        writing!(self, tx => {
            let (newest,): (i64,) = sqlx::query_as(
                "SELECT COALESCE(MAX(number), 0) FROM history_commit WHERE repository_id = $1",
            )
            .bind(repository.0)
            .fetch_one(&mut *tx)
            .await?;
            let mut added = 0;
            for (number, commit) in (newest + 1..).zip(commits) {
                // Neither serialisation can fail: both are lists of plain structs.
                let files = serde_json::to_string(&commit.files).unwrap_or_default();
                let moves = serde_json::to_string(&commit.moves).unwrap_or_default();
                added += sqlx::query(
                    "INSERT INTO history_commit (repository_id, number, sha, parent, at_ms, author, \
                     subject, body, files, file_count, moves) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                     ON CONFLICT (repository_id, sha) DO NOTHING",
                )
                .bind(repository.0)
                .bind(number)
                .bind(commit.sha.as_str())
                .bind(commit.parent.as_str())
                .bind(commit.at_ms)
                .bind(commit.author.as_str())
                .bind(commit.subject.as_str())
                .bind(commit.body.as_str())
                .bind(files)
                .bind(i64::from(commit.file_count))
                .bind(moves)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            }
            added
        })
    }

    /// Records how a fetch ended. With `refs` they replace the known ones: all commits that they need are
    /// saved. Without, the fetch failed, and what is known stays.
    pub async fn save_fetch(
        &self,
        repository: RepositoryId,
        refs: Option<&[StoredRef]>,
        fetched_ms: Option<i64>,
        problem: &str,
    ) -> Result<(), StoreError> {
        writing!(self, tx => {
            if let Some(refs) = refs {
                sqlx::query("DELETE FROM history_ref WHERE repository_id = $1")
                    .bind(repository.0)
                    .execute(&mut *tx)
                    .await?;
                for (name, sha) in refs {
                    sqlx::query(
                        "INSERT INTO history_ref (repository_id, name, sha) VALUES ($1, $2, $3) \
                         ON CONFLICT (repository_id, name) DO UPDATE SET sha = excluded.sha",
                    )
                    .bind(repository.0)
                    .bind(name.as_str())
                    .bind(sha.as_str())
                    .execute(&mut *tx)
                    .await?;
                }
            }
            sqlx::query(
                "UPDATE repository SET version = version + 1, \
                 fetched_ms = COALESCE($2, fetched_ms), problem = $3 WHERE id = $1",
            )
            .bind(repository.0)
            .bind(fetched_ms)
            .bind(problem)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// Records that a fetch found nothing new.
    pub async fn note_fetch(
        &self,
        repository: RepositoryId,
        fetched_ms: i64,
    ) -> Result<(), StoreError> {
        writing!(self, tx => {
            sqlx::query("UPDATE repository SET fetched_ms = $2 WHERE id = $1")
                .bind(repository.0)
                .bind(fetched_ms)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// The branches and tags of a repository, by name.
    pub async fn load_refs(&self, repository: RepositoryId) -> Result<Vec<StoredRef>, StoreError> {
        reading!(self, tx => {
            sqlx::query_as("SELECT name, sha FROM history_ref WHERE repository_id = $1 ORDER BY name")
                .bind(repository.0)
                .fetch_all(&mut *tx)
                .await?
        })
    }

    /// The commits of a repository whose number is above `after`, parents first, with the highest
    /// number.
    pub async fn load_commits(
        &self,
        repository: RepositoryId,
        after: i64,
    ) -> Result<(Vec<NewCommit>, i64), StoreError> {
        reading!(self, tx => {
            let rows: Vec<CommitRow> = sqlx::query_as(
                "SELECT number, sha, parent, at_ms, author, subject, body, files, file_count, moves \
                 FROM history_commit WHERE repository_id = $1 AND number > $2 ORDER BY number",
            )
            .bind(repository.0)
            .bind(after)
            .fetch_all(&mut *tx)
            .await?;
            let newest = rows.last().map_or(after, |row| row.0);
            let mut commits = Vec::with_capacity(rows.len());
            for (number, sha, parent, at_ms, author, subject, body, files, file_count, moves) in rows {
                commits.push(NewCommit {
                    sha,
                    parent,
                    at_ms,
                    author,
                    subject,
                    body,
                    files: read_list(&files, "files", number)?,
                    file_count: u32::try_from(file_count).unwrap_or(u32::MAX),
                    moves: read_list(&moves, "moves", number)?,
                });
            }
            (commits, newest)
        })
    }
}

/// A list in a commit's row.
fn read_list<T: serde::de::DeserializeOwned>(
    json: &str,
    column: &'static str,
    row: i64,
) -> Result<Vec<T>, Failure> {
    from_json(json).map_err(|reason| {
        Failure::from(Inconsistency {
            table: "history_commit",
            column,
            row,
            reason,
        })
    })
}

/// A row of `repository`.
type RepositoryRow = (i64, String, i64, i64, String);

fn stored((id, name, version, fetched_ms, problem): RepositoryRow) -> StoredRepository {
    StoredRepository {
        id: RepositoryId(id),
        name,
        version,
        fetched_ms: Some(fetched_ms).filter(|&at| at > 0),
        problem,
    }
}
