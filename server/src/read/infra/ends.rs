//! The two ends of a comparison, and how they lie to each other in words.

use model::{
    history::{Newer, Resolved, commit_in, newer_than_fetch},
    infra::short_version,
    wire::infra::{Direction, Endpoint},
};

use super::{
    Component,
    histories::{Histories, Known},
    order::Versions,
    time,
};
use crate::read::Reader;

impl Reader {
    /// One end: the commit that a version names, or why that is not known.
    pub(super) fn endpoint(
        &self,
        histories: &Histories,
        component: &Component,
        versions: &Versions,
        version: &str,
    ) -> Endpoint {
        let seen = versions.seen(version);
        let known = histories.of(&component.repo);
        let (commit, problem) = match known {
            None => (None, None),
            Some(known) => match known.history.resolve_typed(version) {
                Resolved::One(index) => {
                    let line = self.commit_line(histories, known, index);
                    let problem = (known.history.branches_with(index).next().is_none()).then(|| {
                        format!(
                            "{} is on no branch of {} any more: its branch was rewritten or deleted.",
                            short_version(version),
                            known.name
                        )
                    });
                    let problem = problem.or_else(|| also_in(histories, known, version));
                    (Some(line), problem)
                }
                Resolved::Ambiguous(count) => (
                    None,
                    Some(format!(
                        "“{version}” begins the names of {count} commits of {}: give more digits.",
                        known.name
                    )),
                ),
                Resolved::Unknown => {
                    let first_ms = seen.map(|seen| seen.first_ms);
                    let why = unknown(histories, known, (version, first_ms), (self.clock)());
                    (None, Some(why))
                }
            },
        };
        Endpoint {
            version: version.to_owned(),
            commit,
            problem,
            first_seen: seen.map(|seen| time(seen.first_ms)),
            last_seen: seen.map(|seen| time(seen.last_ms)),
        }
    }
}

/// A version as the forge takes it: its commit where it is known.
pub(super) fn bare(versions: &Versions, version: &str) -> String {
    let name = versions.name_of(version);
    commit_in(&name).unwrap_or(&name).to_owned()
}

/// That a version names commits of several repositories.
fn also_in(histories: &Histories, known: &Known, version: &str) -> Option<String> {
    commit_in(version)?;
    let mut others = histories
        .all()
        .filter(|other| other.name != known.name && other.find(version).is_some());
    others.next().map(|other| {
        format!(
            "“{version}” names a commit of {} and one of {}: here it is the former.",
            known.name, other.name
        )
    })
}

/// Why a version is not known; with it, when a run first had it.
fn unknown(
    histories: &Histories,
    known: &Known,
    (version, first_ms): (&str, Option<i64>),
    now_ms: i64,
) -> String {
    if let Some(other) = histories
        .all()
        .find(|other| other.name != known.name && other.find(version).is_some())
    {
        return format!(
            "“{version}” is not a commit of {}, but of {}.",
            known.name, other.name
        );
    }
    let Some(fetched_ms) = known.fetched_ms() else {
        return format!("{} has not been fetched yet.", known.name);
    };
    let repo = &known.name;
    let ago = ago((now_ms - fetched_ms).max(0));
    match newer_than_fetch(version, first_ms, fetched_ms) {
        Some(Newer::Seen) => format!(
            "“{version}” is newer than the last fetch of {repo} ({ago} ago): a run first had it after that. The \
             next fetch brings it, and this page tells it then."
        ),
        Some(Newer::Dated) => format!(
            "“{version}” may be newer than the last fetch of {repo} ({ago} ago): by its date it is not older. If \
             so, the next fetch brings it, and this page tells it then."
        ),
        None => format!(
            "“{version}” is in no mirror: no branch of {repo} had it at the last fetch ({ago} ago)."
        ),
    }
}

/// Milliseconds as people say them.
fn ago(ms: i64) -> String {
    match ms / 60_000 {
        0 => "less than a minute".to_owned(),
        1 => "a minute".to_owned(),
        minutes @ 2..120 => format!("{minutes} minutes"),
        minutes => format!("{} hours", minutes / 60),
    }
}

/// How the two lie to each other, as one sentence. `commits` are what landed between, `lost` what only the
/// first has.
pub(super) fn sentence(
    component: &Component,
    from: &str,
    to: &str,
    direction: Direction,
    commits: usize,
    lost: usize,
) -> String {
    let plural = |count: usize| {
        if count == 1 {
            "1 commit".to_owned()
        } else {
            format!("{count} commits")
        }
    };
    let (from, to) = (short_version(from), short_version(to));
    let repo = &component.repo;
    match direction {
        Direction::Same => format!("{from} and {to} are the same version."),
        Direction::Forward => format!("{to} is {} after {from} in {repo}.", plural(commits)),
        Direction::Backward => format!(
            "{to} is older than {from}: going there takes away {} of {repo}.",
            plural(commits)
        ),
        Direction::Apart => format!(
            "{from} and {to} are on lines of {repo} that part: {} only in {to}, {} only in {from}.",
            plural(commits),
            plural(lost)
        ),
        Direction::SeenLater => {
            format!("Runs had {from} before {to}; what landed between is not known.")
        }
        Direction::SeenEarlier => format!(
            "Runs had {to} before {from}, so this goes back; what lies between is not known."
        ),
        Direction::Unknown => format!("How {from} and {to} lie to each other is not known."),
    }
}
