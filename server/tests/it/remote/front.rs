//! A server on loopback that speaks as Google's storage does where we ask it, checks tokens as it does,
//! and fails as it is told. Objects are its own, or those of an emulator behind it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::IntoFuture as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Form, Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::push::notices::signer;

/// The service account that may ask for tokens.
pub(crate) const EMAIL: &str = "reader@p.example";

/// Content and link of objects by path.
#[derive(Clone, Default)]
pub(crate) struct Objects(Arc<BTreeMap<String, Object>>);

/// Content, link, and how often it was written.
type Object = (String, Option<String>, u32);

impl Objects {
    pub(crate) fn put(&mut self, path: &str, content: String) {
        self.write(path, content, None);
    }

    fn write(&mut self, path: &str, content: String, link: Option<String>) {
        let objects = Arc::make_mut(&mut self.0);
        let written = objects.get(path).map_or(0, |(_, _, written)| written + 1);
        objects.insert(path.to_owned(), (content, link, written));
    }

    pub(crate) fn link(&mut self, path: &str, target: &str) {
        let content = "the metadata says it".to_owned();
        self.write(path, content, Some(target.to_owned()));
    }
}

/// How a request fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// With this status.
    Status(u16),
    /// The body ends too early.
    Truncated,
    /// There is no answer at all.
    HungUp,
}

#[derive(Default)]
struct Inner {
    objects: Objects,
    /// Instead of the objects: the address of an emulator.
    emulator: Option<String>,
    checks_tokens: bool,
    refuses: bool,
    issued: usize,
    valid: BTreeSet<String>,
    asked: Vec<String>,
    fault: Option<(String, Fault, usize)>,
    failed: usize,
    address: String,
    /// Every answer takes so long.
    delay: Duration,
}

/// The server; it ends with the test.
pub(crate) struct Front {
    inner: Arc<Mutex<Inner>>,
}

type Shared = Arc<Mutex<Inner>>;

impl Front {
    pub(crate) async fn start(objects: Objects, checks_tokens: bool) -> Self {
        Self::over(Inner {
            objects,
            checks_tokens,
            ..Inner::default()
        })
        .await
    }

    pub(crate) async fn before(emulator: &str) -> Self {
        Self::over(Inner {
            emulator: Some(emulator.to_owned()),
            checks_tokens: true,
            ..Inner::default()
        })
        .await
    }

    async fn over(mut inner: Inner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        inner.address = format!("http://{address}");
        let inner = Arc::new(Mutex::new(inner));
        let routes = Router::new()
            .route("/token", post(give_token))
            .fallback(answer)
            .with_state(inner.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        Self { inner }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().expect("nobody panicked"))
    }

    pub(crate) fn address(&self) -> String {
        self.with(|inner| inner.address.clone())
    }

    pub(crate) fn token_uri(&self) -> String {
        format!("{}/token", self.address())
    }

    /// Requests whose path has `part` fail so many times; `?list` for listings.
    pub(crate) fn fail(&self, part: &str, fault: Fault, times: usize) {
        self.with(|inner| inner.fault = Some((part.to_owned(), fault, times)));
    }

    pub(crate) fn failed(&self) -> usize {
        self.with(|inner| inner.failed)
    }

    /// Every answer takes so long from now on.
    pub(crate) fn slow_down(&self, delay: Duration) {
        self.with(|inner| inner.delay = delay);
    }

    /// Changes what is there.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Objects)) {
        self.with(|inner| change(&mut inner.objects));
    }

    /// How often each object was read.
    pub(crate) fn reads(&self) -> HashMap<String, usize> {
        let mut reads = HashMap::new();
        for path in self.asked() {
            *reads.entry(path).or_default() += 1;
        }
        reads
    }

    pub(crate) fn tokens(&self) -> usize {
        self.with(|inner| inner.issued)
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.with(|inner| inner.asked.clone())
    }

    pub(crate) fn forget_tokens(&self) {
        self.with(|inner| inner.valid.clear());
    }

    pub(crate) fn refuse_tokens(&self) {
        self.with(|inner| inner.refuses = true);
    }
}

/// Gives a token to whoever signs with the key of the service account, for reading, for now.
async fn give_token(
    State(shared): State<Shared>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut inner = shared.lock().expect("nobody panicked");
    let uri = format!("{}/token", inner.address);
    match check_assertion(&form, &uri) {
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
        Ok(()) if inner.refuses => {
            (StatusCode::FORBIDDEN, "{\"error\": \"invalid_grant\"}").into_response()
        }
        Ok(()) => {
            inner.issued += 1;
            let token = format!("token-{}", inner.issued);
            inner.valid.insert(token.clone());
            axum::Json(json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}))
                .into_response()
        }
    }
}

