//! The histories of the product and of the infrastructure: what landed when, and what ran from when
//! on. Written as git repositories, so that every commit a build names can be looked up.

use std::{collections::BTreeMap, path::Path};

use super::{
    MINUTE_MS, SimulateError,
    git::{NewCommit, Repository, Sha},
    incident::Plan,
    random::Random,
    words::{self, Title},
};

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
    let (product, breakages, pulls) = write_product(&folder.join("product"), era)?;
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

type Product = (Vec<Line>, Vec<BrokenBy>, Vec<PullRun>);

/// The product: master with many merges a day, release branches with about one.
fn write_product(path: &Path, era: &Era<'_>) -> Result<Product, SimulateError> {
    let mut random = Random::new(era.seed, "history of the product");
    let mut writer = Writer::create(path, "master", 134_000 + random.below(3000))?;
    let mut lines = vec![Line::default(); BRANCHES.len()];
    let mut pulls = Vec::new();

    // The trunk up to the world's time, with the points where the release branches leave it.
    let mut at_ms = era.begin_ms - 420 * DAY_MS;
    writer.root(&mut lines[0], "refs/heads/master", at_ms, words::PRODUCT)?;
    for (branch, age_days) in [(3, 330), (2, 210), (1, 80)] {
        for _ in 0..5 {
            at_ms += random.between(DAY_MS, 3 * DAY_MS) / 1000 * 1000;
            let title = words::title(&mut random, words::PRODUCT);
            writer.merge(
                &mut lines[0],
                "refs/heads/master",
                at_ms,
                &title,
                &mut random,
            )?;
        }
        let reference = format!("refs/heads/release-{}", BRANCHES[branch]);
        let fork = Landed {
            at_ms,
            sha: lines[0].head().to_owned(),
        };
        writer.repository.set(&reference, &fork.sha)?;
        writer
            .repository
            .set(&format!("refs/tags/v{}.0", BRANCHES[branch]), &fork.sha)?;
        lines[branch].0.push(fork);
        at_ms = era.begin_ms - age_days * DAY_MS;
    }

    let mut planned = Vec::new();
    for (branch, name) in BRANCHES.iter().enumerate() {
        let reference = match branch {
            0 => "refs/heads/master".to_owned(),
            _ => format!("refs/heads/release-{name}"),
        };
        // 14 merges a day, fewer at night; one a day on release branches.
        let gap = if branch == 0 { 103 } else { 24 * 60 };
        let mut times = Vec::new();
        let mut at_ms = era.begin_ms - if branch == 0 { 3 } else { 8 } * DAY_MS;
        loop {
            let night = (at_ms.rem_euclid(DAY_MS) / HOUR_MS) < 6;
            let stretch = if branch == 0 && night { 2 } else { 1 };
            at_ms += random.between(gap / 3, gap * 5 / 3) * MINUTE_MS * stretch;
            if at_ms > era.end_ms {
                break;
            }
            times.push(at_ms);
        }
        let titles = times
            .iter()
            .map(|_| words::title(&mut random, words::PRODUCT))
            .collect();
        planned.push(Planned {
            reference,
            times,
            breaks: Vec::new(),
            titles,
        });
    }
    plan_breakages(&mut planned, era, &mut random);

    let mut breakages = Vec::new();
    for (branch, plan) in planned.into_iter().enumerate() {
        let before = lines[branch].0.len();
        for (index, (at_ms, title)) in plan.times.iter().zip(plan.titles).enumerate() {
            let merge = writer.merge(
                &mut lines[branch],
                &plan.reference,
                *at_ms,
                &title,
                &mut random,
            )?;
            let tested = branch == 0
                && *at_ms > era.begin_ms + 12 * HOUR_MS
                && (index as u64).is_multiple_of(era.merges_per_pull);
            if tested {
                pulls.extend(writer.test_pull(&lines[0], &merge, &mut random, era)?);
            }
        }
        for mut breaks in plan.breaks {
            breaks.branch = branch;
            breaks.from += before;
            breaks.until = breaks.until.map(|until| until + before);
            breakages.push(breaks);
        }
    }
    writer.repository.finish()?;
    pulls.sort_by_key(|run| run.at_ms);
    breakages.sort_by_key(|breaks: &BrokenBy| lines[breaks.branch].0[breaks.from].at_ms);
    Ok((lines, breakages, pulls))
}

/// The merges to come on one branch.
struct Planned {
    reference: String,
    times: Vec<i64>,
    titles: Vec<words::Change>,
    breaks: Vec<BrokenBy>,
}

