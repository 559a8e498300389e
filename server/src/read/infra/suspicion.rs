//! Which of all changes are likely behind failures that began together, and what the groups that show it say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{
    suspect::{Course, Cut, suspects},
    wire::infra::{Suspected, TabName},
};

use crate::read::published::Published;

/// All changes, and all test groups that speak for or against them.
pub(super) struct Inquiry<'a> {
    published: &'a Published,
    courses: Vec<Course>,
    /// Of each course the columns of its runs.
    columns: Vec<Vec<u32>>,
    /// Where a tab's course is.
    places: HashMap<usize, usize>,
    /// What else something may have happened to.
    kin: Vec<Vec<usize>>,
    changes: Vec<Change>,
}

/// A change, as the tabs that saw it and can tell of it.
#[derive(Default)]
struct Change {
    seen: Vec<Sight>,
    /// In their order.
    cuts: Vec<Cut>,
}

/// How one tab saw a change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) tab: usize,
    /// Which of the tab's steps it is, from the newest.
    pub(super) step: usize,
    /// Whether failures began with it while no product changed.
    pub(super) infra_only: bool,
    /// Whether the tab's newest run of known version has the version that it led to, again or still.
    pub(super) now: bool,
}

impl<'a> Inquiry<'a> {
    /// `clusters` are the components whose versions are build clusters.
    pub(super) fn new(published: &'a Published, clusters: &[&str]) -> Self {
        let mut inquiry = Self {
            published,
            courses: Vec::new(),
            columns: Vec::new(),
            places: HashMap::new(),
            kin: Vec::new(),
            changes: Vec::new(),
        };
        let mut kin: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
        for group in published.groups() {
            let Some(trail) = group.trail else { continue };
            let place = inquiry.courses.len();
            let (course, columns) = trail.course();
            inquiry.places.insert(group.tab, place);
            inquiry.courses.push(course);
            inquiry.columns.push(columns);
            kin.entry(("", String::new())).or_default().push(place);
            if let Some(branch) = &published.branches[group.tab] {
                let of = kin.entry(("branch", branch.clone())).or_default();
                of.push(place);
            }
            for cluster in clusters {
                let spans = trail.component(cluster).map(|it| it.spans.as_slice());
                if let Some(span) = spans.and_then(<[_]>::first) {
                    let of = kin.entry((cluster, span.version.to_string())).or_default();
                    of.push(place);
                }
            }
        }
        // What is the same of two kinds is one.
        let kin: BTreeSet<Vec<usize>> = kin.into_values().collect();
        inquiry.kin = kin.into_iter().collect();
        inquiry
    }

    /// Takes in a change of a component with the tabs that saw it.
    pub(super) fn add(&mut self, component: &str, seen: impl Iterator<Item = Sight>) {
        let mut change = Change::default();
        for sight in seen {
            if let Some(cut) = self.cut(component, sight) {
                change.seen.push(sight);
                change.cuts.push(cut);
            }
        }
        self.changes.push(change);
    }

    /// Where a change divides the runs of a tab; `None` where runs of one side are not known.
    fn cut(&self, component: &str, sight: Sight) -> Option<Cut> {
        let group = *self.places.get(&sight.tab)?;
        let trail = self.published.trail(sight.tab)?;
        let crossing = trail
            .component(component)?
            .single_crossings()
            .nth(sight.step)?;
        let columns = &self.columns[group];
        let first = columns.partition_point(|&column| column > crossing.newer());
        let end = columns.partition_point(|&column| column >= crossing.newest());
        (first > 0 && first < end).then_some(Cut { group, first, end })
    }

    /// The changes that are likely behind failures, by the order in which they were taken in.
    pub(super) fn suspected(self) -> Vec<(usize, Suspected)> {
        let cuts: Vec<Vec<Cut>> = self.changes.iter().map(|it| it.cuts.clone()).collect();
        suspects(&self.courses, &cuts, &self.kin)
            .into_iter()
            .map(|suspicion| {
                let change = &self.changes[suspicion.change];
                let shows =
                    |(_, cut): &(_, &Cut)| suspicion.groups.binary_search(&cut.group).is_ok();
                let seen = change.seen.iter().zip(&change.cuts).filter(shows);
                let told = Told::new(seen.map(|(seen, _)| *seen), self.published);
                let suspected = Suspected {
                    likelihood: (suspicion.likelihood * 1000.0).round() / 1000.0,
                    groups: told.tabs.len() as u32,
                    branches: told.branches,
                    infra_only: told.infra_only,
                    now: told.now,
                    tabs: told.tabs,
                    all_tabs: told.all_tabs,
                };
                (suspicion.change, suspected)
            })
            .collect()
    }
}

/// What is told of the test groups that a change made fail.
#[derive(Default)]
pub(super) struct Told {
    /// On how many release branches they are.
    pub(super) branches: u32,
    /// In how many of them the failures began while no product changed.
    pub(super) infra_only: u32,
    /// How many still have it.
    pub(super) now: u32,
    /// A tab of each, in the order in which they saw it.
    pub(super) tabs: Vec<TabName>,
    /// All tabs that show them.
    pub(super) all_tabs: Vec<TabName>,
}

impl Told {
    pub(super) fn new(seen: impl Iterator<Item = Sight>, published: &Published) -> Self {
        let mut told = Self::default();
        let mut branches: BTreeSet<&str> = BTreeSet::new();
        for sight in seen {
            branches.extend(published.branches[sight.tab].as_deref());
            told.infra_only += u32::from(sight.infra_only);
            told.now += u32::from(sight.now);
            told.tabs.push(published.tab_name(sight.tab));
            told.all_tabs.extend(published.names_beside(sight.tab));
        }
        told.branches = branches.len() as u32;
        told
    }
}
