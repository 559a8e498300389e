//! The files of one build, as Prow writes them: bytes → [`Run`]. No IO, no clock.
//!
//! A bad file never loses a build: what is wrong becomes a [`Problem`] of the run, and where it
//! touches results the Overall row says so; every other file still counts.

pub mod cells;
pub mod clone_records;
pub mod column;
pub mod finished;
pub mod job_spec;
pub mod json;
pub mod junit;
pub mod layout;
pub mod overall;
pub mod podinfo;
pub mod prowjob;
pub mod rows;
pub mod started;
pub mod text;
pub mod upload;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use model::{
    config::TestGroup,
    run::{Cell, Problem, Run, TestResult},
    status::Status,
};
use serde_json::{Map, Value};

use crate::{
    infra::{self, Evidence},
    settings::ComponentSettings,
};
use cells::{Naming, case_cell};
use clone_records::CloneRecords;
use finished::Finished;
use job_spec::parse_job_spec;
use json::{Json, parse_time_ms};
use junit::read_junit;
use overall::{deadline_ms, overall_cell};
use podinfo::{PodInfo, pod_cell};
use prowjob::ProwJob;
use rows::Rows;
use started::Started;
use upload::Upload;

/// How many test cases of one build are read. The largest real builds have some ten thousand.
const CASES_CAP: usize = 200_000;

/// One build as it was read from its bucket.
#[derive(Clone, Debug, Default)]
pub struct BuildFiles {
    /// The build's folder, without a scheme: `bucket/logs/job/123`.
    pub bucket_path: String,
    /// The job's name.
    pub job: String,
    /// The build id.
    pub build: String,
    /// The wanted files that are there, in any order; see [`layout::is_wanted`].
    pub files: Vec<BuildFile>,
}

/// One file of a build.
#[derive(Clone, Debug)]
pub struct BuildFile {
    /// Relative to the build's folder: `artifacts/junit_01.xml`.
    pub name: String,
    /// What is in it, or why it could not be read.
    pub content: Result<Bytes, String>,
}

/// What else decides how a build is read.
#[derive(Clone, Copy, Debug)]
pub struct ParseOptions<'a> {
    /// The test group to which the build belongs.
    pub group: &'a TestGroup,
    /// What counts as infrastructure.
    pub components: &'a [ComponentSettings],
    /// Whether the group has several prefixes, so that rows must say their job.
    pub several_prefixes: bool,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// Builds that began before are ancient: they get a column and no results.
    pub stop_ms: i64,
}

