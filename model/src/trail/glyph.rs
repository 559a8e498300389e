//! What moved between two columns, as one of four signs.

use serde::{Deserialize, Serialize};

use super::{ComponentTrail, Trail};
use crate::infra::{ComponentKind, same_version};

/// Whether anything of one kind moved between two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Something is known to differ.
    Moved,
    /// All is known, and nothing differs.
    Same,
    /// Nothing can be said.
    Unknown,
}

/// What moved between two columns, as one of four signs, or that it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MoveGlyph {
    /// Infrastructure moved, and no product did.
    Infra,
    /// A product moved, and no infrastructure did.
    Product,
    /// Both moved.
    Both,
    /// Neither moved: what differs is chance.
    Neither,
    /// One of them is not known.
    Unknown,
}

impl MoveGlyph {
    const fn of(infra: Movement, product: Movement) -> Self {
        match (infra, product) {
            (Movement::Moved, Movement::Moved) => Self::Both,
            (Movement::Moved, Movement::Same) => Self::Infra,
            (Movement::Same, Movement::Moved) => Self::Product,
            (Movement::Same, Movement::Same) => Self::Neither,
            _ => Self::Unknown,
        }
    }

    /// One character.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Infra => "◆",
            Self::Product => "●",
            Self::Both => "◈",
            Self::Neither => "○",
            Self::Unknown => "?",
        }
    }

    /// What the sign says.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Infra => "only infrastructure changed",
            Self::Product => "only the product changed",
            Self::Both => "infrastructure and product changed",
            Self::Neither => "neither changed",
            Self::Unknown => "not known what changed",
        }
    }
}

impl Trail {
    /// What the components of one kind did between two columns: whether any is known to differ, and
    /// whether all are known.
    pub fn moved(&self, kind: ComponentKind, older: u32, newer: u32) -> Movement {
        let of_kind = self.components.iter().filter(|it| it.kind == kind);
        Self::any_moved(of_kind, older, newer)
    }

    /// What the products did between two columns, but for `component` itself.
    pub(super) fn products_moved(
        &self,
        component: &ComponentTrail,
        older: u32,
        newer: u32,
    ) -> Movement {
        Self::any_moved(self.products_beside(component), older, newer)
    }

    /// The products, but for `component` itself.
    pub(super) fn products_beside<'a>(
        &'a self,
        component: &ComponentTrail,
    ) -> impl Iterator<Item = &'a ComponentTrail> {
        self.components.iter().filter(move |it| {
            it.kind == ComponentKind::Product && it.component != component.component
        })
    }

    fn any_moved<'a>(
        components: impl Iterator<Item = &'a ComponentTrail>,
        older: u32,
        newer: u32,
    ) -> Movement {
        let mut known = false;
        let mut open = false;
        for component in components {
            match (component.at(older), component.at(newer)) {
                (Some(before), Some(after)) if same_version(before, after) => known = true,
                (Some(_), Some(_)) => return Movement::Moved,
                _ => open = true,
            }
        }
        if known && !open {
            Movement::Same
        } else {
            Movement::Unknown
        }
    }

    /// The four-way glyph between two columns.
    pub fn glyph(&self, older: u32, newer: u32) -> MoveGlyph {
        MoveGlyph::of(
            self.moved(ComponentKind::Infra, older, newer),
            self.moved(ComponentKind::Product, older, newer),
        )
    }
}
