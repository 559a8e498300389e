//! Where things are in a bucket: the only place that knows paths of Prow.
//!
//! ```text
//! <bucket>/logs/<job>/<build>/                                   periodic, postsubmit
//! <bucket>/pr-logs/pull/[<org>_<repo>/]<pull>/<job>/<build>/     presubmit
//! <bucket>/pr-logs/pull/batch/<job>/<build>/                     batch
//! <bucket>/pr-logs/directory/<job>/<build>.txt                   points to a presubmit's build
//! <prefix>/latest-build.txt                                      the newest build id
//! ```
//!
//! Paths have no scheme and no slash at either end: `bucket/logs/job/123`.

use std::collections::HashSet;

/// When the build began, on what, and from which commits.
pub const STARTED: &str = "started.json";
/// When and how the build ended.
pub const FINISHED: &str = "finished.json";
/// The pod as Kubernetes saw it last.
pub const PODINFO: &str = "podinfo.json";
/// The ProwJob object.
pub const PROWJOB: &str = "prowjob.json";
/// What was checked out.
pub const CLONE_RECORDS: &str = "clone-records.json";
/// The job's own metadata, which the sidecar copies into `finished.json`.
pub const METADATA: &str = "artifacts/metadata.json";
/// What whoever uploaded a run says of it. Never read from a bucket.
pub const UPLOAD: &str = "upload.json";
/// The tests that such a description lists.
pub const UPLOADED_JUNIT: &str = "artifacts/junit_upload.xml";
/// Names the newest build of a prefix.
pub const LATEST_BUILD: &str = "latest-build.txt";

/// Larger JUnit files are a problem of their build and are not read; bytes. TestGrid's limit.
pub const JUNIT_CAP: u64 = 100_000_000;
/// Larger JSON files are a problem of their build and are not read; bytes. Real ones have kilobytes.
pub const JSON_CAP: u64 = 16_000_000;

/// `<bucket>/logs/<job>`: the prefix of a periodic or postsubmit job.
pub fn job_prefix(bucket: &str, job: &str) -> String {
    format!("{bucket}/logs/{job}")
}

/// `<bucket>/pr-logs/directory/<job>`: the prefix of a presubmit job, where pointers are.
pub fn directory_prefix(bucket: &str, job: &str) -> String {
    format!("{bucket}/pr-logs/directory/{job}")
}

/// `<prefix>/<build>`: the folder of a build whose prefix holds folders.
pub fn build_folder(prefix: &str, build: &str) -> String {
    format!("{prefix}/{build}")
}

/// The folder of a presubmit build. `repo` is `(org, repo)`, or `None` for the bucket's default
/// repository, whose name is left out.
pub fn pull_folder(
    bucket: &str,
    repo: Option<(&str, &str)>,
    pull: u64,
    job: &str,
    build: &str,
) -> String {
    match repo {
        Some((org, repo)) => format!("{bucket}/pr-logs/pull/{org}_{repo}/{pull}/{job}/{build}"),
        None => format!("{bucket}/pr-logs/pull/{pull}/{job}/{build}"),
    }
}

/// The folder of a batch build.
pub fn batch_folder(bucket: &str, job: &str, build: &str) -> String {
    format!("{bucket}/pr-logs/pull/batch/{job}/{build}")
}

/// `<prefix>/<build>.txt`: the object that points to the folder of a presubmit build.
pub fn pointer_path(prefix: &str, build: &str) -> String {
    format!("{prefix}/{build}.txt")
}

/// `<prefix>/latest-build.txt`.
pub fn latest_build_path(prefix: &str) -> String {
    format!("{prefix}/{LATEST_BUILD}")
}

/// The build id of a pointer's base name: `123` of `123.txt`. `None` for every other object,
/// `latest-build.txt` among them.
pub fn pointer_build(base_name: &str) -> Option<&str> {
    let build = base_name.strip_suffix(".txt")?;
    (!build.is_empty() && base_name != LATEST_BUILD).then_some(build)
}

