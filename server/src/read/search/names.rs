//! Every test name of the installation, found by parts of it.
//!
//! Two million names of sixty bytes are 120 MB, and a good substring search reads ten gigabytes a second:
//! the names lie one after the other in one text, shortest first, which is searched as a whole. So a
//! common word finds its best names at once, and a rare one costs a few milliseconds. Of several words the
//! rarest is looked for, and the others in what holds it. No other index is needed, and none has to be kept
//! up to date.

use std::ops::Range;

use memchr::memmem::Finder;

/// How many names a search looks at before it has enough.
const ENOUGH: usize = 1_000;

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
    /// Best first.
    pub(super) names: Vec<Match>,
    /// There are more than were looked at.
    pub(super) more: bool,
}

/// One name that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// How well it answers, lower is better.
    rank: u8,
    /// The name.
    pub(super) name: String,
    /// The groups that have it.
    pub(super) groups: Vec<u32>,
}

impl Matches {
    /// The `limit` best of both; a name that is in both has the groups of both.
    pub(super) fn merge(mut self, other: Self, limit: usize) -> Self {
        self.more |= other.more;
        for one in other.names {
            match self.names.iter_mut().find(|known| known.name == one.name) {
                Some(known) => known.groups.extend(one.groups),
                None => self.names.push(one),
            }
        }
        self.names.sort_by(|a, b| a.key().cmp(&b.key()));
        self.more |= self.names.len() > limit;
        self.names.truncate(limit);
        self
    }
}

impl Match {
    /// The order of what was found: the shortest first of those that answer as well.
    fn key(&self) -> (u8, usize, &str) {
        (self.rank, self.name.len(), &self.name)
    }
}

/// What a name must hold.
struct Wanted<'a> {
    /// What is looked for in the text.
    finder: Finder<'a>,
    /// What is looked for in the names that hold it.
    others: Vec<Finder<'a>>,
}

/// How the text is divided.
#[derive(Clone, Copy)]
struct Parts {
    /// How much is looked at before threads are worth beginning.
    first_bytes: usize,
    /// How many look at the rest; at least one.
    threads: usize,
}

