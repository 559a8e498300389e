//! The site: what the browser gets, in `site/`. The program embeds it.
//!
//! | file | what |
//! |---|---|
//! | `manifest.json` | `app.js`, `app.wasm` and `style.css` → their names |
//! | `app.<hash>.js` | the bindings; `init()` without a path loads its own wasm |
//! | `app.<hash>.wasm` | `app` with the feature `hydrate` |
//! | `style.<hash>.css` | `style/main.css` with what it imports |
//! | `snippets-<hash>/…` | modules that libraries bring along, if any |
//!
//! Each has a `.br` and a `.gz` beside it. A name changes exactly when the content does, so all but
//! the manifest may be cached for ever.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use wasm_bindgen_cli_support::Bindgen;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::{
    compress::{Sizes, write_compressed},
    process::{Doing as _, Result, cargo, command, fail, root, run, target_dir},
    style,
    tools::{ensure_wasm_target, wasm_opt},
    unused,
};

/// What the wasm may weigh when it is sent: every first visit waits for it.
const WASM_LIMIT_BYTES: usize = 350 * 1000;

/// What the optimiser does. Functions that the compiler wrote out of one generic stand side by side when they
/// are sorted by name, and what is alike and near compresses better: 1.3 % less to send.
const WASM_PASSES: [&str; 5] = [
    "-Oz",
    "--converge",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
];
/// The features that browsers have had for years and rustc uses; wasm-opt must be told, since the
/// section that says so is stripped.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// How the program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// Libraries optimised, our own code not: quick to build, for tests.
    Dev,
    /// What one installs.
    Release,
}

/// Builds `site/` unless nothing that goes into it has changed. Fails when the wasm is too large.
pub(crate) fn build_site() -> Result<()> {
    let root = root();
    let site = root.join("site");
    ensure_wasm_target()?;
    let optimiser = wasm_opt()?;
    run(cargo().args([
        "build",
        "--package=seamgrid-app",
        "--lib",
        "--target=wasm32-unknown-unknown",
        "--no-default-features",
        "--features=hydrate",
        "--profile=wasm",
    ]))?;
    let raw = target_dir().join("wasm32-unknown-unknown/wasm/app.wasm");
    let raw_content = fs::read(&raw).doing(format_args!("read {}", raw.display()))?;
    let css = style::bundle(&root.join("style/main.css"))?;

    let stamp = stamp(&raw_content, &css, optimiser.is_some())?;
    let stamp_path = target_dir().join("site-stamp").join(path_hash(&root));
    if fs::read_to_string(&stamp_path).is_ok_and(|old| old == stamp) && is_whole(&site) {
        println!("site     unchanged");
        return Ok(());
    }

    let work = target_dir().join("site-work").join(path_hash(&root));
    renew(&work)?;
    renew(&site)?;
    let mut module = walrus::ModuleConfig::new()
        .strict_validate(false)
        .parse(&raw_content)
        .doing(format_args!("read the wasm {}", raw.display()))?;
    if unused::cut(&mut module) == 0 {
        return fail(
            "the wasm has none of the functions that are taken out of it: the views are compiled \
             differently from what `xtask/src/unused.rs` says",
        );
    }
    Bindgen::new()
        .input_module("app", module)
        .out_name("app")
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                // The optimiser sorts functions by name.
                .remove_name_section(optimiser.is_none())
                .remove_producers_section(true)
                .omit_default_module_path(false)
                .generate(&work)
        })
        .doing("make the bindings of the wasm")?;
    if let Some([node, script]) = &optimiser {
        run(command(node)
            .arg(script)
            .args(WASM_PASSES)
            .args(WASM_FEATURES)
            .arg("-o")
            .arg(work.join("optimised.wasm"))
            .arg(work.join("app_bg.wasm")))?;
        fs::rename(work.join("optimised.wasm"), work.join("app_bg.wasm"))
            .doing("put the optimised wasm in place")?;
    }

    let wasm = fs::read(work.join("app_bg.wasm")).doing("read the wasm")?;
    let wasm_name = hashed("app", "wasm", &wasm);
    let wasm_sizes = write_compressed(&site, &wasm_name, &wasm)?;

    let mut js = fs::read_to_string(work.join("app.js")).doing("read the bindings")?;
    if !js.contains("'app_bg.wasm'") {
        return fail("the bindings do not name `app_bg.wasm`: the generator has changed");
    }
    js = js.replace("app_bg.wasm", &wasm_name);
    let mut rows = vec![(wasm_name.clone(), wasm_sizes)];
    if let Some(folder) = write_snippets(&work.join("snippets"), &site, &mut rows)? {
        js = js.replace("./snippets/", &format!("./{folder}/"));
    }
    let js_name = hashed("app", "js", js.as_bytes());
    rows.push((
        js_name.clone(),
        write_compressed(&site, &js_name, js.as_bytes())?,
    ));

    let css_name = hashed("style", "css", css.as_bytes());
    rows.push((
        css_name.clone(),
        write_compressed(&site, &css_name, css.as_bytes())?,
    ));

    let manifest = json!({"app.js": js_name, "app.wasm": wasm_name, "style.css": css_name});
    fs::write(site.join("manifest.json"), format!("{manifest:#}\n")).doing("write the manifest")?;

    println!(
        "{:<40} {:>9} {:>9} {:>9}",
        "site", "plain", "gzip", "brotli"
    );
    for (name, sizes) in &rows {
        println!(
            "{name:<40} {:>9} {:>9} {:>9}",
            sizes.plain, sizes.gzip, sizes.brotli
        );
    }
    within_limit(wasm_sizes)?;
    if let Some(folder) = stamp_path.parent() {
        fs::create_dir_all(folder).doing(format_args!("make {}", folder.display()))?;
    }
    fs::write(&stamp_path, stamp).doing(format_args!("write {}", stamp_path.display()))
}

