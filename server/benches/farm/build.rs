//! A made-up build, as the decoration of a Prow job leaves it.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// When Twitter began to count, which Prow's build ids count from.
pub(crate) const EPOCH_MS: i64 = 1_288_834_974_657;
/// How long a build takes.
pub(crate) const RUN_MS: i64 = 2_400_000;

/// One build of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    /// Which of the jobs.
    pub(crate) job: usize,
    /// Which of the job's builds: its versions and results follow from it.
    pub(crate) number: usize,
    /// When it began, in milliseconds since 1970.
    pub(crate) started_ms: i64,
    /// When it ended.
    pub(crate) finished_ms: i64,
    /// How many tests it has.
    pub(crate) tests: usize,
    /// Whether it has only the files that every build has.
    pub(crate) is_bare: bool,
}

/// The name of a job.
pub(crate) fn job(index: usize) -> String {
    format!("ci-kubernetes-e2e-bench-{index}")
}

impl Build {
    /// Its id.
    pub(crate) fn id(&self) -> String {
        ((self.started_ms - EPOCH_MS) << 22).to_string()
    }

    /// What each of its files is called and holds.
    pub(crate) fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let names: &[&str] = if self.is_bare { &BARE_FILES } else { &FILES };
        names
            .iter()
            .map(|&name| (name, self.file(name).unwrap_or_default()))
            .collect()
    }

    /// What the file of this name holds.
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        let commit = format!("{:040x}", 0x5ea3_u64 * (self.number as u64 / 4 + 1));
        let infra = format!("{:040x}", 0x1f3a_u64 * (self.number as u64 / 24 + 1));
        let content = match name {
            "started.json" => pretty(&json!({
                "timestamp": self.started_ms / 1000,
                "node": format!("node-{}", self.number),
                "repos": {"kubernetes/kubernetes": "master", "kubernetes/test-infra": "master"},
                "repo-commit": commit, "repo-version": commit,
            })),
            "finished.json" => pretty(&json!({
                "timestamp": self.finished_ms / 1000, "passed": false, "result": "FAILURE",
                "metadata": {"job-version": format!("v1.36.0-alpha.0+{}", &commit[26..]), "repos": {}},
            })),
            "clone-records.json" => pretty(&json!([
                {"refs": {"org": "kubernetes", "repo": "kubernetes", "base_ref": "master"},
                 "commands": [{"command": "git init", "output": "Initialized empty Git repository"}],
                 "final_sha": commit},
                {"refs": {"org": "kubernetes", "repo": "test-infra", "base_ref": "master"},
                 "commands": [{"command": "git init", "output": "Initialized empty Git repository"}],
                 "final_sha": infra},
            ])),
            "prowjob.json" => pretty(&self.prowjob(&infra)),
            "podinfo.json" => pretty(&self.podinfo(&infra)),
            "build-log.txt" => "log\n".repeat(1000).into_bytes(),
            "artifacts/junit_01.xml" => self.junit().into_bytes(),
            "artifacts/junit_runner.xml" => RUNNER.into(),
            _ => return None,
        };
        Some(content)
    }

    fn spec(infra: &str) -> (String, String, Value) {
        let tag = format!("v20260201-{}-master", &infra[30..]);
        let image = format!("gcr.io/k8s-staging-test-infra/kubekins-e2e:{tag}");
        let utility = format!("us-docker.pkg.dev/k8s-infra-prow/images/entrypoint:{tag}");
        let spec = json!({
            "containers": [{
                "name": "test", "image": image, "command": ["runner.sh"],
                "args": ["kubetest2", "gce", "--up", "--down", "--test=ginkgo"],
                "env": (0..20).map(|n| json!({"name": format!("VARIABLE_{n}"), "value": "value"}))
                    .collect::<Vec<_>>(),
                "resources": {"limits": {"cpu": "4", "memory": "14Gi"}},
            }],
            "initContainers": [{"name": "place-entrypoint", "image": utility}],
        });
        (image, utility, spec)
    }

    fn prowjob(&self, infra: &str) -> Value {
        let (_, utility, spec) = Self::spec(infra);
        let (build, job) = (self.id(), job(self.job));
        json!({
            "apiVersion": "prow.k8s.io/v1", "kind": "ProwJob",
            "metadata": {"name": build, "labels": {"prow.k8s.io/job": job}},
            "spec": {
                "type": "periodic", "job": job, "pod_spec": spec, "cluster": "k8s-infra-prow-build",
                "extra_refs": [{"org": "kubernetes", "repo": "kubernetes", "base_ref": "master"},
                               {"org": "kubernetes", "repo": "test-infra", "base_ref": "master"}],
                "decoration_config": {"utility_images": {"entrypoint": utility}},
            },
            "status": {"state": "failure", "build_id": build},
        })
    }

    fn podinfo(&self, infra: &str) -> Value {
        let (image, _, spec) = Self::spec(infra);
        json!({
            "pod": {
                "metadata": {"name": self.id()}, "spec": spec,
                "status": {"phase": "Failed", "containerStatuses": [{
                    "name": "test", "image": image, "imageID": format!("sha256:{infra}"),
                    "state": {"terminated": {"exitCode": 1, "reason": "Error"}},
                }]},
            },
            "events": [],
        })
    }

    fn junit(&self) -> String {
        let seed = self.job * 7919 + self.number;
        let mut junit = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"Kubernetes e2e suite\" time=\"2210\">\n",
        );
        for test in 0..self.tests {
            let is_failed = (test * 31 + seed * 17).is_multiple_of(97);
            // Writing to a text cannot fail.
            let _ = write!(
                junit,
                "<testcase name=\"[sig-area-{}] Feature group {} when something happens should behave as promised in case {test} [Conformance]\" classname=\"Kubernetes e2e suite\" status=\"{}\" time=\"{}.25\">",
                test % 12,
                test % 40,
                if is_failed { "failed" } else { "passed" },
                test % 60,
            );
            if is_failed {
                let _ = write!(
                    junit,
                    "<failure message=\"timed out waiting for the condition\" type=\"failed\">{}</failure><system-err>{}</system-err>",
                    "test/e2e/framework/util.go:100 expected &lt;nil&gt; but got an error\n"
                        .repeat(10),
                    "I0201 10:00:00.000000 STEP: Creating a pod &amp; waiting for it\n".repeat(40),
                );
            }
            junit.push_str("</testcase>\n");
        }
        junit.push_str("<properties/></testsuite></testsuites>\n");
        junit
    }
}

/// The files of every build.
const FILES: [&str; 8] = [
    "artifacts/junit_01.xml",
    "artifacts/junit_runner.xml",
    "build-log.txt",
    "clone-records.json",
    "finished.json",
    "podinfo.json",
    "prowjob.json",
    "started.json",
];

/// Those of a build that has no more.
const BARE_FILES: [&str; 3] = ["artifacts/junit_01.xml", "finished.json", "started.json"];

const RUNNER: &str = "<testsuite failures=\"0\" tests=\"5\">\
    <testcase classname=\"kubetest2\" name=\"Up\" time=\"300.5\"/>\
    <testcase classname=\"kubetest2\" name=\"Build\" time=\"200.1\"/>\
    <testcase classname=\"kubetest2\" name=\"Test\" time=\"1400\"/>\
    <testcase classname=\"kubetest2\" name=\"Down\" time=\"100\"/>\
    <testcase classname=\"kubetest2\" name=\"Extract\" time=\"10\"/></testsuite>";

fn pretty(value: &Value) -> Vec<u8> {
    // Plain values have a text.
    serde_json::to_vec_pretty(value).unwrap_or_default()
}
