//! Writes a world: a bucket of builds in Prow's layout, the TestGrid and Prow configuration that
//! shows them, git repositories of the product and of the infrastructure, and the truth about all of
//! it. For demonstrations, tests and benchmarks.
//!
//! The same options give the same bytes everywhere: nothing depends on the clock, the machine or the
//! order in which jobs are played.

mod build;
mod config;
mod crowd;
mod git;
mod history;
mod incident;
mod jobs;
mod play;
mod random;
mod suites;
pub mod truth;
mod words;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use incident::Incident;
use truth::{Breakage, Deployment, IncidentPeriod, IncidentTruth, Truth};

use crate::clock;

use self::{
    history::{BRANCHES, DAY_MS, Era, History, Line, PRODUCT, Rollout, Tags},
    incident::Plan,
    jobs::{Evidence, Job, Trigger},
    play::{Played, Stage},
};

/// The bucket's name.
pub const BUCKET: &str = "kubernetes-ci-logs";

const MINUTE_MS: i64 = 60_000;

/// How large a world is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// About a dozen jobs that run every eight hours or less: for tests.
    Small,
    /// About sixty jobs with the schedules of the real ones.
    #[default]
    Default,
    /// As many test groups, tabs and dashboards as the installation of Kubernetes has, with three to
    /// six builds each.
    Kubernetes,
}

impl Scale {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Small, Self::Default, Self::Kubernetes];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Default => "default",
            Self::Kubernetes => "kubernetes",
        }
    }
}

impl std::str::FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scale| scale.name() == text)
            .ok_or_else(|| {
                format!("no scale is called {text:?}; there are small, default and kubernetes")
            })
    }
}

/// Which world to write.
#[derive(Clone, Debug)]
pub struct SimulateOptions {
    /// The folder to write into; made when it is not there, and refused when it is not empty.
    pub out: PathBuf,
    /// Worlds of different seeds differ.
    pub seed: u64,
    /// How many days of builds, at least one.
    pub days: u32,
    /// How many jobs.
    pub scale: Scale,
    /// What goes wrong.
    pub incident: Incident,
    /// When the world ends, in milliseconds since 1970; cut to the minute. `None` means the full
    /// hour that has just begun.
    pub end_ms: Option<i64>,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The content of `truth.json`.
    pub truth: Truth,
    /// All builds.
    pub builds: usize,
    /// All JUnit cases.
    pub cases: usize,
    /// All files of the bucket.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Why a world could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// `git` is not installed.
    #[error("git is needed to write the repositories of a simulated world, and is not installed")]
    NoGit,
    /// `git` failed.
    #[error("{0}")]
    Git(String),
    /// The folder has something in it.
    #[error("{0} is not empty; name a new folder for the simulated world")]
    NotEmpty(PathBuf),
    /// No days.
    #[error("a simulated world needs at least one day")]
    NoDays,
    /// The file system refused.
    #[error("cannot write {path}: {error}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl SimulateError {
    fn write(path: &Path, error: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            error,
        }
    }
}

