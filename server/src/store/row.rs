//! A run between the model's form and the database's: by test ordinal instead of by name.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use model::{
    infra::ComponentVersion,
    job_spec::JobSpec,
    rle::Runs,
    run::{Cell, Header, Problem, Run, TestResult},
    status::Status,
};
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_128;

use super::{
    GroupId,
    code::{
        DetailText, decode_details, decode_durations, decode_statuses, encode_details,
        encode_durations, encode_statuses,
    },
    error::Inconsistency,
};
use crate::name_index::NameIndex;

/// A group's tests by name, for writing.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    /// By place; first those that are stored.
    tests: Vec<(u32, String)>,
    /// Places in `tests`.
    index: NameIndex,
    /// The identities of added tests that are not called by them, by ordinal.
    ids: HashMap<u32, String>,
    /// How many are stored.
    stored: usize,
    next: u32,
}

impl Dictionary {
    /// The dictionary of the stored `tests`, (ordinal, name) in any order.
    pub(super) fn new(tests: Vec<(i64, String)>) -> Self {
        let mut dictionary = Self::default();
        dictionary.tests.reserve(tests.len());
        dictionary.index.reserve(tests.len(), |_| "");
        for (ordinal, name) in tests {
            dictionary.add(name, ordinal as u32);
        }
        dictionary.stored = dictionary.tests.len();
        dictionary
    }

    fn add(&mut self, name: String, ordinal: u32) {
        let tests = &self.tests;
        self.index
            .find_or_add(&name, tests.len(), |at| &tests[at].1);
        self.next = self.next.max(ordinal + 1);
        self.tests.push((ordinal, name));
    }

    /// The ordinal of the test `name`, which is the next one when the name is new.
    pub(super) fn ordinal(&mut self, name: &str) -> u32 {
        if let Some(at) = self.index.find(name, |at| &self.tests[at].1) {
            return self.tests[at].0;
        }
        let ordinal = self.next;
        self.add(name.to_owned(), ordinal);
        ordinal
    }

    /// Notes the identity of the test `name`, unless the test is stored already.
    pub(super) fn identify(&mut self, name: &str, id: &str) {
        let at = self.index.find(name, |at| &self.tests[at].1);
        if let Some(at) = at.filter(|&at| at >= self.stored && name != id) {
            self.ids.insert(self.tests[at].0, id.to_owned());
        }
    }

    /// How many tests are stored, so far as this dictionary knows.
    pub(super) const fn stored(&self) -> usize {
        self.stored
    }

    /// Notes that all of it is stored.
    pub(super) fn set_stored(&mut self) {
        self.stored = self.tests.len();
        self.ids.clear();
    }

    /// The tests that must be stored: ordinal, name, and identity where that is another.
    pub(super) fn added(&self) -> impl ExactSizeIterator<Item = (i64, &str, Option<&str>)> {
        self.tests[self.stored..].iter().map(|(ordinal, name)| {
            let id = self.ids.get(ordinal).map(String::as_str);
            (i64::from(*ordinal), name.as_str(), id)
        })
    }
}

/// How many dictionaries are kept: one for each group that is likely to be written at a time.
const KEPT: usize = 16;

/// The dictionaries of the groups that were written last, so that storing a few runs does not begin
/// with reading every name. Tests are only ever added, so one that has as many tests as are stored
/// is right.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionaries(Arc<Mutex<VecDeque<(GroupId, Dictionary)>>>);

impl Dictionaries {
    /// The dictionary of `group`, which is given back with [`Dictionaries::keep`] once what was added
    /// is stored, and never when it is not.
    pub(super) fn take(&self, group: GroupId) -> Option<Dictionary> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| *known == group)?;
        kept.remove(at).map(|(_, dictionary)| dictionary)
    }

    /// Keeps the dictionary of `group`, all of which is stored.
    pub(super) fn keep(&self, group: GroupId, mut dictionary: Dictionary) {
        dictionary.set_stored();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != group);
        kept.truncate(KEPT - 1);
        kept.push_front((group, dictionary));
    }
}

/// What one cell says beyond its status and duration.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Detail {
    pub(super) icon: String,
    pub(super) message: String,
    pub(super) cell_id: String,
    pub(super) user_property: String,
    /// As JSON; empty for none.
    pub(super) metrics: String,
}

/// A run by test ordinal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RunRow {
    pub(super) build: String,
    pub(super) label: String,
    pub(super) path: String,
    pub(super) started_ms: i64,
    pub(super) finished_ms: Option<i64>,
    pub(super) open: bool,
    pub(super) recorded_ms: Option<i64>,
    pub(super) rank: i64,
    /// By ordinal; may be shorter than the dictionary.
    pub(super) statuses: Vec<Status>,
    /// By ordinal; may be shorter than the dictionary.
    pub(super) seconds: Vec<Option<f32>>,
    /// By ordinal.
    pub(super) details: BTreeMap<u32, Detail>,
    pub(super) versions: Vec<ComponentVersion>,
    /// `None` also where the row was loaded: a specification that is stored stays.
    pub(super) spec: Option<JobSpec>,
    pub(super) headers: Vec<Header>,
    pub(super) problems: Vec<Problem>,
    pub(super) emails: Vec<String>,
}

