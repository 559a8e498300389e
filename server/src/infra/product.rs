//! The repositories under test, each as a version of its own.

use std::collections::BTreeMap;

use model::infra::{ComponentKind, ComponentVersion, Source, is_commit, same_version};

use super::{EVIDENCE_CAP, Evidence, Found, VERSION_CAP, canonical_repo, line, record_repo};
use crate::{prow::prowjob::Refs, settings::ComponentSettings};

/// The component that stands for a product whose repository no file names: old builds say only
/// `v1.3.0-alpha.2.12+31de62216dea22`.
pub const UNNAMED: &str = "version";

/// The main repository, `org/repo`: the ProwJob's own, else the first clone record that is not
/// auxiliary, else what the metadata calls `repo`, else the entry of `repos` that `pull` repeats or
/// that has pull requests, else the first entry of `repos`.
pub fn main_repo(evidence: &Evidence<'_>) -> Option<String> {
    let of_prowjob = || {
        let name = evidence.prowjob?.main_refs()?.full_name()?;
        Some(canonical_repo(&name))
    };
    let of_clones = || {
        evidence
            .clone_records?
            .iter()
            .filter(|record| !record.refs.auxiliary)
            .find_map(record_repo)
    };
    let of_metadata = || {
        let name = evidence.finished?.metadata_text("repo")?;
        (name.contains('/')).then(|| canonical_repo(name))
    };
    let of_started = || {
        let started = evidence.started?;
        started
            .repos
            .iter()
            .find(|(_, entry)| {
                entry.contains(',') || (entry.contains(':') && *entry == started.pull)
            })
            .or_else(|| started.repos.first())
            .map(|(name, _)| canonical_repo(name))
    };
    of_prowjob()
        .or_else(of_clones)
        .or_else(of_metadata)
        .or_else(of_started)
}

/// The product repositories by name, without those of infra components, and [`UNNAMED`] where the
/// build says a version that is none of theirs.
pub fn find_products(
    components: &[ComponentSettings],
    evidence: &Evidence<'_>,
    main: Option<&str>,
) -> Vec<ComponentVersion> {
    let infra: Vec<String> = components
        .iter()
        .map(|component| canonical_repo(&component.repo))
        .collect();
    let mut products: BTreeMap<String, ComponentVersion> = BTreeMap::new();
    for repo in named_repos(evidence) {
        if infra.contains(&repo) || products.contains_key(&repo) {
            continue;
        }
        let found = find_repo(&repo, evidence, main == Some(repo.as_str()));
        products.insert(repo.clone(), component(&repo, found));
    }
    let main_is_infra = main.is_some_and(|main| infra.iter().any(|repo| repo == main));
    if let Found::Version {
        version,
        source,
        evidence,
    } = unnamed_version(evidence, main.is_some())
    {
        let known = products.values().any(|product| {
            product
                .version
                .as_deref()
                .is_some_and(|known| same_version(known, &version))
        });
        // What an infra repository was at is no product's version.
        if !known && (!main_is_infra || !is_commit(&version) || evidence.contains('+')) {
            let found = Found::Version {
                version,
                source,
                evidence,
            };
            products.insert(UNNAMED.to_owned(), component(UNNAMED, found));
        }
    }
    let (unnamed, mut named): (Vec<_>, Vec<_>) = products
        .into_values()
        .partition(|product| product.component == UNNAMED);
    named.extend(unnamed);
    named
}

fn component(name: &str, found: Found) -> ComponentVersion {
    let unknown = ComponentVersion::unknown(line(name, VERSION_CAP), ComponentKind::Product);
    match found {
        Found::Version {
            version,
            source,
            evidence,
        } => ComponentVersion {
            version: Some(line(&version, VERSION_CAP)),
            source,
            evidence: Some(line(&evidence, EVIDENCE_CAP)),
            ..unknown
        },
        Found::Hint(hint) => ComponentVersion {
            evidence: Some(line(&hint, EVIDENCE_CAP)),
            ..unknown
        },
        Found::Nothing => unknown,
    }
}

/// Every repository that some file names, as `org/repo`; may repeat.
fn named_repos(evidence: &Evidence<'_>) -> Vec<String> {
    let of_started = evidence
        .started
        .into_iter()
        .flat_map(|started| &started.repos)
        .map(|(name, _)| canonical_repo(name));
    let of_clones = evidence
        .clone_records
        .into_iter()
        .flatten()
        .filter_map(record_repo);
    let of_prowjob = evidence.prowjob.into_iter().flat_map(|prowjob| {
        prowjob
            .spec
            .refs
            .iter()
            .chain(&prowjob.spec.extra_refs)
            .filter_map(Refs::full_name)
            .map(|name| canonical_repo(&name))
    });
    let of_metadata = evidence
        .finished
        .and_then(|finished| finished.metadata_text("repo"))
        .filter(|name| name.contains('/'))
        .map(canonical_repo);
    of_started
        .chain(of_clones)
        .chain(of_prowjob)
        .chain(of_metadata)
        .chain(
            evidence
                .metadata_repos()
                .map(|(name, _)| canonical_repo(name)),
        )
        .collect()
}

