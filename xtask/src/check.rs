//! `cargo xtask test`: every check, the quick ones first.
//!
//! Tests and the browser share one build of the program: `cargo test` builds it in the profile `dev`
//! (libraries optimised) anyway, and a second build of every library in `release` would cost more
//! than all browser tests together. The native lints, the documentation and the tests span the whole
//! workspace, so that each library is resolved with one set of features and compiled once per mode.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    dependencies::{check_dependencies, load_packages},
    layering::check_layering,
    postgres,
    process::{
        Doing as _, Failure, Result, cargo, command, fail, in_ci, root, run, shown, target_dir,
    },
    site::build_site,
    tools::{
        NODE_MISSING, chromium, ensure_deploy_checks, ensure_node_packages, ensure_rust_component,
        ensure_storage_emulator, ensure_wasm_target, node, shared,
    },
};

/// What tests were run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    /// Ignored or skipped.
    left_out: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.left_out += other.left_out;
    }
}

/// The steps so far, with their times.
struct Steps<'a> {
    /// Only the steps that begin with one of these; all when empty.
    only: &'a [&'a str],
    rows: Vec<(&'static str, Duration, String)>,
}

impl Steps<'_> {
    /// Runs one step if it is wanted; what it answers stands beside its time.
    fn step<T: Default>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<(T, String)>,
    ) -> Result<T> {
        if !self.only.is_empty() && !self.only.iter().any(|begin| name.starts_with(begin)) {
            return Ok(T::default());
        }
        println!("\n== {name}");
        let begun = Instant::now();
        match work() {
            Ok((value, detail)) => {
                self.rows.push((name, begun.elapsed(), detail));
                Ok(value)
            }
            Err(Failure(why)) => {
                self.rows.push((name, begun.elapsed(), "FAILED".into()));
                self.print();
                fail(format!("{name}: {why}"))
            }
        }
    }

    fn print(&self) {
        println!("\n{:<28} {:>8}", "step", "seconds");
        for (name, time, detail) in &self.rows {
            println!("{name:<28} {:>8.1}  {detail}", time.as_secs_f64());
        }
        let all: Duration = self.rows.iter().map(|row| row.1).sum();
        println!("{:<28} {:>8.1}", "all", all.as_secs_f64());
    }
}

