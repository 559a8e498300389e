//! What differs between two builds of a tab: a page, and the same as a panel beside the grid.

use leptos::prelude::*;
use model::{
    infra::{ComponentKind, short_version},
    job_spec::SpecChange,
    pair::{ChangedRow, HeaderMove, PairRows, RowChange},
    query::TabQuery,
    wire::infra::{BuildsCompared, ComponentMove, SpecsCompared, TabName},
};

use super::glyph;
use crate::{
    components::clock::Time,
    paths,
    server_pages::ServerPage,
    text::{count, safe_url, visible, visible_message},
};

/// How many rows of each kind stand open.
const OPEN: usize = 12;
/// How many rows of each kind are listed at all.
const LISTED: usize = 500;

/// What differs between two builds of a tab.
pub fn builds_page(found: BuildsCompared) -> ServerPage {
    let title = format!("{}: two builds", visible(&found.tab.tab));
    ServerPage::new(title, move || {
        let tab = &found.tab;
        view! {
            <div class="page compare" data-testid="builds">
                <header class="compare__head">
                    <p class="compare__crumb">
                        <a href=paths::dashboard(&tab.dashboard) rel="external">
                            <bdi>{visible(&tab.dashboard)}</bdi>
                        </a>
                        " / "
                        <a href=paths::tab(&tab.dashboard, &tab.tab) rel="external">
                            <bdi>{visible(&tab.tab)}</bdi>
                        </a>
                    </p>
                    <h1>"Two builds"</h1>
                </header>
                {told(&found)}
                <p class="compare__tools">
                    <a class="button" href=in_grid(&found, None) rel="external">
                        "In the grid"
                    </a>
                </p>
            </div>
        }
    })
}

/// The same without what a page has around it. Rows are buttons that name theirs in `data-row`.
pub fn builds_part(found: BuildsCompared) -> ServerPage {
    ServerPage::new(String::new(), move || {
        let tab = &found.tab;
        let page = paths::compare_builds(&tab.dashboard, &tab.tab, &found.older, &found.newer);
        view! {
            <div data-testid="builds">
                {told(&found)} <p class="compare__tools">
                    <a class="button" href=page rel="external">
                        "As a page"
                    </a>
                </p>
            </div>
        }
    })
}

/// The grid with the two builds chosen, and perhaps a row in sight.
fn in_grid(found: &BuildsCompared, row: Option<&str>) -> String {
    let query = TabQuery {
        older: Some(found.older.clone()),
        newer: Some(found.newer.clone()),
        row: row.map(str::to_owned),
        ..TabQuery::default()
    };
    let tab = &found.tab;
    let path = paths::tab(&tab.dashboard, &tab.tab);
    format!("{path}?{}", query.to_query_string())
}

fn told(found: &BuildsCompared) -> impl IntoView + use<> {
    let tab = &found.tab;
    let side = |side: &'static str, build: &str, ms: i64| {
        view! {
            <div class="end" data-testid="builds-end" data-side=side>
                <span class="end__side">{side}</span>
                <span class="end__name">
                    <bdi>{visible(build)}</bdi>
                </span>
                <span class="end__soft">
                    <Time ms />
                </span>
            </div>
        }
    };
    let (moved, same): (Vec<_>, Vec<_>) = found.components.iter().partition(|it| !it.same);
    let lines = |all: &[&ComponentMove]| {
        all.iter()
            .map(|component| component_line(component, tab))
            .collect_view()
    };
    let links = found
        .links
        .iter()
        .filter_map(|link| Some((safe_url(&link.url)?.to_owned(), visible(&link.text))))
        .map(|(url, text)| {
            view! {
                <a class="button" href=url rel="external noopener" target="_blank">
                    {text}
                    " ↗"
                </a>
            }
        })
        .collect_view();
    view! {
        <div class="ends">
            {side("older", &found.older, found.older_time.timestamp_millis())}
            {side("newer", &found.newer, found.newer_time.timestamp_millis())}
        </div>
        <p class="verdict" data-testid="builds-verdict" data-glyph=found.glyph.sign()>
            {glyph(found.glyph)}
            " "
            {found.glyph.words()}
        </p>
        {(!found.links.is_empty()).then(|| view! { <p class="compare__tools">{links}</p> })}
        <section class="part">
            <h2>"Versions"</h2>
            {moved
                .is_empty()
                .then(|| view! { <p class="part__said">"All known versions are the same."</p> })}
            <ul class="lines">{lines(&moved)}</ul>
            {(!same.is_empty())
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>
                                {format!("{} the same in both", count(same.len(), "version", "versions"))}
                            </summary>
                            <ul class="lines">{lines(&same)}</ul>
                        </details>
                    }
                })}
        </section>
        {(!found.headers.is_empty())
            .then(|| {
                view! {
                    <section class="part">
                        <h2>"Headers"</h2>
                        <ul class="lines">
                            {found.headers.iter().map(header_line).collect_view()}
                        </ul>
                    </section>
                }
            })}
        {spec(&found.spec)}
        {rows(found)}
    }
}

