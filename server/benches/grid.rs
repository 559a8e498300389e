//! How fast a grid is answered. Run by `cargo bench -p seamgrid --bench grid`; each figure stands beside
//! its goal and its floor, which is the ready struct only serialised.

use std::{
    error::Error,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use app::paths;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use model::{
    config::{Configuration, Dashboard, DashboardTab, TestGroup},
    grid::Grid,
    infra::{ComponentKind, ComponentVersion, Source},
    run::{Cell, Run, TestResult},
    status::Status,
};
use seamgrid::{
    http,
    read::{Catalog, Reader},
    settings::Settings,
    store::{GroupConfig, Store},
};
use tower::ServiceExt as _;

const MINUTE_MS: i64 = 60_000;
const START_MS: i64 = 1_772_323_200_000;

/// The sizes: rows, columns, and the goals for an answer that is ready and for one that is not.
const SIZES: [(usize, usize, Option<u64>, Option<u64>); 2] =
    [(285, 45, Some(2), None), (5_000, 1_000, None, Some(100))];

/// A made-up build in which one cell of a hundred failed with a message; the infra changes every
/// 20 builds, the product with each.
fn build_run(build: usize, tests: usize) -> Run {
    let version = |component: &str, kind, number: usize| ComponentVersion {
        component: component.into(),
        kind,
        version: Some(format!("{number:040x}")),
        source: Source::CloneRecord,
        evidence: None,
    };
    Run {
        build: (1_700_000_000_000 + build).to_string(),
        path: format!("bucket/logs/job/{build}"),
        started_ms: START_MS + build as i64 * 10 * MINUTE_MS,
        finished_ms: Some(START_MS + (build as i64 * 10 + 5) * MINUTE_MS),
        results: (0..tests)
            .map(|test| {
                let failed = (test * 7 + build * 13).is_multiple_of(100);
                let cell = if failed {
                    Cell {
                        icon: "F".into(),
                        message: format!("timed out waiting for condition {build}"),
                        ..Cell::plain(Status::Fail)
                    }
                } else {
                    Cell::plain(Status::Pass)
                };
                TestResult {
                    name: format!("[sig-node] Pods should do thing number {test} [Conformance]"),
                    cell,
                }
            })
            .collect(),
        versions: vec![
            version("test-infra", ComponentKind::Infra, build / 20),
            version("kubernetes/kubernetes", ComponentKind::Product, build),
        ],
        ..Run::default()
    }
}

/// A server's routes over `store`, with nothing in memory yet but the summaries.
async fn serve(store: &Store, group: &str) -> Result<Router, Box<dyn Error>> {
    let configuration = Configuration {
        test_groups: vec![TestGroup {
            name: group.into(),
            ..TestGroup::default()
        }],
        dashboards: vec![Dashboard {
            name: "board".into(),
            dashboard_tab: vec![DashboardTab {
                name: "tab".into(),
                test_group_name: group.into(),
                ..DashboardTab::default()
            }],
            ..Dashboard::default()
        }],
        ..Configuration::default()
    };
    let catalog = Catalog::new(&configuration, &[]);
    let reader = Arc::new(Reader::new(store.clone(), catalog, &Settings::default())?);
    reader.publish_all().await?;
    Ok(http::router(reader))
}

async fn answer(router: &Router, coding: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let request = Request::get(paths::api_grid("board", "tab"))
        .header("accept-encoding", coding)
        .body(Body::empty())?;
    let response = router.clone().oneshot(request).await?;
    assert!(response.status().is_success(), "{}", response.status());
    Ok(to_bytes(response.into_body(), usize::MAX).await?.into())
}

/// The middle of several measurements.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn goal(goal: Option<u64>) -> String {
    goal.map_or("none".to_owned(), |goal| format!("{goal} ms"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("grid.db").display());
    let store = Store::open(&url).await?;
    for (rows, columns, warm_goal, cold_goal) in SIZES {
        let group = format!("{rows} x {columns}");
        let config = GroupConfig {
            name: group.clone(),
            config_hash: String::new(),
        };
        let id = store.sync_groups(&[config]).await?[0].id;
        let runs: Vec<Run> = (0..columns).map(|build| build_run(build, rows)).collect();
        for runs in runs.chunks(50) {
            store.save_runs(id, runs, START_MS).await?;
        }
        drop(runs);

        let (mut cold, mut warm, mut floor) = (Vec::new(), Vec::new(), Vec::new());
        let mut body = Vec::new();
        for _ in 0..5 {
            let router = serve(&store, &group).await?;
            let started = Instant::now();
            body = answer(&router, "identity").await?;
            cold.push(started.elapsed());
            for _ in 0..20 {
                let started = Instant::now();
                answer(&router, "identity").await?;
                warm.push(started.elapsed());
            }
        }
        let grid: Grid = serde_json::from_slice(&body)?;
        assert_eq!((grid.rows.len(), grid.columns.len()), (rows, columns));
        for _ in 0..5 {
            let started = Instant::now();
            let bytes = serde_json::to_vec(&grid)?;
            floor.push(started.elapsed());
            assert_eq!(bytes.len(), body.len());
        }
        let router = serve(&store, &group).await?;
        answer(&router, "identity").await?;
        let started = Instant::now();
        let compressed = answer(&router, "br").await?;
        let compression = started.elapsed().as_secs_f64() * 1000.0;
        writeln!(
            out,
            "grid {group}: {} kB, {} kB brotli (compressed once, in {compression:.0} ms)",
            body.len() / 1000,
            compressed.len() / 1000,
        )?;
        let floor = median(floor);
        writeln!(
            out,
            "  ready: {:.3} ms (goal {}); cold, from the database: {:.1} ms (goal {}); floor, only serialising: {floor:.1} ms",
            median(warm),
            goal(warm_goal),
            median(cold),
            goal(cold_goal),
        )?;
    }
    store.close().await;
    Ok(())
}
