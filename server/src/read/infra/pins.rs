//! What a mirrored repository declares a component to be.

use std::sync::Arc;

use model::{
    deploy::Deploy,
    drift::{Pin, declared_by},
    history::commit_in,
    infra::short_version,
};

use super::{
    histories::{Histories, Moving},
    lines::commit_url,
};

/// What commits declare a component to be, oldest first, in the form of deploys: from their merge on. Empty
/// where commits do not tell it for sure.
pub(super) fn pins(histories: &Histories, component: &str) -> Vec<Deploy> {
    let moves = histories.moves_of(component);
    let commits: Vec<&[Moving]> = moves
        .chunk_by(|a, b| a.index == b.index && Arc::ptr_eq(&a.known, &b.known))
        .collect();
    let ways: Vec<Option<Pin<'_>>> = commits.iter().map(|of| way(of)).collect();
    let told = declared_by(&ways);
    let commits = &commits[ways.len() - told.len()..];
    commits
        .iter()
        .zip(told)
        .filter_map(|(of, pin)| {
            let (moving, pin) = (of.first()?, pin.as_ref()?);
            let commit = moving.commit();
            Some(Deploy {
                component: component.to_owned(),
                version: pin.to.to_owned(),
                environment: String::new(),
                at_ms: commit.at_ms,
                source: commit_url(&moving.known.name, &commit.sha),
                reporter: format!("{} at {}", moving.known.name, short_version(&commit.sha)),
                received_ms: commit.at_ms,
            })
        })
        .collect()
}

/// From where to where a commit moves all that it moves of a component; `None` where it goes several ways, or
/// to what names no commit.
fn way(of: &[Moving]) -> Option<Pin<'_>> {
    let mut ways = of.iter().map(|moving| {
        let (from, to) = moving.way();
        Some(Pin {
            from: commit_in(from)?,
            to: commit_in(to)?,
        })
    });
    let first = ways.next()??;
    ways.all(|way| way == Some(first)).then_some(first)
}
