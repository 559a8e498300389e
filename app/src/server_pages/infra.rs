//! The feed of infra changes, and the page of one version.

mod alarms;
mod declared;
mod version;
mod weather;

use leptos::prelude::*;
use model::{
    infra::short_version,
    wire::{
        drift::Declared,
        infra::{Alarm, ComponentLine, InfraChange, InfraFeed, TabName, UpstreamCommit},
    },
};

use self::{alarms::alarm_list, declared::declared_list, weather::weather_view};
use super::{
    ServerPage,
    compare::{CompareForm, compare_form},
};
use crate::{
    components::{clock::Time, name_link::tab_link},
    paths,
    text::{count, safe_url, visible},
    time::Zone,
};

pub use self::version::version_page;

/// How many changes stand on the page.
const CHANGES: usize = 200;

/// The feed; of one component alone when one is chosen in the form.
pub fn infra_page(feed: &InfraFeed, form: CompareForm) -> ServerPage {
    let component = form.chosen.as_deref();
    let changes: Vec<InfraChange> = feed
        .changes
        .iter()
        .filter(|change| component.is_none_or(|name| change.component == name))
        .cloned()
        .collect();
    let alarms: Vec<Alarm> = feed
        .alarms
        .iter()
        .filter(|alarm| component.is_none_or(|name| alarm.component == name))
        .cloned()
        .collect();
    let declared: Vec<Declared> = feed
        .declared
        .iter()
        .filter(|declared| component.is_none_or(|name| declared.component == name))
        .cloned()
        .collect();
    let (weather, components) = (feed.weather.clone(), feed.components.clone());
    let total = if component.is_none() {
        feed.total as usize
    } else {
        changes.len()
    };
    ServerPage::new("Infrastructure".to_owned(), move || {
        view! {
            <div class="page infra" data-testid="infra">
                <header class="compare__head">
                    <h1>"Infrastructure"</h1>
                    <p class="compare__crumb">
                        "Every change of what runs the tests, newest first. "
                        <a href=paths::FEED_OF_INFRA>"Atom feed"</a>
                    </p>
                </header>
                {choices(&components, form.chosen.as_deref())}
                {alarm_list(&alarms)}
                {compare_form(&form)}
                {declared_list(&declared, &components)}
                {weather_view(&weather)}
                {change_list(&changes, total)}
            </div>
        }
    })
}

fn choices(components: &[ComponentLine], chosen: Option<&str>) -> impl IntoView + use<> {
    let one = |name: Option<&str>, text: String, title: String| {
        let href = name.map_or_else(|| paths::INFRA.to_owned(), paths::infra_component);
        let current = (name == chosen).then_some("true");
        view! {
            <a class="choices__one" href=href title=title aria-current=current>
                <bdi>{text}</bdi>
            </a>
        }
    };
    let items = components
        .iter()
        .map(|component| {
            let known = match component.commits {
                None => format!("{} is not mirrored", component.repo),
                Some(commits) => format!("{}: {commits} commits", component.repo),
            };
            one(
                Some(component.name.as_str()),
                visible(&component.name),
                visible(&known),
            )
        })
        .collect_view();
    // Components of one repository have its problems in common.
    let mut problems: Vec<&str> = Vec::new();
    for component in components {
        if !component.problem.is_empty() && !problems.contains(&component.problem.as_str()) {
            problems.push(&component.problem);
        }
    }
    let any = !problems.is_empty();
    let problems = problems
        .into_iter()
        .map(|problem| view! { <li>{visible(problem)}</li> })
        .collect_view();
    view! {
        <nav class="choices" aria-label="Components">
            {one(None, "All components".to_owned(), String::new())} {items}
        </nav>
        {any.then(|| view! { <ul class="notes">{problems}</ul> })}
    }
}

fn commit(commit: &UpstreamCommit) -> impl IntoView + use<> {
    let text = visible(&commit.subject);
    match safe_url(&commit.url) {
        Some(url) => view! {
            <a href=url.to_owned() rel="external noopener">
                <bdi>{text}</bdi>
            </a>
        }
        .into_any(),
        None => view! { <bdi>{text}</bdi> }.into_any(),
    }
}

/// The tabs that something concerns, behind how many they are; nothing when they are none.
fn tab_list(what: &str, tabs: &[TabName], total: u32) -> Option<AnyView> {
    let items = tabs
        .iter()
        .map(|tab| view! { <li>{tab_link(&tab.dashboard, &tab.tab)}</li> })
        .collect_view();
    let more = (total as usize).saturating_sub(tabs.len());
    let summary = format!("{} {what}", count(total as usize, "tab", "tabs"));
    (total > 0).then(|| {
        view! {
            <details class="more">
                <summary>{summary}</summary>
                <ul class="turns__rows">{items}</ul>
                {(more > 0).then(|| view! { <p>{format!("and {more} more")}</p> })}
            </details>
        }
        .into_any()
    })
}

