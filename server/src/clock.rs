//! The one place that asks what time it is. Rules take `now_ms`; only the edges (a command, a
//! request, a turn of the update loop) call this.

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    let now = chrono::Utc::now();
    now.timestamp_millis()
}

/// A minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// The last full minute at this time; both are milliseconds since 1970. All processes have it in common,
/// whenever each of them began.
pub const fn full_minute(ms: i64) -> i64 {
    ms.div_euclid(MINUTE_MS) * MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_full_until_the_next() {
        let full = 1_772_323_200_000;
        for past in [0, 1, 30_000, 59_999] {
            assert_eq!(full_minute(full + past), full);
        }
        assert_eq!(full_minute(full + 60_000), full + 60_000);
        assert_eq!(full_minute(full - 1), full - 60_000);
        assert_eq!(full_minute(-1), -60_000);
    }
}
