//! What people write: subjects of commits with the files they touch, and names.

use super::random::Random;

/// A kind of change.
pub(super) struct Title {
    pub subjects: &'static [&'static str],
    pub paths: &'static [&'static str],
}

/// A change about to be made.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub subject: String,
    pub paths: Vec<String>,
}

const fn kind(subjects: &'static [&'static str], paths: &'static [&'static str]) -> Title {
    Title { subjects, paths }
}

pub(super) const PRODUCT: &[Title] = &[
    kind(
        &[
            "kubelet: keep the order of container restarts after a reboot",
            "kubelet: report why a probe was skipped",
            "Do not restart sidecars while a pod terminates",
            "kubelet: wait for the volume manager before the sandbox",
            "Make the eviction manager forget pods that are gone",
        ],
        &[
            "pkg/kubelet/kubelet.go",
            "pkg/kubelet/prober/worker.go",
            "pkg/kubelet/kuberuntime/kuberuntime_manager.go",
            "pkg/kubelet/eviction/eviction_manager.go",
        ],
    ),
    kind(
        &[
            "proxy/nftables: write only the chains that changed",
            "Services: allocate node ports in two bands",
            "Fix the count of ready endpoints in dual-stack services",
            "proxy: drop conntrack entries of removed endpoints at once",
            "EndpointSlice: mirror labels without the managed ones",
        ],
        &[
            "pkg/proxy/nftables/proxier.go",
            "pkg/proxy/conntrack/cleanup.go",
            "pkg/controller/endpointslice/reconciler.go",
            "test/e2e/network/service.go",
        ],
    ),
    kind(
        &[
            "scheduler: requeue only pods that an event can help",
            "scheduler: cheaper scores for topology spread",
            "Preemption: never nominate a node that is draining",
        ],
        &[
            "pkg/scheduler/schedule_one.go",
            "pkg/scheduler/backend/queue/scheduling_queue.go",
            "pkg/scheduler/framework/preemption/preemption.go",
        ],
    ),
    kind(
        &[
            "apiserver: answer lists from the watch cache at an exact version",
            "Decode objects with bounded memory",
            "CEL: estimate the cost of nested maps",
            "Retry conflicts in the aggregation layer",
            "etcd3: cancel watches whose client has left",
        ],
        &[
            "staging/src/k8s.io/apiserver/pkg/storage/cacher/cacher.go",
            "staging/src/k8s.io/apiserver/pkg/storage/etcd3/watcher.go",
            "staging/src/k8s.io/apiserver/pkg/cel/library/cost.go",
        ],
    ),
    kind(
        &[
            "StatefulSet: delete pods in parallel when asked to",
            "Job: count a failed index once",
            "Deployment: a rollback keeps its annotation",
            "Garbage collector: do not block on one broken webhook",
        ],
        &[
            "pkg/controller/statefulset/stateful_set_control.go",
            "pkg/controller/job/job_controller.go",
            "pkg/controller/garbagecollector/garbagecollector.go",
        ],
    ),
    kind(
        &[
            "CSI: bound the number of volumes attached at once",
            "volume: mount with the SELinux context of the pod",
            "Clean up after a mount that was cancelled",
        ],
        &[
            "pkg/volume/csi/csi_attacher.go",
            "pkg/kubelet/volumemanager/reconciler/reconciler.go",
            "test/e2e/storage/testsuites/provisioning.go",
        ],
    ),
    kind(
        &[
            "kubectl: explain a failed drain",
            "kubectl logs: follow all containers of a job",
            "kubeadm: check the clock before joining",
        ],
        &[
            "staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go",
            "staging/src/k8s.io/kubectl/pkg/cmd/logs/logs.go",
            "cmd/kubeadm/app/preflight/checks.go",
        ],
    ),
    kind(
        &[
            "e2e: wait for the namespace before the first pod",
            "e2e: give slow clouds a longer deadline",
            "Promote two tests to conformance",
            "Update the base images of the test images",
            "Bump the Go toolchain",
        ],
        &[
            "test/e2e/framework/framework.go",
            "test/conformance/testdata/conformance.yaml",
            "test/utils/image/manifest.go",
            "build/dependencies.yaml",
        ],
    ),
];

