//! What a ProwJob tells of the configuration it was made from.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat};

/// What a run keeps of its ProwJob, so that the commit that configured it can be inferred at any time.
/// Written as `ProwJob of 2026-11-20T10:59:58Z, specification 0123456789abcdef`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProwJobMark {
    /// When it was created, in milliseconds since 1970; to the second.
    pub created_ms: i64,
    /// The hash of what it asks for ([`super::run_hash`]); `None` when it asks for no pod.
    pub run: Option<u64>,
}

const BEGIN: &str = "ProwJob of ";
const MIDDLE: &str = ", specification ";

impl fmt::Display for ProwJobMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = DateTime::from_timestamp_millis(self.created_ms).unwrap_or_default();
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self.run {
            Some(run) => write!(f, "{BEGIN}{at}{MIDDLE}{run:016x}"),
            None => write!(f, "{BEGIN}{at}"),
        }
    }
}

impl FromStr for ProwJobMark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let rest = text.strip_prefix(BEGIN).ok_or(())?;
        let (at, run) = match rest.split_once(MIDDLE) {
            Some((at, run)) => (at, Some(u64::from_str_radix(run, 16).map_err(|_| ())?)),
            None => (rest, None),
        };
        let created_ms = DateTime::parse_from_rfc3339(at)
            .map_err(|_| ())?
            .timestamp_millis();
        Ok(Self { created_ms, run })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mark_is_read_as_it_was_written(secs in 0_i64..4_000_000_000, run in any::<Option<u64>>()) {
            let mark = ProwJobMark { created_ms: secs * 1000, run };
            prop_assert_eq!(mark.to_string().parse(), Ok(mark));
        }

        #[test]
        fn other_texts_are_none(text in ".{0,60}") {
            prop_assert_eq!(text.parse::<ProwJobMark>(), Err(()));
        }
    }
}
