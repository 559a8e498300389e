//! The overview: each tab of each release branch at a glance. Without release branches, all
//! dashboards.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use model::{
    summary::TabStatus,
    wire::{DashboardRef, Release, Sibling, TabSummary, Tier, WireError},
};

use crate::{
    api,
    components::{
        clock::Age,
        dashboard_list::DashboardList,
        headline::{Headline, headline},
        legend::StripLegend,
        problem::{Loading, ProblemPage},
        siblings::SiblingLinks,
        status::StatusCounts,
        strip::Strip,
    },
    live, paths,
    text::visible,
};

/// The overview.
#[component]
pub fn Overview() -> impl IntoView {
    let data = Resource::new(|| (), |()| load());
    view! {
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok((releases, dashboards)) if releases.is_empty() => {
                        view! {
                            <Title text="Overview" />
                            <div class="page" data-testid="overview">
                                <h1>"Dashboards"</h1>
                                <DashboardList dashboards />
                            </div>
                        }
                            .into_any()
                    }
                    Ok((releases, _)) => {
                        view! { <Releases first=releases /> }.into_any()
                    }
                    Err(error) => view! { <ProblemPage error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// How many runs a cell's strip shows.
const STRIP: usize = 20;

/// Release branches, and where there are none, all dashboards.
async fn load() -> Result<(Vec<Release>, Vec<DashboardRef>), WireError> {
    let mut releases = api::releases().await?.items;
    // What is not drawn need not cross the wire a second time, as the page's data.
    for tab in releases
        .iter_mut()
        .flat_map(|release| &mut release.tiers)
        .flat_map(|tier| &mut tier.tabs)
    {
        tab.strip.truncate(STRIP);
        tab.failing.clear();
    }
    let dashboards = if releases.is_empty() {
        api::dashboards().await?.items
    } else {
        Vec::new()
    };
    Ok((releases, dashboards))
}

/// All tabs of all branches, each with its job and as the others link to it; newest branch first.
type Siblings = std::sync::Arc<[(String, Sibling)]>;

fn sibling(branch: &str, tab: &TabSummary) -> Sibling {
    Sibling {
        branch: branch.to_owned(),
        dashboard: tab.dashboard.clone(),
        tab: tab.tab.clone(),
        status: tab.status,
    }
}

/// All tabs of all branches.
fn tabs(releases: &[Release]) -> impl Iterator<Item = &TabSummary> {
    releases
        .iter()
        .flat_map(|release| &release.tiers)
        .flat_map(|tier| &tier.tabs)
}

#[component]
fn Releases(first: Vec<Release>) -> impl IntoView {
    let shown = RwSignal::new(first);
    live::follow(
        move |changed| {
            shown.with_untracked(|releases| {
                tabs(releases).any(|tab| tab.dashboard == changed.dashboard)
            })
        },
        move || async move {
            // What cannot be had now leaves what is there; the next change asks again.
            if let Ok((releases, _)) = load().await {
                shown.try_set(releases);
            }
        },
    );
    let state = Signal::derive(move || {
        shown.with(|releases| headline(tabs(releases).map(|tab| tab.status)))
    });
    view! {
        <Headline name="Overview".to_owned() state />
        {move || view! { <Branches releases=shown.get() /> }}
    }
}

#[component]
fn Branches(releases: Vec<Release>) -> impl IntoView {
    let statuses: Vec<TabStatus> = tabs(&releases).map(|tab| tab.status).collect();
    let updated = tabs(&releases).filter_map(|tab| tab.last_update).max();
    let siblings: Siblings = releases
        .iter()
        .flat_map(|release| {
            release
                .tiers
                .iter()
                .flat_map(|tier| &tier.tabs)
                .map(|tab| (tab.job.clone(), sibling(&release.branch, tab)))
        })
        .filter(|(job, _)| !job.is_empty())
        .collect();
    let branches = releases
        .into_iter()
        .map(|release| view! { <Branch release siblings=siblings.clone() /> })
        .collect_view();
    view! {
        <div class="page overview" data-testid="overview">
            <header class="overview__head">
                <h1>"Release branches"</h1>
                <StatusCounts statuses />
                <span class="overview__age">
                    {updated
                        .map(|updated| {
                            view! {
                                "Updated "
                                <Age ms=updated.timestamp_millis() />
                            }
                        })}
                </span>
            </header>
            <StripLegend />
            {branches}
            <p class="overview__all">
                <A href=paths::DASHBOARDS attr:class="button">
                    "All dashboards"
                </A>
            </p>
        </div>
    }
}

#[component]
fn Branch(release: Release, siblings: Siblings) -> impl IntoView {
    let statuses: Vec<TabStatus> = release
        .tiers
        .iter()
        .flat_map(|tier| &tier.tabs)
        .map(|tab| tab.status)
        .collect();
    let worst = TabStatus::worst(statuses.iter().copied()).word();
    let id = format!("branch-{}", model::name::normalize(&release.branch));
    let heading = id.clone();
    let (branch, shown) = (release.branch.clone(), visible(&release.branch));
    let tiers = release
        .tiers
        .into_iter()
        .map(|tier| tier_view(tier, &branch, &siblings).into_any())
        .collect_view();
    view! {
        <section
            class="branch"
            data-testid="branch"
            data-branch=branch
            data-status=worst
            aria-labelledby=id
        >
            <header class="branch__head">
                <h2 id=heading>
                    <bdi>{shown}</bdi>
                </h2>
                <StatusCounts statuses />
            </header>
            <div class="branch__tiers">{tiers}</div>
        </section>
    }
}

fn tier_view(tier: Tier, branch: &str, siblings: &Siblings) -> impl IntoView + use<> {
    let tabs = tier.tabs.len();
    let green = tier
        .tabs
        .iter()
        .filter(|tab| matches!(tab.status, TabStatus::Passing | TabStatus::Acceptable))
        .count();
    let (word, shown) = (tier.tier.clone(), visible(&tier.tier));
    let cells = tier
        .tabs
        .into_iter()
        .map(|tab| {
            let others = siblings
                .iter()
                .filter(|(job, one)| *job == tab.job && one.branch != branch)
                .map(|(_, one)| one.clone())
                .collect::<Vec<_>>();
            view! { <TabCell tab others /> }
        })
        .collect_view();
    view! {
        <section class="tier" data-testid="tier" data-tier=word>
            <header class="tier__head">
                <h3>
                    <A href=paths::dashboard(&tier.dashboard)>
                        <bdi>{shown}</bdi>
                    </A>
                </h3>
                <span class="tier__count">{format!("{green} of {tabs} green")}</span>
            </header>
            <ul class="tier__tabs">{cells}</ul>
            {(tabs == 0).then(|| view! { <p class="empty">"This dashboard has no tabs."</p> })}
        </section>
    }
}

#[component]
fn TabCell(tab: TabSummary, others: Vec<Sibling>) -> impl IntoView {
    let title = format!("{}\n{}", visible(&tab.reason), visible(&tab.message));
    view! {
        <li class="tile" data-status=tab.status.word()>
            <A
                href=paths::tab(&tab.dashboard, &tab.tab)
                attr:class="tile__main"
                attr:data-testid="tab-cell"
                attr:data-status=tab.status.word()
                attr:title=title
            >
                <span class="tile__glyph" aria-hidden="true">
                    {tab.status.glyph()}
                </span>
                <span class="tile__text">
                    <bdi class="tile__name">{visible(&tab.tab)}</bdi>
                    <span class="tile__line">
                        <span class="tile__word">{tab.status.word().to_ascii_lowercase()}</span>
                        <Strip runs=tab.strip most=STRIP titles=false />
                    </span>
                </span>
            </A>
            <SiblingLinks siblings=others />
        </li>
    }
}
