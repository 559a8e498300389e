//! One test across all tabs and branches, with the runs of all of them under the same versions: whether
//! every branch broke at the same seam is seen at once.

use leptos::prelude::*;
use model::{
    alignment::{Stretch, align},
    infra::{same_version, short_version},
    wire::{ColumnState, StripColumn, TestOnTab, TestPage, TestRun},
};

use super::ServerPage;
use crate::{
    components::{clock::Age, name_link::tab_link, strip::Strip},
    paths,
    text::{count, visible},
    time::Zone,
};

/// How many headings are drawn.
const STRETCHES: usize = 24;
/// How many runs of a tab are drawn under one heading.
const RUNS: usize = 10;
/// The headings that are days.
pub const BY_DAY: &str = "day";

/// The page of one test. `by` says what the headings are: the name of an infra component, or
/// [`BY_DAY`]; without it the first component of which the runs have several versions.
pub fn test_page(page: TestPage, by: Option<String>) -> ServerPage {
    ServerPage::new(visible(&page.name), move || test_view(&page, by.as_deref()))
}

fn test_view(page: &TestPage, by: Option<&str>) -> impl IntoView + use<> {
    let components = components(page);
    let by = chosen(&components, by);
    let failing = page.tabs.iter().filter(|tab| is_failing(tab)).count();
    let choices = components
        .iter()
        .map(|&(component, _)| component)
        .chain([BY_DAY])
        .map(|choice| {
            let href = format!("{}?by={}", paths::test(&page.name), paths::segment(choice));
            let text = if choice == BY_DAY {
                "by day (UTC)".to_owned()
            } else {
                format!("by version of {}", visible(choice))
            };
            view! {
                <a class="choices__one" href=href aria-current=(choice == by).then_some("true")>
                    {text}
                </a>
            }
        })
        .collect_view();
    view! {
        <div class="page" data-testid="test">
            <p class="crumbs">
                <a href=paths::TESTS>"Tests"</a>
            </p>
            <h1>
                <bdi>{visible(&page.name)}</bdi>
            </h1>
            <p class="test__said">
                {format!(
                    "{} of {} failing now",
                    failing,
                    count(page.tabs.len(), "tab", "tabs"),
                )}
                {(page.left_out > 0)
                    .then(|| format!("; {} further tabs are not shown", page.left_out))}
            </p>
            <p class="choices" role="group" aria-label="Line up the runs">
                {choices}
            </p>
            {aligned(page, Some(by))}
        </div>
    }
}

/// What is asked for, where there is that; else the first component with several versions.
fn chosen<'a>(components: &[(&'a str, usize)], by: Option<&'a str>) -> &'a str {
    by.filter(|by| *by == BY_DAY || components.iter().any(|(name, _)| name == by))
        .or_else(|| {
            let several = components.iter().find(|(_, versions)| *versions > 1);
            several.map(|(name, _)| *name)
        })
        .unwrap_or(BY_DAY)
}

/// The infra components of the runs, in their order, each with its number of known versions.
fn components(page: &TestPage) -> Vec<(&str, usize)> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for of in page
        .tabs
        .iter()
        .flat_map(|tab| &tab.runs)
        .flat_map(|run| &run.infra)
    {
        let at = found.iter().position(|(name, _)| *name == of.component);
        let at = at.unwrap_or_else(|| {
            found.push((&of.component, Vec::new()));
            found.len() - 1
        });
        if let Some(version) = of.single()
            && !(found[at].1.iter()).any(|known| same_version(known, version))
        {
            found[at].1.push(version);
        }
    }
    found
        .into_iter()
        .map(|(name, versions)| (name, versions.len()))
        .collect()
}

/// The newest run that says anything failed.
fn is_failing(tab: &TestOnTab) -> bool {
    tab.runs
        .iter()
        .find(|run| !matches!(run.state, ColumnState::Blank | ColumnState::Running))
        .is_some_and(|run| run.state == ColumnState::Failed)
}