/// Chooses which merges break tests, and turns the later merges that mend them into reverts.
fn plan_breakages(planned: &mut [Planned], era: &Era<'_>, random: &mut Random) {
    let days = (era.end_ms - era.begin_ms) / DAY_MS;
    let mut wanted: Vec<(usize, i64, i64, Vec<String>, bool)> = Vec::new();
    for number in 0..(days / 3).max(1) {
        // Spread over the time, the last one still open.
        let slot = (era.end_ms - era.begin_ms) / (days / 3).max(1);
        let from = era.begin_ms + number * slot + random.between(slot / 8, slot * 7 / 8);
        let to = from + random.between(6 * HOUR_MS, 44 * HOUR_MS);
        let count = random.between(1, 3);
        wanted.push((
            0,
            from,
            to,
            words::choose(random, era.candidates, count),
            false,
        ));
    }
    let from = era.begin_ms + (era.end_ms - era.begin_ms) / 3;
    // One that every branch runs.
    let everywhere: Vec<String> = era
        .candidates
        .iter()
        .filter(|test| test.contains("[Conformance]"))
        .cloned()
        .collect();
    let test = words::choose(random, &everywhere, 1);
    wanted.push((2, from, from + 70 * HOUR_MS, test, false));
    if let Some((from, to)) = era.plan.product {
        let tests = era
            .candidates
            .iter()
            .filter(|test| test.contains("[sig-network]"))
            .cloned()
            .collect();
        wanted.push((0, from, to, tests, true));
    }
    for (branch, from_ms, to_ms, tests, incident) in wanted {
        let plan = &mut planned[branch];
        let from = plan.times.partition_point(|&at| at < from_ms);
        let until = plan.times.partition_point(|&at| at < to_ms).max(from + 1);
        if from >= plan.times.len() {
            continue;
        }
        let until = (until < plan.times.len()).then_some(until);
        if let Some(until) = until {
            let reverted = plan.titles[from].clone();
            plan.titles[until] = words::Change {
                subject: format!("Revert \"{}\"", reverted.subject),
                paths: reverted.paths,
            };
        }
        plan.breaks.push(BrokenBy {
            branch,
            from,
            until,
            tests,
            incident,
        });
    }
}

/// A repository that is being written, with its numbers of pull requests.
struct Writer {
    repository: Repository,
    number: u64,
    revisions: BTreeMap<String, u32>,
}

/// A merged pull request.
struct Merged {
    at_ms: i64,
    number: u64,
    author: String,
    title: String,
    topic: Sha,
    topic_ms: i64,
    files: Vec<(String, String)>,
}

impl Writer {
    fn create(path: &Path, branch: &str, number: u64) -> Result<Self, SimulateError> {
        Ok(Self {
            repository: Repository::create(path, branch)?,
            number,
            revisions: BTreeMap::new(),
        })
    }

    /// The first commit: every file that the titles touch.
    fn root(
        &mut self,
        line: &mut Line,
        reference: &str,
        at_ms: i64,
        titles: &[Title],
    ) -> Result<(), SimulateError> {
        let mut files: Vec<(String, String)> = vec![(
            "OWNERS".into(),
            "approvers:\n- maintainers\nreviewers:\n- maintainers\n".into(),
        )];
        for title in titles {
            let paths: Vec<String> = title.paths.iter().map(|&path| path.to_owned()).collect();
            files.extend(self.revise(&paths));
        }
        let sha = self.repository.commit(&NewCommit {
            reference,
            at_ms,
            author: ROBOT,
            message: "Import the sources",
            parents: &[],
            files: &files,
        })?;
        line.0.push(Landed { at_ms, sha });
        Ok(())
    }

    /// A new revision of each file.
    fn revise(&mut self, paths: &[String]) -> Vec<(String, String)> {
        paths
            .iter()
            .map(|path| {
                let revision = self.revisions.entry(path.clone()).or_insert(0);
                *revision += 1;
                (path.clone(), words::content(path, *revision))
            })
            .collect()
    }

    /// A pull request: a commit of an author on what was the head then, merged by the robot.
    fn merge(
        &mut self,
        line: &mut Line,
        reference: &str,
        at_ms: i64,
        change: &words::Change,
        random: &mut Random,
    ) -> Result<Merged, SimulateError> {
        let files = self.revise(&change.paths);
        let topic_ms = at_ms - random.between(40, 1800) * MINUTE_MS;
        self.merge_files(
            line,
            reference,
            (topic_ms, at_ms),
            &change.subject,
            files,
            random,
        )
    }

