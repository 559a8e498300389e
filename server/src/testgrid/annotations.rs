//! From a Prow job's annotations to a test group and its tabs.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
};

use model::config::{AlertOptions, DashboardTab, LinkTemplate, TestGroup};

use super::{
    ConfigProblem, LoadOptions,
    decode::SetKey,
    defaults::{fill_group, fill_tab},
    document::{Defaults, Place, Placed, PlacedDashboard},
    jobs::{Job, JobKind},
    prow_config::ProwConfig,
};
use crate::prow::layout::{directory_prefix, job_prefix};

const CREATE_TEST_GROUP: &str = "testgrid-create-test-group";
const DASHBOARDS: &str = "testgrid-dashboards";
const TAB_NAME: &str = "testgrid-tab-name";
const ALERT_EMAIL: &str = "testgrid-alert-email";
const ALERT_STALE_RESULTS_HOURS: &str = "testgrid-alert-stale-results-hours";
const NUM_FAILURES_TO_ALERT: &str = "testgrid-num-failures-to-alert";
const NUM_COLUMNS_RECENT: &str = "testgrid-num-columns-recent";
const DAYS_OF_RESULTS: &str = "testgrid-days-of-results";
const IN_CELL_METRIC: &str = "testgrid-in-cell-metric";
const DISABLE_PROWJOB_ANALYSIS: &str = "testgrid-disable-prowjob-analysis";
const BROKEN_COLUMN_THRESHOLD: &str = "testgrid-broken-column-threshold";
const BASE_OPTIONS: &str = "testgrid-base-options";
const DESCRIPTION: &str = "description";
const FORK_PER_RELEASE: &str = "fork-per-release";

/// All that begin with `testgrid-` and mean something.
const KNOWN: [&str; 12] = [
    CREATE_TEST_GROUP,
    DASHBOARDS,
    TAB_NAME,
    ALERT_EMAIL,
    ALERT_STALE_RESULTS_HOURS,
    NUM_FAILURES_TO_ALERT,
    NUM_COLUMNS_RECENT,
    DAYS_OF_RESULTS,
    IN_CELL_METRIC,
    DISABLE_PROWJOB_ANALYSIS,
    BROKEN_COLUMN_THRESHOLD,
    BASE_OPTIONS,
];

/// Presubmits run often and on unmerged code, so at least so many of their columns are recent.
const PRESUBMIT_COLUMNS_RECENT: u32 = 20;

/// What jobs add to.
pub(super) struct Target<'a> {
    /// Test groups so far.
    pub groups: &'a mut Vec<Placed<TestGroup>>,
    /// Dashboards so far; jobs add tabs only.
    pub dashboards: &'a mut Vec<PlacedDashboard>,
    /// Groups of jobs that name a dashboard that is not there: that they are not shown follows.
    pub homeless: &'a mut HashSet<String>,
    /// The jobs that are copied for every release branch.
    pub forked: &'a mut Vec<String>,
}

/// What is the same for all jobs.
pub(super) struct Context<'a> {
    /// Prow's own configuration.
    pub prow: &'a ProwConfig,
    /// For what that does not say.
    pub options: &'a LoadOptions,
    /// For the fields that annotations do not set.
    pub defaults: Option<&'a Defaults>,
    /// A job file's path below the path that was given.
    pub relative: &'a dyn Fn(&std::path::Path) -> String,
}

