//! Pages that the server draws alone. What only tells needs no program in the reader's browser: these
//! pages are complete HTML, load at once and work without scripts. A few lines of script write times in
//! the reader's zone, change the theme and copy text; see `enhance.js`.
//!
//! Links from other pages to these carry `rel="external"`, so that the browser's router leaves them to
//! the server.

pub mod cell;
pub mod changes;
pub mod chart;
pub mod compare;
mod days;
pub mod infra;
pub mod metrics;
pub mod row;
pub mod rows;
pub mod seam;
pub mod search;
pub mod status;
pub mod test;

use leptos::{prelude::*, reactive::owner::Owner, tachys::html::doctype};
use leptos_router::{components::Router, location::RequestUrl};
use model::{query::TabQuery, wire::WireError};

use crate::{
    api::NOT_FOUND,
    components::{
        clock::Clock,
        frame::Frame,
        name_link::name_link,
        problem::{problem, problem_title},
    },
    paths,
    shell::{Assets, head},
    text::{escape, visible},
    time::Zone,
};

/// What makes such a page more comfortable where scripts run.
const ENHANCE: &str = include_str!("enhance.js");

/// Says when something new would stand on a page.
const RENEWED: &str = include_str!("renewed.js");

/// A page that the server draws alone.
pub struct ServerPage {
    /// Its title, without the name of the program.
    pub title: String,
    /// The state that it was drawn from, if it says when something new would stand on it.
    pub state: Option<String>,
    /// Draws what stands between navigation and footer; called where the page's surroundings are known.
    pub body: Children,
}

impl ServerPage {
    /// A page with this title and body.
    pub fn new<V: IntoView + 'static>(
        title: String,
        body: impl FnOnce() -> V + Send + 'static,
    ) -> Self {
        Self {
            title,
            state: None,
            body: Box::new(move || body().into_any()),
        }
    }

    /// The page, saying when something new would stand on it: when it is another after `state`.
    #[must_use]
    pub fn renewed_after(self, state: String) -> Self {
        Self {
            state: Some(state),
            ..self
        }
    }
}

/// A part of a page, as HTML: what a page that is in the reader's browser already asks for. `path` is
/// where it was asked for; ages are told from `now_ms`.
pub fn part(path: &str, now_ms: i64, page: ServerPage) -> String {
    surrounded(path, now_ms, || {
        let body = page.body;
        // Links between pages ask it where they are.
        view! { <Router>{body()}</Router> }.to_html()
    })
}

/// What `draw` draws where the address and the clock are known.
fn surrounded(path: &str, now_ms: i64, draw: impl FnOnce() -> String) -> String {
    let owner = Owner::new_root(None);
    let html = owner.with(|| {
        provide_context(RequestUrl::new(path));
        provide_context(Clock {
            zone: RwSignal::new(Zone::Utc),
            now: RwSignal::new(Some(now_ms)),
        });
        draw()
    });
    owner.unset_with_forced_cleanup();
    html
}

/// The whole document of the page at `path` (with its query), as HTML, and the HTTP status that goes
/// with it. Ages are told from `now_ms`.
pub fn document(
    assets: &Assets,
    path: &str,
    now_ms: i64,
    page: Result<ServerPage, WireError>,
) -> (u16, String) {
    let (status, page) = match page {
        Ok(page) => (200, page),
        Err(error) => {
            let status = match error.code.as_str() {
                NOT_FOUND => 404,
                "bad_request" => 400,
                _ => 503,
            };
            let title = problem_title(&error).to_owned();
            (status, ServerPage::new(title, move || problem(&error)))
        }
    };
    // As HTML: a view would mark where its text ends, which a title shows as it stands.
    let mut title = String::new();
    escape(&mut title, &format!("{} · Seamgrid", visible(&page.title)));
    let html = surrounded(path, now_ms, || {
        let body = page.body;
        let renewed = page.state.is_some().then(|| {
            view! { <script type="module" inner_html=RENEWED></script> }
        });
        let html = view! {
            {doctype("html")}
            <html lang="en" data-state=page.state>
                <head>
                    {head(assets)} <title inner_html=title></title> {renewed} <script type="module" inner_html=ENHANCE></script>
                </head>
                <body>
                    <Router>
                        <Frame>{body()}</Frame>
                    </Router>
                </body>
            </html>
        };
        html.to_html()
    });
    (status, html)
}

/// Where a tab stands: links to its dashboard, and to itself at `path`, which may carry options.
fn tab_crumbs(dashboard: &str, tab: &str, path: String) -> impl IntoView + use<> {
    view! {
        <p class="crumbs">
            {name_link(paths::dashboard(dashboard), dashboard)} " › " {name_link(path, tab)}
        </p>
    }
}

/// A form at `action` that asks for the rows of a tab whose names match. The other options of `query` go on
/// with it.
fn row_filter(action: String, query: &TabQuery) -> impl IntoView + use<> {
    let others = TabQuery {
        include: Vec::new(),
        ..query.clone()
    }
    .to_query_string();
    let others = others
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| {
            view! { <input type="hidden" name=paths::name(key) value=paths::name(value) /> }
        })
        .collect_view();
    let filter = query.include.first().cloned().unwrap_or_default();
    view! {
        <form class="search" action=action role="search">
            {others}
            <input
                class="field search__field"
                type="search"
                name="include-filter-by-regex"
                value=filter
                placeholder="Only rows that match"
                aria-label="Only rows that match, a regular expression"
                autocomplete="off"
                spellcheck="false"
            />
            <button class="button">"Filter"</button>
        </form>
    }
}