    fn merge_files(
        &mut self,
        line: &mut Line,
        reference: &str,
        (topic_ms, at_ms): (i64, i64),
        subject: &str,
        files: Vec<(String, String)>,
        random: &mut Random,
    ) -> Result<Merged, SimulateError> {
        self.number += 1 + random.below(4);
        let number = self.number;
        let robot = subject.starts_with("Bump") || subject.starts_with("Update Prow");
        let (name, login) = if robot {
            ("Autobump Robot", "autobump-robot")
        } else {
            words::author(random)
        };
        let address = format!("{login}@example.com");
        // A topic begins at the head of its time, but never before the branch itself.
        let base = line.at(topic_ms).sha.clone();
        let topic_ms = topic_ms.max(line.at(topic_ms).at_ms);
        let pull = format!("refs/pull/{number}/head");
        let topic = self.repository.commit(&NewCommit {
            reference: &pull,
            at_ms: topic_ms,
            author: (name, &address),
            message: subject,
            parents: &[&base],
            files: &files,
        })?;
        let slug = words::slug(subject);
        let message = format!("Merge pull request #{number} from {login}/{slug}\n\n{subject}");
        let head = line.head().to_owned();
        let sha = self.repository.commit(&NewCommit {
            reference,
            at_ms,
            author: ROBOT,
            message: &message,
            parents: &[&head, &topic],
            files: &files,
        })?;
        line.0.push(Landed { at_ms, sha });
        Ok(Merged {
            at_ms,
            number,
            author: login.to_owned(),
            title: subject.to_owned(),
            topic,
            topic_ms,
            files,
        })
    }

    /// Tests a pull request one to three times between its first push and its merge.
    fn test_pull(
        &mut self,
        line: &Line,
        merged: &Merged,
        random: &mut Random,
        era: &Era<'_>,
    ) -> Result<Vec<PullRun>, SimulateError> {
        let mut times: Vec<i64> = (0..random.between(1, 3))
            .map(|_| random.between(merged.topic_ms, merged.at_ms - 30 * MINUTE_MS) / 1000 * 1000)
            .filter(|&at_ms| at_ms > era.begin_ms)
            .collect();
        times.sort_unstable();
        let reference = format!("refs/pull/{}/merge", merged.number);
        let mut runs = Vec::new();
        for at_ms in times {
            let base = line.at(at_ms).sha.clone();
            let merge = self.repository.commit(&NewCommit {
                reference: &reference,
                at_ms,
                author: ROBOT,
                message: &format!("Merge {} into {base}", merged.topic),
                parents: &[&base, &merged.topic],
                files: &merged.files,
            })?;
            runs.push(PullRun {
                at_ms,
                number: merged.number,
                author: merged.author.clone(),
                title: merged.title.clone(),
                base,
                head: merged.topic.clone(),
                merge,
            });
        }
        Ok(runs)
    }
}

/// What lands in kubernetes/test-infra.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Change,
    BumpProw,
    BumpImages,
    BumpBoskos,
    /// The incident's bump.
    BreakBoskos,
    /// Back to the version before.
    RevertBoskos,
    /// The automatic bump that undoes the roll-back.
    BreakBoskosAgain,
    BreakImages,
    RevertImages,
}

/// kubernetes/test-infra while it is being written.
struct TestInfra<'a> {
    writer: Writer,
    era: &'a Era<'a>,
    random: Random,
    prow_repo: &'a Line,
    boskos_repo: &'a Line,
    tags: Tags,
    line: Line,
    images: Rollout,
    prow: Rollout,
    boskos: Rollout,
    bad: Option<Bad>,
    /// The subject of the last breaking bump, for its revert.
    broke_with: String,
}

impl<'a> TestInfra<'a> {
    fn new(
        path: &Path,
        era: &'a Era<'a>,
        prow_repo: &'a Line,
        boskos_repo: &'a Line,
    ) -> Result<Self, SimulateError> {
        let mut random = Random::new(era.seed, "history of test-infra");
        let mut this = Self {
            writer: Writer::create(path, "master", 36_000 + random.below(900))?,
            era,
            random,
            prow_repo,
            boskos_repo,
            tags: Tags {
                images: String::new(),
                prow: String::new(),
                boskos: String::new(),
            },
            line: Line::default(),
            images: Rollout::default(),
            prow: Rollout::default(),
            boskos: Rollout::default(),
            bad: None,
            broke_with: String::new(),
        };
        let at_ms = era.begin_ms - 7 * DAY_MS;
        this.writer.root(
            &mut this.line,
            "refs/heads/master",
            at_ms,
            words::TEST_INFRA,
        )?;
        let at_ms = at_ms + HOUR_MS;
        this.deploy(Event::BumpImages, at_ms, None);
        this.deploy(Event::BumpProw, at_ms, None);
        this.deploy(Event::BumpBoskos, at_ms, None);
        let files = (era.files)(&this.tags);
        let sha = this.writer.repository.commit(&NewCommit {
            reference: "refs/heads/master",
            at_ms,
            author: ROBOT,
            message: "Import the job configuration",
            parents: &[this.line.head()],
            files: &files,
        })?;
        this.line.0.push(Landed { at_ms, sha });
        Ok(this)
    }

