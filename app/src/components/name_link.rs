//! Names as links to pages of ours. A name may be longer than an address can be; then it stands alone.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{paths, text::visible};

/// A name as a link to a page that the browser draws.
pub fn name_link(href: String, name: &str) -> AnyView {
    let text = visible(name);
    if href.len() >= paths::LONGEST {
        return alone(text);
    }
    view! {
        <A href=href>
            <bdi>{text}</bdi>
        </A>
    }
    .into_any()
}

/// A name as a link to a page that the server draws, or from one.
pub fn page_link(href: String, name: &str) -> AnyView {
    let text = visible(name);
    if href.len() >= paths::LONGEST {
        return alone(text);
    }
    view! {
        <a href=href rel="external">
            <bdi>{text}</bdi>
        </a>
    }
    .into_any()
}

fn alone(text: String) -> AnyView {
    view! { <bdi>{text}</bdi> }.into_any()
}

/// The name of a row as a link to its own page.
pub fn row_link(dashboard: &str, tab: &str, id: &str, name: &str) -> AnyView {
    page_link(paths::row(dashboard, tab, id), name)
}

/// A tab as a link, and its dashboard behind it.
pub fn tab_link(dashboard: &str, tab: &str) -> AnyView {
    view! {
        {page_link(paths::tab(dashboard, tab), tab)}
        " "
        <span class="name-of">
            <bdi>{visible(dashboard)}</bdi>
        </span>
    }
    .into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_address_can_hold_stands_alone() {
        let html = row_link("d", "t", "a b", "a b").to_html();
        let begins = format!(
            "<a href=\"{}\" rel=\"external\"><bdi>a b",
            paths::row("d", "t", "a b")
        );
        assert!(html.starts_with(&begins), "{html}");
        let long = "x".repeat(paths::LONGEST);
        assert!(!row_link("d", "t", &long, &long).to_html().contains("href"));
    }
}
