//! The rules of `deny.toml` that need no advisory database, checked over `cargo metadata`:
//! licences, banned crates, wildcard versions, sources. The file is cargo-deny's, which compiles for
//! minutes and looks further (advisories); what is checked here is exactly what is said here.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::{
    process::{Doing as _, Failure, Result, cargo, command, fail, output_of, root},
    tools::WASM_TARGET,
};

/// One third-party or own package, as cargo resolved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression; empty when the package states none.
    pub(crate) license: String,
    /// Where it comes from; `None` for our own.
    pub(crate) source: Option<String>,
    /// What its manifest asks for.
    pub(crate) wanted: Vec<Wanted>,
    /// The ids of what it resolved to, development dependencies left out.
    pub(crate) uses: Vec<String>,
}

/// A dependency as a manifest states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) requirement: String,
    pub(crate) has_path: bool,
    /// Only for tests and benchmarks.
    pub(crate) dev: bool,
}

/// Everything in `Cargo.lock` that this machine and the browser need.
pub(crate) fn load_packages() -> Result<Vec<Package>> {
    let rustc = output_of(command("rustc").arg("-vV"))?;
    let host = rustc
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or_else(|| Failure("`rustc -vV` does not name its host".into()))?;
    let text = output_of(cargo().args([
        "metadata",
        "--format-version=1",
        "--locked",
        &format!("--filter-platform={host}"),
        &format!("--filter-platform={WASM_TARGET}"),
    ]))?;
    let metadata: Value = serde_json::from_str(&text).doing("read what `cargo metadata` says")?;
    parse_packages(&metadata).ok_or_else(|| Failure("`cargo metadata` has another form".into()))
}

fn parse_packages(metadata: &Value) -> Option<Vec<Package>> {
    let nodes = metadata.get("resolve")?.get("nodes")?.as_array()?;
    let uses = |id: &str| -> Option<Vec<String>> {
        let node = nodes.iter().find(|node| node["id"] == id)?;
        let mut uses = Vec::new();
        for dependency in node.get("deps")?.as_array()? {
            let kinds = dependency.get("dep_kinds")?.as_array()?;
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                uses.push(dependency.get("pkg")?.as_str()?.to_owned());
            }
        }
        Some(uses)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    metadata
        .get("packages")?
        .as_array()?
        .iter()
        .map(|package| {
            let id = text(&package["id"]);
            Some(Package {
                uses: uses(&id)?,
                id,
                name: text(&package["name"]),
                version: text(&package["version"]),
                license: text(&package["license"]),
                source: package["source"].as_str().map(str::to_owned),
                wanted: package
                    .get("dependencies")?
                    .as_array()?
                    .iter()
                    .map(|wanted| Wanted {
                        name: text(&wanted["name"]),
                        requirement: text(&wanted["req"]),
                        has_path: wanted["path"].is_string(),
                        dev: wanted["kind"] == "dev",
                    })
                    .collect(),
            })
        })
        .collect()
}

/// The rules of `deny.toml` that are checked here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rules {
    licenses: BTreeSet<String>,
    /// Crate, and a licence that is allowed for it alone.
    exceptions: Vec<(String, String)>,
    /// Crate and reason.
    bans: Vec<(String, String)>,
}

impl Rules {
    fn parse(text: &str) -> Result<Self> {
        let file: toml::Table = text.parse().doing("read deny.toml")?;
        let list = |section: &str, key: &str| {
            file.get(section)
                .and_then(|section| section.get(key))
                .and_then(toml::Value::as_array)
                .ok_or_else(|| Failure(format!("deny.toml has no list `{key}` in [{section}]")))
        };
        for (section, key) in [
            ("bans", "wildcards"),
            ("sources", "unknown-registry"),
            ("sources", "unknown-git"),
        ] {
            if file.get(section).and_then(|section| section.get(key))
                != Some(&toml::Value::String("deny".into()))
            {
                return fail(format!(
                    "deny.toml must say `{key} = \"deny\"` in [{section}]: nothing else is checked here"
                ));
            }
        }
        let word = |value: &toml::Value, key: &str| {
            value
                .get(key)
                .and_then(toml::Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| Failure(format!("deny.toml: an entry without `{key}`: {value:?}")))
        };
        let bans = list("bans", "deny")?
            .iter()
            .map(|ban| Ok((word(ban, "crate")?, word(ban, "reason")?)))
            .collect::<Result<_>>()?;
        let licenses = list("licenses", "allow")?
            .iter()
            .filter_map(|license| license.as_str().map(str::to_owned))
            .collect();
        let mut exceptions = Vec::new();
        for exception in list("licenses", "exceptions")? {
            let name = word(exception, "crate")?;
            let allow = exception.get("allow").and_then(toml::Value::as_array);
            for license in allow.into_iter().flatten().filter_map(toml::Value::as_str) {
                exceptions.push((name.clone(), license.to_owned()));
            }
        }
        Ok(Self {
            licenses,
            exceptions,
            bans,
        })
    }

