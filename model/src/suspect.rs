//! Which change is behind failures that began together: all changes, whatever else may have happened at any
//! hour, and chance, weighed against each other by all test groups at once.
//!
//! Specification of the infra signal 4.3. That a group fails more often after a change than before speaks for
//! the change only as far as it speaks against what the group may have done alone, and against the same having
//! happened at another time: to everything, to one branch (its product), or to one cluster. So a change that
//! came long before the failures is not named when what happened in between explains them better, and failures
//! of one branch are not laid on a change that came with the branch's product. What one cause explains is put
//! aside, and the rest is weighed again.

mod chances;

use chances::Chances;

/// How many runs of a group are looked at.
pub const RUNS: usize = 60;
/// So many runs before a cause are compared with those after it.
const BEFORE: usize = crate::trail::BEFORE;
/// What share of the groups that it can reach a cause hits: each is as likely at first.
const SHARES: [f64; 6] = [0.9, 0.6, 0.3, 0.1, 0.03, 0.01];
/// That a group breaks alone, at any of its runs.
const ALONE: f64 = 0.05;
/// How many times likelier it is that nothing happened than that a change broke something, before anything
/// is seen.
const NOTHING: f64 = 20.0;
/// How many times less likely than a change a cause is of which nothing is known but its hour.
const HOUR: f64 = 300.0;
/// How many causes are put aside at most.
const ROUNDS: usize = 6;
/// A cause that is at least so likely is put aside, and a change named.
pub const LIKELY: f64 = 0.5;
/// From which likelihood on it is not only probable.
pub const SURE: f64 = 0.95;
/// What came with the likeliest change in the same runs is named beside it when it is as likely as this share.
const BESIDE: f64 = 0.5;
/// That it was the infrastructure is as likely as all changes together that come so near.
const NEAR: f64 = 0.1;

/// How the runs of a test group that ended went, oldest first; at most [`RUNS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// When each began, in milliseconds since 1970.
    pub started_ms: Vec<i64>,
    /// Of each run that failed, the run in which the newest of its failures began; `None` where it passed.
    pub since: Vec<Option<usize>>,
}

impl Course {
    /// Runs in which a failure began.
    fn fresh(&self) -> usize {
        let since = self.since.iter().enumerate();
        since.filter(|(at, since)| **since == Some(*at)).count()
    }

    /// What is seen on both sides of a cut: a failure before it counts once, after it those count that began
    /// there.
    fn seen(&self, cut: Cut) -> Seen {
        let begin = cut.first.saturating_sub(BEFORE);
        let fresh = |at: &usize| self.since[*at] == Some(*at);
        let goes_on = |at: &usize| self.since[*at].is_some_and(|it| cut.first <= it && it < *at);
        let repeats = (cut.first..cut.end).filter(goes_on).count();
        Seen {
            before: ((begin..cut.first).filter(fresh).count(), cut.first - begin),
            after: (
                (cut.first..cut.end).filter(fresh).count(),
                cut.end - cut.first - repeats,
            ),
            repeats,
        }
    }
}

/// Runs on both sides of a cut, as `(bad, runs)`.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    before: (usize, usize),
    /// But for the repeats.
    after: (usize, usize),
    /// Runs after it in which only failures go on that began after it.
    repeats: usize,
}

/// Where a cause divides a group's runs: from the first with it to before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The group.
    pub group: usize,
    /// The first run with it.
    pub first: usize,
    /// After the last run with it.
    pub end: usize,
}

/// Groups that have something in common, beside the changes that they saw.
pub type Kin = Vec<usize>;

/// What is held of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspicion {
    /// Which of the changes.
    pub change: usize,
    /// How likely it is, between [`LIKELY`] and 1, that it or what came with it is the cause.
    pub likelihood: f64,
    /// The groups that show it, in their order.
    pub groups: Vec<usize>,
}