fn check_assertion(form: &HashMap<String, String>, uri: &str) -> Result<(), String> {
    let grant = form.get("grant_type").map(String::as_str);
    if grant != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return Err(format!("the grant is {grant:?}"));
    }
    let assertion = form.get("assertion").ok_or("no assertion")?;
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err("the assertion is not signed".into());
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
    let signature = decode(signature).map_err(|error| error.to_string())?;
    let signed = format!("{header}.{claims}");
    let key = signer();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref())
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "the signature is wrong")?;
    let claims = decode(claims).map_err(|error| error.to_string())?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|error| error.to_string())?;
    let now = seamgrid::clock::now_ms() / 1000;
    let is_now = claims["iat"]
        .as_i64()
        .is_some_and(|iat| (iat - now).abs() < 60)
        && claims["exp"]
            .as_i64()
            .is_some_and(|exp| exp > now && exp <= now + 3600);
    if claims["iss"] != EMAIL || claims["aud"] != uri || !is_now {
        return Err(format!("the claims are wrong: {claims}"));
    }
    if claims["scope"] != "https://www.googleapis.com/auth/devstorage.read_only" {
        return Err(format!("more is asked for than reading: {claims}"));
    }
    Ok(())
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let path = percent_encoding::percent_decode_str(request.uri().path())
        .decode_utf8_lossy()
        .trim_start_matches('/')
        .to_owned();
    let query: HashMap<String, String> = request
        .uri()
        .query()
        .map(|query| {
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect()
        })
        .unwrap_or_default();
    let is_list = query.contains_key("list-type");
    let name = if is_list {
        "?list".to_owned()
    } else {
        path.clone()
    };
    let (fault, emulator, objects, delay) = {
        let mut inner = shared.lock().expect("nobody panicked");
        inner.asked.push(path.clone());
        if inner.checks_tokens {
            let given = request
                .headers()
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
                .unwrap_or_default();
            if !inner.valid.contains(given) {
                return (StatusCode::UNAUTHORIZED, "the token is not valid").into_response();
            }
        }
        let fault = match &mut inner.fault {
            Some((part, fault, times)) if *times > 0 && name.contains(part.as_str()) => {
                *times -= 1;
                Some(*fault)
            }
            _ => None,
        };
        inner.failed += usize::from(fault.is_some());
        let (emulator, objects) = (inner.emulator.clone(), inner.objects.clone());
        (fault, emulator, objects, inner.delay)
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if let Some(Fault::Status(status)) = fault {
        let status = StatusCode::from_u16(status).expect("a status");
        return (status, [(header::RETRY_AFTER, "1")], "it fails").into_response();
    }
    if let Some(Fault::HungUp) = fault {
        // The connection ends with the body, which has no end.
        let broken = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("hung up"))]);
        return Body::from_stream(broken).into_response();
    }
    let path = path
        .trim_start_matches("ci-bucket")
        .trim_start_matches('/')
        .to_owned();
    let objects = match (emulator, is_list) {
        (None, _) => objects,
        (Some(emulator), true) => super::emulator::list(&emulator, &query).await,
        (Some(emulator), false) => super::emulator::get(&emulator, &path).await,
    };
    let response = if is_list {
        list(&objects, &query)
    } else {
        object(&objects, &path, request.method() == Method::HEAD, &request)
    };
    match fault {
        Some(Fault::Truncated) => truncated(response).await,
        _ => response,
    }
}

fn list(objects: &Objects, query: &HashMap<String, String>) -> Response {
    let prefix = query.get("prefix").map(String::as_str).unwrap_or_default();
    let is_flat = !query.contains_key("delimiter");
    let mut folders = BTreeSet::new();
    let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?><ListBucketResult>");
    let from_prefix = objects.0.range(prefix.to_owned()..);
    for (name, (content, _, written)) in from_prefix {
        let Some(rest) = name.strip_prefix(prefix) else {
            break;
        };
        match rest.split_once('/') {
            Some((folder, _)) if !is_flat => {
                folders.insert(format!("{prefix}{folder}/"));
            }
            _ => text.push_str(&format!(
                "<Contents><Key>{name}</Key><Size>{}</Size><ETag>\"{}-{written}\"</ETag>\
                 <LastModified>2026-03-01T00:00:00.000Z</LastModified></Contents>",
                content.len(),
                content.len()
            )),
        }
    }
    for folder in folders {
        text.push_str(&format!(
            "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
        ));
    }
    text.push_str("</ListBucketResult>");
    ([(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

fn object(objects: &Objects, path: &str, is_head: bool, request: &Request) -> Response {
    let Some((content, link, written)) = objects.0.get(path) else {
        return (StatusCode::NOT_FOUND, "no such object").into_response();
    };
    let begin: usize = request
        .headers()
        .get(header::RANGE)
        .and_then(|range| {
            let range = range.to_str().ok()?.strip_prefix("bytes=")?;
            range.split('-').next()?.parse().ok()
        })
        .unwrap_or(0);
    let mut response = Response::builder()
        .header(header::ETAG, format!("\"{}-{written}\"", content.len()))
        .header(header::LAST_MODIFIED, "Sun, 01 Mar 2026 00:00:00 GMT");
    if begin > 0 {
        let (last, length) = (content.len() - 1, content.len());
        response = response.status(StatusCode::PARTIAL_CONTENT).header(
            header::CONTENT_RANGE,
            format!("bytes {begin}-{last}/{length}"),
        );
    }
    if let Some(link) = link {
        response = response.header("x-goog-meta-x-goog-meta-link", link);
        response = response.header("x-goog-meta-link", link);
    }
    let rest = content[begin.min(content.len())..].to_owned();
    let response = if is_head {
        response
            .header(header::CONTENT_LENGTH, rest.len())
            .body(Body::empty())
    } else {
        response.body(Body::from(rest))
    };
    response.expect("a response")
}

/// The same with half of its body.
async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .expect("a body");
    parts
        .headers
        .insert(header::CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    let chunks = [Ok(half), Err(std::io::Error::other("cut off"))];
    Response::from_parts(parts, Body::from_stream(futures::stream::iter(chunks)))
}
