//! Run-length coding: 99 of 100 cells equal their neighbour.

use serde::{Deserialize, Serialize};

/// A sequence as (value, length) runs. Invariants: no run is empty and neighbouring runs differ, so
/// equal sequences have equal codings. In JSON `[[value, length], …]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Runs<T>(Vec<(T, u32)>);

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + PartialEq> Runs<T> {
    /// The empty sequence.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends one value.
    pub fn push(&mut self, value: T) {
        self.push_run(value, 1);
    }

    /// Appends `length` times the same value; nothing when `length` is 0.
    pub fn push_run(&mut self, value: T, length: u32) {
        if length == 0 {
            return;
        }
        match self.0.last_mut() {
            Some((last, count)) if *last == value => *count += length,
            _ => self.0.push((value, length)),
        }
    }

    /// The runs, in order.
    pub fn runs(&self) -> &[(T, u32)] {
        &self.0
    }

    /// How many values the sequence has.
    pub fn len(&self) -> usize {
        self.0.iter().map(|&(_, count)| count as usize).sum()
    }

    /// Whether the sequence is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values one by one.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.0
            .iter()
            .flat_map(|&(value, count)| std::iter::repeat_n(value, count as usize))
    }

    /// The value at `index`, or none past the end. Linear in the number of runs.
    pub fn get(&self, index: usize) -> Option<T> {
        let mut end = 0;
        self.0.iter().find_map(|&(value, count)| {
            end += count as usize;
            (index < end).then_some(value)
        })
    }

    /// `count` values from `start`; fewer when the sequence ends before.
    #[must_use]
    pub fn slice(&self, start: usize, count: usize) -> Self {
        let mut slice = Self::new();
        let end = start.saturating_add(count);
        let mut position = 0;
        for &(value, length) in &self.0 {
            let next = position + length as usize;
            let (from, to) = (position.max(start), next.min(end));
            if from < to {
                slice.push_run(value, (to - from) as u32);
            }
            position = next;
            if position >= end {
                break;
            }
        }
        slice
    }
}

impl<T: Copy + PartialEq> FromIterator<T> for Runs<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut runs = Self::new();
        for value in values {
            runs.push(value);
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coding_round_trips(values in prop::collection::vec(0u8..4, 0..200)) {
            let runs: Runs<u8> = values.iter().copied().collect();
            prop_assert_eq!(runs.iter().collect::<Vec<_>>(), values.clone());
            prop_assert_eq!(runs.len(), values.len());
            prop_assert!(runs.runs().windows(2).all(|pair| pair[0].0 != pair[1].0));
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(runs.get(index), Some(*value));
            }
            prop_assert_eq!(runs.get(values.len()), None);
        }

        #[test]
        fn a_slice_is_the_slice(
            values in prop::collection::vec(0u8..3, 0..100),
            start in 0usize..120,
            count in 0usize..120,
        ) {
            let runs: Runs<u8> = values.iter().copied().collect();
            let expected: Vec<u8> = values.iter().copied().skip(start).take(count).collect();
            prop_assert_eq!(runs.slice(start, count), expected.into_iter().collect());
        }
    }
}
