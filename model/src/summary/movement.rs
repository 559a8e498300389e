//! What moved between two columns: which infra, which product.

use serde::{Deserialize, Serialize};

use crate::{
    grid::{Column, VersionOf},
    infra::{ComponentKind, same_version, short_version},
    tabulate::CompareUrl,
    transition::comparable,
};

/// What moved from one column to a newer one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Moved {
    /// The infra components.
    pub infra: Movements,
    /// The product repositories.
    pub product: Movements,
}

/// What the components of one kind did between two columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Movements {
    /// In one word.
    pub state: MovementState,
    /// The components whose version differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Movement>,
    /// The components whose version is not known at one end or at both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// How many components are known to be the same.
    #[serde(skip_serializing_if = "is_zero")]
    pub same: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
pub(super) const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Whether anything moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MovementState {
    /// Nothing can be said: no component is known at both ends, or one that might have moved is not.
    #[default]
    Unknown,
    /// Every component is known at both ends, and none differs.
    Unchanged,
    /// Some component differs.
    Changed,
}

/// One component whose version differs between two columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Movement {
    /// The component's name.
    pub component: String,
    /// The older version.
    pub from: String,
    /// The newer version.
    pub to: String,
    /// False when the two were read from sources that need not agree.
    pub certain: bool,
    /// A page that shows the difference; absent when the component has no repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_url: Option<String>,
}

/// What moved from `older` to `newer`.
pub fn moved_between(older: &Column, newer: &Column, compare_url: &CompareUrl<'_>) -> Moved {
    let of_kind = |kind, older: &[VersionOf], newer: &[VersionOf]| {
        movements(older, newer, &|component, from, to| {
            compare_url(component, kind, from, to)
        })
    };
    Moved {
        infra: of_kind(ComponentKind::Infra, &older.infra, &newer.infra),
        product: of_kind(ComponentKind::Product, &older.product, &newer.product),
    }
}

fn movements(
    older: &[VersionOf],
    newer: &[VersionOf],
    compare_url: &dyn Fn(&str, &str, &str) -> Option<String>,
) -> Movements {
    let mut movements = Movements::default();
    let find = |list: &[VersionOf], name: &str| -> Option<usize> {
        list.iter().position(|version| version.component == name)
    };
    for to in newer {
        let from = find(older, &to.component).map(|index| &older[index]);
        let ends = from.and_then(|from| Some((from.single()?, to.single()?, from.source)));
        match ends {
            None => movements.unknown.push(to.component.clone()),
            Some((from, version, _)) if same_version(from, version) => movements.same += 1,
            Some((from, version, source)) => movements.changes.push(Movement {
                component: to.component.clone(),
                from: from.to_owned(),
                to: version.to_owned(),
                certain: comparable(source, to.source),
                compare_url: compare_url(&to.component, from, version),
            }),
        }
    }
    for from in older {
        if find(newer, &from.component).is_none() {
            movements.unknown.push(from.component.clone());
        }
    }
    movements.state = if !movements.changes.is_empty() {
        MovementState::Changed
    } else if movements.unknown.is_empty() && movements.same > 0 {
        MovementState::Unchanged
    } else {
        MovementState::Unknown
    };
    movements
}

impl Moved {
    /// As the sentence of a reason has it: `infra unchanged, product a1b2c3d..e4f5a6b`.
    pub fn words(&self) -> String {
        format!(
            "{}, {}",
            self.infra.words("infra"),
            self.product.words("product")
        )
    }
}

/// How many movements a sentence names.
const NAMED: usize = 2;

impl Movements {
    fn words(&self, kind: &str) -> String {
        match self.state {
            MovementState::Unknown => format!("{kind} unknown"),
            MovementState::Unchanged => format!("{kind} unchanged"),
            MovementState::Changed => {
                // Alone, the only repository under test needs no name; infra always has one.
                let alone = kind == "product"
                    && self.changes.len() == 1
                    && self.same == 0
                    && self.unknown.is_empty();
                let mut named: Vec<String> = self
                    .changes
                    .iter()
                    .take(NAMED)
                    .map(|change| {
                        let (from, to) = (short_version(&change.from), short_version(&change.to));
                        let sure = if change.certain { "" } else { "?" };
                        if alone {
                            format!("{from}..{to}{sure}")
                        } else {
                            format!("{} {from}..{to}{sure}", change.component)
                        }
                    })
                    .collect();
                if self.changes.len() > NAMED {
                    named.push(format!("{} more", self.changes.len() - NAMED));
                }
                format!("{kind} {}", named.join(" and "))
            }
        }
    }
}
