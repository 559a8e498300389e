//! What happened at a seam: a page, and the same as a panel beside the grid.

mod report;

use leptos::prelude::*;
use model::{
    grid::{Column, Grid},
    infra::ComponentKind,
    query::TabQuery,
    transition::Transition,
    wire::{WireError, infra::TabName},
};

use self::report::{Report, TurnedRow, report};
use super::ServerPage;
use crate::{
    api::NOT_FOUND,
    components::clock::Time,
    grid::seams::{is_certain, version_text},
    paths,
    text::{count, safe_url, visible, visible_message},
};

/// How many rows of each kind stand open.
const OPEN: usize = 30;
/// How many rows of each kind are listed at all.
const LISTED: usize = 500;

/// A seam of a tab: the one at the older edge of a build's column.
#[derive(Debug)]
pub struct Seam {
    tab: TabName,
    report: Report,
}

impl Seam {
    /// The seam at the older edge of `build`'s column; a build that the grid does not have is a
    /// `not_found` error.
    pub fn find(tab: TabName, grid: &Grid, build: &str) -> Result<Self, WireError> {
        let report = report(grid, build).ok_or_else(|| WireError {
            code: NOT_FOUND.to_owned(),
            message: format!("the tab has no build \"{build}\" (any more)"),
        })?;
        Ok(Self { tab, report })
    }

    /// The grid with the seam open, and perhaps a row in sight.
    fn in_grid(&self, row: Option<&str>) -> String {
        let query = TabQuery {
            seam: Some(self.report.newer.build.clone()),
            row: row.map(str::to_owned),
            ..TabQuery::default()
        };
        let path = paths::tab(&self.tab.dashboard, &self.tab.tab);
        format!("{path}?{}", query.to_query_string())
    }
}

/// What happened at a seam.
pub fn seam_page(seam: Seam) -> ServerPage {
    let title = format!("Seam at build {}", visible(&seam.report.newer.build));
    ServerPage::new(title.clone(), move || {
        let tab = &seam.tab;
        view! {
            <div class="page compare" data-testid="seam-page">
                <header class="compare__head">
                    <p class="compare__crumb">
                        <a href=paths::dashboard(&tab.dashboard) rel="external">
                            <bdi>{visible(&tab.dashboard)}</bdi>
                        </a>
                        " / "
                        <a href=seam.in_grid(None) rel="external">
                            <bdi>{visible(&tab.tab)}</bdi>
                        </a>
                    </p>
                    <h1>{title}</h1>
                </header>
                {told(&seam)}
            </div>
        }
    })
}

/// The same without what a page has around it. Rows name theirs in `data-row`.
pub fn seam_part(seam: Seam) -> ServerPage {
    ServerPage::new(String::new(), move || told(&seam))
}

fn told(seam: &Seam) -> impl IntoView + use<> {
    let Seam { tab, report } = seam;
    let builds = report.older.as_ref().map(|older| {
        let path =
            paths::compare_builds(&tab.dashboard, &tab.tab, &older.build, &report.newer.build);
        view! {
            <a class="button" href=path rel="external">
                "Both builds"
            </a>
        }
    });
    let unchanged = report
        .unchanged
        .iter()
        .map(|(component, words)| {
            view! {
                <li class="panel__unchanged">
                    <bdi>{visible(component)}</bdi>
                    ": "
                    {*words}
                </li>
            }
        })
        .collect_view();
    let lines = |changes: &[Transition]| changes.iter().map(change_line).collect_view();
    let older = match &report.older {
        Some(column) => build_line(column).into_any(),
        None => "the end of the data".into_any(),
    };
    view! {
        <p class="panel__between">
            <span class="panel__side">"before"</span>
            {older}
            <span class="panel__side">"after"</span>
            {build_line(&report.newer)}
        </p>
        <p class="panel__verdict" data-testid="seam-verdict">
            {report.verdict()}
        </p>
        <p class="panel__tools">
            <button type="button" class="button" data-copy="seam-markdown" hidden>
                "Copy as Markdown"
            </button>
            {builds}
        </p>
        <section>
            <h3>"Infrastructure"</h3>
            <ul class="panel__changes">{lines(&report.infra)} {unchanged}</ul>
        </section>
        <section>
            <h3>"Product"</h3>
            {report
                .product
                .is_empty()
                .then(|| view! { <p class="panel__none">"No known movement"</p> })}
            <ul class="panel__changes">{lines(&report.product)}</ul>
        </section>
        {turned_rows(seam, &report.broke, true)}
        {turned_rows(seam, &report.fixed, false)}
        <pre class="panel__text" id="seam-markdown" hidden>
            {report.markdown(&tab.dashboard, &tab.tab)}
        </pre>
    }
}

