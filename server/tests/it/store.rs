//! The store on a real database.

mod changes;
mod durability;
mod groups;
mod migrations;
mod opening;
pub(crate) mod postgres;
mod retention;
mod runs;

use model::{
    infra::{ComponentKind, ComponentVersion, Source},
    run::{Cell, Header, Run, TestResult},
    status::Status,
};
use seamgrid::store::Store;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::database;

/// A database of its own; a file is removed with its folder.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

pub(crate) async fn test_store() -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = database::open(&folder.path().join("seamgrid.db")).await;
    TestStore { store, folder }
}

/// As [`test_store`], an SQLite file on every engine: for what only files have.
pub(crate) async fn sqlite_store() -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&url_in(&folder)).await.expect("a new database");
    TestStore { store, folder }
}

pub(crate) fn url_in(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("seamgrid.db").display())
}

impl TestStore {
    /// A connection to an SQLite file that bypasses the store.
    pub(crate) async fn raw(&self) -> SqliteConnection {
        SqliteConnection::connect(&url_in(&self.folder))
            .await
            .expect("the database is there")
    }

    /// The bytes that the write-ahead log has taken so far; 0 on a server, whose log is everybody's.
    pub(crate) fn logged(&self) -> u64 {
        if database::server().is_some() {
            return 0;
        }
        let log = self.folder.path().join("seamgrid.db-wal");
        std::fs::metadata(log).expect("a write-ahead log").len()
    }
}

pub(crate) fn result(name: &str, status: Status) -> TestResult {
    TestResult {
        name: name.into(),
        cell: Cell::plain(status),
    }
}

/// A run that uses every field.
pub(crate) fn full_run(build: &str, started_ms: i64) -> Run {
    Run {
        build: build.into(),
        label: format!("v{build}"),
        path: format!("bucket/logs/job/{build}"),
        started_ms,
        finished_ms: Some(started_ms + 60_000),
        open: false,
        results: vec![
            TestResult {
                name: "Overall".into(),
                cell: Cell {
                    status: Status::Fail,
                    icon: "F".into(),
                    message: "It broke: <script>\u{202e}\0".into(),
                    cell_id: format!("job/{build}"),
                    user_property: "zone-a".into(),
                    seconds: Some(61.5),
                    metrics: vec![("coverage".into(), 81.25), ("n".into(), -3.0)],
                },
            },
            TestResult {
                name: "TestA".into(),
                cell: Cell {
                    seconds: Some(0.25),
                    ..Cell::plain(Status::Pass)
                },
            },
            result("TestB", Status::PassWithSkips),
        ],
        headers: vec![
            Header {
                name: "Commit".into(),
                value: "abc".into(),
            },
            Header {
                name: "node_os_image".into(),
                value: "missing".into(),
            },
        ],
        versions: versions("0123456789"),
        problems: vec![model::run::Problem::new("junit.xml", "It ends too early.")],
        emails: vec!["a@example.com".into()],
        ids: Vec::new(),
    }
}

pub(crate) fn versions(test_infra: &str) -> Vec<ComponentVersion> {
    vec![
        ComponentVersion {
            component: "test-infra".into(),
            kind: ComponentKind::Infra,
            version: Some(test_infra.into()),
            source: Source::CloneRecord,
            evidence: Some("kubernetes/test-infra".into()),
        },
        ComponentVersion::unknown("prow", ComponentKind::Infra),
    ]
}
