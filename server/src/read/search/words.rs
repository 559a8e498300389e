//! The words of all test names, and which of them was probably meant by one that no name holds.
//!
//! Names of two million tests have some hundred thousand words. Beside each stands the set of its letters:
//! most words have others than the one that was written, which is seen without looking at the word.

use std::collections::HashSet;

/// A word that is this short has no misspellings worth guessing, in bytes.
const SHORTEST: usize = 4;
/// Nobody writes a longer one, in bytes.
const LONGEST: usize = 64;
/// The most slips that are forgiven.
const SLIPS: usize = 2;

/// Words in lower case, each once.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Those of each length in bytes, from 0.
    lengths: Vec<OfLength>,
}

/// The words of one length, ascending.
#[derive(Debug, Default)]
struct OfLength {
    /// One after the other.
    text: String,
    /// The letters of each.
    letters: Vec<u64>,
}

impl Words {
    /// The words of a text in lower case.
    pub(super) fn of(text: &str) -> Self {
        let words: HashSet<&str> = text
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| has_slips(word))
            .collect();
        let mut words: Vec<&str> = words.into_iter().collect();
        words.sort_unstable();
        let mut lengths: Vec<OfLength> = Vec::new();
        for word in words {
            if lengths.len() <= word.len() {
                lengths.resize_with(word.len() + 1, OfLength::default);
            }
            let of = &mut lengths[word.len()];
            of.text.push_str(word);
            of.letters.push(letters(word));
        }
        Self { lengths }
    }

    /// The word that was probably meant: the one that differs by the fewest slips (a letter more, less,
    /// other, or two exchanged), at most two and at most a third of the letters; `None` without one.
    pub(super) fn meant(&self, word: &str) -> Option<&str> {
        if !has_slips(word) {
            return None;
        }
        let most = (word.chars().count() / 3).min(SLIPS);
        let wanted = letters(word);
        let near = word.len().saturating_sub(most)..=word.len() + most;
        let lengths = near.filter_map(|length| Some((length, self.lengths.get(length)?)));
        lengths
            .flat_map(|(length, of)| {
                let sets = of.letters.iter().enumerate();
                // One slip changes at most two letters of the set.
                let near =
                    sets.filter(move |&(_, &set)| (set ^ wanted).count_ones() as usize <= 2 * most);
                near.map(move |(index, _)| &of.text[index * length..(index + 1) * length])
            })
            .map(|candidate| (strsim::osa_distance(candidate, word), candidate))
            .filter(|&(slips, _)| slips <= most)
            .min()
            .map(|(_, candidate)| candidate)
    }
}

/// Whether it is a word that somebody may write wrongly. Another number is another thing, and of numbers
/// there are as many as tests.
fn has_slips(word: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&word.len()) && !word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The set of letters and digits in a word.
fn letters(word: &str) -> u64 {
    word.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .fold(0, |set, byte| set | 1 << (byte & 0x3f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven() {
        let known = Words::of("boskos acquire leases [conformance]\npods\nécran boskos\n");
        for (word, expected) in [
            ("bosko", Some("boskos")),
            ("bsokos", Some("boskos")),
            ("conformence", Some("conformance")),
            ("lease", Some("leases")),
            ("pod", None),
            ("zebra", None),
            ("boskos", Some("boskos")),
            ("écrans", Some("écran")),
        ] {
            assert_eq!(known.meant(word), expected, "{word}");
        }
        assert_eq!(Words::of("case 123456").meant("1234567"), None);
        assert_eq!(known.meant(&"a".repeat(LONGEST + 1)), None);
        assert_eq!(Words::default().meant("boskos"), None);
    }

    #[test]
    fn of_equally_near_words_the_first_is_meant() {
        assert_eq!(Words::of("nodes\nnodas").meant("nodis"), Some("nodas"));
        assert_eq!(Words::of("node\nnodes").meant("nodez"), Some("node"));
    }
}
