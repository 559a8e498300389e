//! Where results come from, and how fresh they are.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    freshness::age,
    wire::{ReplicaState, SourceHealth, SourcePage, SourceState, Sources},
};

use super::ServerPage;
use crate::{
    components::clock::Age,
    paths,
    text::{count, visible},
};

/// How many fresh sources are listed; the others always are.
const FRESH: usize = 200;

/// The page of all sources.
pub fn status_page(sources: Sources, now_ms: i64) -> ServerPage {
    ServerPage::new("Status".to_owned(), move || status_view(&sources, now_ms))
}

/// The page of one source.
pub fn source_page(page: SourcePage, now_ms: i64) -> ServerPage {
    let title = format!("Source of {}", visible(&page.source.group));
    ServerPage::new(title, move || source_view(&page, now_ms))
}

fn status_view(sources: &Sources, now_ms: i64) -> impl IntoView + use<> {
    let of = |health: SourceHealth| {
        sources
            .items
            .iter()
            .filter(|source| source.health == health)
            .count()
    };
    let counts = SourceHealth::ALL.map(|health| {
        view! {
            <li class="source__count" data-health=health.word()>
                <strong>{of(health)}</strong>
                " "
                {words(health)}
            </li>
        }
    });
    let waiting = sources
        .items
        .iter()
        .filter(|source| source.queue_position.is_some())
        .count();
    let left: u64 = sources.items.iter().map(|source| source.remaining).sum();
    let waiting = match waiting {
        0 => "None waits for its turn".to_owned(),
        1 => "1 waits for its turn".to_owned(),
        waiting => format!("{waiting} wait for their turn"),
    };
    let left = match left {
        0 => String::new(),
        left => format!(
            "; {} known but not read yet",
            count(left as usize, "build is", "builds are")
        ),
    };
    let said = format!(
        "{}, each read every {}. {waiting}{left}.",
        count(sources.items.len(), "test group", "test groups"),
        age(sources.poll_secs as i64 * 1000),
    );
    let silent = sources.unreachable_since.map(|since| {
        let since = age(now_ms - since.timestamp_millis());
        view! {
            <p class="notice" role="alert">
                {format!("The database gives no answer for {since}; this is how it stood before.")}
            </p>
        }
    });
    let nobody = (sources.replicas.is_empty() && !sources.items.is_empty()).then(|| {
        view! {
            <p class="notice" role="alert">
                "No process reads the test groups: start seamgrid update, or seamgrid serve without --no-update."
            </p>
        }
    });
    let fresh = of(SourceHealth::Fresh);
    let hidden = fresh.saturating_sub(FRESH);
    let mut left = FRESH;
    let rows = sources
        .items
        .iter()
        .filter(|source| {
            if source.health != SourceHealth::Fresh {
                return true;
            }
            let is_listed = left > 0;
            left = left.saturating_sub(1);
            is_listed
        })
        .map(|source| row(source, now_ms))
        .collect_view();
    view! {
        <div class="page" data-testid="status">
            <h1>"Status"</h1>
            {silent}
            {nobody}
            <ul class="source__counts">{counts.into_iter().collect_view()}</ul>
            <p class="source__said">{said}</p>
            {replicas(&sources.replicas, now_ms)}
            <h2>"Sources"</h2>
            <div class="source__scroll">
                <table class="source__table">
                    <thead>
                        <tr>
                            <th scope="col">"Test group"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Last read"</th>
                            <th scope="col" title="From the end of a build until it was stored, when last measured">
                                "Lag"
                            </th>
                            <th scope="col">"Next"</th>
                            <th scope="col">"Last error"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {(hidden > 0).then(|| view! { <p>{format!("{hidden} more are fresh.")}</p> })}
        </div>
    }
}

fn words(health: SourceHealth) -> &'static str {
    match health {
        SourceHealth::Behind => "behind",
        SourceHealth::Failing => "failing",
        SourceHealth::Waiting => "not read yet",
        SourceHealth::Fresh => "fresh",
    }
}

/// A mark that can be told without colour.
fn mark(health: SourceHealth) -> &'static str {
    match health {
        SourceHealth::Behind => "✕",
        SourceHealth::Failing => "!",
        SourceHealth::Waiting => "…",
        SourceHealth::Fresh => "✓",
    }
}

fn when(time: Option<DateTime<Utc>>) -> AnyView {
    match time {
        Some(time) => view! { <Age ms=time.timestamp_millis() /> }.into_any(),
        None => "never".into_any(),
    }
}

