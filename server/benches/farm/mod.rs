//! What the benchmarks of ingestion look at: made-up jobs in a server of objects, and Seamgrid's own
//! processes, which read them.
#![allow(dead_code, reason = "each benchmark uses a part")]

pub(crate) mod build;
pub(crate) mod objects;
pub(crate) mod process;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use seamgrid::store::Store;

use self::{build::job, objects::Jobs};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The bucket's name.
pub(crate) const BUCKET: &str = "bench";
/// What notifications of the bucket carry.
pub(crate) const SECRET: &str = "the secret of the bench";
/// How often it is looked whether something is there.
const LOOK: Duration = Duration::from_millis(100);

/// A new folder of this name with settings for the jobs, which are read from `url`: a server of objects,
/// or `file://…`.
pub(crate) fn settings(
    name: &str,
    jobs: Jobs,
    url: &str,
    poll_secs: u64,
) -> Result<PathBuf, Failure> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    fill(&folder, jobs, url, poll_secs)?;
    Ok(folder)
}

/// Writes the settings into `folder`.
pub(crate) fn fill(folder: &Path, jobs: Jobs, url: &str, poll_secs: u64) -> Result<(), Failure> {
    let bucket = if url.starts_with("http") {
        format!("url: gs://{BUCKET}\n    credentials: anonymous\n    endpoint: {url}")
    } else {
        format!("url: {url}")
    };
    fs::write(folder.join("secret"), SECRET)?;
    fs::write(
        folder.join("seamgrid.yaml"),
        format!(
            "testgrid:\n  config: [testgrid.yaml]\n  prow_jobs: []\nbuckets:\n  - prefix: {BUCKET}\n    \
             {bucket}\nupdate:\n  poll_secs: {poll_secs}\n  days_of_results: 3650\n\
             push:\n  secret_file: secret\n"
        ),
    )?;
    let mut groups = String::from("test_groups:\n");
    let mut tabs = String::from("dashboards:\n- name: bench\n  dashboard_tab:\n");
    for index in 0..jobs.count {
        let job = job(index);
        groups.push_str(&format!(
            "- name: {job}\n  gcs_prefix: {BUCKET}/logs/{job}\n  days_of_results: 3650\n  \
             num_columns_recent: 10\n"
        ));
        tabs.push_str(&format!(
            "  - name: tab-{index}\n    test_group_name: {job}\n"
        ));
    }
    fs::write(folder.join("testgrid.yaml"), groups + &tabs)?;
    Ok(())
}

/// A client for loopback.
pub(crate) fn client() -> reqwest::Client {
    // There is one already when this is not the first client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// The SQLite file in `folder`.
pub(crate) fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("seamgrid.db").display())
}

/// Waits until so many builds are stored; answers how long that took.
pub(crate) async fn wait_for(store: &Store, builds: u64) -> Result<Duration, Failure> {
    let begun = Instant::now();
    loop {
        let groups = store.load_groups().await?;
        let stored: u64 = groups.iter().map(|group| group.run_count as u64).sum();
        if stored >= builds {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > Duration::from_hours(2) {
            return Err(format!("{stored} of {builds} builds are stored after two hours").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What 95 of 100 of these are at most.
pub(crate) fn p95(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let last = (times.len() * 95).div_ceil(100).max(1) - 1;
    times.get(last).copied().unwrap_or_default()
}

/// How a figure stands to its goal.
pub(crate) const fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}
