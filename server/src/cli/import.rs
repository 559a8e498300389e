//! `seamgrid import`, and how far it is.

use std::{
    io::IsTerminal as _,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
};

use indicatif::{ProgressBar, ProgressStyle};
use seamgrid::{
    clock::now_ms,
    store::Store,
    testgrid::{self, import::ImportProgress},
};

use super::{CommandError, Common, complain, say};

/// Imports the recorded answers in these files and folders.
pub(super) async fn import(common: &Common, paths: &[PathBuf]) -> Result<ExitCode, CommandError> {
    let store = Store::open(&common.database).await?;
    let progress = ImportBar::new();
    let report = testgrid::import::import(&store, paths, now_ms(), &|at: ImportProgress<'_>| {
        progress.show(at);
    })
    .await?;
    store.close().await;
    progress.end();
    for problem in &report.problems {
        complain(&problem.to_string());
    }
    say(&format!(
        "{} tables and {} summaries: {} test groups, {} cells; {} new runs, {} changed, {} as before; {} tabs new or changed",
        report.tables,
        report.summaries,
        report.groups,
        report.cells,
        report.runs.inserted,
        report.runs.updated,
        report.runs.unchanged,
        report.tabs_changed,
    ))?;
    if report.tabs_without_table > 0 {
        say(&format!(
            "{} tabs are named by a summary without a table of theirs; nothing of them is stored",
            report.tabs_without_table
        ))?;
    }
    Ok(if report.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How far an import is: a bar on a terminal, otherwise a line at every tenth of the way.
struct ImportBar {
    bar: Option<ProgressBar>,
    tenths: AtomicUsize,
}

impl ImportBar {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos} of {len} files  {wide_msg}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self {
            bar,
            tenths: AtomicUsize::new(0),
        }
    }

    fn show(&self, at: ImportProgress<'_>) {
        if let Some(bar) = &self.bar {
            bar.set_length(at.total as u64);
            bar.set_position(at.done as u64);
            bar.set_message(at.path.display().to_string());
            return;
        }
        let tenths = at.done * 10 / at.total.max(1);
        if self.tenths.fetch_max(tenths, Ordering::Relaxed) < tenths {
            complain(&format!("{} of {} files imported", at.done, at.total));
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
