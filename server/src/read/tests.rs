//! Publishing what is new gives what publishing everything gives.

use std::sync::atomic::AtomicI64;

use app::api::Read as _;
use model::{
    config::{
        Configuration, Dashboard, DashboardTab, HealthAnalysisOptions, StatusCustomizationOptions,
        TestGroup,
    },
    infra::{ComponentKind, ComponentVersion, Source},
    run::{Cell, Header, Run, TestResult},
    status::Status,
    tabulate::Test,
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::store::RecordedRun;

const HOUR_MS: i64 = 3_600_000;
const BEGIN_MS: i64 = 1_700_000_000_000;
const TESTS: usize = 5;

/// What time it is for the readers of the property below.
static NOW_MS: AtomicI64 = AtomicI64::new(0);

fn clock() -> i64 {
    NOW_MS.load(Ordering::Relaxed)
}

/// What happens to a group.
#[derive(Clone, Debug)]
enum Event {
    /// Runs are stored: new ones, late ones, others in the place of what was there.
    Save(Vec<Built>),
    /// A recorded run is merged in.
    Record(Built, i64),
    /// A test is known by another name.
    Identify(usize, usize),
    /// The configuration is another.
    Configure(usize),
    /// Hours pass.
    Wait(i64),
}

/// A run: which build, how many hours after the beginning, and one letter per test.
#[derive(Clone, Debug)]
struct Built {
    build: u32,
    hour: i64,
    letters: String,
    version: String,
    is_open: bool,
}

fn built() -> impl Strategy<Value = Built> {
    (
        0u32..14,
        0i64..4,
        "[PPPFFKRU.]{5}",
        "[ab?]",
        prop::bool::weighted(0.2),
    )
        .prop_map(|(build, late, letters, version, is_open)| Built {
            build,
            // Mostly in the order of the builds, with some that began late or together.
            hour: i64::from(build) * 3 - late,
            letters,
            version,
            is_open,
        })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => prop::collection::vec(built(), 1..4).prop_map(Event::Save),
        1 => (built(), 0i64..3).prop_map(|(built, rank)| Event::Record(built, rank)),
        1 => (0..TESTS, 0..TESTS).prop_map(|(test, id)| Event::Identify(test, id)),
        2 => (0..CONFIGURATIONS).prop_map(Event::Configure),
        2 => (1i64..40).prop_map(Event::Wait),
    ]
}

fn run(built: &Built) -> Run {
    let started_ms = BEGIN_MS + built.hour * HOUR_MS;
    Run {
        build: format!("{:03}", built.build),
        started_ms,
        finished_ms: (!built.is_open).then_some(started_ms + 60_000),
        open: built.is_open,
        results: built
            .letters
            .chars()
            .enumerate()
            .filter(|&(_, letter)| letter != '.')
            .map(|(test, letter)| {
                let status = match letter {
                    'P' => Status::Pass,
                    'F' => Status::Fail,
                    'K' => Status::Flaky,
                    'R' => Status::Running,
                    _ => Status::Unknown,
                };
                let failed = status == Status::Fail;
                TestResult {
                    name: format!("test {test}"),
                    cell: Cell {
                        message: if failed {
                            format!("{} of {}", built.letters, built.build)
                        } else {
                            String::new()
                        },
                        seconds: Some(f32::from(built.is_open)),
                        ..Cell::plain(status)
                    },
                }
            })
            .collect(),
        headers: vec![Header {
            name: "Commit".into(),
            value: format!("{}{}", built.version, built.build % 3),
        }],
        versions: vec![ComponentVersion {
            component: "test-infra".into(),
            kind: ComponentKind::Infra,
            version: (built.version != "?").then(|| built.version.repeat(9)),
            source: Source::CloneRecord,
            evidence: None,
        }],
        ..Run::default()
    }
}

const CONFIGURATIONS: usize = 5;

/// A group on three tabs: all of it, a part of it, and all of it with more asked of it.
fn configuration(which: usize) -> Configuration {
    let tab = |name: &str, base_options: &str| DashboardTab {
        name: name.into(),
        test_group_name: "group".into(),
        base_options: base_options.into(),
        ..DashboardTab::default()
    };
    Configuration {
        test_groups: vec![TestGroup {
            name: "group".into(),
            days_of_results: Some([2, 1, 2, 2, 1][which]),
            num_failures_to_alert: Some([2, 2, 1, 2, 0][which]),
            num_columns_recent: Some([4, 4, 4, 2, 8][which]),
            num_passes_to_disable_alert: Some([1, 1, 1, 2, 1][which]),
            use_kubernetes_client: Some(which != 3),
            column_header: vec![model::config::ColumnHeader {
                configuration_value: "Commit".into(),
                ..model::config::ColumnHeader::default()
            }],
            ..TestGroup::default()
        }],
        dashboards: vec![Dashboard {
            name: "board".into(),
            dashboard_tab: vec![
                tab("all", ""),
                tab(
                    "part",
                    ["include-filter-by-regex=[12]", "exclude-filter-by-regex=0"][which % 2],
                ),
                DashboardTab {
                    broken_column_threshold: Some(0.6),
                    health_analysis_options: Some(HealthAnalysisOptions {
                        enable: Some(true),
                        days_of_analysis: Some(1),
                        ..HealthAnalysisOptions::default()
                    }),
                    status_customization_options: Some(StatusCustomizationOptions {
                        max_acceptable_flakiness: Some(50.0),
                        ..StatusCustomizationOptions::default()
                    }),
                    ..tab("more", "")
                },
            ],
            ..Dashboard::default()
        }],
        ..Configuration::default()
    }
}

