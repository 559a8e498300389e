//! One process's turn at a group: the lease, the look, and what becomes of the group after it.

use std::sync::atomic::AtomicBool;

use model::freshness::next_wait_ms;

use super::{GroupReport, Pipeline, Progress, Publish, Target};
use crate::store::{Claimed, GroupId, Release, StoreError, Turn};

/// How often a lease is prolonged during its time.
pub(super) const RENEWALS: u32 = 4;

impl<P: Publish> Pipeline<P> {
    fn lease_ms(&self) -> i64 {
        self.lease.as_millis() as i64
    }

    /// Takes leases on those of `groups` whose `turn` it is and that nobody looks at.
    pub(super) async fn claim(
        &self,
        groups: &[GroupId],
        turn: Turn,
    ) -> Result<Vec<(GroupId, Claimed)>, StoreError> {
        self.store
            .claim(groups, &self.replica, turn, self.lease_ms())
            .await
    }

    /// Says that this process lives and looks at `held`, and at nothing else.
    pub(super) async fn renew(&self, held: &[GroupId]) -> Result<(), StoreError> {
        self.store.renew(&self.replica, held, self.lease_ms()).await
    }

    /// Gives back what this process holds: it is about to end.
    pub async fn resign(&self) {
        if let Err(error) = self.store.resign(&self.replica).await {
            tracing::warn!(%error, "the leases are kept until they end: {error}");
        }
    }

    /// Gives back what this process holds and closes the database. Nothing can be done afterwards.
    pub async fn leave(&self) {
        self.resign().await;
        self.store.clone().close().await;
    }

    /// One look at a group that this process has the lease of, which it gives back. At most `limit` builds
    /// are read, and, when somebody asked for it, those too for which it is not time yet.
    pub(super) async fn look(
        &self,
        target: &Target,
        claimed: Claimed,
        (is_asked, limit): (bool, usize),
        stop: &AtomicBool,
        progress: &dyn Progress,
    ) -> GroupReport {
        let report = self
            .update_group(target, is_asked, limit, stop, progress)
            .await;
        let failures = if report.error.is_some() {
            claimed.failures + 1
        } else {
            0
        };
        let poll_ms = self.poll_secs as i64 * 1000;
        let wait_ms = if report.error.is_none() && report.left > 0 {
            0
        } else {
            next_wait_ms(poll_ms, failures, target.id.0 as u64)
        };
        let release = Release {
            claimed_ms: claimed.at_ms,
            wait_ms,
            failures,
            remaining: report.left as u64,
        };
        if let Err(error) = self.store.release(target.id, &self.replica, release).await {
            // The lease ends by itself.
            tracing::warn!(%error, "{}: the lease is kept until it ends: {error}", report.group);
        }
        report
    }
}
