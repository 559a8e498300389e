//! What changed since a moment, for people who come back.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use model::{
    alert::AlertedRow,
    summary::{StatusTurn, TabStatus, TurnedTo},
    wire::{BeganToFail, ChangesSince, FailingSince, TabTurn, WireError, time},
};

use super::{
    PublishError, Reader, Snapshot,
    catalog::{TabEntry, key},
    releases::branch_of,
};
use crate::store::StatusChange;

/// How many of the newest turns of statuses are looked at.
const TURNS: u32 = 5_000;
/// How many rows of a tab are named.
const ROWS: usize = 5;

/// How long what other processes recorded may be unknown here.
const KNOWN_FOR: Duration = Duration::from_secs(5);

/// What is looked through when somebody asks what changed: made once for all who ask.
#[derive(Debug, Default)]
pub(super) struct Lately {
    turns: ArcSwapOption<Turns>,
    failing: ArcSwapOption<Failing>,
    /// Held while turns are read, so that one reads for all.
    reading: tokio::sync::Mutex<()>,
    /// How often this process recorded turns.
    recorded: AtomicU64,
}

/// The newest turns of statuses.
#[derive(Debug)]
struct Turns {
    /// How often turns had been recorded before they were read.
    recorded: u64,
    read: Instant,
    newest_first: Vec<StatusChange>,
}

/// The tabs that count, those with failing rows among them.
#[derive(Debug)]
struct Failing {
    /// The state of the snapshot.
    state: String,
    snapshot: Snapshot,
    /// The dashboards that count, each with its branch.
    branches: HashMap<String, String>,
    /// When a row last began to fail, in milliseconds since 1970, and the tab's index in the catalog; newest
    /// first.
    tabs: Vec<(i64, usize)>,
}

impl Lately {
    /// Turns were recorded by this process.
    pub(super) fn note_recorded(&self) {
        self.recorded.fetch_add(1, Ordering::AcqRel);
    }
}

impl Reader {
    /// What changed since this moment, in milliseconds since 1970: on release branches, or everywhere
    /// where there are none.
    pub async fn changes_since(&self, since_ms: i64) -> Result<ChangesSince, WireError> {
        let changes = self.newest_turns().await?;
        let failing = self.failing_tabs();
        let turns = turned_tabs(&failing, &changes.newest_first, since_ms);
        let failing = began_to_fail(&failing, since_ms);
        let infra: Vec<_> = (self.infra_feed().changes.iter())
            .filter(|change| change.first.timestamp_millis() >= since_ms)
            .cloned()
            .collect();
        let turned: HashSet<(&str, &str)> = turns
            .iter()
            .filter(|turn| turn.before != turn.after)
            .map(|turn| (turn.dashboard.as_str(), turn.tab.as_str()))
            .collect();
        let is_turned =
            |tab: &&BeganToFail| turned.contains(&(tab.dashboard.as_str(), tab.tab.as_str()));
        let unturned = failing.iter().filter(|tab| !is_turned(tab)).count();
        Ok(ChangesSince {
            since: time(since_ms),
            count: (turned.len() + unturned + infra.len()) as u32,
            turns,
            failing,
            infra,
        })
    }

    /// The newest turns, as they are recorded. While the database gives no answer they are those that were
    /// read last.
    async fn newest_turns(&self) -> Result<Arc<Turns>, WireError> {
        let known = || {
            let known = self.lately.turns.load_full();
            let recorded = self.lately.recorded.load(Ordering::Acquire);
            let is_known =
                |turns: &Arc<Turns>| turns.recorded == recorded && turns.read.elapsed() < KNOWN_FOR;
            known.filter(is_known)
        };
        if let Some(known) = known() {
            return Ok(known);
        }
        let _reading = self.lately.reading.lock().await;
        if let Some(known) = known() {
            return Ok(known);
        }
        let recorded = self.lately.recorded.load(Ordering::Acquire);
        let read = self.store.load_status_changes_since(i64::MIN, TURNS).await;
        match (read, self.lately.turns.load_full()) {
            (Ok(newest_first), _) => {
                let read = Instant::now();
                let turns = Arc::new(Turns {
                    recorded,
                    read,
                    newest_first,
                });
                self.lately.turns.store(Some(turns.clone()));
                Ok(turns)
            }
            (Err(error), Some(known)) if error.passes() => Ok(known),
            (Err(error), _) => Err(PublishError::from(error).into()),
        }
    }

