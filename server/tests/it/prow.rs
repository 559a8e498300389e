//! Real files of real builds, and hostile ones.

mod hostile;
mod real;
mod rules;

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use model::{
    config::{ColumnHeader, TestGroup},
    infra::{ComponentKind, ComponentVersion, Source, same_version},
    run::{Cell, Run},
    status::Status,
};

use proptest::prelude::*;
use seamgrid::{
    prow::{
        BuildFile, BuildFiles, ParseOptions, junit::read_junit, layout, overall::OUTSIDE_OF_TESTS,
        parse_build,
    },
    settings::{ComponentSettings, InfraSettings, VersionRule},
};

use crate::shared::shared;

const NOW_MS: i64 = 1_800_000_000_000;

/// A build of the job `job` with these files.
fn build(files: &[(&str, &[u8])]) -> BuildFiles {
    BuildFiles {
        bucket_path: "bucket/logs/job/12".into(),
        job: "job".into(),
        build: "12".into(),
        files: files
            .iter()
            .map(|(name, content)| BuildFile {
                name: (*name).into(),
                content: Ok(Bytes::copy_from_slice(content)),
            })
            .collect(),
    }
}

fn components() -> Vec<ComponentSettings> {
    InfraSettings::default().components
}

/// Reads a build in a group, long after it ended.
fn parse_in(group: &TestGroup, files: &BuildFiles) -> Run {
    parse_at(group, files, NOW_MS)
}

fn parse_at(group: &TestGroup, files: &BuildFiles, now_ms: i64) -> Run {
    let components = components();
    let options = ParseOptions {
        group,
        components: &components,
        several_prefixes: false,
        now_ms,
        stop_ms: 0,
    };
    let run = parse_build(files, &options);
    assert_eq!(run, parse_build(files, &options), "reading twice differs");
    check_bounds(&run);
    run
}

fn parse(files: &[(&str, &[u8])]) -> Run {
    parse_in(&TestGroup::default(), &build(files))
}

/// What holds of every run, whatever was in the files.
fn check_bounds(run: &Run) {
    let mut names: Vec<&str> = run
        .results
        .iter()
        .map(|result| result.name.as_str())
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "names are unique");
    for result in &run.results {
        assert!(result.name.len() <= 1100, "{} bytes", result.name.len());
        assert!(result.cell.message.chars().count() <= 143);
        let printable = |text: &str| {
            text.chars()
                .all(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        };
        assert!(printable(&result.cell.message) && !result.name.contains(char::is_control));
    }
    for version in &run.versions {
        assert_eq!(version.version.is_none(), version.source == Source::Unknown);
    }
}

fn cell<'a>(run: &'a Run, name: &str) -> &'a Cell {
    run.results
        .iter()
        .find(|result| result.name == name)
        .map_or_else(
            || panic!("no row {name:?} among {:#?}", run.results),
            |result| &result.cell,
        )
}

fn version<'a>(run: &'a Run, component: &str) -> &'a ComponentVersion {
    run.versions
        .iter()
        .find(|version| version.component == component)
        .unwrap_or_else(|| panic!("no {component} among {:#?}", run.versions))
}

fn says(cell: &Cell) -> (Status, &str, &str) {
    (cell.status, &cell.icon, &cell.message)
}

const START: &[u8] = b"{\"timestamp\":1700000000}";

const START_MS: i64 = 1_700_000_000_000;

const PASSED: &[u8] = b"{\"timestamp\":1700000100,\"passed\":true}";

const END_MS: i64 = 1_700_000_100_000;

const HOUR_MS: i64 = 3_600_000;

const JUNIT: &[u8] = b"<testsuite><testcase name='t'/></testsuite>";

/// Cases and problems of one JUnit file.
fn count_cases(content: &[u8]) -> (usize, Vec<String>) {
    let mut cases = 0;
    let outcome = read_junit(content, &mut |case| {
        assert!(case.name.len() <= 1024);
        cases += 1;
        true
    });
    (cases, outcome.problems)
}

/// Every place where a file of a build is read.
const EVERYWHERE: [&str; 7] = [
    layout::STARTED,
    layout::FINISHED,
    layout::PODINFO,
    layout::PROWJOB,
    layout::CLONE_RECORDS,
    layout::METADATA,
    "artifacts/junit_01.xml",
];

/// One of the JSON objects of the upstream tests and documents.
fn example(name: &str) -> Vec<u8> {
    let folder = shared("data/prow-builds/started-finished-jobspec-examples");
    fs::read(folder.join(name)).expect("an example")
}
