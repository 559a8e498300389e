//! What the map says of small histories, and what it does when one is damaged.

use std::path::PathBuf;

use model::{
    impact::{ChangeLabel, Effect},
    reach::{Impact as _, Reach, Way},
};
use seamgrid::{
    infra::impact::{ImpactKeeper, ImpactMap, Indexer, Known, Lag, hash_prowjob},
    settings::{InfraSettings, Settings},
    store::Store,
};
use tempfile::TempDir;

use super::repository::NewRepository;

const REPO: &str = "kubernetes/test-infra";
/// 20 November 2026, 11:00 UTC.
const NOW_MS: i64 = 1_795_172_400_000;
const HOUR_MS: i64 = 3_600_000;

const PROW: &str = "
plank:
  default_decoration_config_entries:
  - config:
      timeout: 2h
      utility_images: {sidecar: 'prow/sidecar:v20260101-aaaaaaaaaa'}
presets:
- labels: {preset-token: 'true'}
  env: [{name: TOKEN, value: one}]
";

fn jobs(image: &str, memory: &str) -> String {
    format!(
        "
periodics:
- name: ci-a
  interval: 2h
  cluster: build
  decorate: true
  labels: {{preset-token: 'true'}}
  annotations: {{description: first}}
  spec:
    containers:
    - image: {image}
      command: [runner.sh, /go/src/k8s.io/test-infra/jobs/e2e_node/a/config.yaml]
      resources: {{requests: {{memory: {memory}}}}}
- name: ci-b
  interval: 2h
  decorate: true
  spec:
    containers: [{{image: 'gcr.io/k8s-staging-test-infra/krte:latest', command: [sleep]}}]
- name: ci-c
  interval: 2h
  spec:
    containers: [{{image: golang, env: [{{name: BOSKOS_HOST, value: boskos.test-pods}}]}}]
"
    )
}

struct World {
    folder: TempDir,
    path: PathBuf,
}

/// A history of commits, an hour between two, the last an hour ago.
fn world(commits: &[&[(&str, Option<&str>)]]) -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("test-infra.git");
    let mut repository = NewRepository::create(&path);
    for (index, files) in commits.iter().enumerate() {
        let at_ms = NOW_MS - (commits.len() - index) as i64 * HOUR_MS;
        repository.commit(at_ms, &format!("change {index}"), None, files);
    }
    repository.finish();
    World { folder, path }
}

fn index(world: &World) -> (Indexer, ImpactMap) {
    let mut indexer = Indexer::new(&InfraSettings::default());
    indexer
        .update(REPO, &world.path, NOW_MS)
        .expect("it can be read");
    let map = indexer.map();
    (indexer, map)
}

/// The labels of each job's edge to the commit at a place of the line.
fn labels(map: &ImpactMap, at: usize, job: &str) -> Vec<ChangeLabel> {
    match effect(map, at, job) {
        Effect::Own { labels, .. } => labels,
        _ => Vec::new(),
    }
}

fn effect(map: &ImpactMap, at: usize, job: &str) -> Effect {
    let commit = map.commits(REPO).nth(at).expect("there are so many");
    map.effect(REPO, &commit.sha, job)
}

