//! The tests that jobs run: names in the manner of the Kubernetes suites, with a message for when
//! each fails.

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

struct Area {
    sig: &'static str,
    file: &'static str,
    contexts: &'static [&'static str],
    cases: &'static [&'static str],
    failures: &'static [&'static str],
}

const AREAS: &[Area] = &[
    Area {
        sig: "sig-network",
        file: "test/e2e/network/service.go",
        contexts: &[
            "Services",
            "Services with dual stack",
            "EndpointSlice",
            "Networking Granular Checks: Pods",
            "Networking Granular Checks: Services",
            "DNS",
            "Proxy version v1",
            "NetworkPolicy between server and client",
            "Ingress API",
            "LoadBalancers",
        ],
        cases: &[
            "should serve a basic endpoint from pods",
            "should function for node-pod communication: http",
            "should function for node-pod communication: udp",
            "should keep session affinity while its endpoints change",
            "should drop endpoints of pods that are going away",
            "should route through a node port after an update to cluster IP",
            "should answer on every address of a multiport service",
            "should resolve the names of a headless service",
            "should refuse connections when no endpoint is ready",
            "should let a label selector move traffic",
            "should support status and finalizers of the resource",
            "should preserve the source address of a pod in the cluster",
        ],
        failures: &[
            "service is not reachable within 2m0s timeout on endpoint 10.96.{n}.{m}:80 over TCP protocol",
            "endpoints did not converge: expected 3 addresses, have {m}: timed out waiting for the condition",
            "dial tcp 34.{n}.{m}.17:443: i/o timeout",
        ],
    },
    Area {
        sig: "sig-node",
        file: "test/e2e/common/node/pods.go",
        contexts: &[
            "Pods",
            "Probing container",
            "Container Lifecycle Hook",
            "InitContainer",
            "Security Context",
            "Secrets",
            "RuntimeClass",
            "Downward API",
            "Kubelet",
            "PodTemplates",
        ],
        cases: &[
            "should be restarted when its liveness check fails",
            "should not be ready before the initial delay",
            "should run to completion in order",
            "should expose its limits and requests through the environment",
            "should honour a grace period when deleted",
            "should run as an unprivileged user when asked to",
            "should report an exit code and a termination message",
            "should mount its service account only when wanted",
            "should support a remote command over a websocket",
            "should be evicted in the order of priority",
            "should keep its sidecar running until the end",
        ],
        failures: &[
            "Timed out after 300.{n}s. Expected Pod to be in phase Running, it is in phase Pending",
            "failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            "expected container to exit with 0, got {m}",
        ],
    },
    Area {
        sig: "sig-storage",
        file: "test/e2e/storage/testsuites/provisioning.go",
        contexts: &[
            "In-tree Volumes [Driver: hostPath] [Testpattern: Inline-volume (default fs)] volumes",
            "In-tree Volumes [Driver: local] [Testpattern: Pre-provisioned PV (ext4)] volumes",
            "In-tree Volumes [Driver: emptydir] [Testpattern: Inline-volume (default fs)] subPath",
            "In-tree Volumes [Driver: nfs] [Testpattern: Dynamic PV (default fs)] subPath",
            "CSI Volumes [Driver: csi-hostpath] [Testpattern: Dynamic PV (default fs)] provisioning",
            "CSI Volumes [Driver: csi-hostpath] [Testpattern: Dynamic PV (block volmode)] multiVolume",
            "CSI Volumes [Driver: csi-hostpath] [Testpattern: Ephemeral Snapshot (delete policy)] snapshottable",
            "CSI Volumes [Driver: pd.csi.storage.gke.io] [Testpattern: Dynamic PV (xfs)] volumes",
            "CSI Volumes [Driver: pd.csi.storage.gke.io] [Testpattern: Generic Ephemeral-volume (ext4)] ephemeral",
            "CSI Mock volume expansion",
            "PersistentVolumes-local",
            "ConfigMap",
            "Projected secret",
            "EmptyDir volumes",
        ],
        cases: &[
            "should store data that survives its pod",
            "should allow exec of files on the volume",
            "should be readable by two pods on one node",
            "should be mounted read-only when asked to",
            "should support an existing directory below it",
            "should refuse a path that leads outside",
            "should be resized while it is in use",
            "should take up the data of a snapshot",
            "should follow an update of its source",
            "should set the group of its files",
            "should be cleaned up after a forced deletion",
        ],
        failures: &[
            "PersistentVolumeClaims [pvc-{n}] not all in phase Bound within 5m0s",
            "timed out waiting for the volume to be detached from node e2e-minion-group-{m}",
            "Unexpected error: rpc error: code = ResourceExhausted desc = volume limit of {m} reached",
        ],
    },
    Area {
        sig: "sig-apps",
        file: "test/e2e/apps/deployment.go",
        contexts: &[
            "Deployment",
            "StatefulSet Basic StatefulSet functionality [StatefulSetBasic]",
            "Daemon set",
            "ReplicaSet",
            "Job",
            "CronJob",
            "DisruptionController",
            "ReplicationController",
        ],
        cases: &[
            "should roll over to a new template",
            "should scale up and down on demand",
            "should adopt matching pods and release others",
            "should replace a pod that was deleted",
            "should finish although pods fail a few times",
            "should keep at least the budget available",
            "should perform a canary update and a phased one",
            "should list and patch its status",
        ],
        failures: &[
            "error waiting for deployment \"webserver-{n}\" status to match expectation: 7 of {m} replicas are available",
            "pods did not start: timed out waiting for the condition",
        ],
    },
    Area {
        sig: "sig-api-machinery",
        file: "test/e2e/apimachinery/webhook.go",
        contexts: &[
            "AdmissionWebhook [Privileged:ClusterAdmin]",
            "CustomResourceDefinition resources [Privileged:ClusterAdmin]",
            "Garbage collector",
            "Namespaces",
            "ResourceQuota",
            "Watchers",
            "Servers with support for API chunking",
            "FieldValidation",
            "Aggregator",
        ],
        cases: &[
            "should deny what its rules forbid",
            "should publish the schema of each served version",
            "should delete dependents in the background",
            "should count what was created and released",
            "should observe changes from a given version on",
            "should continue a list with an inconsistent token",
            "should refuse unknown and duplicate fields",
            "should patch a collection",
        ],
        failures: &[
            "failed calling webhook \"deny-unwanted-{n}.k8s.io\": context deadline exceeded",
            "expected {m} objects, found none: the server was unable to return a response in time",
        ],
    },
    Area {
        sig: "sig-cli",
        file: "test/e2e/kubectl/kubectl.go",
        contexts: &[
            "Kubectl client Simple pod",
            "Kubectl client Kubectl apply",
            "Kubectl client Kubectl describe",
            "Kubectl client Kubectl logs",
            "Kubectl client Proxy server",
            "Kubectl Port forwarding",
        ],
        cases: &[
            "should return the exit code of the command",
            "should handle in-cluster configuration",
            "should keep fields that others set",
            "should print the relevant parts of a workload",
            "should filter by time and by lines",
            "should stream through a closed connection without data",
        ],
        failures: &[
            "error running kubectl --namespace=kubectl-{n}: exit status 1: error: unable to upgrade connection",
            "expected output to contain \"running in cluster\", got {m} bytes",
        ],
    },
    Area {
        sig: "sig-auth",
        file: "test/e2e/auth/service_accounts.go",
        contexts: &[
            "ServiceAccounts",
            "Certificates API [Privileged:ClusterAdmin]",
            "SubjectReview",
            "NodeAuthenticator",
        ],
        cases: &[
            "should mount a token that the API accepts",
            "should rotate a projected token",
            "should answer what a user may do",
            "should approve and sign a request",
            "should forbid what the node does not need",
        ],
        failures: &["expected HTTP 401, got {m}: token-{n} is still valid"],
    },
    Area {
        sig: "sig-scheduling",
        file: "test/e2e/scheduling/predicates.go",
        contexts: &[
            "SchedulerPredicates",
            "SchedulerPreemption",
            "LimitRange",
            "Multi-AZ Clusters",
        ],
        cases: &[
            "should respect node affinity and taints",
            "should not place more than the resources allow",
            "should preempt pods of lower priority",
            "should spread pods of a service across zones",
            "should apply defaults to pods and containers",
        ],
        failures: &[
            "0/{m} nodes are available: insufficient cpu; preemption victim pod-{n} not found",
        ],
    },
    Area {
        sig: "sig-autoscaling",
        file: "test/e2e/autoscaling/horizontal_pod_autoscaling.go",
        contexts: &[
            "[HPA] Horizontal pod autoscaling (scale resource: CPU) Deployment",
            "[HPA] Horizontal pod autoscaling (scale resource: Memory) ReplicaSet",
        ],
        cases: &[
            "should go from one pod to three and on to five",
            "should come down when the load ends",
            "should wait for the stabilisation window",
        ],
        failures: &["timeout waiting 15m0s for {m} replicas: last usage {n} millicores"],
    },
    Area {
        sig: "sig-instrumentation",
        file: "test/e2e/instrumentation/metrics.go",
        contexts: &["Metrics", "Events API"],
        cases: &[
            "should scrape every component",
            "should count an event series once",
            "should delete a collection of events",
        ],
        failures: &["metric apiserver_request_total has {m} series, want at least {n}"],
    },
];

