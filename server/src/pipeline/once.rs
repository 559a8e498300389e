//! Looking at every group once, beside whoever else looks at them.
//!
//! A look is a turn like any other: with a lease, and noted in the queue, so that a server which only shows
//! can tell when each group was last read. Groups at which another process is looking come last, when it is
//! done: what it has stored is not read again.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::{StreamExt, stream};
use model::{config::TestGroup, name::normalize};
use tokio::{sync::Mutex, time::sleep};

use super::{
    FailureKind, GroupError, GroupReport, Pipeline, Progress, Publish, Report, Target,
    forever::ASK, turn::RENEWALS,
};
use crate::store::{GroupId, StoreError, Turn};

/// The groups that this process is looking at. Locked while leases are taken or prolonged: a renewal gives
/// back what it does not know of, so nothing may be taken while one is under way.
type Held = Mutex<Vec<GroupId>>;

/// Brings every group, or the named ones, up to date. Several are read at once, as the settings say.
///
/// Nothing stops it but the end: what fails is in the report. It may be dropped at any time; what is
/// stored by then is whole, and the next update goes on from there. Who drops it says [`Pipeline::resign`],
/// or the groups that it was reading wait for the end of their leases.
pub async fn update_groups<P: Publish>(
    pipeline: &Pipeline<P>,
    names: Option<&[String]>,
    progress: &dyn Progress,
) -> Report {
    let mut report = Report::default();
    let chosen = pipeline.choose(names, &mut report);
    let targets = match pipeline.take_places(chosen).await {
        Ok(targets) => targets,
        Err(error) => {
            report.errors.push(GroupError {
                group: String::new(),
                message: error.to_string(),
            });
            return report;
        }
    };
    progress.begun(targets.len());
    let held = Held::default();
    tokio::select! {
        () = pipeline.look_at_all(targets, &held, progress, &mut report) => {}
        () = pipeline.keep(&held) => {}
    }
    pipeline.resign().await;
    report.errors.sort_by(|a, b| a.group.cmp(&b.group));
    report
}

impl<P: Publish> Pipeline<P> {
    /// The groups of these names, each once. Unknown names are errors of the report.
    fn choose(&self, names: Option<&[String]>, report: &mut Report) -> Vec<&Arc<TestGroup>> {
        let Some(names) = names else {
            return self.groups.iter().collect();
        };
        let mut chosen: Vec<&Arc<TestGroup>> = Vec::new();
        for name in names {
            let key = normalize(name);
            let mut groups = self.groups.iter();
            match groups.find(|group| normalize(&group.name) == key) {
                Some(group) if chosen.iter().any(|one| Arc::ptr_eq(one, group)) => {}
                Some(group) => chosen.push(group),
                None => report.errors.push(GroupError {
                    group: name.clone(),
                    message: "no test group with a `gcs_prefix` has this name".into(),
                }),
            }
        }
        chosen
    }

    /// Finds these groups and makes sure that each has a place in the queue.
    async fn take_places(&self, groups: Vec<&Arc<TestGroup>>) -> Result<Vec<Target>, StoreError> {
        let targets = self.find_targets(groups).await?;
        let ids: Vec<GroupId> = targets.iter().map(|target| target.id).collect();
        self.store.enqueue(&ids).await?;
        let changed = targets
            .iter()
            .filter(|target| target.stored_hash != target.hash);
        self.claims.begin(changed.map(|target| target.id));
        Ok(targets)
    }

    /// Looks at each of `targets`; those first at which nobody else is looking.
    async fn look_at_all(
        &self,
        mut targets: Vec<Target>,
        held: &Held,
        progress: &dyn Progress,
        report: &mut Report,
    ) {
        let stop = AtomicBool::new(false);
        while !targets.is_empty() {
            let count = targets.len();
            let mut looks = stream::iter(targets)
                .map(|target| self.look_if_free(target, held, &stop, progress))
                .buffer_unordered(self.parallel);
            let mut others = Vec::new();
            while let Some(look) = looks.next().await {
                match look {
                    Ok(done) => report.add(done),
                    Err(target) => others.push(target),
                }
            }
            drop(looks);
            targets = others;
            if targets.len() == count {
                sleep(ASK).await;
            }
        }
        stop.store(true, Ordering::Relaxed);
    }

    /// Looks at a group unless another process does: then it is answered as it came.
    async fn look_if_free(
        &self,
        target: Target,
        held: &Held,
        stop: &AtomicBool,
        progress: &dyn Progress,
    ) -> Result<GroupReport, Target> {
        let claimed = {
            let mut held = held.lock().await;
            let claimed = self.claim(&[target.id], Turn::Any).await;
            held.push(target.id);
            claimed
        };
        let report = match claimed {
            Ok(claimed) => match claimed.first() {
                Some(&(_, claimed)) => {
                    let how = (true, usize::MAX);
                    Ok(self.look(&target, claimed, how, stop, progress).await)
                }
                None => Err(target.clone()),
            },
            Err(error) => Ok(GroupReport {
                group: target.group.name.clone(),
                error: Some(error.to_string()),
                failure: Some(FailureKind::Database),
                ..GroupReport::default()
            }),
        };
        held.lock().await.retain(|&id| id != target.id);
        if let Ok(report) = &report {
            progress.finished(report);
        }
        report
    }

    /// Prolongs the leases on what is held. Never ready.
    async fn keep(&self, held: &Held) {
        loop {
            {
                let held = held.lock().await;
                if let Err(error) = self.renew(&held).await {
                    tracing::warn!(%error, "the leases are not prolonged: {error}");
                }
            }
            sleep(self.lease / RENEWALS).await;
        }
    }
}
