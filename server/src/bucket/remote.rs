//! Buckets that are reached over HTTP: which store a URL means, how we prove who we are, how often we
//! try again.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use gcp_auth::{CustomServiceAccount, TokenProvider};
use object_store::{
    BackoffConfig, ClientOptions, CredentialProvider, Error, ObjectStore, RetryConfig,
    aws::AmazonS3Builder,
    azure::MicrosoftAzureBuilder,
    gcp::{GcpCredential, GoogleCloudStorageBuilder},
    http::HttpBuilder,
    list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore},
    path::Path,
};
use tokio::sync::Mutex;
use url::Url;

use super::http::Connector;
use crate::settings::BucketSettings;

/// What we ask Google to be allowed.
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may be silent.
const SILENCE: Duration = Duration::from_secs(20);
/// How long one request may take, with its body.
const REQUEST: Duration = Duration::from_mins(1);
/// How often a request is tried again that met a fault of the server or too many requests, and for how
/// long: well within what one look at a group may take. Then the look fails, and is tried again later.
const TRIES: usize = 5;
const TRY_FOR: Duration = Duration::from_secs(45);

/// How we prove who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Credentials {
    /// Not at all: the bucket is public.
    Anonymous,
    /// By whatever this machine has.
    Auto,
    /// By the key of a service account.
    File(PathBuf),
}

impl Credentials {
    fn parse(text: Option<&str>) -> Result<Self, String> {
        match text.map(str::trim) {
            None | Some("" | "auto") => Ok(Self::Auto),
            Some("anonymous") => Ok(Self::Anonymous),
            Some(text) => match text.strip_prefix("file:").map(str::trim) {
                Some(path) if !path.is_empty() => Ok(Self::File(path.into())),
                _ => Err(format!(
                    "the credentials `{text}` are none of auto, anonymous and file: PATH"
                )),
            },
        }
    }
}

/// A store, and its pages where it can be listed page by page.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) pages: Option<Pages>,
}

/// A store that can be listed page by page, from anywhere.
#[derive(Clone)]
pub(super) struct Pages(Arc<dyn PaginatedListStore>);

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl Pages {
    /// One page of what is below `prefix`.
    pub(super) async fn list_page(
        &self,
        prefix: &str,
        options: PaginatedListOptions,
    ) -> Result<PaginatedListResult, Error> {
        let prefix = (!prefix.is_empty()).then_some(prefix);
        self.0.list_paginated(prefix, options).await
    }
}

impl Remote {
    /// A store that is listed as a whole.
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, pages: None }
    }

    fn with_pages<S: ObjectStore + PaginatedListStore>(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            store: store.clone(),
            pages: Some(Pages(store)),
        }
    }
}

/// A store, and the path in it that stands in place of a bucket's prefix.
type Opened = (Remote, Path);

