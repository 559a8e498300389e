//! Names and messages of others, made harmless to show: what cannot be seen is made visible, and what
//! is too long is cut with a mark. Escaping for HTML is the job of the view or of [`escape`].

use std::fmt::Write as _;

/// The longest name that a page shows; the whole name is in the API.
pub const LONGEST_NAME: usize = 400;
/// The longest message that a page shows.
pub const LONGEST_MESSAGE: usize = 1_200;

/// A name on one line: control characters as their pictures, characters that turn the direction of
/// writing or have no width as their code points.
pub fn visible(text: &str) -> String {
    show(text, LONGEST_NAME, false)
}

/// A message, which may have lines.
pub fn visible_message(text: &str) -> String {
    show(text, LONGEST_MESSAGE, true)
}

fn show(text: &str, longest: usize, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len().min(longest * 4));
    for (count, letter) in text.chars().enumerate() {
        if count == longest {
            shown.push('…');
            break;
        }
        match letter {
            '\n' | '\t' if lines => shown.push(letter),
            '\0'..='\u{1f}' => {
                shown.push(char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'));
            }
            '\u{7f}' => shown.push('\u{2421}'),
            _ if is_invisible(letter) => {
                let _ = write!(shown, "‹U+{:04X}›", u32::from(letter));
            }
            _ => shown.push(letter),
        }
    }
    shown
}

/// Characters that change how others are shown and are not seen themselves. The joiners stay: names
/// in several scripts need them.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Appends `text` as it may stand in HTML, inside an element or a quoted attribute.
pub fn escape(into: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            _ => into.push(letter),
        }
    }
}

/// The link when it leads to a web page or stays here; a name of a scheme that runs is no link.
pub fn safe_url(url: &str) -> Option<&str> {
    let begins = |start: &str| {
        url.get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    let local = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    (begins("https://") || begins("http://") || local).then_some(url)
}

/// `1 row`, `3 rows`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(visible("a\u{202e}b\u{0}\n\u{7f}"), "a‹U+202E›b␀␊␡");
        assert_eq!(visible_message("a\nb\u{1b}[31m"), "a\nb␛[31m");
        assert_eq!(visible("é 試験 👩\u{200d}💻"), "é 試験 👩\u{200d}💻");
        assert_eq!(visible(&"x".repeat(1_000_000)).chars().count(), 401);
    }

    #[test]
    fn html_is_escaped() {
        let mut html = String::new();
        escape(&mut html, "<script a='b' c=\"d\">&");
        assert_eq!(html, "&lt;script a=&#39;b&#39; c=&quot;d&quot;&gt;&amp;");
    }

    #[test]
    fn only_pages_are_links() {
        for (url, safe) in [
            ("https://prow.k8s.io/view", true),
            ("HTTP://a", true),
            ("/d/x", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("é", false),
            ("", false),
        ] {
            assert_eq!(safe_url(url).is_some(), safe, "{url}");
        }
    }
}
