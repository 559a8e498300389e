//! Which commit configured a run: never told by the run, so inferred, as a stretch of commits.

use super::ImpactMap;

/// How long after a merge the configuration is in force, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// At the earliest.
    pub least_ms: i64,
    /// At the latest, normally.
    pub most_ms: i64,
}

/// The stretch of commits one of which configured a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigWindow {
    /// The oldest.
    pub earliest: String,
    /// The newest.
    pub latest: String,
    /// How many commits there are from the one to the other, both counted; at least 1.
    pub commits: u32,
    /// Whether the run's own specification is that of the oldest and of the newest; otherwise only the
    /// time speaks for them.
    pub narrowed: bool,
    /// The commit that last changed what the job's ProwJobs ask for, where it is the same for all of
    /// them. Where nothing changed that for as long as commits were read, the oldest that was read.
    pub defined_by: Option<String>,
}

impl ImpactMap {
    /// The stretch of commits one of which configured a run of `job` whose ProwJob was created at
    /// `created_ms` and asks for what has the hash `run` ([`super::hash_prowjob`]). `None` where the
    /// map does not reach back so far.
    ///
    /// By the time alone it is what was merged between the most and the least lag before. Of those only
    /// the commits count at which the job's definition was the run's. Where it was that of none, but
    /// of older ones, the configuration was in force later than usual, and the newest of those count.
    pub fn config_window(
        &self,
        job: &str,
        created_ms: i64,
        run: Option<u64>,
        lag: Lag,
    ) -> Option<ConfigWindow> {
        let commits = &self.lines.get(&self.configures)?.commits;
        let last_before = |at_ms: i64| commits.iter().rposition(|commit| commit.at_ms <= at_ms);
        let latest = last_before(created_ms - lag.least_ms)?;
        let earliest = last_before(created_ms - lag.most_ms)?;
        let number = self.jobs.get(job);
        let defined_at = |place: usize| {
            let number = number?;
            commits[..=place].iter().rposition(|commit| {
                let at = commit.runs.partition_point(|(known, _)| *known < number);
                commit
                    .runs
                    .get(at)
                    .is_some_and(|(known, _)| *known == number)
            })
        };
        let window = |from: usize, to: usize, narrowed: bool| ConfigWindow {
            earliest: commits[from].sha.clone(),
            latest: commits[to].sha.clone(),
            commits: (to - from) as u32 + 1,
            narrowed,
            defined_by: defined_at(to)
                .filter(|&at| at <= from || defined_at(from) == Some(at))
                .map(|at| commits[at].sha.clone()),
        };
        let by_time = window(earliest, latest, false);
        let (Some(run), Some(job)) = (run, number) else {
            return Some(by_time);
        };
        // Whether the definition is the run's after each commit, oldest first.
        let mut matches = Vec::with_capacity(latest + 1);
        let mut now = false;
        for commit in &commits[..=latest] {
            let from = commit.runs.partition_point(|(known, _)| *known < job);
            let mut hashes = commit.runs[from..]
                .iter()
                .take_while(|(known, _)| *known == job)
                .peekable();
            if hashes.peek().is_some() {
                now = hashes.any(|(_, hash)| *hash == run);
            }
            matches.push(now);
        }
        let inside = &matches[earliest..];
        let first = inside.iter().position(|&matches| matches);
        let last = inside.iter().rposition(|&matches| matches);
        if let (Some(first), Some(last)) = (first, last) {
            return Some(window(earliest + first, earliest + last, true));
        }
        let Some(last) = matches[..earliest].iter().rposition(|&matches| matches) else {
            return Some(by_time);
        };
        let first = matches[..last]
            .iter()
            .rposition(|&matches| !matches)
            .map_or(0, |before| before + 1);
        Some(window(first, last, true))
    }
}
