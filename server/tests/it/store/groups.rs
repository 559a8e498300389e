//! Test groups and recorded tabs.

use model::config::{DashboardTab, LinkTemplate, TestGroup};
use seamgrid::store::{GroupConfig, ImportedTab, OpenBuild, Outcome, UpdateState};

use super::{full_run, test_store};

fn config(name: &str, hash: &str) -> GroupConfig {
    GroupConfig {
        name: name.into(),
        config_hash: hash.into(),
    }
}

#[tokio::test]
async fn groups_are_known_by_their_normalised_names() {
    let test = test_store().await;
    let store = &test.store;
    let first = store
        .sync_groups(&[
            config("ci-unit", "1"),
            config("ci-e2e", "1"),
            config("–", "1"),
        ])
        .await
        .expect("synced");
    let names: Vec<&str> = first.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["ci-unit", "ci-e2e", "–"]);
    assert_eq!(first[0].run_count, 0);
    assert_eq!(first[0].mark, None);

    let logged = test.logged();
    let again = store
        .sync_groups(&[config("ci-e2e", "1"), config("ci-unit", "1")])
        .await
        .expect("synced");
    assert_eq!(again, [first[1].clone(), first[0].clone()]);
    assert_eq!(test.logged(), logged, "nothing changed, nothing is written");

    let renamed = store
        .sync_groups(&[config("ci_unit", "2")])
        .await
        .expect("synced");
    assert_eq!(renamed[0].id, first[0].id);
    assert_eq!(renamed[0].name, "ci_unit");
    assert_eq!(renamed[0].config_hash, "2");
    assert_eq!(
        store.add_group("CI Unit").await.expect("known"),
        first[0].id
    );
    assert_eq!(store.load_groups().await.expect("groups").len(), 3);
}

#[tokio::test]
async fn marks_and_open_builds_are_in_natural_order() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    let runs: Vec<_> = ["9", "100", "20"]
        .into_iter()
        .map(|build| {
            let mut run = full_run(build, 1_000);
            run.open = build != "20";
            run
        })
        .collect();
    store.save_runs(group, &runs, 7).await.expect("saved");
    store
        .save_runs(group, &[full_run("21", 2_000)], 8)
        .await
        .expect("saved");
    let stored = &store.load_groups().await.expect("groups")[0];
    assert_eq!(stored.mark.as_deref(), Some("100"));
    assert_eq!(stored.run_count, 4);
    assert_eq!(stored.modified_ms, Some(8));
    assert_eq!(
        stored.open_builds,
        ["9", "100"].map(|build| OpenBuild {
            build: build.into(),
            path: format!("bucket/logs/job/{build}"),
        })
    );
}

#[tokio::test]
async fn an_outcome_keeps_the_last_success() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("job").await.expect("a group");
    for (outcome, state) in [
        (
            Outcome {
                at_ms: 10,
                error: Some("the bucket is gone".into()),
                lag_ms: None,
            },
            UpdateState {
                attempt_ms: Some(10),
                error_ms: Some(10),
                error: Some("the bucket is gone".into()),
                ..UpdateState::default()
            },
        ),
        (
            Outcome {
                at_ms: 20,
                error: None,
                lag_ms: Some(3),
            },
            UpdateState {
                attempt_ms: Some(20),
                success_ms: Some(20),
                lag_ms: Some(3),
                ..UpdateState::default()
            },
        ),
        (
            Outcome {
                at_ms: 30,
                error: Some("again".into()),
                lag_ms: None,
            },
            UpdateState {
                attempt_ms: Some(30),
                success_ms: Some(20),
                lag_ms: Some(3),
                error_ms: Some(30),
                error: Some("again".into()),
            },
        ),
    ] {
        store.save_outcome(group, &outcome).await.expect("saved");
        let groups = store.load_groups().await.expect("groups");
        assert_eq!(groups[0].update, state);
    }
}

#[tokio::test]
async fn an_older_recording_of_a_tab_never_replaces_a_newer_one() {
    let test = test_store().await;
    let store = &test.store;
    let group = store.add_group("ci-unit").await.expect("a group");
    let tab = |recorded_ms, description: &str| ImportedTab {
        dashboard: "sig-testing".into(),
        position: 1,
        tab: DashboardTab {
            name: "unit".into(),
            test_group_name: "ci-unit".into(),
            description: description.into(),
            open_test_template: LinkTemplate {
                url: "https://example.com/<gcs_prefix>/<changelist>".into(),
                ..LinkTemplate::default()
            },
            ..DashboardTab::default()
        },
        group: TestGroup {
            name: "ci-unit".into(),
            gcs_prefix: "bucket/logs/ci-unit".into(),
            ..TestGroup::default()
        },
        recorded_ms,
    };
    for (imported, written) in [
        (tab(10, "old"), true),
        (tab(20, "new"), true),
        (tab(10, "old"), false),
        (tab(20, "new"), false),
    ] {
        let found = store
            .save_imported_tab(group, &imported)
            .await
            .expect("saved");
        assert_eq!(found, written);
    }
    let first = ImportedTab {
        position: 0,
        tab: DashboardTab {
            name: "first".into(),
            test_group_name: "ci-unit".into(),
            ..DashboardTab::default()
        },
        ..tab(5, "")
    };
    store.save_imported_tab(group, &first).await.expect("saved");
    assert_eq!(
        store.load_imported_tabs().await.expect("tabs"),
        [first, tab(20, "new")]
    );
}
