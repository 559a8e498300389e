//! `cargo xtask build | demo | test | bench`: sets up what is missing, then does it.
#![expect(
    clippy::print_stdout,
    reason = "a program that talks to the person who started it"
)]

mod bench;
mod check;
mod compress;
mod demo;
mod dependencies;
mod layering;
mod postgres;
mod process;
mod site;
mod style;
mod tools;
mod unused;

use std::process::ExitCode;

use process::{Failure, Result};

const USAGE: &str = "\
cargo xtask build [--release]   the site into site/, then the program `seamgrid` with the site inside
cargo xtask demo                a simulated world at http://127.0.0.1:8080
cargo xtask test [STEP]...      every check, setting up what they need; or only the steps whose
                                names begin so: lints, site, tests, postgres, ...
cargo xtask bench [NAME [...]]  the speed figures beside their goals and floors: ingest, remote, fresh,
                                engines, steady, grid, browser, ...; all without a NAME. What follows is the
                                benchmark's: `backfill 1` reads 100,000 builds, without it a tenth of them
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["build"] => build(site::Program::Dev),
        ["build", "--release"] => build(site::Program::Release),
        ["demo"] => demo::demo(),
        ["test", only @ ..] => check::test(only),
        ["bench"] => bench::bench(None, &[]),
        ["bench", name, said @ ..] => bench::bench(Some(name), said),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(why)) => {
            eprintln!("\nxtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn build(program: site::Program) -> Result<()> {
    site::build_site()?;
    let binary = site::build_program(program)?;
    println!("program  {}", binary.display());
    Ok(())
}
