//! The real job configurations and the real merges of 180 days: a repository is rebuilt in which each
//! merge changes exactly the jobs that the real one changed, as far as those still exist, and the map
//! must tell which those were.
//!
//! The contents of the files at each merge are not recorded, only which jobs' definitions differed. So
//! each job gets a new image tag where it has one and the merge speaks of images, or else another value
//! of a setting; Prow's own configuration gets new utility images, and presets get a new value where the
//! record says that those changed; all other files that the merge changed get a new content.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    io::Read,
    path::Path,
};

use model::impact::JobKind;
use seamgrid::testgrid::definitions::parse_definitions;
use serde::Deserialize;
use walkdir::WalkDir;

use super::repository::NewRepository;
use crate::shared::shared;

const CONFIGURATION: &str = "data/testgrid-configs/kubernetes-test-infra";
const PROW: &str = "config/prow/config.yaml";
const DAY_MS: i64 = 24 * 3_600_000;

/// One real merge.
#[derive(Deserialize)]
pub(crate) struct Merge {
    pub(crate) sha: String,
    pub(crate) merged_s: i64,
    subject: String,
    /// `["P", name]` or `[kind, repository, name, branches]`.
    jobs: Vec<Vec<String>>,
    /// `plank`, or `presets:` and a file.
    pub(crate) global: Vec<String>,
    /// Files that jobs run.
    pub(crate) harness: Vec<String>,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
    files: Vec<String>,
}

/// What tells a job from others, as the record has it.
type Identity = (JobKind, String, String);

fn identity(job: &[String]) -> Identity {
    match job {
        [_, name] => (JobKind::Periodic, String::new(), name.clone()),
        [kind, repo, name, ..] => {
            let kind = if kind == "presubmits" {
                JobKind::Presubmit
            } else {
                JobKind::Postsubmit
            };
            (kind, repo.clone(), name.clone())
        }
        other => panic!("not a job: {other:?}"),
    }
}

pub(crate) fn unpack(path: &str) -> String {
    let file = fs::File::open(shared(path)).expect("it is there");
    let mut text = String::new();
    zstd::Decoder::new(file)
        .and_then(|mut decoder| {
            decoder
                .window_log_max(31)
                .and_then(|()| decoder.read_to_string(&mut text))
        })
        .expect("it is compressed text");
    text
}

/// A file whose jobs can be changed one by one.
struct Editable {
    lines: Vec<String>,
}

/// Where a job can be changed.
#[derive(Clone)]
struct Spot {
    file: String,
    /// Of the line with a setting that nothing reads.
    setting: usize,
    /// Of the line with an image whose tag names a commit, where it has one of its own.
    image: Option<usize>,
}

#[derive(Default)]
struct Tree {
    files: BTreeMap<String, Editable>,
    spots: HashMap<Identity, Vec<Spot>>,
}

/// Reads the configuration, and gives each job a setting that can be changed.
fn load() -> Tree {
    let root = shared(CONFIGURATION);
    let mut tree = Tree::default();
    for entry in WalkDir::new(root.join("config")).sort_by_file_name() {
        let entry = entry.expect("it can be read");
        let path = entry.path();
        let name = path
            .strip_prefix(&root)
            .expect("it is below")
            .display()
            .to_string();
        let is_job = name.starts_with("config/jobs/")
            && path
                .extension()
                .is_some_and(|extension| extension == "yaml");
        if !entry.file_type().is_file() || !(is_job || name == PROW) {
            continue;
        }
        let text = fs::read_to_string(path).expect("it is text");
        let found = parse_definitions(&text);
        assert_eq!(found.flaw, None, "{name}");
        let old: Vec<&str> = text.lines().collect();
        let mut starts: BTreeMap<usize, Vec<Identity>> = BTreeMap::new();
        for (job, line) in found.jobs.iter().zip(&found.lines) {
            let key = &job.key;
            let identity = (key.kind, key.repo.clone(), key.name.clone());
            starts.entry(*line as usize - 1).or_default().push(identity);
        }
        let mut lines: Vec<String> = Vec::with_capacity(old.len() + starts.len());
        let mut open: Option<(Vec<Identity>, Spot)> = None;
        for (index, line) in old.iter().enumerate() {
            let Some(jobs) = starts.get(&index) else {
                if let Some((_, spot)) = &mut open
                    && spot.image.is_none()
                    && tag_in(line).is_some()
                {
                    spot.image = Some(lines.len());
                }
                lines.push((*line).to_owned());
                continue;
            };
            tree.close(open.take());
            let indent = line.len() - line.trim_start().len();
            let Some(rest) = line
                .trim_start()
                .strip_prefix("- ")
                .filter(|rest| !rest.trim_start().starts_with(['&', '{']))
            else {
                lines.push((*line).to_owned());
                continue;
            };
            let gap = rest.len() - rest.trim_start().len();
            let dash = format!("{}-{}", " ".repeat(indent), " ".repeat(gap + 1));
            let spot = Spot {
                file: name.clone(),
                setting: lines.len(),
                image: None,
            };
            lines.push(format!("{dash}impact_test: r0"));
            lines.push(format!("{}{}", " ".repeat(dash.len()), rest.trim_start()));
            open = Some((jobs.clone(), spot));
        }
        tree.close(open.take());
        tree.files.insert(name, Editable { lines });
    }
    tree
}

