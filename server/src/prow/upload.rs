//! What whoever uploads a run says of it, and that as the files of a build: so that an uploaded run is
//! read by the rules that all builds are read by.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{BuildFile, BuildFiles, junit::read_junit, layout, text::is_unprintable};

/// The longest build id, in bytes.
const BUILD_CAP: usize = 200;

/// How far ahead of ours the clock of an uploader may be: more than all time zones are apart.
const AHEAD_MS: i64 = 26 * 3_600_000;

/// One run as its uploader describes it. Only `build` must be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Upload {
    /// The build id, unique within the test group. Ids should grow with time.
    pub build: String,
    /// When the run began; without it when it ended, else when it was received.
    pub started: Option<DateTime<Utc>>,
    /// When it ended; without it when it was received.
    pub finished: Option<DateTime<Utc>>,
    /// Whether it is still under way: a later upload of the same build says how it ended.
    pub running: bool,
    /// Whether it passed as a whole; without it whether no test failed.
    pub passed: Option<bool>,
    /// The page of the run, to which its column leads.
    pub url: String,
    /// What was tested: version by `org/repo`.
    pub product: BTreeMap<String, String>,
    /// What tested it: version by the name of the infra component.
    pub infra: BTreeMap<String, String>,
    /// Anything else, for column headers: text by key.
    pub metadata: BTreeMap<String, String>,
    /// The tests, where they do not come as JUnit files.
    pub tests: Vec<UploadedTest>,
}

/// One test of an uploaded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadedTest {
    /// Its name.
    pub name: String,
    /// What happened.
    pub status: UploadedStatus,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What happened to an uploaded test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadedStatus {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It could not be run.
    Error,
    /// It was not run.
    Skipped,
    /// It failed, and passed when it was run again.
    Flaky,
}

impl Upload {
    /// Reads what an uploader says.
    ///
    /// # Errors
    /// One sentence that names what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let unread = |why: &dyn std::fmt::Display| {
            format!("the description of the run cannot be read: {why}")
        };
        // A list would be taken for the fields without their names.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(unread(&"it is not a JSON object"));
        }
        let upload: Self = serde_json::from_slice(bytes).map_err(|error| unread(&error))?;
        upload.check()?;
        Ok(upload)
    }

    fn check(&self) -> Result<(), String> {
        let build = &self.build;
        if build.is_empty() {
            return Err("the run has no `build`: say which build id it has".to_owned());
        }
        if build.len() > BUILD_CAP {
            return Err(format!("the build id is longer than {BUILD_CAP} bytes"));
        }
        if build
            .chars()
            .any(|letter| letter.is_control() || letter == '/')
        {
            return Err(format!(
                "the build id {build:?} has a slash or something that cannot be printed"
            ));
        }
        if !self.url.is_empty()
            && !["https://", "http://"]
                .iter()
                .any(|scheme| self.url.starts_with(scheme))
        {
            return Err(format!(
                "the url {:?} does not begin with https://",
                self.url
            ));
        }
        if self.running && self.finished.is_some() {
            return Err("the run is both `running` and `finished`".to_owned());
        }
        for (what, versions) in [("product", &self.product), ("infra", &self.infra)] {
            if let Some((name, _)) = versions
                .iter()
                .find(|(name, version)| name.trim().is_empty() || version.trim().is_empty())
            {
                return Err(format!("`{what}` has an empty name or version at {name:?}"));
            }
        }
        if self.tests.iter().any(|test| test.name.trim().is_empty()) {
            return Err("one of the `tests` has no name".to_owned());
        }
        Ok(())
    }
}

impl Upload {
    /// Why a new upload is not taken at `now_ms`, in one sentence, though it can be read. One that is kept
    /// already goes on being read.
    pub fn refusal(&self, now_ms: i64) -> Option<String> {
        let build = &self.build;
        let is_path = matches!(build.as_str(), "." | "..");
        if is_path || build.trim() != build || build.chars().any(is_unprintable) {
            return Some(format!(
                "the build id {build:?} cannot stand in an address: it is a dot or two, begins or ends with \
                 a space, or has something that cannot be printed"
            ));
        }
        for (word, time) in [("began", self.started), ("ended", self.finished)] {
            if let Some(time) = time
                && time.timestamp_millis() > now_ms.saturating_add(AHEAD_MS)
            {
                return Some(format!(
                    "the run {word} at {time}, which is more than a day from now; is the clock right?"
                ));
            }
        }
        if let (Some(started), Some(finished)) = (self.started, self.finished)
            && finished < started
        {
            return Some(format!(
                "the run ended at {finished}, before it began at {started}"
            ));
        }
        None
    }
}

