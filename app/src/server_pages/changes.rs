//! What changed since a moment, for people who come back.

use leptos::prelude::*;
use model::{
    summary::{StatusTurn, TabStatus, TurnedTo},
    wire::{BeganToFail, ChangesSince, TabTurn},
};

use super::{ServerPage, infra::change_line};
use crate::{
    components::{
        clock::{Age, Time},
        name_link::{row_link, tab_link},
        status::StatusBadge,
    },
    paths,
    text::{count, visible},
};

const HOUR_MS: i64 = 3_600_000;

/// What changed. `asked` says that the reader chose since when.
pub fn changes_page(found: ChangesSince, asked: bool, now_ms: i64) -> ServerPage {
    ServerPage::new("What changed".to_owned(), move || {
        let since_ms = found.since.timestamp_millis();
        view! {
            <div class="page changes" data-testid="changes" data-count=found.count.to_string()>
                <header class="compare__head">
                    <h1>"What changed"</h1>
                    <p class="compare__crumb">
                        "On the release branches, since " <Time ms=since_ms /> ", "
                        <Age ms=since_ms /> "."
                    </p>
                </header>
                {choices(asked, now_ms)}
                {(found.count == 0 && found.turns.is_empty())
                    .then(|| {
                        view! {
                            <p class="empty">"Nothing: every tab is as it was, and so is the infrastructure."</p>
                        }
                    })}
                {turned(&found.turns)}
                {began(&found.failing)}
                {infra(&found)}
            </div>
        }
    })
}

/// Other moments to look from.
fn choices(asked: bool, now_ms: i64) -> impl IntoView {
    let spans = [
        ("Last 2 hours", 2),
        ("Last 12 hours", 12),
        ("Last day", 24),
        ("Last 3 days", 72),
        ("Last week", 168),
    ];
    let links = spans
        .map(|(text, hours)| {
            let href = format!("{}?since={}", paths::CHANGES, now_ms - hours * HOUR_MS);
            let current = (!asked && hours == 24).then_some("true");
            view! {
                <a class="choices__one" href=href aria-current=current>
                    {text}
                </a>
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <nav class="choices" aria-label="Since when">
            {links}
        </nav>
    }
}

fn part(id: &'static str, heading: &'static str, how_many: String, items: AnyView) -> AnyView {
    view! {
        <section class="part" data-testid=id>
            <h2>{heading} " " <span class="part__count">{how_many}</span></h2>
            <ul class="lines">{items}</ul>
        </section>
    }
    .into_any()
}

fn turned(turns: &[TabTurn]) -> AnyView {
    let way = |turn: &TabTurn| {
        let (before, after) = (turn.before, turn.after);
        StatusTurn { before, after }.turned_to()
    };
    [
        (TurnedTo::Worse, "turned-worse", "Worse"),
        (TurnedTo::Better, "turned-better", "Better"),
        (TurnedTo::Back, "turned-back", "Turned and came back"),
    ]
    .map(|(wanted, id, heading)| {
        let of: Vec<&TabTurn> = turns.iter().filter(|turn| way(turn) == wanted).collect();
        let items = of.iter().map(|turn| turn_line(turn)).collect_view();
        let how_many = count(of.len(), "tab", "tabs");
        (!of.is_empty()).then(|| part(id, heading, how_many, items.into_any()))
    })
    .into_iter()
    .collect_view()
    .into_any()
}

fn named(branch: &str, dashboard: &str, tab: &str) -> impl IntoView + use<> {
    let branch = (!branch.is_empty()).then(|| {
        view! {
            <span class="mark">
                <bdi>{visible(branch)}</bdi>
            </span>
        }
    });
    view! { {branch} {tab_link(dashboard, tab)} }
}

fn turn_line(turn: &TabTurn) -> impl IntoView + use<> {
    let was = match turn.before {
        TabStatus::Unknown => "without results before".to_owned(),
        before => format!("was {}", before.word().to_ascii_lowercase()),
    };
    let often = (turn.times > 1).then(|| format!(", turned {} times", turn.times));
    view! {
        <li
            class="line"
            data-testid="turned-tab"
            data-before=turn.before.word()
            data-status=turn.after.word()
        >
            <span class="line__head">
                <StatusBadge status=turn.after />
                {named(&turn.branch, &turn.dashboard, &turn.tab)}
                <span class="line__soft">
                    {was} {often} " · " <Age ms=turn.at.timestamp_millis() />
                </span>
            </span>
            <span>{visible(&turn.reason)}</span>
        </li>
    }
}

fn began(tabs: &[BeganToFail]) -> Option<AnyView> {
    let items = tabs.iter().map(began_line).collect_view();
    let rows: u32 = tabs.iter().map(|tab| tab.count).sum();
    let how_many = format!(
        "{} on {}",
        count(rows as usize, "row", "rows"),
        count(tabs.len(), "tab", "tabs")
    );
    (!tabs.is_empty()).then(|| {
        let heading = "Rows that began to fail";
        part("began-to-fail", heading, how_many, items.into_any())
    })
}

fn began_line(tab: &BeganToFail) -> impl IntoView + use<> {
    let rows = tab
        .rows
        .iter()
        .map(|row| {
            view! {
                <li>
                    {row_link(&tab.dashboard, &tab.tab, &row.id, &row.name)}
                    " "
                    <span class="line__soft">
                        {count(row.fail_count as usize, "failure", "failures")} ", first "
                        <Age ms=row.since.timestamp_millis() /> " in build "
                        <bdi>{visible(&row.build)}</bdi>
                    </span>
                </li>
            }
        })
        .collect_view();
    let more = tab.count as usize - tab.rows.len().min(tab.count as usize);
    view! {
        <li class="line" data-testid="began-tab" data-status=tab.status.word()>
            <span class="line__head">
                <StatusBadge status=tab.status />
                {named(&tab.branch, &tab.dashboard, &tab.tab)}
            </span>
            <ul class="turns__rows">{rows}</ul>
            {(more > 0).then(|| view! { <span class="line__soft">{format!("and {more} more")}</span> })}
        </li>
    }
}

fn infra(found: &ChangesSince) -> Option<AnyView> {
    let items = found.infra.iter().map(change_line).collect_view();
    let how_many = count(found.infra.len(), "change", "changes");
    (!found.infra.is_empty()).then(|| {
        let heading = "The infrastructure";
        part("infra-since", heading, how_many, items.into_any())
    })
}
