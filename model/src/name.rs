//! Names of configured things: how they compare, and natural order.

use std::cmp::Ordering;

/// A name reduced to what TestGrid compares: ASCII letters and digits, lower case. Two names that
/// normalise alike are the same name, in configuration and in URLs.
pub fn normalize(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// Why a name cannot name a test group, a dashboard, a tab or a dashboard group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing at all.
    #[error("the name is empty")]
    Empty,
    /// A character that names cannot hold.
    #[error("the name {name:?} holds {character:?}, which names cannot hold")]
    Character {
        /// The whole name.
        name: String,
        /// The first such character.
        character: char,
    },
    /// Too few letters and digits to tell names apart, or too many.
    #[error(
        "the name {name:?} has {length} letters and digits; it needs {} to {}",
        NORMALIZED_LENGTH.start(),
        NORMALIZED_LENGTH.end()
    )]
    Length {
        /// The whole name.
        name: String,
        /// Letters and digits in it.
        length: usize,
    },
    /// It begins like the names of TestGrid's own objects.
    #[error("the name {name:?} begins with {prefix:?}, which is reserved")]
    Reserved {
        /// The whole name.
        name: String,
        /// What its normalised form begins with.
        prefix: &'static str,
    },
}

/// How many letters and digits a name has.
const NORMALIZED_LENGTH: std::ops::RangeInclusive<usize> = 3..=2048;

/// What no normalised name begins with: names of TestGrid's own objects.
const RESERVED_PREFIXES: [&str; 4] = ["dashboard", "alerter", "summary", "bugs"];

/// What a name may hold beside ASCII letters and digits; the last is the long dash.
const NAME_CHARACTERS: &str = "_.~<>()[]\",@/-| \u{2013}";

/// TestGrid's rules for the names of test groups, dashboards, tabs and dashboard groups. Answers the
/// first that is broken.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(character) = name
        .chars()
        .find(|&letter| !letter.is_ascii_alphanumeric() && !NAME_CHARACTERS.contains(letter))
    {
        return Err(NameError::Character {
            name: name.to_owned(),
            character,
        });
    }
    let normalized = normalize(name);
    if !NORMALIZED_LENGTH.contains(&normalized.len()) {
        return Err(NameError::Length {
            name: name.to_owned(),
            length: normalized.len(),
        });
    }
    if let Some(prefix) = RESERVED_PREFIXES
        .into_iter()
        .find(|prefix| normalized.starts_with(prefix))
    {
        return Err(NameError::Reserved {
            name: name.to_owned(),
            prefix,
        });
    }
    Ok(())
}

/// Natural order: runs of digits compare as numbers, everything else byte by byte. Of two equal
/// numbers the one with fewer leading zeros comes first; of two names of which one begins the
/// other, the shorter.
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i].is_ascii_digit() && b[j].is_ascii_digit() {
            let (zeros_a, digits_a) = number_at(&a[i..]);
            let (zeros_b, digits_b) = number_at(&b[j..]);
            let number_a = &a[i + zeros_a..i + zeros_a + digits_a];
            let number_b = &b[j + zeros_b..j + zeros_b + digits_b];
            let order = digits_a
                .cmp(&digits_b)
                .then_with(|| number_a.cmp(number_b))
                .then_with(|| zeros_a.cmp(&zeros_b));
            if order != Ordering::Equal {
                return order;
            }
            i += zeros_a + digits_a;
            j += zeros_b + digits_b;
        } else {
            match a[i].cmp(&b[j]) {
                Ordering::Equal => {
                    i += 1;
                    j += 1;
                }
                different => return different,
            }
        }
    }
    (a.len() - i).cmp(&(b.len() - j))
}

/// The number of leading zeros and of digits after them.
fn number_at(text: &[u8]) -> (usize, usize) {
    let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
    let digits = text[zeros..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (zeros, digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normalized_names_keep_letters_and_digits() {
        for (name, normalized) in [
            ("sig-release-master-blocking", "sigreleasemasterblocking"),
            (
                "sig-network-kind, loadbalancer",
                "signetworkkindloadbalancer",
            ),
            ("Conformance - GCE - master", "conformancegcemaster"),
            ("a–b c", "abc"),
            ("", ""),
        ] {
            assert_eq!(normalize(name), normalized);
        }
    }

    #[test]
    fn names_keep_to_the_rules() {
        let longest = "a".repeat(2048);
        let too_long = "a".repeat(2049);
        let character = |name: &str, character| {
            Some(NameError::Character {
                name: name.to_owned(),
                character,
            })
        };
        let length = |name: &str, length| {
            Some(NameError::Length {
                name: name.to_owned(),
                length,
            })
        };
        let reserved = |name: &str, prefix| {
            Some(NameError::Reserved {
                name: name.to_owned(),
                prefix,
            })
        };
        for (name, error) in [
            ("sig-network-kind, loadbalancer", None),
            ("Az09_.~<>()[]\",@/-| \u{2013}", None),
            ("a-b-c", None),
            (&longest, None),
            ("", Some(NameError::Empty)),
            ("new\nline", character("new\nline", '\n')),
            ("café", character("café", 'é')),
            ("a:bc", character("a:bc", ':')),
            ("a-b", length("a-b", 2)),
            ("- -", length("- -", 0)),
            (&too_long, length(&too_long, 2049)),
            ("Dash-Board x", reserved("Dash-Board x", "dashboard")),
            ("alerter", reserved("alerter", "alerter")),
            ("Summary", reserved("Summary", "summary")),
            ("bugs-x", reserved("bugs-x", "bugs")),
            ("my-dashboard", None),
        ] {
            assert_eq!(check_name(name).err(), error, "{name}");
        }
    }

    #[test]
    fn digits_compare_as_numbers() {
        for (less, more) in [
            ("build 9", "build 10"),
            ("a", "a1"),
            ("a1", "a01"),
            ("a01", "a2"),
            ("a1b", "a1c"),
            ("1.34", "1.35"),
            ("99", "1000000000000000000"),
            ("", "a"),
        ] {
            assert_eq!(natural_cmp(less, more), Ordering::Less, "{less} {more}");
            assert_eq!(natural_cmp(more, less), Ordering::Greater, "{more} {less}");
        }
    }

    proptest! {
        #[test]
        fn natural_order_is_an_order(a in "[a0-2]{0,6}", b in "[a0-2]{0,6}", c in "[a0-2]{0,6}") {
            prop_assert_eq!(natural_cmp(&a, &b), natural_cmp(&b, &a).reverse());
            prop_assert_eq!(natural_cmp(&a, &b) == Ordering::Equal, a == b);
            if natural_cmp(&a, &b).is_le() && natural_cmp(&b, &c).is_le() {
                prop_assert!(natural_cmp(&a, &c).is_le());
            }
        }
    }
}