#[test]
fn each_kind_of_change_reaches_the_right_jobs() {
    let file = "config/jobs/a.yaml";
    let first = jobs("r/x:v20260101-aaaaaaaaaa", "1Gi");
    let bumped = jobs("r/x:v20260102-bbbbbbbbbb", "1Gi");
    let larger = jobs("r/x:v20260102-bbbbbbbbbb", "2Gi");
    let prose = larger.replace("first", "second");
    let preset = PROW.replace("one", "two");
    let utility = preset.replace("aaaaaaaaaa", "cccccccccc");
    let world = world(&[
        &[
            (file, Some(&first)),
            ("config/prow/config.yaml", Some(PROW)),
        ],
        &[(file, Some(&bumped))],
        &[(file, Some(&larger))],
        &[(file, Some(&prose))],
        &[("config/prow/config.yaml", Some(&preset))],
        &[("config/prow/config.yaml", Some(&utility))],
        &[("jobs/e2e_node/a/other.yaml", Some("x"))],
        &[("images/krte/Dockerfile", Some("FROM x"))],
        &[("config/prow/cluster/boskos.yaml", Some("image: b"))],
        &[(file, None), ("config/jobs/moved.yaml", Some(&prose))],
        &[("README.md", Some("words"))],
        &[("images/x/Dockerfile", Some("FROM x"))],
    ]);
    let (_, map) = index(&world);
    let [a, b, c] = ["ci-a", "ci-b", "ci-c"];
    assert_eq!(map.job_count(), 3);
    assert_eq!(labels(&map, 0, a), [ChangeLabel::Added]);
    for (at, job, expected) in [
        (1, a, &[ChangeLabel::Image][..]),
        (1, b, &[]),
        (2, a, &[ChangeLabel::Resources]),
        (3, a, &[]),
        (4, a, &[ChangeLabel::Preset]),
        (4, b, &[]),
        (5, a, &[ChangeLabel::UtilityImage]),
        (5, b, &[ChangeLabel::UtilityImage]),
        (5, c, &[]),
        (6, a, &[ChangeLabel::Script]),
        (6, b, &[]),
        (7, b, &[ChangeLabel::Image]),
        (7, a, &[]),
        (9, a, &[]),
        (10, a, &[]),
    ] {
        assert_eq!(labels(&map, at, job), expected, "{at} {job}");
    }
    let Effect::Own { detail, .. } = effect(&map, 1, a) else {
        panic!("it was bumped");
    };
    assert_eq!(detail, "x v20260101-aaaaaaaaaa → v20260102-bbbbbbbbbb");
    assert_eq!(
        effect(&map, 8, c),
        Effect::Service {
            components: vec!["boskos".into()]
        }
    );
    assert_eq!(effect(&map, 8, a), Effect::Cannot);

    // An image of a commit has the change only once it was built anew.
    let sha = &map.commits(REPO).nth(11).expect("it is there").sha;
    for (job, merged, built) in [
        (a, Reach::Cannot, Reach::Own),
        (b, Reach::Cannot, Reach::Cannot),
    ] {
        assert_eq!(map.reach(REPO, sha, job, Way::Merge), merged, "{job}");
        assert_eq!(map.reach(REPO, sha, job, Way::Build), built, "{job}");
    }
    let told = |by| map.reached(REPO, sha, by).map(|it| (it.own, it.labels));
    assert_eq!(told(Way::Merge), Some((0, vec![])));
    assert_eq!(told(Way::Build), Some((1, vec!["image".to_owned()])));

    let sha = &map.commits(REPO).nth(5).expect("it is there").sha;
    let reached = map
        .reached(REPO, &sha[..10], Way::Merge)
        .expect("it is known");
    assert_eq!((reached.own, reached.service, reached.jobs), (2, 0, 3));
    assert_eq!(reached.labels, ["utility image"]);
    let day = (NOW_MS - 24 * HOUR_MS, NOW_MS);
    assert_eq!(map.commits_reaching(REPO, c, day).len(), 2);
}

#[test]
fn what_is_not_known_is_never_cannot() {
    let world = world(&[&[("config/jobs/a.yaml", Some(&jobs("r/x:1", "1Gi")))]]);
    let (_, map) = index(&world);
    let sha = map.commits(REPO).next().expect("one").sha.clone();
    for (repo, commit, job) in [
        (REPO, "0123456789", "ci-a"),
        (REPO, &sha[..6], "ci-a"),
        (REPO, "", "ci-a"),
        ("o/other", sha.as_str(), "ci-a"),
        (REPO, sha.as_str(), "ci-unheard-of"),
    ] {
        assert_eq!(
            map.reach(repo, commit, job, Way::Merge),
            Reach::Unknown,
            "{repo} {commit} {job}"
        );
    }
    assert_eq!(map.reached(REPO, "0123456789", Way::Merge), None);
    assert_eq!(map.reach(REPO, &sha[..7], "ci-a", Way::Merge), Reach::Own);
}

