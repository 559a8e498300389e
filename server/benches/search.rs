//! How fast names are found, and what changed since somebody last looked. Run by
//! `cargo bench -p seamgrid --bench search`; `-- --tabs N` for fewer tabs than Kubernetes has. Beside the
//! figures stands what reading as much text once costs.

#[expect(dead_code, reason = "the benches share it, and each needs a part")]
mod world;

use std::{
    error::Error,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use model::{
    run::{Cell, Run, TestResult},
    status::Status,
    summary::TabStatus,
};
use seamgrid::{
    read::Reader,
    store::{GroupConfig, SeenStatus, Store},
};

/// As many as the installation of Kubernetes has.
const TABS: usize = 8_260;
/// So that all tabs together have two million distinct names.
const TESTS: usize = 243;
/// As many as it takes for an alert.
const RUNS: usize = 3;
/// How many turns of statuses are looked through.
const TURNS: usize = 5_000;
const START_MS: i64 = 1_790_000_000_000;
const HOUR_MS: i64 = 3_600_000;
/// For an answer to a search.
const SEARCH_GOAL: Duration = Duration::from_millis(50);
/// For how much changed, which every page asks for.
const SINCE_GOAL: Duration = Duration::from_millis(5);

/// What is searched for, and what it shows.
const QUERIES: [(&str, &str); 10] = [
    ("should", "a word of every name"),
    ("volume", "a word of many names"),
    ("1234567", "a number that one name has"),
    ("should volume", "two words, one of every name"),
    ("sig-storage volume 77", "three words of many names"),
    ("kubernetes zebra", "a word of no name beside another"),
    ("zzzzzzzz", "a word of no name, and none like it"),
    ("volme", "a slip"),
    ("statefulset snapshto", "a slip in the second word"),
    ("tab-77", "a tab"),
];

const SIGS: [&str; 8] = [
    "node",
    "storage",
    "network",
    "apps",
    "scheduling",
    "auth",
    "api-machinery",
    "cli",
];
const WHAT: [&str; 12] = [
    "Pods",
    "Volume",
    "Services",
    "StatefulSet",
    "Scheduler",
    "Tokens",
    "Watchers",
    "Kubectl client",
    "Ephemeral containers",
    "Projected secret",
    "Ingress",
    "CSI Snapshot",
];
const HOW: [&str; 9] = [
    "start",
    "be restarted",
    "be mounted twice",
    "survive a restart of the kubelet",
    "be evicted",
    "keep its address",
    "be garbage collected",
    "be patched",
    "report its events",
];

/// A name that no other number has, like those of Kubernetes.
fn name(number: usize) -> String {
    let of = |words: &[&'static str], by: usize| words[number / by % words.len()];
    format!(
        "[sig-{}] {} should {} in case {number} [{}]",
        of(&SIGS, 1),
        of(&WHAT, 7),
        of(&HOW, 5),
        if number.is_multiple_of(3) {
            "Conformance"
        } else {
            "Slow"
        },
    )
}

/// A run of a tab; in every third tab a few rows fail, from another hour on in each.
fn run(tab: usize, build: usize) -> Run {
    let fails = |test: usize| tab.is_multiple_of(3) && test < 1 + tab % 7;
    Run {
        build: (1_700_000_000 + tab * 10 + build).to_string(),
        started_ms: START_MS + (tab % 100 + build) as i64 * HOUR_MS,
        finished_ms: Some(START_MS + (tab % 100 + build) as i64 * HOUR_MS + 60_000),
        results: (0..TESTS)
            .map(|test| TestResult {
                name: name(tab * TESTS + test),
                cell: Cell::plain(if fails(test) {
                    Status::Fail
                } else {
                    Status::Pass
                }),
            })
            .collect(),
        ..Run::default()
    }
}

/// Two rounds of statuses: the second turns as many as are looked through.
async fn turn(store: &Store, tabs: &[String]) -> Result<(), Box<dyn Error>> {
    for (status, at_ms) in [(TabStatus::Passing, 0), (TabStatus::Flaky, HOUR_MS)] {
        let seen: Vec<SeenStatus> = tabs
            .iter()
            .take(TURNS)
            .map(|tab| SeenStatus {
                dashboard: "board".into(),
                tab: tab.clone(),
                status,
                reason: "1 row failed in the last run, and 7 of 10 runs passed".into(),
                build: "1700000000".into(),
                at_ms: START_MS + at_ms,
            })
            .collect();
        store.save_statuses(&seen).await?;
    }
    Ok(())
}

/// The middle and the longest of several times.
fn spread(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() - 1])
}

