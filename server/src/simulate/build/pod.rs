//! `podinfo.json`: the pod as the cluster last saw it.

use serde_json::{Value, json};

use super::{Build, Phase, rfc3339};
use crate::simulate::{config, random::Random};

impl Build<'_> {
    pub(super) fn podinfo(&self, random: &mut Random) -> Value {
        let ran = self.phase != Phase::Unscheduled;
        let passed = self.phase == (Phase::Ended { passed: true });
        let node = format!("gke-{}-pool-{}", self.job.cluster, random.hex(8));
        let started = rfc3339(self.started_ms);
        let ended = rfc3339(self.ended_ms);
        let image = self.job.image_at(self.images_tag);
        let utility = |name: &str| format!("{}/{name}:{}", config::PROW_IMAGES, self.prow_tag);
        let status = |name: &str, image: &str, code: i32| {
            json!({
                "name": name,
                "image": image,
                "imageID": format!("{}@sha256:{}", image.split(':').next().unwrap_or(image), digest_of(image)),
                "ready": false,
                "restartCount": 0,
                "state": {"terminated": {
                    "exitCode": code,
                    "reason": if code == 0 { "Completed" } else { "Error" },
                    "startedAt": started,
                    "finishedAt": ended,
                }},
            })
        };
        let condition = |kind: &str, value: bool| {
            json!({
                "type": kind,
                "status": if value { "True" } else { "False" },
                "lastTransitionTime": started,
            })
        };
        let mut scheduled = condition("PodScheduled", ran);
        if !ran {
            scheduled["reason"] = "Unschedulable".into();
            scheduled["message"] = self.trouble.into();
        }
        let mut pod_status = json!({
            "phase": match (ran, passed) { (false, _) => "Pending", (_, true) => "Succeeded", _ => "Failed" },
            "startTime": rfc3339(self.created_ms),
            "conditions": [scheduled],
        });
        if ran {
            pod_status["conditions"] = json!([
                condition("Initialized", true),
                condition("Ready", false),
                condition("ContainersReady", false),
                condition("PodScheduled", true),
            ]);
            pod_status["initContainerStatuses"] = ["clonerefs", "initupload", "entrypoint"]
                .map(|name| {
                    let container = if name == "entrypoint" {
                        "place-entrypoint"
                    } else {
                        name
                    };
                    status(container, &utility(name), 0)
                })
                .to_vec()
                .into();
            pod_status["containerStatuses"] = json!([
                status("sidecar", &utility("sidecar"), 0),
                status("test", &image, i32::from(!passed)),
            ]);
        }
        let mut pod = json!({
            "metadata": {
                "name": random.uuid(),
                "namespace": "test-pods",
                "creationTimestamp": rfc3339(self.created_ms),
                "labels": self.labels(),
            },
            "spec": {
                "initContainers": [
                    {"name": "clonerefs", "image": utility("clonerefs")},
                    {"name": "initupload", "image": utility("initupload")},
                    {"name": "place-entrypoint", "image": utility("entrypoint")},
                ],
                "containers": [
                    {"name": "test", "image": image},
                    {"name": "sidecar", "image": utility("sidecar")},
                ],
            },
            "status": pod_status,
        });
        let events = if ran {
            pod["spec"]["nodeName"] = node.as_str().into();
            json!([{"type": "Normal", "reason": "Scheduled", "message": format!("Successfully assigned the pod to {node}"), "count": 1}])
        } else {
            json!([{"type": "Warning", "reason": "FailedScheduling", "message": self.trouble, "count": 12}])
        };
        json!({"pod": pod, "events": events})
    }
}

/// The digest that an image has: it follows from its name and tag.
fn digest_of(image: &str) -> String {
    Random::new(0, image).hex(64)
}
