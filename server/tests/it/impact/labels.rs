//! What a change of a job is called: single lines of the real job configurations, each changed by itself; and
//! what the real automatic bumps say that they move.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
};

use model::{
    history::bump::find_bumps,
    impact::{ChangeLabel, Globals, Job, Labels, compare_jobs},
};
use seamgrid::testgrid::definitions::parse_definitions;
use serde::Deserialize;
use walkdir::WalkDir;

use super::rebuilt::{Merge, tag_in, unpack};
use crate::shared::shared;

const JOBS: &str = "data/testgrid-configs/kubernetes-test-infra/config/jobs";
/// So many lines of each kind are changed in one file.
const LINES: usize = 2;
/// One in so many files is looked at for each kind: every line for itself, a file is read twice.
const FILES: usize = 3;

/// Another value for a line, where it is one of this kind.
type Edit = fn(&str) -> Option<String>;

/// `key: value` with another value, where the line has this key; `value` is in its own quotes.
fn with_value(line: &str, key: &str, change: impl Fn(&str) -> Option<String>) -> Option<String> {
    let at = line.find(key)?;
    let before = line[..at].trim();
    let rest = line[at + key.len()..].strip_prefix(": ")?;
    let value = rest.split(" #").next()?.trim();
    let plain = value.trim_matches(['"', '\'']);
    let is_own = before.is_empty() || before == "-";
    let is_text = !plain.is_empty() && !plain.contains(['{', '[', '&', '*', '|', '>']);
    (is_own && is_text).then_some(())?;
    Some(format!("{}{key}: {}", &line[..at], change(plain)?))
}

fn doubled(value: &str) -> Option<String> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = value[..digits].parse().ok()?;
    let unit = &value[digits..];
    (number > 0).then(|| format!("\"{}{unit}\"", number * 2 + 1))
}

/// What one line says, and what another value there is called.
const KINDS: &[(&str, ChangeLabel, Edit)] = &[
    ("an image's tag", ChangeLabel::Image, |line| {
        let (from, to) = tag_in(line)?;
        Some(format!("{}0123456789{}", &line[..from], &line[to..]))
    }),
    ("the cluster", ChangeLabel::Cluster, |line| {
        with_value(line, "cluster", |value| Some(format!("{value}-2")))
    }),
    ("the timeout", ChangeLabel::Timeout, |line| {
        with_value(line, "timeout", doubled)
    }),
    ("memory", ChangeLabel::Resources, |line| {
        with_value(line, "memory", doubled)
    }),
    ("processors", ChangeLabel::Resources, |line| {
        with_value(line, "cpu", doubled)
    }),
    ("the interval", ChangeLabel::Trigger, |line| {
        with_value(line, "interval", doubled)
    }),
    ("what it runs for", ChangeLabel::Trigger, |line| {
        with_value(line, "run_if_changed", |_| Some("'^other/'".to_owned()))
    }),
    ("a preset", ChangeLabel::Preset, |line| {
        let at = line.find("preset-")?;
        (line[..at].trim().is_empty() && line.trim_end().ends_with("\"true\"")).then_some(())?;
        Some(line.replace("\"true\"", "\"other\""))
    }),
    ("an argument", ChangeLabel::Environment, |line| {
        let argument = line.trim_start().strip_prefix("- --")?;
        let plain = argument.contains('=') && !argument.contains([':', '#', '"', '\'', '\\']);
        plain.then(|| format!("{}-other", line.trim_end()))
    }),
    ("a cloned branch", ChangeLabel::Clone, |line| {
        with_value(line, "base_ref", |value| Some(format!("{value}-2")))
    }),
];

/// The labels of every job that two texts of a file define differently.
fn labels(before: &[Job], after: &str) -> Option<BTreeMap<String, Labels>> {
    let after = parse_definitions(after);
    if after.flaw.is_some() || after.jobs.len() != before.len() {
        return None;
    }
    let mut globals = Globals::default();
    let mut define = |job| globals.define(job);
    let old: Vec<_> = before.iter().map(|job| (job, define(job))).collect();
    let new: Vec<_> = after.jobs.iter().map(|job| (job, define(job))).collect();
    let changes = compare_jobs(old, new);
    Some(
        changes
            .into_iter()
            .map(|(name, change)| (name.to_owned(), change.labels))
            .collect(),
    )
}

