//! How many runs fail before or outside of their tests.

use leptos::prelude::*;
use model::{
    infra::short_version,
    wire::infra::{Weather, WeatherLine},
};

use super::share;
use crate::{
    components::{clock::Age, name_link::tab_link},
    paths,
    text::{count, safe_url, visible},
};

pub(super) fn weather_view(weather: &Weather) -> Option<AnyView> {
    let all = &weather.all;
    if all.runs + all.runs_before == 0 {
        return None;
    }
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
                    {build} " · " {tab_link(&run.tab.dashboard, &run.tab.tab)} " · "
                    {(!run.cluster.is_empty()).then(|| format!("{} · ", visible(&run.cluster)))}
                    <Age ms=run.time.timestamp_millis() />
                </li>
            }
        })
        .collect_view();
    let clusters = (!weather.clusters.is_empty())
        .then(|| table("Weather by build cluster", "Cluster", &weather.clusters));
    let without = (weather.without_cluster > 0).then(|| {
        let said = format!(
            "{} of the last 24 hours {} to no cluster: nothing tells which it was.",
            count(weather.without_cluster as usize, "run", "runs"),
            if weather.without_cluster == 1 {
                "belongs"
            } else {
                "belong"
            },
        );
        view! {
            <p class="part__said" data-testid="weather-without-cluster">
                {said}
            </p>
        }
    });
    let shown = weather.runs.len();
    let said = if (all.outside as usize) > shown {
        format!("The newest {shown} of these runs")
    } else {
        format!("These {}", count(shown, "run", "runs"))
    };
    Some(
        view! {
            <section class="part" id="weather" data-testid="infra-weather">
                <h2>"Weather"</h2>
                <p class="part__said">{weather_sentence(all)}</p>
                {clusters}
                {without}
                <details class="more">
                    <summary>"By component and version"</summary>
                    {table("Weather by version", "Version", &weather.versions)}
                </details>
                {(!weather.runs.is_empty())
                    .then(|| {
                        view! {
                            <details class="more" data-testid="infra-weather-runs">
                                <summary>{said}</summary>
                                <ul class="turns__rows">{runs}</ul>
                            </details>
                        }
                    })}
            </section>
        }
        .into_any(),
    )
}

/// How runs of each version do, worst first.
fn table(
    label: &'static str,
    version: &'static str,
    lines: &[WeatherLine],
) -> impl IntoView + use<> {
    let rows = lines
        .iter()
        .map(|line| {
            view! {
                <tr data-testid="weather-line" data-version=line.version.clone()>
                    <th scope="row">
                        <bdi>{visible(&line.component)}</bdi>
                    </th>
                    <td>
                        <a href=paths::infra_version(&line.component, &line.version)>
                            <code>{visible(short_version(&line.version))}</code>
                        </a>
                    </td>
                    <td class="number" data-worse=line.worse.then_some("")>
                        {share(line.outside, line.runs)}
                        {line.worse.then_some(" ▲ worse")}
                    </td>
                    <td class="number">{share(line.outside_before, line.runs_before)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table class="figures">
                <thead>
                    <tr>
                        <th scope="col">"Component"</th>
                        <th scope="col">{version}</th>
                        <th scope="col">"Last 24 hours"</th>
                        <th scope="col">"Two weeks before"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn weather_sentence(all: &WeatherLine) -> String {
    format!(
        "{} runs failed before or outside of their tests in the last 24 hours; {} in the two weeks before.",
        share(all.outside, all.runs),
        share(all.outside_before, all.runs_before)
    )
}
