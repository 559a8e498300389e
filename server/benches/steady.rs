//! What it costs to keep up with an installation of Kubernetes' size: 5,815 jobs that are looked at every
//! five minutes, 15,000 builds a day. A tenth of it is measured, at many times the speed: what a process
//! computes that has nothing to look at is measured alone and not multiplied.
//!
//! `cargo bench -p seamgrid --bench steady`
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod farm;

use std::time::{Duration, Instant};

use seamgrid::{clock::now_ms, store::Store};

use self::farm::{
    Failure,
    build::RUN_MS,
    fill,
    objects::{Jobs, ObjectServer, become_server},
    process::Seamgrid,
    settings, sqlite, verdict,
};

/// Of the whole.
const PART: f64 = 10.0;
const JOBS: usize = 581;
const BUILDS_A_DAY: f64 = 1_500.0;
const DAY_MS: f64 = 86_400_000.0;
const POLL_SECS: f64 = 300.0;
/// How much faster than it is.
const FASTER: f64 = 30.0;
/// Builds of each job that are there already: those of the fifteen days that groups keep.
const BEFORE: usize = 39;
const TESTS: usize = 300;
const MEASURED: Duration = Duration::from_secs(60);
/// How long what follows from the builds of before may take to be shown.
const WARM: Duration = Duration::from_secs(40);
const GOAL_PERCENT: f64 = 15.0;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    become_server().await?;
    let every_ms = (JOBS as f64 / BUILDS_A_DAY * DAY_MS) as i64;
    let before = Jobs {
        count: JOBS,
        tests: TESTS,
        before: BEFORE,
        before_ms: now_ms() - RUN_MS,
        begin_ms: now_ms(),
        every_ms: (every_ms, (every_ms as f64 / FASTER) as i64),
        run_ms: RUN_MS,
        most: BEFORE,
    };
    println!(
        "{JOBS} jobs with {BEFORE} builds of {TESTS} tests each, {BUILDS_A_DAY:.0} builds a day, at \
         {FASTER:.0} times the speed"
    );
    let poll_secs = (POLL_SECS / FASTER) as u64;
    let objects = ObjectServer::start(before)?;
    let folder = settings("bench-steady", before, &objects.address, poll_secs)?;
    let database = sqlite(&folder);
    let begun = Instant::now();
    Seamgrid::start(&folder, &database, &["update", "--once"], None)?.wait()?;
    println!(
        "{} builds of before read in {:.0} s",
        JOBS * BEFORE,
        begun.elapsed().as_secs_f64()
    );
    drop(objects);

    let jobs = Jobs {
        begin_ms: now_ms(),
        most: usize::MAX,
        ..before
    };
    let objects = ObjectServer::start(jobs)?;
    fill(&folder, jobs, &objects.address, poll_secs)?;
    let store = Store::open(&database).await?;
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let process = Seamgrid::start(&folder, &database, &serve, None)?;
    tokio::time::sleep(WARM).await;
    let before = stored(&store).await?;
    let busy = share(&process).await?;
    let read = stored(&store).await? - before;
    process.kill()?;

    // The same with nothing to look at: a server that only shows.
    let idle = Seamgrid::start(
        &folder,
        &database,
        &["serve", "--no-update", "--listen", "127.0.0.1:0"],
        None,
    )?;
    tokio::time::sleep(WARM).await;
    let idle_share = share(&idle).await?;
    idle.kill()?;

    let looks = JOBS as f64 * MEASURED.as_secs_f64() / poll_secs as f64;
    println!(
        "busy: {:.1} % of a processor, {looks:.0} looks and {read} new builds in {} s; idle: {:.1} %",
        busy * 100.0,
        MEASURED.as_secs(),
        idle_share * 100.0
    );
    let whole = idle_share + (busy - idle_share).max(0.0) / FASTER * PART;
    println!(
        "goal: below {GOAL_PERCENT:.0} % of a processor for {:.0} jobs and {:.0} builds a day: {:.1} %, {}",
        JOBS as f64 * PART,
        BUILDS_A_DAY * PART,
        whole * 100.0,
        verdict(whole * 100.0 < GOAL_PERCENT)
    );
    Ok(())
}

async fn stored(store: &Store) -> Result<u64, Failure> {
    let groups = store.load_groups().await?;
    Ok(groups.iter().map(|group| group.run_count as u64).sum())
}

/// What a process computes from now on, as a share of one processor.
async fn share(process: &Seamgrid) -> Result<f64, Failure> {
    let (begun, before) = (Instant::now(), process.cpu()?);
    tokio::time::sleep(MEASURED).await;
    let computed = process.cpu()? - before;
    Ok(computed.as_secs_f64() / begun.elapsed().as_secs_f64())
}
