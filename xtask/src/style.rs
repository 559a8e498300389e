//! One style sheet of `style/main.css` and what it imports.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::process::{Doing as _, Result, fail};

/// The text of `path` with each `@import "file.css";` replaced by that file, once. Other forms of
/// `@import` (URLs, layers, media) are refused: nothing of ours is fetched from elsewhere.
pub(crate) fn bundle(path: &Path) -> Result<String> {
    let mut seen = Vec::new();
    let mut text = String::new();
    inline(path, &mut seen, &mut text)?;
    Ok(text)
}

fn inline(path: &Path, seen: &mut Vec<PathBuf>, out: &mut String) -> Result<()> {
    let canonical = path
        .canonicalize()
        .doing(format_args!("find the style sheet {}", path.display()))?;
    if seen.contains(&canonical) {
        return Ok(());
    }
    seen.push(canonical);
    let text = fs::read_to_string(path).doing(format_args!("read {}", path.display()))?;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if !trimmed.starts_with("@import") {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let Some(name) = imported(trimmed) else {
            return fail(format!(
                "{}:{}: only `@import \"file.css\";` alone on its line is understood, not `{trimmed}`",
                path.display(),
                index + 1
            ));
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        inline(&folder.join(name), seen, out)?;
    }
    Ok(())
}

/// The file that one `@import` line names.
fn imported(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("@import")?
        .trim()
        .strip_suffix(';')?
        .trim();
    let rest = rest
        .strip_prefix("url(")
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(rest)
        .trim();
    let name = ['"', '\'']
        .iter()
        .find_map(|&quote| rest.strip_prefix(quote)?.strip_suffix(quote))?;
    let plain = !name.contains(['"', '\'', ':']) && !name.starts_with('/');
    plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_inlined_once_and_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("a file");
        };
        write(
            "main.css",
            "@import \"a.css\";\n@import url('b.css');\nmain {}\n",
        );
        write("a.css", "a {}\n");
        write("b.css", "@import \"a.css\";\nb {}\n");
        let text = bundle(&folder.path().join("main.css")).expect("a bundle");
        assert_eq!(text, "a {}\nb {}\nmain {}\n");
    }

    #[test]
    fn what_would_be_fetched_is_refused() {
        for line in [
            "@import \"https://example.com/x.css\";",
            "@import \"/x.css\";",
            "@import \"a.css\" print;",
            "@import \"a.css\"",
        ] {
            assert_eq!(imported(line), None, "{line}");
        }
        assert_eq!(imported("@import 'a.css';"), Some("a.css"));
    }
}
