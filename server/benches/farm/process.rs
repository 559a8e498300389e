//! Seamgrid's own processes, watched from outside.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::Failure;

/// A process of Seamgrid; killed with this.
pub(crate) struct Seamgrid {
    child: Child,
}

impl Seamgrid {
    /// Starts `seamgrid` in `folder`, where its settings are, on `database`; on one processor when told
    /// which.
    pub(crate) fn start(
        folder: &Path,
        database: &str,
        arguments: &[&str],
        processor: Option<usize>,
    ) -> Result<Self, Failure> {
        let program = env!("CARGO_BIN_EXE_seamgrid");
        let mut command = match processor {
            None => Command::new(program),
            Some(number) => {
                let mut pinned = Command::new("taskset");
                pinned.args(["--cpu-list", &number.to_string(), program]);
                pinned
            }
        };
        let log = fs::File::create(folder.join("log"))?;
        let child = command
            .args(arguments)
            .args(["--database", database, "--metrics-listen", "off"])
            .current_dir(folder)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        Ok(Self { child })
    }

    /// The address that a server tells when it begins.
    pub(crate) fn address(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        let out = self.child.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        if address.starts_with("http://") {
            Ok(address.to_owned())
        } else {
            Err(format!("the server does not say where it is: {line:?}").into())
        }
    }

    /// What it computed so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        /// Of the clock that `/proc` counts in, everywhere Linux runs.
        const TICKS_PER_SEC: u64 = 100;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program may hold spaces; the fields follow its closing bracket.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().collect())
            .unwrap_or_default();
        let ticks = |index: usize| {
            fields
                .get(index)
                .and_then(|field| field.parse::<u64>().ok())
        };
        let ticks = ticks(11).zip(ticks(12)).ok_or("the process has no times")?;
        Ok(Duration::from_millis(
            (ticks.0 + ticks.1) * 1000 / TICKS_PER_SEC,
        ))
    }

    /// The most memory it ever held, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kib.ok_or("the process has no peak")?.parse::<f64>()? / 1024.0)
    }

    /// Kills it as the machine would when it fails.
    pub(crate) fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Result<(), Failure> {
        drop(self.child.stdout.take());
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("it ended with {status}").into())
        }
    }
}

impl Drop for Seamgrid {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
