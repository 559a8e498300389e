//! Runs that come without a bucket.
//!
//! An upload is kept as it came before anything is made of it. What is made of it is a run like any
//! other, read by the same rules; so it can be read again when the configuration changes, and one whose
//! process ended too early is read by the next. Of several uploads of a build the newest counts.

mod pack;

use std::{collections::HashMap, sync::Arc};

use chrono::DateTime;
use model::{
    config::TestGroup,
    name::normalize,
    run::{Problem, Run},
};

use super::{Pipeline, Publish};
use crate::{
    prow::{self, BuildFile, ParseOptions, layout, upload::Upload},
    store::{GroupId, NewUpload, Revision, StoreError, UploadGroup},
};

/// An upload that has been received whole.
#[derive(Clone, Debug)]
pub struct Received {
    /// The test group as whoever uploads calls it.
    pub group: String,
    /// What is said of the run.
    pub description: Upload,
    /// The files that were sent along, each where it belongs in the folder of a build.
    pub files: Vec<BuildFile>,
    /// The token's name.
    pub uploader: String,
    /// Who, for the audit.
    pub who: String,
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The test group as the configuration calls it.
    pub group: String,
    /// The build id.
    pub build: String,
    /// Which of the build's uploads counts now, from 1.
    pub revision: u32,
    /// Whether this upload said anything new.
    pub is_new: bool,
    /// One sentence, where the run began too long ago to stay.
    pub note: Option<String>,
}

/// Why an upload was not kept. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// No such test group.
    #[error("the configuration names no test group \"{0}\"")]
    UnknownGroup(String),
    /// It cannot be understood.
    #[error("{0}")]
    Bad(String),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was lost, by a panic or at the end of the process.
    #[error("the upload could not be read")]
    Lost,
}

impl<P: Publish> Pipeline<P> {
    /// The test group of this name, whether or not it is read from a bucket.
    pub fn find_group(&self, name: &str) -> Option<&Arc<TestGroup>> {
        self.by_name.get(&normalize(name))
    }

