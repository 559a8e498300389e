//! How the versions of one component follow each other: by the history of its repository, else by when
//! runs first had them.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::{
    history::{Between, Resolved, is_beginning, typed_version},
    infra::is_commit,
    trail::ComponentTrail,
    wire::infra::Direction,
};

use super::{Component, histories::Known};
use crate::read::published::Published;

/// When a version was seen, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
}

/// The versions of one component.
pub(super) struct Versions {
    pub(super) known: Option<Arc<Known>>,
    /// Under its longest known name, when each was seen.
    pub(super) seen: HashMap<String, Seen>,
    /// What runs call it → its longest known name.
    names: HashMap<String, String>,
    /// How pairs lie to each other, as far as somebody asked.
    pairs: RefCell<HashMap<String, HashMap<String, Arc<Between>>>>,
}

impl Versions {
    /// All versions of `component` that published runs had.
    pub(super) fn new(
        published: &Published,
        component: &Component,
        known: Option<&Arc<Known>>,
    ) -> Self {
        let mut spans: HashMap<String, Seen> = HashMap::new();
        for group in published.groups() {
            let Some(trail) = group.trail else { continue };
            let Some(of) = trail.component(&component.name) else {
                continue;
            };
            note(&mut spans, of, |column| trail.started_ms(column));
        }
        let names = canonical(spans.keys().map(String::as_str), known);
        let mut seen: HashMap<String, Seen> = HashMap::with_capacity(spans.len());
        for (version, when) in spans {
            let name = names.get(&version).cloned().unwrap_or(version);
            join(seen.entry(name).or_insert(when), when);
        }
        Self {
            known: known.cloned(),
            seen,
            names,
            pairs: RefCell::default(),
        }
    }

    /// The longest known name of a version.
    pub(super) fn name<'a>(&'a self, version: &'a str) -> &'a str {
        self.names.get(version).map_or(version, String::as_str)
    }

    /// The longest known name of a version that no run need have had.
    pub(super) fn name_of(&self, version: &str) -> String {
        if let Some(name) = self.names.get(version) {
            return name.clone();
        }
        if let Some(known) = &self.known
            && let Some(index) = known.find(version)
        {
            return known.commit(index).sha.to_string();
        }
        let longer: Vec<&String> = self
            .seen
            .keys()
            .filter(|seen| model::infra::same_version(seen, version))
            .collect();
        match longer[..] {
            [one] => one.clone(),
            _ => version.to_owned(),
        }
    }

    /// What somebody typed as a version: itself where it is one, else the longest known name of the one that
    /// it begins, whatever its letters' case.
    pub(super) fn typed(&self, typed: &str) -> String {
        let version = typed_version(typed);
        let lower = version.to_ascii_lowercase();
        let named = |version: &str| {
            self.names.contains_key(version)
                || self.seen.contains_key(version)
                || self
                    .known
                    .as_ref()
                    .is_some_and(|it| it.find(version).is_some())
        };
        if let Some(version) = [version, &lower].into_iter().find(|it| named(it)) {
            return version.to_owned();
        }
        if let Some(known) = &self.known {
            match known.history.resolve_typed(version) {
                Resolved::One(index) => return known.commit(index).sha.to_string(),
                Resolved::Ambiguous(_) => return lower,
                Resolved::Unknown => {}
            }
        }
        self.begun_by(&lower).unwrap_or_else(|| version.to_owned())
    }

    /// The one version of a run whose digits begin so.
    pub(super) fn begun_by(&self, digits: &str) -> Option<String> {
        let mut begun = (self.seen.keys())
            .filter(|seen| is_beginning(digits) && is_commit(seen) && seen.starts_with(digits));
        let one = begun.next()?;
        begun.next().is_none().then(|| one.clone())
    }

    /// Whether two names are of one version.
    pub(super) fn same(&self, a: &str, b: &str) -> bool {
        a == b || self.name_of(a) == self.name_of(b)
    }

    /// How `to` lies to `from` by the history; `None` where it does not tell.
    pub(super) fn between(&self, from: &str, to: &str) -> Option<Arc<Between>> {
        let known = |pairs: &HashMap<String, HashMap<String, Arc<Between>>>| {
            pairs.get(from)?.get(to).cloned()
        };
        if let Some(known) = known(&self.pairs.borrow()) {
            return Some(known);
        }
        let known = self.known.as_ref()?;
        let (a, b) = (known.find(from)?, known.find(to)?);
        let between = Arc::new(known.history.between(a, b));
        self.pairs
            .borrow_mut()
            .entry(from.to_owned())
            .or_default()
            .insert(to.to_owned(), between.clone());
        Some(between)
    }

    /// How `to` lies to `from`.
    pub(super) fn direction(&self, from: &str, to: &str) -> Direction {
        if self.same(from, to) {
            return Direction::Same;
        }
        match self.between(from, to).as_deref() {
            Some(Between::Same) => Direction::Same,
            Some(Between::Forward(_)) => Direction::Forward,
            Some(Between::Backward(_)) => Direction::Backward,
            Some(Between::Apart { .. }) => Direction::Apart,
            None => match (self.seen(from), self.seen(to)) {
                (Some(a), Some(b)) if a.first_ms < b.first_ms => Direction::SeenLater,
                (Some(a), Some(b)) if a.first_ms > b.first_ms => Direction::SeenEarlier,
                _ => Direction::Unknown,
            },
        }
    }

    /// When a version was seen.
    pub(super) fn seen(&self, version: &str) -> Option<Seen> {
        self.seen.get(&self.name_of(version)).copied()
    }

