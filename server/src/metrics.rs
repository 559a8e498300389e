//! What the process counts, for Prometheus, on an address of its own that is never the public one.
//!
//! Names end in their unit; what only grows ends in `_total`. A label has few values: test groups are
//! none, for there are thousands. What the snapshot knows is asked when somebody asks.

use std::sync::Arc;

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use model::wire::SourceHealth;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::net::TcpListener;

use crate::{
    clock::now_ms,
    pipeline::{FailureKind, GroupReport, Progress},
    read::Reader,
};

/// One label.
type Label = [(&'static str, String); 1];

/// Bounds of the histogram of lags, in seconds.
const LAGS: [f64; 12] = [
    1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21600.0,
];

/// What the process counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    builds: Counter,
    problems: Counter,
    looks: Family<Label, Counter>,
    lag: Histogram,
    sources: Family<Label, Gauge>,
    leases: Family<Label, Gauge>,
    waiting: Gauge,
    snapshot_age: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("seamgrid");
        let metrics = Self {
            builds: Counter::default(),
            problems: Counter::default(),
            looks: Family::default(),
            lag: Histogram::new(LAGS),
            sources: Family::default(),
            leases: Family::default(),
            waiting: Gauge::default(),
            snapshot_age: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register(
            "builds_stored",
            "Builds that were read and stored",
            metrics.builds.clone(),
        );
        registry.register(
            "build_problems",
            "Files of builds that could not be read",
            metrics.problems.clone(),
        );
        registry.register(
            "looks",
            "Looks at test groups, by how they ended: ok, bucket, silence, database",
            metrics.looks.clone(),
        );
        registry.register_with_unit(
            "lag",
            "From the end of the newest new build until it was stored",
            Unit::Seconds,
            metrics.lag.clone(),
        );
        registry.register(
            "sources",
            "Test groups, by how it stands with their sources",
            metrics.sources.clone(),
        );
        registry.register(
            "leases",
            "Test groups that are being looked at, by process",
            metrics.leases.clone(),
        );
        registry.register(
            "queue_length",
            "Test groups that wait for their turn",
            metrics.waiting.clone(),
        );
        registry.register_with_unit(
            "snapshot_age",
            "Since the published snapshot was last compared with the database",
            Unit::Seconds,
            metrics.snapshot_age.clone(),
        );
        // From the beginning, so that a rate can be told of the first that happens.
        for outcome in ["ok"]
            .into_iter()
            .chain(FailureKind::ALL.map(FailureKind::word))
        {
            drop(
                metrics
                    .looks
                    .get_or_create(&[("outcome", outcome.to_owned())]),
            );
        }
        Self {
            registry,
            ..metrics
        }
    }

    /// Everything as text; what stands in the snapshot as it stands now.
    fn text(&self, reader: Option<&Reader>) -> String {
        if let Some(reader) = reader {
            let (counts, waiting, leases) = reader.source_counts();
            for (health, count) in SourceHealth::ALL.into_iter().zip(counts) {
                self.sources
                    .get_or_create(&[("health", health.word().to_owned())])
                    .set(count as i64);
            }
            self.waiting.set(waiting as i64);
            self.leases.clear();
            for (replica, count) in leases {
                self.leases
                    .get_or_create(&[("replica", replica)])
                    .set(count as i64);
            }
            let age_ms = reader.compared_ms().map_or(0, |at_ms| now_ms() - at_ms);
            self.snapshot_age.set(age_ms.max(0) / 1000);
        }
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics cannot be written: {error}");
        }
        text
    }

    /// Answers `GET /metrics` until `shutdown` is ready.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        reader: Option<Arc<Reader>>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) {
        let routes = Router::new()
            .route("/metrics", get(answer))
            .with_state((self, reader));
        let served = axum::serve(listener, routes).with_graceful_shutdown(shutdown);
        if let Err(error) = served.await {
            tracing::error!(%error, "metrics are answered no more: {error}");
        }
    }
}

async fn answer(
    State((metrics, reader)): State<(Arc<Metrics>, Option<Arc<Reader>>)>,
) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(header::CONTENT_TYPE, kind)],
        metrics.text(reader.as_deref()),
    )
}

impl Progress for Metrics {
    fn stored(&self, _group: &str, builds: usize) {
        self.builds.inc_by(builds as u64);
    }

    fn finished(&self, report: &GroupReport) {
        self.problems.inc_by(report.problems as u64);
        let outcome = report.failure.map_or("ok", FailureKind::word);
        self.looks
            .get_or_create(&[("outcome", outcome.to_owned())])
            .inc();
        if let Some(lag_ms) = report.lag_ms {
            self.lag.observe(lag_ms as f64 / 1000.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_counted() {
        let metrics = Metrics::new();
        metrics.stored("g", 3);
        metrics.stored("g", 2);
        metrics.finished(&GroupReport {
            problems: 1,
            lag_ms: Some(1500),
            ..GroupReport::default()
        });
        metrics.finished(&GroupReport {
            failure: Some(FailureKind::Bucket),
            ..GroupReport::default()
        });
        let text = metrics.text(None);
        for line in [
            "seamgrid_builds_stored_total 5",
            "seamgrid_build_problems_total 1",
            "seamgrid_looks_total{outcome=\"ok\"} 1",
            "seamgrid_looks_total{outcome=\"bucket\"} 1",
            "seamgrid_looks_total{outcome=\"database\"} 0",
            "seamgrid_lag_seconds_bucket{le=\"1.0\"} 0",
            "seamgrid_lag_seconds_bucket{le=\"2.0\"} 1",
            "seamgrid_lag_seconds_count 1",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
    }
}
