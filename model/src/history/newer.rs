//! Whether a version that no mirror has is newer than what the mirror has.

use chrono::NaiveDate;

const DAY_MS: i64 = 24 * 3_600_000;

/// What says that a version is newer than a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newer {
    /// No run had it before.
    Seen,
    /// Its own date.
    Dated,
}

/// Whether a version that a mirror does not have is newer than what was last fetched, `fetched_ms`: the first
/// run that had it, `first_ms`, began later; or no run had it, and it is a tag such as `v20260302-1a2b3c4` of
/// that day or a later one.
pub fn newer_than_fetch(version: &str, first_ms: Option<i64>, fetched_ms: i64) -> Option<Newer> {
    if let Some(first_ms) = first_ms {
        return (first_ms > fetched_ms).then_some(Newer::Seen);
    }
    let day_ms = tagged_day_ms(version)?;
    (day_ms + DAY_MS > fetched_ms).then_some(Newer::Dated)
}

/// When the day began that a tag names, in milliseconds since 1970.
fn tagged_day_ms(version: &str) -> Option<i64> {
    let (digits, _) = version.strip_prefix('v')?.split_once('-')?;
    if digits.len() != 8 {
        return None;
    }
    let day = NaiveDate::parse_from_str(digits, "%Y%m%d").ok()?;
    Some(
        day.and_time(chrono::NaiveTime::MIN)
            .and_utc()
            .timestamp_millis(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_runs_tell() {
        // 2026-03-01T12:00:00Z.
        const FETCHED_MS: i64 = 1_772_366_400_000;
        for (version, first, newer) in [
            ("v20260302-1a2b3c4", None, Some(Newer::Dated)),
            ("v20260301-1a2b3c4-master", None, Some(Newer::Dated)),
            ("v20260228-1a2b3c4", None, None),
            ("v20261399-1a2b3c4", None, None),
            ("v1.2.3-1a2b3c4", None, None),
            ("1a2b3c4d5", None, None),
            ("é", None, None),
            ("1a2b3c4d5", Some(FETCHED_MS + 1), Some(Newer::Seen)),
            ("1a2b3c4d5", Some(FETCHED_MS - 1), None),
            // It ran before the fetch, so its date says nothing.
            ("v20260302-1a2b3c4", Some(FETCHED_MS - 1), None),
        ] {
            assert_eq!(
                newer_than_fetch(version, first, FETCHED_MS),
                newer,
                "{version} {first:?}"
            );
        }
    }
}
