//! What the settings say of how paths of a repository reach jobs.

use model::impact::{ChangeLabel, Globals, Job};

use crate::{
    infra::image::{self, ImageRef},
    settings::{JobMatch, ReachRule},
};

/// Whether a path is one that a rule is about.
pub(super) fn matches_path(rule: &ReachRule, path: &str) -> bool {
    rule.paths
        .iter()
        .any(|pattern| image::matches(pattern, path))
}

/// Whether a rule is about a job.
pub(super) fn covers(rule: &ReachRule, job: &Job, globals: &Globals) -> bool {
    rule.jobs.is_empty()
        || rule
            .jobs
            .iter()
            .any(|wanted| matches_job(wanted, job, globals))
}

/// Everything that is said must match.
fn matches_job(wanted: &JobMatch, job: &Job, globals: &Globals) -> bool {
    let one = |patterns: &[String], text: &str| {
        patterns.iter().any(|pattern| image::matches(pattern, text))
    };
    let image = |image: &String| one(&wanted.images, ImageRef::parse(image).name);
    let is_said = |patterns: &[String]| !patterns.is_empty();
    (!is_said(&wanted.names) || one(&wanted.names, &job.key.name))
        && (!is_said(&wanted.clusters) || one(&wanted.clusters, &job.cluster))
        && (!is_said(&wanted.labels) || job.labels.iter().any(|(key, _)| one(&wanted.labels, key)))
        && (!is_said(&wanted.images) || job.images.iter().any(image))
        && (!is_said(&wanted.repos) || job.repos.iter().any(|repo| one(&wanted.repos, repo)))
        && (wanted.words.is_empty() || wanted.words.iter().any(|word| job.script.contains(word)))
        && wanted
            .decorated
            .is_none_or(|decorated| decorated == globals.decorates(job))
}

/// By what a rule's paths reach its jobs directly; `None` through a shared service.
pub(super) const fn label_of(rule: &ReachRule) -> Option<ChangeLabel> {
    rule.by
}