/// Where a file that was sent along belongs in the folder of a build; `None` when it is no file of a
/// build. Any XML file is taken for a JUnit file.
pub fn place_of(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    if name.is_empty() || name.chars().any(char::is_control) || name == layout::UPLOAD {
        return None;
    }
    if layout::is_json(name) {
        return Some(name.to_owned());
    }
    if layout::METADATA.rsplit('/').next() == Some(name) {
        return Some(layout::METADATA.to_owned());
    }
    let in_artifacts = format!("artifacts/{name}");
    if layout::junit_name(&in_artifacts).is_some() {
        return Some(in_artifacts);
    }
    let stem = name.strip_suffix(".xml")?;
    Some(format!("artifacts/junit_{stem}.xml"))
}

/// The files of the build that was uploaded: those that were sent, among them [`layout::UPLOAD`] with
/// the description, and what the description says in the files that Prow would have written. `job` names
/// the rows of the run itself; `received_ms` stands for times that are not told.
///
/// # Errors
/// One sentence when the description cannot be read.
pub fn build_files(
    mut files: Vec<BuildFile>,
    job: &str,
    received_ms: i64,
) -> Result<BuildFiles, String> {
    let upload = files
        .iter()
        .find(|file| file.name == layout::UPLOAD)
        .and_then(|file| file.content.as_ref().ok())
        .ok_or_else(|| "the upload has no description of the run".to_owned())
        .and_then(|bytes| Upload::parse(bytes))?;
    if !upload.tests.is_empty() {
        files.push(file(layout::UPLOADED_JUNIT, junit(&upload.tests)));
    }
    let millis = |time: DateTime<Utc>| time.timestamp_millis();
    let started_ms = upload
        .started
        .or(upload.finished)
        .map_or(received_ms, millis);
    let is_there = |files: &[BuildFile], name: &str| files.iter().any(|file| file.name == name);
    if !is_there(&files, layout::STARTED) {
        let started = json!({"timestamp": started_ms / 1000});
        files.push(file(layout::STARTED, started.to_string()));
    }
    if !upload.running && !is_there(&files, layout::FINISHED) {
        let ended_ms = upload.finished.map_or(received_ms, millis).max(started_ms);
        let passed = upload.passed.unwrap_or_else(|| !any_failed(&files));
        let mut metadata = upload.metadata.clone();
        if let Some(version) = upload.product.values().next() {
            // Where the header `Commit` is looked for.
            metadata
                .entry("revision".to_owned())
                .or_insert_with(|| version.clone());
        }
        let finished = json!({
            "timestamp": ended_ms / 1000,
            "passed": passed,
            "metadata": metadata,
        });
        files.push(file(layout::FINISHED, finished.to_string()));
    }
    Ok(BuildFiles {
        bucket_path: upload.url.clone(),
        job: job.to_owned(),
        build: upload.build,
        files,
    })
}

fn file(name: &str, content: impl Into<Bytes>) -> BuildFile {
    BuildFile {
        name: name.to_owned(),
        content: Ok(content.into()),
    }
}

fn any_failed(files: &[BuildFile]) -> bool {
    let mut failed = false;
    for file in files {
        if let Ok(content) = &file.content
            && layout::junit_name(&file.name).is_some()
        {
            read_junit(content, &mut |case| {
                failed |= case.failure.present || case.error.present;
                !failed
            });
        }
    }
    failed
}

/// The tests as a JUnit file.
fn junit(tests: &[UploadedTest]) -> String {
    let mut text = String::from("<testsuite>\n");
    for test in tests {
        let seconds = test
            .seconds
            .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
            .map(|seconds| format!(" time=\"{seconds}\""))
            .unwrap_or_default();
        text.push_str(&format!(
            "<testcase name=\"{}\"{seconds}>",
            escaped(test.name.trim())
        ));
        let element = match test.status {
            UploadedStatus::Passed => None,
            UploadedStatus::Failed => Some("failure"),
            UploadedStatus::Error => Some("error"),
            UploadedStatus::Skipped => Some("skipped"),
            UploadedStatus::Flaky => Some("flakyFailure"),
        };
        if let Some(element) = element {
            let message = escaped(&test.message);
            text.push_str(&format!("<{element}>{message}</{element}>"));
        }
        text.push_str("</testcase>\n");
    }
    text.push_str("</testsuite>\n");
    text
}

