//! Test cases → cells, and cells of one name → one row or several.

use std::collections::{HashMap, HashSet};

use model::{
    config::TestGroup,
    run::{Cell, TestResult},
    status::Status,
};

use super::{
    finished::Finished,
    junit::Case,
    layout::JunitName,
    text::{Clip, cap_name, cut_message, push_line, short_number},
};

/// The metric that every case with a duration has.
const DURATION_METRIC: &str = "test-duration-minutes";
/// How many rows tests of one name get before the rest share one.
const DUPLICATES_CAP: usize = 20;

/// What a build knows that row names and cells need.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// The group's options.
    pub group: &'a TestGroup,
    /// The job.
    pub job: &'a str,
    /// The build id.
    pub build: &'a str,
    /// Whether the group has several prefixes, so that names and cell ids say which job is meant.
    pub several: bool,
    /// What the build says of itself.
    pub finished: Option<&'a Finished>,
}

impl Naming<'_> {
    /// The row of a case; TestGrid's rule for names.
    pub fn row_name(&self, case: &Case, file: JunitName<'_>) -> String {
        let mut name = String::new();
        let mut says_job = false;
        if let Some(config) = &self.group.test_name_config {
            let mut elements = config.name_elements.iter();
            let mut format = config.name_format.as_str();
            while let Some(at) = format.find('%') {
                push_line(&mut name, &format[..at]);
                match format.as_bytes().get(at + 1) {
                    Some(b's') => {
                        if let Some(element) = elements.next() {
                            let key = if element.target_config.is_empty() {
                                &element.test_property
                            } else {
                                &element.target_config
                            };
                            says_job |= key == "Job name";
                            push_line(&mut name, self.element(key, case, file));
                        }
                        format = &format[at + 2..];
                    }
                    Some(b'%') => {
                        name.push('%');
                        format = &format[at + 2..];
                    }
                    _ => {
                        name.push('%');
                        format = &format[at + 1..];
                    }
                }
            }
            push_line(&mut name, format);
        } else {
            name.push_str(&case.name);
        }
        if self.several && !says_job {
            name.insert(0, '.');
            name.insert_str(0, self.job);
        }
        cap_name(&mut name);
        name
    }

    /// The text of one element: the flattened test name, the job, or the first that knows `key` of
    /// the case's properties, the file's name and the build's metadata. Empty when none does.
    fn element<'t>(&'t self, key: &str, case: &'t Case, file: JunitName<'t>) -> &'t str {
        let of_file = match key {
            "Tests name" => return &case.name,
            "Job name" => return self.job,
            "Context" => Some(file.context),
            "Timestamp" => Some(file.timestamp),
            "Thread" => Some(file.thread),
            _ => None,
        };
        case.property(key)
            .or(of_file)
            .or_else(|| self.finished?.metadata_text(key))
            .unwrap_or_default()
    }

    /// What cells of this build link to, where the column does not say it.
    pub fn cell_id(&self) -> String {
        if self.several {
            format!("{}/{}", self.job, self.build)
        } else if self.group.build_override_strftime.is_empty() {
            String::new()
        } else {
            self.build.to_owned()
        }
    }
}

