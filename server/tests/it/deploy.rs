//! What is shipped to run Seamgrid with, as far as it can be checked without an engine: the manifests say
//! what Kubernetes needs and what the program means, the unit and the image name what exists.

use std::path::{Path, PathBuf};

use seamgrid::{settings::parse_settings, testgrid};
use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The flags and variables that the program knows.
fn help() -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_seamgrid"))
        .args(["serve", "--help"])
        .output()
        .expect("the program starts");
    String::from_utf8(output.stdout).expect("text")
}

/// One process with a file, and several on a server.
const ONE: &str = "deploy/kubernetes/seamgrid.yaml";
const SEVERAL: &str = "deploy/kubernetes/replicas.yaml";

fn manifests(path: &str) -> Vec<Value> {
    read(path)
        .split("\n---\n")
        .map(|document| serde_saphyr::from_str(document).expect("YAML"))
        .collect()
}

fn of_kind<'a>(manifests: &'a [Value], kind: &str) -> &'a Value {
    let mut found = manifests.iter().filter(|one| one["kind"] == kind);
    let one = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "{kind} is there once");
    one
}

/// What all manifests have in common; answers the Deployment.
fn check(manifests: &[Value]) -> &Value {
    for one in manifests {
        assert_eq!(one["metadata"]["name"], "seamgrid", "{one}");
        assert!(
            one["metadata"]["labels"]["app.kubernetes.io/name"].is_string(),
            "{one}"
        );
        let version = match one["kind"].as_str() {
            Some("Deployment") => "apps/v1",
            Some("PodDisruptionBudget") => "policy/v1",
            _ => "v1",
        };
        assert_eq!(one["apiVersion"], version, "{one}");
    }
    let account = of_kind(manifests, "ServiceAccount");
    assert_eq!(account["automountServiceAccountToken"], false);
    assert!(account["metadata"]["annotations"]["iam.gke.io/gcp-service-account"].is_string());

    let deployment = of_kind(manifests, "Deployment");
    let spec = &deployment["spec"];
    let labels = &spec["template"]["metadata"]["labels"];
    assert_eq!(spec["selector"]["matchLabels"], *labels);
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], account["metadata"]["name"]);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert!(pod["terminationGracePeriodSeconds"].as_i64() > Some(20));
    let container = &pod["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(
        container["securityContext"]["allowPrivilegeEscalation"],
        false
    );
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.filter_map(|one| one["name"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(names(&container["ports"]), ["http", "metrics"]);
    for (probe, path) in [
        ("readinessProbe", "/readyz?exclude=database"),
        ("livenessProbe", "/healthz"),
    ] {
        assert_eq!(container[probe]["httpGet"]["path"], path, "{probe}");
        assert_eq!(container[probe]["httpGet"]["port"], "http", "{probe}");
    }
    // A pod that waits for its database is not ended for it.
    assert_eq!(container["startupProbe"], Value::Null);
    let volumes = names(&pod["volumes"]);
    for mount in names(&container["volumeMounts"]) {
        assert!(volumes.contains(&mount), "{mount}");
    }

    let service = &of_kind(manifests, "Service")["spec"];
    assert_eq!(service["selector"], *labels);
    let served: Vec<&Value> = service["ports"]
        .as_array()
        .expect("ports")
        .iter()
        .map(|port| &port["targetPort"])
        .collect();
    assert_eq!(served, ["http"], "metrics are never on the public port");
    deployment
}

#[test]
fn the_manifests_hang_together() {
    let manifests = manifests(ONE);
    assert_eq!(manifests.len(), 5);
    let spec = &check(&manifests)["spec"];
    assert_eq!(spec["replicas"], 1, "SQLite has one process");
    assert_eq!(spec["strategy"]["type"], "Recreate");
    let claim = &spec["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"];
    assert_eq!(
        *claim,
        of_kind(&manifests, "PersistentVolumeClaim")["metadata"]["name"]
    );
}

#[test]
fn the_manifests_of_replicas_share_a_server() {
    let several = manifests(SEVERAL);
    assert_eq!(several.len(), 6);
    let spec = &check(&several)["spec"];
    assert!(spec["replicas"].as_i64() > Some(1));
    assert_eq!(spec["strategy"]["type"], "RollingUpdate");
    let budget = &of_kind(&several, "PodDisruptionBudget")["spec"];
    assert_eq!(budget["selector"], spec["selector"]);
    let pod = &spec["template"]["spec"];
    let volumes = pod["volumes"].as_array().expect("volumes");
    assert!(
        volumes
            .iter()
            .all(|volume| volume["persistentVolumeClaim"].is_null()),
        "no process has what others need"
    );
    let variable = &pod["containers"][0]["env"][0];
    assert_eq!(variable["name"], "SEAMGRID_DATABASE");
    assert!(help().contains("env: SEAMGRID_DATABASE="));
    let secret = of_kind(&several, "Secret");
    let key = &variable["valueFrom"]["secretKeyRef"];
    assert_eq!(key["name"], secret["metadata"]["name"]);
    let url = &secret["stringData"][key["key"].as_str().expect("a key")];
    assert!(
        url.as_str()
            .is_some_and(|url| url.starts_with("postgres://"))
    );
    let service = &of_kind(&several, "Service")["spec"];
    assert_eq!(
        service["sessionAffinity"], "ClientIP",
        "a page's program comes from the version that drew it"
    );
    let configuration = |path: &str| of_kind(&manifests(path), "ConfigMap").clone();
    assert_eq!(configuration(ONE), configuration(SEVERAL));
}

#[test]
fn the_configuration_in_the_manifests_is_good() {
    let manifests = manifests(ONE);
    let files = &of_kind(&manifests, "ConfigMap")["data"];
    let folder = TempDir::new().expect("a folder");
    for name in ["seamgrid.yaml", "testgrid.yaml"] {
        let text = files[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} is there"));
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let text = files["seamgrid.yaml"].as_str().expect("text");
    let settings = parse_settings(text, Path::new("seamgrid.yaml"), folder.path());
    let settings = settings.expect("good settings");
    seamgrid::bucket::Buckets::from_settings(&settings.buckets).expect("good buckets");
    let report = testgrid::check_config(&settings.testgrid.config);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn image_and_unit_name_what_exists() {
    let help = help();
    let dockerfile = read("Dockerfile");
    let unit = read("deploy/systemd/seamgrid.service");
    let variables = |text: &str| -> Vec<String> {
        text.split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_'))
            .filter(|word| word.starts_with("SEAMGRID_"))
            .map(str::to_owned)
            .collect()
    };
    for (name, text) in [("Dockerfile", &dockerfile), ("seamgrid.service", &unit)] {
        let found = variables(text);
        assert!(found.len() >= 4, "{name}: {found:?}");
        for variable in found {
            assert!(
                help.contains(&format!("env: {variable}=")),
                "{name}: {variable}"
            );
        }
    }

    // The image: stages by name, nobody in particular, what is copied from a stage that is there.
    let instructions: Vec<(&str, &str)> = dockerfile
        .lines()
        .filter(|line| !line.starts_with(['#', ' ']) && !line.is_empty())
        .map(|line| line.split_once(' ').expect("an instruction and what for"))
        .collect();
    let stages: Vec<&str> = instructions
        .iter()
        .filter(|(word, _)| *word == "FROM")
        .map(|(_, rest)| *rest)
        .collect();
    assert_eq!(stages.len(), 2, "{stages:?}");
    assert!(
        stages[0].ends_with(" AS build") && stages[1].ends_with("-slim"),
        "{stages:?}"
    );
    let at = |wanted: &str| instructions.iter().position(|(word, _)| *word == wanted);
    assert!(at("USER") > at("COPY") && at("USER") < at("ENTRYPOINT"));
    assert!(dockerfile.contains("COPY --from=build "));
    assert!(
        !instructions
            .iter()
            .any(|(word, rest)| *word == "USER" && rest.contains("root"))
    );

    // The unit: sections and keys only, a program at a whole path, and none of root's rights.
    let mut section = String::new();
    for line in unit
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            assert!(["Unit", "Service", "Install"].contains(&name), "{name}");
            name.clone_into(&mut section);
        } else {
            assert!(line.contains('=') && !section.is_empty(), "{line}");
        }
    }
    for line in [
        "ExecStart=/usr/local/bin/seamgrid serve",
        "DynamicUser=yes",
        "StateDirectory=seamgrid",
        "ProtectSystem=strict",
        "KillSignal=SIGTERM",
    ] {
        assert!(unit.lines().any(|known| known == line), "{line}");
    }
}
