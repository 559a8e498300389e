//! How many runs fail before or outside of their tests.

use leptos::prelude::*;
use model::{
    infra::short_version,
    wire::infra::{Weather, WeatherLine},
};

use super::{share, tab_link};
use crate::{
    components::clock::Age,
    paths,
    text::{safe_url, visible},
};

pub(super) fn weather_view(weather: &Weather) -> Option<AnyView> {
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