/// `3 of 40 (7.5 %)`.
fn share(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "no runs".to_owned();
    }
    format!(
        "{part} of {whole} ({:.1} %)",
        f64::from(part) * 100.0 / f64::from(whole)
    )
}

fn change_list(changes: &[InfraChange], total: usize) -> impl IntoView + use<> {
    let mut days: Vec<(String, Vec<&InfraChange>)> = Vec::new();
    for change in changes.iter().take(CHANGES) {
        let moment = Zone::Utc.moment(change.first.timestamp_millis());
        let day = moment.day_text();
        match days.last_mut() {
            Some((known, of)) if *known == day => of.push(change),
            _ => days.push((day, vec![change])),
        }
    }
    let sections = days
        .into_iter()
        .map(|(day, of)| {
            let items = of.into_iter().map(change_line).collect_view();
            view! {
                <h3 class="day">{day} " UTC"</h3>
                <ul class="lines">{items}</ul>
            }
        })
        .collect_view();
    let hidden = total - CHANGES.min(total).min(changes.len());
    view! {
        <section class="part" data-testid="infra-changes">
            <h2>
                "Changes " <span class="part__count">{count(total, "change", "changes")}</span>
            </h2>
            {(total == 0)
                .then(|| {
                    view! {
                        <p class="part__said">"No run has seen a version change."</p>
                    }
                })}
            {sections}
            {(hidden > 0)
                .then(|| view! { <p class="part__said">{format!("{hidden} older are not shown")}</p> })}
        </section>
    }
}

pub(super) fn change_line(change: &InfraChange) -> impl IntoView + use<> {
    let reverts = change
        .reverts
        .is_some()
        .then(|| view! { <span class="mark" data-mark="revert">"↶ roll-back"</span> });
    let undoes = change.undoes.as_ref().map(|alarm| {
        view! {
            <span class="mark" data-mark="undone">
                "⚠ undoes the roll-back "
                {commit(&alarm.rollback)}
            </span>
        }
    });
    let by = change
        .brought_by
        .as_ref()
        .map(|by| view! { " · brought by " {commit(by)} });
    let commits = change.commits.map(|commits| {
        let commits = count(commits as usize, "commit", "commits");
        if change.backward {
            format!(" · takes away {commits}")
        } else {
            format!(" · {commits}")
        }
    });
    view! {
        <li
            class="line"
            data-testid="infra-change"
            data-component=change.component.clone()
            data-from=change.from.clone()
            data-to=change.to.clone()
            data-broke=change.broke.to_string()
        >
            <span class="line__head">
                <bdi class="bump__what">{visible(&change.component)}</bdi>
                <a href=paths::compare(&change.component, &change.from, &change.to)>
                    <code>{visible(short_version(&change.from))}</code> " → "
                    <code>{visible(short_version(&change.to))}</code>
                </a>
                <bdi class="line__subject">{visible(&change.subject)}</bdi>
                {reverts}
                {undoes}
            </span>
            <span class="line__head">
                <span class="turns" data-broke=(change.broke > 0).then_some("")>
                    {effects(change)}
                </span>
                <span class="line__soft">
                    {format!(
                        "seen by {}",
                        count(change.seen as usize, "test group", "test groups"),
                    )} {commits} {by}
                </span>
            </span>
            <span class="line__soft">
                "first " <Time ms=change.first.timestamp_millis() /> " by "
                {tab_link(&change.first_tab.dashboard, &change.first_tab.tab)}
                {(change.seen > 1)
                    .then(|| {
                        view! {
                            ", last "
                            <Time ms=change.last.timestamp_millis() />
                            " by "
                            {tab_link(&change.last_tab.dashboard, &change.last_tab.tab)}
                        }
                    })} " · "
                <a href=paths::infra_version(&change.component, &change.to)>"this version"</a>
            </span>
        </li>
    }
}

fn effects(change: &InfraChange) -> String {
    if change.broke + change.perhaps + change.fixed == 0 {
        return "nothing broke or recovered".to_owned();
    }
    // Runs may fail more often though no row is known to have turned.
    let part = |groups: u32, rows: u32, word: &str| match rows {
        0 => format!("{groups} {word}"),
        rows => format!("{groups} {word} ({})", count(rows as usize, "row", "rows")),
    };
    let mut said = Vec::new();
    if change.broke > 0 {
        said.push(part(change.broke, change.rows_broke, "broke"));
    }
    if change.perhaps > 0 {
        said.push(format!("{} also failed since", change.perhaps));
    }
    if change.fixed > 0 {
        said.push(part(change.fixed, change.rows_fixed, "recovered"));
    }
    said.join(", ")
}
