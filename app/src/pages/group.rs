//! A dashboard group: each of its dashboards with its status and what it consists of.

use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};
use model::{
    summary::TabStatus,
    wire::{DashboardRef, GroupPage},
};

use crate::{
    api,
    components::{
        dashboard_list::DashboardItem,
        headline::{Headline, is_failing},
        problem::{Loading, ProblemPage},
    },
    live, paths,
    text::{count, visible, visible_message},
};

/// A dashboard group.
#[component]
pub fn Group() -> impl IntoView {
    let location = use_location();
    // While the reader leaves, the address is another page's already.
    let name = Memo::new(move |old: Option<&String>| {
        location
            .pathname
            .with(|path| paths::group_of(path))
            .or_else(|| old.cloned())
            .unwrap_or_default()
    });
    let page = Resource::new(move || name.get(), api::dashboard_group);
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

/// How many tabs of these dashboards fail.
pub fn failing_tabs(dashboards: &[DashboardRef]) -> usize {
    dashboards
        .iter()
        .flat_map(|one| &one.counts)
        .filter(|known| is_failing(known.status))
        .map(|known| known.count as usize)
        .sum()
}

#[component]
fn Following(first: GroupPage) -> impl IntoView {
    let (name, title) = (first.name.clone(), visible(&first.name));
    let shown = RwSignal::new(first);
    live::follow(
        move |changed| {
            shown.with_untracked(|page| {
                page.dashboards
                    .iter()
                    .any(|one| one.name == changed.dashboard)
            })
        },
        move || {
            let asked = api::dashboard_group(name.clone());
            async move {
                // What cannot be had now leaves what is there; the next change asks again.
                if let Ok(page) = asked.await {
                    shown.try_set(page);
                }
            }
        },
    );
    let state =
        Signal::derive(move || shown.with(|page| (failing_tabs(&page.dashboards), page.status)));
    view! {
        <Headline name=title state />
        {move || group_view(&shown.get())}
    }
}

fn group_view(page: &GroupPage) -> impl IntoView + use<> {
    let total = page.dashboards.len();
    let green = page
        .dashboards
        .iter()
        .filter(|one| matches!(one.status, TabStatus::Passing | TabStatus::Acceptable))
        .count();
    let items = page
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
    view! {
        <div class="page" data-testid="group" data-status=page.status.word()>
            <p class="crumbs">
                <A href=paths::DASHBOARDS>"All dashboards"</A>
            </p>
            <h1>
                <bdi>{visible(&page.name)}</bdi>
            </h1>
            <p class="dashboards__count">
                {format!("{green} of {} green", count(total, "dashboard", "dashboards"))}
            </p>
            {(!page.description.is_empty())
                .then(|| {
                    view! {
                        <p class="dashboard__description">
                            <bdi>{visible_message(&page.description)}</bdi>
                        </p>
                    }
                })}
            <ul class="dashboards__list">{items}</ul>
            {(total == 0)
                .then(|| view! { <p class="empty">"This group has no dashboards."</p> })}
        </div>
    }
}
