//! Where the recorded real-world inputs are that some tests read.

use std::path::{Path, PathBuf};

/// The file or folder `path` of the shared inputs: below the environment variable `SEAMGRID_SHARED`
/// when it is set, else in a folder `shared` beside the workspace or beside the workspace's parent.
///
/// # Panics
/// When it is not there: these tests prove nothing without it.
pub(crate) fn shared(path: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the workspace");
    let candidates = match std::env::var_os("SEAMGRID_SHARED") {
        Some(root) => vec![PathBuf::from(root)],
        None => vec![workspace.join("../shared"), workspace.join("../../shared")],
    };
    candidates
        .iter()
        .map(|root| root.join(path))
        .find(|found| found.exists())
        .unwrap_or_else(|| {
            panic!(
                "the test input {path} is in none of {candidates:?}; set SEAMGRID_SHARED to the folder that has it"
            )
        })
}
