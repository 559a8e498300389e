//! Which commits can reach which jobs.

use std::sync::Arc;

use model::impact::Labels;
use serde::de::DeserializeOwned;

use super::{Store, StoreError, error::Inconsistency, reading, row::from_json, writing};
use crate::infra::impact::{CommitImpact, Edge, Known, Names, PresentJobs};

/// A row of `impact_commit`.
type CommitRow = (
    String,
    i64,
    String,
    i64,
    String,
    String,
    String,
    String,
    String,
);

/// What is to be saved of one repository's line.
#[derive(Clone, Copy, Debug)]
pub struct LineUpdate<'a> {
    /// `org/name`.
    pub repo: &'a str,
    /// A hash of the settings that it was followed with.
    pub settings: &'a str,
    /// Whether what was saved of it is void.
    pub anew: bool,
    /// How many names of jobs were saved, so far as the writer knows.
    pub names_before: usize,
    /// How many commits of the line were saved, so far as the writer knows; when it is not anew.
    pub commits_before: usize,
    /// The commits that are new, oldest first.
    pub commits: &'a [Arc<CommitImpact>],
    /// The jobs at the newest commit, where this repository configures them.
    pub present: Option<&'a PresentJobs>,
}

/// The end of a line: repository, number of commits, the newest.
pub type LineTip = (String, i64, String);

impl Store {
    /// The ends of all lines that were followed with these settings, by repository: another one whenever
    /// something was saved.
    pub async fn load_impact_tips(&self, settings: &str) -> Result<Vec<LineTip>, StoreError> {
        reading!(self, tx => {
            sqlx::query_as(
                "SELECT c.repo, c.place + 1, c.sha \
                 FROM impact_commit c JOIN impact_line l ON l.repo = c.repo \
                 WHERE l.settings = $1 AND c.place = \
                 (SELECT MAX(place) FROM impact_commit m WHERE m.repo = c.repo) ORDER BY c.repo",
            )
            .bind(settings)
            .fetch_all(&mut *tx)
            .await?
        })
    }

