//! The page of one version.

use leptos::prelude::*;
use model::{
    infra::short_version,
    wire::infra::{TabUnder, VersionPage},
};

use super::{alarms::alarm_list, share};
use crate::{
    components::{clock::Time, name_link::tab_link},
    paths,
    server_pages::{
        ServerPage,
        compare::{age, bump_list, commit_head},
    },
    text::{count, visible},
};

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
                    <h2>"How tabs fare under it"</h2>
                    <p class="part__said" data-testid="version-sum">{total(&page.tabs)}</p>
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

/// All tabs as one.
fn total(tabs: &[TabUnder]) -> String {
    let sum = |of: fn(&TabUnder) -> u32| tabs.iter().map(of).sum::<u32>();
    format!(
        "With it {} runs failed; in up to twenty runs before each time that a tab came to it, {}.",
        share(sum(|tab| tab.bad), sum(|tab| tab.runs)),
        share(sum(|tab| tab.bad_before), sum(|tab| tab.runs_before)),
    )
}

fn under(tab: &TabUnder) -> impl IntoView + use<> {
    let worse = u64::from(tab.bad) * u64::from(tab.runs_before.max(1))
        > u64::from(tab.bad_before) * u64::from(tab.runs.max(1));
    view! {
        <tr data-testid="version-tab" data-tab=tab.tab.tab.clone()>
            <th scope="row">{tab_link(&tab.tab.dashboard, &tab.tab.tab)}</th>
            <td class="number" data-worse=worse.then_some("")>
                {share(tab.bad, tab.runs)}
            </td>
            <td class="number">{share(tab.bad_before, tab.runs_before)}</td>
            <td>{age(tab.since.timestamp_millis())}</td>
            <td>{if tab.now { "yes" } else { "no longer" }}</td>
        </tr>
    }
}
