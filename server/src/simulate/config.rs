//! The configuration of a world: TestGrid YAML, Prow jobs with annotations, `seamgrid.yaml`.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    BUCKET,
    history::{BOSKOS, PRODUCT, PROW, TEST_INFRA, Tags},
    jobs::{Evidence, Job, Trigger},
};

/// A file below some folder: path and content.
pub(super) type File = (String, String);

/// Text as a YAML scalar. JSON strings are YAML strings.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The Prow job files, as paths below `config/jobs`. Which image tags they name depends on what is
/// deployed.
pub(super) fn job_files(jobs: &[Job], tags: &Tags) -> Vec<File> {
    let mut files: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
    for job in jobs {
        if let Some(file) = &job.file {
            files.entry(file).or_default().push(job);
        }
    }
    files
        .into_iter()
        .map(|(path, jobs)| {
            let mut text = String::new();
            let periodics: Vec<_> = jobs
                .iter()
                .filter(|job| job.trigger == Trigger::Periodic)
                .collect();
            if !periodics.is_empty() {
                text.push_str("periodics:\n");
                for job in periodics {
                    job_yaml(&mut text, job, tags, "");
                }
            }
            for (key, want) in [("presubmits", true), ("postsubmits", false)] {
                let mut repos: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
                for job in &jobs {
                    match job.trigger {
                        Trigger::Presubmit(repo) if want => {
                            repos.entry(repo).or_default().push(job);
                        }
                        Trigger::Postsubmit(repo) if !want => {
                            repos.entry(repo).or_default().push(job);
                        }
                        _ => {}
                    }
                }
                if repos.is_empty() {
                    continue;
                }
                let _ = writeln!(text, "{key}:");
                for (repo, jobs) in repos {
                    let _ = writeln!(text, "  {repo}:");
                    for job in jobs {
                        job_yaml(&mut text, job, tags, "  ");
                    }
                }
            }
            (path.to_owned(), text)
        })
        .collect()
}

fn job_yaml(text: &mut String, job: &Job, tags: &Tags, indent: &str) {
    let mut line = |content: &str| {
        let _ = writeln!(text, "{indent}{content}");
    };
    line(&format!("- name: {}", job.name));
    match job.trigger {
        // Nightly jobs run at a time of the day, others so long after they ended.
        Trigger::Periodic if job.every_mins >= 1440 => {
            line(&format!("  cron: '{} 7 * * *'", job.name.len() % 60));
        }
        Trigger::Periodic if job.every_mins % 60 == 0 => {
            line(&format!("  interval: {}h", job.every_mins / 60));
        }
        Trigger::Periodic => line(&format!("  interval: {}m", job.every_mins)),
        Trigger::Presubmit(_) => {
            line("  always_run: true");
            line("  branches:");
            line(&format!("  - {}", base_ref(job)));
        }
        Trigger::Postsubmit(_) => {
            line("  branches:");
            line(&format!("  - {}", base_ref(job)));
        }
    }
    line(&format!("  cluster: {}", job.cluster));
    line("  decorate: true");
    line("  decoration_config:");
    line(&format!("    timeout: {}m", job.takes_mins * 2 + 30));
    line("  labels:");
    line("    preset-service-account: \"true\"");
    if job.leases {
        line("    preset-k8s-boskos: \"true\"");
    }
    let refs = extra_refs(job);
    if !refs.is_empty() {
        line("  extra_refs:");
        for (org, repo, branch) in refs {
            line(&format!("  - org: {org}"));
            line(&format!("    repo: {repo}"));
            line(&format!("    base_ref: {branch}"));
            if repo == "kubernetes" {
                line("    path_alias: k8s.io/kubernetes");
            }
        }
    }
    line("  annotations:");
    let dashboards: Vec<&str> = job.tabs.iter().map(|(name, _)| name.as_str()).collect();
    line(&format!(
        "    testgrid-dashboards: {}",
        dashboards.join(", ")
    ));
    if let Some((_, tab)) = job.tabs.first() {
        line(&format!("    testgrid-tab-name: {}", quoted(tab)));
    }
    line(&format!("    description: {}", quoted(&job.description)));
    if dashboards
        .iter()
        .any(|name| name.starts_with("sig-release-"))
    {
        line("    testgrid-alert-email: release-signal@example.com");
    }
    if job.every_mins >= 1440 {
        line("    testgrid-num-failures-to-alert: '2'");
        line("    testgrid-num-columns-recent: '6'");
    } else if job.every_mins > 0 && job.every_mins <= 120 {
        line("    testgrid-num-columns-recent: '20'");
    }
    if job.forks && job.branch == 0 {
        line("    fork-per-release: \"true\"");
        line(&format!(
            "    fork-per-release-replacements: \"{} -> {}-{{{{.Version}}}}\"",
            job.name, job.name
        ));
    }
    line("  spec:");
    line("    containers:");
    line(&format!("    - image: {}", job.image_at(&tags.images)));
    line("      command:");
    for word in command(job) {
        line(&format!("      - {}", quoted(&word)));
    }
    line("      resources:");
    for kind in ["requests", "limits"] {
        line(&format!("        {kind}:"));
        line("          cpu: \"4\"");
        line(&format!("          memory: {}Gi", memory_gi(job)));
    }
}

