//! The files of one build, as Prow and the job write them.

mod junit;
mod pod;

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

pub(super) use junit::{Case, Junit, Outcome};

use super::{
    BUCKET,
    config::{self, File},
    history::PullRun,
    jobs::{Evidence, Job, Trigger},
    random::Random,
};

/// How far a build came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// The pod never found a node, for this reason.
    Unscheduled,
    Ended {
        passed: bool,
    },
}

/// Everything that the files of a build say.
pub(super) struct Build<'a> {
    pub job: &'a Job,
    pub id: &'a str,
    /// As `bucket/path`.
    pub path: &'a str,
    pub created_ms: i64,
    pub started_ms: i64,
    pub ended_ms: i64,
    pub phase: Phase,
    /// The commit of the branch under test.
    pub product: &'a str,
    /// The version of kubernetes/test-infra that is cloned or declared.
    pub infra: &'a str,
    /// Tags in force when the pod was made.
    pub images_tag: &'a str,
    pub prow_tag: &'a str,
    /// The commit of Boskos, for jobs that lease.
    pub boskos: &'a str,
    pub pull: Option<&'a PullRun>,
    /// What the pod's last words are.
    pub trouble: &'a str,
    pub junit: Vec<Junit<'a>>,
}

fn rfc3339(at_ms: i64) -> String {
    DateTime::from_timestamp_millis(at_ms)
        .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
        .unwrap_or_default()
}

