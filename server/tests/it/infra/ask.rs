//! Asking for two versions.

use model::reach::Reach;
use seamgrid::simulate::Incident;

use super::world::{CONFIGURES, NOW_MS, World, now};
use crate::impact::repository::NewRepository;

#[tokio::test]
async fn a_range_that_no_run_has_seen_says_what_it_can_reach() {
    let world = World::changed(Incident::ImageBump, 3, now, |out, truth| {
        let path = out.join(&truth.repositories[CONFIGURES]);
        let mut repository = NewRepository::import(&path);
        let head = Some("refs/heads/master^0");
        for (minute, from, file) in [
            (2, head, "README.md"),
            (1, None, "config/prow/cluster/boskos.yaml"),
        ] {
            let at_ms = NOW_MS - minute * 60_000;
            repository.commit(at_ms, file, from, &[(file, Some("x: y"))]);
        }
        repository.finish();
    })
    .await;
    let good = world.incident().good_version.as_deref().expect("a version");
    let fresh = world.compare("test-infra", good, "master").commits;
    let found = world.compare("test-infra", &fresh[2].sha, "master");
    assert_eq!(found.counts.seen, 0);
    let told: Vec<(&str, Reach)> = (found.commits.iter())
        .map(|commit| (commit.subject.as_str(), commit.reach))
        .collect();
    assert_eq!(
        told,
        [
            ("config/prow/cluster/boskos.yaml", Reach::Service),
            ("README.md", Reach::Cannot)
        ]
    );
    let path = app::paths::compare("test-infra", &fresh[2].sha, "master");
    let (_, html) = world.page(&path).await;
    assert!(!html.contains("It is not known which jobs"), "{html}");
    assert!(!html.contains("not known whether they can reach"), "{html}");
    assert!(html.contains("1 commit cannot reach any job"), "{html}");
}
