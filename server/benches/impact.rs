//! How fast the impact map is made: the real job configurations with the real merges of 180 days, as far
//! as those can be rebuilt. Run by `cargo bench -p seamgrid --bench impact`.

use std::{error::Error, io::Write as _, time::Instant};

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
    let jobs: usize = rebuilt.expected.iter().map(|names| names.len()).sum();
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
    for (what, files) in rebuilt::last_merges(&path) {
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
