//! Issues that people linked to rows: all of them in memory, and beside the failing rows of every tab.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use model::{
    bug::{name_of, testgrid_id},
    name::natural_cmp,
    wire::{BugRef, LinkedBug, NamedLink, TabSummary, WireError},
};

use super::{
    Reader,
    catalog::{key, not_found},
    search::tab_ref,
    tab::TabState,
};
use crate::store::{StoreError, StoredBug};

/// The issues of all test groups, swapped whole.
#[derive(Debug, Default)]
pub(super) struct KnownBugs {
    bugs: ArcSwap<Bugs>,
    /// Held while they are read, so that older never replaces newer.
    reading: tokio::sync::Mutex<()>,
}

/// The issues of all test groups, by the group's normalised name.
#[derive(Debug, Default)]
pub(super) struct Bugs(HashMap<String, Arc<RowBugs>>);

/// A row of a test group, as issues are linked to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRef {
    /// The test group's name.
    pub group: String,
    /// The row's identity.
    pub id: String,
    /// What it is called now.
    pub name: String,
}

/// The issues of the rows of one test group.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RowBugs {
    /// By the row's identity, newest first.
    rows: BTreeMap<String, Vec<LinkedBug>>,
    /// Names what they are; 0 for none.
    content: u64,
}

impl RowBugs {
    /// Those of a row, by its identity; newest first.
    pub fn of(&self, row_id: &str) -> &[LinkedBug] {
        self.rows.get(row_id).map_or(&[], Vec::as_slice)
    }

    /// A number that is another when they are others.
    pub fn content(&self) -> u64 {
        self.content
    }

    /// What TestGrid's answers name the issues of a row by, where issues open at `open_bug_url`: each
    /// once, the greatest number first.
    pub fn testgrid_ids<'a>(&'a self, row_id: &str, open_bug_url: &'a str) -> Vec<&'a str> {
        let bugs = self.by_testgrid_id(row_id, open_bug_url);
        let mut ids: Vec<&str> = bugs.map(|(id, _)| id).collect();
        ids.sort_by(|one, other| natural_cmp(other, one));
        ids.dedup();
        ids
    }

    /// Those of a row under what TestGrid's answers name them by, where issues open at `open_bug_url`.
    pub fn by_testgrid_id<'a>(
        &'a self,
        row_id: &str,
        open_bug_url: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a LinkedBug)> + use<'a> {
        let bugs = self.of(row_id).iter();
        bugs.map(move |bug| (testgrid_id(&bug.url, open_bug_url), bug))
    }

    /// Puts them beside the failing rows of a tab of the group.
    pub(super) fn fill(&self, summary: &mut TabSummary) {
        for row in &mut summary.failing {
            row.bugs = self.links(&row.id);
        }
    }

    /// Those of a row as links.
    pub(super) fn links(&self, row_id: &str) -> Vec<NamedLink> {
        let links = self.of(row_id).iter().map(|bug| NamedLink {
            text: bug.text.clone(),
            url: bug.url.clone(),
        });
        links.collect()
    }
}

impl Bugs {
    fn new(stored: Vec<StoredBug>) -> Self {
        let mut groups: HashMap<String, RowBugs> = HashMap::new();
        for bug in stored {
            let text = if bug.title.is_empty() {
                name_of(&bug.url)
            } else {
                bug.title
            };
            let rows = &mut groups.entry(bug.group).or_default().rows;
            let of_row = rows.entry(bug.row_id).or_default();
            // It was linked again after the row had got another identity.
            if of_row.iter().any(|known| known.url == bug.url) {
                continue;
            }
            of_row.push(LinkedBug {
                url: bug.url,
                text,
                added: DateTime::<Utc>::from_timestamp_millis(bug.added_ms).unwrap_or_default(),
                by: bug.added_by,
            });
        }
        for group in groups.values_mut() {
            let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
            for (row, bugs) in &group.rows {
                for text in
                    std::iter::once(row).chain(bugs.iter().flat_map(|bug| [&bug.url, &bug.text]))
                {
                    hasher.update(&text.len().to_le_bytes());
                    hasher.update(text.as_bytes());
                }
            }
            group.content = hasher.digest().max(1);
        }
        let groups = groups.into_iter();
        Self(groups.map(|(name, bugs)| (name, Arc::new(bugs))).collect())
    }