/// A run as the columns of its row.
pub(super) struct Encoded {
    pub(super) hash: Vec<u8>,
    pub(super) statuses: Vec<u8>,
    pub(super) durations: Vec<u8>,
    pub(super) details: Vec<u8>,
    /// Hash and JSON of the infra vector; `None` when it is empty.
    pub(super) vector: Option<(Vec<u8>, String)>,
    /// Hash and JSON of the job specification.
    pub(super) spec: Option<(Vec<u8>, String)>,
    pub(super) headers: String,
    pub(super) problems: String,
    pub(super) emails: String,
}

/// Sets `list[index]`, filling what is before it with `blank`.
fn put<T: Clone>(list: &mut Vec<T>, index: usize, value: T, blank: T) {
    if list.len() <= index {
        list.resize(index + 1, blank);
    }
    list[index] = value;
}

impl RunRow {
    /// `run`, read from its build's own files, by the ordinals of `dictionary`, to which new names
    /// are added. Of two results with the same name the later one counts.
    pub(super) fn new(run: &Run, dictionary: &mut Dictionary) -> Self {
        let mut row = Self {
            build: run.build.clone(),
            label: storable(&run.label).into_owned(),
            path: storable(&run.path).into_owned(),
            started_ms: run.started_ms,
            finished_ms: run.finished_ms,
            open: run.open,
            versions: run.versions.clone(),
            spec: run.spec.clone(),
            headers: run.headers.clone(),
            problems: run.problems.clone(),
            emails: run.emails.clone(),
            ..Self::default()
        };
        for TestResult { name, cell } in &run.results {
            let ordinal = dictionary.ordinal(&storable(name));
            row.put(ordinal, cell.status, cell.seconds, detail_of(cell));
        }
        for (name, id) in &run.ids {
            dictionary.identify(&storable(name), &storable(id));
        }
        row
    }

    fn put(&mut self, ordinal: u32, status: Status, seconds: Option<f32>, detail: Option<Detail>) {
        let index = ordinal as usize;
        put(&mut self.statuses, index, status, Status::NoResult);
        if seconds.is_some() || index < self.seconds.len() {
            put(&mut self.seconds, index, seconds, None);
        }
        match detail {
            Some(detail) => {
                self.details.insert(ordinal, detail);
            }
            None => {
                self.details.remove(&ordinal);
            }
        }
    }

    /// `newer` with everything that only `older` has.
    pub(super) fn merge(newer: Self, mut older: Self) -> Self {
        let mut merged = newer;
        for (index, &status) in older.statuses.iter().enumerate() {
            let blank = merged
                .statuses
                .get(index)
                .is_none_or(|&status| status == Status::NoResult);
            if blank && status != Status::NoResult {
                merged.put(
                    index as u32,
                    status,
                    older.seconds.get(index).copied().flatten(),
                    older.details.remove(&(index as u32)),
                );
            }
        }
        for header in older.headers {
            if !merged.headers.iter().any(|known| known.name == header.name) {
                merged.headers.push(header);
            }
        }
        for version in older.versions {
            let same = merged
                .versions
                .iter_mut()
                .find(|known| known.kind == version.kind && known.component == version.component);
            match same {
                Some(known) if known.version.is_none() => *known = version,
                Some(_) => {}
                None => merged.versions.push(version),
            }
        }
        for problem in older.problems {
            if !merged.problems.contains(&problem) {
                merged.problems.push(problem);
            }
        }
        for email in older.emails {
            if !merged.emails.contains(&email) {
                merged.emails.push(email);
            }
        }
        if merged.label.is_empty() {
            merged.label = older.label;
        }
        if merged.path.is_empty() {
            merged.path = older.path;
        }
        merged.finished_ms = merged.finished_ms.or(older.finished_ms);
        merged
    }

