//! Lets a job run through the world's time: when it runs, what happens to each test, and why.

mod fate;

use std::{fs, path::Path};

use super::{
    BUCKET, MINUTE_MS, SimulateError,
    build::{self, Build, Phase},
    history::{BRANCHES, Deployed, HOUR_MS, History, Landed, Line, PRODUCT, PullRun},
    incident::{self, OUT_CLUSTER, Plan, Strike},
    jobs::{Evidence, Job, Trigger},
    random::Random,
    suites,
    truth::{BuildResult, BuildTruth, JobTruth, VersionTruth},
};

use fate::{Habit, Happened, habits, happen, junit_files};

/// The world that jobs run in.
pub(super) struct Stage<'a> {
    /// The bucket's folder.
    pub bucket: &'a Path,
    pub seed: u64,
    pub begin_ms: i64,
    pub end_ms: i64,
    pub history: &'a History,
    pub plan: &'a Plan,
    pub incident: incident::Incident,
    /// The jobs whose builds suffer the rare damages, by name.
    pub malformed_in: &'a str,
    pub unscheduled_in: &'a str,
}

/// What playing one job gave.
pub(super) struct Played {
    pub truth: JobTruth,
    pub files: usize,
    pub bytes: u64,
    pub cells: usize,
}

/// Twitter's snowflake epoch, which Prow uses.
const SNOWFLAKE_MS: i64 = 1_288_834_974_657;

/// One start of a job.
#[derive(Clone, Copy)]
struct Start<'a> {
    created_ms: i64,
    pull: Option<&'a PullRun>,
    merged: Option<&'a Landed>,
}

/// Plays one job and writes its builds.
pub(super) fn play(stage: &Stage<'_>, job: &Job) -> Result<Played, SimulateError> {
    let mut random = Random::new(stage.seed, &format!("job {}", job.name));
    let mut habits = habits(stage, job, &mut random);
    let retries = random.chance(0.35);
    let starts = starts(stage, job, &mut random);
    let folder = match job.trigger {
        Trigger::Presubmit(_) => "pr-logs/directory",
        _ => "logs",
    };
    let prefix = format!("{folder}/{}", job.name);
    let mut played = Played {
        truth: JobTruth {
            name: job.name.clone(),
            prefix: format!("{BUCKET}/{prefix}"),
            branch: job.branch_name().to_owned(),
            tabs: job.tabs.clone(),
            builds: Vec::with_capacity(starts.len()),
        },
        files: 0,
        bytes: 0,
        cells: 0,
    };
    let directory = stage.bucket.join(&prefix);
    fs::create_dir_all(&directory).map_err(|error| SimulateError::write(&directory, error))?;
    let worker = Random::new(0, &job.name).below(1024) as i64;
    let count = starts.len();
    for (index, start) in starts.into_iter().enumerate() {
        let id = (((start.created_ms - SNOWFLAKE_MS) << 22) | (worker << 12)).to_string();
        let special = Special {
            malformed: job.name == stage.malformed_in && index == count / 2,
            unscheduled: job.name == stage.unscheduled_in && index == count * 2 / 3,
        };
        let truth = one_build(
            stage,
            job,
            &mut habits,
            retries,
            (&id, start, special),
            &mut random,
            &mut played,
        )?;
        played.truth.builds.push(truth);
    }
    if let Some(last) = played.truth.builds.last() {
        let path = directory.join("latest-build.txt");
        write(&path, &last.build, &mut played.files, &mut played.bytes)?;
    }
    Ok(played)
}

/// The rare damages of one build.
#[derive(Clone, Copy)]
struct Special {
    malformed: bool,
    unscheduled: bool,
}

fn write(
    path: &Path,
    content: &str,
    files: &mut usize,
    bytes: &mut u64,
) -> Result<(), SimulateError> {
    fs::write(path, content).map_err(|error| SimulateError::write(path, error))?;
    *files += 1;
    *bytes += content.len() as u64;
    Ok(())
}

