//! The failing rows of a tab: since when, and what moved between the last pass and the first failure.

use leptos::prelude::*;
use leptos_router::components::A;
use model::{
    infra::short_version,
    query::TabQuery,
    summary::{Movement, MovementState, Movements},
    wire::FailingRow,
};

use crate::{
    components::{clock::Time, name_link::name_link},
    paths,
    text::{count, visible, visible_message},
};

/// The failing rows of a tab.
#[component]
pub fn FailingRows(
    /// Worst first.
    rows: Vec<FailingRow>,
    /// How many more there are.
    hidden: usize,
    /// The path of the tab.
    path: String,
) -> impl IntoView {
    let rows = rows
        .iter()
        .map(|row| failing_row(row, &path).into_any())
        .collect_view();
    let more = (hidden > 0).then(|| {
        view! {
            <p class="failing__more">
                <A href=path>{format!("and {}", count(hidden, "more row", "more rows"))}</A>
            </p>
        }
    });
    view! {
        <div class="failing" data-testid="failing-rows">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Failing row"</th>
                        <th scope="col">"Failures"</th>
                        <th scope="col">"First failure"</th>
                        <th scope="col">"Last pass"</th>
                        <th scope="col">"Infra since"</th>
                        <th scope="col">"Product since"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {more}
        </div>
    }
}

fn failing_row(row: &FailingRow, path: &str) -> impl IntoView + use<> {
    let link = |query: &TabQuery, text: &str| {
        name_link(format!("{path}?{}", query.to_query_string()), text)
    };
    let only_row = TabQuery {
        include: vec![crate::grid::names::pattern_of(&row.name)],
        ..TabQuery::default()
    };
    let at_seam = TabQuery {
        seam: Some(row.first_fail_build.clone()),
        ..TabQuery::default()
    };
    let name = link(&only_row, &row.name);
    let build = |text: AnyView| view! { <span class="failing__build">{text}</span> };
    let first = build(link(&at_seam, &format!("build {}", row.first_fail_build)));
    let last_pass = row.last_pass.map_or_else(
        || "not in the data".into_any(),
        |at| view! { <Time ms=at.timestamp_millis() /> }.into_any(),
    );
    let last_pass_build = row
        .last_pass_build
        .as_deref()
        .map(|id| build(format!("build {}", visible(id)).into_any()));
    let message = (!row.message.is_empty()).then(|| {
        view! {
            <span class="failing__message">
                <bdi>{visible_message(&row.message)}</bdi>
            </span>
        }
    });
    let bugs = row
        .bugs
        .iter()
        .map(|bug| {
            view! {
                <a class="failing__bug" href=bug.url.clone() rel="external">
                    <bdi>{visible(&bug.text)}</bdi>
                </a>
            }
        })
        .collect_view();
    let moved = |kind: &'static str| {
        let movements = row.moved.as_ref().map(|moved| match kind {
            "infra" => &moved.infra,
            _ => &moved.product,
        });
        moved_view(kind, movements)
    };
    view! {
        <tr data-testid="failing-row" data-row-name=visible(&row.name)>
            <td class="failing__name">{name} {bugs} {message}</td>
            <td class="failing__count" data-label="Failures">
                {row.fail_count}
            </td>
            <td data-label="First failure">
                <Time ms=row.since.timestamp_millis() />
                {first}
            </td>
            <td data-label="Last pass">{last_pass} {last_pass_build}</td>
            <td data-label="Infra since">{moved("infra")}</td>
            <td data-label="Product since">{moved("product")}</td>
        </tr>
    }
}

/// What the components of one kind did, each change with the page that compares.
fn moved_view(kind: &'static str, movements: Option<&Movements>) -> AnyView {
    let Some(movements) = movements else {
        return "no pass to compare with".into_any();
    };
    let changes = movements
        .changes
        .iter()
        .map(|change| {
            let text = change_text(change);
            let title = format!(
                "{} {} → {}",
                visible(&change.component),
                visible(&change.from),
                visible(&change.to)
            );
            let shown = match &change.compare_url {
                Some(_) => view! {
                    <a
                        href=paths::compare(&change.component, &change.from, &change.to)
                        rel="external"
                        title=title
                        data-testid="compare"
                        data-kind=kind
                    >
                        {text}
                    </a>
                }
                .into_any(),
                None => view! { <span title=title>{text}</span> }.into_any(),
            };
            view! {
                <span class="moved" data-kind=kind>
                    <bdi class="moved__component">{visible(&change.component)}</bdi>
                    " "
                    {shown}
                </span>
            }
        })
        .collect_view();
    let rest = match movements.state {
        MovementState::Unchanged => Some("unchanged".to_owned()),
        MovementState::Unknown => Some("unknown".to_owned()),
        MovementState::Changed if movements.unknown.is_empty() => None,
        MovementState::Changed => Some(format!("{} unknown", movements.unknown.len())),
    };
    let rest = rest.map(|text| view! { <span class="moved__rest">{text}</span> });
    view! {
        {changes}
        {rest}
    }
    .into_any()
}

/// `a1b2c3d..b2c3d4e`, with a question mark when the two need not be comparable.
fn change_text(change: &Movement) -> String {
    format!(
        "{}..{}{}",
        visible(short_version(&change.from)),
        visible(short_version(&change.to)),
        if change.certain { "" } else { "?" }
    )
}