fn component_line(moved: &ComponentMove, tab: &TabName) -> impl IntoView + use<> {
    let kind = match moved.kind {
        ComponentKind::Infra => "infrastructure",
        ComponentKind::Product => "product",
    };
    let said = match (&moved.from, &moved.to) {
        (Some(from), _) if moved.same => {
            view! { <code>{visible(short_version(from))}</code> " in both" }.into_any()
        }
        (Some(from), Some(to)) => view! {
            <a
                href=paths::compare_for(&moved.component, from, to, &tab.dashboard, &tab.tab)
                rel="external"
            >
                <code>{visible(short_version(from))}</code>
                " → "
                <code>{visible(short_version(to))}</code>
            </a>
        }
        .into_any(),
        (from, to) => {
            let word = |version: &Option<String>| {
                version
                    .as_deref()
                    .map_or_else(|| "unknown".to_owned(), |it| visible(short_version(it)))
            };
            format!("{} → {}", word(from), word(to)).into_any()
        }
    };
    view! {
        <li
            class="line"
            data-testid="builds-component"
            data-component=moved.component.clone()
            data-same=moved.same.then_some("")
        >
            <span class="line__head">
                <bdi class="bump__what">{visible(&moved.component)}</bdi>
                {said}
                <span class="line__soft">{kind}</span>
            </span>
        </li>
    }
}

fn header_line(header: &HeaderMove) -> impl IntoView + use<> {
    let value = |value: &Option<String>| match value.as_deref() {
        None | Some("") => view! { <span class="line__soft">"none"</span> }.into_any(),
        Some(value) => view! { <code>{visible(value)}</code> }.into_any(),
    };
    view! {
        <li class="line" data-testid="builds-header">
            <span class="line__head">
                <bdi class="bump__what">{visible(&header.name)}</bdi>
                <span>{value(&header.from)} " → " {value(&header.to)}</span>
            </span>
        </li>
    }
}

/// What the jobs were asked to do.
fn spec(spec: &SpecsCompared) -> impl IntoView + use<> {
    let said = match (spec.older_known, spec.newer_known, spec.changes.len()) {
        (true, true, 0) => "Both builds were asked to do the same.",
        (true, true, _) => "",
        (false, false, _) => {
            "Nothing is known of either build: no prowjob.json was read, or before it was kept."
        }
        (false, true, _) => {
            "Nothing is known of the older build: no prowjob.json was read, or before it was kept."
        }
        (true, false, _) => "Nothing is known of the newer build: no prowjob.json was read.",
    };
    let lines = spec.changes.iter().map(spec_line).collect_view();
    view! {
        <section class="part" data-testid="builds-spec">
            <h2>"Job specification"</h2>
            {(!said.is_empty()).then(|| view! { <p class="part__said">{said}</p> })}
            <ul class="lines">{lines}</ul>
        </section>
    }
}

fn spec_line(change: &SpecChange) -> impl IntoView + use<> {
    let several = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\n'));
    let told = if several(&change.from) || several(&change.to) {
        let lines = line_changes(
            change.from.as_deref().unwrap_or_default(),
            change.to.as_deref().unwrap_or_default(),
        );
        let lines = lines
            .into_iter()
            .map(|(sign, line)| {
                view! {
                    <li class="spec__line" data-sign=sign>
                        {sign}
                        " "
                        <code>{visible(line)}</code>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="spec__lines">{lines}</ul> }.into_any()
    } else {
        let value = |value: &Option<String>| match value {
            None => view! { <span class="line__soft">"not set"</span> }.into_any(),
            Some(value) => view! { <code>{visible(value)}</code> }.into_any(),
        };
        view! { <span>{value(&change.from)} " → " {value(&change.to)}</span> }.into_any()
    };
    view! {
        <li class="line" data-testid="builds-spec-change" data-facet=change.facet.words()>
            <span class="line__head">
                <span class="bump__what">{change.facet.words()} " " <bdi>{visible(&change.name)}</bdi></span>
                {told}
            </span>
        </li>
    }
}

/// The lines that only one of two texts has, with their signs: first those that went, then those that
/// came.
fn line_changes<'a>(from: &'a str, to: &'a str) -> Vec<(&'static str, &'a str)> {
    let only = |these: &'a str, those: &str, sign| {
        let mut known: Vec<&str> = those.lines().collect();
        let mut only = Vec::new();
        for line in these.lines() {
            match known.iter().position(|known| *known == line) {
                Some(at) => {
                    known.swap_remove(at);
                }
                None => only.push((sign, line)),
            }
        }
        only
    };
    let mut lines = only(from, to, "−");
    lines.extend(only(to, from, "+"));
    if lines.is_empty() {
        lines.push(("±", "the same lines in another order"));
    }
    lines
}

