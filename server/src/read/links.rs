//! Where a column, a cell and a tab lead.

use model::{
    config::{LinkTemplate, TestGroup},
    link::{Tokens, expand, uses},
    tabulate::StoredRun,
};

use super::catalog::TabEntry;

/// The page of a build: the one that its uploader named, else by the tab's `open_test_template`; empty
/// when there is none.
pub(super) fn column_url(entry: &TabEntry, run: &StoredRun) -> String {
    if run.path.starts_with("https://") || run.path.starts_with("http://") {
        return run.path.clone();
    }
    build_url(entry, run, prefix_of(&entry.group, run), &run.build)
}

/// The page of a cell that names one: an address, or the `<job>/<build>` it came from; empty
/// otherwise, and where it is the column's own page.
pub(super) fn cell_url(entry: &TabEntry, run: &StoredRun, cell_id: &str) -> String {
    if cell_id.starts_with("https://") || cell_id.starts_with("http://") {
        return cell_id.to_owned();
    }
    let Some((job, build)) = cell_id.rsplit_once('/') else {
        return String::new();
    };
    let job = job.rsplit('/').next().unwrap_or(job);
    let prefix = entry
        .group
        .prefixes()
        .find(|prefix| prefix.rsplit('/').next() == Some(job));
    match prefix {
        Some(prefix) if build != run.build || prefix != prefix_of(&entry.group, run) => {
            build_url(entry, run, prefix, build)
        }
        _ => String::new(),
    }
}

/// The job's history; empty when there is none.
pub(super) fn results_url(entry: &TabEntry) -> String {
    let prefix = entry.group.prefixes().next().unwrap_or_default();
    let template = &entry.tab.results_url_template;
    link(template, prefix, &tokens(entry, prefix))
}

fn build_url(entry: &TabEntry, run: &StoredRun, prefix: &str, build: &str) -> String {
    let headers = run.headers.iter().map(|header| header.value.as_str());
    let tokens = tokens(entry, prefix).with_column(build, headers);
    link(&entry.tab.open_test_template, prefix, &tokens)
}

/// The link of a template; empty when there is none, and for a group without a bucket where it leads into
/// one: a default for all tabs knows nothing of those whose runs are uploaded.
fn link(template: &LinkTemplate, prefix: &str, tokens: &Tokens) -> String {
    if prefix.is_empty() && uses(template, "gcs-prefix") {
        return String::new();
    }
    expand(template, tokens).unwrap_or_default()
}

/// What tokens stand for in the whole of a tab.
pub(super) fn tokens(entry: &TabEntry, prefix: &str) -> Tokens {
    Tokens::new()
        .with("gcs-prefix", prefix)
        .with("environment", entry.tab.name.as_str())
}

/// `bucket/path` of the job that a run belongs to. A group of several is told apart by the folder
/// that the run was read from.
fn prefix_of<'a>(group: &'a TestGroup, run: &'a StoredRun) -> &'a str {
    let mut prefixes = group.prefixes();
    let first = prefixes.next().unwrap_or_default();
    if prefixes.next().is_none() {
        return first;
    }
    run.path
        .trim_end_matches('/')
        .rsplit_once('/')
        .map_or(first, |(folder, _)| folder)
}
