//! Recordings that are odd, wrong, or no recordings.

use model::{
    infra::{ComponentKind, ComponentVersion, Source},
    status::Status,
};
use seamgrid::store::{GroupConfig, Saved};
use serde_json::{Value, json};

use super::{import_quietly, whole_grid, write};
use crate::store::test_store;

/// A small table that is all right.
fn table() -> Value {
    json!({
        "test-group-name": "ciunit",
        "query": "bucket/logs/ci-unit",
        "changelists": ["103", "102", "101"],
        "timestamps": [1_600_000_300_000_i64, 1_600_000_200_000_i64, 1_600_000_100_000_i64],
        "custom-columns": [["c", "b", "a"], ["9f8e7d6c5b", "missing", ""]],
        "column-header-names": ["Date", "Time", "Build Number", "Commit", "Infra-Commit"],
        "stale-test-threshold": 10,
        "open-test-template": {"url": "https://ci/<changelist>", "name": "", "options": {"b": "1", "a": "<gcs_prefix>"}},
        "tests": [
            {
                "name": "Overall", "original-name": "Overall",
                "statuses": [{"count": 1, "value": 12}, {"count": 1, "value": 0}, {"count": 1, "value": 1}],
                "messages": ["It <b>broke</b>", ""], "short_texts": ["F", ""],
                "user_property": null,
            },
            {
                "name": "Blank", "original-name": "Blank",
                "statuses": [{"count": 3, "value": 0}],
                "messages": [], "short_texts": [],
            },
        ],
    })
}

fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut table = table();
    change(&mut table);
    table.to_string()
}

#[tokio::test]
async fn what_is_wrong_is_said_of_each_file_and_the_others_go_on() {
    let test = test_store().await;
    let folder = test.folder.path().join("d");
    let good = table().to_string();
    let mut expected = Vec::new();
    for (name, content, message) in [
        ("a-empty", String::new(), "the file is empty"),
        ("b-blank", " \n".into(), "the file is empty"),
        (
            "c-text",
            "Hello".into(),
            "the file is not JSON: expected value at line 1 column 1",
        ),
        (
            "d-cut",
            good[..good.len() / 2].into(),
            "the file is cut off: EOF while parsing",
        ),
        (
            "e-list",
            "[]".into(),
            "the file is JSON, but neither a recorded table nor a recorded summary",
        ),
        (
            "f-object",
            "{}".into(),
            "the file is JSON, but neither a recorded table nor a recorded summary",
        ),
        (
            "g-other",
            r#"{"dashboards": {"name": "x"}}"#.into(),
            "the file is JSON, but neither a recorded table nor a recorded summary",
        ),
        (
            "h-timestamps",
            with(|table| table["timestamps"] = json!([1, 2])),
            "the recorded table contradicts itself: 2 timestamps, but 3 changelists",
        ),
        (
            "i-statuses",
            with(|table| table["tests"][0]["statuses"] = json!([{"count": 2, "value": 1}])),
            "the recorded table contradicts itself: 3 columns, but 2 statuses in the row “Overall”",
        ),
        (
            "j-messages",
            with(|table| table["tests"][0]["messages"] = json!(["one"])),
            "the recorded table contradicts itself: 2 cells that are not blank, but 1 messages in the row “Overall”",
        ),
        (
            "k-texts",
            with(|table| table["tests"][0]["short_texts"] = json!(["", "", ""])),
            "the recorded table contradicts itself: 2 cells that are not blank, but 3 short texts in the row “Overall”",
        ),
        (
            "l-header",
            with(|table| table["custom-columns"][0] = json!(["a"])),
            "the recorded table contradicts itself: 3 columns, but 1 values of the header “Commit”",
        ),
        (
            "m-names",
            with(|table| table["column-header-names"] = json!(["Date"])),
            "the recorded table contradicts itself: 2 custom columns, but 1 column header names",
        ),
        (
            "n-status",
            with(|table| table["tests"][0]["statuses"][0]["value"] = json!(16)),
            "the recorded table contradicts itself: the row “Overall” has the status 16; the numbers are 0 to 15",
        ),
        (
            "o-type",
            with(|table| table["timestamps"][0] = json!("yesterday")),
            "the file is JSON, but neither a recorded table nor a recorded summary: invalid value: string \"yesterday\", expected a number",
        ),
        (
            "p-group",
            with(|table| table["test-group-name"] = json!("")),
            "the recorded table contradicts itself: it names no test group",
        ),
        (
            "q-huge",
            with(
                |table| table["tests"][0]["statuses"] = json!([{"count": 4_294_967_295_u32, "value": 1}, {"count": 4_294_967_295_u32, "value": 1}]),
            ),
            "the recorded table contradicts itself: 3 columns, but 8589934590 statuses in the row “Overall”",
        ),
    ] {
        let path = write(&folder, &format!("tables/{name}.json"), &content);
        expected.push((path, message));
    }
    let binary = folder.join("tables/r-binary.json");
    std::fs::write(&binary, [b'{', b'"', 0xff, 0xfe, b'"', b':', b'1', b'}']).expect("written");
    expected.push((binary, "the file is not JSON: invalid unicode code point"));
    write(&folder, "tables/z-good.json", &good);
    let missing = test.folder.path().join("nowhere");
    expected.push((
        missing.clone(),
        "it cannot be read: No such file or directory",
    ));
    let nothing = test.folder.path().join("nothing");
    std::fs::create_dir(&nothing).expect("a folder");
    expected.push((nothing.clone(), "the folder has no .json file"));
    expected.sort();

    let report = import_quietly(&test.store, &[folder, missing, nothing]).await;
    let found: Vec<_> = report
        .problems
        .iter()
        .map(|problem| problem.path.clone())
        .collect();
    let paths: Vec<_> = expected.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(found, paths);
    for (problem, (_, message)) in report.problems.iter().zip(&expected) {
        assert!(problem.message.starts_with(message), "{problem}");
        assert!(!problem.message.contains('\n'), "{problem}");
    }
    assert_eq!((report.tables, report.runs.inserted), (1, 3));
    assert_eq!(test.store.load_groups().await.expect("groups").len(), 1);
}

