//! A dashboard: one block per tab.

use leptos::prelude::*;
use leptos_router::{
    components::A,
    hooks::{use_location, use_navigate},
};
use model::{
    summary::TabStatus,
    wire::{DashboardPage, FailingRow, TabSummary},
};

use crate::{
    api, browser,
    components::{
        clock::{Age, Time},
        headline::{Headline, headline},
        problem::{Loading, ProblemPage},
        status::{StatusBadge, StatusCounts},
        strip::Strip,
    },
    live, paths,
    text::{count, visible, visible_message},
};

/// A dashboard.
#[component]
pub fn Dashboard() -> impl IntoView {
    let location = use_location();
    // While the reader leaves, the address is another page's already.
    let name = Memo::new(move |old: Option<&String>| {
        location
            .pathname
            .with(|path| paths::dashboard_of(path))
            .or_else(|| old.cloned())
            .unwrap_or_default()
    });
    let page = Resource::new(move || name.get(), api::dashboard);
    // An old link may have been redirected here with its `#tab`.
    let navigate = use_navigate();
    Effect::new(move |_| {
        let fragment = browser::fragment();
        if !fragment.is_empty() && fragment != "main" {
            let options = leptos_router::NavigateOptions {
                replace: true,
                ..leptos_router::NavigateOptions::default()
            };
            navigate(
                &paths::from_fragment(&name.get_untracked(), &fragment),
                options,
            );
        }
    });
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => view! { <Following first=page /> }.into_any(),
                    Err(error) => view! { <ProblemPage error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The page, renewed whenever one of its tabs changes.
#[component]
fn Following(first: DashboardPage) -> impl IntoView {
    let (name, title) = (first.name.clone(), visible(&first.name));
    let shown = RwSignal::new(first);
    let concerned = name.clone();
    live::follow(
        move |changed| changed.dashboard == concerned,
        move || {
            let asked = api::dashboard(name.clone());
            async move {
                // What cannot be had now leaves what is there; the next change asks again.
                if let Ok(page) = asked.await {
                    shown.try_set(page);
                }
            }
        },
    );
    let state =
        Signal::derive(move || shown.with(|page| headline(page.tabs.iter().map(|tab| tab.status))));
    view! {
        <Headline name=title state />
        {move || view! { <DashboardView page=shown.get() /> }}
    }
}

#[component]
fn DashboardView(page: DashboardPage) -> impl IntoView {
    let statuses: Vec<TabStatus> = page.tabs.iter().map(|tab| tab.status).collect();
    let empty = page.tabs.is_empty();
    let blocks = page
        .tabs
        .into_iter()
        .map(|tab| view! { <TabBlock tab /> })
        .collect_view();
    view! {
        <div class="page dashboard" data-testid="dashboard" data-status=page.status.word()>
            <header class="dashboard__head">
                {page
                    .group
                    .as_ref()
                    .map(|group| {
                        view! {
                            <p class="crumbs">
                                <bdi>{visible(group)}</bdi>
                            </p>
                        }
                    })}
                <h1>
                    <bdi>{visible(&page.name)}</bdi>
                </h1>
                <StatusCounts statuses />
                {(!page.description.is_empty())
                    .then(|| {
                        view! {
                            <p class="dashboard__description">
                                <bdi>{visible_message(&page.description)}</bdi>
                            </p>
                        }
                    })}
            </header>
            {blocks}
            {empty.then(|| view! { <p class="empty">"This dashboard has no tabs."</p> })}
        </div>
    }
}

#[component]
fn TabBlock(tab: TabSummary) -> impl IntoView {
    let path = paths::tab(&tab.dashboard, &tab.tab);
    let hidden = (tab.failing_count as usize).saturating_sub(tab.failing.len());
    let failing = (!tab.failing.is_empty())
        .then(|| view! { <FailingRows rows=tab.failing.clone() hidden path=path.clone() /> });
    view! {
        <article class="block" data-testid="tab-block" data-status=tab.status.word()>
            <header class="block__head">
                <StatusBadge status=tab.status />
                <h2 class="block__name">
                    <A href=path.clone()>
                        <bdi>{visible(&tab.tab)}</bdi>
                    </A>
                </h2>
                <Strip runs=tab.strip most=30 />
            </header>
            <p class="block__reason">
                <bdi>{visible(&tab.reason)}</bdi>
            </p>
            <p class="block__facts">
                <span>
                    <bdi>{visible(&tab.message)}</bdi>
                </span>
                <span>
                    {match &tab.latest_green {
                        Some(build) => format!("Last green: build {}", visible(build)),
                        None => "No green run in the data".to_owned(),
                    }}
                </span>
                <span>
                    {match tab.last_run {
                        Some(at) => {
                            view! {
                                "Last run began "
                                <Age ms=at.timestamp_millis() />
                            }
                                .into_any()
                        }
                        None => "No run yet".into_any(),
                    }}
                </span>
                {tab
                    .last_update
                    .map(|at| {
                        view! {
                            <span>
                                "Results changed "
                                <Age ms=at.timestamp_millis() />
                            </span>
                        }
                    })}
            </p>
            {failing}
        </article>
    }
}

#[component]
fn FailingRows(rows: Vec<FailingRow>, hidden: usize, path: String) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|row| {
            let last_pass = match row.last_pass {
                Some(at) => view! { <Time ms=at.timestamp_millis() /> }.into_any(),
                None => "not in the data".into_any(),
            };
            let name = visible(&row.name);
            let link = format!(
                "{path}?{}",
                model::query::TabQuery {
                    include: vec![crate::grid::order::pattern_of(&row.name)],
                    ..model::query::TabQuery::default()
                }
                .to_query_string()
            );
            // A name of a megabyte is no link.
            let name = if link.len() < 4_000 {
                view! {
                    <A href=link>
                        <bdi>{name}</bdi>
                    </A>
                }
                .into_any()
            } else {
                view! { <bdi>{name}</bdi> }.into_any()
            };
            view! {
                <tr>
                    <td class="failing__name">
                        {name}
                        {(!row.message.is_empty())
                            .then(|| {
                                view! {
                                    <span class="failing__message">
                                        <bdi>{visible_message(&row.message)}</bdi>
                                    </span>
                                }
                            })}
                    </td>
                    <td class="failing__count">{row.fail_count}</td>
                    <td>
                        <Time ms=row.since.timestamp_millis() />
                        <span class="failing__build">
                            "build "
                            <bdi>{visible(&row.first_fail_build)}</bdi>
                        </span>
                    </td>
                    <td>{last_pass}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="failing">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Failing row"</th>
                        <th scope="col">"Failures"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col">"Last pass"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {(hidden > 0)
                .then(|| {
                    view! {
                        <p class="failing__more">
                            <A href=path>{format!("and {}", count(hidden, "more row", "more rows"))}</A>
                        </p>
                    }
                })}
        </div>
    }
}
