//! The command line: what each word does, and how it fails.

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser as _},
};
use indicatif::{ProgressBar, ProgressStyle};
use model::config::Configuration;
use seamgrid::{
    bucket::{BucketError, Buckets},
    clock::now_ms,
    conformance,
    history::{Mirrors, mirror_folder},
    http,
    infra::impact::ImpactKeeper,
    intake::token,
    metrics::Metrics,
    pipeline::{self, Pipeline, Unpublished, progress::Shown},
    serve::{Listening, ServeError, Server, listen_at},
    settings::{Settings, SettingsError, ZeroRule, load_settings},
    simulate::{self, Incident, Scale, SimulateError, SimulateOptions},
    store::{NewToken, Store, StoreError, StoredToken},
    telemetry::{self, LogFormat},
    testgrid::{self, LoadOptions, import::ImportProgress},
};
use tokio::net::TcpListener;

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

/// What `token` does.
#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Make a token and print it, once, alone on the last line
    Create {
        /// The test groups it may write; `*` is any text, and several patterns are separated by commas
        #[arg(long, env = "SEAMGRID_GROUPS", value_name = "PATTERN")]
        groups: String,
        /// The components whose deploys it may report, likewise [default: all for --groups '*', else none]
        #[arg(long, env = "SEAMGRID_COMPONENTS", value_name = "PATTERN")]
        components: Option<String>,
        /// What to call it, in lists and wherever its writes are named
        #[arg(
            long,
            env = "SEAMGRID_NAME",
            value_name = "N",
            default_value = "unnamed"
        )]
        name: String,
        /// How long it is good, such as 12h, 90d or 8w [default: until it is revoked]
        #[arg(long, env = "SEAMGRID_EXPIRES", value_name = "D")]
        expires: Option<String>,
    },
    /// Print all tokens, without themselves
    List,
    /// Refuse a token from now on
    Revoke {
        /// Its number, as in the list
        #[arg(value_name = "ID")]
        id: i64,
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
    match cli.command {
        Command::Serve { no_update } => runtime.block_on(serve(&common, !no_update)),
        Command::Update { once, group } => {
            let names = (!group.is_empty()).then_some(group);
            runtime.block_on(update(&common, once || names.is_some(), names.as_deref()))
        }
        Command::CheckConfig { paths } => check_config(&paths),
        Command::Import { paths } => runtime.block_on(import(&common, &paths)),
        Command::Conformance { files } => conformance(&files),
        Command::Token { action } => runtime.block_on(tokens(&common, action)),
        Command::Prune { dry_run } => runtime.block_on(prune(&common, dry_run)),
        Command::Export {
            document: Document::Openapi,
        } => export_openapi(),
        Command::Simulate {
            out,
            seed,
            days,
            scale,
            incident,
        } => write_world(&SimulateOptions {
            out,
            seed,
            days,
            scale,
            incident,
            end_ms: None,
        }),
    }
}

async fn serve(common: &Common, update: bool) -> Result<ExitCode, CommandError> {
    let (settings, configuration) = load_configuration(common.config.as_deref())?;
    let listening = Listening::on(&common.listen).await?;
    // On standard output, for people and for scripts that asked for a free port.
    let address = format!("Seamgrid is at http://{}", listening.address());
    let server = match Store::open(&common.database).await {
        Err(StoreError::Unreachable { .. }) => {
            say(&address)?;
            let store = Store::open_patiently(&common.database);
            let store = listening.wait_for(store).await??;
            Server::at(listening, store, settings, configuration).await?
        }
        store => {
            let server = Server::at(listening, store?, settings, configuration).await?;
            say(&address)?;
            server
        }
    };
    let metrics = listen_for_metrics(common).await?;
    server
        .with_metrics(metrics)
        .run(update, told_to_stop())
        .await?;
    Ok(ExitCode::SUCCESS)
}

