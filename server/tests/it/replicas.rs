//! Several processes of the program on one database: what they do together, and what is left when one of
//! them dies or cannot reach the database.
//!
//! On SQLite the processes share the file; only a server can be cut off.

mod follow;
mod packed;
mod postgres;
mod process;
mod proxy;
mod resume;
mod share;
#[cfg(unix)]
mod stop;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::paths;
use model::{
    config::{Configuration, Dashboard, DashboardTab, TestGroup},
    run::{Cell, TestResult},
    status::Status,
};
use seamgrid::{
    bucket::Buckets,
    clock::now_ms,
    intake::token,
    pipeline::{Pipeline, Unpublished, progress::Unwatched, update_groups},
    settings::{BucketSettings, Settings},
    store::{NewToken, Store},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::{
    process::{Process, get, until},
    proxy::{Network, Proxy, WHILE},
};
use crate::{
    database,
    remote::front::{Front, Objects},
};

const GROUPS: usize = 8;
const BUILDS: i64 = 150;
const TOTAL: usize = GROUPS * BUILDS as usize;
const DASHBOARD: &str = "replicas";
/// How long answers of the bucket take while processes start, and while they read.
const STOPPED: Duration = Duration::from_secs(2);
const SLOW: Duration = Duration::from_millis(15);

fn job(group: usize) -> String {
    format!("job-{group}")
}

/// The builds of all jobs: 150 each, one every hour, some of which failed.
fn builds() -> Objects {
    let mut objects = Objects::default();
    let newest = now_ms() / 3_600_000 * 3600 - 3600;
    for group in 0..GROUPS {
        for number in 0..BUILDS {
            let begun = newest - number * 3600;
            let id = (begun * 1000 - 1_288_834_974_657) << 22;
            let folder = format!("logs/{}/{id}", job(group));
            let failed = (number as usize + group).is_multiple_of(7);
            let failure = if failed { "<failure>no</failure>" } else { "" };
            let cases = (0..20)
                .map(|test| format!("<testcase name='test {test}'>{failure}</testcase>"))
                .collect::<Vec<_>>()
                .concat();
            objects.put(
                &format!("{folder}/started.json"),
                json!({"timestamp": begun}).to_string(),
            );
            objects.put(
                &format!("{folder}/finished.json"),
                json!({"timestamp": begun + 600, "passed": !failed}).to_string(),
            );
            objects.put(
                &format!("{folder}/artifacts/junit_1.xml"),
                format!("<testsuite>{cases}</testsuite>"),
            );
        }
    }
    objects
}

/// A bucket, settings and a database for several processes.
struct World {
    folder: TempDir,
    front: Front,
    url: String,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = database::url_for(&folder.path().join("seamgrid.db")).await;
        Self::of(folder, url).await
    }

    /// With a database of one's own.
    async fn at(url: String) -> Self {
        Self::of(TempDir::new().expect("a temporary folder"), url).await
    }

    async fn of(folder: TempDir, url: String) -> Self {
        let front = Front::start(builds(), false).await;
        let groups: Vec<Value> = (0..GROUPS)
            .map(|group| {
                json!({"name": job(group), "gcs_prefix": format!("ci/logs/{}", job(group)),
                       "days_of_results": 30, "num_columns_recent": 10})
            })
            .collect();
        let tabs: Vec<Value> = (0..GROUPS)
            .map(|group| json!({"name": job(group), "test_group_name": job(group)}))
            .collect();
        let testgrid = json!({
            "test_groups": groups,
            "dashboards": [{"name": DASHBOARD, "dashboard_tab": tabs}],
        });
        // JSON is YAML.
        let settings = json!({
            "testgrid": {"config": ["testgrid.yaml"], "prow_jobs": []},
            "buckets": [{"prefix": "ci", "url": "gs://ci-bucket", "credentials": "anonymous",
                         "endpoint": front.address()}],
            "infra": {"components": []},
            "update": {"poll_secs": 2, "parallel": 3, "lease_secs": 2, "days_of_results": 30},
        });
        for (name, content) in [("testgrid.yaml", testgrid), ("seamgrid.yaml", settings)] {
            std::fs::write(folder.path().join(name), content.to_string()).expect("written");
        }
        let store = Store::open(&url).await.expect("a new database");
        Self {
            folder,
            front,
            url,
            store,
        }
    }

    /// Lets processes that start from now on take leases of so many seconds.
    fn set_lease(&self, secs: u64) {
        let file = self.folder.path().join("seamgrid.yaml");
        let text = std::fs::read_to_string(&file).expect("the settings");
        let mut settings: Value = serde_json::from_str(&text).expect("JSON");
        settings["update"]["lease_secs"] = secs.into();
        std::fs::write(file, settings.to_string()).expect("written");
    }

    async fn start(&self, database: &str, arguments: &[&str]) -> Process {
        Process::start(self.folder.path(), database, arguments).await
    }

    /// A token for uploads.
    async fn token(&self) -> String {
        let (token, hash) = token::new_token().expect("random numbers");
        let made = NewToken {
            name: "laptop",
            hash: &hash,
            group_pattern: "*",
            component_pattern: "",
            created_ms: 1,
            created_by: "a test",
            expires_ms: None,
        };
        self.store.add_token(&made).await.expect("a token");
        token
    }

    /// How many runs are stored.
    async fn stored(&self) -> usize {
        let groups = self.store.load_groups().await.expect("groups");
        groups.iter().map(|group| group.run_count as usize).sum()
    }

    /// The names of the processes that look at groups.
    async fn replicas(&self) -> BTreeSet<String> {
        let queue = self.store.load_queue().await.expect("the queue");
        queue
            .replicas
            .into_iter()
            .map(|replica| replica.name)
            .collect()
    }

    /// The groups on which `replica` has a lease.
    async fn held_by(&self, replica: &str) -> usize {
        let queue = self.store.load_queue().await.expect("the queue");
        let owners = queue.groups.iter().filter_map(|one| one.lease.as_ref());
        owners.filter(|(owner, _)| owner == replica).count()
    }

    /// Waits until a process has appeared that is none of `known`, and answers its name.
    async fn newcomer(&self, known: &BTreeSet<String>) -> String {
        until("a process appears", async || {
            !self.replicas().await.is_subset(known)
        })
        .await;
        let mut others = self.replicas().await;
        others.retain(|name| !known.contains(name));
        others.pop_first().expect("it has appeared")
    }
}