/// Builds the program and answers where it is.
pub(crate) fn build_program(program: Program) -> Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args(["build", "--package=seamgrid", "--bin=seamgrid"]);
    let folder = match program {
        Program::Dev => "debug",
        Program::Release => {
            cargo.arg("--release");
            "release"
        }
    };
    run(&mut cargo)?;
    Ok(target_dir().join(folder).join("seamgrid"))
}

fn within_limit(wasm: Sizes) -> Result<()> {
    let percent = wasm.brotli * 100 / WASM_LIMIT_BYTES;
    println!(
        "wasm     {} bytes sent, {percent} % of the limit of {WASM_LIMIT_BYTES}",
        wasm.brotli
    );
    if wasm.brotli > WASM_LIMIT_BYTES {
        return fail(format!(
            "the wasm takes {} bytes after brotli, more than the limit of {WASM_LIMIT_BYTES}",
            wasm.brotli
        ));
    }
    Ok(())
}

/// A hash of all that decides what the site holds, this file included.
fn stamp(raw: &[u8], css: &str, optimised: bool) -> Result<String> {
    let lock =
        fs::read(root().join("e2e/package-lock.json")).doing("read e2e/package-lock.json")?;
    let mut hash = Xxh3Default::new();
    for part in [
        raw,
        css.as_bytes(),
        &lock,
        &[u8::from(optimised)],
        include_str!("site.rs").as_bytes(),
        include_str!("compress.rs").as_bytes(),
        include_str!("unused.rs").as_bytes(),
    ] {
        hash.update(&part.len().to_le_bytes());
        hash.update(part);
    }
    Ok(format!("{:016x}\n", hash.digest()))
}

/// Several checkouts may share a target folder; what we keep there is told apart by this.
fn path_hash(path: &Path) -> String {
    format!("{:016x}", xxh3_64(path.as_os_str().as_encoded_bytes()))
}

/// Whether every file that the manifest names is there.
fn is_whole(site: &Path) -> bool {
    let Ok(text) = fs::read_to_string(site.join("manifest.json")) else {
        return false;
    };
    let Ok(serde_json::Value::Object(manifest)) = serde_json::from_str(&text) else {
        return false;
    };
    manifest.values().all(|name| {
        name.as_str().is_some_and(|name| {
            ["", ".br", ".gz"]
                .iter()
                .all(|form| site.join(format!("{name}{form}")).is_file())
        })
    })
}

fn hashed(stem: &str, extension: &str, content: &[u8]) -> String {
    format!("{stem}.{:016x}.{extension}", xxh3_64(content))
}

/// An empty folder.
fn renew(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).doing(format_args!("empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).doing(format_args!("make {}", folder.display()))
}

/// Copies the modules that libraries bring along into a folder named after their content; answers
/// that name.
fn write_snippets(
    from: &Path,
    site: &Path,
    rows: &mut Vec<(String, Sizes)>,
) -> Result<Option<String>> {
    if !from.is_dir() {
        return Ok(None);
    }
    let mut files = Vec::new();
    collect_files(from, &mut files)?;
    files.sort();
    let mut hash = Xxh3Default::new();
    let mut contents = Vec::new();
    for path in files {
        let content = fs::read(&path).doing(format_args!("read {}", path.display()))?;
        let relative = path.strip_prefix(from).unwrap_or(&path).to_path_buf();
        hash.update(relative.as_os_str().as_encoded_bytes());
        hash.update(&content);
        contents.push((relative, content));
    }
    let folder = format!("snippets-{:016x}", hash.digest());
    for (relative, content) in contents {
        let name = Path::new(&folder).join(relative);
        let whole = site.join(&name);
        if let Some(parent) = whole.parent() {
            fs::create_dir_all(parent).doing(format_args!("make {}", parent.display()))?;
        }
        let name = name.to_string_lossy().into_owned();
        let sizes = write_compressed(site, &name, &content)?;
        rows.push((name, sizes));
    }
    Ok(Some(folder))
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).doing(format_args!("list {}", folder.display()))? {
        let path = entry
            .doing(format_args!("list {}", folder.display()))?
            .path();
        if path.is_dir() {
            collect_files(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_whole_only_with_all_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let site = folder.path();
        assert!(!is_whole(site));
        fs::write(site.join("manifest.json"), r#"{"app.js": "app.1.js"}"#).expect("a manifest");
        assert!(!is_whole(site));
        write_compressed(site, "app.1.js", b"js").expect("three files");
        assert!(is_whole(site));
        fs::remove_file(site.join("app.1.js.br")).expect("removed");
        assert!(!is_whole(site));
    }

    #[test]
    fn too_large_a_wasm_fails() {
        let sizes = |brotli| Sizes {
            brotli,
            ..Sizes::default()
        };
        assert!(within_limit(sizes(WASM_LIMIT_BYTES)).is_ok());
        assert!(within_limit(sizes(WASM_LIMIT_BYTES + 1)).is_err());
    }

    #[test]
    fn snippets_move_into_a_folder_named_after_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let from = folder.path().join("snippets");
        let site = folder.path().join("site");
        fs::create_dir_all(from.join("library")).expect("a folder");
        fs::create_dir_all(&site).expect("a folder");
        fs::write(from.join("library/inline0.js"), "export {}").expect("a file");
        let mut rows = Vec::new();
        let name = write_snippets(&from, &site, &mut rows)
            .expect("written")
            .expect("a folder");
        assert!(site.join(&name).join("library/inline0.js.br").is_file());
        assert_eq!(rows.len(), 1);
    }
}
