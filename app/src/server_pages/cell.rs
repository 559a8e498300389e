//! What can be done from a cell: the menu in the grid, and the same as a page.

use leptos::prelude::*;
use model::{query::TabQuery, wire::CellPage};

use super::{
    ServerPage,
    compare::{code, plain},
    tab_crumbs,
};
use crate::{
    components::clock::Time,
    paths,
    text::{safe_url, visible, visible_message},
};

/// A cell with what can be done from there.
pub fn cell_page(cell: CellPage) -> ServerPage {
    let title = format!("{} in build {}", visible(&cell.row), visible(&cell.build));
    ServerPage::new(title, move || {
        let tab = &cell.tab;
        view! {
            <div class="page cell-page" data-testid="cell-page">
                {tab_crumbs(&tab.dashboard, &tab.tab, paths::tab(&tab.dashboard, &tab.tab))}
                <h1>
                    <bdi>{visible(&cell.row)}</bdi>
                    {format!(" in build {}", visible(&cell.build))}
                </h1>
                {told(&cell)}
            </div>
        }
    })
}

/// The same without what a page has around it.
pub fn cell_part(cell: CellPage) -> ServerPage {
    ServerPage::new(String::new(), move || told(&cell))
}

/// How long it took, alone: what the card of a cell does not know yet.
pub fn duration_part(cell: &CellPage) -> ServerPage {
    let text = cell
        .seconds
        .map_or_else(|| "not told".to_owned(), duration_text);
    ServerPage::new(String::new(), move || text)
}

fn told(cell: &CellPage) -> impl IntoView + use<> {
    let tab = &cell.tab;
    let path = paths::tab(&tab.dashboard, &tab.tab);
    let links = cell
        .links
        .iter()
        .filter_map(|link| Some((safe_url(&link.url)?.to_owned(), visible(&link.text))))
        .map(|(url, text)| item(text, url, ""))
        .collect_view();
    let took = cell
        .seconds
        .map(|seconds| format!(", took {}", duration_text(seconds)));
    let since = cell.since.as_ref().map(|since| {
        let query = TabQuery {
            row: Some(cell.row_id.clone()),
            column: Some(since.clone()),
            seam: Some(since.clone()),
            ..TabQuery::default()
        };
        let href = format!("{path}?{}", query.to_query_string());
        view! {
            <li role="none">
                <a
                    role="menuitem"
                    class="menu__item"
                    href=href
                    rel="external"
                    data-row=cell.row_id.clone()
                    data-column=since.clone()
                    data-seam=since.clone()
                >
                    "When did this start?"
                    {cell
                        .since_is_oldest
                        .then(|| {
                            view! { <span class="menu__soft">" as far as the data goes"</span> }
                        })}
                </a>
            </li>
        }
    });
    let row = paths::row(&tab.dashboard, &tab.tab, &cell.row_id);
    let test = paths::test(&cell.row_id);
    let fits = |path: &str| path.len() < paths::LONGEST;
    view! {
        <p class="menu__title">
            <bdi>{visible(&cell.row)}</bdi>
            <span class="menu__soft">
                {cell.status.word()} {took} ", " <Time ms=cell.started.timestamp_millis() />
            </span>
        </p>
        <ul class="menu__items" role="menu" aria-label="This cell" data-testid="cell-menu-items">
            {links}
            {fits(&row)
                .then(|| {
                    view! {
                        <li role="none">
                            <a
                                role="menuitem"
                                class="menu__item"
                                href=row
                                rel="external"
                                data-about=cell.row_id.clone()
                            >
                                "All about this row"
                            </a>
                        </li>
                    }
                })}
            {since}
            {fits(&test).then(|| item("Same test on other branches", test, "external"))}
            <li role="none">
                <button
                    type="button"
                    role="menuitem"
                    class="menu__item"
                    data-copy="cell-markdown"
                    hidden
                >
                    "Copy as Markdown"
                </button>
            </li>
        </ul>
        <pre id="cell-markdown" class="panel__text" hidden>
            {markdown(cell)}
        </pre>
    }
}

fn item(text: impl Into<String>, href: String, rel: &'static str) -> impl IntoView {
    // What is not ours opens beside the grid.
    let aside = rel.is_empty();
    view! {
        <li role="none">
            <a
                role="menuitem"
                class="menu__item"
                href=href
                rel=if aside { "external noopener" } else { rel }
                target=aside.then_some("_blank")
            >
                {text.into()}
                {aside.then_some(" ↗")}
            </a>
        </li>
    }
}

/// `1.5 s`, `3 min 20 s`.
pub fn duration_text(seconds: f32) -> String {
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 60.0 {
        format!("{seconds:.0} s")
    } else {
        let whole = seconds.round() as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// The cell for an issue or a chat. The address of the view is its reader's to add.
fn markdown(cell: &CellPage) -> String {
    let build = plain(&cell.build);
    let build = match cell.links.first().and_then(|link| safe_url(&link.url)) {
        Some(url) if !url.starts_with('/') => {
            let url = url
                .replace('(', "%28")
                .replace(')', "%29")
                .replace(' ', "%20");
            format!("[{build}]({url})")
        }
        _ => build,
    };
    let mut text = format!(
        "`{}` in {} / {}: **{}** in build {build}\n",
        code(&cell.row),
        plain(&cell.tab.dashboard),
        plain(&cell.tab.tab),
        cell.status.word(),
    );
    let message = visible_message(&cell.message);
    if !message.is_empty() {
        text.push_str("\n> ");
        text.push_str(&plain(&message.replace('\n', " ")));
        text.push('\n');
    }
    text.push('\n');
    for version in &cell.versions {
        text.push_str(&format!(
            "- {}: `{}`\n",
            plain(&version.component),
            code(version.version.as_deref().unwrap_or("unknown")),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use model::{
        grid::VersionOf,
        infra::Source,
        status::Status,
        wire::{NamedLink, infra::TabName},
    };

    use super::*;

    #[test]
    fn markdown_names_cell_and_versions() {
        let cell = CellPage {
            tab: TabName {
                dashboard: "sig*".into(),
                tab: "gce".into(),
            },
            row: "a`b".into(),
            row_id: "id".into(),
            build: "7".into(),
            started: DateTime::UNIX_EPOCH,
            status: Status::Fail,
            message: "no\nlease <b>".into(),
            seconds: None,
            versions: vec![VersionOf {
                component: "boskos".into(),
                version: Some("abc".into()),
                source: Source::Metadata,
                evidence: None,
            }],
            since: None,
            since_is_oldest: false,
            links: vec![NamedLink {
                text: "Open the build".into(),
                url: "https://ci.example/7".into(),
            }],
        };
        assert_eq!(
            markdown(&cell),
            "`a'b` in sig\\* / gce: **failed** in build [7](https://ci.example/7)\n\n\
             > no lease \\<b\\>\n\n- boskos: `abc`\n"
        );
    }

    #[test]
    fn durations_are_short() {
        for (seconds, text) in [
            (0.04, "0.0 s"),
            (1.25, "1.2 s"),
            (42.4, "42 s"),
            (59.7, "60 s"),
            (200.0, "3 min 20 s"),
            (119.9, "2 min 0 s"),
        ] {
            assert_eq!(duration_text(seconds), text);
        }
    }
}