    /// When what lands.
    fn events(&mut self) -> Vec<(i64, Event)> {
        let (begin, end, plan) = (self.era.begin_ms, self.era.end_ms, self.era.plan);
        let random = &mut self.random;
        let mut events = Vec::new();
        let mut every = |from: i64, least: i64, most: i64, event: Event, events: &mut Vec<_>| {
            let mut at_ms = from;
            loop {
                at_ms += random.between(least, most) / 1000 * 1000;
                if at_ms > end - 5 * MINUTE_MS {
                    break;
                }
                events.push((at_ms, event));
            }
        };
        every(
            begin - 6 * DAY_MS,
            80 * MINUTE_MS,
            9 * HOUR_MS,
            Event::Change,
            &mut events,
        );
        every(
            begin - 3 * DAY_MS,
            18 * HOUR_MS,
            34 * HOUR_MS,
            Event::BumpProw,
            &mut events,
        );
        every(
            begin - 4 * DAY_MS,
            2 * DAY_MS,
            4 * DAY_MS,
            Event::BumpImages,
            &mut events,
        );
        every(
            begin - DAY_MS,
            4 * DAY_MS,
            7 * DAY_MS,
            Event::BumpBoskos,
            &mut events,
        );
        // Automation is held while people fight the incident, and a day longer.
        let held = |at: i64, spans: &[(i64, i64)]| {
            spans
                .iter()
                .any(|&(from, to)| from - 8 * HOUR_MS < at && at < to + DAY_MS)
        };
        events.retain(|&(at, event)| match event {
            Event::BumpBoskos => !held(at, &plan.boskos),
            Event::BumpImages => !held(at, &plan.images),
            _ => true,
        });
        for (number, &(from, to)) in plan.boskos.iter().enumerate() {
            let breaks = if number == 0 {
                Event::BreakBoskos
            } else {
                Event::BreakBoskosAgain
            };
            events.push((from, breaks));
            events.push((to, Event::RevertBoskos));
        }
        for &(from, to) in &plan.images {
            events.push((from, Event::BreakImages));
            events.push((to, Event::RevertImages));
        }
        events.sort_unstable();
        events.dedup_by_key(|(at, _)| *at);
        events
    }

    fn write(mut self) -> Result<Infra, SimulateError> {
        for (at_ms, event) in self.events() {
            self.land(at_ms, event)?;
        }
        self.writer.repository.finish()?;
        Ok(Infra {
            line: self.line,
            images: self.images,
            prow: self.prow,
            boskos: self.boskos,
            bad: self.bad,
        })
    }

    fn land(&mut self, at_ms: i64, event: Event) -> Result<(), SimulateError> {
        let before = self.tags.clone();
        if event == Event::Change {
            let change = words::title(&mut self.random, words::TEST_INFRA);
            self.writer.merge(
                &mut self.line,
                "refs/heads/master",
                at_ms,
                &change,
                &mut self.random,
            )?;
            return Ok(());
        }
        let pending = self.line.0.len();
        self.deploy(event, at_ms, Some(pending));
        if self.tags == before {
            return Ok(());
        }
        let subject = self.subject(event, &before);
        // The same files in the same order, whatever the tags.
        let files: Vec<_> = (self.era.files)(&self.tags)
            .into_iter()
            .zip((self.era.files)(&before))
            .filter(|(new, old)| new != old)
            .map(|(new, _)| new)
            .collect();
        let topic_ms = at_ms - self.random.between(20, 50) * MINUTE_MS;
        self.writer.merge_files(
            &mut self.line,
            "refs/heads/master",
            (topic_ms, at_ms),
            &subject,
            files,
            &mut self.random,
        )?;
        let sha = self.line.head().to_owned();
        for rollout in [&mut self.images, &mut self.prow, &mut self.boskos] {
            for deployed in &mut rollout.0 {
                if deployed.asked_by.as_deref() == Some("") {
                    deployed.asked_by = Some(sha.clone());
                }
            }
        }
        Ok(())
    }

