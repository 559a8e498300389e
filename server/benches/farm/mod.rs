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

use self::{
    build::job,
    objects::{Jobs, ObjectServer},
    process::Seamgrid,
};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The bucket's name.
pub(crate) const BUCKET: &str = "bench";
/// What notifications of the bucket carry.
pub(crate) const SECRET: &str = "the secret of the bench";
/// How often it is looked whether something is there.
const LOOK: Duration = Duration::from_millis(100);

/// Jobs in a server of objects, and a folder with the settings and the SQLite file of those who read them.
pub(crate) struct Farm {
    /// The server; it ends with this.
    pub(crate) objects: ObjectServer,
    /// The folder, which is new.
    pub(crate) folder: PathBuf,
    /// The file's URL.
    pub(crate) database: String,
    update: String,
}

impl Farm {
    /// The folder has this name; `update` is what the settings say of updates: `poll_secs: 60`.
    pub(crate) fn new(name: &str, jobs: Jobs, update: &str) -> Result<Self, Failure> {
        let objects = ObjectServer::start(jobs)?;
        let folder = settings(name, jobs, &objects.address, update)?;
        Ok(Self {
            database: sqlite(&folder),
            objects,
            folder,
            update: update.to_owned(),
        })
    }

    /// The same with other jobs, and a new server of them.
    pub(crate) fn with_jobs(self, jobs: Jobs) -> Result<Self, Failure> {
        drop(self.objects);
        let objects = ObjectServer::start(jobs)?;
        fill(&self.folder, jobs, &objects.address, &self.update)?;
        Ok(Self { objects, ..self })
    }

    /// Starts a process of Seamgrid.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Seamgrid, Failure> {
        Seamgrid::start(&self.folder, &self.database, arguments, None)
    }

    /// Brings all jobs up to date; answers how long that took.
    pub(crate) fn update_once(&self) -> Result<Duration, Failure> {
        let begun = Instant::now();
        self.start(&["update", "--once"])?.wait()?;
        Ok(begun.elapsed())
    }

    /// Starts a server, and waits until it tells its address.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Result<(Seamgrid, String), Failure> {
        let mut process =
            self.start(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat())?;
        let address = process.address()?;
        Ok((process, address))
    }

    /// The SQLite file.
    pub(crate) async fn open(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.database).await?)
    }
}

/// A new folder of this name with settings for the jobs, which are read from `url`: a server of objects,
/// or `file://…`.
pub(crate) fn settings(
    name: &str,
    jobs: Jobs,
    url: &str,
    update: &str,
) -> Result<PathBuf, Failure> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    fill(&folder, jobs, url, update)?;
    Ok(folder)
}

/// Writes the settings into `folder`.
fn fill(folder: &Path, jobs: Jobs, url: &str, update: &str) -> Result<(), Failure> {
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
             {bucket}\nupdate: {{{update}, days_of_results: 3650}}\npush:\n  secret_file: secret\n"
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
        let stored: u64 = groups.iter().map(|group| group.run_count).sum();
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
