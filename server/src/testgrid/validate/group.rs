//! The rules of one test group.

use model::config::{
    ColumnHeader, FallbackGrouping, ResultSource, TestGroup, TestMetadataOption, TestNameConfig,
};

use super::{Broken, bad_address, regex_flaw};

/// Which rules a group breaks, whose runs may be uploaded.
pub(super) fn check(group: &TestGroup, is_uploaded: bool) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut add = |key: &'static str, message: String| broken.push((key, message));
    source(group, is_uploaded, &mut add);
    limits(group, &mut add);
    if let Some(address) = bad_address(&group.alert_mail_to_addresses) {
        let message = format!("{address:?} is not a mail address");
        add("alert_mail_to_addresses", message);
    }
    for (key, pattern) in [
        ("test_method_match_regex", &group.test_method_match_regex),
        (
            "test_method_unmatch_regex",
            &group.test_method_unmatch_regex,
        ),
    ] {
        if let Some(flaw) = regex_flaw(pattern) {
            add(key, format!("`{key}` is not a regular expression: {flaw}"));
        }
    }
    for option in &group.test_metadata_options {
        metadata_option(option, &mut add);
    }
    for notification in &group.notifications {
        if notification.summary.is_empty() {
            add(
                "notifications",
                "a notification needs a `summary`".to_owned(),
            );
        }
    }
    for annotation in &group.test_annotations {
        if annotation.property_name.is_empty() {
            let message = "a test annotation needs a `property_name`".to_owned();
            add("test_annotations", message);
        }
        let length = annotation.short_text.chars().count();
        if !(1..=5).contains(&length) {
            let message = format!(
                "the `short_text` {:?} of a test annotation has {length} characters; it needs 1 to 5",
                annotation.short_text
            );
            add("test_annotations", message);
        }
    }
    let by_value = group.fallback_grouping == Some(FallbackGrouping::ConfigurationValue);
    if by_value == group.fallback_grouping_configuration_value.is_empty() {
        let message = "`fallback_grouping: CONFIGURATION_VALUE` and \
                       `fallback_grouping_configuration_value` need each other";
        add("fallback_grouping", message.to_owned());
    }
    for header in &group.column_header {
        if let Some(message) = header_flaw(header) {
            add("column_header", message.to_owned());
        }
    }
    if let Some(config) = &group.test_name_config
        && let Some(message) = name_flaw(config)
    {
        add("test_name_config", message);
    }
    broken
}