/// Runs every check, or only the steps whose names begin with one of `only`.
pub(crate) fn test(only: &[&str]) -> Result<()> {
    let mut steps = Steps {
        only,
        rows: Vec::new(),
    };
    steps.step("tools", || {
        ensure_rust_component("rustfmt", "cargo-fmt")?;
        ensure_rust_component("clippy", "cargo-clippy")?;
        ensure_wasm_target()?;
        node().ok_or_else(|| Failure(NODE_MISSING.into()))?;
        ensure_node_packages()?;
        ensure_storage_emulator()?;
        ensure_deploy_checks()?;
        let chromium = chromium()?;
        let shared = match shared() {
            Some(path) => path.display().to_string(),
            None if in_ci() => {
                return fail(
                    "the recordings and vectors that tests read are missing: put the folder `shared` \
                     beside the checkout, or name it in SEAMGRID_SHARED",
                );
            }
            None => "none: the tests that read recordings will say so and fail".into(),
        };
        let detail = format!("{}, shared: {shared}", chromium.display());
        Ok(((), detail))
    })?;

    steps.step("format", || plain(&["fmt", "--all", "--check"], &[]))?;
    steps.step("architecture, dependencies", || {
        let packages = load_packages()?;
        let files = check_layering(&packages)?;
        let count = check_dependencies(&packages)?;
        Ok((
            (),
            format!("{files} files, {count} packages (licences, bans, sources)"),
        ))
    })?;

    steps.step("deployment", || {
        let programs = ensure_deploy_checks()?;
        let mut manifests = Vec::new();
        for entry in
            fs::read_dir(root().join("deploy/kubernetes")).doing("list deploy/kubernetes")?
        {
            manifests.push(entry.doing("list deploy/kubernetes")?.path());
        }
        manifests.sort();
        run(command(programs.join("kubernetes-validate"))
            .args(["--strict", "--quiet"])
            .args(&manifests))?;
        run(command(programs.join("hadolint")).arg(root().join("Dockerfile")))?;
        let detail = format!("{} manifests fit their schemas", manifests.len());
        Ok(((), detail))
    })?;

    // The program embeds the site, so the folder must be there before anything of it compiles.
    let site = root().join("site");
    fs::create_dir_all(&site).doing("make site/")?;
    steps.step("lints, native", || {
        plain(
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
            &[],
        )
    })?;
    steps.step("lints, browser", || {
        plain(
            &[
                "clippy",
                "--package=seamgrid-app",
                "--lib",
                "--locked",
                "--target=wasm32-unknown-unknown",
                "--no-default-features",
                "--features=hydrate",
                "--",
                "-D",
                "warnings",
            ],
            &[],
        )
    })?;
    steps.step("lints, pages on a server", || {
        plain(
            &[
                "clippy",
                "--package=seamgrid-app",
                "--all-targets",
                "--locked",
                "--no-default-features",
                "--features=ssr",
                "--",
                "-D",
                "warnings",
            ],
            &[],
        )
    })?;
    steps.step("documentation", || {
        plain(
            &[
                "doc",
                "--workspace",
                "--no-deps",
                "--locked",
                "--document-private-items",
            ],
            // Two packages have a library and a program of one name; only the library is documented.
            &[(
                "RUSTDOCFLAGS",
                "-D warnings -A rustdoc::private_intra_doc_links",
            )],
        )
    })?;
    steps.step("site", || {
        build_site()?;
        Ok(((), wasm_size(&site)?))
    })?;

    let mut total = steps.step("tests", || {
        // Those that need a server have a step of their own.
        let counts = cargo_test(&["--", "--skip=::postgres::"], &[])?;
        Ok((counts, format!("{} passed", counts.passed)))
    })?;
    total.add(steps.step("postgres tests", || {
        let server = postgres::server()?;
        let url = server.url();
        // What is stored, and what stores it, on the second engine.
        let suites = ["--test=it", "--", "store::", "pipeline::", "replicas::"];
        let counts = cargo_test(&suites, &[(postgres::VARIABLE, url.as_str())])?;
        Ok((counts, format!("{} passed", counts.passed)))
    })?);
    total.add(steps.step("browser tests", || {
        let counts = browser_tests()?;
        Ok((counts, format!("{} passed", counts.passed)))
    })?);
    if steps.rows.is_empty() {
        return fail(format!("no step begins with {}", only.join(" or ")));
    }
    steps.print();
    println!(
        "\n{} steps done; {} tests passed, {} failed, {} left out",
        steps.rows.len(),
        total.passed,
        total.failed,
        total.left_out
    );
    if !only.is_empty() {
        println!(
            "Only what begins with {}: not every check.",
            only.join(" or ")
        );
    }
    Ok(())
}

fn plain(arguments: &[&str], variables: &[(&str, &str)]) -> Result<((), String)> {
    let mut cargo = cargo();
    cargo.args(arguments).envs(variables.iter().copied());
    run(&mut cargo)?;
    Ok(((), String::new()))
}

fn wasm_size(site: &Path) -> Result<String> {
    for entry in fs::read_dir(site).doing("list site/")? {
        let entry = entry.doing("list site/")?;
        if entry.file_name().to_string_lossy().ends_with(".wasm.br") {
            let bytes = entry.metadata().doing("measure the wasm")?.len();
            return Ok(format!("wasm {bytes} bytes after brotli"));
        }
    }
    fail("site/ holds no compressed wasm")
}

