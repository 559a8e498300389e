//! The walk through the elements of one file.

use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, BytesText, Event},
};

use super::{Case, Part, Problems};
use crate::prow::text::{NAME_CAP, cap_name, push_line};

/// How deep elements may nest.
const DEPTH_CAP: usize = 256;
/// How much of a property's value is kept, in bytes.
const VALUE_CAP: usize = 4096;

/// What an open element is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Suites,
    Suite,
    Case,
    Part(Kind),
    SystemErr,
    SystemOut,
    Properties,
    /// A property whose value is its text.
    Property,
    /// Known, but neither its text nor what it contains is wanted.
    Ignored,
}

/// Which [`Part`] of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Error,
    Failure,
    Skipped,
    Retried,
}

impl Case {
    fn part_mut(&mut self, kind: Kind) -> &mut Part {
        match kind {
            Kind::Error => &mut self.error,
            Kind::Failure => &mut self.failure,
            Kind::Skipped => &mut self.skipped,
            Kind::Retried => &mut self.retried,
        }
    }
}

/// Reads one file; see [`super::read_junit`].
pub(super) struct Walk<'a> {
    each: &'a mut dyn FnMut(&Case) -> bool,
    problems: &'a mut Problems,
    open: Vec<Element>,
    /// How many open elements are not ours, counted instead of pushed below the first.
    others: usize,
    /// The names of the open suites, joined with `.`.
    path: String,
    /// The open suites: index and the length of `path` before its name was added.
    suites: Vec<(usize, usize)>,
    case: Case,
    /// For each suite the number of suites that ended before it; `u32::MAX` while it is open.
    places: Vec<u32>,
    ended: u32,
    /// Whether the open suites have had a case of their own.
    had_case: Vec<bool>,
    /// Whether some suite had a case of its own before an inner suite.
    reorder: bool,
    seen_root: bool,
    wants_more: bool,
    scratch: String,
}

impl<'a> Walk<'a> {
    pub(super) fn new(each: &'a mut dyn FnMut(&Case) -> bool, problems: &'a mut Problems) -> Self {
        Self {
            each,
            problems,
            open: Vec::new(),
            others: 0,
            path: String::new(),
            suites: Vec::new(),
            case: Case::default(),
            // Suite 0 is the file itself, for cases outside of any suite.
            places: vec![u32::MAX],
            ended: 0,
            had_case: Vec::new(),
            reorder: false,
            seen_root: false,
            wants_more: true,
            scratch: String::new(),
        }
    }

    /// The places of the suites, when the order of the file is not TestGrid's.
    pub(super) fn suite_order(self) -> Option<Vec<u32>> {
        self.reorder.then_some(self.places)
    }

    /// Reads until the end, the first break, or until nobody wants more.
    pub(super) fn read(&mut self, text: &str) {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.check_comments = false;
        while self.wants_more {
            match reader.read_event() {
                Ok(Event::Start(element)) => {
                    if !self.start(&element) {
                        return;
                    }
                }
                Ok(Event::Empty(element)) => {
                    if !self.start(&element) {
                        return;
                    }
                    self.end();
                }
                Ok(Event::End(_)) => self.end(),
                Ok(Event::Text(text)) => self.text(&text),
                Ok(Event::CData(text)) => self.characters(&text),
                Ok(Event::GeneralRef(reference)) => self.reference(&reference),
                Ok(Event::Eof) => break,
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => {}
                Err(error) => {
                    self.problems
                        .add(format!("{error} (at byte {})", reader.error_position()));
                    return;
                }
            }
        }
        if !self.wants_more {
            return;
        }
        if !self.open.is_empty() {
            self.problems
                .add("the file ends before its elements do".into());
        } else if !self.seen_root {
            self.problems.add("there is no element in the file".into());
        }
    }

