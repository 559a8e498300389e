//! What comes in over HTTP: uploads, notifications of buckets, deploys; and who may bring them.
//!
//! Whoever writes is known by a token, which is bound to groups by pattern, and is named in the audit.
//! An upload is written to disk as it comes, and refused whole as soon as it is too large. What is kept
//! of it and what is made of it is the pipeline's.

mod bug;
mod notice;
mod oidc;
mod stage;
pub mod token;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::Stream;
use model::deploy::Deploy;
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

pub use bug::BugReport;
pub use notice::Envelope;

pub use crate::prow::upload::Upload;

use crate::{
    clock::now_ms,
    pipeline::{Pipeline, Receipt, Received, UploadError},
    read::Reader,
    settings::PushSettings,
    store::{Store, StoreError, StoredToken},
};

/// Uploads that are in memory at once.
const AT_ONCE: usize = 4;
/// How exactly the last use of a token is noted.
const MINUTE_MS: i64 = 60_000;
/// The longest text of a deploy, in bytes.
const TEXT_CAP: usize = 500;

/// Why something was not taken in. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Nobody knows who brings it.
    #[error("{0}")]
    Unauthorized(String),
    /// Who brings it may not.
    #[error("{0}")]
    Forbidden(String),
    /// It is for something that does not exist.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be understood.
    #[error("{0}")]
    Bad(String),
    /// It is larger than so many bytes.
    #[error("the upload is larger than {0} bytes, and nothing of it is stored")]
    TooLarge(u64),
    /// Not now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "nothing can be taken in: {error}");
        Self::Unavailable("the database does not answer; nothing is stored, try again".to_owned())
    }
}

impl From<UploadError> for IntakeError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::UnknownGroup(_) => Self::NotFound(error.to_string()),
            UploadError::Bad(why) => Self::Bad(why),
            UploadError::Store(error) => error.into(),
            UploadError::Lost => Self::Unavailable(error.to_string()),
        }
    }
}

/// Where things are brought.
pub struct Intake {
    store: Store,
    pipeline: Arc<Pipeline<Arc<Reader>>>,
    max_bytes: u64,
    /// SHA-256 of the secret of notifications.
    secret: Option<Vec<u8>>,
    oidc: Option<oidc::Verifier>,
    places: Semaphore,
    /// What became known of tokens that were used.
    touched: Mutex<Vec<(i64, i64)>>,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

/// Somebody with a token that is good.
#[derive(Clone, Debug)]
pub struct Bearer(StoredToken);

impl Bearer {
    /// For the audit.
    fn who(&self) -> String {
        format!("token {} ({})", self.0.id, self.0.name)
    }

    /// Refuses who may not write this test group.
    fn may_write(&self, group: &str) -> Result<(), IntakeError> {
        if token::allows(&self.0.group_pattern, group) {
            return Ok(());
        }
        Err(IntakeError::Forbidden(format!(
            "the token \"{}\" may not write the test group \"{group}\"; it may write \"{}\"",
            self.0.name, self.0.group_pattern
        )))
    }
}

/// That a service changed, as its reporter says it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployReport {
    /// What changed: an infra component of the settings, or any service's name.
    pub component: String,
    /// What it changed to.
    pub version: String,
    /// Where; absent where there is only one place.
    #[serde(default)]
    pub environment: String,
    /// When; now when absent.
    #[serde(default)]
    pub time: Option<DateTime<Utc>>,
    /// Where it is told, normally an address.
    #[serde(default)]
    pub source: String,
}

