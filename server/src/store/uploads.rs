//! Runs that came without a bucket, and deploys: what others said, kept as they said it.

use model::deploy::Deploy;

use super::{GroupId, Store, StoreError, reading, tokens::audit, writing};

/// An upload that is to be kept.
#[derive(Clone, Debug)]
pub struct NewUpload<'a> {
    /// The build id.
    pub build: &'a str,
    /// When it was received, in milliseconds since 1970.
    pub received_ms: i64,
    /// The token's name.
    pub uploader: &'a str,
    /// Who, for the audit.
    pub who: &'a str,
    /// Whether the run is still under way.
    pub running: bool,
    /// SHA-256 of the files before they were packed.
    pub hash: &'a [u8],
    /// Length of the files before they were packed.
    pub bytes: u64,
    /// The files, packed.
    pub files: &'a [u8],
    /// Of the configuration that it is going to be read with.
    pub config_hash: &'a str,
}

/// A group that has uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadGroup {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Of the configuration that all its uploads were last read with.
    pub config_hash: String,
}

/// One of the uploads of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number in the database.
    pub id: i64,
    /// The build id.
    pub build: String,
    /// From 1; the newest counts.
    pub revision: i64,
    /// When it was received, in milliseconds since 1970.
    pub received_ms: i64,
    /// The token's name at the time.
    pub uploader: String,
    /// Whether the run was still under way.
    pub running: bool,
    /// Length of the files before they were packed.
    pub bytes: u64,
    /// SHA-256 of the files before they were packed.
    pub hash: Vec<u8>,
    /// Whether the run that the files make is stored.
    pub applied: bool,
}

/// A row of `upload` without its files.
type RevisionRow = (i64, String, i64, i64, String, bool, i64, Vec<u8>, bool);

impl From<RevisionRow> for Revision {
    fn from(row: RevisionRow) -> Self {
        let (id, build, revision, received_ms, uploader, running, bytes, hash, applied) = row;
        Self {
            id,
            build,
            revision,
            received_ms,
            uploader,
            running,
            bytes: bytes as u64,
            hash,
            applied,
        }
    }
}

/// A row of `deploy`.
type DeployRow = (String, String, String, i64, String, String, i64);

fn deploy_of(row: DeployRow) -> Deploy {
    let (component, version, environment, at_ms, source, reporter, received_ms) = row;
    Deploy {
        component,
        version,
        environment,
        at_ms,
        source,
        reporter,
        received_ms,
    }
}

impl Store {
    /// Keeps an upload, unless the newest revision of the same build has the same content. Answers the
    /// revision that counts now, and whether it is new. Says so in the audit.
    pub async fn add_upload(
        &self,
        group: GroupId,
        upload: &NewUpload<'_>,
    ) -> Result<(Revision, bool), StoreError> {
        writing!(self, tx => {
            // Two uploads of one build at a time would both be its next revision.
            if let Some(lock) = self.lock_group() {
                sqlx::query(lock).bind(group.0).execute(&mut *tx).await?;
            }
            let newest: Option<RevisionRow> = sqlx::query_as(
                "SELECT id, build, revision, received_ms, uploader, running, bytes, hash, applied \
                 FROM upload WHERE group_id = $1 AND build = $2 ORDER BY revision DESC LIMIT 1",
            )
            .bind(group.0)
            .bind(upload.build)
            .fetch_optional(&mut *tx)
            .await?;
            let newest = newest.map(Revision::from);
            match newest {
                Some(newest) if newest.hash == upload.hash => (newest, false),
                newest => {
                    let number = newest.map_or(0, |newest| newest.revision) + 1;
                    let (id,): (i64,) = sqlx::query_as(
                        "INSERT INTO upload (group_id, build, revision, received_ms, uploader, \
                         running, hash, bytes, files, applied) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
                    )
                    .bind(group.0)
                    .bind(upload.build)
                    .bind(number)
                    .bind(upload.received_ms)
                    .bind(upload.uploader)
                    .bind(upload.running)
                    .bind(upload.hash)
                    .bind(upload.bytes as i64)
                    .bind(upload.files)
                    .bind(false)
                    .fetch_one(&mut *tx)
                    .await?;
                    sqlx::query(
                        "INSERT INTO upload_group (group_id, config_hash) VALUES ($1, $2) \
                         ON CONFLICT (group_id) DO NOTHING",
                    )
                    .bind(group.0)
                    .bind(upload.config_hash)
                    .execute(&mut *tx)
                    .await?;
                    let (name,): (String,) =
                        sqlx::query_as("SELECT name FROM test_group WHERE id = $1")
                            .bind(group.0)
                            .fetch_one(&mut *tx)
                            .await?;
                    audit!(
                        tx,
                        upload.received_ms,
                        upload.who,
                        "upload.accept",
                        format!("{name}/{}", upload.build),
                        format!("revision {number}, {} bytes", upload.bytes)
                    );
                    let revision = Revision {
                        id,
                        build: upload.build.to_owned(),
                        revision: number,
                        received_ms: upload.received_ms,
                        uploader: upload.uploader.to_owned(),
                        running: upload.running,
                        bytes: upload.bytes,
                        hash: upload.hash.to_vec(),
                        applied: false,
                    };
                    (revision, true)
                }
            }
        })
    }

