//! The rows of a tab as a list, for screens that are too narrow for a grid: those that fail first, each
//! with its last results and the way to its own page.

use leptos::prelude::*;
use model::{query::TabQuery, summary::TabStatus, wire::StripColumn};

use super::{ServerPage, row_filter, tab_crumbs};
use crate::{
    components::{name_link::row_link, status::StatusBadge, strip::Strip},
    pages::tab::address,
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
    /// The first of them, in the grid's order, with the heads of their groups.
    pub lines: Vec<ListLine>,
    /// How many there are: rows that are in no closed group, and heads.
    pub line_count: usize,
    /// How many pass the filters.
    pub row_count: usize,
    /// How many do not.
    pub filtered: usize,
    /// How many are hidden because they have no recent result.
    pub stale: usize,
    /// The name of the snapshot's state from which it is drawn, or of an older one.
    pub state: String,
    /// The query string of view options that the tab starts with.
    pub base_options: String,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct ListLine {
    /// How many groups are around it.
    pub depth: u32,
    /// What it shows.
    pub what: LineOf,
}

/// What a line of the list shows.
#[derive(Clone, Debug)]
pub enum LineOf {
    /// A row.
    Row(RowLine),
    /// The head of a group.
    Head(GroupLine),
}

/// The head of a group of rows.
#[derive(Clone, Debug)]
pub struct GroupLine {
    /// Its name, after those of the groups around it.
    pub path: String,
    /// Where in that its own name begins.
    pub own: usize,
    /// How many rows are in it, at whatever depth.
    pub rows: usize,
    /// How many of them have an alert.
    pub failing: usize,
    /// Whether its members have lines.
    pub open: bool,
    /// What its last runs come to, newest first.
    pub strip: Vec<StripColumn>,
}

/// One row.
#[derive(Clone, Debug)]
pub struct RowLine {
    /// The row's name.
    pub name: String,
    /// Where in that its own part begins, after what its group says.
    pub own: usize,
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
    let options = address(query, &page.base_options);
    let grid = paths::with_query(paths::tab(&page.dashboard, &page.tab), &options);
    let here = |query: &TabQuery| {
        let options = address(query, &page.base_options);
        paths::rows(&page.dashboard, &page.tab, &options)
    };
    let rows = count(page.row_count, "row", "rows");
    let grouped = query.group.is_some();
    let mut said = vec![match (page.lines.len() < page.line_count, grouped) {
        (true, false) => format!("The first {} of {rows}", page.lines.len()),
        (true, true) => format!(
            "{rows} in groups, of which the first {} of {} lines are shown",
            page.lines.len(),
            page.line_count
        ),
        (false, true) => format!("{rows} in groups"),
        (false, false) => rows,
    }];
    if page.stale > 0 {
        said.push(format!("{} without a recent result", page.stale));
    }
    if page.filtered > 0 {
        said.push(format!("{} hidden by filters", page.filtered));
    }
    let all = grouped.then(|| {
        [(true, "Open all groups"), (false, "Close all groups")].map(|(open, words)| {
            let all = TabQuery {
                expand_groups: open,
                toggled_groups: Vec::new(),
                ..query.clone()
            };
            view! {
                " · "
                <a href=here(&all) data-toggle="" data-noscroll="">
                    {words}
                </a>
            }
        })
    });
    let lines = page
        .lines
        .iter()
        .map(|line| match &line.what {
            LineOf::Row(row) => row_view(page, row, line.depth),
            LineOf::Head(head) => {
                let mut query = query.clone();
                query.set_open(&head.path, !head.open);
                head_view(head, here(&query), line.depth)
            }
        })
        .collect_view();
    view! {
        <div
            class="rows-list"
            data-testid="rows-list"
            data-dashboard=page.dashboard.clone()
            data-tab=page.tab.clone()
            data-state=page.state.clone()
            data-address=here(query)
        >
            <p class="test__said rows-list__said">
                {said.join(" · ")} {all}
                <span class="rows-list__grid">
                    " · " <a href=grid>"The grid"</a>
                </span>
            </p>
            // Filled by `list.js` when it has renewed the list.
            <p class="rows-list__renewed" role="status"></p>
            <div class="rows-list__rows">
                {page
                    .lines
                    .is_empty()
                    .then(|| view! { <p class="empty">"No row is left to show."</p> })}
                <ul>{lines}</ul>
            </div>
        </div>
    }
}

/// The head of a group: a link that opens or closes it.
fn head_view(head: &GroupLine, toggled: String, depth: u32) -> AnyView {
    let most = head.strip.len();
    let failing = (head.failing > 0).then(|| {
        view! { <span class="rows-list__alert">{format!("{} failing", head.failing)}</span> }
    });
    view! {
        <li
            class="rows-list__row"
            data-testid="group-line"
            data-open=head.open.to_string()
            data-row-id=format!("group {}", head.path)
            style=format!("--depth:{depth}")
        >
            <h2 class="rows-list__name">
                <a
                    class="rows-list__toggle"
                    href=toggled
                    data-toggle=""
                    data-noscroll=""
                    aria-expanded=head.open.to_string()
                    title=visible(&head.path)
                >
                    <bdi>{visible(&head.path[head.own..])}</bdi>
                </a>
            </h2>
            <span class="rows-list__last">
                <Strip runs=head.strip.clone() most=most />
                <span class="rows-list__count">{count(head.rows, "row", "rows")}</span>
                {failing}
            </span>
        </li>
    }
    .into_any()
}

fn row_view(page: &RowsPage, row: &RowLine, depth: u32) -> AnyView {
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
        <li
            class="rows-list__row"
            data-testid="row-line"
            data-row-id=row.id.clone()
            style=format!("--depth:{depth}")
        >
            <span class="rows-list__name" title=visible(&row.name)>
                {row_link(&page.dashboard, &page.tab, &row.id, &row.name[row.own..])}
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
