//! What ran: the version of every infra component and of every product repository of one build, as
//! its files tell, each with where it was read. Nothing is guessed: what no file says is unknown.

pub mod image;
pub mod impact;
pub mod product;

use model::impact::ProwJobMark;
use model::infra::{ComponentKind, ComponentVersion, Source, is_commit};
use serde_json::{Map, Value};

use crate::{
    prow::{
        clone_records::CloneRecord,
        finished::Finished,
        podinfo::{Pod, SIDECAR},
        prowjob::ProwJob,
        started::{RepoEntry, Started},
        text::push_line,
        upload::Upload,
    },
    settings::{ComponentSettings, VersionRule},
};
use image::ImageRef;

/// The longest version that is believed, in bytes; real ones have at most a few dozen.
const VERSION_CAP: usize = 200;
/// How much evidence is kept, in bytes.
const EVIDENCE_CAP: usize = 500;

/// The files of one build that tell what ran; each may be missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// `started.json`.
    pub started: Option<&'a Started>,
    /// `finished.json`.
    pub finished: Option<&'a Finished>,
    /// The job's own `metadata.json`.
    pub metadata: Option<&'a Map<String, Value>>,
    /// `clone-records.json`.
    pub clone_records: Option<&'a [CloneRecord]>,
    /// `prowjob.json`.
    pub prowjob: Option<&'a ProwJob>,
    /// The bytes of `prowjob.json`, for what it asks for in full.
    pub prowjob_bytes: Option<&'a [u8]>,
    /// The pod of `podinfo.json`.
    pub pod: Option<&'a Pod>,
    /// What whoever uploaded the run says of it.
    pub upload: Option<&'a Upload>,
}

/// All versions of one build: the infra components in the order of `components`, then the product
/// repositories by name.
pub fn find_versions(
    components: &[ComponentSettings],
    evidence: &Evidence<'_>,
) -> Vec<ComponentVersion> {
    let main = product::main_repo(evidence);
    let mut versions: Vec<ComponentVersion> = components
        .iter()
        .map(|component| find_component(component, evidence, main.as_deref()))
        .collect();
    let mut products = product::find_products(components, evidence, main.as_deref());
    if let Some(upload) = evidence.upload {
        declare(&mut versions, &mut products, upload);
    }
    versions.extend(products);
    versions
}

/// What an uploader says goes before what is found. Infra components that are not configured come after
/// those that are, by name.
fn declare(
    infra: &mut Vec<ComponentVersion>,
    products: &mut Vec<ComponentVersion>,
    upload: &Upload,
) {
    let put = |known: &mut Vec<ComponentVersion>, component: String, kind, version: &str| {
        let declared = ComponentVersion {
            version: Some(line(version, VERSION_CAP)),
            source: Source::Declared,
            ..ComponentVersion::unknown(component, kind)
        };
        match known
            .iter_mut()
            .find(|known| known.component == declared.component)
        {
            Some(known) => *known = declared,
            None => known.push(declared),
        }
    };
    for (name, version) in &upload.infra {
        put(
            infra,
            line(name, VERSION_CAP),
            ComponentKind::Infra,
            version,
        );
    }
    if !upload.product.is_empty() {
        // It has a name now.
        products.retain(|product| product.component != product::UNNAMED);
    }
    for (repo, version) in &upload.product {
        let repo = line(&canonical_repo(repo), VERSION_CAP);
        put(products, repo, ComponentKind::Product, version);
    }
    products.sort_by(|a, b| a.component.cmp(&b.component));
}

