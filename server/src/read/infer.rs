//! Versions that no file of a build tells: concluded from its neighbours and from the history of the
//! configuration, and marked as such. Done whenever results are shown, so that what is learnt later
//! counts for older builds too.

use std::sync::{Arc, PoisonError};

use model::{
    impact::{ProwJobMark, split_rebuilt},
    infra::{ComponentVersion, Source},
    reach::Impact,
    tabulate::GroupResults,
};

use super::{Reader, Stored, TabEntry, What};

impl Reader {
    /// Says from now on which jobs a commit can reach, and which commit configured a run.
    pub fn set_impact(&self, impact: Box<dyn Impact>) {
        self.infra.impact.store(Some(Arc::new(impact)));
        self.changes.tell(What::All);
        if self.infers {
            // The next look at the database publishes them all again.
            let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
            for group in groups.values() {
                group.set_stored(group.stored().map(|stored| Stored {
                    modified_ms: None,
                    ..stored
                }));
            }
        }
    }

    /// The results of a group with what can be concluded of its runs' versions.
    pub(super) fn refine(&self, entry: &TabEntry, mut results: GroupResults) -> GroupResults {
        split_rebuilt(&mut results.runs);
        let Some(impact) = self.impact() else {
            return results;
        };
        let job = entry
            .group
            .prefixes()
            .next()
            .and_then(|prefix| prefix.rsplit('/').next())
            .unwrap_or(&entry.group.name);
        for run in &mut results.runs {
            let Some(versions) = &run.versions else {
                continue;
            };
            if versions.iter().any(|version| mark_of(version).is_some()) {
                let inferred: Vec<ComponentVersion> = versions
                    .iter()
                    .map(|version| infer(version, job, &**impact))
                    .collect();
                Arc::make_mut(run).versions = Some(Arc::from(inferred));
            }
        }
        results
    }
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