/// What kind of secret a notification came with.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// In `Authorization: Bearer …`: a signed token, or the secret.
    Bearer(&'a str),
    /// The secret, elsewhere.
    Secret(&'a str),
}

impl Intake {
    /// An intake for the groups of `pipeline`.
    ///
    /// # Errors
    /// One sentence when the file with the secret cannot be read, or is empty.
    pub fn new(
        store: Store,
        pipeline: Arc<Pipeline<Arc<Reader>>>,
        settings: &PushSettings,
    ) -> Result<Self, String> {
        let secret = match &settings.secret_file {
            None => None,
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    format!("cannot read push.secret_file {}: {error}", file.display())
                })?;
                let text = text.trim();
                if text.is_empty() {
                    return Err(format!("push.secret_file {} is empty", file.display()));
                }
                Some(token::hash(text))
            }
        };
        Ok(Self {
            store,
            pipeline,
            max_bytes: settings.max_bytes,
            secret,
            oidc: settings.oidc.clone().map(oidc::Verifier::new),
            places: Semaphore::new(AT_ONCE),
            touched: Mutex::default(),
        })
    }

    /// Who brings a token, as it stands in the header `Authorization`.
    ///
    /// # Errors
    /// When there is none, or it is of no use.
    pub async fn authorize(&self, authorization: Option<&str>) -> Result<Bearer, IntakeError> {
        let refuse = |why: &str| IntakeError::Unauthorized(why.to_owned());
        let given = authorization
            .and_then(bearer)
            .ok_or_else(|| refuse("a token is needed: Authorization: Bearer …"))?;
        let found = self.store.find_token(&token::hash(given)).await?;
        let found = found.ok_or_else(|| refuse("there is no such token"))?;
        let now_ms = now_ms();
        if let Some(why) = token::refusal(&found, now_ms) {
            return Err(refuse(why));
        }
        if self.is_first_use(found.id, now_ms)
            && let Err(error) = self.store.touch_token(found.id, now_ms).await
        {
            tracing::warn!(%error, "cannot note that token {} was used: {error}", found.id);
        }
        Ok(Bearer(found))
    }

    /// Whether a token was not used during the last minute.
    fn is_first_use(&self, id: i64, now_ms: i64) -> bool {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.retain(|&(_, at_ms)| now_ms - at_ms < MINUTE_MS);
        if touched.iter().any(|&(known, _)| known == id) {
            return false;
        }
        touched.push((id, now_ms));
        true
    }

    /// Takes an upload for `group`, whose description may leave the build id to `build`. When this
    /// returns, the run is shown.
    ///
    /// # Errors
    /// When nothing of it is stored.
    pub async fn upload<S, E>(
        &self,
        bearer: &Bearer,
        group: &str,
        build: Option<&str>,
        content_type: &str,
        length: Option<u64>,
        body: S,
    ) -> Result<Receipt, IntakeError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let Some(known) = self.pipeline.find_group(group) else {
            return Err(UploadError::UnknownGroup(group.to_owned()).into());
        };
        bearer.may_write(&known.name)?;
        if length.is_some_and(|length| length > self.max_bytes) {
            return Err(IntakeError::TooLarge(self.max_bytes));
        }
        // Never closed while the intake lives.
        let _place = self.places.acquire().await.ok();
        let staged = stage::receive(content_type, build, body, self.max_bytes).await?;
        if let Some(why) = staged.description.refusal(now_ms()) {
            return Err(IntakeError::Bad(why));
        }
        let receipt = self
            .pipeline
            .accept(Received {
                group: group.to_owned(),
                description: staged.description,
                files: staged.files,
                uploader: bearer.0.name.clone(),
                who: bearer.who(),
            })
            .await?;
        if receipt.is_new {
            let Receipt {
                group,
                build,
                revision,
                ..
            } = &receipt;
            tracing::info!(
                group.name = group,
                build,
                revision,
                uploader = bearer.0.name,
                "{group}: build {build} uploaded by {}, revision {revision}",
                bearer.0.name
            );
        }
        Ok(receipt)
    }

    /// Takes the report of a deploy; answers it as it is kept and whether it is new.
    ///
    /// # Errors
    /// When nothing of it is stored.
    pub async fn report_deploy(
        &self,
        bearer: &Bearer,
        report: DeployReport,
    ) -> Result<(Deploy, bool), IntakeError> {
        for (key, text, needed) in [
            ("component", &report.component, true),
            ("version", &report.version, true),
            ("environment", &report.environment, false),
            ("source", &report.source, false),
        ] {
            if needed && text.trim().is_empty() {
                return Err(IntakeError::Bad(format!("`{key}` is empty")));
            }
            if text.len() > TEXT_CAP || text.chars().any(char::is_control) {
                return Err(IntakeError::Bad(format!(
                    "`{key}` is longer than {TEXT_CAP} bytes, or has something that cannot be printed"
                )));
            }
        }
        let component = report.component.trim();
        if !token::allows(&bearer.0.component_pattern, component) {
            return Err(IntakeError::Forbidden(format!(
                "the token \"{}\" may not report deploys of \"{component}\"; it may report \"{}\"",
                bearer.0.name, bearer.0.component_pattern
            )));
        }
        let received_ms = now_ms();
        let deploy = Deploy {
            component: component.to_owned(),
            version: report.version.trim().to_owned(),
            environment: report.environment.trim().to_owned(),
            at_ms: report
                .time
                .map_or(received_ms, |time| time.timestamp_millis()),
            source: report.source.trim().to_owned(),
            reporter: bearer.0.name.clone(),
            received_ms,
        };
        let is_new = self.store.add_deploy(&deploy, &bearer.who()).await?;
        if is_new {
            self.store.announce().await;
            tracing::info!(
                component = deploy.component,
                version = deploy.version,
                "{} is now {}, says {}",
                deploy.component,
                deploy.version,
                deploy.reporter
            );
        }
        Ok((deploy, is_new))
    }

    /// Takes a notification of an object and asks for looks at the groups whose builds it belongs to;
    /// answers how many there are. Objects that tell nothing new, and unknown ones, are none's.
    ///
    /// # Errors
    /// When it cannot be believed or understood, or cannot be passed on.
    pub async fn notify(&self, proof: Option<Proof<'_>>, body: &[u8]) -> Result<u64, IntakeError> {
        self.believe(proof).await?;
        let envelope = Envelope::parse(body).map_err(IntakeError::Bad)?;
        let Some(object) = envelope.written().map_err(IntakeError::Bad)? else {
            return Ok(0);
        };
        let groups = self.pipeline.groups_of_object(&object);
        tracing::debug!(object, groups.count = groups.len(), "notified of {object}");
        if groups.is_empty() {
            return Ok(0);
        }
        Ok(self
            .pipeline
            .push(groups.iter().map(String::as_str))
            .await?)
    }

    /// Whether a notification comes from whom it should.
    async fn believe(&self, proof: Option<Proof<'_>>) -> Result<(), IntakeError> {
        if self.secret.is_none() && self.oidc.is_none() {
            return Err(IntakeError::Forbidden(
                "notifications are not set up: name push.secret_file or push.oidc in the settings"
                    .to_owned(),
            ));
        }
        let Some(proof) = proof else {
            return Err(IntakeError::Unauthorized(
                "a notification needs the shared secret or a signed token".to_owned(),
            ));
        };
        let (Proof::Bearer(given) | Proof::Secret(given)) = proof;
        // Comparing hashes tells nothing of the secret by how long it takes.
        if self
            .secret
            .as_ref()
            .is_some_and(|secret| *secret == token::hash(given))
        {
            return Ok(());
        }
        match (proof, &self.oidc) {
            (Proof::Bearer(token), Some(verifier)) => verifier
                .verify(token, now_ms())
                .await
                .map(drop)
                .map_err(IntakeError::Unauthorized),
            _ => Err(IntakeError::Unauthorized("the secret is wrong".to_owned())),
        }
    }
}

/// What follows `Bearer` in a header.
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, given) = authorization.trim().split_once(' ')?;
    let given = given.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !given.is_empty()).then_some(given)
}
