//! The command line: its words and flags, and what the commands share. What each does is in the file of
//! its name, or in `once`.

mod import;
mod once;
mod serve;
mod token;
mod update;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser as _},
};
use futures::{FutureExt as _, future::BoxFuture};
use model::config::Configuration;
use seamgrid::{
    bucket::BucketError,
    serve::{ServeError, listen_at},
    settings::{Settings, SettingsError, ZeroRule, load_settings},
    simulate::{Incident, Scale, SimulateError, SimulateOptions},
    store::StoreError,
    telemetry::{self, LogFormat},
    testgrid::{self, LoadOptions},
};
use tokio::{net::TcpListener, sync::watch};

use self::token::TokenAction;

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
    /// Where serve and update answer Prometheus with metrics; port 0 takes a free one, and off none
    /// [default: 127.0.0.1:9090 if it is free]
    #[arg(
        long,
        global = true,
        env = "SEAMGRID_METRICS_LISTEN",
        value_name = "ADDR"
    )]
    metrics_listen: Option<String>,
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
    /// Serve pages and the API, and keep results up to date
    Serve {
        /// Only serve: another process runs the update workers
        #[arg(long, env = "SEAMGRID_NO_UPDATE", value_parser = FalseyValueParser::new())]
        no_update: bool,
    },
    /// Keep results up to date, without the web server
    Update {
        /// Bring the test groups up to date, then end
        #[arg(long, env = "SEAMGRID_ONCE", value_parser = FalseyValueParser::new())]
        once: bool,
        /// Only these test groups; implies --once
        #[arg(long, env = "SEAMGRID_GROUP", value_name = "NAME", num_args = 1..)]
        group: Vec<String>,
    },
    /// Read configuration, print every problem with its file and line, then what there is
    CheckConfig {
        /// TestGrid YAML trees and Prow job trees, in any mixture
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Import recorded TestGrid answers as history; repeating it changes nothing
    Import {
        /// `table` and `summary` JSON files, or folders of them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Evaluate vectors of TestGrid's rules, print each mismatch, then how many passed and failed
    Conformance {
        /// JSON files of vectors by area: alert, status, metrics, flip
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Make, list and revoke the tokens with which runs are uploaded and deploys reported
    Token {
        /// What to do
        #[command(subcommand)]
        action: TokenAction,
    },
    /// Delete the runs that are older than their test group's days_of_results; `serve` and `update` do so
    /// by themselves
    Prune {
        /// Only say what would be deleted
        #[arg(long, env = "SEAMGRID_DRY_RUN", value_parser = FalseyValueParser::new())]
        dry_run: bool,
    },
    /// Print a document about this program
    Export {
        /// Which
        #[command(subcommand)]
        document: Document,
    },
    /// Write a world of builds, configuration and git repositories, and the truth about it
    Simulate {
        /// A new folder to write into
        #[arg(long, env = "SEAMGRID_OUT", value_name = "DIR")]
        out: PathBuf,
        /// Worlds of different seeds differ; the same seed gives the same world
        #[arg(long, env = "SEAMGRID_SEED", value_name = "N", default_value_t = 1)]
        seed: u64,
        /// How many days of builds
        #[arg(long, env = "SEAMGRID_DAYS", value_name = "N", default_value_t = 14)]
        days: u32,
        /// How many jobs: small, default, or kubernetes for as many as the real installation has
        #[arg(
            long,
            env = "SEAMGRID_SCALE",
            default_value = Scale::default().name(),
            value_parser = PossibleValuesParser::new(Scale::ALL.map(Scale::name))
                .try_map(|name| name.parse::<Scale>())
        )]
        scale: Scale,
        /// What goes wrong
        #[arg(
            long,
            env = "SEAMGRID_INCIDENT",
            default_value = Incident::default().name(),
            value_parser = PossibleValuesParser::new(Incident::ALL.map(Incident::name))
                .try_map(|name| name.parse::<Incident>())
        )]
        incident: Incident,
    },
}

