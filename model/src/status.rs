//! What one cell says, with TestGrid's numbers, severities and classes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The status of one cell. The numbers are TestGrid's and appear in JSON and in the database;
/// they say nothing about severity, so compare [`Status::severity`] instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// The test did not run in this build.
    #[default]
    NoResult = 0,
    /// Passed.
    Pass = 1,
    /// Passed, with errors that do not count.
    PassWithErrors = 2,
    /// Passed, in part skipped.
    PassWithSkips = 3,
    /// Still running.
    Running = 4,
    /// Aborted for a known reason.
    CategorizedAbort = 5,
    /// The result is not known.
    Unknown = 6,
    /// Cancelled.
    Cancel = 7,
    /// Could not start.
    Blocked = 8,
    /// Ran out of time.
    TimedOut = 9,
    /// Failed for a known reason.
    CategorizedFail = 10,
    /// The build itself failed.
    BuildFail = 11,
    /// Failed.
    Fail = 12,
    /// Passed and failed in the same build.
    Flaky = 13,
    /// The tool that runs the tests failed.
    ToolFail = 14,
    /// Built, without a test result.
    BuildPassed = 15,
}

/// The five things a status can mean for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No result.
    Blank,
    /// Good.
    Passing,
    /// Neither good nor bad: running, aborted, unknown, cancelled, blocked.
    Other,
    /// Good and bad at once.
    Flaky,
    /// Bad.
    Failing,
}

/// A status number that TestGrid does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a status number; the numbers are 0 to 15")]
pub struct UnknownStatus(pub u64);

impl Status {
    /// All statuses, by number.
    pub const ALL: [Self; 16] = [
        Self::NoResult,
        Self::Pass,
        Self::PassWithErrors,
        Self::PassWithSkips,
        Self::Running,
        Self::CategorizedAbort,
        Self::Unknown,
        Self::Cancel,
        Self::Blocked,
        Self::TimedOut,
        Self::CategorizedFail,
        Self::BuildFail,
        Self::Fail,
        Self::Flaky,
        Self::ToolFail,
        Self::BuildPassed,
    ];

