//! The running server: the web, the snapshot behind it and the update workers, until they are told to
//! stop.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use model::config::Configuration;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::{
    bucket::{BucketError, Buckets},
    clock::{MINUTE_MS, full_minute, now_ms},
    history::{Mirrors, mirror_folder},
    http,
    infra::impact::ImpactKeeper,
    intake::Intake,
    metrics::Metrics,
    pipeline::{self, Pipeline, Publish},
    read::{Catalog, PublishError, Reader},
    settings::Settings,
    store::{Store, StoreError},
};

/// How often the server looks whether another process changed results, where nobody tells.
const FOLLOW: Duration = Duration::from_secs(1);
/// How far apart it looks when it is told again and again.
const APART: Duration = Duration::from_millis(100);
/// At every how many of these looks it looks at all that may have changed.
const WHOLE: u32 = 5;
/// How often it looks how it stands with the sources.
const SOURCES: Duration = Duration::from_secs(2);
/// How often the feed of the infrastructure is made when something has changed.
const FEED: Duration = Duration::from_secs(1);
/// How long requests and updates may go on after the process was told to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, forbidden or none of this machine's.
    #[error("cannot listen on {listen}: {why}; choose another address with --listen")]
    Listen {
        /// As given.
        listen: String,
        /// What the system says.
        why: String,
    },
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bucket of the settings cannot be used.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// What may be sent to the server cannot be set up.
    #[error("{0}")]
    Intake(String),
    /// A pattern of the settings is wrong.
    #[error("releases.dashboard_pattern is not a regular expression: {0}")]
    Pattern(#[from] regex::Error),
    /// The web server failed while running.
    #[error("the web server stopped: {0}")]
    Web(std::io::Error),
}

/// An address that is taken, before there is anything to answer with.
#[derive(Debug)]
pub struct Listening {
    listener: std::net::TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Takes the address. Port 0 takes a free port.
    pub async fn on(listen: &str) -> Result<Self, ServeError> {
        let (listener, address) = listen_at(listen).await?;
        let listener = listener.into_std().map_err(ServeError::Web)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for `work`, and answers meanwhile that the server lives and is not ready.
    pub async fn wait_for<T>(&self, work: impl Future<Output = T>) -> Result<T, ServeError> {
        let listener = self.listener.try_clone().and_then(TcpListener::from_std);
        let listener = listener.map_err(ServeError::Web)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let web = axum::serve(listener, http::waiting()).with_graceful_shutdown(async {
            stopped.await.ok();
        });
        let web = tokio::spawn(web.into_future());
        let done = work.await;
        drop(stop);
        tokio::time::timeout(GRACE, web).await.ok();
        Ok(done)
    }
}

/// A server that holds its address but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    reader: Arc<Reader>,
    store: Store,
    settings: Settings,
    configuration: Configuration,
    /// Where metrics are asked for.
    metrics: Option<TcpListener>,
}

impl Server {
    /// Takes the address and reads what was imported. Port 0 takes a free port.
    pub async fn bind(
        listen: &str,
        store: Store,
        settings: Settings,
        configuration: Configuration,
    ) -> Result<Self, ServeError> {
        Self::at(Listening::on(listen).await?, store, settings, configuration).await
    }

    /// A server at an address that is taken already. Reads what was imported.
    pub async fn at(
        listening: Listening,
        store: Store,
        settings: Settings,
        configuration: Configuration,
    ) -> Result<Self, ServeError> {
        let Listening { listener, address } = listening;
        let listener = TcpListener::from_std(listener).map_err(ServeError::Web)?;
        let imported = store.load_imported_tabs().await?;
        let catalog = Catalog::new(&configuration, &imported);
        let reader = Arc::new(Reader::new(store.clone(), catalog, &settings)?);
        Ok(Self {
            listener,
            address,
            reader,
            store,
            settings,
            configuration,
            metrics: None,
        })
    }

