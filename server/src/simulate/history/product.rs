//! The product's history: its branches, and the commits that break tests.

use std::path::Path;

use super::{
    BRANCHES, BrokenBy, DAY_MS, Era, HOUR_MS, Landed, Line, PullRun, SimulateError, merges::Writer,
};
use crate::simulate::{MINUTE_MS, random::Random, words};

pub(super) type Product = (Vec<Line>, Vec<BrokenBy>, Vec<PullRun>);

/// The product: master with many merges a day, release branches with about one.
pub(super) fn write(path: &Path, era: &Era<'_>) -> Result<Product, SimulateError> {
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
            // It is always noon when a world ends, so that it is the same whenever it is made.
            let hour = ((at_ms - era.end_ms).rem_euclid(DAY_MS) / HOUR_MS + 12) % 24;
            let night = hour < 6;
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