/// Writes a world below `options.out`: `bucket/`, `config/`, `git/`, `seamgrid.yaml`, `truth.json`.
pub fn simulate(options: &SimulateOptions) -> Result<Simulated, SimulateError> {
    if options.days == 0 {
        return Err(SimulateError::NoDays);
    }
    // The only look at the clock, and only for those who do not say the time.
    let end_ms = options.end_ms.unwrap_or_else(|| {
        let hour = 60 * MINUTE_MS;
        clock::now_ms() / hour * hour
    }) / MINUTE_MS
        * MINUTE_MS;
    let out = &options.out;
    fs::create_dir_all(out).map_err(|error| SimulateError::write(out, error))?;
    let mut inside = fs::read_dir(out).map_err(|error| SimulateError::write(out, error))?;
    if inside.next().is_some() {
        return Err(SimulateError::NotEmpty(out.clone()));
    }

    let begin_ms = end_ms - i64::from(options.days) * DAY_MS;
    let plan = Plan::new(options.incident, options.days, end_ms);
    let jobs = jobs::jobs(options.scale);
    let candidates = play::candidates(&jobs);
    let history = history::write(
        &out.join("git"),
        &Era {
            seed: options.seed,
            begin_ms,
            end_ms,
            plan: &plan,
            merges_per_pull: match options.scale {
                Scale::Small => 16,
                Scale::Default => 4,
                Scale::Kubernetes => 40,
            },
            candidates: &candidates,
            files: &|tags| config::infra_files(&jobs, tags),
        },
    )?;
    write_configuration(out, &jobs, &history, end_ms)?;

    let bucket = out.join("bucket").join(BUCKET);
    let stage = Stage {
        bucket: &bucket,
        seed: options.seed,
        begin_ms,
        end_ms,
        history: &history,
        plan: &plan,
        incident: options.incident,
        malformed_in: name_of(&jobs, |job| job.suite.has_cluster()),
        unscheduled_in: name_of(&jobs, |job| {
            job.evidence == Evidence::Image && !job.leases && job.trigger == Trigger::Periodic
        }),
    };
    let mut played = play_all(&stage, &jobs)?;
    let mut simulated = Simulated {
        truth: Truth::default(),
        builds: played.iter().map(|played| played.truth.builds.len()).sum(),
        cases: played.iter().map(|played| played.cells).sum(),
        files: played.iter().map(|played| played.files).sum(),
        bytes: played.iter().map(|played| played.bytes).sum(),
    };
    played.sort_by(|a, b| a.truth.name.cmp(&b.truth.name));
    let mut truth = Truth {
        seed: options.seed,
        days: options.days,
        scale: options.scale.name().to_owned(),
        begin_ms,
        end_ms,
        bucket: BUCKET.to_owned(),
        components: config::COMPONENTS.map(str::to_owned).to_vec(),
        repositories: config::repositories(),
        deployments: deployments(&history),
        jobs: played.into_iter().map(|played| played.truth).collect(),
        breakages: Vec::new(),
        incident: None,
    };
    truth.breakages = breakages(&history, &mut truth.jobs);
    truth.incident = incident_truth(options.incident, &plan, &history, &truth);
    write_file(
        &out.join("truth.json"),
        &serde_json::to_string_pretty(&truth).map_err(|error| {
            SimulateError::write(&out.join("truth.json"), io::Error::other(error))
        })?,
    )?;
    simulated.truth = truth;
    Ok(simulated)
}

fn name_of(jobs: &[Job], wanted: impl Fn(&Job) -> bool) -> &str {
    jobs.iter()
        .find(|job| wanted(job))
        .map_or("", |job| job.name.as_str())
}

fn write_file(path: &Path, content: &str) -> Result<(), SimulateError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| SimulateError::write(folder, error))?;
    }
    fs::write(path, content).map_err(|error| SimulateError::write(path, error))
}

fn write_configuration(
    out: &Path,
    jobs: &[Job],
    history: &History,
    end_ms: i64,
) -> Result<(), SimulateError> {
    let tags = Tags {
        images: history.images.at(end_ms).tag.clone(),
        prow: history.prow.at(end_ms).tag.clone(),
        boskos: history.boskos.at(end_ms).tag.clone(),
    };
    for (path, text) in config::job_files(jobs, &tags) {
        write_file(&out.join("config/jobs").join(path), &text)?;
    }
    for (path, text) in config::testgrid_files(jobs) {
        write_file(&out.join("config/testgrids").join(path), &text)?;
    }
    write_file(&out.join("seamgrid.yaml"), &config::settings())
}

/// Plays all jobs on all processors; the order of the answer is that of the jobs.
fn play_all(stage: &Stage<'_>, jobs: &[Job]) -> Result<Vec<Played>, SimulateError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut played: Vec<(usize, Result<Played, SimulateError>)> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some(job) = jobs.get(index) else {
                            return mine;
                        };
                        mine.push((index, play::play(stage, job)));
                    }
                })
            })
            .collect();
        running
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(mine) => mine,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    played.sort_by_key(|(index, _)| *index);
    played.into_iter().map(|(_, played)| played).collect()
}

fn deployments(history: &History) -> Vec<Deployment> {
    let of = |component: &str, rollout: &Rollout| -> Vec<Deployment> {
        rollout
            .0
            .iter()
            .map(|deployed| Deployment {
                component: component.to_owned(),
                version: deployed.sha.clone(),
                at_ms: deployed.at_ms,
                asked_by: deployed.asked_by.clone(),
            })
            .collect()
    };
    let mut all = of("test-infra-images", &history.images);
    all.extend(of("prow", &history.prow));
    all.extend(of("boskos", &history.boskos));
    all.sort_by_key(|deployment| deployment.at_ms);
    all
}

