//! The rows of a tab as a list, for screens that are too narrow for a grid: those that fail first, each
//! with its last results and the way to its own page.

use leptos::prelude::*;
use model::{query::TabQuery, summary::TabStatus, wire::StripColumn};

use super::{ServerPage, row_filter, tab_crumbs};
use crate::{
    components::{name_link::row_link, status::StatusBadge, strip::Strip},
    paths,
    text::{count, visible, visible_message},
};

/// The rows of a tab.
#[derive(Clone, Debug)]
pub struct RowsPage {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// The tab's status.
    pub status: TabStatus,
    /// Why, as one sentence.
    pub reason: String,
    /// The first of them, in the grid's order.
    pub rows: Vec<RowLine>,
    /// How many pass the filters.
    pub row_count: usize,
    /// How many do not.
    pub filtered: usize,
    /// How many are hidden because they have no recent result.
    pub stale: usize,
    /// The name of the snapshot's state from which it is drawn, or of an older one.
    pub state: String,
}

/// One row.
#[derive(Clone, Debug)]
pub struct RowLine {
    /// The row's name.
    pub name: String,
    /// The row's identity.
    pub id: String,
    /// Failures since it last passed, when that is an alert; else 0.
    pub fail_count: u32,
    /// What its last failure says, where it has an alert.
    pub message: String,
    /// Its last runs, newest first.
    pub strip: Vec<StripColumn>,
}

/// The page of the rows that `query` asks for.
pub fn rows_page(page: RowsPage, query: TabQuery) -> ServerPage {
    let title = format!("Rows · {}", visible(&page.tab));
    ServerPage::new(title, move || {
        let tab = paths::tab(&page.dashboard, &page.tab);
        view! {
            <div class="page rows-page" data-testid="rows-page" data-status=page.status.word()>
                {tab_crumbs(&page.dashboard, &page.tab, tab)}
                {head(&page)}
                {row_filter(paths::rows(&page.dashboard, &page.tab, ""), &query)}
                {list(&page, &query)}
            </div>
        }
    })
}

/// What of it is renewed; see `list.js`.
pub fn rows_part(page: RowsPage, query: TabQuery) -> ServerPage {
    ServerPage::new(String::new(), move || {
        view! { <div class="rows-page">{head(&page)} {list(&page, &query)}</div> }
    })
}

fn head(page: &RowsPage) -> impl IntoView + use<> {
    view! {
        <h1>
            <bdi>{visible(&page.tab)}</bdi>
            " "
            <StatusBadge status=page.status />
        </h1>
        <p class="rows-page__reason">{visible(&page.reason)}</p>
    }
}

fn list(page: &RowsPage, query: &TabQuery) -> impl IntoView + use<> {
    let tab = paths::tab(&page.dashboard, &page.tab);
    let options = query.to_query_string();
    let grid = if options.is_empty() {
        tab
    } else {
        format!("{tab}?{options}")
    };
    let mut said = vec![if page.rows.len() < page.row_count {
        format!("The first {} of {} rows", page.rows.len(), page.row_count)
    } else {
        count(page.row_count, "row", "rows")
    }];
    if page.stale > 0 {
        said.push(format!("{} without a recent result", page.stale));
    }
    if page.filtered > 0 {
        said.push(format!("{} hidden by filters", page.filtered));
    }
    let lines = page
        .rows
        .iter()
        .map(|row| line_view(page, row))
        .collect_view();
    view! {
        <div
            class="rows-list"
            data-testid="rows-list"
            data-dashboard=page.dashboard.clone()
            data-tab=page.tab.clone()
            data-state=page.state.clone()
            data-address=paths::rows(&page.dashboard, &page.tab, &options)
        >
            <p class="test__said rows-list__said">
                {said.join(" · ")}
                <span class="rows-list__grid">
                    " · " <a href=grid>"The grid"</a>
                </span>
            </p>
            // Filled by `list.js` when it has renewed the list.
            <p class="rows-list__renewed" role="status"></p>
            <div class="rows-list__rows">
                {page
                    .rows
                    .is_empty()
                    .then(|| view! { <p class="empty">"No row is left to show."</p> })}
                <ul>{lines}</ul>
            </div>
        </div>
    }
}

fn line_view(page: &RowsPage, row: &RowLine) -> AnyView {
    let alert = (row.fail_count > 0).then(|| {
        view! {
            <span class="rows-list__alert">
                {format!("{} since it passed", count(row.fail_count as usize, "failure", "failures"))}
            </span>
        }
    });
    let message = (!row.message.is_empty()).then(|| {
        view! {
            <span class="rows-list__message">
                <bdi>{visible_message(&row.message)}</bdi>
            </span>
        }
    });
    let most = row.strip.len();
    view! {
        <li class="rows-list__row" data-testid="row-line" data-row-id=row.id.clone()>
            <span class="rows-list__name">
                {row_link(&page.dashboard, &page.tab, &row.id, &row.name)}
            </span>
            <span class="rows-list__last">
                <Strip runs=row.strip.clone() most=most />
                {alert}
            </span>
            {message}
        </li>
    }
    .into_any()
}
