//! What a search found, by kind.

use leptos::prelude::*;
use model::infra::short_version;
use model::wire::{BugRef, BuildRef, CommitRef, Found, TabRef, TestRef};

use super::ServerPage;
use crate::{
    components::{
        clock::Age,
        dashboard_list::DashboardItem,
        name_link::{row_link, tab_link},
        status::StatusBadge,
    },
    paths,
    text::{count, visible},
};

/// What was found for `query`, as it was asked.
pub fn search_page(query: &str, found: Found) -> ServerPage {
    let query = visible(query.trim());
    let title = if query.is_empty() {
        "Search".to_owned()
    } else {
        format!("Search: {query}")
    };
    let said = match (&found.corrected, query.is_empty(), found.is_empty()) {
        (_, true, _) => {
            "Dashboards, tabs, tests, builds, commits and linked issues by any part of their names."
                .to_owned()
        }
        (Some(corrected), ..) => format!(
            "Nothing is called \u{201c}{query}\u{201d}. This is what \u{201c}{}\u{201d} finds.",
            visible(corrected)
        ),
        (None, _, true) => format!("Nothing is called \u{201c}{query}\u{201d}."),
        (None, ..) => String::new(),
    };
    ServerPage::new(title, move || {
        view! {
            <div class="page" data-testid="search">
                <h1>"Search"</h1>
                <form class="search" action=paths::TESTS role="search">
                    <input
                        class="field search__field"
                        type="search"
                        name="q"
                        value=query
                        aria-label="Search everything"
                        autocomplete="off"
                        spellcheck="false"
                        autofocus
                    />
                    <button class="button">"Search"</button>
                </form>
                {(!said.is_empty())
                    .then(|| view! { <p class="search__said" data-testid="search-said">{said}</p> })}
                {dashboards(&found)}
                {tabs(&found.tabs)}
                {tests(&found.tests, found.more_tests)}
                {builds(&found.builds)}
                {commits(&found.commits)}
                {bugs(&found.bugs)}
            </div>
        }
    })
}

fn section(kind: &'static str, heading: String, items: impl IntoView) -> AnyView {
    view! {
        <section class="search__kind" data-testid="search-kind" data-kind=kind>
            <h2>{heading}</h2>
            {items}
        </section>
    }
    .into_any()
}

fn dashboards(found: &Found) -> Option<AnyView> {
    let items = found
        .dashboards
        .iter()
        .map(|one| {
            view! {
                <li>
                    <DashboardItem one=one.clone() />
                </li>
            }
        })
        .collect_view();
    (!found.dashboards.is_empty()).then(|| {
        section(
            "dashboards",
            "Dashboards".to_owned(),
            view! { <ul class="dashboards__list">{items}</ul> },
        )
    })
}

fn tabs(tabs: &[TabRef]) -> Option<AnyView> {
    let items = tabs
        .iter()
        .map(|tab| {
            view! {
                <li class="found">
                    <StatusBadge status=tab.status />
                    <span class="found__name">{tab_link(&tab.dashboard, &tab.tab)}</span>
                </li>
            }
        })
        .collect_view();
    (!tabs.is_empty()).then(|| {
        section(
            "tabs",
            "Tabs".to_owned(),
            view! { <ul class="found-list">{items}</ul> },
        )
    })
}

fn tests(tests: &[TestRef], more: bool) -> Option<AnyView> {
    let items = tests
        .iter()
        .map(|test| {
            let tabs = count(test.tab_count as usize, "tab", "tabs");
            view! {
                <li class="found">
                    <a class="found__name" href=paths::test(&test.name)>
                        <bdi>{visible(&test.name)}</bdi>
                    </a>
                    <span class="found__of">{tabs}</span>
                </li>
            }
        })
        .collect_view();
    (!tests.is_empty()).then(|| {
        let heading = if more {
            format!("Tests (the best {})", tests.len())
        } else {
            "Tests".to_owned()
        };
        section(
            "tests",
            heading,
            view! { <ul class="found-list">{items}</ul> },
        )
    })
}

fn builds(builds: &[BuildRef]) -> Option<AnyView> {
    let items = builds
        .iter()
        .map(|build| {
            let name = visible(&build.build);
            let link = match &build.tab {
                Some(tab) => {
                    let href = paths::tab(&tab.dashboard, &tab.tab);
                    view! {
                        <a class="found__name" href=href>
                            {name}
                        </a>
                    }
                    .into_any()
                }
                None => view! { <span class="found__name">{name}</span> }.into_any(),
            };
            view! {
                <li class="found">
                    {link} <span class="found__of">
                        <bdi>{visible(&build.test_group)}</bdi>
                        " · "
                        <Age ms=build.started.timestamp_millis() />
                    </span>
                </li>
            }
        })
        .collect_view();
    (!builds.is_empty()).then(|| {
        section(
            "builds",
            "Builds".to_owned(),
            view! { <ul class="found-list">{items}</ul> },
        )
    })
}

fn commits(commits: &[CommitRef]) -> Option<AnyView> {
    let items = commits
        .iter()
        .map(|commit| {
            let title = visible(&commit.title);
            let title = match &commit.parent {
                Some(parent) => {
                    let href = paths::compare(&commit.component, parent, &commit.sha);
                    view! {
                        <a class="found__name" href=href>
                            <bdi>{title}</bdi>
                        </a>
                    }
                    .into_any()
                }
                None => view! {
                    <span class="found__name">
                        <bdi>{title}</bdi>
                    </span>
                }
                .into_any(),
            };
            view! {
                <li class="found">
                    {title} <span class="found__of">
                        <bdi>{visible(&commit.repo)}</bdi>
                        " "
                        <a href=commit.url.clone() rel="external">
                            {short_version(&commit.sha).to_owned()}
                        </a>
                        " · "
                        <bdi>{visible(&commit.author)}</bdi>
                        " · "
                        <Age ms=commit.time.timestamp_millis() />
                    </span>
                </li>
            }
        })
        .collect_view();
    (!commits.is_empty()).then(|| {
        section(
            "commits",
            "Commits".to_owned(),
            view! { <ul class="found-list">{items}</ul> },
        )
    })
}

fn bugs(bugs: &[BugRef]) -> Option<AnyView> {
    let items = bugs
        .iter()
        .map(|bug| {
            let row = match &bug.tab {
                Some(tab) => row_link(&tab.dashboard, &tab.tab, &bug.row, &bug.row),
                None => view! { <bdi>{visible(&bug.row)}</bdi> }.into_any(),
            };
            view! {
                <li class="found">
                    <a class="found__name" href=bug.url.clone() rel="external">
                        <bdi>{visible(&bug.text)}</bdi>
                    </a>
                    <span class="found__of">"of " {row}</span>
                </li>
            }
        })
        .collect_view();
    (!bugs.is_empty()).then(|| {
        section(
            "bugs",
            "Linked issues".to_owned(),
            view! { <ul class="found-list">{items}</ul> },
        )
    })
}
