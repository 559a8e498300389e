//! Links with tokens: `https://prow.k8s.io/view/gs/<gcs_prefix>/<changelist>`.
//!
//! The rules are TestGrid's. Tokens are replaced in the address and in the keys and values of the options;
//! a token that is not known stays as it stands. `<encode:text>` is its text, percent-encoded as part of
//! a path; text may hold tokens. Options become the address's query, sorted by key, in place of any that it
//! has. Two things differ on purpose: what a token stands for is never searched for tokens again, and a
//! link that is not `http`, `https`, `mailto` or relative is no link, because parts of it can come from
//! whoever wrote a test.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::config::LinkTemplate;

/// What tokens stand for. `_` and `-` in a token's name are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    values: BTreeMap<String, String>,
}

impl Tokens {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a token by its name without brackets: `changelist`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.insert(name.replace('_', "-"), value.into());
        self
    }

    /// Adds the tokens of a column: `changelist` and `build-id`, and `custom-N` for its headers' values.
    #[must_use]
    pub fn with_column<'a>(self, build: &str, headers: impl IntoIterator<Item = &'a str>) -> Self {
        let tokens = self.with("changelist", build).with("build-id", build);
        headers
            .into_iter()
            .enumerate()
            .fold(tokens, |tokens, (index, value)| {
                tokens.with(&format!("custom-{index}"), value)
            })
    }

    /// Adds the tokens of a comparison of two columns, each a build and its headers' values:
    /// `start-cl` and `start-custom-N` of the older, `end-cl` and `end-custom-N` of the newer.
    #[must_use]
    pub fn with_comparison(self, older: (&str, &[String]), newer: (&str, &[String])) -> Self {
        let mut tokens = self;
        for (end, (build, headers)) in [("start", older), ("end", newer)] {
            tokens = tokens.with(&format!("{end}-cl"), build);
            for (index, value) in headers.iter().enumerate() {
                tokens = tokens.with(&format!("{end}-custom-{index}"), value);
            }
        }
        tokens
    }

    fn get(&self, name: &str) -> Option<&str> {
        let value = if name.contains('_') {
            self.values.get(&name.replace('_', "-"))
        } else {
            self.values.get(name)
        };
        value.map(String::as_str)
    }
}

/// Whether this token stands in a template, in its address or its options.
pub fn uses(template: &LinkTemplate, token: &str) -> bool {
    let name = token.replace('_', "-");
    let is_in = |text: &str| {
        text.match_indices('<').any(|(start, _)| {
            let rest = &text[start + 1..];
            rest.find('>')
                .is_some_and(|end| rest[..end].replace('_', "-") == name)
        })
    };
    let options = &template.options;
    is_in(&template.url)
        || options
            .iter()
            .any(|option| is_in(&option.key) || is_in(&option.value))
}

/// The link of a template; `None` when the template has no address, or the result is no safe link.
pub fn expand(template: &LinkTemplate, tokens: &Tokens) -> Option<String> {
    if template.url.is_empty() {
        return None;
    }
    let url = replace(&template.url, tokens, encode_path);
    if url.is_empty() || !is_safe(&url) {
        return None;
    }
    if template.options.is_empty() {
        return Some(url);
    }
    let mut options: Vec<(String, String)> = template
        .options
        .iter()
        .map(|option| {
            // Building the query encodes once, so nothing is encoded before.
            let part = |text: &str| replace(text, tokens, str::to_owned);
            (part(&option.key), part(&option.value))
        })
        .collect();
    options.sort_by(|(a, _), (b, _)| a.cmp(b));
    let (address, fragment) = match url.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (url.as_str(), None),
    };
    let mut link = address
        .split_once('?')
        .map_or(address, |(path, _)| path)
        .to_owned();
    for (index, (key, value)) in options.iter().enumerate() {
        link.push(if index == 0 { '?' } else { '&' });
        link.push_str(&encode_query(key));
        link.push('=');
        link.push_str(&encode_query(value));
    }
    if let Some(fragment) = fragment {
        link.push('#');
        link.push_str(fragment);
    }
    Some(link)
}

/// Replaces tokens, and `<encode:…>` by what `encode` makes of its text.
fn replace(text: &str, tokens: &Tokens, encode: fn(&str) -> String) -> String {
    const ENCODE: &str = "<encode:";
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        replaced.push_str(&rest[..start]);
        rest = &rest[start..];
        if let Some(inner) = rest.strip_prefix(ENCODE)
            && let Some(end) = closing(inner)
        {
            let plain = replace(&inner[..end], tokens, str::to_owned);
            replaced.push_str(&encode(&plain));
            rest = &inner[end + 1..];
            continue;
        }
        let known = rest[1..].find('>').and_then(|end| {
            let value = tokens.get(&rest[1..=end])?;
            Some((value, end))
        });
        if let Some((value, end)) = known {
            replaced.push_str(value);
            rest = &rest[end + 2..];
        } else {
            replaced.push('<');
            rest = &rest[1..];
        }
    }
    replaced.push_str(rest);
    replaced
}

/// Where the bracket that is open before the text closes, past pairs within it.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'<' => open += 1,
            b'>' if open == 0 => return true,
            b'>' => open -= 1,
            _ => {}
        }
        false
    })
}

