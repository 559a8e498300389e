//! The commands that do one thing and end: `prune`, `check-config`, `export`, `simulate`, `conformance`.

use std::{path::PathBuf, process::ExitCode};

use seamgrid::{
    clock::now_ms,
    conformance, http, pipeline,
    settings::load_settings,
    simulate::{self, SimulateOptions},
    store::Store,
    testgrid,
};

use super::{CommandError, Common, load_configuration, load_options, say};

/// Deletes what is older than it is kept, or with `dry_run` says what that would be.
pub(super) async fn prune(common: &Common, dry_run: bool) -> Result<ExitCode, CommandError> {
    let (settings, configuration) = load_configuration(common.config.as_deref())?;
    let store = Store::open(&common.database).await?;
    let days = settings.update.days_of_results;
    let groups = &configuration.test_groups;
    let pruned = pipeline::prune(&store, groups, days, now_ms(), dry_run).await?;
    for group in &pruned {
        say(&format!(
            "{}: {} runs, which go on counting in their days, and {} days",
            group.group, group.runs, group.days
        ))?;
    }
    say(&format!(
        "{} runs and {} days of {} test groups {}",
        pruned.iter().map(|group| group.runs).sum::<u64>(),
        pruned.iter().map(|group| group.days).sum::<u64>(),
        pruned.len(),
        if dry_run {
            "would be deleted"
        } else {
            "deleted"
        }
    ))?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Prints what is wrong with configuration, as the settings have it read, and counts what there is.
pub(super) fn check_config(common: &Common, paths: &[PathBuf]) -> Result<ExitCode, CommandError> {
    let settings = load_settings(common.config.as_deref())?;
    let report = testgrid::check_config_with(paths, &load_options(&settings));
    say(report.to_string().trim_end())?;
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints the description of `/api/v2`.
pub(super) fn export_openapi() -> Result<ExitCode, CommandError> {
    let document = http::openapi::document().and_then(|it| serde_json::to_string_pretty(&it));
    say(&document.map_err(|error| CommandError::Output(error.into()))?)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a simulated world.
pub(super) fn write_world(options: &SimulateOptions) -> Result<ExitCode, CommandError> {
    let world = simulate::simulate(options)?;
    say(&format!(
        "{}: {} builds with {} test results in {} files ({:.1} MB)",
        options.out.display(),
        world.builds,
        world.cases,
        world.files,
        world.bytes as f64 / 1e6,
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Evaluates vectors of TestGrid's rules.
pub(super) fn conformance(files: &[PathBuf]) -> Result<ExitCode, CommandError> {
    let (mut passed, mut failed) = (0, 0);
    for file in files {
        let outcome = match std::fs::read(file) {
            Ok(bytes) => conformance::evaluate(&bytes),
            Err(error) => conformance::Outcome::unreadable(&error),
        };
        passed += outcome.passed;
        failed += outcome.mismatches.len();
        for mismatch in &outcome.mismatches {
            say(&format!("{}: {mismatch}", file.display()))?;
        }
    }
    say(&format!("{passed} passed, {failed} failed"))?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
