//! Threads for work that blocks: a few, which go from one piece of work to the next.
//!
//! A thread for each piece would sleep and be woken once for each, and where there are more of them than
//! processors they take turns in the middle of their work: for a small build that costs as much as
//! reading it.

use std::{
    collections::VecDeque,
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

/// What takes longer has got stuck; what waits goes past it on a thread more.
const LONG: Duration = Duration::from_secs(5);

type Work = Box<dyn FnOnce() + Send>;

/// See the module. Clones share the threads.
#[derive(Clone)]
pub(super) struct Lanes {
    state: Arc<Mutex<State>>,
    most: usize,
    long: Duration,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    open: usize,
}

impl Default for Lanes {
    /// One for each processor and two more, which wait for a disk.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(processors + 2, LONG)
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl Lanes {
    /// At most so many, but for work that takes `long`.
    fn new(most: usize, long: Duration) -> Self {
        Self {
            state: Arc::default(),
            most,
            long,
        }
    }

    /// What `work` answers. A panic in it goes on here.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let (sender, mut done) = oneshot::channel();
        let work = Box::new(move || {
            // Nobody waits any more when the look was given up.
            drop(sender.send(panic::catch_unwind(AssertUnwindSafe(work))));
        });
        self.put(work);
        let done = loop {
            match tokio::time::timeout(self.long, &mut done).await {
                Ok(done) => break done,
                Err(_) => self.open_one(&mut self.state()),
            }
        };
        match done {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => panic::resume_unwind(panic),
            // The process ends.
            Err(_) => std::future::pending().await,
        }
    }

    fn put(&self, work: Work) {
        let mut state = self.state();
        state.waiting.push_back(work);
        if state.open < self.most {
            self.open_one(&mut state);
        }
    }

    fn open_one(&self, state: &mut State) {
        state.open += 1;
        let lanes = self.clone();
        tokio::task::spawn_blocking(move || {
            while let Some(work) = lanes.next() {
                work();
            }
        });
    }

    /// The next piece of work; without one a lane ends.
    fn next(&self) -> Option<Work> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.open -= 1;
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn all_is_done_on_few_threads() {
        let lanes = Lanes::new(2, LONG);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = (0..200).map(|number| {
            let (now, most) = (now.clone(), most.clone());
            lanes.run(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, Ordering::SeqCst);
                number
            })
        });
        assert_eq!(join_all(work).await, (0..200).collect::<Vec<_>>());
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        // Threads that have nothing to do are given back, and opened again.
        assert_eq!(lanes.run(|| 7).await, 7);
    }

    #[tokio::test]
    async fn a_panic_is_that_of_who_asked() {
        let lanes = Lanes::new(1, LONG);
        let bad = tokio::spawn({
            let lanes = lanes.clone();
            async move { lanes.run(|| panic!("no")).await }
        });
        assert!(bad.await.is_err_and(|error| error.is_panic()));
        assert_eq!(lanes.run(|| 7).await, 7);
    }

    #[tokio::test]
    async fn what_is_stuck_holds_up_nobody() {
        let lanes = Lanes::new(1, Duration::from_millis(1));
        let (go_on, stuck) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let lanes = lanes.clone();
            async move { lanes.run(move || stuck.recv().is_ok()).await }
        });
        let others = join_all((0..5).map(|number| lanes.run(move || number)));
        assert_eq!(others.await, [0, 1, 2, 3, 4]);
        go_on.send(()).expect("it waits");
        assert!(first.await.expect("it did not panic"));
    }
}
