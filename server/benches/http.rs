//! How many answers a second: TestGrid's rows of a median tab, over TCP, with the load generator on the
//! same machine. Run by `cargo bench -p seamgrid --bench http`. The floor is nginx with the same bytes as a
//! static file, where it is installed.

mod world;

use std::{
    error::Error,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use seamgrid::{http, store::Store};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use self::world::{fill, reader};

type Failure = Box<dyn Error + Send + Sync>;

/// The median of recorded tabs.
const ROWS: usize = 285;
const COLUMNS: usize = 45;
const PATH: &str = "/api/v1/dashboards/board/tabs/median/rows";
/// Answers a second, in whatever coding browsers and programs ask for.
const GOAL: f64 = 2_000.0;
/// Connections that ask without a pause.
const CONNECTIONS: usize = 16;
/// How long each figure is measured, after as long a time to get warm.
const MEASURED: Duration = Duration::from_secs(4);
/// How long nginx may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many answers a second `address` gives to this request, and how many bytes the body of each has.
async fn load(address: SocketAddr, path: &str, coding: &str) -> Result<(f64, usize), Failure> {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: {coding}\r\n\r\n");
    let answered = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let (request, answered, stop) = (request.clone(), answered.clone(), stop.clone());
        connections.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut buffer = vec![0; 1 << 16];
            let mut length = 0;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(request.as_bytes()).await?;
                length = read_answer(&mut stream, &mut buffer).await?;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<usize, Failure>(length)
        }));
    }
    tokio::time::sleep(MEASURED).await;
    let (before, started) = (answered.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(MEASURED).await;
    let count = answered.load(Ordering::Relaxed) - before;
    let rate = count as f64 / started.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let mut length = 0;
    for connection in connections {
        length = connection.await??;
    }
    Ok((rate, length))
}

/// Reads one answer that says its length and is right; answers the length of its body.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize, Failure> {
    let mut filled = 0;
    let head = loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err("the connection ended early".into());
        }
        filled += read;
        if let Some(end) = find(&buffer[..filled], b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(&buffer[..head])?;
    if !text.starts_with("HTTP/1.1 200") {
        return Err(format!("an answer is not right: {text}").into());
    }
    let length: usize = text
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        })
        .ok_or("an answer does not say its length")?;
    let mut rest = length - (filled - head);
    while rest > 0 {
        let most = rest.min(buffer.len());
        let read = stream.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Err("the connection ended early".into());
        }
        rest -= read;
    }
    Ok(length)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// One answer's body, as it is sent.
async fn fetch(address: SocketAddr, coding: &str) -> Result<Vec<u8>, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {PATH} HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: {coding}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let head = find(&answer, b"\r\n\r\n").ok_or("an answer has no end of its head")?;
    Ok(answer.split_off(head + 4))
}

/// nginx over one folder, ended when dropped.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        // It is gone either way.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Nginx {
    /// Starts it where it is installed; `None` where it is not.
    async fn start(folder: &Path, address: SocketAddr) -> Result<Option<Self>, Failure> {
        let config = format!(
            "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;\n\
             open_file_cache max=10; default_type application/json;\n\
             client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};\n\
             uwsgi_temp_path {folder}; scgi_temp_path {folder};\n\
             server {{ listen {address}; root {folder}; }} }}\n",
            folder = folder.display()
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config)?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn();
        let nginx = match child {
            Ok(child) => Self(child),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let started = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            if started.elapsed() > PATIENCE {
                return Err("nginx does not listen".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Some(nginx))
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    // As the program logs, but to nowhere.
    tracing_subscriber::fmt()
        .with_writer(std::io::sink)
        .with_max_level(tracing::Level::INFO)
        .init();
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("http.db").display());
    let store = Store::open(&url).await?;
    let prepare = async {
        fill(&store, "median", ROWS, COLUMNS).await?;
        let reader = reader(&store, &["median".to_owned()])?;
        reader.publish_all().await?;
        Ok::<_, Box<dyn Error>>(http::router(Arc::new(reader)))
    };
    let router = prepare.await.map_err(|error| error.to_string())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let static_address = free.local_addr()?;
    drop(free);
    let nginx = Nginx::start(folder.path(), static_address).await?;
    writeln!(
        out,
        "http: rows of a tab of {ROWS} x {COLUMNS}, {CONNECTIONS} connections, server and load on the same cores"
    )?;
    for coding in ["br", "gzip", "identity"] {
        std::fs::write(folder.path().join(coding), fetch(address, coding).await?)?;
        let (ours, length) = load(address, PATH, coding).await?;
        write!(
            out,
            "  {coding}, {:.1} kB: {ours:.0} answers/s (goal {GOAL:.0})",
            length as f64 / 1000.0
        )?;
        if nginx.is_some() {
            let (floor, same) = load(static_address, &format!("/{coding}"), "identity").await?;
            if same != length {
                return Err(format!("nginx sends {same} bytes, we {length}").into());
            }
            writeln!(
                out,
                "; floor, nginx with the same bytes in a file: {floor:.0} answers/s (we reach {:.0} %, goal 50 %)",
                100.0 * ours / floor
            )?;
        } else {
            writeln!(out, "; floor: nginx is not installed, so there is none")?;
        }
    }
    drop(nginx);
    server.abort();
    store.close().await;
    Ok(())
}
