//! How fast builds come from a local bucket into PostgreSQL beside SQLite, and with two processes beside
//! one. The server is the one that `SEAMGRID_TEST_DATABASE` names, as `cargo xtask bench engines` sets it.
//!
//! `cargo bench -p seamgrid --bench engines`
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod farm;

use std::{fs, path::Path, time::Duration};

use seamgrid::{clock::now_ms, store::Store};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use self::farm::{
    Failure,
    build::{RUN_MS, job},
    objects::Jobs,
    process::Seamgrid,
    settings, sqlite, verdict, wait_for,
};

const JOBS: usize = 8;
const BUILDS: usize = 150;
const TESTS: usize = 300;
const HOUR_MS: i64 = 3_600_000;
const ROUNDS: usize = 2;
const GOAL_SHARE: f64 = 0.6;
const GOAL_TWO: f64 = 1.6;
/// Two processes with one processor each, and one for the database.
const PROCESSORS: usize = 3;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let server = std::env::var("SEAMGRID_TEST_DATABASE").map_err(
        |_| "SEAMGRID_TEST_DATABASE names no server; `cargo xtask bench engines` starts one",
    )?;
    let jobs = Jobs {
        count: JOBS,
        tests: TESTS,
        before: BUILDS,
        before_ms: now_ms() - HOUR_MS,
        begin_ms: now_ms() - HOUR_MS,
        every_ms: (HOUR_MS, HOUR_MS),
        run_ms: RUN_MS,
        most: BUILDS,
    };
    let bucket = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-engines-bucket");
    write(jobs, &bucket)?;
    let url = format!("file://{}", bucket.display());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{} builds of {TESTS} tests, {processors} processors, best of {ROUNDS}",
        JOBS * BUILDS
    );
    let folder = settings("bench-engines", jobs, &url, 3600)?;
    let rate = |taken: Duration| (JOBS * BUILDS) as f64 / taken.as_secs_f64();

    let (mut small, mut large, mut one, mut two) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for round in 0..ROUNDS {
        let file = sqlite(&folder);
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.join(format!("seamgrid.db{suffix}")));
        }
        small = small.max(rate(ingest(&folder, &file, &[None]).await?));
        let schema = async |name: &str| schema(&server, &format!("{name}_{round}")).await;
        large = large.max(rate(
            ingest(&folder, &schema("whole").await?, &[None]).await?,
        ));
        one = one.max(rate(
            ingest(&folder, &schema("one").await?, &[Some(0)]).await?,
        ));
        let both = [Some(0), Some(1 % processors)];
        two = two.max(rate(ingest(&folder, &schema("two").await?, &both).await?));
    }
    println!("SQLite: {small:.0} builds/s");
    println!("PostgreSQL: {large:.0} builds/s");
    println!("PostgreSQL, one process on one processor: {one:.0} builds/s");
    println!("PostgreSQL, two processes on one processor each: {two:.0} builds/s");
    println!(
        "goal: PostgreSQL at least {GOAL_SHARE:.2} × SQLite: {:.2} ×, {}",
        large / small,
        verdict(large >= GOAL_SHARE * small)
    );
    let ratio = two / one;
    let judged = if ratio >= GOAL_TWO || processors >= PROCESSORS {
        verdict(ratio >= GOAL_TWO)
    } else {
        "not to be told here: the database has no processor of its own"
    };
    println!("goal: two processes at least {GOAL_TWO:.1} × one: {ratio:.2} ×, {judged}");
    Ok(())
}

/// How long it takes processes on these processors to store all builds, from their start on.
async fn ingest(
    folder: &Path,
    database: &str,
    processors: &[Option<usize>],
) -> Result<Duration, Failure> {
    // The schema is there before anybody begins.
    let store = Store::open(database).await?;
    let mut processes = Vec::new();
    for &processor in processors {
        processes.push(Seamgrid::start(folder, database, &["update"], processor)?);
    }
    let taken = wait_for(&store, (JOBS * BUILDS) as u64).await?;
    for process in processes {
        process.kill()?;
    }
    store.close().await;
    Ok(taken)
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
