//! Where the seams are: the transitions of a grid, gathered by the edge on which they lie.

use std::ops::Range;

use model::{grid::Grid, infra::ComponentKind, transition::Transition};

/// All transitions at the older edge of one column: one line through all rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seam {
    /// The newer of the two columns; the line is drawn at its older edge.
    pub column: usize,
    /// That column's build id.
    pub build: String,
    /// What changed there.
    pub kind: SeamKind,
    /// Whether every transition that gives the seam its kind is certain.
    pub certain: bool,
}

/// What changed at a seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeamKind {
    /// Infra components only.
    Infra,
    /// Product repositories only.
    Product,
    /// Both at once.
    Both,
}

impl SeamKind {
    /// `infra`, `product`, `both`: the value of `data-kind`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Infra => "infra",
            Self::Product => "product",
            Self::Both => "both",
        }
    }
}

/// The seams in the columns `window`, newest first.
pub fn seams(grid: &Grid, window: &Range<usize>) -> Vec<Seam> {
    let within = |transition: &&Transition| window.contains(&(transition.column as usize));
    let mut seams: Vec<Seam> = Vec::new();
    for transition in grid.transitions.iter().filter(within) {
        let kind = match transition.kind {
            ComponentKind::Infra => SeamKind::Infra,
            ComponentKind::Product => SeamKind::Product,
        };
        let certain = is_certain(transition);
        match seams.last_mut() {
            Some(seam) if seam.column == transition.column as usize => {
                if seam.kind == kind {
                    seam.certain &= certain;
                } else {
                    // The infra side gives the line its stroke.
                    if kind == SeamKind::Infra {
                        seam.certain = certain;
                    }
                    seam.kind = SeamKind::Both;
                }
            }
            _ => seams.push(Seam {
                column: transition.column as usize,
                build: transition.build.clone(),
                kind,
                certain,
            }),
        }
    }
    seams
}

/// The bands over two columns that are compared, as HTML; one where they are the same.
pub fn marks_html(newer: usize, older: usize) -> String {
    let mark = |side, column| {
        format!(r#"<div class="mark" data-side="{side}" style="--column:{column}"></div>"#)
    };
    if newer == older {
        return mark("chosen", newer);
    }
    mark("newer", newer) + &mark("older", older)
}

/// Whether a transition is drawn as a fact.
pub const fn is_certain(transition: &Transition) -> bool {
    transition.certain && transition.from.is_some()
}

/// The transitions of one component in the columns `window`.
pub fn of_component(
    grid: &Grid,
    kind: ComponentKind,
    component: &str,
    window: &Range<usize>,
) -> Vec<Transition> {
    grid.transitions
        .iter()
        .filter(|transition| {
            transition.kind == kind
                && transition.component == component
                && window.contains(&(transition.column as usize))
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::infra::Source;

    fn at(column: u32, kind: ComponentKind, certain: bool) -> Transition {
        Transition {
            column,
            build: column.to_string(),
            component: "c".into(),
            kind,
            from: Some("a".into()),
            to: "b".into(),
            source: Source::ImageTag,
            certain,
            compare_url: None,
            broke: 0,
            fixed: 0,
        }
    }

    #[test]
    fn two_columns_have_a_band_each() {
        assert_eq!(marks_html(1, 4).matches("mark").count(), 2);
        assert!(marks_html(1, 4).contains(r#"data-side="older" style="--column:4""#));
        assert_eq!(marks_html(3, 3).matches("mark").count(), 1);
    }

    #[test]
    fn transitions_at_one_edge_are_one_seam() {
        use ComponentKind::{Infra, Product};
        let grid = Grid {
            transitions: vec![
                at(0, Product, true),
                at(1, Infra, true),
                at(1, Infra, false),
                at(1, Product, true),
                at(4, Infra, true),
                at(4, Product, false),
                at(9, Infra, true),
            ],
            ..Grid::default()
        };
        let found: Vec<_> = seams(&grid, &(0..9))
            .into_iter()
            .map(|seam| (seam.column, seam.kind, seam.certain))
            .collect();
        assert_eq!(
            found,
            [
                (0, SeamKind::Product, true),
                (1, SeamKind::Both, false),
                (4, SeamKind::Both, true),
            ]
        );
        assert_eq!(of_component(&grid, Infra, "c", &(2..10)).len(), 2);
    }
}
