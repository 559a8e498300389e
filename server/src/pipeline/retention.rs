//! Forgetting runs that no tab shows any more.
//!
//! A group keeps the runs of its `days_of_results` before now; one that no longer runs keeps those of the
//! days before its newest run, as its tabs show them. How tests fared in the runs that go is kept by day for
//! a year. What is imported is kept, and so are groups that the configuration does not know: both may be
//! all that there is of them.

use std::{borrow::Borrow, collections::HashMap, time::Duration};

use chrono::DateTime;
use model::{
    config::TestGroup,
    name::normalize,
    retention::{day_of, kept_from_ms, told_from_day},
};

use super::{Pipeline, Publish};
use crate::store::{GroupId, Store, StoreError};

/// How often what is too old is forgotten.
const AGAIN: Duration = Duration::from_hours(1);

/// How many runs one transaction deletes: short enough that nobody waits for it.
const AT_ONCE: u32 = 100;

/// What was deleted of one group, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The group's name.
    pub group: String,
    /// Runs older than this, in milliseconds since 1970.
    pub before_ms: i64,
    /// How many there were. They go on counting in their days.
    pub runs: u64,
    /// How many days there were of which nothing is told any more.
    pub days: u64,
}

/// Deletes the runs of these groups that are too old at `now_ms`, and the days that are, or with `dry_run`
/// only counts them; `days` holds for groups that do not say. Answers the groups that have any, in their
/// order. Stopped in between, it goes on where it was with the next call.
pub async fn prune<G: Borrow<TestGroup>>(
    store: &Store,
    groups: &[G],
    days: u32,
    now_ms: i64,
    dry_run: bool,
) -> Result<Vec<Pruned>, StoreError> {
    let stored: HashMap<String, _> = store
        .load_modified()
        .await?
        .into_iter()
        .map(|group| (normalize(&group.name), group.id))
        .collect();
    let mut pruned = Vec::new();
    for group in groups.iter().map(Borrow::borrow) {
        let Some(&id) = stored.get(&normalize(&group.name)) else {
            continue;
        };
        let Some(newest_ms) = store.newest_run_ms(id).await? else {
            continue;
        };
        let before_ms = kept_from_ms(group.days_kept(days), newest_ms, now_ms);
        let from_day = told_from_day(newest_ms, now_ms);
        let mut of_group = Pruned {
            group: group.name.clone(),
            before_ms,
            runs: 0,
            days: 0,
        };
        if dry_run {
            of_group.runs = store.count_runs(id, before_ms).await?;
            of_group.days = store.count_days(id, from_day).await?;
        } else {
            loop {
                let deleted = store.delete_runs(id, before_ms, from_day, AT_ONCE).await?;
                of_group.runs += deleted;
                if deleted < u64::from(AT_ONCE) {
                    break;
                }
            }
            of_group.days = store.delete_days(id, from_day).await?;
        }
        if of_group.runs + of_group.days > 0 {
            pruned.push(of_group);
        }
    }
    Ok(pruned)
}

impl<P: Publish> Pipeline<P> {
    /// What is to be said of a run that began too long ago to stay; `None` when it stays, or is not stored.
    pub(super) async fn foretell(
        &self,
        group: &TestGroup,
        id: GroupId,
        build: &str,
    ) -> Result<Option<String>, StoreError> {
        let started_ms = self.store.run_start_ms(id, build).await?;
        let newest_ms = self.store.newest_run_ms(id).await?;
        let (Some(started_ms), Some(newest_ms)) = (started_ms, newest_ms) else {
            return Ok(None);
        };
        let now_ms = (self.clock)();
        let days = group.days_kept(self.days_of_results);
        if started_ms <= 0 || started_ms >= kept_from_ms(days, newest_ms, now_ms) {
            return Ok(None);
        }
        let fate = if day_of(started_ms) < told_from_day(newest_ms, now_ms) {
            "nothing of it is going to be kept"
        } else {
            "within the hour only the numbers of its day are left of it"
        };
        Ok(Some(format!(
            "the run began at {} UTC, before the {days} days for which the test group \"{}\" keeps its \
             runs: no tab shows it, and {fate}",
            DateTime::from_timestamp_millis(started_ms)
                .unwrap_or_default()
                .format("%Y-%m-%d %H:%M"),
            group.name,
        )))
    }
}

/// Forgets, again and again, what is too old, of all groups, also of those that are only uploaded to. Never
/// ready; it may be dropped at any time. Several processes may do so at once.
pub(super) async fn keep_retention<P: Publish>(pipeline: &Pipeline<P>) {
    let groups: Vec<&TestGroup> = pipeline.by_name.values().map(AsRef::as_ref).collect();
    loop {
        tokio::time::sleep(AGAIN).await;
        let (store, days) = (&pipeline.store, pipeline.days_of_results);
        match prune(store, &groups, days, (pipeline.clock)(), false).await {
            Ok(pruned) if pruned.is_empty() => {}
            Ok(pruned) => {
                let count: u64 = pruned.iter().map(|group| group.runs).sum();
                tracing::info!(runs.count = count, "{count} runs were too old to be kept");
            }
            Err(error) => tracing::error!(%error, "what is too old stays for now: {error}"),
        }
    }
}
