//! How soon after its end a build can be seen, when the bucket tells of it and when it is only looked at
//! again and again. The bucket is a server of objects on loopback, the reader asks over HTTP.
//!
//! `cargo bench -p seamgrid --bench fresh`
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod farm;

use std::time::Duration;

use seamgrid::clock::now_ms;
use serde_json::{Value, json};

use self::farm::{
    BUCKET, Failure, Farm, SECRET,
    build::{Build, job},
    client,
    objects::{Jobs, become_server},
    p95, verdict,
};

const JOBS: usize = 40;
/// Builds of each job that were there before, and that end while it is watched.
const BEFORE: usize = 40;
const WATCHED: usize = 2;
const TESTS: usize = 300;
/// Between two builds of a job: so two end each second.
const EVERY_MS: i64 = 20_000;
const HOUR_MS: i64 = 3_600_000;
/// How long the builds of before may take.
const WARM_MS: i64 = 30_000;
const POLL_SECS: u64 = 10;
/// Beyond what is waited for anyway.
const GOAL: Duration = Duration::from_secs(2);
/// How often the reader asks.
const ASK: Duration = Duration::from_millis(50);
const PATIENCE_MS: i64 = 120_000;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    become_server().await?;
    println!(
        "{} builds of {TESTS} tests of {JOBS} jobs, two a second, each asked for every {} ms",
        JOBS * WATCHED,
        ASK.as_millis()
    );
    let notified = measure("notified", 3600, true).await?;
    println!(
        "goal: p95 below {:.1} s when notified: {:.2} s, {}",
        GOAL.as_secs_f64(),
        notified.as_secs_f64(),
        verdict(notified < GOAL)
    );
    let polled = measure("polled", POLL_SECS, false).await?;
    let goal = GOAL + Duration::from_secs(POLL_SECS);
    println!(
        "goal: p95 below {:.1} s when looked at every {POLL_SECS} s: {:.2} s, {}",
        goal.as_secs_f64(),
        polled.as_secs_f64(),
        verdict(polled < goal)
    );
    Ok(())
}

/// What 95 of 100 builds waited at most.
async fn measure(name: &str, poll_secs: u64, notify: bool) -> Result<Duration, Failure> {
    let jobs = Jobs::past(JOBS, BEFORE, TESTS, HOUR_MS).and_then(
        now_ms() + WARM_MS,
        EVERY_MS,
        BEFORE + WATCHED,
    );
    let farm = Farm::new(
        &format!("bench-fresh-{name}"),
        jobs,
        &format!("poll_secs: {poll_secs}"),
    )?;
    let (process, address) = farm.serve(&[])?;
    let client = client();
    let watched =
        (0..JOBS).flat_map(|index| (0..WATCHED).map(move |number| (index, BEFORE + number)));
    let mut watching = Vec::new();
    for (index, number) in watched {
        let build = jobs.build(index, number);
        let (client, address) = (client.clone(), address.clone());
        watching.push(tokio::spawn(watch(client, address, build, notify)));
    }
    let mut waited = Vec::new();
    for watched in watching {
        waited.push(watched.await??);
    }
    waited.sort_unstable();
    println!(
        "{name}: from the end of a build until it is seen: median {:.2} s, p95 {:.2} s, most {:.2} s",
        waited[waited.len() / 2].as_secs_f64(),
        p95(waited.clone()).as_secs_f64(),
        waited.last().copied().unwrap_or_default().as_secs_f64(),
    );
    process.kill()?;
    Ok(p95(waited))
}

/// Waits for the end of a build, tells of it if that is wanted, and asks until it is there.
async fn watch(
    client: reqwest::Client,
    address: String,
    build: Build,
    notify: bool,
) -> Result<Duration, Failure> {
    let until_ms = build.finished_ms - now_ms();
    tokio::time::sleep(Duration::from_millis(until_ms.max(0) as u64)).await;
    let (job, id) = (job(build.job), build.id());
    if notify {
        let object = format!("logs/{job}/{id}/finished.json");
        let envelope = json!({"message": {"attributes": {
            "bucketId": BUCKET, "objectId": object, "eventType": "OBJECT_FINALIZE",
        }}});
        client
            .post(format!("{address}/api/v2/notify/gcs"))
            .header("x-seamgrid-secret", SECRET)
            .body(envelope.to_string())
            .send()
            .await?
            .error_for_status()?;
    }
    let tab = format!(
        "{address}/api/v2/dashboards/bench/tabs/tab-{}/grid?columns=1",
        build.job
    );
    loop {
        let grid = client.get(&tab).send().await?.bytes().await?;
        let grid: Value = serde_json::from_slice(&grid)?;
        let waited_ms = now_ms() - build.finished_ms;
        if grid["columns"][0]["build"] == id {
            return Ok(Duration::from_millis(waited_ms.max(0) as u64));
        }
        if waited_ms > PATIENCE_MS {
            return Err(format!("build {id} of {job} is not there: {grid}").into());
        }
        tokio::time::sleep(ASK).await;
    }
}
