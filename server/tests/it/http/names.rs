//! Names with commas, slashes, percent signs and dashes of every kind, through every address.

use app::paths::{self, segment};
use model::config::Configuration;

use super::{World, configuration, dashboard, tab};

#[tokio::test]
async fn names_of_every_kind_round_trip() {
    let names = [
        "sig-network-kind, loadbalancer",
        "a–b — c",
        "slash/and%2Fencoded?query#fragment&more=1+1",
        "100%",
        "..",
        "<script>alert('x')</script>\u{202e}",
        "日本語",
        "ünïcödé",
    ];
    let tabs = |prefix: &str| {
        names
            .iter()
            .map(|name| tab(&format!("{prefix}{name}"), "ci-gce", ""))
            .collect()
    };
    let world = World::with(Configuration {
        test_groups: configuration().test_groups,
        dashboards: names.iter().map(|name| dashboard(name, tabs(""))).collect(),
        ..Configuration::default()
    })
    .await;
    for board in names {
        let page = world.json(&paths::api_dashboard(board)).await;
        assert_eq!(page["name"], board);
        let summary = world.json(&format!("/{}/summary", segment(board))).await;
        for name in names {
            assert_eq!(summary[name]["dashboard_name"], board);
        }
        for name in names {
            let page = world.json(&paths::api_tab(board, name)).await;
            assert_eq!(page["summary"]["dashboard"], board);
            assert_eq!(page["summary"]["tab"], name);
            let grid = world.json(&paths::api_grid(board, name)).await;
            assert_eq!(grid["total_columns"], 6);

            let (board_segment, tab_segment) = (segment(board), segment(name));
            let tab = format!("/api/v1/dashboards/{board_segment}/tabs/{tab_segment}");
            assert_eq!(world.json(&tab).await["name"], name);
            let headers = world.json(&format!("{tab}/headers")).await;
            assert_eq!(headers["headers"].as_array().map(Vec::len), Some(6));
            let path = format!("/{board_segment}/table?tab={tab_segment}");
            let table = world.json(&path).await;
            assert_eq!(table["test-group-name"], "cigce");
            let badge = format!("/q/summary/{board_segment}/{tab_segment}/tests_status");
            let badge = world.get(&badge).await;
            let label: String = name.chars().filter(|it| !it.is_control()).collect();
            assert!(badge.text().contains(&escaped(&label)), "{}", badge.text());
        }
    }
}

/// Text as a document in XML has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
}
