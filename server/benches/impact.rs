//! How fast the impact map is made: the real job configurations with the real merges of 180 days, as far
//! as those can be rebuilt. Run by `cargo bench -p seamgrid --bench impact`.

use std::{
    collections::BTreeSet, error::Error, io::Write as _, path::Path, process::Command,
    time::Instant,
};

use seamgrid::{infra::impact::Indexer, settings::InfraSettings};

#[path = "../tests/it/impact/rebuilt.rs"]
mod rebuilt;
#[path = "../tests/it/impact/repository.rs"]
mod repository;
#[path = "../tests/it/shared.rs"]
mod shared;

const REPO: &str = "kubernetes/test-infra";

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("test-infra.git");
    let rebuilt = rebuilt::rebuild(&path);
    let now_ms = rebuilt
        .merges
        .last()
        .map_or(0, |merge| merge.merged_s * 1000);
    let mut settings = InfraSettings::default();
    settings.job_configuration.days = 400;

    let mut indexer = Indexer::new(&settings);
    let started = Instant::now();
    let indexed = indexer.update(REPO, &path, now_ms)?;
    let whole = started.elapsed();
    let jobs: usize = rebuilt.expected.iter().map(BTreeSet::len).sum();
    writeln!(
        out,
        "{} merges over {} jobs, {} of {} recorded changes that still exist, {jobs} jobs expected to change: {:.1} s (goal 60 s)",
        indexed.commits.len() - 1,
        indexer.map().job_count(),
        rebuilt.existing,
        rebuilt.recorded,
        whole.as_secs_f64(),
    )?;
    let harness = rebuilt
        .merges
        .iter()
        .filter(|merge| !merge.harness.is_empty());
    let global = rebuilt
        .merges
        .iter()
        .filter(|merge| !merge.global.is_empty());
    writeln!(
        out,
        "  of them {} change what is global and {} files that jobs run; the first is {}",
        global.count(),
        harness.count(),
        rebuilt.merges[0].sha
    )?;

    // One merge after the other, as a running server sees them.
    for (what, files) in last_merges(&path)? {
        let files: Vec<(&str, Option<&str>)> = files
            .iter()
            .map(|(file, text)| (file.as_str(), Some(text.as_str())))
            .collect();
        let mut repository = repository::NewRepository::import(&path);
        repository.commit(now_ms, what, Some("refs/heads/master^0"), &files);
        repository.finish();
        let started = Instant::now();
        let indexed = indexer.update(REPO, &path, now_ms)?;
        let took = started.elapsed();
        let started = Instant::now();
        let map = indexer.map();
        let mapped = started.elapsed();
        let edges = indexed
            .commits
            .first()
            .map_or(0, |commit| commit.edges.len());
        writeln!(
            out,
            "one merge that {what} ({} files, {edges} jobs): {:.0} ms (goal 200 ms); publishing {:.1} ms",
            files.len(),
            took.as_secs_f64() * 1e3,
            mapped.as_secs_f64() * 1e3,
        )?;
        drop(map);
    }
    Ok(())
}

/// The files of further merges on the head of the repository: one that moves the image of most jobs, one
/// that moves the utility images, and one that changes a single file.
#[expect(clippy::type_complexity, reason = "a name for it would say no more")]
fn last_merges(path: &Path) -> Result<Vec<(&'static str, Vec<(String, String)>)>, Box<dyn Error>> {
    let git = |arguments: &[&str]| -> Result<String, Box<dyn Error>> {
        let output = Command::new("git")
            .arg("-C")
            .arg(path)
            .args(arguments)
            .output()?;
        Ok(String::from_utf8(output.stdout)?)
    };
    let head = "refs/heads/master";
    let show = |file: &str| git(&["show", &format!("{head}:{file}")]);
    let mut images = Vec::new();
    for file in git(&["ls-tree", "-r", "--name-only", head, "config/jobs"])?.lines() {
        let text = show(file)?;
        let mut moved = String::with_capacity(text.len());
        for line in text.lines() {
            match rebuilt::tag_in(line) {
                Some((from, to)) if line.contains("kubekins") => {
                    moved.push_str(&line[..from]);
                    moved.push_str("fedcba9876");
                    moved.push_str(&line[to..]);
                }
                _ => moved.push_str(line),
            }
            moved.push('\n');
        }
        if moved.trim_end() != text.trim_end() {
            images.push((file.to_owned(), moved));
        }
    }
    let prow = "config/prow/config.yaml";
    let utility = show(prow)?.replace("v20260821-a6194", "v20260822-a6194");
    let (single, text) = images.first().cloned().ok_or("no job has an image")?;
    let one = text.replacen("interval: ", "interval: 1", 1);
    let one = one.replacen("cron: ", "cron: 1", 1);
    Ok(vec![
        ("moves the image of most jobs", images),
        ("moves the utility images", vec![(prow.to_owned(), utility)]),
        ("changes one file", vec![(single, one)]),
    ])
}