/// How much memory its pod asks for.
pub(super) fn memory_gi(job: &Job) -> usize {
    (4 + job.tests / 60).min(36)
}

/// The branch that is tested.
pub(super) fn base_ref(job: &Job) -> String {
    if job.repo() == BOSKOS {
        "main".into()
    } else {
        job.git_branch()
    }
}

/// `(org, repo, base_ref)` of the repositories that a periodic job clones; the repository under test
/// comes first.
pub(super) fn extra_refs(job: &Job) -> Vec<(&'static str, &'static str, String)> {
    let mut refs = Vec::new();
    if job.trigger == Trigger::Periodic {
        refs.push(("kubernetes", "kubernetes", base_ref(job)));
    }
    if matches!(job.evidence, Evidence::Clone | Evidence::Started) {
        refs.push(("kubernetes", "test-infra", "master".into()));
    }
    refs
}

/// What the job's container runs.
pub(super) fn command(job: &Job) -> Vec<String> {
    let mut words = vec!["runner.sh".to_owned()];
    if job.suite.has_cluster() {
        let provider = if job.leases { "gce" } else { "kind" };
        words.extend(
            [
                "kubetest2",
                provider,
                "--up",
                "--down",
                "--test=ginkgo",
                "--",
            ]
            .map(str::to_owned),
        );
        words.push(format!(
            "--parallel={}",
            if job.takes_mins > 300 { 1 } else { 25 }
        ));
    } else {
        words.push("make".into());
        words.push(format!("{:?}", job.suite).to_ascii_lowercase());
    }
    words
}

/// All files of kubernetes/test-infra that name an image.
pub(super) fn infra_files(jobs: &[Job], tags: &Tags) -> Vec<File> {
    let mut files: Vec<File> = job_files(jobs, tags)
        .into_iter()
        .map(|(path, text)| (format!("config/jobs/{path}"), text))
        .collect();
    files.push(("config/prow/config.yaml".into(), prow_config(&tags.prow)));
    for component in [
        "crier",
        "deck",
        "hook",
        "prow-controller-manager",
        "sinker",
        "tide",
    ] {
        files.push((
            format!("config/prow/cluster/{component}_deployment.yaml"),
            deployment(
                component,
                &format!("{PROW_IMAGES}/{component}:{}", tags.prow),
            ),
        ));
    }
    for component in ["boskos", "cleaner", "janitor", "reaper"] {
        files.push((
            format!("config/prow/cluster/build/boskos/{component}.yaml"),
            deployment(
                component,
                &format!("gcr.io/k8s-staging-boskos/{component}:{}", tags.boskos),
            ),
        ));
    }
    files
}

/// Where Prow's images are.
pub(super) const PROW_IMAGES: &str = "us-docker.pkg.dev/k8s-infra-prow/images";

/// The four images that decorate a job.
pub(super) fn utility_images(tag: &str) -> [(&'static str, String); 4] {
    ["clonerefs", "entrypoint", "initupload", "sidecar"]
        .map(|name| (name, format!("{PROW_IMAGES}/{name}:{tag}")))
}

fn prow_config(tag: &str) -> String {
    let mut text = format!(
        "prowjob_namespace: default\npod_namespace: test-pods\nplank:\n  default_decoration_config_entries:\n  - config:\n      timeout: 2h\n      grace_period: 15m\n      gcs_configuration:\n        bucket: {BUCKET}\n        path_strategy: legacy\n        default_org: kubernetes\n        default_repo: kubernetes\n      gcs_credentials_secret: service-account\n      utility_images:\n"
    );
    for (name, image) in utility_images(tag) {
        let _ = writeln!(text, "        {name}: {image}");
    }
    text
}

fn deployment(name: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n      - name: {name}\n        image: {image}\n"
    )
}

/// The TestGrid files, as paths below `config/testgrids`.
pub(super) fn testgrid_files(jobs: &[Job]) -> Vec<File> {
    // With the tabs that no annotation brings.
    let mut dashboards: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
    for job in jobs {
        for (dashboard, _) in &job.tabs {
            let shown = dashboards.entry(dashboard).or_default();
            if job.file.is_none() {
                shown.push(job);
            }
        }
    }

    let mut files = vec![("default.yaml".to_owned(), DEFAULTS.to_owned())];
    let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for &name in dashboards.keys() {
        owners.entry(owner_of(name)).or_default().push(name);
    }
    for (owner, names) in &owners {
        let mut text = format!("dashboard_groups:\n- name: {owner}\n  dashboard_names:\n");
        for name in names {
            let _ = writeln!(text, "  - {name}");
        }
        text.push_str("\ndashboards:\n");
        let mut groups = String::new();
        for name in names {
            let _ = writeln!(text, "- name: {name}");
            let shown = &dashboards[name];
            if !shown.is_empty() {
                text.push_str("  dashboard_tab:\n");
            }
            for job in shown {
                static_tab(&mut text, &mut groups, job, name);
            }
        }
        if !groups.is_empty() {
            let _ = write!(text, "\ntest_groups:\n{groups}");
        }
        files.push((format!("kubernetes/{owner}/config.yaml"), text));
    }
    files
}

