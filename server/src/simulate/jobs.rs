//! The jobs of a world: what each runs, how often, where, and what its builds say about themselves.

use super::{
    Scale,
    history::{BOSKOS, BRANCHES, PRODUCT},
    suites::Suite,
};

/// How a build tells the version of kubernetes/test-infra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The tag of its image.
    Image,
    /// The repository is cloned: the clone record.
    Clone,
    /// The repository is cloned, but no clone record is uploaded: `started.json`.
    Started,
    /// The job publishes `infra-commit`.
    Metadata,
    /// Not decorated, written by the old bootstrap script, which publishes an abbreviated commit.
    Bootstrap,
    /// Nothing tells it.
    Nothing,
}

/// What starts a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// The clock.
    Periodic,
    /// A pull request against this repository.
    Presubmit(&'static str),
    /// A merge into this repository.
    Postsubmit(&'static str),
}

/// One job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub name: String,
    /// Index into [`BRANCHES`].
    pub branch: usize,
    pub trigger: Trigger,
    /// `(dashboard, tab)`.
    pub tabs: Vec<(String, String)>,
    pub every_mins: i64,
    pub takes_mins: i64,
    pub suite: Suite,
    pub tests: usize,
    pub evidence: Evidence,
    /// The image without its tag.
    pub image: &'static str,
    /// Leases a project from Boskos and says which version of Boskos gave it.
    pub leases: bool,
    pub cluster: &'static str,
    pub description: String,
    /// The master job of which there is one per release branch.
    pub forks: bool,
    /// The file below `config/jobs`; jobs without one are configured in the TestGrid YAML.
    pub file: Option<String>,
    /// How many of the newest builds are written.
    pub newest: usize,
}

impl Job {
    /// `master`, `1.36`.
    pub(super) fn branch_name(&self) -> &'static str {
        BRANCHES[self.branch]
    }

    /// `master`, `release-1.36`.
    pub(super) fn git_branch(&self) -> String {
        match self.branch {
            0 => "master".into(),
            _ => format!("release-{}", BRANCHES[self.branch]),
        }
    }

    /// Whether its image is built in kubernetes/test-infra.
    pub(super) fn runs_infra_image(&self) -> bool {
        self.image.contains("/k8s-staging-test-infra/")
    }

    /// The image with its tag, for the image version in force.
    pub(super) fn image_at(&self, tag: &str) -> String {
        if self.runs_infra_image() {
            let variant = BRANCHES[self.branch];
            format!("{}:{tag}-{variant}", self.image)
        } else {
            self.image.to_owned()
        }
    }

    /// Whether the build begins with cloning: everything but bootstrap.
    pub(super) fn is_decorated(&self) -> bool {
        self.evidence != Evidence::Bootstrap
    }

    /// The repository under test.
    pub(super) fn repo(&self) -> &'static str {
        match self.trigger {
            Trigger::Periodic => PRODUCT,
            Trigger::Presubmit(repo) | Trigger::Postsubmit(repo) => repo,
        }
    }
}

const KUBEKINS: &str = "us-central1-docker.pkg.dev/k8s-staging-test-infra/images/kubekins-e2e";
const KRTE: &str = "gcr.io/k8s-staging-test-infra/krte";
/// Images that tell nothing of kubernetes/test-infra.
const GOLANG: &str = "public.ecr.aws/docker/library/golang:1.25";
const KOPS: &str = "us-central1-docker.pkg.dev/k8s-staging-kops/images/kops-runner:latest";
const BUILD: &str = "k8s-infra-prow-build";
const AWS: &str = "eks-prow-build-cluster";

const BLOCKING: &str = "sig-release-{}-blocking";
const INFORMING: &str = "sig-release-{}-informing";

/// A job on master, and how its forks differ.
struct Template {
    /// Name of the master job and of the forks.
    names: (&'static str, &'static str),
    /// `{}` is the branch.
    tab: &'static str,
    dashboards: &'static [&'static str],
    /// Minutes between two builds on master and on release branches; 0 means no forks.
    every: (i64, i64),
    takes: i64,
    suite: Suite,
    tests: usize,
    evidence: Evidence,
    image: &'static str,
    leases: bool,
    cluster: &'static str,
    file: &'static str,
    about: &'static str,
    /// Whether the small world has it.
    small: bool,
}

