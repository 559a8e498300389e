//! How fast builds come into PostgreSQL beside SQLite, and with two processes beside one. The server is the
//! one that `SEAMGRID_TEST_DATABASE` names, as `cargo xtask bench engines` sets it.
//!
//! The engines are compared over a local bucket, which costs nearly nothing. Two processes can only be twice
//! as fast as one while there are processors for both, and the database and the bucket take some too: so one
//! and two are compared where they wait as they do for a bucket elsewhere. Every answer of a server of
//! objects takes [`ANSWER_MS`], each process has one thread for its work, and there are more groups than
//! places, as there are everywhere. How busy all processors were stands beside it.
//!
//! `cargo bench -p seamgrid --bench engines`
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod farm;

use std::{fs, path::Path};

use seamgrid::store::Store;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use self::farm::{
    Failure, Farm,
    build::job,
    objects::{Jobs, become_server},
    process::{Busy, Seamgrid},
    settings, sqlite, verdict, wait_for,
};

const JOBS: usize = 8;
const BUILDS: usize = 150;
const TESTS: usize = 300;
const HOUR_MS: i64 = 3_600_000;
const ROUNDS: usize = 2;
const GOAL_SHARE: f64 = 0.6;
/// Of the world with a bucket elsewhere.
const FAR_JOBS: usize = 64;
const FAR_BUILDS: usize = 20;
/// What Google's storage takes for a small object in another region.
const ANSWER_MS: u64 = 100;
const GOAL_TWO: f64 = 1.6;
/// Above this share of all processors the machine is what is measured.
const FULL: f64 = 0.9;
/// Nothing is looked at twice.
const UPDATE: &str = "poll_secs: 3600";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    become_server().await?;
    let server = std::env::var("SEAMGRID_TEST_DATABASE").map_err(
        |_| "SEAMGRID_TEST_DATABASE names no server; `cargo xtask bench engines` starts one",
    )?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    println!("builds of {TESTS} tests, {processors} processors, best of {ROUNDS}");
    compare_engines(&server).await?;
    compare_processes(&server).await
}

async fn compare_engines(server: &str) -> Result<(), Failure> {
    let jobs = Jobs::past(JOBS, BUILDS, TESTS, HOUR_MS);
    let bucket = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-engines-bucket");
    write(jobs, &bucket)?;
    let url = format!("file://{}", bucket.display());
    let folder = settings("bench-engines", jobs, &url, UPDATE)?;
    let file = sqlite(&folder);
    let (mut small, mut large) = (0.0_f64, 0.0_f64);
    for round in 0..ROUNDS {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.join(format!("seamgrid.db{suffix}")));
        }
        small = small.max(ingest(&folder, &file, &[None], jobs).await?.0);
        let schema = schema(server, &format!("whole_{round}")).await?;
        large = large.max(ingest(&folder, &schema, &[None], jobs).await?.0);
    }
    println!("from a local bucket into SQLite: {small:.0} builds/s");
    println!("from a local bucket into PostgreSQL: {large:.0} builds/s");
    println!(
        "goal: PostgreSQL at least {GOAL_SHARE:.2} × SQLite: {:.2} ×, {}",
        large / small,
        verdict(large >= GOAL_SHARE * small)
    );
    Ok(())
}

async fn compare_processes(server: &str) -> Result<(), Failure> {
    let jobs = Jobs {
        answer_ms: ANSWER_MS,
        ..Jobs::past(FAR_JOBS, FAR_BUILDS, TESTS, HOUR_MS)
    };
    let farm = Farm::new("bench-engines-far", jobs, UPDATE)?;
    let (mut one, mut two) = ((0.0_f64, 0.0), (0.0_f64, 0.0));
    for round in 0..ROUNDS {
        for (name, threads, best) in [
            ("one", &[Some(1)][..], &mut one),
            ("two", &[Some(1), Some(1)], &mut two),
        ] {
            let schema = schema(server, &format!("{name}_{round}")).await?;
            let found = ingest(&farm.folder, &schema, threads, jobs).await?;
            if found.0 > best.0 {
                *best = found;
            }
        }
    }
    for (name, (rate, busy)) in [("one process", one), ("two processes", two)] {
        println!(
            "from a bucket that answers after {ANSWER_MS} ms into PostgreSQL, {name}: {rate:.0} builds/s, \
             processors {:.0} % busy",
            busy * 100.0
        );
    }
    let ratio = two.0 / one.0;
    let judged = if ratio < GOAL_TWO && two.1 > FULL {
        "not to be told here: there was no processor left"
    } else {
        verdict(ratio >= GOAL_TWO)
    };
    println!("goal: two processes at least {GOAL_TWO:.1} × one: {ratio:.2} ×, {judged}");
    Ok(())
}

/// How many builds a second processes with so many threads each store together, from their start on; and the
/// share of all processors that was busy meanwhile.
async fn ingest(
    folder: &Path,
    database: &str,
    threads: &[Option<usize>],
    jobs: Jobs,
) -> Result<(f64, f64), Failure> {
    // The schema is there before anybody begins.
    let store = Store::open(database).await?;
    let before = Busy::now()?;
    let mut processes = Vec::new();
    for &threads in threads {
        processes.push(Seamgrid::start(folder, database, &["update"], threads)?);
    }
    let taken = wait_for(&store, jobs.total() as u64).await?;
    let busy = Busy::now()?.share_since(&before);
    for process in processes {
        process.kill()?;
    }
    store.close().await;
    Ok((jobs.total() as f64 / taken.as_secs_f64(), busy))
}

/// A new, empty schema of the server.
async fn schema(server: &str, name: &str) -> Result<String, Failure> {
    let mut connection = PgConnection::connect(server).await?;
    let name = format!("bench_{name}");
    for statement in [
        format!("DROP SCHEMA IF EXISTS {name} CASCADE"),
        format!("CREATE SCHEMA {name}"),
    ] {
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    connection.close().await?;
    let separator = if server.contains('?') { '&' } else { '?' };
    Ok(format!("{server}{separator}options[search_path]={name}"))
}

/// Writes the bucket anew, for its builds are as old as it is.
fn write(jobs: Jobs, bucket: &Path) -> Result<(), Failure> {
    if bucket.exists() {
        fs::remove_dir_all(bucket)?;
    }
    for index in 0..JOBS {
        for number in 0..BUILDS {
            let build = jobs.build(index, number);
            let folder = bucket.join("logs").join(job(index)).join(build.id());
            fs::create_dir_all(folder.join("artifacts"))?;
            for (name, content) in build.files() {
                fs::write(folder.join(name), content)?;
            }
        }
    }
    Ok(())
}