/// The breakages that are not the incident; the builds' indexes are made to fit.
fn breakages(history: &History, jobs: &mut [truth::JobTruth]) -> Vec<Breakage> {
    let mut places = vec![usize::MAX; history.breakages.len()];
    let mut all: Vec<Breakage> = Vec::new();
    for (index, broken) in history.breakages.iter().enumerate() {
        if broken.incident {
            continue;
        }
        places[index] = all.len();
        let line: &Line = &history.product[broken.branch];
        let fix = broken.until.map(|until| &line.0[until]);
        all.push(Breakage {
            repo: PRODUCT.to_owned(),
            branch: BRANCHES[broken.branch].to_owned(),
            commit: line.0[broken.from].sha.clone(),
            fixed_by: fix.map(|fix| fix.sha.clone()),
            from_ms: line.0[broken.from].at_ms,
            to_ms: fix.map(|fix| fix.at_ms),
            tests: broken.tests.clone(),
            builds: Vec::new(),
        });
    }
    for job in jobs {
        for build in &mut job.builds {
            for index in &mut build.breakages {
                *index = places[*index];
                all[*index]
                    .builds
                    .push(format!("{}/{}", job.name, build.build));
            }
        }
    }
    all
}

fn incident_truth(
    incident: Incident,
    plan: &Plan,
    history: &History,
    truth: &Truth,
) -> Option<IncidentTruth> {
    let mut jobs = Vec::new();
    let mut builds = Vec::new();
    for job in &truth.jobs {
        for build in job.builds.iter().filter(|build| build.hit_by_incident) {
            builds.push(format!("{}/{}", job.name, build.build));
            if jobs.last() != Some(&job.name) {
                jobs.push(job.name.clone());
            }
        }
    }
    let bad = history.bad.as_ref();
    let of_rollout = |rollout: &Rollout| -> Vec<IncidentPeriod> {
        rollout
            .0
            .iter()
            .enumerate()
            .filter(|(_, deployed)| bad.is_some_and(|bad| bad.sha == deployed.sha))
            .map(|(index, deployed)| {
                let next = rollout.0.get(index + 1);
                IncidentPeriod {
                    from_ms: deployed.at_ms,
                    to_ms: next.map_or(truth.end_ms, |next| next.at_ms),
                    began_with: deployed.asked_by.clone(),
                    ended_with: next.and_then(|next| next.asked_by.clone()),
                }
            })
            .collect()
    };
    let (culprit, periods) = match incident {
        Incident::None => return None,
        Incident::Boskos => ("boskos", of_rollout(&history.boskos)),
        Incident::ImageBump => ("test-infra", of_rollout(&history.images)),
        Incident::Outage => (
            incident::OUT_CLUSTER,
            plan.outage
                .iter()
                .map(|&(from_ms, to_ms)| IncidentPeriod {
                    from_ms,
                    to_ms,
                    began_with: None,
                    ended_with: None,
                })
                .collect(),
        ),
        Incident::Product => (PRODUCT, product_periods(history, truth.end_ms)),
    };
    let first = periods.first();
    let (bad_version, good_version) = match incident {
        Incident::Product => {
            let broken = history.breakages.iter().find(|broken| broken.incident)?;
            let line = &history.product[broken.branch].0;
            (
                first.and_then(|period| period.began_with.clone()),
                broken
                    .from
                    .checked_sub(1)
                    .map(|before| line[before].sha.clone()),
            )
        }
        _ => (
            bad.map(|bad| bad.sha.clone()),
            bad.map(|bad| bad.good.clone()),
        ),
    };
    Some(IncidentTruth {
        kind: incident.name().to_owned(),
        culprit: culprit.to_owned(),
        bad_version,
        good_version,
        periods,
        jobs,
        builds,
    })
}

fn product_periods(history: &History, end_ms: i64) -> Vec<IncidentPeriod> {
    history
        .breakages
        .iter()
        .filter(|broken| broken.incident)
        .map(|broken| {
            let line = &history.product[broken.branch].0;
            let fix = broken.until.map(|until| &line[until]);
            IncidentPeriod {
                from_ms: line[broken.from].at_ms,
                to_ms: fix.map_or(end_ms, |fix| fix.at_ms),
                began_with: Some(line[broken.from].sha.clone()),
                ended_with: fix.map(|fix| fix.sha.clone()),
            }
        })
        .collect()
}
