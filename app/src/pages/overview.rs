//! The overview: each tab of each release branch at a glance. Without release branches, all
//! dashboards.

use leptos::prelude::*;
use leptos_router::components::A;
use model::{
    order::sorted,
    summary::TabStatus,
    wire::{NamedLink, Release, Sibling, TabSummary, Tier},
};

use crate::{
    components::{
        clock::Age, legend::StripLegend, notes::notes_view, siblings::SiblingLinks,
        status::StatusCounts, strip::Strip,
    },
    content::{STRIP, tabs},
    paths,
    text::visible,
};

/// How many other branches a tab links to: one line of them.
const SIBLINGS: usize = 4;

/// All tabs of all branches, each with its job and as the others link to it: in the order of jobs, and of
/// each job the newest branch first.
type Siblings = std::sync::Arc<[(String, Sibling)]>;

fn sibling(branch: &str, tab: &TabSummary) -> Sibling {
    Sibling {
        branch: branch.to_owned(),
        dashboard: tab.dashboard.clone(),
        tab: tab.tab.clone(),
        status: tab.status,
    }
}

/// Release branches, each with its tiers.
#[component]
pub fn Branches(
    /// At least one.
    releases: Vec<Release>,
    /// What must be known of all of them.
    notes: Vec<NamedLink>,
) -> impl IntoView {
    let statuses: Vec<TabStatus> = tabs(&releases).map(|tab| tab.status).collect();
    let updated = tabs(&releases).filter_map(|tab| tab.last_update).max();
    let siblings: Vec<_> = releases
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
    let siblings = sorted(siblings, &|a, b| a.0.cmp(&b.0));
    let siblings = Siblings::from(siblings);
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
            {notes_view(notes)}
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
    let feed = paths::feed_of_release(&release.branch);
    let feed_label = format!("Feed of {}", visible(&release.branch));
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
                // Not a page of ours: the router must let it go.
                <a
                    class="branch__feed"
                    href=feed
                    rel="external"
                    type="application/atom+xml"
                    aria-label=feed_label
                >
                    "Feed"
                </a>
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
            let first = siblings.partition_point(|(job, _)| *job < tab.job);
            let others = siblings[first..]
                .iter()
                .take_while(|(job, _)| *job == tab.job)
                .filter(|(_, one)| one.branch != branch)
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
            <a
                href=paths::tab(&tab.dashboard, &tab.tab)
                class="tile__main"
                data-testid="tab-cell"
                data-status=tab.status.word()
                title=title
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
            </a>
            <SiblingLinks siblings=others most=SIBLINGS />
        </li>
    }
}
