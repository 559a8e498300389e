//! Search across everything, and one test across all tabs.

mod commits;
mod names;
mod words;

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use model::{
    grid::{Column, Grid},
    history::Commit,
    name::{natural_cmp, normalize},
    status::{Class, Status},
    wire::{
        BuildRef, ColumnState, CommitRef, Found, TabRef, TestOnTab, TestPage, TestRef, TestRun,
        WireError, time,
    },
};

pub(super) use self::commits::CommitTexts;
use self::{
    names::{Match, Matches, Names},
    words::Words,
};
use super::{
    PublishError, Published, Reader,
    infra::commit_url,
    releases::{branch_of, newest_first},
};
use crate::store::GroupId;

/// How many of each kind a search answers.
const LISTED: usize = 12;
/// How many tests at most.
const LISTED_TESTS: usize = 50;
/// How many tabs the answer about one test has.
const TABS_OF_TEST: usize = 60;
/// How many runs of each.
const RUNS_OF_TEST: usize = 60;
/// Before the newly found names are this share of all, they lie beside them.
const MERGED_SHARE: usize = 8;

/// All names of tests. Newly found ones lie beside the others until they are worth merging.
#[derive(Debug, Default)]
pub(super) struct SearchIndex {
    /// The groups that numbers stand for, and how many of each one's tests are known.
    groups: Vec<(GroupId, String, u32)>,
    numbers: HashMap<GroupId, u32>,
    settled: Arc<Names>,
    fresh: Arc<Names>,
    words: Arc<Words>,
}

/// The index, swapped whole, and when the groups' results were last looked at.
#[derive(Debug, Default)]
pub(super) struct Search {
    index: ArcSwap<SearchIndex>,
    /// Held while the index is renewed: when each group's results had last changed by then.
    seen: tokio::sync::Mutex<HashMap<GroupId, Option<i64>>>,
}

impl SearchIndex {
    /// The names that hold every word: from both parts, those of both with the groups of both.
    fn search(&self, words: &[String], limit: usize) -> Matches {
        let settled = self.settled.search(words, limit);
        settled.merge(self.fresh.search(words, limit), limit)
    }

    /// The words, which no name holds all of, with those that none holds replaced by what was probably meant;
    /// `None` when all are held or nothing better is known.
    fn corrected(&self, words: &[String]) -> Option<Vec<String>> {
        let mut changed = false;
        let better = words
            .iter()
            .map(|word| {
                // What is sought alone is known to be held by none.
                if words.len() > 1 && (self.settled.holds(word) || self.fresh.holds(word)) {
                    return word.clone();
                }
                self.words.meant(word).map_or_else(
                    || word.clone(),
                    |better| {
                        changed = true;
                        better.to_owned()
                    },
                )
            })
            .collect();
        changed.then_some(better)
    }

    fn groups_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.settled
            .find(name)
            .iter()
            .chain(self.fresh.find(name))
            .map(|&number| self.groups[number as usize].1.as_str())
    }
}

impl Reader {
    /// Reads the names of tests that were stored since the last time. New names can be found once this
    /// has returned; until then everything else can.
    pub async fn renew_search(&self) -> Result<(), PublishError> {
        let mut seen = self.search.seen.lock().await;
        let old = self.search.index.load_full();
        let mut groups = old.groups.clone();
        let mut numbers = old.numbers.clone();
        let mut found: Vec<(Box<str>, u32)> = Vec::new();
        for group in self.store.load_modified().await? {
            if seen.get(&group.id) == Some(&group.modified_ms) {
                continue;
            }
            let number = *numbers.entry(group.id).or_insert_with(|| {
                groups.push((group.id, group.name.clone(), 0));
                groups.len() as u32 - 1
            });
            let known = &mut groups[number as usize].2;
            let names = self.store.load_test_names(group.id, *known).await?;
            *known += names.len() as u32;
            found.extend(
                names
                    .into_iter()
                    .map(|name| (name.into_boxed_str(), number)),
            );
            seen.insert(group.id, group.modified_ms);
        }
        if found.is_empty() {
            return Ok(());
        }
        let index = tokio::task::spawn_blocking(move || {
            found.extend(old.fresh.pairs());
            let (settled, fresh) = if found.len() * MERGED_SHARE > old.settled.len() {
                found.extend(old.settled.pairs());
                (Arc::new(Names::build(found)), Arc::default())
            } else {
                (old.settled.clone(), Arc::new(Names::build(found)))
            };
            let words = if Arc::ptr_eq(&settled, &old.settled) {
                old.words.clone()
            } else {
                Arc::new(Words::of(settled.text()))
            };
            SearchIndex {
                groups,
                numbers,
                settled,
                fresh,
                words,
            }
        })
        .await
        .map_err(|_| PublishError::Lost("the names of tests".to_owned()))?;
        self.search.index.store(Arc::new(index));
        Ok(())
    }

