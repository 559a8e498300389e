//! JUnit files.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::rfc3339;

/// How one case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum Outcome<'a> {
    Passed,
    /// With what it says.
    Failed(&'a str),
    /// With why; empty for a case that was merely not selected.
    Skipped(&'a str),
}

/// One case of a JUnit file.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Case<'a> {
    pub name: &'a str,
    pub millis: i64,
    pub outcome: Outcome<'a>,
}

/// A JUnit file to be written.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Junit<'a> {
    /// Relative to the build's folder.
    pub file: String,
    pub suite: &'a str,
    pub cases: Vec<Case<'a>>,
}

pub(super) fn xml(junit: &Junit<'_>, started_ms: i64) -> String {
    let count = |wanted: fn(&Outcome<'_>) -> bool| {
        junit
            .cases
            .iter()
            .filter(|case| wanted(&case.outcome))
            .count()
    };
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let millis: i64 = junit.cases.iter().map(|case| case.millis).sum();
    let suite = escape(junit.suite);
    let mut xml = String::with_capacity(junit.cases.len() * 180 + 400);
    let _ = write!(
        xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{0}\" failures=\"{failed}\" time=\"{1}.{2:03}\">\n  <testsuite name=\"{suite}\" tests=\"{0}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\" time=\"{1}.{2:03}\" timestamp=\"{3}\">\n",
        junit.cases.len(),
        millis / 1000,
        millis % 1000,
        rfc3339(started_ms).trim_end_matches('Z'),
    );
    for case in &junit.cases {
        let _ = write!(
            xml,
            "    <testcase name=\"{}\" classname=\"{suite}\" time=\"{}.{:03}\"",
            escape(case.name),
            case.millis / 1000,
            case.millis % 1000
        );
        let _ = match case.outcome {
            Outcome::Passed => xml.write_str("></testcase>\n"),
            Outcome::Failed(message) => writeln!(
                xml,
                ">\n      <failure type=\"failed\" message=\"{}\">{}</failure>\n    </testcase>",
                escape(message.lines().last().unwrap_or_default()),
                escape(message)
            ),
            Outcome::Skipped("") => {
                xml.write_str("><skipped message=\"skipped\"></skipped></testcase>\n")
            }
            Outcome::Skipped(reason) => writeln!(
                xml,
                "><skipped message=\"skipped - {}\"></skipped></testcase>",
                escape(reason)
            ),
        };
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}
