//! JUnit XML → test cases, one at a time: a case is handed over when its element ends, and its
//! buffers serve the next, so memory does not grow with the file.
//!
//! Read are `testsuites`, `testsuite` (nested to any sane depth) and `testcase`, by local name, so a
//! namespace changes nothing; anything else is skipped with all it contains, a test inside of a test
//! among it. A root that TestGrid would refuse though its meaning is plain (`testrun`, a lone
//! `testcase`) is read. Characters come from
//! the file alone: of entities only the five predefined ones and character references are known. A
//! `DOCTYPE` is passed over, what it declares is never expanded or fetched, and a reference to it
//! stays in the text as it stands.
//!
//! Reading goes on wherever the meaning is clear and stops where it is not; either way what was
//! wrong is said, and the cases read before a break count.

mod encoding;
mod walk;

use super::{layout::JUNIT_CAP, text::Clip};
use encoding::decode_text;
use walk::Walk;

/// How many properties of one case are kept.
const PROPERTIES_CAP: usize = 100;
/// How many different things are said about one file.
const PROBLEMS_CAP: usize = 4;

/// One `testcase`.
#[derive(Debug, Default)]
pub struct Case {
    /// The names of the suites around it and its own, joined with `.`; empty parts are left out.
    pub name: String,
    /// The suite it stands in: an index of [`Outcome::suite_order`].
    pub suite: usize,
    /// How long it took; `None` when it does not say, or nothing that can be read as a time.
    pub seconds: Option<f64>,
    /// `error`, the first if there are several.
    pub error: Part,
    /// `failure`, the first if there are several.
    pub failure: Part,
    /// `skipped`, the first if there are several.
    pub skipped: Part,
    /// The first failed attempt of a test that was run again: `flakyFailure`, `flakyError`,
    /// `rerunFailure`, `rerunError`.
    pub retried: Part,
    /// How many attempts failed before or after the one that counts.
    pub retries: u32,
    /// `system-err`.
    pub system_err: Clip,
    /// `system-out`.
    pub system_out: Clip,
    properties: Vec<(String, String)>,
    property_count: usize,
}

/// `failure` and its like: an attribute and a text.
#[derive(Debug, Default)]
pub struct Part {
    /// Whether the element is there at all.
    pub present: bool,
    /// The `message` attribute.
    pub message: Clip,
    /// The text.
    pub text: Clip,
}

impl Part {
    fn clear(&mut self) {
        self.present = false;
        self.message.clear();
        self.text.clear();
    }

    /// Whether neither message nor text says anything.
    pub fn is_empty(&self) -> bool {
        self.message.is_empty() && self.text.is_empty()
    }
}

impl Case {
    fn clear(&mut self) {
        self.name.clear();
        self.seconds = None;
        self.retries = 0;
        self.property_count = 0;
        for part in [
            &mut self.error,
            &mut self.failure,
            &mut self.skipped,
            &mut self.retried,
        ] {
            part.clear();
        }
        self.system_err.clear();
        self.system_out.clear();
    }

    /// Its properties in the order of the file; names may repeat.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties[..self.property_count]
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of a property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// A free entry for one more property; `None` when there are too many.
    fn new_property(&mut self) -> Option<&mut (String, String)> {
        if self.property_count == PROPERTIES_CAP {
            return None;
        }
        if self.property_count == self.properties.len() {
            self.properties.push(Default::default());
        }
        let entry = &mut self.properties[self.property_count];
        entry.0.clear();
        entry.1.clear();
        self.property_count += 1;
        Some(entry)
    }

    fn last_property(&mut self) -> Option<&mut (String, String)> {
        self.properties[..self.property_count].last_mut()
    }
}

/// What is known of a file after it was read.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was wrong, at most a few sentences; empty for a good file.
    pub problems: Vec<String>,
    /// The place of each suite in TestGrid's order, inner suites before what stands in the outer one
    /// itself; `None` when that is the order of the file, as it nearly always is.
    pub suite_order: Option<Vec<u32>>,
}

/// Reads one file. `each` gets every case in the order of the file and answers whether it wants more.
pub fn read_junit(content: &[u8], each: &mut dyn FnMut(&Case) -> bool) -> Outcome {
    let mut problems = Problems::default();
    if content.len() as u64 > JUNIT_CAP {
        problems.add(format!(
            "the file has {} bytes, more than {JUNIT_CAP}",
            content.len()
        ));
    } else if content.is_empty() {
        problems.add("the file is empty".into());
    } else if let Some(text) = decode_text(content, &mut problems) {
        let mut walk = Walk::new(each, &mut problems);
        walk.read(&text);
        let suite_order = walk.suite_order();
        return Outcome {
            problems: problems.0,
            suite_order,
        };
    }
    Outcome {
        problems: problems.0,
        suite_order: None,
    }
}

/// What was wrong with one file, each thing once.
#[derive(Debug, Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: String) {
        if self.0.len() < PROBLEMS_CAP && !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }
}