/// The changes that are likely behind failures, likeliest first of what is weighed together. `changes` say
/// where each divides the groups that saw it; `kin` are the groups that something else may have happened to.
pub fn suspects(courses: &[Course], changes: &[Vec<Cut>], kin: &[Kin]) -> Vec<Suspicion> {
    let chances = Chances::new(courses);
    let mut scales: Vec<Scale<'_>> = (courses.iter())
        .map(|course| Scale::new(course, &chances))
        .collect();
    let mut left: Vec<usize> = (0..changes.len()).collect();
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let mut weighed: Vec<(Weighed, usize)> = (left.iter())
            .map(|&change| (weigh(&changes[change], &scales, &chances), change))
            .filter(|(weighed, _)| weighed.score > 0.0)
            .collect();
        weighed.sort_by(|a, b| b.0.score.total_cmp(&a.0.score));
        let Some((best, _)) = weighed.first() else {
            break;
        };
        // Most of the time nothing happened: then it need not be asked what else.
        if likely(best.score, [best.score, NOTHING.ln()]) < LIKELY {
            break;
        }
        let since_ms = weighed
            .iter()
            .flat_map(|(_, change)| &changes[*change])
            .map(|cut| courses[cut.group].started_ms[cut.first])
            .min();
        let hours = hours(
            courses,
            kin,
            since_ms.unwrap_or_default(),
            &scales,
            &chances,
        );
        let rest = hours.iter().map(|it| it.score).chain([NOTHING.ln()]);
        let all: Vec<f64> = weighed.iter().map(|it| it.0.score).chain(rest).collect();
        let by_hour = hours.iter().max_by(|a, b| a.score.total_cmp(&b.score));
        if let Some(hour) = by_hour.filter(|hour| hour.score > best.score) {
            if hour.groups.is_empty() {
                break;
            }
            for &group in &hour.groups {
                scales[group].aside = true;
            }
            continue;
        }
        let within = |share: f64| {
            let least = best.score + share.ln();
            let end = weighed.partition_point(|it| it.0.score >= least);
            &weighed[..end]
        };
        let share = |of: &[(Weighed, usize)]| -> f64 {
            of.iter().map(|it| likely(it.0.score, all.clone())).sum()
        };
        let (named, likelihood) = (within(BESIDE), share(within(NEAR)));
        if likelihood < LIKELY || share(named) < likelihood * LIKELY {
            break;
        }
        let mut aside = Vec::new();
        for (weighed, change) in named {
            aside.extend(weighed.groups.iter().copied());
            left.retain(|it| it != change);
            found.push(Suspicion {
                change: *change,
                likelihood: likelihood.min(1.0),
                groups: weighed.groups.clone(),
            });
        }
        if aside.is_empty() {
            break;
        }
        for group in aside {
            scales[group].aside = true;
        }
    }
    found
}

/// The share that one of these scores has of all.
fn likely(one: f64, all: impl IntoIterator<Item = f64>) -> f64 {
    1.0 / (all.into_iter().map(|it| (it - one).exp()).sum::<f64>())
}

/// What a group says of a cause.
#[derive(Clone, Copy, Debug)]
struct Word {
    /// How much better a cause explains its runs, as a logarithm.
    delta: f64,
    /// What that adds for a cause that hits these shares of groups.
    gains: [f64; SHARES.len()],
}

impl Word {
    /// `alone` is what the group shows if it broke alone, as a logarithm.
    fn new(delta: f64, alone: f64) -> Self {
        Self {
            delta,
            gains: SHARES.map(|share| (1.0 - share + share * (delta - alone).exp()).ln()),
        }
    }
}

/// A group, as it is weighed.
struct Scale<'a> {
    course: &'a Course,
    /// What it shows if it broke alone, as a logarithm.
    alone: f64,
    /// What it says of a cause from each run on to the last; empty where nothing failed.
    words: Vec<Word>,
    /// Whether it is explained.
    aside: bool,
}

