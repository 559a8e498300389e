//! The same job on other release branches.

use leptos::prelude::*;
use leptos_router::components::A;
use model::wire::Sibling;

use crate::{paths, text::visible};

/// A link to each tab that shows the same job on another branch, with its status; nothing when there is
/// none.
#[component]
pub fn SiblingLinks(
    /// Newest branch first.
    siblings: Vec<Sibling>,
) -> impl IntoView {
    if siblings.is_empty() {
        return ().into_any();
    }
    let links = siblings
        .iter()
        .map(|one| {
            let (branch, glyph) = (visible(&one.branch), one.status.glyph());
            let label = format!(
                "{}: {}, {}",
                visible(&one.branch),
                visible(&one.tab),
                one.status.word().to_ascii_lowercase()
            );
            view! {
                <A
                    href=paths::tab(&one.dashboard, &one.tab)
                    attr:class="sibling"
                    attr:data-testid="sibling"
                    attr:data-status=one.status.word()
                    attr:title=label.clone()
                    attr:aria-label=label
                >
                    <bdi>{branch}</bdi>
                    " "
                    <span class="sibling__glyph">{glyph}</span>
                </A>
            }
        })
        .collect_view();
    view! { <span class="siblings">{links}</span> }.into_any()
}
