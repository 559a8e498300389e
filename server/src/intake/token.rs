//! Tokens: how they look, what of them is kept, what they allow.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};

use crate::{infra::image::matches, store::StoredToken};

/// What a token begins with, so that one that leaked is recognised.
const BEGIN: &str = "seamgrid_";
/// Random bytes of a token.
const BYTES: usize = 32;

/// A new token, which is shown once; its hash is what is kept. `None` when the system gives no random
/// numbers.
pub fn new_token() -> Option<(String, Vec<u8>)> {
    let mut random = [0; BYTES];
    SystemRandom::new().fill(&mut random).ok()?;
    let token = format!("{BEGIN}{}", URL_SAFE_NO_PAD.encode(random));
    let hash = hash(&token);
    Some((token, hash))
}

/// SHA-256. A token is as random as its hash, so it needs no salt and no slow hash.
pub fn hash(secret: &str) -> Vec<u8> {
    digest(&SHA256, secret.as_bytes()).as_ref().to_vec()
}

/// Whether one of the patterns, separated by commas or blanks, matches `name`; `*` is any text.
pub fn allows(patterns: &str, name: &str) -> bool {
    patterns
        .split([',', ' '])
        .filter(|pattern| !pattern.is_empty())
        .any(|pattern| matches(pattern, name))
}

/// Why a token is of no use, as one sentence; `None` for one that is.
pub fn refusal(token: &StoredToken, now_ms: i64) -> Option<&'static str> {
    if token.revoked_ms.is_some() {
        return Some("the token was revoked");
    }
    token
        .expires_ms
        .filter(|&expires_ms| expires_ms <= now_ms)
        .map(|_| "the token has expired")
}

/// A time span as people write it, in milliseconds: `90d`, `12h`, `30m`, `2w`.
///
/// # Errors
/// One sentence.
pub fn parse_span_ms(text: &str) -> Result<i64, String> {
    const MINUTE_MS: i64 = 60_000;
    let wrong = || format!("\"{text}\" is not a time span such as 30m, 12h, 90d or 8w");
    let text = text.trim();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let unit_ms = match unit {
        'm' => MINUTE_MS,
        'h' => 60 * MINUTE_MS,
        'd' => 24 * 60 * MINUTE_MS,
        'w' => 7 * 24 * 60 * MINUTE_MS,
        _ => return Err(wrong()),
    };
    let count: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    match count.checked_mul(unit_ms) {
        Some(span_ms) if span_ms > 0 => Ok(span_ms),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_random_and_only_hashed() {
        let (token, kept) = new_token().expect("random numbers");
        let (other, _) = new_token().expect("random numbers");
        assert_ne!(token, other);
        assert_eq!(token.len(), BEGIN.len() + 43);
        assert_eq!(kept, hash(&token));
        assert_eq!(kept.len(), 32);
    }

    #[test]
    fn patterns_bind_tokens() {
        for (patterns, name, allowed) in [
            ("*", "anything", true),
            ("ci-*", "ci-nightly", true),
            ("ci-*", "pull-ci-nightly", false),
            ("ci-a, ci-b", "ci-b", true),
            ("ci-a ci-b", "ci-c", false),
            ("", "x", false),
            (",", "", false),
        ] {
            assert_eq!(allows(patterns, name), allowed, "{patterns:?} {name}");
        }
    }

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(parse_span_ms("90d"), Ok(90 * 86_400_000));
        assert_eq!(parse_span_ms(" 30m"), Ok(1_800_000));
        for wrong in ["", "d", "90", "-1d", "0h", "1y", "99999999999999999w", "é"] {
            assert!(parse_span_ms(wrong).is_err(), "{wrong}");
        }
    }
}