pub(super) const TEST_INFRA: &[Title] = &[
    kind(
        &[
            "Give the kueue end-to-end jobs more memory",
            "kueue: run the multi-cluster jobs on the new cluster",
            "Add periodic jobs for the new kueue branch",
        ],
        &[
            "config/jobs/kubernetes-sigs/kueue/kueue-periodics-main.yaml",
            "config/jobs/kubernetes-sigs/kueue/kueue-presubmits-main.yaml",
        ],
    ),
    kind(
        &[
            "cluster-api: lower the parallelism of the upgrade jobs",
            "capz: add an optional job for pod subnets",
            "capa: move the conformance jobs to another account",
        ],
        &[
            "config/jobs/kubernetes-sigs/cluster-api/cluster-api-main-periodics.yaml",
            "config/jobs/kubernetes-sigs/cluster-api-provider-azure/cluster-api-provider-azure-presubmits-main.yaml",
            "config/jobs/kubernetes-sigs/cluster-api-provider-aws/cluster-api-provider-aws-periodics.yaml",
        ],
    ),
    kind(
        &[
            "crio jobs: follow the naming of cgroups",
            "node jobs: use the newest image family",
            "Add node jobs for the in-place resize feature",
        ],
        &[
            "config/jobs/kubernetes/sig-node/crio.yaml",
            "config/jobs/kubernetes/sig-node/containerd-images.yaml",
            "jobs/e2e_node/image-config-serial.yaml",
        ],
    ),
    kind(
        &[
            "kubekins: update the cloud SDK",
            "kubekins: add the new release branch",
            "krte: newer docker",
            "images: build with the newest Go",
        ],
        &[
            "images/kubekins-e2e/Dockerfile",
            "images/kubekins-e2e/variants.yaml",
            "images/krte/Dockerfile",
        ],
    ),
    kind(
        &[
            "testgrid: a dashboard for the gateway API",
            "testgrid: regenerate the dashboards of a downstream project",
        ],
        &[
            "config/testgrids/kubernetes/sig-network/gateway.yaml",
            "config/testgrids/openshift/redhat-openshift-informing.yaml",
        ],
    ),
    kind(
        &[
            "tide: merge by squash in a new repository",
            "prow plugins: enable the milestone plugin for docs",
            "branch protection for a new repository",
            "Bump the label sync image",
        ],
        &[
            "config/prow/plugins.yaml",
            "label_sync/labels.yaml",
            "config/prow/cluster/monitoring/mixins/prometheus.libsonnet",
        ],
    ),
    kind(
        &[
            "kettle: handle builds without a start time",
            "triage: cluster messages of the new Ginkgo",
            "Update dependencies",
            "Remove people who have moved on from OWNERS",
        ],
        &[
            "kettle/make_db.py",
            "triage/summarize/cluster.go",
            "go.mod",
            "OWNERS_ALIASES",
        ],
    ),
];

pub(super) const PROW: &[Title] = &[
    kind(
        &[
            "sidecar: upload artifacts while the test is still running",
            "entrypoint: pass signals on in order",
            "clonerefs: retry a fetch that was reset",
            "initupload: say which record failed",
        ],
        &[
            "pkg/sidecar/run.go",
            "pkg/entrypoint/run.go",
            "pkg/clonerefs/run.go",
            "pkg/initupload/run.go",
        ],
    ),
    kind(
        &[
            "plank: count pods that never started",
            "tide: look up status contexts in one query",
            "deck: show the history of a job by branch",
            "hook: refuse events that are too large",
            "ghproxy: keep answers while they are revalidated",
        ],
        &[
            "pkg/plank/reconciler.go",
            "pkg/tide/tide.go",
            "cmd/deck/main.go",
            "pkg/hook/server.go",
            "pkg/ghcache/ghcache.go",
        ],
    ),
    kind(
        &[
            "Update dependencies",
            "Modernise loops and maps",
            "Docs: how to move a component",
        ],
        &["go.mod", "go.sum", "site/content/en/docs/overview.md"],
    ),
];