/// Where a pointer points: its text, or its object metadata `x-goog-meta-link` or `link`, without
/// the scheme. `None` when the text names no folder below a bucket.
pub fn pointer_target(text: &str) -> Option<&str> {
    let text = text.trim();
    let path = text.split_once("://").map_or(text, |(_, path)| path);
    let path = path.trim_end_matches('/');
    let (bucket, rest) = path.split_once('/')?;
    let sane = !bucket.is_empty()
        && !path.contains(char::is_control)
        && rest.split('/').all(|part| !matches!(part, "" | "." | ".."));
    sane.then_some(path)
}

/// Whether an object of a build's folder is to be fetched: the JSON files and the JUnit files.
/// `relative` is the path below the build's folder.
pub fn is_wanted(relative: &str) -> bool {
    is_json(relative) || junit_name(relative).is_some()
}

/// Whether an object of a build's folder is one of the JSON files.
pub fn is_json(relative: &str) -> bool {
    matches!(
        relative,
        STARTED | FINISHED | PODINFO | PROWJOB | CLONE_RECORDS | METADATA
    )
}

/// The largest size in bytes at which an object of a build's folder is still read.
pub fn size_cap(relative: &str) -> u64 {
    if is_json(relative) {
        JSON_CAP
    } else {
        JUNIT_CAP
    }
}

/// The prefixes of jobs to which a written object, `bucket/path`, may belong, when it is one that tells
/// that a build began or ended: every folder above it, and for the build of a pull request the folder
/// of pointers of every name in its path. Empty for other objects.
pub fn prefixes_of_object(object: &str) -> HashSet<String> {
    let object = object.trim_matches('/');
    let base = object.rsplit('/').next().unwrap_or(object);
    let tells = matches!(base, STARTED | FINISHED | PODINFO)
        || pointer_build(base).is_some_and(|build| build.bytes().all(|byte| byte.is_ascii_digit()));
    if !tells {
        return HashSet::new();
    }
    let mut prefixes: HashSet<String> = object
        .match_indices('/')
        .map(|(at, _)| object[..at].to_owned())
        .collect();
    if let Some((bucket, path)) = object.split_once("/pr-logs/pull/") {
        prefixes.extend(path.split('/').map(|job| directory_prefix(bucket, job)));
    }
    prefixes
}

/// What the name of a JUnit file says about the tests in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JunitName<'a> {
    /// Free text, normally the runner or the suite.
    pub context: &'a str,
    /// `<digits>-<digits>`.
    pub timestamp: &'a str,
    /// Digits.
    pub thread: &'a str,
}

impl JunitName<'_> {
    /// The part that row names call `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        match key {
            "Context" => Some(self.context),
            "Timestamp" => Some(self.timestamp),
            "Thread" => Some(self.thread),
            _ => None,
        }
    }
}

/// The JUnit rule of TestGrid: some part of the path begins with `junit` and the path ends in
/// `.xml` (so every XML file below a folder `junit…` counts), or the last part is `test.xml`, where
/// any one character is accepted for the dot. `None` when the file is not one.
///
/// What stands between `junit` and `.xml` is read as `[_context][_digits-digits][_digits]`; where
/// that does not cover it, the whole of it is the context, with its leading character.
pub fn junit_name(relative: &str) -> Option<JunitName<'_>> {
    let last = relative.rsplit('/').next().unwrap_or(relative);
    if is_test_xml(last) {
        return Some(JunitName::default());
    }
    let stem = relative.strip_suffix(".xml")?;
    let begin = match stem.rfind("/junit") {
        Some(slash) => slash + "/junit".len(),
        None if stem.starts_with("junit") => "junit".len(),
        None => return None,
    };
    let middle = &stem[begin..];
    Some(split_middle(middle).unwrap_or(JunitName {
        context: middle,
        ..JunitName::default()
    }))
}

/// Whether `part` is `test.xml` with any one character for the dot.
fn is_test_xml(part: &str) -> bool {
    part.strip_prefix("test")
        .and_then(|rest| rest.strip_suffix("xml"))
        .is_some_and(|between| between.chars().count() == 1)
}