impl Build<'_> {
    /// All files, as paths relative to the build's folder.
    pub(super) fn files(&self, random: &mut Random) -> Vec<File> {
        let mut files = Vec::with_capacity(12);
        let mut put = |name: &str, value: &Value| files.push((name.to_owned(), value.to_string()));
        if self.job.is_decorated() {
            put("prowjob.json", &self.prowjob(random));
            if self.phase == Phase::Unscheduled {
                // Nothing ran in the pod: the reporter writes the start itself.
                put(
                    "started.json",
                    &json!({"timestamp": self.started_ms / 1000, "metadata": {"uploader": "crier"}}),
                );
            } else {
                put("started.json", &self.started());
                if self.job.evidence != Evidence::Started {
                    put("clone-records.json", &self.clone_records(random));
                }
            }
            if self.phase != Phase::Running {
                put("podinfo.json", &self.podinfo(random));
            }
        } else {
            put("started.json", &self.bootstrap_started());
        }
        if let Phase::Ended { passed } = self.phase {
            put("finished.json", &self.finished(passed));
            if let Some(metadata) = self.metadata() {
                put("artifacts/metadata.json", &metadata);
            }
        } else if self.phase == Phase::Unscheduled {
            put(
                "finished.json",
                &json!({"timestamp": self.ended_ms / 1000, "passed": false, "result": "error", "metadata": {"uploader": "crier"}}),
            );
        }
        if matches!(self.phase, Phase::Ended { .. }) {
            if self.job.is_decorated() {
                files.push(("clone-log.txt".into(), self.clone_log()));
            }
            files.push(("build-log.txt".into(), self.log()));
        }
        for junit in &self.junit {
            files.push((junit.file.clone(), junit::xml(junit, self.started_ms)));
        }
        files
    }

    /// `org/name` and what is checked out of it: `(org, repo, base_ref, base_sha, final_sha)`, the
    /// repository under test first.
    fn checkouts(&self) -> Vec<(&str, &str, String, &str, &str)> {
        let mut checkouts = Vec::new();
        if self.job.trigger != Trigger::Periodic {
            let (org, repo) = self.job.repo().split_once('/').unwrap_or_default();
            let merged = self.pull.map_or(self.product, |pull| &pull.merge);
            checkouts.push((org, repo, config::base_ref(self.job), self.product, merged));
        }
        for (org, repo, branch) in config::extra_refs(self.job) {
            let sha = if repo == "test-infra" {
                self.infra
            } else {
                self.product
            };
            checkouts.push((org, repo, branch, "", sha));
        }
        checkouts
    }

    fn started(&self) -> Value {
        let mut repos = Map::new();
        for (index, (org, repo, branch, base, sha)) in self.checkouts().into_iter().enumerate() {
            let text = match self.pull {
                Some(pull) if index == 0 => {
                    format!("{branch}:{base},{}:{}", pull.number, pull.head)
                }
                _ if !base.is_empty() => format!("{branch}:{base}"),
                // Without a clone record, the exact commit stands here.
                _ if self.job.evidence == Evidence::Started => format!("{branch}:{sha}"),
                _ => branch,
            };
            repos.insert(format!("{org}/{repo}"), text.into());
        }
        let mut started = json!({"timestamp": self.started_ms / 1000});
        if !repos.is_empty() {
            started["repos"] = repos.into();
            let (.., sha) = self.checkouts()[0];
            started["repo-version"] = sha.into();
            started["repo-commit"] = sha.into();
        }
        if let Some(pull) = self.pull {
            started["pull"] = pull.number.to_string().into();
        }
        started
    }

    fn bootstrap_started(&self) -> Value {
        let version = self.product_version();
        json!({
            "timestamp": self.started_ms / 1000,
            "node": format!("agent-{}", self.started_ms / 1000 % 40),
            "repos": {"k8s.io/kubernetes": self.job.git_branch()},
            "version": version,
            "repo-version": version,
        })
    }

    fn product_version(&self) -> String {
        let minor = match self.job.branch {
            0 => "v1.37.0-alpha.2".to_owned(),
            branch => format!("v{}.3", super::history::BRANCHES[branch]),
        };
        format!(
            "{minor}.{}+{}",
            self.started_ms / 3_600_000 % 900,
            &self.product[..14]
        )
    }

    /// What the job publishes, which the sidecar copies into `finished.json`.
    fn metadata(&self) -> Option<Value> {
        let mut metadata = Map::new();
        match self.job.evidence {
            Evidence::Metadata => {
                metadata.insert("infra-commit".into(), self.infra.into());
            }
            Evidence::Bootstrap => {
                metadata.insert("infra-commit".into(), self.infra[..9].into());
                metadata.insert("job-version".into(), self.product_version().into());
                metadata.insert("repo".into(), "k8s.io/kubernetes".into());
                metadata.insert("repo-commit".into(), self.product.into());
            }
            _ => {}
        }
        if self.job.leases {
            metadata.insert("boskos-commit".into(), self.boskos.into());
        }
        (!metadata.is_empty()).then(|| {
            metadata.insert("revision".into(), self.product_version().into());
            metadata.into()
        })
    }

    fn finished(&self, passed: bool) -> Value {
        let mut finished = json!({
            "timestamp": self.ended_ms / 1000,
            "passed": passed,
            "result": if passed { "SUCCESS" } else { "FAILURE" },
        });
        if self.job.is_decorated() {
            if let Some((.., sha)) = self.checkouts().first() {
                finished["revision"] = (*sha).into();
            }
        } else {
            finished["job-version"] = self.product_version().into();
        }
        if let Some(metadata) = self.metadata() {
            finished["metadata"] = metadata;
        }
        finished
    }

    fn clone_records(&self, random: &mut Random) -> Value {
        self.checkouts()
            .into_iter()
            .enumerate()
            .map(|(index, (org, repo, branch, base, sha))| {
                let pull = self.pull.filter(|_| index == 0);
                let mut refs = json!({"org": org, "repo": repo, "base_ref": branch});
                if !base.is_empty() {
                    refs["base_sha"] = base.into();
                }
                if let Some(pull) = pull {
                    refs["pulls"] = json!([{"number": pull.number, "author": pull.author, "sha": pull.head}]);
                }
                if repo == "kubernetes" {
                    refs["path_alias"] = "k8s.io/kubernetes".into();
                }
                let seconds = random.between(2, 40);
                let url = format!("https://github.com/{org}/{repo}.git");
                let target = if base.is_empty() { &branch } else { base };
                let mut commands = vec![
                    json!({"command": "git init", "output": "Initialized empty Git repository\n", "duration": 9_000_000}),
                    json!({"command": format!("git fetch {url} --tags --prune"), "output": format!("From {url}\n"), "duration": seconds * 1_000_000_000}),
                    json!({"command": format!("git checkout {target}"), "output": "", "duration": 700_000_000}),
                ];
                if let Some(pull) = pull {
                    commands.push(json!({"command": format!("git merge --no-ff --no-stat -m merge {}", pull.head), "output": "Merge made by the 'ort' strategy.\n", "duration": 90_000_000}));
                }
                json!({"refs": refs, "commands": commands, "failed": false, "final_sha": sha, "duration": (seconds + 1) * 1_000_000_000})
            })
            .collect()
    }

    fn clone_log(&self) -> String {
        let mut log = String::new();
        for (org, repo, branch, _, sha) in self.checkouts() {
            let _ = writeln!(
                log,
                "# Cloning {org}/{repo} at {branch}\n$ git init\n$ git fetch https://github.com/{org}/{repo}.git\n# Final SHA: {sha}"
            );
        }
        log
    }

    fn labels(&self) -> Value {
        let mut labels = json!({
            "created-by-prow": "true",
            "preset-service-account": "true",
            "prow.k8s.io/build-id": self.id,
            "prow.k8s.io/context": if self.pull.is_some() { self.job.name.as_str() } else { "" },
            "prow.k8s.io/job": self.job.name,
            "prow.k8s.io/plank-version": self.prow_tag,
            "prow.k8s.io/type": self.kind(),
        });
        if self.job.leases {
            labels["preset-k8s-boskos"] = "true".into();
        }
        let (org, repo) = self.job.repo().split_once('/').unwrap_or_default();
        labels["prow.k8s.io/refs.org"] = org.into();
        labels["prow.k8s.io/refs.repo"] = repo.into();
        labels["prow.k8s.io/refs.base_ref"] = config::base_ref(self.job).into();
        if let Some(pull) = self.pull {
            labels["prow.k8s.io/refs.pull"] = pull.number.to_string().into();
        }
        labels
    }

    fn kind(&self) -> &'static str {
        match self.job.trigger {
            Trigger::Periodic => "periodic",
            Trigger::Presubmit(_) => "presubmit",
            Trigger::Postsubmit(_) => "postsubmit",
        }
    }

    fn prowjob(&self, random: &mut Random) -> Value {
        let uid = random.uuid();
        let image = self.job.image_at(self.images_tag);
        let utility: Map<String, Value> = config::utility_images(self.prow_tag)
            .into_iter()
            .map(|(name, image)| (name.to_owned(), image.into()))
            .collect();
        let memory = format!("{}Gi", config::memory_gi(self.job));
        let mut spec = json!({
            "type": self.kind(),
            "agent": "kubernetes",
            "cluster": self.job.cluster,
            "namespace": "test-pods",
            "job": self.job.name,
            "report": true,
            "pod_spec": {"containers": [{
                "name": "",
                "image": image,
                "command": config::command(self.job),
                "resources": {
                    "limits": {"cpu": "4", "memory": memory},
                    "requests": {"cpu": "4", "memory": memory},
                },
            }]},
            "decoration_config": {
                "timeout": format!("{}m0s", self.job.takes_mins * 2 + 30),
                "grace_period": "15m0s",
                "utility_images": utility,
                "gcs_configuration": {
                    "bucket": BUCKET,
                    "path_strategy": "legacy",
                    "default_org": "kubernetes",
                    "default_repo": "kubernetes",
                },
                "gcs_credentials_secret": "service-account",
            },
        });
        let extra: Vec<Value> = config::extra_refs(self.job)
            .into_iter()
            .map(|(org, repo, branch)| {
                let mut reference = json!({"org": org, "repo": repo, "base_ref": branch});
                if repo == "kubernetes" {
                    reference["path_alias"] = "k8s.io/kubernetes".into();
                }
                reference
            })
            .collect();
        if !extra.is_empty() {
            spec["extra_refs"] = extra.into();
        }
        if self.job.trigger != Trigger::Periodic {
            spec["refs"] = self.refs();
            spec["context"] = self.job.name.as_str().into();
            spec["rerun_command"] = format!("/test {}", self.job.name).into();
        }
        let (state, description) = match self.phase {
            Phase::Running => ("pending", "Job triggered."),
            Phase::Unscheduled => ("error", "Pod scheduling timeout."),
            Phase::Ended { passed: true } => ("success", "Job succeeded."),
            Phase::Ended { passed: false } => ("failure", "Job failed."),
        };
        let mut status = json!({
            "startTime": rfc3339(self.created_ms),
            "pendingTime": rfc3339(self.created_ms + 2000),
            "state": state,
            "description": description,
            "url": format!("https://prow.k8s.io/view/gs/{}", self.path),
            "pod_name": uid,
            "build_id": self.id,
        });
        if self.phase != Phase::Running {
            status["completionTime"] = rfc3339(self.ended_ms).into();
        }
        json!({
            "apiVersion": "prow.k8s.io/v1",
            "kind": "ProwJob",
            "metadata": {
                "name": uid,
                "namespace": "default",
                "creationTimestamp": rfc3339(self.created_ms),
                "labels": self.labels(),
                "annotations": {
                    "prow.k8s.io/context": "",
                    "prow.k8s.io/job": self.job.name,
                    "testgrid-dashboards": self.job.tabs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
                },
            },
            "spec": spec,
            "status": status,
        })
    }

    fn refs(&self) -> Value {
        let (org, repo) = self.job.repo().split_once('/').unwrap_or_default();
        let link = format!("https://github.com/{org}/{repo}");
        let mut refs = json!({
            "org": org,
            "repo": repo,
            "repo_link": link,
            "base_ref": config::base_ref(self.job),
            "base_sha": self.product,
            "base_link": format!("{link}/commit/{}", self.product),
        });
        if let Some(pull) = self.pull {
            refs["pulls"] = json!([{
                "number": pull.number,
                "author": pull.author,
                "sha": pull.head,
                "title": pull.title,
                "link": format!("{link}/pull/{}", pull.number),
                "commit_link": format!("{link}/pull/{}/commits/{}", pull.number, pull.head),
                "author_link": format!("https://github.com/{}", pull.author),
            }]);
        }
        refs
    }

    fn log(&self) -> String {
        let mut log = format!(
            "wrapper.sh] [INFO] Wrapping Test Command: `{}`\n",
            config::command(self.job).join(" ")
        );
        for (org, repo, branch, _, sha) in self.checkouts() {
            let _ = writeln!(log, "{org}/{repo} at {branch} is {sha}");
        }
        if !self.trouble.is_empty() {
            let _ = writeln!(log, "{}", self.trouble);
        }
        for junit in &self.junit {
            for case in &junit.cases {
                if let Outcome::Failed(message) = case.outcome {
                    let _ = writeln!(log, "[FAIL] {}\n{message}", case.name);
                }
            }
        }
        let passed = self.phase == (Phase::Ended { passed: true });
        let _ = writeln!(
            log,
            "wrapper.sh] [INFO] Test Command exit code: {}",
            i32::from(!passed)
        );
        log
    }
}

/// What a build's files say about kubernetes/test-infra, given what is deployed and cloned: the
/// commit and the words of `model::infra::Source`. `None` when they say nothing.
pub(super) fn infra_evidence(
    job: &Job,
    phase: Phase,
    infra: &str,
    images: &str,
) -> Option<(String, &'static str)> {
    let ended = matches!(phase, Phase::Ended { .. });
    match job.evidence {
        Evidence::Metadata | Evidence::Bootstrap => ended.then(|| (infra.to_owned(), "metadata")),
        Evidence::Clone if phase != Phase::Unscheduled => Some((infra.to_owned(), "clone_record")),
        Evidence::Started if phase != Phase::Unscheduled => {
            Some((infra.to_owned(), "started_repo"))
        }
        _ if job.runs_infra_image() => Some((images.to_owned(), "image_tag")),
        _ => None,
    }
}