    /// A start tag. Answers whether reading goes on.
    fn start(&mut self, element: &BytesStart<'_>) -> bool {
        if self.open.len() + self.others >= DEPTH_CAP {
            self.problems
                .add(format!("elements nest deeper than {DEPTH_CAP}"));
            return false;
        }
        if self.others > 0 {
            self.others += 1;
            return true;
        }
        let name = element.local_name();
        let name: &str = name.as_ref();
        let opened = match (self.open.last(), name) {
            // `testrun` is how Eclipse calls it.
            (None, "testsuites" | "testrun") => Element::Suites,
            (None | Some(Element::Suites | Element::Suite), "testsuite") => {
                self.start_suite(element);
                Element::Suite
            }
            (None | Some(Element::Suites | Element::Suite), "testcase") => {
                self.start_case(element);
                Element::Case
            }
            (None, other) => {
                let other: String = other.chars().take(40).collect();
                self.problems.add(format!(
                    "not JUnit: the root element is {other:?}, not testsuites or testsuite"
                ));
                return false;
            }
            (Some(Element::Case), "failure") => self.start_part(element, Kind::Failure),
            (Some(Element::Case), "error") => self.start_part(element, Kind::Error),
            (Some(Element::Case), "skipped") => self.start_part(element, Kind::Skipped),
            (
                Some(Element::Case),
                "flakyFailure" | "flakyError" | "rerunFailure" | "rerunError",
            ) => {
                self.case.retries += 1;
                self.start_part(element, Kind::Retried)
            }
            (Some(Element::Case), "system-err") => Element::SystemErr,
            (Some(Element::Case), "system-out") => Element::SystemOut,
            (Some(Element::Case), "properties") => Element::Properties,
            (Some(Element::Properties), "property") => self.start_property(element),
            _ => {
                self.others = 1;
                return true;
            }
        };
        if self.open.is_empty() {
            if self.seen_root {
                self.problems
                    .add("there is more than one root element".into());
            }
            self.seen_root = true;
        }
        self.open.push(opened);
        true
    }

    /// The end of the innermost open element.
    fn end(&mut self) {
        if self.others > 0 {
            self.others -= 1;
            return;
        }
        match self.open.pop() {
            Some(Element::Suite) => {
                if let Some((suite, length)) = self.suites.pop() {
                    self.path.truncate(length);
                    self.places[suite] = self.ended;
                    self.ended += 1;
                }
                self.had_case.pop();
            }
            Some(Element::Case) => {
                if let Some(had_case) = self.had_case.last_mut() {
                    *had_case = true;
                }
                self.wants_more = (self.each)(&self.case);
            }
            _ => {}
        }
    }

    fn start_suite(&mut self, element: &BytesStart<'_>) {
        if self.had_case.last() == Some(&true) {
            self.reorder = true;
        }
        self.had_case.push(false);
        self.suites.push((self.places.len(), self.path.len()));
        self.places.push(u32::MAX);
        let mut name = std::mem::take(&mut self.scratch);
        name.clear();
        attributes(element, self.problems, |key, value, problems| {
            if key == "name" {
                unescape(value, problems, |text| name.push_str(text));
            }
        });
        if !name.is_empty() {
            if !self.path.is_empty() {
                self.path.push('.');
            }
            push_line(&mut self.path, &name);
            cap_name(&mut self.path);
        }
        self.scratch = name;
    }

    fn start_case(&mut self, element: &BytesStart<'_>) {
        let mut name = std::mem::take(&mut self.scratch);
        name.clear();
        self.case.clear();
        let seconds = &mut self.case.seconds;
        attributes(element, self.problems, |key, value, problems| match key {
            "name" => unescape(value, problems, |text| name.push_str(text)),
            "time" => *seconds = parse_seconds(value),
            _ => {}
        });
        self.case.suite = self.suites.last().map_or(0, |&(suite, _)| suite);
        self.case.name.push_str(&self.path);
        if !name.is_empty() {
            if !self.path.is_empty() {
                self.case.name.push('.');
            }
            push_line(&mut self.case.name, &name);
            cap_name(&mut self.case.name);
        }
        // A name of a megabyte must not stay in the buffer for good.
        name.shrink_to(4 * NAME_CAP);
        self.case.name.shrink_to(4 * NAME_CAP);
        self.scratch = name;
    }

    fn start_part(&mut self, element: &BytesStart<'_>, kind: Kind) -> Element {
        let part = self.case.part_mut(kind);
        if part.present {
            return Element::Ignored;
        }
        part.present = true;
        attributes(element, self.problems, |key, value, problems| {
            if key == "message" {
                unescape(value, problems, |text| part.message.push(text));
            }
        });
        Element::Part(kind)
    }

    fn start_property(&mut self, element: &BytesStart<'_>) -> Element {
        let Some((name, content)) = self.case.new_property() else {
            return Element::Ignored;
        };
        let mut has_value = false;
        attributes(element, self.problems, |key, value, problems| match key {
            "name" => {
                unescape(value, problems, |text| push_capped(name, text, NAME_CAP));
            }
            "value" => {
                has_value = true;
                unescape(value, problems, |text| {
                    push_capped(content, text, VALUE_CAP);
                });
            }
            _ => {}
        });
        if has_value {
            Element::Ignored
        } else {
            Element::Property
        }
    }