/// What `export` prints.
#[derive(Debug, Subcommand)]
enum Document {
    /// The OpenAPI description of /api/v2, as JSON
    Openapi,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("cannot start: {0}")]
    Start(std::io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    #[error("{0}")]
    Token(String),
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
    let done = match cli.command {
        Command::Serve { no_update } => {
            runtime.block_on(until_told(|stop| serve::serve(&common, !no_update, stop)))
        }
        Command::Update { once, group } => {
            let names = (!group.is_empty()).then_some(group);
            let once = once || names.is_some();
            runtime.block_on(until_told(|stop| {
                update::update(&common, once, names.as_deref(), stop)
            }))
        }
        Command::CheckConfig { paths } => once::check_config(&common, &paths),
        Command::Import { paths } => runtime.block_on(import::import(&common, &paths)),
        Command::Conformance { files } => once::conformance(&files),
        Command::Token { action } => runtime.block_on(token::tokens(&common, action)),
        Command::Prune { dry_run } => runtime.block_on(once::prune(&common, dry_run)),
        Command::Export {
            document: Document::Openapi,
        } => once::export_openapi(),
        Command::Simulate {
            out,
            seed,
            days,
            scale,
            incident,
        } => once::write_world(&SimulateOptions {
            out,
            seed,
            days,
            scale,
            incident,
            end_ms: None,
        }),
    };
    // Work on other threads that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    done
}

/// The settings, and what they say is to be shown. What is wrong with the configuration is logged, and
/// the rest is used.
fn load_configuration(file: Option<&Path>) -> Result<(Settings, Configuration), CommandError> {
    let settings = load_settings(file)?;
    let paths: Vec<PathBuf> = [&settings.testgrid.config, &settings.testgrid.prow_jobs]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let loaded = testgrid::load(&paths, &load_options(&settings));
    for problem in loaded.problems.iter().take(PROBLEMS_LOGGED) {
        tracing::warn!("{problem}");
    }
    let more = loaded.problems.len().saturating_sub(PROBLEMS_LOGGED);
    if more > 0 {
        tracing::warn!("{more} more problems; seamgrid check-config lists them all");
    }
    Ok((settings, loaded.configuration))
}

/// How the settings have configuration read.
fn load_options(settings: &Settings) -> LoadOptions {
    LoadOptions {
        zero_is_unset: settings.rules.explicit_zero == ZeroRule::Unset,
        uploaded: settings.push.groups.clone(),
        ..LoadOptions::default()
    }
}

/// The address for metrics. One that was asked for must be free; the default is left to whoever has it.
async fn listen_for_metrics(common: &Common) -> Result<Option<TcpListener>, CommandError> {
    const DEFAULT: &str = "127.0.0.1:9090";
    let listener = match common.metrics_listen.as_deref() {
        Some("off") => return Ok(None),
        Some(listen) => listen_at(listen).await?.0,
        None => match listen_at(DEFAULT).await {
            Ok((listener, _)) => listener,
            Err(error) => {
                tracing::warn!("no metrics: {error}, or turn them off with --metrics-listen off");
                return Ok(None);
            }
        },
    };
    if let Ok(address) = listener.local_addr() {
        tracing::info!("metrics are at http://{address}/metrics");
    }
    Ok(Some(listener))
}

/// How many problems of the configuration are logged at the start.
const PROBLEMS_LOGGED: usize = 20;

/// Ready when the process is told to stop.
type Stop = BoxFuture<'static, ()>;

/// Does `work`, which ends when it is told to stop. Told a second time, the process ends at once.
async fn until_told<W>(work: impl FnOnce(Stop) -> W) -> Result<ExitCode, CommandError>
where
    W: Future<Output = Result<ExitCode, CommandError>>,
{
    let mut signals = Signals::listen();
    let (tell, mut told) = watch::channel(false);
    let stop = async move {
        // An error means that nobody can tell any more.
        told.wait_for(|&told| told).await.ok();
    };
    let twice = async {
        signals.next().await;
        tell.send_replace(true);
        signals.next().await;
    };
    tokio::select! {
        done = work(stop.boxed()) => done,
        () = twice => {
            complain("told to stop twice, so it ends at once");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Ctrl-C and SIGTERM.
#[cfg(unix)]
struct Signals([Option<tokio::signal::unix::Signal>; 2]);

#[cfg(unix)]
impl Signals {
    /// From now on, also those that come before somebody waits for them.
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        Self(kinds.map(|kind| signal(kind).ok()))
    }

    async fn next(&mut self) {
        let received = self.0.each_mut().map(async |signal| match signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        });
        let [interrupt, terminate] = received;
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
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