#[test]
fn each_line_of_a_real_job_is_called_what_it_is() {
    let mut files: Vec<String> = WalkDir::new(shared(JOBS))
        .into_iter()
        .map(|entry| entry.expect("it can be read").into_path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| fs::read_to_string(path).expect("it is text"))
        // Large files say the same again and again.
        .filter(|text| text.len() < 60_000)
        .collect();
    files.sort();
    let mut figures: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (number, text) in files.iter().enumerate() {
        let lines: Vec<&str> = text.lines().collect();
        let before = parse_definitions(text);
        for (kind, &(what, label, edit)) in KINDS.iter().enumerate() {
            if number % FILES != kind % FILES {
                continue;
            }
            let changed = lines.iter().enumerate().filter_map(|(at, line)| {
                let other = edit(line).filter(|other| other != line)?;
                (!line.trim_start().starts_with('#')).then_some((at, other))
            });
            for (at, other) in changed.take(LINES) {
                let mut lines = lines.clone();
                lines[at] = &other;
                // A line in the middle of a script is none of the job's own.
                let Some(found) = labels(&before.jobs, &lines.join("\n")) else {
                    continue;
                };
                let figure = figures.entry(what).or_default();
                figure.0 += usize::from(!found.is_empty());
                for (job, labels) in found {
                    figure.1 += 1;
                    let right = labels.iter().eq([label]);
                    figure.2 += usize::from(right);
                    if !right {
                        let labels: Vec<&str> = labels.iter().map(ChangeLabel::words).collect();
                        eprintln!(
                            "{what} of {job} is called {labels:?}: {} → {other}",
                            lines[at]
                        );
                    }
                }
            }
        }
    }
    for (what, (lines, jobs, right)) in &figures {
        eprintln!("{what}: {lines} lines change {jobs} jobs, {right} are called so");
    }
    for &(what, ..) in KINDS {
        let (lines, jobs, right) = figures.get(what).copied().unwrap_or_default();
        assert!(lines >= 10, "{what}: {lines} lines");
        assert!(right * 100 >= jobs * 99, "{what}: {right} of {jobs}");
    }
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
    parents: Vec<String>,
    subject: String,
}

#[test]
fn the_real_automatic_bumps_say_what_they_move() {
    let subjects: HashMap<String, (Vec<String>, String)> =
        unpack("data/git-history/kubernetes-test-infra.24mo.full.jsonl.zst")
            .lines()
            .map(|line| serde_json::from_str::<Commit>(line).expect("it is a commit"))
            .map(|commit| {
                (
                    commit.sha[..10].to_owned(),
                    (commit.parents, commit.subject),
                )
            })
            .collect();
    let merges: Vec<Merge> = unpack("data/impact/merges.jsonl.zst")
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is a merge"))
        .collect();
    let (mut bumps, mut prow, mut global, mut other) = (0, 0, 0, 0);
    for merge in &merges {
        // What it is called stands below the subject of the merge, as the commit that it brought is called.
        let (parents, subject) = &subjects[&merge.sha];
        let brought = parents.get(1).and_then(|sha| subjects.get(&sha[..10]));
        let Some((_, title)) = brought.filter(|_| subject.ends_with("autobump")) else {
            continue;
        };
        let found = find_bumps(subject, &format!("\n{title}\n"));
        bumps += 1;
        let moves_prow = found
            .iter()
            .any(|bump| bump.what.eq_ignore_ascii_case("prow"));
        let is_global = merge.global.iter().any(|global| global == "plank");
        prow += usize::from(moves_prow);
        global += usize::from(moves_prow && is_global);
        other += usize::from(!moves_prow && !is_global && !found.is_empty());
    }
    eprintln!(
        "{bumps} automatic bumps: {prow} of Prow, {global} of which change what decorates every job; {other} of other images"
    );
    assert!(bumps > 100, "{bumps}");
    assert_eq!(prow, global);
    assert!(
        (prow + other) * 100 >= bumps * 98,
        "{prow} and {other} of {bumps}"
    );
}
