//! What changes in the snapshot, told to whoever listens.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use model::wire::{SourceChanged, TabChanged};
use tokio::sync::broadcast;

use crate::clock::now_ms;

/// How many changes a listener may be behind. One that falls further back is told to read everything
/// again, which costs less than the changes would.
const BEHIND: usize = 1024;

/// One change, or the beginning of listening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The name of the snapshot's state after it.
    pub state: String,
    /// What changed.
    pub what: What,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing: the listener begins at this state.
    Begin,
    /// A tab has a new grid or a new summary.
    Tab(TabChanged),
    /// It stands otherwise with a source.
    Source(SourceChanged),
    /// What is told of the infrastructure: its feed, or what stands of it above the overview.
    Infra,
    /// More than can be told, dashboards and tabs among it.
    All,
}

/// Counts changes and tells them.
#[derive(Debug)]
pub(super) struct Changes {
    /// Tells states of this process from those of another.
    begun_ms: i64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    count: u64,
    /// How many of them were in what is worked out from the data, and not in the data.
    worked_out: u64,
    /// `None` when the process is about to stop.
    sender: Option<broadcast::Sender<Change>>,
}

/// Receives changes.
pub struct Listener {
    first: Option<Change>,
    changes: broadcast::Receiver<Change>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Changes {
    pub(super) fn new() -> Self {
        Self {
            begun_ms: now_ms(),
            inner: Mutex::new(Inner {
                count: 0,
                worked_out: 0,
                sender: Some(broadcast::channel(BEHIND).0),
            }),
        }
    }

    /// Names the present state. Read before the data, it is never newer than they.
    pub(super) fn state(&self) -> String {
        self.name(self.lock().count)
    }

    /// Counts the changes of the data: what was worked out from them at the same count is still right.
    /// Read before the data, it is never newer than they.
    pub(super) fn basis(&self) -> u64 {
        let inner = self.lock();
        inner.count - inner.worked_out
    }

    /// Tells a change that is already there to be read.
    pub(super) fn tell(&self, what: What) {
        self.send(&mut self.lock(), what);
    }

    /// Tells a change of what is worked out from the data; nothing has to be worked out again for it.
    pub(super) fn tell_worked_out(&self, what: What) {
        let mut inner = self.lock();
        inner.worked_out += 1;
        self.send(&mut inner, what);
    }

    fn send(&self, inner: &mut Inner, what: What) {
        inner.count += 1;
        let state = self.name(inner.count);
        if let Some(sender) = &inner.sender {
            // An error means that nobody listens.
            let _ = sender.send(Change { state, what });
        }
    }

    /// Begins to listen; `None` when the process is about to stop.
    pub(super) fn listen(&self) -> Option<Listener> {
        let inner = self.lock();
        let changes = inner.sender.as_ref()?.subscribe();
        Some(Listener {
            first: Some(Change {
                state: self.name(inner.count),
                what: What::Begin,
            }),
            changes,
        })
    }

    /// Ends every listening, now and later.
    pub(super) fn end(&self) {
        self.lock().sender = None;
    }

    fn name(&self, count: u64) -> String {
        format!("{:x}-{count:x}", self.begun_ms)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// The next change, first of all the state at which the listening begins; `None` when there will
    /// be no more.
    pub async fn next(&mut self) -> Option<Change> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        match self.changes.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Closed) => None,
            Err(broadcast::error::RecvError::Lagged(_)) => {
                // What is still in the channel is part of everything, too.
                let mut state = String::new();
                loop {
                    match self.changes.try_recv() {
                        Ok(change) => state = change.state,
                        Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                        Err(_) => break,
                    }
                }
                Some(Change {
                    state,
                    what: What::All,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tab(number: usize) -> What {
        What::Tab(TabChanged {
            dashboard: "d".to_owned(),
            tab: number.to_string(),
            version: String::new(),
        })
    }

    #[tokio::test]
    async fn a_listener_begins_at_a_state_and_hears_what_follows() {
        let changes = Changes::new();
        changes.tell(tab(1));
        let mut listener = changes.listen().expect("it does not stop yet");
        let before = changes.state();
        changes.tell(tab(2));
        assert_ne!(changes.state(), before);
        let first = listener.next().await.expect("it begins");
        assert_eq!((first.state, first.what), (before, What::Begin));
        let second = listener.next().await.expect("there is a change");
        assert_eq!((second.state, second.what), (changes.state(), tab(2)));
        changes.end();
        assert_eq!(listener.next().await, None);
        assert!(changes.listen().is_none());
    }

    #[tokio::test]
    async fn whoever_falls_behind_reads_everything_again() {
        let changes = Changes::new();
        let mut listener = changes.listen().expect("it does not stop yet");
        for number in 0..BEHIND * 3 {
            changes.tell(tab(number));
        }
        let now = changes.state();
        let first = listener.next().await.expect("it begins");
        assert_eq!(first.what, What::Begin);
        let second = listener.next().await.expect("there is a change");
        assert_eq!((second.state, second.what), (now, What::All));
        changes.tell(tab(0));
        let third = listener.next().await.expect("there is a change");
        assert_eq!(third.what, tab(0));
    }
}
