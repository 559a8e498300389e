//! Statuses, durations and details as bytes; the schema at the head of the first migration says how.

use model::{rle::Runs, status::Status};

/// The most tests that one run can have: more than any real group by far, so that a damaged length
/// cannot ask for all memory.
pub(super) const MOST_TESTS: u64 = 100_000_000;

/// The bytes of a status array. Blanks at the end are left out: they mean the same.
pub(super) fn encode_statuses(statuses: &Runs<Status>) -> Vec<u8> {
    let mut runs = statuses.runs();
    if let [rest @ .., (Status::NoResult, _)] = runs {
        runs = rest;
    }
    let mut bytes = Vec::with_capacity(runs.len() * 3);
    for &(status, count) in runs {
        bytes.push(status.number());
        push_number(&mut bytes, u64::from(count));
    }
    bytes
}

/// The status array that `bytes` hold, or what is wrong with them.
pub(super) fn decode_statuses(mut bytes: &[u8]) -> Result<Runs<Status>, String> {
    let mut statuses = Runs::new();
    let mut total = 0u64;
    while let [number, rest @ ..] = bytes {
        bytes = rest;
        let status =
            Status::from_number(u64::from(*number)).map_err(|unknown| unknown.to_string())?;
        let count = take_number(&mut bytes)?;
        total = total.saturating_add(count);
        if total > MOST_TESTS {
            return Err(format!("a length of {total} tests"));
        }
        statuses.push_run(status, count as u32);
    }
    Ok(statuses)
}

/// The status at `ordinal` of the array that `bytes` hold, or what is wrong with what is before it.
pub(super) fn status_at(mut bytes: &[u8], ordinal: u32) -> Result<Status, String> {
    let mut end = 0u64;
    while let [number, rest @ ..] = bytes {
        bytes = rest;
        end = end.saturating_add(take_number(&mut bytes)?);
        if u64::from(ordinal) < end {
            return Status::from_number(u64::from(*number)).map_err(|unknown| unknown.to_string());
        }
    }
    Ok(Status::NoResult)
}

/// The bytes of durations in seconds by test ordinal, to the millisecond. Unknown ones at the end
/// are left out.
pub(super) fn encode_durations(seconds: &[Option<f32>]) -> Vec<u8> {
    let known = seconds
        .iter()
        .rposition(Option::is_some)
        .map_or(0, |last| last + 1);
    let mut bytes = Vec::with_capacity(known * 2);
    for seconds in &seconds[..known] {
        let number = seconds.map_or(0, |seconds| {
            // A negative or undefined duration becomes 0, an infinite one the largest.
            (f64::from(seconds) * 1000.0).round() as u64
        });
        let plus_one = seconds.map_or(0, |_| number.saturating_add(1));
        push_number(&mut bytes, plus_one);
    }
    bytes
}

/// The durations that `bytes` hold, in seconds by test ordinal; ordinals past the end are unknown.
pub(super) fn decode_durations(bytes: &[u8]) -> Result<Vec<Option<f32>>, String> {
    millis(bytes)
        .map(|millis| Ok(millis?.map(|millis| (millis as f64 / 1000.0) as f32)))
        .collect()
}

/// The durations that `bytes` hold, in milliseconds by test ordinal; the first that is wrong is the last.
pub(super) fn millis(mut bytes: &[u8]) -> impl Iterator<Item = Result<Option<u64>, String>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let number = take_number(&mut bytes);
        if number.is_err() {
            bytes = &[];
        }
        Some(number.map(|number| number.checked_sub(1)))
    })
}

/// The duration at `ordinal` of those that `bytes` hold, in milliseconds; `None` when it is unknown.
pub(super) fn millis_at(bytes: &[u8], ordinal: u32) -> Result<Option<u64>, String> {
    millis(bytes)
        .nth(ordinal as usize)
        .transpose()
        .map(Option::flatten)
}

/// What one cell says beyond its status and duration, as it stands in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DetailText<'a> {
    pub(super) test: u32,
    pub(super) icon: &'a str,
    pub(super) message: &'a str,
    pub(super) cell_id: &'a str,
    pub(super) user_property: &'a str,
    /// As JSON; empty for none.
    pub(super) metrics: &'a str,
}

