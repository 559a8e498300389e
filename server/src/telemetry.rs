//! What the process says about itself: events on standard error, as text or as JSON lines.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line per event.
    #[default]
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Which events there are when `RUST_LOG` does not say it. What libraries do on the way, such as trying a
/// request again, is told when it comes to nothing, by whoever asked for it.
const USUAL: &str = "info,sqlx=warn,object_store=warn";

/// Sends events to standard error from now on. `RUST_LOG` chooses which; without it, everything from
/// INFO up, of libraries that talk from WARN up. A second call changes nothing, so that tests may call it freely.
pub fn init(format: LogFormat) {
    let chosen = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let chosen = chosen.filter(|chosen| !chosen.trim().is_empty());
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(chosen.as_deref().unwrap_or(USUAL));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let installed = match format {
        LogFormat::Pretty => subscriber
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    // The error says only that somebody was first.
    drop(installed);
}
