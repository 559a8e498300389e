//! What differs between two builds of a tab.

use leptos::prelude::*;
use model::{
    infra::{ComponentKind, short_version},
    wire::infra::{BuildsCompared, ComponentMove},
};

use super::{glyph, names};
use crate::{
    components::clock::Time,
    paths,
    server_pages::ServerPage,
    text::{count, visible},
};

/// What differs between two builds of a tab.
pub fn builds_page(found: BuildsCompared) -> ServerPage {
    let title = format!("{}: two builds", visible(&found.tab.tab));
    ServerPage::new(title, move || {
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
        let moves = found
            .components
            .iter()
            .map(|component| component_line(component, &tab.dashboard, &tab.tab))
            .collect_view();
        let (broke, fixed) = (found.broke_rows.len(), found.fixed_rows.len());
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
                <div class="ends">
                    {side("older", &found.older, found.older_time.timestamp_millis())}
                    {side("newer", &found.newer, found.newer_time.timestamp_millis())}
                </div>
                <p class="verdict" data-testid="builds-verdict">
                    {glyph(found.glyph)} " " {found.glyph.words()}
                </p>
                <section class="part">
                    <h2>"Versions"</h2>
                    <ul class="lines">{moves}</ul>
                </section>
                <section class="part">
                    <h2>"Rows"</h2>
                    <p class="part__said">
                        {format!(
                            "{} broke and {} recovered between them.",
                            count(broke, "row", "rows"),
                            fixed,
                        )}
                    </p>
                    {names("broke", "✗", &found.broke_rows, broke as u32)}
                    {names("fixed", "✓", &found.fixed_rows, fixed as u32)}
                </section>
            </div>
        }
    })
}

fn component_line(moved: &ComponentMove, dashboard: &str, tab: &str) -> impl IntoView + use<> {
    let kind = match moved.kind {
        ComponentKind::Infra => "infrastructure",
        ComponentKind::Product => "product",
    };
    let said = match (&moved.from, &moved.to) {
        (Some(from), _) if moved.same => {
            view! { <code>{visible(short_version(from))}</code> " in both" }.into_any()
        }
        (Some(from), Some(to)) => view! {
            <a href=paths::compare_for(&moved.component, from, to, dashboard, tab)>
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
        <li class="line" data-testid="builds-component" data-component=moved.component.clone()>
            <span class="line__head">
                <bdi class="bump__what">{visible(&moved.component)}</bdi>
                {said}
                <span class="line__soft">{kind}</span>
            </span>
        </li>
    }
}
