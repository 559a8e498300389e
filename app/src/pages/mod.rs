//! One file per page, and what they share: loading, drawing, renewing.

pub mod dashboard;
pub mod dashboards;
pub mod group;
pub mod not_found;
pub mod old_link;
pub mod overview;
pub mod tab;

use std::mem::discriminant;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::{
    components::{
        dashboard_list::Wanted,
        headline::Headline,
        problem::{Loading, ProblemPage},
    },
    content::{Content, Subject},
    live,
    pages::{
        dashboard::{DashboardView, is_configured_order},
        dashboards::DashboardsView,
        group::group_view,
        old_link::GoOn,
        overview::Branches,
        tab::TabView,
    },
};

/// The page of whatever the address names.
#[component]
pub fn Page() -> impl IntoView {
    let location = use_location();
    let subject = Memo::new(move |old: Option<&Subject>| {
        let new = location.pathname.with(|path| Subject::of(path));
        match old {
            // While the reader leaves, the address is another page's already.
            Some(old) if discriminant(old) != discriminant(&new) => old.clone(),
            _ => new,
        }
    });
    let content = Resource::new(move || subject.get(), Content::load);
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match content.await {
                    Ok(content) => view! { <Loaded subject content /> }.into_any(),
                    Err(error) => view! { <ProblemPage error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// A page whose content is there, renewed whenever something on it changes.
#[component]
fn Loaded(subject: Memo<Subject>, content: Content) -> impl IntoView {
    if let Content::Tab(page, grid) = content {
        return view! { <TabView page=*page grid /> }.into_any();
    }
    let title = content.title();
    let renewed = content.is_renewed();
    let shown = RwSignal::new(content);
    provide_context(Wanted::default());
    if renewed {
        live::follow(
            move |changed| shown.with_untracked(|content| content.shows(changed)),
            move || async move {
                let Some(subject) = subject.try_get_untracked() else {
                    return true;
                };
                // What cannot be had now leaves what is there.
                let Ok(content) = Content::load(subject).await else {
                    return false;
                };
                let is_new = shown.try_with_untracked(|shown| *shown != content);
                if is_new == Some(true) {
                    shown.try_set(content);
                }
                is_new != Some(false)
            },
        );
    }
    let state = Signal::derive(move || shown.with(Content::headline));
    view! {
        <Headline name=title state />
        {move || draw(shown.get())}
    }
    .into_any()
}

fn draw(content: Content) -> AnyView {
    match content {
        Content::Releases(releases, notes) => view! { <Branches releases notes /> }.into_any(),
        Content::Dashboards(dashboards, overview) => {
            view! { <DashboardsView dashboards overview /> }.into_any()
        }
        Content::Group(page) => group_view(&page).into_any(),
        Content::Dashboard(page) => {
            // Asked here: within a component it would not be followed.
            let configured = is_configured_order();
            view! { <DashboardView page configured /> }.into_any()
        }
        Content::Tab(page, grid) => view! { <TabView page=*page grid /> }.into_any(),
        Content::OldLink(name) => view! { <GoOn name /> }.into_any(),
    }
}
