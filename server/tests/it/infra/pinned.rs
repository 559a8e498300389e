//! Drift from what a repository pins.

use std::{fs, path::Path, process::Command};

use axum::http::StatusCode;
use seamgrid::simulate::{Incident, truth::Truth};
use walkdir::WalkDir;

use super::world::{CONFIGURES, NOW_MS, World, boskos, image_bump, now};

const HOUR_MS: i64 = 3_600_000;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let at = format!("@{} +0000", (NOW_MS - 5 * HOUR_MS) / 1000);
    let output = Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=Bot",
            "-c",
            "user.email=bot@example.invalid",
        ])
        .args(arguments)
        .env("GIT_AUTHOR_DATE", &at)
        .env("GIT_COMMITTER_DATE", &at)
        .output()
        .expect("git is there");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Five hours before the end somebody declares another Boskos, and nobody deploys it.
fn declare_another(out: &Path, truth: &Truth) {
    let incident = truth.incident.as_ref().expect("an incident");
    let ends = [&incident.good_version, &incident.bad_version];
    let [good, bad] = ends.map(|version| version.as_deref().expect("a version"));
    let origin = out.join(&truth.repositories[CONFIGURES]);
    let clone = out.join("clone");
    let (from, to) = (origin.display().to_string(), clone.display().to_string());
    git(out, &["clone", "--quiet", &from, &to]);
    for entry in WalkDir::new(clone.join("config/prow/cluster/build/boskos")) {
        let entry = entry.expect("it can be read");
        if entry.file_type().is_file() {
            let text = fs::read_to_string(entry.path()).expect("it is text");
            fs::write(entry.path(), text.replace(&good[..10], &bad[..10])).expect("it is written");
        }
    }
    git(
        &clone,
        &["commit", "--quiet", "--all", "--message", "Bump Boskos"],
    );
    git(&clone, &["push", "--quiet", "origin", "HEAD"]);
}

#[tokio::test]
async fn what_a_commit_declares_and_no_run_shows_is_drift() {
    let world = World::changed(Incident::Boskos, 3, now, declare_another).await;
    let incident = world.incident();
    let feed = world.reader.infra_feed();
    let of = |name: &str| {
        let found = feed.declared.iter().find(|it| it.component == name);
        found.unwrap_or_else(|| panic!("{name} is declared: {:#?}", feed.declared))
    };
    let declared = of("boskos");
    assert!(declared.drifts(), "{declared:#?}");
    let [deploy] = &declared.deploys[..] else {
        panic!("one is in force: {declared:#?}");
    };
    assert_eq!(Some(&deploy.version), incident.bad_version.as_ref());
    assert_eq!(deploy.time.timestamp_millis(), NOW_MS - 5 * HOUR_MS);
    assert!(
        deploy.source.contains("/kubernetes/test-infra/commit/"),
        "{deploy:?}"
    );
    assert!(deploy.reporter.starts_with("kubernetes/test-infra at "));
    let running: Vec<&str> = declared
        .differing
        .iter()
        .map(|it| it.version.as_str())
        .collect();
    assert_eq!(
        running,
        [incident.good_version.as_deref().expect("a version")]
    );
    assert!(!of("prow").drifts());
    let note = world.reader.drifting();
    assert_eq!(note.len(), 1, "{note:#?}");
    for path in ["/", "/infra", "/infra/boskos"] {
        let (status, html) = world.page(path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(html.contains("boskos is declared to be"), "{path}");
    }
}

#[tokio::test]
async fn worlds_that_run_what_is_declared_do_not_drift() {
    for world in [boskos().await, image_bump().await] {
        let feed = world.reader.infra_feed();
        let kind = &world.incident().kind;
        assert!(!feed.declared.is_empty(), "{kind}");
        for declared in &feed.declared {
            assert!(!declared.drifts(), "{kind}: {declared:#?}");
            assert!(declared.agreeing > 0, "{kind}: {declared:#?}");
            // What a job's own image is says nothing of other jobs.
            assert_ne!(declared.component, "test-infra", "{kind}");
        }
    }
    let declared = &boskos().await.reader.infra_feed().declared;
    let boskos_is = declared.iter().find(|it| it.component == "boskos");
    let told = &boskos_is.expect("it is declared").deploys[0];
    let ended = &boskos().await.incident().periods[1].ended_with;
    let sha = told.source.rsplit('/').next().map(str::to_owned);
    assert_eq!(&sha, ended);
}