    /// Saves the end of a line, and the names of jobs that are new in `names`. Answers whether it did:
    /// when another process has saved something since, nothing is saved.
    pub async fn save_impact(
        &self,
        names: &Names,
        update: LineUpdate<'_>,
    ) -> Result<bool, StoreError> {
        let repo = update.repo;
        writing!(self, tx => {
            let (known,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM impact_job")
                .fetch_one(&mut *tx)
                .await?;
            let (next,): (i64,) = sqlx::query_as(
                "SELECT COALESCE(MAX(place), -1) + 1 FROM impact_commit WHERE repo = $1",
            )
            .bind(repo)
            .fetch_one(&mut *tx)
            .await?;
            let goes_on = update.anew || next == update.commits_before as i64;
            if known != update.names_before as i64 || !goes_on {
                return Ok(false);
            }
            for number in known..names.len() as i64 {
                sqlx::query("INSERT INTO impact_job (number, name) VALUES ($1, $2)")
                    .bind(number)
                    .bind(names.name(number as u32))
                    .execute(&mut *tx)
                    .await?;
            }
            if update.anew {
                sqlx::query("DELETE FROM impact_commit WHERE repo = $1")
                    .bind(repo)
                    .execute(&mut *tx)
                    .await?;
            }
            // None of these serialisations can fail: all are lists of plain values.
            let jobs = update
                .present
                .map(|present| serde_json::to_string(present).unwrap_or_default())
                .unwrap_or_default();
            sqlx::query(
                "INSERT INTO impact_line (repo, settings, jobs) VALUES ($1, $2, $3) \
                 ON CONFLICT (repo) DO UPDATE SET settings = excluded.settings, jobs = excluded.jobs",
            )
            .bind(repo)
            .bind(update.settings)
            .bind(jobs)
            .execute(&mut *tx)
            .await?;
            let next = if update.anew { 0 } else { next };
            for (place, commit) in (next..).zip(update.commits) {
                let edges: Vec<(u32, u16, u16)> = commit
                    .edges
                    .iter()
                    .map(|edge| (edge.job, edge.labels.bits(), edge.detail))
                    // An edge has a label; what has none is a job that runs an image built of it.
                    .chain(commit.built.iter().map(|&job| (job, 0, 0)))
                    .collect();
                sqlx::query(
                    "INSERT INTO impact_commit \
                     (repo, place, sha, at_ms, flaw, edges, details, rules, runs) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                )
                .bind(repo)
                .bind(place)
                .bind(commit.sha.as_str())
                .bind(commit.at_ms)
                .bind(commit.flaw.as_deref().unwrap_or_default())
                .bind(serde_json::to_string(&edges).unwrap_or_default())
                .bind(serde_json::to_string(&commit.details).unwrap_or_default())
                .bind(serde_json::to_string(&commit.rules).unwrap_or_default())
                .bind(serde_json::to_string(&commit.runs).unwrap_or_default())
                .execute(&mut *tx)
                .await?;
            }
            true
        })
    }

    /// What was saved of all lines that were followed with these settings; of the others nothing.
    pub async fn load_impact(&self, settings: &str) -> Result<Known, StoreError> {
        let (jobs, lines, rows) = reading!(self, tx => {
            let jobs: Vec<(i64, String)> =
                sqlx::query_as("SELECT number, name FROM impact_job ORDER BY number")
                    .fetch_all(&mut *tx)
                    .await?;
            let lines: Vec<(String, String)> =
                sqlx::query_as("SELECT repo, jobs FROM impact_line WHERE settings = $1")
                    .bind(settings)
                    .fetch_all(&mut *tx)
                    .await?;
            let rows: Vec<CommitRow> = sqlx::query_as(
                "SELECT c.repo, c.place, c.sha, c.at_ms, c.flaw, c.edges, c.details, c.rules, c.runs \
                 FROM impact_commit c JOIN impact_line l ON l.repo = c.repo \
                 WHERE l.settings = $1 ORDER BY c.repo, c.place",
            )
            .bind(settings)
            .fetch_all(&mut *tx)
            .await?;
            (jobs, lines, rows)
        })?;
        let decode = || {
            let mut known = Known::default();
            for (number, name) in jobs {
                if i64::from(known.names.number(&name)) != number {
                    return Err(wrong(
                        "impact_job",
                        "number",
                        number,
                        "a gap before it".into(),
                    ));
                }
            }
            for (repo, jobs) in lines {
                if !jobs.is_empty() {
                    known.present = parse("impact_line", "jobs", 0, &jobs)?;
                }
                known.lines.insert(repo, Vec::new());
            }
            for row in rows {
                let repo = row.0.clone();
                let commit = decode_commit(row, known.names.len())?;
                known.lines.entry(repo).or_default().push(Arc::new(commit));
            }
            Ok(known)
        };
        // Decoded outside of the transaction: nobody waits for it.
        match decode() {
            Ok(known) => Ok(known),
            Err(inconsistency) => Err(self.inconsistent(inconsistency)),
        }
    }

    fn inconsistent(&self, inconsistency: Inconsistency) -> StoreError {
        StoreError::Inconsistent {
            database: self.database().to_owned(),
            inconsistency,
        }
    }
}

fn decode_commit(row: CommitRow, jobs: usize) -> Result<CommitImpact, Inconsistency> {
    let (_, place, sha, at_ms, flaw, edges, details, rules, runs) = row;
    let table = "impact_commit";
    let edges: Vec<(u32, u16, u16)> = parse(table, "edges", place, &edges)?;
    let (built, edges): (Vec<_>, Vec<_>) = edges.into_iter().partition(|edge| edge.1 == 0);
    let runs: Vec<(u32, u64)> = parse(table, "runs", place, &runs)?;
    let mut numbers = built
        .iter()
        .chain(&edges)
        .map(|edge| edge.0)
        .chain(runs.iter().map(|run| run.0));
    if let Some(unknown) = numbers.find(|&job| job as usize >= jobs) {
        let reason = format!("it names job {unknown}, and there are {jobs}");
        return Err(wrong(table, "edges", place, reason));
    }
    Ok(CommitImpact {
        sha,
        at_ms,
        flaw: Some(flaw).filter(|flaw| !flaw.is_empty()),
        edges: edges
            .into_iter()
            .map(|(job, labels, detail)| Edge {
                job,
                labels: Labels::from_bits(labels),
                detail,
            })
            .collect(),
        built: built.into_iter().map(|edge| edge.0).collect(),
        details: parse(table, "details", place, &details)?,
        rules: parse(table, "rules", place, &rules)?,
        runs,
    })
}

fn parse<T: DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    row: i64,
    json: &str,
) -> Result<T, Inconsistency> {
    from_json(json).map_err(|reason| wrong(table, column, row, reason))
}

const fn wrong(
    table: &'static str,
    column: &'static str,
    row: i64,
    reason: String,
) -> Inconsistency {
    Inconsistency {
        table,
        column,
        row,
        reason,
    }
}
