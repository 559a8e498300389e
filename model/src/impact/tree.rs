//! A configuration value, and its canonical form.

use xxhash_rust::xxh3::xxh3_64;

/// A value of a configuration or of an object: what YAML and JSON have in common. Nothing is
/// interpreted: `12` and `"12"` are the same text. Null is absence, so it is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Anything that is not a collection.
    Text(String),
    /// In order.
    List(Vec<Self>),
    /// Keys and values; each key once, in any order.
    Map(Vec<(String, Self)>),
}

impl Default for Tree {
    fn default() -> Self {
        Self::Map(Vec::new())
    }
}

impl Tree {
    /// The value of a key; `None` when this is no mapping or has no such key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(own, _)| own == key)
            .map(|(_, value)| value)
    }

    /// The text of a scalar; empty for a collection.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// The text under a key; empty when there is none.
    pub fn text_of(&self, key: &str) -> &str {
        self.get(key).map_or("", Self::text)
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The items of the list under a key.
    pub fn items_of(&self, key: &str) -> &[Self] {
        self.get(key).map(Self::items).unwrap_or_default()
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Whether it says nothing: an empty collection, or one of such.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.iter().all(|(_, value)| value.is_empty()),
        }
    }

    /// This with what `other` says in the place of what it says itself: mappings key by key, anything
    /// else as a whole.
    pub fn overlay(&mut self, other: &Self) {
        let (Self::Map(own), Self::Map(others)) = (&mut *self, other) else {
            other.clone_into(self);
            return;
        };
        for (key, value) in others {
            match own.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) => known.overlay(value),
                None => own.push((key.clone(), value.clone())),
            }
        }
    }

    /// The hash of the canonical form.
    pub fn hash(&self) -> u64 {
        let mut form = String::new();
        self.write_canonical(&mut form, None);
        xxh3_64(form.as_bytes())
    }

    /// Like [`Tree::hash`], each text as `rewrite` has it.
    pub(super) fn hash_with(&self, rewrite: &dyn Fn(&str) -> String) -> u64 {
        let mut form = String::new();
        self.write_canonical(&mut form, Some(rewrite));
        xxh3_64(form.as_bytes())
    }

    /// Writes a form that is the same for values that mean the same: keys in order, no empty
    /// collections in mappings, lengths before texts so that no two values share a form.
    fn write_canonical(&self, form: &mut String, rewrite: Option<&dyn Fn(&str) -> String>) {
        match self {
            Self::Text(text) => match rewrite {
                None => push_text(form, text),
                Some(rewrite) => push_text(form, &rewrite(text)),
            },
            Self::List(items) => {
                form.push('[');
                for item in items {
                    item.write_canonical(form, rewrite);
                }
                form.push(']');
            }
            Self::Map(entries) => {
                let mut sorted: Vec<&(String, Self)> = entries
                    .iter()
                    .filter(|(_, value)| !value.is_empty())
                    .collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                form.push('{');
                for (key, value) in sorted {
                    push_text(form, key);
                    value.write_canonical(form, rewrite);
                }
                form.push('}');
            }
        }
    }
}

/// Writes a text after a mark and its length, six bits a character, lowest first, so that no two texts run into each other.
fn push_text(form: &mut String, text: &str) {
    form.push('"');
    let mut length = text.len();
    while length >= 64 {
        form.push(char::from(64 + (length % 64) as u8));
        length /= 64;
    }
    form.push(char::from(length as u8));
    form.push_str(text);
}

/// A duration as Go writes it (`2h`, `1h30m0s`, `1.5h`), in nanoseconds; anything else as it stands.
pub(super) fn canonical_duration(text: &str) -> String {
    parse_duration(text).map_or_else(|| text.to_owned(), |nanos| nanos.to_string())
}

fn parse_duration(text: &str) -> Option<u128> {
    const UNITS: [(&str, u128); 8] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let mut rest = text.trim();
    let mut total: u128 = 0;
    if rest.is_empty() {
        return None;
    }
    if rest == "0" {
        return Some(0);
    }
    while !rest.is_empty() {
        let digits = rest.find(|next: char| !(next.is_ascii_digit() || next == '.'))?;
        let unit_end = rest[digits..]
            .find(|next: char| next.is_ascii_digit() || next == '.')
            .map_or(rest.len(), |end| digits + end);
        let unit = &rest[digits..unit_end];
        let (_, nanos) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(times(&rest[..digits], nanos)?)?;
        rest = &rest[unit_end..];
    }
    Some(total)
}

/// A quantity as Kubernetes writes it (`500m`, `0.5`, `6Gi`), in thousandths; anything else as it stands.
pub(super) fn canonical_quantity(text: &str) -> String {
    parse_quantity(text).map_or_else(|| text.to_owned(), |milli| milli.to_string())
}