/// Relative, or of a scheme that only leads somewhere. Browsers skip control characters and leading
/// space when they look for the scheme, so a link with any of them is not safe.
fn is_safe(url: &str) -> bool {
    if url.starts_with(' ') || url.chars().any(char::is_control) {
        return false;
    }
    let scheme = url
        .split_once(':')
        .map(|(scheme, _)| scheme)
        .filter(|scheme| !scheme.contains(['/', '?', '#']));
    scheme.is_none_or(|scheme| {
        ["http", "https", "mailto"]
            .iter()
            .any(|safe| scheme.eq_ignore_ascii_case(safe))
    })
}

/// Text as one part of a path, as Go's `url.PathEscape` writes it: a slash is encoded too.
pub fn encode_path(text: &str) -> String {
    encode(text, b"-_.~$&+:=@", "%20")
}

/// One part of a query.
fn encode_query(text: &str) -> String {
    encode(text, b"-_.~", "+")
}

fn encode(text: &str, kept: &[u8], space: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else if byte == b' ' {
            encoded.push_str(space);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LinkOption;
    use proptest::prelude::*;

    fn template(url: &str, options: &[(&str, &str)]) -> LinkTemplate {
        LinkTemplate {
            url: url.to_owned(),
            options: options
                .iter()
                .map(|(key, value)| LinkOption {
                    key: (*key).to_owned(),
                    value: (*value).to_owned(),
                })
                .collect(),
            name: String::new(),
        }
    }

    fn tokens() -> Tokens {
        Tokens::new()
            .with("gcs_prefix", "b/logs/job")
            .with("test-name", "[sig-a] b & c/d")
            .with("test-url", "https://x/y?z=1")
            .with("owner", "<changelist>")
            .with("link", "javascript:alert(1)")
            .with_column("42", ["abc", "def"])
            .with_comparison(
                ("41", &["v1".to_owned(), "i1".to_owned()]),
                ("42", &["v2".to_owned(), "i2".to_owned()]),
            )
    }

    #[test]
    fn tokens_are_replaced() {
        for (url, link) in [
            (
                "https://prow.k8s.io/view/gs/<gcs_prefix>/<changelist>",
                "https://prow.k8s.io/view/gs/b/logs/job/42",
            ),
            ("https://h/<gcs-prefix>", "https://h/b/logs/job"),
            (
                "https://github.com/o/r/compare/<start-custom-0>...<end-custom-0>",
                "https://github.com/o/r/compare/v1...v2",
            ),
            (
                "https://h/<start-cl>..<end-cl>/<custom-1>",
                "https://h/41..42/def",
            ),
            (
                "https://h/<custom-7>/<what>/<",
                "https://h/<custom-7>/<what>/<",
            ),
            ("https://h/a<b>c", "https://h/a<b>c"),
            // What a token stands for is not searched again.
            ("https://h/<owner>", "https://h/<changelist>"),
            ("https://h/<encode:a b/c>", "https://h/a%20b%2Fc"),
            (
                "https://h/<encode:<test-name>>/x",
                "https://h/%5Bsig-a%5D%20b%20&%20c%2Fd/x",
            ),
            ("https://h/<encode:<what>>", "https://h/%3Cwhat%3E"),
            ("https://h/<encode:open", "https://h/<encode:open"),
            ("https://h/?q=<changelist>#f", "https://h/?q=42#f"),
            ("/d/x", "/d/x"),
            ("mailto:a@b", "mailto:a@b"),
        ] {
            assert_eq!(
                expand(&template(url, &[]), &tokens()).as_deref(),
                Some(link),
                "{url}"
            );
        }
    }

    #[test]
    fn options_become_the_query() {
        for (url, options, link) in [
            (
                "https://h/new",
                &[("title", "E2E: <test-name>"), ("body", "<test-url>")][..],
                "https://h/new?body=https%3A%2F%2Fx%2Fy%3Fz%3D1&title=E2E%3A+%5Bsig-a%5D+b+%26+c%2Fd",
            ),
            (
                "https://h/new?old=1#frag",
                &[("a", "1")][..],
                "https://h/new?a=1#frag",
            ),
            ("https://h", &[("q", "<encode:a b>")][..], "https://h?q=a+b"),
            (
                "https://h",
                &[("b", "2"), ("a", "y"), ("a", "x")][..],
                "https://h?a=y&a=x&b=2",
            ),
            (
                "https://h",
                &[("<custom-0>", "<what>")][..],
                "https://h?abc=%3Cwhat%3E",
            ),
        ] {
            assert_eq!(
                expand(&template(url, options), &tokens()).as_deref(),
                Some(link),
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_safe_link_is_none() {
        for url in [
            "",
            "<link>",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
        ] {
            assert_eq!(expand(&template(url, &[]), &tokens()), None, "{url:?}");
        }
    }

    #[test]
    fn tokens_are_found_where_they_stand() {
        let link = template(
            "https://p/<gcs_prefix>/<encode:<build-id>>",
            &[("a", "<custom-0>")],
        );
        for (token, is_used) in [
            ("gcs-prefix", true),
            ("gcs_prefix", true),
            ("build-id", true),
            ("custom-0", true),
            ("changelist", false),
        ] {
            assert_eq!(uses(&link, token), is_used, "{token}");
        }
    }

    proptest! {
        #[test]
        fn any_template_expands(url in "[<>a-z:/?#é %-]{0,40}", value in ".{0,20}") {
            let template = template(&url, &[("<test-name>", &url)]);
            let _ = expand(&template, &Tokens::new().with("a", value));
        }

        #[test]
        fn without_tokens_an_address_stays(path in "[a-zA-Z0-9/._~-]{0,30}") {
            let url = format!("https://h/{path}");
            prop_assert_eq!(expand(&template(&url, &[]), &tokens()), Some(url));
        }
    }
}
