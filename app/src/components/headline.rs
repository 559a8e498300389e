//! What a page says from afar: the title of its window, with the number of what fails, and an icon with
//! the worst status. Both follow the page, for people who keep it open behind others.

use leptos::prelude::*;
use leptos_meta::Title;
use model::summary::TabStatus;

/// Title and icon of a page.
#[component]
pub fn Headline(
    /// The page's title, without the name of the program.
    name: String,
    /// How much of what the page shows fails, and the worst status of it.
    state: Signal<(usize, TabStatus)>,
) -> impl IntoView {
    let title = move || match state.get().0 {
        0 => name.clone(),
        failing => format!("({failing}) {name}"),
    };
    // The server writes the title last, when what the page was drawn from may be gone already.
    #[cfg(feature = "ssr")]
    let title = untrack(title);
    show_icon(state);
    view! { <Title text=title /> }
}

/// Whether the head has the icon of its page: the server draws a page more than once until all its data
/// are there.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug, Default)]
pub struct IconShown(std::sync::Arc<std::sync::atomic::AtomicBool>);

/// On the server a further link to an icon, of which browsers take the last. It is drawn for what that
/// does to the head alone: the browser's half draws nothing in this place.
#[cfg(feature = "ssr")]
fn show_icon(state: Signal<(usize, TabStatus)>) {
    use leptos::tachys::view::RenderHtml as _;
    if state.get_untracked().1 == TabStatus::Unknown {
        return;
    }
    let shown = use_context::<IconShown>()
        .is_some_and(|shown| shown.0.swap(true, std::sync::atomic::Ordering::Relaxed));
    if shown {
        return;
    }
    let link = view! { <leptos_meta::Link rel="icon" href=icon(state.get_untracked().1) /> };
    drop(link.to_html());
}

/// In the browser the last link to an icon, which leads elsewhere.
#[cfg(not(feature = "ssr"))]
fn show_icon(state: Signal<(usize, TabStatus)>) {
    Effect::new(move |_| crate::browser::set_icon(&icon(state.get().1)));
    on_cleanup(|| crate::browser::set_icon(&icon(TabStatus::Unknown)));
}

/// Whether a tab counts as failing in a title.
pub const fn is_failing(status: TabStatus) -> bool {
    matches!(status, TabStatus::Failing | TabStatus::Broken)
}

/// What a title says of these tabs.
pub fn headline(statuses: impl IntoIterator<Item = TabStatus>) -> (usize, TabStatus) {
    let (mut failing, mut worst) = (0, TabStatus::Unknown);
    for status in statuses {
        failing += usize::from(is_failing(status));
        if status.severity() > worst.severity() {
            worst = status;
        }
    }
    (failing, worst)
}

/// The icon of a status, as an address that holds the drawing: a sign on its colour. Unknown is the
/// program's own mark, two columns and a seam.
pub fn icon(status: TabStatus) -> String {
    let (ground, sign) = match status {
        TabStatus::Unknown => return MARK.to_owned(),
        TabStatus::Passing | TabStatus::Acceptable => ("157a3d", "M3.5 8.5l3 3 6-7"),
        TabStatus::Flaky | TabStatus::Pending => {
            ("a86a00", "M2.5 9.5c2-5 4-4 5.5-1.5s3.5 3.5 5.5-1.5")
        }
        TabStatus::Failing => ("c32f27", "M4 4l8 8m0-8l-8 8"),
        TabStatus::Stale => ("6b5f86", "M8 4v4.5l3 2M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12"),
        TabStatus::Broken => ("8c1350", "M4 12l8-8M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12"),
    };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
         %3Crect width='16' height='16' rx='3' fill='%23{ground}'/%3E\
         %3Cpath d='{sign}' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E"
    )
}

/// Two columns and a seam.
pub const MARK: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
    %3Crect width='16' height='16' rx='3' fill='%23157a3d'/%3E\
    %3Crect x='9' width='7' height='16' rx='3' fill='%23c32f27'/%3E\
    %3Crect x='7' width='3' height='16' fill='%23241a8f'/%3E%3C/svg%3E";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_counts_what_fails_and_takes_the_worst() {
        use TabStatus::{Broken, Failing, Flaky, Passing, Stale, Unknown};
        for (statuses, expected) in [
            (&[][..], (0, Unknown)),
            (&[Passing, Unknown], (0, Passing)),
            (&[Passing, Flaky, Failing, Failing], (2, Failing)),
            (&[Stale, Failing], (1, Stale)),
            (&[Broken, Failing], (2, Broken)),
        ] {
            assert_eq!(headline(statuses.iter().copied()), expected, "{statuses:?}");
        }
    }

    #[test]
    fn every_status_has_an_icon_of_its_own_colour_and_sign() {
        use TabStatus::{Broken, Failing, Flaky, Passing, Stale, Unknown};
        let mut icons = [Unknown, Passing, Flaky, Failing, Stale, Broken].map(icon);
        for icon in &icons {
            assert!(!icon.contains(['#', '<', '>', '"']), "{icon}");
        }
        icons.sort_unstable();
        assert!(icons.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
