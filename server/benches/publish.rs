//! What one more run costs until its group's tabs are published, and what a restart does. Run by
//! `cargo bench -p seamgrid --bench publish`; beside each figure stands what publishing the same from
//! nothing costs.

mod world;

use std::{
    error::Error,
    io::Write as _,
    time::{Duration, Instant},
};

use seamgrid::store::{GroupConfig, Store};

use self::world::{build_run, fill, reader};

/// Rows and columns: a median tab of Kubernetes, the same with a long history, and the largest.
const SIZES: [(usize, usize); 3] = [(285, 45), (285, 1_000), (5_000, 1_000)];
/// How many runs are added.
const ADDED: usize = 20;
/// A tenth of Kubernetes' 8,260 tabs.
const TABS: usize = 826;
/// The goal for all of them, in seconds.
const RESTART_GOAL: u64 = 20;

/// The middle of several measurements, in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    let store = Store::open(&url("publish.db")).await?;
    for (rows, columns) in SIZES {
        let name = format!("{rows} x {columns}");
        fill(&store, &name, rows, columns).await?;
        let config = GroupConfig {
            name: name.clone(),
            config_hash: String::new(),
        };
        let id = store.sync_groups(&[config]).await?[0].id;
        let names = [name.clone()];
        let kept = reader(&store, &names)?;
        kept.publish_all().await?;
        let (mut saved, mut one_more, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for build in columns..columns + ADDED {
            let run = build_run(build, rows);
            let started = Instant::now();
            store.save_runs(id, &[run], build as i64).await?;
            saved.push(started.elapsed());
            let started = Instant::now();
            kept.publish_group(&name).await?;
            one_more.push(started.elapsed());
        }
        for _ in 0..5 {
            let fresh = reader(&store, &names)?;
            let started = Instant::now();
            fresh.publish_group(&name).await?;
            whole.push(started.elapsed());
        }
        writeln!(
            out,
            "one more run of {rows} tests to {columns} columns: published in {:.2} ms (stored in {:.2} ms; \
             publishing all of it: {:.2} ms)",
            median(one_more),
            median(saved),
            median(whole),
        )?;
    }
    store.close().await;

    let store = Store::open(&url("restart.db")).await?;
    let names: Vec<String> = (0..TABS).map(|tab| format!("job {tab}")).collect();
    for name in &names {
        fill(&store, name, 285, 45).await?;
    }
    store.close().await;
    let started = Instant::now();
    let store = Store::open(&url("restart.db")).await?;
    let reader = reader(&store, &names)?;
    reader.publish_all().await?;
    let time = started.elapsed();
    writeln!(
        out,
        "restart with {TABS} groups of 285 tests and 45 columns: summaries published in {:.2} s; ten times \
         that is {:.1} s (goal {RESTART_GOAL} s)",
        time.as_secs_f64(),
        time.as_secs_f64() * 10.0,
    )?;
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = memory.lines().find(|line| line.starts_with("VmHWM:")) {
        writeln!(out, "most memory held: {}", line[6..].trim())?;
    }
    store.close().await;
    Ok(())
}
