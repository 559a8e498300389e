//! Numbers beside the results: how long tests took, and what else they measured.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    GroupId, Store, StoreError,
    code::{decode_details, decode_durations, millis},
    error::Failure,
    reading,
    row::{from_json, in_run},
};

/// One metric of a group's runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredMetric {
    /// The group's tests; a test's ordinal is its index.
    pub tests: Vec<String>,
    /// By build: test ordinals with their values; only cells that have one.
    pub runs: HashMap<String, Vec<(u32, f64)>>,
}

impl Store {
    /// The names of the metrics that the cells of `group` carry, in order; how long tests took is not
    /// among them.
    pub async fn load_metric_names(&self, group: GroupId) -> Result<Vec<String>, StoreError> {
        reading!(self, tx => {
            let rows: Vec<(i64, Vec<u8>)> =
                sqlx::query_as("SELECT id, details FROM run WHERE group_id = $1")
                    .bind(group.0)
                    .fetch_all(&mut *tx)
                    .await?;
            let mut names = BTreeSet::new();
            for (id, details) in rows {
                for metrics in metrics_of(id, &details)? {
                    names.extend(metrics.1.into_iter().map(|(name, _)| name));
                }
            }
            names.into_iter().collect()
        })
    }

    /// The values of one metric in all runs of `group`.
    pub async fn load_metric(
        &self,
        group: GroupId,
        name: &str,
    ) -> Result<StoredMetric, StoreError> {
        self.load_values(group, |id, _, details| {
            let values = metrics_of(id, details)?
                .into_iter()
                .filter_map(|(test, metrics)| {
                    let (_, value) = metrics.into_iter().find(|(known, _)| known == name)?;
                    Some((test, value))
                });
            Ok(values.collect())
        })
        .await
    }

    /// How long each test took in all runs of `group`, in seconds.
    pub async fn load_durations(&self, group: GroupId) -> Result<StoredMetric, StoreError> {
        self.load_values(group, |id, durations, _| {
            let seconds = decode_durations(durations).map_err(in_run(id, "durations"))?;
            let known = (0u32..)
                .zip(seconds)
                .filter_map(|(test, seconds)| Some((test, f64::from(seconds?))));
            Ok(known.collect())
        })
        .await
    }

    /// How long each test of `group` took on average in those of its runs whose build is among `builds`, in
    /// milliseconds by name; only tests that say so.
    pub async fn load_mean_durations(
        &self,
        group: GroupId,
        builds: &HashSet<&str>,
    ) -> Result<HashMap<String, u32>, StoreError> {
        reading!(self, tx => {
            let tests: Vec<(String,)> =
                sqlx::query_as("SELECT name FROM test WHERE group_id = $1 ORDER BY ordinal")
                    .bind(group.0)
                    .fetch_all(&mut *tx)
                    .await?;
            let rows: Vec<(i64, String, Vec<u8>)> =
                sqlx::query_as("SELECT id, build, durations FROM run WHERE group_id = $1")
                    .bind(group.0)
                    .fetch_all(&mut *tx)
                    .await?;
            // How long in all, and in how many runs.
            let mut sums = vec![(0_u64, 0_u64); tests.len()];
            for (id, build, durations) in rows {
                if builds.contains(build.as_str()) {
                    for (sum, millis) in sums.iter_mut().zip(millis(&durations)) {
                        if let Some(millis) = millis.map_err(in_run(id, "durations"))? {
                            *sum = (sum.0.saturating_add(millis), sum.1 + 1);
                        }
                    }
                }
            }
            let mean = |(total, count): (u64, u64)| {
                let mean = total.checked_div(count)?;
                Some(u32::try_from(mean).unwrap_or(u32::MAX))
            };
            let named = tests.into_iter().zip(sums);
            named.filter_map(|((name,), sum)| Some((name, mean(sum)?))).collect()
        })
    }

    async fn load_values(
        &self,
        group: GroupId,
        read: impl Fn(i64, &[u8], &[u8]) -> Result<Vec<(u32, f64)>, Failure>,
    ) -> Result<StoredMetric, StoreError> {
        reading!(self, tx => {
            let tests: Vec<(String,)> =
                sqlx::query_as("SELECT name FROM test WHERE group_id = $1 ORDER BY ordinal")
                    .bind(group.0)
                    .fetch_all(&mut *tx)
                    .await?;
            let rows: Vec<(i64, String, Vec<u8>, Vec<u8>)> = sqlx::query_as(
                "SELECT id, build, durations, details FROM run WHERE group_id = $1",
            )
            .bind(group.0)
            .fetch_all(&mut *tx)
            .await?;
            let mut runs = HashMap::with_capacity(rows.len());
            for (id, build, durations, details) in rows {
                runs.insert(build, read(id, &durations, &details)?);
            }
            StoredMetric {
                tests: tests.into_iter().map(|(name,)| name).collect(),
                runs,
            }
        })
    }
}

/// The metrics of one cell, by the test's ordinal.
type CellMetrics = (u32, Vec<(String, f64)>);

/// The metrics of a run's cells.
fn metrics_of(id: i64, details: &[u8]) -> Result<Vec<CellMetrics>, Failure> {
    let details = decode_details(details).map_err(in_run(id, "details"))?;
    let mut metrics = Vec::new();
    for detail in details {
        if !detail.metrics.is_empty() {
            let values = from_json(detail.metrics).map_err(in_run(id, "details"))?;
            metrics.push((detail.test, values));
        }
    }
    Ok(metrics)
}
