//! Builds of several prefixes with the same id, made one run.

use std::collections::HashSet;

use model::{
    config::ColumnHeader,
    infra::{ComponentKind, ComponentVersion, same_version},
    run::{Header, Run},
};

/// One run of two with the same build id: TestGrid's rule for merging columns. `first` decides
/// where the column leads; both say what is wrong with them.
///
/// Tests of `other` that `first` has too become `name [1]`, `name [2]`, …
pub(super) fn merge_runs(mut first: Run, other: Run, columns: &[ColumnHeader]) -> Run {
    first.started_ms = match (first.started_ms, other.started_ms) {
        (0, started_ms) | (started_ms, 0) => started_ms,
        (a, b) => a.min(b),
    };
    // It has ended when both have.
    first.finished_ms = first
        .finished_ms
        .zip(other.finished_ms)
        .map(|(a, b)| a.max(b));
    first.open |= other.open;
    // Several jobs have no one specification.
    if first.spec != other.spec {
        first.spec = None;
    }

    let mut names: HashSet<String> = first
        .results
        .iter()
        .map(|result| result.name.clone())
        .collect();
    for mut result in other.results {
        let mut name = result.name.clone();
        let mut number = 0;
        while names.contains(&name) {
            number += 1;
            name = format!("{} [{number}]", result.name);
        }
        result.name = name;
        names.insert(result.name.clone());
        first.results.push(result);
    }

    for (index, header) in other.headers.into_iter().enumerate() {
        let all = columns
            .get(index)
            .is_some_and(|column| column.list_all_values);
        match first.headers.get_mut(index) {
            Some(Header { value, .. }) => *value = merge_values(value, &header.value, all),
            None => first.headers.push(header),
        }
    }

    for version in other.versions {
        match first
            .versions
            .iter_mut()
            .find(|known| known.component == version.component && known.kind == version.kind)
        {
            Some(known) => merge_versions(known, version),
            None => first.versions.push(version),
        }
    }
    // Infra components stay in the order of the configuration, which both runs have.
    first.versions.sort_by(|a, b| match (a.kind, b.kind) {
        (ComponentKind::Product, ComponentKind::Product) => a.component.cmp(&b.component),
        (a, b) => a.cmp(&b),
    });
    for mut problem in other.problems {
        problem.file = format!("{}/{}", other.path, problem.file);
        first.problems.push(problem);
    }
    for (row, id) in other.ids {
        if !first.ids.iter().any(|(known, _)| *known == row) {
            first.ids.push((row, id));
        }
    }
    for email in other.emails {
        if !first.emails.contains(&email) {
            first.emails.push(email);
        }
    }
    first
}

/// What one of them knows fills what the other does not; two different versions are `*`.
fn merge_versions(first: &mut ComponentVersion, other: ComponentVersion) {
    match (&first.version, &other.version) {
        (_, None) => {}
        (None, Some(_)) => *first = other,
        (Some(a), Some(b)) if same_version(a, b) => {}
        (Some(_), Some(_)) => {
            first.version = Some("*".into());
            first.evidence = None;
        }
    }
}

/// Blank is filled, equal stays, different becomes `*`, or all values where the header says so.
fn merge_values(first: &str, other: &str, all: bool) -> String {
    if other.is_empty() || first == other {
        first.to_owned()
    } else if first.is_empty() {
        other.to_owned()
    } else if all {
        let mut values: Vec<&str> = first.split("||").chain(other.split("||")).collect();
        values.sort_unstable();
        values.dedup();
        values.join("||")
    } else {
        "*".to_owned()
    }
}
