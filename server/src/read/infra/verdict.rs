//! Which tabs a change broke, by the evidence of all that saw it.

use std::collections::HashMap;

use model::{
    attribution::{BROKE, Faring, PERHAPS, Verdict, Witness, judge, likelihoods},
    infra::ComponentKind,
    trail::{Crossing, Trail},
};

/// What one tab saw of a change.
pub(super) struct Seen<'a> {
    pub trail: &'a Trail,
    pub crossings: Vec<Crossing<'a>>,
    /// The release branch.
    pub branch: Option<&'a str>,
    pub faring: Faring,
    pub product_came: bool,
    /// Whether rows broke.
    pub rows_broke: bool,
}

/// What is said of each tab, with how likely it is that the change made it fail. `seen` are all tabs that saw
/// the change.
pub(super) fn judge_all(seen: &[Seen<'_>]) -> Vec<(Verdict, f64)> {
    let farings: Vec<Faring> = seen.iter().map(|it| it.faring).collect();
    let likely = likelihoods(&farings);
    let elsewhere = Elsewhere::new(seen, &likely);
    seen.iter()
        .zip(&likely)
        .enumerate()
        .map(|(at, (it, &likelihood))| {
            let witness = Witness {
                product_came: it.product_came,
                elsewhere: likelihood >= BROKE && it.product_came && elsewhere.speaks_for(seen, at),
                rows_broke: it.rows_broke,
            };
            (judge(likelihood, witness), likelihood)
        })
        .collect()
}

/// Tests that began to fail, with the tabs in which they did; only where a tab needs another's word.
struct Elsewhere<'a> {
    tabs: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Elsewhere<'a> {
    fn new(seen: &'a [Seen<'_>], likely: &[f64]) -> Self {
        let mut tabs: HashMap<&'a str, Vec<usize>> = HashMap::new();
        let asked = |(it, &likelihood): (&Seen<'_>, &f64)| likelihood >= BROKE && it.product_came;
        if seen.iter().zip(likely).any(asked) {
            let failing = |(at, (it, &likelihood)): (usize, (&'a Seen<'_>, &f64))| {
                (likelihood >= PERHAPS).then_some((at, it))
            };
            for (at, it) in seen.iter().zip(likely).enumerate().filter_map(failing) {
                for turn in it.trail.began_to_fail(&it.crossings) {
                    let known = tabs.entry(&turn.row).or_default();
                    if known.last() != Some(&at) {
                        known.push(at);
                    }
                }
            }
        }
        Self { tabs }
    }

    /// Whether a test that began to fail on this tab did so on another, too, whose failure the product that
    /// came here cannot explain.
    fn speaks_for(&self, seen: &[Seen<'_>], at: usize) -> bool {
        let it = &seen[at];
        let apart = |other: usize| {
            other != at
                && (!seen[other].product_came
                    || seen[other].branch != it.branch
                    || !share_product(it.trail, seen[other].trail))
        };
        it.trail.began_to_fail(&it.crossings).any(|turn| {
            let others = self.tabs.get(&*turn.row).map_or(&[][..], |tabs| tabs);
            others.iter().any(|&other| apart(other))
        })
    }
}

fn share_product(a: &Trail, b: &Trail) -> bool {
    let products = |trail: &'_ Trail| -> Vec<Box<str>> {
        let of = trail.components.iter();
        of.filter(|it| it.kind == ComponentKind::Product)
            .map(|it| it.component.clone())
            .collect()
    };
    let b = products(b);
    products(a).iter().any(|product| b.contains(product))
}