fn starts<'a>(stage: &Stage<'a>, job: &Job, random: &mut Random) -> Vec<Start<'a>> {
    let mut starts = Vec::new();
    match job.trigger {
        Trigger::Periodic => {
            let every = job.every_mins * MINUTE_MS;
            let mut at_ms =
                stage.begin_ms + random.between(0, every.min(stage.end_ms - stage.begin_ms));
            // Nightly jobs keep their time; of a crowd only the newest builds are wanted.
            if job.newest != usize::MAX {
                let from = stage.end_ms - every * (job.newest as i64 + 1);
                while at_ms < from {
                    at_ms += every;
                }
            }
            while at_ms < stage.end_ms {
                starts.push(Start {
                    created_ms: at_ms + random.between(0, 90_000),
                    pull: None,
                    merged: None,
                });
                at_ms += every;
            }
        }
        Trigger::Presubmit(repo) => {
            let pulls = if repo == PRODUCT {
                &stage.history.pulls
            } else {
                &stage.history.boskos_pulls
            };
            starts.extend(pulls.iter().map(|pull| Start {
                created_ms: pull.at_ms + random.between(1000, 50_000),
                pull: Some(pull),
                merged: None,
            }));
        }
        Trigger::Postsubmit(_) => {
            let merges = &stage.history.boskos_repo.0;
            starts.extend(
                merges
                    .iter()
                    .filter(|merge| merge.at_ms > stage.begin_ms)
                    .map(|merge| Start {
                        created_ms: merge.at_ms + random.between(1000, 20_000),
                        pull: None,
                        merged: Some(merge),
                    }),
            );
        }
    }
    // Whatever began in the last minutes has not uploaded anything yet.
    starts.retain(|start| start.created_ms < stage.end_ms - 2 * MINUTE_MS);
    starts.sort_by_key(|start| start.created_ms);
    starts.dedup_by_key(|start| start.created_ms);
    let surplus = starts.len().saturating_sub(job.newest);
    starts.split_off(surplus)
}

/// What the incident does to this build.
fn strike(
    stage: &Stage<'_>,
    job: &Job,
    started_ms: i64,
    images: &Deployed,
    boskos: &Deployed,
    random: &mut Random,
) -> Option<Strike> {
    let bad = stage.history.bad.as_ref();
    match stage.incident {
        incident::Incident::Boskos
            if job.leases && bad.is_some_and(|bad| bad.sha == boskos.sha) =>
        {
            let first = stage
                .history
                .boskos
                .0
                .iter()
                .find(|deployed| deployed.sha == boskos.sha);
            let first_time = first.is_some_and(|first| first.at_ms == boskos.at_ms);
            incident::strike_by_boskos(random, started_ms - boskos.at_ms, first_time)
        }
        incident::Incident::ImageBump
            if job.suite.has_cluster()
                && job.runs_infra_image()
                && bad.is_some_and(|bad| bad.sha == images.sha) =>
        {
            Some(Strike::Part)
        }
        incident::Incident::Outage
            if job.cluster == OUT_CLUSTER
                && stage
                    .plan
                    .outage
                    .is_some_and(|(from, to)| (from..to).contains(&started_ms)) =>
        {
            // A build that cannot tell what it would have cloned keeps to the simpler fate.
            if job.evidence == Evidence::Image && random.chance(0.5) {
                Some(Strike::Unscheduled)
            } else {
                Some(Strike::NoCluster)
            }
        }
        _ => None,
    }
}