/// The runs of every tab under common headings; see [`test_page`].
pub(super) fn aligned(page: &TestPage, by: Option<&str>) -> AnyView {
    let components = components(page);
    let by = chosen(&components, by);

    let days: Vec<Vec<String>> = page
        .tabs
        .iter()
        .map(|tab| tab.runs.iter().map(day).collect())
        .collect();
    let lines: Vec<Vec<(Option<&str>, i64)>> = page
        .tabs
        .iter()
        .zip(&days)
        .map(|(tab, days)| {
            tab.runs
                .iter()
                .zip(days)
                .map(|(run, day)| {
                    let value = if by == BY_DAY {
                        Some(day.as_str())
                    } else {
                        version(run, by)
                    };
                    (value, run.started.timestamp_millis())
                })
                .collect()
        })
        .collect();
    let mut stretches = align(&lines);
    // Runs of which nothing is known stand last, and are always there to be seen.
    let unknown = stretches
        .iter()
        .position(|stretch| stretch.value.is_none())
        .map(|at| stretches.remove(at));
    let older = stretches.len().saturating_sub(STRETCHES);
    stretches.truncate(STRETCHES);
    stretches.extend(unknown);
    if stretches.is_empty() {
        return view! { <p class="empty">"No tab has a run of this test."</p> }.into_any();
    }
    let heads = stretches
        .iter()
        .map(|stretch| heading(stretch, by))
        .collect_view();
    let rows = page
        .tabs
        .iter()
        .enumerate()
        .map(|(line, tab)| row(line, tab, &stretches))
        .collect_view();
    view! {
        <div class="aligned" tabindex="0" role="region" aria-label="Runs on every tab">
            <table class="aligned__table" data-kind=(by != BY_DAY).then_some("infra")>
                <thead>
                    <tr>
                        <th scope="col">"Tab"</th>
                        {heads}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {(older > 0)
            .then(|| {
                view! {
                    <p class="test__said">
                        {format!("{older} older {} not shown", if older == 1 { "is" } else { "are" })}
                    </p>
                }
            })}
    }
    .into_any()
}

fn heading(stretch: &Stretch, by: &str) -> AnyView {
    let whole = stretch
        .value
        .clone()
        .unwrap_or_else(|| "unknown".to_owned());
    let shown = match &stretch.value {
        None => "unknown".to_owned(),
        Some(day) if by == BY_DAY => day.clone(),
        Some(version) => visible(short_version(version)),
    };
    view! {
        <th
            scope="col"
            title=visible(&whole)
            data-testid="stretch"
            data-component=by.to_owned()
            data-version=whole.clone()
        >
            <bdi class="aligned__version">{shown}</bdi>
            {(by != BY_DAY)
                .then(|| {
                    view! {
                        <span class="aligned__since">
                            <Age ms=stretch.first_ms />
                        </span>
                    }
                })}
            {(stretch.again > 0).then(|| view! { <span class="aligned__again">"again"</span> })}
        </th>
    }
    .into_any()
}

fn row(line: usize, tab: &TestOnTab, stretches: &[Stretch]) -> AnyView {
    let cells = stretches
        .iter()
        .map(|stretch| {
            let runs: Vec<StripColumn> = stretch.runs[line]
                .iter()
                .map(|&index| bar(&tab.runs[index]))
                .collect();
            let more = runs.len().saturating_sub(RUNS);
            view! {
                <td>
                    {(!runs.is_empty()).then(|| view! { <Strip runs most=RUNS /> })}
                    {(more > 0)
                        .then(|| view! { <span class="aligned__more">{format!("+{more}")}</span> })}
                </td>
            }
        })
        .collect_view();
    let failed = (tab.fail_count > 0).then(|| {
        view! {
            <span class="aligned__failed">
                {format!("failed {} in a row", count(tab.fail_count as usize, "time", "times"))}
            </span>
        }
    });
    view! {
        <tr data-testid="test-on-tab" data-failing=is_failing(tab).then_some("true")>
            <th scope="row">
                {(!tab.branch.is_empty())
                    .then(|| view! { <span class="branch-mark">{visible(&tab.branch)}</span> })}
                {tab_link(&tab.dashboard, &tab.tab)} {failed}
            </th>
            {cells}
        </tr>
    }
    .into_any()
}

fn bar(run: &TestRun) -> StripColumn {
    StripColumn {
        build: run.build.clone(),
        started: run.started,
        state: run.state,
        failed: u32::from(run.state == ColumnState::Failed),
        filled: u32::from(run.state != ColumnState::Blank),
        infra_seam: false,
        product_seam: false,
    }
}

fn version<'a>(run: &'a TestRun, component: &str) -> Option<&'a str> {
    run.infra
        .iter()
        .find(|of| of.component == component)
        .and_then(|of| of.single())
}

fn day(run: &TestRun) -> String {
    Zone::Utc.moment(run.started.timestamp_millis()).day_text()
}
