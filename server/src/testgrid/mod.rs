//! TestGrid's configuration: YAML trees and the annotations of Prow jobs become test groups,
//! dashboards and tabs. Recordings of its answers are read in [`import`].
//!
//! Loading never fails. It answers what could be understood and, beside it, every problem with its file
//! and line, so that a person can mend them all at once and one bad file does not empty the screen.
//!
//! The order of work is TestGrid's:
//! 1. every `.yaml` and `.yml` file below the paths is read ([`files`], [`yaml`]); each document says by
//!    its keys what it is ([`document`]);
//! 2. defaults fill what groups and tabs leave unset ([`defaults`]);
//! 3. the jobs' annotations add groups and tabs ([`jobs`], [`annotations`]);
//! 4. the whole is validated ([`validate`]).
//!
//! # Where this differs from TestGrid on purpose
//!
//! - A field that is set is never replaced by a default, even when it is set to zero, false or nothing:
//!   TestGrid cannot tell those from unset. `null` is unset.
//! - A default fills any field except names and sources; TestGrid silently drops defaults of fields
//!   outside a fixed list.
//! - `use_kubernetes_client` and `is_external` are true unless they are set to false, and the former is
//!   not forced on a group with a `result_source`, which TestGrid then rejects.
//! - Defaults in the very file of a group win over the folder's `default.yaml`.
//! - An annotation that begins with `testgrid-` or `test-grid-` and is not known is a problem; TestGrid
//!   ignores it, so that a typo goes unseen for years.
//! - Problems are collected, not answered one at a time.

mod annotations;
mod assembly;
pub mod check;
mod decode;
mod defaults;
pub mod definitions;
mod document;
mod files;
pub mod import;
mod jobs;
mod prow_config;
mod schema;
mod validate;
mod yaml;

use std::{fmt, path::PathBuf};

use model::config::Configuration;

pub use check::{CheckReport, Counts, check_config, check_config_with};

/// A problem in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigProblem {
    /// The file, as it was found below the path that was given.
    pub file: PathBuf,
    /// From 1; 1 too when the problem is the file itself.
    pub line: u32,
    /// One sentence, without the place.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            message,
        } = self;
        write!(f, "{}:{line}: {message}", file.display())
    }
}

/// What could be understood, and what could not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// With defaults filled in. Of entities with the same name only the first is here; a tab may name a
    /// test group that is not.
    pub configuration: Configuration,
    /// By file and line.
    pub problems: Vec<ConfigProblem>,
}

/// What Prow knows and job files do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// The bucket of a job when neither its `decoration_config` nor a Prow configuration (a file with
    /// `plank`) among the paths says it.
    pub bucket: String,
    /// The beginning of links to a build's page, when no Prow configuration says it.
    pub job_url_prefix: String,
    /// The beginning of links to a job's configuration, to which the path of its file below the path
    /// given is added; without it descriptions carry no such link.
    pub job_config_url_prefix: Option<String>,
    /// Write the job's name into the description of its tabs, as TestGrid's tabs carry it; otherwise
    /// the description is the job's own.
    pub rewrite_descriptions: bool,
    /// A zero, `false` or empty text leaves a field unset, so that its default stands, as in TestGrid;
    /// otherwise it overrides the default.
    pub zero_is_unset: bool,
    /// Names of groups whose runs are uploaded, `*` for any text: those need not say where they are read
    /// from.
    pub uploaded: Vec<String>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            bucket: "kubernetes-ci-logs".to_owned(),
            job_url_prefix: "https://prow.k8s.io/view/".to_owned(),
            job_config_url_prefix: None,
            rewrite_descriptions: true,
            zero_is_unset: false,
            uploaded: Vec::new(),
        }
    }
}

/// Loads TestGrid YAML trees and Prow job trees with the defaults of [`LoadOptions`]. Each path is a
/// folder or a file; which of the two kinds a document is, its keys say, so a tree may mix them.
pub fn load_configuration(config: &[PathBuf], prow_jobs: &[PathBuf]) -> Loaded {
    let paths: Vec<PathBuf> = config.iter().chain(prow_jobs).cloned().collect();
    load(&paths, &LoadOptions::default())
}

/// Loads whatever lies below the paths.
pub fn load(paths: &[PathBuf], options: &LoadOptions) -> Loaded {
    let mut problems = Vec::new();
    let sources = files::read(paths, &mut problems);
    let configuration = assembly::assemble(paths, sources, options, &mut problems);
    problems.sort();
    problems.dedup();
    Loaded {
        configuration,
        problems,
    }
}
