//! A dashboard: one block per tab, the worst first or in the order of the configuration.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    components::A,
    hooks::{use_location, use_navigate},
};
use model::{
    order::sorted,
    summary::TabStatus,
    wire::{DashboardPage, TabSummary},
};

use crate::{
    browser,
    components::{
        clock::Age,
        failing_rows::FailingRows,
        name_link::name_link,
        status::{StatusBadge, StatusCounts},
        strip::Strip,
        tab_facts::{TabFacts, reason_text},
    },
    paths,
    text::{safe_url, visible, visible_message},
};

/// The query string that asks for the order of the configuration; without it the worst comes first.
const CONFIGURED: &str = "order=configured";

/// Whether the address asks for the order of the configuration; follows it.
pub fn is_configured_order() -> bool {
    use_location()
        .search
        .with(|search| search.contains(CONFIGURED))
}

/// A dashboard with its tabs.
#[component]
pub fn DashboardView(
    /// As the server tells it.
    page: DashboardPage,
    /// Whether the tabs stand in the order of the configuration; otherwise the worst comes first.
    configured: bool,
) -> impl IntoView {
    // An old link may have been redirected here with its `#tab`.
    let (navigate, name) = (use_navigate(), page.name.clone());
    Effect::new(move |_| {
        let fragment = browser::fragment();
        if !fragment.is_empty() && fragment != "main" {
            let options = NavigateOptions {
                replace: true,
                ..NavigateOptions::default()
            };
            navigate(&paths::from_fragment(&name, &fragment), options);
        }
    });
    let mut tabs = page.tabs;
    let statuses: Vec<TabStatus> = tabs.iter().map(|tab| tab.status).collect();
    let several = tabs.len() > 1;
    let empty = tabs.is_empty();
    if !configured {
        tabs = sorted(tabs, &|a, b| b.status.severity().cmp(&a.status.severity()));
    }
    let blocks = tabs
        .into_iter()
        .map(|tab| view! { <TabBlock tab /> })
        .collect_view();
    let group = page.group.as_ref().map(|group| {
        view! {
            <p class="crumbs">
                {name_link(paths::group(group), group)}
            </p>
        }
    });
    let path = paths::dashboard(&page.name);
    let choice = |wanted: bool, text: &'static str| {
        if configured == wanted {
            view! { <span class="order__chosen">{text}</span> }.into_any()
        } else {
            let query = if wanted {
                format!("?{CONFIGURED}")
            } else {
                String::new()
            };
            view! { <a href=format!("{path}{query}")>{text}</a> }.into_any()
        }
    };
    let order = several.then(|| {
        view! {
            <span data-testid="order">
                "Order: " {choice(false, "worst first")} " · " {choice(true, "as configured")}
            </span>
        }
    });
    let feed = paths::feed_of_dashboard(&page.name);
    view! {
        <div class="page dashboard" data-testid="dashboard" data-status=page.status.word()>
            <header class="dashboard__head">
                {group}
                <h1>
                    <bdi>{visible(&page.name)}</bdi>
                </h1>
                <div class="dashboard__line">
                    <StatusCounts statuses />
                    <p class="order">
                        {order} " "
                        // Not a page of ours: the router must let it go.
                        <a href=feed rel="external" type="application/atom+xml">"Feed"</a>
                    </p>
                </div>
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

/// One tab: all that is known of one that needs a look, one line of one that is well.
#[component]
fn TabBlock(tab: TabSummary) -> impl IntoView {
    let path = paths::tab(&tab.dashboard, &tab.tab);
    let quiet = matches!(tab.status, TabStatus::Passing | TabStatus::Acceptable);
    let status = tab.status;
    let (name, strip) = (visible(&tab.tab), tab.strip.clone());
    let body = if quiet {
        quiet_line(&tab).into_any()
    } else {
        let hidden = (tab.failing_count as usize).saturating_sub(tab.failing.len());
        let rows = tab.failing.clone();
        let failing =
            (!rows.is_empty()).then(|| view! { <FailingRows rows hidden path=path.clone() /> });
        view! {
            <TabFacts tab />
            {failing}
        }
        .into_any()
    };
    view! {
        <article
            class="block"
            data-testid="tab-block"
            data-status=status.word()
            data-quiet=quiet.then_some("")
        >
            <header class="block__head">
                <StatusBadge status />
                <h2 class="block__name">
                    <A href=path>
                        <bdi>{name}</bdi>
                    </A>
                </h2>
                <Strip runs=strip most=30 />
            </header>
            {body}
        </article>
    }
}

/// What is worth knowing of a tab that is well.
fn quiet_line(tab: &TabSummary) -> impl IntoView + use<> {
    let age = tab.last_run.map(|at| {
        view! {
            <span>
                "Last run began "
                <Age ms=at.timestamp_millis() />
            </span>
        }
    });
    let history = tab.about.links.first().and_then(|link| {
        let url = safe_url(&link.url)?.to_owned();
        Some(view! {
            <a href=url rel="external">
                <bdi>{visible(&link.text)}</bdi>
            </a>
        })
    });
    view! {
        <p class="facts__line" title=visible_message(&tab.about.description)>
            <span data-testid="reason">
                <bdi>{reason_text(tab)}</bdi>
            </span>
            {age}
            {history}
        </p>
    }
}
