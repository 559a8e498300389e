//! Notifications of a bucket: whom they are believed, and how soon what they tell is seen.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use seamgrid::{pipeline, settings::OidcSettings};
use tokio::sync::oneshot;

use super::*;

const NOTIFY: &str = "/api/v2/notify/gcs";

/// A key for tests alone.
pub(crate) fn signer() -> RsaKeyPair {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keys/signer.pem");
    let pem = fs::read_to_string(path).expect("the key of the tests");
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = STANDARD.decode(text).expect("base64");
    RsaKeyPair::from_pkcs8(&key).expect("an RSA key")
}

/// The public half as a JSON Web Key Set.
fn keys(kid: &str) -> Value {
    let key = signer();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
    let (n, e) = (number(&public.n), number(&public.e));
    json!({"keys": [{"kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "n": n, "e": e}]})
}

fn signed(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(header), encode(claims));
    let key = signer();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .expect("signed");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn envelope(object: &str) -> String {
    json!({
        "message": {
            "attributes": {"bucketId": "ci", "objectId": object, "eventType": "OBJECT_FINALIZE"},
            "messageId": "1",
        },
        "subscription": "projects/p/subscriptions/s",
    })
    .to_string()
}

fn with_secret(folder: &TempDir) -> PushSettings {
    let file = folder.path().join("secret");
    fs::write(&file, "open sesame\n").expect("written");
    PushSettings {
        secret_file: Some(file),
        ..PushSettings::default()
    }
}

/// How many groups are pushed.
async fn pushed(world: &World) -> Vec<String> {
    let queue = world.store.load_queue().await.expect("the queue");
    queue
        .groups
        .into_iter()
        .filter(|queued| queued.pushed_ms.is_some())
        .map(|queued| queued.name)
        .collect()
}

#[tokio::test]
async fn nobody_is_believed_without_proof() {
    let world = World::new().await;
    let body = envelope("logs/job/1/finished.json");
    let reply = world.send(NOTIFY, &[], body.clone()).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(
        reply.message().contains("push.secret_file"),
        "{}",
        reply.message()
    );

    let secrets = TempDir::new().expect("a folder");
    let world = World::with(with_secret(&secrets)).await;
    let reply = world.send(NOTIFY, &[], body.clone()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let wrong = [(header::AUTHORIZATION, "Bearer open simsim")];
    let reply = world.send(NOTIFY, &wrong, body.clone()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(pushed(&world).await, Vec::<String>::new());

    let right = [(header::AUTHORIZATION, "Bearer open sesame")];
    let reply = world.send(NOTIFY, &right, body).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    assert_eq!(pushed(&world).await, ["ci-job"]);
    let address = format!("{NOTIFY}?token=open%20sesame");
    let pull = envelope("pr-logs/pull/o_r/7/pull-job/1/started.json");
    let reply = world.send(&address, &[], pull).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    assert_eq!(pushed(&world).await, ["ci-job", "pull-job"]);
    for (body, status) in [
        (
            envelope("logs/unknown/1/finished.json"),
            StatusCode::NO_CONTENT,
        ),
        (envelope("logs/job/1/build-log.txt"), StatusCode::NO_CONTENT),
        ("{}".to_owned(), StatusCode::BAD_REQUEST),
        ("x".repeat(2 << 20), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let reply = world.send(NOTIFY, &right, body).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
}

#[tokio::test]
async fn signed_tokens_are_verified() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("keys.json");
    fs::write(&file, keys("k1").to_string()).expect("written");
    let world = World::with(PushSettings {
        oidc: Some(OidcSettings {
            audience: "https://seamgrid.example".into(),
            emails: vec!["push@project.example".into()],
            issuer: "https://accounts.google.com".into(),
            keys: file.display().to_string(),
        }),
        ..PushSettings::default()
    })
    .await;
    let now = seamgrid::clock::now_ms() / 1000;
    let good_header = json!({"alg": "RS256", "kid": "k1", "typ": "JWT"});
    let good = json!({
        "iss": "https://accounts.google.com", "aud": "https://seamgrid.example",
        "exp": now + 3600, "iat": now, "email": "push@project.example", "email_verified": true,
    });
    let but = |key: &str, value: Value| {
        let mut claims = good.clone();
        claims[key] = value;
        claims
    };
    let token = signed(&good_header, &good);
    let mut forged = token.clone();
    let last = forged.pop().expect("a letter");
    forged.pop();
    forged.push_str(if last == 'A' { "BB" } else { "AA" });
    for (token, status, words) in [
        (token, StatusCode::NO_CONTENT, ""),
        (forged, StatusCode::UNAUTHORIZED, "signature"),
        (
            signed(&good_header, &but("exp", json!(now - 100))),
            StatusCode::UNAUTHORIZED,
            "expired",
        ),
        (
            signed(&good_header, &but("iat", json!(now + 900))),
            StatusCode::UNAUTHORIZED,
            "future",
        ),
        (
            signed(&good_header, &but("aud", json!("x"))),
            StatusCode::UNAUTHORIZED,
            "is for \"x\"",
        ),
        (
            signed(&good_header, &but("iss", json!("x"))),
            StatusCode::UNAUTHORIZED,
            "issued by",
        ),
        (
            signed(&good_header, &but("email", json!("x"))),
            StatusCode::UNAUTHORIZED,
            "may not notify",
        ),
        (
            signed(&good_header, &but("email_verified", json!(false))),
            StatusCode::UNAUTHORIZED,
            "may not notify",
        ),
        (
            signed(&json!({"alg": "none", "kid": "k1"}), &good),
            StatusCode::UNAUTHORIZED,
            "not RS256",
        ),
        (
            signed(&json!({"alg": "RS256", "kid": "k2"}), &good),
            StatusCode::UNAUTHORIZED,
            "not known",
        ),
        (
            "a.b".to_owned(),
            StatusCode::UNAUTHORIZED,
            "not a signed one",
        ),
    ] {
        let bearer = format!("Bearer {token}");
        let headers = [(header::AUTHORIZATION, bearer.as_str())];
        let reply = world
            .send(NOTIFY, &headers, envelope("logs/job/1/finished.json"))
            .await;
        assert_eq!(reply.status, status, "{words}: {}", reply.body);
        assert!(
            reply.message().contains(words),
            "{words}: {}",
            reply.message()
        );
    }
}

#[tokio::test]
async fn what_was_told_is_seen_within_a_second() {
    let secrets = TempDir::new().expect("a folder");
    let world = World::with(with_secret(&secrets)).await;
    let pipeline = world.pipeline.clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let work = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        pipeline::run_forever(&pipeline, &pipeline::progress::Unwatched, stopped).await;
    });
    // The first look, after which the next is minutes away.
    let looked = async {
        loop {
            let queue = world.store.load_queue().await.expect("the queue").groups;
            let done = |name: &str| {
                queue.iter().any(|queued| {
                    queued.name == name
                        && queued.update.success_ms.is_some()
                        && queued.lease.is_none()
                })
            };
            if done("ci-job") && done("pull-job") {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, looked)
        .await
        .expect("both are looked at");

    let mut heard = world.reader.listen().expect("it does not stop yet");
    heard.next().await.expect("the beginning");
    let build: PathBuf = world.folder.path().join("bucket/logs/job/12");
    fs::create_dir_all(&build).expect("a folder");
    let now = seamgrid::clock::now_ms() / 1000;
    fs::write(
        build.join("started.json"),
        json!({"timestamp": now - 60}).to_string(),
    )
    .expect("written");
    fs::write(
        build.join("finished.json"),
        json!({"timestamp": now, "passed": true}).to_string(),
    )
    .expect("written");
    let told = Instant::now();
    let right = [(header::AUTHORIZATION, "Bearer open sesame")];
    let reply = world
        .send(NOTIFY, &right, envelope("logs/job/12/finished.json"))
        .await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    let change = tokio::time::timeout(patience, heard.next()).await;
    change.expect("it is seen").expect("a change");
    // Far less than a second on a free machine; the poll is five minutes.
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "{:?}",
        told.elapsed()
    );
    let grid = world.grid("job").await;
    assert_eq!(grid.columns[0].build, "12");
    stop.send(()).expect("it runs");
    work.await.expect("it ends");
    let queue = world.store.load_queue().await.expect("the queue");
    assert!(
        queue.groups.iter().all(|queued| queued.lease.is_none()),
        "{queue:?}"
    );
    assert_eq!(queue.replicas, [], "it has resigned");
}