struct World {
    folder: TempDir,
    store: Store,
    group: GroupId,
}

async fn world() -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("it.db").display());
    let store = Store::open(&url).await.expect("a new database");
    let group = store.add_group("group").await.expect("a group");
    World {
        folder,
        store,
        group,
    }
}

fn reader(store: &Store, which: usize) -> Reader {
    let catalog = Catalog::new(&configuration(which), &[]);
    Reader::new(store.clone(), catalog, &Settings::default())
        .expect("the pattern is right")
        .with_clock(clock)
}

/// All that is published of each tab, and its grid.
async fn seen(reader: &Reader) -> Vec<(String, String)> {
    reader
        .publish_group("group")
        .await
        .expect("it is published");
    let mut seen = Vec::new();
    for (index, slot) in reader.published.load().tabs.iter().enumerate() {
        let state = format!("{:#?}", slot.load());
        let tab = ["all", "part", "more"][index];
        let grid = reader.published_grid("board", tab).await.expect("a grid");
        let json = String::from_utf8(grid.body(None).await.to_vec()).expect("it is JSON");
        seen.push((state, json));
    }
    seen
}

async fn check(events: Vec<Event>) -> Result<(), TestCaseError> {
    let World { store, group, .. } = &world().await;
    NOW_MS.store(BEGIN_MS, Ordering::Relaxed);
    let mut which = 0;
    let incremental = reader(store, which);
    // Nothing stays in memory as it is.
    let packing = reader(store, which).with_memory(0, 1 << 20);
    let mut versions: HashMap<(usize, String), String> = HashMap::new();
    for event in events {
        let at_ms = clock();
        let done = match &event {
            Event::Save(runs) => {
                let runs: Vec<Run> = runs.iter().map(run).collect();
                store.save_runs(*group, &runs, at_ms).await.map(|_| ())
            }
            Event::Record(built, rank) => {
                let recorded = RecordedRun {
                    run: run(built),
                    rank: *rank,
                };
                let merged = store.merge_runs(*group, &[recorded], at_ms, at_ms).await;
                merged.map(|_| ())
            }
            Event::Identify(test, id) => {
                let test = Test {
                    name: format!("test {test}"),
                    id: format!("test {id}"),
                };
                store.save_tests(*group, &[test]).await.map(|_| ())
            }
            Event::Configure(other) => {
                which = *other;
                for reader in [&incremental, &packing] {
                    reader.publish_catalog(Catalog::new(&configuration(which), &[]));
                }
                Ok(())
            }
            Event::Wait(hours) => {
                NOW_MS.store(at_ms + hours * HOUR_MS, Ordering::Relaxed);
                Ok(())
            }
        };
        done.expect("the database takes it");
        let found = seen(&incremental).await;
        let expected = seen(&reader(store, which)).await;
        prop_assert_eq!(&seen(&packing).await, &expected, "after {:?}", &event);
        for (tab, ((state, grid), (whole_state, whole_grid))) in
            found.iter().zip(&expected).enumerate()
        {
            prop_assert_eq!(state, whole_state, "tab {} after {:?}", tab, &event);
            prop_assert_eq!(grid, whole_grid, "tab {} after {:?}", tab, &event);
            // A version that comes again names the same grid.
            let read: model::grid::Grid = serde_json::from_str(grid).expect("a grid");
            prop_assert!(
                state.contains(&read.version),
                "the state has another version"
            );
            let known = versions
                .entry((tab, read.version))
                .or_insert_with(|| grid.clone());
            prop_assert_eq!(&*known, grid);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn publishing_what_is_new_is_publishing_everything(
        events in prop::collection::vec(event(), 1..14),
    ) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(check(events))?;
    }
}

#[tokio::test]
async fn one_more_run_reads_one_run() {
    let World {
        store,
        group,
        folder,
    } = &world().await;
    let built = |build: u32, letters: &str| {
        run(&Built {
            build,
            hour: i64::from(build),
            letters: letters.to_owned(),
            version: "a".into(),
            is_open: false,
        })
    };
    let first: Vec<Run> = (0..3).map(|build| built(build, "PPPPP")).collect();
    store.save_runs(*group, &first, 1).await.expect("saved");
    let catalog = || Catalog::new(&configuration(2), &[]);
    let incremental = Reader::new(store.clone(), catalog(), &Settings::default());
    let incremental = incremental.expect("the pattern is right");
    incremental.publish_all().await.expect("published");

    // Behind the store's back all runs but the newest are damaged: whoever reads them fails.
    let path = folder.path().join("it.db");
    let mut raw = <sqlx::SqliteConnection as sqlx::Connection>::connect(&format!(
        "sqlite://{}",
        path.display()
    ))
    .await
    .expect("the database");
    sqlx::query("UPDATE run SET statuses = x'ff'")
        .execute(&mut raw)
        .await
        .expect("damaged");
    store
        .save_runs(*group, &[built(3, "FPPPP")], 2)
        .await
        .expect("saved");
    incremental
        .publish_group("group")
        .await
        .expect("the damage is not read");
    let page = incremental.dashboard("board").expect("it is there");
    assert_eq!(page.tabs[0].strip.len(), 4);
    assert_eq!(page.tabs[0].failing_count, 1);
    let fresh = Reader::new(store.clone(), catalog(), &Settings::default());
    let fresh = fresh.expect("the pattern is right");
    assert!(
        fresh.publish_group("group").await.is_err(),
        "the damage is read"
    );
}
