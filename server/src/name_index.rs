//! Where a name stands in a list of names.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use hashbrown::{HashTable, hash_table::Entry};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The places of names in a list that somebody else keeps, so that no name is held twice. Names come
/// from outside: the hash is seeded, so that none can be chosen to collide.
#[derive(Debug)]
pub(crate) struct NameIndex {
    places: HashTable<usize>,
    seed: u64,
}

impl Default for NameIndex {
    fn default() -> Self {
        Self {
            places: HashTable::new(),
            seed: RandomState::new().build_hasher().finish(),
        }
    }
}

impl NameIndex {
    /// Makes room for so many more names.
    pub(crate) fn reserve<'a>(&mut self, count: usize, name_at: impl Fn(usize) -> &'a str) {
        let seed = self.seed;
        self.places.reserve(count, |&at| hash(seed, name_at(at)));
    }

    /// The place of `name` among the names that `name_at` gives by place.
    pub(crate) fn find<'a>(&self, name: &str, name_at: impl Fn(usize) -> &'a str) -> Option<usize> {
        let found = self
            .places
            .find(hash(self.seed, name), |&at| name_at(at) == name);
        found.copied()
    }

    /// The place of `name`; where it has none, `None`, and from now on it stands at `next`.
    pub(crate) fn find_or_add<'a>(
        &mut self,
        name: &str,
        next: usize,
        name_at: impl Fn(usize) -> &'a str,
    ) -> Option<usize> {
        let seed = self.seed;
        let entry = self.places.entry(
            hash(seed, name),
            |&at| name_at(at) == name,
            |&at| hash(seed, name_at(at)),
        );
        match entry {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(free) => {
                free.insert(next);
                None
            }
        }
    }
}

fn hash(seed: u64, name: &str) -> u64 {
    xxh3_64_with_seed(name.as_bytes(), seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_they_stand() {
        let mut names: Vec<String> = Vec::new();
        let mut index = NameIndex::default();
        for round in 0..2 {
            for number in 0..1000 {
                let name = format!("test {number}");
                let found = index.find_or_add(&name, names.len(), |at| &names[at]);
                assert_eq!(found, (round > 0).then_some(number));
                if found.is_none() {
                    names.push(name);
                }
            }
        }
        index.reserve(5000, |at| &names[at]);
        assert_eq!(index.find("test 999", |at| &names[at]), Some(999));
        assert_eq!(index.find("test", |at| &names[at]), None);
    }
}