/// The store that `url` means, and the path in it that stands in place of the bucket's prefix; `None`
/// for a scheme that is not known here.
pub(super) fn open(settings: &BucketSettings, url: &Url) -> Result<Option<Opened>, String> {
    let scheme = url.scheme();
    if !matches!(scheme, "gs" | "s3" | "az" | "http" | "https") {
        return Ok(None);
    }
    crate::tls::use_ring();
    let credentials = Credentials::parse(settings.credentials.as_deref())?;
    let is_anonymous = credentials == Credentials::Anonymous;
    let endpoint = settings
        .endpoint
        .as_deref()
        .map(|it| it.trim_end_matches('/'));
    let is_plain = scheme == "http" || endpoint.is_some_and(|it| it.starts_with("http://"));
    let client = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_connect_timeout(CONNECT)
        .with_read_timeout(SILENCE)
        .with_timeout(REQUEST);
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        max_retries: TRIES,
        retry_timeout: TRY_FOR,
    };
    let name = url.host_str().unwrap_or_default();
    if name.is_empty() {
        return Err(format!("it names no bucket, as in `{scheme}://bucket`"));
    }
    if matches!(credentials, Credentials::File(_)) && scheme != "gs" {
        return Err("credentials of a file are for gs:// alone".to_owned());
    }
    let path = Path::from_url_path(url.path()).map_err(|error| error.to_string())?;
    let store: Result<Remote, Error> = match scheme {
        "gs" => {
            let token = Arc::new(GoogleToken::new(credentials));
            let connector = Connector {
                token: (!is_anonymous).then(|| token.clone()),
            };
            let mut builder = GoogleCloudStorageBuilder::new()
                .with_bucket_name(name)
                .with_client_options(client)
                .with_retry(retry)
                .with_skip_signature(is_anonymous)
                // Even unused, or the builder would look for others itself.
                .with_credentials(token)
                .with_http_connector(connector);
            if let Some(endpoint) = endpoint {
                builder = builder.with_base_url(endpoint);
            }
            builder.build().map(Remote::with_pages)
        }
        "s3" => {
            let mut builder = AmazonS3Builder::from_env()
                .with_bucket_name(name)
                .with_client_options(client)
                .with_retry(retry)
                .with_skip_signature(is_anonymous)
                .with_http_connector(Connector::default());
            if let Some(endpoint) = endpoint {
                builder = builder
                    .with_endpoint(endpoint)
                    .with_virtual_hosted_style_request(false);
            }
            builder.build().map(Remote::with_pages)
        }
        "az" => {
            let mut builder = MicrosoftAzureBuilder::from_env()
                .with_container_name(name)
                .with_client_options(client)
                .with_retry(retry)
                .with_skip_signature(is_anonymous)
                .with_http_connector(Connector::default());
            if let Some(endpoint) = endpoint {
                builder = builder.with_endpoint(endpoint.to_owned());
            }
            builder.build().map(Remote::with_pages)
        }
        _ => {
            // Folders are listed as WebDAV has it, below the whole of the address.
            let store = HttpBuilder::new()
                .with_url(settings.url.as_str())
                .with_client_options(client)
                .with_retry(retry)
                .with_http_connector(Connector::default())
                .build();
            let store = store.map_err(|error| one_line(&error))?;
            return Ok(Some((Remote::new(Arc::new(store)), Path::default())));
        }
    };
    let store = store.map_err(|error| one_line(&error))?;
    Ok(Some((store, path)))
}

/// An error of a store with what caused it, on one line. Nothing of ours is in it that must not be shown.
pub(super) fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Many errors repeat what caused them.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    plain(&words.join(" "))
}

/// What a store's client says, without what it did on the way: of an answer that is none of what was asked
/// for, its status and what the store says of it.
fn plain(text: &str) -> String {
    const STATUS: &str = "Server returned non-2xx status code: ";
    const TRIED: &str = "Error performing ";
    let Some((before, answer)) = text.split_once(STATUS) else {
        let text = text
            .strip_prefix("Generic ")
            .and_then(|text| text.split_once(" error: "))
            .map_or(text, |(_, text)| text);
        // `Error performing list request: Error performing GET http://… in 5ms - what happened`
        let happened = text.starts_with(TRIED).then(|| text.split_once(" - "));
        return happened
            .flatten()
            .map_or(text, |(_, happened)| happened)
            .to_owned();
    };
    let (status, body) = answer.split_once(": ").unwrap_or((answer, ""));
    let tries = before
        .split_once(", after ")
        .and_then(|(_, after)| after.split_once(" retries"))
        .map(|(tries, _)| format!(" after {tries} more tries"))
        .unwrap_or_default();
    let said = said(body);
    let colon = if said.is_empty() { "" } else { ": " };
    format!(
        "it answers {}{tries}{colon}{said}",
        status.trim_end_matches(':')
    )
}

/// What a store says in the body of an answer, shortened: the message of its JSON or XML, else the body.
fn said(body: &str) -> String {
    const MOST: usize = 200;
    let message = serde_json::from_str::<serde_json::Value>(body)
        .ok()
        .and_then(|body| Some(body.pointer("/error/message")?.as_str()?.to_owned()))
        .or_else(|| {
            let (_, rest) = body.split_once("<Message>")?;
            let (message, _) = rest.split_once("</Message>")?;
            Some(message.to_owned())
        });
    let message = message.unwrap_or_else(|| body.to_owned());
    let mut short: String = message.trim().chars().take(MOST).collect();
    if short.len() < message.trim().len() {
        short.push('…');
    }
    short
}

/// Tokens for Google's buckets, found when the first is needed.
pub(super) struct GoogleToken {
    credentials: Credentials,
    /// Who gives them, with those that are good; none before the first is needed, and after one was refused.
    provider: Mutex<Option<Arc<dyn TokenProvider>>>,
}

impl fmt::Debug for GoogleToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleToken")
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

