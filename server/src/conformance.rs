//! Vectors of TestGrid's rules: inputs with the answers that TestGrid gives, evaluated with the very
//! functions that publish grids and statuses.
//!
//! A file is a JSON object of areas, each a list of vectors:
//!
//! | area | input | wanted |
//! |---|---|---|
//! | `alert` | `series`, `open`, `close` | `want`: null, or `count`, `message`, `first_cell`, `latest_cell`, `first_col`, `latest_col`, `pass_col` |
//! | `status`, `metrics` | `rows`, `recent`, optionally `threshold` | `want`: the status, or an object; beside it optionally `latest_green`, `broken`, `message` |
//! | `flip` | `series` | `want`: percent |
//!
//! A series is newest first, one letter per column or a list of status names. The N-th non-blank cell
//! of an alert's series has the message `mN` and the id `cN`; builds are named by their column. Nothing
//! is skipped: an area or a field that is not known is a mismatch that says so.

mod vector;

use std::fmt;

use serde_json::Value;

/// What became of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Vectors whose answer is the wanted one.
    pub passed: usize,
    /// The others, in the order of the file.
    pub mismatches: Vec<Mismatch>,
}

/// One vector that did not come out as wanted, or that could not be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The area and the vector's index in it, from 0; `None` when the file as a whole is wrong.
    pub place: Option<(String, Option<usize>)>,
    /// The vector as it stands; null when there is none.
    pub input: Value,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with one vector.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// It cannot be evaluated; one sentence.
    Malformed(String),
    /// The answer is another.
    Differs {
        /// Field by field, only those that differ.
        fields: Vec<Difference>,
    },
}

/// One field of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// As the vector names it.
    pub field: String,
    /// What the vector says.
    pub wanted: Value,
    /// What came out.
    pub got: Value,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((area, Some(index))) => write!(f, "{area} {index}: ")?,
            Some((area, None)) => write!(f, "{area}: ")?,
            None => {}
        }
        match &self.problem {
            Problem::Malformed(why) => write!(f, "{why}")?,
            Problem::Differs { fields } => {
                for (index, difference) in fields.iter().enumerate() {
                    if index > 0 {
                        write!(f, ", ")?;
                    }
                    let Difference { field, wanted, got } = difference;
                    write!(f, "{field}: wanted {wanted}, got {got}")?;
                }
            }
        }
        if !self.input.is_null() {
            write!(f, "; input {}", self.input)?;
        }
        Ok(())
    }
}

impl Outcome {
    /// The outcome of a file that cannot be read.
    pub fn unreadable(error: &std::io::Error) -> Self {
        Self::wrong(format!("the file cannot be read: {error}"))
    }

    fn wrong(why: String) -> Self {
        Self {
            passed: 0,
            mismatches: vec![Mismatch {
                place: None,
                input: Value::Null,
                problem: Problem::Malformed(why),
            }],
        }
    }
}

/// Evaluates the vectors of one file.
pub fn evaluate(bytes: &[u8]) -> Outcome {
    let areas = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(areas)) => areas,
        Ok(_) => return Outcome::wrong("the file is no JSON object of areas".to_owned()),
        Err(error) => return Outcome::wrong(format!("the file is not JSON: {error}")),
    };
    let mut outcome = Outcome::default();
    for (area, vectors) in areas {
        let wrong_area = |why: String| Mismatch {
            place: Some((area.clone(), None)),
            input: Value::Null,
            problem: Problem::Malformed(why),
        };
        let Some(evaluate) = vector::evaluator(&area) else {
            let known = vector::AREAS.join(", ");
            let why = format!("there is no area of this name; the areas are {known}");
            outcome.mismatches.push(wrong_area(why));
            continue;
        };
        let Value::Array(vectors) = vectors else {
            outcome
                .mismatches
                .push(wrong_area("an area must be a list of vectors".to_owned()));
            continue;
        };
        for (index, input) in vectors.into_iter().enumerate() {
            let problem = match evaluate(&input) {
                Ok(fields) if fields.is_empty() => {
                    outcome.passed += 1;
                    continue;
                }
                Ok(fields) => Problem::Differs { fields },
                Err(why) => Problem::Malformed(why),
            };
            outcome.mismatches.push(Mismatch {
                place: Some((area.clone(), Some(index))),
                input,
                problem,
            });
        }
    }
    if outcome.passed == 0 && outcome.mismatches.is_empty() {
        return Outcome::wrong("the file has no vectors".to_owned());
    }
    outcome
}
