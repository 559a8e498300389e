//! How far an update is: a bar on a terminal, plain lines otherwise.

use std::{
    collections::{HashMap, HashSet},
    io::{self, IsTerminal, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::GroupReport;

/// Who watches an update. Calls of different groups come interleaved.
pub trait Progress: Send + Sync {
    /// So many groups will be looked at.
    fn begun(&self, _groups: usize) {}
    /// So many builds of `group` will be read.
    fn found(&self, _group: &str, _builds: usize) {}
    /// So many more builds of `group` are stored.
    fn stored(&self, _group: &str, _builds: usize) {}
    /// A group is done.
    fn finished(&self, _report: &GroupReport) {}
}

impl<A: Progress, B: Progress> Progress for (A, B) {
    fn begun(&self, groups: usize) {
        self.0.begun(groups);
        self.1.begun(groups);
    }

    fn found(&self, group: &str, builds: usize) {
        self.0.found(group, builds);
        self.1.found(group, builds);
    }

    fn stored(&self, group: &str, builds: usize) {
        self.0.stored(group, builds);
        self.1.stored(group, builds);
    }

    fn finished(&self, report: &GroupReport) {
        self.0.finished(report);
        self.1.finished(report);
    }
}

impl<P: Progress> Progress for std::sync::Arc<P> {
    fn begun(&self, groups: usize) {
        (**self).begun(groups);
    }

    fn found(&self, group: &str, builds: usize) {
        (**self).found(group, builds);
    }

    fn stored(&self, group: &str, builds: usize) {
        (**self).stored(group, builds);
    }

    fn finished(&self, report: &GroupReport) {
        (**self).finished(report);
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Progress for Unwatched {}

/// Seconds between two plain lines.
const LINE_SECS: u64 = 5;

/// Shows progress to people.
pub struct Shown {
    state: Mutex<State>,
}

struct State {
    tally: Tally,
    begun: Instant,
    output: Output,
    /// Whether each group has had its first look: what comes after that is no progress.
    is_over: bool,
}

enum Output {
    Bar(ProgressBar),
    Lines {
        to: Box<dyn Write + Send>,
        last: Option<Instant>,
    },
}

/// What has been counted so far.
#[derive(Debug, Default)]
struct Tally {
    groups: usize,
    /// Groups that have been read whole, and of those the ones that failed when they were last looked at.
    done: HashSet<String>,
    failed: HashSet<String>,
    builds: usize,
    /// Of groups that are being read: builds found and stored.
    open: HashMap<String, (usize, usize)>,
}

impl Shown {
    /// Shows on standard error: a bar when it is a terminal.
    pub fn on_stderr() -> Self {
        if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:30} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            Self::new(Output::Bar(ProgressBar::new(1000).with_style(style)))
        } else {
            Self::lines(io::stderr())
        }
    }

    /// Writes a plain line now and then.
    pub fn lines(to: impl Write + Send + 'static) -> Self {
        Self::new(Output::Lines {
            to: Box::new(to),
            last: None,
        })
    }

    fn new(output: Output) -> Self {
        Self {
            state: Mutex::new(State {
                tally: Tally::default(),
                begun: Instant::now(),
                output,
                is_over: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Shown {
    fn begun(&self, groups: usize) {
        let mut state = self.state();
        state.tally.groups = groups;
        state.begun = Instant::now();
        state.show(false);
    }

    fn found(&self, group: &str, builds: usize) {
        self.state()
            .tally
            .open
            .insert(group.to_owned(), (builds, 0));
    }

    fn stored(&self, group: &str, builds: usize) {
        let mut state = self.state();
        state.tally.builds += builds;
        if let Some((_, stored)) = state.tally.open.get_mut(group) {
            *stored += builds;
        }
        state.show(false);
    }

    fn finished(&self, report: &GroupReport) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        let tally = &mut state.tally;
        tally.open.remove(&report.group);
        if report.left == 0 || report.error.is_some() {
            tally.done.insert(report.group.clone());
        }
        // Why it failed is in the log.
        if report.error.is_some() {
            tally.failed.insert(report.group.clone());
        } else {
            tally.failed.remove(&report.group);
        }
        let is_last = tally.done.len() >= tally.groups;
        state.show(is_last);
        state.is_over = is_last;
    }
}

impl State {
    fn show(&mut self, is_last: bool) {
        if self.is_over {
            return;
        }
        let elapsed = self.begun.elapsed();
        let line = self.tally.line(elapsed);
        match &mut self.output {
            Output::Bar(bar) => {
                bar.set_position((self.tally.fraction() * 1000.0) as u64);
                bar.set_message(line);
                if is_last {
                    bar.abandon();
                }
            }
            Output::Lines { to, last } => {
                let is_time =
                    last.is_none_or(|last| last.elapsed() >= Duration::from_secs(LINE_SECS));
                if is_last || is_time {
                    drop(writeln!(to, "{line}"));
                    *last = Some(Instant::now());
                }
            }
        }
    }
}

impl Tally {
    /// How much is done, from 0 to 1: groups count alike, and one that is being read by its builds.
    fn fraction(&self) -> f64 {
        if self.groups == 0 {
            return 1.0;
        }
        let open: f64 = self
            .open
            .values()
            .filter(|(found, _)| *found > 0)
            .map(|&(found, stored)| stored as f64 / found as f64)
            .sum();
        ((self.done.len() as f64 + open) / self.groups as f64).min(1.0)
    }

    fn line(&self, elapsed: Duration) -> String {
        let fraction = self.fraction();
        let failed = match self.failed.len() {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let time = if fraction >= 1.0 {
            format!(" in {}", duration(elapsed))
        } else if fraction > 0.0 {
            let left = elapsed.mul_f64((1.0 - fraction) / fraction);
            format!(", about {} left", duration(left))
        } else {
            String::new()
        };
        format!(
            "{} of {} test groups, {} builds read{failed}{time}",
            self.done.len(),
            self.groups,
            self.builds
        )
    }
}

fn duration(duration: Duration) -> String {
    match duration.as_secs() {
        secs if secs < 60 => format!("{secs} s"),
        secs if secs < 3600 => format!("{} min {} s", secs / 60, secs % 60),
        secs => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_being_read_counts_by_its_builds() {
        let mut tally = Tally {
            groups: 4,
            done: HashSet::from(["c".into()]),
            builds: 70,
            ..Tally::default()
        };
        tally.open.insert("a".into(), (100, 50));
        tally.open.insert("b".into(), (0, 0));
        assert!((tally.fraction() - 0.375).abs() < 1e-9);
        assert_eq!(
            tally.line(Duration::from_secs(90)),
            "1 of 4 test groups, 70 builds read, about 2 min 30 s left"
        );
        tally.open.clear();
        tally.done = ["a", "b", "c", "d"].map(String::from).into();
        tally.failed = HashSet::from(["d".into()]);
        assert_eq!(
            tally.line(Duration::from_secs(9)),
            "4 of 4 test groups, 70 builds read, 1 failed in 9 s"
        );
    }

    #[test]
    fn it_ends_when_each_group_was_looked_at() {
        #[derive(Clone, Default)]
        struct Written(std::sync::Arc<Mutex<Vec<u8>>>);
        impl Write for Written {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().expect("no panic").write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let written = Written::default();
        let shown = Shown::lines(written.clone());
        let look = |group: &str, left: usize, error: Option<&str>| {
            shown.finished(&GroupReport {
                group: group.into(),
                left,
                error: error.map(str::to_owned),
                ..GroupReport::default()
            });
        };
        let last = || {
            let written = written.0.lock().expect("no panic").clone();
            let written = String::from_utf8(written).expect("text");
            written.lines().last().unwrap_or_default().to_owned()
        };
        shown.begun(3);
        look("a", 10, None);
        look("a", 0, None);
        look("b", 0, Some("gone"));
        look("b", 0, Some("gone"));
        assert_eq!(last(), "0 of 3 test groups, 0 builds read");
        look("c", 0, None);
        let end = "3 of 3 test groups, 0 builds read, 1 failed in 0 s";
        assert_eq!(last(), end);
        let count = written.0.lock().expect("no panic").len();
        shown.stored("a", 5);
        look("a", 0, None);
        assert_eq!(written.0.lock().expect("no panic").len(), count);
    }
}
