//! A network between a process and its database that can be cut.

use std::{path::PathBuf, str::FromStr as _, sync::Arc, time::Duration};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};
use url::Url;

/// How it stands with the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    /// Everything passes.
    Open,
    /// As open, but statements with this in them, where they are new to a connection, arrive late.
    Late(&'static str),
    /// Nothing passes, and nobody is told.
    Silent,
    /// Every connection is broken at once.
    Broken,
}

/// The network; it ends with the test.
pub(super) struct Proxy {
    network: Arc<watch::Sender<Network>>,
    /// The URL of the database behind it.
    pub(super) url: String,
}

/// Where the server is.
#[derive(Clone)]
enum Server {
    Socket(PathBuf),
    Port(String, u16),
}

impl Proxy {
    /// A network before the server of `url`.
    pub(super) async fn before(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).expect("a database");
        let port = options.get_port();
        let folder = options.get_socket().cloned();
        let server = match folder {
            Some(folder) => Server::Socket(folder.join(format!(".s.PGSQL.{port}"))),
            None => Server::Port(options.get_host().to_owned(), port),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (network, _) = watch::channel(Network::Open);
        let network = Arc::new(network);
        let told = network.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, network) = (server.clone(), told.subscribe());
                tokio::spawn(pass(client, server, network));
            }
        });
        let url = through(url, options.get_username(), address.port());
        Self { network, url }
    }

    pub(super) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// Breaks every connection that there is, and lets new ones come about.
    pub(super) async fn cut(&self) {
        self.set(Network::Broken);
        // Each connection watches until it is broken.
        self.network.closed().await;
        self.set(Network::Open);
    }
}

/// The same database at another port of this machine.
fn through(url: &str, user: &str, port: u16) -> String {
    // A URL without a host has no place for a port.
    let url = url.replacen(":///", "://localhost/", 1);
    let mut url = Url::parse(&url).expect("a URL");
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(port)).expect("a port");
    url.set_username(user).expect("a user");
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .filter(|(key, _)| !matches!(key.as_str(), "host" | "port" | "user" | "sslmode"))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair("sslmode", "disable");
    url.into()
}

/// One connection, as far as the network lets it.
async fn pass(client: TcpStream, server: Server, mut network: watch::Receiver<Network>) {
    let mut broken = network.clone();
    let through = async {
        // While the network is silent a connection comes about, and no more.
        if network.wait_for(|it| *it != Network::Silent).await.is_err() {
            return;
        }
        match server {
            Server::Socket(path) => {
                if let Ok(server) = UnixStream::connect(path).await {
                    both_ways(client, server, &network).await;
                }
            }
            Server::Port(host, port) => {
                if let Ok(server) = TcpStream::connect((host, port)).await {
                    both_ways(client, server, &network).await;
                }
            }
        }
    };
    tokio::select! {
        () = through => {}
        _ = broken.wait_for(|it| *it == Network::Broken) => {}
    }
}

async fn both_ways(
    client: TcpStream,
    server: impl AsyncRead + AsyncWrite,
    network: &watch::Receiver<Network>,
) {
    let (client_reads, client_writes) = tokio::io::split(client);
    let (server_reads, server_writes) = tokio::io::split(server);
    tokio::select! {
        () = one_way(client_reads, server_writes, network.clone()) => {}
        () = one_way(server_reads, client_writes, network.clone()) => {}
    }
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut network: watch::Receiver<Network>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let passes = |it: &Network| matches!(it, Network::Open | Network::Late(_));
        let Ok(network) = network.wait_for(passes).await.map(|it| *it) else {
            return;
        };
        if let Network::Late(part) = network
            && contains(&bytes[..count], part.as_bytes())
        {
            tokio::time::sleep(LATE).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// How late a statement is: others overtake it.
const LATE: Duration = Duration::from_millis(200);
/// How long a network is cut in tests: longer than the leases that they set.
pub(super) const WHILE: Duration = Duration::from_secs(4);
