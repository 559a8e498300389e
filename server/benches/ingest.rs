//! How fast builds come from a local bucket into a new SQLite database, beside the floor: the same
//! bytes only read and XML-parsed, on as many threads.
//!
//! `cargo bench -p seamgrid --bench ingest`
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "farm/build.rs"]
mod build;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use model::{
    config::{ColumnHeader, Configuration, TestGroup},
    tabulate::GroupResults,
};
use object_store::{local::LocalFileSystem, path::Path as StorePath};
use quick_xml::{Reader, events::Event};
use seamgrid::{
    bucket::{Bucket, Buckets, Limits},
    pipeline::{Pipeline, Unpublished, progress::Unwatched, update_groups},
    prow::{self, BuildFile, BuildFiles, ParseOptions, layout},
    settings::Settings,
    store::Store,
};

use self::build::{Build, RUN_MS, job};

const BUCKET: &str = "bench";
const JOBS: usize = 6;
const BUILDS: usize = 100;
const TESTS: usize = 300;
const THREADS: usize = 2;
const ROUNDS: usize = 3;
/// 2026-03-01T00:00:00Z; a build an hour before that.
const NOW_MS: i64 = 1_772_323_200_000;
const HOUR_MS: i64 = 3_600_000;
/// Raise when what is written changes.
const VERSION: u32 = 2;
const GOAL_BUILDS: f64 = 300.0;
const GOAL_RATIO: f64 = 3.0;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-ingest");
    let bucket = folder.join("bucket");
    write_bucket(&folder, &bucket)?;
    let builds = list_builds();

    let (bytes, _) = read_all(&bucket, &builds, false)?;
    let mib = bytes as f64 / 1_048_576.0;
    println!(
        "{} builds of {TESTS} tests, {mib:.0} MiB in all; {THREADS} threads, best of {ROUNDS}",
        builds.len()
    );
    let show = |name: &str, time: Taken| {
        let secs = time.wall.as_secs_f64();
        let cpu = match time.cpu {
            Some(cpu) => format!("{:>6.0} ms", cpu.as_secs_f64() * 1000.0),
            None => "unknown".to_owned(),
        };
        println!(
            "{name:<49} {:>6.0} ms {:>7.0} builds/s {:>5.0} MiB/s, processor {cpu}",
            secs * 1000.0,
            builds.len() as f64 / secs,
            mib / secs
        );
    };

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()?;
    // First, so that the peak of memory is that of the whole journey and of nothing else.
    let whole = best(|| runtime.block_on(ingest(&folder, &bucket)))?;
    let peak = peak_rss();
    show("whole: bucket → runs → SQLite", whole);

    let local = Buckets::new(
        vec![Bucket::from_folder(BUCKET, &bucket)],
        Limits::default(),
    );
    let time = best(|| runtime.block_on(read_folders(&local, &builds, None)))?;
    show("  of that: read files", time);
    let time = best(|| runtime.block_on(read_folders(&local, &builds, Some(parse))))?;
    show("  of that: read and parse files", time);
    let store = LocalFileSystem::new_with_prefix(&bucket)?;
    let generic = Buckets::new(
        vec![Bucket::from_store(
            BUCKET,
            Arc::new(store),
            StorePath::default(),
        )],
        Limits::default(),
    );
    let time = best(|| runtime.block_on(read_folders(&generic, &builds, None)))?;
    show("  not used: read files through LocalFileSystem", time);

    let floor = best(|| Ok(read_all(&bucket, &builds, true)?.1))?;
    show("floor: read files, parse XML, keep nothing", floor);

    let rate = builds.len() as f64 / whole.wall.as_secs_f64();
    let ratio = whole.wall.as_secs_f64() / floor.wall.as_secs_f64();
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    println!(
        "goal: at least {GOAL_BUILDS:.0} builds/s: {rate:.0}, {}",
        verdict(rate >= GOAL_BUILDS)
    );
    println!(
        "goal: within {GOAL_RATIO:.0} × the floor: {ratio:.2} ×, {}",
        verdict(ratio <= GOAL_RATIO)
    );
    if let Some((whole, floor)) = whole.cpu.zip(floor.cpu) {
        println!(
            "processor time: {:.2} × the floor",
            whole.as_secs_f64() / floor.as_secs_f64()
        );
    }
    match peak {
        Some(kib) => println!("peak resident memory: {:.0} MiB", kib as f64 / 1024.0),
        None => println!("peak resident memory: not known on this system"),
    }
    Ok(())
}