    fn failing_tabs(&self) -> Arc<Failing> {
        // Read before the data: what changes meanwhile is another state.
        let state = self.changes.state();
        if let Some(known) = self.lately.failing.load_full()
            && known.state == state
        {
            return known;
        }
        let snapshot = self.snapshot();
        let branches = self.branches_that_count(&snapshot);
        let tabs = snapshot.catalog().tabs().iter().enumerate();
        let mut tabs: Vec<(i64, usize)> = tabs
            .filter(|(_, entry)| branches.contains_key(&entry.dashboard))
            .filter_map(|(index, _)| {
                let alerts = snapshot.alerts(index);
                let newest = alerts.iter().map(|row| row.alert.first_fail_ms).max()?;
                Some((newest, index))
            })
            .collect();
        tabs.sort_unstable_by_key(|&(newest, _)| std::cmp::Reverse(newest));
        let failing = Arc::new(Failing {
            state,
            snapshot,
            branches,
            tabs,
        });
        self.lately.failing.store(Some(failing.clone()));
        failing
    }

    /// The dashboards that count, each with its branch; all of them, without a branch, where there are no
    /// branches.
    fn branches_that_count(&self, snapshot: &Snapshot) -> HashMap<String, String> {
        let names = || snapshot.catalog().dashboards().iter().map(|one| &one.name);
        let branches: HashMap<String, String> = names()
            .filter_map(|name| Some((name.clone(), branch_of(&self.releases, name)?.to_owned())))
            .collect();
        if branches.is_empty() {
            return names().map(|name| (name.clone(), String::new())).collect();
        }
        branches
    }
}

/// The tabs that count and turned since then.
fn turned_tabs(lately: &Failing, newest_first: &[StatusChange], since_ms: i64) -> Vec<TabTurn> {
    let mut tabs: HashMap<(String, String), Vec<&StatusChange>> = HashMap::new();
    for change in newest_first
        .iter()
        .filter(|change| change.at_ms >= since_ms)
    {
        let name = (key(&change.dashboard), key(&change.tab));
        tabs.entry(name).or_default().push(change);
    }
    let mut turned: Vec<(TurnedTo, TabTurn)> = tabs
        .into_values()
        .filter_map(|changes| {
            let turns: Vec<StatusTurn> = changes
                .iter()
                .map(|change| StatusTurn {
                    before: change.from,
                    after: change.to,
                })
                .collect();
            let net = StatusTurn::net(&turns)?;
            let newest = changes.first()?;
            // A tab that is gone has nothing to be looked at.
            let catalog = lately.snapshot.catalog();
            let tab = catalog.find(&newest.dashboard, &newest.tab)?;
            let turn = TabTurn {
                branch: lately.branches.get(&catalog.tabs()[tab].dashboard)?.clone(),
                dashboard: newest.dashboard.clone(),
                tab: newest.tab.clone(),
                before: net.before,
                after: net.after,
                times: changes.len() as u32,
                at: time(newest.at_ms),
                reason: newest.reason.clone(),
            };
            Some((net.turned_to(), turn))
        })
        .collect();
    turned.sort_by(|(a_way, a), (b_way, b)| {
        let bad = |turn: &TabTurn| std::cmp::Reverse(turn.after.severity());
        (a_way, bad(a), &a.dashboard, &a.tab).cmp(&(b_way, bad(b), &b.dashboard, &b.tab))
    });
    turned.into_iter().map(|(_, turn)| turn).collect()
}

/// The tabs that count and in which rows failed first since then.
fn began_to_fail(lately: &Failing, since_ms: i64) -> Vec<BeganToFail> {
    let snapshot = &lately.snapshot;
    let tabs = lately.tabs.iter();
    let mut found: Vec<(usize, BeganToFail)> = tabs
        .take_while(|(newest_ms, _)| *newest_ms >= since_ms)
        .filter_map(|&(_, index)| {
            let entry = &snapshot.catalog().tabs()[index];
            let began = began_in(entry, &snapshot.alerts(index), since_ms)?;
            let began = BeganToFail {
                branch: lately.branches.get(&entry.dashboard)?.clone(),
                status: snapshot.status(index),
                ..began
            };
            Some((index, began))
        })
        .collect();
    // In the order of the configuration where as many rows fail.
    found.sort_by_key(|(index, tab)| (std::cmp::Reverse(tab.count), *index));
    found.into_iter().map(|(_, tab)| tab).collect()
}

/// The rows of a tab that failed first since then; `None` without one. Branch and status are left open.
fn began_in(entry: &TabEntry, alerts: &[AlertedRow], since_ms: i64) -> Option<BeganToFail> {
    let mut rows: Vec<&AlertedRow> = alerts
        .iter()
        .filter(|row| row.alert.first_fail_ms >= since_ms)
        .collect();
    if rows.is_empty() {
        return None;
    }
    rows.sort_by_key(|row| row.alert.first_fail_ms);
    Some(BeganToFail {
        branch: String::new(),
        dashboard: entry.dashboard.clone(),
        tab: entry.tab.name.clone(),
        status: TabStatus::default(),
        count: rows.len() as u32,
        rows: rows
            .into_iter()
            .take(ROWS)
            .map(|row| FailingSince {
                name: row.name.clone(),
                id: row.id.clone(),
                since: time(row.alert.first_fail_ms),
                build: row.alert.first_fail_build.clone(),
                fail_count: row.alert.fail_count,
            })
            .collect(),
    })
}
