//! Which images a change moves, by its diff: what a commit does, whatever its message says.

use std::collections::{BTreeMap, BTreeSet};

use super::bump::Bump;

/// A line longer than this names no image.
const LINE_CAP: usize = 2_000;
/// How many moved images are kept of one commit.
const MOST: usize = 200;

/// Reads a unified diff line by line. Of each file the images on removed lines are compared with those
/// on added ones.
#[derive(Debug, Default)]
pub struct ImageMoves {
    removed: BTreeMap<String, BTreeSet<String>>,
    added: BTreeMap<String, BTreeSet<String>>,
    moves: BTreeMap<(String, String, String), u32>,
}

impl ImageMoves {
    /// Takes a line of the diff, without its end.
    pub fn push(&mut self, line: &str) {
        if line.starts_with("diff ") {
            self.end_file();
            return;
        }
        if line.starts_with("+++ ") || line.starts_with("--- ") || line.len() > LINE_CAP {
            return;
        }
        let side = match line.as_bytes().first() {
            Some(b'-') => &mut self.removed,
            Some(b'+') => &mut self.added,
            _ => return,
        };
        for (name, tag) in images(&line[1..]) {
            side.entry(name.to_owned())
                .or_default()
                .insert(tag.to_owned());
        }
    }

    /// The moves, by image; the diff is over.
    pub fn finish(mut self) -> Vec<Bump> {
        self.end_file();
        self.moves
            .into_iter()
            .take(MOST)
            .map(|((what, from, to), files)| Bump {
                what,
                from: Some(from),
                to: Some(to),
                files,
            })
            .collect()
    }

    fn end_file(&mut self) {
        let removed = std::mem::take(&mut self.removed);
        let added = std::mem::take(&mut self.added);
        for (name, before) in removed {
            let Some(after) = added.get(&name) else {
                continue;
            };
            let gone: Vec<&String> = before.difference(after).collect();
            let new: Vec<&String> = after.difference(&before).collect();
            // Variants of one image move together: `…-master` to `…-master`, `…-1.30` to `…-1.30`.
            for from in &gone {
                let to = new
                    .iter()
                    .find(|to| variant(to) == variant(from))
                    .or_else(|| new.first().filter(|_| new.len() == 1));
                if let Some(to) = to {
                    let known = (name.clone(), (*from).clone(), (**to).clone());
                    *self.moves.entry(known).or_default() += 1;
                }
            }
        }
    }
}

/// What stands behind the commit in a tag: `master` of `v20260810-7619858115-master`.
fn variant(tag: &str) -> &str {
    tag.splitn(3, '-').nth(2).unwrap_or_default()
}

/// The tagged images that a line names: `(registry/path/name, tag)`.
fn images(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let end = |letter: char| {
        letter.is_whitespace()
            || matches!(
                letter,
                '"' | '\'' | '`' | ',' | '=' | '(' | ')' | '[' | ']' | '{' | '}'
            )
    };
    line.split(end).filter_map(|word| {
        let word = word.split('@').next().unwrap_or(word);
        let slash = word.rfind('/')?;
        let colon = slash + word[slash..].find(':')?;
        let (name, tag) = (&word[..colon], &word[colon + 1..]);
        let plain = |text: &str, more: &[u8]| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        (plain(name, b".-_/:")
            && !name.contains("//")
            && plain(tag, b".-_")
            && tag.bytes().any(|byte| byte.is_ascii_digit()))
        .then_some((name, tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(diff: &str) -> Vec<String> {
        let mut moves = ImageMoves::default();
        for line in diff.lines() {
            moves.push(line);
        }
        moves
            .finish()
            .into_iter()
            .map(|bump| {
                format!(
                    "{} {}→{} {}",
                    bump.what,
                    bump.from.unwrap_or_default(),
                    bump.to.unwrap_or_default(),
                    bump.files
                )
            })
            .collect()
    }

    #[test]
    fn images_move_from_removed_to_added_lines() {
        let diff = "\
diff --git a/x.yaml b/x.yaml
--- a/x.yaml
+++ b/x.yaml
@@ -1 +1 @@
-        image: gcr.io/k8s-staging-boskos/boskos:v20260810-1111111111
+        image: gcr.io/k8s-staging-boskos/boskos:v20260612-2222222222
@@ -9 +9 @@
-      - image: \"gcr.io/x/kubekins-e2e:v20260801-aaaaaaa-master\"
-      - image: gcr.io/x/kubekins-e2e:v20260801-aaaaaaa-1.30
+      - image: \"gcr.io/x/kubekins-e2e:v20260802-bbbbbbb-master\"
+      - image: gcr.io/x/kubekins-e2e:v20260802-bbbbbbb-1.30
diff --git a/y.yaml b/y.yaml
-        image: gcr.io/k8s-staging-boskos/boskos:v20260810-1111111111
+        image: gcr.io/k8s-staging-boskos/boskos:v20260612-2222222222
-  url: https://example.com/a:8080
+  url: https://example.com/a:8081
";
        assert_eq!(
            moves(diff),
            [
                "gcr.io/k8s-staging-boskos/boskos v20260810-1111111111→v20260612-2222222222 2",
                "gcr.io/x/kubekins-e2e v20260801-aaaaaaa-1.30→v20260802-bbbbbbb-1.30 1",
                "gcr.io/x/kubekins-e2e v20260801-aaaaaaa-master→v20260802-bbbbbbb-master 1",
            ]
        );
    }

    #[test]
    fn what_only_comes_or_goes_does_not_move() {
        let none: [&str; 0] = [];
        for diff in [
            "",
            "+ image: a/b:v1",
            "- image: a/b:v1",
            "- image: a/b:v1\n+ image: a/b:v1",
            "- image: a/b:v1\n+ image: a/c:v2",
            "- image: a/b:v1\ndiff --git x y\n+ image: a/b:v2",
            "- image: a/b:latest\n+ image: a/b:stable",
            " image: a/b:v1\n image: a/b:v2",
        ] {
            assert_eq!(moves(diff), none, "{diff}");
        }
        assert_eq!(
            moves("-i: r:5000/b:v1@sha256:00\n+i: r:5000/b:v2"),
            ["r:5000/b v1→v2 1"]
        );
    }
}
