//! Changes that broke many tabs and are still there: what must be known before a tab is looked at.

use std::cmp::Reverse;

use model::{
    infra::short_version,
    suspect::SURE,
    wire::{
        NamedLink,
        infra::{InfraChange, Suspected, TabName},
    },
};

/// How many are told at most.
const MOST: usize = 3;
/// How many of the tabs that show one are named.
const NAMED: usize = 3;
/// So many test groups are needed: one alone tells of itself.
const FEW: u32 = 2;

/// What the groups say that show a change to be the cause, as long as one of them still has it.
fn standing(change: &InfraChange) -> Option<&Suspected> {
    change
        .suspected
        .as_ref()
        .filter(|it| it.groups >= FEW && it.now > 0)
}

/// The changes that are likely behind what broke, worst first.
pub(super) fn worst(changes: &[InfraChange]) -> impl Iterator<Item = (&InfraChange, &Suspected)> {
    let mut found: Vec<(&InfraChange, &Suspected)> = changes
        .iter()
        .filter_map(|it| Some((it, standing(it)?)))
        .collect();
    found.sort_by_key(|(change, it)| Reverse((it.groups, it.infra_only, change.first)));
    found.into_iter().take(MOST)
}

/// The first tabs by name, and how many more there are.
fn some(tabs: &[TabName]) -> String {
    let named = tabs.iter().take(NAMED).map(|it| format!("“{}”", it.tab));
    let mut text = named.collect::<Vec<_>>().join(", ");
    if tabs.len() > NAMED {
        text.push_str(&format!(" and {} more", tabs.len() - NAMED));
    }
    text
}

/// The change as a line that leads to what it did.
pub(super) fn note((change, suspected): (&InfraChange, &Suspected)) -> NamedLink {
    let count = |count: u32, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let mut text = format!(
        "{} {} → {} {} {}",
        change.component,
        short_version(&change.from),
        short_version(&change.to),
        if suspected.likelihood < SURE {
            "probably broke"
        } else {
            "broke"
        },
        count(suspected.groups, "test group", "test groups"),
    );
    if suspected.branches > 0 {
        let branches = count(suspected.branches, "release branch", "release branches");
        text.push_str(&format!(" on {branches}"));
    }
    let product = match suspected.infra_only {
        0 => "in each of them a product changed, too".to_owned(),
        count => format!("{count} of them while no product changed"),
    };
    text.push_str(&format!(
        " since {} ({}), {product}; {} it.",
        change.first.format("%-d %b %Y %H:%M UTC"),
        some(&suspected.tabs),
        count(suspected.now, "of them still runs", "of them still run"),
    ));
    NamedLink {
        text,
        url: app::paths::compare(&change.component, &change.from, &change.to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tab(name: &str) -> TabName {
        TabName {
            dashboard: "d".to_owned(),
            tab: name.to_owned(),
        }
    }

    fn change(to: &str, likelihood: f64, [groups, branches, now]: [u32; 3]) -> InfraChange {
        let tabs: Vec<TabName> = ["a", "b", "c", "e"]
            .map(tab)
            .into_iter()
            .cycle()
            .take(groups as usize)
            .collect();
        InfraChange {
            component: "boskos".to_owned(),
            from: "v1".to_owned(),
            to: to.to_owned(),
            backward: false,
            commits: None,
            subject: String::new(),
            first: chrono::DateTime::UNIX_EPOCH,
            first_tab: tab("t"),
            first_build: "1".to_owned(),
            last: chrono::DateTime::UNIX_EPOCH,
            last_tab: tab("t"),
            last_build: "2".to_owned(),
            seen: 20,
            broke: 0,
            perhaps: 0,
            branches_broke: 0,
            broke_infra_only: 0,
            broke_now: 0,
            suspected: (groups > 0).then_some(Suspected {
                likelihood,
                groups,
                branches,
                infra_only: 1,
                now,
                tabs,
                all_tabs: Vec::new(),
            }),
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
            change("one", 0.9, [1, 1, 1]),
            change("few", 0.6, [2, 0, 1]),
            change("none", 0.0, [0, 0, 0]),
            change("gone", 1.0, [9, 4, 0]),
            change("most", 0.97, [9, 4, 5]),
            change("more", 0.8, [4, 1, 4]),
            change("many", 0.8, [3, 1, 4]),
        ];
        let told: Vec<&str> = worst(&changes).map(|it| it.0.to.as_str()).collect();
        assert_eq!(told, ["most", "more", "many"]);
        let notes: Vec<NamedLink> = worst(&changes).map(note).collect();
        assert_eq!(
            notes[0].text,
            "boskos v1 → most broke 9 test groups on 4 release branches since 1 Jan 1970 00:00 UTC (“a”, “b”, “c” and 6 \
             more), 1 of them while no product changed; 5 of them still run it."
        );
        assert_eq!(notes[0].url, "/compare?component=boskos&from=v1&to=most");
        let few = worst(&changes[..3]).map(note).next().expect("one");
        assert_eq!(
            few.text,
            "boskos v1 → few probably broke 2 test groups since 1 Jan 1970 00:00 UTC (“a”, “b”), 1 of them while no \
             product changed; 1 of them still runs it."
        );
    }
}
