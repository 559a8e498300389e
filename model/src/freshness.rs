//! How fresh results are: when a group is looked at again, and when its source counts as behind.

/// The longest wait after failures, in looks.
const LONGEST: i64 = 4;

/// How long to wait after so many looks that failed in a row, in milliseconds: a quarter of the time
/// between two looks, then twice as long each time, at most four of them. `seed` moves it by up to a
/// quarter either way, so that groups that failed together do not come back together. Without failures
/// it is the time between two looks itself.
pub fn next_wait_ms(poll_ms: i64, failures: u32, seed: u64) -> i64 {
    if failures == 0 {
        return poll_ms;
    }
    let doubled = (poll_ms / 4).saturating_mul(1 << (failures - 1).min(8));
    let wait = doubled.min(poll_ms.saturating_mul(LONGEST));
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    wait * 3 / 4 + wait / 2 * mixed as i64 / 1024
}

/// Since when a source is behind, in milliseconds since 1970; `None` while it is not. It is behind when
/// its last successful look is longer ago than three looks should be, and at least a minute. A group
/// that nobody has looked at yet counts from `since_ms`, when it was first to be looked at.
pub fn behind_since_ms(
    success_ms: Option<i64>,
    since_ms: i64,
    poll_ms: i64,
    now_ms: i64,
) -> Option<i64> {
    let last = success_ms.unwrap_or(since_ms);
    let patience = poll_ms.saturating_mul(3).max(60_000);
    (now_ms.saturating_sub(last) > patience).then_some(last)
}

/// For how long a finished build is watched after it last changed.
pub const WATCHED_MS: i64 = 24 * 3_600_000;
/// For how long an unfinished build is looked at with every look at its group.
const USUAL_MS: i64 = 4 * 3_600_000;
/// The longest time between two looks at an unfinished build.
const OPEN_LONGEST_MS: i64 = 2 * 3_600_000;

/// When the files of a build are to be listed again that were just seen; `None` when nothing more is
/// expected of it. `since_ms` is when an `open` one began, or when any other ended or was found changed.
///
/// An open build is looked at whenever its group is, for as long as builds usually take, then ever less
/// often. Any other is looked at after as much time as it has been the same, for a day: files that come
/// late mostly come soon.
pub fn next_watch_ms(open: bool, since_ms: i64, now_ms: i64) -> Option<i64> {
    let age = now_ms.saturating_sub(since_ms).max(0);
    if open {
        return Some(now_ms + ((age - USUAL_MS) / 4).clamp(0, OPEN_LONGEST_MS));
    }
    (age < WATCHED_MS).then(|| (now_ms + age).min(since_ms.saturating_add(WATCHED_MS)))
}

/// A time that has passed, as one reads it: `40 s`, `12 min`, `3 h`, `2 days`.
pub fn age(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => format!("{} s", ms.max(0) / 1000),
        1..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_watched_less_and_less() {
        let hour = 3_600_000;
        for (hours, wait) in [
            (0, 0),
            (3, 0),
            (4, 0),
            (8, hour),
            (12, 2 * hour),
            (400, 2 * hour),
        ] {
            let next = next_watch_ms(true, 0, hours * hour);
            assert_eq!(next, Some(hours * hour + wait), "{hours}");
        }
        // A finished one, looked at whenever it is due and its group is.
        let mut looks = Vec::new();
        let mut now_ms = 60_000;
        while let Some(next_ms) = next_watch_ms(false, 0, now_ms) {
            looks.push(now_ms / 60_000);
            now_ms = next_ms.max(now_ms + 300_000);
        }
        assert_eq!(looks, [1, 6, 12, 24, 48, 96, 192, 384, 768]);
        assert_eq!(now_ms, WATCHED_MS, "the last look is a day after");
    }

    #[test]
    fn failures_wait_longer_each_time_but_not_for_ever() {
        let poll_ms = 300_000;
        assert_eq!(next_wait_ms(poll_ms, 0, 7), poll_ms);
        for seed in 0..200 {
            let waits: Vec<i64> = (1..12)
                .map(|failures| next_wait_ms(poll_ms, failures, seed))
                .collect();
            assert!((56_250..=93_750).contains(&waits[0]), "{waits:?}");
            assert!(waits.is_sorted(), "{waits:?}");
            assert!((900_000..=1_500_000).contains(&waits[10]), "{waits:?}");
        }
        let first: std::collections::HashSet<i64> = (0..100)
            .map(|seed| next_wait_ms(poll_ms, 1, seed))
            .collect();
        assert!(first.len() > 50, "they are spread: {}", first.len());
        assert_eq!(next_wait_ms(0, 40, 3), 0);
    }

    #[test]
    fn a_source_is_behind_after_three_looks() {
        let minute = 60_000;
        for (success, since, poll, now, behind) in [
            (Some(0), 0, 5 * minute, 15 * minute, None),
            (Some(0), 0, 5 * minute, 15 * minute + 1, Some(0)),
            (None, 7, 5 * minute, 15 * minute + 8, Some(7)),
            (Some(0), 0, 1000, minute, None),
            (Some(0), 0, 1000, minute + 1, Some(0)),
            (Some(9 * minute), 0, 1000, minute, None),
        ] {
            assert_eq!(behind_since_ms(success, since, poll, now), behind);
        }
    }

    #[test]
    fn ages_are_short() {
        for (ms, text) in [
            (-5, "0 s"),
            (40_000, "40 s"),
            (60_000, "1 min"),
            (7_199_999, "119 min"),
            (7_200_000, "2 h"),
            (3 * 86_400_000, "3 days"),
        ] {
            assert_eq!(age(ms), text);
        }
    }
}
