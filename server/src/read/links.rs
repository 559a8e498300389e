//! Where a column, a cell and a tab lead.

use model::{config::TestGroup, tabulate::StoredRun};

use super::catalog::TabEntry;

/// The page of a build by the tab's `open_test_template`; empty when there is none.
pub(super) fn column_url(entry: &TabEntry, run: &StoredRun) -> String {
    let prefix = prefix_of(&entry.group, run);
    expand(&entry.tab.open_test_template.url, prefix, &run.build)
}

/// The page of a cell that names one: an address, or the `<job>/<build>` it came from; empty
/// otherwise.
pub(super) fn cell_url(entry: &TabEntry, run: &StoredRun, cell_id: &str) -> String {
    if is_address(cell_id) {
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
            expand(&entry.tab.open_test_template.url, prefix, build)
        }
        _ => String::new(),
    }
}

/// The job's history; empty when there is none.
pub(super) fn results_url(entry: &TabEntry) -> String {
    let prefix = entry.group.prefixes().next().unwrap_or_default();
    expand(&entry.tab.results_url_template.url, prefix, "")
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

fn expand(template: &str, prefix: &str, build: &str) -> String {
    let address = template
        .replace("<gcs_prefix>", prefix)
        .replace("<gcs-prefix>", prefix)
        .replace("<changelist>", build);
    if is_address(&address) {
        address
    } else {
        String::new()
    }
}

/// Whether a text from a configuration or a build may become a link: never `javascript:`.
fn is_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}
