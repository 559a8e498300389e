//! What stays of runs: all of the newest ones; of those before them, for a year, how each test fared per
//! day.

use crate::status::{Class, Status};

/// One day, in milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// Of how many days is told how each test fared.
pub const DAYS_TOLD: u32 = 365;

/// The day of a moment: days since 1970, UTC.
pub const fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// From when on a group keeps what began within so many `days`, in milliseconds since 1970: before now, or
/// of a group that no longer runs before its newest run, as its tabs show them.
pub fn kept_from_ms(days: u32, newest_ms: i64, now_ms: i64) -> i64 {
    let span_ms = i64::from(days) * DAY_MS;
    let shown_from_ms = now_ms.saturating_sub(span_ms);
    if newest_ms < shown_from_ms {
        newest_ms.saturating_sub(span_ms)
    } else {
        shown_from_ms
    }
}

/// The first day of which a group still tells how its tests fared.
pub fn told_from_day(newest_ms: i64, now_ms: i64) -> i64 {
    day_of(kept_from_ms(DAYS_TOLD, newest_ms, now_ms))
}

/// How one test fared in some runs. Sums of tallies are tallies: what is counted in parts is counted as at
/// once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs in which it passed.
    pub passed: u32,
    /// Runs in which it failed.
    pub failed: u32,
    /// Runs in which it did both.
    pub flaky: u32,
    /// Those of these runs that say how long it took.
    pub timed: u32,
    /// How long it took in all of them, in milliseconds.
    pub total_ms: u64,
}

impl Tally {
    /// Runs in which it passed or failed.
    pub const fn runs(self) -> u32 {
        self.passed
            .saturating_add(self.failed)
            .saturating_add(self.flaky)
    }

    /// Counts one run. A result that is neither good nor bad does not count, and neither does its time.
    pub fn count(&mut self, status: Status, millis: Option<u64>) {
        let count = match status.class() {
            Class::Passing => &mut self.passed,
            Class::Failing => &mut self.failed,
            Class::Flaky => &mut self.flaky,
            Class::Blank | Class::Other => return,
        };
        *count = count.saturating_add(1);
        if let Some(millis) = millis {
            self.timed = self.timed.saturating_add(1);
            self.total_ms = self.total_ms.saturating_add(millis);
        }
    }

    /// How long it took on average, in seconds; `None` when no run says so.
    pub fn mean_secs(self) -> Option<f64> {
        (self.timed > 0).then(|| self.total_ms as f64 / 1000.0 / f64::from(self.timed))
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.flaky = self.flaky.saturating_add(other.flaky);
        self.timed = self.timed.saturating_add(other.timed);
        self.total_ms = self.total_ms.saturating_add(other.total_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_utc_and_go_on_before_1970() {
        assert_eq!(day_of(0), 0);
        assert_eq!(day_of(DAY_MS - 1), 0);
        assert_eq!(day_of(DAY_MS), 1);
        assert_eq!(day_of(-1), -1);
    }

    #[test]
    fn a_group_that_stopped_keeps_its_last_days() {
        let now_ms = 1000 * DAY_MS;
        for (newest_days_ago, kept_days_ago) in [(0, 15), (15, 15), (16, 31), (400, 415)] {
            assert_eq!(
                kept_from_ms(15, now_ms - newest_days_ago * DAY_MS, now_ms),
                now_ms - kept_days_ago * DAY_MS
            );
        }
        // One clock runs ahead.
        assert_eq!(
            kept_from_ms(15, now_ms + DAY_MS, now_ms),
            now_ms - 15 * DAY_MS
        );
        assert_eq!(told_from_day(now_ms, now_ms), 1000 - 365);
    }

    #[test]
    fn only_outcomes_count() {
        let mut tally = Tally::default();
        for (status, millis) in [
            (Status::Pass, Some(1000)),
            (Status::PassWithSkips, None),
            (Status::Fail, Some(4000)),
            (Status::Flaky, None),
            (Status::Running, Some(9)),
            (Status::NoResult, Some(9)),
        ] {
            tally.count(status, millis);
        }
        let expected = Tally {
            passed: 2,
            failed: 1,
            flaky: 1,
            timed: 2,
            total_ms: 5000,
        };
        assert_eq!(tally, expected);
        assert_eq!(tally.runs(), 4);
        assert_eq!(tally.mean_secs(), Some(2.5));
        assert_eq!(Tally::default().mean_secs(), None);
    }
}