/// How far back and how many recent columns: unset is told once for both, because a forgotten
/// `default.yaml` leaves both unset in every group.
fn limits(group: &TestGroup, add: &mut impl FnMut(&'static str, String)) {
    let limits = [
        ("days_of_results", group.days_of_results),
        ("num_columns_recent", group.num_columns_recent),
    ];
    for (key, _) in limits.iter().filter(|(_, value)| *value == Some(0)) {
        add(key, format!("`{key}` must be more than 0"));
    }
    let unset: Vec<String> = limits
        .iter()
        .filter(|(_, value)| value.is_none())
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    if !unset.is_empty() {
        let verb = if unset.len() == 1 { "is" } else { "are" };
        let message = format!(
            "{} {verb} set neither here nor by a default",
            unset.join(" and ")
        );
        add("name", message);
    }
}

fn source(group: &TestGroup, is_uploaded: bool, add: &mut impl FnMut(&'static str, String)) {
    let Some(source) = &group.result_source else {
        if group.gcs_prefix.is_empty() && !is_uploaded {
            let message =
                "needs a `gcs_prefix` or a `result_source`; where its runs are uploaded, say \
                           so in `push.groups` of the settings"
                    .to_owned();
            add("gcs_prefix", message);
        }
        return;
    };
    if !group.gcs_prefix.is_empty() {
        let message = "`gcs_prefix` and `result_source` exclude each other".to_owned();
        add("gcs_prefix", message);
    }
    if group.use_kubernetes_client == Some(true) {
        let message = "`use_kubernetes_client` and `result_source` exclude each other".to_owned();
        add("use_kubernetes_client", message);
    }
    match source {
        ResultSource {
            gcs_config: Some(_),
            resultstore_config: Some(_),
        } => add(
            "result_source",
            "`gcs_config` and `resultstore_config` exclude each other".to_owned(),
        ),
        ResultSource {
            gcs_config: None,
            resultstore_config: None,
        } => add(
            "result_source",
            "`result_source` needs a `gcs_config` or a `resultstore_config`".to_owned(),
        ),
        _ => {}
    }
    if let Some(gcs) = &source.gcs_config {
        if gcs.gcs_prefix.is_empty() {
            let message = "`gcs_config` needs a `gcs_prefix`".to_owned();
            add("result_source", message);
        }
        if gcs.pubsub_project.is_empty() != gcs.pubsub_subscription.is_empty() {
            let message = "`pubsub_project` and `pubsub_subscription` need each other".to_owned();
            add("result_source", message);
        }
    }
    if let Some(resultstore) = &source.resultstore_config {
        if resultstore.project.is_empty() {
            let message = "`resultstore_config` needs a `project`".to_owned();
            add("result_source", message);
        }
        let query = &resultstore.query;
        let target = query
            .strip_prefix("target:\"")
            .and_then(|rest| rest.strip_suffix('"'));
        if !query.is_empty() && target.is_none_or(|target| target.contains('"')) {
            let message = format!("the query {query:?} is not of the form `target:\"…\"`");
            add("result_source", message);
        }
    }
}

fn metadata_option(option: &TestMetadataOption, add: &mut impl FnMut(&'static str, String)) {
    const KEY: &str = "test_metadata_options";
    if option.message_regex.is_empty() && option.test_name_regex.is_empty() {
        let message = "a test metadata option needs a `test_name_regex` or a `message_regex`";
        add(KEY, message.to_owned());
    }
    for (key, pattern) in [
        ("test_name_regex", &option.test_name_regex),
        ("message_regex", &option.message_regex),
    ] {
        if let Some(flaw) = regex_flaw(pattern) {
            add(KEY, format!("`{key}` is not a regular expression: {flaw}"));
        }
    }
}

fn header_flaw(header: &ColumnHeader) -> Option<&'static str> {
    let configuration_value = !header.configuration_value.is_empty();
    let (label, property) = (!header.label.is_empty(), !header.property.is_empty());
    match (configuration_value, label, property) {
        (false, false, false) => {
            Some("a column header needs a `configuration_value`, a `label` or a `property`")
        }
        (true, true, _) | (true, _, true) => {
            Some("a column header's `configuration_value` excludes `label` and `property`")
        }
        (false, true, true) => Some("a column header's `property` excludes `label`"),
        _ => None,
    }
}

fn name_flaw(config: &TestNameConfig) -> Option<String> {
    let (elements, format) = (config.name_elements.len(), config.name_format.as_str());
    if elements == 0 {
        return Some("`test_name_config` needs `name_elements`".to_owned());
    }
    if format.is_empty() {
        return Some("`test_name_config` needs a `name_format`".to_owned());
    }
    let percents = format.matches('%').count();
    if percents != elements {
        return Some(format!(
            "the `name_format` {format:?} has {percents} `%` for {elements} `name_elements`"
        ));
    }
    format
        .split('%')
        .skip(1)
        .any(|rest| !begins_with_text_conversion(rest))
        .then(|| format!("the `name_format` {format:?} has a conversion that takes no text"))
}

/// Whether printf's conversion, after its `%`, can hold a text: flags, width, precision, then one of
/// `s v q x X T`.
fn begins_with_text_conversion(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['+', '-', '#', ' ', '0']);
    let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let rest = rest.strip_prefix('.').map_or(rest, |precision| {
        precision.trim_start_matches(|digit: char| digit.is_ascii_digit())
    });
    rest.starts_with(['s', 'v', 'q', 'x', 'X', 'T'])
}