#[test]
fn a_tree_that_does_not_parse_is_marked_and_the_next_goes_on() {
    let (good, other) = (jobs("r/x:1", "1Gi"), jobs("r/x:2", "1Gi"));
    let broken = "periodics:\n- name: ci-a\n  spec: [\n";
    let world = world(&[
        &[("config/jobs/a.yaml", Some(&good))],
        &[
            ("config/jobs/a.yaml", Some(broken)),
            (
                "config/jobs/d.yaml",
                Some("periodics:\n- name: ci-d\n  interval: 1h\n"),
            ),
        ],
        &[(
            "config/jobs/d.yaml",
            Some("periodics:\n- name: ci-d\n  interval: 2h\n"),
        )],
        &[("config/jobs/a.yaml", Some(&other))],
    ]);
    let (_, map) = index(&world);
    let flaw = map
        .commits(REPO)
        .nth(1)
        .and_then(|commit| commit.flaw.clone());
    let flaw = flaw.expect("it is marked");
    assert!(flaw.starts_with("config/jobs/a.yaml:"), "{flaw}");
    let told = |number: usize| {
        let commit = map.commits(REPO).nth(number).expect("it was read");
        map.reached(REPO, &commit.sha, Way::Merge)
            .expect("it is known")
            .flaw
    };
    assert_eq!(told(1), Some(flaw));
    // That nothing is known before the first is no flaw of its own.
    assert_eq!((told(0), told(2), told(3)), (None, None, None));
    assert_eq!(effect(&map, 1, "ci-a").reach(), Reach::Unknown);
    assert_eq!(labels(&map, 1, "ci-d"), [ChangeLabel::Added]);
    assert_eq!(effect(&map, 2, "ci-a"), Effect::Cannot);
    assert_eq!(labels(&map, 2, "ci-d"), [ChangeLabel::Trigger]);
    // What it was before it broke still counts.
    assert_eq!(labels(&map, 3, "ci-a"), [ChangeLabel::Image]);
    assert_eq!(effect(&map, 3, "ci-b"), Effect::Cannot);
}

#[test]
fn new_commits_are_added_and_a_new_line_begins_anew() {
    let first = jobs("r/x:1", "1Gi");
    let world = world(&[&[("config/jobs/a.yaml", Some(&first))], &[("x", Some("1"))]]);
    let (mut indexer, map) = index(&world);
    assert_eq!(map.commits(REPO).count(), 2);

    let again = indexer.update(REPO, &world.path, NOW_MS).expect("it can");
    assert!(!again.anew && again.commits.is_empty());

    let mut more = NewRepository::import(&world.path);
    let second = jobs("r/x:2", "1Gi");
    let file = "config/jobs/a.yaml";
    more.commit(
        NOW_MS,
        "more",
        Some("refs/heads/master^0"),
        &[(file, Some(&second))],
    );
    more.finish();
    let more = indexer.update(REPO, &world.path, NOW_MS).expect("it can");
    assert!(!more.anew);
    assert_eq!(more.commits.len(), 1);
    assert_eq!(labels(&indexer.map(), 2, "ci-a"), [ChangeLabel::Image]);

    // What was known before a restart is as good.
    let mut restarted = Indexer::new(&InfraSettings::default());
    let known: Vec<_> = map.commits(REPO).cloned().map(Into::into).collect();
    restarted.restore(Known {
        names: indexer.names().clone(),
        present: indexer.present().clone(),
        lines: [(REPO.to_owned(), known)].into(),
    });
    let more = restarted.update(REPO, &world.path, NOW_MS).expect("it can");
    assert!(!more.anew);
    let commits = |map: &ImpactMap| map.commits(REPO).cloned().collect::<Vec<_>>();
    assert_eq!(commits(&restarted.map()), commits(&indexer.map()));

    // Somebody rewrites the branch.
    let mut forced = NewRepository::import(&world.path);
    forced.commit(
        NOW_MS,
        "other",
        Some("refs/heads/master~2"),
        &[(file, Some(&second))],
    );
    forced.finish();
    let forced = indexer.update(REPO, &world.path, NOW_MS).expect("it can");
    assert!(forced.anew);
    assert_eq!(indexer.map().commits(REPO).count(), 2);

    let gone = indexer.update(REPO, &world.folder.path().join("nowhere"), NOW_MS);
    let words = gone.expect_err("there is nothing").to_string();
    assert!(words.starts_with("cannot read the repository "), "{words}");
    assert_eq!(indexer.map().commits(REPO).count(), 2);
}

