//! What a column says above its cells: headers and label.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Timelike};
use model::{config::TestGroup, run::Header};

use super::{finished::Finished, started::Started, text::push_line};

/// What a header says when the build does not.
pub const MISSING: &str = "missing";

/// The build's version as TestGrid finds it for the header `Commit`: the first of the places where
/// one may stand, what follows its first `+`, nine characters of that. [`MISSING`] when no place has
/// one.
pub fn commit_header(started: Option<&Started>, finished: Option<&Finished>) -> String {
    let metadata = |key| finished.and_then(|finished| finished.metadata_text(key));
    let version = [
        finished.map(|finished| finished.job_version.as_str()),
        started.map(|started| started.job_version.as_str()),
        started.map(|started| started.repo_version.as_str()),
        finished.map(|finished| finished.repo_version.as_str()),
        metadata("revision"),
        metadata("repo-commit"),
        metadata("job-version"),
        started.map(|started| started.repo_commit.as_str()),
    ]
    .into_iter()
    .flatten()
    .find(|version| !version.is_empty());
    version.map_or_else(|| MISSING.to_owned(), short_commit)
}

/// What follows the first `+` of a version, nine characters of it.
fn short_commit(version: &str) -> String {
    let commit = version
        .split_once('+')
        .map_or(version, |(_, commit)| commit);
    commit.chars().take(9).collect()
}

/// The configured headers; TestGrid's rule. `running` is whether the build still runs, which leaves
/// a header blank that might yet come.
pub fn headers(
    group: &TestGroup,
    started: Option<&Started>,
    finished: Option<&Finished>,
    running: bool,
) -> Vec<Header> {
    group
        .column_header
        .iter()
        .map(|header| {
            let key = header.configuration_value.as_str();
            let said = finished
                .and_then(|finished| finished.metadata_text(key))
                .filter(|_| !key.is_empty());
            let mut value = String::new();
            if let Some(said) = said {
                push_line(&mut value, said);
            } else {
                let commit = (key == "Commit").then(|| commit_header(started, finished));
                match commit.filter(|commit| commit != MISSING) {
                    Some(commit) => push_line(&mut value, &commit),
                    None if running => {}
                    None => value.push_str(MISSING),
                }
            }
            Header {
                name: header.name().to_owned(),
                value,
            }
        })
        .collect()
}

/// What the column shows instead of the build id, where the group says so and the build knows;
/// empty otherwise.
pub fn label(group: &TestGroup, started_ms: i64, finished: Option<&Finished>) -> String {
    if !group.build_override_strftime.is_empty() {
        return format_time(&group.build_override_strftime, started_ms);
    }
    let mut label = String::new();
    if !group.build_override_configuration_value.is_empty()
        && let Some(said) = finished
            .and_then(|finished| finished.metadata_text(&group.build_override_configuration_value))
    {
        push_line(&mut label, said);
    }
    label
}

/// `pattern` with the start filled in, in UTC so that every reader sees the same column. Known are
/// `%p %Y %y %m %d %H %M %S`; anything else stays as it stands.
fn format_time(pattern: &str, started_ms: i64) -> String {
    let Some(time) = DateTime::from_timestamp_millis(started_ms) else {
        return String::new();
    };
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        push_line(&mut text, &rest[..at]);
        // Writing to a string does not fail.
        let _ = match rest.as_bytes().get(at + 1) {
            Some(b'p') => write!(text, "{}", if time.hour() < 12 { "AM" } else { "PM" }),
            Some(b'Y') => write!(text, "{:04}", time.year()),
            Some(b'y') => write!(text, "{:02}", time.year().rem_euclid(100)),
            Some(b'm') => write!(text, "{:02}", time.month()),
            Some(b'd') => write!(text, "{:02}", time.day()),
            Some(b'H') => write!(text, "{:02}", time.hour()),
            Some(b'M') => write!(text, "{:02}", time.minute()),
            Some(b'S') => write!(text, "{:02}", time.second()),
            _ => {
                text.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        };
        rest = &rest[at + 2..];
    }
    push_line(&mut text, rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::config::ColumnHeader;

    #[test]
    fn versions_are_shortened_as_testgrid_does() {
        for (version, short) in [
            ("v1.32.0-alpha.1+abcdef0123456", "abcdef012"),
            ("v1.2.3+abc+defghijklm", "abc+defgh"),
            ("branch-name-long", "branch-na"),
            ("abc", "abc"),
        ] {
            assert_eq!(short_commit(version), short);
        }
    }

    #[test]
    fn the_first_version_wins() {
        let started: Started = serde_json::from_str(
            r#"{"repo-version":"repo-version-s","repo-commit":"commit-s","job-version":""}"#,
        )
        .expect("started");
        let finished: Finished = serde_json::from_str(
            r#"{"metadata":{"revision":"revision","repo-commit":"commit-m"}}"#,
        )
        .expect("finished");
        assert_eq!(commit_header(Some(&started), Some(&finished)), "repo-vers");
        assert_eq!(commit_header(None, Some(&finished)), "revision");
        let only = Started {
            repo_commit: "0123456789abc".into(),
            ..Started::default()
        };
        assert_eq!(commit_header(Some(&only), None), "012345678");
        assert_eq!(commit_header(None, None), MISSING);
    }

    #[test]
    fn headers_follow_the_rule() {
        let group = TestGroup {
            column_header: ["Commit", "node_os_image", ""]
                .map(|configuration_value| ColumnHeader {
                    configuration_value: configuration_value.into(),
                    property: "p".into(),
                    ..ColumnHeader::default()
                })
                .into(),
            ..TestGroup::default()
        };
        let finished: Finished = serde_json::from_str(
            r#"{"job-version":"v1+abc","metadata":{"node_os_image":"cos-81","":"x"}}"#,
        )
        .expect("finished");
        let values = |finished, running| {
            headers(&group, None, finished, running)
                .into_iter()
                .map(|header| header.value)
                .collect::<Vec<_>>()
        };
        assert_eq!(values(Some(&finished), false), ["abc", "cos-81", "missing"]);
        assert_eq!(values(None, false), ["missing", "missing", "missing"]);
        assert_eq!(values(None, true), ["", "", ""]);
        let said: Finished = serde_json::from_str(
            r#"{"job-version":"v1+abc","metadata":{"Commit":"mine","node_os_image":{}}}"#,
        )
        .expect("finished");
        assert_eq!(values(Some(&said), true), ["mine", "", ""]);
    }

    #[test]
    fn times_are_formatted_in_utc() {
        assert_eq!(
            format_time("%Y-%m-%d %H:%M:%S %p %y %q 100%", 1_700_000_000_000),
            "2023-11-14 22:13:20 PM 23 %q 100%"
        );
    }
}
