//! What a day says of a group's tests, as bytes; the head of the ninth migration says how.

use model::retention::Tally;
use xxhash_rust::xxh3::xxh3_64;

use super::code::{MOST_TESTS, push_number, take_number};

/// The counts of a tally, each an array over the tests of its own.
const COUNTS: [fn(&mut Tally) -> &mut u32; 4] = [
    |tally| &mut tally.passed,
    |tally| &mut tally.failed,
    |tally| &mut tally.flaky,
    |tally| &mut tally.timed,
];

/// The bytes of tallies by test ordinal. Empty ones at the end are left out.
pub(super) fn encode_tallies(tallies: &[Tally]) -> Vec<u8> {
    let known = tallies
        .iter()
        .rposition(|tally| *tally != Tally::default())
        .map_or(0, |last| last + 1);
    let tallies = &tallies[..known];
    let mut bytes = Vec::with_capacity(16 + known * 3);
    for count in COUNTS {
        let counts: Vec<u32> = tallies
            .iter()
            .map(|&(mut tally)| *count(&mut tally))
            .collect();
        let runs: Vec<&[u32]> = counts.chunk_by(|a, b| a == b).collect();
        push_number(&mut bytes, runs.len() as u64);
        for run in runs {
            push_number(&mut bytes, u64::from(run[0]));
            push_number(&mut bytes, run.len() as u64);
        }
    }
    for tally in tallies.iter().filter(|tally| tally.timed > 0) {
        push_number(&mut bytes, tally.total_ms);
    }
    bytes
}

/// The tallies that `bytes` hold, by test ordinal, or what is wrong with them.
pub(super) fn decode_tallies(mut bytes: &[u8]) -> Result<Vec<Tally>, String> {
    let mut tallies: Vec<Tally> = Vec::new();
    for count in COUNTS {
        let mut at = 0u64;
        for _ in 0..take_number(&mut bytes)? {
            let value = u32::try_from(take_number(&mut bytes)?)
                .map_err(|_| "a count of more than 32 bits")?;
            let end = at.saturating_add(take_number(&mut bytes)?);
            if end > MOST_TESTS {
                return Err(format!("a length of {end} tests"));
            }
            if tallies.len() < end as usize {
                tallies.resize(end as usize, Tally::default());
            }
            for tally in &mut tallies[at as usize..end as usize] {
                *count(tally) = value;
            }
            at = end;
        }
    }
    for tally in tallies.iter_mut().filter(|tally| tally.timed > 0) {
        tally.total_ms = take_number(&mut bytes)?;
    }
    if bytes.is_empty() {
        Ok(tallies)
    } else {
        Err(format!("{} bytes too many", bytes.len()))
    }
}

/// What a build is known by once its run is gone.
pub(super) fn mark_of(build: &str) -> u64 {
    xxh3_64(build.as_bytes())
}

/// The bytes of marks.
pub(super) fn encode_marks(marks: &[u64]) -> Vec<u8> {
    marks.iter().flat_map(|mark| mark.to_le_bytes()).collect()
}

/// The marks that `bytes` hold.
pub(super) fn decode_marks(bytes: &[u8]) -> Result<impl Iterator<Item = u64>, String> {
    let (marks, rest) = bytes.as_chunks::<8>();
    if rest.is_empty() {
        Ok(marks.iter().map(|mark| u64::from_le_bytes(*mark)))
    } else {
        Err(format!("{} bytes are not whole marks", bytes.len()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally() -> impl Strategy<Value = Tally> {
        (0u32..3, 0u32..3, 0u32..3, 0u32..3, 0u64..10_000_000).prop_map(
            |(passed, failed, flaky, timed, total_ms)| Tally {
                passed,
                failed,
                flaky,
                timed,
                total_ms: if timed > 0 { total_ms } else { 0 },
            },
        )
    }

    proptest! {
        #[test]
        fn tallies_round_trip(mut tallies in prop::collection::vec(tally(), 0..80)) {
            let bytes = encode_tallies(&tallies);
            while tallies.pop_if(|last| *last == Tally::default()).is_some() {}
            prop_assert_eq!(decode_tallies(&bytes).expect("our own bytes"), tallies);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode_tallies(&bytes);
            let _ = decode_marks(&bytes).map(Iterator::count);
        }
    }

    #[test]
    fn a_day_of_passes_is_small() {
        let tally = Tally {
            passed: 24,
            ..Tally::default()
        };
        assert_eq!(encode_tallies(&vec![tally; 100_000]).len(), 4 * (1 + 1 + 3));
    }

    #[test]
    fn damaged_bytes_are_named() {
        for (bytes, reason) in [
            (&[][..], "it ends in the middle of a number"),
            (&[0, 0, 0, 0, 7], "1 bytes too many"),
            (
                &[1, 1, 0xff, 0xff, 0xff, 0xff, 0x7f],
                "a length of 34359738367 tests",
            ),
            (
                &[1, 0xff, 0xff, 0xff, 0xff, 0x7f, 1],
                "a count of more than 32 bits",
            ),
        ] {
            assert_eq!(decode_tallies(bytes), Err(reason.to_owned()));
        }
        let marks = decode_marks(&[1, 2, 3]).map(Iterator::count);
        assert_eq!(marks, Err("3 bytes are not whole marks".to_owned()));
    }
}