#[test]
fn other_repositories_reach_jobs_by_rules() {
    let world = world(&[&[("config/jobs/a.yaml", Some(&jobs("r/x:1", "1Gi")))]]);
    let (mut indexer, _) = index(&world);
    let prow = world.folder.path().join("prow.git");
    let mut repository = NewRepository::create(&prow);
    let at = |hours: i64| NOW_MS - hours * HOUR_MS;
    repository.commit(at(5), "a", None, &[("cmd/sidecar/main.go", Some("1"))]);
    repository.commit(at(4), "b", None, &[("pkg/plank/x.go", Some("1"))]);
    repository.commit(at(3), "c", None, &[("cmd/deck/main.go", Some("1"))]);
    repository.finish();
    let repo = "kubernetes-sigs/prow";
    indexer.update(repo, &prow, NOW_MS).expect("it can be read");
    let map = indexer.map();
    let effects: Vec<Effect> = map
        .commits(repo)
        .map(|commit| map.effect(repo, &commit.sha, "ci-a"))
        .collect();
    assert_eq!(
        effects,
        [
            Effect::Own {
                labels: vec![ChangeLabel::UtilityImage],
                detail: String::new()
            },
            Effect::Service {
                components: vec!["prow".into()]
            },
            Effect::Cannot
        ]
    );
    // It is not decorated.
    let first = map.commits(repo).next().expect("one");
    assert_eq!(map.effect(repo, &first.sha, "ci-c"), Effect::Cannot);
}

#[test]
fn a_runs_configuration_is_inferred_and_narrowed_by_its_own_specification() {
    let file = "config/jobs/a.yaml";
    let versions = ["r/x:1", "r/x:2", "r/x:2", "r/x:3"].map(|image| jobs(image, "1Gi"));
    let world = world(&[
        &[
            (file, Some(&versions[0])),
            ("config/prow/config.yaml", Some(PROW)),
        ],
        &[(file, Some(&versions[1]))],
        &[("x", Some("1"))],
        &[(file, Some(&versions[3]))],
    ]);
    let (_, map) = index(&world);
    let shas: Vec<String> = map.commits(REPO).map(|commit| commit.sha.clone()).collect();
    let prowjob = |image: &str| {
        let text = format!(
            r#"{{"spec":{{"job":"ci-a","cluster":"build",
            "decoration_config":{{"timeout":"2h0m0s","utility_images":{{"sidecar":"prow/sidecar:v20260101-aaaaaaaaaa"}}}},
            "pod_spec":{{"containers":[{{"name":"","image":"{image}",
              "command":["runner.sh","/go/src/k8s.io/test-infra/jobs/e2e_node/a/config.yaml"],
              "env":[{{"name":"TOKEN","value":"one"}}],
              "resources":{{"requests":{{"memory":"1Gi"}}}}}}]}}}}}}"#
        );
        hash_prowjob(text.as_bytes())
    };
    // Two and a half hours ago; what merged up to three hours before may not have been in force.
    let created_ms = NOW_MS - HOUR_MS / 2;
    let lag = Lag {
        least_ms: 0,
        most_ms: 3 * HOUR_MS,
    };
    let window = |run| {
        let window = map
            .config_window("ci-a", created_ms, run, lag)
            .expect("it is known");
        let place = |sha: &str| {
            shas.iter()
                .position(|known| known == sha)
                .expect("it is one")
        };
        (
            place(&window.earliest),
            place(&window.latest),
            window.narrowed,
        )
    };
    assert_eq!(window(None), (0, 3, false));
    assert_eq!(window(prowjob("r/x:2")), (1, 2, true));
    assert_eq!(window(prowjob("r/x:3")), (3, 3, true));
    assert_eq!(window(prowjob("r/x:9")), (0, 3, false));
    // In force much later than usual.
    let soon = Lag {
        least_ms: 0,
        most_ms: HOUR_MS / 4,
    };
    let late = map
        .config_window("ci-a", created_ms, prowjob("r/x:1"), soon)
        .expect("known");
    assert_eq!((late.earliest, late.narrowed), (shas[0].clone(), true));
    assert_eq!(
        map.config_window("ci-a", NOW_MS - 99 * HOUR_MS, None, lag),
        None
    );
}