/// How long a stage took.
#[derive(Clone, Copy)]
struct Taken {
    /// The shortest round.
    wall: Duration,
    /// What all threads computed in a round on average: on a busy machine the steadier figure.
    cpu: Option<Duration>,
}

fn best(mut round: impl FnMut() -> Result<Duration, Failure>) -> Result<Taken, Failure> {
    let before = cpu_time();
    let mut wall = round()?;
    for _ in 1..ROUNDS {
        wall = wall.min(round()?);
    }
    let cpu = cpu_time()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before) / ROUNDS as u32);
    Ok(Taken { wall, cpu })
}

/// The processor time of this process so far, in its own and in the system's code.
fn cpu_time() -> Option<Duration> {
    /// Of the clock that `/proc` counts in, everywhere Linux runs.
    const TICKS_PER_SEC: u64 = 100;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold spaces; the fields follow its closing bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SEC))
}

fn build(index: usize, hours_ago: usize) -> Build {
    let started_ms = NOW_MS - hours_ago as i64 * HOUR_MS;
    Build {
        job: index,
        number: hours_ago,
        started_ms,
        finished_ms: started_ms + RUN_MS,
        tests: TESTS,
        is_bare: false,
    }
}

fn groups() -> Vec<TestGroup> {
    (0..JOBS)
        .map(|index| TestGroup {
            name: job(index),
            gcs_prefix: layout::job_prefix(BUCKET, &job(index)),
            column_header: vec![ColumnHeader {
                configuration_value: "Commit".into(),
                ..ColumnHeader::default()
            }],
            ..TestGroup::default()
        })
        .collect()
}

/// `(job, build)` of all builds.
fn list_builds() -> Vec<(String, String)> {
    (0..JOBS)
        .flat_map(|index| (1..=BUILDS).map(move |hours| (job(index), build(index, hours).id())))
        .collect()
}

fn wanted(name: &str) -> Option<u64> {
    layout::is_wanted(name).then(|| layout::size_cap(name))
}

