//! What becomes of jobs from one commit to the next.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    definition::Definition,
    job::{Job, JobKey},
    reach::{ChangeLabel, Labels},
};

/// What becomes of the jobs of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobChange {
    /// In what they differ; never empty.
    pub labels: Labels,
    /// What exactly, where it can be said in a few words: `kubekins-e2e v1 → v2`. Else empty.
    pub detail: String,
}

/// How the jobs of `new` differ from those of `old`, by name; those that are the same are left out.
/// Jobs that share a name are matched by kind, repository and branches, what remains of them in order:
/// so a job that moves to another file, or to another branch, is the same job.
pub fn compare_jobs<'a>(
    old: impl IntoIterator<Item = (&'a Job, Definition)>,
    new: impl IntoIterator<Item = (&'a Job, Definition)>,
) -> BTreeMap<&'a str, JobChange> {
    let mut before: BTreeMap<&JobKey, Vec<(&Job, Definition)>> = BTreeMap::new();
    for (job, definition) in old {
        before.entry(&job.key).or_default().push((job, definition));
    }
    let mut changes: BTreeMap<&'a str, JobChange> = BTreeMap::new();
    let mut added: Vec<(&Job, Definition)> = Vec::new();
    for (job, definition) in new {
        let Entry::Occupied(mut same) = before.entry(&job.key) else {
            added.push((job, definition));
            continue;
        };
        let known = same.get_mut();
        // One that is defined twice may have changed places with itself.
        let at = known
            .iter()
            .position(|(_, known)| *known == definition)
            .unwrap_or(0);
        let (old, old_definition) = known.remove(at);
        if known.is_empty() {
            same.remove();
        }
        note(&mut changes, (old, &old_definition), (job, &definition));
    }
    let mut removed: BTreeMap<(&str, &str), Vec<(&Job, Definition)>> = BTreeMap::new();
    for (job, definition) in before.into_values().flatten() {
        let key = (job.key.name.as_str(), job.key.repo.as_str());
        removed.entry(key).or_default().push((job, definition));
    }
    for (job, definition) in added {
        let key = (job.key.name.as_str(), job.key.repo.as_str());
        match removed.get_mut(&key).filter(|left| !left.is_empty()) {
            Some(left) => {
                let (old, old_definition) = left.remove(0);
                note(&mut changes, (old, &old_definition), (job, &definition));
                let change = changes.entry(&job.key.name).or_default();
                change.labels.insert(ChangeLabel::Trigger);
            }
            None => {
                let change = changes.entry(&job.key.name).or_default();
                change.labels.insert(ChangeLabel::Added);
            }
        }
    }
    for (job, _) in removed.into_values().flatten() {
        let change = changes.entry(&job.key.name).or_default();
        change.labels.insert(ChangeLabel::Removed);
    }
    changes
}

fn note<'a>(
    changes: &mut BTreeMap<&'a str, JobChange>,
    (old, old_definition): (&Job, &Definition),
    (new, definition): (&'a Job, &Definition),
) {
    let labels = old_definition.difference(definition);
    if labels.is_empty() {
        return;
    }
    let change = changes.entry(&new.key.name).or_default();
    change.labels = change.labels.union(labels);
    if change.detail.is_empty() {
        change.detail = describe(old, new, labels);
    }
}

/// What differs, as far as a few words say it.
fn describe(old: &Job, new: &Job, labels: Labels) -> String {
    let mut words: Vec<String> = Vec::new();
    if labels.contains(ChangeLabel::Image) {
        let moved = old.images.iter().zip(&new.images).find(|(a, b)| a != b);
        match moved {
            Some((a, b)) => words.push(describe_image(a, b)),
            None => words.push(format!(
                "{} → {} containers",
                old.images.len(),
                new.images.len()
            )),
        }
    }
    if labels.contains(ChangeLabel::Cluster) {
        words.push(format!("cluster {} → {}", old.cluster, new.cluster));
    }
    let timeout = |job: &Job| job.decoration.text_of("timeout").to_owned();
    if labels.contains(ChangeLabel::Timeout) && timeout(old) != timeout(new) {
        let or_default = |text: String| {
            if text.is_empty() {
                "default".into()
            } else {
                text
            }
        };
        words.push(format!(
            "timeout {} → {}",
            or_default(timeout(old)),
            or_default(timeout(new))
        ));
    }
    words.join(", ")
}

