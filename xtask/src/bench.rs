//! `cargo xtask bench`: every speed figure, printed beside its goal and its floor by the benchmark
//! that measures it.

use std::{fs, path::Path};

use crate::{
    postgres,
    process::{Doing as _, Failure, Result, cargo, command, fail, root, run},
    site::{Program, build_program, build_site},
    tools::{NODE_MISSING, chromium, ensure_node_packages, node, shared},
};

/// The benchmark in `e2e/bench.mjs`.
const BROWSER: &str = "browser";

/// The benchmark that needs a PostgreSQL server.
const ENGINES: &str = "engines";

/// Runs the named benchmark, with what else was said for it, or all.
pub(crate) fn bench(name: Option<&str>, said: &[&str]) -> Result<()> {
    let mut known = natives(&root().join("server/benches"))?;
    known.push(BROWSER.to_owned());
    if let Some(name) = name
        && !known.iter().any(|benchmark| benchmark == name)
    {
        return fail(format!(
            "there is no benchmark `{name}`; there are {}",
            known.join(", ")
        ));
    }
    for benchmark in known {
        if name.is_some_and(|name| name != benchmark) {
            continue;
        }
        println!("== {benchmark}");
        if benchmark == BROWSER {
            browser()?;
        } else {
            native(&benchmark, said)?;
        }
    }
    Ok(())
}

/// The benchmarks in `server/benches`, by name: each file is one.
fn natives(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).doing(format_args!("list {}", folder.display()))? {
        let path = entry
            .doing(format_args!("list {}", folder.display()))?
            .path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(stem) = path.file_stem()
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn native(name: &str, said: &[&str]) -> Result<()> {
    let mut cargo = cargo();
    cargo.args(["bench", "--package=seamgrid", "--bench", name]);
    if !said.is_empty() {
        cargo.arg("--").args(said);
    }
    let server = if name == ENGINES {
        Some(postgres::server()?)
    } else {
        None
    };
    if let Some(server) = &server {
        cargo.env(postgres::VARIABLE, server.url());
    }
    if let Some(shared) = shared() {
        cargo.env("SEAMGRID_SHARED", shared);
    }
    run(&mut cargo)
}

fn browser() -> Result<()> {
    let node = node().ok_or_else(|| Failure(NODE_MISSING.into()))?;
    let chromium = chromium()?;
    ensure_node_packages()?;
    build_site()?;
    let binary = build_program(Program::Release)?;
    run(command(node)
        .arg("bench.mjs")
        .current_dir(root().join("e2e"))
        .env("SEAMGRID_BIN", binary)
        .env("CHROMIUM", chromium))
}