    /// The tests whose names hold every word of `query`, best first, at most `limit`; and whether there
    /// are more.
    pub async fn find_tests(
        self: &Arc<Self>,
        query: &str,
        limit: usize,
    ) -> Result<(Vec<TestRef>, bool), PublishError> {
        let words = words_of(query);
        self.looking(move |reader| {
            let index = reader.search.index.load();
            let found = index.search(&words, limit);
            (reader.tests(&index, found.names), found.more)
        })
        .await
    }

    /// Everything whose name holds every word of `query`.
    pub async fn search(self: &Arc<Self>, query: &str) -> Result<Found, PublishError> {
        let words = words_of(query);
        if words.is_empty() {
            return Ok(Found::default());
        }
        let builds = match &words[..] {
            [word] => self.find_builds(query.trim(), word).await?,
            _ => Vec::new(),
        };
        self.looking(move |reader| {
            let mut found = reader.find_names(&words);
            found.builds = builds;
            found.bugs = reader.find_bugs(&words, LISTED);
            if found.is_empty()
                && let Some(better) = reader.search.index.load().corrected(&words)
            {
                found = reader.find_names(&better);
                found.corrected = Some(better.join(" "));
            }
            found
        })
        .await
    }

    /// Looks through the names where that keeps no other request waiting: it may take some ten
    /// milliseconds.
    async fn looking<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, PublishError> {
        let reader = self.clone();
        tokio::task::spawn_blocking(move || look(&reader))
            .await
            .map_err(|_| PublishError::Lost("what was searched for".to_owned()))
    }

    fn find_names(&self, words: &[String]) -> Found {
        let published = self.published.load();
        let index = self.search.index.load();
        let matches = index.search(words, LISTED_TESTS);
        let dashboards = best(
            words,
            published
                .catalog
                .dashboards()
                .iter()
                .map(|one| (one.name.as_str(), one)),
        );
        let tabs = best(
            words,
            published
                .catalog
                .tabs()
                .iter()
                .enumerate()
                .map(|(index, entry)| (entry.tab.name.as_str(), index)),
        );
        Found {
            dashboards: dashboards
                .into_iter()
                .map(|entry| published.reference(entry))
                .collect(),
            tabs: tabs
                .into_iter()
                .map(|index| tab_ref(&published, index))
                .collect(),
            tests: self.tests(&index, matches.names),
            more_tests: matches.more,
            commits: self.find_commits(words),
            ..Found::default()
        }
    }

    /// The newest commits of all mirrors that hold every word.
    fn find_commits(&self, words: &[String]) -> Vec<CommitRef> {
        let histories = self.infra.histories.load();
        let mut found: Vec<(&Commit, CommitRef)> = Vec::new();
        for known in histories.all() {
            let component = self
                .components
                .iter()
                .find(|component| component.repo == known.name)
                .map_or(&known.name, |component| &component.name);
            for index in known.texts.search(&known.history, words, LISTED) {
                let commit = known.history.commit(index);
                let parent = commit.parent.map(|parent| known.history.commit(parent));
                found.push((
                    commit,
                    CommitRef {
                        repo: known.name.clone(),
                        component: component.clone(),
                        sha: commit.sha.to_string(),
                        parent: parent.map(|parent| parent.sha.to_string()),
                        title: commit.title.to_string(),
                        author: commit.author.to_string(),
                        time: time(commit.at_ms),
                        url: commit_url(&known.name, &commit.sha),
                    },
                ));
            }
        }
        found.sort_by_key(|(commit, _)| {
            let by_digits = matches!(words, [word] if commit.sha.starts_with(word.as_str()));
            std::cmp::Reverse((by_digits, commit.at_ms))
        });
        let found = found.into_iter().take(LISTED);
        found.map(|(_, commit)| commit).collect()
    }

    async fn find_builds(&self, written: &str, word: &str) -> Result<Vec<BuildRef>, PublishError> {
        /// Fewer characters say nothing.
        const SHORTEST: usize = 3;
        if word.len() < SHORTEST || !word.bytes().any(|byte| byte.is_ascii_digit()) {
            return Ok(Vec::new());
        }
        let published = self.published.load();
        Ok(self
            .store
            .find_builds(written, LISTED as u32)
            .await?
            .into_iter()
            .map(|found| {
                let mut tabs = published.catalog.tabs_of(&found.group).to_vec();
                self.sort_tabs(&published, &mut tabs);
                BuildRef {
                    tab: tabs.first().map(|&index| tab_ref(&published, index)),
                    build: found.build,
                    test_group: found.group,
                    started: time(found.started_ms),
                }
            })
            .collect())
    }

    fn tests(&self, index: &SearchIndex, names: Vec<Match>) -> Vec<TestRef> {
        let published = self.published.load();
        names
            .into_iter()
            .map(|Match { name, groups, .. }| TestRef {
                group_count: groups.len() as u32,
                tab_count: groups
                    .iter()
                    .map(|&group| &index.groups[group as usize].1)
                    .map(|group| published.catalog.tabs_of(group).len() as u32)
                    .sum(),
                name,
            })
            .collect()
    }

