//! Who may import whom: the invariants of ARCHITECTURE.md, as far as the text of the sources and the
//! resolved dependencies show them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::{
    dependencies::Package,
    process::{Doing as _, Result, fail, root},
};

/// What must not be anywhere in the tree of `model`: it does no IO, is not asynchronous, and has no
/// clock or chance.
const NOT_IN_MODEL: [&str; 11] = [
    "async-trait",
    "axum",
    "clap",
    "leptos",
    "object_store",
    "rand",
    "reqwest",
    "sqlx",
    "tokio",
    "tracing",
    "walkdir",
];

/// What `app` must not ask for itself: it reaches everything through `app::api`.
const NOT_IN_APP: [&str; 6] = [
    "axum",
    "leptos_axum",
    "object_store",
    "sqlx",
    "tokio",
    "tower-http",
];

/// Words that must not stand in the sources of one place, outside of tests and comments.
struct Ban {
    /// A folder or file of the workspace.
    within: &'static str,
    /// Folders or files in it that are the home of the thing.
    homes: &'static [&'static str],
    words: &'static [&'static str],
    reason: &'static str,
}

const BANS: [Ban; 6] = [
    Ban {
        within: "model/src",
        homes: &[],
        words: &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
            "SystemTime",
            "Instant",
            "Utc::now",
            "async fn",
            "async move",
        ],
        reason: "`model` does no IO and never asks what time it is",
    },
    Ban {
        within: "app/src",
        homes: &[],
        words: &["sqlx::", "tokio::", "axum::", "leptos_axum", "object_store"],
        reason: "`app` reaches data through `app::api` only",
    },
    Ban {
        within: "server/src",
        homes: &["server/src/store", "server/src/store.rs"],
        words: &[
            "sqlx::",
            "use sqlx",
            "\"SELECT ",
            "\"INSERT ",
            "\"UPDATE ",
            "\"DELETE FROM ",
            "\"CREATE ",
            "\"PRAGMA ",
        ],
        reason: "all SQL lives under server/src/store",
    },
    Ban {
        within: "server/src",
        homes: &["server/src/http"],
        words: &["\"/api/v2", "\"/api/v1"],
        reason: "our URLs are built in app/src/paths.rs and routed in server/src/http",
    },
    Ban {
        within: "app/src",
        // Routes are patterns, which the router's macro takes as literals.
        homes: &["app/src/paths.rs", "app/src/lib.rs"],
        words: &["/api/v2", "\"/d/"],
        reason: "our URLs are built in app/src/paths.rs",
    },
    Ban {
        within: "server/src",
        // The simulation writes a bucket as others do; sharing its paths would hide a mistake in them.
        homes: &["server/src/prow/layout.rs", "server/src/simulate"],
        words: &[
            "\"logs/",
            "\"pr-logs/",
            "\"started.json\"",
            "\"finished.json\"",
            "\"podinfo.json\"",
        ],
        reason: "all bucket paths are in server/src/prow/layout.rs",
    },
];

/// For each module of the server, the modules that it must not name. The first entry that a file is
/// within counts.
const MUST_NOT_NAME: [(&str, &[&str]); 11] = [
    (
        "prow",
        &[
            "bucket", "http", "pipeline", "read", "simulate", "store", "testgrid",
        ],
    ),
    // Importing writes results, as the pipeline does.
    (
        "testgrid/import",
        &["bucket", "http", "pipeline", "read", "simulate"],
    ),
    (
        "testgrid",
        &["bucket", "http", "pipeline", "read", "simulate", "store"],
    ),
    (
        "bucket",
        &["http", "pipeline", "read", "simulate", "store", "testgrid"],
    ),
    (
        "store",
        &[
            "bucket", "http", "pipeline", "prow", "read", "simulate", "testgrid",
        ],
    ),
    (
        "history",
        &[
            "bucket", "http", "pipeline", "prow", "read", "simulate", "testgrid",
        ],
    ),
    ("pipeline", &["http", "intake", "simulate"]),
    ("intake", &["bucket", "http", "simulate"]),
    ("read", &["bucket", "http", "pipeline", "prow", "simulate"]),
    ("http", &["bucket", "pipeline", "prow", "simulate"]),
    ("simulate", &["bucket", "http", "pipeline", "read", "store"]),
];

/// Checks all of it; answers how many source files were read.
pub(crate) fn check_layering(packages: &[Package]) -> Result<usize> {
    let mut problems = dependency_problems(packages);
    let sources = load_sources(&root())?;
    problems.extend(source_problems(&sources));
    if problems.is_empty() {
        Ok(sources.len())
    } else {
        fail(problems.join("\n       "))
    }
}

fn dependency_problems(packages: &[Package]) -> Vec<String> {
    let by_id: BTreeMap<&str, &Package> = packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let ours = |name: &str| {
        packages
            .iter()
            .find(|package| package.source.is_none() && package.name == name)
    };
    let mut problems = Vec::new();
    let (Some(model), Some(app)) = (ours("seamgrid-model"), ours("seamgrid-app")) else {
        return vec![
            "the packages seamgrid-model and seamgrid-app are not in the workspace".into(),
        ];
    };
    let mut seen = BTreeSet::new();
    let mut ahead = vec![model];
    while let Some(package) = ahead.pop() {
        if !seen.insert(package.id.as_str()) {
            continue;
        }
        if NOT_IN_MODEL.contains(&package.name.as_str()) {
            problems.push(format!("model depends on {}", package.name));
        }
        ahead.extend(package.uses.iter().filter_map(|id| by_id.get(id.as_str())));
    }
    for wanted in &app.wanted {
        if !wanted.dev && NOT_IN_APP.contains(&wanted.name.as_str()) {
            problems.push(format!("app depends on {}", wanted.name));
        }
    }
    problems
}

