//! What is read from `seamgrid.yaml`, and what is said of its mistakes.

use std::path::{Path, PathBuf};

use super::{Settings, SettingsError, load_settings, parse_settings};

fn parse(text: &str) -> Result<Settings, SettingsError> {
    parse_settings(text, Path::new("seamgrid.yaml"), Path::new("/srv/ci"))
}

fn problems(text: &str) -> Vec<String> {
    match parse(text) {
        Err(SettingsError::Wrong(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("expected problems, found {other:?}"),
    }
}

#[test]
fn an_empty_file_has_the_defaults() {
    for text in ["", "# nothing\n", "---\n", "{}", "update: {}"] {
        let settings = parse(text).expect("it is right");
        assert_eq!(settings.releases, Settings::default().releases, "{text:?}");
        assert_eq!(settings.infra, Settings::default().infra, "{text:?}");
    }
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let settings = parse(
        "
testgrid: {config: [grids, /etc/grids], prow_jobs: [jobs]}
buckets:
  - {prefix: a, url: bucket/a}
  - {prefix: b, url: 'file://bucket/b', credentials: 'file: key.json'}
  - {prefix: c, url: 'file:///srv/c'}
  - {prefix: d, url: 'gs://d', credentials: auto}
infra:
  components:
    - {name: x, repo: o/x, git: git/x, from: [{utility_image_tag: true}]}
    - {name: y, repo: o/y, git: 'git@example.org:o/y.git', from: [{image_tag: ['*/y']}]}
",
    )
    .expect("it is right");
    assert_eq!(
        settings.testgrid.config,
        [PathBuf::from("/srv/ci/grids"), "/etc/grids".into()]
    );
    let urls: Vec<&str> = settings
        .buckets
        .iter()
        .map(|bucket| bucket.url.as_str())
        .collect();
    assert_eq!(
        urls,
        [
            "file:///srv/ci/bucket/a",
            "file:///srv/ci/bucket/b",
            "file:///srv/c",
            "gs://d"
        ]
    );
    assert_eq!(
        settings.buckets[1].credentials.as_deref(),
        Some("file: /srv/ci/key.json")
    );
    let git: Vec<Option<&str>> = settings
        .infra
        .components
        .iter()
        .map(|component| component.git.as_deref())
        .collect();
    assert_eq!(
        git,
        [Some("/srv/ci/git/x"), Some("git@example.org:o/y.git")]
    );
}

#[test]
fn the_whole_example_is_read() {
    let settings = parse(
        r"
testgrid:
  config: [config/testgrids]
  prow_jobs: [config/jobs]
buckets:
  - prefix: kubernetes-ci-logs
    url: gs://kubernetes-ci-logs
    credentials: auto
    endpoint: null
releases:
  dashboard_pattern: '^sig-release-(?P<branch>master|\d+\.\d+)-(?P<tier>blocking|informing)$'
infra:
  components:
    - name: test-infra
      repo: kubernetes/test-infra
      git: null
      from:
        - metadata: infra-commit
        - clone_record: kubernetes/test-infra
        - started_repo: kubernetes/test-infra
        - image_tag: ['*/k8s-testimages/*', '*/k8s-staging-test-infra/*']
    - name: prow
      repo: kubernetes-sigs/prow
      from: [{utility_image_tag: true}]
update: {poll_secs: 300, parallel: 8, days_of_results: 15}
",
    )
    .expect("it is right");
    let defaults = Settings::default();
    assert_eq!(settings.infra, defaults.infra);
    assert_eq!(settings.releases, defaults.releases);
    assert_eq!(settings.update, defaults.update);
}

#[test]
fn a_mistake_is_named_with_its_line() {
    for (text, line, words) in [
        ("update:\n  pol_secs: 3\n", 2, "pol_secs"),
        ("\nbukets: []\n", 2, "bukets"),
        ("update:\n  poll_secs: often\n", 2, "often"),
        ("buckets:\n  - prefix: a\n", 2, "url"),
        ("a: [\n", 1, ""),
        (
            "releases:\n  dashboard_pattern: '('\n",
            2,
            "is not a regular expression: unclosed group",
        ),
        (
            "infra:\n  components:\n    - name: x\n      repo: x\n      from: [{metadata: k}]\n",
            4,
            "\"x\", which is not of the form org/name",
        ),
        (
            "update: {parallel: 0}\n",
            1,
            "update.parallel must be at least 1",
        ),
        (
            "infra:\n  components:\n    - name: x\n      repo: o/x\n      from: [{guess: k}]\n",
            5,
            "guess",
        ),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{found:?}");
        let start = format!("seamgrid.yaml:{line}: ");
        assert!(found[0].starts_with(&start), "{text}\n{found:?}");
        assert!(found[0].contains(words), "{text}\n{found:?}");
        assert!(!found[0].contains('\n'), "{found:?}");
    }
}

#[test]
fn mistakes_beyond_types_are_told_at_once() {
    let found = problems(
        "
buckets:
  - {prefix: a, url: ''}
  - {prefix: a, url: b}
releases: {dashboard_pattern: 'x(?P<branch>y)'}
update:
  poll_secs: 0
",
    );
    assert_eq!(
        found,
        [
            "seamgrid.yaml:3: the url of bucket \"a\" is empty",
            "seamgrid.yaml:4: the bucket prefix \"a\" is there twice",
            "seamgrid.yaml:5: releases.dashboard_pattern has no group (?P<tier>…)",
            "seamgrid.yaml:7: update.poll_secs must be at least 1",
        ]
    );
}

#[test]
fn credentials_are_a_word_or_a_file() {
    for (text, credentials) in [
        ("auto", "auto"),
        ("anonymous", "anonymous"),
        ("{file: key.json}", "file: /srv/ci/key.json"),
        ("'file: key.json'", "file: /srv/ci/key.json"),
        ("'file: /etc/key.json'", "file: /etc/key.json"),
    ] {
        let text = format!("buckets: [{{prefix: a, url: 'gs://a', credentials: {text}}}]");
        let settings = parse(&text).expect("good settings");
        assert_eq!(
            settings.buckets[0].credentials.as_deref(),
            Some(credentials)
        );
    }
    let settings = parse("buckets: [{prefix: a, url: 'gs://a', endpoint: null}]");
    assert_eq!(
        settings.expect("good settings").buckets[0].credentials,
        None
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load_settings(Some(Path::new("/nowhere/seamgrid.yaml")))
        .expect_err("it is not there")
        .to_string();
    assert!(
        error.starts_with("cannot read the settings file /nowhere/seamgrid.yaml: "),
        "{error}"
    );
}