#[tokio::test]
async fn a_table_becomes_runs() {
    let test = test_store().await;
    let folder = test.folder.path().join("sig-testing");
    // The order of an object's keys is not kept by `json!`.
    let recorded = table().to_string().replace(
        r#"{"a":"<gcs_prefix>","b":"1"}"#,
        r#"{"b":"1","a":"<gcs_prefix>"}"#,
    );
    let path = write(&folder, "Unit tests.json", &recorded);
    let report = import_quietly(&test.store, &[path]).await;
    assert_eq!(report.problems, []);
    assert_eq!(
        (report.groups, report.tabs_changed, report.cells),
        (1, 1, 2)
    );
    let group = &test.store.load_groups().await.expect("groups")[0];
    assert_eq!(group.name, "ci-unit");
    assert_eq!(group.mark.as_deref(), Some("103"));
    assert_eq!(group.open_builds, []);

    let run = test.store.load_run(group.id, "103").await.expect("loaded");
    let run = run.expect("a run");
    assert_eq!(run.path, "bucket/logs/ci-unit/103");
    assert_eq!(run.started_ms, 1_600_000_300_000);
    assert_eq!(run.results[0].cell.message, "It <b>broke</b>");
    let headers: Vec<(&str, &str)> = run
        .headers
        .iter()
        .map(|header| (header.name.as_str(), header.value.as_str()))
        .collect();
    assert_eq!(headers, [("Commit", "c"), ("Infra-Commit", "9f8e7d6c5b")]);
    assert_eq!(
        run.versions,
        [ComponentVersion {
            component: "test-infra".into(),
            kind: ComponentKind::Infra,
            version: Some("9f8e7d6c5b".into()),
            source: Source::Header,
            evidence: Some("Infra-Commit: 9f8e7d6c5b".into()),
        }]
    );
    for unknown in ["102", "101"] {
        let run = test
            .store
            .load_run(group.id, unknown)
            .await
            .expect("loaded");
        assert_eq!(
            run.expect("a run").versions,
            [ComponentVersion::unknown(
                "test-infra",
                ComponentKind::Infra
            )]
        );
    }

    // The row without results is known, and has no cell that a grid could show.
    let results = test
        .store
        .load_results(group.id, None)
        .await
        .expect("results");
    let names: Vec<&str> = results
        .tests
        .iter()
        .map(|test| test.name.as_str())
        .collect();
    assert_eq!(names, ["Overall", "Blank"]);
    let grid = whole_grid(&results);
    assert_eq!(grid.rows.len(), 1);
    assert_eq!(grid.columns.len(), 3, "a build without results is a column");

    let tab = &test.store.load_imported_tabs().await.expect("tabs")[0];
    assert_eq!(tab.dashboard, "sig-testing");
    assert_eq!(tab.tab.name, "Unit tests");
    assert_eq!(tab.recorded_ms, 1_600_000_300_000);
    assert_eq!(tab.group.gcs_prefix, "bucket/logs/ci-unit");
    let template = &tab.tab.open_test_template;
    assert_eq!(template.url, "https://ci/<changelist>");
    let options: Vec<_> = template
        .options
        .iter()
        .map(|option| option.key.as_str())
        .collect();
    assert_eq!(options, ["b", "a"], "in the recorded order");
}

