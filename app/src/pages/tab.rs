//! A tab: its status, the grid with its seams, and the panel of the seam that is open.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    components::A,
    hooks::{use_location, use_navigate},
};
use model::{
    grid::Grid,
    query::{Sort, TabQuery},
    wire::{NamedLink, TabPage, WireError},
};

use crate::{
    api::{self, GridSlice},
    components::{
        clock::use_clock,
        grid::{GridView, state::GridState},
        headline::Headline,
        legend::Legend,
        name_link::name_link,
        notes::notes_view,
        panel::Panel,
        siblings::SiblingLinks,
        status::StatusBadge,
        tab_facts::TabFacts,
        toolbar::Toolbar,
    },
    content::tab_headline,
    live::{self, News},
    paths,
    text::{visible, visible_message},
};

/// What the page starts from: the options of the address, or those that the tab is configured with
/// when the address has none.
pub fn effective(address: &str, base: &str) -> TabQuery {
    let query = TabQuery::parse(address);
    if query.anywhere() == TabQuery::default() {
        TabQuery::parse(base).at_place_of(&query)
    } else {
        query
    }
}

/// The key that says: no options, not even the configured ones.
const PLAIN: &str = "plain";

/// The query string that shows `query` on a tab with these configured options.
pub fn address(query: &TabQuery, base: &str) -> String {
    let mut query = query.clone();
    query.other.retain(|(key, _)| key != PLAIN);
    let text = query.to_query_string();
    if base.is_empty() || effective(&text, base) == query {
        return text;
    }
    query.other.push((PLAIN.to_owned(), String::new()));
    query.to_query_string()
}

/// What is said above a tab that was taken out of the configuration while it is looked at.
fn unconfigured(dashboard: &str) -> NamedLink {
    NamedLink {
        text: "This tab is not configured any more; these are its last results.".to_owned(),
        url: paths::dashboard(dashboard),
    }
}