#[tokio::test]
async fn what_was_read_is_kept() {
    let file = "config/jobs/a.yaml";
    let [first, second, third] = ["r/x:1", "r/x:2", "r/x:3"].map(|image| jobs(image, "1Gi"));
    let world = world(&[
        &[
            (file, Some(&first)),
            ("config/prow/config.yaml", Some(PROW)),
        ],
        &[
            (file, Some(&second)),
            ("config/prow/cluster/boskos.yaml", Some("x")),
            ("images/x/Dockerfile", Some("FROM x")),
        ],
    ]);
    let url = format!("sqlite://{}", world.folder.path().join("s.db").display());
    let store = Store::open(&url).await.expect("a database");
    let keeper = ImpactKeeper::new(store.clone(), &Settings::default());
    keeper.restore().await.expect("nothing is there");
    assert_eq!(keeper.map().commits(REPO).count(), 0);
    let read = keeper
        .update(REPO, world.path.clone(), NOW_MS)
        .await
        .expect("it can be read");
    assert_eq!((read.commits.len(), read.anew), (2, true));
    let other = keeper.update("o/other", world.path.clone(), NOW_MS).await;
    assert_eq!(other.expect("it is none of ours").commits, []);

    let all = |map: &ImpactMap| {
        let commits: Vec<_> = map.commits(REPO).cloned().collect();
        let reached: Vec<_> = commits
            .iter()
            .map(|commit| {
                (
                    map.reached(REPO, &commit.sha, Way::Merge),
                    map.effect(REPO, &commit.sha, "ci-c"),
                )
            })
            .collect();
        (commits, reached, map.job_count())
    };
    let restarted = ImpactKeeper::new(store.clone(), &Settings::default());
    restarted.restore().await.expect("it is there");
    assert_eq!(all(&restarted.map()), all(&keeper.map()));

    let mut more = NewRepository::import(&world.path);
    more.commit(
        NOW_MS,
        "more",
        Some("refs/heads/master^0"),
        &[(file, Some(&third))],
    );
    more.finish();
    let read = restarted
        .update(REPO, world.path.clone(), NOW_MS)
        .await
        .expect("it can be read");
    assert_eq!((read.commits.len(), read.anew), (1, false));
    // The other one has not seen that yet: what it reads is kept already.
    keeper
        .update(REPO, world.path.clone(), NOW_MS)
        .await
        .expect("it can be read");
    assert_eq!(all(&keeper.map()), all(&restarted.map()));
    assert_eq!(labels(&keeper.map(), 2, "ci-a"), [ChangeLabel::Image]);

    // With other rules it is read anew.
    let mut settings = Settings::default();
    settings.infra.reach.clear();
    let changed = ImpactKeeper::new(store, &settings);
    changed.restore().await.expect("it answers");
    assert_eq!(changed.map().commits(REPO).count(), 0);
    let read = changed
        .update(REPO, world.path.clone(), NOW_MS)
        .await
        .expect("it can be read");
    assert_eq!((read.commits.len(), read.anew), (3, true));
    assert_eq!(effect(&changed.map(), 1, "ci-c"), Effect::Cannot);
}

#[test]
fn settings_name_what_is_wrong_with_rules() {
    let problems = |text: &str| {
        seamgrid::settings::parse_settings(text, "s.yaml".as_ref(), "/".as_ref())
            .expect_err("it is wrong")
            .to_string()
    };
    for (text, words) in [
        (
            "infra:\n  reach:\n  - {repo: prow, paths: ['x'], component: prow}\n",
            "s.yaml:3: the repo of a rule in infra.reach is \"prow\", which is not of the form org/name",
        ),
        (
            "infra:\n  reach:\n  - {repo: o/r, paths: [], component: prow}\n",
            "s.yaml:3: a rule in infra.reach for o/r has no path",
        ),
        (
            "infra:\n  reach:\n  - {repo: o/r, paths: ['x'], component: ''}\n",
            "s.yaml:3: a rule in infra.reach for o/r names no component",
        ),
        (
            "infra:\n  reach:\n  - {repo: o/r, paths: ['x'], component: y, jobs: [{}]}\n",
            "s.yaml:3: a rule in infra.reach for o/r has an entry in jobs that says nothing",
        ),
        (
            "infra:\n  job_configuration: {repo: x}\n",
            "s.yaml:2: infra.job_configuration.repo is \"x\", which is not of the form org/name",
        ),
        (
            "infra:\n  job_configuration: {days: 0}\n",
            "s.yaml:2: infra.job_configuration.days must be at least 1",
        ),
        (
            "infra:\n  job_configuration: {least_lag_secs: 9, most_lag_secs: 3}\n",
            "s.yaml:2: infra.job_configuration.least_lag_secs is more than most_lag_secs",
        ),
        (
            "infra:\n  images:\n  - {images: [], repo: o/r}\n",
            "s.yaml:3: an entry of infra.images for o/r names no image",
        ),
    ] {
        assert_eq!(problems(text), words);
    }
    let settings = Settings::default();
    assert!(!settings.infra.reach.is_empty());
}
