//! The pages as the server draws them, over a made-up installation.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use app::{
    api::{GridSlice, Read, Reader},
    paths,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use model::infra::ComponentKind;
use seamgrid::http::pages::pages_router;
use tower::ServiceExt;

use crate::fixture::{BROKEN, Fixture, HOSTILE, ODD};

const BLOCKING: &str = "sig-release-master-blocking";

fn site() -> Router {
    let reader: Reader = Arc::new(Fixture::new(false));
    pages_router(reader)
}

async fn get(router: Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).cloned();
    let body = to_bytes(response.into_body(), 16 << 20).await.unwrap();
    assert!(
        kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")),
        "{path} is HTML"
    );
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The opening tags that carry this `data-testid`.
fn regions<'a>(html: &'a str, testid: &str) -> Vec<&'a str> {
    let mark = format!("data-testid=\"{testid}\"");
    html.match_indices(&mark)
        .map(|(at, _)| {
            let start = html[..at].rfind('<').unwrap();
            let end = at + html[at..].find('>').unwrap();
            &html[start..=end]
        })
        .collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let mark = format!(" {name}=\"");
    let start = tag.find(&mark).unwrap_or_else(|| panic!("{name} in {tag}")) + mark.len();
    &tag[start..start + tag[start..].find('"').unwrap()]
}

fn title(html: &str) -> &str {
    let start = html.find("<title>").unwrap() + "<title>".len();
    &html[start..start + html[start..].find("</title>").unwrap()]
}

#[tokio::test]
async fn the_overview_shows_each_branch() {
    let (status, html) = get(site(), "/").await;
    assert_eq!(status, StatusCode::OK);
    let failing = regions(&html, "tab-cell")
        .into_iter()
        .filter(|tag| matches!(attribute(tag, "data-status"), "FAILING" | "BROKEN"))
        .count();
    assert_eq!(title(&html), format!("({failing}) Overview · Seamgrid"));
    let branches: Vec<&str> = regions(&html, "branch")
        .into_iter()
        .map(|tag| attribute(tag, "data-branch"))
        .collect();
    assert_eq!(branches, ["master", "1.36", "1.35", "1.34"]);
    assert_eq!(regions(&html, "tier").len(), 8);
    let cells = regions(&html, "tab-cell");
    assert_eq!(cells.len(), 4 * (12 + 7));
    assert!(
        cells
            .iter()
            .any(|tag| attribute(tag, "data-status") == "FAILING")
    );
    assert!(
        cells
            .iter()
            .any(|tag| attribute(tag, "data-status") == "PASSING")
    );
    assert!(html.contains(&format!("href=\"{}\"", paths::tab(BLOCKING, BROKEN))));
}

#[tokio::test]
async fn a_dashboard_begins_with_the_worst_unless_it_is_asked_not_to() {
    let dashboard = paths::dashboard(ODD);
    let order = async |path: &str| -> Vec<String> {
        let (_, html) = get(site(), path).await;
        regions(&html, "tab-block")
            .into_iter()
            .map(|tag| attribute(tag, "data-status").to_owned())
            .collect()
    };
    let severity = |status: &String| {
        let all = [
            "UNKNOWN",
            "PASSING",
            "ACCEPTABLE",
            "PENDING",
            "FLAKY",
            "FAILING",
            "STALE",
            "BROKEN",
        ];
        all.iter().position(|word| word == status).unwrap()
    };
    let worst_first = order(&dashboard).await;
    assert!(worst_first.is_sorted_by_key(|status| std::cmp::Reverse(severity(status))));
    let configured = order(&format!("{dashboard}?order=configured")).await;
    assert_ne!(configured, worst_first);
    let statuses = Fixture::new(false).dashboard(ODD).unwrap().tabs;
    let expected: Vec<&str> = statuses.iter().map(|tab| tab.status.word()).collect();
    assert_eq!(configured, expected);
}

#[tokio::test]
async fn a_failing_row_links_to_what_moved() {
    let (_, html) = get(site(), &paths::dashboard(BLOCKING)).await;
    let (_, odd) = get(site(), &paths::dashboard(ODD)).await;
    for (kind, html) in [("infra", &html), ("product", &odd)] {
        let links = regions(html, "compare");
        let link = links
            .iter()
            .find(|link| attribute(link, "data-kind") == kind)
            .unwrap_or_else(|| panic!("no {kind} link"));
        assert!(attribute(link, "href").starts_with("/compare?component="));
    }
    assert!(html.contains("href=\"mailto:release-signal@example.com\""));
}

