//! A server of objects on loopback that has the builds of many jobs, and speaks as Google's storage does
//! where Seamgrid asks it. It is a process of its own, so that what it takes is not counted as Seamgrid's;
//! it keeps nothing, for every object follows from its path.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use seamgrid::clock::now_ms;
use serde::{Deserialize, Serialize};

use super::{
    BUCKET, Failure,
    build::{Build, EPOCH_MS, RUN_MS, job},
};

/// The argument with which the benchmark's program becomes the server.
const AS_SERVER: &str = "--as-object-server";

/// Which jobs there are and when their builds end. A build can be seen from when it ends.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Jobs {
    /// How many.
    pub(crate) count: usize,
    /// Tests of each build.
    pub(crate) tests: usize,
    /// Builds of each job that are there from the beginning.
    pub(crate) before: usize,
    /// When the newest of these ended.
    pub(crate) before_ms: i64,
    /// When the first of the others ends, of the first job; those of the other jobs follow evenly.
    pub(crate) begin_ms: i64,
    /// Between two builds of a job, of those before and of the others.
    pub(crate) every_ms: (i64, i64),
    /// How long a build takes.
    pub(crate) run_ms: i64,
    /// Builds of each job, at most.
    pub(crate) most: usize,
    /// Whether a build has only the files that every build has.
    pub(crate) is_bare: bool,
    /// How long the server takes for each answer, without computing.
    pub(crate) answer_ms: u64,
}

impl Jobs {
    /// So many jobs, each with so many builds that have all ended, one after every `every_ms`, the newest of
    /// them as long ago.
    pub(crate) fn past(count: usize, builds: usize, tests: usize, every_ms: i64) -> Self {
        let newest_ms = now_ms() - every_ms;
        Self {
            count,
            tests,
            before: builds,
            before_ms: newest_ms,
            begin_ms: newest_ms,
            every_ms: (every_ms, every_ms),
            run_ms: RUN_MS,
            most: builds,
            is_bare: false,
            answer_ms: 0,
        }
    }

    /// These, and from `begin_ms` on one more of each after every `every_ms`, up to `most` of each in all.
    pub(crate) fn and_then(self, begin_ms: i64, every_ms: i64, most: usize) -> Self {
        Self {
            begin_ms,
            every_ms: (self.every_ms.0, every_ms),
            most,
            ..self
        }
    }

    /// How many builds there are in the end.
    pub(crate) const fn total(&self) -> usize {
        self.count * self.most
    }

    /// A job's build: first the oldest.
    pub(crate) fn build(&self, job: usize, number: usize) -> Build {
        let (before_ms, after_ms) = self.every_ms;
        let finished_ms = if number < self.before {
            self.before_ms - (self.before - 1 - number) as i64 * before_ms
        } else {
            let offset_ms = after_ms * job as i64 / self.count as i64;
            self.begin_ms + (number - self.before) as i64 * after_ms + offset_ms
        };
        // Ids tell milliseconds, and two builds of a job do not begin in the same.
        Build {
            job,
            number,
            started_ms: finished_ms - self.run_ms,
            finished_ms,
            tests: self.tests,
            is_bare: self.is_bare,
        }
    }

    /// How many builds of a job can be seen at `now_ms`.
    pub(crate) fn visible(&self, job: usize, now_ms: i64) -> usize {
        let offset_ms = self.every_ms.1 * job as i64 / self.count as i64;
        let since_ms = now_ms - self.begin_ms - offset_ms;
        let after = if since_ms < 0 {
            0
        } else {
            since_ms / self.every_ms.1 + 1
        };
        (self.before + after as usize).min(self.most)
    }

    async fn answer_later(&self) {
        if self.answer_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.answer_ms)).await;
        }
    }

    fn find(&self, name: &str, id: &str) -> Option<Build> {
        let index: usize = name.rsplit('-').next()?.parse().ok()?;
        let started_ms = (id.parse::<i64>().ok()? >> 22) + EPOCH_MS;
        let visible = self.visible(index, now_ms());
        let (mut low, mut high) = (0, visible);
        while low < high {
            let middle = low.midpoint(high);
            if self.build(index, middle).started_ms < started_ms {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let build = self.build(index, low);
        (low < visible && job(index) == name && build.id() == id).then_some(build)
    }
}

/// The server, as a child process; it ends with this.
pub(crate) struct ObjectServer {
    child: Child,
    /// Its address: `http://127.0.0.1:…`.
    pub(crate) address: String,
}

impl ObjectServer {
    pub(crate) fn start(jobs: Jobs) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([AS_SERVER, &serde_json::to_string(&jobs)?])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        Ok(Self {
            child,
            address: line.trim().to_owned(),
        })
    }
}

impl Drop for ObjectServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where this process is to be the server, it is; never ready then.
pub(crate) async fn become_server() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(AS_SERVER) {
        return Ok(());
    }
    let jobs: Jobs = serde_json::from_str(&arguments.next().unwrap_or_default())?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let routes = Router::new()
        .route(&format!("/{BUCKET}"), get(list))
        // Clients may write the slashes of a name as %2F.
        .route(&format!("/{BUCKET}/{{*object}}"), get(object))
        .with_state(Arc::new(jobs));
    axum::serve(listener, routes).await?;
    Err("the server of objects ended by itself".into())
}

async fn list(
    State(jobs): State<Arc<Jobs>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    jobs.answer_later().await;
    let prefix = query.get("prefix").map(String::as_str).unwrap_or_default();
    let parts: Vec<&str> = prefix.trim_end_matches('/').split('/').collect();
    let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?><ListBucketResult>");
    match parts[..] {
        ["logs", name] => {
            let index = name.rsplit('-').next().and_then(|index| index.parse().ok());
            let index = index.filter(|&index| index < jobs.count && job(index) == name);
            let builds = index.map_or(0, |index| jobs.visible(index, now_ms()));
            for number in 0..builds {
                let id = jobs.build(index.unwrap_or_default(), number).id();
                let _ = write!(
                    text,
                    "<CommonPrefixes><Prefix>logs/{name}/{id}/</Prefix></CommonPrefixes>"
                );
            }
        }
        ["logs", name, id] => {
            for (file, content) in jobs.find(name, id).iter().flat_map(Build::files) {
                let _ = write!(
                    text,
                    "<Contents><Key>logs/{name}/{id}/{file}</Key><Size>{0}</Size><ETag>\"{0}\"</ETag>\
                     <LastModified>2026-03-01T00:00:00.000Z</LastModified></Contents>",
                    content.len()
                );
            }
        }
        _ => {}
    }
    text.push_str("</ListBucketResult>");
    ([(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

async fn object(State(jobs): State<Arc<Jobs>>, Path(object): Path<String>) -> Response {
    jobs.answer_later().await;
    let parts: Vec<&str> = object.splitn(4, '/').collect();
    let content = match parts[..] {
        ["logs", name, id, file] => jobs.find(name, id).and_then(|build| build.file(file)),
        _ => None,
    };
    let Some(content) = content else {
        return (StatusCode::NOT_FOUND, "no such object").into_response();
    };
    let headers = [
        (header::ETAG, format!("\"{}\"", content.len())),
        (
            header::LAST_MODIFIED,
            "Sun, 01 Mar 2026 00:00:00 GMT".to_owned(),
        ),
    ];
    (headers, content).into_response()
}