/// The cell of one case; `None` when the case is no result: skipped without a word, or skipped in a
/// group that ignores skips.
///
/// A test that failed and then passed when it was run again (`flakyFailure`, `flakyError`) is what
/// the same test twice in one build is: flaky, with the count of passing and of all attempts. Where
/// the last attempt failed as well (`failure` with `rerunFailure`) it has simply failed.
pub fn case_cell(case: &Case, group: &TestGroup) -> Option<Cell> {
    let mute_skip = case.skipped.present
        && case.skipped.text.is_empty()
        && (case.skipped.message.is_empty() || case.skipped.message.is("skipped"));
    if mute_skip {
        return None;
    }
    let mut cell = Cell {
        message: message(case),
        seconds: case.seconds.map(|seconds| seconds as f32),
        ..Cell::default()
    };
    if case.error.present || case.failure.present {
        cell.status = Status::Fail;
        cell.icon = "F".into();
    } else if case.skipped.present {
        if group.ignore_skip == Some(true) {
            return None;
        }
        cell.status = Status::PassWithSkips;
        cell.icon = "S".into();
    } else if case.retries > 0 {
        cell.status = Status::Flaky;
        cell.icon = format!("1/{}", case.retries + 1);
        cell.message = runs_passed(&cell.icon, &part_message(&case.retried));
    } else {
        cell.status = Status::Pass;
    }
    cell.metrics = metrics(case);
    for annotation in &group.test_annotations {
        if case.property(&annotation.property_name).is_some() {
            cell.icon.clear();
            push_line(&mut cell.icon, &annotation.short_text);
            break;
        }
    }
    if !group.short_text_metric.is_empty() {
        let value = if group.short_text_metric == DURATION_METRIC {
            case.seconds
                .filter(|&seconds| seconds > 0.0)
                .map(|seconds| seconds / 60.0)
        } else {
            cell.metrics
                .iter()
                .find(|(name, _)| *name == group.short_text_metric)
                .map(|&(_, value)| value)
        };
        if let Some(value) = value {
            cell.icon = short_number(value);
        }
    }
    if !group.user_property.is_empty()
        && let Some(value) = case.property(&group.user_property)
    {
        push_line(&mut cell.user_property, value);
    }
    Some(cell)
}

/// The first that is not empty of error, failure, skipped, system-err and system-out.
fn message(case: &Case) -> String {
    for part in [&case.error, &case.failure, &case.skipped] {
        if part.present && !part.is_empty() {
            return part_message(part);
        }
    }
    for text in [&case.system_err, &case.system_out] {
        if !text.is_empty() {
            return text.message();
        }
    }
    String::new()
}

/// Message and text of an element, joined by a line break when both are there.
fn part_message(part: &super::junit::Part) -> String {
    if part.message.is_empty() {
        return part.text.message();
    }
    if part.text.is_empty() {
        return part.message.message();
    }
    let mut joined = Clip::default();
    joined.join(&part.message);
    joined.push("\n");
    joined.join(&part.text);
    joined.message()
}

/// The numbers among a case's properties: per name the mean of the values that are numbers.
fn metrics(case: &Case) -> Vec<(String, f64)> {
    let mut sums: Vec<(&str, f64, f64)> = Vec::new();
    for (name, value) in case.properties() {
        // Most properties are words; a number begins like one.
        if !value
            .starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'))
        {
            continue;
        }
        let Some(value) = value.parse::<f64>().ok().filter(|value| value.is_finite()) else {
            continue;
        };
        match sums.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, sum, count)) => {
                *sum += value;
                *count += 1.0;
            }
            None => sums.push((name, value, 1.0)),
        }
    }
    sums.into_iter()
        .map(|(name, sum, count)| {
            let mut line = String::with_capacity(name.len());
            push_line(&mut line, name);
            (line, sum / count)
        })
        .collect()
}

/// The rows of one build while they are gathered: cells by name, in the order in which they came.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<(String, Cell, Vec<Cell>)>,
    index: HashMap<String, usize>,
}

impl Rows {
    /// Adds a cell.
    pub fn push(&mut self, name: String, cell: Cell) {
        if let Some(&at) = self.index.get(&name) {
            self.rows[at].2.push(cell);
        } else {
            self.index.insert(name.clone(), self.rows.len());
            self.rows.push((name, cell, Vec::new()));
        }
    }

    /// Adds a cell before all others of its name.
    pub fn push_first(&mut self, name: String, cell: Cell) {
        if let Some(&at) = self.index.get(&name) {
            let (_, first, rest) = &mut self.rows[at];
            rest.insert(0, std::mem::replace(first, cell));
        } else {
            self.push(name, cell);
        }
    }

    /// One result per name. Cells of one name are merged into one, or with `split` numbered.
    pub fn finish(self, split: bool) -> Vec<TestResult> {
        let Self { rows, index } = self;
        let mut results = Vec::with_capacity(rows.len());
        let mut taken: HashSet<String> = HashSet::new();
        for (name, first, rest) in rows {
            if rest.is_empty() {
                results.push(TestResult { name, cell: first });
            } else if split {
                for (number, cell) in std::iter::once(first).chain(rest).enumerate() {
                    if number == 0 {
                        results.push(TestResult {
                            name: name.clone(),
                            cell,
                        });
                        continue;
                    }
                    let overflow = number >= DUPLICATES_CAP;
                    let (name, cell) = if overflow {
                        (format!("{name} [overflow]"), overflow_cell())
                    } else {
                        (format!("{name} [{number}]"), cell)
                    };
                    // A test that is really called so keeps its row.
                    if !index.contains_key(&name) && taken.insert(name.clone()) {
                        results.push(TestResult { name, cell });
                    }
                    if overflow {
                        break;
                    }
                }
            } else {
                results.push(TestResult {
                    name,
                    cell: merge(first, &rest),
                });
            }
        }
        results
    }
}