    /// Those of release branches first, newest branch first; then by name.
    fn sort_tabs(&self, published: &Published, tabs: &mut [usize]) {
        let entry = |tab: usize| &published.catalog.tabs()[tab];
        let branch = |tab: usize| branch_of(&self.releases, &entry(tab).dashboard);
        tabs.sort_by(|&a, &b| {
            let by_branch = match (branch(a), branch(b)) {
                (Some(a), Some(b)) => newest_first(a, b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            };
            by_branch
                .then_with(|| natural_cmp(&entry(a).dashboard, &entry(b).dashboard))
                .then_with(|| natural_cmp(&entry(a).tab.name, &entry(b).tab.name))
        });
    }

    /// One test on every tab that shows it. A test that no group has is a `not_found` error.
    pub async fn test(&self, name: &str) -> Result<TestPage, WireError> {
        let published = self.published.load_full();
        let index = self.search.index.load_full();
        let mut tabs: Vec<usize> = index
            .groups_of(name)
            .flat_map(|group| published.catalog.tabs_of(group).iter().copied())
            .collect();
        if index.groups_of(name).next().is_none() {
            return Err(WireError {
                code: "not_found".to_owned(),
                message: format!("no test is called \"{name}\""),
            });
        }
        self.sort_tabs(&published, &mut tabs);
        let left_out = tabs.len().saturating_sub(TABS_OF_TEST) as u32;
        tabs.truncate(TABS_OF_TEST);
        let mut on_tabs = Vec::new();
        for tab in tabs {
            let entry = &published.catalog.tabs()[tab];
            let grid = self
                .published_grid(&entry.dashboard, &entry.tab.name)
                .await?;
            if let Some(mut on_tab) = on_tab(&grid.grid, name) {
                on_tab.dashboard.clone_from(&entry.dashboard);
                on_tab.tab.clone_from(&entry.tab.name);
                branch_of(&self.releases, &entry.dashboard)
                    .unwrap_or_default()
                    .clone_into(&mut on_tab.branch);
                on_tabs.push(on_tab);
            }
        }
        Ok(TestPage {
            name: name.to_owned(),
            tabs: on_tabs,
            left_out,
        })
    }
}

/// The words of a query, in lower case.
fn words_of(query: &str) -> Vec<String> {
    query
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The best of those whose names hold every word, as written or without dashes and the like: shortest
/// first, since the words are most of it.
fn best<'a, T>(words: &[String], named: impl Iterator<Item = (&'a str, T)>) -> Vec<T> {
    let words: Vec<(&str, String)> = words
        .iter()
        .map(|word| (word.as_str(), normalize(word)))
        .collect();
    let mut found: Vec<(usize, &str, T)> = named
        .filter(|(name, _)| {
            let lower = name.to_ascii_lowercase();
            let mut plain = None;
            words.iter().all(|(word, bare)| {
                lower.contains(word)
                    || (!bare.is_empty()
                        && plain.get_or_insert_with(|| normalize(name)).contains(bare))
            })
        })
        .map(|(name, one)| (name.len(), name, one))
        .collect();
    found.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    found
        .into_iter()
        .take(LISTED)
        .map(|(_, _, one)| one)
        .collect()
}

pub(super) fn tab_ref(published: &Published, index: usize) -> TabRef {
    let entry = &published.catalog.tabs()[index];
    TabRef {
        dashboard: entry.dashboard.clone(),
        tab: entry.tab.name.clone(),
        status: published.tab_status(index),
    }
}

/// The newest runs of a test in a grid, without the tab's name; `None` when no row shows it.
fn on_tab(grid: &Grid, name: &str) -> Option<TestOnTab> {
    let row = grid
        .rows
        .iter()
        .find(|row| row.id == name || row.name == name)?;
    let mut runs: Vec<TestRun> = row
        .statuses
        .iter()
        .zip(&grid.columns)
        .take(RUNS_OF_TEST)
        .map(|(status, column)| run(status, column))
        .collect();
    for cell in &row.cells {
        if let Some(run) = runs.get_mut(cell.column as usize) {
            run.message.clone_from(&cell.message);
        }
    }
    Some(TestOnTab {
        dashboard: String::new(),
        tab: String::new(),
        branch: String::new(),
        fail_count: row.alert.as_ref().map_or(0, |alert| alert.fail_count),
        first_fail_build: row
            .alert
            .as_ref()
            .map(|alert| alert.first_fail_build.clone()),
        runs,
    })
}

fn run(status: Status, column: &Column) -> TestRun {
    TestRun {
        build: column.build.clone(),
        started: time(column.started_ms),
        state: state(status),
        message: String::new(),
        infra: column.infra.clone(),
        product: column.product.clone(),
    }
}

/// What one cell says in the words of a whole column.
pub const fn state(status: Status) -> ColumnState {
    match (status, status.class()) {
        (Status::Running, _) => ColumnState::Running,
        (_, Class::Blank) => ColumnState::Blank,
        (_, Class::Passing) => ColumnState::Passed,
        (_, Class::Flaky) => ColumnState::Flaky,
        (_, Class::Failing) => ColumnState::Failed,
        (_, Class::Other) => ColumnState::Unknown,
    }
}
