//! Which tabs a change broke, by the evidence of all that saw it.

use std::collections::HashMap;

use model::{
    attribution::{BROKE, Faring, PERHAPS, Verdict, Witness, judge, likelihoods, products_came},
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
    /// Where a product came: how it fared while that was not there yet.
    pub alone: Faring,
    /// Whether rows broke.
    pub rows_broke: bool,
    /// Whether its products are known at all.
    pub names_product: bool,
}

/// What is said of one tab.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Judged {
    pub verdict: Verdict,
    /// How likely it is that the change made it fail.
    pub likelihood: f64,
    /// Whether a product came that may be why it fails.
    pub product_came: bool,
    /// Whether the failures began while no product changed.
    pub infra_only: bool,
}

/// What is said of each tab. `seen` are all tabs that saw the change.
pub(super) fn judge_all(seen: &[Seen<'_>]) -> Vec<Judged> {
    let farings: Vec<Faring> = seen.iter().map(|it| it.faring).collect();
    let likely = likelihoods(&farings);
    let alone: Vec<Option<Faring>> = (seen.iter())
        .map(|it| it.product_came.then_some(it.alone))
        .collect();
    let came = products_came(&farings, &alone, &likely);
    let elsewhere = Elsewhere::new(seen, &likely, &came);
    let judged = |at: usize| {
        let (likelihood, product_came) = (likely[at], came[at]);
        let witness = Witness {
            product_came,
            elsewhere: likelihood >= BROKE && product_came && elsewhere.speaks_for(seen, at),
            rows_broke: seen[at].rows_broke,
        };
        Judged {
            verdict: judge(likelihood, witness),
            likelihood,
            product_came,
            infra_only: seen[at].names_product && !product_came,
        }
    };
    (0..seen.len()).map(judged).collect()
}

/// Tests that began to fail, with the tabs in which they did; only where a tab needs another's word.
struct Elsewhere<'a> {
    tabs: HashMap<&'a str, Vec<usize>>,
    /// See [`products_came`].
    came: &'a [bool],
}

impl<'a> Elsewhere<'a> {
    fn new(seen: &'a [Seen<'_>], likely: &[f64], came: &'a [bool]) -> Self {
        let mut tabs: HashMap<&'a str, Vec<usize>> = HashMap::new();
        let asked = |(&came, &likelihood): (&bool, &f64)| likelihood >= BROKE && came;
        if came.iter().zip(likely).any(asked) {
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
        Self { tabs, came }
    }

    /// Whether a test that began to fail on this tab did so on another, too, whose failure the product that
    /// came here cannot explain.
    fn speaks_for(&self, seen: &[Seen<'_>], at: usize) -> bool {
        let it = &seen[at];
        let apart = |other: usize| {
            other != at
                && (!self.came[other]
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
