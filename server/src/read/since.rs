//! What changed since a moment, for people who come back.

use std::collections::HashMap;

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

impl Reader {
    /// What changed since this moment, in milliseconds since 1970: on release branches, or everywhere
    /// where there are none.
    pub async fn changes_since(&self, since_ms: i64) -> Result<ChangesSince, WireError> {
        let changes = self
            .store
            .load_status_changes_since(since_ms, TURNS)
            .await
            .map_err(PublishError::from)?;
        let snapshot = self.snapshot();
        let turns = self.turned_tabs(&snapshot, &changes);
        let failing = self.began_to_fail(&snapshot, since_ms);
        let infra: Vec<_> = (self.infra_feed().changes.iter())
            .filter(|change| change.first.timestamp_millis() >= since_ms)
            .cloned()
            .collect();
        let is_turned = |tab: &&BeganToFail| {
            turns.iter().any(|turn| {
                turn.before != turn.after && turn.dashboard == tab.dashboard && turn.tab == tab.tab
            })
        };
        let turned = turns
            .iter()
            .filter(|turn| turn.before != turn.after)
            .count();
        let unturned = failing.iter().filter(|tab| !is_turned(tab)).count();
        Ok(ChangesSince {
            since: time(since_ms),
            count: (turned + unturned + infra.len()) as u32,
            turns,
            failing,
            infra,
        })
    }

    /// The branch of a tab that counts, empty where there are no branches; `None` for other tabs.
    fn branch_that_counts(&self, snapshot: &Snapshot, dashboard: &str) -> Option<String> {
        if let Some(branch) = branch_of(&self.releases, dashboard) {
            return Some(branch.to_owned());
        }
        let dashboards = snapshot.catalog().dashboards();
        let any = (dashboards.iter()).any(|one| branch_of(&self.releases, &one.name).is_some());
        (!any).then(String::new)
    }

    fn turned_tabs(&self, snapshot: &Snapshot, newest_first: &[StatusChange]) -> Vec<TabTurn> {
        let mut tabs: HashMap<(String, String), Vec<&StatusChange>> = HashMap::new();
        for change in newest_first {
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
                snapshot
                    .catalog()
                    .tab(&newest.dashboard, &newest.tab)
                    .ok()?;
                let turn = TabTurn {
                    branch: self.branch_that_counts(snapshot, &newest.dashboard)?,
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

    fn began_to_fail(&self, snapshot: &Snapshot, since_ms: i64) -> Vec<BeganToFail> {
        let tabs = snapshot.catalog().tabs().iter().enumerate();
        let mut found: Vec<BeganToFail> = tabs
            .filter_map(|(index, entry)| {
                let branch = self.branch_that_counts(snapshot, &entry.dashboard)?;
                began_in(entry, &snapshot.alerts(index), since_ms).map(|began| BeganToFail {
                    branch,
                    status: snapshot.status(index),
                    ..began
                })
            })
            .collect();
        // In the order of the configuration where as many rows fail.
        found.sort_by_key(|tab| std::cmp::Reverse(tab.count));
        found
    }
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