#[tokio::test]
async fn what_real_answers_may_hold_is_taken() {
    let test = test_store().await;
    let odd = with(|table| {
        // Seconds, text and fractions; the same build twice; the same name twice; absent lists.
        table["timestamps"] = json!([1_600_000_300, "1600000200000", 1_600_000_100_000.4]);
        table["changelists"] = json!(["102", "102", ""]);
        table["column-header-names"] = json!([
            "Date",
            "Time",
            "Build number",
            "infra-commit",
            "Infra-Commit"
        ]);
        table["custom-columns"] = json!([["", null, "missing"], ["x1", "", "x3"]]);
        table["description"] = json!(null);
        table["tests"] = json!([
            {"name": "a", "original-name": "x.a", "statuses": [{"count": 3, "value": 1}], "messages": null, "short_texts": null},
            {"name": "a", "original-name": "y.a", "statuses": [{"count": 1, "value": 13}, {"count": 1, "value": 13}, {"count": 1, "value": 0}],
             "messages": [null, "m"], "short_texts": [], "user_property": ["p", ""]},
            {"name": "a", "original-name": "y.a", "statuses": [{"count": 3, "value": 12}], "messages": [], "short_texts": [], "user_property": {"odd": 1}},
            {"name": "none", "statuses": null},
        ]);
    });
    let path = write(test.folder.path(), "d/tables/t.json", &odd);
    let report = import_quietly(&test.store, std::slice::from_ref(&path)).await;
    let messages: Vec<&str> = report
        .problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        messages,
        ["the user properties of the row “y.a [1]” are not one text per cell and were left out"]
    );
    assert_eq!(report.cells, 8);
    let group = test.store.load_groups().await.expect("groups")[0].id;
    let results = test.store.load_results(group, None).await.expect("results");
    let tests: Vec<(&str, &str)> = results
        .tests
        .iter()
        .map(|test| (test.name.as_str(), test.id.as_str()))
        .collect();
    assert_eq!(
        tests,
        [
            ("a", "x.a"),
            ("y.a", "y.a"),
            ("y.a [1]", "y.a [1]"),
            ("none", "none")
        ]
    );
    let builds: Vec<&str> = results.runs.iter().map(|run| run.build.as_str()).collect();
    assert_eq!(
        builds,
        ["102@1600000300000", "102@1600000200000", "@1600000100000"]
    );
    let grid = whole_grid(&results);
    let row = grid
        .rows
        .iter()
        .find(|row| row.name == "y.a")
        .expect("a row");
    assert_eq!(
        row.statuses.runs(),
        [(Status::Flaky, 2), (Status::NoResult, 1)]
    );
    assert_eq!(row.cell(1).map(|cell| cell.message.as_str()), Some("m"));
    let versions: Vec<Option<&str>> = grid
        .columns
        .iter()
        .map(|column| column.infra[0].version.as_deref())
        .collect();
    assert_eq!(versions, [Some("x1"), None, Some("x3")]);
    assert_eq!(results.runs[0].details[0].user_property, "p");
    let again = import_quietly(&test.store, &[path]).await;
    assert!(!again.changed());
}

#[tokio::test]
async fn runs_that_began_together_keep_their_recorded_order() {
    for changelists in [
        ["103", "102", "101"],
        ["102", "103", "101"],
        ["101", "102", "103"],
    ] {
        let test = test_store().await;
        let together = with(|table| {
            let start = 1_600_000_300_000_i64;
            table["timestamps"] = json!([start, start, start]);
            table["changelists"] = json!(changelists);
        });
        let path = write(test.folder.path(), "d/tables/t.json", &together);
        import_quietly(&test.store, &[path]).await;
        let group = test.store.load_groups().await.expect("groups")[0].id;
        let results = test.store.load_results(group, None).await.expect("results");
        let builds: Vec<&str> = results.runs.iter().map(|run| run.build.as_str()).collect();
        assert_eq!(builds, changelists);
    }
}

