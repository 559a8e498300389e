//! The changes of the feed against every deployment of the truth.

use model::infra::same_version;
use seamgrid::simulate::{Incident, truth::Deployment};

use super::{
    agreement::seeds,
    world::{World, now},
};

/// Each deployment after the first, with when the next came.
fn deployments(world: &World) -> Vec<(&Deployment, i64)> {
    let all: Vec<&Deployment> = (world.truth.deployments.iter())
        .filter(|it| it.component == "boskos")
        .collect();
    let ends = all.iter().skip(1).map(|next| next.at_ms);
    let with_ends = all.iter().copied().zip(ends.chain([i64::MAX]));
    with_ends
        .filter(|(it, _)| it.at_ms >= world.truth.begin_ms)
        .collect()
}

#[tokio::test]
async fn every_deployment_is_a_change_of_its_own() {
    let mut changes = 0;
    for seed in seeds(1..=3) {
        let world = World::at(Incident::Boskos, seed, now).await;
        let feed = world.reader.infra_feed();
        let deployments = deployments(&world);
        let mut told = vec![0; deployments.len()];
        for change in feed.changes.iter().filter(|it| it.component == "boskos") {
            let (first_ms, last_ms) = (
                change.first.timestamp_millis(),
                change.last.timestamp_millis(),
            );
            let of = deployments.iter().position(|&(deployed, until_ms)| {
                same_version(&deployed.version, &change.to)
                    && deployed.at_ms <= first_ms
                    && last_ms < until_ms
            });
            let of = of.unwrap_or_else(|| panic!("seed {seed}: several in one: {change:#?}"));
            told[of] += 1;
            changes += 1;
        }
        assert!(
            told.iter().all(|&times| times == 1),
            "seed {seed}: {told:?} of {deployments:#?}, {:#?}",
            feed.changes
        );
    }
    assert!(changes >= 4, "{changes}");
}
