//! `podinfo.json`: the pod as Kubernetes saw it last, and what that says about the build.

use model::{run::Cell, status::Status};
use serde::Deserialize;

use super::{
    json::or_default,
    prowjob::{Metadata, PodSpec},
    text::cut_message,
};

/// What is said when the file is missing.
pub const MISSING: &str = "podinfo.json not found in job artifacts (has not uploaded, or Prow's GCS reporter is not enabled).";
/// What is said when nothing watches over the test container.
const UNDECORATED: &str = "Decoration is not enabled; set `decorate: true` on Prowjob.";
/// The container that uploads results.
pub const SIDECAR: &str = "sidecar";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodInfo {
    /// `None` when Prow knew of no pod.
    pub pod: Option<Pod>,
}

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Name and labels.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// What was to run.
    #[serde(deserialize_with = "or_default")]
    pub spec: PodSpec,
    /// How it went.
    #[serde(deserialize_with = "or_default")]
    pub status: PodStatus,
}

/// How a pod fared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    #[serde(deserialize_with = "or_default")]
    pub phase: String,
    /// RFC 3339.
    #[serde(deserialize_with = "or_default")]
    pub start_time: String,
    /// Milestones.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    /// In no particular order.
    #[serde(deserialize_with = "or_default")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// In no particular order.
    #[serde(deserialize_with = "or_default")]
    pub container_statuses: Vec<ContainerStatus>,
}

/// A milestone.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// `PodScheduled`, `Initialized`, `Ready`, …
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// `True`, `False`, `Unknown`.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// For people.
    #[serde(deserialize_with = "or_default")]
    pub message: String,
}

/// How a container fared.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContainerStatus {
    /// Which.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// What ran, with its digest: `…@sha256:…`.
    #[serde(rename = "imageID", deserialize_with = "or_default")]
    pub image_id: String,
    /// Exactly one of its parts is there.
    #[serde(deserialize_with = "or_default")]
    pub state: ContainerState,
}

/// The state of a container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// Has not begun.
    pub waiting: Option<Reason>,
    /// Has not ended.
    pub running: Option<Reason>,
    /// Has ended.
    pub terminated: Option<Terminated>,
}

/// Why a container is in its state.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Reason {
    /// For people.
    #[serde(deserialize_with = "or_default")]
    pub message: String,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Terminated {
    /// 0 when it went well.
    #[serde(rename = "exitCode", deserialize_with = "or_default")]
    pub exit_code: i64,
    /// For people.
    #[serde(deserialize_with = "or_default")]
    pub message: String,
}

impl ContainerStatus {
    /// What is wrong with the container; `None` when it ended well or says nothing.
    fn trouble(&self) -> Option<String> {
        if let Some(waiting) = &self.state.waiting {
            Some(format!("{} still waiting: {}", self.name, waiting.message))
        } else if self.state.running.is_some() {
            Some(format!("{} still running", self.name))
        } else {
            let ended = self.state.terminated.as_ref()?;
            (ended.exit_code != 0).then(|| {
                format!(
                    "{} exited {}: {}",
                    self.name,
                    ended.exit_code,
                    cut_message(ended.message.as_bytes())
                )
            })
        }
    }
}