fn verdict(time: Duration, goal: Duration) -> &'static str {
    if time <= goal { "met" } else { "MISSED" }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let mut said = std::env::args().skip_while(|word| word != "--tabs").skip(1);
    let count = said.next().map_or(Ok(TABS), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("search.db").display());
    let store = Store::open(&url).await?;
    let tabs: Vec<String> = (0..count).map(|tab| format!("tab-{tab}")).collect();
    for (first, names) in (0..).step_by(500).zip(tabs.chunks(500)) {
        let configs: Vec<GroupConfig> = names
            .iter()
            .map(|name| GroupConfig {
                name: name.clone(),
                config_hash: String::new(),
            })
            .collect();
        for (tab, group) in (first..).zip(store.sync_groups(&configs).await?) {
            let runs: Vec<Run> = (0..RUNS).map(|build| run(tab, build)).collect();
            store.save_runs(group.id, &runs, START_MS).await?;
        }
    }
    turn(&store, &tabs).await?;
    let reader = Arc::new(world::reader(&store, &tabs)?);
    reader.publish_all().await?;
    let started = Instant::now();
    reader.renew_search().await?;
    writeln!(
        out,
        "{} names of {count} tabs made ready to be searched in {:.2?}",
        count * TESTS,
        started.elapsed()
    )?;
    search(&mut out, &reader, count * TESTS).await?;
    since(&mut out, &reader).await?;
    store.close().await;
    Ok(())
}

async fn search(
    out: &mut impl Write,
    reader: &Arc<Reader>,
    count: usize,
) -> Result<(), Box<dyn Error>> {
    let text = (0..count).fold(String::new(), |mut text, number| {
        text.push_str(&name(number));
        text.push('\n');
        text
    });
    let mut floor = Duration::MAX;
    for _ in 0..9 {
        let started = Instant::now();
        assert!(memchr::memmem::find(text.as_bytes(), b"zzzzzzzz").is_none());
        floor = floor.min(started.elapsed());
    }
    for (query, what) in QUERIES {
        let mut times = Vec::new();
        let mut found = reader.search(query).await?;
        for _ in 0..9 {
            let started = Instant::now();
            found = reader.search(query).await?;
            times.push(started.elapsed());
        }
        let (middle, longest) = spread(times);
        writeln!(
            out,
            "search for {what} (\"{query}\"): {} tests, {} tabs{} in {middle:.1?}, at most {longest:.1?}; \
             goal {SEARCH_GOAL:.0?}, {}; reading {} MB once: {floor:.1?}",
            found.tests.len(),
            found.tabs.len(),
            found
                .corrected
                .map(|said| format!(", for \"{said}\""))
                .unwrap_or_default(),
            verdict(middle, SEARCH_GOAL),
            text.len() / 1_000_000,
        )?;
    }
    Ok(())
}

async fn since(out: &mut impl Write, reader: &Reader) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let all = reader
        .changes_since(0)
        .await
        .map_err(|error| error.to_string())?;
    let first = started.elapsed();
    let mut times = Vec::new();
    let since_ms = START_MS + 90 * HOUR_MS;
    let mut found = all.clone();
    for _ in 0..9 {
        let started = Instant::now();
        found = reader
            .changes_since(since_ms)
            .await
            .map_err(|error| error.to_string())?;
        times.push(started.elapsed());
    }
    let (middle, longest) = spread(times);
    writeln!(
        out,
        "what changed: everything ({} turns, {} tabs with failing rows) the first time in {first:.1?}; since a \
         while ({} tabs) in {middle:.1?}, at most {longest:.1?}; goal {SINCE_GOAL:.0?}, {}",
        all.turns.len(),
        all.failing.len(),
        found.failing.len(),
        verdict(middle, SINCE_GOAL),
    )?;
    Ok(())
}
