//! `seamgrid update`: once, or until told to stop.

use std::{process::ExitCode, sync::Arc};

use futures::FutureExt as _;
use seamgrid::{
    bucket::Buckets,
    history::{Mirrors, mirror_folder},
    infra::impact::ImpactKeeper,
    metrics::Metrics,
    pipeline::{self, Pipeline, Unpublished, progress::Shown},
    serve::GRACE,
    store::{Store, StoreError},
};

use super::{CommandError, Common, Stop, complain, listen_for_metrics, load_configuration, say};

/// Brings the named groups, or all, up to date: once, or for ever.
pub(super) async fn update(
    common: &Common,
    once: bool,
    names: Option<&[String]>,
    stop: Stop,
) -> Result<ExitCode, CommandError> {
    let (settings, configuration) = load_configuration(common.config.as_deref())?;
    let stop = stop.shared();
    let open = async {
        if once {
            Store::open(&common.database).await
        } else {
            Store::open_patiently(&common.database).await
        }
    };
    // Who waits for a database can be told to stop too.
    let store = tokio::select! {
        store = open => store?,
        () = stop.clone() => return Ok(if once { ExitCode::FAILURE } else { ExitCode::SUCCESS }),
    };
    let buckets = Buckets::from_settings(&settings.buckets)?;
    let pipeline = Pipeline::new(
        store.clone(),
        buckets,
        &configuration,
        &settings,
        Unpublished,
    );
    let mirrors = Mirrors::new(store.clone(), &settings);
    let impact = ImpactKeeper::new(store.clone(), &settings);
    let folder = mirror_folder(&settings, &store);
    let progress = Shown::on_stderr();
    let code = if once {
        // Whoever names groups wants their results alone.
        let fetch = async {
            if names.is_some() {
                return Ok((Vec::new(), Vec::new()));
            }
            let fetched = mirrors.update().await;
            impact.restore().await?;
            let unread = impact.update_all(&folder).await;
            Ok::<_, StoreError>((fetched, unread))
        };
        let both =
            async { tokio::join!(pipeline::update_groups(&pipeline, names, &progress), fetch) };
        let (report, (fetched, unread)) = tokio::select! {
            (report, fetched) = both => (report, fetched?),
            () = stop => {
                leave(&pipeline).await;
                return Ok(ExitCode::FAILURE);
            }
        };
        say(&format!(
            "{} test groups: {} builds read, {} new runs, {} changed, {} as before; {} problems in builds' files",
            report.groups,
            report.builds,
            report.saved.inserted,
            report.saved.updated,
            report.saved.unchanged,
            report.problems,
        ))?;
        if !fetched.is_empty() {
            let commits: u64 = fetched.iter().map(|it| it.commits).sum();
            say(&format!(
                "{} repositories: {commits} new commits",
                fetched.len()
            ))?;
        }
        let mut unreachable = false;
        let unfetched = fetched.iter().filter_map(|it| it.problem.as_deref());
        for problem in unfetched.chain(unread.iter().map(String::as_str)) {
            unreachable = true;
            complain(problem);
        }
        if report.errors.is_empty() && !unreachable {
            ExitCode::SUCCESS
        } else {
            for error in &report.errors {
                complain(&if error.group.is_empty() {
                    error.message.clone()
                } else {
                    format!("{}: {}", error.group, error.message)
                });
            }
            ExitCode::FAILURE
        }
    } else {
        let every = std::time::Duration::from_secs(settings.update.poll_secs);
        let metrics = Arc::new(Metrics::new(None));
        if let Some(listener) = listen_for_metrics(common).await? {
            // It ends with the process: nobody waits for a last answer.
            tokio::spawn(metrics.clone().serve(listener, std::future::pending()));
        }
        let progress = (progress, metrics);
        let work = async {
            tokio::join!(
                pipeline::run_forever(&pipeline, &progress, stop.clone()),
                mirrors.run_forever(every, stop.clone()),
                async {
                    tokio::select! {
                        () = impact.follow(Some(&folder), |_| {}) => {}
                        () = stop.clone() => {}
                    }
                },
            )
        };
        // A bucket that says nothing would keep it for minutes.
        let enough = async {
            stop.clone().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            _ = work => {}
            () = enough => tracing::warn!("what was being read is left for another time"),
        }
        ExitCode::SUCCESS
    };
    leave(&pipeline).await;
    if !once {
        tracing::info!("stopped");
    }
    Ok(code)
}

/// Gives back what this process holds, and closes the database: not for ever, where that is silent.
async fn leave(pipeline: &Pipeline) {
    tokio::time::timeout(GRACE, pipeline.leave()).await.ok();
}