fn one_build(
    stage: &Stage<'_>,
    job: &Job,
    habits: &mut [Habit],
    retries: bool,
    (id, start, special): (&str, Start<'_>, Special),
    random: &mut Random,
    played: &mut Played,
) -> Result<BuildTruth, SimulateError> {
    let history = stage.history;
    let started_ms = (start.created_ms + random.between(15_000, 70_000)) / 1000 * 1000;
    let images = history.images.at(start.created_ms);
    let prow = history.prow.at(start.created_ms);
    let boskos = history.boskos.at(started_ms);
    let infra = history.test_infra.at(started_ms);
    let (repo, line) = match job.repo() {
        PRODUCT => (PRODUCT, &history.product[job.branch]),
        other => (other, &history.boskos_repo),
    };
    let product = match (start.pull, start.merged) {
        (Some(pull), _) => &pull.base,
        (None, Some(merged)) => &merged.sha,
        (None, None) => &line.at(started_ms).sha,
    };
    let position = line.index_at(start.pull.map_or(started_ms, |pull| pull.at_ms));

    let mut strike = strike(stage, job, started_ms, images, boskos, random);
    if special.unscheduled {
        strike = Some(Strike::Unscheduled);
    }
    let mut breakages = Vec::new();
    let mut flakes = Vec::new();
    let mut by_incident = strike.is_some() && !special.unscheduled;

    // Every test's fate is drawn even when it does not run, so that habits do not depend on the
    // incident.
    let mut happened = Vec::with_capacity(habits.len());
    for habit in habits.iter_mut() {
        happened.push(happen(
            stage,
            habit,
            (repo == PRODUCT, position, retries),
            random,
            &mut breakages,
            &mut flakes,
        ));
    }
    match strike {
        Some(strike @ Strike::Some(count)) => {
            for _ in 0..count {
                let victim = random.below(habits.len() as u64) as usize;
                if habits[victim].skip.is_none() {
                    happened[victim] = Happened::Failed(incident::message(strike, random));
                }
            }
        }
        Some(Strike::Part) => {
            for (habit, happened) in habits.iter().zip(&mut happened) {
                if habit.in_part && habit.skip.is_none() {
                    *happened = Happened::Failed(incident::message(Strike::Part, random));
                }
            }
        }
        _ => {}
    }
    let runs_tests = !matches!(strike, Some(Strike::NoCluster | Strike::Unscheduled));
    if !runs_tests {
        breakages.clear();
        flakes.clear();
    }
    breakages.sort_unstable();
    breakages.dedup();
    breakages.retain(|&index| {
        let incident = history.breakages[index].incident;
        by_incident |= incident;
        !incident
    });
    let failed = !runs_tests
        || happened
            .iter()
            .any(|happened| matches!(happened, Happened::Failed(_)));

    let takes = job.takes_mins * MINUTE_MS;
    let takes = match strike {
        Some(Strike::NoCluster) => takes.min(32 * MINUTE_MS) / 2 + random.between(0, 9 * MINUTE_MS),
        Some(Strike::Unscheduled) => 20 * MINUTE_MS,
        _ => takes * random.between(88, 115) / 100,
    };
    let ended_ms = (started_ms + takes) / 1000 * 1000;
    let phase = if ended_ms > stage.end_ms {
        Phase::Running
    } else if strike == Some(Strike::Unscheduled) {
        Phase::Unscheduled
    } else {
        Phase::Ended { passed: !failed }
    };
    let trouble = match strike {
        Some(strike @ (Strike::NoCluster | Strike::Unscheduled)) => {
            match (strike, stage.incident) {
                (Strike::NoCluster, incident::Incident::Outage) => {
                    "fetching sources: dial tcp: lookup github.com: i/o timeout".to_owned()
                }
                _ => incident::message(strike, random),
            }
        }
        _ => String::new(),
    };
    if phase == Phase::Running {
        breakages.clear();
        flakes.clear();
        by_incident = false;
    }
    let junit = match phase {
        Phase::Ended { .. } => junit_files(job, habits, &happened, runs_tests, &trouble, takes),
        _ => Vec::new(),
    };
    played.cells += junit.iter().map(|junit| junit.cases.len()).sum::<usize>();

    let path = match (job.trigger, start.pull) {
        (Trigger::Presubmit(repo), Some(pull)) => {
            // The default repository has no folder of its own.
            let folder = if repo == PRODUCT {
                String::new()
            } else {
                format!("{}/", repo.replace('/', "_"))
            };
            format!("pr-logs/pull/{folder}{}/{}/{id}", pull.number, job.name)
        }
        _ => format!("logs/{}/{id}", job.name),
    };
    let full_path = format!("{BUCKET}/{path}");
    let mut files = Build {
        job,
        id,
        path: &full_path,
        created_ms: start.created_ms,
        started_ms,
        ended_ms,
        phase,
        product,
        infra: &infra.sha,
        images_tag: &images.tag,
        prow_tag: &prow.tag,
        boskos: &boskos.sha,
        pull: start.pull,
        trouble: &trouble,
        junit,
    }
    .files(random);
    let mut damage = Vec::new();
    if phase == Phase::Unscheduled {
        damage.push("unscheduled_pod".to_owned());
    }
    let lost_end = damage_files(
        &mut files,
        job,
        phase,
        special,
        random,
        &mut damage,
        started_ms,
        stage,
    );

    let ended = matches!(phase, Phase::Ended { .. }) && !lost_end;
    let told = if lost_end { Phase::Running } else { phase };
    let version = |commit: &str, source: &str| {
        Some(VersionTruth {
            commit: commit.to_owned(),
            source: source.to_owned(),
        })
    };
    let versions = [
        (
            "test-infra".to_owned(),
            build::infra_evidence(job, told, &infra.sha, &images.sha)
                .and_then(|(commit, source)| version(&commit, source)),
        ),
        (
            "prow".to_owned(),
            job.is_decorated()
                .then(|| version(&prow.sha, "utility_image_tag"))
                .flatten(),
        ),
        (
            "boskos".to_owned(),
            (job.leases && ended)
                .then(|| version(&boskos.sha, "metadata"))
                .flatten(),
        ),
        (
            "cluster".to_owned(),
            files
                .iter()
                .any(|(name, _)| name == "prowjob.json")
                .then(|| version(job.cluster, "prow_job"))
                .flatten(),
        ),
    ]
    .into_iter()
    .collect();

    let place = stage.bucket.join(&path);
    let artifacts = place.join("artifacts");
    fs::create_dir_all(&artifacts).map_err(|error| SimulateError::write(&artifacts, error))?;
    for (name, content) in &files {
        write(
            &place.join(name),
            content,
            &mut played.files,
            &mut played.bytes,
        )?;
    }
    if start.pull.is_some() {
        let pointer = stage
            .bucket
            .join("pr-logs/directory")
            .join(&job.name)
            .join(format!("{id}.txt"));
        let target = format!("gs://{full_path}");
        write(&pointer, &target, &mut played.files, &mut played.bytes)?;
    }
    Ok(BuildTruth {
        build: id.to_owned(),
        path: full_path,
        started_ms,
        finished_ms: (ended || phase == Phase::Unscheduled).then_some(ended_ms),
        result: match phase {
            Phase::Running => BuildResult::Running,
            Phase::Ended { passed: true } if !lost_end => BuildResult::Passed,
            _ => BuildResult::Failed,
        },
        versions,
        product: [(repo.to_owned(), product.clone())].into_iter().collect(),
        configured_by: configured_by(&history.test_infra, job, [images, prow]),
        hit_by_incident: by_incident,
        breakages,
        flakes,
        damage,
    })
}

/// The commit that last changed what the job is: it moved its image, or the images that decorate it.
fn configured_by(line: &Line, job: &Job, [images, prow]: [&Deployed; 2]) -> Option<String> {
    let asked = [
        images.asked_by.as_ref().filter(|_| job.runs_infra_image()),
        prow.asked_by.as_ref().filter(|_| job.is_decorated()),
    ];
    let place = |sha: &&String| line.0.iter().position(|landed| landed.sha == **sha);
    asked.into_iter().flatten().max_by_key(place).cloned()
}

/// Loses or spoils files now and then; whether the end of the build got lost.
#[expect(clippy::too_many_arguments, reason = "one call")]
fn damage_files(
    files: &mut Vec<(String, String)>,
    job: &Job,
    phase: Phase,
    special: Special,
    random: &mut Random,
    damage: &mut Vec<String>,
    started_ms: i64,
    stage: &Stage<'_>,
) -> bool {
    let draw = random.below(1000);
    let Phase::Ended { .. } = phase else {
        return false;
    };
    if special.malformed {
        if let Some((_, content)) = files
            .iter_mut()
            .find(|(name, _)| name == "artifacts/junit_01.xml")
        {
            let half = content.len() / 2;
            let cut = (half..content.len())
                .find(|&at| content.is_char_boundary(at))
                .unwrap_or(0);
            content.truncate(cut);
            damage.push("malformed_junit".into());
        }
        return false;
    }
    let lost: &[&str] = match draw {
        0..8 if job.is_decorated() => &["podinfo.json"],
        8..12 => &["build-log.txt"],
        12..15 if job.is_decorated() => &["prowjob.json"],
        // The node was lost in the middle: nothing says how it ended. Old enough that nobody waits.
        15..18 if job.is_decorated() && started_ms < stage.end_ms - 26 * HOUR_MS => {
            &["finished.json", "artifacts/metadata.json", "build-log.txt"]
        }
        _ => &[],
    };
    files.retain(|(name, _)| !lost.contains(&name.as_str()));
    damage.extend(lost.iter().map(|name| format!("missing {name}")));
    lost.contains(&"finished.json")
}

/// Names of tests that master jobs run, without repetition.
pub(super) fn candidates(jobs: &[Job]) -> Vec<String> {
    let mut names: Vec<String> = jobs
        .iter()
        .filter(|job| job.branch == 0 && BRANCHES[job.branch] == "master" && job.repo() == PRODUCT)
        .take(40)
        .flat_map(|job| suites::tests_of(job.suite, job.tests))
        .map(|test| test.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
