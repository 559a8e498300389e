//! Every test name of the installation, found by parts of it.
//!
//! Two million names of sixty bytes are 120 MB, and a good substring search reads ten gigabytes a second:
//! the names lie one after the other in one text, shortest first, which is searched as a whole. So a
//! common word finds its best names at once, and a rare one costs a few milliseconds. No other index is
//! needed, and none has to be kept up to date.

use std::ops::Range;

use memchr::memmem::Finder;

/// How many names a search looks at before it has enough.
const ENOUGH: usize = 1_000;
/// A word of a name that is this short has no misspellings worth guessing.
const SHORTEST_GUESSED: usize = 4;

/// Names with the groups that have a test of that name.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// All names in lower case, shortest first, each followed by a line feed.
    lower: String,
    /// The same bytes as they are written.
    written: String,
    /// Where each name begins, and where the last ends.
    starts: Vec<u32>,
    /// Where the groups of each name begin, and where the last end.
    group_starts: Vec<u32>,
    /// Numbers of groups, ascending within a name.
    groups: Vec<u32>,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Matches {
    /// Best first: the name and the groups that have it.
    pub(super) names: Vec<(String, Vec<u32>)>,
    /// There are more than were looked at.
    pub(super) more: bool,
}

impl Names {
    /// Builds from `(name, group)` pairs in any order; equal ones count once.
    pub(super) fn build(mut pairs: Vec<(Box<str>, u32)>) -> Self {
        pairs.sort_unstable_by(|(a, group_a), (b, group_b)| {
            (a.len(), a, group_a).cmp(&(b.len(), b, group_b))
        });
        pairs.dedup();
        let bytes = pairs.iter().map(|(name, _)| name.len() + 1).sum();
        let mut names = Self {
            written: String::with_capacity(bytes),
            groups: Vec::with_capacity(pairs.len()),
            ..Self::default()
        };
        let mut last: Option<&str> = None;
        for (name, group) in &pairs {
            if last != Some(name) {
                // What does not fit into four gigabytes is not found.
                let Ok(start) = u32::try_from(names.written.len() + name.len() + 1) else {
                    break;
                };
                names.starts.push(start - name.len() as u32 - 1);
                names.group_starts.push(names.groups.len() as u32);
                names.written.push_str(name);
                names.written.push('\n');
                last = Some(name);
            }
            names.groups.push(*group);
        }
        names.starts.push(names.written.len() as u32);
        names.group_starts.push(names.groups.len() as u32);
        names.lower = names.written.to_ascii_lowercase();
        names
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// All pairs from which these names were built.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Box<str>, u32)> {
        (0..self.len()).flat_map(move |index| {
            self.groups_of(index)
                .iter()
                .map(move |&group| (Box::from(self.name(index)), group))
        })
    }

    /// The groups that have a test of exactly this name.
    pub(super) fn find(&self, name: &str) -> &[u32] {
        let mut range = 0..self.len();
        while !range.is_empty() {
            let middle = range.start + range.len() / 2;
            let at = self.name(middle);
            match (at.len(), at).cmp(&(name.len(), name)) {
                std::cmp::Ordering::Less => range.start = middle + 1,
                std::cmp::Ordering::Greater => range.end = middle,
                std::cmp::Ordering::Equal => return self.groups_of(middle),
            }
        }
        &[]
    }

    /// The `limit` best of the names that hold every word. Words are in lower case.
    pub(super) fn search(&self, words: &[String], limit: usize) -> Matches {
        let Some(longest) = words.iter().max_by_key(|word| word.len()) else {
            return Matches::default();
        };
        let others: Vec<Finder<'_>> = words
            .iter()
            .filter(|word| *word != longest)
            .map(Finder::new)
            .collect();
        let finder = Finder::new(longest);
        let mut found: Vec<(u8, usize)> = Vec::new();
        let mut at = 0;
        let mut more = false;
        while let Some(hit) = finder.find(&self.lower.as_bytes()[at..]) {
            let index = self
                .starts
                .partition_point(|&start| start as usize <= at + hit)
                - 1;
            at = self.starts[index + 1] as usize;
            let name = &self.lower[self.range(index)];
            if !others
                .iter()
                .all(|word| word.find(name.as_bytes()).is_some())
            {
                continue;
            }
            if found.len() == ENOUGH {
                more = true;
                break;
            }
            found.push((rank(name, words), index));
        }
        found.sort_unstable();
        more |= found.len() > limit;
        let names = found
            .into_iter()
            .take(limit)
            .map(|(_, index)| (self.name(index).to_owned(), self.groups_of(index).to_vec()))
            .collect();
        Matches { names, more }
    }

    /// Whether any name holds this, in lower case.
    pub(super) fn holds(&self, word: &str) -> bool {
        memchr::memmem::find(self.lower.as_bytes(), word.as_bytes()).is_some()
    }