/// All that is stored of each job's results, by build.
async fn content(store: &Store) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut content = BTreeMap::new();
    for group in store.load_groups().await.expect("groups") {
        let mut runs = BTreeMap::new();
        for build in store.load_builds(group.id).await.expect("builds") {
            let run = store.load_run(group.id, &build.build).await;
            let run = run.expect("readable").expect("stored");
            let before = runs.insert(build.build, format!("{run:?}"));
            assert_eq!(before, None, "{} has a build twice", group.name);
        }
        content.insert(group.name, runs);
    }
    content
}

/// A process's pipeline, in this one, that reads the same bucket into `store`.
fn pipeline(store: &Store, front: &Front) -> Pipeline {
    let buckets = [BucketSettings {
        prefix: "ci".into(),
        url: "gs://ci-bucket".into(),
        credentials: Some("anonymous".into()),
        endpoint: Some(front.address()),
        parallel: None,
    }];
    let mut settings = Settings::default();
    settings.infra.components.clear();
    settings.update.lease_secs = 60;
    settings.update.poll_secs = 2;
    let configuration = Configuration {
        test_groups: (0..GROUPS)
            .map(|group| TestGroup {
                name: job(group),
                gcs_prefix: format!("ci/logs/{}", job(group)),
                days_of_results: Some(30),
                ..TestGroup::default()
            })
            .collect(),
        ..Configuration::default()
    };
    Pipeline::new(
        store.clone(),
        Buckets::from_settings(&buckets).expect("a good URL"),
        &configuration,
        &settings,
        Unpublished,
    )
}

/// What one undisturbed process makes of the same bucket.
async fn undisturbed(folder: &Path, front: &Front) -> BTreeMap<String, BTreeMap<String, String>> {
    let file = folder.join("undisturbed.db");
    let store = Store::open(&format!("sqlite://{}", file.display())).await;
    let store = store.expect("a new database");
    let report = update_groups(&pipeline(&store, front), None, &Unwatched).await;
    assert_eq!(report.errors, []);
    content(&store).await
}

/// How often each build's `finished.json` was read so far: most seldom and most often.
fn reads_of_builds(front: &Front) -> (usize, usize) {
    let reads = front.reads();
    let mut counts: Vec<usize> = reads
        .iter()
        .filter(|(path, _)| path.ends_with("/finished.json"))
        .map(|(_, &count)| count)
        .collect();
    counts.resize(counts.len().max(TOTAL), 0);
    counts.sort_unstable();
    (counts[0], counts[counts.len() - 1])
}