/// A tab, which renews itself when it changes.
#[component]
pub fn TabView(
    /// All but the grid.
    page: TabPage,
    /// All of the grid, or its first screen.
    grid: Arc<Grid>,
) -> impl IntoView {
    let title = format!(
        "{} · {}",
        visible(&page.summary.tab),
        visible(&page.summary.dashboard)
    );
    let location = use_location();
    let base = StoredValue::new(page.base_options.clone());
    let query = Memo::new(move |_| effective(&location.search.get(), &base.get_value()));
    let state = GridState::new(grid, &page, query, use_clock());
    let names = StoredValue::new((page.summary.dashboard.clone(), page.summary.tab.clone()));
    let page = RwSignal::new(page);
    live::follow(
        move |news| {
            let (dashboard, tab) = names.get_value();
            matches!(news, News::Tab(changed) if dashboard == changed.dashboard && tab == changed.tab)
        },
        move || async move {
            let Some((dashboard, tab)) = names.try_get_value() else {
                return true;
            };
            // What cannot be had now leaves what is there.
            let new = match api::tab(dashboard.clone(), tab.clone()).await {
                Ok(new) => new,
                Err(error) if error.code == api::NOT_FOUND => {
                    page.try_update(|page| page.notes = vec![unconfigured(&dashboard)]);
                    return true;
                }
                Err(_) => return false,
            };
            let known = state.grid.try_get_untracked();
            if known.is_some_and(|grid| grid.version != new.grid_version) {
                let Ok(grid) = api::grid(dashboard, tab, GridSlice::default()).await else {
                    return false;
                };
                // Of another replica, which has yet to read what the first one knows: both or none.
                if grid.version != new.grid_version {
                    return false;
                }
                state.renew(grid);
            }
            let is_new = page.try_with_untracked(|page| *page != new);
            page.try_set(new);
            is_new != Some(false)
        },
    );
    let told = Signal::derive(move || tab_headline(&page.read()));

    let navigate = use_navigate();
    // Typing replaces the entry in the history; opening a seam adds one.
    let change = Callback::new(move |(query, replace): (TabQuery, bool)| {
        let options = address(&query, &base.get_value());
        let mut target = state.path.get_value();
        if !options.is_empty() {
            target.push('?');
            target.push_str(&options);
        }
        navigate(
            &target,
            NavigateOptions {
                replace,
                scroll: false,
                ..NavigateOptions::default()
            },
        );
    });

    let problem: RwSignal<Option<WireError>> = RwSignal::new(None);
    let fetch = move || {
        problem.set(None);
        let (dashboard, tab) = names.get_value();
        leptos::task::spawn_local(async move {
            match api::grid(dashboard, tab, GridSlice::default()).await {
                Ok(whole) => state.complete(whole),
                Err(error) => problem.set(Some(error)),
            }
        });
    };
    // How long rows take is asked for when rows are sorted by it, and again of a renewed grid.
    Effect::new(move |begun: Option<()>| {
        if !state.whole.get() {
            if begun.is_none() {
                fetch();
            }
            return;
        }
        let asked = query.read().sort == Sort::Duration;
        // The page may have been left when the answer comes.
        let durations = state.doing().durations;
        let known = durations.read_untracked().version == state.grid.read().version;
        if !asked || known {
            return;
        }
        let (dashboard, tab) = names.get_value();
        leptos::task::spawn_local(async move {
            match api::durations(dashboard, tab).await {
                Ok(told) => drop(durations.try_set(told)),
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    });

    let panel = Memo::new(move |_| {
        let (dashboard, tab) = names.get_value();
        let query = query.read();
        if let Some(build) = &query.seam {
            let title = format!("Seam at build {}", visible(build));
            let path = paths::seam_part(&dashboard, &tab, build);
            return Some((title, "seam-panel", path));
        }
        if let Some((older, newer)) = query.pair() {
            let path = paths::compare_builds_part(&dashboard, &tab, older, newer);
            return Some(("Two builds".to_owned(), "pair-panel", path));
        }
        let row = query.about.as_ref()?;
        let path = paths::row_part(&state.path.get_value(), row);
        Some((visible(row), "row-panel", path))
    });
    view! {
        <Headline name=title state=told />
        <div class="tab" data-testid="tab" data-status=move || told.get().1.word()>
            {move || view! { <TabHead page=page.get() /> }}
            <Toolbar state change />
            {move || {
                problem
                    .get()
                    .map(|error| {
                        view! {
                            <p class="notice" role="alert">
                                <span>
                                    {if state.whole.get_untracked() {
                                        "How long rows take is not known: "
                                    } else {
                                        "Only the first screen is shown: "
                                    }} {visible_message(&error.message)}
                                </span>
                                <button type="button" class="button" on:click=move |_| fetch()>
                                    "Try again"
                                </button>
                            </p>
                        }
                    })
            }}
            <div class="tab__body">
                <GridView state change />
                {move || {
                    panel
                        .get()
                        .map(|(title, name, path)| {
                            view! { <Panel title name path state change /> }
                        })
                }}
            </div>
            <Legend />
        </div>
    }
}

#[component]
fn TabHead(page: TabPage) -> impl IntoView {
    let TabPage {
        summary,
        group,
        siblings,
        test_group,
        tabs,
        notes,
        ..
    } = page;
    let at = tabs.iter().position(|name| *name == summary.tab);
    let neighbour = |index: Option<usize>, arrow: &'static str, word: &'static str| {
        index.and_then(|index| tabs.get(index)).map(|name| {
            let title = format!("{word}: {}", visible(name));
            view! {
                <A
                    href=paths::tab(&summary.dashboard, name)
                    attr:class="button"
                    attr:title=title.clone()
                    attr:aria-label=title
                >
                    {arrow}
                </A>
            }
        })
    };
    let before = neighbour(at.and_then(|at| at.checked_sub(1)), "←", "Previous tab");
    let after = neighbour(at.map(|at| at + 1), "→", "Next tab");
    let group = group.map(|group| {
        view! {
            {name_link(paths::group(&group), &group)}
            " › "
        }
    });
    let elsewhere = (!siblings.is_empty()).then(|| {
        view! {
            <p class="tab__siblings">"The same job on " <SiblingLinks siblings /></p>
        }
    });
    let more = view! {
        <span>"Test group " <bdi>{visible(&test_group)}</bdi></span>
    }
    .into_any();
    view! {
        <header class="tab__head">
            <p class="crumbs">
                {group} {name_link(paths::dashboard(&summary.dashboard), &summary.dashboard)}
            </p>
            <div class="tab__title">
                <h1>
                    <bdi>{visible(&summary.tab)}</bdi>
                </h1>
                <StatusBadge status=summary.status />
                {elsewhere}
                <span class="tab__steps">{before} {after}</span>
            </div>
            {notes_view(notes)}
            <TabFacts tab=summary more />
        </header>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configured_options_hold_until_something_is_chosen() {
        let base = "width=10";
        assert_eq!(effective("", base).width, Some(10));
        assert_eq!(effective("seam=7", base).width, Some(10));
        assert_eq!(effective("seam=7", base).seam.as_deref(), Some("7"));
        assert_eq!(effective("sort-by-name=", base).width, None);
        for text in ["", "seam=7", "sort-by-name=", "width=20&seam=1"] {
            let query = TabQuery::parse(text);
            let shown = effective(&address(&query, base), base);
            assert_eq!(shown.width, query.width, "{text}");
            assert_eq!(shown.seam, query.seam, "{text}");
        }
        // Configured groups can be lifted, and opened one by one.
        let base = "group-by-directory=&expand-groups=&sort-by-name=";
        for text in ["", "sort-by-name=", "group-by-target=&toggle-group=a"] {
            let query = TabQuery::parse(text);
            assert_eq!(effective(&address(&query, base), base).group, query.group);
        }
        let mut closed = effective("", base);
        closed.set_open("pkg/a", false);
        assert_eq!(effective(&address(&closed, base), base), closed);
        let base = "width=10";
        assert_eq!(address(&TabQuery::parse("seam=7"), ""), "seam=7");
        assert_eq!(
            address(&TabQuery::parse("width=10&seam=7"), base),
            "width=10&seam=7"
        );
    }
}