    fn subject(&mut self, event: Event, before: &Tags) -> String {
        let subject = match event {
            Event::BumpProw | Event::Change => {
                format!("Update Prow from {} to {}", before.prow, self.tags.prow)
            }
            Event::BumpImages | Event::BreakImages => {
                format!(
                    "Bump kubekins and krte from {} to {}",
                    before.images, self.tags.images
                )
            }
            Event::BumpBoskos => {
                format!("Bump Boskos from {} to {}", before.boskos, self.tags.boskos)
            }
            Event::BreakBoskos => format!(
                "Update Prow from {} to {}, and other images as necessary",
                before.prow, self.tags.prow
            ),
            Event::BreakBoskosAgain => "Bump images that are not at their wanted version".into(),
            Event::RevertBoskos => format!(
                "Revert Boskos to {}: jobs cannot lease projects",
                self.tags.boskos
            ),
            Event::RevertImages => format!("Revert \"{}\"", self.broke_with),
        };
        if matches!(event, Event::BreakImages) {
            self.broke_with.clone_from(&subject);
        }
        subject
    }

    /// Puts versions in force as `event` asks. `pending` says that a commit to come asks for it,
    /// which is told by an empty [`Deployed::asked_by`].
    fn deploy(&mut self, event: Event, at_ms: i64, pending: Option<usize>) {
        let asked_by = pending.map(|_| String::new());
        if matches!(event, Event::BumpProw | Event::BreakBoskos) {
            let landed = self.prow_repo.at(at_ms - 3 * HOUR_MS).clone();
            self.tags.prow = tag_of(&landed);
            put(
                &mut self.prow,
                at_ms + 2 * MINUTE_MS,
                &landed,
                asked_by.clone(),
            );
        }
        match event {
            Event::BumpImages | Event::BreakImages => {
                let landed = self.line.at(at_ms - 5 * HOUR_MS).clone();
                if event == Event::BreakImages {
                    self.bad = Some(Bad {
                        sha: landed.sha.clone(),
                        good: self.images.at(at_ms).sha.clone(),
                    });
                }
                self.tags.images = tag_of(&landed);
                put(&mut self.images, at_ms + 90_000, &landed, asked_by);
            }
            Event::RevertImages => {
                if let Some(good) = self.bad.as_ref().map(|bad| bad.good.clone())
                    && let Some(landed) = find(&self.line, &good)
                {
                    self.tags.images = tag_of(&landed);
                    put(&mut self.images, at_ms + 90_000, &landed, asked_by);
                }
            }
            Event::BumpBoskos => {
                let landed = self.boskos_repo.at(at_ms - 6 * HOUR_MS).clone();
                self.tags.boskos = tag_of(&landed);
                put(&mut self.boskos, at_ms + 10 * MINUTE_MS, &landed, asked_by);
            }
            Event::BreakBoskos | Event::BreakBoskosAgain => {
                // A version of two months ago, chosen by an accident of the tooling.
                let landed = self.boskos_repo.at(self.era.begin_ms - 61 * DAY_MS).clone();
                if self.bad.is_none() {
                    self.bad = Some(Bad {
                        sha: landed.sha.clone(),
                        good: self.boskos.at(at_ms).sha.clone(),
                    });
                }
                self.tags.boskos = tag_of(&landed);
                put(&mut self.boskos, at_ms + 10 * MINUTE_MS, &landed, asked_by);
            }
            Event::RevertBoskos => {
                if let Some(good) = self.bad.as_ref().map(|bad| bad.good.clone())
                    && let Some(landed) = find(self.boskos_repo, &good)
                {
                    self.tags.boskos = tag_of(&landed);
                    put(&mut self.boskos, at_ms + 10 * MINUTE_MS, &landed, asked_by);
                }
            }
            Event::BumpProw | Event::Change => {}
        }
    }
}

/// What is known of kubernetes/test-infra and of what it deployed.
struct Infra {
    line: Line,
    images: Rollout,
    prow: Rollout,
    boskos: Rollout,
    bad: Option<Bad>,
}

fn find(line: &Line, sha: &str) -> Option<Landed> {
    line.0.iter().find(|landed| landed.sha == sha).cloned()
}

/// Adds a version unless it is already the one in force.
fn put(rollout: &mut Rollout, at_ms: i64, landed: &Landed, asked_by: Option<Sha>) {
    if rollout.0.last().is_some_and(|last| last.sha == landed.sha) {
        return;
    }
    rollout.0.push(Deployed {
        at_ms,
        sha: landed.sha.clone(),
        tag: tag_of(landed),
        asked_by,
    });
}
