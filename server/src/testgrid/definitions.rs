//! The effective definitions in a Prow job file: its jobs, presets and Prow's own settings, digested for
//! comparison.

use model::impact::{Job, JobKind, Preset, ProwSettings, Tree};

use super::yaml::{self, Kind, Node};

/// What one file says about jobs.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// In the order of the file.
    pub jobs: Vec<Job>,
    /// The line at which each of `jobs` begins, from 1; as many.
    pub lines: Vec<u32>,
    /// In the order of the file.
    pub presets: Vec<Preset>,
    /// Where the file is Prow's own configuration.
    pub prow: Option<ProwSettings>,
    /// Why the file is not YAML or no job file: a line and one sentence. What stands before is known
    /// still, but what is missing is not.
    pub flaw: Option<(u32, String)>,
}

/// Reads one file.
pub fn parse_definitions(text: &str) -> Definitions {
    let (documents, flaws) = yaml::parse(text);
    let mut found = Definitions {
        // Keys that stand twice leave the rest as it is.
        flaw: flaws
            .into_iter()
            .find(|flaw| flaw.message.starts_with("not YAML"))
            .map(|flaw| (flaw.line, flaw.message)),
        ..Definitions::default()
    };
    for document in &documents {
        found.add(document);
    }
    found
}

impl Definitions {
    fn add(&mut self, document: &Node) {
        if let Some(presets) = document.get("presets") {
            let digested = presets.items().iter().filter_map(tree);
            self.presets
                .extend(digested.map(|tree| Preset::digest(&tree)));
        }
        if document.get("plank").is_some()
            && let Some(tree) = tree(document)
        {
            self.prow = Some(ProwSettings::digest(&tree));
        }
        if let Some(list) = document.get("periodics") {
            self.add_list(list, JobKind::Periodic, "");
        }
        for (key, kind) in [
            ("postsubmits", JobKind::Postsubmit),
            ("presubmits", JobKind::Presubmit),
        ] {
            let Some(node) = document.get(key) else {
                continue;
            };
            match &node.kind {
                Kind::Mapping(repos) => {
                    for repo in repos {
                        self.add_list(&repo.value, kind, &repo.key);
                    }
                }
                Kind::Sequence(_) => self.add_list(node, kind, ""),
                Kind::Scalar { .. } => self.not_a_list(node, key),
            }
        }
    }

    fn add_list(&mut self, list: &Node, kind: JobKind, repo: &str) {
        if list.is_null() {
            return;
        }
        if !matches!(list.kind, Kind::Sequence(_)) {
            self.not_a_list(list, repo);
            return;
        }
        for node in list.items() {
            if let Some(job) = tree(node).and_then(|tree| Job::digest(kind, repo, &tree)) {
                self.jobs.push(job);
                self.lines.push(node.line);
            }
        }
    }

    fn not_a_list(&mut self, node: &Node, what: &str) {
        let message = format!("{what} is {}, not a list of jobs", node.describe());
        self.flaw.get_or_insert((node.line, message));
    }
}

/// The value of a node; `None` for null.
fn tree(node: &Node) -> Option<Tree> {
    match &node.kind {
        Kind::Scalar { .. } if node.is_null() => None,
        Kind::Scalar { text, plain } => Some(Tree::Text(if *plain {
            plain_text(text)
        } else {
            text.clone()
        })),
        Kind::Sequence(items) => Some(Tree::List(items.iter().filter_map(tree).collect())),
        Kind::Mapping(entries) => Some(Tree::Map(
            entries
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), tree(&entry.value)?)))
                .collect(),
        )),
    }
}

/// A scalar without quotes as Go's YAML reads it: switches in lower case, octal numbers (modes of files)
/// in decimal.
fn plain_text(text: &str) -> String {
    match text {
        "True" | "TRUE" => return "true".to_owned(),
        "False" | "FALSE" => return "false".to_owned(),
        _ => {}
    }
    let digits = text
        .strip_prefix("0o")
        .or_else(|| text.strip_prefix('0'))
        .filter(|digits| !digits.is_empty());
    match digits.and_then(|digits| u32::from_str_radix(digits, 8).ok()) {
        Some(number) => number.to_string(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_jobs_presets_and_settings() {
        let found = parse_definitions(
            "
periodics:
- name: a
  interval: 2h
presubmits:
  o/r:
  - name: b
    branches: [main]
  - {}
postsubmits:
  o/s: null
presets:
- labels: {preset-x: 'true'}
plank:
  default_decoration_config_entries: []
",
        );
        assert_eq!(found.flaw, None);
        let keys: Vec<(&str, &str)> = found
            .jobs
            .iter()
            .map(|job| (job.key.repo.as_str(), job.key.name.as_str()))
            .collect();
        assert_eq!(keys, [("", "a"), ("o/r", "b")]);
        assert_eq!(found.lines, [3, 7]);
        assert_eq!(found.presets.len(), 1);
        assert!(found.prow.is_some());
    }

    #[test]
    fn what_is_no_job_file_is_said() {
        for (text, line) in [
            ("periodics:\n- name: a\n  x: [\n", 4),
            ("periodics:\n  name: a\n", 2),
            ("presubmits: 3\n", 1),
        ] {
            let flaw = parse_definitions(text).flaw.expect("it is wrong");
            assert!(flaw.0.abs_diff(line) <= 1, "{text:?}: {flaw:?}");
        }
        assert_eq!(parse_definitions("a: 1\na: 2\n").flaw, None);
        assert_eq!(parse_definitions("").flaw, None);
    }

    #[test]
    fn scalars_mean_what_go_reads() {
        for (text, value) in [
            ("True", "true"),
            ("0400", "256"),
            ("0", "0"),
            ("08", "08"),
            ("0.5", "0.5"),
            ("12", "12"),
        ] {
            assert_eq!(plain_text(text), value);
        }
    }
}