/// The three optional pieces, `None` when they do not cover `middle`.
fn split_middle(middle: &str) -> Option<JunitName<'_>> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_timestamp = |text: &str| {
        text.split_once('-')
            .is_some_and(|(day, time)| is_number(day) && is_number(time))
    };
    if middle.is_empty() {
        return Some(JunitName::default());
    }
    let mut pieces = middle.strip_prefix('_')?.split('_');
    let context = pieces.next().filter(|context| !context.is_empty())?;
    let mut name = JunitName {
        context,
        ..JunitName::default()
    };
    match (pieces.next(), pieces.next(), pieces.next()) {
        (None, ..) => {}
        (Some(timestamp), None, _) if is_timestamp(timestamp) => name.timestamp = timestamp,
        (Some(thread), None, _) if is_number(thread) => name.thread = thread,
        (Some(timestamp), Some(thread), None) if is_timestamp(timestamp) && is_number(thread) => {
            name.timestamp = timestamp;
            name.thread = thread;
        }
        _ => return None,
    }
    Some(name)
}

/// The part of a prefix that names its job: the last.
pub fn prefix_job(prefix: &str) -> &str {
    prefix
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(prefix)
}

/// Where the time in build ids begins.
const ID_EPOCH_MS: i64 = 1_288_834_974_657;

/// The milliseconds since 1970 that a build id of Prow contains. Ids of 17 to 19 digits are
/// snowflakes: all but the lowest 22 bits count milliseconds since 2010-11-04T01:42:54.657Z.
/// `None` for every other id.
pub fn build_time_ms(build: &str) -> Option<i64> {
    if !(17..=19).contains(&build.len()) || !build.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let id: i64 = build.parse().ok()?;
    Some((id >> 22) + ID_EPOCH_MS)
}

