//! The histories of the product and of the infrastructure: what landed when, and what ran from when
//! on. Written as git repositories, so that every commit a build names can be looked up.

mod merges;
mod product;
mod test_infra;

use std::path::Path;

use super::{
    MINUTE_MS, SimulateError,
    git::Sha,
    incident::Plan,
    random::Random,
    words::{self, Title},
};
use merges::Writer;
use test_infra::TestInfra;

/// `org/name` of the four repositories and their folders below `git/`.
pub(super) const PRODUCT: &str = "kubernetes/kubernetes";
pub(super) const TEST_INFRA: &str = "kubernetes/test-infra";
pub(super) const PROW: &str = "kubernetes-sigs/prow";
pub(super) const BOSKOS: &str = "kubernetes-sigs/boskos";

pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// The release branches under test, newest first.
pub(super) const BRANCHES: [&str; 4] = ["master", "1.36", "1.35", "1.34"];

/// Who merges.
const ROBOT: (&str, &str) = ("CI Robot", "ci-robot@example.com");

/// A commit on a branch.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    pub at_ms: i64,
    pub sha: Sha,
}

/// The first-parent commits of one branch, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(pub Vec<Landed>);

impl Line {
    /// The index of the branch's head at a time; 0 before the first commit.
    pub(super) fn index_at(&self, at_ms: i64) -> usize {
        self.0
            .partition_point(|landed| landed.at_ms <= at_ms)
            .saturating_sub(1)
    }

    /// The branch's head at a time.
    pub(super) fn at(&self, at_ms: i64) -> &Landed {
        &self.0[self.index_at(at_ms)]
    }

    fn head(&self) -> &str {
        self.0.last().map_or("", |landed| &landed.sha)
    }
}

/// One test of a pull request: its base at that time, its head, and the merge of both.
#[derive(Clone, Debug)]
pub(super) struct PullRun {
    pub at_ms: i64,
    pub number: u64,
    pub author: String,
    pub title: String,
    pub base: Sha,
    pub head: Sha,
    pub merge: Sha,
}

/// A version of an infra component, as it is deployed.
#[derive(Clone, Debug)]
pub(super) struct Deployed {
    pub at_ms: i64,
    pub sha: Sha,
    /// `v20260810-7619858115`.
    pub tag: String,
    /// The commit of test-infra that asked for it.
    pub asked_by: Option<Sha>,
}

/// What ran, oldest first; the first entry is in force from the beginning.
#[derive(Clone, Debug, Default)]
pub(super) struct Rollout(pub Vec<Deployed>);

impl Rollout {
    pub(super) fn at(&self, at_ms: i64) -> &Deployed {
        let index = self
            .0
            .partition_point(|deployed| deployed.at_ms <= at_ms)
            .saturating_sub(1);
        &self.0[index]
    }
}

/// A product commit that breaks tests, and the one that mends them.
#[derive(Clone, Debug)]
pub(super) struct BrokenBy {
    /// Index into [`BRANCHES`].
    pub branch: usize,
    /// Index into the branch's line.
    pub from: usize,
    /// The first index without the fault.
    pub until: Option<usize>,
    pub tests: Vec<String>,
    /// Whether it is the world's incident.
    pub incident: bool,
}

/// All histories.
pub(super) struct History {
    /// In the order of [`BRANCHES`].
    pub product: Vec<Line>,
    pub test_infra: Line,
    pub boskos_repo: Line,
    pub images: Rollout,
    pub prow: Rollout,
    pub boskos: Rollout,
    pub breakages: Vec<BrokenBy>,
    pub pulls: Vec<PullRun>,
    pub boskos_pulls: Vec<PullRun>,
    /// The bad version of the incident, where a component's version is to blame.
    pub bad: Option<Bad>,
}

/// An infra component's bad version.
#[derive(Clone, Debug)]
pub(super) struct Bad {
    pub sha: Sha,
    pub good: Sha,
}

/// What a history needs to know about its world.
pub(super) struct Era<'a> {
    pub seed: u64,
    pub begin_ms: i64,
    pub end_ms: i64,
    pub plan: &'a Plan,
    /// Of how many merges of the product one is tested as a pull request.
    pub merges_per_pull: u64,
    /// Tests of master jobs, from which breakages choose.
    pub candidates: &'a [String],
    /// The files of kubernetes/test-infra that name images, for these tags.
    pub files: &'a dyn Fn(&Tags) -> Vec<(String, String)>,
}

/// Image tags in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tags {
    pub images: String,
    pub prow: String,
    pub boskos: String,
}

/// `v20260810-7619858115`: the day and the abbreviated commit.
fn tag_of(landed: &Landed) -> String {
    let day = chrono::DateTime::from_timestamp_millis(landed.at_ms)
        .map(|at| at.format("%Y%m%d").to_string())
        .unwrap_or_default();
    format!("v{day}-{}", &landed.sha[..10])
}

/// Writes all repositories below `folder`.
pub(super) fn write(folder: &Path, era: &Era<'_>) -> Result<History, SimulateError> {
    let (prow, _) = write_small(&folder.join("prow"), era, "prow", words::PROW, 10, 5, 0)?;
    let (boskos_repo, boskos_pulls) = write_small(
        &folder.join("boskos"),
        era,
        "boskos",
        words::BOSKOS,
        120,
        44,
        3,
    )?;
    let (product, breakages, pulls) = product::write(&folder.join("product"), era)?;
    let infra = TestInfra::new(&folder.join("test-infra"), era, &prow, &boskos_repo)?.write()?;
    Ok(History {
        product,
        boskos_repo,
        breakages,
        pulls,
        boskos_pulls,
        test_infra: infra.line,
        images: infra.images,
        prow: infra.prow,
        boskos: infra.boskos,
        bad: infra.bad,
    })
}

/// A repository with one branch: a merge every `hours` on average, beginning `days` before the
/// world. One in `pull_every` merges of the world's time is tested before.
fn write_small(
    path: &Path,
    era: &Era<'_>,
    name: &str,
    titles: &[Title],
    days: i64,
    hours: i64,
    pull_every: u64,
) -> Result<(Line, Vec<PullRun>), SimulateError> {
    let mut random = Random::new(era.seed, &format!("history of {name}"));
    let mut writer = Writer::create(path, "main", 400 + random.below(300))?;
    let mut line = Line::default();
    let mut pulls = Vec::new();
    let mut at_ms = era.begin_ms - days * DAY_MS;
    writer.root(&mut line, "refs/heads/main", at_ms, titles)?;
    loop {
        at_ms += random.between(hours * HOUR_MS / 3, hours * HOUR_MS * 5 / 3) / 1000 * 1000;
        if at_ms > era.end_ms {
            break;
        }
        let title = words::title(&mut random, titles);
        let merge = writer.merge(&mut line, "refs/heads/main", at_ms, &title, &mut random)?;
        if pull_every > 0 && at_ms > era.begin_ms + DAY_MS {
            pulls.extend(writer.test_pull(&line, &merge, &mut random, era)?);
        }
    }
    writer.repository.finish()?;
    pulls.sort_by_key(|run| run.at_ms);
    Ok((line, pulls))
}