    /// The packed files of an upload; `None` when there is no such upload any more.
    pub async fn load_upload(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>,)> = reading!(self, tx => {
            sqlx::query_as("SELECT files FROM upload WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?
        })?;
        Ok(row.map(|(files,)| files))
    }

    /// Notes that the run of an upload is stored, as the configuration of this hash reads it; the older
    /// revisions of the build count no more, so they are noted too. Where the group's uploads are read with
    /// another configuration by now, it is noted that the upload is still to be read with that.
    pub async fn mark_applied(
        &self,
        group: GroupId,
        revision: &Revision,
        config_hash: &str,
    ) -> Result<(), StoreError> {
        writing!(self, tx => {
            // Locked, so that nobody begins with another configuration meanwhile.
            let present: Option<(String,)> = sqlx::query_as(
                "UPDATE upload_group SET config_hash = config_hash WHERE group_id = $1 \
                 RETURNING config_hash",
            )
            .bind(group.0)
            .fetch_optional(&mut *tx)
            .await?;
            let is_of_present = present.is_some_and(|(present,)| present == config_hash);
            sqlx::query(
                "UPDATE upload SET applied = $4 \
                 WHERE group_id = $1 AND build = $2 AND revision <= $3",
            )
            .bind(group.0)
            .bind(revision.build.as_str())
            .bind(revision.revision)
            .bind(is_of_present)
            .execute(&mut *tx)
            .await?;
        })
    }

    /// All revisions of one build, oldest first.
    pub async fn load_revisions(
        &self,
        group: GroupId,
        build: &str,
    ) -> Result<Vec<Revision>, StoreError> {
        let rows: Vec<RevisionRow> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT id, build, revision, received_ms, uploader, running, bytes, hash, applied \
                 FROM upload WHERE group_id = $1 AND build = $2 ORDER BY revision",
            )
            .bind(group.0)
            .bind(build)
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows.into_iter().map(Revision::from).collect())
    }

    /// The groups that have uploads, in no particular order.
    pub async fn load_upload_groups(&self) -> Result<Vec<UploadGroup>, StoreError> {
        let rows: Vec<(i64, String, String)> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT id, name, upload_group.config_hash FROM upload_group \
                 JOIN test_group ON id = group_id",
            )
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows
            .into_iter()
            .map(|(id, name, config_hash)| UploadGroup {
                id: GroupId(id),
                name,
                config_hash,
            })
            .collect())
    }

    /// Notes that from now on the uploads of `group` are read with the configuration of this hash, and that
    /// all of them are still to be.
    pub async fn begin_upload_group(
        &self,
        group: GroupId,
        config_hash: &str,
    ) -> Result<(), StoreError> {
        writing!(self, tx => {
            sqlx::query("UPDATE upload_group SET config_hash = $2 WHERE group_id = $1")
                .bind(group.0)
                .bind(config_hash)
                .execute(&mut *tx)
                .await?;
            sqlx::query("UPDATE upload SET applied = $2 WHERE group_id = $1")
                .bind(group.0)
                .bind(false)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// The newest revision of each uploaded build of `group`, in no particular order.
    pub async fn load_uploads(&self, group: GroupId) -> Result<Vec<Revision>, StoreError> {
        let rows: Vec<RevisionRow> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT id, build, revision, received_ms, uploader, running, bytes, hash, applied \
                 FROM upload AS one WHERE group_id = $1 AND revision = (SELECT MAX(revision) FROM upload AS other \
                 WHERE other.group_id = one.group_id AND other.build = one.build)",
            )
            .bind(group.0)
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows.into_iter().map(Revision::from).collect())
    }

    /// Keeps a deploy; one that is known already is left as it was. Answers whether it is new, and says
    /// so in the audit.
    pub async fn add_deploy(&self, deploy: &Deploy, who: &str) -> Result<bool, StoreError> {
        writing!(self, tx => {
            let added = sqlx::query(
                "INSERT INTO deploy (component, version, environment, at_ms, source, reporter, \
                 received_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                 ON CONFLICT (component, environment, at_ms, version) DO NOTHING",
            )
            .bind(deploy.component.as_str())
            .bind(deploy.version.as_str())
            .bind(deploy.environment.as_str())
            .bind(deploy.at_ms)
            .bind(deploy.source.as_str())
            .bind(deploy.reporter.as_str())
            .bind(deploy.received_ms)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                > 0;
            if added {
                audit!(
                    tx,
                    deploy.received_ms,
                    who,
                    "deploy.report",
                    deploy.component.as_str(),
                    format!("{} {}", deploy.version, deploy.environment).trim_end().to_owned()
                );
            }
            added
        })
    }

    /// How many deploys were reported, ever: another number whenever [`Store::load_deploys`] has another
    /// answer.
    pub async fn count_deploys(&self) -> Result<i64, StoreError> {
        let (count,): (i64,) = reading!(self, tx => {
            sqlx::query_as("SELECT COUNT(*) FROM deploy").fetch_one(&mut *tx).await?
        })?;
        Ok(count)
    }

    /// All deploys, oldest first.
    pub async fn load_deploys(&self) -> Result<Vec<Deploy>, StoreError> {
        let rows: Vec<DeployRow> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT component, version, environment, at_ms, source, reporter, received_ms \
                 FROM deploy ORDER BY at_ms, id",
            )
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows.into_iter().map(deploy_of).collect())
    }
}
