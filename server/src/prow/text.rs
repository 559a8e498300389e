//! Text from the outside: bounded, harmless, and cut as TestGrid cuts it.

use xxhash_rust::xxh3::xxh3_64;

/// The longest row name, in bytes. Longer ones keep their beginning and get a digest of the whole,
/// so that two long names that differ stay two rows.
pub const NAME_CAP: usize = 1024;

/// The longest message that is shown whole, in bytes.
const MESSAGE_CAP: usize = 140;

/// How much of either end a cut message keeps.
const MESSAGE_END: usize = MESSAGE_CAP / 2;

/// What replaces a character that cannot be printed.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Whether `character` would act on its surroundings instead of being seen: control characters,
/// and the embeddings, overrides and isolates of bidirectional text.
pub fn is_unprintable(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether `text` needs no look at its characters: printable ASCII only.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// `text` on one line: line breaks and tabs become spaces, what cannot be printed becomes U+FFFD.
/// What is printable stays, however hostile it looks; drawing it escapes it.
pub fn push_line(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.extend(text.chars().map(|character| match character {
        '\n' | '\r' | '\t' => ' ',
        other if is_unprintable(other) => REPLACEMENT,
        other => other,
    }));
}

/// Cuts `name` to [`NAME_CAP`] bytes: its beginning, `…#` and 16 hexadecimal digits over all of it.
pub fn cap_name(name: &mut String) {
    if name.len() <= NAME_CAP {
        return;
    }
    let digest = xxh3_64(name.as_bytes());
    let mark = format!("…#{digest:016x}");
    name.truncate(name.floor_char_boundary(NAME_CAP - mark.len()));
    name.push_str(&mark);
}

/// A text of which only both ends are kept, because no more of it is ever shown: a few kilobytes,
/// however long the text is. The buffer is used again and again.
#[derive(Debug, Default)]
pub struct Clip {
    bytes: Vec<u8>,
    /// Bytes left out of the middle.
    dropped: usize,
}

impl Clip {
    /// How much of either end survives. More than a cut shows, so that the cut sees what it needs.
    const KEPT: usize = 2 * MESSAGE_CAP;
    /// How much is gathered before the middle is dropped.
    const FULL: usize = 16 * Self::KEPT;

    /// Forgets the text, keeps the buffer.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.dropped = 0;
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends `text`.
    pub fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        if text.len() > Self::FULL {
            let (head, tail) = (&text[..Self::KEPT], &text[text.len() - Self::KEPT..]);
            self.bytes.extend_from_slice(head);
            self.drop_middle();
            self.dropped += text.len() - 2 * Self::KEPT;
            // The tail is longer than what a cut shows, so the seam inside the kept part is never seen.
            self.bytes.extend_from_slice(tail);
        } else {
            self.bytes.extend_from_slice(text);
        }
        if self.bytes.len() > Self::FULL {
            self.drop_middle();
        }
    }

    /// Appends one character.
    pub fn push_char(&mut self, character: char) {
        self.push(character.encode_utf8(&mut [0; 4]));
    }

    /// Appends another text of which only both ends may be left.
    pub fn join(&mut self, other: &Self) {
        self.bytes.extend_from_slice(&other.bytes);
        self.dropped += other.dropped;
        if self.bytes.len() > Self::FULL {
            self.drop_middle();
        }
    }

    /// Leaves the first and the last [`Self::KEPT`] bytes.
    fn drop_middle(&mut self) {
        if self.bytes.len() > 2 * Self::KEPT {
            let end = self.bytes.len() - Self::KEPT;
            self.bytes.drain(Self::KEPT..end);
            self.dropped += end - Self::KEPT;
        }
    }

    /// Both ends of the text; all of it when [`Self::is_whole`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether nothing was left out.
    pub fn is_whole(&self) -> bool {
        self.dropped == 0
    }

    /// Whether the whole text is exactly `text`.
    pub fn is(&self, text: &str) -> bool {
        self.is_whole() && self.bytes == text.as_bytes()
    }

    /// The text as a message: [`cut_message`] of the whole.
    pub fn message(&self) -> String {
        cut_message(&self.bytes)
    }
}

/// A message as TestGrid shows it: from 140 bytes on the first and the last 70 with `...` between,
/// cut by bytes; then once more where what came out is longer than 140 bytes. What cannot be printed
/// becomes U+FFFD; line breaks and tabs stay.
pub fn cut_message(text: &[u8]) -> String {
    let first = cut_first(text);
    let mut message = cut_again(&first);
    if message
        .chars()
        .any(|character| is_unprintable(character) && !matches!(character, '\n' | '\t'))
    {
        message = message
            .replace("\r\n", "\n")
            .chars()
            .map(|character| match character {
                '\n' | '\t' => character,
                other if is_unprintable(other) => REPLACEMENT,
                other => other,
            })
            .collect();
    }
    message
}