const PACKAGES: &[&str] = &[
    "pkg/api/v1/pod",
    "pkg/apis/apps/validation",
    "pkg/apis/batch/v1",
    "pkg/apis/core/validation",
    "pkg/controller/cronjob",
    "pkg/controller/daemon",
    "pkg/controller/deployment",
    "pkg/controller/disruption",
    "pkg/controller/endpointslice",
    "pkg/controller/garbagecollector",
    "pkg/controller/job",
    "pkg/controller/namespace",
    "pkg/controller/nodelifecycle",
    "pkg/controller/podautoscaler",
    "pkg/controller/resourcequota",
    "pkg/controller/statefulset",
    "pkg/controller/volume/persistentvolume",
    "pkg/kubeapiserver/options",
    "pkg/kubelet",
    "pkg/kubelet/cm/cpumanager",
    "pkg/kubelet/cm/devicemanager",
    "pkg/kubelet/cm/memorymanager",
    "pkg/kubelet/eviction",
    "pkg/kubelet/images",
    "pkg/kubelet/kuberuntime",
    "pkg/kubelet/prober",
    "pkg/kubelet/status",
    "pkg/kubelet/volumemanager",
    "pkg/printers/internalversion",
    "pkg/proxy/iptables",
    "pkg/proxy/ipvs",
    "pkg/proxy/nftables",
    "pkg/quota/v1/evaluator/core",
    "pkg/registry/apps/deployment/storage",
    "pkg/registry/core/pod/storage",
    "pkg/registry/core/service/allocator",
    "pkg/scheduler",
    "pkg/scheduler/framework/plugins/interpodaffinity",
    "pkg/scheduler/framework/plugins/noderesources",
    "pkg/scheduler/internal/queue",
    "pkg/volume/csi",
    "pkg/volume/projected",
    "plugin/pkg/admission/noderestriction",
    "plugin/pkg/auth/authorizer/node",
    "staging/src/k8s.io/apimachinery/pkg/runtime",
    "staging/src/k8s.io/apiserver/pkg/cel",
    "staging/src/k8s.io/apiserver/pkg/endpoints",
    "staging/src/k8s.io/apiserver/pkg/storage/cacher",
    "staging/src/k8s.io/apiserver/pkg/storage/etcd3",
    "staging/src/k8s.io/client-go/tools/cache",
    "staging/src/k8s.io/kubectl/pkg/cmd/apply",
    "staging/src/k8s.io/kubectl/pkg/cmd/logs",
];