/// The first id that Prow gives to a build made at that time: the inverse of [`build_time_ms`]. `None`
/// where it has not the 19 digits with which ids sort by time as texts too.
pub fn build_id_at(ms: i64) -> Option<String> {
    let id = ms.checked_sub(ID_EPOCH_MS)?.checked_mul(1 << 22)?;
    (id >= 1_000_000_000_000_000_000).then(|| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn junit_names_follow_the_rule() {
        for (path, expected) in [
            ("junit.xml", Some(("", "", ""))),
            ("artifacts/junit_01.xml", Some(("01", "", ""))),
            ("x/junit_a.xml", Some(("a", "", ""))),
            (
                "x/junit_a_20200101-1200_03.xml",
                Some(("a", "20200101-1200", "03")),
            ),
            (
                "x/junit_a_20200101-1200.xml",
                Some(("a", "20200101-1200", "")),
            ),
            ("x/junit_a_03.xml", Some(("a", "", "03"))),
            (
                "x/junit_20200101-1200_03.xml",
                Some(("20200101-1200", "", "03")),
            ),
            ("x/junit_a_b.xml", Some(("_a_b", "", ""))),
            ("x/junit_a_b_03.xml", Some(("_a_b_03", "", ""))),
            ("x/junit__03.xml", Some(("__03", "", ""))),
            ("x/junitfoo.xml", Some(("foo", "", ""))),
            ("x/junit/foo.xml", Some(("/foo", "", ""))),
            ("x/junit/deep/junit_2.xml", Some(("2", "", ""))),
            ("x/junit_a/b.xml", Some(("a/b", "", ""))),
            ("x/test.xml", Some(("", "", ""))),
            ("x/testexml", Some(("", "", ""))),
            ("x/testxml", None),
            ("x/other.xml", None),
            ("x/xjunit_01.xml", None),
            ("x/junit_01.xml.gz", None),
            ("x/junit", None),
            ("junit_01.html", None),
        ] {
            let expected = expected.map(|(context, timestamp, thread)| JunitName {
                context,
                timestamp,
                thread,
            });
            assert_eq!(junit_name(path), expected, "{path}");
        }
    }

    #[test]
    fn only_needed_objects_are_fetched() {
        for wanted in [
            STARTED,
            FINISHED,
            PODINFO,
            PROWJOB,
            CLONE_RECORDS,
            METADATA,
            "artifacts/junit_runner.xml",
        ] {
            assert!(is_wanted(wanted), "{wanted}");
        }
        for unwanted in [
            "build-log.txt",
            "clone-log.txt",
            "artifacts/started.json",
            "artifacts/a.xml",
        ] {
            assert!(!is_wanted(unwanted), "{unwanted}");
        }
    }

    #[test]
    fn paths_are_those_of_prow() {
        assert_eq!(build_folder(&job_prefix("b", "j"), "1"), "b/logs/j/1");
        assert_eq!(
            pointer_path(&directory_prefix("b", "j"), "1"),
            "b/pr-logs/directory/j/1.txt"
        );
        assert_eq!(
            pull_folder("b", Some(("o", "r")), 7, "j", "1"),
            "b/pr-logs/pull/o_r/7/j/1"
        );
        assert_eq!(pull_folder("b", None, 7, "j", "1"), "b/pr-logs/pull/7/j/1");
        assert_eq!(batch_folder("b", "j", "1"), "b/pr-logs/pull/batch/j/1");
        assert_eq!(latest_build_path("b/logs/j"), "b/logs/j/latest-build.txt");
        assert_eq!(prefix_job("b/logs/j/"), "j");
    }

    #[test]
    fn pointers_name_a_folder() {
        assert_eq!(pointer_build("12.txt"), Some("12"));
        assert_eq!(pointer_build("latest-build.txt"), None);
        assert_eq!(pointer_build("12.json"), None);
        for (text, target) in [
            ("gs://b/pr-logs/pull/7/j/1\n", Some("b/pr-logs/pull/7/j/1")),
            ("b/pr-logs/pull/7/j/1/", Some("b/pr-logs/pull/7/j/1")),
            ("gs://b", None),
            ("gs://b/../c", None),
            ("gs:///x/y", None),
            ("", None),
        ] {
            assert_eq!(pointer_target(text), target, "{text:?}");
        }
    }

    #[test]
    fn objects_belong_to_jobs() {
        for (object, prefix, belongs) in [
            ("b/logs/j/1/finished.json", "b/logs/j", true),
            ("b/logs/j/1/started.json", "b/logs/k", false),
            ("b/logs/j/1/build-log.txt", "b/logs/j", false),
            ("b/logs/j/latest-build.txt", "b/logs/j", false),
            ("b/logs/j/1/artifacts/junit_1.xml", "b/logs/j", false),
            ("b/pr-logs/directory/j/1.txt", "b/pr-logs/directory/j", true),
            (
                "b/pr-logs/pull/o_r/7/j/1/finished.json",
                "b/pr-logs/directory/j",
                true,
            ),
            (
                "b/pr-logs/pull/batch/j/1/podinfo.json",
                "b/pr-logs/directory/j",
                true,
            ),
            ("finished.json", "finished.json", false),
        ] {
            let found = prefixes_of_object(object).contains(prefix);
            assert_eq!(found, belongs, "{object} {prefix}");
        }
    }

    #[test]
    fn build_ids_tell_their_time() {
        // A ProwJob created 2022-12-12T17:58:09Z.
        let made = build_time_ms("1602362182819909632");
        assert!(made.is_some_and(|ms| (ms - 1_670_867_889_000).abs() < 60_000));
        let made = made.expect("it has a time");
        let first = build_id_at(made).expect("of 19 digits");
        assert_eq!(build_time_ms(&first), Some(made));
        assert!(*"1602362182819909632" >= *first);
        assert_eq!(build_id_at(1_300_000_000_000), None);
        assert_eq!(build_time_ms("5043"), None);
        assert_eq!(build_time_ms("160236218281990963x"), None);
        assert_eq!(build_time_ms("9999999999999999999"), None);
    }

    proptest! {
        #[test]
        fn no_path_panics(path in ".{0,40}", begin in "(junit|/junit|test|_)?", end in "(\\.xml)?") {
            let path = format!("{begin}{path}{end}");
            let _ = (junit_name(&path), is_wanted(&path), pointer_build(&path), pointer_target(&path), build_time_ms(&path));
        }
    }
}
