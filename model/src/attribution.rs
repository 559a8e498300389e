//! Whether a change did what is seen across it: the evidence of all tabs that saw it, weighed together.
//!
//! A tab alone cannot tell a change from what else happened in the same run. Two questions to the other tabs
//! help. Do they fail as this one does? A change fails most runs or a few, within the tests or outside of
//! them, and so on every tab that it hits. And, where a product came with the same run: do the same tests
//! begin to fail where it did not?
//!
//! Specification of the infra signal 4.3: a beta prior of 0.3 failures and 0.5 passes, evidence tempered by 0.7
//! because failures come in streaks, a share of three in ten tabs at first and never less than one in ten. The
//! share, and how the runs of a tab fare that is hit, are then learnt from the tabs themselves, each from the
//! others.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// How runs of a tab fared, as counts of those that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fared {
    /// Nothing failed that is counted.
    pub passed: u32,
    /// Tests failed.
    pub failed: u32,
    /// The run failed, and no test did.
    pub outside: u32,
}

impl Fared {
    /// All of them.
    pub const fn runs(self) -> u32 {
        self.passed + self.failed + self.outside
    }

    /// Those that failed.
    pub const fn bad(self) -> u32 {
        self.failed + self.outside
    }

    fn shares(self) -> [f64; 3] {
        [self.passed, self.failed, self.outside].map(f64::from)
    }
}

/// How one tab fared before a change and with it. Only failures count that began there: what failed before
/// and goes on tells nothing of the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faring {
    /// The runs before.
    pub before: Fared,
    /// The runs with it.
    pub after: Fared,
}

impl Faring {
    /// Whether anything can be compared.
    const fn tells(&self) -> bool {
        self.before.runs() > 0 && self.after.runs() > 0
    }
}

/// What is said of a tab that saw a change.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing began to fail with it, or no more than by chance.
    #[default]
    Quiet,
    /// It fails since, and something else explains that as well.
    Perhaps,
    /// The change broke it.
    Broke,
}

/// What speaks for a change beside how often runs failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// A product came with the run in which the failures began.
    pub product_came: bool,
    /// The same tests began to fail with the change on another tab that this product cannot explain.
    pub elsewhere: bool,
    /// Rows broke: their failures reached the alert threshold, or are all runs of the version.
    pub rows_broke: bool,
}

/// Passes and failures, within tests and outside of them, that are expected before anything is seen.
const PRIOR: [f64; 3] = [0.5, 0.2, 0.1];
/// See the module.
const TEMPER: f64 = 0.7;
/// The share of tabs that a change hits, at first, and how many tabs that is worth.
const SHARE: f64 = 0.3;
const SHARE_TABS: f64 = 2.0;
/// And at least.
const LEAST_SHARE: f64 = 0.1;
/// How many runs' worth the other tabs may say of a tab: what they have in common is not all that there is.
const OTHERS_HIT: f64 = 20.0;
const OTHERS_NOT: f64 = 4.0;
/// How often all is weighed again at most.
const ROUNDS: usize = 12;
/// Weighing again ends when nothing moves by more.
const STILL: f64 = 1e-3;

/// From which likelihood on a tab is said to be broken.
pub const BROKE: f64 = 0.8;
/// From which on it is told at all.
pub const PERHAPS: f64 = 0.5;

/// How likely it is of each tab that the change made it fail, between 0 and 1, in their order. `tabs` are all
/// that saw the change. 0 where no failure began with it, or nothing can be compared.
pub fn likelihoods(tabs: &[Faring]) -> Vec<f64> {
    // Tabs that fared alike are alike: thousands come to some dozens.
    let mut kinds: Vec<(Faring, f64)> = Vec::new();
    let mut places: HashMap<Faring, usize> = HashMap::new();
    for faring in tabs.iter().filter(|faring| faring.tells()) {
        let place = *places.entry(*faring).or_insert_with(|| {
            kinds.push((*faring, 0.0));
            kinds.len() - 1
        });
        kinds[place].1 += 1.0;
    }
    let found = weigh(&kinds);
    tabs.iter()
        .map(|faring| match places.get(faring) {
            Some(&place) if faring.after.bad() > 0 => found[place],
            _ => 0.0,
        })
        .collect()
}