/// What stands for all further tests of one name.
fn overflow_cell() -> Cell {
    Cell {
        icon: "...".into(),
        message: "Too many duplicately named rows".into(),
        ..Cell::plain(Status::Fail)
    }
}

/// One cell for several of one name; TestGrid's rule. `rest` is not empty.
fn merge(first: Cell, rest: &[Cell]) -> Cell {
    let all = || std::iter::once(&first).chain(rest);
    let count = rest.len() + 1;
    let passing = all().filter(|cell| cell.status.is_passing()).count();
    let failing = all().filter(|cell| cell.status.is_failing()).count();
    // The last of equally severe ones wins, as `max_by_key` has it.
    let worst = all().max_by_key(|cell| cell.status.severity());
    let status = if passing > 0 && failing > 0 {
        Status::Flaky
    } else {
        worst.map_or(first.status, |cell| cell.status)
    };
    let telling = |wanted: fn(Status) -> bool| {
        all()
            .filter(|cell| wanted(cell.status) && !cell.message.is_empty())
            .max_by_key(|cell| cell.status.severity())
    };
    let icon = format!("{passing}/{count}");
    let why = telling(|status| status.is_failing() || status == Status::Flaky)
        .or_else(|| telling(Status::is_passing))
        .map_or("", |cell| cell.message.as_str());
    let message = runs_passed(&icon, why);
    let times: Vec<f32> = all().filter_map(|cell| cell.seconds).collect();
    let seconds = (!times.is_empty()).then(|| times.iter().sum::<f32>() / times.len() as f32);
    let mut metrics: Vec<(String, f64)> = Vec::new();
    for (name, _) in all().flat_map(|cell| &cell.metrics) {
        if metrics.iter().any(|(known, _)| known == name) {
            continue;
        }
        let values: Vec<f64> = all()
            .flat_map(|cell| &cell.metrics)
            .filter(|(other, _)| other == name)
            .map(|&(_, value)| value)
            .collect();
        metrics.push((
            name.clone(),
            values.iter().sum::<f64>() / values.len() as f64,
        ));
    }
    Cell {
        status,
        icon,
        message,
        seconds,
        metrics,
        ..first
    }
}

