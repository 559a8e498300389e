//! Reads moments as the server writes them: RFC 3339 in UTC. Chrono reads every form that there is, which is
//! more than three thousand bytes of what each first visit waits for; pages are told one.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize as _, Deserializer};

/// A moment; for `#[serde(deserialize_with)]`.
pub(crate) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    required(String::deserialize(from)?)
}

/// A moment or `null`; absent only with `#[serde(default)]` beside it.
pub(crate) fn read_known<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(required).transpose()
}

fn required<E: serde::de::Error>(text: String) -> Result<DateTime<Utc>, E> {
    parse(&text).ok_or_else(|| E::custom(text + " is no moment in UTC"))
}

/// `2026-11-20T11:39:00Z`, with a fraction of the second or without.
fn parse(text: &str) -> Option<DateTime<Utc>> {
    let (whole, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
    let number = |digits: &str| -> Option<u32> {
        let all = digits.bytes().all(|digit| digit.is_ascii_digit());
        all.then(|| digits.parse().ok())?
    };
    let nanos = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(digits) if digits.len() <= 9 => number(digits)? * 10_u32.pow(9 - digits.len() as u32),
        _ => return None,
    };
    let mut parts = [0; 6];
    let mut rest = whole;
    for (part, (length, end)) in
        parts
            .iter_mut()
            .zip([(4, "-"), (2, "-"), (2, "T"), (2, ":"), (2, ":"), (2, "")])
    {
        let (digits, after) = rest.split_at_checked(length)?;
        *part = number(digits)?;
        rest = after.strip_prefix(end)?;
    }
    let [year, month, day, hour, minute, second] = parts;
    let day = NaiveDate::from_ymd_opt(year as i32, month, day)?;
    Some(day.and_hms_nano_opt(hour, minute, second, nanos)?.and_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_moments_in_utc_are_read() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-20T11:39:00Z", Some(1_795_174_740_000)),
            ("2026-11-20T11:39:00.25Z", Some(1_795_174_740_250)),
            ("2024-02-29T23:59:59.999999999Z", Some(1_709_251_199_999)),
            ("2023-02-29T00:00:00Z", None),
            ("2026-11-20T24:00:00Z", None),
            ("2026-11-20T11:39:00", None),
            ("2026-11-20T11:39:00+01:00", None),
            ("2026-11-20 11:39:00Z", None),
            ("2026-11-20T11:39:+1Z", None),
            ("2026-11-20T11:39:00.Z", None),
            ("2026-11-20T11:39:00.1234567890Z", None),
            ("2026-11-20T11:39:0éZ", None),
            ("", None),
        ] {
            let read = parse(text).map(|at| at.timestamp_millis());
            assert_eq!(read, ms, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ms in -62_135_596_800_000_i64..253_402_300_800_000) {
            let at = DateTime::from_timestamp_millis(ms).expect("it is on the calendar");
            let text = serde_json::to_value(at).expect("it can be written");
            let text = text.as_str().expect("a text");
            prop_assert_eq!(parse(text), Some(at));
        }
    }
}
