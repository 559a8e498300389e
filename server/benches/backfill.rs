//! A backfill of 100,000 builds that is killed three times on the way, and whether it ends with the same
//! content of the database as one that nobody disturbed. The bucket is a server of objects on loopback that
//! keeps nothing; builds have only the files that every build has, for it is their number that counts.
//!
//! `cargo bench -p seamgrid --bench backfill -- 0.1` for a tenth of it, which is also what it does when
//! nothing is said.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod farm;

use std::time::Instant;

use seamgrid::clock::now_ms;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use xxhash_rust::xxh3::Xxh3Default;

use self::farm::{
    Failure, Farm,
    objects::{Jobs, become_server},
    verdict, wait_for,
};

const WHOLE: f64 = 100_000.0;
const SCALE: f64 = 0.1;
const JOBS: usize = 20;
const TESTS: usize = 30;
const MINUTE_MS: i64 = 60_000;
/// Of builds as old as that nothing is expected any more: what is stored does not depend on when it was read.
const SETTLED_MS: i64 = 2 * 86_400_000;
const KILLS: u64 = 3;
/// The groups of a process that was killed wait for the end of its leases.
const UPDATE: &str = "poll_secs: 3600, lease_secs: 1";

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
    let jobs = Jobs {
        is_bare: true,
        before_ms: now_ms() - SETTLED_MS,
        ..Jobs::past(JOBS, of_each, TESTS, MINUTE_MS)
    };
    let builds = jobs.total() as u64;
    println!("{builds} builds of {TESTS} tests, {scale} of the {WHOLE:.0}; killed {KILLS} times");

    let farm = Farm::new("bench-backfill-calm", jobs, UPDATE)?;
    let calm = farm.update_once()?.as_secs_f64();
    let expected = checksum(&farm.database).await?;
    println!(
        "undisturbed: {calm:.1} s, {:.0} builds/s, {:.1} s for each 10,000, {:.0} MiB on disk",
        builds as f64 / calm,
        calm * 10_000.0 / builds as f64,
        std::fs::metadata(farm.folder.join("seamgrid.db"))?.len() as f64 / 1_048_576.0
    );
    drop(farm);

    let farm = Farm::new("bench-backfill-killed", jobs, UPDATE)?;
    let begun = Instant::now();
    let store = farm.open().await?;
    for kill in 1..=KILLS {
        let process = farm.start(&["update", "--once"])?;
        wait_for(&store, builds * kill / (KILLS + 1)).await?;
        process.kill()?;
    }
    farm.update_once()?;
    let killed = begun.elapsed().as_secs_f64();
    let found = checksum(&farm.database).await?;
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