    /// What of all changes has to do with going from `from` to `to`.
    pub(super) fn range(&self, from: &str, to: &str) -> Range<'_> {
        let (gained, lost) = match self.between(from, to).as_deref() {
            Some(Between::Forward(gained)) => (gained.iter().copied().collect(), HashSet::new()),
            Some(Between::Backward(lost)) => (HashSet::new(), lost.iter().copied().collect()),
            Some(Between::Apart { gained, lost, .. }) => (
                gained.iter().copied().collect(),
                lost.iter().copied().collect(),
            ),
            Some(Between::Same) | None => (HashSet::new(), HashSet::new()),
        };
        Range {
            versions: self,
            from: self.name_of(from),
            to: self.name_of(to),
            gained,
            lost,
            asked: RefCell::default(),
        }
    }
}

/// A way from one version to another.
pub(super) struct Range<'a> {
    versions: &'a Versions,
    from: String,
    to: String,
    gained: HashSet<u32>,
    lost: HashSet<u32>,
    asked: RefCell<HashMap<String, HashMap<String, bool>>>,
}

impl Range<'_> {
    /// Whether a change from `from` to `to` goes a part of this way, in the same direction.
    pub(super) fn touches(&self, from: &str, to: &str) -> bool {
        let known =
            |asked: &HashMap<String, HashMap<String, bool>>| asked.get(from)?.get(to).copied();
        if let Some(known) = known(&self.asked.borrow()) {
            return known;
        }
        let touches = self.find(from, to);
        self.asked
            .borrow_mut()
            .entry(from.to_owned())
            .or_default()
            .insert(to.to_owned(), touches);
        touches
    }

    /// Whether a change from `from` to `to` is the whole way.
    pub(super) fn is_whole(&self, from: &str, to: &str) -> bool {
        self.versions.same(from, &self.from) && self.versions.same(to, &self.to)
    }

    fn find(&self, from: &str, to: &str) -> bool {
        if self.is_whole(from, to) {
            return true;
        }
        if !self.gained.is_empty() || !self.lost.is_empty() {
            return match self.versions.between(from, to).as_deref() {
                Some(Between::Forward(gained)) => {
                    gained.iter().any(|commit| self.gained.contains(commit))
                }
                Some(Between::Backward(lost)) => {
                    lost.iter().any(|commit| self.lost.contains(commit))
                }
                Some(Between::Apart { gained, lost, .. }) => {
                    gained.iter().any(|commit| self.gained.contains(commit))
                        || lost.iter().any(|commit| self.lost.contains(commit))
                }
                Some(Between::Same) | None => false,
            };
        }
        let seen = |version: &str| self.versions.seen(version).map(|seen| seen.first_ms);
        let (Some(a), Some(b), Some(x), Some(y)) =
            (seen(&self.from), seen(&self.to), seen(from), seen(to))
        else {
            return false;
        };
        // Half-open: a change is at its newer end.
        if a < b {
            x < y && x < b && a < y
        } else {
            y < x && y < a && b < x
        }
    }
}

fn note(spans: &mut HashMap<String, Seen>, of: &ComponentTrail, started_ms: impl Fn(u32) -> i64) {
    for span in &of.spans {
        let when = Seen {
            first_ms: started_ms(span.oldest),
            last_ms: started_ms(span.newest),
        };
        match spans.get_mut(&*span.version) {
            Some(known) => join(known, when),
            None => {
                spans.insert(span.version.to_string(), when);
            }
        }
    }
}

fn join(known: &mut Seen, when: Seen) {
    known.first_ms = known.first_ms.min(when.first_ms);
    known.last_ms = known.last_ms.max(when.last_ms);
}

/// The longest known name of each version: the whole commit where the history has it, else the one
/// longer name that begins with it.
fn canonical<'a>(
    versions: impl Iterator<Item = &'a str>,
    known: Option<&Arc<Known>>,
) -> HashMap<String, String> {
    let mut names = HashMap::new();
    let mut left: Vec<&str> = Vec::new();
    for version in versions {
        match known.map(|known| known.history.resolve(version)) {
            Some(Resolved::One(index)) => {
                let sha = known.map(|known| known.commit(index).sha.to_string());
                names.insert(version.to_owned(), sha.unwrap_or_default());
            }
            _ if is_commit(version) => left.push(version),
            _ => {}
        }
    }
    // A name sorts right before those that it begins.
    left.sort_unstable();
    for (at, short) in left.iter().enumerate() {
        let mut longer = left[at + 1..]
            .iter()
            .take_while(|long| long.starts_with(short));
        // The longest stands last, where each begins the next.
        if let Some(first) = longer.next() {
            let mut last = first;
            let mut one = true;
            for long in longer {
                one &= long.starts_with(last);
                last = long;
            }
            if one {
                names.insert((*short).to_owned(), (*last).to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_joined_where_they_name_one() {
        let names = canonical(
            [
                "aaaaaaa",
                "aaaaaaa11",
                "aaaaaaa1122",
                "bbbbbbb",
                "bbbbbbb1",
                "bbbbbbb2",
                "v1",
                "v1.2",
            ]
            .into_iter(),
            None,
        );
        let mut names: Vec<(&str, &str)> = names
            .iter()
            .map(|(short, long)| (short.as_str(), long.as_str()))
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [("aaaaaaa", "aaaaaaa1122"), ("aaaaaaa11", "aaaaaaa1122")]
        );
    }
}