    fn problems(&self, package: &Package) -> Vec<String> {
        let Package { name, version, .. } = package;
        let mut problems = Vec::new();
        for (banned, reason) in &self.bans {
            if name == banned {
                problems.push(format!("{name} {version} is banned: {reason}"));
            }
        }
        match &package.source {
            None => {
                for wanted in &package.wanted {
                    if wanted.requirement == "*" && !wanted.has_path {
                        problems.push(format!("{name} takes any version of {}", wanted.name));
                    }
                }
            }
            Some(source) => {
                // Another registry could only come from a line in our own manifests, which name none.
                if !source.starts_with("registry+") {
                    problems.push(format!("{name} {version} comes from {source}"));
                }
                let is_excepted = self
                    .exceptions
                    .iter()
                    .any(|(excepted, license)| name == excepted && package.license == *license);
                match is_allowed(&package.license, &self.licenses) {
                    Some(true) => {}
                    Some(false) if is_excepted => {}
                    Some(false) => problems.push(format!(
                        "{name} {version} has the licence `{}`, which deny.toml does not allow",
                        package.license
                    )),
                    None => problems.push(format!(
                        "{name} {version} states its licence as `{}`, which cannot be read",
                        package.license
                    )),
                }
            }
        }
        problems
    }
}

/// Checks every package; answers how many there are.
pub(crate) fn check_dependencies(packages: &[Package]) -> Result<usize> {
    let text = fs::read_to_string(root().join("deny.toml")).doing("read deny.toml")?;
    let rules = Rules::parse(&text)?;
    let problems: Vec<String> = packages
        .iter()
        .flat_map(|package| rules.problems(package))
        .collect();
    if problems.is_empty() {
        Ok(packages.len())
    } else {
        fail(problems.join("\n       "))
    }
}

/// Whether an SPDX expression is satisfied by the allowed licences; `None` when it is no expression.
/// A `/` between names is the old way to write `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> Option<bool> {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let answer = alternatives(&mut rest, allowed)?;
    rest.is_empty().then_some(answer)
}

fn alternatives(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut answer = conjunction(words, allowed)?;
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        answer |= conjunction(words, allowed)?;
    }
    Some(answer)
}

fn conjunction(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut answer = license(words, allowed)?;
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        answer &= license(words, allowed)?;
    }
    Some(answer)
}

fn license(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let (&first, rest) = words.split_first()?;
    *words = rest;
    match first {
        "(" => {
            let answer = alternatives(words, allowed)?;
            let (&close, rest) = words.split_first()?;
            *words = rest;
            (close == ")").then_some(answer)
        }
        ")" | "AND" | "OR" | "WITH" => None,
        name => {
            if words.first() != Some(&"WITH") {
                return Some(allowed.contains(name));
            }
            let exception = *words.get(1)?;
            *words = &words[2..];
            Some(allowed.contains(&format!("{name} WITH {exception}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            licenses: ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
                .map(str::to_owned)
                .into(),
            exceptions: vec![("excepted".into(), "MPL-2.0".into())],
            bans: vec![("openssl-sys".into(), "no".into())],
        }
    }

    fn package(name: &str, license: &str, source: &str) -> Package {
        Package {
            id: name.into(),
            name: name.into(),
            version: "1.0.0".into(),
            license: license.into(),
            source: Some(source.into()),
            wanted: Vec::new(),
            uses: Vec::new(),
        }
    }

    #[test]
    fn licence_expressions() {
        let allowed = rules().licenses;
        for (expression, expected) in [
            ("MIT", Some(true)),
            ("MIT OR Apache-2.0", Some(true)),
            ("MIT/GPL-3.0", Some(true)),
            ("GPL-3.0 OR MIT", Some(true)),
            ("GPL-3.0", Some(false)),
            ("MIT AND GPL-3.0", Some(false)),
            ("(MIT OR GPL-3.0) AND Apache-2.0", Some(true)),
            ("MIT AND (GPL-3.0 OR ISC)", Some(false)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("Apache-2.0 WITH Other-exception", Some(false)),
            ("", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT MIT", None),
        ] {
            assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn bans_sources_and_wildcards_are_told() {
        let registry = "registry+https://example.com/index";
        let rules = rules();
        assert!(rules.problems(&package("a", "MIT", registry)).is_empty());
        assert_eq!(
            rules
                .problems(&package("openssl-sys", "MIT", registry))
                .len(),
            1
        );
        assert_eq!(
            rules
                .problems(&package("a", "MIT", "git+https://example.com/a"))
                .len(),
            1
        );
        assert_eq!(rules.problems(&package("a", "", registry)).len(), 1);
        assert_eq!(rules.problems(&package("a", "MPL-2.0", registry)).len(), 1);
        assert!(
            rules
                .problems(&package("excepted", "MPL-2.0", registry))
                .is_empty()
        );
        let mut ours = package("ours", "", "");
        ours.source = None;
        ours.wanted = vec![Wanted {
            name: "any".into(),
            requirement: "*".into(),
            has_path: false,
            dev: false,
        }];
        assert_eq!(rules.problems(&ours).len(), 1);
        ours.wanted[0].has_path = true;
        assert!(rules.problems(&ours).is_empty());
    }

    #[test]
    fn the_file_of_this_workspace_is_understood() {
        let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
        let rules = Rules::parse(&text).expect("rules");
        assert!(rules.licenses.contains("MIT"));
        assert!(rules.bans.iter().any(|(name, _)| name == "openssl-sys"));
        assert!(Rules::parse("[licenses]\nallow = []").is_err());
    }
}
