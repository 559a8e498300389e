//! The same job on other release branches.

use leptos::prelude::*;
use model::{summary::TabStatus, wire::Sibling};

use crate::{paths, text::visible};

/// A link to each tab that shows the same job on another branch, with its status; nothing when there is
/// none.
///
/// Plain links, which the router follows as well: an overview has thousands of them, and a component
/// for each would be most of what drawing it costs.
#[component]
pub fn SiblingLinks(
    /// Newest branch first.
    mut siblings: Vec<Sibling>,
    /// At least 1. If there are more than so many, the last place says how many the others are, and their
    /// worst status.
    #[prop(default = usize::MAX)]
    most: usize,
) -> impl IntoView {
    if siblings.is_empty() {
        return ().into_any();
    }
    let more = if siblings.len() > most {
        siblings.split_off(most - 1)
    } else {
        Vec::new()
    };
    let links = siblings
        .iter()
        .map(|one| {
            let label = words(one);
            view! {
                <a
                    href=paths::tab(&one.dashboard, &one.tab)
                    class="sibling"
                    data-testid="sibling"
                    data-status=one.status.word()
                    title=label.clone()
                    aria-label=label
                >
                    <bdi>{visible(&one.branch)}</bdi>
                    " "
                    <span class="sibling__glyph">{one.status.glyph()}</span>
                </a>
            }
        })
        .collect_view();
    let more = (!more.is_empty()).then(|| {
        let worst = TabStatus::worst(more.iter().map(|one| one.status));
        let title = more.iter().map(words).collect::<Vec<_>>().join("\n");
        view! {
            <span
                class="sibling"
                data-testid="more-siblings"
                data-status=worst.word()
                title=title
            >
                {format!("+{} ", more.len())}
                <span class="sibling__glyph">{worst.glyph()}</span>
            </span>
        }
    });
    view! { <span class="siblings">{links} {more}</span> }.into_any()
}

fn words(one: &Sibling) -> String {
    format!(
        "{}: {}, {}",
        visible(&one.branch),
        visible(&one.tab),
        one.status.word().to_ascii_lowercase()
    )
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn sibling(branch: &str, status: TabStatus) -> Sibling {
        Sibling {
            branch: branch.to_owned(),
            dashboard: "release".to_owned(),
            tab: "gce".to_owned(),
            status,
        }
    }

    fn drawn(most: usize) -> String {
        let siblings = vec![
            sibling("1.36", TabStatus::Passing),
            sibling("1.35", TabStatus::Failing),
            sibling("1.34", TabStatus::Stale),
        ];
        let owner = Owner::new();
        owner.with(|| view! { <SiblingLinks siblings most /> }.to_html())
    }

    #[test]
    fn of_too_many_branches_the_worst_status_is_told() {
        assert_eq!(drawn(3).matches("<a ").count(), 3);
        assert!(!drawn(3).contains("more-siblings"));
        let html = drawn(2);
        assert_eq!(html.matches("<a ").count(), 1);
        let more = &html[html.find("more-siblings").unwrap()..];
        assert!(
            more.contains(r#"data-status="STALE""#) && more.contains("+2"),
            "{html}"
        );
        assert!(
            more.contains("1.35: gce, failing\n1.34: gce, stale"),
            "{html}"
        );
    }
}
