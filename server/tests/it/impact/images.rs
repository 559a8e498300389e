//! The image references of the real job files: what each was built from, or why that is not known.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead as _, BufReader},
};

use seamgrid::{
    infra::image::{ImageRef, UnknownOrigin, origin},
    settings::InfraSettings,
    testgrid::definitions::parse_definitions,
};
use serde::Deserialize;
use walkdir::WalkDir;

use crate::shared::shared;

const JOBS: &str = "data/testgrid-configs/kubernetes-test-infra/config/jobs";

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

/// The commits of a recorded history.
fn commits(path: &str) -> BTreeSet<String> {
    let file = fs::File::open(shared(path)).expect("it is there");
    let mut decoder = zstd::Decoder::new(file).expect("it is compressed");
    decoder.window_log_max(31).expect("it may be");
    BufReader::new(decoder)
        .lines()
        .map(|line| line.expect("it is text"))
        .map(|line| {
            serde_json::from_str::<Commit>(&line)
                .expect("it is a commit")
                .sha
        })
        .collect()
}

fn has(commits: &BTreeSet<String>, short: &str) -> bool {
    commits
        .range(short.to_owned()..)
        .next()
        .is_some_and(|commit| commit.starts_with(short))
}

#[test]
fn most_real_images_name_their_commit_and_none_is_guessed() {
    let sources = InfraSettings::default().images;
    let mut test_infra = commits("data/git-history/kubernetes-test-infra.24mo.full.jsonl.zst");
    test_infra.append(&mut commits(
        "data/git-history/kubernetes-test-infra.all.firstparent.full.jsonl.zst",
    ));
    let prow = commits("data/git-history/kubernetes-sigs-prow.24mo.full.jsonl.zst");
    let (mut all, mut lines) = (0, 0);
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut unknown: BTreeMap<(UnknownOrigin, String), usize> = BTreeMap::new();
    for entry in WalkDir::new(shared(JOBS)) {
        let entry = entry.expect("it can be read");
        if entry
            .path()
            .extension()
            .is_none_or(|extension| extension != "yaml")
        {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("it is text");
        let is_image = |line: &&str| {
            let line = line.trim_start();
            line.strip_prefix("- ")
                .unwrap_or(line)
                .starts_with("image: ")
        };
        lines += text.lines().filter(is_image).count();
        for job in parse_definitions(&text).jobs {
            for image in &job.images {
                all += 1;
                match origin(&ImageRef::parse(image), &sources) {
                    Ok((repo, commit)) => {
                        *known
                            .entry((repo.to_owned(), commit.to_owned()))
                            .or_default() += 1;
                    }
                    Err(why) => *unknown.entry((why, image.clone())).or_default() += 1,
                }
            }
        }
    }
    let resolved: usize = known.values().sum();
    eprintln!(
        "{all} image references: {resolved} with repository and commit ({:.1} %), {} distinct commits",
        100.0 * resolved as f64 / all as f64,
        known.len()
    );
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for ((why, _), count) in &unknown {
        *reasons.entry(why.to_string()).or_default() += count;
    }
    for (why, count) in &reasons {
        eprintln!("  {count} unknown: {why}");
    }
    assert_eq!(resolved + reasons.values().sum::<usize>(), all);
    assert!(all >= 3_800, "{all}");
    // None is missed: but for one in the text of a manifest that a preset passes on.
    assert_eq!(lines, all + 1);
    assert!(resolved * 100 >= all * 85, "{resolved} of {all}");
    // Each commit is one of the repository it is said to be of, where its history is recorded.
    for ((repo, commit), count) in &known {
        let commits = match repo.as_str() {
            "kubernetes/test-infra" => &test_infra,
            "kubernetes-sigs/prow" => &prow,
            _ => continue,
        };
        assert!(
            has(commits, commit),
            "{count} images say {commit} of {repo}"
        );
    }
    let checked: usize = known
        .iter()
        .filter(|((repo, _), _)| repo == "kubernetes/test-infra" || repo == "kubernetes-sigs/prow")
        .map(|(_, count)| count)
        .sum();
    eprintln!("  {checked} of them found in the recorded histories");
}