impl Default for Parts {
    fn default() -> Self {
        /// More do not read faster than memory does.
        const MOST: usize = 8;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            first_bytes: 4 << 20,
            threads: cores.min(MOST),
        }
    }
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

    /// All of them in lower case, each followed by a line feed.
    pub(super) fn text(&self) -> &str {
        &self.lower
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
        let Some(rarest) = self.rarest(words) else {
            return Matches::default();
        };
        let others = words.iter().filter(|word| *word != rarest);
        let wanted = Wanted {
            finder: Finder::new(rarest),
            others: others.map(Finder::new).collect(),
        };
        let mut found = self.holding(&wanted, ENOUGH + 1, Parts::default());
        let mut more = found.len() > ENOUGH;
        found.truncate(ENOUGH);
        let mut ranked: Vec<(u8, usize)> = found
            .into_iter()
            .map(|index| (rank(&self.lower[self.range(index)], words), index))
            .collect();
        ranked.sort_unstable();
        more |= ranked.len() > limit;
        let names = ranked
            .into_iter()
            .take(limit)
            .map(|(rank, index)| Match {
                rank,
                name: self.name(index).to_owned(),
                groups: self.groups_of(index).to_vec(),
            })
            .collect();
        Matches { names, more }
    }

    /// Whether any name holds this, in lower case.
    pub(super) fn holds(&self, word: &str) -> bool {
        let wanted = Wanted {
            finder: Finder::new(word),
            others: Vec::new(),
        };
        !self.holding(&wanted, 1, Parts::default()).is_empty()
    }

    /// The word that the fewest names hold, as samples of the text say; the longest of equally rare ones.
    /// Each place that holds it has to be looked at, so that what is common must not lead.
    fn rarest<'a>(&self, words: &'a [String]) -> Option<&'a String> {
        /// How many samples are taken.
        const SAMPLES: usize = 48;
        /// How long each is, in bytes.
        const SAMPLE: usize = 4 << 10;
        let text = self.lower.as_bytes();
        let samples = || {
            let step = (text.len() / SAMPLES).max(SAMPLE);
            text.chunks(step)
                .map(|part| &part[..part.len().min(SAMPLE)])
        };
        words.iter().min_by_key(|word| {
            let finder = Finder::new(word.as_str());
            let hits: usize = match words.len() {
                1 => 0,
                _ => samples().map(|part| finder.find_iter(part).count()).sum(),
            };
            (hits, std::cmp::Reverse(word.len()))
        })
    }

    /// The first `most` names that hold what is wanted, in order. What is common is found in the first
    /// part; what is not is looked for in the others by several threads at once.
    fn holding(&self, wanted: &Wanted<'_>, most: usize, parts: Parts) -> Vec<usize> {
        if self.len() == 0 {
            return Vec::new();
        }
        let first = self.name_at(0, self.len(), parts.first_bytes);
        let mut found = self.scan(wanted, 0..first, most);
        if found.len() == most || first == self.len() {
            return found;
        }
        let begins = self.starts[first] as usize;
        let share = (self.lower.len() - begins).div_ceil(parts.threads);
        let mut ranges = Vec::with_capacity(parts.threads);
        let mut from = first;
        for number in 1..=parts.threads {
            let to = if number == parts.threads {
                self.len()
            } else {
                self.name_at(from, self.len(), begins + number * share)
            };
            ranges.push(from..to);
            from = to;
        }
        let left = most - found.len();
        let (own, others) = ranges.split_at(1);
        std::thread::scope(|threads| {
            let others: Vec<_> = others
                .iter()
                .map(|range| threads.spawn(|| self.scan(wanted, range.clone(), left)))
                .collect();
            found.extend(self.scan(wanted, own[0].clone(), left));
            for other in others {
                // One that panicked found nothing; the panic is on record.
                found.extend(other.join().unwrap_or_default());
            }
        });
        found.truncate(most);
        found
    }

    /// The first `most` of these names that hold what is wanted, in order.
    fn scan(&self, wanted: &Wanted<'_>, names: Range<usize>, most: usize) -> Vec<usize> {
        let end = self.starts[names.end] as usize;
        let text = &self.lower.as_bytes()[..end];
        let mut found = Vec::new();
        let mut index = names.start;
        let mut at = self.starts[index] as usize;
        while let Some(hit) = wanted.finder.find(&text[at..]) {
            index = self.name_at(index, names.end, at + hit + 1) - 1;
            at = self.starts[index + 1] as usize;
            let name = &text[self.range(index)];
            if wanted.others.iter().all(|word| word.find(name).is_some()) {
                found.push(index);
                if found.len() == most {
                    break;
                }
            }
        }
        found
    }

    /// The first name from `index` on, and before `end`, that begins at this place of the text or behind
    /// it; `end` without one. What is near is found soonest.
    fn name_at(&self, index: usize, end: usize, place: usize) -> usize {
        let mut step = 1;
        while index + step < end && (self.starts[index + step] as usize) < place {
            step *= 2;
        }
        let from = index + step / 2;
        let to = (index + step).min(end);
        from + self.starts[from..to].partition_point(|&start| (start as usize) < place)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            (0, "Boskos", vec![2]),
            (1, "Boskos acquire", vec![1, 3]),
            (2, "kubetest Deploy Boskos", vec![1]),
            (3, "unboskosed", vec![1]),
        ]
        .map(|(rank, name, groups)| Match {
            rank,
            name: name.to_owned(),
            groups,
        });
        assert_eq!(found("boskos", 9).names, expected);
        assert!(!found("boskos", 9).more);
        assert_eq!(found("boskos", 2).names, expected[..2]);
        assert!(found("boskos", 2).more);
        assert_eq!(found("boskos deploy", 9).names, expected[2..3]);
        assert_eq!(found("deploy boskos boskos", 9).names, expected[2..3]);
        assert_eq!(found("line", 9).names[0].name, "unrelated\nsecond line");
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
        assert_eq!(found.names[0].name, "test");
        assert!(found.more);
    }

    #[test]
    fn what_was_found_apart_is_ranked_together() {
        let settled = names(&[("boskos acquire", 1), ("unboskosed", 1), ("boskos one", 1)]);
        let fresh = names(&[("boskos", 2), ("boskos acquire", 2)]);
        let both = |limit| {
            let of = |names: &Names| names.search(&words("boskos"), limit);
            of(&settled).merge(of(&fresh), limit)
        };
        let found = both(9);
        let told: Vec<(&str, &[u32])> = found
            .names
            .iter()
            .map(|one| (one.name.as_str(), one.groups.as_slice()))
            .collect();
        assert_eq!(
            told,
            [
                ("boskos", &[2][..]),
                ("boskos one", &[1]),
                ("boskos acquire", &[1, 2]),
                ("unboskosed", &[1])
            ]
        );
        assert!(!found.more);
        assert!(both(2).more);
        assert_eq!(both(1).names[0].name, "boskos");
    }

    proptest! {
        #[test]
        fn however_it_is_divided_the_same_is_found(
            known in prop::collection::vec("[abc ]{0,7}", 0..40),
            sought in prop::collection::vec("[abc]{1,2}", 1..4),
            first_bytes in 0usize..60,
            threads in 1usize..5,
            most in 1usize..20,
        ) {
            let names = Names::build(known.into_iter().map(|name| (name.into(), 1)).collect());
            let holds = |index: &usize| {
                let name = &names.lower[names.range(*index)];
                sought.iter().all(|word| name.contains(word.as_str()))
            };
            let expected: Vec<usize> = (0..names.len()).filter(holds).take(most).collect();
            for first in 0..sought.len() {
                let wanted = Wanted {
                    finder: Finder::new(&sought[first]),
                    others: sought.iter().map(Finder::new).collect(),
                };
                let found = names.holding(&wanted, most, Parts { first_bytes, threads });
                prop_assert_eq!(&found, &expected);
            }
            let found = names.search(&sought, 99);
            prop_assert_eq!(found.names.len(), (0..names.len()).filter(holds).count());
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
