//! A backfill of 100,000 builds that is killed three times on the way, and whether it ends with the same
//! content of the database as one that nobody disturbed. The bucket is a server of objects on loopback.
//!
//! `cargo bench -p seamgrid --bench backfill -- 0.1` for a tenth of it, which is also what it does when
//! nothing is said.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod farm;

use std::time::Instant;

use seamgrid::{clock::now_ms, store::Store};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use xxhash_rust::xxh3::Xxh3Default;

use self::farm::{
    Failure,
    build::RUN_MS,
    objects::{Jobs, ObjectServer, become_server},
    process::Seamgrid,
    settings, sqlite, verdict, wait_for,
};

const WHOLE: f64 = 100_000.0;
const SCALE: f64 = 0.1;
const JOBS: usize = 20;
const TESTS: usize = 30;
const MINUTE_MS: i64 = 60_000;
const KILLS: u64 = 3;

/// What is stored, but for numbers that only the database gives and for when it was stored.
const RUNS: &str = "SELECT g.name || '/' || build || ' ' || label || ' ' || path || ' ' || started_ms \
     || ' ' || COALESCE(finished_ms, -1) || ' ' || open || ' ' || rank || ' ' || headers || ' ' || problems \
     || ' ' || emails || ' ' || COALESCE(versions, '') AS text, run.hash AS hash, statuses, durations, details \
     FROM run JOIN test_group g ON g.id = group_id LEFT JOIN infra_vector v ON v.id = vector_id \
     ORDER BY g.name, build";
const TESTS_STORED: &str = "SELECT g.name || '/' || ordinal || ' ' || test.name || ' ' || \
     COALESCE(test.id, '') AS text FROM test JOIN test_group g ON g.id = group_id ORDER BY g.name, ordinal";
const GROUPS: &str =
    "SELECT name || ' ' || config_hash || ' ' || mark AS text FROM test_group ORDER BY name";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    become_server().await?;
    let scale = std::env::args().find_map(|argument| argument.parse::<f64>().ok());
    let scale = scale.unwrap_or(SCALE);
    let of_each = (WHOLE * scale / JOBS as f64).round().max(1.0) as usize;
    let builds = (of_each * JOBS) as u64;
    let jobs = Jobs {
        count: JOBS,
        tests: TESTS,
        before: of_each,
        before_ms: now_ms() - MINUTE_MS,
        begin_ms: now_ms() - MINUTE_MS,
        every_ms: (MINUTE_MS, MINUTE_MS),
        run_ms: RUN_MS,
        most: of_each,
    };
    println!("{builds} builds of {TESTS} tests, {scale} of the {WHOLE:.0}; killed {KILLS} times");
    let objects = ObjectServer::start(jobs)?;

    let folder = settings("bench-backfill-calm", jobs, &objects.address, 3600)?;
    let begun = Instant::now();
    Seamgrid::start(&folder, &sqlite(&folder), &["update", "--once"], None)?.wait()?;
    let calm = begun.elapsed().as_secs_f64();
    let expected = checksum(&sqlite(&folder)).await?;
    println!(
        "undisturbed: {calm:.1} s, {:.0} builds/s",
        builds as f64 / calm
    );

    let folder = settings("bench-backfill-killed", jobs, &objects.address, 3600)?;
    let database = sqlite(&folder);
    let begun = Instant::now();
    let store = Store::open(&database).await?;
    for kill in 1..=KILLS {
        let process = Seamgrid::start(&folder, &database, &["update", "--once"], None)?;
        wait_for(&store, builds * kill / (KILLS + 1)).await?;
        process.kill()?;
    }
    Seamgrid::start(&folder, &database, &["update", "--once"], None)?.wait()?;
    let killed = begun.elapsed().as_secs_f64();
    let found = checksum(&database).await?;
    println!(
        "killed: {killed:.1} s, {:.2} × the undisturbed one",
        killed / calm
    );
    println!(
        "goal: the same content: {} and {} rows, {:016x} and {:016x}, {}",
        expected.0,
        found.0,
        expected.1,
        found.1,
        verdict(expected == found && expected.0 > builds)
    );
    Ok(())
}

/// How many rows there are, and a hash of what they say.
async fn checksum(database: &str) -> Result<(u64, u64), Failure> {
    let mut connection = SqliteConnection::connect(database).await?;
    let mut hasher = Xxh3Default::new();
    let mut rows = 0;
    for (statement, is_run) in [(GROUPS, false), (TESTS_STORED, false), (RUNS, true)] {
        for row in sqlx::query(statement).fetch_all(&mut connection).await? {
            rows += 1;
            let text: String = row.try_get("text")?;
            hasher.update(text.as_bytes());
            hasher.update(&[0xff]);
            for column in ["hash", "statuses", "durations", "details"] {
                if is_run {
                    let bytes: Vec<u8> = row.try_get(column)?;
                    hasher.update(&bytes.len().to_le_bytes());
                    hasher.update(&bytes);
                }
            }
        }
    }
    connection.close().await?;
    Ok((rows, hasher.digest()))
}
