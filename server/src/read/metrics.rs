//! Numbers beside the results, which answers of TestGrid's kind can ask for by name.

use std::collections::HashMap;

pub(super) use app::server_pages::metrics::DURATION;
use model::{
    grid::Row,
    query::{Sort, TabQuery},
    wire::WireError,
};

use super::{PublishError, Reader, TabView};
use crate::store::StoredMetric;

/// The values of one metric in a group.
#[derive(Debug)]
pub struct MetricValues {
    stored: StoredMetric,
    /// What stored values are multiplied with.
    scale: f64,
}

impl MetricValues {
    /// By test name, then by build.
    pub fn by_name(&self) -> HashMap<&str, HashMap<&str, f64>> {
        let mut by_name: HashMap<&str, HashMap<&str, f64>> = HashMap::new();
        for (build, values) in &self.stored.runs {
            for &(test, value) in values {
                if let Some(name) = self.stored.tests.get(test as usize) {
                    by_name
                        .entry(name)
                        .or_default()
                        .insert(build, value * self.scale);
                }
            }
        }
        by_name
    }
}

impl Reader {
    /// The metrics that a tab's rows can be asked for, by name.
    pub async fn metric_names(&self, view: &TabView) -> Result<Vec<String>, WireError> {
        let mut names = vec![DURATION.to_owned()];
        if let Some(stored) = self.group(&view.entry.group.name).stored() {
            let found = self.store.load_metric_names(stored.id).await;
            names.extend(found.map_err(PublishError::from)?);
        }
        Ok(names)
    }

    /// How long each row of a tab's grid takes on average over the columns of the grid, in milliseconds;
    /// `None` where no cell says. As many as the grid has rows.
    pub async fn mean_durations(&self, view: &TabView) -> Result<Vec<Option<u32>>, WireError> {
        let grid = &view.grid.grid;
        let Some(stored) = self.group(&view.entry.group.name).stored() else {
            return Ok(vec![None; grid.rows.len()]);
        };
        let builds = grid.columns.iter().map(|column| column.build.as_str());
        let means = self
            .store
            .load_mean_durations(stored.id, &builds.collect())
            .await
            .map_err(PublishError::from)?;
        // Durations are stored under the test's identity.
        let mean = |row: &Row| means.get(&row.id).or_else(|| means.get(&row.name)).copied();
        Ok(grid.rows.iter().map(mean).collect())
    }

    /// The same where `query` sorts by it; else nothing, because nothing asks.
    pub async fn durations_for(
        &self,
        view: &TabView,
        query: &TabQuery,
    ) -> Result<Vec<Option<u32>>, WireError> {
        if query.sort == Sort::Duration {
            self.mean_durations(view).await
        } else {
            Ok(Vec::new())
        }
    }

    /// The values of one of a tab's metrics; `None` when it has none of this name.
    pub async fn metric(
        &self,
        view: &TabView,
        name: &str,
    ) -> Result<Option<MetricValues>, WireError> {
        let Some(stored) = self.group(&view.entry.group.name).stored() else {
            return Ok(None);
        };
        let (stored, scale) = if name == DURATION {
            let seconds = self.store.load_durations(stored.id).await;
            (seconds.map_err(PublishError::from)?, 1.0 / 60.0)
        } else {
            let values = self.store.load_metric(stored.id, name).await;
            (values.map_err(PublishError::from)?, 1.0)
        };
        let known = name == DURATION || stored.runs.values().any(|values| !values.is_empty());
        Ok(known.then_some(MetricValues { stored, scale }))
    }
}