    /// Whether the characters of the innermost open element are wanted.
    fn wants_text(&self) -> bool {
        self.others == 0
            && matches!(
                self.open.last(),
                Some(
                    Element::Part(_) | Element::SystemErr | Element::SystemOut | Element::Property
                )
            )
    }

    /// Characters between tags.
    fn text(&mut self, text: &BytesText<'_>) {
        if self.open.is_empty() {
            let stray = text.trim_ascii();
            if !stray.is_empty() && stray != "\u{feff}" {
                self.problems
                    .add("there is text outside of the root element".into());
            }
        } else if text.starts_with('&') {
            self.problems.add("an & begins no reference".into());
        }
        if self.wants_text() {
            self.characters(&text.xml10_content());
        }
    }

    /// Adds to the text of the innermost open element.
    fn characters(&mut self, text: &str) {
        if self.others > 0 {
            return;
        }
        match self.open.last() {
            Some(&Element::Part(kind)) => self.case.part_mut(kind).text.push(text),
            Some(Element::SystemErr) => self.case.system_err.push(text),
            Some(Element::SystemOut) => self.case.system_out.push(text),
            Some(Element::Property) => {
                if let Some((_, value)) = self.case.last_property() {
                    push_capped(value, text, VALUE_CAP);
                }
            }
            _ => {}
        }
    }

    /// `&name;` between tags.
    fn reference(&mut self, reference: &BytesRef<'_>) {
        if let Some(character) = resolve(reference) {
            self.characters(character.encode_utf8(&mut [0; 4]));
            return;
        }
        self.problems.add(unknown_reference(reference));
        for part in ["&", reference, ";"] {
            self.characters(part);
        }
    }
}

/// Calls `each` with the local name and the raw value of every attribute.
fn attributes(
    element: &BytesStart<'_>,
    problems: &mut Problems,
    mut each: impl FnMut(&str, &str, &mut Problems),
) {
    for attribute in element.attributes().with_checks(false) {
        match attribute {
            Ok(attribute) => each(attribute.key.as_ref(), &attribute.value, problems),
            Err(error) => problems.add(format!("an attribute is broken: {error}")),
        }
    }
}

/// Hands `raw` over in pieces with its references resolved. What is no known reference stays as it
/// stands, and is a problem.
fn unescape(mut raw: &str, problems: &mut Problems, mut out: impl FnMut(&str)) {
    /// The longest reference looked for, in bytes.
    const REFERENCE_CAP: usize = 64;
    while let Some(at) = raw.find('&') {
        out(&raw[..at]);
        let rest = &raw[at + 1..];
        let near = &rest[..rest.floor_char_boundary(REFERENCE_CAP)];
        if let Some(end) = near.find(';') {
            let reference = &rest[..end];
            if let Some(character) = resolve(reference) {
                out(character.encode_utf8(&mut [0; 4]));
            } else {
                problems.add(unknown_reference(reference));
                out(&raw[at..at + end + 2]);
            }
            raw = &rest[end + 1..];
        } else {
            problems.add("an & begins no reference".into());
            out("&");
            raw = rest;
        }
    }
    out(raw);
}

/// The character of `name` in `&name;`: one of the five predefined entities, or a number that XML
/// allows.
fn resolve(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return code
            .ok()
            .and_then(char::from_u32)
            .filter(|&character| matches!(character, '\t' | '\n' | '\r' | ' '..));
    }
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

fn unknown_reference(name: &str) -> String {
    let name: String = name.chars().take(40).collect();
    format!("the reference &{name}; stands for nothing that is known")
}

/// Appends as much of `text` as fits in `cap` bytes.
fn push_capped(out: &mut String, text: &str, cap: usize) {
    let room = cap.saturating_sub(out.len());
    out.push_str(&text[..text.floor_char_boundary(room)]);
}

/// A duration in seconds as test runners write it: `1.5`, `1,234.56`, `00:01:02.5`. `None` for
/// anything else, and for what is negative or no number.
fn parse_seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let seconds = text.parse().ok().or_else(|| {
        if text.contains(':') {
            let mut seconds = 0.0;
            for part in text.split(':') {
                seconds = seconds * 60.0 + part.parse::<f64>().ok()?;
            }
            Some(seconds)
        } else {
            text.replace(',', "").parse().ok()
        }
    })?;
    (seconds.is_finite() && seconds >= 0.0).then_some(seconds)
}
