//! What lies between two versions.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use model::{
    reach::Reach,
    wire::infra::{Comparison, Direction},
};
use seamgrid::simulate::Incident;

use super::world::{HOST, World, boskos, hit, image_bump, now};

#[tokio::test]
async fn the_true_seam_lists_the_true_commit_and_the_broken_tabs() {
    for (world, direction) in [
        (boskos().await, Direction::Backward),
        (image_bump().await, Direction::Forward),
    ] {
        let found = world.true_seam();
        let incident = world.incident();
        assert_eq!(found.direction, direction, "{}", incident.kind);
        assert_eq!(found.notes, Vec::<String>::new());
        let bad = incident.bad_version.as_deref();
        assert_eq!(found.to.commit.as_ref().map(|it| it.sha.as_str()), bad);
        let listed = |sha: &str| found.commits.iter().any(|commit| commit.sha == sha);
        let end = match direction {
            Direction::Forward => bad,
            _ => incident.good_version.as_deref(),
        };
        assert!(listed(end.expect("a version")), "{}", incident.kind);
        // What brought it to the runs: every time.
        for period in &incident.periods {
            let brought = period.began_with.as_deref().expect("a commit brought it");
            assert!(
                found.brought_by.iter().any(|commit| commit.sha == brought),
                "{brought}"
            );
        }
        let broken = hit(&found.tabs);
        let (least, most) = (world.plainly_hit_jobs(), world.hit_jobs(1));
        assert!(!least.is_empty());
        assert!(
            least.is_subset(&broken) && broken.is_subset(&most),
            "{}: {broken:?} are not between {least:?} and {most:?}",
            incident.kind
        );
        // Whoever ran the bad version saw the seam.
        let seen: BTreeSet<&str> = found.tabs.iter().map(|tab| tab.job.as_str()).collect();
        assert!(most.is_subset(&seen));
    }
}

#[tokio::test]
async fn a_range_goes_both_ways() {
    let world = image_bump().await;
    let incident = world.incident();
    let (good, bad) = (
        incident.good_version.as_deref().expect("a version"),
        incident.bad_version.as_deref().expect("a version"),
    );
    let there = world.compare("test-infra", good, bad);
    let back = world.compare("test-infra", &bad[..9], &good[..12]);
    let shas = |found: &Comparison| -> Vec<String> {
        found.commits.iter().map(|it| it.sha.clone()).collect()
    };
    assert_eq!(shas(&there), shas(&back));
    assert_eq!(back.direction, Direction::Backward);
    // Rolled back: what broke on the way there recovered on the way back.
    assert!(back.tabs.iter().any(|tab| tab.fixed > 0));
    let (status, html) = world
        .page(&app::paths::compare("test-infra", bad, good))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("is older than"), "{html}");
    assert!(
        html.contains(&format!("from={good}&amp;to={bad}")),
        "no way back"
    );
    // What is copied says where it is from, and what recovered as what broke.
    let markdown = html
        .rsplit("id=\"compare-markdown\"")
        .next()
        .expect("it is there");
    let address =
        format!("http://{HOST}/compare?component=test-infra&amp;from={bad}&amp;to={good}");
    assert!(markdown.contains(&address), "{markdown}");
    assert!(markdown.contains("\nRecovered\n"), "{markdown}");
    for tab in back.tabs.iter().filter(|tab| tab.fixed > 0).take(25) {
        let line = format!("- {} / {}: ", tab.dashboard, tab.tab);
        assert!(markdown.contains(&line), "{line} in {markdown}");
    }
    // What is asked for one tab is so as data, too.
    let tab = &back.tabs[0];
    let path = app::paths::compare_for("test-infra", bad, good, &tab.dashboard, &tab.tab);
    let (_, html) = world.page(&path).await;
    let data = app::paths::api(&path).replace('&', "&amp;");
    assert!(html.contains(&data), "{data}");
    let same = world.compare("test-infra", good, &good[..10]);
    assert_eq!(same.direction, Direction::Same);
    assert!(same.commits.is_empty());
}

