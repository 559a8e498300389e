//! The versions of one component as one tab saw them.

use crate::{
    attribution::Faring,
    infra::{ComponentKind, ComponentVersion, Source, same_version},
    transition::comparable,
};

/// The versions of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentTrail {
    /// Its name.
    pub component: Box<str>,
    /// Infra or product.
    pub kind: ComponentKind,
    /// Newest first; neighbours differ.
    pub spans: Vec<Span>,
    /// What happened across each of the [`ComponentTrail::steps`], in their order; empty for products.
    pub across: Vec<Across>,
}

/// What happened across one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Across {
    /// Rows that broke.
    pub broke: u32,
    /// Rows that recovered.
    pub fixed: u32,
    /// How runs fared before and after.
    pub faring: Faring,
    /// See [`super::Trail::product_came`].
    pub product_came: bool,
    /// Where a product came: see [`super::Trail::faring_alone`].
    pub alone: Faring,
}

/// Columns of one version. Columns between that know nothing belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The version, as its newest column says it.
    pub version: Box<str>,
    /// Its newest column.
    pub newest: u32,
    /// Its oldest column.
    pub oldest: u32,
    /// Where the newest column's was read.
    newest_source: Source,
    /// Where the oldest column's was read.
    oldest_source: Source,
}

/// A change of a component's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The version before.
    pub from: &'a str,
    /// The version after.
    pub to: &'a str,
    /// The newest column with the version before.
    pub older: u32,
    /// The oldest column with the version after.
    pub newer: u32,
    /// See [`crate::transition::Transition::certain`].
    pub certain: bool,
}

impl Span {
    /// Whether its newest column's version was read from the job's own image: what that is is said for each
    /// job by itself.
    pub const fn is_of_own_image(&self) -> bool {
        matches!(self.newest_source, Source::ImageTag | Source::ImageDigest)
    }

    /// Whether its newest column's version was seen by the run itself.
    pub const fn is_observed(&self) -> bool {
        self.newest_source.is_observed()
    }
}

impl ComponentTrail {
    /// Takes in what the next older column says.
    pub(super) fn push(&mut self, column: u32, found: &ComponentVersion) {
        let Some(version) = found.single() else {
            return;
        };
        match self.spans.last_mut() {
            Some(last) if same_version(&last.version, version) => {
                last.oldest = column;
                last.oldest_source = found.source;
                // The longer name says more.
                if version.len() > last.version.len() {
                    last.version = version.into();
                }
            }
            _ => self.spans.push(Span {
                version: version.into(),
                newest: column,
                oldest: column,
                newest_source: found.source,
                oldest_source: found.source,
            }),
        }
    }

    /// The version in a column, or what its neighbours agree on.
    pub fn at(&self, column: u32) -> Option<&str> {
        self.spans
            .iter()
            .find(|span| span.newest <= column && column <= span.oldest)
            .map(|span| &*span.version)
    }

    /// The changes, newest first.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.spans.windows(2).map(|pair| {
            let (newer, older) = (&pair[0], &pair[1]);
            Step {
                from: &older.version,
                to: &newer.version,
                older: older.newest,
                newer: newer.oldest,
                certain: older.newest == newer.oldest + 1
                    && comparable(older.newest_source, newer.oldest_source),
            }
        })
    }
}
