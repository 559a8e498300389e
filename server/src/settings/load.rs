//! Reading `seamgrid.yaml`: every mistake with its line, relative paths relative to the file.

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
};

use regex::Regex;
use serde::{Deserialize, de::IgnoredAny};
use serde_saphyr::Spanned;

use super::{BucketSettings, JobMatch, Settings, TestgridSettings, VersionRule};

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "seamgrid.yaml";

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there, or cannot be read.
    #[error("cannot read the settings file {}: {source}", file.display())]
    Unreadable {
        /// As named.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file says something that is no setting. Never empty.
    #[error("{}", one_per_line(.0))]
    Wrong(Vec<SettingsProblem>),
}

/// One mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// As named.
    pub file: PathBuf,
    /// From 1; 0 when the place is not known.
    pub line: u64,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

fn one_per_line(problems: &[SettingsProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The settings in `file`; without one those in `seamgrid.yaml` where the process was started, and
/// without that the defaults.
pub fn load_settings(file: Option<&Path>) -> Result<Settings, SettingsError> {
    let default = Path::new(DEFAULT_FILE);
    let file = match file {
        Some(file) => file,
        None if default.exists() => default,
        None => {
            let mut settings = Settings::default();
            forget_missing(&mut settings.testgrid.config);
            forget_missing(&mut settings.testgrid.prow_jobs);
            return Ok(settings);
        }
    };
    let unreadable = |source| SettingsError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let folder = std::path::absolute(file)
        .map_err(unreadable)?
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    parse_settings(&text, file, &folder)
}

/// The settings that `text` says. `file` is named in errors; relative paths are relative to `folder`.
pub fn parse_settings(text: &str, file: &Path, folder: &Path) -> Result<Settings, SettingsError> {
    let problem = |line, message| SettingsProblem {
        file: file.to_owned(),
        line,
        message,
    };
    let wrong = |error: &serde_saphyr::Error| {
        let line = error.location().map_or(0, |location| location.line());
        SettingsError::Wrong(vec![problem(line, one_line(error, text))])
    };
    // An empty file says nothing, which is right.
    let mut settings = serde_saphyr::from_str::<Option<Settings>>(text)
        .map_err(|error| wrong(&error))?
        .unwrap_or_default();
    let places = serde_saphyr::from_str::<Option<Places>>(text)
        .map_err(|error| wrong(&error))?
        .unwrap_or_default();

    let problems: Vec<SettingsProblem> = check(&settings, &places)
        .into_iter()
        .map(|(line, message)| problem(line, message))
        .collect();
    if !problems.is_empty() {
        return Err(SettingsError::Wrong(problems));
    }
    resolve(&mut settings, &places, folder);
    Ok(settings)
}

/// What serde says, in people's words, with the line itself in the place of its number.
fn one_line(error: &serde_saphyr::Error, text: &str) -> String {
    let said = error.without_snippet().to_string();
    let words: Vec<&str> = said.split_whitespace().collect();
    let said = words.join(" ");
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(before, _)| before);
    let said = match said {
        "invalid u64" | "invalid u32" | "invalid usize" => "not a whole number",
        "invalid bool" | "invalid boolean" => "neither true nor false",
        other => other,
    };
    let line = error.location().and_then(|location| {
        let index = usize::try_from(location.line()).ok()?.checked_sub(1)?;
        text.lines().nth(index).map(str::trim)
    });
    match line {
        Some(line) if !line.is_empty() => format!("{said}, in \"{line}\""),
        _ => said.to_owned(),
    }
}

/// Where the values stand whose mistakes the types do not catch.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    testgrid: TestgridPlaces,
    buckets: Vec<BucketPlaces>,
    releases: ReleasePlaces,
    infra: InfraPlaces,
    repositories: Vec<RepositoryPlaces>,
    update: UpdatePlaces,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TestgridPlaces {
    config: Option<IgnoredAny>,
    prow_jobs: Option<IgnoredAny>,
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
    repo: Spanned<String>,
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

/// What is wrong beyond types, with lines. Places and settings come from the same text, so their
/// lists have the same lengths.
fn check(settings: &Settings, places: &Places) -> Vec<(u64, String)> {
    let mut problems = Vec::new();
    let mut say = |line: u64, message: String| problems.push((line, message));

    let mut prefixes = HashSet::new();
    for bucket in &places.buckets {
        let (prefix, url) = (&bucket.prefix, &bucket.url);
        if prefix.value.is_empty() {
            say(line(prefix), "a bucket's prefix is empty".to_owned());
        } else if !prefixes.insert(prefix.value.as_str()) {
            let message = format!("the bucket prefix \"{}\" is there twice", prefix.value);
            say(line(prefix), message);
        }
        if url.value.is_empty() {
            let message = format!("the url of bucket \"{}\" is empty", prefix.value);
            say(line(url), message);
        }
    }

    if let Some(pattern) = &places.releases.dashboard_pattern {
        match Regex::new(&pattern.value) {
            Err(error) => {
                let error = error.to_string();
                let why = error.lines().last().unwrap_or_default();
                let why = why.trim_start_matches("error: ");
                let message = format!(
                    "releases.dashboard_pattern \"{}\" is not a regular expression: {why}",
                    pattern.value
                );
                say(line(pattern), message);
            }
            Ok(regex) => {
                let names: Vec<&str> = regex.capture_names().flatten().collect();
                for group in ["branch", "tier"] {
                    if !names.contains(&group) {
                        let message =
                            format!("releases.dashboard_pattern has no group (?P<{group}>…)");
                        say(line(pattern), message);
                    }
                }
            }
        }
    }

    let mut components = HashSet::new();
    for (place, component) in places
        .infra
        .components
        .iter()
        .zip(&settings.infra.components)
    {
        let name = &component.name;
        if name.is_empty() {
            let message = "an infra component's name is empty".to_owned();
            say(line(&place.name), message);
        } else if !components.insert(name.as_str()) {
            let message = format!("the infra component \"{name}\" is there twice");
            say(line(&place.name), message);
        }
        let parts: Vec<&str> = component.repo.split('/').collect();
        if parts.len() != 2 || parts.contains(&"") {
            let message = format!(
                "the repo of infra component \"{name}\" is \"{}\", which is not of the form org/name",
                component.repo
            );
            say(line(&place.repo), message);
        }
        if let Some(git) = &place.git
            && let Some(why) = wrong_git(&git.value)
        {
            say(
                line(git),
                format!("the git of infra component \"{name}\" {why}"),
            );
        }
        if component.from.is_empty() {
            let message = format!("the infra component \"{name}\" has no rule in from");
            say(line(&place.name), message);
        }
        for rule in &component.from {
            let empty = match rule {
                VersionRule::Metadata(text)
                | VersionRule::CloneRecord(text)
                | VersionRule::StartedRepo(text) => text.is_empty(),
                VersionRule::ImageTag(patterns) => {
                    patterns.is_empty() || patterns.iter().any(String::is_empty)
                }
                VersionRule::UtilityImageTag(_) | VersionRule::JobConfiguration(_) => false,
            };
            if empty {
                let message = format!("a rule of infra component \"{name}\" is empty");
                say(line(&place.name), message);
            }
        }
    }

    for place in &places.repositories {
        let (repo, git) = (&place.repo, &place.git);
        let parts: Vec<&str> = repo.value.split('/').collect();
        if parts.len() != 2 || parts.contains(&"") {
            let message = format!(
                "the repository \"{}\" is not of the form org/name",
                repo.value
            );
            say(line(repo), message);
        }
        if let Some(why) = wrong_git(&git.value) {
            say(
                line(git),
                format!("the git of repository \"{}\" {why}", repo.value),
            );
        }
    }

    problems.extend(check_reach(settings, places));
    let mut say = |line: u64, message: String| problems.push((line, message));
    let at_least_one = [
        ("poll_secs", &places.update.poll_secs),
        ("parallel", &places.update.parallel),
        ("lease_secs", &places.update.lease_secs),
    ];
    for (name, value) in at_least_one {
        if let Some(zero) = value.as_ref().filter(|value| value.value == 0) {
            say(line(zero), format!("update.{name} must be at least 1"));
        }
    }
    problems
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

/// What is wrong with where jobs are configured, what reaches them and where images are built.
fn check_reach(settings: &Settings, places: &Places) -> Vec<(u64, String)> {
    let mut problems = Vec::new();
    let mut say = |line: u64, message: String| problems.push((line, message));
    let is_repo = |repo: &str| {
        let parts: Vec<&str> = repo.split('/').collect();
        parts.len() == 2 && !parts.contains(&"")
    };
    let infra = &settings.infra;
    let (configuration, place) = (&infra.job_configuration, &places.infra.job_configuration);
    if let Some(repo) = place.repo.as_ref().filter(|repo| !is_repo(&repo.value)) {
        let message = format!(
            "infra.job_configuration.repo is \"{}\", which is not of the form org/name",
            repo.value
        );
        say(line(repo), message);
    }
    if let Some(zero) = place.days.as_ref().filter(|days| days.value == 0) {
        let message = "infra.job_configuration.days must be at least 1";
        say(line(zero), message.to_owned());
    }
    if configuration.least_lag_secs > configuration.most_lag_secs {
        let said = place
            .least_lag_secs
            .as_ref()
            .or(place.most_lag_secs.as_ref());
        let message = "infra.job_configuration.least_lag_secs is more than most_lag_secs";
        say(said.map_or(0, line), message.to_owned());
    }
    for (place, rule) in places.infra.reach.iter().zip(&infra.reach) {
        let (at, repo) = (line(&place.repo), &rule.repo);
        if !is_repo(repo) {
            let message = format!(
                "the repo of a rule in infra.reach is \"{repo}\", which is not of the form org/name"
            );
            say(at, message);
        }
        if rule.paths.is_empty() || rule.paths.iter().any(String::is_empty) {
            say(at, format!("a rule in infra.reach for {repo} has no path"));
        }
        if rule.component.is_empty() {
            let message = format!("a rule in infra.reach for {repo} names no component");
            say(at, message);
        }
        if rule.jobs.contains(&JobMatch::default()) {
            let message =
                format!("a rule in infra.reach for {repo} has an entry in jobs that says nothing");
            say(at, message);
        }
    }
    for (place, source) in places.infra.images.iter().zip(&infra.images) {
        let (at, repo) = (line(&place.repo), &source.repo);
        if !is_repo(repo) {
            let message = format!(
                "the repo of an entry of infra.images is \"{repo}\", which is not of the form org/name"
            );
            say(at, message);
        }
        if source.images.is_empty() || source.images.iter().any(String::is_empty) {
            let message = format!("an entry of infra.images for {repo} names no image");
            say(at, message);
        }
    }
    problems
}

fn line<T>(place: &Spanned<T>) -> u64 {
    place.referenced.line()
}

/// Makes every path absolute. A default folder that is not there is no mistake; one that the file
/// names is, and whoever reads it says so.
fn resolve(settings: &mut Settings, places: &Places, folder: &Path) {
    let TestgridSettings {
        config, prow_jobs, ..
    } = &mut settings.testgrid;
    for (paths, said) in [
        (config, places.testgrid.config.is_some()),
        (prow_jobs, places.testgrid.prow_jobs.is_some()),
    ] {
        for path in paths.iter_mut() {
            *path = folder.join(&*path);
        }
        if !said {
            forget_missing(paths);
        }
    }
    for BucketSettings {
        url, credentials, ..
    } in &mut settings.buckets
    {
        *url = absolute_url(url, folder);
        if let Some(credentials) = credentials
            && let Some(path) = credentials.strip_prefix("file:")
        {
            *credentials = format!("file: {}", folder.join(path.trim()).display());
        }
    }
    if let Some(file) = &mut settings.push.secret_file {
        *file = folder.join(&*file);
    }
    if let Some(oidc) = &mut settings.push.oidc
        && is_path(&oidc.keys)
    {
        oidc.keys = folder.join(&oidc.keys).display().to_string();
    }
    let gits = (settings.infra.components.iter_mut())
        .filter_map(|component| component.git.as_mut())
        .chain((settings.repositories.iter_mut()).map(|repository| &mut repository.git));
    for git in gits {
        if is_path(git) {
            *git = folder.join(&*git).display().to_string();
        }
    }
    if let Some(mirrors) = &mut settings.update.mirrors {
        *mirrors = folder.join(&*mirrors);
    }
}

fn forget_missing(paths: &mut Vec<PathBuf>) {
    paths.retain(|path| path.exists());
}

/// A bucket's address; a plain path, or `file://` with a relative one, is relative to `folder`.
fn absolute_url(url: &str, folder: &Path) -> String {
    let path = match url.strip_prefix("file://") {
        Some(path) if path.starts_with('/') => return url.to_owned(),
        Some(path) => path,
        None if is_path(url) => url,
        None => return url.to_owned(),
    };
    let joined = folder.join(path.strip_prefix("./").unwrap_or(path));
    let joined = joined.display().to_string();
    let encoded = joined
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    format!("file://{encoded}")
}

/// Whether a text is a path, and not an address (`https://…`) or git's short form (`git@host:…`).
fn is_path(text: &str) -> bool {
    !text.contains("://") && !text.split('/').next().unwrap_or_default().contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, SettingsError> {
        parse_settings(text, Path::new("seamgrid.yaml"), Path::new("/srv/ci"))
    }

    fn problems(text: &str) -> Vec<String> {
        match parse(text) {
            Err(SettingsError::Wrong(problems)) => {
                problems.iter().map(ToString::to_string).collect()
            }
            other => panic!("expected problems, found {other:?}"),
        }
    }

    #[test]
    fn an_empty_file_has_the_defaults() {
        for text in ["", "# nothing\n", "---\n", "{}", "update: {}"] {
            let settings = parse(text).expect("it is right");
            assert_eq!(settings.releases, Settings::default().releases, "{text:?}");
            assert_eq!(settings.infra, Settings::default().infra, "{text:?}");
        }
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let settings = parse(
            "
testgrid: {config: [grids, /etc/grids], prow_jobs: [jobs]}
buckets:
  - {prefix: a, url: bucket/a}
  - {prefix: b, url: 'file://bucket/b', credentials: 'file: key.json'}
  - {prefix: c, url: 'file:///srv/c'}
  - {prefix: d, url: 'gs://d', credentials: auto}
infra:
  components:
    - {name: x, repo: o/x, git: git/x, from: [{utility_image_tag: true}]}
    - {name: y, repo: o/y, git: 'git@example.org:o/y.git', from: [{image_tag: ['*/y']}]}
",
        )
        .expect("it is right");
        assert_eq!(
            settings.testgrid.config,
            [PathBuf::from("/srv/ci/grids"), "/etc/grids".into()]
        );
        let urls: Vec<&str> = settings
            .buckets
            .iter()
            .map(|bucket| bucket.url.as_str())
            .collect();
        assert_eq!(
            urls,
            [
                "file:///srv/ci/bucket/a",
                "file:///srv/ci/bucket/b",
                "file:///srv/c",
                "gs://d"
            ]
        );
        assert_eq!(
            settings.buckets[1].credentials.as_deref(),
            Some("file: /srv/ci/key.json")
        );
        let git: Vec<Option<&str>> = settings
            .infra
            .components
            .iter()
            .map(|component| component.git.as_deref())
            .collect();
        assert_eq!(
            git,
            [Some("/srv/ci/git/x"), Some("git@example.org:o/y.git")]
        );
    }

    #[test]
    fn the_whole_example_is_read() {
        let settings = parse(
            r"
testgrid:
  config: [config/testgrids]
  prow_jobs: [config/jobs]
buckets:
  - prefix: kubernetes-ci-logs
    url: gs://kubernetes-ci-logs
    credentials: auto
    endpoint: null
releases:
  dashboard_pattern: '^sig-release-(?P<branch>master|\d+\.\d+)-(?P<tier>blocking|informing)$'
infra:
  components:
    - name: test-infra
      repo: kubernetes/test-infra
      git: null
      from:
        - metadata: infra-commit
        - clone_record: kubernetes/test-infra
        - started_repo: kubernetes/test-infra
        - image_tag: ['*/k8s-testimages/*', '*/k8s-staging-test-infra/*']
    - name: prow
      repo: kubernetes-sigs/prow
      from: [{utility_image_tag: true}]
update: {poll_secs: 300, parallel: 8, days_of_results: 15}
",
        )
        .expect("it is right");
        let defaults = Settings::default();
        assert_eq!(settings.infra, defaults.infra);
        assert_eq!(settings.releases, defaults.releases);
        assert_eq!(settings.update, defaults.update);
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        for (text, line, words) in [
            ("update:\n  pol_secs: 3\n", 2, "pol_secs"),
            ("\nbukets: []\n", 2, "bukets"),
            ("update:\n  poll_secs: often\n", 2, "often"),
            ("buckets:\n  - prefix: a\n", 2, "url"),
            ("a: [\n", 1, ""),
            (
                "releases:\n  dashboard_pattern: '('\n",
                2,
                "is not a regular expression: unclosed group",
            ),
            (
                "infra:\n  components:\n    - name: x\n      repo: x\n      from: [{metadata: k}]\n",
                4,
                "\"x\", which is not of the form org/name",
            ),
            (
                "update: {parallel: 0}\n",
                1,
                "update.parallel must be at least 1",
            ),
            (
                "infra:\n  components:\n    - name: x\n      repo: o/x\n      from: [{guess: k}]\n",
                5,
                "guess",
            ),
        ] {
            let found = problems(text);
            assert_eq!(found.len(), 1, "{found:?}");
            let start = format!("seamgrid.yaml:{line}: ");
            assert!(found[0].starts_with(&start), "{text}\n{found:?}");
            assert!(found[0].contains(words), "{text}\n{found:?}");
            assert!(!found[0].contains('\n'), "{found:?}");
        }
    }

    #[test]
    fn mistakes_beyond_types_are_told_at_once() {
        let found = problems(
            "
buckets:
  - {prefix: a, url: ''}
  - {prefix: a, url: b}
releases: {dashboard_pattern: 'x(?P<branch>y)'}
update:
  poll_secs: 0
",
        );
        assert_eq!(
            found,
            [
                "seamgrid.yaml:3: the url of bucket \"a\" is empty",
                "seamgrid.yaml:4: the bucket prefix \"a\" is there twice",
                "seamgrid.yaml:5: releases.dashboard_pattern has no group (?P<tier>…)",
                "seamgrid.yaml:7: update.poll_secs must be at least 1",
            ]
        );
    }

    #[test]
    fn credentials_are_a_word_or_a_file() {
        for (text, credentials) in [
            ("auto", "auto"),
            ("anonymous", "anonymous"),
            ("{file: key.json}", "file: /srv/ci/key.json"),
            ("'file: key.json'", "file: /srv/ci/key.json"),
            ("'file: /etc/key.json'", "file: /etc/key.json"),
        ] {
            let text = format!("buckets: [{{prefix: a, url: 'gs://a', credentials: {text}}}]");
            let settings = parse(&text).expect("good settings");
            assert_eq!(
                settings.buckets[0].credentials.as_deref(),
                Some(credentials)
            );
        }
        let settings = parse("buckets: [{prefix: a, url: 'gs://a', endpoint: null}]");
        assert_eq!(
            settings.expect("good settings").buckets[0].credentials,
            None
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = load_settings(Some(Path::new("/nowhere/seamgrid.yaml")))
            .expect_err("it is not there")
            .to_string();
        assert!(
            error.starts_with("cannot read the settings file /nowhere/seamgrid.yaml: "),
            "{error}"
        );
    }
}
