//! A tab's status as a small picture, and as the JSON from which shields.io draws one.

use std::fmt::Write as _;

use model::summary::TabStatus;
use serde::Serialize;

/// The width of a letter of the font at 11 pixels, on average; the picture says the exact length of its
/// texts, so that every font fits.
const LETTER: usize = 7;
/// Left and right of each text.
const MARGIN: usize = 6;

/// What shields.io asks of an endpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shield<'a> {
    schema_version: u8,
    label: &'a str,
    message: &'static str,
    color: &'static str,
    is_error: bool,
    cache_seconds: u32,
}

/// The same badge for shields.io.
pub(super) fn shield(label: &str, status: TabStatus, max_age: u32) -> Shield<'_> {
    Shield {
        schema_version: 1,
        label,
        message: status.word(),
        color: color(status),
        is_error: matches!(status, TabStatus::Failing | TabStatus::Broken),
        cache_seconds: max_age,
    }
}

/// White text is readable on each of them.
const fn color(status: TabStatus) -> &'static str {
    match status {
        TabStatus::Passing => "#237a3b",
        TabStatus::Acceptable => "#4f7a23",
        TabStatus::Flaky => "#6d3fa8",
        TabStatus::Failing => "#b3261e",
        TabStatus::Broken => "#7a1512",
        TabStatus::Stale => "#8a5a00",
        TabStatus::Pending | TabStatus::Unknown => "#5c6570",
    }
}

/// The badge as SVG: `label` at the left, the status at the right. Nothing of the label is markup.
pub(super) fn svg(label: &str, status: TabStatus) -> String {
    let word = status.word();
    let label: String = label
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    let (left_text, right_text) = (
        label.chars().count() * LETTER,
        word.chars().count() * LETTER,
    );
    let (left, right) = (left_text + 2 * MARGIN, right_text + 2 * MARGIN);
    let (label, title) = (escape(&label), escape(&format!("{label}: {word}")));
    let mut svg = String::with_capacity(1024);
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"20\" role=\"img\" \
         aria-label=\"{title}\"><title>{title}</title>\
         <clipPath id=\"r\"><rect width=\"{width}\" height=\"20\" rx=\"3\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#3b4148\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{color}\"/></g>\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"{MARGIN}\" y=\"14\" textLength=\"{left_text}\">{label}</text>\
         <text x=\"{right_x}\" y=\"14\" textLength=\"{right_text}\">{word}</text></g></svg>",
        width = left + right,
        right_x = left + MARGIN,
        color = color(status),
    );
    svg
}

/// Text as part of a document or an attribute in XML and HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_says_label_and_status_and_runs_nothing() {
        let badge = svg("a<script>\"&'\u{0}b", TabStatus::Failing);
        assert!(
            badge.contains(">a&lt;script&gt;&quot;&amp;&#39;b</text>"),
            "{badge}"
        );
        assert!(badge.contains(">FAILING</text>"), "{badge}");
        assert!(!badge.contains("<script"), "{badge}");
        let mut reader = quick_xml::Reader::from_str(&badge);
        while reader.read_event().expect("it is XML") != quick_xml::events::Event::Eof {}
    }

    #[test]
    fn every_status_has_a_colour_of_its_own_meaning() {
        for status in [TabStatus::Passing, TabStatus::Failing, TabStatus::Stale] {
            let shield = serde_json::to_value(shield("tests", status, 60)).expect("it is JSON");
            assert_eq!(shield["schemaVersion"], 1);
            assert_eq!(shield["message"], status.word());
            assert_eq!(shield["cacheSeconds"], 60);
        }
        assert_ne!(color(TabStatus::Passing), color(TabStatus::Stale));
    }
}
