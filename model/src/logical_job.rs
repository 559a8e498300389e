//! Which jobs of several release branches are the same job: what is left of a name without its branch.

/// A version of two numbers: `1.36`.
pub type Version = (u32, u32);

/// The numbers of a branch named by its version: `1.36`, `v1.36`, `release-1.36`; `None` for others,
/// the trunk among them.
pub fn branch_version(branch: &str) -> Option<Version> {
    let branch = branch.strip_prefix("release-").unwrap_or(branch);
    let branch = branch.strip_prefix('v').unwrap_or(branch);
    let (major, minor) = branch.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

/// The name of a job or tab of `branch` without what names the branch, in lower case, its parts joined
/// by dashes: `integration-master`, `ci-kubernetes-integration-1-36` and `Integration - 1.36` without
/// their branches are `integration`, `ci-kubernetes-integration` and `integration`. A name that
/// says nothing but its branch stays whole.
///
/// It undoes how Kubernetes' tools name the copies that they make of a job annotated `fork-per-release`
/// (`-1-36` behind the name or in the place of `-master`; with `fork-per-release-generic-suffix` one of
/// `-beta`, `-stable1` …), and what people write by hand:
///
/// - the version of the branch goes, with or without `release-` or `v` before it;
/// - a version near it becomes a distance, so that an upgrade job is the same on every branch;
/// - `master`, `main` and `latest` go everywhere: copies keep them within their names;
/// - of a branch with a version, `beta` and `stable1` to `stable9` go at the end of the name, and with
///   `k8s` before them everywhere.
///
/// `trunk` is the version that the trunk will become, which the names of the trunk's jobs do not say.
pub fn logical_job(name: &str, branch: &str, trunk: Option<Version>) -> String {
    let lower = name.to_ascii_lowercase();
    let parts: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let own = branch_version(branch);
    let version = own.or(trunk);
    let mut left: Vec<String> = Vec::with_capacity(parts.len());
    let mut at = 0;
    while let Some(&part) = parts.get(at) {
        let last = at + 1 == parts.len();
        at += 1;
        if matches!(part, "master" | "main" | "latest") || own.is_some() && is_generic(part, last) {
            drop_introduction(&mut left);
            continue;
        }
        let found = number(part.strip_prefix('v').unwrap_or(part))
            .zip(parts.get(at).and_then(|part| number(part)));
        let distance = version.zip(found).and_then(|(near, found)| {
            let distance = i64::from(found.1) - i64::from(near.1);
            (near.0 == found.0 && distance.abs() <= FARTHEST).then_some(distance)
        });
        match distance {
            None => left.push(part.to_owned()),
            Some(distance) => {
                at += 1;
                drop_introduction(&mut left);
                if distance != 0 {
                    left.push(format!("{distance:+}"));
                }
            }
        }
    }
    if left.is_empty() {
        parts.join("-")
    } else {
        left.join("-")
    }
}

/// What the job may be called whose copy for the branch of this `version` is called `copy`: the ways in
/// which Kubernetes' tools name the copies of a job annotated `fork-per-release`, undone. None of them for a
/// name that is no copy's.
pub fn names_of_forked(copy: &str, version: Version) -> Vec<String> {
    let versioned = format!("-{}-{}", version.0, version.1);
    let generic = (1..=9).map(|number| format!("-stable{number}"));
    let suffixes = [versioned, "-beta".to_owned()].into_iter().chain(generic);
    suffixes
        .filter(|suffix| copy.ends_with(suffix))
        .flat_map(|suffix| {
            let plain = copy[..copy.len() - suffix.len()].to_owned();
            // `-master` is replaced wherever it stands, once it stands at the end.
            [plain, copy.replace(&suffix, "-master")]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Kubernetes supports so many versions back, and tests upgrades between them; versions further away are
/// of something else.
const FARTHEST: i64 = 3;

/// `release-1.36` and `release-master` go whole.
fn drop_introduction(left: &mut Vec<String>) {
    if left.last().is_some_and(|part| part == "release") {
        left.pop();
    }
}

/// The suffixes that move from branch to branch with every release.
fn is_generic(part: &str, last: bool) -> bool {
    let (part, anywhere) = match part.strip_prefix("k8s") {
        Some(rest) => (rest, true),
        None => (part, false),
    };
    let generic = part == "beta"
        || part
            .strip_prefix("stable")
            .is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']));
    generic && (anywhere || last)
}

fn number(text: &str) -> Option<u32> {
    // Digits alone, and few of them: `parse` would also take a sign.
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each line: the logical job, and (branch, name) of what are the same job, with 1.38 to come.
    const SAME: &[(&str, &[(&str, &str)])] = &[
        (
            "integration",
            &[
                ("master", "integration-master"),
                ("1.37", "integration-1.37"),
                ("1.36", "integration-1-36"),
                ("1.35", "Integration - v1.35"),
                ("1.34", "integration_release-1.34"),
                ("release-1.34", "integration-release-1-34"),
            ],
        ),
        (
            "conformance-gce",
            &[
                ("master", "Conformance - GCE - master"),
                ("1.37", "Conformance - GCE - 1.37"),
            ],
        ),
        // Copies made with `fork-per-release`.
        (
            "ci-kubernetes-unit",
            &[
                ("master", "ci-kubernetes-unit"),
                ("1.36", "ci-kubernetes-unit-1-36"),
            ],
        ),
        (
            "ci-kubernetes-cmd",
            &[
                ("master", "ci-kubernetes-cmd-master"),
                ("1.36", "ci-kubernetes-cmd-1-36"),
            ],
        ),
        (
            "ci-kubernetes-gce-conformance",
            &[
                ("master", "ci-kubernetes-gce-conformance-latest"),
                ("1.37", "ci-kubernetes-gce-conformance-latest-1-37"),
            ],
        ),
        (
            "ci-kubernetes-e2e-capz-windows",
            &[
                ("master", "ci-kubernetes-e2e-capz-master-windows"),
                ("1.36", "ci-kubernetes-e2e-capz-master-windows-1-36"),
            ],
        ),
        // … and with a generic suffix.
        (
            "ci-kubernetes-e2e-gce-cos-serial",
            &[
                ("master", "ci-kubernetes-e2e-gce-cos-serial-master"),
                ("1.37", "ci-kubernetes-e2e-gce-cos-serial-beta"),
                ("1.36", "ci-kubernetes-e2e-gce-cos-serial-stable1"),
                ("1.34", "ci-kubernetes-e2e-gce-cos-serial-stable3"),
            ],
        ),
        (
            "gce-cos-default",
            &[
                ("1.37", "gce-cos-k8sbeta-default"),
                ("1.36", "gce-cos-k8sstable1-default"),
                ("1.35", "gce-cos-1.35-default"),
            ],
        ),
        // Versions of other things stay.
        (
            "ci-node-e2e-containerd-1-7-dra",
            &[
                ("master", "ci-node-e2e-containerd-1-7-dra"),
                ("1.36", "ci-node-e2e-containerd-1-7-dra-1-36"),
            ],
        ),
        (
            "gce-scale-performance-100",
            &[
                ("master", "gce-master-scale-performance-100"),
                ("1.36", "gce-1.36-scale-performance-100"),
            ],
        ),
        // Neighbouring versions are a distance.
        (
            "kubeadm-kinder-upgrade--1",
            &[
                ("master", "kubeadm-kinder-upgrade-1-37-latest"),
                ("1.37", "kubeadm-kinder-upgrade-1-36-1-37"),
                ("1.35", "kubeadm-kinder-upgrade-1-34-1-35"),
            ],
        ),
        (
            "kubeadm-kinder-on--1",
            &[
                ("master", "kubeadm-kinder-latest-on-1-37"),
                ("1.36", "kubeadm-kinder-1-36-on-1-35"),
            ],
        ),
    ];

    #[test]
    fn a_copy_tells_what_it_is_a_copy_of() {
        let none: [&str; 0] = [];
        for (copy, expected) in [
            ("ci-unit-1-36", &["ci-unit", "ci-unit-master"][..]),
            ("ci-e2e-beta", &["ci-e2e", "ci-e2e-master"]),
            ("ci-e2e-stable1", &["ci-e2e", "ci-e2e-master"]),
            (
                "e2e-1-36-kind-1-36",
                &["e2e-1-36-kind", "e2e-master-kind-master"],
            ),
            ("ci-unit", &none),
            ("ci-unit-1-35", &none),
            ("-1-36", &["-master"]),
        ] {
            assert_eq!(names_of_forked(copy, (1, 36)), expected, "{copy}");
        }
    }

    #[test]
    fn the_same_job_has_one_name_on_every_branch() {
        for (job, names) in SAME {
            for (branch, name) in *names {
                assert_eq!(
                    logical_job(name, branch, Some((1, 38))),
                    *job,
                    "{name} on {branch}"
                );
            }
        }
    }

    #[test]
    fn different_jobs_stay_different() {
        let of = |name, branch| logical_job(name, branch, Some((1, 38)));
        for (a, b) in [
            (
                of("build-master", "master"),
                of("build-master-fast", "master"),
            ),
            (
                of("kind-master-beta-features", "master"),
                of("kind-master", "master"),
            ),
            (of("kind-beta", "master"), of("kind-1.37", "1.37")),
            (
                of("upgrade-1-36-1-37", "1.37"),
                of("upgrade-1-35-1-37", "1.37"),
            ),
            (of("e2e-1.37", "1.36"), of("e2e-1.36", "1.36")),
        ] {
            assert_ne!(a, b);
        }
    }

    #[test]
    fn a_name_that_is_its_branch_stays() {
        assert_eq!(logical_job("master", "master", None), "master");
        assert_eq!(logical_job("1.36", "1.36", None), "1-36");
        assert_eq!(logical_job("release-1.36", "1.36", None), "release-1-36");
        assert_eq!(logical_job("", "1.36", None), "");
        // Without the trunk's version its neighbours are not known.
        assert_eq!(logical_job("on-1-37", "master", None), "on-1-37");
    }

    #[test]
    fn branches_have_versions() {
        for (branch, version) in [
            ("1.36", Some((1, 36))),
            ("v1.9", Some((1, 9))),
            ("release-4.20", Some((4, 20))),
            ("master", None),
            ("1", None),
            ("1.x", None),
            ("1.+6", None),
            ("1.99999", None),
        ] {
            assert_eq!(branch_version(branch), version, "{branch}");
        }
    }

    proptest! {
        #[test]
        fn any_name_has_a_logical_job(name in "\\PC{0,40}", branch in "(master|1\\.[0-9]{1,2}|\\PC{0,6})") {
            let job = logical_job(&name, &branch, Some((1, 38)));
            prop_assert_eq!(job.is_empty(), !name.chars().any(char::is_alphanumeric));
        }

        #[test]
        fn a_fork_is_the_job_that_it_was_made_of(words in prop::collection::vec("[a-z]{2,6}", 1..4), minor in 10u32..99) {
            let name = format!("job-{}", words.join("-"));
            let branch = format!("1.{minor}");
            let fork = format!("{name}-1-{minor}");
            prop_assume!(!["beta", "stable"].iter().any(|word| name.ends_with(word)));
            prop_assert_eq!(
                logical_job(&fork, &branch, None),
                logical_job(&name, "master", None)
            );
        }
    }
}
