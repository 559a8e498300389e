//! The feed of infra changes, and the page of one version.

use leptos::prelude::*;
use model::{
    infra::short_version,
    wire::infra::{
        Alarm, ComponentLine, InfraChange, InfraFeed, TabName, TabUnder, UpstreamCommit,
        VersionPage, Weather, WeatherLine,
    },
};

use super::{
    ServerPage,
    compare::{age, bump_list, commit_head},
};
use crate::{
    components::clock::{Age, Time},
    paths,
    text::{count, safe_url, visible},
    time::Zone,
};

/// How many changes stand on the page.
const CHANGES: usize = 200;

/// The feed; of one component alone when one is named.
pub fn infra_page(feed: &InfraFeed, component: Option<&str>) -> ServerPage {
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
    let (weather, components) = (feed.weather.clone(), feed.components.clone());
    let total = if component.is_none() {
        feed.total as usize
    } else {
        changes.len()
    };
    let component = component.map(str::to_owned);
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
                {choices(&components, component.as_deref())}
                {alarm_list(&alarms)}
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
    let problems = components
        .iter()
        .filter(|component| !component.problem.is_empty())
        .map(|component| view! { <li>{visible(&component.problem)}</li> })
        .collect_view();
    let any = components.iter().any(|it| !it.problem.is_empty());
    view! {
        <nav class="choices" aria-label="Components">
            {one(None, "All components".to_owned(), String::new())} {items}
        </nav>
        {any.then(|| view! { <ul class="notes">{problems}</ul> })}
    }
}

fn alarm_list(alarms: &[Alarm]) -> Option<AnyView> {
    let items = alarms.iter().map(alarm).collect_view();
    (!alarms.is_empty()).then(|| {
        view! {
            <section class="part" data-testid="infra-alarms">
                <h2>"Roll-backs that did not hold"</h2>
                <ul class="lines">{items}</ul>
            </section>
        }
        .into_any()
    })
}

fn alarm(alarm: &Alarm) -> impl IntoView + use<> {
    let tabs = alarm
        .tabs
        .iter()
        .map(|tab| view! { <li>{tab_link(tab)}</li> })
        .collect_view();
    let more = alarm.tab_count as usize - alarm.tabs.len().min(alarm.tab_count as usize);
    view! {
        <li
            class="line alarm"
            data-testid="infra-alarm"
            data-component=alarm.component.clone()
            data-open=alarm.ended.is_none().then_some("")
        >
            <span class="line__head">
                <span class="alarm__sign" aria-hidden="true">
                    "⚠"
                </span>
                <strong>{visible(&alarm.sentence)}</strong>
            </span>
            <span class="line__soft">
                {alarm.ended.is_none().then_some("It still stands. ")} "Rolled back by "
                {commit(&alarm.rollback)}
                {alarm.undone.as_ref().map(|by| view! { ", undone by " {commit(by)} })}
                {alarm.ended.as_ref().map(|by| view! { ", ended by " {commit(by)} })} " · "
                <Time ms=alarm.time.timestamp_millis() /> " · "
                <a href=paths::compare(&alarm.component, &alarm.good, &alarm.to)>
                    "what that took away"
                </a>
            </span>
            {(alarm.tab_count > 0)
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>
                                {format!(
                                    "{} had it since",
                                    count(alarm.tab_count as usize, "tab", "tabs"),
                                )}
                            </summary>
                            <ul class="turns__rows">{tabs}</ul>
                            {(more > 0).then(|| view! { <p>{format!("and {more} more")}</p> })}
                        </details>
                    }
                })}
        </li>
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

pub(super) fn tab_link(tab: &TabName) -> impl IntoView + use<> {
    view! {
        <a href=paths::tab(&tab.dashboard, &tab.tab) rel="external">
            <bdi>{visible(&tab.tab)}</bdi>
        </a>
        " "
        <span class="line__of">
            <bdi>{visible(&tab.dashboard)}</bdi>
        </span>
    }
}

fn weather_view(weather: &Weather) -> Option<AnyView> {
    let all = &weather.all;
    if all.runs + all.runs_before == 0 {
        return None;
    }
    let lines = weather
        .versions
        .iter()
        .map(|line| {
            view! {
                <tr>
                    <th scope="row">
                        <bdi>{visible(&line.component)}</bdi>
                    </th>
                    <td>
                        <a href=paths::infra_version(&line.component, &line.version)>
                            <code>{visible(short_version(&line.version))}</code>
                        </a>
                    </td>
                    <td class="number">{share(line.outside, line.runs)}</td>
                    <td class="number">{share(line.outside_before, line.runs_before)}</td>
                </tr>
            }
        })
        .collect_view();
    let runs = weather
        .runs
        .iter()
        .map(|run| {
            let build = visible(&run.build);
            let build = match safe_url(&run.url) {
                Some(url) => view! {
                    <a href=url.to_owned() rel="external noopener">
                        {build}
                    </a>
                }
                .into_any(),
                None => build.into_any(),
            };
            view! {
                <li>
                    {build} " · " {tab_link(&run.tab)} " · "
                    <Age ms=run.time.timestamp_millis() />
                </li>
            }
        })
        .collect_view();
    Some(
        view! {
            <section class="part" id="weather" data-testid="infra-weather">
                <h2>"Weather"</h2>
                <p class="part__said">{weather_sentence(all)}</p>
                <details class="more">
                    <summary>"By component and version, and the runs"</summary>
                    <div class="scroll" tabindex="0" role="region" aria-label="Weather by version">
                        <table class="figures">
                            <thead>
                                <tr>
                                    <th scope="col">"Component"</th>
                                    <th scope="col">"Version"</th>
                                    <th scope="col">"Last 24 hours"</th>
                                    <th scope="col">"Two weeks before"</th>
                                </tr>
                            </thead>
                            <tbody>{lines}</tbody>
                        </table>
                    </div>
                    <ul class="turns__rows">{runs}</ul>
                </details>
            </section>
        }
        .into_any(),
    )
}