/// The part of a line that is the day and commit of an image's tag.
pub(crate) fn tag_in(line: &str) -> Option<(usize, usize)> {
    let image = line.find("image: ")?;
    let tag = image + line[image..].find(":v20")?;
    let end = line[tag..].find('-').map(|dash| tag + dash + 1)?;
    let length = line[end..]
        .bytes()
        .take_while(u8::is_ascii_hexdigit)
        .count();
    (length >= 7).then_some((end, end + length))
}

impl Tree {
    fn close(&mut self, open: Option<(Vec<Identity>, Spot)>) {
        if let Some((jobs, spot)) = open {
            for job in jobs {
                self.spots.entry(job).or_default().push(spot.clone());
            }
        }
    }

    fn text(&self, file: &str) -> String {
        let mut text = String::new();
        for line in &self.files[file].lines {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// Changes a job at a spot.
    fn edit(&mut self, spot: &Spot, by_image: bool, number: usize) {
        let lines = &mut self.files.get_mut(&spot.file).expect("it is one").lines;
        if let Some(line) = spot.image.filter(|_| by_image)
            && let Some((from, to)) = tag_in(&lines[line])
        {
            lines[line].replace_range(from..to, &format!("{number:010x}"));
            return;
        }
        let line = &mut lines[spot.setting];
        let at = line.rfind("impact_test:").expect("it has the setting");
        line.truncate(at);
        let _ = write!(line, "impact_test: r{number}");
    }
}

/// What was rebuilt.
pub(crate) struct Rebuilt {
    /// What each merge must be found to change: job names.
    pub(crate) expected: Vec<BTreeSet<String>>,
    /// Jobs that the record names.
    pub(crate) recorded: usize,
    /// Those of them that still exist.
    pub(crate) existing: usize,
    /// Oldest first.
    pub(crate) merges: Vec<Merge>,
}

/// Writes the repository to `path`.
pub(crate) fn rebuild(path: &Path) -> Rebuilt {
    let merges: Vec<Merge> = unpack("data/impact/merges.jsonl.zst")
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is a merge"))
        .collect();
    let others: HashMap<String, Vec<String>> =
        unpack("data/git-history/kubernetes-test-infra.24mo.full.jsonl.zst")
            .lines()
            .map(|line| serde_json::from_str::<Commit>(line).expect("it is a commit"))
            .map(|commit| (commit.sha[..10].to_owned(), commit.files))
            .collect();
    let mut repository = NewRepository::create(path);
    let mut tree = load();
    let begin_ms = merges[0].merged_s * 1000 - DAY_MS;
    let all: Vec<(String, String)> = tree
        .files
        .keys()
        .map(|file| (file.clone(), tree.text(file)))
        .collect();
    let all: Vec<(&str, Option<&str>)> = all
        .iter()
        .map(|(file, text)| (file.as_str(), Some(text.as_str())))
        .collect();
    repository.commit(begin_ms, "The configuration", None, &all);
    let (mut recorded, mut existing) = (0, 0);
    let mut expected = Vec::new();
    for (number, merge) in merges.iter().enumerate() {
        let subject = merge.subject.to_lowercase();
        let by_image = ["bump", "image", "kubekins", "krte"]
            .iter()
            .any(|word| subject.contains(word));
        let mut files: BTreeSet<String> = BTreeSet::new();
        let mut names = BTreeSet::new();
        for job in &merge.jobs {
            recorded += 1;
            let identity = identity(job);
            let Some(spots) = tree.spots.get(&identity).cloned() else {
                continue;
            };
            existing += 1;
            names.insert(identity.2);
            for spot in spots {
                tree.edit(&spot, by_image, number + 1);
                files.insert(spot.file);
            }
        }
        for global in &merge.global {
            let file = global.strip_prefix("presets:").unwrap_or(PROW);
            let Some(editable) = tree.files.get_mut(file) else {
                continue;
            };
            if file == PROW {
                for line in &mut editable.lines {
                    if let Some(at) = line.find("v20260821-a6194") {
                        line.truncate(at + "v20260821-a6194".len());
                        let _ = write!(line, "{number:04}\"");
                    }
                }
            } else {
                let mut presets = editable.lines.iter_mut();
                presets.find(|line| line.starts_with("presets:"));
                if let Some(line) = presets.find(|line| line.trim_start().starts_with("value: ")) {
                    let at = line.find("value: ").unwrap_or(0) + "value: ".len();
                    line.truncate(at);
                    let _ = write!(line, "\"{number}\"");
                }
            }
            files.insert(file.to_owned());
        }
        let mut changed: Vec<(String, Option<String>)> = files
            .into_iter()
            .map(|file| {
                let text = tree.text(&file);
                (file, Some(text))
            })
            .collect();
        for file in others.get(&merge.sha).into_iter().flatten() {
            let path = file.split_once(':').map_or("", |(_, path)| path);
            let is_definition = path.starts_with("config/jobs/") || path == PROW;
            // Names that would have to be quoted.
            if !is_definition && !path.contains([' ', '"', '\\']) {
                changed.push((path.to_owned(), Some(merge.sha.clone())));
            }
        }
        let changed: Vec<(&str, Option<&str>)> = changed
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_deref()))
            .collect();
        repository.commit(merge.merged_s * 1000, &merge.subject, None, &changed);
        expected.push(names);
    }
    repository.finish();
    Rebuilt {
        expected,
        recorded,
        existing,
        merges,
    }
}
