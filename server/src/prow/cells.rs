//! Test cases → names of rows, and cells.

use model::{config::TestGroup, run::Cell, status::Status};

use super::{
    finished::Finished,
    junit::Case,
    layout::JunitName,
    text::{Clip, cap_name, cut_message, push_line, short_number},
};

/// The metric that every case with a duration has.
const DURATION_METRIC: &str = "test-duration-minutes";
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

    /// The test's own name, which stays when the group's format for names of rows changes; `None` when
    /// that is the row's name, or when a row's name depends on more than the test and the job, so that
    /// one test may have several rows.
    pub fn identity(&self, case: &Case) -> Option<String> {
        let config = self.group.test_name_config.as_ref()?;
        let keys = || {
            config.name_elements.iter().map(|element| {
                if element.target_config.is_empty() {
                    element.test_property.as_str()
                } else {
                    element.target_config.as_str()
                }
            })
        };
        let known = keys().all(|key| matches!(key, "Tests name" | "Job name"));
        if !known || !keys().any(|key| key == "Tests name") {
            return None;
        }
        let mut id = if self.several {
            format!("{}.{}", self.job, case.name)
        } else {
            case.name.clone()
        };
        cap_name(&mut id);
        Some(id)
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

/// `1/2 runs passed: why`.
pub(super) fn runs_passed(ratio: &str, why: &str) -> String {
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
        let check = |config: Option<TestNameConfig>, several, expected: &str, id: Option<&str>| {
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
            let mut identity = None;
            read_junit(
                b"<testsuites><testsuite name='outer'><testsuite><testsuite name='inner'>
                  <testcase name='t' classname='c'><properties><property name='p' value='v'/>
                  </properties></testcase></testsuite></testsuite></testsuite></testsuites>",
                &mut |case| {
                    named = naming.row_name(case, file);
                    identity = naming.identity(case);
                    true
                },
            );
            assert_eq!(named, expected);
            assert_eq!(identity.as_deref(), id, "{expected}");
            assert_eq!(naming.cell_id(), if several { "job/7" } else { "" });
        };
        let config = |format: &str, elements: Vec<TestNameElement>| {
            Some(TestNameConfig {
                name_format: format.into(),
                name_elements: elements,
            })
        };
        check(None, false, "outer.inner.t", None);
        check(None, true, "job.outer.inner.t", None);
        check(
            config(
                "%s: %s",
                vec![element("Job name", ""), element("Tests name", "")],
            ),
            false,
            "job: outer.inner.t",
            Some("outer.inner.t"),
        );
        check(
            config("<%s>", vec![element("Tests name", "")]),
            true,
            "job.<outer.inner.t>",
            Some("job.outer.inner.t"),
        );
        check(
            config(
                "%s [%s]",
                vec![element("Tests name", ""), element("Context", "")],
            ),
            false,
            "outer.inner.t [ctx]",
            None,
        );
        check(
            config("%s/%s", vec![element("Job name", ""), element("", "p")]),
            true,
            "job/v",
            None,
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
            None,
        );
    }
}
