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