    /// The status with this number.
    pub fn from_number(number: u64) -> Result<Self, UnknownStatus> {
        usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index))
            .copied()
            .ok_or(UnknownStatus(number))
    }

    /// TestGrid's number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// TestGrid's name, as in its protocol: `PASS_WITH_SKIPS`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoResult => "NO_RESULT",
            Self::Pass => "PASS",
            Self::PassWithErrors => "PASS_WITH_ERRORS",
            Self::PassWithSkips => "PASS_WITH_SKIPS",
            Self::Running => "RUNNING",
            Self::CategorizedAbort => "CATEGORIZED_ABORT",
            Self::Unknown => "UNKNOWN",
            Self::Cancel => "CANCEL",
            Self::Blocked => "BLOCKED",
            Self::TimedOut => "TIMED_OUT",
            Self::CategorizedFail => "CATEGORIZED_FAIL",
            Self::BuildFail => "BUILD_FAIL",
            Self::Fail => "FAIL",
            Self::Flaky => "FLAKY",
            Self::ToolFail => "TOOL_FAIL",
            Self::BuildPassed => "BUILD_PASSED",
        }
    }

    /// The status with this protocol name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// How bad it is, from 0 (nothing) to 15 (failed); TestGrid's order.
    pub const fn severity(self) -> u8 {
        match self {
            Self::NoResult => 0,
            Self::BuildPassed => 1,
            Self::Pass => 2,
            Self::PassWithSkips => 3,
            Self::PassWithErrors => 4,
            Self::Running => 5,
            Self::CategorizedAbort => 6,
            Self::Unknown => 7,
            Self::Cancel => 8,
            Self::Blocked => 9,
            Self::Flaky => 10,
            Self::ToolFail => 11,
            Self::TimedOut => 12,
            Self::CategorizedFail => 13,
            Self::BuildFail => 14,
            Self::Fail => 15,
        }
    }

    /// What the status means for a rule.
    pub const fn class(self) -> Class {
        match self {
            Self::NoResult => Class::Blank,
            Self::BuildPassed | Self::Pass | Self::PassWithSkips | Self::PassWithErrors => {
                Class::Passing
            }
            Self::Running
            | Self::CategorizedAbort
            | Self::Unknown
            | Self::Cancel
            | Self::Blocked => Class::Other,
            Self::Flaky => Class::Flaky,
            Self::ToolFail
            | Self::TimedOut
            | Self::CategorizedFail
            | Self::BuildFail
            | Self::Fail => Class::Failing,
        }
    }

    /// One of NO_RESULT, PASS, FAIL, FLAKY and UNKNOWN; the form in which every rule reads a cell
    /// (specification 4.1). With `ignore_running` a running cell counts as blank, else as unknown.
    #[must_use]
    pub const fn coalesce(self, ignore_running: bool) -> Self {
        match self.class() {
            Class::Blank => Self::NoResult,
            Class::Passing => Self::Pass,
            Class::Flaky => Self::Flaky,
            Class::Failing => Self::Fail,
            Class::Other if ignore_running && matches!(self, Self::Running) => Self::NoResult,
            Class::Other => Self::Unknown,
        }
    }

    /// Whether the status is of the failing class.
    pub const fn is_failing(self) -> bool {
        matches!(self.class(), Class::Failing)
    }

    /// Whether the status is of the passing class.
    pub const fn is_passing(self) -> bool {
        matches!(self.class(), Class::Passing)
    }

    /// The sign drawn in a cell that has no icon of its own, so that no meaning hangs on colour alone.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::NoResult | Self::Pass | Self::BuildPassed => "",
            Self::PassWithErrors => "e",
            Self::PassWithSkips => "s",
            Self::Running => "R",
            Self::CategorizedAbort => "A",
            Self::Unknown => "?",
            Self::Cancel => "C",
            Self::Blocked => "B",
            Self::TimedOut => "T",
            Self::CategorizedFail | Self::Fail => "F",
            Self::BuildFail => "X",
            Self::Flaky => "~",
            Self::ToolFail => "!",
        }
    }

    /// The word for people, lower case.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoResult => "no result",
            Self::Pass => "passed",
            Self::PassWithErrors => "passed with errors",
            Self::PassWithSkips => "passed with skips",
            Self::Running => "running",
            Self::CategorizedAbort => "aborted",
            Self::Unknown => "unknown",
            Self::Cancel => "cancelled",
            Self::Blocked => "blocked",
            Self::TimedOut => "timed out",
            Self::CategorizedFail => "failed (categorised)",
            Self::BuildFail => "build failed",
            Self::Fail => "failed",
            Self::Flaky => "flaky",
            Self::ToolFail => "tool failed",
            Self::BuildPassed => "built",
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        Self::from_number(number).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_round_trip() {
        for (number, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(status.number()), number);
            assert_eq!(Status::from_number(number as u64), Ok(status));
            assert_eq!(Status::from_name(status.name()), Some(status));
        }
        assert_eq!(Status::from_number(16), Err(UnknownStatus(16)));
    }

    #[test]
    fn severities_are_a_permutation() {
        let mut severities: Vec<u8> = Status::ALL.iter().map(|status| status.severity()).collect();
        severities.sort_unstable();
        assert_eq!(severities, (0..16).collect::<Vec<u8>>());
    }

    #[test]
    fn coalesce_follows_the_table() {
        for status in Status::ALL {
            let expected = match status {
                Status::NoResult => Status::NoResult,
                Status::Flaky => Status::Flaky,
                other if other.is_failing() => Status::Fail,
                other if other.is_passing() => Status::Pass,
                _ => Status::Unknown,
            };
            assert_eq!(status.coalesce(false), expected);
            let ignoring = if status == Status::Running {
                Status::NoResult
            } else {
                expected
            };
            assert_eq!(status.coalesce(true), ignoring);
        }
    }
}