/// What the rows did, in one sentence.
fn rows_sentence(rows: &PairRows) -> String {
    let changed = rows.changed.len();
    let mut said = format!(
        "{} of {} with a result in both changed.",
        changed,
        count(rows.both as usize, "row", "rows")
    );
    for (number, side) in [(rows.only_newer, "newer"), (rows.only_older, "older")] {
        if number > 0 {
            said.push_str(&format!(
                " {} in the {side} build alone.",
                match number {
                    1 => "1 has a result".to_owned(),
                    many => format!("{many} have a result"),
                }
            ));
        }
    }
    said
}

fn rows(found: &BuildsCompared) -> impl IntoView + use<> {
    let lists = RowChange::ALL
        .into_iter()
        .map(|change| {
            let rows: Vec<&ChangedRow> = (found.rows.changed.iter())
                .filter(|row| row.change == change)
                .collect();
            row_list(found, change, &rows)
        })
        .collect_view();
    view! {
        <section class="part" data-testid="builds-rows">
            <h2>"Rows"</h2>
            <p class="part__said">{rows_sentence(&found.rows)}</p>
            {lists}
        </section>
    }
}

fn row_list(found: &BuildsCompared, change: RowChange, rows: &[&ChangedRow]) -> Option<AnyView> {
    let item = |row: &&ChangedRow| row_line(found, row);
    let first = rows.iter().take(OPEN).map(item).collect_view();
    let rest: Vec<_> = (rows.iter().take(LISTED).skip(OPEN).map(item)).collect();
    let (more, cut) = (rest.len(), rows.len().saturating_sub(LISTED));
    (!rows.is_empty()).then(|| {
        view! {
            <h3 class="pair__title" data-change=word(change)>
                {change.words()}
                " "
                <span class="turned__count">{count(rows.len(), "row", "rows")}</span>
            </h3>
            <ul class="pair__rows">{first}</ul>
            {(more > 0)
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>{format!("{more} more")}</summary>
                            <ul class="pair__rows">{rest}</ul>
                            {(cut > 0).then(|| view! { <p>{format!("and {cut} more")}</p> })}
                        </details>
                    }
                })}
        }
        .into_any()
    })
}

/// The value of `data-change`.
const fn word(change: RowChange) -> &'static str {
    match change {
        RowChange::Broke => "broke",
        RowChange::Fixed => "fixed",
        RowChange::TurnedFlaky => "flaky",
        RowChange::Settled => "settled",
    }
}

fn row_line(found: &BuildsCompared, row: &ChangedRow) -> impl IntoView + use<> {
    let message = visible_message(&row.message);
    view! {
        <li class="pair__row" data-testid="pair-row" data-change=word(row.change)>
            <span class="pair__turn" title=format!("{} → {}", row.from.word(), row.to.word())>
                <span class="pair__cell cell" data-status=row.from.name() aria-hidden="true">
                    {row.from.glyph()}
                </span>
                <span class="pair__cell cell" data-status=row.to.name() aria-hidden="true">
                    {row.to.glyph()}
                </span>
                <span class="unseen">{format!("{}, then {}: ", row.from.word(), row.to.word())}</span>
            </span>
            <a class="pair__name" data-row=row.id.clone() href=in_grid(found, Some(&row.id)) rel="external">
                <bdi>{visible(&row.name)}</bdi>
            </a>
            {(!message.is_empty())
                .then(|| {
                    view! {
                        <span class="turned__message">
                            <bdi>{message}</bdi>
                        </span>
                    }
                })}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_by_what_only_one_has() {
        assert_eq!(line_changes("a\nb\nb", "b\nc\na"), [("−", "b"), ("+", "c")]);
        assert_eq!(line_changes("a\nb", "b\na").len(), 1);
        assert_eq!(line_changes("", "b\na").len(), 2);
    }

    #[test]
    fn rows_are_told_with_their_denominator() {
        let rows = |only_newer, only_older| {
            rows_sentence(&PairRows {
                changed: Vec::new(),
                both: 7,
                only_newer,
                only_older,
            })
        };
        assert_eq!(rows(0, 0), "0 of 7 rows with a result in both changed.");
        assert_eq!(
            rows(1, 2),
            "0 of 7 rows with a result in both changed. 1 has a result in the newer build alone. \
             2 have a result in the older build alone."
        );
    }
}
