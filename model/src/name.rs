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