/// `1/2 runs passed: why`.
fn runs_passed(ratio: &str, why: &str) -> String {
    let mut message = format!("{ratio} runs passed");
    if !why.is_empty() {
        message.push_str(": ");
        message.push_str(why);
    }
    cut_message(message.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prow::{junit::read_junit, layout::junit_name};
    use model::config::{TestAnnotation, TestNameConfig, TestNameElement};

    /// The cells of the cases in `cases`, by the names of the cases.
    fn cells_in(group: &TestGroup, cases: &str) -> Vec<(String, Option<Cell>)> {
        let mut cells = Vec::new();
        let xml = format!("<testsuite>{cases}</testsuite>");
        let outcome = read_junit(xml.as_bytes(), &mut |case| {
            cells.push((case.name.clone(), case_cell(case, group)));
            true
        });
        assert_eq!(outcome.problems, [""; 0]);
        cells
    }

    #[test]
    fn cases_become_cells() {
        for (inside, expected) in [
            ("", Some((Status::Pass, "", ""))),
            (
                "<system-out>said</system-out>",
                Some((Status::Pass, "", "said")),
            ),
            (
                "<system-out>said</system-out><system-err>moaned</system-err>",
                Some((Status::Pass, "", "moaned")),
            ),
            ("<failure/>", Some((Status::Fail, "F", ""))),
            ("<failure message='m'/>", Some((Status::Fail, "F", "m"))),
            ("<failure>t</failure>", Some((Status::Fail, "F", "t"))),
            (
                "<failure message='m'>t</failure>",
                Some((Status::Fail, "F", "m\nt")),
            ),
            (
                "<error message='e'/><failure message='f'/>",
                Some((Status::Fail, "F", "e")),
            ),
            (
                "<failure message='1'/><failure message='2'/>",
                Some((Status::Fail, "F", "1")),
            ),
            (
                "<failure><![CDATA[<a> & b]]> &lt;c&gt; &#65;</failure>",
                Some((Status::Fail, "F", "<a> & b <c> A")),
            ),
            ("<skipped/>", None),
            ("<skipped message='skipped'/>", None),
            (
                "<skipped message='why'/>",
                Some((Status::PassWithSkips, "S", "why")),
            ),
            (
                "<skipped>why</skipped>",
                Some((Status::PassWithSkips, "S", "why")),
            ),
            (
                "<flakyFailure message='once'>trace</flakyFailure>",
                Some((Status::Flaky, "1/2", "1/2 runs passed: once\ntrace")),
            ),
            (
                "<flakyError message='a'/><flakyFailure message='b'/>",
                Some((Status::Flaky, "1/3", "1/3 runs passed: a")),
            ),
            (
                "<failure message='f'/><rerunFailure message='again'/>",
                Some((Status::Fail, "F", "f")),
            ),
        ] {
            let cells = cells_in(
                &TestGroup::default(),
                &format!("<testcase name='t'>{inside}</testcase>"),
            );
            let cell = cells[0].1.as_ref();
            assert_eq!(
                cell.map(|cell| (cell.status, cell.icon.as_str(), cell.message.as_str())),
                expected,
                "{inside}"
            );
        }
    }

    #[test]
    fn group_options_change_cells() {
        let group = TestGroup {
            ignore_skip: Some(true),
            short_text_metric: "coverage".into(),
            user_property: "owner".into(),
            test_annotations: vec![
                TestAnnotation {
                    short_text: "no".into(),
                    property_name: "absent".into(),
                },
                TestAnnotation {
                    short_text: "new".into(),
                    property_name: "owner".into(),
                },
            ],
            ..TestGroup::default()
        };
        let cells = cells_in(
            &group,
            "<testcase name='a'><skipped message='why'/></testcase>
             <testcase name='b' time='90'><properties>
               <property name='owner' value='me'/><property name='owner' value='you'/>
             </properties><failure/></testcase>
             <testcase name='c'><properties>
               <property name='coverage' value='81.25'/><property name='coverage'>82.75</property>
               <property name='word' value='1x'/>
             </properties></testcase>",
        );
        assert_eq!(cells[0].1, None);
        let b = cells[1].1.as_ref().expect("a cell");
        assert_eq!((b.icon.as_str(), b.user_property.as_str()), ("new", "me"));
        assert_eq!(b.seconds, Some(90.0));
        let c = cells[2].1.as_ref().expect("a cell");
        assert_eq!(c.metrics, [("coverage".to_owned(), 82.0)]);
        assert_eq!(c.icon, "82");
    }

    #[test]
    fn rows_are_named_by_the_configuration() {
        let element = |target_config: &str, test_property: &str| TestNameElement {
            target_config: target_config.into(),
            test_property: test_property.into(),
            ..TestNameElement::default()
        };
        let finished: Finished =
            serde_json::from_str(r#"{"metadata":{"node":"n1","Thread":"no"}}"#).expect("finished");
        let file = junit_name("x/junit_ctx_03.xml").expect("a JUnit file");
        let check = |config: Option<TestNameConfig>, several, expected: &str| {
            let group = TestGroup {
                test_name_config: config,
                ..TestGroup::default()
            };
            let naming = Naming {
                group: &group,
                job: "job",
                build: "7",
                several,
                finished: Some(&finished),
            };
            let mut named = String::new();
            read_junit(
                b"<testsuites><testsuite name='outer'><testsuite><testsuite name='inner'>
                  <testcase name='t' classname='c'><properties><property name='p' value='v'/>
                  </properties></testcase></testsuite></testsuite></testsuite></testsuites>",
                &mut |case| {
                    named = naming.row_name(case, file);
                    true
                },
            );
            assert_eq!(named, expected);
            assert_eq!(naming.cell_id(), if several { "job/7" } else { "" });
        };
        let config = |format: &str, elements: Vec<TestNameElement>| {
            Some(TestNameConfig {
                name_format: format.into(),
                name_elements: elements,
            })
        };
        check(None, false, "outer.inner.t");
        check(None, true, "job.outer.inner.t");
        check(
            config(
                "%s [%s]",
                vec![element("Tests name", ""), element("Context", "")],
            ),
            false,
            "outer.inner.t [ctx]",
        );
        check(
            config("%s/%s", vec![element("Job name", ""), element("", "p")]),
            true,
            "job/v",
        );
        check(
            config(
                "%s %s %s%%",
                vec![
                    element("Thread", ""),
                    element("node", ""),
                    element("none", ""),
                ],
            ),
            true,
            "job.03 n1 %",
        );
    }

    fn told(status: Status, message: &str) -> Cell {
        Cell {
            message: message.into(),
            ..Cell::plain(status)
        }
    }

    #[test]
    fn cells_of_one_name_merge() {
        for (cells, status, icon, message) in [
            (
                vec![told(Status::Pass, ""), told(Status::Fail, "f")],
                Status::Flaky,
                "1/2",
                "1/2 runs passed: f",
            ),
            (
                vec![told(Status::Pass, ""), told(Status::Pass, "")],
                Status::Pass,
                "2/2",
                "2/2 runs passed",
            ),
            (
                vec![
                    told(Status::Fail, "a"),
                    told(Status::Fail, "b"),
                    told(Status::TimedOut, "c"),
                ],
                Status::Fail,
                "0/3",
                "0/3 runs passed: b",
            ),
            (
                vec![told(Status::Fail, ""), told(Status::TimedOut, "c")],
                Status::Fail,
                "0/2",
                "0/2 runs passed: c",
            ),
            (
                vec![told(Status::PassWithSkips, "s"), told(Status::Pass, "p")],
                Status::PassWithSkips,
                "2/2",
                "2/2 runs passed: s",
            ),
            (
                vec![told(Status::Running, "r"), told(Status::Pass, "")],
                Status::Running,
                "1/2",
                "1/2 runs passed",
            ),
        ] {
            let mut rows = Rows::default();
            for cell in cells {
                rows.push("t".into(), cell);
            }
            let results = rows.finish(false);
            assert_eq!(results.len(), 1);
            let cell = &results[0].cell;
            assert_eq!(
                (cell.status, cell.icon.as_str(), cell.message.as_str()),
                (status, icon, message)
            );
        }
    }

    #[test]
    fn merged_numbers_are_means() {
        let cell = |seconds, value| Cell {
            seconds,
            metrics: vec![("m".into(), value)],
            ..Cell::plain(Status::Pass)
        };
        let merged = merge(
            cell(Some(1.0), 1.0),
            &[cell(None, 2.0), cell(Some(3.0), 6.0)],
        );
        assert_eq!(merged.seconds, Some(2.0));
        assert_eq!(merged.metrics, [("m".to_owned(), 3.0)]);
    }

    #[test]
    fn the_twenty_first_of_a_name_overflows() {
        for (count, rows_expected) in [(2, 2), (20, 20), (21, 21), (500, 21)] {
            let mut rows = Rows::default();
            for number in 0..count {
                rows.push("t".into(), told(Status::Pass, &number.to_string()));
            }
            rows.push("t [1]".into(), told(Status::Fail, "really called so"));
            let results = rows.finish(true);
            // One of the numbered names is taken by a test of that very name.
            assert_eq!(results.len(), rows_expected);
            let overflow = results.iter().find(|result| result.name == "t [overflow]");
            assert_eq!(overflow.is_some(), count > 20);
            if let Some(overflow) = overflow {
                assert_eq!(overflow.cell.status, Status::Fail);
                assert_eq!(overflow.cell.icon, "...");
            }
        }
    }

    #[test]
    fn synthetic_cells_come_first() {
        let mut rows = Rows::default();
        rows.push("job.Overall".into(), told(Status::Pass, ""));
        rows.push_first("job.Overall".into(), told(Status::Fail, "late"));
        let results = rows.finish(true);
        assert_eq!(results[0].cell.status, Status::Fail);
        assert_eq!(results[1].name, "job.Overall [1]");
    }
}