/// The likelihood of each kind of tab; with each, how many there are.
fn weigh(kinds: &[(Faring, f64)]) -> Vec<f64> {
    let sum_of = |shares: &dyn Fn(usize) -> [f64; 3]| {
        let mut sum = [0.0; 3];
        for index in 0..kinds.len() {
            add(&mut sum, shares(index), 1.0);
        }
        sum
    };
    // What every tab does by itself.
    let all = sum_of(&|index| {
        kinds[index]
            .0
            .before
            .shares()
            .map(|runs| runs * kinds[index].1)
    });
    let usual = scaled(sum(all, PRIOR), OTHERS_NOT);
    let alone: Vec<f64> = kinds
        .iter()
        .map(|(faring, _)| chance(sum(usual, faring.before.shares()), faring.after))
        .collect();
    let tabs: f64 = kinds.iter().map(|(_, count)| count).sum();
    let mut likely = vec![SHARE; kinds.len()];
    for _ in 0..ROUNDS {
        let hit: f64 = (kinds.iter().zip(&likely))
            .map(|((_, count), p)| count * p)
            .sum();
        let share = ((SHARE * SHARE_TABS + hit) / (SHARE_TABS + tabs)).max(LEAST_SHARE);
        // How a change fails is learnt where it likely did: of thousands of tabs that pass, the little doubt
        // about each would come to more than the few that fail.
        let words: Vec<f64> = likely
            .iter()
            .map(|&p| if p >= PERHAPS { p } else { 0.0 })
            .collect();
        let together = sum_of(&|index| {
            let (faring, count) = kinds[index];
            faring
                .after
                .shares()
                .map(|runs| runs * count * words[index])
        });
        let mut moved: f64 = 0.0;
        let next: Vec<f64> = kinds
            .iter()
            .enumerate()
            .map(|(index, (faring, _))| {
                // Of a tab the others speak, not itself.
                let mut others = together;
                add(&mut others, faring.after.shares(), -words[index]);
                let others = sum(others.map(|runs| runs.max(0.0)), PRIOR);
                let most = others.iter().sum::<f64>().min(OTHERS_HIT);
                let hit = chance(scaled(others, most), faring.after);
                let odds = (share / (1.0 - share)).ln() + TEMPER * (hit - alone[index]);
                let p = 1.0 / (1.0 + (-odds).exp());
                moved = moved.max((p - likely[index]).abs());
                p
            })
            .collect();
        likely = next;
        if moved < STILL {
            break;
        }
    }
    likely
}

/// Of each tab whether a product came that may be why it fails: not one that came after runs that are enough
/// to tell. `alone` is how each fared while the products were as before, `None` where none came; `likely` are
/// the [`likelihoods`] of `tabs`.
pub fn products_came(tabs: &[Faring], alone: &[Option<Faring>], likely: &[f64]) -> Vec<bool> {
    let telling = |(alone, &likelihood): (&Option<Faring>, &f64)| {
        likelihood >= BROKE && alone.is_some_and(|alone| alone.after.bad() > 0)
    };
    if !alone.iter().zip(likely).any(telling) {
        return alone.iter().map(Option::is_some).collect();
    }
    let first: Vec<Faring> = (tabs.iter().zip(alone))
        .map(|(&all, alone)| alone.unwrap_or(all))
        .collect();
    (alone.iter().zip(likelihoods(&first)))
        .map(|(alone, likelihood)| alone.is_some() && likelihood < BROKE)
        .collect()
}

/// What is to be said of a tab.
pub fn judge(likelihood: f64, witness: Witness) -> Verdict {
    if likelihood >= BROKE && (!witness.product_came || witness.elsewhere) {
        Verdict::Broke
    } else if likelihood >= PERHAPS || witness.rows_broke {
        Verdict::Perhaps
    } else {
        Verdict::Quiet
    }
}

/// The logarithm of what a Dirichlet prior expects of runs that fared so, in their order.
fn chance(prior: [f64; 3], fared: Fared) -> f64 {
    let whole: f64 = prior.iter().sum();
    let rises: f64 = prior
        .into_iter()
        .zip([fared.passed, fared.failed, fared.outside])
        .map(|(from, count)| rise(from, count))
        .sum();
    rises - rise(whole, fared.runs())
}

/// The logarithm of `from · (from + 1) · …`, `count` factors.
fn rise(from: f64, count: u32) -> f64 {
    /// Fewer are multiplied, more approximated: the error of Stirling's series is then below 1e-8.
    const FEW: u32 = 12;
    let product =
        |from: f64, count: u32| -> f64 { (0..count).map(|k| (from + f64::from(k)).ln()).sum() };
    if count <= FEW {
        return product(from, count);
    }
    let stirling = |x: f64| (x - 0.5) * x.ln() - x + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3));
    let far = from + f64::from(FEW);
    product(from, FEW) + stirling(from + f64::from(count)) - stirling(far)
}

fn add(to: &mut [f64; 3], what: [f64; 3], times: f64) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what * times;
    }
}

fn sum(mut a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    add(&mut a, b, 1.0);
    a
}

