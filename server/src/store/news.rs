//! Telling other processes at once that results changed, where the engine can.
//!
//! Nothing depends on it: whoever listens looks for itself too, and an engine that cannot tell, or a word
//! that is lost, costs a second.

use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use sqlx::postgres::PgListener;
use tokio::{sync::Notify, task::JoinHandle, time::sleep};

use super::{PostgresStore, Store};

/// Where it is told.
const CHANNEL: &str = "seamgrid_results";
/// How often it is tried to listen where that did not work.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// How long telling may take.
const TELLING: Duration = Duration::from_secs(1);

/// What other processes tell; it ends when this is dropped.
#[derive(Debug)]
pub struct News {
    told: Arc<Notify>,
    listening: Option<JoinHandle<()>>,
}

impl News {
    /// Ready when results changed since the last time, as far as anybody tells. It may be dropped at any
    /// time.
    pub async fn next(&self) {
        self.told.notified().await;
    }
}

impl Drop for News {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

impl Store {
    /// Tells whoever listens that results changed. A server that cannot do that is not asked again; anything
    /// else may pass.
    pub async fn announce(&self) {
        let Self::Postgres(postgres) = self else {
            return;
        };
        if !postgres.tells.load(Ordering::Relaxed) {
            return;
        }
        let telling = sqlx::query("SELECT pg_notify($1, '')")
            .bind(CHANNEL)
            .execute(&postgres.pool);
        let told = tokio::time::timeout(TELLING, telling).await;
        if let Ok(Err(sqlx::Error::Database(error))) = told {
            tracing::debug!(%error, "the database cannot tell other processes: {error}");
            if is_unsupported(error.code().as_deref()) {
                postgres.tells.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Listens for what other processes, and this one, announce.
    pub fn listen(&self) -> News {
        let told = Arc::new(Notify::new());
        let listening = match self {
            Self::Sqlite(_) => None,
            Self::Postgres(postgres) => {
                Some(tokio::spawn(listen(postgres.clone(), Arc::clone(&told))))
            }
        };
        News { told, listening }
    }
}

/// Whether an error says that there is no such thing: a feature, or a function of that name, or one that we
/// may call.
fn is_unsupported(code: Option<&str>) -> bool {
    code.is_some_and(|code| code == "0A000" || code.starts_with("42"))
}

/// Passes on what is told, as long as there are connections.
async fn listen(postgres: PostgresStore, told: Arc<Notify>) {
    while !postgres.pool.is_closed() {
        let listening = async {
            let mut listener = PgListener::connect_with(&postgres.pool).await?;
            listener.listen(CHANNEL).await?;
            // What was told while nobody listened.
            told.notify_one();
            while listener.try_recv().await?.is_some() {
                told.notify_one();
            }
            Ok::<_, sqlx::Error>(())
        };
        if let Err(error) = listening.await {
            tracing::debug!(%error, "the database tells nothing of other processes: {error}");
            sleep(TRY_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_server_cannot_do_is_given_up() {
        for code in ["0A000", "42883", "42501", "42601"] {
            assert!(is_unsupported(Some(code)), "{code}");
        }
        // Full, in recovery, ending, too many connections, read only for a while.
        for code in ["54000", "55000", "57P01", "53300", "25006", "XX000"] {
            assert!(!is_unsupported(Some(code)), "{code}");
        }
        assert!(!is_unsupported(None));
    }
}