    /// The columns of the row, and a hash over all of them.
    pub(super) fn encode(&self) -> Encoded {
        let statuses = encode_statuses(&self.statuses.iter().copied().collect::<Runs<_>>());
        let durations = encode_durations(&self.seconds);
        let details = encode_details(self.details.iter().map(|(&test, detail)| DetailText {
            test,
            icon: &detail.icon,
            message: &detail.message,
            cell_id: &detail.cell_id,
            user_property: &detail.user_property,
            metrics: &detail.metrics,
        }));
        let vector = (!self.versions.is_empty()).then(|| {
            let json = to_json(&self.versions);
            (hash_of(json.as_bytes()), json)
        });
        let spec = self.spec.as_ref().map(|spec| {
            let json = to_json(spec);
            (hash_of(json.as_bytes()), json)
        });
        let headers = to_json(&self.headers);
        let problems = to_json(&self.problems);
        let emails = to_json(&self.emails);

        let mut content = Vec::with_capacity(1024);
        let mut add = |part: &[u8]| {
            content.extend_from_slice(&(part.len() as u64).to_le_bytes());
            content.extend_from_slice(part);
        };
        let number = |value: Option<i64>| value.map_or(Vec::new(), |v| v.to_le_bytes().to_vec());
        add(self.label.as_bytes());
        add(self.path.as_bytes());
        add(&self.started_ms.to_le_bytes());
        add(&number(self.finished_ms));
        add(&[u8::from(self.open)]);
        add(&number(self.recorded_ms));
        add(&self.rank.to_le_bytes());
        add(&statuses);
        add(&durations);
        add(&details);
        add(vector.as_ref().map_or(&[], |(hash, _)| hash));
        add(headers.as_bytes());
        add(problems.as_bytes());
        add(emails.as_bytes());
        if let Some((hash, _)) = &spec {
            add(hash);
        }
        Encoded {
            hash: hash_of(&content),
            statuses,
            durations,
            details,
            vector,
            spec,
            headers,
            problems,
            emails,
        }
    }
}

/// `text` as every engine takes it: PostgreSQL's texts hold no NUL.
fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}").into()
    } else {
        text.into()
    }
}

fn detail_of(cell: &Cell) -> Option<Detail> {
    (!cell.is_plain()).then(|| Detail {
        icon: cell.icon.clone(),
        message: cell.message.clone(),
        cell_id: cell.cell_id.clone(),
        user_property: cell.user_property.clone(),
        metrics: if cell.metrics.is_empty() {
            String::new()
        } else {
            to_json(&cell.metrics)
        },
    })
}

fn hash_of(bytes: &[u8]) -> Vec<u8> {
    xxh3_128(bytes).to_le_bytes().to_vec()
}

/// JSON of lists of strings and numbers, which always have one; a number that is not finite becomes
/// null.
pub(super) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "[]".into())
}

/// The columns of a [`StoredRow`].
macro_rules! stored_row {
    () => {
        "SELECT r.id, r.build, r.label, r.path, r.started_ms, r.finished_ms, r.open, \
         r.recorded_ms, r.rank, r.statuses, r.durations, r.details, v.versions, r.headers, \
         r.problems, r.emails \
         FROM run r LEFT JOIN infra_vector v ON v.id = r.vector_id"
    };
}

/// Selects one [`StoredRow`] by its number.
pub(super) const LOAD_ROW_BY_ID: &str = concat!(stored_row!(), " WHERE r.id = $1");
/// Selects one [`StoredRow`] by group and build.
pub(super) const LOAD_ROW_BY_BUILD: &str =
    concat!(stored_row!(), " WHERE r.group_id = $1 AND r.build = $2");

/// A row of `run` with its infra vector.
pub(super) type StoredRow = (
    i64,
    String,
    String,
    String,
    i64,
    Option<i64>,
    bool,
    Option<i64>,
    i64,
    Vec<u8>,
    Vec<u8>,
    Vec<u8>,
    Option<String>,
    String,
    String,
    String,
);

/// The run that `row` holds.
pub(super) fn decode_row(row: StoredRow) -> Result<RunRow, Inconsistency> {
    let (
        id,
        build,
        label,
        path,
        started_ms,
        finished_ms,
        open,
        recorded_ms,
        rank,
        statuses,
        durations,
        details,
        versions,
        headers,
        problems,
        emails,
    ) = row;
    let wrong = |column| in_run(id, column);
    Ok(RunRow {
        build,
        label,
        path,
        started_ms,
        finished_ms,
        open,
        recorded_ms,
        rank,
        statuses: decode_statuses(&statuses)
            .map_err(wrong("statuses"))?
            .iter()
            .collect(),
        seconds: decode_durations(&durations).map_err(wrong("durations"))?,
        details: decode_details(&details)
            .map_err(wrong("details"))?
            .into_iter()
            .map(|detail| {
                let own = Detail {
                    icon: detail.icon.to_owned(),
                    message: detail.message.to_owned(),
                    cell_id: detail.cell_id.to_owned(),
                    user_property: detail.user_property.to_owned(),
                    metrics: detail.metrics.to_owned(),
                };
                (detail.test, own)
            })
            .collect(),
        versions: versions
            .map_or(Ok(Vec::new()), |json| from_json(&json))
            .map_err(wrong("vector_id"))?,
        spec: None,
        headers: from_json(&headers).map_err(wrong("headers"))?,
        problems: from_json(&problems).map_err(wrong("problems"))?,
        emails: from_json(&emails).map_err(wrong("emails"))?,
    })
}

/// Makes an inconsistency of column `column` of run number `row` out of a reason.
pub(super) fn in_run(row: i64, column: &'static str) -> impl FnOnce(String) -> Inconsistency {
    move |reason| Inconsistency {
        table: "run",
        column,
        row,
        reason,
    }
}

/// The value that `json` holds, or what is wrong with it.
pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("it is not the JSON expected: {error}"))
}