/// Unit, integration and documentation tests of every package. All of them run even when some fail:
/// a run is long, and one wants to know them all.
fn cargo_test(only: &[&str], variables: &[(&str, &str)]) -> Result<Counts> {
    let mut cargo = cargo();
    cargo.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    cargo.args(only).envs(variables.iter().copied());
    if let Some(shared) = shared() {
        cargo.env("SEAMGRID_SHARED", shared);
    }
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .doing(format_args!("start `{}`", shown(&cargo)))?;
    let mut counts = Counts::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.doing("read what the tests print")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if let Some(more) = parse_result_line(&line) {
                counts.add(more);
            }
        }
    }
    let status = child.wait().doing("wait for the tests")?;
    if !status.success() {
        return fail(format!(
            "{} passed, {} failed (`{}` ended with {status})",
            counts.passed,
            counts.failed,
            shown(&cargo)
        ));
    }
    all_ran(counts)
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`
fn parse_result_line(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("test result: ")?;
    let (_, numbers) = rest.split_once(". ")?;
    let number = |word: &str| {
        numbers.split("; ").find_map(|part| {
            let (number, name) = part.split_once(' ')?;
            (name == word).then(|| number.parse().ok())?
        })
    };
    Some(Counts {
        passed: number("passed")?,
        failed: number("failed")?,
        left_out: number("ignored")?,
    })
}

fn browser_tests() -> Result<Counts> {
    let node = node().ok_or_else(|| Failure(NODE_MISSING.into()))?;
    let chromium = chromium()?;
    let folder = root().join("e2e");
    let report = folder.join("results/report.json");
    if report.exists() {
        fs::remove_file(&report).doing("remove the last report")?;
    }
    let outcome = run(command(node)
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .current_dir(&folder)
        .env("SEAMGRID_BIN", target_dir().join("debug/seamgrid"))
        .env("CHROMIUM", chromium));
    let counts = fs::read_to_string(&report)
        .ok()
        .and_then(|text| parse_report(&serde_json::from_str(&text).ok()?));
    match (outcome, counts) {
        (Ok(()), Some(counts)) => all_ran(counts),
        (Ok(()), None) => fail("the browser tests left no report"),
        (Err(Failure(why)), None) => fail(why),
        (Err(Failure(why)), Some(counts)) => fail(format!(
            "{} passed, {} failed, {} did not run ({why})",
            counts.passed, counts.failed, counts.left_out
        )),
    }
}

/// The counts in Playwright's JSON report.
fn parse_report(report: &Value) -> Option<Counts> {
    let stats = report.get("stats")?;
    let number = |name: &str| stats.get(name)?.as_u64();
    Some(Counts {
        passed: number("expected")?,
        failed: number("unexpected")? + number("flaky")?,
        left_out: number("skipped")?,
    })
}

/// A check that finds nothing to check, or leaves a test out, is no check.
fn all_ran(counts: Counts) -> Result<Counts> {
    match counts {
        Counts { passed: 0, .. } => fail("no test ran"),
        Counts { failed: 1.., .. } => fail(format!("{} tests failed", counts.failed)),
        Counts { left_out: 1.., .. } => {
            fail(format!("{} tests were ignored or skipped", counts.left_out))
        }
        counts => Ok(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines() {
        assert_eq!(
            parse_result_line(
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.1s"
            ),
            Some(Counts {
                passed: 12,
                failed: 0,
                left_out: 1
            })
        );
        assert_eq!(
            parse_result_line("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured"),
            Some(Counts {
                passed: 1,
                failed: 2,
                left_out: 0
            })
        );
        assert_eq!(parse_result_line("test model::run ... ok"), None);
    }

    #[test]
    fn reports_of_the_browser_tests() {
        let report = serde_json::json!({"stats": {"expected": 20, "skipped": 1, "unexpected": 2, "flaky": 1}});
        assert_eq!(
            parse_report(&report),
            Some(Counts {
                passed: 20,
                failed: 3,
                left_out: 1
            })
        );
    }

    #[test]
    fn a_test_left_out_is_a_failure() {
        let counts = |passed, failed, left_out| Counts {
            passed,
            failed,
            left_out,
        };
        assert!(all_ran(counts(3, 0, 0)).is_ok());
        assert!(all_ran(counts(0, 0, 0)).is_err());
        assert!(all_ran(counts(3, 1, 0)).is_err());
        assert!(all_ran(counts(3, 0, 1)).is_err());
    }
}
