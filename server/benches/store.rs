//! How fast results are stored, loaded and imported. Run by `cargo bench -p seamgrid --bench store`;
//! further arguments are folders of recorded answers to import.

use std::{
    error::Error,
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use model::{
    run::{Cell, Run, TestResult},
    status::Status,
};
use seamgrid::{store::Store, testgrid::import::import};

/// A made-up run of `tests` tests, of which one in a hundred failed with a message.
fn build_run(build: u64, tests: u64) -> Run {
    Run {
        build: (1_700_000_000_000 + build).to_string(),
        path: format!("bucket/logs/job/{build}"),
        started_ms: 1_790_000_000_000 + build as i64 * 60_000,
        finished_ms: Some(1_790_000_030_000 + build as i64 * 60_000),
        results: (0..tests)
            .map(|test| {
                let failed = (test * 7 + build * 13).is_multiple_of(100);
                TestResult {
                    name: format!("[sig-node] Pods should do thing number {test} [Conformance]"),
                    cell: Cell {
                        status: if failed { Status::Fail } else { Status::Pass },
                        icon: if failed { "F".into() } else { String::new() },
                        message: if failed {
                            format!("timed out waiting for the condition after {build} seconds")
                        } else {
                            String::new()
                        },
                        seconds: Some((test % 50) as f32 / 8.0),
                        ..Cell::default()
                    },
                }
            })
            .collect(),
        ..Run::default()
    }
}

/// After all made-up runs.
const NOW_MS: i64 = 1_800_000_000_000;
/// What nobody notices to wait for.
const GOAL: Duration = Duration::from_millis(100);

fn report(out: &mut impl std::io::Write, what: &str, time: Duration) -> std::io::Result<()> {
    let verdict = if time <= GOAL { "met" } else { "MISSED" };
    writeln!(
        out,
        "{what}: {time:.1?}; goal: at most {GOAL:.0?}, {verdict}"
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());

    let store = Store::open(&url("save.db")).await?;
    for batch in [1usize, 50] {
        let group = store.add_group(&format!("saved {batch} at once")).await?;
        let runs: Vec<Run> = (0..2_000).map(|build| build_run(build, 300)).collect();
        let started = Instant::now();
        for runs in runs.chunks(batch) {
            store.save_runs(group, runs, 0).await?;
        }
        let rate = runs.len() as f64 / started.elapsed().as_secs_f64();
        writeln!(
            out,
            "save, {batch} runs of 300 tests at once: {rate:.0} runs/s"
        )?;
        let started = Instant::now();
        for runs in runs.chunks(batch) {
            store.save_runs(group, runs, 0).await?;
        }
        let rate = runs.len() as f64 / started.elapsed().as_secs_f64();
        writeln!(out, "save the same again: {rate:.0} runs/s")?;
    }

    let group = store.add_group("large").await?;
    for start in (0..1_000).step_by(50) {
        let runs: Vec<Run> = (start..start + 50)
            .map(|build| build_run(build, 5_000))
            .collect();
        store.save_runs(group, &runs, 0).await?;
    }
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let started = Instant::now();
        let results = store.load_results(group, None).await?;
        best = best.min(started.elapsed());
        assert_eq!((results.runs.len(), results.tests.len()), (1_000, 5_000));
    }
    writeln!(out, "load 1,000 runs of 5,000 tests: {best:.1?}")?;
    let name = "[sig-node] Pods should do thing number 4999 [Conformance]";
    let numbers = async || {
        let mut best = Duration::MAX;
        for _ in 0..10 {
            let started = Instant::now();
            let numbers = store
                .load_test_numbers(group, name, name, 0, NOW_MS)
                .await?;
            best = best.min(started.elapsed());
            let runs: u32 = numbers.days.iter().map(|(_, day)| day.runs()).sum();
            assert_eq!(runs, 1_000);
        }
        Ok::<_, Box<dyn Error>>(best)
    };
    report(
        &mut out,
        "the numbers of one of these tests",
        numbers().await?,
    )?;
    let mut longest = Duration::ZERO;
    loop {
        let started = Instant::now();
        let deleted = store.delete_runs(group, NOW_MS, 0, 100).await?;
        longest = longest.max(started.elapsed());
        if deleted == 0 {
            break;
        }
    }
    report(
        &mut out,
        "delete 100 of these runs, which count on in their days, at most",
        longest,
    )?;
    report(
        &mut out,
        "the numbers of one of these tests then",
        numbers().await?,
    )?;
    store.close().await;

    let paths: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .map(PathBuf::from)
        .collect();
    if !paths.is_empty() {
        let store = Store::open(&url("import.db")).await?;
        for what in ["import", "import again"] {
            let started = Instant::now();
            let report = import(&store, &paths, 0, &|_| {}).await?;
            writeln!(
                out,
                "{what}: {} tables, {} cells in {:.1?}; {:?}",
                report.tables,
                report.cells,
                started.elapsed(),
                report.runs
            )?;
        }
        store.close().await;
        let size = std::fs::metadata(folder.path().join("import.db"))?.len();
        writeln!(out, "the database has {} MB", size / 1_000_000)?;
    }
    Ok(())
}
