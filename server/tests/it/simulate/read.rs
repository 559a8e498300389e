//! What the parser reads of a simulated world is what the world's truth says.

use std::collections::{BTreeSet, HashMap};

use model::{
    infra::{ComponentVersion, same_version},
    run::Run,
    status::Status,
    transition::find_changes,
};
use seamgrid::{
    prow::{self, BuildFile, BuildFiles, ParseOptions, layout},
    settings::load_settings,
    simulate::{
        Incident,
        truth::{BuildResult, JobTruth},
    },
    testgrid::load_configuration,
};

use super::{END_MS, World, small, tree};

/// All runs of a world as the parser reads them, by job; oldest first.
fn parse(world: &World) -> HashMap<String, Vec<Run>> {
    let settings = load_settings(Some(&world.path().join("seamgrid.yaml"))).expect("settings");
    let loaded = load_configuration(&settings.testgrid.config, &settings.testgrid.prow_jobs);
    let groups: HashMap<_, _> = loaded
        .configuration
        .test_groups
        .iter()
        .map(|group| (group.name.as_str(), group))
        .collect();
    world
        .truth()
        .jobs
        .iter()
        .map(|job| {
            let options = ParseOptions {
                group: groups[job.name.as_str()],
                components: &settings.infra.components,
                several_prefixes: false,
                now_ms: END_MS,
                stop_ms: 0,
            };
            let runs = job
                .builds
                .iter()
                .map(|build| {
                    let files = tree(&world.bucket().join(&build.path))
                        .into_iter()
                        .map(|(name, content)| BuildFile {
                            name: name.to_string_lossy().into_owned(),
                            content: Ok(content.into()),
                        })
                        .filter(|file| layout::is_wanted(&file.name))
                        .collect();
                    let files = BuildFiles {
                        bucket_path: build.path.clone(),
                        job: job.name.clone(),
                        build: build.build.clone(),
                        files,
                    };
                    prow::parse_build(&files, &options)
                })
                .collect();
            (job.name.clone(), runs)
        })
        .collect()
}

fn version<'a>(run: &'a Run, component: &str) -> Option<&'a ComponentVersion> {
    run.versions
        .iter()
        .find(|version| version.component == component)
}

/// What a comparison looked at.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    builds: usize,
    known: usize,
    unknown: usize,
    transitions: usize,
    uncertain: usize,
}

/// Compares everything that the parser says about versions with the truth.
fn compare_versions(world: &World, runs: &HashMap<String, Vec<Run>>) -> Figures {
    let mut figures = Figures::default();
    for job in &world.truth().jobs {
        let runs = &runs[&job.name];
        assert_eq!(runs.len(), job.builds.len());
        figures.builds += runs.len();
        for (run, build) in runs.iter().zip(&job.builds) {
            let place = format!("{}/{}", job.name, build.build);
            for (component, truth) in &build.versions {
                let read = version(run, component).filter(|read| read.version.is_some());
                match (truth, read) {
                    (None, None) => figures.unknown += 1,
                    (Some(truth), Some(read)) => {
                        figures.known += 1;
                        let said = read.single().expect("one version");
                        assert!(
                            same_version(&truth.commit, said),
                            "{place}: {component} is {truth:?}, read {read:?}"
                        );
                        let source = serde_json::to_value(read.source).expect("a source");
                        assert_eq!(source, truth.source.as_str(), "{place}: {component}");
                    }
                    _ => panic!("{place}: {component} is {truth:?}, read {read:?}"),
                }
            }
        }
        for component in &world.truth().components {
            let found: BTreeSet<_> =
                find_changes(runs.iter().rev().map(|run| version(run, component)))
                    .into_iter()
                    .map(|change| {
                        let at = |index: usize| runs[runs.len() - 1 - index].build.clone();
                        figures.uncertain += usize::from(!change.certain);
                        let whole = |short: &str| whole_commit(job, component, short);
                        (
                            at(change.older),
                            at(change.newer),
                            whole(change.from),
                            whole(change.to),
                        )
                    })
                    .collect();
            let mut wanted = BTreeSet::new();
            let known: Vec<_> = job
                .builds
                .iter()
                .filter_map(|build| Some((build, build.versions[component].as_ref()?)))
                .collect();
            for pair in known.windows(2) {
                let ((older, from), (newer, to)) = (pair[0], pair[1]);
                if from.commit != to.commit {
                    wanted.insert((
                        older.build.clone(),
                        newer.build.clone(),
                        from.commit.clone(),
                        to.commit.clone(),
                    ));
                }
            }
            assert_eq!(found, wanted, "{}: {component}", job.name);
            figures.transitions += found.len();
        }
    }
    figures
}

/// The whole commit of which a build of the job says an abbreviation.
fn whole_commit(job: &JobTruth, component: &str, short: &str) -> String {
    job.builds
        .iter()
        .filter_map(|build| build.versions[component].as_ref())
        .find(|truth| same_version(&truth.commit, short))
        .map(|truth| truth.commit.clone())
        .unwrap_or_default()
}

#[test]
fn every_infra_transition_is_found_and_none_invented() {
    for incident in [Incident::Boskos, Incident::ImageBump] {
        let world = small(incident);
        let figures = compare_versions(&world, &parse(&world));
        assert!(figures.known > 500, "{figures:?}");
        assert!(figures.unknown > 50, "{figures:?}");
        assert!(figures.transitions > 100, "{figures:?}");
    }
}

#[test]
fn the_product_and_the_results_are_read_as_they_were() {
    let world = small(Incident::Boskos);
    let runs = parse(&world);
    let (mut flakes, mut failed) = (0, 0);
    for job in &world.truth().jobs {
        for (run, build) in runs[&job.name].iter().zip(&job.builds) {
            let place = format!("{}/{}", job.name, build.build);
            assert_eq!(run.started_ms, build.started_ms, "{place}");
            assert_eq!(run.open, build.result == BuildResult::Running, "{place}");
            let overall = run
                .results
                .iter()
                .find(|result| result.name == format!("{}.Overall", job.name))
                .unwrap_or_else(|| panic!("{place} has no Overall"));
            let malformed = build.damage.contains(&"malformed_junit".to_owned());
            let expected = match build.result {
                BuildResult::Running => Status::Running,
                BuildResult::Failed => Status::Fail,
                BuildResult::Passed if malformed => Status::Fail,
                BuildResult::Passed => Status::Pass,
            };
            assert_eq!(overall.cell.status, expected, "{place}");
            failed += usize::from(expected == Status::Fail);
            assert_eq!(
                run.problems.is_empty(),
                !malformed,
                "{place}: {:?}",
                run.problems
            );
            for flake in build.flakes.iter().filter(|_| !malformed) {
                let row = run
                    .results
                    .iter()
                    .find(|result| result.name.ends_with(flake.as_str()))
                    .unwrap_or_else(|| panic!("{place} lacks {flake}"));
                assert!(
                    matches!(row.cell.status, Status::Fail | Status::Flaky),
                    "{place}: {flake} is {:?}",
                    row.cell.status
                );
                flakes += 1;
            }
            for (repo, commit) in &build.product {
                if let Some(read) = version(run, repo).and_then(ComponentVersion::single) {
                    // A pull request is read as its merge or its head.
                    let tested = build.path.contains("/pr-logs/") || same_version(commit, read);
                    assert!(tested, "{place}: {repo} is {commit}, read {read}");
                }
            }
        }
    }
    assert!(
        flakes > 10 && failed > 20,
        "{flakes} flakes, {failed} failed builds"
    );
}
