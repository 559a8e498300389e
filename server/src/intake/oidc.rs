//! Tokens that a cloud signs for those who notify us: JSON Web Tokens of OpenID Connect, RS256.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;

use crate::settings::OidcSettings;

/// How long keys are believed before they are asked for again.
const KEYS_FOR: Duration = Duration::from_hours(1);
/// How often an unknown key makes us ask earlier, at most.
const KEYS_AGAIN: Duration = Duration::from_mins(1);
/// How long the signer may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// By how much clocks may differ, in seconds.
const SKEW_SECS: i64 = 60;
/// The longest token that is looked at, in bytes.
const TOKEN_CAP: usize = 16_384;

/// Verifies tokens.
#[derive(Debug)]
pub(super) struct Verifier {
    settings: OidcSettings,
    known: Mutex<Option<(Instant, Arc<Keys>)>>,
}

/// A JSON Web Key Set.
#[derive(Debug, Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(default)]
    kid: String,
    #[serde(default)]
    kty: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    #[serde(default)]
    iat: i64,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
}

impl Verifier {
    pub(super) fn new(settings: OidcSettings) -> Self {
        Self {
            settings,
            known: Mutex::default(),
        }
    }

    /// The service account that `token` speaks for.
    ///
    /// # Errors
    /// One sentence why the token is refused.
    pub(super) async fn verify(&self, token: &str, now_ms: i64) -> Result<String, String> {
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("the token is not a signed one".to_owned());
        };
        if token.len() > TOKEN_CAP {
            return Err("the token is too long".to_owned());
        }
        let signed = &token[..header.len() + 1 + claims.len()];
        let header: Header = decoded(header)?;
        if header.alg != "RS256" {
            return Err(format!(
                "the token is signed with {:?}, not RS256",
                header.alg
            ));
        }
        let signature = URL_SAFE_NO_PAD
            .decode(signature.trim_end_matches('='))
            .map_err(|_| "the token's signature cannot be read".to_owned())?;
        let mut keys = self.keys(KEYS_FOR).await?;
        if keys.of(&header.kid).is_none() {
            keys = self.keys(KEYS_AGAIN).await?;
        }
        let key = keys
            .of(&header.kid)
            .ok_or_else(|| "the token is signed with a key that is not known".to_owned())?;
        key.check(signed.as_bytes(), &signature)?;

        let claims: Claims = decoded(claims)?;
        let now_secs = now_ms / 1000;
        let OidcSettings {
            audience,
            emails,
            issuer,
            ..
        } = &self.settings;
        let bare = |issuer: &str| issuer.trim_start_matches("https://").to_owned();
        if bare(&claims.iss) != bare(issuer) {
            return Err(format!("the token was issued by {:?}", claims.iss));
        }
        if claims.aud != *audience {
            return Err(format!("the token is for {:?}", claims.aud));
        }
        if claims.exp + SKEW_SECS < now_secs {
            return Err("the token has expired".to_owned());
        }
        if claims.iat - SKEW_SECS > now_secs {
            return Err("the token is from the future".to_owned());
        }
        if !claims.email_verified || !emails.contains(&claims.email) {
            return Err(format!("{:?} may not notify", claims.email));
        }
        Ok(claims.email)
    }

    /// The keys, asked for again when they are older than `at_most`.
    async fn keys(&self, at_most: Duration) -> Result<Arc<Keys>, String> {
        let known = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.clone()
        };
        if let Some((since, keys)) = &known
            && since.elapsed() < at_most
        {
            return Ok(Arc::clone(keys));
        }
        let from = &self.settings.keys;
        match read_keys(from).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((Instant::now(), Arc::clone(&keys)));
                Ok(keys)
            }
            Err(error) => {
                tracing::warn!(%error, "cannot read the keys at {from}: {error}");
                // The old ones are better than none.
                known
                    .map(|(_, keys)| keys)
                    .ok_or_else(|| "the keys that verify tokens cannot be read".to_owned())
            }
        }
    }
}

async fn read_keys(from: &str) -> Result<Keys, String> {
    let bytes = if from.starts_with("https://") || from.starts_with("http://") {
        crate::tls::use_ring();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        let answer = client.get(from).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| error.to_string())?;
        answer
            .bytes()
            .await
            .map_err(|error| error.to_string())?
            .to_vec()
    } else {
        tokio::fs::read(from)
            .await
            .map_err(|error| error.to_string())?
    };
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

impl Keys {
    fn of(&self, kid: &str) -> Option<&Key> {
        self.keys
            .iter()
            .find(|key| key.kid == kid && key.kty == "RSA")
    }
}

impl Key {
    fn check(&self, signed: &[u8], signature: &[u8]) -> Result<(), String> {
        let number = |text: &str| {
            URL_SAFE_NO_PAD
                .decode(text.trim_end_matches('='))
                .map_err(|_| "the key that signed the token cannot be read".to_owned())
        };
        let key = RsaPublicKeyComponents {
            n: number(&self.n)?,
            e: number(&self.e)?,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            .map_err(|_| "the token's signature is wrong".to_owned())
    }
}

fn decoded<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, String> {
    let wrong = || "the token cannot be read".to_owned();
    let bytes = URL_SAFE_NO_PAD
        .decode(part.trim_end_matches('='))
        .map_err(|_| wrong())?;
    serde_json::from_slice(&bytes).map_err(|_| wrong())
}
