//! Images that were built again under the same tag.

use std::{collections::BTreeMap, sync::Arc};

use crate::{infra::ComponentVersion, tabulate::StoredRun};

/// How many characters of a digest tell two builds of an image apart.
const DIGEST: usize = 12;

/// Makes different versions of what is different: where runs of one group took the same image reference
/// and got different images, the version of each run gets the digest of its image (`<commit>@<digest>`).
/// A run of such an image that does not tell its digest does not know its version any more. All other
/// versions stay as they are.
pub fn split_rebuilt(runs: &mut [Arc<StoredRun>]) {
    let mut digests: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut rebuilt: Vec<(String, String)> = Vec::new();
    for version in runs
        .iter()
        .filter_map(|run| run.versions.as_ref())
        .flat_map(|all| all.iter())
    {
        let Some((reference, Some(digest))) = image_of(version) else {
            continue;
        };
        let key = (version.component.as_str(), reference);
        let first = *digests.entry(key).or_insert(digest);
        let owned = || (key.0.to_owned(), key.1.to_owned());
        if first != digest && !rebuilt.contains(&owned()) {
            rebuilt.push(owned());
        }
    }
    if rebuilt.is_empty() {
        return;
    }
    for run in runs {
        let Some(versions) = &run.versions else {
            continue;
        };
        let split: Vec<ComponentVersion> = versions
            .iter()
            .map(|version| split(version, &rebuilt))
            .collect();
        if split[..] != versions[..] {
            Arc::make_mut(run).versions = Some(Arc::from(split));
        }
    }
}

fn split(version: &ComponentVersion, rebuilt: &[(String, String)]) -> ComponentVersion {
    let image = image_of(version).filter(|(reference, _)| {
        rebuilt
            .iter()
            .any(|(component, image)| *component == version.component && image == reference)
    });
    let Some((_, digest)) = image else {
        return version.clone();
    };
    match (&version.version, digest) {
        (Some(known), Some(digest)) => {
            let short: String = digest.chars().take(DIGEST).collect();
            ComponentVersion {
                version: Some(format!("{known}@{short}")),
                ..version.clone()
            }
        }
        _ => ComponentVersion {
            evidence: version.evidence.clone(),
            ..ComponentVersion::unknown(&version.component, version.kind)
        },
    }
}

/// The image that a version was read from, by its reference with a tag, and the digits of its digest
/// where the run tells. `None` where the version was read from something else.
fn image_of(version: &ComponentVersion) -> Option<(&str, Option<&str>)> {
    if !version.source.is_image_tag() {
        return None;
    }
    version.single()?;
    let evidence = version.evidence.as_deref()?;
    let first = evidence.split("; also ").next().unwrap_or(evidence);
    match first.split_once('@') {
        Some((reference, digest)) => Some((reference, digest.strip_prefix("sha256:"))),
        None => Some((first, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::{ComponentKind, Source};

    fn run(tag: &str, digest: &str) -> Arc<StoredRun> {
        let image = format!("r/x:{tag}{digest}");
        Arc::new(StoredRun {
            versions: Some(Arc::from([ComponentVersion {
                version: Some(format!("commit of {tag}")),
                source: Source::ImageTag,
                evidence: Some(image),
                ..ComponentVersion::unknown("images", ComponentKind::Infra)
            }])),
            ..StoredRun::default()
        })
    }

    fn versions(mut runs: Vec<Arc<StoredRun>>) -> Vec<Option<String>> {
        split_rebuilt(&mut runs);
        runs.iter()
            .map(|run| run.versions.as_ref().and_then(|all| all[0].version.clone()))
            .collect()
    }

    #[test]
    fn the_same_tag_with_another_digest_is_another_version() {
        let (a, b) = ("@sha256:aaaaaaaaaaaaaaaa", "@sha256:bbbbbbbbbbbbbbbb");
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            versions(vec![run("1", a), run("1", b), run("1", ""), run("2", a)]),
            [
                some("commit of 1@aaaaaaaaaaaa"),
                some("commit of 1@bbbbbbbbbbbb"),
                None,
                some("commit of 2"),
            ]
        );
        assert_eq!(
            versions(vec![run("1", a), run("1", ""), run("2", b), Arc::default()]),
            [
                some("commit of 1"),
                some("commit of 1"),
                some("commit of 2"),
                None
            ]
        );
    }
}