    /// Keeps an upload, makes its run and publishes it: when this returns, the run is shown.
    ///
    /// # Errors
    /// When nothing was kept. A run that cannot be made at once is made later.
    pub async fn accept(&self, received: Received) -> Result<Receipt, UploadError> {
        let Some(group) = self.find_group(&received.group).cloned() else {
            return Err(UploadError::UnknownGroup(received.group));
        };
        let Received {
            description,
            mut files,
            uploader,
            who,
            ..
        } = received;
        let (build, running) = (description.build.clone(), description.running);
        let packed = tokio::task::spawn_blocking(move || {
            let text = serde_json::to_vec(&description).map_err(std::io::Error::other)?;
            files.push(BuildFile {
                name: layout::UPLOAD.to_owned(),
                content: Ok(text.into()),
            });
            pack::pack(files)
        })
        .await
        .map_err(|_| UploadError::Lost)?
        .map_err(|error| UploadError::Bad(error.to_string()))?;
        let id = self.store.add_group(&group.name).await?;
        let (revision, is_new) = self
            .store
            .add_upload(
                id,
                &NewUpload {
                    build: &build,
                    received_ms: crate::clock::now_ms(),
                    uploader: &uploader,
                    who: &who,
                    running,
                    hash: &packed.hash,
                    bytes: packed.bytes,
                    files: &packed.files,
                    config_hash: &self.hash(&group),
                },
            )
            .await?;
        if !revision.applied {
            // It is kept, which is what was asked for: what fails now is made good by the next look.
            match self.apply_newest(&group, id, &build).await {
                Ok(true) => {
                    self.store.announce().await;
                    self.publish.group_changed(&group.name).await;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(
                        group.name = group.name, build, %error,
                        "{}: the upload of build {build} is kept but not shown yet: {error}",
                        group.name
                    );
                }
            }
        }
        let note = self.foretell(&group, id, &build).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot say whether the upload of build {build} is too old: {error}");
            None
        });
        Ok(Receipt {
            group: group.name.clone(),
            build,
            revision: revision.revision as u32,
            is_new,
            note,
        })
    }

    /// Stores the run of a build's newest upload; answers whether anything changed by it.
    async fn apply_newest(
        &self,
        group: &Arc<TestGroup>,
        id: GroupId,
        build: &str,
    ) -> Result<bool, UploadError> {
        let mut changed = false;
        let mut applied = None;
        loop {
            let revisions = self.store.load_revisions(id, build).await?;
            let Some(newest) = revisions.last() else {
                return Ok(changed);
            };
            // Another process may have stored an older one after a newer: then the newest again.
            if applied == Some(newest.revision) {
                return Ok(changed);
            }
            let Some(packed) = self.store.load_upload(newest.id).await? else {
                return Ok(changed);
            };
            let mut run = self.read_upload(group, newest.clone(), packed).await?;
            run.problems.extend(contradiction(&revisions));
            let saved = self.store.save_runs(id, &[run], (self.clock)()).await?;
            self.store
                .mark_applied(id, newest, &self.hash(group))
                .await?;
            changed |= saved.changed();
            applied = Some(newest.revision);
        }
    }

    async fn read_upload(
        &self,
        group: &Arc<TestGroup>,
        revision: Revision,
        packed: Vec<u8>,
    ) -> Result<Run, UploadError> {
        let group = Arc::clone(group);
        let components = Arc::clone(&self.components);
        let now_ms = (self.clock)();
        let several_prefixes = group.prefixes().nth(1).is_some();
        tokio::task::spawn_blocking(move || {
            let unreadable = |reason: String| prow::BuildFiles {
                build: revision.build.clone(),
                job: group.name.clone(),
                files: vec![super::update::unreadable(&reason)],
                ..prow::BuildFiles::default()
            };
            let files = pack::unpack(&packed, revision.bytes)
                .map_err(|error| format!("the upload cannot be unpacked: {error}"))
                .and_then(|files| {
                    prow::upload::build_files(files, &group.name, revision.received_ms)
                })
                .unwrap_or_else(unreadable);
            prow::parse_build(
                &files,
                &ParseOptions {
                    group: &group,
                    components: &components,
                    several_prefixes,
                    now_ms,
                    // Whoever uploads an old run means it.
                    stop_ms: 0,
                },
            )
        })
        .await
        .map_err(|_| UploadError::Lost)
    }

    /// Makes good what was kept but not made runs of; reads again runs that were under way, and, when the
    /// process begins, the uploads of groups whose configuration changed. Where a process of another
    /// configuration began later, its runs are left alone. Answers how many runs changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn catch_up(&self) -> Result<usize, UploadError> {
        let mut changed = 0;
        let groups = self.store.load_upload_groups().await?;
        let is_other = |known: &&UploadGroup| {
            self.find_group(&known.name)
                .is_some_and(|group| self.hash(group) != known.config_hash)
        };
        let others = groups.iter().filter(is_other);
        self.upload_claims.begin(others.map(|known| known.id));
        for known in &groups {
            // A group that is configured no longer keeps its uploads until it is again.
            let Some(group) = self.find_group(&known.name).cloned() else {
                continue;
            };
            let hash = self.hash(&group);
            let claims = &self.upload_claims;
            let is_claimed = claims.claims(known.id, &known.config_hash, &hash);
            if is_claimed {
                self.store.begin_upload_group(known.id, &hash).await?;
            }
            claims.settle(known.id);
            let is_ours = is_claimed || known.config_hash == hash;
            let builds: HashMap<String, bool> = self
                .store
                .load_builds(known.id)
                .await?
                .into_iter()
                .map(|build| (build.build, build.open))
                .collect();
            let mut uploads = self.store.load_uploads(known.id).await?;
            uploads.retain(|upload| match builds.get(&upload.build) {
                None => !upload.applied,
                Some(open) => is_ours && (*open || !upload.applied),
            });
            let mut here = 0;
            for upload in &uploads {
                here += usize::from(self.apply_newest(&group, known.id, &upload.build).await?);
            }
            if here > 0 {
                self.publish.group_changed(&group.name).await;
            }
            changed += here;
        }
        Ok(changed)
    }
}

/// What is to be said of a build that was uploaded more than once as ended, with different content.
fn contradiction(revisions: &[Revision]) -> Option<Problem> {
    let ended: Vec<&Revision> = revisions.iter().filter(|one| !one.running).collect();
    let [.., before, newest] = ended[..] else {
        return None;
    };
    let time = |ms: i64| {
        DateTime::from_timestamp_millis(ms)
            .unwrap_or_default()
            .format("%Y-%m-%d %H:%M:%S UTC")
            .to_string()
    };
    Some(Problem::new(
        layout::UPLOAD,
        format!(
            "the build was uploaded {} times with different content; shown is revision {}, of {} by {}; \
             revision {} was of {} by {}",
            ended.len(),
            newest.revision,
            time(newest.received_ms),
            newest.uploader,
            before.revision,
            time(before.received_ms),
            before.uploader,
        ),
    ))
}
