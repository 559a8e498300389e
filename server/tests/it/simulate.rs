//! Simulated worlds: they repeat, they are whole, and what Seamgrid reads from them is the truth.

mod incidents;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    hash::Hasher,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use regex::Regex;
use seamgrid::{
    prow::layout,
    simulate::{
        Incident, Scale, SimulateError, SimulateOptions, Simulated, simulate,
        truth::{BuildResult, BuildTruth, JobTruth, Truth},
    },
    testgrid::load_configuration,
};
use tempfile::TempDir;
use walkdir::WalkDir;

/// 20 November 2026, 11:00 UTC.
const END_MS: i64 = 1_795_172_400_000;

struct World {
    folder: TempDir,
    simulated: Simulated,
}

impl World {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn truth(&self) -> &Truth {
        &self.simulated.truth
    }

    fn bucket(&self) -> PathBuf {
        self.path().join("bucket")
    }
}

fn world(seed: u64, days: u32, scale: Scale, incident: Incident) -> World {
    world_until(END_MS, seed, days, scale, incident)
}

fn world_until(end_ms: i64, seed: u64, days: u32, scale: Scale, incident: Incident) -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let simulated = simulate(&SimulateOptions {
        out: folder.path().to_owned(),
        seed,
        days,
        scale,
        incident,
        end_ms: Some(end_ms),
    })
    .expect("a world");
    World { folder, simulated }
}

fn small(incident: Incident) -> World {
    world(1, 14, Scale::Small, incident)
}

/// All files below a folder with their contents, by path.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path();
            let name = path.strip_prefix(folder).expect("below").to_owned();
            (name, fs::read(path).expect("a file"))
        })
        .collect()
}

fn tree_hash(folder: &Path) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    for (name, content) in tree(folder) {
        hasher.write(name.as_os_str().as_encoded_bytes());
        hasher.write(&content);
    }
    hasher.finish()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn builds(truth: &Truth) -> impl Iterator<Item = (&JobTruth, &BuildTruth)> {
    truth
        .jobs
        .iter()
        .flat_map(|job| job.builds.iter().map(move |build| (job, build)))
}

#[test]
fn the_same_options_give_the_same_bytes() {
    let hash = |seed| tree_hash(world(seed, 6, Scale::Small, Incident::Boskos).path());
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn a_world_is_the_same_whatever_the_hour_at_which_it_ends() {
    let told = |hours: i64| {
        let later_ms = hours * 3_600_000;
        let world = world_until(END_MS + later_ms, 16, 6, Scale::Small, Incident::Boskos);
        builds(world.truth())
            .map(|(job, build)| {
                let began_ms = build.started_ms - later_ms;
                (job.name.clone(), began_ms, build.result)
            })
            .collect::<Vec<_>>()
    };
    let now = told(0);
    assert_eq!(now, told(7));
    assert_eq!(now, told(17));
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("mine"), "mine").expect("a file");
    let error = simulate(&SimulateOptions {
        out: folder.path().to_owned(),
        seed: 1,
        days: 1,
        scale: Scale::Small,
        incident: Incident::None,
        end_ms: Some(END_MS),
    })
    .expect_err("refused");
    assert!(matches!(error, SimulateError::NotEmpty(_)), "{error}");
    assert_eq!(text(&folder.path().join("mine")), "mine");
}

#[test]
fn the_files_are_whole_and_the_truth_names_them_all() {
    let world = small(Incident::Boskos);
    let truth: Truth =
        serde_json::from_str(&text(&world.path().join("truth.json"))).expect("truth.json");
    assert_eq!(&truth, world.truth());
    assert!(
        (200..700).contains(&world.simulated.builds),
        "{}",
        world.simulated.builds
    );
    assert!((11..15).contains(&truth.jobs.len()));

    let mut json = 0;
    for (name, content) in tree(&world.bucket()) {
        if name
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            serde_json::from_slice::<serde_json::Value>(&content)
                .unwrap_or_else(|error| panic!("{}: {error}", name.display()));
            json += 1;
        }
    }
    assert!(json > world.simulated.builds);

    let mut damages = BTreeSet::new();
    for job in &truth.jobs {
        let folder = world.bucket().join(&job.prefix);
        let mut ids: Vec<u64> = Vec::new();
        for build in &job.builds {
            let place = world.bucket().join(&build.path);
            assert!(place.join("started.json").is_file(), "{}", build.path);
            let ends = place.join("finished.json").is_file();
            assert_eq!(ends, build.finished_ms.is_some(), "{}", build.path);
            for damage in &build.damage {
                if let Some(file) = damage.strip_prefix("missing ") {
                    assert!(!place.join(file).exists(), "{}/{file}", build.path);
                }
                damages.insert(damage.clone());
            }
            if job.prefix.contains("/pr-logs/") {
                let pointer = text(&folder.join(format!("{}.txt", build.build)));
                assert_eq!(layout::pointer_target(&pointer), Some(build.path.as_str()));
            }
            assert_eq!(build.build.len(), 19);
            ids.push(build.build.parse().expect("a number"));
        }
        assert!(ids.is_sorted(), "{}", job.name);
        let listed = fs::read_dir(&folder).expect("the job's folder").count();
        assert_eq!(listed, ids.len() + 1, "{}", job.name);
        let latest = text(&folder.join("latest-build.txt"));
        assert_eq!(Some(&latest), job.builds.last().map(|build| &build.build));
    }
    for damage in ["malformed_junit", "unscheduled_pod"] {
        assert!(damages.contains(damage), "{damages:?}");
    }
    let running = builds(&truth).filter(|(_, build)| build.result == BuildResult::Running);
    assert!(running.count() > 0);
}

