//! How fast builds come from a server of objects on loopback into a process that serves reads meanwhile,
//! and how much memory it takes, beside the floor: the same objects only fetched.
//!
//! `cargo bench -p seamgrid --bench remote`
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod farm;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future, stream};
use seamgrid::prow::layout;

use self::farm::{
    BUCKET, Failure, Farm,
    build::job,
    client,
    objects::{Jobs, become_server},
    p95, verdict, wait_for,
};

const JOBS: usize = 8;
const BUILDS: usize = 400;
const TESTS: usize = 300;
const AT_ONCE: usize = 16;
const HOUR_MS: i64 = 3_600_000;
const GOAL_BUILDS: f64 = 150.0;
const GOAL_MIB: f64 = 500.0;
/// Reads a second meanwhile.
const READS: u32 = 20;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    become_server().await?;
    let jobs = Jobs::past(JOBS, BUILDS, TESTS, HOUR_MS);
    let farm = Farm::new("bench-remote", jobs, "poll_secs: 3600")?;
    println!(
        "{} builds of {TESTS} tests on {} processors, shared with the server of objects and with {READS} \
         reads a second",
        JOBS * BUILDS,
        std::thread::available_parallelism().map_or(1, usize::from),
    );
    let (fetched, bytes) = fetch(jobs, &farm.objects.address).await?;
    let floor = (JOBS * BUILDS) as f64 / fetched.as_secs_f64();

    let store = farm.open().await?;
    let (process, address) = farm.serve(&[])?;
    let is_over = Arc::new(AtomicBool::new(false));
    let reads = tokio::spawn(read(address, is_over.clone()));
    let taken = wait_for(&store, (JOBS * BUILDS) as u64).await?;
    is_over.store(true, Ordering::Relaxed);
    let reads = reads.await??;
    let (peak, cpu) = (process.peak_mib()?, process.cpu()?);

    let rate = (JOBS * BUILDS) as f64 / taken.as_secs_f64();
    println!(
        "whole: {rate:.0} builds/s in {:.1} s, {:.1} MiB/s, processor {:.1} s",
        taken.as_secs_f64(),
        bytes as f64 / 1_048_576.0 / taken.as_secs_f64(),
        cpu.as_secs_f64()
    );
    println!(
        "floor: {floor:.0} builds/s of {AT_ONCE} at once fetched and thrown away; {:.2} × the floor",
        floor / rate
    );
    println!(
        "reads meanwhile: {}, p95 {:.0} ms",
        reads.len(),
        p95(reads).as_secs_f64() * 1000.0
    );
    println!(
        "goal: at least {GOAL_BUILDS:.0} builds/s: {rate:.0}, {}",
        verdict(rate >= GOAL_BUILDS)
    );
    println!(
        "goal: peak memory below {GOAL_MIB:.0} MiB: {peak:.0}, {}",
        verdict(peak < GOAL_MIB)
    );
    process.kill()
}

/// Asks for tabs and overviews until it is over; answers how long each took.
async fn read(address: String, is_over: Arc<AtomicBool>) -> Result<Vec<Duration>, Failure> {
    let client = client();
    let mut times = Vec::new();
    let mut next = tokio::time::interval(Duration::from_secs(1) / READS);
    while !is_over.load(Ordering::Relaxed) {
        next.tick().await;
        let number = times.len();
        let path = match number % 4 {
            0 => "/".to_owned(),
            1 => "/api/v2/dashboards/bench".to_owned(),
            _ => format!("/d/bench/tab-{}", number % JOBS),
        };
        let begun = Instant::now();
        let answer = client.get(format!("{address}{path}")).send().await?;
        // Until the first snapshot is published there is none.
        if answer.status().is_success() {
            answer.bytes().await?;
            times.push(begun.elapsed());
        }
    }
    Ok(times)
}

/// Lists and fetches what is wanted of all builds, and throws it away.
async fn fetch(jobs: Jobs, address: &str) -> Result<(Duration, usize), Failure> {
    let client = client();
    let begun = Instant::now();
    let builds = (0..JOBS).flat_map(|index| (0..BUILDS).map(move |number| (index, number)));
    let mut fetched = stream::iter(builds)
        .map(|(index, number)| {
            let client = &client;
            async move {
                let build = jobs.build(index, number);
                let folder = format!("logs/{}/{}", job(index), build.id());
                let list = format!("{address}/{BUCKET}?list-type=2&prefix={folder}/");
                let mut bytes = client.get(list).send().await?.bytes().await?.len();
                let files = build.files().into_iter().map(|(name, _)| name);
                let files = files
                    .filter(|name| layout::is_wanted(name))
                    .map(async |name| {
                        let file = format!("{address}/{BUCKET}/{folder}/{name}");
                        Ok::<_, Failure>(client.get(file).send().await?.bytes().await?.len())
                    });
                bytes += future::try_join_all(files)
                    .await?
                    .into_iter()
                    .sum::<usize>();
                Ok::<_, Failure>(bytes)
            }
        })
        .buffer_unordered(AT_ONCE);
    let mut bytes = 0;
    while let Some(fetched) = fetched.next().await {
        bytes += fetched?;
    }
    Ok((begun.elapsed(), bytes))
}
