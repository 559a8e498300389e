//! What happened on every tab across a way from one version to another.

use std::collections::BTreeSet;

use model::{
    infra::{ComponentKind, same_version},
    trail::{MoveGlyph, RowTurn, Step, Trail},
    transition::TurnKind,
    wire::infra::{CompareCounts, ProductMove, TabAcross},
};

use super::{Component, Group, order::Range, time};
use crate::read::published::Published;

/// How many rows of each kind a tab lists.
const ROWS: usize = 30;

/// Every test group whose tab saw a part of the way.
pub(super) fn find_across(
    published: &Published,
    component: &Component,
    range: &Range<'_>,
) -> Vec<TabAcross> {
    published
        .groups()
        .filter_map(|group| {
            let trail = group.trail.clone()?;
            across(published, component, range, &group, &trail)
        })
        .collect()
}

fn across(
    published: &Published,
    component: &Component,
    range: &Range<'_>,
    group: &Group<'_>,
    trail: &Trail,
) -> Option<TabAcross> {
    let of = trail.component(&component.name)?;
    let steps: Vec<Step<'_>> = of
        .steps()
        .filter(|step| range.touches(step.from, step.to))
        .collect();
    let (newest, oldest) = (steps.first()?, steps.last()?);
    let broke = trail.turned(of, TurnKind::Broke, &steps);
    let fixed = trail.turned(of, TurnKind::Fixed, &steps);
    let (before, after) = trail.outcomes(of, &steps);
    let glyph = steps
        .iter()
        .map(|step| trail.glyph(step.older, step.newer))
        .reduce(|a, b| if a == b { a } else { MoveGlyph::Both })
        .unwrap_or(MoveGlyph::Unknown);
    let entry = &published.catalog.tabs()[group.tab];
    let build = |column: u32| trail.columns[column as usize].build.to_string();
    let rows = |turned: &[&RowTurn]| -> Vec<String> {
        turned
            .iter()
            .take(ROWS)
            .map(|turn| turn.row.to_string())
            .collect()
    };
    Some(TabAcross {
        dashboard: entry.dashboard.clone(),
        tab: entry.tab.name.clone(),
        branch: published.branches[group.tab].clone(),
        job: entry.group.name.clone(),
        also: group
            .others
            .iter()
            .map(|&tab| published.tab_name(tab))
            .collect(),
        seams: steps.len() as u32,
        build: build(newest.newer),
        time: time(trail.started_ms(newest.newer)),
        before: build(oldest.older),
        from: oldest.from.to_owned(),
        to: newest.to.to_owned(),
        certain: steps.iter().all(|step| step.certain),
        exact: steps.iter().all(|step| range.is_whole(step.from, step.to)),
        broke: broke.len() as u32,
        fixed: fixed.len() as u32,
        worse: trail.is_worse_across(of, &steps),
        runs: after.1,
        bad: after.0,
        runs_before: before.1,
        bad_before: before.0,
        broke_rows: rows(&broke),
        fixed_rows: rows(&fixed),
        glyph,
        product: products(trail, component, &steps),
    })
}

/// The products that moved across these seams; of several the one way from the oldest to the newest.
fn products(trail: &Trail, component: &Component, steps: &[Step<'_>]) -> Vec<ProductMove> {
    let mut moves: Vec<ProductMove> = Vec::new();
    let others = trail
        .components
        .iter()
        .filter(|it| it.kind == ComponentKind::Product && *it.component != *component.name);
    for product in others {
        for step in steps {
            let (Some(from), Some(to)) = (product.at(step.older), product.at(step.newer)) else {
                continue;
            };
            if same_version(from, to) {
                continue;
            }
            match moves
                .iter_mut()
                .find(|known| known.repo == *product.component)
            {
                // Newest step first: this one is older.
                Some(known) => from.clone_into(&mut known.from),
                None => moves.push(ProductMove {
                    repo: product.component.to_string(),
                    from: from.to_owned(),
                    to: to.to_owned(),
                }),
            }
        }
    }
    moves
}

/// How many of all that there is; the commits are not counted here.
pub(super) fn count(
    published: &Published,
    component: &Component,
    tabs: &[TabAcross],
) -> CompareCounts {
    let have = published
        .groups()
        .filter_map(|group| group.trail)
        .filter(|trail| {
            trail
                .component(&component.name)
                .is_some_and(|it| !it.spans.is_empty())
        })
        .count();
    let mut counts = CompareCounts {
        seen: tabs.len() as u32,
        have: have as u32,
        ..CompareCounts::default()
    };
    let mut branches = BTreeSet::new();
    for tab in tabs {
        counts.broke += u32::from(tab.is_hit());
        counts.fixed += u32::from(tab.fixed > 0);
        counts.rows_broke += tab.broke;
        counts.rows_fixed += tab.fixed;
        counts.broke_infra_only += u32::from(tab.is_hit() && tab.glyph == MoveGlyph::Infra);
        if tab.is_hit() {
            branches.extend(tab.branch.as_deref());
        }
    }
    counts.branches_broke = branches.len() as u32;
    counts
}
