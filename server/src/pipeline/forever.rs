//! Looking at every group again and again.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Pipeline, Progress, Publish};

/// Builds that one group may read before the others have their turn again.
const TURN: usize = 500;

/// Keeps all groups up to date until `shutdown` is ready, then ends with what it holds.
///
/// Each group has its own time: it is looked at again `poll_secs` after its last look, a quarter of
/// that after a failed one, and at once but behind the others when it has more builds than one turn
/// may read. So neither a large group nor a broken one delays the rest.
pub async fn run_forever<P: Publish>(
    pipeline: &Pipeline<P>,
    progress: &dyn Progress,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let poll = Duration::from_secs(pipeline.poll_secs);
    let mut targets = loop {
        match pipeline.find_targets(&pipeline.groups).await {
            Ok(targets) => break targets,
            Err(error) => tracing::error!(%error, "no update: {error}"),
        }
        tokio::select! {
            () = &mut shutdown => return,
            () = sleep((poll / 4).max(Duration::from_secs(1))) => {}
        }
    };
    progress.begun(targets.len());
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    // A look's number keeps those that are due at the same moment in order.
    let mut looks = 0_u64;
    let mut due = BinaryHeap::new();
    for index in 0..targets.len() {
        looks += 1;
        due.push(Reverse((start, looks, index)));
    }
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < pipeline.parallel
            && let Some(&Reverse((at, _, index))) = due.peek()
            && at <= Instant::now()
        {
            due.pop();
            let target = targets[index].clone();
            let stop = &stop;
            running.push(async move {
                let report = pipeline.update_group(&target, TURN, stop, progress).await;
                (index, report)
            });
        }
        let next = due
            .peek()
            .filter(|_| running.len() < pipeline.parallel)
            .map(|&Reverse((at, ..))| at);
        tokio::select! {
            () = &mut shutdown => break,
            Some((index, report)) = running.next(), if !running.is_empty() => {
                progress.finished(&report);
                let wait = if report.error.is_some() {
                    poll / 4
                } else if report.left > 0 {
                    Duration::ZERO
                } else {
                    // All of it has been read with the present configuration.
                    let target = &mut targets[index];
                    target.stored_hash.clone_from(&target.hash);
                    poll
                };
                looks += 1;
                due.push(Reverse((Instant::now() + wait, looks, index)));
            }
            () = async { sleep_until(next.unwrap_or(start)).await }, if next.is_some() => {}
            // Nothing to look at at all.
            else => {
                shutdown.await;
                return;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    while let Some((_, report)) = running.next().await {
        progress.finished(&report);
    }
}
