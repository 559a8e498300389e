//! Forgetting runs that no tab shows any more.
//!
//! A group keeps the runs of its `days_of_results` before now; one that no longer runs keeps those of the
//! days before its newest run, as its tabs show them. What is imported is kept, and so are groups that the
//! configuration does not know: both may be all that there is of them.

use std::{borrow::Borrow, collections::HashMap};

use model::{config::TestGroup, name::normalize};

use crate::store::{Store, StoreError};

const DAY_MS: i64 = 24 * 3_600_000;
/// How many runs one transaction deletes: short enough that nobody waits for it.
const AT_ONCE: u32 = 200;

/// What was deleted of one group, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// The group's name.
    pub group: String,
    /// Runs older than this, in milliseconds since 1970.
    pub before_ms: i64,
    /// How many there were.
    pub runs: u64,
}

/// Deletes the runs of these groups that are too old at `now_ms`, or with `dry_run` only counts them; `days`
/// holds for groups that do not say. Answers the groups that have any, in their order. Stopped in between,
/// it goes on where it was with the next call.
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
        let days = group.days_of_results.filter(|&own| own > 0).unwrap_or(days);
        let span_ms = i64::from(days) * DAY_MS;
        let shown_from_ms = now_ms.saturating_sub(span_ms);
        let before_ms = if newest_ms < shown_from_ms {
            newest_ms.saturating_sub(span_ms)
        } else {
            shown_from_ms
        };
        let mut runs = 0;
        if dry_run {
            runs = store.count_runs(id, before_ms).await?;
        } else {
            loop {
                let deleted = store.delete_runs(id, before_ms, AT_ONCE).await?;
                runs += deleted;
                if deleted < u64::from(AT_ONCE) {
                    break;
                }
            }
        }
        if runs > 0 {
            pruned.push(Pruned {
                group: group.name.clone(),
                before_ms,
                runs,
            });
        }
    }
    Ok(pruned)
}
