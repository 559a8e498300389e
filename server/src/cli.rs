//! The command line: what each word does, and how it fails.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::config::Configuration;
use seamgrid::{
    serve::{ServeError, Server},
    settings::{SettingsError, load_settings},
    store::{Store, StoreError},
    telemetry::{self, LogFormat},
};

/// A CI results dashboard that shows where the test infrastructure changed under the tests.
///
/// Every flag can be given as an environment variable too: SEAMGRID_ and the flag's name in capitals.
/// Flags win over the environment, and the environment over the settings file.
#[derive(Debug, Parser)]
#[command(name = "seamgrid", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Settings file [default: seamgrid.yaml if it is there]
    #[arg(long, global = true, env = "SEAMGRID_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where results are stored
    #[arg(
        long,
        global = true,
        env = "SEAMGRID_DATABASE",
        value_name = "URL",
        default_value = "sqlite://seamgrid.db"
    )]
    database: String,
    /// Where the web server listens; port 0 takes a free one
    #[arg(
        long,
        global = true,
        env = "SEAMGRID_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:8080"
    )]
    listen: String,
    /// How log lines look; RUST_LOG chooses which there are
    #[arg(
        long,
        global = true,
        env = "SEAMGRID_LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t = Format::Pretty
    )]
    log_format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Lines for people
    Pretty,
    /// One JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API
    Serve,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("cannot start: {0}")]
    Start(std::io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
}

/// Does what the command line says. The exit code is 0 when all went well, 1 when the work was done
/// but found something wrong; an error is 1 too.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    telemetry::init(match cli.common.log_format {
        Format::Pretty => LogFormat::Pretty,
        Format::Json => LogFormat::Json,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CommandError::Start)?;
    let common = cli.common;
    match cli.command {
        Command::Serve => runtime.block_on(serve(&common)),
    }
}

async fn serve(common: &Common) -> Result<ExitCode, CommandError> {
    let settings = load_settings(common.config.as_deref())?;
    let configuration = Configuration::default();
    let store = Store::open(&common.database).await?;
    let server = Server::bind(&common.listen, store, settings, configuration).await?;
    // On standard output, for people and for scripts that asked for a free port.
    say(&format!("Seamgrid is at http://{}", server.address()))?;
    server.run(told_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Ready at the first Ctrl-C or SIGTERM.
async fn told_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// One line of the command's answer.
fn say(line: &str) -> Result<(), CommandError> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .map_err(CommandError::Output)
}

/// One readable paragraph on standard error.
pub(crate) fn complain(message: &str) {
    // When even that cannot be written, the exit code has to do.
    drop(writeln!(std::io::stderr().lock(), "seamgrid: {message}"));
}
