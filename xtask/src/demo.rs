//! `cargo xtask demo`: a simulated world, read into SQLite and served.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command},
    time::Duration,
};

use crate::{
    process::{Doing as _, Result, fail, root, run, shown},
    site::{Program, build_program, build_site},
};

/// Where the demo is served unless `SEAMGRID_LISTEN` says otherwise.
const LISTEN: &str = "127.0.0.1:8080";

/// A world ends when it is written, and after a day its tabs are rightly called stale.
const WORLD_LASTS: Duration = Duration::from_hours(24);

/// How long the server may take until it is ready.
const READY_WITHIN_SECS: u32 = 60;

/// Builds what is missing, writes the world once, and serves it until it is stopped.
pub(crate) fn demo() -> Result<()> {
    build_site()?;
    let binary = build_program(Program::Release)?;
    let folder = root().join("demo");
    prepare_world(&binary, &folder)?;

    let listen = std::env::var("SEAMGRID_LISTEN").unwrap_or_else(|_| LISTEN.into());
    let address: SocketAddr = listen
        .parse()
        .doing(format_args!("read the address `{listen}`"))?;
    let mut serve = seamgrid(&binary, &folder);
    serve.args(["serve", "--listen", &listen]);
    let mut child = serve
        .spawn()
        .doing(format_args!("start `{}`", shown(&serve)))?;
    wait_until_ready(&mut child, address)?;
    println!(
        "
Seamgrid is at http://{address}

Look first at
  /                                  the release branches: in a world with an incident, tabs of
                                     several branches broke in the same hours
  /d/sig-release-master-blocking     one dashboard: each tab's status, and why
  a red tab of it                    lines through the whole grid are the seams: there the test
                                     infrastructure changed. Click one, or press Enter on it, to see
                                     from what to what, and which rows broke and were fixed across it
demo/world/truth.json says what was really broken, from when to when. Stop with Ctrl-C.
"
    );
    let status = child.wait().doing("wait for the server")?;
    if status.success() {
        Ok(())
    } else {
        fail(format!("the server ended with {status}"))
    }
}

/// The program in the demo's folder, with its settings and its database.
fn seamgrid(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .current_dir(folder)
        .env("SEAMGRID_CONFIG", "world/seamgrid.yaml")
        .env("SEAMGRID_DATABASE", "sqlite://seamgrid.db");
    command
}

/// Writes the world and reads it into the database, unless both were done within a day.
fn prepare_world(binary: &Path, folder: &Path) -> Result<()> {
    let stamp = folder.join("complete");
    let age = fs::metadata(&stamp)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|written| written.elapsed().ok());
    match age {
        Some(age) if age < WORLD_LASTS => return Ok(()),
        Some(_) => println!("demo     the world is older than a day: writing a new one"),
        None => println!("demo     writing a world into {}", folder.display()),
    }
    if folder.exists() {
        fs::remove_dir_all(folder).doing(format_args!("empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).doing(format_args!("make {}", folder.display()))?;
    run(Command::new(binary).current_dir(folder).args([
        "simulate",
        "--out",
        "world",
        "--incident",
        "boskos",
    ]))?;
    println!("demo     reading its builds into demo/seamgrid.db");
    run(seamgrid(binary, folder).args(["update", "--once"]))?;
    fs::write(&stamp, "").doing(format_args!("write {}", stamp.display()))
}

fn wait_until_ready(child: &mut Child, address: SocketAddr) -> Result<()> {
    for _ in 0..READY_WITHIN_SECS * 10 {
        if let Some(status) = child.try_wait().doing("look after the server")? {
            return fail(format!(
                "the server ended with {status} before it was ready"
            ));
        }
        if is_ready(address) {
            return Ok(());
        }
        #[expect(clippy::disallowed_methods, reason = "another process is waited for")]
        std::thread::sleep(Duration::from_millis(100));
    }
    let _ = child.kill();
    fail(format!(
        "the server was not ready within {READY_WITHIN_SECS} seconds at {address}"
    ))
}

/// Whether `/readyz` answers 200.
fn is_ready(address: SocketAddr) -> bool {
    const READY: &[u8] = b"HTTP/1.1 200";
    let answer = || -> std::io::Result<[u8; READY.len()]> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let request =
            format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut start = [0; READY.len()];
        stream.read_exact(&mut start)?;
        Ok(start)
    };
    answer().is_ok_and(|start| start == READY)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn ready_is_what_answers_200() {
        for (line, expected) in [("200 OK", true), ("503 Service Unavailable", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("an address");
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut request = [0; 512];
                let _ = stream.read(&mut request);
                // In one piece: the asker hangs up once it has read the status.
                let answer = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).expect("an answer");
            });
            assert_eq!(is_ready(address), expected, "{line}");
            server.join().expect("served");
        }
    }
}
