use model::infra::{ComponentKind, Source};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;
use crate::settings::InfraSettings;

const CLONED: &str = "1111111111111111111111111111111111111111";
const STARTED: &str = "2222222222222222222222222222222222222222";
const PULL: &str = "3333333333333333333333333333333333333333";

/// The files of a build as JSON; `null` for a file that is not there.
#[derive(Default)]
struct Files {
    started: Value,
    finished: Value,
    metadata: Value,
    clones: Value,
    prowjob: Value,
    pod: Value,
}

impl Files {
    fn versions(self) -> Vec<ComponentVersion> {
        fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
            (!value.is_null()).then(|| serde_json::from_value(value).expect("a file"))
        }
        let started = read(self.started);
        let finished = read(self.finished);
        let metadata = read(self.metadata);
        let clones: Option<Vec<CloneRecord>> = read(self.clones);
        let prowjob = read(self.prowjob);
        let pod = read(self.pod);
        find_versions(
            &InfraSettings::default().components,
            &Evidence {
                started: started.as_ref(),
                finished: finished.as_ref(),
                metadata: metadata.as_ref(),
                clone_records: clones.as_deref(),
                prowjob: prowjob.as_ref(),
                prowjob_bytes: None,
                pod: pod.as_ref(),
                upload: None,
            },
        )
    }
}

fn images(images: &[&str]) -> Value {
    let containers: Vec<Value> = images.iter().map(|image| json!({"image": image})).collect();
    json!({"spec": {"pod_spec": {"containers": containers}}})
}

#[track_caller]
fn check(files: Files, component: &str, version: Option<&str>, source: Source, evidence: &str) {
    let versions = files.versions();
    let found = versions
        .iter()
        .find(|found| found.component == component)
        .unwrap_or_else(|| panic!("no {component} among {versions:#?}"));
    assert_eq!(found.version.as_deref(), version, "{found:?}");
    assert_eq!(found.source, source);
    assert_eq!(found.evidence.as_deref().unwrap_or_default(), evidence);
}

#[test]
fn metadata_is_believed_first() {
    let all = || Files {
        started: json!({"repos": {"kubernetes/test-infra": format!("master:{STARTED}")}}),
        finished: json!({"metadata": {"infra-commit": "1b7fbb373"}}),
        metadata: json!({"infra-commit": "other"}),
        clones: json!([{"refs": {"org": "kubernetes", "repo": "test-infra"}, "final_sha": CLONED}]),
        prowjob: images(&["gcr.io/k8s-testimages/kubekins-e2e:v20200101-abcdef0-master"]),
        ..Files::default()
    };
    check(
        all(),
        "test-infra",
        Some("1b7fbb373"),
        Source::Metadata,
        "infra-commit: 1b7fbb373",
    );
    let missing = Files {
        finished: json!({"metadata": {"infra-commit": "missing"}}),
        ..all()
    };
    check(
        missing,
        "test-infra",
        Some("other"),
        Source::Metadata,
        "infra-commit: other",
    );
    let nested = Files {
        finished: json!({"metadata": {"infra-commit": {"sha": "x"}}}),
        metadata: json!({"infra-commit": " "}),
        ..all()
    };
    check(
        nested,
        "test-infra",
        Some(CLONED),
        Source::CloneRecord,
        &format!("kubernetes/test-infra final_sha {CLONED}"),
    );
}

#[test]
fn only_a_commit_in_repos_counts() {
    let started = |entry: &str| Files {
        // Another repository is the main one, so that its commit is not taken for this.
        started: json!({
            "repos": {"kubernetes/kubernetes": format!("master:{CLONED},1:{PULL}"), "kubernetes/test-infra": entry},
            "repo-commit": CLONED,
        }),
        ..Files::default()
    };
    for (entry, version) in [
        (format!("master:{STARTED}"), Some(STARTED)),
        (format!("master:{STARTED},7:{PULL}"), Some(PULL)),
        (format!("master:{STARTED},7:{PULL}:refs/pull/7"), Some(PULL)),
        (STARTED.to_owned(), Some(STARTED)),
        ("master".to_owned(), None),
        ("master:5a529".to_owned(), None),
        (String::new(), None),
    ] {
        let source = version.map_or(Source::Unknown, |_| Source::StartedRepo);
        let evidence = format!("kubernetes/test-infra: {entry}");
        check(
            started(&entry),
            "test-infra",
            version,
            source,
            evidence.trim(),
        );
    }
    let main = Files {
        started: json!({"repos": {"kubernetes/test-infra": "master"}, "repo-commit": STARTED}),
        ..Files::default()
    };
    check(
        main,
        "test-infra",
        Some(STARTED),
        Source::StartedRepo,
        &format!("repo-commit: {STARTED}"),
    );
}