pub(super) const BOSKOS: &[Title] = &[
    kind(
        &[
            "ranch: keep the owner of a resource over a restart",
            "ranch: answer a lease in the order of requests",
            "Reap dynamic resources that were never claimed",
            "Log who released a resource",
        ],
        &["ranch/ranch.go", "ranch/storage.go", "cmd/boskos/boskos.go"],
    ),
    kind(
        &[
            "aws-janitor: delete addresses before networks",
            "janitor: sweep regions in parallel",
            "cleaner: mark broken projects dirty again",
        ],
        &[
            "aws-janitor/resources/addresses.go",
            "cmd/janitor/janitor.go",
            "cleaner/cleaner.go",
        ],
    ),
    kind(
        &["Update dependencies", "Build with the newest Go"],
        &["go.mod", "go.sum", "images/Dockerfile"],
    ),
];

const AUTHORS: &[(&str, &str)] = &[
    ("Ines Albrecht", "ialbrecht"),
    ("Tomasz Wilk", "twilk"),
    ("Noor Haddad", "noorh"),
    ("Yuki Arata", "yarata"),
    ("Greta Lindqvist", "gretal"),
    ("Samuel Oyelaran", "soyelaran"),
    ("Priya Venkat", "pvenkat"),
    ("Lucía Ferrer", "lferrer"),
    ("Chen Weiming", "weiming-c"),
    ("Dmitri Sokol", "dsokol"),
    ("Hannah Brandt", "hbrandt"),
    ("Mateus Prado", "mprado"),
    ("Aoife Byrne", "aoifeb"),
    ("Ravi Shenoy", "rshenoy"),
];

/// One change of these kinds, touching one to three files.
pub(super) fn title(random: &mut Random, titles: &[Title]) -> Change {
    let title = &titles[random.below(titles.len() as u64) as usize];
    let first = random.below(title.paths.len() as u64) as usize;
    let count = random.between(1, 3).min(title.paths.len() as i64) as usize;
    Change {
        subject: random.pick(title.subjects).to_owned(),
        paths: (0..count)
            .map(|offset| title.paths[(first + offset) % title.paths.len()].to_owned())
            .collect(),
    }
}

/// Name and login of someone.
pub(super) fn author(random: &mut Random) -> (&'static str, &'static str) {
    AUTHORS[random.below(AUTHORS.len() as u64) as usize]
}

/// Up to `count` different items, in random order.
pub(super) fn choose(random: &mut Random, items: &[String], count: i64) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::new();
    for _ in 0..count * 3 {
        if chosen.len() as i64 == count || items.is_empty() {
            break;
        }
        let item = &items[random.below(items.len() as u64) as usize];
        if !chosen.contains(item) {
            chosen.push(item.clone());
        }
    }
    chosen
}

/// A branch name for a subject.
pub(super) fn slug(subject: &str) -> String {
    let words: Vec<String> = subject
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.len() > 2)
        .take(4)
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

/// The text of a file at its n-th revision, in the comment style of its language.
pub(super) fn content(path: &str, revision: u32) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    match extension {
        "go" => format!(
            "package {}\n\n// revision counts the changes to this file.\nconst revision = {revision}\n",
            stem.replace(['-', '_'], "")
        ),
        "md" => format!("# {stem}\n\nRevision {revision}.\n"),
        "py" => format!("REVISION = {revision}\n"),
        "mod" | "sum" => format!("// revision {revision}\n"),
        _ => format!("# revision {revision}\n"),
    }
}
