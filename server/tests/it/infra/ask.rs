//! Asking for two versions, and what stands on the pages before anything is known.

use std::sync::Arc;

use app::server_pages::{compare::CompareForm, infra::infra_page, part};
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use model::{
    config::Configuration,
    reach::Reach,
    wire::infra::{ComponentLine, InfraFeed},
};
use seamgrid::{
    http,
    read::{Catalog, Reader},
    settings::Settings,
    simulate::Incident,
    store::Store,
};
use tower::ServiceExt as _;

use super::world::{CONFIGURES, NOW_MS, World, image_bump, now};
use crate::impact::repository::NewRepository;

#[tokio::test]
async fn two_versions_are_asked_for_by_a_form() {
    let world = image_bump().await;
    for (path, chosen) in [
        ("/compare", None),
        ("/infra", None),
        ("/infra/prow", Some("prow")),
    ] {
        let (status, html) = world.page(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let (_, form) = html.split_once("action=\"/compare\"").expect(path);
        let (form, _) = form.split_once("</form>").expect("it ends");
        for name in ["component", "from", "to"] {
            assert!(form.contains(&format!("name=\"{name}\"")), "{path} {form}");
        }
        for component in ["test-infra", "prow", "boskos", "kubernetes/kubernetes"] {
            let option = format!("<option value=\"{component}\"");
            assert!(form.contains(&option), "{path} {form}");
        }
        let selected = chosen.map(|name| format!("<option value=\"{name}\" selected"));
        assert_eq!(
            form.matches(" selected").count(),
            usize::from(chosen.is_some())
        );
        assert!(
            selected.is_none_or(|selected| form.contains(&selected)),
            "{form}"
        );
        // Of the chosen one the versions are there, newest first.
        let versions = world.reader.infra_versions("prow").expect("versions");
        let offered: Vec<usize> = (versions.iter())
            .filter_map(|line| {
                form.find(&format!("<option value=\"{}\" label", &line.version[..10]))
            })
            .collect();
        let expected = if chosen.is_some() { versions.len() } else { 0 };
        assert_eq!(offered.len(), expected, "{path}");
        assert!(offered.is_sorted(), "{path}");
    }
}

#[tokio::test]
async fn a_range_that_no_run_has_seen_says_what_it_can_reach() {
    let world = World::changed(Incident::ImageBump, 3, now, |out, truth| {
        let path = out.join(&truth.repositories[CONFIGURES]);
        let mut repository = NewRepository::import(&path);
        let head = Some("refs/heads/master^0");
        for (minute, from, file) in [
            (2, head, "README.md"),
            (1, None, "config/prow/cluster/boskos.yaml"),
        ] {
            let at_ms = NOW_MS - minute * 60_000;
            repository.commit(at_ms, file, from, &[(file, Some("x: y"))]);
        }
        repository.finish();
    })
    .await;
    let good = world.incident().good_version.as_deref().expect("a version");
    let fresh = world.compare("test-infra", good, "master").commits;
    let found = world.compare("test-infra", &fresh[2].sha, "master");
    assert_eq!(found.counts.seen, 0);
    let told: Vec<(&str, Reach)> = (found.commits.iter())
        .map(|commit| (commit.subject.as_str(), commit.reach))
        .collect();
    assert_eq!(
        told,
        [
            ("config/prow/cluster/boskos.yaml", Reach::Service),
            ("README.md", Reach::Cannot)
        ]
    );
    let path = app::paths::compare("test-infra", &fresh[2].sha, "master");
    let (_, html) = world.page(&path).await;
    assert!(!html.contains("It is not known which jobs"), "{html}");
    assert!(!html.contains("not known whether they can reach"), "{html}");
    assert!(html.contains("1 commit cannot reach any job"), "{html}");
}

#[tokio::test]
async fn a_tab_is_named_whole_or_not_at_all() {
    let world = image_bump().await;
    let path = app::paths::compare("test-infra", "aaaaaaa", "bbbbbbb");
    for (more, said) in [
        ("&dashboard=x", "tab is missing"),
        ("&dashboard=x&tab=", "tab is missing"),
        ("&tab=x", "dashboard is missing"),
    ] {
        for path in [
            format!("{path}{more}"),
            app::paths::api(&format!("{path}{more}")),
        ] {
            let (status, text) = world.page(&path).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
            assert!(text.contains(said), "{path}: {text}");
        }
    }
    let (status, _) = world.page(&format!("{path}&dashboard=&tab=")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_configured_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("s.db").display());
    let store = Store::open(&url).await.expect("a database");
    let mut settings = Settings::default();
    settings.infra.components.clear();
    let catalog = Catalog::new(&Configuration::default(), &[]);
    let reader = Reader::new(store, catalog, &settings).expect("a good pattern");
    let router = http::router(Arc::new(reader));
    for (path, status, said) in [
        ("/compare", StatusCode::OK, "There is nothing to compare"),
        (
            "/infra/boskos",
            StatusCode::NOT_FOUND,
            "there is no infra component &quot;boskos&quot;: none is configured",
        ),
    ] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), status, "{path}");
        let body = to_bytes(response.into_body(), 1 << 24)
            .await
            .expect("a body");
        let html = String::from_utf8_lossy(&body).replace('"', "&quot;");
        assert!(html.contains(said), "{path}: {html}");
    }
}

#[test]
fn what_is_wrong_with_a_repository_is_said_once() {
    let component = |name: &str| ComponentLine {
        name: name.into(),
        repo: "o/r".into(),
        commits: Some(1),
        fetched: None,
        problem: "o/r is shallow".into(),
    };
    let feed = InfraFeed {
        components: vec![component("a"), component("b")],
        ..InfraFeed::default()
    };
    let html = part("/infra", 0, infra_page(&feed, CompareForm::default()));
    assert_eq!(html.matches("o/r is shallow").count(), 1, "{html}");
}