#[test]
fn failed_clones_say_nothing() {
    for record in [
        json!({"refs": {"org": "kubernetes", "repo": "test-infra", "base_ref": "master"}, "failed": true, "final_sha": CLONED}),
        json!({"refs": {"org": "kubernetes", "repo": "test-infra", "base_ref": "master"}}),
    ] {
        let files = Files {
            clones: json!([record]),
            ..Files::default()
        };
        check(
            files,
            "test-infra",
            None,
            Source::Unknown,
            "kubernetes/test-infra master",
        );
    }
}

#[test]
fn image_tags_name_the_commit_of_the_build_of_the_image() {
    let kubekins =
        "us.pkg.dev/k8s-staging-test-infra/images/kubekins-e2e:v20251202-7619858115-master";
    for (list, version, evidence) in [
        (vec![kubekins], Some("7619858115"), kubekins.to_owned()),
        (
            vec![
                "golang:1.25",
                "gcr.io/k8s-testimages/bootstrap:v20221208-8898931a7f",
            ],
            Some("8898931a7f"),
            "gcr.io/k8s-testimages/bootstrap:v20221208-8898931a7f".to_owned(),
        ),
        (
            vec!["gcr.io/k8s-testimages/x:v20200101-v1.2.3-45-gabcdef0"],
            Some("abcdef0"),
            "gcr.io/k8s-testimages/x:v20200101-v1.2.3-45-gabcdef0".to_owned(),
        ),
        (
            vec!["gcr.io/k8s-testimages/x:latest"],
            None,
            "gcr.io/k8s-testimages/x:latest".to_owned(),
        ),
        (
            vec!["gcr.io/k8s-testimages/x@sha256:abc"],
            None,
            "gcr.io/k8s-testimages/x@sha256:abc".to_owned(),
        ),
        (vec!["golang:v20200101-abcdef0"], None, String::new()),
        // Two images that disagree: the first container runs the tests; the evidence names both.
        (
            vec![kubekins, "gcr.io/k8s-testimages/dind:v20200101-abcdef0"],
            Some("7619858115"),
            format!("{kubekins}; also gcr.io/k8s-testimages/dind:v20200101-abcdef0"),
        ),
        (
            vec!["gcr.io/k8s-testimages/x:latest", kubekins],
            Some("7619858115"),
            kubekins.to_owned(),
        ),
    ] {
        let files = Files {
            prowjob: images(&list),
            ..Files::default()
        };
        let source = version.map_or(Source::Unknown, |_| Source::ImageTag);
        check(files, "test-infra", version, source, &evidence);
    }
}

#[test]
fn the_pod_tells_digests_and_stands_in_for_the_prowjob() {
    let image = "gcr.io/k8s-testimages/kubekins-e2e:v20251202-7619858115-master";
    let clonerefs = "us.pkg.dev/k8s-infra-prow/images/clonerefs:v20251201-0a1b2c3d4e";
    let pod = || {
        json!({
            "spec": {
                "containers": [{"name": "test", "image": image}, {"name": "sidecar", "image": "x:v20251201-0a1b2c3d4e"}],
                "initContainers": [{"name": "clonerefs", "image": clonerefs}],
            },
            "status": {
                "containerStatuses": [{"name": "test", "imageID": "docker-pullable://gcr.io/k8s-testimages/kubekins-e2e@sha256:feed"}],
                "initContainerStatuses": [{"name": "clonerefs", "imageID": "x@sha256:beef"}],
            },
        })
    };
    let evidence = format!("{image}@sha256:feed");
    for prowjob in [Value::Null, images(&[image])] {
        let files = Files {
            pod: pod(),
            prowjob,
            ..Files::default()
        };
        check(
            files,
            "test-infra",
            Some("7619858115"),
            Source::ImageTag,
            &evidence,
        );
    }
    let files = Files {
        pod: pod(),
        ..Files::default()
    };
    check(
        files,
        "prow",
        Some("0a1b2c3d4e"),
        Source::UtilityImageTag,
        &format!("{clonerefs}@sha256:beef"),
    );
    let files = Files {
        prowjob: json!({"spec": {"decoration_config": {"utility_images": {"clonerefs": "quay.io/ci:latest"}}}}),
        ..Files::default()
    };
    check(files, "prow", None, Source::Unknown, "quay.io/ci:latest");
    check(Files::default(), "prow", None, Source::Unknown, "");
}