/// The version of one repository, the first that says a commit: the clone record; for the main
/// repository what `started.json` and the metadata say was checked out or built; the commits that
/// were asked for. A branch is evidence, not a version.
fn find_repo(repo: &str, evidence: &Evidence<'_>, is_main: bool) -> Found {
    let cloned = evidence.find_in_clone_records(repo);
    if matches!(cloned, Found::Version { .. }) {
        return cloned;
    }
    if is_main {
        let found = main_commit(evidence);
        if matches!(found, Found::Version { .. }) {
            return found;
        }
    }
    let entry = evidence.find_in_started_repos(repo);
    if matches!(entry, Found::Version { .. }) {
        return entry;
    }
    let repeated = evidence.find_in_metadata_repos(repo);
    if matches!(repeated, Found::Version { .. }) {
        return repeated;
    }
    let mut hint = [cloned, entry, repeated]
        .into_iter()
        .find(|found| matches!(found, Found::Hint(_)));
    for refs in evidence
        .prowjob
        .into_iter()
        .flat_map(|prowjob| prowjob.spec.refs.iter().chain(&prowjob.spec.extra_refs))
    {
        if refs
            .full_name()
            .is_none_or(|name| canonical_repo(&name) != repo)
        {
            continue;
        }
        let said = format!("{repo}: {}:{}", refs.base_ref, refs.sha());
        if is_commit(refs.sha()) {
            return Found::version(refs.sha(), Source::ProwJob, said);
        }
        if !refs.base_ref.is_empty() {
            hint.get_or_insert_with(|| Found::Hint(format!("{repo}: {}", refs.base_ref)));
        }
    }
    hint.unwrap_or(Found::Nothing)
}

/// The file in which a build says its version.
#[derive(Clone, Copy)]
enum File {
    Started,
    Finished,
    /// The metadata of `finished.json`.
    Metadata,
}

/// What a build says under `key` in `file`, and what kind of source that is.
fn said<'a>(evidence: &Evidence<'a>, file: File, key: &str) -> Option<(&'a str, Source)> {
    match file {
        File::Started => {
            let started = evidence.started?;
            let text = match key {
                "repo-commit" => &started.repo_commit,
                "repo-version" => &started.repo_version,
                "job-version" => &started.job_version,
                "version" => &started.version,
                _ => return None,
            };
            Some((text, Source::StartedRepo))
        }
        File::Finished => {
            let finished = evidence.finished?;
            let text = match key {
                "repo-version" => &finished.repo_version,
                "job-version" => &finished.job_version,
                "version" => &finished.version,
                _ => return None,
            };
            Some((text, Source::Metadata))
        }
        File::Metadata => Some((evidence.finished?.metadata_text(key)?, Source::Metadata)),
    }
}

/// What was checked out or built of the main repository: `repo-commit`, or the commit in a version
/// such as `v1.20.0-alpha.0.255+5feab0aa1e592a`. This is what was tested; a pull request's own
/// commit, merged with its base, was not.
fn main_commit(evidence: &Evidence<'_>) -> Found {
    const PLACES: [(File, &str); 7] = [
        (File::Started, "repo-commit"),
        (File::Metadata, "repo-commit"),
        (File::Started, "repo-version"),
        (File::Finished, "repo-version"),
        (File::Finished, "job-version"),
        (File::Started, "job-version"),
        (File::Metadata, "job-version"),
    ];
    for (file, key) in PLACES {
        let Some((said, source)) = said(evidence, file, key) else {
            continue;
        };
        if let Some(commit) = commit_of(said) {
            return Found::version(commit, source, format!("{key}: {said}"));
        }
    }
    Found::Nothing
}

/// A commit, or the commit after the last `+` of a version.
fn commit_of(said: &str) -> Option<&str> {
    let commit = said.rsplit_once('+').map_or(said, |(_, commit)| commit);
    is_commit(commit).then_some(commit)
}

/// The version that the build says without naming a repository: a product's version, or where no
/// main repository is known even a bare commit.
fn unnamed_version(evidence: &Evidence<'_>, has_main: bool) -> Found {
    const PLACES: [(File, &str); 5] = [
        (File::Finished, "job-version"),
        (File::Started, "job-version"),
        (File::Metadata, "job-version"),
        (File::Finished, "version"),
        (File::Started, "version"),
    ];
    const WITHOUT_MAIN: [(File, &str); 4] = [
        (File::Started, "repo-commit"),
        (File::Metadata, "repo-commit"),
        (File::Started, "repo-version"),
        (File::Finished, "repo-version"),
    ];
    let without_main = WITHOUT_MAIN.iter().filter(|_| !has_main);
    for &(file, key) in PLACES.iter().chain(without_main) {
        let Some((said, source)) = said(evidence, file, key) else {
            continue;
        };
        let said = said.trim();
        if said.is_empty() || said.eq_ignore_ascii_case("missing") || said == "unknown" {
            continue;
        }
        let version = commit_of(said).unwrap_or(said);
        return Found::version(version, source, format!("{key}: {said}"));
    }
    Found::Nothing
}
