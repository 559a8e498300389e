//! How fast a grid is answered. Run by `cargo bench -p seamgrid --bench grid`; each figure stands beside
//! its goal and its floor, which is the ready struct only serialised.

mod world;

use std::{
    error::Error,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use app::paths;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use model::grid::Grid;
use seamgrid::{http, store::Store};
use tower::ServiceExt as _;

use self::world::{fill, reader};

/// The sizes: rows, columns, and the goals for an answer that is ready and for one that is not.
const SIZES: [(usize, usize, Option<u64>, Option<u64>); 2] =
    [(285, 45, Some(2), None), (5_000, 1_000, None, Some(100))];

/// The routes over `store`, with nothing in memory yet but the summaries.
async fn serve(store: &Store, group: &str) -> Result<Router, Box<dyn Error>> {
    let reader = reader(store, &[group.to_owned()])?;
    reader.publish_all().await?;
    Ok(http::router(Arc::new(reader)))
}

async fn answer(router: &Router, tab: &str, coding: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let request = Request::get(paths::api_grid("board", tab))
        .header("accept-encoding", coding)
        .body(Body::empty())?;
    let response = router.clone().oneshot(request).await?;
    assert!(response.status().is_success(), "{}", response.status());
    Ok(to_bytes(response.into_body(), usize::MAX).await?.into())
}

/// The middle of several measurements.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn goal(goal: Option<u64>) -> String {
    goal.map_or("none".to_owned(), |goal| format!("{goal} ms"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("grid.db").display());
    let store = Store::open(&url).await?;
    for (rows, columns, warm_goal, cold_goal) in SIZES {
        let group = format!("{rows} x {columns}");
        fill(&store, &group, rows, columns).await?;

        let (mut cold, mut warm, mut floor) = (Vec::new(), Vec::new(), Vec::new());
        let mut body = Vec::new();
        for _ in 0..5 {
            let router = serve(&store, &group).await?;
            let started = Instant::now();
            body = answer(&router, &group, "identity").await?;
            cold.push(started.elapsed());
            for _ in 0..20 {
                let started = Instant::now();
                answer(&router, &group, "identity").await?;
                warm.push(started.elapsed());
            }
        }
        let grid: Grid = serde_json::from_slice(&body)?;
        assert_eq!((grid.rows.len(), grid.columns.len()), (rows, columns));
        for _ in 0..5 {
            let started = Instant::now();
            let bytes = serde_json::to_vec(&grid)?;
            floor.push(started.elapsed());
            assert_eq!(bytes.len(), body.len());
        }
        let router = serve(&store, &group).await?;
        answer(&router, &group, "identity").await?;
        let started = Instant::now();
        let compressed = answer(&router, &group, "br").await?;
        let compression = started.elapsed().as_secs_f64() * 1000.0;
        writeln!(
            out,
            "grid {group}: {} kB, {} kB brotli (compressed once, in {compression:.0} ms)",
            body.len() / 1000,
            compressed.len() / 1000,
        )?;
        let floor = median(floor);
        writeln!(
            out,
            "  ready: {:.3} ms (goal {}); cold, from the database: {:.1} ms (goal {}); floor, only serialising: {floor:.1} ms",
            median(warm),
            goal(warm_goal),
            median(cold),
            goal(cold_goal),
        )?;
    }
    store.close().await;
    Ok(())
}
