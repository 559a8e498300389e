//! What happened on every tab across a way from one version to another.

use std::{collections::BTreeSet, sync::Arc};

use model::{
    attribution::Faring,
    infra::{ComponentKind, same_version},
    trail::{MoveGlyph, RowTurn, Step, Trail},
    transition::TurnKind,
    wire::infra::{CompareCounts, ProductMove, TabAcross},
};

use super::{
    Component, Group,
    order::Range,
    time,
    verdict::{Judged, Seen, judge_all},
};
use crate::read::published::Published;

/// How many rows of each kind a tab lists.
const ROWS: usize = 30;

/// Every test group whose tab saw a part of the way.
pub(super) fn find_across(
    published: &Published,
    component: &Component,
    range: &Range<'_>,
) -> Vec<TabAcross> {
    let groups: Vec<(Group<'_>, Arc<Trail>)> = published
        .groups()
        .filter_map(|group| {
            let trail = group.trail.clone()?;
            Some((group, trail))
        })
        .collect();
    let (shown, seen): (Vec<&(Group<'_>, Arc<Trail>)>, Vec<Seen<'_>>) = groups
        .iter()
        .filter_map(|shown| Some((shown, look(published, component, range, shown)?)))
        .unzip();
    judge_all(&seen)
        .into_iter()
        .zip(shown)
        .zip(&seen)
        .filter_map(|((judged, (group, _)), seen)| {
            across(published, component, range, group, seen, judged)
        })
        .collect()
}

/// What a tab saw of the way; `None` when it saw nothing of it.
fn look<'a>(
    published: &'a Published,
    component: &Component,
    range: &Range<'_>,
    (group, trail): &'a (Group<'_>, Arc<Trail>),
) -> Option<Seen<'a>> {
    let of = trail.component(&component.name)?;
    let crossings = of.crossings(|step| range.touches(step.from, step.to));
    crossings.first()?;
    let product_came = trail.product_came(of, &crossings);
    let names_product = trail.names_product(of);
    Some(Seen {
        trail,
        branch: published.branches[group.tab].as_deref(),
        faring: trail.faring(&crossings),
        product_came,
        names_product,
        alone: if product_came {
            trail.faring_alone(of, &crossings)
        } else {
            Faring::default()
        },
        rows_broke: !trail.turned(of, TurnKind::Broke, &crossings).is_empty(),
        crossings,
    })
}

fn across(
    published: &Published,
    component: &Component,
    range: &Range<'_>,
    group: &Group<'_>,
    seen: &Seen<'_>,
    judged: Judged,
) -> Option<TabAcross> {
    let Seen {
        trail, crossings, ..
    } = seen;
    let of = trail.component(&component.name)?;
    let steps: Vec<Step<'_>> = crossings
        .iter()
        .flat_map(|crossing| crossing.steps().iter().copied())
        .collect();
    let (newest, oldest) = (steps.first()?, steps.last()?);
    let broke = trail.turned(of, TurnKind::Broke, crossings);
    let fixed = trail.turned(of, TurnKind::Fixed, crossings);
    let (before, after) = trail.outcomes(of, crossings);
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
        verdict: judged.verdict,
        likelihood: (judged.likelihood * 1000.0).round() / 1000.0,
        product_came: judged.product_came,
        infra_only: judged.infra_only,
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
        counts.perhaps += u32::from(tab.is_perhaps());
        counts.fixed += u32::from(tab.fixed > 0);
        counts.rows_fixed += tab.fixed;
        counts.broke_infra_only += u32::from(tab.is_hit() && tab.infra_only);
        if tab.is_hit() {
            counts.rows_broke += tab.broke;
            branches.extend(tab.branch.as_deref());
        }
    }
    counts.branches_broke = branches.len() as u32;
    counts
}
