//! How dashboards belong to release branches.

use std::cmp::Ordering;

use model::{
    name::natural_cmp,
    wire::{Release, TabSummary, Tier},
};
use regex::Regex;

/// The release branches that `names` form by `pattern`, with the summaries that `tabs` gives for a
/// dashboard: master first, then newest first; blocking before informing; worst tabs first.
pub(super) fn build_releases<'a>(
    pattern: &Regex,
    names: impl Iterator<Item = &'a str>,
    tabs: impl Fn(&str) -> Vec<TabSummary>,
) -> Vec<Release> {
    let mut releases: Vec<Release> = Vec::new();
    for name in names {
        let Some((branch, word)) = branch_and_tier(pattern, name) else {
            continue;
        };
        let mut tabs = tabs(name);
        tabs.sort_by_key(|tab| std::cmp::Reverse(tab.status.severity()));
        let tier = Tier {
            tier: word.to_owned(),
            dashboard: name.to_owned(),
            tabs,
        };
        match releases.iter_mut().find(|known| known.branch == branch) {
            Some(release) => release.tiers.push(tier),
            None => releases.push(Release {
                branch: branch.to_owned(),
                tiers: vec![tier],
            }),
        }
    }
    releases.sort_by(|a, b| newest_first(&a.branch, &b.branch));
    for release in &mut releases {
        release.tiers.sort_by(|a, b| {
            (tier_rank(&a.tier), &a.tier, &a.dashboard).cmp(&(
                tier_rank(&b.tier),
                &b.tier,
                &b.dashboard,
            ))
        });
    }
    releases
}

/// The branch that a dashboard belongs to; `None` for others.
pub(super) fn branch_of<'a>(pattern: &Regex, dashboard: &'a str) -> Option<&'a str> {
    Some(branch_and_tier(pattern, dashboard)?.0)
}

/// Branch and tier of a dashboard, each empty where the pattern does not say it.
fn branch_and_tier<'a>(pattern: &Regex, dashboard: &'a str) -> Option<(&'a str, &'a str)> {
    let found = pattern.captures(dashboard)?;
    let part = |group: &str| found.name(group).map_or("", |part| part.as_str());
    Some((part("branch"), part("tier")))
}

/// Master first, then newest first.
pub(super) fn newest_first(a: &str, b: &str) -> Ordering {
    let is_master = |branch: &str| matches!(branch, "master" | "main");
    is_master(b)
        .cmp(&is_master(a))
        .then_with(|| natural_cmp(b, a))
}

fn tier_rank(tier: &str) -> u8 {
    match tier {
        "blocking" => 0,
        "informing" => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ReleaseSettings;

    #[test]
    fn branches_are_newest_first_and_blocking_comes_first() {
        let pattern = Regex::new(&ReleaseSettings::default().dashboard_pattern)
            .expect("the default pattern is right");
        let names = [
            "sig-release-1.9-blocking",
            "sig-release-1.10-informing",
            "sig-release-1.10-blocking",
            "sig-release-master-informing",
            "sig-release-master-blocking",
            "sig-release-misc",
        ];
        let releases = build_releases(&pattern, names.into_iter(), |_| Vec::new());
        let found: Vec<(&str, Vec<&str>)> = releases
            .iter()
            .map(|release| {
                let tiers = release.tiers.iter().map(|tier| tier.tier.as_str());
                (release.branch.as_str(), tiers.collect())
            })
            .collect();
        assert_eq!(
            found,
            [
                ("master", vec!["blocking", "informing"]),
                ("1.10", vec!["blocking", "informing"]),
                ("1.9", vec!["blocking"]),
            ]
        );
    }
}
