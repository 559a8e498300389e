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
    Failure, Farm,
    build::RUN_MS,
    objects::{Jobs, become_server},
    process::Seamgrid,
    verdict,
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
const MEASURED: Duration = Duration::from_mins(1);
/// How long what follows from the builds of before may take to be shown.
const WARM: Duration = Duration::from_secs(40);
const GOAL_PERCENT: f64 = 15.0;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    become_server().await?;
    let every_ms = (JOBS as f64 / BUILDS_A_DAY * DAY_MS) as i64;
    // The newest of those before ended as long ago as a build takes.
    let before = Jobs {
        before_ms: now_ms() - RUN_MS,
        ..Jobs::past(JOBS, BEFORE, TESTS, every_ms)
    };
    println!(
        "{JOBS} jobs with {BEFORE} builds of {TESTS} tests each, {BUILDS_A_DAY:.0} builds a day, at \
         {FASTER:.0} times the speed"
    );
    let poll_secs = (POLL_SECS / FASTER) as u64;
    let farm = Farm::new("bench-steady", before, &format!("poll_secs: {poll_secs}"))?;
    println!(
        "{} builds of before read in {:.0} s",
        before.total(),
        farm.update_once()?.as_secs_f64()
    );

    let jobs = before.and_then(now_ms(), (every_ms as f64 / FASTER) as i64, usize::MAX);
    let farm = farm.with_jobs(jobs)?;
    let store = farm.open().await?;
    let (process, _) = farm.serve(&[])?;
    tokio::time::sleep(WARM).await;
    let before = stored(&store).await?;
    let busy = share(&process).await?;
    let read = stored(&store).await? - before;
    process.kill()?;

    // The same with nothing to look at: a server that only shows.
    let (idle, _) = farm.serve(&["--no-update"])?;
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
    Ok(groups.iter().map(|group| group.run_count).sum())
}

/// What a process computes from now on, as a share of one processor.
async fn share(process: &Seamgrid) -> Result<f64, Failure> {
    let (begun, before) = (Instant::now(), process.cpu()?);
    tokio::time::sleep(MEASURED).await;
    let computed = process.cpu()?.saturating_sub(before);
    Ok(computed.as_secs_f64() / begun.elapsed().as_secs_f64())
}
