//! Seamgrid's own processes, watched from outside.

use std::{
    fs,
    io::{self, BufRead as _, BufReader},
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
    /// Starts `seamgrid`, the one beside the benchmark or that of `SEAMGRID_BIN`, in `folder`, where its
    /// settings are, on `database`; with so many threads when told how many.
    pub(crate) fn start(
        folder: &Path,
        database: &str,
        arguments: &[&str],
        threads: Option<usize>,
    ) -> Result<Self, Failure> {
        let program = std::env::var_os("SEAMGRID_BIN")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_seamgrid").into());
        let mut command = Command::new(program);
        if let Some(threads) = threads {
            command.env("TOKIO_WORKER_THREADS", threads.to_string());
        }
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
        if let Some(mut out) = self.child.stdout.take() {
            io::copy(&mut out, &mut io::sink())?;
        }
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

/// What all processors of the machine have done since it was started.
pub(crate) struct Busy {
    /// In ticks, as are those that they waited.
    worked: u64,
    idle: u64,
}

impl Busy {
    pub(crate) fn now() -> Result<Self, Failure> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().unwrap_or_default();
        let ticks: Vec<u64> = line
            .split_whitespace()
            .skip(1)
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        // The fourth waits for nothing, the fifth for a disk; those after the eighth count twice.
        let idle = ticks.iter().skip(3).take(2).sum();
        let all: u64 = ticks.iter().take(8).sum();
        Ok(Self {
            worked: all - idle,
            idle,
        })
    }

    /// The share of the time in which they worked, from 0 to 1.
    pub(crate) fn share_since(&self, before: &Self) -> f64 {
        let worked = self.worked.saturating_sub(before.worked);
        let idle = self.idle.saturating_sub(before.idle);
        worked as f64 / (worked + idle).max(1) as f64
    }
}
