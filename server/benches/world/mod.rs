//! What the benchmarks of answers look at: one tab of made-up builds.

use std::error::Error;

use model::{
    config::{Configuration, Dashboard, DashboardTab, TestGroup},
    infra::{ComponentKind, ComponentVersion, Source},
    run::{Cell, Run, TestResult},
    status::Status,
};
use seamgrid::{
    read::{Catalog, Reader},
    settings::Settings,
    store::{GroupConfig, Store},
};

const MINUTE_MS: i64 = 60_000;
const START_MS: i64 = 1_772_323_200_000;

/// Stores a group of this name with so many builds of so many tests.
pub(crate) async fn fill(
    store: &Store,
    group: &str,
    rows: usize,
    columns: usize,
) -> Result<(), Box<dyn Error>> {
    let config = GroupConfig {
        name: group.to_owned(),
        config_hash: String::new(),
    };
    let id = store.sync_groups(&[config]).await?[0].id;
    let runs: Vec<Run> = (0..columns).map(|build| build_run(build, rows)).collect();
    for runs in runs.chunks(50) {
        store.save_runs(id, runs, START_MS).await?;
    }
    Ok(())
}

/// A made-up build in which one cell of a hundred failed with a message; the infra changes every
/// 20 builds, the product with each.
pub(crate) fn build_run(build: usize, tests: usize) -> Run {
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

/// A reader of `store` with nothing published yet: dashboard `board` with one tab per group, called as it.
pub(crate) fn reader(store: &Store, groups: &[String]) -> Result<Reader, Box<dyn Error>> {
    let configuration = Configuration {
        test_groups: groups
            .iter()
            .map(|name| TestGroup {
                name: name.clone(),
                ..TestGroup::default()
            })
            .collect(),
        dashboards: vec![Dashboard {
            name: "board".into(),
            dashboard_tab: groups
                .iter()
                .map(|name| DashboardTab {
                    name: name.clone(),
                    test_group_name: name.clone(),
                    ..DashboardTab::default()
                })
                .collect(),
            ..Dashboard::default()
        }],
        ..Configuration::default()
    };
    let catalog = Catalog::new(&configuration, &[]);
    Ok(Reader::new(store.clone(), catalog, &Settings::default())?)
}
