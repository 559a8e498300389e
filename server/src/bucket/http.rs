//! How requests go to a store: where it says how long to wait, so long is waited, and a token that it does
//! not know any more is asked for anew. What else fails is tried again by `object_store`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::{
    ClientOptions, CredentialProvider as _,
    client::{
        HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService,
        ReqwestConnector,
    },
};
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER},
};

use super::remote::GoogleToken;
use crate::clock::now_ms;

/// How long is waited at most for one answer, because a store says so. Who asks for more has failed for now.
const WAIT: Duration = Duration::from_secs(30);

/// Makes the connections of a store.
#[derive(Debug, Default)]
pub(super) struct Connector {
    /// Who has tokens that can be renewed.
    pub(super) token: Option<Arc<GoogleToken>>,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Patient {
            client: ReqwestConnector::default().connect(options)?,
            token: self.token.clone(),
        }))
    }
}

#[derive(Debug)]
struct Patient {
    client: HttpClient,
    token: Option<Arc<GoogleToken>>,
}

#[async_trait]
impl HttpService for Patient {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut left = WAIT;
        let mut is_renewed = false;
        loop {
            let answer = self.client.execute(request.clone()).await?;
            match answer.status() {
                StatusCode::UNAUTHORIZED if !is_renewed => {
                    is_renewed = true;
                    let Some(renewed) = self.renewed(request.headers()).await else {
                        return Ok(answer);
                    };
                    request.headers_mut().insert(AUTHORIZATION, renewed);
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    let asked = retry_after(answer.headers(), now_ms());
                    let Some(wait) = asked.filter(|wait| *wait <= left) else {
                        return Ok(answer);
                    };
                    left -= wait;
                    tracing::debug!(
                        wait_ms = wait.as_millis() as u64,
                        "a bucket asks to wait {} ms",
                        wait.as_millis()
                    );
                    tokio::time::sleep(wait).await;
                }
                _ => return Ok(answer),
            }
        }
    }
}

impl Patient {
    /// The header with a new token in place of the one that was refused.
    async fn renewed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let refused = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let token = self.token.as_ref()?;
        token.forget(refused.strip_prefix("Bearer ")?).await;
        // Why there is none is told by the next request.
        let renewed = token.get_credential().await.ok()?;
        HeaderValue::from_str(&format!("Bearer {}", renewed.bearer)).ok()
    }
}

/// How long a store asks us to wait, at least a tenth of a second: as seconds, or as a time.
fn retry_after(headers: &HeaderMap, now_ms: i64) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let ms = if let Ok(secs) = asked.parse::<u64>() {
        secs.saturating_mul(1000)
    } else {
        let at: DateTime<Utc> = DateTime::parse_from_rfc2822(asked).ok()?.into();
        u64::try_from(at.timestamp_millis() - now_ms).unwrap_or(0)
    };
    Some(Duration::from_millis(ms.max(100)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_or_times() {
        for (said, wait) in [
            ("7", Some(7000)),
            ("0", Some(100)),
            (" 2 ", Some(2000)),
            ("Thu, 01 Jan 1970 00:01:00 GMT", Some(10_000)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(100)),
            ("soon", None),
            ("-3", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(said));
            let found = retry_after(&headers, 50_000);
            assert_eq!(found, wait.map(Duration::from_millis), "{said}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), 0), None);
    }
}
