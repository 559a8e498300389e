//! kubernetes/test-infra: what people and robots land there, and what it thereby deploys.

use std::path::Path;

use super::{
    Bad, DAY_MS, Deployed, Era, HOUR_MS, Landed, Line, ROBOT, Rollout, SimulateError, Tags,
    merges::Writer, tag_of,
};
use crate::simulate::{
    MINUTE_MS,
    git::{NewCommit, Sha},
    random::Random,
    words,
};

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
pub(super) struct TestInfra<'a> {
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
    pub(super) fn new(
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
        // Of the real repository's merges one in twelve does, each of which reaches every job.
        every(
            begin - 3 * DAY_MS,
            36 * HOUR_MS,
            66 * HOUR_MS,
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

    pub(super) fn write(mut self) -> Result<Infra, SimulateError> {
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
pub(super) struct Infra {
    pub line: Line,
    pub images: Rollout,
    pub prow: Rollout,
    pub boskos: Rollout,
    pub bad: Option<Bad>,
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