#[tokio::test]
async fn what_cannot_be_compared_says_why() {
    let world = image_bump().await;
    let good = world.incident().good_version.as_deref().expect("a version");
    let unknown = world.compare("test-infra", good, "0123456789abcdef");
    assert_eq!(unknown.direction, Direction::Unknown);
    let problem = unknown.to.problem.expect("it is not known");
    assert!(problem.contains("is in no mirror"), "{problem}");
    assert!(unknown.commits.is_empty());
    // A commit of another repository.
    let prow = world.reader.infra_versions("prow").expect("versions");
    let other = world.compare("test-infra", good, &prow[0].version);
    let problem = other.to.problem.expect("it is not one of these");
    assert!(problem.contains("kubernetes-sigs/prow"), "{problem}");
    // One of two.
    let version = &prow[0].version;
    let two = world.compare("prow", &version[..10], version);
    assert_eq!(two.direction, Direction::Same);
    let problem = two.from.problem.expect("it is in two");
    assert!(problem.contains("and one of someone/prow"), "{problem}");
    for (path, status, said) in [
        (
            "/api/v2/compare",
            StatusCode::BAD_REQUEST,
            "component is missing",
        ),
        (
            "/compare?component=nothing&from=a&to=b",
            StatusCode::NOT_FOUND,
            "there is no component",
        ),
        (
            "/compare?component=prow&from=%3Cscript%3E&to=b",
            StatusCode::OK,
            "&lt;script&gt;",
        ),
        (
            "/infra/nothing",
            StatusCode::NOT_FOUND,
            "there is no infra component",
        ),
        (
            "/infra/prow/nothing",
            StatusCode::NOT_FOUND,
            "no run had version",
        ),
        (
            "/api/v2/compare?component=prow&from=a",
            StatusCode::BAD_REQUEST,
            "to is missing",
        ),
    ] {
        let (found, html) = world.page(path).await;
        assert_eq!(found, status, "{path}");
        assert!(html.contains(said), "{path}: {html}");
    }
}

#[tokio::test]
async fn a_commit_of_an_image_can_reach_those_who_run_what_was_built_of_it() {
    let (mut images, mut others) = (0, 0);
    for seed in 1..=4 {
        let world = World::at(Incident::ImageBump, seed, now).await;
        for commit in world.true_seam().commits {
            let is_of_image = |file: &String| file.starts_with("images/kubekins-e2e/");
            let reached = commit.can_reach.as_ref().expect("it is in the map");
            if commit.files.iter().any(is_of_image) {
                images += 1;
                assert_eq!(commit.reach, Reach::Own, "{seed}: {:?}", commit.files);
                assert!(reached.own > 0, "{reached:?}");
                assert!(reached.labels.iter().any(|label| label == "image"));
            }
            others += u32::from(commit.reach == Reach::Cannot);
        }
    }
    assert!(images > 0 && others > 0, "{images} and {others}");
}

#[tokio::test]
async fn what_people_type_names_a_version() {
    let world = image_bump().await;
    let incident = world.incident();
    let (good, bad) = (
        incident.good_version.as_deref().expect("a version"),
        incident.bad_version.as_deref().expect("a version"),
    );
    let there = world.true_seam();
    let alone = |digits: &str| {
        let page = world.reader.infra_versions("test-infra").expect("versions");
        let begun = page.iter().filter(|it| it.version.starts_with(digits));
        begun.count() == 1
    };
    let reference = format!(
        "gcr.io/k8s-staging-test-infra/krte:v20260101-{}-master",
        &good[..10]
    );
    for typed in [
        good[..6].to_owned(),
        good[..10].to_uppercase(),
        good.to_uppercase(),
        reference,
    ] {
        let found = world.compare("test-infra", &typed, bad);
        assert_eq!(found.direction, Direction::Forward, "{typed}");
        assert_eq!(found.from.problem, None, "{typed}");
        assert_eq!(found.commits, there.commits, "{typed}");
    }
    assert!(alone(&good[..6]));
    for typed in [&good[..6], &good[..9].to_uppercase()] {
        let page = world.reader.infra_version("test-infra", typed);
        assert_eq!(page.expect("it is one").line.version, good);
    }
    // Too few to tell.
    let problem = world.compare("test-infra", &good[..3], bad).from.problem;
    assert!(problem.is_some_and(|it| it.contains("is in no mirror")));
}
