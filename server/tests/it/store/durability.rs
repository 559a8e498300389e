//! Killed at any moment, the database holds all of a save or nothing of it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use model::{run::Run, status::Status};
use seamgrid::store::Store;

use super::{full_run, result, test_store};
use crate::database::url_for;

/// Names the database that [`saves_are_whole`] writes to until it is killed.
const VICTIM: &str = "SEAMGRID_TEST_VICTIM";

/// Runs per save, and cells with a message per run.
const RUNS: u64 = 5;
const CELLS: u64 = 120;

fn runs_of(save: u64) -> Vec<Run> {
    (0..RUNS)
        .map(|number| {
            let build = save * RUNS + number;
            let mut run = full_run(&build.to_string(), build as i64);
            run.results.clear();
            for cell in 0..CELLS {
                // Every save brings new tests too.
                let mut failed = result(&format!("test {}", cell + save), Status::Fail);
                failed.cell.message = format!("message {cell} of build {build}");
                run.results.push(failed);
            }
            run
        })
        .collect()
}

/// Checks that saves 0 to some number are there, whole, and nothing else; answers how many.
async fn whole_saves(store: &Store) -> u64 {
    let groups = store.load_groups().await.expect("groups");
    let Some(group) = groups.first() else {
        return 0;
    };
    let results = store.load_results(group.id, None).await.expect("results");
    let count = results.runs.len() as u64;
    assert_eq!(count % RUNS, 0, "a save is whole");
    let saves = count / RUNS;
    for save in 0..saves {
        for run in runs_of(save) {
            let mut loaded = store
                .load_run(group.id, &run.build)
                .await
                .expect("loaded")
                .expect("every run of a save");
            loaded
                .results
                .sort_by(|a, b| model::name::natural_cmp(&a.name, &b.name));
            assert_eq!(loaded, run);
        }
    }
    if saves > 0 {
        assert_eq!(results.tests.len() as u64, CELLS + saves - 1);
        assert_eq!(group.mark, Some((count - 1).to_string()));
    }
    saves
}

#[tokio::test]
async fn saves_are_whole() {
    if let Ok(url) = std::env::var(VICTIM) {
        // In the process that is to be killed.
        let store = Store::open(&url).await.expect("the database");
        let group = store.add_group("job").await.expect("a group");
        let first = whole_saves(&store).await;
        for save in first..first + 100_000 {
            store
                .save_runs(group, &runs_of(save), 1)
                .await
                .expect("saved");
            writeln!(std::io::stderr(), "saved").expect("somebody listens");
        }
        return;
    }
    let test = test_store().await;
    let group = test.store.add_group("job").await.expect("a group");
    for save in 0..3 {
        test.store
            .save_runs(group, &runs_of(save), 1)
            .await
            .expect("saved");
    }
    assert_eq!(whole_saves(&test.store).await, 3);
}

#[tokio::test]
async fn a_killed_writer_leaves_whole_saves() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = url_for(&folder.path().join("seamgrid.db")).await;
    let mut before = 0;
    for lines in [1, 4, 7] {
        let mut writer = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "store::durability::saves_are_whole",
                "--nocapture",
            ])
            .env(VICTIM, &url)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a second process");
        let said = BufReader::new(writer.stderr.take().expect("its errors"));
        let seen = said
            .lines()
            .map(|line| line.expect("text"))
            .take_while(|line| line == "saved")
            .take(lines)
            .count();
        assert_eq!(seen, lines, "the writer ended by itself");
        // SIGKILL, most likely in the middle of the next save.
        writer.kill().expect("killed");
        writer.wait().expect("it ended");

        let store = Store::open(&url)
            .await
            .expect("a database that can be used");
        let saves = whole_saves(&store).await;
        assert!(
            saves >= before + lines as u64,
            "what was said to be saved is there"
        );
        before = saves;
        store.close().await;
    }
}
