//! What changes because time passes, though nothing happens: tabs go stale.

use std::sync::Arc;

use model::summary::TabStatus;

use super::Reader;
use crate::settings::StalenessRule;

/// A tab whose status is another by the clock alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The dashboard's name.
    pub dashboard: String,
    /// The tab's name.
    pub tab: String,
    /// What its status was.
    pub from: TabStatus,
    /// What it is.
    pub to: TabStatus,
}

impl Reader {
    /// Looks at every tab's status again, at `now_ms`, without its results. Answers the tabs whose
    /// status is another; how old the data of stale tabs is is brought up to date as well. Does nothing
    /// when the settings ask for TestGrid's rule.
    pub fn tick(&self, now_ms: i64) -> Vec<Turned> {
        if self.rules.staleness == StalenessRule::Change {
            return Vec::new();
        }
        let published = self.published.load_full();
        let mut turned = Vec::new();
        for (entry, slot) in published.catalog.tabs().iter().zip(&published.tabs) {
            let old = slot.load_full();
            let Some((state, new)) = old
                .as_ref()
                .as_ref()
                .and_then(|state| Some((state, state.at(now_ms)?)))
            else {
                continue;
            };
            let (from, to) = (state.summary.status, new.summary.status);
            let new = Arc::new(Some(new));
            let found = slot.compare_and_swap(&old, new.clone());
            // Otherwise the results were published meanwhile, which has looked at the clock too.
            if Arc::ptr_eq(&found, &old) && from != to {
                if let Some(state) = &*new {
                    self.note_status(state, now_ms);
                }
                self.tell_tab(entry, slot, old.as_ref().as_ref());
                turned.push(Turned {
                    dashboard: entry.dashboard.clone(),
                    tab: entry.tab.name.clone(),
                    from,
                    to,
                });
            }
        }
        turned
    }
}
