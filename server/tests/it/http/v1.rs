//! `/api/v1`: TestGrid's messages, in TestGrid's encoding.

use std::collections::BTreeMap;

use app::paths::segment;
use axum::http::{Method, StatusCode, header};
use model::config::{
    AlertOptions, ColumnHeader, Configuration, HealthAnalysisOptions, LinkOption, LinkTemplate,
    Notification,
};
use serde_json::{Value, json};

use super::{GCE, MASTER, World, configuration};

const ROOT: &str = "/api/v1";

/// The configuration of the other tests with what only this interface shows.
fn testgrid_configuration() -> Configuration {
    let mut configuration = configuration();
    configuration.test_groups[0].column_header = vec![
        ColumnHeader {
            configuration_value: "Commit".into(),
            ..ColumnHeader::default()
        },
        ColumnHeader {
            configuration_value: "node_os_image".into(),
            ..ColumnHeader::default()
        },
    ];
    configuration.test_groups[0].use_kubernetes_client = Some(true);
    let board = &mut configuration.dashboards[0];
    board.notifications = vec![Notification {
        summary: "A known outage".into(),
        context_link: "https://example.org/1".into(),
    }];
    board.default_tab = GCE.into();
    board.highlight_today = Some(true);
    board.downplay_failing_tabs = Some(false);
    let tab = &mut board.dashboard_tab[1];
    tab.description = "What it is".into();
    tab.results_text = "See these results on Prow".into();
    tab.file_bug_template = LinkTemplate {
        url: "https://example.org/new".into(),
        options: vec![LinkOption {
            key: "title".into(),
            value: "E2E: <test-name>".into(),
        }],
        name: String::new(),
    };
    tab.code_search_url_template = LinkTemplate {
        url: "https://example.org/compare/<start-custom-0>...<end-custom-0>".into(),
        ..LinkTemplate::default()
    };
    tab.alert_options = Some(AlertOptions {
        alert_stale_results_hours: Some(0),
        num_failures_to_alert: Some(3),
        alert_mail_to_addresses: "a@example.org".into(),
        ..AlertOptions::default()
    });
    configuration
}

async fn world() -> World {
    World::with(testgrid_configuration()).await
}

fn tab_path(rest: &str) -> String {
    format!(
        "{ROOT}/dashboards/{}/tabs/{}{rest}",
        segment(MASTER),
        segment(GCE)
    )
}

/// One path of each kind.
fn reads() -> Vec<String> {
    let board = format!("{ROOT}/dashboards/{}", segment(MASTER));
    vec![
        format!("{ROOT}/dashboards"),
        format!("{ROOT}/dashboard-groups"),
        format!("{ROOT}/dashboard-groups/sig-release"),
        format!("{ROOT}/dashboard-groups/sig-release/dashboard-summaries"),
        board.clone(),
        format!("{board}/tabs"),
        tab_path(""),
        tab_path("/headers"),
        tab_path("/rows"),
        format!("{board}/tab-summaries"),
        format!("{board}/tab-summaries/{}", segment(GCE)),
        format!("{board}/summary"),
    ]
}

#[tokio::test]
async fn every_message_is_as_testgrid_writes_it() {
    let world = world().await;
    let mut answers = BTreeMap::new();
    for path in reads() {
        answers.insert(path.clone(), world.json(&path).await);
    }
    insta::assert_json_snapshot!("answers", answers);
}

/// Everything but `cells`, in which a blank one is empty.
fn check_no_zero(path: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                assert!(
                    !matches!(field, Value::Null | Value::Bool(false))
                        && *field != json!("")
                        && *field != json!(0)
                        && *field != json!([])
                        && *field != json!({}),
                    "{path}: {name} is a zero value"
                );
                check_no_zero(path, field);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check_no_zero(path, item)),
        _ => {}
    }
}

#[tokio::test]
async fn zero_values_are_left_out() {
    let world = world().await;
    for path in reads() {
        check_no_zero(&path, &world.json(&path).await);
    }
}

