//! The built program in processes of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

/// How long a process may take to listen, and anything else to come about.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(25);

/// A running process; it is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    /// What it said on standard error.
    said: Arc<Mutex<String>>,
    /// Where it serves, `http://127.0.0.1:1234`; empty where it does not.
    pub(super) address: String,
}

impl Process {
    /// Starts the program in `folder` on the database at `database`.
    pub(super) async fn start(folder: &Path, database: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seamgrid"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SEAMGRID_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(folder)
            .args(arguments)
            .args(["--database", database, "--listen", "127.0.0.1:0"])
            .args(["--metrics-listen", "off"])
            .env("RUST_LOG", "info,seamgrid::http=warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let said = Arc::new(Mutex::new(String::new()));
        let errors = BufReader::new(child.stderr.take().expect("it is piped"));
        let kept = said.clone();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let mut kept = kept.lock().expect("nobody panicked");
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (first, line) = oneshot::channel();
        std::thread::spawn(move || {
            let mut lines = output.lines().map_while(Result::ok);
            first.send(lines.next()).ok();
            // What it says later is read too, so that it never waits for us.
            lines.for_each(drop);
        });
        let mut process = Self {
            child,
            said,
            address: String::new(),
        };
        if arguments.first() == Some(&"serve") {
            let line = tokio::time::timeout(PATIENCE, line).await;
            let line = line.expect("it listens in time").expect("it is read");
            let line = line.unwrap_or_else(|| panic!("it ended: {}", process.said()));
            let address = line.strip_prefix("Seamgrid is at ");
            address
                .expect("its first line says where")
                .clone_into(&mut process.address);
        }
        process
    }

    /// What it said on standard error so far.
    pub(super) fn said(&self) -> String {
        self.said.lock().expect("nobody panicked").clone()
    }

    /// Ends it at once, by SIGKILL.
    pub(super) fn kill(&mut self) {
        self.child.kill().expect("it ran");
        self.child.wait().expect("it has ended");
    }

    /// Tells it to stop, by SIGTERM.
    #[cfg(unix)]
    pub(super) fn tell_to_stop(&self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(told.expect("there is a kill").success());
    }

    /// Waits until it has ended by itself; answers whether all went well.
    pub(super) async fn ended(&mut self) -> bool {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it ran") {
                return status.success();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not end: {}",
                self.said()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The status and the text of what it answers.
    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        get(&self.address, path).await
    }

    /// Waits until it answers `path` with `status`.
    pub(super) async fn answers(&self, path: &str, status: u16) {
        until(&format!("{path} answers {status}"), async || {
            self.get(path).await.0 == status
        })
        .await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Who asks.
pub(super) fn client() -> &'static reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        seamgrid::tls::use_ring();
        // A connection belongs to the runtime of the test that made it.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0);
        client.build().expect("a client")
    });
    &CLIENT
}

/// The status and the text of an answer; 0 where there is none.
pub(super) async fn get(address: &str, path: &str) -> (u16, String) {
    match client().get(format!("{address}{path}")).send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            (status, answer.text().await.unwrap_or_default())
        }
        Err(error) => (0, format!("{error:?}")),
    }
}

/// Waits until something has come about.
pub(super) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
