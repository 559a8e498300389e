//! The server on a port of its own, until it is told to stop.

use std::{net::SocketAddr, time::Duration};

use seamgrid::serve::Server;
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle, time::timeout};

use super::*;

/// Less than the time that requests are given to end.
const PATIENCE: Duration = Duration::from_secs(8);

/// A server that runs.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    /// With what the world has stored.
    pub(super) async fn of(store: Store) -> Self {
        let server = Server::bind("127.0.0.1:0", store, Settings::default(), configuration());
        Self::run(server.await.expect("port 0 is always free"))
    }

    pub(super) fn run(server: Server) -> Self {
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(async move {
            let run = server.run(false, async { drop(stopped.await) });
            run.await.expect("it stops in order");
        });
        Self {
            address,
            stop,
            ended,
        }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// Stops it; whoever listens does not hold it.
    pub(super) async fn stop(self) {
        self.stop.send(()).expect("it still runs");
        timeout(PATIENCE, self.ended)
            .await
            .expect("it ends in time")
            .expect("it does not panic");
    }
}