#[tokio::test]
async fn every_link_leads_somewhere() {
    let world = world().await;
    let board = format!("{ROOT}/dashboards/{}", segment(MASTER));
    let mut followed = 0;
    for (path, list) in [
        (format!("{ROOT}/dashboards"), "dashboards"),
        (format!("{ROOT}/dashboard-groups"), "dashboard_groups"),
        (format!("{ROOT}/dashboard-groups/sig-release"), "dashboards"),
        (format!("{board}/tabs"), "dashboard_tabs"),
    ] {
        let answer = world.json(&path).await;
        for resource in answer[list].as_array().expect("a list") {
            let link = resource["link"].as_str().expect("a link");
            let reply = world.get(&format!("{ROOT}{link}")).await;
            assert_eq!(reply.status, StatusCode::OK, "{link}");
            followed += 1;
        }
    }
    assert_eq!(followed, 5 + 1 + 2 + 3);
}

#[tokio::test]
async fn tabs_keep_the_order_of_the_configuration_and_unknown_is_said() {
    let world = world().await;
    let board = format!("{ROOT}/dashboards/{}", segment(MASTER));
    let tabs = world.json(&format!("{board}/tabs")).await;
    let names: Vec<&Value> = tabs["dashboard_tabs"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|tab| &tab["name"])
        .collect();
    assert_eq!(names, ["kubelet", GCE, "wrong"]);
    let summary = world.json(&format!("{board}/summary")).await;
    let counts = &summary["dashboard_summary"]["tab_status_count"];
    assert_eq!(counts["UNKNOWN"], 1);
    let wrong = world.json(&format!("{board}/tab-summaries/wrong")).await;
    assert_eq!(wrong["tab_summary"]["overall_status"], "UNKNOWN");
}