fn scaled(shares: [f64; 3], to: f64) -> [f64; 3] {
    let whole: f64 = shares.iter().sum();
    shares.map(|share| share * to / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `20/1 oXF`: twenty runs before of which one failed; then passed, failed outside of tests, failed.
    fn tab(text: &str) -> Faring {
        let (before, after) = text.split_once(' ').expect("two words");
        let (runs, bad) = before.split_once('/').expect("two numbers");
        let number = |text: &str| text.parse::<u32>().expect("a number");
        let of = |letter: char| after.chars().filter(|&it| it == letter).count() as u32;
        Faring {
            before: Fared {
                passed: number(runs) - number(bad),
                failed: number(bad),
                outside: 0,
            },
            after: Fared {
                passed: of('o'),
                failed: of('F'),
                outside: of('X'),
            },
        }
    }

    fn told(tabs: &[&str]) -> Vec<f64> {
        let tabs: Vec<Faring> = tabs.iter().map(|text| tab(text)).collect();
        likelihoods(&tabs)
    }

    #[test]
    fn others_tell_how_a_change_fails() {
        // Where every run of the others fails, one of three is chance; where theirs pass now and then, it
        // is not.
        let always = told(&["20/0 FFF", "20/1 FFF", "20/0 FFF", "20/2 FFF", "20/0 oXo"]);
        assert!(always[..4].iter().all(|&p| p > 0.9), "{always:?}");
        assert!(always[4] < PERHAPS, "{always:?}");
        let some = told(&["20/0 FoF", "20/1 oFF", "20/0 FFo", "20/2 FFo", "20/0 ooF"]);
        assert!(some.iter().all(|&p| p > PERHAPS), "{some:?}");
    }

    #[test]
    fn a_tab_that_nothing_else_fails_with_needs_more() {
        let quiet = ["20/1 ooo"; 40];
        let alone = |text| told(&[&[text][..], &quiet].concat())[0];
        assert!(alone("20/0 Foo") < PERHAPS);
        assert!(alone("20/4 FFo") < PERHAPS);
        assert!(alone("20/0 FFF") > BROKE);
        // A few of very many are told all the same.
        let few = [&["20/0 FFFF"; 20][..], &vec!["20/1 oooo"; 4000]].concat();
        assert!(told(&few)[..20].iter().all(|&p| p > BROKE));
    }

    #[test]
    fn nothing_is_said_of_what_cannot_be_compared() {
        assert_eq!(told(&["0/0 FFF", "20/0 ", "20/0 ooo"]), [0.0; 3]);
        assert_eq!(told(&[]), [0.0; 0]);
    }

    #[test]
    fn a_product_that_came_after_telling_runs_is_not_why() {
        let mut tabs = vec![tab("20/1 oooooooo"); 40];
        tabs[0] = tab("20/0 FFFFFFFF");
        for (alone, came) in [
            (None, false),
            // It came with the version; after one run; after as many as tell.
            (Some("20/0 "), true),
            (Some("20/0 F"), true),
            (Some("20/0 FFFF"), false),
            // The runs before it passed.
            (Some("20/0 oooo"), true),
        ] {
            let mut all = vec![None; 40];
            all[0] = alone.map(tab);
            all[1] = Some(tab("20/1 oo"));
            let found = products_came(&tabs, &all, &likelihoods(&tabs));
            assert_eq!(found[..3], [came, true, false], "{alone:?}");
        }
    }

    #[test]
    fn verdicts_follow_the_table() {
        let witness = |product_came, elsewhere, rows_broke| Witness {
            product_came,
            elsewhere,
            rows_broke,
        };
        for (likelihood, witness, verdict) in [
            (0.95, witness(false, false, true), Verdict::Broke),
            (0.95, witness(true, true, true), Verdict::Broke),
            (0.95, witness(true, false, true), Verdict::Perhaps),
            (0.6, witness(false, false, false), Verdict::Perhaps),
            (0.6, witness(false, true, true), Verdict::Perhaps),
            (0.1, witness(false, false, true), Verdict::Perhaps),
            (0.1, witness(true, true, false), Verdict::Quiet),
        ] {
            assert_eq!(
                judge(likelihood, witness),
                verdict,
                "{likelihood} {witness:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn likelihoods_are_likelihoods(tabs in proptest::collection::vec((0_u32..30, 0_u32..9, 0_u32..400, 0_u32..400, 0_u32..40), 0..40)) {
            let tabs: Vec<Faring> = tabs
                .into_iter()
                .map(|(before, bad, passed, failed, outside)| Faring {
                    before: Fared { passed: before, failed: bad, outside: 0 },
                    after: Fared { passed, failed, outside },
                })
                .collect();
            let found = likelihoods(&tabs);
            prop_assert_eq!(found.len(), tabs.len());
            for (p, tab) in found.iter().zip(&tabs) {
                prop_assert!((0.0..=1.0).contains(p), "{p}");
                prop_assert!(tab.after.bad() > 0 || *p == 0.0);
            }
        }

        #[test]
        fn many_factors_are_as_multiplied(from in 0.01_f64..50.0, count in 0_u32..300) {
            let exact: f64 = (0..count).map(|k| (from + f64::from(k)).ln()).sum();
            prop_assert!((rise(from, count) - exact).abs() < 1e-6 * exact.abs().max(1.0));
        }
    }
}