fn build_line(column: &Column) -> impl IntoView + use<> {
    let name = visible(&column.build);
    let name = match safe_url(&column.url) {
        Some(url) => view! {
            <a href=url.to_owned() rel="external">
                <bdi>{name}</bdi>
            </a>
        }
        .into_any(),
        None => view! { <bdi>{name}</bdi> }.into_any(),
    };
    view! {
        <span class="panel__build">{name} " " <Time ms=column.started_ms /></span>
    }
}

fn change_line(change: &Transition) -> impl IntoView + use<> {
    let certain = is_certain(change);
    let kind = match change.kind {
        ComponentKind::Infra => "infra",
        ComponentKind::Product => "product",
    };
    let version = |version: Option<&str>| {
        let full = visible(version.unwrap_or("unknown"));
        view! {
            <code title=full>
                <bdi>{version_text(version)}</bdi>
            </code>
        }
    };
    let compare = change.from.as_deref().map(|from| {
        view! {
            <a
                class="change__compare"
                href=paths::compare(&change.component, from, &change.to)
                rel="external"
            >
                "compare"
            </a>
        }
    });
    view! {
        <li
            class="change"
            data-testid="seam-change"
            data-kind=kind
            data-component=change.component.clone()
            data-from=change.from.clone().unwrap_or_default()
            data-to=change.to.clone()
        >
            <bdi class="change__name">{visible(&change.component)}</bdi>
            <span class="change__versions">
                {version(change.from.as_deref())} <span aria-label="to">" → "</span>
                {version(Some(&change.to))}
            </span>
            {compare}
            <span class="change__source">
                "read from "{change.source.words()}
                {(!certain)
                    .then_some(
                        "; uncertain: the change may be older, builds of unknown version lie before it",
                    )}
            </span>
        </li>
    }
}

fn turned_rows(seam: &Seam, rows: &[TurnedRow], broke: bool) -> impl IntoView + use<> {
    let (title, test, sign, none) = if broke {
        (
            "Broke",
            "broke-row",
            "✗",
            "No row passed before and fails since.",
        )
    } else {
        (
            "Fixed",
            "fixed-row",
            "✓",
            "No row failed before and passes since.",
        )
    };
    let line = |row: &TurnedRow| {
        let note = (row.edges > 1).then(|| {
            let note = format!("no result between: one of {} edges", row.edges);
            view! { <span class="turned__note">{note}</span> }
        });
        let message = visible_message(&row.message);
        let message = (!message.is_empty()).then(|| {
            view! {
                <span class="turned__message">
                    <bdi>{message}</bdi>
                </span>
            }
        });
        view! {
            <li class="turned__row" data-testid=test data-row-name=row.name.clone()>
                <span class="turned__sign" aria-hidden="true">
                    {sign}
                </span>
                <a data-row=row.id.clone() href=seam.in_grid(Some(&row.id)) rel="external">
                    <bdi>{visible(&row.name)}</bdi>
                </a>
                {note}
                {message}
            </li>
        }
    };
    let first = rows.iter().take(OPEN).map(line).collect_view();
    let rest: Vec<_> = rows.iter().take(LISTED).skip(OPEN).map(line).collect();
    let (more, cut) = (rest.len(), rows.len().saturating_sub(LISTED));
    view! {
        <section class="turned" data-broke=broke.then_some("")>
            <h3>
                {title} " " <span class="turned__count">{count(rows.len(), "row", "rows")}</span>
            </h3>
            {rows.is_empty().then(|| view! { <p class="panel__none">{none}</p> })}
            <ul class="turned__rows">{first}</ul>
            {(more > 0)
                .then(|| {
                    view! {
                        <details class="more">
                            <summary>{format!("{more} more")}</summary>
                            <ul class="turned__rows">{rest}</ul>
                            {(cut > 0).then(|| view! { <p>{format!("and {cut} more")}</p> })}
                        </details>
                    }
                })}
        </section>
    }
}