#[tokio::test]
async fn a_group_shows_its_dashboards() {
    let page = Fixture::new(false).dashboard(BLOCKING).unwrap();
    let group = page.group.unwrap();
    let (status, html) = get(site(), &paths::group(&group)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(regions(&html, "group").len(), 1);
    assert!(html.contains(&format!("href=\"{}\"", paths::dashboard(BLOCKING))));
    let (_, html) = get(site(), &paths::dashboard(BLOCKING)).await;
    assert!(html.contains(&format!("href=\"{}\"", paths::group(&group))));
    let (status, _) = get(site(), &paths::group("no such group")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_same_job_on_other_branches_is_one_click_away() {
    let (_, html) = get(site(), "/").await;
    let siblings = regions(&html, "sibling");
    // Every job is on all four branches.
    assert_eq!(siblings.len(), 4 * (12 + 7) * 3);
    let there = paths::tab("sig-release-1.36-blocking", "gce-cos-1.36-default");
    assert!(siblings.iter().any(|tag| attribute(tag, "href") == there));
}

#[tokio::test]
async fn a_page_says_from_afar_how_things_stand() {
    let dashboard = paths::dashboard(BLOCKING);
    let (_, html) = get(site(), &dashboard).await;
    assert!(
        html.contains("<html lang=\"en\" data-state=\"made-up-1\">"),
        "its state"
    );
    let failing = regions(&html, "tab-block")
        .into_iter()
        .filter(|tag| matches!(attribute(tag, "data-status"), "FAILING" | "BROKEN"))
        .count();
    assert!(failing > 0, "the fixture has a failing tab");
    assert_eq!(title(&html), format!("({failing}) {BLOCKING} · Seamgrid"));
    let icons = html.matches("rel=\"icon\"").count();
    assert_eq!(icons, 2, "the mark, and after it the status");
    let (_, plain) = get(site(), "/d/no-such-dashboard").await;
    assert_eq!(plain.matches("rel=\"icon\"").count(), 1);
}

#[tokio::test]
async fn without_release_branches_the_overview_lists_dashboards() {
    let router = pages_router(Arc::new(Fixture::without_releases()));
    let (status, html) = get(router, "/").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(regions(&html, "branch").len(), 0);
    assert_eq!(regions(&html, "dashboard-link").len(), 9);
}

#[tokio::test]
async fn a_dashboard_has_a_block_per_tab() {
    let (status, html) = get(site(), &paths::dashboard(BLOCKING)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(regions(&html, "tab-block").len(), 12);
    assert!(html.contains("boskos answered 401"));
    // Names match after normalising.
    let (status, _) = get(site(), "/d/SigReleaseMasterBlocking").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_tab_is_drawn_with_every_seam_of_its_first_screen() {
    let (status, html) = get(site(), &paths::tab(BLOCKING, BROKEN)).await;
    assert_eq!(status, StatusCode::OK);
    let grid = Fixture::new(false)
        .grid(BLOCKING, BROKEN, GridSlice::default())
        .await
        .unwrap();
    let seams = regions(&html, "seam");
    assert_eq!(seams.len(), grid.transitions.len());
    for change in &grid.transitions {
        let kind = match change.kind {
            ComponentKind::Infra => "infra",
            ComponentKind::Product => "product",
        };
        let certain = if change.certain {
            "certain"
        } else {
            "uncertain"
        };
        assert!(
            seams.iter().any(|tag| {
                attribute(tag, "data-build") == change.build
                    && attribute(tag, "data-component") == change.component
                    && attribute(tag, "data-from") == change.from.as_deref().unwrap()
                    && attribute(tag, "data-to") == change.to
                    && attribute(tag, "data-kind") == kind
                    && attribute(tag, "data-status") == certain
            }),
            "{change:?}"
        );
    }
    let kinds: Vec<&str> = regions(&html, "seam-line")
        .into_iter()
        .map(|tag| attribute(tag, "data-kind"))
        .collect();
    for kind in ["infra", "product", "both"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    assert!(
        seams
            .iter()
            .any(|tag| attribute(tag, "data-status") == "uncertain")
    );
    assert!(html.contains("data-unknown"), "unknown versions are said");
    assert!(
        html.contains("data-problem"),
        "a column says what was wrong"
    );
    assert!(html.matches("class=\"row__cells\"").count() <= 40);
    assert!(html.len() < 400_000, "{} bytes", html.len());
}

#[tokio::test]
async fn unknown_names_are_real_404_pages() {
    let unknown_tab = paths::tab(BLOCKING, "no-such-tab");
    for (path, words) in [
        ("/d/no-such-dashboard", "no-such-dashboard"),
        (unknown_tab.as_str(), "no-such-tab"),
        ("/no-such-dashboard", "no-such-dashboard"),
        ("/a/b/c/d", "/a/b/c/d"),
    ] {
        let (status, html) = get(site(), path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(html.contains(words), "{path} names {words}");
        assert!(html.contains("href=\"/\"") && html.contains("href=\"/dashboards\""));
        assert_eq!(regions(&html, "problem").len(), 1, "{path}");
    }
    let (_, html) = get(site(), "/d/no-such-dashboard").await;
    assert!(html.contains("did you mean"));
}

#[tokio::test]
async fn an_old_link_is_known_by_its_dashboard() {
    let (status, html) = get(site(), &format!("/{BLOCKING}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains(&format!("href=\"{}\"", paths::dashboard(BLOCKING))));
}

#[tokio::test]
async fn names_that_need_encoding_lead_to_their_tab() {
    for tab in ["a/b?c#d%2F", HOSTILE] {
        let (status, html) = get(site(), &paths::tab(ODD, tab)).await;
        assert_eq!(status, StatusCode::OK, "{tab}");
        assert_eq!(regions(&html, "grid").len(), 1);
    }
}

#[tokio::test]
async fn hostile_names_and_messages_are_text() {
    for path in [paths::tab(ODD, HOSTILE), paths::dashboard(ODD)] {
        let (_, html) = get(site(), &path).await;
        for harm in ["<script>alert", "<img src=x", "<b onclick", "javascript:"] {
            assert!(!html.contains(harm), "{harm} in {path}");
        }
        let page = html.split("__RESOLVED_RESOURCES").next().unwrap();
        assert!(
            !page.contains('\u{202e}') && !page.contains('\u{0}'),
            "{path}"
        );
        assert!(page.contains("‹U+202E›"), "{path}");
    }
    let (_, html) = get(site(), &paths::tab(ODD, HOSTILE)).await;
    assert!(title(&html).contains("&lt;script&gt;"));
}

#[tokio::test]
async fn tabs_without_runs_say_so() {
    let (status, html) = get(site(), &paths::tab(ODD, "empty")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("No build has been read yet."));
}

#[tokio::test]
async fn a_filter_waits_for_all_rows() {
    let path = format!(
        "{}?include-filter-by-regex=Overall",
        paths::tab(BLOCKING, BROKEN)
    );
    let (status, html) = get(site(), &path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(html.matches("class=\"row__cells\"").count(), 0);
    assert!(html.contains("Loading rows"));
}

#[tokio::test]
async fn times_are_utc_and_ages_are_left_to_the_browser() {
    let (_, html) = get(site(), &paths::dashboard(BLOCKING)).await;
    assert!(html.contains("datetime=\"2026-11-20T"));
    assert!(html.contains(" UTC</time>") || html.contains(" UTC<!"));
    assert!(!html.contains(" ago<"));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    for path in [
        "/assets/none.js",
        "/assets/manifest.json",
        "/assets/../Cargo.toml",
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = site().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_page_is_drawn_while_another_router_is_made() {
    let drawn = Arc::new(AtomicBool::new(false));
    let reader: Reader = Arc::new(Fixture::new(false));
    let making = std::thread::spawn({
        let (drawn, reader) = (Arc::clone(&drawn), Arc::clone(&reader));
        move || {
            while !drawn.load(Ordering::Relaxed) {
                let _ = pages_router(Arc::clone(&reader));
            }
        }
    });
    let router = pages_router(reader);
    let pages = async {
        for _ in 0..100 {
            let (status, _) = get(router.clone(), paths::DASHBOARDS).await;
            assert_eq!(status, StatusCode::OK);
        }
    };
    let all = tokio::time::timeout(Duration::from_mins(1), pages).await;
    drawn.store(true, Ordering::Relaxed);
    making.join().unwrap();
    all.expect("no page waits for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_read_pages_at_the_same_time() {
    let router = site();
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let router = router.clone();
            tokio::spawn(async move {
                for _ in 0..40 {
                    let (status, html) = get(router.clone(), paths::DASHBOARDS).await;
                    assert_eq!(status, StatusCode::OK);
                    assert!(title(&html).ends_with("Dashboards · Seamgrid"), "{html}");
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
}
