//! Importing recorded TestGrid answers.

pub(crate) mod exactness;
mod odd;

use std::path::{Path, PathBuf};

use model::{
    grid::Grid,
    tabulate::{GroupResults, View, tabulate},
};
use seamgrid::{
    store::Store,
    testgrid::import::{ImportReport, import},
};

const NOW_MS: i64 = 1_800_000_000_000;

async fn import_quietly(store: &Store, paths: &[PathBuf]) -> ImportReport {
    import(store, paths, NOW_MS, &|_| {})
        .await
        .expect("the database works")
}

/// The grid of a tab that shows everything.
fn whole_grid(results: &GroupResults) -> Grid {
    tabulate(results, &View::default())
}

/// Writes `content` to `path` below `folder`, with the folders between.
fn write(folder: &Path, path: &str, content: &str) -> PathBuf {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    std::fs::write(&path, content).expect("written");
    path
}