async fn prune(common: &Common, dry_run: bool) -> Result<ExitCode, CommandError> {
    let (settings, configuration) = load_configuration(common.config.as_deref())?;
    let store = Store::open(&common.database).await?;
    let days = settings.update.days_of_results;
    let groups = &configuration.test_groups;
    let pruned = pipeline::prune(&store, groups, days, now_ms(), dry_run).await?;
    for group in &pruned {
        say(&format!("{}: {} runs", group.group, group.runs))?;
    }
    say(&format!(
        "{} runs of {} test groups {}",
        pruned.iter().map(|group| group.runs).sum::<u64>(),
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

async fn update(
    common: &Common,
    once: bool,
    names: Option<&[String]>,
) -> Result<ExitCode, CommandError> {
    let (settings, configuration) = load_configuration(common.config.as_deref())?;
    let store = if once {
        Store::open(&common.database).await?
    } else {
        Store::open_patiently(&common.database).await?
    };
    let buckets = Buckets::from_settings(&settings.buckets)?;
    let pipeline = Pipeline::new(
        store.clone(),
        buckets,
        &configuration,
        &settings,
        Unpublished,
    );
    let mirrors = Mirrors::new(store.clone(), &settings);
    let impact = ImpactKeeper::new(store.clone(), &settings);
    let folder = mirror_folder(&settings, &store);
    let progress = Shown::on_stderr();
    let code = if once {
        // Whoever names groups wants their results alone.
        let fetch = async {
            if names.is_some() {
                return Ok((Vec::new(), Vec::new()));
            }
            let fetched = mirrors.update().await;
            impact.restore().await?;
            let unread = impact.update_all(&folder).await;
            Ok::<_, StoreError>((fetched, unread))
        };
        let both =
            async { tokio::join!(pipeline::update_groups(&pipeline, names, &progress), fetch) };
        let (report, (fetched, unread)) = tokio::select! {
            (report, fetched) = both => (report, fetched?),
            () = told_to_stop() => {
                store.close().await;
                return Ok(ExitCode::FAILURE);
            }
        };
        say(&format!(
            "{} test groups: {} builds read, {} new runs, {} changed, {} as before; {} problems in builds' files",
            report.groups,
            report.builds,
            report.saved.inserted,
            report.saved.updated,
            report.saved.unchanged,
            report.problems,
        ))?;
        if !fetched.is_empty() {
            let commits: u64 = fetched.iter().map(|it| it.commits).sum();
            say(&format!(
                "{} repositories: {commits} new commits",
                fetched.len()
            ))?;
        }
        let mut unreachable = false;
        let unfetched = fetched.iter().filter_map(|it| it.problem.as_deref());
        for problem in unfetched.chain(unread.iter().map(String::as_str)) {
            unreachable = true;
            complain(problem);
        }
        if report.errors.is_empty() && !unreachable {
            ExitCode::SUCCESS
        } else {
            for error in &report.errors {
                complain(&if error.group.is_empty() {
                    error.message.clone()
                } else {
                    format!("{}: {}", error.group, error.message)
                });
            }
            ExitCode::FAILURE
        }
    } else {
        let every = std::time::Duration::from_secs(settings.update.poll_secs);
        let metrics = Arc::new(Metrics::new());
        if let Some(listener) = listen_for_metrics(common).await? {
            // It ends with the process: nobody waits for a last answer.
            tokio::spawn(
                metrics
                    .clone()
                    .serve(listener, None, std::future::pending()),
            );
        }
        let progress = (progress, metrics);
        tokio::join!(
            pipeline::run_forever(&pipeline, &progress, told_to_stop()),
            mirrors.run_forever(every, told_to_stop()),
            async {
                tokio::select! {
                    () = impact.follow(Some(&folder), |_| {}) => {}
                    () = told_to_stop() => {}
                }
            },
        );
        ExitCode::SUCCESS
    };
    store.close().await;
    Ok(code)
}

async fn tokens(common: &Common, action: TokenAction) -> Result<ExitCode, CommandError> {
    let store = Store::open(&common.database).await?;
    let now_ms = now_ms();
    match action {
        TokenAction::Create {
            groups,
            components,
            name,
            expires,
        } => {
            let components = components.unwrap_or_else(|| {
                let all = groups.trim() == "*";
                if all { "*" } else { "" }.to_owned()
            });
            if name.trim().is_empty() || (groups.trim().is_empty() && components.trim().is_empty())
            {
                return Err(CommandError::Token(
                    "a token needs a name, and groups or components".into(),
                ));
            }
            let span_ms = expires
                .as_deref()
                .map(token::parse_span_ms)
                .transpose()
                .map_err(CommandError::Token)?;
            let (token, hash) = token::new_token().ok_or_else(|| {
                CommandError::Token("the system gives no random numbers".to_owned())
            })?;
            let id = store
                .add_token(&NewToken {
                    name: name.trim(),
                    hash: &hash,
                    group_pattern: groups.trim(),
                    component_pattern: components.trim(),
                    created_ms: now_ms,
                    created_by: &operator(),
                    expires_ms: span_ms.map(|span_ms| now_ms.saturating_add(span_ms)),
                })
                .await?;
            say(&format!(
                "token {id} ({}) may write the test groups \"{}\" and report deploys of \"{}\". It is \
                 shown this once:",
                name.trim(),
                groups.trim(),
                components.trim()
            ))?;
            say(&token)?;
        }
        TokenAction::List => {
            for stored in store.load_tokens().await? {
                say(&token_line(&stored, now_ms))?;
            }
        }
        TokenAction::Revoke { id } => {
            let name = store.revoke_token(id, now_ms, &operator()).await?;
            let name = name.ok_or_else(|| {
                CommandError::Token(format!("there is no token with the number {id}"))
            })?;
            say(&format!("token {id} ({name}) is revoked"))?;
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Who is at the command line, for the audit.
fn operator() -> String {
    let user = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "unknown user".to_owned());
    format!("command line ({user})")
}

/// One token for people: columns that begin at the same place for all but the longest texts.
fn token_line(token: &StoredToken, now_ms: i64) -> String {
    let day = |ms: Option<i64>, none: &str| {
        ms.and_then(chrono::DateTime::from_timestamp_millis)
            .map_or_else(
                || none.to_owned(),
                |time| time.format("%Y-%m-%d").to_string(),
            )
    };
    let state = match token::refusal(token, now_ms) {
        None => "good",
        Some(_) if token.revoked_ms.is_some() => "revoked",
        Some(_) => "expired",
    };
    format!(
        "{:<4} {:<20} {state:<8} groups {:<24} components {:<16} made {} ends {:<10} used {}",
        token.id,
        token.name,
        token.group_pattern,
        if token.component_pattern.is_empty() {
            "-"
        } else {
            &token.component_pattern
        },
        day(Some(token.created_ms), "-"),
        day(token.expires_ms, "never"),
        day(token.used_ms, "never"),
    )
}

fn check_config(paths: &[PathBuf]) -> Result<ExitCode, CommandError> {
    let report = testgrid::check_config(paths);
    say(report.to_string().trim_end())?;
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn import(common: &Common, paths: &[PathBuf]) -> Result<ExitCode, CommandError> {
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

fn export_openapi() -> Result<ExitCode, CommandError> {
    let document = http::openapi::document().and_then(|it| serde_json::to_string_pretty(&it));
    say(&document.map_err(|error| CommandError::Output(error.into()))?)?;
    Ok(ExitCode::SUCCESS)
}

fn write_world(options: &SimulateOptions) -> Result<ExitCode, CommandError> {
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

fn conformance(files: &[PathBuf]) -> Result<ExitCode, CommandError> {
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

/// The settings, and what they say is to be shown. What is wrong with the configuration is logged, and
/// the rest is used.
fn load_configuration(file: Option<&Path>) -> Result<(Settings, Configuration), CommandError> {
    let settings = load_settings(file)?;
    let paths: Vec<PathBuf> = [&settings.testgrid.config, &settings.testgrid.prow_jobs]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let options = LoadOptions {
        zero_is_unset: settings.rules.explicit_zero == ZeroRule::Unset,
        ..LoadOptions::default()
    };
    let loaded = testgrid::load(&paths, &options);
    for problem in loaded.problems.iter().take(PROBLEMS_LOGGED) {
        tracing::warn!("{problem}");
    }
    let more = loaded.problems.len().saturating_sub(PROBLEMS_LOGGED);
    if more > 0 {
        tracing::warn!("{more} more problems; seamgrid check-config lists them all");
    }
    Ok((settings, loaded.configuration))
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