#[tokio::test]
async fn rows_have_one_cell_per_column() {
    let world = world().await;
    let headers = world.json(&tab_path("/headers")).await;
    let rows = world.json(&tab_path("/rows")).await;
    let headers = headers["headers"].as_array().expect("a list");
    assert_eq!(headers[0]["build"], "6");
    assert_eq!(headers[0]["extra"].as_array().map(Vec::len), Some(2));
    let grid = world.grid("").await;
    let rows = rows["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), grid.rows.len());
    for (row, expected) in rows.iter().zip(&grid.rows) {
        assert_eq!(row["name"], expected.name);
        let cells = row["cells"].as_array().expect("a list");
        assert_eq!(cells.len(), headers.len());
        for (column, status) in expected.statuses.iter().enumerate() {
            let cell = &cells[column];
            let detail = expected.cell(column as u32);
            let text = |field: &str| cell[field].as_str().unwrap_or_default();
            assert_eq!(
                cell["result"].as_u64().unwrap_or(0),
                u64::from(status.number())
            );
            assert_eq!(text("icon"), detail.map_or("", |it| &it.icon));
            assert_eq!(text("message"), detail.map_or("", |it| &it.message));
        }
    }
}

#[tokio::test]
async fn answers_can_be_kept_compressed_and_read_by_any_page() {
    let world = world().await;
    for path in reads() {
        world.check_tag(&path).await;
        let head = world.send(Method::HEAD, &path, &[]).await;
        assert_eq!(head.status, StatusCode::OK, "{path}");
        assert!(head.body.is_empty(), "{path}");
        assert_eq!(head.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(head.header(header::CONTENT_TYPE), "application/json");
    }
    for path in [tab_path("/rows"), tab_path("/headers")] {
        world.check_codings(&path).await;
    }
}

#[tokio::test]
async fn rows_are_written_anew_when_the_grid_changes() {
    let world = world().await;
    let before = world.get(&tab_path("/rows")).await;
    let changed = super::run(
        7,
        None,
        super::NEW_PRODUCT,
        vec![(
            "nodes join",
            model::run::Cell::plain(model::status::Status::Pass),
        )],
    );
    world.publish_run(changed).await;
    let after = world.get(&tab_path("/rows")).await;
    assert_ne!(before.header(header::ETAG), after.header(header::ETAG));
    let cells = |row: &Value| row["cells"].as_array().map(Vec::len);
    assert_eq!(cells(&before.json()["rows"][0]), Some(6));
    assert_eq!(cells(&after.json()["rows"][0]), Some(7));
}

#[tokio::test]
async fn flakiness_is_told_where_the_tab_asks_for_it() {
    let mut configuration = testgrid_configuration();
    configuration.dashboards[0].dashboard_tab[1].health_analysis_options =
        Some(HealthAnalysisOptions {
            enable: Some(true),
            // The builds are of one day, and the clock goes on.
            days_of_analysis: Some(36_500),
            ..HealthAnalysisOptions::default()
        });
    let world = World::with(configuration).await;
    let path = format!(
        "{ROOT}/dashboards/{}/tab-summaries/{}",
        segment(MASTER),
        segment(GCE)
    );
    let summary = world.json(&path).await;
    let health = &summary["tab_summary"]["healthiness_summary"];
    assert_eq!(
        health["top_flaky_tests"],
        json!([{"display_name": "kubelet restarts", "flakiness": 20.0}]),
        "one of five results is flaky; what is new has no change"
    );
    let stats = &health["healthiness_stats"];
    assert_eq!(stats["num_flaky_tests"], 1);
    assert_eq!(stats["previous_flakiness"], -1.0);
    assert_eq!(stats["average_flakiness"], 5.0);
    assert!(stats["start"].as_str() < stats["end"].as_str());

    // The older interface says the same, the numbers over all tests whole.
    let summary = world.json(&format!("/{}/summary", segment(MASTER))).await;
    let health = &summary[GCE]["healthiness"];
    assert_eq!(health["previousFlakiness"], json!(-1));
    assert_eq!(health["averageFlakiness"], json!(5));
    assert_eq!(health["tests"][0]["displayName"], "kubelet restarts");
    assert_eq!(health["tests"][0]["flakiness"], 20.0);
    let other = &summary["kubelet"]["healthiness"];
    assert_eq!(*other, json!({"tests": [], "previousFlakiness": -1}));
}

#[tokio::test]
async fn what_is_wrong_is_one_line_of_text() {
    let world = world().await;
    for (path, status, message) in [
        (
            "/dashboards/sig-nod".to_owned(),
            StatusCode::NOT_FOUND,
            "there is no dashboard \"sig-nod\"; the nearest is \"sig-node\"\n",
        ),
        (
            "/dashboard-groups/sig-releas".to_owned(),
            StatusCode::NOT_FOUND,
            "there is no dashboard group \"sig-releas\"; the nearest is \"sig-release\"\n",
        ),
        (
            "/dashboards/sig-node/tabs/kubelets/rows".to_owned(),
            StatusCode::NOT_FOUND,
            "dashboard \"sig-node\" has no tab \"kubelets\"; the nearest is \"kubelet\"\n",
        ),
        (
            "/nothing".to_owned(),
            StatusCode::NOT_FOUND,
            "there is nothing at /api/v1/nothing\n",
        ),
        (
            "/dashboards?scope=gs://other".to_owned(),
            StatusCode::NOT_FOUND,
            "there is no configuration \"gs://other\" here; the one that is shown is \"gs://k8s-testgrid\"\n",
        ),
    ] {
        let reply = world.get(&format!("{ROOT}{path}")).await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.text(), message, "{path}");
        assert_eq!(
            reply.header(header::CONTENT_TYPE),
            "text/plain; charset=utf-8",
            "{path}"
        );
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(reply.header(header::CACHE_CONTROL), "no-store");
    }
    let reply = world.get(&format!("{ROOT}/dashboards/%FF")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text().starts_with("the path cannot be read"));
    let posted = world
        .send(Method::POST, &format!("{ROOT}/dashboards"), &[])
        .await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    for own in [
        "gs://k8s-testgrid",
        "gs://k8s-testgrid/",
        "gs%3A%2F%2Fk8s-testgrid",
        "",
    ] {
        let reply = world.get(&format!("{ROOT}/dashboards?scope={own}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{own}");
    }
}
