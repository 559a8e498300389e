//! The many jobs of an installation of Kubernetes' size, beside the hand-written ones: enough to
//! reach its numbers of test groups, tabs and dashboards, with few builds each.

use super::{
    history::BRANCHES,
    jobs::{Evidence, Job, Trigger},
    suites::Suite,
};

/// What the real installation has.
pub(super) const GROUPS: usize = 5_800;
pub(super) const TABS: usize = 8_200;
pub(super) const DASHBOARDS: usize = 460;

const OWNERS: &[&str] = &[
    "sig-api-machinery",
    "sig-apps",
    "sig-autoscaling",
    "sig-cli",
    "sig-cloud-provider",
    "sig-cluster-lifecycle",
    "sig-instrumentation",
    "sig-network",
    "sig-node",
    "sig-scalability",
    "sig-scheduling",
    "sig-storage",
    "sig-windows",
    "amazon",
    "ibm",
    "nvidia",
    "redhat",
    "vmware",
];
const PLATFORMS: &[&str] = &[
    "gce",
    "ec2",
    "kind",
    "azure",
    "vsphere",
    "arm64",
    "ppc64le",
    "s390x",
    "kops-gce",
    "kops-aws",
    "openstack",
    "metal",
    "cos",
    "ubuntu",
    "flatcar",
    "al2023",
    "windows",
    "crio",
    "containerd",
];
const KINDS: &[&str] = &[
    "conformance",
    "default",
    "slow",
    "serial",
    "upgrade",
    "downgrade",
    "features",
    "ipv6",
    "dualstack",
    "canary",
    "stress",
    "presubmit",
];

/// Adds jobs until the numbers are reached.
pub(super) fn add_crowd(jobs: &mut Vec<Job>) {
    let mut tabs: usize = jobs.iter().map(|job| job.tabs.len()).sum();
    let mut dashboards: std::collections::HashSet<String> = jobs
        .iter()
        .flat_map(|job| job.tabs.iter().map(|(dashboard, _)| dashboard.clone()))
        .collect();
    let mut number = 0;
    while jobs.len() < GROUPS {
        let owner = OWNERS[number % OWNERS.len()];
        let platform = PLATFORMS[(number / OWNERS.len()) % PLATFORMS.len()];
        let kind = KINDS[(number / 7) % KINDS.len()];
        let name = format!("ci-{owner}-{platform}-{kind}-{number:04}");
        let tab = format!("{platform}-{kind}-{number:04}");
        let mut shown = vec![(format!("{owner}-{platform}"), tab.clone())];
        // Further dashboards until both numbers are reached.
        if dashboards.len() < DASHBOARDS && number % 11 == 3 {
            shown.push((format!("{owner}-{kind}-{platform}"), tab.clone()));
        }
        dashboards.extend(shown.iter().map(|(dashboard, _)| dashboard.clone()));
        let groups_left = GROUPS - jobs.len();
        let tabs_left = TABS.saturating_sub(tabs + shown.len());
        if tabs_left > groups_left && dashboards.contains(&format!("{owner}-all")) {
            shown.push((format!("{owner}-all"), tab.clone()));
        }
        if number < OWNERS.len() {
            dashboards.insert(format!("{owner}-all"));
            shown.push((format!("{owner}-all"), tab.clone()));
        }
        shown.dedup();
        tabs += shown.len();
        let evidence = match number % 10 {
            0 => Evidence::Nothing,
            1 => Evidence::Clone,
            2 => Evidence::Metadata,
            _ => Evidence::Image,
        };
        let image = match evidence {
            Evidence::Nothing | Evidence::Metadata => "public.ecr.aws/docker/library/golang:1.25",
            _ => "us-central1-docker.pkg.dev/k8s-staging-test-infra/images/kubekins-e2e",
        };
        jobs.push(Job {
            name,
            branch: number % BRANCHES.len(),
            trigger: Trigger::Periodic,
            tabs: shown,
            every_mins: [6, 8, 12, 24][number % 4] * 60,
            takes_mins: 20 + (number % 90) as i64,
            suite: if number.is_multiple_of(3) {
                Suite::Conformance
            } else {
                Suite::E2e
            },
            tests: 10 + number % 60,
            evidence,
            image,
            leases: platform == "gce" || platform == "cos",
            cluster: if number.is_multiple_of(2) {
                "k8s-infra-prow-build"
            } else {
                "eks-prow-build-cluster"
            },
            description: format!("Runs the {kind} tests on {platform}"),
            forks: false,
            file: Some(format!("crowd/{owner}/{platform}.yaml")),
            newest: 3,
        });
        number += 1;
    }
}
