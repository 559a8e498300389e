//! Recorded tables, imported and served again: field by field what TestGrid itself answered.
//!
//! The recordings were asked for with `show-stale-tests`, and so are ours. What cannot be equal, and why:
//!
//! - `status`, `phase-timer`, `cached`: how long that one answer took.
//! - `column-header-names[2]`: the name of the build's own header, which was `Commit` until 2020 and
//!   `Build Number` since.
//! - `target`: until 2020 the part of a row's name before the first dot; now its identity.
//! - `clusters`: until 2020 what is answered here, but for rows of equal name, which were told apart by
//!   `<TESTGRID:2>` there; since then TestGrid answers null or nothing.
//! - `notifications`, `idMap`, `context-menu-template`, `column-diff-link-templates`: null or absent in
//!   some years where a list or an empty object is answered here.
//! - of an alert: times are microseconds in some of 2021; `link-text` and `url-text` exist since 2021; the
//!   link ended in a question mark; in two tables of
//!   2020 stale rows raised none, and a flake began the count anew; `code-search-path` is that of the test group, which tables do not say.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use app::paths::segment;
use axum::http::{Method, StatusCode};
use model::config::Configuration;
use seamgrid::{
    http,
    read::{Catalog, Reader},
    testgrid::import::import,
};
use serde_json::{Value, json};

use crate::{
    http::{send, settings},
    import::exactness::unpack,
    shared::shared,
    store::test_store,
};

const RECORDINGS: &str = "data/testgrid-captures/openshift-sippy-historical";

/// Fields that are equal as they stand.
const EQUAL: [&str; 28] = [
    "test-group-name",
    "query",
    "summary",
    "bugs",
    "changelists",
    "column_ids",
    "custom-columns",
    "groups",
    "metrics",
    "row_ids",
    "timestamps",
    "test_id_map",
    "test-metadata",
    "stale-test-threshold",
    "num-stale-tests",
    "alerts",
    "add-tabular-names-option",
    "show-tabular-names",
    "description",
    "bug-component",
    "code-search-path",
    "open-test-template",
    "results-url-template",
    "code-search-url-template",
    "about-dashboard-url",
    "results-text",
    "latest-green",
    "triage-enabled",
];

/// Links whose name was left out of the object until 2020; an empty one is answered here.
const NAMED: [&str; 3] = [
    "file-bug-template",
    "attach-bug-template",
    "open-bug-template",
];

/// Of each row, but for `alert` and `target`.
const ROW: [&str; 6] = [
    "name",
    "original-name",
    "linked_bugs",
    "messages",
    "short_texts",
    "statuses",
];

/// Of each alert, but for times.
const ALERT: [&str; 9] = [
    "fail-cl",
    "fail-count",
    "text",
    "message",
    "test-id",
    "pass-cl",
    "pass-count",
    "properties",
    "hotlist_ids",
];

#[derive(Debug, Default, PartialEq, Eq)]
struct Compared {
    tables: usize,
    rows: usize,
    alerts: usize,
    /// Alerts whose count goes on past a flake here.
    longer_alerts: usize,
    /// Alerts of stale rows that the recording does not have.
    stale_alerts: usize,
    clusters: usize,
}

fn without_name(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(fields) = template.as_object_mut()
        && fields.get("name") == Some(&json!(""))
    {
        fields.remove("name");
    }
    template
}

/// A recorded time in milliseconds.
fn millis(time: &Value) -> i64 {
    let time = time.as_i64().expect("a number");
    if time > 100_000_000_000_000 {
        time / 1000
    } else {
        time
    }
}

/// Whether the two count the same failures. Until 2020 a flake began the count anew.
fn compare_alert(place: &str, recorded: &Value, served: &Value) -> bool {
    let count = |alert: &Value| alert["fail-count"].as_u64();
    let same = count(recorded) == count(served);
    assert!(count(recorded) <= count(served), "{place}");
    for field in ALERT {
        if !same && matches!(field, "fail-count" | "text") {
            continue;
        }
        let recorded = recorded.get(field).unwrap_or(&Value::Null);
        assert_eq!(*recorded, served[field], "{place}: {field}");
    }
    for field in ["fail-time", "pass-time"] {
        assert_eq!(
            millis(&recorded[field]),
            millis(&served[field]),
            "{place}: {field}"
        );
    }
    if recorded["link-text"] != "" {
        for field in ["link-text", "url-text"] {
            assert_eq!(recorded[field], served[field], "{place}: {field}");
        }
    }
    let link = recorded["link"].as_str().expect("a link");
    assert_eq!(json!(link.trim_end_matches('?')), served["link"], "{place}");
    same
}

