//! What is wrong with settings beyond their types, with the line where it stands.

use std::collections::HashSet;

use regex::Regex;
use serde::{Deserialize, de::IgnoredAny};
use serde_saphyr::Spanned;

use super::{JobMatch, Settings, VersionRule};

/// Where the values stand whose mistakes the types do not catch.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Places {
    pub(super) testgrid: TestgridPlaces,
    buckets: Vec<BucketPlaces>,
    releases: ReleasePlaces,
    infra: InfraPlaces,
    repositories: Vec<RepositoryPlaces>,
    update: UpdatePlaces,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TestgridPlaces {
    pub(super) config: Option<IgnoredAny>,
    pub(super) prow_jobs: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct BucketPlaces {
    prefix: Spanned<String>,
    url: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReleasePlaces {
    dashboard_pattern: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InfraPlaces {
    components: Vec<ComponentPlaces>,
    job_configuration: JobConfigurationPlaces,
    reach: Vec<RepoPlace>,
    images: Vec<RepoPlace>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobConfigurationPlaces {
    repo: Option<Spanned<String>>,
    days: Option<Spanned<u64>>,
    least_lag_secs: Option<Spanned<u64>>,
    most_lag_secs: Option<Spanned<u64>>,
}

/// An entry that is about a repository.
#[derive(Deserialize)]
struct RepoPlace {
    repo: Spanned<String>,
}

#[derive(Deserialize)]
struct ComponentPlaces {
    name: Spanned<String>,
    #[serde(default)]
    repo: Option<Spanned<String>>,
    #[serde(default)]
    git: Option<Spanned<String>>,
}

#[derive(Deserialize)]
struct RepositoryPlaces {
    repo: Spanned<String>,
    git: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UpdatePlaces {
    poll_secs: Option<Spanned<u64>>,
    parallel: Option<Spanned<u64>>,
    lease_secs: Option<Spanned<u64>>,
}

/// Mistakes: the line of each, and what it is.
type Problems = Vec<(u64, String)>;

/// What is wrong beyond types, in the order of the parts. Places and settings come from the same text, so
/// their lists have the same lengths.
pub(super) fn check(settings: &Settings, places: &Places) -> Vec<(u64, String)> {
    let mut problems = Vec::new();
    check_buckets(&places.buckets, &mut problems);
    if let Some(pattern) = &places.releases.dashboard_pattern {
        check_dashboard_pattern(pattern, &mut problems);
    }
    check_components(settings, places, &mut problems);
    check_repositories(&places.repositories, &mut problems);
    check_job_configuration(settings, places, &mut problems);
    check_reach(settings, places, &mut problems);
    check_images(settings, places, &mut problems);
    check_update(&places.update, &mut problems);
    problems
}

fn check_buckets(buckets: &[BucketPlaces], problems: &mut Problems) {
    let mut prefixes = HashSet::new();
    for BucketPlaces { prefix, url } in buckets {
        if prefix.value.is_empty() {
            problems.push((line(prefix), "a bucket's prefix is empty".to_owned()));
        } else if !prefixes.insert(prefix.value.as_str()) {
            let message = format!("the bucket prefix \"{}\" is there twice", prefix.value);
            problems.push((line(prefix), message));
        }
        if url.value.is_empty() {
            let message = format!("the url of bucket \"{}\" is empty", prefix.value);
            problems.push((line(url), message));
        }
    }
}

fn check_dashboard_pattern(pattern: &Spanned<String>, problems: &mut Problems) {
    let regex = match Regex::new(&pattern.value) {
        Ok(regex) => regex,
        Err(error) => {
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default();
            let why = why.trim_start_matches("error: ");
            let message = format!(
                "releases.dashboard_pattern \"{}\" is not a regular expression: {why}",
                pattern.value
            );
            problems.push((line(pattern), message));
            return;
        }
    };
    for group in ["branch", "tier"] {
        if !regex.capture_names().flatten().any(|name| name == group) {
            let message = format!("releases.dashboard_pattern has no group (?P<{group}>…)");
            problems.push((line(pattern), message));
        }
    }
}

fn check_components(settings: &Settings, places: &Places, problems: &mut Problems) {
    let mut names = HashSet::new();
    let components = &settings.infra.components;
    for (place, component) in places.infra.components.iter().zip(components) {
        let name = &component.name;
        let at = line(&place.name);
        if name.is_empty() {
            problems.push((at, "an infra component's name is empty".to_owned()));
        } else if !names.insert(name.as_str()) {
            let message = format!("the infra component \"{name}\" is there twice");
            problems.push((at, message));
        }
        match (&place.repo, &place.git) {
            (Some(repo), _) => check_repo(
                &format!("the repo of infra component \"{name}\" is"),
                &repo.value,
                line(repo),
                problems,
            ),
            (None, Some(git)) => {
                let message = format!("the infra component \"{name}\" has a git but no repo");
                problems.push((line(git), message));
            }
            (None, None) => {}
        }
        if let Some(git) = &place.git {
            check_git(&format!("infra component \"{name}\""), git, problems);
        }
        if component.from.is_empty() {
            let message = format!("the infra component \"{name}\" has no rule in from");
            problems.push((at, message));
        }
        for rule in &component.from {
            let empty = match rule {
                VersionRule::Metadata(text)
                | VersionRule::CloneRecord(text)
                | VersionRule::StartedRepo(text)
                | VersionRule::Deploys(text) => text.is_empty(),
                VersionRule::ImageTag(patterns) => names_nothing(patterns),
                VersionRule::UtilityImageTag(_)
                | VersionRule::JobConfiguration(_)
                | VersionRule::Cluster(_) => false,
            };
            if empty {
                let message = format!("a rule of infra component \"{name}\" is empty");
                problems.push((at, message));
            }
        }
    }
}

fn check_repositories(repositories: &[RepositoryPlaces], problems: &mut Problems) {
    for RepositoryPlaces { repo, git } in repositories {
        check_repo("the repository is", &repo.value, line(repo), problems);
        check_git(&format!("repository \"{}\"", repo.value), git, problems);
    }
}

fn check_job_configuration(settings: &Settings, places: &Places, problems: &mut Problems) {
    let configuration = &settings.infra.job_configuration;
    let place = &places.infra.job_configuration;
    if let Some(repo) = &place.repo {
        check_repo(
            "infra.job_configuration.repo is",
            &repo.value,
            line(repo),
            problems,
        );
    }
    if let Some(zero) = place.days.as_ref().filter(|days| days.value == 0) {
        let message = "infra.job_configuration.days must be at least 1";
        problems.push((line(zero), message.to_owned()));
    }
    if configuration.least_lag_secs > configuration.most_lag_secs {
        let said = place.least_lag_secs.as_ref();
        let said = said.or(place.most_lag_secs.as_ref());
        let message = "infra.job_configuration.least_lag_secs is more than most_lag_secs";
        problems.push((said.map_or(0, line), message.to_owned()));
    }
}

fn check_reach(settings: &Settings, places: &Places, problems: &mut Problems) {
    for (place, rule) in places.infra.reach.iter().zip(&settings.infra.reach) {
        let (at, repo) = (line(&place.repo), &rule.repo);
        check_repo("the repo of a rule in infra.reach is", repo, at, problems);
        if names_nothing(&rule.paths) {
            problems.push((at, format!("a rule in infra.reach for {repo} has no path")));
        }
        if rule.component.is_empty() {
            let message = format!("a rule in infra.reach for {repo} names no component");
            problems.push((at, message));
        }
        if rule.jobs.contains(&JobMatch::default()) {
            let message =
                format!("a rule in infra.reach for {repo} has an entry in jobs that says nothing");
            problems.push((at, message));
        }
    }
}

fn check_images(settings: &Settings, places: &Places, problems: &mut Problems) {
    for (place, source) in places.infra.images.iter().zip(&settings.infra.images) {
        let (at, repo) = (line(&place.repo), &source.repo);
        check_repo(
            "the repo of an entry of infra.images is",
            repo,
            at,
            problems,
        );
        if names_nothing(&source.images) {
            let message = format!("an entry of infra.images for {repo} names no image");
            problems.push((at, message));
        }
    }
}

fn check_update(update: &UpdatePlaces, problems: &mut Problems) {
    for (name, value) in [
        ("poll_secs", &update.poll_secs),
        ("parallel", &update.parallel),
        ("lease_secs", &update.lease_secs),
    ] {
        if let Some(zero) = value.as_ref().filter(|value| value.value == 0) {
            problems.push((line(zero), format!("update.{name} must be at least 1")));
        }
    }
}

/// A repository's name must be `org/name`. `of` begins the sentence about one that is not.
fn check_repo(of: &str, repo: &str, at: u64, problems: &mut Problems) {
    let parts: Vec<&str> = repo.split('/').collect();
    if parts.len() != 2 || parts.contains(&"") {
        let message = format!("{of} \"{repo}\", which is not of the form org/name");
        problems.push((at, message));
    }
}

fn check_git(of: &str, git: &Spanned<String>, problems: &mut Problems) {
    if let Some(why) = wrong_git(&git.value) {
        problems.push((line(git), format!("the git of {of} {why}")));
    }
}

/// No text at all, or an empty one among them.
fn names_nothing(texts: &[String]) -> bool {
    texts.is_empty() || texts.iter().any(String::is_empty)
}

/// Why a text names no repository that could be mirrored.
fn wrong_git(git: &str) -> Option<&'static str> {
    if git.trim().is_empty() {
        Some("is empty")
    } else if git.starts_with('-') {
        Some("begins with a dash, which git takes for an option")
    } else if git.chars().any(char::is_control) || git.contains("::") {
        Some("is neither a path nor an address")
    } else {
        None
    }
}

fn line<T>(place: &Spanned<T>) -> u64 {
    place.referenced.line()
}