const GO_TESTS: &[&str] = &[
    "TestSync",
    "TestValidateUpdate",
    "TestConversionRoundTrip",
    "TestConcurrentWrites",
    "TestDefaults",
    "TestRestartKeepsState",
    "TestWatchFromOldVersion",
    "TestTimeoutIsHonoured",
];

const GO_FAILURES: &[&str] = &[
    "{file}_test.go:{n}: timed out waiting for the condition",
    "{file}_test.go:{n}: expected {m} events, got none (-want +got)",
    "panic: test timed out after 3m0s",
    "==================\nWARNING: DATA RACE\nWrite at 0x00c000{n} by goroutine {m}",
];

const CHECKS: &[&str] = &[
    "api-groups",
    "boilerplate",
    "cli-conventions",
    "codegen",
    "conformance-requirements",
    "conformance-yaml",
    "deprecation-warnings",
    "description",
    "e2e-images",
    "e2e-suites",
    "e2e-test-ownership",
    "external-dependencies-version",
    "featuregates",
    "fieldname-docs",
    "file-sizes",
    "flags-underscore",
    "generated-docs",
    "generated-stable-metrics",
    "gofmt",
    "golangci-lint",
    "golangci-lint-pr",
    "go-version",
    "import-aliases",
    "import-boss",
    "imports",
    "internal-modules",
    "licenses",
    "mocks",
    "netparse-cve",
    "no-vendor-cycles",
    "non-mutating-validation",
    "openapi-docs-urls",
    "openapi-spec",
    "pkg-names",
    "prerelease-lifecycle-tags",
    "prometheus-imports",
    "publishing-bot",
    "readonly-packages",
    "shellcheck",
    "spelling",
    "staging-meta-files",
    "test-code",
    "test-images",
    "testing-import",
    "typecheck",
    "typecheck-providerless",
    "vendor",
    "yamlfmt",
];

const BUILD_STAGES: &[&str] = &[
    "build-prerequisites",
    "build-linux-amd64",
    "build-linux-arm64",
    "build-windows-amd64",
    "cross-check",
    "package-tarballs",
    "push-images",
    "push-release",
    "verify-published-version",
    "publish-version-marker",
];

const LOADS: &[&str] = &[
    "APIResponsivenessPrometheus",
    "PodStartupLatency",
    "InClusterNetworkLatency",
    "SchedulingThroughput",
    "NetworkProgrammingLatency",
    "DnsLookupLatency",
    "EtcdMetrics",
    "SystemPodMetrics",
    "ClusterOOMsTracker",
    "WaitForControlledPodsRunning",
    "load/create",
    "load/scale-and-update",
    "load/delete",
    "access-tokens/create",
    "density/saturation",
];

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