fn parse_quantity(text: &str) -> Option<u128> {
    const SUFFIXES: [(&str, u128); 14] = [
        ("", 1_000),
        ("m", 1),
        ("k", 1_000_000),
        ("M", 1_000_000_000),
        ("G", 1_000_000_000_000),
        ("T", 1_000_000_000_000_000),
        ("P", 1_000_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000_000),
        ("Ki", 1_000 << 10),
        ("Mi", 1_000 << 20),
        ("Gi", 1_000 << 30),
        ("Ti", 1_000 << 40),
        ("Pi", 1_000 << 50),
        ("Ei", 1_000 << 60),
    ];
    let text = text.trim();
    let digits = text
        .find(|next: char| !(next.is_ascii_digit() || next == '.'))
        .unwrap_or(text.len());
    let (_, milli) = SUFFIXES
        .into_iter()
        .find(|(name, _)| *name == &text[digits..])?;
    times(&text[..digits], milli)
}

/// A decimal number times a whole one, when that is whole.
fn times(decimal: &str, factor: u128) -> Option<u128> {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_u128.checked_pow(fraction.len() as u32)?;
    let product = digits.checked_mul(factor)?;
    (product % scale == 0).then(|| product / scale)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn text(text: &str) -> Tree {
        Tree::Text(text.to_owned())
    }

    pub(in super::super) fn list(items: &[&str]) -> Tree {
        Tree::List(items.iter().map(|item| text(item)).collect())
    }

    pub(in super::super) fn map<const N: usize>(entries: [(&str, Tree); N]) -> Tree {
        Tree::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    #[test]
    fn durations_and_quantities_have_one_form() {
        for (same, canonical) in [
            (["2h", "2h0m0s", "120m"], canonical_duration("7200s")),
            (["1h30m", "90m0s", "1.5h"], canonical_duration("5400s")),
        ] {
            for text in same {
                assert_eq!(canonical_duration(text), canonical, "{text}");
            }
        }
        for same in [
            ["500m", "0.5", ".5"],
            ["4", "4000m", "4.0"],
            ["1Gi", "1024Mi", "1048576Ki"],
        ] {
            for text in same {
                assert_eq!(
                    canonical_quantity(text),
                    canonical_quantity(same[0]),
                    "{text}"
                );
            }
        }
        for odd in [
            "",
            "h",
            "1x",
            "1.2.3h",
            "-1h",
            "9999999999999999999999999999999999999999h",
            ".",
        ] {
            assert_eq!(canonical_duration(odd), odd);
            assert_eq!(canonical_quantity(odd), odd);
        }
        assert_ne!(canonical_quantity("1G"), canonical_quantity("1Gi"));
    }

    #[test]
    fn the_form_is_of_the_meaning() {
        let a = map([
            ("a", text("1")),
            ("b", list(&[])),
            ("c", map([("d", list(&[]))])),
        ]);
        let b = map([("a", text("1"))]);
        assert_eq!(a.hash(), b.hash());
        let c = map([("x", text("1")), ("a", text("2"))]);
        let d = map([("a", text("2")), ("x", text("1"))]);
        assert_eq!(c.hash(), d.hash());
        for (one, other) in [
            (list(&["a", "b"]), list(&["b", "a"])),
            (list(&["ab"]), list(&["a", "b"])),
            (text("a"), list(&["a"])),
            (map([("a", text(""))]), map([])),
        ] {
            assert_ne!(one.hash(), other.hash(), "{one:?} {other:?}");
        }
    }

    #[test]
    fn an_overlay_goes_into_mappings() {
        let mut tree = map([
            ("a", map([("b", text("1")), ("c", text("2"))])),
            ("l", list(&["x"])),
        ]);
        tree.overlay(&map([("a", map([("b", text("3"))])), ("l", list(&["y"]))]));
        let expected = map([
            ("a", map([("b", text("3")), ("c", text("2"))])),
            ("l", list(&["y"])),
        ]);
        assert_eq!(tree, expected);
    }

    pub(in super::super) fn any_tree() -> impl Strategy<Value = Tree> {
        let leaf = "[a-c0-2]{0,2}".prop_map(Tree::Text);
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
                prop::collection::btree_map("[a-c]{1,2}", inner, 0..4)
                    .prop_map(|entries| Tree::Map(entries.into_iter().collect())),
            ]
        })
    }

    fn reversed(tree: &Tree) -> Tree {
        match tree {
            Tree::Text(_) => tree.clone(),
            Tree::List(items) => Tree::List(items.iter().map(reversed).collect()),
            Tree::Map(entries) => Tree::Map(
                entries
                    .iter()
                    .rev()
                    .map(|(key, value)| (key.clone(), reversed(value)))
                    .collect(),
            ),
        }
    }

    proptest! {
        #[test]
        fn the_order_of_keys_means_nothing(tree in any_tree()) {
            prop_assert_eq!(tree.hash(), reversed(&tree).hash());
        }

        #[test]
        fn overlaying_itself_changes_nothing(tree in any_tree()) {
            let mut twice = tree.clone();
            twice.overlay(&tree);
            prop_assert_eq!(twice, tree);
        }

        #[test]
        fn any_text_is_a_quantity_or_stays(text in ".{0,20}") {
            let _ = (canonical_duration(&text), canonical_quantity(&text));
        }
    }
}