impl GoogleToken {
    fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            provider: Mutex::new(None),
        }
    }

    /// Forgets all tokens when this one, which a store refused, would be given again.
    pub(super) async fn forget(&self, refused: &str) {
        let mut provider = self.provider.lock().await;
        if let Some(known) = &*provider
            && let Ok(token) = known.token(&[SCOPE]).await
            && token.as_str() == refused
        {
            *provider = None;
        }
    }

    async fn find_provider(&self) -> Result<Arc<dyn TokenProvider>, String> {
        match &self.credentials {
            Credentials::File(file) => CustomServiceAccount::from_file(file)
                .map(|account| Arc::new(account) as _)
                .map_err(|error| {
                    format!("the credentials in {} are of no use: {}", file.display(), one_line(&error))
                }),
            Credentials::Auto | Credentials::Anonymous => {
                gcp_auth::provider().await.map_err(|error| {
                    format!(
                        "this machine has no credentials ({}); for a public bucket say credentials: \
                         anonymous",
                        one_line(&error)
                    )
                })
            }
        }
    }
}

#[async_trait]
impl CredentialProvider for GoogleToken {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<GcpCredential>> {
        let refuse = |why: String| Error::Unauthenticated {
            path: SCOPE.to_owned(),
            source: why.into(),
        };
        let provider = {
            let mut provider = self.provider.lock().await;
            if let Some(provider) = &*provider {
                Arc::clone(provider)
            } else {
                let found = self.find_provider().await.map_err(refuse)?;
                Arc::clone(provider.insert(found))
            }
        };
        let token = provider
            .token(&[SCOPE])
            .await
            .map_err(|error| refuse(format!("no token was given: {}", one_line(&error))))?;
        Ok(Arc::new(GcpCredential {
            bearer: token.as_str().to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, credentials: &str) -> BucketSettings {
        BucketSettings {
            prefix: "b".into(),
            url: url.into(),
            credentials: Some(credentials.into()),
            endpoint: None,
            parallel: None,
        }
    }

    #[test]
    fn urls_mean_stores() {
        for (url, root) in [
            ("gs://kubernetes-ci-logs", ""),
            ("gs://bucket/some/folder", "some/folder"),
            ("http://127.0.0.1:1/dav", ""),
        ] {
            let parsed = Url::parse(url).expect("a URL");
            let opened = open(&settings(url, "anonymous"), &parsed).expect("a store");
            let (_, path) = opened.expect("a known scheme");
            assert_eq!(path.as_ref(), root, "{url}");
        }
        for (url, credentials, words) in [
            ("gs://b", "magic", "`magic`"),
            ("gs://b", "file:", "`file:`"),
            ("s3://b", "file: x", "for gs:// alone"),
        ] {
            let parsed = Url::parse(url).expect("a URL");
            let error = open(&settings(url, credentials), &parsed).map(|_| ());
            let error = error.expect_err("it cannot be");
            assert!(error.contains(words), "{error}");
        }
        let other = Url::parse("gopher://b").expect("a URL");
        assert!(matches!(
            open(&settings("gopher://b", "auto"), &other),
            Ok(None)
        ));
    }

    #[test]
    fn what_a_store_says_is_short() {
        let list = "Generic GCS error: Error performing list request: Error performing GET \
                    http://127.0.0.1:1/b?list-type=2&prefix=logs%2Fjob%2F in 5.9ms";
        let retried = ", after 5 retries, max_retries: 5, retry_timeout: 45s ";
        let status = "Server returned non-2xx status code:";
        for (text, plain_text) in [
            (
                format!(
                    "{list} - {status} 403 Forbidden: {{\"error\":{{\"message\":\"No access.\"}}}}"
                ),
                "it answers 403 Forbidden: No access.",
            ),
            (
                format!("{list}{retried} - {status} 503 Service Unavailable: oops"),
                "it answers 503 Service Unavailable after 5 more tries: oops",
            ),
            (
                format!(
                    "{list} - {status} 404 Not Found: <Error><Message>No bucket</Message></Error>"
                ),
                "it answers 404 Not Found: No bucket",
            ),
            (
                format!("{list} - {status} 429 Too Many Requests: "),
                "it answers 429 Too Many Requests",
            ),
            (
                format!("{list} - HTTP error: error sending request"),
                "HTTP error: error sending request",
            ),
            (
                "Generic GCS error: Error getting list response body: the end".to_owned(),
                "Error getting list response body: the end",
            ),
            ("something else".to_owned(), "something else"),
        ] {
            assert_eq!(plain(&text), plain_text);
        }
        let page = format!("{list} - {status} 500 Oh: <html>{}", "x".repeat(1000));
        assert!(plain(&page).chars().count() < 250);
    }
}