fn compare(place: &str, recorded: &Value, served: &Value, compared: &mut Compared) {
    let of = |table: &Value, field: &str| table.get(field).cloned();
    for field in EQUAL {
        assert_eq!(
            of(recorded, field).map(|it| without_name(&it)),
            of(served, field).map(|it| without_name(&it)),
            "{place}: {field}"
        );
    }
    for field in NAMED {
        assert_eq!(
            without_name(&recorded[field]),
            without_name(&served[field]),
            "{place}: {field}"
        );
    }
    let headers = |table: &Value| -> Vec<Value> {
        let names = table["column-header-names"].as_array().expect("a list");
        names
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != 2)
            .map(|(_, name)| name.clone())
            .collect()
    };
    assert_eq!(headers(recorded), headers(served), "{place}");

    let list = |table: &Value, field: &str| -> Vec<Value> {
        table[field].as_array().cloned().unwrap_or_default()
    };
    let (recorded_rows, served_rows) = (list(recorded, "tests"), list(served, "tests"));
    assert_eq!(recorded_rows.len(), served_rows.len(), "{place}");
    let (mut alerts, stale_before) = (0, compared.stale_alerts);
    for (recorded, served) in recorded_rows.iter().zip(&served_rows) {
        let place = format!("{place}: {}", recorded["name"]);
        for field in ROW {
            assert_eq!(recorded[field], served[field], "{place}: {field}");
        }
        let only_ours = recorded["alert"].is_null() && !served["alert"].is_null();
        if only_ours {
            let newest = &recorded["statuses"][0];
            assert!(
                newest["value"] == 0 && newest["count"].as_u64() >= Some(10),
                "{place}"
            );
            compared.stale_alerts += 1;
        } else {
            assert_eq!(
                recorded["alert"].is_null(),
                served["alert"].is_null(),
                "{place}"
            );
        }
        if !recorded["alert"].is_null() {
            let same = compare_alert(&place, &recorded["alert"], &served["alert"]);
            compared.longer_alerts += usize::from(!same);
            alerts += 1;
        }
    }
    if compared.stale_alerts == stale_before {
        assert_eq!(
            recorded["overall-status"], served["overall-status"],
            "{place}"
        );
    }
    let clusters = list(recorded, "clusters");
    let telling = clusters.iter().any(|cluster| cluster["area"] != 0);
    if telling && !recorded["clusters"].to_string().contains("<TESTGRID:") {
        compare_clusters(place, &clusters, &list(served, "clusters"));
        compared.clusters += clusters.len();
    }
    compared.tables += 1;
    compared.rows += recorded_rows.len();
    compared.alerts += alerts;
}

/// The same clusters with the same cells; TestGrid lists cells in no order.
fn compare_clusters(place: &str, recorded: &[Value], served: &[Value]) {
    let of = |clusters: &[Value]| -> BTreeMap<u64, BTreeMap<String, Vec<u64>>> {
        clusters
            .iter()
            .map(|cluster| {
                let rows = cluster["test_results"].as_object().expect("an object");
                let rows = rows.iter().map(|(name, columns)| {
                    let mut columns: Vec<u64> =
                        serde_json::from_value(columns.clone()).expect("columns");
                    columns.sort_unstable();
                    (name.clone(), columns)
                });
                (
                    cluster["test_status"].as_u64().expect("a number"),
                    rows.collect(),
                )
            })
            .collect()
    };
    assert_eq!(of(recorded), of(served), "{place}");
}

/// The tables below `folder`, each with its dashboard's and its tab's name.
fn tables_below(folder: &Path) -> Vec<(String, String, Value)> {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("a readable folder").into_path())
        .filter(|path| {
            path.parent()
                .is_some_and(|parent| parent.ends_with("tables"))
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = |path: Option<&Path>| -> String {
                let path = path.expect("a folder");
                let name = path.file_name().expect("a name");
                name.to_string_lossy().trim_end_matches(".json").to_owned()
            };
            let dashboard = name(path.ancestors().nth(2));
            let bytes = fs::read(&path).expect("a recording");
            let table = serde_json::from_slice(&bytes).expect("a recorded table");
            (dashboard, name(Some(&path)), table)
        })
        .collect()
}

/// Imports the recordings below `folder` and compares each with what is served of it.
async fn compare_below(folder: &Path) -> Compared {
    let test = test_store().await;
    let report = import(
        &test.store,
        &[folder.to_owned()],
        1_800_000_000_000,
        &|_| {},
    )
    .await
    .expect("the database works");
    assert_eq!(report.problems, []);
    let imported = test.store.load_imported_tabs().await.expect("tabs");
    let catalog = Catalog::new(&Configuration::default(), &imported);
    // These tabs have not run since.
    let reader = Reader::new(test.store.clone(), catalog, &settings(0));
    let reader = Arc::new(reader.expect("the pattern is right"));
    reader.publish_all().await.expect("all is published");
    let router = http::router(reader);

    let mut compared = Compared::default();
    for (dashboard, tab, recorded) in tables_below(folder) {
        let path = format!(
            "/{}/table?&show-stale-tests=&tab={}",
            segment(&dashboard),
            segment(&tab)
        );
        let reply = send(&router, Method::GET, &path, &[]).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        compare(&tab, &recorded, &reply.json(), &mut compared);
    }
    compared
}

#[tokio::test]
async fn recorded_tables_come_back() {
    assert_eq!(
        compare_below(&shared(RECORDINGS).join("samples")).await,
        Compared {
            tables: 14,
            rows: 641,
            alerts: 14,
            longer_alerts: 1,
            stale_alerts: 2,
            clusters: 9,
        }
    );
}

/// One release in which TestGrid's rules were those of its published sources: every field of every row
/// and alert is equal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_release_comes_back() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    unpack(&shared(RECORDINGS).join("4.7GA.tar.zst"), folder.path());
    assert_eq!(
        compare_below(folder.path()).await,
        Compared {
            tables: 70,
            rows: 51_155,
            alerts: 659,
            ..Compared::default()
        }
    );
}