/// The bytes of `details`, which are in the order of their ordinals.
pub(super) fn encode_details<'a>(details: impl Iterator<Item = DetailText<'a>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = 0;
    for detail in details {
        push_number(&mut bytes, u64::from(detail.test - before));
        before = detail.test;
        for text in [
            detail.icon,
            detail.message,
            detail.cell_id,
            detail.user_property,
            detail.metrics,
        ] {
            push_number(&mut bytes, text.len() as u64);
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// The details that `bytes` hold, in the order of their ordinals, or what is wrong with them.
pub(super) fn decode_details(mut bytes: &[u8]) -> Result<Vec<DetailText<'_>>, String> {
    let mut details: Vec<DetailText<'_>> = Vec::new();
    while !bytes.is_empty() {
        let distance = take_number(&mut bytes)?;
        let test = details.last().map_or(0, |before| u64::from(before.test));
        let test = test.saturating_add(distance);
        if test > MOST_TESTS {
            return Err(format!("a detail of test {test}"));
        }
        if distance == 0 && !details.is_empty() {
            return Err(format!("two details of test {test}"));
        }
        details.push(DetailText {
            test: test as u32,
            icon: take_text(&mut bytes)?,
            message: take_text(&mut bytes)?,
            cell_id: take_text(&mut bytes)?,
            user_property: take_text(&mut bytes)?,
            metrics: take_text(&mut bytes)?,
        });
    }
    Ok(details)
}

/// Takes a length and so many bytes of text off the front of `bytes`.
fn take_text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, String> {
    let length = take_number(bytes)?;
    let (text, rest) = usize::try_from(length)
        .ok()
        .and_then(|length| bytes.split_at_checked(length))
        .ok_or("it ends in the middle of a text")?;
    *bytes = rest;
    std::str::from_utf8(text).map_err(|_| "a text is not UTF-8".into())
}

/// Appends a number as LEB128.
pub(super) fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a LEB128 number off the front of `bytes`.
pub(super) fn take_number(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let [byte, rest @ ..] = *bytes else {
            return Err("it ends in the middle of a number".into());
        };
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number has more than 64 bits".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn statuses_round_trip(numbers in prop::collection::vec((0u64..16, 1u32..100_000), 0..40)) {
            let mut statuses = Runs::new();
            for (number, count) in numbers {
                statuses.push_run(Status::from_number(number).expect("a status"), count);
            }
            let mut trimmed: Vec<_> = statuses.runs().to_vec();
            trimmed.pop_if(|(status, _)| *status == Status::NoResult);
            let bytes = encode_statuses(&statuses);
            let decoded = decode_statuses(&bytes).expect("our own bytes");
            prop_assert_eq!(decoded.runs(), &trimmed[..]);
            let mut start = 0;
            for &(status, count) in statuses.runs() {
                for ordinal in [start, start + count - 1] {
                    prop_assert_eq!(status_at(&bytes, ordinal), Ok(status));
                }
                start += count;
            }
            prop_assert_eq!(status_at(&bytes, start), Ok(Status::NoResult));
        }

        #[test]
        fn durations_round_trip(millis in prop::collection::vec(prop::option::of(0u32..10_000_000), 0..60)) {
            let mut seconds: Vec<Option<f32>> = millis
                .iter()
                .map(|millis| millis.map(|millis| (f64::from(millis) / 1000.0) as f32))
                .collect();
            let bytes = encode_durations(&seconds);
            for (ordinal, &millis) in (0u32..).zip(&millis).chain([(60, &None)]) {
                prop_assert_eq!(millis_at(&bytes, ordinal), Ok(millis.map(u64::from)));
            }
            while seconds.pop_if(|last| last.is_none()).is_some() {}
            prop_assert_eq!(decode_durations(&bytes).expect("our own bytes"), seconds);
        }

        #[test]
        fn details_round_trip(
            details in prop::collection::btree_map(0u32..1_000_000, (".{0,3}", ".{0,200}", ".{0,9}"), 0..20),
        ) {
            let details: Vec<DetailText<'_>> = details
                .iter()
                .map(|(&test, (icon, message, metrics))| DetailText {
                    test,
                    icon,
                    message,
                    metrics,
                    ..DetailText::default()
                })
                .collect();
            let bytes = encode_details(details.iter().copied());
            prop_assert_eq!(decode_details(&bytes).expect("our own bytes"), details);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_details(&bytes);
            let _ = decode_statuses(&bytes);
            let _ = decode_durations(&bytes);
        }
    }

    #[test]
    fn damaged_bytes_are_named() {
        for (bytes, reason) in [
            (&[1][..], "it ends in the middle of a number"),
            (
                &[16, 1],
                "16 is not a status number; the numbers are 0 to 15",
            ),
            (
                &[1, 0xff, 0xff, 0xff, 0xff, 0x7f],
                "a length of 34359738367 tests",
            ),
            (
                &[
                    1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                ],
                "a number has more than 64 bits",
            ),
        ] {
            assert_eq!(decode_statuses(bytes), Err(reason.to_owned()));
        }
    }

    #[test]
    fn damaged_details_are_named() {
        for (bytes, reason) in [
            (&[0][..], "it ends in the middle of a number"),
            (&[0, 5, b'F'], "it ends in the middle of a text"),
            (&[0, 1, 0xff, 0, 0, 0, 0], "a text is not UTF-8"),
            (
                &[7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                "two details of test 7",
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0x7f],
                "a detail of test 34359738367",
            ),
        ] {
            assert_eq!(decode_details(bytes), Err(reason.to_owned()));
        }
    }

    #[test]
    fn odd_durations_stay_numbers() {
        let odd = [Some(-1.0), Some(f32::NAN), Some(f32::INFINITY), None];
        let decoded = decode_durations(&encode_durations(&odd)).expect("our own bytes");
        assert_eq!(decoded.len(), 3);
        assert_eq!(decoded[0], Some(0.0));
        assert_eq!(decoded[1], Some(0.0));
        assert!(decoded[2].is_some_and(f32::is_finite));
    }
}