fn next(source: &SourceState, now_ms: i64) -> String {
    match (&source.replica, source.queue_position) {
        (Some(_), _) => "being read".to_owned(),
        (None, Some(position)) if source.pushed => format!("number {position}, asked for"),
        (None, Some(position)) => format!("number {position}"),
        (None, None) => format!("in {}", age(source.next_poll.timestamp_millis() - now_ms)),
    }
}

fn health_badge(source: &SourceState) -> AnyView {
    view! {
        <span class="source__health" data-health=source.health.word()>
            <span aria-hidden="true">{mark(source.health)}</span>
            " "
            {words(source.health)}
        </span>
    }
    .into_any()
}

fn row(source: &SourceState, now_ms: i64) -> AnyView {
    let error = source
        .last_error
        .as_deref()
        .map(visible)
        .unwrap_or_default();
    view! {
        <tr data-testid="source" data-health=source.health.word()>
            <th scope="row">
                <a href=paths::source(&source.group)>
                    <bdi>{visible(&source.group)}</bdi>
                </a>
            </th>
            <td>{health_badge(source)}</td>
            <td data-label="Last read">{when(source.last_success)}</td>
            {source.lag_ms.map(|lag_ms| view! { <td data-label="Lag">{age(lag_ms)}</td> }.into_any())
                .unwrap_or_else(|| view! { <td></td> }.into_any())}
            <td data-label="Next">{next(source, now_ms)}</td>
            <td class="source__error">{error}</td>
        </tr>
    }
    .into_any()
}

fn replicas(replicas: &[ReplicaState], now_ms: i64) -> Option<AnyView> {
    let items = replicas
        .iter()
        .map(|replica| {
            let silent = age(now_ms - replica.seen.timestamp_millis());
            let leases = match replica.leases.len() {
                0 => "reads nothing now".to_owned(),
                count => format!("reads {count} now"),
            };
            let names = replica
                .leases
                .iter()
                .map(|lease| visible(&lease.group))
                .collect::<Vec<_>>()
                .join(", ");
            view! {
                <li data-testid="replica" title=names>
                    <bdi>{visible(&replica.name)}</bdi>
                    {format!(": {leases}, heard of {silent} ago, began ")}
                    <Age ms=replica.started.timestamp_millis() />
                </li>
            }
        })
        .collect_view();
    (!replicas.is_empty()).then(|| {
        view! {
            <h2>"Processes"</h2>
            <ul class="source__replicas">{items}</ul>
        }
        .into_any()
    })
}

fn source_view(page: &SourcePage, now_ms: i64) -> impl IntoView + use<> {
    let source = &page.source;
    let error = source.last_error.as_deref().map(|error| {
        let times = match source.failures {
            0 | 1 => "The last look failed".to_owned(),
            failures => format!("The last {failures} looks failed"),
        };
        view! { <p class="notice" role="alert">{format!("{times}: {}", visible(error))}</p> }
    });
    let builds = page
        .builds
        .iter()
        .map(|build| {
            let problems = build
                .problems
                .iter()
                .map(|problem| {
                    view! {
                        <li>
                            <code>{visible(&problem.file)}</code>
                            ": "
                            {visible(&problem.message)}
                        </li>
                    }
                })
                .collect_view();
            view! {
                <li data-testid="broken-build">
                    <strong>{visible(&build.build)}</strong>
                    ", began "
                    <Age ms=build.started.timestamp_millis() />
                    <ul>{problems}</ul>
                </li>
            }
        })
        .collect_view();
    let said = if page.builds.is_empty() && source.last_success.is_none() {
        "No build has been read yet.".to_owned()
    } else if page.builds.is_empty() {
        "Everything of every build could be read.".to_owned()
    } else {
        format!(
            "Something could not be read of {}; the newest first.",
            count(page.builds.len(), "build", "builds")
        )
    };
    let lag = source
        .lag_ms
        .map_or_else(|| "not measured yet".to_owned(), age);
    view! {
        <div class="page" data-testid="source-page">
            <p class="crumbs">
                <a href=paths::STATUS>"Status"</a>
            </p>
            <h1>
                <bdi>{visible(&source.group)}</bdi>
            </h1>
            {error}
            <dl class="source__facts">
                <dt>"State"</dt>
                <dd>{health_badge(source)}</dd>
                <dt>"Last read"</dt>
                <dd>{when(source.last_success)}</dd>
                <dt>"Next"</dt>
                <dd>{next(source, now_ms)}</dd>
                <dt>"Lag"</dt>
                <dd>{lag}</dd>
                <dt>"Not read yet"</dt>
                <dd>{count(source.remaining as usize, "build", "builds")}</dd>
            </dl>
            <h2>"Builds that could not be read whole"</h2>
            <p>{said}</p>
            <ul class="source__builds">{builds}</ul>
        </div>
    }
}
