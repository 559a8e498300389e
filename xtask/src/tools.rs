//! What the steps need beside cargo: found, else installed, else named in one sentence.

use std::{fs, path::PathBuf};

use crate::process::{
    Doing as _, Failure, Result, command, fail, find_program, in_ci, output_of, root, run,
    target_dir,
};

/// What the browser runs.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The target that the browser's half is built for.
pub(crate) fn ensure_wasm_target() -> Result<()> {
    let sysroot = output_of(command("rustc").args(["--print", "sysroot"]))?;
    let library = PathBuf::from(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM_TARGET);
    if library.is_dir() {
        return Ok(());
    }
    if find_program("rustup").is_none() {
        return fail(format!(
            "the Rust target {WASM_TARGET} is missing, and there is no rustup to add it with; \
             install your distribution's package of Rust's standard library for wasm"
        ));
    }
    run(command("rustup").args(["target", "add", WASM_TARGET]))
}

/// Node and npm, both or neither.
pub(crate) fn node() -> Option<PathBuf> {
    find_program("npm")?;
    find_program("node")
}

/// What to say when [`node`] found nothing.
pub(crate) const NODE_MISSING: &str = "Node.js 20 or newer with npm is missing; install it from \
     your distribution (Debian: `apt-get install nodejs npm`)";

/// The packages that `e2e/package-lock.json` pins, installed when they are not there or not those.
pub(crate) fn ensure_node_packages() -> Result<()> {
    let folder = root().join("e2e");
    let lock = fs::read(folder.join("package-lock.json")).doing("read e2e/package-lock.json")?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let npm = find_program("npm").ok_or_else(|| Failure(NODE_MISSING.into()))?;
    run(command(npm)
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        // The browser comes from the system's packages.
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .current_dir(&folder))?;
    fs::write(&stamp, lock).doing("write e2e/node_modules/.installed-lock")
}

/// `wasm-opt` of the npm package `binaryen`: the words that start it. Without Node a notice and
/// `None`; in CI a failure.
pub(crate) fn wasm_opt() -> Result<Option<[PathBuf; 2]>> {
    let Some(node) = node() else {
        if in_ci() {
            return fail(NODE_MISSING);
        }
        eprintln!(
            "notice: {NODE_MISSING}. Without it the wasm is not optimised and about twice as large."
        );
        return Ok(None);
    };
    ensure_node_packages()?;
    let script = root().join("e2e/node_modules/binaryen/bin/wasm-opt");
    if !script.is_file() {
        return fail(format!("{} is missing", script.display()));
    }
    Ok(Some([node, script]))
}

/// Chromium from the system's packages: found, else installed when we may.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM").map(PathBuf::from) {
        return if path.is_file() {
            Ok(path)
        } else {
            fail(format!(
                "CHROMIUM names {}, which is no file",
                path.display()
            ))
        };
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let find = || names.iter().find_map(|name| find_program(name));
    if let Some(path) = find() {
        return Ok(path);
    }
    let missing = "Chromium is missing; install it from your distribution (Debian: `apt-get \
         install chromium`), or name its program in the variable CHROMIUM";
    let is_root = output_of(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || find_program("apt-get").is_none() {
        return fail(missing);
    }
    println!("Chromium is missing: installing the system's package");
    run(command("apt-get").args(["update", "--quiet"]))?;
    run(command("apt-get")
        .args(["install", "--quiet", "--yes", "--no-install-recommends"])
        .args(["chromium", "fonts-dejavu-core"])
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    find().ok_or_else(|| Failure(missing.into()))
}

/// A component of the toolchain, such as clippy.
pub(crate) fn ensure_rust_component(component: &str, program: &str) -> Result<()> {
    if find_program(program).is_some() && output_of(command(program).arg("--version")).is_ok() {
        return Ok(());
    }
    if find_program("rustup").is_none() {
        return fail(format!(
            "`{program}` is missing; install Rust's {component}"
        ));
    }
    run(command("rustup").args(["component", "add", component]))
}

/// The emulator of Google's storage that some tests start: what `xtask/emulator-requirements.txt` pins.
pub(crate) fn ensure_storage_emulator() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("SEAMGRID_GCS_EMULATOR") {
        return Ok(PathBuf::from(program));
    }
    let folder = ensure_python("gcs-emulator", "xtask/emulator-requirements.txt")?;
    Ok(folder.join("gcp-storage-emulator"))
}

/// The folder of the programs that check what Seamgrid is shipped with: what
/// `xtask/deploy-requirements.txt` pins.
pub(crate) fn ensure_deploy_checks() -> Result<PathBuf> {
    ensure_python("deploy-checks", "xtask/deploy-requirements.txt")
}

/// The folder of the programs of a Python environment of this name with what `requirements` pins, which is
/// made when it is not there or not that.
fn ensure_python(name: &str, requirements: &str) -> Result<PathBuf> {
    let wanted = root().join(requirements);
    let text = fs::read(&wanted).doing(format_args!("read {requirements}"))?;
    let folder = target_dir().join(name);
    let programs = folder.join("bin");
    let stamp = folder.join(".installed-requirements");
    if fs::read(&stamp).is_ok_and(|installed| installed == text) {
        return Ok(programs);
    }
    let python = find_program("python3").ok_or_else(|| {
        Failure(format!(
            "Python 3 is missing, which runs what {requirements} names; install it from your distribution \
             (Debian: `apt-get install python3-venv`)"
        ))
    })?;
    run(command(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(command(programs.join("python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--requirement")
        .arg(&wanted))?;
    fs::write(&stamp, text).doing("note what was installed")?;
    Ok(programs)
}

/// The recordings and vectors that some tests read: `SEAMGRID_SHARED`, else `shared` beside the
/// checkout.
pub(crate) fn shared() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SEAMGRID_SHARED") {
        return Some(PathBuf::from(path));
    }
    let root = root();
    ["../shared", "../../shared"]
        .iter()
        .map(|relative| root.join(relative))
        .find(|path| path.is_dir())
        .map(|path| path.canonicalize().unwrap_or(path))
}