fn describe_image(old: &str, new: &str) -> String {
    let split = |image: &str| {
        let path = image.rfind('/').map_or(0, |slash| slash + 1);
        let end = image[path..]
            .find([':', '@'])
            .map_or(image.len(), |end| path + end);
        (
            image[..end].to_owned(),
            image[end..].trim_start_matches([':', '@']).to_owned(),
        )
    };
    let ((old_name, old_tag), (new_name, new_tag)) = (split(old), split(new));
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    if old_name == new_name {
        format!("{} {old_tag} → {new_tag}", last(&old_name))
    } else if old_tag == new_tag {
        format!("{old_name} → {new_name}")
    } else {
        format!("{old} → {new}")
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Globals, JobKind,
            tree::tests::{list, map, text},
        },
        *,
    };

    fn job(name: &str, branch: &str, image: &str) -> (Job, Definition) {
        let tree = map([
            ("name", text(name)),
            ("branches", list(&[branch])),
            (
                "spec",
                map([(
                    "containers",
                    super::super::Tree::List(vec![map([("image", text(image))])]),
                )]),
            ),
        ]);
        let job = Job::digest(JobKind::Presubmit, "o/r", &tree).expect("it has a name");
        let definition = Globals::default().define(&job);
        (job, definition)
    }

    fn changes(
        old: &[(Job, Definition)],
        new: &[(Job, Definition)],
    ) -> Vec<(String, Vec<ChangeLabel>, String)> {
        fn each(jobs: &[(Job, Definition)]) -> impl Iterator<Item = (&Job, Definition)> {
            jobs.iter().map(|(job, definition)| (job, *definition))
        }
        compare_jobs(each(old), each(new))
            .into_iter()
            .map(|(name, change)| {
                (
                    name.to_owned(),
                    change.labels.iter().collect(),
                    change.detail,
                )
            })
            .collect()
    }

    #[test]
    fn jobs_are_matched_by_what_they_are() {
        let a = job("a", "main", "r/x:1");
        let b = job("a", "release", "r/x:1");
        let image = |old: &str, new: &str| {
            changes(&[job("a", "main", old)], &[job("a", "main", new)])[0]
                .2
                .clone()
        };
        assert_eq!(
            changes(&[a.clone(), b.clone()], &[b.clone(), a.clone()]),
            []
        );
        assert_eq!(
            changes(
                &[a.clone(), b.clone()],
                &[job("a", "main", "r/x:2"), b.clone()]
            ),
            [("a".into(), vec![ChangeLabel::Image], "x 1 → 2".into())]
        );
        assert_eq!(
            changes(std::slice::from_ref(&a), &[a.clone(), b.clone()]),
            [("a".into(), vec![ChangeLabel::Added], String::new())]
        );
        assert_eq!(
            changes(&[a.clone(), b.clone()], std::slice::from_ref(&b)),
            [("a".into(), vec![ChangeLabel::Removed], String::new())]
        );
        assert_eq!(
            changes(&[a.clone()], std::slice::from_ref(&b)),
            [("a".into(), vec![ChangeLabel::Trigger], String::new())]
        );
        assert_eq!(changes(&[a.clone(), a.clone()], &[a.clone(), a]), []);
        assert_eq!(image("gcr.io/x:1", "pkg.dev/x:1"), "gcr.io/x → pkg.dev/x");
        assert_eq!(
            image("gcr.io/x:1", "pkg.dev/y:2"),
            "gcr.io/x:1 → pkg.dev/y:2"
        );
        assert_eq!(
            image("h:5000/x@sha256:a", "h:5000/x@sha256:b"),
            "x sha256:a → sha256:b"
        );
    }
}
