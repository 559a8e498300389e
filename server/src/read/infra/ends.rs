//! The two ends of a comparison, and how they lie to each other in words.

use model::{
    history::{Resolved, commit_in},
    infra::short_version,
    wire::infra::{Direction, Endpoint},
};

use super::{
    Component,
    histories::{Histories, Known},
    order::Versions,
    time,
};
use crate::{clock::now_ms, read::Reader};

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
            Some(known) => match known.history.resolve(version) {
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
                Resolved::Unknown => (None, Some(unknown(histories, known, version))),
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

/// Why a version is not known.
fn unknown(histories: &Histories, known: &Known, version: &str) -> String {
    if let Some(other) = histories
        .all()
        .find(|other| other.name != known.name && other.find(version).is_some())
    {
        return format!(
            "“{version}” is not a commit of {}, but of {}.",
            known.name, other.name
        );
    }
    match known.fetched_ms() {
        None => format!("{} has not been fetched yet.", known.name),
        Some(at_ms) => {
            let minutes = (now_ms() - at_ms).max(0) / 60_000;
            let age = match minutes {
                0 => "less than a minute".to_owned(),
                1 => "a minute".to_owned(),
                2..120 => format!("{minutes} minutes"),
                _ => format!("{} hours", minutes / 60),
            };
            format!(
                "“{version}” is in no mirror: it may be newer than the last fetch of {} ({age} ago), or on no branch.",
                known.name
            )
        }
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
