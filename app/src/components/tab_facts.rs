//! What is known of a tab beside its results: why its status is what it is, how old its data is, whom to
//! ask, and where to look further.

use leptos::prelude::*;
use model::wire::TabSummary;

use crate::{
    components::clock::Age,
    paths,
    text::{safe_url, visible, visible_message},
};

/// The sentence of the reason, without the status that stands before it as a badge.
pub fn reason_text(tab: &TabSummary) -> String {
    let text = tab
        .reason
        .strip_prefix(tab.status.word())
        .and_then(|rest| rest.strip_prefix(" because "))
        .unwrap_or(&tab.reason);
    let mut text = visible(text);
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Reason, facts, links and description, each on lines of its own.
#[component]
pub fn TabFacts(
    /// The tab.
    tab: TabSummary,
    /// Further facts, behind the others.
    #[prop(optional)]
    more: Option<AnyView>,
) -> impl IntoView {
    let reason = reason_text(&tab);
    let green = match &tab.latest_green {
        Some(build) => format!("Last green: build {}", visible(build)),
        None => "No green run in the data".to_owned(),
    };
    let age = |words: &'static str, at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map(|at| {
            view! {
                <span>
                    {words} <Age ms=at.timestamp_millis() />
                </span>
            }
        })
    };
    let owners = (!tab.about.owners.is_empty()).then(|| {
        let mails = tab
            .about
            .owners
            .iter()
            .map(|mail| {
                view! {
                    " "
                    <a href=format!("mailto:{mail}") rel="external">
                        <bdi>{visible(mail)}</bdi>
                    </a>
                }
            })
            .collect_view();
        view! { <span data-testid="owner">"Owner" {mails}</span> }
    });
    let links = tab
        .about
        .links
        .iter()
        .filter_map(|link| {
            let url = safe_url(&link.url)?.to_owned();
            Some(view! {
                <a href=url rel="external">
                    <bdi>{visible(&link.text)}</bdi>
                </a>
            })
        })
        .collect_view();
    let description = (!tab.about.description.is_empty()).then(|| {
        view! {
            <p class="facts__description">
                <bdi>{visible_message(&tab.about.description)}</bdi>
            </p>
        }
    });
    let run = if tab.last_run.is_some() {
        "Last run began "
    } else {
        "No run yet"
    };
    let pages = [
        ("Rows as a list", paths::rows(&tab.dashboard, &tab.tab, "")),
        ("Metrics", paths::metrics(&tab.dashboard, &tab.tab, "")),
    ]
    .map(|(text, path)| {
        view! {
            <a href=path rel="external">
                {text}
            </a>
        }
    });
    view! {
        <div class="facts">
            <p class="facts__reason" data-testid="reason">
                <bdi>{reason}</bdi>
            </p>
            <p class="facts__line">
                <span>
                    <bdi>{visible(&tab.message)}</bdi>
                </span>
                <span>{green}</span>
                {age(run, tab.last_run)}
                {age("Results changed ", tab.last_update)}
                {more}
            </p>
            <p class="facts__line">{owners} {links} {pages.collect_view()}</p>
            {description}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::summary::TabStatus;

    #[test]
    fn the_status_is_said_once() {
        let text = |status, reason: &str| {
            reason_text(&TabSummary {
                status,
                reason: reason.to_owned(),
                ..blank()
            })
        };
        for (status, reason, shown) in [
            (
                TabStatus::Failing,
                "FAILING because 2 rows failed 3 times",
                "2 rows failed 3 times",
            ),
            (
                TabStatus::Passing,
                "PASSING because all results passed",
                "All results passed",
            ),
            (TabStatus::Stale, "élan", "élan"),
            (TabStatus::Unknown, "", ""),
        ] {
            assert_eq!(text(status, reason), shown);
        }
    }

    fn blank() -> TabSummary {
        serde_json::from_value(serde_json::json!({
            "dashboard": "", "tab": "", "status": "UNKNOWN", "reason": "", "why": {},
            "message": "", "metrics": {"completed_columns": 0, "passing_columns": 0, "ignored_columns": 0, "filled_cells": 0, "passing_cells": 0, "broken": false}, "strip": [], "failing": [], "failing_count": 0,
            "row_count": 0, "latest_green": null, "last_run": null, "last_update": null,
        }))
        .expect("a tab of which nothing is known")
    }
}