/// `text` as it may stand in XML: characters that XML does not know become U+FFFD.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_known = |letter: char| {
        matches!(letter, '\t' | '\n' | '\r')
            || (letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
    };
    if text.chars().all(is_known) {
        return quick_xml::escape::escape(text);
    }
    let known: String = text
        .chars()
        .map(|letter| if is_known(letter) { letter } else { '\u{fffd}' })
        .collect();
    Cow::Owned(quick_xml::escape::escape(known).into_owned())
}

#[cfg(test)]
mod tests {
    use model::{config::TestGroup, infra::Source, run::Run, status::Status};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        prow::{ParseOptions, parse_build},
        settings::InfraSettings,
    };

    const NOW_MS: i64 = 1_772_323_200_000;

    fn read(description: &str, further: &[(&str, &str)]) -> Run {
        let mut files = vec![file(layout::UPLOAD, description.to_owned())];
        for (name, content) in further {
            let place = place_of(name).expect("a file of a build");
            files.push(file(&place, (*content).to_owned()));
        }
        let files = build_files(files, "nightly", NOW_MS).expect("a good description");
        parse_build(
            &files,
            &ParseOptions {
                group: &TestGroup::default(),
                components: &InfraSettings::default().components,
                several_prefixes: false,
                now_ms: NOW_MS,
                stop_ms: 0,
            },
        )
    }

    fn status(run: &Run, row: &str) -> Status {
        run.results
            .iter()
            .find(|result| result.name == row)
            .unwrap_or_else(|| panic!("no row {row} in {run:?}"))
            .cell
            .status
    }

    #[test]
    fn a_description_alone_is_a_run() {
        let run = read(
            r#"{"build": "7", "started": "2026-02-28T23:00:00Z", "url": "https://ci.example/7",
                "product": {"acme/shop": "0123456789abcdef0123456789abcdef01234567"},
                "infra": {"test-infra": "v20260228-0123456789", "runner": "24.1"},
                "tests": [{"name": "a < b", "status": "passed", "seconds": 1.5},
                          {"name": "b", "status": "failed", "message": "no & never\u0007"},
                          {"name": "c", "status": "flaky", "message": "once"},
                          {"name": "d", "status": "skipped", "message": "not here"}]}"#,
            &[],
        );
        assert_eq!(run.build, "7");
        assert_eq!(run.path, "https://ci.example/7");
        assert_eq!(run.started_ms, NOW_MS - 3_600_000);
        assert_eq!(run.finished_ms, Some(NOW_MS));
        assert!(!run.open, "{run:?}");
        assert_eq!(run.problems, []);
        assert_eq!(status(&run, "nightly.Overall"), Status::Fail);
        assert_eq!(status(&run, "a < b"), Status::Pass);
        assert_eq!(status(&run, "b"), Status::Fail);
        assert_eq!(status(&run, "c"), Status::Flaky);
        let versions: Vec<_> = run
            .versions
            .iter()
            .map(|version| {
                (
                    version.component.as_str(),
                    version.version.as_deref(),
                    version.source,
                )
            })
            .collect();
        assert_eq!(
            versions,
            [
                ("test-infra", Some("v20260228-0123456789"), Source::Declared),
                ("prow", None, Source::Unknown),
                ("runner", Some("24.1"), Source::Declared),
                (
                    "acme/shop",
                    Some("0123456789abcdef0123456789abcdef01234567"),
                    Source::Declared
                ),
            ]
        );
    }

    #[test]
    fn junit_files_are_read_by_the_same_rules() {
        let junit = "<testsuite><testcase name='x'/><testcase name='y'><failure>no</failure></testcase></testsuite>";
        let run = read(r#"{"build": "8"}"#, &[("report.xml", junit)]);
        assert_eq!(status(&run, "x"), Status::Pass);
        assert_eq!(status(&run, "y"), Status::Fail);
        assert_eq!(status(&run, "nightly.Overall"), Status::Fail);
        let run = read(
            r#"{"build": "8", "passed": true}"#,
            &[("junit_1.xml", junit)],
        );
        assert_eq!(status(&run, "nightly.Overall"), Status::Pass);
        let run = read(r#"{"build": "9", "running": true}"#, &[]);
        assert!(run.open);
        assert_eq!(status(&run, "nightly.Overall"), Status::Running);
        let run = read(
            r#"{"build": "9"}"#,
            &[("junit.xml", "<testsuite><testcase")],
        );
        assert_eq!(status(&run, "nightly.Overall"), Status::Fail);
        assert_eq!(run.problems.len(), 1);
        assert!(!run.open, "nothing more will come: {run:?}");
    }

    #[test]
    fn what_is_wrong_is_one_sentence() {
        for (description, words) in [
            ("{}", "no `build`"),
            ("[]", "cannot be read"),
            (r#"{"build": "a/b"}"#, "slash"),
            (r#"{"build": "1", "bild": "2"}"#, "unknown field `bild`"),
            (
                r#"{"build": "1", "url": "javascript:alert(1)"}"#,
                "https://",
            ),
            (r#"{"build": "1", "infra": {"x": " "}}"#, "`infra`"),
            (
                r#"{"build": "1", "started": "yesterday"}"#,
                "cannot be read",
            ),
            (
                r#"{"build": "1", "running": true, "finished": "2026-02-28T23:00:00Z"}"#,
                "both",
            ),
            (
                r#"{"build": "1", "tests": [{"name": "", "status": "passed"}]}"#,
                "no name",
            ),
            (
                r#"{"build": "1", "tests": [{"name": "x", "status": "maybe"}]}"#,
                "maybe",
            ),
        ] {
            let error = Upload::parse(description.as_bytes()).expect_err(description);
            assert!(error.contains(words), "{description}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let refused = |description: &str| {
            let upload = Upload::parse(description.as_bytes()).expect(description);
            upload.refusal(NOW_MS)
        };
        for (description, words) in [
            (r#"{"build": ".."}"#, "address"),
            (r#"{"build": " 7"}"#, "address"),
            (r#"{"build": "7\u202e"}"#, "address"),
            (
                r#"{"build": "1", "started": "9999-01-01T00:00:00Z"}"#,
                "began at 9999-01-01 00:00:00 UTC",
            ),
            (
                r#"{"build": "1", "finished": "2026-03-02T03:00:00Z"}"#,
                "is the clock right?",
            ),
            (
                r#"{"build": "1", "started": "2026-02-28T23:00:00Z", "finished": "2026-02-28T22:00:00Z"}"#,
                "before it began",
            ),
        ] {
            let why = refused(description).expect(description);
            assert!(why.contains(words), "{description}: {why}");
        }
        for description in [
            r#"{"build": "my build 7..."}"#,
            r#"{"build": "1", "started": "2026-03-01T14:00:00Z"}"#,
        ] {
            assert_eq!(refused(description), None);
        }
        assert_eq!(
            place_of("../../etc/started.json").as_deref(),
            Some("started.json")
        );
        assert_eq!(
            place_of("a/junit_01.xml").as_deref(),
            Some("artifacts/junit_01.xml")
        );
        assert_eq!(
            place_of("TEST-x.xml").as_deref(),
            Some("artifacts/junit_TEST-x.xml")
        );
        assert_eq!(
            place_of("metadata.json").as_deref(),
            Some("artifacts/metadata.json")
        );
        for name in ["notes.txt", "upload.json", "", "x\u{0}.xml"] {
            assert_eq!(place_of(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_test_comes_through(name in "\\PC{1,30}", message in ".{0,60}") {
            prop_assume!(!name.trim().is_empty());
            let test = UploadedTest { name, status: UploadedStatus::Failed, seconds: Some(0.5), message };
            let mut seen = Vec::new();
            let outcome = read_junit(junit(std::slice::from_ref(&test)).as_bytes(), &mut |case| {
                seen.push((case.name.clone(), case.failure.present));
                true
            });
            prop_assert_eq!(outcome.problems, Vec::<String>::new());
            prop_assert_eq!(seen.len(), 1);
            prop_assert!(seen[0].1);
        }
    }
}