/// The version of one infra component: the first rule that yields wins. Where none does, the first
/// piece of evidence that was no version (a branch, a tag without a commit) is kept.
fn find_component(
    component: &ComponentSettings,
    evidence: &Evidence<'_>,
    main: Option<&str>,
) -> ComponentVersion {
    let mut unknown = ComponentVersion::unknown(&component.name, ComponentKind::Infra);
    for rule in &component.from {
        let found = match rule {
            VersionRule::Metadata(key) => evidence.find_in_metadata(key),
            VersionRule::CloneRecord(repo) => evidence.find_in_clone_records(&canonical_repo(repo)),
            VersionRule::StartedRepo(repo) => evidence.find_in_started(&canonical_repo(repo), main),
            VersionRule::ImageTag(patterns) => evidence.find_in_images(patterns),
            VersionRule::UtilityImageTag(true) => evidence.find_in_utility_images(),
            VersionRule::JobConfiguration(true) => evidence.mark_configuration(),
            VersionRule::Cluster(true) => evidence.find_cluster(),
            // What was reported is looked up when results are shown.
            VersionRule::Deploys(_)
            | VersionRule::UtilityImageTag(false)
            | VersionRule::JobConfiguration(false)
            | VersionRule::Cluster(false) => Found::Nothing,
        };
        match found {
            Found::Version {
                version,
                source,
                evidence,
            } => {
                return ComponentVersion {
                    version: Some(line(&version, VERSION_CAP)),
                    source,
                    evidence: Some(line(&evidence, EVIDENCE_CAP)),
                    ..unknown
                };
            }
            Found::Hint(hint) => {
                unknown
                    .evidence
                    .get_or_insert_with(|| line(&hint, EVIDENCE_CAP));
            }
            Found::Nothing => {}
        }
    }
    unknown
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A version.
    Version {
        /// A commit, or what the job calls its version.
        version: String,
        /// Where it was read.
        source: Source,
        /// What stood there.
        evidence: String,
    },
    /// Something that names the component but not its version.
    Hint(String),
    /// Nothing.
    Nothing,
}

impl Found {
    pub(crate) fn version(
        version: impl Into<String>,
        source: Source,
        evidence: impl Into<String>,
    ) -> Self {
        Self::Version {
            version: version.into(),
            source,
            evidence: evidence.into(),
        }
    }
}

/// `text` on one harmless line of at most `cap` bytes.
pub(crate) fn line(text: &str, cap: usize) -> String {
    let mut line = String::new();
    push_line(&mut line, text.trim());
    line.truncate(line.floor_char_boundary(cap));
    line
}

/// `org/repo` of a repository that may be written as an import path (`k8s.io/kubernetes`) or an
/// address (`https://github.com/kubernetes/kubernetes.git`), so that builds of every age name it
/// alike.
pub fn canonical_repo(repo: &str) -> String {
    let repo = repo.trim().trim_end_matches('/').trim_end_matches(".git");
    let repo = repo.split_once("://").map_or(repo, |(_, rest)| rest);
    let repo = repo.strip_prefix("github.com/").unwrap_or(repo);
    if let Some(name) = repo.strip_prefix("k8s.io/") {
        return format!("kubernetes/{name}");
    }
    if let Some(name) = repo.strip_prefix("sigs.k8s.io/") {
        return format!("kubernetes-sigs/{name}");
    }
    repo.to_owned()
}