    /// Answers metrics there too.
    #[must_use]
    pub fn with_metrics(mut self, listener: Option<TcpListener>) -> Self {
        self.metrics = listener;
        self
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is ready, then lets what is under way end. With `update` the update
    /// workers run in this process too.
    pub async fn run(
        self,
        update: bool,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let buckets = Buckets::from_settings(&self.settings.buckets)?;
        let pipeline = Arc::new(Pipeline::new(
            self.store.clone(),
            buckets,
            &self.configuration,
            &self.settings,
            self.reader.clone(),
        ));
        let intake = Intake::new(self.store.clone(), pipeline.clone(), &self.settings.push);
        let intake = Arc::new(intake.map_err(ServeError::Intake)?);
        let (stop, stopped) = watch::channel(false);
        let mut work: Vec<JoinHandle<()>> = vec![tokio::spawn(keep_published(
            self.reader.clone(),
            self.store.clone(),
            self.configuration,
            stopped.clone(),
        ))];
        work.push(tokio::spawn(keep_time(
            self.reader.clone(),
            stopped.clone(),
        )));
        work.push(tokio::spawn(keep_feed(
            self.reader.clone(),
            stopped.clone(),
        )));
        work.push(tokio::spawn(keep_sources(
            self.reader.clone(),
            stopped.clone(),
        )));
        let metrics = Arc::new(Metrics::new(Some(self.reader.clone())));
        if let Some(listener) = self.metrics {
            let served = metrics.clone().serve(listener, until(stopped.clone()));
            work.push(tokio::spawn(served));
        }
        work.push(tokio::spawn(keep_impact(
            self.reader.clone(),
            ImpactKeeper::new(self.store.clone(), &self.settings),
            update.then(|| mirror_folder(&self.settings, &self.store)),
            stopped.clone(),
        )));
        if update {
            let mirrors = Mirrors::new(self.store.clone(), &self.settings);
            let every = Duration::from_secs(self.settings.update.poll_secs);
            let until_then = until(stopped.clone());
            work.push(tokio::spawn(async move {
                mirrors.run_forever(every, until_then).await;
            }));
            let (pipeline, stopped) = (pipeline.clone(), stopped.clone());
            work.push(tokio::spawn(async move {
                pipeline::run_forever(&pipeline, &*metrics, until(stopped)).await;
            }));
        }
        let reader = self.reader.clone();
        let mut web = tokio::spawn(
            axum::serve(self.listener, http::router_with(self.reader, intake))
                .with_graceful_shutdown(async move {
                    until(stopped).await;
                    // Or those who listen would hold their connections for the whole grace.
                    reader.end_listening();
                })
                .into_future(),
        );
        let ended = tokio::select! {
            () = shutdown => None,
            ended = &mut web => Some(ended),
        };
        stop.send_replace(true);
        let web = async {
            match ended {
                Some(ended) => ended,
                None => web.await,
            }
        };
        let all = async {
            let web = web.await;
            for work in work {
                // A worker that panicked has said so.
                drop(work.await);
            }
            web
        };
        let web = tokio::time::timeout(GRACE, all).await;
        // Those who outlast the grace give back nothing themselves.
        let leave = async {
            if update {
                pipeline.leave().await;
            } else {
                self.store.close().await;
            }
        };
        tokio::time::timeout(GRACE, leave).await.ok();
        tracing::info!("stopped");
        match web {
            Ok(Ok(Err(error))) => Err(ServeError::Web(error)),
            Ok(Err(error)) => Err(ServeError::Web(std::io::Error::other(error))),
            // Requests that outlast the grace are cut off.
            Ok(Ok(Ok(()))) | Err(_) => Ok(()),
        }
    }
}

/// Takes an address; port 0 takes a free one, which is the one that is answered.
pub async fn listen_at(listen: &str) -> Result<(TcpListener, SocketAddr), ServeError> {
    let refused = |error: &std::io::Error| ServeError::Listen {
        listen: listen.to_owned(),
        why: match error.kind() {
            std::io::ErrorKind::AddrInUse => "the address is already in use".to_owned(),
            std::io::ErrorKind::PermissionDenied => "it needs more rights".to_owned(),
            std::io::ErrorKind::AddrNotAvailable => {
                "this machine does not have the address".to_owned()
            }
            _ => error.to_string(),
        },
    };
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| refused(&error))?;
    let address = listener.local_addr().map_err(|error| refused(&error))?;
    Ok((listener, address))
}