/// A job whose group and tab stand in the TestGrid YAML itself.
fn static_tab(text: &mut String, groups: &mut String, job: &Job, dashboard: &str) {
    for (_, tab) in job.tabs.iter().filter(|(name, _)| name == dashboard) {
        let _ = write!(
            text,
            "  - name: {}\n    test_group_name: {}\n    description: {}\n    alert_options:\n      alert_mail_to_addresses: testing-signal@example.com\n",
            quoted(tab),
            job.name,
            quoted(&job.description),
        );
    }
    let _ = write!(
        groups,
        "- name: {}\n  gcs_prefix: {BUCKET}/logs/{}\n  days_of_results: 30\n  column_header:\n  - configuration_value: Commit\n  - configuration_value: infra-commit\n",
        job.name, job.name
    );
}

/// The dashboard group of a dashboard: `sig-release` of `sig-release-master-blocking`.
fn owner_of(dashboard: &str) -> String {
    const LONG: [&str; 3] = [
        "sig-api-machinery",
        "sig-cloud-provider",
        "sig-cluster-lifecycle",
    ];
    if let Some(long) = LONG
        .into_iter()
        .find(|long| dashboard.starts_with(&format!("{long}-")))
    {
        return long.to_owned();
    }
    let parts = if dashboard.starts_with("sig-") { 2 } else { 1 };
    dashboard
        .split('-')
        .take(parts)
        .collect::<Vec<_>>()
        .join("-")
}

const DEFAULTS: &str = "\
# What test groups and tabs have that do not say otherwise.
default_test_group:
  days_of_results: 15
  tests_name_policy: 2
  ignore_pending: false
  ignore_skip: false
  column_header:
  - configuration_value: Commit
  num_columns_recent: 10
  use_kubernetes_client: true
  is_external: true
  alert_stale_results_hours: 0
  num_failures_to_alert: 3
  num_passes_to_disable_alert: 1
  code_search_path: github.com/kubernetes/kubernetes/search

default_dashboard_tab:
  open_test_template:
    url: https://prow.k8s.io/view/gs/<gcs_prefix>/<changelist>
  file_bug_template:
    url: https://github.com/kubernetes/kubernetes/issues/new
    options:
    - key: title
      value: 'E2E: <test-name>'
    - key: body
      value: <test-url>
  open_bug_template:
    url: https://github.com/kubernetes/kubernetes/issues/
  results_text: See these results on Prow
  results_url_template:
    url: https://prow.k8s.io/job-history/<gcs_prefix>
  code_search_path: github.com/kubernetes/kubernetes/search
  num_columns_recent: 10
  code_search_url_template:
    url: https://github.com/kubernetes/kubernetes/compare/<start-custom-0>...<end-custom-0>
";

/// The names of the infra components whose version builds can tell, in the order of `seamgrid.yaml`.
/// Beside them it has the commit that configured the job, which none tells.
pub(super) const COMPONENTS: [&str; 4] = ["test-infra", "prow", "boskos", "cluster"];

/// `org/name` of each repository and its folder below the world's.
pub(super) fn repositories() -> BTreeMap<String, String> {
    [
        (PRODUCT, "git/product"),
        (TEST_INFRA, "git/test-infra"),
        (PROW, "git/prow"),
        (BOSKOS, "git/boskos"),
    ]
    .into_iter()
    .map(|(name, path)| (name.to_owned(), path.to_owned()))
    .collect()
}

/// `seamgrid.yaml`. `bucket_url` is relative to the file.
pub(super) fn settings() -> String {
    format!(
        "\
# A simulated world. What really happened is in truth.json.
testgrid:
  config: [config/testgrids]
  prow_jobs: [config/jobs]
buckets:
- prefix: {BUCKET}
  url: bucket/{BUCKET}
releases:
  dashboard_pattern: '^sig-release-(?P<branch>master|\\d+\\.\\d+)-(?P<tier>blocking|informing)$'
infra:
  components:
  - name: test-infra
    repo: {TEST_INFRA}
    git: git/test-infra
    from:
    - metadata: infra-commit
    - clone_record: {TEST_INFRA}
    - started_repo: {TEST_INFRA}
    - image_tag: ['*/k8s-testimages/*', '*/k8s-staging-test-infra/*']
  - name: prow
    repo: {PROW}
    git: git/prow
    from:
    - utility_image_tag: true
  - name: boskos
    repo: {BOSKOS}
    git: git/boskos
    from:
    - metadata: boskos-commit
  - name: cluster
    from:
    - cluster: true
  - name: job-config
    repo: {TEST_INFRA}
    from:
    - job_configuration: true
repositories:
- repo: {PRODUCT}
  git: git/product
update:
  poll_secs: 300
  parallel: 8
  days_of_results: 15
"
    )
}