/// Reads one build. Never fails: what is wrong is in the run.
///
/// Where TestGrid puts a column in error on a row of its own (`Overall`), the error stands on the
/// job's own row here, so that it is seen where the job's other results are.
pub fn parse_build(files: &BuildFiles, options: &ParseOptions<'_>) -> Run {
    let by_name: HashMap<&str, &Result<Bytes, String>> = files
        .files
        .iter()
        .map(|file| (file.name.as_str(), &file.content))
        .collect();
    let file = |name: &str| by_name.get(name).copied();
    let started: Json<Started> = Json::parse(file(layout::STARTED));
    let finished: Json<Finished> = Json::parse(file(layout::FINISHED));
    let podinfo: Json<PodInfo> = Json::parse(file(layout::PODINFO));
    let prowjob: Json<ProwJob> = Json::parse(file(layout::PROWJOB));
    let clone_records: Json<Option<CloneRecords>> = Json::parse_list(file(layout::CLONE_RECORDS));
    let metadata: Json<Option<Map<String, Value>>> = Json::parse(file(layout::METADATA));
    let upload: Json<Upload> = Json::parse(file(layout::UPLOAD));

    let pod = podinfo.value().and_then(|info| info.pod.as_ref());
    let evidence = Evidence {
        started: started.value(),
        finished: finished.value(),
        metadata: metadata.value().and_then(Option::as_ref),
        clone_records: clone_records
            .value()
            .and_then(Option::as_ref)
            .map(Vec::as_slice),
        prowjob: prowjob.value(),
        prowjob_bytes: file(layout::PROWJOB)
            .and_then(|content| content.as_ref().ok())
            .map(AsRef::as_ref),
        pod,
        upload: upload.value(),
    };

    let mut reading = Reading {
        files,
        options,
        problems: Vec::new(),
        malformed: Vec::new(),
        retry: false,
    };
    // These two decide about the build, so that a broken one is said on the Overall row.
    let failed = [
        reading.note_json(layout::STARTED, &started),
        reading.note_json(layout::FINISHED, &finished),
    ]
    .into_iter()
    .flatten()
    .next()
    .or(reading.note_folder());
    if let Some(why) = reading.note_json(layout::PODINFO, &podinfo) {
        reading
            .malformed
            .push(format!("{}: {why}", layout::PODINFO));
    }
    reading.note_json(layout::PROWJOB, &prowjob);
    reading.note_json(layout::CLONE_RECORDS, &clone_records);
    reading.note_json(layout::METADATA, &metadata);

    let start_secs = started.value().and_then(|started| started.timestamp);
    let finished_ms = finished
        .value()
        .and_then(|finished| finished.timestamp)
        .map(|seconds| seconds * 1000);
    let started_ms = start_secs
        .map(|seconds| seconds * 1000)
        .or_else(|| other_start_ms(&evidence, &files.build))
        .or(finished_ms)
        .unwrap_or(0);
    let late = started_ms > 0 && options.now_ms > deadline_ms(started_ms, finished_ms);

    let mut run = Run {
        build: files.build.clone(),
        label: column::label(options.group, started_ms, finished.value()),
        path: files.bucket_path.clone(),
        started_ms,
        finished_ms,
        versions: infra::find_versions(options.components, &evidence),
        spec: evidence.prowjob_bytes.and_then(parse_job_spec),
        emails: finished.value().map(Finished::emails).unwrap_or_default(),
        ..Run::default()
    };

    let overall;
    if start_secs.is_some() && started_ms < options.stop_ms {
        overall = Cell {
            message: format!(
                "build too old; started {} before {})",
                started_ms / 1000,
                options.stop_ms / 1000
            ),
            ..Cell::plain(Status::Unknown)
        };
        run.results = reading.synthetic(Rows::default(), &overall, None);
    } else {
        let rows = reading.read_tests(finished.value());
        let any_failed = rows.any_failed;
        reading.malformed.sort();
        overall = if let Some(why) = failed {
            Cell {
                icon: "E".into(),
                message: text::cut_message(why.as_bytes()),
                ..Cell::plain(Status::ToolFail)
            }
        } else {
            let cell = overall_cell(
                &reading.malformed,
                started_ms,
                finished.value(),
                late,
                any_failed,
            );
            if start_secs.is_none() && cell.status == Status::Running {
                Cell {
                    icon: "R".into(),
                    message: "Start timestamp for this job is 0.".into(),
                    ..Cell::plain(Status::Running)
                }
            } else {
                cell
            }
        };
        // What was uploaded had a pod only if it says so, and is all there will be.
        let is_upload = upload.value().is_some();
        let has_pod =
            options.group.disable_prowjob_analysis != Some(true) && (!is_upload || pod.is_some());
        let pod_cell = has_pod.then(|| pod_cell(pod, late));
        let pod_pending = pod_cell
            .as_ref()
            .is_some_and(|cell| cell.status == Status::Running);
        // Until its deadline a build may still get its end, its pod, or a whole file for a half one.
        run.open =
            !late && (finished_ms.is_none() || (!is_upload && (pod_pending || reading.retry)));
        let pod_row = pod_cell.filter(|_| !(pod_pending && overall.status == Status::Running));
        run.results = reading.synthetic(rows.rows, &overall, pod_row);
        run.ids = rows.ids.into_iter().collect();
    }
    if start_secs.is_none() && started.value().is_some() {
        reading.problem(
            layout::STARTED,
            "the file does not say when the build began",
        );
    } else if matches!(started, Json::Absent) && finished_ms.is_some() {
        reading.problem(
            layout::STARTED,
            "the file is missing, though the build has ended",
        );
    }
    run.headers = column::headers(
        options.group,
        started.value(),
        finished.value(),
        overall.status == Status::Running,
    );
    run.problems = reading.problems;
    run
}

/// When the build began by other evidence than `started.json`: the ProwJob's start, the pod's, the
/// time in the build id.
fn other_start_ms(evidence: &Evidence<'_>, build: &str) -> Option<i64> {
    let times = [
        evidence.prowjob.map(|job| job.status.start_time.as_str()),
        evidence
            .prowjob
            .map(|job| job.metadata.creation_timestamp.as_str()),
        evidence.pod.map(|pod| pod.status.start_time.as_str()),
        evidence
            .pod
            .map(|pod| pod.metadata.creation_timestamp.as_str()),
    ];
    times
        .into_iter()
        .flatten()
        .find_map(parse_time_ms)
        .filter(|&ms| ms > 0)
        .or_else(|| layout::build_time_ms(build))
}

/// A build while it is read.
struct Reading<'a> {
    files: &'a BuildFiles,
    options: &'a ParseOptions<'a>,
    problems: Vec<Problem>,
    /// `<file>: <what>` for what makes the Overall row fail.
    malformed: Vec<String>,
    /// Whether some file was bad: it may be half written, so it is worth trying again.
    retry: bool,
}