/// Readers that ask a process for all its pages, again and again, until they are told to stop.
struct Readers {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Readers {
    fn of(processes: &[&Process]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(AtomicUsize::new(0));
        let mut pages = vec![
            paths::HOME.to_owned(),
            paths::dashboard(DASHBOARD),
            paths::STATUS.to_owned(),
            "/api/v2/sources".to_owned(),
            "/api/v2/dashboards".to_owned(),
        ];
        for group in 0..GROUPS {
            pages.push(paths::tab(DASHBOARD, &job(group)));
            pages.push(paths::api_grid(DASHBOARD, &job(group)));
        }
        let tasks = processes
            .iter()
            .map(|process| {
                let address = process.address.clone();
                let (stop, answers, pages) = (stop.clone(), answers.clone(), pages.clone());
                tokio::spawn(async move {
                    let mut failed = Vec::new();
                    for page in pages.iter().cycle() {
                        if stop.load(Ordering::Relaxed) || failed.len() > 20 {
                            break;
                        }
                        let (status, text) = get(&address, page).await;
                        answers.fetch_add(1, Ordering::Relaxed);
                        if status != 200 {
                            failed.push(format!("{address}{page}: {status} {text}"));
                        }
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    failed
                })
            })
            .collect();
        Self {
            stop,
            answers,
            tasks,
        }
    }

    /// Ends them; none may ever have seen an error.
    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for reader in self.tasks {
            let failed = reader.await.expect("it did not panic");
            assert!(failed.is_empty(), "{failed:#?}");
        }
        let answers = self.answers.load(Ordering::Relaxed);
        assert!(answers > 100, "only {answers} answers were read");
    }
}

/// The status of an upload of one build, and what is said of it.
async fn upload(process: &Process, token: &str, build: usize) -> (u16, String) {
    let path = "/api/v2/groups/job-0/runs";
    let description = json!({
        "build": build.to_string(),
        "tests": [{"name": "alpha", "status": "passed"}],
    });
    let request = process::client()
        .post(format!("{}{path}", process.address))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(description.to_string());
    match request.send().await {
        Ok(answer) => (
            answer.status().as_u16(),
            answer.text().await.unwrap_or_default(),
        ),
        Err(error) => (0, format!("{error:?}")),
    }
}

/// How many columns a process shows of each tab.
async fn shown(process: &Process) -> Vec<usize> {
    let mut columns = Vec::new();
    for group in 0..GROUPS {
        let (_, text) = process.get(&paths::api_grid(DASHBOARD, &job(group))).await;
        let grid: Value = serde_json::from_str(&text).unwrap_or_default();
        columns.push(grid["columns"].as_array().map_or(0, Vec::len));
    }
    columns
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_dies_and_one_is_cut_off_and_nothing_is_lost_or_doubled() {
    let world = World::new().await;
    world.front.slow_down(STOPPED);
    let proxy = match database::server() {
        Some(_) => Some(Proxy::before(&world.url).await),
        None => None,
    };
    let behind = proxy.as_ref().map_or(&world.url, |proxy| &proxy.url);

    let mut known = BTreeSet::new();
    let mut victim = world.start(&world.url, &["update"]).await;
    let victim_name = world.newcomer(&known).await;
    known.insert(victim_name.clone());
    let cut_off = world.start(behind, &["serve"]).await;
    let cut_off_name = world.newcomer(&known).await;
    known.insert(cut_off_name.clone());
    let only_reads = world.start(&world.url, &["serve", "--no-update"]).await;
    cut_off.answers("/readyz", 200).await;
    only_reads.answers("/readyz", 200).await;
    let readers = Readers::of(&[&cut_off, &only_reads]);

    // In the middle of it the one dies, and is started again.
    world.front.slow_down(SLOW);
    until("a part is read, and both are reading", async || {
        world.stored().await >= TOTAL / 8
            && world.held_by(&victim_name).await > 0
            && world.held_by(&cut_off_name).await > 0
    })
    .await;
    victim.kill();
    assert!(world.stored().await < TOTAL, "it died in the middle");
    assert!(world.held_by(&victim_name).await > 0, "with leases");
    let successor = world.start(&world.url, &["update"]).await;
    let successor_name = world.newcomer(&known).await;

    // The other loses the database: first nothing comes through, then every connection breaks.
    if let Some(proxy) = &proxy {
        assert!(world.stored().await < TOTAL, "still in the middle");
        proxy.set(Network::Silent);
        tokio::time::sleep(WHILE / 2).await;
        proxy.set(Network::Broken);
        tokio::time::sleep(WHILE / 2).await;
        assert_eq!(
            world.held_by(&cut_off_name).await,
            0,
            "its groups were taken over: {}",
            cut_off.said()
        );
        let (status, said) = cut_off.get("/readyz").await;
        assert_eq!(status, 503, "{said}");
        proxy.set(Network::Open);
    }
    world.front.slow_down(Duration::ZERO);
    until("all is read", async || world.stored().await == TOTAL).await;
    until("nobody has a lease who is gone", async || {
        world.held_by(&victim_name).await == 0
    })
    .await;

    // Every process shows all of it, though two of them wrote none of the last builds.
    for process in [&cut_off, &only_reads] {
        until("all is shown", async || {
            shown(process).await == [BUILDS as usize; GROUPS]
        })
        .await;
        process.answers("/readyz", 200).await;
    }
    readers.end().await;
    until("the cut-off one works again", async || {
        world.held_by(&cut_off_name).await > 0
    })
    .await;
    assert!(
        !successor.said().contains("panicked"),
        "{successor_name}: {}",
        successor.said()
    );
    assert!(!cut_off.said().contains("panicked"), "{}", cut_off.said());

    let expected = undisturbed(world.folder.path(), &world.front).await;
    let found = content(&world.store).await;
    assert_eq!(found.len(), expected.len());
    for (job, expected) in expected {
        assert!(found[&job] == expected, "{job} is other than undisturbed");
    }
}