fn weather_sentence(all: &WeatherLine) -> String {
    format!(
        "{} runs failed before or outside of their tests in the last 24 hours; {} in the two weeks before.",
        share(all.outside, all.runs),
        share(all.outside_before, all.runs_before)
    )
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
                {tab_link(&change.first_tab)}
                {(change.seen > 1)
                    .then(|| {
                        view! {
                            ", last "
                            <Time ms=change.last.timestamp_millis() />
                            " by "
                            {tab_link(&change.last_tab)}
                        }
                    })} " · "
                <a href=paths::infra_version(&change.component, &change.to)>"this version"</a>
            </span>
        </li>
    }
}

fn effects(change: &InfraChange) -> String {
    if change.broke + change.fixed == 0 {
        return "nothing broke or recovered".to_owned();
    }
    let part = |groups: u32, rows: u32, word: &str| {
        format!("{groups} {word} ({})", count(rows as usize, "row", "rows"))
    };
    let mut said = Vec::new();
    if change.broke > 0 {
        said.push(part(change.broke, change.rows_broke, "broke"));
    }
    if change.fixed > 0 {
        said.push(part(change.fixed, change.rows_fixed, "recovered"));
    }
    said.join(", ")
}

/// One version of a component.
pub fn version_page(page: VersionPage) -> ServerPage {
    let title = format!(
        "{} {}",
        visible(&page.component),
        visible(short_version(&page.line.version))
    );
    ServerPage::new(title, move || {
        let line = &page.line;
        let before = page.before.as_ref().map(|before| {
            view! {
                <a
                    class="button"
                    href=paths::compare(&page.component, before, &line.version)
                >
                    "Compare with "
                    <code>{visible(short_version(before))}</code>
                    ", the version before"
                </a>
            }
        });
        let commit = page.commit.as_ref().map(|commit| {
            view! {
                <ul class="lines">
                    <li class="line">{commit_head(commit)} {bump_list(&commit.bumps)}</li>
                </ul>
            }
        });
        let rows = page.tabs.iter().map(under).collect_view();
        view! {
            <div
                class="page infra"
                data-testid="infra-version"
                data-component=page.component.clone()
                data-version=line.version.clone()
            >
                <header class="compare__head">
                    <p class="compare__crumb">
                        <a href=paths::INFRA>"Infrastructure"</a>
                        " / "
                        <a href=paths::infra_component(&page.component)>
                            <bdi>{visible(&page.component)}</bdi>
                        </a>
                    </p>
                    <h1>
                        <code>
                            <bdi>{visible(short_version(&line.version))}</bdi>
                        </code>
                    </h1>
                </header>
                {commit}
                <p class="part__said">
                    {format!(
                        "{} of {} had it, {} of them have it now. First ",
                        count(line.runs as usize, "run", "runs"),
                        count(line.tabs as usize, "tab", "tabs"),
                        line.tabs_now,
                    )} <Time ms=line.first_seen.timestamp_millis() /> ", last "
                    <Time ms=line.last_seen.timestamp_millis() /> "."
                </p>
                <p class="compare__tools">{before}</p>
                {alarm_list(&page.alarms)}
                <section class="part">
                    <h2>"Under it"</h2>
                    <div class="scroll" tabindex="0" role="region" aria-label="Tabs under this version">
                        <table class="figures">
                            <thead>
                                <tr>
                                    <th scope="col">"Tab"</th>
                                    <th scope="col">"Failed runs"</th>
                                    <th scope="col">"Before"</th>
                                    <th scope="col">"Since"</th>
                                    <th scope="col">"Now"</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                </section>
            </div>
        }
    })
}

fn under(tab: &TabUnder) -> impl IntoView + use<> {
    let worse = u64::from(tab.bad) * u64::from(tab.runs_before.max(1))
        > u64::from(tab.bad_before) * u64::from(tab.runs.max(1));
    view! {
        <tr data-testid="version-tab" data-tab=tab.tab.tab.clone()>
            <th scope="row">{tab_link(&tab.tab)}</th>
            <td class="number" data-worse=worse.then_some("")>
                {share(tab.bad, tab.runs)}
            </td>
            <td class="number">{share(tab.bad_before, tab.runs_before)}</td>
            <td>{age(tab.since.timestamp_millis())}</td>
            <td>{if tab.now { "yes" } else { "no longer" }}</td>
        </tr>
    }
}
