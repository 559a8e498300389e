//! The tests that jobs run: names in the manner of the Kubernetes suites, with a message for when
//! each fails.

mod names;

use names::{AREAS, BUILD_STAGES, CHECKS, GO_FAILURES, GO_TESTS, LOADS, PACKAGES};

use super::random::Random;

/// Which tests a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Suite {
    /// Stages of a build.
    Build,
    /// Go packages.
    Unit,
    /// Go packages that start an API server.
    Integration,
    /// Check scripts.
    Verify,
    /// End to end: everything but slow, serial and feature tests.
    E2e,
    /// End to end: the conformance tests.
    Conformance,
    /// End to end: serial tests.
    Serial,
    /// End to end: slow tests.
    Slow,
    /// End to end: everything.
    Everything,
    /// End to end: one SIG's tests.
    Sig(&'static str),
    /// Load and latency.
    Scale,
}

impl Suite {
    /// Whether it runs against a whole cluster that must come up first.
    pub(super) const fn has_cluster(self) -> bool {
        !matches!(
            self,
            Self::Build | Self::Unit | Self::Integration | Self::Verify
        )
    }

    /// The name of the JUnit suite.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Build => "kubernetes-build",
            Self::Unit => "k8s.io/kubernetes",
            Self::Integration => "k8s.io/kubernetes/test/integration",
            Self::Verify => "verify",
            Self::Scale => "ClusterLoaderV2",
            _ => "Kubernetes e2e suite",
        }
    }
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// The name of the JUnit case.
    pub name: String,
    /// What it says when it fails.
    pub message: String,
}

/// The first `count` tests of a suite; fewer when there are not so many. The order is the same for
/// every job, so that jobs of one suite share their tests.
pub(super) fn tests_of(suite: Suite, count: usize) -> Vec<Test> {
    let mut tests = match suite {
        Suite::Build => plain(BUILD_STAGES, "make: *** [{m}] Error 1: signal: killed"),
        Suite::Verify => plain(CHECKS, "generated files are out of date: {m} files differ, run hack/update-all.sh"),
        Suite::Scale => LOADS
            .iter()
            .map(|load| {
                let name = format!("load: [step: 05] gathering measurements - {load}");
                let message = fill("[measurement call: there should be no high-latency requests, but: {m} exceed 1s, 99th percentile {n}ms]", &name);
                Test { name, message }
            })
            .collect(),
        Suite::Unit => go_tests(""),
        Suite::Integration => go_tests("test/integration/"),
        _ => e2e_tests(suite),
    };
    // A spread over all areas rather than the first areas alone.
    let mut keyed: Vec<(u64, Test)> = tests
        .drain(..)
        .map(|test| (Random::new(0, &test.name).bits(), test))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.truncate(count);
    keyed.into_iter().map(|(_, test)| test).collect()
}

/// Puts numbers that follow from `name` into a message.
fn fill(message: &str, name: &str) -> String {
    let mut random = Random::new(1, name);
    let file = name.split('/').nth_back(1).unwrap_or("suite");
    message
        .replace("{n}", &random.between(100, 254).to_string())
        .replace("{m}", &random.between(2, 9).to_string())
        .replace("{file}", file)
}

fn plain(names: &[&str], message: &str) -> Vec<Test> {
    names
        .iter()
        .map(|name| Test {
            name: (*name).to_owned(),
            message: fill(message, name),
        })
        .collect()
}

fn go_tests(prefix: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    for package in PACKAGES {
        for case in GO_TESTS {
            let name = format!("{prefix}{package}/{case}");
            let failure = Random::new(2, &name).pick(GO_FAILURES);
            let message = fill(failure, &name);
            tests.push(Test { name, message });
        }
    }
    tests
}

fn e2e_tests(suite: Suite) -> Vec<Test> {
    let mut tests = Vec::new();
    for area in AREAS {
        if let Suite::Sig(sig) = suite
            && sig != area.sig
        {
            continue;
        }
        for context in area.contexts {
            for case in area.cases {
                for variant in [
                    "",
                    " on every node",
                    " after a restart of the control plane",
                ] {
                    let bare = format!("[{}] {context} {case}{variant}", area.sig);
                    let mut random = Random::new(3, &bare);
                    let tag = match random.below(100) {
                        0..34 => " [Conformance]",
                        34..44 => " [Slow]",
                        44..52 => " [Serial]",
                        52..56 => " [Disruptive]",
                        56..62 => " [Feature:InPlacePodVerticalScaling]",
                        _ => "",
                    };
                    let runs = match suite {
                        Suite::Everything | Suite::Sig(_) => true,
                        Suite::Conformance => tag == " [Conformance]",
                        Suite::Serial => tag == " [Serial]" || tag == " [Disruptive]",
                        Suite::Slow => tag == " [Slow]",
                        _ => matches!(tag, "" | " [Conformance]"),
                    };
                    if !runs {
                        continue;
                    }
                    let name = format!("[It] {bare}{tag}");
                    let message = format!(
                        "{}:{}\n{}",
                        area.file,
                        random.between(80, 2400),
                        fill(random.pick(area.failures), &name)
                    );
                    tests.push(Test { name, message });
                }
            }
        }
    }
    tests
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_plenty() {
        for (suite, at_least) in [
            (Suite::Everything, 1400),
            (Suite::E2e, 800),
            (Suite::Conformance, 350),
            (Suite::Unit, 300),
            (Suite::Serial, 90),
            (Suite::Slow, 90),
            (Suite::Sig("sig-network"), 150),
        ] {
            let tests = tests_of(suite, 5000);
            let names: HashSet<_> = tests.iter().map(|test| &test.name).collect();
            assert_eq!(names.len(), tests.len(), "{suite:?}");
            assert!(tests.len() >= at_least, "{suite:?} has {}", tests.len());
            assert!(tests.iter().all(|test| !test.message.contains('{')));
        }
    }

    #[test]
    fn a_smaller_suite_is_a_part_of_a_larger() {
        let small = tests_of(Suite::E2e, 20);
        let large = tests_of(Suite::E2e, 200);
        assert_eq!(small[..], large[..20]);
    }
}
