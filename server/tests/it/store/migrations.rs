//! Every migration on a database that already holds something.

use std::path::{Path, PathBuf};

use model::{run::Problem, status::Status, summary::TabStatus};
use seamgrid::store::{OpenBuild, Store};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, migrate::Migrator};

use super::{TestStore, url_in};

fn package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Applies the migrations one after the other, each followed by data of that version, and then
/// opens the result.
#[tokio::test]
async fn migrations_keep_what_is_stored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = url_in(&folder);
    let migrator = Migrator::new(package("../migrations/sqlite").as_path())
        .await
        .expect("the migrations");
    let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc"))
        .await
        .expect("a new database");
    for migration in migrator.iter() {
        migrator
            .run_to(migration.version, &mut connection)
            .await
            .expect("a migration that fits the data before it");
        let data = package(&format!(
            "tests/data/migrations/{:04}_{}.sql",
            migration.version, migration.description
        ));
        let sql = std::fs::read_to_string(&data)
            .unwrap_or_else(|error| panic!("{} is missing: {error}", data.display()));
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .expect("data that fits its version");
    }
    connection.close().await.expect("closed");

    let store = Store::open(&url).await.expect("our own database");
    let mut groups = store.load_groups().await.expect("groups");
    groups.sort_by_key(|group| group.id);
    assert_eq!(groups.len(), 2);
    let group = &groups[0];
    let specs = store.load_job_specs(group.id, ["100", "101"]).await;
    let specs = specs.expect("job specifications");
    assert_eq!(specs["100"].facts().len(), 1);
    assert!(!specs.contains_key("101"));
    assert_eq!(group.name, "ci-kubernetes-unit");
    assert_eq!(group.config_hash, "c0ffee");
    assert_eq!(group.mark.as_deref(), Some("101"));
    assert_eq!(group.run_count, 2);
    assert_eq!(
        group.open_builds,
        [OpenBuild {
            build: "101".into(),
            path: String::new()
        }]
    );
    assert_eq!(
        group.update.error.as_deref(),
        Some("the bucket did not answer")
    );

    let results = store.load_results(group.id, None).await.expect("results");
    assert_eq!(results.tests[1].id, "pkg/TestA");
    assert_eq!(results.tests[2].id, "TestB");
    let builds: Vec<&str> = results.runs.iter().map(|run| run.build.as_str()).collect();
    assert_eq!(builds, ["101", "100"]);
    assert_eq!(
        results.runs[0].statuses.iter().collect::<Vec<_>>(),
        [Status::Fail, Status::Pass, Status::Flaky]
    );
    assert_eq!(results.runs[0].details.len(), 2);
    let versions = results.runs[1].versions.as_ref().expect("a vector");
    assert_eq!(versions[0].version.as_deref(), Some("0123456789abcdef"));

    let open = store.load_run(group.id, "101").await.expect("loaded");
    let open = open.expect("a run");
    assert_eq!(open.results[2].cell.metrics, [("coverage".into(), 81.5)]);
    assert_eq!(
        open.problems,
        [Problem::new("finished.json", "It is not there yet.")]
    );
    assert_eq!(open.emails, ["a@example.com"]);
    let done = store.load_run(group.id, "100").await.expect("loaded");
    let done = done.expect("a run");
    assert_eq!(done.results[0].cell.seconds, Some(4.999));
    assert_eq!(done.headers[0].value, "abc");
    assert_eq!(done.label, "v1.2");

    let tabs = store.load_imported_tabs().await.expect("tabs");
    assert_eq!(tabs[0].tab.name, "unit");
    assert_eq!(tabs[0].group.gcs_prefix, "bucket/logs/ci-kubernetes-unit");

    let changes = store.load_status_changes(&["sig-testing"], 9).await;
    let changes = changes.expect("changes");
    assert_eq!(changes[0].to, TabStatus::Failing);
    let statuses = store.load_statuses().await.expect("statuses");
    assert_eq!(statuses.len(), 1);

    // The one run of that day is no longer there.
    let now_ms = 1_704_067_200_000;
    let numbers = store.load_test_numbers(group.id, "Overall", "Overall", 0, now_ms);
    let days = numbers.await.expect("numbers").days;
    let day = days.last().expect("a day");
    assert_eq!((day.0, day.1.failed, day.1.total_ms), (19_723, 1, 1000));
    let bugs = store.load_bugs().await.expect("bugs");
    let rows = bugs
        .iter()
        .map(|bug| (bug.row_id.as_str(), bug.row_name.as_str()));
    let rows: Vec<(&str, &str)> = rows.collect();
    assert_eq!(rows, [("pkg/TestA", "TestA"), ("TestB", "TestB")]);

    // What is stored can be written over and pruned: the keys hold.
    let test = TestStore { store, folder };
    let mut raw = test.raw().await;
    let broken: Vec<(String,)> = sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check")
        .fetch_all(&mut raw)
        .await
        .expect("a check");
    assert_eq!(broken, []);
}