/// All of it: discover, read, parse, store.
async fn ingest(folder: &Path, bucket: &Path) -> Result<Duration, Failure> {
    let database = folder.join("ingest.db");
    for suffix in ["", "-wal", "-shm"] {
        match fs::remove_file(format!("{}{suffix}", database.display())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let store = Store::open(&format!("sqlite://{}", database.display())).await?;
    let configuration = Configuration {
        test_groups: groups(),
        ..Configuration::default()
    };
    let buckets = Buckets::new(vec![Bucket::from_folder(BUCKET, bucket)], Limits::default());
    let pipeline = Pipeline::new(
        store.clone(),
        buckets,
        &configuration,
        &Settings::default(),
        Unpublished,
    )
    .with_clock(|| NOW_MS);
    let begin = Instant::now();
    let report = update_groups(&pipeline, None, &Unwatched).await;
    let time = begin.elapsed();
    if report.saved.inserted as usize != JOBS * BUILDS
        || report.problems > 0
        || !report.errors.is_empty()
    {
        return Err(format!("not all builds arrived: {report:?}").into());
    }
    let stored = store.load_groups().await?;
    for group in stored {
        let GroupResults { tests, .. } = store.load_results(group.id, None).await?;
        if tests.len() < TESTS {
            return Err(format!("{} has only {} tests", group.name, tests.len()).into());
        }
    }
    store.close().await;
    Ok(time)
}

/// Reads all builds' files, and makes something of them.
async fn read_folders(
    buckets: &Buckets,
    builds: &[(String, String)],
    then: Option<fn(&BuildFiles) -> usize>,
) -> Result<Duration, Failure> {
    let begin = Instant::now();
    let mut reads = stream::iter(builds)
        .map(|(job, build)| async move {
            let path = layout::build_folder(&layout::job_prefix(BUCKET, job), build);
            let folder = buckets.read_folder(&path, wanted).await?;
            let Some(then) = then else {
                return Ok::<_, Failure>(folder.files.len());
            };
            let files = BuildFiles {
                bucket_path: path,
                job: job.clone(),
                build: build.clone(),
                files: folder
                    .files
                    .iter()
                    .map(|file| BuildFile {
                        name: file.name.clone(),
                        content: file.content.clone(),
                    })
                    .collect(),
            };
            Ok(tokio::task::spawn_blocking(move || then(&files)).await?)
        })
        .buffer_unordered(16);
    let mut total = 0;
    while let Some(count) = reads.next().await {
        total += count?;
    }
    if total == 0 {
        return Err("nothing was read".into());
    }
    Ok(begin.elapsed())
}

fn parse(files: &BuildFiles) -> usize {
    let settings = Settings::default();
    let group = TestGroup::default();
    let options = ParseOptions {
        group: &group,
        components: &settings.infra.components,
        several_prefixes: false,
        now_ms: NOW_MS,
        stop_ms: 0,
    };
    prow::parse_build(files, &options).results.len()
}

/// Reads the same files with nothing but the system's calls, and parses the XML: its events and their
/// attributes.
fn read_all(
    bucket: &Path,
    builds: &[(String, String)],
    is_parsed: bool,
) -> Result<(u64, Duration), Failure> {
    let next = AtomicUsize::new(0);
    let (bytes, events) = (AtomicU64::new(0), AtomicU64::new(0));
    let failed: Mutex<Option<String>> = Mutex::new(None);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((job, build)) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let folder = bucket.join("logs").join(job).join(build);
                    match read_one(&folder, is_parsed) {
                        Ok((read, seen)) => {
                            bytes.fetch_add(read, Ordering::Relaxed);
                            events.fetch_add(seen, Ordering::Relaxed);
                        }
                        Err(error) => {
                            if let Ok(mut failed) = failed.lock() {
                                *failed = Some(format!("{}: {error}", folder.display()));
                            }
                        }
                    }
                }
            });
        }
    });
    let time = begin.elapsed();
    match failed.into_inner() {
        Ok(None) => {}
        failed => return Err(format!("{failed:?}").into()),
    }
    if is_parsed && (events.into_inner() as usize) < builds.len() * TESTS {
        return Err("the floor saw too few tests".into());
    }
    Ok((bytes.into_inner(), time))
}

fn read_one(folder: &Path, is_parsed: bool) -> Result<(u64, u64), Failure> {
    let (mut bytes, mut events) = (0, 0);
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path: PathBuf = entry.path();
            if entry.file_type()?.is_dir() {
                ahead.push(path);
                continue;
            }
            let is_xml = path.extension().is_some_and(|extension| extension == "xml");
            if !is_xml && path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let content = fs::read(path)?;
            bytes += content.len() as u64;
            if is_xml && is_parsed {
                let mut reader = Reader::from_reader(content.as_slice());
                loop {
                    match reader.read_event()? {
                        Event::Eof => break,
                        Event::Start(element) | Event::Empty(element) => {
                            events += 1;
                            // Names and durations are in them: a tag alone says nothing.
                            for attribute in element.attributes().with_checks(false) {
                                events += u64::from(!attribute?.value.is_empty());
                            }
                        }
                        _ => events += 1,
                    }
                }
            }
        }
    }
    Ok((bytes, events))
}

/// The most memory this process ever held, in KiB.
fn peak_rss() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Writes the bucket, unless it is there already.
fn write_bucket(folder: &Path, bucket: &Path) -> Result<(), Failure> {
    let stamp = format!("{VERSION} {JOBS} {BUILDS} {TESTS}");
    let written = folder.join("written");
    if fs::read_to_string(&written).is_ok_and(|found| found == stamp) {
        return Ok(());
    }
    println!("writing {}", bucket.display());
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    for index in 0..JOBS {
        for hours in 1..=BUILDS {
            let build = build(index, hours);
            let folder = bucket.join("logs").join(job(index)).join(build.id());
            fs::create_dir_all(folder.join("artifacts"))?;
            for (name, content) in build.files() {
                fs::write(folder.join(name), content)?;
            }
        }
    }
    fs::write(written, stamp)?;
    Ok(())
}
