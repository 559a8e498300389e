//! TestGrid and Prow configuration, on small trees and on the real ones.

use std::path::PathBuf;

use seamgrid::testgrid::check_config;

#[test]
fn kubernetes_counts() {
    let base = PathBuf::from(std::env::var("TREE").expect("TREE"));
    let start = std::time::Instant::now();
    let paths: Vec<PathBuf> = std::env::var("PATHS")
        .expect("PATHS")
        .split(' ')
        .map(|p| base.join(p))
        .collect();
    let report = check_config(&paths);
    eprintln!("{report}\n{:?}", start.elapsed());
}