/// What the Pod row says. `pod` is `None` while there is no file; `late` whether the build's
/// deadline has passed. TestGrid's rules, the first that applies.
pub fn pod_cell(pod: Option<&Pod>, late: bool) -> Cell {
    let Some(pod) = pod else {
        return Cell {
            icon: "!".into(),
            message: MISSING.into(),
            ..Cell::plain(if late {
                Status::PassWithSkips
            } else {
                Status::Running
            })
        };
    };
    let status = &pod.status;
    if status.phase == "Succeeded" {
        return Cell::plain(Status::Pass);
    }
    let unmet = |kind: &str| {
        status
            .conditions
            .iter()
            .rfind(|condition| condition.kind == kind)
            .filter(|condition| condition.status != "True")
    };
    let failed = |message: String| Cell {
        icon: "F".into(),
        message: cut_message(message.as_bytes()),
        ..Cell::plain(Status::Fail)
    };
    if let Some(condition) = unmet("PodScheduled") {
        return failed(format!("pod did not schedule: {}", condition.message));
    }
    if let Some(condition) = unmet("Initialized") {
        return failed(format!("pod could not initialize: {}", condition.message));
    }
    for container in &status.init_container_statuses {
        if let Some(trouble) = container.trouble() {
            return failed(format!("init container {trouble}"));
        }
    }
    for container in &status.container_statuses {
        // A test container that ended badly is the test's own failure.
        if (container.name == SIDECAR || container.state.terminated.is_none())
            && let Some(trouble) = container.trouble()
        {
            return failed(trouble);
        }
    }
    if status
        .container_statuses
        .iter()
        .any(|container| container.name == SIDECAR)
    {
        Cell::plain(Status::Pass)
    } else {
        Cell {
            icon: "E".into(),
            message: UNDECORATED.into(),
            ..Cell::plain(Status::Pass)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pod: &str, status: Status, icon: &str, message: &str) {
        let pod: Pod = serde_json::from_str(pod).expect("a pod");
        let cell = pod_cell(Some(&pod), false);
        assert_eq!(
            (cell.status, cell.icon.as_str(), cell.message.as_str()),
            (status, icon, message)
        );
    }

    #[test]
    fn a_missing_pod_is_pending_until_the_deadline() {
        for (late, status) in [(false, Status::Running), (true, Status::PassWithSkips)] {
            let cell = pod_cell(None, late);
            assert_eq!((cell.status, cell.icon.as_str()), (status, "!"));
            assert_eq!(cell.message, MISSING);
        }
    }

    #[test]
    fn pods_are_judged_by_the_first_rule_that_applies() {
        check(r#"{"status":{"phase":"Succeeded"}}"#, Status::Pass, "", "");
        check(
            r#"{"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","message":"no nodes"}]}}"#,
            Status::Fail,
            "F",
            "pod did not schedule: no nodes",
        );
        check(
            r#"{"status":{"conditions":[{"type":"PodScheduled","status":"True"},{"type":"Initialized","status":"False","message":"no image"}]}}"#,
            Status::Fail,
            "F",
            "pod could not initialize: no image",
        );
        for (state, message) in [
            (
                r#"{"waiting":{"message":"pulling"}}"#,
                "init container clonerefs still waiting: pulling",
            ),
            (
                r#"{"running":{}}"#,
                "init container clonerefs still running",
            ),
            (
                r#"{"terminated":{"exitCode":128,"message":"no host"}}"#,
                "init container clonerefs exited 128: no host",
            ),
        ] {
            check(
                &format!(
                    r#"{{"status":{{"phase":"Failed","initContainerStatuses":[{{"name":"clonerefs","state":{state}}}]}}}}"#
                ),
                Status::Fail,
                "F",
                message,
            );
        }
        check(
            r#"{"status":{"phase":"Failed","containerStatuses":[
                {"name":"test","state":{"terminated":{"exitCode":1}}},
                {"name":"sidecar","state":{"terminated":{"exitCode":2,"message":"upload"}}}]}}"#,
            Status::Fail,
            "F",
            "sidecar exited 2: upload",
        );
        check(
            r#"{"status":{"phase":"Running","containerStatuses":[
                {"name":"test","state":{"running":{}}},
                {"name":"sidecar","state":{"terminated":{"exitCode":0}}}]}}"#,
            Status::Fail,
            "F",
            "test still running",
        );
        check(
            r#"{"status":{"phase":"Failed","containerStatuses":[
                {"name":"test","state":{"terminated":{"exitCode":1}}},
                {"name":"sidecar","state":{"terminated":{"exitCode":0}}}]}}"#,
            Status::Pass,
            "",
            "",
        );
        check(
            r#"{"status":{"phase":"Failed","containerStatuses":[
                {"name":"test","state":{"terminated":{"exitCode":1}}}]}}"#,
            Status::Pass,
            "E",
            UNDECORATED,
        );
    }
}
