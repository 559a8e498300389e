//! What happens to each test of a build.

use super::Stage;
use crate::simulate::{
    build::{Case, Junit, Outcome},
    jobs::Job,
    random::Random,
    suites::{self, Test},
};

/// A test with its habits.
pub(super) struct Habit {
    pub test: Test,
    pub millis: i64,
    /// The chance to fail out of the blue.
    pub flake: f64,
    /// Whether it failed by chance last time, and so does again every second time.
    pub streak: bool,
    pub skip: Option<&'static str>,
    /// Runs twice in one build.
    pub twice: bool,
    /// Indexes into the history's breakages.
    pub broken_by: Vec<usize>,
    /// Whether it is in the part that `Strike::Part` hits.
    pub in_part: bool,
}

/// What happened to one test in one build: one outcome per time that it ran.
pub(super) enum Happened {
    Plain,
    Twice,
    Skipped(&'static str),
    Failed(String),
    /// Failed, then passed.
    Retried(String),
}

pub(super) fn habits(stage: &Stage<'_>, job: &Job, random: &mut Random) -> Vec<Habit> {
    let tests = suites::tests_of(job.suite, job.tests);
    // What the job's tests together are likely to fail by chance in one build.
    let informing = job.tabs.iter().any(|(name, _)| name.ends_with("informing"));
    let budget = if informing { 0.05 } else { 0.02 } * (0.5 + 2.0 * random.unit());
    let flaky = (tests.len() as f64 * 0.04).ceil().max(2.0);
    tests
        .into_iter()
        .map(|test| {
            let mut habit = Random::new(stage.seed, &format!("{} {}", job.name, test.name));
            let draw = habit.unit();
            // Whether a test waits for what it does not have follows from the test and the job.
            let skip = match habit.below(200) {
                0..6 => Some(""),
                6..9 => Some("only supported on nodes with the feature gate of the test"),
                _ => None,
            };
            let broken_by = stage
                .history
                .breakages
                .iter()
                .enumerate()
                .filter(|(_, broken)| {
                    broken.branch == job.branch && broken.tests.contains(&test.name)
                })
                .map(|(index, _)| index)
                .collect();
            Habit {
                millis: (20.0 * 4000_f64.powf(habit.unit() * habit.unit())) as i64
                    + habit.between(1, 900),
                flake: if draw < 0.04 {
                    budget / flaky * (0.2 + 1.6 * habit.unit())
                } else {
                    0.0
                },
                streak: false,
                skip,
                twice: habit.chance(0.008),
                in_part: habit.below(9) == 0,
                broken_by,
                test,
            }
        })
        .collect()
}

/// What happens to one test. `(is_product, position, retries)`: whether the product is tested, the
/// index of its head, and whether failed tests are tried again.
pub(super) fn happen(
    stage: &Stage<'_>,
    habit: &mut Habit,
    (is_product, position, retries): (bool, usize, bool),
    random: &mut Random,
    breakages: &mut Vec<usize>,
    flakes: &mut Vec<String>,
) -> Happened {
    if let Some(reason) = habit.skip {
        return Happened::Skipped(reason);
    }
    let by_chance =
        habit.flake > 0.0 && random.chance(if habit.streak { 0.5 } else { habit.flake });
    habit.streak = by_chance;
    if is_product {
        let broken = habit.broken_by.iter().find(|&&index| {
            let broken = &stage.history.breakages[index];
            broken.from <= position && broken.until.is_none_or(|until| position < until)
        });
        if let Some(&index) = broken {
            breakages.push(index);
            return Happened::Failed(habit.test.message.clone());
        }
    }
    if by_chance {
        flakes.push(habit.test.name.clone());
        return if retries {
            Happened::Retried(habit.test.message.clone())
        } else {
            Happened::Failed(habit.test.message.clone())
        };
    }
    if habit.twice {
        Happened::Twice
    } else {
        Happened::Plain
    }
}

/// The JUnit files of a build that ended.
pub(super) fn junit_files<'a>(
    job: &'a Job,
    habits: &'a [Habit],
    happened: &'a [Happened],
    runs_tests: bool,
    trouble: &'a str,
    takes_ms: i64,
) -> Vec<Junit<'a>> {
    let mut files = Vec::new();
    if job.suite.has_cluster() {
        let stage = |name, millis, outcome| Case {
            name,
            millis,
            outcome,
        };
        let any_failed = happened
            .iter()
            .any(|happened| matches!(happened, Happened::Failed(_)));
        let cases = if runs_tests {
            vec![
                stage("Up", takes_ms / 6, Outcome::Passed),
                stage(
                    "Test",
                    takes_ms * 2 / 3,
                    if any_failed {
                        Outcome::Failed("exit status 1")
                    } else {
                        Outcome::Passed
                    },
                ),
                stage("Down", takes_ms / 8, Outcome::Passed),
            ]
        } else {
            vec![stage("Up", takes_ms, Outcome::Failed(trouble))]
        };
        files.push(Junit {
            file: "artifacts/junit_runner.xml".into(),
            suite: "kubetest2",
            cases,
        });
    }
    if !runs_tests {
        return files;
    }
    let mut cases = Vec::with_capacity(habits.len() + 8);
    for (habit, happened) in habits.iter().zip(happened) {
        let name = habit.test.name.as_str();
        let case = |outcome| Case {
            name,
            millis: habit.millis,
            outcome,
        };
        match happened {
            Happened::Plain => cases.push(case(Outcome::Passed)),
            Happened::Twice => cases.extend([case(Outcome::Passed), case(Outcome::Passed)]),
            Happened::Skipped(reason) => cases.push(Case {
                millis: 0,
                ..case(Outcome::Skipped(reason))
            }),
            Happened::Failed(message) => cases.push(case(Outcome::Failed(message))),
            Happened::Retried(message) => {
                cases.extend([case(Outcome::Failed(message)), case(Outcome::Passed)]);
            }
        }
    }
    // Large suites report from two processes.
    let rest = if cases.len() > 400 {
        cases.split_off(cases.len() / 2)
    } else {
        Vec::new()
    };
    for (number, cases) in [(1, cases), (2, rest)] {
        if !cases.is_empty() {
            files.push(Junit {
                file: format!("artifacts/junit_{number:02}.xml"),
                suite: job.suite.title(),
                cases,
            });
        }
    }
    files
}