    /// The words of all names, in lower case and ascending, each once.
    pub(super) fn words(&self) -> Vec<Box<str>> {
        let mut words: Vec<&str> = self
            .lower
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| word.len() >= SHORTEST_GUESSED)
            .collect();
        words.sort_unstable();
        words.dedup();
        words.into_iter().map(Box::from).collect()
    }

    fn range(&self, index: usize) -> Range<usize> {
        self.starts[index] as usize..self.starts[index + 1] as usize - 1
    }

    fn name(&self, index: usize) -> &str {
        &self.written[self.range(index)]
    }

    fn groups_of(&self, index: usize) -> &[u32] {
        let range = self.group_starts[index] as usize..self.group_starts[index + 1] as usize;
        &self.groups[range]
    }
}

/// How well a name answers, lower is better: it is the words, it begins with them, each begins a word of
/// it, it holds them.
fn rank(name: &str, words: &[String]) -> u8 {
    let begins = |word: &str| {
        name.match_indices(word).any(|(at, _)| {
            !name[..at]
                .chars()
                .next_back()
                .is_some_and(char::is_alphanumeric)
        })
    };
    match words {
        [word] if name == word => 0,
        [first, ..]
            if name.starts_with(first.as_str()) && words.iter().all(|word| begins(word)) =>
        {
            1
        }
        _ if words.iter().all(|word| begins(word)) => 2,
        _ => 3,
    }
}

/// The word that was probably meant: of `known`, the one that differs by the fewest slips (a letter
/// more, less, other, or two exchanged), at most two and at most a third of the letters; `None` without
/// one.
pub(super) fn meant<'a>(known: &'a [Box<str>], word: &str) -> Option<&'a str> {
    if word.len() < SHORTEST_GUESSED {
        return None;
    }
    let most = (word.chars().count() / 3).min(2);
    let letters = letters(word);
    known
        .iter()
        .filter(|candidate| {
            // One slip changes at most two letters of the set.
            candidate.len().abs_diff(word.len()) <= most
                && (self::letters(candidate) ^ letters).count_ones() as usize <= 2 * most
        })
        .map(|candidate| (strsim::osa_distance(candidate, word), candidate))
        .filter(|&(slips, _)| slips <= most)
        .min()
        .map(|(_, candidate)| &**candidate)
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

    fn names(names: &[(&str, u32)]) -> Names {
        Names::build(
            names
                .iter()
                .map(|&(name, group)| (Box::from(name), group))
                .collect(),
        )
    }

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_best_come_first() {
        let names = names(&[
            ("kubetest Deploy Boskos", 1),
            ("Boskos", 2),
            ("unboskosed", 1),
            ("Boskos acquire", 3),
            ("Boskos acquire", 1),
            ("Boskos acquire", 1),
            ("unrelated\nsecond line", 1),
        ]);
        let found = |text: &str, limit| names.search(&words(text), limit);
        let expected = [
            ("Boskos", vec![2]),
            ("Boskos acquire", vec![1, 3]),
            ("kubetest Deploy Boskos", vec![1]),
            ("unboskosed", vec![1]),
        ]
        .map(|(name, groups)| (name.to_owned(), groups));
        assert_eq!(found("boskos", 9).names, expected);
        assert!(!found("boskos", 9).more);
        assert_eq!(found("boskos", 2).names, expected[..2]);
        assert!(found("boskos", 2).more);
        assert_eq!(found("boskos deploy", 9).names, expected[2..3]);
        assert_eq!(found("line", 9).names[0].0, "unrelated\nsecond line");
        assert_eq!(found("boskos unrelated", 9), Matches::default());
        assert_eq!(names.find("Boskos acquire"), [1, 3]);
        assert_eq!(names.find("boskos acquire"), [0u32; 0]);
        assert_eq!(names.len(), 5);
        assert_eq!(names.pairs().count(), 6);
    }

    #[test]
    fn a_common_word_does_not_hide_the_name_that_is_meant() {
        let many = (0..3 * ENOUGH).map(|n| (format!("e2e test {n}").into(), 1));
        let names = Names::build(many.chain([("test".into(), 2)]).collect());
        let found = names.search(&words("test"), 3);
        assert_eq!(found.names[0], ("test".to_owned(), vec![2]));
        assert!(found.more);
    }

    #[test]
    fn slips_are_forgiven() {
        let known = names(&[("Boskos acquire leases [Conformance]", 1), ("pods", 1)]).words();
        for (word, expected) in [
            ("bosko", Some("boskos")),
            ("bsokos", Some("boskos")),
            ("conformence", Some("conformance")),
            ("lease", Some("leases")),
            ("pod", None),
            ("zebra", None),
            ("boskos", Some("boskos")),
        ] {
            assert_eq!(meant(&known, word), expected, "{word}");
        }
    }

    #[test]
    fn no_names_are_no_trouble() {
        let none = Names::default();
        assert_eq!(none.search(&words("a"), 3), Matches::default());
        assert_eq!(none.find("a"), [0u32; 0]);
        assert_eq!((none.len(), none.holds("a")), (0, false));
        assert_eq!(names(&[("a", 1)]).search(&[], 3), Matches::default());
    }
}
