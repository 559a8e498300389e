//! The rules of one tab.

use model::config::DashboardTab;
use regex::Regex;

use super::{Broken, bad_address, regex_flaw};

/// Which rules a tab breaks.
pub(super) fn check(tab: &DashboardTab) -> Vec<Broken> {
    let mut broken: Vec<Broken> = Vec::new();
    if tab.test_group_name.is_empty() {
        broken.push(("test_group_name", "needs a `test_group_name`".to_owned()));
    }
    if let Some(flaw) = names_flaw(&tab.tabular_names_regex) {
        broken.push(("tabular_names_regex", flaw));
    }
    let addresses = tab
        .alert_options
        .as_ref()
        .map_or("", |options| options.alert_mail_to_addresses.as_str());
    if let Some(address) = bad_address(addresses) {
        let message = format!("{address:?} is not a mail address");
        broken.push(("alert_options", message));
    }
    let flakiness = tab
        .status_customization_options
        .as_ref()
        .and_then(|options| options.max_acceptable_flakiness);
    if let Some(percent) = flakiness.filter(|percent| !(0.0..=100.0).contains(percent)) {
        let message = format!("`max_acceptable_flakiness` is {percent}; it must be 0 to 100");
        broken.push(("status_customization_options", message));
    }
    broken
}

fn names_flaw(pattern: &str) -> Option<String> {
    if pattern.is_empty() {
        return None;
    }
    if let Some(flaw) = regex_flaw(pattern) {
        return Some(format!(
            "`tabular_names_regex` is not a regular expression: {flaw}"
        ));
    }
    let regex = Regex::new(pattern).ok()?;
    let mut groups = regex.capture_names().skip(1).peekable();
    if groups.peek().is_none() {
        return Some("`tabular_names_regex` needs a group that captures".to_owned());
    }
    groups
        .any(|name| name.is_none())
        .then(|| "every group of `tabular_names_regex` needs a name".to_owned())
}
