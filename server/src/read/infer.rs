//! Versions that no file of a build tells: concluded from its neighbours and from the history of the
//! configuration, or told by who deployed the component; marked as such. Done whenever results are shown,
//! so that what is learnt later counts for older builds too.

use std::{
    hash::{Hash as _, Hasher as _},
    sync::{Arc, PoisonError},
};

use model::{
    deploy::{Deploy, declare},
    impact::{ProwJobMark, split_rebuilt},
    infra::{ComponentKind, ComponentVersion, InfraVector, Source},
    reach::Impact,
    tabulate::{GroupResults, StoredRun},
};
use xxhash_rust::xxh3::Xxh3Default;

use super::{Reader, Stored, TabEntry, What, infra::Deploys};
use crate::{
    infra::image::matches,
    settings::{Settings, VersionRule},
};

/// An infra component whose version reports of deploys tell where runs do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeclaredComponent {
    name: String,
    /// Of the environments.
    pattern: String,
}

/// The components whose version deploys tell, as the settings say.
pub(super) fn declared_components(settings: &Settings) -> Vec<DeclaredComponent> {
    let rules = settings.infra.components.iter().flat_map(|component| {
        component
            .from
            .iter()
            .map(move |rule| (&component.name, rule))
    });
    rules
        .filter_map(|(name, rule)| match rule {
            VersionRule::Deploys(pattern) => Some(DeclaredComponent {
                name: name.clone(),
                pattern: pattern.clone(),
            }),
            _ => None,
        })
        .collect()
}

impl Reader {
    /// Says from now on which jobs a commit can reach, and which commit configured a run.
    pub fn set_impact(&self, impact: Box<dyn Impact>) {
        self.infra.impact.store(Some(Arc::new(impact)));
        self.changes.tell(What::All);
        if self.infers {
            self.publish_all_again();
        }
    }

    /// Has the next look at the database publish every group, whether its results have changed or not.
    pub(super) fn publish_all_again(&self) {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups.values() {
            group.set_stored(group.stored().map(|stored| Stored {
                modified_ms: None,
                ..stored
            }));
        }
    }

    /// The results of a group with what else is known of its runs' versions.
    pub(super) fn refine(&self, entry: &TabEntry, mut results: GroupResults) -> GroupResults {
        let stored: Vec<Option<InfraVector>> = results
            .runs
            .iter()
            .map(|run| run.versions.clone())
            .collect();
        split_rebuilt(&mut results.runs);
        let told = self.declared_deploys();
        let impact = self.impact();
        let job = entry
            .group
            .prefixes()
            .next()
            .and_then(|prefix| prefix.rsplit('/').next())
            .unwrap_or(&entry.group.name);
        for (run, stored) in results.runs.iter_mut().zip(stored) {
            if let Some(impact) = &impact {
                infer_all(run, job, &***impact);
            }
            for (component, deploys) in &told {
                declare_one(run, component, deploys);
            }
            if let (Some(now), Some(before)) = (&run.versions, &stored)
                && !Arc::ptr_eq(now, before)
            {
                // What a run shows is a part of what it is named by.
                let mut hasher = Xxh3Default::new();
                (run.hash, now).hash(&mut hasher);
                Arc::make_mut(run).hash = hasher.finish();
            }
        }
        results
    }

    /// The components whose version deploys tell, each with those of its environments.
    fn declared_deploys(&self) -> Vec<(&str, Vec<Deploy>)> {
        if self.declares.is_empty() {
            return Vec::new();
        }
        let deploys: Arc<Deploys> = self.infra.deploys.load_full();
        self.declares
            .iter()
            .map(|component| {
                let of = deploys.of(&component.name).iter();
                let here = of.filter(|deploy| matches(&component.pattern, &deploy.environment));
                (component.name.as_str(), here.cloned().collect())
            })
            .filter(|(_, deploys): &(&str, Vec<Deploy>)| !deploys.is_empty())
            .collect()
    }
}

/// Concludes what can be concluded.
fn infer_all(run: &mut Arc<StoredRun>, job: &str, impact: &dyn Impact) {
    let Some(versions) = &run.versions else {
        return;
    };
    if versions.iter().any(|version| mark_of(version).is_some()) {
        let inferred: Vec<ComponentVersion> = versions
            .iter()
            .map(|version| infer(version, job, impact))
            .collect();
        Arc::make_mut(run).versions = Some(Arc::from(inferred));
    }
}

/// Fills in the version of a component that the run does not tell itself.
fn declare_one(run: &mut Arc<StoredRun>, component: &str, deploys: &[Deploy]) {
    let versions = run.versions.as_deref().unwrap_or_default();
    let is_it = |known: &ComponentVersion| {
        known.kind == ComponentKind::Infra && known.component == component
    };
    let place = versions.iter().position(is_it);
    let known = match place {
        Some(place) => versions[place].clone(),
        None => ComponentVersion::unknown(component, ComponentKind::Infra),
    };
    if known.version.is_some() {
        return;
    }
    let found = declare(
        &known,
        deploys,
        run.started_ms,
        run.finished_ms.unwrap_or(run.started_ms),
    );
    if found == known && place.is_some() {
        return;
    }
    let mut versions = versions.to_vec();
    if let Some(place) = place {
        versions[place] = found;
    } else {
        // It was configured after the run was read.
        let products = |known: &ComponentVersion| known.kind == ComponentKind::Product;
        let end = versions.iter().position(products).unwrap_or(versions.len());
        versions.insert(end, found);
    }
    Arc::make_mut(run).versions = Some(Arc::from(versions));
}

/// What a version that is not known is to be inferred from.
fn mark_of(version: &ComponentVersion) -> Option<ProwJobMark> {
    if version.version.is_some() {
        return None;
    }
    version.evidence.as_deref()?.parse().ok()
}

fn infer(version: &ComponentVersion, job: &str, impact: &dyn Impact) -> ComponentVersion {
    let configured = mark_of(version).and_then(|mark| impact.configured(job, &mark));
    let Some(configured) = configured else {
        return version.clone();
    };
    ComponentVersion {
        source: if configured.version.is_some() {
            Source::Inferred
        } else {
            Source::Unknown
        },
        version: configured.version,
        evidence: Some(configured.evidence),
        ..version.clone()
    }
}
