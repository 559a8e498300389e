//! The card beside the pointer, as HTML.

use crate::{grid::hover::Told, text::escape};

/// What is told, how long it took as HTML where somebody asks, and what a click would do.
pub fn card_html(told: &Told, took: Option<&str>, hint: &str) -> String {
    let mut html = "<p class=\"tooltip__title\"><bdi>".to_owned();
    escape(&mut html, &told.title);
    html.push_str("</bdi></p><dl class=\"tooltip__facts\">");
    for (name, value) in &told.facts {
        html.push_str("<dt>");
        escape(&mut html, name);
        html.push_str("</dt><dd><bdi>");
        escape(&mut html, value);
        html.push_str("</bdi></dd>");
    }
    if let Some(took) = took {
        html.push_str("<dt>Took</dt><dd data-testid=\"cell-took\">");
        html.push_str(took);
        html.push_str("</dd>");
    }
    html.push_str("</dl>");
    if !told.message.is_empty() {
        html.push_str("<p class=\"tooltip__message\"><bdi>");
        escape(&mut html, &told.message);
        html.push_str("</bdi></p>");
    }
    if !hint.is_empty() {
        html.push_str("<p class=\"tooltip__hint\">");
        html.push_str(hint);
        html.push_str("</p>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_tells_everything_and_does_nothing() {
        let told = Told {
            title: "<test>".into(),
            facts: vec![("a&b".into(), "<1>".into())],
            message: "<b>".into(),
        };
        let html = card_html(&told, Some("3.0 s"), "Click");
        for part in [
            "&lt;test&gt;",
            "<dt>a&amp;b</dt><dd><bdi>&lt;1&gt;</bdi></dd>",
            "<dt>Took</dt><dd data-testid=\"cell-took\">3.0 s</dd></dl>",
            "<bdi>&lt;b&gt;</bdi></p>",
            "Click</p>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        let bare = card_html(&Told::default(), None, "");
        assert!(!bare.contains("message") && !bare.contains("hint") && !bare.contains("Took"));
    }
}
