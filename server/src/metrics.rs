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
    registry::{Metric, Registry, Unit},
};
use tokio::net::TcpListener;

use crate::{
    clock::now_ms,
    pipeline::{FailureKind, GroupReport, Progress},
    read::Reader,
};

/// One label.
type Label = [(&'static str, String); 1];

/// How a look ends that does not fail.
const OK: &str = "ok";

/// Bounds of the histogram of lags, in seconds.
const LAGS: [f64; 12] = [
    1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21600.0,
];

fn label(name: &'static str, value: &str) -> Label {
    [(name, value.to_owned())]
}

/// `metric`, which `registry` tells of under this name from now on.
fn registered<M: Metric + Clone>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    unit: Option<Unit>,
    metric: M,
) -> M {
    match unit {
        None => registry.register(name, help, metric.clone()),
        Some(unit) => registry.register_with_unit(name, help, unit, metric.clone()),
    }
    metric
}

/// What the process counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    builds: Counter,
    problems: Counter,
    looks: Family<Label, Counter>,
    lag: Histogram,
    shown: Option<Shown>,
}

/// What stands in the snapshot that the process shows.
#[derive(Debug)]
struct Shown {
    reader: Arc<Reader>,
    sources: Family<Label, Gauge>,
    leases: Family<Label, Gauge>,
    waiting: Gauge,
    snapshot_age: Gauge,
}

impl Metrics {
    /// Nothing counted yet. Without a `reader` nothing is told of a snapshot: zeros would be taken for true.
    pub fn new(reader: Option<Arc<Reader>>) -> Self {
        let mut registry = Registry::with_prefix("seamgrid");
        let metrics = Self {
            builds: registered(
                &mut registry,
                "builds_stored",
                "Builds that were read and stored",
                None,
                Counter::default(),
            ),
            problems: registered(
                &mut registry,
                "build_problems",
                "Files of builds that could not be read",
                None,
                Counter::default(),
            ),
            looks: registered(
                &mut registry,
                "looks",
                "Looks at test groups, by how they ended: ok, bucket, silence, database",
                None,
                Family::default(),
            ),
            lag: registered(
                &mut registry,
                "lag",
                "From the end of the newest new build until it was stored",
                Some(Unit::Seconds),
                Histogram::new(LAGS),
            ),
            shown: reader.map(|reader| Shown::new(&mut registry, reader)),
            registry,
        };
        // From the beginning, so that a rate can be told of the first that happens.
        let failures = FailureKind::ALL.map(FailureKind::word);
        for outcome in std::iter::once(OK).chain(failures) {
            drop(metrics.looks.get_or_create(&label("outcome", outcome)));
        }
        metrics
    }

    /// Everything as text; what stands in the snapshot as it stands now.
    fn text(&self) -> String {
        if let Some(shown) = &self.shown {
            shown.look();
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
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) {
        let routes = Router::new()
            .route("/metrics", get(answer))
            .with_state(self);
        let served = axum::serve(listener, routes).with_graceful_shutdown(shutdown);
        if let Err(error) = served.await {
            tracing::error!(%error, "metrics are answered no more: {error}");
        }
    }
}

impl Shown {
    fn new(registry: &mut Registry, reader: Arc<Reader>) -> Self {
        Self {
            reader,
            sources: registered(
                registry,
                "sources",
                "Test groups, by how it stands with their sources",
                None,
                Family::default(),
            ),
            leases: registered(
                registry,
                "leases",
                "Test groups that are being looked at, by process",
                None,
                Family::default(),
            ),
            waiting: registered(
                registry,
                "queue_length",
                "Test groups that wait for their turn",
                None,
                Gauge::default(),
            ),
            snapshot_age: registered(
                registry,
                "snapshot_age",
                "Since the published snapshot was last compared with the database",
                Some(Unit::Seconds),
                Gauge::default(),
            ),
        }
    }

    fn look(&self) {
        let (counts, waiting, leases) = self.reader.source_counts();
        for (health, count) in SourceHealth::ALL.into_iter().zip(counts) {
            self.sources
                .get_or_create(&label("health", health.word()))
                .set(count as i64);
        }
        self.waiting.set(waiting as i64);
        self.leases.clear();
        for (replica, count) in leases {
            self.leases
                .get_or_create(&label("replica", &replica))
                .set(count as i64);
        }
        let compared_ms = self.reader.compared_ms();
        let age_ms = compared_ms.map_or(0, |at_ms| now_ms() - at_ms);
        self.snapshot_age.set(age_ms.max(0) / 1000);
    }
}

async fn answer(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.text())
}

impl Progress for Metrics {
    fn stored(&self, _group: &str, builds: usize) {
        self.builds.inc_by(builds as u64);
    }

    fn finished(&self, report: &GroupReport) {
        self.problems.inc_by(report.problems as u64);
        let outcome = report.failure.map_or(OK, FailureKind::word);
        self.looks.get_or_create(&label("outcome", outcome)).inc();
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
        let metrics = Metrics::new(None);
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
        let text = metrics.text();
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
        assert!(!text.contains("seamgrid_queue_length"), "{text}");
        assert!(!text.contains("seamgrid_snapshot_age"), "{text}");
    }
}