/// Adds the groups and tabs of all jobs: periodics by name, then postsubmits and presubmits, each by
/// repository and name.
pub(super) fn apply(
    mut jobs: Vec<Job>,
    context: &Context<'_>,
    target: &mut Target<'_>,
    problems: &mut Vec<ConfigProblem>,
) {
    jobs.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut groups: HashMap<String, usize> = HashMap::new();
    for (index, group) in target.groups.iter().enumerate() {
        groups.entry(group.value.name.clone()).or_insert(index);
    }
    let mut dashboards: HashMap<String, usize> = HashMap::new();
    for (index, dashboard) in target.dashboards.iter().enumerate() {
        let name = &dashboard.dashboard.value.name;
        dashboards.entry(name.clone()).or_insert(index);
    }
    for job in &jobs {
        let mut reading = Reading {
            job,
            context,
            problems,
        };
        reading.report_unknown();
        if reading.is_forked() {
            target.forked.push(job.name.clone());
        }
        let Some(index) = reading.group(target.groups, &mut groups) else {
            continue;
        };
        let prefix = target.groups[index].value.gcs_prefix.clone();
        if reading.tabs(&prefix, target.dashboards, &dashboards) {
            target.homeless.insert(job.name.clone());
        }
    }
}

/// Periodics have no repository of their own, so they are sorted by name alone.
fn order(job: &Job) -> (JobKind, &str, &str) {
    let repo = match job.kind {
        JobKind::Periodic => "",
        JobKind::Postsubmit | JobKind::Presubmit => &job.repo,
    };
    (job.kind, repo, &job.name)
}

/// One job being read.
struct Reading<'a> {
    job: &'a Job,
    context: &'a Context<'a>,
    problems: &'a mut Vec<ConfigProblem>,
}

