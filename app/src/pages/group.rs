//! A dashboard group: each of its dashboards with its status and what it consists of.

use leptos::prelude::*;
use leptos_router::components::A;
use model::{summary::TabStatus, wire::GroupPage};

use crate::{
    components::dashboard_list::DashboardItem,
    paths,
    text::{count, visible, visible_message},
};

/// A dashboard group.
pub fn group_view(page: &GroupPage) -> impl IntoView + use<> {
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
