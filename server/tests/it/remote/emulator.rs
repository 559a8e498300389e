//! A real emulator of Google's storage, in a process of its own. It speaks the JSON interface alone, so
//! the front before it says the same in the one that we ask.

use std::{
    collections::HashMap,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use seamgrid::simulate::{Incident, Scale, SimulateOptions, simulate};
use serde_json::{Value, json};

use super::*;

/// The program: what `SEAMGRID_GCS_EMULATOR` names, else what `cargo xtask` installs.
fn program() -> PathBuf {
    let program = std::env::var_os("SEAMGRID_GCS_EMULATOR").map_or_else(
        || {
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
                || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
                PathBuf::from,
            );
            target.join("gcs-emulator/bin/gcp-storage-emulator")
        },
        PathBuf::from,
    );
    assert!(
        program.is_file(),
        "the emulator of Google's storage is missing at {}: `cargo xtask test tools` installs it",
        program.display()
    );
    program
}

/// The process, which ends with the test.
struct Emulator {
    process: Child,
    address: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Emulator {
    async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let process = Command::new(program())
            .args(["start", "--host=127.0.0.1", "--in-memory"])
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator starts");
        let emulator = Self {
            process,
            address: format!("http://127.0.0.1:{port}"),
        };
        let begun = Instant::now();
        while client().get(&emulator.address).send().await.is_err() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "the emulator does not answer"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let made = client()
            .post(format!("{}/storage/v1/b", emulator.address))
            .header("content-type", "application/json")
            .body(json!({"name": "ci-bucket"}).to_string())
            .send()
            .await;
        assert!(made.expect("an answer").status().is_success());
        emulator
    }

    async fn put(&self, path: &str, content: Vec<u8>) {
        let name = utf8_percent_encode(path, NON_ALPHANUMERIC);
        let put = client()
            .post(format!(
                "{}/upload/storage/v1/b/ci-bucket/o?uploadType=media&name={name}",
                self.address
            ))
            .header("content-type", "text/plain")
            .body(content)
            .send()
            .await;
        let put = put.expect("an answer");
        assert!(put.status().is_success(), "{path}: {put:?}");
    }
}

fn client() -> reqwest::Client {
    // The TLS that the client wants chosen, though nothing here speaks it.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::new()
}

async fn ask(url: String) -> Option<Vec<u8>> {
    let answer = client().get(url).send().await.expect("an answer");
    if answer.status() == 404 {
        return None;
    }
    assert!(answer.status().is_success(), "{answer:?}");
    Some(answer.bytes().await.expect("a body").to_vec())
}

/// What the emulator lists for this question; of what a listing does not tell, only the length counts.
pub(super) async fn list(emulator: &str, query: &HashMap<String, String>) -> Objects {
    let mut url = format!("{emulator}/storage/v1/b/ci-bucket/o?maxResults=100000");
    for key in ["prefix", "delimiter"] {
        if let Some(value) = query.get(key) {
            url.push_str(&format!(
                "&{key}={}",
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            ));
        }
    }
    let listed = ask(url).await.expect("the bucket is there");
    let listed: Value = serde_json::from_slice(&listed).expect("JSON");
    let mut objects = Objects::default();
    for item in listed["items"].as_array().into_iter().flatten() {
        let size: usize = item["size"]
            .as_str()
            .and_then(|size| size.parse().ok())
            .expect("a size");
        objects.put(item["name"].as_str().expect("a name"), "x".repeat(size));
    }
    for folder in listed["prefixes"].as_array().into_iter().flatten() {
        let folder = folder.as_str().expect("a prefix");
        objects.put(&format!("{folder}in-it"), String::new());
    }
    objects
}

/// One object of the emulator, if it is there.
pub(super) async fn get(emulator: &str, path: &str) -> Objects {
    let name = utf8_percent_encode(path, NON_ALPHANUMERIC);
    let url = format!("{emulator}/storage/v1/b/ci-bucket/o/{name}?alt=media");
    let mut objects = Objects::default();
    if let Some(content) = ask(url).await {
        objects.put(path, String::from_utf8(content).expect("text"));
    }
    objects
}

#[tokio::test]
async fn builds_read_alike_from_the_emulator_and_from_a_folder() {
    let world = World::new().await;
    let out = world.folder.path().join("world");
    simulate(&SimulateOptions {
        out: out.clone(),
        seed: 5,
        days: 2,
        scale: Scale::Small,
        incident: Incident::Boskos,
        end_ms: Some(NOW_MS),
    })
    .expect("a world");
    let logs = walk(&out);
    // The bucket is whatever folder holds `logs`.
    let root = logs
        .iter()
        .find_map(|path| {
            let text = path.to_str()?;
            let (root, _) = text.split_once("/logs/")?;
            Some(PathBuf::from(root))
        })
        .expect("there are builds");
    let job = std::fs::read_dir(root.join("logs"))
        .expect("jobs")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .min()
        .expect("a job");
    let emulator = Emulator::start().await;
    for file in walk(&root.join("logs").join(&job)) {
        let path = file.strip_prefix(&root).expect("below the bucket");
        let content = std::fs::read(&file).expect("a file");
        emulator.put(path.to_str().expect("text"), content).await;
    }

    let front = Front::before(&emulator.address).await;
    let key = world.key(&front.token_uri());
    let remote = bucket(&front, format!("file: {}", key.display()));
    let report = world.update(remote.clone(), &job).await;
    assert_eq!(report.errors, []);
    assert!(report.saved.inserted > 3, "{report:?}");
    let again = world.update(remote, &job).await;
    assert!(!again.saved.changed(), "{again:?}");

    let local = World::new().await;
    let folder = BucketSettings {
        prefix: "ci".into(),
        url: format!("file://{}", root.display()),
        credentials: None,
        endpoint: None,
        parallel: None,
    };
    let expected = local.update(folder, &job).await;
    assert_eq!(report.saved, expected.saved);
    // Not `assert_eq`, which would print all of both.
    assert!(
        world.content(&job).await == local.content(&job).await,
        "the builds of {job} are read otherwise than from the folder"
    );
}

/// All files below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                ahead.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