impl Reading<'_> {
    fn problem(&mut self, line: u32, message: String) {
        let place = Place {
            line,
            ..self.job.place.clone()
        };
        self.problems.push(place.problem(message));
    }

    fn text(&self, key: &str) -> Option<(&str, u32)> {
        let (text, line) = self.job.annotations.get(key)?;
        Some((text, *line))
    }

    /// An annotation that must be a number or a switch.
    fn value<T: FromStr>(&mut self, key: &str, wanted: &str) -> Option<(T, u32)> {
        let (text, line) = self.text(key)?;
        if let Ok(value) = text.trim().parse() {
            return Some((value, line));
        }
        let message = format!("the annotation `{key}` must be {wanted}, not {text:?}");
        self.problem(line, message);
        None
    }

    fn count(&mut self, key: &str) -> Option<(u32, u32)> {
        self.value(key, "a whole number of at least 0")
    }

    fn is_forked(&mut self) -> bool {
        self.value(FORK_PER_RELEASE, "\"true\" or \"false\"")
            .is_some_and(|(forked, _)| forked)
    }

    fn report_unknown(&mut self) {
        let job = self.job;
        for (key, (_, line)) in &job.annotations {
            let rest = key
                .strip_prefix("testgrid-")
                .or_else(|| key.strip_prefix("test-grid-"));
            let Some(rest) = rest.filter(|_| !KNOWN.contains(&key.as_str())) else {
                continue;
            };
            let meant = KNOWN
                .into_iter()
                .find(|known| known.strip_prefix("testgrid-") == Some(rest))
                .or((rest == DESCRIPTION).then_some(DESCRIPTION));
            let hint = meant.map_or_else(String::new, |meant| format!("; it is called `{meant}`"));
            let message = format!("unknown annotation `{key}` of the job {:?}{hint}", job.name);
            self.problem(*line, message);
        }
    }

    /// The job's group: made here, or there already. `None` when it has none.
    fn group(
        &mut self,
        groups: &mut Vec<Placed<TestGroup>>,
        by_name: &mut HashMap<String, usize>,
    ) -> Option<usize> {
        let job = self.job;
        let create = self.value::<bool>(CREATE_TEST_GROUP, "\"true\" or \"false\"");
        let existing = by_name.get(&job.name).copied();
        let wanted = create.map_or_else(
            || job.kind != JobKind::Presubmit || job.annotations.contains_key(DASHBOARDS),
            |(create, _)| create,
        );
        if let (Some((true, line)), Some(existing)) = (create, existing) {
            let other = &groups[existing].place;
            let message = format!(
                "the test group {:?} that `{CREATE_TEST_GROUP}` asks for is there already, at {}:{}",
                job.name,
                other.file.display(),
                other.line
            );
            self.problem(line, message);
        }
        let index = match existing {
            Some(index) => index,
            None if wanted => {
                let mut group = self.new_group();
                self.group_fields(&mut group.value, &mut group.set, true);
                fill_group(
                    &mut group,
                    self.context.defaults,
                    self.context.options.zero_is_unset,
                );
                by_name.insert(job.name.clone(), groups.len());
                groups.push(group);
                return Some(groups.len() - 1);
            }
            None => {
                let left_over = job
                    .annotations
                    .iter()
                    .find(|(key, _)| KNOWN.contains(&key.as_str()) && *key != CREATE_TEST_GROUP);
                if let Some((key, (_, line))) = left_over {
                    let message = format!(
                        "the {} {:?} has `{key}` but no test group; add `{DASHBOARDS}` or \
                         `{CREATE_TEST_GROUP}: \"true\"`",
                        job.kind.name(),
                        job.name
                    );
                    self.problem(*line, message);
                }
                return None;
            }
        };
        self.group_fields(&mut groups[index].value, &mut Vec::new(), false);
        Some(index)
    }

    fn new_group(&self) -> Placed<TestGroup> {
        let bucket = self
            .context
            .prow
            .bucket_path(self.job, self.context.options);
        let prefix = match self.job.kind {
            JobKind::Periodic | JobKind::Postsubmit => job_prefix,
            JobKind::Presubmit => directory_prefix,
        };
        Placed {
            value: TestGroup {
                name: self.job.name.clone(),
                gcs_prefix: prefix(&bucket, &self.job.name),
                ..TestGroup::default()
            },
            place: self.job.place.clone(),
            set: Vec::new(),
        }
    }

    fn group_fields(&mut self, group: &mut TestGroup, set: &mut Vec<SetKey>, new: bool) {
        if let Some((columns, line)) = self.count(NUM_COLUMNS_RECENT) {
            group.num_columns_recent = Some(columns);
            set.push(("num_columns_recent", line));
        } else if new && self.job.kind == JobKind::Presubmit {
            group.num_columns_recent = Some(PRESUBMIT_COLUMNS_RECENT);
            set.push(("num_columns_recent", self.job.place.line));
        }
        if let Some((days, line)) = self.count(DAYS_OF_RESULTS) {
            group.days_of_results = Some(days);
            set.push(("days_of_results", line));
        }
        if let Some((failures, line)) = self.count(NUM_FAILURES_TO_ALERT) {
            group.num_failures_to_alert = Some(failures);
            set.push(("num_failures_to_alert", line));
        }
        if let Some((metric, line)) = self.text(IN_CELL_METRIC) {
            metric.clone_into(&mut group.short_text_metric);
            set.push(("short_text_metric", line));
        }
        if let Some((disable, line)) = self.value(DISABLE_PROWJOB_ANALYSIS, "true or false") {
            group.disable_prowjob_analysis = Some(disable);
            set.push(("disable_prowjob_analysis", line));
        }
    }

    /// Adds one tab to each dashboard that the job names. Answers whether any is not there.
    fn tabs(
        &mut self,
        gcs_prefix: &str,
        dashboards: &mut [PlacedDashboard],
        by_name: &HashMap<String, usize>,
    ) -> bool {
        let Some((names, line)) = self.text(DASHBOARDS) else {
            return false;
        };
        let mut any_missing = false;
        let names: Vec<String> = names
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        let every = self.tab(line, gcs_prefix);
        let email = self
            .text(ALERT_EMAIL)
            .map(|(email, line)| (email.to_owned(), line));
        for (position, name) in names.iter().enumerate() {
            let Some(&index) = by_name.get(name) else {
                let message = format!(
                    "the job {:?} wants to be on the dashboard {name:?}, which is not configured",
                    self.job.name
                );
                self.problem(line, message);
                any_missing = true;
                continue;
            };
            let mut tab = every.clone();
            // One mail is enough, however many dashboards show the job.
            if let Some((email, line)) = email.as_ref().filter(|_| position == 0) {
                let alerts = tab.value.alert_options.get_or_insert_default();
                alerts.alert_mail_to_addresses.clone_from(email);
                tab.set.push(("alert_options", *line));
            }
            fill_tab(
                &mut tab,
                self.context.defaults,
                self.context.options.zero_is_unset,
            );
            dashboards[index].tabs.push(tab);
        }
        any_missing
    }

    /// The tab as on every dashboard, before defaults.
    fn tab(&mut self, line: u32, gcs_prefix: &str) -> Placed<DashboardTab> {
        let job = self.job;
        let mut value = DashboardTab {
            name: job.name.clone(),
            test_group_name: job.name.clone(),
            ..DashboardTab::default()
        };
        let mut set: Vec<SetKey> = vec![("test_group_name", line)];
        if let Some((name, line)) = self.text(TAB_NAME) {
            name.clone_into(&mut value.name);
            set.push(("name", line));
        }
        if !job.repo.is_empty() {
            let address = repo_address(&job.repo);
            value.code_search_url_template = link(format!(
                "{address}/compare/<start-custom-0>...<end-custom-0>"
            ));
            value.open_bug_template = link(format!("{address}/issues/"));
            set.push(("code_search_url_template", job.place.line));
            set.push(("open_bug_template", job.place.line));
        }
        let prefix = self.context.prow.job_url_prefix(job, self.context.options);
        if !prefix.is_empty() && !gcs_prefix.is_empty() {
            value.open_test_template = link(format!("{prefix}/gs/<gcs_prefix>/<changelist>"));
            set.push(("open_test_template", job.place.line));
        }
        let stale = self.count(ALERT_STALE_RESULTS_HOURS);
        // The same annotation was told about when the group was read.
        let failures = self
            .text(NUM_FAILURES_TO_ALERT)
            .and_then(|(text, line)| Some((text.trim().parse().ok()?, line)));
        if let Some((_, line)) = stale.or(failures) {
            value.alert_options = Some(AlertOptions {
                alert_stale_results_hours: stale.map(|(hours, _)| hours),
                num_failures_to_alert: failures.map(|(failures, _)| failures),
                ..AlertOptions::default()
            });
            set.push(("alert_options", line));
        }
        if let Some((threshold, line)) = self.value(BROKEN_COLUMN_THRESHOLD, "a number") {
            value.broken_column_threshold = Some(threshold);
            set.push(("broken_column_threshold", line));
        }
        if let Some((options, line)) = self.text(BASE_OPTIONS) {
            options.clone_into(&mut value.base_options);
            set.push(("base_options", line));
        }
        value.description = self.description();
        if !value.description.is_empty() {
            set.push(("description", line));
        }
        Placed {
            value,
            place: Place {
                line,
                ..job.place.clone()
            },
            set,
        }
    }

    fn description(&self) -> String {
        let own = self.text(DESCRIPTION).map_or("", |(text, _)| text);
        if !self.context.options.rewrite_descriptions {
            return own.to_owned();
        }
        let mut lines = vec![format!("prowjob_name: {}", self.job.name)];
        if let Some(prefix) = &self.context.options.job_config_url_prefix {
            let path = (self.context.relative)(&self.job.place.file);
            let prefix = prefix.trim_end_matches('/');
            lines.push(format!("prowjob_config_url: {prefix}/{path}"));
        }
        if !own.is_empty() {
            lines.push(format!("prowjob_description: {own}"));
        }
        lines.join("\n")
    }
}

fn link(url: String) -> LinkTemplate {
    LinkTemplate {
        url,
        ..LinkTemplate::default()
    }
}

/// Organisations of other hosts carry the host's name.
fn repo_address(repo: &str) -> String {
    match repo.split_once('/') {
        Some((org, _)) if org.contains('.') => format!("https://{repo}"),
        _ => format!("https://github.com/{repo}"),
    }
}