impl<'a> Scale<'a> {
    fn new(course: &'a Course, chances: &Chances) -> Self {
        let runs = course.since.len();
        let mut scale = Self {
            course,
            alone: 0.0,
            words: Vec::new(),
            aside: false,
        };
        if course.fresh() > 0 {
            let cut = |first| Cut {
                group: 0,
                first,
                end: runs,
            };
            let deltas: Vec<f64> = (0..=runs)
                .map(|first| chances.delta(course.seen(cut(first))))
                .collect();
            let within = deltas.get(1..runs).unwrap_or_default();
            let sum: f64 = within.iter().map(|delta| delta.exp()).sum();
            scale.alone = (1.0 - ALONE + ALONE * sum / within.len().max(1) as f64).ln();
            let word = |delta: &f64| Word::new(*delta, scale.alone);
            scale.words = deltas.iter().map(word).collect();
        }
        scale
    }

    fn word(&self, cut: Cut, chances: &Chances) -> Word {
        match self.words.get(cut.first) {
            None => chances.quiet(cut.first, cut.end - cut.first),
            Some(word) if cut.end == self.course.since.len() => *word,
            Some(_) => Word::new(chances.delta(self.course.seen(cut)), self.alone),
        }
    }
}

/// A cause, weighed.
struct Weighed {
    score: f64,
    /// The groups that show it.
    groups: Vec<usize>,
}

fn weigh(cuts: &[Cut], scales: &[Scale<'_>], chances: &Chances) -> Weighed {
    let mut sums = [0.0; SHARES.len()];
    let mut told: Vec<(usize, f64, f64)> = Vec::new();
    for &cut in cuts {
        let scale = &scales[cut.group];
        if scale.aside {
            continue;
        }
        let word = scale.word(cut, chances);
        if word.delta == 0.0 {
            continue;
        }
        for (sum, gain) in sums.iter_mut().zip(word.gains) {
            *sum += gain;
        }
        if word.delta > 0.0 {
            told.push((cut.group, scale.alone, word.delta));
        }
    }
    let (most, share) = (sums.iter().copied().zip(SHARES))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or((0.0, 0.0));
    let sum: f64 = sums.iter().map(|sum| (sum - most).exp()).sum();
    let mut groups: Vec<usize> = told
        .into_iter()
        .filter(|&(_, alone, delta)| share * delta.exp() > (1.0 - share) * alone.exp())
        .map(|(group, ..)| group)
        .collect();
    groups.sort_unstable();
    groups.dedup();
    Weighed {
        score: most + (sum / SHARES.len() as f64).ln(),
        groups,
    }
}

/// What else may have happened: at each hour from before `since_ms` on, to everything and to each kin.
fn hours(
    courses: &[Course],
    kin: &[Kin],
    since_ms: i64,
    scales: &[Scale<'_>],
    chances: &Chances,
) -> Vec<Weighed> {
    const HOUR_MS: i64 = 3_600_000;
    /// So long before the first change.
    const EARLIER_MS: i64 = 6 * HOUR_MS;
    let newest = courses.iter().filter_map(|it| it.started_ms.last()).max();
    let Some(&newest_ms) = newest else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut at_ms = (since_ms - EARLIER_MS).div_euclid(HOUR_MS) * HOUR_MS;
    // How many runs of each kin began before.
    let mut earlier = vec![0; kin.len()];
    while at_ms <= newest_ms {
        let all: Vec<Cut> = (courses.iter().enumerate())
            .map(|(group, course)| Cut {
                group,
                first: course.started_ms.partition_point(|&it| it < at_ms),
                end: course.started_ms.len(),
            })
            .collect();
        for (kin, earlier) in kin.iter().zip(&mut earlier) {
            let cuts: Vec<Cut> = kin.iter().map(|&group| all[group]).collect();
            let runs = cuts.iter().map(|cut| cut.first).sum();
            // Hours between which none of its runs began cannot be told apart.
            if *earlier == runs {
                continue;
            }
            *earlier = runs;
            let mut weighed = weigh(&cuts, scales, chances);
            weighed.score -= HOUR.ln();
            found.push(weighed);
        }
        at_ms += HOUR_MS;
    }
    found
}

#[cfg(test)]
mod tests;