const HOUR: i64 = 60;

#[rustfmt::skip]
const TEMPLATES: &[Template] = &[
    Template { names: ("ci-kubernetes-build", "ci-kubernetes-build-{}"), tab: "build-{}", dashboards: &[BLOCKING],
        every: (HOUR, 4 * HOUR), takes: 24, suite: Suite::Build, tests: 10, evidence: Evidence::Image, image: KUBEKINS, leases: false, cluster: BUILD,
        file: "kubernetes/sig-release/kubernetes-builds.yaml", about: "Builds and publishes Kubernetes", small: false },
    Template { names: ("ci-kubernetes-unit", "ci-kubernetes-unit-{}"), tab: "ci-kubernetes-unit", dashboards: &[BLOCKING, "sig-testing-kubernetes-unit"],
        every: (HOUR, 6 * HOUR), takes: 31, suite: Suite::Unit, tests: 300, evidence: Evidence::Image, image: KUBEKINS, leases: false, cluster: BUILD,
        file: "kubernetes/sig-testing/kubernetes-unit.yaml", about: "Runs the unit tests with the race detector", small: true },
    Template { names: ("ci-kubernetes-integration-master", "ci-kubernetes-integration-{}"), tab: "integration-{}", dashboards: &[BLOCKING],
        every: (2 * HOUR, 6 * HOUR), takes: 48, suite: Suite::Integration, tests: 180, evidence: Evidence::Image, image: KUBEKINS, leases: false, cluster: AWS,
        file: "kubernetes/sig-testing/integration.yaml", about: "Runs the integration tests", small: false },
    Template { names: ("ci-kubernetes-verify-master", "ci-kubernetes-verify-{}"), tab: "verify-{}", dashboards: &[BLOCKING],
        every: (4 * HOUR, 12 * HOUR), takes: 42, suite: Suite::Verify, tests: 45, evidence: Evidence::Clone, image: KUBEKINS, leases: false, cluster: BUILD,
        file: "kubernetes/sig-testing/verify.yaml", about: "Runs the verification scripts", small: true },
    Template { names: ("ci-kubernetes-e2e-gci-gce", "ci-kubernetes-e2e-gce-cos-{}-default"), tab: "gce-cos-{}-default", dashboards: &[BLOCKING, "sig-cloud-provider-gcp-release"],
        every: (3 * HOUR, 6 * HOUR), takes: 47, suite: Suite::E2e, tests: 600, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-cloud-provider/gcp/gce-cos.yaml", about: "Runs all tests that are not slow, serial, disruptive, flaky or of a feature on GCE", small: true },
    Template { names: ("ci-kubernetes-gce-conformance-latest", "ci-kubernetes-gce-conformance-{}"), tab: "Conformance - GCE - {}", dashboards: &[BLOCKING, "conformance-gce"],
        every: (6 * HOUR, 12 * HOUR), takes: 102, suite: Suite::Conformance, tests: 400, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-cloud-provider/gcp/gce-conformance.yaml", about: "Runs the conformance tests on GCE", small: false },
    Template { names: ("ci-kubernetes-node-e2e-containerd", "ci-kubernetes-node-e2e-containerd-{}"), tab: "ci-node-e2e-{}", dashboards: &[BLOCKING, "sig-node-containerd"],
        every: (4 * HOUR, 8 * HOUR), takes: 55, suite: Suite::Sig("sig-node"), tests: 250, evidence: Evidence::Clone, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-node/node-kubelet.yaml", about: "Runs the node tests on containerd", small: true },
    Template { names: ("ci-kubernetes-kind-e2e-parallel", "ci-kubernetes-kind-{}-parallel"), tab: "kind-{}-parallel", dashboards: &[BLOCKING, "sig-testing-kind"],
        every: (HOUR, 4 * HOUR), takes: 26, suite: Suite::Conformance, tests: 320, evidence: Evidence::Image, image: KRTE, leases: false, cluster: AWS,
        file: "kubernetes/sig-testing/kubernetes-kind.yaml", about: "Runs the conformance tests in parallel on kind", small: true },
    Template { names: ("ci-kubernetes-e2e-gce-scale-100", "ci-kubernetes-e2e-gce-scale-100-{}"), tab: "gce-{}-scale-100", dashboards: &[BLOCKING, "sig-scalability-gce"],
        every: (6 * HOUR, 24 * HOUR), takes: 75, suite: Suite::Scale, tests: 15, evidence: Evidence::Clone, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-scalability/sig-scalability-release-blocking-jobs.yaml", about: "Measures load and density on 100 nodes", small: false },
    Template { names: ("ci-kubernetes-e2e-gci-gce-serial", "ci-kubernetes-e2e-gce-cos-serial-{}"), tab: "gce-cos-{}-serial", dashboards: &[INFORMING],
        every: (24 * HOUR, 24 * HOUR), takes: 410, suite: Suite::Serial, tests: 90, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-cloud-provider/gcp/gce-cos.yaml", about: "Runs the serial and disruptive tests on GCE", small: false },
    Template { names: ("ci-kubernetes-e2e-gci-gce-slow", ""), tab: "gce-cos-{}-slow", dashboards: &[INFORMING],
        every: (12 * HOUR, 0), takes: 130, suite: Suite::Slow, tests: 110, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-cloud-provider/gcp/gce-cos.yaml", about: "Runs the slow tests on GCE", small: false },
    Template { names: ("ci-kubernetes-e2e-gci-gce-alpha-features", ""), tab: "gce-cos-{}-alphafeatures", dashboards: &[INFORMING],
        every: (12 * HOUR, 0), takes: 190, suite: Suite::Everything, tests: 1500, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-cloud-provider/gcp/gce-cos.yaml", about: "Runs everything with all alpha features on GCE", small: false },
    Template { names: ("ci-kubernetes-e2e-gce-scale-performance-5000", ""), tab: "gce-{}-scale-performance-5000", dashboards: &[INFORMING, "sig-scalability-gce"],
        every: (24 * HOUR, 0), takes: 660, suite: Suite::Scale, tests: 15, evidence: Evidence::Clone, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-scalability/sig-scalability-periodic-jobs.yaml", about: "Measures load and density on 5000 nodes", small: false },
    Template { names: ("ci-kubernetes-e2e-capz-master-windows", ""), tab: "capz-windows-{}", dashboards: &[INFORMING, "sig-windows-signal"],
        every: (12 * HOUR, 0), takes: 150, suite: Suite::E2e, tests: 240, evidence: Evidence::Metadata, image: GOLANG, leases: false, cluster: AWS,
        file: "kubernetes-sigs/sig-windows/capz-windows.yaml", about: "Runs the tests on Windows nodes in Azure", small: true },
    Template { names: ("ci-kubernetes-ec2-conformance-latest", "ci-kubernetes-ec2-conformance-{}"), tab: "ec2-{}-conformance", dashboards: &[INFORMING],
        every: (8 * HOUR, 24 * HOUR), takes: 88, suite: Suite::Conformance, tests: 360, evidence: Evidence::Started, image: KUBEKINS, leases: false, cluster: AWS,
        file: "kubernetes/sig-cloud-provider/aws/ec2-e2e.yaml", about: "Runs the conformance tests on EC2", small: true },
    Template { names: ("ci-kubernetes-e2e-kops-aws", ""), tab: "kops-aws-{}", dashboards: &[INFORMING, "sig-cluster-lifecycle-kops"],
        every: (12 * HOUR, 0), takes: 70, suite: Suite::E2e, tests: 280, evidence: Evidence::Nothing, image: KOPS, leases: false, cluster: AWS,
        file: "kubernetes/kops/kops-periodics.yaml", about: "Runs the tests on AWS with a cluster made by kops", small: true },
    Template { names: ("periodic-kubernetes-e2e-kind-kms", ""), tab: "kind-{}-kms", dashboards: &[INFORMING, "sig-auth-kms"],
        every: (6 * HOUR, 0), takes: 30, suite: Suite::Sig("sig-auth"), tests: 24, evidence: Evidence::Image, image: KRTE, leases: false, cluster: AWS,
        file: "kubernetes/sig-auth/kms.yaml", about: "Tests encryption at rest on kind", small: false },
    Template { names: ("ci-kind-dra", ""), tab: "kind-{}-dra", dashboards: &[INFORMING, "sig-node-dynamic-resource-allocation"],
        every: (6 * HOUR, 0), takes: 35, suite: Suite::Sig("sig-scheduling"), tests: 40, evidence: Evidence::Image, image: KRTE, leases: false, cluster: AWS,
        file: "kubernetes/sig-node/dynamic-resource-allocation.yaml", about: "Tests dynamic resource allocation on kind", small: false },
    Template { names: ("ci-kubernetes-kind-network-loadbalancer", ""), tab: "sig-network-kind, loadbalancer", dashboards: &["sig-network-kind"],
        every: (6 * HOUR, 0), takes: 40, suite: Suite::Sig("sig-network"), tests: 150, evidence: Evidence::Clone, image: KRTE, leases: false, cluster: AWS,
        file: "kubernetes/sig-network/sig-network-kind.yaml", about: "Tests load balancers on kind", small: false },
    Template { names: ("ci-kubernetes-kind-network-nftables", ""), tab: "sig-network-kind, nftables", dashboards: &["sig-network-kind"],
        every: (6 * HOUR, 0), takes: 38, suite: Suite::Sig("sig-network"), tests: 200, evidence: Evidence::Image, image: KRTE, leases: false, cluster: AWS,
        file: "kubernetes/sig-network/sig-network-kind.yaml", about: "Tests the nftables proxy on kind", small: false },
    Template { names: ("ci-kubernetes-e2e-ubuntu-gce-network-policies", ""), tab: "network-policies, calico", dashboards: &["sig-network-gce"],
        every: (12 * HOUR, 0), takes: 60, suite: Suite::Sig("sig-network"), tests: 300, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-network/sig-network-gce.yaml", about: "Tests network policies with Calico on GCE", small: false },
    Template { names: ("ci-kubernetes-e2e-gce-csi-serial", ""), tab: "gce-csi", dashboards: &["sig-storage-kubernetes"],
        every: (12 * HOUR, 0), takes: 115, suite: Suite::Sig("sig-storage"), tests: 440, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-storage/sig-storage-gce.yaml", about: "Tests storage drivers on GCE", small: false },
    Template { names: ("ci-kubernetes-local-canary", ""), tab: "canary, local-up", dashboards: &["sig-testing-canaries"],
        every: (30, 0), takes: 11, suite: Suite::Conformance, tests: 12, evidence: Evidence::Clone, image: KUBEKINS, leases: false, cluster: BUILD,
        file: "kubernetes/sig-testing/canaries.yaml", about: "Runs a handful of tests as often as it can", small: false },
    Template { names: ("ci-kubernetes-soak-gci-gce-bootstrap", ""), tab: "gce-soak", dashboards: &["sig-testing-canaries"],
        every: (8 * HOUR, 0), takes: 160, suite: Suite::E2e, tests: 120, evidence: Evidence::Bootstrap, image: "gcr.io/k8s-testimages/bootstrap", leases: false, cluster: "default",
        file: "", about: "Runs the tests over and over on an old cluster", small: true },
    Template { names: ("pull-kubernetes-unit", ""), tab: "pull-kubernetes-unit", dashboards: &["presubmits-kubernetes-blocking"],
        every: (0, 0), takes: 33, suite: Suite::Unit, tests: 300, evidence: Evidence::Image, image: KUBEKINS, leases: false, cluster: BUILD,
        file: "kubernetes/sig-testing/kubernetes-unit.yaml", about: "Runs the unit tests", small: true },
    Template { names: ("pull-kubernetes-e2e-kind", ""), tab: "pull-kubernetes-e2e-kind", dashboards: &["presubmits-kubernetes-blocking", "sig-testing-kind"],
        every: (0, 0), takes: 29, suite: Suite::Conformance, tests: 320, evidence: Evidence::Image, image: KRTE, leases: false, cluster: AWS,
        file: "kubernetes/sig-testing/kubernetes-kind-presubmits.yaml", about: "Runs the conformance tests on kind", small: false },
    Template { names: ("pull-kubernetes-e2e-gce", ""), tab: "pull-kubernetes-e2e-gce", dashboards: &["presubmits-kubernetes-nonblocking"],
        every: (0, 0), takes: 52, suite: Suite::E2e, tests: 300, evidence: Evidence::Image, image: KUBEKINS, leases: true, cluster: BUILD,
        file: "kubernetes/sig-cloud-provider/gcp/gce-presubmits.yaml", about: "Runs the default tests on GCE", small: false },
];

/// `master` and `latest`-like names for the branch `{}` of a name or tab.
fn on_branch(pattern: &str, branch: usize, dashed: bool) -> String {
    let name = BRANCHES[branch];
    let name = if dashed {
        name.replace('.', "-")
    } else {
        name.to_owned()
    };
    pattern.replace("{}", &name)
}

/// All jobs of a world, in the order of the configuration.
pub(super) fn jobs(scale: Scale) -> Vec<Job> {
    let mut jobs = Vec::new();
    for template in TEMPLATES {
        if scale == Scale::Small && !template.small {
            continue;
        }
        let branches = if template.every.1 == 0 {
            1
        } else {
            BRANCHES.len()
        };
        for branch in 0..branches {
            // The small world has one job on every branch, which leases projects.
            let kept = scale != Scale::Small
                || branch == 0
                || template.names.0 == "ci-kubernetes-e2e-gci-gce";
            if kept {
                jobs.push(job(template, branch, scale));
            }
        }
    }
    if scale != Scale::Small {
        jobs.extend(boskos_jobs());
    }
    if scale == Scale::Kubernetes {
        super::crowd::add_crowd(&mut jobs);
    }
    jobs
}

fn job(template: &Template, branch: usize, scale: Scale) -> Job {
    let master = branch == 0;
    let name = if master {
        template.names.0
    } else {
        template.names.1
    };
    let every = if master {
        template.every.0
    } else {
        template.every.1
    };
    let small = scale == Scale::Small;
    let trigger = if template.every.0 == 0 {
        Trigger::Presubmit(PRODUCT)
    } else {
        Trigger::Periodic
    };
    let file = (!template.file.is_empty()).then(|| {
        if master {
            template.file.to_owned()
        } else {
            format!(
                "kubernetes/sig-release/release-branch-jobs/{}.yaml",
                BRANCHES[branch]
            )
        }
    });
    Job {
        name: on_branch(name, branch, true),
        branch,
        trigger,
        tabs: template
            .dashboards
            .iter()
            // Forks are shown where the release is watched, not on the SIG's own dashboard.
            .filter(|dashboard| master || dashboard.contains("{}"))
            .map(|dashboard| {
                (
                    on_branch(dashboard, branch, false),
                    on_branch(template.tab, branch, false),
                )
            })
            .collect(),
        every_mins: if small { every.max(8 * HOUR) } else { every },
        takes_mins: template.takes,
        suite: template.suite,
        tests: if small {
            (template.tests / 8).clamp(10, 60)
        } else {
            template.tests
        },
        evidence: template.evidence,
        image: template.image,
        leases: template.leases,
        cluster: template.cluster,
        description: template.about.to_owned(),
        forks: template.every.1 != 0,
        file,
        newest: if scale == Scale::Kubernetes {
            6
        } else {
            usize::MAX
        },
    }
}

/// The jobs of a small repository, which is infrastructure for others and a product for its own.
fn boskos_jobs() -> Vec<Job> {
    let base = Job {
        name: "pull-boskos-unit".into(),
        branch: 0,
        trigger: Trigger::Presubmit(BOSKOS),
        tabs: vec![("presubmits-boskos".into(), "pull-boskos-unit".into())],
        every_mins: 0,
        takes_mins: 6,
        suite: Suite::Unit,
        tests: 18,
        evidence: Evidence::Nothing,
        image: GOLANG,
        leases: false,
        cluster: AWS,
        description: "Runs the unit tests of Boskos".into(),
        forks: false,
        file: Some("kubernetes-sigs/boskos/boskos-presubmits.yaml".into()),
        newest: usize::MAX,
    };
    vec![
        base.clone(),
        Job {
            name: "post-boskos-push-images".into(),
            trigger: Trigger::Postsubmit(BOSKOS),
            tabs: vec![("sig-testing-images".into(), "boskos, push-images".into())],
            takes_mins: 9,
            suite: Suite::Build,
            tests: 4,
            evidence: Evidence::Image,
            image: KUBEKINS,
            cluster: BUILD,
            description: "Builds and pushes the images of Boskos".into(),
            file: Some("kubernetes-sigs/boskos/boskos-postsubmits.yaml".into()),
            ..base
        },
    ]
}
