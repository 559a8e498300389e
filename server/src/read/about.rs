//! What the configuration says of a tab for people.

use model::wire::{NamedLink, TabAbout};

use super::{catalog::TabEntry, links};

/// How the descriptions begin that Prow's tools write: one fact a line.
const PROWJOB_NAME: &str = "prowjob_name: ";
const PROWJOB_CONFIG: &str = "prowjob_config_url: ";
const PROWJOB_DESCRIPTION: &str = "prowjob_description: ";

/// What is said of a tab: its description without the facts that Prow's tools put into it, whom its
/// alerts are mailed to, and where its history, its configuration and its code are.
pub(super) fn build_about(entry: &TabEntry) -> TabAbout {
    let tab = &entry.tab;
    let mut links = Vec::new();
    let mut add = |text: &str, fallback: &str, url: String| {
        if url.starts_with("https://") || url.starts_with("http://") {
            let text = if text.trim().is_empty() {
                fallback
            } else {
                text
            };
            links.push(NamedLink {
                text: text.to_owned(),
                url,
            });
        }
    };
    add(&tab.results_text, "Job history", links::results_url(entry));
    let mut description: Vec<&str> = Vec::new();
    for line in tab.description.lines() {
        if let Some(url) = line.strip_prefix(PROWJOB_CONFIG) {
            add("", "Job configuration", url.trim().to_owned());
        } else if line.starts_with(PROWJOB_NAME) {
            // The page says the job's name anyway.
        } else {
            description.push(line.strip_prefix(PROWJOB_DESCRIPTION).unwrap_or(line));
        }
    }
    let code = [&tab.code_search_path, &entry.group.code_search_path]
        .into_iter()
        .find(|path| !path.is_empty());
    if let Some(path) = code {
        let url = if path.contains("://") {
            path.clone()
        } else {
            format!("https://{}", path.trim_start_matches('/'))
        };
        add("", "Code", url);
    }
    add("", "About this dashboard", tab.about_dashboard_url.clone());
    if let Some(alerts) = &tab.alert_options {
        add(
            &alerts.debug_message,
            "Help with alerts",
            alerts.debug_url.clone(),
        );
    }
    let mails = tab
        .alert_options
        .as_ref()
        .map_or("", |alerts| alerts.alert_mail_to_addresses.as_str());
    TabAbout {
        description: description.join("\n").trim().to_owned(),
        owners: mails
            .split([',', ' '])
            .map(str::trim)
            .filter(|mail| !mail.is_empty())
            .map(str::to_owned)
            .collect(),
        links,
    }
}

#[cfg(test)]
mod tests {
    use model::config::{
        AlertOptions, Configuration, Dashboard, DashboardTab, LinkTemplate, TestGroup,
    };

    use super::*;
    use crate::read::Catalog;

    fn about(tab: DashboardTab) -> TabAbout {
        let configuration = Configuration {
            test_groups: vec![TestGroup {
                name: "g".into(),
                gcs_prefix: "b/logs/job".into(),
                ..TestGroup::default()
            }],
            dashboards: vec![Dashboard {
                name: "dash".into(),
                dashboard_tab: vec![DashboardTab {
                    name: "tab".into(),
                    test_group_name: "g".into(),
                    ..tab
                }],
                ..Dashboard::default()
            }],
            ..Configuration::default()
        };
        build_about(&Catalog::new(&configuration, &[]).tabs()[0])
    }

    #[test]
    fn what_the_configuration_yields_is_said() {
        let said = about(DashboardTab {
            description: "prowjob_name: ci-job\n\
                prowjob_config_url: https://git.example/config/jobs.yaml\n\
                prowjob_description: Runs everything.\nTwice."
                .into(),
            results_text: "See these results on Prow".into(),
            results_url_template: LinkTemplate {
                url: "https://prow.example/job-history/<gcs_prefix>".into(),
                ..LinkTemplate::default()
            },
            code_search_path: "git.example/o/r/search".into(),
            alert_options: Some(AlertOptions {
                alert_mail_to_addresses: "a@example.com, b@example.com".into(),
                debug_url: "javascript:alert(1)".into(),
                ..AlertOptions::default()
            }),
            ..DashboardTab::default()
        });
        assert_eq!(said.description, "Runs everything.\nTwice.");
        assert_eq!(said.owners, ["a@example.com", "b@example.com"]);
        let links: Vec<(&str, &str)> = said
            .links
            .iter()
            .map(|link| (link.text.as_str(), link.url.as_str()))
            .collect();
        assert_eq!(
            links,
            [
                (
                    "See these results on Prow",
                    "https://prow.example/job-history/b/logs/job"
                ),
                ("Job configuration", "https://git.example/config/jobs.yaml"),
                ("Code", "https://git.example/o/r/search"),
            ]
        );
        assert!(about(DashboardTab::default()).is_empty());
    }
}
