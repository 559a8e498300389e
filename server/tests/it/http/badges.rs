//! Badges, the widget and the lists beside them.

use app::paths::{self, segment};
use axum::http::{StatusCode, header};
use serde_json::json;

use super::{GCE, MASTER, World};

fn badge(rest: &str) -> String {
    format!(
        "/q/summary/{}/{}/tests_status{rest}",
        segment(MASTER),
        segment(GCE)
    )
}

#[tokio::test]
async fn a_badge_is_a_picture_that_is_kept_for_a_minute() {
    let world = World::new().await;
    for rest in ["?style=svg", "", "?style=svg&label=tests"] {
        let reply = world.get(&badge(rest)).await;
        assert_eq!(reply.status, StatusCode::OK, "{rest}");
        assert_eq!(reply.header(header::CONTENT_TYPE), "image/svg+xml");
        assert_eq!(reply.header(header::CACHE_CONTROL), "max-age=60");
        assert!(reply.text().starts_with("<svg "), "{}", reply.text());
        assert!(reply.text().contains(">FAILING</text>"), "{}", reply.text());
        let label = if rest.contains("label") { "tests" } else { GCE };
        assert!(reply.text().contains(&format!(">{label}</text>")));
        let headers = [("if-none-match", reply.header(header::ETAG))];
        let again = world
            .send(axum::http::Method::GET, &badge(rest), &headers)
            .await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    }
    let unknown = world.get(&badge("?style=png")).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        unknown.text(),
        "there is no style \"png\"; there are svg and shields\n"
    );
}

#[tokio::test]
async fn shields_io_can_draw_the_badge() {
    let world = World::new().await;
    let reply = world.get(&badge("?style=shields")).await;
    assert_eq!(reply.header(header::CACHE_CONTROL), "max-age=60");
    assert_eq!(
        reply.json(),
        json!({
            "schemaVersion": 1,
            "label": GCE,
            "message": "FAILING",
            "color": "#b3261e",
            "isError": true,
            "cacheSeconds": 60,
        })
    );
}

#[tokio::test]
async fn the_list_names_all_tabs_in_order() {
    let world = World::new().await;
    let list = world.json("/q/list").await;
    assert_eq!(list[MASTER], json!(["kubelet", GCE, "wrong"]));
    assert_eq!(list["sig-release-1.10-informing"], json!([]));
    assert_eq!(list.as_object().map(serde_json::Map::len), Some(5));
}

#[tokio::test]
async fn the_configuration_of_a_tab_can_be_had() {
    let world = World::new().await;
    let path = format!("/q/config/{}/{}", segment(MASTER), segment(GCE));
    let config = world.json(&path).await;
    assert_eq!(config["dashboard_tab"]["test_group_name"], "ci-gce");
    assert_eq!(
        config["test_group"]["gcs_prefix"],
        "logs-bucket/logs/ci-gce"
    );
}

#[tokio::test]
async fn the_widget_names_tabs_and_leads_to_them() {
    let world = World::new().await;
    let reply = world.get(&format!("/q/summary/{}", segment(MASTER))).await;
    assert_eq!(
        reply.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    assert!(reply.text().contains(&paths::tab(MASTER, GCE)));
    assert!(reply.text().contains("FAILING"));
    let reply = world
        .get(&format!("/q/summary/{}/{}", segment(MASTER), segment(GCE)))
        .await;
    assert_eq!(reply.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(reply.header(header::LOCATION), paths::tab(MASTER, GCE));
}

#[tokio::test]
async fn another_configuration_is_refused_and_ours_is_shown() {
    let world = World::new().await;
    let reply = world.get("/r/other-bucket/sig-node").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(
        reply.text(),
        "there is no configuration \"gs://other-bucket\" here; the one that is shown is \"gs://k8s-testgrid\"\n"
    );
    for (path, target) in [
        ("/r/k8s-testgrid/sig-node", "/sig-node"),
        (
            "/r/k8s-testgrid/sig-node/table?tab=a%20b",
            "/sig-node/table?tab=a%20b",
        ),
        ("/r/k8s-testgrid//example.org/x", "/example.org/x"),
    ] {
        let reply = world.get(path).await;
        assert_eq!(reply.status, StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(reply.header(header::LOCATION), target, "{path}");
    }
}