/// The tests of a build.
struct Tests {
    rows: Rows,
    /// Identities by row name, where they differ.
    ids: BTreeMap<String, String>,
    any_failed: bool,
}

impl Reading<'_> {
    fn problem(&mut self, file: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(file, message));
    }

    /// Notes what is wrong with the folder itself, which stands under the name `.`. Answers with a
    /// sentence when nothing of the build could be read.
    fn note_folder(&mut self) -> Option<String> {
        let path = &self.files.bucket_path;
        let mut whole = None;
        for file in &self.files.files {
            if let (".", Err(why)) = (file.name.as_str(), &file.content) {
                self.problems.push(Problem::new(".", why.as_str()));
                self.retry = true;
                if self.files.files.len() == 1 {
                    whole = Some(match path.as_str() {
                        "" => why.clone(),
                        path => format!("Failed to download {path}: {why}"),
                    });
                }
            }
        }
        whole
    }

    /// Notes what is wrong with a JSON file. Answers with a sentence when the file says something
    /// that cannot be understood; an empty one only is malformed.
    fn note_json<T>(&mut self, name: &str, json: &Json<T>) -> Option<String> {
        let problem = json.problem()?;
        self.retry = true;
        self.problem(name, problem);
        let path = &self.files.bucket_path;
        match json {
            Json::Empty => {
                if matches!(name, layout::STARTED | layout::FINISHED | layout::PODINFO) {
                    self.malformed.push(name.to_owned());
                }
                None
            }
            Json::Unread(why) | Json::Broken(why) => {
                Some(format!("Failed to download {path}/{name}: {why}"))
            }
            Json::Absent | Json::Value(_) => None,
        }
    }

    /// Reads all JUnit files, in the order of their names.
    fn read_tests(&mut self, finished: Option<&Finished>) -> Tests {
        let group = self.options.group;
        let naming = Naming {
            group,
            job: &self.files.job,
            build: &self.files.build,
            several: self.options.several_prefixes,
            finished,
        };
        let cell_id = naming.cell_id();
        let mut junit_files: Vec<_> = self
            .files
            .files
            .iter()
            .filter_map(|file| Some((layout::junit_name(&file.name)?, file)))
            .collect();
        junit_files.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let mut tests = Tests {
            rows: Rows::default(),
            ids: BTreeMap::new(),
            any_failed: false,
        };
        let mut left = CASES_CAP;
        let mut cells: Vec<(usize, TestResult)> = Vec::new();
        for (name, file) in junit_files {
            let content = match &file.content {
                Ok(content) => content,
                Err(why) => {
                    self.bad_junit(&file.name, std::slice::from_ref(why));
                    continue;
                }
            };
            let outcome = read_junit(content, &mut |case| {
                if left == 0 {
                    return false;
                }
                left -= 1;
                if let Some(mut cell) = case_cell(case, group) {
                    tests.any_failed |= cell.status.is_failing();
                    cell.cell_id.clone_from(&cell_id);
                    let name = naming.row_name(case, name);
                    if let Some(id) = naming.identity(case).filter(|id| *id != name) {
                        tests.ids.insert(name.clone(), id);
                    }
                    cells.push((case.suite, TestResult { name, cell }));
                }
                true
            });
            if let Some(order) = &outcome.suite_order {
                cells.sort_by_key(|&(suite, ..)| order[suite]);
            }
            tests.rows.reserve(cells.len());
            for (_, row) in cells.drain(..) {
                tests.rows.push(row);
            }
            if !outcome.problems.is_empty() {
                self.bad_junit(&file.name, &outcome.problems);
            }
            if left == 0 {
                self.problem(
                    &file.name,
                    format!("the build has {CASES_CAP} test cases or more; the rest was not read"),
                );
                break;
            }
        }
        tests
    }

    fn bad_junit(&mut self, file: &str, problems: &[String]) {
        self.retry = true;
        let message = problems.join("; ");
        self.malformed.push(format!("{file}: {message}"));
        self.problem(file, message);
    }

    /// The rows of the build with the synthetic ones before them.
    fn synthetic(&self, mut rows: Rows, overall: &Cell, pod: Option<Cell>) -> Vec<TestResult> {
        let job = &self.files.job;
        let several = self.options.several_prefixes;
        for (row, cell) in [("Overall", Some(overall.clone())), ("Pod", pod)] {
            let Some(mut cell) = cell else { continue };
            if several {
                cell.cell_id = format!("{job}/{}", self.files.build);
                rows.push_first(TestResult {
                    name: row.to_owned(),
                    cell: cell.clone(),
                });
            }
            rows.push_first(TestResult {
                name: format!("{job}.{row}"),
                cell,
            });
        }
        rows.finish(self.options.group.disable_merged_status == Some(true))
    }
}
