//! What deploys say of components, against what runs show.

use leptos::prelude::*;
use model::{
    infra::short_version,
    wire::{
        drift::{Declared, DeployLine, RunningLine},
        infra::ComponentLine,
    },
};

use super::tab_list;
use crate::{
    components::clock::Time,
    paths,
    text::{count, safe_url, visible},
};

/// `components` are those of the settings: they have pages.
pub(super) fn declared_list(
    declared: &[Declared],
    components: &[ComponentLine],
) -> Option<AnyView> {
    let items = |declared: &[&Declared]| {
        let item = |declared: &&Declared| {
            let known = components.iter().any(|it| it.name == declared.component);
            component(declared, known)
        };
        let items = declared.iter().map(item).collect_view();
        view! { <ul class="lines">{items}</ul> }
    };
    let (drifting, others): (Vec<&Declared>, Vec<&Declared>) =
        declared.iter().partition(|declared| declared.drifts());
    let (silent, agreeing): (Vec<&Declared>, Vec<&Declared>) =
        others.into_iter().partition(|declared| is_silent(declared));
    let folded = |of: Vec<&Declared>, said: String| {
        let open = declared.len() == 1;
        (!of.is_empty()).then(|| {
            view! {
                <details class="more" open=open>
                    <summary>{said}</summary>
                    {items(&of)}
                </details>
            }
        })
    };
    let as_declared = format!(
        "{} as declared, as far as runs show",
        count(agreeing.len(), "component is", "components are")
    );
    let not_shown = format!(
        "{} declared, and no run of the last days shows what runs",
        count(silent.len(), "component is", "components are")
    );
    (!declared.is_empty()).then(|| {
        view! {
            <section class="part" id="declared" data-testid="infra-declared">
                <h2>"Declared and running"</h2>
                {(!drifting.is_empty()).then(|| items(&drifting))}
                {folded(agreeing, as_declared)}
                {folded(silent, not_shown)}
            </section>
        }
        .into_any()
    })
}

/// Whether no run shows what it is.
const fn is_silent(declared: &Declared) -> bool {
    declared.agreeing + declared.before == 0 && declared.differing.is_empty()
}

fn component(declared: &Declared, known: bool) -> impl IntoView + use<> {
    let name = &declared.component;
    let deploys = declared
        .deploys
        .iter()
        .map(|deploy| view! { <li>{deploy_line(deploy)}</li> })
        .collect_view();
    let differing = declared
        .differing
        .iter()
        .map(|line| view! { <li data-differs="">{running_line(declared, line)}</li> })
        .collect_view();
    let agreeing = (declared.agreeing > 0).then(|| {
        let tabs = count(declared.agreeing as usize, "tab", "tabs");
        view! { <li>{format!("what is declared, in {tabs}")}</li> }
    });
    let before = (declared.before > 0).then(|| {
        let tabs = count(declared.before as usize, "tab", "tabs");
        view! { <li>{format!("what was declared before, in {tabs} without a run since")}</li> }
    });
    let silent = is_silent(declared);
    let (sign, state) = match declared.since {
        Some(since) => (
            "≠",
            view! {
                "Runs have differed since "
                <Time ms=since.timestamp_millis() />
            }
            .into_any(),
        ),
        None if silent => ("?", "No run of the last days shows what it is".into_any()),
        None if declared.agreeing == 0 => ("?", "No run since shows what it is".into_any()),
        None => ("=", "Runs show what is declared".into_any()),
    };
    let title = view! { <bdi class="bump__what">{visible(name)}</bdi> };
    let title = if known {
        view! { <a href=paths::infra_component(name)>{title}</a> }.into_any()
    } else {
        title.into_any()
    };
    view! {
        <li
            class="line"
            class:alarm=declared.drifts()
            data-open=declared.drifts().then_some("")
            data-testid="infra-declared-component"
            data-component=name.clone()
            data-drifts=declared.drifts().to_string()
            title=visible(&declared.sentence)
            data-moments=""
        >
            <span class="line__head">
                <span class=("alarm__sign", declared.drifts()) aria-hidden="true">
                    {sign}
                </span>
                {title}
                <strong>{state}</strong>
            </span>
            <dl class="pairs">
                <dt>"Declared"</dt>
                <dd>
                    <ul>{deploys}</ul>
                </dd>
                {(!silent)
                    .then(|| {
                        view! {
                            <dt>"Running"</dt>
                            <dd>
                                <ul>{differing} {agreeing} {before}</ul>
                            </dd>
                        }
                    })}
            </dl>
            <span class="line__soft">{lag(declared)}</span>
            {tab_list("differ", &declared.tabs, declared.tab_count)}
        </li>
    }
}

fn lag(declared: &Declared) -> String {
    let minutes = count(declared.lag_secs as usize / 60, "minute", "minutes");
    match declared.lag_deploys {
        0 => format!(
            "Runs may differ for {minutes}, until enough changes are known to tell what is usual."
        ),
        deploys => format!(
            "Runs may differ for {minutes}: so its last {} say.",
            count(deploys as usize, "change", "changes")
        ),
    }
}

fn deploy_line(deploy: &DeployLine) -> impl IntoView + use<> {
    let source = safe_url(&deploy.source).map(|url| {
        view! {
            " · "
            <a href=url.to_owned() rel="external noopener">
                "its source"
            </a>
        }
    });
    let place = (!deploy.environment.is_empty()).then(|| {
        view! {
            " in "
            <bdi>{visible(&deploy.environment)}</bdi>
        }
    });
    view! {
        <code>{visible(short_version(&deploy.version))}</code>
        {place}
        " since "
        <Time ms=deploy.time.timestamp_millis() />
        ", told by "
        <bdi>{visible(&deploy.reporter)}</bdi>
        {source}
    }
}

fn running_line(declared: &Declared, line: &RunningLine) -> impl IntoView + use<> {
    let name = &declared.component;
    let between = declared.deploys.first().map(|deploy| {
        view! {
            " · "
            <a href=paths::compare(name, &line.version, &deploy.version)>
                "what lies between"
            </a>
        }
    });
    view! {
        <a href=paths::infra_version(name, &line.version)>
            <code>{visible(short_version(&line.version))}</code>
        </a>
        {format!(" in {}, last ", count(line.tabs as usize, "tab", "tabs"))}
        <Time ms=line.last.timestamp_millis() />
        {between}
    }
}
