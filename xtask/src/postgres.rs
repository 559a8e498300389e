//! A PostgreSQL server for tests: the one that `SEAMGRID_TEST_DATABASE` names, else one of our own that
//! ends with us.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::process::{
    Doing as _, Failure, Result, command, fail, find_program, output_of, run, shown,
};

/// Names the server.
pub(crate) const VARIABLE: &str = "SEAMGRID_TEST_DATABASE";

/// How long a new server may take to answer.
const START: Duration = Duration::from_mins(1);

/// A server to test with.
pub(crate) enum Server {
    /// Somebody else's.
    Given(String),
    /// Ours.
    Started(Started),
}

/// A server of our own, in a folder of its own; reached through a socket in it, so that no port is taken.
pub(crate) struct Started {
    process: Child,
    folder: PathBuf,
}

impl Server {
    /// The URL of its database for tests.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Started(started) => format!(
                "postgres:///postgres?user=seamgrid&host={}",
                started.folder.display()
            ),
        }
    }
}

/// The server that is named, or a new one.
pub(crate) fn server() -> Result<Server> {
    match std::env::var(VARIABLE) {
        Ok(url) => Ok(Server::Given(url)),
        Err(_) => Started::start(&programs()?).map(Server::Started),
    }
}

impl Started {
    fn start(programs: &Path) -> Result<Self> {
        let user = unprivileged_user()?;
        let folder = std::env::temp_dir().join(format!("seamgrid-postgres-{}", std::process::id()));
        fs::create_dir(&folder).doing(format_args!("make {}", folder.display()))?;
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group))
                .doing(format_args!("give {} away", folder.display()))?;
        }
        let as_user = |name: &str| -> Command {
            let mut command = command(programs.join(name));
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command.current_dir(&folder).env("LC_ALL", "C");
            command
        };
        let data = folder.join("data");
        let mut initdb = as_user("initdb");
        initdb
            .args([
                "--username=seamgrid",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
            ])
            // Not the order of bytes, which the schema must not rely on.
            .args(["--locale-provider=icu", "--icu-locale=en", "--locale=C"])
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null());
        run(&mut initdb)?;
        let log = fs::File::create(folder.join("log")).doing("make the server's log")?;
        let mut postgres = as_user("postgres");
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            // What a test writes need not outlive the machine.
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=400",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let process = postgres
            .spawn()
            .doing(format_args!("start `{}`", shown(&postgres)))?;
        let mut started = Self { process, folder };
        started.wait(programs)?;
        Ok(started)
    }

    fn wait(&mut self, programs: &Path) -> Result<()> {
        let begun = Instant::now();
        loop {
            let mut asked = command(programs.join("pg_isready"));
            asked.arg("--quiet").arg("--host").arg(&self.folder);
            if asked
                .status()
                .doing("ask whether PostgreSQL is ready")?
                .success()
            {
                return Ok(());
            }
            let ended = self.process.try_wait().doing("look at PostgreSQL")?;
            if ended.is_some() || begun.elapsed() > START {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return fail(format!("PostgreSQL does not start:\n{log}"));
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "a server tells nobody that it is ready"
            )]
            sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It disconnects everybody and cleans up; a killed one would leave shared memory behind.
        let told = command("kill")
            .args(["-INT", &self.process.id().to_string()])
            .status()
            .is_ok_and(|status| status.success());
        if !told {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of `initdb` and `postgres`: found, else installed when we may.
fn programs() -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let missing = format!(
        "PostgreSQL 15 or newer is missing; install it from your distribution (Debian: `apt-get install \
         postgresql`), or name a server for tests in the variable {VARIABLE}"
    );
    if !is_root() || find_program("apt-get").is_none() {
        return fail(missing);
    }
    println!("PostgreSQL is missing: installing the system's package");
    run(command("apt-get").args(["update", "--quiet"]))?;
    run(command("apt-get")
        .args([
            "install",
            "--quiet",
            "--yes",
            "--no-install-recommends",
            "postgresql",
        ])
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    find().ok_or(Failure(missing))
}

/// On the `PATH`, or where Debian keeps the versions that are installed side by side: the newest.
fn find() -> Option<PathBuf> {
    let has_all = |folder: &Path| {
        ["initdb", "postgres", "pg_isready"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    if let Some(folder) = find_program("initdb").and_then(|path| path.parent().map(Path::to_owned))
        && has_all(&folder)
    {
        return Some(folder);
    }
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(version, folder)| *version >= 15 && has_all(folder))
        .collect();
    versions.sort();
    versions.pop().map(|(_, folder)| folder)
}

fn is_root() -> bool {
    output_of(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Whom the server runs as, when that cannot be ourselves: it refuses to run as root.
fn unprivileged_user() -> Result<Option<(u32, u32)>> {
    if !is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        let number = |option: &str| -> Option<u32> {
            let mut id = command("id");
            id.args([option, name]).stderr(Stdio::null());
            let output = id.output().ok().filter(|output| output.status.success())?;
            String::from_utf8_lossy(&output.stdout).trim().parse().ok()
        };
        if let (Some(user), Some(group)) = (number("-u"), number("-g")) {
            return Ok(Some((user, group)));
        }
    }
    fail(format!(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`; add one, or \
         name a server for tests in the variable {VARIABLE}"
    ))
}