impl Evidence<'_> {
    /// A text that the job says of itself. TestGrid's `missing` says nothing.
    fn find_in_metadata(&self, key: &str) -> Found {
        let said = |metadata: &Map<String, Value>| {
            metadata
                .get(key)
                .and_then(Value::as_str)
                .map(str::trim)
                .filter(|said| !said.is_empty() && !said.eq_ignore_ascii_case("missing"))
                .map(str::to_owned)
        };
        self.finished
            .and_then(|finished| said(&finished.metadata))
            .or_else(|| self.metadata.and_then(said))
            .map_or(Found::Nothing, |version| {
                let evidence = format!("{key}: {version}");
                Found::version(version, Source::Metadata, evidence)
            })
    }

    /// What was checked out of `repo`.
    pub(crate) fn find_in_clone_records(&self, repo: &str) -> Found {
        let Some(record) = self
            .clone_records
            .into_iter()
            .flatten()
            .find(|record| record_repo(record).as_deref() == Some(repo))
        else {
            return Found::Nothing;
        };
        let sha = record.final_sha.trim();
        if !record.failed && is_commit(sha) {
            Found::version(sha, Source::CloneRecord, format!("{repo} final_sha {sha}"))
        } else if record.refs.base_ref.is_empty() {
            Found::Nothing
        } else {
            Found::Hint(format!("{repo} {}", record.refs.base_ref))
        }
    }

    /// The commit of `repo` in `started.json`: what was checked out where it is the main repository,
    /// else the first pull request's or the base's in `repos`. A branch is no version.
    fn find_in_started(&self, repo: &str, main: Option<&str>) -> Found {
        let Some(started) = self.started else {
            return Found::Nothing;
        };
        if main == Some(repo) {
            for (key, sha) in [
                ("repo-commit", &started.repo_commit),
                ("repo-version", &started.repo_version),
            ] {
                if is_commit(sha) {
                    return Found::version(sha, Source::StartedRepo, format!("{key}: {sha}"));
                }
            }
        }
        self.find_in_started_repos(repo)
    }

    /// The commit of `repo` in `repos` of `started.json`.
    pub(crate) fn find_in_started_repos(&self, repo: &str) -> Found {
        self.started
            .into_iter()
            .flat_map(|started| &started.repos)
            .find(|(name, _)| canonical_repo(name) == repo)
            .map_or(Found::Nothing, |(name, entry)| {
                from_entry(name, entry, Source::StartedRepo)
            })
    }

    /// The commit of `repo` in `repos` of the metadata, where the older flavour repeats them.
    pub(crate) fn find_in_metadata_repos(&self, repo: &str) -> Found {
        self.metadata_repos()
            .find(|(name, _)| canonical_repo(name) == repo)
            .map_or(Found::Nothing, |(name, entry)| {
                from_entry(name, entry, Source::Metadata)
            })
    }

    /// `repos` of the metadata.
    pub(crate) fn metadata_repos(&self) -> impl Iterator<Item = (&str, &str)> {
        self.finished
            .and_then(|finished| finished.metadata.get("repos"))
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, entry)| Some((name.as_str(), entry.as_str()?)))
    }

    /// The commit in the tag of the first job image that matches a pattern and has one. Where
    /// further images match and disagree, the first still stands for the component, because it is the
    /// container that runs the tests, and the evidence names them all.
    fn find_in_images(&self, patterns: &[String]) -> Found {
        let matching: Vec<&str> = self
            .job_images()
            .filter(|image| {
                let name = ImageRef::parse(image).name;
                patterns.iter().any(|pattern| image::matches(pattern, name))
            })
            .collect();
        self.find_in_tags(&matching, Source::ImageTag)
    }

    /// The commit in the tag of the utility images, which are built together; the first that has one.
    fn find_in_utility_images(&self) -> Found {
        let images: Vec<&str> = self.utility_images().collect();
        self.find_in_tags(&images, Source::UtilityImageTag)
    }

    fn find_in_tags(&self, images: &[&str], source: Source) -> Found {
        let commit_of = |image: &str| ImageRef::parse(image).commit().map(str::to_owned);
        let Some((&image, commit)) = images
            .iter()
            .find_map(|image| Some((image, commit_of(image)?)))
        else {
            return self.find_by_digest(images);
        };
        let mut evidence = self.with_digest(image);
        let mut named = vec![ImageRef::parse(image).tag];
        for other in images {
            let tag = ImageRef::parse(other).tag;
            if commit_of(other).is_some_and(|other| other != commit) && !named.contains(&tag) {
                named.push(tag);
                evidence.push_str("; also ");
                evidence.push_str(&self.with_digest(other));
            }
        }
        Found::version(commit, source, evidence)
    }

    /// Of images whose tags tell no commit the digest of the first that the pod tells: builds of a tag
    /// that moves differ by nothing else.
    fn find_by_digest(&self, images: &[&str]) -> Found {
        /// Digits that tell images apart.
        const DIGITS: usize = 12;
        let mut hint = None;
        for image in images {
            let evidence = self.with_digest(image);
            if let Some((_, digest)) = evidence.split_once("@sha256:")
                && digest.len() >= DIGITS
                && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
            {
                let version = format!("sha256:{}", &digest[..DIGITS]);
                return Found::version(version, Source::ImageDigest, evidence);
            }
            hint.get_or_insert(evidence);
        }
        hint.map_or(Found::Nothing, Found::Hint)
    }

    /// The images of the job's own containers, as asked for; in their order.
    fn job_images(&self) -> impl Iterator<Item = &str> {
        let spec = self.prowjob.map(|prowjob| &prowjob.spec.pod_spec);
        let pod = self.pod.map(|pod| &pod.spec);
        spec.filter(|spec| !spec.containers.is_empty())
            .or(pod)
            .into_iter()
            .flat_map(|spec| &spec.containers)
            .filter(|container| container.name != SIDECAR)
            .map(|container| container.image.as_str())
            .filter(|image| !image.is_empty())
    }

    /// The images of what runs around the job.
    fn utility_images(&self) -> impl Iterator<Item = &str> {
        const UTILITIES: [&str; 5] = [
            "clonerefs",
            "initupload",
            "place-entrypoint",
            "entrypoint",
            SIDECAR,
        ];
        let configured = self
            .prowjob
            .into_iter()
            .flat_map(|prowjob| &prowjob.spec.decoration_config.utility_images)
            .map(|(_, image)| image.as_str());
        let running = self
            .pod
            .into_iter()
            .flat_map(|pod| pod.spec.init_containers.iter().chain(&pod.spec.containers))
            .filter(|container| UTILITIES.contains(&container.name.as_str()))
            .map(|container| container.image.as_str());
        configured.chain(running).filter(|image| !image.is_empty())
    }

    /// The build cluster that the ProwJob was to run on.
    fn find_cluster(&self) -> Found {
        match self.prowjob.map(|prowjob| prowjob.spec.cluster.trim()) {
            None | Some("") => Found::Nothing,
            Some(cluster) => {
                Found::version(cluster, Source::ProwJob, format!("cluster: {cluster}"))
            }
        }
    }

    /// What the commit that configured the run can be inferred from; that is done where the history of
    /// the configuration is known.
    fn mark_configuration(&self) -> Found {
        let Some(prowjob) = self.prowjob else {
            return Found::Nothing;
        };
        let created = &prowjob.metadata.creation_timestamp;
        let Ok(created) = chrono::DateTime::parse_from_rfc3339(created.trim()) else {
            return Found::Nothing;
        };
        let mark = ProwJobMark {
            created_ms: created.timestamp_millis(),
            run: self.prowjob_bytes.and_then(impact::hash_prowjob),
        };
        Found::Hint(mark.to_string())
    }

    /// The image reference, with the digest of what really ran where the pod tells.
    fn with_digest(&self, image: &str) -> String {
        if image.contains('@') {
            return image.to_owned();
        }
        let digest = self.pod.and_then(|pod| {
            let containers = pod.spec.containers.iter().chain(&pod.spec.init_containers);
            let statuses = || {
                pod.status
                    .container_statuses
                    .iter()
                    .chain(&pod.status.init_container_statuses)
            };
            containers
                .filter(|container| container.image == image)
                .find_map(|container| {
                    let status = statuses().find(|status| status.name == container.name)?;
                    let (_, digest) = status.image_id.split_once('@')?;
                    Some(digest)
                })
        });
        match digest {
            Some(digest) => format!("{image}@{digest}"),
            None => image.to_owned(),
        }
    }
}

/// The commit in one entry of `repos`: the first pull request's, else the base's. A branch is no
/// version, unless the job was given a whole commit in its place.
fn from_entry(name: &str, entry: &str, source: Source) -> Found {
    /// The length of a whole commit.
    const WHOLE: usize = 40;
    let parsed = RepoEntry::parse(entry);
    let evidence = format!("{name}: {entry}");
    match [parsed.pull_sha, parsed.base_sha]
        .into_iter()
        .find(|sha| is_commit(sha))
        .or_else(|| Some(parsed.base_ref).filter(|base| base.len() == WHOLE && is_commit(base)))
    {
        Some(sha) => Found::version(sha, source, evidence),
        None => Found::Hint(evidence),
    }
}

/// `org/repo` of a clone record.
pub(crate) fn record_repo(record: &CloneRecord) -> Option<String> {
    record.refs.full_name().map(|name| canonical_repo(&name))
}

#[cfg(test)]
mod tests;