#[test]
fn every_product_repository_has_a_version_of_its_own() {
    let files = Files {
        started: json!({
            "repos": {
                "kubernetes/kubernetes": format!("master:{STARTED}"),
                "kubernetes/test-infra": "master",
                "kubernetes/release": "master",
            },
            "repo-commit": CLONED,
        }),
        prowjob: json!({"spec": {
            "refs": {"org": "kubernetes", "repo": "kubernetes", "base_ref": "master"},
            "extra_refs": [
                {"org": "kubernetes", "repo": "test-infra", "base_ref": "master"},
                {"org": "kubernetes", "repo": "perf-tests", "base_ref": "main", "base_sha": PULL},
            ],
        }}),
        ..Files::default()
    };
    let products: Vec<(String, Option<String>, Source)> = files
        .versions()
        .into_iter()
        .filter(|version| version.kind == ComponentKind::Product)
        .map(|version| (version.component, version.version, version.source))
        .collect();
    assert_eq!(
        products,
        [
            (
                "kubernetes/kubernetes".to_owned(),
                Some(CLONED.to_owned()),
                Source::StartedRepo
            ),
            (
                "kubernetes/perf-tests".to_owned(),
                Some(PULL.to_owned()),
                Source::ProwJob
            ),
            ("kubernetes/release".to_owned(), None, Source::Unknown),
        ]
    );
}

#[test]
fn an_infra_commit_is_never_a_product() {
    // A periodic job whose only repository is the infra one, testing a released version.
    let files = Files {
        started: json!({
            "repos": {"kubernetes/test-infra": "master"},
            "repo-commit": STARTED,
            "repo-version": STARTED,
        }),
        finished: json!({"metadata": {"job-version": "v1.32.0-alpha.1+abcdef0123456"}}),
        ..Files::default()
    };
    let products: Vec<ComponentVersion> = files
        .versions()
        .into_iter()
        .filter(|version| version.kind == ComponentKind::Product)
        .collect();
    assert_eq!(products.len(), 1, "{products:#?}");
    assert_eq!(products[0].component, product::UNNAMED);
    assert_eq!(products[0].version.as_deref(), Some("abcdef0123456"));
}

#[test]
fn repositories_have_one_name() {
    for (written, name) in [
        ("k8s.io/kubernetes", "kubernetes/kubernetes"),
        ("sigs.k8s.io/kueue", "kubernetes-sigs/kueue"),
        ("kubernetes/kubernetes", "kubernetes/kubernetes"),
        (
            "https://github.com/openshift/origin.git",
            "openshift/origin",
        ),
        ("github.com/a/b/", "a/b"),
    ] {
        assert_eq!(canonical_repo(written), name);
    }
}

#[test]
fn the_cluster_is_the_one_that_the_prowjob_names() {
    let components = [ComponentSettings {
        name: "cluster".into(),
        repo: String::new(),
        git: None,
        from: vec![VersionRule::Cluster(true)],
    }];
    for (object, version) in [
        (
            json!({"spec": {"cluster": "k8s-infra-prow-build"}}),
            Some("k8s-infra-prow-build"),
        ),
        (json!({"spec": {"cluster": " "}}), None),
        (json!({"spec": {}}), None),
    ] {
        let prowjob: ProwJob = serde_json::from_value(object).expect("a ProwJob");
        let evidence = Evidence {
            prowjob: Some(&prowjob),
            ..Evidence::default()
        };
        let found = &find_versions(&components, &evidence)[0];
        assert_eq!(found.version.as_deref(), version);
        assert_eq!(found.source == Source::ProwJob, version.is_some());
    }
}
