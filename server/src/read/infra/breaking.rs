//! Changes that broke many tabs and are still there: what must be known before a tab is looked at.

use std::cmp::Reverse;

use model::{
    infra::short_version,
    wire::{NamedLink, infra::InfraChange},
};

/// How many are told at most.
const MOST: usize = 3;
/// So many test groups are many. Of two that break at once, chance is too often why.
const MANY: u32 = 3;

/// Whether a change broke many test groups and one of them still has it.
fn is_wide(change: &InfraChange) -> bool {
    change.broke >= MANY && change.broke_now > 0
}

/// The changes that broke most, worst first.
pub(super) fn worst(changes: &[InfraChange]) -> impl Iterator<Item = &InfraChange> {
    let mut found: Vec<&InfraChange> = changes.iter().filter(|it| is_wide(it)).collect();
    found.sort_by_key(|it| Reverse((it.broke, it.broke_infra_only, it.first)));
    found.into_iter().take(MOST)
}

/// The change as a line that leads to what it did.
pub(super) fn note(change: &InfraChange) -> NamedLink {
    let count = |count: u32, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let mut text = format!(
        "{} {} → {} broke {}",
        change.component,
        short_version(&change.from),
        short_version(&change.to),
        count(change.broke, "test group", "test groups"),
    );
    if change.branches_broke > 0 {
        let branches = count(change.branches_broke, "release branch", "release branches");
        text.push_str(&format!(" on {branches}"));
    }
    text.push_str(&format!(
        " since {}, {} of them while no product changed; {} it.",
        change.first.format("%-d %b %Y %H:%M UTC"),
        change.broke_infra_only,
        count(change.broke_now, "still runs", "still run"),
    ));
    NamedLink {
        text,
        url: app::paths::compare(&change.component, &change.from, &change.to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::wire::infra::TabName;

    fn change(to: &str, [broke, branches_broke, broke_now]: [u32; 3]) -> InfraChange {
        let tab = TabName {
            dashboard: "d".to_owned(),
            tab: "t".to_owned(),
        };
        InfraChange {
            component: "boskos".to_owned(),
            from: "v1".to_owned(),
            to: to.to_owned(),
            backward: false,
            commits: None,
            subject: String::new(),
            first: chrono::DateTime::UNIX_EPOCH,
            first_tab: tab.clone(),
            first_build: "1".to_owned(),
            last: chrono::DateTime::UNIX_EPOCH,
            last_tab: tab,
            last_build: "2".to_owned(),
            seen: 20,
            broke,
            perhaps: 0,
            branches_broke,
            broke_infra_only: 1,
            broke_now,
            broke_tabs: Vec::new(),
            fixed: 0,
            rows_broke: 0,
            rows_fixed: 0,
            brought_by: None,
            reverts: None,
            undoes: None,
        }
    }

    #[test]
    fn what_broke_most_and_is_still_there_is_told() {
        let changes = [
            change("few", [2, 1, 2]),
            change("many", [3, 0, 1]),
            change("two", [2, 2, 2]),
            change("gone", [9, 4, 0]),
            change("most", [9, 4, 5]),
            change("more", [4, 1, 4]),
        ];
        let told: Vec<&str> = worst(&changes).map(|it| it.to.as_str()).collect();
        assert_eq!(told, ["most", "more", "many"]);
        let note = note(&changes[4]);
        assert_eq!(
            note.text,
            "boskos v1 → most broke 9 test groups on 4 release branches since 1 Jan 1970 00:00 UTC, 1 of them \
             while no product changed; 5 still run it."
        );
        assert_eq!(note.url, "/compare?component=boskos&from=v1&to=most");
    }
}
