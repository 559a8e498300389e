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
    /// Tells whoever listens that results changed. What does not work is not tried again.
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
            postgres.tells.store(false, Ordering::Relaxed);
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
