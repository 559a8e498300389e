//! What lands in repositories, and what is told of it. Run by `cargo bench -p seamgrid --bench infra`.

#[expect(dead_code, reason = "the benches share it, and each needs a part")]
mod world;

use std::{
    error::Error,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use model::infra::{ComponentKind, ComponentVersion, Source};
use seamgrid::{
    history::Mirrors,
    read::CompareQuery,
    settings::{ComponentSettings, Settings, VersionRule},
    store::{GroupConfig, Store},
};

type Failure = Box<dyn Error + Send + Sync>;

/// As many as kubernetes/test-infra has in all.
const COMMITS: usize = 70_000;
/// What one fetch brings on a busy day.
const MORE: usize = 100;
/// As many as the installation of Kubernetes has.
const TABS: usize = 8_260;
/// How far the compared versions are apart.
const RANGE: usize = 500;
const RUNS: usize = 12;
const START_SECS: i64 = 1_600_000_000;

fn main() -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(measure())
}

async fn measure() -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("source");
    let shas = write_commits(&source, 0, COMMITS)?;
    let store = Store::open(&format!(
        "sqlite://{}",
        folder.path().join("b.db").display()
    ))
    .await?;
    let mut settings = Settings::default();
    settings.infra.components = vec![ComponentSettings {
        name: "test-infra".into(),
        repo: "kubernetes/test-infra".into(),
        git: Some(source.display().to_string()),
        from: vec![VersionRule::Metadata("infra-commit".into())],
    }];
    let mirrors = Mirrors::new(store.clone(), &settings);
    let first = timed(async { mirrors.update().await }).await;
    write_commits(&source, COMMITS, MORE)?;
    let (more, fetched) = timed(async { mirrors.update().await }).await;
    let same = timed(async { mirrors.update().await }).await.0;
    writeln!(
        out,
        "history: {COMMITS} commits with files mirrored and indexed in {:.1} s (goal 60); {} more in {:.2} s (goal 1); nothing new in {:.0} ms",
        first.0.as_secs_f64(),
        fetched[0].commits,
        more.as_secs_f64(),
        same.as_secs_f64() * 1e3,
    )?;

    let groups: Vec<String> = (0..TABS).map(|tab| format!("tab-{tab}")).collect();
    for (number, names) in groups.chunks(500).enumerate() {
        let configs: Vec<GroupConfig> = names
            .iter()
            .map(|name| GroupConfig {
                name: name.clone(),
                config_hash: String::new(),
            })
            .collect();
        for (tab, group) in store.sync_groups(&configs).await?.iter().enumerate() {
            let runs: Vec<_> = (0..RUNS)
                .map(|build| {
                    let mut run = world::build_run(build, 3);
                    // Each tab sees other versions of the last thousand, in order.
                    let at = COMMITS - 1_000 + build * 80 + (tab + number * 7) % 80;
                    run.versions = vec![ComponentVersion {
                        component: "test-infra".into(),
                        kind: ComponentKind::Infra,
                        version: Some(shas[at].clone()),
                        source: Source::Metadata,
                        evidence: None,
                    }];
                    run
                })
                .collect();
            store.save_runs(group.id, &runs, START_SECS * 1000).await?;
        }
    }
    let reader = world::reader(&store, &groups).map_err(|error| error.to_string())?;
    reader.publish_all().await?;
    let query = CompareQuery {
        component: "test-infra".into(),
        from: shas[COMMITS - 1 - RANGE].clone(),
        to: shas[COMMITS - 1].clone(),
        ..CompareQuery::default()
    };
    let mut times = Vec::new();
    let mut found = reader.compare(&query)?;
    for _ in 0..7 {
        let started = Instant::now();
        found = reader.compare(&query)?;
        times.push(started.elapsed());
    }
    times.sort();
    let started = Instant::now();
    let feed = reader.infra_feed();
    let made = started.elapsed();
    let started = Instant::now();
    drop(reader.infra_feed());
    writeln!(
        out,
        "compare: {} commits over {TABS} tabs, {} of which saw them: {:.0} ms (goal 100); feed of {} changes: made in {:.0} ms, then {:.3} ms (goal 50)",
        found.commits.len(),
        found.counts.seen,
        times[times.len() / 2].as_secs_f64() * 1e3,
        feed.total,
        made.as_secs_f64() * 1e3,
        started.elapsed().as_secs_f64() * 1e3,
    )?;
    Ok(())
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let started = Instant::now();
    let done = work.await;
    (started.elapsed(), done)
}

/// Adds commits to `master`, each of which changes three files; answers their digits.
fn write_commits(path: &Path, from: usize, count: usize) -> Result<Vec<String>, Failure> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null");
        command
    };
    let place = path.display().to_string();
    if from == 0 {
        let made = git(&[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=master",
            &place,
        ])
        .status()?;
        assert!(made.success());
    }
    let mut import = git(&["-C", &place, "fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()?;
    {
        let mut input = std::io::BufWriter::new(import.stdin.take().ok_or("no pipe")?);
        for number in from..from + count {
            let message =
                format!("Merge pull request #{number} from someone/topic\n\nChange {number}\n");
            writeln!(input, "commit refs/heads/master")?;
            for role in ["author", "committer"] {
                let secs = START_SECS + number as i64 * 600;
                writeln!(input, "{role} Someone <someone@example.com> {secs} +0000")?;
            }
            writeln!(input, "data {}\n{message}", message.len())?;
            if from > 0 && number == from {
                writeln!(input, "from refs/heads/master^0")?;
            }
            for file in 0..3 {
                let name = format!(
                    "config/jobs/area-{}/file-{}.yaml",
                    number % 97,
                    (number * 7 + file) % 400
                );
                let content = format!("image: example.com/x/tool:v20260101-{number:010x}\n");
                writeln!(
                    input,
                    "M 100644 inline {name}\ndata {}\n{content}",
                    content.len()
                )?;
            }
        }
    }
    assert!(import.wait()?.success());
    let listed = git(&["-C", &place, "rev-list", "--reverse", "master"]).output()?;
    Ok(String::from_utf8(listed.stdout)?
        .lines()
        .map(str::to_owned)
        .collect())
}