#[tokio::test]
async fn recordings_of_one_group_add_up() {
    let later = with(|table| {
        table["changelists"] = json!(["104", "103", "102"]);
        table["timestamps"] = json!([
            1_600_000_400_000_i64,
            1_600_000_300_000_i64,
            1_600_000_200_000_i64
        ]);
        table["custom-columns"] = json!([["d", "c", "b"], ["", "", ""]]);
        table["tests"] = json!([
            {"name": "Overall", "original-name": "Overall", "statuses": [{"count": 3, "value": 1}], "messages": ["", "", ""], "short_texts": ["", "", ""]},
            {"name": "New", "original-name": "New", "statuses": [{"count": 1, "value": 13}, {"count": 2, "value": 0}], "messages": [""], "short_texts": ["1/2"]},
        ]);
    });
    for order in [["a", "b"], ["b", "a"]] {
        let test = test_store().await;
        let write_as = |name: &str, content: &str| {
            write(
                test.folder.path(),
                &format!("{name}/tables/unit.json"),
                content,
            )
        };
        // Paths are read in order, so the names decide which comes first.
        let paths = [
            write_as(order[0], &table().to_string()),
            write_as(order[1], &later),
        ];
        let report = import_quietly(&test.store, &paths).await;
        assert_eq!((report.groups, report.tabs_changed), (1, 2));
        assert_eq!(report.runs.inserted, 4);
        let group = test.store.load_groups().await.expect("groups")[0].id;
        let results = test.store.load_results(group, None).await.expect("results");
        let grid = whole_grid(&results);
        let builds: Vec<&str> = grid
            .columns
            .iter()
            .map(|column| column.build.as_str())
            .collect();
        assert_eq!(builds, ["104", "103", "102", "101"]);
        let row = |name: &str| {
            let row = grid
                .rows
                .iter()
                .find(|row| row.name == name)
                .expect("a row");
            row.statuses.iter().collect::<Vec<_>>()
        };
        // The failure of 103 was recorded before it passed.
        assert_eq!(row("Overall"), [Status::Pass; 4]);
        assert_eq!(
            row("New"),
            [
                Status::Flaky,
                Status::NoResult,
                Status::NoResult,
                Status::NoResult
            ]
        );
        let again = import_quietly(&test.store, &paths).await;
        assert!(!again.changed());
        assert_eq!(
            again.runs,
            Saved {
                unchanged: 6,
                ..Saved::default()
            }
        );
    }
}

#[tokio::test]
async fn a_summary_spells_the_names() {
    let test = test_store().await;
    let tab = |updated: i64| {
        json!({
            "alert": "", "last_run_timestamp": 1, "last_update_timestamp": updated,
            "overall_status": "FLAKY", "dashboard_name": "SIG Testing", "tests": [],
        })
    };
    let summary = format!(
        r#"{{"Zeta": {}, "Unit, tests": {}}}"#,
        tab(1),
        tab(1_600_000_999)
    );
    let folder = test.folder.path().join("sig-testing");
    write(&folder, "summary.json", &summary);
    write(&folder, "tables/unit-tests.json", &table().to_string());
    let report = import_quietly(&test.store, std::slice::from_ref(&folder)).await;
    assert_eq!(report.problems, []);
    assert_eq!((report.summaries, report.tables), (1, 1));
    assert_eq!(report.tabs_without_table, 1);
    let tab = &test.store.load_imported_tabs().await.expect("tabs")[0];
    assert_eq!(tab.dashboard, "SIG Testing");
    assert_eq!(tab.tab.name, "Unit, tests");
    assert_eq!(tab.position, 1);
    assert_eq!(tab.recorded_ms, 1_600_000_999_000);

    // A group that is configured already keeps its name and configuration.
    let config = GroupConfig {
        name: "CI Unit".into(),
        config_hash: "1".into(),
    };
    test.store
        .sync_groups(std::slice::from_ref(&config))
        .await
        .expect("synced");
    let report = import_quietly(&test.store, &[folder]).await;
    assert_eq!(report.runs.unchanged, 3);
    let group = &test.store.load_groups().await.expect("groups")[0];
    assert_eq!(
        (&group.name, &group.config_hash),
        (&config.name, &config.config_hash)
    );
    let tabs = test.store.load_imported_tabs().await.expect("tabs");
    assert_eq!(tabs[0].tab.test_group_name, config.name);
}