    /// Those of a test group; names match after normalising.
    pub(super) fn of(&self, group: &str) -> Arc<RowBugs> {
        self.0.get(&key(group)).cloned().unwrap_or_default()
    }
}

impl Reader {
    /// Reads which issues are linked to rows and tells the tabs whose failing rows are concerned.
    pub async fn publish_bugs(&self) -> Result<(), StoreError> {
        let _reading = self.bugs.reading.lock().await;
        let new = Bugs::new(self.store.load_bugs().await?);
        let old = self.bugs.bugs.load_full();
        let changed: HashSet<String> = new
            .0
            .keys()
            .chain(old.0.keys())
            .filter(|group| new.0.get(*group) != old.0.get(*group))
            .cloned()
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.bugs.bugs.store(Arc::new(new));
        for name in &changed {
            let bugs = self.bugs_of(name);
            let group = self.group(name);
            // Whoever publishes the group meanwhile has either seen them or is waited for.
            let _publishing = group.publishing.lock().await;
            let published = self.published.load_full();
            for &index in published.catalog.tabs_of(name) {
                let slot = &published.tabs[index];
                let old = slot.rcu(|state| {
                    let mut state: Option<TabState> = (**state).clone();
                    if let Some(state) = &mut state {
                        bugs.fill(&mut state.summary);
                    }
                    state
                });
                let entry = &published.catalog.tabs()[index];
                self.tell_tab(entry, slot, old.as_ref().as_ref());
            }
        }
        Ok(())
    }

    /// The issues of a test group's rows.
    pub fn bugs_of(&self, group: &str) -> Arc<RowBugs> {
        self.known_bugs().of(group)
    }

    pub(super) fn known_bugs(&self) -> Arc<Bugs> {
        self.bugs.bugs.load_full()
    }

    /// A row of a test group, as it is linked to, by its identity, its name, or a name that it had. The row
    /// must be on a tab of the group.
    pub async fn find_row(&self, group: &str, row: &str) -> Result<RowRef, WireError> {
        let published = self.published.load_full();
        let tabs = published.catalog.tabs_of(group);
        let Some(&first) = tabs.first() else {
            return Err(not_found(
                format!("no tab shows a test group \"{group}\""),
                group,
                published.catalog.groups(),
            ));
        };
        let name = published.catalog.tabs()[first].group.name.clone();
        for &index in tabs {
            let entry = &published.catalog.tabs()[index];
            let view = self.tab_view(&entry.dashboard, &entry.tab.name).await?;
            if let Some(found) = self.row_of(&view, row).await? {
                return Ok(RowRef {
                    group: name,
                    id: found.id.clone(),
                    name: found.name.clone(),
                });
            }
        }
        Err(WireError {
            code: "not_found".to_owned(),
            message: format!("the test group \"{name}\" has no row \"{row}\""),
        })
    }

    /// The issues whose address or title hold every one of these words, newest first, at most `limit`.
    pub(super) fn find_bugs(&self, words: &[String], limit: usize) -> Vec<BugRef> {
        let published = self.published.load();
        let bugs = self.known_bugs();
        let mut found: Vec<(&str, &str, &LinkedBug)> = bugs
            .0
            .iter()
            .flat_map(|(group, bugs)| {
                bugs.rows.iter().flat_map(move |(row, bugs)| {
                    bugs.iter()
                        .map(move |bug| (group.as_str(), row.as_str(), bug))
                })
            })
            .filter(|(_, _, bug)| {
                let said = format!("{} {}", bug.text, bug.url).to_lowercase();
                words.iter().all(|word| said.contains(word.as_str()))
            })
            .collect();
        found.sort_by(|one, other| {
            (other.2.added, one.0, one.1).cmp(&(one.2.added, other.0, other.1))
        });
        found
            .into_iter()
            .take(limit)
            .map(|(group, row, bug)| BugRef {
                url: bug.url.clone(),
                text: bug.text.clone(),
                row: row.to_owned(),
                tab: published
                    .catalog
                    .tabs_of(group)
                    .first()
                    .map(|&index| tab_ref(&published, index)),
            })
            .collect()
    }
}
