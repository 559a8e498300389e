//! From a build's files to its column: a configuration commit that is inferred, never shown as if it had
//! been read, and images that were built again under the same tag.

use model::infra::Source;
use seamgrid::{
    infra::impact::{ImpactKeeper, SharedMap},
    prow::{BuildFile, BuildFiles, ParseOptions, parse_build},
    read::{Catalog, Reader},
    settings::{ComponentSettings, Settings, VersionRule},
    store::Store,
    testgrid::load_configuration,
};
use serde_json::json;

use super::repository::NewRepository;

const REPO: &str = "kubernetes/test-infra";
/// 20 November 2026, 11:00 UTC.
const NOW_MS: i64 = 1_795_172_400_000;
const HOUR_MS: i64 = 3_600_000;
const TAG: &str = "gcr.io/k8s-staging-test-infra/krte:v20261101-aaaaaaaaaa-master";

const TESTGRID: &str = "
test_groups:
- {name: ci-a, gcs_prefix: b/logs/ci-a}
dashboards:
- name: d
  dashboard_tab:
  - {name: t, test_group_name: ci-a}
";

fn jobs(timeout: &str) -> String {
    format!(
        "
periodics:
- name: ci-a
  interval: 1h
  decorate: true
  decoration_config: {{timeout: {timeout}}}
  spec:
    containers: [{{image: '{TAG}', command: [sleep]}}]
"
    )
}

fn time(at_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at_ms)
        .expect("a time")
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The files of a build that began so many hours before now.
fn build(hours: i64, timeout: &str, digest: Option<&str>) -> BuildFiles {
    let at_ms = NOW_MS - hours * HOUR_MS;
    let spec = json!({"containers": [{"name": "test", "image": TAG}]});
    let mut statuses = Vec::new();
    if let Some(digest) = digest {
        let id = format!(
            "gcr.io/k8s-staging-test-infra/krte@sha256:{}",
            digest.repeat(64)
        );
        statuses.push(json!({"name": "test", "imageID": id}));
    }
    let files = [
        ("started.json", json!({"timestamp": at_ms / 1000})),
        (
            "finished.json",
            json!({"timestamp": at_ms / 1000 + 60, "passed": true, "result": "SUCCESS"}),
        ),
        (
            "prowjob.json",
            json!({
                "metadata": {"creationTimestamp": time(at_ms - 5_000)},
                "spec": {
                    "job": "ci-a",
                    "cluster": "default",
                    "decoration_config": {"timeout": timeout},
                    "pod_spec": {"containers": [{"name": "", "image": TAG, "command": ["sleep"], "resources": {}}]},
                },
            }),
        ),
        (
            "podinfo.json",
            json!({"pod": {"spec": spec, "status": {"phase": "Succeeded", "containerStatuses": statuses}}}),
        ),
    ];
    let build = (2_000_000 - hours).to_string();
    BuildFiles {
        bucket_path: format!("b/logs/ci-a/{build}"),
        job: "ci-a".into(),
        build,
        files: files
            .into_iter()
            .map(|(name, content)| BuildFile {
                name: name.into(),
                content: Ok(content.to_string().into()),
            })
            .collect(),
    }
}

#[tokio::test]
async fn inferred_versions_and_rebuilt_images_are_seams_of_their_own_kind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("test-infra.git");
    let mut repository = NewRepository::create(&path);
    let file = "config/jobs/a.yaml";
    let at = |hours: i64| NOW_MS - hours * HOUR_MS;
    let (before, after) = (jobs("1h"), jobs("2h"));
    repository.commit(at(200), "first", None, &[(file, Some(&before))]);
    // Ten minutes before the build of five hours ago.
    repository.commit(at(5) - HOUR_MS / 6, "second", None, &[(file, Some(&after))]);
    repository.commit(at(3) - HOUR_MS / 6, "third", None, &[("x", Some("1"))]);
    repository.finish();

    let mut settings = Settings::default();
    settings.infra.components.push(ComponentSettings {
        name: "job-config".into(),
        repo: REPO.into(),
        git: None,
        from: vec![VersionRule::JobConfiguration(true)],
    });
    let yaml = folder.path().join("testgrid.yaml");
    std::fs::write(&yaml, TESTGRID).expect("it can be written");
    let configuration = load_configuration(&[yaml], &[]).configuration;
    let group = &configuration.test_groups[0];
    let options = ParseOptions {
        group,
        components: &settings.infra.components,
        several_prefixes: false,
        now_ms: NOW_MS,
        stop_ms: 0,
    };
    // The one of five hours ago still ran with the old configuration, the one of four without telling its
    // digest, and the last two with another image under the same tag.
    let runs: Vec<_> = [
        build(6, "1h0m0s", Some("a")),
        build(5, "1h0m0s", Some("a")),
        build(4, "2h0m0s", None),
        build(3, "2h0m0s", Some("b")),
        build(2, "2h0m0s", Some("b")),
    ]
    .iter()
    .map(|files| parse_build(files, &options))
    .collect();
    let url = format!("sqlite://{}", folder.path().join("s.db").display());
    let store = Store::open(&url).await.expect("a database");
    let id = store.add_group("ci-a").await.expect("a group");
    store.save_runs(id, &runs, NOW_MS).await.expect("saved");

    let catalog = Catalog::new(&configuration, &[]);
    let reader = Reader::new(store.clone(), catalog, &settings).expect("the pattern is right");
    reader.publish_all().await.expect("it is published");
    let versions = async |component: &str| {
        let view = reader.tab_view("d", "t").await.expect("there is a tab");
        let grid = view.grid.grid.clone();
        let versions: Vec<(Option<String>, Source)> = grid
            .columns
            .iter()
            .map(|column| {
                let all = column.infra.iter().chain(&column.product);
                let mut all = all.filter(|version| version.component == component);
                let version = all.next().expect("it is a component");
                (version.version.clone(), version.source)
            })
            .collect();
        let seams: Vec<(u32, bool)> = grid
            .transitions
            .iter()
            .filter(|seam| seam.component == component)
            .map(|seam| (seam.column, seam.certain))
            .collect();
        (versions, seams)
    };
    // As long as the history is not known, nothing is.
    let (unknown, seams) = versions("job-config").await;
    assert!(
        unknown
            .iter()
            .all(|version| *version == (None, Source::Unknown))
    );
    assert_eq!(seams, []);

    let keeper = ImpactKeeper::new(store.clone(), &settings);
    keeper
        .update(REPO, path, NOW_MS)
        .await
        .expect("it can be read");
    let map = keeper.map();
    let shas: Vec<String> = map.commits(REPO).map(|commit| commit.sha.clone()).collect();
    reader.set_impact(Box::new(SharedMap(map)));
    reader.publish_changed().await.expect("it is published");
    let (inferred, seams) = versions("job-config").await;
    let commit = |place: usize| (Some(shas[place].clone()), Source::Inferred);
    // The third commit changed nothing of the job.
    assert_eq!(
        inferred,
        [commit(1), commit(1), commit(1), commit(0), commit(0)]
    );
    assert_eq!(seams, [(2, false)], "never as if it had been observed");

    let (images, seams) = versions("test-infra").await;
    let image = |digest: &str| {
        let version = format!("aaaaaaaaaa@{}", digest.repeat(12));
        (Some(version), Source::ImageTag)
    };
    let expected = [
        image("b"),
        image("b"),
        (None, Source::Unknown),
        image("a"),
        image("a"),
    ];
    assert_eq!(images, expected);
    assert_eq!(seams, [(1, false)]);
}