/// One file: its path from the root of the workspace and what of its text counts.
type Source = (String, String);

fn load_sources(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut ahead: Vec<_> = ["model/src", "app/src", "server/src"]
        .map(|folder| root.join(folder))
        .into();
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder).doing(format_args!("list {}", folder.display()))? {
            let path = entry
                .doing(format_args!("list {}", folder.display()))?
                .path();
            if path.is_dir() {
                // A module that is only there for tests.
                if path.file_name().is_some_and(|name| name != "tests") {
                    ahead.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && path.file_name().is_some_and(|name| name != "tests.rs")
            {
                let text =
                    fs::read_to_string(&path).doing(format_args!("read {}", path.display()))?;
                let relative = path.strip_prefix(root).unwrap_or(&path);
                sources.push((
                    relative.to_string_lossy().into_owned(),
                    without_tests(&text),
                ));
            }
        }
    }
    sources.sort();
    Ok(sources)
}

/// The text up to its test module, lines of comment emptied, so that line numbers stay.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let opens_tests = line == "#[cfg(test)]"
            && lines
                .peek()
                .is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
        if opens_tests {
            break;
        }
        if !line.trim_start().starts_with("//") {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept
}

fn source_problems(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in sources {
        for ban in &BANS {
            if !is_within(path, ban.within) || ban.homes.iter().any(|home| is_within(path, home)) {
                continue;
            }
            for (index, line) in text.lines().enumerate() {
                if let Some(word) = ban.words.iter().find(|word| line.contains(*word)) {
                    problems.push(format!("{path}:{}: `{word}`: {}", index + 1, ban.reason));
                }
            }
        }
        let of_file = MUST_NOT_NAME.iter().find(|(module, _)| {
            let folder = format!("server/src/{module}");
            is_within(path, &folder) || *path == format!("{folder}.rs")
        });
        if let Some((module, banned)) = of_file {
            let named = modules_named(text);
            for other in banned.iter().filter(|other| named.contains(**other)) {
                problems.push(format!("{path}: `{module}` must not name `{other}`"));
            }
        }
    }
    problems
}

fn is_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The top modules of the crate that a text names: of `crate::a::b` and `crate::{a, b::c}`.
fn modules_named(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (index, _) in text.match_indices("crate::") {
        let rest = &text[index + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            named.insert(first_word(rest));
            continue;
        };
        let mut depth = 0_u32;
        let mut begins = true;
        for (offset, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && !character.is_whitespace() => {
                    named.insert(first_word(&group[offset..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    named
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        source_problems(&[(path.into(), without_tests(text))])
    }

    #[test]
    fn modules_are_found_in_groups() {
        let named = modules_named(
            "use crate::{\n    bucket::{list, read},\n    store,\n};\nuse crate::prow::layout;",
        );
        assert_eq!(
            named.into_iter().collect::<Vec<_>>(),
            ["bucket", "prow", "store"]
        );
    }

    #[test]
    fn what_is_out_of_place_is_told() {
        for (path, text) in [
            ("model/src/run.rs", "let now = SystemTime::now();"),
            ("app/src/lib.rs", "use tokio::sync::Mutex;"),
            ("server/src/read.rs", "sqlx::query(text)"),
            ("server/src/main.rs", "let text = \"SELECT 1\";"),
            ("server/src/read.rs", "let url = \"/api/v2/releases\";"),
            ("app/src/pages/tab.rs", "fetch(\"/api/v2/releases\")"),
            ("server/src/pipeline/mod.rs", "name == \"started.json\""),
            ("server/src/http/pages.rs", "use crate::{bucket, read};"),
            ("server/src/read.rs", "use crate::http::Router;"),
            ("server/src/testgrid/yaml.rs", "use crate::store::Store;"),
        ] {
            assert_eq!(problems(path, text).len(), 1, "{path}: {text}");
        }
    }

    #[test]
    fn homes_tests_and_comments_are_free() {
        for (path, text) in [
            ("server/src/store/sqlite.rs", "sqlx::query(\"SELECT 1\")"),
            ("server/src/testgrid/import.rs", "use crate::store::Store;"),
            ("app/src/paths.rs", "\"/api/v2/releases\""),
            ("server/src/http/v2.rs", "\"/api/v2/releases\""),
            ("server/src/prow/layout.rs", "\"started.json\""),
            ("model/src/run.rs", "// SystemTime is not for us"),
            (
                "model/src/run.rs",
                "#[cfg(test)]\nmod tests {\n  std::fs::read(x)\n}",
            ),
            (
                "server/src/pipeline/mod.rs",
                "use crate::{bucket, prow, read, store};",
            ),
        ] {
            assert_eq!(problems(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn a_dependency_out_of_place_is_told() {
        let package = |name: &str, uses: &[&str]| Package {
            id: name.into(),
            name: name.into(),
            version: String::new(),
            license: String::new(),
            source: None,
            wanted: Vec::new(),
            uses: uses.iter().map(|&name| name.into()).collect(),
        };
        let mut packages = vec![
            package("seamgrid-model", &["serde"]),
            package("seamgrid-app", &["tokio"]),
            package("serde", &[]),
            package("tokio", &[]),
        ];
        assert!(dependency_problems(&packages).is_empty());
        packages[2].uses.push("tokio".into());
        assert_eq!(dependency_problems(&packages), ["model depends on tokio"]);
    }
}
