//! All dashboards, by dashboard group, with a search box.

use leptos::prelude::*;
use leptos_router::components::A;
use model::{name::natural_cmp, order::sorted, wire::DashboardRef};

use crate::{
    components::{
        name_link::name_link,
        status::{Counts, StatusBadge, StatusCounts},
    },
    paths,
    text::{count, visible},
};

/// What is typed into the search box.
#[derive(Clone, Copy, Default)]
pub struct Wanted(RwSignal<String>);

/// All dashboards.
#[component]
pub fn DashboardList(
    /// In any order.
    dashboards: Vec<DashboardRef>,
) -> impl IntoView {
    let statuses = dashboards.iter().map(|one| one.status).collect::<Vec<_>>();
    let total = dashboards.len();
    // What is typed outlives the list, which is drawn anew when something on it changes.
    let wanted = use_context::<Wanted>().map_or_else(RwSignal::default, |wanted| wanted.0);
    let shown = {
        let dashboards = dashboards.clone();
        Memo::new(move |_| {
            let wanted = wanted.get();
            dashboards
                .iter()
                .filter(|one| contains(&one.name, &wanted))
                .count()
        })
    };
    let groups = grouped(dashboards)
        .into_iter()
        .map(|(group, members)| {
            let names: Vec<String> = members.iter().map(|one| one.name.clone()).collect();
            let hidden = move || {
                let wanted = wanted.get();
                !names.iter().any(|name| contains(name, &wanted))
            };
            let items = members
                .into_iter()
                .map(|one| {
                    let name = one.name.clone();
                    view! {
                        <li hidden=move || !contains(&name, &wanted.get())>
                            <DashboardItem one />
                        </li>
                    }
                })
                .collect_view();
            let title = match &group {
                None => "Ungrouped".into_any(),
                Some(group) => name_link(paths::group(group), group),
            };
            view! {
                <section class="dashboards__group" hidden=hidden>
                    <h2>{title}</h2>
                    <ul class="dashboards__list">{items}</ul>
                </section>
            }
        })
        .collect_view();
    view! {
        <div class="dashboards" data-testid="dashboards">
            <div class="dashboards__tools">
                <input
                    type="search"
                    class="field"
                    placeholder="Find a dashboard"
                    aria-label="Find a dashboard"
                    data-testid="dashboard-filter"
                    prop:value=wanted
                    on:input:target=move |event| wanted.set(event.target().value())
                />
                <span class="dashboards__count" role="status">
                    {move || {
                        let shown = shown.get();
                        if shown == total {
                            count(total, "dashboard", "dashboards")
                        } else {
                            format!("{shown} of {}", count(total, "dashboard", "dashboards"))
                        }
                    }}
                </span>
                <StatusCounts statuses />
            </div>
            {groups}
            <p class="empty" hidden=move || shown.get() != 0 || total == 0>
                "No dashboard has that in its name."
            </p>
            {(total == 0)
                .then(|| {
                    view! {
                        <p class="empty">
                            "No dashboards are configured. Point "<code>"testgrid.config"</code>
                            " in "<code>"seamgrid.yaml"</code>" at a TestGrid configuration."
                        </p>
                    }
                })}
        </div>
    }
}

/// One dashboard of a list: its status, its name, and how many of its tabs have which status.
#[component]
pub fn DashboardItem(
    /// The dashboard.
    one: DashboardRef,
) -> impl IntoView {
    let counts = one
        .counts
        .iter()
        .map(|known| (known.status, known.count as usize))
        .collect::<Vec<_>>();
    view! {
        <A
            href=paths::dashboard(&one.name)
            attr:class="dashboards__item"
            attr:data-testid="dashboard-link"
            attr:data-status=one.status.word()
        >
            <StatusBadge status=one.status />
            <bdi class="dashboards__name">{visible(&one.name)}</bdi>
            <span class="dashboards__tabs">
                {count(one.tab_count as usize, "tab", "tabs")} <Counts counts />
            </span>
        </A>
    }
}

/// Whether a name holds every word that was typed, whatever the case of their ASCII letters: names have
/// no others.
fn contains(name: &str, wanted: &str) -> bool {
    let name = name.to_ascii_lowercase();
    wanted
        .to_ascii_lowercase()
        .split_whitespace()
        .all(|word| name.contains(word))
}

/// Dashboards by group, groups and dashboards by name, those without a group last.
fn grouped(dashboards: Vec<DashboardRef>) -> Vec<(Option<String>, Vec<DashboardRef>)> {
    let dashboards = sorted(dashboards, &|a, b| {
        let groups = match (&a.group, &b.group) {
            (Some(a), Some(b)) => natural_cmp(a, b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        groups.then_with(|| natural_cmp(&a.name, &b.name))
    });
    let mut groups: Vec<(Option<String>, Vec<DashboardRef>)> = Vec::new();
    for dashboard in dashboards {
        match groups.last_mut() {
            Some((group, members)) if *group == dashboard.group => members.push(dashboard),
            _ => groups.push((dashboard.group.clone(), vec![dashboard])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashboards_are_grouped_and_found() {
        let one = |name: &str, group: Option<&str>| DashboardRef {
            name: name.into(),
            group: group.map(str::to_owned),
            tab_count: 1,
            status: model::summary::TabStatus::Passing,
            counts: Vec::new(),
        };
        let groups = grouped(vec![
            one("z", None),
            one("b10", Some("b")),
            one("b9", Some("b")),
            one("a", Some("a")),
        ]);
        let names: Vec<Vec<&str>> = groups
            .iter()
            .map(|(_, members)| members.iter().map(|one| one.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["a"], vec!["b9", "b10"], vec!["z"]]);
        assert!(contains("sig-release-master-blocking", "Master block"));
        assert!(!contains("sig-release-master-blocking", "1.36"));
    }
}