/// The cut while a test is read: from 140 bytes on; bytes that the cut broke become `?` and are
/// announced.
fn cut_first(text: &[u8]) -> String {
    let cut;
    let bytes = if text.len() < MESSAGE_CAP {
        text
    } else {
        cut = [
            &text[..MESSAGE_END],
            b"...",
            &text[text.len() - MESSAGE_END..],
        ]
        .concat();
        &cut
    };
    match std::str::from_utf8(bytes) {
        Ok(valid) => valid.to_owned(),
        Err(_) => format!("invalid utf8: {}", replace_broken(bytes, "?")),
    }
}

/// The cut while a row is built: above 140 bytes; bytes that the cut broke are dropped.
fn cut_again(text: &str) -> String {
    if text.len() <= MESSAGE_CAP {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut cut = replace_broken(&bytes[..MESSAGE_END], "");
    cut.push_str("...");
    cut.push_str(&replace_broken(&bytes[bytes.len() - MESSAGE_END..], ""));
    cut
}

/// `bytes` with each run of bytes that are not UTF-8 replaced by `by`.
fn replace_broken(bytes: &[u8], by: &str) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut in_broken = false;
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_empty() {
            in_broken = false;
            text.push_str(chunk.valid());
        }
        if !chunk.invalid().is_empty() && !in_broken {
            in_broken = true;
            text.push_str(by);
        }
    }
    text
}

/// A number with at most four significant digits and no trailing zeros, as TestGrid draws it.
pub fn short_number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 {
            "0".into()
        } else {
            format!("{value}")
        };
    }
    let scientific = format!("{value:.3e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |digits: &str| {
        if digits.contains('.') {
            digits
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned()
        } else {
            digits.to_owned()
        }
    };
    if (-4..4).contains(&exponent) {
        trimmed(&format!("{value:.*}", (3 - exponent) as usize))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_are_cut_by_bytes() {
        let long = |n: usize| "a".repeat(n);
        for (text, message) in [
            (String::new(), String::new()),
            ("boom".into(), "boom".into()),
            (long(139), long(139)),
            (long(140), format!("{}...{}", long(70), long(70))),
            (
                format!("{}{}", "x".repeat(70), "y".repeat(1000)),
                format!("{}...{}", "x".repeat(70), "y".repeat(70)),
            ),
            (
                // The 70th byte is the first of two.
                format!("{}é{}", long(69), long(100)),
                // 69 + "?" + "..." + 70 behind a prefix of 14 is 157 bytes, so the second cut applies.
                format!("invalid utf8: {}...{}", long(56), long(70)),
            ),
        ] {
            assert_eq!(cut_message(text.as_bytes()), message);
        }
    }

    #[test]
    fn broken_bytes_are_announced() {
        assert_eq!(cut_message(b"a\xff\xfeb"), "invalid utf8: a?b");
    }

    #[test]
    fn control_characters_do_not_survive() {
        assert_eq!(
            cut_message("a\u{1b}[31m\r\nb\tc\u{202e}".as_bytes()),
            "a\u{fffd}[31m\nb\tc\u{fffd}"
        );
        let mut line = String::new();
        push_line(&mut line, "<script>\u{0}\n\u{202e}é");
        assert_eq!(line, "<script>\u{fffd} \u{fffd}é");
    }

    #[test]
    fn long_names_stay_distinct() {
        let name = |end: &str| {
            let mut name = "é".repeat(600_000) + end;
            cap_name(&mut name);
            name
        };
        let (a, b) = (name("a"), name("b"));
        assert_ne!(a, b);
        assert!(a.len() <= NAME_CAP && a.contains("…#"));
        let mut short = "a".repeat(NAME_CAP);
        cap_name(&mut short);
        assert_eq!(short.len(), NAME_CAP);
    }

    #[test]
    fn numbers_have_four_digits() {
        for (number, text) in [
            (0.0, "0"),
            (81.25, "81.25"),
            (81.256, "81.26"),
            (100.0, "100"),
            (1234.0, "1234"),
            (12345.0, "1.234e+04"),
            (0.5, "0.5"),
            (-3.0, "-3"),
            (0.000_012_345, "1.234e-05"),
        ] {
            assert_eq!(short_number(number), text);
        }
    }

    proptest! {
        #[test]
        fn a_clip_is_cut_like_the_whole(parts in prop::collection::vec("[a-zé]{0,40}", 0..40), long in 0usize..20_000) {
            let mut parts = parts;
            parts.insert(parts.len() / 2, "m".repeat(long));
            let mut clip = Clip::default();
            for part in &parts {
                clip.push(part);
            }
            prop_assert_eq!(clip.message(), cut_message(parts.concat().as_bytes()));
            prop_assert!(clip.as_bytes().len() <= Clip::FULL);
        }

        #[test]
        fn cutting_twice_changes_nothing(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let once = cut_again(&cut_first(&text));
            prop_assert_eq!(cut_again(&once).len() <= 143, true);
            prop_assert!(cut_message(&text).chars().count() <= 143);
        }
    }
}