/// Publishes everything, and then what other processes change: their updates and imports.
async fn keep_published(
    reader: Arc<Reader>,
    store: Store,
    configuration: Configuration,
    stopped: watch::Receiver<bool>,
) {
    let follow = async {
        let mut trouble = Trouble::default();
        while let Err(error) = reader.publish_all().await {
            trouble.begins("cannot publish the first snapshot", &error);
            tokio::time::sleep(FOLLOW).await;
        }
        tracing::info!("the first snapshot is published");
        let mut imported = store.load_imported_tabs().await.ok();
        let mut stamp = None;
        let mut looks = 0;
        let news = store.listen();
        // What cannot be read now is read with the next look.
        if let Err(error) = reader.renew_search().await {
            trouble.begins("cannot read the names of tests", &error);
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(FOLLOW) => looks += 1,
                () = news.next() => tokio::time::sleep(APART).await,
            }
            let now = store.load_stamp().await.ok();
            if looks % WHOLE != 0 && now == stamp {
                continue;
            }
            stamp = now;
            let see_imported = async {
                let now = store.load_imported_tabs().await?;
                if imported.as_ref() != Some(&now) {
                    reader.publish_catalog(Catalog::new(&configuration, &now));
                    imported = Some(now);
                }
                Ok::<_, PublishError>(())
            };
            // One that fails does not keep the others.
            let looked = [
                see_imported.await,
                reader.publish_changed().await,
                reader.renew_search().await,
            ];
            match looked.into_iter().collect::<Result<(), _>>() {
                Ok(()) => trouble.ends(),
                Err(error) => trouble.begins("cannot see what changed", &error),
            }
        }
    };
    tokio::select! {
        () = follow => {}
        () = until(stopped) => {}
    }
}

/// Whether something that is tried again and again fails: said once when it begins and once when it is over.
#[derive(Debug, Default)]
struct Trouble(bool);

impl Trouble {
    fn begins(&mut self, what: &str, error: &PublishError) {
        if !std::mem::replace(&mut self.0, true) {
            tracing::error!(%error, "{what}, which is tried again: {error}");
        }
    }

    fn ends(&mut self) {
        if std::mem::take(&mut self.0) {
            tracing::info!("the database answers again; what changed is shown");
        }
    }
}

/// Looks how it stands with the sources.
async fn keep_sources(reader: Arc<Reader>, stopped: watch::Receiver<bool>) {
    let look = async {
        let mut silent = false;
        loop {
            match reader.refresh_sources().await {
                Ok(()) => silent = false,
                Err(error) if !silent => {
                    silent = true;
                    tracing::error!(%error, "cannot see how it stands with the sources: {error}");
                }
                Err(_) => {}
            }
            tokio::time::sleep(SOURCES).await;
        }
    };
    tokio::select! {
        () = look => {}
        () = until(stopped) => {}
    }
}

/// Keeps what the reader knows of the jobs that commits reach.
async fn keep_impact(
    reader: Arc<Reader>,
    keeper: ImpactKeeper,
    mirrors: Option<PathBuf>,
    stopped: watch::Receiver<bool>,
) {
    let told = |map| reader.set_impact(Box::new(map));
    tokio::select! {
        () = keeper.follow(mirrors.as_deref(), told) => {}
        () = until(stopped) => {}
    }
}

/// Has the feed of the infrastructure made before somebody asks: with thousands of tabs it takes a while.
async fn keep_feed(reader: Arc<Reader>, stopped: watch::Receiver<bool>) {
    let keep = async {
        loop {
            tokio::time::sleep(FEED).await;
            let reader = reader.clone();
            let made = tokio::task::spawn_blocking(move || drop(reader.infra_feed())).await;
            if let Err(error) = made {
                tracing::error!(%error, "the feed of the infrastructure was not made: {error}");
            }
        }
    };
    tokio::select! {
        () = keep => {}
        () = until(stopped) => {}
    }
}

/// Looks at statuses that depend on the clock: with every full minute, at the same moment as all other
/// processes, so that they say the same.
async fn keep_time(reader: Arc<Reader>, stopped: watch::Receiver<bool>) {
    let tick = async {
        loop {
            let now = now_ms();
            let next_ms = full_minute(now) + MINUTE_MS;
            tokio::time::sleep(Duration::from_millis((next_ms - now).unsigned_abs())).await;
            for turned in reader.tick(next_ms) {
                let (dashboard, tab) = (&turned.dashboard, &turned.tab);
                tracing::debug!(
                    dashboard.name = dashboard,
                    tab.name = tab,
                    "{dashboard}/{tab} was {} and is {}",
                    turned.from.word(),
                    turned.to.word()
                );
            }
            reader.save_statuses().await;
        }
    };
    tokio::select! {
        () = tick => {}
        () = until(stopped) => {}
    }
}

/// Ready when the server is to stop.
async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the server.
    stopped.wait_for(|&stopped| stopped).await.ok();
}

impl Publish for Arc<Reader> {
    async fn group_changed(&self, group: &str) {
        if let Err(error) = self.publish_group(group).await {
            tracing::error!(group.name = group, %error, "cannot publish {group}: {error}");
        }
    }
}