#[test]
fn every_commit_that_is_named_exists() {
    let world = small(Incident::Boskos);
    let whole = Regex::new(r"\b[0-9a-f]{40}\b").expect("a pattern");
    let tag = Regex::new(r":v\d{8}-([0-9a-f]{10})\b").expect("a pattern");
    let mut named = BTreeSet::new();
    for folder in ["bucket", "config"] {
        for (name, content) in tree(&world.path().join(folder)) {
            let Ok(content) = String::from_utf8(content) else {
                panic!("{} is not text", name.display());
            };
            named.extend(
                whole
                    .find_iter(&content)
                    .map(|found| found.as_str().to_owned()),
            );
            named.extend(tag.captures_iter(&content).map(|found| found[1].to_owned()));
        }
    }
    let truth = text(&world.path().join("truth.json"));
    named.extend(
        whole
            .find_iter(&truth)
            .map(|found| found.as_str().to_owned()),
    );
    assert!(named.len() > 100, "only {} commits are named", named.len());

    let mut found = HashSet::new();
    for path in world.truth().repositories.values() {
        let repository = world.path().join(path);
        let checked = Command::new("git")
            .args(["fsck", "--strict"])
            .current_dir(&repository)
            .output()
            .expect("git");
        assert!(checked.status.success(), "{checked:?}");
        found.extend(commits_of(&repository, &named));
    }
    let missing: Vec<_> = named.iter().filter(|name| !found.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Which of these names are commits of the repository.
fn commits_of(repository: &Path, names: &BTreeSet<String>) -> HashSet<String> {
    let mut child = Command::new("git")
        .args(["cat-file", "--batch-check=%(objecttype)"])
        .current_dir(repository)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git");
    let mut input = child.stdin.take().expect("a pipe");
    let mut asked = names.iter().cloned().collect::<Vec<_>>().join("\n");
    asked.push('\n');
    let writer = std::thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = child.wait_with_output().expect("an answer");
    writer.join().expect("a writer").expect("a question");
    let answer = String::from_utf8(output.stdout).expect("text");
    names
        .iter()
        .zip(answer.lines())
        .filter(|(_, kind)| *kind == "commit")
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn the_configuration_has_no_problem_and_shows_every_job() {
    for scale in [Scale::Small, Scale::Default] {
        let world = world(1, 1, scale, Incident::None);
        let loaded = load_configuration(
            &[world.path().join("config/testgrids")],
            &[world.path().join("config/jobs")],
        );
        let problems: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{problems:#?}");

        let configuration = loaded.configuration;
        let groups: BTreeMap<_, _> = configuration
            .test_groups
            .iter()
            .map(|group| (group.name.clone(), group.gcs_prefix.clone()))
            .collect();
        let jobs: BTreeMap<_, _> = world
            .truth()
            .jobs
            .iter()
            .map(|job| (job.name.clone(), job.prefix.clone()))
            .collect();
        assert_eq!(groups, jobs);
        let tabs: BTreeSet<_> = configuration
            .dashboards
            .iter()
            .flat_map(|dashboard| {
                dashboard.dashboard_tab.iter().map(|tab| {
                    (
                        dashboard.name.clone(),
                        tab.name.clone(),
                        tab.test_group_name.clone(),
                    )
                })
            })
            .collect();
        let wanted: BTreeSet<_> = world
            .truth()
            .jobs
            .iter()
            .flat_map(|job| {
                job.tabs
                    .iter()
                    .map(|(dashboard, tab)| (dashboard.clone(), tab.clone(), job.name.clone()))
            })
            .collect();
        assert_eq!(tabs, wanted);
        for branch in ["master", "1.36", "1.35", "1.34"] {
            let name = format!("sig-release-{branch}-blocking");
            assert!(
                configuration
                    .dashboards
                    .iter()
                    .any(|dashboard| dashboard.name == name)
            );
        }
    }
}
