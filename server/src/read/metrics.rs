//! Numbers beside the results, which answers of TestGrid's kind can ask for by name.

use std::collections::HashMap;

use model::wire::WireError;

use super::{PublishError, Reader, TabView};
use crate::store::StoredMetric;

/// What TestGrid calls how long a test took.
pub(super) const DURATION: &str = "test-duration-minutes";

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
